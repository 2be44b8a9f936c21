//! Whether an operation on integers fits its type, and the nearest value if it does not.

use super::Tracer;
use super::fault::Traced;
use super::value::Leaf;
use crate::hir::Arith;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

impl<'h> Tracer<'h> {
    /// Whether `a op b` is no value of the operands' type.
    pub(super) fn overflows(&mut self, op: Arith, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        let signed = scalar.is_signed();
        match op {
            Arith::Add => {
                let sum = self.word(WordOp::Add, scalar, &[a.clone(), b.clone()])?;
                if !signed {
                    return self.word(WordOp::Lt, Scalar::Bool, &[sum, a.clone()]);
                }
                // Both have the sign that the sum does not have.
                let first = self.word(WordOp::Xor, scalar, &[a.clone(), sum.clone()])?;
                let second = self.word(WordOp::Xor, scalar, &[b.clone(), sum])?;
                self.both_below_zero(first, second)
            }
            Arith::Sub if !signed => self.word(WordOp::Lt, Scalar::Bool, &[a.clone(), b.clone()]),
            Arith::Sub => {
                let rest = self.word(WordOp::Sub, scalar, &[a.clone(), b.clone()])?;
                let first = self.word(WordOp::Xor, scalar, &[a.clone(), b.clone()])?;
                let second = self.word(WordOp::Xor, scalar, &[a.clone(), rest])?;
                self.both_below_zero(first, second)
            }
            Arith::Mul => self.product_overflows(a, b),
            Arith::Div => {
                let zero = Leaf::word(scalar, 0);
                let none = self.word(WordOp::Eq, Scalar::Bool, &[b.clone(), zero])?;
                if !signed {
                    return Ok(none);
                }
                let least = self.least_by_minus_one(a, b)?;
                self.or(&none, &least)
            }
        }
    }

    fn both_below_zero(&mut self, a: Leaf, b: Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        let both = self.word(WordOp::And, scalar, &[a, b])?;
        self.word(WordOp::Lt, Scalar::Bool, &[both, Leaf::word(scalar, 0)])
    }

    /// Whether `a` is the least integer and `b` is −1.
    fn least_by_minus_one(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        let least = Leaf::word(scalar, least(scalar));
        let minus_one = Leaf::word(scalar, scalar.mask());
        let a = self.word(WordOp::Eq, Scalar::Bool, &[a.clone(), least])?;
        let b = self.word(WordOp::Eq, Scalar::Bool, &[b.clone(), minus_one])?;
        self.and(&a, &b)
    }

    fn product_overflows(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        let width = scalar.width();
        if let Scalar::Int { signed, .. } = scalar
            && width <= 64
        {
            let wide = Scalar::Int {
                width: 2 * width as u8,
                signed,
            };
            let (x, y) = (self.cast(a, wide)?, self.cast(b, wide)?);
            let product = self.word(WordOp::Mul, wide, &[x, y])?;
            let cut = self.cast(&product, scalar)?;
            let again = self.cast(&cut, wide)?;
            return self.word(WordOp::Ne, Scalar::Bool, &[product, again]);
        }
        // No type holds the product: it fits if dividing gives the other factor back.
        let product = self.word(WordOp::Mul, scalar, &[a.clone(), b.clone()])?;
        let back = self.word(WordOp::Div, scalar, &[product, a.clone()])?;
        let other = self.word(WordOp::Ne, Scalar::Bool, &[back, b.clone()])?;
        let zero = Leaf::word(scalar, 0);
        let any = self.word(WordOp::Ne, Scalar::Bool, &[a.clone(), zero])?;
        let other = self.and(&any, &other)?;
        if !scalar.is_signed() {
            return Ok(other);
        }
        // The least integer by −1 is the least integer again.
        let least = self.least_by_minus_one(b, a)?;
        self.or(&other, &least)
    }

    /// `a op b`, or the nearest value of the operands' type.
    pub(super) fn saturating(&mut self, op: Arith, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        let word_op = match op {
            Arith::Add => WordOp::Add,
            Arith::Sub => WordOp::Sub,
            Arith::Mul => WordOp::Mul,
            Arith::Div => WordOp::Div,
        };
        let result = self.word(word_op, scalar, &[a.clone(), b.clone()])?;
        let over = self.overflows(op, a, b)?;
        let limit = if scalar.is_signed() {
            let sign = match op {
                Arith::Mul => self.word(WordOp::Xor, scalar, &[a.clone(), b.clone()])?,
                Arith::Add | Arith::Sub | Arith::Div => a.clone(),
            };
            let zero = Leaf::word(scalar, 0);
            let below = self.word(WordOp::Lt, Scalar::Bool, &[sign, zero])?;
            let ends = [least(scalar), least(scalar) ^ scalar.mask()];
            let [low, high] = ends.map(|end| Leaf::word(scalar, end));
            self.word(WordOp::Select, scalar, &[below, low, high])?
        } else {
            let end = if op == Arith::Sub { 0 } else { scalar.mask() };
            Leaf::word(scalar, end)
        };
        self.word(WordOp::Select, scalar, &[over, limit, result])
    }
}

/// The pattern of the least integer of a signed type.
fn least(scalar: Scalar) -> u128 {
    1 << (scalar.width() - 1)
}
