//! Carry chains by dynamic programming: all carries of an addition, or only the last, by a deadline with the fewest ANDs.
//!
//! In the free-XOR model a full adder's carry is one AND, and in `G = G_high ⊕ P_high·G_low` the operand `G_high` enters
//! through XOR and may come one level late. Carries over `k` bits therefore reach the degree bound `⌈log2(k + 1)⌉`, and
//! the cheapest network that meets a deadline mixes ripple (one AND a bit) with (generate, propagate) blocks on the
//! critical positions only. The blocks follow Ladner and Fischer, "Parallel prefix computation" (1980), with fan-out of
//! any size; inner carries of a block come either from all its prefixes (as in Sklansky's conditional-sum adder, 1960)
//! or down the tree from its incoming carry (as in Brent and Kung, 1982), whichever the slack allows. Every bit may
//! arrive at a level of its own, so the adder behind a compression tree is shaped by that tree.
//!
//! What a network looks like depends on levels and constants alone ([`Profile`]), and programs ask for the same one again
//! and again: [`tables`] finds it, and it is remembered.

mod tables;

use crate::memo::Memo;
use smpcc_circuit::template::{Builder, Lit, Template};
use std::sync::Arc;

/// Levels before the deadline that the tables tell apart; bits that come earlier count as coming at the horizon.
const HORIZON: u32 = 12;

/// Levels that [`relaxed`] networks take more.
const SLACK: u32 = 2;

/// Networks that were found; one has a few kilobytes.
static NETWORKS: Memo<Profile, Option<Arc<Template>>> = Memo::new(1 << 12);

/// One position of a chain: two summands.
#[derive(Clone, Copy)]
struct Position {
    x: Lit,
    y: Lit,
}

impl Position {
    fn profile(&self, b: &Builder, base: u32) -> PositionProfile {
        PositionProfile {
            arrival: b
                .level(self.x)
                .max(b.level(self.y))
                .saturating_sub(base)
                .min(255) as u8,
            x: self.x.as_const(),
            y: self.y.as_const(),
        }
    }
}

/// All that the choice of a network depends on. Levels count from the horizon.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Profile {
    positions: Vec<PositionProfile>,
    /// The carry in, if it is constant.
    carry: Option<bool>,
    /// When the carry in arrives.
    start: u32,
    deadline: u32,
    want: Want,
}

/// When the later summand of a position arrives, and which of the two are constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct PositionProfile {
    arrival: u8,
    x: Option<bool>,
    y: Option<bool>,
}

/// What the carries of `x + y + carry_in` are needed for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Want {
    /// Carries out of every position.
    All,
    /// Only the carry out of the last position.
    Last,
}

/// The carries out of every position, one AND each (none where constants decide).
pub(super) fn ripple(b: &mut Builder, x: &[Lit], y: &[Lit], carry_in: Lit) -> Vec<Lit> {
    let mut carry = carry_in;
    x.iter()
        .zip(y)
        .map(|(&x, &y)| {
            carry = majority(b, x, y, carry);
            carry
        })
        .collect()
}

/// The carries out of every position at the least possible level (at or after `not_before`), then with few ANDs.
///
/// A caller that has slack passes it as `not_before`: every level more makes the network cheaper, down to a ripple.
pub(super) fn shallow(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    carry_in: Lit,
    want: Want,
    not_before: u32,
) -> Vec<Lit> {
    let chain: Vec<Position> = x.iter().zip(y).map(|(&x, &y)| Position { x, y }).collect();
    let mut by = lower_bound(b, &chain, carry_in).max(not_before);
    loop {
        if let Some(carries) = by_level(b, &chain, carry_in, want, by) {
            return carries;
        }
        by += 1;
    }
}

/// The carries a few levels after the least possible one, where networks have lost most of what the last levels cost.
pub(super) fn relaxed(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    carry_in: Lit,
    want: Want,
) -> Vec<Lit> {
    let chain: Vec<Position> = x.iter().zip(y).map(|(&x, &y)| Position { x, y }).collect();
    let least = lower_bound(b, &chain, carry_in);
    shallow(b, x, y, carry_in, want, least + SLACK)
}

