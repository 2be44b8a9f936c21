//! What holds for every suite and number of parties alike: programs of all operations mean what they say and cost what is predicted,
//! whatever the secrets; only receivers hear of outputs; nothing is said twice; and bad messages have a sender.
//!
//! The suites' own tests look at one operation at a time and know its shares; these know nothing of any suite.

use std::collections::BTreeSet;
use std::time::Duration;

use smpcc_circuit::eval::eval;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Program, Suite};
use smpcc_circuit::value::{Scalar, Word};

use super::garbled::call::Garbling;
use super::replicated::tests::views::{messages, recorded};
use super::replicated::tests::{and_template, difference_template, inputs, sum_template, u, words};
use crate::block::Label;
use crate::engine::run;
use crate::engine::testing::{AllInputs, Builder, a, expect_costs, run_all, run_with};
use crate::error::Fault;
use crate::net::faulty::{self, Spoil};
use crate::net::record::Recording;
use crate::net::{Options, memory};
use crate::party::PartyId;
use crate::session::Session;

const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

/// Suite, parties, threshold.
type Setting = (Suite, u32, u32);

/// All suites, with 2, 3, 4, 5, 7 and 16 parties; and a size of programs that takes little time there: lanes and width.
const SETTINGS: [(Setting, u64, u8); 13] = [
    ((Suite::TwoParty, 2, 1), 130, 9),
    ((Suite::Rep3, 3, 1), 130, 9),
    ((Suite::Gmw, 2, 1), 130, 9),
    ((Suite::Gmw, 3, 2), 65, 5),
    ((Suite::Gmw, 4, 3), 9, 3),
    ((Suite::Gmw, 7, 6), 1, 3),
    ((Suite::Gmw, 16, 15), 1, 1),
    ((Suite::Bgw, 3, 1), 130, 9),
    ((Suite::Bgw, 4, 1), 65, 9),
    // From five parties on with so many lanes that everything goes through the king.
    ((Suite::Bgw, 5, 2), 5003, 9),
    ((Suite::Bgw, 7, 3), 4200, 8),
    ((Suite::Bgw, 16, 7), 4100, 8),
    ((Suite::Bgw, 16, 2), 65, 4),
];

/// Results of an operation that gives several, and the operation.
fn several(
    b: &mut Builder,
    op: Op,
    args: &[ValueId],
    shape: (Domain, u8, u64),
    n: usize,
) -> Vec<ValueId> {
    let (domain, width, lanes) = shape;
    let results: Vec<_> = (0..n).map(|_| b.value(domain, u(width), lanes)).collect();
    b.node(op, args, &results);
    results
}

/// Every operation that talks or deals, one on the other. Nobody receives more than one output; the values are arithmetic ones, a
/// bit string, a bit made an integer, and what went there and back.
fn everything((suite, n, t): Setting, lanes: u64, width: u8) -> Program {
    let mut b = Builder::of(suite, n, t);
    let last = n - 1;
    let x = b.input(0, a(width), u(width), lanes);
    let y = b.input(last, a(width), u(width), lanes);
    let bits = b.input(1, B, u(width), lanes);
    let flag = b.input(last, B, Scalar::Bool, lanes);
    // Arithmetic.
    let product = b.op(Op::Mul, &[x, y], a(width), u(width), lanes);
    let dot = b.op(
        Op::Dot { segments: lanes },
        &[product, x],
        a(width),
        u(width),
        lanes,
    );
    b.output(dot, &[0]);
    // To bits.
    let n_parts = b.program.parts(B);
    let strings = several(
        &mut b,
        Op::Decompose,
        &[product],
        (B, width, lanes),
        n_parts,
    );
    let add = b.template(sum_template(width.into(), n_parts));
    let two = b.template(sum_template(width.into(), 2));
    let sum = b.op(Op::Call(add), &strings, B, u(width), lanes);
    let mut sum = b.op(Op::Call(two), &[sum, bits], B, u(width), lanes);
    if suite.garbles() {
        let n_parts = b.program.parts(Y);
        let strings = several(
            &mut b,
            Op::Decompose,
            &[product],
            (Y, width, lanes),
            n_parts,
        );
        let add = b.template(sum_template(width.into(), n_parts));
        let other = b.op(Op::Call(add), &strings, Y, u(width), lanes);
        let labels = b.op(Op::BooleanToYao, &[sum], Y, u(width), lanes);
        let labels = b.op(Op::Call(two), &[labels, other], Y, u(width), lanes);
        sum = b.op(Op::YaoToBoolean, &[labels], B, u(width), lanes);
    }
    b.output(sum, &[1]);
    // And back.
    let random = several(&mut b, Op::RandomParts, &[], (B, width, lanes), n_parts - 1);
    let sub = b.template(difference_template(width.into(), n_parts));
    let all = |first| [&[first], &random[..]].concat();
    let difference = b.op(Op::Call(sub), &all(sum), B, u(width), lanes);
    let back = b.op(Op::Compose, &all(difference), a(width), u(width), lanes);
    // A bit.
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[flag, flag], B, Scalar::Bool, lanes);
    let number = b.op(Op::InjectBit, &[bit], a(width), u(width), lanes);
    let both = Op::Linear {
        coefficients: vec![1, 3],
        constant: 1,
    };
    let both = b.op(both, &[back, number], a(width), u(width), lanes);
    b.output(both, &[last]);
    b.program
}

