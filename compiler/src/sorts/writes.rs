//! Elements that are written at many secret places of an array, the last one at each place, in the cheapest of three ways.
//!
//! ```text
//! before:      w' = write_secret w, ps, xs                          (n elements, q places)
//! by sorts:    p, y = sort keys=1 (0 … n−1, ps), (w, xs)   over = eq p, (p one further)   _, w' = sort keys=1 over, y
//! by choices:  hit = whether ps are 0, … n−1                   f, y = reduce region segments=n (hit, xs)   w' = select f, y, w
//! row by row:  w' = loop q w { (i, w) p = gather ps, i   x = gather xs, i   u = write_secret w, p, x   yield u }
//! ```
//!
//! In the sorts what stands in the array goes first, each element at its own place: then every place occurs, and of those at one place the
//! last one stays. It takes n + q rows where the other ways look at n · q elements. Who owns all of it writes at once.

use super::Sorter;
use super::found::Prices;
use super::rows::public;
use crate::hir::Protocol;
use crate::ir::build::Builder;
use crate::ir::{Ir, Kind, Node, Op, Reducer, Region, Ty};
use crate::passes::constants::vectors::normal;
use crate::passes::rewrite::{Rule, Walk, free_uses, rewrite};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;
use std::ops::Range;

/// Choices look at no more lanes at once.
const MOST_CHOICES: u64 = super::MOST_PAIRS;

/// What the cost follows from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    /// Of the places.
    scalar: Scalar,
    /// Independent arrays, elements of each, and writes to each.
    groups: u64,
    n: u64,
    q: u64,
    /// Types and lanes of elements, by array that is written at these places.
    elements: Vec<(Scalar, u64)>,
    /// The domain that the source asks for.
    protocol: Option<Protocol>,
}

/// Writes at the same places are looked for so many operations further on.
const FARTHEST: usize = 256;

/// A way of writing.
type Way = fn(&mut Walk, &Writes);

/// The ways, the one that is always there first, and the one with fewer bytes before the one with fewer rounds.
const WAYS: [Way; 3] = [row_by_row, by_sorts, by_choices];

/// Arrays of equally many elements that are written at the same places.
struct Writes {
    shape: Shape,
    span: Span,
    /// Where.
    places: ValueId,
    /// What stands in each, what is written, and what stands there then.
    arrays: Vec<[ValueId; 3]>,
}

/// Whether a node writes to several places of an array.
fn is_many(node: &Node, ty: impl Fn(ValueId) -> Ty) -> bool {
    matches!(node.op, Op::WriteSecret { groups, .. } if ty(node.args[1]).lanes > groups)
}

/// Where a program has such writes.
pub(super) fn spans(ir: &Ir) -> Vec<Span> {
    let mut found = Vec::new();
    ir.body.any(&mut |node| {
        if is_many(node, |v| ir.values[v.index()].ty) {
            found.push(node.span);
        }
        false
    });
    found
}

/// Writes what no party writes alone in the way that is cheapest. `alone` says by value who computes it so.
pub(super) fn run(ir: Ir, sorter: Sorter<'_>, alone: &[Option<u32>]) -> Ir {
    let mut prices = Prices::new(Some(sorter));
    written(ir, alone, &mut |shape| {
        let ways: Vec<Way> = (WAYS.iter().zip(shape.has()))
            .filter_map(|(&way, has)| has.then_some(way))
            .collect();
        let at = prices.cheapest(shape.clone(), |shape, n_parties| {
            let ir = program(shape, n_parties);
            let each = ways.iter();
            each.map(|&way| written(ir.clone(), &[], &mut |_| way))
                .collect()
        });
        ways[at]
    })
}

/// The same in ways that are chosen by shape.
fn written(ir: Ir, alone: &[Option<u32>], way: &mut dyn FnMut(&Shape) -> Way) -> Ir {
    let mut ir = ir;
    let tys: Vec<Ty> = ir.values.iter().map(|value| value.ty).collect();
    let is_meant = |node: &Node| {
        let owner = |v: &ValueId| alone.get(v.index()).copied().flatten();
        is_many(node, |v| tys[v.index()]) && node.results.first().and_then(owner).is_none()
    };
    let mut sizes = SortedMap::new();
    ir.body = together(ir.body, &is_meant, &mut sizes);
    let mut rule = Written {
        sizes,
        open: Vec::new(),
        left: 0,
        way,
    };
    rewrite(ir, false, &mut rule).ir
}

