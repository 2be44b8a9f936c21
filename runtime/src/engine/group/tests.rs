//! Long vectors, block by block: the same results, bytes and rounds as whole, in memory that does not grow with what is on the way.

use std::process::Command;

use smpcc_circuit::blocks::{Group, Role, groups};
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Program, Suite as SuiteName};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use crate::engine::RunReport;
use crate::engine::testing::{
    AllInputs, Builder, a, build, expect_costs, inputs, rep3, run_all, u, words,
};
use crate::protocols::conformance::templates::{difference_template, sum_template};

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
    let mut b = build(suite, n_parties, *suite.thresholds(n_parties).end());
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
    let more = b.op(Op::Word(WordOp::Mul), &[shown, two], P, u(9), LANES);
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

/// Every `step`-th lane from `start` on.
fn every(b: &mut Builder, x: ValueId, start: u64, step: u64) -> ValueId {
    let info = b.program.values[x.index()];
    let lanes = info.lanes / step;
    let index = b.constant(
        Scalar::unsigned(64),
        ConstVec::Affine {
            start: start.into(),
            dims: vec![(lanes, step.into())],
        },
    );
    let gather = Op::Gather { block: 1 };
    b.op(gather, &[x, index], info.domain, info.scalar, lanes)
}

/// The last `n` lanes, each as a value.
fn lasts(b: &mut Builder, x: ValueId, n: u64) -> Vec<ValueId> {
    let info = b.program.values[x.index()];
    let lane = |word: u64| ConstVec::Splat {
        lanes: 1,
        word: word.into(),
    };
    let first = info.lanes - n;
    (0..n)
        .map(|i| {
            let index = b.constant(Scalar::unsigned(64), lane(first + i));
            let gather = Op::Gather { block: 1 };
            b.op(gather, &[x, index], info.domain, info.scalar, 1)
        })
        .collect()
}

/// One lane from all, neighbour with neighbour.
fn tournament(
    b: &mut Builder,
    mut x: ValueId,
    mut pair: impl FnMut(&mut Builder, ValueId, ValueId) -> ValueId,
) -> ValueId {
    loop {
        let info = b.program.values[x.index()];
        if info.lanes == 1 {
            return x;
        }
        let (left, right) = (every(b, x, 0, 2), every(b, x, 1, 2));
        let mut next = pair(b, left, right);
        if info.lanes % 2 == 1 {
            let last = lasts(b, x, 1)[0];
            let lanes = info.lanes / 2 + 1;
            next = b.op(Op::Concat, &[next, last], info.domain, info.scalar, lanes);
        }
        x = next;
    }
}

/// A program that makes few lanes of many in every way there is.
fn reductions(suite: SuiteName, n_parties: u32, domain: Domain) -> Builder {
    let mut b = build(suite, n_parties, *suite.thresholds(n_parties).end());
    let x = b.input(0, a(20), u(20), LANES);
    let y = b.input(1, a(20), u(20), LANES);
    let of = |b: &Builder, v: ValueId| b.program.values[v.index()];
    let product = tournament(&mut b, x, |b, l, r| {
        let lanes = of(b, l).lanes;
        b.op(Op::Mul, &[l, r], a(20), u(20), lanes)
    });
    b.output(product, &[0]);
    for op in [Op::Dot { segments: 1 }, Op::SumLanes { segments: 1 }] {
        let args = &[x, y][..if matches!(op, Op::Dot { .. }) { 2 } else { 1 }];
        let one = b.op(op, args, a(20), u(20), 1);
        b.output(one, &[1]);
    }
    let segments = LANES / 3;
    let sums = b.op(Op::SumLanes { segments }, &[y], a(20), u(20), segments);
    let dots = b.op(Op::Dot { segments }, &[x, y], a(20), u(20), segments);
    let both = b.op(linear(&[1, 1], 0), &[sums, dots], a(20), u(20), segments);
    b.output(both, &[1]);
    // Rows, what is left beyond them, and what is made of both.
    let mut rows: Vec<ValueId> = (0..5).map(|j| every(&mut b, y, j, 5)).collect();
    let lanes = of(&b, rows[0]).lanes;
    let sum = b.op(linear(&[1, 2, 3, 4, 5], 0), &rows, a(20), u(20), lanes);
    rows = lasts(&mut b, y, LANES % 5);
    rows.push(b.op(Op::SumLanes { segments: 1 }, &[sum], a(20), u(20), 1));
    let ones = vec![1; rows.len()];
    let all = b.op(linear(&ones, 0), &rows, a(20), u(20), 1);
    b.output(all, &[0, 1]);
    // Bits.
    let bits = b.input(0, B, u(9), LANES);
    let bits = match domain {
        Domain::Yao => b.op(Op::BooleanToYao, &[bits], Y, u(9), LANES),
        _ => bits,
    };
    let two = b.template(sum_template(9, 2));
    let sum = tournament(&mut b, bits, |b, l, r| {
        let lanes = of(b, l).lanes;
        b.op(Op::Call(two), &[l, r], domain, u(9), lanes)
    });
    let sum = match domain {
        Domain::Yao => b.op(Op::YaoToBoolean, &[sum], B, u(9), 1),
        _ => sum,
    };
    b.output(sum, &[0, 1]);
    b
}

