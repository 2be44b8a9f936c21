//! What parties see: uniform messages, alone and two by two.

use smpcc_circuit::program::{Op, Program};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use super::super::BLOCK;
use super::super::vector::UNIT;
use super::{B, bgw};
use crate::engine::testing::{AllInputs, a, inputs, u};
use crate::net::record::Recording;
use crate::protocols::conformance::templates::and_template;
use crate::protocols::conformance::views::{
    assert_uniform, assert_uniform_with_opening, columns, messages, recorded,
};
use crate::protocols::conformance::{from_bits, to_bits};

/// Enough for a chi-square test over bytes, and one message per tick and link.
const LANES: u64 = 40_000;

fn constant(word: Word) -> Vec<Word> {
    vec![word; LANES as usize]
}

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
fn shuffle_messages_are_uniform() {
    for parties in FEW {
        for value in [0, 0xb7] {
            let mut b = bgw(parties);
            let x = b.input(0, a(8), u(8), LANES);
            let y = b.input(1, B, u(8), LANES);
            let rows = [b.value(a(8), u(8), LANES), b.value(B, u(8), LANES)];
            b.node(Op::Shuffle, &[x, y], &rows);
            let inputs = inputs(&[&constant(value), &constant(value)]);
            assert_messages_uniform(&b.program, &inputs, 256, "shuffles");
        }
    }
}

#[test]
fn conversion_messages_are_uniform() {
    for (n, t) in [(3, 1), (5, 2)] {
        for value in [0, 1, 0xb7] {
            let lanes = LANES / 2;
            let mut b = bgw((n, t));
            let x = b.input(1, a(8), u(8), lanes);
            let y = b.input(n - 1, a(8), u(8), lanes);
            let product = b.op(Op::Mul, &[x, y], a(8), u(8), lanes);
            let bits = to_bits(&mut b, product, B, 8, lanes);
            let back = from_bits(&mut b, bits, 8, lanes);
            b.op(Op::Mul, &[back, back], a(8), u(8), lanes);
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

/// To who learns an injected bit, whatever came before from any party says nothing together with what any party opens it with.
#[test]
fn what_an_injection_says_and_its_result_are_uniform_together() {
    let lanes = BLOCK as u64;
    for (parties, pairs) in [((3, 1), [4, 4]), ((4, 1), [9, 36]), ((5, 2), [15, 9])] {
        let last = parties.0 - 1;
        for (value, receiver, pairs) in [(0, 0, pairs[0]), (1, 0, pairs[0]), (1, last, pairs[1])] {
            let mut b = bgw(parties);
            let flag = b.input(1, B, Scalar::Bool, lanes);
            let number = b.op(Op::InjectBit, &[flag], a(3), u(3), lanes);
            b.output(number, &[receiver]);
            let flags = vec![value; BLOCK];
            let recordings = recorded(&b.program, &inputs(&[&flags]));
            let seen = columns(&recordings, receiver as usize, BLOCK, UNIT);
            let what = format!("{parties:?}, bit {value} to {receiver}");
            let n = assert_uniform_with_opening(&seen, 8, &what);
            assert_eq!(n, pairs, "{what}");
        }
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
