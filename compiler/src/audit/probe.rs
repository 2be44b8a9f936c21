//! Tries that show what a view gives away of single records.
//!
//! All tries start from inputs at random and change little. *Isolated*: near these inputs an item of the view follows one
//! honest record's number and nobody else's, and tells its values apart. *Pinned*: no other inputs near these, with
//! another value of a number, give the same view. *Alone*: an item never depends on more than one record. A try can miss what
//! rare inputs show; what it finds is shown with the inputs.
//!
//! Where a program draws, nobody knows the draws: a view pins a number only if no other draws hide another value of it, and an item
//! that changes with the draws alone is not held to be isolated, alone or a count.

use super::attribute::attributes;
use super::isolate::{isolate, weigh};
use super::pads::{Moves, is_hidden_by_draws, moves};
use super::shown::{Pins, Shown, Sight};
use super::subject::{Cell, Inputs, Item, Origin, Subject, View, differences, near, some};
use super::texts;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Word};
use std::cell::RefCell;

/// Inputs at which it is looked for what hides a number.
const PINNED_TRIES: u64 = 10;

/// Other draws that are tried to see which items follow from draws.
const REDRAWS: usize = 6;

/// Changes of an item until which it is looked at what else changes it there.
const SELDOM: u64 = 3;

/// Reflections of records about their mean that are tried to hide a number.
const REFLECTIONS: usize = 12;

/// Numbers of others that are tried together with one to hide it.
const OTHERS: usize = 14;

/// Numbers of fewer values are tried at each.
const MOST_PLACES: i128 = 64;

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
    let honest = subject.honest();
    let mut firsts: Vec<(Inputs, View)> = Vec::new();
    let all: Vec<usize> = (0..subject.records.len()).collect();
    shown.thin = thin(subject, coalition, rng);
    for _ in 0..tries {
        if !subject.may_run() {
            break;
        }
        let inputs = subject.draw(rng);
        let view = subject.view(&inputs, coalition);
        shown.tries += 1;
        shown.first.get_or_insert_with(|| inputs.clone());
        let in_order = view.iter().map(|(item, _)| *item);
        let in_order = in_order.filter(|item| {
            let mut groups = subject.shuffled.iter();
            groups.any(|group| group.contains(&item.0))
        });
        shown.noisy.extend(in_order.collect::<Vec<Item>>());
        for _ in 0..REDRAWS {
            if !subject.draws.is_empty() {
                let other = subject.with_other_draws(&inputs, rng);
                let changed = subject.view(&other, coalition);
                for item in differences(&view, &changed) {
                    if !shown.thin.contains(&item) {
                        shown.noisy.insert(item);
                    }
                    let bits = shown.shaken.entry(item).or_default();
                    *bits |= flipped(&view, &changed, item);
                }
            }
        }
        let at = (&inputs, false);
        isolate(subject, coalition, at, &view, &honest, &mut shown);
        attributes(subject, coalition, &inputs, &view, &mut shown, rng);
        weigh(subject, coalition, &inputs, &view, &honest, &mut shown);
        let moved = some(&all, TARGETS, rng);
        move_records(
            subject,
            coalition,
            (&inputs, &view),
            &moved,
            &mut shown,
            rng,
        );
        if shown.tries <= PINNED_TRIES {
            firsts.push((inputs.clone(), view.clone()));
        }
        for (item, word) in &view {
            let counted = shown.counts.entry(*item).or_default();
            counted.top = counted.top.max(*word);
            if *word == 1 {
                counted.ones += 1;
                counted.example.get_or_insert_with(|| inputs.clone());
            }
        }
    }
    plant(subject, coalition, &honest, &mut shown, rng);
    // To look for what hides a number takes the most runs by far: all else is known by then, however few there are.
    for (inputs, view) in &firsts {
        let moves = moves(subject, coalition, inputs, view, rng);
        for record in some(&honest, TARGETS, rng) {
            let target = (record, honest.as_slice(), &moves);
            pin(subject, coalition, inputs, view, target, &mut shown, rng);
        }
    }
    crowd(subject, coalition, &honest, &mut shown, rng);
    shown
}

