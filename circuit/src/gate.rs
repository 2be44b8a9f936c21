//! Word-level operations on lanes: their types and their exact meaning on integers.
//!
//! This is the one place that says what an operation computes (wrap-around, division by zero, shifts past the width).
//! The IR interpreter, the clear evaluator, the public part of a run and every test of a circuit call [`WordOp::eval`].

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
}

impl WordOp {
    /// All operations, for tests and tables.
    pub const ALL: [Self; 25] = [
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
    ];

    /// Number of operands.
    pub const fn arity(self) -> usize {
        match self {
            Self::Neg | Self::Abs | Self::Not | Self::Cast | Self::Isqrt | Self::CountOnes => 1,
            Self::Select => 3,
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Div
            | Self::Rem
            | Self::And
            | Self::Or
            | Self::Xor
            | Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Min
            | Self::Max
            | Self::Shl
            | Self::Shr
            | Self::RotL
            | Self::RotR => 2,
        }
    }

    /// Name in the text forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Rem => "rem",
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Not => "not",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Min => "min",
            Self::Max => "max",
            Self::Shl => "shl",
            Self::Shr => "shr",
            Self::RotL => "rotl",
            Self::RotR => "rotr",
            Self::Select => "select",
            Self::Cast => "cast",
            Self::Isqrt => "isqrt",
            Self::CountOnes => "popcount",
        }
    }

    /// The operation called `name` in the text forms.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }

    /// Whether a chain of this operation may be regrouped freely (all of these are commutative too).
    pub const fn is_associative(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Mul | Self::And | Self::Or | Self::Xor | Self::Min | Self::Max
        )
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
