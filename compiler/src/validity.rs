//! A session before the one of a study: which contributions are out of their declared ranges.
//!
//! Who contributes takes no part in runs and is not believed. A run stops where any contribution is out of its range, and says no more; so
//! the nodes look at all of them first, in shares, and open one bit for each. Those that are not as declared can be left out then.

use crate::ir::build::Builder;
use crate::ir::{Ir, Op};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::{InputLeaf, ParamShape, ResultShape, Shape, ShapeNode};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Form, Scalar};

/// From a lowered program the one that gives every party one bit for each of those who are away and give something, in their order:
/// whether any of it is out of its declared range.
pub fn validity(ir: &Ir) -> Ir {
    let mut b = Builder::new(ir.n_parties);
    b.ir.party_names.clone_from(&ir.party_names);
    b.ir.present.clone_from(&ir.present);
    let mut beyond: SortedMap<u32, Option<ValueId>> = SortedMap::new();
    for param in ir.params.iter().filter(|p| p.party >= ir.n_parties) {
        let mut leaves = Vec::new();
        for id in &param.leaves {
            let Some(leaf) = ir.inputs.get(id.index()) else {
                continue;
            };
            leaves.push(InputId::new(b.ir.inputs.len()));
            let any = outside(&mut b, leaf);
            let so_far = beyond.entry(param.party).or_default();
            *so_far = match (*so_far, any) {
                (Some(x), Some(y)) => Some(b.word(WordOp::Or, &[x, y])),
                (x, y) => x.or(y),
            };
        }
        b.ir.params.push(ParamShape {
            leaves,
            ..param.clone()
        });
    }
    let bits: Vec<ValueId> = beyond
        .values()
        .map(|bit| match bit {
            Some(bit) => *bit,
            None => {
                let no = b.splat(Scalar::Bool, 1, 0);
                b.inferred(Op::MakeSecret, &[no])
            }
        })
        .collect();
    let n = bits.len() as u64;
    let all: Vec<u32> = (0..ir.n_parties).collect();
    if n > 0 {
        let bits = b.inferred(Op::Concat, &bits);
        let id = b.output(bits, &all);
        let shape = vec![
            ShapeNode::Array(Some(n)),
            ShapeNode::Scalar {
                scalar: Scalar::Bool,
                form: Form::Plain,
                range: None,
            },
        ];
        b.ir.results
            .extend(all.into_iter().map(|party| ResultShape {
                party,
                shape: Shape(shape.clone()),
                leaves: vec![id],
            }));
    }
    b.finish()
}

/// Adds an input, and whether any of its lanes is out of its range, if it has one. It stays bits of its type in any case.
fn outside(b: &mut Builder, leaf: &InputLeaf) -> Option<ValueId> {
    let ranged = leaf.range.filter(|_| leaf.lanes > 0);
    let value = b.input_leaf(InputLeaf {
        // A range that is asserted would stop the session that is to say where it does not hold.
        range: None,
        ..leaf.clone()
    });
    let (low, high) = ranged?;
    let low = b.splat(leaf.scalar, leaf.lanes, leaf.scalar.wrap(low.word()));
    let high = b.splat(leaf.scalar, leaf.lanes, leaf.scalar.wrap(high.word()));
    let below = b.word(WordOp::Lt, &[value, low]);
    let above = b.word(WordOp::Lt, &[high, value]);
    let either = b.word(WordOp::Or, &[below, above]);
    Some(b.reduce(WordOp::Or, either, 1))
}
