//! Loops as they come from source, and what must become of them.

use super::*;
use crate::ir::Region;
use crate::ir::build::Builder;
use crate::passes::optimise;
use crate::passes::tests::assert_same;
use crate::session::LocalChoice;

const U32: Scalar = Scalar::unsigned(32);
const U64: Scalar = Scalar::unsigned(64);

fn secret(b: &mut Builder, scalar: Scalar, lanes: u64, word: Word) -> ValueId {
    let id = b.splat(scalar, lanes, word);
    b.inferred(Op::MakeSecret, &[id])
}

fn n_loops(region: &Region) -> usize {
    (region.nodes.iter())
        .map(|node| {
            usize::from(matches!(node.op, Op::Loop { .. }))
                + node.regions.iter().map(n_loops).sum::<usize>()
        })
        .sum()
}

fn n_nodes(region: &Region) -> usize {
    (region.nodes.iter())
        .map(|node| 1 + node.regions.iter().map(n_nodes).sum::<usize>())
        .sum()
}

/// Numbers that are not in order.
fn numbers(n: u64, modulus: Word) -> Vec<Word> {
    (0..Word::from(n))
        .map(|i| (i * i * 7 + i * 3 + 5) % modulus)
        .collect()
}

/// Optimises with and without unrolling; asserts the same meaning and that no loop is left after `lanes` alone.
fn becomes_lanes(ir: &Ir, inputs: &[Vec<Word>]) -> Ir {
    use crate::passes::{algebra, common, dead};
    let simple = dead::run(common::run(algebra::run(ir.clone()).ir).ir).ir;
    let lanes = dead::run(run(simple).ir).ir;
    assert_same(ir, &lanes, inputs, "lanes");
    assert_eq!(n_loops(&lanes.body), 0, "{lanes}");
    let all = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    assert_same(ir, &all, inputs, "all passes");
    all
}

#[test]
fn a_mean_of_a_million_values_is_a_few_nodes() {
    let n = 1_000_000;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let zero = secret(&mut b, U64, 1, 0);
    let sum = b.counted(n, &[zero], |b, i, acc| {
        let element = b.gather(x, i, 1);
        let wide = b.cast(element, U64);
        vec![b.word(WordOp::Add, &[acc[0], wide])]
    });
    let count = b.splat(U64, 1, Word::from(n));
    let mean = b.word(WordOp::Div, &[sum[0], count]);
    let mean = b.cast(mean, U32);
    b.output(mean, &[0]);
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 1 << 32)]);
    assert!(n_nodes(&after.body) < 10, "{after}");
    assert!(
        after
            .to_string()
            .contains("secret u52 x1 in 0..=4294967295000000 = reduce add"),
        "{after}"
    );
}

#[test]
fn maxima_by_selection_and_argmax_are_reductions() {
    let n = 50;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let (zero, nowhere) = (secret(&mut b, U32, 1, 0), secret(&mut b, U64, 1, 99));
    let found = b.counted(n, &[zero, zero, nowhere], |b, i, carried| {
        let element = b.gather(x, i, 1);
        let better = b.word(WordOp::Lt, &[carried[0], element]);
        let max = b.word(WordOp::Select, &[better, element, carried[0]]);
        let better = b.word(WordOp::Lt, &[carried[1], element]);
        let best = b.word(WordOp::Select, &[better, element, carried[1]]);
        let at = b.word(WordOp::Select, &[better, i, carried[2]]);
        vec![max, best, at]
    });
    found.iter().for_each(|&id| {
        b.output(id, &[0]);
    });
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 13)]);
    let text = after.to_string();
    assert!(
        text.contains("reduce max") && text.contains("reduce region"),
        "{text}"
    );
}

#[test]
fn a_conditional_count_and_a_variance() {
    let n = 40;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let level = b.input(1, "level", U32, 1);
    let zero = secret(&mut b, U64, 1, 0);
    let found = b.counted(n, &[zero, zero, zero], |b, i, carried| {
        let element = b.gather(x, i, 1);
        let above = b.word(WordOp::Lt, &[level, element]);
        let one = b.splat(U64, 1, 1);
        let more = b.word(WordOp::Add, &[carried[0], one]);
        let count = b.word(WordOp::Select, &[above, more, carried[0]]);
        let wide = b.cast(element, U64);
        let sum = b.word(WordOp::Add, &[carried[1], wide]);
        let square = b.word(WordOp::Mul, &[wide, wide]);
        let squares = b.word(WordOp::Add, &[carried[2], square]);
        vec![count, sum, squares]
    });
    found.iter().for_each(|&id| {
        b.output(id, &[0]);
    });
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 1000), vec![500]]);
    assert!(after.to_string().contains("dot segments=1"), "{after}");
}

