//! How many bits a view tells of a record: the mutual information of the two, when every record is one of a few values.
//!
//! Each record has one of `k` values that are spread evenly over its range, all equally likely, and the coalition's own
//! inputs are fixed: of some choices those by which views differ most, for who asks chooses what it asks (`chosen`). With few records all combinations are run, and the number is exact for these values; with many,
//! combinations are drawn, and the estimate carries the bias correction of Miller and Madow (1955). Both are repeated with
//! other values; the spread of the results is the error that is stated.
//!
//! What is told is told by the distribution of a view over draws, and never by one draw: each combination is run with all draws
//! where these have few bits, and else with other draws each time. What such a sample would tell if views did not depend on the record
//! at all (its values put to the views in another order) is taken off, and is part of the error. Where views are hardly ever equal such a sample
//! tells nothing; numbers are then told apart by their order of size only, in a few classes. And where a change of some draws makes up for another value
//! of a record, whatever was drawn (a one-time pad, say), the view tells nothing of it, and that is tried instead.
//!
//! Where all inputs together have few values, each of them is run, those of who looks too, of which the choice counts that tells most: then the number
//! is exact.

use super::subject::{Inputs, Item, Subject, View, differences};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Combinations that are run for one figure.
const COMBINATIONS: u64 = 1024;

/// The most combinations of values and draws that are all run.
const ALL_DRAWS: u64 = 4096;

/// Repetitions with other values.
const REPEATS: usize = 4;

/// The most values of a record.
const MOST_VALUES: u64 = 8;

/// Bits that a coalition learns of a record, of how many, and the error (one standard deviation).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bits {
    /// What is learned, on average.
    pub learned: f64,
    /// What there is to learn.
    pub of: f64,
    /// The standard error of the repetitions, and where draws are sampled what the sample would tell by chance.
    pub error: f64,
    /// Whether all combinations of the values were run.
    pub exhaustive: bool,
    /// Whether these values are all that there are, and those of who looks were all run too.
    pub exact: bool,
    /// Whether numbers were told apart by their order of size only: values near each other may be hidden all the same.
    pub coarse: bool,
}

