//! Who can compute each value of a program by itself: everybody, one party, or nobody alone; lane by lane.
//!
//! A value's owner is the join of the owners of what it follows from. What a loop carries starts from its initial owners and is
//! joined with what an iteration makes of it until nothing changes: a least fixed point, since joins only go up. What is
//! chosen by a secret condition follows from the condition too; what is computed in an arm does not.

use super::bounds::{Known, bounds};
use super::grid::{Grid, Owner};
use super::runs::of_runs;
use crate::hir::Range;
use crate::ir::{Ir, Node, Op, Reducer, Region, Ty};
use crate::passes::constants::hull;
use crate::passes::constants::vectors::lane_indices;
use crate::passes::rewrite::free_uses;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Joins of carried values after which lanes are no longer told apart.
const PRECISE: usize = 3;

/// The owners of all values of a program.
pub fn owners(ir: &Ir) -> Vec<Grid> {
    let mut analysis = Analysis {
        ir,
        grids: (ir.values.iter())
            .map(|value| Grid::uniform(value.ty.lanes, Owner::Public))
            .collect(),
        defs: vec![None; ir.values.len()],
        counts: vec![None; ir.values.len()],
        left: 64 * (ir.values.len() + 1),
    };
    analysis.region(&ir.body);
    analysis.grids
}

struct Analysis<'a> {
    ir: &'a Ir,
    grids: Vec<Grid>,
    /// The nodes without regions that define values, and how far counters count.
    defs: Vec<Option<&'a Node>>,
    counts: Vec<Option<u64>>,
    /// Operations that may still be looked at before carried values are taken as nobody's.
    left: usize,
}

impl Known for Analysis<'_> {
    fn simple(&self, id: ValueId) -> Option<(&Op, &[ValueId])> {
        let node = self.defs[id.index()]?;
        Some((&node.op, &node.args))
    }

    fn ty(&self, id: ValueId) -> Ty {
        self.ir.values[id.index()].ty
    }

    fn range(&self, id: ValueId) -> Option<Range> {
        match self.counts[id.index()] {
            Some(n) => Some(Range {
                lo: 0,
                hi: i128::from(n.max(1)) - 1,
            }),
            None => self.ir.values[id.index()].range,
        }
    }
}

impl<'a> Analysis<'a> {
    fn region(&mut self, region: &'a Region) {
        for node in &region.nodes {
            self.left = self.left.saturating_sub(1);
            self.node(node);
        }
    }

    fn is_secret(&self, id: ValueId) -> bool {
        self.ir.values[id.index()].ty.secret
    }

    fn lanes(&self, id: ValueId) -> u64 {
        self.ir.values[id.index()].ty.lanes
    }

    fn grid(&self, id: ValueId) -> &Grid {
        &self.grids[id.index()]
    }

    fn whole(&self, ids: &[ValueId]) -> Owner {
        Owner::join_all(ids.iter().map(|&id| self.grid(id).whole()))
    }

    fn set(&mut self, id: ValueId, grid: Grid) {
        debug_assert_eq!(grid.lanes(), self.lanes(id), "the lanes of {id}");
        // What is public is known to all, whatever it was opened from.
        if self.is_secret(id) {
            self.grids[id.index()] = grid;
        }
    }

