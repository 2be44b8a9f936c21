//! What must be known about each region before it runs: who waits for whom, and when a value is used for the last time.
//!
//! Computed once per program from the program alone, so that starting an iteration of a loop is two copies of small
//! tables. Operations of a group (`smpcc_circuit::blocks`) start and end together, under the name of the group's first.

use smpcc_circuit::blocks::{self, Role};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::phases::{Phase, Phases};
use smpcc_circuit::program::{Op, Program, Region};
use smpcc_circuit::regions::Quiet;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::ConstVec;

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
    /// For each local, how often nodes and the region's results use it, but not a group what it makes itself.
    pub uses: Vec<u32>,
    /// For each local that a node makes, the nodes that wait for it, with repetitions.
    pub users: Vec<Vec<u32>>,
    /// Nodes that are done as soon as the region begins, without a word ([`Quiet::at_once`]).
    pub at_once: Vec<u32>,
    /// Groups by their first node.
    pub groups: SortedMap<u32, GroupPlan>,
    /// For each node, its phase: it begins when those before have ended.
    pub phase: Vec<u32>,
    /// For each phase, what it is and how many nodes it has.
    pub phases: Vec<(Phase, usize)>,
    /// Whether nothing in it is shared, and no vector in it is so long that it is made in blocks (see `in_order`).
    pub is_clear: bool,
}

/// The tables of a group. A value that a block has of its own has a slot in it.
pub struct GroupPlan {
    /// The group.
    pub group: blocks::Group,
    /// Blocks.
    pub n_blocks: usize,
    /// Blocks in flight.
    pub window: usize,
    /// Values from outside of which each block has its lanes: the first slots.
    pub cut: Vec<ValueId>,
    /// Values from outside that are used whole, or not at all.
    pub whole: Vec<ValueId>,
    /// In order.
    pub members: Vec<Member>,
    /// Lanes and scale of all values of which blocks have their lanes.
    pub spans: SortedMap<ValueId, (u64, u64)>,
    /// For each slot, its value's lanes and scale (see [`blocks::Group::scales`]); no scale where it is no block.
    pub slots: Vec<(u64, Option<u64>)>,
    /// For each slot, how often members use it, and once more for a result.
    pub uses: Vec<u32>,
    /// For each slot that a member makes, the members that wait for it, with repetitions.
    pub users: Vec<Vec<u32>>,
    /// What is used outside.
    pub results: Vec<Kept>,
}

/// An operation of a group.
pub struct Member {
    /// Its place in the region.
    pub node: u32,
    /// What it does with blocks.
    pub role: Role,
    /// Operands; an index that it knows is none of them.
    pub args: Vec<Source>,
    /// Operands and results of which a block has its lanes.
    pub cut: Vec<ValueId>,
    /// The index that it knows.
    pub index: Option<ConstVec>,
    /// Slots of its results.
    pub results: Vec<u32>,
    /// Lanes and scale of what it takes and gives, where it takes nothing or gives nothing.
    pub lanes: (u64, Option<u64>),
    /// Operands that members make, with repetitions.
    pub waits: u32,
}

/// A result of a group.
pub struct Kept {
    /// Which.
    pub value: ValueId,
    /// Its slot in a block.
    pub slot: u32,
    /// Who makes it.
    pub member: u32,
    /// What its blocks are to it.
    pub role: Role,
}

/// Where an operand of a member is.
#[derive(Clone, Copy)]
pub enum Source {
    /// In this slot of the block.
    Slot(u32),
    /// In this place of [`GroupPlan::whole`].
    Whole(u32),
}

