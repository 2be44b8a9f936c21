//! Common subexpressions: an operation done twice on the same operands is done once.
//!
//! ```text
//! before: v2 = add a, b   v3 = add b, a   v4 = mul v2, v3
//! after:  v2 = add a, b   v4 = mul v2, v2
//! ```
//!
//! Operations of an outer region serve the regions inside it, not the other way round. What a user asked for by
//! domain is kept apart, and reveals, assertions, inputs and outputs are never merged: each is a promise of its own.

use super::rewrite::{Rule, Walk, rewrite};
use crate::hir::Protocol;
use crate::ir::{Ir, Node, Op, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The pass.
pub fn run(ir: Ir) -> Ir {
    rewrite(ir, false, &mut Common::default())
}

#[derive(Default)]
struct Common {
    /// One table per open region, by hash; looked up, never walked.
    scopes: Vec<HashMap<u64, Vec<Seen>>>,
}

struct Seen {
    op: Op,
    args: Vec<ValueId>,
    ty: Ty,
    protocol: Option<Protocol>,
    result: ValueId,
}

impl Rule for Common {
    fn node(&mut self, walk: &mut Walk, mut node: Node) {
        let mergeable = match &node.op {
            Op::Const(_)
            | Op::Word(_)
            | Op::MakeSecret
            | Op::Gather { .. }
            | Op::Scatter { .. }
            | Op::Concat
            | Op::ReadSecret { .. }
            | Op::WriteSecret { .. }
            | Op::Reduce { .. }
            | Op::Scan { .. }
            | Op::Circuit { .. }
            | Op::Dot { .. } => node.regions.is_empty(),
            Op::Input(_)
            | Op::Reveal
            | Op::Assert(_)
            | Op::Loop { .. }
            | Op::While
            | Op::If
            | Op::Output(_) => false,
        };
        let (true, &[result]) = (mergeable, &node.results[..]) else {
            walk.push(node);
            return;
        };
        if let Op::Word(op) = node.op
            && (op.is_associative() || matches!(op, WordOp::Eq | WordOp::Ne))
        {
            node.args.sort_unstable();
        }
        let ty = walk.ty(result);
        let mut hasher = DefaultHasher::new();
        hash_op(&node.op, &mut hasher);
        (&node.args, ty).hash(&mut hasher);
        let hash = hasher.finish();
        for scope in self.scopes.iter().rev() {
            for seen in scope.get(&hash).into_iter().flatten() {
                if seen.ty == ty
                    && seen.args == node.args
                    && seen.op == node.op
                    && seen.protocol == node.protocol
                {
                    walk.replace(result, seen.result);
                    return;
                }
            }
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.entry(hash).or_default().push(Seen {
                op: node.op.clone(),
                args: node.args.clone(),
                ty,
                protocol: node.protocol,
                result,
            });
        }
        walk.push(node);
    }

    fn enter(&mut self) {
        self.scopes.push(HashMap::new());
    }

    fn leave(&mut self) {
        self.scopes.pop();
    }
}

fn hash_op(op: &Op, hasher: &mut DefaultHasher) {
    std::mem::discriminant(op).hash(hasher);
    match op {
        Op::Const(words) => words.hash(hasher),
        Op::Word(word) => word.hash(hasher),
        Op::Gather { block } | Op::Scatter { block } => block.hash(hasher),
        Op::ReadSecret { block, groups } | Op::WriteSecret { block, groups } => {
            (block, groups).hash(hasher);
        }
        Op::Reduce { reducer, segments } | Op::Scan { reducer, segments } => {
            (reducer, segments).hash(hasher);
        }
        Op::Dot { segments } => segments.hash(hasher),
        Op::Circuit { circuit, calls } => (&circuit.name, calls).hash(hasher),
        Op::Input(_)
        | Op::MakeSecret
        | Op::Concat
        | Op::Reveal
        | Op::Assert(_)
        | Op::Loop { .. }
        | Op::While
        | Op::If
        | Op::Output(_) => {}
    }
}
