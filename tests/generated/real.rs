//! What drawn programs do to numbers with fractions: fixed-point numbers as integers, and floats by the machine's own arithmetic.

use super::meaning::wrap;
use super::program::{One, Two, Ty};

/// The one NaN.
const NAN: u32 = 0x7fc0_0000;

fn float(word: i128) -> f32 {
    f32::from_bits(word as u32)
}

fn bits(x: f32) -> i128 {
    i128::from(if x.is_nan() { NAN } else { x.to_bits() })
}

/// A literal of the type, which is no longer than it needs to be.
pub fn literal(word: i128, ty: &Ty) -> String {
    let Ty::Fixed { frac, .. } = ty else {
        let x = float(word);
        return match x {
            x if x.is_nan() => "((0.0 as f32) / (0.0 as f32))".to_owned(),
            x if x == f32::INFINITY => "((1.0 as f32) / (0.0 as f32))".to_owned(),
            x if x == f32::NEG_INFINITY => "(-((1.0 as f32) / (0.0 as f32)))".to_owned(),
            x if x.is_sign_negative() => format!("(-({:?} as f32))", -x),
            x => format!("({x:?} as f32)"),
        };
    };
    let size = word.unsigned_abs();
    let part = (size & ((1 << frac) - 1)) * 5u128.pow(*frac);
    let digits = match frac {
        0 => "0".to_owned(),
        _ => format!("{part:0width$}", width = *frac as usize),
    };
    let text = format!("({}.{digits} as {ty})", size >> frac);
    if word < 0 { format!("(-{text})") } else { text }
}

pub fn one(op: One, a: i128, ty: &Ty) -> i128 {
    match (op, ty) {
        (One::Neg, Ty::Fixed { .. }) => wrap(-a, ty),
        (One::Abs, Ty::Fixed { .. }) => wrap(a.abs(), ty),
        (One::Neg, _) => bits(-float(a)),
        (One::Abs, _) => bits(float(a).abs()),
        _ => unreachable!("an operator of numbers with fractions"),
    }
}

/// The least or the greatest of two floats: a NaN is passed over, and −0 is below 0.
fn extreme(a: f32, b: f32, least: bool) -> f32 {
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() { b } else { a };
    }
    let (lo, hi) = match a.total_cmp(&b).is_le() {
        true => (a, b),
        false => (b, a),
    };
    if least { lo } else { hi }
}

pub fn two(op: Two, a: i128, b: i128, ty: &Ty) -> i128 {
    let Ty::Fixed { frac, width } = ty else {
        let (x, y) = (float(a), float(b));
        return bits(match op {
            Two::Add => x + y,
            Two::Sub => x - y,
            Two::Mul => x * y,
            Two::Div => x / y,
            Two::Min => extreme(x, y, true),
            Two::Max => extreme(x, y, false),
            _ => unreachable!("an operator of floats"),
        });
    };
    let amount = u32::try_from(b.clamp(0, 1 << 20)).unwrap_or(0);
    match op {
        Two::Add => wrap(a + b, ty),
        Two::Sub => wrap(a - b, ty),
        // To nearest, ties up.
        Two::Mul if *frac == 0 => wrap(a * b, ty),
        Two::Mul => wrap((a * b + (1 << (frac - 1))) >> frac, ty),
        Two::Div if b == 0 => wrap(if a < 0 { 1 } else { -1 }, ty),
        Two::Div => wrap((a << frac) / b, ty),
        Two::Rem if b == 0 => a,
        Two::Rem => wrap(a % b, ty),
        Two::Min => a.min(b),
        Two::Max => a.max(b),
        Two::Shl if amount >= *width => 0,
        Two::Shl => wrap(a << amount, ty),
        Two::Shr => a >> amount.min(127),
        _ => unreachable!("an operator of fixed-point numbers"),
    }
}

/// Comparisons as IEEE 754 has them.
pub fn compared(op: Two, a: i128, b: i128) -> bool {
    let (x, y) = (float(a), float(b));
    match op {
        Two::Eq => x == y,
        Two::Ne => x != y,
        Two::Lt => x < y,
        _ => x <= y,
    }
}

/// An integer with the total order of floats.
pub fn key(word: i128) -> i128 {
    let word = word as i32;
    i128::from(word ^ ((word >> 31) & i32::MAX))
}

/// `x as to`
pub fn cast(word: i128, from: &Ty, to: &Ty) -> i128 {
    match (from, to) {
        (Ty::Fixed { frac: f, .. }, Ty::Fixed { frac: g, .. }) if f > g => {
            wrap((word + (1 << (f - g - 1))) >> (f - g), to)
        }
        (Ty::Fixed { frac: f, .. }, Ty::Fixed { frac: g, .. }) => wrap(word << (g - f), to),
        // A power of two is exact.
        (Ty::Fixed { frac, .. }, Ty::Float) => bits(word as f32 / (1u64 << frac) as f32),
        (Ty::Fixed { frac, .. }, _) => wrap(word / (1 << frac), to),
        (Ty::Float, Ty::Fixed { frac, width }) => {
            let scaled = (f64::from(float(word)) * (1u64 << frac) as f64).round_ties_even();
            (scaled as i128).clamp(-(1 << (width - 1)), (1 << (width - 1)) - 1)
        }
        (Ty::Float, Ty::Float) => word,
        (Ty::Float, _) => {
            let (width, signed) = to.shape();
            let (lo, hi) = match signed {
                true => (-(1i128 << (width - 1)), (1i128 << (width - 1)) - 1),
                false => (0, (1i128 << width) - 1),
            };
            (float(word) as i128).clamp(lo, hi)
        }
        (_, Ty::Fixed { frac, .. }) => wrap(word << frac, to),
        (_, Ty::Float) => bits(word as f32),
        _ => wrap(word, to),
    }
}