    fn constant(&self, id: ValueId) -> Option<&'a ConstVec> {
        match self.defs[id.index()].map(|node| &node.op) {
            Some(Op::Const(words)) => Some(words),
            _ => None,
        }
    }

    /// Between which lanes those lie that indices name that are computed while running.
    fn between(&self, src: ValueId, idx: ValueId, block: u64) -> Option<(ConstVec, ConstVec)> {
        let (low, high) = bounds(self, idx)?;
        let (_, most) = hull(&high, Scalar::USIZE)?;
        if most >= Word::from(self.lanes(src).checked_div(block)?) {
            return None;
        }
        let lanes = |idx: &ConstVec| lane_indices(idx, Scalar::USIZE, block);
        Some((lanes(&low)?, lanes(&high)?))
    }

    /// The owners of lanes at such indices.
    fn gathered(&self, src: ValueId, idx: ValueId, block: u64) -> Option<Grid> {
        let (low, high) = self.between(src, idx, block)?;
        Some(self.grid(src).between(&low, &high))
    }

    /// The owners of a value with lanes replaced at such indices.
    fn scattered(&self, args: &[ValueId], block: u64) -> Option<Grid> {
        let &[dst, idx, val] = args else { return None };
        let (low, high) = self.between(dst, idx, block)?;
        (self.grid(dst)).scatter_between(&low, &high, self.grid(val))
    }

    /// The lanes that constant indices of blocks name.
    fn lanes_at(&self, src: ValueId, idx: ValueId, block: u64) -> Option<ConstVec> {
        let scalar = self.ir.values[idx.index()].ty.scalar;
        let words = self.constant(idx)?;
        let (_, hi) = hull(words, scalar)?;
        if hi >= Word::from(self.lanes(src).checked_div(block)?) {
            return None;
        }
        lane_indices(words, scalar, block)
    }

    fn node(&mut self, node: &'a Node) {
        let args = &node.args;
        let flat = |s: &Self, id: ValueId, owner: Owner| Grid::uniform(s.lanes(id), owner);
        let grids = |s: &Self| -> Vec<Grid> { args.iter().map(|&id| s.grid(id).clone()).collect() };
        let join = |s: &Self| {
            let all = grids(s);
            Grid::join(&all.iter().collect::<Vec<_>>())
        };
        let Some(&result) = node.results.first() else {
            return;
        };
        if let ([result], true) = (&node.results[..], node.regions.is_empty()) {
            self.defs[result.index()] = Some(node);
        }
        let grid = match &node.op {
            Op::Const(_) => return,
            Op::Input(id) => {
                let party = self.ir.inputs[id.index()].party;
                // What is held in shares nobody can compute with alone.
                let owner = match party < self.ir.n_parties {
                    true => Owner::Party(party),
                    false => Owner::Joint,
                };
                flat(self, result, owner)
            }
            Op::Word(_) => join(self),
            Op::MakeSecret => self.grid(args[0]).clone(),
            Op::Gather { block } => match self.lanes_at(args[0], args[1], *block) {
                Some(at) => self.grid(args[0]).gather(&at),
                None => (self.gathered(args[0], args[1], *block))
                    .unwrap_or_else(|| flat(self, result, self.grid(args[0]).whole())),
            },
            Op::Scatter { block } => match self.lanes_at(args[0], args[1], *block) {
                Some(at) => self.grid(args[0]).scatter(&at, self.grid(args[2])),
                None => (self.scattered(args, *block))
                    .unwrap_or_else(|| flat(self, result, self.whole(&[args[0], args[2]]))),
            },
            Op::Concat => {
                let all = grids(self);
                Grid::concat(&all.iter().collect::<Vec<_>>())
            }
            Op::ReadSecret {
                block: 1,
                groups: 1,
            } => {
                let src = flat(self, result, self.grid(args[0]).whole());
                Grid::join(&[&src, self.grid(args[1])])
            }
            Op::Reduce {
                reducer: Reducer::Word(_),
                segments,
            }
            | Op::Dot { segments } => join(self).reduce(*segments),
            Op::ReadSecret { groups: runs, .. }
            | Op::WriteSecret { groups: runs, .. }
            | Op::Scan {
                reducer: Reducer::Word(_),
                segments: runs,
            } => {
                let all = grids(self);
                let all: Vec<&Grid> = all.iter().collect();
                of_runs(&all, *runs, self.lanes(result))
            }
            // Rows of a run are compared with each other; an order that is drawn is known to nobody.
            Op::Sort {
                drawn, segments, ..
            } => {
                let grid = match drawn {
                    true => flat(self, result, Owner::Joint),
                    false => {
                        let all = grids(self);
                        let all: Vec<&Grid> = all.iter().collect();
                        of_runs(&all, *segments, self.lanes(result))
                    }
                };
                for &id in &node.results {
                    self.set(id, grid.clone());
                }
                return;
            }
            // Nobody computes an imported circuit alone.
            Op::Circuit { .. } => {
                let owner = match self.whole(args) {
                    Owner::Public => Owner::Public,
                    Owner::Party(_) | Owner::Joint => Owner::Joint,
                };
                for &id in &node.results {
                    let grid = flat(self, id, owner);
                    self.set(id, grid);
                }
                return;
            }
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            }
            | Op::Scan {
                reducer: Reducer::Region,
                ..
            } => return self.reduce_region(node),
            Op::Loop { count } => {
                let init = &args[usize::from(count.is_none())..];
                let region = &node.regions[0];
                self.counts[region.params[0].index()] = *count;
                let carried: [&[ValueId]; 1] = [&region.params[1..]];
                return self.carried(
                    init,
                    &carried,
                    &node.regions,
                    &region.results,
                    &node.results,
                );
            }
            Op::While => {
                let (cond, body) = (&node.regions[0], &node.regions[1]);
                let carried: [&[ValueId]; 2] = [&cond.params, &body.params];
                return self.carried(args, &carried, &node.regions, &body.results, &node.results);
            }
            Op::If => {
                for arm in &node.regions {
                    self.region(arm);
                }
                for (k, &id) in node.results.iter().enumerate() {
                    let arms = node.regions.iter().map(|arm| self.grid(arm.results[k]));
                    let grid = Grid::join(&arms.collect::<Vec<_>>());
                    self.set(id, grid);
                }
                return;
            }
            Op::Reveal(_) | Op::Assert(_) | Op::Output(_) => return,
        };
        self.set(result, grid);
    }

    /// What regions carry: the least owners that hold before and after each time they run.
    fn carried(
        &mut self,
        init: &[ValueId],
        params: &[&[ValueId]],
        regions: &'a [Region],
        next: &[ValueId],
        results: &[ValueId],
    ) {
        let mut now: Vec<Grid> = init.iter().map(|&id| self.grid(id).clone()).collect();
        for round in 0.. {
            for params in params {
                for (&param, grid) in params.iter().zip(&now) {
                    self.set(param, grid.clone());
                }
            }
            for region in regions {
                self.region(region);
            }
            let exhausted = self.left == 0;
            let after: Vec<Grid> = (now.iter().zip(next))
                .map(|(before, &id)| {
                    let joined = Grid::join(&[before, self.grid(id)]);
                    if joined == *before {
                        joined
                    } else if exhausted {
                        Grid::uniform(joined.lanes(), Owner::Joint)
                    } else if round >= PRECISE {
                        joined.flat()
                    } else {
                        joined
                    }
                })
                .collect();
            if after == now {
                break;
            }
            now = after;
        }
        for (&id, grid) in results.iter().zip(now) {
            self.set(id, grid);
        }
    }

    fn reduce_region(&mut self, node: &'a Node) {
        let region = &node.regions[0];
        // One owner for the tuple as a whole: its parts choose each other.
        let owner = self.whole(&free_uses(node));
        for &param in &region.params {
            let grid = Grid::uniform(self.lanes(param), owner);
            self.set(param, grid);
        }
        self.region(region);
        let grids: Vec<Grid> = node.args.iter().map(|&id| self.grid(id).clone()).collect();
        let outside: Vec<ValueId> = (free_uses(node).into_iter())
            .filter(|id| !node.args.contains(id))
            .collect();
        let used = self.whole(&outside);
        let (segments, scans) = match node.op {
            Op::Scan { segments, .. } => (segments, true),
            Op::Reduce { segments, .. } => (segments, false),
            _ => (1, false),
        };
        let all = Grid::join(&grids.iter().collect::<Vec<_>>());
        for &id in &node.results {
            let own = if scans {
                of_runs(&[&all], segments, all.lanes())
            } else {
                all.reduce(segments)
            };
            let used = Grid::uniform(own.lanes(), used);
            self.set(id, Grid::join(&[&own, &used]));
        }
    }
}