/// `majority(x, y, z)` with one AND.
pub(super) fn majority(b: &mut Builder, x: Lit, y: Lit, z: Lit) -> Lit {
    match (x.as_const(), y.as_const(), z.as_const()) {
        (Some(k), _, _) => either(b, k, y, z),
        (_, Some(k), _) => either(b, k, x, z),
        (_, _, Some(k)) => either(b, k, x, y),
        _ if x == y => x,
        _ => b.full_add(x, y, z).1,
    }
}

fn either(b: &mut Builder, or: bool, x: Lit, y: Lit) -> Lit {
    if or { b.or(x, y) } else { b.and(x, y) }
}

/// No network has all carries before this level.
fn lower_bound(b: &Builder, chain: &[Position], carry_in: Lit) -> u32 {
    let arrivals = chain.iter().map(|p| {
        let moves = p.x.as_const().is_none() && p.y.as_const().is_none();
        (b.level(p.x).max(b.level(p.y)), moves)
    });
    let carry_in = match carry_in.as_const() {
        Some(_) => None,
        None => Some(b.level(carry_in)),
    };
    earliest(arrivals, carry_in)
}

/// No network has all carries before this level: the degree of the last carry, weighted by arrivals. Of each position: when
/// its later summand arrives, and whether neither is constant; then when the carry in arrives, unless it is constant.
pub(super) fn earliest(
    chain: impl Iterator<Item = (u32, bool)> + Clone,
    carry_in: Option<u32>,
) -> u32 {
    const ONE: u64 = 1 << 40;
    let latest = chain.clone().map(|p| p.0).max().unwrap_or(0);
    let weight = |level: u32| ONE >> (latest - level.min(latest)).min(63);
    let mut sum = carry_in.map_or(0, weight);
    for (arrival, moves) in chain {
        let here = weight(arrival);
        let product = if moves { 2 * here } else { here };
        sum = (sum + here).max(product);
    }
    // The sum never falls, so the last carry comes last.
    let units = sum.div_ceil(ONE).max(1);
    latest + units.next_power_of_two().trailing_zeros()
}

fn by_level(
    b: &mut Builder,
    chain: &[Position],
    carry_in: Lit,
    want: Want,
    by: u32,
) -> Option<Vec<Lit>> {
    let mut carries = Vec::with_capacity(chain.len());
    let mut carry = carry_in;
    let base = by.saturating_sub(HORIZON);
    if b.level(carry) > by {
        return None;
    }
    // What ripples through before the horizon costs one AND a bit and loses nothing; constants cost nothing at all.
    let mut done = 0;
    while done < chain.len() {
        let p = chain[done];
        let known =
            carry.as_const().is_some() && (p.x.as_const().is_some() || p.y.as_const().is_some());
        let level = b.level(p.x).max(b.level(p.y)).max(b.level(carry));
        if known || p.x == p.y || level < base {
            carry = majority(b, p.x, p.y, carry);
            carries.push(carry);
            done += 1;
        } else {
            break;
        }
    }
    let rest = &chain[done..];
    if rest.is_empty() {
        return finish(carries, carry, want, b, by);
    }
    let profile = Profile {
        positions: rest.iter().map(|p| p.profile(b, base)).collect(),
        carry: carry.as_const(),
        start: b.level(carry).saturating_sub(base),
        deadline: by - base,
        want,
    };
    let network = NETWORKS.get(
        profile,
        |_, _| 1,
        |profile| tables::solve(profile).map(Arc::new),
    )?;
    let args: Vec<Lit> = std::iter::once(carry)
        .chain(rest.iter().flat_map(|p| [p.x, p.y]))
        .collect();
    let outputs = b.call_bits(&network, &args);
    if want == Want::Last {
        carries.clear();
    }
    carries.extend(outputs.into_iter().flatten());
    Some(carries)
}

fn finish(carries: Vec<Lit>, last: Lit, want: Want, b: &Builder, by: u32) -> Option<Vec<Lit>> {
    let out = match want {
        Want::All => carries,
        Want::Last => vec![last],
    };
    out.iter().all(|&c| b.level(c) <= by).then_some(out)
}
