//! Honest parties get results at the predicted cost; a party that sends what it likes gets the other to believe nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{OutputId, TemplateId, ValueId};
use smpcc_circuit::program::{Domain, Op, Program, Suite, Threat};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::{Verified, verify};

use super::{Authenticated, Delta};
use crate::engine::testing::{Builder, inputs, run_with, u, words};
use crate::engine::{RunReport, run, run_suite};
use crate::error::{Error, Fault};
use crate::exchange::mallory;
use crate::net::{Options, memory};
use crate::prg::OsEntropy;
use crate::protocols::conformance::templates::{random_template, sum_template};

mod garbled;
mod hostile;

const B: Domain = Domain::Boolean;
const P: Domain = Domain::Public;
const Y: Domain = Domain::Yao;

fn malicious() -> Builder {
    let mut b = Builder::new(Suite::TwoParty, 2, 1);
    b.program.threat = Threat::Malicious;
    b
}

fn verified(program: &Program) -> Verified {
    verify(program.clone()).unwrap_or_else(|e| panic!("{e}"))
}

/// Is told a piece's number and may change it.
type Hook = Arc<Mutex<dyn FnMut(usize, &mut Vec<u8>) + Send>>;

/// Runs of both parties, one of whom sends what `hook` makes of its pieces (by number, with the party that they go to).
fn with_hook(
    program: &Verified,
    data: &[Vec<Word>],
    cheater: usize,
    patience: u64,
    hook: Option<Hook>,
) -> Vec<Result<RunReport, Error>> {
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let options = Options {
        patience: Duration::from_millis(patience),
        ..Options::default()
    };
    let links = memory::links(2).unwrap_or_else(|e| panic!("{e}"));
    run_with(
        program,
        &inputs(&refs),
        links,
        &options,
        |session, program, mine| {
            if let (true, Some(hook)) = (session.me().index() == cheater, hook.clone()) {
                let mut number = 0;
                mallory::begin(Box::new(move |_, piece| {
                    (hook.lock().unwrap())(number, piece);
                    number += 1;
                }));
            }
            run(session, program, mine, &mut |_| {})
        },
    )
}

/// Both parties get what the program means, at the bytes and rounds that are predicted.
fn check(b: &Builder, data: &[Vec<Word>]) {
    let program = verified(&b.program);
    let expected = eval(&b.program, data).unwrap_or_else(|e| panic!("{e:?}"));
    let trace = Some(&expected.trace);
    let known = Known {
        trace,
        ..Known::default()
    };
    let stats = stats(&b.program, &known);
    let reports = with_hook(&program, data, 0, 5000, None);
    for (party, report) in reports.into_iter().enumerate() {
        let report = report.unwrap_or_else(|e| panic!("{e}"));
        for (leaf, output) in b.program.outputs.iter().enumerate() {
            let due = output.receivers.contains(&(party as u32));
            let due = due.then(|| expected.outputs[leaf].clone());
            assert_eq!(report.output(OutputId::new(leaf)), due, "party {party}");
        }
        let made = stats.correlations.prepared.as_ref().map(|made| made[party]);
        assert_eq!(
            Some(report.correlations.prepared_sent),
            made,
            "party {party}"
        );
        let sent = stats.totals.bytes_sent.as_ref().map(|sent| sent[party]);
        assert_eq!(Some(report.bytes_sent), sent, "bytes of party {party}");
        assert_eq!(Some(report.rounds), stats.totals.rounds, "party {party}");
        let n = stats.settlements.map(|s| s.n);
        assert_eq!(Some(report.checks.n_settlements), n);
    }
}

/// Sums of what two parties give, opened to some.
fn sums(lanes: u64, width: u8, receivers: &[u32]) -> Builder {
    sums_in(B, lanes, width, receivers)
}

/// The same, of circuits on shared bits or garbled.
fn sums_in(domain: Domain, lanes: u64, width: u8, receivers: &[u32]) -> Builder {
    let mut b = malicious();
    let inputs = [0, 1].map(|party| b.input(party, B, u(width), lanes));
    let add = b.template(sum_template(width.into(), 2));
    let z = call(&mut b, domain, add, &inputs, (width, lanes));
    b.output(z, receivers);
    b
}

/// A circuit of one result on shared bits, or garbled.
fn call(
    b: &mut Builder,
    domain: Domain,
    template: TemplateId,
    args: &[ValueId],
    (width, lanes): (u8, u64),
) -> ValueId {
    if domain == B {
        return b.op(Op::Call(template), args, B, u(width), lanes);
    }
    let scalar = |b: &Builder, v: ValueId| b.program.values[v.index()].scalar;
    let args: Vec<ValueId> = args
        .iter()
        .map(|&v| {
            let scalar = scalar(b, v);
            b.op(Op::BooleanToYao, &[v], Y, scalar, lanes)
        })
        .collect();
    let z = b.op(Op::Call(template), &args, Y, u(width), lanes);
    b.op(Op::YaoToBoolean, &[z], B, u(width), lanes)
}

