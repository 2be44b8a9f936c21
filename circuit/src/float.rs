//! IEEE 754 binary32 and binary64 on words that hold their bits: what each operation computes, in integer steps that no value decides.
//!
//! Results are rounded to nearest, ties to even. There is one NaN, [`Format::nan`]. A word with the largest exponent is a NaN
//! if the upper bit of its fraction is set (as in every NaN that an operation gives) and an infinity otherwise: other patterns are
//! no floats, but have a meaning all the same. Everything is integer arithmetic, so it is the same on every machine, and what
//! is computed on secrets takes the same steps whatever they are.

use crate::value::{Scalar, Word, mask};
use serde::{Deserialize, Serialize};

pub mod cases;
#[cfg(test)]
mod tests;

/// An operation on floats: unsigned words of 32 or 64 bits that hold them.
///
/// What is not here needs no operation of its own: `|a|` clears the upper bit. `a ^ ((a as i32 >> 31) as u32 >> 1)`, as a signed
/// word, orders floats totally, −0 below +0 and the NaN greatest, and its own inverse leads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FloatOp {
    /// `a + b`.
    Add,
    /// `a − b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `a / b`.
    Div,
    /// `√a`; NaN below zero.
    Sqrt,
    /// `a · b + c`, rounded once.
    MulAdd,
    /// `−a`; the NaN has no other.
    Neg,
    /// The smaller, −0 below +0; of a NaN and a number the number.
    Min,
    /// The larger, −0 below +0; of a NaN and a number the number.
    Max,
    /// `a == b`, a `Bool`: zeros are equal, a NaN equals nothing.
    Eq,
    /// `a < b`, a `Bool`.
    Lt,
    /// `a <= b`, a `Bool`.
    Le,
    /// The next integer toward −∞.
    Floor,
    /// The next integer toward +∞.
    Ceil,
    /// The nearest integer, ties away from zero.
    Round,
    /// The next integer toward zero.
    Trunc,
    /// Another format.
    Convert,
    /// `a / 2^s` of an integer `a` and an unsigned `s`.
    FromInt,
    /// `a · 2^s` truncated toward zero, as an integer type's nearest value; 0 of a NaN.
    ToInt,
    /// `a · 2^s` rounded to nearest, ties to even, as an integer type's nearest value; 0 of a NaN.
    ToNearest,
}

/// What becomes of numbers too small for a normal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subnormals {
    /// They are numbers like all others.
    Kept,
    /// As operands they count as zeros; a result that is below the normal ones once its significand is rounded is a zero. Signs stay.
    Flushed,
}

/// How a word holds a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits of the word.
    pub width: u32,
    /// Bits of the fraction.
    pub fraction: u32,
}

impl Format {
    /// Binary32.
    pub const SINGLE: Self = Self {
        width: 32,
        fraction: 23,
    };
    /// Binary64.
    pub const DOUBLE: Self = Self {
        width: 64,
        fraction: 52,
    };

    /// The format of a type: binary32 where it has 32 bits, else binary64.
    pub const fn of(ty: Scalar) -> Self {
        if ty.width() == 32 {
            Self::SINGLE
        } else {
            Self::DOUBLE
        }
    }

    /// The format of words of 32 bits, or of 64.
    pub const fn of_width(width: u32) -> Self {
        if width == 32 {
            Self::SINGLE
        } else {
            Self::DOUBLE
        }
    }

    /// Bits of the exponent.
    pub const fn exponent(self) -> u32 {
        self.width - 1 - self.fraction
    }

    /// The exponent of infinities and of the NaN.
    pub const fn largest(self) -> u32 {
        (1 << self.exponent()) - 1
    }

    /// The exponent of 1.
    pub const fn bias(self) -> u32 {
        self.largest() >> 1
    }

    /// The NaN.
    pub const fn nan(self) -> Word {
        self.infinity() | 1 << (self.fraction - 1)
    }

    /// The positive infinity.
    pub const fn infinity(self) -> Word {
        (self.largest() as Word) << self.fraction
    }

    /// The bit of the sign.
    const fn sign(self) -> Word {
        1 << (self.width - 1)
    }

    fn is_nan(self, word: Word) -> bool {
        word & self.nan() == self.nan()
    }
}

/// A float taken apart: `significand · 2^exponent`, of either sign.
#[derive(Clone, Copy)]
struct Parts {
    minus: bool,
    significand: Word,
    exponent: i32,
    nan: bool,
    infinite: bool,
}

