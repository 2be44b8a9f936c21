//! Runs one party of a compiled program: schedules operations, exchanges messages tick by tick, accounts for both.
//!
//! The schedule is dataflow within a region: an operation starts as soon as its operands are there, and everything under way
//! advances once per tick, so that independent operations share rounds. A tick's order follows from the program and from
//! values that were revealed, hence all parties agree on it without saying a word. See `smpcc_circuit::cost` for what
//! counts as a round.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use smpcc_circuit::program::{Program, Suite as SuiteName};

use crate::error::Error;
use crate::io::{Inputs, Outputs, Secret, check_inputs};
use crate::net::Mesh;
use crate::party::PartyId;
use crate::protocols::Suite;
use crate::protocols::replicated::Rep3;
use crate::ring::Elements;

pub mod exchange;
mod execute;
pub mod local;
mod schedule;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use exchange::Exchange;
use execute::{Clocks, Executor, Run};
use schedule::Schedule;

/// What a run tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Exchanges of messages so far.
    pub ticks: u64,
    /// Payload bytes sent so far by this party.
    pub bytes_sent: u64,
}

/// What one section of a program took at one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionReport {
    /// Rounds as if all other sections' operations took none; 0 where a program has too many sections to tell them apart.
    pub rounds: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// Computing, waiting for messages included.
    pub time: Duration,
}

/// What a run gave and took at one party.
pub struct RunReport {
    /// What this party learnt.
    pub outputs: Outputs,
    /// The largest stamp of any message of the schedule.
    pub rounds: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// By section of the program.
    pub sections: Vec<SectionReport>,
    /// From the first operation to the last.
    pub time: Duration,
}

/// Runs `program` as party `me`. The session must be bound to the mesh, and the program verified.
///
/// # Errors
/// A fault of the usage for wrong inputs (before anything is sent), of the program for a public index out of range or a
/// failed assertion (the same at all parties), of the network or a peer, or a bug. The caller tells the others
/// ([`Mesh::abort`]).
pub fn run(
    program: &Program,
    me: PartyId,
    mesh: &mut Mesh,
    inputs: Inputs,
    progress: &mut dyn FnMut(Progress),
) -> Result<RunReport, Error> {
    if mesh.n_parties() != program.n_parties as usize || mesh.me() != me {
        return Err(Error::bug("the links are those of another run"));
    }
    check_inputs(program, me, &inputs)?;
    match program.suite {
        SuiteName::Rep3 => {
            let suite = Rep3::new(program, mesh)?;
            run_suite(program, suite, mesh, inputs, progress)
        }
        other => Err(Error::bug(format!("no engine runs {}", other.name()))),
    }
}

fn run_suite<S: Suite>(
    program: &Program,
    suite: S,
    mesh: &mut Mesh,
    inputs: Inputs,
    progress: &mut dyn FnMut(Progress),
) -> Result<RunReport, Error> {
    let schedule = Schedule::new(program)?;
    let began = Instant::now();
    let mut shared = BTreeMap::new();
    for (id, words) in &inputs {
        let width = program.inputs[id.index()].scalar.width();
        let words = Secret::expose(words).iter().copied();
        shared.insert(*id, Elements::of_words(width, words));
    }
    drop(inputs);
    let mut executor = Executor {
        program,
        schedule: &schedule,
        suite,
        wire: Exchange::new(mesh),
        values: program.values.iter().map(|_| None).collect(),
        clocks: Clocks::new(program),
        inputs: shared,
        outputs: Outputs::new(),
        sections: vec![SectionReport::default(); program.sections.len()],
    };
    let mut main = Run::new(0);
    if let Some(plan) = schedule.regions.first() {
        main.reset(plan, &executor.clocks.start());
        let mut ticks = 0;
        while !executor.advance(&mut main)? {
            executor.wire.end_tick()?;
            ticks += 1;
            progress(Progress {
                ticks,
                bytes_sent: executor.wire.bytes_sent(),
            });
        }
        executor.wire.end_tick()?;
    }
    let rounds = |place: usize| {
        let end = main.end().get(place);
        end.map_or(0, |end| u64::try_from(end.ready).unwrap_or(0))
    };
    for (i, section) in executor.sections.iter_mut().enumerate() {
        section.rounds = rounds(1 + i);
    }
    Ok(RunReport {
        outputs: executor.outputs,
        rounds: rounds(0),
        bytes_sent: executor.wire.bytes_sent(),
        sections: executor.sections,
        time: began.elapsed(),
    })
}
