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
//!
//! What lies below each of some known edges is found in the same way, by markers that are the edges: as many rows as stand before a marker,
//! or what they add up to. So `histogram` sorts, too. The smallest and the largest value of a group stand beside markers where rows of a group
//! are in the order of their values.

use super::asked::{Asked, By, FEWEST, Groups, groups, ranks};
use super::found::{Form, is_joint};
use super::rows::{lanes, numbered_keys, numbers, public, sort, sort_by, sums_so_far};
use super::{Sorter, counts};
use crate::assign;
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Op, Ty};
use crate::passes::dead;
use crate::passes::own::grid::Grid;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// What the cost follows from: types of index, values and results, groups, rows, and how rows are found and put together.
type Shape = (Scalar, Option<Scalar>, Scalar, u64, u64, Work);

/// How rows are found, and how they are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    SumByNumber,
    SumByEdge,
    Least,
    Greatest,
}

/// Large sums of secrets.
pub(super) const FORM: Form = Form {
    may_have: |node, ty| match (&node.op, node.args.first()) {
        (Op::Reduce { segments: 2.., .. }, Some(&arg)) => ty(arg).secret && ty(arg).lanes >= FEWEST,
        _ => false,
    },
    has: |walk, node| groups(walk, node).is_some(),
    push: Walk::push,
    write: |ir, sorter, owners| run(ir, sorter, &owners),
};

/// Writes sums by group as sorts where these are cheaper, and as one party's own steps where it can take them. `owners` says by value who
/// owns it.
fn run(ir: Ir, sorter: Sorter<'_>, owners: &[Grid]) -> Ir {
    let who = assign::alone(&ir, sorter.options);
    if who.iter().any(Option::is_some) {
        let (written, counted) = written_out(ir.clone(), sorter, owners, who);
        let who = match counted.is_empty() {
            true => Vec::new(),
            false => assign::alone(&written, sorter.options),
        };
        // What only one can do in few steps is not to be done by all.
        if counted.iter().all(|v| who[v.index()].is_some()) {
            return written;
        }
    }
    written_out(ir, sorter, owners, Vec::new()).0
}

/// The program, and what each party sums by itself, in which `alone` says who computes a value alone.
fn written_out(
    ir: Ir,
    sorter: Sorter<'_>,
    owners: &[Grid],
    alone: Vec<Option<u32>>,
) -> (Ir, Vec<ValueId>) {
    let mut rule = Sums {
        sorter,
        owners,
        alone,
        counted: Vec::new(),
        sorted: SortedMap::new(),
        cheaper: SortedMap::new(),
        found: false,
    };
    let rewritten = rewrite(ir, false, &mut rule).ir;
    if !rule.found {
        return (rewritten, Vec::new());
    }
    let (swept, renamed) = dead::swept(rewritten);
    let counted = rule.counted.iter().filter_map(|v| renamed[v.index()]);
    (swept.ir, counted.collect())
}

/// The rows of one index in order.
#[derive(Clone, Copy)]
struct Order {
    /// By place, the row's number.
    rows: ValueId,
    /// By row, its place.
    places: ValueId,
    /// The values in this order, where they are part of it.
    values: Option<ValueId>,
}

struct Sums<'a> {
    sorter: Sorter<'a>,
    owners: &'a [Grid],
    /// By value who computes it alone when domains are chosen.
    alone: Vec<Option<u32>>,
    /// What somebody sums alone.
    counted: Vec<ValueId>,
    /// By index, number of groups, what parts them and what orders the rows of one, in this region.
    sorted: SortedMap<(ValueId, u64, By, Option<ValueId>), Order>,
    cheaper: SortedMap<Shape, bool>,
    found: bool,
}

impl Rule for Sums<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let mut found = groups(walk, &node).filter(|_| node.protocol.is_none());
        let who = |v: ValueId| self.alone.get(v.index()).copied().flatten();
        if let Some(groups) = &mut found
            && who(node.results[0]).is_some()
            && counts::is_cheaper(groups)
        {
            self.found = true;
            walk.span = node.span;
            masked(walk, groups);
            let sums = counts::sums(walk, groups);
            self.counted.push(sums);
            let sums = of_others(walk, groups, sums);
            walk.replace(node.results[0], sums);
            return;
        }
        if let Some(mut groups) = found.filter(|groups| is_joint(self.owners, groups.index))
            && self.is_cheaper(walk, &groups)
        {
            self.found = true;
            masked(walk, &mut groups);
            let values = groups.values.filter(|_| groups.asked != Asked::Sum);
            let key = (groups.index, groups.n_groups, groups.by.clone(), values);
            let order = *(self.sorted.entry(key)).or_insert_with(|| in_order(walk, &groups));
            let sums = sums(walk, &groups, order);
            let sums = of_others(walk, &groups, sums);
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
    fn is_cheaper(&mut self, walk: &Walk, groups: &Groups) -> bool {
        let values = groups.values.or(groups.when);
        let values = values.map(|v| walk.ty(v).scalar);
        let index = walk.ty(groups.index).scalar;
        let (n, rows) = (groups.n_groups, groups.rows);
        let work = match (groups.asked, &groups.by) {
            (Asked::Sum, By::Number) => Work::SumByNumber,
            (Asked::Sum, By::Below(_) | By::UpTo(_)) => Work::SumByEdge,
            (Asked::Least(_), _) => Work::Least,
            (Asked::Greatest(_), _) => Work::Greatest,
        };
        let shape = (index, values, groups.scalar, n, rows, work);
        let sorter = &self.sorter;
        *self.cheaper.entry(shape).or_insert_with(|| {
            let by_comparing = sorter.whole(compared(shape, sorter.n_parties));
            let by_sorting = sorter.whole(written(shape, sorter.n_parties));
            by_sorting < by_comparing
        })
    }
}

