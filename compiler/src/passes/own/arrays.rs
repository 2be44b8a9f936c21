//! Arrays at secret indices, of several parties side by side: each party's own apart.

use super::digits::lanes_of;
use super::grid::Grid;
use super::{Cut, MAX_PIECES, Own, Price, joined};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::Walk;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Word};

/// The owners of independent arrays, and of their elements: `operands` are of as many groups.
pub(super) fn of_groups(operands: &[&Grid], groups: u64, lanes: u64) -> Grid {
    let each: Vec<Grid> = operands.iter().map(|grid| grid.reduce(groups)).collect();
    let group = Grid::join(&each.iter().collect::<Vec<_>>());
    let Some(per) = lanes.checked_div(groups) else {
        return Grid::uniform(lanes, group.whole());
    };
    let start: Word = 0;
    let dims = vec![(groups, 1), (per, 0)];
    group.gather(&ConstVec::Affine { start, dims })
}

impl Own {
    /// Reads or writes of several arrays of different owners.
    pub(super) fn cut_groups(
        &mut self,
        walk: &mut Walk,
        node: &Node,
        result: ValueId,
        groups: u64,
    ) -> bool {
        let Some(grid) = self
            .grids
            .get(&result)
            .filter(|grid| grid.is_mixed())
            .cloned()
        else {
            return false;
        };
        let ty = walk.ty(result);
        let Some(per) = ty.lanes.checked_div(groups).filter(|per| *per > 0) else {
            return false;
        };
        let Some((kept, grid)) = grid.split_at(per) else {
            return false;
        };
        let lens = grid.lens();
        let pieces = grid.pieces(kept);
        if pieces.len() > MAX_PIECES {
            return false;
        }
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let n: u64 = piece.ranges.iter().map(|range| range.1).product();
            let args: Vec<ValueId> = (node.args.iter())
                .map(|&id| {
                    // All that the groups of the piece have of this operand.
                    let own = walk.ty(id).lanes / groups;
                    let mut lens = lens[..kept].to_vec();
                    lens.push(own);
                    let mut ranges = piece.ranges.clone();
                    ranges.push((0, own));
                    self.pick(walk, id, &lanes_of(&lens, &ranges))
                })
                .collect();
            let op = match node.op {
                Op::ReadSecret { block, .. } => Op::ReadSecret { block, groups: n },
                Op::WriteSecret { block, .. } => Op::WriteSecret { block, groups: n },
                _ => return false,
            };
            let lanes = n * per;
            let out = walk.emit(op, args, Ty { lanes, ..ty });
            let mut ranges = piece.ranges;
            ranges.push((0, per));
            parts.push((ranges, walk.with_secrecy(out, true)));
        }
        let mut lens = lens[..kept].to_vec();
        lens.push(per);
        let whole = joined(walk, ty, &lens, &parts);
        walk.replace(result, whole);
        let spares = Price::FULL;
        self.note(
            walk,
            whole,
            Cut {
                lens,
                parts,
                spares,
            },
        );
        true
    }
}
