//! Lanes of a value some of which were replaced before: from what was written and from what stood there, so that whose lanes were not
//! asked for need not be there.

use super::Own;
use super::bounds::bounds;
use super::digits::{Digits, lanes_of};
use super::grid::LOOKED_AT;
use super::pick::counted_from;
use crate::hir::Range;
use crate::ir::Op;
use crate::passes::algebra::wiring::lanes_at;
use crate::passes::constants::vectors::{self, affine};
use crate::passes::rewrite::Walk;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word};

/// More replacements are not looked through.
const DEPTH: usize = 1024;

/// Indices of more runs are not looked at.
const MAX_RUNS: u64 = 1 << 12;

/// What is taken from a replacement.
enum Taken {
    /// Nothing that was written.
    Before,
    /// What was written, at these places among it.
    Written(ConstVec),
    /// Of what was asked for, these lanes were written, and are at these places among what was.
    Both { lanes: ConstVec, from: ConstVec },
}

/// A replacement of some of the lanes that are asked for.
struct Step {
    /// Which of them.
    lanes: Lanes,
    val: ValueId,
    block: u64,
}

enum Lanes {
    /// Known ones.
    At(ConstVec),
    /// Blocks at indices that are computed while running.
    While(ValueId),
}

impl Own {
    /// The lanes of a replacement's result at constant indices.
    pub(super) fn pick_written(
        &self,
        walk: &mut Walk,
        mut id: ValueId,
        at: &ConstVec,
    ) -> Option<ValueId> {
        let secret = walk.ty(id).secret;
        let mut steps: Vec<Step> = Vec::new();
        let mut now = None;
        for depth in 0.. {
            let Some((&Op::Scatter { block }, &[dst, idx, val])) = walk.simple(id) else {
                break;
            };
            if depth == DEPTH {
                return None;
            }
            match lanes_at(walk, idx, block, walk.ty(dst).lanes) {
                Some(written) => match overlap(&written, at, walk.ty(dst).lanes)? {
                    Taken::Before => {}
                    Taken::Written(from) => {
                        now = Some(self.pick(walk, val, &from));
                        break;
                    }
                    Taken::Both { lanes, from } => steps.push(Step {
                        lanes: Lanes::At(lanes),
                        val: self.pick(walk, val, &from),
                        block: 1,
                    }),
                },
                None => steps.extend(self.written_between(walk, idx, val, block, at)?),
            }
            id = dst;
        }
        let mut now = match now {
            Some(now) => now,
            None => self.pick(walk, id, at),
        };
        for step in steps.into_iter().rev() {
            let idx = match step.lanes {
                Lanes::At(lanes) => walk.constant_value(Scalar::USIZE, lanes),
                Lanes::While(idx) => idx,
            };
            now = walk.scatter(now, idx, step.val, step.block);
        }
        Some(walk.with_secrecy(now, secret))
    }

    /// What is replaced, at indices that are computed while running, of a run of lanes that each index lies in or not; nothing if all lie
    /// outside.
    #[expect(
        clippy::option_option,
        reason = "whether it is known, and whether there is any"
    )]
    fn written_between(
        &self,
        walk: &mut Walk,
        idx: ValueId,
        val: ValueId,
        block: u64,
        at: &ConstVec,
    ) -> Option<Option<Step>> {
        let (start, dims) = affine(at)?;
        let n = match dims[..] {
            [] => 1,
            [(n, 1)] => n,
            _ => return None,
        };
        let start = u64::try_from(start).ok()?;
        if !start.is_multiple_of(block)
            || !n.is_multiple_of(block)
            || walk.ty(idx).lanes > LOOKED_AT
        {
            return None;
        }
        let (start, end) = (start / block, (start + n) / block);
        let (low, high) = bounds(walk, idx)?;
        let mut inside = Vec::new();
        for (k, (low, high)) in low.words().zip(high.words()).enumerate() {
            let (low, high) = (low as u64, high as u64);
            if start <= low && high < end {
                inside.push(k as Word);
            } else if low < end && high >= start {
                return None;
            }
        }
        if inside.is_empty() {
            return Some(None);
        }
        let inside = vectors::normal(ConstVec::Table(inside), Scalar::USIZE);
        let lanes = vectors::lane_indices(&inside, Scalar::USIZE, block)?;
        let val = self.pick(walk, val, &lanes);
        let own = self.pick(walk, idx, &inside);
        let own = counted_from(walk, own, start);
        let hi = i128::from(end - start) - 1;
        walk.note_range(own, Some(Range { lo: 0, hi }));
        let lanes = Lanes::While(own);
        Some(Some(Step { lanes, val, block }))
    }
}

/// Which of the lanes `at` of a value of so many are among those that were written.
fn overlap(written: &ConstVec, at: &ConstVec, lanes: u64) -> Option<Taken> {
    if at.lanes() == 0 || written.lanes() == 0 {
        return Some(Taken::Before);
    }
    by_box(written, at, lanes)
        .or_else(|| by_lane(written, at))
        .or_else(|| by_run(written, at))
}