/// Takes the condition of rows into what is summed.
fn masked(walk: &mut Walk, groups: &mut Groups) {
    let Some(when) = groups.when.take() else {
        return;
    };
    groups.values = Some(match groups.values {
        None => walk.cast(when, groups.scalar),
        Some(values) => {
            let ty = public(walk.ty(values));
            let zero = walk.splat_of(ty, 0);
            walk.word(WordOp::Select, &[when, values, zero])
        }
    });
}

/// Of the sums of groups those of all other rows, where these are asked for.
fn of_others(walk: &mut Walk, groups: &Groups, sums: ValueId) -> ValueId {
    if !groups.others {
        return sums;
    }
    let ty = walk.ty(sums);
    let all = match groups.values {
        None => walk.splat_of(public(ty), groups.rows.into()),
        Some(values) => {
            let values = walk.cast(values, groups.scalar);
            let all = walk.reduce(WordOp::Add, values, 1);
            let lanes = ty.lanes;
            walk.gather_at(all, ConstVec::Splat { lanes, word: 0 })
        }
    };
    walk.word(WordOp::Sub, &[all, sums])
}

/// Sorts markers and rows.
fn in_order(walk: &mut Walk, groups: &Groups) -> Order {
    let keys = match &groups.by {
        By::Number => numbered_keys(walk, groups.index, groups.n_groups),
        By::Below(edges) | By::UpTo(edges) => {
            let scalar = walk.ty(groups.index).scalar;
            let markers = walk.constant_value(scalar, ConstVec::Table(edges.clone()));
            let markers = walk.with_secrecy(markers, true);
            // Before rows that are equal, or behind them.
            walk.concat(match groups.by {
                By::UpTo(_) => vec![groups.index, markers],
                _ => vec![markers, groups.index],
            })
        }
    };
    let numbers = numbers(walk, walk.ty(keys).lanes);
    let values = groups.values.filter(|_| groups.asked != Asked::Sum);
    let (rows, values) = match values {
        None => (sort_by(walk, 1, vec![keys, numbers])[1], None),
        Some(values) => {
            // Markers come first, also before the smallest values.
            let least = walk.ty(values);
            let markers = walk.splat_of(
                Ty {
                    lanes: groups.n_groups + 1,
                    secret: true,
                    ..least
                },
                smallest(least.scalar),
            );
            let values = walk.with_secrecy(values, true);
            let values = walk.concat(vec![markers, values]);
            let sorted = sort_by(walk, 2, vec![keys, values, numbers]);
            (sorted[2], Some(sorted[1]))
        }
    };
    let places = sort(walk, vec![rows, numbers])[1];
    Order {
        rows,
        places,
        values,
    }
}

/// The smallest word of a type.
fn smallest(scalar: Scalar) -> Word {
    match scalar.is_signed() {
        true => 1 << (scalar.width() - 1),
        false => 0,
    }
}

/// The word that does not change what others give.
fn neutral(op: WordOp, scalar: Scalar) -> Word {
    match op {
        WordOp::Min => scalar.mask() >> u32::from(scalar.is_signed()),
        WordOp::Max => smallest(scalar),
        _ => 0,
    }
}

/// The sums of all groups.
fn sums(walk: &mut Walk, groups: &Groups, order: Order) -> ValueId {
    if let Some(edges) = groups.by.edges() {
        return sums_below(walk, groups, edges, order);
    }
    let n = groups.n_groups;
    match (groups.asked, order.values) {
        (Asked::Least(none), Some(values)) => return extremes(walk, groups, order, values, none),
        (Asked::Greatest(none), Some(values)) => {
            return extremes(walk, groups, order, values, none);
        }
        _ => {}
    }
    let Some(values) = groups.values else {
        // The marker itself is between its place and the next one's.
        let all = between(walk, order.places, n);
        let one = walk.splat_of(public(walk.ty(all)), 1);
        let counts = walk.word(WordOp::Sub, &[all, one]);
        return walk.cast(counts, groups.scalar);
    };
    let values = walk.cast(values, groups.scalar);
    let nothing = nothing(walk, values, n + 1);
    let values = walk.with_secrecy(values, true);
    let values = walk.concat(vec![nothing, values]);
    let ends = sums_so_far(walk, values, order.rows, order.places);
    between(walk, ends, n)
}

