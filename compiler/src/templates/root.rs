//! Integer square root: non-restoring digits, two bits of the radicand a step, about n²/8 ANDs.
//!
//! The partial remainder may be negative and is then corrected by the next digit, so each step is one addition or
//! subtraction of a word that grows by a bit, and the sign chooses by free XOR.

use super::Objective;
use super::add::add_carry;
use super::word::{complement_if, sign_extend, zero_extend};
use smpcc_circuit::template::{Builder, Lit};

/// `⌊√x⌋` of an unsigned word, of the same width.
pub(super) fn integer_root(b: &mut Builder, x: &[Lit], objective: Objective) -> Vec<Lit> {
    let n = x.len();
    let digits = n.div_ceil(2);
    let x = zero_extend(x, 2 * digits);
    // The root so far, least significant bit first; the rest in two's complement.
    let mut root: Vec<Lit> = Vec::new();
    let mut rest: Vec<Lit> = Vec::new();
    let mut negative = Lit::FALSE;
    for i in 0..digits {
        let at = 2 * (digits - 1 - i);
        let mut next = vec![x[at], x[at + 1]];
        next.extend(&rest);
        let width = i + 3;
        let next = if rest.is_empty() {
            zero_extend(&next, width)
        } else {
            sign_extend(&next, width)
        };
        // Not negative: subtract 4·root + 1. Negative: add 4·root + 3.
        let mut step = vec![Lit::TRUE, negative];
        step.extend(&root);
        let minus = !negative;
        let step = complement_if(b, &zero_extend(&step, width), minus);
        rest = add_carry(b, &next, &step, minus, objective);
        negative = rest[width - 1];
        root.insert(0, !negative);
    }
    zero_extend(&root, n)
}
