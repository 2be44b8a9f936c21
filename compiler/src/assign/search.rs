//! The search for the cheapest domains: a few whole-program starts, and from each of them moves of connected parts while they help.
//!
//! Values that must agree (results of one node, what a loop carries, what branches give) form a group with one domain. A
//! move gives a connected part of one domain, or a single group, another domain; the model prices the whole program again.
//! The number of prices is bounded and the order fixed, so that every party finds the same plan.

use super::Kind;
use super::cost::{Model, Stamps};
use super::legal::{Rings, is_arithmetic};
use super::local::{self, Local};
use crate::hir::Protocol;
use crate::ir::{Ir, Op, Reducer, Region};
use crate::mix::Mix;
use crate::session::Options;
use petgraph::unionfind::UnionFind;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use std::collections::HashMap;

/// Node visits that a search may spend.
const STEPS: usize = 1_000_000;
/// Prices that a search may ask for at most, and at least.
const PRICES: (usize, usize) = (8, 300);

/// What the search found.
pub(super) struct Found {
    pub kinds: Vec<Kind>,
    /// Its price in nanoseconds.
    pub cost: f64,
}

/// The cheapest domains that the search finds.
pub(super) fn search(ir: &Ir, model: &Model<'_>, local: &Local, options: &Options) -> Found {
    let garbles = options.suite.offers(options.threat, Domain::Yao);
    let kinds: &[Kind] = if garbles {
        &[Kind::Arithmetic, Kind::Boolean, Kind::Yao]
    } else {
        &[Kind::Arithmetic, Kind::Boolean]
    };
    let most = options.suite.widest_ring(options.threat);
    let space = Space::new(ir, local, most);
    let n_nodes = count(&ir.body).max(1);
    let mut left = (STEPS / n_nodes).clamp(PRICES.0, PRICES.1);
    // Moves from one start lead to where those from another have been.
    let mut known: HashMap<Vec<Kind>, f64, Mix> = HashMap::default();
    let mut stamps = Stamps::default();
    let mut price = |groups: &[Kind], left: &mut usize| {
        *left = left.saturating_sub(1);
        if let Some(&cost) = known.get(groups) {
            return cost;
        }
        let cost = model.cost(&space.kinds(groups), &mut stamps);
        known.insert(groups.to_vec(), cost);
        cost
    };
    let all = |kind: Kind| -> Vec<Kind> { space.fix(vec![kind; space.n]) };
    let greedy = |rest: Kind| -> Vec<Kind> {
        let wanted = space
            .arithmetic
            .iter()
            .map(|&a| if a { Kind::Arithmetic } else { rest });
        space.fix(wanted.collect())
    };
    let mut starts = Vec::new();
    for &kind in &kinds[1..] {
        let start = all(kind);
        starts.push((price(&start, &mut left), start));
    }
    for &rest in &kinds[1..] {
        let start = greedy(rest);
        if starts.iter().all(|(_, known)| *known != start) {
            starts.push((price(&start, &mut left), start));
        }
    }
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut cost, mut best) = starts[0].clone();
    // Where moves lead from the cheapest start may be dearer than where they lead from another.
    for (i, start) in starts.into_iter().enumerate() {
        let mut left = if i == 0 { left } else { left / 2 };
        let (c, found) = descend(start, &space, kinds, &mut |groups| {
            (left > 0).then(|| price(groups, &mut left))
        });
        if c < cost {
            (cost, best) = (c, found);
        }
    }
    Found {
        kinds: space.kinds(&best),
        cost,
    }
}

/// Moves of parts from a start with its price, while they help and there are prices to ask for.
fn descend(
    (mut cost, mut best): (f64, Vec<Kind>),
    space: &Space,
    kinds: &[Kind],
    price: &mut dyn FnMut(&[Kind]) -> Option<f64>,
) -> (f64, Vec<Kind>) {
    loop {
        let mut improved = false;
        for part in space.parts(&best) {
            for &kind in kinds {
                let mut next = best.clone();
                for &g in &part {
                    next[g] = kind;
                }
                let next = space.fix(next);
                if next == best {
                    continue;
                }
                let Some(c) = price(&next) else {
                    return (cost, best);
                };
                if c < cost {
                    (cost, best) = (c, next);
                    improved = true;
                }
            }
        }
        if !improved {
            return (cost, best);
        }
    }
}

