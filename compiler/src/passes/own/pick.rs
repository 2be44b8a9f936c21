//! Lanes of a value, taken from where they were made: through moves to the pieces of what was computed piece by piece.

use super::bounds::{Known, bounds};
use super::carried::runs;
use super::digits::inside;
use super::{MAX_PIECES, Own};
use crate::hir::Range;
use crate::ir::{Op, Ty};
use crate::passes::algebra::wiring::lanes_at;
use crate::passes::constants::vectors::{self, affine, int_hull};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

impl Known for Walk {
    fn simple(&self, id: ValueId) -> Option<(&Op, &[ValueId])> {
        Walk::simple(self, id)
    }

    fn ty(&self, id: ValueId) -> Ty {
        Walk::ty(self, id)
    }

    fn range(&self, id: ValueId) -> Option<Range> {
        self.all_values()[id.index()].range
    }
}

impl Own {
    /// The lanes of `id` at constant indices, all of them in range.
    pub(super) fn pick(&self, walk: &mut Walk, id: ValueId, at: &ConstVec) -> ValueId {
        self.taken_apart(walk, id, at)
            .unwrap_or_else(|| walk.gather_at(id, at.clone()))
    }

    /// [`Own::pick`] where there is something to take them from but the value itself.
    pub(super) fn taken_apart(
        &self,
        walk: &mut Walk,
        id: ValueId,
        at: &ConstVec,
    ) -> Option<ValueId> {
        if let Some(cut) = self.cuts.get(&id) {
            for (ranges, part) in &cut.parts {
                if let Some(own) = inside(&cut.lens, ranges, at) {
                    // A loop of one iteration was walked again when its body took its place.
                    let part = walk.get(*part);
                    return Some(walk.gather_at(part, own));
                }
            }
        }
        let source = walk
            .simple(id)
            .map(|(op, args)| (op.clone(), args.to_vec()));
        match source {
            Some((Op::Concat, parts)) => self.pick_parts(walk, &parts, at),
            Some((Op::Gather { block }, args)) => {
                let lanes = walk.ty(args[0]).lanes;
                let usize_ = Scalar::USIZE;
                lanes_at(walk, args[1], block, lanes)
                    .and_then(|from| vectors::gather(&from, usize_, at, usize_, 1))
                    .map(|through| self.pick(walk, args[0], &through))
                    .or_else(|| self.pick_counted(walk, args[0], args[1], block, at))
            }
            Some((Op::MakeSecret, args)) => {
                let public = walk.gather_at(args[0], at.clone());
                Some(walk.with_secrecy(public, true))
            }
            Some((Op::Scatter { .. }, _)) => self.pick_written(walk, id, at),
            Some((Op::Word(op), args)) if self.computes => {
                let own: Vec<ValueId> = args.iter().map(|&arg| self.pick(walk, arg, at)).collect();
                let (ty, range) = (walk.ty(id), walk.all_values()[id.index()].range);
                let ty = Ty {
                    lanes: at.lanes(),
                    secret: own.iter().any(|&arg| walk.ty(arg).secret),
                    ..ty
                };
                let own = walk.emit(Op::Word(op), own, ty);
                walk.note_range(own, range);
                Some(own)
            }
            // An index that is a counter beside a known number.
            Some((Op::Word(op @ (WordOp::Add | WordOp::Sub | WordOp::Mul)), args))
                if !walk.ty(id).secret && args.iter().any(|&arg| walk.constant(arg).is_some()) =>
            {
                let own: Vec<ValueId> = args.iter().map(|&arg| self.pick(walk, arg, at)).collect();
                let range = walk.all_values()[id.index()].range;
                let own = walk.word(op, &own);
                walk.note_range(own, range);
                Some(own)
            }
            _ => None,
        }
    }

