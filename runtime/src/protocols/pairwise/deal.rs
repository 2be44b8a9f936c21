//! Sharing what one party knows, without a message.
//!
//! - **Functionality**: a dealer's integers or bits become shared: inputs, additive parts of arithmetic values, random parts.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: pseudo-random secret sharing between a dealer and each other party, as in Araki et al. (CCS 2016), section 2.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: nothing.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: each other party's share comes from a key that it has with the dealer alone, so shares are
//!   uniform to any parties without the dealer.

use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use super::{Arithmetic, Begun, Boolean, Held, Pairwise, Share, arithmetic, done};
use crate::bits::{Bits, words_for};
use crate::error::Error;
use crate::protocols::interface::{Clear, Owned};
use crate::ring::{Element, Elements, for_width};

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
            let number = self.numbers.take((lanes * E::WORDS).div_ceil(2));
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
        let number = self.numbers.take((width * words_for(lanes)).div_ceil(2));
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

/// Shares an input; the value is there at its owner.
pub(super) fn input(
    suite: &mut Pairwise,
    input: &Owned,
    value: Clear,
) -> Result<Begun<Pairwise>, Error> {
    let Owned { owner, bits, lanes } = *input;
    done(vec![match value {
        Clear::Integers(value) => suite.deal_elements(owner, bits, lanes, value.as_deref())?,
        Clear::Bits(value) => {
            let value = value.map(|bits| Bits::clone(&bits));
            Share::Boolean(suite.deal_bits(owner, bits as usize, lanes, value)?)
        }
    }])
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
            )?),
            false => None,
        };
        let mut part = suite.deal_bits(dealer, width, lanes, mine.clone())?;
        part.known = mine.map(|bits| Arc::new(Zeroizing::new(bits)));
        parts.push(Share::Boolean(part));
    }
    done(parts)
}
