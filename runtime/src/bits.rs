//! Bit-sliced vectors: bit `b` of all lanes stands in consecutive 64-bit words, so that one machine operation works on 64
//! lanes.
//!
//! What stands above the last lane in a bit's last word is unspecified: it may hold complements of nothing. Messages
//! and conversions take exactly `lanes` bits, so it goes nowhere.

use zeroize::Zeroizing;

use crate::error::Error;
use crate::ring::{Element, Elements, each, other_word};

mod pack;
mod picks;

pub use pack::{Packer, Unpacker};
pub use picks::Picks;

/// Bits of a lane from which on many lanes at once are moved as integers: fewer are moved bit by bit.
const WHOLE: usize = 4;

/// A vector of `width`-bit lanes, bit-major.
#[derive(Clone)]
pub struct Bits {
    width: usize,
    lanes: usize,
    words: Vec<u64>,
}

/// Words for one bit of `lanes` lanes.
pub const fn words_for(lanes: usize) -> usize {
    lanes.div_ceil(64)
}

impl Bits {
    /// All zero.
    pub fn zeros(width: usize, lanes: usize) -> Self {
        Self {
            width,
            lanes,
            words: vec![0; width * words_for(lanes)],
        }
    }

    /// From words, bit-major.
    ///
    /// # Errors
    /// A bug: another number of words than `width · ⌈lanes / 64⌉`.
    pub fn from_words(width: usize, lanes: usize, words: Vec<u64>) -> Result<Self, Error> {
        fits(words.len() == width * words_for(lanes))?;
        Ok(Self {
            width,
            lanes,
            words,
        })
    }

    /// Bits per lane.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Words per bit.
    pub fn stride(&self) -> usize {
        words_for(self.lanes)
    }

    /// All words, bit after bit.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// All words, bit after bit.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// All words, bit after bit.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// The words of one bit.
    pub fn bit(&self, bit: usize) -> &[u64] {
        let n = self.stride();
        &self.words[bit * n..(bit + 1) * n]
    }

    /// The words of one bit.
    pub fn bit_mut(&mut self, bit: usize) -> &mut [u64] {
        let n = self.stride();
        &mut self.words[bit * n..(bit + 1) * n]
    }

    /// Transposes the low `width` bits of integers.
    pub fn from_elements(width: usize, elements: &Elements) -> Self {
        let mut out = Self::zeros(width, elements.lanes());
        let n = out.stride();
        each!(elements, v => {
            for (w, chunk) in v.chunks(64).enumerate() {
                transpose_in(chunk, width, |bit, word| out.words[bit * n + w] = word);
            }
        });
        out
    }

    /// The lanes as integers.
    pub fn to_elements(&self) -> Elements {
        let mut out = Elements::zeros(self.width as u32, self.lanes);
        let n = self.stride();
        each!(&mut out, v => {
            for (w, chunk) in v.chunks_mut(64).enumerate() {
                transpose_out(chunk, self.width, |bit| self.words[bit * n + w]);
            }
        });
        out
    }

