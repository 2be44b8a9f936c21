//! Being one party: agree with the others, take the program for what was agreed, run, report.
//!
//! Used by children of `smpcc run`, by its threads with `--in-process`, and by `smpcc party`: one code path, whatever
//! the links are.

use crate::choices::Choices;
use crate::exit::{Exit, Failure, Outcome};
use crate::given::PartyInputs;
use crate::lens::{self, Lens};
use crate::limits::Limits;
use crate::render;
use crate::seating::held_key;
use crate::timeline::TimelineReport;
use crate::types;
use crate::work::Work;
use serde::{Deserialize, Serialize};
use smpcc_circuit::codec;
use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::program::{Node, Op, Program, Shape};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Scalar;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::session::Terms;
use smpcc_runtime::engine::{self, Progress, RunReport};
use smpcc_runtime::error::{Error, Fault};
use smpcc_runtime::hash::{Digest, Transcript, sha256};
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::net::Mesh;
use smpcc_runtime::party::{PartyId, PartyNames};
use smpcc_runtime::ring::Elements;
use smpcc_runtime::session::{self, Agreed, Proposal, Session};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often a party that compiles looks at its links.
const LOOK: Duration = Duration::from_millis(50);

/// The stack of a thread that compiles: what main threads have.
const STACK: usize = 8 << 20;

/// What a party has to say at the end.
#[derive(Clone, Serialize, Deserialize)]
pub struct PartyReport {
    /// The party.
    pub party: u32,
    /// Its result as JSON, if it receives one.
    pub output: Option<String>,
    /// The type of its result, as JSON.
    #[serde(default)]
    pub output_type: Option<String>,
    /// Its result for people.
    pub shown: Option<String>,
    /// What was run.
    pub program: String,
    /// The session's identity.
    pub session: String,
    /// How the keys of this party's links were agreed on.
    pub key_exchange: String,
    /// The suite.
    pub suite: String,
    /// The threat.
    pub threat: String,
    /// Corrupt parties tolerated.
    pub threshold: u32,
    /// Milliseconds of connecting, agreeing, compiling and what the suite does once.
    pub setup_ms: f64,
    /// Milliseconds of making correlations.
    pub offline_ms: f64,
    /// Milliseconds of running.
    pub online_ms: f64,
    /// Rounds of the whole run.
    pub rounds: u64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// The most memory that its process held, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// By section of the plan.
    pub sections: Vec<SectionReport>,
    /// What was made ahead.
    pub correlations: CorrelationReport,
    /// When what took place, if that was asked for.
    pub timeline: Option<TimelineReport>,
    /// Its shares of what stays shared, until they are written.
    #[serde(skip)]
    pub kept: Vec<Kept>,
    /// For whom a share was written, and where.
    #[serde(default)]
    pub stored: Vec<(String, String)>,
    /// Of a look for contributions that are not as they should be: those whose shares are not those of one value.
    #[serde(default)]
    pub misdealt: Vec<String>,
    /// Which attempt at the run it was, and who was lost in each of those before.
    #[serde(default)]
    pub lost: Vec<Vec<String>>,
}

/// A party's share of what somebody is to learn who is away. No `Debug`: it is a share.
#[derive(Clone)]
pub struct Kept {
    /// Who.
    pub whose: String,
    /// The shape of the result.
    pub shape: Shape,
    /// Its scalars, each with its lanes and this party's share.
    pub leaves: Vec<(Scalar, u64, Arc<Secret<Elements>>)>,
}

/// Correlations at one party.
#[derive(Clone, Serialize, Deserialize)]
pub struct CorrelationReport {
    /// Rounds before the first operation.
    pub rounds: u64,
    /// Payload bytes that this party sent once, before all else.
    pub setup: u64,
    /// Payload bytes that this party sent to make what operations used up.
    pub prepared: u64,
}

/// One section of the plan at one party.
#[derive(Clone, Serialize, Deserialize)]
pub struct SectionReport {
    /// `P`, `A`, `B` or `Y`.
    pub domain: String,
    /// The source file of its line, as it is called here; empty if it has none.
    pub file: String,
    /// First source line.
    pub line: u32,
    /// Its lines, as `smpcc stats` names them; empty if it has none.
    #[serde(default)]
    pub place: String,
    /// Rounds of its operations.
    pub rounds: u64,
    /// Payload bytes that this party sent, without those for correlations.
    pub bytes: u64,
    /// Milliseconds.
    pub ms: f64,
}

