//! What a loop writes to an array at secret indices: each write with its place, and when it is done.

use super::MAX_BLOCK;
use super::rises::{self, Conds, Place, norm};
use crate::ir::Op;
use crate::passes::lanes::carried::Body;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::Word;

/// A write at a secret index.
#[derive(Debug)]
pub struct Write {
    pub place: Place,
    pub value: ValueId,
    pub conds: Conds,
    pub block: u64,
    /// The index as it is, and the conditions of choices between arrays.
    pub index: ValueId,
    pub when: Conds,
}

/// All writes to carried array `k`, first to last, if nothing else is done with it.
pub fn writes(walk: &Walk, body: &Body<'_>, k: usize) -> Option<Vec<Write>> {
    writes_beside(walk, body, k, &SortedSet::new())
}

/// All writes to carried array `k`, first to last, if nothing else is done with it but what some of the body's nodes do.
pub fn writes_beside(
    walk: &Walk,
    body: &Body<'_>,
    k: usize,
    others: &SortedSet<usize>,
) -> Option<Vec<Write>> {
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
        if !body.live[at] || others.contains(&at) {
            continue;
        }
        let aside = match (links.contains(&at), &node.op) {
            (true, Op::WriteSecret { .. }) => node.args[1..].to_vec(),
            (true, _) => node.args[..1].to_vec(),
            (false, _) => body.uses[at].clone(),
        };
        if aside.iter().any(|id| states.contains(id)) {
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
pub fn one_lane(body: &Body<'_>, cond: ValueId) -> Option<ValueId> {
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
