//! Turns a frame into a region: drops what nobody needs, fuses connected bit logic into templates, orders the rest.
//!
//! A step's *stage* is the number of times that data had to leave bit logic on the way to it: logic has the largest stage of
//! its operands, any other operation that reads logic's results is one later. Connected logic of one stage is one
//! template: a path that left it and came back would pass another operation, so its end would have a later stage; hence
//! each template is convex, whatever the program. Logic that is not connected stays apart, so that what ends early
//! need not wait, unless it has ANDs in common; templates with equal gates are shared. A large imported circuit counts as
//! another operation: it stays whole, and its calls share one template. So do divisions and roots of long words: fused
//! with what stands around each, no two of their templates would be equal.

use super::Emitter;
use super::frame::{Logic, Micro, Work};
use crate::mix::Mix;
use crate::templates::Objective;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{SectionId, ValueId};
use smpcc_circuit::program::{Loc, Node, Op, Region};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::stats::Split;
use smpcc_circuit::template::Template;
use std::collections::{HashMap, HashSet};

/// Values, looked up and never walked.
type Values = HashSet<ValueId, Mix>;

/// Most operands of logic that may share a circuit with other logic on the same ones.
const MAX_SHARED: usize = 8;

/// Divisions and roots of wider words have templates of their own; divisions by short words may be of longer ones, as long as they have no
/// more digits' bits than one of two such words.
const MAX_FUSED_WIDTH: u32 = 64;

/// A region that has been written, and what it uses of the frames around it.
pub(super) struct Closed {
    pub region: u32,
    pub captured: Vec<ValueId>,
}

