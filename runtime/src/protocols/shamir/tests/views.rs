//! What parties see: uniform messages, alone and two by two, schedules without secrets, nothing twice, faults named.

use std::collections::BTreeSet;

use smpcc_circuit::program::{Op, Program};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use super::{B, P, PARTIES, bgw, there_and_back};
use crate::engine::testing::{AllInputs, a, run_on};
use crate::error::Fault;
use crate::net::faulty::{self, Spoil};
use crate::net::memory;
use crate::net::record::Recording;
use crate::party::PartyId;
use crate::protocols::replicated::tests::views::{
    LANES, assert_uniform, constant, messages, recorded,
};
use crate::protocols::replicated::tests::{and_template, inputs, sum_template, u, words};

/// All messages of a program without openings are uniform, alone and in pairs that differ by two bytes; short ones are
/// joined with those after them on the link.
fn assert_messages_uniform(program: &Program, inputs: &AllInputs, values: usize, name: &str) {
    let recordings = recorded(program, inputs);
    let n = recordings.len();
    let (mut tested, mut left) = (0, 0);
    for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let mut bytes = Vec::new();
        for (step, message) in messages(&recordings, from, to).iter().enumerate() {
            bytes.extend_from_slice(message);
            if bytes.len() < 2000 {
                continue;
            }
            let what = format!("{name}, {from} to {to}, message {step}");
            assert_uniform(bytes.iter().copied(), values, &what);
            let shift = |i: usize| bytes[i].wrapping_sub(bytes[i + 2]) & (values - 1) as u8;
            let differences = (0..bytes.len() - 2).step_by(4).map(shift);
            assert_uniform(differences, values, &format!("{what}, pairs"));
            tested += bytes.len();
            bytes.clear();
        }
        left += bytes.len();
    }
    assert!(
        tested > 9 * left,
        "{name}: {tested} bytes tested, {left} left"
    );
}

/// Parties for tests that record all that is sent.
const FEW: [(u32, u32); 3] = [(3, 1), (4, 1), (5, 2)];

#[test]
fn arithmetic_messages_are_uniform() {
    for (parties, (ring, values)) in FEW
        .into_iter()
        .flat_map(|p| [(p, (1u8, 2)), (p, (3, 8)), (p, (8, 256))])
    {
        if ring == 1 && parties.0 > 4 {
            // Random sharings mod 4 serve.
            continue;
        }
        let mut b = bgw(parties);
        let x = b.input(0, a(ring), u(ring), LANES);
        let y = b.input(1, a(ring), u(ring), LANES);
        let z = b.op(Op::Mul, &[x, y], a(ring), u(ring), LANES);
        let segments = LANES / 2;
        let _ = b.op(Op::Dot { segments }, &[z, x], a(ring), u(ring), segments);
        let top = values as Word - 1;
        for (x, y) in [(0, 0), (1, 5 & top), (top, top)] {
            let inputs = inputs(&[&constant(x), &constant(y)]);
            assert_messages_uniform(&b.program, &inputs, values, "products");
        }
    }
}

#[test]
fn boolean_messages_are_uniform() {
    let many = [((7, 3), (1, 1))];
    for (parties, (x, y)) in FEW
        .into_iter()
        .flat_map(|p| [(p, (0, 0)), (p, (1, 1)), (p, (0, 1))])
        .chain(many)
    {
        let mut b = bgw(parties);
        let x_in = b.input(0, B, Scalar::Bool, LANES);
        let y_in = b.input(2, B, Scalar::Bool, LANES);
        let and = b.template(and_template());
        let z = b.op(Op::Call(and), &[x_in, y_in], B, Scalar::Bool, LANES);
        let _ = b.op(Op::Call(and), &[z, x_in], B, Scalar::Bool, LANES);
        let inputs = inputs(&[&constant(x), &constant(y)]);
        assert_messages_uniform(&b.program, &inputs, 256, "ANDs");
    }
}

