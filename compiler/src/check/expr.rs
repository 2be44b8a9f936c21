//! Expressions: the expected type goes down as a hint, the found one comes up.

use super::body::{Body, Cause, Kind, Typed};
use super::effects::Effect;
use super::flow;
use crate::ast::{self, Expr, ExprKind as E, Name};
use crate::diagnostic;
use crate::diagnostic::{Code, suggestion};
use crate::hir::{self, ExprKind as H, GenericId, GenericKind, Len};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Fields as _, Secrecy, Ty, width};

impl Body<'_, '_> {
    /// Checks an expression; `want` is the type that is expected of it, a hint that need not be met.
    pub fn expr(&mut self, e: &Expr, want: Option<&Ty>) -> Typed {
        match &e.kind {
            E::Error => Typed::poison(e.span),
            E::Int(value, suffix) => self.int(*value, false, suffix.as_deref(), e.span, want),
            E::Bool(value) => Typed::new(H::Lit(u128::from(*value)), Ty::bool(), e.span),
            E::Paren(inner) => Typed {
                span: e.span,
                ..self.expr(inner, want)
            },
            E::Path(path) => self.path_expr(path),
            E::Array(items) => self.array(items, want, e.span),
            E::Repeat(item, n) => self.repeat(item, n, want, e.span),
            E::Tuple(items) => self.tuple(items, want, e.span),
            E::Struct(path, fields) => self.struct_literal(path, fields, want, e.span),
            E::Field(base, name) => self.field(base, name, e.span),
            E::TupleField(base, name) => self.tuple_field(base, name, e.span),
            E::Index(base, index) => self.index(base, index, e.span),
            E::Range { .. } => {
                let error = diagnostic!(E3022, e.span, "a range is not a value").here("not here");
                self.report(error.help("ranges stand after `in` and as an index"));
                Typed::poison(e.span)
            }
            E::Call(f, args) => self.call(f, args, want, e.span),
            E::Method(receiver, path, args) => self.method(receiver, path, args, want, e.span),
            E::Unary(op, inner) => self.unary(*op, inner, want, e.span),
            E::Binary(op, a, b) => self.binary(*op, a, b, want, e.span),
            E::Cast(inner, ty) => self.cast(inner, ty, e.span),
            E::If(c, then, otherwise) => self.if_expr(c, then, otherwise.as_deref(), want, e.span),
            E::Block(block) => self.block(block, want),
            E::Closure(..) => {
                let error = diagnostic!(E3019, e.span, "a closure is not a run-time value")
                    .here("not here");
                self.report(error.help("pass it directly to a function, or bind it with `let` and give its parameters types"));
                Typed::poison(e.span)
            }
            E::Reveal(inner) => self.reveal(inner, want, e.span),
            E::MakeSecret(inner) => self.make_secret(inner, want, e.span),
            E::Assert(condition, why) => self.assert(condition, why.as_deref(), e.span),
        }
    }

    /// An integer literal: the expected type, or `i32`.
    pub fn int(
        &mut self,
        value: u128,
        negative: bool,
        suffix: Option<&str>,
        span: Span,
        want: Option<&Ty>,
    ) -> Typed {
        let ty = match suffix {
            Some("usize") => Ty::Usize,
            Some(suffix) => match width::parse(suffix) {
                Some(Ok((width, signed))) => Ty::int(width, signed),
                _ => {
                    let error = diagnostic!(E2002, span, "there is no type `{suffix}`")
                        .here("no such width");
                    self.report(error.help("integer types are `u1` to `u128` and `i2` to `i128`"));
                    return Typed::poison(span);
                }
            },
            None => match want {
                Some(Ty::Int { width, signed, .. }) => Ty::int(*width, *signed),
                Some(Ty::Usize) => Ty::Usize,
                Some(Ty::Never) => Ty::Never,
                Some(Ty::Param { id, .. })
                    if self.generics.get(id.index()).is_some_and(|g| g.bounds.num) =>
                {
                    Ty::param(*id)
                }
                Some(Ty::Wide(inner)) => inner.clone().public(&self.ck.structs).wide(),
                _ => Ty::int(32, true),
            },
        };
        let (width, signed) = match &ty {
            Ty::Int { width, signed, .. } => (*width, *signed),
            Ty::Usize => (64, false),
            // What a parameter stands for is known only when it is instantiated.
            _ => (128, negative),
        };
        if !width::fits(value, negative, width, signed) {
            let sign = if negative { "-" } else { "" };
            let shown = self.show(&ty);
            let error = diagnostic!(E3005, span, "`{sign}{value}` does not fit `{shown}`")
                .here("out of range");
            let least = if signed {
                format!("-{}", width::max(width, true) + 1)
            } else {
                "0".into()
            };
            let error = error.help(format!(
                "`{shown}` holds {least} to {}",
                width::max(width, signed)
            ));
            self.report(error);
            return Typed::poison(span);
        }
        let word = if negative {
            value.wrapping_neg()
        } else {
            value
        };
        Typed::new(H::Lit(word), ty, span)
    }

