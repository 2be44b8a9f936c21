//! Apart by owner: what one party can compute from its own lanes is computed on them alone, and only then put together.
//!
//! ```text
//! before: v2: secret u32 x300 = concat x0, x1            (100 lanes of party 0, 200 of party 1)
//!         v3 = lt v2, limit   v4: secret u9 x1 = reduce add segments=1 v3
//! after:  v5 = lt x0, limit0   v6 = reduce add v5   v7 = lt x1, limit1   v8 = reduce add v7
//!         v4 = reduce add (concat v6, v8)
//! ```
//!
//! Here nothing moves to a party yet: values are only cut so that each has one owner where it can. `assign` sees who that is and decides,
//! by what would be shared, whether the owner computes it in the clear. So a cut is made where it spares something: an operation
//! that has a price among several parties, a reduction that leaves fewer lanes, or what takes fewer bits than it was computed from.
//! Moves and sums beside it are cut along, and both forms stand there until it is known which one is used.
//!
//! What is opened, asserted and given out stays whole and in its place. Nothing changes its region, so that nothing is computed
//! before a value that steers it was opened.

mod bounds;
mod carried;
pub mod digits;
pub mod grid;
pub mod owners;
mod pick;
mod replaced;
mod runs;
mod sums;

use super::Outcome;
use super::algebra::wiring::lanes_at;
use super::constants::Constants;
use super::constants::vectors::{self, affine};
use super::rewrite::{Rule, Walk, rewrite};
use crate::ir::{Ir, Node, Op, Reducer, Ty};
use digits::lanes_of;
use grid::{Grid, Owner};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// A value is not cut into more pieces.
const MAX_PIECES: usize = 64;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    let (ir, grids, changed) = carried::apart(ir);
    if !grids.iter().any(Grid::is_mixed) {
        return Outcome {
            ir,
            changed,
            applied_rules: false,
        };
    }
    let mut own = Own {
        grids: grids
            .into_iter()
            .enumerate()
            .map(|(i, g)| (ValueId::new(i), g))
            .collect(),
        cuts: SortedMap::new(),
        computes: false,
    };
    let outcome = rewrite(ir, true, &mut own);
    Outcome {
        changed: changed || outcome.changed,
        ..outcome
    }
}

/// Some lanes of a value, taken from what it is put together from where that is known, and computed from theirs where each lane follows
/// from its own.
pub fn taken(walk: &mut Walk, id: ValueId, at: &ConstVec) -> ValueId {
    let own = Own {
        grids: SortedMap::new(),
        cuts: SortedMap::new(),
        computes: true,
    };
    own.pick(walk, id, at)
}

struct Own {
    /// The owners of what operands are, by what stands for them now.
    grids: SortedMap<ValueId, Grid>,
    /// Values that exist piece by piece too.
    cuts: SortedMap<ValueId, Cut>,
    /// Whether lanes are computed from theirs where they are not there.
    computes: bool,
}

/// A value in pieces.
struct Cut {
    /// The dimensions that its lanes are counted through.
    lens: Vec<u64>,
    /// Of each piece, first place and length per dimension, and its lanes as a value.
    parts: Vec<(Vec<(u64, u64)>, ValueId)>,
    /// What the whole would cost and the pieces spare.
    spares: Price,
    /// Bits of what it was computed from for nothing, if it is no more than that: those that would be shared for the whole.
    from: u64,
}

impl Cut {
    /// Of a value that is put together from its pieces.
    const fn joined(lens: Vec<u64>, parts: Vec<(Vec<(u64, u64)>, ValueId)>) -> Self {
        Self {
            lens,
            parts,
            spares: Price::FULL,
            from: 0,
        }
    }
}

/// Whether something costs anything among several parties: on numbers that are shared as a whole, and on shared bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Price {
    number: bool,
    bits: bool,
}

impl Price {
    const FREE: Self = Self {
        number: false,
        bits: false,
    };
    const FULL: Self = Self {
        number: true,
        bits: true,
    };

    const fn and(self, other: Self) -> Self {
        Self {
            number: self.number || other.number,
            bits: self.bits || other.bits,
        }
    }

    /// Whether there is no form in which it is free.
    const fn is_due(self) -> bool {
        self.number && self.bits
    }
}

impl Rule for Own {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let results = node.results.clone();
        let grids: Vec<Option<Grid>> = results
            .iter()
            .map(|id| self.grids.get(id).cloned())
            .collect();
        if !self.cut(walk, &node) {
            let args = (node.args.iter())
                .map(|&id| self.shared(walk, id))
                .collect();
            Constants.node(walk, Node { args, ..node });
        }
        for (id, grid) in results.into_iter().zip(grids) {
            if let Some(grid) = grid {
                let now = walk.get(id);
                self.grids.entry(now).or_insert(grid);
            }
        }
    }
}

