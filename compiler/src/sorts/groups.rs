//! Sums by group in which each row is compared with each group, as a sort where that is cheaper.
//!
//! ```text
//! before: hit = eq (each index, m times), (0 … m−1, n times)   t = reduce add segments=m (select hit, value, 0)
//! after:  rows = one marker for each group, and one behind the last, then those with values
//!         order = sort (marker or index), row's number   d = sort order, places   s = scan add (sort d, value)
//!         e = sort order, s   t = (e of the next marker) − (e of its own)
//! ```
//!
//! A marker stands first in its group, as the sort is stable: what is between two markers is a group. How many rows are there follows from
//! where markers stand; sums take two moves to known places more. n·m comparisons become a sort of n + m rows by numbers of log m
//! bits. What `tally` and `group_by` and loops like `t[i[k]] += v[k]` are compiled to is found here by its form.

use super::Sorter;
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Op, Reducer, Region, Ty};
use crate::passes::constants::vectors::normal;
use crate::passes::dead;
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::collections::BTreeMap;

/// Fewer comparisons than these are not looked at.
const FEWEST: u64 = 1 << 14;

/// Sums by group that are found.
#[derive(Clone, Copy, Debug)]
struct Groups {
    /// Which group each row belongs to; numbers from `n_groups` on belong to none.
    index: ValueId,
    n_groups: u64,
    rows: u64,
    /// What is summed; nothing where rows are counted.
    values: Option<ValueId>,
    /// The type of the sums.
    scalar: Scalar,
}

/// What the cost follows from: types of index, values and sums, groups, rows.
type Shape = (Scalar, Option<Scalar>, Scalar, u64, u64);

/// Writes sums by group as sorts where these are cheaper. `owners` says by value who computes it alone.
pub(super) fn run(ir: Ir, sorter: Sorter<'_>, owners: Vec<Grid>) -> Ir {
    let mut rule = Sums {
        sorter,
        owners,
        sorted: BTreeMap::new(),
        cheaper: BTreeMap::new(),
        found: false,
    };
    let rewritten = rewrite(ir, false, &mut rule).ir;
    match rule.found {
        true => dead::run(rewritten).ir,
        false => rewritten,
    }
}

/// Whether there may be some in a region: large sums of secrets.
pub(super) fn may_be_in(region: &Region, ir: &Ir) -> bool {
    let large = |node: &Node| match (&node.op, node.args.first()) {
        (Op::Reduce { segments: 2.., .. }, Some(arg)) => {
            let ty = ir.values[arg.index()].ty;
            ty.secret && ty.lanes >= FEWEST
        }
        _ => false,
    };
    (region.nodes.iter()).any(|n| large(n) || n.regions.iter().any(|inner| may_be_in(inner, ir)))
}

/// Where sums by group may become sorts.
pub(super) fn spans(ir: &Ir) -> Vec<Span> {
    struct Find(Vec<Span>);
    impl Rule for Find {
        fn node(&mut self, walk: &mut Walk, node: Node) {
            self.0.extend(groups(walk, &node).map(|_| node.span));
            walk.push(node);
        }
    }
    let mut find = Find(Vec::new());
    if may_be_in(&ir.body, ir) {
        rewrite(ir.clone(), false, &mut find);
    }
    find.0
}

/// The rows of one index in order.
#[derive(Clone, Copy)]
struct Order {
    /// By place, the row's number.
    rows: ValueId,
    /// By row, its place.
    places: ValueId,
}

struct Sums<'a> {
    sorter: Sorter<'a>,
    owners: Vec<Grid>,
    /// By index and number of groups, in this region.
    sorted: BTreeMap<(ValueId, u64), Order>,
    cheaper: BTreeMap<Shape, bool>,
    found: bool,
}

impl Rule for Sums<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let found = groups(walk, &node).filter(|_| node.protocol.is_none());
        let joint = |g: &Groups| {
            let owner = self.owners.get(g.index.index()).map(Grid::whole);
            owner.is_none_or(|owner| owner == Owner::Joint)
        };
        if let Some(groups) = found.filter(joint)
            && self.is_cheaper(walk, groups)
        {
            self.found = true;
            let key = (groups.index, groups.n_groups);
            let order = *(self.sorted.entry(key)).or_insert_with(|| in_order(walk, groups));
            let sums = sums(walk, groups, order);
            walk.replace(node.results[0], sums);
            return;
        }
        walk.push(node);
    }

    fn enter(&mut self) {
        self.sorted.clear();
    }

    fn leave(&mut self) {
        self.sorted.clear();
    }
}

