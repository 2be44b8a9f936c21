//! Which operations of a program run together, block of lanes by block of lanes.
//!
//! A vector of ten million lanes should not make every value on the way ten million lanes long. Operations whose blocks of lanes
//! can be told apart form groups; a group runs on a block of lanes from its first operation to its last while a few other blocks are
//! on their way, and a value that nobody outside the group uses exists for these blocks only. Which operations form a
//! group, how many lanes a block has and how many blocks are in flight follow from the program alone, as all parties must
//! agree on them. Neither bytes nor stamps depend on any of it: those are counted per operation ([`crate::cost`]).
//!
//! Inputs and outputs are operations of groups like others. A value may have fewer lanes than the group: what makes one lane of
//! several neighbours (a level of a tournament, rows of a carry-save sum, sums of short runs) makes blocks shorter by its
//! [`Group::scales`]. Sums of a long vector end a group: blocks add to them. What needs lanes of other blocks (gathers out of the
//! group's own values, sums of few long runs) needs its operand whole. Where a tournament's blocks would get too short a group ends,
//! and what is left starts another with longer ones.
//!
//! A group is a set of operations that no path leaves and enters again, found by listing a region's operations in
//! an order in which operands come first and that keeps them together as long as it can (`list`).

use crate::cost::{Correlation, block_lanes, demand, op_cost};
use crate::ids::ValueId;
use crate::phases::Phases;
use crate::program::{Domain, Node, Op, Program, ValueInfo};
use crate::regions::captured;
use crate::sorted::{SortedMap, SortedSet};

mod list;

use list::{Constants, Growing, Grown, Kind, Listed, list};

/// Vectors of at most this many lanes start no group, unless one operation takes more correlations than a batch has. So many fewer
/// are enough as a party holds more than usual of each ([`weight`]).
const WHOLE_LANES: u64 = 1 << 15;
/// Bytes of a block's values that are alive at one time, about.
const BLOCK_LEN: u64 = 1 << 20;
/// The same at most where blocks get shorter on the way: longer ones reach further.
const SCALED_LEN: u64 = 16 << 20;
/// Lanes of a block, at most, where the suite does not want more.
const BLOCK_LANES: u64 = 1 << 15;
/// The same where blocks get shorter on the way and a suite wants long ones.
const SCALED_LANES: u64 = 1 << 17;
/// Lanes of a group that make one of any of its values, at most: what is left after it is hardly worth a block.
const MOST_SCALE: u64 = BLOCK_LANES / 64;
/// Bytes that all blocks in flight should send per round, so that narrow circuits are not bound by latency.
const ROUND_LEN: u64 = 256 << 10;
/// Blocks in flight, at least and at most.
const WINDOW: (u64, u64) = (4, 8);
/// Lanes at a vector's end that a group can hand out: no more than the last block of any value has.
const TAIL: u64 = 64;

/// Operations that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Positions in their region, in an order in which operands come first.
    pub nodes: Vec<u32>,
    /// What each does with blocks.
    pub roles: Vec<Role>,
    /// Lanes of what a block is cut from.
    pub lanes: u64,
    /// Lanes of a block, a multiple of 64; the last has what is left beyond, which is more.
    pub block: u64,
    /// Blocks in flight.
    pub window: u64,
    /// Values of which each block has its lanes, whether made inside or not, and how many lanes of the group make a lane of
    /// theirs. A block has a multiple of 64 lanes of each; the last has what is left.
    pub scales: SortedMap<ValueId, u64>,
    /// Values that nobody outside uses: they exist for blocks in flight only.
    pub inside: Vec<ValueId>,
}

/// What an operation of a group does with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Works on each lane by itself; of a gather or read, operand 0 is there whole.
    Lanes,
    /// Adds up: its result is the sum of what it gives for each block.
    Add,
    /// Adds up without the others, who are needed once, at the end: a sum of products where only the sum costs.
    Fold,
    /// As many sums as its result has lanes in the block.
    Run,
    /// Takes every so-manieth lane of operand 0, from one of the first on.
    Stride,
    /// Takes some of the last lanes of operand 0: in the last block only.
    Tail,
    /// Operand 0; in the last block, then the other operands.
    Join,
    /// Nothing: an index that strides and tails know without it.
    Index,
}

