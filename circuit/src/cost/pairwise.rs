//! What additive and XOR shares with pairwise oblivious transfer send: suites `two-party` and `gmw`.
//!
//! Inputs, the parts of [`Op::Decompose`] and [`Op::RandomParts`] come from keys that pairs share and cost nothing. A product
//! opens two masked operands to all; its triple is made ahead. Messages are those of the runtime's `protocols/pairwise`.

use super::{
    Correlation, Delay, Demand, GARBLED_AND_LEN, LABEL_LEN, Operand, Setup, and_levels, info,
    open_len, packed_len, share_len,
};
use crate::program::{Domain, Node, Op, Program, Suite};
use crate::template::Template;

/// Bytes of a base oblivious transfer from its receiver and from its sender: two points and one.
const BASE_OT_LEN: (u64, u64) = (64, 32);
/// Base transfers of one extension. With fewer transfers than these in a direction over a whole program, they are base transfers
/// themselves.
pub(super) const N_BASE: u64 = 128;
/// Depth of the trees of an extension: their leaves stand for this many bits of the sender's secret.
const TREE_DEPTH: u64 = 4;

/// Bytes of every party.
pub(super) fn sent(program: &Program, node: &Node) -> Vec<u64> {
    let n = program.n_parties as usize;
    let others = n as u64 - 1;
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    let all = |bytes: u64| vec![bytes.saturating_mul(others); n];
    let labels = |v: &Operand| {
        LABEL_LEN
            .saturating_mul(u64::from(v.scalar.width()))
            .saturating_mul(v.lanes)
    };
    let choices = |v: &Operand| packed_len(u64::from(v.scalar.width()), v.lanes);
    let mut sent = vec![0u64; n];
    match &node.op {
        Op::Input(id) => {
            let value = result(0);
            let leaf = program.inputs.get(id.index());
            if let (Some(leaf), Domain::Public) = (leaf, value.domain)
                && let Some(owner) = sent.get_mut(leaf.party as usize)
            {
                *owner = share_len(&value).saturating_mul(others);
            }
            sent
        }
        Op::Mul | Op::Dot { .. } => all(share_len(&arg(0)).saturating_mul(2)),
        Op::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return sent;
            };
            let value = result(0);
            if value.domain == Domain::Yao {
                sent[0] =
                    GARBLED_AND_LEN.saturating_mul(n_ands(template).saturating_mul(value.lanes));
                return sent;
            }
            let layers = and_levels(template);
            all(layers.iter().fold(0, |sum: u64, &ands| {
                sum.saturating_add(packed_len(2 * ands, value.lanes))
            }))
        }
        Op::Decompose if result(0).domain == Domain::Yao => {
            sent[0] = labels(&result(0));
            sent[1] = choices(&result(1));
            sent
        }
        Op::BooleanToYao => {
            sent[0] = labels(&result(0));
            sent[1] = choices(&result(0));
            sent
        }
        Op::Compose => {
            for bytes in sent.iter_mut().skip(1) {
                *bytes = packed_len(u64::from(arg(0).scalar.width()), arg(0).lanes);
            }
            sent
        }
        Op::InjectBit => all(packed_len(1, arg(0).lanes)),
        Op::Reveal => all(open_len(&arg(0))),
        Op::Output(id) => {
            for &receiver in program
                .outputs
                .get(id.index())
                .map_or(&[][..], |leaf| &leaf.receivers)
            {
                for (party, bytes) in sent.iter_mut().enumerate() {
                    if party != receiver as usize {
                        *bytes = bytes.saturating_add(open_len(&arg(0)));
                    }
                }
            }
            sent
        }
        _ => sent,
    }
}

fn n_ands(template: &Template) -> u64 {
    and_levels(template).iter().sum()
}

/// How an operation moves stamps.
pub(super) fn delay(program: &Program, node: &Node) -> Delay {
    if sent(program, node).iter().all(|&bytes| bytes == 0) {
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
        Op::Decompose | Op::BooleanToYao => Delay::BothWays,
        _ => Delay::Rounds(1),
    }
}

/// The correlations of an operation.
pub(super) fn demand(program: &Program, node: &Node) -> Demand {
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    match &node.op {
        Op::Mul | Op::Dot { .. } => match arg(0).domain {
            Domain::Arithmetic { ring } => {
                let count = whole_triples(ring, arg(0).lanes);
                Demand::of(Correlation::Triple { ring }, count)
            }
            Domain::Public | Domain::Boolean | Domain::Yao => Demand::default(),
        },
        Op::Call(id) => match (program.templates.get(id.index()), result(0).domain) {
            (Some(template), Domain::Boolean) => {
                let ands = n_ands(template).saturating_mul(result(0).lanes);
                Demand::of(Correlation::BitTriple, Demand::bits(ands))
            }
            _ => Demand::default(),
        },
        Op::InjectBit => match result(0).domain {
            Domain::Arithmetic { ring } => {
                Demand::of(Correlation::DaBit { ring }, Demand::bits(result(0).lanes))
            }
            Domain::Public | Domain::Boolean | Domain::Yao => Demand::default(),
        },
        Op::Decompose if result(0).domain == Domain::Yao => labels(&result(1)),
        Op::BooleanToYao => labels(&result(0)),
        _ => Demand::default(),
    }
}

