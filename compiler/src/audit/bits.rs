//! How many bits a view tells of a record: the mutual information of the two, when every record is one of a few values.
//!
//! Each record has one of `k` values that are spread evenly over its range, all equally likely, and the coalition's own
//! inputs are fixed. With few records all combinations are run, and the number is exact for these values; with many,
//! combinations are drawn, and the estimate carries the bias correction of Miller and Madow (1955). Both are repeated with
//! other values; the spread of the results is the error that is stated.

use super::subject::{Inputs, Subject, View};
use smpcc_circuit::splitmix::SplitMix;
use std::collections::BTreeMap;

/// Combinations that are run for one figure.
const COMBINATIONS: u64 = 1024;

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
    /// The standard error of the repetitions.
    pub error: f64,
    /// Whether all combinations of the values were run.
    pub exhaustive: bool,
}

/// The bits of one honest record.
pub(super) fn bits(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    record: usize,
    rng: &mut SplitMix,
) -> Option<Bits> {
    let honest: Vec<usize> = (0..subject.records.len())
        .filter(|r| !coalition.contains(&subject.records[*r].party))
        .collect();
    let n = honest.len() as u32;
    let k = (2..=MOST_VALUES)
        .rev()
        .find(|k| k.checked_pow(n).is_some_and(|all| all <= COMBINATIONS));
    let exhaustive = k.is_some();
    let k = k.unwrap_or(4);
    let mut results = Vec::new();
    let mut of = 0.0;
    for _ in 0..REPEATS {
        if !subject.may_run() {
            return None;
        }
        let base = subject.draw(rng);
        let start = rng.draw();
        let mut joint: BTreeMap<(Vec<i128>, View), u64> = BTreeMap::new();
        let runs = match exhaustive {
            true => k.pow(n),
            false => COMBINATIONS,
        };
        for run in 0..runs {
            let mut inputs = base.clone();
            let mut code = run;
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
            let cells = &subject.records[record].cells;
            let value: Vec<i128> = cells.iter().map(|cell| cell.get(&inputs)).collect();
            let view = subject.view(&inputs, coalition);
            *joint.entry((value, view)).or_default() += 1;
        }
        let (learned, there) = information(&joint, runs, exhaustive);
        of = there;
        results.push(learned.clamp(0.0, there));
    }
    let mean = results.iter().sum::<f64>() / REPEATS as f64;
    let spread: f64 = results.iter().map(|x| (x - mean).powi(2)).sum();
    let error = (spread / (REPEATS - 1) as f64 / REPEATS as f64).sqrt();
    Some(Bits {
        learned: mean,
        of,
        error,
        exhaustive,
    })
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

/// The mutual information of a joint table, and the entropy of its first coordinate, in bits.
fn information(joint: &BTreeMap<(Vec<i128>, View), u64>, total: u64, exact: bool) -> (f64, f64) {
    let mut values: BTreeMap<&[i128], u64> = BTreeMap::new();
    let mut views: BTreeMap<&View, u64> = BTreeMap::new();
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
