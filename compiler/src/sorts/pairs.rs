//! Counts and sums over all pairs of rows of two lists, as a sort where that is cheaper.
//!
//! ```text
//! before: hit = eq (x of n lanes, each m times), (y of m lanes, n times)   t = reduce add segments=n (select hit, value, 0)
//! after:  rows = every x, every y with its value, every x again
//!         order = sort rows, row's number   s = scan add of values in this order, and back
//!         t = (s of the second x) − (s of the first)
//! ```
//!
//! Sorts are stable, so that of equal keys the rows stand between the two places of whoever asks for them. Who asks for rows that lie between
//! bounds stands where these are, and whose rows lie below a bound needs one place alone. Of pairs of one list, `i < j`, a row's own place
//! is the other end. n·m comparisons become a sort of m + 2·n rows. What is added up may be a sum of several terms (`super::summands`), which share
//! a sort where their columns are the same. Intersections, joins and ranks are written as loops over all pairs first, and found here by their form.

use super::Sorter;
use super::found::{Form, Prices, is_joint};
use super::matched::{Bound, FEWEST, List, Pairs, Span as Among, Term, is_large, pairs, places};
use super::rows::{
    MOST_BITS, lanes, numbers, packed, public, sort, sort_by, sums_so_far, together,
};
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Op, Ty};
use crate::passes::constants::vectors::normal;
use crate::passes::dead;
use crate::passes::own::grid::Grid;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::ops::Range;

/// What the cost of a term follows from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    among: Among,
    /// Columns that are to be equal.
    equal: Vec<Scalar>,
    /// The one by which rows are ordered.
    ordered: Option<Scalar>,
    /// Whether there is a lower and an upper bound, and whether rows at it belong.
    bounds: [Option<bool>; 2],
    /// Of what each row brings, where they are not counted.
    values: Option<Scalar>,
    sums: Scalar,
    askers: u64,
    rows: u64,
    total: bool,
}

/// A word of an asker's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// What is so far behind a value.
    Of(ValueId, i128),
    Least,
    Greatest,
}

/// Where askers stand in the order of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    /// Before the rows with the same keys, or behind them.
    before: bool,
    keys: Vec<Key>,
}

/// Rows by these columns, among which askers stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    columns: Vec<ValueId>,
    ends: Vec<End>,
}

/// Rows and askers in order.
#[derive(Clone, Copy)]
struct Order {
    /// By place, the row's number.
    rows: ValueId,
    /// By row, its place.
    places: ValueId,
}

/// Sums over pairs.
pub(super) const FORM: Form = Form {
    may_have: |node, ty| is_large(node, ty),
    has: |walk, node| pairs(walk, node).is_some(),
    push: push_of_a_part,
    write: |ir, sorter, owners| run(ir, Some(sorter), owners),
};

/// Writes sums over pairs as sorts where these are cheaper, or everywhere if nobody asks. `owners` says by value who computes it alone.
fn run(ir: Ir, sorter: Option<Sorter<'_>>, owners: Vec<Grid>) -> Ir {
    let mut rule = Sums {
        prices: Prices::new(sorter),
        owners,
        sorted: SortedMap::new(),
        found: false,
    };
    let rewritten = rewrite(ir.clone(), false, &mut rule).ir;
    match rule.found {
        true => dead::run(rewritten).ir,
        false => ir,
    }
}

/// Pairs from which on one party sorts, too.
const MANY_ALONE: u64 = 1 << 20;

struct Sums<'a> {
    prices: Prices<'a, Shape>,
    owners: Vec<Grid>,
    /// In this region.
    sorted: SortedMap<Standing, Order>,
    found: bool,
}

impl Rule for Sums<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let found = pairs(walk, &node).filter(|_| node.protocol.is_none());
        let found = found.map(|pairs| (standing(&pairs), pairs));
        let found =
            found.filter(
                |(standing, pairs)| match is_joint(&self.owners, node.results[0]) {
                    true => self.is_cheaper(walk, standing, pairs),
                    // Who sorts alone needs no price.
                    false => pairs.askers.saturating_mul(pairs.rows) >= MANY_ALONE,
                },
            );
        let Some((standing, pairs)) = found else {
            push_of_a_part(walk, node);
            return;
        };
        self.found = true;
        walk.span = node.span;
        let mut orders = Vec::new();
        for standing in standing {
            let order = match self.sorted.get(&standing) {
                Some(order) => *order,
                None => in_order(walk, &standing, pairs.askers, pairs.rows),
            };
            self.sorted.insert(standing.clone(), order);
            orders.push((standing, order));
        }
        let sums = all(walk, &pairs, &orders);
        walk.replace(node.results[0], sums);
    }

    fn enter(&mut self) {
        self.sorted.clear();
    }

    fn leave(&mut self) {
        self.sorted.clear();
    }
}

