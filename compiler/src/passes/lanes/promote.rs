//! Arrays that a loop touches only at one index that does not change are carried as that element.
//!
//! ```text
//! before: h' = loop n h { (i, a) x = gather a, b   y = add x, z   c = scatter a, b, y   yield c }
//! after:  x0 = gather h, b   x' = loop n x0 { (i, x) y = add x, z   yield y }   h' = scatter h, b, x'
//! ```
//!
//! It makes a histogram's inner loop a sum: the array itself would be carried through every iteration.

use super::Lanes;
use super::carried::{Body, Class};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Rule, Walk, copy};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::ConstVec;
use std::collections::{BTreeMap, BTreeSet};

/// Emits the loop with elements in the place of such arrays (and goes on with it); its results, if there are any.
pub fn promote(walk: &mut Walk, node: &Node) -> Option<Vec<ValueId>> {
    let region = &node.regions[0];
    let body = Body::new(walk, region);
    let mut chosen: BTreeMap<usize, (ValueId, u64, usize, Vec<usize>)> = BTreeMap::new();
    for k in 0..node.args.len() {
        let Class::Write { scatters, gathers } = body.classify(k) else {
            continue;
        };
        let [at] = scatters[..] else { continue };
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
    let mut renamed = BTreeMap::new();
    let mut idx_outside = BTreeMap::new();
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
    let mut skipped = BTreeSet::new();
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
        .filter(|(at, _)| !skipped.contains(at))
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
    let promoted = Node {
        op: node.op.clone(),
        args: init.clone(),
        results: tys.iter().map(|&ty| walk.fresh(ty)).collect(),
        regions: vec![inner],
        span: node.span,
        protocol: node.protocol,
    };
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
