//! What is known of each suite before anything runs: whom it serves, in which domains, and what its operations cost.
//!
//! A suite is a [`Model`] in a file of its own; [`Suite::model`], with [`Suite::shipped`] beside it, is the only place that tells suites apart. Planner,
//! predictor, verifier and engine ask the model, and tests hold runs to it. The next suite is a variant of [`Suite`], a
//! model, and a line here.

mod authenticated;
mod bgw;
mod cover;
mod demand;
mod pairwise;
mod rep3;
mod rep4;
mod size;
mod switches;
mod work;

use crate::program::{Domain, Interactive, Node, Program, Suite, Threat};
use crate::stamp::Delay;
use std::ops::RangeInclusive;

pub use authenticated::{SACRIFICED, bucket};
pub use bgw::{extension_degree, king_multiplies, king_opens};
pub use cover::resharers;
pub use demand::{Correlation, Demand};
pub use pairwise::{Route, Routes, routes, whole_triples};
pub use rep4::{PAIRS, Pair, Route as Passed, VOUCHED_LANES, opener};
pub(crate) use size::told_len;
pub use size::{GARBLED_AND_LEN, LABEL_LEN, element_len, open_len, packed_len};
pub use switches::{n_switches, strings_per_switch};
pub use work::Work;

/// What parties do once before a program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Payload bytes that each party sends.
    pub sent: Vec<u64>,
    /// Rounds that it takes.
    pub rounds: u32,
    /// Base transfers that each pair of parties makes, of the [`MOST_BASE_TRANSFERS`] that times are measured with.
    pub base_transfers: u64,
}

/// Rounds of a proof of what was computed: what a prover tells two verifiers, and what they tell each other.
pub(crate) const PROOF_ROUNDS: u32 = 2;

/// Base transfers of two parties that extend them in both directions.
pub const MOST_BASE_TRANSFERS: u64 = 2 * pairwise::N_BASE;

/// Products that are added up before anything else is done to them, in the local time of one that is shared anew.
pub const ADDED_PRODUCTS: f64 = 6.0;

/// All that the rest of the code knows of a suite. What a method leaves to its default, the suite does without.
pub trait Model: Sync {
    /// The numbers of parties that it serves.
    fn parties(&self) -> RangeInclusive<u32>;

    /// The numbers of corrupt parties that it can be made to tolerate among `n_parties`.
    fn thresholds(&self, n_parties: u32) -> RangeInclusive<u32>;

    /// Whether it holds values in a domain against a threat.
    fn offers(&self, threat: Threat, domain: Domain) -> bool;

    /// The number of additive parts of an arithmetic value ([`crate::op::Op::Decompose`]) when they become shares of `domain`.
    fn parts(&self, n_parties: u32, threshold: u32, domain: Domain) -> usize;

    /// Elements that a party holds of one shared element.
    fn held(&self, n_parties: u32) -> u64;

    /// Whether a sum of products costs one product even where its terms are made block by block.
    fn folds_products(&self) -> bool;

    /// Whether it shuffles among so many parties of whom so many may be corrupt.
    fn shuffles(&self, n_parties: u32, threshold: u32) -> bool {
        let _ = (n_parties, threshold);
        false
    }

    /// The parties and the threshold that its local times are measured with.
    fn measured(&self) -> (u32, u32);

    /// Local times among so many parties, from those that are measured.
    fn among(&self, measured: Work, n_parties: u32, threshold: u32) -> Work {
        let _ = (n_parties, threshold);
        measured
    }

    /// Payload bytes of every party when a step runs. What one party tells others in the clear is no suite's.
    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64>;

    /// Whether what was computed is proven before it is opened ([`crate::settle`]).
    fn proves(&self) -> bool {
        false
    }

    /// Bytes by which each of those whom one party tells so many lanes in the clear tells each other one what it heard, one round later.
    fn echo_len(&self, lanes: u64) -> u64 {
        let _ = lanes;
        0
    }

    /// How a step that sends something moves stamps.
    fn delay(&self, program: &Program, node: &Node, step: Interactive) -> Delay;

    /// The correlations that one execution of a step uses up.
    fn demand(&self, program: &Program, node: &Node, step: Interactive) -> Demand {
        let _ = (program, node, step);
        Demand::default()
    }

    /// Bytes that each party sends to make correlations.
    fn prepared(&self, program: &Program, demand: &Demand) -> Vec<u64> {
        let _ = demand;
        vec![0; program.n_parties as usize]
    }

    /// Bytes that each party sends for a whole batch of a kind that is made in such ([`Correlation::whole`]).
    fn batch(&self, kind: Correlation, size: u64) -> Vec<u64> {
        let _ = (kind, size);
        Vec::new()
    }

    /// Bytes that making correlations ahead takes for each that a party sends for it, and at most.
    fn ahead(&self) -> (u64, u64) {
        (1, 6_500_000)
    }

    /// Whether garbled circuits are compared before an opening, as ANDs are; else each is believed, or checked, by itself.
    fn settles_garbled(&self) -> bool {
        false
    }

    /// Rounds of a settlement, where what was computed is proven or compared before it is opened, and the bytes that each party sends for
    /// it; none where they follow from what is proven ([`crate::settle`]).
    fn settlement(&self, program: &Program) -> (u32, Option<u64>) {
        let _ = program;
        (PROOF_ROUNDS, None)
    }

    /// Rounds that making correlations takes, once the setup is done.
    fn preparation_rounds(&self, program: &Program, demand: &Demand) -> u32 {
        let _ = (program, demand);
        0
    }

    /// What precedes the first operation of a program.
    fn setup(&self, program: &Program) -> Setup {
        Setup {
            sent: vec![0; program.n_parties as usize],
            rounds: 0,
            base_transfers: 0,
        }
    }