/// Pushes a node; rows that are taken again and again from one part of a list are taken from that part.
fn push_of_a_part(walk: &mut Walk, node: Node) {
    match part(walk, &node) {
        Some((source, range, places)) => {
            (walk.span, walk.protocol) = (node.span, node.protocol);
            let part = lanes(walk, source, range.start, range.end - range.start);
            let taken = walk.gather_at(part, places);
            walk.replace(node.results[0], taken);
        }
        None => walk.push(node),
    }
}

/// What is taken from a part of a list alone: the list, the part, and the places there.
fn part(walk: &Walk, node: &Node) -> Option<(ValueId, Range<u64>, ConstVec)> {
    let (Op::Gather { block }, &[source, at]) = (&node.op, &node.args[..]) else {
        return None;
    };
    let (source_lanes, n) = (walk.ty(source).lanes, walk.ty(*node.results.first()?).lanes);
    if n < FEWEST {
        return None;
    }
    let (start, mut dims) = match walk.constant(at)? {
        ConstVec::Affine { start, dims } => (*start, dims.clone()),
        ConstVec::Splat { lanes, word } => (*word, vec![(*lanes, 0)]),
        ConstVec::Pieces(_) | ConstVec::Table(_) => return None,
    };
    let (length, block) = (*block, Word::from(*block));
    let start = start.checked_mul(block)?;
    let mut end = start.checked_add(block)?;
    for (count, step) in &mut dims {
        *step = step.checked_mul(block)?;
        end = end.checked_add(step.checked_mul(Word::from(count.checked_sub(1)?))?)?;
    }
    dims.push((length, 1));
    let (first, end) = (u64::try_from(start).ok()?, u64::try_from(end).ok()?);
    (end - first < source_lanes && end <= source_lanes).then(|| {
        let places = ConstVec::Affine { start: 0, dims };
        (source, first..end, normal(places, Scalar::USIZE))
    })
}

impl Sums<'_> {
    /// Whether so many sorts are cheaper than comparing all pairs, for each of the terms.
    fn is_cheaper(&mut self, walk: &Walk, standing: &[Standing], pairs: &Pairs) -> bool {
        let terms = pairs.terms.iter().filter(|term| term.is_compared());
        let mut shapes = terms.map(|term| Shape::of(walk, pairs, term));
        let written = |ir| run(ir, None, Vec::new());
        shapes.all(|shape| (self.prices).is_cheaper(shape, standing.len(), compared, written))
    }
}

impl Shape {
    fn of(walk: &Walk, pairs: &Pairs, term: &Term) -> Self {
        let scalar = |v: &ValueId| walk.ty(*v).scalar;
        let equal: Vec<ValueId> = term.equal.iter().map(|&(_, row)| row).collect();
        Self {
            among: pairs.span,
            equal: equal.iter().map(scalar).collect(),
            ordered: term.ordered.as_ref().map(scalar),
            bounds: [term.low, term.high].map(|bound| bound.map(|bound| bound.with)),
            values: term.rows.factors.first().map(scalar),
            sums: if pairs.any.is_some() {
                Scalar::Bool
            } else {
                pairs.scalar
            },
            askers: pairs.askers,
            rows: pairs.rows,
            total: pairs.total,
        }
    }
}

/// Where the rows begin and end that belong to an asker by a term; nothing where that is the first or the last row, or where it
/// is the asker's own place.
fn ends(term: &Term, among: Among) -> [Option<End>; 2] {
    if !term.is_compared() {
        return [None, None];
    }
    let end = |bound: Option<Bound>, otherwise: Key, before: bool| {
        let mut keys: Vec<Key> = (term.equal.iter())
            .map(|&(asker, _)| Key::Of(asker, 0))
            .collect();
        if term.ordered.is_some() {
            keys.push(bound.map_or(otherwise, |bound| Key::Of(bound.at, bound.behind)));
        }
        (bound.is_some() || !term.equal.is_empty()).then_some(End { before, keys })
    };
    let low = end(
        term.low,
        Key::Least,
        term.low.is_none_or(|bound| bound.with),
    );
    let high = end(
        term.high,
        Key::Greatest,
        term.high.is_some_and(|bound| !bound.with),
    );
    match among {
        Among::All => [low, high],
        Among::Earlier => [low, None],
        Among::Later => [None, high],
    }
}