#[test]
fn a_histogram_is_one_comparison_of_all_pairs() {
    let (n, buckets) = (30, 7);
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let zeros = secret(&mut b, U32, buckets, 0);
    let counts = b.counted(buckets, &[zeros], |b, bucket, outer| {
        b.counted(n, &[outer[0]], |b, i, inner| {
            let element = b.gather(x, i, 1);
            let name = b.cast(bucket, U32);
            let equal = b.word(WordOp::Eq, &[element, name]);
            let old = b.gather(inner[0], bucket, 1);
            let one = b.splat(U32, 1, 1);
            let more = b.word(WordOp::Add, &[old, one]);
            let new = b.word(WordOp::Select, &[equal, more, old]);
            vec![b.scatter(inner[0], bucket, new, 1)]
        })
    });
    b.output(counts[0], &[0]);
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 7)]);
    assert!(after.to_string().contains("bool x210"), "{after}");
}

#[test]
fn an_intersection_compares_all_pairs() {
    let (n, m) = (12, 9);
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let y = b.input(1, "y", U32, m);
    let zero = secret(&mut b, U32, 1, 0);
    let size = b.counted(n, &[zero], |b, i, outer| {
        let no = secret(b, Scalar::Bool, 1, 0);
        let found = b.counted(m, &[no], |b, j, inner| {
            let left = b.gather(x, i, 1);
            let right = b.gather(y, j, 1);
            let equal = b.word(WordOp::Eq, &[left, right]);
            vec![b.word(WordOp::Or, &[inner[0], equal])]
        });
        let one = b.cast(found[0], U32);
        vec![b.word(WordOp::Add, &[outer[0], one])]
    });
    b.output(size[0], &[0]);
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 100), numbers(m, 100)]);
    let text = after.to_string();
    assert!(
        text.contains("reduce or segments=12") && text.contains("bool x108"),
        "{text}"
    );
}

#[test]
fn compare_exchange_of_disjoint_pairs_is_one_layer() {
    let n = 16;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let layer = |b: &mut Builder, x: ValueId, offset: u64, n_pairs: u64| {
        b.counted(n_pairs, &[x], |b, i, carried| {
            let two = b.index(2);
            let base = b.word(WordOp::Mul, &[i, two]);
            let (first, second) = (b.index(offset), b.index(offset + 1));
            let (at, next) = (
                b.word(WordOp::Add, &[base, first]),
                b.word(WordOp::Add, &[base, second]),
            );
            let (l, r) = (b.gather(carried[0], at, 1), b.gather(carried[0], next, 1));
            let swap = b.word(WordOp::Lt, &[r, l]);
            let lo = b.word(WordOp::Select, &[swap, r, l]);
            let hi = b.word(WordOp::Select, &[swap, l, r]);
            let once = b.scatter(carried[0], at, lo, 1);
            vec![b.scatter(once, next, hi, 1)]
        })[0]
    };
    let mut sorted = x;
    for round in 0..n {
        sorted = layer(&mut b, sorted, round % 2, n / 2 - round % 2);
    }
    b.output(sorted, &[0]);
    let ir = b.finish();
    becomes_lanes(&ir, &[numbers(n, 100)]);
}

#[test]
fn prefix_sums_are_scans_and_maps_need_no_scatter() {
    let n = 20;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let zeros = secret(&mut b, U32, n, 0);
    let zero = secret(&mut b, U32, 1, 0);
    let out = b.counted(n, &[zeros, zero, zeros], |b, i, carried| {
        let element = b.gather(x, i, 1);
        let sum = b.word(WordOp::Add, &[carried[1], element]);
        let doubled = b.word(WordOp::Add, &[element, element]);
        vec![
            b.scatter(carried[0], i, sum, 1),
            sum,
            b.scatter(carried[2], i, doubled, 1),
        ]
    });
    out.iter().for_each(|&id| {
        b.output(id, &[0]);
    });
    let ir = b.finish();
    let after = becomes_lanes(&ir, &[numbers(n, 1 << 32)]);
    let text = after.to_string();
    assert!(
        text.contains("scan add") && !text.contains("scatter"),
        "{text}"
    );
}