/// The groups of each region of a verified program.
pub fn groups(program: &Program) -> Vec<Vec<Group>> {
    let captured = captured(program);
    // The program with a block's lanes, once there is a group.
    let mut cut = None;
    let phases = Phases::new(program);
    let regions = program.regions.iter().zip(&phases.of);
    regions
        .map(|(region, phases)| {
            let constants: Constants<'_> = region
                .nodes
                .iter()
                .filter_map(|node| {
                    let Op::Const(words) = &node.op else {
                        return None;
                    };
                    Some((*node.results.first()?, words))
                })
                .collect();
            let nodes: Vec<Listed<'_>> = region
                .nodes
                .iter()
                .zip(phases)
                .map(|(node, &phase)| {
                    let regions = node.op.regions();
                    let inner =
                        regions.flat_map(|r| captured.get(r as usize).into_iter().flatten());
                    let uses = node.args.iter().chain(inner).copied().collect();
                    Listed::new(program, node, (uses, phase), &constants)
                })
                .collect();
            if !nodes.iter().any(Listed::is_long) {
                return Vec::new();
            }
            let mut users: SortedMap<ValueId, Vec<usize>> = SortedMap::new();
            for (i, listed) in nodes.iter().enumerate() {
                for &value in &listed.uses {
                    users.entry(value).or_default().push(i);
                }
            }
            let grown = list(program, &nodes);
            let region = Sizing {
                program,
                nodes: &nodes,
                users,
                results: region.results.iter().copied().collect(),
                constants: (nodes.iter().enumerate())
                    .filter(|(_, listed)| matches!(listed.node.op, Op::Const(_)))
                    .filter_map(|(i, listed)| Some((*listed.node.results.first()?, i)))
                    .collect(),
            };
            let mut groups = Vec::new();
            for grown in grown {
                let mut next = Some(grown);
                while let Some(grown) = next {
                    let Some(group) = region.sized(&mut cut, &grown) else {
                        break;
                    };
                    next = region.rest(grown, &group);
                    groups.push(group);
                }
            }
            groups
        })
        .collect()
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

/// How many times as much as two elements, which are usual, a party holds of a shared one: many times as much where bits have MACs.
fn weight(program: &Program) -> u64 {
    (program.stored_words() / 2).max(1)
}

/// Vectors of at most this many lanes start no group.
fn whole_lanes(program: &Program) -> u64 {
    (WHOLE_LANES / weight(program)).max(64)
}

/// A region with who uses what.
struct Sizing<'a, 'p> {
    program: &'p Program,
    nodes: &'a [Listed<'p>],
    /// Who uses a value.
    users: SortedMap<ValueId, Vec<usize>>,
    /// What the region hands out.
    results: SortedSet<ValueId>,
    /// Who makes a constant.
    constants: SortedMap<ValueId, usize>,
}

impl Sizing<'_, '_> {
    /// A group with its blocks, if it is worth one: as far as blocks stay long enough to cost what the whole costs, and so that
    /// the least is held whole.
    fn sized(&self, cut: &mut Option<Program>, grown: &Growing) -> Option<Group> {
        let scales: SortedSet<u64> = grown.members.iter().map(|m| m.scale).collect();
        // The lanes that blocks must be multiples of, for every scale up to one.
        let mut steps = vec![(1, 1)];
        for &scale in scales.iter().filter(|s| **s > 1) {
            let Some(multiple) = common_multiple(steps.last()?.1, scale) else {
                break;
            };
            steps.push((scale, multiple));
        }
        let mut best: Option<(u64, Group)> = None;
        for (most, multiple) in steps.into_iter().rev() {
            let up_to = |m: &&Grown| m.scale <= most;
            let mut members: Vec<Grown> = grown.members.iter().filter(up_to).copied().collect();
            // What costs more in blocks is left out, with what follows from it.
            while let Some((group, dear)) = self.cut_at(cut, grown, &members, multiple) {
                if dear.is_empty() {
                    let held = self.held(grown, &group);
                    if best.as_ref().is_none_or(|(least, _)| held < *least) {
                        best = Some((held, group));
                    }
                    break;
                }
                self.leave_out(&mut members, dear);
            }
            let all = best.as_ref().map_or(0, |(_, g)| g.nodes.len());
            if all >= grown.members.len() {
                break;
            }
        }
        best.map(|(_, group)| group)
    }

