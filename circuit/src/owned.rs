//! Tests of what one party computes by itself: which programs may, what they mean and what they cost.

use crate::blocks::groups;
use crate::cost::{delay, demand, op_cost};
use crate::eval::{EvalError, eval};
use crate::gate::WordOp;
use crate::ids::{OutputId, ValueId};
use crate::program::builder::Builder;
use crate::program::{Domain, Op, Program, Suite};
use crate::stats::{Known, peak_memory, stats};
use crate::value::{ConstVec, Scalar, Word};
use crate::verify::verify;
use crate::{codec, text};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const A: Domain = Domain::Arithmetic { ring: 64 };
const U64: Scalar = Scalar::unsigned(64);
const SETTINGS: [(Suite, u32, u32); 5] = [
    (Suite::TwoParty, 2, 1),
    (Suite::Rep3, 3, 1),
    (Suite::Gmw, 3, 2),
    (Suite::Bgw, 3, 1),
    (Suite::Bgw, 5, 2),
];

const fn of(owner: u32) -> Domain {
    Domain::Local { owner }
}

fn rep3() -> Builder {
    Builder::new(Suite::Rep3, 3, 1)
}

/// Counts the values of party 1 that are below a bound, looks the rest of them up in a table of its own, and shares both.
fn sample(lanes: u64) -> (Builder, [OutputId; 2]) {
    let mut b = rep3();
    let l = of(1);
    let x = b.input(1, l, U64, lanes);
    let table = b.input(1, l, U64, 4);
    let bound = b.constant(U64, ConstVec::Splat { lanes, word: 100 });
    let less = b.op(Op::Word(WordOp::Lt), &[x, bound], l, Scalar::Bool, lanes);
    let ones = b.op(Op::Word(WordOp::Cast), &[less], l, U64, lanes);
    let add = Op::Reduce {
        op: WordOp::Add,
        segments: 1,
    };
    let count = b.op(add, &[ones], l, U64, 1);
    let read = Op::Read {
        block: 1,
        groups: 1,
    };
    let found = b.op(read, &[table, x], l, U64, lanes);
    let most = Op::Reduce {
        op: WordOp::Max,
        segments: 1,
    };
    let found = b.op(most, &[found], l, U64, 1);
    let outs = [count, found].map(|value| {
        let shared = b.op(Op::Share, &[value], A, U64, 1);
        b.output(shared, &[0, 2])
    });
    (b, outs)
}

#[test]
fn an_owner_computes_and_shares_the_result() {
    let (b, [count, found]) = sample(6);
    let program = verify(b.program).unwrap();
    let x: [Word; 6] = [3, 99, 100, 1 << 40, 2, 0];
    let outcome = eval(&program, &[x.to_vec(), vec![7, 8, 9, 10]]).unwrap();
    assert_eq!(outcome.outputs[count.index()], [4]);
    assert_eq!(outcome.outputs[found.index()], [10]);
    assert!(text::print(&program).contains("L1 u64×6 = read block=1 groups=1 v"));
    let bytes = codec::encode_program(&program).unwrap();
    assert_eq!(codec::decode_program(&bytes).as_ref(), Ok(&*program));
}

#[test]
fn only_what_is_shared_costs_bytes_and_rounds() {
    let (b, _) = sample(1_000_000);
    let stats = stats(&b.program, &Known::default());
    // Two words of the owner; then each of two receivers gets a word for each output.
    assert_eq!(stats.totals.bytes, Some(2 * 8 + 4 * 8));
    assert_eq!(stats.totals.rounds, Some(2));
    let alike = |lanes| {
        let (b, _) = sample(lanes);
        super::stats::milliseconds(&b.program, crate::stats::Link::LAN, &Default::default())
    };
    assert!(alike(1_000_000) > alike(1000).map(|ms| ms + 1.0));
}

#[test]
fn sharing_costs_what_an_input_costs() {
    for (suite, n, t) in SETTINGS {
        for (domain, scalar) in [
            (A, U64),
            (Domain::Arithmetic { ring: 100 }, Scalar::signed(7)),
            (B, Scalar::unsigned(9)),
            (B, Scalar::Bool),
        ] {
            for owner in 0..n {
                let mut b = Builder::new(suite, n, t);
                b.input(owner, domain, scalar, 321);
                let known = b.input(owner, of(owner), scalar, 321);
                b.op(Op::Share, &[known], domain, scalar, 321);
                let program = verify(b.program).unwrap();
                let [input, kept, share, ..] = &program.regions[0].nodes[..] else {
                    panic!("three operations");
                };
                assert_eq!(op_cost(&program, input), op_cost(&program, share));
                assert_eq!(delay(&program, input), delay(&program, share));
                assert_eq!(demand(&program, input), demand(&program, share));
                assert!(op_cost(&program, kept).sent.iter().all(|&bytes| bytes == 0));
                assert_eq!(op_cost(&program, kept).rounds, 0);
            }
        }
    }
}

