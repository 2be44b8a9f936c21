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
//! shares mod 2^64, and compare hashes: what the first one hashes the second one knows. Of a sum that goes on in the next proof there is one
//! share and no halves: a second verifier whose share is so small that it may be at most the sum lets the proof fail. 2. With random weights
//! for the halves, their sum is a product of two vectors of components over the field, weighed at the first verifier. Messages halve both
//! until one element is left; the last product has a random summand in each factor; the verifiers tell each other the factors.
//!
//! **Soundness.** For each hash that a prover tries: a wrong product stays unnoticed in all halves with a chance of 2^−128; a wrong sum
//! in the weighed total with 2^−120; each halving hides an error with less than 2^−190. Together less than 2^−39 after 2^80 hashes.

use smpcc_circuit::settle::{HALVES, TermShape};
use zeroize::Zeroizing;

use self::proof::{Masks, Public, Room, Side, Verdict, share_of_sum};
use super::terms::{Chunk, Terms};
use super::{HASH, Said, Statement, Verifier, digest};
use crate::hash::Digest;
use crate::prg::Prg;
use crate::protocols::replicated::Stream;
use crate::simd::prime::{LEN, Prime, WORDS};

mod proof;
#[cfg(test)]
mod tests;

/// Blocks of a generator for so many elements.
pub(super) const fn blocks(elements: usize) -> usize {
    (WORDS * elements).div_ceil(2)
}

/// What goes from proof to proof.
#[derive(Default)]
pub struct Carried {
    /// What is known of the beginning of a product that goes on in the next proof: of this party's own what its second verifier knows; of
    /// the next party's as first verifier, of the previous one's as second.
    own: u64,
    next: u64,
    previous: u64,
    /// What the products of the proof that is being made add up to.
    integers: Zeroizing<Vec<[u64; 3]>>,
    room: Room,
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
fn carry(chunk: &Chunk, carried: &mut u64, verifier: Verifier, shares: &[Prime]) {
    if let (true, Some(&share)) = (chunk.goes_on(), shares.get(HALVES)) {
        *carried = carried.wrapping_add(share_of_sum(verifier == Verifier::First, share));
    }
}

impl Chunk {
    /// What hides a verifier's factor of the last product.
    fn mask(&self, verifier: Verifier, key: &Prg) -> Prime {
        let stream = match verifier {
            Verifier::First => Stream::ProductsFirst,
            Verifier::Second => Stream::ProductsSecond,
        };
        let mut words = Zeroizing::new([0; WORDS]);
        key.fill_words(
            stream as u64,
            self.number * blocks(1) as u64,
            &mut words[..],
        );
        Prime::of_words(&words[..])
    }

    fn public(&self, start: Digest) -> Public {
        Public {
            shape: self.shape(),
            start,
        }
    }
}

impl Statement for Chunk {
    type Element = Prime;
    type Verdict = Verdict;

    const WHAT: &'static str = "products";
    const LEN: usize = LEN;
    const VERDICT: usize = TermShape::said() as usize - HASH;

    fn number(&self) -> u64 {
        self.number
    }

    fn n(&self) -> u64 {
        self.rows[0].len() as u64
    }

    fn elements(&self) -> usize {
        self.shape().elements()
    }

    fn levels(&self) -> usize {
        self.shape().levels()
    }

    fn operands(&self) -> [[&[u64]; 2]; 2] {
        let [x0, x1, y0, y1] = &self.rows;
        [[x0, y0], [x1, y1]]
    }

    fn first_knows(&self, carried: &mut Carried) -> Zeroizing<Vec<u64>> {
        let second_knows = left(&self.products.keys[1], &mut carried.own);
        carried.integers = proof::integers(self);
        proof::expected(&carried.integers, &second_knows)
    }

    fn knows(&self, verifier: Verifier, carried: &mut Carried) -> Zeroizing<Vec<u64>> {
        match verifier {
            Verifier::First => left(&self.products.next, &mut carried.next),
            Verifier::Second => left(&self.products.keys[0], &mut carried.previous),
        }
    }

    fn shares(&self, key: &Prg, drawn: u64) -> Zeroizing<Vec<Prime>> {
        let mut words = Zeroizing::new(vec![0; WORDS * self.elements()]);
        key.fill_words(Stream::Products as u64, drawn, &mut words);
        let elements = words.chunks_exact(WORDS).map(Prime::of_words);
        Zeroizing::new(elements.collect())
    }

    fn prove(
        &self,
        carried: &mut Carried,
        start: Digest,
        keys: [&Prg; 2],
        shares: &[Prime],
        salt: &[u8],
    ) -> Said<Prime> {
        carry(self, &mut carried.own, Verifier::Second, shares);
        let masks = Masks {
            first: self.mask(Verifier::First, keys[0]),
            second: self.mask(Verifier::Second, keys[1]),
        };
        let integers = std::mem::take(&mut carried.integers);
        let all = (self, &integers[..]);
        proof::prove(
            &self.public(start),
            all,
            shares,
            masks,
            salt,
            &mut carried.room,
        )
    }

    fn hashes(&self, salt: &[u8], elements: &[Prime]) -> Vec<Digest> {
        proof::hashes(self.shape(), salt, elements)
    }

    fn follow(
        &self,
        verifier: Verifier,
        carried: &mut Carried,
        key: &Prg,
        start: Digest,
        known: &[u64],
        said: &Said<Prime>,
    ) -> Verdict {
        let [[x0, y0], [x1, y1]] = self.operands();
        let (rows, known_before) = match verifier {
            Verifier::First => ([x1, y1], &mut carried.next),
            Verifier::Second => ([y0, x0], &mut carried.previous),
        };
        carry(self, known_before, verifier, &said.elements);
        let side = Side {
            rows,
            summand: known,
            first: verifier == Verifier::First,
            mask: self.mask(verifier, key),
        };
        proof::follow(
            &self.public(start),
            self,
            &side,
            &said.elements,
            &said.hashes,
            &mut carried.room,
        )
    }

    fn over(self, terms: &mut Terms) {
        terms.give_back(self);
    }

    fn write(element: Prime, out: &mut Vec<u8>) {
        out.extend_from_slice(&element.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Prime {
        Prime::from_le_bytes(bytes)
    }

    fn tell(verdict: &Verdict, out: &mut Vec<u8>) {
        let Verdict {
            sums,
            factor,
            check,
            claim,
        } = *verdict;
        out.extend_from_slice(&sums.0);
        for element in [factor, check, claim] {
            Self::write(element, out);
        }
    }

    fn agrees(verdict: &Verdict, theirs: &[u8]) -> bool {
        let (sums, elements) = theirs.split_at(HASH);
        let mut elements = elements.chunks_exact(LEN).map(Self::read);
        let mut element = || elements.next().unwrap_or_default();
        verdict.agrees(&Verdict {
            sums: digest(sums),
            factor: element(),
            check: element(),
            claim: element(),
        })
    }
}
