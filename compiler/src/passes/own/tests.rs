//! The pass on vectors that several parties' inputs are put together in: it means the same, and leaves each party's part to it.

use super::*;
use crate::ir::build::Builder;
use crate::passes::dead;
use crate::passes::tests::assert_same;
use owners::owners;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Form;

fn at(start: u64, dims: &[(u64, u64)]) -> ConstVec {
    ConstVec::Affine {
        start: start.into(),
        dims: dims.iter().map(|&(n, s)| (n, s.into())).collect(),
    }
}

/// The program cut by owner, and per owner the lanes of operations that have a price, those of nobody last.
fn cut(ir: &Ir) -> (Ir, Vec<u64>) {
    let after = dead::run(run(ir.clone()).ir).ir;
    let grids = owners(&after);
    let mut lanes = vec![0; ir.n_parties as usize + 1];
    let mut todo = vec![&after.body];
    while let Some(region) = todo.pop() {
        for node in &region.nodes {
            todo.extend(&node.regions);
            let secret = |id: &ValueId| after.values[id.index()].ty.secret;
            let args: Vec<bool> = node.args.iter().map(secret).collect();
            let priced = match node.op {
                Op::Word(op) => price(op, &args).is_due(),
                Op::Dot { .. } => true,
                _ => false,
            };
            let Some(result) = node.results.first().filter(|id| priced && secret(id)) else {
                continue;
            };
            match grids[result.index()].whole() {
                Owner::Public => {}
                Owner::Party(p) => lanes[p as usize] += after.values[node.args[0].index()].ty.lanes,
                Owner::Joint => {
                    *lanes.last_mut().unwrap() += after.values[node.args[0].index()].ty.lanes
                }
            }
        }
    }
    (after, lanes)
}

fn numbers(ir: &Ir, seed: u64) -> Vec<Vec<Word>> {
    let mut rng = SplitMix::new(seed);
    (ir.inputs.iter())
        .map(|leaf| {
            (0..leaf.lanes)
                .map(|_| leaf.scalar.wrap(rng.word()))
                .collect()
        })
        .collect()
}

fn rows(b: &mut Builder, scalar: Scalar, lens: &[u64]) -> ValueId {
    let parts: Vec<ValueId> = (lens.iter().enumerate())
        .map(|(p, &n)| b.input(p as u32, "x", scalar, n))
        .collect();
    b.inferred(Op::Concat, &parts)
}

#[test]
fn a_count_over_all_rows_is_a_count_of_each_owner() {
    let mut b = Builder::new(3);
    let x = rows(&mut b, Scalar::unsigned(8), &[5, 7, 6]);
    let limit = b.splat(Scalar::unsigned(8), 18, 100);
    let over = b.word(WordOp::Lt, &[limit, x]);
    let one = b.cast(over, Scalar::unsigned(32));
    let count = b.reduce(WordOp::Add, one, 1);
    b.output(count, &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 1), "count");
    assert_eq!(lanes, [5, 7, 6, 0], "{after}");
}

#[test]
fn sums_per_group_are_sums_of_each_owner() {
    let mut b = Builder::new(2);
    let region = rows(&mut b, Scalar::unsigned(4), &[5, 7]);
    let copies = b.constant(Scalar::USIZE, at(0, &[(4, 0), (12, 1)]));
    let region = b.gather(region, copies, 1);
    let groups = b.constant(Scalar::unsigned(4), at(0, &[(4, 1), (12, 0)]));
    let same = b.word(WordOp::Eq, &[region, groups]);
    let one = b.cast(same, Scalar::unsigned(16));
    let counts = b.reduce(WordOp::Add, one, 4);
    b.output(counts, &[0, 1]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 2), "groups");
    assert_eq!(lanes, [20, 28, 0], "{after}");
}

#[test]
fn products_of_columns_are_summed_by_their_owners() {
    let mut b = Builder::new(2);
    let number = Scalar::signed(32);
    let columns: Vec<ValueId> = (0..3).map(|_| rows(&mut b, number, &[5, 6])).collect();
    let table = b.inferred(Op::Concat, &columns);
    let left = b.constant(Scalar::USIZE, at(0, &[(9, 0), (11, 1)]));
    let left = b.gather(table, left, 1);
    let right = b.constant(Scalar::USIZE, at(0, &[(3, 0), (3, 11), (11, 1)]));
    let right = b.gather(table, right, 1);
    let sums = b.inferred(Op::Dot { segments: 9 }, &[left, right]);
    b.output(sums, &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 3), "products");
    assert_eq!(lanes, [45, 54, 0], "{after}");
}

