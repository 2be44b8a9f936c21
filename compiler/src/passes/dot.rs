//! Inner products: a sum of products is one operation.
//!
//! ```text
//! before: v2 = mul a, b   v3 = reduce add segments=4 v2
//! after:  v3 = dot segments=4 a, b
//! ```
//!
//! Suites with arithmetic shares pay for an inner product as for one product per result, whatever its length. Only
//! products that nothing else needs are taken in, so that none is computed twice.

use super::Outcome;
use super::constants::Constants;
use super::rewrite::{Rule, Walk, free_uses, rewrite};
use crate::ir::{Ir, Node, Op, Reducer, Region};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    let uses = count_uses(&ir);
    rewrite(ir, true, &mut Dot { uses })
}

/// How often each value is used, by nodes and as a region's result (a use inside a region counts there and for the
/// node that holds the region).
pub fn count_uses(ir: &Ir) -> Vec<u32> {
    let mut uses = vec![0; ir.values.len()];
    count(&ir.body, &mut uses);
    uses
}

fn count(region: &Region, uses: &mut [u32]) {
    for node in &region.nodes {
        if node.regions.is_empty() {
            node.args.iter().for_each(|id| uses[id.index()] += 1);
        } else {
            free_uses(node).iter().for_each(|id| uses[id.index()] += 1);
        }
        for inner in &node.regions {
            count(inner, uses);
        }
    }
    region.results.iter().for_each(|id| uses[id.index()] += 1);
}

struct Dot {
    uses: Vec<u32>,
}

impl Dot {
    fn factors(&self, walk: &Walk, id: ValueId) -> Option<[ValueId; 2]> {
        let once = self.uses.get(id.index()).is_some_and(|&n| n == 1);
        let &[a, b] = walk.word_args(id, WordOp::Mul)? else {
            return None;
        };
        let secret = walk.ty(a).secret && walk.ty(b).secret;
        (once && secret).then_some([a, b])
    }

    /// The factors of products that are summed in another order than they were computed in.
    fn moved(&self, walk: &mut Walk, id: ValueId) -> Option<[ValueId; 2]> {
        let once = self.uses.get(id.index()).is_some_and(|&n| n == 1);
        let (&Op::Gather { block }, &[products, idx]) = walk.simple(id)? else {
            return None;
        };
        // As many lanes: the same products, each once.
        let same = walk.ty(id).lanes <= walk.ty(products).lanes;
        let factors = self.factors(walk, products).filter(|_| once && same)?;
        walk.constant(idx)?;
        Some(factors.map(|factor| walk.gather(factor, idx, block)))
    }
}

impl Rule for Dot {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let Op::Reduce {
            reducer: Reducer::Word(WordOp::Add),
            segments,
        } = node.op
            && let Some(factors) = self
                .factors(walk, node.args[0])
                .or_else(|| self.moved(walk, node.args[0]))
        {
            let ty = walk.ty(node.results[0]);
            let out = walk.emit(Op::Dot { segments }, factors.to_vec(), ty);
            walk.replace(node.results[0], out);
            return;
        }
        Constants.node(walk, node);
    }
}
