//! `std::vote`, `std::auction`, `std::text` and `std::linear` against what their definitions say.

use super::{agrees, elements, integer};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Scalar, Word};

fn numbers(random: &mut SplitMix, len: usize, below: u64) -> Vec<Word> {
    (0..len).map(|_| Word::from(random.below(below))).collect()
}

fn both(lists: &[Vec<Word>; 2]) -> Vec<i128> {
    lists.iter().flatten().map(|&w| w as i128).collect()
}

fn first_largest(of: &[i128]) -> i128 {
    let top = of.iter().max().expect("some");
    of.iter().position(|x| x == top).expect("it is there") as i128
}

const C: usize = 4;

/// Candidates that a ballot lists; none if it lists one twice.
fn listed(ballot: &[i128]) -> Option<Vec<usize>> {
    let list: Vec<usize> = (ballot.iter())
        .filter(|&&c| c < C as i128)
        .map(|&c| c as usize)
        .collect();
    let twice = (1..list.len()).any(|i| list[..i].contains(&list[i]));
    (!twice).then_some(list)
}

#[test]
fn elections() {
    let text = "use std::vote::{Count, plurality, borda, instant_runoff};
fn main(a: [secret u3; _] from each, b: [secret u3; _] from each, c: [secret u3; _] from each, d: [secret u3; _] from each) -> ([u32; 4], u32, u32, [u32; 4], u32, u32, u32, [u32; 4]) {
    let first: secret Count<4> = plurality(a.flatten());
    let ballots = a.flatten().zip(b.flatten()).zip(c.flatten().zip(d.flatten())).map(|(x, y)| [x.0, x.1, y.0, y.1]);
    let points = borda(ballots);
    let run = instant_runoff(ballots);
    (first.votes, first.valid, first.winner, points.votes, points.valid, points.winner, run.winner, run.out)
}";
    let mut random = SplitMix::new(9);
    for (n, m) in [(1, 0), (6, 10)] {
        // A column for each place on a ballot.
        let columns = [n, m].map(|len| -> Vec<Vec<Word>> {
            (0..C).map(|_| numbers(&mut random, len, 8)).collect()
        });
        let all: Vec<i128> = (columns.iter())
            .flat_map(|of| {
                (0..of[0].len()).flat_map(move |i| (0..C).map(move |k| of[k][i] as i128))
            })
            .collect();
        let firsts: Vec<i128> = all.iter().step_by(C).copied().collect();
        let votes: Vec<i128> = (0..C as i128)
            .map(|c| firsts.iter().filter(|&&x| x == c).count() as i128)
            .collect();
        let valid: Vec<Vec<usize>> = all.chunks(C).filter_map(listed).collect();
        // A blank takes its place.
        let mut points = vec![0i128; C];
        for ballot in all.chunks(C).filter(|b| listed(b).is_some()) {
            for (k, &c) in ballot.iter().enumerate().filter(|(_, c)| **c < C as i128) {
                points[c as usize] += (C - 1 - k) as i128;
            }
        }
        let mut out = vec![0i128; C];
        for round in 1..C {
            let mut count = [0i128; C];
            for ballot in &valid {
                if let Some(&c) = ballot.iter().find(|&&c| out[c] == 0) {
                    count[c] += 1;
                }
            }
            let loser = (0..C)
                .filter(|&c| out[c] == 0)
                .min_by_key(|&c| count[c])
                .expect("one is in");
            out[loser] = round as i128;
        }
        let winner = out.iter().position(|&o| o == 0).expect("one is in") as i128;
        let expected = [
            votes.clone(),
            vec![votes.iter().sum()],
            vec![first_largest(&votes)],
            points.clone(),
            vec![valid.len() as i128],
            vec![first_largest(&points)],
            vec![winner],
            out,
        ];
        agrees(text, &["a", "b", "c", "d"], columns, &expected);
    }
}

