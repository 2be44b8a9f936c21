//! Proofs that the products of shared bits are right: each party proves its own to both others, before anything is opened.
//!
//! - **Functionality**: all ANDs that were recorded are right at all honest parties, or these stop.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, "Zero-knowledge proofs on secret-shared data via fully linear PCPs" (CRYPTO
//!   2019), section 4.2 for the recursion and section 5 for the transform of Fiat and Shamir; Boyle, Gilboa, Ishai, Nof, "Practical fully
//!   secure three-party computation via sublinear distributed zero-knowledge proofs" (CCS 2019), section 4 for the statement; Li et al.,
//!   "Efficient 3PC for binary circuits with application to maliciously-secure DNN inference" (USENIX Security 2023, ePrint 2023/909), for
//!   proving bits in a field of characteristic two. AND itself is secure up to an added error (Araki et al., CCS 2016).
//! - **Assumptions**: AES-128 is a pseudo-random function; SHA-256 is a random oracle; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::settle`: two rounds, and bytes that grow with the logarithm of the number of ANDs.
//! - **Departures from the paper**: these are our own, and no paper states this composition: the first message is a grid over up to six
//!   variables at once, 64 lanes of a word are one field element, and those of `settle`. It wants an outside reading.
//! - **Leakage and failure**: as in `settle`.
//!
//! **Statement.** Party `i` is the prover. With `t_i = z_i ⊕ x_i y_i ⊕ a_i`, which its first verifier, party `i − 1`, knows, and `a_{i+1}`,
//! which its second one, party `i + 1`, knows, it proves that `x_i y_{i+1} ⊕ y_i x_{i+1} = t_i ⊕ a_{i+1}` in every lane; the first verifier
//! knows `x_i` and `y_i`, the second one the others. A word of 64 lanes is an element of GF(2^128), and words have weights `ρ_w`, the
//! products of challenges over the bits of `w`, so that all lanes hold if the weighted sums are equal, but with a chance of `log w / 2^128`.
//!
//! **Proof.** The prover's messages are polynomials, of which each verifier has a share: the second one's is drawn from a key.
//! The first is the grid: the sum as a function of up to six of the variables of `w`, quadratic in each, by its values at 0, 1 and ∞. At
//! a random point of it the claim is a product of two vectors, one for each verifier, which each message after it halves. The last
//! product has a random summand in each factor; the verifiers tell each other the factors.
//!
//! **Soundness.** A false proof passes with a chance of at most `(n + 2ℓ + 2R + 2) / 2^128` for each hash that its prover tries, where
//! `n` is the number of variables, `ℓ` of those of the grid, and `R` of halvings: less than 2^−40 after 2^80 hashes.

use smpcc_circuit::settle::{FIELD_LEN, VERDICT};
use zeroize::Zeroizing;

use self::proof::{Masks, Public, Side, Verdict};
use super::ledger::{Recorded, Row};
use super::terms::Terms;
use super::{Carried, Said, Statement, Verifier};
use crate::hash::Digest;
use crate::prg::Prg;
use crate::protocols::replicated::Stream;
use crate::simd::field::Field;

mod proof;

const LEN: usize = FIELD_LEN as usize;

fn read(bytes: &[u8]) -> Field {
    let mut element = [0; LEN];
    element.iter_mut().zip(bytes).for_each(|(e, b)| *e = *b);
    Field::from_le_bytes(element)
}

impl Recorded {
    /// What hides a verifier's factor of the last product.
    fn mask(&self, verifier: Verifier, key: &Prg) -> Field {
        let stream = match verifier {
            Verifier::First => Stream::MaskFirst,
            Verifier::Second => Stream::MaskSecond,
        };
        Field::from_le_bytes(key.block(stream as u64, self.number))
    }

    fn public(&self, start: Digest) -> Public {
        Public {
            shape: self.shape(),
            start,
        }
    }
}

impl Statement for Recorded {
    type Element = Field;
    type Verdict = Verdict;

