//! Decimal numbers as people write them, and the words that they stand for: exact in both directions.
//!
//! Literals, public arguments and cells of input files are all read here, so that one text means one number everywhere.
//! A fixed-point number is never taken through a floating-point one.

use crate::float::Format;
use crate::value::{Scalar, Word};
use std::fmt::Write as _;

/// Digits that are kept. No rounding depends on more: what follows only says whether the number is above what is kept.
const KEPT_DIGITS: usize = 800;
/// Exponents are cut to this; all numbers beyond are as good as infinite or zero.
const LAST_EXPONENT: i64 = 1_000_000;

/// A decimal number: its sign, which zero has as well, its digits and a power of ten. It may be a secret, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Most significant first, without zeros in front; empty for zero.
    digits: Vec<u8>,
    /// The power of ten that the last digit counts.
    exponent: i64,
}

/// A number has no value of the type that is nearest to it: it is too large or too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl Decimal {
    /// Reads an optional sign, digits with at most one point between, before or after them, and an optional exponent.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut digits = Vec::new();
        let mut dropped = 0i64;
        let mut sticky = false;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            let digit = byte - b'0';
            if digits.is_empty() && digit == 0 {
                continue;
            }
            if digits.len() < KEPT_DIGITS {
                digits.push(digit);
            } else {
                dropped += 1;
                sticky |= digit != 0;
            }
        }
        let mut exponent = power - i64::try_from(fraction.len()).ok()? + dropped;
        if sticky {
            digits.push(1);
            exponent -= 1;
        }
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        Some(Self {
            negative,
            exponent: if digits.is_empty() { 0 } else { exponent },
            digits,
        })
    }

    /// An integer.
    pub fn integer(negative: bool, magnitude: u128) -> Self {
        let text = magnitude.to_string();
        let digits = text.trim_end_matches('0');
        Self {
            negative,
            exponent: if magnitude == 0 {
                0
            } else {
                (text.len() - digits.len()) as i64
            },
            digits: digits.bytes().map(|b| b - b'0').collect(),
        }
    }

    /// The number with the other sign.
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// As text that [`Self::parse`] reads: the digits as an integer, and an exponent.
    pub fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
        match (digits.as_str(), self.exponent) {
            ("", _) => format!("{sign}0"),
            (digits, 0) => format!("{sign}{digits}"),
            (digits, exponent) => format!("{sign}{digits}e{exponent}"),
        }
    }

    /// The word of the signed fixed-point number of `width` bits, `frac` of them fractional, that is nearest; of two that
    /// are equally near the even one.
    ///
    /// # Errors
    /// That number is not in the type.
    pub fn to_fixed(&self, width: u32, frac: u32) -> Result<Word, OutOfRange> {
        let magnitude = self.scaled(frac)?;
        let half = 1u128 << (width - 1);
        let fits = if self.negative {
            magnitude <= half
        } else {
            magnitude < half
        };
        let word = if self.negative {
            magnitude.wrapping_neg()
        } else {
            magnitude
        };
        fits.then(|| word & crate::value::mask(width))
            .ok_or(OutOfRange)
    }

    /// The bits of the float of 32 or 64 bits that is nearest; of two that are equally near the even one.
    ///
    /// # Errors
    /// It is an infinity.
    pub fn to_float(&self, width: u32) -> Result<Word, OutOfRange> {
        read_float(&self.text(), width)
            .filter(|word| {
                word & Format::of_width(width).infinity() != Format::of_width(width).infinity()
            })
            .ok_or(OutOfRange)
    }

    /// The integer that is nearest to the magnitude times 2^frac, ties to even.
    fn scaled(&self, frac: u32) -> Result<u128, OutOfRange> {
        let n_digits = self.digits.len() as i64;
        let whole_digits = n_digits + self.exponent;
        if self.digits.is_empty() || whole_digits < -60 {
            return Ok(0);
        }
        if whole_digits > 40 {
            return Err(OutOfRange);
        }
        let mut whole = 0u128;
        for at in 0..whole_digits {
            let digit = self.digits.get(at as usize).copied().unwrap_or(0);
            whole = whole
                .checked_mul(10)
                .and_then(|w| w.checked_add(u128::from(digit)))
                .ok_or(OutOfRange)?;
        }
        let mut fraction = vec![0u8; (-whole_digits).max(0) as usize];
        fraction.extend(self.digits.iter().skip(whole_digits.max(0) as usize));
        // Doubling the fraction gives its bits one by one.
        let mut scaled = whole;
        for _ in 0..frac {
            if scaled >> 127 == 1 {
                return Err(OutOfRange);
            }
            scaled = scaled << 1 | u128::from(double(&mut fraction));
        }
        let is_over = double(&mut fraction);
        let is_tie = fraction.iter().all(|&d| d == 0);
        if is_over && (!is_tie || scaled & 1 == 1) {
            scaled = scaled.checked_add(1).ok_or(OutOfRange)?;
        }
        Ok(scaled)
    }
}

