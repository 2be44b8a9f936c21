//! Patterns of numbers and truth values: literals, constants and ranges.

use super::super::body::{Body, Typed};
use super::super::consts;
use super::super::cover::{Ctor, Pat};
use super::Found;
use crate::ast::{BinaryOp, Expr, ExprKind as E};
use crate::diagnostic;
use crate::hir::{self, ExprKind as H};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::Ty;
use smpcc_circuit::value::Scalar;

impl Body<'_, '_> {
    pub(super) fn literal_pattern(&mut self, e: &Expr, value: &Typed, found: &mut Found) -> Pat {
        let literal = self.expr(e, Some(&value.ty));
        if literal.ty.is_never() || value.ty.is_never() {
            return Pat::Some;
        }
        let pat = self.known(&literal);
        if let (H::Lit(word), true) = (&literal.kind, value.ty.is_bool() && literal.ty.is_bool()) {
            let condition = match word & 1 {
                1 => value.clone(),
                _ => Typed {
                    kind: H::Unary(hir::UnaryOp::Not, value.clone().boxed()),
                    ..value.clone()
                },
            };
            found.conditions.push(condition);
            return pat;
        }
        self.compare(BinaryOp::Eq, value, literal, e.span, found);
        pat
    }

    pub(super) fn compare(
        &mut self,
        op: BinaryOp,
        value: &Typed,
        with: Typed,
        span: Span,
        found: &mut Found,
    ) {
        let condition = self.combine(op, value.clone(), with, span);
        if !condition.ty.is_never() {
            found.conditions.push(condition);
        }
    }

    /// What a literal covers.
    pub(super) fn known(&self, literal: &Typed) -> Pat {
        let H::Lit(word) = literal.kind else {
            return Pat::Some;
        };
        match integers(&literal.ty) {
            Some(scalar) => {
                let at = counted(scalar, word);
                Pat::Of(Ctor::Ints(at, at), Vec::new())
            }
            None if literal.ty.is_bool() => Pat::Of(Ctor::Bool(word & 1 == 1), Vec::new()),
            None => Pat::Some,
        }
    }

    pub(super) fn range_pattern(
        &mut self,
        lo: Option<&Expr>,
        hi: Option<&Expr>,
        inclusive: bool,
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let upper = if inclusive {
            BinaryOp::Le
        } else {
            BinaryOp::Lt
        };
        let scalar = integers(&value.ty);
        let mut ends = [None, None];
        for (at, (e, op)) in [(lo, BinaryOp::Ge), (hi, upper)].into_iter().enumerate() {
            let Some(e) = e else { continue };
            let bound = self.expr(e, Some(&value.ty));
            if bound.ty.is_never() || value.ty.is_never() {
                return Pat::Some;
            }
            if !self.is_constant(e) {
                let error = diagnostic!(E3016, e.span, "the bound of a pattern is a constant");
                let help = "write a number or the name of a constant, or use a guard: `x if x < n`";
                self.report(error.here("not a constant").help(help));
                return Pat::Some;
            }
            ends[at] = match (&bound.kind, scalar) {
                (H::Lit(word), Some(scalar)) => Some(counted(scalar, *word)),
                (_, Some(scalar)) => self
                    .ck
                    .evaluate(e, self.module, Some(scalar))
                    .ok()
                    .filter(|known| known.scalar == scalar)
                    .map(|known| counted(scalar, known.word)),
                (_, None) => None,
            };
            self.compare(op, value, bound, e.span, found);
        }
        let Some(scalar) = scalar else {
            return Pat::Some;
        };
        let from = if lo.is_some() { ends[0] } else { Some(0) };
        let to = match (hi.is_some(), inclusive) {
            (false, _) => Some(scalar.mask()),
            (true, true) => ends[1],
            (true, false) => match ends[1] {
                Some(0) => return self.empty_range(span),
                end => end.map(|end| end - 1),
            },
        };
        match (from, to) {
            (Some(from), Some(to)) if from > to => self.empty_range(span),
            (Some(from), Some(to)) => Pat::Of(Ctor::Ints(from, to), Vec::new()),
            _ => Pat::Some,
        }
    }

    pub(super) fn empty_range(&mut self, span: Span) -> Pat {
        let error = diagnostic!(E3023, span, "no value is in this range").here("empty range");
        self.report(error.help("write the smaller bound first"));
        Pat::Some
    }

    /// Whether the bound of a pattern is a literal or a constant.
    pub(super) fn is_constant(&mut self, e: &Expr) -> bool {
        match &e.kind {
            E::Path(path) => {
                let is_local =
                    matches!(path.parts.as_slice(), [name] if self.local(&name.text).is_some());
                !is_local && matches!(self.lookup(&path.parts), Some(Def::Const(_)))
            }
            _ => true,
        }
    }
}

pub(super) fn integers(ty: &Ty) -> Option<Scalar> {
    consts::scalar_of(ty)
}

/// An integer counted from the least of its type.
pub(super) fn counted(scalar: Scalar, word: u128) -> u128 {
    let word = scalar.wrap(word);
    if scalar.is_signed() {
        word ^ ((scalar.mask() >> 1) + 1)
    } else {
        word
    }
}
