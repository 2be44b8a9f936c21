//! Whether an operation on fixed-point numbers fits their type.

use super::{Fixed, Tracer, signed};
use crate::hir::Arith;
use crate::lower::fault::Traced;
use crate::lower::value::Leaf;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

const WHOLE: Scalar = Scalar::unsigned(128);

impl Tracer<'_> {
    /// Whether `a op b`, rounded as the operator rounds, is no value of the type.
    pub(in crate::lower) fn fixed_overflows(
        &mut self,
        op: Arith,
        fixed: Fixed,
        a: &Leaf,
        b: &Leaf,
    ) -> Traced<Leaf> {
        match op {
            _ if fixed.frac == 0 => self.overflows(op, a, b),
            Arith::Add | Arith::Sub => self.overflows(op, a, b),
            Arith::Mul if fixed.width <= 64 => {
                let all = signed(2 * fixed.width);
                let (a, b) = (self.cast(a, all)?, self.cast(b, all)?);
                let product = self.word(WordOp::Mul, all, &[a, b])?;
                let product = self.rounded(&product, fixed.frac, all)?;
                let cut = self.cast(&product, fixed.scalar())?;
                let again = self.cast(&cut, all)?;
                self.word(WordOp::Ne, Scalar::Bool, &[product, again])
            }
            Arith::Mul => self.long_product_overflows(fixed, a, b),
            Arith::Div => self.quotient_overflows(fixed, a, b),
        }
    }

    /// The same of a product that no type holds: whether a bit above the result differs from its sign.
    fn long_product_overflows(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let (low, high) = self.full_product(a, b)?;
        let (low, high) = self.half_added(fixed, &low, &high)?;
        let as_signed = self.cast(&high, signed(128))?;
        let sign = self.sign_mask(&as_signed)?;
        let high = self.word(WordOp::Xor, WHOLE, &[high, sign.clone()])?;
        let behind = fixed.frac + fixed.width - 1;
        let above = if behind >= 128 {
            self.shifted(WordOp::Shr, &high, behind - 128)?
        } else {
            let low = self.word(WordOp::Xor, WHOLE, &[low, sign])?;
            let low = self.shifted(WordOp::Shr, &low, behind)?;
            self.word(WordOp::Or, WHOLE, &[high, low])?
        };
        self.word(WordOp::Ne, Scalar::Bool, &[above, Leaf::word(WHOLE, 0)])
    }

    /// Whether the divisor is 0, or the quotient ⌊|a|·2^F / |b|⌋ has 2^(W−1) or more: |b| is at most ⌊|a| / 2^(W−1−F)⌋. A quotient below zero
    /// may have 2^(W−1) itself, where what remains is less than |b|.
    fn quotient_overflows(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        let scalar = fixed.scalar();
        let unsigned = Scalar::unsigned(width as u8);
        let mut magnitude = |x: &Leaf| {
            let x = self.word(WordOp::Abs, scalar, std::slice::from_ref(x))?;
            self.cast(&x, unsigned)
        };
        let (dividend, divisor) = (magnitude(a)?, magnitude(b)?);
        let nothing = Leaf::word(unsigned, 0);
        let zero = self.word(WordOp::Eq, Scalar::Bool, &[divisor.clone(), nothing])?;
        let top = self.shifted(WordOp::Shr, &dividend, width - 1 - frac)?;
        let large = self.word(WordOp::Le, Scalar::Bool, &[divisor.clone(), top])?;
        let least = self.shifted(WordOp::Shl, &divisor, width - 1 - frac)?;
        let rest = self.word(WordOp::Sub, unsigned, &[dividend, least])?;
        let one = Leaf::word(unsigned, 1);
        let most = self.word(WordOp::Sub, unsigned, &[divisor, one])?;
        let most = self.shifted(WordOp::Shr, &most, frac)?;
        let more = self.word(WordOp::Lt, Scalar::Bool, &[most, rest])?;
        let sign = self.word(WordOp::Xor, scalar, &[a.clone(), b.clone()])?;
        let below = self.word(WordOp::Lt, Scalar::Bool, &[sign, Leaf::word(scalar, 0)])?;
        let is_least = self.word(
            WordOp::Select,
            Scalar::Bool,
            &[below, more, Leaf::truth(true)],
        )?;
        let large = self.and(&large, &is_least)?;
        self.or(&zero, &large)
    }
}
