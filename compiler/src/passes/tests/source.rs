//! Programs from source: what a user writes naively gets what an expert would write.

use super::assert_same;
use crate::front;
use crate::ir::{Ir, Op, Region};
use crate::lower::lower;
use crate::passes::{has, optimise};
use crate::schema::assign_roles;
use crate::session::{LocalChoice, Session};
use crate::source::SourceSet;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;
use std::ops::RangeInclusive;

/// The IR of a program for three parties; open lengths are `len`.
pub(super) fn ir_of(text: &str, len: u64) -> Ir {
    let mut sources = SourceSet::new();
    let root = sources.add("t.smpc", text);
    let (hir, diagnostics) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let mut lens = SortedMap::new();
    for name in ["xs", "ys"] {
        for party in 0..3 {
            lens.insert((name.to_owned(), party), len);
        }
    }
    let session = Session {
        n_parties: 3,
        role_counts: assign_roles(&hir, 3).unwrap(),
        args: SortedMap::new(),
        lens,
        seating: None,
    };
    lower(&hir, &session).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(super) fn n_loops(region: &Region) -> usize {
    (region.nodes.iter())
        .map(|node| {
            usize::from(matches!(node.op, Op::Loop { .. } | Op::While))
                + node.regions.iter().map(n_loops).sum::<usize>()
        })
        .sum()
}

/// Optimises; asserts that the meaning stays on several inputs.
pub(super) fn optimised(ir: &Ir, modulus: Word) -> Ir {
    let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    for round in 1..4 {
        let inputs: Vec<Vec<Word>> = (ir.inputs.iter().enumerate())
            .map(|(k, leaf)| {
                (0..Word::from(leaf.lanes))
                    .map(|i| {
                        leaf.scalar
                            .wrap((i * i * 31 + i * round + 7 * k as Word) % modulus)
                    })
                    .collect()
            })
            .collect();
        assert_same(ir, &after, &inputs, "source");
    }
    after
}

fn without_loops(text: &str, len: u64) -> String {
    let ir = ir_of(text, len);
    let after = optimised(&ir, 1000);
    assert_eq!(n_loops(&after.body), 0, "{after}");
    after.to_string()
}

#[test]
fn the_librarys_statistics_become_lanes() {
    for call in [
        "sum(xs) as u32",
        "mean(xs)",
        "min(xs)",
        "max(xs)",
        "argmax(xs)",
        "variance(xs) as u32",
        "count_if(xs, |x| x > 10)",
    ] {
        let text = format!(
            "use std::stats::{{sum, mean, min, max, argmax, variance, count_if}};\n\
             fn main(x: [secret u32; _] from each) -> u32 {{ let xs = flatten(x); {call} }}"
        )
        .replace("x: [", "xs: [")
        .replace("let xs = flatten(x)", "let xs = flatten(xs)");
        without_loops(&text, 100);
    }
}

#[test]
fn a_mean_of_many_values_takes_as_many_nodes_as_of_few() {
    let text = "use std::stats::mean;\n\
                fn main(xs: [secret u32; _] from each) -> u32 { mean(flatten(xs)) }";
    let nodes = |len| {
        let mut n = 0;
        optimise(ir_of(text, len), 2, LocalChoice::Auto, &mut |_, ir| {
            n = ir.body.nodes.len()
        });
        n
    };
    assert_eq!(nodes(10), nodes(1_000_000));
    assert!(nodes(10) < 20);
}

#[test]
fn intersections_and_inner_products_become_lanes() {
    let text = "use std::set::intersection_size;\n\
                party a; party b; party c;\n\
                fn main(xs: [secret u32; _] from a, ys: [secret u32; _] from b) -> u32 {\n\
                    intersection_size(xs, ys)\n\
                }";
    let after = without_loops(text, 20);
    // Neighbours in the merge of both lists.
    assert!(after.contains("bool x39 = ne"), "{after}");
    let text = "party a; party b; party c;\n\
                fn main(xs: [secret u32; _] from a, ys: [secret u32; _] from b) -> u64 {\n\
                    let mut total: secret u64 = 0;\n\
                    for i in 0..xs.len() { total += (xs[i] as u64) * (ys[i] as u64); }\n\
                    total\n\
                }";
    let after = without_loops(text, 20);
    assert!(after.contains("dot segments=1"), "{after}");
}

#[test]
fn a_histogram_becomes_lanes() {
    let text = "fn main(xs: [secret u32; _] from each) -> [u32; 8] {\n\
                    let mut counts: [secret u32; 8] = [0; 8];\n\
                    for x in flatten(xs) {\n\
                        for b in 0..8 {\n\
                            if x / 100 == b as u32 { counts[b] += 1; }\n\
                        }\n\
                    }\n\
                    counts\n\
                }";
    without_loops(text, 30);
}

#[test]
fn a_sort_is_layers_of_comparators() {
    // As a function of the program: the library's own is one operation on secret numbers.
    let library = crate::library::MODULES
        .iter()
        .find(|(name, _)| *name == "sort");
    let body = library.map_or("", |(_, text)| text.split("test ").next().unwrap_or(""));
    let text = format!(
        "{body}\nfn main(xs: [secret u32; 5] from each) -> [u32; 15] {{ sort(flatten(xs)) }}"
    );
    let after = without_loops(&text, 5);
    // Batcher's network of 15 has ten layers; each compares once, on all its pairs.
    let comparisons = after.matches("= lt ").count() + after.matches("= le ").count();
    assert_eq!(comparisons, 10, "{after}");
}

#[test]
fn a_second_price_auction_keeps_its_meaning() {
    let text = "fn main(xs: secret u64 from each) -> { winner: u16 to all, price: u64 to all } {\n\
                    let mut best: secret u64 = 5; let mut second: secret u64 = 5;\n\
                    let mut winner: secret u16 = 0;\n\
                    for i in 0..xs.len() {\n\
                        if xs[i] > best { second = best; best = xs[i]; winner = i as u16 + 1; }\n\
                        else if xs[i] > second { second = xs[i]; }\n\
                    }\n\
                    { winner, price: second }\n\
                }";
    without_loops(text, 1);
}

/// A cheap branch on what was revealed becomes straight code also where there is no loop and all other rules have been applied before.
#[test]
fn a_branch_without_a_loop_becomes_straight() {
    let text = "fn main(xs: [secret u32 in 0..=1000; _] from each) -> u64 {
        if reveal(sum(xs.flatten()) > 2000) { 1 } else { 0 }
    }";
    let ir = ir_of(text, 2);
    assert!(has(&ir.body, |op| *op == Op::If));
    assert!(!has(&optimised(&ir, 1000).body, |op| *op == Op::If));
}