    /// Of the blocks of `src` that indices name which are computed while running, the lanes at `at`.
    pub(super) fn pick_counted(
        &self,
        walk: &mut Walk,
        src: ValueId,
        idx: ValueId,
        block: u64,
        at: &ConstVec,
    ) -> Option<ValueId> {
        if let Some(blocks) = whole_blocks(at, block) {
            let idx = self.pick(walk, idx, &blocks);
            return self.pick_between(walk, src, idx, block);
        }
        // Lane by lane: block · index + place in the block.
        let usize_ = Scalar::USIZE;
        let by = ConstVec::Splat {
            lanes: at.lanes(),
            word: block.into(),
        };
        let quotient = |op| vectors::word(op, usize_, usize_, None, &[at, &by]);
        let (blocks, places) = (quotient(WordOp::Div)?, quotient(WordOp::Rem)?);
        let idx = self.pick(walk, idx, &blocks);
        let most = Word::from(walk.ty(src).lanes);
        if most > walk.ty(idx).scalar.mask() {
            return None;
        }
        let by = walk.splat_of(walk.ty(idx), block.into());
        let first = walk.word(WordOp::Mul, &[idx, by]);
        let places = walk.constant_value(walk.ty(idx).scalar, places);
        let lane = walk.word(WordOp::Add, &[first, places]);
        self.pick_between(walk, src, lane, 1)
    }

    /// The blocks of `id` at indices that are computed while running, from the part that all of them lie in.
    fn pick_between(
        &self,
        walk: &mut Walk,
        id: ValueId,
        idx: ValueId,
        block: u64,
    ) -> Option<ValueId> {
        let (low, high) = bounds(walk, idx)?;
        let least = u64::try_from(vectors::hull(&low, Scalar::USIZE)?.0).ok()?;
        let most = u64::try_from(vectors::hull(&high, Scalar::USIZE)?.1).ok()?;
        let (first, end) = (
            least.checked_mul(block)?,
            most.checked_add(1)?.checked_mul(block)?,
        );
        let mut parts = Vec::new();
        if let Some(cut) = self.cuts.get(&id) {
            let runs = cut.parts.iter().filter(|(ranges, _)| ranges.len() == 1);
            parts.extend(runs.map(|(ranges, part)| (ranges[0].0, walk.get(*part))));
        } else if let Some((Op::Concat, args)) = walk.simple(id) {
            let mut start = 0;
            for &arg in args {
                parts.push((start, arg));
                start += walk.ty(arg).lanes;
            }
        }
        if let (Some((Op::Scatter { .. }, _)), grid) = (walk.simple(id), self.grid(walk, id))
            && grid.is_mixed()
            && grid.lens().len() == 1
        {
            let there = |&(start, n): &(u64, u64)| start <= first && end - start <= n;
            let (start, n) = runs(&grid).into_iter().find(there)?;
            let run = ConstVec::Affine {
                start: start.into(),
                dims: vec![(n, 1)],
            };
            parts.push((start, self.pick_written(walk, id, &run)?));
        }
        let holds =
            |&(start, part): &(u64, ValueId)| start <= first && end - start <= walk.ty(part).lanes;
        let (start, part) = parts.into_iter().find(holds)?;
        if start == 0 {
            return Some(
                self.pick_between(walk, part, idx, block)
                    .unwrap_or_else(|| walk.gather(part, idx, block)),
            );
        }
        if !start.is_multiple_of(block) {
            return None;
        }
        let start = start / block;
        let own = counted_from(walk, idx, start);
        walk.note_range(
            own,
            Some(Range {
                lo: i128::from(least - start),
                hi: i128::from(most - start),
            }),
        );
        Some(walk.gather(part, own, block))
    }

    /// Lanes of a concatenation: run by run from the parts that they lie in.
    fn pick_parts(&self, walk: &mut Walk, parts: &[ValueId], at: &ConstVec) -> Option<ValueId> {
        let mut bounds = Vec::with_capacity(parts.len());
        let mut end = 0;
        for &part in parts {
            let from = end;
            end += walk.ty(part).lanes;
            bounds.push((from, end));
        }
        let mut runs = Vec::new();
        split(&bounds, at, &mut runs)?;
        let secret = parts.iter().any(|&part| walk.ty(part).secret);
        let mut picked = Vec::with_capacity(runs.len());
        for (part, at) in runs {
            let own = self.pick(walk, parts[part], &at);
            picked.push(walk.with_secrecy(own, secret));
        }
        Some(walk.concat(picked))
    }
}

