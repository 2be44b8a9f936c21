//! The element just below the place at which a loop appends is the last one that was appended: it is carried by itself.
//!
//! ```text
//! before: w', n' = loop N w n { (i, w, n) p = sub n, 1   y = read_secret w, p   c = ne x, y   … append x to w where c … yield u, m }
//! after:  w', n', l' = loop N w n l { (i, w, n, l) c = ne x, l   … append x to w where c …   k = select c, x, l   yield u, m, k }
//! ```
//!
//! So the array is only appended to, and of what was carried beside it often nothing is left to wait for: where all that differs from the
//! element before is kept, the last one kept is equal to the one before. Where a list has no place for every row, the place below the
//! counter may lie behind its end, where there are zeros: `y` is `select (le n, 64), l, 0`, a comparison that holds up to some row (see `capped`).

use super::writes::writes_beside;
use super::{Collection, counters, len, matched, starts};
use crate::ir::{Node, Op, Ty};
use crate::passes::lanes::carried::Body;
use crate::passes::lanes::collect::rises::{Place, norm};
use crate::passes::lanes::straight::{again, renewed};
use crate::passes::rewrite::{Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Word};

/// An array of which a loop reads what it appended last.
struct Last {
    /// How it is appended to.
    one: Collection,
    /// Which of the body's nodes read.
    reads: SortedSet<usize>,
    /// The place at which the first element is appended.
    first: u64,
    /// Up to where the counter counts places that there are, if it may count others.
    most: Option<u64>,
}

/// The loop with one more carried value, the element that was appended last, if it has such an array.
pub fn carried(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Node> {
    let last = (0..node.args.len()).find_map(|k| last(walk, node, n, body, k))?;
    let array = &last.one.arrays[0];
    let block = array.block;
    let ty = Ty {
        lanes: block,
        secret: true,
        ..walk.ty(node.args[array.array])
    };
    (walk.span, walk.protocol) = (node.span, node.protocol);
    let init = match last.first.checked_sub(1) {
        Some(before) if before < len(walk, node, array) => {
            let start = Word::from(before * block);
            let dims = vec![(block, 1)];
            let at = ConstVec::Affine { start, dims };
            let element = walk.gather_at(node.args[array.array], at);
            walk.with_secrecy(element, true)
        }
        _ => walk.splat_of(ty, 0),
    };
    let region = body.region;
    let mut renamed = SortedMap::new();
    let mut params = renewed(walk, &region.params, &mut renamed);
    let before = walk.fresh(ty);
    params.push(before);
    let counter = params[last.one.counter + 1];
    walk.open(params);
    let read = match last.most {
        Some(most) => {
            let ty = Ty {
                secret: false,
                ..walk.ty(counter)
            };
            let most = walk.splat_of(ty, most.into());
            let is_place = walk.word(WordOp::Le, &[counter, most]);
            let dims = vec![(block, 0)];
            let is_place = walk.gather_at(is_place, ConstVec::Affine { start: 0, dims });
            let nothing = walk.splat_of(walk.ty(before), 0);
            walk.word(WordOp::Select, &[is_place, before, nothing])
        }
        None => before,
    };
    for (at, inner) in region.nodes.iter().enumerate() {
        if last.reads.contains(&at) {
            renamed.insert(inner.results[0], read);
        } else {
            copy(walk, std::slice::from_ref(inner), &mut renamed);
        }
    }
    (walk.span, walk.protocol) = (node.span, node.protocol);
    let mut element = before;
    for (slot, writes) in last.one.slots.iter().zip(&array.writes) {
        for arm in &slot.arms {
            let rises = arm.emit(walk, &renamed);
            let dims = vec![(block, 0)];
            let rises = walk.gather_at(rises, ConstVec::Affine { start: 0, dims });
            let value = renamed.get(&writes[0].0).copied().unwrap_or(writes[0].0);
            element = walk.word(WordOp::Select, &[rises, value, element]);
        }
    }
    let look = |id: &ValueId| renamed.get(id).copied().unwrap_or(*id);
    let mut results: Vec<ValueId> = region.results.iter().map(look).collect();
    results.push(walk.with_secrecy(element, true));
    let inner = walk.close(results);
    let mut args = node.args.clone();
    args.push(init);
    Some(again(walk, node, args, inner))
}

/// Carried array `k`, if all that is done with it besides appending is to read what was appended last.
fn last(walk: &Walk, node: &Node, n: u64, body: &Body<'_>, k: usize) -> Option<Last> {
    let region = body.region;
    let param = region.params[k + 1];
    let reads = |at: &usize| {
        let inner = &region.nodes[*at];
        let is_read = matches!(inner.op, Op::ReadSecret { groups: 1, .. });
        body.live[*at] && is_read && inner.args[0] == param
    };
    let reads: SortedSet<usize> = (0..region.nodes.len()).filter(reads).collect();
    if reads.is_empty() {
        return None;
    }
    let writes = writes_beside(walk, body, k, &reads)?;
    counters(walk, node, body)
        .into_iter()
        .find_map(|(counter, slots)| {
            let (offset, array) = matched(k, &writes, &slots)?;
            let rows = n.checked_mul(slots.len() as u64)?;
            let first = starts(walk, node, counter, offset, rows)??;
            let elements = len(walk, node, &array);
            // One below the first is out of range, where there are zeros.
            let scalar = walk.ty(node.args[counter]).scalar;
            if scalar.mask() < Word::from(elements) {
                return None;
            }
            let may_be_full = first.checked_add(rows)? > elements;
            let most = may_be_full.then(|| i128::from(elements) - offset);
            let most = most.map(u64::try_from).transpose().ok()?;
            let below = Place {
                root: region.params[counter + 1],
                offset: offset - 1,
            };
            let is_last = |&at: &usize| {
                let read = &region.nodes[at];
                read.op
                    == Op::ReadSecret {
                        block: array.block,
                        groups: 1,
                    }
                    && walk.ty(read.args[1]).lanes == 1
                    && norm(body, read.args[1]) == Some(below)
            };
            let is_each = array.writes.iter().all(|writes| writes.len() == 1);
            let is_all = is_each && array.is_full(&slots) && reads.iter().all(is_last);
            is_all.then(|| Last {
                one: Collection {
                    counter,
                    offset,
                    slots,
                    arrays: vec![array],
                },
                reads: reads.clone(),
                first,
                most,
            })
        })
}
