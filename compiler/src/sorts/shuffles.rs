//! Sorts by keys that are drawn for nothing else: where the suite shuffles, they lose their keys and become shuffles.
//!
//! ```text
//! before: v2 = xor v0, v1 (drawn)   v4, v5 = sort v2, v3 keys=1 segments=1 drawn
//! after:  v5 = sort v3 keys=0 segments=1 drawn
//! ```
//!
//! What was drawn is left out with its inputs.

use super::{Choice, Shape, Sorter};
use crate::forms::Way;
use crate::ir::{Ir, Node, Op, Region};
use crate::passes::dead;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};

/// Runs that are shuffled by themselves, an operation for each; where there are more, keys are sorted.
const MOST_SEGMENTS: u64 = 64;

/// Takes the keys away from sorts that are cheaper without.
pub(super) fn run(ir: Ir, sorter: Sorter<'_>) -> Ir {
    let mut rule = Shuffles {
        sorter,
        used: SortedSet::new(),
        shuffled: SortedMap::new(),
        found: false,
    };
    rule.uses(&ir.body);
    let ir = rewrite(ir, false, &mut rule).ir;
    match rule.found {
        true => dead::run(ir).ir,
        false => ir,
    }
}

struct Shuffles<'a> {
    sorter: Sorter<'a>,
    used: SortedSet<ValueId>,
    /// By shape with the keys, whether they go.
    shuffled: SortedMap<Shape, bool>,
    found: bool,
}

impl Shuffles<'_> {
    fn uses(&mut self, region: &Region) {
        self.used.extend(&region.results);
        for node in &region.nodes {
            self.used.extend(&node.args);
            node.regions.iter().for_each(|inner| self.uses(inner));
        }
    }

    fn is_cheaper(&mut self, shape: Shape) -> bool {
        let sorter = &self.sorter;
        let found = self.shuffled.entry(shape).or_insert_with_key(|shape| {
            if shape.segments > MOST_SEGMENTS || !sorter.shuffles(shape) {
                return false;
            }
            let without = Shape {
                columns: shape.columns[shape.keys as usize..].to_vec(),
                keys: 0,
                ..shape.clone()
            };
            let shuffled = sorter.by(&without, Way::Shuffle);
            let Choice { time, .. } = sorter.choose(shape);
            shuffled < time
        });
        *found
    }
}

impl Rule for Shuffles<'_> {
    fn node(&mut self, walk: &mut Walk, mut node: Node) {
        let shape = match node.op {
            Op::Sort { drawn: true, .. } => Shape::of(&node, |v| walk.ty(v)),
            _ => None,
        };
        let Some(shape) = shape else {
            walk.push(node);
            return;
        };
        let n = shape.keys as usize;
        let (hidden, moved) = node.results.split_at(n.min(node.results.len()));
        let hidden = n > 0 && !moved.is_empty() && hidden.iter().all(|v| !self.used.contains(v));
        if hidden && self.is_cheaper(shape.clone()) {
            self.found = true;
            node.op = Op::Sort {
                keys: 0,
                segments: shape.segments,
                drawn: true,
            };
            node.args.drain(..n);
            node.results.drain(..n);
        }
        walk.push(node);
    }
}
