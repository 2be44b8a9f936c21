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

pub mod nest;
mod rises;
mod scattered;

use super::Lanes;
use super::carried::Body;
use super::span::interval;
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Rule, Walk, copy};
use rises::{Conds, Place, Rise, norm, rises};
use scattered::Scattered;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;

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

/// A write at a secret index.
#[derive(Debug)]
struct Write {
    place: Place,
    value: ValueId,
    conds: Conds,
    block: u64,
    /// The index as it is, and the conditions of choices between arrays.
    index: ValueId,
    when: Conds,
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
    let region = body.region;
    let mut by_counter: SortedMap<usize, Vec<Slot>> = SortedMap::new();
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

/// All writes to carried array `k`, first to last, if nothing else is done with it.
fn writes(walk: &Walk, body: &Body<'_>, k: usize) -> Option<Vec<Write>> {
    let region = body.region;
    let (param, result) = (region.params[k + 1], region.results[k]);
    let lanes = walk.ty(param).lanes;
    let mut links = SortedSet::new();
    let mut found = Vec::new();
    chain(
        walk,
        body,
        result,
        param,
        &Conds::new(),
        &mut found,
        &mut links,
        lanes,
    )?;
    found.reverse();
    if found.is_empty() {
        return None;
    }
    let mut states: SortedSet<ValueId> = (links.iter())
        .flat_map(|&at: &usize| &region.nodes[at].results)
        .copied()
        .collect();
    states.insert(param);
    for (at, node) in region.nodes.iter().enumerate() {
        if !body.live[at] {
            continue;
        }
        let others = match (links.contains(&at), &node.op) {
            (true, Op::WriteSecret { .. }) => node.args[1..].to_vec(),
            (true, _) => node.args[..1].to_vec(),
            (false, _) => body.uses[at].clone(),
        };
        if others.iter().any(|id| states.contains(id)) {
            return None;
        }
    }
    let elsewhere =
        (region.results.iter().enumerate()).any(|(j, id)| j != k && states.contains(id));
    (!elsewhere).then_some(found)
}

/// The writes that lead from `base` to `value`, last to first, each under the conditions of the choices behind it.
#[expect(clippy::too_many_arguments, reason = "one walk along a chain")]
fn chain(
    walk: &Walk,
    body: &Body<'_>,
    value: ValueId,
    base: ValueId,
    when: &Conds,
    found: &mut Vec<Write>,
    links: &mut SortedSet<usize>,
    lanes: u64,
) -> Option<()> {
    let mut at = value;
    while at != base {
        let index = *body.def.get(&at)?;
        let node = &body.region.nodes[index];
        if !links.insert(index) {
            return None;
        }
        match (&node.op, &node.args[..]) {
            (&Op::WriteSecret { block, groups: 1 }, &[from, place, value])
                if block > 0 && block <= MAX_BLOCK && walk.ty(place).lanes == 1 =>
            {
                let len = lanes / block;
                let (index, mut conds) = (place, when.clone());
                let place = place_of(body, index, len, &mut conds)?;
                found.push(Write {
                    place,
                    value,
                    conds,
                    block,
                    index,
                    when: when.clone(),
                });
                at = from;
            }
            (Op::Word(WordOp::Select), &[cond, then, otherwise]) => {
                let cond = one_lane(body, cond)?;
                let arm = |holds: bool| {
                    let mut inner = when.clone();
                    inner.add(body, cond, holds);
                    inner
                };
                let mut follow =
                    |from, to, holds| chain(walk, body, from, to, &arm(holds), found, links, lanes);
                at = if leads(body, then, otherwise, 64) {
                    follow(then, otherwise, true)?;
                    otherwise
                } else if leads(body, otherwise, then, 64) {
                    follow(otherwise, then, false)?;
                    then
                } else {
                    // Each arm by itself.
                    follow(then, base, true)?;
                    follow(otherwise, base, false)?;
                    base
                };
            }
            _ => return None,
        }
    }
    Some(())
}

/// Whether an array is another with elements written at secret indices.
fn leads(body: &Body<'_>, from: ValueId, to: ValueId, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    from == to
        || match body.node(from).map(|node| (&node.op, &node.args[..])) {
            Some((Op::WriteSecret { .. }, args)) => leads(body, args[0], to, depth),
            Some((Op::Word(WordOp::Select), &[_, then, otherwise])) => {
                leads(body, otherwise, to, depth) || leads(body, then, to, depth)
            }
            _ => false,
        }
}

/// The lane of which a condition has copies only.
fn one_lane(body: &Body<'_>, cond: ValueId) -> Option<ValueId> {
    let source = match body.node(cond).map(|node| (&node.op, &node.args[..])) {
        Some((Op::Gather { block: 1 }, &[src, idx])) => {
            (body.splats.get(&idx) == Some(&0)).then_some(src)?
        }
        _ => cond,
    };
    (body.types.get(&source)?.lanes == 1).then_some(source)
}

/// A secret index as a place; what must hold for it to be in range goes to the conditions.
fn place_of(body: &Body<'_>, index: ValueId, len: u64, conds: &mut Conds) -> Option<Place> {
    let mut at = index;
    loop {
        at = rises::widened(body, at);
        let Some((Op::Word(WordOp::Select), &[cond, then, otherwise])) =
            body.node(at).map(|node| (&node.op, &node.args[..]))
        else {
            break;
        };
        let outside = |id: ValueId| {
            let id = rises::public(body, rises::widened(body, id));
            (body.splats.get(&id)).is_some_and(|&word| word >= Word::from(len))
        };
        (at, _) = if outside(otherwise) {
            (then, conds.add(body, cond, true))
        } else if outside(then) {
            (otherwise, conds.add(body, cond, false))
        } else {
            break;
        };
    }
    norm(body, at)
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

/// The carried values that leave the loop.
fn leaving(found: &[Collection], scattered: &[Scattered]) -> SortedSet<usize> {
    let appended = found
        .iter()
        .flat_map(|one| one.arrays.iter().map(|a| a.array));
    appended
        .chain(scattered.iter().flat_map(Scattered::arrays))
        .collect()
}

/// A loop that writes down what was appended.
struct Records {
    /// The carried values that stay.
    kept: Vec<usize>,
    /// What is carried beside them: so many lanes per iteration of a type.
    tys: Vec<(Ty, u64)>,
    node: Node,
    n: u64,
}

impl Records {
    fn new(
        walk: &Walk,
        node: &Node,
        n: u64,
        found: &[Collection],
        scattered: &[Scattered],
    ) -> Self {
        let arrays = leaving(found, scattered);
        let kept = (0..node.args.len())
            .filter(|k| !arrays.contains(k))
            .collect();
        let truth = Ty {
            lanes: n,
            secret: true,
            ..TRUTH
        };
        let mut tys = Vec::new();
        for one in found {
            for at in 0..one.slots.len() {
                tys.push((truth, 1));
                for array in &one.arrays {
                    if !array.is_full(&one.slots) {
                        tys.push((truth, 1));
                    }
                    if array.writes[at].is_empty() {
                        continue;
                    }
                    let ty = Ty {
                        lanes: n.saturating_mul(array.block),
                        secret: true,
                        ..walk.ty(node.args[array.array])
                    };
                    tys.push((ty, array.block));
                }
            }
        }
        for one in scattered {
            tys.extend(one.tys(walk, node, n));
        }
        Self {
            kept,
            tys,
            node: node.clone(),
            n,
        }
    }

    /// Emits the loop; its results.
    fn run(
        &mut self,
        walk: &mut Walk,
        body: &Body<'_>,
        found: &[Collection],
        scattered: &[Scattered],
    ) -> Vec<ValueId> {
        let node = &self.node;
        let region = body.region;
        walk.span = node.span;
        walk.protocol = node.protocol;
        let mut args: Vec<ValueId> = self.kept.iter().map(|&k| node.args[k]).collect();
        for &(ty, _) in &self.tys {
            args.push(walk.splat_of(ty, 0));
        }
        let counter = walk.fresh(walk.ty(region.params[0]));
        walk.bound_counter(counter, self.n);
        let mut renamed = SortedMap::from([(region.params[0], counter)]);
        let mut params = vec![counter];
        for (at, &arg) in args.iter().enumerate() {
            let param = walk.fresh(walk.ty(arg));
            params.push(param);
            if let Some(&k) = self.kept.get(at) {
                let range = walk.all_values()[region.params[k + 1].index()].range;
                walk.note_range(param, range);
                renamed.insert(region.params[k + 1], param);
            }
        }
        let records = params[1 + self.kept.len()..].to_vec();
        walk.open(params);
        let arrays = leaving(found, scattered);
        let nodes = self.without(body, &arrays);
        copy(walk, &nodes, &mut renamed);
        let mut results: Vec<ValueId> = (self.kept.iter())
            .map(|&k| {
                let id = region.results[k];
                renamed.get(&id).copied().unwrap_or(id)
            })
            .collect();
        walk.span = node.span;
        walk.protocol = node.protocol;
        let mut written = Vec::new();
        for one in found {
            for at in 0..one.slots.len() {
                recorded(walk, one, at, &renamed, &mut written);
            }
        }
        for one in scattered {
            one.recorded(walk, &renamed, &mut written);
        }
        for ((record, value), &(_, block)) in records.into_iter().zip(written).zip(&self.tys) {
            let value = walk.with_secrecy(value, true);
            results.push(walk.scatter(record, counter, value, block));
        }
        let inner = walk.close(results);
        let tys: Vec<Ty> = args.iter().map(|&id| walk.ty(id)).collect();
        let rest = Node {
            op: node.op.clone(),
            args,
            results: tys.iter().map(|&ty| walk.fresh(ty)).collect(),
            regions: vec![inner],
            span: node.span,
            protocol: node.protocol,
        };
        let results = rest.results.clone();
        Lanes.node(walk, rest);
        results.into_iter().map(|id| walk.get(id)).collect()
    }

    /// The body's nodes without those that hand the arrays on.
    fn without(&self, body: &Body<'_>, arrays: &SortedSet<usize>) -> Vec<Node> {
        let mut gone: SortedSet<ValueId> =
            arrays.iter().map(|k| body.region.params[k + 1]).collect();
        let mut left = Vec::new();
        for (at, node) in body.region.nodes.iter().enumerate() {
            if !body.live[at] {
                continue;
            }
            if body.uses[at].iter().any(|id| gone.contains(id)) {
                gone.extend(&node.results);
            } else {
                left.push(node.clone());
            }
        }
        left
    }
}

/// What is written down of a slot in one iteration, in the order of [`Records::tys`].
fn recorded(
    walk: &mut Walk,
    one: &Collection,
    at: usize,
    renamed: &SortedMap<ValueId, ValueId>,
    out: &mut Vec<ValueId>,
) {
    let slot = &one.slots[at];
    let arms: Vec<ValueId> = slot
        .arms
        .iter()
        .map(|arm| arm.emit(walk, renamed))
        .collect();
    // One of them at most holds.
    let rises = (arms.iter().copied())
        .reduce(|a, b| walk.word(WordOp::Xor, &[a, b]))
        .unwrap_or(arms[0]);
    out.push(rises);
    for array in &one.arrays {
        let mut written = None;
        let mut value = None;
        for (id, conds) in &array.writes[at] {
            let id = renamed.get(id).copied().unwrap_or(*id);
            let holds = conds.emit(walk, renamed);
            value = Some(match value {
                None => id,
                Some(before) => {
                    let dims = vec![(array.block, 0)];
                    let all = walk.gather_at(holds, ConstVec::Affine { start: 0, dims });
                    walk.word(WordOp::Select, &[all, id, before])
                }
            });
            written = Some(match written {
                None => holds,
                Some(before) => walk.word(WordOp::Or, &[before, holds]),
            });
        }
        if !array.is_full(&one.slots) {
            out.push(written.unwrap_or_else(|| walk.splat_of(TRUTH, 0)));
        }
        out.extend(value);
    }
}

/// The arrays after the loop.
fn placed(
    walk: &mut Walk,
    node: &Node,
    n: u64,
    one: &Collection,
    recorded: &mut impl Iterator<Item = ValueId>,
) -> Option<Vec<(usize, ValueId)>> {
    let n_slots = one.slots.len();
    let rows = n.checked_mul(n_slots as u64)?;
    // By slot: whether the counter rises, then for each array whether and what is written.
    let mut rises = Vec::new();
    let mut written: Vec<Vec<ValueId>> = vec![Vec::new(); one.arrays.len()];
    let mut values: Vec<Vec<ValueId>> = vec![Vec::new(); one.arrays.len()];
    for at in 0..n_slots {
        let mut rise = recorded.next()?;
        if one.arrays[0].always {
            // The last iteration's element stays where it was written.
            let word = Word::from(n - 1);
            let last = walk.constant_value(Scalar::USIZE, ConstVec::Splat { lanes: 1, word });
            let truth = walk.splat_of(TRUTH, 1);
            rise = walk.scatter(rise, last, truth, 1);
        }
        rises.push(rise);
        for (a, array) in one.arrays.iter().enumerate() {
            if !array.is_full(&one.slots) {
                written[a].push(recorded.next()?);
            }
            if array.writes[at].is_empty() {
                let ty = Ty {
                    lanes: n * array.block,
                    ..walk.ty(node.args[array.array])
                };
                values[a].push(walk.splat_of(ty, 0));
            } else {
                values[a].push(recorded.next()?);
            }
        }
    }
    // Row by row: iteration by iteration, slot by slot.
    let column = |walk: &mut Walk, parts: &[ValueId], block: u64, lane: u64| {
        let all = walk.concat(parts.to_vec());
        let dims = vec![
            (n, Word::from(block)),
            (n_slots as u64, Word::from(n * block)),
        ];
        let start = Word::from(lane);
        walk.gather_at(all, ConstVec::Affine { start, dims })
    };
    let start = starts(walk, node, one.counter, one.offset, rows)?;
    let rises = column(walk, &rises, 1, 0);
    let mut skipped = walk.word(WordOp::Not, &[rises]);
    let mut columns = Vec::new();
    for (a, array) in one.arrays.iter().enumerate() {
        if !written[a].is_empty() {
            columns.push(column(walk, &written[a], 1, 0));
        }
        for lane in 0..array.block {
            columns.push(column(walk, &values[a], array.block, lane));
        }
    }
    let mut first = start.unwrap_or(0);
    let mut most = rows;
    if start.is_none() {
        // What stands before the first place goes before what is appended: then places begin at zero.
        let len = len(walk, node, &one.arrays[0]);
        let init = shifted(walk, node.args[one.counter], one.offset);
        let dims = vec![(len, 0)];
        let each = walk.gather_at(init, ConstVec::Affine { start: 0, dims });
        // Every place must be an integer of the counter's type.
        let scalar = walk.ty(init).scalar;
        let scalar = match scalar.mask() < Word::from(len) {
            true => Scalar::USIZE,
            false => scalar,
        };
        let each = walk.cast(each, scalar);
        let places = walk.constant_value(scalar, ConstVec::iota(len));
        let before = walk.word(WordOp::Lt, &[places, each]);
        let after = walk.word(WordOp::Not, &[before]);
        skipped = walk.concat(vec![after, skipped]);
        let mut all = Vec::new();
        let mut rest = columns.into_iter();
        for (a, array) in one.arrays.iter().enumerate() {
            if !written[a].is_empty() {
                let stays = walk.splat_of(
                    Ty {
                        lanes: len,
                        ..TRUTH
                    },
                    1,
                );
                all.push(walk.concat(vec![stays, rest.next()?]));
            }
            for lane in 0..array.block {
                let dims = vec![(len, Word::from(array.block))];
                let start = Word::from(lane);
                let old = node.args[array.array];
                let old = walk.gather_at(old, ConstVec::Affine { start, dims });
                all.push(walk.concat(vec![old, rest.next()?]));
            }
        }
        columns = all;
        (first, most) = (0, len);
    }
    let mut args = vec![skipped];
    args.extend(columns);
    let args: Vec<ValueId> = args
        .into_iter()
        .map(|id| walk.with_secrecy(id, true))
        .collect();
    let tys: Vec<Ty> = args.iter().map(|&id| walk.ty(id)).collect();
    let op = Op::Sort {
        keys: 1,
        segments: 1,
        drawn: false,
    };
    let sorted = walk.push_new(op, args, &tys, vec![]);
    let mut sorted = sorted.into_iter();
    let skipped = sorted.next()?;
    let filled = walk.word(WordOp::Not, &[skipped]);
    let mut out = Vec::new();
    for (a, array) in one.arrays.iter().enumerate() {
        let old = node.args[array.array];
        let block = array.block;
        let len = walk.ty(old).lanes / block;
        let mut taken = filled;
        if !written[a].is_empty() {
            taken = walk.word(WordOp::And, &[filled, sorted.next()?]);
        }
        let columns: Vec<ValueId> = (0..block).filter_map(|_| sorted.next()).collect();
        let n_places = most.min(len.saturating_sub(first));
        if n_places == 0 {
            out.push((array.array, old));
            continue;
        }
        let (n_rows, block_word) = (walk.ty(taken).lanes, Word::from(block));
        let all = walk.concat(columns);
        let dims = vec![(n_places, 1), (block, Word::from(n_rows))];
        let new = walk.gather_at(all, ConstVec::Affine { start: 0, dims });
        let dims = vec![(n_places, 1), (block, 0)];
        let taken = walk.gather_at(taken, ConstVec::Affine { start: 0, dims });
        let dims = vec![(n_places * block, 1)];
        let start = Word::from(first) * block_word;
        let before = walk.gather_at(old, ConstVec::Affine { start, dims });
        let new = walk.word(WordOp::Select, &[taken, new, before]);
        let dims = vec![(n_places, 1)];
        let start = Word::from(first);
        let places = walk.constant_value(Scalar::USIZE, ConstVec::Affine { start, dims });
        out.push((array.array, walk.scatter(old, places, new, block)));
    }
    Some(out)
}

/// A counter and what is added to it.
fn shifted(walk: &mut Walk, id: ValueId, offset: i128) -> ValueId {
    let ty = walk.ty(id);
    let public = Ty {
        secret: false,
        ..ty
    };
    let by = walk.splat_of(public, offset.unsigned_abs());
    match offset.signum() {
        0 => id,
        1 => walk.word(WordOp::Add, &[id, by]),
        _ => walk.word(WordOp::Sub, &[id, by]),
    }
}
