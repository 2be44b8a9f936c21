//! Four parties, replicated secret sharing in which three hold each component, at most one of them corrupt.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, conversions between them; input, opening.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort: `passing` says what differs.
//! - **Source**: Dalskov, Escudero, Keller, "Fantastic Four: honest-majority four-party secure computation with malicious security" (USENIX
//!   Security 2021, ePrint 2020/1330), sections 3 and 4: sharing, inputs, products, "joint message passing".
//! - **Assumptions**: AES-128 is a pseudo-random function, SHA-256 a random oracle; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests; six elements or bits a product, one round.
//! - **Departures from the paper**: a hash is compared in the round of the message that it vouches for, not at the end: see below. Keys of
//!   three are made by all three.
//! - **Leakage and failure**: shapes and the schedule, which all know. A malicious party makes others stop; these name the two of whom one lied.
//!
//! Parties are 0, 1, 2, 3. A value is the sum (mod 2^k, or bit by bit XOR) of components 0 to 3; party `p` holds all but component `p`, as parts
//! 0, 1 and 2 of its share components `p + 1`, `p + 2` and `p + 3`. Key `c` is known to the three holders of component `c`.
//!
//! What stands one adversary is no part of what stands another:
//!
//! ```compile_fail,E0308
//! use smpcc_runtime::protocols::four::Rep4;
//! use smpcc_runtime::protocols::{Malicious, SemiHonest};
//! fn trusted(suite: Rep4<SemiHonest>) -> Rep4<Malicious> {
//!     suite
//! }
//! ```
//!
//! **Why nothing is compared later.** If one party went on with a false message until hashes are compared, what it says next would depend
//! on it. A corrupt receiver of that would hear it from one party, and the hash of the right thing from another, and learn the difference: the
//! error that it knows, times a component that it does not. So nothing is used before it was compared, all honest parties hold the same
//! components at any time, and whether somebody stops follows from what the corrupt party did, not from secrets. For the same reason what
//! one party tells the others is compared by them before it is used.

use std::marker::PhantomData;
use std::sync::Arc;

use smpcc_circuit::program::Program;
use smpcc_circuit::value::Word;

use super::circuit::{Circuit, Circuits};
use super::interface::{Clear, Opening, Owned, Products, Protocols, Site};
use super::operands::block_range;
use super::pipeline::Pipeline;
use super::sharing::{Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done};
use super::tickets::{Numbers, Ticket};
use super::vouch::{Both, HASH, Hash};
use super::{Adversary, Batch, Begun, Check, Preparation, SemiHonest};
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::Prg;
use crate::ring::for_width;
use crate::session::{Session, SessionId};

mod arithmetic;
mod boolean;
mod convert;
mod inject;
mod input;
mod open;
mod pairs;
mod passing;
mod setup;
#[cfg(test)]
mod tests;

/// Parties, and components.
const N: usize = 4;

/// Components that a party holds.
const PARTS: usize = 3;

/// Lanes per block of operations that take one message: 64-bit elements fill one frame of the transport.
const BLOCK: usize = 1 << 15;

/// The component that takes public constants.
const CONSTANT: usize = 0;

/// What the generator's streams are for besides pairs, whose streams are their places; numbers in them are never used twice.
const COMPONENT: u64 = 6;

/// One party of the suite: its keys and the numbers of what has been drawn from them.
pub struct Rep4<T: Adversary = SemiHonest> {
    me: usize,
    /// By part; there after the setup.
    keys: Vec<Prg>,
    numbers: Numbers,
    sharing: Sharing,
    circuits: Circuits,
    links: passing::Links,
    session: SessionId,
    threat: PhantomData<T>,
}

impl<T: Adversary> Rep4<T> {
    /// This party's side.
    ///
    /// # Errors
    /// A bug: a session of other parties.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let me = session.me().index();
        if session.n_parties() != N || me >= N {
            return Err(Error::bug("this sharing is for four parties"));
        }
        let constant = |part| Word::from(part_of(me, CONSTANT) == Some(part));
        Ok(Self {
            me,
            keys: Vec::new(),
            numbers: Numbers::default(),
            sharing: Sharing::new((0..PARTS).map(constant).collect()),
            circuits: Circuits::new(program),
            links: passing::Links::new(session)?,
            session: session.id(),
            threat: PhantomData,
        })
    }

    /// The key of a component that this party holds.
    fn key(&self, component: usize) -> Result<&Prg, Error> {
        let key = part_of(self.me, component).and_then(|part| self.keys.get(part));
        key.ok_or_else(|| Error::bug("a key is missing"))
    }

    /// Words that the three holders of a component draw together.
    fn draw(&self, component: usize, number: u64, words: usize) -> Result<Vec<u64>, Error> {
        let mut out = vec![0; words];
        self.key(component)?.fill_words(COMPONENT, number, &mut out);
        Ok(out)
    }
}

/// Numbers that so many words take.
const fn numbers_for(words: usize) -> usize {
    words.div_ceil(2)
}

/// Party `i` mod 4.
fn party(i: usize) -> PartyId {
    PartyId::new((i % N) as u16)
}

/// Which part of a party's share is a component.
const fn part_of(me: usize, component: usize) -> Option<usize> {
    match (component + PARTS - me) % N {
        PARTS => None,
        part => Some(part),
    }
}

/// Which component a part of a party's share is.
const fn component_of(me: usize, part: usize) -> usize {
    (me + 1 + part) % N
}

impl<T: Adversary + Send + Sync + 'static> Protocols for Rep4<T> {
    type Threat = T;

    /// Each message is compared before it is used.
    const WAITS: bool = false;

    const BLOCK: usize = BLOCK;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn seat(&self) -> (usize, usize) {
        (self.me, N)
    }

    fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    fn circuits(&mut self) -> &mut Circuits {
        &mut self.circuits
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        let shares = smpcc_circuit::cost::setup(program).rounds > 0;
        Ok(shares.then(setup::machine))
    }

    const ECHOES: bool = T::DEVIATES;

    fn echo(&self, with: usize, bytes: &[u8]) -> Option<Both> {
        let points = self.links.with(with).ok().filter(|_| T::DEVIATES)?;
        Some(points.both(bytes))
    }

    fn numbered(&self, with: usize, hash: Hash) -> [u8; HASH] {
        let points = self.links.with(with);
        points.map_or([0; HASH], |points| points.numbered(hash))
    }

    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error> {
        input::begin(self, &input, value)
    }

    fn product(&mut self, _site: Site<'_>, products: Products) -> Result<Begun<Self>, Error> {
        arithmetic::product(self, products)
    }

    fn circuit(
        &mut self,
        _site: Site<'_>,
        circuit: Arc<Circuit>,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        boolean::begin(self, circuit, args, lanes)
    }

    fn decompose(&mut self, value: &Held, width: usize) -> Result<Begun<Self>, Error> {
        done(convert::decompose(self.me, arithmetic(value)?, width))
    }

    fn random_parts(&mut self, width: usize, lanes: usize) -> Result<Begun<Self>, Error> {
        done(convert::random_parts(self, width, lanes)?)
    }

    fn compose(&mut self, args: Vec<Held>, ring: u32) -> Result<Begun<Self>, Error> {
        open::compose(self.me, args, ring)
    }

    fn inject(&mut self, _site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error> {
        for_width!(ring, E => inject::begin::<T, E>(self, bits, ring))
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(self.me, opening)
    }
}
