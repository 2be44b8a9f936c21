//! Rules for moving lanes about: what is read is traced to where it was written.
//!
//! ```text
//! before: v1 = scatter a, 0, x   v2 = scatter v1, 1, y   v3 = gather v2, 0      (a has two lanes)
//! after:  v2 = concat x, y                               (uses of v3 use x)
//! ```
//!
//! Indices that are constants are compared as whole vectors, in their compact forms where those decide, else lane by lane
//! for vectors up to [`LOOKED_AT`] lanes. A rule keeps every stop of the run by an index out of range.

use super::counting;
use crate::ir::{Op, Reducer, Ty};
use crate::mix::Mix;
use crate::passes::constants::vectors::sets::{all_differ, ascends, never_meet};
use crate::passes::constants::vectors::{self, hull, indices, int_hull, lane_indices, normal};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::collections::HashMap;

/// Longer vectors are not compared lane by lane: these rules save the moving of lanes, which is local.
const LOOKED_AT: u64 = 4096;

/// Parts of a concatenation that are taken one by one, at most.
const MANY_PARTS: u64 = 1024;

/// How many scatters a rule follows back.
const MAX_CHAIN: usize = 256;

/// A value that equals the operation's result, if a rule applies.
pub fn simplify(walk: &mut Walk, op: &Op, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    match *op {
        Op::Gather { block } => gather(walk, args[0], args[1], block, ty).or_else(|| {
            let (block, idx) = reblocked(walk, args[0], args[1], block)?;
            Some(walk.gather(args[0], idx, block))
        }),
        Op::Scatter { block } => scatter(walk, args[0], args[1], args[2], block).or_else(|| {
            let (block, idx) = reblocked(walk, args[0], args[1], block)?;
            Some(walk.scatter(args[0], idx, args[2], block))
        }),
        Op::Concat => concat(walk, args, ty),
        Op::ReadSecret { block, groups: 1 } => {
            // A secret index that is a constant in range is a public one; out of range there are zeros.
            let idx = walk.public_source(args[1])?;
            let len = walk.ty(args[0]).lanes / block;
            let (lo, hi) = hull(walk.constant(idx)?, walk.ty(idx).scalar)?;
            if lo >= Word::from(len) {
                return Some(walk.splat_of(ty, 0));
            }
            (hi < Word::from(len)).then(|| walk.gather(args[0], idx, block))
        }
        Op::WriteSecret { block, groups: 1 } => {
            let idx = walk.public_source(args[1])?;
            let len = walk.ty(args[0]).lanes / block;
            let (lo, hi) = hull(walk.constant(idx)?, walk.ty(idx).scalar)?;
            if lo >= Word::from(len) {
                return Some(args[0]);
            }
            (hi < Word::from(len)).then(|| walk.scatter(args[0], idx, args[2], block))
        }
        Op::Reduce {
            reducer: Reducer::Word(op),
            segments,
        } => reduce(walk, op, args[0], segments, ty),
        Op::Scan {
            reducer: Reducer::Word(_),
            segments,
        } if segments == ty.lanes => Some(args[0]),
        Op::Dot { segments } if segments == walk.ty(args[0]).lanes => {
            Some(walk.word(WordOp::Mul, args))
        }
        _ => None,
    }
}

/// Whether two values are seen to be the same: one value, equal constants, or the same lanes of one array.
pub fn is_same(walk: &Walk, a: ValueId, b: ValueId) -> bool {
    let (a, b) = (
        walk.public_source(a).unwrap_or(a),
        walk.public_source(b).unwrap_or(b),
    );
    let (x, y) = (walk.ty(a), walk.ty(b));
    if a == b {
        return true;
    }
    if (x.scalar, x.lanes) != (y.scalar, y.lanes) {
        return false;
    }
    match (walk.simple(a), walk.simple(b)) {
        (Some((Op::Const(x), _)), Some((Op::Const(y), _))) => x == y,
        (Some((Op::Gather { block: m }, &[s, i])), Some((Op::Gather { block: n }, &[t, j]))) => {
            s == t
                && m == n
                && walk.constant(i).is_some_and(|words| {
                    walk.ty(i).scalar == walk.ty(j).scalar && walk.constant(j) == Some(words)
                })
        }
        _ => false,
    }
}