#[test]
fn an_owner_tells_each_receiver_once() {
    for (suite, n, t) in SETTINGS {
        let mut b = Builder::new(suite, n, t);
        let known = b.input(1, of(1), Scalar::unsigned(20), 2000);
        let all = b.op(Op::Reveal, &[known], P, Scalar::unsigned(20), 2000);
        b.output(all, &[0]);
        for receivers in [vec![], vec![1], vec![0], (0..n).collect()] {
            b.output(known, &receivers);
        }
        let program = verify(b.program).unwrap();
        let cost = |i: usize| op_cost(&program, &program.regions[0].nodes[i]);
        // The owner's bytes, and the rounds: of the opening, then of the outputs.
        for (i, told) in [(1, n - 1), (3, 0), (4, 0), (5, 1), (6, n - 1)] {
            let mut sent = vec![0; n as usize];
            sent[1] = 3 * 2000 * u64::from(told);
            assert_eq!((cost(i).sent, cost(i).rounds), (sent, told.min(1)), "{i}");
        }
    }
}

/// What the verifier says of one more operation.
fn refused(with: impl FnOnce(&mut Builder, [ValueId; 4])) -> bool {
    let mut b = rep3();
    let values = [
        b.input(0, of(0), U64, 4),
        b.input(1, of(1), U64, 4),
        b.constant(U64, ConstVec::iota(4)),
        b.input(2, A, U64, 4),
    ];
    with(&mut b, values);
    verify(b.program).is_err()
}

#[test]
fn what_one_party_knows_stays_with_it() {
    let add = || Op::Word(WordOp::Add);
    let (gather, scatter) = (Op::Gather { block: 1 }, Op::Scatter { block: 1 });
    let read = || Op::Read {
        block: 2,
        groups: 1,
    };
    // With its own values and public ones it may do what it likes.
    let fits = |op: Op, pick: fn([ValueId; 4]) -> Vec<ValueId>, to: Domain, lanes: u64| {
        !refused(|b, values| {
            b.op(op, &pick(values), to, U64, lanes);
        })
    };
    assert!(fits(add(), |[x, _, p, _]| vec![x, p], of(0), 4));
    assert!(fits(add(), |[_, _, p, _]| vec![p, p], of(2), 4));
    assert!(fits(Op::Concat, |[x, _, p, _]| vec![p, x], of(0), 8));
    assert!(fits(gather.clone(), |[x, _, p, _]| vec![x, p], of(0), 4));
    assert!(fits(scatter, |[x, _, p, _]| vec![p, p, x], of(0), 4));
    assert!(fits(read(), |[x, _, p, _]| vec![p, x], of(0), 8));
    assert!(fits(Op::Share, |[x, ..]| vec![x], A, 4));
    assert!(fits(Op::Share, |[x, ..]| vec![x], B, 4));
    assert!(fits(Op::Reveal, |[x, ..]| vec![x], P, 4));
    // Others do not see it, and it does not see theirs.
    assert!(!fits(add(), |[x, y, ..]| vec![x, y], of(0), 4));
    assert!(!fits(add(), |[x, ..]| vec![x, x], of(1), 4));
    assert!(!fits(add(), |[x, ..]| vec![x, x], P, 4));
    assert!(!fits(add(), |[x, _, _, s]| vec![x, s], of(0), 4));
    assert!(!fits(add(), |[x, ..]| vec![x, x], of(3), 4));
    assert!(!fits(Op::Concat, |[x, y, ..]| vec![x, y], of(0), 8));
    assert!(!fits(Op::Concat, |[x, _, _, s]| vec![s, x], A, 8));
    assert!(!fits(read(), |[x, y, ..]| vec![x, y], of(0), 8));
    assert!(!fits(read(), |[x, ..]| vec![x, x], of(0), 4));
    assert!(!fits(Op::Mul, |[x, _, _, s]| vec![x, s], A, 4));
    assert!(!fits(Op::MulPublic, |[x, _, _, s]| vec![s, x], A, 4));
    assert!(!fits(Op::Share, |[_, _, p, _]| vec![p], A, 4));
    assert!(!fits(Op::Share, |[x, ..]| vec![x], Domain::Yao, 4));
    assert!(!fits(Op::Share, |[x, ..]| vec![x], of(0), 4));
    assert!(!fits(Op::FromPublic, |[_, _, p, _]| vec![p], of(0), 4));
    // What would stop the run does not depend on it.
    assert!(!fits(gather, |[x, ..]| vec![x, x], of(0), 4));
    assert!(refused(|b, [x, ..]| {
        let less = b.op(Op::Word(WordOp::Lt), &[x, x], of(0), Scalar::Bool, 4);
        b.node(Op::Assert(None), &[less], &[]);
    }));
    // Nor does what runs how often.
    let one = |b: &mut Builder, x: ValueId| {
        let add = Op::Reduce {
            op: WordOp::Add,
            segments: 1,
        };
        b.op(add, &[x], of(0), U64, 1)
    };
    assert!(refused(|b, [x, ..]| {
        let count = one(b, x);
        let counter = b.value(P, U64, 1);
        let body = b.open(&[counter]);
        b.close(&[]);
        b.node(Op::Loop { count: None, body }, &[count], &[]);
    }));
    assert!(refused(|b, [x, ..]| {
        let n = one(b, x);
        let odd = b.op(Op::Word(WordOp::Cast), &[n], of(0), Scalar::Bool, 1);
        let then = b.open(&[]);
        b.close(&[]);
        let otherwise = b.open(&[]);
        b.close(&[]);
        b.node(Op::If { then, otherwise }, &[odd], &[]);
    }));
}

