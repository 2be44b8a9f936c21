//! Bytes of what messages carry, and the ANDs of circuits: what the models of all suites count with.

use crate::ids::{TemplateId, ValueId};
use crate::program::{Domain, Node, Op, Program, ValueInfo};
use crate::value::Scalar;

/// Bytes of a wire label.
pub const LABEL_LEN: u64 = 16;
/// Bytes that the garbler sends per AND gate and lane.
pub const GARBLED_AND_LEN: u64 = 2 * LABEL_LEN;

/// Bytes of one element mod 2^`bits` in a message.
pub const fn element_len(bits: u32) -> u64 {
    bits.div_ceil(8) as u64
}

/// Bytes of `bits` bits per lane, packed.
pub const fn packed_len(bits: u64, lanes: u64) -> u64 {
    bits.saturating_mul(lanes).div_ceil(8)
}

/// What stands in for a value that a program does not have.
const NOTHING: ValueInfo = ValueInfo {
    domain: Domain::Public,
    scalar: Scalar::Bool,
    lanes: 0,
};

/// A value of a list.
pub(super) fn info(program: &Program, ids: &[ValueId], i: usize) -> ValueInfo {
    ids.get(i)
        .and_then(|id| program.values.get(id.index()))
        .copied()
        .unwrap_or(NOTHING)
}

/// Bytes of a value's lanes in the clear.
pub(crate) fn told_len(value: &ValueInfo) -> u64 {
    element_len(value.scalar.width()).saturating_mul(value.lanes)
}

/// Whose value becomes shared by an input or a sharing.
pub(super) fn owner(program: &Program, node: &Node) -> Option<usize> {
    let owner = match (&node.op, info(program, &node.args, 0).domain) {
        (Op::Input(id), _) => program.inputs.get(id.index())?.party,
        (_, Domain::Local { owner }) => owner,
        (_, Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao) => {
            return None;
        }
    };
    Some(owner as usize)
}

/// Bytes of a value's lanes in a message of one component: in A the ring's elements, in B packed bits, in the clear words.
pub(super) fn share_len(value: &ValueInfo) -> u64 {
    match value.domain {
        Domain::Arithmetic { ring } => element_len(u32::from(ring)).saturating_mul(value.lanes),
        Domain::Boolean | Domain::Yao => packed_len(u64::from(value.scalar.width()), value.lanes),
        Domain::Public | Domain::Local { .. } => told_len(value),
    }
}

/// Bytes of a value's lanes when they are opened: only the bits of the scalar's type.
pub fn open_len(value: &ValueInfo) -> u64 {
    match value.domain {
        Domain::Arithmetic { .. } => element_len(value.scalar.width()).saturating_mul(value.lanes),
        Domain::Boolean => packed_len(u64::from(value.scalar.width()), value.lanes),
        Domain::Public | Domain::Yao | Domain::Local { .. } => 0,
    }
}

/// Bytes of the rows of a node's operands, column after column: of one component of each, with so many lanes.
pub(super) fn rows_len(program: &Program, node: &Node, lanes: impl Fn(u64) -> u64) -> u64 {
    let columns = (0..node.args.len()).map(|i| info(program, &node.args, i));
    let lens = columns.map(|column| {
        share_len(&ValueInfo {
            lanes: lanes(column.lanes),
            ..column
        })
    });
    lens.fold(0, u64::saturating_add)
}

/// Bytes of the labels of a value's wires.
pub(super) fn labels_len(value: &ValueInfo) -> u64 {
    LABEL_LEN
        .saturating_mul(u64::from(value.scalar.width()))
        .saturating_mul(value.lanes)
}

/// Bytes of one bit for each AND and lane, where each level is a message.
pub(super) fn shared_levels_len(levels: &[u64], lanes: u64) -> u64 {
    let lens = levels.iter().map(|&n| packed_len(n, lanes));
    lens.fold(0, u64::saturating_add)
}

/// The rounds of a circuit whose levels take one each.
pub(super) fn and_depth(program: &Program, id: TemplateId) -> u32 {
    let depth = program
        .templates
        .get(id.index())
        .map_or(0, |t| t.and_levels().len());
    u32::try_from(depth).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