fn labels(value: &Operand) -> Demand {
    let bits = u64::from(value.scalar.width()).saturating_mul(value.lanes);
    Demand::of(Correlation::Label, Demand::bits(bits))
}

/// Triples of [`Correlation::Triple`] that a product over so many lanes uses up: rounded up so that both the transfers and the corrections of as many are whole bytes.
pub fn whole_triples(ring: u8, lanes: u64) -> u64 {
    let (transfers, correction) = (u64::from(ring), triple_correction(ring));
    let whole = |n: u64| (transfers * n).is_multiple_of(8) && (correction * n).is_multiple_of(8);
    let unit = [1, 2, 4].into_iter().find(|&n| whole(n)).unwrap_or(8);
    lanes.div_ceil(unit).saturating_mul(unit)
}

/// Bits that the sender of a product sends: one correction of ring − t bits for each bit t of the receiver's factor.
fn triple_correction(ring: u8) -> u64 {
    u64::from(ring) * (u64::from(ring) + 1) / 2
}

/// Random transfers of one instance that a correlation takes. Bits and products take them in both directions of each pair,
/// [`Correlation::DaBit`] from the lower party of each pair to the higher, labels from garbler to evaluator.
fn transfers(kind: Correlation) -> u64 {
    match kind {
        Correlation::BitTriple | Correlation::Label => 1,
        Correlation::Triple { ring } => u64::from(ring),
        // In the ring of two elements a share is its bit.
        Correlation::DaBit { ring: 1 } | Correlation::DoubleSharing { .. } => 0,
        Correlation::DaBit { .. } => 1,
    }
}

/// How a program comes by the oblivious transfers of one direction of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It needs none.
    None,
    /// So many, all made at its start as base transfers.
    Base(u64),
    /// As many as wanted, from the extension of 128 base transfers.
    Extension,
}

impl Route {
    const fn of(transfers: u64) -> Self {
        match transfers {
            0 => Self::None,
            1..N_BASE => Self::Base(transfers),
            N_BASE.. => Self::Extension,
        }
    }
}

/// The routes of a program, the same for every pair of its parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    /// Hashed transfers from a lower party to a higher.
    pub up: Route,
    /// Hashed transfers from a higher party to a lower.
    pub down: Route,
    /// Label transfers, from garbler to evaluator.
    pub labels: Route,
}

/// Which transfers a whole program may use: each branch once, whatever is repeated as often as it is known to be; without
/// bound where only the run tells.
#[derive(Clone, Copy, Default)]
struct Counts {
    both: u64,
    up: u64,
    labels: u64,
}

impl Counts {
    /// Walks the program until `enough`.
    fn of(program: &Program, enough: impl Fn(&Self) -> bool) -> Self {
        let mut counts = Self::default();
        let mut open = vec![(0u32, 1u64)];
        let mut left = program.regions.len();
        while let Some((region, times)) = open.pop() {
            // Regions nest, each is used once; a program that was not verified still ends.
            let (Some(region), Some(rest)) =
                (program.regions.get(region as usize), left.checked_sub(1))
            else {
                break;
            };
            left = rest;
            for node in &region.nodes {
                match &node.op {
                    Op::Loop { count, body } => {
                        open.push((*body, times.saturating_mul(count.unwrap_or(u64::MAX))));
                    }
                    Op::While { cond, body } => {
                        open.extend([cond, body].map(|&r| (r, u64::MAX)));
                    }
                    Op::If { then, otherwise } => {
                        open.extend([then, otherwise].map(|&r| (r, times)));
                    }
                    _ => {
                        for (kind, count) in demand(program, node).iter() {
                            let n = transfers(kind).saturating_mul(count).saturating_mul(times);
                            let sum = match kind {
                                Correlation::Label => &mut counts.labels,
                                Correlation::DaBit { .. } => &mut counts.up,
                                _ => &mut counts.both,
                            };
                            *sum = sum.saturating_add(n);
                        }
                    }
                }
            }
            if enough(&counts) {
                break;
            }
        }
        counts
    }
}

/// The routes of a program.
pub fn routes(program: &Program) -> Routes {
    let counts = Counts::of(program, |c| c.both >= N_BASE && c.labels >= N_BASE);
    Routes {
        up: Route::of(counts.both.saturating_add(counts.up)),
        down: Route::of(counts.both),
        labels: Route::of(counts.labels),
    }
}

/// The routes as far as a demand asks for them.
fn routes_for(program: &Program, demand: &Demand) -> Routes {
    let labels = demand.count(Correlation::Label) > 0;
    let hashed = demand.iter().any(|(kind, _)| kind != Correlation::Label);
    let counts = Counts::of(program, |c| {
        (!labels || c.labels >= N_BASE) && (!hashed || c.both >= N_BASE)
    });
    Routes {
        up: Route::of(counts.both.saturating_add(counts.up)),
        down: Route::of(counts.both),
        labels: Route::of(counts.labels),
    }
}

