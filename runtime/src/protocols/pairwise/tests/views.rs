//! What a coalition of all parties but one sees: uniform messages, and shares that say nothing.

use smpcc_circuit::program::{Op, Program, Suite};
use smpcc_circuit::value::{Scalar, Word};

use super::{B, SUITES, Y, builder, parts};
use crate::engine::testing::{Builder, a, inputs, u};
use crate::protocols::conformance::templates::{difference_template, sum_template};
use crate::protocols::conformance::views::{assert_uniform, constant, messages, recorded};

/// Enough for a chi-square test over bytes.
const LANES: u64 = 8000;

/// All that travels on every link is uniform byte by byte (and in pairs), whatever the inputs are; the first message of a link
/// holds encoded points, which are not strings of random bits, and is left out.
fn assert_messages_uniform(program: &Program, data: &[Vec<Word>], what: &str) {
    let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let recordings = recorded(program, &inputs(&data));
    let n = program.n_parties as usize;
    for from in 0..n {
        for to in (0..n).filter(|&to| to != from) {
            let sent = messages(&recordings, from, to);
            let sent = sent.into_iter().filter(|message| !message.is_empty());
            let bytes: Vec<u8> = sent.skip(1).flatten().collect();
            let what = format!("{what}, {from} to {to}");
            assert!(bytes.len() > 8000, "{what}: {} bytes", bytes.len());
            assert_uniform(bytes.iter().copied(), 256, &what);
            let differences = (0..bytes.len() - 8)
                .step_by(16)
                .map(|i| bytes[i] ^ bytes[i + 8]);
            assert_uniform(differences, 256, &format!("{what}, pairs"));
        }
    }
}

#[test]
fn messages_are_uniform() {
    for suite in SUITES {
        let lanes = LANES;
        let values: &[Word] = if suite.1 == 5 { &[0xb7] } else { &[0, 0xb7] };
        for &value in values {
            let mut b = builder(suite);
            let x = b.input(0, a(8), u(8), lanes);
            let y = b.input(1, a(8), u(8), lanes);
            b.op(Op::Mul, &[x, y], a(8), u(8), lanes);
            let data = [constant(value, lanes), constant(value, lanes)];
            assert_messages_uniform(&b.program, &data, "products");
            let mut b = builder(suite);
            let x = b.input(0, B, u(8), lanes);
            let y = b.input(1, B, u(8), lanes);
            let sum = b.template(sum_template(8, 2));
            let z = b.op(Op::Call(sum), &[x, y], B, u(8), lanes);
            if suite.0 == Suite::TwoParty {
                let z = b.op(Op::BooleanToYao, &[z], Y, u(8), lanes);
                b.op(Op::Call(sum), &[z, z], Y, u(8), lanes);
            }
            assert_messages_uniform(&b.program, &data, "circuits");
            let mut b = builder(suite);
            let lanes = 1000;
            let x = b.input(0, a(8), u(8), lanes);
            let y = b.input(1, B, u(8), lanes);
            let rows = [b.value(a(8), u(8), lanes), b.value(B, u(8), lanes)];
            b.node(Op::Shuffle, &[x, y], &rows);
            let data = [constant(value, lanes), constant(value, lanes)];
            assert_messages_uniform(&b.program, &data, "shuffles");
        }
    }
}

/// For every way that a value comes about: the shares that all others send to who opens it are uniform over a tiny width, one by
/// one and in pairs, although the value is always the same.
#[test]
fn shares_are_uniform() {
    for suite in SUITES {
        for which in 0..9 {
            let (n, lanes) = (suite.1 as usize, LANES);
            let mut b = builder(suite);
            let x = b.input(1, a(3), u(3), lanes);
            let flag = b.input(0, B, Scalar::Bool, lanes);
            let mut strings = parts(&mut b, B, 3, lanes, 0);
            b.node(Op::Decompose, &[x], &strings);
            let random = parts(&mut b, B, 3, lanes, 1);
            b.node(Op::RandomParts, &[], &random);
            let add = b.template(sum_template(3, n));
            let subtract = b.template(difference_template(3, n));
            let all_parts = strings.clone();
            let sum = |b: &mut Builder| b.op(Op::Call(add), &all_parts, B, u(3), lanes);
            let shown = match which {
                0 => x,
                1 => b.op(Op::Mul, &[x, x], a(3), u(3), lanes),
                2 => b.op(Op::InjectBit, &[flag], a(3), u(3), lanes),
                3 => sum(&mut b),
                4..6 => {
                    let args = [&[sum(&mut b)], &random[..]].concat();
                    let d = b.op(Op::Call(subtract), &args, B, u(3), lanes);
                    if which == 4 {
                        d
                    } else {
                        let args = [&[d], &random[..]].concat();
                        b.op(Op::Compose, &args, a(3), u(3), lanes)
                    }
                }
                6 => strings.remove(0),
                7 => b.op(Op::Shuffle, &[x], a(3), u(3), lanes),
                _ => strings.remove(n - 1),
            };
            let is_boolean = b.program.values[shown.index()].domain == B;
            b.output(shown, &[0]);
            let data = [constant(5, lanes), constant(1, lanes)];
            let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
            let recordings = recorded(&b.program, &inputs(&data));
            let (len, values) = match is_boolean {
                true => (3 * lanes as usize / 8, 256),
                false => (lanes as usize, 8),
            };
            let shares: Vec<Vec<u8>> = (1..n)
                .map(|from| {
                    let bytes = messages(&recordings, from, 0).concat();
                    bytes[bytes.len() - len..].to_vec()
                })
                .collect();
            for (from, own) in shares.iter().enumerate() {
                let what = format!("{suite:?}, value {which}, share {}", from + 1);
                assert_uniform(own.iter().copied(), values, &what);
                // Jointly with each other's share, three bits of each.
                for other in &shares[from + 1..] {
                    let pairs = own.iter().zip(other).map(|(a, b)| (a & 7) << 3 | b & 7);
                    assert_uniform(pairs, 64, &format!("{what} and another"));
                }
            }
        }
    }
}

/// What an injection opens, b ⊕ r, is hidden by a bit that is also the lowest of each party's share of the result. To who sees both the
/// opening and the result's shares, the two say nothing together either: at each of the others and at any two of them, for either bit.
#[test]
fn what_an_injection_opens_and_its_shares_are_uniform_together() {
    for suite in SUITES {
        for value in [0, 1] {
            let (n, lanes) = (suite.1 as usize, LANES as usize);
            let mut b = builder(suite);
            let flag = b.input(1, B, Scalar::Bool, LANES);
            let number = b.op(Op::InjectBit, &[flag], a(3), u(3), LANES);
            b.output(number, &[0]);
            let recordings = recorded(&b.program, &inputs(&[&constant(value, LANES)]));
            let seen: Vec<Vec<u8>> = (1..n)
                .map(|from| {
                    let bytes = messages(&recordings, from, 0).concat();
                    let shares = bytes.len() - lanes;
                    let opened = &bytes[shares - lanes / 8..shares];
                    let bit = |l: usize| opened[l / 8] >> (l % 8) & 1;
                    (0..lanes)
                        .map(|l| bit(l) << 3 | bytes[shares + l])
                        .collect()
                })
                .collect();
            for (i, own) in seen.iter().enumerate() {
                let what = format!("{suite:?}, bit {value}, party {}", i + 1);
                assert_uniform(own.iter().copied(), 16, &what);
                for other in &seen[i + 1..] {
                    let pairs = own.iter().zip(other).map(|(a, b)| a << 4 | b);
                    assert_uniform(pairs, 256, &format!("{what} and another"));
                }
            }
        }
    }
}
