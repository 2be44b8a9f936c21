//! What Shamir's sharing over the Galois rings GR(2^k, d) sends: suite `bgw`.
//!
//! A share of an element mod 2^k is d elements mod 2^k, of a bit d bits. Who deals draws the shares of t others from keys
//! that pairs have, and sends the rest. What is opened is sent as additive shares, one element each. Messages are those of the
//! runtime's `protocols/shamir`.

use super::{
    Delay, Demand, Operand, and_levels, element_len, info, open_len, packed_len, share_len,
};
use crate::program::{Domain, Node, Op, Program};

/// The degree d of the extension over which `n_parties` have distinct non-zero exceptional points: 2^d > n.
pub const fn extension_degree(n_parties: u32) -> u32 {
    32 - n_parties.leading_zeros()
}

/// Bytes of one share of all lanes of a value.
fn one_share(program: &Program, value: &Operand) -> u64 {
    let d = u64::from(extension_degree(program.n_parties));
    match value.domain {
        Domain::Arithmetic { ring } => {
            (d * element_len(u32::from(ring))).saturating_mul(value.lanes)
        }
        Domain::Boolean => packed_len(d * u64::from(value.scalar.width()), value.lanes),
        Domain::Public | Domain::Yao => share_len(value),
    }
}

/// Bytes of every party.
pub(super) fn sent(program: &Program, node: &Node) -> Vec<u64> {
    let (n, t) = (program.n_parties as usize, program.threshold as usize);
    let d = u64::from(extension_degree(program.n_parties));
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    // A dealer's messages: all but itself and the t whose shares are drawn.
    let n_sent = (n - 1).saturating_sub(t) as u64;
    let dealers = |parties: std::ops::Range<usize>, bytes: u64| -> Vec<u64> {
        let sent = |p| {
            if parties.contains(&p) {
                bytes.saturating_mul(n_sent)
            } else {
                0
            }
        };
        (0..n).map(sent).collect()
    };
    let mut sent = vec![0u64; n];
    match &node.op {
        Op::Input(id) => {
            let value = result(0);
            let bytes = if value.domain == Domain::Public {
                share_len(&value).saturating_mul(n as u64 - 1)
            } else {
                one_share(program, &value).saturating_mul(n_sent)
            };
            let leaf = program.inputs.get(id.index());
            if let Some(owner) = leaf.and_then(|l| sent.get_mut(l.party as usize)) {
                *owner = bytes;
            }
            sent
        }
        Op::Mul | Op::Dot { .. } => dealers(0..2 * t + 1, one_share(program, &result(0))),
        Op::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return sent;
            };
            let lanes = result(0).lanes;
            let bytes = and_levels(template).iter().fold(0, |sum: u64, &ands| {
                sum.saturating_add(packed_len(d * ands, lanes))
            });
            dealers(0..2 * t + 1, bytes)
        }
        Op::Decompose => dealers(0..t + 1, one_share(program, &result(0))),
        Op::RandomParts => dealers(1..t + 1, one_share(program, &result(0))),
        Op::Compose => {
            // The difference is opened to party 0; everyone with a part deals it.
            let mut sent = dealers(0..t + 1, one_share(program, &result(0)));
            for bytes in sent.iter_mut().skip(1).take(t) {
                *bytes = bytes.saturating_add(open_len(&arg(0)));
            }
            sent
        }
        Op::InjectBit => {
            // t + 1 parts dealt, then a tree of t products.
            let share = one_share(program, &result(0));
            let mut sent = dealers(0..t + 1, share);
            let products = dealers(0..2 * t + 1, share.saturating_mul(t as u64));
            for (bytes, product) in sent.iter_mut().zip(products) {
                *bytes = bytes.saturating_add(product);
            }
            sent
        }
        Op::Reveal => {
            let all: Vec<u32> = (0..program.n_parties).collect();
            opened(program, &arg(0), &all)
        }
        Op::Output(id) => {
            let leaf = program.outputs.get(id.index());
            opened(program, &arg(0), leaf.map_or(&[][..], |l| &l.receivers))
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
        | Op::BooleanToYao
        | Op::YaoToBoolean
        | Op::Assert(_)
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => sent,
    }
}

/// Bytes of every party when a value is opened: a receiver has a share of its own; the t parties after it send theirs.
fn opened(program: &Program, value: &Operand, receivers: &[u32]) -> Vec<u64> {
    let n = program.n_parties as usize;
    let mut sent = vec![0u64; n];
    for &receiver in receivers {
        for k in 1..=program.threshold as usize {
            if let Some(bytes) = sent.get_mut((receiver as usize + k) % n.max(1)) {
                *bytes = bytes.saturating_add(open_len(value));
            }
        }
    }
    sent
}

/// How an operation moves stamps.
pub(super) fn delay(program: &Program, node: &Node) -> Delay {
    if sent(program, node).iter().all(|&bytes| bytes == 0) {
        return Delay::None;
    }
    match &node.op {
        Op::Call(id) => {
            let template = program.templates.get(id.index());
            let depth = template.map_or(0, |t| and_levels(t).len());
            Delay::Rounds(u32::try_from(depth).unwrap_or(u32::MAX))
        }
        Op::Compose => Delay::Rounds(2),
        Op::InjectBit => {
            Delay::Rounds(1 + (program.threshold + 1).next_power_of_two().trailing_zeros())
        }
        _ => Delay::Rounds(1),
    }
}

/// The correlations of an operation.
pub(super) fn demand(_program: &Program, _node: &Node) -> Demand {
    Demand::default()
}

/// Bytes of every party that make a demand.
pub(super) fn prepared(program: &Program, _demand: &Demand) -> Vec<u64> {
    vec![0; program.n_parties as usize]
}

/// Rounds of making a demand.
pub(super) fn preparation_rounds(_demand: &Demand) -> u32 {
    0
}
