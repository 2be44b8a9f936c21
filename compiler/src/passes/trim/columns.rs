//! A secret index of an element in a known place of a row, as the index of the row: only the column of such elements is looked at.
//!
//! ```text
//! before: p = add (mul (cast i), 10), 3   w = write_secret block=1 t, p, x
//! after:  c = gather t, [3, 13, 23, …]    d = write_secret block=1 c, i, x   w = scatter t, [3, 13, 23, …], d
//! ```

use crate::ir::{Op, Ty};
use crate::passes::constants::vectors::lane_indices;
use crate::passes::lanes::span::interval;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// A column of an array, and where in it.
#[derive(Debug)]
pub struct Column {
    /// The lanes of its elements, one element after the other.
    pub lanes: ConstVec,
    /// The index of the row: out of range where the index of the element is.
    pub row: ValueId,
}

/// The column that an index leads to in an array of `len` elements of `block` lanes.
pub fn column(walk: &mut Walk, idx: ValueId, len: u64, block: u64) -> Option<Column> {
    // Conditions under which the index is what follows, and else out of range.
    let (mut at, mut conds) = (computed(walk, idx, 8), Vec::new());
    while let Some(&[cond, then, otherwise]) = walk.word_args(at, WordOp::Select) {
        let outside = |id: ValueId| walk.splat(id).is_some_and(|word| word >= Word::from(len));
        at = if outside(otherwise) {
            conds.push((cond, true));
            then
        } else if outside(then) {
            conds.push((cond, false));
            otherwise
        } else {
            break;
        };
        at = widened(walk, at);
    }
    let (start, offset) = match walk.word_args(at, WordOp::Add) {
        Some(&[a, b]) => match (walk.splat(a), walk.splat(b)) {
            (_, Some(word)) => (a, word),
            (Some(word), None) => (b, word),
            (None, None) => return None,
        },
        _ => (at, 0),
    };
    let (row, each) = match (
        walk.word_args(start, WordOp::Mul),
        walk.word_args(start, WordOp::Shl),
    ) {
        (Some(&[a, b]), _) => match (walk.splat(a), walk.splat(b)) {
            (_, Some(word)) => (a, word),
            (Some(word), None) => (b, word),
            (None, None) => return None,
        },
        (None, Some(&[a, by])) => (a, 1u128.checked_shl(u32::try_from(walk.splat(by)?).ok()?)?),
        _ => return None,
    };
    let each = u64::try_from(each).ok().filter(|each| *each > 1)?;
    let place = u64::try_from(offset).ok().filter(|at| *at < each)?;
    if !len.is_multiple_of(each) {
        return None;
    }
    let rows = len / each;
    // The product does not wrap, so that the row is in range where the element is.
    let most = i128::try_from(walk.ty(at).scalar.mask()).unwrap_or(i128::MAX);
    let mut row = row;
    loop {
        let limit = limit(walk, row, &conds);
        let fits = |limit: i128| {
            let last = (limit - 1).checked_mul(each.into());
            last.is_some_and(|last| last + i128::from(place) <= most)
        };
        let source = walk.word_args(row, WordOp::Cast).map(|args| args[0]);
        match source {
            // A conversion under which all integers in question stay as they are.
            Some(source)
                if self::limit(walk, source, &conds).is_some_and(|limit| {
                    limit - 1 <= i128::try_from(walk.ty(row).scalar.mask()).unwrap_or(i128::MAX)
                }) =>
            {
                row = source;
            }
            _ if limit.is_some_and(fits) => break,
            _ => return None,
        }
    }
    if walk.ty(row).scalar.is_signed() || walk.ty(row).scalar == Scalar::Bool {
        return None;
    }
    // What is only about whether the row is in range, the column's own length says.
    conds.retain(|&(cond, holds)| {
        let about = holds
            && walk.word_args(cond, WordOp::Lt).is_some_and(|args| {
                args[0] == row && walk.splat(args[1]) == Some(Word::from(rows))
            });
        !about
    });
    let row = guarded(walk, row, rows, &conds);
    let dims = vec![(rows, Word::from(each))];
    let start = Word::from(place);
    let lanes = lane_indices(&ConstVec::Affine { start, dims }, Scalar::USIZE, block)?;
    Some(Column { lanes, row })
}

