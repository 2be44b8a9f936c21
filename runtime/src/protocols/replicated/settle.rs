//! Proofs that what was computed is right: each party proves its own products to both others, before anything is opened.
//!
//! - **Functionality**: what was recorded is right at all honest parties, or these stop; and what one party told the two others in the clear
//!   was the same.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, "Zero-knowledge proofs on secret-shared data via fully linear PCPs" (CRYPTO
//!   2019), section 5, for the transform of Fiat and Shamir. What is proven, and how, is in `ands` and `products`.
//! - **Assumptions**: AES-128 is a pseudo-random function; SHA-256 is a random oracle; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::settle`: two rounds, whatever is proven.
//! - **Departures from the paper**: these are our own, and no paper states this composition: both verifiers verify at once in the second
//!   round, and what binds a challenge is a hash of the statement itself, salted with what its prover and that verifier draw from
//!   their key. Unsalted, the hash of few bits would tell them to the other verifier. It wants an outside reading.
//! - **Leakage and failure**: a verifier sees shares that are masked by the other's, and one factor that is masked; hashes of what it does not
//!   know are salted. Whoever notices that a proof is false stops, and names its prover and the other verifier, of whom one is corrupt.

use smpcc_circuit::cost::Delay;
use smpcc_circuit::settle::{HASH_LEN, ROUNDS};
use zeroize::{Zeroize, Zeroizing};

use self::products::Carried;
use self::terms::Terms;
use super::{Rep3, Stream, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript};
use crate::party::PartyId;
use crate::prg::Prg;
use crate::protocols::{Machine, Malicious, Outcome, Preparation, Step, Stepped};
use crate::session::SessionId;

mod ands;
pub mod ledger;
mod products;
mod terms;
#[cfg(test)]
pub(super) mod tests;

const HASH: usize = HASH_LEN as usize;

/// Blocks of a generator that a salt takes.
const SALT_BLOCKS: u64 = 2;
const SALT: usize = 32;

/// A party that verifies another one's proof: the one before it, or the one after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verifier {
    First,
    Second,
}

/// A proof as it is sent: shares of all messages, which the first verifier gets, and the hashes of those, which the second one gets. The
/// second one's own shares come from a key.
struct Said<E: Zeroize> {
    elements: Zeroizing<Vec<E>>,
    hashes: Vec<Digest>,
}

/// Something that each party proves of what it recorded: as prover of its own products, and as the verifier of the others'.
trait Statement: Send + 'static {
    /// An element of the field that it is proven in.
    type Element: Copy + Zeroize;
    /// What a verifier finds.
    type Verdict: Send;

    /// Its name, in hashes.
    const WHAT: &'static str;
    /// Bytes of an element.
    const LEN: usize;
    /// Bytes of what a verifier tells the other.
    const VERDICT: usize;

    /// The number of its proof in the run.
    fn number(&self) -> u64;

    /// How many things are proven at once.
    fn n(&self) -> u64;

    /// Elements of all messages of a proof.
    fn elements(&self) -> usize;

    /// Messages of a proof.
    fn levels(&self) -> usize;

    /// Components `me` of both operands, and components `me + 1`.
    fn operands(&self) -> [[&[u64]; 2]; 2];

    /// What the first verifier of this party's products knows of them, if these are right.
    fn first_knows(&self, carried: &mut Carried) -> Zeroizing<Vec<u64>>;

    /// What this party knows as a verifier of another one's products.
    fn knows(&self, verifier: Verifier, carried: &mut Carried) -> Zeroizing<Vec<u64>>;

    /// The second verifier's shares of a proof's messages, from the key that it has in common with the prover.
    fn shares(&self, key: &Prg, drawn: u64) -> Zeroizing<Vec<Self::Element>>;

    /// Proves it; `keys` are those in common with the first verifier and with the second one, whose `shares` are given.
    fn prove(
        &self,
        carried: &mut Carried,
        start: Digest,
        keys: [&Prg; 2],
        shares: &[Self::Element],
        salt: &[u8],
    ) -> Said<Self::Element>;

    /// The hashes of the messages that a first verifier got.
    fn hashes(&self, salt: &[u8], elements: &[Self::Element]) -> Vec<Digest>;

    /// Follows a proof as a verifier, with its shares of the messages and the hashes of the first one's; `key` is that in common with
    /// the prover.
    fn follow(
        &self,
        verifier: Verifier,
        carried: &mut Carried,
        key: &Prg,
        start: Digest,
        known: &[u64],
        said: &Said<Self::Element>,
    ) -> Self::Verdict;

    /// All is proven and verified: its memory may be of use.
    fn over(self, terms: &mut Terms);

    fn write(element: Self::Element, out: &mut Vec<u8>);

    fn read(bytes: &[u8]) -> Self::Element;

    /// What a verifier tells the other one.
    fn tell(verdict: &Self::Verdict, out: &mut Vec<u8>);

    /// Whether a proof holds, by what this verifier found and what the other one tells.
    fn agrees(verdict: &Self::Verdict, theirs: &[u8]) -> bool;
}

