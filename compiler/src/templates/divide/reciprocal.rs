//! Division by the divisor's reciprocal: a table's seed, products that square its error, one multiply-and-compare at the end.
//!
//! Digit recurrences need one carry chain per quotient bit; here their number grows with the logarithm of the width
//! (Goldschmidt, "Applications of division by convergence", 1964). With the divisor shifted to `δ` in [½, 1) and a seed
//! `y₀` near `1/δ`, let `e = 1 − δ·y₀`; then `(x·y₀)·(1 + e)·(1 + e²)·(1 + e⁴)… = (x/δ)·(1 − e^{2^f})` after `f` factors,
//! and the products for the quotient and for the powers of `e` go side by side. Shifting by the divisor's leading bit, and
//! back, is one AND level, because that bit is known one-hot.
//!
//! **Error.** Let `V = x/δ < 2^{m+1}` for a dividend of `m` bits, so that the quotient is `⌊V / 2^{j+1}⌋` when the
//! divisor's leading bit is `j`. An estimate in `(V − 2, V + 1)` gives the quotient or one less: a fraction with a
//! divisor below `2^{j+1}` is more than `2^{-(j+1)}` away from the next integer, or on it. With `G` fractional bits in
//! the products each of the `f + 1` of them is off by at most `2^{-G}` either way (columns below the guard are left out
//! and made up for by one unit, so that nothing becomes negative); `e` and its powers have `m + 4` fractional bits and add
//! at most ¼ below and ⅛ each both ways; the seed leaves `V·e^{2^f}` below. [`Precision::for_dividend`] keeps the sums
//! under 1 above and 2 below.

use super::super::Objective;
use super::super::add::add_carry;
use super::super::array::table_lookup;
use super::super::compare::select;
use super::super::heap::Heap;
use super::super::multiply::{signs_into_heap, square_into_heap};
use super::super::prefix::{self, Want};
use super::super::word::{Shape, complement_if, zero_extend};
use super::{Division, Wanted};
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Word;

const DEPTH: Objective = Objective::Depth;

/// How exact the parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Precision {
    /// Bits of the divisor after its leading one that index the table.
    pub index_bits: usize,
    /// Fractional bits of the seed.
    pub seed_bits: usize,
    /// Factors `1 + e^{2^i}`.
    pub factors: usize,
    /// `|e| < 2^-error_bits`.
    pub error_bits: usize,
}

impl Precision {
    /// The fewest factors, then the smallest table, that suffice for a dividend of `m` bits.
    pub(super) fn for_dividend(m: usize) -> Self {
        let mut factors = 1;
        loop {
            for index_bits in 3..=9 {
                let precision = Self::new(index_bits, factors);
                if precision.suffices(m) {
                    return precision;
                }
            }
            factors += 1;
        }
    }

    pub(super) fn new(index_bits: usize, factors: usize) -> Self {
        let mut precision = Self {
            index_bits,
            seed_bits: index_bits + 2,
            factors,
            error_bits: 0,
        };
        let one = 1u128 << 60;
        while precision.error() < one >> (precision.error_bits + 1) {
            precision.error_bits += 1;
        }
        precision
    }

    /// A bound of `|e|` in units of 2^-60: it is largest at an end of one of the table's intervals.
    fn error(&self) -> u128 {
        let scale = self.index_bits + 1 + self.seed_bits;
        let ends = (0..1u128 << self.index_bits).flat_map(|i| {
            let low = (1u128 << self.index_bits) + i;
            [low, low + 1].map(|end| (1u128 << scale).abs_diff(end * self.seed(i)))
        });
        ends.max().unwrap_or(0) << (60 - scale)
    }

    /// Whether the seed's error `V·e^{2^f}` is at most 1, or at most ½ where more roundings come on top.
    pub(super) fn suffices(&self, m: usize) -> bool {
        let (mut error, mut squarings) = (self.error(), self.factors);
        // Below 2^-29 the exponent alone is exact enough.
        while squarings > 0 && error > 1 << 31 {
            error = ((error * error) >> 60) + 1;
            squarings -= 1;
        }
        let exponent = error.next_power_of_two().trailing_zeros() as usize;
        let bits = (60 - exponent) << squarings;
        bits > m + usize::from(self.factors > 2)
    }