/// Of a lane that is taken from what is computed for several, what computes it alone.
fn computed(walk: &mut Walk, id: ValueId, depth: u32) -> ValueId {
    let Some((&Op::Gather { block: 1 }, &[src, at])) = walk.simple(id) else {
        return id;
    };
    let (Some((&Op::Word(op), args)), Some(depth)) = (walk.simple(src), depth.checked_sub(1))
    else {
        return id;
    };
    let args = args.to_vec();
    if walk.ty(at).lanes != 1 || walk.constant(at).is_none() {
        return id;
    }
    let args: Vec<ValueId> = (args.into_iter())
        .map(|arg| {
            let one = walk.gather(arg, at, 1);
            computed(walk, one, depth)
        })
        .collect();
    let ty = walk.ty(id);
    let range = walk.all_values()[id.index()].range;
    let one = walk.emit(Op::Word(op), args, ty);
    walk.note_range(one, range);
    one
}

/// What a value is below, where the conditions hold.
fn limit(walk: &Walk, id: ValueId, conds: &[(ValueId, bool)]) -> Option<i128> {
    let (low, high) = interval(walk, id)?;
    if low < 0 {
        return None;
    }
    let below = conds
        .iter()
        .filter(|(_, holds)| *holds)
        .filter_map(|&(cond, _)| {
            let args = walk.word_args(cond, WordOp::Lt)?;
            (args[0] == id).then_some(())?;
            i128::try_from(walk.splat(args[1])?).ok()
        });
    below.chain([high.checked_add(1)?]).min()
}

/// What an index was before conversions that keep every integer.
fn widened(walk: &Walk, id: ValueId) -> ValueId {
    let mut at = id;
    while let Some(&[from]) = walk.word_args(at, WordOp::Cast)
        && !walk.ty(from).scalar.is_signed()
        && walk.ty(from).scalar != Scalar::Bool
        && walk.ty(from).scalar.width() <= walk.ty(at).scalar.width()
    {
        at = from;
    }
    at
}

/// The index where all conditions hold, and one that is out of range elsewhere.
fn guarded(walk: &mut Walk, row: ValueId, rows: u64, conds: &[(ValueId, bool)]) -> ValueId {
    if conds.is_empty() {
        return row;
    }
    let scalar = walk.ty(row).scalar;
    let row = if Word::from(rows) > scalar.mask() {
        // All values of this width are inside: one more bit makes room for an outside.
        let needed = 64 - rows.leading_zeros();
        let wider = u8::try_from(needed.max(scalar.width()) + 1).unwrap_or(65);
        walk.cast(row, Scalar::unsigned(wider))
    } else {
        row
    };
    let ty = Ty {
        secret: false,
        ..walk.ty(row)
    };
    let outside = walk.splat_of(ty, ty.scalar.mask());
    conds.iter().fold(row, |row, &(cond, holds)| {
        let (then, otherwise) = if holds {
            (row, outside)
        } else {
            (outside, row)
        };
        walk.word(WordOp::Select, &[cond, then, otherwise])
    })
}

/// A read or a write of one column; its result.
pub fn narrowed(walk: &mut Walk, op: &Op, args: &[ValueId]) -> Option<ValueId> {
    let (&Op::ReadSecret { block, groups: 1 } | &Op::WriteSecret { block, groups: 1 }) = op else {
        return None;
    };
    let (array, idx) = (args[0], args[1]);
    let ty = walk.ty(array);
    let found = column(walk, idx, ty.lanes.checked_div(block)?, block)?;
    let lanes = walk.constant_value(Scalar::USIZE, found.lanes);
    let part = walk.gather(array, lanes, 1);
    let small = Ty {
        lanes: walk.ty(part).lanes,
        ..ty
    };
    match args {
        &[_, _, val] => {
            let part = walk.emit(op.clone(), vec![part, found.row, val], small);
            Some(walk.scatter(array, lanes, part, 1))
        }
        _ => {
            let read = Ty {
                lanes: walk.ty(found.row).lanes * block,
                ..ty
            };
            Some(walk.emit(op.clone(), vec![part, found.row], read))
        }
    }
}
