//! Tries that show whether what comes out follows one number up to its neighbours: values all over its range are told apart, whatever else is given.
//!
//! What is rounded to tens hides a number from nine others of a million. Steps of one do not show that, and that something comes out for a record by
//! itself does not say how much of it.

use super::shown::{Shown, Sight};
use super::subject::{Inputs, Item, Subject};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Values all over a range that must be told apart.
const SPREAD: u128 = 16;

/// A range has at least so many times more.
const FINER: u128 = 4;

/// Inputs at which they must be.
const BASES: usize = 5;

/// Numbers that are looked at, at most.
const CELLS: usize = 24;

/// What follows one honest number and no other one, and tells apart what is not near.
pub(super) fn coarse(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    shown: &Shown,
    rng: &mut SplitMix,
) -> Vec<(Item, Sight)> {
    let honest = subject.honest();
    let of_one = |records: &SortedSet<usize>| {
        let mut own = records.iter().filter(|r| honest.contains(r));
        own.next().copied().filter(|_| own.next().is_none())
    };
    let alone: SortedMap<Item, usize> = (shown.depends.iter())
        .filter(|(item, _)| !shown.noisy.contains(item))
        .filter_map(|(item, records)| Some((*item, of_one(records)?)))
        .collect();
    let records: SortedSet<usize> = alone.values().copied().collect();
    let cells: Vec<(usize, usize)> = (records.into_iter())
        .flat_map(|r| (0..subject.records[r].cells.len()).map(move |c| (r, c)))
        .collect();
    if cells.is_empty() || cells.len() > CELLS {
        return Vec::new();
    }
    let mut movers: SortedMap<Item, SortedSet<(usize, usize)>> = SortedMap::new();
    let mut told: SortedMap<(Item, (usize, usize)), usize> = SortedMap::new();
    let mut first: Option<Inputs> = None;
    for _ in 0..BASES {
        if !subject.may_run() {
            return Vec::new();
        }
        let inputs = subject.draw(rng);
        first.get_or_insert_with(|| inputs.clone());
        for &(r, c) in &cells {
            let cell = subject.records[r].cells[c].clone();
            let span = cell.hi.wrapping_sub(cell.lo) as u128;
            let step = (span / (SPREAD - 1)).max(1);
            let mut seen: SortedMap<Item, SortedSet<Word>> = SortedMap::new();
            for k in 0..SPREAD {
                let offset = k * step;
                let mut other = inputs.clone();
                if offset <= span {
                    cell.set(&mut other, cell.lo.wrapping_add(offset as i128));
                    for (item, word) in subject.view(&other, coalition) {
                        seen.entry(item).or_default().insert(word);
                    }
                }
            }
            for (item, words) in seen {
                if words.len() > 1 {
                    movers.entry(item).or_default().insert((r, c));
                }
                let apart = words.len() as u128 == SPREAD && span >= SPREAD * FINER;
                *told.entry((item, (r, c))).or_default() += usize::from(apart);
            }
        }
    }
    let Some(inputs) = first else {
        return Vec::new();
    };
    let is_told = |item: &Item| {
        let movers = movers.get(item)?;
        let place = *movers.first().filter(|_| movers.len() == 1)?;
        (told.get(&(*item, place)) == Some(&BASES)).then_some(place)
    };
    let sight = |(record, cell)| Sight {
        inputs: inputs.clone(),
        record,
        cell,
    };
    let found = alone
        .keys()
        .filter_map(|item| Some((*item, sight(is_told(item)?))));
    found.collect()
}
