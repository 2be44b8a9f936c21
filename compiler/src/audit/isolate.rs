//! Tries that show which numbers of a view are one record's.
//!
//! Near some inputs, each number of each record is moved by a few units. What then takes a different value for each of them follows the
//! number; where only one record's numbers are followed, what comes out is that record's, whoever else decides whether it comes out. Sums and
//! differences of two numbers of a view are looked at like the numbers themselves, where there are few.

use super::shown::{Shown, Sight};
use super::subject::{Cell, Inputs, Item, Origin, Subject, View};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::Word;

/// The steps by which a number is moved.
const STEPS: [i128; 8] = [1, -1, 2, -2, 3, -3, 4, -4];

/// How many of the values, with the one from which they are steps, must be told apart.
const TOLD_APART: usize = 5;

/// The most numbers of a view of which pairs are looked at.
const PAIRED: usize = 6;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    One(Item),
    Sum(Item, Item),
    Difference(Item, Item),
}

impl Look {
    fn items(self) -> Vec<Item> {
        match self {
            Self::One(item) => vec![item],
            Self::Sum(a, b) | Self::Difference(a, b) => vec![a, b],
        }
    }
}

/// What a step down and a step up of a cell make of something, where they change it.
type Beside = SortedMap<Look, SortedMap<(usize, usize), [Option<Word>; 2]>>;

/// The cells that something follows, each with the values that it takes instead.
type Followed = SortedMap<(usize, usize), SortedSet<Word>>;

