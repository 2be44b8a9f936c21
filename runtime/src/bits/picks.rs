//! Lanes picked from a bit-sliced vector, by indices that all parties know.
//!
//! Most indices are not just any: whole runs, every second lane, or the same lanes of each block of a few, as ciphers pick them. Those are
//! moved by words. How the indices are is looked at once for all bits and all parts of a share.

use zeroize::Zeroizing;

use super::{Bits, Run, WHOLE, bytes_of, copy_bits, planes_of, runs};

/// Lanes of a block from which on its bits are moved by words.
const SHORT: usize = 32;

/// Blocks of consecutive lanes to pick, and how that is done.
pub struct Picks<'a> {
    index: &'a [usize],
    block: usize,
    way: Way,
}

/// How lanes are picked.
enum Way {
    /// The same lanes from word to word.
    Pattern(Pattern),
    /// Every second lane, from this one on: the halves of a level of a tournament.
    EverySecond(usize),
    /// By runs of consecutive lanes.
    Runs(Vec<Run>),
    /// One after the other.
    Each,
}

impl<'a> Picks<'a> {
    /// Blocks of so many lanes that start at the indices.
    pub fn new(index: &'a [usize], block: usize) -> Self {
        let way = if let Some(pattern) = Pattern::of(index, block) {
            Way::Pattern(pattern)
        } else if block != 1 {
            Way::Each
        } else if let Some(first) = alternate(index) {
            Way::EverySecond(first)
        } else {
            runs(index).map_or(Way::Each, Way::Runs)
        };
        Self { index, block, way }
    }

    /// Lanes that are picked.
    pub(super) fn lanes(&self) -> usize {
        self.index.len() * self.block
    }

    /// Whether the lanes are picked faster as bytes, to which all of the vector must be turned first.
    pub(super) fn is_by_bytes(&self, bits: &Bits) -> bool {
        matches!(self.way, Way::Each)
            && self.block < SHORT
            && bits.width >= WHOLE
            && self.lanes().saturating_mul(bits.width) >= bits.lanes
    }

    /// Picks the lanes of one bit into words that are zero.
    pub(super) fn pick(&self, dst: &mut [u64], src: &[u64]) {
        match &self.way {
            Way::Pattern(pattern) => pattern.pick(dst, src),
            Way::EverySecond(first) => every_second(dst, src, *first, self.index.len()),
            Way::Runs(runs) => {
                for run in runs {
                    copy_bits(dst, run.at, src, run.first, run.len);
                }
            }
            Way::Each if self.block == 1 => {
                for (word, lanes) in dst.iter_mut().zip(self.index.chunks(64)) {
                    *word = lanes
                        .iter()
                        .enumerate()
                        .fold(0, |w, (j, &i)| w | (src[i / 64] >> (i % 64) & 1) << j);
                }
            }
            Way::Each => {
                for (k, &i) in self.index.iter().enumerate() {
                    copy_bits(dst, k * self.block, src, i, self.block);
                }
            }
        }
    }

    /// Picks the lanes of all bits into a vector of zeros: eight bits of a lane at a time, as a byte.
    pub(super) fn pick_bytes(&self, from: &Bits, out: &mut Bits) {
        let (n, n_out) = (from.stride(), out.stride());
        let mut bytes = Zeroizing::new(vec![0; 64 * n]);
        let mut picked = Zeroizing::new(vec![0; 64 * n_out]);
        for first in (0..from.width).step_by(8) {
            let bits = (from.width - first).min(8);
            for (w, bytes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
                let mut planes = [0; 8];
                for (bit, plane) in planes[..bits].iter_mut().enumerate() {
                    *plane = from.words[(first + bit) * n + w];
                }
                *bytes = bytes_of(planes);
            }
            if self.block == 1 {
                for (to, &i) in picked.iter_mut().zip(self.index) {
                    *to = bytes[i];
                }
            } else {
                for (to, &i) in picked.chunks_exact_mut(self.block.max(1)).zip(self.index) {
                    to.copy_from_slice(&bytes[i..i + self.block]);
                }
            }
            for (w, picked) in picked.as_chunks().0.iter().enumerate() {
                for (bit, plane) in planes_of(picked)[..bits].iter().enumerate() {
                    out.words[(first + bit) * n_out + w] = *plane;
                }
            }
        }
    }
}

/// The first of indices of which each is two more than the one before, if they are that: the halves of a level of a tournament.
fn alternate(index: &[usize]) -> Option<usize> {
    let is_pair = |pair: &[usize]| pair[0].checked_add(2) == Some(pair[1]);
    let first = index.first()?;
    (index.len() > 1 && index.windows(2).all(is_pair)).then_some(*first)
}

/// Overwrites `n` bits of `dst` with every second one of `src` from bit `first` on.
fn every_second(dst: &mut [u64], src: &[u64], first: usize, n: usize) {
    for (k, word) in dst[..n.div_ceil(64)].iter_mut().enumerate() {
        let from = first + 128 * k;
        let left = n - 64 * k;
        let bits = even_bits(bits_at(src, from)) | even_bits(bits_at(src, from + 64)) << 32;
        *word = if left < 64 {
            bits & ((1 << left) - 1)
        } else {
            bits
        };
    }
}

