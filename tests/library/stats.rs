//! `std::stats` on integers: ranks, quantiles and histograms.

use super::{agrees, elements, integer};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Scalar;

/// R's type 7, truncated toward zero.
fn quantile(sorted: &[i128], num: i128, den: i128) -> i128 {
    let at = (sorted.len() as i128 - 1) * num;
    let (low, rest) = ((at / den) as usize, at % den);
    match rest {
        0 => sorted[low],
        _ => (sorted[low] * (den - rest) + sorted[low + 1] * rest) / den,
    }
}

#[test]
fn ranks_and_quantiles() {
    for scalar in [Scalar::signed(6), Scalar::unsigned(13), Scalar::signed(64)] {
        let text = format!(
            "use std::stats::{{kth, median, quartiles, quantile, argmin, argmax}};
fn main(x: [secret {scalar}; _] from each) -> ({scalar}, {scalar}, {scalar}, {scalar}, {scalar}, u32, u32) {{
    let all = x.flatten();
    let q = quartiles(all);
    (kth(all, all.len() / 3), median(all), q.q1, q.q3, quantile(all, 9, 10), argmin(all), argmax(all))
}}"
        );
        let mut random = SplitMix::new(4);
        for (n, m) in [(1, 0), (2, 3), (4, 4)] {
            let lists = [n, m].map(|len| elements(&mut random, scalar, len));
            let all: Vec<i128> = (lists.iter().flatten())
                .map(|&w| integer(scalar, w))
                .collect();
            let mut sorted = all.clone();
            sorted.sort();
            let first = |x: i128| all.iter().position(|&y| y == x).expect("it is there") as i128;
            let expected = [
                sorted[sorted.len() / 3],
                quantile(&sorted, 1, 2),
                quantile(&sorted, 1, 4),
                quantile(&sorted, 3, 4),
                quantile(&sorted, 9, 10),
                first(sorted[0]),
                first(sorted[sorted.len() - 1]),
            ];
            let expected = expected.map(|e| vec![e]);
            agrees(&text, &["x"], lists.map(|list| vec![list]), &expected);
        }
    }
}

#[test]
fn histograms() {
    let text = "use std::stats::{histogram, tally};
fn main(x: [secret i8; _] from each) -> ([u32; 3], [u32; 5]) {
    (histogram(x.flatten(), [-100, -1, 3, 127]), tally(x.flatten()))
}";
    let scalar = Scalar::signed(8);
    let mut random = SplitMix::new(5);
    for (n, m) in [(1, 0), (20, 30)] {
        let lists = [n, m].map(|len| elements(&mut random, scalar, len));
        let all: Vec<i128> = (lists.iter().flatten())
            .map(|&w| integer(scalar, w))
            .collect();
        let count = |f: &dyn Fn(i128) -> bool| all.iter().filter(|&&x| f(x)).count() as i128;
        let bins = vec![
            count(&|x| (-100..-1).contains(&x)),
            count(&|x| (-1..3).contains(&x)),
            count(&|x| (3..=127).contains(&x)),
        ];
        let tally = (0..5).map(|b| count(&|x| x == b)).collect();
        agrees(text, &["x"], lists.map(|list| vec![list]), &[bins, tally]);
    }
}