/// Columns that were put together before, and one more: as in a table of features beside what they are to explain.
#[test]
fn columns_of_columns_are_summed_by_their_owners() {
    let mut b = Builder::new(2);
    let number = Scalar::signed(32);
    let columns: Vec<ValueId> = (0..3).map(|_| rows(&mut b, number, &[5, 6])).collect();
    let features = b.inferred(Op::Concat, &columns[..2]);
    let table = b.inferred(Op::Concat, &[features, columns[2]]);
    let squares = b.inferred(Op::Dot { segments: 3 }, &[table, table]);
    b.output(squares, &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 5), "columns");
    assert_eq!(lanes, [15, 18, 0], "{after}");
}

#[test]
fn pairs_of_one_owner_are_compared_by_it() {
    let mut b = Builder::new(2);
    let x = rows(&mut b, Scalar::unsigned(8), &[4, 6]);
    let (l, r) = (
        b.constant(Scalar::USIZE, at(0, &[(10, 1), (10, 0)])),
        b.constant(Scalar::USIZE, at(0, &[(10, 0), (10, 1)])),
    );
    let (l, r) = (b.gather(x, l, 1), b.gather(x, r, 1));
    let less = b.word(WordOp::Lt, &[l, r]);
    let one = b.cast(less, Scalar::unsigned(16));
    let ranks = b.reduce(WordOp::Add, one, 10);
    b.output(ranks, &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 4), "pairs");
    assert_eq!(lanes, [16, 36, 48], "{after}");
}

#[test]
fn the_best_of_all_is_the_best_of_each_owners_best() {
    let mut b = Builder::new(3);
    let x = rows(&mut b, Scalar::signed(16), &[5, 7, 6]);
    let places = b.constant(Scalar::USIZE, at(0, &[(18, 1)]));
    let places = b.inferred(Op::MakeSecret, &[places]);
    let best = b.reduce_region(&[x, places], 1, |b, l, r| {
        let take = b.word(WordOp::Lt, &[l[0], r[0]]);
        vec![
            b.word(WordOp::Select, &[take, r[0], l[0]]),
            b.word(WordOp::Select, &[take, r[1], l[1]]),
        ]
    });
    for &id in &best {
        b.output(id, &[0]);
    }
    let ir = b.finish();
    let (after, _) = cut(&ir);
    for seed in 0..20 {
        assert_same(&ir, &after, &numbers(&ir, seed), "best");
    }
    let grids = owners(&after);
    let owned = |node: &&Node| {
        matches!(node.op, Op::Reduce { .. })
            && matches!(grids[node.results[0].index()].whole(), Owner::Party(_))
    };
    assert_eq!(after.body.nodes.iter().filter(owned).count(), 3, "{after}");
}

#[test]
fn what_spares_nothing_stays_whole() {
    let mut b = Builder::new(3);
    let x = rows(&mut b, Scalar::unsigned(32), &[1, 1, 1]);
    let wide = b.cast(x, Scalar::unsigned(64));
    let sum = b.reduce(WordOp::Add, wide, 1);
    let y = rows(&mut b, Scalar::unsigned(32), &[4, 4, 4]);
    let one = b.splat(Scalar::unsigned(32), 12, 1);
    let more = b.word(WordOp::Add, &[y, one]);
    let opened = b.inferred(Op::Reveal(Form::Plain), &[more]);
    b.output(sum, &[0]);
    b.output(opened, &[0]);
    let ir = b.finish();
    assert_eq!(dead::run(run(ir.clone()).ir).ir, dead::run(ir).ir);
}

#[test]
fn programs_on_several_parties_rows_mean_the_same() {
    let mut cut_somewhere = 0;
    for seed in 0..600 {
        let ir = random(seed);
        let (after, lanes) = cut(&ir);
        for inputs in 0..2 {
            assert_same(
                &ir,
                &after,
                &numbers(&ir, 100 * seed + inputs),
                &format!("seed {seed}"),
            );
        }
        let before: u64 = cut_none(&ir);
        cut_somewhere += u32::from(lanes[..lanes.len() - 1].iter().sum::<u64>() > before);
    }
    assert!(cut_somewhere > 150, "{cut_somewhere}");
}