#[test]
fn honest_parties_get_results_at_the_predicted_cost() {
    for (lanes, width, receivers) in [
        (1, 1, &[0, 1][..]),
        (1, 64, &[0]),
        (3, 9, &[1]),
        (65, 8, &[]),
        (1000, 5, &[0, 1]),
        // Block by block.
        (40_000, 3, &[1]),
    ] {
        for domain in [B, Y] {
            let b = sums_in(domain, lanes, width, receivers);
            check(
                &b,
                &[words(1, width.into(), lanes), words(2, width.into(), lanes)],
            );
        }
    }
}

#[test]
fn random_circuits_and_constants_keep_their_meaning() {
    for seed in 0..20u64 {
        let domain = [B, Y][seed as usize % 2];
        let mut state = SplitMix::new(seed / 2);
        let mut next = |n: u64| state.below(n);
        let widths: Vec<u32> = (0..3).map(|_| 1 + next(9) as u32).collect();
        let gates: Vec<_> = (0..next(60))
            .map(|_| (next(2) == 0, next(1 << 30) as u32, next(1 << 30) as u32))
            .collect();
        let outputs: Vec<u32> = (0..1 + next(12)).map(|_| next(1 << 30) as u32).collect();
        let template = random_template(&widths, &gates, &outputs);
        let lanes = [1, 2, 63, 64, 100, 200][next(6) as usize];
        let mut b = malicious();
        let value = |i: u64, width: u32| words(seed * 3 + i + 1, width, lanes);
        let mut args: Vec<ValueId> = (0..2)
            .map(|i| b.input(i, B, u(widths[i as usize] as u8), lanes))
            .collect();
        if domain == Y {
            args = (args.into_iter().zip(&widths))
                .map(|(v, &w)| b.op(Op::BooleanToYao, &[v], Y, u(w as u8), lanes))
                .collect();
        }
        // The third operand is public.
        let scalar = u(widths[2] as u8);
        let known = b.constant(scalar, ConstVec::Table(value(2, widths[2])));
        args.push(b.op(Op::FromPublic, &[known], domain, scalar, lanes));
        let widths_out: Vec<u8> = template.outputs.iter().map(|o| o.len() as u8).collect();
        let id = b.template(template);
        let results: Vec<ValueId> = widths_out
            .iter()
            .map(|&w| b.value(domain, u(w), lanes))
            .collect();
        b.node(Op::Call(id), &args, &results);
        for (i, (&r, &w)) in results.iter().zip(&widths_out).enumerate() {
            let r = match domain {
                Y => b.op(Op::YaoToBoolean, &[r], B, u(w), lanes),
                _ => r,
            };
            b.output(r, &[i as u32 % 2]);
        }
        check(&b, &[value(0, widths[0]), value(1, widths[1])]);
    }
}

/// A value that is doubled until it is large enough, which is revealed in every turn: batches are made for what revealed values steer.
#[test]
fn what_is_revealed_steers() {
    let mut b = malicious();
    let x = b.input(0, B, u(8), 1);
    let y = b.input(1, B, u(8), 1);
    let add = b.template(sum_template(8, 2));
    let (i, acc) = (b.value(P, u(64), 1), b.value(B, u(8), 1));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Call(add), &[acc, y], B, u(8), 1);
    let shown = b.op(Op::Reveal, &[next], P, u(8), 1);
    let limit = b.constant(u(8), ConstVec::scalar(100));
    let less = b.op(Op::Word(WordOp::Lt), &[shown, limit], P, Scalar::Bool, 1);
    let then = b.open(&[]);
    let doubled = b.op(Op::Call(add), &[next, next], B, u(8), 1);
    b.close(&[doubled]);
    let otherwise = b.open(&[]);
    b.close(&[next]);
    let chosen = b.value(B, u(8), 1);
    b.node(Op::If { then, otherwise }, &[less], &[chosen]);
    b.close(&[chosen]);
    let last = b.value(B, u(8), 1);
    let count = Some(4);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    b.output(last, &[0, 1]);
    check(&b, &[vec![3], vec![5]]);
}

/// Bytes of each piece that a party sends when it is honest.
fn pieces(program: &Verified, data: &[Vec<Word>], party: usize) -> Vec<usize> {
    let lens = Arc::new(Mutex::new(Vec::new()));
    let seen = lens.clone();
    let hook = move |_: usize, piece: &mut Vec<u8>| seen.lock().unwrap().push(piece.len());
    let results = with_hook(program, data, party, 5000, Some(Arc::new(Mutex::new(hook))));
    for result in results {
        result.unwrap_or_else(|e| panic!("{e}"));
    }
    std::mem::take(&mut *lens.lock().unwrap())
}