/// Notes what comes out otherwise when one of these records is drawn anew.
fn move_records(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (inputs, view): (&Inputs, &View),
    records: &[usize],
    shown: &mut Shown,
    rng: &mut SplitMix,
) {
    for &record in records {
        let other = subject.redraw(inputs, &subject.records[record].clone(), rng);
        let changed = subject.view(&other, coalition);
        let few = note_changes(view, &changed, record, shown);
        // What only this record was seen to move may follow others where it moves, and hardly elsewhere: whether any is true.
        let all = 0..subject.records.len();
        for second in all.filter(|r| few && *r != record).take(TARGETS) {
            for (inputs, view) in [(inputs, view), (&other, &changed)] {
                let redrawn = subject.redraw(inputs, &subject.records[second].clone(), rng);
                // What moves it here may move it there.
                let copied =
                    [inputs, &other].map(|from| copy(subject, record, second, from, inputs));
                for other in [&redrawn].into_iter().chain(copied.iter().flatten()) {
                    let changed = subject.view(other, coalition);
                    note_changes(view, &changed, second, shown);
                }
            }
        }
    }
}

/// What seems to be determined whatever the inputs are is looked at where the other records are in one group, as they may be.
fn crowd(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    honest: &[usize],
    shown: &mut Shown,
    rng: &mut SplitMix,
) {
    let seeming = shown.pinned.iter().filter(|(_, pins)| pins.is_always());
    let records: SortedSet<usize> = seeming.map(|((record, _), _)| *record).collect();
    for record in records {
        let others: Vec<usize> = honest.iter().copied().filter(|r| *r != record).collect();
        for other in some(&others, CROWDS, rng) {
            let inputs = subject.apart(other, rng);
            let view = subject.view(&inputs, coalition);
            let moves = moves(subject, coalition, &inputs, &view, rng);
            pin(
                subject,
                coalition,
                &inputs,
                &view,
                (record, honest, &moves),
                shown,
                rng,
            );
        }
    }
}

/// Inputs with most records in one group.
const CROWDS: usize = 3;

/// Inputs with a second record as a first one is at some inputs.
fn copy(
    subject: &Subject<'_>,
    first: usize,
    second: usize,
    from: &Inputs,
    inputs: &Inputs,
) -> Option<Inputs> {
    let (first, second) = (&subject.records[first], &subject.records[second]);
    let mut other = inputs.clone();
    if !alike(&first.cells, &second.cells) {
        return None;
    }
    for (from_cell, to) in first.cells.iter().zip(&second.cells) {
        to.set(&mut other, from_cell.get(from));
    }
    Some(other)
}

/// Tries that meet what the program asks for: what then follows one record alone.
fn plant(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    honest: &[usize],
    shown: &mut Shown,
    rng: &mut SplitMix,
) {
    let mut all = subject.planted(rng);
    for k in 0..APART {
        if let Some(record) = honest.get(k % honest.len().max(1)) {
            all.push(subject.apart(*record, rng));
        }
    }
    all.extend(duos(subject, coalition, honest));
    of_two(subject, coalition, honest, shown);
    let moved: SortedSet<Item> = shown.depends.keys().copied().collect();
    for inputs in all {
        if !subject.may_run() {
            return;
        }
        let view = subject.view(&inputs, coalition);
        isolate(subject, coalition, (&inputs, true), &view, honest, shown);
        attributes(subject, coalition, &inputs, &view, shown, rng);
        // What nothing at random has moved may wait for a number of the program.
        if view.iter().any(|(item, _)| !moved.contains(item)) {
            let records: Vec<usize> = (0..subject.records.len()).collect();
            let records = some(&records, TARGETS, rng);
            let at = (&inputs, &view);
            move_records(subject, coalition, at, &records, shown, rng);
        }
        shown.planted += 1;
    }
}

/// Inputs in which one record is apart from the others.
const APART: usize = 12;

/// Inputs in which a record of who looks and another one make a group: who is one of two learns the other.
fn duos(subject: &Subject<'_>, coalition: &[u32], honest: &[usize]) -> Vec<Inputs> {
    let mut rng = SplitMix::new(DUO_SEED);
    let is_own = |r: &usize| coalition.contains(&subject.records[*r].party);
    let own: Vec<usize> = (0..subject.records.len()).filter(is_own).collect();
    if own.is_empty() || honest.len() < 2 {
        return Vec::new();
    }
    (0..APART)
        .map(|_| subject.group(&[rng.of(&own), rng.of(honest)], &mut rng))
        .collect()
}

