//! Tries that show what a view gives away of single records.
//!
//! All tries start from inputs at random and change little. *Isolated*: near these inputs an item of the view follows one
//! honest record's number and nobody else's, and tells its values apart. *Pinned*: no other inputs near these, with
//! another value of a number, give the same view. *Alone*: an item never depends on more than one record. A try can miss what
//! rare inputs show; what it finds is shown with the inputs.
//!
//! Where a program draws, nobody knows the draws: a view pins a number only if no other draws hide another value of it, and an item
//! that changes with the draws alone is not held to be isolated, alone or a count.

use super::isolate::{isolate, weigh};
use super::shown::{Pins, Shown};
use super::subject::{Cell, Inputs, Item, Origin, Subject, View};
use smpcc_circuit::splitmix::SplitMix;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Inputs at which it is looked for what hides a number.
const PINNED_TRIES: u64 = 15;

/// Other draws that are tried to see which items follow from draws.
const REDRAWS: usize = 6;

/// Words of draws that are looked at one by one.
const DRAWN_WORDS: usize = 64;

/// Changes of words of draws to see what they move.
const LOOKS: usize = 150;

/// Changes of draws that are tried to hide a number.
const SHAKES: u64 = 500;

/// Changes of an item until which it is looked at what else changes it there.
const SELDOM: u64 = 3;

/// Reflections of records about their mean that are tried to hide a number.
const REFLECTIONS: usize = 12;

/// Records at which one coalition looks closely.
const TARGETS: usize = 12;

/// Tries a coalition's view at so many inputs at random.
pub(super) fn probe(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    tries: u64,
    rng: &mut SplitMix,
) -> Shown {
    let mut shown = Shown::default();
    let honest: Vec<usize> = (0..subject.records.len())
        .filter(|r| !coalition.contains(&subject.records[*r].party))
        .collect();
    let all: Vec<usize> = (0..subject.records.len()).collect();
    for _ in 0..tries {
        if !subject.may_run() {
            break;
        }
        let inputs = subject.draw(rng);
        let view = subject.view(&inputs, coalition);
        shown.tries += 1;
        shown.first.get_or_insert_with(|| inputs.clone());
        for _ in 0..REDRAWS {
            if !subject.draws.is_empty() {
                let other = subject.with_other_draws(&inputs, rng);
                let changed = subject.view(&other, coalition);
                shown.noisy.extend(differences(&view, &changed));
            }
        }
        let moves = match shown.tries <= PINNED_TRIES {
            true => moves(subject, coalition, &inputs, &view, rng),
            false => Vec::new(),
        };
        let targets = some(&honest, TARGETS, rng);
        isolate(subject, coalition, &inputs, &view, &honest, &mut shown);
        weigh(subject, coalition, &inputs, &view, &honest, &mut shown);
        // To look for what hides a number takes the most runs by far.
        let looked_at = match shown.tries <= PINNED_TRIES {
            true => targets.as_slice(),
            false => &[],
        };
        for &record in looked_at {
            pin(
                subject,
                coalition,
                &inputs,
                &view,
                (record, &honest, &moves),
                &mut shown,
                rng,
            );
        }
        for &record in &some(&all, TARGETS, rng) {
            let other = subject.redraw(&inputs, &subject.records[record].clone(), rng);
            let changed = subject.view(&other, coalition);
            let few = note_changes(&view, &changed, record, &mut shown);
            // What only this record was seen to move may follow others where it moves, and hardly elsewhere: whether any is true.
            for &second in all.iter().filter(|r| few && **r != record).take(TARGETS) {
                for (inputs, view) in [(&inputs, &view), (&other, &changed)] {
                    let other = subject.redraw(inputs, &subject.records[second].clone(), rng);
                    let changed = subject.view(&other, coalition);
                    note_changes(view, &changed, second, &mut shown);
                }
            }
        }
        for (item, word) in &view {
            let counted = shown.counts.entry(*item).or_default();
            if *word == 1 {
                counted.ones += 1;
                counted.example.get_or_insert_with(|| inputs.clone());
            }
        }
    }
    shown
}

