//! Two parties or more, all but one of which may be corrupt: additive and XOR shares, oblivious transfer between pairs.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, conversions between them, input, opening; with two parties also garbled
//!   circuits.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Goldreich, Micali, Wigderson, "How to play any mental game" (STOC 1987), with correlations made ahead (Beaver, CRYPTO 1991);
//!   products by Gilboa (CRYPTO 1999); the three kinds of sharing of two parties after Demmler, Schneider, Zohner, ABY (NDSS
//!   2015).
//! - **Assumptions**: those of `ot`; AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: inputs and parts are shared from keys of pairs, without a message.
//! - **Leakage and failure**: shapes and the schedule, which all know. A party that deviates can change results.
//!
//! Party `i` holds share `i`; a value is the sum (mod 2^k, or bit by bit XOR) of all shares. Suites `two-party` and `gmw`
//! are this one implementation; labels exist with `two-party` only.

use std::sync::Arc;

use smpcc_circuit::cost::Demand;
use smpcc_circuit::program::{Program, Suite as SuiteName};
use zeroize::{Zeroize, Zeroizing};

use super::circuit::{Circuit, Circuits};
use super::garbled::seat::Garbling;
use super::interface::{Change, Clear, Opening, Owned, Products, Protocols, Site};
use super::sharing::{
    Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done, labels,
};
use super::shuffle::Columns;
use super::tickets::Numbers;
use super::{Batch, Begun, Check, Preparation, SemiHonest};
use crate::block::Label;
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::{Element, Elements, for_width};
use crate::session::Session;

mod arithmetic;
mod boolean;
mod deal;
mod network;
mod open;
mod pool;
mod prepare;
mod setup;
mod shuffle;
#[cfg(test)]
mod tests;
mod yao;

/// The party that takes public constants.
const CONSTANT: usize = 0;

/// Lanes per block of operations that take one message: 64-bit elements fill one frame of the transport.
const BLOCK: usize = 1 << 15;

/// One party of the suite: its keys, its pools, its ends of the transfers.
pub struct Pairwise {
    me: usize,
    n: usize,
    /// Keys with each other party.
    keys: Vec<Option<Prg>>,
    /// For every stream of those.
    numbers: Numbers,
    /// What nobody else knows.
    own: Prg,
    own_numbers: Numbers,
    sharing: Sharing,
    circuits: Circuits,
    pools: pool::Pools,
    ends: setup::Ends,
    yao: Option<yao::Yao>,
    session: [u8; 32],
}

impl Pairwise {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let (me, n) = (session.me().index(), session.n_parties());
        let keys = (0..n)
            .map(|with| match with == me {
                true => Ok(None),
                false => {
                    let pair = session.pair_key(party(with))?;
                    Ok(Some(Prg::once(&pair.prg_key("pairwise/deal"))))
                }
            })
            .collect::<Result<_, Error>>()?;
        let mut entropy = OsEntropy;
        let yao = match program.suite == SuiteName::TwoParty && n == 2 {
            true => Some(yao::Yao::new(session, &mut entropy)?),
            false => None,
        };
        Ok(Self {
            me,
            n,
            keys,
            numbers: Numbers::default(),
            own: Prg::once(&PrgKey::fresh(&mut entropy)?),
            own_numbers: Numbers::default(),
            sharing: Sharing::new(vec![u128::from(me == CONSTANT)]),
            circuits: Circuits::new(program),
            pools: pool::Pools::default(),
            ends: setup::Ends::none(n),
            yao,
            session: session.id().0,
        })
    }

    /// All parties but this one, in order.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.n).filter(move |&p| p != me)
    }

    /// Words that this party and another draw together when `dealer`, one of the two, deals.
    fn draw(
        &self,
        with: usize,
        dealer: usize,
        number: u64,
        words: &mut [u64],
    ) -> Result<(), Error> {
        let key = self.keys.get(with).and_then(Option::as_ref);
        let key = key.ok_or_else(|| Error::bug("a key is missing"))?;
        key.fill_words(dealer as u64, number, words);
        Ok(())
    }

    /// Words that nobody else knows.
    fn fresh_words(&mut self, n: usize) -> Vec<u64> {
        let number = self.own_numbers.take(n.div_ceil(2));
        let mut words = vec![0; n];
        self.own.fill_words(0, number, &mut words);
        words
    }

    /// Elements that nobody else knows.
    fn fresh_elements(&mut self, ring: u32, n: usize) -> Elements {
        for_width!(ring, E => {
            let mut words = self.fresh_words(n * E::WORDS);
            let elements = words.chunks_exact(E::WORDS).map(|w| E::from_words(w).low(ring));
            let elements = E::wrap(elements.collect());
            words.zeroize();
            elements
        })
    }

    /// Labels that nobody else knows, one to a number.
    fn own_labels(&self, number: u64, n: usize) -> Zeroizing<Vec<Label>> {
        let mut labels = Zeroizing::new(vec![Label::ZERO; n]);
        self.own.fill_labels(0, number, &mut labels);
        labels
    }
}

fn no_labels() -> Error {
    Error::bug("labels are for two parties")
}

/// The party with this number.
fn party(i: usize) -> PartyId {
    PartyId::new(i as u16)
}

impl Protocols for Pairwise {
    type Threat = SemiHonest;

    const BLOCK: usize = BLOCK;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn seat(&self) -> (usize, usize) {
        (self.me, self.n)
    }

    fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    fn circuits(&mut self) -> &mut Circuits {
        &mut self.circuits
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        setup::begin(self, program)
    }

    fn prepare(&mut self, demand: &Demand) -> Result<Preparation<Self>, Error> {
        prepare::begin(self, demand)
    }

    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error> {
        deal::input(self, &input, value)
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
        deal::decompose(self, value, width)
    }

    fn random_parts(&mut self, width: usize, lanes: usize) -> Result<Begun<Self>, Error> {
        deal::random_parts(self, width, lanes)
    }

    fn compose(&mut self, args: Vec<Held>, ring: u32) -> Result<Begun<Self>, Error> {
        open::compose(self, &args, ring)
    }

    fn inject(&mut self, _site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error> {
        open::inject_bit(self, &bits, ring)
    }

    fn shuffle(&mut self, site: Site<'_>, columns: Columns) -> Result<Begun<Self>, Error> {
        shuffle::begin(self, site, columns)
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::open(opening)
    }

    fn garbling(&mut self) -> Result<&mut Garbling, Error> {
        match &mut self.yao {
            Some(yao) => Ok(&mut yao.garbling),
            None => Err(no_labels()),
        }
    }

    fn yao(&mut self, change: Change) -> Result<Begun<Self>, Error> {
        match change {
            Change::Parts(value, width) => yao::decompose(self, &value, width),
            Change::ToLabels(value) => yao::from_boolean(self, &value),
            Change::ToBits(value) => yao::to_boolean(&value),
        }
    }
}
