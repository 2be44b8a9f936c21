//! What each operation of a program sends and how many rounds it takes, exactly, per party.
//!
//! Whoever predicts a run and whoever executes it read the same tables: the prediction walks a program with [`op_cost`]
//! and [`Stamp::after`], the engine counts what really happens, and tests hold the two together. Nothing here depends on a
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

use crate::program::{Domain, Node, Program, Suite, Threat};
use crate::template::{Gate, Template};
use crate::value::Scalar;

mod ahead;
mod bgw;
mod demand;
mod pairwise;
mod rep3;
mod work;

pub use ahead::{Demands, start};
pub use bgw::{extension_degree, king_multiplies, king_opens};
pub use demand::{Correlation, Demand};
pub use pairwise::{Route, Routes, routes, whole_triples};
pub use work::{Costs, Work};

/// Bytes of a wire label.
pub const LABEL_LEN: u64 = 16;
/// Bytes that the garbler sends per AND gate and lane.
pub const GARBLED_AND_LEN: u64 = 2 * LABEL_LEN;

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

/// Base transfers of two parties that extend them in both directions.
pub const MOST_BASE_TRANSFERS: u64 = 2 * pairwise::N_BASE;

/// When a value is there: stamps of the latest messages that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// At all parties.
    pub ready: i64,
    /// At those who garble. Under `rep3` never larger than `ready`, which is then when all parties have it; where the
    /// evaluator's inputs enter by oblivious transfer, `ready` is the evaluator's.
    pub garbled: i64,
}

/// How an operation moves stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Local everywhere.
    None,
    /// Messages among all parties, one after the other.
    Rounds(u32),
    /// Messages from the garblers to the evaluator only: labels, tables.
    ToEvaluator,
    /// A message from those who garble to the evaluator and one back, neither waiting for the other: labels by oblivious
    /// transfer.
    BothWays,
}

impl Stamp {
    /// What everything starts with, before the setup.
    pub const START: Self = Self {
        ready: 0,
        garbled: 0,
    };

    const NEVER: i64 = i64::MIN / 4;

    /// The later of two, at each of the two places.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            ready: self.ready.max(other.ready),
            garbled: self.garbled.max(other.garbled),
        }
    }

    /// The stamp of the results of `node` when `self` joins the start of its region and its operands. Not for the
    /// operations that hold regions.
    #[must_use]
    pub fn after(self, program: &Program, node: &Node) -> Self {
        self.delayed(delay(program, node))
    }

    /// The stamp of results that take `delay` from operands of this stamp.
    #[must_use]
    pub fn delayed(self, delay: Delay) -> Self {
        match delay {
            Delay::None => self,
            Delay::Rounds(rounds) => {
                let then = self.ready.max(self.garbled) + i64::from(rounds);
                Self {
                    ready: then,
                    garbled: then,
                }
            }
            Delay::ToEvaluator => Self {
                ready: self.ready.max(self.garbled + 1),
                garbled: self.garbled,
            },
            Delay::BothWays => Self {
                ready: self.ready.max(self.garbled + 1),
                garbled: self.garbled.max(self.ready + 1),
            },
        }
    }
}

/// How a region moves the stamp of its start to the stamp of its end: what makes the rounds of a loop of any count a
/// closed form. Both places' ends are maxima of the two starts plus constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampMap {
    from_ready: Stamp,
    from_garbled: Stamp,
}

impl StampMap {
    /// The map that `walk` computes: from a region's start to its end (at least the start), by joins and
    /// [`Stamp::after`] alone, values from outside the region counting as the start.
    pub fn of(mut walk: impl FnMut(Stamp) -> Stamp) -> Self {
        let mut unit = |ready, garbled| walk(Stamp { ready, garbled });
        Self {
            from_ready: unit(0, Stamp::NEVER),
            from_garbled: unit(Stamp::NEVER, 0),
        }
    }

    /// The map of a region that does nothing.
    pub const IDENTITY: Self = Self {
        from_ready: Stamp {
            ready: 0,
            garbled: Stamp::NEVER,
        },
        from_garbled: Stamp {
            ready: Stamp::NEVER,
            garbled: 0,
        },
    };