/// [`overlap`] where both are runs of neighbours, none of which is written twice.
fn by_run(written: &ConstVec, at: &ConstVec) -> Option<Taken> {
    let mut places = runs(written)?;
    places.sort_unstable();
    if places.windows(2).any(|two| two[0].0 + two[0].2 > two[1].0) {
        return None;
    }
    let (mut lanes, mut from) = (Vec::new(), Vec::new());
    for (start, first, len) in runs(at)? {
        let end = start + len;
        let next = places.partition_point(|run| run.0 + run.2 <= start);
        for &(lane, place, count) in places[next..].iter().take_while(|run| run.0 < end) {
            let (low, high) = (lane.max(start), (lane + count).min(end));
            let run = |start: u64| Piece {
                start: start.into(),
                dims: vec![(high - low, 1)],
            };
            lanes.push(run(first + low - start));
            from.push(run(place + low - lane));
        }
    }
    let of = |runs| vectors::normal(ConstVec::Pieces(runs), Scalar::USIZE);
    if lanes.is_empty() {
        return Some(Taken::Before);
    }
    let (lanes, from) = (of(lanes), of(from));
    Some(match lanes.lanes() == at.lanes() {
        true => Taken::Written(from),
        false => Taken::Both { lanes, from },
    })
}

/// The runs of neighbours that indices are: first lane, place among the indices, length.
fn runs(at: &ConstVec) -> Option<Vec<(u64, u64, u64)>> {
    let one;
    let pieces = match at {
        ConstVec::Pieces(pieces) => pieces.as_slice(),
        _ => {
            let (start, dims) = affine(at)?;
            one = [Piece { start, dims }];
            &one
        }
    };
    let mut runs = Vec::new();
    let mut place = 0;
    for piece in pieces {
        let (len, outer) = match piece.dims.split_last() {
            Some((&(len, 1), outer)) => (len, outer),
            _ => (1, &piece.dims[..]),
        };
        let n = outer.iter().fold(1u64, |n, dim| n.saturating_mul(dim.0));
        if runs.len() as u64 + n > MAX_RUNS {
            return None;
        }
        let starts = ConstVec::Affine {
            start: piece.start,
            dims: outer.to_vec(),
        };
        for start in starts.words() {
            runs.push((start as u64, place, len));
            place += len;
        }
    }
    Some(runs)
}

fn by_lane(written: &ConstVec, at: &ConstVec) -> Option<Taken> {
    if written.lanes() > LOOKED_AT || at.lanes() > LOOKED_AT {
        return None;
    }
    // Later ones win.
    let places: SortedMap<u64, Word> = (written.words().map(|w| w as u64).zip(0..)).collect();
    let hits: Vec<(Word, Word)> = (at.words().zip(0..))
        .filter_map(|(lane, k)| Some((k, *places.get(&(lane as u64))?)))
        .collect();
    let (lanes, from): (Vec<Word>, Vec<Word>) = hits.into_iter().unzip();
    let of = |words| vectors::normal(ConstVec::Table(words), Scalar::USIZE);
    Some(match lanes.len() as u64 {
        0 => Taken::Before,
        n if n == at.lanes() => Taken::Written(of(from)),
        _ => Taken::Both {
            lanes: of(lanes),
            from: of(from),
        },
    })
}

