//! Conversions: between formats, and from and to integers, which may be scaled by a power of two.

use super::super::add::{add_carry, negate_if};
use super::super::compare::or_all;
use super::super::word::{as_const, complement, zero_extend};
use super::round::{Unrounded, overlay, round};
use super::shift::{self, amount_bits};
use super::{Float, Form, constant};
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Scalar;

/// Bits of an amount that are told apart; a larger one leaves nothing of any number, or too much.
const AMOUNT: usize = 13;

/// Bits of sums of exponents and amounts.
const SUMS: usize = AMOUNT + 2;

/// `x` in another format.
pub(super) fn convert(b: &mut Builder, x: &[Lit], form: Form, target: Form) -> Vec<Lit> {
    let x = Float::of(b, x, form);
    let nan = b.and(x.special, x.quiet());
    let (p, q) = (form.precision(), target.precision());
    let bias = i64::from(target.format.bias()) - i64::from(form.format.bias());
    if p > q {
        // A subnormal is less than half of the least of the other format.
        let width = form.exponent() + 2;
        let exponent = add_carry(
            b,
            &zero_extend(&x.exponent, width),
            &constant(bias, width),
            Lit::FALSE,
            form.objective,
        );
        let bits = x.significand(form);
        let value = Unrounded {
            sign: x.sign,
            exponent,
            above: Lit::FALSE,
            significand: bits[p - q..].to_vec(),
            guard: bits[p - q - 1],
            rest: bits[..p - q - 1].to_vec(),
            zero: !x.normal,
            infinite: x.special,
            nan,
            may_vanish: true,
        };
        return round(b, value, target);
    }
    if p == q {
        let there = if form.kept { Lit::TRUE } else { x.normal };
        let number = b.and(there, !x.special);
        return overlay(b, &x.fraction, &x.exponent, number, x.special, nan, x.sign);
    }
    let (bits, moved, zero) = x.normalised(b, form);
    let width = target.exponent();
    let k = moved.len();
    let mut less = complement(&moved);
    less.extend(&constant(bias - (1 << k), width)[k..]);
    let scale = zero_extend(&x.scale(b, form), width);
    let exponent = add_carry(b, &scale, &less, Lit::TRUE, form.objective);
    let mut fraction = vec![Lit::FALSE; q - p];
    fraction.extend(&bits[..p - 1]);
    let number = b.and(!zero, !x.special);
    overlay(b, &fraction, &exponent, number, x.special, nan, x.sign)
}

/// An amount in `SUMS` bits.
fn amount_word(b: &mut Builder, amount: &[Lit]) -> Vec<Lit> {
    let low = zero_extend(amount, AMOUNT);
    let far = or_all(b, amount.get(AMOUNT..).unwrap_or_default());
    let low: Vec<Lit> = low.iter().map(|&bit| b.or(bit, far)).collect();
    zero_extend(&low, SUMS)
}

/// An integer divided by `2^amount`.
pub(super) fn from_integer(
    b: &mut Builder,
    word: &[Lit],
    signed: bool,
    amount: &[Lit],
    target: Form,
) -> Vec<Lit> {
    let (w, p) = (word.len(), target.precision());
    let bias = i64::from(target.format.bias());
    let sign = match word.last() {
        Some(&top) if signed => top,
        _ => Lit::FALSE,
    };
    let magnitude = negate_if(b, word, sign, target.objective);
    let (mut bits, moved) = shift::normalise(b, &magnitude, None, 0);
    let zero = !bits[w - 1];
    bits[w - 1] = Lit::TRUE;
    let known = as_const(amount);
    let amount = amount_word(b, amount);
    // bias + w − 1 − amount − moved.
    let least = add_carry(
        b,
        &complement(&amount),
        &constant(bias + w as i64, SUMS),
        Lit::FALSE,
        target.objective,
    );
    let exponent = add_carry(
        b,
        &least,
        &complement(&zero_extend(&moved, SUMS)),
        Lit::TRUE,
        target.objective,
    );
    let mut frame = vec![Lit::FALSE; (p + 1).saturating_sub(w)];
    frame.extend(&bits);
    let (rest, kept) = frame.split_at(frame.len() - p - 1);
    let value = Unrounded {
        sign,
        exponent,
        above: Lit::FALSE,
        significand: kept[1..].to_vec(),
        guard: kept[0],
        rest: rest.to_vec(),
        zero,
        infinite: Lit::FALSE,
        nan: Lit::FALSE,
        may_vanish: known.is_none_or(|s| s >= bias as u128),
    };
    round(b, value, target)
}

