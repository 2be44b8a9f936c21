//! An estimate of the memory that a party needs for values: what it gives and what it learns, in machine words, and the largest
//! sum of what is alive at one time. What exists block by block of lanes only counts for the blocks in flight, and what one
//! party knows alone counts at that party. Around that stands what its process holds besides: itself, the plan, messages of
//! blocks in flight, and correlations that are made ahead.

use crate::blocks;
use crate::cost::{Correlation, GARBLED_AND_LEN, demand};
use crate::ids::ValueId;
use crate::op::Op;
use crate::program::{Domain, Loc, Node, Program, ValueInfo};
use crate::regions::captured;
use crate::sorted::{SortedMap, SortedSet};

/// The most memory that a party needs for values at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Bytes.
    pub bytes: u64,
    /// The operation with which they are reached.
    pub at: Loc,
}

/// What a party's process takes that computes nothing.
const PROCESS: u64 = 19_000_000;
/// Bytes that a gate of a plan's circuits takes in a process.
const GATE: u64 = 72;
/// What messages of blocks in flight take at most, and copies of what they are made of.
const MESSAGES: u64 = 8_000_000;
/// What tables of garbled circuits in flight take at most.
const TABLES: u64 = 6_000_000;
/// Bytes of a switch of a shuffle with oblivious transfer: what its transfers give, and what is made of it.
const SWITCH: u64 = 96;
/// Bytes of a row's column while it is shuffled otherwise.
const ROW: u64 = 80;

/// An estimate of the memory of a party's process: [`super::Totals::memory_bytes`]. `garbled` is how many ANDs are, and `ahead`
/// how many bytes a party sends for correlations.
pub(super) fn process_memory(program: &Program, garbled: u64, ahead: u64) -> u64 {
    let values = peak_memory(program).bytes;
    let gates: usize = program.templates.iter().map(|t| t.gates.len()).sum();
    let (factor, most) = program.model().ahead();
    let parts = [
        PROCESS,
        (gates as u64).saturating_mul(GATE),
        values,
        values.min(MESSAGES),
        garbled.saturating_mul(GARBLED_AND_LEN).min(TABLES),
        ahead.saturating_mul(factor).min(most),
    ];
    parts.into_iter().fold(0, u64::saturating_add)
}

/// An estimate of the most memory that a party needs for values, with its place.
pub fn peak_memory(program: &Program) -> Peak {
    let captured = captured(program);
    let mut held: Vec<u64> = program.values.iter().map(|v| v.lanes).collect();
    let mut taken = taken(program);
    for (groups, taken) in blocks::groups(program).into_iter().zip(&mut taken) {
        for group in groups {
            for node in &group.nodes {
                if let Some(taken) = taken.get_mut(*node as usize) {
                    *taken = taken.saturating_mul(group.block) / group.lanes.max(1);
                }
            }
            let in_flight = group.lanes.min(group.block.saturating_mul(group.window));
            for value in group.inside {
                if let Some(lanes) = held.get_mut(value.index()) {
                    let cut = group.scales.get(&value);
                    *lanes = cut.map_or(1, |scale| in_flight / scale).min(*lanes);
                }
            }
        }
    }
    let owners = program.values.iter().filter_map(|v| match v.domain {
        Domain::Local { owner } => Some(owner),
        Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => None,
    });
    let owners: SortedSet<u32> = owners.collect();
    let during = |party: Option<u32>| {
        let size = |v: &ValueId| {
            let value = program.values.get(v.index()).zip(held.get(v.index()));
            value.map_or(0, |(info, &lanes)| bytes(program, party, *info, lanes))
        };
        region(program, 0, &captured, (&size, &taken))
    };
    // Who knows nothing alone holds the same values as all others of its kind.
    let others = during(None);
    let parties = (0..program.n_parties).map(|party| {
        let values = match owners.contains(&party) {
            true => during(Some(party)),
            false => others,
        };
        let ends = ends(program, party, &held);
        Peak {
            bytes: values.bytes.saturating_add(ends.bytes),
            at: if values.bytes < ends.bytes {
                ends.at
            } else {
                values.at
            },
        }
    });
    parties.reduce(larger).unwrap_or_default()
}

/// What a party gives and learns, which it holds from beginning to end, with the place of the largest.
fn ends(program: &Program, party: u32, held: &[u64]) -> Peak {
    let mut all = Peak::default();
    let mut largest = 0;
    // An input that its owner knows whole as a value is that value.
    let is_value = |v: &ValueId| {
        let value = program.values.get(v.index()).zip(held.get(v.index()));
        value.is_some_and(|(info, &lanes)| info.domain.is_clear() && lanes == info.lanes)
    };
    let nodes = program.regions.iter().flat_map(|region| &region.nodes);
    for node in nodes {
        let (scalar, lanes) = if let Op::Input(id) = node.op
            && let Some(leaf) = program.inputs.get(id.index())
            && (leaf.party == party || program.is_held(id))
            && !node.results.iter().all(is_value)
        {
            let words = match program.is_held(id) {
                true => program.stored_words(),
                false => 1,
            };
            (leaf.scalar, leaf.lanes.saturating_mul(words))
        } else if let Op::Output(id) = node.op
            && let Some(leaf) = program.outputs.get(id.index())
            && (leaf.receivers.contains(&party) || program.is_stored(id))
        {
            let words = match program.is_stored(id) {
                true => program.stored_words(),
                false => 1,
            };
            (leaf.scalar, leaf.lanes.saturating_mul(words))
        } else {
            continue;
        };
        let bytes = lanes.saturating_mul(word_bits(u64::from(scalar.width())) / 8);
        all.bytes = all.bytes.saturating_add(bytes);
        if bytes > largest {
            largest = bytes;
            all.at = node.loc;
        }
    }
    all
}