/// The 64 bits from bit `from` on; beyond the end they are zero.
fn bits_at(src: &[u64], from: usize) -> u64 {
    let word = |i: usize| src.get(i).copied().unwrap_or(0);
    let (at, shift) = (from / 64, from % 64);
    match shift {
        0 => word(at),
        _ => word(at) >> shift | word(at + 1) << (64 - shift),
    }
}

/// The bits at even places of a word, side by side (Warren, Hacker's Delight, 7-2: inverse perfect shuffle).
fn even_bits(word: u64) -> u64 {
    const STEPS: [(u32, u64); 5] = [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ];
    let even = word & 0x5555_5555_5555_5555;
    STEPS
        .into_iter()
        .fold(even, |bits, (shift, mask)| (bits | bits >> shift) & mask)
}

/// Words of the source that one word may be put together from: with more of them, lanes are picked as fast otherwise.
const MOST_PIECES: usize = 24;

/// How each word of the result is made of words of the source.
pub(super) struct Pattern {
    /// Words of the source from one word of the result to the next.
    advance: usize,
    pieces: Vec<Piece>,
}

/// The lanes of a word that come from one word, turned by one amount.
struct Piece {
    /// The word that the first word of the result takes.
    from: usize,
    /// By how much it is turned to the right.
    turn: u32,
    /// The lanes of the result.
    mask: u64,
}

impl Pattern {
    /// The pattern of the indices at which blocks of so many lanes begin, if they have one that is worth it.
    pub(super) fn of(index: &[usize], block: usize) -> Option<Self> {
        if block == 0 || 64 % block != 0 {
            return None;
        }
        let (head, rest) = index.split_at_checked(64 / block)?;
        let step = rest.first()?.checked_sub(head[0])?;
        if step % 64 != 0 {
            return None;
        }
        let repeats = |(now, before): (&[usize], &[usize])| {
            let pairs = now.iter().zip(before);
            // Without an early end, so that it is done in vectors.
            pairs.fold(true, |all, (now, before)| {
                all & (*now == before.wrapping_add(step))
            })
        };
        if !rest.chunks(64).zip(index.chunks(64)).all(repeats) {
            return None;
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let head = head.iter().flat_map(|&i| i..i + block);
        for (lane, i) in head.enumerate() {
            let (from, turn) = (i / 64, ((i + 64 - lane) % 64) as u32);
            let known = pieces.iter().position(|p| (p.from, p.turn) == (from, turn));
            match known {
                Some(known) => pieces[known].mask |= 1 << lane,
                None if pieces.len() == MOST_PIECES => return None,
                None => pieces.push(Piece {
                    from,
                    turn,
                    mask: 1 << lane,
                }),
            }
        }
        Some(Self {
            advance: step / 64,
            pieces,
        })
    }

    /// Picks the lanes of one bit into words that are zero.
    pub(super) fn pick(&self, dst: &mut [u64], src: &[u64]) {
        for piece in &self.pieces {
            let src = src.get(piece.from..).unwrap_or_default();
            let put = |(word, from): (&mut u64, &u64)| {
                *word |= from.rotate_right(piece.turn) & piece.mask;
            };
            // A last word of fewer lanes may need no word that is not there.
            match (self.advance, src.first()) {
                (0, Some(from)) => dst.iter_mut().for_each(|word| put((word, from))),
                (0 | 1, _) => dst.iter_mut().zip(src).for_each(put),
                (n, _) => dst.iter_mut().zip(src.iter().step_by(n)).for_each(put),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_that_repeat() {
        // Rows of four by four, shifted, of 100 blocks of 16 lanes.
        let index = |k: usize| k / 16 * 16 + 5 * (k % 16) % 16;
        let shifted: Vec<usize> = (0..1600).map(index).collect();
        let pattern = Pattern::of(&shifted, 1).expect("a pattern");
        assert_eq!((pattern.advance, pattern.pieces.len()), (1, 7));
        let mut broken = shifted.clone();
        broken[1599] -= 1;
        assert!(Pattern::of(&broken, 1).is_none());
        // One block of 64 lanes shows nothing that repeats, and every second lane is too many turns.
        assert!(Pattern::of(&shifted[..64], 1).is_none());
        assert!(Pattern::of(&(0..1600).map(|k| 2 * k).collect::<Vec<_>>(), 1).is_none());
        let same: Vec<usize> = (0..200).map(|k| k % 8).collect();
        let same = Pattern::of(&same, 1).expect("a pattern");
        assert_eq!((same.advance, same.pieces.len()), (0, 8));
        // Halves of blocks of four, exchanged.
        let halves: Vec<usize> = (0..800).map(|k| k / 2 * 4 + (k + 1) % 2 * 2).collect();
        let halves = Pattern::of(&halves, 2).expect("a pattern");
        assert_eq!((halves.advance, halves.pieces.len()), (1, 2));
    }
}