/// `x · 2^amount` as an integer.
pub(super) fn to_integer(
    b: &mut Builder,
    x: &[Lit],
    amount: &[Lit],
    to: Scalar,
    nearest: bool,
    form: Form,
) -> Vec<Lit> {
    let (w, p) = (to.width() as usize, form.precision());
    let bias = i64::from(form.format.bias());
    let x = Float::of(b, x, form);
    // A subnormal is far below one half, unless it is made larger.
    let vanishes = as_const(amount).is_some_and(|s| s + 8 < bias as u128);
    let (bits, moved, zero) = if vanishes {
        let form = Form {
            kept: false,
            ..form
        };
        x.normalised(b, form)
    } else {
        x.normalised(b, form)
    };
    let scale = if vanishes {
        x.exponent.clone()
    } else {
        x.scale(b, form)
    };
    // How far the leading bit is below the uppermost of the integer.
    let amount = amount_word(b, amount);
    let scale = zero_extend(&scale, SUMS);
    let sum = add_carry(b, &scale, &amount, Lit::FALSE, form.objective);
    let less = complement(&zero_extend(&moved, SUMS));
    let sum = if moved.is_empty() {
        sum
    } else {
        add_carry(b, &sum, &less, Lit::TRUE, form.objective)
    };
    let below = add_carry(
        b,
        &complement(&sum),
        &constant(bias + w as i64, SUMS),
        Lit::FALSE,
        form.objective,
    );
    let outside = below[SUMS - 1];
    let size = w + usize::from(nearest);
    let mut frame = vec![Lit::FALSE; size.saturating_sub(p)];
    frame.extend(&bits);
    let (cut, frame) = frame.split_at(frame.len() - size);
    let stages = amount_bits(size + 1);
    let far = or_all(b, &below[stages..SUMS - 1]);
    let amount: Vec<Lit> = below[..stages].iter().map(|&bit| b.or(bit, far)).collect();
    let (frame, mut lost) = shift::right(b, frame, &amount);
    let mut over = vec![outside];
    let magnitude = if nearest {
        lost.extend(cut);
        lost.push(frame[1]);
        let odd = or_all(b, &lost);
        let up = b.and(frame[0], odd);
        let whole = zero_extend(&frame[1..], w + 1);
        let none = vec![Lit::FALSE; w + 1];
        let mut sum = add_carry(b, &whole, &none, up, form.objective);
        over.extend(sum.pop());
        sum
    } else {
        frame
    };
    let nan = b.and(x.special, x.quiet());
    let there = b.and(!zero, !nan);
    if !to.is_signed() {
        let there = b.and(there, !x.sign);
        let over = or_all(b, &over);
        let over = b.and(over, there);
        let keeps = b.and(there, !over);
        return magnitude
            .iter()
            .map(|&bit| {
                let bit = b.and(bit, keeps);
                b.xor(bit, over)
            })
            .collect();
    }
    over.extend(magnitude.last());
    let over = or_all(b, &over);
    let over = b.and(over, there);
    let keeps = b.and(there, !over);
    let least = b.and(over, x.sign);
    let most = b.and(over, !x.sign);
    let word = negate_if(b, &magnitude, x.sign, form.objective);
    let mut out: Vec<Lit> = word
        .iter()
        .map(|&bit| {
            let bit = b.and(bit, keeps);
            b.xor(bit, most)
        })
        .collect();
    if let Some(top) = out.last_mut() {
        let plain = b.xor(*top, most);
        *top = b.xor(plain, least);
    }
    out
}