/// Significands stay below this power of two.
const ROOM: i32 = 127;

/// The exponent of a zero where operands are brought to one exponent: farther below all others than there are bits.
const LEAST: i32 = -100_000;

/// The first if it holds, else the second, without a jump.
fn either(holds: bool, a: Word, b: Word) -> Word {
    let all = Word::from(holds).wrapping_neg();
    a & all | b & !all
}

fn either_exponent(holds: bool, a: i32, b: i32) -> i32 {
    let all = -i32::from(holds);
    a & all | b & !all
}

/// `⌊word / 2^by⌋` with what is lost in the lowest bit, for any amount.
fn jam(word: Word, by: i32) -> Word {
    let by = by.clamp(0, 127) as u32;
    word >> by | Word::from(word & mask(by) != 0)
}

/// Shifted until it is just below the limit, and its exponent.
fn normalised(significand: Word, exponent: i32) -> (Word, i32) {
    let up = (significand | 1).leading_zeros() as i32 - 1;
    let exponent = either_exponent(significand == 0, LEAST, exponent - up);
    (significand << up, exponent)
}

impl Parts {
    fn of(word: Word, format: Format, subnormals: Subnormals) -> Self {
        let Format { width, fraction } = format;
        let biased = (word >> fraction) as u32 & format.largest();
        let normal = biased != 0;
        let kept = normal | (subnormals == Subnormals::Kept);
        let special = biased == format.largest();
        let nan = format.is_nan(word);
        let least = 1 - format.bias() as i32 - fraction as i32;
        Self {
            minus: word >> (width - 1) & 1 == 1,
            significand: either(kept, word & mask(fraction), 0) | Word::from(normal) << fraction,
            exponent: biased as i32 - i32::from(normal) + least,
            nan,
            infinite: special & !nan,
        }
    }

    fn is_zero(self) -> bool {
        self.significand == 0
    }

    /// Rounded to the format; the lowest bit may stand for what is below it.
    fn rounded(self, format: Format, subnormals: Subnormals) -> Word {
        let Format { fraction, .. } = format;
        let (significand, exponent) = normalised(self.significand, self.exponent);
        // Biased; a normal number has at least 1.
        let biased = exponent + ROOM - 1 + format.bias() as i32;
        let kept = subnormals == Subnormals::Kept;
        let below = either_exponent(kept, 1 - biased, 0);
        let significand = jam(significand, below);
        let cut = ROOM as u32 - 1 - fraction;
        let (whole, rest, half) = (significand >> cut, significand & mask(cut), 1 << (cut - 1));
        let up = (rest > half) | ((rest == half) & (whole & 1 == 1));
        let whole = whole + Word::from(up);
        let carried = biased + (whole >> (fraction + 1)) as i32;
        let vanishes = self.is_zero() | (!kept & (carried < 1));
        // The leading bit of the significand adds the 1 that is missing.
        let base = biased.clamp(i32::from(kept), format.largest() as i32 + 1) - 1;
        let word = ((base as Word) << fraction).wrapping_add(whole);
        let vanishes = vanishes & !self.infinite;
        let over = word >= format.infinity();
        let word = either(self.infinite | over, format.infinity(), word);
        let word = either(vanishes, 0, word);
        let word = word | either(self.minus, format.sign(), 0);
        either(self.nan, format.nan(), word)
    }

    /// A product, not rounded yet.
    fn times(self, other: Self) -> Self {
        let infinite = self.infinite | other.infinite;
        Self {
            minus: self.minus ^ other.minus,
            significand: self.significand * other.significand,
            exponent: self.exponent + other.exponent,
            nan: self.nan
                | other.nan
                | (self.infinite & other.is_zero())
                | (self.is_zero() & other.infinite),
            infinite,
        }
    }