/// A term's columns, by which its rows are sorted.
fn columns(term: &Term) -> Vec<ValueId> {
    let equal = term.equal.iter().map(|&(_, row)| row);
    equal.chain(term.ordered).collect()
}

/// The sorts that the terms need.
fn standing(pairs: &Pairs) -> Vec<Standing> {
    let mut all: Vec<Standing> = Vec::new();
    for term in pairs.terms.iter().filter(|term| term.is_compared()) {
        let columns = columns(term);
        let at = (all.iter().position(|s| s.columns == columns)).unwrap_or_else(|| {
            let ends = Vec::new();
            all.push(Standing { columns, ends });
            all.len() - 1
        });
        for end in ends(term, pairs.span).into_iter().flatten() {
            if !all[at].ends.contains(&end) {
                all[at].ends.push(end);
            }
        }
    }
    for standing in &mut all {
        // Those before rows come first.
        standing.ends.sort_by_key(|end| !end.before);
    }
    all
}

impl Standing {
    fn n_before(&self) -> u64 {
        self.ends.iter().filter(|end| end.before).count() as u64
    }

    /// The lane of the first row.
    fn first_row(&self, askers: u64) -> u64 {
        self.n_before() * askers
    }

    /// The lane of the first asker at an end.
    fn first(&self, end: &End, askers: u64, rows: u64) -> Option<u64> {
        let at = self.ends.iter().position(|e| e == end)? as u64;
        let behind = if end.before { 0 } else { rows };
        Some(at * askers + behind)
    }

    /// Rows among askers.
    fn among<T: Clone>(&self, ends: impl IntoIterator<Item = T>, rows: T) -> Vec<T> {
        let mut all: Vec<T> = ends.into_iter().collect();
        all.insert(self.n_before() as usize, rows);
        all
    }
}

/// A value with so much added, in a type that holds that; the value as it is where nothing is asked.
fn behind(walk: &mut Walk, value: ValueId, by: i128, wide: Option<Scalar>) -> ValueId {
    let Some(wide) = wide else { return value };
    let value = walk.cast(value, wide);
    let by = walk.splat_of(public(walk.ty(value)), wide.wrap(by as Word));
    walk.word(WordOp::Add, &[value, by])
}

/// The type in which bounds are compared with what they are of, if that is another.
fn wide(scalar: Scalar, behind: &[i128]) -> Option<Scalar> {
    let most = behind.iter().map(|by| by.unsigned_abs()).max()?;
    let bits = scalar.width().max(Word::BITS - most.leading_zeros()) + 2;
    (most > 0).then(|| Scalar::signed(bits.min(MOST_BITS) as u8))
}

/// Sorts rows and askers.
fn in_order(walk: &mut Walk, standing: &Standing, askers: u64, rows: u64) -> Order {
    let mut lists = vec![Vec::new(); standing.ends.len() + 1];
    for (at, &column) in standing.columns.iter().enumerate() {
        let ty = public(walk.ty(column));
        let apart: Vec<i128> = (standing.ends.iter())
            .filter_map(|end| match end.keys[at] {
                Key::Of(_, by) => Some(by),
                Key::Least | Key::Greatest => None,
            })
            .collect();
        let wide = wide(ty.scalar, &apart);
        let scalar = wide.unwrap_or(ty.scalar);
        let most = scalar.mask() >> u32::from(scalar.is_signed());
        let ty = Ty {
            scalar,
            lanes: askers,
            ..ty
        };
        let ends = standing.ends.iter().map(|end| match end.keys[at] {
            Key::Of(value, by) => behind(walk, value, by, wide),
            Key::Least => walk.splat_of(ty, scalar.wrap(!most)),
            Key::Greatest => walk.splat_of(ty, most),
        });
        let ends: Vec<ValueId> = ends.collect();
        let column = behind(walk, column, 0, wide);
        let all = standing.among(ends, column);
        for (list, column) in lists.iter_mut().zip(all) {
            list.push(column);
        }
    }
    let mut columns = Vec::new();
    let widths = lists[0].clone();
    for group in together(walk, &widths) {
        let mut keys = Vec::new();
        for list in &lists {
            keys.push(packed(walk, &list[group.clone()]));
        }
        columns.push(walk.concat(keys));
    }
    let keys = columns.len();
    let all = standing.ends.len() as u64 * askers + rows;
    let numbers = numbers(walk, all);
    columns.push(numbers);
    let rows = sort_by(walk, keys as u64, columns)[keys];
    let places = sort(walk, vec![rows, numbers])[1];
    Order { rows, places }
}