    /// What the lanes of blocks have to be multiples of so that operations cost as much in blocks as whole, and the least
    /// lanes of a block.
    fn block_lanes(&self, program: &Program) -> (u64, u64) {
        let _ = program;
        (64, 64)
    }
}

impl Suite {
    /// What is known of it.
    pub const fn model(self) -> &'static dyn Model {
        match self {
            Self::TwoParty => &pairwise::TWO_PARTY,
            Self::Rep3 => &rep3::Rep3,
            Self::Rep4 => &rep4::Rep4 { vouched: false },
            Self::Gmw => &pairwise::GMW,
            Self::Bgw => &bgw::Bgw,
        }
    }

    /// What is known of it against a threat. Against one that it does not stand ([`Suite::stands`]) nothing runs.
    pub const fn against(self, threat: Threat) -> &'static dyn Model {
        match (self, threat) {
            (Self::Rep3, Threat::Malicious) => &rep3::Settled,
            (Self::Rep4, Threat::Malicious) => &rep4::Rep4 { vouched: true },
            (Self::TwoParty, Threat::Malicious) => &authenticated::Authenticated,
            _ => self.model(),
        }
    }

    /// Whether it has protocols against a threat: then it computes on shared bits at least.
    pub fn stands(self, threat: Threat) -> bool {
        self.offers(threat, Domain::Boolean)
    }

    /// Whether shares of it can outlive a run against a threat: where each is held by one party alone, what makes sure of it against a
    /// cheater ends with the run.
    pub fn stores(self, threat: Threat) -> bool {
        self.stands(threat) && (!threat.deviates() || matches!(self, Self::Rep3 | Self::Rep4))
    }

    /// Local times without a table of one's own: one core of a server of about 2020, rounded up.
    pub const fn shipped(self) -> Work {
        match self {
            Self::TwoParty => pairwise::TWO_PARTY.work,
            Self::Rep3 => rep3::WORK,
            Self::Rep4 => rep4::WORK,
            Self::Gmw => pairwise::GMW.work,
            Self::Bgw => bgw::WORK,
        }
    }

    /// The numbers of parties that it serves.
    pub fn parties(self) -> RangeInclusive<u32> {
        self.model().parties()
    }

    /// The numbers of corrupt parties that it can be made to tolerate among `n_parties`.
    pub fn thresholds(self, n_parties: u32) -> RangeInclusive<u32> {
        self.model().thresholds(n_parties)
    }

    /// What runs among a number of parties unless somebody asks for something else; `None` where nothing does.
    pub fn usual(n_parties: u32, threat: Threat) -> Option<Self> {
        [Self::TwoParty, Self::Rep3, Self::Bgw, Self::Rep4]
            .into_iter()
            .find(|suite| suite.parties().contains(&n_parties) && suite.stands(threat))
    }

    /// Whether it holds values in a domain against a threat.
    pub fn offers(self, threat: Threat, domain: Domain) -> bool {
        self.against(threat).offers(threat, domain)
    }

    /// Whether what was computed is proven before it is opened ([`crate::settle`]).
    pub fn proves(self, threat: Threat) -> bool {
        self.against(threat).proves()
    }

    /// Whether products that are added up are neither shared anew nor proven one by one: they take local time only, of
    /// [`ADDED_PRODUCTS`] as much as one product.
    pub fn adds_products(self, threat: Threat) -> bool {
        let model = self.against(threat);
        model.folds_products() && !model.proves()
    }

    /// The widest ring of arithmetic values against a threat; 0 without any.
    pub fn widest_ring(self, threat: Threat) -> u8 {
        let offered = |ring: &u8| self.offers(threat, Domain::Arithmetic { ring: *ring });
        (1..=128).rev().find(offered).unwrap_or(0)
    }

    /// Whether it has garbled circuits, against parties that follow the protocol.
    pub fn garbles(self) -> bool {
        self.offers(Threat::SemiHonest, Domain::Yao)
    }

    /// The number of additive parts of an arithmetic value ([`crate::op::Op::Decompose`]) when they become shares of `domain`.
    pub fn parts(self, threat: Threat, n_parties: u32, threshold: u32, domain: Domain) -> usize {
        self.against(threat).parts(n_parties, threshold, domain)
    }
}

impl Program {
    /// What is known of its suite against its threat.
    pub(crate) const fn model(&self) -> &'static dyn Model {
        self.suite.against(self.threat)
    }

    /// Words that a party has of each lane of what is stored in shares: its Boolean share, part after part.
    pub fn stored_words(&self) -> u64 {
        self.model().held(self.n_sharers())
    }

    /// The number of additive parts of an arithmetic value ([`crate::op::Op::Decompose`]) when they become shares of `domain`.
    pub fn parts(&self, domain: Domain) -> usize {
        self.model().parts(self.n_parties, self.threshold, domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_serves_somebody_in_shares() {
        for suite in Suite::ALL {
            let (n, t) = suite.model().measured();
            assert!(suite.parties().contains(&n) && suite.thresholds(n).contains(&t));
            for domain in [
                Domain::Public,
                Domain::Arithmetic { ring: 64 },
                Domain::Boolean,
                Domain::Local { owner: 0 },
            ] {
                assert!(suite.offers(Threat::SemiHonest, domain));
            }
            let both = [Domain::Public, Domain::Boolean];
            let held = both.map(|domain| suite.offers(Threat::Malicious, domain));
            assert_eq!(held, [suite.stands(Threat::Malicious); 2]);
            assert_eq!(suite.widest_ring(Threat::SemiHonest), 128);
            let work = suite.shipped();
            assert_eq!(work, suite.model().among(work, n, t), "{}", suite.name());
            assert_eq!(work.garbled_and_ps > 0, suite.garbles());
        }
    }
}
