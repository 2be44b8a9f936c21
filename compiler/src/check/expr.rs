//! Expressions: the expected type goes down as a hint, the found one comes up.

use super::body::{Body, Cause, Kind, Typed, Written};
use super::effects::Effect;
use super::flow;
use crate::ast::{self, BinaryOp, Expr, ExprKind as E, MAX_LINKS, Name, UnaryOp};
use crate::diagnostic;
use crate::diagnostic::{Code, suggestion_after};
use crate::hir::{self, ExprKind as H, GenericId, GenericKind, Len, Real, Text};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Fields as _, Secrecy, Ty, width};
use smpcc_circuit::decimal::Decimal;
use smpcc_circuit::value::{Integer, Scalar};

/// From how many letters on a name that is spelt nearly like one of the library is taken for it.
const LONG_NAME: usize = 5;

impl Body<'_, '_> {
    /// Checks an expression; `want` is the type that is expected of it, a hint that need not be met.
    pub fn expr(&mut self, e: &Expr, want: Option<&Ty>) -> Typed {
        if let Some(kept) = self.kept.last()
            && std::ptr::eq(kept.node, e)
        {
            kept.value.clone()
        } else if e.links > MAX_LINKS {
            self.flat(e, want)
        } else {
            self.one(e, want)
        }
    }

