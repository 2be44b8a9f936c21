//! Functions of fixed-point numbers, and sums of many: exact, and rounded once.

use super::{Fixed, Kind, Tracer, signed};
use crate::hir::{BinaryOp, Builtin, wide_scalar};
use crate::lower::fault::{Fault, Traced, code};
use crate::lower::value::Leaf;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word, mask};

impl Tracer<'_> {
    /// `floor`, `ceil`, `round`, `trunc` and `sqrt`.
    pub(in crate::lower) fn fixed_function(
        &mut self,
        builtin: Builtin,
        fixed: Fixed,
        a: &Leaf,
    ) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        if builtin == Builtin::Sqrt {
            return self.square_root(fixed, a);
        }
        if frac == 0 {
            return Ok(a.clone());
        }
        let scalar = fixed.scalar();
        let below_one = Leaf::word(scalar, mask(frac));
        let raised = match builtin {
            Builtin::Ceil => self.word(WordOp::Add, scalar, &[a.clone(), below_one])?,
            Builtin::Round => {
                let half = Leaf::word(scalar, 1 << (frac - 1));
                self.word(WordOp::Add, scalar, &[a.clone(), half])?
            }
            Builtin::Trunc => {
                let sign = self.shifted(WordOp::Shr, a, width - 1)?;
                let rest = self.word(WordOp::And, scalar, &[sign, below_one])?;
                self.word(WordOp::Add, scalar, &[a.clone(), rest])?
            }
            _ => a.clone(),
        };
        let whole = self.shifted(WordOp::Shr, &raised, frac)?;
        self.shifted(WordOp::Shl, &whole, frac)
    }

    /// The square root, rounded to nearest; zero of what is below zero.
    fn square_root(&mut self, fixed: Fixed, a: &Leaf) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        let scalar = fixed.scalar();
        let zero = Leaf::word(scalar, 0);
        let a = self.word(WordOp::Max, scalar, &[a.clone(), zero])?;
        if width + frac + 1 > 128 {
            return self.long_root(fixed, &a);
        }
        // Twice the root, truncated, says on which side of the half it is: it is never on it.
        let wide = Scalar::unsigned((width + frac + 1) as u8);
        let a = self.cast(&a, wide)?;
        let a = self.shifted(WordOp::Shl, &a, frac + 2)?;
        let twice = self.word(WordOp::Isqrt, wide, std::slice::from_ref(&a))?;
        let one = Leaf::word(wide, 1);
        let sum = self.word(WordOp::Add, wide, &[twice, one])?;
        let root = self.shifted(WordOp::Shr, &sum, 1)?;
        self.cast(&root, scalar)
    }

    /// The root of a number that is not negative, digit by digit.
    fn long_root(&mut self, fixed: Fixed, a: &Leaf) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        // Of the raw number, moved by the places behind the point.
        let n_digits = (width + frac).div_ceil(2);
        if n_digits + 2 > 128 {
            let message = format!("there is no `sqrt` of `fixed<{width}, {frac}>`");
            return Err(Fault::new(code::NOT_KNOWN, self.span, message)
                .help("convert it to a type with fewer bits")
                .into());
        }
        let own = Scalar::unsigned(width as u8);
        let all = Scalar::unsigned((n_digits + 2) as u8);
        let pattern = self.cast(a, own)?;
        let mut root = Leaf::word(all, 0);
        let mut rest = Leaf::word(all, 0);
        for digit in (0..n_digits).rev() {
            rest = self.shifted(WordOp::Shl, &rest, 2)?;
            // Bits 2·digit and the one above of the moved number.
            for bit in [1, 0] {
                let place = 2 * digit + bit;
                if place >= frac && place - frac < width {
                    let moved = self.shifted(WordOp::Shr, &pattern, place - frac)?;
                    let moved = self.cast(&moved, Scalar::unsigned(1))?;
                    let moved = self.cast(&moved, all)?;
                    let moved = self.shifted(WordOp::Shl, &moved, bit)?;
                    rest = self.word(WordOp::Or, all, &[rest, moved])?;
                }
            }
            let trial = self.shifted(WordOp::Shl, &root, 2)?;
            let trial = self.word(WordOp::Or, all, &[trial, Leaf::word(all, 1)])?;
            let goes = self.word(WordOp::Le, Scalar::Bool, &[trial.clone(), rest.clone()])?;
            let taken = self.word(
                WordOp::Select,
                all,
                &[goes.clone(), trial, Leaf::word(all, 0)],
            )?;
            rest = self.word(WordOp::Sub, all, &[rest, taken])?;
            let goes = self.cast(&goes, all)?;
            let moved = self.shifted(WordOp::Shl, &root, 1)?;
            root = self.word(WordOp::Or, all, &[moved, goes])?;
        }
        // More than half a unit is left where the rest is above the root.
        let up = self.word(WordOp::Lt, Scalar::Bool, &[root.clone(), rest])?;
        let up = self.cast(&up, all)?;
        let root = self.word(WordOp::Add, all, &[root, up])?;
        self.cast(&root, fixed.scalar())
    }

    /// The mean: of integers truncated toward zero, of fixed-point numbers rounded to nearest, ties up.
    pub(in crate::lower) fn average(&mut self, fixed: bool, xs: &Leaf) -> Traced<Leaf> {
        let scalar = xs.scalar;
        let n = xs.lanes;
        if n == 0 {
            // The quotient 0 / 0.
            return Ok(Leaf::word(scalar, Word::MAX));
        }
        let width = scalar.width();
        if width > 64 {
            return self.long_average(fixed, xs);
        }
        if !fixed {
            let wide = wide_scalar(scalar);
            let xs = self.cast(xs, wide)?;
            let sum = self.reduce(WordOp::Add, &xs, 0)?;
            let n = Leaf::word(wide, Word::from(n));
            let mean = self.word(WordOp::Div, wide, &[sum, n])?;
            return self.cast(&mean, scalar);
        }
        let (moved, offset) = self.counted_up(xs)?;
        let bits = width + (u64::BITS - n.leading_zeros()) + 1;
        let wide = Scalar::unsigned(bits.min(128) as u8);
        let moved = self.cast(&moved, wide)?;
        let sum = self.reduce(WordOp::Add, &moved, 0)?;
        let half = Leaf::word(wide, Word::from(n / 2));
        let sum = self.word(WordOp::Add, wide, &[sum, half])?;
        let n = Leaf::word(wide, Word::from(n));
        let mean = self.word(WordOp::Div, wide, &[sum, n])?;
        let mean = self.cast(&mean, scalar)?;
        self.word(WordOp::Sub, scalar, &[mean, offset])
    }

    /// A total by a number of values, rounded as a mean is.
    pub(in crate::lower) fn average_of(
        &mut self,
        kind: Option<Kind>,
        total: &Leaf,
        n: &Leaf,
    ) -> Traced<Leaf> {
        let scalar = total.scalar;
        let signed = scalar.is_signed();
        let fixed = match kind {
            Some(Kind::Float { .. }) => {
                let n = self.float_cast(n, false, true, 0, false, scalar)?;
                return self.float_binary(BinaryOp::Div, false, total, &n);
            }
            kind => kind.is_some(),
        };
        // Both are numbers of it.
        let width = |signed: bool| {
            let wide = scalar.width().max(n.scalar.width() + u32::from(signed));
            wide.min(128) as u8
        };
        if !fixed {
            let wide = Scalar::Int {
                signed,
                width: width(signed),
            };
            let (total, n) = (self.cast(total, wide)?, self.cast(n, wide)?);
            let mean = self.word(WordOp::Div, wide, &[total, n])?;
            return self.cast(&mean, scalar);
        }
        // The magnitude and half of n: a little less below zero, where a tie has a smaller magnitude above.
        let wide = Scalar::unsigned(width(false));
        let n = self.cast(n, wide)?;
        let zero = Leaf::word(scalar, 0);
        let below = self.word(WordOp::Lt, Scalar::Bool, &[total.clone(), zero])?;
        let magnitude = self.word(WordOp::Abs, scalar, std::slice::from_ref(total))?;
        let natural = Scalar::unsigned(scalar.width() as u8);
        let magnitude = self.cast(&magnitude, natural)?;
        let magnitude = self.cast(&magnitude, wide)?;
        let less = self.cast(&below, wide)?;
        let half = self.word(WordOp::Sub, wide, &[n.clone(), less])?;
        let half = self.shifted(WordOp::Shr, &half, 1)?;
        let sum = self.word(WordOp::Add, wide, &[magnitude, half])?;
        let mean = self.word(WordOp::Div, wide, &[sum, n])?;
        let mean = self.cast(&mean, scalar)?;
        let negated = self.word(WordOp::Neg, scalar, std::slice::from_ref(&mean))?;
        self.word(WordOp::Select, scalar, &[below, negated, mean])
    }

    /// The mean of integers of more than 64 bits, whose sums are taken in halves.
    fn long_average(&mut self, fixed: bool, xs: &Leaf) -> Traced<Leaf> {
        let scalar = xs.scalar;
        let n = xs.lanes;
        let wide = Scalar::unsigned(128);
        let (moved, offset) = self.counted_up(xs)?;
        let moved = self.cast(&moved, wide)?;
        let high = self.shifted(WordOp::Shr, &moved, 64)?;
        let high = self.reduce(WordOp::Add, &high, 0)?;
        let low_half = Leaf::word(wide, mask(64));
        let low = self.word(WordOp::And, wide, &[moved, low_half])?;
        let low = self.reduce(WordOp::Add, &low, 0)?;
        let more = if fixed {
            Leaf::word(wide, Word::from(n / 2))
        } else if scalar.is_signed() {
            // A sum below zero is rounded up.
            let carry = self.shifted(WordOp::Shr, &low, 64)?;
            let upper = self.word(WordOp::Add, wide, &[high.clone(), carry])?;
            let zero = Word::from(n) << (scalar.width() - 65);
            let zero = Leaf::word(wide, zero);
            let negative = self.word(WordOp::Lt, Scalar::Bool, &[upper, zero])?;
            let most = Leaf::word(wide, Word::from(n - 1));
            self.word(WordOp::Select, wide, &[negative, most, Leaf::word(wide, 0)])?
        } else {
            Leaf::word(wide, 0)
        };
        let low = self.word(WordOp::Add, wide, &[low, more])?;
        let n = Leaf::word(wide, Word::from(n));
        let quotient = self.word(WordOp::Div, wide, &[high.clone(), n.clone()])?;
        let rest = self.word(WordOp::Rem, wide, &[high, n.clone()])?;
        let rest = self.shifted(WordOp::Shl, &rest, 64)?;
        let rest = self.word(WordOp::Add, wide, &[rest, low])?;
        let rest = self.word(WordOp::Div, wide, &[rest, n])?;
        let quotient = self.shifted(WordOp::Shl, &quotient, 64)?;
        let mean = self.word(WordOp::Add, wide, &[quotient, rest])?;
        let mean = self.cast(&mean, scalar)?;
        self.word(WordOp::Sub, scalar, &[mean, offset])
    }

    /// Integers moved so that the least of their type is zero, as unsigned ones, and by how much.
    fn counted_up(&mut self, xs: &Leaf) -> Traced<(Leaf, Leaf)> {
        let scalar = xs.scalar;
        if !scalar.is_signed() {
            return Ok((xs.clone(), Leaf::word(scalar, 0)));
        }
        let offset: Word = 1 << (scalar.width() - 1);
        let natural = Scalar::unsigned(scalar.width() as u8);
        let pattern = self.cast(xs, natural)?;
        let moved = self.word(
            WordOp::Add,
            natural,
            &[pattern, Leaf::word(natural, offset)],
        )?;
        Ok((moved, Leaf::word(scalar, offset)))
    }

    /// The sum of products: of integers in their wide type, of fixed-point numbers rounded once.
    pub(in crate::lower) fn dot(
        &mut self,
        fixed: Option<Fixed>,
        a: &Leaf,
        b: &Leaf,
    ) -> Traced<Leaf> {
        let Some(fixed) = fixed else {
            let wide = wide_scalar(a.scalar);
            let (a, b) = (self.cast(a, wide)?, self.cast(b, wide)?);
            let products = self.word(WordOp::Mul, wide, &[a, b])?;
            return self.reduce(WordOp::Add, &products, 0);
        };
        let Fixed { width, frac } = fixed;
        if width + frac > 128 {
            return self.long_dot(fixed, a, b);
        }
        let all = signed(width + frac);
        let (a, b) = (self.cast(a, all)?, self.cast(b, all)?);
        let products = self.word(WordOp::Mul, all, &[a, b])?;
        let sum = self.reduce(WordOp::Add, &products, 0)?;
        self.rounded(&sum, frac, fixed.scalar())
    }
}
