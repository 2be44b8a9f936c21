//! Whether iterations touch the same lanes of an array, decided on index vectors: by the strides and remainders of affine ones,
//! else by looking at each index.

use crate::passes::constants::normal;
use crate::passes::constants::vectors::sets::{all_differ, never_meet};
use crate::passes::constants::vectors::{
    MAX_TABLE, affine, gather, indices, int_hull, lane_indices,
};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The lanes that an access touches, iteration by iteration: each of `at`, plus `offset`.
pub struct Reach {
    /// Lanes, all iterations after each other.
    pub at: ConstVec,
    /// What is added to all of them.
    pub offset: Offset,
    /// In which iterations.
    pub acting: Acting,
}

/// A number that is added to lanes: one that is known, plus something that is known while running, the same in all iterations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offset {
    /// The known part.
    pub known: i128,
    /// The other: which value it is a multiple of, and the least and the most that it can be.
    pub computed: Option<(ValueId, i128, i128)>,
}

impl Offset {
    /// The least and the most of it; of the known part alone, if the other is left out.
    fn span(self, without_computed: bool) -> (i128, i128) {
        match self.computed {
            Some((_, lo, hi)) if !without_computed => (self.known + lo, self.known + hi),
            _ => (self.known, self.known),
        }
    }
}

/// The iterations in which an access is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Acting {
    /// All.
    Always,
    /// These, ascending; the lanes are theirs alone.
    In(ConstVec),
}

impl Reach {
    /// An access at constant lanes of `n` iterations, of which only some are done.
    pub fn of(at: ConstVec, n: u64, acting: Option<&ConstVec>) -> Option<Self> {
        let offset = Offset::default();
        let Some(iterations) = acting else {
            let acting = Acting::Always;
            return Some(Self { at, offset, acting });
        };
        let usize_ = Scalar::USIZE;
        let lanes = lane_indices(iterations, usize_, at.lanes().checked_div(n)?)?;
        let at = normal(gather(&at, usize_, &lanes, usize_, 1)?, usize_);
        let acting = Acting::In(iterations.clone());
        Some(Self { at, offset, acting })
    }

    /// The iteration of each lane.
    fn iterations(&self, n: u64) -> Box<dyn Iterator<Item = u64> + '_> {
        match &self.acting {
            Acting::Always => {
                let per = (self.at.lanes() / n.max(1)).max(1);
                Box::new((0..self.at.lanes()).map(move |lane| lane / per))
            }
            Acting::In(iterations) => {
                let per = (self.at.lanes() / iterations.lanes().max(1)).max(1);
                Box::new(
                    indices(iterations).flat_map(move |i| std::iter::repeat_n(i, per as usize)),
                )
            }
        }
    }
}

/// Whether iteration `i` touches nothing by `a` that an earlier iteration (if `both`: any other) touches by `b`.
pub fn is_apart(a: &Reach, b: &Reach, n: u64, both: bool) -> bool {
    let usize_ = Scalar::USIZE;
    // What is added to both alike makes no difference.
    let base = |reach: &Reach| reach.offset.computed.map(|computed| computed.0);
    let same = base(a) == base(b);
    let (span_a, span_b) = (a.offset.span(same), b.offset.span(same));
    if let (Some(x), Some(y)) = (int_hull(&a.at, usize_), int_hull(&b.at, usize_))
        && (x.1 + span_a.1 < y.0 + span_b.0 || y.1 + span_b.1 < x.0 + span_a.0)
    {
        return true;
    }
    if let (Some((first_a, step_a, hi_a)), Some((first_b, step_b, hi_b))) =
        (strided(a, span_a, n), strided(b, span_b, n))
        && step_a == step_b
        && step_a != 0
    {
        let step = step_a;
        // Iteration i of `a` lies in first_a + i·step ..= hi_a + i·step.
        let after = first_a + step.abs() > hi_b;
        let before = first_b + step.abs() > hi_a;
        let earlier = if step > 0 { after } else { before };
        let later = if step > 0 { before } else { after };
        if earlier && (later || !both) {
            return true;
        }
    }
    span_a == span_b
        && span_a.0 == span_a.1
        && (never_meet(&a.at, &b.at)
            || (a.at == b.at && a.acting == b.acting && all_differ(&a.at))
            || by_lane(a, b, n, both))
}

/// The same by looking at each lane.
fn by_lane(a: &Reach, b: &Reach, n: u64, both: bool) -> bool {
    let Some((lo, hi)) = int_hull(&b.at, Scalar::USIZE) else {
        return b.at.lanes() == 0;
    };
    let places = hi - lo + 1;
    let most = MAX_TABLE.max(a.at.lanes()).max(b.at.lanes());
    if most > MAX_TABLE || n == 0 || places > 4 * i128::from(MAX_TABLE) {
        return false;
    }
    // For each lane of `b` the first and the last iteration that touches it.
    let nobody = (u64::MAX, 0);
    let mut touched = vec![nobody; places as usize];
    let place = |lane: u64| usize::try_from(i128::from(lane) - lo).ok();
    for (lane, i) in indices(&b.at).zip(b.iterations(n)) {
        if let Some(range) = place(lane).and_then(|at| touched.get_mut(at)) {
            *range = (range.0.min(i), range.1.max(i));
        }
    }
    indices(&a.at).zip(a.iterations(n)).all(|(lane, i)| {
        let range = place(lane).and_then(|at| touched.get(at));
        range.is_none_or(|&(first, last)| {
            (first, last) == nobody || (first >= i && (!both || last <= i))
        })
    })
}

/// An affine vector over `n` iterations: smallest lane of the first iteration, step from iteration to iteration, largest
/// lane of the first iteration.
fn strided(reach: &Reach, span: (i128, i128), n: u64) -> Option<(i128, i128, i128)> {
    if reach.acting != Acting::Always {
        return None;
    }
    int_hull(&reach.at, Scalar::USIZE)?;
    let (start, dims) = affine(&reach.at)?;
    let signed = |step: Word| i128::from(step as u64 as i64);
    let (&(count, step), inner) = dims.split_first()?;
    let step = signed(step);
    let mut rest = Vec::new();
    let outer = if count == n {
        step
    } else if count > n && count % n == 0 {
        // Merged with what an iteration counts.
        rest.push((count / n, step));
        step.checked_mul(i128::from(count / n))?
    } else {
        return None;
    };
    rest.extend(inner.iter().map(|&(count, step)| (count, signed(step))));
    let (mut lo, mut hi) = (start as u64 as i128, start as u64 as i128);
    for (count, step) in rest {
        let span = step.checked_mul(i128::from(count) - 1)?;
        lo = lo.checked_add(span.min(0))?;
        hi = hi.checked_add(span.max(0))?;
    }
    Some((lo + span.0, outer, hi + span.1))
}
