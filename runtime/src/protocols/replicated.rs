//! Three parties, replicated secret sharing, at most one of them corrupt.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, garbled circuits, conversions between them; input, opening.
//! - **Adversary**: semi-honest, one of three parties. All but shuffles also stands a malicious one, with abort: `threat` says what differs, `settle` how products are proven.
//! - **Source**: Araki, Furukawa, Lindell, Nof, Ohara, "High-throughput semi-honest secure three-party computation with an honest
//!   majority" (CCS 2016), section 2; Mohassel, Rindal, "ABY3" (CCS 2018), section 5 for conversions; garbling
//!   after Mohassel, Rosulek, Zhang (CCS 2015), without its commitments.
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: replicated shares hold `(x_i, x_{i+1})` themselves rather than a masked form, as in ABY3.
//! - **Leakage and failure**: shapes and the schedule, which all know. A party that deviates can change results where the threat is
//!   semi-honest.
//!
//! What stands one adversary is no part of what stands another:
//!
//! ```compile_fail,E0308
//! use smpcc_runtime::protocols::replicated::Rep3;
//! use smpcc_runtime::protocols::{Malicious, SemiHonest};
//! fn trusted(suite: Rep3<SemiHonest>) -> Rep3<Malicious> {
//!     suite
//! }
//! ```
//!
//! Parties are 0, 1, 2. A value is the sum (mod 2^k, or bit by bit XOR) of components 0, 1, 2; party `i` holds
//! components `i` and `i + 1`, as parts 0 and 1 of its share. Key `c` is known to the two holders of component `c`, parties
//! `c` and `c − 1`.

use std::sync::Arc;

use smpcc_circuit::program::Program;
use smpcc_circuit::value::Word;

use super::circuit::{Circuit, Circuits};
use super::garbled::seat::Garbling;
use super::interface::{Change, Clear, Opening, Owned, Products, Protocols, Site};
use super::levels::{Level, Wires};
use super::operands::block_range;
use super::pipeline::Pipeline;
use super::sharing::{
    Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done, labels,
};
use super::shuffle::Columns;
use super::tickets::{Numbers, Ticket};
use super::{Adversary, Batch, Begun, Check, SemiHonest};
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::Prg;
use crate::ring::{Element, for_width};
use crate::session::Session;

mod arithmetic;
mod boolean;
mod convert;
mod inject;
mod input;
mod open;
mod settle;
mod shuffle;
#[cfg(test)]
mod tests;
mod threat;
mod witnessed;
mod yao;

/// Lanes per block of operations that take one message: 64-bit elements fill one frame of the transport.
const BLOCK: usize = 1 << 15;

/// The component that takes public constants.
const CONSTANT: usize = 0;

/// Components that a party holds.
const PARTS: usize = 2;

/// What the generator's streams are for; numbers in them are never used twice.
#[derive(Clone, Copy)]
enum Stream {
    /// Sharings of zero.
    Zero = 0,
    /// Components that two parties draw together.
    Component = 1,
    /// Shares of a proof: its prover and the second verifier.
    Proof = 2,
    /// What hides the factors of a proof's last product: its prover and the first, or the second, verifier.
    MaskFirst = 3,
    MaskSecond = 4,
    /// What hides hashed statements from the other verifier, likewise.
    SaltFirst = 5,
    SaltSecond = 6,
    /// Points at which vouched bytes are compared.
    Vouch = 7,
    /// Of proofs about products, what 2, 3 and 4 are of those about ANDs.
    Products = 8,
    ProductsFirst = 9,
    ProductsSecond = 10,
}

/// An adversary that this suite stands.
pub trait Stands: Adversary + Send + Sync + 'static {
    /// What is recorded for proofs.
    type Ledger: Send + Sync;
    /// What a block keeps of the randomness of a level's ANDs.
    type Drawn: Default + Send;
    /// How two vouch for what a third opens.
    type Vouching: open::Vouches;

    /// At the start of a run.
    fn ledger(session: &Session) -> Self::Ledger;

    /// Keeps what keys `me` and `me + 1` gave for an AND.
    fn keep(drawn: &mut Self::Drawn, plus: &[u64], minus: &[u64]);

    /// Records a level's ANDs, whose products are there.
    fn record(ledger: &mut Self::Ledger, level: &Level<'_>, wires: &Wires, drawn: &mut Self::Drawn);

    /// Records products, whose messages have come.
    ///
    /// # Errors
    /// A bug: factors that are too wide.
    fn record_products<E: Element>(
        ledger: &mut Self::Ledger,
        made: arithmetic::Made<'_, E>,
        drawn: &mut Self::Drawn,
    ) -> Result<(), Error>;

    /// Begins something that a second party vouches for.
    fn vouching(suite: &mut Rep3<Self>) -> Self::Vouching
    where
        Self: Sized;

    /// Begins an opening, for which all that was recorded must be proven.
    ///
    /// # Errors
    /// A bug: it is not.
    fn opening(suite: &mut Rep3<Self>) -> Result<Self::Vouching, Error>
    where
        Self: Sized;
}

