//! Proofs that the products of shared bits are right: each party proves its own to both others, before anything is opened.
//!
//! - **Functionality**: all ANDs that were recorded are right at all honest parties, or these stop; and what one party told the two others
//!   in the clear was the same.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, "Zero-knowledge proofs on secret-shared data via fully linear PCPs" (CRYPTO
//!   2019), section 4.2 for the recursion and section 5 for the transform of Fiat and Shamir; Boyle, Gilboa, Ishai, Nof, "Practical fully
//!   secure three-party computation via sublinear distributed zero-knowledge proofs" (CCS 2019), section 4 for the statement; Li et al.,
//!   "Efficient 3PC for binary circuits with application to maliciously-secure DNN inference" (USENIX Security 2023, ePrint 2023/909), for
//!   proving bits in a field of characteristic two. AND itself is secure up to an added error (Araki et al., CCS 2016).
//! - **Assumptions**: AES-128 is a pseudo-random function; SHA-256 is a random oracle; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::settle`: two rounds, and bytes that grow with the logarithm of the number of ANDs.
//! - **Departures from the paper**: these are our own, and no paper states this composition: the first message is a grid over up to six
//!   variables at once, 64 lanes of a word are one field element, both verifiers verify at once in the second round, and what binds a
//!   challenge is a hash of the statement itself, salted with what its prover and that verifier draw from their key. Unsalted, the
//!   hash of few bits would tell them to the other verifier. It wants an outside reading.
//! - **Leakage and failure**: a verifier sees shares that are masked by the other's, and one factor that is masked; hashes of what it does not
//!   know are salted. Whoever notices that a proof is false stops, and names its prover and the other verifier, of whom one is corrupt.
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

use smpcc_circuit::cost::Delay;
use smpcc_circuit::settle::{FIELD_LEN, HASH_LEN, ROUNDS, Shape, VERDICT};
use zeroize::Zeroizing;

use self::ledger::{Recorded, Row};
use self::proof::{Masks, Public, Side, Verdict};
use super::{Rep3, Stream, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript};
use crate::party::PartyId;
use crate::prg::Prg;
use crate::protocols::{Machine, Malicious, Outcome, Preparation, Step, Stepped};
use crate::session::SessionId;
use crate::simd::field::Field;

pub mod ledger;
mod prime;
mod products;
mod proof;
mod terms;
#[cfg(test)]
pub(super) mod tests;

const FIELD: usize = FIELD_LEN as usize;
const HASH: usize = HASH_LEN as usize;

/// Blocks of a generator that a salt takes.
const SALT_BLOCKS: u64 = 2;
const SALT: usize = 32;

/// Bytes of what a verifier tells the other.
const SAID: usize = HASH + VERDICT as usize * FIELD;

/// Begins to prove what is recorded, if it is time.
pub(super) fn begin(
    suite: &mut Rep3<Malicious>,
    all: bool,
) -> Result<Preparation<Rep3<Malicious>>, Error> {
    let Some(recorded) = suite.ledger.take(all) else {
        return Ok(products::begin(suite, all));
    };
    let drawn = suite.ledger.draw(recorded.shape().elements());
    Ok(Some(Box::new(Settle {
        shape: recorded.shape(),
        recorded: Some(recorded),
        components: None,
        drawn,
        place: Place::Proving,
        verdicts: None,
    })))
}

/// A proof by each party, and its verification by both others.
struct Settle {
    place: Place,
    shape: Shape,
    /// Until this party has verified.
    recorded: Option<Recorded>,
    /// Hashes of components `me` and `me + 1` of the operands.
    components: Option<[Digest; 2]>,
    /// The first number of what is drawn for shares of messages.
    drawn: u64,
    /// What it found: of the next party's proof as its first verifier, of the previous one's as its second.
    verdicts: Option<[(Digest, Verdict); 2]>,
}

/// What a tick does.
#[derive(Clone, Copy)]
enum Place {
    Proving,
    Verifying,
    Comparing,
}

/// What a proof is about.
#[derive(Clone, Copy)]
struct About {
    session: SessionId,
    /// ANDs or products.
    what: &'static str,
    /// Its prover.
    prover: usize,
    /// Which of the run's.
    number: u64,
    /// How many.
    n: u64,
}

