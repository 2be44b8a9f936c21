//! Calls of functions: what generic arguments they have, and whether the arguments fit.

use super::asked;
use super::body::{Body, Kind, Typed, Written};
use super::closure::Callable;
use super::effects::Call;
use super::expr::{hinted, is_bare, substituted};
use super::text::called;
use super::{FnSig, GenericInfo, builtin, hints};
use crate::ast::{self, Expr, ExprKind as E, Name};
use crate::diagnostic;
use crate::hir::{ExprKind as H, FnId, GenericKind, Len, Real, Text};
use crate::index::Kind as Named;
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Ty, same_len};
use smpcc_circuit::value::Scalar;

/// What the names of functions of `std::text` end in that take a `str<N>` where others take an array.
const OF_TEXTS: &str = "_of_texts";

/// Most times that closures of one body are checked again with a more secret type.
const MAX_RETRIES: u32 = 200;

impl Body<'_, '_> {
    /// `f(args)`
    pub fn call(&mut self, f: &Expr, args: &[Expr], want: Option<&Ty>, span: Span) -> Typed {
        let E::Path(path) = &f.kind else {
            let callee = match &f.kind {
                E::Paren(inner) => return self.call(inner, args, want, span),
                E::Closure(..) => {
                    let error =
                        diagnostic!(E3008, f.span, "a closure is not called where it is written")
                            .here("called here");
                    self.report(error.help("bind it first: `let f = |x: T| …;`"));
                    Typed::poison(span)
                }
                _ => self.expr(f, None),
            };
            if !callee.ty.is_never() {
                let shown = self.show(&callee.ty);
                let error = diagnostic!(E3008, f.span, "`{shown}` cannot be called")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("only functions and closures can be called"));
            }
            self.check_values(args);
            return Typed::poison(span);
        };
        if let [name] = path.parts.as_slice()
            && let Some(id) = self.named_local(name)
        {
            let args: Vec<&Expr> = args.iter().collect();
            return self.call_value(id, &args, span);
        }
        let args: Vec<&Expr> = args.iter().collect();
        self.call_path(path, &args, want, span)
    }

    /// `receiver.f(args)`, which is `f(receiver, args)`
    pub fn method(
        &mut self,
        receiver: &Expr,
        path: &ast::Path,
        args: &[Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let all: Vec<&Expr> = std::iter::once(receiver).chain(args).collect();
        if let [name] = path.parts.as_slice()
            && self.lookup(&path.parts).is_none()
            && !builtin::NAMES.iter().any(|(n, _)| *n == name.text)
            && !asked::NAMES.iter().any(|(n, _)| *n == name.text)
        {
            if let Some(id) = self.local(&name.text)
                && matches!(self.locals[id.index()].ty, Ty::Fn(_))
            {
                self.named_local(name);
                return self.call_value(id, &all, span);
            }
            let spelt = match name.text.as_str() {
                "length" | "size" => Some("did you mean `len`?"),
                "count" if args.is_empty() => Some("did you mean `len`?"),
                "iter" | "into_iter" | "collect" | "to_vec" | "clone" | "iter_mut" | "copied" => {
                    Some("arrays are values: use `map`, `zip` and `fold` on them directly")
                }
                other => hints::for_call(other),
            };
            let library = crate::parses::library_module_of(&name.text).is_some();
            let spelt = hints::for_namesake(&name.text).or(spelt.filter(|_| !library));
            if let Some(help) = spelt {
                let error = diagnostic!(E2001, name.span, "there is no `{}`", name.text)
                    .here("unknown function");
                self.report(error.help(help));
            } else {
                self.unknown_function(std::slice::from_ref(name), name.span);
            }
            let receiver = self.expr(receiver, None);
            self.note_members(&receiver, name);
            self.check_values(args);
            return Typed::poison(span);
        }
        self.call_path(path, &all, want, span)
    }

    /// Checks arguments of a call that is already known to be wrong. Closures need to be known there.
    fn check_values(&mut self, args: &[Expr]) {
        for arg in args {
            if !self.is_callable(arg) {
                self.expr(arg, None);
            }
        }
    }

    fn call_path(
        &mut self,
        path: &ast::Path,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let name = path.parts.last().map_or("", |n| n.text.as_str());
        // Nothing calls itself: what has the name of a function of the language means that one inside.
        let known = self.lookup(&path.parts).filter(|def| match def {
            Def::Fn(id) => self.own != Some(*id) || builtin::usage_of(name).is_none(),
            _ => true,
        });
        match known {
            Some(Def::Fn(id)) => {
                let (id, first) = self.of_texts(id, path, args);
                return self.call_fn(id, path, args, first, want, span);
            }
            Some(Def::Variant(id, at)) => {
                let written = Written { id, at, path };
                return self.variant_call(written, args, want, span);
            }
            Some(def) => {
                let what = match def {
                    Def::Struct(_) => "a struct",
                    Def::Const(_) => "a constant",
                    Def::Alias(_) => "a type",
                    _ => "a module",
                };
                let error = diagnostic!(E3008, path.span, "`{name}` is {what}, not a function")
                    .here("called here");
                let help = match def {
                    Def::Struct(_) => format!("write `{name} {{ … }}`"),
                    _ => "only functions and closures can be called".to_owned(),
                };
                self.report(error.help(help));
            }
            None => {
                if let [only] = path.parts.as_slice()
                    && let Some((_, builtin)) = builtin::NAMES.iter().find(|(n, _)| *n == only.text)
                {
                    self.ck.refer_known(only, Named::Builtin);
                    return self.call_builtin(*builtin, only, args, want, span);
                }
                if let [only] = path.parts.as_slice()
                    && let Some(text) = called(&only.text)
                {
                    self.ck.refer_known(only, Named::Type);
                    return self.text_call(text, args, span);
                }
                if let [only] = path.parts.as_slice()
                    && let Some((_, asked)) = asked::NAMES.iter().find(|(n, _)| *n == only.text)
                {
                    self.ck.refer_known(only, Named::Builtin);
                    return self.call_asked(*asked, only, args, want, span);
                }
                let hint = match path.parts.as_slice() {
                    [only] => hints::for_call(&only.text),
                    _ => None,
                };
                let library = crate::parses::library_module_of(name).is_some();
                let error = match path.parts.as_slice() {
                    [only] if hints::is_number_type(&only.text) => Some((
                        diagnostic!(E3008, path.span, "`{name}` is a type, not a function")
                            .here("called here"),
                        format!("write `x as {name}`"),
                    )),
                    _ => hints::for_namesake(name)
                        .or(hint.filter(|_| !library))
                        .map(|help| {
                            let error = diagnostic!(E2001, path.span, "there is no `{name}`")
                                .here("unknown function");
                            (error, help.to_owned())
                        }),
                };
                match error {
                    Some((error, help)) => self.report(error.help(help)),
                    None => self.unknown_function(&path.parts, path.span),
                }
            }
        }
        for arg in args {
            if !self.is_callable(arg) {
                self.expr(arg, None);
            }
        }
        Typed::poison(span)
    }

    /// What `std::text` has of arrays of characters it has of `str<N>`, too, whose ends are not part of them: then what is called is
    /// another function. Its first argument is checked to know.
    fn of_texts(&mut self, id: FnId, path: &ast::Path, args: &[&Expr]) -> (FnId, Option<Typed>) {
        let (Some(twin), Some(first)) = (self.twin_of_texts(id), args.first()) else {
            return (id, None);
        };
        let says_its_type = matches!(first.kind, E::Str(_)) || !is_bare(first);
        if !path.args.is_empty() || !says_its_type || self.is_callable(first) {
            return (id, None);
        }
        let first = self.expr(first, None);
        match first.ty {
            Ty::Text(Text::Str(_), _) => (twin, Some(first)),
            _ => (id, Some(first)),
        }
    }

    /// The function that does with `str<N>` what this one does with arrays.
    pub(super) fn twin_of_texts(&self, id: FnId) -> Option<FnId> {
        let world = self.ck.world;
        let item = world.fns.get(id.index())?;
        let module = world.modules.get(item.module)?;
        let name = format!("{}{OF_TEXTS}", item.decl.decl.name.text);
        match module.scope.get(&name)?.def {
            Def::Fn(twin) if module.path == "std::text" => Some(twin),
            _ => None,
        }
    }

    /// A call, with its first argument if that is checked already.
    fn call_fn(
        &mut self,
        id: FnId,
        path: &ast::Path,
        args: &[&Expr],
        mut first: Option<Typed>,
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let Some(sig) = self.ck.fns.get(id.index()).cloned() else {
            return Typed::poison(span);
        };
        let name = path.parts.last().map_or("", |n| n.text.as_str()).to_owned();
        let is_main = self.ck.main == Some(id);
        if is_main && self.kind != Kind::Test {
            let error =
                diagnostic!(E3008, path.span, "`main` is called by tests only").here("`main`");
            self.report(error.help("move what both need into a function of its own"));
        }
        let declared = self
            .ck
            .world
            .fns
            .get(id.index())
            .map(|f| f.decl.decl.name.span)
            .unwrap_or(path.span);
        if args.len() != sig.params.len() {
            let n = sig.params.len();
            let s = if n == 1 { "" } else { "s" };
            let error = diagnostic!(
                E3007,
                span,
                "`{name}` takes {n} argument{s}, {} given",
                args.len()
            )
            .here("wrong number of arguments")
            .because(declared, "declared here");
            let names: Vec<&str> = sig.params.iter().map(|p| p.name.as_str()).collect();
            // `use` of a name that the language has, too, hides the latter.
            let hides = builtin::NAMES.iter().any(|(n, _)| *n == name);
            let library = crate::parses::library_module_of(&name).filter(|_| hides);
            let help = match library {
                Some(module) => format!(
                    "write `{name}({})`; for what `{name}` is without a `use`, give this one another name: `use std::{module}::{name} as {name}_of;`",
                    names.join(", ")
                ),
                None => format!("write `{name}({})`", names.join(", ")),
            };
            self.report(error.help(help));
            for arg in args.iter().skip(usize::from(first.is_some())) {
                if !self.is_callable(arg) {
                    self.expr(arg, None);
                }
            }
            return Typed::poison(span);
        }
        let mut bound: Vec<Option<Arg>> = vec![None; sig.generics.len()];
        if !path.args.is_empty() && !self.explicit(&sig.generics, path, &mut bound) {
            return Typed::poison(span);
        }
        let fixed = bound.clone();
        // What is wanted of the result is a hint for literals: a value that says its type goes before it.
        let mut wanted = bound.clone();
        if let Some(want) = want {
            self.unify(&sig.ret, want, &mut wanted);
        }
        // Values that say their type, then bare literals, then callables, whose parameters the values fix.
        let mut checked: Vec<Option<Typed>> = args.iter().map(|_| None).collect();
        for bare in [false, true] {
            for (at, (arg, param)) in args.iter().zip(&sig.params).enumerate() {
                if matches!(param.ty, Ty::Fn(_)) || is_bare(arg) != bare {
                    continue;
                }
                let known = first.take_if(|_| at == 0);
                let mut hint = hinted(&param.ty, &bound);
                if hint.is_none() {
                    hint = hinted(&param.ty, &wanted);
                }
                // Of a list that is written out the length is known where only the parameter's element is.
                if let (None, Ty::Array(item, _), E::Array(items)) = (&hint, &param.ty, &arg.kind) {
                    hint = substituted(item, &bound)
                        .map(|item| Ty::Array(Box::new(item), Len::Const(items.len() as u64)));
                }
                let typed = known.unwrap_or_else(|| self.expr(arg, hint.as_ref()));
                self.unify(&param.ty, &typed.ty, &mut bound);
                // What is written stays as it is.
                for (slot, written) in bound.iter_mut().zip(&fixed) {
                    if written.is_some() {
                        slot.clone_from(written);
                    }
                }
                checked[at] = Some(typed);
            }
        }
        if let Some(want) = want {
            let mut from_result = bound.clone();
            self.unify(&sig.ret, want, &mut from_result);
            for (slot, found) in bound.iter_mut().zip(from_result) {
                if slot.is_none() {
                    *slot = found;
                }
            }
        }
        let mut callables: Vec<Option<Callable>> = args.iter().map(|_| None).collect();
        for (at, (arg, param)) in args.iter().zip(&sig.params).enumerate() {
            if let Ty::Fn(signature) = &param.ty {
                match self.callable_argument(
                    arg,
                    &signature.params,
                    &signature.ret,
                    &mut bound,
                    &name,
                ) {
                    Some(callable) => callables[at] = Some(callable),
                    None => return Typed::poison(span),
                }
            }
        }
        if checked.iter().flatten().any(|t| t.ty.is_never()) {
            // One of the arguments is wrong, and with it perhaps what it stands for.
            let ret = substituted(&sig.ret, &bound).filter(|_| sig.generics.is_empty());
            return Typed {
                ty: ret.unwrap_or(Ty::Never),
                ..Typed::poison(span)
            };
        }
        if self.refuse_other_kinds(&sig, &checked, &bound, args) {
            return Typed::poison(span);
        }
        let help = self.result_help(&sig, &bound, &name);
        let Some(generics) = self.complete(&sig.generics, bound, span, help) else {
            return Typed::poison(span);
        };
        let heads = sig.params.iter().map(|p| &p.ty).chain([&sig.ret]);
        if self.refuse_hidden_usize(heads, &generics, &sig.generics, span) {
            return Typed::poison(span);
        }
        let mut out = Vec::new();
        for (at, param) in sig.params.iter().enumerate() {
            if let Some(callable) = callables[at].take() {
                self.pass(id, at, &callable, args[at].span);
                out.push(callable.value);
            } else if let Some(typed) = checked[at].take() {
                let ty = param.ty.clone().substitute(&generics);
                let because = (
                    param.span,
                    format!("the parameter `{}` of `{name}`", param.name),
                );
                out.push(self.coerce(typed, &ty, Some(because)));
            }
        }
        self.summary.calls.push(Call {
            callee: id,
            span,
            under: self.conditions.first().cloned(),
        });
        let mut ret = sig.ret.substitute(&generics);
        if is_main {
            // A test sees the result before it is opened.
            ret = among_any(ret.unopened());
        }
        let generics = generics.iter().map(Arg::hir).collect();
        Typed::new(
            H::Call {
                function: id,
                generics,
                args: out,
            },
            ret,
            span,
        )
    }

    /// Notes that a callable is passed to a function, which may call it under a secret condition.
    fn pass(&mut self, callee: FnId, at: usize, callable: &Callable, span: Span) {
        let param = u32::try_from(at).unwrap_or(u32::MAX);
        for effect in &callable.effects {
            match effect.param {
                Some(own) => self.summary.forwarded.push((own, callee, param, span)),
                None => self
                    .summary
                    .passed
                    .push((callee, param, effect.clone(), span)),
            }
        }
        if let H::Local(local) = &callable.value.kind
            && let Some(own) = self.locals[local.index()].callable_param
        {
            self.summary.forwarded.push((own, callee, param, span));
        }
    }

    /// Generic arguments as written.
    fn explicit(
        &mut self,
        generics: &[GenericInfo],
        path: &ast::Path,
        bound: &mut [Option<Arg>],
    ) -> bool {
        let written = generics
            .iter()
            .filter(|g| g.kind != GenericKind::Callable)
            .count();
        if path.args.len() != written {
            let error = diagnostic!(
                E3007,
                path.span,
                "{written} generic arguments are expected, {} given",
                path.args.len()
            );
            self.report(
                error
                    .here("wrong number")
                    .help("give one per parameter, or leave them out"),
            );
            return false;
        }
        let own = self.generics.clone();
        for (at, (generic, arg)) in generics.iter().zip(&path.args).enumerate() {
            if matches!(arg, ast::GenericArg::Infer(_)) {
                continue;
            }
            match self.ck.generic_arg(generic, arg, self.module, &own) {
                Some(arg) => bound[at] = Some(arg),
                None => return false,
            }
        }
        true
    }

    /// A callable for `fn(params) -> ret`, whose result may make what is bound more secret.
    pub fn callable_argument(
        &mut self,
        arg: &Expr,
        params: &[Ty],
        ret: &Ty,
        bound: &mut Vec<Option<Arg>>,
        name: &str,
    ) -> Option<Callable> {
        loop {
            let mut types = Vec::new();
            for param in params {
                let Some(ty) = substituted(param, bound) else {
                    let error = diagnostic!(
                        E3010,
                        arg.span,
                        "the other arguments of `{name}` do not say what this takes"
                    );
                    self.report(
                        error
                            .here("parameters of unknown type")
                            .help(format!("give `{name}::<…>` its types")),
                    );
                    return None;
                };
                types.push(ty);
            }
            let hint = substituted(ret, bound);
            let saved = (self.ck.out.len(), self.locals.len(), self.summary.mark());
            let callable = self.callable(arg, &types, hint.as_ref())?;
            let before = bound.clone();
            self.unify(ret, &callable.ret, bound);
            if *bound != before
                && self.retries < MAX_RETRIES
                && params
                    .iter()
                    .any(|p| substituted(p, &before) != substituted(p, bound))
            {
                // What the callable gives makes what it takes more secret: check it again.
                self.retries += 1;
                self.ck.out.truncate(saved.0);
                self.locals.truncate(saved.1);
                self.summary.rewind(saved.2);
                continue;
            }
            let want = substituted(ret, bound);
            if let Some(want) = want {
                let found = Typed {
                    kind: H::Tuple(Vec::new()),
                    ty: callable.ret.clone(),
                    span: callable.value.span,
                };
                let span = match &callable.value.kind {
                    H::Closure { body, .. } => body.span,
                    _ => callable.value.span,
                };
                let shown = self.show(&want);
                match found.ty.fits(&want, &self.ck.structs) {
                    crate::types::Fit::Yes => {}
                    crate::types::Fit::TooSecret => {
                        let error = diagnostic!(
                            E3002,
                            span,
                            "this must give a public `{shown}` to `{name}`"
                        );
                        let error = match &callable.value.kind {
                            H::Closure { body, .. } => self.flow(error, body, "this is secret"),
                            _ => error.here("this is secret"),
                        };
                        self.report(error.help("give the other arguments secret types"));
                        return None;
                    }
                    crate::types::Fit::No => {
                        let have = self.show(&found.ty);
                        let error = diagnostic!(E3001, span, "expected `{shown}`, found `{have}`");
                        self.report(
                            error
                                .here(format!("this is `{have}`"))
                                .help(format!("`{name}` needs a `{shown}` from it")),
                        );
                        return None;
                    }
                }
            }
            return Some(callable);
        }
    }

    /// Binds the generic parameters in `pattern` so that a value of type `ty` fits, joining secrecy with what is bound.
    pub fn unify(&mut self, pattern: &Ty, ty: &Ty, bound: &mut Vec<Option<Arg>>) {
        match (pattern, ty) {
            (_, Ty::Never) => {}
            (
                Ty::Param {
                    id,
                    secret: secrecy,
                },
                ty,
            ) => {
                let Some(slot) = bound.get_mut(id.index()) else {
                    return;
                };
                // `secret T` takes its secrecy from the parameter, not from T.
                let ty = if secrecy.is_public() {
                    ty.clone()
                } else {
                    ty.clone().public()
                };
                match slot {
                    None => *slot = Some(Arg::Type(ty)),
                    Some(Arg::Type(known)) => {
                        if let Some(joined) = known.join(&ty, &self.ck.structs) {
                            *slot = Some(Arg::Type(joined));
                        }
                    }
                    Some(_) => {}
                }
            }
            (Ty::Array(p, n), Ty::Array(t, m)) => {
                self.unify(p, t, bound);
                unify_len(n, m, bound);
            }
            (Ty::Array(p, n), Ty::Ragged(t, role)) => {
                self.unify(p, &Ty::Array(t.clone(), Len::Session), bound);
                unify_len(n, &Len::Parties(*role), bound);
            }
            (Ty::Ragged(p, _), Ty::Ragged(t, _)) => self.unify(p, t, bound),
            (
                Ty::Real(Real::Fixed { width: w, frac: f }, _),
                Ty::Real(
                    Real::Fixed {
                        width: wide,
                        frac: fine,
                    },
                    _,
                ),
            ) => {
                unify_len(w, wide, bound);
                unify_len(f, fine, bound);
            }
            (Ty::Wide(p, of), Ty::Wide(t, like)) if of == like => self.unify(p, t, bound),
            (Ty::Text(Text::Str(n), _), Ty::Text(Text::Str(m), _)) => unify_len(n, m, bound),
            (Ty::Tuple(ps), Ty::Tuple(ts)) if ps.len() == ts.len() => {
                for (p, t) in ps.iter().zip(ts) {
                    self.unify(p, t, bound);
                }
            }
            (
                Ty::Struct { id, args: ps, .. },
                Ty::Struct {
                    id: j,
                    args: ts,
                    secret: secrecy,
                },
            ) if id == j => {
                for (p, t) in ps.iter().zip(ts) {
                    match (p, t) {
                        (Arg::Type(p), Arg::Type(t)) => {
                            self.unify(p, &t.clone().with(*secrecy), bound)
                        }
                        (Arg::Len(n), Arg::Len(m)) => unify_len(n, m, bound),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// Where a parameter of the function is not known: reports an argument of another kind than it takes, from which nothing can follow.
    fn refuse_other_kinds(
        &mut self,
        sig: &FnSig,
        args: &[Option<Typed>],
        bound: &[Option<Arg>],
        given: &[&Expr],
    ) -> bool {
        let unknown = |(generic, arg): (&GenericInfo, &Option<Arg>)| {
            arg.is_none() && generic.kind != GenericKind::Callable
        };
        if !sig.generics.iter().zip(bound).any(unknown) {
            return false;
        }
        let apart = (sig.params.iter().zip(args).zip(given)).find_map(|((param, arg), given)| {
            let arg = arg.as_ref()?;
            let help = other_kind(&param.ty, &arg.ty, 0)?;
            Some((param, arg.ty.clone(), given.span, help))
        });
        let Some((param, ty, span, help)) = apart else {
            return false;
        };
        let want = self.ck.show(&param.ty, &sig.generics);
        let have = self.show(&ty);
        let help = if have.contains("Joined<") && want.contains("Kept<") {
            "what a join found becomes rows that are kept or not by `kept_rows`, of `std::table`"
                .into()
        } else {
            help
        };
        let error = diagnostic!(E3001, span, "expected `{want}`, found `{have}`")
            .here(format!("this is `{have}`"))
            .because(param.span, format!("the parameter `{}`", param.name));
        self.report(error.help(help));
        true
    }

    /// Where only the type of a call's result can say a generic parameter: how to give it.
    fn result_help(&self, sig: &FnSig, bound: &[Option<Arg>], name: &str) -> Option<String> {
        let open = |(generic, arg): (&GenericInfo, &Option<Arg>)| {
            (arg.is_none() && generic.kind != GenericKind::Callable).then(|| generic.name.clone())
        };
        let missing = sig.generics.iter().zip(bound).find_map(open)?;
        // Shown with names that could be the caller's.
        if !self.generics.is_empty() {
            return None;
        }
        let id = |at: usize| crate::hir::GenericId(u32::try_from(at).unwrap_or(u32::MAX));
        let filled = sig.generics.iter().zip(bound).enumerate();
        let filled: Vec<Arg> = filled
            .map(|(at, (generic, arg))| match (arg, generic.kind) {
                (Some(arg), _) => arg.clone(),
                (None, GenericKind::Type) => Arg::Type(Ty::param(id(at))),
                (None, GenericKind::Const) => Arg::Len(Len::Param(id(at))),
                (None, GenericKind::Callable) => Arg::Callable,
            })
            .collect();
        let shown = self
            .ck
            .show(&sig.ret.clone().substitute(&filled), &sig.generics);
        let mut words = shown.split(|c: char| !c.is_alphanumeric() && c != '_');
        let what = match shown.contains(&format!("; {missing}]")) {
            true => format!("a number for `{missing}`"),
            false => format!("what is meant for `{missing}`"),
        };
        words.any(|word| word == missing).then(|| {
            format!("give the type of the result, with {what}: `let x: {shown} = {name}(…);`")
        })
    }

    /// All generic arguments, or a report of the one that nothing determines or that misses its bounds.
    pub fn complete(
        &mut self,
        generics: &[GenericInfo],
        bound: Vec<Option<Arg>>,
        span: Span,
        help: Option<String>,
    ) -> Option<Vec<Arg>> {
        let mut out = Vec::new();
        for (generic, arg) in generics.iter().zip(bound) {
            let arg = match (generic.kind, arg) {
                (GenericKind::Callable, _) => Arg::Callable,
                (_, Some(arg)) => arg,
                (_, None) => {
                    let error = diagnostic!(E3010, span, "nothing says what `{}` is", generic.name)
                        .here("cannot be inferred");
                    let help = help.unwrap_or_else(|| "write it: `f::<…>(…)`".to_owned());
                    self.report(error.help(help));
                    return None;
                }
            };
            if let Arg::Type(ty) = &arg {
                let own = self.generics.clone();
                if !self.ck.meets(ty, generic.bounds, &own) {
                    self.ck.bound_error(ty, generic, span, &own);
                    return None;
                }
                if self.ck.leaves(ty) > super::signature::MAX_LEAVES {
                    let error = diagnostic!(
                        E1007,
                        span,
                        "the type of `{}` has too many parts",
                        generic.name
                    );
                    self.report(error.here("too large").help("use arrays"));
                    return None;
                }
            }
            out.push(arg);
        }
        Some(out)
    }

    /// Reports a wrong number of arguments for a function that the compiler knows.
    pub fn expect_args(
        &mut self,
        name: &Name,
        args: &[&Expr],
        n: usize,
        usage: &str,
        span: Span,
    ) -> bool {
        if args.len() == n {
            return true;
        }
        let s = if n == 1 { "" } else { "s" };
        let error = diagnostic!(
            E3007,
            span,
            "`{}` takes {n} argument{s}, {} given",
            name.text,
            args.len()
        );
        // The library may have a function of this name for arrays.
        let help = match crate::parses::library_module_of(&name.text) {
            Some(module) if args.len() == 1 => format!(
                "for an array bring in another one: `use std::{module}::{};`; of two numbers write `{usage}`",
                name.text
            ),
            _ => hints::for_more(&name.text, args.len())
                .map_or_else(|| format!("write `{usage}`"), str::to_owned),
        };
        self.report(error.here("wrong number of arguments").help(help));
        for arg in args {
            if !self.is_callable(arg) {
                self.expr(arg, None);
            }
        }
        false
    }
}

/// A result of `main` in a test, which is among as many parties as its arguments say.
fn among_any(ty: Ty) -> Ty {
    let open = |len| match len {
        Len::Parties(_) => Len::Session,
        other => other,
    };
    ty.descend(&mut among_any, &mut |len| len.replaced(&mut { open }))
}

fn unify_len(pattern: &Len, len: &Len, bound: &mut [Option<Arg>]) {
    let Len::Param(id) = pattern else { return };
    let Some(slot) = bound.get_mut(id.index()) else {
        return;
    };
    match slot {
        None => *slot = Some(Arg::Len(len.clone())),
        Some(Arg::Len(known)) if *known == Len::Session && same_len(known, len) => {
            *slot = Some(Arg::Len(len.clone()))
        }
        Some(_) => {}
    }
}

/// What to do about a type that cannot be what a parameter takes, whatever its generic parameters are; so deep in arrays.
fn other_kind(pattern: &Ty, ty: &Ty, depth: u32) -> Option<String> {
    const FLATTEN: &str = "of an array for each party `xs.flatten()` makes one array";
    let help = match (pattern, ty) {
        (Ty::Array(p, _), Ty::Array(t, _)) => match (&**p, &**t) {
            (Ty::Real(Real::Fixed { .. }, _), Ty::Real(Real::Float(..), _)) => {
                "convert each element, `xs.map(|x| x as fixed<64, 32>)`; functions of floats are in `std::float`"
            }
            (Ty::Real(Real::Fixed { .. }, _), Ty::Scalar(scalar, _)) => {
                let fixed = fixed_for(*scalar);
                return Some(match depth {
                    0 => format!("convert each element: `xs.map(|x| x as {fixed})`"),
                    _ => format!(
                        "convert each part where the rows are made: `xs.map(|x| [x.a as {fixed}, x.b as {fixed}])`"
                    ),
                });
            }
            (p, t) => return other_kind(p, t, depth + 1),
        },
        (Ty::Array(..), Ty::Text(Text::Str(_), _)) | (Ty::Text(Text::Str(_), _), Ty::Array(..)) => {
            "give texts on both sides, or the bytes of both: `s.bytes()`"
        }
        (Ty::Array(p, _), Ty::Ragged(..)) => match **p {
            Ty::Real(..) | Ty::Scalar(..) => FLATTEN,
            _ => return None,
        },
        (Ty::Real(Real::Fixed { .. }, _), ty) => match ty {
            Ty::Real(Real::Float(..), _) => {
                "convert it: `x as fixed<64, 32>`; elementary functions of floats are in `std::float`"
            }
            Ty::Scalar(scalar, _) => {
                return Some(format!("convert it: `x as {}`", fixed_for(*scalar)));
            }
            Ty::Array(..) | Ty::Ragged(..) => {
                "call it for each element, `xs.map(|x| f(x))`; of an array for each party `xs.flatten()` makes one"
            }
            _ => return None,
        },
        (Ty::Struct { id, .. }, Ty::Struct { id: other, .. }) if id != other => {
            "another struct is wanted"
        }
        (Ty::Struct { .. }, Ty::Scalar(..) | Ty::Real(..) | Ty::Tuple(..)) => {
            "a struct is wanted; `filter`, of `std::table`, makes rows that are kept or not"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// A type of fixed-point numbers that holds all integers of a type, where there is one.
fn fixed_for(scalar: Scalar) -> String {
    let bits = scalar.width() + u32::from(!scalar.is_signed());
    match bits {
        ..=48 => "fixed<64, 16>".to_owned(),
        bits => format!("fixed<{}, 0>", bits.min(128)),
    }
}
