//! Secret bits as masks: what depends on a secret bit is chosen with AND, never with a branch.
//!
//! An optimiser may turn `x & -bit` into "if the bit is set" and that into a jump, which takes other time when the bits change
//! often than when they do not. So a mask is hidden from it as soon as it exists ([`opaque`]): what comes out is a
//! word of which nothing is known, with which only machine operations can be done. Every choice by a secret bit in this crate is
//! made with a [`Mask`]; a test reads the machine code for jumps that come from here.

use crate::opaque::opaque;

/// All ones for a bit that is one, all zeros for a bit that is zero.
#[derive(Clone, Copy, Default)]
pub struct Mask(u64);

impl zeroize::DefaultIsZeroes for Mask {}

impl Mask {
    /// For the lowest bit of a word.
    #[inline(always)]
    pub fn lowest(word: u64) -> Self {
        Self(opaque((word & 1).wrapping_neg()))
    }

    /// For bit `i` of bits that stand 64 to a word; beyond the last word all bits are zero.
    #[inline(always)]
    pub fn at(words: &[u64], i: usize) -> Self {
        Self::lowest(words.get(i / 64).copied().unwrap_or(0) >> (i % 64))
    }

    /// For bits `from..from + n` of bits that stand 64 to a word.
    ///
    /// # Panics
    /// If there are not as many.
    #[inline(always)]
    pub fn each(words: &[u64], from: usize, n: usize) -> impl Iterator<Item = Self> + Clone + '_ {
        (from..from + n).map(|i| Self::lowest(words[i / 64] >> (i % 64)))
    }

    /// For a bit that everybody may know, such as whether a circuit complements a wire.
    #[inline(always)]
    pub const fn public(bit: bool) -> Self {
        Self((bit as u64).wrapping_neg())
    }

    /// As a word.
    #[inline(always)]
    pub const fn word(self) -> u64 {
        self.0
    }

    /// As a word of twice the length.
    #[inline(always)]
    pub const fn wide(self) -> u128 {
        self.0 as u128 | (self.0 as u128) << 64
    }
}

impl std::ops::Not for Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_their_bits() {
        let words = [0x8000_0000_0000_0001, 0b10];
        let ones = [0, 63, 65];
        for (i, mask) in Mask::each(&words, 0, 128).enumerate() {
            let expected = if ones.contains(&i) { u64::MAX } else { 0 };
            assert_eq!(mask.word(), expected);
            assert_eq!(Mask::at(&words, i).word(), expected);
            assert_eq!(Mask::public(ones.contains(&i)).word(), expected);
            assert_eq!((!mask).word(), !expected);
            assert_eq!(mask.wide() as u64, expected);
            assert_eq!((mask.wide() >> 64) as u64, expected);
        }
        assert_eq!(Mask::at(&words, 128).word(), 0);
        assert_eq!(
            Mask::each(&words, 62, 3)
                .map(|m| m.word() & 1)
                .collect::<Vec<_>>(),
            [0, 1, 0]
        );
    }
}