/// What the honest party has after the other one changed a piece.
fn cheated(
    program: &Verified,
    data: &[Vec<Word>],
    cheater: usize,
    at: usize,
    change: fn(&mut Vec<u8>),
) -> Result<RunReport, Error> {
    let hook = move |number: usize, piece: &mut Vec<u8>| {
        if number == at {
            change(piece);
        }
    };
    let hook = Arc::new(Mutex::new(hook));
    let mut results = with_hook(program, data, cheater, 5000, Some(hook));
    results.swap_remove(1 - cheater)
}

/// Each piece of each party's messages, changed at its start and at its end: whoever is lied to has an error, unless the piece was the liar's
/// input, or what is changed is not looked at by somebody whose Δ, or whose bit, is another.
#[test]
fn every_piece_matters() {
    let (width, lanes) = (4, 14);
    let data = [words(1, width, lanes), words(2, width, lanes)];
    let b = sums(lanes, width as u8, &[0, 1]);
    let program = verified(&b.program);
    let meaning = |data: &[Vec<Word>]| eval(&b.program, data).map(|o| o.outputs).ok();
    for cheater in 0..2 {
        let lens = pieces(&program, &data, cheater);
        let input_len = (u64::from(width) * lanes).div_ceil(8) as usize;
        let is_input = |len: &&usize| **len == input_len;
        assert_eq!(lens.iter().filter(is_input).count(), 1, "{lens:?}");
        let least = 2 + 1 + 5 + 1 + 1 + 2;
        assert!(lens.len() >= least, "{lens:?}");
        let mut errors = 0;
        let changes: [fn(&mut Vec<u8>); 2] = [
            |piece| piece[0] ^= 1,
            |piece| piece.iter_mut().rev().take(1).for_each(|b| *b ^= 0x80),
        ];
        for (at, len) in lens.iter().enumerate() {
            for (which, change) in changes.into_iter().enumerate() {
                let what = format!("party {cheater}, piece {at} of {lens:?}, change {which}");
                match cheated(&program, &data, cheater, at, change) {
                    Ok(report) => {
                        let mut effective = data.clone();
                        if *len == input_len {
                            let bit = [0, 8 * input_len as u64 - 1][which];
                            effective[cheater][(bit % lanes) as usize] ^= 1 << (bit / lanes);
                        } else {
                            // Half of a product, or of a level of a tree, or bits that no lane has.
                            let g = *len == 16 * 6 * 1024;
                            let padded = which == 1 && *len < 60;
                            assert!(g || padded || (which == 0 && at == 1), "{what}: believed");
                        }
                        let output = report.output(OutputId(0));
                        assert_eq!(output, meaning(&effective).map(|o| o[0].clone()), "{what}");
                    }
                    Err(error) => {
                        assert_ne!(error.fault(), Fault::Bug, "{what}: {error}");
                        errors += 1;
                    }
                }
            }
        }
        assert!(errors + 9 >= 2 * lens.len(), "{errors} of {lens:?}");
    }
}

/// Half of a product spoilt is noticed if and only if the other party's factor is one, which is random whatever its input is.
#[test]
fn selective_failures_say_nothing_of_inputs() {
    let mut failures = [0; 2];
    for (input, failures) in failures.iter_mut().enumerate() {
        let value = vec![[0, 15][input]; 2];
        let data = [value.clone(), value];
        let b = sums(2, 4, &[0, 1]);
        let program = verified(&b.program);
        let lens = pieces(&program, &data, 0);
        let at = lens.iter().position(|&len| len == 16 * 6 * 1024);
        let at = at.unwrap_or_else(|| panic!("{lens:?}"));
        for _ in 0..16 {
            let result = cheated(&program, &data, 0, at, |piece| piece[5] ^= 1);
            *failures += u32::from(result.is_err());
        }
    }
    // Of 16 coins neither none nor all fall on one side, but with a chance of 2^−15.
    assert!(failures.iter().all(|n| (1..16).contains(n)), "{failures:?}");
}

/// Keys whose lowest bits are alike do not get through the comparison of products.
#[test]
fn keys_with_lowest_bits_alike_are_noticed() {
    let b = sums(2, 4, &[0, 1]);
    let program = verified(&b.program);
    let data = [vec![1, 2], vec![3, 4]];
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    for liar in 0..2 {
        let links = memory::links(2).unwrap_or_else(|e| panic!("{e}"));
        let options = Options::default();
        let results = run_with(
            &program,
            &inputs(&refs),
            links,
            &options,
            |session, program, mine| {
                let mut suite = Authenticated::new(program, session)?;
                if suite.me == liar {
                    suite.delta = Delta::new(1 - liar, &mut OsEntropy)?;
                }
                run_suite(session, program, suite, mine, &mut |_| {})
            },
        );
        assert!(results[1 - liar].is_err(), "{liar}");
    }
}