/// Whether every lane of `id` is an element of the run that the same lane of a reduction `reduced` comes from, for an
/// operation that does not mind meeting it twice.
pub fn is_element_of_run(walk: &Walk, id: ValueId, reduced: ValueId, op: WordOp) -> bool {
    let Some((
        Op::Reduce {
            reducer: Reducer::Word(inner),
            segments,
        },
        &[array],
    )) = walk.simple(reduced)
    else {
        return false;
    };
    let idempotent = matches!(op, WordOp::And | WordOp::Or | WordOp::Min | WordOp::Max);
    let Some((&Op::Gather { block }, &[src, idx])) = walk.simple(id) else {
        return false;
    };
    let lanes = walk.ty(array).lanes;
    let len = lanes / (*segments).max(1);
    if !idempotent || *inner != op || src != array || *segments > LOOKED_AT {
        return false;
    }
    lanes_at(walk, idx, block, lanes).is_some_and(|at| {
        (0..*segments).all(|i| at.get(i) / Word::from(len.max(1)) == Word::from(i))
    })
}

/// Constant indices of blocks as indices of lanes, all of them inside `lanes`.
pub fn lanes_at(walk: &Walk, idx: ValueId, block: u64, lanes: u64) -> Option<ConstVec> {
    let scalar = walk.ty(idx).scalar;
    let words = walk.constant(idx)?;
    let (_, hi) = hull(words, scalar)?;
    if hi >= Word::from(lanes / block) {
        return None;
    }
    lane_indices(words, scalar, block)
}

fn gather(walk: &mut Walk, src: ValueId, idx: ValueId, block: u64, ty: Ty) -> Option<ValueId> {
    let src_ty = walk.ty(src);
    if let Some(public) = walk.public_source(src) {
        let out = walk.gather(public, idx, block);
        return Some(walk.with_secrecy(out, true));
    }
    let at = lanes_at(walk, idx, block, src_ty.lanes);
    if let Some(at) = &at
        && *at == normal(counting(0, src_ty.lanes), Scalar::USIZE)
    {
        return Some(src);
    }
    let (op, args) = walk.simple(src)?;
    match (op.clone(), args.to_vec()) {
        // Some lanes of a longer vector are widened after they are picked.
        (Op::Word(WordOp::Cast), args)
            if ty.lanes < src_ty.lanes
                && walk.ty(args[0]).scalar.width() <= src_ty.scalar.width() =>
        {
            let picked = walk.gather(args[0], idx, block);
            Some(walk.cast(picked, src_ty.scalar))
        }
        (Op::Gather { block: inner }, args) => {
            let (origin, first) = (args[0], args[1]);
            let origin_lanes = walk.ty(origin).lanes;
            if let (Some(at), Some(from)) = (&at, lanes_at(walk, first, inner, origin_lanes)) {
                let through = vectors::gather(&from, Scalar::USIZE, at, Scalar::USIZE, 1)?;
                return Some(gather_lanes(walk, origin, through));
            }
            // Indices computed while running: read the indices instead of the elements. All of them were read
            // before, so reading fewer of them could hide a stop.
            if inner == block && at.is_some() && covers(walk.constant(idx)?, walk.ty(first).lanes) {
                let through = walk.gather(first, idx, 1);
                return Some(walk.gather(origin, through, block));
            }
            None
        }
        (Op::Concat, parts) => {
            let at = at?;
            let (lo, hi) = hull(&at, Scalar::USIZE)?;
            if let Some(whole) = whole_parts(walk, &parts, &at) {
                let some = walk.concat(whole);
                return Some(walk.with_secrecy(some, ty.secret));
            }
            let mut start = 0;
            for part in parts {
                let end = start + walk.ty(part).lanes;
                if lo >= Word::from(start) && hi < Word::from(end) {
                    let shift = ConstVec::Splat {
                        lanes: ty.lanes,
                        word: Word::from(start),
                    };
                    let local = vectors::word(
                        WordOp::Sub,
                        Scalar::USIZE,
                        Scalar::USIZE,
                        None,
                        &[&at, &shift],
                    )?;
                    return Some(gather_lanes(walk, part, local));
                }
                start = end;
            }
            None
        }
        (Op::Scatter { block: inner }, args) => {
            let (dst, written, val) = (args[0], args[1], args[2]);
            if inner == block && written == idx && is_distinct(walk, idx) {
                return Some(val);
            }
            if inner == block && are_different(walk, written, idx) {
                return Some(walk.gather(dst, idx, block));
            }
            let at = at?;
            let to = lanes_at(walk, written, inner, src_ty.lanes)?;
            match positions(&to, &at)? {
                Overlap::None => Some(gather_lanes(walk, dst, at)),
                Overlap::All(positions) => Some(gather_lanes(walk, val, positions)),
            }
        }
        _ => None,
    }
}

