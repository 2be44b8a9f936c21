//! Operations in blocks: a long vector is cut into blocks of lanes that take the same phases, and several are in flight.
//!
//! A block's phase has two sides. What it computes needs nothing but its own place and state, so that several blocks are computed at once
//! where a party has several cores. What it sends and takes is ordered: blocks send and take one after the other, whatever was
//! computed when. So neither results nor traffic depend on how many cores there are.

use std::any::Any;

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
    type State: Default + Send + 'static;

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
struct Flight {
    place: Place,
    state: State,
}

/// A block's [`Blocks::State`], whatever that is.
type State = Box<dyn Any + Send>;

/// [`Blocks`] of any kind: what steps them is compiled once for each suite.
trait AnyBlocks<S: Suite>: Send + Sync {
    fn n_blocks(&self) -> usize;
    fn n_phases(&self) -> u32;
    fn window(&self) -> usize;
    fn is_long(&self, phase: u32) -> bool;
    fn state(&self) -> State;
    fn compute(&self, suite: &S, flight: &mut Flight) -> Result<(), Error>;
    fn send(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        at: &mut Flight,
    ) -> Result<(), Error>;
    fn receive(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        at: &mut Flight,
    ) -> Result<(), Error>;
    fn end(&mut self, suite: &mut S, flight: &mut Flight) -> Result<(), Error>;
    fn finish(&mut self) -> Result<Outcome<S::Share, S::Evidence>, Error>;
    fn delay(&self, n_phases: u32) -> Delay;
}

impl<S: Suite, B: Blocks<S>> AnyBlocks<S> for B {
    fn n_blocks(&self) -> usize {
        Blocks::n_blocks(self)
    }

    fn n_phases(&self) -> u32 {
        Blocks::n_phases(self)
    }

    fn window(&self) -> usize {
        Blocks::window(self)
    }

    fn is_long(&self, phase: u32) -> bool {
        Blocks::is_long(self, phase)
    }

    fn state(&self) -> State {
        Box::new(B::State::default())
    }

    fn compute(&self, suite: &S, at: &mut Flight) -> Result<(), Error> {
        Blocks::compute(self, suite, at.place, of_kind(&mut at.state)?)
    }

    fn send(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        at: &mut Flight,
    ) -> Result<(), Error> {
        Blocks::send(self, suite, wire, at.place, of_kind(&mut at.state)?)
    }

    fn receive(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        at: &mut Flight,
    ) -> Result<(), Error> {
        Blocks::receive(self, suite, wire, at.place, of_kind(&mut at.state)?)
    }

    fn end(&mut self, suite: &mut S, at: &mut Flight) -> Result<(), Error> {
        Blocks::end(self, suite, at.place.block, of_kind(&mut at.state)?)
    }

    fn finish(&mut self) -> Result<Outcome<S::Share, S::Evidence>, Error> {
        Blocks::finish(self)
    }

    fn delay(&self, n_phases: u32) -> Delay {
        Blocks::delay(self, n_phases)
    }
}

fn of_kind<T: 'static>(state: &mut State) -> Result<&mut T, Error> {
    let state = state.downcast_mut();
    state.ok_or_else(|| Error::bug("the state of a block of another kind"))
}

/// Steps [`Blocks`] with several in flight.
pub struct Pipeline<S: Suite> {
    blocks: Box<dyn AnyBlocks<S>>,
    in_flight: Vec<Flight>,
    next: usize,
    last_phase: u32,
}

impl<S: Suite> Pipeline<S> {
    /// Nothing begun yet.
    pub fn new(blocks: impl Blocks<S> + 'static) -> Self {
        Self {
            blocks: Box::new(blocks),
            in_flight: Vec::new(),
            next: 0,
            last_phase: 0,
        }
    }

    /// As an operation that has begun; with nothing to do it still ends in order.
    pub fn begun(blocks: impl Blocks<S> + 'static) -> Result<Begun<S>, Error>
    where
        S: 'static,
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
        for flight in flights.iter_mut() {
            self.blocks.receive(suite, wire, flight)?;
            flight.place.phase += 1;
            self.last_phase = self.last_phase.max(flight.place.phase);
        }
        compute(&*self.blocks, suite, wire, flights)?;
        // All in flight began in one tick, so all are in one phase.
        if flights.first().is_some_and(|f| f.place.phase == n_phases) {
            let mut n_begun = 0;
            for flight in flights.iter_mut() {
                self.blocks.end(suite, flight)?;
                if self.next < n_blocks {
                    flight.place = Place {
                        block: self.next,
                        phase: 0,
                    };
                    self.next += 1;
                    n_begun += 1;
                }
            }
            flights = &mut flights[..n_begun];
            compute(&*self.blocks, suite, wire, flights)?;
        }
        for flight in flights {
            self.blocks.send(suite, wire, flight)?;
        }
        Ok(())
    }
}

/// Computes what some blocks send next, each on a core where there are several and it is worth it.
fn compute<S: Suite>(
    blocks: &dyn AnyBlocks<S>,
    suite: &S,
    wire: &Exchange<'_>,
    flights: &mut [Flight],
) -> Result<(), Error> {
    let run = |flight: &mut Flight| blocks.compute(suite, flight);
    match flights {
        [first, _, ..] if blocks.is_long(first.place.phase) => wire.workers().each(flights, run),
        _ => flights.iter_mut().try_for_each(run),
    }
}

impl<S: Suite> Machine<S> for Pipeline<S> {
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
                let state = self.blocks.state();
                self.in_flight.push(Flight { place, state });
                self.next += 1;
            }
            let begun = &mut self.in_flight[first..];
            compute(&*self.blocks, suite, wire, begun)?;
            for flight in begun {
                self.blocks.send(suite, wire, flight)?;
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