impl Sums<'_> {
    fn is_cheaper(&mut self, walk: &Walk, groups: Groups) -> bool {
        let values = groups.values.map(|v| walk.ty(v).scalar);
        let index = walk.ty(groups.index).scalar;
        let shape = (index, values, groups.scalar, groups.n_groups, groups.rows);
        let sorter = &self.sorter;
        *self.cheaper.entry(shape).or_insert_with(|| {
            let by_comparing = sorter.whole(compared(shape, sorter.n_parties));
            let by_sorting = sorter.whole(written(shape, sorter.n_parties));
            by_sorting < by_comparing
        })
    }
}

/// Sums by group that a node adds up.
fn groups(walk: &Walk, node: &Node) -> Option<Groups> {
    let Op::Reduce {
        reducer: Reducer::Word(WordOp::Add),
        segments,
    } = node.op
    else {
        return None;
    };
    let ty = walk.ty(*node.args.first()?);
    let rows = ty.lanes.checked_div(segments)?;
    if !ty.secret || rows < 2 || segments < 2 || ty.lanes < FEWEST {
        return None;
    }
    // Terms may be widened before they are added up.
    let parts = match walk.word_args(node.args[0], WordOp::Cast) {
        Some(&[from]) if walk.ty(from).scalar != Scalar::Bool => from,
        _ => node.args[0],
    };
    let (hit, values) = match walk.simple(parts)? {
        (Op::Word(WordOp::Cast), &[hit]) => (hit, None),
        (Op::Word(WordOp::Select), &[hit, yes, no]) if walk.splat(no) == Some(0) => {
            match walk.splat(yes) {
                Some(1) => (hit, None),
                Some(_) => return None,
                None => (hit, Some(repeated(walk, yes, segments, rows)?)),
            }
        }
        _ => return None,
    };
    let &[a, b] = walk.word_args(hit, WordOp::Eq)? else {
        return None;
    };
    let numbered = |v: ValueId| is_numbered(walk, v, segments, rows);
    let each = match (numbered(a), numbered(b)) {
        (false, true) => a,
        (true, false) => b,
        (true, true) | (false, false) => return None,
    };
    let index = repeated(walk, each, segments, rows)?;
    (walk.ty(index).secret).then_some(Groups {
        index,
        n_groups: segments,
        rows,
        values,
        scalar: ty.scalar,
    })
}

/// The rows that a value holds again for each group.
fn repeated(walk: &Walk, value: ValueId, groups: u64, rows: u64) -> Option<ValueId> {
    let (Op::Gather { block }, &[source, places]) = walk.simple(value)? else {
        return None;
    };
    let words = normal(walk.constant(places)?.clone(), Scalar::USIZE);
    let again = match block {
        1 => ConstVec::Affine {
            start: 0,
            dims: vec![(groups, 0), (rows, 1)],
        },
        _ => ConstVec::Splat {
            lanes: groups,
            word: 0,
        },
    };
    let all = *block == 1 || *block == rows;
    (all && walk.ty(source).lanes == rows && words == normal(again, Scalar::USIZE))
        .then_some(source)
}

/// Whether a value is each group's number, once for each row.
fn is_numbered(walk: &Walk, value: ValueId, groups: u64, rows: u64) -> bool {
    let scalar = walk.ty(value).scalar;
    let source = walk.public_source(value).unwrap_or(value);
    let most = scalar.mask() >> u32::from(scalar.is_signed());
    let dims = vec![(groups, 1), (rows, 0)];
    let numbers = ConstVec::Affine { start: 0, dims };
    scalar != Scalar::Bool
        && Word::from(groups) <= most
        && walk
            .constant(source)
            .is_some_and(|words| normal(words.clone(), scalar) == normal(numbers, scalar))
}

/// Sorts markers and rows by group.
fn in_order(walk: &mut Walk, groups: Groups) -> Order {
    let Groups { n_groups, rows, .. } = groups;
    let markers = n_groups + 1;
    let key = Scalar::unsigned(n_groups.ilog2() as u8 + 1);
    // What belongs to no group comes last.
    let mut index = groups.index;
    let scalar = walk.ty(index).scalar;
    if scalar.is_signed() {
        index = walk.cast(index, Scalar::unsigned(scalar.width() as u8));
    }
    let ty = walk.ty(index);
    let public = Ty {
        secret: false,
        ..ty
    };
    let end = walk.splat_of(public, Word::from(n_groups));
    let inside = walk.word(WordOp::Lt, &[index, end]);
    let index = walk.cast(index, key);
    let end = walk.splat_of(
        Ty {
            scalar: key,
            ..public
        },
        Word::from(n_groups),
    );
    let index = walk.word(WordOp::Select, &[inside, index, end]);
    let first = walk.constant_value(key, ConstVec::iota(markers));
    let first = walk.with_secrecy(first, true);
    let keys = walk.concat(vec![first, index]);
    let numbers = numbers(walk, markers + rows);
    let sorted = sort(walk, vec![keys, numbers]);
    let places = sort(walk, vec![sorted[1], numbers]);
    Order {
        rows: sorted[1],
        places: places[1],
    }
}