/// Notes what follows one honest record alone, near these inputs; whether they are planted.
pub(super) fn isolate(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (inputs, planted): (&Inputs, bool),
    view: &View,
    honest: &[usize],
    shown: &mut Shown,
) {
    let here = looks(subject, view);
    let mut beside = Beside::new();
    // Whether any step down and any step up changes something.
    let mut turns: SortedMap<(Look, (usize, usize)), [bool; 2]> = SortedMap::new();
    let mut followed: SortedMap<Look, Followed> = SortedMap::new();
    for &r in honest {
        for c in 0..subject.records[r].cells.len() {
            if !subject.may_run() {
                // What was not moved might follow as well: nothing is known.
                return;
            }
            let cell = subject.records[r].cells[c].clone();
            if cell.is_small() {
                continue;
            }
            let value = cell.get(inputs);
            for step in STEPS {
                let mut other = inputs.clone();
                if !cell.set(&mut other, value.saturating_add(step)) {
                    continue;
                }
                let seen = subject.view(&other, coalition);
                for (look, word) in looks(subject, &seen) {
                    if here.get(&look).is_some_and(|before| *before != word) {
                        let cells = followed.entry(look).or_default();
                        cells.entry((r, c)).or_default().insert(word);
                        turns.entry((look, (r, c))).or_default()[usize::from(step > 0)] = true;
                        if step.abs() == 1 {
                            let sides = beside.entry(look).or_default();
                            let sides = sides.entry((r, c)).or_default();
                            sides[usize::from(step > 0)] = Some(word);
                        }
                    }
                }
            }
        }
    }
    // What waits for a number just so has no part in what comes out then.
    for (look, sides) in &beside {
        let word = here.get(look).copied().unwrap_or(0);
        if let Some(cells) = followed.get_mut(look) {
            cells.retain(|place, _| !sides.get(place).is_some_and(|s| is_gate(s, word)));
        }
    }
    followed.retain(|_, cells| !cells.is_empty());
    let moved: SortedMap<Look, SortedSet<(usize, usize)>> = followed
        .iter()
        .map(|(look, cells)| (*look, cells.keys().copied().collect()))
        .collect();
    windows(
        (&followed, &beside),
        subject,
        coalition,
        (inputs, planted),
        shown,
    );
    // With the value here as many are told apart as must be.
    for cells in followed.values_mut() {
        cells.retain(|_, words| words.len() + 1 >= TOLD_APART);
    }
    let records = |cells: &Followed| cells.keys().map(|(r, _)| *r).collect::<SortedSet<_>>();
    let of_several = |item: Item| {
        let cells = followed.get(&Look::One(item));
        cells.is_some_and(|cells| records(cells).len() > 1)
    };
    // What two numbers follow must leave their sum or difference where it is: at the ends of ranges some is followed less than elsewhere.
    let cancels = |look: &Look, record: usize| {
        let one = |item: Item| followed.get(&Look::One(item)).into_iter().flatten();
        let mut others = look.items().into_iter().flat_map(one).map(|(cell, _)| cell);
        let moves = |cell: &(usize, usize)| moved.get(look).is_some_and(|m| m.contains(cell));
        !others.any(|cell| cell.0 != record && moves(cell))
    };
    let mut seen_now: SortedSet<Origin> = SortedSet::new();
    for (look, cells) in &followed {
        let items = look.items();
        let noisy = items.iter().any(|item| shown.noisy.contains(item));
        // Two numbers say something together where each by itself is of several records.
        let pair = items.len() > 1;
        if noisy || records(cells).len() != 1 || pair && !items.iter().all(|i| of_several(*i)) {
            continue;
        }
        let origins: SortedSet<Origin> = items.iter().map(|item| item.0).collect();
        let is_seen = origins.iter().any(|origin| seen_now.contains(origin));
        let Some(&(record, cell)) = cells.keys().next() else {
            continue;
        };
        if pair && (is_seen || !cancels(look, record)) {
            continue;
        }
        // A number of the same field that moves it a little counts as well, and does so more elsewhere.
        let field = |(r, c): &(usize, usize)| subject.records[*r].cells[*c].leaf_turn();
        let fields: SortedSet<u64> = cells.keys().map(field).collect();
        let mut movers = moved.get(look).into_iter().flatten();
        if movers.any(|mover| mover.0 != record && fields.contains(&field(mover))) {
            continue;
        }
        let of_origins: Vec<Origin> = origins.iter().copied().collect();
        if !planted {
            let seen = shown.isolated.entry(of_origins).or_default();
            *seen.looks.entry(items).or_default() += 1;
        }
        if is_seen {
            continue;
        }
        seen_now.extend(&origins);
        let own = &subject.records[record].cells[cell];
        let own = inputs.get(own.leaf).and_then(|leaf| leaf.get(own.lane));
        let origins: Vec<Origin> = origins.into_iter().collect();
        let before = shown.isolated.get(&origins);
        let looks_for = before.is_none_or(|seen| seen.looked < LOOKED && seen.bare < BARE);
        let is_end = turns.get(&(*look, (record, cell))) != Some(&[true, true]);
        let company = match looks_for && !is_end {
            true => company(subject, coalition, inputs, view, (record, cell)),
            false => Company::Hides,
        };
        let bare = company != Company::Hides;
        let seen = shown.isolated.entry(origins).or_default();
        seen.looked += u64::from(looks_for);
        seen.bare += u64::from(bare);
        seen.single += u64::from(company == Company::None);
        if planted {
            seen.planted += 1;
        } else {
            seen.times += 1;
            seen.equal += u64::from(own.is_some() && here.get(look) == own);
        }
        seen.records.insert(record);
        let sight = || Sight {
            inputs: inputs.clone(),
            record,
            cell,
        };
        if bare && seen.bare == 1 {
            seen.sight = Some(sight());
        }
        seen.sight.get_or_insert_with(sight);
    }
}

/// Whether either neighbour of a number has something far from here come out, and both much the same.
fn is_gate(sides: &[Option<Word>; 2], here: Word) -> bool {
    let &[Some(below), Some(above)] = sides else {
        return false;
    };
    let far = [below, above].map(|word| (word.wrapping_sub(here) as i128).unsigned_abs());
    let apart = (above.wrapping_sub(below) as i128).unsigned_abs();
    let least = far[0].min(far[1]);
    least >= FAR && apart <= least / FAR
}

/// From which difference on something is far from something else, and how many times more than what is near.
const FAR: u128 = 64;

/// How often it is looked for another record that hides what follows one.
const LOOKED: u64 = 12;

/// How often no such record is to be found.
const BARE: u64 = 3;