/// Words of draws, each with the items that it was seen to move; none where it may move some, but rarely.
type Moves = Vec<((usize, usize), BTreeSet<Item>)>;

fn moves(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    rng: &mut SplitMix,
) -> Moves {
    let lanes = |&leaf: &usize| (0..inputs[leaf].len()).map(move |lane| (leaf, lane));
    let words: Vec<(usize, usize)> = subject.draws.iter().flat_map(lanes).collect();
    let places: Vec<usize> = (0..words.len()).collect();
    let mut moves = Moves::new();
    let times = (LOOKS / words.len().max(1)).clamp(3, 10);
    for place in some(&places, DRAWN_WORDS, rng) {
        let mut moved = BTreeSet::new();
        for _ in 0..times {
            let mut other = inputs.clone();
            subject.shake(&mut other, words[place], rng);
            moved.extend(differences(view, &subject.view(&other, coalition)));
        }
        moves.push((words[place], moved));
    }
    moves
}

fn some(from: &[usize], most: usize, rng: &mut SplitMix) -> Vec<usize> {
    let mut rest = from.to_vec();
    while rest.len() > most {
        let drop = rng.below(rest.len() as u64) as usize;
        rest.swap_remove(drop);
    }
    rest
}

/// The items of two views that differ, and those that only one of them has.
fn differences(a: &View, b: &View) -> Vec<Item> {
    let same_items = a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.0 == y.0);
    if same_items {
        let differ = |(x, y): &(&(Item, u128), &(Item, u128))| x.1 != y.1;
        return a.iter().zip(b).filter(differ).map(|(x, _)| x.0).collect();
    }
    let by_item = |v: &View| v.iter().copied().collect::<BTreeMap<Item, u128>>();
    let (a, b) = (by_item(a), by_item(b));
    let items: BTreeSet<Item> = a.keys().chain(b.keys()).copied().collect();
    let differ = |item: &Item| a.get(item) != b.get(item);
    items.into_iter().filter(differ).collect()
}

/// Notes which items a record has moved; whether one of them has moved seldom until now, and by this record alone.
fn note_changes(before: &View, after: &View, record: usize, shown: &mut Shown) -> bool {
    let mut seldom = false;
    let word = |view: &View, item: Item| view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w);
    for item in differences(before, after) {
        let records = shown.depends.entry(item).or_default();
        records.insert(record);
        let counted = shown.counts.entry(item).or_default();
        counted.changes += 1;
        seldom |= records.len() == 1 && counted.changes <= SELDOM;
        let change = match (word(before, item), word(after, item)) {
            (Some(a), Some(b)) => a.abs_diff(b),
            _ => u128::MAX,
        };
        counted.most = counted.most.max(change);
    }
    seldom
}