/// Begins to prove what is recorded, if it is time.
pub(super) fn begin(
    suite: &mut Rep3<Malicious>,
    all: bool,
) -> Result<Preparation<Rep3<Malicious>>, Error> {
    let ledger = &mut suite.ledger;
    if let Some(recorded) = ledger.take(all) {
        let drawn = ledger.draw(recorded.elements());
        return Ok(Some(Settle::boxed(recorded, drawn)));
    }
    let Some(chunk) = ledger.take_terms(all) else {
        return Ok(None);
    };
    let drawn = ledger.draw_for_products(products::blocks(chunk.elements()));
    Ok(Some(Settle::boxed(chunk, drawn)))
}

/// A proof by each party, and its verification by both others.
struct Settle<S: Statement> {
    place: Place,
    /// Until this party has verified.
    statement: Option<S>,
    /// Hashes of components `me` and `me + 1` of the operands.
    components: Option<[Digest; 2]>,
    /// The first number of what is drawn for shares of messages.
    drawn: u64,
    /// What it found: of the next party's proof as its first verifier, of the previous one's as its second; and what it saw for that.
    verdicts: Option<[(Digest, S::Verdict); 2]>,
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
    fn of<S: Statement>(session: SessionId, statement: &S, prover: PartyId) -> Self {
        Self {
            session,
            what: S::WHAT,
            prover: prover.index(),
            number: statement.number(),
            n: statement.n(),
        }
    }

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
fn components([x, y]: [&[u64]; 2]) -> Digest {
    let mut t = Transcript::new("smpcc/rep3/components");
    t.words64(x).words64(y);
    t.finish()
}

fn salt(key: &Prg, stream: Stream, number: u64) -> Zeroizing<[u8; SALT]> {
    let mut salt = Zeroizing::new([0; SALT]);
    key.fill_bytes(stream as u64, number * SALT_BLOCKS, &mut salt[..]);
    salt
}

impl<S: Statement> Settle<S> {
    /// Bytes of what a verifier tells the other.
    const SAID: usize = HASH + S::VERDICT;

    fn boxed(statement: S, drawn: u64) -> Box<dyn Machine<Rep3<Malicious>>> {
        Box::new(Self {
            place: Place::Proving,
            statement: Some(statement),
            components: None,
            drawn,
            verdicts: None,
        })
    }

    /// Proves this party's products; announces the others' proofs.
    fn prove(&mut self, suite: &mut Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let statement = self.statement.as_ref().ok_or_else(out_of_step)?;
        let about = About::of(suite.ledger.session(), statement, party(suite.me));
        let (carried, [key, next_key]) = (&mut suite.ledger.carried, &suite.keys);
        let first_salt = salt(key, Stream::SaltFirst, about.number);
        let second_salt = salt(next_key, Stream::SaltSecond, about.number);
        let both = statement.operands().map(components);
        let known = statement.first_knows(carried);
        let first = about.half(&first_salt[..], &both[0], &known);
        let second = about.half(&second_salt[..], &both[1], &[]);
        let start = about.start(&first, &second);
        let shares = statement.shares(next_key, self.drawn);
        let keys = [key, next_key];
        let said = statement.prove(carried, start, keys, &shares, &first_salt[..]);
        wire.send(previous, |out| {
            out.extend_from_slice(&second.0);
            said.elements.iter().for_each(|e| S::write(*e, out));
        })?;
        wire.send(next, |out| {
            out.extend_from_slice(&first.0);
            said.hashes.iter().for_each(|h| out.extend_from_slice(&h.0));
        })?;
        self.components = Some(both);
        wire.expect(next, HASH + S::LEN * statement.elements())?;
        wire.expect(previous, HASH + HASH * statement.levels())
    }