    /// The seed for index `i`: the reciprocal of the interval's middle, rounded.
    fn seed(&self, i: Word) -> Word {
        // 2^seed / ((2^t + i + ½) / 2^{t+1}), numerator and denominator doubled.
        let middle = 2 * ((1 << self.index_bits) + i) + 1;
        ((1 << (self.index_bits + 2 + self.seed_bits)) + middle / 2) / middle
    }

    /// Fractional bits of the products.
    fn fraction(&self) -> usize {
        if self.factors > 3 { 4 } else { 3 }
    }
}

/// `x / d` and `x % d` for words without constant upper bits, both at least one bit; the quotient negated if `minus`.
pub(super) fn divide(
    b: &mut Builder,
    x: &[Lit],
    d: &[Lit],
    minus: Lit,
    wanted: Wanted,
) -> Division {
    divide_with(b, x, d, minus, wanted, Precision::for_dividend(x.len()))
}

pub(super) fn divide_with(
    b: &mut Builder,
    x: &[Lit],
    d: &[Lit],
    minus: Lit,
    wanted: Wanted,
    precision: Precision,
) -> Division {
    let (m, k) = (x.len(), d.len());
    let above = super::suffix_or(b, d, DEPTH);
    let zero = !above[0];
    let leading: Vec<Lit> = (0..k).map(|j| b.xor(above[j], above[j + 1])).collect();

    let scaled = normalise(b, d, &leading, m, precision.index_bits);
    let estimate = estimate(b, x, &scaled, m, precision);
    // Shifted back; for a divisor of zero two below zero, so that one more is all ones.
    let quotient: Vec<Lit> = (0..m)
        .map(|i| {
            let start = if i == 0 { Lit::FALSE } else { zero };
            (0..k).filter(|j| i + j < m).fold(start, |sum, j| {
                let bit = b.and(leading[j], estimate[i + j + 1]);
                b.xor(sum, bit)
            })
        })
        .collect();

    // A divisor narrower than the dividend could not hold what is left of it after a division by zero: leave nothing.
    let kept: Vec<Lit> = if m > k {
        x.iter().map(|&l| b.and(l, above[0])).collect()
    } else {
        x.to_vec()
    };
    // x − q·d − d lies in [−d, d); what does not depend on q is there early and adds no level.
    let width = k + 1;
    let mut heap = Heap::new(width + 1);
    heap.add_word(&kept, false, false, 1);
    heap.add_word(d, false, true, 1);
    let (q, divisor) = (unsigned(&quotient), unsigned(d));
    signs_into_heap(b, &mut heap, &q, &divisor, true, 0);
    let (left, right) = heap.compress(b);
    let negative = top_of_sum(b, &left, &right);

    let mut out = Division::default();
    if wanted.quotient {
        let word = complement_if(b, &quotient, minus);
        let next = add_carry(b, &word, &vec![Lit::FALSE; m], Lit::TRUE, DEPTH);
        // The negative of the next quotient is this one's complement.
        let stay = b.xor(negative, minus);
        out.quotient = select(b, stay, &word, &next);
    }
    if wanted.remainder {
        let mut heap = Heap::new(width + 1);
        heap.add_word(&left, false, false, 0);
        heap.add_word(&right, false, false, 0);
        heap.add_word(d, false, false, 1);
        let keep = heap.finish(b, DEPTH);
        let reduced = add_carry(b, &left, &right, Lit::FALSE, DEPTH);
        let mut remainder = select(b, negative, &keep[1..=k], &reduced[1..=k]);
        remainder.resize(m.max(k), Lit::FALSE);
        if m > k {
            for (bit, (&all, &kept)) in remainder.iter_mut().zip(x.iter().zip(&kept)) {
                let lost = b.xor(all, kept);
                *bit = b.xor(*bit, lost);
            }
        }
        remainder.truncate(m);
        out.remainder = remainder;
    }
    out
}

fn unsigned(bits: &[Lit]) -> Shape {
    Shape {
        bits: bits.to_vec(),
        signed: false,
    }
}

/// The top bit of the sum of two words.
fn top_of_sum(b: &mut Builder, x: &[Lit], y: &[Lit]) -> Lit {
    let n = x.len() - 1;
    let carry = prefix::shallow(b, &x[..n], &y[..n], Lit::FALSE, Want::Last, 0);
    let top = b.xor(x[n], y[n]);
    b.xor(top, carry.last().copied().unwrap_or(Lit::FALSE))
}

