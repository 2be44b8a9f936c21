//! Unrolling: short loops that stayed loops become straight code.
//!
//! ```text
//! before: v9 = loop 2 v0 { (i, x) y = gather a, i   z = mul x, y   w = add z, y   yield w }
//! after:  y0 = gather a, 0   z0 = mul v0, y0   w0 = add z0, y0   y1 = gather a, 1   z1 = mul w0, y1   v9 = add z1, y1
//! ```
//!
//! What is left of loops here is sequential: unrolling changes no dependency, but counters become constants, small
//! arrays become scalars, and neighbouring iterations share circuits and rounds. Inner loops come first. A loop is
//! unrolled if it has at most [`MAX_COUNT`] iterations, [`MAX_NODES`] operations and circuits of about [`MAX_ANDS`] in all, whatever else the
//! program holds; else its body is compiled once and run many times.

use super::Outcome;
use super::constants::Constants;
use super::rewrite::{Rule, Walk, copy, rewrite};
use crate::ir::{Ir, Kind, Node, Op, Region};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::sorted::SortedMap;

/// Most iterations.
pub const MAX_COUNT: u64 = 64;
/// Most operations of an unrolled loop.
pub const MAX_NODES: u64 = 4000;

/// Most ANDs, roughly and for one lane, of an unrolled loop's circuits: they are all built and written into the plan.
pub const MAX_ANDS: u64 = 1 << 17;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    rewrite(ir, true, &mut Unroll)
}

struct Unroll;

impl Rule for Unroll {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let Op::Loop { count: Some(n) } = node.op
            && n <= MAX_COUNT
            && n * size(&node.regions[0]) <= MAX_NODES
            && n.saturating_mul(ands(walk, &node.regions[0])) <= MAX_ANDS
        {
            unroll(walk, &node, n);
            return;
        }
        Constants.node(walk, node);
    }
}

/// Operations of a region and of those inside it.
fn size(region: &Region) -> u64 {
    (region.nodes.iter())
        .map(|node| 1 + node.regions.iter().map(size).sum::<u64>())
        .sum()
}

/// About how many ANDs the secret work of a region is on one lane, that of loops in it by their iterations.
fn ands(walk: &Walk, region: &Region) -> u64 {
    let of = |node: &Node| {
        let Some(ty) = node.results.first().map(|&id| walk.ty(id)) else {
            return 0;
        };
        let width = u64::from(ty.scalar.width());
        let own = match &node.op {
            _ if !ty.secret => 0,
            Op::Word(WordOp::Mul) | Op::Dot { .. } => width * width,
            Op::Word(WordOp::Div | WordOp::Rem | WordOp::Isqrt) => 2 * width * width,
            Op::Word(WordOp::Float(..)) => 2_000,
            Op::Word(
                WordOp::Xor
                | WordOp::Not
                | WordOp::Cast
                | WordOp::Shl
                | WordOp::Shr
                | WordOp::RotL
                | WordOp::RotR,
            ) => 0,
            op if op.kind() == Kind::Compute => width,
            _ => 0,
        };
        let times = match node.op {
            Op::Loop { count: Some(n) } => n,
            _ => 1,
        };
        let inner: u64 = node.regions.iter().map(|region| ands(walk, region)).sum();
        own.saturating_add(inner.saturating_mul(times))
    };
    region.nodes.iter().map(of).fold(0, u64::saturating_add)
}

fn unroll(walk: &mut Walk, node: &Node, n: u64) {
    let body = &node.regions[0];
    let mut carried = node.args.clone();
    for i in 0..n {
        walk.span = node.span;
        walk.protocol = node.protocol;
        let counter_ty = walk.ty(body.params[0]);
        let counter = walk.splat_of(counter_ty, u128::from(i));
        let values = std::iter::once(counter).chain(carried);
        let mut map: SortedMap<_, _> = body.params.iter().copied().zip(values).collect();
        copy(walk, &body.nodes, &mut map);
        carried = (body.results.iter())
            .map(|id| map.get(id).copied().unwrap_or(*id))
            .collect();
    }
    walk.replace_all(&node.results, &carried);
}
