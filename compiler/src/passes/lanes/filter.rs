//! Loops that act only in some iterations, known beforehand, become loops over those iterations.
//!
//! ```text
//! before: a' = loop 8 a { (i, x) c = (i & 2) == 0   y = if c { … scatter x, i, z } else { x }   yield y }
//! after:  a' = loop 4 a { (k, x) i = gather [0, 1, 4, 5], k   … y = scatter x, i, z   yield y }
//! ```
//!
//! The layers of a sorting network are written this way: only without the idle iterations are its pairs disjoint. A branch
//! that is taken in all iterations goes, too.

use super::Lanes;
use super::carried::Body;
use super::map::{Mapped, Mapper};
use super::straight::again;
use crate::ir::{Node, Op, Ty};
use crate::passes::constants::vectors::sets::chosen;
use crate::passes::rewrite::{Rule, Walk, copy};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar};

/// Emits the loop over its acting iterations (and goes on with it); its results, if it is of this kind.
pub fn filter(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Vec<ValueId>> {
    let region = body.region;
    let params: SortedSet<ValueId> = region.params[1..].iter().copied().collect();
    // One branch is all that looks at carried values or acts.
    let mut branch = None;
    for (at, inner) in region.nodes.iter().enumerate() {
        let looks = body.uses[at].iter().any(|id| params.contains(id));
        if body.live[at] && (looks || super::acts(inner)) && branch.replace(at).is_some() {
            return None;
        }
    }
    let at = branch?;
    let branch = &region.nodes[at];
    if branch.op != Op::If || params.contains(&branch.args[0]) {
        return None;
    }
    let idle = (0..2).find(|&arm| is_idle(region, branch, arm))?;
    let counts = acting(walk, n, body, branch.args[0], idle)?;
    let n_acting = counts.lanes();
    if n_acting == 0 {
        return Some(node.args.clone());
    }
    let table = walk.constant_value(Scalar::USIZE, counts);
    let tys: Vec<Ty> = node.args.iter().map(|&id| walk.ty(id)).collect();
    let counter = walk.fresh(walk.ty(region.params[0]));
    walk.bound_counter(counter, n_acting);
    let mut inner_params = vec![counter];
    let mut renamed = SortedMap::new();
    for (&old, &ty) in region.params[1..].iter().zip(&tys) {
        let param = walk.fresh(ty);
        renamed.insert(old, param);
        inner_params.push(param);
    }
    walk.open(inner_params);
    walk.span = node.span;
    let iteration = walk.gather(table, counter, 1);
    renamed.insert(region.params[0], iteration);
    let before: Vec<Node> = (region.nodes.iter().enumerate())
        .filter(|(other, _)| *other != at && body.live[*other])
        .map(|(_, node)| node.clone())
        .collect();
    copy(walk, &before, &mut renamed);
    let arm = &branch.regions[1 - idle];
    copy(walk, &arm.nodes, &mut renamed);
    let results = (region.results.iter())
        .map(|id| {
            let id = match branch.results.iter().position(|result| result == id) {
                Some(m) => arm.results[m],
                None => *id,
            };
            renamed.get(&id).copied().unwrap_or(id)
        })
        .collect();
    let inner = walk.close(results);
    walk.span = node.span;
    walk.protocol = node.protocol;
    let op = Op::Loop {
        count: Some(n_acting),
    };
    let filtered = Node {
        op,
        ..again(walk, node, node.args.clone(), inner)
    };
    let results = filtered.results.clone();
    Lanes.node(walk, filtered);
    Some(results.into_iter().map(|id| walk.get(id)).collect())
}

/// Whether an arm does nothing and leaves every carried value as it is.
fn is_idle(region: &crate::ir::Region, branch: &Node, arm: usize) -> bool {
    let quiet = (branch.regions[arm].nodes.iter())
        .all(|node| node.regions.is_empty() && matches!(node.op, Op::Const(_) | Op::Word(_)));
    quiet
        && (region.results.iter().zip(&region.params[1..])).all(|(result, param)| {
            match branch.results.iter().position(|id| id == result) {
                Some(m) => branch.regions[arm].results[m] == *param,
                None => result == param,
            }
        })
}

/// The iterations in which the condition does not choose the idle arm, if that is known.
fn acting(
    walk: &mut Walk,
    n: u64,
    body: &Body<'_>,
    cond: ValueId,
    idle: usize,
) -> Option<ConstVec> {
    let mut needed = SortedSet::from([cond]);
    let mut order = Vec::new();
    for at in (0..body.region.nodes.len()).rev() {
        let node = &body.region.nodes[at];
        if node.results.iter().any(|id| needed.contains(id)) {
            needed.extend(&body.uses[at]);
            order.push(at);
        }
    }
    let depth = walk.depth();
    walk.open(vec![]);
    let mut mapper = Mapper::new(walk, n, body.region.params[0]);
    let mapped = order
        .iter()
        .rev()
        .try_for_each(|&at| mapper.node(&body.region.nodes[at]));
    let words = match (mapped, mapper.look(cond)) {
        (Some(()), Mapped::Each(id)) => mapper.walk.constant(id).cloned(),
        _ => None,
    };
    walk.abandon(depth);
    chosen(&words?, idle == 1)
}
