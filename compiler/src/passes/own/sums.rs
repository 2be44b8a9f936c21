//! Reductions piece by piece: each owner reduces its own elements, and what is left is reduced among all.

use super::digits::lanes_of;
use super::grid::{Grid, Owner};
use super::{Cut, MAX_PIECES, Own, joined};
use crate::ir::{Node, Op, Reducer, Ty};
use crate::passes::rewrite::{Walk, copy, free_uses};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::ConstVec;

impl Own {
    /// A reduction by a word operation, or an inner product; elements may change places.
    pub(super) fn cut_sum(
        &mut self,
        walk: &mut Walk,
        node: &Node,
        result: ValueId,
        op: WordOp,
        segments: u64,
    ) -> bool {
        let Some((kept, grid)) = self.elements(walk, &node.args, segments) else {
            return false;
        };
        let ty = walk.ty(result);
        let lens = grid.lens();
        let mut parts = Vec::new();
        for piece in grid.pieces(kept) {
            let rows: u64 = piece.ranges.iter().map(|range| range.1).product();
            let mut sums: Vec<(Owner, ValueId)> = Vec::new();
            for own in grid.pieces_of(kept, &piece) {
                let ranges: Vec<_> = piece.ranges.iter().chain(&own.ranges).copied().collect();
                let at = lanes_of(&lens, &ranges);
                let args: Vec<ValueId> = node
                    .args
                    .iter()
                    .map(|&id| self.pick(walk, id, &at))
                    .collect();
                let of = match node.op {
                    Op::Dot { .. } => Op::Dot { segments: rows },
                    _ => Op::Reduce {
                        reducer: Reducer::Word(op),
                        segments: rows,
                    },
                };
                let ty = Ty { lanes: rows, ..ty };
                let sum = walk.emit(of, args, ty);
                let owner = own.owners[0];
                match sums.iter_mut().find(|sum| sum.0 == owner) {
                    Some((_, before)) => *before = walk.word(op, &[*before, sum]),
                    None => sums.push((owner, sum)),
                }
            }
            let sums: Vec<ValueId> = sums.into_iter().map(|sum| sum.1).collect();
            let n = sums.len() as u64;
            let all = walk.concat(sums);
            let all = turned(walk, all, rows, n);
            parts.push((piece.ranges, walk.reduce(op, all, rows)));
        }
        let lens = if kept == 0 {
            parts[0].0 = vec![(0, 1)];
            vec![1]
        } else {
            lens[..kept].to_vec()
        };
        let whole = joined(walk, ty, &lens, &parts);
        walk.replace(result, whole);
        self.note(walk, whole, Cut::joined(lens, parts));
        true
    }

    /// A reduction of tuples by a region; elements keep their order.
    pub(super) fn cut_tuple(&mut self, walk: &mut Walk, node: &Node) -> bool {
        let Op::Reduce {
            reducer: Reducer::Region,
            segments,
        } = node.op
        else {
            return false;
        };
        if !self.is_closed(walk, node) {
            return false;
        }
        let Some((kept, grid)) = self.elements(walk, &node.args, segments) else {
            return false;
        };
        let pieces = grid.pieces(kept);
        let [piece] = &pieces[..] else { return false };
        if !grid.runs_from(kept) {
            return false;
        }
        let lens = grid.lens();
        let mut columns: Vec<Vec<ValueId>> = vec![Vec::new(); node.args.len()];
        for own in grid.pieces_of(kept, piece) {
            let ranges: Vec<_> = piece.ranges.iter().chain(&own.ranges).copied().collect();
            let at = lanes_of(&lens, &ranges);
            let args = node
                .args
                .iter()
                .map(|&id| self.pick(walk, id, &at))
                .collect();
            for (column, best) in columns.iter_mut().zip(again(walk, node, args)) {
                column.push(best);
            }
        }
        let args = (columns.into_iter())
            .map(|column| {
                let n = column.len() as u64;
                let all = walk.concat(column);
                turned(walk, all, segments, n)
            })
            .collect();
        let found = again(walk, node, args);
        walk.replace_all(&node.results, &found);
        true
    }

    /// Whether what a node's regions use from outside is nobody's secret, and no operand.
    pub(super) fn is_closed(&self, walk: &Walk, node: &Node) -> bool {
        if node.regions.is_empty() {
            return true;
        }
        let operator = Node {
            args: Vec::new(),
            ..node.clone()
        };
        let is_closed =
            |id: &ValueId| !node.args.contains(id) && self.grid(walk, *id).whole() == Owner::Public;
        free_uses(&operator).iter().all(is_closed)
    }

    /// The owners of the elements of a reduction, whose last dimensions are those of a segment, if some party has several elements of
    /// a segment and not all.
    fn elements(&self, walk: &Walk, args: &[ValueId], segments: u64) -> Option<(usize, Grid)> {
        let grids: Vec<Grid> = args.iter().map(|&id| self.grid(walk, id)).collect();
        let grid = Grid::join(&grids.iter().collect::<Vec<_>>());
        if !grid.is_mixed() {
            return None;
        }
        let len = grid.lanes().checked_div(segments).filter(|len| *len > 1)?;
        let (kept, grid) = grid.split_at(len)?;
        let mut n = 0;
        let mut helps = false;
        for piece in grid.pieces(kept) {
            let own = grid.pieces_of(kept, &piece);
            n += own.len();
            helps |= own.iter().any(|own| {
                let several = own.ranges.iter().any(|range| range.1 > 1);
                several && matches!(own.owners[0], Owner::Party(_))
            });
        }
        (helps && n <= MAX_PIECES).then_some((kept, grid))
    }
}

/// From part by part to row by row.
fn turned(walk: &mut Walk, id: ValueId, rows: u64, parts: u64) -> ValueId {
    if rows == 1 || parts == 1 {
        return id;
    }
    let dims = vec![(rows, 1), (parts, rows.into())];
    walk.gather_at(id, ConstVec::Affine { start: 0, dims })
}

/// The same reduction of other operands.
fn again(walk: &mut Walk, node: &Node, args: Vec<ValueId>) -> Vec<ValueId> {
    let mut map: SortedMap<ValueId, ValueId> = node.args.iter().copied().zip(args).collect();
    copy(walk, std::slice::from_ref(node), &mut map);
    node.results.iter().map(|id| map[id]).collect()
}
