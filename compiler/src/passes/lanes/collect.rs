//! Elements that are appended to an array at a secret place that counts them: what a loop appends is gathered first and moved
//! to its places once, by a sort.
//!
//! ```text
//! before: w', n' = loop N w n { (i, w, n) c = …   x = …   p = select c, n, outside   u = write_secret w, p, x
//!                               m = add n, 1   k = select c, m, n   yield u, k }
//! after:  cs, xs, n' = loop N … { … scatter cs, i, c … scatter xs, i, x … }
//!         first, ys = sort keys=1 (not cs), xs   w' = w with lanes n… replaced by select (not first), ys, w
//! ```
//!
//! The place of an element is the number of those before it, so that all are written to different places, in their order: those
//! that are written are moved before the others, which a stable sort by one bit does. What it takes to know that is in the body alone:
//! the counter rises by one wherever, and only where, an element may be written at what it counts.

pub mod last;
pub mod nest;
mod placed;
mod records;
pub mod rises;
mod scattered;
pub mod writes;

use super::carried::Body;
use super::span::interval;
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::Walk;
use placed::placed;
use records::Records;
use rises::{Conds, Place, Rise, rises};
use scattered::Scattered;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Scalar;
use smpcc_circuit::verify::MAX_LANES;
use writes::{Write, writes};

/// An element has no more lanes: each is a column of the sort.
const MAX_BLOCK: u64 = 256;

/// A public truth value.
const TRUTH: Ty = Ty {
    scalar: Scalar::Bool,
    lanes: 1,
    secret: false,
};

/// Arrays of one loop to which elements are appended by one counter.
#[derive(Debug)]
struct Collection {
    /// The carried value that counts.
    counter: usize,
    /// How far the places are from what it counts.
    offset: i128,
    /// By iteration, where the counter rises by one.
    slots: Vec<Slot>,
    arrays: Vec<Appended>,
}

/// A rise of a counter, in arms of which one is taken at most.
#[derive(Clone, Debug, PartialEq)]
struct Slot {
    place: Place,
    arms: Vec<Conds>,
}

/// What is written to an array.
#[derive(Debug)]
struct Appended {
    /// Which carried value it is.
    array: usize,
    /// Lanes of an element.
    block: u64,
    /// By slot, what is written at it and when, first to last.
    writes: Vec<Vec<(ValueId, Conds)>>,
    /// Whether all iterations write, and the next one over it where the counter has not risen.
    always: bool,
}

