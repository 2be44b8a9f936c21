//! Proofs that products of shared integers are right: each party proves its own to both others, before anything is opened.
//!
//! - **Functionality**: all products and sums of products that were recorded are right at all honest parties, or these stop.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Li, Escudero et al. (CCS 2024, ePrint 2024/700), for lifting a statement mod 2^k by what verifiers know as integers, and
//!   for sums over random halves, of which an error stays in each with a chance of one half; Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai (CRYPTO 2019), sections 4.2 and 5, for the recursion and its challenges; Boyle,
//!   Gilboa, Ishai, Nof (CCS 2019), section 4, for the statement. A product itself is secure up to an added error (Araki et al., CCS 2016).
//! - **Assumptions**: AES-128 is a pseudo-random function, also where challenges are its keys; SHA-256 is a random oracle; links are
//!   private and authenticated.
//! - **Cost**: `smpcc_circuit::settle`: two rounds, those of the proofs about ANDs, and bytes that grow with the logarithm of the number of
//!   terms.
//! - **Departures from the paper**: these are our own, and no paper states this composition. The sums are integers, and what is proven of
//!   them is proven in a prime field in which they do not wrap, not mod 2^(k+s); there are 128 of them, not 40, so that challenges can
//!   be hashes; and a sum of more terms than one proof is about goes on in the next. It wants an outside reading.
//! - **Leakage and failure**: as in `settle`. An honest proof about a full chunk of 64-bit factors fails with a chance of 2^−40.
//!
//! **Statement.** Party `i` is the prover; `Σ` is over the terms of a product. With `t_i = z_i − Σ x_i y_i − a_i` mod 2^64, which its first
//! verifier, party `i − 1`, knows, and `a_{i+1}`, which its second one knows, it proves `Σ (x_i y_{i+1} + x_{i+1} y_i) = t_i + a_{i+1}` mod 2^64
//! for every product. The left side is an integer `e`, since each component is one at who knows it.
//!
//! **Proof.** 1. The statement decides on 128 random halves of the products. The prover shares `C = Σ e` over each, an integer that is
//! far below the size `p` of the field: the second verifier's share `c_2` is drawn from a key, the first one's is `C − c_2` mod `p`. Unless
//! `c_2 ≤ C`, which is rare, `c_1 + c_2 = C + p` as integers. So the verifiers find whether `Σ t + Σ a = C` mod 2^64 over each half from their
//! shares mod 2^64, and compare hashes: what the first one hashes the second one knows. 2. With random weights for the halves, their sum is a
//! product of two vectors of components over the field, weighed at the first verifier. Messages halve both until one element is left; the
//! last product has a random summand in each factor; the verifiers tell each other the factors.
//!
//! **Soundness.** For each hash that a prover tries: a wrong product stays unnoticed in all halves with a chance of 2^−128; a wrong sum
//! in the weighed total with 2^−120; each halving hides an error with less than 2^−190. Together less than 2^−39 after 2^80 hashes.

use smpcc_circuit::cost::Delay;
use smpcc_circuit::settle::{HALVES, ROUNDS, TermShape};
use zeroize::Zeroizing;

use self::proof::{Masks, Public, Side, Verdict, share_of_sum};
use super::prime::{LEN, Prime, WORDS};
use super::terms::Chunk;
use super::{About, HASH, Place, Rep3, Stream, components, digest, out_of_step, salt};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::Digest;
use crate::party::PartyId;
use crate::prg::Prg;
use crate::protocols::replicated::party;
use crate::protocols::{Machine, Malicious, Outcome, Preparation, Step, Stepped};

mod proof;
#[cfg(test)]
mod tests;

/// Bytes of what a verifier tells the other.
const SAID: usize = TermShape::said() as usize;

/// Blocks of a generator for so many elements.
const fn blocks(elements: usize) -> usize {
    (WORDS * elements).div_ceil(2)
}

/// What is known of the beginning of a product that goes on in the next proof: of this party's own what its second verifier knows; of the
/// next party's as first verifier, of the previous one's as second.
#[derive(Default)]
pub struct Carried {
    own: u64,
    next: u64,
    previous: u64,
}

/// Begins to prove the products that are recorded, if it is time.
pub(super) fn begin(suite: &mut Rep3<Malicious>, all: bool) -> Preparation<Rep3<Malicious>> {
    let chunk = suite.ledger.take_terms(all)?;
    let drawn = suite
        .ledger
        .draw_for_products(blocks(chunk.shape().elements()));
    Some(Box::new(Settle {
        place: Place::Proving,
        chunk: Some(chunk),
        components: None,
        drawn,
        verdicts: None,
    }))
}

