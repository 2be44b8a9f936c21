//! What functions and lines cost in the session of the sample inputs, found on a thread of its own: compiling takes the time that it
//! takes, and an editor does not wait.
//!
//! There is one job at a time. Whatever it finds for a text that has changed meanwhile is of no use, so it gives up at the next step
//! of the compiler.

use crate::args::PlanArgs;
use crate::compiled;
use smpcc::exit::{Failure, Outcome};
use smpcc::{source, words};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::stats::{self, Estimate, Known, PlaceStats, Stats};
use smpcc_compiler::ide::Limits;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::pipeline;
use smpcc_compiler::session::Network;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};

/// Steps of a clear run that says how often things run where revealed values steer.
const TRACED_STEPS: u64 = 1_000_000;
/// Address space for the stack, of which little is used.
const STACK_BYTES: usize = 64 << 20;

/// A program to be looked at.
pub struct Job {
    /// The document.
    pub uri: String,
    /// The state of all texts: a job for an earlier one is dropped.
    pub generation: u64,
    /// The program's file.
    pub path: PathBuf,
    /// Texts that stand for those of files.
    pub open: SortedMap<PathBuf, String>,
    /// What the session is planned for.
    pub plan: PlanArgs,
}

/// What came of a job.
pub struct Done {
    /// As in the job.
    pub uri: String,
    /// As in the job.
    pub generation: u64,
    /// The figures, or why there are none.
    pub result: Result<Figures, String>,
}

/// The thread.
pub struct Worker {
    jobs: Sender<Job>,
    current: Arc<AtomicU64>,
}

/// What a job that gives up unwinds with.
struct Stale;

