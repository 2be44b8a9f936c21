//! Closures and functions as compile-time values: checked where they are passed, with the types known there.

use super::body::{Body, Cause, Typed};
use super::effects::{Call, Effect};
use super::flow;
use crate::ast::{Expr, ExprKind as E, Name, Pattern, PatternKind, Type};
use crate::diagnostic;
use crate::diagnostic::Code;
use crate::hir::{self, ExprKind as H, LocalId, Text};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Signature, Ty};

/// A callable argument after checking: the value, what it gives, what it does.
pub(crate) struct Callable {
    pub value: hir::Expr,
    pub ret: Ty,
    pub effects: Vec<Effect>,
}

impl Body<'_, '_> {
    /// Whether an argument is a function or closure, as opposed to a value.
    pub fn is_callable(&mut self, e: &Expr) -> bool {
        match &e.kind {
            E::Closure(..) => true,
            E::Paren(e) => self.is_callable(e),
            E::Path(path) => {
                if let [name] = path.parts.as_slice()
                    && let Some(id) = self.local(&name.text)
                {
                    return matches!(self.locals[id.index()].ty, Ty::Fn(_));
                }
                matches!(self.lookup(&path.parts), Some(Def::Fn(_)))
            }
            _ => false,
        }
    }

    /// An argument that must be callable with these parameters; its result may be expected.
    pub fn callable(&mut self, e: &Expr, params: &[Ty], want: Option<&Ty>) -> Option<Callable> {
        match &e.kind {
            E::Paren(inner) => self.callable(inner, params, want),
            E::Closure(own, body) => self.closure(own, body, params, want, e.span),
            E::Path(path) => {
                if let [name] = path.parts.as_slice()
                    && let Some(id) = self.named_local(name)
                {
                    return self.callable_local(id, params, e.span);
                }
                match self.lookup(&path.parts) {
                    Some(Def::Fn(id)) => self.fn_value(id, params, e.span),
                    Some(_) => self.not_callable(e.span),
                    None => {
                        self.unknown_name(&path.parts, e.span);
                        None
                    }
                }
            }
            _ => {
                let typed = self.expr(e, None);
                if typed.ty.is_never() {
                    None
                } else {
                    self.not_callable(e.span)
                }
            }
        }
    }

    fn not_callable(&mut self, span: Span) -> Option<Callable> {
        let error = diagnostic!(E3008, span, "a function is expected here").here("not a function");
        self.report(
            error.help("pass a closure, for example `|x| x + 1`, or the name of a function"),
        );
        None
    }

