//! The largest, smallest or latest value among the rows with each asker's key, as a sort where that is cheaper.
//!
//! ```text
//! before: hit = eq (x of n lanes, each m times), (y of m lanes, n times)   t = reduce max segments=n (select hit, value, 0)
//! after:  y, value = sort y, value                                (the last of a key is the largest)
//!         d = (y, value) xor (nothing, y, value)                  (what changes from one row to the next)
//!         order, e = sort (y, x), (row's number, d)
//!         k, v = lanes m … of sort order, (scan xor e)            (the last row up to each asker)
//!         t = select (eq k, x), v, 0
//! ```
//!
//! Sorts are stable, so that askers stand behind the rows with their key, and of rows in their first order the latest is the last. Rows
//! that do not count are sorted by that before all, and are nobody's. n·m comparisons become a sort of n + m rows. What is found in a table
//! by a key, the best offer to each, the last visit of each are written as loops over all pairs first, and found here by their form.

use super::Sorter;
use super::found::{Form, Prices, is_joint};
use super::matched::{Best, Kind, best, is_large_best};
use super::rows::{lanes, numbers, packed, public, so_far, sort_by, together};
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Ty};
use crate::passes::dead;
use crate::passes::own::grid::Grid;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar};

/// What the cost follows from: what is asked for, types of keys and values, askers and rows.
type Shape = (Kind, Vec<Scalar>, Scalar, u64, u64);

/// The best of the rows with each asker's key.
pub(super) const FORM: Form = Form {
    may_have: |node, ty| is_large_best(node, ty),
    has: |walk, node| best(walk, node).is_some(),
    push: Walk::push,
    write: |ir, sorter, owners| run(ir, Some(sorter), owners),
};

/// Writes them as sorts where these are cheaper, or everywhere if nobody asks. `owners` says by value who computes it alone.
fn run(ir: Ir, sorter: Option<Sorter<'_>>, owners: Vec<Grid>) -> Ir {
    let mut rule = Bests {
        prices: Prices::new(sorter),
        owners,
        found: false,
    };
    let rewritten = rewrite(ir, false, &mut rule).ir;
    match rule.found {
        true => dead::run(rewritten).ir,
        false => rewritten,
    }
}

struct Bests<'a> {
    prices: Prices<'a, Shape>,
    owners: Vec<Grid>,
    found: bool,
}

impl Rule for Bests<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let found = best(walk, &node).filter(|_| node.protocol.is_none());
        let found = found.filter(|_| is_joint(&self.owners, node.results[0]));
        let Some(best) = found.filter(|best| self.is_cheaper(walk, best)) else {
            walk.push(node);
            return;
        };
        self.found = true;
        walk.span = node.span;
        let [any, value] = sorted(walk, &best);
        match best.kind {
            Kind::Latest => {
                // Where there is none, what stands first is said.
                let dims = vec![(best.askers, 0)];
                let first = walk.gather_at(best.values, ConstVec::Affine { start: 0, dims });
                let value = walk.word(WordOp::Select, &[any, value, first]);
                walk.replace_all(&node.results, &[any, value]);
            }
            Kind::Greatest(none) | Kind::Least(none) => {
                let none = walk.splat_of(public(walk.ty(value)), none);
                let value = walk.word(WordOp::Select, &[any, value, none]);
                walk.replace(node.results[0], value);
            }
        }
    }
}

impl Bests<'_> {
    fn is_cheaper(&mut self, walk: &Walk, best: &Best) -> bool {
        let keys = best.term.equal.iter();
        let shape = (
            best.kind,
            keys.map(|&(_, row)| walk.ty(row).scalar).collect(),
            walk.ty(best.values).scalar,
            best.askers,
            best.rows,
        );
        let written = |ir| run(ir, None, Vec::new());
        self.prices.is_cheaper(shape, 1, compared, written)
    }
}