fn count(region: &Region) -> usize {
    let inner = |n: &crate::ir::Node| n.regions.iter().map(count).sum::<usize>();
    region.nodes.iter().map(|n| 1 + inner(n)).sum()
}

/// Groups of values that have one domain.
struct Space {
    n: usize,
    /// The group of each secret value that no owner holds alone.
    group: Vec<Option<usize>>,
    /// What there is no choice for.
    fixed: Vec<Kind>,
    /// Whether each group has an arithmetic form.
    arithmetic: Vec<bool>,
    /// What the source asks for.
    forced: Vec<Option<Kind>>,
    /// Groups between which values go.
    edges: SortedSet<(usize, usize)>,
    /// Groups that are some lanes of another, by that one.
    picked: SortedMap<usize, SortedSet<usize>>,
    /// Groups of few lanes, and those that come before or after some place in the program: what is done once at its end may be
    /// garbled, deep as it is, while what is done in many lanes before it is not.
    regions: Vec<Vec<usize>>,
}

/// Up to how many lanes a group is moved together with all others of few.
const FEW: [u64; 4] = [1, 16, 256, 4096];

/// In how many equal parts groups are cut by their place in the program.
const PLACES: usize = 8;

impl Space {
    fn new(ir: &Ir, local: &Local, most: u8) -> Self {
        let n_values = ir.values.len();
        let mut union = UnionFind::<usize>::new(n_values);
        tie(&ir.body, &mut union);
        let mut group = vec![None; n_values];
        let mut ids: SortedMap<usize, usize> = SortedMap::new();
        let fixed = local::held(ir, local, Kind::Boolean);
        for (i, kind) in fixed.iter().enumerate() {
            if *kind == Kind::Boolean {
                let next = ids.len();
                group[i] = Some(*ids.entry(union.find(i)).or_insert(next));
            }
        }
        let n = ids.len();
        let mut space = Self {
            n,
            group,
            fixed,
            arithmetic: vec![true; n],
            forced: vec![None; n],
            edges: SortedSet::new(),
            picked: SortedMap::new(),
            regions: Vec::new(),
        };
        space.regions = space.regions(ir);
        let wide = &super::rings::wide(ir, local);
        space.survey(ir, &ir.body, Rings { wide, most });
        space
    }

    /// Groups by their lanes and by their places, each but once.
    fn regions(&self, ir: &Ir) -> Vec<Vec<usize>> {
        let mut lanes = vec![0; self.n];
        for (value, group) in ir.values.iter().zip(&self.group) {
            if let Some(g) = *group {
                lanes[g] = value.ty.lanes.max(lanes[g]);
            }
        }
        let few = FEW.map(|most| {
            (0..self.n)
                .filter(|&g| lanes[g] <= most)
                .collect::<Vec<_>>()
        });
        let places = (1..PLACES).map(|k| self.n * k / PLACES);
        let ends = places.flat_map(|at| [(at..self.n).collect(), (0..at).collect()]);
        let mut regions: Vec<Vec<usize>> = Vec::new();
        for region in few.into_iter().chain(ends) {
            if region.len() > 1 && region.len() < self.n && !regions.contains(&region) {
                regions.push(region);
            }
        }
        regions
    }

    fn group_of(&self, v: ValueId) -> Option<usize> {
        self.group[v.index()]
    }

    fn survey(&mut self, ir: &Ir, region: &Region, rings: Rings<'_>) {
        for node in &region.nodes {
            let fits = is_arithmetic(ir, node, rings).is_ok();
            for &r in &node.results {
                let Some(g) = self.group_of(r) else { continue };
                self.arithmetic[g] &= fits;
                if let Some(protocol) = node.protocol {
                    self.forced[g] = Some(match protocol {
                        Protocol::Arithmetic => Kind::Arithmetic,
                        Protocol::Boolean => Kind::Boolean,
                        Protocol::Yao => Kind::Yao,
                    });
                }
                for &a in &node.args {
                    if let Some(from) = self.group_of(a)
                        && from != g
                    {
                        self.edges.insert((from.min(g), from.max(g)));
                        let fewer = ir.values[r.index()].ty.lanes < ir.values[a.index()].ty.lanes;
                        if matches!(node.op, Op::Gather { .. }) && fewer {
                            self.picked.entry(from).or_default().insert(g);
                        }
                    }
                }
            }
            for inner in &node.regions {
                self.survey(ir, inner, rings);
            }
        }
    }

