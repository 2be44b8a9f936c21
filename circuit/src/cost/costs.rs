//! Local times per suite: a table that plans are chosen and runs are estimated by.
//!
//! The table is part of what parties agree on. Times are those of few parties; what grows with their number follows from the
//! suite's model.

use crate::program::{Suite, Threat};
use crate::suite::Work;
use serde::{Deserialize, Serialize};

const N_SUITES: usize = Suite::ALL.len();

/// The table of all suites, in the order of [`Suite::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Among parties that follow the protocol.
    honest: [Work; N_SUITES],
    /// Against a malicious one, where that was measured: else what the suite's model makes of the others.
    malicious: [Option<Work>; N_SUITES],
}

impl Costs {
    /// What is assumed without a table of one's own.
    pub const SHIPPED: Self = {
        let mut honest = [Suite::ALL[0].shipped(); N_SUITES];
        let mut i = 1;
        while i < N_SUITES {
            honest[i] = Suite::ALL[i].shipped();
            i += 1;
        }
        Self {
            honest,
            malicious: [None; N_SUITES],
        }
    };

    /// The times of a suite among those who follow the protocol, as they stand in the table.
    pub const fn of(&self, suite: Suite) -> &Work {
        &self.honest[suite as usize]
    }

    /// The same, to be changed.
    pub const fn of_mut(&mut self, suite: Suite) -> &mut Work {
        &mut self.honest[suite as usize]
    }

    /// The times of a suite against a threat, as they stand in the table, if they do.
    pub const fn measured(&self, suite: Suite, threat: Threat) -> Option<&Work> {
        match threat {
            Threat::SemiHonest => Some(self.of(suite)),
            Threat::Malicious => self.malicious[suite as usize].as_ref(),
        }
    }

    /// The same, to be changed: what is not there begins as what is assumed.
    pub fn measured_mut(&mut self, suite: Suite, threat: Threat) -> &mut Work {
        match threat {
            Threat::SemiHonest => self.of_mut(suite),
            Threat::Malicious => {
                let (n, threshold) = suite.against(threat).measured();
                let assumed = self.among(suite, threat, n, threshold);
                self.malicious[suite as usize].get_or_insert(assumed)
            }
        }
    }

    /// The times of a suite among so many parties against a threat.
    #[must_use]
    pub fn among(&self, suite: Suite, threat: Threat, n_parties: u32, threshold: u32) -> Work {
        match (threat, self.malicious[suite as usize]) {
            (Threat::Malicious, Some(work)) => work,
            (Threat::SemiHonest | Threat::Malicious, _) => {
                let model = suite.against(threat);
                model.among(*self.of(suite), n_parties, threshold)
            }
        }
    }
}

impl Default for Costs {
    fn default() -> Self {
        Self::SHIPPED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_parties_compute_more() {
        let costs = Costs::SHIPPED;
        for (i, suite) in Suite::ALL.into_iter().enumerate() {
            assert_eq!(suite as usize, i, "the table is in the order of all suites");
            let (n, t) = suite.model().measured();
            let honest = costs.among(suite, Threat::SemiHonest, n, t);
            assert_eq!(honest, *costs.of(suite));
            if suite.stands(Threat::Malicious) {
                let proven = costs.among(suite, Threat::Malicious, n, t);
                let multiplies = suite.widest_ring(Threat::Malicious) > 0;
                assert!(proven.and_ps > honest.and_ps);
                assert_eq!(proven.product_ps > honest.product_ps, multiplies);
                // What is measured counts; nothing else changes.
                let mut own = costs;
                own.measured_mut(suite, Threat::Malicious).and_ps += 1;
                let and_ps = proven.and_ps + 1;
                assert_eq!(
                    own.among(suite, Threat::Malicious, n, t),
                    Work { and_ps, ..proven }
                );
                assert_eq!(own.among(suite, Threat::SemiHonest, n, t), honest);
            }
        }
        let five = costs.among(Suite::Gmw, Threat::SemiHonest, 5, 4);
        assert_eq!(five.and_ps, 4 * costs.of(Suite::Gmw).and_ps);
        let sixteen = costs.among(Suite::Bgw, Threat::SemiHonest, 16, 7);
        assert!(sixteen.product_ps > 10 * costs.of(Suite::Bgw).product_ps);
    }
}
