//! Computes what is known when the program is compiled.
//!
//! ```text
//! before: v0 = const 0 + [8*1]   v1 = const 3 x8   v2 = mul v0, v1   v3 = gather x, v2
//! after:  v2 = const 0 + [8*3]   v3 = gather x, v2
//! ```
//!
//! Constant vectors stay in a form whose size does not follow their lanes (the same word everywhere, or nested affine
//! counting): sums, differences and multiples of such vectors are computed on the forms. Others are computed lane by
//! lane up to [`MAX_TABLE`] lanes and brought back to a compact form where they have one; beyond that they stay
//! operations, computed in the clear while running. Branches and loops with a known condition or count become straight code
//! (none or one iteration), and a loop all of whose operands are known is run, if it is not long.

pub mod vectors;

use super::Outcome;
use super::rewrite::{Rule, Walk, rewrite};
use crate::ir::interpret::known;
use crate::ir::{Ir, Node, Op, Reducer, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Word};
pub use vectors::{MAX_TABLE, hull, normal};

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    rewrite(ir, false, &mut Constants)
}

/// The rule of this pass; with the algebraic rules switched on in the walk it is also the rule of `algebra`.
pub struct Constants;

impl Rule for Constants {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        match &node.op {
            Op::If => match walk.splat(node.args[0]) {
                Some(word) => inline(walk, node, usize::from(word == 0), &[]),
                None => walk.push(node),
            },
            Op::Loop { count: None } => match walk.splat(node.args[0]) {
                Some(word) if word <= Word::from(u64::MAX) => {
                    let mut node = node;
                    node.args.remove(0);
                    node.op = Op::Loop {
                        count: Some(word as u64),
                    };
                    walk.changed = true;
                    self.node(walk, node);
                }
                _ => walk.push(node),
            },
            Op::Loop { count: Some(0) } => walk.replace_all(&node.results, &node.args),
            Op::Loop { count: Some(1) } => {
                let counter = walk.splat_of(walk.ty(node.regions[0].params[0]), 0);
                let params: Vec<ValueId> =
                    std::iter::once(counter).chain(node.args.clone()).collect();
                inline(walk, node, 0, &params);
            }
            Op::Loop { count: Some(_) } => {
                let constant = |id| walk.constant(id);
                match known::looped(walk.all_values(), &node, &constant) {
                    Some(all) => {
                        for (&result, words) in node.results.iter().zip(all) {
                            let ty = walk.ty(result);
                            let words = normal(ConstVec::Table(words), ty.scalar);
                            let known = walk.emit(Op::Const(words), vec![], ty);
                            walk.replace(result, known);
                        }
                    }
                    None => walk.push_simplified(node),
                }
            }
            Op::Assert(_) => {
                if walk.splat(node.args[0]) != Some(1) {
                    walk.push(node);
                }
            }
            // Whatever else it is, known operands may make a constant of it.
            _ => walk.push_simplified(node),
        }
    }
}

/// Tables of more lanes are not looked at again.
const LONG: u64 = 4096;

/// Puts the nodes of one region of a node in its place, with the given values for the region's parameters. The nodes are
/// visited again, now with more known of their operands.
fn inline(walk: &mut Walk, node: Node, region: usize, params: &[ValueId]) {
    let Some(region) = node.regions.into_iter().nth(region) else {
        return;
    };
    for (&param, &value) in region.params.iter().zip(params) {
        walk.replace(param, value);
    }
    walk.nodes(region.nodes, &mut Constants);
    walk.replace_all(&node.results, &region.results);
}

/// The constant that an operation gives, if its operands are known and the result is compact or small.
pub fn fold(walk: &Walk, op: &Op, args: &[ValueId], ty: Ty) -> Option<ConstVec> {
    if let Op::Const(words) = op {
        // Whoever makes a long table brings it into its canonical form.
        let is_long = matches!(words, ConstVec::Table(all) if all.len() as u64 > LONG);
        return (!is_long).then(|| normal(words.clone(), ty.scalar));
    }
    if ty.secret || ty.lanes == 0 {
        return None;
    }
    let known = |i: usize| args.get(i).and_then(|&id| walk.constant(id));
    let scalar = |i: usize| walk.ty(args[i]).scalar;
    let out = match op {
        Op::Word(word) => {
            let operands: Vec<&ConstVec> = (0..args.len()).map(known).collect::<Option<_>>()?;
            let from = scalar(usize::from(*word == WordOp::Select));
            let amount = (args.len() == 2).then(|| scalar(1));
            vectors::word(*word, from, ty.scalar, amount, &operands)?
        }
        Op::Gather { block } => {
            if let Some(ConstVec::Splat { word, .. }) = known(0) {
                let len = walk.ty(args[0]).lanes / block;
                let (_, hi) = hull(known(1)?, scalar(1))?;
                (hi < Word::from(len)).then_some(ConstVec::Splat {
                    lanes: ty.lanes,
                    word: *word,
                })?
            } else {
                vectors::gather(known(0)?, scalar(0), known(1)?, scalar(1), *block)?
            }
        }
        Op::Concat => {
            let operands: Vec<&ConstVec> = (0..args.len()).map(known).collect::<Option<_>>()?;
            vectors::concat(&operands, ty.scalar)?
        }
        Op::Reduce {
            reducer: Reducer::Word(word),
            segments,
        } => vectors::reduce(*word, ty.scalar, known(0)?, *segments)?,
        Op::Scan {
            reducer: Reducer::Word(word),
            segments,
        } => vectors::scan(*word, ty.scalar, known(0)?, *segments)?,
        Op::Scatter { block } => {
            let (dst, idx, val) = (known(0)?, known(1)?, known(2)?);
            vectors::scatter(dst, idx, scalar(1), val, *block)?
        }
        // Nothing else is done on constants alone.
        _ => return None,
    };
    Some(normal(out, ty.scalar))
}