    /// The nearest allowed choice: Boolean where there is no arithmetic form, and what the source asks for.
    fn fix(&self, mut kinds: Vec<Kind>) -> Vec<Kind> {
        for (g, kind) in kinds.iter_mut().enumerate() {
            if let Some(forced) = self.forced[g] {
                *kind = forced;
            }
            if *kind == Kind::Arithmetic && !self.arithmetic[g] {
                *kind = Kind::Boolean;
            }
        }
        kinds
    }

    fn kinds(&self, groups: &[Kind]) -> Vec<Kind> {
        (self.group.iter().zip(&self.fixed))
            .map(|(group, &fixed)| group.map_or(fixed, |g| groups[g]))
            .collect()
    }

    /// Groups by lanes and places, connected parts of one domain, then what is picked from one group, then single groups.
    fn parts(&self, kinds: &[Kind]) -> Vec<Vec<usize>> {
        let mut union = UnionFind::<usize>::new(self.n);
        for &(a, b) in &self.edges {
            if kinds[a] == kinds[b] {
                union.union(a, b);
            }
        }
        let mut parts: SortedMap<usize, Vec<usize>> = SortedMap::new();
        for g in 0..self.n {
            parts.entry(union.find(g)).or_default().push(g);
        }
        let parts = parts.into_values();
        let mut parts: Vec<_> = self.regions.iter().cloned().chain(parts).collect();
        // Of a part, the pieces that have arithmetic forms, and those between them, move apart too.
        let mut union = UnionFind::<usize>::new(self.n);
        for &(a, b) in &self.edges {
            if kinds[a] == kinds[b] && self.arithmetic[a] == self.arithmetic[b] {
                union.union(a, b);
            }
        }
        let mut pieces: SortedMap<usize, Vec<usize>> = SortedMap::new();
        for g in 0..self.n {
            pieces.entry(union.find(g)).or_default().push(g);
        }
        let mut pieces: Vec<_> = pieces.into_values().collect();
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        parts.extend(pieces);
        // One lane that is picked after a conversion makes all lanes convert: those that are picked go together.
        for (from, picked) in &self.picked {
            let apart = picked.iter().filter(|&&g| kinds[g] != kinds[*from]);
            let apart: Vec<usize> = apart.copied().collect();
            if apart.len() > 1 {
                parts.push(apart);
            }
            parts.push(
                std::iter::once(*from)
                    .chain(picked.iter().copied())
                    .collect(),
            );
        }
        parts.extend((0..self.n).map(|g| vec![g]));
        parts.dedup();
        parts
    }
}

fn tie(region: &Region, union: &mut UnionFind<usize>) {
    let mut all = |groups: &[&[ValueId]]| {
        let Some((first, rest)) = groups.split_first() else {
            return;
        };
        for other in rest {
            for (&a, &b) in first.iter().zip(*other) {
                union.union(a.index(), b.index());
            }
        }
    };
    for node in &region.nodes {
        match &node.op {
            Op::Loop { .. } => {
                let params: Vec<_> = node.regions[0].params.iter().skip(1).copied().collect();
                all(&[&params, &node.results]);
            }
            Op::While => all(&[
                &node.regions[0].params,
                &node.regions[1].params,
                &node.results,
            ]),
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            }
            | Op::Scan {
                reducer: Reducer::Region,
                ..
            } => {
                let (left, right) = node.regions[0]
                    .params
                    .split_at(node.regions[0].params.len() / 2);
                all(&[left, right, &node.results]);
            }
            _ => {}
        }
    }
    for inner in region.nodes.iter().flat_map(|n| &n.regions) {
        tie(inner, union);
    }
}
