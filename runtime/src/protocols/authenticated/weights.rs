//! Sums of MACs that speak for many bits at once, each MAC times a weight that follows from the bits.
//!
//! - **Functionality**: of bits that a party told, one element of GF(2^128) that it can give only if it has MACs for all of them.
//! - **Adversary**: malicious, either party.
//! - **Source**: Damgård, Pastro, Smart, Zakarias, "Multiparty computation from somewhat homomorphic encryption" (CRYPTO 2012: SPDZ), the MAC check:
//!   a random combination of MACs in place of each of them.
//! - **Assumptions**: SHA-256 is a random oracle; AES-128 in counter mode is a pseudo-random generator.
//! - **Cost**: none of its own: sums go into hashes that are told anyway.
//! - **Departures from the paper**: weights are hashed from the bits (Fiat and Shamir) in place of being tossed after them: a bit that is
//!   not a party's own changes them.
//! - **Leakage and failure**: whoever knows the keys, Δ and the bits knows the sum. Were bits told that differ by `e` from those with MACs, the sum that
//!   is expected differs by `Δ·Σ w_i e_i`: that is zero with a chance of 2^−128 for each hash that somebody tries, and else as hard to
//!   guess as Δ.
//!
//! A MAC is read as an element whose coefficients are its bits. MACs stand in rows, or in columns of bits: word `k` of all columns together
//! has the MACs of 64 bits, whose weights are `w·X^i`.

use zeroize::Zeroizing;

use super::MAC;
use crate::block::Label;
use crate::hash::Transcript;
use crate::simd::columns::Cipher;
use crate::simd::field::{Field, dot, joined, scale};

/// Weights that are drawn together.
const DRAWN: usize = 256;

/// The weights of some bits.
pub(super) struct Weights(Cipher);

