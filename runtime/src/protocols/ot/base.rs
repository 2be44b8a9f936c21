//! Base OTs: random oblivious transfers of 128-bit keys by Diffie–Hellman in Ristretto255, a batch at a time.
//!
//! | module | against | round | bytes an OT |
//! |---|---|---|---|
//! | [`semi_honest`] | who follows the protocol | one | 32 |
//! | [`endemic`] | who does not | one | 96 |
//!
//! Here is what both have: the keys that come out, in the type of the adversary that they are for, and points as bytes.

use std::marker::PhantomData;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use subtle::Choice;
use zeroize::Zeroizing;

use super::SECURITY;
use crate::bits::words_for;
use crate::block::Label;
use crate::error::Error;
use crate::hash::Transcript;
use crate::prg::Prg;

pub mod endemic;
pub mod semi_honest;
#[cfg(test)]
mod tests;

/// Bytes of a point.
const POINT_LEN: usize = 32;

type Encoded = [u8; POINT_LEN];

/// What the generator's streams are for.
#[derive(Clone, Copy)]
enum Stream {
    Exponent = 0,
    Point = 1,
}

/// 64 bytes that are drawn for an index, enough to reduce.
fn draw(prg: &Prg, stream: Stream, i: usize) -> Zeroizing<[u8; 64]> {
    let mut out = Zeroizing::new([0; 64]);
    prg.fill_bytes(stream as u64, 4 * i as u64, out.as_mut());
    out
}

fn exponent(prg: &Prg, i: usize) -> Zeroizing<Scalar> {
    let wide = draw(prg, Stream::Exponent, i);
    Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide))
}

/// A point that nobody chooses, by a random oracle of 64 bytes and the map from those to the group. The halves of what is hashed differ
/// by a number after all else but what `rest` adds.
fn hash_to_point(start: impl Fn() -> Transcript, rest: &[u8]) -> RistrettoPoint {
    let mut uniform = [0; 64];
    for (half, out) in uniform.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let mut t = start();
        t.number(half as u64).bytes(rest);
        *out = t.finish().0;
    }
    RistrettoPoint::from_uniform_bytes(&uniform)
}

/// A key, from what was sent and the point that both sides know.
fn key(mut sent: Transcript, shared: &RistrettoPoint) -> Label {
    let point = Zeroizing::new(shared.compress());
    sent.bytes(point.as_bytes());
    let digest = Zeroizing::new(sent.finish().0);
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Label::from_bytes(half)
}

/// A point other than the identity in its one encoding.
fn decode(bytes: &Encoded) -> Option<RistrettoPoint> {
    let point = CompressedRistretto(*bytes).decompress()?;
    (!point.is_identity()).then_some(point)
}

/// Exactly `n` encodings.
fn encodings(bytes: &[u8], n: usize) -> Option<&[Encoded]> {
    let (points, rest) = bytes.as_chunks();
    (points.len() == n && rest.is_empty()).then_some(points)
}

/// Choice bits, 64 to a word; missing words are zero.
fn choice_words(n: usize, choices: &[u64]) -> Zeroizing<Vec<u64>> {
    let mut words = Zeroizing::new(vec![0; words_for(n)]);
    words.iter_mut().zip(choices).for_each(|(w, c)| *w = *c);
    words
}

fn choice(words: &[u64], i: usize) -> Choice {
    Choice::from((words[i / 64] >> (i % 64) & 1) as u8)
}

/// Both keys of each OT of a batch. Each is used once.
pub struct SentKeys<A> {
    pub(super) pairs: Zeroizing<Vec<[Label; 2]>>,
    level: PhantomData<fn() -> A>,
}

impl<A> SentKeys<A> {
    /// Keys of a protocol against this adversary.
    pub(super) fn new(pairs: Zeroizing<Vec<[Label; 2]>>) -> Self {
        Self {
            pairs,
            level: PhantomData,
        }
    }

    /// Number of OTs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// The chosen key of each OT of a batch. Each is used once.
pub struct ReceivedKeys<A> {
    /// Choice bits, 64 to a word.
    pub(super) choices: Zeroizing<Vec<u64>>,
    pub(super) keys: Zeroizing<Vec<Label>>,
    level: PhantomData<fn() -> A>,
}

impl<A> ReceivedKeys<A> {
    /// Keys of a protocol against this adversary.
    pub(super) fn new(choices: Zeroizing<Vec<u64>>, keys: Zeroizing<Vec<Label>>) -> Self {
        Self {
            choices,
            keys,
            level: PhantomData,
        }
    }

    /// Number of OTs.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Whether a batch is one from which an extension can start.
pub(super) fn is_for_extension(n: usize) -> Result<(), Error> {
    if n == SECURITY {
        Ok(())
    } else {
        Err(Error::bug("an extension starts from 128 base OTs"))
    }
}
