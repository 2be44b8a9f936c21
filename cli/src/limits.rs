//! What one party is ready to spend on a run, checked after all have said how much they give and before any of it is sent.
//!
//! A peer's claim costs it nothing: whoever believes it pays with memory and time. So a claim beyond the limits ends the run
//! while nothing has been computed, and names who made it.

use crate::exit::{Failure, Outcome};
use crate::lens::Lens;
use crate::words::bytes;
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::Program;
use smpcc_circuit::stats::{self, Link};
use std::str::FromStr;
use std::time::Duration;

/// The most rows that another party may claim to give of one input, unless the configuration says otherwise.
pub const MAX_ROWS: u64 = 100_000_000;

/// So many times what is predicted on a slow network may a run take,
const TIMES: f64 = 20.0;

/// at least this long;
const LEAST_RUN: Duration = Duration::from_secs(3600);

/// and this long where its length depends on what is revealed on the way.
const UNKNOWN_RUN: Duration = Duration::from_secs(24 * 3600);

/// The limits of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one input of another party.
    pub rows: u64,
    /// Bytes for values at one time; `None` where the machine does not say what it has.
    pub memory: Option<u64>,
    /// How long a run may take, however far it is; `None` for a length that follows from the plan.
    pub run: Option<Duration>,
    /// Threads that compute; nobody else knows it.
    pub threads: usize,
}

impl Default for Limits {
    /// What this machine has, and [`MAX_ROWS`].
    fn default() -> Self {
        Self {
            rows: MAX_ROWS,
            memory: machine_memory(),
            run: None,
            threads: threads(1),
        }
    }
}

impl Limits {
    /// For a party whose inputs, and those of all others, have been looked at by somebody else.
    pub const NONE: Self = Self {
        rows: u64::MAX,
        memory: None,
        run: None,
        threads: 1,
    };

    /// The same for one of so many parties that share this machine.
    pub fn beside(n_parties: usize) -> Self {
        Self {
            threads: threads(n_parties),
            ..Self::NONE
        }
    }

    /// How long a run of a program may take, however far it is and whatever the others say.
    pub fn run_length(&self, program: &Program) -> Duration {
        let predicted = || stats::milliseconds(program, Link::WAN, &Costs::SHIPPED);
        self.run.unwrap_or_else(|| match predicted() {
            Some(ms) => Duration::try_from_secs_f64(ms / 1000.0 * TIMES)
                .map_or(Duration::MAX, |length| length.max(LEAST_RUN)),
            None => UNKNOWN_RUN,
        })
    }

    /// Refuses what another party than `me` claims beyond the limit; `label` is how a party is called.
    ///
    /// # Errors
    /// The largest such claim.
    pub fn check_claims(&self, me: u32, lens: &Lens, label: &dyn Fn(u32) -> String) -> Outcome {
        let claims = lens.iter().filter(|((_, owner), _)| *owner != me);
        match claims.max_by_key(|(_, len)| **len) {
            Some(((name, owner), len)) if *len > self.rows => Err(Failure::usage(format!(
                "{} claims to give {len} rows of `{name}`; this party takes at most {} (max_rows)",
                label(*owner),
                self.rows
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses a program that `n_parties` parties on this machine have no memory for.
    ///
    /// # Errors
    /// What it needs, what there is, and whose input is the longest.
    pub fn check_memory(
        &self,
        program: &Program,
        n_parties: u64,
        lens: &Lens,
        label: &dyn Fn(u32) -> String,
    ) -> Outcome {
        let Some(memory) = self.memory else {
            return Ok(());
        };
        let peak = stats::peak_memory(program);
        let needed = peak.bytes;
        if needed.saturating_mul(n_parties) <= memory {
            return Ok(());
        }
        let here = match n_parties {
            1 => String::new(),
            n => format!(", {n} of which run here"),
        };
        let longest = lens.iter().max_by_key(|(_, len)| **len);
        let longest = longest.map_or_else(String::new, |((name, owner), len)| {
            format!(
                "; the longest input is `{name}` of {} with {len} rows",
                label(*owner)
            )
        });
        let file = program.files.get(peak.at.file as usize);
        let place = match (file, peak.at.line) {
            (Some(file), line @ 1..) => format!(", most of it at {file}:{line}"),
            _ => String::new(),
        };
        Err(Failure::usage(format!(
            "this run needs about {} of memory at each party{here}{place}, and there are {} (see --memory){longest}",
            bytes(needed),
            bytes(memory)
        )))
    }
}

/// Each party's part of the machine's cores; at least one.
fn threads(n_parties: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / n_parties.max(1)).max(1)
}

/// The memory that this process may use, where the system says: the machine's, or less where something limits it.
pub fn machine_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("MemTotal:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        kib.checked_mul(1024)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    let process = read("/proc/self/limits").and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("Max address space"))?;
        line.split_whitespace().nth(3)?.parse().ok()
    });
    [machine, group, process].into_iter().flatten().min()
}

/// An amount of memory as people write it: `512MB`, `8GB`, or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub u64);

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number of bytes, or one with kB, MB, GB or TB".to_owned();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "B" => 1,
            "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        assert_eq!("512MB".parse(), Ok(Memory(512_000_000)));
        assert_eq!("8 GB".parse(), Ok(Memory(8_000_000_000)));
        assert_eq!("4096".parse(), Ok(Memory(4096)));
        for wrong in ["", "GB", "-1", "1.5GB", "8gb", "99999999999TB"] {
            assert!(wrong.parse::<Memory>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_largest_claim_of_another_is_named() {
        let limits = Limits {
            rows: 1000,
            ..Limits::NONE
        };
        let label = |party| format!("party {party}");
        let lens = |lens: [u64; 3]| {
            (0u32..)
                .zip(lens)
                .map(|(party, len)| (("x".to_owned(), party), len))
                .collect::<Lens>()
        };
        // One's own inputs are there already.
        assert!(
            limits
                .check_claims(0, &lens([1 << 40, 1000, 3]), &label)
                .is_ok()
        );
        let refused = limits.check_claims(0, &lens([1, 1001, 1 << 31]), &label);
        let message = refused.map_err(|f| f.message).expect_err("refused");
        assert!(
            message.contains("party 2") && message.contains("2147483648"),
            "{message}"
        );
    }
}
