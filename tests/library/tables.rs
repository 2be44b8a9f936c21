//! `std::table`: groups, joins and pivots of random tables, keys repeated and missing.

use super::{agrees, integer};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Scalar, Word};
use std::collections::BTreeMap;

/// A table of keys below `keys` and signed values of 16 bits, as two columns.
fn table(random: &mut SplitMix, len: usize, keys: u64) -> Vec<Vec<Word>> {
    let key = (0..len).map(|_| Word::from(random.below(keys))).collect();
    let value = (0..len)
        .map(|_| match random.below(4) {
            0 => 0x8000,
            1 => 0x7fff,
            _ => random.word() & 0xffff,
        })
        .collect();
    vec![key, value]
}

/// The rows of both tables.
fn rows(tables: &[Vec<Vec<Word>>]) -> Vec<(i128, i128)> {
    (tables.iter())
        .flat_map(|t| t[0].iter().zip(&t[1]))
        .map(|(&k, &v)| (k as i128, integer(Scalar::signed(16), v)))
        .collect()
}

fn groups(rows: &[(i128, i128)]) -> BTreeMap<i128, Vec<i128>> {
    let mut groups: BTreeMap<i128, Vec<i128>> = BTreeMap::new();
    for &(key, value) in rows {
        groups.entry(key).or_default().push(value);
    }
    groups
}

#[test]
fn groups_by_number_and_by_key() {
    let text = "use std::table::{Group, group_by, group_by_key, suppress};
fn main(k: [secret u8; _] from each, v: [secret i16; _] from each) -> ([u32; 5], [i64; 5], [i16; 5], [i16; 5], [i16; 5], [bool; 5], [u8; _], [u32; _], [i64; _], [bool; _]) {
    let rows = k.flatten().zip(v.flatten());
    let few: [secret Group<i16, i64>; 5] = group_by(rows, |r| r.0, |r| r.1);
    let many = group_by_key(rows, |r| r.0, |r| r.1);
    let counts = few.map(|g| g.count);
    // What `0 / 0` is stays out of this.
    let means = few.map(|g| if g.count > 0 { g.mean } else { 0 });
    (
        counts, few.map(|g| g.sum), means, few.map(|g| g.min), few.map(|g| g.max), suppress(few, 2).map(|g| g.kept),
        many.map(|g| g.row.key), many.map(|g| g.row.count), many.map(|g| g.row.sum), many.map(|g| g.kept),
    )
}";
    let mut random = SplitMix::new(6);
    for (n, m) in [(1, 0), (9, 5)] {
        let tables = [n, m].map(|len| table(&mut random, len, 7));
        let groups = groups(&rows(&tables));
        let by_number = |f: &dyn Fn(&Vec<i128>) -> i128| -> Vec<i128> {
            (0..5).map(|g| groups.get(&g).map_or(0, f)).collect()
        };
        let by_key = |f: &dyn Fn(i128, &Vec<i128>) -> i128| -> Vec<i128> {
            let mut all: Vec<i128> = groups.iter().map(|(&k, g)| f(k, g)).collect();
            all.resize(n + m, 0);
            all
        };
        let len = |g: &Vec<i128>| g.len() as i128;
        let sum = |g: &Vec<i128>| g.iter().sum::<i128>();
        let expected = [
            by_number(&len),
            by_number(&sum),
            by_number(&|g| sum(g) / len(g)),
            by_number(&|g| *g.iter().min().expect("a row")),
            by_number(&|g| *g.iter().max().expect("a row")),
            by_number(&|g| i128::from(g.len() >= 2)),
            by_key(&|k, _| k),
            by_key(&|_, g| len(g)),
            by_key(&|_, g| sum(g)),
            by_key(&|_, _| 1),
        ];
        agrees(text, &["k", "v"], tables, &expected);
    }
}

