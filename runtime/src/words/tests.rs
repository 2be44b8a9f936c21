//! Every operation on vectors against its meaning on a lane, and times that do not follow what is computed.

use std::time::{Duration, Instant};

use smpcc_circuit::gate::{Rule, WordOp};
use smpcc_circuit::value::{Scalar, Word};

use super::{Places, fold_in, map, map_in, read, reduce, scan, write};
use crate::engine::testing::words;
use crate::ring::Elements;

/// Widths at which machine words end, and others.
const WIDTHS: [u8; 12] = [1, 2, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128];

fn of(scalar: Scalar, words: &[Word]) -> Elements {
    Elements::of_words(scalar.width(), words.iter().copied())
}

/// Words of a type: the extreme ones, each before each other, and some in between.
fn interesting(scalar: Scalar) -> (Vec<Word>, Vec<Word>) {
    let (m, w) = (scalar.mask(), scalar.width());
    let half = m >> 1;
    let mut some = vec![0, 1, 2, 3, m, m - 1, half, half + 1, m / 3, 10];
    some.extend(words(u64::from(w), w, 6));
    some.iter_mut().for_each(|x| *x &= m);
    let a = some.iter().flat_map(|&x| vec![x; some.len()]).collect();
    (a, some.repeat(some.len()))
}

fn scalars() -> impl Iterator<Item = Scalar> {
    let ints = WIDTHS.into_iter().flat_map(|w| {
        let signed = (w > 1).then(|| Scalar::signed(w));
        [Some(Scalar::unsigned(w)), signed].into_iter().flatten()
    });
    ints.chain([Scalar::Bool])
}

fn is_float(scalar: Scalar) -> bool {
    scalar == Scalar::unsigned(32) || scalar == Scalar::unsigned(64)
}

/// Amounts by which integers are scaled.
fn amounts(lanes: usize) -> (Scalar, Vec<Word>) {
    (
        Scalar::unsigned(8),
        (0..lanes as Word).map(|i| i * i % 256).collect(),
    )
}

fn expect(op: WordOp, from: Scalar, to: Scalar, args: &[(Scalar, Vec<Word>)]) {
    let held: Vec<Elements> = args.iter().map(|(ty, words)| of(*ty, words)).collect();
    let held: Vec<&Elements> = held.iter().collect();
    let got = map(op, from, to, &held).unwrap_or_else(|e| panic!("{op:?}: {e}"));
    assert!(got == of(to, &got.words()), "{op:?}: {to} in another word");
    for (lane, got) in got.words().into_iter().enumerate() {
        let args: Vec<Word> = args.iter().map(|(_, words)| words[lane]).collect();
        let expected = op.eval(from, to, &args);
        assert_eq!(got, expected, "{op:?} from {from} to {to} of {args:x?}");
    }
    // The same in one memory, a few lanes at a time.
    let lanes = got.lanes();
    let mut memory: Vec<Word> = args.iter().flat_map(|(_, words)| words.clone()).collect();
    let result = memory.len();
    memory.resize(result + lanes, Word::MAX);
    for (from_lane, few) in (0..lanes).step_by(7).map(|k| (k, 7.min(lanes - k))) {
        let places = Places {
            memory: &mut memory,
            args: std::array::from_fn(|i| (i * lanes + from_lane).min(result)),
            result: result + from_lane,
            lanes: few,
        };
        map_in(op, from, to, places).unwrap_or_else(|e| panic!("{op:?}: {e}"));
    }
    assert!(
        memory[result..] == got.words(),
        "{op:?}: {from} to {to} in memory"
    );
}

