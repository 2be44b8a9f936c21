//! What stays of a loop: the sequential part, in a smaller loop that reads what was computed for all iterations at once.
//!
//! ```text
//! before: v9 = loop n v0 { (i, x) a = gather xs, i   b = mul a, a   c = mul x, x   d = add c, b   yield d }
//! after:  b = mul xs, xs   v9 = loop n v0 { (i, x) e = gather b, i   c = mul x, x   d = add c, e   yield d }
//! ```
//!
//! Cheap operations (wiring, conversions, what is public) are repeated inside rather than stored; a loop from which
//! nothing costly could be taken stays as it was.

use super::carried::Class;
use super::map::Mapped;
use super::{Run, acts};
use crate::ir::{Kind, Node, Op, Region, Ty};
use crate::passes::rewrite::copy;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};

impl Run<'_, '_, '_> {
    /// The loop's results: from the vector operations, and from a smaller loop for what stays.
    pub fn finish(mut self, node: &Node) -> Option<Vec<ValueId>> {
        let region = self.body.region;
        let left: Vec<usize> = (0..self.done.len())
            .filter(|&k| self.done[k].is_none())
            .collect();
        // What the remaining values need inside the loop, backward; what is mapped and costly is read instead.
        let mut needed: SortedSet<ValueId> = left.iter().map(|&k| region.results[k]).collect();
        let mut kept = Vec::new();
        let mut read = SortedSet::new();
        for at in (0..region.nodes.len()).rev() {
            let node = &region.nodes[at];
            let is_needed = node.results.iter().any(|id| needed.contains(id));
            let has_effect = self.body.live[at] && !self.mapped[at];
            if self.mapped[at] && is_needed && self.is_costly(node) {
                read.extend(
                    node.results
                        .iter()
                        .copied()
                        .filter(|id| needed.contains(id)),
                );
                continue;
            }
            // What was mapped and acts (a reveal, an assertion) must not act again.
            if self.mapped[at] && is_needed && acts(node) {
                read.extend(
                    node.results
                        .iter()
                        .copied()
                        .filter(|id| needed.contains(id)),
                );
                continue;
            }
            let effect = has_effect && !is_needed && may_act(node);
            if is_needed || effect {
                kept.push(at);
                needed.extend(&self.body.uses[at]);
            }
        }
        kept.reverse();
        if left.is_empty() && kept.is_empty() {
            return self.done.into_iter().collect();
        }
        // Of a carried value that left the loop, only its course may still be read.
        for (k, class) in self.classes.iter().enumerate() {
            let param = region.params[k + 1];
            if self.done[k].is_some() && *class != Class::Constant && needed.contains(&param) {
                if !self.map.map.contains_key(&param) {
                    return None;
                }
                read.insert(param);
            }
        }
        let gained = !read.is_empty()
            || self
                .done
                .iter()
                .zip(&self.classes)
                .any(|(done, class)| done.is_some() && *class != Class::Constant);
        if !gained {
            return None;
        }
        self.smaller_loop(node, &left, &kept, &read)
    }

    fn is_costly(&self, node: &Node) -> bool {
        let secret = node.results.iter().any(|&id| self.map.walk.ty(id).secret);
        secret
            && match (&node.op, node.op.kind()) {
                (Op::Word(op), _) => !matches!(op, WordOp::Cast | WordOp::Not | WordOp::Xor),
                (_, Kind::Compute | Kind::Control) => true,
                (_, Kind::Move | Kind::Boundary) => false,
            }
    }

    fn smaller_loop(
        &mut self,
        node: &Node,
        carried: &[usize],
        kept: &[usize],
        read: &SortedSet<ValueId>,
    ) -> Option<Vec<ValueId>> {
        let region = self.body.region;
        let n = self.map.n;
        let init: Vec<ValueId> = carried.iter().map(|&k| self.init[k]).collect();
        let tys: Vec<Ty> = init.iter().map(|&id| self.map.walk.ty(id)).collect();
        let mut sources = Vec::new();
        for &id in read {
            sources.push((id, self.map.look(id)));
        }
        let walk = &mut *self.map.walk;
        walk.span = node.span;
        walk.protocol = node.protocol;
        let counter = walk.fresh(walk.ty(region.params[0]));
        walk.bound_counter(counter, n);
        let mut renamed = SortedMap::from([(region.params[0], counter)]);
        let mut params = vec![counter];
        for (&k, &ty) in carried.iter().zip(&tys) {
            let param = walk.fresh(ty);
            renamed.insert(region.params[k + 1], param);
            params.push(param);
        }
        for (k, class) in self.classes.iter().enumerate() {
            if *class == Class::Constant {
                renamed.insert(region.params[k + 1], self.init[k]);
            }
        }
        walk.open(params);
        for (id, source) in sources {
            let value = match source {
                Mapped::Same(value) => value,
                Mapped::Each(value) => {
                    let lanes = walk.ty(id).lanes;
                    walk.gather(value, counter, lanes)
                }
            };
            renamed.insert(id, value);
        }
        let nodes: Vec<Node> = kept.iter().map(|&at| region.nodes[at].clone()).collect();
        copy(walk, &nodes, &mut renamed);
        let results = (carried.iter())
            .map(|&k| {
                let id = region.results[k];
                renamed.get(&id).copied().unwrap_or(id)
            })
            .collect();
        let body: Region = walk.close(results);
        walk.span = node.span;
        walk.protocol = node.protocol;
        let results = walk.push_new(Op::Loop { count: Some(n) }, init, &tys, vec![body]);
        for (&k, result) in carried.iter().zip(results) {
            self.done[k] = Some(result);
        }
        self.done.iter().copied().collect()
    }
}

/// Whether a node may stop the run or be seen.
fn may_act(node: &Node) -> bool {
    acts(node)
        || matches!(node.op, Op::Gather { .. } | Op::Scatter { .. } | Op::While)
        || (node.regions.iter())
            .flat_map(|region| &region.nodes)
            .any(may_act)
}