/// The parts of a concatenation, more than one and not many, that its lanes at these indices are one after the other.
fn whole_parts(walk: &Walk, parts: &[ValueId], at: &ConstVec) -> Option<Vec<ValueId>> {
    let lanes = at.lanes();
    if !(2..=LOOKED_AT).contains(&lanes) || parts.len() as u64 > MANY_PARTS {
        return None;
    }
    let mut begin = SortedMap::new();
    let mut end = 0;
    for &part in parts {
        let len = walk.ty(part).lanes;
        begin.insert(Word::from(end), (part, len));
        end += len;
    }
    let (mut k, mut whole) = (0, Vec::new());
    while k < lanes {
        let first = at.get(k);
        let &(part, len) = begin.get(&first)?;
        let is_there = (k..lanes.min(k + len)).all(|i| at.get(i) == first + Word::from(i - k));
        if k + len > lanes || !is_there || whole.len() as u64 > MANY_PARTS {
            return None;
        }
        whole.push(part);
        k += len.max(1);
    }
    (whole.len() > 1).then_some(whole)
}

/// Whether two single indices differ by a constant other than zero.
fn are_different(walk: &Walk, a: ValueId, b: ValueId) -> bool {
    let parts = |id: ValueId| match walk.word_args(id, WordOp::Add) {
        Some(&[base, offset]) => match walk.splat(offset) {
            Some(word) => (base, word),
            None => (id, 0),
        },
        _ => (id, 0),
    };
    let ((base_a, offset_a), (base_b, offset_b)) = (parts(a), parts(b));
    walk.ty(a).lanes == 1 && base_a == base_b && offset_a != offset_b
}

/// Constant indices of single lanes as indices of the largest blocks that they consist of.
fn reblocked(walk: &mut Walk, array: ValueId, idx: ValueId, block: u64) -> Option<(u64, ValueId)> {
    let lanes = walk.ty(array).lanes;
    let ConstVec::Affine { start, dims } = lanes_at(walk, idx, block, lanes)? else {
        return None;
    };
    let (&(run, 1), outer) = dims.split_last()? else {
        return None;
    };
    let signed = |step: Word| step as u64 as i64;
    let larger = outer
        .iter()
        .fold(gcd(gcd(run, start as u64), lanes), |block, &(_, step)| {
            gcd(block, signed(step).unsigned_abs())
        });
    if block != 1 || larger <= 1 {
        return None;
    }
    let by = i64::try_from(larger).ok()?;
    let mut dims: Vec<(u64, Word)> = (outer.iter())
        .map(|&(count, step)| (count, (signed(step) / by) as Word))
        .collect();
    dims.push((run / larger, 1));
    let start = start / Word::from(larger);
    let idx = walk.constant_value(Scalar::USIZE, ConstVec::Affine { start, dims });
    Some((larger, idx))
}