    fn path_expr(&mut self, path: &ast::Path) -> Typed {
        let span = path.span;
        if let [name] = path.parts.as_slice() {
            if let Some(id) = self.local(&name.text) {
                let local = &mut self.locals[id.index()];
                local.used = true;
                let ty = local.ty.clone();
                if matches!(ty, Ty::Fn(_)) {
                    let error = diagnostic!(
                        E3019,
                        span,
                        "`{}` is a function, not a run-time value",
                        name.text
                    );
                    self.report(
                        error
                            .here("not called here")
                            .help("call it, or pass it to a function"),
                    );
                    return Typed::poison(span);
                }
                return flow::read(id, &ty, span);
            }
            let position = self
                .generics
                .iter()
                .position(|g| g.name == name.text && g.kind == GenericKind::Const);
            if let Some(at) = position {
                let id = GenericId(u32::try_from(at).unwrap_or(u32::MAX));
                return Typed::new(H::ConstParam(id), Ty::Usize, span);
            }
        }
        match self.lookup(&path.parts) {
            Some(Def::Const(id)) => {
                let ty = self
                    .ck
                    .const_types
                    .get(id.index())
                    .cloned()
                    .unwrap_or(Ty::Never);
                Typed::new(H::Const(id), ty, span)
            }
            Some(Def::Fn(_)) => {
                let name = path.parts.last().map_or("", |n| n.text.as_str());
                let error =
                    diagnostic!(E3019, span, "`{name}` is a function, not a run-time value")
                        .here("not called");
                self.report(error.help(format!("call it: `{name}(…)`, or pass it to a function")));
                Typed::poison(span)
            }
            Some(Def::Struct(_) | Def::Module(_)) => {
                let name = path.parts.last().map_or("", |n| n.text.as_str());
                let error = diagnostic!(E2001, span, "`{name}` is not a value").here("not a value");
                self.report(error.help(format!("write `{name} {{ … }}` for a struct")));
                Typed::poison(span)
            }
            None => {
                self.unknown_name(&path.parts, span);
                Typed::poison(span)
            }
        }
    }

    /// What a path means as an item; paths into modules report what is wrong with them.
    pub fn lookup(&mut self, parts: &[Name]) -> Option<Def> {
        self.ck.lookup_path(parts, self.module)
    }

    /// Reports a name that nothing has.
    pub fn unknown_name(&mut self, parts: &[Name], span: Span) {
        let Some(last) = parts.last() else { return };
        if let [first, _, ..] = parts {
            let first_def = self.ck.world.lookup(self.module, &first.text);
            if let (Some(Def::Module(inner)), [_, item]) = (first_def, parts) {
                if let Err(error) = crate::resolve::item_of(self.ck.world, inner, item) {
                    self.report(*error);
                }
                return;
            }
            let path: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
            let path = path.join("::");
            let error = diagnostic!(
                E2005,
                first.span,
                "there is no module `{}` here",
                first.text
            )
            .here("unknown module");
            let help = match first.text.as_str() {
                "std" | "crate" => {
                    format!("write `use {path};` at the top and call `{}`", last.text)
                }
                other => format!("bring it in: `use std::{other};` or `use crate::{other};`"),
            };
            self.report(error.help(help));
            return;
        }
        let text = last.text.as_str();
        let error = diagnostic!(E2001, span, "there is no `{text}` in scope").here("unknown name");
        let locals: Vec<&str> = self
            .scopes
            .iter()
            .rev()
            .flat_map(|s| s.keys().map(String::as_str))
            .collect();
        let names = locals
            .into_iter()
            .chain(self.ck.world.names(self.module))
            .chain(super::builtin::NAMES.iter().map(|(n, _)| *n))
            .chain(self.generics.iter().map(|g| g.name.as_str()));
        let near = suggestion(text, names).map(str::to_owned);
        let library = crate::library::MODULES.iter().find(|(_, source)| {
            source.contains(&format!("pub fn {text}<"))
                || source.contains(&format!("pub fn {text}("))
        });
        let error = match (near, library) {
            (_, Some((module, _))) => {
                error.help(format!("bring it in: `use std::{module}::{text};`"))
            }
            (Some(near), None) => error.help(format!("did you mean `{near}`?")),
            (None, None) => error.help(format!("declare it, for example `let {text} = …;`")),
        };
        self.report(error);
    }

