//! Numbers with fractions: their types as written, their literals, and the bounds of their ranges.
//!
//! A literal is an exact decimal number until its type is known, and then the nearest value of that type.

use super::body::{Body, Typed};
use super::signature::TypeCx;
use super::{Checker, GenericInfo};
use crate::ast::{self, BinaryOp, Expr, ExprKind as E, UnaryOp};
use crate::diagnostic;
use crate::hir::{ExprKind as H, GenericKind, Len, Real, fixed_bits};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Secrecy, Ty};
use num_bigint::BigInt;
use smpcc_circuit::decimal::{Decimal, fixed_text};
use smpcc_circuit::value::{Integer, Scalar, Word};

/// Deepest chain of constants that a bound is made of.
const MAX_CHAIN: u32 = 8;

/// Most numbers that a bound is made of.
const MAX_TERMS: u32 = 1000;

impl Checker<'_> {
    /// `fixed<W, F>`.
    pub fn fixed_type(&mut self, path: &ast::Path, cx: &TypeCx<'_>) -> Ty {
        let [width, frac] = path.args.as_slice() else {
            let error =
                diagnostic!(E3007, path.span, "`fixed` takes two numbers of bits").here("here");
            self.report(error.help(
                "write how many there are in all and how many of them are behind the point: `fixed<32, 16>`",
            ));
            return Ty::Never;
        };
        let mut bits = Vec::new();
        for (arg, name) in [(width, "W"), (frac, "F")] {
            let generic = GenericInfo {
                name: name.to_owned(),
                kind: GenericKind::Const,
                bounds: super::Bounds::default(),
                span: path.span,
            };
            let errors = self.out.len();
            match self.generic_arg(&generic, arg, cx.module, cx.generics) {
                Some(Arg::Len(len @ (Len::Const(_) | Len::Param(_) | Len::Computed(_)))) => {
                    bits.push(len)
                }
                _ => {
                    if self.out.len() == errors {
                        let error = diagnostic!(
                            E3016,
                            path.span,
                            "a number of bits is a constant or one const parameter"
                        );
                        self.report(
                            error
                                .here("not here")
                                .help("write for example `fixed<32, 16>`"),
                        );
                    }
                    return Ty::Never;
                }
            }
        }
        let (Some(frac), Some(width)) = (bits.pop(), bits.pop()) else {
            return Ty::Never;
        };
        if let (Len::Const(w), Len::Const(f)) = (&width, &frac)
            && fixed_bits(*w, *f).is_none()
        {
            let error = diagnostic!(E2002, path.span, "there is no type `fixed<{w}, {f}>`")
                .here("no such numbers of bits");
            self.report(
                error.help(
                    "there are 2 to 128 bits in all, and fewer than that are behind the point",
                ),
            );
            return Ty::Never;
        }
        Ty::Real(Real::Fixed { width, frac }, Secrecy::PUBLIC)
    }

    /// The bound of a range of numbers with fractions: a literal, or a constant that is one.
    pub fn real_bound(&mut self, e: &Expr, real: &Real, module: usize) -> Option<Integer> {
        let Some((width, frac)) = real.fixed() else {
            let error = diagnostic!(
                E3023,
                e.span,
                "a range is declared where the numbers of bits are known"
            );
            self.report(
                error
                    .here("not here")
                    .help("write them instead of the parameters"),
            );
            return None;
        };
        let bits = (u32::from(width), u32::from(frac));
        let Some(units) = self.constant_units(e, module, bits, &mut (0, MAX_TERMS)) else {
            let error = diagnostic!(E3023, e.span, "the bound of a range is a constant");
            self.report(
                error
                    .here("not a constant")
                    .help("write a number, the name of a constant, or an expression of these"),
            );
            return None;
        };
        let fits = units.bits() < u64::from(width) || units == -(BigInt::from(1) << (width - 1));
        if !fits {
            let error = diagnostic!(
                E3005,
                e.span,
                "this is not a value of `fixed<{width}, {frac}>`"
            );
            self.report(
                error
                    .here("does not fit")
                    .help("choose a wider type or another bound"),
            );
            return None;
        }
        let scalar = Scalar::signed(width);
        let word = (units + (BigInt::from(1) << 128)) & BigInt::from(Word::MAX);
        Some(Integer::of(scalar, scalar.wrap(Word::try_from(word).ok()?)))
    }

    /// What a constant expression is in units of the last place, by the rules of fixed-point numbers, but for wrapping.
    /// `left` has how many constants it is inside of, and how many terms more it may have.
    fn constant_units(
        &mut self,
        e: &Expr,
        module: usize,
        (width, frac): (u32, u32),
        left: &mut (u32, u32),
    ) -> Option<BigInt> {
        left.1 = left.1.checked_sub(1)?;
        if let Some(decimal) = self.constant_decimal(e, module, 0) {
            // A literal that does not fit is more than the type has.
            let most = BigInt::from(1) << width;
            let sign = |word: Word| {
                let units = BigInt::from(word);
                match word >> (width - 1) & 1 {
                    0 => units,
                    _ => units - (BigInt::from(1) << width),
                }
            };
            return Some(decimal.to_fixed(width, frac).map_or(most, sign));
        }
        match &e.kind {
            E::Paren(inner) => self.constant_units(inner, module, (width, frac), left),
            E::Unary(UnaryOp::Neg, inner) => self
                .constant_units(inner, module, (width, frac), left)
                .map(|units| -units),
            E::Binary(op, a, b) => {
                let a = self.constant_units(a, module, (width, frac), left)?;
                let b = self.constant_units(b, module, (width, frac), left)?;
                Some(match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Mul => (a * b + ((BigInt::from(1) << frac) >> 1u32)) >> frac,
                    BinaryOp::Div if b != BigInt::ZERO => (a << frac) / b,
                    _ => return None,
                })
            }
            E::Path(path) if path.args.is_empty() && left.0 < MAX_CHAIN => {
                let [name] = path.parts.as_slice() else {
                    return None;
                };
                let Some(Def::Const(id)) = self.world.lookup(module, &name.text) else {
                    return None;
                };
                self.refer_item(name, Def::Const(id));
                if let Some(known) = self.const_value(id) {
                    let integer = known.integer();
                    let below = if integer.is_negative() { 1 } else { 0 };
                    let value = BigInt::from(integer.word()) - (BigInt::from(below) << 128);
                    return Some(value << frac);
                }
                let item = self.world.consts.get(id.index())?;
                left.0 += 1;
                let units = self.constant_units(&item.decl.value, item.module, (width, frac), left);
                left.0 -= 1;
                units
            }
            _ => None,
        }
    }

    fn constant_decimal(&mut self, e: &Expr, module: usize, depth: u32) -> Option<Decimal> {
        match &e.kind {
            E::Int(value, None) => Some(Decimal::integer(false, *value)),
            E::Decimal(text) => Decimal::parse(text),
            E::Paren(inner) => self.constant_decimal(inner, module, depth),
            E::Unary(UnaryOp::Neg, inner) => self
                .constant_decimal(inner, module, depth)
                .map(Decimal::negated),
            E::Path(path) if path.args.is_empty() && depth < 8 => {
                let [name] = path.parts.as_slice() else {
                    return None;
                };
                let Some(Def::Const(id)) = self.world.lookup(module, &name.text) else {
                    return None;
                };
                self.refer_item(name, Def::Const(id));
                let item = self.world.consts.get(id.index())?;
                self.constant_decimal(&item.decl.value, item.module, depth + 1)
            }
            _ => None,
        }
    }
}