impl About {
    fn transcript(self, domain: &str) -> Transcript {
        let mut t = Transcript::new(domain);
        t.bytes(&self.session.0)
            .string(self.what)
            .number(self.prover as u64)
            .number(self.number)
            .number(self.n);
        t
    }

    /// The hash of what one verifier knows of the statement: its components of the operands, and of the first one what it knows of the
    /// products. What keys gave is no choice of the prover's.
    fn half(self, salt: &[u8], components: &Digest, products: &[u64]) -> Digest {
        let mut t = self.transcript("smpcc/rep3/statement");
        t.bytes(salt).digest(components).words64(products);
        t.finish()
    }

    /// What all challenges follow from.
    fn start(self, first: &Digest, second: &Digest) -> Digest {
        let mut t = self.transcript("smpcc/rep3/proof");
        t.digest(first).digest(second);
        t.finish()
    }

    /// What both verifiers must have seen alike: the whole proof as far as it is hashed, and what its prover told them before.
    fn seen(self, start: &Digest, hashes: &[Digest], told: Digest) -> Digest {
        let mut t = self.transcript("smpcc/rep3/seen");
        t.digest(start).digest(&told).list(hashes.len());
        for hash in hashes {
            t.digest(hash);
        }
        t.finish()
    }
}

/// The hash of one component of both operands. It is hashed again with a salt before it is sent.
fn components(x: &[u64], y: &[u64]) -> Digest {
    let mut t = Transcript::new("smpcc/rep3/components");
    t.words64(x).words64(y);
    t.finish()
}

fn salt(key: &Prg, stream: Stream, number: u64) -> Zeroizing<[u8; SALT]> {
    let mut salt = Zeroizing::new([0; SALT]);
    key.fill_bytes(stream as u64, number * SALT_BLOCKS, &mut salt[..]);
    salt
}

fn mask(key: &Prg, stream: Stream, number: u64) -> Field {
    Field::from_le_bytes(key.block(stream as u64, number))
}

/// The second verifier's shares of a proof's messages, from the key that it has in common with the prover.
fn shares(key: &Prg, first: u64, n: usize) -> Vec<Field> {
    let mut words = Zeroizing::new(vec![0; 2 * n]);
    key.fill_words(Stream::Proof as u64, first, &mut words);
    let pairs = words.chunks_exact(2);
    pairs
        .map(|w| Field::from(w[0]) | Field::from(w[1]) << 64)
        .collect()
}

impl Settle {
    fn about(&self, suite: &Rep3<Malicious>, recorded: &Recorded, prover: PartyId) -> About {
        About {
            session: suite.ledger.session(),
            what: "ANDs",
            prover: prover.index(),
            number: recorded.number,
            n: recorded.ands,
        }
    }

    /// Proves this party's products; announces the others' proofs.
    fn prove(&mut self, suite: &Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let recorded = self.recorded.as_ref().ok_or_else(out_of_step)?;
        let (shape, number) = (self.shape, recorded.number);
        let row = |row| recorded.row(row);
        let [key, next_key] = &suite.keys;
        let me = party(suite.me);
        // As prover: t_i = x_i y_{i+1} ⊕ y_i x_{i+1} ⊕ a_{i+1} if the product that was sent is right.
        let sums = row(Row::X0).iter().zip(row(Row::Y1));
        let sums = sums.zip(row(Row::Y0).iter().zip(row(Row::X1)));
        let t: Zeroizing<Vec<u64>> = Zeroizing::new(
            sums.zip(row(Row::A1))
                .map(|(((x0, y1), (y0, x1)), a)| x0 & y1 ^ y0 & x1 ^ a)
                .collect(),
        );
        let about = self.about(suite, recorded, me);
        let first_salt = salt(key, Stream::SaltFirst, number);
        let second_salt = salt(next_key, Stream::SaltSecond, number);
        let both = [
            components(row(Row::X0), row(Row::Y0)),
            components(row(Row::X1), row(Row::Y1)),
        ];
        let first = about.half(&first_salt[..], &both[0], &t);
        let second = about.half(&second_salt[..], &both[1], &[]);
        let shares = shares(next_key, self.drawn, shape.elements());
        let masks = Masks {
            first: mask(key, Stream::MaskFirst, number),
            second: mask(next_key, Stream::MaskSecond, number),
        };
        let proof = proof::prove(
            &Public {
                shape,
                start: about.start(&first, &second),
            },
            [row(Row::X0), row(Row::X1)],
            [row(Row::Y0), row(Row::Y1)],
            &shares,
            masks,
            &first_salt[..],
        );
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
        wire.expect(next, HASH + FIELD * shape.elements())?;
        wire.expect(previous, HASH + HASH * shape.levels())
    }

