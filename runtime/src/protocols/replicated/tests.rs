//! What a single party sees: uniform messages. What operations mean and cost is in `conformance`.

use smpcc_circuit::program::{Domain, Op, Program};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use crate::engine::testing::{AllInputs, a, expect_output, inputs, rep3, run_on, u, words};
use crate::net::memory;
use crate::protocols::conformance::templates::{and_template, difference_template, sum_template};
use crate::protocols::conformance::to_bits;
use crate::protocols::conformance::views::{
    assert_uniform, assert_uniform_with_opening, columns, messages, recorded,
};

const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

/// Enough for a chi-square test over bytes, and one message per tick and link.
const LANES: u64 = 40_000;

/// All messages of a program without openings are uniform, one by one and in pairs that differ by two lanes.
fn assert_messages_uniform(program: &Program, inputs: &AllInputs, values: usize, name: &str) {
    let recordings = recorded(program, inputs);
    let n_parties = recordings.len();
    let mut n = 0;
    for from in 0..n_parties {
        for to in (0..n_parties).filter(|&to| to != from) {
            for (step, bytes) in messages(&recordings, from, to).iter().enumerate() {
                let what = format!("{name}, {from} to {to}, message {step}");
                assert_uniform(bytes.iter().copied(), values, &what);
                let shift = |i: usize| bytes[i].wrapping_sub(bytes[i + 2]) & (values - 1) as u8;
                let differences = (0..bytes.len() - 2).step_by(4).map(shift);
                assert_uniform(differences, values, &format!("{what}, pairs"));
                n += 1;
            }
        }
    }
    assert!(n > 0, "{name}: nothing was sent");
}

fn constant(word: Word) -> Vec<Word> {
    vec![word; LANES as usize]
}

#[test]
fn arithmetic_messages_are_uniform() {
    for (ring, values) in [(3u8, 8), (8, 256)] {
        let mut b = rep3();
        let x = b.input(0, a(ring), u(ring), LANES);
        let y = b.input(1, a(ring), u(ring), LANES);
        let z = b.op(Op::Mul, &[x, y], a(ring), u(ring), LANES);
        let segments = LANES / 2;
        let _ = b.op(Op::Dot { segments }, &[z, x], a(ring), u(ring), segments);
        for (x, y) in [(0, 0), (1, 5), (7, 7)] {
            let inputs = inputs(&[&constant(x), &constant(y)]);
            assert_messages_uniform(&b.program, &inputs, values, "products");
        }
    }
}

#[test]
fn boolean_messages_are_uniform() {
    for (x, y) in [(0, 0), (1, 1), (0, 1)] {
        let mut b = rep3();
        let lanes = 8 * LANES;
        let x_in = b.input(0, B, Scalar::Bool, lanes);
        let y_in = b.input(2, B, Scalar::Bool, lanes);
        let and = b.template(and_template());
        let z = b.op(Op::Call(and), &[x_in, y_in], B, Scalar::Bool, lanes);
        let _ = b.op(Op::Call(and), &[z, x_in], B, Scalar::Bool, lanes);
        let (x, y) = (vec![x; lanes as usize], vec![y; lanes as usize]);
        assert_messages_uniform(&b.program, &inputs(&[&x, &y]), 256, "ANDs");
    }
}