/// The sum of all terms.
fn all(walk: &mut Walk, pairs: &Pairs, orders: &[(Standing, Order)]) -> ValueId {
    let mut adds = Adds {
        pairs,
        orders,
        sums: match pairs.any {
            Some(_) => bits_for(pairs.rows),
            None => pairs.scalar,
        },
        so_far: Vec::new(),
    };
    let mut all = None;
    for term in &pairs.terms {
        let (sums, coefficient) = adds.term(walk, term);
        all = Some(match (all, coefficient) {
            (None, 1) => sums,
            (Some(all), 1) => walk.word(WordOp::Add, &[all, sums]),
            (Some(all), word) if word == adds.sums.mask() => walk.word(WordOp::Sub, &[all, sums]),
            (all, word) => {
                let by = walk.splat_of(public(walk.ty(sums)), word);
                let sums = walk.word(WordOp::Mul, &[sums, by]);
                all.map_or(sums, |all| walk.word(WordOp::Add, &[all, sums]))
            }
        });
    }
    let n = if pairs.total { 1 } else { pairs.askers };
    let all = all.unwrap_or_else(|| adds.zeros(walk, n));
    let Some(is) = pairs.any else {
        return all;
    };
    let zeros = walk.splat_of(public(walk.ty(all)), 0);
    let (op, together) = match is {
        true => (WordOp::Ne, WordOp::Or),
        false => (WordOp::Eq, WordOp::And),
    };
    let each = walk.word(op, &[all, zeros]);
    match pairs.total {
        true => walk.reduce(together, each, 1),
        false => each,
    }
}

/// As many bits as a count of rows needs.
fn bits_for(rows: u64) -> Scalar {
    Scalar::unsigned(rows.ilog2() as u8 + 1)
}

struct Adds<'a> {
    pairs: &'a Pairs,
    orders: &'a [(Standing, Order)],
    sums: Scalar,
    /// Sums of all rows up to each place, by the number of the sort and by what is added up.
    so_far: Vec<(usize, List, ValueId)>,
}

impl Adds<'_> {
    fn zeros(&self, walk: &mut Walk, lanes: u64) -> ValueId {
        let (scalar, secret) = (self.sums, false);
        let zeros = walk.splat_of(
            Ty {
                scalar,
                lanes,
                secret,
            },
            0,
        );
        walk.with_secrecy(zeros, true)
    }

    /// A term by asker or in total, and what it is to be multiplied by.
    fn term(&mut self, walk: &mut Walk, term: &Term) -> (ValueId, Word) {
        let pairs = self.pairs;
        let (scalar, n) = (self.sums, pairs.askers);
        let values = brought(walk, &term.rows, pairs.rows, scalar);
        let mut sums = match term.is_compared() {
            true => self.compared(walk, term, values),
            false => {
                let values = walk.cast(values, scalar);
                let all = walk.reduce(WordOp::Add, values, 1);
                walk.gather_at(all, ConstVec::Splat { lanes: n, word: 0 })
            }
        };
        sums = walk.cast(sums, scalar);
        for &factor in &term.askers.factors {
            let factor = walk.cast(factor, scalar);
            sums = walk.word(WordOp::Mul, &[sums, factor]);
        }
        sums = masked(walk, sums, &term.askers);
        let some = pairs.some.end - pairs.some.start;
        if some < n && pairs.total && pairs.span != Among::All {
            sums = lanes(walk, sums, pairs.some.start, some);
        }
        if pairs.total && pairs.any.is_none() {
            sums = walk.reduce(WordOp::Add, sums, 1);
        }
        (sums, scalar.wrap(term.coefficient))
    }

    /// What the rows bring together that belong to each asker.
    fn compared(&mut self, walk: &mut Walk, term: &Term, values: ValueId) -> ValueId {
        let (pairs, orders) = (self.pairs, self.orders);
        let (n, m) = (pairs.askers, pairs.rows);
        let columns = columns(term);
        let nothing = self.zeros(walk, n);
        let Some(at) = orders.iter().position(|(s, _)| s.columns == columns) else {
            return nothing;
        };
        let (standing, order) = &orders[at];
        let known = (self.so_far.iter()).find(|(of, rows, _)| *of == at && *rows == term.rows);
        let so_far = match known {
            Some(&(_, _, so_far)) => so_far,
            None => {
                let nothing = walk.cast(nothing, walk.ty(values).scalar);
                let values = walk.with_secrecy(values, true);
                let all = standing.among(standing.ends.iter().map(|_| nothing), values);
                let all = walk.concat(all);
                let so_far = sums_so_far(walk, all, order.rows, order.places);
                self.so_far.push((at, term.rows.clone(), so_far));
                so_far
            }
        };
        let at_end = |walk: &mut Walk, end: &Option<End>| {
            let first = standing.first(end.as_ref()?, n, m)?;
            Some(lanes(walk, so_far, first, n))
        };
        let [low, high] = ends(term, pairs.span);
        let (low, high) = (at_end(walk, &low), at_end(walk, &high));
        let own = |walk: &mut Walk| lanes(walk, so_far, standing.first_row(n), m);
        let difference = |walk: &mut Walk, high, low| walk.word(WordOp::Sub, &[high, low]);
        let sums = match (pairs.span, low, high) {
            (Among::All, Some(low), Some(high)) => difference(walk, high, low),
            (Among::All, None, Some(high)) => high,
            (Among::All, Some(low), None) => {
                let all = walk.reduce(WordOp::Add, values, 1);
                let all = walk.gather_at(all, ConstVec::Splat { lanes: n, word: 0 });
                difference(walk, all, low)
            }
            (Among::Earlier, Some(low), _) => {
                // Sums up to a row have the row itself.
                let up_to = own(walk);
                let before = difference(walk, up_to, values);
                difference(walk, before, low)
            }
            (Among::Later, _, Some(high)) => {
                let up_to = own(walk);
                difference(walk, high, up_to)
            }
            _ => nothing,
        };
        // Between bounds that stand the other way about there is nothing.
        let (Some(low), Some(high)) = (term.low, term.high) else {
            return sums;
        };
        let op = match low.with || high.with {
            true => WordOp::Le,
            false => WordOp::Lt,
        };
        let wide = wide(walk.ty(low.at).scalar, &[low.behind, high.behind]);
        let ends = [low, high].map(|end| behind(walk, end.at, end.behind, wide));
        let is_some = walk.word(op, &ends);
        let none = walk.splat_of(public(walk.ty(sums)), 0);
        walk.word(WordOp::Select, &[is_some, sums, none])
    }
}

