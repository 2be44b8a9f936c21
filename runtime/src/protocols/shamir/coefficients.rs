//! What shares are made of: integers mod 2^k in machine words, or bits of 64 lanes to a word. One code serves both.
//!
//! Words are computed mod 2^64 or 2^128 and cut to the ring where they become part of a share or of a message.

use std::marker::PhantomData;

use smpcc_circuit::value::Word;
use zeroize::Zeroize;

use crate::bits::{Packer, Unpacker};
use crate::prg::Prg;
use crate::ring::{Element, element_len, read_elements, write_elements};

/// A ring of coefficients, as operations on machine words; each may stand for many lanes.
pub(super) trait Coefficients: Send + Sync + 'static {
    /// The machine word.
    type Word: Copy + Default + Send + Sync + Zeroize + 'static;
    /// Words of 64 bits of randomness for one.
    const RANDOM: usize;
    /// A constant.
    fn of(constant: Word) -> Self::Word;
    /// Whether a constant is 0, 1 or −1, else `None`.
    fn small(constant: Word) -> Option<i8>;
    /// `a + b`.
    fn add(a: Self::Word, b: Self::Word) -> Self::Word;
    /// `a − b`.
    fn sub(a: Self::Word, b: Self::Word) -> Self::Word;
    /// `a · b`.
    fn mul(a: Self::Word, b: Self::Word) -> Self::Word;
    /// Fills with randomness of a stream from a number on.
    fn fill(prg: &Prg, stream: u64, number: u64, out: &mut [Self::Word]);
    /// Bytes in a message of `rows` rows of `row` words each. `format` is the ring's bits, or lanes per row.
    fn len(rows: usize, row: usize, format: usize) -> usize;
    /// Appends rows of `row` words.
    fn write(words: &[Self::Word], row: usize, format: usize, out: &mut Vec<u8>);
    /// Adds what [`Coefficients::write`] wrote.
    fn add_read(bytes: &[u8], row: usize, format: usize, into: &mut [Self::Word]);
}

/// Integers in `E`, mod 2^`format`.
pub(super) struct Integers<E>(PhantomData<E>);

impl<E: Element> Coefficients for Integers<E> {
    type Word = E;
    const RANDOM: usize = E::WORDS;

    fn of(constant: Word) -> E {
        E::of(constant)
    }

    fn small(constant: Word) -> Option<i8> {
        match constant {
            0 => Some(0),
            1 => Some(1),
            Word::MAX => Some(-1),
            _ => None,
        }
    }

    #[inline(always)]
    fn add(a: E, b: E) -> E {
        a.add(b)
    }

    #[inline(always)]
    fn sub(a: E, b: E) -> E {
        a.sub(b)
    }

    #[inline(always)]
    fn mul(a: E, b: E) -> E {
        a.mul(b)
    }

    fn fill(prg: &Prg, stream: u64, number: u64, out: &mut [E]) {
        if let Some(words) = E::words_mut(out) {
            return prg.fill_words(stream, number, words);
        }
        let mut words = [0; 128];
        let per_chunk = words.len() / E::WORDS;
        for (i, chunk) in out.chunks_mut(per_chunk).enumerate() {
            let words = &mut words[..chunk.len() * E::WORDS];
            // Two words to a number.
            prg.fill_words(stream, number + (i * 64) as u64, words);
            for (out, word) in chunk.iter_mut().zip(words.chunks_exact(E::WORDS)) {
                *out = E::from_words(word);
            }
        }
    }

    fn len(rows: usize, row: usize, format: usize) -> usize {
        rows * row * element_len(format as u32)
    }

    fn write(words: &[E], _row: usize, format: usize, out: &mut Vec<u8>) {
        write_elements(words, format as u32, out);
    }

    fn add_read(bytes: &[u8], _row: usize, format: usize, into: &mut [E]) {
        let bits = format as u32;
        read_elements(bytes, bits, into, |into, e| *into = into.add(e));
    }
}

/// Bits, 64 lanes to a word; `format` lanes stand in a row.
pub(super) struct Sliced;

impl Coefficients for Sliced {
    type Word = u64;
    const RANDOM: usize = 1;

    fn of(constant: Word) -> u64 {
        if constant & 1 == 1 { u64::MAX } else { 0 }
    }

    fn small(constant: Word) -> Option<i8> {
        Some((constant & 1) as i8)
    }

    #[inline(always)]
    fn add(a: u64, b: u64) -> u64 {
        a ^ b
    }

    #[inline(always)]
    fn sub(a: u64, b: u64) -> u64 {
        a ^ b
    }

    #[inline(always)]
    fn mul(a: u64, b: u64) -> u64 {
        a & b
    }

    fn fill(prg: &Prg, stream: u64, number: u64, out: &mut [u64]) {
        prg.fill_words(stream, number, out);
    }

    fn len(rows: usize, _row: usize, format: usize) -> usize {
        (rows * format).div_ceil(8)
    }

    fn write(words: &[u64], row: usize, format: usize, out: &mut Vec<u8>) {
        let mut packer = Packer::new(out);
        for row in words.chunks_exact(row.max(1)) {
            packer.push(row, format);
        }
        packer.finish();
    }