    fn array(&mut self, items: &[Expr], want: Option<&Ty>, span: Span) -> Typed {
        let ragged = matches!(want, Some(Ty::Ragged(..)));
        let hint = match want {
            Some(Ty::Array(t, _)) => Some((**t).clone()),
            Some(Ty::Ragged(t, _)) => Some(Ty::Array(t.clone(), Len::Session)),
            _ => None,
        };
        // Items that say their type come before bare literals, which take it.
        let mut found: Vec<Option<Typed>> = items.iter().map(|_| None).collect();
        let mut joined = hint
            .clone()
            .filter(|_| items.is_empty())
            .unwrap_or(Ty::Never);
        let mut first: Option<Span> = None;
        for bare in [false, true] {
            for (at, item) in items.iter().enumerate() {
                if is_bare(item) != bare {
                    continue;
                }
                let known = (!joined.is_never()).then(|| joined.clone());
                let typed = self.expr(item, known.as_ref().or(hint.as_ref()));
                match joined.join(&typed.ty, &self.ck.structs) {
                    Some(ty) => joined = ty,
                    None if ragged && rows_differ_in_length(&joined, &typed.ty) => {}
                    None => {
                        let (have, want) = (self.show(&typed.ty), self.show(&joined));
                        let error =
                            diagnostic!(E3001, typed.span, "expected `{want}`, found `{have}`");
                        let error = error.here(format!("this is `{have}`"));
                        let error = match first {
                            Some(first) => {
                                error.because(first, format!("the array's items are `{want}`"))
                            }
                            None => error,
                        };
                        self.report(error.help("all items of an array have one type"));
                        found[at] = Some(Typed::poison(typed.span));
                        continue;
                    }
                }
                first = first.or((!typed.ty.is_never()).then_some(typed.span));
                found[at] = Some(typed);
            }
        }
        let n = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let items: Vec<hir::Expr> = found.into_iter().flatten().map(Typed::hir).collect();
        let ty = match (want, joined) {
            (Some(Ty::Ragged(_, role)), Ty::Array(t, _)) => Ty::Ragged(t, *role),
            (_, joined) if joined.is_never() && n > 0 => Ty::Never,
            (_, joined) => Ty::Array(Box::new(joined), Len::Const(n)),
        };
        if n == 0 && matches!(&ty, Ty::Array(t, _) if t.is_never()) {
            let error =
                diagnostic!(E3010, span, "nothing says what this empty array holds").here("empty");
            self.report(error.help("give the type: `let xs: [u32; 0] = [];`"));
            return Typed::poison(span);
        }
        Typed::new(H::Array(items), ty, span)
    }

    fn repeat(&mut self, item: &Expr, n: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        let hint = match want {
            Some(Ty::Array(t, _)) => Some((**t).clone()),
            _ => None,
        };
        let item = self.expr(item, hint.as_ref());
        let known = self.const_int(n);
        let count = self.expr(n, Some(&Ty::Usize));
        self.refuse_secret(&count, "a length", "use a public length");
        let len = self.len_of(&count, known);
        let count = self.coerce_public(count, &Ty::Usize);
        if item.ty.is_never() {
            return Typed::poison(span);
        }
        let ty = Ty::Array(Box::new(item.ty.clone()), len);
        Typed::new(H::Repeat(item.boxed(), Box::new(count)), ty, span)
    }

    /// Like [`Body::coerce`] for what has been refused already if it was secret.
    pub fn coerce_public(&mut self, e: Typed, want: &Ty) -> hir::Expr {
        if self.secrecy(&e.ty).is_public() {
            self.coerce(e, want, None)
        } else {
            e.hir()
        }
    }

    /// The length that a `usize` expression stands for.
    pub fn len_of(&self, e: &Typed, known: Option<i128>) -> Len {
        if let Some(n) = known.and_then(|n| u64::try_from(n).ok()) {
            return Len::Const(n);
        }
        match &e.kind {
            H::ConstParam(id) => Len::Param(*id),
            H::Builtin(hir::Builtin::Parties, _) => Len::Parties(None),
            H::Builtin(hir::Builtin::Len, args) => match args.first().map(|a| &a.ty) {
                Some(hir::Type::Array(_, len)) => len.clone(),
                Some(hir::Type::Ragged(_, role)) => Len::Parties(*role),
                _ => Len::Session,
            },
            _ => Len::Session,
        }
    }

    fn tuple(&mut self, items: &[Expr], want: Option<&Ty>, span: Span) -> Typed {
        let hints: Vec<Option<Ty>> = match want {
            Some(Ty::Tuple(ts)) if ts.len() == items.len() => {
                ts.iter().cloned().map(Some).collect()
            }
            _ => vec![None; items.len()],
        };
        let mut out = Vec::new();
        for (item, hint) in items.iter().zip(&hints) {
            out.push(self.expr(item, hint.as_ref()));
        }
        let ty = Ty::Tuple(out.iter().map(|t| t.ty.clone()).collect());
        Typed::new(
            H::Tuple(out.into_iter().map(Typed::hir).collect()),
            ty,
            span,
        )
    }

