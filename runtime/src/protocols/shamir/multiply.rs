//! Products of shared values, over either ring of coefficients.
//!
//! - **Functionality**: from additive shares of a vector, one at each of the first 2t + 1 parties, a fresh sharing of degree t.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: direct: Gennaro, Rabin, Rabin, "Simplified VSS and fast-track multiparty computations" (PODC 1998), figure 2. Through the
//!   king: Damgård, Nielsen (CRYPTO 2007), section 3.2.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: direct one round, each of 2t + 1 dealers sends n − 1 − t shares; through the king two rounds, 2t elements to the king and n − 1
//!   from it, and a random sharing made ahead.
//! - **Departures from the paper**: a party multiplies with its Lagrange weight first and deals or sends coordinate 0 alone: the
//!   product is an integer, so the other coordinates add up to zero. In place of a sharing of degree 2t of the random element r
//!   its additive shares among the first t + 1 parties are used, and an additive sharing of zero from the keys of pairs hides
//!   everyone's: two of the first 2t + 1 are honest at least, and of theirs the king learns the sum alone.
//! - **Leakage and failure**: what the king opens is the product minus r, uniform to all; a wrong message makes the result wrong.

use smpcc_circuit::value::Word;

use super::coefficients::{Coefficients, accumulate};
use super::deal::{Batch, Layout};
use super::random::{Given, Pooled};
use super::{Bgw, party};
use crate::error::Error;
use crate::exchange::Exchange;

/// Who collects.
const KING: usize = 0;
/// The stream of sharings of zero; those below are the dealers'.
const ZERO: u64 = 32;

/// How the products of an operation are made.
pub(super) enum Way<R: Coefficients> {
    /// Everyone deals.
    Direct,
    /// Through the king, with these random sharings.
    King(Given<R>),
}

impl<R: Pooled> Way<R> {
    /// By what the operation demands of random sharings.
    pub(super) fn new(suite: &mut Bgw, ring: u32, groups: u64) -> Result<Self, Error> {
        if groups == 0 {
            return Ok(Self::Direct);
        }
        Ok(Self::King(Given::take(suite, ring, groups)?))
    }

    /// Phases of a product.
    pub(super) fn n_phases(&self) -> u32 {
        match self {
            Self::Direct => 1,
            Self::King(_) => 2,
        }
    }

    /// Numbers of the generators that a product takes.
    pub(super) fn numbers(&self, layout: Layout, d: usize) -> usize {
        match self {
            Self::Direct => layout.numbers::<R>(d),
            Self::King(_) => layout.numbers::<R>(1),
        }
    }
}

/// A product's part of what was reserved for its operation.
#[derive(Clone, Copy)]
pub(super) struct Portion {
    /// The first of its numbers of the generators.
    pub(super) number: u64,
    /// The first of its random sharings, if it goes through the king.
    pub(super) sharing: usize,
}

/// A product under way. In each phase it computes, sends and receives; then it finishes.
pub(super) struct Multiply<R: Coefficients> {
    /// The shares of the product, in the end.
    pub(super) batch: Batch<R>,
    /// What the king collects.
    masked: Vec<R::Word>,
}

impl<R: Coefficients> Default for Multiply<R> {
    fn default() -> Self {
        Self {
            batch: Batch::default(),
            masked: Vec::new(),
        }
    }
}

impl<R: Pooled> Multiply<R> {
    /// Starts a product. `shares` are this party's additive shares of it, where it is one of the first 2t + 1.
    pub(super) fn start(
        &mut self,
        suite: &Bgw,
        way: &Way<R>,
        portion: Portion,
        layout: Layout,
        shares: Vec<R::Word>,
    ) -> Result<(), Error> {
        let (me, t, d) = (suite.geometry.me, suite.geometry.t, suite.geometry.d);
        self.batch.reset(layout, d);
        match way {
            Way::Direct => (0..=2 * t)
                .try_for_each(|dealer| self.batch.deal(suite, dealer, portion.number, &shares)),
            Way::King(given) => {
                given.fill(&mut self.batch, portion.sharing)?;
                if me > 2 * t {
                    return Ok(());
                }
                if shares.len() != layout.total {
                    return Err(Error::bug("a product without its shares"));
                }
                self.masked = shares;
                self.mask(suite, portion.number)
            }
        }
    }

