//! Counts and sums over all pairs of rows of two lists, as a sort where that is cheaper.
//!
//! ```text
//! before: hit = eq (x of n lanes, each m times), (y of m lanes, n times)   t = reduce add segments=n (select hit, value, 0)
//! after:  rows = every x, every y with its value, every x again
//!         order = sort rows, row's number   s = scan add of values in this order, and back
//!         t = (s of the second x) − (s of the first)
//! ```
//!
//! Sorts are stable, so that of equal keys the rows stand between the two places of whoever asks for them. What lies below a key stands before
//! the first of its places, and one list of askers is enough. Of pairs of one list, `i < j`, a row's own place is the other end. n·m comparisons become a sort of m + 2·n rows. Intersections, joins
//! and ranks are written as loops over all pairs first, and found here by their form.

use super::Sorter;
use super::matched::{Asks, Pairs, Span as Among, pairs, places};
use super::rows::{lanes, numbers, public, sort, sort_by, sums_so_far};
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Region};
use crate::passes::dead;
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar};

/// What the cost follows from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    asks: Asks,
    among: Among,
    keys: Vec<Scalar>,
    /// Of the rows, where they are not counted.
    values: Option<Scalar>,
    sums: Scalar,
    askers: u64,
    rows: u64,
    total: bool,
}

/// Rows and askers in order.
#[derive(Clone, Copy)]
struct Order {
    /// By place, the row's number.
    rows: ValueId,
    /// By row, its place.
    places: ValueId,
}

/// Writes sums over pairs as sorts where these are cheaper, or everywhere if nobody asks. `owners` says by value who computes it alone.
pub(super) fn run(ir: Ir, sorter: Option<Sorter<'_>>, owners: Vec<Grid>) -> Ir {
    let mut rule = Sums {
        sorter,
        owners,
        sorted: SortedMap::new(),
        cheaper: SortedMap::new(),
        found: false,
    };
    let rewritten = rewrite(ir, false, &mut rule).ir;
    match rule.found {
        true => dead::run(rewritten).ir,
        false => rewritten,
    }
}

/// Where sums over pairs may become sorts.
pub(super) fn spans(ir: &Ir) -> Vec<Span> {
    struct Find(Vec<Span>);
    impl Rule for Find {
        fn node(&mut self, walk: &mut Walk, node: Node) {
            self.0.extend(pairs(walk, &node).map(|_| node.span));
            walk.push(node);
        }
    }
    let mut find = Find(Vec::new());
    if may_be_in(&ir.body, ir) {
        rewrite(ir.clone(), false, &mut find);
    }
    find.0
}

/// Whether there may be some in a region.
pub(super) fn may_be_in(region: &Region, ir: &Ir) -> bool {
    let large = |node: &Node| super::matched::is_large(node, |v| ir.values[v.index()].ty);
    (region.nodes.iter()).any(|n| large(n) || n.regions.iter().any(|inner| may_be_in(inner, ir)))
}

struct Sums<'a> {
    sorter: Option<Sorter<'a>>,
    owners: Vec<Grid>,
    /// By keys of rows and of askers and by what is asked, in this region.
    sorted: SortedMap<(Vec<ValueId>, Vec<ValueId>, Asks, Among), Order>,
    cheaper: SortedMap<Shape, bool>,
    found: bool,
}

impl Rule for Sums<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let owner = node.results.first().map(|r| self.owners.get(r.index()));
        let owner = owner.flatten().map(Grid::whole);
        let is_joint = owner.is_none_or(|owner| owner == Owner::Joint);
        let found = pairs(walk, &node).filter(|_| is_joint && node.protocol.is_none());
        let Some(pairs) = found.filter(|pairs| self.is_cheaper(walk, pairs)) else {
            walk.push(node);
            return;
        };
        self.found = true;
        walk.span = node.span;
        let [rows, askers] = [&pairs.rows, &pairs.askers].map(|list| list.keys.clone());
        let key = (rows, askers, pairs.asks, pairs.span);
        let order = *(self.sorted.entry(key)).or_insert_with(|| in_order(walk, &pairs));
        let sums = sums(walk, &pairs, order);
        let range = walk.all_values()[node.results[0].index()].range;
        walk.note_range(sums, range);
        walk.replace(node.results[0], sums);
    }

    fn enter(&mut self) {
        self.sorted.clear();
    }

    fn leave(&mut self) {
        self.sorted.clear();
    }
}

