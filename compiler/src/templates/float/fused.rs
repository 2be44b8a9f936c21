//! A product and a sum, rounded once: the summand is shifted along the exact product, which stands still.

use super::super::add::{add_carry, negate_if};
use super::super::compare::{or_all, select, select_bit};
use super::super::multiply::product;
use super::super::word::{complement, complement_if, zero_extend};
use super::multiply::factors;
use super::round::{Unrounded, round};
use super::shift::{self, amount_bits};
use super::{Float, Form, constant};
use smpcc_circuit::template::{Builder, Lit};

/// `x · y + z`.
pub(super) fn multiply_add(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    z: &[Lit],
    form: Form,
) -> Vec<Lit> {
    let (p, e, objective) = (form.precision(), form.exponent(), form.objective);
    let width = e + 3;
    let mut factors = factors(b, x, y, width, form);
    if !form.kept {
        for bit in &mut factors.right {
            *bit = b.and(*bit, !factors.zero);
        }
    }
    let z = Float::of(b, z, form);
    let mut summand = z.significand(form);
    let zero_z = if form.kept {
        !or_all(b, &summand)
    } else {
        for bit in &mut summand {
            *bit = b.and(*bit, z.normal);
        }
        !z.normal
    };

    // From below: a bit for what is left of the summand, the product, two bits, the summand, a bit for the carry.
    let n = 3 * p + 4;
    let product = product(b, &factors.left, &factors.right, 2 * p, objective);
    let mut still = vec![Lit::FALSE];
    still.extend(product);
    let still = zero_extend(&still, n);
    let scale = zero_extend(&z.scale(b, form), width);
    let raised = add_carry(
        b,
        &factors.exponent,
        &constant(p as i64 + 3, width),
        Lit::FALSE,
        objective,
    );
    let below = add_carry(b, &raised, &complement(&scale), Lit::TRUE, objective);
    let ahead = b.and(below[width - 1], !zero_z);
    let ahead = b.or(ahead, factors.zero);
    let stages = amount_bits(n).min(width - 1);
    let far = or_all(b, &below[stages..width - 1]);
    let amount: Vec<Lit> = below[..stages]
        .iter()
        .map(|&bit| {
            let bit = b.or(bit, far);
            b.and(bit, !ahead)
        })
        .collect();
    let mut frame = vec![Lit::FALSE; 2 * p + 3];
    frame.extend(&summand);
    frame.push(Lit::FALSE);
    let (mut frame, mut lost) = shift::right(b, &frame, &amount);
    lost.push(frame[0]);
    frame[0] = or_all(b, &lost);

    let opposite = b.xor(factors.sign, z.sign);
    let frame = complement_if(b, &frame, opposite);
    let sum = add_carry(b, &still, &frame, opposite, objective);
    let negative = b.and(sum[n - 1], opposite);
    let sum = negate_if(b, &sum, negative, objective);
    let (mut bits, moved) = shift::normalise(b, &sum, None, 0);
    let zero = !bits[n - 1];
    bits[n - 1] = Lit::TRUE;

    let base = select(b, ahead, &scale, &raised);
    let moved = complement(&zero_extend(&moved, width));
    let exponent = add_carry(b, &base, &moved, Lit::TRUE, objective);
    let finite = {
        let sign = select_bit(b, negative, z.sign, factors.sign);
        let cancels = b.and(zero, opposite);
        b.and(sign, !cancels)
    };
    let of_infinity = select_bit(b, factors.infinite, factors.sign, z.sign);
    let infinite = b.or(factors.infinite, z.special);
    let sign = select_bit(b, infinite, of_infinity, finite);
    let against = b.and(factors.infinite, z.special);
    let nans = [
        factors.nan,
        b.and(z.special, z.quiet()),
        b.and(against, opposite),
    ];
    let value = Unrounded {
        sign,
        exponent,
        above: Lit::TRUE,
        significand: bits[n - p..].to_vec(),
        guard: bits[n - p - 1],
        rest: bits[..n - p - 1].to_vec(),
        zero,
        infinite,
        nan: or_all(b, &nans),
        may_vanish: true,
    };
    round(b, value, form)
}
