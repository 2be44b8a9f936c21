//! Products: a subnormal factor is normalised first, and there is at most one where the product does not vanish.

use super::super::add::add_carry;
use super::super::compare::{or_all, select};
use super::super::multiply::product;
use super::super::word::{complement, zero_extend};
use super::round::{Unrounded, round};
use super::{Float, Form, constant, shift};
use smpcc_circuit::template::{Builder, Lit};

/// The factors of a product.
pub(super) struct Factors {
    pub left: Vec<Lit>,
    /// Its leading bit is on top, unless it is zero.
    pub right: Vec<Lit>,
    /// Whether the product is zero. Where both are subnormal this need not say so.
    pub zero: Lit,
    /// The biased exponent of a product in [1, 2).
    pub exponent: Vec<Lit>,
    pub sign: Lit,
    pub infinite: Lit,
    pub nan: Lit,
}

/// The significands to multiply, and what becomes of specials and, in `width` bits, of exponents.
pub(super) fn factors(b: &mut Builder, x: &[Lit], y: &[Lit], width: usize, form: Form) -> Factors {
    let (p, e) = (form.precision(), form.exponent());
    let (x, y) = (Float::of(b, x, form), Float::of(b, y, form));
    let mut moved = Vec::new();
    let (left, right, zero) = if form.kept {
        // The subnormal one to the right.
        let mut left = select(b, x.normal, &x.fraction, &y.fraction);
        let mut right: Vec<Lit> = (0..p - 1)
            .map(|i| {
                let both = b.xor(x.fraction[i], y.fraction[i]);
                b.xor(both, left[i])
            })
            .collect();
        left.push(b.or(x.normal, y.normal));
        right.push(b.and(x.normal, y.normal));
        let (right, amount) = shift::normalise(b, &right, None, 0);
        moved = amount;
        let zero = !right[p - 1];
        (left, right, zero)
    } else {
        let zero = b.or(!x.normal, !y.normal);
        (x.significand(form), y.significand(form), zero)
    };
    // x + y + 1 − moved − 2^(e − 1).
    let (scale_x, scale_y) = (x.scale(b, form), y.scale(b, form));
    let sum = add_carry(
        b,
        &zero_extend(&scale_x, width),
        &zero_extend(&scale_y, width),
        Lit::TRUE,
        form.objective,
    );
    let k = moved.len();
    let mut less = complement(&moved);
    less.extend(&constant(-(1 << k) - (1 << (e - 1)), width)[k..]);
    let exponent = add_carry(b, &sum, &less, Lit::TRUE, form.objective);
    let infinite = b.or(x.special, y.special);
    let nans = [
        b.and(x.special, x.quiet()),
        b.and(y.special, y.quiet()),
        b.and(infinite, zero),
    ];
    Factors {
        left,
        right,
        zero,
        exponent,
        sign: b.xor(x.sign, y.sign),
        infinite,
        nan: or_all(b, &nans),
    }
}

/// `x · y`.
pub(super) fn multiply(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Vec<Lit> {
    let p = form.precision();
    let mut factors = factors(b, x, y, form.exponent() + 2, form);
    // Zeros are laid over the result.
    factors.right[p - 1] = Lit::TRUE;
    let product = product(b, &factors.left, &factors.right, 2 * p, form.objective);
    let top = product[2 * p - 1];
    let mut significand = select(
        b,
        top,
        &product[p - 1..2 * p - 1],
        &product[p - 2..2 * p - 2],
    );
    let guard = significand.remove(0);
    significand.push(Lit::TRUE);
    let mut rest = product[..p - 2].to_vec();
    rest.push(b.and(top, product[p - 2]));
    let value = Unrounded {
        sign: factors.sign,
        exponent: factors.exponent,
        above: top,
        significand,
        guard,
        rest,
        zero: factors.zero,
        infinite: factors.infinite,
        nan: factors.nan,
        may_vanish: true,
    };
    round(b, value, form)
}
