//! What one party computes locally in one suite, in picoseconds.
//!
//! Whole numbers, so that a table is equal wherever it is equal in writing: it is part of what parties agree on. Times include
//! making the correlations that an operation uses up. They decide nothing but what is cheap: bytes and rounds are exact.

use serde::{Deserialize, Serialize};

/// One party's times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// A shared AND of one lane.
    pub and_ps: u64,
    /// A product mod 2^64.
    pub product_ps: u64,
    /// A garbled AND, for the slower of garbler and evaluator; 0 in suites that do not garble.
    pub garbled_and_ps: u64,
    /// A wire that enters a garbled section from shares; 0 in suites that do not garble.
    pub label_ps: u64,
    /// A round, beside what it waits: a message made, sent, taken and followed up, whatever its lanes.
    pub step_ps: u64,
    /// What precedes the first correlation of a run.
    pub setup_ps: u64,
}

impl Work {
    /// Where what follows from shared ANDs and products grows by `more / of`.
    #[must_use]
    pub(super) fn scaled(self, more: u64, of: u64) -> Self {
        let scale = |ps: u64| ps.saturating_mul(more) / of.max(1);
        Self {
            and_ps: scale(self.and_ps),
            product_ps: scale(self.product_ps),
            setup_ps: scale(self.setup_ps),
            ..self
        }
    }

    /// Names and times, in the order of the table.
    pub const fn entries(&self) -> [(&'static str, u64); 6] {
        [
            ("and_ps", self.and_ps),
            ("product_ps", self.product_ps),
            ("garbled_and_ps", self.garbled_and_ps),
            ("label_ps", self.label_ps),
            ("step_ps", self.step_ps),
            ("setup_ps", self.setup_ps),
        ]
    }

    /// Sets a time by its name; says whether there is such a name.
    pub fn set(&mut self, name: &str, ps: u64) -> bool {
        let slot = match name {
            "and_ps" => &mut self.and_ps,
            "product_ps" => &mut self.product_ps,
            "garbled_and_ps" => &mut self.garbled_and_ps,
            "label_ps" => &mut self.label_ps,
            "step_ps" => &mut self.step_ps,
            "setup_ps" => &mut self.setup_ps,
            _ => return false,
        };
        *slot = ps;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_set_by_its_name() {
        let mut work = Work::default();
        for (i, (name, _)) in work.entries().into_iter().enumerate() {
            assert!(work.set(name, i as u64));
        }
        let read: Vec<u64> = work.entries().iter().map(|e| e.1).collect();
        assert_eq!(read, [0, 1, 2, 3, 4, 5]);
        assert!(!work.set("xor_ps", 1));
    }
}
