//! A party that sends what it likes gets no honest party to believe it: every piece of every message of small programs, changed in turn.

use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, Program, Suite, Threat};
use smpcc_circuit::stats::{Known, Stats, stats};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};
use smpcc_circuit::verify::verify;

use crate::engine::RunReport;
use crate::engine::testing::{Builder, inputs, run_all, u, words};
use crate::error::Fault;
use crate::protocols::conformance::cheats::{CHANGES, Change, became, cheat};
use crate::protocols::conformance::templates::{and_template, random_template, sum_template};

const B: Domain = Domain::Boolean;
const P: Domain = Domain::Public;

pub(in crate::protocols::replicated) fn malicious() -> Builder {
    let mut b = Builder::new(Suite::Rep3, 3, 1);
    b.program.threat = Threat::Malicious;
    b
}

fn predicted(program: &Program) -> Stats {
    let trace = None;
    let known = Known {
        trace,
        ..Known::default()
    };
    stats(program, &known)
}

/// All parties get what the program means, at the bytes and rounds that are predicted.
pub(in crate::protocols::replicated) fn check(b: &Builder, data: &[&[Word]]) -> Vec<RunReport> {
    let program = &b.program;
    let all = inputs(data);
    let reports = run_all(program, &all);
    let words: Vec<Vec<Word>> = data.iter().map(|w| w.to_vec()).collect();
    let expected = eval(program, &words).unwrap_or_else(|e| panic!("{e:?}"));
    let stats = predicted(program);
    for (party, report) in reports.iter().enumerate() {
        for (leaf, output) in program.outputs.iter().enumerate() {
            let id = smpcc_circuit::ids::OutputId::new(leaf);
            let due = output.receivers.contains(&(party as u32));
            let due = due.then(|| expected.outputs[leaf].clone());
            assert_eq!(report.output(id), due, "party {party}, output {leaf}");
        }
        let sent = stats.totals.bytes_sent.as_ref().map(|sent| sent[party]);
        assert_eq!(Some(report.bytes_sent), sent, "bytes of party {party}");
        assert_eq!(Some(report.rounds), stats.totals.rounds, "party {party}");
        let sections: Vec<u64> = report.sections.iter().map(|s| s.rounds).collect();
        let predicted: Vec<u64> = stats.sections.iter().filter_map(|s| s.rounds).collect();
        assert_eq!(sections, predicted, "party {party}");
        let n = stats.settlements.map(|s| s.n);
        assert_eq!(Some(report.checks.n_settlements), n);
    }
    reports
}

/// Sums of what two parties give, opened to some.
fn sums(lanes: u64, width: u8, receivers: &[u32]) -> Builder {
    let mut b = malicious();
    let x = b.input(0, B, u(width), lanes);
    let y = b.input(1, B, u(width), lanes);
    let add = b.template(sum_template(width.into(), 2));
    let z = b.op(Op::Call(add), &[x, y], B, u(width), lanes);
    b.output(z, receivers);
    b
}

#[test]
fn honest_parties_get_results_at_the_predicted_cost() {
    for (lanes, width) in [
        (1, 1),
        (1, 64),
        (3, 9),
        (64, 8),
        (65, 8),
        (1000, 5),
        (40_000, 3),
    ] {
        for receivers in [&[0, 1, 2][..], &[1], &[0, 2], &[]] {
            let b = sums(lanes, width, receivers);
            let (x, y) = (words(1, width.into(), lanes), words(2, width.into(), lanes));
            check(&b, &[&x, &y]);
        }
    }
}

