//! Word-level operations on lanes: their types and their exact meaning on integers.
//!
//! This is the one place that says what an operation computes (wrap-around, division by zero, shifts past the width).
//! The IR interpreter, the clear evaluator, the public part of a run and every test of a circuit call [`WordOp::eval`].

use crate::aes;
use crate::float::{FloatOp, Subnormals};
use crate::value::{Scalar, Word, mask};
use serde::{Deserialize, Serialize};

/// An element-wise operation. Operands have one type unless a variant says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WordOp {
    /// `a + b` mod 2^w.
    Add,
    /// `a − b` mod 2^w.
    Sub,
    /// `a · b` mod 2^w.
    Mul,
    /// Quotient, truncated toward zero; `x / 0` is all ones (on magnitudes when signed, then the sign rule); `MIN / −1` is `MIN`.
    Div,
    /// Remainder with the dividend's sign; `x % 0` is `x`.
    Rem,
    /// `−a` mod 2^w.
    Neg,
    /// `|a|` mod 2^w (`|MIN|` is `MIN`).
    Abs,
    /// Bitwise complement.
    Not,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// `a == b`, a `Bool`.
    Eq,
    /// `a != b`, a `Bool`.
    Ne,
    /// `a < b`, a `Bool`.
    Lt,
    /// `a <= b`, a `Bool`.
    Le,
    /// The smaller.
    Min,
    /// The larger.
    Max,
    /// `a · 2^s` mod 2^w for every `s`; `s` is any unsigned type.
    Shl,
    /// `⌊a / 2^s⌋` for every `s`; `s` is any unsigned type.
    Shr,
    /// `a` rotated toward higher bits by `s mod w`; `s` is any unsigned type.
    RotL,
    /// `a` rotated toward lower bits by `s mod w`; `s` is any unsigned type.
    RotR,
    /// `c ? a : b` with arguments `(c: Bool, a, b)`.
    Select,
    /// Truncation, or extension by the source's sign; the result type is the operation's.
    Cast,
    /// `⌊√a⌋` of an unsigned integer, of the same type.
    Isqrt,
    /// The number of ones in the pattern, of the same type (mod 2^w).
    CountOnes,
    /// AES's S-box of a byte.
    SubByte,
    /// An operation on floats, which unsigned words of 32 or 64 bits hold.
    Float(FloatOp, Subnormals),
}

/// What types an operation takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Integers of one type, and an integer of that type.
    Integer,
    /// An unsigned integer, and one of that type.
    Unsigned,
    /// A byte without a sign, and one.
    Byte,
    /// Integers or truth values of one type, and one of that type.
    Bits,
    /// Two of any one type, and a `Bool`.
    Compare,
    /// An integer and an unsigned amount of any type, and an integer of the first one's type.
    Shift,
    /// A `Bool` and two of any one type, and one of that type.
    Select,
    /// One of any type, and one of any type.
    Cast,
    /// Floats of one format, and one of that format.
    Float,
    /// Two floats of one format, and a `Bool`.
    FloatCompare,
    /// A float, and one of any format.
    FloatConvert,
    /// An integer and an unsigned amount of any type, and a float.
    FloatFrom,
    /// A float and an unsigned amount of any type, and an integer.
    FloatTo,
}

