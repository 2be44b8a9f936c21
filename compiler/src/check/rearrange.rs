//! `rev`, `step_by`, `chunks` and `windows` of arrays: the lengths of what they give.

use super::body::{Body, Typed};
use super::builtin::Items;
use crate::ast::Expr;
use crate::diagnostic;
use crate::hir::{BinaryOp, Builtin as B, ExprKind as H, Len};
use crate::source::Span;
use crate::types::Ty;

impl Body<'_, '_> {
    /// `xs.rev()`, `xs.step_by(n)`, `xs.chunks(n)` or `xs.windows(n)`.
    pub fn rearranged(
        &mut self,
        builtin: B,
        xs: Items,
        n: Option<&Expr>,
        span: Span,
    ) -> Option<Typed> {
        let mut args = vec![xs.value.hir()];
        let mut count = Len::Const(1);
        if let Some(n) = n {
            let known = self.const_usize(n);
            let typed = self.expr(n, Some(&Ty::Usize));
            self.refuse_secret(&typed, "a number of elements", "use a public number");
            if known.is_some_and(|k| k.word == 0) {
                let error =
                    diagnostic!(E3005, n.span, "steps and pieces of 0 elements lead nowhere")
                        .here("zero");
                self.report(error.help("write at least 1"));
                return None;
            }
            count = self.len_of(&typed, known);
            args.push(self.coerce_public(typed, &Ty::Usize));
        }
        let (item, len) = (xs.item, xs.len);
        let ty = match builtin {
            B::StepBy => {
                // ⌈len / n⌉
                let more = Len::computed(BinaryOp::Add, len, count.clone());
                let more = Len::computed(BinaryOp::Sub, more, Len::Const(1));
                Ty::Array(Box::new(item), Len::computed(BinaryOp::Div, more, count))
            }
            B::Chunks => {
                let pieces = Len::computed(BinaryOp::Div, len.clone(), count.clone());
                if let (Len::Const(len), Len::Const(n)) = (&len, &count)
                    && !len.is_multiple_of(*n)
                {
                    let error = diagnostic!(
                        E3001,
                        span,
                        "{len} elements are not a number of pieces of {n}"
                    )
                    .here("a rest would be left");
                    self.report(error.help("cut off the rest first: `xs[0..n]`"));
                    return None;
                }
                Ty::Array(Box::new(Ty::Array(Box::new(item), count)), pieces)
            }
            B::Windows => {
                let places = match (&len, &count) {
                    (Len::Const(len), Len::Const(n)) => {
                        Len::Const(len.saturating_add(1).saturating_sub(*n))
                    }
                    // None where the window is longer than the array, which no formula says.
                    _ => Len::Session,
                };
                Ty::Array(Box::new(Ty::Array(Box::new(item), count)), places)
            }
            _ => Ty::Array(Box::new(item), len),
        };
        Some(Typed::new(H::Builtin(builtin, args), ty, span))
    }
}
