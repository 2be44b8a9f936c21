//! Constant indices as digits: where affine indices go in a vector whose lanes are counted through dimensions.
//!
//! ```text
//! indices 0, 300, 600, … of lanes counted through 12 · 300: the first digit moves, the second stays 0
//! ```

use crate::passes::constants::vectors::{affine, normal};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Affine indices taken apart into the digits of counting through dimensions.
#[derive(Clone, Debug)]
pub struct Digits {
    /// The digits of the first index.
    pub start: Vec<i128>,
    /// How they move, outermost first.
    pub steps: Vec<Step>,
}

/// So many indices, each so far from the one before in one digit, or in none.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// How many.
    pub count: u64,
    /// The digit.
    pub dim: Option<usize>,
    /// How far.
    pub step: i128,
}

impl Step {
    /// From the first to the last.
    pub fn span(self) -> i128 {
        self.step * (i128::from(self.count) - 1)
    }
}

impl Digits {
    /// Takes indices apart, all of which are in range.
    pub fn of(start: Word, at: &[(u64, Word)], lens: &[u64]) -> Option<Self> {
        let bases = bases(lens);
        let first = u64::try_from(start).ok()?;
        let start: Vec<i128> = (lens.iter().zip(&bases))
            .map(|(&len, &base)| i128::from(first / base.max(1) % len.max(1)))
            .collect();
        let mut steps = Vec::with_capacity(at.len());
        let mut todo: Vec<(u64, i64)> = at
            .iter()
            .rev()
            .map(|&(n, s)| (n, s as u64 as i64))
            .collect();
        while let Some((count, step)) = todo.pop() {
            if count == 1 {
                continue;
            }
            let d = bases
                .iter()
                .position(|&base| step.unsigned_abs().is_multiple_of(base));
            let (dim, along) = match d {
                _ if step == 0 => (None, 0),
                Some(d) => (Some(d), step / i64::try_from(bases[d]).ok()?),
                None => return None,
            };
            if let Some(d) = dim
                && d > 0
                && let Ok(along) = u64::try_from(along)
                && lens[d].is_multiple_of(along)
                && start[d] < i128::from(along)
            {
                // It runs through the dimension and goes on in the one outside.
                let per = lens[d] / along;
                if count > per && count.is_multiple_of(per) {
                    todo.push((per, step));
                    todo.push((count / per, i64::try_from(bases[d - 1]).ok()?));
                    continue;
                }
            }
            let step = i128::from(along);
            steps.push(Step { count, dim, step });
        }
        let digits = Self { start, steps };
        let fits = |d: usize| {
            let (low, high) = digits.reach(d);
            low >= 0 && high < i128::from(lens[d])
        };
        (0..lens.len()).all(fits).then_some(digits)
    }

    /// The smallest and the largest value of a digit.
    pub fn reach(&self, d: usize) -> (i128, i128) {
        let along = self.steps.iter().filter(|step| step.dim == Some(d));
        along.fold((self.start[d], self.start[d]), |(low, high), step| {
            (low + step.span().min(0), high + step.span().max(0))
        })
    }
}

/// How many lanes each place of a dimension counts.
fn bases(lens: &[u64]) -> Vec<u64> {
    let mut inner = 1u64;
    let mut bases: Vec<u64> = (lens.iter().rev())
        .map(|&len| {
            let base = inner;
            inner = inner.saturating_mul(len.max(1));
            base
        })
        .collect();
    bases.reverse();
    bases
}

/// The lanes of a piece, as indices.
pub fn lanes_of(lens: &[u64], ranges: &[(u64, u64)]) -> ConstVec {
    let bases = bases(lens);
    let start = (ranges.iter().zip(&bases))
        .map(|(range, base)| Word::from(range.0) * Word::from(*base))
        .sum();
    let dims = (ranges.iter().zip(&bases))
        .map(|(range, base)| (range.1, Word::from(*base)))
        .collect();
    normal(ConstVec::Affine { start, dims }, Scalar::USIZE)
}

/// Where lanes stand inside a piece, if they all do.
pub fn inside(lens: &[u64], ranges: &[(u64, u64)], at: &ConstVec) -> Option<ConstVec> {
    let (start, dims) = affine(at)?;
    let digits = Digits::of(start, &dims, lens)?;
    let own: Vec<u64> = ranges.iter().map(|range| range.1).collect();
    let bases = bases(&own);
    let mut first = 0;
    for (d, &(from, len)) in ranges.iter().enumerate() {
        let (low, high) = digits.reach(d);
        if low < i128::from(from) || high >= i128::from(from) + i128::from(len) {
            return None;
        }
        first += (digits.start[d] - i128::from(from)) * i128::from(bases[d]);
    }
    let step = |step: &Step| {
        let along = step.dim.map_or(0, |d| step.step * i128::from(bases[d]));
        (step.count, along as Word)
    };
    let dims = digits.steps.iter().map(step).collect();
    let start = Word::try_from(first).ok()?;
    Some(normal(ConstVec::Affine { start, dims }, Scalar::USIZE))
}
