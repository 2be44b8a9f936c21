//! What a loop writes to arrays, for all iterations at once: replaced elements at public indices, and elements at secret indices
//! that something is folded into.
//!
//! ```text
//! before: h' = loop n h { (i, h) v = gather xs, i   e = read_secret h, v   f = add e, 1   w = write_secret h, v, f   yield w }
//! after:  hit = eq (each v, m times), (0 … m−1, n times)   t = reduce add segments=m (select hit, 1, 0)   h' = add h, t
//! ```
//!
//! A fold at a secret index compares each index with every place: as many comparisons as the loop would do, in the rounds of one.

use super::Run;
use super::apart::{Acting, Offset, Reach};
use super::carried::{Put, Tally};
use super::map::Mapped;
use super::span::interval;
use crate::ir::{Op, Ty};
use crate::passes::algebra::{identity, wiring};
use crate::passes::constants::normal;
use crate::passes::constants::vectors::pieces::parts;
use crate::passes::constants::vectors::sets::chosen;
use crate::passes::constants::vectors::{self, MAX_TABLE, int_hull, lane_indices};
use crate::passes::rewrite::Walk;
use crate::passes::trim::columns::{Column, column};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

impl Run<'_, '_, '_> {
    /// The lanes that a gather or scatter touches over all iterations, if they are constants in range, or such constants plus
    /// something known while running that has a range.
    pub(super) fn reach(&self, at: usize, when: &[(ValueId, bool)]) -> Option<Reach> {
        let node = &self.body.region.nodes[at];
        let block = match node.op {
            Op::Gather { block } | Op::Scatter { block } => block,
            _ => return None,
        };
        let lanes = self.map.walk.ty(node.args[0]).lanes;
        let constant = match self.map.look(node.args[1]) {
            Mapped::Each(idx) => wiring::lanes_at(self.map.walk, idx, block, lanes),
            Mapped::Same(idx) => wiring::lanes_at(self.map.walk, idx, block, lanes)
                .and_then(|one| repeated(&one, self.map.n)),
        };
        if let Some(at) = constant {
            let acting = match self.mask(when) {
                Some(Mask::Known(mask)) => Some(chosen(&mask, true)?),
                Some(Mask::Computed(_)) | None => None,
            };
            return Reach::of(at, self.map.n, acting.as_ref());
        }
        let Mapped::Each(idx) = self.map.look(node.args[1]) else {
            return None;
        };
        let walk = &*self.map.walk;
        if walk.ty(idx).scalar != Scalar::USIZE {
            return None;
        }
        let (words, base) = linear(walk, idx, 8)?;
        let (lo, hi) = interval(walk, base?)?;
        // Lanes count from zero: what is below goes into the offset.
        let (least, _) = int_hull(&words, Scalar::signed(64))?;
        let shift = ConstVec::Splat {
            lanes: words.lanes(),
            word: Scalar::USIZE.wrap(least.wrapping_neg() as Word),
        };
        let at = add(&words, &shift)?;
        let (_, most) = int_hull(&at, Scalar::USIZE)?;
        // The sum does not wrap, so that it is that of the integers.
        let end = most.checked_add(least)?.checked_add(hi)?;
        if least.checked_add(lo)? < 0 || end >= i128::from(lanes / block.max(1)) {
            return None;
        }
        let at = lane_indices(&at, Scalar::USIZE, block)?;
        let block = i128::from(block);
        Some(Reach {
            at,
            offset: Offset {
                known: least * block,
                computed: Some((base?, lo * block, hi * block)),
            },
            acting: Acting::Always,
        })
    }

    /// Whether a write is done, for all iterations; `None` if it always is.
    fn mask(&self, when: &[(ValueId, bool)]) -> Option<Mask> {
        let mut known: Option<ConstVec> = None;
        let mut computed = Vec::new();
        for &(id, holds) in when {
            let (Mapped::Each(value) | Mapped::Same(value)) = self.map.look(id);
            let Some(words) = self.map.walk.constant(value) else {
                computed.push((id, holds));
                continue;
            };
            let words = match self.map.look(id) {
                Mapped::Each(_) => words.clone(),
                Mapped::Same(_) => ConstVec::Splat {
                    lanes: self.map.n,
                    word: words.get(0),
                },
            };
            let over = |op: WordOp, args: &[&ConstVec]| {
                let found = vectors::word(op, Scalar::Bool, Scalar::Bool, None, args);
                found.map(|words| normal(words, Scalar::Bool))
            };
            let words = if holds {
                Some(words)
            } else {
                over(WordOp::Not, &[&words])
            };
            let both = match (known, words) {
                (Some(before), Some(words)) => over(WordOp::And, &[&before, &words]),
                (None, words) => words,
                (Some(_), None) => None,
            };
            let Some(both) = both else {
                return Some(Mask::Computed(when.to_vec()));
            };
            known = Some(both);
        }
        match (known, computed.is_empty()) {
            (None, true) => None,
            (Some(mask), true) => Some(Mask::Known(mask)),
            (_, false) => Some(Mask::Computed(when.to_vec())),
        }
    }

    /// The array after a write of all iterations.
    pub(super) fn put(&mut self, array: ValueId, put: &Put) -> Option<ValueId> {
        let node = &self.body.region.nodes[put.at];
        let Op::Scatter { block } = node.op else {
            return None;
        };
        let idx = self.map.each(node.args[1])?;
        let val = self.map.each(node.args[2])?;
        let per = self.map.walk.ty(node.args[1]).lanes;
        match self.mask(&put.when) {
            None => Some(self.map.walk.scatter(array, idx, val, block)),
            Some(Mask::Known(mask)) => {
                // Only the writes that are done.
                let acting = chosen(&mask, true)?;
                let walk = &mut *self.map.walk;
                let acting = lane_indices(&acting, Scalar::USIZE, per)?;
                if acting.lanes() == 0 {
                    return Some(array);
                }
                let at = walk.constant_value(Scalar::USIZE, acting);
                let idx = walk.gather(idx, at, 1);
                let val = walk.gather(val, at, block);
                Some(walk.scatter(array, idx, val, block))
            }
            Some(Mask::Computed(when)) => {
                // The other writes go to an element behind the last, which is left away.
                let mask = self.all_hold(&when)??;
                let mask = self.map.spread(mask, per);
                let walk = &mut *self.map.walk;
                let ty = walk.ty(array);
                let spare = walk.splat_of(Ty { lanes: block, ..ty }, 0);
                let longer = walk.concat(vec![array, spare]);
                let idx = walk.cast(idx, Scalar::USIZE);
                let last = walk.splat_of(walk.ty(idx), Word::from(ty.lanes / block.max(1)));
                let idx = walk.word(WordOp::Select, &[mask, idx, last]);
                let written = walk.scatter(longer, idx, val, block);
                let dims = vec![(ty.lanes, 1)];
                Some(walk.gather_at(written, ConstVec::Affine { start: 0, dims }))
            }
        }
    }

    /// Whether all conditions are as they must be, for all iterations; `Some(None)` if there are none.
    #[allow(
        clippy::option_option,
        reason = "the outer one is that of copies that are too many"
    )]
    pub(super) fn all_hold(&mut self, when: &[(ValueId, bool)]) -> Option<Option<ValueId>> {
        let mut all: Option<ValueId> = None;
        for &(id, holds) in when {
            let mut cond = self.map.each(id)?;
            if !holds {
                cond = self.map.walk.word(WordOp::Not, &[cond]);
            }
            all = Some(match all {
                None => cond,
                Some(before) => self.map.walk.word(WordOp::And, &[before, cond]),
            });
        }
        Some(all)
    }

    /// The array after all folds at secret indices.
    pub(super) fn tally(&mut self, init: ValueId, tally: &Tally) -> Option<ValueId> {
        let (n, ty) = (self.map.n, self.map.walk.ty(init));
        let (block, op) = (tally.block, tally.op);
        let len = ty.lanes / block.max(1);
        let one = Ty { lanes: block, ..ty };
        let nothing = identity(op, ty.scalar)?;
        let mut folded = self.folded(op, &tally.steps, one)?;
        if let Some(when) = self.all_hold(&tally.when)? {
            let when = self.map.spread(when, block);
            let walk = &mut *self.map.walk;
            let public = Ty {
                secret: false,
                ..walk.ty(folded)
            };
            let nothing = walk.splat_of(public, nothing);
            folded = walk.word(WordOp::Select, &[when, folded, nothing]);
        }
        let index = self.map.each(tally.index)?;
        let walk = &mut *self.map.walk;
        if let Some(Column { lanes, row }) = column(walk, index, len, block) {
            // Of rows only the column that is folded into.
            let lanes = walk.constant_value(Scalar::USIZE, lanes);
            let part = walk.gather(init, lanes, 1);
            let part = folded_at(walk, part, row, folded, (op, block, n))?;
            return Some(walk.scatter(init, lanes, part, 1));
        }
        folded_at(walk, init, index, folded, (op, block, n))
    }
}