#[test]
fn every_operation_means_on_lanes_what_it_means_on_one() {
    for op in WordOp::ALL {
        for from in scalars() {
            let (a, b) = interesting(from);
            let data = |words: &[Word]| (from, words.to_vec());
            let is_int = from != Scalar::Bool;
            match op.rule() {
                Rule::Integer if is_int => {
                    expect(op, from, from, &[data(&a), data(&b)][..op.arity()]);
                }
                Rule::Unsigned if is_int && !from.is_signed() => {
                    expect(op, from, from, &[data(&a)]);
                }
                Rule::Bits => expect(op, from, from, &[data(&a), data(&b)][..op.arity()]),
                Rule::Compare => expect(op, from, Scalar::Bool, &[data(&a), data(&b)]),
                Rule::Shift => {
                    for amount in [3, 8, 64, 128].map(Scalar::unsigned) {
                        let w = Word::from(from.width());
                        let mut by: Vec<Word> = (0..a.len() as Word).map(|i| i % 140).collect();
                        by[..6].copy_from_slice(&[w - 1, w, w + 1, 127, Word::MAX, 1 << 64]);
                        by.rotate_right(from.width() as usize % 7);
                        by.iter_mut().for_each(|x| *x &= amount.mask());
                        expect(op, from, from, &[data(&a), (amount, by)]);
                    }
                }
                Rule::Select => {
                    let which = (0..a.len() as Word).map(|i| (i % 3) & 1).collect();
                    expect(op, from, from, &[(Scalar::Bool, which), data(&a), data(&b)]);
                }
                Rule::Cast => scalars().for_each(|to| expect(op, from, to, &[data(&a)])),
                Rule::Float if is_float(from) => {
                    let c = b.iter().rev().copied().collect();
                    let all = [data(&a), data(&b), (from, c)];
                    expect(op, from, from, &all[..op.arity()]);
                }
                Rule::FloatCompare if is_float(from) => {
                    expect(op, from, Scalar::Bool, &[data(&a), data(&b)]);
                }
                Rule::FloatConvert if is_float(from) => {
                    for to in scalars().filter(|&to| is_float(to)) {
                        expect(op, from, to, &[data(&a)]);
                    }
                }
                Rule::FloatFrom if is_int => {
                    for to in scalars().filter(|&to| is_float(to)) {
                        expect(op, from, to, &[data(&a), amounts(a.len())]);
                    }
                }
                Rule::FloatTo if is_float(from) => {
                    for to in scalars().filter(|&to| to != Scalar::Bool) {
                        expect(op, from, to, &[data(&a), amounts(a.len())]);
                    }
                }
                Rule::Byte if from == Scalar::unsigned(8) => expect(op, from, from, &[data(&a)]),
                Rule::Integer | Rule::Unsigned | Rule::Byte => {}
                Rule::Float | Rule::FloatCompare => {}
                Rule::FloatConvert | Rule::FloatFrom | Rule::FloatTo => {}
            }
        }
    }
}

#[test]
fn runs_are_reduced_and_scanned() {
    for op in WordOp::ALL.into_iter().filter(|op| op.is_associative()) {
        for scalar in scalars() {
            let (a, _) = interesting(scalar);
            for (segments, run) in [(1, a.len()), (4, a.len() / 4), (a.len(), 1), (3, 0), (0, 0)] {
                let lanes = &a[..segments * run];
                let held = of(scalar, lanes);
                let sums: Vec<Vec<Word>> = (0..segments)
                    .map(|s| {
                        let mut sums: Vec<Word> = lanes[s * run..(s + 1) * run].to_vec();
                        for i in 1..run {
                            sums[i] = op.eval(scalar, scalar, &[sums[i - 1], sums[i]]);
                        }
                        sums
                    })
                    .collect();
                let nothing = smpcc_circuit::eval::identity(op, scalar);
                let last = |run: &Vec<Word>| run.last().copied().unwrap_or(nothing);
                let reduced: Vec<Word> = sums.iter().map(last).collect();
                let got = reduce(op, scalar, &held, segments);
                assert!(
                    got.is_ok_and(|e| e == of(scalar, &reduced)),
                    "{op:?} {scalar}"
                );
                let got = scan(op, scalar, &held, segments);
                assert!(
                    got.is_ok_and(|e| e == of(scalar, &sums.concat())),
                    "{op:?} {scalar}"
                );
                for each in [false, true] {
                    let expected = if each { &sums.concat() } else { &reduced };
                    let mut memory = [lanes, &vec![0; expected.len()]].concat();
                    let places = Places {
                        memory: &mut memory,
                        args: [0; 3],
                        result: lanes.len(),
                        lanes: lanes.len(),
                    };
                    let done = fold_in(op, scalar, places, segments, each);
                    assert!(
                        done.is_ok() && memory[lanes.len()..] == **expected,
                        "{op:?}"
                    );
                }
            }
        }
    }
    let x = of(Scalar::unsigned(8), &[1, 2, 3]);
    assert!(reduce(WordOp::Add, Scalar::unsigned(8), &x, 2).is_err());
    assert!(scan(WordOp::Sub, Scalar::unsigned(8), &x, 1).is_err());
}

