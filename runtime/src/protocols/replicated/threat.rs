//! What replicated sharing does more where a corrupt party may send what it likes: as little as nothing, or a record of all ANDs.
//!
//! The messages of inputs and ANDs are the same against both adversaries. An AND is secure up to an error that a corrupt party adds
//! (Araki et al., CCS 2016), so what is recorded is proven before anything is opened (`settle`), and who opens is vouched for (`open`).

use super::settle::ledger::Ledger;
use super::yao::Yao;
use super::{Rep3, Stands, open, settle};
use crate::error::Error;
use crate::protocols::circuit::{Circuit, Circuits};
use crate::protocols::interface::{Clear, Opening, Owned, Products, Protocols, Site};
use crate::protocols::levels::{Level, Wires};
use crate::protocols::sharing::{Held, Sharing};
use crate::protocols::{Batch, Begun, Check, Malicious, Preparation, SemiHonest};
use crate::session::Session;
use std::sync::Arc;

impl Stands for SemiHonest {
    type Garbling = Yao;
    type Ledger = ();
    type Drawn = ();
    type Vouching = ();

    fn garbling(session: &Session) -> Result<Yao, Error> {
        Yao::new(session)
    }

    fn ledger(_session: &Session) {}

    fn keep((): &mut (), _plus: &[u64], _minus: &[u64]) {}

    fn record((): &mut (), _level: &Level<'_>, _wires: &Wires, (): &mut ()) {}

    fn vouching(_suite: &mut Rep3) -> Result<(), Error> {
        Ok(())
    }
}

impl Stands for Malicious {
    type Garbling = ();
    type Ledger = Ledger;
    type Drawn = Vec<u64>;
    type Vouching = open::Vouched;

    fn garbling(_session: &Session) -> Result<(), Error> {
        Ok(())
    }

    fn ledger(session: &Session) -> Ledger {
        Ledger::new(session.id())
    }

    fn keep(drawn: &mut Vec<u64>, plus: &[u64], minus: &[u64]) {
        drawn.extend_from_slice(plus);
        drawn.extend_from_slice(minus);
    }

    fn record(ledger: &mut Ledger, level: &Level<'_>, wires: &Wires, drawn: &mut Vec<u64>) {
        ledger.ands(level, wires, drawn);
        drawn.clear();
    }

    fn vouching(suite: &mut Rep3<Self>) -> Result<open::Vouched, Error> {
        suite.ledger.expect_settled()?;
        Ok(open::Vouched::new(suite))
    }
}

impl Protocols for Rep3<Malicious> {
    type Threat = Malicious;

    /// Each opening is compared with what a second party vouches for before it gives a value.
    const WAITS: bool = false;

    const BLOCK: usize = super::BLOCK;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn settle(&mut self, all: bool) -> Result<Preparation<Self>, Error> {
        settle::begin(self, all)
    }

    fn sealed(&mut self) -> Result<(), Error> {
        self.ledger.seal()
    }

    fn heard(&mut self, from: usize, bytes: &[u8]) {
        self.ledger.heard(from, bytes);
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

    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error> {
        super::input::begin(self, &input, value)
    }

    fn product(&mut self, _site: Site<'_>, _products: Products) -> Result<Begun<Self>, Error> {
        Err(only_bits())
    }

    fn circuit(
        &mut self,
        _site: Site<'_>,
        circuit: Arc<Circuit>,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        super::boolean::begin(self, circuit, args, lanes)
    }

    fn decompose(&mut self, _value: &Held, _width: usize) -> Result<Begun<Self>, Error> {
        Err(only_bits())
    }

    fn random_parts(&mut self, _width: usize, _lanes: usize) -> Result<Begun<Self>, Error> {
        Err(only_bits())
    }

    fn compose(&mut self, _args: Vec<Held>, _ring: u32) -> Result<Begun<Self>, Error> {
        Err(only_bits())
    }

    fn inject(&mut self, _site: Site<'_>, _bits: Held, _ring: u32) -> Result<Begun<Self>, Error> {
        Err(only_bits())
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(self, opening)
    }
}

/// The verifier lets nothing else through.
fn only_bits() -> Error {
    Error::bug("against malicious parties this suite computes on bits alone")
}
