//! Fixed-point numbers as operations on integers.
//!
//! A `fixed<W, F>` is its raw integer of W bits from here on. Each operation is exact: it works on as many bits as its
//! result follows from, and rounds once.

mod fits;
mod float;
mod functions;
mod long;

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::value::Leaf;
use crate::hir::Builtin;
use crate::hir::{BinaryOp, Type, form_of, scalar_of};
use crate::ir::exact::FLOAT;
use smpcc_circuit::decimal::Decimal;
use smpcc_circuit::float::{FloatOp, Subnormals};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Form, Scalar, Word};

/// The numbers of bits of a fixed-point type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    /// In all.
    pub width: u32,
    /// Behind the point.
    pub frac: u32,
}

/// What a number with a fraction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A fixed-point number.
    Fixed(Fixed),
    /// A float.
    Float {
        /// Whether it stands for a type parameter, whose order is total.
        total: bool,
    },
}

impl Kind {
    /// How a run in exact arithmetic reads its words: bits behind the point, or that they are floats.
    pub(super) fn behind(self) -> u32 {
        match self {
            Self::Fixed(fixed) => fixed.frac,
            Self::Float { .. } => FLOAT,
        }
    }

    /// How many bits of a fixed-point number are behind the point.
    pub(super) fn places(self) -> Option<u32> {
        match self {
            Self::Fixed(fixed) => Some(fixed.frac),
            Self::Float { .. } => None,
        }
    }
}

impl Fixed {
    fn scalar(self) -> Scalar {
        signed(self.width)
    }
}

fn signed(width: u32) -> Scalar {
    Scalar::signed(width.min(128) as u8)
}

