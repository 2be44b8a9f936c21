//! Long vectors, block by block: the same results, bytes and rounds as whole, in memory that does not grow with what is on the way.

use std::process::Command;

use smpcc_circuit::blocks::groups;
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Program, Suite as SuiteName};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use crate::engine::RunReport;
use crate::engine::testing::{AllInputs, Builder, a, expect_costs, run_all};
use crate::protocols::replicated::tests::{difference_template, inputs, sum_template, u, words};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

/// More lanes than two blocks, and not a multiple of one.
const LANES: u64 = (1 << 16) + 1001;

fn linear(coefficients: &[Word], constant: Word) -> Op {
    Op::Linear {
        coefficients: coefficients.to_vec(),
        constant,
    }
}

/// `n` sums `x + y`, one on the other, in a domain; from and to arithmetic shares.
fn chain(b: &mut Builder, domain: Domain, width: u8, lanes: u64, n: usize) -> ValueId {
    let (x, y) = (
        b.input(0, a(width), u(width), lanes),
        b.input(1, a(width), u(width), lanes),
    );
    if let Domain::Arithmetic { .. } = domain {
        let mut sum = x;
        for _ in 0..n {
            let product = b.op(Op::Mul, &[sum, y], domain, u(width), lanes);
            sum = b.op(linear(&[1, 3], 5), &[product, x], domain, u(width), lanes);
        }
        return sum;
    }
    let n_parts = b.program.parts(domain);
    let (parts, two) = (
        b.template(sum_template(width.into(), n_parts)),
        b.template(sum_template(width.into(), 2)),
    );
    let mut into = |value: ValueId| {
        let strings: Vec<_> = (0..n_parts)
            .map(|_| b.value(domain, u(width), lanes))
            .collect();
        b.node(Op::Decompose, &[value], &strings);
        b.op(Op::Call(parts), &strings, domain, u(width), lanes)
    };
    let (mut sum, y) = (into(x), into(y));
    for _ in 0..n {
        sum = b.op(Op::Call(two), &[sum, y], domain, u(width), lanes);
    }
    if domain == Y {
        sum = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
    }
    // Back to arithmetic shares.
    let n_parts = b.program.parts(B);
    let random: Vec<_> = (1..n_parts).map(|_| b.value(B, u(width), lanes)).collect();
    b.node(Op::RandomParts, &[], &random);
    let sub = b.template(difference_template(width.into(), n_parts));
    let all = |first| -> Vec<ValueId> { [first].into_iter().chain(random.clone()).collect() };
    let difference = b.op(Op::Call(sub), &all(sum), B, u(width), lanes);
    b.op(Op::Compose, &all(difference), a(width), u(width), lanes)
}

/// A program that uses every operation which works lane by lane.
fn everything(suite: SuiteName, n_parties: u32, domain: Domain) -> Builder {
    let mut b = Builder::of(suite, n_parties, *suite.thresholds(n_parties).end());
    let third = n_parties - 1;
    let x = chain(&mut b, domain, 20, LANES, 2);
    // From outside a group into it, backwards.
    let back = b.constant(
        Scalar::unsigned(64),
        ConstVec::Affine {
            start: Word::from(LANES - 1),
            dims: vec![(LANES, Word::MAX)],
        },
    );
    let turned = b.op(Op::Gather { block: 1 }, &[x, back], a(20), u(20), LANES);
    let product = b.op(Op::Mul, &[turned, x], a(20), u(20), LANES);
    let low = b.op(Op::LowerRing, &[product], a(9), u(9), LANES);
    let shown = b.op(Op::Reveal, &[low], P, u(9), LANES);
    let two = b.constant(
        u(9),
        ConstVec::Splat {
            lanes: LANES,
            word: 2,
        },
    );
    let more = b.op(Op::Public(WordOp::Mul), &[shown, two], P, u(9), LANES);
    let scaled = b.op(Op::MulPublic, &[low, more], a(9), u(9), LANES);
    let shared = b.op(Op::FromPublic, &[more], a(9), u(9), LANES);
    let sum = b.op(linear(&[1, 1], 3), &[scaled, shared], a(9), u(9), LANES);
    b.output(sum, &[0, third]);
    // Bits.
    let bits = b.input(third, B, u(3), LANES);
    let known = b.op(Op::FromPublic, &[shown], B, u(9), LANES);
    let and = b.template({
        let mut t = smpcc_circuit::template::Builder::new(&[3, 9]);
        let (x, y) = (t.input(0), t.input(1));
        let both = t.and(x[1], y[0]);
        t.finish("and", vec![vec![both]])
    });
    let bit = b.op(Op::Call(and), &[bits, known], B, Scalar::Bool, LANES);
    let mut bit = bit;
    if suite.garbles() {
        let labels = b.op(Op::BooleanToYao, &[bit], Y, Scalar::Bool, LANES);
        bit = b.op(Op::YaoToBoolean, &[labels], B, Scalar::Bool, LANES);
    }
    let number = b.op(Op::InjectBit, &[bit], a(9), u(9), LANES);
    let last = b.op(linear(&[4, 1], 0), &[number, low], a(9), u(9), LANES);
    b.output(last, &[1]);
    let sum = b.op(Op::SumLanes { segments: 1 }, &[number], a(9), u(9), 1);
    b.output(sum, &[0, 1]);
    let dot = b.op(Op::Dot { segments: 1 }, &[number, low], a(9), u(9), 1);
    b.output(dot, &[1]);
    b
}

