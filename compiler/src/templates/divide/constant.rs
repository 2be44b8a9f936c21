//! Division by a constant: trailing zeros of the divisor are wiring; then one multiplication by a reciprocal, or digits.
//!
//! With `M = ⌈2^s / c⌉` and `(2^m − 1)·(M·c − 2^s) < 2^s`, the quotient of every `m`-bit `x` is `⌊x·M / 2^s⌋` (Granlund and
//! Montgomery, "Division by invariant integers using multiplication", 1994): one heap with a row per signed digit of `M`,
//! and one carry chain. By ANDs the digit recurrence is better for every divisor: its first steps vanish, because a
//! partial remainder shorter than the divisor gives a zero digit.

use super::super::Objective;
use super::super::heap::Heap;
use super::super::multiply::constant_into_heap;
use super::super::word::zero_extend;
use super::{Division, Wanted, digits};
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::{Word, mask};

/// `x / c` and `x % c` for a constant that is not zero; the quotient has as many bits as `x`.
pub(super) fn divide(
    b: &mut Builder,
    x: &[Lit],
    c: Word,
    wanted: Wanted,
    objective: Objective,
) -> Division {
    let m = x.len();
    let zeros = (c.trailing_zeros() as usize).min(m);
    let (low, high) = x.split_at(zeros);
    let odd = c >> zeros;
    let mut out = divide_by_odd(b, high, odd, wanted, objective);
    out.quotient.resize(m, Lit::FALSE);
    if wanted.remainder {
        let mut remainder = low.to_vec();
        remainder.append(&mut out.remainder);
        out.remainder = zero_extend(&remainder, m);
    }
    out
}

fn divide_by_odd(
    b: &mut Builder,
    x: &[Lit],
    c: Word,
    wanted: Wanted,
    objective: Objective,
) -> Division {
    let m = x.len();
    let k = (Word::BITS - c.leading_zeros()) as usize;
    if c == 1 {
        return Division {
            quotient: x.to_vec(),
            remainder: Vec::new(),
        };
    }
    if k > m {
        return Division {
            quotient: Vec::new(),
            remainder: x.to_vec(),
        };
    }
    let divisor: Vec<Lit> = (0..k).map(|i| Lit::from(c >> i & 1 == 1)).collect();
    match reciprocal(c, m) {
        Some((factor, shift)) if objective != Objective::Size => {
            let quotient = times_constant(b, x, factor, m + shift).split_off(shift);
            let mut remainder = Vec::new();
            if wanted.remainder {
                let mut heap = Heap::new(k);
                heap.add_word(x, false, false, 0);
                constant_into_heap(&mut heap, &zero_extend(&quotient, k), c, k, true, 0);
                remainder = heap.finish(b, objective);
            }
            Division {
                quotient,
                remainder,
            }
        }
        Some(_) | None => digits::divide(b, x, &divisor, wanted, objective),
    }
}

/// `factor` and `shift` with `⌊x / c⌋ = ⌊x·factor / 2^shift⌋` for all `x` of `m` bits, the smallest such shift; none
/// where that does not fit in a word.
fn reciprocal(c: Word, m: usize) -> Option<(Word, usize)> {
    (0..128).find_map(|shift| {
        let power: Word = 1 << shift;
        let factor = power.div_ceil(c);
        let excess = factor.checked_mul(c)?.checked_sub(power)?;
        let worst = excess.checked_mul(mask(m as u32))?;
        (worst < power).then_some((factor, shift))
    })
}

fn times_constant(b: &mut Builder, x: &[Lit], factor: Word, width: usize) -> Vec<Lit> {
    let mut heap = Heap::new(width);
    constant_into_heap(&mut heap, &zero_extend(x, width), factor, width, false, 0);
    heap.finish(b, Objective::Depth)
}
