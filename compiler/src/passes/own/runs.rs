//! Operations on runs of lanes that do not depend on each other, as arrays at secret indices and sorts: runs of several parties side by
//! side, each party's own apart.

use super::digits::lanes_of;
use super::grid::Grid;
use super::{Cut, MAX_PIECES, Own, joined};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Walk, copy_regions};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Word};

/// How many runs an operation takes, each by itself; nothing for an operation of which this is not asked.
const fn runs(op: &Op) -> Option<u64> {
    match op {
        Op::ReadSecret { groups: n, .. }
        | Op::WriteSecret { groups: n, .. }
        | Op::Sort { segments: n, .. }
        | Op::Scan { segments: n, .. }
        | Op::Reduce { segments: n, .. } => Some(*n),
        _ => None,
    }
}

/// The same operation on so many runs.
fn on_runs(op: &Op, n: u64) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::ReadSecret { groups: runs, .. }
        | Op::WriteSecret { groups: runs, .. }
        | Op::Sort { segments: runs, .. }
        | Op::Scan { segments: runs, .. }
        | Op::Reduce { segments: runs, .. } => *runs = n,
        _ => {}
    }
    op
}

/// The owners of what is made of `n` runs, `lanes` lanes in all: of each run, who has all of it in all operands.
pub(super) fn of_runs(operands: &[&Grid], n: u64, lanes: u64) -> Grid {
    let run = by_run(operands, n);
    let Some(per) = lanes.checked_div(n) else {
        return Grid::uniform(lanes, run.whole());
    };
    let start: Word = 0;
    let dims = vec![(n, 1), (per, 0)];
    run.gather(&ConstVec::Affine { start, dims })
}

/// The owner of each of `n` runs.
fn by_run(operands: &[&Grid], n: u64) -> Grid {
    let each: Vec<Grid> = operands.iter().map(|grid| grid.reduce(n)).collect();
    Grid::join(&each.iter().collect::<Vec<_>>())
}

impl Own {
    /// An operation whose runs have different owners.
    pub(super) fn cut_runs(&mut self, walk: &mut Walk, node: &Node) -> bool {
        let Some(n_runs) = runs(&node.op) else {
            return false;
        };
        let operands: Vec<Grid> = node.args.iter().map(|&id| self.grid(walk, id)).collect();
        let grid = by_run(&operands.iter().collect::<Vec<_>>(), n_runs);
        if !grid.is_mixed() || !self.is_closed(walk, node) {
            return false;
        }
        let lens = grid.lens();
        let pieces = grid.pieces(lens.len());
        if pieces.len() > MAX_PIECES {
            return false;
        }
        // All that some runs have of a value of so many lanes.
        let through = |ranges: &[(u64, u64)], lanes: u64| {
            let per = lanes / n_runs;
            let lens: Vec<u64> = lens.iter().copied().chain([per]).collect();
            let ranges: Vec<(u64, u64)> = ranges.iter().copied().chain([(0, per)]).collect();
            (lens, ranges)
        };
        let results: Vec<(ValueId, Ty)> =
            (node.results.iter()).map(|&id| (id, walk.ty(id))).collect();
        let mut columns: Vec<Vec<_>> = vec![Vec::new(); results.len()];
        for piece in pieces {
            let n: u64 = piece.ranges.iter().map(|range| range.1).product();
            let args: Vec<ValueId> = (node.args.iter())
                .map(|&id| {
                    let ty = walk.ty(id);
                    let (lens, ranges) = through(&piece.ranges, ty.lanes);
                    let own = self.pick(walk, id, &lanes_of(&lens, &ranges));
                    walk.with_secrecy(own, ty.secret)
                })
                .collect();
            let own = |ty: Ty| Ty {
                lanes: ty.lanes / n_runs * n,
                ..ty
            };
            let op = on_runs(&node.op, n);
            let found = match (&results[..], node.regions.is_empty()) {
                (&[(_, ty)], true) => vec![walk.emit(op, args, own(ty))],
                _ => {
                    let mut map: SortedMap<ValueId, ValueId> = node
                        .args
                        .iter()
                        .copied()
                        .zip(args.iter().copied())
                        .collect();
                    let regions = copy_regions(walk, node, &mut map);
                    let tys: Vec<Ty> = results.iter().map(|&(_, ty)| own(ty)).collect();
                    walk.push_new(op, args, &tys, regions)
                }
            };
            for ((&(id, ty), column), own) in results.iter().zip(&mut columns).zip(found) {
                let range = walk.all_values()[id.index()].range;
                walk.note_range(own, range);
                let (_, ranges) = through(&piece.ranges, ty.lanes);
                column.push((ranges, walk.with_secrecy(own, ty.secret)));
            }
        }
        for ((id, ty), parts) in results.into_iter().zip(columns) {
            let (lens, _) = through(&[], ty.lanes);
            let whole = joined(walk, ty, &lens, &parts);
            walk.replace(id, whole);
            self.note(walk, whole, Cut::joined(lens, parts));
        }
        true
    }
}