#[test]
fn conversion_messages_are_uniform() {
    for value in [0, 1, 0xb7] {
        let mut b = rep3();
        let x = b.input(0, a(8), u(8), LANES);
        let parts: Vec<_> = (0..3).map(|_| b.value(B, u(8), LANES)).collect();
        b.node(Op::Decompose, &[x], &parts);
        let add = b.template(sum_template(8, 3));
        let bits = b.op(Op::Call(add), &parts, B, u(8), LANES);
        let random: Vec<_> = (0..2).map(|_| b.value(B, u(8), LANES)).collect();
        b.node(Op::RandomParts, &[], &random);
        let sub = b.template(difference_template(8, 3));
        let d = b.op(Op::Call(sub), &[bits, random[0], random[1]], B, u(8), LANES);
        let back = b.op(Op::Compose, &[d, random[0], random[1]], a(8), u(8), LANES);
        let _ = b.op(Op::Mul, &[back, back], a(8), u(8), LANES);
        assert_messages_uniform(
            &b.program,
            &inputs(&[&constant(value)]),
            256,
            "A, B and back",
        );

        let mut b = rep3();
        let x = b.input(1, a(8), u(8), LANES);
        let parts: Vec<_> = (0..2).map(|_| b.value(Y, u(8), LANES)).collect();
        b.node(Op::Decompose, &[x], &parts);
        let add = b.template(sum_template(8, 2));
        let sum = b.op(Op::Call(add), &parts, Y, u(8), LANES);
        let bits = b.op(Op::YaoToBoolean, &[sum], B, u(8), LANES);
        let _ = b.op(Op::BooleanToYao, &[bits], Y, u(8), LANES);
        assert_messages_uniform(
            &b.program,
            &inputs(&[&constant(value)]),
            256,
            "A, Y, B and back",
        );
    }
    for value in [0, 1] {
        let mut b = rep3();
        let x = b.input(0, B, Scalar::Bool, LANES);
        let one = b.constant(
            Scalar::Bool,
            ConstVec::Splat {
                lanes: LANES,
                word: 1,
            },
        );
        let one = b.op(Op::FromPublic, &[one], B, Scalar::Bool, LANES);
        let and = b.template(and_template());
        let x = b.op(Op::Call(and), &[x, one], B, Scalar::Bool, LANES);
        let _ = b.op(Op::InjectBit, &[x], a(8), u(8), LANES);
        assert_messages_uniform(&b.program, &inputs(&[&constant(value)]), 256, "bits");
    }
}

/// What the party that is left out of a round is sent.
#[test]
fn shuffled_rows_are_uniform_to_who_is_sent_them() {
    for value in [0, 1, 0xb7] {
        let mut b = rep3();
        let x = b.input(0, a(8), u(8), LANES);
        let y = b.input(1, B, u(8), LANES);
        let rows = [b.value(a(8), u(8), LANES), b.value(B, u(8), LANES)];
        b.node(Op::Shuffle, &[x, y], &rows);
        let inputs = inputs(&[&constant(value), &constant(value)]);
        assert_messages_uniform(&b.program, &inputs, 256, "rows");
    }
}

/// To the difference that `Compose` opens, the two who see it add a number that they do not know: over many lanes of one
/// value each of them sees every difference equally often. (The messages alone would be uniform even if the
/// difference were not.)
#[test]
fn the_difference_of_a_composition_is_uniform_to_who_sees_it() {
    let mut b = rep3();
    let x = b.input(1, B, u(3), LANES);
    let random: Vec<_> = (0..2).map(|_| b.value(B, u(3), LANES)).collect();
    b.node(Op::RandomParts, &[], &random);
    let sub = b.template(difference_template(3, 3));
    let d = b.op(Op::Call(sub), &[x, random[0], random[1]], B, u(3), LANES);
    let _ = b.op(Op::Compose, &[d, random[0], random[1]], a(3), u(3), LANES);
    // The same difference, and it with either random part, for the test to see.
    let sum = b.template(sum_template(3, 2));
    let outs: Vec<_> = [d, random[0], random[1]]
        .map(|v| b.output(v, &[0]))
        .into_iter()
        .collect();
    let with = [0, 1].map(|i| b.op(Op::Call(sum), &[d, random[i]], B, u(3), LANES));
    let with = with.map(|v| b.output(v, &[0]));
    let reports = run_on(
        &b.program,
        &inputs(&[&constant(5)]),
        memory::links(3).unwrap(),
    );
    let report = reports
        .into_iter()
        .next()
        .unwrap()
        .unwrap_or_else(|e| panic!("{e}"));
    for id in outs.into_iter().chain(with) {
        let words = report.output(id).unwrap().into_iter().map(|w| w as u8);
        assert_uniform(words, 8, &format!("{id}"));
    }
    // Jointly with the part that party 0 knows.
    let pair = |p: usize| {
        let d = report.output(smpcc_circuit::ids::OutputId(0)).unwrap();
        let r = report
            .output(smpcc_circuit::ids::OutputId(p as u32))
            .unwrap();
        d.iter()
            .zip(&r)
            .map(|(&d, &r)| (8 * d + r) as u8)
            .collect::<Vec<_>>()
    };
    assert_uniform(pair(1).into_iter(), 64, "difference and part 1");
    assert_uniform(pair(2).into_iter(), 64, "difference and part 2");
}

