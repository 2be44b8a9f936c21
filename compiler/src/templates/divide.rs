//! Division with remainder: by digits for few ANDs, by the divisor's reciprocal for little depth.
//!
//! A constant divisor has a method of its own. Signed words are divided as magnitudes. `x / 0` is all ones and `x % 0` is `x` in both methods without a test for it
//! on the way.

mod constant;
mod digits;
mod reciprocal;

use super::Objective;
use super::add::negate_if;
use super::compare::or_all;
use super::word::{Shape, as_const, zero_extend};
use smpcc_circuit::template::{Builder, Lit};

/// Words at least this wide are divided by the reciprocal when depth counts; below, digits are as shallow.
const RECIPROCAL_FROM: usize = 10;

/// Which results a division is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub quotient: bool,
    pub remainder: bool,
}

impl Wanted {
    pub(super) const QUOTIENT: Self = Self {
        quotient: true,
        remainder: false,
    };
    pub(super) const REMAINDER: Self = Self {
        quotient: false,
        remainder: true,
    };
}

/// The results; those that were not wanted are empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Division {
    pub quotient: Vec<Lit>,
    pub remainder: Vec<Lit>,
}

/// `x / y` of two words of one width, signed ones truncated toward zero.
pub(super) fn quotient(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    signed: bool,
    objective: Objective,
) -> Vec<Lit> {
    divide(b, x, y, signed, Wanted::QUOTIENT, objective).quotient
}

/// `x % y` of two words of one width, with the dividend's sign.
pub(super) fn remainder(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    signed: bool,
    objective: Objective,
) -> Vec<Lit> {
    divide(b, x, y, signed, Wanted::REMAINDER, objective).remainder
}

/// Quotient and remainder of two unsigned words of one width, at few levels.
pub(super) fn shallow_unsigned(b: &mut Builder, x: &[Lit], y: &[Lit]) -> Division {
    let wanted = Wanted {
        quotient: true,
        remainder: true,
    };
    divide_unsigned(b, x, y, Lit::FALSE, wanted, Objective::Depth)
}

fn divide(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    signed: bool,
    wanted: Wanted,
    objective: Objective,
) -> Division {
    let (Some(&top_x), Some(&top_y)) = (x.last(), y.last()) else {
        return Division::default();
    };
    let (minus_x, minus_y) = if signed {
        (top_x, top_y)
    } else {
        (Lit::FALSE, Lit::FALSE)
    };
    let magnitude = |b: &mut Builder, word: &[Lit], minus: Lit| match minus.as_const() {
        Some(false) => word.to_vec(),
        // As many bits as count hold the magnitude of the least integer as well.
        Some(true) | None => {
            let shape = Shape::of(word);
            let magnitude = negate_if(b, &shape.bits, minus, objective);
            zero_extend(&magnitude, word.len())
        }
    };
    let (x, y) = (magnitude(b, x, minus_x), magnitude(b, y, minus_y));
    let minus = b.xor(minus_x, minus_y);
    let mut out = divide_unsigned(b, &x, &y, minus, wanted, objective);
    if wanted.remainder && minus_x != Lit::FALSE {
        out.remainder = negate_if(b, &out.remainder, minus_x, objective);
    }
    out
}

