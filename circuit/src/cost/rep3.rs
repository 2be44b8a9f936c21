//! What replicated sharing sends: no correlations, one element or bit per product and party.

use super::{
    Delay, GARBLED_AND_LEN, LABEL_LEN, Operand, and_levels, info, open_len, packed_len, share_len,
};
use crate::program::{Domain, Node, Op, Program};

/// Three-party replicated sharing; parties and their messages as in the runtime's `protocols/replicated`.
pub(super) fn sent(program: &Program, node: &Node) -> [u64; 3] {
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

/// How an operation moves stamps.
pub(super) fn delay(program: &Program, node: &Node) -> Delay {
    if sent(program, node) == [0; 3] {
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