impl Tracer<'_> {
    /// The fixed-point type that a type is in the present frame, if it is one.
    pub(super) fn fixed_of(&self, ty: &Type) -> Traced<Option<Fixed>> {
        if !matches!(ty, Type::Real(..) | Type::Param { .. } | Type::Wide(..)) {
            return Ok(None);
        }
        let closed = self.close(ty);
        match (form_of(&closed), scalar_of(&closed)) {
            (Form::Fixed(frac), Some(scalar)) => Ok(Some(Fixed {
                width: scalar.width(),
                frac: u32::from(frac),
            })),
            _ if matches!(closed, Type::Real(..)) => Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                "there is no fixed-point type of these numbers of bits",
            )
            .help("there are 2 to 128 bits in all, and fewer than that are behind the point")
            .into()),
            _ => Ok(None),
        }
    }

    /// What a number with a fraction is in the present frame, if a type is one.
    pub(super) fn real_of(&self, ty: &Type) -> Traced<Option<Kind>> {
        if !matches!(ty, Type::Real(..) | Type::Param { .. } | Type::Wide(..)) {
            return Ok(None);
        }
        let closed = self.close(ty);
        if form_of(&closed) == Form::Float {
            let total = !matches!(ty, Type::Real(..));
            return Ok(Some(Kind::Float { total }));
        }
        Ok(self.fixed_of(ty)?.map(Kind::Fixed))
    }

    /// An operator on two numbers with fractions, or a shift of one.
    pub(super) fn real_binary(
        &mut self,
        op: BinaryOp,
        kind: Kind,
        a: Leaf,
        b: Leaf,
    ) -> Traced<Leaf> {
        match kind {
            Kind::Fixed(fixed) => self.fixed_binary(op, fixed, a, b),
            Kind::Float { total } => self.float_binary(op, total, &a, &b),
        }
    }

    /// A function of one number with a fraction.
    pub(super) fn real_function(&mut self, builtin: Builtin, kind: Kind, a: &Leaf) -> Traced<Leaf> {
        match kind {
            Kind::Fixed(fixed) => self.fixed_function(builtin, fixed, a),
            Kind::Float { .. } => self.float_function(builtin, a),
        }
    }

    /// `as` where one of both types, or both, has a fraction.
    pub(super) fn real_cast(
        &mut self,
        a: &Leaf,
        from: Option<Kind>,
        to: Option<Kind>,
        scalar: Scalar,
    ) -> Traced<Leaf> {
        let fixed = |kind: Option<Kind>| match kind {
            Some(Kind::Fixed(fixed)) => Some(fixed),
            Some(Kind::Float { .. }) | None => None,
        };
        let is_float = |kind: Option<Kind>| matches!(kind, Some(Kind::Float { .. }));
        if is_float(from) || is_float(to) {
            let places = |kind| fixed(kind).map_or(0, |f: Fixed| f.frac);
            let rounds = fixed(to).is_some();
            return self.float_cast(
                a,
                is_float(from),
                is_float(to),
                places(from).max(places(to)),
                rounds,
                scalar,
            );
        }
        self.fixed_cast(a, fixed(from), fixed(to), scalar)
    }

    /// The word of an integer literal whose type is known only here.
    pub(super) fn literal_word(&self, word: Word, kind: Kind, scalar: Scalar) -> Word {
        match kind {
            Kind::Fixed(fixed) => word << fixed.frac,
            Kind::Float { .. } => {
                // A literal below zero is sign-extended; none other is as large.
                let zero = [word, 0];
                let op = FloatOp::FromInt;
                WordOp::Float(op, Subnormals::Kept).eval(Scalar::signed(128), scalar, &zero)
            }
        }
    }

    /// A literal whose type is known only here.
    pub(super) fn decimal(&self, text: &str, ty: &Type) -> Traced<Leaf> {
        if let (Form::Float, Some(scalar), Some(decimal)) = (
            form_of(&self.close(ty)),
            scalar_of(&self.close(ty)),
            Decimal::parse(text),
        ) && let Ok(word) = decimal.to_float(scalar.width())
        {
            return Ok(Leaf::word(scalar, word));
        }
        let (Some(fixed), Some(decimal)) = (self.fixed_of(ty)?, Decimal::parse(text)) else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                "the type of this number is not fixed by its use",
            )
            .into());
        };
        match decimal.to_fixed(fixed.width, fixed.frac) {
            Ok(word) => Ok(Leaf::word(fixed.scalar(), word)),
            Err(_) => {
                let shown = Form::Fixed(fixed.frac as u8).name(fixed.scalar());
                let message = format!("`{text}` does not fit `{shown}`, which it is for this call");
                Err(Fault::new(code::NOT_KNOWN, self.span, message).into())
            }
        }
    }

    /// An operator on two numbers of one fixed-point type, or a shift of one.
    fn fixed_binary(&mut self, op: BinaryOp, fixed: Fixed, a: Leaf, b: Leaf) -> Traced<Leaf> {
        match op {
            BinaryOp::Mul => self.fixed_product(fixed, &a, &b),
            BinaryOp::Div => self.fixed_quotient(fixed, &a, &b),
            _ => self.binary_op(op, a, b),
        }
    }

    /// The product, rounded to nearest, ties up.
    fn fixed_product(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        if frac == 0 {
            return self.word(WordOp::Mul, fixed.scalar(), &[a.clone(), b.clone()]);
        }
        if width + frac > 128 {
            return self.long_product(fixed, a, b);
        }
        // Bits above these do not change the result.
        let all = signed(width + frac);
        let (a, b) = (self.cast(a, all)?, self.cast(b, all)?);
        let product = self.word(WordOp::Mul, all, &[a, b])?;
        self.rounded(&product, frac, fixed.scalar())
    }

    /// A number divided by 2^places, rounded to nearest, ties up, as a number of another type; the sum with half of a unit
    /// must not wrap to where bits of the result would change.
    pub(super) fn rounded(&mut self, a: &Leaf, places: u32, to: Scalar) -> Traced<Leaf> {
        if places == 0 {
            return self.cast(a, to);
        }
        let half = Leaf::word(a.scalar, 1 << (places - 1));
        let sum = self.word(WordOp::Add, a.scalar, &[a.clone(), half])?;
        let shifted = self.shifted(WordOp::Shr, &sum, places)?;
        self.cast(&shifted, to)
    }

    fn shifted(&mut self, op: WordOp, a: &Leaf, places: u32) -> Traced<Leaf> {
        if places == 0 {
            return Ok(a.clone());
        }
        let by = Leaf::word(Scalar::unsigned(8), Word::from(places));
        self.word(op, a.scalar, &[a.clone(), by])
    }

    /// The quotient by the integer rules, on as many bits as the dividend has after the point is moved.
    fn fixed_quotient(&mut self, fixed: Fixed, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        let Fixed { width, frac } = fixed;
        if frac == 0 {
            return self.word(WordOp::Div, fixed.scalar(), &[a.clone(), b.clone()]);
        }
        if width + frac > 128 {
            return self.long_quotient(fixed, a, b);
        }
        let all = signed(width + frac);
        let (a, b) = (self.cast(a, all)?, self.cast(b, all)?);
        let a = self.shifted(WordOp::Shl, &a, frac)?;
        let quotient = self.word(WordOp::Div, all, &[a, b])?;
        self.cast(&quotient, fixed.scalar())
    }

    /// `as` where one of both types, or both, is a fixed-point type.
    fn fixed_cast(
        &mut self,
        a: &Leaf,
        from: Option<Fixed>,
        to: Option<Fixed>,
        scalar: Scalar,
    ) -> Traced<Leaf> {
        let before = from.map_or(0, |f| f.frac);
        let after = to.map_or(0, |f| f.frac);
        if to.is_none() {
            let whole = self.truncated(a, before)?;
            return self.cast(&whole, scalar);
        }
        if after >= before {
            let wrapped = self.cast(a, scalar)?;
            return self.shifted(WordOp::Shl, &wrapped, after - before);
        }
        // ⌊(a + 2^(n−1)) / 2^n⌋ without the sum, which might wrap.
        let places = before - after;
        let floor = self.shifted(WordOp::Shr, a, places)?;
        let bit = self.shifted(WordOp::Shr, a, places - 1)?;
        let bit = self.cast(&bit, Scalar::unsigned(1))?;
        let bit = self.cast(&bit, a.scalar)?;
        let sum = self.word(WordOp::Add, a.scalar, &[floor, bit])?;
        self.cast(&sum, scalar)
    }

    /// ⌊a / 2^places⌋, and one more where that is not exact and below zero: the quotient toward zero.
    fn truncated(&mut self, a: &Leaf, places: u32) -> Traced<Leaf> {
        if places == 0 {
            return Ok(a.clone());
        }
        let sign = self.shifted(WordOp::Shr, a, a.scalar.width() - 1)?;
        let low = Leaf::word(a.scalar, (1 << places) - 1);
        let rest = self.word(WordOp::And, a.scalar, &[sign, low])?;
        let sum = self.word(WordOp::Add, a.scalar, &[a.clone(), rest])?;
        self.shifted(WordOp::Shr, &sum, places)
    }
}