/// Quotient, negated if `minus`, and remainder of two unsigned words of one width.
fn divide_unsigned(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    minus: Lit,
    wanted: Wanted,
    objective: Objective,
) -> Division {
    let n = x.len();
    let (dividend, divisor) = (unsigned_bits(x), unsigned_bits(y));
    let short = dividend.len() < n;
    let by_reciprocal = objective == Objective::Depth && dividend.len() >= RECIPROCAL_FROM;
    let mut negated = false;
    let mut out = match as_const(&divisor) {
        Some(0) => Division {
            quotient: vec![Lit::TRUE; n],
            remainder: x.to_vec(),
        },
        Some(c) => constant::divide(b, &dividend, c, wanted, objective),
        None if by_reciprocal => {
            // The sign is free there, unless the quotient has yet to be extended.
            negated = !short;
            let minus = if negated { minus } else { Lit::FALSE };
            reciprocal::divide(b, &dividend, &divisor, minus, wanted)
        }
        None => digits::divide(b, &dividend, &divisor, wanted, objective),
    };
    if wanted.quotient {
        // Bits that cannot be set, but for a divisor of zero.
        let zero = if short {
            !or_all(b, &divisor)
        } else {
            Lit::FALSE
        };
        out.quotient.resize(n, zero);
        if !negated && minus != Lit::FALSE {
            out.quotient = negate_if(b, &out.quotient, minus, objective);
        }
    }
    if wanted.remainder {
        out.remainder = zero_extend(&out.remainder, n);
    }
    out
}

/// The bits of an unsigned word up to its last that is not constant zero.
fn unsigned_bits(word: &[Lit]) -> Vec<Lit> {
    let shape = Shape::of(word);
    if shape.signed {
        word.to_vec()
    } else {
        shape.bits
    }
}

/// `out[i]` is the OR of `bits[i..]`; one element more than `bits`, the last false.
fn suffix_or(b: &mut Builder, bits: &[Lit], objective: Objective) -> Vec<Lit> {
    // The complements' prefix products, from the top: the carries of an increment.
    let up: Vec<Lit> = bits.iter().rev().map(|&l| !l).collect();
    let none = vec![Lit::FALSE; up.len()];
    let products = match objective {
        Objective::Size => super::prefix::ripple(b, &up, &none, Lit::TRUE),
        Objective::Balanced | Objective::Depth => {
            let all = super::prefix::Want::All;
            super::prefix::shallow(b, &up, &none, Lit::TRUE, all, 0)
        }
    };
    let mut out: Vec<Lit> = products.into_iter().rev().map(|l| !l).collect();
    out.push(Lit::FALSE);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{evaluate, exhaustive};
    use super::reciprocal::{Precision, divide_with};
    use super::*;

    /// Digits with the shallowest adder for each: fewer ANDs than by the reciprocal, and far less depth than with ripples.
    #[test]
    fn digits_have_a_shallow_form() {
        let mut b = Builder::new(&[32, 32]);
        let (x, d) = (b.input(0), b.input(1));
        let out = digits::divide(&mut b, &x, &d, Wanted::QUOTIENT, Objective::Depth);
        let circuit = b.finish("divide", vec![out.quotient]);
        assert!(circuit.n_and() <= 4015 && circuit.and_depth() <= 181);
    }

    /// The error bounds hold for every seed that satisfies them, not only for those that the widths in use choose.
    #[test]
    fn reciprocals_of_any_sufficient_precision_divide() {
        for (m, k) in [(1, 1), (2, 5), (3, 3), (4, 2), (5, 5), (6, 3), (7, 6)] {
            for (index_bits, factors) in (1..=4).flat_map(|t| (1..=4).map(move |f| (t, f))) {
                let precision = Precision::new(index_bits, factors);
                if !precision.suffices(m) {
                    continue;
                }
                let mut b = Builder::new(&[m as u32, k]);
                let (x, d) = (b.input(0), b.input(1));
                let wanted = Wanted {
                    quotient: true,
                    remainder: true,
                };
                let out = divide_with(&mut b, &x, &d, Lit::FALSE, wanted, precision);
                let circuit = b.finish("divide", vec![out.quotient, out.remainder]);
                let lanes = exhaustive(&[m as u32, k]);
                for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                    let (x, d) = (lane[0], lane[1]);
                    let quotient = x.checked_div(d).unwrap_or((1 << m) - 1);
                    let expected = [quotient, x.checked_rem(d).unwrap_or(x)];
                    assert_eq!(got, expected, "{x} / {d}, {m} and {k} bits, {precision:?}");
                }
            }
        }
    }
}
