//! When what took place at one party, as it reports it: plain data, so that it goes from a child to its parent.

use serde::{Deserialize, Serialize};
use smpcc_runtime::engine::timeline::Timeline;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When what took place at one party. Times are microseconds.
#[derive(Clone, Serialize, Deserialize)]
pub struct TimelineReport {
    /// The start of the run, of Unix time.
    pub began: u64,
    /// Work on operations, waiting for messages included.
    pub work: Vec<WorkReport>,
    /// Ends of ticks, in which messages are handed to the links: when, how long, and the bytes that were sent so far.
    pub ticks: Vec<(f64, f64, u64)>,
    /// Entries that were not kept, because there were too many.
    pub left_out: u64,
}

/// A piece of work at one party.
#[derive(Clone, Serialize, Deserialize)]
pub struct WorkReport {
    /// The section.
    pub section: u32,
    /// The file, by its number in the program.
    pub file: u32,
    /// The line; 0 for what no line asks for.
    pub line: u32,
    /// When it began, from the start of the run.
    pub from: f64,
    /// How long it took.
    pub took: f64,
    /// Payload bytes that it had sent.
    pub bytes: u64,
}

impl TimelineReport {
    /// What a run noted that began at this time.
    pub fn new(began: SystemTime, run: &Timeline) -> Self {
        let us = |time: Duration| (time.as_secs_f64() * 1e7).round() / 10.0;
        let work = run.work.iter().map(|w| WorkReport {
            section: w.section,
            file: w.loc.file,
            line: w.loc.line,
            from: us(w.from),
            took: us(w.took),
            bytes: w.bytes_sent,
        });
        let ticks = run.ticks.iter();
        Self {
            began: began
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0)),
            work: work.collect(),
            ticks: ticks
                .map(|t| (us(t.from), us(t.took), t.bytes_sent))
                .collect(),
            left_out: run.left_out,
        }
    }
}
