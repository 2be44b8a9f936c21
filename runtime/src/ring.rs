//! Vectors of integers mod 2^k, in the narrower of two machine words that holds them, and their form in messages.
//!
//! Rings up to 64 bits are computed on `u64`, wider ones on `u128`; code is written once over [`Element`]. Elements are kept
//! reduced, so that nothing above the ring can reach a message.

use std::ops::BitXor;

use smpcc_circuit::value::Word;
use zeroize::Zeroize;

use crate::error::Error;
use crate::mask::Mask;

/// A machine word that holds ring elements; arithmetic wraps.
pub trait Element:
    Copy + Default + Eq + BitXor<Output = Self> + Send + Sync + Zeroize + 'static
{
    /// Words of 64 bits in an element.
    const WORDS: usize;
    /// `a + b`.
    fn add(self, other: Self) -> Self;
    /// `a − b`.
    fn sub(self, other: Self) -> Self;
    /// `a · b`.
    fn mul(self, other: Self) -> Self;
    /// The low bits of a word.
    fn of(word: Word) -> Self;
    /// As a word.
    fn word(self) -> Word;
    /// Mod 2^`bits`.
    fn low(self, bits: u32) -> Self;
    /// The element where the bit is one, else zero.
    fn select(self, bit: Mask) -> Self;
    /// From [`Element::WORDS`] words of randomness.
    fn from_words(words: &[u64]) -> Self;
    /// A vector of this word as [`Elements`].
    fn wrap(elements: Vec<Self>) -> Elements;
    /// The vector inside, if it has this word.
    fn slice(elements: &Elements) -> Option<&[Self]>;
    /// The same, to be written.
    fn slice_mut(elements: &mut Elements) -> Option<&mut [Self]>;
    /// Elements as words of 64 bits, where they are.
    fn words(elements: &[Self]) -> Option<&[u64]>;
    /// The same, to be written.
    fn words_mut(elements: &mut [Self]) -> Option<&mut [u64]>;
}

impl Element for u64 {
    const WORDS: usize = 1;
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    fn mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    fn of(word: Word) -> Self {
        word as Self
    }
    fn word(self) -> Word {
        Word::from(self)
    }
    fn low(self, bits: u32) -> Self {
        if bits >= 64 {
            self
        } else {
            self & ((1 << bits) - 1)
        }
    }
    #[inline(always)]
    fn select(self, bit: Mask) -> Self {
        self & bit.word()
    }
    fn from_words(words: &[u64]) -> Self {
        words.first().copied().unwrap_or(0)
    }
    fn wrap(elements: Vec<Self>) -> Elements {
        Elements::Narrow(elements)
    }
    fn slice(elements: &Elements) -> Option<&[Self]> {
        match elements {
            Elements::Narrow(v) => Some(v),
            Elements::Wide(_) => None,
        }
    }
    fn words(elements: &[Self]) -> Option<&[u64]> {
        Some(elements)
    }
    fn words_mut(elements: &mut [Self]) -> Option<&mut [u64]> {
        Some(elements)
    }
    fn slice_mut(elements: &mut Elements) -> Option<&mut [Self]> {
        match elements {
            Elements::Narrow(v) => Some(v),
            Elements::Wide(_) => None,
        }
    }
}

impl Element for u128 {
    const WORDS: usize = 2;
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    fn mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    fn of(word: Word) -> Self {
        word
    }
    fn word(self) -> Word {
        self
    }
    fn low(self, bits: u32) -> Self {
        self & smpcc_circuit::value::mask(bits)
    }
    #[inline(always)]
    fn select(self, bit: Mask) -> Self {
        self & bit.wide()
    }
    fn from_words(words: &[u64]) -> Self {
        let at = |i: usize| Self::from(words.get(i).copied().unwrap_or(0));
        at(0) | at(1) << 64
    }
    fn wrap(elements: Vec<Self>) -> Elements {
        Elements::Wide(elements)
    }
    fn slice(elements: &Elements) -> Option<&[Self]> {
        match elements {
            Elements::Wide(v) => Some(v),
            Elements::Narrow(_) => None,
        }
    }
    fn words(_elements: &[Self]) -> Option<&[u64]> {
        None
    }
    fn words_mut(_elements: &mut [Self]) -> Option<&mut [u64]> {
        None
    }
    fn slice_mut(elements: &mut Elements) -> Option<&mut [Self]> {
        match elements {
            Elements::Wide(v) => Some(v),
            Elements::Narrow(_) => None,
        }
    }
}

