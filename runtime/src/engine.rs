//! Runs one party of a compiled program: schedules operations, exchanges messages tick by tick, accounts for both.
//!
//! The schedule is dataflow within a region: an operation starts as soon as its operands are there, and everything under way
//! advances once per tick, so that independent operations share rounds. A tick's order follows from the program and from
//! values that were revealed, hence all parties agree on it without saying a word. Correlations that the program is sure to use are
//! begun before its first operation and made ahead of those that use them up (`supply`). Operations on long vectors run together,
//! block of lanes by block of lanes (`group`). See `smpcc_circuit::cost` for what
//! counts as a round.

use std::sync::Once;
use std::time::{Duration, Instant};

use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{Program, Suite as SuiteName, Threat};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;

use crate::error::Error;
use crate::io::{Inputs, Outputs, Secret, check_inputs};
use crate::protocols::authenticated::Authenticated;
use crate::protocols::four::Rep4;
use crate::protocols::pairwise::Pairwise;
use crate::protocols::replicated::Rep3;
use crate::protocols::shamir::Bgw;
use crate::protocols::{AnySuite, Malicious, SemiHonest, Step, Suite};
use crate::ring::Elements;
use crate::session::Session;

mod draw;
mod execute;
mod group;
mod in_order;
mod parts;
mod schedule;
mod settle;
mod supply;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod timeline;

use crate::exchange::Exchange;
use execute::{Clocks, Executor, Run};
use schedule::Schedule;
use settle::Settle;
use smpcc_circuit::cost::{Delay, Demands, Stamp};
use supply::Supply;
use timeline::Timeline;

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
    /// Payload bytes that this party sent, without those for correlations.
    pub bytes_sent: u64,
    /// Computing, waiting for messages included.
    pub time: Duration,
}

/// What correlations took at one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorrelationReport {
    /// Rounds before the first operation of the program.
    pub rounds: u64,
    /// Payload bytes that this party sent once, before all else.
    pub setup_sent: u64,
    /// Payload bytes that this party sent to make what operations used up.
    pub prepared_sent: u64,
}

/// What the checks of openings took at one party; nothing where the adversary follows the protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Batches of openings that were checked.
    pub n_checks: u64,
    /// Times that all that was recorded was proven before an opening.
    pub n_settlements: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
}

/// What a run gave and took at one party. Bytes of sections, correlations and checks add up to those of the run.
pub struct RunReport {
    /// What this party learnt.
    pub outputs: Outputs,
    /// The largest stamp of any message of the schedule.
    pub rounds: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// By section of the program.
    pub sections: Vec<SectionReport>,
    /// For correlations.
    pub correlations: CorrelationReport,
    /// For checks.
    pub checks: CheckReport,
    /// What is done once before all else, waiting for messages included.
    pub setup: Duration,
    /// Making correlations, waiting for messages included.
    pub offline: Duration,
    /// All other.
    pub online: Duration,
    /// When what took place.
    pub timeline: Timeline,
}

impl RunReport {
    /// The words of an output, if this party received it.
    pub fn output(&self, id: OutputId) -> Option<Vec<Word>> {
        self.outputs.get(&id).map(Elements::words)
    }

    /// From the setup to the last operation.
    pub fn time(&self) -> Duration {
        self.setup + self.offline + self.online
    }
}

/// Bytes that are mapped and unmapped one by one, at least; glibc's allocator also keeps up to twice as much that is free.
const MAPPED: usize = 16 << 20;

/// Blocks of lanes take and free the same few buffers over and over. An allocator that gives each back to the system makes the
/// system clear its pages again every time, which can take longer than the work on them. glibc's allocator maps only what is
/// longer than the longest mapping that was freed so far: it is shown one that is never touched. Others do not mind. Where so much
/// cannot be mapped, nothing is lost but time.
fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut untouched = Vec::<u8>::new();
        if untouched.try_reserve_exact(MAPPED).is_ok() {
            drop(std::hint::black_box(untouched));
        }
    });
}

/// Runs `program` as the party whose session this is. Draws are made here: `inputs` has none of them.
///
/// # Errors
/// A fault of the usage for wrong inputs, of the machine where it has no randomness to draw (before anything is sent), of the program for a public index out of range or a
/// failed assertion (the same at all parties), of the network or a peer, or a bug. The caller tells the others
/// ([`Session::abort`]).
pub fn run(
    session: &mut Session,
    program: &Verified,
    mut inputs: Inputs,
    progress: &mut dyn FnMut(Progress),
) -> Result<RunReport, Error> {
    if session.n_parties() != program.n_parties as usize {
        return Err(Error::bug("the session is that of another run"));
    }
    check_size(program)?;
    draw::draw(program, session.me(), &mut inputs)?;
    check_inputs(program, session.me(), &inputs)?;
    keep_freed_memory();
    let suite = match (program.suite, program.threat) {
        (SuiteName::Rep3, Threat::SemiHonest) => {
            AnySuite::new(Rep3::<SemiHonest>::new(program, session)?)
        }
        (SuiteName::Rep3, Threat::Malicious) => {
            AnySuite::new(Rep3::<Malicious>::new(program, session)?)
        }
        (SuiteName::Rep4, Threat::SemiHonest) => {
            AnySuite::new(Rep4::<SemiHonest>::new(program, session)?)
        }
        (SuiteName::Rep4, Threat::Malicious) => {
            AnySuite::new(Rep4::<Malicious>::new(program, session)?)
        }
        (SuiteName::TwoParty, Threat::Malicious) => {
            AnySuite::new(Authenticated::new(program, session)?)
        }
        (suite @ (SuiteName::Gmw | SuiteName::Bgw), Threat::Malicious) => {
            let suite = suite.name();
            return Err(Error::bug(format!(
                "{suite} runs against malicious parties"
            )));
        }
        (SuiteName::Bgw, Threat::SemiHonest) => AnySuite::new(Bgw::new(program, session)?),
        (SuiteName::TwoParty | SuiteName::Gmw, Threat::SemiHonest) => {
            AnySuite::new(Pairwise::new(program, session)?)
        }
    };
    run_suite(session, program, suite, inputs, progress)
}