    /// What a group leaves of what it was cut from: where its blocks would get too short, longer ones can start again.
    /// Nothing in a group uses what it leaves out, so neither has a path that leaves and enters it again.
    fn rest(&self, grown: Growing, group: &Group) -> Option<Growing> {
        let taken: SortedSet<usize> = group.nodes.iter().map(|&n| n as usize).collect();
        let mut members = grown.members;
        members.retain(|m| !taken.contains(&m.node));
        let scale_of = |v: &ValueId| match grown.kinds.get(v) {
            Some(Kind::Cut(scale)) => Some(*scale),
            Some(Kind::Once) | None => None,
        };
        // A value with left-over lanes joined to it has some more than others of its scale: they go to the last block.
        let used = members.iter().flat_map(|m| &self.nodes[m.node].node.args);
        let (scale, lanes) = used
            .filter_map(|v| Some((scale_of(v)?, info(self.program, *v)?.lanes)))
            .min()?;
        let whole = members.iter().all(|m| m.scale % scale == 0);
        if lanes <= whole_lanes(self.program) || !whole {
            return None;
        }
        for m in &mut members {
            m.scale /= scale;
        }
        let mut kinds = grown.kinds;
        kinds.retain(|_, kind| match kind {
            Kind::Cut(own) => {
                let divides = *own % scale == 0;
                *own /= scale;
                divides
            }
            Kind::Once => true,
        });
        Some(Growing {
            lanes,
            members,
            kinds,
        })
    }

    /// Removes members, and those that use what they make.
    fn leave_out(&self, members: &mut Vec<Grown>, dear: SortedSet<usize>) {
        let mut gone = SortedSet::new();
        members.retain(|m| {
            let node = self.nodes[m.node].node;
            let stays = !dear.contains(&m.node) && !node.args.iter().any(|v| gone.contains(v));
            if !stays {
                gone.extend(node.results.iter().copied());
            }
            stays
        });
    }

    /// Bits of what could be there in blocks and is not.
    fn held(&self, grown: &Growing, group: &Group) -> u64 {
        let inside: SortedSet<ValueId> = group.inside.iter().copied().collect();
        let made = grown
            .members
            .iter()
            .flat_map(|m| &self.nodes[m.node].node.results);
        made.filter(|v| !inside.contains(v))
            .filter_map(|v| info(self.program, *v))
            .map(|info| lane_bits(self.program, info).saturating_mul(info.lanes))
            .fold(0, u64::saturating_add)
    }