    /// A sum, not rounded yet, but exact or longer than any format by several bits.
    fn plus(self, other: Self) -> Self {
        // A bit of room for the carry.
        let aligned = |parts: Self| {
            let (significand, exponent) = normalised(parts.significand, parts.exponent);
            (significand >> 1, exponent + 1)
        };
        let (a, b) = (aligned(self), aligned(other));
        let less = (a.1 < b.1) | ((a.1 == b.1) & (a.0 < b.0));
        let (large, small) = (either(less, b.0, a.0), either(less, a.0, b.0));
        let exponent = either_exponent(less, b.1, a.1);
        let small = jam(small, exponent - either_exponent(less, a.1, b.1));
        let opposite = self.minus ^ other.minus;
        let significand = either(opposite, large - small, large + small);
        let minus = (less & other.minus) | (!less & self.minus);
        let infinite = self.infinite | other.infinite;
        let finite = if_else(significand == 0, self.minus & other.minus, minus);
        Self {
            minus: if_else(
                infinite,
                (self.infinite & self.minus) | (other.infinite & other.minus),
                finite,
            ),
            significand,
            exponent,
            nan: self.nan | other.nan | (self.infinite & other.infinite & opposite),
            infinite,
        }
    }

    /// A quotient of enough bits.
    fn over(self, other: Self, format: Format) -> Self {
        let (x, above) = normalised(self.significand, self.exponent);
        let (y, below) = normalised(other.significand, other.exponent);
        let digits = format.fraction + 3;
        let (mut quotient, mut rest) = (0, x);
        for _ in 0..digits {
            let fits = rest >= y;
            rest -= either(fits, y, 0);
            quotient = quotient << 1 | Word::from(fits);
            rest <<= 1;
        }
        let by_zero = other.is_zero() & !self.infinite;
        Self {
            minus: self.minus ^ other.minus,
            significand: either(
                self.is_zero() | other.infinite,
                0,
                quotient << 1 | Word::from(rest != 0),
            ),
            exponent: above - below - digits as i32,
            nan: self.nan
                | other.nan
                | (self.infinite & other.infinite)
                | (self.is_zero() & other.is_zero()),
            infinite: self.infinite | (by_zero & !self.is_zero()),
        }
    }

    /// A root of enough bits.
    fn root(self, format: Format) -> Self {
        let (x, exponent) = normalised(self.significand, self.exponent);
        // An even exponent, and a radicand whose upper pair of bits is not zero.
        let odd = exponent & 1 != 0;
        let x = either(odd, x << 1, x);
        let exponent = exponent - i32::from(odd);
        let digits = format.fraction + 3;
        let (mut root, mut rest): (Word, Word) = (0, 0);
        for i in 0..digits {
            rest = rest << 2 | x >> (126 - 2 * i) & 3;
            let step = root << 2 | 1;
            let fits = rest >= step;
            rest -= either(fits, step, 0);
            root = root << 1 | Word::from(fits);
        }
        let left = (rest != 0) | (x & mask(128 - 2 * digits) != 0);
        Self {
            significand: either(self.is_zero(), 0, root << 1 | Word::from(left)),
            exponent: exponent / 2 + 63 - digits as i32,
            nan: self.nan | (self.minus & (self.infinite | !self.is_zero())),
            ..self
        }
    }

    /// `significand · 2^(exponent + scale)` as an integer, its nearest value in `to`.
    fn integer(self, to: Scalar, scale: i32, nearest: bool) -> Word {
        let exponent = self.exponent + scale;
        let bits = 128 - self.significand.leading_zeros() as i32 + exponent;
        // One bit stands for all below the half.
        let by = -exponent;
        let doubled = jam(self.significand << 2, by);
        let up = (doubled & 3 == 3) | (doubled & 7 == 6);
        let rounded = (doubled >> 2) + Word::from(nearest & up);
        let shifted = self.significand << exponent.clamp(0, 127);
        let word = either(exponent < 0, rounded, shifted);
        let most = mask(to.width() - u32::from(to.is_signed()));
        let least = if to.is_signed() { most + 1 } else { 0 };
        let limit = either(self.minus, least, most);
        let beyond = self.infinite | ((bits > 128) & !self.is_zero()) | (word > limit);
        let magnitude = either(beyond, limit, word);
        let word = either(self.minus, magnitude.wrapping_neg(), magnitude);
        to.wrap(either(self.nan, 0, word))
    }

    /// An integer in another's place: its magnitude and scale.
    fn from_integer(from: Scalar, word: Word, scale: i32) -> Self {
        let magnitude = from.magnitude(word);
        let long = magnitude >> ROOM != 0;
        Self {
            minus: from.is_negative(word),
            significand: either(long, jam(magnitude, 1), magnitude),
            exponent: i32::from(long) - scale,
            nan: false,
            infinite: false,
        }
    }

