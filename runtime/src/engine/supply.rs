//! Correlations: how many are sure to be needed, made and not yet used, and when more are made.
//!
//! Correlations of a kind are alike and a suite keeps them in the order in which they were made, so that only counts matter
//! here. What a region is sure to use is announced when it starts; of each kind, a batch is made whenever less than
//! half of one is left, until as many were made as were announced. So a loop of a million iterations or a vector of a million
//! lanes holds a few batches at a time, and what is made is exactly what is used. An operation begins when its correlations are
//! there; together, those that are under way hold few batches.
//!
//! All of this follows from the program and from revealed values: batches begin, end and are used in the same order at all
//! parties.
//!
//! Some kinds are made in whole batches (`smpcc_circuit::cost::Whole`), of which a run may leave the last one unfinished.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use smpcc_circuit::cost::{Correlation, Delay, Demand, Whole};
use smpcc_circuit::program::Program;
use smpcc_circuit::sorted::SortedMap;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::{Machine, Step, Suite};

#[cfg(test)]
mod tests;

/// Batches' worth of correlations that operations under way hold, before another one has to wait.
const HELD: u64 = 2;
/// Parts of an operation's lanes are multiples of this.
const UNIT: u64 = 64;

/// One kind.
#[derive(Default)]
struct Stock {
    /// Announced, not yet begun to be made.
    due: u64,
    /// Being made.
    coming: u64,
    /// Made, not yet given to an operation.
    ready: u64,
    /// Given to operations that are under way.
    held: u64,
    /// What the neediest operation waits for.
    wanted: u64,
    /// What is due in batches, where they are made whole: of one size, so many.
    batches: VecDeque<(u64, u64)>,
    /// What whole batches have beyond all that was announced.
    beyond: u64,
}

impl Stock {
    /// The size of the next batch that is made whole, if it is time for one.
    fn next_batch(&mut self, most: u64) -> Option<u64> {
        let there = self.ready + self.coming;
        let short = there <= most / 2 || there < self.wanted;
        if !short || self.coming >= most {
            return None;
        }
        let (size, n) = self.batches.front_mut()?;
        let size = *size;
        *n -= 1;
        if *n == 0 {
            self.batches.pop_front();
        }
        self.due -= size;
        self.coming += size;
        Some(size)
    }
}

/// Correlations of a run.
pub(super) struct Supply<S: Suite> {
    stocks: SortedMap<Correlation, Stock>,
    whole: Whole,
    making: Vec<(Demand, Box<dyn Machine<S>>)>,
    /// Bytes that this party sent for them.
    pub(super) bytes_sent: u64,
    /// Making them, waiting for messages included.
    pub(super) time: Duration,
    /// The largest delay of a batch so far.
    pub(super) rounds: u32,
}

impl<S: Suite> Supply<S> {
    /// Nothing announced.
    pub(super) fn new() -> Self {
        Self {
            stocks: SortedMap::new(),
            whole: Whole::default(),
            making: Vec::new(),
            bytes_sent: 0,
            time: Duration::ZERO,
            rounds: 0,
        }
    }

    /// Says that operations to come use up `demand`, `times` times.
    pub(super) fn announce(&mut self, demand: &Demand, times: u64) {
        for (kind, count) in demand.iter() {
            let (stock, count) = (
                self.stocks.entry(kind).or_default(),
                count.saturating_mul(times),
            );
            if kind.whole().is_empty() {
                stock.due = stock.due.saturating_add(count);
                continue;
            }
            for (size, n) in self.whole.demand(kind, count) {
                let made = size.saturating_mul(n);
                stock.due = stock.due.saturating_add(made);
                stock.beyond = stock.beyond.saturating_add(made);
                stock.batches.push_back((size, n));
            }
            stock.beyond = stock.beyond.saturating_sub(count);
        }
    }

    /// Whether a batch is being made.
    pub(super) fn is_busy(&self) -> bool {
        !self.making.is_empty()
    }

