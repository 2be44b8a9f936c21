//! IEEE 754 floats as circuits: taken apart, aligned, normalised and rounded with as few ANDs as their parts need.
//!
//! A stage of a shifter is `t = c ∧ v` for each bit that moves and XORs for what leaves and comes: a bit that is known to be zero
//! where the stage shifts costs nothing, so a normalisation costs in each stage only the bits below those that it looks at.
//! Rounding, the carry into the exponent and the exponent's own sum are one chain. Specials are laid over the result by one AND and
//! one XOR per bit.
//!
//! The meaning is [`FloatOp::eval`]; the tests hold every circuit to it and it to the machine.

mod add;
mod compare;
mod convert;
mod divide;
mod fused;
mod multiply;
mod round;
mod shift;
#[cfg(test)]
mod tests;
mod whole;

use super::Objective;
use super::compare::{and_all, or_all};
use super::word::zero_extend;
use smpcc_circuit::float::{FloatOp, Format, Subnormals};
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Scalar;

/// How circuits are to be built.
#[derive(Clone, Copy)]
struct Form {
    format: Format,
    /// Whether there are subnormals.
    kept: bool,
    objective: Objective,
}

impl Form {
    /// Bits of a significand.
    const fn precision(self) -> usize {
        self.format.fraction as usize + 1
    }

    const fn exponent(self) -> usize {
        self.format.exponent() as usize
    }
}

/// Appends `op` on words of floats to `b`.
pub(super) fn operation(
    b: &mut Builder,
    op: FloatOp,
    subnormals: Subnormals,
    (from, to): (Scalar, Scalar),
    args: &[Vec<Lit>],
    objective: Objective,
) -> Vec<Lit> {
    let form = |ty: Scalar| Form {
        format: Format::of(ty),
        kept: subnormals == Subnormals::Kept || !op.may_flush(),
        objective,
    };
    let (form, target) = (form(from), form(to));
    let word = |i: usize| {
        let bits = args.get(i).map_or(&[][..], Vec::as_slice);
        zero_extend(bits, form.format.width as usize)
    };
    let amount = args.get(1).map_or(&[][..], Vec::as_slice);
    match op {
        FloatOp::Add => add::add(b, &word(0), &word(1), form),
        FloatOp::Sub => {
            let mut other = word(1);
            if let Some(sign) = other.last_mut() {
                *sign = !*sign;
            }
            add::add(b, &word(0), &other, form)
        }
        FloatOp::Mul => multiply::multiply(b, &word(0), &word(1), form),
        FloatOp::Div => divide::divide(b, &word(0), &word(1), form),
        FloatOp::Sqrt => divide::root(b, &word(0), form),
        FloatOp::MulAdd => fused::multiply_add(b, &word(0), &word(1), &word(2), form),
        FloatOp::Neg => compare::negate(b, &word(0), form),
        FloatOp::Min => compare::extreme(b, &word(0), &word(1), false, form),
        FloatOp::Max => compare::extreme(b, &word(0), &word(1), true, form),
        FloatOp::Eq => vec![compare::equal(b, &word(0), &word(1), form)],
        FloatOp::Lt => vec![compare::less(b, &word(0), &word(1), form)],
        FloatOp::Le => vec![compare::at_most(b, &word(0), &word(1), form)],
        FloatOp::Floor | FloatOp::Ceil | FloatOp::Round | FloatOp::Trunc => {
            whole::whole(b, op, &word(0), form)
        }
        FloatOp::Convert => convert::convert(b, &word(0), form, target),
        FloatOp::FromInt => {
            let bits = args.first().map_or(&[][..], Vec::as_slice);
            let bits = zero_extend(bits, from.width() as usize);
            convert::from_integer(b, &bits, from.is_signed(), amount, target)
        }
        FloatOp::ToInt | FloatOp::ToNearest => {
            let nearest = op == FloatOp::ToNearest;
            convert::to_integer(b, &word(0), amount, to, nearest, form)
        }
    }
}

/// A word taken apart.
#[derive(Clone)]
struct Float {
    sign: Lit,
    fraction: Vec<Lit>,
    exponent: Vec<Lit>,
    /// Whether the exponent is not zero.
    normal: Lit,
    /// Whether the exponent is the largest.
    special: Lit,
}

impl Float {
    fn of(b: &mut Builder, word: &[Lit], form: Form) -> Self {
        let (fraction, rest) = word.split_at(form.format.fraction as usize);
        let (exponent, sign) = rest.split_at(form.exponent());
        Self {
            sign: sign.first().copied().unwrap_or(Lit::FALSE),
            fraction: fraction.to_vec(),
            exponent: exponent.to_vec(),
            normal: or_all(b, exponent),
            special: and_all(b, exponent),
        }
    }

    /// The upper bit of the fraction, which tells the NaN from infinities.
    fn quiet(&self) -> Lit {
        self.fraction.last().copied().unwrap_or(Lit::FALSE)
    }

    /// The significand of a number that is not flushed; of one that is, something with a set upper bit.
    fn significand(&self, form: Form) -> Vec<Lit> {
        let mut bits = self.fraction.clone();
        bits.push(if form.kept { self.normal } else { Lit::TRUE });
        bits
    }

    /// The exponent as a number: that of subnormals is the least one of normal numbers.
    fn scale(&self, b: &mut Builder, form: Form) -> Vec<Lit> {
        let mut bits = self.exponent.clone();
        if form.kept {
            bits[0] = b.xor(bits[0], !self.normal);
        }
        bits
    }

    /// With the leading bit of the significand on top, wherever it was: the significand, a zero's without any bit if there
    /// are subnormals; the amount that it moved; and whether it is zero.
    fn normalised(&self, b: &mut Builder, form: Form) -> (Vec<Lit>, Vec<Lit>, Lit) {
        let significand = self.significand(form);
        if !form.kept {
            return (significand, Vec::new(), !self.normal);
        }
        let (mut bits, moved) = shift::normalise(b, &significand, None, 0);
        let top = bits.len() - 1;
        let zero = !bits[top];
        // Zeros are laid over the result.
        bits[top] = Lit::TRUE;
        (bits, moved, zero)
    }
}

/// The bits of a constant.
fn constant(value: i64, width: usize) -> Vec<Lit> {
    (0..width)
        .map(|i| Lit::from(value >> i.min(63) & 1 == 1))
        .collect()
}