    fn closure(
        &mut self,
        own: &[(Pattern, Option<Type>)],
        body: &Expr,
        params: &[Ty],
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Callable> {
        if own.len() != params.len() {
            let error = diagnostic!(
                E3007,
                span,
                "this closure takes {} arguments, {} are given",
                own.len(),
                params.len()
            );
            self.report(
                error
                    .here("wrong number of parameters")
                    .help(format!("write {} parameters", params.len())),
            );
            return None;
        }
        let (n_effects, n_calls) = (self.summary.effects.len(), self.summary.calls.len());
        let generics = self.generics.clone();
        self.closures
            .push((self.conditions.len(), self.loops.len()));
        let (locals, value) = self.scoped(|b| {
            let mut locals = Vec::new();
            let mut stmts = Vec::new();
            for ((pattern, ty), given) in own.iter().zip(params) {
                let ty = match ty {
                    Some(written) => {
                        let declared = b.ck.plain_type(written, b.module, &generics);
                        b.check_given(given, &declared, written.span);
                        declared
                    }
                    None => given.clone(),
                };
                locals.push(b.closure_param(pattern, ty, &mut stmts));
            }
            let value = b.expr(body, want);
            let value = if stmts.is_empty() {
                value
            } else {
                let (ty, span) = (value.ty.clone(), value.span);
                Typed::new(H::Block(stmts, Some(value.boxed())), ty, span)
            };
            (locals, value)
        });
        self.closures.pop();
        let mut effects = self
            .summary
            .effects
            .get(n_effects..)
            .unwrap_or(&[])
            .to_vec();
        let calls = self.summary.calls.get(n_calls..).unwrap_or(&[]);
        effects.extend(calls.iter().map(|c| Effect {
            what: "",
            span: c.span,
            callee: Some(c.callee),
            param: None,
        }));
        let effects = distinct(effects);
        let ret = value.ty.clone();
        let value = Typed::new(
            H::Closure {
                params: locals,
                body: value.boxed(),
            },
            Ty::Fn(Box::new(Signature {
                params: params.to_vec(),
                ret: ret.clone(),
            })),
            span,
        );
        Some(Callable {
            value: value.hir(),
            ret,
            effects,
        })
    }

    /// Reports a closure parameter whose written type cannot hold what it will be given.
    fn check_given(&mut self, given: &Ty, declared: &Ty, span: Span) {
        match given.fits(declared, &self.ck.structs) {
            crate::types::Fit::Yes => {}
            crate::types::Fit::TooSecret => {
                let shown = self.show(given);
                let error = diagnostic!(E3002, span, "this parameter gets a secret")
                    .here("declared public");
                self.report(error.help(format!("write `{shown}`, or leave the type out")));
            }
            crate::types::Fit::No => {
                let (a, b) = (self.show(declared), self.show(given));
                let error = diagnostic!(E3001, span, "this parameter is `{a}` and gets `{b}`")
                    .here("does not fit");
                self.report(error.help("leave the type out"));
            }
        }
    }

    fn closure_param(&mut self, pattern: &Pattern, ty: Ty, stmts: &mut Vec<hir::Stmt>) -> LocalId {
        match &pattern.kind {
            PatternKind::Bind { mutable, name } => {
                let id = self.declare(name, ty, *mutable, Cause::Declared);
                // What the closure is given to says how many parameters it has.
                if let Some(local) = self.locals.get_mut(id.index()) {
                    local.used = true;
                }
                id
            }
            PatternKind::Wild => self.temporary(String::new(), ty, pattern.span, Cause::Declared),
            _ => {
                let id = self.temporary(String::new(), ty, pattern.span, Cause::From(None));
                self.destructure(pattern, id, stmts);
                id
            }
        }
    }

    fn callable_local(&mut self, id: LocalId, params: &[Ty], span: Span) -> Option<Callable> {
        let signature = match self.signature(id) {
            Some(signature) => signature,
            None => return self.not_callable(span),
        };
        self.locals[id.index()].used = true;
        self.same_params(&signature.params, params, span)?;
        self.use_callable(id, span);
        let effects = self.locals[id.index()].effects.clone();
        let ty = self.locals[id.index()].ty.clone();
        Some(Callable {
            value: flow::read(id, &ty, span).hir(),
            ret: signature.ret,
            effects,
        })
    }

    fn fn_value(&mut self, id: hir::FnId, params: &[Ty], span: Span) -> Option<Callable> {
        if self.ck.main == Some(id) {
            let error = diagnostic!(E3008, span, "`main` cannot be called").here("`main`");
            self.report(error.help("move what both need into a function of its own"));
            return None;
        }
        let id = match params.first() {
            Some(Ty::Text(Text::Str(_), _)) => self.twin_of_texts(id).unwrap_or(id),
            _ => id,
        };
        let sig = self.ck.fns.get(id.index())?.clone();
        let mut args: Vec<Option<Arg>> = vec![None; sig.generics.len()];
        for (param, given) in sig.params.iter().zip(params) {
            self.unify(&param.ty, given, &mut args);
        }
        let types: Vec<Ty> = sig.params.iter().map(|p| p.ty.clone()).collect();
        if types.len() != params.len() {
            let name = self.ck.world.fn_name(id);
            let error = diagnostic!(
                E3007,
                span,
                "`{name}` takes {} arguments, {} are given",
                types.len(),
                params.len()
            );
            self.report(
                error
                    .here("wrong number of parameters")
                    .help("pass a closure that calls it"),
            );
            return None;
        }
        let args = self.complete(&sig.generics, args, span, None)?;
        let types: Vec<Ty> = types.into_iter().map(|t| t.substitute(&args)).collect();
        self.same_params(&types, params, span)?;
        self.summary.calls.push(Call {
            callee: id,
            span,
            under: self.conditions.first().cloned(),
        });
        let ret = sig.ret.substitute(&args);
        let ty = Ty::Fn(Box::new(Signature {
            params: types,
            ret: ret.clone(),
        }));
        let effects = vec![Effect {
            what: "",
            span,
            callee: Some(id),
            param: None,
        }];
        Some(Callable {
            value: Typed::new(H::FnValue(id), ty, span).hir(),
            ret,
            effects,
        })
    }

    fn same_params(&mut self, takes: &[Ty], given: &[Ty], span: Span) -> Option<()> {
        if takes.len() != given.len() {
            let error = diagnostic!(
                E3007,
                span,
                "this takes {} arguments, {} are given",
                takes.len(),
                given.len()
            );
            self.report(
                error
                    .here("wrong number of parameters")
                    .help("pass a closure that calls it"),
            );
            return None;
        }
        for (takes, given) in takes.iter().zip(given) {
            let fit = given.fits(takes, &self.ck.structs);
            if fit == crate::types::Fit::Yes {
                continue;
            }
            let (a, b) = (self.show(takes), self.show(given));
            let message = format!("this function takes `{a}` and gets `{b}`");
            let error = match fit {
                crate::types::Fit::TooSecret => diagnostic!(E3002, span, "{message}"),
                _ => diagnostic!(E3001, span, "{message}"),
            };
            self.report(
                error
                    .here("does not fit")
                    .help("pass a closure that converts the argument"),
            );
            return None;
        }
        Some(())
    }

    /// `let f = |x: T| …;`
    pub fn let_closure(
        &mut self,
        name: &Name,
        mutable: bool,
        init: &Expr,
        out: &mut Vec<hir::Stmt>,
    ) {
        let E::Closure(own, _) = &init.kind else {
            return;
        };
        let generics = self.generics.clone();
        let mut params = Vec::new();
        for (pattern, ty) in own {
            match ty {
                Some(ty) => params.push(self.ck.plain_type(ty, self.module, &generics)),
                None => {
                    let error = diagnostic!(
                        E3010,
                        pattern.span,
                        "nothing says what type this parameter has"
                    );
                    self.report(
                        error
                            .here("no type")
                            .help("write `name: TYPE`, or pass the closure directly"),
                    );
                    params.push(Ty::Never);
                }
            }
        }
        if mutable {
            let error = diagnostic!(E3019, name.span, "a closure cannot be chosen at run time")
                .here("`mut`");
            self.report(error.help("remove `mut`"));
        }
        let callable = self.callable(init, &params, None);
        let (ret, effects) = callable.as_ref().map_or((Ty::Never, Vec::new()), |c| {
            (c.ret.clone(), c.effects.clone())
        });
        let ty = Ty::Fn(Box::new(Signature { params, ret }));
        let id = self.declare(name, ty, false, Cause::Declared);
        self.locals[id.index()].effects = effects;
        if let Some(callable) = callable {
            out.push(hir::Stmt::Let(id, Some(callable.value)));
        }
    }

    /// A call of a variable that holds a callable.
    pub fn call_value(&mut self, id: LocalId, args: &[&Expr], span: Span) -> Typed {
        let Some(signature) = self.signature(id) else {
            let name = self.locals[id.index()].name.clone();
            let error = diagnostic!(E3008, span, "`{name}` is not a function").here("called here");
            let error = error.because(self.locals[id.index()].span, "declared here");
            self.report(error.help("only functions and closures can be called"));
            args.iter().for_each(|a| {
                self.expr(a, None);
            });
            return Typed::poison(span);
        };
        self.locals[id.index()].used = true;
        if args.len() != signature.params.len() {
            let name = self.locals[id.index()].name.clone();
            let n = signature.params.len();
            let error = diagnostic!(
                E3007,
                span,
                "`{name}` takes {n} arguments, {} are given",
                args.len()
            );
            self.report(
                error
                    .here("wrong number of arguments")
                    .help(format!("give {n} arguments")),
            );
            return Typed::poison(span);
        }
        let mut out = Vec::new();
        for (arg, ty) in args.iter().zip(&signature.params) {
            let typed = self.expr(arg, Some(ty));
            out.push(self.coerce(typed, ty, None));
        }
        self.use_callable(id, span);
        let ty = self.locals[id.index()].ty.clone();
        let callee = flow::read(id, &ty, span);
        Typed::new(H::CallValue(callee.boxed(), out), signature.ret, span)
    }

    /// Notes that what a variable holds is called here, or passed on to be called.
    fn use_callable(&mut self, id: LocalId, span: Span) {
        let local = &self.locals[id.index()];
        let mut effects = local.effects.clone();
        effects.extend(local.callable_param.map(|param| Effect {
            what: "",
            span,
            callee: None,
            param: Some(param),
        }));
        let under = self.conditions.first().cloned();
        let mut refused = false;
        for effect in effects {
            match (effect.callee, effect.param) {
                (Some(callee), _) => self.summary.calls.push(Call {
                    callee,
                    span,
                    under: under.clone(),
                }),
                (None, Some(param)) if under.is_some() => {
                    self.summary.callables_under_secret.push((param, span));
                }
                (None, None) if under.is_some() => {
                    if !refused {
                        let what = format!("a call that would {}", effect.what);
                        let help = "call it outside of the `if`, and select among the results";
                        self.refuse_under_secret(Code::E3003, span, &what, help, 0);
                    }
                    refused = true;
                }
                // A closure around this one does what this one does.
                (None, _) => self.summary.effects.push(effect),
            }
        }
    }
}

/// Effects without repetitions, so that closures that use closures do not add up.
fn distinct(effects: Vec<Effect>) -> Vec<Effect> {
    let mut out: Vec<Effect> = Vec::new();
    for effect in effects {
        let same = |e: &Effect| match (effect.callee, effect.param) {
            (None, None) => *e == effect,
            (callee, param) => e.callee == callee && e.param == param,
        };
        if !out.iter().any(same) {
            out.push(effect);
        }
    }
    out
}