#[test]
fn auctions() {
    let text = "use std::auction::{second_price, uniform_price, double_auction};
fn main(x: [secret u4; _] from each) -> (bool, u32, u4, [bool; _], u4, u32, u4, u4) {
    let bids = x.flatten();
    let one = second_price(bids, 3);
    let three = uniform_price(bids, 3, 2);
    let both = double_auction(x[0], x[1]);
    (one.sold, one.winner, one.price, three.wins, three.price, both.units, both.bid, both.ask)
}";
    let mut random = SplitMix::new(10);
    for (n, m) in [(1, 1), (2, 1), (6, 7), (5, 3)] {
        let lists = [n, m].map(|len| numbers(&mut random, len, 16));
        let bids = both(&lists);
        let (len, winner) = (bids.len(), first_largest(&bids) as usize);
        let sold = bids[winner] >= 3;
        let others = (0..len).filter(|&i| i != winner).map(|i| bids[i]).max();
        let price = others.filter(|_| sold).unwrap_or(3).max(3);
        let mut order: Vec<usize> = (0..len).collect();
        order.sort_by_key(|&i| (-bids[i], i));
        let wins = (0..len)
            .map(|i| i128::from(order[..len.min(3)].contains(&i) && bids[i] >= 2))
            .collect();
        let uniform = order.get(3).map_or(2, |&i| bids[i]).max(2);
        let mut wanted: Vec<i128> = lists[0].iter().map(|&w| w as i128).collect();
        let mut offered: Vec<i128> = lists[1].iter().map(|&w| w as i128).collect();
        wanted.sort_by_key(|&b| -b);
        offered.sort();
        let units = wanted
            .iter()
            .zip(&offered)
            .take_while(|(b, a)| b >= a)
            .count();
        let at = |list: &[i128]| if units > 0 { list[units - 1] } else { 0 };
        let expected = [
            vec![i128::from(sold)],
            vec![if sold { winner as i128 } else { 0 }],
            vec![price],
            wins,
            vec![uniform],
            vec![units as i128],
            vec![at(&wanted)],
            vec![at(&offered)],
        ];
        agrees(text, &["x"], lists.map(|list| vec![list]), &expected);
    }
}

