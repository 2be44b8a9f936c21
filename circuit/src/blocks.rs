//! Which operations of a program run together, block of lanes by block of lanes.
//!
//! A vector of ten million lanes should not make every value on the way ten million lanes long. Operations that treat each
//! lane by itself form groups; a group runs on a block of lanes from its first operation to its last while a few other blocks are
//! on their way, and a value that nobody outside the group uses exists for these blocks only. Which operations form a
//! group, how many lanes a block has and how many blocks are in flight follow from the program alone, as all parties must
//! agree on them. Neither bytes nor stamps depend on any of it: those are counted per operation ([`crate::cost`]).
//!
//! A sum of a long vector may end a group: blocks add to it. What needs lanes of other blocks (gathers out of the group's own
//! values, segmented sums, reductions in other domains) needs its operand whole.
//!
//! A group is a set of operations with equal lanes that no path leaves and enters again, found by listing a region's operations in
//! an order in which operands come first and that keeps them together as long as it can.

use std::collections::{BTreeMap, BTreeSet};

use crate::cost::{Correlation, block_lanes, demand, op_cost};
use crate::ids::ValueId;
use crate::program::{Domain, Node, Op, Program, Suite, ValueInfo};
use crate::stats::captured;

/// Vectors of at most this many lanes are never cut, unless one operation takes more correlations than a batch has.
const WHOLE_LANES: u64 = 1 << 15;
/// Bytes of a block's values that are alive at one time, about.
const BLOCK_LEN: u64 = 1 << 20;
/// Lanes of a block, at most, where the suite does not want more.
const BLOCK_LANES: u64 = 1 << 15;
/// Bytes that all blocks in flight should send per round, so that narrow circuits are not bound by latency.
const ROUND_LEN: u64 = 256 << 10;
/// Blocks in flight, at least and at most.
const WINDOW: (u64, u64) = (4, 8);

/// Operations that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Positions in their region, in an order in which operands come first.
    pub nodes: Vec<u32>,
    /// Lanes of their operands and results, but for sums.
    pub lanes: u64,
    /// Lanes of a block, a multiple of 64; the last has what is left beyond, which is more.
    pub block: u64,
    /// Blocks in flight.
    pub window: u64,
    /// Values that nobody outside uses: they exist for blocks in flight only.
    pub inside: Vec<ValueId>,
}

/// The groups of each region of a verified program.
pub fn groups(program: &Program) -> Vec<Vec<Group>> {
    let captured = captured(program);
    let regions = program.regions.iter();
    let candidates: Vec<BTreeMap<usize, u64>> = regions
        .map(|region| {
            let nodes = region.nodes.iter().enumerate();
            nodes
                .filter_map(|(i, node)| Some((i, long(program, node)?)))
                .collect()
        })
        .collect();
    // The program with a block's lanes, once there is a group.
    let mut cut = None;
    let regions = program.regions.iter().zip(&candidates);
    regions
        .map(|(region, candidates)| {
            if candidates.is_empty() {
                return Vec::new();
            }
            let results: BTreeSet<ValueId> = region.results.iter().copied().collect();
            let nodes: Vec<Listed<'_>> =
                region
                    .nodes
                    .iter()
                    .enumerate()
                    .map(|(i, node)| Listed {
                        node,
                        uses: node
                            .args
                            .iter()
                            .chain(node.op.regions().iter().flat_map(|&inner| {
                                captured.get(inner as usize).into_iter().flatten()
                            }))
                            .copied()
                            .collect(),
                        lanes: candidates.get(&i).copied(),
                    })
                    .collect();
            let mut users: BTreeMap<ValueId, Vec<usize>> = BTreeMap::new();
            for (i, listed) in nodes.iter().enumerate() {
                for &value in &listed.uses {
                    users.entry(value).or_default().push(i);
                }
            }
            let region = Listing {
                program,
                nodes,
                users,
                results,
            };
            list(&region.nodes)
                .into_iter()
                .filter_map(|(lanes, members)| region.sized(&mut cut, lanes, members))
                .collect()
        })
        .collect()
}

/// A region with what its operations use.
struct Listing<'p> {
    program: &'p Program,
    nodes: Vec<Listed<'p>>,
    /// Who uses a value.
    users: BTreeMap<ValueId, Vec<usize>>,
    /// What the region hands out.
    results: BTreeSet<ValueId>,
}