/// The sums of all groups.
fn sums(walk: &mut Walk, groups: Groups, order: Order) -> ValueId {
    let n = groups.n_groups;
    let between = |walk: &mut Walk, ends: ValueId| {
        let at = |start: u64| ConstVec::Affine {
            start: Word::from(start),
            dims: vec![(n, 1)],
        };
        let (from, to) = (walk.gather_at(ends, at(0)), walk.gather_at(ends, at(1)));
        walk.word(WordOp::Sub, &[to, from])
    };
    let Some(values) = groups.values else {
        // The marker itself is between its place and the next one's.
        let all = between(walk, order.places);
        let ty = Ty {
            secret: false,
            ..walk.ty(all)
        };
        let one = walk.splat_of(ty, 1);
        let counts = walk.word(WordOp::Sub, &[all, one]);
        return walk.cast(counts, groups.scalar);
    };
    let values = walk.cast(values, groups.scalar);
    let ty = walk.ty(values);
    let nothing = walk.splat_of(
        Ty {
            lanes: n + 1,
            secret: true,
            ..ty
        },
        0,
    );
    let values = walk.with_secrecy(values, true);
    let values = walk.concat(vec![nothing, values]);
    let moved = sort(walk, vec![order.places, values])[1];
    let so_far = Op::Scan {
        reducer: Reducer::Word(WordOp::Add),
        segments: 1,
    };
    let ty = walk.ty(moved);
    let so_far = walk.emit(so_far, vec![moved], ty);
    let ends = sort(walk, vec![order.rows, so_far])[1];
    between(walk, ends)
}

/// 0, 1, …, as secrets of as few bits as they need.
fn numbers(walk: &mut Walk, n: u64) -> ValueId {
    let scalar = Scalar::unsigned((n - 1).ilog2() as u8 + 1);
    let numbers = walk.constant_value(scalar, ConstVec::iota(n));
    walk.with_secrecy(numbers, true)
}

/// Columns in the order of the first.
fn sort(walk: &mut Walk, columns: Vec<ValueId>) -> Vec<ValueId> {
    let types: Vec<Ty> = columns.iter().map(|&c| walk.ty(c)).collect();
    let op = Op::Sort {
        keys: 1,
        segments: 1,
        drawn: false,
    };
    walk.push_new(op, columns, &types, Vec::new())
}

/// A program that does nothing but compare rows with groups, and add up.
fn compared(shape: Shape, n_parties: u32) -> Ir {
    let (index, values, scalar, n, rows) = shape;
    let mut b = Builder::new(n_parties);
    let index = b.input(0, "i", index, rows);
    let values = values.map(|values| b.input(0, "x", values, rows));
    let again = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 0), (rows, 1)],
    };
    let numbers = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 1), (rows, 0)],
    };
    let again = b.constant(Scalar::USIZE, again);
    let each = b.gather(index, again, 1);
    let of = b.ty(index).scalar;
    let numbers = b.constant(of, numbers);
    let hit = b.word(WordOp::Eq, &[each, numbers]);
    let parts = match values {
        None => b.cast(hit, scalar),
        Some(values) => {
            let values = b.cast(values, scalar);
            let values = b.gather(values, again, 1);
            let nothing = b.splat(scalar, n * rows, 0);
            b.word(WordOp::Select, &[hit, values, nothing])
        }
    };
    let sums = b.reduce(WordOp::Add, parts, n);
    b.output(sums, &[0]);
    b.finish()
}

/// The same by sorting.
fn written(shape: Shape, n_parties: u32) -> Ir {
    struct All;
    impl Rule for All {
        fn node(&mut self, walk: &mut Walk, node: Node) {
            match groups(walk, &node) {
                Some(groups) => {
                    let order = in_order(walk, groups);
                    let sums = sums(walk, groups, order);
                    walk.replace(node.results[0], sums);
                }
                None => walk.push(node),
            }
        }
    }
    let ir = rewrite(compared(shape, n_parties), false, &mut All).ir;
    dead::run(ir).ir
}