impl Emitter<'_> {
    /// Closes the innermost frame. The outermost becomes region 0.
    pub(super) fn close(&mut self, params: Vec<ValueId>, results: Vec<ValueId>) -> Closed {
        let micros = self.frames.pop().unwrap_or_default().micros;
        let depth = self.frames.len();
        self.at = depth.saturating_sub(1);
        let mut live = live(micros, &results);
        self.keep_whole(&mut live);
        let captured = captured(&live, &params, &results);
        let stages = stages(&live);
        let mut groups = Groups::new(&live, &stages);
        self.join_twins(&live, &stages, &mut groups);
        let groups = groups.finish(&live, &stages);
        let used = used_outside(&live, &groups, &results);
        let index = if depth == 0 {
            0
        } else {
            self.regions.len() as u32
        };
        let (mut nodes, mut whys) = (Vec::new(), Vec::new());
        for group in &groups {
            whys.push(live[group[0]].why);
            match &live[group[0]].work {
                Work::Plain(op) => {
                    let micro = &live[group[0]];
                    nodes.push(node(
                        op.clone(),
                        micro.args.clone(),
                        micro.results.clone(),
                        micro.loc,
                    ));
                }
                Work::Logic(_) => {
                    let members: Vec<&Micro> = group.iter().map(|&i| &live[i]).collect();
                    let (node, split) = self.call(&members, &used);
                    self.attribution.insert((index, nodes.len() as u32), split);
                    nodes.push(node);
                }
            }
        }
        let region = Region {
            params,
            nodes,
            results,
        };
        if depth == 0 {
            self.regions[0] = region;
            self.whys[0] = whys;
        } else {
            self.regions.push(region);
            self.whys.push(whys);
        }
        Closed {
            region: index,
            captured,
        }
    }

    /// Marks divisions and roots of long words.
    fn keep_whole(&self, micros: &mut [Micro]) {
        // Of words that were extended: the bits that they had.
        let mut short: HashMap<ValueId, u32, Mix> = HashMap::default();
        for micro in micros {
            let Work::Logic(Logic::Word { op, from, .. }) = &micro.work else {
                continue;
            };
            let width = |i: usize| {
                let known = micro.args.get(i).and_then(|v| short.get(v));
                known.copied().unwrap_or(from.width())
            };
            let by_constant = || (micro.args.get(1)).is_some_and(|&v| self.splat_of(v).is_some());
            let long = match op {
                WordOp::Div | WordOp::Rem => {
                    !by_constant() && width(0) * width(1) > MAX_FUSED_WIDTH * MAX_FUSED_WIDTH
                }
                WordOp::Isqrt => from.width() > MAX_FUSED_WIDTH,
                WordOp::Cast => {
                    short.extend(micro.results.first().map(|&r| (r, from.width())));
                    false
                }
                _ => false,
            };
            micro.whole |= long;
        }
    }

    fn call(&mut self, members: &[&Micro], used: &Values) -> (Node, Split) {
        let domain = self.info(members[0].results[0]).domain;
        let lanes = self.info(members[0].results[0]).lanes;
        let inputs = self.inputs_of(members);
        let outputs: Vec<ValueId> = members
            .iter()
            .flat_map(|m| m.results.iter().copied())
            .filter(|v| used.contains(v))
            .collect();
        let alike = match (members, &members[0].work) {
            ([only], Work::Logic(Logic::Word { op, from, to }))
                if only.whole && inputs == only.args =>
            {
                Some((*op, *from, *to, domain, lanes))
            }
            _ => None,
        };
        let known = alike.and_then(|alike| self.wholes.get(&alike).copied());
        let (id, split) = match known {
            Some((id, share)) => (id, [(members[0].loc, share)].into()),
            None => {
                let (template, split) = self.cheapest(members, &inputs, &outputs, domain, lanes);
                let id = self.template(template);
                if let (Some(alike), Some(share)) = (alike, split.values().next()) {
                    self.wholes.insert(alike, (id, *share));
                }
                (id, split)
            }
        };
        // The line that the work is mostly from.
        let main = split
            .iter()
            .max_by_key(|&(loc, (ands, _))| (*ands, std::cmp::Reverse(*loc)))
            .map_or(members[0].loc, |s| *s.0);
        let node = node(Op::Call(id), inputs, outputs, main);
        let mut parts = Split::default();
        for (loc, (ands, levels)) in split {
            if ands > 0 {
                parts.ands.push((loc, ands));
            }
            if levels > 0 {
                parts.chain.push((loc, levels));
            }
        }
        (node, parts)
    }

    /// Joins logic that is not connected but works on the same operands, where one circuit shares ANDs between them (the two
    /// halves of a conditional swap, a difference and a comparison) and, unless only ANDs count, neither waits for the other.
    fn join_twins(&self, micros: &[Micro], stages: &[u32], groups: &mut Groups) {
        let mut twins: Vec<(u32, Vec<ValueId>, usize)> = Vec::new();
        for (i, micro) in micros.iter().enumerate() {
            if micro.fuses() {
                let mut operands: Vec<ValueId> = (micro.args.iter().copied())
                    .filter(|&v| self.splat_of(v).is_none())
                    .collect();
                operands.sort_unstable();
                operands.dedup();
                if (2..=MAX_SHARED).contains(&operands.len()) {
                    twins.push((stages[i], operands, i));
                }
            }
        }
        twins.sort_unstable();
        // Groups that were compared before, whatever has joined them since.
        let mut apart: SortedSet<(usize, usize)> = SortedSet::new();
        for twins in twins.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)) {
            for (k, &(_, _, second)) in twins.iter().enumerate().skip(1) {
                for &(_, _, first) in &twins[..k] {
                    let (a, b) = (groups.root(first), groups.root(second));
                    if a == b || !apart.insert((a.min(b), a.max(b))) {
                        continue;
                    }
                    if self.shares(micros, first, second)
                        && self.end_together(micros, &groups.members(a), &groups.members(b))
                    {
                        groups.join(first, second);
                    }
                }
            }
        }
    }

    /// Whether one circuit for both has fewer ANDs than one for each.
    fn shares(&self, micros: &[Micro], first: usize, second: usize) -> bool {
        let ands = |members: &[usize]| self.alone(micros, members).n_and();
        ands(&[first, second]) < ands(&[first]) + ands(&[second])
    }

    /// Whether two groups have one depth, or depth does not count.
    fn end_together(&self, micros: &[Micro], a: &[usize], b: &[usize]) -> bool {
        let domain = self.info(micros[a[0]].results[0]).domain;
        let lanes = self.info(micros[a[0]].results[0]).lanes;
        self.objectives(domain, lanes) == [Objective::Size]
            || self.alone(micros, a).and_depth() == self.alone(micros, b).and_depth()
    }

    /// The circuit of some steps with all their results.
    fn alone(&self, micros: &[Micro], members: &[usize]) -> Template {
        let members: Vec<&Micro> = members.iter().map(|&i| &micros[i]).collect();
        let outputs: Vec<ValueId> = members
            .iter()
            .flat_map(|m| m.results.iter().copied())
            .collect();
        let inputs = self.inputs_of(&members);
        let info = self.info(outputs[0]);
        let objective = self.objectives(info.domain, info.lanes)[0];
        self.circuit(&members, &inputs, &outputs, objective).0
    }

    /// What connected logic reads from elsewhere, constants apart.
    fn inputs_of(&self, members: &[&Micro]) -> Vec<ValueId> {
        let inside: Values = members
            .iter()
            .flat_map(|m| m.results.iter().copied())
            .collect();
        let mut inputs = Vec::new();
        let mut seen = Values::default();
        for &arg in members.iter().flat_map(|m| &m.args) {
            if !inside.contains(&arg) && self.splat_of(arg).is_none() && seen.insert(arg) {
                inputs.push(arg);
            }
        }
        inputs
    }
}