#[test]
fn what_is_out_of_range_is_zero_and_is_not_written() {
    for (width, of_index) in [(8, 64), (64, 3), (100, 128), (1, 8)] {
        let (ty, index_ty) = (Scalar::unsigned(width), Scalar::unsigned(of_index));
        // Two arrays of three elements of two lanes.
        let table: Vec<Word> = words(7, width.into(), 12);
        let far = index_ty.mask();
        let index: Vec<Word> = vec![2, 3, far, 0, 1, 2, 2, far - 1];
        let held = of(ty, &table);
        let mut expected = Vec::new();
        for (k, &i) in index.iter().enumerate() {
            expected.extend(match i < 3 {
                true => [0, 1].map(|t| table[k / 4 * 6 + i as usize * 2 + t]),
                false => [0, 0],
            });
        }
        let got = read(&held, &of(index_ty, &index), 2, 2).unwrap();
        assert!(got == of(ty, &expected), "{width}");
        let new: Vec<Word> = words(8, width.into(), 16);
        let mut expected = table.clone();
        for (k, &i) in index.iter().enumerate().filter(|(_, i)| **i < 3) {
            let to = k / 4 * 6 + i as usize * 2;
            expected[to..to + 2].copy_from_slice(&new[2 * k..2 * k + 2]);
        }
        let mut into = held.clone();
        write(&mut into, &of(index_ty, &index), &of(ty, &new), 2, 2).unwrap();
        assert!(into == of(ty, &expected), "{width}");
        // Nothing there, and shapes that do not fit.
        let none = of(ty, &[]);
        let got = read(&none, &of(index_ty, &index), 2, 2).unwrap();
        assert!(got == of(ty, &[0; 16]));
        let mut into = none;
        assert!(write(&mut into, &of(index_ty, &index), &of(ty, &new), 2, 2).is_ok());
        assert!(read(&held, &of(index_ty, &index), 5, 1).is_err());
        assert!(read(&held, &of(index_ty, &index), 0, 1).is_err());
        assert!(read(&held, &of(index_ty, &index), 2, 3).is_err());
    }
}

/// The least time that each of some things takes, tried in turn: what else the machine does only adds to it, and comes and goes.
fn least<T>(all: &[T], f: impl Fn(&T)) -> Vec<Duration> {
    let mut least = vec![Duration::MAX; all.len()];
    for _ in 0..100 {
        for (one, least) in all.iter().zip(&mut least) {
            let began = Instant::now();
            f(one);
            *least = began.elapsed().min(*least);
        }
    }
    least
}

/// How much longer the longest takes than the shortest.
fn spread(times: &[Duration]) -> f64 {
    let seconds = || times.iter().map(Duration::as_secs_f64);
    seconds().fold(0.0, f64::max) / seconds().fold(f64::MAX, f64::min)
}

