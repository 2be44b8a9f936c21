//! Authenticated bits and triples that were made and not yet used, each of which is used once.
//!
//! They stand 64 to a word, and the words of all parts of the same 64 are side by side: what computes on 64 lanes reads one run of memory.
//! A batch is cut into pieces ([`PIECE`]), each of which is wiped as soon as nobody needs any of it.

use std::collections::VecDeque;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{MAC, PARTS};
use crate::block::Label;
use crate::error::Error;
use crate::simd::columns::{ROWS, transpose_rows};

/// Parts of a triple: those of three bits.
pub(super) const TRIPLE: usize = 3 * PARTS;

/// Lanes that are held together, at most: a large batch has several times as many, and in tests every batch.
pub(super) const PIECE: usize = if cfg!(test) { 1 << 9 } else { 1 << 13 };

/// Lanes of a batch, or some of them: word after word, of each the words of all parts.
pub(super) struct Matrix {
    words: Zeroizing<Vec<u64>>,
    parts: usize,
}

impl Matrix {
    /// Zeros; `len` is a multiple of 128.
    pub(super) fn zeros(parts: usize, len: usize) -> Self {
        Self {
            words: Zeroizing::new(vec![0; parts * len / 64]),
            parts,
        }
    }

    /// Sets word `at` of a part.
    pub(super) fn set(&mut self, part: usize, at: usize, word: u64) {
        if let Some(slot) = self.words.get_mut(at * self.parts + part) {
            *slot = word;
        }
    }

    /// Adds a word to word `at` of a part.
    pub(super) fn add(&mut self, part: usize, at: usize, word: u64) {
        if let Some(slot) = self.words.get_mut(at * self.parts + part) {
            *slot ^= word;
        }
    }

    /// Sets 128 parts from `part` on for lanes `128·block..`, of each of which there is a row; whole blocks of 128.
    pub(super) fn set_rows(&mut self, part: usize, block: usize, rows: &[Label]) {
        /// Blocks at a time.
        const BLOCKS: usize = 4;
        let mut columns = Zeroizing::new([Label::ZERO; BLOCKS * ROWS]);
        for (i, rows) in rows.chunks(BLOCKS * ROWS).enumerate() {
            let n = rows.len() / ROWS;
            let columns = &mut columns[..rows.len()];
            transpose_rows(rows, columns);
            for word in 0..2 * n {
                let at = 2 * (block + BLOCKS * i) + word;
                let start = at * self.parts + part;
                let into = self.words.get_mut(start..start + MAC).unwrap_or_default();
                let (b, half) = (word / 2, word % 2);
                for (word, column) in into.iter_mut().zip(columns.iter().skip(b).step_by(n)) {
                    *word = (column.0 >> (64 * half)) as u64;
                }
            }
        }
    }

    /// 64 lanes of all parts.
    fn lanes(&self, at: usize) -> Option<&[u64]> {
        self.words.get(at * self.parts..(at + 1) * self.parts)
    }
}

/// A part of a batch.
#[derive(Clone)]
struct Piece {
    matrix: Arc<Matrix>,
    /// In words of lanes.
    from: usize,
    words: usize,
}

/// What an operation was given: consecutive lanes of all parts, each piece with its place in words.
pub(super) struct Run(Vec<(usize, Piece)>);

