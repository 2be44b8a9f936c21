//! Writes at secret places of short arrays become choices, element by element, so that the loop can be one of values that are taken.
//!
//! ```text
//! before: w' = loop 1000 w { (i, w) p = gather ps, i   x = gather xs, i   u = write_secret w, p, x   yield u }
//! after:  w' = loop 1000 w { (i, w) …   here = eq (p, p, p), (0, 1, 2)   u = select here, (x, x, x), w   yield u }
//! ```
//!
//! What an element is in the end is the latest value that was written there: [`super::latest`] finds it in as many levels as the
//! loop's length has bits. Arrays of more elements, and of elements of several lanes, are written by sorts ([`super::collect`]).

use super::carried::Body;
use super::straight::{again, renewed};
use super::{if_nothing_is_left, vectorise};
use crate::ir::{Node, Op, Region};
use crate::passes::rewrite::{Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Word};

/// Elements of a short array.
pub const MOST: u64 = 16;

/// Whether an array of `len` elements of `block` lanes is written by choices. What one owner writes alone of elements of several lanes
/// would no longer be found to be its own.
pub fn is_short(len: u64, block: u64) -> bool {
    len <= MOST && block == 1
}

/// Emits the loop with choices for its writes, if no loop is left of it then; its results.
pub fn spread(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Vec<ValueId>> {
    let region = body.region;
    let is_meant = |walk: &Walk, inner: &Node| match inner.op {
        Op::WriteSecret { block, groups: 1 } => {
            let len = walk.ty(inner.args[0]).lanes / block;
            let last = Word::from(len.saturating_sub(1));
            let at = walk.ty(inner.args[1]);
            is_short(len, block) && at.lanes == 1 && last <= at.scalar.mask()
        }
        _ => false,
    };
    if !(region.nodes.iter()).any(|inner| is_meant(walk, inner)) {
        return None;
    }
    if_nothing_is_left(walk, node, |walk| {
        let chosen = with_choices(walk, node, region, is_meant);
        vectorise(walk, &chosen, n)
    })
}

/// The loop with choices in place of the writes that are meant.
fn with_choices(
    walk: &mut Walk,
    node: &Node,
    region: &Region,
    is_meant: impl Fn(&Walk, &Node) -> bool,
) -> Node {
    let mut renamed = SortedMap::new();
    let params = renewed(walk, &region.params, &mut renamed);
    walk.open(params);
    for inner in &region.nodes {
        if is_meant(walk, inner) {
            let look = |id: ValueId| renamed.get(&id).copied().unwrap_or(id);
            let args = [0, 1, 2].map(|k: usize| look(inner.args[k]));
            walk.span = inner.span;
            walk.protocol = inner.protocol;
            let written = chosen(walk, args);
            renamed.insert(inner.results[0], written);
        } else {
            copy(walk, std::slice::from_ref(inner), &mut renamed);
        }
    }
    let look = |id: &ValueId| renamed.get(id).copied().unwrap_or(*id);
    let results = region.results.iter().map(look).collect();
    let inner = walk.close(results);
    walk.span = node.span;
    walk.protocol = node.protocol;
    again(walk, node, node.args.clone(), inner)
}

/// An array of which one element is another one, if there is such a place.
fn chosen(walk: &mut Walk, [array, place, value]: [ValueId; 3]) -> ValueId {
    let lanes = walk.ty(array).lanes;
    let of_all = || ConstVec::Splat { word: 0, lanes };
    let places = walk.gather_at(place, of_all());
    let elements = walk.constant_value(walk.ty(place).scalar, ConstVec::iota(lanes));
    let here = walk.word(WordOp::Eq, &[places, elements]);
    let values = walk.gather_at(value, of_all());
    walk.word(WordOp::Select, &[here, values, array])
}