fn data(lanes: u64, width: u8, seed: u64) -> AllInputs {
    let draw = |i: u64, width: u8| words(seed + i, width.into(), lanes);
    inputs(&[
        &draw(0, width),
        &draw(1, width),
        &draw(2, width),
        &draw(3, 1),
    ])
}

#[test]
fn all_operations_under_every_suite() {
    for (setting, lanes, width) in SETTINGS {
        let program = everything(setting, lanes, width);
        let inputs = data(lanes, width, 40);
        let clear: Vec<Vec<Word>> = inputs.values().cloned().collect();
        let expected = eval(&program, &clear).unwrap().outputs;
        let reports = run_all(&program, &inputs);
        expect_costs(&program, &reports);
        for (o, expected) in expected.iter().enumerate() {
            for (party, report) in (0u32..).zip(&reports) {
                let receives = program.outputs[o].receivers.contains(&party);
                let got = report.output(OutputId::new(o));
                assert!(
                    got.as_ref() == receives.then_some(expected),
                    "{setting:?}: output {o} at party {party}"
                );
            }
        }
    }
}

/// The frames on every link, without contents.
fn schedules(recordings: &[Recording]) -> Vec<Vec<Vec<(u64, usize)>>> {
    let n = recordings.len();
    let of = |r: &Recording| PartyId::all(n).map(|to| r.schedule(to)).collect();
    recordings.iter().map(of).collect()
}

/// Twice with the same secrets and once with others: the same frames, and with the same secrets no sixteen bytes in common on any
/// link.
#[test]
fn schedules_are_equal_and_bytes_are_not() {
    for (setting, lanes, width) in SETTINGS {
        if setting.0 == Suite::Gmw && setting.1 > 7 {
            continue;
        }
        // Many parties record much.
        let lanes = if setting.1 > 5 { lanes.min(65) } else { lanes };
        let program = everything(setting, lanes, width);
        let runs = [1, 1, 70].map(|seed| recorded(&program, &data(lanes, width, seed)));
        let [first, second, other] = &runs;
        assert!(schedules(first) == schedules(second), "{setting:?}");
        assert!(schedules(first) == schedules(other), "{setting:?}");
        let n = setting.1 as usize;
        for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let mut seen = BTreeSet::new();
            for message in runs[..2].iter().flat_map(|run| messages(run, from, to)) {
                for piece in message.chunks_exact(16) {
                    let new = seen.insert(piece.to_vec());
                    assert!(new, "{setting:?}, {from} to {to}: bytes seen before");
                }
            }
        }
    }
}