/// An error of the runtime as a failure of this process.
pub fn failure(error: Error) -> Failure {
    Failure::new(
        Exit::of_code(i32::from(error.exit_code())),
        error.to_string(),
    )
}

/// How far the cause of a failure is from this party: 0 here, 1 a link or peer, 2 reported by another party.
pub fn distance(error: &Error) -> u8 {
    match error.fault() {
        _ if error.reported_by().is_some() => 2,
        Fault::Program | Fault::Usage | Fault::Machine | Fault::Bug => 0,
        Fault::Peer(_) | Fault::Cheating(_) | Fault::Network { .. } => 1,
        Fault::Stopped { .. } => 2,
    }
}

/// A failure, and how far its cause is from this party.
pub struct Broken {
    /// The failure.
    pub failure: Failure,
    /// See [`distance`].
    pub distance: u8,
}

/// How the parties are called in messages.
pub fn names(names: &[String]) -> PartyNames {
    PartyNames::with_roles(
        names
            .iter()
            .map(|n| (!n.starts_with("party ")).then(|| n.clone()))
            .collect(),
    )
}

/// `sha256:…` of a compiled program.
pub fn program_hash(program: &Program) -> Outcome<Digest> {
    codec::encode_program(program)
        .map(|bytes| sha256(&bytes))
        .map_err(|e| Failure::bug(format!("the plan cannot be encoded: {e}")))
}

/// What happens on the way, for whoever shows it.
pub enum Event<'a> {
    /// All have said what they want to run and how much they give.
    Agreed(&'a Lens),
    /// The program is compiled for that, in so much time.
    Compiled(&'a Program, Duration),
    /// The run ends after this time, however far it is then.
    Limited(Duration),
    /// All have compiled the same.
    Confirmed {
        /// The session's identity.
        session: &'a str,
        /// How the keys of the links were agreed on.
        key_exchange: &'a str,
    },
    /// How far the run is.
    Progress(Progress),
    /// The result is there, but another receiver of it was gone before all had compared theirs.
    Lost(&'a Error),
}

/// What is asked before a run without rows of somebody.
pub type Confirm = fn(&str) -> Outcome;

/// The answer of a party that goes on in any case.
///
/// # Errors
/// None.
pub fn unasked(_: &str) -> Outcome {
    Ok(())
}

/// What a party brings to a run.
pub struct Party<'a> {
    /// What it is to run.
    pub work: Arc<Work>,
    /// What all agree on.
    pub choices: &'a Choices,
    /// Its inputs.
    pub inputs: PartyInputs,
    /// What it is ready to spend.
    pub limits: Limits,
    /// Whether it goes on where another party gives no rows: it is told so, and refuses with a failure.
    pub confirm: Confirm,
    /// When this party started.
    pub began: Instant,
    /// Whether its report says when what took place.
    pub trace: bool,
}

/// Plays one party over connected links, to the end.
pub fn play(
    mut party: Party<'_>,
    mut mesh: Mesh,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<PartyReport, Broken> {
    let (agreed, program, plan) = match prepare(&mut party, &mut mesh, tell) {
        Ok(prepared) => prepared,
        Err(trouble) => {
            mesh.abort(&trouble.told());
            return Err(trouble.into());
        }
    };
    let mut session = session::confirm(mesh, &agreed, plan).map_err(Trouble::Run)?;
    session.use_threads(party.limits.threads);
    tell(Event::Confirmed {
        session: &session.id().to_string(),
        key_exchange: &session.key_exchange(),
    });
    // Agreed on under names that all copies share; from here on messages call the files as they are called here.
    let program = match party.work.paths() {
        Some(paths) => program.with_files(paths),
        None => program,
    };
    let mut inputs = inputs_of(&program, session.me(), &mut party.inputs);
    let setup = party.began.elapsed();
    let began = SystemTime::now();
    let progress = &mut |p| tell(Event::Progress(p));
    let looks = (party.choices.stored.as_ref()).is_some_and(|stored| stored.seating.validity);
    let mut misdealt = Vec::new();
    let compared = session.compare_held(&program, &inputs).and_then(|givers| {
        misdealt = names_of(&givers, &party.inputs, &program);
        if !givers.is_empty() && !looks {
            return Err(not_shared(&misdealt));
        }
        blank(&program, &givers, &mut inputs);
        Ok(())
    });
    let run = compared.and_then(|()| engine::run(&mut session, &program, inputs, progress));
    let mut run = match run {
        Ok(run) => run,
        Err(error) => {
            session.abort(&error);
            return Err(Trouble::Run(error).into());
        }
    };
    let mut report = report(&session, &program, plan, setup, &run);
    report.kept = kept(&program, &mut run.outputs);
    report.misdealt = misdealt;
    report.timeline = party
        .trace
        .then(|| TimelineReport::new(began, &run.timeline));
    let lost = session.finish(&program, &run.outputs);
    if let Some(lost) = lost.map_err(Trouble::Run)? {
        tell(Event::Lost(&lost));
    }
    Ok(report)
}

/// What of some givers is called, for messages.
fn names_of(givers: &[u32], inputs: &PartyInputs, program: &Program) -> Vec<String> {
    let name = |giver: &u32| match inputs.given.get(giver) {
        Some(name) => name.clone(),
        None => (program.party_names.get(*giver as usize).cloned()).unwrap_or_default(),
    };
    givers.iter().map(name).collect()
}

/// Shares of zero instead of what some givers have dealt, for a session that only looks at the others.
fn blank(program: &Program, givers: &[u32], inputs: &mut Inputs) {
    for (i, leaf) in program.inputs.iter().enumerate() {
        if let Some(share) = inputs.get_mut(&InputId::new(i))
            && givers.contains(&leaf.party)
        {
            let words = share.expose().lanes();
            *share = Secret::new(Elements::zeros(leaf.scalar.width(), words));
        }
    }
}

fn not_shared(names: &[String]) -> Error {
    Error::usage(format!(
        "what stands in {} is not shared as it should be: the nodes' shares are not those of one value; leave it out",
        names.join(", ")
    ))
}

impl Trouble {
    /// What the others hear of it.
    fn told(&self) -> Error {
        match self {
            Self::Run(error) => error.clone(),
            Self::Own(own) => match own.exit {
                Exit::Program => Error::program(own.message.clone()),
                Exit::Usage => Error::usage(own.message.clone()),
                Exit::Ok | Exit::Peer | Exit::Network | Exit::Bug | Exit::Interrupted => {
                    Error::bug(own.message.clone())
                }
            },
        }
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Trouble::Run(error).into()
    }
}

impl From<Trouble> for Broken {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Run(error) => Self {
                distance: distance(&error),
                failure: failure(error),
            },
            Trouble::Own(own) => Self {
                distance: 0,
                failure: own,
            },
        }
    }
}