/// The greatest common divisor; the other number's where one is zero.
pub fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether constant indices name each of `len` elements at least once.
fn covers(words: &ConstVec, len: u64) -> bool {
    if *words == normal(counting(0, len), Scalar::USIZE) {
        return true;
    }
    if words.lanes() == len && places(words).is_some() {
        return true;
    }
    if words.lanes() > LOOKED_AT || len > LOOKED_AT {
        return false;
    }
    let mut seen = vec![false; len as usize];
    for index in indices(words) {
        if let Some(slot) = seen.get_mut(index as usize) {
            *slot = true;
        }
    }
    seen.into_iter().all(|seen| seen)
}

/// A gather of single lanes; by whole blocks where the indices allow.
fn gather_lanes(walk: &mut Walk, src: ValueId, at: ConstVec) -> ValueId {
    walk.gather_at(src, at)
}

enum Overlap {
    /// No lane that is read was written.
    None,
    /// Every lane that is read was written; where in the written values it stands.
    All(ConstVec),
}

/// How the lanes read at `read` relate to those written at `written`; `None` if mixed or not decided.
fn positions(written: &ConstVec, read: &ConstVec) -> Option<Overlap> {
    let (w, r) = (
        int_hull(written, Scalar::USIZE)?,
        int_hull(read, Scalar::USIZE)?,
    );
    if w.1 < r.0 || r.1 < w.0 || never_meet(written, read) {
        return Some(Overlap::None);
    }
    if written == read && is_distinct_words(written) {
        return Some(Overlap::All(counting(0, read.lanes())));
    }
    if let ConstVec::Affine { start, dims } = written
        && let [(_, 1)] = dims[..]
        && w.0 <= r.0
        && r.1 <= w.1
    {
        // A run of lanes was written: the place follows from the index.
        let shift = ConstVec::Splat {
            lanes: read.lanes(),
            word: *start,
        };
        let usize_ = Scalar::USIZE;
        let local = vectors::word(WordOp::Sub, usize_, usize_, None, &[read, &shift])?;
        return Some(Overlap::All(local));
    }
    if let Some(places) = places(written)
        && r.1 < i128::from(written.lanes())
    {
        let through = vectors::gather(&places, Scalar::USIZE, read, Scalar::USIZE, 1)?;
        return Some(Overlap::All(through));
    }
    if written.lanes() > LOOKED_AT || read.lanes() > LOOKED_AT {
        return None;
    }
    let place = Places::new(written, w)?;
    let mut found = Vec::new();
    for (k, lane) in indices(read).enumerate() {
        match place.of(lane) {
            Some(at) if found.len() == k => found.push(at),
            None if found.is_empty() => {}
            _ => return None,
        }
    }
    if found.is_empty() {
        return Some(Overlap::None);
    }
    Some(Overlap::All(normal(ConstVec::Table(found), Scalar::USIZE)))
}

/// Where each lane that is written stands among the indices: the last place, which wins.
enum Places {
    /// From the first lane on, `u32::MAX` where nothing is written.
    Dense(u64, Vec<u32>),
    Sparse(HashMap<u64, u32, Mix>),
}

impl Places {
    /// Of not many indices from the first to the second of `hull`.
    fn new(written: &ConstVec, hull: (i128, i128)) -> Option<Self> {
        let first = u64::try_from(hull.0).ok()?;
        let places = indices(written).zip(0u32..);
        if hull.1 - hull.0 >= i128::from(8 * LOOKED_AT) {
            return Some(Self::Sparse(places.collect()));
        }
        let mut dense = vec![u32::MAX; (hull.1 - hull.0) as usize + 1];
        for (lane, k) in places {
            *dense.get_mut((lane - first) as usize)? = k;
        }
        Some(Self::Dense(first, dense))
    }

    fn of(&self, lane: u64) -> Option<Word> {
        let found = match self {
            Self::Dense(first, dense) => {
                let at = usize::try_from(lane.checked_sub(*first)?).ok()?;
                dense.get(at).copied().filter(|&k| k != u32::MAX)
            }
            Self::Sparse(all) => all.get(&lane).copied(),
        };
        found.map(Word::from)
    }
}

