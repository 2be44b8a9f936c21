//! The tables behind the carry networks: what a network of least cost is made of, and its gates.
//!
//! Five tables, all of least cost: `group` (G and P of an interval), `prefixes` (of every prefix of it), `block` (its G
//! and P, and its inner carries from an incoming carry), `carry` (all carries below a position, the last by `e`) and
//! `last` (only the last). Intervals inside a run of equal arrivals share their entries.

use super::{Position, Profile, Want, majority};
use crate::mix::Mix;
use smpcc_circuit::template::{Builder, Lit, Template};
use std::collections::HashMap;

const INFINITE: u32 = u32::MAX / 4;

/// The cheapest network that meets the profile's deadline, if any does. Operands: the carry in, then both summands of each
/// position, a bit each; results: the carries that are wanted.
pub(super) fn solve(profile: &Profile) -> Option<Template> {
    let n = profile.positions.len();
    let mut b = Builder::new(&vec![1; 1 + 2 * n]);
    let literal = |b: &Builder, operand: usize, constant: Option<bool>| match constant {
        Some(value) => Lit::from(value),
        None => b.input(operand)[0],
    };
    let carry = literal(&b, 0, profile.carry);
    let chain: Vec<Position> = (profile.positions.iter().enumerate())
        .map(|(i, p)| Position {
            x: literal(&b, 1 + 2 * i, p.x),
            y: literal(&b, 2 + 2 * i, p.y),
        })
        .collect();
    let mut tables = Tables::new(profile, &chain);
    let (deadline, start) = (tables.deadline, profile.start);
    let outputs = match profile.want {
        Want::All => {
            if tables.carry(n, deadline, start) >= INFINITE {
                return None;
            }
            let mut carries = Vec::with_capacity(n);
            tables.build_carries(&mut b, n, deadline, start, carry, &mut carries);
            carries
        }
        Want::Last => {
            if tables.last(n, deadline, start) >= INFINITE {
                return None;
            }
            vec![tables.build_last(&mut b, n, deadline, start, carry)]
        }
    };
    Some(b.finish("carries", vec![outputs]))
}

/// A least cost and the split (size of the low part) that has it; 0 is a leaf.
type Entry = (u32, u32);

struct Tables<'a> {
    chain: &'a [Position],
    arrival: Vec<u32>,
    /// Whether the generate of a single position costs nothing (one summand is constant).
    free: Vec<bool>,
    /// First position of the run of equal positions that a position belongs to, and the end of that run.
    run: Vec<(usize, usize)>,
    /// Running sums of 2^arrival: the degree bound of a product over an interval.
    weight: Vec<u64>,
    /// Cost of merging generates: zero when no position generates (a chain of ANDs).
    generate: u32,
    deadline: u32,
    group: HashMap<u64, Entry, Mix>,
    prefixes: HashMap<u64, Entry, Mix>,
    block: HashMap<u64, Entry, Mix>,
    carry: HashMap<u64, (u32, u32, u32), Mix>,
}

impl<'a> Tables<'a> {
    fn new(profile: &Profile, chain: &'a [Position]) -> Self {
        let positions = &profile.positions;
        let arrival: Vec<u32> = positions.iter().map(|p| u32::from(p.arrival)).collect();
        let free: Vec<bool> = (positions.iter())
            .map(|p| p.x.is_some() || p.y.is_some())
            .collect();
        let never = |p: &Position| p.x == Lit::FALSE || p.y == Lit::FALSE;
        let generate = u32::from(!chain.iter().all(never));
        let mut run = vec![(0, 0); chain.len()];
        let mut start = 0;
        for i in 0..chain.len() {
            if i > 0 && (arrival[i], free[i]) != (arrival[i - 1], free[i - 1]) {
                start = i;
            }
            run[i].0 = start;
        }
        let mut end = chain.len();
        for i in (0..chain.len()).rev() {
            run[i].1 = end;
            if run[i].0 == i {
                end = i;
            }
        }
        let mut weight = vec![0];
        for (i, &r) in arrival.iter().enumerate() {
            weight.push(weight[i] + (1 << r.min(40)));
        }
        Self {
            chain,
            arrival,
            free,
            run,
            weight,
            generate,
            deadline: profile.deadline,
            group: HashMap::default(),
            prefixes: HashMap::default(),
            block: HashMap::default(),
            carry: HashMap::default(),
        }
    }