    fn struct_literal(
        &mut self,
        path: &ast::Path,
        fields: &[(Name, Option<Expr>)],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let (id, mut args) = if path.parts.is_empty() {
            let Some(Ty::Struct { id, args, .. }) = want else {
                let error =
                    diagnostic!(E3010, span, "nothing says which struct this is").here("no name");
                self.report(error.help("write the struct's name before the `{`"));
                self.check_all(fields);
                return Typed::poison(span);
            };
            (*id, args.iter().cloned().map(Some).collect::<Vec<_>>())
        } else {
            let id = match self.lookup(&path.parts) {
                Some(Def::Struct(id)) => id,
                _ => {
                    let name = path.parts.last().map_or("", |n| n.text.as_str());
                    let error = diagnostic!(E2002, path.span, "there is no struct `{name}`")
                        .here("unknown struct");
                    let near =
                        suggestion(name, self.ck.world.names(self.module)).map(str::to_owned);
                    self.report(match near {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error.help(format!("declare it: `struct {name} {{ … }}`")),
                    });
                    self.check_all(fields);
                    return Typed::poison(span);
                }
            };
            let generics = self.ck.structs.0[id.index()].generics.clone();
            let mut args: Vec<Option<Arg>> = vec![None; generics.len()];
            if !path.args.is_empty() {
                if path.args.len() != generics.len() {
                    let error = diagnostic!(
                        E3007,
                        path.span,
                        "this struct takes {} generic arguments",
                        generics.len()
                    );
                    self.report(error.here("wrong number").help("give one per parameter"));
                }
                let own = self.generics.clone();
                for (at, (generic, arg)) in generics.iter().zip(&path.args).enumerate() {
                    args[at] = self.ck.generic_arg(generic, arg, self.module, &own);
                }
            } else if let Some(Ty::Struct {
                id: j, args: known, ..
            }) = want
                && *j == id
            {
                // What is expected says what cannot be seen in the fields; secrecy comes from the fields.
                args = known.iter().cloned().map(Some).collect();
                for arg in args.iter_mut().flatten() {
                    if let Arg::Type(t) = arg {
                        *t = t.clone().public(&self.ck.structs);
                    }
                }
            }
            (id, args)
        };
        let explicit = !path.args.is_empty();
        let sig = &self.ck.structs.0[id.index()];
        let (names, types, name) = (sig.names.clone(), sig.types.clone(), sig.name.clone());
        let mut values: Vec<Option<Typed>> = vec![None; names.len()];
        for (field, value) in fields {
            let Some(at) = names.iter().position(|n| *n == field.text) else {
                let error =
                    diagnostic!(E3011, field.span, "`{name}` has no field `{}`", field.text)
                        .here("unknown field");
                let error = match suggestion(&field.text, names.iter().map(String::as_str)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(format!("its fields are `{}`", names.join("`, `"))),
                };
                self.report(error);
                continue;
            };
            if values[at].is_some() {
                let error = diagnostic!(
                    E3011,
                    field.span,
                    "the field `{}` is given twice",
                    field.text
                )
                .here("again");
                self.report(error.help("remove one of them"));
                continue;
            }
            let short = || Expr {
                kind: E::Path(ast::Path {
                    parts: vec![field.clone()],
                    args: Vec::new(),
                    span: field.span,
                }),
                span: field.span,
                depth: 1,
            };
            let hint = substituted(&types[at], &args);
            let value = match value {
                Some(value) => self.expr(value, hint.as_ref()),
                None => self.expr(&short(), hint.as_ref()),
            };
            if !explicit {
                self.unify(&types[at], &value.ty, &mut args);
            }
            values[at] = Some(value);
        }
        let missing: Vec<&str> = names
            .iter()
            .zip(&values)
            .filter(|(_, v)| v.is_none())
            .map(|(n, _)| n.as_str())
            .collect();
        if !missing.is_empty() {
            let error = diagnostic!(E3011, span, "missing `{}`", missing.join("`, `"))
                .here("not all fields are given");
            self.report(error.help(format!("add `{}: …`", missing.join(": …`, `"))));
            return Typed::poison(span);
        }
        let generics = self.ck.structs.0[id.index()].generics.clone();
        let Some(args) = self.complete(&generics, args, span) else {
            return Typed::poison(span);
        };
        // A secret in a field that is not marked makes the whole value secret.
        let mut secrecy = Secrecy::PUBLIC;
        let mut out = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let want = types[at].clone().substitute(&args);
            let have = self.secrecy(&value.ty);
            let target = if value.ty.fits(&want, &self.ck.structs) == crate::types::Fit::TooSecret {
                secrecy = secrecy.join(have);
                want.with(have)
            } else {
                want
            };
            let because = (
                self.ck.structs.0[id.index()].spans[at],
                format!("the field `{}`", names[at]),
            );
            out.push(self.coerce(value, &target, Some(because)));
        }
        Typed::new(H::Struct(out), Ty::Struct { id, args, secrecy }, span)
    }

    /// Checks the values of fields whose struct is not known.
    fn check_all(&mut self, fields: &[(Name, Option<Expr>)]) {
        for value in fields.iter().filter_map(|(_, v)| v.as_ref()) {
            self.expr(value, None);
        }
    }

    fn field(&mut self, base: &Expr, name: &Name, span: Span) -> Typed {
        let base = self.expr(base, None);
        match self.field_of(&base.ty, name) {
            Some((at, ty)) => Typed::new(H::Field(base.boxed(), at), ty, span),
            None => Typed::poison(span),
        }
    }

    /// Position and type of a field; reports if there is none.
    pub fn field_of(&mut self, ty: &Ty, name: &Name) -> Option<(u32, Ty)> {
        let Ty::Struct { id, args, secrecy } = ty else {
            if !ty.is_never() {
                let shown = self.show(ty);
                let error =
                    diagnostic!(E2004, name.span, "`{shown}` has no fields").here("not a struct");
                let help = match ty {
                    Ty::Tuple(_) => "tuples have `.0`, `.1`, …".to_owned(),
                    Ty::Array(..) | Ty::Ragged(..)
                        if name.text == "len" || name.text == "length" =>
                    {
                        "write `.len()`".to_owned()
                    }
                    Ty::Array(..) | Ty::Ragged(..) => "index it first: `xs[i]`".to_owned(),
                    _ => "only structs have fields".to_owned(),
                };
                self.report(error.help(help));
            }
            return None;
        };
        let sig = &self.ck.structs.0[id.index()];
        if let Some(at) = sig.names.iter().position(|n| *n == name.text) {
            let ty = self.ck.structs.fields(*id)[at]
                .clone()
                .substitute(args)
                .with(*secrecy);
            return Some((u32::try_from(at).unwrap_or(u32::MAX), ty));
        }
        let (names, span) = (sig.names.clone(), sig.span);
        let shown = self.show(ty);
        let error = diagnostic!(E2004, name.span, "`{shown}` has no field `{}`", name.text)
            .here("unknown field")
            .because(span, "declared here");
        let error = match suggestion(&name.text, names.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("its fields are `{}`", names.join("`, `"))),
        };
        self.report(error);
        None
    }

    fn tuple_field(&mut self, base: &Expr, name: &Name, span: Span) -> Typed {
        let base = self.expr(base, None);
        match self.tuple_field_of(&base.ty, name) {
            Some((at, ty)) => Typed::new(H::Field(base.boxed(), at), ty, span),
            None => Typed::poison(span),
        }
    }

    /// Position and type of a part of a tuple; reports if there is none.
    pub fn tuple_field_of(&mut self, ty: &Ty, name: &Name) -> Option<(u32, Ty)> {
        if ty.is_never() {
            return None;
        }
        let at = name.text.parse::<u32>().ok();
        if let (Ty::Tuple(parts), Some(at)) = (ty, at)
            && let Some(part) = parts.get(at as usize)
        {
            return Some((at, part.clone()));
        }
        let shown = self.show(ty);
        let error = diagnostic!(E2004, name.span, "`{shown}` has no part `{}`", name.text)
            .here("no such part");
        let help = match ty {
            Ty::Tuple(parts) => format!("it has {} parts, counted from 0", parts.len()),
            Ty::Array(..) | Ty::Ragged(..) => format!("index it: `[{}]`", name.text),
            _ => "only tuples have numbered parts".to_owned(),
        };
        self.report(error.help(help));
        None
    }

    fn index(&mut self, base: &Expr, index: &Expr, span: Span) -> Typed {
        let base = self.expr(base, None);
        if let E::Range { lo, hi, inclusive } = &index.kind {
            return self.slice(base, lo.as_deref(), hi.as_deref(), *inclusive, span);
        }
        let known = self.const_int(index);
        let index = self.index_value(index);
        let item = match &base.ty {
            Ty::Array(t, n) => {
                if let (Len::Const(n), Some(at)) = (n, known)
                    && (at < 0 || at >= i128::from(*n))
                {
                    self.out_of_bounds(at, *n, index.span);
                    return Typed::poison(span);
                }
                (**t).clone()
            }
            Ty::Ragged(t, _) => {
                let help = "rows have different lengths, so which row is read would show; loop over all rows";
                self.refuse_secret(&index, "the index of a ragged array", help);
                Ty::Array(t.clone(), Len::Session)
            }
            Ty::Never => return Typed::poison(span),
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, span, "`{shown}` cannot be indexed")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("only arrays can be indexed"));
                return Typed::poison(span);
            }
        };
        let ty = item.with(self.secrecy(&index.ty));
        Typed::new(H::Index(base.boxed(), index.boxed()), ty, span)
    }

    /// Reports a constant index outside the array.
    pub fn out_of_bounds(&mut self, at: i128, n: u64, span: Span) {
        let error = diagnostic!(E3017, span, "the index {at} is outside of an array of {n}")
            .here("out of bounds");
        let help = if n == 0 {
            "the array is empty".to_owned()
        } else {
            format!("indices go from 0 to {}", n - 1)
        };
        self.report(error.help(help));
    }

    /// An index: `usize` unless it says otherwise, and any unsigned type.
    pub fn index_value(&mut self, index: &Expr) -> Typed {
        let typed = self.expr(index, Some(&Ty::Usize));
        let ok = match &typed.ty {
            Ty::Usize | Ty::Never | Ty::Int { signed: false, .. } => true,
            Ty::Param { id, .. } => self.generics.get(id.index()).is_some_and(|g| g.bounds.int),
            Ty::Wide(_) => true,
            _ => false,
        };
        if !ok {
            let shown = self.show(&typed.ty);
            let error = diagnostic!(E3001, typed.span, "an index is unsigned, not `{shown}`")
                .here(format!("this is `{shown}`"));
            self.report(error.help("convert with `as usize`, or `as u32` for a secret one"));
            return Typed::poison(typed.span);
        }
        typed
    }

    fn slice(
        &mut self,
        base: Typed,
        lo: Option<&Expr>,
        hi: Option<&Expr>,
        inclusive: bool,
        span: Span,
    ) -> Typed {
        let known_lo = lo.map_or(Some(0), |e| self.const_int(e));
        let known_hi = hi
            .and_then(|e| self.const_int(e))
            .map(|h| if inclusive { h + 1 } else { h });
        let bound = |body: &mut Self, e: &Expr| {
            let typed = body.index_value(e);
            if body.refuse_secret(
                &typed,
                "the bound of a slice",
                "the length of a slice is public; use a public bound",
            ) {
                return Typed::poison(e.span);
            }
            typed
        };
        let lo = lo.map(|e| bound(self, e));
        let hi = hi.map(|e| bound(self, e));
        let hi = hi.map(|h| {
            if !inclusive || h.ty.is_never() {
                return h.hir();
            }
            // `..=h` ends before h + 1, computed where it cannot wrap.
            let wide = Typed {
                span: h.span,
                ty: Ty::Usize,
                kind: H::Cast(h.clone().boxed()),
            };
            let wide = if h.ty == Ty::Usize { h } else { wide };
            let one = Typed::new(H::Lit(1), Ty::Usize, wide.span);
            let span = wide.span;
            Typed::new(
                H::Binary(hir::BinaryOp::Add, wide.boxed(), one.boxed()),
                Ty::Usize,
                span,
            )
            .hir()
        });
        let (item, n) = match &base.ty {
            Ty::Array(t, n) => (t.clone(), n.clone()),
            Ty::Never => return Typed::poison(span),
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, span, "`{shown}` cannot be sliced")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("only arrays can be sliced"));
                return Typed::poison(span);
            }
        };
        let end = match (&hi, &n) {
            (None, Len::Const(n)) => Some(i128::from(*n)),
            (None, _) => None,
            (Some(_), _) => known_hi,
        };
        if let (Some(end), Len::Const(n)) = (end, &n)
            && end > i128::from(*n)
        {
            self.out_of_bounds(end - 1, *n, span);
            return Typed::poison(span);
        }
        let len = match (known_lo, end) {
            (Some(lo), Some(hi)) if lo > hi => {
                let error = diagnostic!(E3017, span, "this slice ends before it begins")
                    .here("out of bounds");
                self.report(error.help("write the smaller bound first"));
                return Typed::poison(span);
            }
            (Some(lo), Some(hi)) => u64::try_from(hi - lo).map_or(Len::Session, Len::Const),
            (Some(0), None) if hi.is_none() => n,
            _ => Len::Session,
        };
        let lo = lo.map(|l| Box::new(l.hir()));
        Typed::new(
            H::Slice(base.boxed(), lo, hi.map(Box::new)),
            Ty::Array(item, len),
            span,
        )
    }

    fn if_expr(
        &mut self,
        c: &Expr,
        then: &ast::Block,
        otherwise: Option<&Expr>,
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let c = self.condition_value(c);
        let condition = self.condition(&c);
        let secrecy = condition.as_ref().map_or(Secrecy::PUBLIC, |c| c.secrecy);
        let hint = if otherwise.is_some() { want } else { None };
        let then_value = self.under(condition.clone(), |b| b.block(then, hint));
        let Some(otherwise) = otherwise else {
            let unit = Ty::unit();
            let then_value = if then_value.ty.is_never() || then_value.ty.is_unit() {
                then_value.hir()
            } else {
                let shown = self.show(&then_value.ty);
                let at = then.tail.as_ref().map_or(then.span, |t| t.span);
                let error = diagnostic!(E3001, at, "an `if` without `else` has no value")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("add an `else`, or end the value with `;`"));
                then_value.hir()
            };
            return Typed::new(
                H::If {
                    cond: c.boxed(),
                    then: Box::new(then_value),
                    otherwise: None,
                },
                unit,
                span,
            );
        };
        let hint = if then_value.ty.is_never() {
            want.cloned()
        } else {
            Some(then_value.ty.clone())
        };
        // Bare literals in the first arm take the type of the second one.
        let retry = want.is_none()
            && then.tail.as_ref().is_some_and(|t| is_bare(t))
            && !tail_is_bare(otherwise);
        let other_value = self.under(condition.clone(), |b| {
            b.expr(otherwise, if retry { None } else { hint.as_ref() })
        });
        let then_value = if retry && other_value.ty.is_integral() && then.stmts.is_empty() {
            self.under(condition, |b| b.block(then, Some(&other_value.ty)))
        } else {
            then_value
        };
        match then_value.ty.join(&other_value.ty, &self.ck.structs) {
            Some(ty) => {
                let ty = ty.with(secrecy);
                let kind = H::If {
                    cond: c.boxed(),
                    then: then_value.boxed(),
                    otherwise: Some(other_value.boxed()),
                };
                Typed::new(kind, ty, span)
            }
            None => {
                let (a, b) = (self.show(&then_value.ty), self.show(&other_value.ty));
                let error = diagnostic!(
                    E3001,
                    tail_span(otherwise),
                    "the arms of this `if` have types `{a}` and `{b}`"
                );
                let at = then.tail.as_ref().map_or(then.span, |t| t.span);
                let error = error
                    .here(format!("this is `{b}`"))
                    .because(at, format!("this is `{a}`"));
                self.report(error.help("give both arms one type"));
                Typed::poison(span)
            }
        }
    }

    /// A condition: a `bool`, public or secret.
    pub fn condition_value(&mut self, c: &Expr) -> Typed {
        let typed = self.expr(c, Some(&Ty::bool()));
        match &typed.ty {
            Ty::Bool(_) | Ty::Never => typed,
            other => {
                let shown = self.show(other);
                let error =
                    diagnostic!(E3001, typed.span, "a condition is a `bool`, not `{shown}`");
                let error = error.here(format!("this is `{shown}`"));
                self.report(error.help("compare it, for example with `!= 0`"));
                Typed::poison(typed.span)
            }
        }
    }

    fn reveal(&mut self, inner: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        let typed = self.expr(inner, want);
        self.effect("reveal", span);
        let ty = typed.ty.clone().public(&self.ck.structs);
        if !self.secrecy(&ty).is_public() {
            let shown = self.show(&typed.ty);
            let error = diagnostic!(
                E3022,
                span,
                "`{shown}` cannot be revealed in a generic function"
            );
            let error = error.here("what is secret here depends on the caller");
            self.report(error.help("let the caller reveal it, or take a concrete type"));
            return Typed::poison(span);
        }
        Typed::new(H::Reveal(typed.boxed()), ty, span)
    }

    /// Notes an effect here, and refuses it under a secret condition.
    fn effect(&mut self, what: &'static str, span: Span) {
        let help = "do it outside of the `if`, on a value that the `if` selects";
        if !self.refuse_under_secret(Code::E3003, span, &format!("`{what}`"), help, 0) {
            self.summary.effects.push(Effect {
                what,
                span,
                callee: None,
            });
        }
    }

    fn make_secret(&mut self, inner: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        let typed = self.expr(inner, want);
        if self.kind != Kind::Test {
            let error = diagnostic!(E3021, span, "`secret(…)` makes secrets for tests only")
                .here("not in a test");
            self.report(error.help("give the variable a type: `let x: secret T = …;`"));
            return Typed::poison(span);
        }
        let ty = typed.ty.clone().with(Secrecy::SECRET);
        Typed::new(H::MakeSecret(typed.boxed()), ty, span)
    }

    fn assert(&mut self, condition: &Expr, why: Option<&str>, span: Span) -> Typed {
        let typed = self.condition_value(condition);
        self.effect("assert", span);
        Typed::new(
            H::Assert(typed.boxed(), why.map(str::to_owned)),
            Ty::unit(),
            span,
        )
    }

    fn cast(&mut self, inner: &Expr, target: &ast::Type, span: Span) -> Typed {
        let generics = self.generics.clone();
        let target_ty = self.ck.plain_type(target, self.module, &generics);
        // A literal that is cast is of the target's type, so that `300 as u8` is caught.
        let hint = is_bare(inner)
            .then(|| target_ty.clone())
            .filter(Ty::is_integral);
        let typed = self.expr(inner, hint.as_ref());
        if typed.ty.is_never() || target_ty.is_never() {
            return Typed::poison(span);
        }
        let secrecy = self.secrecy(&typed.ty);
        let castable = |b: &Self, t: &Ty| match t {
            Ty::Int { .. } | Ty::Usize => true,
            Ty::Param { id, .. } => b.generics.get(id.index()).is_some_and(|g| g.bounds.num),
            Ty::Wide(_) => true,
            _ => false,
        };
        let from_ok = castable(self, &typed.ty) || matches!(typed.ty, Ty::Bool(_));
        if !from_ok || !castable(self, &target_ty) {
            let (a, b) = (self.show(&typed.ty), self.show(&target_ty));
            let error = diagnostic!(E3012, span, "`{a}` cannot be cast to `{b}`")
                .here(format!("this is `{a}`"));
            let help = match (&typed.ty, &target_ty) {
                (_, Ty::Bool(_)) => "compare it, for example with `!= 0`",
                (Ty::Param { .. }, _) | (_, Ty::Param { .. }) => {
                    "the type parameter needs the bound `Int`"
                }
                _ => "integers cast to integers, and `bool` to integers",
            };
            self.report(error.help(help));
            return Typed::poison(span);
        }
        if matches!(target_ty, Ty::Usize) && !secrecy.is_public() {
            let hir = typed.hir();
            let error = diagnostic!(E3002, span, "a `usize` is public");
            let error = self.flow(error, &hir, "this would be secret");
            self.report(error.help("cast to `u64`, which may be secret"));
            return Typed::poison(span);
        }
        Typed::new(H::Cast(typed.boxed()), target_ty.with(secrecy), span)
    }

    /// Declares a variable for what an expression gave, if its type can be kept in one.
    pub fn keepable(&mut self, ty: &Ty, span: Span) -> Ty {
        if matches!(ty, Ty::Fn(_)) {
            let error =
                diagnostic!(E3019, span, "a function is not a run-time value").here("not kept");
            self.report(error.help("pass it directly"));
            return Ty::Never;
        }
        ty.clone()
    }

    /// The cause of a variable with a written type, or with that of its value.
    pub fn cause(&self, annotated: bool, value: &hir::Expr) -> Cause {
        if annotated {
            Cause::Declared
        } else {
            flow::cause_of(value)
        }
    }
}

