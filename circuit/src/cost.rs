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
//!   share, [`Stamp::garbled`] when those have who garble. They differ only for labels and for what is local after them.

use crate::program::{Domain, Node, Op, Program, Suite};
use crate::template::{Gate, Template};
use crate::value::Scalar;

/// Bytes of a wire label.
pub const LABEL_LEN: u64 = 16;
/// Bytes that the garbler sends per AND gate and lane.
pub const GARBLED_AND_LEN: u64 = 2 * LABEL_LEN;

/// What one execution of an operation costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpCost {
    /// Payload bytes that each party sends.
    pub sent: Vec<u64>,
    /// How much later its results are than its operands, where those are ready everywhere (garbled calls: 0 or 1, see
    /// [`Stamp::after`] for the exact rule).
    pub rounds: u32,
}

/// When a value is there: stamps of the latest messages that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// At all parties.
    pub ready: i64,
    /// At those who garble; never larger than `ready`.
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
}

impl Stamp {
    /// What a program starts with.
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
    match program.suite {
        Suite::Rep3 => OpCost {
            sent: rep3_sent(program, node).to_vec(),
            rounds: match delay(program, node) {
                Delay::None => 0,
                Delay::Rounds(rounds) => rounds,
                Delay::ToEvaluator => 1,
            },
        },
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

/// Three-party replicated sharing; parties and their messages as in the runtime's `protocols/replicated`.
fn rep3_sent(program: &Program, node: &Node) -> [u64; 3] {
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    let labels = |v: &Operand| {
        LABEL_LEN
            .saturating_mul(u64::from(v.scalar.width()))
            .saturating_mul(v.lanes)
    };
    match &node.op {
        Op::Input(id) => {
            let mut sent = [0; 3];
            let Some(leaf) = program.inputs.get(id.index()) else {
                return sent;
            };
            let value = result(0);
            let receivers = if value.domain == Domain::Public { 2 } else { 1 };
            if let Some(owner) = sent.get_mut(leaf.party as usize) {
                *owner = share_len(&value).saturating_mul(receivers);
            }
            sent
        }
        Op::Mul | Op::Dot { .. } => [share_len(&result(0)); 3],
        Op::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return [0; 3];
            };
            let value = result(0);
            let levels = and_levels(template);
            match value.domain {
                Domain::Yao => {
                    let ands = levels.iter().sum::<u64>().saturating_mul(value.lanes);
                    [GARBLED_AND_LEN.saturating_mul(ands), 0, 0]
                }
                Domain::Boolean | Domain::Public | Domain::Arithmetic { .. } => {
                    [levels.iter().fold(0, |sum: u64, &n| {
                        sum.saturating_add(packed_len(n, value.lanes))
                    }); 3]
                }
            }
        }
        Op::Decompose => match result(0).domain {
            Domain::Yao => [labels(&result(0)), labels(&result(1)), 0],
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean => [0; 3],
        },
        Op::Compose => {
            let len = packed_len(u64::from(arg(0).scalar.width()), arg(0).lanes);
            [0, len, len]
        }
        Op::InjectBit => [share_len(&result(0)); 3],
        Op::BooleanToYao => [labels(&result(0)), labels(&result(0)), 0],
        Op::YaoToBoolean => [0, 0, share_len(&result(0))],
        Op::Reveal => [open_len(&arg(0)); 3],
        Op::Output(id) => {
            let mut sent = [0; 3];
            for &receiver in program
                .outputs
                .get(id.index())
                .map_or(&[][..], |leaf| &leaf.receivers)
            {
                if let Some(sender) = sent.get_mut((receiver as usize + 2) % 3) {
                    *sender = open_len(&arg(0));
                }
            }
            sent
        }
        Op::Const(_)
        | Op::Public(_)
        | Op::PublicReduce { .. }
        | Op::FromPublic
        | Op::Gather { .. }
        | Op::Scatter { .. }
        | Op::Concat
        | Op::Linear { .. }
        | Op::MulPublic
        | Op::SumLanes { .. }
        | Op::LowerRing
        | Op::RandomParts
        | Op::Assert(_)
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => [0; 3],
    }
}

/// Nothing sent, nothing waited for: empty vectors and circuits without ANDs take no round.
fn delay(program: &Program, node: &Node) -> Delay {
    let Suite::Rep3 = program.suite;
    if rep3_sent(program, node) == [0; 3] {
        return Delay::None;
    }
    match &node.op {
        Op::Call(id) => match info(program, &node.results, 0).domain {
            Domain::Yao => Delay::ToEvaluator,
            Domain::Boolean | Domain::Public | Domain::Arithmetic { .. } => {
                let depth = program
                    .templates
                    .get(id.index())
                    .map_or(0, |t| and_levels(t).len());
                Delay::Rounds(u32::try_from(depth).unwrap_or(u32::MAX))
            }
        },
        Op::Decompose | Op::BooleanToYao => Delay::ToEvaluator,
        Op::InjectBit => Delay::Rounds(2),
        Op::Input(_)
        | Op::Mul
        | Op::Dot { .. }
        | Op::Compose
        | Op::YaoToBoolean
        | Op::Reveal
        | Op::Output(_) => Delay::Rounds(1),
        Op::Const(_)
        | Op::Public(_)
        | Op::PublicReduce { .. }
        | Op::FromPublic
        | Op::Gather { .. }
        | Op::Scatter { .. }
        | Op::Concat
        | Op::Linear { .. }
        | Op::MulPublic
        | Op::SumLanes { .. }
        | Op::LowerRing
        | Op::RandomParts
        | Op::Assert(_)
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => Delay::None,
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