impl Run {
    /// 64 lanes of all parts.
    fn lanes(&self, at: usize) -> &[u64] {
        let after = self.0.partition_point(|(start, _)| *start <= at);
        let Some((start, piece)) = after.checked_sub(1).and_then(|i| self.0.get(i)) else {
            return &[];
        };
        match at - start {
            word if word < piece.words => piece.matrix.lanes(piece.from + word).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Lanes `at..at + n` of [`PARTS`] parts from `first` on: part after part, with zeros above the last lane.
    pub(super) fn read(&self, first: usize, at: usize, n: usize, out: &mut [u64]) {
        let (word, shift) = (at / 64, at % 64);
        let stride = n.div_ceil(64);
        for k in 0..stride {
            let part =
                |lanes| -> &[u64] { <[u64]>::get(lanes, first..first + PARTS).unwrap_or(&[]) };
            let low = part(self.lanes(word + k));
            let rest = (n - 64 * k).min(64);
            let place = Place {
                shift,
                keep: u64::MAX >> (64 - rest),
            };
            let high = match rest + shift > 64 {
                true => part(self.lanes(word + k + 1)),
                false => &[],
            };
            match stride {
                1 => place.read(low, high, out.iter_mut()),
                _ => place.read(low, high, out[k..].iter_mut().step_by(stride)),
            }
        }
    }
}

/// Where lanes stand in their words.
struct Place {
    shift: usize,
    /// The lanes that are wanted.
    keep: u64,
}

impl Place {
    /// The lanes of each part from one word, or from two.
    fn read<'o>(&self, low: &[u64], high: &[u64], out: impl Iterator<Item = &'o mut u64>) {
        let (shift, keep) = (self.shift, self.keep);
        if high.is_empty() {
            for (out, low) in out.zip(low) {
                *out = low >> shift & keep;
            }
        } else {
            for (out, (low, high)) in out.zip(low.iter().zip(high)) {
                *out = (low >> shift | high << (64 - shift)) & keep;
            }
        }
    }
}

/// One kind.
#[derive(Default)]
pub(super) struct Queue(VecDeque<Piece>);

impl Queue {
    pub(super) fn put(&mut self, matrix: Matrix) {
        let words = matrix.words.len() / matrix.parts;
        self.0.push_back(Piece {
            matrix: Arc::new(matrix),
            from: 0,
            words,
        });
    }

    /// The next lanes, so many words of 64.
    pub(super) fn take(&mut self, words: usize) -> Result<Run, Error> {
        let (mut pieces, mut at) = (Vec::new(), 0);
        while at < words {
            let short = || Error::bug("an operation takes more correlations than were made for it");
            let front = self.0.front_mut().ok_or_else(short)?;
            let n = front.words.min(words - at);
            let piece = Piece {
                words: n,
                ..front.clone()
            };
            pieces.push((at, piece));
            at += n;
            front.from += n;
            front.words -= n;
            if front.words == 0 {
                self.0.pop_front();
            }
        }
        Ok(Run(pieces))
    }
}

/// All of a party's.
#[derive(Default)]
pub(super) struct Pools {
    pub(super) bits: Queue,
    pub(super) triples: Queue,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is taken at a time, lanes come in order and once, at any place in a word.
    #[test]
    fn lanes_come_once_and_in_order() {
        let value = |part: usize, lane: usize| (part * 31 + lane * lane / 3) % 5 < 2;
        let mut queue = Queue::default();
        let mut made = 0;
        for len in [128, 256, 128] {
            let mut matrix = Matrix::zeros(PARTS, len);
            for part in 0..PARTS {
                for w in 0..len / 64 {
                    let bit = |i| u64::from(value(part, made + 64 * w + i)) << i;
                    matrix.set(part, w, (0..64).map(bit).sum());
                }
            }
            made += len;
            queue.put(matrix);
        }
        let mut taken = 0;
        for words in [1, 3, 2, 2] {
            let run = queue.take(words).unwrap_or_else(|e| panic!("{e}"));
            for (at, n) in [
                (0, 64 * words),
                (0, 1),
                (5, 40),
                (17, 47),
                (40, 24),
                (3, 61),
            ] {
                let n = n.min(64 * words - at);
                let mut out = vec![u64::MAX; PARTS * n.div_ceil(64)];
                run.read(0, at, n, &mut out);
                for part in [0, 1, 128, 256] {
                    let words = &out[part * n.div_ceil(64)..][..n.div_ceil(64)];
                    for i in 0..64 * words.len() {
                        let bit = words[i / 64] >> (i % 64) & 1 == 1;
                        assert_eq!(bit, i < n && value(part, taken + at + i), "{at}, {n}, {i}");
                    }
                }
            }
            taken += 64 * words;
        }
        assert!(queue.take(1).is_err());
    }
}