#[test]
fn conversion_messages_are_uniform() {
    for (n, t) in [(3, 1), (5, 2)] {
        for value in [0, 1, 0xb7] {
            let lanes = LANES / 2;
            let mut b = bgw((n, t));
            there_and_back(&mut b, t as usize + 1, 8, 8, lanes);
            // Without what is opened.
            let is_output = |op: &Op| matches!(op, Op::Output(_));
            b.program.regions[0].nodes.retain(|n| !is_output(&n.op));
            b.program.outputs.clear();
            let x = vec![value; lanes as usize];
            let all = inputs(&[&x, &x]);
            assert_messages_uniform(&b.program, &all, 256, "A, B and back");
        }
        for value in [0, 1] {
            let mut b = bgw((n, t));
            let x = b.input(0, B, Scalar::Bool, LANES);
            let word = 1;
            let one = b.constant(Scalar::Bool, ConstVec::Splat { lanes: LANES, word });
            let one = b.op(Op::FromPublic, &[one], B, Scalar::Bool, LANES);
            let and = b.template(and_template());
            let x = b.op(Op::Call(and), &[x, one], B, Scalar::Bool, LANES);
            let _ = b.op(Op::InjectBit, &[x], a(8), u(8), LANES);
            let all = inputs(&[&constant(value)]);
            assert_messages_uniform(&b.program, &all, 256, "bits");
        }
    }
}

/// Two of five parties put together what they get: of one dealer, and of different ones, over many lanes of one value, whether
/// that is a number or a bit, multiplied through the king and converted.
#[test]
fn what_two_parties_get_together_is_uniform() {
    let numbers = |value| {
        let mut b = bgw((5, 2));
        let x = b.input(0, a(2), u(2), LANES);
        let z = b.op(Op::Mul, &[x, x], a(2), u(2), LANES);
        let _ = b.op(Op::Mul, &[z, x], a(2), u(2), LANES);
        recorded(&b.program, &inputs(&[&constant(value)]))
    };
    let bits = |value| {
        let mut b = bgw((5, 2));
        let x = b.input(0, B, Scalar::Bool, LANES);
        let and = b.template(and_template());
        let z = b.op(Op::Call(and), &[x, x], B, Scalar::Bool, LANES);
        let z = b.op(Op::Call(and), &[z, x], B, Scalar::Bool, LANES);
        let _ = b.op(Op::InjectBit, &[z], a(8), u(8), LANES);
        recorded(&b.program, &inputs(&[&constant(value)]))
    };
    for value in [0, 1] {
        pairs_are_uniform(&numbers(value), 4);
        pairs_are_uniform(&bits(value), 16);
    }
}

/// For any two of five parties: what one of the others sends to one, with what one of them sends to the other, by the low bits of
/// which there are so many values.
fn pairs_are_uniform(recordings: &[Recording], values: u8) {
    let n = recordings.len();
    let mut n_pairs = 0;
    for (first, second) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
        for from in 0..n {
            for other in 0..n {
                if [first, second].contains(&from) || [first, second].contains(&other) {
                    continue;
                }
                let (x, y) = (
                    messages(recordings, from, first),
                    messages(recordings, other, second),
                );
                for (step, (x, y)) in x.iter().zip(&y).enumerate() {
                    let low = |b: &u8| b & (values - 1);
                    let pairs = x.iter().zip(y).map(|(x, y)| values * low(x) + low(y));
                    let pairs: Vec<u8> = pairs.collect();
                    let what = format!("{first} and {second}, from {from} and {other}, {step}");
                    if x == y {
                        // What the king opens, to all alike.
                        assert!(from == 0 && other == 0, "{what}");
                    } else if pairs.len() > 1000 {
                        let n_values = usize::from(values) * usize::from(values);
                        assert_uniform(pairs.into_iter(), n_values, &what);
                        n_pairs += 1;
                    }
                }
            }
        }
    }
    assert!(n_pairs > 50, "{n_pairs}");
}

