//! Elementary functions of [`Number`]s, to about 280 bits: by series, after the argument has been made small.

use super::number::Number;
use std::sync::LazyLock;

/// A term of a series below 2 to this power adds nothing.
const LEAST: i64 = -300;

static LN_2: LazyLock<Number> = LazyLock::new(|| {
    // ln 2 = 2 artanh (1/3)
    let third = Number::integer(1).over(&Number::integer(3));
    artanh(&third.unwrap_or_default()).moved(1)
});

static HALF_PI: LazyLock<Number> = LazyLock::new(|| {
    // Machin: π / 4 = 4 arctan (1/5) − arctan (1/239)
    let arctan = |n| {
        let x = Number::integer(1).over(&Number::integer(n));
        odd_series(&x.unwrap_or_default(), true)
    };
    arctan(5).moved(2).minus(&arctan(239)).moved(1)
});

/// Σ ± x^(2j + 1) / (2j + 1): of one sign, or of both in turn.
fn odd_series(x: &Number, alternates: bool) -> Number {
    let square = x.times(x);
    let mut power = x.clone();
    let mut sum = x.clone();
    for j in 1..2000 {
        power = power.times(&square);
        if power.top() < LEAST {
            break;
        }
        let term = power.over(&Number::integer(2 * j + 1)).unwrap_or_default();
        sum = match alternates && j % 2 == 1 {
            true => sum.minus(&term),
            false => sum.plus(&term),
        };
    }
    sum
}

fn artanh(x: &Number) -> Number {
    odd_series(x, false)
}

/// The nearest integer, and what is left of it.
fn split(x: &Number, unit: &Number) -> Option<(i64, Number)> {
    let quotient = x.over(unit)?;
    let whole = quotient.plus(&Number::integer(1).moved(-1)).floored()?;
    let count = i64::try_from(&whole).ok()?;
    let rest = x.minus(&unit.times(&Number::new(whole, 0)));
    Some((count, rest))
}

/// e^x; `None` where not even the exponent can be held.
pub fn exp(x: &Number) -> Option<Number> {
    let (k, rest) = split(x, &LN_2)?;
    if k.unsigned_abs() > 1 << 40 {
        return None;
    }
    let mut term = Number::integer(1);
    let mut sum = term.clone();
    for j in 1..2000 {
        term = term.times(&rest).over(&Number::integer(j))?;
        if term.top() < LEAST {
            break;
        }
        sum = sum.plus(&term);
    }
    Some(sum.moved(k))
}

/// ln x; `None` of what is not above zero.
pub fn ln(x: &Number) -> Option<Number> {
    if x.is_zero() || x.is_negative() {
        return None;
    }
    // x = m · 2^k with m from 1/2 to 1.
    let k = x.top();
    let m = x.moved(-k);
    let one = Number::integer(1);
    let u = m.minus(&one).over(&m.plus(&one))?;
    let whole = LN_2.times(&Number::integer(i128::from(k)));
    Some(artanh(&u).moved(1).plus(&whole))
}

/// log₂ x.
pub fn log2(x: &Number) -> Option<Number> {
    ln(x)?.over(&LN_2)
}

/// x^y of an x above zero.
pub fn pow(x: &Number, y: &Number) -> Option<Number> {
    exp(&ln(x)?.times(y))
}

/// sin (x + quarters · π / 2).
fn sine(x: &Number, quarters: i64) -> Option<Number> {
    let (turns, rest) = split(x, &HALF_PI)?;
    let quarter = (turns.rem_euclid(4) + quarters) % 4;
    let square = rest.times(&rest).negated();
    // The series of cos where the quarter is odd.
    let (mut term, first) = match quarter % 2 {
        0 => (rest, 2),
        _ => (Number::integer(1), 1),
    };
    let mut sum = term.clone();
    for j in 0..1000 {
        let n = first + 2 * j;
        term = term.times(&square).over(&Number::integer(n * (n + 1)))?;
        if term.top() < LEAST {
            break;
        }
        sum = sum.plus(&term);
    }
    Some(match quarter {
        0 | 1 => sum,
        _ => sum.negated(),
    })
}

/// sin x.
pub fn sin(x: &Number) -> Option<Number> {
    sine(x, 0)
}

/// cos x.
pub fn cos(x: &Number) -> Option<Number> {
    sine(x, 1)
}

/// 1 / (1 + e^−x).
pub fn sigmoid(x: &Number) -> Option<Number> {
    let one = Number::integer(1);
    one.over(&one.plus(&exp(&x.negated())?))
}

/// 2 / (1 + e^−2x) − 1.
pub fn tanh(x: &Number) -> Option<Number> {
    let one = Number::integer(1);
    Some(sigmoid(&x.moved(1))?.moved(1).minus(&one))
}
