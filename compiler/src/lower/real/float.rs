//! Floats: unsigned words that hold them, and the operations on these. Nothing is regrouped, and sums of many are one fixed tree.

use super::Tracer;
use crate::hir::{BinaryOp, Builtin};
use crate::lower::fault::{Fault, Traced, code};
use crate::lower::value::Leaf;
use smpcc_circuit::float::{FloatOp, Subnormals};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

impl Tracer<'_> {
    /// An operation as the present function wants it: what it says of small floats counts where a result may be one.
    fn float(&mut self, op: FloatOp, scalar: Scalar, args: &[Leaf]) -> Traced<Leaf> {
        use FloatOp as F;
        let may_flush = match op {
            F::Add | F::Sub | F::Mul | F::Div | F::Sqrt | F::MulAdd | F::Convert => true,
            F::Neg | F::Min | F::Max | F::Eq | F::Lt | F::Le => false,
            F::Floor | F::Ceil | F::Round | F::Trunc => false,
            F::FromInt | F::ToInt | F::ToNearest => false,
        };
        let subnormals = match may_flush && self.frame().flushes {
            true => Subnormals::Flushed,
            false => Subnormals::Kept,
        };
        self.word(WordOp::Float(op, subnormals), scalar, args)
    }

    pub(super) fn float_binary(
        &mut self,
        op: BinaryOp,
        total: bool,
        a: &Leaf,
        b: &Leaf,
    ) -> Traced<Leaf> {
        use BinaryOp as B;
        let scalar = a.scalar;
        if total && matches!(op, B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge) {
            // The order that bounds mean: that of signed integers.
            let (a, b) = (self.float_key(a)?, self.float_key(b)?);
            return self.binary_op(op, a, b);
        }
        let pair = [a.clone(), b.clone()];
        let turned = [b.clone(), a.clone()];
        match op {
            B::Add => self.float(FloatOp::Add, scalar, &pair),
            B::Sub => self.float(FloatOp::Sub, scalar, &pair),
            B::Mul => self.float(FloatOp::Mul, scalar, &pair),
            B::Div => self.float(FloatOp::Div, scalar, &pair),
            B::Eq => self.float(FloatOp::Eq, Scalar::Bool, &pair),
            B::Ne => {
                let equal = self.float(FloatOp::Eq, Scalar::Bool, &pair)?;
                self.word(WordOp::Not, Scalar::Bool, &[equal])
            }
            B::Lt => self.float(FloatOp::Lt, Scalar::Bool, &pair),
            B::Le => self.float(FloatOp::Le, Scalar::Bool, &pair),
            B::Gt => self.float(FloatOp::Lt, Scalar::Bool, &turned),
            B::Ge => self.float(FloatOp::Le, Scalar::Bool, &turned),
            B::Rem | B::And | B::Or | B::Xor | B::Shl | B::Shr => Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                "this operator is not for floats, for which the type parameter stands in this call",
            )
            .into()),
        }
    }

    /// `−a`.
    pub(in crate::lower) fn float_negated(&mut self, a: &Leaf) -> Traced<Leaf> {
        self.float(FloatOp::Neg, a.scalar, std::slice::from_ref(a))
    }

    /// The smaller or the larger of two.
    pub(in crate::lower) fn float_extreme(
        &mut self,
        largest: bool,
        a: &Leaf,
        b: &Leaf,
    ) -> Traced<Leaf> {
        let op = if largest { FloatOp::Max } else { FloatOp::Min };
        self.float(op, a.scalar, &[a.clone(), b.clone()])
    }

    /// `a · b + c`.
    pub(in crate::lower) fn float_mul_add(&mut self, a: Leaf, b: Leaf, c: Leaf) -> Traced<Leaf> {
        let scalar = a.scalar;
        self.float(FloatOp::MulAdd, scalar, &[a, b, c])
    }

    pub(super) fn float_function(&mut self, builtin: Builtin, a: &Leaf) -> Traced<Leaf> {
        let op = match builtin {
            Builtin::Floor => FloatOp::Floor,
            Builtin::Ceil => FloatOp::Ceil,
            Builtin::Round => FloatOp::Round,
            Builtin::Trunc => FloatOp::Trunc,
            Builtin::Sqrt => FloatOp::Sqrt,
            // Without its sign.
            _ => {
                let bits = Leaf::word(a.scalar, a.scalar.mask() >> 1);
                return self.word(WordOp::And, a.scalar, &[a.clone(), bits]);
            }
        };
        self.float(op, a.scalar, std::slice::from_ref(a))
    }

    /// `as` from a float, to a float, or both; the other type has so many places behind the point.
    pub(super) fn float_cast(
        &mut self,
        a: &Leaf,
        from: bool,
        to: bool,
        places: u32,
        rounds: bool,
        scalar: Scalar,
    ) -> Traced<Leaf> {
        if from && to {
            if a.scalar == scalar {
                return Ok(a.clone());
            }
            return self.float(FloatOp::Convert, scalar, std::slice::from_ref(a));
        }
        let places = Leaf::word(Scalar::unsigned(8), Word::from(places));
        if to {
            let a = match a.scalar {
                Scalar::Bool => self.cast(a, Scalar::unsigned(1))?,
                Scalar::Int { .. } => a.clone(),
            };
            return self.float(FloatOp::FromInt, scalar, &[a, places]);
        }
        let op = if rounds {
            FloatOp::ToNearest
        } else {
            FloatOp::ToInt
        };
        self.float(op, scalar, &[a.clone(), places])
    }

    /// A signed integer whose order is the total order of floats.
    pub(in crate::lower) fn float_key(&mut self, a: &Leaf) -> Traced<Leaf> {
        let signed = Scalar::signed(a.scalar.width() as u8);
        let word = self.turned(a)?;
        self.cast(&word, signed)
    }

    /// The float of such an integer.
    pub(in crate::lower) fn float_of_key(&mut self, key: &Leaf) -> Traced<Leaf> {
        let unsigned = Scalar::unsigned(key.scalar.width() as u8);
        let word = self.cast(key, unsigned)?;
        self.turned(&word)
    }

    fn turned(&mut self, a: &Leaf) -> Traced<Leaf> {
        let signed = Scalar::signed(a.scalar.width() as u8);
        let number = self.cast(a, signed)?;
        let sign = self.shifted(WordOp::Shr, &number, a.scalar.width() - 1)?;
        let sign = self.cast(&sign, a.scalar)?;
        let rest = self.shifted(WordOp::Shr, &sign, 1)?;
        self.word(WordOp::Xor, a.scalar, &[a.clone(), rest])
    }

    /// The sum of all lanes as one tree: pairs of neighbours, then pairs of these. It is the one that splits at the largest power of
    /// two below the length.
    pub(in crate::lower) fn float_sum(&mut self, xs: &Leaf) -> Traced<Leaf> {
        let scalar = xs.scalar;
        let mut xs = xs.clone();
        if xs.lanes == 0 {
            return Ok(Leaf::word(scalar, 0));
        }
        while xs.lanes > 1 {
            let pairs = xs.lanes / 2;
            let lanes = |start: u64, n: u64| {
                let dims = vec![(n, 2)];
                let start = Word::from(start);
                Leaf::constant(Scalar::USIZE, ConstVec::Affine { start, dims })
            };
            let left = self.gather(&xs, &lanes(0, pairs), 1)?;
            let right = self.gather(&xs, &lanes(1, pairs), 1)?;
            let sums = self.float(FloatOp::Add, scalar, &[left, right])?;
            xs = if xs.lanes % 2 == 1 {
                let last = self.gather(&xs, &lanes(xs.lanes - 1, 1), 1)?;
                self.concat(&[sums, last])?
            } else {
                sums
            };
        }
        Ok(xs)
    }

    /// The sum divided by the number of lanes.
    pub(in crate::lower) fn float_average(&mut self, xs: &Leaf) -> Traced<Leaf> {
        let n = Leaf::usize(xs.lanes);
        let sum = self.float_sum(xs)?;
        let none = Leaf::word(Scalar::unsigned(8), 0);
        let n = self.float(FloatOp::FromInt, xs.scalar, &[n, none])?;
        self.float(FloatOp::Div, xs.scalar, &[sum, n])
    }

    /// The sum of products.
    pub(in crate::lower) fn float_dot(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let products = self.float(FloatOp::Mul, a.scalar, &[a.clone(), b.clone()])?;
        self.float_sum(&products)
    }
}
