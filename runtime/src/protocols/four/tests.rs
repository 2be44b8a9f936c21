//! Four parties, one of whom sends what it likes: whoever gets a changed piece stops, and what one party sees is uniform. What operations
//! mean and cost is in `conformance`.

use smpcc_circuit::eval::eval;
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{Domain, Op, Program, Suite, Threat};
use smpcc_circuit::value::{Scalar, Word};
use smpcc_circuit::verify::verify;

use crate::engine::testing::{AllInputs, Builder, a, inputs, u, words};
use crate::error::Fault;
use crate::protocols::conformance::cheats::{CHANGES, Change, became, cheat};
use crate::protocols::conformance::from_bits;
use crate::protocols::conformance::templates::{and_template, sum_template};
use crate::protocols::conformance::views::{assert_uniform, columns, recorded};

const B: Domain = Domain::Boolean;
const P: Domain = Domain::Public;

fn build(threat: Threat) -> Builder {
    let mut b = Builder::new(Suite::Rep4, 4, 1);
    b.program.threat = threat;
    b
}

/// All that parties say to each other: keys, inputs of three kinds, products, ANDs, all conversions, openings to all and to some.
fn everything(lanes: u64) -> Builder {
    let mut b = build(Threat::Malicious);
    let x = b.input(0, a(16), u(16), lanes);
    let y = b.input(3, B, u(2), lanes);
    let f = b.input(2, B, Scalar::Bool, lanes);
    let shown = b.input(1, P, u(2), lanes);
    let square = b.op(Op::Mul, &[x, x], a(16), u(16), lanes);
    let and = b.template(and_template());
    let f = b.op(Op::Call(and), &[f, f], B, Scalar::Bool, lanes);
    let number = b.op(Op::InjectBit, &[f], a(16), u(16), lanes);
    let dot = b.op(Op::Dot { segments: 1 }, &[square, number], a(16), u(16), 1);
    b.output(dot, &[0, 1, 2, 3]);
    let shown = b.op(Op::FromPublic, &[shown], B, u(2), lanes);
    let add = b.template(sum_template(2, 2));
    let sum = b.op(Op::Call(add), &[y, shown], B, u(2), lanes);
    b.output(sum, &[1, 3]);
    let back = from_bits(&mut b, sum, 2, lanes);
    b.output(back, &[2]);
    b
}

/// One party changes each of its pieces in turn, each in two ways: who gets it stops, and the others stop or have what is right.
fn harass(program: &Program, data: &[Vec<Word>], cheater: usize) {
    let program = &verify(program.clone()).unwrap_or_else(|e| panic!("{e}"));
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let all: AllInputs = inputs(&refs);
    let expected = eval(program, data)
        .unwrap_or_else(|e| panic!("{e:?}"))
        .outputs;
    let (results, honest) = cheat(program, &all, cheater, None);
    for result in results {
        result.unwrap_or_else(|e| panic!("{e}"));
    }
    for number in 0..honest.len() {
        // What is left out is waited for: not often.
        let ways = match number % 6 {
            0 if number % 4 != cheater => [Change::First, Change::Not],
            other => [Change::First, CHANGES[1 + (other + 5) % 6]],
        };
        for change in ways {
            let (results, sent) = cheat(program, &all, cheater, Some((number, change)));
            let to = sent[number].0;
            let what = format!(
                "party {cheater}, piece {number} of {} to {to}, {change:?}",
                honest.len()
            );
            let changed = became(&sent, number, change).is_some();
            for (party, result) in results.iter().enumerate().filter(|(p, _)| *p != cheater) {
                match result {
                    Ok(report) => {
                        assert!(party != to || !changed, "{what}: it notices nothing");
                        for (leaf, output) in program.outputs.iter().enumerate() {
                            let due = output.receivers.contains(&(party as u32));
                            assert_eq!(
                                report.output(OutputId::new(leaf)),
                                due.then(|| expected[leaf].clone()),
                                "{what}: party {party} believes it"
                            );
                        }
                    }
                    Err(error) => {
                        assert!(changed, "{what}: {error}");
                        assert_ne!(error.fault(), Fault::Bug, "{what}: {error}");
                        // What the cheater says of others is no finding.
                        let found = error.reported_by().is_none_or(|p| p.index() != cheater);
                        if let (Fault::Cheating(among), true) = (error.fault(), found) {
                            let named = among.iter().any(|p| p.index() == cheater);
                            assert!(named, "{what}: {error}");
                        }
                    }
                }
            }
        }
    }
    assert!(honest.len() > 30, "{}", honest.len());
}

