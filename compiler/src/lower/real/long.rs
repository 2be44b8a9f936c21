//! Products and quotients of fixed-point numbers that follow from more than 128 bits, in parts.

use super::{Fixed, Tracer, signed};
use crate::lower::fault::Traced;
use crate::lower::value::Leaf;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

const HALF: Scalar = Scalar::unsigned(64);
const WHOLE: Scalar = Scalar::unsigned(128);

impl Tracer<'_> {
    /// The product of numbers of more than 64 bits, rounded to nearest, ties up.
    pub(super) fn long_product(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let (low, high) = self.full_product(a, b)?;
        self.rounded_pair(fixed, &low, &high)
    }

    /// The sum of products of numbers of more than 64 bits, rounded once.
    pub(super) fn long_dot(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let (low, high) = self.full_product(a, b)?;
        let bottom = self.lower(&low)?;
        let bottom = self.reduce(WordOp::Add, &bottom, 0)?;
        let middle = self.upper(&low)?;
        let middle = self.reduce(WordOp::Add, &middle, 0)?;
        let high = self.reduce(WordOp::Add, &high, 0)?;
        let carry = self.upper(&bottom)?;
        let middle = self.whole(WordOp::Add, &middle, &carry)?;
        let bottom = self.lower(&bottom)?;
        let middle_up = self.move_up(&middle)?;
        let low = self.whole(WordOp::Or, &middle_up, &bottom)?;
        let carry = self.upper(&middle)?;
        let high = self.whole(WordOp::Add, &high, &carry)?;
        self.rounded_pair(fixed, &low, &high)
    }

    /// The 256 bits of a product: the lower and the upper half.
    pub(super) fn full_product(&mut self, a: &Leaf, b: &Leaf) -> Traced<(Leaf, Leaf)> {
        let (a_low, a_high) = self.halves(a)?;
        let (b_low, b_high) = self.halves(b)?;
        let bottom = self.whole(WordOp::Mul, &a_low, &b_low)?;
        let cross = self.whole(WordOp::Mul, &a_low, &b_high)?;
        let other = self.whole(WordOp::Mul, &a_high, &b_low)?;
        let top = self.whole(WordOp::Mul, &a_high, &b_high)?;
        let mut middle = self.upper(&bottom)?;
        let mut high = top;
        for part in [&cross, &other] {
            let lower = self.lower(part)?;
            middle = self.whole(WordOp::Add, &middle, &lower)?;
            let upper = self.upper(part)?;
            high = self.whole(WordOp::Add, &high, &upper)?;
        }
        let carry = self.upper(&middle)?;
        high = self.whole(WordOp::Add, &high, &carry)?;
        let middle_up = self.move_up(&middle)?;
        let bottom = self.lower(&bottom)?;
        let low = self.whole(WordOp::Or, &middle_up, &bottom)?;
        // This is the product of the patterns. Where one number is negative, the other one is too much in the upper half.
        for (x, y) in [(a, b), (b, a)] {
            let sign = self.sign_mask(x)?;
            let word = self.extended(y)?;
            let extra = self.whole(WordOp::And, &sign, &word)?;
            high = self.whole(WordOp::Sub, &high, &extra)?;
        }
        Ok((low, high))
    }

    /// A number of 256 bits divided by 2^F, rounded to nearest, ties up.
    fn rounded_pair(&mut self, fixed: Fixed, low: &Leaf, high: &Leaf) -> Traced<Leaf> {
        let (sum, high) = self.half_added(fixed, low, high)?;
        let low = self.shifted(WordOp::Shr, &sum, fixed.frac)?;
        let high = self.shifted(WordOp::Shl, &high, 128 - fixed.frac)?;
        let all = self.whole(WordOp::Or, &low, &high)?;
        self.cast(&all, fixed.scalar())
    }

    /// A number of 256 bits and half of a unit of 2^F.
    pub(super) fn half_added(
        &mut self,
        fixed: Fixed,
        low: &Leaf,
        high: &Leaf,
    ) -> Traced<(Leaf, Leaf)> {
        let half = Leaf::word(WHOLE, 1 << (fixed.frac - 1));
        let sum = self.whole(WordOp::Add, low, &half)?;
        let carried = self.word(WordOp::Lt, Scalar::Bool, &[sum.clone(), half])?;
        let carried = self.cast(&carried, WHOLE)?;
        let high = self.whole(WordOp::Add, high, &carried)?;
        Ok((sum, high))
    }

    /// The quotient of numbers whose dividend has more than 128 bits: that of the raw numbers, and one more bit for each
    /// place behind the point.
    pub(super) fn long_quotient(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let scalar = fixed.scalar();
        let zero = Leaf::word(scalar, 0);
        let a_negative = self.word(WordOp::Lt, Scalar::Bool, &[a.clone(), zero.clone()])?;
        let b_negative = self.word(WordOp::Lt, Scalar::Bool, &[b.clone(), zero])?;
        let negative = self.word(WordOp::Xor, Scalar::Bool, &[a_negative, b_negative])?;
        // The rest is below a magnitude, which is at most half of 2^width, so that it can be doubled.
        let unsigned = Scalar::unsigned(fixed.width as u8);
        let dividend = self.word(WordOp::Abs, scalar, std::slice::from_ref(a))?;
        let dividend = self.cast(&dividend, unsigned)?;
        let divisor = self.word(WordOp::Abs, scalar, std::slice::from_ref(b))?;
        let divisor = self.cast(&divisor, unsigned)?;
        let operands = [dividend, divisor.clone()];
        let mut quotient = self.word(WordOp::Div, unsigned, &operands)?;
        let mut rest = self.word(WordOp::Rem, unsigned, &operands)?;
        let none = Leaf::word(unsigned, 0);
        for _ in 0..fixed.frac {
            let doubled = self.shifted(WordOp::Shl, &rest, 1)?;
            let goes = self.word(
                WordOp::Le,
                Scalar::Bool,
                &[divisor.clone(), doubled.clone()],
            )?;
            let taken = self.word(
                WordOp::Select,
                unsigned,
                &[goes.clone(), divisor.clone(), none.clone()],
            )?;
            rest = self.word(WordOp::Sub, unsigned, &[doubled, taken])?;
            let bit = self.cast(&goes, unsigned)?;
            let moved = self.shifted(WordOp::Shl, &quotient, 1)?;
            quotient = self.word(WordOp::Or, unsigned, &[moved, bit])?;
        }
        let quotient = self.cast(&quotient, scalar)?;
        let opposite = self.word(WordOp::Neg, scalar, std::slice::from_ref(&quotient))?;
        self.word(WordOp::Select, scalar, &[negative, opposite, quotient])
    }

    fn whole(&mut self, op: WordOp, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        self.word(op, WHOLE, &[a.clone(), b.clone()])
    }

    /// The pattern sign-extended to 128 bits.
    fn extended(&mut self, a: &Leaf) -> Traced<Leaf> {
        let wide = self.cast(a, signed(128))?;
        self.cast(&wide, WHOLE)
    }

    /// The lower and the upper 64 bits of the sign-extended pattern, each in 128 bits.
    fn halves(&mut self, a: &Leaf) -> Traced<(Leaf, Leaf)> {
        let whole = self.extended(a)?;
        Ok((self.lower(&whole)?, self.upper(&whole)?))
    }

    fn lower(&mut self, a: &Leaf) -> Traced<Leaf> {
        let half = self.cast(a, HALF)?;
        self.cast(&half, WHOLE)
    }

    fn upper(&mut self, a: &Leaf) -> Traced<Leaf> {
        self.shifted(WordOp::Shr, a, 64)
    }

    fn move_up(&mut self, a: &Leaf) -> Traced<Leaf> {
        self.shifted(WordOp::Shl, a, 64)
    }

    /// All ones where a number is negative.
    pub(super) fn sign_mask(&mut self, a: &Leaf) -> Traced<Leaf> {
        let sign = self.shifted(WordOp::Shr, a, a.scalar.width() - 1)?;
        let wide = self.cast(&sign, signed(128))?;
        self.cast(&wide, WHOLE)
    }
}