/// Lanes with a price that have one owner before anything is cut.
fn cut_none(ir: &Ir) -> u64 {
    let grids = owners(ir);
    let of = |node: &Node| {
        let owned = node
            .results
            .first()
            .is_some_and(|id| matches!(grids[id.index()].whole(), Owner::Party(_)));
        if owned {
            ir.values[node.args.first().map_or(0, |id| id.index())]
                .ty
                .lanes
        } else {
            0
        }
    };
    let priced = |node: &&Node| match node.op {
        Op::Word(op) => {
            let secret = |id: &ValueId| ir.values[id.index()].ty.secret;
            price(op, &node.args.iter().map(secret).collect::<Vec<_>>()).is_due()
        }
        Op::Dot { .. } => true,
        _ => false,
    };
    ir.body.nodes.iter().filter(priced).map(of).sum()
}

/// A number of runs of so many lanes.
fn runs(rng: &mut SplitMix, lanes: u64) -> u64 {
    let all: Vec<u64> = (1..=lanes).filter(|n| lanes.is_multiple_of(*n)).collect();
    all[rng.below(all.len() as u64) as usize]
}

/// A program of moves, operations and reductions on rows of three parties.
fn random(seed: u64) -> Ir {
    let mut rng = SplitMix::new(seed);
    let mut b = Builder::new(3);
    let number = Scalar::unsigned(16);
    let lens: Vec<u64> = (0..3).map(|_| 1 + rng.below(4)).collect();
    let n: u64 = lens.iter().sum();
    let mut known: Vec<ValueId> = (0..2).map(|_| rows(&mut b, number, &lens)).collect();
    for _ in 0..6 + rng.below(6) {
        let x = known[rng.below(known.len() as u64) as usize];
        let lanes = b.ty(x).lanes;
        let y = (known.iter().copied())
            .rfind(|&id| b.ty(id).lanes == lanes)
            .unwrap();
        let next = match rng.below(12) {
            0 => {
                let dims = match rng.below(4) {
                    0 => vec![(1 + rng.below(3), 0), (lanes, 1)],
                    1 => vec![(lanes, 1), (1 + rng.below(3), 0)],
                    2 if lanes.is_multiple_of(n) => vec![(n, 1), (lanes / n, n)],
                    _ => vec![(lanes - lanes / 2, 1)],
                };
                let idx = b.constant(Scalar::USIZE, at(0, &dims));
                b.gather(x, idx, 1)
            }
            1 => b.inferred(Op::Concat, &[x, y]),
            2 => {
                let op = [WordOp::Add, WordOp::Max, WordOp::Xor][rng.below(3) as usize];
                let segments = if lanes.is_multiple_of(n) {
                    [1, lanes / n][rng.below(2) as usize]
                } else {
                    1
                };
                b.reduce(op, x, segments)
            }
            3 => b.inferred(Op::Dot { segments: 1 }, &[x, y]),
            4 => {
                let less = b.word(WordOp::Lt, &[x, y]);
                b.word(WordOp::Select, &[less, y, x])
            }
            5 => {
                let seven = b.splat(number, lanes, 7);
                b.word(WordOp::Mul, &[x, seven])
            }
            6 => {
                let idx = b.constant(Scalar::USIZE, at(lanes / 2, &[(lanes - lanes / 2, 1)]));
                let val = b.gather(y, idx, 1);
                let idx = b.constant(Scalar::USIZE, at(0, &[(lanes - lanes / 2, 1)]));
                b.scatter(x, idx, val, 1)
            }
            7 => {
                let segments = runs(&mut rng, lanes);
                let op = Op::Sort {
                    keys: 1,
                    segments,
                    drawn: false,
                };
                let tys = vec![b.ty(x), b.ty(y)];
                b.push(op, vec![x, y], tys, vec![])[1]
            }
            8 => {
                let segments = runs(&mut rng, lanes);
                let op = [WordOp::Add, WordOp::Max][rng.below(2) as usize];
                let scan = Op::Scan {
                    reducer: Reducer::Word(op),
                    segments,
                };
                b.inferred(scan, &[x])
            }
            9 => {
                let segments = runs(&mut rng, lanes);
                let best = b.reduce_region(&[x, y], segments, |b, l, r| {
                    let take = b.word(WordOp::Lt, &[l[0], r[0]]);
                    vec![
                        b.word(WordOp::Select, &[take, r[0], l[0]]),
                        b.word(WordOp::Select, &[take, r[1], l[1]]),
                    ]
                });
                best[1]
            }
            10 => {
                // Elements that are read and written while a counter runs through each half.
                let half = lanes / 2;
                let count = half.max(1);
                let starts = b.constant(
                    Scalar::USIZE,
                    at(0, &[(1 + lanes / count.max(1) / 2, half)]),
                );
                let carried = b.counted(count, &[x], |b, i, carried| {
                    let both = b.splat(Scalar::USIZE, b.ty(starts).lanes, 0);
                    let i = b.gather(i, both, 1);
                    let idx = b.word(WordOp::Add, &[i, starts]);
                    let own = b.gather(carried[0], idx, 1);
                    let other = b.gather(y, idx, 1);
                    let max = b.word(WordOp::Max, &[own, other]);
                    vec![b.scatter(carried[0], idx, max, 1)]
                });
                carried[0]
            }
            _ => b.word(WordOp::Mul, &[x, y]),
        };
        if b.ty(next).lanes <= 400 {
            known.push(next);
        }
    }
    for &id in known.iter().rev().take(4) {
        b.output(id, &[0, 1, 2]);
    }
    b.finish()
}

