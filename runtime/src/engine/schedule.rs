//! What must be known about each region before it runs: who waits for whom, and when a value is used for the last time.
//!
//! Computed once per program from the program alone, so that starting an iteration of a loop is two copies of small
//! tables.

use std::collections::BTreeSet;

use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Op, Program};

use crate::error::Error;

/// Regions nest at most this deep: walking them recurses.
const MAX_DEPTH: usize = 256;

/// The tables of one region.
#[derive(Default)]
pub struct RegionPlan {
    /// For each node, results of this region's nodes that it waits for, with repetitions.
    pub waits: Vec<u32>,
    /// Nodes that wait for none.
    pub roots: Vec<u32>,
    /// For each node, values of regions around its own regions that those use (none for plain operations).
    pub captures: Vec<Vec<ValueId>>,
    /// Values made in this region: parameters, then nodes' results.
    pub locals: Vec<ValueId>,
    /// For each local, how often nodes and the region's results use it.
    pub uses: Vec<u32>,
    /// For each local that a node makes, the nodes that wait for it, with repetitions.
    pub users: Vec<Vec<u32>>,
}

/// The tables of a program.
pub struct Schedule {
    /// By region.
    pub regions: Vec<RegionPlan>,
    /// For each value, its place in `locals` of the region that makes it.
    pub local: Vec<u32>,
    /// For each value, the region that makes it.
    pub home: Vec<u32>,
}

/// The regions that an operation holds.
pub fn regions_of(op: &Op) -> [Option<u32>; 2] {
    match op {
        Op::Loop { body, .. } => [Some(*body), None],
        Op::While { cond, body } => [Some(*cond), Some(*body)],
        Op::If { then, otherwise } => [Some(*then), Some(*otherwise)],
        Op::Const(_)
        | Op::Public(_)
        | Op::PublicReduce { .. }
        | Op::Input(_)
        | Op::FromPublic
        | Op::Gather { .. }
        | Op::Scatter { .. }
        | Op::Concat
        | Op::Linear { .. }
        | Op::MulPublic
        | Op::SumLanes { .. }
        | Op::LowerRing
        | Op::Mul
        | Op::Dot { .. }
        | Op::Call(_)
        | Op::Decompose
        | Op::RandomParts
        | Op::Compose
        | Op::InjectBit
        | Op::BooleanToYao
        | Op::YaoToBoolean
        | Op::Reveal
        | Op::Output(_)
        | Op::Assert(_) => [None, None],
    }
}

impl Schedule {
    /// The tables of a verified program.
    ///
    /// # Errors
    /// A bug, when the program is not what the verifier promises.
    pub fn new(program: &Program) -> Result<Self, Error> {
        let broken = || Error::bug("the program was not verified");
        let n = program.values.len();
        let mut schedule = Self {
            regions: program
                .regions
                .iter()
                .map(|_| RegionPlan::default())
                .collect(),
            local: vec![u32::MAX; n],
            home: vec![u32::MAX; n],
        };
        for (r, region) in program.regions.iter().enumerate() {
            let made = region
                .params
                .iter()
                .chain(region.nodes.iter().flat_map(|n| &n.results));
            for &value in made {
                let home = schedule.home.get_mut(value.index()).ok_or_else(broken)?;
                if *home != u32::MAX {
                    return Err(broken());
                }
                *home = r as u32;
                let plan = &mut schedule.regions[r];
                schedule.local[value.index()] = plan.locals.len() as u32;
                plan.locals.push(value);
            }
        }
        schedule.visit(program, 0, 0)?;
        Ok(schedule)
    }

    /// Fills in a region's tables; returns the values from outside that it uses, nested regions included.
    fn visit(
        &mut self,
        program: &Program,
        r: usize,
        depth: usize,
    ) -> Result<BTreeSet<ValueId>, Error> {
        let broken = || Error::bug("the program was not verified");
        let region = program.regions.get(r).ok_or_else(broken)?;
        if depth > MAX_DEPTH {
            return Err(Error::program("regions nest too deep"));
        }
        let mut plan = std::mem::take(&mut self.regions[r]);
        plan.uses = vec![0; plan.locals.len()];
        plan.users = vec![Vec::new(); plan.locals.len()];
        let mut outside = BTreeSet::new();
        for (i, node) in region.nodes.iter().enumerate() {
            let mut captured = BTreeSet::new();
            for nested in regions_of(&node.op).into_iter().flatten() {
                captured.append(&mut self.visit(program, nested as usize, depth + 1)?);
            }
            let mut waits = 0;
            for &value in node.args.iter().chain(&captured) {
                if *self.home.get(value.index()).ok_or_else(broken)? == r as u32 {
                    let local = self.local[value.index()] as usize;
                    plan.uses[local] += 1;
                    if local >= region.params.len() {
                        plan.users[local].push(i as u32);
                        waits += 1;
                    }
                } else {
                    outside.insert(value);
                }
            }
            plan.waits.push(waits);
            if waits == 0 {
                plan.roots.push(i as u32);
            }
            plan.captures.push(captured.into_iter().collect());
        }
        for value in &region.results {
            if *self.home.get(value.index()).ok_or_else(broken)? == r as u32 {
                plan.uses[self.local[value.index()] as usize] += 1;
            } else {
                outside.insert(*value);
            }
        }
        self.regions[r] = plan;
        Ok(outside)
    }
}