enum Trouble {
    Run(Error),
    Own(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Own(failure)
    }
}

/// Why there is no second attempt at a program that draws.
pub const DRAWS: &str = "the program draws: another attempt would be of another draw, and both together tell more than one; all shares stay where they are";

/// Whether two runs on the same shares could tell more than one: what a program gives anybody follows from the shares, unless it draws.
pub fn tells_more(program: &Program) -> bool {
    let mut nodes = program.regions.iter().flat_map(|region| &region.nodes);
    let gives = |node: &Node| matches!(node.op, Op::Reveal | Op::Output(_));
    program.inputs.iter().any(|leaf| leaf.drawn) && nodes.any(gives)
}

/// Says what this party wants to run, hears the same of the others, and compiles for what was said.
fn prepare(
    party: &mut Party<'_>,
    mesh: &mut Mesh,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(Agreed, Verified, Digest), Trouble> {
    let me = mesh.me();
    let agreed = session::hello(mesh, &proposal(party))?;
    let mut lens = Lens::new();
    for (owner, lengths) in (0u32..).zip(&agreed.lengths) {
        for (name, len) in lengths {
            lens.insert((name.clone(), owner), *len);
        }
    }
    let labels: Vec<String> = PartyId::all(mesh.n_parties())
        .map(|party| mesh.label(party))
        .collect();
    let label = |owner: u32| match labels.get(owner as usize) {
        Some(label) => label.clone(),
        None => format!("party {owner}"),
    };
    tell(Event::Agreed(&lens));
    party
        .limits
        .check_claims(u32::from(me.number()), &lens, &label)?;
    let others = |owner| owner != u32::from(me.number());
    if let Some(none) = lens::without_rows(&lens, others, &label) {
        let confirm = party.confirm;
        meanwhile(mesh, move || confirm(&none))??;
    }
    let began = Instant::now();
    let (work, choices, given) = (party.work.clone(), party.choices.clone(), lens.clone());
    let program = meanwhile(mesh, move || work.compile(&choices, given))??;
    tell(Event::Compiled(&program, began.elapsed()));
    if (party.choices.stored.as_ref()).is_some_and(|stored| stored.attempt > 1)
        && tells_more(&program)
    {
        return Err(Failure::usage(DRAWS).into());
    }
    party.limits.check_memory(&program, 1, &lens, &label)?;
    let length = party.limits.run_length(&program);
    tell(Event::Limited(length));
    mesh.limit_run(length);
    let plan = program_hash(&program)?;
    Ok((agreed, program, plan))
}

/// Does what takes long and needs nobody else, and looks at the links meanwhile. When the run has failed this party does not wait:
/// the work goes on in a thread whose result nobody takes, and ends with it or with the process.
fn meanwhile<T: Send + 'static>(
    mesh: &mut Mesh,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (done, result) = mpsc::channel();
    // A thread that cannot be started drops what it was to run, so it gets the work only once it runs.
    let work = Arc::new(Mutex::new(Some(work)));
    let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(|e| e.into_inner()).take();
    let theirs = Arc::clone(&work);
    let thread = thread::Builder::new()
        .name("compile".into())
        .stack_size(STACK)
        .spawn(move || take(&theirs).is_some_and(|work| done.send(work()).is_ok()));
    let thread = match thread {
        Ok(thread) => thread,
        // Where there is no memory for another stack, the links are looked at afterwards.
        Err(e) => {
            let work = take(&work).ok_or_else(|| {
                Error::machine(format!("cannot start a thread to compile in: {e}"))
            })?;
            let done = work();
            mesh.poll()?;
            return Ok(done);
        }
    };
    loop {
        match result.recv_timeout(LOOK) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => mesh.poll()?,
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(_) => return Err(Error::bug("a thread that compiles gave nothing")),
            },
        }
    }
}