impl Own {
    /// A value where all compute with it: from its pieces, if less is shared then.
    fn shared(&self, walk: &mut Walk, id: ValueId) -> ValueId {
        let ty = walk.ty(id);
        match self.cuts.get(&id) {
            Some(cut) if !cut.spares.is_due() && cut.from > bits(ty) => {
                let parts: Vec<_> = (cut.parts.iter())
                    .map(|(ranges, part)| (ranges.clone(), walk.get(*part)))
                    .collect();
                joined(walk, ty, &cut.lens, &parts)
            }
            _ => id,
        }
    }

    /// Computes a node's result piece by piece where that spares something; whether the node is done.
    fn cut(&mut self, walk: &mut Walk, node: &Node) -> bool {
        let Some(&result) = node.results.first() else {
            return false;
        };
        if !node.results.iter().any(|&id| walk.ty(id).secret) {
            return false;
        }
        match &node.op {
            Op::Word(_)
            | Op::ReadSecret {
                block: 1,
                groups: 1,
            } => self.cut_lanes(walk, node, result),
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            } => self.cut_sum(walk, node, result, *op, *segments),
            Op::Gather { block } => self.cut_gather(walk, node, result, *block),
            Op::ReadSecret { .. } | Op::WriteSecret { .. } | Op::Sort { .. } | Op::Scan { .. } => {
                self.cut_runs(walk, node)
            }
            Op::Dot { segments } => self.cut_sum(walk, node, result, WordOp::Add, *segments),
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            } => self.cut_runs(walk, node) || self.cut_tuple(walk, node),
            Op::Const(_)
            | Op::Input(_)
            | Op::MakeSecret
            | Op::Scatter { .. }
            | Op::Concat
            | Op::Circuit { .. }
            | Op::Reveal(_)
            | Op::Assert(_)
            | Op::Loop { .. }
            | Op::While
            | Op::If
            | Op::Output(_) => false,
        }
    }

    /// The owners of an operand's lanes.
    fn grid(&self, walk: &Walk, id: ValueId) -> Grid {
        let unknown = || Grid::uniform(walk.ty(id).lanes, Owner::Joint);
        self.grids.get(&id).cloned().unwrap_or_else(unknown)
    }

    /// An operation whose lanes depend each on its own.
    fn cut_lanes(&mut self, walk: &mut Walk, node: &Node, result: ValueId) -> bool {
        let Some(grid) = self
            .grids
            .get(&result)
            .filter(|grid| grid.is_mixed())
            .cloned()
        else {
            return false;
        };
        let lens = grid.lens();
        let pieces = grid.pieces(lens.len());
        if pieces.len() > MAX_PIECES {
            return false;
        }
        let ty = walk.ty(result);
        let range = walk.all_values()[result.index()].range;
        let table = usize::from(matches!(node.op, Op::ReadSecret { .. }));
        let args = |id: &ValueId| walk.ty(*id).secret;
        let secrets: Vec<bool> = node.args.iter().map(args).collect();
        let own = match node.op {
            Op::Word(op) => price(op, &secrets),
            _ => Price::FULL,
        };
        let (mut spares, mut from) = (own, 0u64);
        for id in node.args.iter().filter(|&&id| walk.ty(id).secret) {
            let cut = self.cuts.get(id);
            spares = cut.map_or(spares, |cut| spares.and(cut.spares));
            let free = cut.filter(|cut| !cut.spares.is_due());
            from = from.saturating_add(free.map_or_else(|| bits(walk.ty(*id)), |cut| cut.from));
        }
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let at = lanes_of(&lens, &piece.ranges);
            let ty = Ty {
                lanes: at.lanes(),
                ..ty
            };
            let own: Vec<ValueId> = (node.args.iter().enumerate())
                .map(|(i, &id)| {
                    if i < table {
                        id
                    } else {
                        self.pick(walk, id, &at)
                    }
                })
                .collect();
            let secret = own.iter().any(|&id| walk.ty(id).secret);
            let out = walk.emit(node.op.clone(), own, Ty { secret, ..ty });
            walk.note_range(out, range);
            parts.push((piece.ranges, walk.with_secrecy(out, true)));
        }
        let whole = if spares.is_due() {
            let whole = joined(walk, ty, &lens, &parts);
            walk.replace(result, whole);
            whole
        } else {
            Constants.node(walk, node.clone());
            walk.get(result)
        };
        self.note(
            walk,
            whole,
            Cut {
                lens,
                parts,
                spares,
                from,
            },
        );
        true
    }

    /// Some lanes of a value: each owner's are taken from what it has, so that the others need not be there.
    fn cut_gather(&mut self, walk: &mut Walk, node: &Node, result: ValueId, block: u64) -> bool {
        let (ty, src) = (walk.ty(result), node.args[0]);
        let Some(grid) = self.grids.get(&result).cloned() else {
            return false;
        };
        if !grid.is_mixed() {
            return self.take(walk, node, result, block, &grid);
        }
        let lens = grid.lens();
        let pieces = grid.pieces(lens.len());
        if pieces.len() > MAX_PIECES || ty.lanes >= walk.ty(src).lanes {
            return false;
        }
        let usize_ = Scalar::USIZE;
        let from = lanes_at(walk, node.args[1], block, walk.ty(src).lanes);
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let at = lanes_of(&lens, &piece.ranges);
            let own = match &from {
                Some(from) => vectors::gather(from, usize_, &at, usize_, 1)
                    .map(|at| self.pick(walk, src, &at)),
                None => self.pick_counted(walk, src, node.args[1], block, &at),
            };
            let Some(own) = own else { return false };
            parts.push((piece.ranges, walk.with_secrecy(own, true)));
        }
        let whole = joined(walk, ty, &lens, &parts);
        walk.replace(result, whole);
        if from.is_none() {
            self.note(walk, whole, Cut::joined(lens, parts));
        }
        true
    }

    /// Lanes of one owner, of a value of several that was computed in pieces or in which some were replaced.
    fn take(
        &mut self,
        walk: &mut Walk,
        node: &Node,
        result: ValueId,
        block: u64,
        grid: &Grid,
    ) -> bool {
        let (secret, src) = (walk.ty(result).secret, node.args[0]);
        let is_written = matches!(walk.simple(src), Some((Op::Scatter { .. }, _)));
        let is_apart = is_written || self.cuts.contains_key(&src);
        if !is_apart || grid.whole() == Owner::Joint || !self.grid(walk, src).is_mixed() {
            return false;
        }
        let own = lanes_at(walk, node.args[1], block, walk.ty(src).lanes)
            .and_then(|at| self.taken_apart(walk, src, &at));
        let Some(own) = own else { return false };
        let own = walk.with_secrecy(own, secret);
        walk.replace(result, own);
        true
    }

    /// Notes the pieces of a value, where they can be used wherever it can.
    fn note(&mut self, walk: &Walk, whole: ValueId, cut: Cut) {
        if walk.is_here(whole) {
            self.cuts.entry(whole).or_insert(cut);
        }
    }
}

