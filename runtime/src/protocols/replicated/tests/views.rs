//! What a single party sees: uniform messages, schedules without secrets, nothing twice.

use std::collections::BTreeSet;

use smpcc_circuit::program::{Op, Program};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use super::{B, P, Y, and_template, difference_template, inputs, sum_template, u, words};
use crate::engine::testing::{AllInputs, Builder, a, run_on};
use crate::net::HEADER_LEN;
use crate::net::memory;
use crate::net::record::Recording;
use crate::party::PartyId;

/// Enough for a chi-square test over bytes, and one message per tick and link.
pub(crate) const LANES: u64 = 40_000;

/// Runs a program; what each party sent.
pub(crate) fn recorded(program: &Program, inputs: &AllInputs) -> Vec<Recording> {
    let n = program.n_parties as usize;
    let recordings: Vec<Recording> = (0..n).map(|_| Recording::default()).collect();
    let links = memory::links(n).unwrap().into_iter().zip(&recordings);
    let links = links
        .map(|(links, recording)| recording.wrap(links))
        .collect();
    for report in run_on(program, inputs, links) {
        report.unwrap_or_else(|e| panic!("{e}"));
    }
    recordings
}

/// The messages from one party to another, joined by step.
pub(crate) fn messages(recordings: &[Recording], from: usize, to: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for frame in recordings[from].sent_to(PartyId::new(to as u16)) {
        if frame.is_data {
            let step = frame.step as usize;
            all.resize(all.len().max(step + 1), Vec::new());
            all[step].extend_from_slice(&frame.bytes[HEADER_LEN..]);
        }
    }
    all
}

/// Chi-square of bytes below `values`, or of their low bits where there are few; what chance gives less than once in
/// 10^9 runs is a failure.
pub(crate) fn assert_uniform(bytes: impl Iterator<Item = u8>, values: usize, what: &str) {
    let bytes: Vec<u8> = bytes.collect();
    let above = bytes.iter().find(|&&b| usize::from(b) >= values);
    assert!(above.is_none(), "{what}: {above:?} is above the ring");
    let mut values = values;
    while bytes.len() < 20 * values && values > 8 {
        values /= 2;
    }
    let mut count = vec![0u64; values];
    for &byte in &bytes {
        count[usize::from(byte) & (values - 1)] += 1;
    }
    let expected = bytes.len() as f64 / values as f64;
    assert!(expected >= 20.0, "{what}: too few samples, {}", bytes.len());
    let chi: f64 = count
        .iter()
        .map(|&c| (c as f64 - expected).powi(2) / expected)
        .sum();
    // Wilson and Hilferty: a chi-square variable's cube root is nearly normal.
    let df = values as f64 - 1.0;
    let z = ((chi / df).cbrt() - (1.0 - 2.0 / (9.0 * df))) / (2.0 / (9.0 * df)).sqrt();
    assert!(z < 6.5, "{what}: chi-square {chi} over {values} values");
}

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

pub(crate) fn constant(word: Word) -> Vec<Word> {
    vec![word; LANES as usize]
}

#[test]
fn arithmetic_messages_are_uniform() {
    for (ring, values) in [(3u8, 8), (8, 256)] {
        let mut b = Builder::new();
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
        let mut b = Builder::new();
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
        let mut b = Builder::new();
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

        let mut b = Builder::new();
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
        let mut b = Builder::new();
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

/// To the difference that `Compose` opens, the two who see it add a number that they do not know: over many lanes of one
/// value each of them sees every difference equally often. (The messages alone would be uniform even if the
/// difference were not.)
#[test]
fn the_difference_of_a_composition_is_uniform_to_who_sees_it() {
    let mut b = Builder::new();
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

/// A program with something of everything.
fn mixed(lanes: u64) -> Program {
    let mut b = Builder::new();
    let x = b.input(0, a(40), u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let product = b.op(Op::Mul, &[x, x], a(40), u(40), lanes);
    let parts: Vec<_> = (0..3).map(|_| b.value(B, u(16), lanes)).collect();
    b.node(Op::Decompose, &[product], &parts);
    let add = b.template(sum_template(16, 3));
    let bits = b.op(Op::Call(add), &parts, B, u(16), lanes);
    let labels = b.op(Op::BooleanToYao, &[bits], Y, u(16), lanes);
    let other = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
    let two = b.template(sum_template(16, 2));
    let (i, acc) = (b.value(P, u(64), 1), b.value(Y, u(16), lanes));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Call(two), &[acc, other], Y, u(16), lanes);
    b.close(&[next]);
    let last = b.value(Y, u(16), lanes);
    let count = Some(3);
    b.node(Op::Loop { count, body }, &[labels], &[last]);
    let bits = b.op(Op::YaoToBoolean, &[last], B, u(16), lanes);
    let _ = b.output(bits, &[2]);
    let dot = b.op(Op::Dot { segments: 1 }, &[x, product], a(40), u(40), 1);
    let _ = b.output(dot, &[0, 1]);
    b.program
}

#[test]
fn schedules_do_not_depend_on_secrets() {
    for lanes in [1, 65, 3000] {
        let program = mixed(lanes);
        let all = |seed| {
            let (x, y) = (words(seed, 40, lanes), words(seed + 1, 16, lanes));
            recorded(&program, &inputs(&[&x, &y]))
        };
        let (first, second) = (all(1), all(77));
        for from in 0..3 {
            for to in PartyId::all(3) {
                let schedule = first[from].schedule(to);
                assert!(from == to.index() || !schedule.is_empty());
                assert_eq!(schedule, second[from].schedule(to));
            }
        }
    }
}

#[test]
fn two_runs_put_nothing_on_a_link_twice() {
    let program = mixed(300);
    let (x, y) = (words(3, 40, 300), words(4, 16, 300));
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    for _ in 0..2 {
        let recordings = recorded(&program, &inputs(&[&x, &y]));
        for from in 0..3 {
            for to in 0..3 {
                for message in messages(&recordings, from, to) {
                    for piece in message.chunks_exact(16) {
                        assert!(
                            seen.insert(piece.to_vec()),
                            "{from} to {to}: bytes seen before"
                        );
                    }
                }
            }
        }
    }
    assert!(seen.len() > 1000);
}

#[test]
fn a_large_call_gives_the_right_lanes() {
    let lanes = 3_000_001;
    let mut b = Builder::new();
    let x = b.input(0, B, Scalar::Bool, lanes);
    let y = b.input(1, B, Scalar::Bool, lanes);
    let and = b.template(and_template());
    let z = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, lanes);
    let out = b.output(z, &[2]);
    let (x, y) = (words(5, 1, lanes), words(6, 1, lanes));
    let expected: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x & y).collect();
    crate::engine::testing::expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
}
