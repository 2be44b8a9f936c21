//! Elements that are read at many secret places, by a sort where that is cheaper.
//!
//! ```text
//! before: x = read_secret t, i                                (n elements, q places)
//! after:  d = (t, 0) xor (0, t), then q zeros                 (what changes from one element to the next)
//!         order, e = sort (0 … n, each place or n), (row's number, d)
//!         x = lanes n + 1 … of sort order, (scan xor e)
//! ```
//!
//! A marker for each element stands before the places that ask for it, as the sort is stable: what has changed up to there is the
//! element. The last marker changes it to zero, for places out of range. n·q comparisons become a sort of n + q rows by numbers of log n bits.

use super::Sorter;
use super::found::{Form, Prices, is_joint};
use super::rows::{lanes, numbered_keys, numbers, so_far, sort};
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Op, Ty};
use crate::passes::dead;
use crate::passes::own::grid::Grid;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;

/// Fewer comparisons than these are not looked at.
const FEWEST: u64 = 1 << 14;

/// More lanes of an element are not moved.
const MOST_BLOCK: u64 = 64;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lookups {
    src: ValueId,
    index: ValueId,
    /// Lanes per element.
    block: u64,
    /// Elements.
    n: u64,
    /// Places.
    q: u64,
}

/// What the cost follows from: types of elements and places, lanes per element, elements and places.
type Shape = (Scalar, Scalar, u64, u64, u64);

/// The rows of an array's markers and one index in order.
#[derive(Clone, Copy)]
struct Order {
    /// By place, the row's number.
    rows: ValueId,
    /// By row, its place, once it was asked for.
    places: Option<ValueId>,
}

/// Reads at many places.
pub(super) const FORM: Form = Form {
    may_have: |node, ty| lookups(node, ty).is_some(),
    has: |walk, node| lookups(node, |v| walk.ty(v)).is_some(),
    push: Walk::push,
    write: |ir, sorter, owners| run(ir, Some(sorter), owners),
};

/// Writes lookups as sorts where these are cheaper, or everywhere if nobody asks. `owners` says by value who computes it alone.
pub(super) fn run(ir: Ir, sorter: Option<Sorter<'_>>, owners: Vec<Grid>) -> Ir {
    let mut rule = Reads {
        prices: Prices::new(sorter),
        owners,
        sorted: SortedMap::new(),
        found: false,
    };
    let rewritten = rewrite(ir, false, &mut rule).ir;
    match rule.found {
        true => dead::run(rewritten).ir,
        false => rewritten,
    }
}

/// What a node looks up, if it is enough. A public array is read in other ways.
fn lookups(node: &Node, ty: impl Fn(ValueId) -> Ty) -> Option<Lookups> {
    let (Op::ReadSecret { block, groups: 1 }, &[src, index]) = (&node.op, &node.args[..]) else {
        return None;
    };
    let (block, q) = (*block, ty(index).lanes);
    let n = ty(src).lanes.checked_div(block)?;
    let rows = n.checked_add(q)?.checked_add(1)?;
    let fits = rows.checked_mul(block)? <= MAX_LANES && (1..=MOST_BLOCK).contains(&block);
    let secret = ty(src).secret && ty(index).secret;
    let many = n > 1 && q > 1 && n.saturating_mul(q) >= FEWEST;
    (fits && secret && many && node.protocol.is_none()).then_some(Lookups {
        src,
        index,
        block,
        n,
        q,
    })
}

struct Reads<'a> {
    prices: Prices<'a, Shape>,
    owners: Vec<Grid>,
    /// By index and number of elements, in this region.
    sorted: SortedMap<(ValueId, u64), Order>,
    found: bool,
}

