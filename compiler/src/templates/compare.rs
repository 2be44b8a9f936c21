//! Comparison, equality, selection, and trees of ANDs shaped by arrival.
//!
//! `x < y` is the carry out of `y + ¬x`: `n` ANDs by ripple, which is optimal, or a carry network of [`super::prefix`]
//! that computes only the last carry. Equality is a tree of `n − 1` ANDs, optimal in size and depth at once; trees merge
//! the two earliest operands first (Golumbic, "Combinatorial merging", 1976), which is depth-optimal.

use super::Objective;
use super::add::carry_out;
use super::prefix::{self, Want};
use super::word::complement;
use smpcc_circuit::template::{Builder, Lit};

/// `x < y` for two words of one width.
pub fn less_than(b: &mut Builder, x: &[Lit], y: &[Lit], signed: bool, objective: Objective) -> Lit {
    let (x, y) = as_unsigned_sum(x, y, signed);
    carry_out(b, &y, &x, Lit::FALSE, objective)
}

/// `x < y` by AND level `by`, or as soon after it as can be, with few ANDs.
pub fn less_than_by(b: &mut Builder, x: &[Lit], y: &[Lit], signed: bool, by: u32) -> Lit {
    let (x, y) = as_unsigned_sum(x, y, signed);
    let last = prefix::shallow(b, &y, &x, Lit::FALSE, Want::Last, by);
    last.last().copied().unwrap_or(Lit::FALSE)
}

/// The two words whose sum overflows exactly if `x < y`.
fn as_unsigned_sum(x: &[Lit], y: &[Lit], signed: bool) -> (Vec<Lit>, Vec<Lit>) {
    let (mut x, mut y) = (complement(x), y.to_vec());
    if signed {
        // Flipping both sign bits maps the order of signed words to that of unsigned ones.
        for top in [x.last_mut(), y.last_mut()].into_iter().flatten() {
            *top = !*top;
        }
    }
    (x, y)
}

/// `x == y` for two words of one width.
pub fn equal(b: &mut Builder, x: &[Lit], y: &[Lit]) -> Lit {
    let same: Vec<Lit> = x.iter().zip(y).map(|(&x, &y)| !b.xor(x, y)).collect();
    and_all(b, &same)
}

/// `when ? x : y`, one AND per bit in which they differ.
pub fn select(b: &mut Builder, when: Lit, x: &[Lit], y: &[Lit]) -> Vec<Lit> {
    x.iter()
        .zip(y)
        .map(|(&x, &y)| select_bit(b, when, x, y))
        .collect()
}

/// `when ? x : y` on bits: one AND, none where constants decide.
pub(super) fn select_bit(b: &mut Builder, when: Lit, x: Lit, y: Lit) -> Lit {
    match (when.as_const(), x.as_const(), y.as_const()) {
        (Some(true), _, _) => x,
        (Some(false), _, _) => y,
        _ if x == y => x,
        _ if x == !y => !b.xor(when, x),
        (_, Some(true), _) => b.or(when, y),
        (_, Some(false), _) => b.and(!when, y),
        (_, _, Some(true)) => b.or(!when, x),
        (_, _, Some(false)) => b.and(when, x),
        (None, None, None) => b.select(when, x, y),
    }
}

/// The AND of all `bits` (true when there are none), as shallow as their arrivals allow.
pub fn and_all(b: &mut Builder, bits: &[Lit]) -> Lit {
    // Sorted from latest to earliest; the two earliest are taken from the end. Equal levels keep their order, first in
    // first out, so that a tree of equal arrivals is balanced and the same on every machine.
    let mut bits: Vec<Lit> = bits.to_vec();
    bits.sort_by_key(|&l| std::cmp::Reverse((b.level(l), l)));
    bits.dedup();
    while let Some(x) = bits.pop() {
        let Some(y) = bits.pop() else {
            return x;
        };
        let both = b.and(x, y);
        let level = b.level(both);
        let at = bits.partition_point(|&l| b.level(l) > level);
        bits.insert(at, both);
    }
    Lit::TRUE
}

/// The OR of all `bits` (false when there are none), as shallow as their arrivals allow.
pub fn or_all(b: &mut Builder, bits: &[Lit]) -> Lit {
    !and_all(b, &complement(bits))
}
