//! Whether iterations touch the same lanes of an array, decided on constant index vectors: by the strides of affine ones, else
//! by looking at each index where there are few.

use crate::passes::constants::vectors::{MAX_TABLE, affine, indices, int_hull};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::collections::BTreeMap;

/// Whether iteration `i` touches nothing of `a` that an earlier iteration (if `both`: any other) touches of `b`; both list
/// their lanes iteration by iteration.
pub fn is_apart(a: &ConstVec, b: &ConstVec, n: u64, both: bool) -> bool {
    let usize_ = Scalar::USIZE;
    if let (Some(x), Some(y)) = (int_hull(a, usize_), int_hull(b, usize_))
        && (x.1 < y.0 || y.1 < x.0)
    {
        return true;
    }
    if let (Some((first_a, step_a, hi_a)), Some((first_b, step_b, hi_b))) =
        (strided(a, n), strided(b, n))
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
    if a.lanes() > 16 * MAX_TABLE || b.lanes() > 16 * MAX_TABLE || n == 0 {
        return false;
    }
    let per = |words: &ConstVec| (words.lanes() / n).max(1);
    let mut touched: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for (k, lane) in indices(b).enumerate() {
        let i = k as u64 / per(b);
        let range = touched.entry(lane).or_insert((i, i));
        *range = (range.0.min(i), range.1.max(i));
    }
    indices(a).enumerate().all(|(k, lane)| {
        let i = k as u64 / per(a);
        touched
            .get(&lane)
            .is_none_or(|&(first, last)| first >= i && (!both || last <= i))
    })
}

/// An affine vector over `n` iterations: smallest lane of the first iteration, step from iteration to iteration, largest
/// lane of the first iteration.
fn strided(words: &ConstVec, n: u64) -> Option<(i128, i128, i128)> {
    int_hull(words, Scalar::USIZE)?;
    let (start, dims) = affine(words)?;
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
    Some((lo, outer, hi))
}