/// Notes differences of two numbers that one record makes by having just its value, as that of two counts whose limits are next to each other:
/// either neighbour of the value changes one of the two numbers only, and both leave the same difference.
fn windows(
    (followed, beside): (&SortedMap<Look, Followed>, &Beside),
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (inputs, planted): (&Inputs, bool),
    shown: &mut Shown,
) {
    let sides = |item: Item, place: &(usize, usize)| -> [bool; 2] {
        let sides = beside.get(&Look::One(item)).and_then(|all| all.get(place));
        sides.map_or([false; 2], |sides| sides.map(|side| side.is_some()))
    };
    for (look, places) in beside {
        let Look::Difference(a, b) = *look else {
            continue;
        };
        let changes = followed.get(look).into_iter().flatten();
        let records: SortedSet<usize> = changes.map(|(place, _)| place.0).collect();
        let Some((place, [Some(below), Some(above)])) = places.first_key_value() else {
            continue;
        };
        let turned = [sides(a, place), sides(b, place)];
        let one_each =
            turned == [[true, false], [false, true]] || turned == [[false, true], [true, false]];
        let noisy = shown.noisy.contains(&a) || shown.noisy.contains(&b);
        if records.len() != 1
            || below != above
            || !one_each
            || noisy
            || is_made(subject, coalition, inputs, (*look, *place))
        {
            continue;
        }
        let seen = shown.windows.entry(vec![a.0, b.0]).or_default();
        if planted {
            seen.planted += 1;
        } else {
            seen.times += 1;
        }
        seen.records.insert(place.0);
        seen.sight.get_or_insert_with(|| Sight {
            inputs: inputs.clone(),
            record: place.0,
            cell: place.1,
        });
    }
}

/// Whether a window is one only because two who look together have given numbers next to each other: each of them learns how its own number
/// stands to all others, as with a rank, and no more is meant.
fn is_made(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    (look, (r, c)): (Look, (usize, usize)),
) -> bool {
    if coalition.len() < 2 {
        return false;
    }
    let cell = subject.records[r].cells[c].clone();
    let own: Vec<Cell> = (subject.records.iter())
        .filter(|record| coalition.contains(&record.party))
        .flat_map(|record| record.cells.clone())
        .filter(|own| own.leaf_turn() == cell.leaf_turn())
        .collect();
    let needed = own.iter().filter(|own| {
        let mut other = inputs.clone();
        let here = own.get(inputs);
        let away = [AWAY, -AWAY].map(|by| here.saturating_add(by));
        if !away.iter().any(|value| own.set(&mut other, *value)) {
            return false;
        }
        let word = |subject: &mut Subject<'_>, by: i128| {
            let mut moved = other.clone();
            cell.set(&mut moved, cell.get(inputs).saturating_add(by));
            let view = subject.view(&moved, coalition);
            looks(subject, &view).get(&look).copied()
        };
        let [below, here, above] = [-1, 0, 1].map(|by| word(subject, by));
        below == here || above == here
    });
    needed.count() >= 2
}

/// How far a number is put from where it was to be elsewhere.
const AWAY: i128 = 1000;

/// What other records have a part in what follows one of them near some inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    /// No other record's number of the same field counts together with this one.
    None,
    /// Some do where they have other values.
    Counts,
    /// One makes up for another value of this one: what follows the one only here, as where the other is cut off at a limit, does not tell it.
    Hides,
}

