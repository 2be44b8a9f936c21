//! A sort of one party's own rows, bit by bit: from the lowest bit of the last key on, each row goes behind those before it that have the
//! same bit, zeros before ones.
//!
//! What moves is the order of the rows; the columns follow at the end. A bit takes a sum along the rows and a write to places that only
//! the owner knows, so that all is linear in the rows, where a network takes log² of them. No step depends on what is sorted but by the
//! places that the owner reads and writes in its own memory.

use crate::ir::{Op, Reducer, Ty, needed_bits};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Steps on words that a row takes for a bit.
const STEPS: u64 = 12;

/// Numbers of rows.
const PLACE: Scalar = Scalar::unsigned(64);

/// Whether this takes fewer steps than a network.
pub(super) fn is_cheaper(walk: &Walk, columns: &[ValueId], keys: u64, segments: u64) -> bool {
    let lanes = columns.first().map_or(0, |&c| walk.ty(c).lanes);
    let rows = lanes.checked_div(segments).unwrap_or(0);
    let n = columns.len() as u64;
    let bits = columns
        .iter()
        .take(keys as usize)
        .map(|&key| bits(walk, key));
    let bits: u64 = bits.map(|(bits, _)| u64::from(bits)).sum();
    STEPS * bits + n < super::network::steps(rows, n, keys)
}

/// The bits of a key that differ, and whether the highest is a sign.
fn bits(walk: &Walk, key: ValueId) -> (u32, bool) {
    needed_bits(walk.ty(key).scalar, walk.all_values()[key.index()].range)
}

/// The columns with their rows in ascending order of the first `keys` columns; rows with equal keys stay in their order.
pub(super) fn sort(walk: &mut Walk, columns: &[ValueId], keys: u64, segments: u64) -> Vec<ValueId> {
    let lanes = columns.first().map_or(0, |&c| walk.ty(c).lanes);
    let rows = lanes.checked_div(segments).unwrap_or(0);
    if rows < 2 {
        return columns.to_vec();
    }
    let dims = vec![(segments, 0), (rows, 1)];
    let places = walk.constant_value(PLACE, ConstVec::Affine { start: 0, dims });
    let runs = Runs {
        segments,
        rows,
        places: walk.with_secrecy(places, true),
    };
    let mut order = runs.places;
    let mut moved = false;
    for &key in columns[..keys as usize].iter().rev() {
        let (bits, signed) = bits(walk, key);
        for bit in 0..bits {
            let now = match moved {
                true => runs.read(walk, key, order),
                false => key,
            };
            let to = runs.behind(walk, now, bit, signed && bit + 1 == bits);
            let op = Op::WriteSecret {
                block: 1,
                groups: segments,
            };
            let ty = walk.ty(order);
            order = walk.emit(op, vec![order, to, order], ty);
            moved = true;
        }
    }
    let read = |walk: &mut Walk, &column| runs.read(walk, column, order);
    columns.iter().map(|column| read(walk, column)).collect()
}

/// Runs of rows that are sorted by themselves.
#[derive(Clone, Copy)]
struct Runs {
    segments: u64,
    rows: u64,
    /// 0, 1, … in each run.
    places: ValueId,
}

impl Runs {
    fn ty(self) -> Ty {
        Ty {
            scalar: PLACE,
            lanes: self.segments * self.rows,
            secret: true,
        }
    }

    /// A column in another order.
    fn read(self, walk: &mut Walk, column: ValueId, order: ValueId) -> ValueId {
        let op = Op::ReadSecret {
            block: 1,
            groups: self.segments,
        };
        let ty = walk.ty(column);
        walk.emit(op, vec![column, order], ty)
    }

    /// The place of each row if rows with a bit, or without it, come last and else stay in their order.
    fn behind(self, walk: &mut Walk, key: ValueId, bit: u32, zeros_last: bool) -> ValueId {
        let ty = walk.ty(key);
        let mut last = key;
        if bit > 0 {
            let amount = Ty {
                scalar: Scalar::unsigned(8),
                secret: false,
                ..ty
            };
            let amount = walk.splat_of(amount, Word::from(bit));
            last = walk.word(WordOp::Shr, &[key, amount]);
        }
        if ty.scalar != Scalar::Bool {
            last = walk.cast(last, Scalar::Bool);
        }
        let mut first = walk.emit(Op::Word(WordOp::Not), vec![last], walk.ty(last));
        if zeros_last {
            (first, last) = (last, first);
        }
        // How many come first, up to each row and in all.
        let counted = walk.cast(first, PLACE);
        let upto = Op::Scan {
            reducer: Reducer::Word(WordOp::Add),
            segments: self.segments,
        };
        let upto = walk.emit(upto, vec![counted], self.ty());
        let all = ConstVec::Affine {
            start: Word::from(self.rows - 1),
            dims: vec![(self.segments, Word::from(self.rows)), (self.rows, 0)],
        };
        let all = walk.gather_at(upto, all);
        let one = walk.splat_of(self.ty(), 1);
        let among_first = walk.word(WordOp::Sub, &[upto, one]);
        let others = walk.word(WordOp::Sub, &[self.places, upto]);
        let among_last = walk.word(WordOp::Add, &[all, others]);
        walk.word(WordOp::Select, &[last, among_last, among_first])
    }
}