#[test]
fn few_lanes_of_many() {
    // Blocks that go through the king are too long to be cut this often at so few lanes.
    for (suite, n_parties, domain) in SUITES.into_iter().filter(|s| s.1 < 5) {
        let b = reductions(suite, n_parties, domain);
        let groups = groups(&b.program);
        let roles: Vec<Role> = groups[0].iter().flat_map(|g| g.roles.clone()).collect();
        let mut expected = vec![Role::Add, Role::Run, Role::Stride, Role::Tail, Role::Join];
        if matches!(suite, SuiteName::Rep3 | SuiteName::Bgw) {
            expected.push(Role::Fold);
        }
        for role in expected {
            assert!(roles.contains(&role), "{suite:?}: {role:?}");
        }
        // Inputs are there in blocks alone.
        let inside = |v| groups[0].iter().any(|g: &Group| g.inside.contains(&v));
        for node in &b.program.regions[0].nodes {
            if let Op::Input(_) = node.op {
                assert!(node.results.iter().all(|&v| inside(v)), "{suite:?}");
            }
        }
        let all = inputs(&[
            &words(1, 20, LANES),
            &words(2, 20, LANES),
            &words(3, 9, LANES),
        ]);
        expect_all(&b.program, &all);
    }
}

/// A program in which two parties work on long vectors of their own in every way that there are blocks of them.
fn owned(suite: SuiteName, n_parties: u32) -> Builder {
    let mut b = build(suite, n_parties, *suite.thresholds(n_parties).end());
    let third = n_parties - 1;
    let mut sums = Vec::new();
    for party in [0, 1] {
        let l = Domain::Local { owner: party };
        let x = b.input(party, l, u(20), LANES);
        let table = b.input(party, l, u(9), 700);
        let word =
            |b: &mut Builder, op, args: &[ValueId]| b.op(Op::Word(op), args, l, u(20), LANES);
        let square = word(&mut b, WordOp::Mul, &[x, x]);
        // Indices that only the owner knows, some of them out of range.
        let short = b.op(Op::Word(WordOp::Cast), &[square], l, u(10), LANES);
        let (block, groups) = (1, 1);
        let found = b.op(Op::Read { block, groups }, &[table, short], l, u(9), LANES);
        let found = b.op(Op::Word(WordOp::Cast), &[found], l, u(20), LANES);
        let sum = word(&mut b, WordOp::Add, &[found, x]);
        // Few lanes of many.
        for (op, segments) in [(WordOp::Add, 1), (WordOp::Min, 1), (WordOp::Xor, LANES / 3)] {
            let few = b.op(Op::Reduce { op, segments }, &[sum], l, u(20), segments);
            let shared = b.op(Op::Share, &[few], a(20), u(20), segments);
            b.output(shared, &[0, third]);
        }
        let most = tournament(&mut b, sum, |b, left, right| {
            let lanes = b.program.values[left.index()].lanes;
            b.op(Op::Word(WordOp::Max), &[left, right], l, u(20), lanes)
        });
        b.output(most, &[1]);
        // From outside a group into it, backwards; and told to some and to all.
        let back = ConstVec::Affine {
            start: Word::from(LANES - 1),
            dims: vec![(LANES, Word::MAX)],
        };
        let back = b.constant(Scalar::unsigned(64), back);
        let turned = b.op(Op::Gather { block: 1 }, &[sum, back], l, u(20), LANES);
        b.output(turned, &[0, third]);
        let low = b.op(Op::Word(WordOp::Cast), &[turned], l, u(3), LANES);
        let known = b.op(Op::Reveal, &[low], P, u(3), LANES);
        let wide = b.op(Op::Word(WordOp::Cast), &[known], l, u(20), LANES);
        let again = word(&mut b, WordOp::Sub, &[turned, wide]);
        sums.push(b.op(Op::Share, &[again], a(20), u(20), LANES));
        let bits = b.op(Op::Share, &[found], B, u(20), LANES);
        b.output(bits, &[1]);
    }
    let sum = b.op(linear(&[1, 5], 1), &sums, a(20), u(20), LANES);
    b.output(sum, &[0]);
    b
}