/// Whether the view leaves only one value for each number of a record, among inputs near these.
fn pin(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    (record, honest, moves): (usize, &[usize], &Moves),
    shown: &mut Shown,
    rng: &mut SplitMix,
) {
    let n_cells = subject.records[record].cells.len();
    let all: Vec<(usize, usize)> = honest
        .iter()
        .flat_map(|r| (0..subject.records[*r].cells.len()).map(|c| (*r, c)))
        .collect();
    for c in 0..n_cells.min(8) {
        if shown.pinned.get(&(record, c)).is_some_and(Pins::is_settled) {
            continue;
        }
        let cell = subject.records[record].cells[c].clone();
        let small = cell.is_small();
        // What pins a number at an end of its range says nothing of the middle: there it is looked at somewhere inside.
        let moved = inside(&cell, inputs, rng).filter(|_| !small);
        let inputs = moved.as_ref().unwrap_or(inputs);
        let moved = moved.as_ref().map(|inputs| subject.view(inputs, coalition));
        let view = moved.as_ref().unwrap_or(view);
        let here = cell.get(inputs);
        let own = near(&cell, here);
        if own.is_empty() {
            continue;
        }
        let mut origins: BTreeSet<Origin> = view.iter().map(|((o, _), _)| *o).collect();
        let mut free = false;
        let touched: RefCell<BTreeSet<Item>> = RefCell::default();
        let mut compare = |subject: &mut Subject<'_>, other: &Inputs| {
            let seen = subject.view(other, coalition);
            let items = differences(view, &seen);
            let differ: BTreeSet<Origin> = items.iter().map(|i| i.0).collect();
            touched.borrow_mut().extend(items);
            origins.retain(|o| differ.contains(o));
            differ.is_empty()
        };
        for value in &own {
            let mut other = inputs.clone();
            cell.set(&mut other, *value);
            free |= compare(subject, &other);
        }
        let others: Vec<(usize, usize)> =
            all.iter().filter(|k| **k != (record, c)).copied().collect();
        if !free && !moves.is_empty() {
            let touched = touched.borrow().clone();
            free = is_hidden_by_draws(
                subject,
                coalition,
                inputs,
                view,
                (&cell, &own, &others),
                (moves, &touched),
                rng,
            );
        }
        if !free {
            'pairs: for (r2, c2) in &others {
                let second = subject.records[*r2].cells[*c2].clone();
                for value in &own {
                    for there in near(&second, second.get(inputs)) {
                        let mut other = inputs.clone();
                        cell.set(&mut other, *value);
                        if second.set(&mut other, there)
                            && (small || !is_reordered(subject, honest, inputs, &other))
                        {
                            free |= compare(subject, &other);
                        }
                        if free {
                            break 'pairs;
                        }
                    }
                }
            }
        }
        // Two records in each other's place: that hides whose a number is, and not the number.
        let mut swapped = false;
        if !free {
            for &r2 in honest.iter().filter(|r2| **r2 != record) {
                let (mine, theirs) = (&subject.records[record].cells, &subject.records[r2].cells);
                if !alike(mine, theirs) || cell.get(inputs) == theirs[c].get(inputs) {
                    continue;
                }
                let mut other = inputs.clone();
                for (a, b) in mine.iter().zip(theirs) {
                    a.set(&mut other, b.get(inputs));
                    b.set(&mut other, a.get(inputs));
                }
                swapped |= compare(subject, &other);
                if swapped {
                    break;
                }
            }
        }
        // Sums, and sums of squares and products, stay where some records are reflected about their mean.
        if !free && !small {
            for other in reflections(subject, honest, record, inputs, rng) {
                free |= compare(subject, &other);
                if free {
                    break;
                }
            }
        }
        // Where numbers count with weights, larger steps that cancel out.
        if !free && !small {
            for (r2, c2) in &others {
                let second = subject.records[*r2].cells[*c2].clone();
                let Some((up, down)) = cancelling(subject, coalition, inputs, view, &cell, &second)
                else {
                    continue;
                };
                for sign in [1, -1] {
                    let mut other = inputs.clone();
                    let there = second.get(inputs).saturating_sub(sign * down);
                    if cell.set(&mut other, here.saturating_add(sign * up))
                        && second.set(&mut other, there)
                        && !is_reordered(subject, honest, inputs, &other)
                    {
                        free |= compare(subject, &other);
                    }
                }
                if free {
                    break;
                }
            }
        }
        // Several at once: what two cannot hide three sometimes can.
        let mut left = if free || others.len() < 2 { 0 } else { 150 };
        while !free && left > 0 {
            left -= 1;
            let mut other = inputs.clone();
            cell.set(&mut other, own[rng.below(own.len() as u64) as usize]);
            for _ in 0..2 + rng.below(2) {
                let (r2, c2) = others[rng.below(others.len() as u64) as usize];
                let second = subject.records[r2].cells[c2].clone();
                let choices = near(&second, second.get(inputs));
                if !choices.is_empty() {
                    let value = choices[rng.below(choices.len() as u64) as usize];
                    second.set(&mut other, value);
                }
            }
            if small || !is_reordered(subject, honest, inputs, &other) {
                free |= compare(subject, &other);
            }
        }
        if !free && !subject.may_run() {
            // It was not looked for long enough.
            return;
        }
        let free = free || small && swapped;
        let pins = shown.pinned.entry((record, c)).or_default();
        pins.tries += 1;
        if !free {
            pins.times += 1;
            pins.swapped += u64::from(swapped);
            for origin in origins {
                *pins.by.entry(origin).or_default() += 1;
            }
            pins.example.get_or_insert_with(|| inputs.clone());
        }
    }
}

