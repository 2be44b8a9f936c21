//! Whose views are looked at: each party's, and those of parties that put together what they know.
//!
//! Who knows more learns more, so of the sets that the suite withstands only the largest are looked at. All but one can always take their own
//! inputs out of a result, so they are left out where there are more than two. Beyond what the suite withstands, pairs to whom
//! different things come out are asked one question: whether their results say together what neither says with both parties' inputs.

use crate::ir::Ir;
use smpcc_circuit::sorted::SortedSet;

/// Single parties that are looked at, at most.
const SINGLES: usize = 24;

/// Sets of the threshold's size that are looked at, at most.
const SETS: usize = 20;

/// Pairs that are asked whether a secret is split between them, at most.
const PAIRS: usize = 15;

/// Each party by itself. Of very many, some for each set of results, the first and the last among them.
pub(super) fn singles(ir: &Ir) -> Vec<Vec<u32>> {
    let all: Vec<u32> = (0..ir.n_parties).collect();
    if all.len() <= SINGLES {
        return all.into_iter().map(|p| vec![p]).collect();
    }
    let mut kept: SortedSet<u32> = SortedSet::new();
    let sees = |p: &u32| received(ir, *p);
    for &p in &all {
        let like: Vec<u32> = (all.iter().copied())
            .filter(|q| sees(q) == sees(&p))
            .collect();
        let ends = [like.first(), like.last()];
        if kept.len() < SINGLES && !kept.iter().any(|q| like.contains(q)) {
            kept.extend(ends.into_iter().flatten());
        }
    }
    let step = all.len().div_ceil(SINGLES);
    let spread = all.iter().step_by(step).copied();
    for p in spread.collect::<Vec<u32>>() {
        if kept.len() < SINGLES {
            kept.insert(p);
        }
    }
    kept.into_iter().map(|p| vec![p]).collect()
}

/// Sets of as many parties as may be corrupt, and of fewer than all but one.
pub(super) fn sets(ir: &Ir, threshold: u32) -> Vec<Vec<u32>> {
    let n = ir.n_parties;
    let size = threshold.min(n.saturating_sub(2));
    match size {
        0 | 1 => Vec::new(),
        _ => spread(n, size, SETS),
    }
}

/// Pairs of whom each sees something that the other does not see.
pub(super) fn pairs(ir: &Ir, looked_at: &[Vec<u32>]) -> Vec<Vec<u32>> {
    if ir.n_parties < 3 {
        return Vec::new();
    }
    let differ = |pair: &Vec<u32>| {
        let [a, b] = pair.as_slice() else {
            return false;
        };
        let (a, b) = (received(ir, *a), received(ir, *b));
        !a.is_subset(&b) && !b.is_subset(&a)
    };
    let mut found = all_sets(ir.n_parties, 2);
    found.retain(|pair| {
        let covers = |set: &Vec<u32>| pair.iter().all(|p| set.contains(p));
        differ(pair) && !looked_at.iter().any(covers)
    });
    thinned(found, PAIRS)
}

/// The leaves of results that a party receives.
fn received(ir: &Ir, party: u32) -> SortedSet<usize> {
    let leaves = ir.outputs.iter().enumerate();
    leaves
        .filter(|(_, leaf)| leaf.receivers.contains(&party))
        .map(|(at, _)| at)
        .collect()
}

/// All sets of a size where they are few, and else such that parties near and far from each other are together.
fn spread(n: u32, size: u32, most: usize) -> Vec<Vec<u32>> {
    let all = (0..size).fold(1u128, |all, k| all * u128::from(n - k) / u128::from(k + 1));
    if all <= most as u128 {
        return all_sets(n, size);
    }
    let mut found: SortedSet<Vec<u32>> = SortedSet::new();
    for stride in 1..n {
        for first in 0..n {
            let set: SortedSet<u32> = (0..size).map(|k| (first + k * stride) % n).collect();
            if set.len() == size as usize {
                found.insert(set.into_iter().collect());
            }
        }
    }
    thinned(found.into_iter().collect(), most)
}

/// So many of some, evenly.
fn thinned(all: Vec<Vec<u32>>, most: usize) -> Vec<Vec<u32>> {
    let n = all.len();
    let keep = |at: &usize| n <= most || at * most / n != (at + 1) * most / n;
    let kept = all.into_iter().enumerate().filter(|(at, _)| keep(at));
    kept.map(|(_, set)| set).collect()
}

fn all_sets(n: u32, size: u32) -> Vec<Vec<u32>> {
    let mut sets: Vec<Vec<u32>> = vec![Vec::new()];
    for _ in 0..size {
        let longer = sets.into_iter().flat_map(|set| {
            let from = set.last().map_or(0, |last| last + 1);
            (from..n).map(move |p| [set.as_slice(), &[p]].concat())
        });
        sets = longer.collect();
    }
    sets
}