fn expect_all(program: &Program, inputs: &AllInputs) -> Vec<RunReport> {
    let words: Vec<Vec<Word>> = inputs.values().cloned().collect();
    let clear = eval(program, &words).unwrap();
    let reports = run_all(program, inputs);
    for (o, expected) in clear.outputs.iter().enumerate() {
        for (party, report) in reports.iter().enumerate() {
            let receives = program.outputs[o].receivers.contains(&(party as u32));
            let got = report.output(OutputId::new(o));
            let got = got.as_ref();
            let wrong = got.and_then(|got| got.iter().zip(expected).position(|(a, b)| a != b));
            assert!(
                got == receives.then_some(expected),
                "{:?}: output {o} at party {party}, first in lane {wrong:?}",
                program.suite
            );
        }
    }
    expect_costs(program, &reports);
    reports
}

#[test]
fn blocks_give_what_whole_vectors_give() {
    for (suite, n_parties, domain) in [
        (SuiteName::Rep3, 3, B),
        (SuiteName::Rep3, 3, Y),
        (SuiteName::TwoParty, 2, B),
        (SuiteName::TwoParty, 2, Y),
        (SuiteName::Gmw, 3, B),
        (SuiteName::Bgw, 3, B),
        (SuiteName::Bgw, 5, B),
        (SuiteName::Bgw, 7, B),
    ] {
        let b = everything(suite, n_parties, domain);
        let groups = &groups(&b.program)[0];
        let grouped: usize = groups.iter().map(|g| g.nodes.len()).sum();
        assert!(
            grouped + 8 >= b.program.regions[0].nodes.len(),
            "{groups:?}"
        );
        assert!(groups.iter().all(|g| g.block < LANES && g.block % 64 == 0));
        let all = inputs(&[
            &words(1, 20, LANES),
            &words(2, 20, LANES),
            &words(3, 3, LANES),
        ]);
        expect_all(&b.program, &all);
    }
}

/// Blocks of what goes through the king among the most parties that there can be: products, ANDs and bits made integers.
#[test]
fn blocks_go_through_the_king_of_many() {
    // Blocks are multiples of the random sharings that are made at a time.
    let lanes = LANES + 4000;
    let mut b = Builder::of(SuiteName::Bgw, 16, 7);
    let x = b.input(0, a(8), u(8), lanes);
    let bits = b.input(15, B, Scalar::Bool, lanes);
    let product = b.op(Op::Mul, &[x, x], a(8), u(8), lanes);
    let and = b.template({
        let mut t = smpcc_circuit::template::Builder::new(&[1, 1]);
        let (x, y) = (t.input(0), t.input(1));
        let both = t.and(x[0], y[0]);
        t.finish("and", vec![vec![both]])
    });
    let bit = b.op(Op::Call(and), &[bits, bits], B, Scalar::Bool, lanes);
    let number = b.op(Op::InjectBit, &[bit], a(8), u(8), lanes);
    let sum = b.op(linear(&[1, 1], 3), &[product, number], a(8), u(8), lanes);
    b.output(sum, &[9]);
    assert!(!groups(&b.program)[0].is_empty());
    expect_all(
        &b.program,
        &inputs(&[&words(8, 8, lanes), &words(9, 1, lanes)]),
    );
}