/// A literal that has no type of its own yet.
pub(crate) fn is_bare(e: &Expr) -> bool {
    match &e.kind {
        E::Int(_, None) => true,
        E::Paren(e) | E::Unary(_, e) => is_bare(e),
        E::Binary(op, a, b) => {
            !super::operator::is_comparison(*op)
                && is_bare(a)
                && (is_bare(b) || super::operator::is_shift(*op))
        }
        E::Array(items) => !items.is_empty() && items.iter().all(is_bare),
        E::Repeat(item, _) => is_bare(item),
        E::Tuple(items) => !items.is_empty() && items.iter().all(is_bare),
        E::If(_, then, Some(otherwise)) => {
            then.stmts.is_empty()
                && then.tail.as_ref().is_some_and(|t| is_bare(t))
                && tail_is_bare(otherwise)
        }
        _ => false,
    }
}

fn tail_is_bare(e: &Expr) -> bool {
    match &e.kind {
        E::Block(b) => b.stmts.is_empty() && b.tail.as_ref().is_some_and(|t| is_bare(t)),
        _ => is_bare(e),
    }
}

fn tail_span(e: &Expr) -> Span {
    match &e.kind {
        E::Block(b) => b.tail.as_ref().map_or(e.span, |t| t.span),
        _ => e.span,
    }
}