/// The tables of a program.
pub struct Schedule {
    /// By region.
    pub regions: Vec<RegionPlan>,
    /// For each value, its place in `locals` of the region that makes it.
    pub local: Vec<u32>,
    /// For each value, the region that makes it.
    pub home: Vec<u32>,
    quiet: Quiet,
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
            quiet: Quiet::new(program),
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
        let groups = blocks::groups(program);
        let Phases { of, kinds } = Phases::new(program);
        for (plan, (of, kinds)) in schedule.regions.iter_mut().zip(of.into_iter().zip(kinds)) {
            let mut sizes = vec![0; kinds.len()];
            for &phase in &of {
                *sizes.get_mut(phase as usize).ok_or_else(broken)? += 1;
            }
            plan.phases = kinds.into_iter().zip(sizes).collect();
            plan.phase = of;
        }
        schedule.visit(program, &groups, 0, 0)?;
        Ok(schedule)
    }

    /// Fills in a region's tables; returns the values from outside that it uses, nested regions included.
    fn visit(
        &mut self,
        program: &Program,
        groups: &[Vec<blocks::Group>],
        r: usize,
        depth: usize,
    ) -> Result<SortedSet<ValueId>, Error> {
        let broken = || Error::bug("the program was not verified");
        let region = program.regions.get(r).ok_or_else(broken)?;
        if depth > MAX_DEPTH {
            return Err(Error::program("regions nest too deep"));
        }
        let mut plan = std::mem::take(&mut self.regions[r]);
        plan.uses = vec![0; plan.locals.len()];
        plan.users = vec![Vec::new(); plan.locals.len()];
        let mut outside = SortedSet::new();
        for node in &region.nodes {
            let mut captured = SortedSet::new();
            for nested in node.op.regions() {
                captured.append(&mut self.visit(program, groups, nested as usize, depth + 1)?);
            }
            plan.captures.push(captured.into_iter().collect());
        }
        let groups_here = groups.get(r).map_or(&[][..], Vec::as_slice);
        let in_group: SortedSet<u32> = groups_here.iter().flat_map(|g| &g.nodes).copied().collect();
        let is_clear = |r: u32| self.regions[r as usize].is_clear;
        plan.at_once = self.quiet.at_once(program, r, |i| {
            !in_group.contains(&(i as u32))
                && plan.phase.get(i) == Some(&0)
                && region.nodes[i].op.regions().all(is_clear)
        });
        // What starts and ends together, and the first node of each node and value in it.
        let together = groups_here.iter().map(|group| &group.nodes);
        let mut leader: SortedMap<usize, u32> = SortedMap::new();
        let mut made_in: SortedMap<ValueId, u32> = SortedMap::new();
        for nodes in together.chain((!plan.at_once.is_empty()).then_some(&plan.at_once)) {
            let first = *nodes.iter().min().ok_or_else(broken)?;
            for &n in nodes {
                leader.insert(n as usize, first);
                let node = region.nodes.get(n as usize).ok_or_else(broken)?;
                made_in.extend(node.results.iter().map(|&v| (v, first)));
            }
        }
        plan.waits = vec![0; region.nodes.len()];
        for (i, node) in region.nodes.iter().enumerate() {
            let acts = leader.get(&i).copied();
            let starts = acts.unwrap_or(i as u32);
            for &value in node.args.iter().chain(&plan.captures[i]) {
                if acts.is_some() && made_in.get(&value).copied() == acts {
                    continue;
                }
                if *self.home.get(value.index()).ok_or_else(broken)? == r as u32 {
                    let local = self.local[value.index()] as usize;
                    plan.uses[local] += 1;
                    if local >= region.params.len() {
                        plan.users[local].push(starts);
                        plan.waits[starts as usize] += 1;
                    }
                } else {
                    outside.insert(value);
                }
            }
        }
        plan.roots = (0..region.nodes.len() as u32)
            .filter(|&i| {
                let starts = leader.get(&(i as usize)).copied().unwrap_or(i);
                starts == i && plan.waits[i as usize] == 0
            })
            .collect();
        for value in &region.results {
            if *self.home.get(value.index()).ok_or_else(broken)? == r as u32 {
                plan.uses[self.local[value.index()] as usize] += 1;
            } else {
                outside.insert(*value);
            }
        }
        for group in groups_here {
            let first = *group.nodes.iter().min().ok_or_else(broken)?;
            let used = |v: ValueId| {
                let local = self.local.get(v.index()).copied().unwrap_or(u32::MAX);
                plan.uses.get(local as usize).is_some_and(|&n| n > 0)
            };
            let group = GroupPlan::new(program, region, group, used).ok_or_else(broken)?;
            plan.groups.insert(first, group);
        }
        let inner = region.nodes.iter().flat_map(|n| n.op.regions());
        plan.is_clear = self.quiet.regions.get(r) == Some(&true)
            && plan.groups.is_empty()
            && plan.phases.len() <= 1
            && inner.map(|r| &self.regions[r as usize]).all(|r| r.is_clear);
        self.regions[r] = plan;
        Ok(outside)
    }
}

