//! What a party gives, as shares.
//!
//! - **Functionality**: the owner's value becomes shared; the others learn nothing.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: [`super::deal`].
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; the owner sends n − 1 − t shares.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: any t shares are uniform.

use zeroize::{Zeroize, Zeroizing};

use super::coefficients::{Integers, Sliced};
use super::deal::Batch;
use super::vector::Vector;
use super::{Arithmetic, BLOCK, Bgw, Boolean, Pipeline, Share, Ticket, block_range};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::{Clear, Owned};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, for_width};

/// Shares an input; the value is there at its owner.
pub(super) fn begin(suite: &mut Bgw, input: &Owned, value: Clear) -> Result<Begun<Bgw>, Error> {
    let Owned { owner, bits, lanes } = *input;
    match value {
        Clear::Integers(value) => {
            let dealings = vec![(owner, value.map(Box::new))];
            for_width!(bits, E => deal::<Integers<E>>(suite, dealings, bits, lanes))
        }
        Clear::Bits(value) => {
            deal::<Sliced>(suite, vec![(owner, value.map(Box::new))], bits, lanes)
        }
    }
}

/// Who deals a vector, and at that party the vector. It stands in a box of its own: where there is none, the place for it would be moved
/// about with what the stack held there before.
pub(super) type Dealing<R> = (usize, Option<Box<Zeroizing<<R as Vector>::Clear>>>);

/// Vectors that become shared, each dealt by the party that knows it.
pub(super) struct Deal<R: Vector>
where
    R::Clear: Zeroize,
{
    dealings: Vec<Dealing<R>>,
    bits: u32,
    lanes: usize,
    ticket: Ticket,
    out: Vec<Share>,
}

/// Deals vectors of `bits`-bit lanes; each is there at its dealer.
pub(super) fn deal<R: Shared>(
    suite: &mut Bgw,
    dealings: Vec<Dealing<R>>,
    bits: u32,
    lanes: usize,
) -> Result<Begun<Bgw>, Error>
where
    R::Clear: Zeroize,
{
    Pipeline::begun(deal_blocks::<R>(suite, dealings, bits, lanes))
}

/// The same, not yet begun.
pub(super) fn deal_blocks<R: Shared>(
    suite: &mut Bgw,
    dealings: Vec<Dealing<R>>,
    bits: u32,
    lanes: usize,
) -> Deal<R>
where
    R::Clear: Zeroize,
{
    let d = suite.geometry.d;
    let numbers = dealings.len() * R::layout(bits, BLOCK).numbers::<R>(d);
    Deal {
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        out: dealings.iter().map(|_| R::zeros(d, bits, lanes)).collect(),
        dealings,
        bits,
        lanes,
    }
}

impl<R: Vector> Deal<R>
where
    R::Clear: Zeroize,
{
    /// The shares, when all blocks have ended.
    pub(super) fn take(&mut self) -> Vec<Share> {
        std::mem::take(&mut self.out)
    }
}

/// What becomes a share.
pub(super) trait Shared: Vector {
    /// A share without any randomness.
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share;
}

impl<E: Element> Shared for Integers<E> {
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share {
        Share::Arithmetic(Arithmetic::zeros(d, bits, lanes))
    }
}

impl Shared for Sliced {
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share {
        Share::Boolean(Boolean::zeros(d, bits as usize, lanes))
    }
}

impl<R: Shared> Blocks<Bgw> for Deal<R>
where
    R::Clear: Zeroize,
{
    /// One for each dealing.
    type State = Vec<Batch<R>>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn compute(&self, suite: &Bgw, place: Place, batches: &mut Vec<Batch<R>>) -> Result<(), Error> {
        if place.phase == 1 {
            return Ok(());
        }
        let d = suite.geometry.d;
        batches.resize_with(self.dealings.len(), Batch::default);
        let range = block_range(place.block, BLOCK, self.lanes);
        let layout = R::layout(self.bits, range.len());
        let first = self.ticket.block(place.block);
        let numbers = R::layout(self.bits, BLOCK).numbers::<R>(d);
        let dealings = batches.iter_mut().zip(&self.dealings);
        for (i, (batch, (dealer, clear))) in dealings.enumerate() {
            let words = Zeroizing::new(match clear {
                Some(clear) => R::words(clear, range.clone())?,
                None => Vec::new(),
            });
            batch.reset(layout, d);
            batch.deal(suite, *dealer, first + (i * numbers) as u64, &words)?;
        }
        Ok(())
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        _place: Place,
        batches: &mut Vec<Batch<R>>,
    ) -> Result<(), Error> {
        let mut dealings = batches.iter().zip(&self.dealings);
        dealings.try_for_each(|(batch, (dealer, _))| batch.send(suite, wire, *dealer))
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        _place: Place,
        batches: &mut Vec<Batch<R>>,
    ) -> Result<(), Error> {
        let mut dealings = batches.iter_mut().zip(&self.dealings);
        dealings.try_for_each(|(batch, (dealer, _))| batch.receive(suite, wire, *dealer))
    }

    fn end(
        &mut self,
        _suite: &mut Bgw,
        block: usize,
        batches: &mut Vec<Batch<R>>,
    ) -> Result<(), Error> {
        let from = block_range(block, BLOCK, self.lanes).start;
        let mut batches = batches.iter().zip(&mut self.out);
        batches.try_for_each(|(batch, out)| R::store(batch, from, out))
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(
            self.take().into_iter().map(Value::Shared).collect(),
        ))
    }
}
