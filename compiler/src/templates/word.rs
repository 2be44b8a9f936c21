//! Words as slices of literals: extension, constants, and what is known about a word from its literals alone.
//!
//! A word that was widened before it came here shows it: its upper bits are constant zeros or copies of one literal.
//! [`Shape`] reads that off, so that multipliers work on the bits that are there.

use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Word;

/// `bits` cut or padded with zeros to `width`.
pub(super) fn zero_extend(bits: &[Lit], width: usize) -> Vec<Lit> {
    let mut out = bits.to_vec();
    out.resize(width, Lit::FALSE);
    out
}

/// `bits` cut or padded with copies of the top bit to `width`.
pub(super) fn sign_extend(bits: &[Lit], width: usize) -> Vec<Lit> {
    let mut out = bits.to_vec();
    out.resize(width, bits.last().copied().unwrap_or(Lit::FALSE));
    out
}

/// The constant that all of `bits` spell, if they are constants (and at most 128 of them).
pub(super) fn as_const(bits: &[Lit]) -> Option<Word> {
    if bits.len() > 128 {
        return None;
    }
    bits.iter().enumerate().try_fold(0, |word, (i, bit)| {
        Some(word | Word::from(bit.as_const()?) << i)
    })
}

/// `f` on each pair of bits.
pub(super) fn zip(x: &[Lit], y: &[Lit], mut f: impl FnMut(Lit, Lit) -> Lit) -> Vec<Lit> {
    x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect()
}

/// `bits` with every bit complemented.
pub(super) fn complement(bits: &[Lit]) -> Vec<Lit> {
    bits.iter().map(|&l| !l).collect()
}

/// `bits` with every bit complemented where `when` holds: no AND.
pub(super) fn complement_if(b: &mut Builder, bits: &[Lit], when: Lit) -> Vec<Lit> {
    bits.iter().map(|&l| b.xor(l, when)).collect()
}

/// The latest arrival among `bits`.
pub(super) fn level(b: &Builder, bits: &[Lit]) -> u32 {
    bits.iter().map(|&l| b.level(l)).max().unwrap_or(0)
}

/// A word without the upper bits that follow from the lower ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The bits that count; the last is the sign when `signed`.
    pub bits: Vec<Lit>,
    /// Whether the word is these bits extended by the last of them, and not by zeros.
    pub signed: bool,
}

impl Shape {
    /// What `bits` says of itself. A signed word keeps its sign bit once.
    pub(super) fn of(bits: &[Lit]) -> Self {
        let mut bits = bits.to_vec();
        let Some(&top) = bits.last() else {
            return Self {
                bits,
                signed: false,
            };
        };
        if top == Lit::FALSE {
            while bits.last() == Some(&Lit::FALSE) {
                bits.pop();
            }
            return Self {
                bits,
                signed: false,
            };
        }
        let full = bits.len();
        while bits.len() >= 2 && bits[bits.len() - 2] == top {
            bits.pop();
        }
        let signed = bits.len() < full;
        Self { bits, signed }
    }
}
