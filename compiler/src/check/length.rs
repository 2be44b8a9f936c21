//! Lengths as written: numbers, constants, const parameters, and what is computed from them.

use super::consts::Unknown;
use super::operator::arithmetic;
use super::signature::id;
use super::{Checker, GenericInfo};
use crate::ast::{Expr, ExprKind};
use crate::diagnostic;
use crate::hir::{GenericId, GenericKind, Len};
use smpcc_circuit::value::Scalar;

impl Checker<'_> {
    /// A length as written.
    pub fn len(&mut self, e: &Expr, module: usize, generics: &[GenericInfo]) -> Len {
        match self.evaluate(e, module, Some(Scalar::USIZE)) {
            _ if mentions(e, generics) => {}
            Ok(known) => {
                let subtraction = known.subtraction();
                if let (Some(n), None) = (known.to_u64(), &subtraction) {
                    return Len::Const(n);
                }
                let value = known.integer();
                let error = diagnostic!(E3005, e.span, "`{value}` is not a length")
                    .here(subtraction.unwrap_or("not a `usize`".into()));
                self.report(error.help("lengths are from 0 to 2^64 − 1"));
                return Len::Session;
            }
            Err(Unknown::Misfit(value, scalar)) => {
                let error = diagnostic!(E3005, e.span, "`{value}` does not fit `{scalar}`")
                    .here("out of range");
                self.report(error.help("lengths are from 0 to 2^64 − 1"));
                return Len::Session;
            }
            Err(Unknown::NotConstant) => {}
        }
        self.computed_len(e, module, generics).unwrap_or_else(|| {
            let error = diagnostic!(E3016, e.span, "a length is a constant").here("not a constant");
            self.report(error.help("use numbers, constants and const parameters"));
            Len::Session
        })
    }

    /// A length that is computed from constants and const parameters.
    fn computed_len(&mut self, e: &Expr, module: usize, generics: &[GenericInfo]) -> Option<Len> {
        match &e.kind {
            ExprKind::Paren(e) => self.computed_len(e, module, generics),
            ExprKind::Block(b) if b.stmts.is_empty() => {
                self.computed_len(b.tail.as_deref()?, module, generics)
            }
            // Along the spine, which may be long.
            ExprKind::Binary(..) => {
                let mut links = Vec::new();
                let mut first = e;
                while let ExprKind::Binary(op, left, right) = &first.kind {
                    links.push((*op, &**right));
                    first = left;
                }
                let mut so_far = self.computed_len(first, module, generics)?;
                for (op, right) in links.into_iter().rev() {
                    let op = arithmetic(op)?;
                    let right = self.computed_len(right, module, generics)?;
                    so_far = Len::computed(op, so_far, right);
                }
                Some(so_far)
            }
            ExprKind::Path(path) => {
                if let [name] = path.parts.as_slice() {
                    let at = generics
                        .iter()
                        .position(|g| g.name == name.text && g.kind == GenericKind::Const);
                    if let Some(at) = at {
                        self.refer(name, generics[at].span);
                        return Some(Len::Param(GenericId(id(at))));
                    }
                }
                self.known_len(e, module)
            }
            ExprKind::Error => Some(Len::Session),
            _ => self.known_len(e, module),
        }
    }

    fn known_len(&mut self, e: &Expr, module: usize) -> Option<Len> {
        let known = self.evaluate(e, module, Some(Scalar::USIZE)).ok()?;
        (known.scalar == Scalar::USIZE)
            .then(|| known.to_u64())
            .flatten()
            .map(Len::Const)
    }
}

/// Whether a const parameter stands in an expression, where it hides a constant of that name.
fn mentions(e: &Expr, generics: &[GenericInfo]) -> bool {
    let mut e = e;
    loop {
        match &e.kind {
            ExprKind::Path(path) => {
                return matches!(path.parts.as_slice(), [name] if generics
                    .iter()
                    .any(|g| g.name == name.text && g.kind == GenericKind::Const));
            }
            ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => e = inner,
            ExprKind::Cast(inner, _) => e = inner,
            ExprKind::Block(b) if b.stmts.is_empty() => match b.tail.as_deref() {
                Some(tail) => e = tail,
                None => return false,
            },
            ExprKind::Binary(_, a, b) => {
                if mentions(b, generics) {
                    return true;
                }
                e = a;
            }
            _ => return false,
        }
    }
}
