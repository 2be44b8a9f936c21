//! The last step of an operation: rounding to nearest, ties to even, too small, too large, and what is no number.

use super::super::add::add_carry;
use super::super::compare::{and_all, or_all, select_bit};
use super::super::word::complement;
use super::shift::{self, amount_bits};
use super::{Form, constant};
use smpcc_circuit::template::{Builder, Lit};

/// A result that is not rounded yet.
pub(super) struct Unrounded {
    pub sign: Lit,
    /// The biased exponent but for `above`, in two's complement, of enough bits for the sums with it.
    pub exponent: Vec<Lit>,
    /// Whether the exponent is one more.
    pub above: Lit,
    /// The significand, its leading bit on top unless it is `zero`.
    pub significand: Vec<Lit>,
    /// The bit below the significand.
    pub guard: Lit,
    /// Bits of which any may be set if something is left below that.
    pub rest: Vec<Lit>,
    pub zero: Lit,
    pub infinite: Lit,
    pub nan: Lit,
    /// Whether the exponent can be that of a subnormal.
    pub may_vanish: bool,
}

/// The word.
pub(super) fn round(b: &mut Builder, value: Unrounded, form: Form) -> Vec<Lit> {
    if form.kept && value.may_vanish {
        let shifted = subnormal(b, value, form);
        return packed(b, shifted, form);
    }
    packed(b, value, form)
}

/// Shifted right if the exponent is too small, and then without one.
fn subnormal(b: &mut Builder, mut value: Unrounded, form: Form) -> Unrounded {
    let p = form.precision();
    let width = value.exponent.len();
    // 1 − exponent − above.
    let less = complement(&value.exponent);
    let below = add_carry(b, &less, &constant(1, width), !value.above, form.objective);
    let (&negative, bits) = below.split_last().expect("an exponent has bits");
    let stages = amount_bits(p + 3).min(bits.len());
    let far = or_all(b, &bits[stages..]);
    let amount: Vec<Lit> = bits[..stages]
        .iter()
        .map(|&bit| {
            let bit = b.or(bit, far);
            b.and(bit, !negative)
        })
        .collect();
    let mut frame = vec![value.guard];
    frame.extend(&value.significand);
    let (frame, lost) = shift::right(b, &frame, &amount);
    value.rest.extend(lost);
    value.guard = frame[0];
    value.significand = frame[1..].to_vec();
    // An exponent of 1 is that of the leading bit, which is still there; below, there is none.
    value.above = select_bit(b, negative, value.above, value.significand[p - 1]);
    for bit in &mut value.exponent {
        *bit = b.and(*bit, negative);
    }
    value
}

/// Rounded, and specials laid over.
fn packed(b: &mut Builder, value: Unrounded, form: Form) -> Vec<Lit> {
    let (p, e) = (form.precision(), form.exponent());
    let flushes = !form.kept;
    let fraction = &value.significand[..p - 1];
    let mut rest = value.rest;
    rest.push(fraction[0]);
    let odd = or_all(b, &rest);
    let up = b.and(value.guard, odd);
    let mut left = fraction.to_vec();
    left.extend(&value.exponent);
    let mut right = vec![Lit::FALSE; left.len()];
    right[p - 1] = value.above;
    let sum = add_carry(b, &left, &right, up, form.objective);
    let (fraction, exponent) = sum.split_at(p - 1);
    let (low, high) = exponent.split_at(e);
    let (negative, high) = match high.split_last() {
        Some((&negative, high)) => (negative, high),
        None => (Lit::FALSE, high),
    };
    let full = and_all(b, low);
    let mut large = high.to_vec();
    large.push(full);
    let over = or_all(b, &large);
    let mut over = b.and(over, !negative);
    let vanishes = if flushes && value.may_vanish {
        let any = or_all(b, exponent);
        let under = b.or(negative, !any);
        b.or(under, value.zero)
    } else {
        value.zero
    };
    over = b.and(over, !value.zero);
    let special = b.or(value.infinite, value.nan);
    let full = b.or(over, special);
    let number = b.and(!vanishes, !full);
    overlay(b, fraction, low, number, full, value.nan, value.sign)
}

/// The word with its exponent and fraction where `number` holds, else zeros, and the exponent of specials where `full` holds.
pub(super) fn overlay(
    b: &mut Builder,
    fraction: &[Lit],
    exponent: &[Lit],
    number: Lit,
    full: Lit,
    nan: Lit,
    sign: Lit,
) -> Vec<Lit> {
    let mut word: Vec<Lit> = fraction.iter().map(|&bit| b.and(bit, number)).collect();
    if let Some(quiet) = word.last_mut() {
        *quiet = b.xor(*quiet, nan);
    }
    for &bit in exponent {
        let bit = b.and(bit, number);
        word.push(b.xor(bit, full));
    }
    word.push(b.and(sign, !nan));
    word
}