/// Whether there is a row for each asker, and its value.
fn sorted(walk: &mut Walk, best: &Best) -> [ValueId; 2] {
    let (n, m) = (best.askers, best.rows);
    let term = &best.term;
    let (mut askers, mut rows): (Vec<_>, Vec<_>) = term.equal.iter().copied().unzip();
    // Which rows count is part of the key.
    if let Some(counts) = all_hold(walk, &term.rows.when) {
        let bit = Scalar::unsigned(1);
        let ty = Ty {
            scalar: bit,
            lanes: n,
            secret: false,
        };
        askers.insert(0, walk.splat_of(ty, 1));
        rows.insert(0, walk.cast(counts, bit));
    }
    let groups = together(walk, &rows);
    let keys = |walk: &mut Walk, columns: &[ValueId]| -> Vec<ValueId> {
        (groups.iter())
            .map(|group| packed(walk, &columns[group.clone()]))
            .collect()
    };
    let (askers, rows) = (keys(walk, &askers), keys(walk, &rows));
    let by = match best.kind {
        Kind::Least(_) => walk.word(WordOp::Not, &[best.values]),
        Kind::Greatest(_) | Kind::Latest => best.values,
    };
    let by = walk.with_secrecy(by, true);
    let mut columns = rows;
    columns.push(by);
    let n_keys = match best.kind {
        Kind::Latest => groups.len(),
        Kind::Greatest(_) | Kind::Least(_) => groups.len() + 1,
    };
    let rows = sort_by(walk, n_keys as u64, columns);
    // The rows and the askers behind them, and what changes from row to row: that there is one, its key, and its value.
    let mut columns: Vec<ValueId> = (rows.iter().zip(&askers))
        .map(|(&row, &asker)| walk.concat(vec![row, asker]))
        .collect();
    columns.push(numbers(walk, n + m));
    let row = ConstVec::Splat { lanes: m, word: 1 };
    let row = walk.constant_value(Scalar::unsigned(1), row);
    let changes: Vec<ValueId> = (std::iter::once(row).chain(rows.iter().copied()))
        .map(|column| changes(walk, column, n))
        .collect();
    let first = columns.len();
    columns.extend(changes);
    let in_order = sort_by(walk, groups.len() as u64, columns);
    let mut back = vec![in_order[first - 1]];
    for &changes in &in_order[first..] {
        back.push(so_far(walk, WordOp::Xor, changes));
    }
    let back = sort_by(walk, 1, back);
    let mut last = (back[1..].iter()).map(|&column| lanes(walk, column, m, n));
    let is_one = last.next();
    let last: Vec<ValueId> = last.collect();
    let mut any = is_one.map(|one| walk.cast(one, Scalar::Bool));
    for (&key, &asker) in last.iter().zip(&askers) {
        let is_same = walk.word(WordOp::Eq, &[key, asker]);
        any = Some(match any {
            None => is_same,
            Some(any) => walk.word(WordOp::And, &[any, is_same]),
        });
    }
    let mut value = last[groups.len()];
    if matches!(best.kind, Kind::Least(_)) {
        value = walk.word(WordOp::Not, &[value]);
    }
    let mut any = any.unwrap_or(value);
    if let Some(asks) = all_hold(walk, &term.askers.when) {
        any = walk.word(WordOp::And, &[any, asks]);
    }
    [any, value]
}

/// What changes from row to row in a column, and nothing for so many askers.
fn changes(walk: &mut Walk, column: ValueId, askers: u64) -> ValueId {
    let ty = walk.ty(column);
    let zeros = |lanes| Ty {
        lanes,
        ..public(ty)
    };
    let first = walk.splat_of(zeros(1), 0);
    let before = lanes(walk, column, 0, ty.lanes - 1);
    let before = walk.concat(vec![first, before]);
    let changes = walk.word(WordOp::Xor, &[column, before]);
    let nothing = walk.splat_of(zeros(askers), 0);
    let changes = walk.concat(vec![changes, nothing]);
    walk.with_secrecy(changes, true)
}

/// Where all of some conditions hold; nothing if there are none.
fn all_hold(walk: &mut Walk, when: &[(ValueId, bool)]) -> Option<ValueId> {
    let mut all = None;
    for &(when, holds) in when {
        let holds = match holds {
            true => when,
            false => walk.word(WordOp::Not, &[when]),
        };
        all = Some(match all {
            None => holds,
            Some(all) => walk.word(WordOp::And, &[all, holds]),
        });
    }
    all
}

/// A program that does nothing but compare all pairs, and choose.
fn compared((kind, keys, values, n, m): &Shape, n_parties: u32) -> Ir {
    let (n, m) = (*n, *m);
    let mut b = Builder::new(n_parties);
    let outer = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 1), (m, 0)],
    };
    let inner = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 0), (m, 1)],
    };
    let [outer, inner] = [outer, inner].map(|at| b.constant(Scalar::USIZE, at));
    let mut hit = None;
    for &key in keys {
        let [askers, rows] = [(0, n, outer), (1, m, inner)].map(|(party, lanes, at)| {
            let column = b.input(party, "x", key, lanes);
            b.gather(column, at, 1)
        });
        let also = b.word(WordOp::Eq, &[askers, rows]);
        hit = Some(match hit {
            None => also,
            Some(hit) => b.word(WordOp::And, &[hit, also]),
        });
    }
    let Some(hit) = hit else { return b.finish() };
    let values = b.input(1, "v", *values, m);
    let values = b.gather(values, inner, 1);
    let found = match kind {
        Kind::Latest => b.reduce_region(&[hit, values], n, |b, left, right| {
            let any = b.word(WordOp::Or, &[left[0], right[0]]);
            vec![any, b.word(WordOp::Select, &[right[0], right[1], left[1]])]
        }),
        Kind::Greatest(none) | Kind::Least(none) => {
            let none = b.splat(b.ty(values).scalar, n * m, *none);
            let chosen = b.word(WordOp::Select, &[hit, values, none]);
            let op = match kind {
                Kind::Least(_) => WordOp::Min,
                _ => WordOp::Max,
            };
            vec![b.reduce(op, chosen, n)]
        }
    };
    for found in found {
        b.output(found, &[0]);
    }
    b.finish()
}

#[cfg(test)]
mod tests;
