//! The meaning of operations, on small programs.

use super::*;
use crate::ir::build::Builder;

const U8: Scalar = Scalar::unsigned(8);

fn words(range: std::ops::Range<u128>) -> Vec<Word> {
    range.collect()
}

#[test]
fn a_loop_fills_an_array_in_place() {
    let mut b = Builder::new(2);
    let n = 20_000;
    let x = b.input(0, "x", Scalar::unsigned(64), n);
    let zero = b.splat(Scalar::unsigned(64), n, 0);
    let zero = b.inferred(Op::MakeSecret, &[zero]);
    let filled = b.counted(n, &[zero], |b, i, carried| {
        let element = b.gather(x, i, 1);
        let square = b.word(WordOp::Mul, &[element, element]);
        vec![b.scatter(carried[0], i, square, 1)]
    });
    b.output(filled[0], &[0]);
    let out = interpret(&b.finish(), &[words(0..u128::from(n))]).unwrap();
    assert!(
        out.outputs[0]
            .iter()
            .enumerate()
            .all(|(i, &w)| w == (i * i) as u128)
    );
}

#[test]
fn indices_out_of_range_stop_or_read_zero() {
    let mut b = Builder::new(2);
    let x = b.input(0, "x", U8, 4);
    let i = b.input(1, "i", U8, 2);
    let read = b.inferred(
        Op::ReadSecret {
            block: 2,
            groups: 1,
        },
        &[x, i],
    );
    b.output(read, &[0]);
    let open = b.inferred(Op::Reveal(Form::Plain), &[i]);
    let gathered = b.gather(x, open, 2);
    b.output(gathered, &[0]);
    let ir = b.finish();
    let out = interpret(&ir, &[vec![1, 2, 3, 4], vec![1, 0]]).unwrap();
    assert_eq!(out.outputs, [vec![3, 4, 1, 2], vec![3, 4, 1, 2]]);
    assert_eq!(out.revealed[0].words, [1, 0]);
    let stopped = interpret(&ir, &[vec![1, 2, 3, 4], vec![1, 2]]).unwrap_err();
    assert_eq!(stopped.message, "index 2 is out of range for length 2");
}

#[test]
fn writes_by_secret_index_are_per_group() {
    let mut b = Builder::new(2);
    let x = b.input(0, "x", U8, 6);
    let i = b.input(1, "i", U8, 2);
    let y = b.input(1, "y", U8, 2);
    let op = Op::WriteSecret {
        block: 1,
        groups: 2,
    };
    let written = b.inferred(op, &[x, i, y]);
    b.output(written, &[0]);
    let inputs = [words(0..6), vec![2, 3], vec![50, 60]];
    let out = interpret(&b.finish(), &inputs).unwrap();
    assert_eq!(out.outputs[0], [0, 1, 50, 3, 4, 5]);
}

#[test]
fn reductions_scans_and_dots_run_per_segment() {
    let mut b = Builder::new(2);
    let x = b.input(0, "x", U8, 6);
    let sum = b.reduce(WordOp::Add, x, 2);
    let scan = b.inferred(
        Op::Scan {
            reducer: Reducer::Word(WordOp::Max),
            segments: 2,
        },
        &[x],
    );
    let dot = b.inferred(Op::Dot { segments: 3 }, &[x, x]);
    // Argmax, keeping the first of equals.
    let index = b.constant(U8, ConstVec::iota(6));
    let index = b.inferred(Op::MakeSecret, &[index]);
    let argmax = b.reduce_region(&[x, index], 1, |b, left, right| {
        let better = b.word(WordOp::Lt, &[left[0], right[0]]);
        vec![
            b.word(WordOp::Select, &[better, right[0], left[0]]),
            b.word(WordOp::Select, &[better, right[1], left[1]]),
        ]
    });
    for value in [sum, scan, dot, argmax[0], argmax[1]] {
        b.output(value, &[0]);
    }
    let ir = b.finish();
    crate::ir::verify::verify(&ir).unwrap();
    let inputs = [vec![3, 7, 5, 200, 7, 200]];
    let expected: [&[Word]; 5] = [
        &[15, 151],
        &[3, 7, 7, 200, 200, 200],
        &[58, 89, 113],
        &[200],
        &[3],
    ];
    for tree_reductions in [false, true] {
        let settings = Settings {
            tree_reductions,
            check_ranges: false,
        };
        let out = interpret_with(&ir, &inputs, settings).unwrap();
        assert_eq!(out.outputs, expected);
    }
}

#[test]
fn control_on_public_values() {
    let mut b = Builder::new(2);
    let n = b.input_leaf(smpcc_circuit::program::InputLeaf {
        party: 0,
        path: "n".into(),
        scalar: Scalar::USIZE,
        lanes: 1,
        public: true,
        drawn: false,
        range: None,
    });
    let one = b.index(1);
    let five = b.index(5);
    // The sum of 0..n, then doubled until it is at least 5.
    let sum = b.run_time_counted(n, &[one], |b, i, carried| {
        vec![b.word(WordOp::Add, &[carried[0], i])]
    });
    let grown = b.repeat_while(
        &sum,
        |b, carried| b.word(WordOp::Lt, &[carried[0], five]),
        |b, carried| vec![b.word(WordOp::Add, &[carried[0], carried[0]])],
    );
    let odd = b.word(WordOp::And, &[grown[0], one]);
    let is_odd = b.word(WordOp::Eq, &[odd, one]);
    let chosen = b.branch(is_odd, |_| vec![five], |_| vec![grown[0]]);
    b.output(chosen[0], &[0]);
    b.assert(is_odd, Some("odd"));
    let ir = b.finish();
    let stopped = interpret(&ir, &[vec![3]]).unwrap_err();
    assert_eq!(stopped.message, "assertion failed: odd");
    assert_eq!(interpret(&ir, &[vec![4]]).unwrap().outputs[0], [5]);
}