    /// Verifies the next party's proof as its first verifier and the previous one's as its second; tells the other verifiers.
    fn verify(
        &mut self,
        suite: &mut Rep3<Malicious>,
        wire: &mut Exchange<'_>,
    ) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let statement = self.statement.take().ok_or_else(out_of_step)?;
        let session = suite.ledger.session();
        let told = [next, previous].map(|prover| suite.ledger.told(prover.index()));
        let (carried, [key, next_key]) = (&mut suite.ledger.carried, &suite.keys);
        let [mine, next_ones] = self.components.ok_or_else(out_of_step)?;

        // Components `me + 1` are the next party's first.
        let about = About::of(session, &statement, next);
        let message = wire.take(next, HASH + S::LEN * statement.elements())?;
        let (second, elements) = message.split_at(HASH);
        let first_salt = salt(next_key, Stream::SaltFirst, about.number);
        let known = statement.knows(Verifier::First, carried);
        let own = about.half(&first_salt[..], &next_ones, &known);
        let start = about.start(&own, &digest(second));
        let elements: Vec<S::Element> = elements.chunks_exact(S::LEN).map(S::read).collect();
        let elements = Zeroizing::new(elements);
        let hashes = statement.hashes(&first_salt[..], &elements);
        let said = Said { elements, hashes };
        let verdict = statement.follow(Verifier::First, carried, next_key, start, &known, &said);
        let of_next = (about.seen(&start, &said.hashes, told[0]), verdict);

        // Components `me` are the previous party's second.
        let about = About::of(session, &statement, previous);
        let message = wire.take(previous, HASH + HASH * statement.levels())?;
        let (first, hashes) = message.split_at(HASH);
        let second_salt = salt(key, Stream::SaltSecond, about.number);
        let own = about.half(&second_salt[..], &mine, &[]);
        let start = about.start(&digest(first), &own);
        let said = Said {
            elements: statement.shares(key, self.drawn),
            hashes: hashes.chunks_exact(HASH).map(digest).collect(),
        };
        let known = statement.knows(Verifier::Second, carried);
        let verdict = statement.follow(Verifier::Second, carried, key, start, &known, &said);
        let of_previous = (about.seen(&start, &said.hashes, told[1]), verdict);

        // The other verifier of each is the party that is neither its prover nor this one.
        for (to, (seen, verdict)) in [(previous, &of_next), (next, &of_previous)] {
            wire.send(to, |out| {
                out.extend_from_slice(&seen.0);
                S::tell(verdict, out);
            })?;
            wire.expect(to, Self::SAID)?;
        }
        statement.over(&mut suite.ledger.terms);
        self.verdicts = Some([of_next, of_previous]);
        Ok(())
    }

    /// Compares with what the other verifiers say.
    fn compare(&self, suite: &Rep3<Malicious>, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let [of_next, of_previous] = self.verdicts.as_ref().ok_or_else(out_of_step)?;
        let mut right = true;
        for (other, (seen, verdict)) in [(previous, of_next), (next, of_previous)] {
            let (theirs, said) = wire.take(other, Self::SAID)?.split_at(HASH);
            right &= digest(theirs) == *seen && S::agrees(verdict, said);
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

impl<S: Statement> Machine<Rep3<Malicious>> for Settle<S> {
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

fn out_of_step() -> Error {
    Error::bug("a proof goes on after its end")
}