/// To who learns an injected bit, each message that came before says nothing together with what it is opened with. The two that party 1
/// gets say nothing together either. (All three say what it knows: the bit that is opened, and its own share of the bit that was.)
#[test]
fn what_an_injection_says_and_its_result_are_uniform_together() {
    let lanes = 1 << 15;
    for value in [0, 1] {
        for receiver in 0..3 {
            let mut b = rep3();
            let flag = b.input(2, B, Scalar::Bool, lanes);
            let number = b.op(Op::InjectBit, &[flag], a(2), u(2), lanes);
            b.output(number, &[receiver]);
            let flags = vec![value; lanes as usize];
            let recordings = recorded(&b.program, &inputs(&[&flags]));
            let n = lanes as usize;
            let seen = columns(&recordings, receiver as usize, n, n);
            let what = format!("bit {value} to {receiver}");
            // Nothing but the opening, e and t_2, or t_1.
            let before = [0, 2, 1][receiver as usize];
            assert_eq!(seen.len(), 1 + before, "{what}");
            assert_eq!(assert_uniform_with_opening(&seen, 4, &what), before);
            let last = seen.iter().map(|(_, step, _)| *step).max();
            let came: Vec<&Vec<u8>> = seen
                .iter()
                .filter(|(_, step, _)| Some(*step) != last)
                .map(|(.., column)| column)
                .collect();
            if came.is_empty() {
                continue;
            }
            let together = (0..n).map(|l| came.iter().fold(0, |w, column| w << 2 | column[l]));
            assert_uniform(together, 1 << (2 * came.len()), &what);
        }
    }
}

/// Whatever is opened goes to one party from one other, and all else is said to one: no two links, in no two runs, have sixteen bytes in
/// common. (Only the difference of a composition is told to two.)
#[test]
fn two_runs_put_nothing_on_any_link_twice() {
    let lanes = 300;
    let mut b = rep3();
    let x = b.input(0, a(40), u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let product = b.op(Op::Mul, &[x, x], a(40), u(40), lanes);
    let bits = to_bits(&mut b, product, B, 16, lanes);
    let labels = b.op(Op::BooleanToYao, &[bits], Y, u(16), lanes);
    let other = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
    let two = b.template(sum_template(16, 2));
    let sum = b.op(Op::Call(two), &[labels, other], Y, u(16), lanes);
    let bits = b.op(Op::YaoToBoolean, &[sum], B, u(16), lanes);
    b.output(bits, &[2]);
    let dot = b.op(Op::Dot { segments: 1 }, &[x, product], a(40), u(40), 1);
    b.output(dot, &[0, 1]);
    let (x, y) = (words(3, 40, lanes), words(4, 16, lanes));
    let mut seen: SortedSet<Vec<u8>> = SortedSet::new();
    for _ in 0..2 {
        let recordings = recorded(&b.program, &inputs(&[&x, &y]));
        for (from, to) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            for message in messages(&recordings, from, to) {
                for piece in message.chunks_exact(16) {
                    let new = seen.insert(piece.to_vec());
                    assert!(new, "{from} to {to}: bytes seen before");
                }
            }
        }
    }
    assert!(seen.len() > 1000);
}

#[test]
fn a_large_call_gives_the_right_lanes() {
    let lanes = 3_000_001;
    let mut b = rep3();
    let x = b.input(0, B, Scalar::Bool, lanes);
    let y = b.input(1, B, Scalar::Bool, lanes);
    let and = b.template(and_template());
    let z = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, lanes);
    let out = b.output(z, &[2]);
    let (x, y) = (words(5, 1, lanes), words(6, 1, lanes));
    let expected: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x & y).collect();
    expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
}