/// One party of the suite: its keys and the numbers of what has been drawn from them.
pub struct Rep3<T: Stands = SemiHonest> {
    me: usize,
    /// Keys `me` and `me + 1`.
    keys: [Prg; 2],
    /// For zeros and components.
    numbers: Numbers,
    sharing: Sharing,
    circuits: Circuits,
    yao: yao::Yao,
    /// What is to be proven, against who has to prove.
    ledger: T::Ledger,
}

impl<T: Stands> Rep3<T> {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let me = session.me().index();
        if session.n_parties() != 3 || me > 2 {
            return Err(Error::bug("replicated sharing is for three parties"));
        }
        let key = |with: usize| -> Result<Prg, Error> {
            let pair = session.pair_key(party(with))?;
            Ok(Prg::once(&pair.prg_key("rep3/component")))
        };
        let constant = |part| Word::from(part_of(me, CONSTANT) == Some(part));
        Ok(Self {
            me,
            keys: [key(me + 2)?, key(me + 1)?],
            numbers: Numbers::default(),
            sharing: Sharing::new(vec![constant(0), constant(1)]),
            circuits: Circuits::new(program),
            yao: yao::Yao::new(session)?,
            ledger: T::ledger(session),
        })
    }

    /// The key of a component, at its two holders.
    fn key(&self, component: usize) -> Option<&Prg> {
        self.keys.get(part_of(self.me, component)?)
    }

    /// Words that the two holders of a component draw together; `None` at the third party.
    fn draw(&self, component: usize, number: u64, words: usize) -> Option<Vec<u64>> {
        let mut out = vec![0; words];
        self.key(component)?
            .fill_words(Stream::Component as u64, number, &mut out);
        Some(out)
    }

    /// What keys `me` and `me + 1` give for the same numbers: their difference over the parties is zero
    /// (Araki et al., section 2.2).
    fn zero_words(&self, number: u64, plus: &mut [u64], minus: &mut [u64]) {
        for (key, out) in self.keys.iter().zip([plus, minus]) {
            key.fill_words(Stream::Zero as u64, number, out);
        }
    }

    /// The party after this one.
    fn next_party(&self) -> PartyId {
        party(self.me + 1)
    }

    /// The party before this one.
    fn previous_party(&self) -> PartyId {
        party(self.me + 2)
    }
}

/// Numbers that so many words take.
const fn numbers_for(words: usize) -> usize {
    words.div_ceil(2)
}

/// Party `i` mod 3.
fn party(i: usize) -> PartyId {
    PartyId::new((i % 3) as u16)
}

/// Which part of a party's share is a component.
fn part_of(me: usize, component: usize) -> Option<usize> {
    let part = (component + 3 - me) % 3;
    (part < 2).then_some(part)
}

impl Protocols for Rep3<SemiHonest> {
    type Threat = SemiHonest;

    const BLOCK: usize = BLOCK;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn seat(&self) -> (usize, usize) {
        (self.me, 3)
    }

    fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    fn circuits(&mut self) -> &mut Circuits {
        &mut self.circuits
    }

    fn fold(&mut self, x: &Held, y: &Held) -> Result<Share, Error> {
        arithmetic::fold(x, y)
    }

    fn unfold(&mut self, _site: Site<'_>, sum: Arithmetic) -> Result<Begun<Self>, Error> {
        arithmetic::unfold(self, sum)
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

    fn compose(&mut self, args: Vec<Held>, _ring: u32) -> Result<Begun<Self>, Error> {
        convert::compose(self, args)
    }

    fn inject(&mut self, _site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error> {
        for_width!(ring, E => convert::inject_bit::<E>(self, bits, ring))
    }

    fn shuffle(&mut self, _site: Site<'_>, columns: Columns) -> Result<Begun<Self>, Error> {
        shuffle::begin(self, columns)
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(self, opening)
    }

    fn garbling(&mut self) -> Result<&mut Garbling, Error> {
        Ok(&mut self.yao.garbling)
    }

    fn yao(&mut self, change: Change) -> Result<Begun<Self>, Error> {
        match change {
            Change::Parts(value, width) => yao::decompose(self, &value, width),
            Change::ToLabels(value) => yao::from_boolean(self, &value),
            Change::ToBits(value) => yao::to_boolean(self, value),
        }
    }
}