/// Whether two writes are of equally many elements at the same places.
fn is_like(one: &Node, other: &Node) -> bool {
    let of = |node: &Node| match node.op {
        Op::WriteSecret { groups, .. } => Some((groups, node.args[1], node.protocol)),
        _ => None,
    };
    of(one) == of(other)
}

/// The region with writes at the same places next to each other; by the result of the first of them, how many these are.
fn together(
    mut region: Region,
    is_meant: &dyn Fn(&Node) -> bool,
    sizes: &mut SortedMap<ValueId, usize>,
) -> Region {
    let nodes = &mut region.nodes;
    for node in nodes.iter_mut() {
        let regions = std::mem::take(&mut node.regions).into_iter();
        node.regions = regions.map(|r| together(r, is_meant, sizes)).collect();
    }
    let mut at = 0;
    while let Some(first) = nodes.get(at) {
        if !is_meant(first) {
            at += 1;
            continue;
        }
        // Further ones that do not wait for these, and what waits on the way to them.
        let (mut members, mut waiting) = (vec![at], Vec::new());
        let mut results: SortedSet<ValueId> = first.results.iter().copied().collect();
        for (other, node) in nodes.iter().enumerate().skip(at + 1).take(FARTHEST) {
            let waits = free_uses(node).iter().any(|id| results.contains(id));
            let stays = !matches!(node.op.kind(), Kind::Move | Kind::Compute);
            match (waits, is_meant(node)) {
                (false, true) if is_like(first, node) => members.push(other),
                (_, true) => break,
                (true, false) if stays => break,
                (true, false) => waiting.push(other),
                (false, false) => continue,
            }
            results.extend(&node.results);
        }
        let end = members[members.len() - 1] + 1;
        sizes.insert(first.results[0], members.len());
        // What waits for none comes first.
        let rank = |other: usize| match (members.contains(&other), waiting.contains(&other)) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        let ranks: Vec<u32> = (at..end).map(rank).collect();
        let mut ranked: Vec<(u32, Node)> = ranks.into_iter().zip(nodes.drain(at..end)).collect();
        ranked.sort_by_key(|&(rank, _)| rank);
        let before = ranked.iter().filter(|&&(rank, _)| rank == 0).count();
        let moved = ranked.into_iter().map(|(_, node)| node);
        nodes.splice(at..at, moved);
        at += before + members.len();
    }
    region
}

struct Written<'w> {
    /// How many there are, by the result of the first.
    sizes: SortedMap<ValueId, usize>,
    /// Those of them that are there already.
    open: Vec<Node>,
    left: usize,
    way: &'w mut dyn FnMut(&Shape) -> Way,
}

impl Rule for Written<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let Some(&size) = node.results.first().and_then(|v| self.sizes.get(v)) {
            self.left = size;
        }
        if self.left == 0 {
            walk.push(node);
            return;
        }
        self.open.push(node);
        self.left -= 1;
        if self.left > 0 {
            return;
        }
        for writes in Writes::of(walk, std::mem::take(&mut self.open)) {
            let way = (self.way)(&writes.shape);
            way(walk, &writes);
        }
    }
}

impl Shape {
    /// Which of the ways there are: rows and choices have to be few enough to be counted and held.
    fn has(&self) -> [bool; 3] {
        let lanes: u64 = self.elements.iter().map(|element| element.1).sum();
        let rows = self.n.saturating_add(self.q).saturating_mul(self.groups);
        let pairs = self.n.saturating_mul(self.q).saturating_mul(self.groups);
        [
            true,
            rows.saturating_mul(lanes) <= MAX_LANES,
            pairs.saturating_mul(lanes) <= MOST_CHOICES,
        ]
    }
}