impl Weights {
    /// From a hash of the bits, and of what tells them from all others.
    pub(super) fn new(bits: Transcript) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&bits.finish().0[..16]);
        Self(Cipher::new(&key))
    }

    /// Weights from a number on.
    fn draw(&self, first: usize, out: &mut [Field]) {
        let mut blocks = [Label::ZERO; DRAWN];
        let blocks = &mut blocks[..out.len().min(DRAWN)];
        self.0.counter(0, first as u64, blocks);
        for (out, block) in out.iter_mut().zip(blocks) {
            *out = block.0;
        }
    }

    /// The sum of MACs in rows.
    pub(super) fn of_rows(&self, rows: impl Iterator<Item = Label>) -> Field {
        self.of_rows_from(0, rows)
    }

    /// The same, of which the first has this number.
    pub(super) fn of_rows_from(
        &self,
        first: usize,
        mut rows: impl Iterator<Item = Label>,
    ) -> Field {
        let mut weights = [0; DRAWN];
        let mut macs = Zeroizing::new([0; DRAWN]);
        let (mut sum, mut at) = (0, first);
        loop {
            let mut n = 0;
            for (to, mac) in macs.iter_mut().zip(&mut rows) {
                *to = mac.0;
                n += 1;
            }
            if n == 0 {
                return sum;
            }
            self.draw(at, &mut weights[..n]);
            sum ^= dot(&weights[..n], &macs[..n]);
            at += n;
        }
    }

    /// The sum of MACs in columns: of parts of 128 columns with `n` words each.
    pub(super) fn of_columns<'p>(&self, n: usize, parts: impl Iterator<Item = &'p [u64]>) -> Field {
        let zeros = || Zeroizing::new([0; MAC]);
        let (mut low, mut high, mut pair) = (zeros(), zeros(), zeros());
        let mut weights = [0; DRAWN];
        let mut k = 0;
        for part in parts {
            for w in 0..n {
                let column = part.iter().skip(w).step_by(n);
                if k % 2 == 0 {
                    let words = pair.iter_mut().zip(column);
                    words.for_each(|(pair, &word)| *pair = Field::from(word));
                } else {
                    let words = pair.iter_mut().zip(column);
                    words.for_each(|(pair, &word)| *pair |= Field::from(word) << 64);
                    let weight = self.weight(k / 2, &mut weights);
                    scale(&mut low[..], &mut high[..], weight, &pair[..]);
                }
                k += 1;
            }
        }
        if k % 2 == 1 {
            let weight = self.weight(k / 2, &mut weights);
            scale(&mut low[..], &mut high[..], weight, &pair[..]);
        }
        joined(&mut low[..], &mut high[..])
    }

    /// One weight after the other, of which some are drawn at a time.
    fn weight(&self, k: usize, drawn: &mut [Field; DRAWN]) -> Field {
        if k.is_multiple_of(DRAWN) {
            self.draw(k, drawn);
        }
        drawn[k % DRAWN]
    }

    /// The sum of the weights of bits that are one, in the order of words of [`Weights::of_columns`].
    pub(super) fn of_bits(&self, words: &[u64]) -> Field {
        let pair = |pair: &[u64]| match *pair {
            [low, high] => Label(Field::from(low) | Field::from(high) << 64),
            [low] => Label(low.into()),
            _ => Label::ZERO,
        };
        self.of_rows(words.chunks(2).map(pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prg::{Prg, PrgKey};
    use crate::simd::field::mul;

    fn weights(bits: &[u64]) -> Weights {
        let mut t = Transcript::new("test");
        t.words64(bits);
        Weights::new(t)
    }

    fn words(seed: u64, n: usize) -> Vec<u64> {
        let mut out = vec![0; n];
        Prg::new(&PrgKey::from_bytes([3; 16])).fill_words(seed, 0, &mut out);
        out
    }

    /// Of MACs and of keys, which differ by Δ where a bit is one, sums differ by Δ times the weights of those bits, in rows as in columns;
    /// and they do not if a single bit is another.
    #[test]
    fn sums_speak_for_bits() {
        let delta = Label::of_words(&words(1, 2))[0];
        for n in [1, 2, 3, 7, 300, 600] {
            // Columns of `n` words for each of 3 parts.
            let (keys, bits) = (words(2, 3 * MAC * n), words(3, 3 * n));
            let mut macs = keys.clone();
            for (part, bits) in macs.chunks_exact_mut(MAC * n).zip(bits.chunks_exact(n)) {
                for (c, column) in part.chunks_exact_mut(n).enumerate() {
                    let mask = (delta.0 >> c) as u64 & 1;
                    let both = column.iter_mut().zip(bits);
                    both.for_each(|(word, bits)| *word ^= bits & mask.wrapping_neg());
                }
            }
            let sums = |bits: &[u64]| {
                let w = weights(bits);
                let said = w.of_columns(n, macs.chunks_exact(MAC * n));
                let heard = w.of_columns(n, keys.chunks_exact(MAC * n));
                [said, heard ^ mul(delta.0, w.of_bits(bits))]
            };
            let [said, heard] = sums(&bits);
            assert_eq!(said, heard, "{n}");
            for at in [0, 3 * n - 1] {
                let mut other = bits.clone();
                other[at] ^= 1 << 63;
                let [said, heard] = sums(&other);
                assert_ne!(said, heard, "{n}");
            }

            let (keys, bits) = (Label::of_words(&words(4, 2 * n)), words(5, n.div_ceil(64)));
            let one = |bits: &[u64], i: usize| bits[i / 64] >> (i % 64) & 1 == 1;
            let with = |bits: &[u64], key: Label, i: usize| match one(bits, i) {
                true => key ^ delta,
                false => key,
            };
            let rows = |bits: &[u64]| -> Vec<Label> {
                (keys.iter().enumerate())
                    .map(|(i, &key)| with(bits, key, i))
                    .collect()
            };
            let macs = rows(&bits);
            let w = weights(&bits);
            let heard = w.of_rows(rows(&bits).into_iter());
            assert_eq!(w.of_rows(macs.iter().copied()), heard);
            // In parts.
            let (first, second) = macs.split_at(n / 2);
            let parts = [(0, first), (n / 2, second)];
            let parts = parts.map(|(at, rows)| w.of_rows_from(at, rows.iter().copied()));
            assert_eq!(parts[0] ^ parts[1], heard);
            let mut other = bits.clone();
            other[0] ^= 1;
            let w = weights(&other);
            let heard = w.of_rows(rows(&other).into_iter());
            assert_ne!(w.of_rows(macs.iter().copied()), heard);
        }
    }

    /// A sum of rows is what it is by definition.
    #[test]
    fn weights_are_drawn_once_each() {
        let w = weights(&[1, 2]);
        let rows = Label::of_words(&words(6, 2 * 700));
        let sum = rows.iter().enumerate().fold(0, |sum, (i, row)| {
            let mut weight = [Label::ZERO];
            w.0.counter(0, i as u64, &mut weight);
            sum ^ mul(weight[0].0, row.0)
        });
        assert_eq!(w.of_rows(rows.into_iter()), sum);
    }
}
