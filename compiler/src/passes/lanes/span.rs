//! The interval in which values lie, from what defines them: enough to see that indices stay inside an array.

use crate::ir::{Op, Reducer};
use crate::passes::constants::vectors::{int_hull, type_range};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;

/// How many definitions are followed back.
const MAX_DEPTH: u32 = 6;

/// Whether every lane of an index is below a length.
pub fn is_below(walk: &Walk, idx: ValueId, len: u64) -> bool {
    walk.ty(idx).lanes == 0
        || interval(walk, idx).is_some_and(|(lo, hi)| lo >= 0 && hi < i128::from(len))
}

/// The least and the greatest integer that a value takes, as far as its definition tells.
pub fn interval(walk: &Walk, id: ValueId) -> Option<(i128, i128)> {
    of(walk, id, MAX_DEPTH)
}

fn of(walk: &Walk, id: ValueId, depth: u32) -> Option<(i128, i128)> {
    let scalar = walk.ty(id).scalar;
    if let Some(words) = walk.constant(id) {
        return int_hull(words, scalar);
    }
    let full = type_range(scalar)?;
    let noted = walk.all_values()[id.index()].range;
    let noted = noted.map_or(full, |range| (range.lo, range.hi));
    let computed = depth
        .checked_sub(1)
        .and_then(|depth| match walk.simple(id)? {
            (Op::Word(op), args) => word(walk, *op, args, depth),
            (Op::Gather { .. } | Op::MakeSecret, args) => of(walk, args[0], depth),
            (
                Op::Reduce {
                    reducer: Reducer::Word(WordOp::Add),
                    segments,
                }
                | Op::Scan {
                    reducer: Reducer::Word(WordOp::Add),
                    segments,
                },
                args,
            ) => {
                // Of none the sum is zero.
                let (lo, hi) = of(walk, args[0], depth)?;
                let terms = walk.ty(args[0]).lanes.checked_div(*segments)?;
                let of_all = |one: i128| one.checked_mul(terms.into());
                Some((of_all(lo.min(0))?, of_all(hi.max(0))?))
            }
            _ => None,
        });
    match computed {
        // What leaves the type has wrapped.
        Some((lo, hi)) if full.0 <= lo && hi <= full.1 => {
            let both = (lo.max(noted.0), hi.min(noted.1));
            Some(if both.0 <= both.1 { both } else { noted })
        }
        _ => Some(noted),
    }
}

fn word(walk: &Walk, op: WordOp, args: &[ValueId], depth: u32) -> Option<(i128, i128)> {
    let get = |i: usize| of(walk, args[i], depth);
    match (op, args.len()) {
        (WordOp::Cast, 1) => get(0),
        (WordOp::Add, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            Some((a.0.checked_add(b.0)?, a.1.checked_add(b.1)?))
        }
        (WordOp::Sub, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            Some((a.0.checked_sub(b.1)?, a.1.checked_sub(b.0)?))
        }
        (WordOp::Mul, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            (a.0 >= 0 && b.0 >= 0).then_some(())?;
            Some((a.0.checked_mul(b.0)?, a.1.checked_mul(b.1)?))
        }
        (WordOp::Shl, 2) => {
            let (a, by) = (get(0)?, walk.splat(args[1])?);
            let factor = 1i128.checked_shl(u32::try_from(by).ok()?)?;
            (a.0 >= 0 && factor > 0).then_some(())?;
            Some((a.0.checked_mul(factor)?, a.1.checked_mul(factor)?))
        }
        (WordOp::Shr, 2) => {
            let (a, by) = (get(0)?, walk.splat(args[1])?);
            (a.0 >= 0 && by < 127).then(|| (a.0 >> by, a.1 >> by))
        }
        (WordOp::Div, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            (a.0 >= 0 && b.0 > 0).then(|| (a.0 / b.1, a.1 / b.0))
        }
        (WordOp::Rem, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            (a.0 >= 0 && b.0 > 0).then(|| (0, a.1.min(b.1 - 1)))
        }
        (WordOp::And, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            (a.0 >= 0 && b.0 >= 0).then(|| (0, a.1.min(b.1)))
        }
        (WordOp::Min, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            Some((a.0.min(b.0), a.1.min(b.1)))
        }
        (WordOp::Max, 2) => {
            let (a, b) = (get(0)?, get(1)?);
            Some((a.0.max(b.0), a.1.max(b.1)))
        }
        (WordOp::Select, 3) => {
            let (a, b) = (get(1)?, get(2)?);
            Some((a.0.min(b.0), a.1.max(b.1)))
        }
        _ => None,
    }
}
