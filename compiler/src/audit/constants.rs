//! The numbers that stand in a program: what it compares with, and what nobody meets by chance.

use crate::ir::{Ir, Op, Region};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Integer};

/// Numbers of tables and arrays that are not looked at one by one.
const LONG: u64 = 16;

/// The numbers that stand in a program, ascending.
pub(super) fn constants(ir: &Ir) -> Vec<Integer> {
    fn walk(ir: &Ir, region: &Region, found: &mut SortedSet<Integer>) {
        for node in &region.nodes {
            if let (Op::Const(value), Some(id)) = (&node.op, node.results.first())
                && let Some(known) = ir.values.get(id.index())
            {
                let lanes = match value {
                    ConstVec::Splat { .. } => 1,
                    ConstVec::Affine { .. } | ConstVec::Table(_) | ConstVec::Pieces(_) => {
                        value.lanes()
                    }
                };
                let words = (0..lanes).take_while(|_| lanes <= LONG);
                let numbers = words.map(|k| Integer::of(known.ty.scalar, value.get(k)));
                found.extend(numbers);
            }
            for inner in &node.regions {
                walk(ir, inner, found);
            }
        }
    }
    let mut found = SortedSet::new();
    walk(ir, &ir.body, &mut found);
    found.into_iter().collect()
}