/// Notes what is the sum of two records' numbers, or follows these in another way, when the two are a group among others.
fn of_two(subject: &mut Subject<'_>, coalition: &[u32], honest: &[usize], shown: &mut Shown) {
    let mut rng = SplitMix::new(DUO_SEED);
    let is_own = |r: &usize| coalition.contains(&subject.records[*r].party);
    let has_own = (0..subject.records.len()).any(|r| is_own(&r));
    if has_own || !(CROWD..=CROWDED).contains(&honest.len()) {
        return;
    }
    for _ in 0..DUOS {
        if !subject.may_run() {
            return;
        }
        let pair = some(honest, 2, &mut rng);
        let inputs = subject.group(&pair, &mut rng);
        let view = subject.view(&inputs, coalition);
        let mut followed: SortedMap<Item, SortedMap<(usize, usize), SortedSet<Word>>> =
            SortedMap::new();
        for &r in honest {
            for c in 0..subject.records[r].cells.len() {
                let cell = subject.records[r].cells[c].clone();
                for step in [1, -1, 2, -2].iter().filter(|_| !cell.is_small()) {
                    let mut other = inputs.clone();
                    if cell.set(&mut other, cell.next(cell.get(&inputs), *step)) {
                        let seen = subject.view(&other, coalition);
                        for item in differences(&view, &seen) {
                            let cells = followed.entry(item).or_default();
                            cells.entry((r, c)).or_default().extend(word(&seen, item));
                        }
                    }
                }
            }
        }
        for (item, cells) in followed {
            let records: SortedSet<usize> = cells.keys().map(|(r, _)| *r).collect();
            let told = |(_, words): &(&(usize, usize), &SortedSet<Word>)| words.len() >= 2;
            let both: Vec<(usize, usize)> = cells.iter().filter(told).map(|(p, _)| *p).collect();
            let several = shown.depends.get(&item).map_or(0, SortedSet::len) >= CROWD;
            if !pair.iter().copied().eq(records.iter().copied())
                || both.len() < 2
                || shown.noisy.contains(&item)
                || !several
            {
                continue;
            }
            let seen = shown.of_two.entry(item.0).or_default();
            seen.planted += 1;
            let (record, cell) = both[0];
            seen.sight.get_or_insert_with(|| Sight {
                inputs: inputs.clone(),
                record,
                cell,
            });
        }
    }
}

/// Groups of two that are tried where who looks gives nothing.
const DUOS: usize = 24;

/// Records of which two are few.
const CROWD: usize = 4;

/// Records that are moved one by one, at most.
const CROWDED: usize = 24;

/// From which inputs follow that have groups of two.
const DUO_SEED: u64 = 0xd005_0002;

fn word(view: &View, item: Item) -> Option<Word> {
    view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w)
}

/// The bits in which an item is not the same in two views: all where only one has it.
fn flipped(before: &View, after: &View, item: Item) -> u128 {
    match (word(before, item), word(after, item)) {
        (Some(a), Some(b)) => a ^ b,
        _ => u128::MAX,
    }
}

/// Items that draws change by far less than a record does: what is drawn hides a record from its neighbours only, and those that draws do not
/// change are no such items.
fn thin(subject: &mut Subject<'_>, coalition: &[u32], rng: &mut SplitMix) -> SortedSet<Item> {
    let mut spread: SortedMap<Item, [f64; 2]> = SortedMap::new();
    if subject.draws.is_empty() {
        return SortedSet::new();
    }
    let all: Vec<usize> = (0..subject.records.len()).collect();
    for _ in 0..THIN_TRIES {
        let inputs = subject.draw(rng);
        let view = subject.view(&inputs, coalition);
        let drawn = (0..REDRAWS).map(|_| (0, subject.with_other_draws(&inputs, rng)));
        let mut others: Vec<(usize, Inputs)> = drawn.collect();
        for record in some(&all, TARGETS, rng) {
            let record = subject.records[record].clone();
            others.push((1, subject.redraw(&inputs, &record, rng)));
        }
        for (which, other) in others {
            let changed = subject.view(&other, coalition);
            for item in differences(&view, &changed) {
                let by = match (word(&view, item), word(&changed, item)) {
                    (Some(a), Some(b)) => (subject.number(item, a) - subject.number(item, b)).abs(),
                    _ => f64::INFINITY,
                };
                let most = &mut spread.entry(item).or_default()[which];
                *most = most.max(by);
            }
        }
    }
    let is_thin = |[drawn, record]: &[f64; 2]| *drawn > 0.0 && drawn * THIN <= *record;
    let thin = spread.iter().filter(|(_, most)| is_thin(most));
    thin.map(|(item, _)| *item).collect()
}

