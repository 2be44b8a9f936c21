//! What each operation of a program sends and how many rounds it takes, exactly, per party.
//!
//! Whoever predicts a run and whoever executes it read the same tables, which stand in [`crate::suite`]: the prediction walks
//! a program with [`op_cost`] and [`Stamp::after`], the engine counts what really happens, and tests hold the two together. Nothing here depends on a
//! machine, on how lanes are cut into blocks (blocks are whole bytes, so their sum is what one message would take) or on
//! a secret.
//!
//! **Rounds.** A message's stamp is 1 + the largest stamp among the messages that it depends on by the schedule; the
//! rounds of a run are the largest stamp. The schedule is dataflow with barriers at regions:
//! - an operation starts when its operands are there and its region has started; its results are there together
//!   ([`Stamp::after`] of the join of the region's start and all operands);
//! - a `Loop`, `While` or `If` starts when its operands and all values that its regions use from outside are there (both
//!   branches' for `If`); an iteration starts when everything in the one before is done, a body when its condition's
//!   region is done; all results have the stamp of the end: the join of the last region's start and everything in it;
//! - the garblers never wait for the evaluator, so a value has two stamps: [`Stamp::ready`] is when every party has its
//!   share, [`Stamp::garbled`] when those have who garble. They differ only for labels and for what is local after them;
//! - correlations are made before they are used. What is known to be needed from the start ([`Demands`]: the program's own
//!   region and loops of known counts in it) depends on the setup alone, however it is cut into batches: the first
//!   operation starts after the setup and one preparation ([`Demands::start`]). Regions that revealed values steer start
//!   after a preparation of their own ([`Demands::entry`]).

use crate::program::{Interactive, Kind, Node, Program, Threat};

mod ahead;
mod costs;
mod told;
mod whole;

pub use crate::stamp::{Delay, Stamp, StampMap};
pub use crate::suite::{
    ADDED_PRODUCTS, Correlation, Demand, GARBLED_AND_LEN, LABEL_LEN, MOST_BASE_TRANSFERS, PAIRS,
    Pair, Passed, Route, Routes, SACRIFICED, Setup, VOUCHED_LANES, Work, bucket, element_len,
    extension_degree, king_multiplies, king_opens, n_switches, open_len, opener, packed_len,
    resharers, routes, strings_per_switch, whole_triples,
};
pub use ahead::{Demands, start};
pub use costs::Costs;
pub use whole::Whole;

/// What one execution of an operation costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpCost {
    /// Payload bytes that each party sends when it runs.
    pub sent: Vec<u64>,
    /// Payload bytes that each party sends to make the correlations that it uses up.
    pub prepared: Vec<u64>,
    /// How much later its results are than its operands, where those are ready everywhere (garbled calls: 0 or 1, see
    /// [`Stamp::after`] for the exact rule).
    pub rounds: u32,
}

/// What `node` sends and how long it takes. Operations that hold regions cost nothing themselves.
pub fn op_cost(program: &Program, node: &Node) -> OpCost {
    let sent = sent(program, node);
    let delay = delay_of(program, node, &sent);
    OpCost {
        sent,
        prepared: prepared(program, &demand(program, node)),
        rounds: match delay {
            Delay::None => 0,
            Delay::Rounds(rounds) => rounds,
            Delay::ToEvaluator | Delay::BothWays => 1,
            Delay::Garbled => 3,
        },
    }
}

/// Bytes of every party; none where the suite's protocols have no part.
fn sent(program: &Program, node: &Node) -> Vec<u64> {
    match node.op.kind() {
        // Shares that are there when the run begins, or are kept when it ends.
        Kind::Interactive(Interactive::Input(id)) if program.is_held(id) => {
            vec![0; program.n_parties as usize]
        }
        Kind::Interactive(Interactive::Output(id)) if program.is_stored(id) => {
            vec![0; program.n_parties as usize]
        }
        Kind::Interactive(step) => {
            told::sent(program, node).unwrap_or_else(|| program.model().sent(program, node, step))
        }
        Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => {
            vec![0; program.n_parties as usize]
        }
    }
}

fn delay_of(program: &Program, node: &Node, sent: &[u64]) -> Delay {
    match node.op.kind() {
        Kind::Interactive(step) if sent.iter().any(|&bytes| bytes > 0) => {
            match told::rounds(program, node) {
                Some(rounds) => Delay::Rounds(rounds),
                None => program.model().delay(program, node, step),
            }
        }
        Kind::Interactive(_) | Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => {
            Delay::None
        }
    }
}

/// How `node` moves stamps. Nothing sent, nothing waited for: empty vectors and circuits without ANDs take no round.
pub fn delay(program: &Program, node: &Node) -> Delay {
    delay_of(program, node, &sent(program, node))
}

impl Stamp {
    /// The stamp of the results of `node` when `self` joins the start of its region and its operands. Not for the
    /// operations that hold regions.
    #[must_use]
    pub fn after(self, program: &Program, node: &Node) -> Self {
        self.delayed(delay(program, node))
    }
}

/// The correlations that one execution of `node` uses up.
pub fn demand(program: &Program, node: &Node) -> Demand {
    match node.op.kind() {
        Kind::Interactive(step) => program.model().demand(program, node, step),
        Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => Demand::default(),
    }
}

/// Bytes that each party sends to make correlations, however they are cut into batches: it adds up over the demands of
/// operations, and over parts of them that are multiples of 64.
pub fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    program.model().prepared(program, demand)
}

/// Bytes that each party sends for batches that are made whole; of no use to suites that make as many correlations as they use.
pub fn batches(program: &Program, whole: &Whole) -> Vec<u64> {
    let mut sent = vec![0u64; program.n_parties as usize];
    for (kind, size, n) in whole.batches() {
        let bytes = program.model().batch(kind, size);
        for (sent, bytes) in sent.iter_mut().zip(bytes) {
            *sent = sent.saturating_add(bytes.saturating_mul(n));
        }
    }
    sent
}

/// Rounds of a settlement.
pub fn settlement_rounds(program: &Program) -> u32 {
    program.model().settlement(program).0
}

/// Rounds that making `demand` takes, once the setup is done.
pub fn preparation_rounds(program: &Program, demand: &Demand) -> u32 {
    program.model().preparation_rounds(program, demand)
}

/// What the lanes of blocks have to be multiples of so that operations cost as much in blocks as whole, and the least lanes
/// of a block: from a size on, `bgw` goes other ways than below it, and blocks must go the way of the whole.
pub fn block_lanes(program: &Program) -> (u64, u64) {
    program.model().block_lanes(program)
}

/// What the check of a batch of openings sends, by party, and the rounds by which what it releases is later than the last of them. No
/// operation's cost has it in it.
pub fn check(program: &Program, _openings: u64) -> (Vec<u64>, u32) {
    match program.threat {
        // Each opening is compared with what a second party says of it, which is part of what it costs.
        Threat::SemiHonest | Threat::Malicious => (vec![0; program.n_parties as usize], 0),
    }
}

/// What precedes the first operation of a program, whatever it demands later.
pub fn setup(program: &Program) -> Setup {
    program.model().setup(program)
}