/// The bits that a view, or some numbers of it, tell of each of some honest records; nothing where there are not enough runs.
pub(super) fn bits(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    records: &[usize],
    part: Option<&SortedSet<Item>>,
    rng: &mut SplitMix,
) -> Vec<Bits> {
    if part.is_none()
        && let Some(found) = exact(subject, coalition, records, rng)
    {
        return found;
    }
    let honest = subject.honest();
    let n = honest.len() as u32;
    let drawn_bits = subject.drawn_bits();
    let most = match drawn_bits {
        0 => COMBINATIONS,
        bits => u32::try_from(bits)
            .ok()
            .and_then(|bits| ALL_DRAWS.checked_shr(bits))
            .unwrap_or(0),
    };
    let k = (2..=MOST_VALUES)
        .rev()
        .find(|k| k.checked_pow(n).is_some_and(|all| all <= most));
    let exhaustive = k.is_some();
    let k = k.unwrap_or(4);
    let draws = match exhaustive {
        true => 1 << drawn_bits,
        false => 1,
    };
    let mut figures = vec![Figures::default(); records.len()];
    let hidden: Vec<bool> = (records.iter())
        .map(|r| !exhaustive && part.is_none() && is_hidden(subject, coalition, *r, k, rng))
        .collect();
    for _ in 0..REPEATS {
        if !subject.may_run() {
            return Vec::new();
        }
        let start = rng.draw();
        let base = chosen(subject, coalition, (k, start), rng);
        let mut seen: Vec<(Vec<Vec<i128>>, View)> = Vec::new();
        let runs = match exhaustive {
            true => k.pow(n) * draws,
            false => COMBINATIONS,
        };
        for run in 0..runs {
            let mut inputs = match exhaustive || drawn_bits == 0 {
                true => base.clone(),
                false => subject.with_other_draws(&base, rng),
            };
            if exhaustive {
                subject.set_draws(&mut inputs, run % draws);
            }
            let mut code = run / draws;
            for &r in &honest {
                let t = match exhaustive {
                    true => {
                        let t = code % k;
                        code /= k;
                        t
                    }
                    false => rng.below(k),
                };
                assign(subject, r, t, k, start, &mut inputs);
            }
            let value = |record: &usize| {
                let cells = subject.records[*record].cells.iter();
                cells.map(|cell| cell.get(&inputs)).collect()
            };
            let values = records.iter().map(value).collect();
            let mut view = subject.view(&inputs, coalition);
            if let Some(part) = part {
                view.retain(|(item, _)| part.contains(item));
            }
            seen.push((values, view));
        }
        for (at, figures) in figures.iter_mut().enumerate() {
            let pairs = seen.iter().map(|(values, view)| (values[at].clone(), view));
            let pairs: Vec<Pair<'_>> = pairs.collect();
            let (mut learned, there) = information(&joint(&pairs), runs, exhaustive);
            figures.of = there;
            if !exhaustive && drawn_bits > 0 {
                let mut values: Vec<Vec<i128>> = pairs.iter().map(|(v, _)| v.clone()).collect();
                for i in (1..values.len()).rev() {
                    values.swap(i, rng.below(i as u64 + 1) as usize);
                }
                let views: Vec<View> = seen.iter().map(|(_, view)| view.clone()).collect();
                let told = |views: &[View]| {
                    let related = pairs.iter().map(|(v, _)| v.clone()).zip(views).collect();
                    let unrelated = values.iter().cloned().zip(views).collect();
                    let [told, by_chance] = [related, unrelated]
                        .map(|pairs: Vec<Pair<'_>>| information(&joint(&pairs), runs, true).0);
                    (told, by_chance)
                };
                let mut found = told(&views);
                if found.1 > MUCH_BY_CHANCE * there
                    && let Some(classes) = in_classes(subject, &views)
                {
                    found = told(&classes);
                    figures.coarse = true;
                }
                learned = found.0 - found.1;
                figures.chance = figures.chance.max(found.1);
            }
            figures.learned.push(learned.clamp(0.0, there));
        }
    }
    let of_one = |(figures, hidden): (&Figures, &bool)| {
        if *hidden {
            return Bits {
                learned: 0.0,
                of: figures.of,
                // None of so many tries was otherwise: with a certainty of 95 % less than three of as many would be.
                error: 3.0 / (SHIFTS * SHIFTED) as f64 * figures.of,
                exhaustive: false,
                exact: false,
                coarse: false,
            };
        }
        let mean = figures.learned.iter().sum::<f64>() / REPEATS as f64;
        let spread = figures.learned.iter().map(|x| (x - mean).powi(2));
        let error = (spread.sum::<f64>() / (REPEATS - 1) as f64 / REPEATS as f64).sqrt();
        Bits {
            learned: mean,
            of: figures.of,
            error: (error + figures.chance).min(figures.of),
            exhaustive,
            exact: false,
            coarse: figures.coarse,
        }
    };
    figures.iter().zip(&hidden).map(of_one).collect()
}

/// Own inputs of who looks, of which those are taken that tell most.
const CHOICES: usize = 8;

/// Values of the others by which that is seen.
const CHOSEN_BY: usize = 48;

/// Inputs with such numbers of who looks that views differ most when all others have one of `k` values: what is asked with limits, codes or places all
/// over a wide type would tell nothing.
fn chosen(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (k, start): (u64, u64),
    rng: &mut SplitMix,
) -> Inputs {
    let first = subject.draw(rng);
    let honest = subject.honest();
    if honest.len() == subject.records.len() {
        return first;
    }
    let turns: Vec<Vec<u64>> = (0..CHOSEN_BY)
        .map(|_| honest.iter().map(|_| rng.below(k)).collect())
        .collect();
    let assigned = |subject: &Subject<'_>, inputs: &Inputs, turns: &[u64]| {
        let mut inputs = inputs.clone();
        for (record, turn) in honest.iter().zip(turns) {
            assign(subject, *record, *turn, k, start, &mut inputs);
        }
        inputs
    };
    let choices = turns.iter().take(CHOICES).enumerate();
    let choices = choices.map(|(at, turns)| match at {
        0 => first.clone(),
        _ => subject.with_own(&assigned(subject, &first, turns), rng),
    });
    let choices: Vec<Inputs> = choices.collect();
    let mut best = (0.0, first);
    for choice in choices {
        let mut views: SortedMap<View, u64> = SortedMap::new();
        for turns in &turns {
            let inputs = assigned(subject, &choice, turns);
            *views.entry(subject.view(&inputs, coalition)).or_default() += 1;
        }
        let told = entropy(&mut views.values().copied(), CHOSEN_BY as u64).0;
        if told > best.0 {
            best = (told, choice);
        }
    }
    best.1
}

