//! Nests of loops whose inner loop appends to arrays as one loop over all pairs of iterations.
//!
//! ```text
//! before: w', n' = loop P w n { (p, w, n) r = gather xs, p   u, m = loop N w n { (i, w, n) … }   yield u, m }
//! after:  w', n' = loop P·N w n { (t, w, n) p = gather [0, 0, …, 1, 1, …], t   i = gather [0, 1, …, 0, 1, …], t   r = gather xs, p … }
//! ```
//!
//! Else what the inner loop appends would be moved to its places once for each iteration of the outer one.

use super::super::MAX_COUNT;
use super::collections;
use crate::ir::{Kind, Node, Op, Region};
use crate::passes::lanes::carried::Body;
use crate::passes::lanes::straight::straightened;
use crate::passes::rewrite::{Rule, Walk, copy};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar};

/// Joins such loops, inner ones first.
pub struct Nests;

impl Rule for Nests {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        match joined(walk, &node) {
            Some(joined) => {
                walk.replace_all(&node.results, &joined.results);
                walk.push(joined);
            }
            None => walk.push(node),
        }
    }
}

/// The loop over all pairs, if all that the outer one does besides the inner one is to look at public values.
fn joined(walk: &mut Walk, node: &Node) -> Option<Node> {
    let Op::Loop { count: Some(outer) } = node.op else {
        return None;
    };
    let region = &node.regions[0];
    let at =
        (region.nodes.iter()).position(|inner| matches!(inner.op, Op::Loop { count: Some(_) }))?;
    let (before, rest) = region.nodes.split_at(at);
    let [nest] = rest else { return None };
    let Op::Loop { count: Some(inner) } = nest.op else {
        return None;
    };
    let all = outer
        .checked_mul(inner)
        .filter(|n| (1..=MAX_COUNT).contains(n))?;
    let looks = |node: &Node| {
        let is_cheap = |&id: &ValueId| !walk.ty(id).secret;
        walk.is_droppable(node)
            && match node.op.kind() {
                Kind::Move => true,
                Kind::Compute => node.regions.is_empty() && node.results.iter().all(is_cheap),
                Kind::Boundary | Kind::Control => false,
            }
    };
    if !before.iter().all(looks) {
        return None;
    }
    // What is carried goes through the inner loop as it is.
    let carried: Option<Vec<usize>> = (region.results.iter().zip(&region.params[1..]))
        .map(|(result, param)| {
            let k = nest.results.iter().position(|id| id == result)?;
            (nest.args[k] == *param).then_some(k)
        })
        .collect();
    let carried = carried?;
    if carried.len() != nest.args.len() {
        return None;
    }
    let depth = walk.depth();
    let body = &nest.regions[0];
    (walk.span, walk.protocol) = (node.span, node.protocol);
    let counter = walk.fresh(walk.ty(region.params[0]));
    walk.bound_counter(counter, all);
    let mut renamed = SortedMap::new();
    let mut params = vec![counter];
    for (k, &param) in region.params[1..].iter().enumerate() {
        let new = walk.fresh(walk.ty(param));
        params.push(new);
        renamed.insert(param, new);
        renamed.insert(body.params[carried[k] + 1], new);
    }
    walk.open(params);
    for (old, dims) in [
        (region.params[0], vec![(outer, 1), (inner, 0)]),
        (body.params[0], vec![(outer, 0), (inner, 1)]),
    ] {
        let table = walk.constant_value(Scalar::USIZE, ConstVec::Affine { start: 0, dims });
        let one = walk.gather(table, counter, 1);
        let range = walk.all_values()[old.index()].range;
        walk.note_range(one, range);
        renamed.insert(old, one);
    }
    copy(walk, before, &mut renamed);
    copy(walk, &body.nodes, &mut renamed);
    let results = (carried.iter())
        .map(|&k| {
            let id = body.results[k];
            renamed.get(&id).copied().unwrap_or(id)
        })
        .collect();
    let region: Region = walk.close(results);
    debug_assert_eq!(walk.depth(), depth);
    let joined = Node {
        op: Op::Loop { count: Some(all) },
        args: node.args.clone(),
        results: (node.args.iter())
            .map(|&id| walk.ty(id))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|ty| walk.fresh(ty))
            .collect(),
        regions: vec![region],
        span: node.span,
        protocol: node.protocol,
    };
    let appends = |walk: &mut Walk, joined: &Node| {
        let body = Body::new(walk, &joined.regions[0]);
        !collections(walk, joined, all, &body, false).0.is_empty()
    };
    if appends(walk, &joined) {
        return Some(joined);
    }
    let straight = straightened(walk, &joined)?;
    appends(walk, &straight).then_some(joined)
}
