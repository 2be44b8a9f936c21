//! Shuffles: the rows that come out are those that went in, in an order that is as likely as any other.

use std::collections::BTreeMap;

use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Op;
use smpcc_circuit::value::Word;

use super::views::assert_even;
use super::{B, P, Setting, one_of_each, settings};
use crate::engine::testing::{Builder, a, expect_costs, inputs, run_all, u, words};

/// Columns of a shuffle: all of them, one of each kind, and some twice.
const COLUMNS: [&[(bool, u8)]; 4] = [
    &[(true, 9), (false, 5), (true, 64), (false, 1), (true, 65)],
    &[(false, 128)],
    &[(true, 1), (true, 1)],
    &[(false, 32), (true, 17)],
];

fn shuffled(b: &mut Builder, columns: &[ValueId]) -> Vec<ValueId> {
    let infos: Vec<_> = columns
        .iter()
        .map(|c| b.program.values[c.index()])
        .collect();
    let rows: Vec<ValueId> = infos
        .iter()
        .map(|i| b.value(i.domain, i.scalar, i.lanes))
        .collect();
    b.node(Op::Shuffle, columns, &rows);
    rows
}

/// Rows of every shape come out with what they went in with, at the predicted cost.
#[test]
fn rows_stay_together() {
    for (k, setting) in settings().filter(|s| s.shuffles()).enumerate() {
        for (i, columns) in COLUMNS.into_iter().enumerate() {
            let lanes = [65, 1, 1000, 3, 2, 64, 0][(k + i) % 7];
            let lanes = if setting.n > 5 { lanes.min(65) } else { lanes };
            let mut b = setting.builder();
            let given: Vec<ValueId> = (0..)
                .zip(columns)
                .map(|(c, &(integers, width))| {
                    let domain = if integers { a(width) } else { B };
                    b.input(c % setting.n, domain, u(width), lanes)
                })
                .collect();
            // Twice, so that what a shuffle gives is a sharing like others.
            let rows = shuffled(&mut b, &given);
            let rows = shuffled(&mut b, &rows);
            let outs: Vec<_> = rows
                .iter()
                .map(|&r| b.output(r, &setting.everyone()))
                .collect();
            let data: Vec<Vec<Word>> = (0..)
                .zip(columns)
                .map(|(c, &(_, width))| words(30 + c, width.into(), lanes))
                .collect();
            let slices: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
            let reports = run_all(&b.program, &inputs(&slices));
            expect_costs(&b.program, &reports);
            let all: Vec<Vec<Word>> = outs
                .iter()
                .map(|&out| reports[0].output(out).unwrap())
                .collect();
            for report in &reports {
                for (&out, column) in outs.iter().zip(&all) {
                    assert_eq!(report.output(out).as_ref(), Some(column));
                }
            }
            let sorted = |columns: &[Vec<Word>]| {
                let row = |l: usize| columns.iter().map(|c| c[l]).collect::<Vec<_>>();
                let mut rows: Vec<_> = (0..lanes as usize).map(row).collect();
                rows.sort();
                rows
            };
            assert!(sorted(&data) == sorted(&all), "{setting:?}, {columns:?}");
        }
    }
}

/// Rows and where each is to go: the places are opened after a shuffle, and the rows put there, in exactly that order.
#[test]
fn rows_go_where_they_are_sent() {
    for setting in settings().filter(|s| s.shuffles()) {
        for lanes in [1u64, 2, 65, if setting.n > 5 { 64 } else { 300 }] {
            let mut b = setting.builder();
            let places = a(9);
            let x = b.input(0, B, u(13), lanes);
            let y = b.input(1, a(40), u(40), lanes);
            let to = b.input(setting.last(), places, u(9), lanes);
            let rows = shuffled(&mut b, &[x, to, y]);
            let opened = b.op(Op::RevealShuffled, &[rows[1]], P, u(9), lanes);
            let outs = [(rows[0], B, 13), (rows[2], a(40), 40)].map(|(row, domain, width)| {
                let scatter = Op::Scatter { block: 1 };
                let sent = b.op(scatter, &[row, opened, row], domain, u(width), lanes);
                b.output(sent, &setting.everyone())
            });
            let (x, y) = (words(50, 13, lanes), words(51, 40, lanes));
            // A step that is prime to the number of rows.
            let to: Vec<Word> = (0..lanes)
                .map(|i| Word::from(i * 7 % lanes.max(1)))
                .collect();
            let reports = run_all(&b.program, &inputs(&[&x, &y, &to]));
            expect_costs(&b.program, &reports);
            for (out, given) in outs.into_iter().zip([&x, &y]) {
                let mut expected = vec![0; lanes as usize];
                for (&to, &word) in to.iter().zip(given) {
                    expected[to as usize] = word;
                }
                for report in &reports {
                    assert!(
                        report.output(out).as_ref() == Some(&expected),
                        "{setting:?}"
                    );
                }
            }
        }
    }
}

/// How often each order of three rows comes in so many shuffles.
fn orders(setting: Setting, times: usize) -> Vec<u64> {
    let mut b = setting.builder();
    let x = b.input(0, a(2), u(2), 3);
    let outs: Vec<_> = (0..times)
        .map(|_| {
            let rows = shuffled(&mut b, &[x]);
            b.output(rows[0], &[0])
        })
        .collect();
    let reports = run_all(&b.program, &inputs(&[&[0, 1, 2]]));
    let mut seen: BTreeMap<Vec<Word>, u64> = BTreeMap::new();
    for out in outs {
        let order = reports[0].output(out).unwrap();
        *seen.entry(order).or_default() += 1;
    }
    assert_eq!(seen.len(), 6, "{setting:?}");
    seen.into_values().collect()
}

#[test]
fn every_order_is_as_likely() {
    for i in 0..3 {
        for setting in one_of_each(i).filter(|s| s.shuffles() && s.n <= 5) {
            assert_even(&orders(setting, 600), &format!("{setting:?}"));
        }
    }
}
