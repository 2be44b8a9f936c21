//! Trees of seeds: one party knows all leaves of a tree, the other all but one that only it knows the place of.
//!
//! - **Functionality**: for each tree of `k` levels the *planter* gets 2^k random seeds; the *climber*, who has a secret place Δ below
//!   2^k, gets those at all other places.
//! - **Adversary**: semi-honest, either party; `softspoken::checked` adds what it takes against malicious ones.
//! - **Source**: Roy, "SoftSpokenOT" (CRYPTO 2022, ePrint 2022/192), its punctured pseudo-random function from OT, after Goldreich,
//!   Goldwasser, Micali; the check that makes it serve against malicious planters is not here.
//! - **Assumptions**: AES-128 is a pseudo-random function; `k` base OTs a tree, in which the climber chooses the
//!   complements of Δ's bits, from the highest on.
//! - **Cost**: one message from the planter, 32 bytes a level but the first. Set-up only.
//! - **Departures from the paper**: a tree's first level is the base OT's own pair of keys and needs no correction; not so in [`plant_root`],
//!   for base OTs whose keys a corrupt party may have chosen.
//! - **Leakage and failure**: any corrections are taken; wrong ones give wrong seeds. The climber's work
//!   shows nothing of Δ: places are counted relative to Δ, so that the unknown seed is always the one at 0.

use zeroize::{Zeroize, Zeroizing};

use crate::block::Label;
use crate::mask::Mask;
use crate::prg::{Prg, PrgKey};

/// Bytes of the corrections of a tree of `levels` levels.
pub const fn corrections_len(levels: usize) -> usize {
    32 * levels.saturating_sub(1)
}

/// The stream for children; leaves are expanded in another.
const CHILDREN: u64 = 0;

/// Both children of a node.
fn children(seed: Label) -> [Label; 2] {
    let prg = Prg::new(&PrgKey::from_bytes(seed.to_bytes()));
    [0, 1].map(|c| Label::from_bytes(prg.block(CHILDREN, c)))
}

/// All leaves of a tree in order, from its levels' base OTs; appends the corrections for the climber.
pub fn plant(levels: &[[Label; 2]], corrections: &mut Vec<u8>) -> Zeroizing<Vec<Label>> {
    let Some((first, rest)) = levels.split_first() else {
        return Zeroizing::new(Vec::new());
    };
    grow(Zeroizing::new(first.to_vec()), rest, corrections)
}

/// The same from a root of the planter's, with 32 bytes of corrections for every level.
pub fn plant_root(
    root: Label,
    levels: &[[Label; 2]],
    corrections: &mut Vec<u8>,
) -> Zeroizing<Vec<Label>> {
    grow(Zeroizing::new(vec![root]), levels, corrections)
}

/// The leaves under some nodes, from the base OTs of the levels below.
fn grow(
    mut nodes: Zeroizing<Vec<Label>>,
    levels: &[[Label; 2]],
    corrections: &mut Vec<u8>,
) -> Zeroizing<Vec<Label>> {
    for pads in levels {
        let mut sums = *pads;
        let mut next = Zeroizing::new(Vec::with_capacity(2 * nodes.len()));
        for &node in nodes.iter() {
            for (sum, child) in sums.iter_mut().zip(children(node)) {
                *sum ^= child;
                next.push(child);
            }
        }
        for sum in sums {
            corrections.extend_from_slice(&sum.to_bytes());
        }
        nodes = next;
    }
    nodes
}

/// The leaves that the climber knows: entry `y` is the leaf at place `y ⊕ Δ`, and entry 0 is zero. `bits` are Δ's, from the highest on;
/// `keys` are the keys of the complements. Corrections are exactly [`corrections_len`] bytes.
pub fn climb(keys: &[Label], bits: &[Mask], corrections: &[u8]) -> Zeroizing<Vec<Label>> {
    let levels = std::iter::once([0; 32]).chain(corrections.as_chunks().0.iter().copied());
    climb_by(keys, bits, levels)
}

/// The same in a tree of [`plant_root`]; corrections are exactly 32 bytes a level.
pub fn climb_root(keys: &[Label], bits: &[Mask], corrections: &[u8]) -> Zeroizing<Vec<Label>> {
    climb_by(keys, bits, corrections.as_chunks().0.iter().copied())
}

fn climb_by(
    keys: &[Label],
    bits: &[Mask],
    levels: impl Iterator<Item = [u8; 32]>,
) -> Zeroizing<Vec<Label>> {
    let mut nodes = Zeroizing::new(vec![Label::ZERO]);
    for ((&key, &bit), correction) in keys.iter().zip(bits).zip(levels) {
        let (left, right) = correction.split_at(16);
        // What is corrected is the sum of all children on the side that Δ does not take.
        let mut sum = key;
        for (half, taken) in [(left, bit), (right, !bit)] {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(half);
            sum ^= Label::from_bytes(bytes).select(taken);
        }
        let mut next = Zeroizing::new(vec![Label::ZERO; 2]);
        next.reserve(2 * nodes.len());
        for &node in nodes.iter().skip(1) {
            let mut pair = children(node);
            let swap = (pair[0] ^ pair[1]).select(bit);
            pair.iter_mut().for_each(|child| *child ^= swap);
            sum ^= pair[1];
            next.extend_from_slice(&pair);
            pair.zeroize();
        }
        next[1] = sum;
        nodes = next;
    }
    nodes
}