#[test]
fn sums_and_bit_logic_in_turn_are_free_in_no_form() {
    let chain = |mixed: bool| {
        let mut b = Builder::new(2);
        let number = Scalar::unsigned(32);
        let x = rows(&mut b, number, &[1, 1]);
        let one = b.splat(number, 2, 1);
        let mut state = x;
        for _ in 0..3 {
            state = b.word(WordOp::Add, &[state, one]);
            if mixed {
                state = b.word(WordOp::Xor, &[state, x]);
            }
        }
        b.output(state, &[0]);
        b.finish()
    };
    let owned = |ir: &Ir| {
        let after = dead::run(run(ir.clone()).ir).ir;
        assert_same(ir, &after, &numbers(ir, 5), "chain");
        let grids = owners(&after);
        let words = (after.body.nodes.iter()).filter(|node| matches!(node.op, Op::Word(_)));
        let has_one =
            |node: &&Node| matches!(grids[node.results[0].index()].whole(), Owner::Party(_));
        words.filter(has_one).count()
    };
    assert_eq!(owned(&chain(false)), 0);
    assert_eq!(owned(&chain(true)), 12);
}

#[test]
fn a_chain_on_each_owners_numbers_carries_a_variable_for_each() {
    let mut b = Builder::new(2);
    let number = Scalar::unsigned(32);
    let x = rows(&mut b, number, &[1, 1]);
    let start = b.splat(number, 2, 1);
    let start = b.inferred(Op::MakeSecret, &[start]);
    let last = b.counted(100, &[start], |b, _, carried| {
        let square = b.word(WordOp::Mul, &[carried[0], carried[0]]);
        vec![b.word(WordOp::Xor, &[square, x])]
    });
    b.output(last[0], &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 6), "carried");
    assert_eq!(lanes, [1, 1, 0], "{after}");
}

#[test]
fn a_chain_through_each_owners_rows_reads_them_alone() {
    let mut b = Builder::new(2);
    let number = Scalar::unsigned(32);
    let x = rows(&mut b, number, &[100, 100]);
    let start = b.splat(number, 2, 1);
    let start = b.inferred(Op::MakeSecret, &[start]);
    let last = b.counted(100, &[start], |b, i, carried| {
        let twice = b.splat(Scalar::USIZE, 2, 0);
        let (i, rows) = (
            b.gather(i, twice, 1),
            b.constant(Scalar::USIZE, at(0, &[(2, 100)])),
        );
        let idx = b.word(WordOp::Add, &[i, rows]);
        let own = b.gather(x, idx, 1);
        let square = b.word(WordOp::Mul, &[carried[0], carried[0]]);
        vec![b.word(WordOp::Xor, &[square, own])]
    });
    b.output(last[0], &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 8), "rows");
    assert_eq!(lanes, [1, 1, 0], "{after}");
}

