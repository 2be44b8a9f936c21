//! What a coalition of all parties but one sees: uniform messages, shares that say nothing, schedules without secrets, nothing
//! twice; and what spoiled messages do.

use std::collections::BTreeSet;

use smpcc_circuit::program::{Op, Program, Suite};
use smpcc_circuit::value::{Scalar, Word};

use super::{B, P, SUITES, Y, all, builder, parts};
use crate::engine::testing::{AllInputs, Builder, a, run_on};
use crate::error::Fault;
use crate::net::faulty::{self, Spoil};
use crate::net::record::Recording;
use crate::net::{HEADER_LEN, memory};
use crate::party::PartyId;
use crate::protocols::replicated::tests::views::assert_uniform;
use crate::protocols::replicated::tests::{
    and_template, difference_template, inputs, sum_template, u, words,
};

/// Enough for a chi-square test over bytes.
const LANES: u64 = 8000;

/// Runs a program; what each party sent.
fn recorded(program: &Program, inputs: &AllInputs) -> Vec<Recording> {
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

/// The bytes from one party to another, message by message.
fn messages(recordings: &[Recording], from: usize, to: usize) -> Vec<Vec<u8>> {
    recordings[from]
        .sent_to(PartyId::new(to as u16))
        .into_iter()
        .filter(|frame| frame.is_data)
        .map(|frame| frame.bytes[HEADER_LEN..].to_vec())
        .collect()
}

fn constant(word: Word, lanes: u64) -> Vec<Word> {
    vec![word; lanes as usize]
}

/// All that travels on every link is uniform byte by byte (and in pairs), whatever the inputs are; the first message of a link
/// holds encoded points, which are not strings of random bits, and is left out.
fn assert_messages_uniform(program: &Program, data: &[Vec<Word>], what: &str) {
    let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let recordings = recorded(program, &inputs(&data));
    let n = program.n_parties as usize;
    for from in 0..n {
        for to in (0..n).filter(|&to| to != from) {
            let sent = messages(&recordings, from, to);
            let bytes: Vec<u8> = sent.into_iter().skip(1).flatten().collect();
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
        }
    }
}

/// For every way that a value comes about: the shares that all others send to who opens it are uniform over a tiny width, one by
/// one and in pairs, although the value is always the same.
#[test]
fn shares_are_uniform() {
    for suite in SUITES {
        for which in 0..8 {
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

/// A program with something of everything.
fn mixed(suite: (Suite, u32), lanes: u64) -> Program {
    let mut b = builder(suite);
    let x = b.input(0, a(40), u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let product = b.op(Op::Mul, &[x, x], a(40), u(40), lanes);
    let strings = parts(&mut b, B, 16, lanes, 0);
    b.node(Op::Decompose, &[product], &strings);
    let add = b.template(sum_template(16, strings.len()));
    let mut bits = b.op(Op::Call(add), &strings, B, u(16), lanes);
    let two = b.template(sum_template(16, 2));
    if suite.0 == Suite::TwoParty {
        let labels = b.op(Op::BooleanToYao, &[bits], Y, u(16), lanes);
        let other = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
        let (i, acc) = (b.value(P, u(64), 1), b.value(Y, u(16), lanes));
        let body = b.open(&[i, acc]);
        let next = b.op(Op::Call(two), &[acc, other], Y, u(16), lanes);
        b.close(&[next]);
        let last = b.value(Y, u(16), lanes);
        let count = Some(3);
        b.node(Op::Loop { count, body }, &[labels], &[last]);
        bits = b.op(Op::YaoToBoolean, &[last], B, u(16), lanes);
    }
    let flag = b.template(and_template());
    let bit = b.input(1, B, Scalar::Bool, lanes);
    let bit = b.op(Op::Call(flag), &[bit, bit], B, Scalar::Bool, lanes);
    let number = b.op(Op::InjectBit, &[bit], a(40), u(40), lanes);
    let _ = b.output(bits, &[1]);
    let dot = b.op(Op::Dot { segments: 1 }, &[number, product], a(40), u(40), 1);
    let _ = b.output(dot, &all(suite));
    b.program
}

fn data(seed: u64, lanes: u64) -> [Vec<Word>; 3] {
    [
        words(seed, 40, lanes),
        words(seed + 1, 16, lanes),
        words(seed + 2, 1, lanes),
    ]
}

#[test]
fn schedules_do_not_depend_on_secrets() {
    for suite in SUITES {
        for lanes in [1, 65, 700] {
            let program = mixed(suite, lanes);
            let run = |seed| {
                let data = data(seed, lanes);
                let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
                recorded(&program, &inputs(&data))
            };
            let (first, second) = (run(1), run(77));
            for from in 0..first.len() {
                for to in PartyId::all(first.len()) {
                    let schedule = first[from].schedule(to);
                    assert!(from == to.index() || !schedule.is_empty());
                    assert_eq!(schedule, second[from].schedule(to));
                }
            }
        }
    }
}

#[test]
fn two_runs_put_nothing_on_a_link_twice() {
    for suite in SUITES {
        let program = mixed(suite, 100);
        let data = data(3, 100);
        let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
        // By link: what is opened to several parties is said to each of them.
        let mut seen: BTreeSet<(usize, usize, Vec<u8>)> = BTreeSet::new();
        for _ in 0..2 {
            let recordings = recorded(&program, &inputs(&data));
            for from in 0..recordings.len() {
                for to in 0..recordings.len() {
                    for message in messages(&recordings, from, to) {
                        for piece in message.chunks_exact(16) {
                            assert!(
                                seen.insert((from, to, piece.to_vec())),
                                "{suite:?}, {from} to {to}: bytes seen before"
                            );
                        }
                    }
                }
            }
        }
        assert!(seen.len() > 1000);
    }
}

/// A peer whose messages have other lengths is named; one that says other things than it should makes results wrong at worst.
/// Nothing panics or waits forever, and nothing is taken for a bug of ours.
#[test]
fn spoiled_messages_are_survived() {
    let spoils = [
        Spoil::ChangePayload,
        Spoil::Lengthen(16),
        Spoil::Shorten(1),
        Spoil::Cut,
    ];
    for suite in [SUITES[0], SUITES[2]] {
        // With few transfers and with extensions.
        for lanes in [1, 40] {
            let program = mixed(suite, lanes);
            let data = data(3, lanes);
            let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
            let inputs = inputs(&data);
            for frame in [0, 1, 2, 4, 6] {
                for (from, spoil) in spoils.iter().enumerate().map(|(i, s)| (i % 2, s)) {
                    let mut links = memory::links(suite.1 as usize).unwrap();
                    let spoiled = links
                        .remove(from)
                        .wrap(PartyId::new(1 - from as u16), |link| {
                            faulty::wrap(link, frame, spoil.clone())
                        });
                    links.insert(from, spoiled);
                    for result in run_on(&program, &inputs, links) {
                        let what = format!("{suite:?}, {lanes} lanes, frame {frame}, {spoil:?}");
                        match result.map_err(|e| (e.fault(), e)) {
                            Ok(_) => assert_eq!(*spoil, Spoil::ChangePayload, "{what}"),
                            Err((Fault::Peer(party), _)) => {
                                assert_eq!(party.index(), from, "{what}");
                            }
                            Err((Fault::Network { .. } | Fault::Stopped { .. }, _)) => {}
                            Err((_, error)) => panic!("{what}: {error}"),
                        }
                    }
                }
            }
        }
    }
}