    /// Adds another vector bit by bit.
    ///
    /// # Errors
    /// A bug: a vector of another shape.
    pub fn xor_assign(&mut self, other: &Self) -> Result<(), Error> {
        fits((self.width, self.lanes) == (other.width, other.lanes))?;
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a ^= b;
        }
        Ok(())
    }

    /// Adds a vector bit by bit to the lanes from `from`, a multiple of 64, on.
    ///
    /// # Errors
    /// A bug: a vector of another width, or more lanes than there are.
    pub fn xor_at(&mut self, from: usize, part: &Self) -> Result<(), Error> {
        self.covers(from, part)?;
        for bit in 0..self.width {
            let into = &mut self.bit_mut(bit)[from / 64..];
            for (a, b) in into.iter_mut().zip(part.bit(bit)) {
                *a ^= b;
            }
        }
        Ok(())
    }

    /// Whether a vector can stand at the lanes from `from`, a multiple of 64, on.
    fn covers(&self, from: usize, part: &Self) -> Result<(), Error> {
        let end = from.checked_add(part.lanes);
        let inside = from.is_multiple_of(64) && end.is_some_and(|end| end <= self.lanes);
        fits(self.width == part.width && inside)
    }

    /// Appends the bits of lanes `from..from + lanes` of every bit, packed; `from` is a multiple of 64.
    pub fn pack(&self, from: usize, lanes: usize, packer: &mut Packer<'_>) {
        let first = from / 64;
        for bit in 0..self.width {
            let n = words_for(lanes);
            packer.push(&self.bit(bit)[first..first + n], lanes);
        }
    }

    /// Takes what [`Bits::pack`] appended.
    pub fn unpack(&mut self, from: usize, lanes: usize, unpacker: &mut Unpacker<'_>) {
        let first = from / 64;
        let n = words_for(lanes);
        for bit in 0..self.width {
            unpacker.pull(&mut self.bit_mut(bit)[first..first + n], lanes);
        }
    }

    /// Lanes `from..from + lanes`; `from` is a multiple of 64.
    pub fn slice(&self, from: usize, lanes: usize) -> Self {
        let n = words_for(lanes);
        let mut out = Self::zeros(self.width, lanes);
        for bit in 0..self.width {
            out.bit_mut(bit)
                .copy_from_slice(&self.bit(bit)[from / 64..from / 64 + n]);
        }
        out
    }

    /// Overwrites lanes from `from`, a multiple of 64, on; what follows `part` in its last word must be unused.
    ///
    /// # Errors
    /// A bug: a vector of another width, or more lanes than there are.
    pub fn put(&mut self, from: usize, part: &Self) -> Result<(), Error> {
        self.covers(from, part)?;
        for bit in 0..self.width {
            let into = &mut self.bit_mut(bit)[from / 64..];
            into[..part.stride()].copy_from_slice(part.bit(bit));
        }
        Ok(())
    }

    /// Blocks of consecutive lanes that start at `index`.
    pub fn gather(&self, index: &[usize], block: usize) -> Self {
        self.pick(&Picks::new(index, block))
    }

    /// The same, where it has been looked how the indices are.
    pub fn pick(&self, picks: &Picks<'_>) -> Self {
        let mut out = Self::zeros(self.width, picks.lanes());
        if picks.is_by_bytes(self) {
            picks.pick_bytes(self, &mut out);
            return out;
        }
        for bit in 0..self.width {
            picks.pick(out.bit_mut(bit), self.bit(bit));
        }
        out
    }

    /// Overwrites blocks of consecutive lanes, which start at indices that are in range; later ones win.
    ///
    /// # Errors
    /// A bug: values of another width, or not a block for each index.
    pub fn scatter(&mut self, index: &[usize], val: &Self, block: usize) -> Result<(), Error> {
        fits((self.width, index.len() * block) == (val.width, val.lanes))?;
        let runs = if block == 1 { runs(index) } else { None };
        if let Some(runs) = &runs {
            for bit in 0..self.width {
                let src = val.bit(bit);
                let dst = self.bit_mut(bit);
                for run in runs {
                    copy_bits(dst, run.first, src, run.at, run.len);
                }
            }
            return Ok(());
        }
        if block == 1 && self.width >= WHOLE && index.len() >= self.lanes / 2 {
            return self.scatter_whole(index, val);
        }
        for bit in 0..self.width {
            let src = val.bit(bit);
            let dst = self.bit_mut(bit);
            for (k, &i) in index.iter().enumerate() {
                copy_bits(dst, i, src, k * block, block);
            }
        }
        Ok(())
    }

    /// The same for most lanes of a vector, as integers.
    fn scatter_whole(&mut self, index: &[usize], val: &Self) -> Result<(), Error> {
        fn put<E: Element>(into: &mut [E], index: &[usize], from: &[E]) {
            for (&i, &e) in index.iter().zip(from) {
                into[i] = e;
            }
        }
        let mut into = Zeroizing::new(self.to_elements());
        let from = Zeroizing::new(val.to_elements());
        match (&mut *into, &*from) {
            (Elements::Narrow(into), Elements::Narrow(from)) => put(into, index, from),
            (Elements::Wide(into), Elements::Wide(from)) => put(into, index, from),
            (Elements::Narrow(_) | Elements::Wide(_), _) => return Err(other_word()),
        }
        *self = Self::from_elements(self.width, &into);
        Ok(())
    }

    /// One vector after the other.
    ///
    /// # Errors
    /// A bug: vectors of different widths.
    pub fn concat(width: usize, parts: &[&Self]) -> Result<Self, Error> {
        fits(parts.iter().all(|part| part.width == width))?;
        let mut out = Self::zeros(width, parts.iter().map(|p| p.lanes).sum());
        for bit in 0..width {
            let mut at = 0;
            for part in parts {
                copy_bits(out.bit_mut(bit), at, part.bit(bit), 0, part.lanes);
                at += part.lanes;
            }
        }
        Ok(out)
    }

    /// The bit of a lane.
    pub fn get(&self, bit: usize, lane: usize) -> bool {
        self.bit(bit)[lane / 64] >> (lane % 64) & 1 == 1
    }
}

