//! How often a loop over a range runs: exactly, for every integer type and both kinds of end.
//!
//! Loops count in `usize`. Bounds of up to 128 bits, and ranges that include their end, can ask for more iterations than
//! `usize` can say; nothing here ever cuts such a number. A loop that may leave early then runs by a counter of the bounds'
//! own type. Any other loop of that length cannot end in anyone's lifetime, and is an error: when compiling if the bounds
//! are known, and else where it would begin.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::value::Leaf;
use crate::hir::Range;
use crate::ir::Op;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

/// How often a loop runs.
pub(super) struct Trips {
    /// The number, as `usize`; cut where it is too large, and then `long` is there.
    pub count: Leaf,
    /// Where the number may be too large for `usize`: what runs the loop without it.
    pub long: Option<Long>,
}

/// A number of iterations that `usize` may not hold.
pub(super) struct Long {
    /// Whether the loop runs at all.
    pub runs: Leaf,
    /// If it runs, the number of iterations before the last, in the unsigned type of the bounds' width.
    pub last: Leaf,
}

impl Trips {
    /// A known number.
    pub fn known(n: u64) -> Self {
        Self {
            count: Leaf::usize(n),
            long: None,
        }
    }
}

impl<'h> Tracer<'h> {
    /// How often `lo..hi` (or `lo..=hi`) runs.
    pub(super) fn trips(&mut self, lo: &Leaf, hi: &Leaf, inclusive: bool) -> Traced<Trips> {
        let width = lo.scalar.width();
        if inclusive && width < 64 {
            // One past the end, in a type where that does not wrap.
            let wider = if lo.scalar.is_signed() {
                Scalar::signed(width as u8 + 1)
            } else {
                Scalar::USIZE
            };
            let (lo, hi) = (self.cast(lo, wider)?, self.cast(hi, wider)?);
            let end = self.word(WordOp::Add, wider, &[hi, Leaf::word(wider, 1)])?;
            return self.trips(&lo, &end, false);
        }
        let scalar = lo.scalar;
        let unsigned = Scalar::unsigned(u8::try_from(width).unwrap_or(128));
        let op = if inclusive { WordOp::Le } else { WordOp::Lt };
        let distance = self.word(WordOp::Sub, scalar, &[hi.clone(), lo.clone()])?;
        let distance = self.cast(&distance, unsigned)?;
        // The largest distance, of bounds that let the loop run.
        let most = match (distance.known(), lo.interval(), hi.interval()) {
            (Some(known), _, _) => known,
            (None, Some(lo), Some(hi)) if lo.lo <= hi.hi => hi.hi.wrapping_sub(lo.lo) as u128,
            (None, Some(_), Some(_)) => 0,
            (None, _, _) => unsigned.mask(),
        };
        if most <= u128::from(u64::MAX) - u128::from(inclusive) {
            let mut count = self.cast(&distance, Scalar::USIZE)?;
            if inclusive {
                count = self.word(WordOp::Add, Scalar::USIZE, &[count, Leaf::usize(1)])?;
            }
            let ordered = match (lo.interval(), hi.interval()) {
                (Some(lo), Some(hi)) => lo.hi <= hi.lo,
                _ => false,
            };
            if !ordered {
                let runs = self.word(op, Scalar::Bool, &[lo.clone(), hi.clone()])?;
                count = self.word(
                    WordOp::Select,
                    Scalar::USIZE,
                    &[runs, count, Leaf::usize(0)],
                )?;
                let most = i128::try_from(most).unwrap_or(i128::MAX);
                let range = Range {
                    lo: 0,
                    hi: most.saturating_add(i128::from(inclusive)),
                };
                if lo.interval().is_some() && hi.interval().is_some() {
                    self.set_range(&mut count, Some(range));
                }
            }
            return Ok(Trips { count, long: None });
        }
        let runs = self.word(op, Scalar::Bool, &[lo.clone(), hi.clone()])?;
        if runs.known_truth() == Some(false) {
            return Ok(Trips::known(0));
        }
        let mut count = self.cast(&distance, Scalar::USIZE)?;
        let mut last = distance;
        if inclusive {
            count = self.word(WordOp::Add, Scalar::USIZE, &[count, Leaf::usize(1)])?;
        } else {
            last = self.word(WordOp::Sub, unsigned, &[last, Leaf::word(unsigned, 1)])?;
        }
        let zero = Leaf::usize(0);
        let count = self.word(WordOp::Select, Scalar::USIZE, &[runs.clone(), count, zero])?;
        let long = Some(Long { runs, last });
        Ok(Trips { count, long })
    }

    /// Stops unless `usize` holds the number of iterations.
    pub(super) fn require_countable(&mut self, long: &Long) -> Traced<()> {
        let message = "this loop runs 2^64 times or more";
        let scalar = long.last.scalar;
        let limit = Leaf::word(scalar, u128::from(u64::MAX) - 1);
        let countable = self.word(WordOp::Le, Scalar::Bool, &[long.last.clone(), limit])?;
        let idle = self.not(&long.runs)?;
        let fine = self.or(&idle, &countable)?;
        match fine.known_truth() {
            Some(true) => return Ok(()),
            Some(false) => return Err(Fault::new(code::TOO_LARGE, self.span, message).into()),
            None => {}
        }
        if fine.lanes != 1 {
            return Err(Stop::NotElementwise);
        }
        let id = self.value(&fine)?;
        self.node(Op::Assert(Some(message.into())), vec![id], &[], Vec::new())?;
        Ok(())
    }
}