/// Refuses inputs of which this machine could not even hold a share: the others' are as long as they say, and a failed allocation
/// later would end the process without a word.
fn check_size(program: &Program) -> Result<(), Error> {
    let bits = program.inputs.iter().fold(0u128, |sum, leaf| {
        sum + u128::from(leaf.lanes) * u128::from(leaf.scalar.width())
    });
    let bytes = bits.div_ceil(8);
    let room = usize::try_from(bytes).is_ok_and(|len| {
        let mut room: Vec<u8> = Vec::new();
        // Never written, so that nothing is taken but the promise.
        let there = room.try_reserve_exact(len).is_ok();
        std::hint::black_box(&room);
        there
    });
    if room {
        return Ok(());
    }
    Err(Error::machine(format!(
        "all inputs together have {bytes} bytes, more than this machine can hold"
    )))
}

pub(crate) fn run_suite<S: Suite>(
    session: &mut Session,
    program: &Verified,
    mut suite: S,
    inputs: Inputs,
    progress: &mut dyn FnMut(Progress),
) -> Result<RunReport, Error> {
    let schedule = Schedule::new(program)?;
    let demands = Demands::new(program);
    let parts = parts::total(program, &schedule);
    session.plan_parts(parts)?;
    let began = Instant::now();
    let mut shared = SortedMap::new();
    for (id, words) in inputs {
        let width = program.inputs[id.index()].scalar.width();
        shared.insert(id, Secret::new(words.into_inner().fitted(width)));
    }
    let mut wire = Exchange::new(session);
    let mut ticks = 0;
    let mut ended = Timeline::new(began);
    let mut end_tick = |wire: &mut Exchange<'_>| {
        ticks += 1;
        progress(Progress {
            ticks,
            bytes_sent: wire.bytes_sent(),
        });
        let before = Instant::now();
        wire.end_tick()?;
        ended.ticked(before, wire.bytes_sent());
        Ok(())
    };

    // What is done once.
    let mut start = Stamp::START;
    if let Some(mut machine) = suite.setup(program)? {
        loop {
            match machine.step(&mut suite, &mut wire)? {
                Step::Waiting => end_tick(&mut wire)?,
                Step::Done(_, delay) => {
                    start = start.delayed(delay);
                    break;
                }
            }
        }
    }
    let (setup, setup_sent) = (began.elapsed(), wire.bytes_sent());

    // The first batches of what is sure to be used.
    let before = Instant::now();
    let mut supply = Supply::new();
    if let Some(demand) = demands.region(0) {
        supply.announce(demand, 1);
    }
    supply.tick(program, &mut suite, &mut wire)?;
    while supply.is_busy() {
        end_tick(&mut wire)?;
        supply.tick(program, &mut suite, &mut wire)?;
    }
    start = start.delayed(Delay::Rounds(supply.rounds));
    supply.time = before.elapsed();

    let mut executor = Executor {
        program,
        schedule: &schedule,
        demands: &demands,
        suite,
        supply,
        settle: Settle::new(),
        wire,
        values: program.values.iter().map(|_| None).collect(),
        clocks: Clocks::new(program),
        inputs: shared,
        outputs: Outputs::new(),
        blocks: None,
        sections: vec![SectionReport::default(); program.sections.len()],
        timeline: Timeline::new(began),
        done: 0,
        listings: SortedMap::new(),
    };
    let mut main = Run::new(0, true);
    if let Some(plan) = schedule.regions.first() {
        main.reset(plan, &executor.clocks.start(start));
        while !executor.advance(&mut main)? {
            executor.check(false)?;
            end_tick(&mut executor.wire)?;
            executor.make_ahead()?;
        }
        loop {
            executor.check(true)?;
            executor.wire.end_tick()?;
            if executor.settle.is_done() {
                break;
            }
        }
    }
    debug_assert_eq!(
        executor.done, parts,
        "parts are counted as they are planned"
    );
    if !executor.supply.is_spent() {
        return Err(Error::bug("correlations were made that nobody used"));
    }
    let rounds = |place: usize| {
        let end = main.end().get(place);
        end.map_or(0, |end| u64::try_from(end.ready).unwrap_or(0))
    };
    for (i, section) in executor.sections.iter_mut().enumerate() {
        section.rounds = rounds(1 + i);
    }
    let offline = executor.supply.time;
    let mut timeline = executor.timeline;
    timeline.ticks = ended.ticks;
    timeline.left_out += ended.left_out;
    Ok(RunReport {
        outputs: executor.outputs,
        rounds: rounds(0).max(u64::try_from(executor.settle.end.ready).unwrap_or(0)),
        bytes_sent: executor.wire.bytes_sent(),
        sections: executor.sections,
        correlations: CorrelationReport {
            rounds: u64::try_from(start.ready).unwrap_or(0),
            setup_sent,
            prepared_sent: executor.supply.bytes_sent,
        },
        checks: executor.settle.report,
        setup,
        offline,
        online: began.elapsed().saturating_sub(setup + offline),
        timeline,
    })
}
