//! Real numbers with so many bits that no rounding of theirs is seen beside a word's: m · 2^e with 320 bits of m.
//!
//! Sums, products and moves of words are exact as long as they fit; quotients, roots and functions are rounded.

use num_bigint::{BigInt, Sign};
use smpcc_circuit::value::{Form, Scalar, Word};
use std::cmp::Ordering;

/// Bits that are kept.
const PRECISION: u64 = 320;

/// Bits of a float behind the first one.
const fn mantissa_bits(width: u32) -> u32 {
    if width == 32 { 23 } else { 52 }
}

/// m · 2^e.
#[derive(Clone, Debug, Default)]
pub struct Number {
    mantissa: BigInt,
    exponent: i64,
}

impl Number {
    /// The integer that a word is.
    pub fn word(scalar: Scalar, word: Word) -> Self {
        let word = scalar.wrap(word);
        match scalar.is_signed() {
            true => Self::integer(scalar.extend(word) as i128),
            false => Self::new(BigInt::from(word), 0),
        }
    }

    /// An integer.
    pub fn integer(integer: i128) -> Self {
        Self::new(BigInt::from(integer), 0)
    }

    /// The number that a float of 32 or 64 bits is; `None` of what is infinite or no number.
    pub fn float(width: u32, word: Word) -> Option<Self> {
        let n_bits = mantissa_bits(width);
        let mantissa = word & ((1 << n_bits) - 1);
        let field = (word >> n_bits) & ((1 << (width - 1 - n_bits)) - 1);
        let most = (1 << (width - 1 - n_bits)) - 1;
        if field == most {
            return None;
        }
        // Below the normal numbers there is no first bit.
        let (mantissa, field) = match field {
            0 => (mantissa, 1),
            _ => (mantissa | 1 << n_bits, field),
        };
        let exponent = field as i64 - (most as i64 >> 1) - i64::from(n_bits);
        let number = Self::new(BigInt::from(mantissa), exponent);
        Some(match word >> (width - 1) & 1 {
            0 => number,
            _ => number.negated(),
        })
    }

    /// The last place of a float that is nearest to this, as a power of two.
    pub fn last_place(&self, width: u32) -> i64 {
        let n_bits = i64::from(mantissa_bits(width));
        let least = 2 - (1i64 << (i64::from(width) - 2 - n_bits));
        self.top().saturating_sub(1).max(least) - n_bits
    }

