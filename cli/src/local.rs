//! `smpcc run`: every party as a child process of its own, over real sockets with ephemeral keys.
//!
//! A child is `smpcc party -`. Its job (program, choices, its own inputs, its own key) comes through a pipe, so nothing
//! secret stands in arguments or on disk. The program is compiled once, by the parent. The children compare its hash before they
//! run it, like parties that have compiled it themselves.
//! The exchange is one JSON line each: job (and the program, and its inputs' words) → `listening` → `peers` → `report` or `failed`. A child ends when its pipe closes, so none outlives its parent; and once a party has
//! failed the others have seconds to say why, so the parent does not outwait a child that is stuck.

pub mod pipe;

use crate::load::Style;
use crate::out;
use serde::{Deserialize, Serialize};
use smpcc::choices::Choices;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::given::PartyInputs;
use smpcc::play::PartyReport;
use smpcc::stored::shelf::Keep;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How long the others may speak after a party has failed: the cause may lie with one that notices later.
const AFTER_A_FAILURE: Duration = Duration::from_secs(3);
/// How long children may take to start, and to end when one has ended, whatever the deadline on links.
const AT_LEAST: Duration = Duration::from_secs(60);

/// Asks glibc's allocator for large pages, where the system has them for who asks; others do not look at it. Vectors are long, and it is mostly
/// their first use that counts: to get each page by itself takes about as long as the work on it. All threads share one arena: each has a large
/// page to clear before its first use, and a party has two threads for each link, which hardly ask for memory. What batches and proofs have used
/// stays with the party, up to 64 MiB, for the next ones, which else would have every page cleared again.
const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864",
);

/// What a party of `smpcc run` is told through its pipe. No `Debug`: it holds a key and inputs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    /// The bytes of the compiled program, which follow the job through the pipe before the inputs' words.
    #[serde(skip)]
    pub program: Arc<Vec<u8>>,
    /// How many they are.
    pub program_len: u64,
    /// What messages call the files of its text, where that is at hand.
    pub paths: Option<Vec<String>>,
    /// Which party this is.
    pub me: u32,
    /// What all agree on.
    pub choices: Choices,
    /// This party's inputs; their words follow the job through the pipe.
    pub inputs: PartyInputs,
    /// What follows.
    pub columns: Vec<pipe::Column>,
    /// PEM of this party's key.
    pub key: String,
    /// PEM of all parties' certificates, in order.
    pub certificates: Vec<String>,
    /// Seconds to wait for a party.
    pub deadline_s: u64,
    /// Seconds that the run may take; as predicted unless given.
    pub run_s: Option<u64>,
    /// Whether links are as slow as the network that the plan is made for.
    pub emulate: bool,
    /// Whether to report progress on the way.
    pub progress: bool,
    /// Whether the report says when what took place.
    pub trace: bool,
    /// Where this party keeps its shares of results, in a run of a study.
    pub keep: Option<Keep>,
}

/// What a child says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromChild {
    /// It listens at this address.
    Listening(String),
    /// It is done.
    Report(Box<PartyReport>),
    /// It failed.
    Failed {
        /// Its exit code.
        exit: u8,
        /// For people.
        message: String,
        /// 0: the cause lies with this party; 1: with a link; 2: another party reported it.
        distance: u8,
    },
}

/// What a child hears after its job.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToChild {
    /// The addresses of all parties, in order.
    Peers(Vec<String>),
}

/// A child's process; it does not outlive this value.
struct Process(Child);

impl Process {
    /// Its pipe is closed, so it is gone or will be in a moment: its exit code is all there is.
    fn ended(&mut self, party: usize) -> Failure {
        let until = Instant::now() + Duration::from_secs(1);
        let status = loop {
            match self.0.try_wait() {
                Ok(None) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(status) => break status,
                Err(_) => break None,
            }
        };
        match status.and_then(|status| status.code()) {
            Some(code) => Failure::new(
                Exit::of_code(code),
                format!("party {party} ended with exit code {code}"),
            ),
            None if status.is_some_and(gave_up) => Failure::usage(format!(
                "party {party} got no memory, for data or for a stack: its process may take too little (`ulimit -v`), or the machine has too little"
            )),
            None => Failure::new(Exit::Network, format!("party {party} was killed")),
        }
    }
}