/// What each row of a list brings to sums: one where nothing is said, in as many bits as a count of all needs.
fn brought(walk: &mut Walk, list: &List, n: u64, scalar: Scalar) -> ValueId {
    let values = match list.factors.split_first() {
        None => {
            let ty = Ty {
                scalar: bits_for(n),
                lanes: n,
                secret: false,
            };
            walk.splat_of(ty, 1)
        }
        Some((&first, others)) => {
            let first = walk.cast(first, scalar);
            others.iter().fold(first, |product, &factor| {
                let factor = walk.cast(factor, scalar);
                walk.word(WordOp::Mul, &[product, factor])
            })
        }
    };
    masked(walk, values, list)
}

/// Values where all that is asked of a row holds, and zero elsewhere.
fn masked(walk: &mut Walk, mut values: ValueId, list: &List) -> ValueId {
    for &(when, holds) in &list.when {
        let none = walk.splat_of(public(walk.ty(values)), 0);
        let chosen = match holds {
            true => [when, values, none],
            false => [when, none, values],
        };
        values = walk.word(WordOp::Select, &chosen);
    }
    values
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
    let mut columns: Vec<_> = (shape.equal.iter())
        .map(|&key| (key, vec![(WordOp::Eq, false)]))
        .collect();
    let bounds = [false, true].into_iter().zip(shape.bounds);
    let bounds = bounds.filter_map(|(high, with)| {
        let op = if with? { WordOp::Le } else { WordOp::Lt };
        Some((op, high))
    });
    columns.extend(shape.ordered.map(|key| (key, bounds.collect())));
    let mut hit = None;
    for (key, asked) in columns {
        let mut rows = None;
        for (op, row_first) in asked {
            let askers = b.input(0, "x", key, n);
            let rows = *rows.get_or_insert_with(|| match shape.among {
                Among::All => b.input(1, "y", key, m),
                Among::Earlier | Among::Later => askers,
            });
            let (each, again) = (b.gather(askers, outer, 1), b.gather(rows, inner, 1));
            let words = if row_first {
                [again, each]
            } else {
                [each, again]
            };
            let also = b.word(op, &words);
            hit = Some(match hit {
                None => also,
                Some(hit) => b.word(WordOp::And, &[hit, also]),
            });
        }
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
