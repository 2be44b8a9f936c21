//! Arrays in another order or cut into pieces: nothing but wiring, whatever is in them.

use super::Tracer;
use super::expr::has_rows;
use super::fault::{Fault, Traced, code};
use super::value::{Leaf, Val};
use crate::hir::Builtin;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

impl<'h> Tracer<'h> {
    /// `rev(xs)`, `step_by(xs, n)`, `chunks(xs, n)` or `windows(xs, n)`.
    pub(super) fn rearrange(
        &mut self,
        builtin: Builtin,
        xs: Val<'h>,
        count: Option<&Leaf>,
    ) -> Traced<Val<'h>> {
        let len = self.length(&xs)?;
        let n = match count {
            Some(count) => self.known_len(count, "a number of elements")?,
            None => 1,
        };
        if n == 0 {
            let message = "steps and pieces of 0 elements lead nowhere";
            return Err(Fault::new(code::LENGTHS, self.span, message)
                .help("write at least 1")
                .into());
        }
        match builtin {
            Builtin::Chunks => {
                if !len.is_multiple_of(n) {
                    let message = format!("{len} elements are not a number of pieces of {n}");
                    return Err(Fault::new(code::LENGTHS, self.span, message)
                        .help("cut off the rest first: `xs[0..n]`")
                        .needs_known()
                        .into());
                }
                self.picked(xs, len, &[(len / n, n), (n, 1)], 0)
            }
            Builtin::Windows => {
                let dims = [((len + 1).saturating_sub(n), 1), (n, 1)];
                self.picked(xs, len, &dims, 0)
            }
            Builtin::StepBy => self.picked(xs, len, &[(len.div_ceil(n), n)], 0),
            // `rev`; the others were not brought here.
            _ => self.picked(xs, len, &[(len, u64::MAX)], len.saturating_sub(1)),
        }
    }

    /// The elements at `start + i0·step0 + i1·step1 + …`, as an array of arrays; `dims` are `(count, step)` from the outermost
    /// on, steps modulo 2^64.
    fn picked(
        &mut self,
        xs: Val<'h>,
        len: u64,
        dims: &[(u64, u64)],
        start: u64,
    ) -> Traced<Val<'h>> {
        match xs {
            Val::Array(_, element) if !has_rows(&element) => {
                let step = |s: u64| {
                    if s == u64::MAX {
                        Word::MAX
                    } else {
                        Word::from(s)
                    }
                };
                let lanes: u64 = dims.iter().fold(1, |n, d| n.saturating_mul(d.0));
                // As they are, but for the shape.
                let same = lanes == len && start == 0;
                let element = if same {
                    *element
                } else {
                    let lanes = self.product(lanes, 1)?;
                    let index = if lanes == 0 {
                        ConstVec::iota(0)
                    } else {
                        ConstVec::Affine {
                            start: Word::from(start),
                            dims: dims.iter().map(|d| (d.0, step(d.1))).collect(),
                        }
                    };
                    let index = Leaf::constant(Scalar::USIZE, index);
                    element.map_blocks(1, &mut |leaf, block| self.gather(leaf, &index, block))?
                };
                let mut whole = element;
                for (n, _) in dims.iter().rev() {
                    whole = Val::Array(*n, Box::new(whole));
                }
                Ok(whole)
            }
            other => {
                let rows = self.elements(other)?;
                Ok(rows_at(&rows, dims, start))
            }
        }
    }
}

fn rows_at<'h>(rows: &[Val<'h>], dims: &[(u64, u64)], start: u64) -> Val<'h> {
    let Some(((n, step), inner)) = dims.split_first() else {
        let at = usize::try_from(start).unwrap_or(usize::MAX);
        return rows.get(at).cloned().unwrap_or(Val::Never);
    };
    let at = |k: u64| rows_at(rows, inner, start.wrapping_add(k.wrapping_mul(*step)));
    Val::Rows((0..*n).map(at).collect())
}