impl WordOp {
    /// All operations, for tests and tables.
    pub const ALL: [Self; 53] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Rem,
        Self::Neg,
        Self::Abs,
        Self::Not,
        Self::And,
        Self::Or,
        Self::Xor,
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Le,
        Self::Min,
        Self::Max,
        Self::Shl,
        Self::Shr,
        Self::RotL,
        Self::RotR,
        Self::Select,
        Self::Cast,
        Self::Isqrt,
        Self::CountOnes,
        Self::SubByte,
        Self::Float(FloatOp::Add, Subnormals::Kept),
        Self::Float(FloatOp::Sub, Subnormals::Kept),
        Self::Float(FloatOp::Mul, Subnormals::Kept),
        Self::Float(FloatOp::Div, Subnormals::Kept),
        Self::Float(FloatOp::Sqrt, Subnormals::Kept),
        Self::Float(FloatOp::MulAdd, Subnormals::Kept),
        Self::Float(FloatOp::Neg, Subnormals::Kept),
        Self::Float(FloatOp::Min, Subnormals::Kept),
        Self::Float(FloatOp::Max, Subnormals::Kept),
        Self::Float(FloatOp::Eq, Subnormals::Kept),
        Self::Float(FloatOp::Lt, Subnormals::Kept),
        Self::Float(FloatOp::Le, Subnormals::Kept),
        Self::Float(FloatOp::Floor, Subnormals::Kept),
        Self::Float(FloatOp::Ceil, Subnormals::Kept),
        Self::Float(FloatOp::Round, Subnormals::Kept),
        Self::Float(FloatOp::Trunc, Subnormals::Kept),
        Self::Float(FloatOp::Convert, Subnormals::Kept),
        Self::Float(FloatOp::FromInt, Subnormals::Kept),
        Self::Float(FloatOp::ToInt, Subnormals::Kept),
        Self::Float(FloatOp::ToNearest, Subnormals::Kept),
        Self::Float(FloatOp::Add, Subnormals::Flushed),
        Self::Float(FloatOp::Sub, Subnormals::Flushed),
        Self::Float(FloatOp::Mul, Subnormals::Flushed),
        Self::Float(FloatOp::Div, Subnormals::Flushed),
        Self::Float(FloatOp::Sqrt, Subnormals::Flushed),
        Self::Float(FloatOp::MulAdd, Subnormals::Flushed),
        Self::Float(FloatOp::Convert, Subnormals::Flushed),
    ];

    /// The table: name in the text forms, number of operands, rule of types, and whether a chain may be regrouped freely.
    #[rustfmt::skip]
    const fn row(self) -> (&'static str, usize, Rule, bool) {
        use Rule::{
            Bits, Byte, Cast, Compare, Float, FloatCompare, FloatConvert, FloatFrom, FloatTo, Integer, Select, Shift, Unsigned,
        };
        use Subnormals::{Flushed, Kept};
        match self {
            Self::Add => ("add", 2, Integer, true),
            Self::Sub => ("sub", 2, Integer, false),
            Self::Mul => ("mul", 2, Integer, true),
            Self::Div => ("div", 2, Integer, false),
            Self::Rem => ("rem", 2, Integer, false),
            Self::Neg => ("neg", 1, Integer, false),
            Self::Abs => ("abs", 1, Integer, false),
            Self::Not => ("not", 1, Bits, false),
            Self::And => ("and", 2, Bits, true),
            Self::Or => ("or", 2, Bits, true),
            Self::Xor => ("xor", 2, Bits, true),
            Self::Eq => ("eq", 2, Compare, false),
            Self::Ne => ("ne", 2, Compare, false),
            Self::Lt => ("lt", 2, Compare, false),
            Self::Le => ("le", 2, Compare, false),
            Self::Min => ("min", 2, Integer, true),
            Self::Max => ("max", 2, Integer, true),
            Self::Shl => ("shl", 2, Shift, false),
            Self::Shr => ("shr", 2, Shift, false),
            Self::RotL => ("rotl", 2, Shift, false),
            Self::RotR => ("rotr", 2, Shift, false),
            Self::Select => ("select", 3, Select, false),
            Self::Cast => ("cast", 1, Cast, false),
            Self::Isqrt => ("isqrt", 1, Unsigned, false),
            Self::CountOnes => ("popcount", 1, Integer, false),
            Self::SubByte => ("subbyte", 1, Byte, false),
            Self::Float(FloatOp::Add, Kept) => ("fadd", 2, Float, false),
            Self::Float(FloatOp::Sub, Kept) => ("fsub", 2, Float, false),
            Self::Float(FloatOp::Mul, Kept) => ("fmul", 2, Float, false),
            Self::Float(FloatOp::Div, Kept) => ("fdiv", 2, Float, false),
            Self::Float(FloatOp::Sqrt, Kept) => ("fsqrt", 1, Float, false),
            Self::Float(FloatOp::MulAdd, Kept) => ("fmuladd", 3, Float, false),
            Self::Float(FloatOp::Neg, _) => ("fneg", 1, Float, false),
            Self::Float(FloatOp::Min, _) => ("fmin", 2, Float, false),
            Self::Float(FloatOp::Max, _) => ("fmax", 2, Float, false),
            Self::Float(FloatOp::Eq, _) => ("feq", 2, FloatCompare, false),
            Self::Float(FloatOp::Lt, _) => ("flt", 2, FloatCompare, false),
            Self::Float(FloatOp::Le, _) => ("fle", 2, FloatCompare, false),
            Self::Float(FloatOp::Floor, _) => ("ffloor", 1, Float, false),
            Self::Float(FloatOp::Ceil, _) => ("fceil", 1, Float, false),
            Self::Float(FloatOp::Round, _) => ("fround", 1, Float, false),
            Self::Float(FloatOp::Trunc, _) => ("ftrunc", 1, Float, false),
            Self::Float(FloatOp::Convert, Kept) => ("fconvert", 1, FloatConvert, false),
            Self::Float(FloatOp::FromInt, _) => ("ffromint", 2, FloatFrom, false),
            Self::Float(FloatOp::ToInt, _) => ("ftoint", 2, FloatTo, false),
            Self::Float(FloatOp::ToNearest, _) => ("ftonearest", 2, FloatTo, false),
            Self::Float(FloatOp::Add, Flushed) => ("faddz", 2, Float, false),
            Self::Float(FloatOp::Sub, Flushed) => ("fsubz", 2, Float, false),
            Self::Float(FloatOp::Mul, Flushed) => ("fmulz", 2, Float, false),
            Self::Float(FloatOp::Div, Flushed) => ("fdivz", 2, Float, false),
            Self::Float(FloatOp::Sqrt, Flushed) => ("fsqrtz", 1, Float, false),
            Self::Float(FloatOp::MulAdd, Flushed) => ("fmuladdz", 3, Float, false),
            Self::Float(FloatOp::Convert, Flushed) => ("fconvertz", 1, FloatConvert, false),
        }
    }

    /// Name in the text forms.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Number of operands.
    pub const fn arity(self) -> usize {
        self.row().1
    }

    /// What types it takes and gives.
    pub const fn rule(self) -> Rule {
        self.row().2
    }

    /// Whether a chain of this operation may be regrouped freely (all of these are commutative too).
    pub const fn is_associative(self) -> bool {
        self.row().3
    }

    /// Whether the result's type does not follow from the operands'.
    pub const fn names_its_type(self) -> bool {
        matches!(
            self.rule(),
            Rule::Cast | Rule::FloatConvert | Rule::FloatFrom | Rule::FloatTo
        )
    }

    /// Whether the second operand is an amount, of any unsigned type.
    pub const fn takes_amount(self) -> bool {
        matches!(self.rule(), Rule::Shift | Rule::FloatFrom | Rule::FloatTo)
    }

    /// The operation called `name` in the text forms.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }

    /// The result on one lane. `from` is the type of the first *data* operand (for `Select`, of its second argument),
    /// `to` the result's type; they differ only for comparisons (`to` is `Bool`) and `Cast`. Shift amounts are taken
    /// as unsigned words of any width. Missing operands count as zero.
    pub fn eval(self, from: Scalar, to: Scalar, args: &[Word]) -> Word {
        let arg = |i: usize| args.get(i).copied().unwrap_or(0);
        let (a, b) = (arg(0), arg(1));
        let w = from.width();
        let truth = |t: bool| Word::from(t);
        let out = match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Div => {
                let (x, y) = (from.magnitude(a), from.magnitude(b));
                let q = x.checked_div(y).unwrap_or(mask(w));
                if from.is_negative(a) != from.is_negative(b) {
                    q.wrapping_neg()
                } else {
                    q
                }
            }
            Self::Rem => {
                let (x, y) = (from.magnitude(a), from.magnitude(b));
                let r = x.checked_rem(y).unwrap_or(x);
                if from.is_negative(a) {
                    r.wrapping_neg()
                } else {
                    r
                }
            }
            Self::Neg => a.wrapping_neg(),
            Self::Abs => from.magnitude(a),
            Self::Not => !a,
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
            Self::Eq => truth(a == b),
            Self::Ne => truth(a != b),
            Self::Lt => truth(less(from, a, b)),
            Self::Le => truth(!less(from, b, a)),
            Self::Min => {
                if less(from, b, a) {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if less(from, a, b) {
                    b
                } else {
                    a
                }
            }
            Self::Shl => {
                if b >= Word::from(w) {
                    0
                } else {
                    a << b
                }
            }
            Self::Shr => {
                let x = from.extend(a);
                let s = b.min(127) as u32;
                if from.is_signed() {
                    ((x as i128) >> s) as Word
                } else if b >= 128 {
                    0
                } else {
                    x >> s
                }
            }
            Self::RotL => rotate(a, w, (b % Word::from(w)) as u32),
            Self::RotR => rotate(a, w, (w - (b % Word::from(w)) as u32) % w),
            Self::Select => {
                if a & 1 == 1 {
                    b
                } else {
                    arg(2)
                }
            }
            Self::Cast => from.extend(a),
            Self::Isqrt => a.isqrt(),
            Self::CountOnes => Word::from(a.count_ones()),
            Self::SubByte => aes::sub_byte(a),
            Self::Float(op, subnormals) => op.eval(subnormals, from, to, args),
        };
        to.wrap(out)
    }
}