    /// Verifies the next party's proof as its first verifier and the previous one's as its second; tells the other verifiers.
    fn verify(&mut self, suite: &Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let recorded = self.recorded.take().ok_or_else(out_of_step)?;
        let (shape, number) = (self.shape, recorded.number);
        let row = |row| recorded.row(row);
        let [key, next_key] = &suite.keys;
        let [mine, next_ones] = self.components.ok_or_else(out_of_step)?;

        // Components `me + 1` are the next party's first.
        let about = self.about(suite, &recorded, next);
        let message = wire.take(next, HASH + FIELD * shape.elements())?;
        let (second, elements) = message.split_at(HASH);
        let first_salt = salt(next_key, Stream::SaltFirst, number);
        let rows = [row(Row::X1), row(Row::Y1)];
        let own = about.half(&first_salt[..], &next_ones, row(Row::T));
        let start = about.start(&own, &digest(second));
        let public = Public { shape, start };
        let elements: Vec<Field> = elements.chunks_exact(FIELD).map(element).collect();
        let hashes = proof::hashes(shape, &first_salt[..], &elements);
        let side = Side {
            rows,
            summand: row(Row::T),
            weighs: true,
            mask: mask(next_key, Stream::MaskFirst, number),
        };
        let verdict = proof::follow(&public, &side, &elements, &hashes);
        let seen = about.seen(&start, &hashes, suite.ledger.told(next.index()));
        let of_next = (seen, verdict);

        // Components `me` are the previous party's second.
        let about = self.about(suite, &recorded, previous);
        let message = wire.take(previous, HASH + HASH * shape.levels())?;
        let (first, hashes) = message.split_at(HASH);
        let second_salt = salt(key, Stream::SaltSecond, number);
        let rows = [row(Row::Y0), row(Row::X0)];
        let own = about.half(&second_salt[..], &mine, &[]);
        let start = about.start(&digest(first), &own);
        let public = Public { shape, start };
        let hashes: Vec<Digest> = hashes.chunks_exact(HASH).map(digest).collect();
        let side = Side {
            rows,
            summand: row(Row::A0),
            weighs: false,
            mask: mask(key, Stream::MaskSecond, number),
        };
        let shares = shares(key, self.drawn, shape.elements());
        let verdict = proof::follow(&public, &side, &shares, &hashes);
        let seen = about.seen(&start, &hashes, suite.ledger.told(previous.index()));
        let of_previous = (seen, verdict);

        // The other verifier of each is the party that is neither its prover nor this one.
        for (to, (seen, verdict)) in [(previous, &of_next), (next, &of_previous)] {
            wire.send(to, |out| {
                out.extend_from_slice(&seen.0);
                let Verdict {
                    factor,
                    checks,
                    claim,
                } = verdict;
                for element in [factor, &checks[0], &checks[1], claim] {
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
        let mut right = [true; 2];
        for (right, (other, mine)) in right
            .iter_mut()
            .zip([(previous, of_next), (next, of_previous)])
        {
            let said = wire.take(other, SAID)?;
            let (seen, elements) = said.split_at(HASH);
            let mut elements = elements.chunks_exact(FIELD).map(element);
            let mut element = || elements.next().unwrap_or(0);
            let theirs = Verdict {
                factor: element(),
                checks: [element(), element()],
                claim: element(),
            };
            *right = digest(seen) == mine.0 && mine.1.agrees(&theirs);
        }
        match right {
            [true, true] => Ok(()),
            // Of the next party's proof the previous one is the other verifier, and the other way round.
            _ => Err(Error::cheating(
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

fn digest(bytes: &[u8]) -> Digest {
    let mut digest = [0; HASH];
    digest.iter_mut().zip(bytes).for_each(|(d, b)| *d = *b);
    Digest(digest)
}

fn element(bytes: &[u8]) -> Field {
    let mut element = [0; FIELD];
    element.iter_mut().zip(bytes).for_each(|(e, b)| *e = *b);
    Field::from_le_bytes(element)
}

fn out_of_step() -> Error {
    Error::bug("a proof goes on after its end")
}