/// An output for one party: when all is shared and computed, nobody else is sent anything.
#[test]
fn only_receivers_hear_of_an_output() {
    for (setting @ (suite, n, t), ..) in SETTINGS {
        // Pairs that make transfers take long where there are many.
        if n > if suite == Suite::Gmw { 3 } else { 7 } {
            continue;
        }
        for (domain, receiver) in [(a(9), 0), (B, n - 1), (a(9), n - 1), (B, 1)] {
            // What is opened, alike but for the output, which nobody has in the first.
            let program = |receivers: &[u32]| {
                let mut b = Builder::of(suite, n, t);
                let x = b.input(0, domain, u(9), 300);
                let y = b.input(1, domain, u(9), 300);
                let op = match domain {
                    B => Op::Call(b.template(sum_template(9, 2))),
                    _ => Op::Mul,
                };
                let z = b.op(op, &[x, y], domain, u(9), 300);
                b.output(z, receivers);
                b.program
            };
            let data = inputs(&[&words(1, 9, 300), &words(2, 9, 300)]);
            let sent = |receivers: &[u32]| -> Vec<Vec<usize>> {
                let recordings = recorded(&program(receivers), &data);
                let len = |from, to| messages(&recordings, from, to).concat().len();
                let n = n as usize;
                (0..n)
                    .map(|from| (0..n).map(|to| len(from, to)).collect())
                    .collect()
            };
            let (nobody, one) = (sent(&[]), sent(&[receiver]));
            let mut more = 0;
            for (before, after) in nobody.iter().zip(&one) {
                for (to, (before, after)) in before.iter().zip(after).enumerate() {
                    if to == receiver as usize {
                        more += after - before;
                    } else {
                        assert_eq!(before, after, "{setting:?}, to {to}");
                    }
                }
            }
            assert!(more > 0, "{setting:?}");
        }
    }
}

/// Messages of other lengths, missing, repeated or cut, in the set-up and later: whoever gets one stops in time and names the
/// sender or their link, nobody takes it for a bug, and other contents change values at most.
#[test]
fn bad_messages_are_their_senders_fault() {
    let spoils = [
        Spoil::Cut,
        Spoil::Drop,
        Spoil::Repeat,
        Spoil::Lengthen(1),
        Spoil::Shorten(1),
        Spoil::ClaimLength(u32::MAX),
        Spoil::Replace(vec![0; 40]),
        Spoil::ChangePayload,
    ];
    // What is left out is waited for so long.
    let options = Options {
        patience: Duration::from_secs(1),
        ..Options::default()
    };
    for (s, (setting, lanes, width)) in [SETTINGS[1], SETTINGS[4], SETTINGS[9]]
        .into_iter()
        .enumerate()
    {
        let program = everything(setting, lanes, width);
        let (n, inputs) = (setting.1 as usize, data(lanes, width, 9));
        for (i, spoil) in spoils.iter().enumerate() {
            // From party 2 to party 0 all suites send.
            let (by, to, frame) = (PartyId::new(2), PartyId::new(0), (i + s) % 3);
            let mut all = memory::links(n).unwrap();
            let links = all.remove(2);
            let spoiled = |link| faulty::wrap(link, frame, spoil.clone());
            all.insert(2, links.wrap(to, spoiled));
            let results = run_with(
                &program,
                &inputs,
                all,
                &options,
                |session, program, mine| run(session, program, mine, &mut |_| {}),
            );
            let what = format!("{setting:?}, frame {frame}, {spoil:?}");
            let mut n_errors = 0;
            for (party, result) in results.iter().enumerate() {
                match result.as_ref().map_err(|e| (e.fault(), e)) {
                    Ok(_) => continue,
                    Err((Fault::Peer(named), _)) => assert_eq!(named, by, "{what}"),
                    Err((Fault::Network { .. } | Fault::Stopped { .. }, _)) => {}
                    Err((_, error)) => panic!("{what}, party {party}: {error}"),
                }
                n_errors += 1;
            }
            assert_eq!(n_errors > 0, *spoil != Spoil::ChangePayload, "{what}");
        }
    }
}

/// Where the numbers of half gates start is fresh in each session, the same at all parties, and not the same for different suites.
#[test]
fn garbling_starts_elsewhere_in_each_session() {
    let start = |session: [u8; 32], domain: &str| {
        let starts = memory::meshes(2, &Options::default()).unwrap().into_iter();
        let starts: Vec<Label> = starts
            .map(|mesh| {
                let session = Session::local(mesh, session);
                let delta = (session.me().index() == 0).then_some(Label(1));
                let ends = [0, 1].map(PartyId::new);
                Garbling::new(&session, domain, delta, ends).map(|g| g.start())
            })
            .map(|start| start.unwrap_or_else(|e| panic!("{e}")))
            .collect();
        assert!(starts[0] == starts[1]);
        starts[0]
    };
    let known = start([7; 32], "a");
    assert!(known == start([7; 32], "a"));
    assert!(known != start([8; 32], "a"));
    assert!(known != start([7; 32], "b"));
}