fn less(ty: Scalar, a: Word, b: Word) -> bool {
    if ty.is_signed() {
        (ty.extend(a) as i128) < (ty.extend(b) as i128)
    } else {
        a < b
    }
}

fn rotate(a: Word, w: u32, s: u32) -> Word {
    if s == 0 {
        a
    } else {
        ((a << s) | (a >> (w - s))) & mask(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i8s(op: WordOp, a: i8, b: i8) -> i8 {
        let ty = Scalar::signed(8);
        op.eval(ty, ty, &[Word::from(a as u8), Word::from(b as u8)]) as u8 as i8
    }

    #[test]
    fn signed_division_follows_the_language() {
        assert_eq!(i8s(WordOp::Div, -7, 2), -3);
        assert_eq!(i8s(WordOp::Rem, -7, 2), -1);
        assert_eq!(i8s(WordOp::Div, -128, -1), -128);
        assert_eq!(i8s(WordOp::Div, 5, 0), -1);
        assert_eq!(i8s(WordOp::Div, -5, 0), 1);
        assert_eq!(i8s(WordOp::Rem, -5, 0), -5);
    }

    #[test]
    fn shifts_past_the_width() {
        let (u, i) = (Scalar::unsigned(8), Scalar::signed(8));
        assert_eq!(WordOp::Shl.eval(u, u, &[255, 8]), 0);
        assert_eq!(WordOp::Shr.eval(u, u, &[255, 200]), 0);
        assert_eq!(WordOp::Shr.eval(i, i, &[0x80, 200]), 0xff);
        assert_eq!(WordOp::RotR.eval(u, u, &[1, 9]), 0x80);
    }

    #[test]
    fn names_round_trip() {
        for op in WordOp::ALL {
            assert_eq!(WordOp::from_name(op.name()), Some(op));
        }
    }
}
