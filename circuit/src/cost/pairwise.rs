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

/// Bytes that each side of a base oblivious transfer sends: two points.
const BASE_OT_LEN: u64 = 64;
/// Base transfers of one extension.
const N_BASE: u64 = 128;
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
            Domain::Arithmetic { ring } => Demand::of(Correlation::Triple { ring }, arg(0).lanes),
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

/// Columns of an extension that its receiver sends: with two parties its first column is free.
fn columns(n_parties: u32) -> u64 {
    let groups = N_BASE / TREE_DEPTH;
    if n_parties == 2 { groups - 1 } else { groups }
}

/// Random transfers that a correlation takes in each direction of a pair.
fn transfers(kind: Correlation) -> u64 {
    match kind {
        Correlation::BitTriple | Correlation::DaBit { .. } | Correlation::Label => 1,
        Correlation::Triple { ring } => u64::from(ring),
        Correlation::DoubleSharing { .. } => 0,
    }
}

/// Bytes of every party that make a demand.
pub(super) fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    let n = program.n_parties as usize;
    let others = n as u64 - 1;
    let columns = columns(program.n_parties);
    let mut sent = vec![0u64; n];
    for (kind, count) in demand.iter() {
        let extension = columns.saturating_mul(packed_len(transfers(kind), count));
        match kind {
            Correlation::BitTriple => {
                let correction = if n > 2 { packed_len(1, count) } else { 0 };
                for bytes in &mut sent {
                    *bytes = bytes.saturating_add(others.saturating_mul(extension + correction));
                }
            }
            Correlation::Triple { ring } => {
                let bits = u64::from(ring) * (u64::from(ring) + 1) / 2;
                for bytes in &mut sent {
                    let both = extension.saturating_add(packed_len(bits, count));
                    *bytes = bytes.saturating_add(others.saturating_mul(both));
                }
            }
            Correlation::DaBit { ring } => {
                let correction = packed_len(u64::from(ring), count);
                for (party, bytes) in sent.iter_mut().enumerate() {
                    // Party j ≥ 1 receives from all others.
                    let received = if party == 0 {
                        0
                    } else {
                        others.saturating_mul(extension)
                    };
                    let given = others - u64::from(party > 0);
                    let given = given.saturating_mul(correction);
                    *bytes = bytes.saturating_add(received).saturating_add(given);
                }
            }
            Correlation::Label => {
                if let Some(evaluator) = sent.get_mut(1) {
                    *evaluator = evaluator.saturating_add(extension);
                }
            }
            Correlation::DoubleSharing { .. } => {}
        }
    }
    sent
}

/// Rounds of making a demand: the extension's columns, then corrections.
pub(super) fn preparation_rounds(demand: &Demand) -> u32 {
    demand
        .iter()
        .map(|(kind, _)| match kind {
            Correlation::BitTriple | Correlation::Label => 1,
            Correlation::Triple { .. } | Correlation::DaBit { .. } => 2,
            Correlation::DoubleSharing { .. } => 0,
        })
        .max()
        .unwrap_or(0)
}

/// The base transfers and trees of the extensions that a program uses.
pub(super) fn setup(program: &Program) -> Setup {
    let n = program.n_parties as usize;
    let others = n as u64 - 1;
    let mut sent = vec![0u64; n];
    let mut used = Demand::default();
    for node in program.regions.iter().flat_map(|r| &r.nodes) {
        used.add_times(&demand(program, node), 1);
    }
    let trees = N_BASE / TREE_DEPTH * (TREE_DEPTH - 1) * 2 * LABEL_LEN;
    let (hashed, labels) = (
        used.iter().any(|(kind, _)| kind != Correlation::Label),
        used.count(Correlation::Label) > 0,
    );
    if hashed {
        for bytes in &mut sent {
            *bytes = others * (2 * N_BASE * BASE_OT_LEN + trees);
        }
    }
    if labels && program.suite == Suite::TwoParty {
        sent[0] += N_BASE * BASE_OT_LEN;
        sent[1] += N_BASE * BASE_OT_LEN + trees;
    }
    Setup {
        sent,
        rounds: if used.is_empty() { 0 } else { 2 },
    }
}