/// All quotients of narrow integers of a wide type, those by zero too: what is divided is as wide as the integers are.
#[test]
fn quotients_are_as_narrow_as_what_is_divided() {
    let widths = |ir: &Ir| -> Vec<u32> {
        let nodes = ir.body.nodes.iter();
        let divides = nodes.filter(|n| n.op == Op::Word(WordOp::Div));
        divides
            .map(|n| ir.values[n.results[0].index()].ty.scalar.width())
            .collect()
    };
    for (ty, (x, y), width) in [
        ("u64", (0..=6, 0..=10), 5),
        ("u64", (0..=6, 1..=10), 4),
        ("i64", (0..=6, 0..=10), 5),
        ("i64", (-7..=6, 0..=7), 4),
        ("i64", (-8..=6, 1..=9), 5),
        ("i128", (-8..=6, -8..=3), 5),
        ("i128", (3..=9, -8..=3), 5),
    ] {
        let pairs: Vec<(i128, i128)> = (x.clone())
            .flat_map(|x| y.clone().map(move |y| (x, y)))
            .collect();
        let n = pairs.len();
        let column = |name: &str, range: &RangeInclusive<i128>, party: &str| {
            let (lo, hi) = (range.start(), range.end());
            format!("{name}: [secret {ty} in {lo}..={hi}; {n}] from {party}")
        };
        let text = format!(
            "party a; party b; party c; fn main({}, {}) -> [{ty}; {n}] {{ x.zip(y).map(|(x, y)| x / y) }}",
            column("x", &x, "a"),
            column("y", &y, "b")
        );
        let ir = ir_of(&text, 1);
        let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
        assert_eq!(widths(&after), [width], "{ty} {x:?} {y:?}");
        let word = |x: i128| ir.inputs[0].scalar.wrap(x as Word);
        let inputs = vec![
            pairs.iter().map(|p| word(p.0)).collect(),
            pairs.iter().map(|p| word(p.1)).collect(),
        ];
        assert_same(&ir, &after, &inputs, "quotients");
    }
}
