//! How many bits a view tells of a record: the mutual information of the two, when every record is one of a few values.
//!
//! Each record has one of `k` values that are spread evenly over its range, all equally likely, and the coalition's own
//! inputs are fixed. With few records all combinations are run, and the number is exact for these values; with many,
//! combinations are drawn, and the estimate carries the bias correction of Miller and Madow (1955). Both are repeated with
//! other values; the spread of the results is the error that is stated.
//!
//! What is told is told by the distribution of a view over draws, and never by one draw: each combination is run with all draws
//! where these have few bits, and else with other draws each time. What such a sample would tell if views did not depend on the record
//! at all (its values put to the views in another order) is taken off, and is part of the error: where views are hardly ever equal,
//! a sample tells nothing, and the stated error is as large as what there is to learn.

use super::subject::{Inputs, Item, Subject, View};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;

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
}

/// The bits that a view, or some numbers of it, tell of each of some honest records; nothing where there are not enough runs.
pub(super) fn bits(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    records: &[usize],
    part: Option<&SortedSet<Item>>,
    rng: &mut SplitMix,
) -> Vec<Bits> {
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
    for _ in 0..REPEATS {
        if !subject.may_run() {
            return Vec::new();
        }
        let base = subject.draw(rng);
        let start = rng.draw();
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
                let views = pairs.iter().map(|(_, view)| *view);
                let unrelated: Vec<Pair<'_>> = values.into_iter().zip(views).collect();
                let (by_chance, _) = information(&joint(&unrelated), runs, true);
                (learned, _) = information(&joint(&pairs), runs, true);
                learned -= by_chance;
                figures.chance = figures.chance.max(by_chance);
            }
            figures.learned.push(learned.clamp(0.0, there));
        }
    }
    let of_one = |figures: &Figures| {
        let mean = figures.learned.iter().sum::<f64>() / REPEATS as f64;
        let spread = figures.learned.iter().map(|x| (x - mean).powi(2));
        let error = (spread.sum::<f64>() / (REPEATS - 1) as f64 / REPEATS as f64).sqrt();
        Bits {
            learned: mean,
            of: figures.of,
            error: (error + figures.chance).min(figures.of),
            exhaustive,
        }
    };
    figures.iter().map(of_one).collect()
}

/// A record's values and a view of them.
type Pair<'a> = (Vec<i128>, &'a View);

/// What the repetitions gave for one record.
#[derive(Clone, Default)]
struct Figures {
    learned: Vec<f64>,
    chance: f64,
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
    let entropy = |counts: &mut dyn Iterator<Item = u64>| -> (f64, usize) {
        let mut h = 0.0;
        let mut cells = 0;
        for n in counts {
            let p = n as f64 / total as f64;
            h -= p * p.log2();
            cells += 1;
        }
        (h, cells)
    };
    let (hx, nx) = entropy(&mut values.values().copied());
    let (hv, nv) = entropy(&mut views.values().copied());
    let (hxv, nxv) = entropy(&mut joint.values().copied());
    let plain = hx + hv - hxv;
    let bias = (nxv as f64 - nx as f64 - nv as f64 + 1.0) / (2.0 * total as f64) / f64::ln(2.0);
    (if exact { plain } else { plain - bias }, hx)
}