/// A proof by each party, and its verification by both others.
struct Settle {
    place: Place,
    /// Until this party has verified.
    chunk: Option<Chunk>,
    /// Hashes of components `me` and `me + 1` of the factors.
    components: Option<[Digest; 2]>,
    /// The first number of what is drawn for shares of messages.
    drawn: u64,
    /// What it found: of the next party's proof as its first verifier, of the previous one's as its second.
    verdicts: Option<[(Digest, Verdict); 2]>,
}

/// The second verifier's shares of a proof's messages, from the key that it has in common with the prover.
fn shares(key: &Prg, first: u64, n: usize) -> Zeroizing<Vec<Prime>> {
    let mut words = Zeroizing::new(vec![0; WORDS * n]);
    key.fill_words(Stream::Products as u64, first, &mut words);
    let elements = words.chunks_exact(WORDS).map(Prime::of_words);
    Zeroizing::new(elements.collect())
}

fn mask(key: &Prg, stream: Stream, number: u64) -> Prime {
    let mut words = Zeroizing::new([0; WORDS]);
    key.fill_words(stream as u64, number * blocks(1) as u64, &mut words[..]);
    Prime::of_words(&words[..])
}

/// What is known of the products that end in a chunk: of the first, less what was known of its beginning.
fn left(known: &[u64], carried: &mut u64) -> Zeroizing<Vec<u64>> {
    let mut left = Zeroizing::new(known.to_vec());
    if let Some(first) = left.first_mut() {
        *first = first.wrapping_sub(std::mem::take(carried));
    }
    left
}

/// Of the product that goes on in the next chunk a share of its terms here is known.
fn carry(chunk: &Chunk, carried: &mut u64, first: bool, shares: &[Prime]) {
    if let (true, Some(&share)) = (chunk.goes_on(), shares.get(HALVES)) {
        *carried = carried.wrapping_add(share_of_sum(first, share));
    }
}

impl Settle {
    fn about(suite: &Rep3<Malicious>, chunk: &Chunk, prover: PartyId) -> About {
        About {
            session: suite.ledger.session(),
            what: "products",
            prover: prover.index(),
            number: chunk.number,
            n: chunk.rows[0].len() as u64,
        }
    }

    /// Proves this party's products; announces the others' proofs.
    fn prove(&mut self, suite: &mut Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let chunk = self.chunk.as_ref().ok_or_else(out_of_step)?;
        let (shape, number) = (chunk.shape(), chunk.number);
        let about = Self::about(suite, chunk, party(suite.me));
        let (ledger, [key, next_key]) = (&mut suite.ledger, &suite.keys);
        let second_knows = left(&chunk.products.keys[1], &mut ledger.carried.own);
        let first_knows = proof::expected(chunk, &second_knows);
        let first_salt = salt(key, Stream::SaltFirst, number);
        let second_salt = salt(next_key, Stream::SaltSecond, number);
        let [x0, x1, y0, y1] = &chunk.rows;
        let both = [components(x0, y0), components(x1, y1)];
        let first = about.half(&first_salt[..], &both[0], &first_knows);
        let second = about.half(&second_salt[..], &both[1], &[]);
        let shares = shares(next_key, self.drawn, shape.elements());
        carry(chunk, &mut ledger.carried.own, false, &shares);
        let masks = Masks {
            first: mask(key, Stream::ProductsFirst, number),
            second: mask(next_key, Stream::ProductsSecond, number),
        };
        let public = Public {
            shape,
            start: about.start(&first, &second),
        };
        let proof = proof::prove(&public, chunk, &shares, masks, &first_salt[..]);
        wire.send(previous, |out| {
            out.extend_from_slice(&second.0);
            for element in &proof.first {
                out.extend_from_slice(&element.to_le_bytes());
            }
        })?;
        wire.send(next, |out| {
            out.extend_from_slice(&first.0);
            for hash in &proof.hashes {
                out.extend_from_slice(&hash.0);
            }
        })?;
        self.components = Some(both);
        wire.expect(next, HASH + LEN * shape.elements())?;
        wire.expect(previous, HASH + HASH * shape.levels())
    }

    /// Verifies the next party's proof as its first verifier and the previous one's as its second; tells the other verifiers.
    fn verify(
        &mut self,
        suite: &mut Rep3<Malicious>,
        wire: &mut Exchange<'_>,
    ) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let chunk = self.chunk.take().ok_or_else(out_of_step)?;
        let (shape, number) = (chunk.shape(), chunk.number);
        let [x0, x1, y0, y1] = &chunk.rows;
        let abouts = [next, previous].map(|prover| Self::about(suite, &chunk, prover));
        let (ledger, [key, next_key]) = (&mut suite.ledger, &suite.keys);
        let [mine, next_ones] = self.components.ok_or_else(out_of_step)?;