/// Inputs, those of who looks among them, that are all run.
const ALL_INPUTS: u64 = 1 << 12;

/// The same where a run takes next to nothing.
const ALL_INPUTS_FAST: u64 = 1 << 16;

/// With more parties there are too many of them who look.
const FEW_PARTIES: u32 = 3;

/// A program is fast if so many times as many runs are affordable.
const FAST: u64 = 16;

/// The share of what there is to learn that a sample may tell by chance before it is looked at coarsely.
const MUCH_BY_CHANCE: f64 = 0.1;

/// Values of a record for which it is tried whether draws make up for them.
const SHIFTS: u64 = 16;

/// Draws at which they must.
const SHIFTED: u64 = 32;

/// Words of draws that may make up for a value.
const DRAWN_WORDS: usize = 64;

/// The bits that are learned when every input is equally likely, where all can be run: exact if those of who looks are among them.
fn exact(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    records: &[usize],
    rng: &mut SplitMix,
) -> Option<Vec<Bits>> {
    let honest = subject.honest();
    let all: Vec<usize> = (0..subject.records.len()).collect();
    let own: Vec<usize> = all
        .iter()
        .copied()
        .filter(|r| !honest.contains(r))
        .collect();
    let few = subject.ir.n_parties <= FEW_PARTIES;
    let most = match few && subject.affordable / FAST >= ALL_INPUTS_FAST {
        true => ALL_INPUTS_FAST,
        false => ALL_INPUTS,
    };
    let drawn_bits = subject.drawn_bits();
    let draws = 1u64.checked_shl(u32::try_from(drawn_bits).ok()?)?;
    let n_theirs = n_values(subject, &honest)?;
    let runs = n_theirs.checked_mul(draws).filter(|runs| *runs <= most)?;
    let n_own = n_values(subject, &own).filter(|n| {
        let all = n.checked_mul(runs);
        all.is_some_and(|all| all <= most)
    });
    // What is exact is worth its runs.
    let bases = n_own.unwrap_or(1);
    let choice = (CHOICES * CHOSEN_BY) as u64;
    subject.most = (subject.runs + bases * runs + choice + 1).min(subject.affordable);
    let mut found: Vec<Vec<(f64, f64)>> = vec![Vec::new(); records.len()];
    for base in 0..bases {
        let mut inputs = match n_own {
            Some(_) => subject.draw(rng),
            None => chosen(subject, coalition, (MOST_VALUES, rng.draw()), rng),
        };
        if n_own.is_some() {
            set_values(subject, &own, base, &mut inputs);
        }
        let mut seen: Vec<(Vec<Vec<i128>>, View)> = Vec::new();
        for run in 0..runs {
            if !subject.may_run() {
                return None;
            }
            subject.set_draws(&mut inputs, run % draws);
            set_values(subject, &honest, run / draws, &mut inputs);
            let value = |record: &usize| {
                let cells = subject.records[*record].cells.iter();
                let used = |cell: &&super::subject::Cell| {
                    subject.unused.is_used(&inputs, cell.leaf, cell.lane)
                };
                cells.filter(used).map(|cell| cell.get(&inputs)).collect()
            };
            let values = records.iter().map(value).collect();
            seen.push((values, subject.view(&inputs, coalition)));
        }
        for (at, found) in found.iter_mut().enumerate() {
            let pairs = seen.iter().map(|(values, view)| (values[at].clone(), view));
            let pairs: Vec<Pair<'_>> = pairs.collect();
            found.push(information(&joint(&pairs), runs, true));
        }
    }
    let bits = |found: &Vec<(f64, f64)>| Bits {
        learned: found.iter().map(|f| f.0).fold(0.0, f64::max),
        of: found.first().map_or(0.0, |f| f.1),
        error: 0.0,
        exhaustive: true,
        exact: n_own.is_some(),
        coarse: false,
    };
    Some(found.iter().map(bits).collect())
}