/// Whether a process ended itself by a signal, as it does when an allocation fails or a stack is used up. It has said which.
fn gave_up(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        /// `SIGABRT`, the same on all systems.
        const ABORTED: i32 = 6;
        std::os::unix::process::ExitStatusExt::signal(&status) == Some(ABORTED)
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

/// What the parent hears of a child, from the thread that talks to it.
enum Heard {
    Said(FromChild),
    /// Its pipe is closed.
    Ended,
    /// What it said cannot be understood.
    Garbled(String),
}

/// How a party ended: its report, or its failure with how far the cause is from it, 3 for a party that was given up.
type End = Result<PartyReport, (u8, Failure)>;

/// Why a run failed.
pub struct Broke {
    /// The first cause.
    pub failure: Failure,
    /// The parties that are gone without having said why.
    pub lost: Vec<u32>,
}

impl From<Failure> for Broke {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            lost: Vec::new(),
        }
    }
}

/// Runs all jobs, one process each, and returns the reports in order of parties.
pub fn run(jobs: Vec<Job>, style: Style) -> Result<Vec<PartyReport>, Broke> {
    let program = std::env::current_exe()
        .map_err(|e| Failure::usage(format!("cannot find this program itself: {e}")))?;
    let patience = jobs
        .iter()
        .map(|job| Duration::from_secs(job.deadline_s))
        .fold(AT_LEAST, Duration::max);
    let (tell_parent, heard) = channel();
    let mut processes = Vec::new();
    let mut orders = Vec::new();
    for (party, job) in jobs.into_iter().enumerate() {
        let (process, stdin, stdout) = start(&program, party, style)?;
        processes.push(process);
        let (order, ordered) = channel();
        orders.push(order);
        let tell_parent = tell_parent.clone();
        // It ends with its child, whose pipes it holds.
        let talking = std::thread::Builder::new().spawn(move || {
            let says = |heard| drop(tell_parent.send((party, heard)));
            let last = talk(&job, stdin, BufReader::new(stdout), &ordered, &says);
            says(last);
        });
        talking.map_err(|e| Failure::usage(format!("cannot start a thread: {e}")))?;
    }
    drop(tell_parent);
    let mut lost = Vec::new();
    let ends = conduct(&mut processes, &heard, &orders, (patience, &mut lost));
    let mut reports = Vec::new();
    let mut failures = Vec::new();
    for end in ends {
        match end {
            Ok(report) => reports.push(report),
            Err(failure) => failures.push(failure),
        }
    }
    // The first cause decides, not the first to speak.
    failures.sort_by_key(|(distance, _)| *distance);
    match failures.into_iter().next() {
        Some((_, failure)) => Err(Broke { failure, lost }),
        None => Ok(reports),
    }
}

/// Leads the children from their start to the end of each, in order of parties; notes who is gone without a word.
fn conduct(
    processes: &mut [Process],
    heard: &Receiver<(usize, Heard)>,
    orders: &[Sender<ToChild>],
    (patience, lost): (Duration, &mut Vec<u32>),
) -> Vec<End> {
    let mut addresses: Vec<Option<String>> = vec![None; processes.len()];
    let mut ends: Vec<Option<End>> = processes.iter().map(|_| None).collect();
    let mut until = Some(Instant::now() + patience);
    while ends.iter().any(Option::is_none) {
        let next = match until {
            None => heard.recv().ok(),
            Some(until) => heard
                .recv_timeout(until.saturating_duration_since(Instant::now()))
                .ok(),
        };
        let Some((party, heard)) = next else { break };
        let (Some(process), Some(end), Some(address)) = (
            processes.get_mut(party),
            ends.get_mut(party),
            addresses.get_mut(party),
        ) else {
            break;
        };
        if let Heard::Said(FromChild::Listening(at)) = heard {
            *address = Some(at);
            let all: Option<Vec<String>> = addresses.iter().cloned().collect();
            if let Some(all) = all {
                for order in orders {
                    // A child that is gone says so itself.
                    let _ = order.send(ToChild::Peers(all.clone()));
                }
                until = None;
            }
            continue;
        }
        if matches!(heard, Heard::Ended) {
            lost.push(party as u32);
        }
        let ended = how(process, party, heard);
        let failed = ended.is_err();
        *end = Some(ended);
        if failed && addresses.contains(&None) {
            // The others wait for it, and know nothing.
            break;
        }
        let left = if failed { AFTER_A_FAILURE } else { patience };
        let then = Instant::now() + left;
        until = Some(until.map_or(then, |before| before.min(then)));
    }
    // Who is slow to hear of another one's loss is not lost itself.
    if lost.is_empty() {
        let silent = ends.iter().enumerate().filter(|(_, end)| end.is_none());
        lost.extend(silent.map(|(party, _)| party as u32));
    }
    let given_up = |(party, end): (usize, Option<End>)| {
        end.unwrap_or_else(|| {
            let failure = Failure::new(
                Exit::Network,
                format!("party {party} no longer answers; its process was ended"),
            );
            Err((3, failure))
        })
    };
    ends.into_iter().enumerate().map(given_up).collect()
}

