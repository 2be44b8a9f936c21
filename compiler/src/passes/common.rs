//! Common subexpressions: an operation done twice on the same operands is done once.
//!
//! ```text
//! before: v2 = add a, b   v3 = add b, a   v4 = mul v2, v3
//! after:  v2 = add a, b   v4 = mul v2, v2
//! ```
//!
//! Operations of an outer region serve the regions inside it, not the other way round. What a user asked for by
//! domain is kept apart, and reveals, assertions, inputs and outputs are never merged: each is a promise of its own.

use super::Outcome;
use super::rewrite::{Rule, Walk, rewrite};
use crate::ir::{Ir, Kind, Node, Op};
use crate::mix::Mix;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    rewrite(ir, false, &mut Common::default())
}

#[derive(Default)]
struct Common {
    /// Per open region the results of its operations: by hash, or by the next number that is free. Looked up, never walked.
    scopes: Vec<HashMap<u64, ValueId, Mix>>,
}

impl Rule for Common {
    fn node(&mut self, walk: &mut Walk, mut node: Node) {
        let mergeable = match node.op.kind() {
            Kind::Move | Kind::Compute => node.regions.is_empty(),
            Kind::Boundary | Kind::Control => false,
        };
        let (true, &[result]) = (mergeable, &node.results[..]) else {
            walk.push(node);
            return;
        };
        if let Op::Word(op) = node.op
            && (op.is_associative() || matches!(op, WordOp::Eq | WordOp::Ne))
        {
            walk.changed |= !node.args.is_sorted();
            node.args.sort_unstable();
        }
        let ty = walk.ty(result);
        let hash = Mix.hash_one((&node.op, &node.args, ty));
        let same = |walk: &Walk, known: ValueId| {
            walk.ty(known) == ty
                && walk.def(known).is_some_and(|known| {
                    known.args == node.args
                        && known.op == node.op
                        && known.protocol == node.protocol
                })
        };
        for scope in &self.scopes {
            let mut at = hash;
            while let Some(&known) = scope.get(&at) {
                if same(walk, known) {
                    walk.replace(result, known);
                    return;
                }
                at = at.wrapping_add(1);
            }
        }
        if let Some(scope) = self.scopes.last_mut() {
            let mut at = hash;
            while scope.contains_key(&at) {
                at = at.wrapping_add(1);
            }
            scope.insert(at, result);
        }
        walk.push(node);
    }

    fn enter(&mut self) {
        self.scopes.push(HashMap::default());
    }

    fn leave(&mut self) {
        self.scopes.pop();
    }
}