    /// An expression whose spine is short, or kept in a variable.
    pub fn one(&mut self, e: &Expr, want: Option<&Ty>) -> Typed {
        match &e.kind {
            E::Error => Typed::poison(e.span),
            E::Int(value, suffix) => self.int(*value, false, suffix.as_deref(), e.span, want),
            E::Decimal(text) => self.decimal(text, false, e.span, want),
            E::Bool(value) => Typed::new(H::Lit(u128::from(*value)), Ty::bool(), e.span),
            E::Str(text) => self.text(text, e.span, want),
            E::Paren(inner) => Typed {
                span: e.span,
                ..self.expr(inner, want)
            },
            E::Path(path) => self.path_expr(path, want),
            E::Array(items) => self.array(items, want, e.span),
            E::Repeat(item, n) => self.repeat(item, n, want, e.span),
            E::Tuple(items) => self.tuple(items, want, e.span),
            E::Struct(path, fields) => self.struct_literal(path, fields, want, e.span),
            E::Field(base, name) => self.field(base, name, e.span),
            E::TupleField(base, name) => self.tuple_field(base, name, e.span),
            E::Index(base, index) => self.index(base, index, e.span),
            E::Range { .. } => {
                let error = diagnostic!(E3022, e.span, "a range is not a value").here("not here");
                self.report(error.help(
                    "ranges stand in loops and as an index: write `for i in 0..n { … }`, or an array such as `[0; n].enumerate().map(|(i, _)| …)`",
                ));
                Typed::poison(e.span)
            }
            E::Call(f, args) => self.call(f, args, want, e.span),
            E::Method(receiver, path, args) => self.method(receiver, path, args, want, e.span),
            E::Unary(op, inner) => self.unary(*op, inner, want, e.span),
            E::Binary(op, a, b) => self.binary(*op, a, b, want, e.span),
            E::Cast(inner, ty) => self.cast(inner, ty, e.span),
            E::If(c, then, otherwise) => self.if_expr(c, then, otherwise.as_deref(), want, e.span),
            E::IfLet(parts) => self.if_let(parts, want, e.span, false),
            E::Match(value, arms) => self.match_expr(value, arms, want, e.span),
            E::Block(block) => self.block(block, want),
            E::Attributed(attributes, block) => self.attributed(attributes, block, want),
            E::Closure(..) => {
                let error = diagnostic!(E3019, e.span, "a closure is not a run-time value")
                    .here("not here");
                self.report(error.help("pass it directly to a function, or bind it with `let` and give its parameters types"));
                Typed::poison(e.span)
            }
            E::Reveal(inner, _) => self.reveal(inner, want, e.span),
            E::MakeSecret(inner) => self.make_secret(inner, want, e.span),
            E::Assert(condition, why) => {
                self.assert(condition, why.as_ref().map(|w| w.text.as_str()), e.span)
            }
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
                Some(Ty::Scalar(Scalar::Int { width, signed }, _)) => Ty::int(*width, *signed),
                Some(Ty::Usize) => Ty::Usize,
                Some(Ty::Never) => Ty::Never,
                // Days and seconds are added to dates and moments.
                Some(Ty::Text(Text::Datetime, _)) => Ty::int(64, true),
                Some(Ty::Real(real, _)) => {
                    let real = real.clone();
                    return self.real(Decimal::integer(negative, value), real, span);
                }
                Some(Ty::Param { id, .. })
                    if self.generics.get(id.index()).is_some_and(|g| g.bounds.num) =>
                {
                    Ty::param(*id)
                }
                Some(Ty::Wide(inner, of)) => inner.clone().public().summed(*of),
                _ => Ty::int(32, true),
            },
        };
        let (width, signed) = match &ty {
            Ty::Scalar(Scalar::Int { width, signed }, _) => (*width, *signed),
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

    fn path_expr(&mut self, path: &ast::Path, want: Option<&Ty>) -> Typed {
        let span = path.span;
        if let [name] = path.parts.as_slice() {
            if let Some(id) = self.named_local(name) {
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
                self.ck.refer(name, self.generics[at].span);
                let id = GenericId(u32::try_from(at).unwrap_or(u32::MAX));
                return Typed::new(H::ConstParam(id), Ty::Usize, span);
            }
        }
        if let Some(limit) = self.limit(path) {
            return limit;
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
            Some(Def::Variant(id, at)) => {
                let written = Written { id, at, path };
                self.variant_value(written, want, span)
            }
            Some(Def::Struct(id)) if self.ck.structs.0[id.index()].is_enum => {
                let sig = &self.ck.structs.0[id.index()];
                let name = sig.name.clone();
                let first = sig
                    .variants
                    .first()
                    .map_or("…", |v| v.name.as_str())
                    .to_owned();
                let error = diagnostic!(E2001, span, "`{name}` is an enum, not a value of it")
                    .here("not a value");
                self.report(error.help(format!("name a variant: `{name}::{first}`")));
                Typed::poison(span)
            }
            Some(Def::Struct(_) | Def::Alias(_) | Def::Module(_)) => {
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
        self.unknown(parts, span, "let {} = …;");
    }

    /// Reports the name of a function that nothing has.
    pub fn unknown_function(&mut self, parts: &[Name], span: Span) {
        self.unknown(parts, span, "fn {}(…) -> … { … }");
    }

    /// Reports a name that nothing has; how it would be declared, with `{}` for the name.
    fn unknown(&mut self, parts: &[Name], span: Span, declaration: &str) {
        let Some(last) = parts.last() else { return };
        if self.unknown_variant(parts) {
            return;
        }
        if let [first, _, ..] = parts {
            let first_def = self.ck.world.lookup(self.module, &first.text);
            if let (Some(Def::Module(inner)), [_, item]) = (first_def, parts) {
                if let Err(error) =
                    crate::resolve::item_of(self.ck.world, self.ck.out.len(), inner, item)
                {
                    self.report(*error);
                }
                return;
            }
            let path_of = |parts: &[Name]| {
                let names: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
                names.join("::")
            };
            let path = path_of(parts);
            let error = diagnostic!(
                E2005,
                first.span,
                "there is no module `{}` here",
                first.text
            )
            .here("unknown module");
            let is_number_type = super::hints::is_number_type;
            let of_prelude = |name: &str| super::builtin::NAMES.iter().any(|(n, _)| *n == name);
            let help = match first.text.as_str() {
                "std" | "core" if is_number_type(&parts[1].text) => {
                    format!("write `{}`, without a module", path_of(&parts[1..]))
                }
                // `std::cmp::max` is here what `max` is; `std::stats::max` is another function.
                "std" | "core"
                    if parts.len() > 2
                        && of_prelude(&last.text)
                        && !crate::parses::library_has(&parts[1].text, &last.text) =>
                {
                    format!("`{}` needs no module: call it alone", last.text)
                }
                "std" | "crate" => {
                    format!("write `use {path};` at the top and call `{}`", last.text)
                }
                "f32" | "f64" => match last.text.as_str() {
                    "INFINITY" | "NEG_INFINITY" | "NAN" => {
                        "such numbers come of arithmetic only, as `1.0 / 0.0`".to_owned()
                    }
                    _ => {
                        "types of integers have `MAX`, `MIN` and `BITS`; of floats write the number"
                            .to_owned()
                    }
                },
                "bool" => "a `bool` is `true` or `false`".to_owned(),
                other if is_number_type(other) && of_prelude(&last.text) => {
                    format!("write `{}(x)` or `x.{}()`", last.text, last.text)
                }
                other if is_number_type(other) => {
                    "types of integers have `MAX`, `MIN` and `BITS`, and no functions".to_owned()
                }
                other => match super::hints::for_type(other) {
                    Some(help) => help.to_owned(),
                    None => format!("bring it in: `use std::{other};` or `use crate::{other};`"),
                },
            };
            self.report(error.help(help));
            return;
        }
        let text = last.text.as_str();
        let error = diagnostic!(E2001, span, "there is no `{text}` in scope").here("unknown name");
        let names = self
            .scopes
            .iter()
            .rev()
            .flat_map(|s| s.keys().map(String::as_str))
            // Nobody means to call `main`.
            .chain(self.ck.world.names(self.module).filter(|n| *n != "main"))
            .chain(super::builtin::NAMES.iter().map(|(n, _)| *n))
            .chain(super::asked::NAMES.iter().map(|(n, _)| *n))
            .chain(self.generics.iter().map(|g| g.name.as_str()));
        let near = suggestion_after(self.ck.out.len(), text, names).map(str::to_owned);
        if let Some(of) = self.enum_with(last) {
            self.report(error.help(format!("write `{of}::{text}`")));
            return;
        }
        // A variable whose name was mistyped is meant to be read.
        if let Some(id) = near.as_ref().and_then(|near| self.local(near)) {
            self.locals[id.index()].used = true;
        }
        let library = crate::parses::library_module_of(text);
        let foreign = super::hints::for_value(text);
        // Only what is spelt nearly alike: the library has many names.
        let is_like = |n: &&str| n.len().abs_diff(text.len()) < 2 && n.get(..2) == text.get(..2);
        let in_library = match declaration.starts_with("fn") && text.len() >= LONG_NAME {
            true => {
                let names = crate::parses::library_names().filter(is_like);
                suggestion_after(self.ck.out.len(), text, names)
            }
            false => None,
        };
        let error = match (near, library) {
            _ if foreign.is_some() => error.help(foreign.unwrap_or_default()),
            (_, Some(module)) => error.help(format!("bring it in: `use std::{module}::{text};`")),
            (Some(near), None) => error.help(format!("did you mean `{near}`?")),
            (None, None) => match in_library {
                Some(near) => {
                    let module = crate::parses::library_module_of(near).unwrap_or_default();
                    error.help(format!(
                        "did you mean `{near}`? Bring it in: `use std::{module}::{near};`"
                    ))
                }
                None => {
                    let declared = declaration.replacen("{}", text, 1);
                    error.help(format!("declare it, for example `{declared}`"))
                }
            },
        };
        self.report(error);
    }

    fn if_expr(
        &mut self,
        c: &Expr,
        then: &ast::Block,
        otherwise: Option<&Expr>,
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let truth = self.truth(c);
        let c = self.condition_value(c);
        let condition = self.condition(&c);
        let (never, always) = (truth == Some(false), truth == Some(true));
        let secrecy = condition.as_ref().map_or(Secrecy::PUBLIC, |c| c.secrecy);
        let check_then = |b: &mut Self, hint: Option<&Ty>| {
            b.under(condition.clone(), |b| b.arm(never, |b| b.block(then, hint)))
        };
        let Some(otherwise) = otherwise else {
            let then_value = check_then(self, None);
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
        // Bare literals in the first arm take the type of the second one.
        let later = want.is_none() && is_bare_block(then) && !tail_is_bare(otherwise);
        let then_value = (!later).then(|| check_then(self, want));
        let hint = match &then_value {
            Some(value) if !value.ty.is_never() => Some(value.ty.clone()),
            _ => want.cloned(),
        };
        let other_value = self.under(condition.clone(), |b| {
            b.arm(always, |b| b.expr(otherwise, hint.as_ref()))
        });
        let then_value = match then_value {
            Some(value) => value,
            None => {
                let hint = Some(&other_value.ty).filter(|ty| !ty.is_never());
                check_then(self, hint)
            }
        };
        match then_value.ty.join(&other_value.ty, &self.ck.structs) {
            Some(ty) => {
                let ty = self.hidden(ty, secrecy, span);
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
            Ty::Scalar(Scalar::Bool, _) | Ty::Never => typed,
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
        let ty = typed.ty.clone().public();
        if !self.secrecy(&ty).is_public() {
            let shown = self.show(&typed.ty);
            let error = diagnostic!(E3022, span, "`{shown}` cannot be revealed as a whole");
            let error =
                error.here("a part stays secret by its declaration, or depends on the caller");
            self.report(error.help("reveal its fields, or let the caller reveal it"));
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
                param: None,
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
        let ty = self.hidden(typed.ty.clone(), Secrecy::SECRET, span);
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
            .filter(|ty| ty.is_number() || matches!(ty, Ty::Text(..)));
        let typed = self.expr(inner, hint.as_ref());
        if typed.ty.is_never() || target_ty.is_never() {
            return Typed::poison(span);
        }
        if let (Ty::Text(from, secrecy), Ty::Text(to, _)) = (&typed.ty, &target_ty)
            && (from == to || longer(from, to))
        {
            let ty = target_ty.clone().with(*secrecy);
            return Typed::new(H::Cast(typed.boxed()), ty, span);
        }
        let typed = self.number_of(typed);
        let secrecy = self.secrecy(&typed.ty);
        let castable = |b: &Self, t: &Ty| match t {
            Ty::Scalar(Scalar::Int { .. }, _) | Ty::Usize | Ty::Real(..) => true,
            Ty::Param { id, .. } => b.generics.get(id.index()).is_some_and(|g| g.bounds.num),
            Ty::Wide(..) => true,
            _ => false,
        };
        let from_ok = castable(self, &typed.ty)
            || matches!(
                typed.ty,
                Ty::Scalar(Scalar::Bool, _) | Ty::Text(Text::Date | Text::Datetime, _)
            );
        if !from_ok || !castable(self, &target_ty) {
            let (a, b) = (self.show(&typed.ty), self.show(&target_ty));
            let error = diagnostic!(E3012, span, "`{a}` cannot be cast to `{b}`")
                .here(format!("this is `{a}`"));
            let help = match (&typed.ty, &target_ty) {
                (_, Ty::Scalar(Scalar::Bool, _)) => "compare it, for example with `!= 0`",
                (Ty::Param { .. }, _) | (_, Ty::Param { .. }) => {
                    "the type parameter needs the bound `Int`"
                }
                (from, Ty::Text(Text::Date, _)) if from.is_number() => {
                    "add the days to a date: `date(\"1970-01-01\") + n`, with `n` of type `i32`"
                }
                (from, Ty::Text(Text::Datetime, _)) if from.is_number() => {
                    "add the seconds to a moment: `datetime(\"1970-01-01\") + n`, with `n` of type `i64`"
                }
                (Ty::Text(Text::Datetime, _), Ty::Text(Text::Date, _)) => {
                    "count its days: `date(\"1970-01-01\") + (t as i64 / 86400) as i32`"
                }
                (Ty::Text(Text::Date, _), Ty::Text(Text::Datetime, _)) => {
                    "add its seconds: `datetime(\"1970-01-01\") + (d as i64) * 86400`"
                }
                (Ty::Text(Text::Str(_), _), Ty::Text(Text::Str(_), _)) => {
                    "what does not fit would be cut off: make the shorter text longer, or take the bytes that are meant, `s.bytes()[0..n]`"
                }
                (_, Ty::Text(..)) => "a text is not made of other values",
                (Ty::Struct { id, .. }, _) if self.ck.structs.is_enum(*id) => {
                    "a variant holds something: say with `match` which number each one stands for"
                }
                _ => {
                    "numbers cast to numbers, and so do `bool`, enums without data, dates (days) and moments (seconds)"
                }
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
        self.warn_cut_off(inner, &target_ty, span);
        Typed::new(H::Cast(typed.boxed()), target_ty.with(secrecy), span)
    }

    /// Warns where a constant has bits that a cast cuts off. Of what shifts and masks bits, low ones are taken on purpose.
    fn warn_cut_off(&mut self, inner: &Expr, target: &Ty, span: Span) {
        let Ty::Scalar(to @ Scalar::Int { width, .. }, _) = target else {
            return;
        };
        if is_bare(inner) || takes_bits(inner) {
            return;
        }
        let Some(known) = self.constant(inner) else {
            return;
        };
        let value = Integer::of(known.scalar, known.word);
        let fits = match value.to_i128() {
            Some(n) => *width > 126 || -(1i128 << (width - 1)) <= n && n < 1i128 << width,
            None => *width == 128,
        };
        if fits {
            return;
        }
        let cut = Integer::of(*to, to.wrap(known.word));
        let name = self.show(target);
        let warning = diagnostic!(W0009, span, "{value} does not fit in `{name}`")
            .here(format!("this gives {cut}"));
        self.report(warning.help("cast to a wider type, or write the number that is meant"));
    }

    /// Of a value of an enum without data the number of its variant; any other value as it is.
    fn number_of(&mut self, typed: Typed) -> Typed {
        let Ty::Struct { id, secret, .. } = typed.ty else {
            return typed;
        };
        let [tag] = self.ck.structs.fields(id) else {
            return typed;
        };
        if !self.ck.structs.is_enum(id) {
            return typed;
        }
        let span = typed.span;
        let ty = tag.clone();
        let ty = self.hidden(ty, secret, span);
        Typed::new(H::Field(typed.boxed(), 0), ty, span)
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

/// Whether texts of one type fit another; where a parameter says how long they are, the session does.
fn longer(from: &Text, to: &Text) -> bool {
    match (from, to) {
        (Text::Str(Len::Const(n)), Text::Str(Len::Const(m))) => n <= m,
        (from, to) => matches!((from, to), (Text::Str(_), Text::Str(_))),
    }
}

/// Whether an expression shifts or masks bits.
fn takes_bits(e: &Expr) -> bool {
    let mut at = e;
    loop {
        match &at.kind {
            E::Paren(inner) => at = inner,
            E::Cast(inner, _) => at = inner,
            E::Unary(UnaryOp::Neg, inner) => at = inner,
            E::Unary(UnaryOp::Not, _) => return true,
            E::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, a, b) => {
                if takes_bits(b) {
                    return true;
                }
                at = a;
            }
            E::Binary(..) => return true,
            _ => return false,
        }
    }
}

/// A literal that has no type of its own yet.
pub(crate) fn is_bare(e: &Expr) -> bool {
    bare(e, false, &mut |_| false)
}

/// As [`is_bare`]; what is `typed` has a type, and what is an arm may be a block.
pub(crate) fn bare(e: &Expr, is_arm: bool, typed: &mut dyn FnMut(&Expr) -> bool) -> bool {
    let (mut e, mut is_arm) = (e, is_arm);
    loop {
        if typed(e) {
            return false;
        }
        match &e.kind {
            E::Int(_, None) | E::Decimal(_) | E::Str(_) => return true,
            // It does not say of what it is nothing.
            E::Path(path) => {
                return path.args.is_empty()
                    && matches!(path.parts.as_slice(), [name] if name.text == "None");
            }
            E::Call(..) => return is_draw(e),
            E::Paren(inner) | E::Unary(_, inner) => e = inner,
            E::Binary(op, a, b) => {
                let right = || is_bare(b) || super::operator::is_shift(*op);
                if super::operator::is_comparison(*op) || !right() {
                    return false;
                }
                e = a;
            }
            E::Array(items) => return !items.is_empty() && items.iter().all(is_bare),
            E::Repeat(item, _) => e = item,
            E::Tuple(items) => return !items.is_empty() && items.iter().all(is_bare),
            E::If(_, then, Some(otherwise)) => {
                if !is_bare_block(then) {
                    return false;
                }
                e = otherwise;
                is_arm = true;
                continue;
            }
            E::Block(b) if is_arm && b.stmts.is_empty() => match &b.tail {
                Some(tail) => e = tail,
                None => return false,
            },
            _ => return false,
        }
        is_arm = false;
    }
}

/// Whether an expression is written `random()`: it says nothing of its type.
fn is_draw(e: &Expr) -> bool {
    let E::Call(callee, args) = &e.kind else {
        return false;
    };
    let E::Path(path) = &callee.kind else {
        return false;
    };
    args.is_empty() && matches!(path.parts.as_slice(), [name] if name.text == "random")
}

pub(crate) fn is_bare_block(b: &ast::Block) -> bool {
    b.stmts.is_empty() && b.tail.as_ref().is_some_and(|t| is_bare(t))
}

fn tail_is_bare(e: &Expr) -> bool {
    bare(e, true, &mut |_| false)
}

pub(crate) fn tail_span(e: &Expr) -> Span {
    match &e.kind {
        E::Block(b) => b.tail.as_ref().map_or(e.span, |t| t.span),
        _ => e.span,
    }
}

/// As [`substituted`], for a hint: lengths that are not known are left open.
pub(crate) fn hinted(ty: &Ty, args: &[Option<Arg>]) -> Option<Ty> {
    fn opened(ty: Ty, args: &[Option<Arg>]) -> Ty {
        let unknown = |id: GenericId| {
            args.get(id.index())
                .is_none_or(|known: &Option<Arg>| known.is_none())
        };
        let open = |len| match len {
            Len::Param(id) if unknown(id) => Len::Session,
            other => other,
        };
        ty.descend(&mut |t| opened(t, args), &mut |n| n.replaced(&mut { open }))
    }
    substituted(&opened(ty.clone(), args), args)
}

/// The type with the arguments that are known; `None` if one that it needs is not.
pub(crate) fn substituted(ty: &Ty, args: &[Option<Arg>]) -> Option<Ty> {
    fn known_len(len: &Len, args: &[Option<Arg>]) -> bool {
        let mut all = true;
        len.clone().replaced(&mut |n| {
            all &= !matches!(n, Len::Param(id) if args.get(id.index()).is_none_or(Option::is_none));
            n
        });
        all
    }
    fn known(ty: &Ty, args: &[Option<Arg>]) -> bool {
        match ty {
            Ty::Param { id, .. } => args.get(id.index()).is_some_and(Option::is_some),
            Ty::Array(t, n) => known(t, args) && known_len(n, args),
            Ty::Real(Real::Fixed { width, frac }, _) => {
                known_len(width, args) && known_len(frac, args)
            }
            Ty::Text(Text::Str(n), _) => {
                !matches!(n, Len::Param(id) if args.get(id.index()).is_none_or(Option::is_none))
            }
            Ty::Ragged(t, _) | Ty::Wide(t, _) => known(t, args),
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