    /// The end for a start.
    #[must_use]
    pub fn apply(self, start: Stamp) -> Stamp {
        let plus = |a: i64, b: i64| {
            if a <= Stamp::NEVER / 2 || b <= Stamp::NEVER / 2 {
                Stamp::NEVER
            } else {
                a.saturating_add(b)
            }
        };
        let shift = |s: Stamp, by: i64| Stamp {
            ready: plus(s.ready, by),
            garbled: plus(s.garbled, by),
        };
        shift(self.from_ready, start.ready).join(shift(self.from_garbled, start.garbled))
    }

    /// This region, then another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            from_ready: next.apply(self.from_ready),
            from_garbled: next.apply(self.from_garbled),
        }
    }

    /// This region `count` times in a row.
    #[must_use]
    pub fn repeat(self, mut count: u64) -> Self {
        let (mut done, mut square) = (Self::IDENTITY, self);
        while count > 0 {
            if count & 1 == 1 {
                done = done.then(square);
            }
            count >>= 1;
            if count > 0 {
                square = square.then(square);
            }
        }
        done
    }
}

/// What `node` sends and how long it takes. Operations that hold regions cost nothing themselves.
pub fn op_cost(program: &Program, node: &Node) -> OpCost {
    let sent = match program.suite {
        Suite::Rep3 => rep3::sent(program, node).to_vec(),
        Suite::TwoParty | Suite::Gmw => pairwise::sent(program, node),
        Suite::Bgw => bgw::sent(program, node),
    };
    OpCost {
        sent,
        prepared: prepared(program, &demand(program, node)),
        rounds: match delay(program, node) {
            Delay::None => 0,
            Delay::Rounds(rounds) => rounds,
            Delay::ToEvaluator | Delay::BothWays => 1,
        },
    }
}

/// How `node` moves stamps. Nothing sent, nothing waited for: empty vectors and circuits without ANDs take no round.
pub fn delay(program: &Program, node: &Node) -> Delay {
    match program.suite {
        Suite::Rep3 => rep3::delay(program, node),
        Suite::TwoParty | Suite::Gmw => pairwise::delay(program, node),
        Suite::Bgw => bgw::delay(program, node),
    }
}

/// The correlations that one execution of `node` uses up.
pub fn demand(program: &Program, node: &Node) -> Demand {
    match program.suite {
        Suite::Rep3 => Demand::default(),
        Suite::TwoParty | Suite::Gmw => pairwise::demand(program, node),
        Suite::Bgw => bgw::demand(program, node),
    }
}

/// Bytes that each party sends to make correlations, however they are cut into batches: it adds up over the demands of
/// operations, and over parts of them that are multiples of 64.
pub fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    match program.suite {
        Suite::Rep3 => vec![0; program.n_parties as usize],
        Suite::TwoParty | Suite::Gmw => pairwise::prepared(program, demand),
        Suite::Bgw => bgw::prepared(program, demand),
    }
}

/// Rounds that making `demand` takes, once the setup is done.
pub fn preparation_rounds(program: &Program, demand: &Demand) -> u32 {
    match program.suite {
        Suite::Rep3 => 0,
        Suite::TwoParty | Suite::Gmw => pairwise::preparation_rounds(program, demand),
        Suite::Bgw => bgw::preparation_rounds(demand),
    }
}

/// What the lanes of blocks have to be multiples of so that operations cost as much in blocks as whole, and the least lanes
/// of a block: from a size on, `bgw` goes other ways than below it, and blocks must go the way of the whole.
pub fn block_lanes(program: &Program) -> (u64, u64) {
    match program.suite {
        Suite::Rep3 | Suite::TwoParty | Suite::Gmw => (64, 64),
        Suite::Bgw => bgw::block_lanes(program),
    }
}

/// What the check of a batch of openings sends, by party, and the rounds by which what it releases is later than the last of them. No
/// operation's cost has it in it.
pub fn check(program: &Program, _openings: u64) -> (Vec<u64>, u32) {
    match program.threat {
        Threat::SemiHonest => (vec![0; program.n_parties as usize], 0),
    }
}

/// What precedes the first operation of a program, whatever it demands later.
pub fn setup(program: &Program) -> Setup {
    match program.suite {
        Suite::Rep3 | Suite::Bgw => Setup {
            sent: vec![0; program.n_parties as usize],
            rounds: 0,
            base_transfers: 0,
        },
        Suite::TwoParty | Suite::Gmw => pairwise::setup(program),
    }
}

/// Bytes of one element mod 2^`bits` in a message.
pub const fn element_len(bits: u32) -> u64 {
    bits.div_ceil(8) as u64
}

