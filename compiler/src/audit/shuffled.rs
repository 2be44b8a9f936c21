//! Results that come out in a drawn order, and what still links the numbers of one record in them.
//!
//! Of such a result only says something which rows there are, not in which place: other draws give the same rows in another order. That
//! is found exactly, by rows that stay while their places change, so that no luck with draws is needed to see that the order hides whose a
//! row is. Where a row has several numbers of one record, who knows one of them learns the others.

use super::subject::{Cell, Inputs, Item, Origin, Subject, View, differences};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Inputs, and draws at each of them, under which rows must stay.
const LOOKS: usize = 5;

/// The results that come out in a drawn order; those in one order together.
pub(super) fn shuffled(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    rng: &mut SplitMix,
) -> Vec<Vec<Origin>> {
    if subject.draws.is_empty() {
        return Vec::new();
    }
    let mut pairs: Vec<(View, View)> = Vec::new();
    for _ in 0..LOOKS {
        let inputs = subject.draw(rng);
        let view = subject.view(&inputs, coalition);
        for _ in 0..LOOKS {
            let other = subject.with_other_draws(&inputs, rng);
            pairs.push((view.clone(), subject.view(&other, coalition)));
        }
    }
    let origins: SortedSet<Origin> = (pairs.iter())
        .flat_map(|(view, _)| view.iter().map(|((origin, _), _)| *origin))
        .collect();
    let mut groups: Vec<Vec<Origin>> = Vec::new();
    for origin in origins {
        if !stays(&pairs, &[origin]) || !moves(&pairs, origin) {
            continue;
        }
        let together = groups
            .iter()
            .position(|group| stays(&pairs, &[group.as_slice(), &[origin]].concat()));
        match together {
            Some(at) => groups[at].push(origin),
            None => groups.push(vec![origin]),
        }
    }
    groups
}

/// The rows of some results, ascending; nothing where these have not as many numbers each.
fn rows(view: &View, group: &[Origin]) -> Option<Vec<Vec<Word>>> {
    let column = |origin: &Origin| -> Vec<Word> {
        let own = view.iter().filter(|((o, _), _)| o == origin);
        own.map(|(_, word)| *word).collect()
    };
    let columns: Vec<Vec<Word>> = group.iter().map(column).collect();
    let n = columns.first()?.len();
    if n < 2 || columns.iter().any(|column| column.len() != n) {
        return None;
    }
    let row = |k| columns.iter().map(|column| column[k]).collect();
    let mut rows: Vec<Vec<Word>> = (0..n).map(row).collect();
    rows.sort_unstable();
    Some(rows)
}

fn stays(pairs: &[(View, View)], group: &[Origin]) -> bool {
    pairs.iter().all(|(a, b)| {
        let a = rows(a, group);
        a.is_some() && a == rows(b, group)
    })
}

fn moves(pairs: &[(View, View)], origin: Origin) -> bool {
    let of = |item: &Item| item.0 == origin;
    pairs.iter().any(|(a, b)| differences(a, b).iter().any(of))
}

