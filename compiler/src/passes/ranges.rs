//! Range analysis: the integers that each value can take.
//!
//! ```text
//! before: v0: secret u8 x9 = input   v1: secret u64 x9 = cast v0   v2: secret u64 x1 = reduce add v1
//! after:  … v1: secret u64 x9 in 0..=255 …   v2: secret u64 x1 in 0..=2295
//! ```
//!
//! One forward walk with intervals of `i128`; a result that may leave its type has wrapped and is known no better than its
//! type. What a loop carries starts from its initial range and is joined with what an iteration makes of it; where
//! that does not settle at once the type's range is taken, so that a body is walked at most twice. Nothing
//! but [`crate::ir::Value::range`] changes; `narrow` acts on it.

use super::Outcome;
use super::constants::vectors::{MAX_TABLE, int_hull, type_range};
use crate::hir::{Range, ValueRange};
use crate::ir::{Ir, Node, Op, Reducer, Region, Value};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar};

/// The pass.
pub fn run(mut ir: Ir) -> Outcome {
    let mut analysis = Analysis {
        values: &ir.values,
        inputs: &ir.inputs,
        found: vec![None; ir.values.len()],
        budget: 64 * (ir.values.len() as u64 + 1),
    };
    analysis.region(&ir.body);
    let found = analysis.found;
    let mut changed = false;
    for (value, range) in ir.values.iter_mut().zip(found) {
        let full = type_range(value.ty.scalar).map(|(lo, hi)| Range { lo, hi });
        let known = if range == full { None } else { range };
        changed |= value.range != known;
        value.range = known;
    }
    Outcome {
        ir,
        changed,
        applied_rules: false,
    }
}

struct Analysis<'a> {
    values: &'a [Value],
    inputs: &'a [smpcc_circuit::program::InputLeaf],
    found: Vec<Option<Range>>,
    /// Bodies are walked twice per loop around them; when this many operations were looked at, loops are no longer
    /// walked twice.
    budget: u64,
}