#[test]
fn owners_work_block_by_block() {
    for (suite, n_parties) in [
        (SuiteName::Rep3, 3),
        (SuiteName::TwoParty, 2),
        (SuiteName::Gmw, 3),
        (SuiteName::Bgw, 3),
        (SuiteName::Bgw, 5),
    ] {
        let b = owned(suite, n_parties);
        let groups = groups(&b.program);
        let roles: Vec<Role> = groups[0].iter().flat_map(|g| g.roles.clone()).collect();
        for role in [Role::Add, Role::Run, Role::Stride, Role::Tail, Role::Join] {
            assert!(roles.contains(&role), "{suite:?}: {role:?}");
        }
        let all = inputs(&[
            &words(1, 20, LANES),
            &words(2, 9, 700),
            &words(3, 20, LANES),
            &words(4, 9, 700),
        ]);
        expect_all(&b.program, &all);
    }
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

/// All suites, both ways to multiply of `bgw`.
const SUITES: [(SuiteName, u32, Domain); 8] = [
    (SuiteName::Rep3, 3, B),
    (SuiteName::Rep3, 3, Y),
    (SuiteName::TwoParty, 2, B),
    (SuiteName::TwoParty, 2, Y),
    (SuiteName::Gmw, 3, B),
    (SuiteName::Bgw, 3, B),
    (SuiteName::Bgw, 5, B),
    (SuiteName::Bgw, 7, B),
];

#[test]
fn blocks_give_what_whole_vectors_give() {
    for (suite, n_parties, domain) in SUITES {
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
    let mut b = build(SuiteName::Bgw, 16, 7);
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
    let mut b = rep3();
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

#[test]
fn a_tournament_starts_again_where_its_blocks_get_too_short() {
    // Five parties want long blocks, and with left-over lanes at every level the second group joins what the first hands out.
    let lanes = 1_300_001;
    let program = scalar_result(SuiteName::Bgw, 5, B, lanes);
    let groups = groups(&program);
    let begins: Vec<u64> = groups[0].iter().map(|g| g.lanes).collect();
    assert!(
        begins.len() > 1 && begins.is_sorted_by(|a, b| a > b),
        "{begins:?}"
    );
    for group in &groups[0] {
        assert!(
            group.roles.contains(&Role::Join) && group.n_blocks() > 1,
            "{group:?}"
        );
    }
    let all = inputs(&[&words(6, 16, lanes), &words(7, 16, lanes)]);
    expect_all(&program, &all);
}

/// Largest resident memory of this process so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

const CHILD: &str = "SMPCC_TEST_MEMORY";

/// A program with a scalar result: products and sums, or a circuit on each lane and a tournament.
fn scalar_result(suite: SuiteName, n_parties: u32, domain: Domain, lanes: u64) -> Program {
    let mut b = build(suite, n_parties, *suite.thresholds(n_parties).end());
    let result = if let Domain::Local { .. } = domain {
        // Each of two parties by itself, but for the sum of both.
        let sums = [0, 1].map(|owner| {
            let l = Domain::Local { owner };
            let x = b.input(owner, l, u(32), lanes);
            let square = b.op(Op::Word(WordOp::Mul), &[x, x], l, u(32), lanes);
            let more = b.op(Op::Word(WordOp::Add), &[square, x], l, u(32), lanes);
            let (op, segments) = (WordOp::Add, 1);
            let sum = b.op(Op::Reduce { op, segments }, &[more], l, u(32), 1);
            b.op(Op::Share, &[sum], a(32), u(32), 1)
        });
        b.op(linear(&[1, 1], 0), &sums, a(32), u(32), 1)
    } else if let Domain::Arithmetic { .. } = domain {
        let of = |b: &mut Builder, party| b.input(party, a(32), u(32), lanes);
        let (x, y) = (of(&mut b, 0), of(&mut b, 1));
        let sum = b.op(linear(&[3, 1], 7), &[x, y], a(32), u(32), lanes);
        let dot = b.op(Op::Dot { segments: 1 }, &[sum, y], a(32), u(32), 1);
        let sum = b.op(Op::SumLanes { segments: 1 }, &[sum], a(32), u(32), 1);
        b.op(linear(&[1, 1], 0), &[dot, sum], a(32), u(32), 1)
    } else {
        let width = if domain == Y { 8 } else { 16 };
        let two = b.template(sum_template(width.into(), 2));
        let mut of = |party| {
            let bits = b.input(party, B, u(width), lanes);
            match domain {
                Domain::Yao => b.op(Op::BooleanToYao, &[bits], Y, u(width), lanes),
                _ => bits,
            }
        };
        let (x, y) = (of(0), of(1));
        let sum = b.op(Op::Call(two), &[x, y], domain, u(width), lanes);
        let sum = tournament(&mut b, sum, |b, l, r| {
            let lanes = b.program.values[l.index()].lanes;
            b.op(Op::Call(two), &[l, r], domain, u(width), lanes)
        });
        match domain {
            Domain::Yao => b.op(Op::YaoToBoolean, &[sum], B, u(width), 1),
            _ => sum,
        }
    };
    b.output(result, &[0]);
    b.program
}

/// All suites and domains, with few lanes (with fewer, not all blocks are in flight) and many.
const GROWING: [(SuiteName, u32, Domain, u64, u64); 11] = [
    (
        SuiteName::Rep3,
        3,
        Domain::Local { owner: 0 },
        300_000,
        800_000,
    ),
    (SuiteName::Rep3, 3, a(32), 300_000, 800_000),
    (SuiteName::Rep3, 3, B, 400_000, 800_000),
    (SuiteName::Rep3, 3, Y, 300_000, 600_000),
    (SuiteName::TwoParty, 2, a(32), 50_000, 150_000),
    (SuiteName::TwoParty, 2, B, 300_000, 500_000),
    (SuiteName::TwoParty, 2, Y, 200_000, 400_000),
    (SuiteName::Gmw, 3, B, 300_000, 450_000),
    (SuiteName::Bgw, 3, a(32), 300_000, 800_000),
    (SuiteName::Bgw, 3, B, 400_000, 800_000),
    (SuiteName::Bgw, 5, a(32), 500_000, 1_000_000),
];

/// More lanes take memory for inputs only. All parties are one process here.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_what_is_on_the_way() {
    if let Ok(what) = std::env::var(CHILD) {
        let (case, file) = what.split_once(' ').unwrap();
        let (suite, n_parties, domain, few, many) = GROWING[case[1..].parse::<usize>().unwrap()];
        let lanes = if case.starts_with('f') { few } else { many };
        let width = match domain {
            Domain::Arithmetic { .. } | Domain::Local { .. } => 32,
            Domain::Boolean => 16,
            Domain::Yao | Domain::Public => 8,
        };
        let all: AllInputs = (0..2)
            .map(|i| (InputId(i), words(6 + u64::from(i), width, lanes)))
            .collect();
        run_all(&scalar_result(suite, n_parties, domain, lanes), &all);
        std::fs::write(file, peak().to_string()).unwrap();
        return;
    }
    let peak = |case: String| -> u64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "engine::group::tests::memory_does_not_grow_with_what_is_on_the_way",
            ])
            .env(CHILD, format!("{case} {}", file.path().display()))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        let peak = std::fs::read_to_string(file.path()).unwrap();
        peak.parse().unwrap()
    };
    // Who garbles need not wait: what is on its way differs from run to run. So do the long blocks of five parties.
    let most = |n_parties, domain| MOST + if domain == Y || n_parties == 5 { 80 } else { 4 };
    let mut grown = Vec::new();
    for (i, (suite, n_parties, domain, few, many)) in GROWING.into_iter().enumerate() {
        // Where other tests keep a party from running, its peers' messages wait: what grows with lanes grows every time.
        let tries = (0..3).map(|_| {
            let (before, after) = (peak(format!("f{i}")), peak(format!("m{i}")));
            let per_lane = after.saturating_sub(before + NOISE) / (many - few);
            (per_lane, suite, n_parties, domain, before, after)
        });
        let fits = |t: &(u64, SuiteName, u32, Domain, u64, u64)| t.0 <= most(n_parties, domain);
        let mut failed = Vec::new();
        for one in tries {
            if fits(&one) {
                failed.clear();
                break;
            }
            failed.push(one);
        }
        grown.extend(failed);
    }
    assert!(grown.is_empty(), "bytes per lane: {grown:#?}");
}

/// What threads and allocators take more or less from run to run, in bytes.
const NOISE: u64 = 2 << 20;

/// Two inputs as words in the test and as machine words at their owners, and little more: one value held whole in arithmetic
/// shares would be 16 to 120 bytes, the bits of a sum and its operands 12 to 36, a value in labels 256.
const MOST: u64 = 2 * (16 + 8) + 12;