#[test]
fn independent_work_leaves_a_sequential_loop() {
    let n = 1000;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n);
    let one = secret(&mut b, U32, 1, 1);
    let out = b.counted(n, &[one], |b, i, carried| {
        let element = b.gather(x, i, 1);
        let square = b.word(WordOp::Mul, &[element, element]);
        let mixed = b.word(WordOp::Mul, &[carried[0], carried[0]]);
        vec![b.word(WordOp::Add, &[mixed, square])]
    });
    b.output(out[0], &[0]);
    let ir = b.finish();
    let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    assert_same(&ir, &after, &[numbers(n, 1 << 32)], "fission");
    let text = after.to_string();
    assert_eq!(n_loops(&after.body), 1, "{text}");
    assert!(text.contains("u32 x1000 = mul"), "{text}");
}

#[test]
fn a_million_dependent_steps_stay_a_loop() {
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, 1);
    let out = b.counted(1_000_000, &[x], |b, i, carried| {
        let i = b.cast(i, U32);
        let mixed = b.word(WordOp::Mul, &[carried[0], carried[0]]);
        vec![b.word(WordOp::Add, &[mixed, i])]
    });
    b.output(out[0], &[0]);
    let ir = b.finish();
    let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    assert_same(&ir, &after, &[vec![3]], "steps");
    assert!(n_nodes(&after.body) < 12, "{after}");
}

#[test]
fn a_read_of_what_an_earlier_iteration_wrote_keeps_the_loop() {
    let n = 100;
    let mut b = Builder::new(3);
    let x = b.input(0, "x", U32, n + 1);
    let out = b.counted(n, &[x], |b, i, carried| {
        let one = b.index(1);
        let next = b.word(WordOp::Add, &[i, one]);
        let (l, r) = (b.gather(carried[0], i, 1), b.gather(carried[0], next, 1));
        let product = b.word(WordOp::Mul, &[l, r]);
        vec![b.scatter(carried[0], next, product, 1)]
    });
    b.output(out[0], &[0]);
    let ir = b.finish();
    let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    assert_same(&ir, &after, &[numbers(n + 1, 1 << 32)], "recurrence");
    assert_eq!(n_loops(&after.body), 1, "{after}");
}