struct Listed<'p> {
    node: &'p Node,
    /// Operands, and what its regions use.
    uses: Vec<ValueId>,
    /// Lanes, if it may be in a group.
    lanes: Option<u64>,
}

/// The operand of a node that is used whole: any lane may need any of it.
pub const fn whole_operand(op: &Op) -> Option<usize> {
    match op {
        Op::Gather { .. } => Some(0),
        _ => None,
    }
}

/// Whether an operation's one result is the sum of what it gives for blocks of its operands' lanes. A sum of products is one
/// where each lane costs a product; elsewhere the sum costs one, and cutting it would cost more.
pub const fn adds_up(program: &Program, op: &Op) -> bool {
    match op {
        Op::SumLanes { segments } => *segments == 1,
        Op::Dot { segments } => {
            *segments == 1 && matches!(program.suite, Suite::TwoParty | Suite::Gmw)
        }
        _ => false,
    }
}

/// The lanes of an operation that works on each lane by itself (or adds lanes up) and has many.
fn long(program: &Program, node: &Node) -> Option<u64> {
    let adds_up = adds_up(program, &node.op);
    let lane_wise = match &node.op {
        Op::Const(_)
        | Op::Public(_)
        | Op::FromPublic
        | Op::Linear { .. }
        | Op::MulPublic
        | Op::LowerRing
        | Op::Mul
        | Op::Call(_)
        | Op::Decompose
        | Op::RandomParts
        | Op::Compose
        | Op::InjectBit
        | Op::BooleanToYao
        | Op::YaoToBoolean
        | Op::Input(_)
        | Op::Output(_)
        | Op::Reveal => true,
        Op::Gather { block } => *block == 1,
        Op::SumLanes { .. } | Op::Dot { .. } => adds_up,
        Op::PublicReduce { .. }
        | Op::Scatter { .. }
        | Op::Concat
        | Op::Assert(_)
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => false,
    };
    if !lane_wise {
        return None;
    }
    let counted = if adds_up || node.results.is_empty() {
        &node.args
    } else {
        &node.results
    };
    let lanes = info(program, *counted.first()?)?.lanes;
    let whole = whole_operand(&node.op);
    let args = node.args.iter().enumerate();
    let mut cut = args.filter(|(i, _)| Some(*i) != whole).map(|(_, v)| v);
    let same = |v: &ValueId| info(program, *v).is_some_and(|i| i.lanes == lanes);
    let long = lanes > WHOLE_LANES || needs_batches(program, node);
    let fits = cut.all(same) && (adds_up || node.results.iter().all(same));
    (long && fits).then_some(lanes)
}

/// Whether an operation takes more correlations than are made at a time.
fn needs_batches(program: &Program, node: &Node) -> bool {
    demand(program, node)
        .iter()
        .any(|(kind, count)| count > kind.batch())
}

fn info(program: &Program, value: ValueId) -> Option<ValueInfo> {
    program.values.get(value.index()).copied()
}