        // Components `me + 1` are the next party's first.
        let about = abouts[0];
        let message = wire.take(next, HASH + LEN * shape.elements())?;
        let (second, elements) = message.split_at(HASH);
        let first_salt = salt(next_key, Stream::SaltFirst, number);
        let known = left(&chunk.products.next, &mut ledger.carried.next);
        let own = about.half(&first_salt[..], &next_ones, &known);
        let start = about.start(&own, &digest(second));
        let elements: Vec<Prime> = elements
            .chunks_exact(LEN)
            .map(Prime::from_le_bytes)
            .collect();
        carry(&chunk, &mut ledger.carried.next, true, &elements);
        let hashes = proof::hashes(shape, &first_salt[..], &elements);
        let side = Side {
            rows: [x1, y1],
            summand: &known,
            first: true,
            mask: mask(next_key, Stream::ProductsFirst, number),
        };
        let public = Public { shape, start };
        let verdict = proof::follow(&public, &chunk, &side, &elements, &hashes);
        let seen = about.seen(&start, &hashes, ledger.told(next.index()));
        let of_next = (seen, verdict);

        // Components `me` are the previous party's second.
        let about = abouts[1];
        let message = wire.take(previous, HASH + HASH * shape.levels())?;
        let (first, hashes) = message.split_at(HASH);
        let second_salt = salt(key, Stream::SaltSecond, number);
        let known = left(&chunk.products.keys[0], &mut ledger.carried.previous);
        let own = about.half(&second_salt[..], &mine, &[]);
        let start = about.start(&digest(first), &own);
        let hashes: Vec<Digest> = hashes.chunks_exact(HASH).map(digest).collect();
        let shares = shares(key, self.drawn, shape.elements());
        carry(&chunk, &mut ledger.carried.previous, false, &shares);
        let side = Side {
            rows: [y0, x0],
            summand: &known,
            first: false,
            mask: mask(key, Stream::ProductsSecond, number),
        };
        let public = Public { shape, start };
        let verdict = proof::follow(&public, &chunk, &side, &shares, &hashes);
        let seen = about.seen(&start, &hashes, ledger.told(previous.index()));
        let of_previous = (seen, verdict);

        // The other verifier of each is the party that is neither its prover nor this one.
        for (to, (seen, verdict)) in [(previous, &of_next), (next, &of_previous)] {
            wire.send(to, |out| {
                let Verdict {
                    sums,
                    factor,
                    check,
                    claim,
                } = verdict;
                out.extend_from_slice(&seen.0);
                out.extend_from_slice(&sums.0);
                for element in [factor, check, claim] {
                    out.extend_from_slice(&element.to_le_bytes());
                }
            })?;
            wire.expect(to, SAID)?;
        }
        self.verdicts = Some([of_next, of_previous]);
        Ok(())
    }

    /// Compares with what the other verifiers say.
    fn compare(&self, suite: &Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let [of_next, of_previous] = self.verdicts.as_ref().ok_or_else(out_of_step)?;
        let mut right = true;
        for (other, (seen, mine)) in [(previous, of_next), (next, of_previous)] {
            let said = wire.take(other, SAID)?;
            let (hashes, elements) = said.split_at(2 * HASH);
            let (theirs, sums) = hashes.split_at(HASH);
            let mut elements = elements.chunks_exact(LEN).map(Prime::from_le_bytes);
            let mut element = || elements.next().unwrap_or_default();
            let verdict = Verdict {
                sums: digest(sums),
                factor: element(),
                check: element(),
                claim: element(),
            };
            right &= digest(theirs) == *seen && mine.agrees(&verdict);
        }
        match right {
            true => Ok(()),
            // Of the next party's proof the previous one is the other verifier, and the other way round.
            false => Err(Error::cheating(
                [next, previous],
                "a proof of what was computed does not hold",
            )),
        }
    }
}

impl Machine<Rep3<Malicious>> for Settle {
    fn step(
        &mut self,
        suite: &mut Rep3<Malicious>,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Rep3<Malicious>>, Error> {
        match self.place {
            Place::Proving => self.prove(suite, wire)?,
            Place::Verifying => self.verify(suite, wire)?,
            Place::Comparing => {
                self.compare(suite, wire)?;
                suite.ledger.passed();
                let done = Outcome::Values(Vec::new());
                return Ok(Step::Done(done, Delay::Rounds(ROUNDS)));
            }
        }
        self.place = match self.place {
            Place::Proving => Place::Verifying,
            Place::Verifying | Place::Comparing => Place::Comparing,
        };
        Ok(Step::Waiting)
    }
}
