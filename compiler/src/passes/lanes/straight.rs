//! Branches in a loop's body become straight code, both arms with a choice behind them, so that what they do to carried values
//! can be classified.
//!
//! ```text
//! before: a' = loop n a { (i, x) c = ne i, k   y = if c { … yield scatter x, i, z } else { yield x }   yield y }
//! after:  a' = loop n a { (i, x) c = ne i, k   … s = scatter x, i, z   y = select c, s, x   yield y }
//! ```
//!
//! Nothing in an arm that was not chosen may stop the run: indices that are not known to be in range point at element 0 there,
//! loops with a computed count run no time. What opens or asserts something keeps its branch. A choice between an array and the
//! same array with elements replaced is left as it stands: [`super::carried`] takes it as a write under a condition.

use super::span::is_below;
use crate::ir::{Node, Op, Region, Ty};
use crate::passes::rewrite::{Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::ConstVec;

/// The loop with a straight body, if it has branches and all of them can go.
pub fn straightened(walk: &mut Walk, node: &Node) -> Option<Node> {
    let region = &node.regions[0];
    if !region.nodes.iter().any(|node| node.op == Op::If) {
        return None;
    }
    let depth = walk.depth();
    let mut map = SortedMap::new();
    let params = renewed(walk, &region.params, &mut map);
    walk.open(params);
    let mut straight = Straight::new(walk, map);
    if straight.nodes(&region.nodes, None).is_none() {
        walk.abandon(depth);
        return None;
    }
    let results = region.results.iter().map(|&id| straight.look(id)).collect();
    let body = straight.walk.close(results);
    Some(again(walk, node, node.args.clone(), body))
}

/// A branch whose arms do nothing that costs, as straight code in the region that is open; its results.
pub fn inlined(walk: &mut Walk, node: &Node) -> Option<Vec<ValueId>> {
    let cheap = |id: &ValueId| walk.ty(*id).lanes == 1;
    let is_free = (node.regions.iter()).all(|arm| {
        arm.nodes.iter().all(|node| match &node.op {
            Op::Const(_) | Op::MakeSecret | Op::Gather { .. } | Op::Scatter { .. } => true,
            Op::Word(_) => node.results.iter().all(|id| !walk.ty(*id).secret),
            _ => false,
        })
    });
    let written = |k: usize| {
        let arms = [0, 1].map(|arm: usize| node.regions[arm].results[k]);
        let is_write = |of: usize| {
            let defined = |arm: usize, id: ValueId| {
                (node.regions[arm].nodes.iter()).find(|node| node.results.contains(&id))
            };
            let meets = |at: ValueId| {
                let (x, y) = (defined(of, at), defined(1 - of, arms[1 - of]));
                let (x, y) = (x.map(|node| &node.op), y.map(|node| &node.op));
                at == arms[1 - of] || (matches!(x, Some(Op::Const(_))) && x == y)
            };
            let mut at = arms[of];
            while !meets(at) {
                let Some(Node {
                    op: Op::Scatter { .. },
                    args,
                    ..
                }) = defined(of, at)
                else {
                    return false;
                };
                at = args[0];
            }
            true
        };
        is_write(0) || is_write(1)
    };
    if !is_free || !(0..node.results.len()).all(|k| cheap(&node.results[k]) || written(k)) {
        return None;
    }
    let mut straight = Straight::new(walk, SortedMap::new());
    straight.branch(node, None, true)?;
    Some(node.results.iter().map(|&id| straight.look(id)).collect())
}

/// A loop as it was, but for what it begins with and its body.
pub(super) fn again(walk: &mut Walk, node: &Node, args: Vec<ValueId>, body: Region) -> Node {
    let tys: Vec<Ty> = args.iter().map(|&id| walk.ty(id)).collect();
    Node {
        op: node.op.clone(),
        args,
        results: tys.iter().map(|&ty| walk.fresh(ty)).collect(),
        regions: vec![body],
        span: node.span,
        protocol: node.protocol,
    }
}

/// New parameters for a body, noted as what stands for the old ones.
pub(super) fn renewed(
    walk: &mut Walk,
    params: &[ValueId],
    map: &mut SortedMap<ValueId, ValueId>,
) -> Vec<ValueId> {
    (params.iter())
        .map(|&param| {
            let value = walk.all_values()[param.index()].clone();
            let new = walk.fresh(value.ty);
            walk.note_range(new, value.range);
            map.insert(param, new);
            new
        })
        .collect()
}

struct Straight<'w> {
    walk: &'w mut Walk,
    /// What stands for the values of the body.
    map: SortedMap<ValueId, ValueId>,
    /// Constants of arms: equal ones are one value, so that arms that start from equal arrays are seen to.
    constants: Vec<ValueId>,
}

impl<'w> Straight<'w> {
    fn new(walk: &'w mut Walk, map: SortedMap<ValueId, ValueId>) -> Self {
        let constants = Vec::new();
        Self {
            walk,
            map,
            constants,
        }
    }

    fn look(&self, id: ValueId) -> ValueId {
        self.map.get(&id).copied().unwrap_or(id)
    }

    /// Copies nodes; in an arm, under the condition that it is chosen.
    fn nodes(&mut self, nodes: &[Node], arm: Option<ValueId>) -> Option<()> {
        for node in nodes {
            match (&node.op, arm) {
                (Op::If, _) => self.branch(node, arm, false)?,
                (_, None) => copy(self.walk, std::slice::from_ref(node), &mut self.map),
                (_, Some(arm)) => self.in_arm(node, arm)?,
            }
        }
        Some(())
    }