    /// A group of some members, whose blocks are multiples of so many times 64 lanes, if it is worth one; and those members that
    /// would cost more in blocks.
    fn cut_at(
        &self,
        cut: &mut Option<Program>,
        grown: &Growing,
        members: &[Grown],
        multiple: u64,
    ) -> Option<(Group, SortedSet<usize>)> {
        let (program, nodes, lanes) = (self.program, self.nodes, grown.lanes);
        let mut members = members.to_vec();
        self.add_indices(&mut members);
        let inside: SortedSet<usize> = members.iter().map(|m| m.node).collect();
        let made: SortedSet<ValueId> = members
            .iter()
            .flat_map(|m| &nodes[m.node].node.results)
            .copied()
            .collect();
        let used_outside = |v: &ValueId| {
            let mut users = self.users.get(v).into_iter().flatten();
            self.results.contains(v) || users.any(|user| !inside.contains(user))
        };
        let outside: SortedSet<ValueId> = made.iter().copied().filter(used_outside).collect();
        let saves = members.len() > 1 && (made.len() > outside.len() || multiple > 1);
        let batches = members
            .iter()
            .any(|m| needs_batches(program, nodes[m.node].node));
        if !saves && !batches {
            return None;
        }
        let mut scales = SortedMap::new();
        for m in members.iter().filter(|m| m.role != Role::Index) {
            let node = nodes[m.node].node;
            for v in node.args.iter().chain(&node.results) {
                if let Some(Kind::Cut(scale)) = grown.kinds.get(v) {
                    scales.insert(*v, *scale);
                }
            }
        }
        // What a gather uses whole is not cut, and an index that strides know is not there.
        let mut alive = self.alive_bits(&members, &scales, &outside);
        let (mut sent, mut rounds) = (0u64, 0u64);
        let mut taken: SortedMap<Correlation, u64> = SortedMap::new();
        for m in members.iter().filter(|m| m.role != Role::Fold) {
            let cost = op_cost(program, nodes[m.node].node);
            sent = sent.saturating_add(cost.sent.into_iter().max().unwrap_or(0));
            rounds += u64::from(cost.rounds);
            for (kind, count) in demand(program, nodes[m.node].node).iter() {
                let sum = taken.entry(kind).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        let mut block = (BLOCK_LEN * 8 / alive.max(1)).min(BLOCK_LANES);
        for (kind, count) in taken {
            let each = (count / lanes).max(1);
            // A few blocks together take a batch.
            block = block.min(kind.batch() / 4 / each);
            // An operation has what it takes from its beginning on.
            alive = alive.saturating_add(each.saturating_mul(kind.bits_with_macs()));
        }
        let (unit, least) = block_lanes(program);
        let longest = (SCALED_LEN * 8 / alive.max(1)).min(SCALED_LANES);
        let unit = unit.checked_mul(multiple)?;
        let round = |block: u64| (block / unit * unit).max(unit);
        let tries = if multiple == 1 {
            let least = least.next_multiple_of(unit);
            vec![round(block.max(least))]
        } else {
            // The shorter the better, but a suite may want longer ones.
            let longest = longest.min(lanes / 2);
            let doubled = std::iter::successors(Some(round(block)), |b| b.checked_mul(2));
            let mut tries: Vec<u64> = doubled.take_while(|b| *b <= longest).collect();
            if unit <= longest {
                tries.push(round(longest));
            }
            tries
        };
        let mut fewest: Option<(Group, SortedSet<usize>)> = None;
        for block in tries {
            let per_round = u128::from(sent) * u128::from(block)
                / (u128::from(lanes) * u128::from(rounds.max(1))).max(1);
            let per_round = u64::try_from(per_round).unwrap_or(u64::MAX).max(1);
            let long = block.saturating_mul(alive) > 4 * 8 * BLOCK_LEN;
            let window = match sent {
                // A block waits for nobody.
                0 => 1,
                _ => (ROUND_LEN / per_round).clamp(WINDOW.0, WINDOW.1),
            };
            let group = Group {
                nodes: members.iter().map(|m| m.node as u32).collect(),
                roles: members.iter().map(|m| m.role).collect(),
                lanes,
                block,
                window: if long {
                    window.min(WINDOW.0 / 2)
                } else {
                    window
                },
                scales: scales.clone(),
                inside: made.difference(&outside).copied().collect(),
            };
            if group.n_blocks() < 2 {
                continue;
            }
            let dear = self.dear(cut, &group);
            if dear.is_empty() {
                return Some((group, dear));
            }
            if fewest.as_ref().is_none_or(|(_, d)| dear.len() < d.len()) {
                fewest = Some((group, dear));
            }
        }
        fewest
    }

    /// Indices that nobody needs but strides and tails of the group, which know them.
    fn add_indices(&self, members: &mut Vec<Grown>) {
        let known: SortedSet<usize> = members
            .iter()
            .filter(|m| matches!(m.role, Role::Stride | Role::Tail))
            .map(|m| m.node)
            .collect();
        let mut indices = SortedSet::new();
        for &m in &known {
            indices.extend(self.nodes[m].node.args.get(1).copied());
        }
        // In the order of the region.
        let makers: SortedMap<usize, ValueId> = indices
            .iter()
            .filter_map(|value| Some((*self.constants.get(value)?, *value)))
            .collect();
        for (i, value) in makers {
            let users = self.users.get(&value);
            if !self.results.contains(&value)
                && users.is_some_and(|users| users.iter().all(|u| known.contains(u)))
                && known
                    .iter()
                    .all(|&u| self.nodes[u].phase == self.nodes[i].phase)
            {
                members.push(Grown {
                    node: i,
                    role: Role::Index,
                    scale: 1,
                });
            }
        }
    }

    /// Operations that do not cost as much in blocks as whole: bytes, rounds, correlations.
    fn dear(&self, cut: &mut Option<Program>, group: &Group) -> SortedSet<usize> {
        let program = self.program;
        let cut = cut.get_or_insert_with(|| program.clone());
        let last_block = group.n_blocks() - 1;
        let mut costs_the_same = |&(&m, role): &(&u32, &Role)| {
            if !matches!(role, Role::Lanes | Role::Add | Role::Run) {
                // Local, or once.
                return true;
            }
            let node = self.nodes[m as usize].node;
            let whole = (op_cost(program, node), demand(program, node));
            let values = || node.args.iter().chain(&node.results);
            let mut on = |block: Option<u64>| {
                for &value in values() {
                    let Some(whole) = info(program, value) else {
                        continue;
                    };
                    let lanes = match (group.scales.get(&value), block) {
                        (Some(&scale), Some(block)) => group.span(whole.lanes, scale, block).1,
                        (None, _) | (_, None) => whole.lanes,
                    };
                    if let Some(info) = cut.values.get_mut(value.index()) {
                        info.lanes = lanes;
                    }
                }
                (op_cost(cut, node), demand(cut, node))
            };
            let (block, last) = (on(Some(0)), on(Some(last_block)));
            on(None);
            let times = last_block;
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
        };
        let members = group.nodes.iter().zip(&group.roles);
        let dear = members.filter(|m| !costs_the_same(m));
        dear.map(|(&m, _)| m as usize).collect()
    }

    /// Bits per lane of the values that are alive at one time, at most; those in `kept` stay to the end.
    fn alive_bits(
        &self,
        members: &[Grown],
        scales: &SortedMap<ValueId, u64>,
        kept: &SortedSet<ValueId>,
    ) -> u64 {
        let nodes = || members.iter().map(|m| self.nodes[m.node].node);
        let mut last: SortedMap<ValueId, usize> = SortedMap::new();
        for (at, node) in nodes().enumerate() {
            let cut = node.args.iter().filter(|v| scales.contains_key(v));
            last.extend(cut.map(|v| (*v, at)));
        }
        last.extend(kept.iter().map(|&v| (v, usize::MAX)));
        let bits = |v: ValueId| {
            let bits = info(self.program, v).map_or(0, |info| lane_bits(self.program, info));
            scales.get(&v).map_or(0, |&scale| bits.div_ceil(scale))
        };
        let made: SortedSet<ValueId> = nodes().flat_map(|n| &n.results).copied().collect();
        // Operands from outside are cut when a block starts.
        let outside = last.keys().filter(|v| !made.contains(v));
        let mut now: u64 = outside.map(|&v| bits(v)).sum();
        let mut most = now;
        for (at, node) in nodes().enumerate() {
            now += node.results.iter().map(|&v| bits(v)).sum::<u64>();
            most = most.max(now);
            let ended: SortedSet<ValueId> = node
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
}

impl Group {
    /// Blocks, at least one.
    pub const fn n_blocks(&self) -> u64 {
        match self.lanes / self.block {
            0 => 1,
            n => n,
        }
    }

    /// Where a block of a value of so many lanes and this scale starts, and its lanes.
    pub const fn span(&self, lanes: u64, scale: u64, block: u64) -> (u64, u64) {
        let own = self.block / scale;
        let from = block * own;
        if block + 1 < self.n_blocks() {
            (from, own)
        } else {
            (from, lanes.saturating_sub(from))
        }
    }
}

/// The least common multiple, if blocks can be that much shorter.
fn common_multiple(a: u64, b: u64) -> Option<u64> {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    let multiple = (a / x).checked_mul(b)?;
    (multiple <= MOST_SCALE).then_some(multiple)
}

/// Bits that a party holds of one lane, about.
fn lane_bits(program: &Program, info: ValueInfo) -> u64 {
    let width = u64::from(info.scalar.width());
    let elements = 2 * weight(program);
    match info.domain {
        Domain::Public | Domain::Local { .. } => width.next_power_of_two().max(64),
        Domain::Arithmetic { ring } => elements * u64::from(ring).next_power_of_two().max(64),
        Domain::Boolean => elements * width,
        Domain::Yao => elements.max(128) * width,
    }
}