/// A vector of integers of at most 64 or at most 128 bits, zero above their width.
#[derive(Clone, PartialEq, Eq)]
pub enum Elements {
    /// At most 64 bits.
    Narrow(Vec<u64>),
    /// 65 to 128 bits.
    Wide(Vec<u128>),
}

/// Runs one expression for either word: `each!(elements, v => …)` with `v` a slice of `u64` or `u128`.
macro_rules! each {
    ($elements:expr, $v:ident => $body:expr) => {
        match $elements {
            $crate::ring::Elements::Narrow($v) => $body,
            $crate::ring::Elements::Wide($v) => $body,
        }
    };
}
pub(crate) use each;

/// Runs one expression with `$E` the machine word for `$bits` bits.
macro_rules! for_width {
    ($bits:expr, $E:ident => $body:expr) => {
        if $bits <= 64 {
            type $E = u64;
            $body
        } else {
            type $E = u128;
            $body
        }
    };
}
pub(crate) use for_width;

impl Elements {
    /// `lanes` zeros of `bits` bits.
    pub fn zeros(bits: u32, lanes: usize) -> Self {
        for_width!(bits, E => E::wrap(vec![0; lanes]))
    }

    /// The words, cut to `bits` bits.
    pub fn of_words(bits: u32, words: impl Iterator<Item = Word>) -> Self {
        for_width!(bits, E => E::wrap(words.map(|w| E::of(w).low(bits)).collect()))
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        each!(self, v => v.len())
    }

    /// The word of a lane; zero beyond the last.
    pub fn get(&self, lane: usize) -> Word {
        each!(self, v => v.get(lane).map_or(0, |e| e.word()))
    }

    /// All words in lane order.
    pub fn words(&self) -> Vec<Word> {
        each!(self, v => v.iter().map(|e| e.word()).collect())
    }

    /// Adds a lane at the end; a word of more than 64 bits makes all lanes wide.
    pub fn push(&mut self, word: Word) {
        match (&mut *self, u64::try_from(word)) {
            (Self::Narrow(v), Ok(narrow)) => v.push(narrow),
            (Self::Wide(v), _) => v.push(word),
            (Self::Narrow(v), Err(_)) => {
                let wide = v.iter().map(|&e| Word::from(e)).chain([word]).collect();
                v.zeroize();
                *self = Self::Wide(wide);
            }
        }
    }

    /// In the machine word for `bits` bits, cut to them; wiped where it is in the other.
    #[must_use]
    pub fn fitted(mut self, bits: u32) -> Self {
        match (&self, bits <= 64) {
            (Self::Narrow(_), true) | (Self::Wide(_), false) => self,
            (Self::Narrow(_), false) | (Self::Wide(_), true) => {
                let fitted = self.lowered(bits);
                self.zeroize();
                fitted
            }
        }
    }

    /// Lanes `from..from + lanes`.
    #[must_use]
    pub fn slice(&self, from: usize, lanes: usize) -> Self {
        each!(self, v => Element::wrap(v[from..from + lanes].to_vec()))
    }

    /// Overwrites lanes from `from` on with a vector in the same machine word.
    ///
    /// # Errors
    /// A bug: a vector in the other word, or more lanes than there are.
    pub fn put(&mut self, from: usize, part: &Self) -> Result<(), Error> {
        fn copy<E: Copy>(into: &mut [E], from: usize, part: &[E]) -> Option<()> {
            let end = from.checked_add(part.len())?;
            into.get_mut(from..end)?.copy_from_slice(part);
            Some(())
        }
        let done = match (self, part) {
            (Self::Narrow(into), Self::Narrow(part)) => copy(into, from, part),
            (Self::Wide(into), Self::Wide(part)) => copy(into, from, part),
            (Self::Narrow(_), Self::Wide(_)) | (Self::Wide(_), Self::Narrow(_)) => {
                return Err(other_word());
            }
        };
        done.ok_or_else(|| Error::bug("lanes are put beyond a vector's end"))
    }

    /// As many zeros, in the same machine word.
    #[must_use]
    pub fn zeros_like(&self, lanes: usize) -> Self {
        match self {
            Self::Narrow(_) => Self::Narrow(vec![0; lanes]),
            Self::Wide(_) => Self::Wide(vec![0; lanes]),
        }
    }