    /// Gives an operation its correlations if they are there; else it asks again in the next tick.
    ///
    /// # Errors
    /// A bug, when more are taken than were announced.
    pub(super) fn take(&mut self, demand: &Demand) -> Result<bool, Error> {
        let mut there = true;
        for (kind, count) in demand.iter() {
            let stock = self.stocks.entry(kind).or_default();
            if count > stock.due.saturating_add(stock.coming + stock.ready) {
                return Err(Error::bug("more correlations are used than were announced"));
            }
            if stock.ready < count {
                stock.wanted = stock.wanted.max(count);
                there = false;
            }
            there &= stock.held == 0 || stock.held + count <= HELD * kind.batch();
        }
        if there {
            for (kind, count) in demand.iter() {
                let stock = self.stocks.entry(kind).or_default();
                stock.ready -= count;
                stock.held += count;
            }
        }
        Ok(there)
    }

    /// Says that an operation has used up what it was given.
    pub(super) fn used(&mut self, demand: &Demand) {
        for (kind, count) in demand.iter() {
            let stock = self.stocks.entry(kind).or_default();
            stock.held = stock.held.saturating_sub(count);
        }
    }

    /// One tick of what is being made, and the next batches.
    pub(super) fn tick(
        &mut self,
        program: &Program,
        suite: &mut S,
        wire: &mut Exchange<'_>,
    ) -> Result<(), Error> {
        if self.stocks.is_empty() {
            return Ok(());
        }
        let (began, sent) = (Instant::now(), wire.bytes_sent());
        for (demand, mut machine) in std::mem::take(&mut self.making) {
            self.step(suite, wire, demand, &mut machine)?
                .map_or_else(|| (), |demand| self.making.push((demand, machine)));
        }
        let mut batch = Demand::default();
        let mut whole = Vec::new();
        for (&kind, stock) in self.stocks.iter_mut() {
            if !kind.whole().is_empty() {
                while let Some(size) = stock.next_batch(kind.batch()) {
                    whole.push(Demand::of(kind, size));
                }
                stock.wanted = 0;
                continue;
            }
            let there = stock.ready + stock.coming;
            let wanted = std::mem::take(&mut stock.wanted);
            let short = there <= kind.batch() / 2 || there < wanted;
            if stock.due > 0 && short && stock.coming < kind.batch() {
                let more = (kind.batch().max(wanted) - there).next_multiple_of(UNIT);
                let more = more.min(kind.batch()).min(stock.due);
                stock.due -= more;
                stock.coming += more;
                batch.add(kind, more);
            }
        }
        if !batch.is_empty() {
            self.make(program, suite, wire, batch)?;
        }
        for batch in whole {
            self.make(program, suite, wire, batch)?;
        }
        self.bytes_sent += wire.bytes_sent() - sent;
        self.time += began.elapsed();
        Ok(())
    }

    /// Begins a batch.
    fn make(
        &mut self,
        program: &Program,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        batch: Demand,
    ) -> Result<(), Error> {
        match suite.prepare(program, &batch)? {
            None => self.made(&batch),
            Some(mut machine) => {
                if let Some(demand) = self.step(suite, wire, batch, &mut machine)? {
                    self.making.push((demand, machine));
                }
            }
        }
        Ok(())
    }

    /// Steps a batch; gives its demand back while it is not done.
    fn step(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        demand: Demand,
        machine: &mut Box<dyn Machine<S>>,
    ) -> Result<Option<Demand>, Error> {
        match machine.step(suite, wire)? {
            Step::Waiting => Ok(Some(demand)),
            Step::Done(_, delay) => {
                if let Delay::Rounds(rounds) = delay {
                    self.rounds = self.rounds.max(rounds);
                }
                self.made(&demand);
                Ok(None)
            }
        }
    }

    fn made(&mut self, demand: &Demand) {
        for (kind, count) in demand.iter() {
            let stock = self.stocks.entry(kind).or_default();
            stock.coming = stock.coming.saturating_sub(count);
            stock.ready += count;
        }
    }

    /// Whether all that was announced was made and used: what is left is what whole batches have beyond it.
    pub(super) fn is_spent(&self) -> bool {
        let spent = |s: &Stock| s.due == 0 && s.coming == 0 && s.ready == s.beyond && s.held == 0;
        self.making.is_empty() && self.stocks.values().all(spent)
    }
}