#[test]
fn random_circuits_keep_their_meaning() {
    for seed in 0..40u64 {
        let mut state = smpcc_circuit::splitmix::SplitMix::new(seed);
        let mut next = |n: u64| state.below(n);
        let widths: Vec<u32> = (0..3).map(|_| 1 + next(9) as u32).collect();
        let n_gates = next(60) as usize;
        let gates: Vec<_> = (0..n_gates)
            .map(|_| (next(2) == 0, next(1 << 30) as u32, next(1 << 30) as u32))
            .collect();
        let outputs: Vec<u32> = (0..1 + next(12)).map(|_| next(1 << 30) as u32).collect();
        let template = random_template(&widths, &gates, &outputs);
        let lanes = [1, 2, 63, 64, 100][next(5) as usize];
        let mut b = malicious();
        let args: Vec<ValueId> = widths
            .iter()
            .enumerate()
            .map(|(i, &w)| b.input(i as u32, B, u(w as u8), lanes))
            .collect();
        let n_results = template.outputs.len();
        let result_widths: Vec<u8> = template.outputs.iter().map(|o| o.len() as u8).collect();
        let id = b.template(template);
        let results: Vec<ValueId> = result_widths
            .iter()
            .map(|&w| b.value(B, u(w), lanes))
            .collect();
        b.node(Op::Call(id), &args, &results);
        assert_eq!(results.len(), n_results);
        for (i, &r) in results.iter().enumerate() {
            b.output(r, &[i as u32 % 3]);
        }
        let data: Vec<Vec<Word>> = widths
            .iter()
            .enumerate()
            .map(|(i, &w)| words(seed * 3 + i as u64 + 1, w, lanes))
            .collect();
        let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
        check(&b, &data);
    }
}

/// A value that is doubled until it is large enough, which is revealed in every turn; and another that is summed up meanwhile.
fn steered() -> Builder {
    let mut b = malicious();
    let x = b.input(0, B, u(8), 1);
    let y = b.input(2, B, u(8), 1);
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
    b.output(last, &[0, 1, 2]);
    b
}

#[test]
fn what_is_revealed_steers_after_it_was_proven() {
    let b = steered();
    let reports = run_all(&b.program, &inputs(&[&[3], &[5]]));
    let id = smpcc_circuit::ids::OutputId(0);
    let expected = eval(&b.program, &[vec![3], vec![5]]).unwrap_or_else(|e| panic!("{e:?}"));
    let trace = Some(&expected.trace);
    let stats = stats(
        &b.program,
        &Known {
            trace,
            ..Known::default()
        },
    );
    for (party, report) in reports.iter().enumerate() {
        assert_eq!(report.output(id).as_ref(), Some(&expected.outputs[0]));
        // One for each turn; before the output a product may have been made.
        assert_eq!(report.checks.n_settlements, 5);
        let sent = stats.totals.bytes_sent.as_ref().map(|sent| sent[party]);
        assert_eq!(Some(report.bytes_sent), sent);
        assert_eq!(Some(report.rounds), stats.totals.rounds);
    }
}

/// What an honest party may believe after one party changed one piece, which was its input where `input` says so: the meaning of the
/// program for the inputs that all can be taken to have given.
struct Believable {
    outputs: Vec<Vec<Vec<Word>>>,
}

impl Believable {
    fn allows(&self, program: &Program, party: usize, report: &RunReport) -> bool {
        self.outputs.iter().any(|outputs| {
            program.outputs.iter().enumerate().all(|(leaf, output)| {
                let id = smpcc_circuit::ids::OutputId::new(leaf);
                let due = output.receivers.contains(&(party as u32));
                report.output(id) == due.then(|| outputs[leaf].clone())
            })
        })
    }
}

/// What a party tells both others at the end of a proof.
const VERDICTS: usize = 2;

pub(super) fn meaning(program: &Program, data: &[Vec<Word>]) -> Vec<Vec<Word>> {
    let outcome = eval(program, data).unwrap_or_else(|e| panic!("{e:?}"));
    outcome.outputs
}

/// Whether an input is shared as bits.
fn is_boolean(program: &Program, leaf: usize) -> bool {
    let nodes = program.regions.iter().flat_map(|r| &r.nodes);
    let mut inputs = nodes.filter(|n| matches!(n.op, Op::Input(id) if id.index() == leaf));
    let value = inputs.next().and_then(|n| n.results.first());
    value.is_some_and(|v| program.values[v.index()].domain == B)
}