impl Worker {
    /// Starts it; `done` is told what comes of jobs, and whether anybody listens.
    pub fn start(done: impl Fn(Done) -> bool + Send + 'static) -> Outcome<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let current = Arc::new(AtomicU64::new(0));
        let now = current.clone();
        let work = move || {
            while let Ok(job) = waiting.recv() {
                let stale = || now.load(Ordering::Relaxed) != job.generation;
                if stale() {
                    continue;
                }
                let found = catch_unwind(AssertUnwindSafe(|| figures(&job, &stale)));
                let result = match found {
                    Ok(result) => result.map_err(why),
                    Err(thrown) if thrown.is::<Stale>() => continue,
                    Err(_) => Err("a bug in smpcc".to_owned()),
                };
                let Job {
                    uri, generation, ..
                } = job;
                if !done(Done {
                    uri,
                    generation,
                    result,
                }) {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(work)
            .map_err(|e| Failure::usage(format!("cannot start a thread: {e}")))?;
        Ok(Self { jobs, current })
    }

    /// Asks for the figures of a program.
    pub fn ask(&self, job: Job) {
        // Without the thread there are no figures, and all else goes on.
        let _ = self.jobs.send(job);
    }

    /// Texts have changed: what is being computed is of no use.
    pub fn changed(&self, generation: u64) {
        self.current.store(generation, Ordering::Relaxed);
    }
}

/// Compiles and counts.
fn figures(job: &Job, stale: &dyn Fn() -> bool) -> Outcome<Figures> {
    let source = source::read_over(&job.path, &job.open, Parses::default())?;
    let (hir, diagnostics) = source.check();
    let hir = hir.ok_or_else(|| Failure::compiler(diagnostics))?;
    let prepared = compiled::prepare_checked(source, hir, &job.path, &job.plan, None, true)?;
    let options = &prepared.choices.options;
    let mut limits = Limits::default();
    let compiled = pipeline::compile(
        &prepared.hir,
        &prepared.source.files,
        &prepared.source.name(),
        &prepared.session,
        options,
        &mut |pass, ir| {
            if stale() {
                resume_unwind(Box::new(Stale));
            }
            if pass == "ranges" {
                limits = Limits::of(ir);
            }
        },
    )
    .map_err(Failure::compiler)?;
    // Places are told apart by the paths that the editor knows.
    let program = compiled.program.with_files(prepared.source.paths());
    let mut known = Known {
        functions: &compiled.functions,
        attribution: Some(&compiled.attribution),
        trace: None,
        costs: Some(&options.costs),
    };
    let mut stats = stats::stats(&program, &known);
    let traced = (prepared.inputs.as_deref().filter(|_| !stats.exact))
        .and_then(|inputs| compiled::trace(&program, inputs, TRACED_STEPS));
    if traced.is_some() {
        known.trace = traced.as_ref();
        stats = stats::stats(&program, &known);
    }
    Ok(Figures {
        stats,
        limits,
        wan: options.network == Network::WAN,
    })
}

fn why(failure: Failure) -> String {
    let said = failure.diagnostics.first().map(|d| d.message.clone());
    said.unwrap_or(failure.message)
}

/// What a program costs.
pub struct Figures {
    stats: Stats,
    /// What its expressions are between.
    pub limits: Limits,
    /// Whether times are those on a wide network.
    wan: bool,
}

impl Figures {
    /// What a function costs that is declared at this line; of `main`, what all of the program does.
    pub fn of_function(&self, file: &str, name: &str, line: u32) -> Option<String> {
        if name == "main" {
            return Some(self.of_all());
        }
        let functions = self.stats.functions.iter();
        let mut here = functions.filter(|f| f.file == file && f.line == line);
        here.find(|f| f.name.as_deref() == Some(name))
            .map(|f| self.of_place(f))
    }

    /// What a line costs.
    pub fn of_line(&self, file: &str, line: u32) -> Option<String> {
        let mut lines = self.stats.lines.iter();
        lines
            .find(|l| l.file == file && l.line == line)
            .map(|l| self.of_place(l))
    }

    fn of_all(&self) -> String {
        let Stats {
            sections, totals, ..
        } = &self.stats;
        let lanes = sections.iter().map(|s| s.lanes).max().unwrap_or(0);
        let domains: String = sections.iter().map(|s| s.domain.as_str()).collect();
        self.line(
            lanes,
            &domains,
            totals.rounds,
            totals.bytes,
            &self.stats.estimate_ms,
        )
    }

    fn of_place(&self, place: &PlaceStats) -> String {
        self.line(
            place.lanes,
            &place.domains,
            place.rounds,
            place.bytes,
            &place.estimate_ms,
        )
    }

    /// `1,024 lanes · B · 7 rounds · 84.0 kB · 0.4 ms LAN`
    fn line(
        &self,
        lanes: u64,
        domains: &str,
        rounds: Option<u64>,
        bytes: Option<u64>,
        time: &Estimate,
    ) -> String {
        // What is done in the clear costs nothing that is worth a letter.
        let mut letters: Vec<char> = domains.chars().filter(|c| *c != 'P').collect();
        letters.sort_unstable();
        letters.dedup();
        let mut parts = vec![words::counted(lanes, "lane")];
        parts.extend((!letters.is_empty()).then(|| letters.iter().collect()));
        parts.push(rounds.map_or("? rounds".to_owned(), |n| words::counted(n, "round")));
        parts.push(bytes.map_or("? bytes".to_owned(), words::bytes));
        let (ms, network) = match self.wan {
            true => (time.wan, "WAN"),
            false => (time.lan, "LAN"),
        };
        parts.extend(ms.map(|ms| format!("{} {network}", words::milliseconds(ms))));
        parts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Planned;
    use clap::Parser;
    use std::time::Duration;

    const PROGRAM: &str = "fn main(x: secret u32 from each) -> bool { x[0] < x[1] }";

    fn job(generation: u64, options: &[&str]) -> Job {
        let path = PathBuf::from("/nowhere/less.smpc");
        Job {
            uri: "file:///nowhere/less.smpc".into(),
            generation,
            open: SortedMap::from([(path.clone(), PROGRAM.into())]),
            path,
            plan: Planned::try_parse_from(options).expect("options").plan,
        }
    }

    #[test]
    fn what_has_changed_meanwhile_is_not_computed_to_its_end() {
        let stale = || true;
        let job = job(1, &["--parties", "2"]);
        let thrown = catch_unwind(AssertUnwindSafe(|| figures(&job, &stale)));
        assert!(thrown.err().is_some_and(|thrown| thrown.is::<Stale>()));
    }

    #[test]
    fn jobs_are_answered_with_figures_or_with_a_reason() {
        let (sender, receiver) = mpsc::channel();
        let worker = Worker::start(move |done| sender.send(done).is_ok()).expect("a thread");
        worker.changed(2);
        worker.ask(job(1, &["--parties", "2"]));
        worker.ask(job(2, &["--parties", "2"]));
        worker.ask(job(2, &["--parties", "1"]));
        let next = || {
            let wait = Duration::from_secs(60);
            receiver.recv_timeout(wait).expect("an answer")
        };
        let first = next();
        assert_eq!(first.generation, 2, "the first job was stale");
        let figures = first.result.expect("figures");
        let main = figures.of_function("/nowhere/less.smpc", "main", 1);
        let main = main.expect("a line");
        assert!(
            main.contains(" rounds · ") && main.ends_with(" ms LAN"),
            "{main}"
        );
        assert!(figures.of_line("/nowhere/less.smpc", 1).is_some());
        assert!(figures.of_line("/nowhere/less.smpc", 2).is_none());
        assert!(!next().result.err().expect("a reason").is_empty());
    }
}