/// Bits of all lanes.
fn bits(ty: Ty) -> u64 {
    ty.lanes.saturating_mul(ty.scalar.width().into())
}

/// What an operation takes beyond what every party does with its own shares.
const fn price(op: WordOp, secrets: &[bool]) -> Price {
    let both = secrets.len() > 1 && secrets[0] && secrets[1];
    let second = secrets.len() > 1 && secrets[1];
    match op {
        WordOp::Not | WordOp::Cast => Price::FREE,
        WordOp::Add | WordOp::Sub | WordOp::Neg => Price {
            number: false,
            bits: true,
        },
        WordOp::Xor => Price {
            number: true,
            bits: false,
        },
        WordOp::Shr | WordOp::RotL | WordOp::RotR => Price {
            number: true,
            bits: second,
        },
        WordOp::Shl => Price {
            number: second,
            bits: second,
        },
        WordOp::Mul => Price {
            number: both,
            bits: true,
        },
        WordOp::And | WordOp::Or => Price {
            number: true,
            bits: both,
        },
        WordOp::Select => Price {
            number: secrets[0],
            bits: secrets[0],
        },
        WordOp::Div
        | WordOp::Rem
        | WordOp::Eq
        | WordOp::Ne
        | WordOp::Lt
        | WordOp::Le
        | WordOp::Min
        | WordOp::Max
        | WordOp::Abs
        | WordOp::Isqrt
        | WordOp::CountOnes
        | WordOp::SubByte
        | WordOp::Float(..) => Price::FULL,
    }
}

/// A value from its pieces.
fn joined(walk: &mut Walk, ty: Ty, lens: &[u64], parts: &[(Vec<(u64, u64)>, ValueId)]) -> ValueId {
    let at: Vec<ConstVec> = parts
        .iter()
        .map(|(ranges, _)| lanes_of(lens, ranges))
        .collect();
    let mut next = 0;
    let in_a_row = at.iter().all(|at| {
        let from = next;
        next += at.lanes();
        let run = |(start, dims): (Word, Vec<(u64, Word)>)| {
            start == Word::from(from) && dims.iter().all(|d| d.1 == 1) && dims.len() <= 1
        };
        at.lanes() == 1 && at.get(0) == Word::from(from) || affine(at).is_some_and(run)
    });
    let values = parts.iter().map(|part| part.1);
    if in_a_row {
        return walk.concat(values.collect());
    }
    let zero = Ty {
        secret: false,
        ..ty
    };
    let mut out = walk.splat_of(zero, 0);
    for (value, at) in values.zip(at) {
        let at = walk.constant_value(Scalar::USIZE, at);
        out = walk.scatter(out, at, value, 1);
    }
    walk.with_secrecy(out, ty.secret)
}

#[cfg(test)]
mod tests;