/// Vectors of extreme operands, and of others.
fn extremes(ty: Scalar, lanes: u64) -> Vec<[Elements; 2]> {
    let (m, w) = (ty.mask(), ty.width());
    let all = |word: Word| vec![word & m; lanes as usize];
    let dense = words(5, w, lanes);
    let pairs = [
        (all(0), all(1)),
        (all(0), all(0)),
        (all(m), all(1)),
        (all(m), all(m)),
        (all(1), all(m)),
        (all(m), all(3)),
        (dense.clone(), words(6, w / 2, lanes)),
        (dense.clone(), dense),
    ];
    pairs.map(|(a, b)| [of(ty, &a), of(ty, &b)]).into()
}

/// Operations on extreme operands take the time that they take on others. The bound is coarse, for it is held to wherever tests run; a
/// loop that ends with the first zero, or a machine's own division of long words, is beyond it.
#[test]
fn times_do_not_follow_what_is_computed() {
    for width in [32, 64, 128] {
        let ty = Scalar::unsigned(width);
        for op in [
            WordOp::Div,
            WordOp::Rem,
            WordOp::Isqrt,
            WordOp::Shr,
            WordOp::RotL,
            WordOp::Lt,
            WordOp::Min,
            WordOp::Mul,
            WordOp::CountOnes,
        ] {
            let to = if op == WordOp::Lt { Scalar::Bool } else { ty };
            // Short, so that some tries are left alone, and long enough for the clock.
            let slow = matches!(op, WordOp::Div | WordOp::Rem | WordOp::Isqrt);
            let operands = extremes(ty, if slow { 250 } else { 5000 });
            let times = least(&operands, |[a, b]| {
                let args = &[a, b][..op.arity()];
                drop(std::hint::black_box(map(op, ty, to, args)));
            });
            assert!(spread(&times) < 1.5, "{op:?} on {ty}: {times:?}");
            // Lane by lane in one memory.
            let times = least(&operands, |[a, b]| {
                let (a, b) = (a.words(), b.words());
                let n = a.len();
                let mut memory = [a, b, vec![0; n]].concat();
                for k in 0..n {
                    let places = Places {
                        memory: &mut memory,
                        args: [k, n + k, n + k],
                        result: 2 * n + k,
                        lanes: 1,
                    };
                    std::hint::black_box(map_in(op, ty, to, places).is_ok());
                }
            });
            assert!(spread(&times) < 1.5, "{op:?} on one {ty}: {times:?}");
        }
    }
}

/// Neighbours are compared and exchanged, turn by turn: how an owner sorts.
#[test]
fn sorting_takes_the_same_time_whatever_the_order() {
    let (ty, n) = (Scalar::unsigned(32), 512);
    let ascending: Vec<Word> = (0..n).collect();
    let descending: Vec<Word> = ascending.iter().rev().copied().collect();
    let orders = [
        ascending,
        descending,
        vec![7; n as usize],
        words(9, 32, n as u64),
    ];
    let orders = orders.map(|words| of(ty, &words));
    // Neighbours at even and odd places in turn.
    let sort = |keys: &Elements| {
        let mut keys = keys.clone();
        for turn in 0..48 {
            let (from, pairs) = (turn % 2, (keys.lanes() - turn % 2) / 2);
            let places = |side: usize| {
                Elements::of_words(64, (0..pairs).map(|k| (from + 2 * k + side) as Word))
            };
            let [left, right] = [0, 1].map(|side| read(&keys, &places(side), 1, 1).unwrap());
            for (side, op) in [WordOp::Min, WordOp::Max].into_iter().enumerate() {
                let half = map(op, ty, ty, &[&left, &right]).unwrap();
                write(&mut keys, &places(side), &half, 1, 1).unwrap();
            }
        }
        std::hint::black_box(keys)
    };
    let times = least(&orders, |keys| drop(sort(keys)));
    assert!(spread(&times) < 1.5, "{times:?}");
}