/// The blocks that lanes are made of, where they are whole ones in order.
fn whole_blocks(at: &ConstVec, block: u64) -> Option<ConstVec> {
    if block == 1 {
        return Some(at.clone());
    }
    let (start, dims) = affine(at)?;
    let (&(n, step), outer) = dims.split_last()?;
    let (start, block_) = (u64::try_from(start).ok()?, Word::from(block));
    if step != 1 || !n.is_multiple_of(block) || !start.is_multiple_of(block) {
        return None;
    }
    let mut whole = Vec::with_capacity(dims.len());
    for &(count, step) in outer {
        let signed = i128::from(step as u64 as i64);
        if signed % i128::from(block) != 0 {
            return None;
        }
        whole.push((
            count,
            (signed / i128::from(block)) as Word & Scalar::USIZE.mask(),
        ));
    }
    whole.push((n / block, 1));
    let start = Word::from(start) / block_;
    Some(vectors::normal(
        ConstVec::Affine { start, dims: whole },
        Scalar::USIZE,
    ))
}

/// Indices counted from a place on, all of which lie behind it.
pub(super) fn counted_from(walk: &mut Walk, idx: ValueId, start: u64) -> ValueId {
    let start = Word::from(start);
    if let Some(&[a, b]) = walk.word_args(idx, WordOp::Add) {
        for (counter, place) in [(a, b), (b, a)] {
            match walk.splat(place) {
                Some(place) if place == start => return counter,
                Some(place) if place > start => {
                    let rest = walk.splat_of(walk.ty(idx), place - start);
                    return walk.word(WordOp::Add, &[counter, rest]);
                }
                _ => {}
            }
        }
    }
    let shift = walk.splat_of(walk.ty(idx), start);
    walk.word(WordOp::Sub, &[idx, shift])
}

/// Cuts indices into runs that each lie in one of the intervals, in order; `None` if there would be too many.
fn split(bounds: &[(u64, u64)], at: &ConstVec, runs: &mut Vec<(usize, ConstVec)>) -> Option<()> {
    if at.lanes() == 0 {
        return Some(());
    }
    let hull = |at: &ConstVec| {
        let (lo, hi) = int_hull(at, Scalar::USIZE)?;
        Some((u64::try_from(lo).ok()?, u64::try_from(hi).ok()?))
    };
    let home = |at: &ConstVec| {
        let (lo, hi) = hull(at)?;
        let part = bounds.partition_point(|bound| bound.1 <= lo);
        (hi < bounds.get(part)?.1).then_some(part)
    };
    if let Some(part) = home(at) {
        let shift = ConstVec::Splat {
            lanes: at.lanes(),
            word: Word::from(bounds[part].0),
        };
        let usize_ = Scalar::USIZE;
        let own = vectors::word(WordOp::Sub, usize_, usize_, None, &[at, &shift])?;
        runs.push((part, own));
        return (runs.len() <= MAX_PIECES).then_some(());
    }
    let (start, dims) = affine(at)?;
    let (&(count, step), inner) = dims.split_first()?;
    if count <= 1 && inner.is_empty() {
        return None;
    }
    let from = |j: u64, count: u64| {
        let start = start.wrapping_add(step.wrapping_mul(Word::from(j)));
        let mut dims = vec![(count, step)];
        dims.extend(inner);
        vectors::normal(ConstVec::Affine { start, dims }, Scalar::USIZE)
    };
    let signed = i128::from(step as u64 as i64);
    let mut j = 0;
    while j < count {
        let one = from(j, 1);
        let mut most = 1;
        if let Some(part) = home(&one) {
            // As many as stay in the same interval.
            let (lo, hi) = hull(&one)?;
            let room = if signed > 0 {
                i128::from(bounds[part].1 - 1 - hi) / signed
            } else if signed < 0 {
                i128::from(lo - bounds[part].0) / -signed
            } else {
                i128::from(count)
            };
            most = u64::try_from(room).ok()?.saturating_add(1).min(count - j);
        }
        split(bounds, &from(j, most), runs)?;
        j += most;
    }
    Some(())
}