/// Bytes that a receiver of hashed transfers sends for so many: columns of an extension. With two parties the first column is free and
/// base transfers have random choices. With more the receiver chooses, because its choice is the same towards all
/// senders: one column more.
fn asked(program: &Program, route: Route, transfers: u64) -> u64 {
    let fixed = u64::from(program.n_parties > 2);
    let columns = match route {
        Route::None => 0,
        Route::Base(_) => fixed,
        Route::Extension => N_BASE / TREE_DEPTH - 1 + fixed,
    };
    columns.saturating_mul(transfers.div_ceil(8))
}

/// Bytes of every party that make a demand.
pub(super) fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    let n = program.n_parties as usize;
    let mut sent = vec![0u64; n];
    if demand.is_empty() {
        return sent;
    }
    let routes = routes_for(program, demand);
    for (kind, count) in demand.iter() {
        let transfers = transfers(kind).saturating_mul(count);
        let up = asked(program, routes.up, transfers);
        let down = asked(program, routes.down, transfers);
        for (party, bytes) in sent.iter_mut().enumerate() {
            let (lower, higher) = (party as u64, (n - 1 - party) as u64);
            let receives_both = up
                .saturating_mul(lower)
                .saturating_add(down.saturating_mul(higher));
            let more = match kind {
                Correlation::BitTriple => {
                    // With the first of the others a sender's bits are what they are.
                    let corrected = (n as u64 - 2).saturating_mul(packed_len(1, count));
                    receives_both.saturating_add(corrected)
                }
                Correlation::Triple { ring } => {
                    let correction = packed_len(triple_correction(ring), count);
                    receives_both.saturating_add(correction.saturating_mul(n as u64 - 1))
                }
                Correlation::DaBit { ring } => {
                    let correction = packed_len(u64::from(ring) - 1, count);
                    let received = up.saturating_mul(lower);
                    received.saturating_add(correction.saturating_mul(higher))
                }
                Correlation::Label => match (routes.labels, party) {
                    (Route::Base(_), 0) => LABEL_LEN.saturating_mul(count),
                    (route @ Route::Extension, 1) => asked(program, route, count),
                    _ => 0,
                },
                Correlation::DoubleSharing { .. } => 0,
            };
            *bytes = bytes.saturating_add(more);
        }
    }
    sent
}

/// Rounds of making a demand: the extensions' columns, then corrections.
pub(super) fn preparation_rounds(program: &Program, demand: &Demand) -> u32 {
    if demand.is_empty() {
        return 0;
    }
    let routes = routes_for(program, demand);
    let asked = |route: Route| {
        u32::from(route == Route::Extension || route != Route::None && program.n_parties > 2)
    };
    let both = asked(routes.up).max(asked(routes.down));
    demand
        .iter()
        .map(|(kind, _)| match kind {
            Correlation::BitTriple => both + u32::from(program.n_parties > 2),
            Correlation::Triple { .. } => both + 1,
            Correlation::DaBit { ring: 1 } | Correlation::DoubleSharing { .. } => 0,
            // The parties' bits are folded in one after the other.
            Correlation::DaBit { .. } => asked(routes.up) + program.n_parties - 1,
            Correlation::Label => 1,
        })
        .max()
        .unwrap_or(0)
}

/// The base transfers of a program, and the trees of the extensions that it uses.
pub(super) fn setup(program: &Program) -> Setup {
    let n = program.n_parties as usize;
    let routes = routes(program);
    let trees = N_BASE / TREE_DEPTH * (TREE_DEPTH - 1) * 2 * LABEL_LEN;
    // What sender and receiver send.
    let both = |route: Route| match route {
        Route::None => (0, 0),
        Route::Base(count) => (count * BASE_OT_LEN.1, count * BASE_OT_LEN.0),
        // The roles are reversed below an extension.
        Route::Extension => (N_BASE * BASE_OT_LEN.0, N_BASE * BASE_OT_LEN.1 + trees),
    };
    let (up, down, labels) = (both(routes.up), both(routes.down), both(routes.labels));
    let mut sent: Vec<u64> = (0..n)
        .map(|party| {
            let (lower, higher) = (party as u64, (n - 1 - party) as u64);
            (up.0 + down.1) * higher + (up.1 + down.0) * lower
        })
        .collect();
    if program.suite == Suite::TwoParty {
        sent[0] += labels.0;
        sent[1] += labels.1;
    }
    let rounds = |route: Route| match route {
        Route::None => 0,
        Route::Base(_) => 1,
        Route::Extension => 2,
    };
    let base = |route: Route| match route {
        Route::None => 0,
        Route::Base(count) => count,
        Route::Extension => N_BASE,
    };
    let all = [routes.up, routes.down, routes.labels];
    Setup {
        sent,
        base_transfers: all.into_iter().map(base).sum(),
        rounds: all.into_iter().map(rounds).max().unwrap_or(0),
    }
}
