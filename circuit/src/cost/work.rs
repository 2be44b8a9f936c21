//! What parties compute locally, per suite: a table of times that plans are chosen and runs are estimated by.
//!
//! Times are one party's, in picoseconds and whole numbers, so that the table is equal wherever it is equal in writing: it is
//! part of what parties agree on. They include making the correlations that an operation uses up. Measured with few
//! parties; what grows with their number follows here. They decide nothing but what is cheap: bytes and rounds are exact
//! and stand in [`super::op_cost`].

use super::extension_degree;
use crate::program::Suite;
use serde::{Deserialize, Serialize};

/// One party's local work in one suite, in picoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// A shared AND of one lane.
    pub and_ps: u64,
    /// A product mod 2^64.
    pub product_ps: u64,
    /// A garbled AND, for the slower of garbler and evaluator; 0 in suites that do not garble.
    pub garbled_and_ps: u64,
    /// A wire that enters a garbled section from shares; 0 in suites that do not garble.
    pub label_ps: u64,
    /// Any operation and any level of a shared circuit, whatever its lanes.
    pub step_ps: u64,
    /// What precedes the first correlation of a run.
    pub setup_ps: u64,
}

/// The table of all suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Measured with its two parties.
    pub two_party: Work,
    /// Measured with its three parties.
    pub rep3: Work,
    /// Measured with two parties.
    pub gmw: Work,
    /// Measured with three parties of which one may be corrupt.
    pub bgw: Work,
}

impl Costs {
    /// What is assumed without a table of one's own: one core of a server of about 2020, rounded up.
    pub const SHIPPED: Self = Self {
        two_party: Work {
            and_ps: 130_000,
            product_ps: 6_000_000,
            garbled_and_ps: 60_000,
            label_ps: 60_000,
            step_ps: 2_000_000,
            setup_ps: 20_000_000_000,
        },
        rep3: Work {
            and_ps: 500,
            product_ps: 10_000,
            garbled_and_ps: 60_000,
            label_ps: 5_000,
            step_ps: 2_000_000,
            setup_ps: 0,
        },
        gmw: Work {
            and_ps: 130_000,
            product_ps: 6_000_000,
            garbled_and_ps: 0,
            label_ps: 0,
            step_ps: 2_000_000,
            setup_ps: 20_000_000_000,
        },
        bgw: Work {
            and_ps: 5_000,
            product_ps: 400_000,
            garbled_and_ps: 0,
            label_ps: 0,
            step_ps: 2_000_000,
            setup_ps: 0,
        },
    };

    /// The times of a suite as they stand in the table.
    pub const fn of(&self, suite: Suite) -> &Work {
        match suite {
            Suite::TwoParty => &self.two_party,
            Suite::Rep3 => &self.rep3,
            Suite::Gmw => &self.gmw,
            Suite::Bgw => &self.bgw,
        }
    }

    /// The times of a suite, to be changed.
    pub const fn of_mut(&mut self, suite: Suite) -> &mut Work {
        match suite {
            Suite::TwoParty => &mut self.two_party,
            Suite::Rep3 => &mut self.rep3,
            Suite::Gmw => &mut self.gmw,
            Suite::Bgw => &mut self.bgw,
        }
    }

    /// The times of a suite among so many parties.
    #[must_use]
    pub fn among(&self, suite: Suite, n_parties: u32, threshold: u32) -> Work {
        let work = *self.of(suite);
        // As a fraction: (of what is asked, of what was measured).
        let (more, of) = match suite {
            Suite::TwoParty | Suite::Rep3 => return work,
            // Every pair makes correlations of its own.
            Suite::Gmw => (u64::from(n_parties.saturating_sub(1)), 1),
            Suite::Bgw => (products(n_parties, threshold), products(3, 1)),
        };
        let scale = |ps: u64| ps.saturating_mul(more) / of.max(1);
        Work {
            and_ps: scale(work.and_ps),
            product_ps: scale(work.product_ps),
            setup_ps: scale(work.setup_ps),
            ..work
        }
    }
}

/// Products of ring elements that a dealer and receiver does for one product of shares.
fn products(n_parties: u32, threshold: u32) -> u64 {
    let (n, t) = (u64::from(n_parties), u64::from(threshold));
    let d = u64::from(extension_degree(n_parties));
    let dealt = n.saturating_sub(1 + t) * (t + 1);
    (dealt + 2 * t + 1) * d * d
}

impl Default for Costs {
    fn default() -> Self {
        Self::SHIPPED
    }
}

impl Work {
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
    fn more_parties_compute_more() {
        let costs = Costs::SHIPPED;
        assert_eq!(costs.among(Suite::Bgw, 3, 1), costs.bgw);
        assert_eq!(costs.among(Suite::Gmw, 2, 1), costs.gmw);
        let five = costs.among(Suite::Gmw, 5, 4);
        assert_eq!(five.and_ps, 4 * costs.gmw.and_ps);
        let sixteen = costs.among(Suite::Bgw, 16, 7);
        assert!(sixteen.product_ps > 10 * costs.bgw.product_ps);
    }

    #[test]
    fn every_entry_can_be_set_by_its_name() {
        let mut work = Costs::SHIPPED.rep3;
        for (i, (name, _)) in Costs::SHIPPED.rep3.entries().into_iter().enumerate() {
            assert!(work.set(name, i as u64));
        }
        let read: Vec<u64> = work.entries().iter().map(|e| e.1).collect();
        assert_eq!(read, [0, 1, 2, 3, 4, 5]);
        assert!(!work.set("xor_ps", 1));
    }
}
