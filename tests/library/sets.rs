//! `std::sort` and `std::set`: lists of every length, with equal keys and distinct payloads.

use super::{agrees, compiled, elements, integer, settings};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::value::{Scalar, Word};
use smpcc_compiler::session::ProtocolChoice;
use std::collections::BTreeSet;

const LENS: [(usize, usize); 6] = [(1, 1), (3, 0), (4, 4), (7, 2), (2, 9), (13, 12)];

#[test]
fn rows_by_key_are_stable() {
    let text = "use std::sort::sort_by_key;
struct Row { key: i5, number: u8, pair: [u8; 2] }
fn main(x: [secret i5; _] from each) -> ([u8; _], [[u8; 2]; _]) {
    let all = x.flatten();
    let rows = all.enumerate().map(|(i, key)| Row { key, number: i as u8, pair: [i as u8 + 100, i as u8 + 200] });
    let sorted = sort_by_key(rows, |r| r.key);
    (sorted.map(|r| r.number), sorted.map(|r| r.pair))
}";
    let scalar = Scalar::signed(5);
    let mut random = SplitMix::new(1);
    for (n, m) in LENS {
        let lists = [n, m].map(|len| elements(&mut random, scalar, len));
        let keys: Vec<i128> = (lists.iter().flatten())
            .map(|&w| integer(scalar, w))
            .collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&i| keys[i]);
        let numbers = order.iter().map(|&i| i as i128).collect();
        let pairs = (order
            .iter()
            .flat_map(|&i| [i as i128 + 100, (i as i128 + 200) & 255]))
        .collect();
        agrees(
            text,
            &["x"],
            lists.map(|list| vec![list]),
            &[numbers, pairs],
        );
    }
}

#[test]
fn merges_are_merges() {
    let text = "use std::sort::{sort, merge};
fn main(x: [secret i9; _] from each) -> [i9; _] { merge(sort(x[0]), sort(x[1])) }";
    let scalar = Scalar::signed(9);
    let mut random = SplitMix::new(2);
    for (n, m) in LENS {
        let lists = [n, m].map(|len| elements(&mut random, scalar, len));
        let mut all: Vec<i128> = (lists.iter().flatten())
            .map(|&w| integer(scalar, w))
            .collect();
        all.sort();
        agrees(text, &["x"], lists.map(|list| vec![list]), &[all]);
    }
}

#[test]
fn sets_are_sets() {
    let text = "use std::set::{intersection_size, union_size, difference_size, intersection_sum, distinct_size, distinct};
fn main(x: [secret u7; _] from each, v: [secret u32; _] from each) -> (u32, u32, u32, u32, u64, u32, u32) {
    let rows = x[1].zip(v[1]);
    let both = intersection_sum(x[0], rows, |r| r.0, |r| r.1);
    let mut kept: secret u32 = 0;
    for e in distinct(x.flatten()) { if e.kept { kept += 1; } }
    (intersection_size(x[0], x[1]), union_size(x[0], x[1]), difference_size(x[0], x[1]), both.count, both.total, distinct_size(x.flatten()), kept)
}";
    let mut random = SplitMix::new(3);
    for (n, m) in LENS {
        // Distinct elements, in no order.
        let mut list = |len: usize| {
            let mut seen = BTreeSet::new();
            let mut list: Vec<Word> = Vec::new();
            while list.len() < len {
                let x = Word::from(random.below(40));
                if seen.insert(x) {
                    list.push(x);
                }
            }
            list
        };
        let (x, y) = (list(n), list(m));
        let values: Vec<Word> = (0..m).map(|_| random.word() & 0xffff_ffff).collect();
        let common: Vec<usize> = (0..m).filter(|&i| x.contains(&y[i])).collect();
        let total: Word = common.iter().map(|&i| values[i]).sum();
        let both = common.len() as i128;
        let (n, m) = (n as i128, m as i128);
        let expected = [
            both,
            n + m - both,
            n - both,
            both,
            total as i128,
            n + m - both,
            n + m - both,
        ];
        let other = vec![0; x.len()];
        agrees(
            text,
            &["x", "v"],
            [vec![x, other], vec![y, values]],
            &expected.map(|e| vec![e]),
        );
    }
}

#[test]
fn elements_that_a_list_has_more_than_once_count_once() {
    let text = "use std::set::{intersection_size, union_size, difference_size, intersection_sum, distinct_size};
fn main(x: [secret u7; _] from each, v: [secret u32; _] from each) -> (u32, u32, u32, u32, u64, u32) {
    let both = intersection_sum(x[0], x[1].zip(v[1]), |r| r.0, |r| r.1);
    (intersection_size(x[0], x[1]), union_size(x[0], x[1]), difference_size(x[0], x[1]), both.count, both.total, distinct_size(x.flatten()))
}";
    let mut random = SplitMix::new(9);
    for (n, m) in LENS {
        let mut list =
            |len: usize| -> Vec<Word> { (0..len).map(|_| Word::from(random.below(6))).collect() };
        let (x, y) = (list(n), list(m));
        let values: Vec<Word> = (0..m).map(|_| random.word() & 0xffff_ffff).collect();
        let (left, right): (BTreeSet<Word>, BTreeSet<Word>) =
            (x.iter().copied().collect(), y.iter().copied().collect());
        let total: Word = (y.iter().zip(&values))
            .filter(|(key, _)| left.contains(key))
            .map(|(_, value)| value)
            .sum();
        let both = left.intersection(&right).count() as i128;
        let all = left.union(&right).count() as i128;
        let expected = [
            both,
            all,
            left.difference(&right).count() as i128,
            both,
            total as i128,
            all,
        ];
        let other = vec![0; x.len()];
        agrees(
            text,
            &["x", "v"],
            [vec![x, other], vec![y, values]],
            &expected.map(|e| vec![e]),
        );
    }
}

#[test]
fn who_gave_all_rows_sorts_them_alone() {
    let text = "use std::sort::sort_by_key;
fn main(x: [secret u32; _] from each) -> [u32; _] { sort_by_key(x[0].enumerate().map(|(i, v)| (v, i as u32)), |r| r.0).map(|r| r.1) }";
    for setting in settings() {
        for n in [2, 3, 5, 12, 100] {
            let program = compiled(text, &["x"], &[n], setting, ProtocolChoice::Auto);
            let totals = stats(&program, &Known::default()).totals;
            let found = (totals.and, totals.mul, totals.rounds);
            assert_eq!(found, (Some(0), Some(0), Some(1)), "{setting:?} {n}");
        }
    }
}

#[test]
fn columns_of_a_sort_are_as_wide_as_their_numbers() {
    let of = |key: &str, value: &str| {
        format!(
            "use std::sort::sort_by_key;
fn main(k: [secret {key}; _] from each, v: [secret {value}; _] from each) -> [u10; _] {{
    sort_by_key(k.flatten().zip(v.flatten()), |r| r.0).map(|r| r.1 as u10)
}}"
        )
    };
    for setting in settings() {
        let figures = |text: &str| {
            let program = compiled(text, &["k", "v"], &[20, 30], setting, ProtocolChoice::Auto);
            let totals = stats(&program, &Known::default()).totals;
            (totals.and, totals.mul, totals.rounds)
        };
        let narrow = figures(&of("u7", "u10"));
        assert_eq!(
            narrow,
            figures(&of("i32 in 0..=127", "u64 in 0..=1023")),
            "{setting:?}"
        );
        assert_ne!(narrow, figures(&of("i32", "u64")), "{setting:?}");
    }
}