impl Rule for Reads<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let found = lookups(&node, |v| walk.ty(v));
        let found = found.filter(|_| is_joint(&self.owners, node.results[0]));
        let Some(lookups) = found.filter(|lookups| self.is_cheaper(walk, lookups)) else {
            walk.push(node);
            return;
        };
        self.found = true;
        walk.span = node.span;
        let key = (lookups.index, lookups.n);
        let (order, read) = read(walk, &lookups, self.sorted.get(&key).copied());
        self.sorted.insert(key, order);
        walk.replace(node.results[0], read);
    }

    fn enter(&mut self) {
        self.sorted.clear();
    }

    fn leave(&mut self) {
        self.sorted.clear();
    }
}

impl Reads<'_> {
    fn is_cheaper(&mut self, walk: &Walk, lookups: &Lookups) -> bool {
        let Lookups { block, n, q, .. } = *lookups;
        let scalar = |v| walk.ty(v).scalar;
        let shape = (scalar(lookups.src), scalar(lookups.index), block, n, q);
        let written = |ir| run(ir, None, Vec::new());
        self.prices.is_cheaper(shape, 1, compared, written)
    }
}

/// The elements by a sort, and the order that it gave, which may be there.
fn read(walk: &mut Walk, lookups: &Lookups, order: Option<Order>) -> (Order, ValueId) {
    let Lookups { n, q, block, .. } = *lookups;
    let changes: Vec<ValueId> = (0..block)
        .map(|lane| changes(walk, lookups, lane))
        .collect();
    let numbers = numbers(walk, n + 1 + q);
    let (order, moved) = match order {
        None => {
            let keys = numbered_keys(walk, lookups.index, n);
            let columns = [vec![keys, numbers], changes].concat();
            let mut sorted = sort(walk, columns);
            let moved = sorted.split_off(2);
            let order = Order {
                rows: sorted[1],
                places: None,
            };
            (order, moved)
        }
        Some(order) => {
            let places = match order.places {
                Some(places) => places,
                None => sort(walk, vec![order.rows, numbers])[1],
            };
            let moved = sort(walk, [vec![places], changes].concat()).split_off(1);
            let places = Some(places);
            (Order { places, ..order }, moved)
        }
    };
    let so_far: Vec<ValueId> = (moved.into_iter())
        .map(|column| so_far(walk, WordOp::Xor, column))
        .collect();
    let back = sort(walk, [vec![order.rows], so_far].concat());
    let asked: Vec<ValueId> = (back[1..].iter())
        .map(|&column| lanes(walk, column, n + 1, q))
        .collect();
    if let [one] = asked[..] {
        return (order, one);
    }
    let columns = walk.concat(asked);
    let dims = vec![(q, 1), (block, Word::from(q))];
    let rows = walk.gather_at(columns, ConstVec::Affine { start: 0, dims });
    (order, rows)
}

/// What changes in one lane from each element to the next, to zero behind the last, and nothing at the places that are asked for.
fn changes(walk: &mut Walk, lookups: &Lookups, lane: u64) -> ValueId {
    let dims = vec![(lookups.n, Word::from(lookups.block))];
    let start = Word::from(lane);
    let column = walk.gather_at(lookups.src, ConstVec::Affine { start, dims });
    let mut zeros = |n: u64| {
        let ty = Ty {
            lanes: n,
            ..walk.ty(column)
        };
        walk.splat_of(ty, 0)
    };
    let (one, many) = (zeros(1), zeros(lookups.q));
    let before = walk.concat(vec![one, column]);
    let after = walk.concat(vec![column, one]);
    let changes = walk.word(WordOp::Xor, &[after, before]);
    walk.concat(vec![changes, many])
}

/// A program that does nothing but look up.
fn compared(&(element, place, block, n, q): &Shape, n_parties: u32) -> Ir {
    let mut b = Builder::new(n_parties);
    let src = b.input(0, "t", element, n * block);
    let index = b.input(0, "i", place, q);
    let ty = Ty {
        lanes: q * block,
        ..b.ty(src)
    };
    let found = b.emit(Op::ReadSecret { block, groups: 1 }, vec![src, index], ty);
    b.output(found, &[0]);
    b.finish()
}