impl GroupPlan {
    /// The tables of a group; `used` says whether something outside uses a value.
    fn new(
        program: &Program,
        region: &Region,
        group: &blocks::Group,
        used: impl Fn(ValueId) -> bool,
    ) -> Option<Self> {
        let all: Vec<_> = group
            .nodes
            .iter()
            .zip(&group.roles)
            .map(|(&n, &role)| Some((n, role, region.nodes.get(n as usize)?)))
            .collect::<Option<_>>()?;
        let known: SortedMap<ValueId, &ConstVec> = region
            .nodes
            .iter()
            .filter_map(|node| match (&node.op, &node.results[..]) {
                (Op::Const(words), [value]) => Some((*value, words)),
                _ => None,
            })
            .collect();
        let is_made = |v: &ValueId| all.iter().any(|(_, _, n)| n.results.contains(v));
        let nodes: Vec<_> = all.iter().filter(|(_, r, _)| *r != Role::Index).collect();
        let made: SortedSet<ValueId> = nodes
            .iter()
            .flat_map(|(_, _, n)| &n.results)
            .copied()
            .collect();
        let mut plan = Self {
            n_blocks: usize::try_from(group.n_blocks()).ok()?,
            window: usize::try_from(group.window).ok()?,
            group: group.clone(),
            spans: group
                .scales
                .iter()
                .filter_map(|(&v, &scale)| Some((v, (program.values.get(v.index())?.lanes, scale))))
                .collect(),
            cut: Vec::new(),
            whole: Vec::new(),
            members: Vec::new(),
            slots: Vec::new(),
            uses: Vec::new(),
            users: Vec::new(),
            results: Vec::new(),
        };
        let lanes = |v: ValueId| -> Option<(u64, Option<u64>)> {
            let info = program.values.get(v.index())?;
            Some((info.lanes, group.scales.get(&v).copied()))
        };
        let mut slots: SortedMap<ValueId, u32> = SortedMap::new();
        for &&(_, role, node) in &nodes {
            for (i, &v) in node.args.iter().enumerate() {
                let is_cut = operand(role, &node.op, i) == Use::Slot;
                if is_cut && !made.contains(&v) && !slots.contains_key(&v) {
                    slots.insert(v, plan.cut.len() as u32);
                    plan.cut.push(v);
                    plan.slots.push(lanes(v)?);
                }
            }
        }
        let n_slots = plan.cut.len() + made.len();
        plan.uses = vec![0; n_slots];
        plan.users = vec![Vec::new(); n_slots];
        let mut next = plan.cut.len() as u32;
        for (m, &&(n, role, node)) in nodes.iter().enumerate() {
            let (mut args, mut waits) = (Vec::new(), 0);
            for (i, v) in node.args.iter().enumerate() {
                match operand(role, &node.op, i) {
                    Use::Whole => {
                        args.push(Source::Whole(plan.whole.len() as u32));
                        plan.whole.push(*v);
                    }
                    Use::Known if is_made(v) => {}
                    // It is there, and handed over with the rest.
                    Use::Known => plan.whole.push(*v),
                    Use::Slot => {
                        // Operands come first, so a member that makes one has its slots by now.
                        let slot = *slots.get(v)?;
                        plan.uses[slot as usize] += 1;
                        if made.contains(v) {
                            plan.users[slot as usize].push(m as u32);
                            waits += 1;
                        }
                        args.push(Source::Slot(slot));
                    }
                }
            }
            let mut results = Vec::new();
            for &v in &node.results {
                slots.insert(v, next);
                results.push(next);
                plan.slots.push(lanes(v)?);
                // A sum that others help with is finished even if nobody uses it, as they do not know.
                if used(v) || role == Role::Fold {
                    plan.uses[next as usize] += 1;
                    plan.results.push(Kept {
                        value: v,
                        slot: next,
                        member: m as u32,
                        role,
                    });
                }
                next += 1;
            }
            let any = node.results.first().or(node.args.first())?;
            let whole = |i: usize| operand(role, &node.op, i) == Use::Whole;
            let args_cut = node.args.iter().enumerate().filter(|(i, _)| !whole(*i));
            let values = args_cut.map(|(_, v)| v).chain(&node.results);
            let cut = values.filter(|v| group.scales.contains_key(v)).copied();
            let index = match role {
                Role::Stride | Role::Tail => node.args.get(1).and_then(|v| known.get(v)),
                _ => None,
            };
            plan.members.push(Member {
                node: n,
                role,
                cut: cut.collect(),
                index: index.map(|&words| words.clone()),
                args,
                results,
                lanes: lanes(*any)?,
                waits,
            });
        }
        Some(plan)
    }

    /// Where a block of a value starts, and its lanes; all of what has no blocks.
    pub fn span(&self, (lanes, scale): (u64, Option<u64>), block: usize) -> (usize, usize) {
        let (from, lanes) = match scale {
            Some(scale) => self.group.span(lanes, scale, block as u64),
            None => (0, lanes),
        };
        (from as usize, lanes as usize)
    }
}

/// How a member of a group uses an operand.
#[derive(PartialEq, Eq)]
enum Use {
    /// Its block.
    Slot,
    /// All of it.
    Whole,
    /// Not: it is a constant.
    Known,
}

fn operand(role: Role, op: &Op, i: usize) -> Use {
    match (role, op, i) {
        (Role::Lanes, Op::Gather { .. } | Op::Read { .. }, 0) => Use::Whole,
        (Role::Stride | Role::Tail, _, 1) => Use::Known,
        _ => Use::Slot,
    }
}
