//! When operations worked and when messages were sent: what a trace of a run is drawn from.
//!
//! Times are those that the accounts of sections are made of anyway. A run notes the first [`MOST`] of each kind and counts the rest, so
//! that its memory does not grow with its length. Nothing here depends on a secret: what is noted is when the schedule's operations
//! took place, which all parties see.

use std::time::{Duration, Instant};

use smpcc_circuit::program::{Loc, Node};

/// Entries of each kind that are kept.
pub const MOST: usize = 20_000;

/// A piece of work on one operation, waiting for messages included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The section, by its number.
    pub section: u32,
    /// Where the operation comes from.
    pub loc: Loc,
    /// When it began, from the start of the run.
    pub from: Duration,
    /// How long it took.
    pub took: Duration,
    /// Payload bytes that it had sent.
    pub bytes_sent: u64,
}

/// The end of a tick, in which all messages that operations gave are handed to the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When it began, from the start of the run.
    pub from: Duration,
    /// How long it took.
    pub took: Duration,
    /// Payload bytes that this party has sent so far.
    pub bytes_sent: u64,
}

/// What was noted.
#[derive(Clone, Debug)]
pub struct Timeline {
    began: Instant,
    /// Work on operations, in order.
    pub work: Vec<Work>,
    /// Ends of ticks, in order.
    pub ticks: Vec<Tick>,
    /// Entries that were not kept.
    pub left_out: u64,
}

impl Timeline {
    /// Begins now.
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            work: Vec::new(),
            ticks: Vec::new(),
            left_out: 0,
        }
    }

    /// Notes that an operation has worked since `before`.
    pub(super) fn worked(&mut self, node: &Node, before: Instant, took: Duration, bytes_sent: u64) {
        if self.work.len() >= MOST {
            self.left_out += 1;
            return;
        }
        self.work.push(Work {
            section: node.section.0,
            loc: node.loc,
            from: before.saturating_duration_since(self.began),
            took,
            bytes_sent,
        });
    }

    /// Notes the end of a tick that began at `before` and is over now.
    pub(super) fn ticked(&mut self, before: Instant, bytes_sent: u64) {
        if self.ticks.len() >= MOST {
            self.left_out += 1;
            return;
        }
        self.ticks.push(Tick {
            from: before.saturating_duration_since(self.began),
            took: before.elapsed(),
            bytes_sent,
        });
    }
}
