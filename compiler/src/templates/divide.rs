//! Division with remainder: digit recurrences, restoring while the partial remainder is short, then non-restoring.
//!
//! A restoring step on a partial remainder of `i` bits costs `2i + 1` ANDs (subtract, select), a non-restoring step (add or
//! subtract by free XOR) costs as many as the divisor has bits whatever `i` is. Half of the steps of each kind make
//! about ¾·n² ANDs. `x / 0` comes out as all ones and `x % 0` as `x`, because no partial remainder is below zero then.

use super::Objective;
use super::add::{add_carry, negate_if, subtract};
use super::compare::{or_all, select};
use super::word::{Shape, complement_if, zero_extend};
use smpcc_circuit::template::{Builder, Lit};

/// Quotient and remainder of two words of one width, signed ones truncated toward zero.
pub(super) fn divide(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    signed: bool,
    objective: Objective,
) -> (Vec<Lit>, Vec<Lit>) {
    let (Some(&minus_x), Some(&minus_y)) = (x.last(), y.last()) else {
        return (Vec::new(), Vec::new());
    };
    if !signed || (minus_x == Lit::FALSE && minus_y == Lit::FALSE) {
        return divide_unsigned(b, x, y, objective);
    }
    let x = negate_if(b, x, minus_x, objective);
    let y = negate_if(b, y, minus_y, objective);
    let (q, r) = divide_unsigned(b, &x, &y, objective);
    let minus = b.xor(minus_x, minus_y);
    (
        negate_if(b, &q, minus, objective),
        negate_if(b, &r, minus_x, objective),
    )
}

/// Quotient and remainder of two unsigned words of one width.
pub(super) fn divide_unsigned(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    objective: Objective,
) -> (Vec<Lit>, Vec<Lit>) {
    let n = x.len();
    let dividend = unsigned_bits(x);
    let divisor = unsigned_bits(y);
    let (q, r) = by_digits(b, &dividend, &divisor, objective);
    let mut quotient = q;
    if quotient.len() < n {
        // Bits that cannot be set, but for a divisor of zero.
        let zero = !or_all(b, &divisor);
        quotient.resize(n, zero);
    }
    (quotient, zero_extend(&r, n))
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

/// One quotient bit per bit of the dividend, by [`Objective`]'s adders.
fn by_digits(b: &mut Builder, x: &[Lit], d: &[Lit], objective: Objective) -> (Vec<Lit>, Vec<Lit>) {
    let (m, k) = (x.len(), d.len());
    // above[i]: whether the divisor has a bit at or above i.
    let above = suffix_or(b, d, objective);
    let zero = !above[0];
    let mut quotient = vec![Lit::FALSE; m];
    let mut rest: Vec<Lit> = Vec::new();
    let n_restoring = k.saturating_sub(1).div_ceil(2).min(m);
    for i in 1..=n_restoring {
        rest.insert(0, x[m - i]);
        let difference = subtract(
            b,
            &zero_extend(&rest, i + 1),
            &zero_extend(&d[..i], i + 1),
            objective,
        );
        let bit = b.and(!difference[i], !above[i]);
        quotient[m - i] = bit;
        rest = select(b, bit, &difference[..i], &rest);
    }
    // From here on the rest is signed, one bit wider than the divisor.
    rest.resize(k + 1, Lit::FALSE);
    let mut negative = Lit::FALSE;
    for i in n_restoring + 1..=m {
        rest.insert(0, x[m - i]);
        rest.truncate(k + 1);
        let minus = !negative;
        let addend = complement_if(b, &zero_extend(d, k + 1), minus);
        rest = add_carry(b, &rest, &addend, minus, objective);
        negative = rest[k];
        quotient[m - i] = if i > k {
            // Only a divisor of zero lets the rest outgrow its bits.
            b.or(!negative, zero)
        } else {
            !negative
        };
    }
    let remainder = if n_restoring < m {
        let back: Vec<Lit> = d.iter().map(|&l| b.and(l, negative)).collect();
        add_carry(b, &rest[..k], &back, Lit::FALSE, objective)
    } else {
        rest
    };
    let mut remainder = zero_extend(&remainder, m);
    if m > k {
        remainder = select(b, zero, x, &remainder);
    }
    (quotient, remainder)
}

/// `out[i]` is the OR of `bits[i..]`; one element more than `bits`, the last false.
fn suffix_or(b: &mut Builder, bits: &[Lit], objective: Objective) -> Vec<Lit> {
    let n = bits.len();
    let mut out = bits.to_vec();
    match objective {
        Objective::Size => {
            for i in (0..n.saturating_sub(1)).rev() {
                out[i] = b.or(bits[i], out[i + 1]);
            }
        }
        Objective::Depth => {
            let mut step = 1;
            while step < n {
                for i in 0..n - step {
                    out[i] = b.or(out[i], out[i + step]);
                }
                step *= 2;
            }
        }
    }
    out.push(Lit::FALSE);
    out
}