impl Sums<'_> {
    fn is_cheaper(&mut self, walk: &Walk, pairs: &Pairs) -> bool {
        let shape = Shape {
            asks: pairs.asks,
            among: pairs.span,
            keys: key_types(walk, &pairs.rows.keys),
            values: pairs.rows.values.map(|v| walk.ty(v).scalar),
            sums: pairs.scalar,
            askers: pairs.askers.n,
            rows: pairs.rows.n,
            total: pairs.total,
        };
        let Some(sorter) = self.sorter else {
            return true;
        };
        *self.cheaper.entry(shape).or_insert_with_key(|shape| {
            let compared = compared(shape, sorter.n_parties);
            let by_sorting = sorter.whole(run(compared.clone(), None, Vec::new()));
            by_sorting < sorter.whole(compared)
        })
    }
}

/// A key has no more bits, and several are made into one up to there.
const MOST_BITS: u32 = 128;

/// Keys that are made into one each, in their order.
fn together(walk: &Walk, keys: &[ValueId]) -> Vec<Vec<ValueId>> {
    let mut groups: Vec<(u32, Vec<ValueId>)> = Vec::new();
    for &key in keys {
        let bits = walk.ty(key).scalar.width();
        match groups.last_mut() {
            Some((all, group)) if *all + bits <= MOST_BITS => {
                *all += bits;
                group.push(key);
            }
            _ => groups.push((bits, vec![key])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The types of the keys that are sorted by.
fn key_types(walk: &Walk, keys: &[ValueId]) -> Vec<Scalar> {
    let groups = together(walk, keys);
    groups.iter().map(|group| key_type(walk, group)).collect()
}

/// The type of one key that several are made into.
fn key_type(walk: &Walk, keys: &[ValueId]) -> Scalar {
    match *keys {
        [one] => walk.ty(one).scalar,
        _ => {
            let bits = keys.iter().map(|&key| walk.ty(key).scalar.width());
            Scalar::unsigned(bits.sum::<u32>() as u8)
        }
    }
}

/// One key of several.
fn packed(walk: &mut Walk, keys: &[ValueId]) -> ValueId {
    if let [one] = *keys {
        return walk.with_secrecy(one, true);
    }
    let scalar = key_type(walk, keys);
    let mut all = None;
    for &key in keys {
        let ty = walk.ty(key);
        let bits = walk.cast(key, Scalar::unsigned(ty.scalar.width() as u8));
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

/// Rows between or beside those who ask for them.
fn beside(pairs: &Pairs, askers: ValueId, rows: ValueId) -> Vec<ValueId> {
    match (pairs.asks, pairs.span) {
        (Asks::Equal, Among::All) => vec![askers, rows, askers],
        (Asks::Below, _) | (Asks::Equal, Among::Earlier) => vec![askers, rows],
        (Asks::UpTo, _) | (Asks::Equal, Among::Later) => vec![rows, askers],
    }
}

/// Sorts rows and askers.
fn in_order(walk: &mut Walk, pairs: &Pairs) -> Order {
    let rows = together(walk, &pairs.rows.keys);
    let askers = together(walk, &pairs.askers.keys);
    let mut columns: Vec<ValueId> = (rows.iter().zip(&askers))
        .map(|(rows, askers)| {
            let (rows, askers) = (packed(walk, rows), packed(walk, askers));
            walk.concat(beside(pairs, askers, rows))
        })
        .collect();
    let keys = columns.len();
    let numbers = numbers(walk, walk.ty(columns[0]).lanes);
    columns.push(numbers);
    let rows = sort_by(walk, keys as u64, columns)[keys];
    let places = sort(walk, vec![rows, numbers])[1];
    Order { rows, places }
}

/// What is asked for.
fn sums(walk: &mut Walk, pairs: &Pairs, order: Order) -> ValueId {
    let (n, m) = (pairs.askers.n, pairs.rows.n);
    // As many bits as there may be rows, or as the sums have.
    let scalar = match pairs.rows.values {
        None => Scalar::unsigned(m.ilog2() as u8 + 1),
        Some(_) => pairs.scalar,
    };
    let ty = |lanes| crate::ir::Ty {
        scalar,
        lanes,
        secret: false,
    };
    let zero = walk.splat_of(ty(m), 0);
    let mut values = match pairs.rows.values {
        None => walk.splat_of(ty(m), 1),
        Some(values) => walk.cast(values, scalar),
    };
    for &when in &pairs.rows.when {
        values = walk.word(WordOp::Select, &[when, values, zero]);
    }
    let values = walk.with_secrecy(values, true);
    let nothing = walk.splat_of(ty(n), 0);
    let nothing = walk.with_secrecy(nothing, true);
    let all = walk.concat(beside(pairs, nothing, values));
    let ends = sums_so_far(walk, all, order.rows, order.places);
    let mut sums = match (pairs.asks, pairs.span) {
        (Asks::Equal, among) => {
            let last = if among == Among::All { n + m } else { n };
            let (first, last) = (lanes(walk, ends, 0, n), lanes(walk, ends, last, n));
            walk.word(WordOp::Sub, &[last, first])
        }
        (Asks::Below, _) => lanes(walk, ends, 0, n),
        (Asks::UpTo, _) => lanes(walk, ends, m, n),
    };
    if pairs.span == Among::Earlier {
        // Sums up to a row have the row itself.
        sums = walk.word(WordOp::Sub, &[sums, values]);
    }
    if pairs.others {
        let all = walk.reduce(WordOp::Add, values, 1);
        let all = walk.gather_at(all, ConstVec::Splat { lanes: n, word: 0 });
        sums = walk.word(WordOp::Sub, &[all, sums]);
    }
    if pairs.any {
        let none = walk.splat_of(ty(n), 0);
        sums = walk.word(WordOp::Ne, &[sums, none]);
    } else {
        sums = walk.cast(sums, pairs.scalar);
        if let Some(factor) = pairs.askers.values {
            let factor = walk.cast(factor, pairs.scalar);
            sums = walk.word(WordOp::Mul, &[sums, factor]);
        }
    }
    for &when in &pairs.askers.when {
        let none = walk.splat_of(public(walk.ty(sums)), 0);
        sums = walk.word(WordOp::Select, &[when, sums, none]);
    }
    let some = pairs.some.end - pairs.some.start;
    if some < n && pairs.total && pairs.span != Among::All {
        sums = lanes(walk, sums, pairs.some.start, some);
    }
    match (pairs.total, pairs.any) {
        (false, _) => sums,
        (true, false) => walk.reduce(WordOp::Add, sums, 1),
        (true, true) => walk.reduce(WordOp::Or, sums, 1),
    }
}

/// A program that does nothing but compare all pairs, and add up.
fn compared(shape: &Shape, n_parties: u32) -> Ir {
    let (n, m) = (shape.askers, shape.rows);
    let mut b = Builder::new(n_parties);
    let values = shape.values.map(|values| b.input(1, "v", values, m));
    let values = values.map(|values| b.cast(values, shape.sums));
    let (outer, inner) = places(n, m, shape.among, 0..n);
    let pairs = outer.lanes();
    let [outer, inner] = [outer, inner].map(|at| b.constant(Scalar::USIZE, at));
    let values = values.map(|values| b.gather(values, inner, 1));
    let op = match shape.asks {
        Asks::Equal => WordOp::Eq,
        Asks::Below => WordOp::Lt,
        Asks::UpTo => WordOp::Le,
    };
    let mut hit = None;
    for &key in &shape.keys {
        let askers = b.input(0, "x", key, n);
        let rows = match shape.among {
            Among::All => b.input(1, "y", key, m),
            Among::Earlier | Among::Later => askers,
        };
        let (each, again) = (b.gather(askers, outer, 1), b.gather(rows, inner, 1));
        let also = b.word(op, &[again, each]);
        hit = Some(match hit {
            None => also,
            Some(hit) => b.word(WordOp::And, &[hit, also]),
        });
    }
    let Some(hit) = hit else { return b.finish() };
    let each_row = shape.among == Among::All && !shape.total;
    let segments = if each_row { n } else { 1 };
    let sums = match (shape.sums, values) {
        (Scalar::Bool, _) => b.reduce(WordOp::Or, hit, segments),
        (sums, None) => {
            let terms = b.cast(hit, sums);
            b.reduce(WordOp::Add, terms, segments)
        }
        (sums, Some(values)) => {
            let none = b.splat(sums, pairs, 0);
            let terms = b.word(WordOp::Select, &[hit, values, none]);
            b.reduce(WordOp::Add, terms, segments)
        }
    };
    b.output(sums, &[0]);
    b.finish()
}

#[cfg(test)]
mod tests;