#[test]
fn joins_and_filters() {
    let text = "use std::table::{join, left_join, join_unique, compact, filter, distinct, count_kept, Kept};
use std::sort::sort_by_key;
fn main(k: [secret u8; _] from each, v: [secret i16; _] from each) -> ([u8; _], [i16; _], [i16; _], u32, i64, i64, [u8; _], [i16; _]) {
    let left = k[0].zip(v[0]);
    let right = k[1].zip(v[1]);
    let both = join(left, right, |r| r.0, |r| r.0);
    // Rows with equal keys come out in an order of their own.
    let rows = both.map(|r| Kept { kept: r.kept, row: (r.left.0, r.left.1, r.right.1) });
    let kept = compact(sort_by_key(sort_by_key(rows, |r| r.row.1), |r| r.row.0));
    let mut alone: secret i64 = 0;
    let mut n: secret u32 = 0;
    for r in left_join(left, right, |r| r.0, |r| r.0) {
        if r.kept && !r.matched { alone += r.left.1 as i64; n += 1; }
    }
    let firsts = compact(distinct(left, |r| r.0));
    let mut products: secret i64 = 0;
    for r in join_unique(firsts[0..min(firsts.len(), 1)], right, |r| r.row.0, |r| r.0) {
        products += r.left.row.1 as i64 * r.right.1 as i64;
    }
    let high = compact(filter(left, |r| r.1 > 5));
    (kept.map(|r| r.row.0), kept.map(|r| r.row.1), kept.map(|r| r.row.2), count_kept(firsts), alone, products, high.map(|r| r.row.0), firsts.map(|r| r.row.1))
}";
    let mut random = SplitMix::new(7);
    for (n, m) in [(1, 1), (10, 4), (3, 0)] {
        let left = table(&mut random, n, 6);
        let mut right = table(&mut random, m, 6);
        // Keys of the second table are distinct.
        right[0] = (0..m as Word).map(|i| (i * 5 + 2) % 6).collect();
        let (rows_left, rows_right) = (
            rows(std::slice::from_ref(&left)),
            rows(std::slice::from_ref(&right)),
        );
        let found: BTreeMap<i128, i128> = rows_right.iter().copied().collect();
        let mut sorted = rows_left.clone();
        sorted.sort_by_key(|r| r.0);
        let mut matched: Vec<(i128, i128)> = sorted.clone();
        matched.sort();
        matched.retain(|r| found.contains_key(&r.0));
        let alone: i128 = (rows_left.iter().filter(|r| !found.contains_key(&r.0)))
            .map(|r| r.1)
            .sum();
        let mut firsts: Vec<(i128, i128)> = sorted.clone();
        firsts.dedup_by_key(|r| r.0);
        let product = (firsts.first()).map_or(0, |r| r.1 * found.get(&r.0).unwrap_or(&0));
        let padded = |mut list: Vec<i128>, len: usize| {
            list.resize(len, 0);
            list
        };
        let expected = [
            padded(matched.iter().map(|r| r.0).collect(), n + m),
            padded(matched.iter().map(|r| r.1).collect(), n + m),
            padded(matched.iter().map(|r| found[&r.0]).collect(), n + m),
            vec![firsts.len() as i128],
            vec![alone],
            vec![product],
            padded(
                rows_left.iter().filter(|r| r.1 > 5).map(|r| r.0).collect(),
                n,
            ),
            padded(firsts.iter().map(|r| r.1).collect(), n),
        ];
        agrees(text, &["k", "v"], [left, right], &expected);
    }
}

#[test]
fn pivots() {
    let text = "use std::table::pivot;
fn main(k: [secret u8; _] from each, v: [secret i16; _] from each) -> [[i64; 2]; 3] {
    pivot(k.flatten().zip(v.flatten()), |r| r.0, |r| r.1 & 1, |r| r.1)
}";
    let mut random = SplitMix::new(8);
    let tables = [12, 9].map(|len| table(&mut random, len, 4));
    let mut sums = vec![0; 6];
    for (key, value) in rows(&tables).into_iter().filter(|r| r.0 < 3) {
        sums[(key * 2 + (value & 1)) as usize] += value;
    }
    agrees(text, &["k", "v"], tables, &[sums]);
}