impl Analysis<'_> {
    fn region(&mut self, region: &Region) {
        for node in &region.nodes {
            self.budget = self.budget.saturating_sub(1);
            self.node(node);
        }
    }

    fn scalar(&self, id: ValueId) -> Scalar {
        self.values[id.index()].ty.scalar
    }

    fn get(&self, id: ValueId) -> Option<Range> {
        self.found[id.index()]
    }

    /// Notes what a value can be: the given range if it stays inside the type, and what was known before.
    fn set(&mut self, id: ValueId, range: Option<Range>) {
        let known = meet(self.full(id), self.values[id.index()].range);
        self.found[id.index()] = match (range, self.full(id)) {
            (Some(range), Some(full)) if range.lo < full.lo || range.hi > full.hi => known,
            // Of unsigned 128 bits, only that they are not negative.
            (Some(range), None) if range.lo < 0 => known,
            (range, _) => meet(range, known),
        };
    }

    fn full(&self, id: ValueId) -> Option<Range> {
        type_range(self.scalar(id)).map(|(lo, hi)| Range { lo, hi })
    }

    fn join(&self, ids: &[ValueId]) -> Option<Range> {
        let mut all: Option<Range> = None;
        for &id in ids {
            let range = self.get(id)?;
            all = Some(all.map_or(range, |before| join(before, range)));
        }
        all
    }

    fn node(&mut self, node: &Node) {
        let args = &node.args;
        let range = match &node.op {
            Op::Const(words) => {
                let scalar = self.scalar(node.results[0]);
                if words.lanes() > MAX_TABLE && matches!(words, ConstVec::Table(_)) {
                    None
                } else {
                    int_hull(words, scalar).map(|(lo, hi)| Range { lo, hi })
                }
            }
            Op::Input(id) => self.inputs[id.index()]
                .range
                .and_then(|(lo, hi)| ValueRange { lo, hi }.interval()),
            Op::Word(op) => self.word(*op, node),
            Op::MakeSecret | Op::Reveal(_) | Op::Gather { .. } => self.get(args[0]),
            Op::Scatter { .. } | Op::WriteSecret { .. } => self.join(&[args[0], args[2]]),
            Op::Concat => self.join(args),
            Op::ReadSecret { .. } => self.get(args[0]).map(|r| join(r, Range { lo: 0, hi: 0 })),
            Op::Sort { .. } => {
                for (&result, &arg) in node.results.iter().zip(args) {
                    self.set(result, self.get(arg));
                }
                return;
            }
            Op::Circuit { .. } => {
                for &result in &node.results {
                    self.set(result, None);
                }
                return;
            }
            Op::Dot { segments } => {
                let len = self.values[args[0].index()].ty.lanes / (*segments).max(1);
                let product = self
                    .get(args[0])
                    .zip(self.get(args[1]))
                    .and_then(|(a, b)| product(a, b));
                product.and_then(|p| times(p, len))
            }
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            }
            | Op::Scan {
                reducer: Reducer::Word(op),
                segments,
            } => {
                let len = self.values[args[0].index()].ty.lanes / (*segments).max(1);
                let scan = matches!(node.op, Op::Scan { .. });
                self.get(args[0])
                    .and_then(|range| fold(*op, range, len, scan))
            }
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            }
            | Op::Scan {
                reducer: Reducer::Region,
                ..
            } => {
                let k = args.len();
                let init: Vec<Option<Range>> = args.iter().map(|&id| self.get(id)).collect();
                let ends = self.carried(&init, |analysis, now| {
                    let region = &node.regions[0];
                    for (i, &param) in region.params.iter().enumerate() {
                        analysis.set(param, now[i % k.max(1)]);
                    }
                    analysis.region(region);
                    region.results.clone()
                });
                for (&result, range) in node.results.iter().zip(ends) {
                    self.set(result, range);
                }
                return;
            }
            Op::Loop { count } => {
                let (init, hi) = match count {
                    Some(n) => (&args[..], i128::from((*n).max(1)) - 1),
                    None => (
                        &args[1..],
                        self.get(args[0])
                            .map_or(i128::from(u64::MAX), |range| (range.hi - 1).max(0)),
                    ),
                };
                let init: Vec<Option<Range>> = init.iter().map(|&id| self.get(id)).collect();
                let ends = self.carried(&init, |analysis, now| {
                    let region = &node.regions[0];
                    analysis.set(region.params[0], Some(Range { lo: 0, hi }));
                    for (&param, range) in region.params[1..].iter().zip(now) {
                        analysis.set(param, *range);
                    }
                    analysis.region(region);
                    region.results.clone()
                });
                for (&result, range) in node.results.iter().zip(ends) {
                    self.set(result, range);
                }
                return;
            }
            Op::While => {
                let init: Vec<Option<Range>> = args.iter().map(|&id| self.get(id)).collect();
                let ends = self.carried(&init, |analysis, now| {
                    for region in &node.regions {
                        for (&param, range) in region.params.iter().zip(now) {
                            analysis.set(param, *range);
                        }
                        analysis.region(region);
                    }
                    node.regions[1].results.clone()
                });
                for (&result, range) in node.results.iter().zip(ends) {
                    self.set(result, range);
                }
                return;
            }
            Op::If => {
                for arm in &node.regions {
                    self.region(arm);
                }
                for (k, &result) in node.results.iter().enumerate() {
                    let both = [node.regions[0].results[k], node.regions[1].results[k]];
                    let range = self.join(&both);
                    self.set(result, range);
                }
                return;
            }
            Op::Assert(_) | Op::Output(_) => return,
        };
        for &result in &node.results {
            self.set(result, range);
        }
    }

    /// The ranges of carried values that hold before and after every iteration; `iterate` walks the body with given
    /// ranges for what it carries and names the values handed on. Its last walk is with the ranges returned.
    fn carried(
        &mut self,
        init: &[Option<Range>],
        mut iterate: impl FnMut(&mut Self, &[Option<Range>]) -> Vec<ValueId>,
    ) -> Vec<Option<Range>> {
        if self.budget > 0 {
            let next = iterate(self, init);
            let joined: Vec<Option<Range>> = (init.iter().zip(&next))
                .map(|(before, &id)| Some(join((*before)?, self.get(id)?)))
                .collect();
            if joined == init {
                return joined;
            }
            // Keep what did not change, give up on the rest, and check again until nothing more changes.
            let mut now: Vec<Option<Range>> = (init.iter().zip(&joined))
                .map(|(before, after)| if before == after { *before } else { None })
                .collect();
            for _ in 0..4 {
                let next = iterate(self, &now);
                let stays: Vec<bool> = (now.iter().zip(&next))
                    .map(|(range, &id)| match (range, self.get(id)) {
                        (None, _) => true,
                        (Some(range), Some(after)) => range.lo <= after.lo && after.hi <= range.hi,
                        (Some(_), None) => false,
                    })
                    .collect();
                if stays.iter().all(|&stays| stays) {
                    return now;
                }
                for (range, stays) in now.iter_mut().zip(stays) {
                    if !stays {
                        *range = None;
                    }
                }
            }
        }
        let unknown = vec![None; init.len()];
        iterate(self, &unknown);
        unknown
    }

    fn word(&self, op: WordOp, node: &Node) -> Option<Range> {
        let args = &node.args;
        let from = self.scalar(args[usize::from(op == WordOp::Select)]);
        let to = self.scalar(node.results[0]);
        let a = self.get(args[0]);
        let b = args.get(1).and_then(|&id| self.get(id));
        let whole = |lo: i128, hi: i128| Some(Range { lo, hi });
        match op {
            WordOp::Add => {
                let (a, b) = (a?, b?);
                whole(a.lo.checked_add(b.lo)?, a.hi.checked_add(b.hi)?)
            }
            WordOp::Sub => {
                let (a, b) = (a?, b?);
                whole(a.lo.checked_sub(b.hi)?, a.hi.checked_sub(b.lo)?)
            }
            // A square is not negative.
            WordOp::Mul if args[0] == args[1] => {
                let range = product(a?, a?)?;
                whole(range.lo.max(0), range.hi)
            }
            WordOp::Mul => product(a?, b?),
            WordOp::Neg => {
                let a = a?;
                whole(a.hi.checked_neg()?, a.lo.checked_neg()?)
            }
            WordOp::Abs => {
                let a = a?;
                let (x, y) = (a.lo.checked_abs()?, a.hi.checked_abs()?);
                let lo = if a.lo <= 0 && a.hi >= 0 { 0 } else { x.min(y) };
                whole(lo, x.max(y))
            }
            WordOp::Div => {
                let (a, b) = (a?, b?);
                if b.lo <= 0 {
                    return None;
                }
                let ends = [a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi];
                whole(*ends.iter().min()?, *ends.iter().max()?)
            }
            WordOp::Rem => {
                let a = a?;
                // The magnitude is at most the dividend's, and below the divisor's where that is not zero.
                let (lo, hi) = (a.lo.min(0), a.hi.max(0));
                match b {
                    Some(b) if b.lo > 0 => whole(lo.max(1 - b.hi), hi.min(b.hi - 1)),
                    _ => whole(lo, hi),
                }
            }
            WordOp::Not if from.is_signed() => {
                let a = a?;
                whole(-1 - a.hi, -1 - a.lo)
            }
            WordOp::Not => {
                let a = a?;
                let ones = type_range(from)?.1;
                whole(ones - a.hi, ones - a.lo)
            }
            WordOp::And => match (a, b) {
                (Some(a), Some(b)) if a.lo >= 0 && b.lo >= 0 => whole(0, a.hi.min(b.hi)),
                (Some(a), _) if a.lo >= 0 => whole(0, a.hi),
                (_, Some(b)) if b.lo >= 0 => whole(0, b.hi),
                _ => None,
            },
            WordOp::Or | WordOp::Xor => {
                let (a, b) = (a?, b?);
                if a.lo < 0 || b.lo < 0 {
                    return None;
                }
                let lo = if op == WordOp::Or { a.lo.max(b.lo) } else { 0 };
                whole(lo, ones_over(a.hi.max(b.hi)))
            }
            WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => {
                let decided = a.zip(b).and_then(|(a, b)| compare(op, a, b));
                let (lo, hi) = decided.map_or((0, 1), |t| (i128::from(t), i128::from(t)));
                whole(lo, hi)
            }
            WordOp::Min => {
                let (a, b) = (a?, b?);
                whole(a.lo.min(b.lo), a.hi.min(b.hi))
            }
            WordOp::Max => {
                let (a, b) = (a?, b?);
                whole(a.lo.max(b.lo), a.hi.max(b.hi))
            }
            WordOp::Shl => {
                let (a, b) = (a?, b?);
                let (low, high) = (power(b.lo)?, power(b.hi)?);
                product(a, Range { lo: low, hi: high })
            }
            WordOp::Shr => {
                let a = a?;
                let b = b.unwrap_or(Range { lo: 0, hi: 127 });
                let (least, most) = (b.lo.clamp(0, 127) as u32, b.hi.clamp(0, 127) as u32);
                whole(
                    (a.lo >> least).min(a.lo >> most),
                    (a.hi >> least).max(a.hi >> most),
                )
            }
            WordOp::RotL | WordOp::RotR => None,
            WordOp::Select => {
                let (x, y) = (self.get(args[1]), self.get(args[2]));
                match a {
                    Some(Range { lo: 1, .. }) => x,
                    Some(Range { hi: 0, .. }) => y,
                    _ => Some(join(x?, y?)),
                }
            }
            WordOp::Cast => {
                let (a, full) = (a?, type_range(to));
                match full {
                    Some((lo, hi)) => (lo <= a.lo && a.hi <= hi).then_some(a),
                    None => (a.lo >= 0).then_some(a),
                }
            }
            WordOp::Isqrt => {
                let a = a?;
                whole(a.lo.max(0).isqrt(), a.hi.max(0).isqrt())
            }
            WordOp::CountOnes => {
                let bits = match a {
                    Some(a) if a.lo >= 0 => 128 - a.hi.leading_zeros(),
                    _ => from.width(),
                };
                whole(0, i128::from(bits))
            }
            WordOp::SubByte | WordOp::Float(..) => None,
        }
    }
}