/// What is folded into elements of `block` lanes in `n` iterations, each at its index.
fn folded_at(
    walk: &mut Walk,
    init: ValueId,
    index: ValueId,
    folded: ValueId,
    (op, block, n): (WordOp, u64, u64),
) -> Option<ValueId> {
    let ty = walk.ty(init);
    let len = ty.lanes / block.max(1);
    let nothing = identity(op, ty.scalar)?;
    // Every place must be an integer of the index's type.
    let mut scalar = walk.ty(index).scalar;
    if scalar.mask() < Word::from(len) {
        scalar = Scalar::USIZE;
    }
    let index = walk.cast(index, scalar);
    ty.lanes.checked_mul(n)?;
    // Place by place, lane by lane of an element, iteration by iteration.
    let gather = |walk: &mut Walk, id: ValueId, dims: Vec<(u64, Word)>| {
        walk.gather_at(id, ConstVec::Affine { start: 0, dims })
    };
    let each = gather(walk, index, vec![(len, 0), (n, 1)]);
    let dims = vec![(len, 1), (n, 0)];
    let places = walk.constant_value(scalar, ConstVec::Affine { start: 0, dims });
    let hit = walk.word(WordOp::Eq, &[each, places]);
    let hit = gather(walk, hit, vec![(len, Word::from(n)), (block, 0), (n, 1)]);
    let values = gather(
        walk,
        folded,
        vec![(len, 0), (block, 1), (n, Word::from(block))],
    );
    let public = Ty {
        secret: false,
        ..walk.ty(values)
    };
    let nothing = walk.splat_of(public, nothing);
    let parts = walk.word(WordOp::Select, &[hit, values, nothing]);
    let total = walk.reduce(op, parts, ty.lanes);
    Some(walk.word(op, &[init, total]))
}