impl zeroize::Zeroize for Bits {
    fn zeroize(&mut self) {
        self.words.zeroize();
    }
}

/// What is put together has the shape that it must have, or a protocol is wrong: nothing is cut to fit.
fn fits(shapes: bool) -> Result<(), Error> {
    match shapes {
        true => Ok(()),
        false => Err(Error::bug("vectors of bits of different shapes")),
    }
}

/// Consecutive indices.
struct Run {
    /// Where they stand among all.
    at: usize,
    first: usize,
    len: usize,
}

/// The runs of indices, if they are long enough to be moved as such.
fn runs(index: &[usize]) -> Option<Vec<Run>> {
    const SHORTEST: usize = 8;
    let most = index.len() / SHORTEST;
    let mut runs: Vec<Run> = Vec::new();
    for (at, &i) in index.iter().enumerate() {
        if let Some(run) = runs.last_mut().filter(|run| run.first + run.len == i) {
            run.len += 1;
            continue;
        }
        if runs.len() == most {
            return None;
        }
        runs.push(Run {
            at,
            first: i,
            len: 1,
        });
    }
    Some(runs)
}

/// Overwrites `n` bits of `dst` from bit `to` on with those of `src` from bit `from` on.
fn copy_bits(dst: &mut [u64], to: usize, src: &[u64], from: usize, n: usize) {
    let mut done = 0;
    while done < n {
        let (d, s) = (to + done, from + done);
        // As many bits as both words still hold.
        let len = (64 - d % 64).min(64 - s % 64).min(n - done);
        let mask = u64::MAX >> (64 - len);
        let bits = src[s / 64] >> (s % 64) & mask;
        let word = &mut dst[d / 64];
        *word = *word & !(mask << (d % 64)) | bits << (d % 64);
        done += len;
    }
}

/// Gives the 64 bits of each of `width` bit positions of up to 64 integers.
fn transpose_in<E: Element>(chunk: &[E], width: usize, mut put: impl FnMut(usize, u64)) {
    for half in 0..width.div_ceil(64) {
        let mut square = [0u64; 64];
        for (row, e) in square.iter_mut().zip(chunk) {
            *row = (e.word() >> (64 * half)) as u64;
        }
        let bits = (width - 64 * half).min(64);
        if bits == 1 {
            let word = square
                .iter()
                .enumerate()
                .fold(0, |w, (i, row)| w | (row & 1) << i);
            put(64 * half, word);
            continue;
        }
        transpose64(&mut square);
        for (bit, &word) in square.iter().enumerate().take(bits) {
            put(64 * half + bit, word);
        }
    }
}

fn transpose_out<E: Element>(chunk: &mut [E], width: usize, get: impl Fn(usize) -> u64) {
    chunk.fill(E::default());
    for half in 0..width.div_ceil(64) {
        let bits = (width - 64 * half).min(64);
        let mut square = [0u64; 64];
        for (bit, row) in square.iter_mut().enumerate().take(bits) {
            *row = get(64 * half + bit);
        }
        if bits == 1 {
            let word = square[0];
            for (i, e) in chunk.iter_mut().enumerate() {
                *e = E::of(e.word() | u128::from(word >> i & 1) << (64 * half));
            }
            continue;
        }
        transpose64(&mut square);
        for (e, row) in chunk.iter_mut().zip(square) {
            *e = E::of(e.word() | u128::from(row) << (64 * half));
        }
    }
}