/// What a run gave and took.
fn report(
    session: &Session,
    program: &Verified,
    plan: Digest,
    setup: Duration,
    run: &RunReport,
) -> PartyReport {
    let me = session.me();
    let (output, output_type, shown) = results(program, me, &run.outputs);
    PartyReport {
        party: u32::from(me.number()),
        output,
        output_type,
        shown,
        program: format!("sha256:{}", hex(&plan.0)),
        session: session.id().to_string(),
        key_exchange: session.key_exchange(),
        suite: program.suite.name().into(),
        threat: program.threat.name().into(),
        threshold: program.threshold,
        setup_ms: ms(setup + run.setup),
        offline_ms: ms(run.offline),
        online_ms: ms(run.online),
        rounds: run.rounds,
        bytes_sent: run.bytes_sent,
        peak_memory: peak_memory(),
        correlations: CorrelationReport {
            rounds: run.correlations.rounds,
            setup: run.correlations.setup_sent,
            prepared: run.correlations.prepared_sent,
        },
        sections: program
            .sections
            .iter()
            .zip(&run.sections)
            .map(|(section, r)| SectionReport {
                domain: section.domain.letter().to_string(),
                file: (program.files.get(section.file as usize).cloned()).unwrap_or_default(),
                line: section.lines.0,
                place: section.place(&program.files).unwrap_or_default(),
                rounds: r.rounds,
                bytes: r.bytes_sent,
                ms: ms(r.time),
            })
            .collect(),
        timeline: None,
        kept: Vec::new(),
        stored: Vec::new(),
        misdealt: Vec::new(),
        lost: Vec::new(),
    }
}

