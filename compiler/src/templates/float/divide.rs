//! Quotients and roots, digit by digit: each step adds or subtracts by free XOR, and what is left over may be negative. Where depth counts, quotients
//! are those of integers by the divisor's reciprocal.
//!
//! By digits a quotient is exact only if the last rest is the divisor's negative, or if it has a last digit; a root with a bit below its
//! significand never is. So what is left over need not be put right.

use super::super::Objective;
use super::super::add::add_carry;
use super::super::compare::{or_all, select};
use super::super::divide::shallow_unsigned;
use super::super::word::{complement, complement_if, sign_extend, zero_extend};
use super::round::{Unrounded, overlay, round};
use super::shift::minus_one_less;
use super::{Float, Form, constant};
use smpcc_circuit::template::{Builder, Lit};

/// `x / y`.
pub(super) fn divide(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Vec<Lit> {
    let (p, e) = (form.precision(), form.exponent());
    let (x, y) = (Float::of(b, x, form), Float::of(b, y, form));
    let (dividend, moved_x, zero_x) = x.normalised(b, form);
    let (divisor, moved_y, zero_y) = y.normalised(b, form);

    let (quotient, left) = if form.objective == Objective::Depth {
        by_reciprocal(b, &dividend, &divisor)
    } else {
        by_digits(b, &dividend, &divisor, form)
    };

    let width = e + 2;
    let raised = |b: &mut Builder, scale: &[Lit], moved: &[Lit]| {
        let (scale, moved) = (zero_extend(scale, width), zero_extend(moved, width));
        add_carry(b, &scale, &moved, Lit::FALSE, form.objective)
    };
    let (scale_x, scale_y) = (x.scale(b, form), y.scale(b, form));
    let (above, below) = (raised(b, &scale_x, &moved_y), raised(b, &scale_y, &moved_x));
    let difference = add_carry(b, &above, &complement(&below), Lit::TRUE, form.objective);
    let bias = i64::from(form.format.bias());
    let exponent = add_carry(
        b,
        &difference,
        &constant(bias - 1, width),
        Lit::FALSE,
        form.objective,
    );

    let top = quotient[p + 1];
    let mut significand = select(b, top, &quotient[1..p + 1], &quotient[..p]);
    let guard = significand.remove(0);
    significand.push(Lit::TRUE);
    let nans = [
        b.and(x.special, x.quiet()),
        b.and(y.special, y.quiet()),
        b.and(x.special, y.special),
        b.and(zero_x, zero_y),
    ];
    let value = Unrounded {
        sign: b.xor(x.sign, y.sign),
        exponent,
        above: top,
        significand,
        guard,
        rest: left,
        zero: b.or(zero_x, y.special),
        infinite: b.or(x.special, zero_y),
        nan: or_all(b, &nans),
        may_vanish: true,
    };
    round(b, value, form)
}

/// Two more digits of the quotient of two significands than they have, and bits of which one is set if anything is left over. By the divisor's
/// reciprocal, which takes several times as many gates and a third of the levels.
fn by_reciprocal(b: &mut Builder, dividend: &[Lit], divisor: &[Lit]) -> (Vec<Lit>, Vec<Lit>) {
    let p = dividend.len();
    let mut moved = vec![Lit::FALSE; p + 1];
    moved.extend(dividend);
    let division = shallow_unsigned(b, &moved, &zero_extend(divisor, 2 * p + 1));
    let quotient = division.quotient[..p + 2].to_vec();
    // A quotient is never as far from two neighbours, so a last digit has something after it.
    let mut left = vec![quotient[0]];
    left.extend(&division.remainder[..p]);
    (quotient, left)
}

/// The same digit by digit.
fn by_digits(
    b: &mut Builder,
    dividend: &[Lit],
    divisor: &[Lit],
    form: Form,
) -> (Vec<Lit>, Vec<Lit>) {
    let p = form.precision();
    // Below 2^(p + 2).
    let mut quotient = vec![Lit::FALSE; p + 2];
    let mut rest = dividend.to_vec();
    rest.push(Lit::FALSE);
    let wide = zero_extend(divisor, p + 1);
    let mut negative = Lit::FALSE;
    for i in (0..p + 2).rev() {
        if i < p + 1 {
            rest.insert(0, Lit::FALSE);
            rest.truncate(p + 1);
        }
        let minus = !negative;
        let addend = complement_if(b, &wide, minus);
        rest = add_carry(b, &rest, &addend, minus, form.objective);
        negative = rest[p];
        quotient[i] = !negative;
    }
    // Whether the divisor and a negative rest add up to zero: no carries are needed to say that.
    let mut below = Lit::FALSE;
    let mut left = vec![quotient[0]];
    for (&r, &d) in rest.iter().zip(&wide) {
        let sum = b.xor(r, d);
        left.push(b.xor(sum, below));
        below = b.or(r, d);
    }
    (quotient, left)
}

/// `√x`.
pub(super) fn root(b: &mut Builder, x: &[Lit], form: Form) -> Vec<Lit> {
    let (p, e) = (form.precision(), form.exponent());
    let x = Float::of(b, x, form);
    let (bits, moved, zero) = x.normalised(b, form);
    // The exponent and the bias: half of it is the root's.
    let width = e + 1;
    let scale = x.scale(b, form);
    let less = minus_one_less(&moved, width);
    let less = add_carry(
        b,
        &zero_extend(&scale, width),
        &less,
        Lit::FALSE,
        form.objective,
    );
    let double = add_carry(
        b,
        &less,
        &constant(1 << (e - 1), width),
        Lit::FALSE,
        form.objective,
    );
    let odd = double[0];

    // In [1, 4), two bits before the point.
    let n = 2 * (p + 1);
    let mut radicand = vec![Lit::FALSE; p + 1];
    radicand.extend(&bits);
    radicand.push(Lit::FALSE);
    let mut doubled = vec![Lit::FALSE; p + 2];
    doubled.extend(&bits);
    let radicand = select(b, odd, &doubled, &radicand);
    let (two, one) = (radicand[n - 1], radicand[n - 2]);
    // The first digit is 1.
    let mut root = vec![Lit::TRUE];
    let mut rest = vec![b.and(two, !one), b.and(two, one), Lit::FALSE];
    let mut negative = Lit::FALSE;
    for i in 1..=p {
        let at = n - 2 - 2 * i;
        let mut next = vec![radicand[at], radicand[at + 1]];
        next.extend(&rest);
        let width = i + 3;
        let next = sign_extend(&next, width.max(next.len()));
        let next = &next[..width];
        // Not negative: subtract 4·root + 1. Negative: add 4·root + 3.
        let mut step = vec![Lit::TRUE, negative];
        step.extend(&root);
        let minus = !negative;
        let step = complement_if(b, &zero_extend(&step, width), minus);
        rest = add_carry(b, next, &step, minus, form.objective);
        negative = rest[width - 1];
        root.insert(0, !negative);
    }
    // A root with another digit is never exact: it rounds up, and there is no tie.
    let up = root[0];
    let mut left = root[1..p].to_vec();
    left.extend(&double[1..]);
    let none = vec![Lit::FALSE; left.len()];
    let sum = add_carry(b, &left, &none, up, form.objective);
    let (fraction, exponent) = sum.split_at(p - 1);
    let below = b.and(x.sign, !zero);
    let quiet = b.and(x.special, x.quiet());
    let nan = b.or(quiet, below);
    let full = b.or(x.special, nan);
    let number = b.and(!zero, !full);
    overlay(b, fraction, &exponent[..e], number, full, nan, x.sign)
}