/// Eight bits of 64 lanes, lane by lane.
fn bytes_of(planes: [u64; 8]) -> [u8; 64] {
    let planes = planes.map(u64::to_le_bytes);
    let mut bytes = [0; 64];
    for (group, lanes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
        let square = u64::from_le_bytes(planes.map(|plane| plane[group]));
        *lanes = transpose8(square).to_le_bytes();
    }
    bytes
}

/// The inverse of [`bytes_of`].
fn planes_of(bytes: &[u8; 64]) -> [u64; 8] {
    let mut planes = [[0; 8]; 8];
    for (group, &lanes) in bytes.as_chunks().0.iter().enumerate() {
        let square = transpose8(u64::from_le_bytes(lanes)).to_le_bytes();
        for (plane, byte) in planes.iter_mut().zip(square) {
            plane[group] = byte;
        }
    }
    planes.map(u64::from_le_bytes)
}

/// Transposes a square of bits: bit `j` of byte `i` becomes bit `i` of byte `j` (Warren, Hacker's Delight, 7-3).
fn transpose8(square: u64) -> u64 {
    const STEPS: [(u32, u64); 3] = [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ];
    STEPS.into_iter().fold(square, |x, (shift, mask)| {
        let swapped = (x ^ x >> shift) & mask;
        x ^ swapped ^ swapped << shift
    })
}