    fn add_read(bytes: &[u8], row: usize, format: usize, into: &mut [u64]) {
        let mut unpacker = Unpacker::new(bytes);
        let mut words = vec![0; row];
        for into in into.chunks_exact_mut(row.max(1)) {
            unpacker.pull(&mut words, format);
            for (into, word) in into.iter_mut().zip(&words) {
                *into ^= word;
            }
        }
    }
}

/// `out ← out + c·x`, word by word up to the shorter slice.
pub(super) fn accumulate<R: Coefficients>(out: &mut [R::Word], c: Word, x: &[R::Word]) {
    let pairs = out.iter_mut().zip(x);
    match R::small(c) {
        Some(0) => {}
        Some(1) => pairs.for_each(|(o, &x)| *o = R::add(*o, x)),
        Some(_) => pairs.for_each(|(o, &x)| *o = R::sub(*o, x)),
        None => {
            let c = R::of(c);
            pairs.for_each(|(o, &x)| *o = R::add(*o, R::mul(c, x)));
        }
    }
}

/// `out ← out + row[0]·first + Σ row[1 + i]·rest_i`, where `rest` is one input of the length of `out` after the other. Few
/// inputs are gone through at once.
pub(super) fn combine<R: Coefficients>(
    out: &mut [R::Word],
    row: &[Word],
    first: &[R::Word],
    rest: &[R::Word],
) {
    match row.len() {
        3 => at_once::<R, 2>(out, row, first, rest),
        4 => at_once::<R, 3>(out, row, first, rest),
        7 => at_once::<R, 6>(out, row, first, rest),
        _ => {
            let Some((&c, row)) = row.split_first() else {
                return;
            };
            accumulate::<R>(out, c, first);
            for (&c, input) in row.iter().zip(rest.chunks_exact(out.len().max(1))) {
                accumulate::<R>(out, c, input);
            }
        }
    }
}

fn at_once<R: Coefficients, const K: usize>(
    out: &mut [R::Word],
    row: &[Word],
    first: &[R::Word],
    rest: &[R::Word],
) {
    let n = out.len();
    if row.len() != K + 1 || first.len() != n || rest.len() != K * n {
        return;
    }
    let c = R::of(row[0]);
    let weights: [R::Word; K] = std::array::from_fn(|k| R::of(row[k + 1]));
    let inputs: [&[R::Word]; K] = std::array::from_fn(|k| &rest[k * n..(k + 1) * n]);
    for (i, (out, &first)) in out.iter_mut().zip(first).enumerate() {
        let mut sum = R::add(*out, R::mul(c, first));
        for k in 0..K {
            sum = R::add(sum, R::mul(weights[k], inputs[k][i]));
        }
        *out = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prg::PrgKey;

    /// Numbers are two words: a cut anywhere between numbers gives the same words.
    #[test]
    fn randomness_is_a_function_of_its_number() {
        fn check<E: Element + std::fmt::Debug>() {
            let prg = Prg::new(&PrgKey::from_bytes([3; 16]));
            let mut whole = vec![E::default(); 700];
            Integers::<E>::fill(&prg, 4, 9, &mut whole);
            let mut part = vec![E::default(); 301];
            let skipped = 300 * E::WORDS / 2;
            Integers::<E>::fill(&prg, 4, 9 + skipped as u64, &mut part);
            assert_eq!(part, whole[300..601]);
        }
        check::<u64>();
        check::<u128>();
    }

    #[test]
    fn combinations_do_not_depend_on_how_many_inputs_there_are() {
        fn check<R: Coefficients<Word = u64>>() {
            let words = |seed: u64, n: u64| -> Vec<u64> {
                (0..n)
                    .map(|i| (seed + i).wrapping_mul(u64::MAX / 97))
                    .collect()
            };
            for k in 1..9u64 {
                let row: Vec<Word> = (0..=k)
                    .map(|i| (Word::MAX / 3).wrapping_mul(i.into()))
                    .collect();
                let (first, rest) = (words(k, 21), words(2 * k, 21 * k));
                let mut out = words(5, 21);
                let mut expected = out.clone();
                combine::<R>(&mut out, &row, &first, &rest);
                for (i, sum) in expected.iter_mut().enumerate() {
                    let inputs = std::iter::once(first[i]).chain(rest.chunks(21).map(|r| r[i]));
                    for (&c, x) in row.iter().zip(inputs) {
                        *sum = R::add(*sum, R::mul(R::of(c), x));
                    }
                }
                assert_eq!(out, expected, "{k}");
            }
        }
        check::<Integers<u64>>();
        check::<Sliced>();
    }

    #[test]
    fn rows_of_bits_come_back_added() {
        for lanes in [1usize, 63, 64, 65, 200] {
            let row = lanes.div_ceil(64);
            let words: Vec<u64> = (0..5 * row as u64)
                .map(|i| i.wrapping_mul(u64::MAX / 13))
                .collect();
            let mut bytes = Vec::new();
            Sliced::write(&words, row, lanes, &mut bytes);
            assert_eq!(bytes.len(), Sliced::len(5, row, lanes));
            let mut back = vec![0; words.len()];
            Sliced::add_read(&bytes, row, lanes, &mut back);
            for (i, (a, b)) in words.iter().zip(&back).enumerate() {
                let used = (lanes - 64 * (i % row)).min(64);
                assert_eq!((a ^ b) & (u64::MAX >> (64 - used)), 0);
            }
            Sliced::add_read(&bytes, row, lanes, &mut back);
            assert!(back.iter().all(|&w| w == 0));
        }
    }
}