    /// An integer near it, of the same sign.
    fn whole(self, op: FloatOp) -> Self {
        let by = (-self.exponent).clamp(0, ROOM);
        let doubled = jam(self.significand << 2, by);
        let rest = doubled & 3 != 0;
        let up = match op {
            FloatOp::Floor => rest & self.minus,
            FloatOp::Ceil => rest & !self.minus,
            FloatOp::Round => doubled & 2 != 0,
            _ => false,
        };
        Self {
            significand: (doubled >> 2) + Word::from(up),
            exponent: self.exponent.max(0),
            ..self
        }
    }
}

fn if_else(holds: bool, a: bool, b: bool) -> bool {
    (holds & a) | (!holds & b)
}

/// A float's place in the total order.
fn key(word: Word, format: Format) -> Word {
    let minus = word & format.sign() != 0;
    word ^ either(minus, mask(format.width), format.sign())
}

/// The amount that a word stands for, as far as amounts make a difference.
fn amount(word: Word) -> i32 {
    either(word > 10_000, 10_000, word) as i32
}

impl FloatOp {
    /// All operations.
    pub const ALL: [Self; 20] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Sqrt,
        Self::MulAdd,
        Self::Neg,
        Self::Min,
        Self::Max,
        Self::Eq,
        Self::Lt,
        Self::Le,
        Self::Floor,
        Self::Ceil,
        Self::Round,
        Self::Trunc,
        Self::Convert,
        Self::FromInt,
        Self::ToInt,
        Self::ToNearest,
    ];

    /// Whether it makes a difference what becomes of subnormals: only arithmetic has a form in which they are flushed.
    pub const fn may_flush(self) -> bool {
        matches!(
            self,
            Self::Add
                | Self::Sub
                | Self::Mul
                | Self::Div
                | Self::Sqrt
                | Self::MulAdd
                | Self::Convert
        )
    }

    /// The result on one lane, for [`crate::gate::WordOp::eval`], with the types of the first operand and of the result.
    pub fn eval(self, subnormals: Subnormals, from: Scalar, to: Scalar, args: &[Word]) -> Word {
        let arg = |i: usize| args.get(i).copied().unwrap_or(0);
        let (format, target) = (Format::of(from), Format::of(to));
        let subnormals = match self.may_flush() {
            true => subnormals,
            false => Subnormals::Kept,
        };
        let parts = |i: usize| Parts::of(arg(i), format, subnormals);
        let (a, b) = (arg(0), arg(1));
        let ordered = !(format.is_nan(a) | format.is_nan(b));
        let zeros = (a | b) & mask(format.width - 1) == 0;
        let (ka, kb) = (key(a, format), key(b, format));
        let rounded = |parts: Parts| parts.rounded(target, subnormals);
        match self {
            Self::Add => rounded(parts(0).plus(parts(1))),
            Self::Sub => {
                let b = parts(1);
                let b = Parts {
                    minus: !b.minus,
                    ..b
                };
                rounded(parts(0).plus(b))
            }
            Self::Mul => rounded(parts(0).times(parts(1))),
            Self::Div => rounded(parts(0).over(parts(1), format)),
            Self::Sqrt => rounded(parts(0).root(format)),
            Self::MulAdd => rounded(parts(0).times(parts(1)).plus(parts(2))),
            Self::Neg => a ^ either(format.is_nan(a), 0, format.sign()),
            Self::Min => {
                let first = (ka <= kb) & !format.is_nan(a);
                either(first | format.is_nan(b), a, b)
            }
            Self::Max => {
                let first = (ka >= kb) & !format.is_nan(a);
                either(first | format.is_nan(b), a, b)
            }
            Self::Eq => Word::from(ordered & ((a == b) | zeros)),
            Self::Lt => Word::from(ordered & (ka < kb) & !zeros),
            Self::Le => Word::from(ordered & ((ka <= kb) | zeros)),
            Self::Floor | Self::Ceil | Self::Round | Self::Trunc => {
                let special = a & format.infinity() == format.infinity();
                either(special, a, rounded(parts(0).whole(self)))
            }
            Self::Convert => rounded(parts(0)),
            Self::FromInt => rounded(Parts::from_integer(from, a, amount(b))),
            Self::ToInt => parts(0).integer(to, amount(b), false),
            Self::ToNearest => parts(0).integer(to, amount(b), true),
        }
    }
}
