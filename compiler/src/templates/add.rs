//! Addition, subtraction, negation and absolute value.
//!
//! Size form: a ripple of full adders with one AND each, `n − 1` ANDs for `n` bits, which is optimal (Boyar, Peralta and
//! Pochuev, "On the multiplicative complexity of Boolean functions over the basis (∧, ⊕, 1)", 2000). Depth form: the
//! carry networks of [`super::prefix`], `⌈log2 n⌉` deep.

use super::Objective;
use super::prefix::{self, Want};
use super::word::{complement, complement_if, level};
use smpcc_circuit::template::{Builder, Lit};

/// `x + y` mod 2^n for two words of `n` bits.
pub fn add(b: &mut Builder, x: &[Lit], y: &[Lit], objective: Objective) -> Vec<Lit> {
    add_carry(b, x, y, Lit::FALSE, objective)
}

/// `x − y` mod 2^n for two words of `n` bits.
pub fn subtract(b: &mut Builder, x: &[Lit], y: &[Lit], objective: Objective) -> Vec<Lit> {
    // x − y = ¬(¬x + y): the carry into the first bit stays zero, so no position is spent on it.
    let sum = add(b, &complement(x), y, objective);
    complement(&sum)
}

/// `−x` mod 2^n: `¬x + 1`, whose carries are a chain of ANDs.
pub fn negate(b: &mut Builder, x: &[Lit], objective: Objective) -> Vec<Lit> {
    negate_if(b, x, Lit::TRUE, objective)
}

/// `when ? −x : x` mod 2^n; `n − 1` ANDs.
pub(super) fn negate_if(b: &mut Builder, x: &[Lit], when: Lit, objective: Objective) -> Vec<Lit> {
    let flipped = complement_if(b, x, when);
    add_carry(b, &flipped, &vec![Lit::FALSE; x.len()], when, objective)
}

/// `|x|` of a two's-complement word; `|MIN|` is `MIN`.
pub(super) fn absolute(b: &mut Builder, x: &[Lit], objective: Objective) -> Vec<Lit> {
    match x.last() {
        Some(&sign) => negate_if(b, x, sign, objective),
        None => Vec::new(),
    }
}

/// `x + y` mod 2^n by AND level `by`, or as soon after it as can be, with few ANDs: a level more than the least saves a
/// quarter of them at 32 bits, a few more and it is a ripple.
pub fn add_by(b: &mut Builder, x: &[Lit], y: &[Lit], by: u32) -> Vec<Lit> {
    let below = x.len().saturating_sub(1);
    let latest = level(b, x).max(level(b, y)).max(by);
    let (low, carry) = ((&x[..below], &y[..below]), Lit::FALSE);
    let carries = prefix::shallow(b, low.0, low.1, carry, Want::All, latest);
    outputs(b, x, y, carry, &carries)
}

/// `x + y + carry` mod 2^n.
pub(super) fn add_carry(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    carry: Lit,
    objective: Objective,
) -> Vec<Lit> {
    let n = x.len();
    if n == 0 {
        return Vec::new();
    }
    let carries = match objective {
        Objective::Size => prefix::ripple(b, &x[..n - 1], &y[..n - 1], carry),
        Objective::Depth => {
            let latest = level(b, x).max(level(b, y));
            prefix::shallow(b, &x[..n - 1], &y[..n - 1], carry, Want::All, latest)
        }
        Objective::Balanced => prefix::relaxed(b, &x[..n - 1], &y[..n - 1], carry, Want::All),
    };
    outputs(b, x, y, carry, &carries)
}

/// The sum bits that go with `carries` (out of every position but the last).
pub(super) fn outputs(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    carry: Lit,
    carries: &[Lit],
) -> Vec<Lit> {
    let into = std::iter::once(&carry).chain(carries);
    x.iter()
        .zip(y)
        .zip(into)
        .map(|((&x, &y), &c)| {
            let p = b.xor(x, y);
            b.xor(p, c)
        })
        .collect()
}

/// The carry out of `x + y + carry`.
pub(super) fn carry_out(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    carry: Lit,
    objective: Objective,
) -> Lit {
    let last = match objective {
        Objective::Size => prefix::ripple(b, x, y, carry).pop(),
        Objective::Depth => prefix::shallow(b, x, y, carry, Want::Last, 0).pop(),
        Objective::Balanced => prefix::relaxed(b, x, y, carry, Want::Last).pop(),
    };
    last.unwrap_or(carry)
}
