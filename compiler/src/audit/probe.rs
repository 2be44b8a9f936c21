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
            note_changes(&view, &changed, record, &mut shown);
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

fn note_changes(before: &View, after: &View, record: usize, shown: &mut Shown) {
    let word = |view: &View, item: Item| view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w);
    for item in differences(before, after) {
        shown.depends.entry(item).or_default().insert(record);
        let counted = shown.counts.entry(item).or_default();
        counted.changed = true;
        let change = match (word(before, item), word(after, item)) {
            (Some(a), Some(b)) => a.abs_diff(b),
            _ => u128::MAX,
        };
        counted.most = counted.most.max(change);
    }
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
        let here = cell.get(inputs);
        let small = cell.is_small();
        if !small && (here <= cell.lo.saturating_add(2) || here >= cell.hi.saturating_sub(2)) {
            continue;
        }
        let own: Vec<i128> = match small {
            true => (cell.lo..=cell.hi).filter(|v| *v != here).collect(),
            false => [1, -1, 2, -2].iter().map(|d| here + d).collect(),
        };
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
        if !free && !moves.is_empty() {
            let touched = touched.borrow().clone();
            free = is_hidden_by_draws(
                subject,
                coalition,
                inputs,
                view,
                (&cell, &own),
                (moves, &touched),
                rng,
            );
        }
        let others: Vec<(usize, usize)> =
            all.iter().filter(|k| **k != (record, c)).copied().collect();
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

/// Whether other draws, of the words that move the items which a number does, give the same view with another value of the number.
fn is_hidden_by_draws(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    (cell, own): (&Cell, &[i128]),
    (moves, touched): (&Moves, &BTreeSet<Item>),
    rng: &mut SplitMix,
) -> bool {
    let useful = |(_, moved): &&((usize, usize), BTreeSet<Item>)| {
        moved.is_empty() || !moved.is_disjoint(touched)
    };
    let words: Vec<(usize, usize)> = moves.iter().filter(useful).map(|(word, _)| *word).collect();
    if words.is_empty() {
        return false;
    }
    (0..SHAKES).any(|_| {
        if !subject.may_run() {
            return false;
        }
        let mut other = inputs.clone();
        cell.set(&mut other, own[rng.below(own.len() as u64) as usize]);
        for _ in 0..1 + rng.below(2) {
            let word = words[rng.below(words.len() as u64) as usize];
            subject.shake(&mut other, word, rng);
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
