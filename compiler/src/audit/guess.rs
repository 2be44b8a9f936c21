//! Tries that show whether what comes out confirms a guess: it says whether a number that somebody gives is the number of another's record.
//!
//! Numbers at random hardly ever meet, so both are given one value, and then one of the two another one, far away. What comes out then and only then is a
//! test for equality, whatever the value is. Who gives one side chooses it, and learns the other where they meet. Where several records of who looks count
//! together, as in the size of an intersection, none of them is confirmed; nor where two records of others can meet in place of the one that is guessed.

use super::probe::alike;
use super::shown::Shown;
use super::subject::{Cell, Inputs, Item, Subject, View, some};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Word};

/// Inputs at which numbers are made to meet.
const LOOKS: usize = 3;

/// Records of who looks, at most.
const OWN: usize = 4;

/// Records of others, at most.
const OTHERS: usize = 6;

/// Pairs of fields of two records, at most.
const FIELDS: usize = 12;

/// Values elsewhere at which numbers must not meet.
const AWAYS: usize = 6;

/// Elsewhere is at least one part in so many of a range away.
const FAR: i128 = 16;

/// From which inputs follow at which numbers are made to meet.
const SEED: u64 = 0x6e55_ed01;

/// A guess that is confirmed.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    /// The record and the number that are guessed.
    pub record: usize,
    pub cell: usize,
    /// What the guess is called.
    pub by: String,
    /// Whether the number of any of several records is met.
    pub any: bool,
    /// Whether close neighbours do not meet.
    pub exact: bool,
    /// Inputs at which they meet.
    pub inputs: Inputs,
}

/// A record of who looks and one of somebody else, and which cells of them are to be equal.
struct Pair {
    own: usize,
    other: usize,
    cells: Vec<(usize, usize)>,
}

/// What was seen of one number of the view.
#[derive(Default)]
struct Met {
    times: usize,
    own: SortedSet<usize>,
    others: SortedSet<usize>,
    first: Option<Guess>,
}

/// The guesses that a view confirms, by the number of the view that does.
pub(super) fn guesses(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    shown: &Shown,
) -> Vec<(Item, Guess)> {
    let mut rng = SplitMix::new(SEED);
    let mut met: SortedMap<Item, Met> = SortedMap::new();
    for pair in pairs(subject, coalition, &mut rng) {
        for _ in 0..LOOKS {
            if !subject.may_run() {
                return Vec::new();
            }
            meet(subject, coalition, &pair, shown, &mut met, &mut rng);
        }
    }
    let confirmed = met.into_iter().filter_map(|(item, met)| {
        let alone = met.own.len() == 1 && met.times >= 2;
        let any = met.others.len() > 1;
        let first = met.first.filter(|_| alone)?;
        Some((item, Guess { any, ..first }))
    });
    confirmed.collect()
}

/// Which numbers are made to meet.
fn pairs(subject: &Subject<'_>, coalition: &[u32], rng: &mut SplitMix) -> Vec<Pair> {
    let honest = subject.honest();
    let is_own = |r: &usize| coalition.contains(&subject.records[*r].party);
    let own: Vec<usize> = (0..subject.records.len()).filter(is_own).collect();
    let own = some(&own, OWN, rng);
    let others = some(&honest, OTHERS, rng);
    let mut found = Vec::new();
    for &own in &own {
        for &other in &others {
            let (mine, theirs) = (&subject.records[own].cells, &subject.records[other].cells);
            let (by_leaf, of_leaf) = (leaves(mine), leaves(theirs));
            let mut all: Vec<Vec<(usize, usize)>> = Vec::new();
            for ours in &by_leaf {
                for them in &of_leaf {
                    let cells: Vec<(usize, usize)> =
                        ours.iter().copied().zip(them.iter().copied()).collect();
                    let fit = |(a, b): &(usize, usize)| comparable(&mine[*a], &theirs[*b]);
                    if ours.len() == them.len() && cells.iter().all(fit) {
                        all.push(cells);
                    }
                }
            }
            while all.len() > FIELDS {
                all.swap_remove(rng.below(all.len() as u64) as usize);
            }
            all.retain(|cells| cells.iter().any(|(_, c)| !theirs[*c].is_small()));
            // What is tested for equality together, as a postcode and a year of birth.
            let together: Vec<(usize, usize)> = (subject.equated.iter())
                .filter_map(|&[a, b]| match (a.0 == own, b.0 == own) {
                    (true, false) if b.0 == other => Some((a.1, b.1)),
                    (false, true) if a.0 == other => Some((b.1, a.1)),
                    _ => None,
                })
                .filter(|(a, b)| comparable(&mine[*a], &theirs[*b]))
                .collect();
            if together.len() > 1 {
                all.push(together);
            }
            // Both must be equal in all that they have.
            let is_large = |cell: &Cell| !cell.is_small();
            if by_leaf.len() > 1 && alike(mine, theirs) && theirs.iter().any(is_large) {
                all.push((0..mine.len()).map(|c| (c, c)).collect());
            }
            found.extend(all.into_iter().map(|cells| Pair { own, other, cells }));
        }
    }
    found
}

/// The cells of each leaf.
fn leaves(cells: &[Cell]) -> Vec<Vec<usize>> {
    let mut all: SortedMap<usize, Vec<usize>> = SortedMap::new();
    for (c, cell) in cells.iter().enumerate() {
        all.entry(cell.leaf).or_default().push(c);
    }
    all.into_values().collect()
}