    /// A phase's messages.
    pub(super) fn send(
        &self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        way: &Way<R>,
        phase: u32,
    ) -> Result<(), Error> {
        let (me, n, t) = (suite.geometry.me, suite.geometry.n, suite.geometry.t);
        let len = self.batch.layout.len::<R>(1);
        match (way, phase) {
            (Way::Direct, _) => {
                (0..=2 * t).try_for_each(|dealer| self.batch.send(suite, wire, dealer))
            }
            (Way::King(_), 0) if me == KING => (0..=2 * t)
                .filter(|&p| p != KING)
                .try_for_each(|from| wire.expect(party(from), len)),
            (Way::King(_), 0) if me > 2 * t => Ok(()),
            (Way::King(_), 0) => self.send_masked(wire, KING),
            (Way::King(_), _) if me == KING => (0..n)
                .filter(|&p| p != KING)
                .try_for_each(|to| self.send_masked(wire, to)),
            (Way::King(_), _) => wire.expect(party(KING), len),
        }
    }

    /// Subtracts this party's additive share of the random element, and adds its share of zero.
    fn mask(&mut self, suite: &Bgw, number: u64) -> Result<(), Error> {
        let (me, t, d) = (suite.geometry.me, suite.geometry.t, suite.geometry.d);
        let layout = self.batch.layout;
        let mut zero = vec![R::Word::default(); layout.unit.min(layout.total)];
        for (u, unit) in layout.units().enumerate() {
            let masked = &mut self.masked[unit.clone()];
            let rows = self.batch.shares[d * unit.start..d * unit.end].chunks_exact(unit.len());
            for (&weight, row) in suite.geometry.part.iter().flatten().zip(rows) {
                accumulate::<R>(masked, weight.wrapping_neg(), row);
            }
            let at = number + (u * layout.per_unit::<R>(1)) as u64;
            let zero = &mut zero[..unit.len()];
            for other in (0..=2 * t).filter(|&p| p != me) {
                R::fill(suite.key(other)?, ZERO, at, zero);
                let sign = if me < other { 1 } else { Word::MAX };
                accumulate::<R>(masked, sign, zero);
            }
        }
        Ok(())
    }

    fn send_masked(&self, wire: &mut Exchange<'_>, to: usize) -> Result<(), Error> {
        let layout = self.batch.layout;
        wire.send(party(to), |out| {
            R::write(&self.masked, layout.unit, layout.format, out);
        })
    }

    /// Takes a phase's messages.
    pub(super) fn receive(
        &mut self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        way: &Way<R>,
        phase: u32,
    ) -> Result<(), Error> {
        let (me, t) = (suite.geometry.me, suite.geometry.t);
        let layout = self.batch.layout;
        match way {
            Way::Direct => {
                (0..=2 * t).try_for_each(|dealer| self.batch.receive(suite, wire, dealer))
            }
            Way::King(_) if phase == 0 => {
                if me == KING {
                    for other in (0..=2 * t).filter(|&p| p != KING) {
                        let bytes = wire.take(party(other), layout.len::<R>(1))?;
                        R::add_read(bytes, layout.unit, layout.format, &mut self.masked);
                    }
                }
                Ok(())
            }
            Way::King(_) => {
                if me != KING {
                    self.masked.clear();
                    self.masked.resize(layout.total, R::Word::default());
                    let bytes = wire.take(party(KING), layout.len::<R>(1))?;
                    R::add_read(bytes, layout.unit, layout.format, &mut self.masked);
                }
                Ok(())
            }
        }
    }

    /// Ends a product: the batch holds its shares.
    pub(super) fn finish(&mut self, suite: &Bgw, way: &Way<R>) {
        let (layout, d) = (self.batch.layout, suite.geometry.d);
        match way {
            Way::Direct => {}
            // xy = (xy − r) + r: what is public is added to coordinate 0.
            Way::King(_) => {
                for unit in layout.units() {
                    let row = d * unit.start..d * unit.start + unit.len();
                    accumulate::<R>(&mut self.batch.shares[row], 1, &self.masked[unit]);
                }
            }
        }
    }
}