/// Bytes of `bits` bits per lane, packed.
pub const fn packed_len(bits: u64, lanes: u64) -> u64 {
    bits.saturating_mul(lanes).div_ceil(8)
}

/// The AND gates that some output of a template needs, counted by AND level: entry `l` is level `l + 1`.
pub fn and_levels(template: &Template) -> Vec<u64> {
    let used = used_wires(template);
    let level = template.levels(|_| 0);
    let first = template.first_gate_wire() as usize;
    let mut counts = Vec::new();
    for (g, gate) in template.gates.iter().enumerate() {
        if matches!(gate, Gate::And(..)) && used[first + g] {
            let l = level[first + g] as usize;
            if counts.len() < l {
                counts.resize(l, 0);
            }
            counts[l - 1] += 1;
        }
    }
    counts
}

/// Which wires of a template some output needs.
pub fn used_wires(template: &Template) -> Vec<bool> {
    let first = template.first_gate_wire() as usize;
    let mut used = vec![false; template.n_wires()];
    for lit in template.outputs.iter().flatten() {
        used[lit.wire() as usize] = true;
    }
    for (g, gate) in template.gates.iter().enumerate().rev() {
        if used[first + g] {
            let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
            used[a.wire() as usize] = true;
            used[b.wire() as usize] = true;
        }
    }
    used
}

struct Operand {
    domain: Domain,
    scalar: Scalar,
    lanes: u64,
}

const NOTHING: Operand = Operand {
    domain: Domain::Public,
    scalar: Scalar::Bool,
    lanes: 0,
};

fn info(program: &Program, ids: &[crate::ids::ValueId], i: usize) -> Operand {
    ids.get(i)
        .and_then(|id| program.values.get(id.index()))
        .map_or(NOTHING, |v| Operand {
            domain: v.domain,
            scalar: v.scalar,
            lanes: v.lanes,
        })
}

/// Bytes of a value's lanes in a message of one component: in A the ring's elements, in B packed bits, in P words.
fn share_len(value: &Operand) -> u64 {
    match value.domain {
        Domain::Arithmetic { ring } => element_len(u32::from(ring)).saturating_mul(value.lanes),
        Domain::Boolean | Domain::Yao => packed_len(u64::from(value.scalar.width()), value.lanes),
        Domain::Public => element_len(value.scalar.width()).saturating_mul(value.lanes),
    }
}

/// Bytes of a value's lanes when they are opened: only the bits of the scalar's type.
fn open_len(value: &Operand) -> u64 {
    match value.domain {
        Domain::Arithmetic { .. } => element_len(value.scalar.width()).saturating_mul(value.lanes),
        Domain::Boolean => packed_len(u64::from(value.scalar.width()), value.lanes),
        Domain::Public | Domain::Yao => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map that is not linear in one place alone: tables need the garblers only, a product needs all.
    fn mixed(start: Stamp) -> Stamp {
        let tables = Stamp {
            ready: start.ready.max(start.garbled + 1),
            garbled: start.garbled,
        };
        let back = Stamp {
            ready: tables.ready + 1,
            garbled: tables.ready + 1,
        };
        start.join(tables).join(back)
    }

    #[test]
    fn a_repeated_map_is_the_walk_repeated() {
        let map = StampMap::of(mixed);
        let mut at = Stamp {
            ready: 7,
            garbled: 3,
        };
        for n in 0..40 {
            let start = Stamp {
                ready: 7,
                garbled: 3,
            };
            assert_eq!(map.repeat(n).apply(start), at, "{n} times");
            at = mixed(at);
        }
    }

    #[test]
    fn garbling_alone_takes_no_rounds_per_iteration() {
        let map = StampMap::of(|start| {
            start.join(Stamp {
                ready: start.ready.max(start.garbled + 1),
                garbled: start.garbled,
            })
        });
        let end = map.repeat(1_000_000).apply(Stamp::START);
        assert_eq!((end.ready, end.garbled), (1, 0));
    }

    #[test]
    fn bits_of_blocks_add_up() {
        for (gates, lanes) in [(1, 1), (3, 65), (7, 1000)] {
            let blocks = [64, 128];
            for block in blocks {
                let full = lanes / block;
                let sum = full * packed_len(gates, block) + packed_len(gates, lanes % block);
                assert_eq!(sum, packed_len(gates, lanes));
            }
        }
    }
}
