//! Bits as numbers.
//!
//! - **Functionality**: an arithmetic 0 or 1 from a Boolean bit.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort (`passing`).
//! - **Source**: ours, from the sharing by two of Dalskov, Escudero, Keller (ePrint 2020/1330), section 3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: two rounds; six elements, as many as a product.
//! - **Departures from the paper**: it injects a bit by way of its summands one by one.
//! - **Leakage and failure**: what is sent is uniform to its receiver (`pairs`).
//!
//! Parties 2 and 3 know `u = b_0 ⊕ b_1`, and parties 0 and 1 know `w = b_2 ⊕ b_3`. They share these as products of components 0 and 1, and 2
//! and 3, are shared: `u` has components 0 and 1, `w` the others. Then `b = u + w − 2uw` is a product of which only the four other pairs exist.

use zeroize::Zeroize;

use super::arithmetic::shared;
use super::pairs::{Block, PairId, Part, part};
use super::{
    Adversary, BLOCK, Begun, Held, PARTS, Pipeline, Rep4, Share, Ticket, block_range, boolean,
    numbers_for,
};
use crate::bits::words_for;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::pipeline::{Blocks, Place};
use crate::ring::Element;

/// The pairs that are shared first, and those of the product.
const PAIRS: [&[PairId]; 2] = [&[0, 2], &[1, 3, 4, 5]];

struct Inject<E> {
    bits: Held,
    ring: u32,
    lanes: usize,
    /// [`Inject::NUMBERS`] for each phase of a block.
    ticket: Ticket,
    /// Block after block.
    out: [Vec<E>; PARTS],
}

/// A block under way: what is being shared, and of the first phase what was.
struct Under<E: Element> {
    block: Block<E>,
    before: [Vec<E>; PARTS],
}

impl<E: Element> Default for Under<E> {
    fn default() -> Self {
        Self {
            block: Block::default(),
            before: [Vec::new(), Vec::new(), Vec::new()],
        }
    }
}

impl<E: Element> Drop for Under<E> {
    fn drop(&mut self) {
        self.before.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Bits as arithmetic zeros and ones.
pub(super) fn begin<T: Adversary + Send + Sync + 'static, E: Element>(
    suite: &mut Rep4<T>,
    bits: Held,
    ring: u32,
) -> Result<Begun<Rep4<T>>, Error> {
    let lanes = boolean(&bits)?.lanes();
    let numbers = 2 * Inject::<E>::NUMBERS as usize;
    Pipeline::begun(Inject::<E> {
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        bits,
        ring,
        lanes,
        out: std::array::from_fn(|_| Vec::with_capacity(lanes)),
    })
}

impl<E: Element> Inject<E> {
    const NUMBERS: u64 = numbers_for(BLOCK * E::WORDS) as u64;

    /// What this party knows of `u` or `w`: the bits of both components of a pair.
    fn known(
        &self,
        pair: PairId,
        me: usize,
        block: usize,
    ) -> Result<Option<(usize, Vec<E>)>, Error> {
        let (_, Part::Knows { i, j, known }) = part(me, pair) else {
            return Ok(None);
        };
        let share = boolean(&self.bits)?;
        let range = block_range(block, BLOCK, self.lanes);
        let from = range.start / 64;
        let words = |part: usize| &share.part[part].bit(0)[from..from + words_for(range.len())];
        let (a, b) = (words(i), words(j));
        let bit = |l: usize| (a[l / 64] ^ b[l / 64]) >> (l % 64) & 1;
        let bits = (0..range.len()).map(|l| E::of(bit(l).into()));
        Ok(Some((known, bits.collect())))
    }
}

impl<T: Adversary + Send + Sync + 'static, E: Element> Blocks<Rep4<T>> for Inject<E> {
    type State = Under<E>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn compute(
        &self,
        suite: &Rep4<T>,
        place: Place,
        Under { block, before }: &mut Self::State,
    ) -> Result<(), Error> {
        let n = block_range(place.block, BLOCK, self.lanes).len();
        let number = self.ticket.block(place.block);
        match place.phase {
            0 => {
                for part in block.z.iter_mut().chain(&mut block.v) {
                    part.clear();
                    part.resize(n, E::default());
                }
                for &pair in PAIRS[0] {
                    if let Some((known, bits)) = self.known(pair, suite.me, place.block)? {
                        block.v[known] = bits;
                    }
                }
                block.share(suite, PAIRS[0], self.ring, number)
            }
            1 => {
                *before = std::mem::take(&mut block.z);
                block.z = std::array::from_fn(|_| vec![E::default(); n]);
                for &pair in PAIRS[1] {
                    if let (_, Part::Knows { i, j, known }) = part(suite.me, pair) {
                        let factors = before[i].iter().zip(&before[j]);
                        block.v[known].clear();
                        block.v[known].extend(factors.map(|(x, y)| x.mul(*y)));
                    }
                }
                block.share(suite, PAIRS[1], self.ring, number + Self::NUMBERS)
            }
            _ => {
                for (z, before) in block.z.iter_mut().zip(before) {
                    for (z, before) in z.iter_mut().zip(before) {
                        *z = before.sub(z.add(*z)).low(self.ring);
                    }
                }
                Ok(())
            }
        }
    }

    fn send(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        Under { block, .. }: &mut Self::State,
    ) -> Result<(), Error> {
        let pairs = PAIRS.get(place.phase as usize).copied();
        block.say(suite, wire, pairs.unwrap_or_default(), self.ring)
    }

    fn receive(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        Under { block, .. }: &mut Self::State,
    ) -> Result<(), Error> {
        let pairs = PAIRS.get(place.phase as usize).copied();
        block.hear(suite, wire, pairs.unwrap_or_default(), self.ring)
    }

    fn end(
        &mut self,
        _suite: &mut Rep4<T>,
        _block: usize,
        Under { block, .. }: &mut Self::State,
    ) -> Result<(), Error> {
        for (out, part) in self.out.iter_mut().zip(&block.z) {
            out.extend_from_slice(part);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(shared(std::mem::take(&mut self.out), self.ring))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_shared_once() {
        let mut all: Vec<PairId> = PAIRS.concat();
        all.sort_unstable();
        assert_eq!(all, super::super::pairs::ALL);
        for (phase, pairs) in PAIRS.into_iter().enumerate() {
            for &pair in pairs {
                let of = smpcc_circuit::cost::PAIRS[pair];
                // Components 0 and 1 are those of `u`.
                assert_eq!((of.i < 2) == (of.j < 2), phase == 0);
            }
        }
    }
}