impl Writes {
    /// What some nodes write at the same places, by the number of elements.
    fn of(walk: &Walk, nodes: Vec<Node>) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for node in nodes {
            let (&Op::WriteSecret { block, groups }, &[array, places, value], &[result]) =
                (&node.op, &node.args[..], &node.results[..])
            else {
                continue;
            };
            let (ty, at) = (walk.ty(array), walk.ty(places));
            let n = ty.lanes / (groups * block).max(1);
            let element = (ty.scalar, block);
            let written = [array, value, result];
            if let Some(one) = found.iter_mut().find(|one| one.shape.n == n) {
                one.shape.elements.push(element);
                one.arrays.push(written);
                continue;
            }
            found.push(Self {
                shape: Shape {
                    scalar: at.scalar,
                    groups,
                    n,
                    q: at.lanes / groups,
                    elements: vec![element],
                    protocol: node.protocol,
                },
                span: node.span,
                places,
                arrays: vec![written],
            });
        }
        found
    }

    /// The places in as few bits as all of them and one behind them need.
    fn places(&self, walk: &mut Walk) -> ValueId {
        let n = self.shape.n;
        let few = Scalar::unsigned(n.ilog2() as u8 + 1);
        let ty = walk.ty(self.places);
        if ty.scalar.width() <= few.width() {
            return walk.cast(self.places, few);
        }
        let limit = walk.splat_of(public(ty), Word::from(n));
        let inside = walk.word(WordOp::Lt, &[self.places, limit]);
        let place = walk.cast(self.places, few);
        let outside = walk.splat_of(public(walk.ty(place)), Word::from(n));
        walk.word(WordOp::Select, &[inside, place, outside])
    }

    /// By lane of all elements, that lane of what stands in the arrays and of what is written; array by array.
    fn columns(&self, walk: &mut Walk) -> Vec<[ValueId; 2]> {
        let mut columns = Vec::new();
        for (&[array, value, _], &(_, block)) in self.arrays.iter().zip(&self.shape.elements) {
            for lane in 0..block {
                columns.push([array, value].map(|of| {
                    let dims = vec![(walk.ty(of).lanes / block, Word::from(block))];
                    let start = Word::from(lane);
                    walk.gather_at(of, ConstVec::Affine { start, dims })
                }));
            }
        }
        columns
    }

    /// The arrays made of such columns, of each of which so many lanes stand in every group, the elements first.
    fn replace(&self, walk: &mut Walk, columns: Vec<ValueId>, rows: u64) {
        let Shape { groups, n, .. } = self.shape;
        let mut columns = columns.into_iter();
        for (&[.., result], &(_, block)) in self.arrays.iter().zip(&self.shape.elements) {
            let columns = columns.by_ref().take(block as usize).collect();
            let all = walk.concat(columns);
            let dims = vec![
                (groups, Word::from(rows)),
                (n, 1),
                (block, Word::from(groups * rows)),
            ];
            let array = walk.gather_at(all, ConstVec::Affine { start: 0, dims });
            let array = walk.with_secrecy(array, true);
            walk.replace(result, array);
        }
    }
}

fn by_sorts(walk: &mut Walk, writes: &Writes) {
    (walk.span, walk.protocol) = (writes.span, writes.shape.protocol);
    let Shape { groups, n, q, .. } = writes.shape;
    let places = writes.places(walk);
    let dims = vec![(groups, 0), (n, 1)];
    let own = ConstVec::Affine { start: 0, dims };
    let own = walk.constant_value(walk.ty(places).scalar, own);
    let mut columns = vec![stacked(walk, own, places, groups)];
    for [own, written] in writes.columns(walk) {
        columns.push(stacked(walk, own, written, groups));
    }
    let mut sorted = sort(walk, columns, groups);
    let rows = n + q;
    let part = |walk: &mut Walk, start: Word| {
        let dims = vec![(groups, Word::from(rows)), (rows - 1, 1)];
        walk.gather_at(sorted[0], ConstVec::Affine { start, dims })
    };
    let (this, next) = (part(walk, 0), part(walk, 1));
    let over = walk.word(WordOp::Eq, &[this, next]);
    let last = Ty {
        lanes: groups,
        ..public(walk.ty(over))
    };
    let last = walk.splat_of(last, 0);
    sorted[0] = stacked(walk, over, last, groups);
    let moved = sort(walk, sorted, groups).split_off(1);
    writes.replace(walk, moved, rows);
}

