//! What replicated sharing does more where a corrupt party may send what it likes: as little as nothing, or a record of all ANDs and
//! products.
//!
//! The messages of inputs, ANDs and products are the same against both adversaries. An AND or a product is secure up to an error that a
//! corrupt party adds (Araki et al., CCS 2016), so what is recorded is proven before anything is opened (`settle`). What two parties
//! know and a third is told, by one of them, the other vouches for (`vouch`): openings, and tables and labels of garbled circuits
//! (`witnessed`). Bits become numbers by products (`inject`).

use super::Stream;
use super::settle::ledger::Ledger;
use super::{Rep3, Stands, open, settle};
use super::{arithmetic, convert, inject, witnessed};
use crate::error::Error;
use crate::protocols::circuit::{Circuit, Circuits};
use crate::protocols::garbled::seat::Garbling;
use crate::protocols::interface::{Change, Clear, Opening, Owned, Products, Protocols, Site};
use crate::protocols::levels::{Level, Wires};
use crate::protocols::sharing::{self, Arithmetic, Held, Share, Sharing, done};
use crate::protocols::vouch::{Polynomial, Vouched};
use crate::protocols::{Batch, Begun, Check, Malicious, Preparation, SemiHonest};
use crate::ring::Element;
use crate::session::Session;
use std::sync::Arc;

impl Stands for SemiHonest {
    type Ledger = ();
    type Drawn = ();
    type Vouching = ();

    fn ledger(_session: &Session) {}

    fn keep((): &mut (), _plus: &[u64], _minus: &[u64]) {}

    fn record((): &mut (), _level: &Level<'_>, _wires: &Wires, (): &mut ()) {}

    fn record_products<E: Element>(
        (): &mut (),
        _made: arithmetic::Made<'_, E>,
        (): &mut (),
    ) -> Result<(), Error> {
        Ok(())
    }

    fn vouching(_suite: &mut Rep3) {}

    fn opening(_suite: &mut Rep3) -> Result<(), Error> {
        Ok(())
    }
}

impl Stands for Malicious {
    type Ledger = Ledger;
    type Drawn = Vec<u64>;
    type Vouching = Vouched;

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

    fn record_products<E: Element>(
        ledger: &mut Ledger,
        made: arithmetic::Made<'_, E>,
        drawn: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let made = made.narrow().ok_or_else(too_wide)?;
        ledger.terms.record(&made, drawn);
        drawn.clear();
        Ok(())
    }

    fn vouching(suite: &mut Rep3<Self>) -> Vouched {
        let number = suite.ledger.next_vouch();
        let at = |key| Polynomial::at(key, Stream::Vouch as u64, number);
        let [mine, theirs] = &suite.keys;
        Vouched {
            mine: at(mine),
            theirs: at(theirs),
        }
    }

    fn opening(suite: &mut Rep3<Self>) -> Result<Vouched, Error> {
        suite.ledger.expect_settled()?;
        Ok(Self::vouching(suite))
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

    fn product(&mut self, _site: Site<'_>, products: Products) -> Result<Begun<Self>, Error> {
        if products.run == 0 {
            // Sums of nothing are zero, and nobody has to be asked.
            let sums = Arithmetic::zeros(super::PARTS, products.ring, products.n);
            return done(vec![Share::Arithmetic(sums)]);
        }
        arithmetic::product(self, products)
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

    fn decompose(&mut self, value: &Held, width: usize) -> Result<Begun<Self>, Error> {
        let value = sharing::arithmetic(value)?;
        done(convert::decompose(self.me, value, width))
    }

    fn random_parts(&mut self, width: usize, lanes: usize) -> Result<Begun<Self>, Error> {
        done(convert::random_parts(self, width, lanes)?)
    }

    fn compose(&mut self, args: Vec<Held>, _ring: u32) -> Result<Begun<Self>, Error> {
        convert::compose(self, args)
    }

    fn inject(&mut self, _site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error> {
        inject::begin(self, bits, ring)
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(self, opening)
    }

    fn garbling(&mut self) -> Result<&mut Garbling, Error> {
        Ok(&mut self.yao.garbling)
    }

    fn witness(&mut self) -> Option<Polynomial> {
        witnessed::polynomial(self)
    }

    fn yao(&mut self, change: Change) -> Result<Begun<Self>, Error> {
        match change {
            Change::Parts(value, width) => witnessed::decompose(self, &value, width),
            Change::ToLabels(value) => witnessed::from_boolean(self, &value),
            Change::ToBits(value) => witnessed::to_boolean(self, value),
        }
    }
}

/// The verifier lets no such ring through.
fn too_wide() -> Error {
    Error::bug("against malicious parties rings have at most 64 bits")
}