/// What the last that was heard of a party means.
fn how(process: &mut Process, party: usize, heard: Heard) -> End {
    match heard {
        Heard::Said(FromChild::Report(report)) => Ok(*report),
        Heard::Said(FromChild::Failed {
            exit,
            message,
            distance,
        }) => {
            let message = if message.is_empty() {
                message
            } else {
                format!("party {party}: {message}")
            };
            let failure = Failure::new(Exit::of_code(i32::from(exit)), message);
            Err((distance, failure))
        }
        Heard::Said(FromChild::Listening(_)) => Err((0, bug(party, "listened twice"))),
        Heard::Garbled(what) => Err((0, bug(party, &format!("said something unexpected: {what}")))),
        Heard::Ended => Err((0, process.ended(party))),
    }
}

/// Talks to a child until it has nothing more to say; returns the last that it said.
fn talk(
    job: &Job,
    mut to: ChildStdin,
    mut from: BufReader<ChildStdout>,
    orders: &Receiver<ToChild>,
    says: &dyn Fn(Heard),
) -> Heard {
    let told = say(&mut to, job)
        .and_then(|()| to.write_all(&job.program))
        .and_then(|()| pipe::write(&job.inputs, &mut to));
    // A child that fails early reads no further, and says why.
    if told.is_ok() {
        match hear(&mut from) {
            said @ Heard::Said(FromChild::Listening(_)) => says(said),
            last => return last,
        }
        match orders.recv() {
            // If it cannot be told it has ended, or is about to say why it does.
            Ok(order) => drop(say(&mut to, &order)),
            Err(_) => return Heard::Ended,
        }
    }
    hear(&mut from)
}

fn start(
    program: &Path,
    party: usize,
    style: Style,
) -> Outcome<(Process, ChildStdin, ChildStdout)> {
    let mut child = Command::new(program)
        .args(["party", "-"])
        .args(std::iter::repeat_n("-v", style.verbose.into()))
        .args(style.quiet.then_some("-q"))
        .args(out::lines().then_some("--messages=json"))
        .envs(std::env::var_os(ALLOCATOR.0).is_none().then_some(ALLOCATOR))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|e| Failure::usage(format!("cannot start a party's process: {e}")))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let process = Process(child);
    match (stdin, stdout) {
        (Some(stdin), Some(stdout)) => Ok((process, stdin, stdout)),
        _ => Err(bug(party, "has no pipes")),
    }
}

fn say(to: &mut ChildStdin, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

fn hear(from: &mut impl BufRead) -> Heard {
    let mut line = String::new();
    match from.read_line(&mut line) {
        Ok(n) if n > 0 => match serde_json::from_str(&line) {
            Ok(said) => Heard::Said(said),
            Err(e) => Heard::Garbled(e.to_string()),
        },
        Ok(_) | Err(_) => Heard::Ended,
    }
}

fn bug(party: usize, what: &str) -> Failure {
    Failure::bug(format_args!("the process of party {party} {what}"))
}