fn by_choices(walk: &mut Walk, writes: &Writes) {
    (walk.span, walk.protocol) = (writes.span, writes.shape.protocol);
    let Shape { groups, n, q, .. } = writes.shape;
    let places = writes.places(walk);
    // Element by element, all that is written.
    let each = |walk: &mut Walk, of: ValueId| {
        let dims = vec![(groups, Word::from(q)), (n, 0), (q, 1)];
        walk.gather_at(of, ConstVec::Affine { start: 0, dims })
    };
    let bits = 0..walk.ty(places).scalar.width();
    let hits = decoded(walk, places, bits, n);
    let dims = vec![(groups, Word::from(q)), (n, Word::from(groups * q)), (q, 1)];
    let hits = walk.gather_at(hits, ConstVec::Affine { start: 0, dims });
    let (own, written): (Vec<ValueId>, Vec<ValueId>) = (writes.columns(walk).into_iter())
        .map(|[own, written]| (own, each(walk, written)))
        .unzip();
    let columns: Vec<ValueId> = (std::iter::once(hits).chain(written))
        .map(|column| walk.with_secrecy(column, true))
        .collect();
    let of = |walk: &Walk, lanes: u64| -> Vec<Ty> {
        let ty = |&column: &ValueId| Ty {
            lanes,
            ..walk.ty(column)
        };
        columns.iter().map(ty).collect()
    };
    let one = of(walk, 1);
    let params: Vec<ValueId> = (one.iter().chain(&one)).map(|&ty| walk.fresh(ty)).collect();
    walk.open(params.clone());
    let (before, after) = params.split_at(one.len());
    let mut later = vec![walk.word(WordOp::Or, &[before[0], after[0]])];
    for (&before, &value) in before.iter().zip(after).skip(1) {
        later.push(walk.word(WordOp::Select, &[after[0], value, before]));
    }
    let region = walk.close(later);
    let segments = groups * n;
    let op = Op::Reduce {
        reducer: Reducer::Region,
        segments,
    };
    let tys = of(walk, segments);
    let found = walk.push_new(op, columns, &tys, vec![region]);
    let taken = (own.into_iter().zip(&found[1..]))
        .map(|(own, &value)| walk.word(WordOp::Select, &[found[0], value, own]))
        .collect();
    writes.replace(walk, taken, n);
}

/// Number by number from zero on, whether some bits of each place say it; more numbers may follow than are asked for.
fn decoded(walk: &mut Walk, places: ValueId, bits: Range<u32>, n: u64) -> ValueId {
    let rows = walk.ty(places).lanes;
    if bits.len() == 1 {
        let amount = Ty {
            scalar: Scalar::unsigned(8),
            ..public(walk.ty(places))
        };
        let amount = walk.splat_of(amount, Word::from(bits.start));
        let shifted = walk.word(WordOp::Shr, &[places, amount]);
        let one = walk.cast(shifted, Scalar::Bool);
        let zero = walk.word(WordOp::Not, &[one]);
        return walk.concat(vec![zero, one]);
    }
    let middle = bits.start + bits.len() as u32 / 2;
    let low = 1 << (middle - bits.start);
    let high = n.div_ceil(low);
    let sides = [(bits.start..middle, low), (middle..bits.end, high)];
    let [lower, higher] = sides.map(|(bits, n)| decoded(walk, places, bits, n));
    let row = Word::from(rows);
    let both = [
        (lower, [(high, 0), (low, row), (rows, 1)]),
        (higher, [(high, row), (low, 0), (rows, 1)]),
    ];
    let both = both.map(|(of, dims)| {
        let dims = dims.to_vec();
        walk.gather_at(of, ConstVec::Affine { start: 0, dims })
    });
    walk.word(WordOp::And, &both)
}

