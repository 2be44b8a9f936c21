//! Sums by group of one party's own rows: row by row, into an array that only it holds.
//!
//! ```text
//! before: t = reduce add segments=m (select (eq (each index, m times) (0 … m−1, n times)) value 0)
//! after:  t = loop n (zeros) { (k, h)  i = index[k]  h' = write_secret h, i, (read_secret h, i) + value[k]  yield h' }
//! ```
//!
//! It takes n steps on words where comparing takes n·m. What lies below each of some edges is summed by the number of edges that are
//! not above a row, and then along the edges.

use super::asked::{Asked, By, Groups, ranks};
use super::rows::so_far;
use crate::ir::{Op, Ty};
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// For fewer groups rows are compared with each.
const FEWEST: u64 = 8;

/// Whether this takes fewer steps than comparing.
pub(super) const fn is_cheaper(groups: &Groups) -> bool {
    groups.n_groups >= FEWEST
}

/// The sums of all groups, or what else is asked of them.
pub(super) fn sums(walk: &mut Walk, groups: &Groups) -> ValueId {
    let n = groups.n_groups;
    let (places, len) = match &groups.by {
        By::Number => (groups.index, n),
        By::Below(edges) => (above(walk, groups.index, edges, WordOp::Le), n + 1),
        By::UpTo(edges) => (above(walk, groups.index, edges, WordOp::Lt), n + 1),
    };
    let each = row_by_row(walk, groups, places, len);
    let Some(edges) = groups.by.edges() else {
        return each;
    };
    let so_far = so_far(walk, WordOp::Add, each);
    let ranks = ranks(edges, walk.ty(groups.index).scalar);
    walk.gather_at(so_far, ConstVec::Table(ranks))
}

/// For each row, how many edges are not above it (`Le`), or below it (`Lt`): by halving.
fn above(walk: &mut Walk, index: ValueId, edges: &[Word], is: WordOp) -> ValueId {
    let ty = walk.ty(index);
    let n = edges.len() as u64;
    let mut sorted = vec![0; edges.len()];
    for (&edge, rank) in edges.iter().zip(ranks(edges, ty.scalar)) {
        sorted[rank as usize] = edge;
    }
    let table = walk.constant_value(ty.scalar, ConstVec::Table(sorted));
    let table = walk.with_secrecy(table, true);
    let count = Ty {
        scalar: Scalar::USIZE,
        ..ty
    };
    let public = Ty {
        secret: false,
        ..count
    };
    let (one, end) = (walk.splat_of(public, 1), walk.splat_of(public, n.into()));
    let mut found = walk.splat_of(count, 0);
    for bit in (0..=n.ilog2()).rev() {
        let step = walk.splat_of(public, 1 << bit);
        let more = walk.word(WordOp::Add, &[found, step]);
        let last = walk.word(WordOp::Sub, &[more, one]);
        let op = Op::ReadSecret {
            block: 1,
            groups: 1,
        };
        let edge = walk.emit(op, vec![table, last], ty);
        let is_above = walk.word(is, &[edge, index]);
        let is_there = walk.word(WordOp::Le, &[more, end]);
        let both = walk.word(WordOp::And, &[is_above, is_there]);
        found = walk.word(WordOp::Select, &[both, more, found]);
    }
    found
}

/// By place, what comes of the rows that have it; places behind the last are nobody's.
fn row_by_row(walk: &mut Walk, groups: &Groups, places: ValueId, len: u64) -> ValueId {
    let mut places = places;
    let scalar = walk.ty(places).scalar;
    if scalar.is_signed() {
        places = walk.cast(places, Scalar::unsigned(scalar.width() as u8));
    }
    let all = Ty {
        scalar: groups.scalar,
        lanes: len,
        secret: true,
    };
    let values = groups.values.map(|v| walk.cast(v, groups.scalar));
    let (op, none) = match groups.asked {
        Asked::Sum => (WordOp::Add, 0),
        Asked::Least(none) => (WordOp::Min, none),
        Asked::Greatest(none) => (WordOp::Max, none),
    };
    let none = walk.splat_of(all, none);
    let counter = walk.fresh(Ty {
        scalar: Scalar::USIZE,
        lanes: 1,
        secret: false,
    });
    walk.bound_counter(counter, groups.rows);
    let held = walk.fresh(all);
    walk.open(vec![counter, held]);
    let at = walk.gather(places, counter, 1);
    let value = match values {
        Some(values) => walk.gather(values, counter, 1),
        None => {
            let one = Ty {
                lanes: 1,
                secret: false,
                ..all
            };
            walk.splat_of(one, 1)
        }
    };
    let one = Ty { lanes: 1, ..all };
    let read = Op::ReadSecret {
        block: 1,
        groups: 1,
    };
    let old = walk.emit(read, vec![held, at], one);
    let new = walk.word(op, &[old, value]);
    let write = Op::WriteSecret {
        block: 1,
        groups: 1,
    };
    let new = walk.emit(write, vec![held, at, new], all);
    let body = walk.close(vec![new]);
    let count = Some(groups.rows);
    walk.push_new(Op::Loop { count }, vec![none], &[all], vec![body])[0]
}