#[test]
fn every_piece_matters() {
    let b = everything(9);
    let data = [
        words(1, 16, 9),
        words(2, 2, 9),
        words(3, 1, 9),
        words(4, 2, 9),
    ];
    for cheater in 0..4 {
        harass(&b.program, &data, cheater);
    }
}

/// Each of several hashes is compared, for messages of more lanes than one is about.
#[test]
fn the_last_lanes_of_a_long_message_matter() {
    let lanes = 2050;
    let mut b = build(Threat::Malicious);
    let x = b.input(1, a(8), u(8), lanes);
    let square = b.op(Op::Mul, &[x, x], a(8), u(8), lanes);
    b.output(square, &[0, 1, 2, 3]);
    let all = inputs(&[&words(5, 8, lanes)]);
    let (_, honest) = cheat(&b.program, &all, 3, None);
    for (number, (to, piece)) in honest.iter().enumerate() {
        let (results, _) = cheat(&b.program, &all, 3, Some((number, Change::Last)));
        let error = results[*to].as_ref().err();
        let error = error.unwrap_or_else(|| panic!("{number}: {} bytes", piece.len()));
        // Of two who notice, one may be the first.
        let noticed = matches!(error.fault(), Fault::Cheating(_) | Fault::Stopped { .. });
        assert!(noticed, "{error}");
    }
    // Keys: seeds and hashes to two for three. For each of three runs of lanes a hash of the input, what is sent of a product and two
    // hashes, and what is opened to one and vouched for to another.
    assert_eq!(honest.len(), 12 + 3 * (1 + 3 + 2));
}

/// Whatever is shared, multiplied and converted, each message is uniform to its receiver, and so are any two of them together.
#[test]
fn messages_are_uniform() {
    // Three runs of them are one message.
    let lanes = 20 * 1024;
    for value in [0, 1, 13] {
        let mut b = build(Threat::SemiHonest);
        let x = b.input(0, a(4), u(4), lanes);
        let y = b.input(1, a(4), u(4), lanes);
        let f = b.input(2, B, Scalar::Bool, lanes);
        let z = b.op(Op::Mul, &[x, y], a(4), u(4), lanes);
        let number = b.op(Op::InjectBit, &[f], a(4), u(4), lanes);
        b.op(Op::Mul, &[z, number], a(4), u(4), lanes);
        let constant = |word| vec![word; lanes as usize];
        let all = inputs(&[
            &constant(value),
            &constant(15 - value),
            &constant(value & 1),
        ]);
        let recordings = recorded(&b.program, &all);
        for to in 0..4 {
            let seen = columns(&recordings, to, lanes as usize, 1024);
            // Twice a product of twice six elements, an injected bit as many in two rounds, and inputs.
            assert!(seen.len() >= 3, "{}", seen.len());
            for (n, (from, step, column)) in seen.iter().enumerate() {
                let what = format!("{value}: {from} to {to} in step {step}");
                assert_uniform(column.iter().copied(), 16, &what);
                for (other, at, more) in &seen[..n] {
                    let what = format!("{what}, with {other} in step {at}");
                    let both = column.iter().zip(more).map(|(x, y)| 16 * x + y);
                    assert_uniform(both, 256, &what);
                }
            }
        }
    }
}

#[test]
fn bits_on_links_are_uniform() {
    let lanes = 1 << 16;
    for value in [0, 1] {
        let mut b = build(Threat::SemiHonest);
        let x = b.input(0, B, Scalar::Bool, lanes);
        let y = b.input(3, B, Scalar::Bool, lanes);
        let and = b.template(and_template());
        let z = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, lanes);
        let w = b.op(Op::Call(and), &[z, x], B, Scalar::Bool, lanes);
        from_bits(&mut b, w, 1, lanes);
        let bits = vec![value; lanes as usize];
        let recordings = recorded(&b.program, &inputs(&[&bits, &bits]));
        let bytes = lanes as usize / 8;
        for to in 0..4 {
            // Bytes of eight lanes each.
            for (from, step, column) in columns(&recordings, to, bytes, 128) {
                let what = format!("{value}: {from} to {to} in step {step}");
                assert_uniform(column.into_iter(), 256, &what);
            }
        }
    }
}