/// Of indices that name each lane once by moving dimensions about, as a transposition does: where each lane stands among them.
fn places(indices: &ConstVec) -> Option<ConstVec> {
    let ConstVec::Affine { start: 0, dims } = indices else {
        return None;
    };
    // Each dimension with how far apart its steps stand among the indices; the one that moves furthest first.
    let mut stride = 1;
    let mut moved: Vec<(u64, Word, u64)> = Vec::with_capacity(dims.len());
    for &(count, step) in dims.iter().rev() {
        moved.push((count, step, stride));
        stride = count.checked_mul(stride)?;
    }
    moved.sort_by_key(|dim| std::cmp::Reverse(dim.1));
    let mut inner = 1;
    for &(count, step, _) in moved.iter().rev() {
        if step != Word::from(inner) {
            return None;
        }
        inner = count.checked_mul(inner)?;
    }
    let dims = moved.iter().map(|dim| (dim.0, dim.2.into())).collect();
    Some(normal(ConstVec::Affine { start: 0, dims }, Scalar::USIZE))
}

/// Whether no index occurs twice.
fn is_distinct(walk: &Walk, idx: ValueId) -> bool {
    let ty = walk.ty(idx);
    ty.lanes <= 1 || walk.constant(idx).is_some_and(is_distinct_words)
}

/// Whether no word occurs twice, seen by the steps of affine vectors, else looked up if there are few.
pub fn is_distinct_words(words: &ConstVec) -> bool {
    if words.lanes() <= 1 || ascends(words) || all_differ(words) {
        return true;
    }
    if words.lanes() > LOOKED_AT {
        return false;
    }
    let mut all: Vec<u64> = indices(words).collect();
    all.sort_unstable();
    all.windows(2).all(|pair| pair[0] != pair[1])
}

fn scatter(
    walk: &mut Walk,
    dst: ValueId,
    idx: ValueId,
    val: ValueId,
    block: u64,
) -> Option<ValueId> {
    if walk.ty(idx).lanes == 0 {
        return Some(dst);
    }
    // What is written is what was there.
    if let Some((Op::Gather { block: from }, args)) = walk.simple(val)
        && *from == block
        && args == [dst, idx]
    {
        return Some(dst);
    }
    let lanes = walk.ty(dst).lanes;
    let to = lanes_at(walk, idx, block, lanes)?;
    if to == normal(counting(0, lanes), Scalar::USIZE) {
        return Some(val);
    }
    if to.lanes() >= lanes
        && (lanes <= LOOKED_AT || places(&to).is_some())
        && let Some(Overlap::All(positions)) =
            positions(&to, &normal(counting(0, lanes), Scalar::USIZE))
    {
        return Some(walk.gather_at(val, positions));
    }
    if let Some((Op::Scatter { block: inner }, args)) = walk.simple(dst) {
        let (inner, args) = (*inner, args.to_vec());
        let before = lanes_at(walk, args[1], inner, lanes);
        if before.as_ref() == Some(&to) {
            return Some(walk.scatter(args[0], idx, val, block));
        }
        if lanes <= MAX_CHAIN as u64 {
            return assembled(walk, &to, val, dst, lanes);
        }
    }
    None
}

/// A chain of scatters that together write every lane is the concatenation of what they write.
fn assembled(
    walk: &mut Walk,
    to: &ConstVec,
    val: ValueId,
    dst: ValueId,
    lanes: u64,
) -> Option<ValueId> {
    let mut from: Vec<Option<(ValueId, u64)>> = vec![None; lanes as usize];
    let mut missing = lanes;
    let mut fill = |to: &ConstVec, val: ValueId| {
        // Later lanes of one scatter win, earlier scatters lose.
        let mut fresh = smpcc_circuit::sorted::SortedMap::new();
        for (k, at) in indices(to).enumerate() {
            fresh.insert(at as usize, (val, k as u64));
        }
        for (at, place) in fresh {
            if let Some(slot) = from.get_mut(at)
                && slot.is_none()
            {
                *slot = Some(place);
                missing -= 1;
            }
        }
        missing
    };
    let mut left = fill(to, val);
    let mut at = dst;
    for _ in 0..MAX_CHAIN {
        if left == 0 {
            break;
        }
        let (Op::Scatter { block }, &[next, idx, val]) = walk.simple(at)? else {
            return None;
        };
        left = fill(&lanes_at(walk, idx, *block, lanes)?, val);
        at = next;
    }
    let from: Vec<(ValueId, u64)> = from.into_iter().collect::<Option<_>>()?;
    // Runs of lanes of one value become one part.
    let mut parts = Vec::new();
    let mut start = 0;
    while start < from.len() {
        let (value, first) = from[start];
        let mut end = start + 1;
        while end < from.len() && from[end] == (value, first + (end - start) as u64) {
            end += 1;
        }
        parts.push(walk.gather_at(value, counting(first, (end - start) as u64)));
        start = end;
    }
    Some(walk.concat(parts))
}

