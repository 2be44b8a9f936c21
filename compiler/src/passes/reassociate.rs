//! Reassociation: a chain of an associative operation becomes a reduction or a balanced tree.
//!
//! ```text
//! before: v4 = mul a, b   v5 = mul v4, c   v6 = mul v5, d
//! after:  v7 = concat a, b, c, d   v6 = reduce mul v7
//! ```
//!
//! Operands that are ready at the same time become one reduction, for which the compiler picks the tree and the circuit
//! (carry-save for sums). Where some come later than others, the two earliest are combined first, so that late ones
//! pass through few operations. "Ready" is counted in levels of a shallow circuit. Only values that nothing else
//! needs are taken apart; exclusive or is free at any depth and left alone.

use super::Outcome;
use super::constants::Constants;
use super::dot::count_uses;
use super::rewrite::{Rule, Walk, rewrite};
use crate::ir::{Ir, Node, Op, Reducer, Region, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Word};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    let uses = count_uses(&ir);
    let mut absorbed = vec![false; ir.values.len()];
    let mut made_by = vec![None; ir.values.len()];
    find_absorbed(&ir.body, &uses, &mut made_by, &mut absorbed);
    let n = ir.values.len();
    rewrite(
        ir,
        true,
        &mut Reassociate {
            absorbed,
            uses,
            ready: vec![0; n],
        },
    )
}

/// Fewer operands than this are not worth regrouping.
const MIN_OPERANDS: usize = 4;

/// Longest reduction that takes in one more operand: longer ones have levels enough, and a copy of all lanes would cost more.
const MAX_JOINED: u64 = 1 << 12;

/// Marks values whose only use is an operand of the operation that made them, in the same region.
fn find_absorbed(
    region: &Region,
    uses: &[u32],
    made_by: &mut [Option<(WordOp, usize)>],
    absorbed: &mut [bool],
) {
    let me = std::ptr::from_ref(region) as usize;
    for node in &region.nodes {
        if let Op::Word(op) = node.op
            && op.is_associative()
        {
            for arg in &node.args {
                if uses[arg.index()] == 1 && made_by[arg.index()] == Some((op, me)) {
                    absorbed[arg.index()] = true;
                }
            }
            made_by[node.results[0].index()] = Some((op, me));
        }
        for inner in &node.regions {
            find_absorbed(inner, uses, made_by, absorbed);
        }
    }
}

struct Reassociate {
    absorbed: Vec<bool>,
    /// How often each value is used.
    uses: Vec<u32>,
    /// Levels until a value is there, along secret operations.
    ready: Vec<u32>,
}

impl Reassociate {
    fn ready(&self, id: ValueId) -> u32 {
        self.ready.get(id.index()).copied().unwrap_or(0)
    }

    fn note(&mut self, walk: &Walk, id: ValueId, ready: u32) {
        if self.ready.len() <= id.index() {
            self.ready.resize(walk.all_values().len(), 0);
        }
        self.ready[id.index()] = ready;
    }

    /// The operands of the chain that ends in `args`.
    fn operands(&self, walk: &Walk, op: WordOp, args: &[ValueId]) -> Vec<ValueId> {
        let mut out = Vec::new();
        let mut stack: Vec<ValueId> = args.iter().rev().copied().collect();
        while let Some(id) = stack.pop() {
            let inside = self
                .absorbed
                .get(id.index())
                .is_some_and(|&absorbed| absorbed);
            match walk.word_args(id, op) {
                Some(inner) if inside => stack.extend(inner.iter().rev()),
                _ => out.push(id),
            }
        }
        out
    }

    fn regroup(&mut self, walk: &mut Walk, op: WordOp, operands: &[ValueId], ty: Ty) -> ValueId {
        let first = self.ready(operands[0]);
        let level = levels(op, ty);
        if operands.iter().all(|&id| self.ready(id) == first) {
            let k = operands.len() as u64;
            let all = walk.concat(operands.to_vec());
            // Lane by lane: operand `j` of lane `i` stands at `j·lanes + i`.
            let dims = vec![(ty.lanes, 1), (k, Word::from(ty.lanes))];
            let all = walk.gather_at(all, ConstVec::Affine { start: 0, dims });
            let out = walk.reduce(op, all, ty.lanes);
            let depth = u64::BITS - (k - 1).leading_zeros();
            self.note(walk, out, first + depth * level);
            return out;
        }
        let mut heap: BinaryHeap<Reverse<(u32, usize, ValueId)>> = (operands.iter().enumerate())
            .map(|(i, &id)| Reverse((self.ready(id), i, id)))
            .collect();
        let mut order = operands.len();
        while let Some(Reverse((_, _, a))) = heap.pop() {
            let Some(Reverse((ready, _, b))) = heap.pop() else {
                return a;
            };
            let both = walk.word(op, &[a, b]);
            let after = ready + level;
            self.note(walk, both, after);
            heap.push(Reverse((after, order, both)));
            order += 1;
        }
        operands[0]
    }
}

impl Reassociate {
    /// One more operand of a reduction that has room for it on its lowest level, so that it costs no level of its own.
    fn joined(&self, walk: &mut Walk, op: WordOp, args: &[ValueId]) -> Option<ValueId> {
        // Sums merge anyway, and a longer vector would hide products in it.
        if !matches!(
            op,
            WordOp::Mul | WordOp::Min | WordOp::Max | WordOp::And | WordOp::Or
        ) {
            return None;
        }
        let &[a, b] = args else {
            return None;
        };
        for (reduced, more) in [(a, b), (b, a)] {
            let Some((
                Op::Reduce {
                    reducer: Reducer::Word(inner),
                    segments: 1,
                },
                &[array],
            )) = walk.simple(reduced)
            else {
                continue;
            };
            let len = walk.ty(array).lanes;
            let fits = *inner == op && (2..=MAX_JOINED).contains(&len) && !len.is_power_of_two();
            let once = self.uses.get(reduced.index()).is_some_and(|&n| n == 1);
            if fits && once && self.ready(more) <= self.ready(array) {
                let all = walk.concat(vec![array, more]);
                return Some(walk.reduce(op, all, 1));
            }
        }
        None
    }
}