#[test]
fn an_input_is_known_to_its_owner_alone() {
    for (party, public, fits) in [(1, false, true), (0, false, false), (1, true, false)] {
        let mut b = rep3();
        b.input(1, of(party), U64, 4);
        b.program.inputs[0].public = public;
        assert_eq!(verify(b.program).is_ok(), fits, "{party} {public}");
    }
}

/// A loop with a count that all know carries what one party knows.
#[test]
fn loops_carry_what_one_party_knows() {
    let mut b = rep3();
    let l = of(2);
    let x = b.input(2, l, U64, 5);
    let zero = b.constant(U64, ConstVec::Splat { lanes: 3, word: 0 });
    let counts = b.op(Op::Concat, &[zero], l, U64, 3);
    let (i, at) = (b.value(P, U64, 1), b.value(l, U64, 3));
    let body = b.open(&[i, at]);
    let key = b.op(Op::Gather { block: 1 }, &[x, i], l, U64, 1);
    let (block, groups) = (1, 1);
    let old = b.op(Op::Read { block, groups }, &[at, key], l, U64, 1);
    let one = b.constant(U64, ConstVec::scalar(1));
    let new = b.op(Op::Word(WordOp::Add), &[old, one], l, U64, 1);
    let next = b.op(Op::Write { block, groups }, &[at, key, new], l, U64, 3);
    b.close(&[next]);
    let last = b.value(l, U64, 3);
    let count = Some(5);
    b.node(Op::Loop { count, body }, &[counts], &[last]);
    let add = WordOp::Add;
    let upto = b.op(
        Op::Scan {
            op: add,
            segments: 1,
        },
        &[last],
        l,
        U64,
        3,
    );
    let all = b.op(Op::Concat, &[last, upto], l, U64, 6);
    let shared = b.op(Op::Share, &[all], A, U64, 6);
    b.output(shared, &[0]);
    let program = verify(b.program).unwrap();
    // A key out of range is counted nowhere.
    let outcome = eval(&program, &[vec![2, 0, 2, 3, u64::MAX.into()]]).unwrap();
    assert_eq!(outcome.outputs[0], [1, 0, 2, 1, 1, 3]);
}

#[test]
fn public_indices_still_stop_the_run() {
    let mut b = rep3();
    let x = b.input(0, of(0), U64, 3);
    let i = b.constant(U64, ConstVec::scalar(3));
    let picked = b.op(Op::Gather { block: 1 }, &[x, i], of(0), U64, 1);
    b.output(picked, &[1]);
    let stopped = eval(&b.program, &[vec![1, 2, 3]]);
    assert!(matches!(stopped, Err(EvalError::Stopped { .. })));
}

#[test]
fn memory_is_that_of_who_owns_most() {
    let lanes = 10_000;
    let with = |owners: [u32; 3]| {
        let mut b = rep3();
        for owner in owners {
            let x = b.input(owner, of(owner), U64, lanes);
            let i = b.constant(U64, ConstVec::scalar(0));
            let first = b.op(Op::Gather { block: 1 }, &[x, i], of(owner), U64, 1);
            b.output(first, &[0]);
        }
        // Everything at once, so that it is alive together.
        b.program.regions[0]
            .nodes
            .sort_by_key(|n| !matches!(n.op, Op::Input(_)));
        peak_memory(&b.program).bytes
    };
    let (each, one) = (with([0, 1, 2]), with([0, 0, 0]));
    assert!((8 * lanes..9 * lanes).contains(&each), "{each}");
    assert!((24 * lanes..25 * lanes).contains(&one), "{one}");
}

/// From inputs to one word each, nothing between exists whole.
#[test]
fn long_chains_run_block_by_block() {
    let (b, _) = sample(10_000_000);
    let groups = groups(&b.program);
    let long = |program: &Program, v: ValueId| program.values[v.index()].lanes > 1;
    let inside = |v: &ValueId| groups[0].iter().any(|g| g.inside.contains(v));
    for node in &b.program.regions[0].nodes {
        let mut results = node.results.iter();
        let whole = results.any(|v| long(&b.program, *v) && !inside(v));
        let is_table = node.results == [ValueId(1)];
        assert_eq!(whole, is_table, "{}", node.op.name());
    }
    // Beside what a party gives.
    let given = |party: u32| {
        let leaves = b.program.inputs.iter().filter(|leaf| leaf.party == party);
        leaves.map(|leaf| 8 * leaf.lanes).sum::<u64>()
    };
    let given = (0..3).map(given).max().unwrap_or_default();
    let peak = peak_memory(&b.program).bytes;
    assert!(
        (given..given + (8 << 20)).contains(&peak),
        "{peak} of {given}"
    );
}