    const WHAT: &'static str = "ANDs";
    const LEN: usize = LEN;
    const VERDICT: usize = VERDICT as usize * LEN;

    fn number(&self) -> u64 {
        self.number
    }

    fn n(&self) -> u64 {
        self.ands
    }

    fn elements(&self) -> usize {
        self.shape().elements()
    }

    fn levels(&self) -> usize {
        self.shape().levels()
    }

    fn operands(&self) -> [[&[u64]; 2]; 2] {
        let row = |row| self.row(row);
        [[row(Row::X0), row(Row::Y0)], [row(Row::X1), row(Row::Y1)]]
    }

    /// `t_i = x_i y_{i+1} ⊕ y_i x_{i+1} ⊕ a_{i+1}`, if the product that was sent is right.
    fn first_knows(&self, _: &mut Carried) -> Zeroizing<Vec<u64>> {
        let row = |row| self.row(row);
        let sums = row(Row::X0).iter().zip(row(Row::Y1));
        let sums = sums.zip(row(Row::Y0).iter().zip(row(Row::X1)));
        let t = sums.zip(row(Row::A1));
        Zeroizing::new(
            t.map(|(((x0, y1), (y0, x1)), a)| x0 & y1 ^ y0 & x1 ^ a)
                .collect(),
        )
    }

    fn knows(&self, verifier: Verifier, _: &mut Carried) -> Zeroizing<Vec<u64>> {
        let row = match verifier {
            Verifier::First => Row::T,
            Verifier::Second => Row::A0,
        };
        Zeroizing::new(self.row(row).to_vec())
    }

    fn shares(&self, key: &Prg, drawn: u64) -> Zeroizing<Vec<Field>> {
        let mut words = Zeroizing::new(vec![0; 2 * self.elements()]);
        key.fill_words(Stream::Proof as u64, drawn, &mut words);
        let pairs = words.chunks_exact(2);
        let elements = pairs.map(|w| Field::from(w[0]) | Field::from(w[1]) << 64);
        Zeroizing::new(elements.collect())
    }

    fn prove(
        &self,
        _: &mut Carried,
        start: Digest,
        keys: [&Prg; 2],
        shares: &[Field],
        salt: &[u8],
    ) -> Said<Field> {
        let [[x0, y0], [x1, y1]] = self.operands();
        let masks = Masks {
            first: self.mask(Verifier::First, keys[0]),
            second: self.mask(Verifier::Second, keys[1]),
        };
        proof::prove(&self.public(start), [x0, x1], [y0, y1], shares, masks, salt)
    }

    fn hashes(&self, salt: &[u8], elements: &[Field]) -> Vec<Digest> {
        proof::hashes(self.shape(), salt, elements)
    }

    fn follow(
        &self,
        verifier: Verifier,
        _: &mut Carried,
        key: &Prg,
        start: Digest,
        known: &[u64],
        said: &Said<Field>,
    ) -> Verdict {
        let [[x0, y0], [x1, y1]] = self.operands();
        let side = Side {
            rows: match verifier {
                Verifier::First => [x1, y1],
                Verifier::Second => [y0, x0],
            },
            summand: known,
            weighs: verifier == Verifier::First,
            mask: self.mask(verifier, key),
        };
        proof::follow(&self.public(start), &side, &said.elements, &said.hashes)
    }

    fn over(self, _terms: &mut Terms) {}

    fn write(element: Field, out: &mut Vec<u8>) {
        out.extend_from_slice(&element.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Field {
        read(bytes)
    }

    fn tell(verdict: &Verdict, out: &mut Vec<u8>) {
        let Verdict {
            factor,
            checks: [first, second],
            claim,
        } = *verdict;
        for element in [factor, first, second, claim] {
            Self::write(element, out);
        }
    }

    fn agrees(verdict: &Verdict, theirs: &[u8]) -> bool {
        let mut elements = theirs.chunks_exact(LEN).map(read);
        let mut element = || elements.next().unwrap_or(0);
        verdict.agrees(&Verdict {
            factor: element(),
            checks: [element(), element()],
            claim: element(),
        })
    }
}