/// The inputs with a number that is near an end of its range moved inside.
fn inside(cell: &Cell, inputs: &Inputs, rng: &mut SplitMix) -> Option<Inputs> {
    let span = cell.hi.saturating_sub(cell.lo);
    let margin = (span / 3).min(3);
    let (least, most) = (
        cell.lo.saturating_add(margin),
        cell.hi.saturating_sub(margin),
    );
    let here = cell.get(inputs);
    if (least..=most).contains(&here) {
        return None;
    }
    let room = u64::try_from(most.saturating_sub(least)).unwrap_or(u64::MAX - 1);
    let mut other = inputs.clone();
    let value = least.saturating_add(i128::from(rng.below(room.saturating_add(1))));
    cell.set(&mut other, value).then_some(other)
}

/// Inputs in which a record and two or three others like it are reflected about their mean, in all numbers that can be.
fn reflections(
    subject: &Subject<'_>,
    honest: &[usize],
    record: usize,
    inputs: &Inputs,
    rng: &mut SplitMix,
) -> Vec<Inputs> {
    let cells = &subject.records[record].cells;
    let is_like = |r: &&usize| **r != record && alike(cells, &subject.records[**r].cells);
    let like: Vec<usize> = honest.iter().filter(is_like).copied().collect();
    let mut found = Vec::new();
    for attempt in 0..REFLECTIONS * 20 {
        let n = 2 + attempt % 2;
        if like.len() < n || found.len() == REFLECTIONS {
            continue;
        }
        let mut set = some(&like, n, rng);
        set.push(record);
        if let Some(other) = reflected(subject, &set, inputs)
            && other != *inputs
        {
            found.push(other);
        }
    }
    found
}

/// The inputs with some records reflected about their mean, where the mean's double is whole and all stay in their ranges.
fn reflected(subject: &Subject<'_>, set: &[usize], inputs: &Inputs) -> Option<Inputs> {
    let first = &subject.records[*set.first()?].cells;
    let n = set.len() as i128;
    let mut other = inputs.clone();
    for c in (0..first.len()).filter(|&c| !first[c].is_small()) {
        let cells = || set.iter().map(|r| &subject.records[*r].cells[c]);
        let sum = cells().try_fold(0i128, |sum, cell| sum.checked_add(cell.get(inputs)))?;
        let twice = sum.checked_mul(2)?;
        if twice % n != 0 {
            return None;
        }
        for cell in cells() {
            let value = (twice / n).checked_sub(cell.get(inputs))?;
            cell.set(&mut other, value).then_some(())?;
        }
    }
    Some(other)
}