/// The party's pieces in turn, each changed in all ways. The first ones share its `own` input leaves, one each, whose packed bits are all
/// there is in them: what honest parties make of another one is another input, unless the party goes on with the one that it did not
/// send. `n_last` pieces are its part of the last opening.
pub(in crate::protocols::replicated) fn harass(
    b: &Builder,
    data: &[Vec<Word>],
    cheater: usize,
    own: &[usize],
    n_last: usize,
) -> usize {
    let program = &verify(b.program.clone()).unwrap_or_else(|e| panic!("{e}"));
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let all = inputs(&refs);
    let (results, honest) = cheat(program, &all, cheater, None);
    for result in results {
        result.unwrap_or_else(|e| panic!("{e}"));
    }
    let mut caught = 0;
    for (number, (to, piece)) in honest.iter().enumerate() {
        for change in CHANGES {
            let what = format!(
                "party {cheater}, piece {number} of {} to {to}, {change:?}",
                honest.len()
            );
            let (results, sent) = cheat(program, &all, cheater, Some((number, change)));
            // Keys are those of the session's id, which is always the same, and of links, which are not: only inputs can be told apart
            // from what they should have been by what was changed.
            assert!(sent.len() > number, "{what}");
            let mut believable = Believable {
                outputs: vec![meaning(program, data)],
            };
            if let Some(&leaf) = own.get(number) {
                let info = &program.inputs[leaf];
                let (width, lanes) = (info.scalar.width() as usize, info.lanes as usize);
                let is_packed = is_boolean(program, leaf);
                let len = match is_packed {
                    true => (width * lanes).div_ceil(8),
                    false => width.div_ceil(8) * lanes,
                };
                assert_eq!(piece.len(), len);
                let original = &sent[number].1;
                let left = became(&sent, number, change).unwrap_or_else(|| original.clone());
                // What is withheld is no other input.
                let flips = original.iter().zip(&left).map(|(was, is)| was ^ is);
                let mut flips: Vec<u8> = flips.collect();
                flips.resize(piece.len(), 0);
                let mut other = data.to_vec();
                if is_packed {
                    for bit in 0..width * lanes {
                        if flips[bit / 8] >> (bit % 8) & 1 == 1 {
                            other[leaf][bit % lanes] ^= 1 << (bit / lanes);
                        }
                    }
                } else {
                    // Numbers of whole bytes differ by what their summands do.
                    let word = |bytes: &[u8]| -> Word {
                        let high = bytes.iter().rev();
                        high.fold(0, |word, b| word << 8 | Word::from(*b))
                    };
                    let both = original.chunks(len / lanes).zip(flips.chunks(len / lanes));
                    for (value, (original, flips)) in other[leaf].iter_mut().zip(both) {
                        let changed = word(original) ^ word(flips);
                        *value = value.wrapping_add(changed).wrapping_sub(word(original))
                            & mask(width as u32);
                    }
                }
                believable.outputs = vec![meaning(program, &other)];
            }
            // Of a false verdict, and of what is opened, only who receives it knows; others may have come to their end.
            let is_last = number + n_last + VERDICTS >= honest.len();
            let is_input = number < own.len() && !matches!(change, Change::Withhold);
            let unchanged = became(&sent, number, change).is_none();
            for (party, result) in results.iter().enumerate().filter(|(p, _)| *p != cheater) {
                match result {
                    Ok(report) => {
                        assert!(
                            believable.allows(program, party, report),
                            "{what}: party {party} believes it"
                        );
                        let concerned = !is_last || party == *to;
                        assert!(
                            is_input || unchanged || !concerned,
                            "{what}: party {party} notices nothing"
                        );
                    }
                    Err(error) => {
                        assert_ne!(error.fault(), Fault::Bug, "{what}: {error}");
                        // What the cheater says of others is no finding.
                        let found = error.reported_by().is_none_or(|p| p.index() != cheater);
                        if let (Fault::Cheating(among), true) = (error.fault(), found) {
                            assert!(
                                among.iter().any(|p| p.index() == cheater),
                                "{what}: {error}"
                            );
                        }
                        caught += 1;
                    }
                }
            }
        }
    }
    caught
}

