//! What tests and benches of floats share: operands among which every case of every operation is, and the machine's own answers.

use super::{FloatOp, Format};
use crate::splitmix::SplitMix;
use crate::value::{Scalar, Word, mask};

/// Zeros, subnormals, the ends of the normal numbers, small integers and halves, infinities and the NaN, of both signs.
pub fn special(format: Format) -> Vec<Word> {
    let Format { fraction, .. } = format;
    let one = Word::from(format.bias()) << fraction;
    let least = 1 << fraction;
    let half = 1 << (fraction - 1);
    let mut words = vec![
        0,
        1,
        2,
        3,
        half,
        least - 1,
        least,
        least + 1,
        2 * least - 1,
        2 * least,
        one - least,
        one - least - 1,
        one - least + 1,
        one - 1,
        one,
        one + 1,
        one + half,
        one + half + 1,
        one + least,
        one + least + half / 2,
        one + least - 1,
        one + Word::from(fraction) * least + 1,
        one + Word::from(fraction + 1) * least - 1,
        one + Word::from(fraction - 1) * least + 1,
        one + Word::from(fraction + 1) * least + 3,
        format.infinity() - 1,
        format.infinity() - least,
        format.infinity(),
    ];
    let negative: Vec<Word> = words.iter().map(|word| word | format.sign()).collect();
    words.extend(negative);
    words.push(format.nan());
    words
}

/// A float, or with `near` one that is not far from it: sums cancel, and products are near the ends.
pub fn random(mix: &mut SplitMix, format: Format, near: Option<Word>) -> Word {
    let Format { width, fraction } = format;
    let largest = Word::from(format.largest());
    let draw = mix.draw();
    let bits = mix.word();
    let sign = bits & format.sign();
    let exponent = match (draw % 8, near) {
        (0..=2, Some(near)) => {
            let exponent = near >> fraction & largest;
            (exponent + Word::from(draw >> 8 & 3)).saturating_sub(Word::from(draw >> 16 & 3))
        }
        (3..=4, Some(near)) => {
            // A product near the ends, or a sum with the bits just apart.
            let exponent = near >> fraction & largest;
            let target = [
                Word::from(format.bias()),
                2 * largest - Word::from(format.bias()),
            ];
            let target = target[(draw >> 8 & 1) as usize] + Word::from(draw >> 16 & 31);
            target.saturating_sub(exponent + Word::from(draw >> 24 & 31))
        }
        (5, Some(near)) => {
            let exponent = near >> fraction & largest;
            exponent.saturating_sub(Word::from(fraction) + Word::from(draw >> 8 & 3))
        }
        (6, _) => Word::from(draw >> 8 & 3),
        _ => bits >> fraction & largest,
    };
    let run = mask((draw >> 32) as u32 % (fraction + 1));
    let part = match draw >> 48 & 7 {
        0 => 0,
        1 => run,
        2 => mask(fraction) & !run,
        3 => near.unwrap_or(0),
        4 => near.unwrap_or(0) ^ (draw >> 51 & 3) as Word,
        5 => bits & !run,
        _ => bits,
    };
    let word = sign | exponent.min(largest) << fraction | part & mask(fraction);
    debug_assert!(word <= mask(width));
    canonical(word, format)
}

/// The word, or the NaN if it is one of many.
pub fn canonical(word: Word, format: Format) -> Word {
    let magnitude = word & mask(format.width - 1);
    if magnitude > format.infinity() {
        format.nan()
    } else {
        word
    }
}

/// The machine's answer, for subnormals that are kept; amounts may go up to 100.
pub fn machine(op: FloatOp, from: Scalar, to: Scalar, args: &[Word]) -> Word {
    match op {
        FloatOp::FromInt => return from_integer(from, to, args),
        FloatOp::Convert => {
            let word = args[0];
            return match (from.width(), to.width()) {
                (32, 64) => double(f64::from(f32::from_bits(word as u32))),
                (64, 32) => single(f64::from_bits(word as u64) as f32),
                _ => canonical(word, Format::of(from)),
            };
        }
        FloatOp::ToInt | FloatOp::ToNearest => {
            let value = match from.width() {
                32 => f64::from(f32::from_bits(args[0] as u32)),
                _ => f64::from_bits(args[0] as u64),
            };
            let value = value * 2f64.powi(args[1] as i32);
            let value = match op {
                FloatOp::ToInt => value.trunc(),
                _ => value.round_ties_even(),
            };
            return saturated(value, to);
        }
        _ => {}
    }
    macro_rules! answer {
        ($float:ty, $bits:ty, $word:ident) => {{
            let arg = |i: usize| <$float>::from_bits(args.get(i).copied().unwrap_or(0) as $bits);
            let (a, b) = (arg(0), arg(1));
            // The machine leaves open which of the zeros is the smaller.
            let zeros = a == 0.0 && b == 0.0;
            match op {
                FloatOp::Add => $word(a + b),
                FloatOp::Sub => $word(a - b),
                FloatOp::Mul => $word(a * b),
                FloatOp::Div => $word(a / b),
                FloatOp::Sqrt => $word(a.sqrt()),
                FloatOp::MulAdd => $word(a.mul_add(b, arg(2))),
                FloatOp::Neg => $word(-a),
                FloatOp::Min if zeros => $word(if a.is_sign_negative() { a } else { b }),
                FloatOp::Min => $word(a.min(b)),
                FloatOp::Max if zeros => $word(if a.is_sign_negative() { b } else { a }),
                FloatOp::Max => $word(a.max(b)),
                FloatOp::Eq => Word::from(a == b),
                FloatOp::Lt => Word::from(a < b),
                FloatOp::Le => Word::from(a <= b),
                FloatOp::Floor => $word(a.floor()),
                FloatOp::Ceil => $word(a.ceil()),
                FloatOp::Round => $word(a.round()),
                FloatOp::Trunc => $word(a.trunc()),
                FloatOp::Convert | FloatOp::FromInt | FloatOp::ToInt | FloatOp::ToNearest => 0,
            }
        }};
    }
    match from.width() {
        32 => answer!(f32, u32, single),
        _ => answer!(f64, u64, double),
    }
}

fn single(value: f32) -> Word {
    canonical(value.to_bits().into(), Format::SINGLE)
}

fn double(value: f64) -> Word {
    canonical(value.to_bits().into(), Format::DOUBLE)
}

fn from_integer(from: Scalar, to: Scalar, args: &[Word]) -> Word {
    let scale = -(args[1] as i32);
    let word = from.extend(args[0]);
    let (single_value, double_value) = if from.is_signed() {
        (word as i128 as f32, word as i128 as f64)
    } else {
        (word as f32, word as f64)
    };
    match to.width() {
        32 => single(single_value * 2f32.powi(scale)),
        _ => double(double_value * 2f64.powi(scale)),
    }
}

/// The nearest integer of a type, for an integer.
fn saturated(value: f64, to: Scalar) -> Word {
    let width = to.width();
    if to.is_signed() {
        let most = mask(width - 1) as i128;
        to.wrap((value as i128).clamp(-most - 1, most) as Word)
    } else {
        (value as Word).min(mask(width))
    }
}