/// Whether two records have the same fields.
fn alike(a: &[Cell], b: &[Cell]) -> bool {
    let same = |(a, b): (&Cell, &Cell)| (a.lo, a.hi) == (b.lo, b.hi);
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Whether two inputs have the same records in another order.
fn is_reordered(subject: &Subject<'_>, records: &[usize], a: &Inputs, b: &Inputs) -> bool {
    let rows = |inputs: &Inputs| {
        let values = |r: &usize| {
            let cells = subject.records[*r].cells.iter();
            cells
                .map(|c| (c.lo, c.hi, c.get(inputs)))
                .collect::<Vec<_>>()
        };
        let mut rows: Vec<_> = records.iter().map(values).collect();
        rows.sort_unstable();
        rows
    };
    rows(a) == rows(b)
}

/// Whether other draws, of the words that move the items which a number does, give the same view with another value of the number, and
/// perhaps of a second one that makes up for it where nothing is drawn.
fn is_hidden_by_draws(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    (cell, own, others): (&Cell, &[i128], &[(usize, usize)]),
    (moves, touched): (&Moves, &BTreeSet<Item>),
    rng: &mut SplitMix,
) -> bool {
    let useful = |(_, moved): &&((usize, usize), BTreeSet<Item>)| {
        moved.is_empty() || !moved.is_disjoint(touched)
    };
    let all: Vec<(usize, usize)> = moves.iter().map(|(word, _)| *word).collect();
    let useful: Vec<(usize, usize)> = moves.iter().filter(useful).map(|(word, _)| *word).collect();
    (0..SHAKES).any(|_| {
        if !subject.may_run() {
            return false;
        }
        let mut other = inputs.clone();
        cell.set(&mut other, own[rng.below(own.len() as u64) as usize]);
        // A second number moves what other draws hide.
        let mut words = &useful;
        if !others.is_empty() && (useful.is_empty() || rng.one_in(2)) {
            words = &all;
            let (r, c) = others[rng.below(others.len() as u64) as usize];
            let second = subject.records[r].cells[c].clone();
            let choices = near(&second, second.get(inputs));
            if !choices.is_empty() {
                second.set(
                    &mut other,
                    choices[rng.below(choices.len() as u64) as usize],
                );
            }
        }
        for _ in 0..1 + rng.below(2) {
            let Some(word) = words.get(rng.below(words.len() as u64) as usize) else {
                return false;
            };
            subject.shake(&mut other, *word, rng);
        }
        differences(view, &subject.view(&other, coalition)).is_empty()
    })
}

/// Steps of two numbers after which the first item that both move is where it was, if it counts both with fixed weights.
fn cancelling(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    first: &Cell,
    second: &Cell,
) -> Option<(i128, i128)> {
    let mut weights = |cell: &Cell| -> Option<Vec<(Item, i128)>> {
        let mut other = inputs.clone();
        let moved = cell.set(&mut other, cell.get(inputs).checked_add(1)?);
        let changed = moved.then(|| subject.view(&other, coalition))?;
        let pairs = view.iter().zip(&changed);
        let differ = pairs.filter(|(a, b)| a.0 == b.0 && a.1 != b.1);
        Some(
            differ
                .map(|(a, b)| (a.0, b.1.wrapping_sub(a.1) as i128))
                .collect(),
        )
    };
    let (a, b) = (weights(first)?, weights(second)?);
    let (item, weight) = *a.first()?;
    let other = b.iter().find(|(i, _)| *i == item)?.1;
    // A difference that has wrapped around is a small negative number.
    let small = |w: i128| {
        let bits = i128::BITS - w.unsigned_abs().leading_zeros();
        match bits {
            33..=64 if w > 1 << 63 => w - (1 << 64),
            _ => w,
        }
    };
    let (weight, other) = (small(weight), small(other));
    let shared = gcd(weight.unsigned_abs(), other.unsigned_abs()) as i128;
    (shared > 0).then(|| (other / shared, weight / shared))
}

fn gcd(a: u128, b: u128) -> u128 {
    match b {
        0 => a,
        _ => gcd(b, a % b),
    }
}

/// Values near one that a number may have instead.
fn near(cell: &Cell, here: i128) -> Vec<i128> {
    match cell.is_small() {
        true => (cell.lo..=cell.hi).filter(|v| *v != here).collect(),
        false => [1, -1, 2, -2]
            .iter()
            .map(|d| here.saturating_add(*d))
            .filter(|v| (cell.lo..=cell.hi).contains(v))
            .collect(),
    }
}