/// How many values all numbers of some records have together.
fn n_values(subject: &Subject<'_>, records: &[usize]) -> Option<u64> {
    let cells = records.iter().flat_map(|r| &subject.records[*r].cells);
    cells.into_iter().try_fold(1u64, |all, cell| {
        let span = u64::try_from(cell.hi.checked_sub(cell.lo)?).ok()?;
        all.checked_mul(span.checked_add(1)?)
    })
}

/// Gives some records the values of one combination.
fn set_values(subject: &Subject<'_>, records: &[usize], mut code: u64, inputs: &mut Inputs) {
    for cell in records.iter().flat_map(|r| &subject.records[*r].cells) {
        let n = (cell.hi - cell.lo) as u64 + 1;
        cell.set(inputs, cell.lo + i128::from(code % n));
        code /= n;
    }
}

/// Whether for other values of a record a change of some words of draws, which is the same whatever was drawn, leaves the view as it was.
fn is_hidden(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    record: usize,
    k: u64,
    rng: &mut SplitMix,
) -> bool {
    let words: Vec<(usize, usize)> = (subject.draws.iter())
        .flat_map(|&leaf| (0..subject.ir.inputs[leaf].lanes as usize).map(move |lane| (leaf, lane)))
        .collect();
    if words.is_empty() || words.len() > DRAWN_WORDS {
        return false;
    }
    (0..SHIFTS).all(|_| {
        let start = rng.draw();
        let base = subject.draw(rng);
        let mut other = base.clone();
        assign(subject, record, rng.below(k), k, start, &mut other);
        let Some(shifts) = shifts(subject, coalition, (&base, &other), &words) else {
            return false;
        };
        (0..SHIFTED).all(|_| {
            let drawn = subject.with_other_draws(&base, rng);
            let mut shifted = other.clone();
            for &(leaf, lane) in &words {
                shifted[leaf][lane] = drawn[leaf][lane];
            }
            for shift in &shifts {
                shift.apply(subject, &mut shifted);
            }
            let seen = subject.view(&drawn, coalition);
            subject.may_run() && subject.view(&shifted, coalition) == seen
        })
    })
}

/// A change of a word of a draw.
struct Shift {
    word: (usize, usize),
    flips: Word,
    adds: Word,
}

impl Shift {
    fn apply(&self, subject: &Subject<'_>, inputs: &mut Inputs) {
        let (leaf, lane) = self.word;
        let scalar = subject.ir.inputs[leaf].scalar;
        let word = &mut inputs[leaf][lane];
        *word = scalar.wrap((*word ^ self.flips).wrapping_add(self.adds));
    }
}

/// Changes of draws that make the view of the second inputs that of the first.
fn shifts(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    (base, other): (&Inputs, &Inputs),
    words: &[(usize, usize)],
) -> Option<Vec<Shift>> {
    let wanted = subject.view(base, coalition);
    let mut inputs = other.clone();
    let mut found = Vec::new();
    let mut left = words.to_vec();
    loop {
        let seen = subject.view(&inputs, coalition);
        let items = differences(&wanted, &seen);
        let Some(first) = items.first() else {
            return Some(found);
        };
        let word = |view: &View| view.iter().find(|(i, _)| i == first).map(|(_, w)| *w);
        let (to, from) = (word(&wanted)?, word(&seen)?);
        let one = |place: (usize, usize)| {
            [
                (to ^ from, 0),
                (0, to.wrapping_sub(from)),
                (0, from.wrapping_sub(to)),
            ]
            .map(|(flips, adds)| Shift {
                word: place,
                flips,
                adds,
            })
        };
        let mut tries = left.iter().copied().flat_map(one);
        let shift = tries.find(|shift| {
            let mut shifted = inputs.clone();
            shift.apply(subject, &mut shifted);
            let now = differences(&wanted, &subject.view(&shifted, coalition));
            now.len() < items.len() && !now.contains(first)
        })?;
        shift.apply(subject, &mut inputs);
        left.retain(|place| *place != shift.word);
        found.push(shift);
    }
}