/// A program with something of everything.
fn mixed((n, t): (u32, u32), lanes: u64) -> Program {
    let mut b = bgw((n, t));
    let x = b.input(0, a(40), u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let product = b.op(Op::Mul, &[x, x], a(40), u(40), lanes);
    let parts: Vec<_> = (0..t + 1).map(|_| b.value(B, u(16), lanes)).collect();
    b.node(Op::Decompose, &[product], &parts);
    let add = b.template(sum_template(16, parts.len()));
    let bits = b.op(Op::Call(add), &parts, B, u(16), lanes);
    let two = b.template(sum_template(16, 2));
    let (i, acc) = (b.value(P, u(64), 1), b.value(B, u(16), lanes));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Call(two), &[acc, y], B, u(16), lanes);
    b.close(&[next]);
    let last = b.value(B, u(16), lanes);
    let count = Some(3);
    b.node(Op::Loop { count, body }, &[bits], &[last]);
    b.output(last, &[2]);
    let dot = b.op(Op::Dot { segments: 1 }, &[x, product], a(40), u(40), 1);
    b.output(dot, &[0, 1]);
    there_and_back(&mut b, t as usize + 1, 12, 7, lanes);
    b.program
}

fn mixed_inputs(lanes: u64, seed: u64) -> AllInputs {
    let width = [40, 16, 12, 12];
    let all: Vec<_> = (0..4)
        .map(|i| words(seed + i as u64, width[i], lanes))
        .collect();
    inputs(&[&all[0], &all[1], &all[2], &all[3]])
}

#[test]
fn schedules_do_not_depend_on_secrets() {
    for (parties, lanes) in PARTIES.into_iter().zip([1, 65, 3000, 64, 3, 700, 63, 1]) {
        let program = mixed(parties, lanes);
        let (first, second) = (
            recorded(&program, &mixed_inputs(lanes, 1)),
            recorded(&program, &mixed_inputs(lanes, 77)),
        );
        let mut n_messages = 0;
        for (first, second) in first.iter().zip(&second) {
            for to in PartyId::all(parties.0 as usize) {
                assert_eq!(first.schedule(to), second.schedule(to));
                n_messages += first.schedule(to).len();
            }
        }
        assert!(n_messages > 10);
    }
}

#[test]
fn two_runs_put_nothing_on_a_link_twice() {
    for parties in [(3, 1), (5, 2)] {
        let program = mixed(parties, 300);
        let inputs = mixed_inputs(300, 3);
        let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
        for _ in 0..2 {
            let recordings = recorded(&program, &inputs);
            let n = recordings.len();
            for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                // Values that are opened to several parties are sent alike to all of them by nobody: additive shares
                // depend on the receiver.
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
}

/// Whatever comes instead of a message, the party that gets it says so and names the peer.
#[test]
fn bad_messages_are_the_peers_fault() {
    let spoils = [
        Spoil::Cut,
        Spoil::Drop,
        Spoil::Repeat,
        Spoil::Swap,
        Spoil::Lengthen(1),
        Spoil::Lengthen(70_000),
        Spoil::Shorten(1),
        Spoil::ClaimLength(u32::MAX),
        Spoil::Replace(vec![0; 40]),
    ];
    for (i, spoil) in spoils.into_iter().enumerate() {
        let parties = [(3, 1), (5, 2)][i % 2];
        let program = mixed(parties, 100);
        for frame in [0, 1, 4] {
            let mut all = memory::links(parties.0 as usize).unwrap();
            let links = all.remove(0);
            let last = parties.0 as usize - 1;
            let to = PartyId::new(last as u16);
            all.insert(
                0,
                links.wrap(to, |link| faulty::wrap(link, frame, spoil.clone())),
            );
            let results = run_on(&program, &mixed_inputs(100, 9), all);
            let error = results[last].as_ref().err();
            let error = error.unwrap_or_else(|| panic!("{spoil:?}, frame {frame}: no error"));
            assert!(
                matches!(
                    error.fault(),
                    Fault::Peer(_) | Fault::Network { .. } | Fault::Stopped { .. }
                ),
                "{spoil:?}, frame {frame}: {error}"
            );
        }
    }
}

/// A message of the right length with other contents changes values and nothing else.
#[test]
fn changed_messages_do_not_disturb_the_run() {
    let program = mixed((3, 1), 100);
    let mut all = memory::links(3).unwrap();
    let links = all.remove(0);
    let wrapped = links.wrap(PartyId::new(2), |link| {
        faulty::wrap(link, 0, Spoil::ChangePayload)
    });
    all.insert(0, wrapped);
    for result in run_on(&program, &mixed_inputs(100, 9), all) {
        assert!(result.is_ok());
    }
}
