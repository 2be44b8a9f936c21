//! The field in portable code: what the other form must equal. Slow, but without secret-dependent time.

use super::{Field, Wide, reduced};

/// The carry-less product of two words.
fn clmul(a: u64, b: u64) -> u128 {
    let a = u128::from(a);
    let mut sum = 0;
    for i in 0..64 {
        let mask = u128::from(b >> i & 1).wrapping_neg();
        sum ^= (a << i) & mask;
    }
    sum
}

const fn low(x: u128) -> u64 {
    x as u64
}

const fn high(x: u128) -> u64 {
    (x >> 64) as u64
}

/// `weight · word` without reduction.
fn wide(weight: Field, word: u64) -> Wide {
    let (first, second) = (clmul(low(weight), word), clmul(high(weight), word));
    [low(first), high(first) ^ low(second), high(second)]
}

pub(super) fn mul(a: Field, b: Field) -> Field {
    // By words of b: (a · b_1) X^64 + a · b_0.
    let upper = reduced(wide(a, high(b)));
    let shifted = reduced([0, low(upper), high(upper)]);
    shifted ^ reduced(wide(a, low(b)))
}

pub(super) fn accumulate(sums: &mut [Wide], weight: Field, words: &[u64]) {
    for (sum, &word) in sums.iter_mut().zip(words) {
        for (sum, part) in sum.iter_mut().zip(wide(weight, word)) {
            *sum ^= part;
        }
    }
}

pub(super) fn weigh(run: &mut [Field], weight: Field) {
    let mut weight = weight;
    for element in run {
        *element = mul(*element, weight);
        weight = super::doubled(weight);
    }
}

pub(super) fn halves(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2] {
    let (mut one, mut infinity) = (0, 0);
    let (u, v) = (u[0].iter().zip(u[1]), v[0].iter().zip(v[1]));
    for ((u0, u1), (v0, v1)) in u.zip(v) {
        one ^= mul(*u1, *v1);
        infinity ^= mul(u0 ^ u1, v0 ^ v1);
    }
    [one, infinity]
}

pub(super) fn dot(u: &[Field], v: &[Field]) -> Field {
    u.iter().zip(v).fold(0, |sum, (u, v)| sum ^ mul(*u, *v))
}

/// The products are reduced at once, so that nothing is left for the upper halves.
pub(super) fn scale(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field]) {
    for ((low, _), what) in low.iter_mut().zip(high).zip(what) {
        *low ^= mul(weight, *what);
    }
}

pub(super) fn fold(low: &mut [Field], high: &[Field], r: Field) {
    for (low, high) in low.iter_mut().zip(high) {
        *low ^= mul(r, *low ^ high);
    }
}