impl Rule for Reassociate {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let (Op::Word(op), &[result]) = (&node.op, &node.results[..])
            && walk.ty(result).secret
            && !self.absorbed[result.index()]
            && let Some(out) = self.joined(walk, *op, &node.args)
        {
            let ready = node.args.iter().map(|&id| self.ready(id)).max();
            self.note(walk, out, ready.unwrap_or(0));
            let out = walk.with_secrecy(out, walk.ty(result).secret);
            walk.replace(result, out);
            return;
        }
        if let (Op::Word(op), &[result]) = (&node.op, &node.results[..])
            && op.is_associative()
            && *op != WordOp::Xor
            && walk.ty(result).secret
            && !self.absorbed[result.index()]
        {
            let operands = self.operands(walk, *op, &node.args);
            if operands.len() >= MIN_OPERANDS {
                let ty = walk.ty(result);
                let out = self.regroup(walk, *op, &operands, ty);
                let out = walk.with_secrecy(out, ty.secret);
                walk.replace(result, out);
                return;
            }
        }
        let ready = node
            .args
            .iter()
            .map(|&id| self.ready(id))
            .max()
            .unwrap_or(0);
        let results = node.results.clone();
        let cost = match (&node.op, results.first()) {
            (Op::Word(op), Some(&id)) if walk.ty(id).secret => levels(*op, walk.ty(node.args[0])),
            (Op::Reduce { segments, .. } | Op::Dot { segments }, Some(&id))
                if walk.ty(id).secret =>
            {
                let ty = walk.ty(node.args[0]);
                let len = ty.lanes / (*segments).max(1);
                levels(WordOp::Add, ty) * (u64::BITS - len.leading_zeros())
            }
            (Op::Loop { .. } | Op::While | Op::If, _) => 100,
            _ => 0,
        };
        Constants.node(walk, node);
        for id in results {
            let id = walk.get(id);
            if self.ready(id) == 0 {
                self.note(walk, id, ready + cost);
            }
        }
    }
}

/// Levels of ANDs of a shallow circuit for an operation.
fn levels(op: WordOp, ty: Ty) -> u32 {
    let log = u32::BITS - ty.scalar.width().leading_zeros();
    match op {
        WordOp::Xor | WordOp::Not | WordOp::Cast => 0,
        WordOp::And | WordOp::Or | WordOp::Select => 1,
        WordOp::Eq | WordOp::Ne => log,
        WordOp::Add
        | WordOp::Sub
        | WordOp::Neg
        | WordOp::Abs
        | WordOp::Lt
        | WordOp::Le
        | WordOp::Min
        | WordOp::Max
        | WordOp::Shl
        | WordOp::Shr
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::CountOnes => log + 1,
        WordOp::Mul => 2 * log,
        WordOp::SubByte => 4,
        WordOp::Div | WordOp::Rem | WordOp::Isqrt | WordOp::Float(..) => ty.scalar.width() * 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::build::Builder;
    use crate::passes::{dead, tests::assert_same};
    use smpcc_circuit::value::Scalar;

    const U16: Scalar = Scalar::unsigned(16);

    #[test]
    fn equal_operands_become_a_reduction() {
        let mut b = Builder::new(2);
        let xs: Vec<ValueId> = (0..7)
            .map(|i| b.input(0, &format!("x{i}"), U16, 3))
            .collect();
        let mut product = xs[0];
        for &x in &xs[1..] {
            product = b.word(WordOp::Mul, &[product, x]);
        }
        b.output(product, &[0]);
        let ir = b.finish();
        let after = dead::run(run(ir.clone()).ir).ir;
        let inputs: Vec<Vec<Word>> = (0..7).map(|i| vec![3 + i, 5 * i + 1, 65535 - i]).collect();
        assert_same(&ir, &after, &inputs, "product");
        let text = after.to_string();
        assert!(text.contains("reduce mul segments=3"), "{text}");
        assert!(!text.contains("= mul"), "{text}");
    }

    #[test]
    fn a_late_operand_is_combined_last() {
        let mut b = Builder::new(2);
        let xs: Vec<ValueId> = (0..5)
            .map(|i| b.input(0, &format!("x{i}"), U16, 1))
            .collect();
        let late = b.word(WordOp::Div, &[xs[0], xs[1]]);
        let mut sum = late;
        for &x in &xs[1..] {
            sum = b.word(WordOp::Max, &[sum, x]);
        }
        b.output(sum, &[0]);
        let ir = b.finish();
        let after = dead::run(run(ir.clone()).ir).ir;
        let inputs: Vec<Vec<Word>> = (0..5).map(|i| vec![40_000 - 7000 * i]).collect();
        assert_same(&ir, &after, &inputs, "maximum");
        let last = after
            .body
            .nodes
            .iter()
            .rev()
            .find(|n| n.op == Op::Word(WordOp::Max));
        let div = after
            .body
            .nodes
            .iter()
            .find(|n| n.op == Op::Word(WordOp::Div));
        let (last, div) = (last.unwrap(), div.unwrap());
        assert!(last.args.contains(&div.results[0]), "{after}");
    }
}