#[test]
fn arrays_side_by_side_are_read_and_written_by_their_owners() {
    let mut b = Builder::new(2);
    let number = Scalar::unsigned(8);
    let x = rows(&mut b, number, &[4, 4]);
    let places = b.constant(Scalar::USIZE, at(0, &[(2, 4)]));
    let idx = b.gather(x, places, 1);
    let found = b.inferred(
        Op::ReadSecret {
            block: 1,
            groups: 2,
        },
        &[x, idx],
    );
    let written = b.inferred(
        Op::WriteSecret {
            block: 1,
            groups: 2,
        },
        &[x, found, idx],
    );
    let least = b.reduce(WordOp::Min, written, 2);
    b.output(least, &[0]);
    let ir = b.finish();
    let after = dead::run(run(ir.clone()).ir).ir;
    for seed in 0..20 {
        assert_same(&ir, &after, &numbers(&ir, seed), "arrays");
    }
    let grids = owners(&after);
    for node in &after.body.nodes {
        let arrays = matches!(
            node.op,
            Op::ReadSecret { .. } | Op::WriteSecret { .. } | Op::Reduce { .. }
        );
        let owner = node.results.first().map(|id| grids[id.index()].whole());
        assert!(!arrays || matches!(owner, Some(Owner::Party(_))), "{after}");
    }
}

#[test]
fn sorts_and_scans_side_by_side_are_their_owners() {
    let mut b = Builder::new(3);
    let number = Scalar::unsigned(8);
    let (keys, values) = (
        rows(&mut b, number, &[4, 4, 4]),
        rows(&mut b, number, &[4, 4, 4]),
    );
    let op = Op::Sort {
        keys: 1,
        segments: 3,
        drawn: false,
    };
    let tys = vec![b.ty(keys), b.ty(values)];
    let sorted = b.push(op, vec![keys, values], tys, vec![]);
    let sums = Op::Scan {
        reducer: Reducer::Word(WordOp::Add),
        segments: 3,
    };
    let sums = b.inferred(sums, &[sorted[1]]);
    let best = b.reduce_region(&[sums, sorted[0]], 3, |b, l, r| {
        let take = b.word(WordOp::Lt, &[l[0], r[0]]);
        vec![
            b.word(WordOp::Select, &[take, r[0], l[0]]),
            b.word(WordOp::Select, &[take, r[1], l[1]]),
        ]
    });
    // As a loop does: the sums before each element, and none before the first.
    let before = b.constant(Scalar::USIZE, at(0, &[(3, 4), (3, 1)]));
    let behind = b.constant(Scalar::USIZE, at(1, &[(3, 4), (3, 1)]));
    let sums = b.gather(sums, before, 1);
    let none = b.splat(number, 12, 0);
    let none = b.inferred(Op::MakeSecret, &[none]);
    let moved = b.scatter(none, behind, sums, 1);
    let less = b.word(WordOp::Lt, &[moved, sorted[0]]);
    for id in [best[0], best[1], less] {
        b.output(id, &[0]);
    }
    let ir = b.finish();
    let after = dead::run(run(ir.clone()).ir).ir;
    for seed in 0..20 {
        assert_same(&ir, &after, &numbers(&ir, seed), "runs");
    }
    let grids = owners(&after);
    let mut computed = 0;
    for node in &after.body.nodes {
        let computes = matches!(
            node.op,
            Op::Sort { .. } | Op::Scan { .. } | Op::Reduce { .. } | Op::Word(WordOp::Lt)
        );
        for id in node.results.iter().filter(|_| computes) {
            assert!(
                matches!(grids[id.index()].whole(), Owner::Party(_)),
                "{after}"
            );
            computed += 1;
        }
    }
    assert_eq!(computed, 3 * (2 + 1 + 2 + 1), "{after}");
}

#[test]
fn elements_written_in_a_loop_through_each_owners_rows_stay_with_it() {
    let mut b = Builder::new(2);
    let number = Scalar::unsigned(32);
    let x = rows(&mut b, number, &[100, 100]);
    let last = b.counted(100, &[x], |b, i, carried| {
        let twice = b.splat(Scalar::USIZE, 2, 0);
        let (i, rows) = (
            b.gather(i, twice, 1),
            b.constant(Scalar::USIZE, at(0, &[(2, 100)])),
        );
        let idx = b.word(WordOp::Add, &[i, rows]);
        let own = b.gather(carried[0], idx, 1);
        let square = b.word(WordOp::Mul, &[own, own]);
        vec![b.scatter(carried[0], idx, square, 1)]
    });
    b.output(last[0], &[0]);
    let ir = b.finish();
    let (after, lanes) = cut(&ir);
    assert_same(&ir, &after, &numbers(&ir, 9), "written");
    assert_eq!(lanes, [1, 1, 0], "{after}");
}