/// From each of the first lanes to the next one.
fn between(walk: &mut Walk, ends: ValueId, n: u64) -> ValueId {
    let (from, to) = (lanes(walk, ends, 0, n), lanes(walk, ends, 1, n));
    walk.word(WordOp::Sub, &[to, from])
}

/// The smallest or the largest values of all groups: what stands behind a group's marker, or before the next one's.
fn extremes(
    walk: &mut Walk,
    groups: &Groups,
    order: Order,
    values: ValueId,
    none: Word,
) -> ValueId {
    let n = groups.n_groups;
    let all = walk.ty(values).lanes;
    let is_least = matches!(groups.asked, Asked::Least(_));
    let (first, rest) = match is_least {
        true => (lanes(walk, values, 1, all - 1), lanes(walk, values, 0, 1)),
        false => (
            lanes(walk, values, all - 1, 1),
            lanes(walk, values, 0, all - 1),
        ),
    };
    let beside = walk.concat(vec![first, rest]);
    let beside = sort(walk, vec![order.rows, beside])[1];
    let found = lanes(walk, beside, u64::from(!is_least), n);
    let steps = between(walk, order.places, n);
    let one = walk.splat_of(public(walk.ty(steps)), 1);
    let is_empty = walk.word(WordOp::Eq, &[steps, one]);
    let op = if is_least { WordOp::Min } else { WordOp::Max };
    let changes_nothing = none == neutral(op, walk.ty(found).scalar);
    let none = walk.splat_of(public(walk.ty(found)), none);
    let mut best = walk.word(op, &[found, none]);
    if !changes_nothing {
        // Where all rows are in the group, no other one brings this word.
        let all = walk.splat_of(public(walk.ty(steps)), Word::from(groups.rows) + 1);
        let is_whole = walk.word(WordOp::Eq, &[steps, all]);
        best = walk.word(WordOp::Select, &[is_whole, found, best]);
    }
    let best = walk.word(WordOp::Select, &[is_empty, none, best]);
    walk.cast(best, groups.scalar)
}

/// Counts or sums of what stands before each marker.
fn sums_below(walk: &mut Walk, groups: &Groups, edges: &[Word], order: Order) -> ValueId {
    let n = groups.n_groups;
    let is_last = matches!(groups.by, By::UpTo(_));
    let start = Word::from(if is_last { groups.rows } else { 0 });
    let markers = ConstVec::Affine {
        start,
        dims: vec![(n, 1)],
    };
    let Some(values) = groups.values else {
        // Other markers stand before it, too.
        let places = walk.gather_at(order.places, markers);
        let ranks = ranks(edges, walk.ty(groups.index).scalar);
        let ranks = walk.constant_value(walk.ty(places).scalar, ConstVec::Table(ranks));
        let counts = walk.word(WordOp::Sub, &[places, ranks]);
        return walk.cast(counts, groups.scalar);
    };
    let values = walk.cast(values, groups.scalar);
    let nothing = nothing(walk, values, n);
    let values = walk.with_secrecy(values, true);
    let values = walk.concat(match is_last {
        true => vec![values, nothing],
        false => vec![nothing, values],
    });
    let ends = sums_so_far(walk, values, order.rows, order.places);
    walk.gather_at(ends, markers)
}

/// What markers add to sums.
fn nothing(walk: &mut Walk, values: ValueId, n: u64) -> ValueId {
    let ty = Ty {
        lanes: n,
        secret: true,
        ..walk.ty(values)
    };
    walk.splat_of(ty, 0)
}

/// A program that does nothing but compare rows with groups, and add up.
fn compared(shape: Shape, n_parties: u32) -> Ir {
    let (index, values, scalar, n, rows, work) = shape;
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
    let asks = match work {
        Work::SumByEdge => WordOp::Lt,
        Work::SumByNumber | Work::Least | Work::Greatest => WordOp::Eq,
    };
    let op = match work {
        Work::Least => WordOp::Min,
        Work::Greatest => WordOp::Max,
        Work::SumByNumber | Work::SumByEdge => WordOp::Add,
    };
    let hit = b.word(asks, &[each, numbers]);
    let parts = match values {
        None => b.cast(hit, scalar),
        Some(values) => {
            let values = b.cast(values, scalar);
            let values = b.gather(values, again, 1);
            let none = b.splat(scalar, n * rows, neutral(op, scalar));
            b.word(WordOp::Select, &[hit, values, none])
        }
    };
    let sums = b.reduce(op, parts, n);
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
                    let order = in_order(walk, &groups);
                    let sums = sums(walk, &groups, order);
                    walk.replace(node.results[0], sums);
                }
                None => walk.push(node),
            }
        }
    }
    let ir = rewrite(compared(shape, n_parties), false, &mut All).ir;
    dead::run(ir).ir
}
