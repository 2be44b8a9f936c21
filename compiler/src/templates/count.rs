//! Population count: full adders over a column, `n − weight(n)` ANDs for `n` bits.
//!
//! That count is optimal (Boyar and Peralta, "The exact multiplicative complexity of the Hamming weight function", 2005).
//! A full adder's sum costs no level, so each column is compressed in one level and the depth is `⌊log2 n⌋`.

use super::Objective;
use super::heap::Heap;
use smpcc_circuit::template::{Builder, Lit};

/// The number of ones, as a word of the same width.
pub(super) fn ones(b: &mut Builder, bits: &[Lit], _objective: Objective) -> Vec<Lit> {
    // One form serves both: adding the earliest bits of a column first makes it shallow, and no AND can be saved.
    let mut heap = Heap::new(bits.len());
    for &bit in bits {
        heap.add(0, bit);
    }
    heap.finish_serial(b)
}
