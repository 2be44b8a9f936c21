//! What is written with sorts: numbers of rows, keys behind markers, columns in an order.

use crate::ir::{Op, Reducer, Ty};
use crate::passes::lanes::span::is_below;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::ops::Range;

/// The same lanes, known to all.
pub(super) const fn public(ty: Ty) -> Ty {
    Ty {
        secret: false,
        ..ty
    }
}

/// So many lanes of a value in a row.
pub(super) fn lanes(walk: &mut Walk, of: ValueId, start: u64, n: u64) -> ValueId {
    let dims = vec![(n, 1)];
    let start = Word::from(start);
    walk.gather_at(of, ConstVec::Affine { start, dims })
}

/// 0, 1, …, as secrets of as few bits as they need.
pub(super) fn numbers(walk: &mut Walk, n: u64) -> ValueId {
    let scalar = Scalar::unsigned((n - 1).ilog2() as u8 + 1);
    let numbers = walk.constant_value(scalar, ConstVec::iota(n));
    walk.with_secrecy(numbers, true)
}

/// Columns in the order of the first.
pub(super) fn sort(walk: &mut Walk, columns: Vec<ValueId>) -> Vec<ValueId> {
    sort_by(walk, 1, columns)
}

/// Columns in the order of the first ones.
pub(super) fn sort_by(walk: &mut Walk, keys: u64, columns: Vec<ValueId>) -> Vec<ValueId> {
    let types: Vec<Ty> = columns.iter().map(|&c| walk.ty(c)).collect();
    let op = Op::Sort {
        keys,
        segments: 1,
        drawn: false,
    };
    walk.push_new(op, columns, &types, Vec::new())
}

/// A key has no more bits, and several are made into one up to there.
pub(super) const MOST_BITS: u32 = 128;

/// Which columns are made into one key each, in their order.
pub(super) fn together(walk: &Walk, columns: &[ValueId]) -> Vec<Range<usize>> {
    let mut groups: Vec<(u32, Range<usize>)> = Vec::new();
    for (at, &column) in columns.iter().enumerate() {
        let bits = walk.ty(column).scalar.width();
        match groups.last_mut() {
            Some((all, group)) if *all + bits <= MOST_BITS => {
                *all += bits;
                group.end = at + 1;
            }
            _ => groups.push((bits, at..at + 1)),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// One key of several, in whose order those are lexicographically.
pub(super) fn packed(walk: &mut Walk, keys: &[ValueId]) -> ValueId {
    if let [one] = *keys {
        return walk.with_secrecy(one, true);
    }
    let bits = keys.iter().map(|&key| walk.ty(key).scalar.width());
    let scalar = Scalar::unsigned(bits.sum::<u32>() as u8);
    let mut all = None;
    for &key in keys {
        let ty = walk.ty(key);
        let mut bits = walk.cast(key, Scalar::unsigned(ty.scalar.width() as u8));
        if ty.scalar.is_signed() {
            let sign = walk.splat_of(public(walk.ty(bits)), 1 << (ty.scalar.width() - 1));
            bits = walk.word(WordOp::Xor, &[bits, sign]);
        }
        let bits = walk.cast(bits, scalar);
        all = Some(match all {
            None => bits,
            Some(before) => {
                let by = walk.splat_of(public(walk.ty(bits)), ty.scalar.width().into());
                let before = walk.word(WordOp::Shl, &[before, by]);
                walk.word(WordOp::Or, &[before, bits])
            }
        });
    }
    let all = all.unwrap_or(keys[0]);
    walk.with_secrecy(all, true)
}

/// By row, the sum of all values up to its place, where it is known which row stands at each place and which place each row has.
pub(super) fn sums_so_far(
    walk: &mut Walk,
    values: ValueId,
    rows: ValueId,
    places: ValueId,
) -> ValueId {
    let moved = sort(walk, vec![places, values])[1];
    let sums = so_far(walk, WordOp::Add, moved);
    sort(walk, vec![rows, sums])[1]
}

/// What all lanes up to each come to.
pub(super) fn so_far(walk: &mut Walk, op: WordOp, column: ValueId) -> ValueId {
    let reducer = Reducer::Word(op);
    let ty = walk.ty(column);
    let segments = 1;
    walk.emit(Op::Scan { reducer, segments }, vec![column], ty)
}

/// The numbers of so many groups and one more, and then those of the rows. What belongs to no group comes last.
pub(super) fn numbered_keys(walk: &mut Walk, mut index: ValueId, n_groups: u64) -> ValueId {
    let key = Scalar::unsigned(n_groups.ilog2() as u8 + 1);
    let scalar = walk.ty(index).scalar;
    if scalar.is_signed() {
        index = walk.cast(index, Scalar::unsigned(scalar.width() as u8));
    }
    let (ty, end) = (public(walk.ty(index)), Word::from(n_groups));
    let is_inside = ty.scalar.mask() < end || is_below(walk, index, n_groups);
    let inside = (!is_inside).then(|| {
        let end = walk.splat_of(ty, end);
        walk.word(WordOp::Lt, &[index, end])
    });
    index = walk.cast(index, key);
    if let Some(inside) = inside {
        let end = walk.splat_of(Ty { scalar: key, ..ty }, end);
        index = walk.word(WordOp::Select, &[inside, index, end]);
    }
    let first = walk.constant_value(key, ConstVec::iota(n_groups + 1));
    let first = walk.with_secrecy(first, true);
    walk.concat(vec![first, index])
}