/// Views in which each number is only its class by size, of a few classes with as many views each; none where views have many numbers.
fn in_classes(subject: &Subject<'_>, views: &[View]) -> Option<Vec<View>> {
    let first = views.first()?;
    let same = |view: &View| view.len() == first.len();
    let n = match first.len() {
        1 => 16,
        2 => 5,
        3 | 4 => 3,
        _ => return None,
    };
    if !views.iter().all(same) {
        return None;
    }
    let mut classes = views.to_vec();
    for at in 0..first.len() {
        let number = |view: &View| subject.number(view[at].0, view[at].1);
        let mut all: Vec<f64> = views.iter().map(number).collect();
        all.sort_by(f64::total_cmp);
        let ends: Vec<f64> = (1..n).map(|k| all[all.len() * k / n]).collect();
        for view in &mut classes {
            let number = number(view);
            view[at].1 = ends.iter().filter(|end| **end <= number).count() as Word;
        }
    }
    Some(classes)
}

/// A record's values and a view of them.
type Pair<'a> = (Vec<i128>, &'a View);

/// What the repetitions gave for one record.
#[derive(Clone, Default)]
struct Figures {
    learned: Vec<f64>,
    chance: f64,
    coarse: bool,
    of: f64,
}

/// Gives a record its `t`-th value of `k`: each cell one of `k` values spread over its range, the same ones for cells that are alike.
fn assign(subject: &Subject<'_>, record: usize, t: u64, k: u64, start: u64, inputs: &mut Inputs) {
    for cell in &subject.records[record].cells {
        let span = cell.hi.wrapping_sub(cell.lo) as u128;
        let values = u128::from(k).min(span.saturating_add(1)).max(1);
        // Cells with the same path take the same turn; others another one, so that a record's numbers do not all grow together.
        let turn = u128::from(start >> (cell.leaf_turn() % 61)) % values;
        let step = span / (values - 1).max(1);
        let offset = (u128::from(t) + turn) % values * step;
        cell.set(inputs, cell.lo.wrapping_add(offset.min(span) as i128));
    }
}

fn joint<'a>(pairs: &[Pair<'a>]) -> SortedMap<Pair<'a>, u64> {
    let mut joint = SortedMap::new();
    for pair in pairs {
        *joint.entry(pair.clone()).or_default() += 1;
    }
    joint
}

/// The mutual information of a joint table, and the entropy of its first coordinate, in bits.
fn information(joint: &SortedMap<Pair<'_>, u64>, total: u64, exact: bool) -> (f64, f64) {
    let mut values: SortedMap<&[i128], u64> = SortedMap::new();
    let mut views: SortedMap<&View, u64> = SortedMap::new();
    for ((value, view), n) in joint {
        *values.entry(value.as_slice()).or_default() += n;
        *views.entry(view).or_default() += n;
    }
    let (hx, nx) = entropy(&mut values.values().copied(), total);
    let (hv, nv) = entropy(&mut views.values().copied(), total);
    let (hxv, nxv) = entropy(&mut joint.values().copied(), total);
    let plain = hx + hv - hxv;
    let bias = (nxv as f64 - nx as f64 - nv as f64 + 1.0) / (2.0 * total as f64) / f64::ln(2.0);
    (if exact { plain } else { plain - bias }, hx)
}

/// The entropy of what was counted, and how many there were.
fn entropy(counts: &mut dyn Iterator<Item = u64>, total: u64) -> (f64, usize) {
    let mut h = 0.0;
    let mut cells = 0;
    for n in counts {
        let p = n as f64 / total as f64;
        h -= p * p.log2();
        cells += 1;
    }
    (h, cells)
}