    fn in_arm(&mut self, node: &Node, arm: ValueId) -> Option<()> {
        self.walk.span = node.span;
        self.walk.protocol = node.protocol;
        match &node.op {
            Op::Const(words) => {
                let result = node.results[0];
                let ty = self.walk.ty(result);
                let known = (self.constants.iter().copied())
                    .find(|&id| self.walk.ty(id) == ty && self.walk.constant(id) == Some(words));
                let id = known.unwrap_or_else(|| {
                    let id = self.walk.emit(node.op.clone(), vec![], ty);
                    self.constants.push(id);
                    id
                });
                self.map.insert(result, id);
            }
            Op::Reveal(_) | Op::Assert(_) | Op::Input(_) | Op::Output(_) | Op::While => {
                return None;
            }
            Op::Gather { block } | Op::Scatter { block } => {
                let (array, idx) = (self.look(node.args[0]), self.look(node.args[1]));
                let len = self.walk.ty(array).lanes / (*block).max(1);
                if !is_below(self.walk, idx, len) {
                    if len == 0 {
                        return None;
                    }
                    let ty = self.walk.ty(idx);
                    let chosen = self.spread(arm, ty.lanes);
                    let zero = self.walk.splat_of(ty, 0);
                    let clamped = self.walk.word(WordOp::Select, &[chosen, idx, zero]);
                    let mut args: Vec<ValueId> =
                        node.args.iter().map(|&id| self.look(id)).collect();
                    args[1] = clamped;
                    let result = node.results[0];
                    let ty = self.walk.ty(result);
                    let new = self.walk.emit(node.op.clone(), args, ty);
                    self.map.insert(result, new);
                    return Some(());
                }
                copy(self.walk, std::slice::from_ref(node), &mut self.map);
            }
            Op::Loop { count } => {
                let mut args: Vec<ValueId> = node.args.iter().map(|&id| self.look(id)).collect();
                if count.is_none() {
                    let none = self.walk.splat_of(self.walk.ty(args[0]), 0);
                    args[0] = self.walk.word(WordOp::Select, &[arm, args[0], none]);
                }
                let body = &node.regions[0];
                let params = renewed(self.walk, &body.params, &mut self.map);
                self.walk.open(params);
                self.nodes(&body.nodes, Some(arm))?;
                let results = body.results.iter().map(|&id| self.look(id)).collect();
                let body: Region = self.walk.close(results);
                self.walk.span = node.span;
                self.walk.protocol = node.protocol;
                let tys: Vec<Ty> = node.results.iter().map(|&id| self.walk.ty(id)).collect();
                let results = self.walk.push_new(node.op.clone(), args, &tys, vec![body]);
                self.map.extend(node.results.iter().copied().zip(results));
            }
            _ => copy(self.walk, std::slice::from_ref(node), &mut self.map),
        }
        Some(())
    }

    /// Both arms, and a choice for each result. What is `written` to an array is moved behind the choice at once if `apply`.
    fn branch(&mut self, node: &Node, outer: Option<ValueId>, apply: bool) -> Option<()> {
        let cond = self.look(node.args[0]);
        for (i, arm) in node.regions.iter().enumerate() {
            let mut chosen = cond;
            if i == 1 {
                chosen = self.walk.word(WordOp::Not, &[chosen]);
            }
            if let Some(outer) = outer {
                chosen = self.walk.word(WordOp::And, &[chosen, outer]);
            }
            self.nodes(&arm.nodes, Some(chosen))?;
        }
        self.walk.span = node.span;
        self.walk.protocol = node.protocol;
        for (k, &result) in node.results.iter().enumerate() {
            let ty = self.walk.ty(result);
            let arms = [0, 1].map(|arm: usize| self.look(node.regions[arm].results[k]));
            if arms[0] == arms[1] {
                self.map.insert(result, arms[0]);
                continue;
            }
            let chosen = self.spread(cond, ty.lanes);
            let arms = arms.map(|id| self.walk.with_secrecy(id, ty.secret));
            let args = [chosen, arms[0], arms[1]];
            let new = if apply || !(self.leads(arms[0], arms[1]) || self.leads(arms[1], arms[0])) {
                self.walk.word(WordOp::Select, &args)
            } else {
                let op = Op::Word(WordOp::Select);
                self.walk.push_new(op, args.to_vec(), &[ty], vec![])[0]
            };
            let new = self.walk.with_secrecy(new, ty.secret);
            self.map.insert(result, new);
        }
        Some(())
    }

    /// Whether an array is another with elements replaced.
    fn leads(&self, from: ValueId, to: ValueId) -> bool {
        let mut at = from;
        while at != to {
            match self.walk.def(at).map(|node| (&node.op, &node.args)) {
                Some((Op::Scatter { .. } | Op::MakeSecret, args)) => at = args[0],
                Some((Op::Word(WordOp::Select), args)) if args.len() == 3 => {
                    at = if self.leads(args[1], args[2]) {
                        args[2]
                    } else {
                        args[1]
                    };
                }
                _ => return false,
            }
        }
        true
    }

    /// One lane in all of so many.
    fn spread(&mut self, id: ValueId, lanes: u64) -> ValueId {
        if lanes == 1 {
            return id;
        }
        if let Some(word) = self.walk.splat(id) {
            let ty = self.walk.ty(id);
            return self.walk.splat_of(Ty { lanes, ..ty }, word);
        }
        self.walk.gather_at(id, ConstVec::Splat { lanes, word: 0 })
    }
}