/// An operation whose section is still to be found ([`crate::sections`]).
fn node(op: Op, args: Vec<ValueId>, results: Vec<ValueId>, loc: Loc) -> Node {
    Node {
        op,
        args,
        results,
        section: SectionId(0),
        loc,
    }
}

/// What is needed: effects, results, and what those need.
fn live(micros: Vec<Micro>, results: &[ValueId]) -> Vec<Micro> {
    let mut wanted: Values = results.iter().copied().collect();
    let mut keep = vec![false; micros.len()];
    for (i, micro) in micros.iter().enumerate().rev() {
        if micro.effect || micro.results.iter().any(|r| wanted.contains(r)) {
            keep[i] = true;
            wanted.extend(micro.args.iter().chain(&micro.captured));
        }
    }
    micros
        .into_iter()
        .zip(keep)
        .filter_map(|(m, k)| k.then_some(m))
        .collect()
}

/// What a region uses and does not define.
fn captured(micros: &[Micro], params: &[ValueId], results: &[ValueId]) -> Vec<ValueId> {
    let own: Values = micros
        .iter()
        .flat_map(|m| &m.results)
        .chain(params)
        .copied()
        .collect();
    let mut uses: Vec<ValueId> = micros
        .iter()
        .flat_map(|m| m.args.iter().chain(&m.captured))
        .chain(results)
        .copied()
        .filter(|v| !own.contains(v))
        .collect();
    uses.sort_unstable();
    uses.dedup();
    uses
}

fn stages(micros: &[Micro]) -> Vec<u32> {
    // Of each value: its stage and whether logic made it.
    let mut known: HashMap<ValueId, (u32, bool), Mix> = HashMap::default();
    let mut last_effect = 0;
    micros
        .iter()
        .map(|micro| {
            let is_logic = micro.fuses();
            let mut stage = micro
                .args
                .iter()
                .chain(&micro.captured)
                .filter_map(|v| known.get(v))
                .map(|&(s, logic)| s + u32::from(logic && !is_logic))
                .max()
                .unwrap_or(0);
            if micro.effect {
                stage = stage.max(last_effect);
                last_effect = stage;
            }
            for &r in &micro.results {
                known.insert(r, (stage, is_logic));
            }
            stage
        })
        .collect()
}

/// Which steps become one operation of the program: a forest whose roots are the groups' first members.
struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    /// Connected logic of one stage.
    fn new(micros: &[Micro], stages: &[u32]) -> Self {
        let mut groups = Self {
            parent: (0..micros.len()).collect(),
        };
        let mut producer: HashMap<ValueId, usize, Mix> = HashMap::default();
        for (i, micro) in micros.iter().enumerate() {
            if micro.fuses() {
                for arg in &micro.args {
                    if let Some(&p) = producer.get(arg)
                        && stages[p] == stages[i]
                    {
                        groups.join(p, i);
                    }
                }
                for &r in &micro.results {
                    producer.insert(r, i);
                }
            }
        }
        groups
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, i: usize, j: usize) {
        // The earlier root stays: groups are in the order of their first member.
        let (a, b) = (self.root(i), self.root(j));
        self.parent[a.max(b)] = a.min(b);
    }

    fn members(&mut self, root: usize) -> Vec<usize> {
        (root..self.parent.len())
            .filter(|&i| self.root(i) == root)
            .collect()
    }

    /// The groups in an order to execute them.
    fn finish(mut self, micros: &[Micro], stages: &[u32]) -> Vec<Vec<usize>> {
        let mut order: Vec<_> = (micros.iter().enumerate())
            .map(|(i, micro)| ((stages[i], micro.fuses(), self.root(i)), i))
            .collect();
        order.sort_unstable();
        order
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| group.iter().map(|&(_, i)| i).collect())
            .collect()
    }
}

/// Values that someone other than their own group reads.
fn used_outside(micros: &[Micro], groups: &[Vec<usize>], results: &[ValueId]) -> Values {
    let mut group_of: HashMap<ValueId, usize, Mix> = HashMap::default();
    for (g, members) in groups.iter().enumerate() {
        for &i in members {
            for &r in &micros[i].results {
                group_of.insert(r, g);
            }
        }
    }
    let mut used: Values = results.iter().copied().collect();
    for (g, members) in groups.iter().enumerate() {
        for &i in members {
            for v in &micros[i].args {
                if group_of.get(v) != Some(&g) {
                    used.insert(*v);
                }
            }
            used.extend(&micros[i].captured);
        }
    }
    used
}