    /// Mod 2^`bits`, in the word for it.
    pub fn lowered(&self, bits: u32) -> Self {
        for_width!(bits, E => E::wrap(each!(self, v => v.iter().map(|e| E::of(e.word()).low(bits)).collect())))
    }
}

/// For operands of one operation that do not have the same machine word.
pub(crate) fn other_word() -> Error {
    Error::bug("elements in the wrong machine word")
}

impl Default for Elements {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

impl Zeroize for Elements {
    fn zeroize(&mut self) {
        each!(self, v => v.zeroize());
    }
}

/// Bytes of an element mod 2^`bits` in a message.
pub const fn element_len(bits: u32) -> usize {
    bits.div_ceil(8) as usize
}

/// Appends what `bytes` makes of each element: some at a time, so that nothing is cleared before it is written.
pub(crate) fn append_bytes<T: Copy, const N: usize>(
    elements: &[T],
    out: &mut Vec<u8>,
    mut bytes: impl FnMut(T) -> [u8; N],
) {
    const SOME: usize = 64;
    out.reserve(N * elements.len());
    let mut staged = [[0; N]; SOME];
    for elements in elements.chunks(SOME) {
        for (to, &e) in staged.iter_mut().zip(elements) {
            *to = bytes(e);
        }
        out.extend_from_slice(staged[..elements.len()].as_flattened());
    }
}

/// Appends elements mod 2^`bits`, each in whole bytes, little-endian.
pub fn write_elements<E: Element>(elements: &[E], bits: u32, out: &mut Vec<u8>) {
    match element_len(bits) {
        8 => append_bytes(elements, out, |e| (e.low(bits).word() as u64).to_le_bytes()),
        4 => append_bytes(elements, out, |e| (e.low(bits).word() as u32).to_le_bytes()),
        len => {
            for e in elements {
                out.extend_from_slice(&e.low(bits).word().to_le_bytes()[..len]);
            }
        }
    }
}

/// The elements mod 2^`bits` of a message, one after the other; what is above the ring is cut off. For each length there is a loop of
/// its own, of which the compiler can make vectors.
macro_rules! read {
    ($bytes:expr, $bits:expr, $elements:ident => $work:expr) => {{
        let (bytes, bits) = ($bytes, $bits);
        match element_len(bits).max(1) {
            8 => {
                let chunks = bytes.as_chunks::<8>().0.iter();
                let $elements = chunks.map(|b| E::of(u64::from_le_bytes(*b).into()).low(bits));
                $work
            }
            4 => {
                let chunks = bytes.as_chunks::<4>().0.iter();
                let $elements = chunks.map(|b| E::of(u32::from_le_bytes(*b).into()).low(bits));
                $work
            }
            len => {
                let $elements = bytes.chunks_exact(len).map(|chunk| {
                    let mut bytes = [0; 16];
                    bytes[..len].copy_from_slice(chunk);
                    E::of(Word::from_le_bytes(bytes)).low(bits)
                });
                $work
            }
        }
    }};
}

/// Gives the elements mod 2^`bits` of a message to what they are read into, one after the other.
pub fn read_elements<E: Element, T>(
    bytes: &[u8],
    bits: u32,
    into: impl IntoIterator<Item = T>,
    mut take: impl FnMut(T, E),
) {
    read!(bytes, bits, elements => into.into_iter().zip(elements).for_each(|(into, e)| take(into, e)));
}

/// Appends the elements mod 2^`bits` of a message.
pub fn append_elements<E: Element>(bytes: &[u8], bits: u32, out: &mut Vec<E>) {
    read!(bytes, bits, elements => out.extend(elements));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_the_ring_and_nothing_above() {
        for bits in 1..=128 {
            let words: Vec<Word> = (0..5).map(|i| Word::MAX / 7 * (i + 1)).collect();
            let elements = Elements::of_words(bits, words.iter().copied());
            let mut out = Vec::new();
            each!(&elements, v => write_elements(v, bits, &mut out));
            assert_eq!(out.len(), 5 * element_len(bits));
            let back = for_width!(bits, E => {
                let mut back = Vec::<E>::new();
                append_elements(&out, bits, &mut back);
                E::wrap(back)
            });
            assert!(back == elements, "{bits} bits");
        }
    }
}