#[test]
fn independent_calls_of_a_circuit_are_one_call_on_lanes() {
    use crate::imported::{Circuit, Port};
    use smpcc_circuit::template::Builder as Gates;
    use std::sync::Arc;
    let n = 100;
    let mut gates = Gates::new(&[8, 8, 1]);
    let (x, y, c) = (gates.input(0), gates.input(1), gates.input(2));
    let lower: Vec<_> = x
        .iter()
        .zip(&y)
        .map(|(&x, &y)| gates.select(c[0], x, y))
        .collect();
    let template = gates.finish("pick", vec![lower]);
    let port = |scalar, block| Port { scalar, block };
    let byte = Scalar::unsigned(8);
    let circuit = Circuit::from_parts(
        "pick".into(),
        vec![port(byte, 2), port(Scalar::Bool, 1)],
        vec![port(byte, 1)],
        template,
    );
    let circuit = Arc::new(circuit.unwrap());
    let mut b = Builder::new(3);
    let pairs = b.input(0, "pairs", byte, 2 * n);
    let choice = b.input(1, "choice", Scalar::Bool, 1);
    let zeros = secret(&mut b, byte, n, 0);
    let filled = b.counted(n, &[zeros], |b, i, carried| {
        let pair = b.gather(pairs, i, 2);
        let circuit = circuit.clone();
        let ty = Ty {
            scalar: byte,
            lanes: 1,
            secret: true,
        };
        let one = b.emit(Op::Circuit { circuit, calls: 1 }, vec![pair, choice], ty);
        vec![b.scatter(carried[0], i, one, 1)]
    });
    b.output(filled[0], &[0]);
    let ir = b.finish();
    let all = becomes_lanes(&ir, &[numbers(2 * n, 256), vec![1]]);
    let calls: Vec<u64> = (all.body.nodes.iter())
        .filter_map(|node| match node.op {
            Op::Circuit { calls, .. } => Some(calls),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [n]);
}

/// A loop over two columns of `n` numbers and two of truth values, whose carried numbers all start at 7.
fn kept(
    n: u64,
    carried: usize,
    body: impl FnOnce(&mut Builder, &[ValueId; 4], &[ValueId]) -> Vec<ValueId>,
) -> (Ir, Vec<Vec<Word>>) {
    let mut b = Builder::new(3);
    let columns = [U32, U32, Scalar::Bool, Scalar::Bool];
    let columns = columns.map(|scalar| b.input(0, "x", scalar, n));
    let first = secret(&mut b, U32, 1, 7);
    let last = b.counted(n, &vec![first; carried], |b, i, kept| {
        let row = columns.map(|column| b.gather(column, i, 1));
        body(b, &row, kept)
    });
    for last in last {
        b.output(last, &[0]);
    }
    let bits = |by: Word| {
        numbers(n, 97)
            .iter()
            .map(|word| Word::from(word % by == 1))
            .collect()
    };
    let given = vec![numbers(n, 101), numbers(n, 89), bits(3), bits(4)];
    (b.finish(), given)
}

#[test]
fn the_latest_value_is_a_reduction() {
    // Under one condition, under several within each other, and by one of two.
    let (ir, given) = kept(50, 3, |b, &[x, y, c, d], kept| {
        let one = b.word(WordOp::Select, &[c, x, kept[0]]);
        let inner = b.word(WordOp::Select, &[d, y, kept[1]]);
        let nested = b.word(WordOp::Select, &[c, inner, kept[1]]);
        let first = b.word(WordOp::Select, &[c, kept[2], x]);
        let either = b.word(WordOp::Select, &[d, y, first]);
        vec![one, nested, either]
    });
    let after = becomes_lanes(&ir, &given);
    assert!(after.to_string().contains("reduce region"), "{after}");
}

#[test]
fn gaps_are_filled_with_the_value_before_them_by_a_scan() {
    let (ir, given) = kept(50, 2, |b, &[x, _, c, _], kept| {
        let filled = b.word(WordOp::Select, &[c, x, kept[0]]);
        let sum = b.word(WordOp::Add, &[kept[1], kept[0]]);
        vec![filled, sum]
    });
    let after = becomes_lanes(&ir, &given);
    assert!(after.to_string().contains("scan region"), "{after}");
}

#[test]
fn the_best_of_those_that_meet_a_condition_is_a_reduction() {
    for op in [WordOp::Lt, WordOp::Le] {
        for turned in [false, true] {
            let (ir, given) = kept(50, 3, |b, &[x, y, c, _], kept| {
                let sides = if turned { [x, kept[0]] } else { [kept[0], x] };
                let better = b.word(op, &sides);
                let taken = b.word(WordOp::And, &[c, better]);
                let best = b.word(WordOp::Select, &[taken, x, kept[0]]);
                let with = b.word(WordOp::Select, &[taken, y, kept[1]]);
                // By itself.
                let sides = if turned { [y, kept[2]] } else { [kept[2], y] };
                let better = b.word(op, &sides);
                let taken = b.word(WordOp::And, &[better, c]);
                let alone = b.word(WordOp::Select, &[taken, y, kept[2]]);
                vec![best, with, alone]
            });
            becomes_lanes(&ir, &given);
        }
    }
}

/// A sum of the rows for which `body` says that they count, and a counter that starts at `first` and goes on as `body` says.
fn counted_rows(
    scalar: Scalar,
    first: i128,
    mut body: impl FnMut(&mut Builder, &[ValueId; 2], ValueId) -> [ValueId; 2],
) {
    let mut b = Builder::new(3);
    let n = 50;
    let columns = [U32, Scalar::Bool].map(|scalar| b.input(0, "x", scalar, n));
    let sum = secret(&mut b, U32, 1, 0);
    let count = secret(&mut b, scalar, 1, scalar.wrap(first as Word));
    let last = b.counted(n, &[sum, count], |b, i, kept| {
        let [x, hit] = columns.map(|column| b.gather(column, i, 1));
        let [counts, next] = body(b, &[x, hit], kept[1]);
        let more = b.word(WordOp::Add, &[kept[0], x]);
        let sum = b.word(WordOp::Select, &[counts, more, kept[0]]);
        vec![sum, next]
    });
    b.output(last[0], &[0]);
    b.output(last[1], &[0]);
    let hits = numbers(n, 97).into_iter().map(|w| Word::from(w % 3 == 1));
    let given = vec![numbers(n, 101), hits.collect()];
    becomes_lanes(&b.finish(), &given);
}

#[test]
fn counters_that_stop_at_a_bound_count_on() {
    let types = [
        // Bounds below the start, at it, above it, and beyond all rows; and the ends of types that 50 rows would pass.
        (Scalar::unsigned(8), 7, vec![0, 6, 7, 8, 20, 200, 255]),
        (Scalar::unsigned(8), 0, vec![0, 1, 5, 255]),
        (Scalar::unsigned(8), 250, vec![254, 255]),
        (Scalar::unsigned(3), 2, vec![1, 2, 5, 7]),
        (Scalar::signed(4), -3, vec![-8, -4, -3, 0, 2, 7]),
        (Scalar::unsigned(127), 0, vec![5]),
    ];
    for (scalar, first, bounds) in types {
        for bound in bounds {
            // Below the bound, by an "and" of conditions.
            counted_rows(scalar, first, |b, &[_, hit], count| {
                let bound = b.splat(scalar, 1, scalar.wrap(bound as Word));
                let one = b.splat(scalar, 1, 1);
                let below = b.word(WordOp::Lt, &[count, bound]);
                let both = b.word(WordOp::And, &[hit, below]);
                let more = b.word(WordOp::Add, &[count, one]);
                [both, b.word(WordOp::Select, &[both, more, count])]
            });
            // Where it has not reached the bound, by choices within each other.
            counted_rows(scalar, first, |b, &[_, hit], count| {
                let bound = b.splat(scalar, 1, scalar.wrap(bound as Word));
                let one = b.splat(scalar, 1, 1);
                let reached = b.word(WordOp::Le, &[bound, count]);
                let more = b.word(WordOp::Add, &[one, count]);
                let inner = b.word(WordOp::Select, &[hit, more, count]);
                let below = b.word(WordOp::Not, &[reached]);
                let both = b.word(WordOp::And, &[below, hit]);
                [both, b.word(WordOp::Select, &[reached, count, inner])]
            });
            // At the bound for a last time; past the largest number it would begin anew.
            let largest = (scalar.mask() >> u32::from(scalar.is_signed())) as i128;
            if bound != largest {
                counted_rows(scalar, first, |b, &[_, hit], count| {
                    let bound = b.splat(scalar, 1, scalar.wrap(bound as Word));
                    let within = b.word(WordOp::Le, &[count, bound]);
                    let both = b.word(WordOp::And, &[within, hit]);
                    let one = b.cast(both, scalar);
                    [both, b.word(WordOp::Add, &[count, one])]
                });
            }
        }
    }
}

#[test]
fn elements_of_short_arrays_are_written_at_secret_places() {
    // For places in the array, behind it, and of a type that ends with it.
    for (len, place) in [(5, 8), (1, 2), (16, 5), (4, 2), (9, 4)] {
        let mut b = Builder::new(3);
        let n = 40;
        let place = Scalar::unsigned(place);
        let at = b.input(0, "at", place, n);
        let x = b.input(1, "x", U32, n);
        let hits = b.input(1, "hit", Scalar::Bool, n);
        let array = secret(&mut b, U32, len, 7);
        let last = b.counted(n, &[array, array], |b, i, kept| {
            let (at, x, hit) = (b.gather(at, i, 1), b.gather(x, i, 1), b.gather(hits, i, 1));
            let write = |b: &mut Builder, array, at| {
                let ty = b.ty(array);
                b.emit(
                    Op::WriteSecret {
                        block: 1,
                        groups: 1,
                    },
                    vec![array, at, x],
                    ty,
                )
            };
            let all = write(b, kept[0], at);
            let outside = b.splat(place, 1, place.mask());
            let where_hit = b.word(WordOp::Select, &[hit, at, outside]);
            let some = write(b, kept[1], where_hit);
            vec![all, some]
        });
        b.output(last[0], &[0]);
        b.output(last[1], &[0]);
        let bits = numbers(n, 97)
            .iter()
            .map(|w| Word::from(w % 3 == 1))
            .collect();
        let places = numbers(n, 11).iter().map(|w| w & place.mask()).collect();
        becomes_lanes(&b.finish(), &[places, numbers(n, 101), bits]);
    }
}