/// Takes this party's shares of what stays shared out of the outputs.
fn kept(program: &Program, outputs: &mut smpcc_runtime::io::Outputs) -> Vec<Kept> {
    // Of a leaf that several are to learn there is one share.
    let mut shares: SortedMap<OutputId, (Scalar, u64, Arc<Secret<Elements>>)> = SortedMap::new();
    for (i, leaf) in program.outputs.iter().enumerate() {
        let id = OutputId::new(i);
        if program.is_stored(id)
            && let Some(share) = outputs.remove(&id)
        {
            let share = Arc::new(Secret::new(share));
            shares.insert(id, (leaf.scalar, leaf.lanes, share));
        }
    }
    let away = program
        .results
        .iter()
        .filter(|r| r.party >= program.n_parties);
    away.map(|result| Kept {
        whose: (program.party_names.get(result.party as usize).cloned()).unwrap_or_default(),
        shape: result.shape.clone(),
        leaves: result
            .leaves
            .iter()
            .filter_map(|id| shares.get(id).cloned())
            .collect(),
    })
    .collect()
}

fn proposal(party: &Party<'_>) -> Proposal {
    let choices = party.choices;
    let Terms {
        suite,
        threat,
        threshold,
        options,
        model,
    } = choices.options.terms();
    let mut costs = Transcript::new("smpcc/costs");
    for (name, value) in &model {
        costs.string(name).number(*value);
    }
    Proposal {
        build: concat!("smpcc ", env!("CARGO_PKG_VERSION")).into(),
        source: party.work.digest(),
        costs: costs.finish(),
        suite: suite.into(),
        threshold: u16::try_from(threshold).unwrap_or(u16::MAX),
        threat: threat.into(),
        options: options
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .chain(choices.stored.iter().flat_map(|stored| {
                [
                    ("study".into(), stored.study.clone()),
                    ("shares".into(), stored.files.clone()),
                    ("shard".into(), stored.portion.to_string()),
                    (
                        "attempt".into(),
                        format!("{} of {}", stored.attempt, stored.seating.nodes.join(", ")),
                    ),
                ]
            }))
            .collect(),
        arguments: choices
            .args
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        lengths: party
            .inputs
            .lens
            .iter()
            .map(|(k, v)| (k.clone(), *v))
            .collect(),
    }
}

/// This party's inputs by leaf of the program; none is left behind.
fn inputs_of(program: &Program, me: PartyId, given: &mut PartyInputs) -> Inputs {
    let mut inputs = Inputs::new();
    for param in &program.params {
        let key = match param.party as usize {
            party if party == me.index() => param.name.clone(),
            _ if param.party >= program.n_parties => held_key(&param.name, param.party),
            _ => continue,
        };
        let words = given.words.remove(&key).unwrap_or_default();
        for (leaf, words) in param.leaves.iter().zip(words) {
            inputs.insert(*leaf, Secret::new(words));
        }
    }
    inputs
}

/// A party's result as JSON, its type, and the result for people.
fn results(
    program: &Program,
    me: PartyId,
    outputs: &smpcc_runtime::io::Outputs,
) -> (Option<String>, Option<String>, Option<String>) {
    let Some(result) = program
        .results
        .iter()
        .find(|r| r.party as usize == me.index())
    else {
        return (None, None, None);
    };
    let nothing = Elements::default();
    let leaves: Vec<&Elements> = result
        .leaves
        .iter()
        .map(|id| outputs.get(id).unwrap_or(&nothing))
        .collect();
    (
        Some(render::json(&result.shape, &leaves)),
        Some(types::json(&result.shape)),
        Some(render::human(&result.shape, &leaves)),
    )
}

/// The most memory that this process has held so far, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_runtime::net::{Options, memory};

    #[test]
    fn who_compiles_notices_that_another_one_is_gone() {
        let mut meshes = memory::meshes(3, &Options::default())
            .expect("links")
            .into_iter();
        let mut first = meshes.next().expect("a party");
        let others: Vec<Mesh> = meshes.collect();
        assert_eq!(meanwhile(&mut first, || 7).expect("nobody is gone"), 7);
        let (stop, stopped) = mpsc::channel::<()>();
        let gone = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            drop(others);
        });
        let began = Instant::now();
        let result = meanwhile(&mut first, move || stopped.recv().is_ok());
        let took = began.elapsed();
        drop(stop);
        let error = result.expect_err("the work had not ended");
        assert!(matches!(distance(&error), 1 | 2), "{error}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        gone.join().expect("dropped");
    }

    #[test]
    #[should_panic(expected = "as it was")]
    fn a_panic_of_the_work_is_the_partys() {
        let meshes = memory::meshes(2, &Options::default()).expect("links");
        for mut mesh in meshes {
            let _ = meanwhile(&mut mesh, || -> u8 { panic!("as it was") });
        }
    }
}