fn distance(a: &[Word], b: &[Word]) -> i128 {
    let mut row: Vec<i128> = (0..=b.len() as i128).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i as i128 + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = corner + i128::from(x != y);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[test]
fn texts() {
    let text = "use std::text::{edit_distance, hamming, equal, starts_with};
fn main(x: [secret u2; _] from each) -> (u32, u32, bool, bool) {
    let n = min(x[0].len(), x[1].len());
    (edit_distance(x[0], x[1]), hamming(x[0][0..n], x[1][0..n]), equal(x[0][0..n], x[1][0..n]), starts_with(x[0], x[1]))
}";
    let mut random = SplitMix::new(11);
    for (n, m) in [(1, 1), (5, 5), (12, 7), (3, 9), (4, 0)] {
        let lists = [n, m].map(|len| numbers(&mut random, len, 3));
        let (a, b) = (&lists[0], &lists[1]);
        let differ = a.iter().zip(b).filter(|(x, y)| x != y).count() as i128;
        let expected = [
            distance(a, b),
            differ,
            i128::from(differ == 0),
            i128::from(a.starts_with(b)),
        ];
        agrees(
            text,
            &["x"],
            lists.map(|list| vec![list]),
            &expected.map(|e| vec![e]),
        );
    }
}

/// Σ aᵢ·bᵢ of so many bits behind the point, rounded once to nearest, ties up. What 128 bits do not hold is above what counts.
fn dot(a: impl Iterator<Item = i128>, b: impl Iterator<Item = i128>, frac: u32) -> i128 {
    let sum = (a.zip(b)).fold(0i128, |sum, (x, y)| sum.wrapping_add(x.wrapping_mul(y)));
    sum.wrapping_add(1 << frac >> 1) >> frac
}

#[test]
fn matrices_of_fixed_point_numbers() {
    let mut random = SplitMix::new(15);
    // The last is worked on in parts, and its numbers are such that sums of products have fewer than 128 bits.
    for (width, frac, bits) in [
        (16, 8, 16),
        (32, 31, 32),
        (64, 32, 64),
        (72, 40, 72),
        (100, 50, 60),
    ] {
        let text = format!(
            "use std::linear::{{apply, dot, product}};
fn main(x: [secret fixed<{width}, {frac}>; _] from each) -> ([[fixed<{width}, {frac}>; 4]; 2], [fixed<{width}, {frac}>; 2], fixed<{width}, {frac}>) {{
    let a = [[x[0][0], x[0][1], x[0][2]], [x[0][3], x[0][4], x[0][5]]];
    let mut b: [[secret fixed<{width}, {frac}>; 4]; 3] = [[0; 4]; 3];
    for i in 0..12 {{ b[i / 4][i % 4] = x[1][i]; }}
    (product(a, b), apply(a, [x[1][0], x[1][1], x[1][2]]), dot(x[0], x[1][0..6]))
}}"
        );
        let scalar = Scalar::signed(width);
        let lists = [6, 12].map(|len| -> Vec<Word> {
            let some = elements(&mut random, Scalar::signed(bits), len);
            let whole = some.iter().map(|&w| integer(Scalar::signed(bits), w));
            whole.map(|v| scalar.wrap(v as Word)).collect()
        });
        let [a, b] = lists
            .clone()
            .map(|list| -> Vec<i128> { list.iter().map(|&w| integer(scalar, w)).collect() });
        let at = |v: i128| integer(scalar, v as Word);
        let row = |i: usize| a[3 * i..3 * i + 3].iter().copied();
        let column = |j: usize| b.iter().copied().skip(j).step_by(4);
        let expected = [
            (0..8)
                .map(|k| at(dot(row(k / 4), column(k % 4), frac)))
                .collect(),
            (0..2)
                .map(|i| at(dot(row(i), b.iter().copied(), frac)))
                .collect(),
            vec![at(dot(a.iter().copied(), b.iter().copied(), frac))],
        ];
        agrees(&text, &["x"], lists.map(|list| vec![list]), &expected);
    }
}

#[test]
fn matrices_of_floats() {
    let text = "use std::linear::{apply, dot, product};
fn main(x: [secret f64; _] from each) -> ([[f64; 1]; 1], [f64; 1], f64) {
    (product([x[0]], x[1].map(|y| [y])), apply([x[0]], x[1]), dot(x[0], x[1]))
}";
    let mut random = SplitMix::new(16);
    let lists = [5, 5].map(|len| -> Vec<f64> {
        (0..len)
            .map(|_| f64::from(random.word() as i32) * 0.7)
            .collect()
    });
    let p: Vec<f64> = (lists[0].iter().zip(&lists[1]))
        .map(|(x, y)| x * y)
        .collect();
    let sum = i128::from((((p[0] + p[1]) + (p[2] + p[3])) + p[4]).to_bits());
    let given = lists.map(|list| vec![list.iter().map(|x| Word::from(x.to_bits())).collect()]);
    agrees(text, &["x"], given, &[vec![sum], vec![sum], vec![sum]]);
}

#[test]
fn matrices() {
    let text = "use std::linear::{product, transpose, dot};
fn main(x: [secret i8; _] from each) -> ([[i64; 3]; 3], i64) {
    let mut a: [[secret i8; 2]; 3] = [[0; 2]; 3];
    for i in 0..6 { a[i / 2][i % 2] = x[0][i]; }
    (product(a, transpose(a)), dot(x[0], x[1]))
}";
    let mut random = SplitMix::new(12);
    let lists = [6, 6].map(|len| numbers(&mut random, len, 256));
    let [a, b] = [0, 1].map(|i: usize| -> Vec<i128> {
        lists[i]
            .iter()
            .map(|&w| i128::from(w as u8 as i8))
            .collect()
    });
    let gram = (0..9)
        .map(|at| (0..2).map(|k| a[at / 3 * 2 + k] * a[at % 3 * 2 + k]).sum())
        .collect();
    let dot = a.iter().zip(&b).map(|(x, y)| x * y).sum();
    agrees(
        text,
        &["x"],
        lists.map(|list| vec![list]),
        &[gram, vec![dot]],
    );
}
