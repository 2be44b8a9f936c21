//! `smpcc run`: every party as a child process of its own, over real sockets with ephemeral keys.
//!
//! A child is `smpcc party -`. Its job (program, choices, its own inputs, its own key) comes through a pipe, so nothing
//! secret stands in arguments or on disk. The exchange is one JSON line each: job (and its inputs' words) → `listening` →
//! `peers` → `report` or `failed`. A child ends when its pipe closes, so none outlives its parent.

pub mod pipe;

use serde::{Deserialize, Serialize};
use smpcc::choices::Choices;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::given::PartyInputs;
use smpcc::play::PartyReport;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a party of `smpcc run` is told through its pipe. No `Debug`: it holds a key and inputs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    /// Path and text of every source file, the root first.
    pub files: Vec<(String, String)>,
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
    /// Whether links are as slow as the network that the plan is made for.
    pub emulate: bool,
    /// Whether to report progress on the way.
    pub progress: bool,
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

struct Party {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Party {
    fn drop(&mut self) {
        // Closing the pipe tells it to end; a child that is stuck is ended.
        self.stdin = None;
        if !matches!(self.process.try_wait(), Ok(Some(_))) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// Runs all jobs, one process each, and returns the reports in order of parties.
pub fn run(jobs: Vec<Job>, verbose: u8) -> Outcome<Vec<PartyReport>> {
    let program = std::env::current_exe()
        .map_err(|e| Failure::usage(format!("cannot find this program itself: {e}")))?;
    let mut parties = Vec::new();
    for job in jobs {
        parties.push(start(&program, &job, verbose)?);
    }
    let mut addresses = Vec::new();
    for (party, child) in parties.iter_mut().enumerate() {
        match hear(child, party)? {
            FromChild::Listening(address) => addresses.push(address),
            FromChild::Failed { exit, message, .. } => {
                return Err(Failure::new(Exit::of_code(i32::from(exit)), message));
            }
            FromChild::Report(_) => return Err(bug(party, "reported before it ran")),
        }
    }
    for (party, child) in parties.iter_mut().enumerate() {
        say(child, party, &ToChild::Peers(addresses.clone()))?;
    }
    // Every child is heard before anything is concluded: the first cause decides, not the first to speak.
    let heard: Vec<Outcome<FromChild>> = std::thread::scope(|scope| {
        let threads: Vec<_> = parties
            .iter_mut()
            .enumerate()
            .map(|(party, child)| scope.spawn(move || hear(child, party)))
            .collect();
        threads
            .into_iter()
            .enumerate()
            .map(|(party, t)| {
                t.join()
                    .unwrap_or_else(|_| Err(bug(party, "could not be heard")))
            })
            .collect()
    });
    let mut reports = Vec::new();
    let mut failures: Vec<(u8, Failure)> = Vec::new();
    for (party, heard) in heard.into_iter().enumerate() {
        match heard {
            Ok(FromChild::Report(report)) => reports.push(*report),
            Ok(FromChild::Failed {
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
                failures.push((distance, failure));
            }
            Ok(FromChild::Listening(_)) => failures.push((0, bug(party, "listened twice"))),
            Err(failure) => failures.push((0, failure)),
        }
    }
    failures.sort_by_key(|(distance, _)| *distance);
    match failures.into_iter().next() {
        Some((_, first)) => Err(first),
        None => Ok(reports),
    }
}

fn start(program: &std::path::Path, job: &Job, verbose: u8) -> Outcome<Party> {
    let mut command = Command::new(program);
    command
        .args(["party", "-"])
        .args(std::iter::repeat_n("-v", verbose.into()));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut process = command
        .spawn()
        .map_err(|e| Failure::usage(format!("cannot start a party's process: {e}")))?;
    let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(bug(job.me as usize, "has no pipes"));
    };
    let mut party = Party {
        process,
        stdin: Some(stdin),
        stdout: BufReader::new(stdout),
    };
    say(&mut party, job.me as usize, job)?;
    let sent = party.stdin.as_mut().map(|to| pipe::write(&job.inputs, to));
    if !matches!(sent, Some(Ok(()))) {
        return Err(ended(&mut party, job.me as usize));
    }
    Ok(party)
}

fn say(party: &mut Party, number: usize, message: &impl Serialize) -> Outcome {
    let mut line =
        serde_json::to_vec(message).map_err(|e| bug(number, &format!("cannot be told: {e}")))?;
    line.push(b'\n');
    let sent = party
        .stdin
        .as_mut()
        .map(|stdin| stdin.write_all(&line).and_then(|()| stdin.flush()));
    match sent {
        Some(Ok(())) => Ok(()),
        Some(Err(_)) | None => Err(ended(party, number)),
    }
}

fn hear(party: &mut Party, number: usize) -> Outcome<FromChild> {
    let mut line = String::new();
    match party.stdout.read_line(&mut line) {
        Ok(n) if n > 0 => serde_json::from_str(&line)
            .map_err(|e| bug(number, &format!("said something unexpected: {e}"))),
        Ok(_) | Err(_) => Err(ended(party, number)),
    }
}

/// The process is gone, or will be in a moment: its exit code is all there is.
fn ended(party: &mut Party, number: usize) -> Failure {
    match party.process.wait().ok().and_then(|status| status.code()) {
        Some(code) => Failure::new(
            Exit::of_code(code),
            format!("party {number} ended with exit code {code}"),
        ),
        None => Failure::new(Exit::Network, format!("party {number} was killed")),
    }
}

fn bug(party: usize, what: &str) -> Failure {
    Failure::bug(format_args!("the process of party {party} {what}"))
}