/// What other records have a part in what follows one.
fn company(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    (record, c): (usize, usize),
) -> Company {
    let mut found = Company::None;
    let cell = subject.records[record].cells[c].clone();
    let own = cell.get(inputs);
    let mut limits: Vec<i128> = subject.constants_of(&cell);
    limits.extend(subject.constants_of(&cell).iter().map(|l| l.wrapping_neg()));
    let places: Vec<(usize, usize)> = (subject.honest().into_iter())
        .filter(|r| *r != record)
        .flat_map(|r| (0..subject.records[r].cells.len()).map(move |k| (r, k)))
        .filter(|(r, k)| subject.records[*r].cells[*k].leaf_turn() == cell.leaf_turn())
        .take(TARGETS)
        .collect();
    let mut searched = 0;
    for (r, k) in places {
        let second = subject.records[r].cells[k].clone();
        // Where there may be no number, there might be one.
        let is_there = presence(subject, (record, c), (r, k), inputs);
        let (base, seen) = match &is_there {
            Some(base) => (base, subject.view(base, coalition)),
            None => (inputs, view.clone()),
        };
        let there = second.get(base);
        // What wraps is far from what was meant, and one more value to try.
        let near = (limits.iter()).flat_map(|l| (-3..=3).map(move |d| i128::wrapping_add(*l, d)));
        let ends = (1..=3).flat_map(|d| {
            let places = [(second.lo, d), (second.hi, -d), (there, d), (there, -d)];
            places.map(|(from, by)| from.wrapping_add(by))
        });
        let values: SortedSet<i128> = near.chain(ends).filter(|v| *v != there).collect();
        for value in values {
            let mut other = base.clone();
            if !second.set(&mut other, value) {
                continue;
            }
            let moved = subject.view(&other, coalition);
            if moved == seen {
                continue;
            }
            let change = moved.iter().zip(view).find(|(a, b)| a != b);
            let by = change.map_or(0, |(a, b)| a.1.wrapping_sub(b.1) as i128);
            let swapped = |v: i128| v == there && value == own;
            let tries = [by, by.wrapping_neg(), 1, -1, 2, -2, 3, -3];
            for v in tries.map(|by| own.saturating_add(by)) {
                let mut both = other.clone();
                if v != own
                    && !swapped(v)
                    && cell.set(&mut both, v)
                    && subject.view(&both, coalition) == *view
                {
                    return Company::Hides;
                }
            }
            // Where numbers count with weights it is far from here that one makes up for the other.
            if searched < SEARCHED && is_there.is_none() && !swapped(own) {
                searched += 1;
                if let Some(v) = making_up(subject, coalition, &other, view, &cell)
                    && v != own
                {
                    return Company::Hides;
                }
            }
            for v in [1, -1].map(|by| own.saturating_add(by)) {
                let mut both = other.clone();
                if cell.set(&mut both, v) && subject.view(&both, coalition) != moved {
                    found = Company::Counts;
                }
            }
        }
    }
    found
}

/// Inputs at which a second record has a number as well, where this one has it in a variant that the second does not have: `Some(x)` beside `None`.
fn presence(
    subject: &Subject<'_>,
    (record, c): (usize, usize),
    (r, k): (usize, usize),
    inputs: &Inputs,
) -> Option<Inputs> {
    let own = &subject.records[record].cells;
    let others = &subject.records[r].cells;
    let tag = own.iter().find(|tag| tag.is_tag_of(&own[c]))?;
    let other = others.iter().find(|tag| tag.is_tag_of(&others[k]))?;
    let mut present = inputs.clone();
    let differs = tag.get(inputs) != other.get(inputs);
    (differs && other.set(&mut present, tag.get(inputs))).then_some(present)
}

/// The value of a number at which the view is again what it was, found by halving where what comes out goes one way with it.
fn making_up(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    cell: &Cell,
) -> Option<i128> {
    let at = |subject: &mut Subject<'_>, value: i128| {
        let mut other = inputs.clone();
        cell.set(&mut other, value);
        let seen = subject.view(&other, coalition);
        let same = seen == *view;
        let differs = seen.iter().zip(view).find(|(a, b)| a != b);
        let by = differs.map_or(0.0, |(a, b)| {
            subject.number(a.0, a.1) - subject.number(b.0, b.1)
        });
        (same, by)
    };
    let (mut lo, mut hi) = (cell.lo, cell.hi);
    let (first, last) = (at(subject, lo), at(subject, hi));
    if first.0 || last.0 {
        return Some(if first.0 { lo } else { hi });
    }
    if (first.1 < 0.0) == (last.1 < 0.0) {
        return None;
    }
    while hi.saturating_sub(lo) > 1 {
        let middle = lo + hi.saturating_sub(lo) / 2;
        let (same, by) = at(subject, middle);
        if same {
            return Some(middle);
        }
        if (by < 0.0) == (first.1 < 0.0) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    None
}

/// How often a value that makes up for another is searched for.
const SEARCHED: usize = 4;

