//! The loop without the arrays to which it appends: it writes down, iteration by iteration, what would be written and whether.

use super::scattered::Scattered;
use super::{Collection, TRUTH};
use crate::ir::{Node, Ty};
use crate::passes::lanes::Lanes;
use crate::passes::lanes::carried::Body;
use crate::passes::lanes::straight::again;
use crate::passes::rewrite::{Rule, Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::ConstVec;

/// The carried values that leave the loop.
fn leaving(found: &[Collection], scattered: &[Scattered]) -> SortedSet<usize> {
    let appended = found
        .iter()
        .flat_map(|one| one.arrays.iter().map(|a| a.array));
    appended
        .chain(scattered.iter().flat_map(Scattered::arrays))
        .collect()
}

/// A loop that writes down what was appended.
pub struct Records {
    /// The carried values that stay.
    pub kept: Vec<usize>,
    /// What is carried beside them: so many lanes per iteration of a type.
    tys: Vec<(Ty, u64)>,
    node: Node,
    n: u64,
}

impl Records {
    pub fn new(
        walk: &Walk,
        node: &Node,
        n: u64,
        found: &[Collection],
        scattered: &[Scattered],
    ) -> Self {
        let arrays = leaving(found, scattered);
        let kept = (0..node.args.len())
            .filter(|k| !arrays.contains(k))
            .collect();
        let truth = Ty {
            lanes: n,
            secret: true,
            ..TRUTH
        };
        let mut tys = Vec::new();
        for one in found {
            for at in 0..one.slots.len() {
                tys.push((truth, 1));
                for array in &one.arrays {
                    if !array.is_full(&one.slots) {
                        tys.push((truth, 1));
                    }
                    if array.writes[at].is_empty() {
                        continue;
                    }
                    let ty = Ty {
                        lanes: n.saturating_mul(array.block),
                        secret: true,
                        ..walk.ty(node.args[array.array])
                    };
                    tys.push((ty, array.block));
                }
            }
        }
        for one in scattered {
            tys.extend(one.tys(walk, node, n));
        }
        Self {
            kept,
            tys,
            node: node.clone(),
            n,
        }
    }

    /// Emits the loop; its results.
    pub fn run(
        &mut self,
        walk: &mut Walk,
        body: &Body<'_>,
        found: &[Collection],
        scattered: &[Scattered],
    ) -> Vec<ValueId> {
        let node = &self.node;
        let region = body.region;
        walk.span = node.span;
        walk.protocol = node.protocol;
        let mut args: Vec<ValueId> = self.kept.iter().map(|&k| node.args[k]).collect();
        for &(ty, _) in &self.tys {
            args.push(walk.splat_of(ty, 0));
        }
        let counter = walk.fresh(walk.ty(region.params[0]));
        walk.bound_counter(counter, self.n);
        let mut renamed = SortedMap::from([(region.params[0], counter)]);
        let mut params = vec![counter];
        for (at, &arg) in args.iter().enumerate() {
            let param = walk.fresh(walk.ty(arg));
            params.push(param);
            if let Some(&k) = self.kept.get(at) {
                let range = walk.all_values()[region.params[k + 1].index()].range;
                walk.note_range(param, range);
                renamed.insert(region.params[k + 1], param);
            }
        }
        let records = params[1 + self.kept.len()..].to_vec();
        walk.open(params);
        let arrays = leaving(found, scattered);
        let nodes = self.without(body, &arrays);
        copy(walk, &nodes, &mut renamed);
        let mut results: Vec<ValueId> = (self.kept.iter())
            .map(|&k| {
                let id = region.results[k];
                renamed.get(&id).copied().unwrap_or(id)
            })
            .collect();
        walk.span = node.span;
        walk.protocol = node.protocol;
        let mut written = Vec::new();
        for one in found {
            for at in 0..one.slots.len() {
                recorded(walk, one, at, &renamed, &mut written);
            }
        }
        for one in scattered {
            one.recorded(walk, &renamed, &mut written);
        }
        for ((record, value), &(_, block)) in records.into_iter().zip(written).zip(&self.tys) {
            let value = walk.with_secrecy(value, true);
            results.push(walk.scatter(record, counter, value, block));
        }
        let inner = walk.close(results);
        let rest = again(walk, node, args, inner);
        let results = rest.results.clone();
        Lanes.node(walk, rest);
        results.into_iter().map(|id| walk.get(id)).collect()
    }

    /// The body's nodes without those that hand the arrays on.
    fn without(&self, body: &Body<'_>, arrays: &SortedSet<usize>) -> Vec<Node> {
        let mut gone: SortedSet<ValueId> =
            arrays.iter().map(|k| body.region.params[k + 1]).collect();
        let mut left = Vec::new();
        for (at, node) in body.region.nodes.iter().enumerate() {
            if !body.live[at] {
                continue;
            }
            if body.uses[at].iter().any(|id| gone.contains(id)) {
                gone.extend(&node.results);
            } else {
                left.push(node.clone());
            }
        }
        left
    }
}

/// What is written down of a slot in one iteration, in the order of [`Records::tys`].
fn recorded(
    walk: &mut Walk,
    one: &Collection,
    at: usize,
    renamed: &SortedMap<ValueId, ValueId>,
    out: &mut Vec<ValueId>,
) {
    let slot = &one.slots[at];
    let arms: Vec<ValueId> = slot
        .arms
        .iter()
        .map(|arm| arm.emit(walk, renamed))
        .collect();
    // One of them at most holds.
    let rises = (arms.iter().copied())
        .reduce(|a, b| walk.word(WordOp::Xor, &[a, b]))
        .unwrap_or(arms[0]);
    out.push(rises);
    for array in &one.arrays {
        let mut written = None;
        let mut value = None;
        for (id, conds) in &array.writes[at] {
            let id = renamed.get(id).copied().unwrap_or(*id);
            let holds = conds.emit(walk, renamed);
            value = Some(match value {
                None => id,
                Some(before) => {
                    let dims = vec![(array.block, 0)];
                    let all = walk.gather_at(holds, ConstVec::Affine { start: 0, dims });
                    walk.word(WordOp::Select, &[all, id, before])
                }
            });
            written = Some(match written {
                None => holds,
                Some(before) => walk.word(WordOp::Or, &[before, holds]),
            });
        }
        if !array.is_full(&one.slots) {
            out.push(written.unwrap_or_else(|| walk.splat_of(TRUTH, 0)));
        }
        out.extend(value);
    }
}