    fn key(&self, lo: usize, n: usize, times: [u32; 3]) -> u64 {
        let (start, end) = self.run[lo];
        let lo = if lo + n <= end { start } else { lo };
        (lo as u64) << 40
            | (n as u64) << 24
            | u64::from(times[0]) << 16
            | u64::from(times[1]) << 8
            | u64::from(times[2])
    }

    /// Whether degrees alone rule out G by `eg` and P by `ep` over the interval.
    fn hopeless(&self, lo: usize, n: usize, eg: u32, ep: u32) -> bool {
        let weight = self.weight[lo + n] - self.weight[lo];
        let low = if self.free[lo] {
            0
        } else {
            1 << self.arrival[lo]
        };
        weight > 1 << ep || (self.generate > 0 && weight + low > 1 << eg)
    }

    /// The sizes of the low part for which degrees do not rule out the high part by `high` or the low part by `low`.
    fn splits(&self, lo: usize, n: usize, low: u32, high: u32) -> std::ops::Range<usize> {
        let weights = &self.weight[lo..=lo + n];
        let floor = (weights[n]).saturating_sub(1 << high);
        let ceiling = weights[0] + (1 << low);
        let first = weights.partition_point(|&w| w < floor).max(1);
        let end = weights.partition_point(|&w| w <= ceiling);
        first..end.min(n)
    }

    fn leaf(&self, i: usize) -> u32 {
        if self.free[i] { 0 } else { self.generate }
    }

    /// What an interval costs at least where each of its inner borders costs `border`: a position that extends others has no generate of its
    /// own. What cannot become cheaper than what is known is not looked at.
    fn least(&self, lo: usize, n: usize, border: u32) -> u32 {
        self.leaf(lo) + border * (n as u32 - 1)
    }

    /// G by `eg` and P by `ep` over `n` positions from `lo`.
    fn group(&mut self, lo: usize, n: usize, eg: u32, ep: u32) -> Entry {
        if self.hopeless(lo, n, eg, ep) {
            return (INFINITE, 0);
        }
        if n == 1 {
            return (self.leaf(lo), 0);
        }
        let key = self.key(lo, n, [eg, ep, 0]);
        if let Some(&known) = self.group.get(&key) {
            return known;
        }
        let merge = 1 + self.generate;
        let mut best = (INFINITE, 0);
        if self.arrival[lo + n - 1] < eg.min(ep) {
            best.0 = self.group(lo, n - 1, eg - 1, ep - 1).0 + merge;
            best.1 = n as u32 - 1;
        }
        if eg == 0 || ep == 0 {
            return best;
        }
        for low in self.splits(lo, n, ep - 1, eg.min(ep) - 1) {
            if low == n - 1 {
                break;
            }
            let least = self.least(lo, low, merge) + merge;
            if self.least(lo + low, n - low, merge) + least >= best.0 {
                continue;
            }
            let high = self.group(lo + low, n - low, eg, eg.min(ep) - 1).0;
            if high + least >= best.0 {
                continue;
            }
            let cost = high + self.group(lo, low, eg - 1, ep - 1).0 + merge;
            if cost < best.0 {
                best = (cost, low as u32);
            }
        }
        self.group.insert(key, best);
        best
    }