/// [`overlap`] where what was written lies together in each of some dimensions, in order, and each index moves along one.
fn by_box(written: &ConstVec, at: &ConstVec, lanes: u64) -> Option<Taken> {
    let (start, mut dims) = affine(written)?;
    if dims.last().is_none_or(|dim| dim.1 != 1) {
        dims.push((1, 1));
    }
    let (mut outer, mut rest) = (lanes, u64::try_from(start).ok()?);
    // Of each dimension its length, and what was written of it.
    let (mut lens, mut boxed) = (Vec::new(), Vec::new());
    for &(count, step) in &dims {
        let step = u64::try_from(step).ok().filter(|step| *step > 0)?;
        let len = outer.checked_div(step)?;
        let first = rest / step;
        if !outer.is_multiple_of(step) || first.checked_add(count)? > len {
            return None;
        }
        lens.push(len);
        boxed.push((first, count));
        (rest, outer) = (rest % step, step);
    }
    let (start, dims) = affine(at)?;
    let digits = Digits::of(start, &dims, &lens)?;
    // Of each step, which of its indices are written; the counts are those of the digits' steps.
    let mut hit: Vec<(u64, u64)> = digits.steps.iter().map(|step| (0, step.count)).collect();
    for (d, &(first, count)) in boxed.iter().enumerate() {
        let (low, high) = (i128::from(first), i128::from(first + count));
        let mut movers = (0..hit.len()).filter(|&k| digits.steps[k].dim == Some(d));
        let Some(k) = movers.next() else {
            if digits.start[d] < low || digits.start[d] >= high {
                return Some(Taken::Before);
            }
            continue;
        };
        if movers.next().is_some() {
            return None;
        }
        let step = digits.steps[k];
        let place = |j: u64| digits.start[d] + step.step * i128::from(j);
        let is_in = |j: &u64| (low..high).contains(&place(*j));
        if step.step == 0 {
            return None;
        }
        let by = step.step.unsigned_abs();
        // The first and the last index that lie inside.
        let (from, to) = if step.step > 0 {
            (low - digits.start[d], high - 1 - digits.start[d])
        } else {
            (digits.start[d] - (high - 1), digits.start[d] - low)
        };
        let by = i128::try_from(by).ok()?;
        let from = u64::try_from((from + by - 1).div_euclid(by).max(0)).ok()?;
        let to = u64::try_from((to.div_euclid(by) + 1).max(0))
            .ok()?
            .min(step.count);
        if from >= to {
            return Some(Taken::Before);
        }
        debug_assert!(is_in(&from) && is_in(&(to - 1)), "inside the box");
        hit[k] = (from, to - from);
    }
    let counts: Vec<u64> = digits.steps.iter().map(|step| step.count).collect();
    // Where the hits are among what was written.
    let mut bases = vec![1u64; boxed.len()];
    for d in (0..boxed.len().saturating_sub(1)).rev() {
        bases[d] = bases[d + 1] * boxed[d + 1].1;
    }
    let mut first = 0i128;
    for (d, &(from, _)) in boxed.iter().enumerate() {
        first += (digits.start[d] - i128::from(from)) * i128::from(bases[d]);
    }
    let mut along = Vec::with_capacity(hit.len());
    for (step, &(from, count)) in digits.steps.iter().zip(&hit) {
        let by = step.dim.map_or(0, |d| step.step * i128::from(bases[d]));
        first += by * i128::from(from);
        along.push((count, by as Word));
    }
    let start = Word::try_from(first).ok()?;
    let from = vectors::normal(ConstVec::Affine { start, dims: along }, Scalar::USIZE);
    if from.lanes() == at.lanes() {
        return Some(Taken::Written(from));
    }
    let lanes = lanes_of(&counts, &hit);
    Some(Taken::Both { lanes, from })
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::splitmix::SplitMix;

    /// A box of a vector of some dimensions, and indices that each move along one of them.
    fn sample(rng: &mut SplitMix) -> (ConstVec, ConstVec, u64) {
        let lens: Vec<u64> = (0..1 + rng.below(3)).map(|_| 1 + rng.below(6)).collect();
        let ranges: Vec<(u64, u64)> = (lens.iter())
            .map(|&len| {
                let first = rng.below(len);
                (first, 1 + rng.below(len - first))
            })
            .collect();
        let steps: Vec<(u64, u64, i64)> = (lens.iter())
            .map(|&len| {
                let step = 1 + rng.below(2);
                let count = 1 + rng.below(len.div_ceil(step));
                let first = rng.below(len - step * (count - 1));
                match rng.below(2) {
                    0 => (first, count, step as i64),
                    _ => (first + step * (count - 1), count, -(step as i64)),
                }
            })
            .collect();
        let (mut start, mut base, mut dims) = (0u64, 1u64, Vec::new());
        for (&len, &(first, count, step)) in lens.iter().zip(&steps).rev() {
            start += first * base;
            dims.push((count, (step * base as i64) as Word));
            base *= len;
        }
        dims.reverse();
        let start = start.into();
        let at = vectors::normal(ConstVec::Affine { start, dims }, Scalar::USIZE);
        (lanes_of(&lens, &ranges), at, lens.iter().product())
    }

    fn words(taken: &Taken) -> (Vec<Word>, Vec<Word>) {
        let all = |lanes: &ConstVec| lanes.words().map(|w| Word::from(w as u64)).collect();
        match taken {
            Taken::Before => (Vec::new(), Vec::new()),
            Taken::Written(from) => ((0..).zip(from.words()).map(|(k, _)| k).collect(), all(from)),
            Taken::Both { lanes, from } => (all(lanes), all(from)),
        }
    }

    #[test]
    fn boxes_are_met_where_lanes_are() {
        let mut rng = SplitMix::new(3);
        let mut found = [0; 3];
        for _ in 0..4000 {
            let (written, at, lanes) = sample(&mut rng);
            let truth = by_lane(&written, &at).expect("few lanes");
            let by_run = by_run(&written, &at).expect("few runs");
            assert_eq!(words(&by_run), words(&truth), "{written:?} {at:?}");
            let Some(taken) = by_box(&written, &at, lanes) else {
                continue;
            };
            assert_eq!(words(&taken), words(&truth), "{written:?} {at:?}");
            found[match taken {
                Taken::Before => 0,
                Taken::Written(_) => 1,
                Taken::Both { .. } => 2,
            }] += 1;
        }
        assert!(found.iter().all(|n| *n > 300), "{found:?}");
    }
}