/// Emits the loop without such arrays (and goes on with it), and what moves elements to their places; its results, if there are any.
pub fn collected(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Vec<ValueId>> {
    let writes_secret = |node: &Node| matches!(node.op, Op::WriteSecret { .. });
    if !body.region.nodes.iter().any(writes_secret) {
        return None;
    }
    let (found, scattered) = collections(walk, node, n, body, true);
    if found.is_empty() && scattered.is_empty() {
        return None;
    }
    let mut records = Records::new(walk, node, n, &found, &scattered);
    let finals = records.run(walk, body, &found, &scattered);
    let mut results: Vec<Option<ValueId>> = vec![None; node.args.len()];
    for (&k, &result) in records.kept.iter().zip(&finals) {
        results[k] = Some(result);
    }
    let mut recorded = finals[records.kept.len()..].iter().copied();
    walk.span = node.span;
    walk.protocol = node.protocol;
    for one in &found {
        for (array, result) in placed(walk, node, n, one, &mut recorded)? {
            results[array] = Some(result);
        }
    }
    for one in &scattered {
        for (array, result) in one.placed(walk, node, n, &mut recorded)? {
            results[array] = Some(result);
        }
    }
    results.into_iter().collect()
}

/// The arrays of a loop to which it appends, by counter, and others that it only writes; with `placed`, if it is known that no place begins again at zero.
fn collections(
    walk: &Walk,
    node: &Node,
    n: u64,
    body: &Body<'_>,
    placed: bool,
) -> (Vec<Collection>, Vec<Scattered>) {
    let by_counter = counters(walk, node, body);
    let (mut found, mut scattered): (Vec<Collection>, Vec<Scattered>) = Default::default();
    for k in 0..node.args.len() {
        let Some(writes) = writes(walk, body, k) else {
            continue;
        };
        let matching = by_counter.iter().find_map(|(&counter, slots)| {
            let (offset, appended) = matched(k, &writes, slots)?;
            let rows = n.checked_mul(slots.len() as u64)?;
            (rows.checked_mul(appended.block)? <= MAX_LANES).then_some(())?;
            if placed {
                starts(walk, node, counter, offset, rows)?;
            }
            Some((counter, offset, slots, appended))
        });
        let Some((counter, offset, slots, appended)) = matching else {
            scattered::note(walk, node, n, k, &writes, &mut scattered);
            continue;
        };
        match (found.iter_mut()).find(|one| {
            (one.counter, one.offset) == (counter, offset)
                && one.arrays[0].always == appended.always
                && len(walk, node, &one.arrays[0]) == len(walk, node, &appended)
        }) {
            Some(one) => one.arrays.push(appended),
            None => found.push(Collection {
                counter,
                offset,
                slots: slots.clone(),
                arrays: vec![appended],
            }),
        }
    }
    (found, scattered)
}

/// How the carried values that count rise, by their number.
fn counters(walk: &Walk, node: &Node, body: &Body<'_>) -> SortedMap<usize, Vec<Slot>> {
    let region = body.region;
    let mut by_counter = SortedMap::new();
    for k in 0..node.args.len() {
        let ty = walk.ty(node.args[k]);
        if ty.lanes == 1
            && matches!(ty.scalar, Scalar::Int { signed: false, .. })
            && let Some(found) = rises(body, region.params[k + 1], region.results[k])
            && let Some(slots) = slots(found)
        {
            by_counter.insert(k, slots);
        }
    }
    by_counter
}

/// How many elements an array has.
fn len(walk: &Walk, node: &Node, array: &Appended) -> u64 {
    walk.ty(node.args[array.array]).lanes / array.block
}

/// Rises at one place are arms of which one is taken.
fn slots(rises: Vec<Rise>) -> Option<Vec<Slot>> {
    let mut slots: Vec<Slot> = Vec::new();
    for rise in rises {
        match slots.iter_mut().find(|slot| slot.place == rise.at) {
            Some(slot) => slot.arms.push(rise.conds),
            None => slots.push(Slot {
                place: rise.at,
                arms: vec![rise.conds],
            }),
        }
    }
    (!slots.is_empty()).then_some(slots)
}

/// Where the first element is written, if it is known: a constant, or nothing for what is computed while running. `None` if places
/// may begin again at zero because the counter's type ends.
#[expect(
    clippy::option_option,
    reason = "whether it cannot wrap, and whether it is known"
)]
fn starts(
    walk: &Walk,
    node: &Node,
    counter: usize,
    offset: i128,
    rows: u64,
) -> Option<Option<u64>> {
    let init = node.args[counter];
    let scalar = walk.ty(init).scalar;
    let most = i128::try_from(scalar.mask()).unwrap_or(i128::MAX);
    let (low, high) = match walk.splat(init) {
        Some(word) => (i128::try_from(word).ok()?, i128::try_from(word).ok()?),
        None => interval(walk, walk.public_source(init).unwrap_or(init))?,
    };
    if low + offset < 0 || (high + offset).checked_add(i128::from(rows))? > most {
        return None;
    }
    Some((low == high).then_some(u64::try_from(low + offset).ok()?))
}

/// The writes of an array by slot, and how far their places are from those of the slots.
fn matched(array: usize, writes: &[Write], slots: &[Slot]) -> Option<(i128, Appended)> {
    let block = writes[0].block;
    if writes.iter().any(|write| write.block != block) {
        return None;
    }
    [0, -1, 1].into_iter().find_map(|offset| {
        let mut by_slot = vec![Vec::new(); slots.len()];
        for write in writes {
            let at = slots.iter().position(|slot| {
                slot.place.root == write.place.root
                    && slot.place.offset + offset == write.place.offset
            })?;
            by_slot[at].push((write.value, write.conds.clone()));
        }
        let always = match (writes, slots) {
            // Written whether it counts or not: what does not is written over, but for the last.
            ([write], [_]) => write.conds.is_empty(),
            _ => false,
        };
        let counted = |(slot, writes): (&Slot, &Vec<(ValueId, Conds)>)| {
            (writes.iter()).all(|(_, conds)| slot.arms.iter().any(|arm| arm.is_part_of(conds)))
        };
        (always || slots.iter().zip(&by_slot).all(counted)).then_some((
            offset,
            Appended {
                array,
                block,
                writes: by_slot,
                always,
            },
        ))
    })
}

impl Appended {
    /// Whether an element is written wherever the counter rises.
    fn is_full(&self, slots: &[Slot]) -> bool {
        self.always
            || slots.iter().zip(&self.writes).all(|(slot, writes)| {
                (slot.arms.iter()).all(|arm| writes.iter().any(|(_, conds)| conds == arm))
            })
    }
}