    /// G and P of every prefix: all by the deadline and `dp`, the last by `eg` and `ep`.
    fn prefixes(&mut self, lo: usize, n: usize, dp: u32, eg: u32, ep: u32) -> Entry {
        let (eg, ep) = (eg.min(self.deadline), ep.min(dp));
        if self.hopeless(lo, n, eg, ep) {
            return (INFINITE, 0);
        }
        if n == 1 {
            return (self.leaf(lo), 0);
        }
        let key = self.key(lo, n, [eg, ep, dp]);
        if let Some(&known) = self.prefixes.get(&key) {
            return known;
        }
        let merge = 1 + self.generate;
        let mut best = (INFINITE, 0);
        if self.arrival[lo + n - 1] < eg.min(ep) {
            best.0 = self.prefixes(lo, n - 1, dp, eg - 1, ep - 1).0 + merge;
            best.1 = n as u32 - 1;
        }
        if eg == 0 || ep == 0 {
            return best;
        }
        for low in self.splits(lo, n, ep - 1, eg.min(ep) - 1) {
            if low == n - 1 {
                break;
            }
            let merges = merge * (n - low) as u32;
            let least = self.least(lo, low, merge);
            if merges + self.least(lo + low, n - low, merge) + least >= best.0 {
                continue;
            }
            let high = self.prefixes(lo + low, n - low, dp - 1, eg, eg.min(ep) - 1);
            let high = merges + high.0;
            if high + least >= best.0 {
                continue;
            }
            let cost = high + self.prefixes(lo, low, dp, eg - 1, ep - 1).0;
            if cost < best.0 {
                best = (cost, low as u32);
            }
        }
        self.prefixes.insert(key, best);
        best
    }

    /// G by `eg`, P by `ep`, and the carries inside (not the last) by the deadline from a carry that comes at `t`.
    /// The split says which; `n` means all prefixes.
    fn block(&mut self, lo: usize, n: usize, eg: u32, ep: u32, t: u32) -> Entry {
        if t >= self.deadline || self.hopeless(lo, n, eg, ep) {
            return (
                if n == 1 {
                    self.group(lo, n, eg, ep).0
                } else {
                    INFINITE
                },
                0,
            );
        }
        if n == 1 {
            return (self.leaf(lo), 0);
        }
        let key = self.key(lo, n, [eg, ep, t]);
        if let Some(&known) = self.block.get(&key) {
            return known;
        }
        let merge = 1 + self.generate;
        let all = self.prefixes(lo, n, self.deadline - 1, eg, ep).0 + n as u32 - 1;
        let mut best = (all, n as u32);
        let inner = t.max(eg.max(1) - 1).max(ep.max(1) - 1) + 1;
        if eg == 0 || ep == 0 || inner > self.deadline {
            self.block.insert(key, best);
            return best;
        }
        for low in self.splits(lo, n, ep - 1, eg.min(ep) - 1) {
            if self.least(lo, n, merge + 1) >= best.0 {
                break;
            }
            let last = low == n - 1;
            let high = if last {
                if self.arrival[lo + low] >= eg.min(ep) {
                    continue;
                }
                0
            } else {
                self.block(lo + low, n - low, eg, eg.min(ep) - 1, inner).0
            };
            if high + self.least(lo, low, merge + 1) + merge + 1 >= best.0 {
                continue;
            }
            let cost = high + self.block(lo, low, eg - 1, ep - 1, t).0 + merge + 1;
            if cost < best.0 {
                best = (cost, low as u32);
            }
        }
        self.block.insert(key, best);
        best
    }

    /// All carries out of the first `n` positions by the deadline, the last by `e`, from a carry that comes at `start`.
    fn carry(&mut self, n: usize, e: u32, start: u32) -> u32 {
        self.carry_entry(n, e, start).0
    }

