//! What can be made ahead: the correlations that a region is sure to use once it has started, and when that is.
//!
//! Correlations of a kind are alike, so a region's demand is one sum per kind; in which order its operations use them up does not
//! matter. How a run cuts a demand into batches is its own affair and moves no stamp.

use super::{Delay, Demand, Stamp, demand, preparation_rounds, setup};
use crate::program::{Op, Program};

/// Regions nest at most this deep.
const MAX_DEPTH: usize = 256;

/// For each region what it demands when it starts: its operations and loops of known counts in it, but nothing of what
/// revealed values steer inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// By region and operation.
    of_nodes: Vec<Vec<Demand>>,
    /// By region.
    of_regions: Vec<Demand>,
}

impl Demands {
    /// The demands of a verified program.
    pub fn new(program: &Program) -> Self {
        let of_nodes: Vec<Vec<Demand>> = program
            .regions
            .iter()
            .map(|r| r.nodes.iter().map(|n| demand(program, n)).collect())
            .collect();
        let mut known = vec![None; program.regions.len()];
        for region in 0..known.len() {
            sum(program, &of_nodes, region, &mut known, 0);
        }
        Self {
            of_nodes,
            of_regions: known.into_iter().map(Option::unwrap_or_default).collect(),
        }
    }

    /// What one execution of a region demands.
    pub fn region(&self, region: u32) -> Option<&Demand> {
        self.of_regions.get(region as usize)
    }

    /// What one execution of an operation demands; of those that hold regions nothing.
    pub fn node(&self, region: usize, node: usize) -> Option<&Demand> {
        self.of_nodes.get(region)?.get(node)
    }

    /// The stamp that the program's own region starts with: after the setup and the preparation of what it demands; the
    /// start of everything for a program that demands nothing.
    pub fn start(&self, program: &Program) -> Stamp {
        let prepared = self.entry(program, 0, 1);
        Stamp::START
            .delayed(Delay::Rounds(setup(program).rounds))
            .delayed(prepared)
    }

    /// What the start of a region that revealed values steer (a condition's or body's turn of `While`, a branch of `If`,
    /// all `times` iterations of a `Loop` whose count was computed) is delayed by: the rounds of making its demand.
    pub fn entry(&self, program: &Program, region: u32, times: u64) -> Delay {
        match self.region(region) {
            Some(demand) if times > 0 && !demand.is_empty() => {
                Delay::Rounds(preparation_rounds(program, demand))
            }
            Some(_) | None => Delay::None,
        }
    }
}

/// A region's demand, and those of the regions in it.
fn sum(
    program: &Program,
    of_nodes: &[Vec<Demand>],
    region: usize,
    known: &mut [Option<Demand>],
    depth: usize,
) -> Demand {
    if let Some(Some(sum)) = known.get(region) {
        return sum.clone();
    }
    let mut total = Demand::default();
    let nodes = program.regions.get(region).map_or(&[][..], |r| &r.nodes);
    for (i, node) in nodes.iter().enumerate() {
        if let Some(own) = of_nodes.get(region).and_then(|nodes| nodes.get(i)) {
            total.add_times(own, 1);
        }
        if let Op::Loop {
            count: Some(count),
            body,
        } = node.op
            && depth < MAX_DEPTH
        {
            let body = sum(program, of_nodes, body as usize, known, depth + 1);
            total.add_times(&body, count);
        }
    }
    if let Some(slot) = known.get_mut(region) {
        *slot = Some(total.clone());
    }
    total
}

/// The stamp that a program's own region starts with; see [`Demands::start`].
pub fn start(program: &Program) -> Stamp {
    Demands::new(program).start(program)
}