fn row_by_row(walk: &mut Walk, writes: &Writes) {
    (walk.span, walk.protocol) = (writes.span, writes.shape.protocol);
    let Shape { groups, q, .. } = writes.shape;
    // Row by row, what is written to each group.
    let by_row = |walk: &mut Walk, of: ValueId, block: u64| {
        let dims = vec![
            (q, Word::from(block)),
            (groups, Word::from(q * block)),
            (block, 1),
        ];
        walk.gather_at(of, ConstVec::Affine { start: 0, dims })
    };
    let places = by_row(walk, writes.places, 1);
    let (mut rows, mut init) = (Vec::new(), Vec::new());
    for (&[array, value, _], &(_, block)) in writes.arrays.iter().zip(&writes.shape.elements) {
        rows.push((by_row(walk, value, block), block));
        init.push(walk.with_secrecy(array, true));
    }
    let tys: Vec<Ty> = init.iter().map(|&array| walk.ty(array)).collect();
    let counter = walk.fresh(Ty {
        scalar: Scalar::USIZE,
        lanes: 1,
        secret: false,
    });
    walk.bound_counter(counter, q);
    let carried: Vec<ValueId> = tys.iter().map(|&ty| walk.fresh(ty)).collect();
    walk.open([vec![counter], carried.clone()].concat());
    let place = walk.gather(places, counter, groups);
    let written = (carried.into_iter().zip(rows))
        .map(|(array, (values, block))| {
            let value = walk.gather(values, counter, groups * block);
            let op = Op::WriteSecret { block, groups };
            let ty = walk.ty(array);
            walk.emit(op, vec![array, place, value], ty)
        })
        .collect();
    let body = walk.close(written);
    let arrays = walk.push_new(Op::Loop { count: Some(q) }, init, &tys, vec![body]);
    for (array, &[.., result]) in arrays.into_iter().zip(&writes.arrays) {
        walk.replace(result, array);
    }
}

/// Group by group, the lanes of one value and then those of another.
fn stacked(walk: &mut Walk, one: ValueId, other: ValueId, groups: u64) -> ValueId {
    let all = walk.concat(vec![one, other]);
    if groups == 1 {
        return all;
    }
    let lanes = [one, other].map(|of| walk.ty(of).lanes);
    let part = |start: u64, lanes: u64| Piece {
        start: Word::from(start),
        dims: vec![(lanes, 1)],
    };
    let [n, q] = lanes.map(|lanes| lanes / groups);
    let pieces = (0..groups)
        .flat_map(|group| [part(group * n, n), part(lanes[0] + group * q, q)])
        .collect();
    walk.gather_at(all, normal(ConstVec::Pieces(pieces), Scalar::USIZE))
}

/// The columns with the rows of each group in ascending order of the first.
fn sort(walk: &mut Walk, columns: Vec<ValueId>, groups: u64) -> Vec<ValueId> {
    let columns: Vec<ValueId> = (columns.into_iter())
        .map(|column| walk.with_secrecy(column, true))
        .collect();
    let tys: Vec<Ty> = columns.iter().map(|&column| walk.ty(column)).collect();
    let op = Op::Sort {
        keys: 1,
        segments: groups,
        drawn: false,
    };
    walk.push_new(op, columns, &tys, Vec::new())
}

/// A program that does nothing but write.
fn program(shape: &Shape, n_parties: u32) -> Ir {
    let mut b = Builder::new(n_parties);
    let Shape { groups, n, q, .. } = *shape;
    let places = b.input(0, "i", shape.scalar, groups * q);
    let mut written = Vec::new();
    for &(scalar, block) in &shape.elements {
        let array = b.input(0, "w", scalar, groups * n * block);
        let values = b.input(0, "x", scalar, groups * q * block);
        let op = Op::WriteSecret { block, groups };
        written.push(b.inferred(op, &[array, places, values]));
    }
    for array in written {
        b.output(array, &[0]);
    }
    let mut ir = b.finish();
    for node in &mut ir.body.nodes {
        if matches!(node.op, Op::WriteSecret { .. }) {
            node.protocol = shape.protocol;
        }
    }
    ir
}

#[cfg(test)]
mod tests;