/// Other records that are tried for what hides one.
const TARGETS: usize = 6;

/// How much a number is moved where rounding must not matter, of its range.
const STRIDE: i128 = 64;

/// How far apart two quotients may be to be the same, by rounding.
const SAME: f64 = 0.02;

/// Notes pairs of numbers that move in one proportion with all records but one: then their difference, weighted so, follows that record, up to
/// rounding. A mean of all and a mean of all but one are such a pair.
pub(super) fn weigh(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    honest: &[usize],
    shown: &mut Shown,
) {
    if !(2..=PAIRED).contains(&view.len()) {
        return;
    }
    // For each number that is moved: its record and cell, and by how much each number of the view moves.
    let mut moves: Vec<((usize, usize), Vec<f64>)> = Vec::new();
    for &r in honest {
        for c in 0..subject.records[r].cells.len() {
            if !subject.may_run() {
                return;
            }
            let cell = subject.records[r].cells[c].clone();
            let stride = cell.hi.saturating_sub(cell.lo) / STRIDE;
            let here = cell.get(inputs);
            let mut other = inputs.clone();
            let up = here.saturating_add(stride);
            let to = if up <= cell.hi {
                up
            } else {
                here.saturating_sub(stride)
            };
            // Numbers of few values are what selects, and not what is summed.
            if stride < STRIDE || !cell.set(&mut other, to) {
                continue;
            }
            let seen = subject.view(&other, coalition);
            if seen.len() != view.len() {
                return;
            }
            let sign = if to > here { 1.0 } else { -1.0 };
            let by = view.iter().zip(&seen);
            let by = by.map(|(before, after)| {
                sign * (subject.number(after.0, after.1) - subject.number(before.0, before.1))
            });
            moves.push(((r, c), by.collect()));
        }
    }
    let same = |a: f64, b: f64| (a - b).abs() <= SAME * a.abs().max(b.abs());
    for (i, (first, _)) in view.iter().enumerate() {
        for (k, (second, _)) in view.iter().enumerate().skip(i + 1) {
            if shown.noisy.contains(first) || shown.noisy.contains(second) {
                continue;
            }
            // The quotient of all records but one; where two of three say the same, they say what it is.
            let moved = || moves.iter().filter(|(_, by)| by[i] != 0.0 || by[k] != 0.0);
            let quotient = |by: &[f64]| by[k] / by[i];
            let usual = moved().map(|(_, by)| quotient(by)).find(|q| {
                q.is_finite()
                    && *q != 0.0
                    && moved().filter(|(_, by)| same(quotient(by), *q)).count() >= 2
            });
            let Some(usual) = usual else {
                continue;
            };
            let odd: Vec<(usize, usize)> = moved()
                .filter(|(_, by)| !same(quotient(by), usual))
                .map(|(cell, _)| *cell)
                .collect();
            let &[(record, cell)] = odd.as_slice() else {
                continue;
            };
            let pair = ([*first, *second], record);
            let seen = shown.weighted.entry(pair).or_default();
            seen.times += 1;
            seen.sight.get_or_insert_with(|| Sight {
                inputs: inputs.clone(),
                record,
                cell,
            });
        }
    }
}

/// The numbers of a view, and sums and differences of each two where they are few.
fn looks(subject: &Subject<'_>, view: &View) -> SortedMap<Look, Word> {
    let mut all: SortedMap<Look, Word> = view
        .iter()
        .map(|(item, word)| (Look::One(*item), *word))
        .collect();
    if view.len() <= PAIRED {
        for (i, (a, x)) in view.iter().enumerate() {
            for (b, y) in &view[i + 1..] {
                let (sum, difference) = match subject.is_float(*a) || subject.is_float(*b) {
                    true => {
                        let (x, y) = (subject.number(*a, *x), subject.number(*b, *y));
                        ((x + y).to_bits().into(), (x - y).to_bits().into())
                    }
                    false => (x.wrapping_add(*y), x.wrapping_sub(*y)),
                };
                all.insert(Look::Sum(*a, *b), sum);
                all.insert(Look::Difference(*a, *b), difference);
            }
        }
    }
    all
}