/// Transposes a square of bits: bit `j` of row `i` becomes bit `i` of row `j` (recursive halving).
pub fn transpose64(a: &mut [u64; 64]) {
    let mut step = 32;
    let mut mask = 0x0000_0000_ffff_ffffu64;
    while step != 0 {
        let mut k = 0;
        while k < 64 {
            let t = (a[k] >> step ^ a[k | step]) & mask;
            a[k] ^= t << step;
            a[k | step] ^= t;
            k = ((k | step) + 1) & !step;
        }
        step >>= 1;
        mask ^= mask << step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use proptest::prelude::*;

    /// What does not fit is a bug that is told, and nothing is cut or filled up.
    #[test]
    fn other_shapes_are_refused() {
        fn is_bug<T>(result: Result<T, Error>) -> bool {
            result.is_err_and(|e| e.fault() == Fault::Bug)
        }
        let (bits, longer, wider) = (
            Bits::zeros(3, 128),
            Bits::zeros(3, 129),
            Bits::zeros(4, 128),
        );
        for (n_words, fits) in [(5, false), (6, true), (7, false)] {
            assert_eq!(is_bug(Bits::from_words(3, 128, vec![0; n_words])), !fits);
        }
        let mut into = bits.clone();
        for (other, fits) in [(&bits, true), (&longer, false), (&wider, false)] {
            assert_eq!(is_bug(into.xor_assign(other)), !fits);
            assert_eq!(is_bug(into.xor_at(0, other)), !fits);
            assert_eq!(is_bug(into.put(0, other)), !fits);
            assert_eq!(is_bug(into.scatter(&[0, 64], other, 64)), !fits);
        }
        let half = Bits::zeros(3, 64);
        for (from, fits) in [(0, true), (64, true), (32, false), (128, false)] {
            assert_eq!(is_bug(into.xor_at(from, &half)), !fits);
            assert_eq!(is_bug(into.put(from, &half)), !fits);
        }
        assert!(is_bug(into.scatter(&[0], &bits, 64)));
        assert!(is_bug(Bits::concat(3, &[&bits, &wider])));
        assert!(!is_bug(Bits::concat(3, &[&bits, &longer])));
    }

    proptest! {
        #[test]
        fn moving_lanes_is_moving_integers(
            words in prop::collection::vec(0u128..32, 1..300),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            block in prop_oneof![Just(1usize), 1usize..70],
        ) {
            let block = block.min(words.len());
            // Some by themselves, some in runs.
            let mut index: Vec<usize> = picks.iter().map(|p| p.index(words.len() - block + 1)).collect();
            if block == 1 && picks.len() % 2 == 1 {
                index = index.iter().flat_map(|&i| i..(i + 30).min(words.len())).collect();
            }
            let elements = Elements::of_words(5, words.iter().copied());
            let bits = Bits::from_elements(5, &elements);
            let picked = crate::protocols::clear::gather(&elements, &index, block);
            prop_assert!(bits.gather(&index, block).to_elements() == picked);
            let (mut moved, mut moved_bits) = (elements.clone(), bits.clone());
            match picks.len() % 2 {
                1 => index.rotate_left(picks.len() / 2),
                _ => index.reverse(),
            }
            crate::protocols::clear::scatter(&mut moved, &index, &picked, block).unwrap();
            moved_bits.scatter(&index, &Bits::from_elements(5, &picked), block).unwrap();
            prop_assert!(moved_bits.to_elements() == moved);
            let joined = Bits::concat(5, &[&bits, &moved_bits, &bits]).unwrap().to_elements();
            let clear = crate::protocols::clear::concat(5, &[&elements, &moved, &elements]).unwrap();
            prop_assert!(joined == clear);
        }

        #[test]
        fn lanes_are_picked_alike_in_every_width(
            width in 1u32..=40,
            words in prop::collection::vec(any::<u128>(), 1..200),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
            block in prop_oneof![Just(1usize), 1usize..40],
        ) {
            let block = block.min(words.len());
            let index: Vec<usize> = picks.iter().map(|p| p.index(words.len() - block + 1)).collect();
            let elements = Elements::of_words(width, words.iter().copied());
            let picked = crate::protocols::clear::gather(&elements, &index, block);
            let bits = Bits::from_elements(width as usize, &elements);
            prop_assert!(bits.gather(&index, block).to_elements() == picked);
        }

        /// Permutations of short blocks, alike in all of them, and lanes of each long block.
        #[test]
        fn lanes_are_picked_alike_in_each_block(
            width in 1u32..=20,
            words in prop::collection::vec(any::<u128>(), 300..700),
            order in prop::sample::select(vec![1usize, 2, 4, 8, 16, 32, 64, 128, 192]),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 64),
            n in 65usize..300,
            few in any::<bool>(),
            block in prop::sample::select(vec![1usize, 2, 3, 8]),
        ) {
            let from = if few { 3 } else { order };
            let mut index: Vec<usize> = (0..n)
                .map(|k| k * block / 64 * order + picks[k % (64 / block)].index(from))
                .collect();
            index.truncate(index.iter().position(|&i| i + block > words.len()).unwrap_or(n));
            let elements = Elements::of_words(width, words.iter().copied());
            let picked = crate::protocols::clear::gather(&elements, &index, block);
            let bits = Bits::from_elements(width as usize, &elements);
            prop_assert!(bits.gather(&index, block).to_elements() == picked);
        }

        #[test]
        fn every_second_lane_is_that(words in prop::collection::vec(0u128..32, 2..400), first in 0usize..130, most in 1usize..400) {
            let index: Vec<usize> = (first..words.len()).step_by(2).take(most).collect();
            let elements = Elements::of_words(5, words.iter().copied());
            let picked = crate::protocols::clear::gather(&elements, &index, 1);
            let found = Bits::from_elements(5, &elements).gather(&index, 1);
            let expected = Bits::from_elements(5, &picked);
            for bit in 0..5 {
                prop_assert!(found.bit(bit) == expected.bit(bit));
            }
        }

        #[test]
        fn transposing_twice_is_the_identity(width in 1u32..=128, words in prop::collection::vec(any::<u128>(), 0..140)) {
            let elements = Elements::of_words(width, words.iter().copied());
            let bits = Bits::from_elements(width as usize, &elements);
            prop_assert!(bits.to_elements() == elements);
            for lane in [0, words.len() / 2, words.len().saturating_sub(1)] {
                for bit in 0..width as usize {
                    if lane < words.len() {
                        prop_assert_eq!(bits.get(bit, lane), elements.get(lane) >> bit & 1 == 1);
                    }
                }
            }
        }
    }
}