/// The divisor shifted until its leading bit is on top; as many bits as a dividend of `m` bits can tell apart, at least
/// one more than the table's index.
fn normalise(b: &mut Builder, d: &[Lit], leading: &[Lit], m: usize, index_bits: usize) -> Vec<Lit> {
    let k = d.len();
    let width = k.min(m + 6).max(index_bits + 1);
    // Bit `width − 1 − below` is the divisor's bit `below` places under its leading one.
    let mut out: Vec<Lit> = (1..width)
        .map(|below| {
            (below..k).fold(Lit::FALSE, |sum, j| {
                let bit = b.and(leading[j], d[j - below]);
                b.xor(sum, bit)
            })
        })
        .collect();
    out.reverse();
    out.push(Lit::TRUE);
    out
}

/// A number with `fraction` fractional bits.
struct Fixed {
    shape: Shape,
    fraction: usize,
}

/// `⌊V̂⌋` in `m + 1` bits, with `V̂` as close to `x/δ` as the module's text says.
fn estimate(
    b: &mut Builder,
    x: &[Lit],
    scaled: &[Lit],
    m: usize,
    precision: Precision,
) -> Vec<Lit> {
    let (t, p) = (precision.index_bits, precision.seed_bits);
    let width = scaled.len();
    let table: Vec<Word> = (0..1 << t).map(|i| precision.seed(i)).collect();
    let index = &scaled[width - 1 - t..width - 1];
    let mut seed = table_lookup(b, &table, p as u32, index, DEPTH);
    seed.push(Lit::TRUE);
    let seed = unsigned(&seed);
    let (fraction, exact) = (precision.fraction(), m + 4);

    // x·y₀.
    let mut heap = Heap::new(m + 1 + p + 1);
    signs_into_heap(b, &mut heap, &unsigned(x), &seed, false, 0);
    let mut product = rounded(b, heap, 1, p, fraction, true);

    // e = 1 − δ·y₀; the 1 is beyond the bits that can differ.
    let mut heap = Heap::new(width + p - precision.error_bits + 1 + 1);
    signs_into_heap(b, &mut heap, &unsigned(scaled), &seed, true, 0);
    let mut error = rounded(b, heap, 1, width + p, exact, false);
    error.shape.signed = true;

    let mut error_bits = precision.error_bits;
    for factor in 0..precision.factors {
        product = times_one_plus(b, &product, &error, m, fraction);
        if factor + 1 < precision.factors {
            error_bits *= 2;
            error = squared(b, &error, exact, error_bits);
        }
    }
    zero_extend(&product.shape.bits[product.fraction..], m + 2)
}

/// `q·(1 + e)` below `2^{m+1}`.
fn times_one_plus(b: &mut Builder, q: &Fixed, e: &Fixed, m: usize, fraction: usize) -> Fixed {
    let total = q.fraction + e.fraction;
    let mut heap = Heap::new(m + 1 + total + 1);
    heap.add_word(&q.shape.bits, false, false, 1 + e.fraction);
    signs_into_heap(b, &mut heap, &q.shape, &e.shape, false, 0);
    rounded(b, heap, 1, total, fraction, true)
}

/// `e²`, not above `2^-error_bits`.
fn squared(b: &mut Builder, e: &Fixed, fraction: usize, error_bits: usize) -> Fixed {
    let total = 2 * e.fraction;
    // One bit more, for the bound itself.
    let mut heap = Heap::new((total + 1).saturating_sub(error_bits).max(1) + 2);
    square_into_heap(b, &mut heap, &e.shape, false, 0);
    rounded(b, heap, 2, total, fraction, true)
}

/// The sum of `heap`, whose position `below + fraction` has weight 1, cut to `keep` fractional bits. Columns far below are
/// left out: they are worth less than one unit, and if the sum is `positive` that unit is added to keep it so.
fn rounded(
    b: &mut Builder,
    mut heap: Heap,
    below: usize,
    fraction: usize,
    keep: usize,
    positive: bool,
) -> Fixed {
    let cut = fraction.saturating_sub(keep);
    let first = below + cut;
    if cut > 0 {
        heap.drop_worth_less_than(first, positive);
    }
    let mut bits = heap.finish(b, DEPTH);
    let bits = bits.split_off(first.min(bits.len()));
    Fixed {
        shape: Shape {
            bits,
            signed: false,
        },
        fraction: fraction - cut,
    }
}