/// The bits of the float of 32 or 64 bits that a text stands for: a decimal number, `inf` or `NaN`, with a sign. A decimal number
/// that is too large is an infinity.
pub fn read_float(text: &str, width: u32) -> Option<Word> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let named = ["inf", "infinity", "nan"];
    let is_named = named.iter().any(|name| unsigned.eq_ignore_ascii_case(name));
    if !is_named && Decimal::parse(text).is_none() {
        return None;
    }
    // The machine's reader is exact, too.
    let (word, is_nan) = if width == 32 {
        let float: f32 = text.parse().ok()?;
        (Word::from(float.to_bits()), float.is_nan())
    } else {
        let float: f64 = text.parse().ok()?;
        (Word::from(float.to_bits()), float.is_nan())
    };
    Some(if is_nan {
        Format::of_width(width).nan()
    } else {
        word
    })
}

/// The shortest text that [`read_float`] reads as this float of 32 or 64 bits.
pub fn float_text(word: Word, width: u32) -> String {
    let text = if width == 32 {
        format!("{:?}", f32::from_bits(word as u32))
    } else {
        format!("{:?}", f64::from_bits(word as u64))
    };
    match text.strip_suffix(".0") {
        // The sign of a zero is lost where there is no point.
        Some(whole) if whole != "-0" => whole.to_owned(),
        _ => text,
    }
}

/// An exponent: an optional sign and digits.
fn exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut value = 0i64;
    for byte in digits.bytes() {
        value = (value * 10 + i64::from(byte - b'0')).min(LAST_EXPONENT);
    }
    Some(if negative { -value } else { value })
}

/// Doubles a decimal fraction, given by its digits; whether one came out before the point.
fn double(fraction: &mut Vec<u8>) -> bool {
    let mut carry = 0;
    for digit in fraction.iter_mut().rev() {
        let doubled = 2 * *digit + carry;
        *digit = doubled % 10;
        carry = doubled / 10;
    }
    while fraction.last() == Some(&0) {
        fraction.pop();
    }
    carry == 1
}