fn rows_differ_in_length(a: &Ty, b: &Ty) -> bool {
    matches!((a, b), (Ty::Array(..), Ty::Array(..)))
}

/// The type with the arguments that are known; `None` if one that it needs is not.
pub(crate) fn substituted(ty: &Ty, args: &[Option<Arg>]) -> Option<Ty> {
    fn known(ty: &Ty, args: &[Option<Arg>]) -> bool {
        match ty {
            Ty::Param { id, .. } => args.get(id.index()).is_some_and(Option::is_some),
            Ty::Array(t, n) => {
                known(t, args)
                    && !matches!(n, Len::Param(id) if args.get(id.index()).is_none_or(Option::is_none))
            }
            Ty::Ragged(t, _) | Ty::Wide(t) => known(t, args),
            Ty::Tuple(ts) => ts.iter().all(|t| known(t, args)),
            Ty::Struct { args: own, .. } => own.iter().all(|a| match a {
                Arg::Type(t) => known(t, args),
                Arg::Len(Len::Param(id)) => args.get(id.index()).is_some_and(Option::is_some),
                _ => true,
            }),
            Ty::Fn(s) => s.params.iter().all(|t| known(t, args)) && known(&s.ret, args),
            _ => true,
        }
    }
    if !known(ty, args) {
        return None;
    }
    let filled: Vec<Arg> = args
        .iter()
        .map(|a| a.clone().unwrap_or(Arg::Callable))
        .collect();
    Some(ty.clone().substitute(&filled))
}