    /// m · 2^e, with as many bits as are kept.
    pub(super) fn new(mantissa: BigInt, exponent: i64) -> Self {
        let bits = mantissa.bits();
        if bits <= PRECISION {
            return Self { mantissa, exponent };
        }
        // To nearest: below the last bit there are `PRECISION` others.
        let extra = bits - PRECISION;
        let half = BigInt::from(1) << (extra - 1);
        Self {
            mantissa: (mantissa + half) >> extra,
            exponent: exponent.saturating_add(extra as i64),
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    /// The power of two above the magnitude; of zero a very small one.
    pub fn top(&self) -> i64 {
        match self.is_zero() {
            true => i64::MIN / 2,
            false => self.exponent.saturating_add(self.mantissa.bits() as i64),
        }
    }

    /// Times 2^by.
    pub fn moved(&self, by: i64) -> Self {
        Self {
            mantissa: self.mantissa.clone(),
            exponent: self.exponent.saturating_add(by),
        }
    }

    /// The sum.
    pub fn plus(&self, other: &Self) -> Self {
        if self.is_zero() {
            return other.clone();
        }
        if other.is_zero() {
            return self.clone();
        }
        // What is far below all bits that are kept does not count.
        let far = 2 * PRECISION as i64;
        if self.top().saturating_sub(other.top()) > far {
            return self.clone();
        }
        if other.top().saturating_sub(self.top()) > far {
            return other.clone();
        }
        let low = self.exponent.min(other.exponent);
        Self::new(self.scaled(-low) + other.scaled(-low), low)
    }

    /// The integer m · 2^(e + up), which is one.
    fn scaled(&self, up: i64) -> BigInt {
        &self.mantissa << (self.exponent + up).max(0) as u64
    }

    /// The opposite.
    pub fn negated(&self) -> Self {
        Self {
            mantissa: -&self.mantissa,
            exponent: self.exponent,
        }
    }

    /// The difference.
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    /// The magnitude.
    pub fn magnitude(&self) -> Self {
        match self.is_negative() {
            true => self.negated(),
            false => self.clone(),
        }
    }

    /// The product.
    pub fn times(&self, other: &Self) -> Self {
        let exponent = self.exponent.saturating_add(other.exponent);
        Self::new(&self.mantissa * &other.mantissa, exponent)
    }

    /// The quotient; `None` by zero.
    pub fn over(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let up = PRECISION + 2 + other.mantissa.bits();
        let exponent = (self.exponent)
            .saturating_sub(up as i64)
            .saturating_sub(other.exponent);
        let quotient = (&self.mantissa << up) / &other.mantissa;
        Some(Self::new(quotient, exponent))
    }

    /// The square root; `None` of what is below zero.
    pub fn root(&self) -> Option<Self> {
        if self.is_negative() {
            return None;
        }
        let mut up = 2 * PRECISION as i64;
        if (self.exponent - up) % 2 != 0 {
            up += 1;
        }
        let root = (&self.mantissa << up as u64).sqrt();
        Some(Self::new(root, (self.exponent - up) / 2))
    }

    /// ⌊x⌋; `None` where it has more bits than any word.
    pub fn floor(&self) -> Option<Self> {
        self.floored().map(|m| Self::new(m, 0))
    }

    pub(super) fn floored(&self) -> Option<BigInt> {
        if self.top() > 512 {
            return None;
        }
        Some(match self.exponent {
            e @ 0.. => &self.mantissa << e as u64,
            // Right shifts round down.
            e => &self.mantissa >> e.unsigned_abs().min(1 << 20),
        })
    }

    /// Toward zero.
    pub fn truncated(&self) -> Option<Self> {
        match self.is_negative() {
            true => self.negated().floor().map(|x| x.negated()),
            false => self.floor(),
        }
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        let bits = self.mantissa.bits();
        let down = bits.saturating_sub(64);
        let top = i128::try_from(&self.mantissa >> down).unwrap_or(0);
        let exponent = self.exponent.saturating_add(down as i64);
        top as f64 * (exponent.clamp(-1200, 1200) as f64).exp2()
    }

    /// As floats are written; as a power of two where no float is so large.
    pub fn as_float(&self) -> String {
        match self.top() > 1024 {
            true => self.text(0),
            false => Form::Float.display(Scalar::unsigned(64), self.to_f64().to_bits().into()),
        }
    }

    /// Decimal digits: rounded to `digits` behind the point, without zeros at the end; as a power of two where it is very large.
    pub fn text(&self, digits: u32) -> String {
        if self.top() > 512 {
            let sign = if self.is_negative() { "-" } else { "" };
            return format!("{sign}2^{}", self.top());
        }
        let ten = BigInt::from(10).pow(digits);
        let scaled = Self {
            mantissa: &self.mantissa * &ten * 2,
            exponent: self.exponent,
        };
        let Some(twice) = scaled.floored() else {
            return "?".into();
        };
        let nearest: BigInt = (twice + 1) >> 1;
        let sign = if nearest.sign() == Sign::Minus {
            "-"
        } else {
            ""
        };
        let all = format!("{:0>1$}", nearest.magnitude(), digits as usize + 1);
        let (whole, rest) = all.split_at(all.len() - digits as usize);
        match rest.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            rest => format!("{sign}{whole}.{rest}"),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.minus(other).mantissa.sign() {
            Sign::Minus => Ordering::Less,
            Sign::NoSign => Ordering::Equal,
            Sign::Plus => Ordering::Greater,
        }
    }
}