/// The shortest decimal that [`Decimal::to_fixed`] reads as this word of a signed fixed-point type.
pub fn fixed_text(word: Word, width: u32, frac: u32) -> String {
    let scalar = Scalar::signed(width as u8);
    let magnitude = scalar.magnitude(scalar.wrap(word));
    let is_even = magnitude & 1 == 0;
    let mut whole = magnitude.checked_shr(frac).unwrap_or(0);
    // The rest of the number, and half a unit in its last place, in units of 2^-128.
    let mut rest = magnitude.checked_shl(128 - frac).unwrap_or(0);
    let mut half = Some(1u128 << (127 - frac));
    let mut digits: Vec<u8> = Vec::new();
    loop {
        // The nearest number with so many digits is the one below or the one above.
        let is_above = rest > 1 << 127;
        let distance = if is_above { rest.wrapping_neg() } else { rest };
        let reads_back = half.is_none_or(|half| distance < half || (distance == half && is_even));
        if reads_back {
            if is_above {
                let carried = digits.iter().rev().take_while(|&&d| d == 9).count();
                let kept = digits.len() - carried;
                digits.truncate(kept);
                match digits.last_mut() {
                    Some(last) => *last += 1,
                    None => whole += 1,
                }
            }
            break;
        }
        let low = (rest & u128::from(u64::MAX)) * 10;
        let high = (rest >> 64) * 10 + (low >> 64);
        digits.push((high >> 64) as u8);
        rest = high << 64 | (low & u128::from(u64::MAX));
        half = half.and_then(|half| half.checked_mul(10));
    }
    let mut text = String::new();
    if scalar.is_negative(scalar.wrap(word)) {
        text.push('-');
    }
    let _ = write!(text, "{whole}");
    if !digits.is_empty() {
        text.push('.');
        text.extend(digits.iter().map(|d| char::from(b'0' + d)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splitmix::SplitMix;

    fn fixed(text: &str, width: u32, frac: u32) -> Result<i128, OutOfRange> {
        let scalar = Scalar::signed(width as u8);
        let decimal = Decimal::parse(text).expect(text);
        decimal
            .to_fixed(width, frac)
            .map(|word| scalar.extend(word) as i128)
    }

    #[test]
    fn what_is_a_number_and_what_is_not() {
        for text in [
            "0",
            "-0",
            "1.5",
            ".5",
            "5.",
            "+2e-3",
            "1E+3",
            "00.10",
            "1e999999999999",
        ] {
            assert!(Decimal::parse(text).is_some(), "{text}");
        }
        for text in [
            "", ".", "-", "e3", "1e", "1e+", "1.2.3", "0x1", "1_0", " 1", "--1", "1e1.5", "inf",
            "nan", "١",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        for (text, same) in [
            ("-0", "-0"),
            ("-0.0e5", "-0"),
            ("+0", "0"),
            ("00.10", "1e-1"),
            ("120", "12e1"),
            ("-2e-3", "-2e-3"),
        ] {
            assert_eq!(
                Decimal::parse(text).map(|d| d.text()).as_deref(),
                Some(same)
            );
        }
        for n in [0, 7, 100, 1u128 << 90, u128::MAX] {
            assert!(Decimal::integer(true, n) == Decimal::parse(&format!("-{n}")).unwrap());
        }
    }

    #[test]
    fn zero_has_a_sign_where_the_type_has_one() {
        let minus = Decimal::parse("-0.0").unwrap();
        assert_eq!(minus.to_float(64).ok(), Some(1 << 63));
        assert_eq!(minus.to_float(32).ok(), Some(1 << 31));
        assert_eq!(minus.to_fixed(8, 4).ok(), Some(0));
        assert_eq!(minus.negated().to_float(64).ok(), Some(0));
        assert_eq!(
            Decimal::parse("0").unwrap().negated().to_float(32).ok(),
            Some(1 << 31)
        );
    }

    #[test]
    fn rounding_is_to_nearest_and_ties_to_even() {
        assert_eq!(fixed("1.5", 32, 16), Ok(0x18000));
        assert_eq!(fixed("-0.1", 32, 16), Ok(-6554));
        assert_eq!(fixed("2e-3", 32, 16), Ok(131));
        // Quarters where halves are held.
        for (text, raw) in [
            ("0.25", 0),
            ("0.75", 2),
            ("1.25", 2),
            ("-0.25", 0),
            ("-0.75", -2),
        ] {
            assert_eq!(fixed(text, 8, 1), Ok(raw), "{text}");
        }
        // A tie is a tie however far away the digit is that says otherwise.
        let zeros = "0".repeat(5000);
        assert_eq!(fixed(&format!("0.25{zeros}"), 8, 1), Ok(0));
        assert_eq!(fixed(&format!("0.25{zeros}1"), 8, 1), Ok(1));
        assert_eq!(fixed("1e-400", 128, 127), Ok(0));
        // Half of the least unit, 2^-128, and a little more.
        let half = "293873587705571876992184134305561419454666389193021880377187926569604314863681793212890625e-128";
        assert_eq!(fixed(half, 128, 127), Ok(0));
        assert_eq!(
            fixed("2.9387358770557187699218413430556142e-39", 128, 127),
            Ok(1)
        );
        assert_eq!(
            fixed("2.9387358770557187699218413430556141e-39", 128, 127),
            Ok(0)
        );
    }

    #[test]
    fn the_ends_of_the_range_are_exact() {
        assert_eq!(fixed("7.9375", 8, 4), Ok(127));
        assert_eq!(fixed("7.96874", 8, 4), Ok(127));
        assert_eq!(fixed("7.96875", 8, 4), Err(OutOfRange));
        assert_eq!(fixed("-8", 8, 4), Ok(-128));
        assert_eq!(fixed("-8.03125", 8, 4), Ok(-128));
        assert_eq!(fixed("-8.04", 8, 4), Err(OutOfRange));
        assert_eq!(fixed("1e41", 128, 0), Err(OutOfRange));
        assert_eq!(fixed("1e1000000000", 8, 4), Err(OutOfRange));
        assert_eq!(
            fixed("170141183460469231731687303715884105727", 128, 0),
            Ok(i128::MAX)
        );
        assert_eq!(
            fixed("170141183460469231731687303715884105728", 128, 0),
            Err(OutOfRange)
        );
        assert_eq!(
            fixed("-170141183460469231731687303715884105728", 128, 0),
            Ok(i128::MIN)
        );
    }

    #[test]
    fn every_number_of_small_types_is_the_exact_nearest() {
        // Thousandths against an integer computation of the same.
        for frac in 0..8u32 {
            for n in -4000i64..4000 {
                let text = format!(
                    "{}{}.{:03}",
                    if n < 0 { "-" } else { "" },
                    n.abs() / 1000,
                    n.abs() % 1000
                );
                let (twice, unit) = (2 * n.abs() * (1 << frac), 1000);
                let (floor, rest) = (twice / (2 * unit), twice % (2 * unit));
                let up = rest > unit || (rest == unit && floor % 2 == 1);
                let nearest = (floor + i64::from(up)) * n.signum();
                assert_eq!(
                    fixed(&text, 16, frac),
                    Ok(i128::from(nearest)),
                    "{text} at {frac}"
                );
            }
        }
    }

    #[test]
    fn texts_read_back_and_none_is_shorter() {
        for width in 2..=9u32 {
            for frac in 0..width {
                for word in 0..1u128 << width {
                    let text = fixed_text(word, width, frac);
                    let decimal = Decimal::parse(&text).expect("a number");
                    assert_eq!(decimal.to_fixed(width, frac), Ok(word), "{text}");
                    let Some((_, digits)) = text.split_once('.') else {
                        continue;
                    };
                    // One digit fewer: neither the number below nor the one above reads back.
                    let cut = &text[..text.len() - 1];
                    let scale = 10i64.pow(digits.len() as u32 - 1);
                    let cut: i64 = cut.replace('.', "").parse().expect("digits");
                    for near in [cut - 1, cut, cut + 1] {
                        let near =
                            Decimal::parse(&format!("{near}e-{}", digits.len() - 1)).unwrap();
                        assert_ne!(near.to_fixed(width, frac), Ok(word), "{text}, {scale}");
                    }
                }
            }
        }
    }

    #[test]
    fn floats_are_read_and_written_exactly() {
        let single = |text: &str| read_float(text, 32).map(|word| f32::from_bits(word as u32));
        assert_eq!(single("0.1"), Some(0.1));
        assert_eq!(single("-0").map(f32::to_bits), Some(0x8000_0000));
        assert_eq!(single("1e-45"), Some(f32::from_bits(1)));
        assert_eq!(read_float("-NaN", 64), Some(0x7ff8_0000_0000_0000));
        assert_eq!(read_float("-inf", 32), Some(0xff80_0000));
        for wrong in ["", "x", "1_0", "infinite", "0x1"] {
            assert_eq!(read_float(wrong, 64), None, "{wrong}");
        }
        let decimal = |text: &str| Decimal::parse(text).expect(text);
        assert_eq!(decimal("3.4028235e38").to_float(32), Ok(0x7f7f_ffff));
        assert_eq!(decimal("3.4028236e38").to_float(32), Err(OutOfRange));
        assert_eq!(decimal("-1e999").to_float(64), Err(OutOfRange));
        // Half way between 2^24 and the next float, and a little more: not by way of 64 bits.
        assert_eq!(decimal("16777217").to_float(32), Ok(0x4b80_0000));
        assert_eq!(
            decimal("16777217.0000000000000000001").to_float(32),
            Ok(0x4b80_0001)
        );
        for (word, text) in [
            (0u64, "0"),
            (1 << 63, "-0.0"),
            (2.0f64.to_bits(), "2"),
            (1e300f64.to_bits(), "1e300"),
        ] {
            assert_eq!(float_text(Word::from(word), 64), text);
        }
        let mut random = SplitMix::new(6);
        for _ in 0..20_000 {
            for width in [32, 64] {
                let word = random.word() & crate::value::mask(width);
                let text = float_text(word, width);
                let format = Format::of_width(width);
                let is_nan = word & format.infinity() == format.infinity()
                    && word & crate::value::mask(format.fraction) != 0;
                let same = if is_nan { format.nan() } else { word };
                assert_eq!(read_float(&text, width), Some(same), "{text}");
            }
        }
    }

    #[test]
    fn texts_of_wide_types_read_back() {
        let mut random = SplitMix::new(5);
        for _ in 0..20_000 {
            let width = 2 + random.below(127) as u32;
            let frac = random.below(u64::from(width)) as u32;
            let word = random.word() >> random.below(128) & crate::value::mask(width);
            let text = fixed_text(word, width, frac);
            let back = Decimal::parse(&text).and_then(|d| d.to_fixed(width, frac).ok());
            assert_eq!(back, Some(word), "{text} of fixed<{width}, {frac}>");
        }
        assert_eq!(fixed_text(0x18000, 32, 16), "1.5");
        assert_eq!(fixed_text(6554, 32, 16), "0.1");
        assert_eq!(fixed_text(0xffff_0000, 32, 16), "-1");
        assert_eq!(fixed_text(1 << 127, 128, 0), i128::MIN.to_string());
    }
}