/// Lists a region's operations; the groups on the way, with their lanes. What has no operands (inputs, constants) is listed
/// with the first that uses it: a group that makes it for itself holds none of it whole.
fn list(nodes: &[Listed<'_>]) -> Vec<(u64, Vec<usize>)> {
    let mut maker: BTreeMap<ValueId, usize> = BTreeMap::new();
    for (i, listed) in nodes.iter().enumerate() {
        maker.extend(listed.node.results.iter().map(|&v| (v, i)));
    }
    let is_source = |i: usize| nodes[i].lanes.is_some() && nodes[i].uses.is_empty();
    let mut placed: Vec<bool> = (0..nodes.len()).map(|i| !is_source(i)).collect();
    let mut waits = vec![0usize; nodes.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (i, listed) in nodes.iter().enumerate() {
        for &by in listed.uses.iter().filter_map(|v| maker.get(v)) {
            if placed[by] {
                waits[i] += 1;
                users[by].push(i);
            }
        }
    }
    // Operations that hold regions come last, as they may take long.
    let class = |i: usize| match (nodes[i].lanes, nodes[i].node.op.regions().is_empty()) {
        (Some(lanes), _) => Class::Long(lanes),
        (None, true) => Class::Short,
        (None, false) => Class::Regions,
    };
    let mut ready: BTreeMap<Class, BTreeSet<usize>> = BTreeMap::new();
    for root in (0..nodes.len()).filter(|&i| placed[i] && waits[i] == 0) {
        ready.entry(class(root)).or_default().insert(root);
    }
    let mut done = |i: usize, ready: &mut BTreeMap<Class, BTreeSet<usize>>| {
        for &user in &users[i] {
            waits[user] -= 1;
            if waits[user] == 0 {
                ready.entry(class(user)).or_default().insert(user);
            }
        }
    };
    let mut groups = Vec::new();
    loop {
        ready.retain(|_, nodes| !nodes.is_empty());
        let Some((&first, _)) = ready.first_key_value() else {
            return groups;
        };
        match first {
            Class::Short | Class::Regions => {
                if let Some(i) = ready.get_mut(&first).and_then(BTreeSet::pop_first) {
                    for by in nodes[i].uses.iter().filter_map(|v| maker.get(v)) {
                        placed[*by] = true;
                    }
                    done(i, &mut ready);
                }
            }
            Class::Long(lanes) => {
                let mut members: Vec<usize> = Vec::new();
                let mut later = BTreeSet::new();
                while let Some(i) = ready.get_mut(&first).and_then(BTreeSet::pop_first) {
                    let node = nodes[i].node;
                    let whole = whole_operand(&node.op).and_then(|w| node.args.get(w));
                    let whole = whole.and_then(|v| maker.get(v)).copied();
                    if whole.is_some_and(|by| members.contains(&by)) {
                        // It needs all of what the group is about to make.
                        later.insert(i);
                        continue;
                    }
                    if let Some(by) = whole {
                        placed[by] = true;
                    }
                    for &by in node.args.iter().filter_map(|v| maker.get(v)) {
                        if !std::mem::replace(&mut placed[by], true) {
                            members.push(by);
                        }
                    }
                    members.push(i);
                    done(i, &mut ready);
                }
                ready.entry(first).or_default().append(&mut later);
                groups.push((lanes, members));
            }
        }
    }
}

/// In the order in which they are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Short,
    Long(u64),
    Regions,
}

impl Listing<'_> {
    /// A group with its blocks, if it is worth one.
    fn sized(&self, cut: &mut Option<Program>, lanes: u64, members: Vec<usize>) -> Option<Group> {
        let (program, nodes) = (self.program, &self.nodes);
        let inside: BTreeSet<usize> = members.iter().copied().collect();
        let made: BTreeSet<ValueId> = members
            .iter()
            .flat_map(|&m| &nodes[m].node.results)
            .copied()
            .collect();
        let used_outside = |v: &ValueId| {
            let mut users = self.users.get(v).into_iter().flatten();
            self.results.contains(v) || users.any(|user| !inside.contains(user))
        };
        let outside: BTreeSet<ValueId> = made.iter().copied().filter(used_outside).collect();
        let saves = members.len() > 1 && made.len() > outside.len();
        let batches = members
            .iter()
            .any(|&m| needs_batches(program, nodes[m].node));
        if !saves && !batches {
            return None;
        }
        let alive = alive_bits(program, nodes, &members, &outside);
        let mut block = BLOCK_LEN * 8 / alive.max(1);
        let (mut sent, mut rounds) = (0u64, 0u64);
        let mut taken: BTreeMap<Correlation, u64> = BTreeMap::new();
        for &m in &members {
            let cost = op_cost(program, nodes[m].node);
            sent = sent.saturating_add(cost.sent.into_iter().max().unwrap_or(0));
            rounds += u64::from(cost.rounds);
            for (kind, count) in demand(program, nodes[m].node).iter() {
                let sum = taken.entry(kind).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        for (kind, count) in taken {
            // A few blocks together take a batch.
            block = block.min(kind.batch() / 4 / (count / lanes).max(1));
        }
        let (unit, least) = block_lanes(program);
        let block = match block.clamp(least, BLOCK_LANES.max(least)) {
            block if block > least => block / unit * unit,
            _ => least.next_multiple_of(unit),
        };
        let split = Group {
            nodes: members.iter().map(|&m| m as u32).collect(),
            lanes,
            block,
            window: WINDOW.0,
            inside: made.difference(&outside).copied().collect(),
        };
        if split.n_blocks() < 2 || !self.costs_the_same(cut, &members, &split) {
            return None;
        }
        let per_round = u128::from(sent) * u128::from(block)
            / (u128::from(lanes) * u128::from(rounds.max(1))).max(1);
        let per_round = u64::try_from(per_round).unwrap_or(u64::MAX).max(1);
        Some(Group {
            window: (ROUND_LEN / per_round).clamp(WINDOW.0, WINDOW.1),
            ..split
        })
    }

    /// Whether operations cost as much in blocks as whole: bytes, rounds, correlations.
    fn costs_the_same(&self, cut: &mut Option<Program>, members: &[usize], group: &Group) -> bool {
        let (program, nodes) = (self.program, &self.nodes);
        let cut = cut.get_or_insert_with(|| program.clone());
        members.iter().all(|&m| {
            let node = nodes[m].node;
            let whole = (op_cost(program, node), demand(program, node));
            let mut on = |lanes: u64| {
                for &value in cut_values(program, node) {
                    if let Some(info) = cut.values.get_mut(value.index()) {
                        info.lanes = lanes;
                    }
                }
                (op_cost(cut, node), demand(cut, node))
            };
            let (block, last) = (on(group.block), on(group.block_lanes(group.n_blocks() - 1)));
            on(group.lanes);
            let times = group.n_blocks() - 1;
            let sum = |block: &[u64], last: &[u64]| -> Vec<u64> {
                let parties = block.iter().zip(last);
                parties
                    .map(|(b, l)| b.saturating_mul(times).saturating_add(*l))
                    .collect()
            };
            let mut demand = last.1;
            demand.add_times(&block.1, times);
            sum(&block.0.sent, &last.0.sent) == whole.0.sent
                && sum(&block.0.prepared, &last.0.prepared) == whole.0.prepared
                && block.0.rounds == whole.0.rounds
                && last.0.rounds == whole.0.rounds
                && demand == whole.1
        })
    }
}

/// The operands and results of which a block has its lanes.
fn cut_values<'n>(
    program: &Program,
    node: &'n Node,
) -> impl Iterator<Item = &'n ValueId> + use<'n> {
    let whole = whole_operand(&node.op);
    let args = node.args.iter().enumerate();
    let args = args.filter(move |(i, _)| Some(*i) != whole).map(|(_, v)| v);
    let results = match adds_up(program, &node.op) {
        true => &[][..],
        false => &node.results,
    };
    args.chain(results)
}

impl Group {
    /// Blocks, at least one.
    pub const fn n_blocks(&self) -> u64 {
        match self.lanes / self.block {
            0 => 1,
            n => n,
        }
    }

    /// Lanes of a block.
    pub const fn block_lanes(&self, block: u64) -> u64 {
        if block + 1 < self.n_blocks() {
            self.block
        } else {
            self.lanes - block * self.block
        }
    }
}

/// Bits per lane of the values that are alive at one time, at most; those in `kept` stay to the end.
fn alive_bits(
    program: &Program,
    nodes: &[Listed<'_>],
    members: &[usize],
    kept: &BTreeSet<ValueId>,
) -> u64 {
    let mut last: BTreeMap<ValueId, usize> = BTreeMap::new();
    for (at, &m) in members.iter().enumerate() {
        let node = nodes[m].node;
        let whole = whole_operand(&node.op);
        for (i, v) in node.args.iter().enumerate() {
            if Some(i) != whole {
                last.insert(*v, at);
            }
        }
    }
    last.extend(kept.iter().map(|&v| (v, usize::MAX)));
    let bits = |v: ValueId| info(program, v).map_or(0, lane_bits);
    let made: BTreeSet<ValueId> = members
        .iter()
        .flat_map(|&m| &nodes[m].node.results)
        .copied()
        .collect();
    // Operands from outside are cut when a block starts.
    let mut now: u64 = last
        .keys()
        .filter(|v| !made.contains(v))
        .map(|&v| bits(v))
        .sum();
    let mut most = now;
    for (at, &m) in members.iter().enumerate() {
        let node = nodes[m].node;
        now += node.results.iter().map(|&v| bits(v)).sum::<u64>();
        most = most.max(now);
        let ended: BTreeSet<ValueId> = node
            .args
            .iter()
            .chain(&node.results)
            .copied()
            .filter(|v| last.get(v).is_none_or(|&l| l <= at))
            .filter(|v| made.contains(v) || last.contains_key(v))
            .collect();
        now = now.saturating_sub(ended.into_iter().map(bits).sum());
    }
    most
}

/// Bits that a party holds of one lane, about.
fn lane_bits(info: ValueInfo) -> u64 {
    let width = u64::from(info.scalar.width());
    match info.domain {
        Domain::Public => width.next_power_of_two().max(64),
        Domain::Arithmetic { ring } => 2 * u64::from(ring).next_power_of_two().max(64),
        Domain::Boolean => 2 * width,
        Domain::Yao => 128 * width,
    }
}
