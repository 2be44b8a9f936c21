//! Sums: the larger operand stays, the smaller is shifted under it with two bits and what is left of the others.

use super::super::Objective;
use super::super::add::{add_carry, subtract};
use super::super::compare::{and_all, less_than, or_all};
use super::super::word::{complement, complement_if, zero_extend};
use super::shift::{self, Limit, amount_bits};
use super::{Float, Form, constant};
use smpcc_circuit::template::{Builder, Lit};

/// `x + y`.
pub(super) fn add(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Vec<Lit> {
    let (p, e, objective) = (form.precision(), form.exponent(), form.objective);
    let n = x.len() - 1;
    let (sign_x, sign_y) = (x[n], y[n]);
    let opposite = b.xor(sign_x, sign_y);
    let less = less_than(b, &x[..n], &y[..n], false, objective);
    let swaps: Vec<Lit> = (0..n)
        .map(|i| {
            let differ = b.xor(x[i], y[i]);
            b.and(less, differ)
        })
        .collect();
    let swap = b.and(less, opposite);
    let sign = b.xor(sign_x, swap);
    let mut exchanged = |word: &[Lit]| -> Vec<Lit> {
        let mut word: Vec<Lit> = (0..n).map(|i| b.xor(word[i], swaps[i])).collect();
        word.push(Lit::FALSE);
        word
    };
    let (large, small) = (exchanged(x), exchanged(y));
    let (large, small) = (Float::of(b, &large, form), Float::of(b, &small, form));

    // How far the smaller is shifted.
    let (scale_x, scale_y) = (large.scale(b, form), small.scale(b, form));
    let distance = subtract(b, &scale_x, &scale_y, objective);
    let stages = amount_bits(p + 3).min(e);
    let (near, high) = distance.split_at(stages);
    let high = or_all(b, high);
    let apart = {
        let mut bits = near.to_vec();
        bits.push(high);
        or_all(b, &bits)
    };
    // A number that is flushed goes all the way, and leaves nothing.
    let far = if form.kept {
        high
    } else {
        b.or(high, !small.normal)
    };
    let amount: Vec<Lit> = near.iter().map(|&bit| b.or(bit, far)).collect();
    let mut frame = vec![Lit::FALSE; 2];
    frame.extend(small.significand(form));
    let (frame, lost) = shift::right(b, &frame, &amount);
    let mut sticky = or_all(b, &lost);
    if !form.kept {
        sticky = b.and(sticky, small.normal);
    }

    let mut upper = vec![Lit::FALSE; 3];
    upper.extend(large.significand(form));
    let mut lower = vec![sticky];
    lower.extend(frame);
    let (upper, lower) = (zero_extend(&upper, p + 4), zero_extend(&lower, p + 4));
    let lower = complement_if(b, &lower, opposite);
    let sum = add_carry(b, &upper, &lower, opposite, objective);

    // Below the one bit of room that the carry takes. Where more than two bits cancel, operands were one bit apart at most.
    let limit = form
        .kept
        .then(|| Limit::new(b, &scale_x, amount_bits(p + 4)));
    let nothing = if form.kept {
        !or_all(b, &sum)
    } else {
        Lit::FALSE
    };
    let (sum, moved) = normalise(b, &sum, limit);
    let leading = sum.bits[p + 3];
    let nothing = if form.kept { nothing } else { !leading };

    // The exponent of the larger, less what was moved, and one more for the bit of room.
    let width = e + 1;
    let back = back(b, &moved, width);
    let fraction = &sum.bits[4..p + 3];
    let odd = b.or(sum.sticky, fraction[0]);
    let up = b.and(sum.bits[3], odd);
    let mut left = fraction.to_vec();
    left.extend(zero_extend(&scale_x, width));
    let mut right = vec![Lit::FALSE; p - 1];
    right.extend(back);
    let rounded = add_carry(b, &left, &right, up, objective);
    let (fraction, exponent) = rounded.split_at(p - 1);

    let special = large.special;
    let infinities = b.and(!apart, opposite);
    let nan = b.or(large.quiet(), infinities);
    let nan = b.and(special, nan);
    let (exponent, negative) = (&exponent[..e], exponent[e]);
    let full = and_all(b, exponent);
    let over = b.and(full, !negative);
    let there = if form.kept {
        leading
    } else {
        let any = or_all(b, exponent);
        let positive = b.and(any, !negative);
        let both = b.and(leading, large.normal);
        b.and(positive, both)
    };
    let number = b.and(there, !special);
    let whole = if form.kept {
        let other = b.or(over, special);
        !other
    } else {
        b.and(number, !over)
    };
    // Opposite numbers cancel to the positive zero; zeros that were flushed have their signs.
    let cancels = if form.kept {
        nothing
    } else {
        b.or(nothing, !large.normal)
    };
    let positive = b.and(opposite, cancels);
    let sign = b.and(sign, !positive);
    let mut word: Vec<Lit> = fraction.iter().map(|&bit| b.and(bit, whole)).collect();
    word[p - 2] = b.xor(word[p - 2], nan);
    for &bit in exponent {
        let bit = b.and(bit, number);
        word.push(b.xor(bit, special));
    }
    word.push(b.and(sign, !nan));
    word
}

/// A normalised sum.
struct Sum {
    bits: Vec<Lit>,
    /// Whether anything is left below the bit that decides on rounding.
    sticky: Lit,
}

fn normalise(b: &mut Builder, sum: &[Lit], limit: Option<Limit>) -> (Sum, Vec<Lit>) {
    let (bits, moved) = shift::normalise(b, sum, limit, 2);
    // The lowest three bits and what the last stage moved in are only asked whether there are any.
    let sticky = or_all(b, &bits[..3]);
    (Sum { bits, sticky }, moved)
}

/// `1 − moved` in `width` bits.
fn back(b: &mut Builder, moved: &[Lit], width: usize) -> Vec<Lit> {
    // 2^k − 1 − moved, plus 2, less 2^k: the upper bits are set unless that carried.
    let k = moved.len();
    let less = zero_extend(&complement(moved), k + 1);
    let sum = super::super::add::add(b, &less, &constant(2, k + 1), Objective::Size);
    let mut bits = sum[..k].to_vec();
    bits.resize(width, !sum[k]);
    bits
}
