//! Arrays that a loop touches only at one index that does not change are carried as that element.
//!
//! ```text
//! before: h' = loop n h { (i, a) x = gather a, b   y = add x, z   c = scatter a, b, y   yield c }
//! after:  x0 = gather h, b   x' = loop n x0 { (i, x) y = add x, z   yield y }   h' = scatter h, b, x'
//! ```
//!
//! It makes a histogram's inner loop a sum: the array itself would be carried through every iteration.

use super::Lanes;
use super::carried::{Body, Class, Put};
use super::straight::again;
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Rule, Walk, copy};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::ConstVec;

/// The loop without the single public lanes that are the same in all iterations: they are emitted before it, so that an index
/// made of them does not change. `None` if there are none.
pub fn hoisted(walk: &mut Walk, node: &Node) -> Option<Node> {
    let region = &node.regions[0];
    let mut inside: SortedSet<ValueId> = region.params.iter().copied().collect();
    let mut before = SortedSet::new();
    for (at, inner) in region.nodes.iter().enumerate() {
        let public = |id: &ValueId| walk.ty(*id).lanes == 1 && !walk.ty(*id).secret;
        let moves = matches!(inner.op, Op::Word(_) | Op::Const(_))
            && inner.results.iter().all(public)
            && !inner.args.iter().any(|id| inside.contains(id));
        if moves {
            before.insert(at);
        } else {
            inside.extend(&inner.results);
        }
    }
    let gains = |at: &usize| matches!(region.nodes[*at].op, Op::Word(_));
    if !before.iter().any(gains) {
        return None;
    }
    let mut map = SortedMap::new();
    let part = |kept: bool| -> Vec<Node> {
        let nodes = region.nodes.iter().enumerate();
        let nodes = nodes.filter(|(at, _)| before.contains(at) != kept);
        nodes.map(|(_, node)| node.clone()).collect()
    };
    copy(walk, &part(false), &mut map);
    let params: Vec<ValueId> = (region.params.iter())
        .map(|&param| {
            let range = walk.all_values()[param.index()].range;
            let new = walk.fresh(walk.ty(param));
            walk.note_range(new, range);
            map.insert(param, new);
            new
        })
        .collect();
    walk.open(params);
    copy(walk, &part(true), &mut map);
    let results = (region.results.iter())
        .map(|id| map.get(id).copied().unwrap_or(*id))
        .collect();
    let body = walk.close(results);
    Some(again(walk, node, node.args.clone(), body))
}

/// Emits the loop with elements in the place of such arrays (and goes on with it); its results, if there are any.
pub fn promote(walk: &mut Walk, node: &Node) -> Option<Vec<ValueId>> {
    let region = &node.regions[0];
    let body = Body::new(walk, region);
    let mut chosen: SortedMap<usize, (ValueId, u64, usize, Vec<usize>)> = SortedMap::new();
    for k in 0..node.args.len() {
        let Class::Write { puts, gathers, .. } = body.classify(k) else {
            continue;
        };
        let [Put { at, when }] = &puts[..] else {
            continue;
        };
        if !when.is_empty() {
            continue;
        }
        let at = *at;
        let Op::Scatter { block } = region.nodes[at].op else {
            continue;
        };
        let idx = region.nodes[at].args[1];
        let same = |g: &usize| {
            region.nodes[*g].op == Op::Gather { block }
                && equal_index(walk, &body, region.nodes[*g].args[1], idx)
        };
        let outer = !body.def.contains_key(&idx) && !region.params.contains(&idx);
        let constant = body.def.get(&idx).is_some_and(|&d| {
            matches!(
                &region.nodes[d].op,
                Op::Const(ConstVec::Splat { lanes: 1, .. })
            )
        });
        let whole = walk.ty(region.params[k + 1]).lanes == block;
        if (outer || constant) && walk.ty(idx).lanes == 1 && !whole && gathers.iter().all(same) {
            chosen.insert(k, (idx, block, at, gathers));
        }
    }
    if chosen.is_empty() {
        return None;
    }
    let mut renamed = SortedMap::new();
    let mut idx_outside = SortedMap::new();
    for (&k, (idx, block, _, _)) in &chosen {
        let idx = match body.def.get(idx) {
            Some(&d) => {
                let Op::Const(words) = &region.nodes[d].op else {
                    return None;
                };
                let scalar = walk.ty(*idx).scalar;
                walk.constant_value(scalar, words.clone())
            }
            None => *idx,
        };
        idx_outside.insert(k, (idx, *block));
    }
    let mut init = node.args.clone();
    for (&k, &(idx, block)) in &idx_outside {
        init[k] = walk.gather(init[k], idx, block);
    }
    let tys: Vec<Ty> = (init.iter().enumerate())
        .map(|(k, &id)| Ty {
            secret: walk.ty(node.args[k]).secret,
            ..walk.ty(id)
        })
        .collect();
    let counter = walk.fresh(walk.ty(region.params[0]));
    renamed.insert(region.params[0], counter);
    let mut params = vec![counter];
    for (&old, &ty) in region.params[1..].iter().zip(&tys) {
        let param = walk.fresh(ty);
        renamed.insert(old, param);
        params.push(param);
    }
    let mut results = region.results.clone();
    let mut skipped = SortedSet::new();
    for (&k, (_, _, at, gathers)) in &chosen {
        for &g in gathers {
            renamed.insert(region.nodes[g].results[0], params[k + 1]);
            skipped.insert(g);
        }
        skipped.insert(*at);
        results[k] = region.nodes[*at].args[2];
    }
    walk.open(params);
    let nodes: Vec<Node> = (region.nodes.iter().enumerate())
        .filter(|(at, _)| body.live[*at] && !skipped.contains(at))
        .map(|(_, node)| node.clone())
        .collect();
    copy(walk, &nodes, &mut renamed);
    let results: Vec<ValueId> = (results.iter().zip(&tys))
        .map(|(id, ty)| {
            let id = renamed.get(id).copied().unwrap_or(*id);
            walk.with_secrecy(id, ty.secret)
        })
        .collect();
    let inner = walk.close(results);
    walk.span = node.span;
    walk.protocol = node.protocol;
    let promoted = again(walk, node, init.clone(), inner);
    let mut finals = promoted.results.clone();
    Lanes.node(walk, promoted);
    for (&k, &(idx, block)) in &idx_outside {
        let element = walk.get(finals[k]);
        finals[k] = walk.scatter(node.args[k], idx, element, block);
    }
    Some(finals)
}

fn equal_index(walk: &Walk, body: &Body<'_>, a: ValueId, b: ValueId) -> bool {
    let words = |id: ValueId| match body.def.get(&id) {
        Some(&at) => match &body.region.nodes[at].op {
            Op::Const(words) => Some(words),
            _ => None,
        },
        None => walk.constant(id),
    };
    a == b || words(a).is_some_and(|x| words(b) == Some(x))
}
