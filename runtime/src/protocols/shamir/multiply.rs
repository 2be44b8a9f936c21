//! Products of shared values, over either ring of coefficients.
//!
//! - **Functionality**: from additive shares of a vector, one at each of the first 2t + 1 parties, a fresh sharing of degree t.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: Gennaro, Rabin, Rabin, "Simplified VSS and fast-track multiparty computations" (PODC 1998), figure 2.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; each of 2t + 1 dealers sends n − 1 − t shares.
//! - **Departures from the paper**: a dealer multiplies with its Lagrange weight before it deals, and deals coordinate 0 alone: the
//!   product is an integer, so the other coordinates add up to zero.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use super::Bgw;
use super::coefficients::Coefficients;
use super::deal::{Batch, Layout};
use crate::engine::exchange::Exchange;
use crate::error::Error;

/// A product under way.
pub(super) struct Multiply<R: Coefficients> {
    pub(super) batch: Batch<R>,
}

impl<R: Coefficients> Default for Multiply<R> {
    fn default() -> Self {
        Self {
            batch: Batch::default(),
        }
    }
}

impl<R: Coefficients> Multiply<R> {
    /// Phases of a product.
    pub(super) fn n_phases(_suite: &Bgw) -> u32 {
        1
    }

    /// Begins with this party's additive shares, where it is one of the first 2t + 1.
    pub(super) fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        layout: Layout,
        shares: &[R::Word],
    ) -> Result<(), Error> {
        let d = suite.geometry.d;
        let number = suite.allocate(layout.numbers::<R>(d));
        self.batch.reset(layout, d);
        for dealer in 0..=2 * suite.geometry.t {
            self.batch.deal(suite, wire, dealer, number, shares)?;
        }
        Ok(())
    }

    /// Takes the messages; the batch then holds the products.
    pub(super) fn absorb(&mut self, suite: &mut Bgw, wire: &mut Exchange<'_>) -> Result<(), Error> {
        for dealer in 0..=2 * suite.geometry.t {
            self.batch.receive(suite, wire, dealer)?;
        }
        Ok(())
    }
}
