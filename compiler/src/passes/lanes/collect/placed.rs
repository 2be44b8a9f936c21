//! The arrays after the loop: what was appended is sorted by whether it is there, and stands from the first place on.

use super::{Collection, TRUTH, len, starts};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The arrays after the loop.
pub fn placed(
    walk: &mut Walk,
    node: &Node,
    n: u64,
    one: &Collection,
    recorded: &mut impl Iterator<Item = ValueId>,
) -> Option<Vec<(usize, ValueId)>> {
    let n_slots = one.slots.len();
    let rows = n.checked_mul(n_slots as u64)?;
    // By slot: whether the counter rises, then for each array whether and what is written.
    let mut rises = Vec::new();
    let mut written: Vec<Vec<ValueId>> = vec![Vec::new(); one.arrays.len()];
    let mut values: Vec<Vec<ValueId>> = vec![Vec::new(); one.arrays.len()];
    for at in 0..n_slots {
        let mut rise = recorded.next()?;
        if one.arrays[0].always {
            // The last iteration's element stays where it was written.
            let word = Word::from(n - 1);
            let last = walk.constant_value(Scalar::USIZE, ConstVec::Splat { lanes: 1, word });
            let truth = walk.splat_of(TRUTH, 1);
            rise = walk.scatter(rise, last, truth, 1);
        }
        rises.push(rise);
        for (a, array) in one.arrays.iter().enumerate() {
            if !array.is_full(&one.slots) {
                written[a].push(recorded.next()?);
            }
            if array.writes[at].is_empty() {
                let ty = Ty {
                    lanes: n * array.block,
                    ..walk.ty(node.args[array.array])
                };
                values[a].push(walk.splat_of(ty, 0));
            } else {
                values[a].push(recorded.next()?);
            }
        }
    }
    // Row by row: iteration by iteration, slot by slot.
    let column = |walk: &mut Walk, parts: &[ValueId], block: u64, lane: u64| {
        let all = walk.concat(parts.to_vec());
        let dims = vec![
            (n, Word::from(block)),
            (n_slots as u64, Word::from(n * block)),
        ];
        let start = Word::from(lane);
        walk.gather_at(all, ConstVec::Affine { start, dims })
    };
    let start = starts(walk, node, one.counter, one.offset, rows)?;
    let rises = column(walk, &rises, 1, 0);
    let mut skipped = walk.word(WordOp::Not, &[rises]);
    let mut columns = Vec::new();
    for (a, array) in one.arrays.iter().enumerate() {
        if !written[a].is_empty() {
            columns.push(column(walk, &written[a], 1, 0));
        }
        for lane in 0..array.block {
            columns.push(column(walk, &values[a], array.block, lane));
        }
    }
    let mut first = start.unwrap_or(0);
    let mut most = rows;
    if start.is_none() {
        // What stands before the first place goes before what is appended: then places begin at zero.
        let len = len(walk, node, &one.arrays[0]);
        let init = shifted(walk, node.args[one.counter], one.offset);
        let dims = vec![(len, 0)];
        let each = walk.gather_at(init, ConstVec::Affine { start: 0, dims });
        // Every place must be an integer of the counter's type.
        let scalar = walk.ty(init).scalar;
        let scalar = match scalar.mask() < Word::from(len) {
            true => Scalar::USIZE,
            false => scalar,
        };
        let each = walk.cast(each, scalar);
        let places = walk.constant_value(scalar, ConstVec::iota(len));
        let before = walk.word(WordOp::Lt, &[places, each]);
        let after = walk.word(WordOp::Not, &[before]);
        skipped = walk.concat(vec![after, skipped]);
        let mut all = Vec::new();
        let mut rest = columns.into_iter();
        for (a, array) in one.arrays.iter().enumerate() {
            if !written[a].is_empty() {
                let stays = walk.splat_of(
                    Ty {
                        lanes: len,
                        ..TRUTH
                    },
                    1,
                );
                all.push(walk.concat(vec![stays, rest.next()?]));
            }
            for lane in 0..array.block {
                let dims = vec![(len, Word::from(array.block))];
                let start = Word::from(lane);
                let old = node.args[array.array];
                let old = walk.gather_at(old, ConstVec::Affine { start, dims });
                all.push(walk.concat(vec![old, rest.next()?]));
            }
        }
        columns = all;
        (first, most) = (0, len);
    }
    let mut args = vec![skipped];
    args.extend(columns);
    let args: Vec<ValueId> = args
        .into_iter()
        .map(|id| walk.with_secrecy(id, true))
        .collect();
    let tys: Vec<Ty> = args.iter().map(|&id| walk.ty(id)).collect();
    let op = Op::Sort {
        keys: 1,
        segments: 1,
        drawn: false,
    };
    let sorted = walk.push_new(op, args, &tys, vec![]);
    let mut sorted = sorted.into_iter();
    let skipped = sorted.next()?;
    let filled = walk.word(WordOp::Not, &[skipped]);
    let mut out = Vec::new();
    for (a, array) in one.arrays.iter().enumerate() {
        let old = node.args[array.array];
        let block = array.block;
        let len = walk.ty(old).lanes / block;
        let mut taken = filled;
        if !written[a].is_empty() {
            taken = walk.word(WordOp::And, &[filled, sorted.next()?]);
        }
        let columns: Vec<ValueId> = (0..block).filter_map(|_| sorted.next()).collect();
        let n_places = most.min(len.saturating_sub(first));
        if n_places == 0 {
            out.push((array.array, old));
            continue;
        }
        let (n_rows, block_word) = (walk.ty(taken).lanes, Word::from(block));
        let all = walk.concat(columns);
        let dims = vec![(n_places, 1), (block, Word::from(n_rows))];
        let new = walk.gather_at(all, ConstVec::Affine { start: 0, dims });
        let dims = vec![(n_places, 1), (block, 0)];
        let taken = walk.gather_at(taken, ConstVec::Affine { start: 0, dims });
        let dims = vec![(n_places * block, 1)];
        let start = Word::from(first) * block_word;
        let before = walk.gather_at(old, ConstVec::Affine { start, dims });
        let new = walk.word(WordOp::Select, &[taken, new, before]);
        let dims = vec![(n_places, 1)];
        let start = Word::from(first);
        let places = walk.constant_value(Scalar::USIZE, ConstVec::Affine { start, dims });
        out.push((array.array, walk.scatter(old, places, new, block)));
    }
    Some(out)
}

/// A counter and what is added to it.
fn shifted(walk: &mut Walk, id: ValueId, offset: i128) -> ValueId {
    let ty = walk.ty(id);
    let public = Ty {
        secret: false,
        ..ty
    };
    let by = walk.splat_of(public, offset.unsigned_abs());
    match offset.signum() {
        0 => id,
        1 => walk.word(WordOp::Add, &[id, by]),
        _ => walk.word(WordOp::Sub, &[id, by]),
    }
}
