//! Operations in blocks: a long vector is cut into blocks of lanes that take the same phases, and several are in flight.
//!
//! A block's phase has two sides. What it computes needs nothing but its own place and state, so that several blocks are computed at once
//! where a party has several cores. What it sends and takes is ordered: blocks send and take one after the other, whatever was
//! computed when. So neither results nor traffic depend on how many cores there are.

use smpcc_circuit::cost::Delay;

use super::{Begun, Machine, Outcome, Step, Stepped, Suite};
use crate::error::Error;
use crate::exchange::Exchange;

/// An operation cut into blocks, each of which takes the same number of phases; a phase is one message (or none) to
/// each other party.
///
/// In each phase a block computes, sends and receives; when all has come, it computes once more and ends.
pub trait Blocks<S: Suite>: Send + Sync {
    /// What a block in flight holds; the next block in its place starts with it.
    type State: Default + Send;

    /// Number of blocks.
    fn n_blocks(&self) -> usize;

    /// Phases of each block, at least one.
    fn n_phases(&self) -> u32;

    /// Blocks in flight at once: fixed by the program, not by the machine.
    fn window(&self) -> usize {
        8
    }

    /// Whether what a block computes in a phase is worth another core's while.
    fn is_long(&self, _phase: u32) -> bool {
        true
    }

    /// Computes up to the phase's messages, on any core and beside other blocks. In phase 0 the block begins; phase `n_phases` is
    /// what is left to compute when all has come.
    fn compute(&self, _suite: &S, _place: Place, _state: &mut Self::State) -> Result<(), Error> {
        Ok(())
    }

    /// Sends and announces the phase's messages.
    fn send(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Self::State,
    ) -> Result<(), Error>;

    /// Takes the phase's messages.
    fn receive(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Self::State,
    ) -> Result<(), Error>;

    /// Puts a block's results in place. Blocks end in their order.
    fn end(
        &mut self,
        _suite: &mut S,
        _block: usize,
        _state: &mut Self::State,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// The results, when all blocks have ended.
    fn finish(&mut self) -> Result<Outcome<S::Share, S::Evidence>, Error>;

    /// What `n_phases` phases of messages delay the results by.
    fn delay(&self, n_phases: u32) -> Delay {
        Delay::Rounds(n_phases)
    }
}

/// A phase of a block.
#[derive(Clone, Copy)]
pub struct Place {
    /// The block.
    pub block: usize,
    /// The phase, from 0.
    pub phase: u32,
}

/// A block in flight.
struct Flight<T> {
    place: Place,
    state: T,
}

/// Steps [`Blocks`] with several in flight.
pub struct Pipeline<S: Suite, B: Blocks<S>> {
    blocks: B,
    in_flight: Vec<Flight<B::State>>,
    next: usize,
    last_phase: u32,
}

impl<S: Suite, B: Blocks<S>> Pipeline<S, B> {
    /// Nothing begun yet.
    pub fn new(blocks: B) -> Self {
        Self {
            blocks,
            in_flight: Vec::new(),
            next: 0,
            last_phase: 0,
        }
    }

    /// As an operation that has begun; with nothing to do it still ends in order.
    pub fn begun(blocks: B) -> Result<Begun<S>, Error>
    where
        S: 'static,
        B: 'static,
    {
        Ok(Begun::Machine(Box::new(Self::new(blocks))))
    }

    /// Takes the phase's messages of some blocks in flight, takes each to its next phase and sends that. Where blocks end, others begin.
    fn go_on(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        flights: std::ops::Range<usize>,
    ) -> Result<(), Error> {
        let (n_blocks, n_phases) = (self.blocks.n_blocks(), self.blocks.n_phases());
        let mut flights = &mut self.in_flight[flights];
        for Flight { place, state } in flights.iter_mut() {
            self.blocks.receive(suite, wire, *place, state)?;
            place.phase += 1;
            self.last_phase = self.last_phase.max(place.phase);
        }
        compute(&self.blocks, suite, wire, flights)?;
        // All in flight began in one tick, so all are in one phase.
        if flights.first().is_some_and(|f| f.place.phase == n_phases) {
            let mut n_begun = 0;
            for Flight { place, state } in flights.iter_mut() {
                self.blocks.end(suite, place.block, state)?;
                if self.next < n_blocks {
                    *place = Place {
                        block: self.next,
                        phase: 0,
                    };
                    self.next += 1;
                    n_begun += 1;
                }
            }
            flights = &mut flights[..n_begun];
            compute(&self.blocks, suite, wire, flights)?;
        }
        for Flight { place, state } in flights {
            self.blocks.send(suite, wire, *place, state)?;
        }
        Ok(())
    }
}

/// Computes what some blocks send next, each on a core where there are several and it is worth it.
fn compute<S: Suite, B: Blocks<S>>(
    blocks: &B,
    suite: &S,
    wire: &Exchange<'_>,
    flights: &mut [Flight<B::State>],
) -> Result<(), Error> {
    let run =
        |flight: &mut Flight<B::State>| blocks.compute(suite, flight.place, &mut flight.state);
    match flights {
        [first, _, ..] if blocks.is_long(first.place.phase) => wire.workers().each(flights, run),
        _ => flights.iter_mut().try_for_each(run),
    }
}

impl<S: Suite, B: Blocks<S>> Machine<S> for Pipeline<S, B> {
    fn step(&mut self, suite: &mut S, wire: &mut Exchange<'_>) -> Result<Stepped<S>, Error> {
        let (n_blocks, n_phases) = (self.blocks.n_blocks(), self.blocks.n_phases());
        // What others are sent leaves while the next blocks are computed.
        let run = wire.workers().n();
        let mut at = 0;
        while at < self.in_flight.len() {
            let end = (at + run).min(self.in_flight.len());
            self.go_on(suite, wire, at..end)?;
            at = end;
        }
        self.in_flight
            .retain(|flight| flight.place.phase < n_phases);
        while self.next < n_blocks && self.in_flight.len() < self.blocks.window() {
            let first = self.in_flight.len();
            let room = (self.blocks.window() - first).min(run);
            for block in self.next..n_blocks.min(self.next + room) {
                let place = Place { block, phase: 0 };
                let state = B::State::default();
                self.in_flight.push(Flight { place, state });
                self.next += 1;
            }
            let begun = &mut self.in_flight[first..];
            compute(&self.blocks, suite, wire, begun)?;
            for Flight { place, state } in begun {
                self.blocks.send(suite, wire, *place, state)?;
            }
        }
        if !self.in_flight.is_empty() {
            return Ok(Step::Waiting);
        }
        let delay = if n_blocks == 0 {
            Delay::None
        } else {
            self.blocks.delay(self.last_phase)
        };
        Ok(Step::Done(self.blocks.finish()?, delay))
    }
}

#[cfg(test)]
mod tests;
