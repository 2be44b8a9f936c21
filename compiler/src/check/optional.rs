//! What an `Option` is asked, and arithmetic that tells whether it fits.
//!
//! These are functions of the prelude in all but their types: how secret it is whether something is there follows from
//! the arguments, which no signature can say. They become comparisons, `if`s and variants, as if they had been
//! written out.

use super::asked::Asked;
use super::body::{Body, Typed, Written};
use super::builtin::Items;
use super::{Bounds, flow};
use crate::ast::{self, Expr, Name};
use crate::diagnostic;
use crate::hir::{self, Arith, Builtin, ExprKind as H, Real, StructId};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Ty};
use smpcc_circuit::value::Scalar;

/// The library's `Option`.
#[derive(Clone, Copy)]
struct Known {
    id: StructId,
    none: u32,
    some: u32,
}

impl Body<'_, '_> {
    /// A call of one of these functions.
    pub fn call_asked(
        &mut self,
        asked: Asked,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let (n, usage) = match asked {
            Asked::IsSome | Asked::IsNone => (1, format!("x.{}()", name.text)),
            Asked::UnwrapOr => (2, "x.unwrap_or(otherwise)".to_owned()),
            Asked::Checked(_) | Asked::Saturating(_) => (2, format!("a.{}(b)", name.text)),
        };
        if !self.expect_args(name, args, n, &usage, span) {
            return Typed::poison(span);
        }
        let found = match asked {
            Asked::IsSome => self.is_there(true, name, args[0], span),
            Asked::IsNone => self.is_there(false, name, args[0], span),
            Asked::UnwrapOr => self.unwrap_or(name, args, want, span),
            Asked::Checked(op) => self.checked(op, name, args, want, span),
            Asked::Saturating(op) => self.saturating(op, name, args, want, span),
        };
        found.unwrap_or(Typed::poison(span))
    }

    /// The library's `Option`, whatever else is called so here.
    fn known_option(&self) -> Option<Known> {
        let scope = &self.ck.world.modules.get(self.ck.world.prelude)?.scope;
        let of = |name: &str| match scope.get(name)?.def {
            Def::Variant(id, at) => Some((id, at)),
            _ => None,
        };
        let ((id, some), (_, none)) = (of("Some")?, of("None")?);
        Some(Known { id, none, some })
    }

    /// The library's `Option`, if the type is one.
    fn as_option(&self, ty: &Ty) -> Option<Known> {
        let known = self.known_option()?;
        matches!(ty, Ty::Struct { id, .. } if *id == known.id).then_some(known)
    }

    pub fn is_option(&self, ty: &Ty) -> bool {
        self.as_option(ty).is_some()
    }

    fn option(&mut self, arg: &Expr, name: &Name) -> Option<(Known, Typed)> {
        let value = self.expr(arg, None);
        if value.ty.is_never() {
            return None;
        }
        if let Some(known) = self.as_option(&value.ty) {
            return Some((known, value));
        }
        let shown = self.show(&value.ty);
        let error = diagnostic!(
            E3001,
            value.span,
            "`{}` takes an `Option`, not `{shown}`",
            name.text
        );
        self.report(
            error
                .here(format!("this is `{shown}`"))
                .help("what is always there needs not be asked"),
        );
        None
    }

    /// Puts a value in a variable.
    fn kept_value(&mut self, value: Typed, stmts: &mut Vec<hir::Stmt>) -> Typed {
        let (ty, span) = (value.ty.clone(), value.span);
        let value = value.hir();
        let cause = flow::cause_of(&value);
        let id = self.temporary(String::new(), ty.clone(), span, cause);
        stmts.push(hir::Stmt::Let(id, Some(value)));
        flow::read(id, &ty, span)
    }

    /// Whether an `Option` is this variant.
    fn is_variant(&self, at: u32, value: &Typed, span: Span) -> Typed {
        let Some(tag) = self.slot(value, 0) else {
            return Typed::poison(span);
        };
        let lit = Typed::new(H::Lit(u128::from(at)), tag.ty.clone().public(), span);
        let ty = Ty::Scalar(Scalar::Bool, self.secrecy(&tag.ty));
        let kind = H::Binary(hir::BinaryOp::Eq, tag.boxed(), lit.boxed());
        Typed::new(kind, ty, span)
    }

    fn is_there(&mut self, there: bool, name: &Name, arg: &Expr, span: Span) -> Option<Typed> {
        let (known, value) = self.option(arg, name)?;
        let at = if there { known.some } else { known.none };
        Some(self.is_variant(at, &value, span))
    }

    fn unwrap_or(
        &mut self,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let (known, value) = self.option(args[0], name)?;
        let mut stmts = Vec::new();
        let value = self.kept_value(value, &mut stmts);
        let sig = self.variant_sig(known.id, known.some)?;
        let held = self.held(&sig, 0, &value);
        let hint = want.cloned().unwrap_or(held.ty.clone());
        let other = self.expr(args[1], Some(&hint));
        let ty = self.joined(&held, &other, span)?;
        let other = self.kept_value(other, &mut stmts);
        let there = self.is_variant(known.some, &value, span);
        Some(self.chosen(stmts, there, held, other, ty, span))
    }

