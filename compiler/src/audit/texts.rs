//! Texts as numbers: the place of each among all texts that have room, in the order of their bytes. What is next to a text, or in the
//! middle between two, is a text then.

use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// The first byte that is no control character.
const FIRST: u8 = b' ';

/// What a byte of a text can be.
const BYTES: i128 = 256 - FIRST as i128;

/// Letters that drawn texts have.
const LETTERS: u64 = 26;

/// Bytes that there is room for.
const fn room(scalar: Scalar) -> u32 {
    scalar.width() / 8
}

/// How many texts have at most so many bytes; those of 16 are fewer than 2^125.
fn texts(room: u32) -> i128 {
    (0..room).fold(1, |n, _| 1 + BYTES * n)
}

/// The greatest number of a text.
pub(super) fn last(scalar: Scalar) -> i128 {
    texts(room(scalar)) - 1
}

/// The number of a text.
pub(super) fn number(scalar: Scalar, word: Word) -> i128 {
    let mut number = 0;
    for after in (0..room(scalar)).rev() {
        let byte = (word >> (8 * after)) as u8;
        if byte == 0 {
            break;
        }
        number += 1 + i128::from(byte.saturating_sub(FIRST)) * texts(after);
    }
    number
}

/// The text of a number.
pub(super) fn word(scalar: Scalar, number: i128) -> Word {
    let mut word = 0;
    let mut rest = number;
    for after in (0..room(scalar)).rev() {
        if rest == 0 {
            break;
        }
        rest -= 1;
        let byte = i128::from(FIRST) + rest / texts(after);
        rest %= texts(after);
        word |= (byte as Word & 0xff) << (8 * after);
    }
    word
}

/// How far it is from a text to the one with the next letter at its end.
pub(super) fn step(scalar: Scalar, number: i128) -> i128 {
    texts(word(scalar, number).trailing_zeros().min(scalar.width()) / 8)
}

/// How far it is from a text to those with the next letter at the beginning, in the middle and at the end.
pub(super) fn steps(scalar: Scalar, number: i128) -> SortedSet<i128> {
    let room = room(scalar);
    let after = word(scalar, number).trailing_zeros().min(scalar.width()) / 8;
    let len = room - after;
    let places = [room.saturating_sub(1), after + len / 2, after];
    places.into_iter().map(texts).collect()
}

/// What drawn texts are like.
#[derive(Clone, Copy)]
pub(super) enum Like {
    /// Of any length, of any small letters.
    Any,
    /// Of at most two letters, the first ones of the alphabet.
    Short,
    /// One text, which this number makes, but for its last letter.
    Near(u64),
}

/// A text at random.
pub(super) fn draw(scalar: Scalar, like: Like, rng: &mut SplitMix) -> Word {
    let room = room(scalar);
    let (most, letters) = match like {
        Like::Short => (room.min(2), 3),
        Like::Any | Like::Near(_) => (room, LETTERS),
    };
    let mut one = match like {
        Like::Near(seed) => SplitMix::new(seed),
        Like::Any | Like::Short => SplitMix::new(rng.draw()),
    };
    let len = one.below(u64::from(most) + 1) as u32;
    let mut word = 0;
    for at in (room - len..room).rev() {
        let from = if at == room - len {
            &mut *rng
        } else {
            &mut one
        };
        word |= (Word::from(b'a') + Word::from(from.below(letters))) << (8 * at);
    }
    word
}

/// The number of the text that an integer is, if it is one.
pub(super) fn of_integer(scalar: Scalar, integer: Integer) -> Option<i128> {
    let number = number(scalar, integer.word());
    let is_it = !integer.is_negative() && word(scalar, number) == integer.word();
    is_it.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_for_texts_in_their_order() {
        for bytes in [1, 3, 16] {
            let scalar = Scalar::unsigned(8 * bytes);
            let mut rng = SplitMix::new(7);
            let mut all: Vec<i128> = (0..200).map(|_| i128::from(rng.draw() >> 1)).collect();
            all.extend([0, 1, last(scalar) - 1, last(scalar)]);
            all.iter_mut().for_each(|n| *n %= last(scalar) + 1);
            all.sort_unstable();
            all.dedup();
            let words: Vec<Word> = all.iter().map(|&n| word(scalar, n)).collect();
            assert!(words.is_sorted());
            let back: Vec<i128> = words.iter().map(|&w| number(scalar, w)).collect();
            assert_eq!(back, all);
        }
        let scalar = Scalar::unsigned(32);
        let of = |text: &[u8; 4]| number(scalar, Word::from(u32::from_be_bytes(*text)));
        assert_eq!(of(b"ICU\0") + 1, of(b"ICU "));
        assert_eq!(of(b"ab\0\0") + step(scalar, of(b"ab\0\0")), of(b"ac\0\0"));
        assert_eq!(step(scalar, of(b"abcd")), 1);
        assert_eq!(word(scalar, last(scalar)), 0xffff_ffff);
    }
}