fn concat(walk: &mut Walk, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    if let [only] = args {
        return Some(*only);
    }
    let used: Vec<ValueId> = (args.iter().copied())
        .filter(|&id| walk.ty(id).lanes > 0)
        .collect();
    if used.len() < args.len() {
        let first = *args.first()?;
        return Some(if used.is_empty() {
            first
        } else {
            walk.concat(used)
        });
    }
    // Parts of one source, each at constant indices: one gather.
    let mut source = None;
    let mut all = Vec::with_capacity(args.len());
    for &arg in args {
        let (origin, at) = match walk.simple(arg) {
            Some((Op::Gather { block }, &[src, idx])) => {
                (src, lanes_at(walk, idx, *block, walk.ty(src).lanes)?)
            }
            _ => (arg, normal(counting(0, walk.ty(arg).lanes), Scalar::USIZE)),
        };
        if *source.get_or_insert(origin) != origin {
            return None;
        }
        all.push(at);
    }
    let parts: Vec<&ConstVec> = all.iter().collect();
    let at = vectors::concat(&parts, Scalar::USIZE)?;
    let out = walk.gather_at(source?, at);
    Some(walk.with_secrecy(out, ty.secret))
}

fn reduce(walk: &mut Walk, op: WordOp, arg: ValueId, segments: u64, ty: Ty) -> Option<ValueId> {
    let lanes = walk.ty(arg).lanes;
    if lanes == segments {
        return Some(arg);
    }
    let len = lanes / segments.max(1);
    match walk.simple(arg)? {
        // Runs of results of shorter runs.
        (
            Op::Reduce {
                reducer: Reducer::Word(inner),
                ..
            },
            &[x],
        ) if *inner == op => Some(walk.reduce(op, x, segments)),
        // Sums and products mod 2^w do not care how the integers are read.
        (Op::Word(WordOp::Cast), &[x])
            if walk.ty(x).scalar.width() == ty.scalar.width()
                && matches!(
                    op,
                    WordOp::Add | WordOp::Mul | WordOp::And | WordOp::Or | WordOp::Xor
                ) =>
        {
            if walk.ty(x).scalar == Scalar::Bool || ty.scalar == Scalar::Bool {
                return None;
            }
            let out = walk.reduce(op, x, segments);
            Some(walk.cast(out, ty.scalar))
        }
        // A run of copies of one lane.
        (Op::Gather { block: 1 }, &[src, idx]) => {
            let at = lanes_at(walk, idx, 1, walk.ty(src).lanes)?;
            let (start, dims) = vectors::affine(&at)?;
            let last = dims.last()?;
            if last.1 != 0 || last.0 % len != 0 {
                return None;
            }
            let mut outer = dims.clone();
            outer.pop();
            outer.push((last.0 / len, 0));
            let one = walk.gather_at(src, ConstVec::Affine { start, dims: outer });
            match op {
                WordOp::And | WordOp::Or | WordOp::Min | WordOp::Max => Some(one),
                WordOp::Add => {
                    let times = walk.splat_of(
                        Ty {
                            secret: false,
                            ..ty
                        },
                        Word::from(len),
                    );
                    Some(walk.word(WordOp::Mul, &[one, times]))
                }
                WordOp::Xor if len.is_multiple_of(2) => Some(walk.splat_of(ty, 0)),
                WordOp::Xor => Some(one),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A choice by one condition between an array and the same array with elements replaced is a choice between elements.
pub fn select_of_written(
    walk: &mut Walk,
    c: ValueId,
    a: ValueId,
    b: ValueId,
    ty: Ty,
) -> Option<ValueId> {
    // The condition must be one lane copied to all.
    let one = if ty.lanes == 1 {
        c
    } else {
        match walk.simple(c)? {
            (Op::Gather { block: 1 }, &[src, idx]) => match walk.constant(idx)? {
                ConstVec::Splat { word, .. } => {
                    let at = ConstVec::scalar(*word);
                    walk.gather_at(src, at)
                }
                ConstVec::Affine { .. } | ConstVec::Pieces(_) | ConstVec::Table(_) => {
                    return None;
                }
            },
            _ => return None,
        }
    };
    let written = |walk: &Walk, id: ValueId| match walk.simple(id)? {
        (Op::Scatter { block }, &[dst, idx, val]) => Some((*block, dst, idx, val)),
        _ => None,
    };
    let (x, y) = (written(walk, a), written(walk, b));
    let (block, idx, then, otherwise, rest) = match (x, y) {
        (Some((block, dst, idx, x)), Some((other, dst2, idx2, y)))
            if block == other && idx == idx2 && meets(walk, dst, dst2) =>
        {
            (block, idx, x, y, [dst, dst2])
        }
        // One write is moved behind the choice: where it wrote, the other array has what it had.
        (Some((block, dst, idx, x)), _) if meets(walk, dst, b) => {
            let old = walk.gather(b, idx, block);
            (block, idx, x, old, [dst, b])
        }
        (_, Some((block, dst, idx, y))) if meets(walk, a, dst) => {
            let old = walk.gather(a, idx, block);
            (block, idx, old, y, [a, dst])
        }
        _ => return None,
    };
    if !is_distinct(walk, idx) {
        return None;
    }
    let lanes = walk.ty(then).lanes;
    let cond = if lanes == 1 {
        one
    } else {
        walk.gather_at(one, ConstVec::Splat { lanes, word: 0 })
    };
    let val = walk.word(WordOp::Select, &[cond, then, otherwise]);
    let dst = walk.word(WordOp::Select, &[c, rest[0], rest[1]]);
    Some(walk.scatter(dst, idx, val, block))
}

/// Whether two arrays are one array with few elements replaced.
fn meets(walk: &Walk, a: ValueId, b: ValueId) -> bool {
    let states = |from: ValueId| {
        let mut chain = vec![from];
        let mut at = from;
        while let Some((Op::Scatter { .. }, args)) = walk.simple(at)
            && chain.len() < 8
        {
            at = args[0];
            chain.push(at);
        }
        chain
    };
    let all = states(a);
    states(b).iter().any(|id| all.contains(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A transposition of more lanes than are looked at, and of fewer: each lane stands where its index does.
    #[test]
    fn places_are_those_of_the_indices() {
        let shapes: [&[(u64, u64)]; 5] = [
            &[(3000, 1), (2, 3000)],
            &[(7, 1), (5, 7)],
            &[(4, 15), (3, 1), (5, 3)],
            &[(2, 30), (5, 1), (6, 5)],
            &[(6, 1)],
        ];
        for shape in shapes {
            let dims = shape.iter().map(|&(n, step)| (n, step.into())).collect();
            let at = ConstVec::Affine { start: 0, dims };
            let found = places(&at).unwrap_or_else(|| panic!("{shape:?}"));
            for (k, lane) in indices(&at).enumerate() {
                assert_eq!(found.get(lane), k as Word, "{shape:?}, {lane}");
            }
        }
        // Lanes that are named twice, left out, or of an array that begins elsewhere.
        for (start, shape) in [
            (0, [(3, 1), (2, 2)]),
            (0, [(3, 2), (2, 2)]),
            (1, [(3, 1), (2, 3)]),
        ] {
            let dims = shape.map(|(n, step): (u64, u64)| (n, step.into())).to_vec();
            assert!(
                places(&ConstVec::Affine { start, dims }).is_none(),
                "{shape:?}"
            );
        }
    }
}
