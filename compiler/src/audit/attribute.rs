//! Tries that show whether one record's attribute comes out: a field of few values, beside fields that say whether the record counts.
//!
//! Such a field is not told apart from its neighbours, as a number is. Instead it is looked at exactly: all else being given, something that comes
//! out is a function of this one record's field, whatever the others have in theirs. Where that is so for every inputs, an extreme record's attribute
//! comes out (whether the oldest is ill). Where it is so when the others are not in the group, the group can be too small; that is
//! no leak where nobody can see how small it was, as with a mere count.

use super::shown::{Shown, Sight};
use super::subject::{Cell, Inputs, Item, Subject, View, differences};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Values of all others at random under which a field must decide alone.
const JOINT: usize = 6;

/// Records of a field that are looked at, at most.
const RECORDS: usize = 16;

/// Notes what follows one honest record's attribute alone, at these inputs.
pub(super) fn attributes(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    shown: &mut Shown,
    rng: &mut SplitMix,
) {
    let mut fields: SortedMap<u64, Vec<(usize, usize)>> = SortedMap::new();
    for r in subject.honest() {
        let cells = &subject.records[r].cells;
        let turns: SortedSet<u64> = cells.iter().map(|c| c.leaf_turn()).collect();
        for (c, cell) in cells.iter().enumerate() {
            if cell.is_small() && turns.len() > 1 {
                let places = fields.entry(cell.leaf_turn()).or_default();
                places.push((r, c));
            }
        }
    }
    for (field, places) in fields {
        if !(2..=RECORDS).contains(&places.len()) {
            continue;
        }
        let mut movers: SortedMap<Item, SortedSet<(usize, usize)>> = SortedMap::new();
        for &place in &places {
            for (_, seen) in values(subject, coalition, inputs, place) {
                for item in differences(view, &seen) {
                    movers.entry(item).or_default().insert(place);
                }
            }
        }
        for (item, movers) in movers {
            if shown.noisy.contains(&item) {
                continue;
            }
            let several = movers.len() > 1;
            let alone = movers.first().filter(|_| !several).copied();
            let alone = alone
                .filter(|place| decides(subject, coalition, inputs, (*place, &places), item, rng));
            let is_shown = alone.is_some_and(|place| {
                is_seen_alone(subject, coalition, inputs, (place, &places), item)
            });
            let seen = shown.attributes.entry((item.0, field)).or_default();
            seen.several |= several;
            let Some((record, cell)) = alone else {
                continue;
            };
            seen.times += 1;
            seen.deciders.entry(item).or_default().insert(record);
            seen.shown += u64::from(is_shown);
            let sight = || Sight {
                inputs: inputs.clone(),
                record,
                cell,
            };
            if is_shown && seen.shown == 1 {
                seen.sight = Some(sight());
            }
            seen.sight.get_or_insert_with(sight);
        }
    }
}

/// The views for each value of a cell.
fn values(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    (r, c): (usize, usize),
) -> Vec<(i128, View)> {
    let cell = subject.records[r].cells[c].clone();
    (cell.lo..=cell.hi)
        .map(|value| {
            let mut other = inputs.clone();
            cell.set(&mut other, value);
            (value, subject.view(&other, coalition))
        })
        .collect()
}

fn word(view: &View, item: Item) -> Option<Word> {
    view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w)
}

/// Whether an item is a function of one cell of a field, whatever the others of the field are.
fn decides(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    (place, places): ((usize, usize), &[(usize, usize)]),
    item: Item,
    rng: &mut SplitMix,
) -> bool {
    let of = |views: Vec<(i128, View)>| -> Vec<Option<Word>> {
        views.iter().map(|(_, view)| word(view, item)).collect()
    };
    let here = of(values(subject, coalition, inputs, place));
    (0..JOINT).all(|_| {
        let mut other = inputs.clone();
        for &(r, c) in places.iter().filter(|p| **p != place) {
            let cell = &subject.records[r].cells[c];
            let span = (cell.hi - cell.lo) as u64 + 1;
            cell.set(&mut other, cell.lo + i128::from(rng.below(span)));
        }
        of(values(subject, coalition, &other, place)) == here
    })
}

/// Whether it shows that the record is alone: what comes out is more than a count, or a second record in its place shows.
fn is_seen_alone(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    (place, places): ((usize, usize), &[(usize, usize)]),
    item: Item,
) -> bool {
    let words: SortedSet<Word> = (values(subject, coalition, inputs, place).iter())
        .filter_map(|(_, view)| word(view, item))
        .collect();
    let ends = words.first().zip(words.last());
    if ends.is_some_and(|(least, most)| most.wrapping_sub(*least) > 4) {
        return true;
    }
    let Some(&(second, cell)) = places.iter().find(|p| p.0 != place.0) else {
        return false;
    };
    let (own, others) = (&subject.records[place.0], &subject.records[second]);
    if own.cells.len() != others.cells.len() {
        return false;
    }
    // Whatever it has, nothing that two show is what one shows.
    let field = own.cells[place.1].clone();
    let copied: Vec<(Cell, Cell)> = own
        .cells
        .iter()
        .cloned()
        .zip(others.cells.clone())
        .collect();
    (field.lo..=field.hi).all(|value| {
        let mut alone = inputs.clone();
        field.set(&mut alone, value);
        let mut joined = alone.clone();
        for (from, to) in &copied {
            to.set(&mut joined, from.get(&alone));
        }
        let view = subject.view(&alone, coalition);
        let views = values(subject, coalition, &joined, (second, cell));
        (views.iter()).all(|(_, seen)| !differences(&view, seen).is_empty())
    })
}