/// Indices as constants plus one single lane that is known while running, if there is one.
fn linear(walk: &Walk, id: ValueId, depth: u32) -> Option<(ConstVec, Option<ValueId>)> {
    let ty = walk.ty(id);
    let same = |word: Word| ConstVec::Splat {
        lanes: ty.lanes,
        word,
    };
    if let Some(words) = walk.constant(id) {
        return Some((words.clone(), None));
    }
    let depth = depth.checked_sub(1)?;
    match walk.simple(id) {
        Some((Op::Word(op @ (WordOp::Add | WordOp::Sub)), &[a, b])) => {
            let ((x, base), (y, other)) = (linear(walk, a, depth)?, linear(walk, b, depth)?);
            let base = match (op, base, other) {
                (_, base, None) => base,
                (WordOp::Add, None, other) => other,
                _ => return None,
            };
            let usize_ = Scalar::USIZE;
            let words = vectors::word(*op, usize_, usize_, Some(usize_), &[&x, &y])?;
            Some((normal(words, usize_), base))
        }
        Some((Op::Gather { block: 1 }, &[src, idx])) if walk.ty(src).lanes == 1 => {
            walk.constant(idx)?;
            let (words, base) = linear(walk, src, depth)?;
            Some((same(words.get(0)), base))
        }
        _ => (ty.lanes == 1).then(|| (same(0), Some(id))),
    }
}

fn add(a: &ConstVec, b: &ConstVec) -> Option<ConstVec> {
    let usize_ = Scalar::USIZE;
    let sum = vectors::word(WordOp::Add, usize_, usize_, Some(usize_), &[a, b])?;
    Some(normal(sum, usize_))
}

/// When a write is done.
enum Mask {
    /// Known for every iteration.
    Known(ConstVec),
    /// Computed while running.
    Computed(Vec<(ValueId, bool)>),
}

/// `n` times the same lanes.
fn repeated(words: &ConstVec, n: u64) -> Option<ConstVec> {
    if let Some([one]) = parts(words).as_deref() {
        let mut dims = one.dims.clone();
        dims.insert(0, (n, 0));
        let start = one.start;
        return Some(ConstVec::Affine { start, dims });
    }
    let lanes = words.lanes().checked_mul(n)?;
    (lanes <= MAX_TABLE).then(|| {
        let all = (0..n).flat_map(|_| words.words());
        normal(ConstVec::Table(all.collect()), Scalar::USIZE)
    })
}