impl Body<'_, '_> {
    /// A literal with a point or an exponent: of the expected type.
    pub fn decimal(&mut self, text: &str, negative: bool, span: Span, want: Option<&Ty>) -> Typed {
        let Some(decimal) = Decimal::parse(text) else {
            return Typed::poison(span);
        };
        let decimal = if negative { decimal.negated() } else { decimal };
        match want {
            Some(Ty::Real(real, _)) => self.real(decimal, real.clone(), span),
            Some(Ty::Never) => Typed::poison(span),
            Some(Ty::Wide(inner, of)) if matches!(**inner, Ty::Real(..)) => {
                let ty = inner.clone().public().summed(*of);
                Typed::new(H::Decimal(decimal.text()), ty, span)
            }
            Some(other) if other.is_integral() => {
                let shown = self.show(&other.clone().public());
                let error = diagnostic!(E3001, span, "expected `{shown}`, found a decimal number")
                    .here("not an integer");
                let help = match other {
                    Ty::Param { .. } | Ty::Wide(..) => {
                        "the parameter may stand for an integer type; take a `fixed<W, F>` with const parameters instead"
                    }
                    _ => "write an integer, or make it a `fixed<W, F>` on both sides",
                };
                self.report(error.help(help));
                Typed::poison(span)
            }
            _ => {
                let error = diagnostic!(E3031, span, "nothing says of which type this number is")
                    .here("a type decides how exact it is");
                self.report(error.help(
                    "give the variable a type, as in `let x: fixed<32, 16> = 1.5;`, or the number: `1.5 as fixed<32, 16>`",
                ));
                Typed::poison(span)
            }
        }
    }

    /// A literal of a type of numbers with fractions.
    pub fn real(&mut self, decimal: Decimal, real: Real, span: Span) -> Typed {
        let fixed = real.fixed();
        let float = match real {
            Real::Float(width) => Some(u32::from(width)),
            Real::Fixed { .. } => None,
        };
        let ty = Ty::Real(real, Secrecy::PUBLIC);
        if let Some(width) = float {
            return match decimal.to_float(width) {
                Ok(word) => Typed::new(H::Lit(word), ty, span),
                Err(_) => {
                    let shown = self.show(&ty);
                    let error = diagnostic!(E3005, span, "this number does not fit `{shown}`")
                        .here("out of range");
                    let most = if width == 32 {
                        "3.4028235e38"
                    } else {
                        "1.7976931348623157e308"
                    };
                    self.report(error.help(format!("`{shown}` holds numbers up to {most}")));
                    Typed::poison(span)
                }
            };
        }
        let Some((width, frac)) = fixed else {
            return Typed::new(H::Decimal(decimal.text()), ty, span);
        };
        let (width, frac) = (u32::from(width), u32::from(frac));
        match decimal.to_fixed(width, frac) {
            Ok(word) => Typed::new(H::Lit(word), ty, span),
            Err(_) => {
                let shown = self.show(&ty);
                let error = diagnostic!(E3005, span, "this number does not fit `{shown}`")
                    .here("out of range");
                let least = 1u128 << (width - 1);
                self.report(error.help(format!(
                    "`{shown}` holds {} to {}",
                    fixed_text(least, width, frac),
                    fixed_text(least - 1, width, frac)
                )));
                Typed::poison(span)
            }
        }
    }
}
