//! Sharing what one party knows, without a message.
//!
//! - **Functionality**: a dealer's integers or bits become shared: inputs, additive parts of arithmetic values, random parts.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: pseudo-random secret sharing between a dealer and each other party, as in Araki et al. (CCS 2016), section 2.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: nothing; a published input one round, one element to each other party.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: each other party's share comes from a key that it has with the dealer alone, so shares are
//!   uniform to any parties without the dealer.

use std::sync::Arc;

use smpcc_circuit::program::{Domain, InputLeaf, ValueInfo};
use zeroize::{Zeroize, Zeroizing};

use super::{Arithmetic, BLOCK, Begun, Boolean, Held, Pairwise, Share, arithmetic, done, party};
use crate::bits::{Bits, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::operands::{bits_of, block_range, in_ring, n_lanes};
use crate::protocols::{Blocks, Outcome, Pipeline, Place, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

/// Words that are drawn at a time.
const CHUNK: usize = 1 << 12;

impl Pairwise {
    /// Shares a dealer's integers mod 2^ring; `value` is there at the dealer.
    fn deal_elements(
        &mut self,
        dealer: usize,
        ring: u32,
        lanes: usize,
        value: Option<&Elements>,
    ) -> Result<Share, Error> {
        for_width!(ring, E => {
            let number = self.allocate(lanes * E::WORDS);
            let mut share: Vec<E> = match value {
                Some(value) => super::pool::slice::<E>(value)?.to_vec(),
                None => vec![E::default(); lanes],
            };
            let mut words = vec![0; CHUNK * E::WORDS];
            for with in self.dealt_with(dealer) {
                for (i, share) in share.chunks_mut(CHUNK).enumerate() {
                    let words = &mut words[..share.len() * E::WORDS];
                    self.draw(with, dealer, number + (i * CHUNK * E::WORDS / 2) as u64, words)?;
                    for (share, word) in share.iter_mut().zip(words.chunks_exact(E::WORDS)) {
                        // The dealer keeps the difference.
                        let drawn = E::from_words(word);
                        *share = if self.me == dealer { share.sub(drawn) } else { drawn }.low(ring);
                    }
                }
            }
            words.zeroize();
            Ok(Share::Arithmetic(Arithmetic { ring, part: vec![E::wrap(share)] }))
        })
    }

    /// Shares a dealer's bit strings; `value` is there at the dealer.
    fn deal_bits(
        &mut self,
        dealer: usize,
        width: usize,
        lanes: usize,
        value: Option<Bits>,
    ) -> Result<Boolean, Error> {
        let mut share = value.unwrap_or_else(|| Bits::zeros(width, lanes));
        let number = self.allocate(width * words_for(lanes));
        let mut words = vec![0; CHUNK];
        for with in self.dealt_with(dealer) {
            for (i, share) in share.words_mut().chunks_mut(CHUNK).enumerate() {
                let words = &mut words[..share.len()];
                self.draw(with, dealer, number + (i * CHUNK / 2) as u64, words)?;
                share.iter_mut().zip(words).for_each(|(s, w)| *s ^= *w);
            }
        }
        words.zeroize();
        Ok(Boolean::of(vec![share]))
    }

    /// Those with whom this party draws when `dealer` deals.
    fn dealt_with(&self, dealer: usize) -> Vec<usize> {
        if self.me == dealer {
            self.others().collect()
        } else {
            vec![dealer]
        }
    }
}

/// Shares (or publishes) an input leaf; `value` is there at its owner.
pub(super) fn input(
    suite: &mut Pairwise,
    leaf: &InputLeaf,
    to: ValueInfo,
    value: Option<Elements>,
) -> Result<Begun<Pairwise>, Error> {
    let (bits, lanes, owner) = (bits_of(to), n_lanes(to)?, leaf.party as usize);
    let value = match (value, owner == suite.me) {
        (Some(v), true) if v.lanes() == lanes => Some(Zeroizing::new(v)),
        (None, false) => None,
        (_, _) => return Err(Error::bug("an input is given twice, or by the wrong party")),
    };
    match to.domain {
        Domain::Public => Pipeline::begun(Publish {
            owner,
            bits,
            lanes,
            value: value.map_or_else(|| Elements::zeros(bits, lanes), |v| Elements::clone(&v)),
        }),
        Domain::Arithmetic { .. } => {
            let value = value.map(|v| Zeroizing::new(in_ring(&v, leaf.scalar, bits)));
            done(vec![suite.deal_elements(
                owner,
                bits,
                lanes,
                value.as_deref(),
            )?])
        }
        Domain::Boolean => {
            let value = value.map(|v| Bits::from_elements(bits as usize, &v));
            let share = suite.deal_bits(owner, bits as usize, lanes, value)?;
            done(vec![Share::Boolean(share)])
        }
        Domain::Yao => Err(Error::bug("inputs do not become labels directly")),
    }
}

/// Each party's share of the held integer as a bit string that it deals.
pub(super) fn decompose(
    suite: &mut Pairwise,
    value: &Held,
    width: usize,
) -> Result<Begun<Pairwise>, Error> {
    let value = arithmetic(value)?;
    let mut parts = Vec::with_capacity(suite.n);
    for dealer in 0..suite.n {
        let mine = (dealer == suite.me).then(|| Bits::from_elements(width, &value.part[0]));
        let part = suite.deal_bits(dealer, width, value.lanes(), mine)?;
        parts.push(Share::Boolean(part));
    }
    done(parts)
}

/// Parts of a sharing to be: string `i − 1` is drawn and dealt by party `i`, who remembers it.
pub(super) fn random_parts(
    suite: &mut Pairwise,
    width: usize,
    lanes: usize,
) -> Result<Begun<Pairwise>, Error> {
    let mut parts = Vec::with_capacity(suite.n);
    for dealer in 1..suite.n {
        let mine = match dealer == suite.me {
            true => Some(Bits::from_words(
                width,
                lanes,
                suite.fresh_words(width * words_for(lanes)),
            )),
            false => None,
        };
        let mut part = suite.deal_bits(dealer, width, lanes, mine.clone())?;
        part.known = mine.map(|bits| Arc::new(Zeroizing::new(bits)));
        parts.push(Share::Boolean(part));
    }
    done(parts)
}

/// What one party publishes.
struct Publish {
    owner: usize,
    bits: u32,
    lanes: usize,
    value: Elements,
}

impl Blocks<Pairwise> for Publish {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.lanes);
        let bits = self.bits;
        if suite.me != self.owner {
            return wire.expect(party(self.owner), range.len() * element_len(bits));
        }
        for other in suite.others() {
            wire.send(party(other), |out| {
                each!(&self.value, v => write_elements(&v[range.clone()], bits, out));
            })?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if suite.me == self.owner {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        let bits = self.bits;
        let bytes = wire.take(party(self.owner), range.len() * element_len(bits))?;
        each!(&mut self.value, v => for_width!(bits, E => {
            for (out, e) in v[range].iter_mut().zip(read_elements::<E>(bytes, bits)) {
                *out = Element::of(e.word());
            }
        }));
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let value = std::mem::replace(&mut self.value, Elements::zeros(1, 0));
        Ok(Outcome::Values(vec![Value::Public(value)]))
    }
}
