//! What was opened and waits: batches of openings and their checks, in the order of the program.
//!
//! Where the adversary follows the protocol, an opening is believed at once and nothing here holds anything. Where it does not, an
//! opening joins the batch that is being gathered. A revealed value has users that wait for it, so its batch is checked at the end
//! of the tick in which it came, together with all else that came in it. Outputs have none: they wait for the next check,
//! for [`EVERY`] openings, or for the end of the run. One check is under way at a time. What its operation gave is released when
//! the check has passed, and not before: neither control nor another operation nor the caller sees it earlier.
//!
//! Before that, what was computed is **proven**, where a suite records it to be: a phase of openings (`smpcc_circuit::phases`) asks for a
//! seal and begins when all proofs have passed. What gets long before is proven meanwhile.
//!
//! A check is no operation of the program: what it sends and how long it takes is accounted for by itself, and what it releases is
//! there when the latest opening of its batch was there and the check's rounds have passed.

use std::time::{Duration, Instant};

use smpcc_circuit::cost::Stamp;
use smpcc_circuit::ids::OutputId;

use super::CheckReport;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::io::Outputs;
use crate::protocols::{Batch, Check, Machine, Opened, Outcome, Passed, Step, Submitted, Suite};
use crate::ring::Elements;

/// Openings that wait at most before they are checked.
const EVERY: u64 = 1 << 16;

/// A check that has passed, and when what it releases is there.
struct Settled {
    passed: Passed,
    when: Stamp,
}

/// An output that waits.
struct Leaving {
    id: OutputId,
    words: Submitted<Elements>,
}

/// Whether all that was recorded is proven.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seal {
    /// Nobody asks.
    Open,
    /// Openings wait for it.
    Asked,
    /// It is.
    Given,
}

/// The openings of a run that are not released yet.
pub(super) struct Settle<S: Suite> {
    /// What is being gathered, and how much of it there is at all parties together.
    batch: Batch<S::Evidence>,
    gathered: u64,
    /// Whether an operation waits for a value of it.
    wanted: bool,
    /// When the last opening of it was there.
    came: Stamp,
    n_batches: u64,
    checking: Option<(Box<dyn Machine<S>>, Stamp)>,
    settled: Vec<Settled>,
    leaving: Vec<Leaving>,
    /// Proofs under way.
    proofs: Vec<Box<dyn Machine<S>>>,
    seal: Seal,
    /// When the last check had passed.
    pub(super) end: Stamp,
    pub(super) report: CheckReport,
    pub(super) time: Duration,
}

impl<S: Suite> Settle<S> {
    /// Nothing opened.
    pub(super) fn new() -> Self {
        Self {
            batch: Batch::new(0),
            gathered: 0,
            wanted: false,
            came: Stamp::START,
            n_batches: 0,
            checking: None,
            settled: Vec::new(),
            leaving: Vec::new(),
            proofs: Vec::new(),
            seal: Seal::Open,
            end: Stamp::START,
            report: CheckReport::default(),
            time: Duration::ZERO,
        }
    }

    /// A value that was opened to all at `when`: released at once, or what to wait with.
    pub(super) fn reveal(
        &mut self,
        suite: &mut S,
        opened: Opened<Elements, S::Evidence>,
        when: Stamp,
    ) -> Result<Result<Elements, Submitted<Elements>>, Error> {
        if !suite.waits() {
            return believe(suite, opened).map(Ok);
        }
        self.wanted = true;
        self.gather(when);
        Ok(Err(opened.submit(&mut self.batch)))
    }

    /// An output, or a block of it, that was opened at `when`; nothing at a party that does not receive it. `block` says where it begins,
    /// and the lanes of all.
    pub(super) fn output(
        &mut self,
        suite: &mut S,
        outputs: &mut Outputs,
        (id, block): (OutputId, Option<(usize, usize)>),
        opened: Option<Opened<Elements, S::Evidence>>,
        when: Stamp,
    ) -> Result<(), Error> {
        if !suite.waits() {
            if let Some(opened) = opened {
                put(outputs, id, block, believe(suite, opened)?)?;
            }
            return Ok(());
        }
        if block.is_some() {
            return Err(Error::bug("a block is opened that has to be checked"));
        }
        self.gather(when);
        if let Some(opened) = opened {
            let words = opened.submit(&mut self.batch);
            self.leaving.push(Leaving { id, words });
        }
        Ok(())
    }

    /// Asks that all that was recorded be proven; only what opens something asks, and nothing else is under way then.
    pub(super) fn seal(&mut self) -> Result<(), Error> {
        match self.seal {
            Seal::Open => self.seal = Seal::Asked,
            Seal::Asked | Seal::Given => {
                return Err(Error::bug("two phases of openings at one time"));
            }
        }
        self.report.n_settlements += 1;
        Ok(())
    }