    /// `if condition { a } else { b }` after some statements.
    fn chosen(
        &mut self,
        stmts: Vec<hir::Stmt>,
        condition: Typed,
        a: Typed,
        b: Typed,
        ty: Ty,
        span: Span,
    ) -> Typed {
        let ty = ty.with(self.secrecy(&condition.ty));
        let kind = H::If {
            cond: condition.boxed(),
            then: a.boxed(),
            otherwise: Some(b.boxed()),
        };
        let choice = Typed::new(kind, ty.clone(), span);
        Typed::new(H::Block(stmts, Some(choice.boxed())), ty, span)
    }

    /// `Some(value)` and `None` of the same type.
    fn both(&mut self, value: Typed, span: Span) -> Option<(Typed, Typed)> {
        let known = self.known_option()?;
        let path = ast::Path {
            parts: Vec::new(),
            args: Vec::new(),
            span,
        };
        let written = |at| Written {
            id: known.id,
            at,
            path: &path,
        };
        let bound = || vec![Some(Arg::Type(value.ty.clone()))];
        let (none, some) = (
            self.variant_sig(known.id, known.none)?,
            self.variant_sig(known.id, known.some)?,
        );
        let nothing = self.made_of(written(known.none), &none, &mut [], &[], bound(), span);
        let (bound, mut values) = (bound(), [Some(value)]);
        let there = self.made_of(written(known.some), &some, &mut values, &[0], bound, span);
        Some((there, nothing))
    }

    /// `option.map(f)`: `f` of what is there.
    pub fn map_option(
        &mut self,
        value: Typed,
        f: &Expr,
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let known = self.as_option(&value.ty)?;
        let mut stmts = Vec::new();
        let value = self.kept_value(value, &mut stmts);
        let sig = self.variant_sig(known.id, known.some)?;
        let held = self.held(&sig, 0, &value);
        let there = self.is_variant(known.some, &value, span);
        let hint = match want {
            Some(Ty::Struct { id, args, .. }) if *id == known.id => match args.first() {
                Some(Arg::Type(ty)) => Some(ty.clone()),
                _ => None,
            },
            _ => None,
        };
        let around = self.condition(&there);
        let takes = std::slice::from_ref(&held.ty);
        let f = self.under(around, |body| body.callable(f, takes, hint.as_ref()))?;
        let call = H::CallValue(Box::new(f.value), vec![held.hir()]);
        let (some, none) = self.both(Typed::new(call, f.ret, span), span)?;
        if some.ty.is_never() || none.ty.is_never() {
            return None;
        }
        let ty = some.ty.clone();
        Some(self.chosen(stmts, there, some, none, ty, span))
    }

    /// Two integers of one type, or two fixed-point numbers where a function takes them too.
    fn exact_numbers(
        &mut self,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
        takes_fixed: bool,
    ) -> Option<(Typed, Typed, Ty)> {
        let (a, b) = self.pair(args[0], args[1], want);
        let ty = self.joined(&a, &b, span)?;
        let int = Bounds {
            int: true,
            ..Bounds::default()
        };
        if !(takes_fixed && matches!(ty, Ty::Real(Real::Fixed { .. }, _))) {
            self.need(&ty, int, name, span)?;
        }
        Some((a, b, ty))
    }

    fn checked(
        &mut self,
        op: Arith,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let hint = match (want, self.known_option()) {
            (Some(Ty::Struct { id, args, .. }), Some(known)) if *id == known.id => {
                match args.first() {
                    Some(Arg::Type(ty)) => Some(ty.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        let (a, b, ty) = self.exact_numbers(name, args, hint.as_ref(), span, true)?;
        let mut stmts = Vec::new();
        let (a, b) = (
            self.kept_value(a, &mut stmts),
            self.kept_value(b, &mut stmts),
        );
        let operands = vec![a.clone().hir(), b.clone().hir()];
        let truth = Ty::Scalar(Scalar::Bool, self.secrecy(&ty));
        let over = Typed::new(H::Builtin(Builtin::Overflows(op), operands), truth, span);
        let op = match op {
            Arith::Add => hir::BinaryOp::Add,
            Arith::Sub => hir::BinaryOp::Sub,
            Arith::Mul => hir::BinaryOp::Mul,
            Arith::Div => hir::BinaryOp::Div,
        };
        let result = Typed::new(H::Binary(op, a.boxed(), b.boxed()), ty, span);
        let (some, none) = self.both(result, span)?;
        let ty = some.ty.clone();
        Some(self.chosen(stmts, over, none, some, ty, span))
    }

    fn saturating(
        &mut self,
        op: Arith,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let (a, b, ty) = self.exact_numbers(name, args, want, span, false)?;
        let kind = H::Builtin(Builtin::Saturating(op), vec![a.hir(), b.hir()]);
        Some(Typed::new(kind, ty, span))
    }

    /// An argument that must be an array, or that is an `Option`.
    pub fn items_or_option(&mut self, arg: &Expr, name: &Name) -> Option<Result<Items, Typed>> {
        let value = self.expr(arg, None);
        if self.is_option(&value.ty) {
            return Some(Err(value));
        }
        self.items_of(value, name).map(Ok)
    }
}