/// Inputs at which it is looked at how much draws change.
const THIN_TRIES: usize = 10;

/// How many times more than draws a record must change something for draws to hide nothing of it but the last digits.
const THIN: f64 = 32.0;

/// Notes which items a record has moved; whether one of them has moved seldom until now, and by this record alone.
fn note_changes(before: &View, after: &View, record: usize, shown: &mut Shown) -> bool {
    let mut seldom = false;
    for item in differences(before, after) {
        let flips = shown.flips.entry(item).or_default().entry(record);
        flips.or_default().note(flipped(before, after, item));
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
        if !subject.unused.is_used(inputs, cell.leaf, cell.lane) {
            continue;
        }
        let small = cell.is_small();
        // What pins a number at an end of its range says nothing of the middle: there it is looked at somewhere inside.
        let moved = inside(&cell, inputs, rng).filter(|_| !small);
        let inputs = moved.as_ref().unwrap_or(inputs);
        let moved = moved.as_ref().map(|inputs| subject.view(inputs, coalition));
        let view = moved.as_ref().unwrap_or(view);
        let here = cell.get(inputs);
        let own = near(&cell, here);
        let every = everywhere(subject, &cell, here);
        if own.is_empty() {
            continue;
        }
        let mut origins: SortedSet<Origin> = view.iter().map(|((o, _), _)| *o).collect();
        let mut free = false;
        let touched: RefCell<SortedSet<Item>> = RefCell::default();
        let mut compare = |subject: &mut Subject<'_>, other: &Inputs| {
            let seen = subject.view(other, coalition);
            let items = differences(view, &seen);
            let differ: SortedSet<Origin> = items.iter().map(|i| i.0).collect();
            touched.borrow_mut().extend(items);
            origins.retain(|o| differ.contains(o));
            differ.is_empty()
        };
        for value in own.iter().chain(&every) {
            let mut other = inputs.clone();
            cell.set(&mut other, *value);
            free |= compare(subject, &other);
        }
        let places: Vec<usize> = (0..all.len()).filter(|k| all[*k] != (record, c)).collect();
        let places = some(&places, OTHERS, rng);
        let others: Vec<(usize, usize)> = places.iter().map(|k| all[*k]).collect();
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
                if swapped || !subject.may_run() {
                    break;
                }
            }
        }
        // In a drawn order nobody sees whose a number is, and that all come out is said by what comes out.
        free |= swapped && !subject.shuffled.is_empty();
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
                    let there = second.get(inputs).saturating_sub(down.wrapping_mul(sign));
                    if cell.set(&mut other, here.saturating_add(up.wrapping_mul(sign)))
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
    let mut other = inputs.clone();
    let value = cell.any(least, most, rng);
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
pub(super) fn alike(a: &[Cell], b: &[Cell]) -> bool {
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

/// What a number may be instead far from here: each value where there are few (a place in a table, say, of which two give the same), and else those
/// that a number of the program is away, once and twice, or a power of two: remainders, digits and casts give the same there. Texts
/// have another letter.
pub(super) fn everywhere(subject: &Subject<'_>, cell: &Cell, here: i128) -> Vec<i128> {
    if cell.is_small() {
        return Vec::new();
    }
    if cell.hi.saturating_sub(cell.lo) < MOST_PLACES {
        return (cell.lo..=cell.hi).filter(|v| *v != here).collect();
    }
    if cell.form == Form::Text {
        let steps = texts::steps(cell.scalar, here);
        let values =
            (steps.iter()).flat_map(|step| [1, 2, -1, -2].map(|times| here + times * step));
        return values.filter(|v| (cell.lo..=cell.hi).contains(v)).collect();
    }
    let known = subject.constants.iter().filter_map(|c| c.to_i128());
    let steps: SortedSet<i128> = known.filter(|c| *c >= 2).take(FAR).collect();
    let powers = [8, 16, 32].map(|bits| 1i128 << bits);
    let steps = steps.into_iter().chain(powers);
    let values = steps
        .flat_map(|step| [1, 2, -1, -2].map(|times| here.checked_add(step.checked_mul(times)?)));
    let values = values.flatten();
    values.filter(|v| (cell.lo..=cell.hi).contains(v)).collect()
}

/// Numbers of a program by which is stepped away from a number.
const FAR: usize = 8;