    /// Whether all is proven that was to be; says so once.
    pub(super) fn take_seal(&mut self) -> bool {
        let given = self.seal == Seal::Given;
        if given {
            self.seal = Seal::Open;
        }
        given
    }

    /// One tick of the proofs under way, and those that are to begin.
    fn prove(&mut self, suite: &mut S, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let step = |suite: &mut S, wire: &mut Exchange<'_>, mut machine: Box<dyn Machine<S>>| {
            Ok::<_, Error>(match machine.step(suite, wire)? {
                Step::Waiting => Some(machine),
                Step::Done(..) => None,
            })
        };
        for machine in std::mem::take(&mut self.proofs) {
            self.proofs.extend(step(suite, wire, machine)?);
        }
        let all = self.seal == Seal::Asked;
        while let Some(machine) = suite.settle(all)? {
            self.proofs.extend(step(suite, wire, machine)?);
        }
        if all && self.proofs.is_empty() {
            suite.sealed()?;
            self.seal = Seal::Given;
        }
        Ok(())
    }

    fn gather(&mut self, when: Stamp) {
        self.gathered += 1;
        self.came = self.came.join(when);
    }

    /// The value that an operation waits for, and when it is there, if its check has passed; else what to wait on with.
    pub(super) fn released(
        &self,
        waiting: Submitted<Elements>,
    ) -> Result<Result<(Elements, Stamp), Submitted<Elements>>, Error> {
        match self.settled.iter().find(|s| waiting.is_of(&s.passed)) {
            Some(settled) => Ok(Ok((waiting.release(&settled.passed)?, settled.when))),
            None => Ok(Err(waiting)),
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_done(&self) -> bool {
        self.checking.is_none() && self.gathered == 0 && self.proofs.is_empty()
    }

    /// One tick of the check under way, and the next one if there is one to begin; after the tick's operations. `last` says that no more
    /// of them come.
    pub(super) fn tick(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        outputs: &mut Outputs,
        last: bool,
    ) -> Result<(), Error> {
        // Who waited for what passed in the tick before has it by now.
        self.settled.clear();
        if !suite.deviates() {
            return Ok(());
        }
        let (began, sent) = (Instant::now(), wire.bytes_sent());
        self.prove(suite, wire)?;
        if let Some((machine, came)) = self.checking.take() {
            self.step(suite, wire, outputs, machine, came)?;
        }
        let due = self.wanted || last || self.gathered >= EVERY;
        if self.checking.is_none() && self.gathered > 0 && due {
            self.n_batches += 1;
            let batch = std::mem::replace(&mut self.batch, Batch::new(self.n_batches));
            (self.gathered, self.wanted) = (0, false);
            let came = std::mem::replace(&mut self.came, Stamp::START);
            self.report.n_checks += 1;
            match suite.check(batch)? {
                Check::Passed(passed) => self.pass(outputs, passed, came)?,
                Check::Machine(machine) => self.step(suite, wire, outputs, machine, came)?,
            }
        }
        self.report.bytes_sent += wire.bytes_sent() - sent;
        self.time += began.elapsed();
        Ok(())
    }

    fn step(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        outputs: &mut Outputs,
        mut machine: Box<dyn Machine<S>>,
        came: Stamp,
    ) -> Result<(), Error> {
        match machine.step(suite, wire)? {
            Step::Waiting => {
                self.checking = Some((machine, came));
                Ok(())
            }
            Step::Done(Outcome::Passed(passed), delay) => {
                self.pass(outputs, passed, came.delayed(delay))
            }
            Step::Done(..) => Err(Error::bug("a check ended without passing or failing")),
        }
    }

    fn pass(&mut self, outputs: &mut Outputs, passed: Passed, when: Stamp) -> Result<(), Error> {
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|leaving| leaving.words.is_of(&passed));
        self.leaving = later;
        for Leaving { id, words } in now {
            outputs.insert(id, words.release(&passed)?);
        }
        self.end = self.end.join(when);
        self.settled.push(Settled { passed, when });
        Ok(())
    }
}

/// An opening by parties who follow the protocol.
fn believe<S: Suite>(
    suite: &mut S,
    opened: Opened<Elements, S::Evidence>,
) -> Result<Elements, Error> {
    let mut batch = Batch::new(0);
    let waiting = opened.submit(&mut batch);
    match suite.check(batch)? {
        Check::Passed(passed) => waiting.release(&passed),
        Check::Machine(_) => Err(Error::bug("a check takes time where nobody deviates")),
    }
}

fn put(
    outputs: &mut Outputs,
    id: OutputId,
    block: Option<(usize, usize)>,
    part: Elements,
) -> Result<(), Error> {
    match block {
        None => {
            outputs.insert(id, part);
            Ok(())
        }
        Some((from, lanes)) => outputs
            .entry(id)
            .or_insert_with(|| part.zeros_like(lanes))
            .put(from, &part),
    }
}