/// Results in one drawn order of which a row links numbers of one record, with the record, a number, and inputs at which it does: when two records
/// have each other's number the rows are others, though each column has the same numbers.
pub(super) fn linked(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    rng: &mut SplitMix,
) -> Vec<(Vec<Origin>, (usize, usize), Inputs)> {
    let mut found: SortedMap<Vec<Origin>, ((usize, usize), Inputs)> = SortedMap::new();
    let groups = subject.shuffled.clone();
    let honest = subject.honest();
    for group in &groups {
        for _ in 0..LOOKS {
            let inputs = subject.draw(rng);
            let view = subject.view(&inputs, coalition);
            for (at, &r) in honest.iter().enumerate() {
                for &s in &honest[at + 1..] {
                    let (mine, theirs) = (&subject.records[r].cells, &subject.records[s].cells);
                    if mine.len() != theirs.len() || mine.iter().all(|cell| cell.is_small()) {
                        continue;
                    }
                    for c in 0..mine.len() {
                        let (a, b) = (
                            subject.records[r].cells[c].clone(),
                            subject.records[s].cells[c].clone(),
                        );
                        let mut other = inputs.clone();
                        let set =
                            a.set(&mut other, b.get(&inputs)) && b.set(&mut other, a.get(&inputs));
                        if !set || other == inputs || found.contains_key(group) {
                            continue;
                        }
                        let seen = subject.view(&other, coalition);
                        let same =
                            |origin: &Origin| rows(&view, &[*origin]) == rows(&seen, &[*origin]);
                        if rows(&view, group) == rows(&seen, group) {
                            continue;
                        }
                        let links = match group.len() {
                            1 => is_packed(subject, coalition, (&inputs, &view), (r, c), group),
                            _ => group.iter().all(same),
                        };
                        if links {
                            found.insert(group.clone(), ((r, c), inputs.clone()));
                        }
                    }
                }
            }
        }
    }
    let all = found.into_iter();
    all.map(|(group, (place, inputs))| (group, place, inputs))
        .collect()
}

/// Whether each number of a row has a record's number and others of it side by side: no change of one of these makes up for one of the other.
fn is_packed(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (inputs, view): (&Inputs, &View),
    (record, c): (usize, usize),
    group: &[Origin],
) -> bool {
    let own = subject.records[record].cells[c].clone();
    let mut others = subject.records[record].cells.clone();
    others.remove(c);
    let here = rows(view, group);
    let at = |subject: &mut Subject<'_>, changes: &[(&Cell, i128)]| {
        let mut other = inputs.clone();
        let all = changes.iter();
        let set = all.fold(true, |set, (cell, to)| set & cell.set(&mut other, *to));
        set.then(|| rows(&subject.view(&other, coalition), group))
    };
    // By how much the number of a row goes up that a change moves.
    let by = |changed: Option<Option<Vec<Vec<Word>>>>| -> Option<i128> {
        let (before, after) = (here.as_ref()?, changed??);
        let gone = before.iter().find(|row| !after.contains(row))?;
        let come = after.iter().find(|row| !before.contains(row))?;
        Some(come.first()?.wrapping_sub(*gone.first()?) as i128)
    };
    let value = own.get(inputs);
    let steps = |cell: &Cell, at: i128| -> Vec<i128> {
        let all = (-PACKED..=PACKED).filter(|by| *by != 0);
        let values = all.map(|by| at.saturating_add(by));
        values.filter(|v| (cell.lo..=cell.hi).contains(v)).collect()
    };
    let Some(weight) = [1, -1].into_iter().find_map(|step| {
        let up = by(at(subject, &[(&own, value.saturating_add(step))]))?;
        Some(up.wrapping_mul(step))
    }) else {
        return false;
    };
    let mut is_beside = false;
    for other in &others {
        let there = other.get(inputs);
        let moved = steps(other, there);
        let Some((to, moves)) = moved.iter().find_map(|to| {
            let moves = by(at(subject, &[(other, *to)]))?;
            Some((*to, moves))
        }) else {
            continue;
        };
        is_beside = true;
        // Small changes of both, and one that makes up for the other by their weights.
        let mut tries: Vec<(i128, i128)> = Vec::new();
        for a in steps(&own, value) {
            tries.extend(moved.iter().map(|b| (a, *b)));
        }
        if weight != 0 && moves % weight == 0 {
            tries.push((value.saturating_sub(moves / weight), to));
        }
        let step = to.saturating_sub(there);
        if moves != 0 && weight % moves == 0 {
            for sign in [1, -1] {
                let back = (weight / moves).saturating_mul(step).saturating_mul(sign);
                tries.push((value.saturating_add(sign), there.saturating_sub(back)));
            }
        }
        for (a, b) in tries {
            if at(subject, &[(&own, a), (other, b)]).is_some_and(|seen| seen == here) {
                return false;
            }
        }
    }
    is_beside
}

/// How far two numbers of a row are moved together.
const PACKED: i128 = 2;