fn join(a: Range, b: Range) -> Range {
    Range {
        lo: a.lo.min(b.lo),
        hi: a.hi.max(b.hi),
    }
}

/// Both hold; ranges that contradict each other belong to code that never runs.
fn meet(a: Option<Range>, b: Option<Range>) -> Option<Range> {
    match (a, b) {
        (Some(a), Some(b)) if a.lo <= b.hi && b.lo <= a.hi => Some(Range {
            lo: a.lo.max(b.lo),
            hi: a.hi.min(b.hi),
        }),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}

fn product(a: Range, b: Range) -> Option<Range> {
    let ends = [
        a.lo.checked_mul(b.lo)?,
        a.lo.checked_mul(b.hi)?,
        a.hi.checked_mul(b.lo)?,
        a.hi.checked_mul(b.hi)?,
    ];
    Some(Range {
        lo: *ends.iter().min()?,
        hi: *ends.iter().max()?,
    })
}

fn times(range: Range, len: u64) -> Option<Range> {
    let len = i128::from(len);
    Some(Range {
        lo: range.lo.checked_mul(len)?,
        hi: range.hi.checked_mul(len)?,
    })
}

fn power(exponent: i128) -> Option<i128> {
    (0..127).contains(&exponent).then(|| 1 << exponent)
}

/// The smallest 2^k − 1 that is at least `hi`.
fn ones_over(hi: i128) -> i128 {
    if hi <= 0 {
        0
    } else {
        i128::MAX >> (hi.leading_zeros() - 1)
    }
}

fn compare(op: WordOp, a: Range, b: Range) -> Option<bool> {
    let (below, above) = (a.hi < b.lo, b.hi < a.lo);
    match op {
        WordOp::Eq if below || above => Some(false),
        WordOp::Ne if below || above => Some(true),
        WordOp::Lt if below => Some(true),
        WordOp::Lt if b.hi <= a.lo => Some(false),
        WordOp::Le if a.hi <= b.lo => Some(true),
        WordOp::Le if above => Some(false),
        _ => None,
    }
}

/// The range of a reduction (or of all lanes of a scan) of `len` lanes.
fn fold(op: WordOp, range: Range, len: u64, scan: bool) -> Option<Range> {
    match op {
        WordOp::Add => {
            let all = times(range, len)?;
            Some(if scan { join(range, all) } else { all })
        }
        WordOp::Min | WordOp::Max => Some(range),
        WordOp::And if range.lo >= 0 => Some(Range { lo: 0, ..range }),
        WordOp::Or | WordOp::Xor if range.lo >= 0 => Some(Range {
            lo: 0,
            hi: ones_over(range.hi),
        }),
        WordOp::Mul if range.lo >= 0 => {
            let hi = if range.hi <= 1 {
                range.hi
            } else {
                range.hi.checked_pow(u32::try_from(len).ok()?)?
            };
            Some(Range { lo: 0, hi })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::build::Builder;

    fn range_of(ir: &Ir, id: ValueId) -> Option<(i128, i128)> {
        ir.values[id.index()].range.map(|r| (r.lo, r.hi))
    }

    #[test]
    fn sums_products_and_loops() {
        let mut b = Builder::new(2);
        let x = b.input(0, "x", Scalar::unsigned(8), 9);
        let wide = b.cast(x, Scalar::unsigned(64));
        let sum = b.reduce(WordOp::Add, wide, 1);
        let square = b.word(WordOp::Mul, &[wide, wide]);
        let one = b.splat(Scalar::unsigned(64), 1, 3);
        let one = b.inferred(Op::MakeSecret, &[one]);
        let kept = b.counted(100, &[one, one], |b, _, carried| {
            let least = b.word(WordOp::Min, &[carried[0], sum]);
            let more = b.word(WordOp::Add, &[carried[1], sum]);
            vec![least, more]
        });
        b.output(kept[0], &[0]);
        let ir = run(b.finish()).ir;
        assert_eq!(range_of(&ir, wide), Some((0, 255)));
        assert_eq!(range_of(&ir, sum), Some((0, 9 * 255)));
        assert_eq!(range_of(&ir, square), Some((0, 255 * 255)));
        assert_eq!(range_of(&ir, kept[1]), None);
    }
}
