//! Digit recurrences: restoring while the partial remainder is short, then non-restoring.
//!
//! A restoring step on a partial remainder of `i` bits costs `2i + 1` ANDs (subtract, select), a non-restoring step (add or
//! subtract by free XOR) costs as many as the divisor has bits whatever `i` is. Half of the steps of each kind make
//! about ¾·n² ANDs. For a divisor of zero no partial remainder is below zero: the quotient is all ones by itself.

use super::super::Objective;
use super::super::add::{add_carry, subtract};
use super::super::compare::select;
use super::super::word::{complement_if, zero_extend};
use super::{Division, Wanted, suffix_or};
use smpcc_circuit::template::{Builder, Lit};

/// `x / d` and `x % d` for words of any two widths, one quotient bit per bit of the dividend.
pub(super) fn divide(
    b: &mut Builder,
    x: &[Lit],
    d: &[Lit],
    wanted: Wanted,
    objective: Objective,
) -> Division {
    let (m, k) = (x.len(), d.len());
    // above[i]: whether the divisor has a bit at or above i.
    let above = suffix_or(b, d, objective);
    let zero = !above[0];
    let mut quotient = vec![Lit::FALSE; m];
    let mut rest: Vec<Lit> = Vec::new();
    // A divisor whose top bit is known to be set cannot be subtracted from fewer bits: those steps cost nothing.
    let n_restoring = if d.last() == Some(&Lit::TRUE) {
        k - 1
    } else {
        k.saturating_sub(1).div_ceil(2)
    };
    let n_restoring = n_restoring.min(m);
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
    if !wanted.remainder {
        return Division {
            quotient,
            remainder: Vec::new(),
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
    Division {
        quotient,
        remainder,
    }
}