#[test]
fn groups_in_loops_and_around_loops() {
    let mut b = Builder::new();
    let x = chain(&mut b, a(32), 32, LANES, 1);
    let (i, acc) = (b.value(P, u(64), 1), b.value(a(32), u(32), LANES));
    let body = b.open(&[i, acc]);
    let product = b.op(Op::Mul, &[acc, x], a(32), u(32), LANES);
    let next = b.op(linear(&[1, 7], 1), &[product, acc], a(32), u(32), LANES);
    b.close(&[next]);
    let last = b.value(a(32), u(32), LANES);
    let count = Some(3);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let product = b.op(Op::Mul, &[last, x], a(32), u(32), LANES);
    let sum = b.op(linear(&[1, 1], 0), &[product, last], a(32), u(32), LANES);
    b.output(sum, &[0]);
    let groups = groups(&b.program);
    assert!(groups.iter().all(|g| !g.is_empty()), "{groups:?}");
    let all = inputs(&[&words(4, 32, LANES), &words(5, 32, LANES)]);
    let reports = expect_all(&b.program, &all);
    assert_eq!(reports[0].rounds, 1 + 1 + 3 + 1 + 1);
}

/// Largest resident memory of this process so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

const CHILD: &str = "SMPCC_TEST_MEMORY";

/// More lanes take memory for inputs and outputs only: 2 inputs and an output at three parties, each as words,
/// as machine words and as two parts of a share. A value on the way would be 48 bytes more, in labels 384.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_what_is_on_the_way() {
    let program = |kind: &str, lanes: u64| {
        let mut b = Builder::new();
        let last = match kind {
            "arithmetic" => chain(&mut b, a(32), 32, lanes, 12),
            "boolean" => chain(&mut b, B, 32, lanes, 4),
            _ => chain(&mut b, Y, 8, lanes, 2),
        };
        b.output(last, &[0]);
        b.program
    };
    if let Ok(what) = std::env::var(CHILD) {
        let mut what = what.splitn(3, ' ').map(str::to_owned);
        let mut next = || what.next().unwrap();
        let (kind, lanes, file) = (next(), next().parse().unwrap(), next());
        let width = if kind == "yao" { 8 } else { 32 };
        let all = inputs(&[&words(6, width, lanes), &words(7, width, lanes)]);
        run_all(&program(&kind, lanes), &all);
        std::fs::write(file, peak().to_string()).unwrap();
        return;
    }
    let peak = |kind: &str, lanes: u64| -> u64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "engine::group::tests::memory_does_not_grow_with_what_is_on_the_way",
            ])
            .env(CHILD, format!("{kind} {lanes} {}", file.path().display()))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        let peak = std::fs::read_to_string(file.path()).unwrap();
        peak.parse().unwrap()
    };
    let mut grown = Vec::new();
    for kind in ["arithmetic", "boolean", "yao"] {
        // With fewer lanes than these, not all blocks are in flight.
        let (few, many) = (300_000, 1_000_000);
        let per_lane = peak(kind, many).saturating_sub(peak(kind, few)) / (many - few);
        grown.push((kind, per_lane));
    }
    assert!(
        grown.iter().all(|g| g.1 <= MOST),
        "bytes per lane: {grown:?}"
    );
}

/// Words: 2 · 16 bytes at the test and at their owners, 16 at the receiver of the output; machine words: 2 · 8 and 8; shares:
/// 3 · 16 bytes of three values.
const MOST: u64 = 2 * (16 + 16) + 16 + 24 + 3 * 3 * 16;