/// Bits of the machine words in which lanes of so many bits are held in the clear.
fn word_bits(width: u64) -> u64 {
    width.next_power_of_two().max(64)
}

/// The larger of two, the first where they are equal.
fn larger(a: Peak, b: Peak) -> Peak {
    if b.bytes > a.bytes { b } else { a }
}

/// The peak of what a region itself defines.
fn region(
    program: &Program,
    index: u32,
    captured: &[Vec<ValueId>],
    (size, taken): (&impl Fn(&ValueId) -> u64, &[Vec<u64>]),
) -> Peak {
    let Some(region_data) = program.regions.get(index as usize) else {
        return Peak::default();
    };
    let mut last: SortedMap<ValueId, usize> = SortedMap::new();
    for (i, node) in region_data.nodes.iter().enumerate() {
        let inner = node.op.regions();
        for v in node
            .args
            .iter()
            .chain(inner.flat_map(|r| &captured[r as usize]))
        {
            last.insert(*v, i);
        }
    }
    for v in &region_data.results {
        last.insert(*v, usize::MAX);
    }
    let mut alive: SortedSet<ValueId> = region_data.params.iter().copied().collect();
    let mut now: u64 = alive.iter().map(size).fold(0, u64::saturating_add);
    let first = region_data.nodes.first();
    let mut most = Peak {
        bytes: now,
        at: first.map(|node| node.loc).unwrap_or_default(),
    };
    for (i, node) in region_data.nodes.iter().enumerate() {
        let inner = node
            .op
            .regions()
            .map(|r| region(program, r, captured, (size, taken)))
            .max_by_key(|peak| peak.bytes)
            .unwrap_or_default();
        for r in &node.results {
            if alive.insert(*r) {
                now = now.saturating_add(size(r));
            }
        }
        let bytes = now
            .saturating_add(inner.bytes)
            .saturating_add(while_shuffling(program, node))
            .saturating_add(taken[index as usize].get(i).copied().unwrap_or(0));
        if bytes > most.bytes {
            let at = if inner.bytes > 0 { inner.at } else { node.loc };
            most = Peak { bytes, at };
        }
        for v in node.args.iter().chain(&node.results) {
            if last.get(v).is_none_or(|&l| l <= i) && alive.remove(v) {
                now = now.saturating_sub(size(v));
            }
        }
    }
    most
}

/// By region and operation, bytes of the correlations with MACs that the operation has while it runs.
fn taken(program: &Program) -> Vec<Vec<u64>> {
    let of = |node: &Node| {
        let demand = demand(program, node);
        let bits = demand
            .iter()
            .map(|(kind, n)| n.saturating_mul(kind.bits_with_macs()));
        bits.fold(0, u64::saturating_add) / 8
    };
    let regions = program.regions.iter();
    regions
        .map(|region| region.nodes.iter().map(of).collect())
        .collect()
}

/// What an operation takes besides its operands and results, if it is a shuffle.
fn while_shuffling(program: &Program, node: &Node) -> u64 {
    if node.op != Op::Shuffle {
        return 0;
    }
    let switches = demand(program, node).count(Correlation::Transfer);
    if switches > 0 {
        return switches.saturating_mul(SWITCH);
    }
    let rows = node.results.first();
    let rows = rows.and_then(|v| program.values.get(v.index()));
    let columns = node.args.len() as u64;
    rows.map_or(0, |v| v.lanes.saturating_mul(columns).saturating_mul(ROW))
}

/// What a value takes at a party; without one, at parties that know nothing alone.
fn bytes(program: &Program, party: Option<u32>, info: ValueInfo, lanes: u64) -> u64 {
    // Elements that a party holds of one shared element.
    let elements = program.stored_words();
    let width = u64::from(info.scalar.width());
    let per_lane_bits = match info.domain {
        Domain::Public => 128,
        Domain::Local { owner } if party == Some(owner) => word_bits(width),
        Domain::Local { .. } => 0,
        Domain::Arithmetic { ring } => elements * u64::from(ring).next_power_of_two().max(8),
        Domain::Boolean => elements * width,
        Domain::Yao => elements.max(128) * width,
    };
    lanes.saturating_mul(per_lane_bits).div_ceil(8)
}