    /// Cost, size of what stands before the last step, and the level of the carry into that step.
    fn carry_entry(&mut self, n: usize, e: u32, start: u32) -> (u32, u32, u32) {
        if n == 0 {
            return (if start <= e { 0 } else { INFINITE }, 0, start);
        }
        if e == 0 || self.weight[n] > 1 << e {
            return (INFINITE, 0, 0);
        }
        let key = self.key(0, n, [e, 255, 255]);
        if let Some(&known) = self.carry.get(&key) {
            return known;
        }
        let mut best = (INFINITE, 0, 0);
        if self.arrival[n - 1] < e {
            best = (self.carry(n - 1, e - 1, start) + 1, n as u32 - 1, e - 1);
        }
        let border = 2 + self.generate;
        for before in self.last_steps(n, e) {
            let earliest = self.weight[before].next_power_of_two().trailing_zeros();
            let mut sooner = INFINITE;
            for t in earliest.min(e)..e {
                let first = self.carry(before, t, start);
                // From a carry that comes later and is no cheaper the block is no cheaper.
                if first >= sooner {
                    continue;
                }
                sooner = first;
                if first + 1 + self.least(before, n - before, border) >= best.0 {
                    continue;
                }
                let cost = first + 1 + self.block(before, n - before, e, e - 1, t).0;
                if cost < best.0 {
                    best = (cost, before as u32, t);
                }
            }
        }
        self.carry.insert(key, best);
        best
    }

    /// How many positions may stand before a block that ends at `n` and whose P is there by `e − 1`.
    fn last_steps(&self, n: usize, e: u32) -> std::ops::Range<usize> {
        let floor = self.weight[n].saturating_sub(1 << (e - 1));
        self.weight.partition_point(|&w| w < floor)..n - 1
    }

    /// Only the carry out of the first `n` positions, by `e`.
    fn last(&mut self, n: usize, e: u32, start: u32) -> u32 {
        self.last_entry(n, e, start).0
    }

    fn last_entry(&mut self, n: usize, e: u32, start: u32) -> (u32, u32, u32) {
        if n == 0 {
            return (if start <= e { 0 } else { INFINITE }, 0, 0);
        }
        if e == 0 || self.weight[n] > 1 << e {
            return (INFINITE, 0, 0);
        }
        let key = self.key(0, n, [e, 255, 254]);
        if let Some(&known) = self.carry.get(&key) {
            return known;
        }
        let mut best = (INFINITE, 0, 0);
        if self.arrival[n - 1] < e {
            best = (self.last(n - 1, e - 1, start) + 1, n as u32 - 1, 0);
        }
        for before in self.last_steps(n, e) {
            let first = self.last(before, e - 1, start);
            if first + 1 + self.least(before, n - before, 1 + self.generate) >= best.0 {
                continue;
            }
            let cost = first + 1 + self.group(before, n - before, e, e - 1).0;
            if cost < best.0 {
                best = (cost, before as u32, 0);
            }
        }
        self.carry.insert(key, best);
        best
    }

    fn propagate(&self, b: &mut Builder, i: usize) -> Lit {
        b.xor(self.chain[i].x, self.chain[i].y)
    }

    fn build_leaf(&self, b: &mut Builder, i: usize) -> (Lit, Lit) {
        let p = self.chain[i];
        (b.and(p.x, p.y), self.propagate(b, i))
    }

    fn carry_of(b: &mut Builder, (g, p): (Lit, Lit), carry: Lit) -> Lit {
        let through = b.and(p, carry);
        b.xor(g, through)
    }

    /// The pair of a low part extended by position `i`.
    fn extend(&self, b: &mut Builder, low: (Lit, Lit), i: usize) -> (Lit, Lit) {
        let p = self.propagate(b, i);
        let g = majority(b, self.chain[i].x, self.chain[i].y, low.0);
        (g, b.and(p, low.1))
    }

    fn merge(b: &mut Builder, low: (Lit, Lit), high: (Lit, Lit)) -> (Lit, Lit) {
        (Self::carry_of(b, high, low.0), b.and(high.1, low.1))
    }

