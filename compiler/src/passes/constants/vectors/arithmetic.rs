//! Sums, multiples, conversions and divisions of affine vectors.

use super::{affine, int_hull};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

pub(super) fn add(a: &ConstVec, b: &ConstVec) -> Option<ConstVec> {
    let ((start_a, mut dims_a), (start_b, mut dims_b)) = (affine(a)?, affine(b)?);
    let mut dims = Vec::new();
    while let (Some((n, s)), Some((m, t))) = (dims_a.pop(), dims_b.pop()) {
        if n == m {
            dims.push((n, s.wrapping_add(t)));
        } else if m > 0 && n % m == 0 {
            dims.push((m, s.wrapping_add(t)));
            dims_a.push((n / m, s.wrapping_mul(Word::from(m))));
        } else if n > 0 && m % n == 0 {
            dims.push((n, s.wrapping_add(t)));
            dims_b.push((m / n, t.wrapping_mul(Word::from(n))));
        } else {
            return None;
        }
    }
    // What is left over counts one.
    if dims_a.iter().chain(&dims_b).any(|dim| dim.0 != 1) {
        return None;
    }
    dims.reverse();
    Some(ConstVec::Affine {
        start: start_a.wrapping_add(start_b),
        dims,
    })
}

pub(super) fn scale(words: &ConstVec, factor: Word) -> Option<ConstVec> {
    let (start, mut dims) = affine(words)?;
    for dim in &mut dims {
        dim.1 = dim.1.wrapping_mul(factor);
    }
    Some(ConstVec::Affine {
        start: start.wrapping_mul(factor),
        dims,
    })
}

pub(super) fn offset(words: ConstVec, by: Word) -> Option<ConstVec> {
    let (start, dims) = affine(&words)?;
    Some(ConstVec::Affine {
        start: start.wrapping_add(by),
        dims,
    })
}

pub(super) fn cast(words: &ConstVec, from: Scalar, to: Scalar) -> Option<ConstVec> {
    let (start, dims) = affine(words)?;
    if to.width() <= from.width() {
        return Some(words.clone());
    }
    int_hull(words, from)?;
    Some(ConstVec::Affine {
        start: from.extend(from.wrap(start)),
        dims: dims
            .into_iter()
            .map(|(count, step)| (count, signed(step, from) as Word))
            .collect(),
    })
}

/// Quotients and remainders of non-negative integers by a positive constant, as affine vectors.
pub(super) fn divide(words: &ConstVec, scalar: Scalar, by: i128) -> Option<(ConstVec, ConstVec)> {
    let (lo, _) = int_hull(words, scalar)?;
    let (start, dims) = affine(words)?;
    if lo < 0 || by < 1 {
        return None;
    }
    let start = scalar.extend(scalar.wrap(start)) as i128;
    let (mut hi, mut low) = (Vec::new(), Vec::new());
    let (mut least, mut greatest) = (start % by, start % by);
    for (count, step) in dims {
        let step = signed(step, scalar);
        let mut push = |count: u64, step: i128| {
            if step % by == 0 {
                hi.push((count, (step / by) as Word));
                low.push((count, 0));
            } else {
                hi.push((count, 0));
                low.push((count, step as Word));
                let span = step.saturating_mul(i128::from(count.max(1)) - 1);
                least = least.saturating_add(span.min(0));
                greatest = greatest.saturating_add(span.max(0));
            }
        };
        let per = if step > 0 && by % step == 0 {
            u64::try_from(by / step).unwrap_or(u64::MAX)
        } else {
            0
        };
        if per > 1 && count > per && count % per == 0 {
            push(count / per, by);
            push(per, step);
        } else {
            push(count, step);
        }
    }
    (least >= 0 && greatest < by).then(|| {
        let part = |start: i128, dims| ConstVec::Affine {
            start: start as Word,
            dims,
        };
        (part(start / by, hi), part(start % by, low))
    })
}

/// A step as the signed integer nearest to zero.
pub(super) fn signed(step: Word, scalar: Scalar) -> i128 {
    let w = scalar.width();
    ((step << (128 - w)) as i128) >> (128 - w)
}