/// Whether two numbers can be equal, and would hardly be by chance.
fn comparable(a: &Cell, b: &Cell) -> bool {
    let floats = [a, b].map(|cell| cell.form == Form::Float);
    floats[0] == floats[1] && !a.is_small() && !b.is_small() && a.lo.max(b.lo) < a.hi.min(b.hi)
}

fn word(view: &View, item: Item) -> Option<Word> {
    view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w)
}

/// A value of a cell far from another one.
fn far(cell: &Cell, from: i128, rng: &mut SplitMix) -> i128 {
    let span = cell.hi.saturating_sub(cell.lo);
    let least = (span / FAR).max(1);
    // Around the range, so far that neither side is near.
    let room = span
        .saturating_add(1)
        .saturating_sub(least.saturating_mul(2));
    let room = u64::try_from(room.max(1)).unwrap_or(u64::MAX);
    let by = least.saturating_add(i128::from(rng.below(room)));
    let up = from.saturating_sub(cell.lo).saturating_add(by);
    let value = match up > span {
        true => cell
            .lo
            .saturating_add(up.saturating_sub(span).saturating_sub(1)),
        false => cell.lo.saturating_add(up),
    };
    match value == from {
        true if from < cell.hi => from + 1,
        true => from - 1,
        false => value.clamp(cell.lo, cell.hi),
    }
}

/// Makes two records meet once, and notes what says so.
fn meet(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    pair: &Pair,
    shown: &Shown,
    met: &mut SortedMap<Item, Met>,
    rng: &mut SplitMix,
) {
    let base = subject.draw_wide(rng);
    let cells = |subject: &Subject<'_>, k: usize| {
        let (a, b) = pair.cells[k];
        let own = subject.records[pair.own].cells[a].clone();
        (own, subject.records[pair.other].cells[b].clone())
    };
    let cells: Vec<(Cell, Cell)> = (0..pair.cells.len()).map(|k| cells(subject, k)).collect();
    let equal = |from: Option<&Inputs>, rng: &mut SplitMix| {
        let mut inputs = base.clone();
        for (own, other) in &cells {
            let (lo, hi) = (own.lo.max(other.lo), own.hi.min(other.hi));
            let mut value = own.any(lo, hi, rng);
            if from.is_some_and(|from| own.get(from) == value) {
                value = if value < hi { value + 1 } else { lo };
            }
            own.set(&mut inputs, value);
            other.set(&mut inputs, value);
        }
        inputs
    };
    let here = equal(None, rng);
    let there = equal(Some(&here), rng);
    let view = subject.view(&here, coalition);
    let again = subject.view(&there, coalition);
    let mut elsewhere: Vec<View> = Vec::new();
    let large: Vec<usize> = (0..cells.len())
        .filter(|k| !cells[*k].1.is_small())
        .collect();
    for turn in 0..AWAYS {
        let k = large[turn % large.len().max(1)];
        let mut other = here.clone();
        // Half of the tries move the one, and half the other.
        let cell = match turn % 2 {
            0 => &cells[k].1,
            _ => &cells[k].0,
        };
        cell.set(&mut other, far(cell, cell.get(&here), rng));
        elsewhere.push(subject.view(&other, coalition));
    }
    let candidates: Vec<(Item, Word)> = (view.iter())
        .filter(|(item, yes)| {
            let no = elsewhere.first().and_then(|seen| word(seen, *item));
            no.is_some()
                && no != Some(*yes)
                && word(&again, *item) == Some(*yes)
                && elsewhere.iter().all(|seen| word(seen, *item) == no)
                && !shown.noisy.contains(item)
        })
        .copied()
        .collect();
    if candidates.is_empty() {
        return;
    }
    // Two others that meet, with the guess far from both.
    let mut apart = here.clone();
    for (own, _) in &cells {
        if !own.is_small() {
            own.set(&mut apart, far(own, own.get(&here), rng));
        }
    }
    let theirs = subject.records[pair.other].cells.clone();
    let honest = subject.honest();
    let twins = honest.iter().filter(|r| **r != pair.other).take(OTHERS);
    let twins: Vec<View> = twins
        .filter_map(|r| {
            let mut twin = apart.clone();
            let cells = &subject.records[*r].cells;
            if !alike(cells, &theirs) {
                return None;
            }
            for (from, to) in theirs.iter().zip(cells) {
                to.set(&mut twin, from.get(&apart));
            }
            Some(twin)
        })
        .collect::<Vec<Inputs>>()
        .iter()
        .map(|twin| subject.view(twin, coalition))
        .collect();
    let first = large.first().copied().unwrap_or(0);
    let neighbour = &cells[first].1;
    let value = neighbour.get(&here);
    let near: Vec<View> = [1, -1]
        .iter()
        .filter_map(|by| {
            let mut other = here.clone();
            neighbour
                .set(&mut other, value.saturating_add(*by))
                .then_some(other)
        })
        .collect::<Vec<Inputs>>()
        .iter()
        .map(|other| subject.view(other, coalition))
        .collect();
    for (item, yes) in candidates {
        if twins.iter().any(|seen| word(seen, item) == Some(yes)) {
            continue;
        }
        let met = met.entry(item).or_default();
        met.times += 1;
        met.own.insert(pair.own);
        met.others.insert(pair.other);
        met.first.get_or_insert_with(|| Guess {
            record: pair.other,
            cell: pair.cells[first].1,
            by: cells[first].0.name.clone(),
            any: false,
            exact: near.iter().all(|seen| word(seen, item) != Some(yes)),
            inputs: here.clone(),
        });
    }
}