    fn build_group(
        &mut self,
        b: &mut Builder,
        lo: usize,
        n: usize,
        eg: u32,
        ep: u32,
    ) -> (Lit, Lit) {
        let low = self.group(lo, n, eg, ep).1 as usize;
        if low == 0 {
            return self.build_leaf(b, lo);
        }
        let first = self.build_group(b, lo, low, eg - 1, ep - 1);
        if low == n - 1 {
            return self.extend(b, first, lo + low);
        }
        let high = self.build_group(b, lo + low, n - low, eg, eg.min(ep) - 1);
        Self::merge(b, first, high)
    }

    fn build_prefixes(
        &mut self,
        b: &mut Builder,
        lo: usize,
        n: usize,
        dp: u32,
        eg: u32,
        ep: u32,
    ) -> Vec<(Lit, Lit)> {
        let (eg, ep) = (eg.min(self.deadline), ep.min(dp));
        let low = self.prefixes(lo, n, dp, eg, ep).1 as usize;
        if low == 0 {
            return vec![self.build_leaf(b, lo)];
        }
        let mut out = self.build_prefixes(b, lo, low, dp, eg - 1, ep - 1);
        let first = out[low - 1];
        if low == n - 1 {
            let pair = self.extend(b, first, lo + low);
            out.push(pair);
            return out;
        }
        for high in self.build_prefixes(b, lo + low, n - low, dp - 1, eg, eg.min(ep) - 1) {
            out.push(Self::merge(b, first, high));
        }
        out
    }

    /// The pair of the block; its inner carries are appended to `carries`.
    #[allow(clippy::too_many_arguments)] // an interval, three times, and where the results go
    fn build_block(
        &mut self,
        b: &mut Builder,
        lo: usize,
        n: usize,
        times: (u32, u32, u32),
        carry: Lit,
        carries: &mut Vec<Lit>,
    ) -> (Lit, Lit) {
        let (eg, ep, t) = times;
        let low = self.block(lo, n, eg, ep, t).1 as usize;
        if low == 0 {
            return self.build_leaf(b, lo);
        }
        if low == n {
            let pairs = self.build_prefixes(b, lo, n, self.deadline - 1, eg, ep);
            for &pair in &pairs[..n - 1] {
                carries.push(Self::carry_of(b, pair, carry));
            }
            return pairs[n - 1];
        }
        let first = self.build_block(b, lo, low, (eg - 1, ep - 1, t), carry, carries);
        let middle = Self::carry_of(b, first, carry);
        carries.push(middle);
        if low == n - 1 {
            return self.extend(b, first, lo + low);
        }
        let inner = t.max(eg - 1).max(ep - 1) + 1;
        let times = (eg, eg.min(ep) - 1, inner);
        let high = self.build_block(b, lo + low, n - low, times, middle, carries);
        Self::merge(b, first, high)
    }

    fn build_carries(
        &mut self,
        b: &mut Builder,
        n: usize,
        e: u32,
        start: u32,
        carry: Lit,
        carries: &mut Vec<Lit>,
    ) -> Lit {
        if n == 0 {
            return carry;
        }
        let (_, before, t) = self.carry_entry(n, e, start);
        let before = before as usize;
        let first = self.build_carries(b, before, t, start, carry, carries);
        let last = if before == n - 1 {
            let p = self.chain[n - 1];
            majority(b, p.x, p.y, first)
        } else {
            let pair = self.build_block(b, before, n - before, (e, e - 1, t), first, carries);
            Self::carry_of(b, pair, first)
        };
        carries.push(last);
        last
    }

    fn build_last(&mut self, b: &mut Builder, n: usize, e: u32, start: u32, carry: Lit) -> Lit {
        if n == 0 {
            return carry;
        }
        let before = self.last_entry(n, e, start).1 as usize;
        let first = self.build_last(b, before, e - 1, start, carry);
        if before == n - 1 {
            let p = self.chain[n - 1];
            return majority(b, p.x, p.y, first);
        }
        let pair = self.build_group(b, before, n - before, e, e - 1);
        Self::carry_of(b, pair, first)
    }
}