#[test]
fn every_piece_of_a_sum_matters() {
    for cheater in 0..3 {
        let b = sums(8, 4, &[0, 1, 2]);
        let data = [words(1, 4, 8), words(2, 4, 8)];
        let own: &[usize] = [&[0][..], &[1], &[]][cheater];
        assert!(harass(&b, &data, cheater, own, 2) > 0);
    }
}

#[test]
fn every_piece_for_one_receiver_matters() {
    for cheater in 0..3usize {
        let b = sums(16, 2, &[1]);
        let data = [words(3, 2, 16), words(4, 2, 16)];
        let own: &[usize] = [&[0][..], &[1], &[]][cheater];
        // Party 0 opens, party 2 vouches, party 1 receives.
        let n_last = [1, 0, 1][cheater];
        assert!(harass(&b, &data, cheater, own, n_last) > 0);
    }
}

/// One AND on eight lanes, whose bits fill the byte of its message.
#[test]
fn every_piece_of_a_product_matters() {
    for cheater in 0..3usize {
        let mut b = malicious();
        let x = b.input(0, B, Scalar::Bool, 8);
        let y = b.input(2, B, Scalar::Bool, 8);
        let and = b.template(and_template());
        let z = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, 8);
        let w = b.op(Op::Call(and), &[z, x], B, Scalar::Bool, 8);
        b.output(w, &[0, 1, 2]);
        let data = [words(5, 1, 8), words(6, 1, 8)];
        let own: &[usize] = [&[0][..], &[], &[1]][cheater];
        assert!(harass(&b, &data, cheater, own, 2) > 0);
    }
}

/// What one party tells both others must be the same.
#[test]
fn who_tells_different_things_is_noticed() {
    let mut b = malicious();
    b.program.inputs.clear();
    let x = b.input(0, B, u(8), 2);
    let shown = b.input(1, P, u(8), 2);
    let held = b.op(Op::FromPublic, &[shown], B, u(8), 2);
    let add = b.template(sum_template(8, 2));
    let z = b.op(Op::Call(add), &[x, held], B, u(8), 2);
    b.output(z, &[0, 1, 2]);
    let data = [vec![3, 4], vec![5, 6]];
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    check(&b, &refs);
    // Party 1 tells the others in its first two pieces.
    for number in [0, 1] {
        let (results, _) = cheat(&b.program, &inputs(&refs), 1, Some((number, Change::First)));
        for party in [0, 2] {
            let error = results[party].as_ref().err().expect("no result");
            let known = matches!(
                error.fault(),
                Fault::Cheating(_) | Fault::Network { .. } | Fault::Stopped { .. }
            );
            assert!(known, "{error}");
        }
    }
}

/// A bit of the last byte that no lane has says nothing.
#[test]
fn bits_beyond_the_last_lane_are_not_looked_at() {
    let mut b = malicious();
    let x = b.input(0, B, Scalar::Bool, 3);
    let y = b.input(1, B, Scalar::Bool, 3);
    let and = b.template(and_template());
    let z = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, 3);
    b.output(z, &[0, 1, 2]);
    let data = [vec![1, 0, 1], vec![1, 1, 0]];
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    // Party 2 gives nothing: its first piece is its product.
    let (results, _) = cheat(&b.program, &inputs(&refs), 2, Some((0, Change::Last)));
    for result in results {
        let report = result.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            report.output(smpcc_circuit::ids::OutputId(0)),
            Some(vec![1, 0, 0])
        );
    }
    let (results, _) = cheat(&b.program, &inputs(&refs), 2, Some((0, Change::First)));
    assert!(results[..2].iter().all(Result::is_err));
    assert_eq!(mask(3), 7);
}
