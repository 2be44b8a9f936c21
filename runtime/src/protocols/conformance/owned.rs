//! What one party knows alone: it is shared as its inputs are, told to whom it is opened, and nobody else sees anything of it.

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Program};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

use super::traffic::{check_traffic, schedules};
use super::views::{messages, repeatable};
use super::{B, P, SETTINGS, Setting, check, settings};
use crate::engine::testing::{Builder, a, inputs, try_run, u, words};
use crate::error::Fault;

pub(super) const fn of(owner: u32) -> Domain {
    Domain::Local { owner }
}

/// `x² + 3x + number of the lane`, by its owner.
pub(super) fn polynomial(b: &mut Builder, x: ValueId) -> ValueId {
    let info = b.program.values[x.index()];
    let (domain, scalar, lanes) = (info.domain, info.scalar, info.lanes);
    let three = b.constant(
        scalar,
        ConstVec::Splat {
            lanes,
            word: scalar.wrap(3),
        },
    );
    let number = b.constant(scalar, ConstVec::iota(lanes));
    let mut word = |op, args: &[ValueId]| b.op(Op::Word(op), args, domain, scalar, lanes);
    let square = word(WordOp::Mul, &[x, x]);
    let more = word(WordOp::Mul, &[three, x]);
    let sum = word(WordOp::Add, &[square, more]);
    word(WordOp::Add, &[number, sum])
}

pub(super) fn polynomials(x: &[Word], width: u8) -> Vec<Word> {
    let of = |(i, x): (usize, &Word)| {
        let sum = x.wrapping_mul(*x).wrapping_add(x.wrapping_mul(3));
        sum.wrapping_add(i as Word) & mask(width.into())
    };
    x.iter().enumerate().map(of).collect()
}

#[test]
fn what_an_owner_computes_becomes_shared() {
    const SHAPES: [(u8, u64); 6] = [(1, 65), (3, 64), (31, 1), (64, 1000), (65, 3), (128, 63)];
    for (k, setting) in settings().filter(|s| s.owns()).enumerate() {
        let step = if setting.n > 5 { 3 } else { 1 };
        let shapes = SHAPES.into_iter().cycle().skip(k).step_by(step);
        for (i, (width, lanes)) in shapes.take(6 / step).enumerate() {
            let owner = (i as u32 + 1) % setting.n;
            for domain in [a(width), a(128), B] {
                let mut b = setting.builder();
                let x = b.input(owner, of(owner), u(width), lanes);
                let y = polynomial(&mut b, x);
                let shared = b.op(Op::Share, &[y], domain, u(width), lanes);
                let opened = match domain == a(128) && width < 128 {
                    true => b.op(Op::LowerRing, &[shared], a(width), u(width), lanes),
                    false => shared,
                };
                let out = b.output(opened, &setting.everyone());
                let x = words(i as u64 + 1, width.into(), lanes);
                check(&b, &[&x], out, &polynomials(&x, width));
            }
        }
    }
}

#[test]
fn signs_are_kept_in_wider_rings() {
    for setting in settings().filter(|s| s.owns()) {
        let mut b = setting.builder();
        let x = b.input(1, of(1), Scalar::signed(8), 2);
        let y = b.op(Op::Share, &[x], a(100), Scalar::signed(8), 2);
        let linear = Op::Linear {
            coefficients: vec![1],
            constant: 0,
        };
        let wide = b.op(linear, &[y], a(100), Scalar::signed(100), 2);
        let out = b.output(wide, &[0]);
        let minus = |n: Word| n.wrapping_neg() & mask(100);
        check(&b, &[&[0xff, 0x80]], out, &[minus(1), minus(128)]);
    }
}

#[test]
fn what_is_opened_is_told_to_its_receivers() {
    for setting in SETTINGS.into_iter().filter(|s| s.owns()) {
        let last = setting.last();
        for (i, receivers) in [
            vec![],
            vec![0],
            vec![last],
            vec![0, last],
            setting.everyone(),
        ]
        .into_iter()
        .enumerate()
        {
            for owner in [0, last] {
                let (width, lanes) = ([7, 64, 100][i % 3], [1000, 3, 0][(i + 1) % 3]);
                let mut b = setting.builder();
                let x = b.input(owner, of(owner), u(width), lanes);
                let y = polynomial(&mut b, x);
                let out = b.output(y, &receivers);
                let known = b.op(Op::Reveal, &[y], P, u(width), lanes);
                let all = b.output(known, &[1]);
                let x = words(i as u64, width.into(), lanes);
                let y = polynomials(&x, width);
                let reports = check(&b, &[&x], out, &y);
                assert_eq!(reports[1].output(all).as_ref(), Some(&y));
            }
        }
    }
}

/// Three times a value, for party 0. (A product's own shares may be the same that its opening tells to another.)
fn output_tripled(b: &mut Builder, x: ValueId) -> OutputId {
    let info = b.program.values[x.index()];
    let op = Op::Linear {
        coefficients: vec![3],
        constant: 0,
    };
    let tripled = b.op(op, &[x], info.domain, info.scalar, info.lanes);
    b.output(tripled, &[0])
}

/// Three times the squares of how often one party has each of some keys, counted in a loop that nobody else takes part in.
fn counted(setting: Setting, lanes: u64) -> (Builder, OutputId) {
    let (last, table) = (setting.last(), 5);
    let l = of(last);
    let mut b = setting.builder();
    let x = b.input(last, l, u(8), lanes);
    let zeros = b.constant(
        u(32),
        ConstVec::Splat {
            lanes: table,
            word: 0,
        },
    );
    let start = b.op(Op::Concat, &[zeros], l, u(32), table);
    let (i, counts) = (b.value(P, u(64), 1), b.value(l, u(32), table));
    let body = b.open(&[i, counts]);
    let key = b.op(Op::Gather { block: 1 }, &[x, i], l, u(8), 1);
    let (block, groups) = (1, 1);
    let old = b.op(Op::Read { block, groups }, &[counts, key], l, u(32), 1);
    let one = b.constant(u(32), ConstVec::scalar(1));
    let new = b.op(Op::Word(WordOp::Add), &[old, one], l, u(32), 1);
    let write = Op::Write { block, groups };
    let next = b.op(write, &[counts, key, new], l, u(32), table);
    b.close(&[next]);
    let end = b.value(l, u(32), table);
    let count = Some(lanes);
    b.node(Op::Loop { count, body }, &[start], &[end]);
    let shared = b.op(Op::Share, &[end], a(32), u(32), table);
    let square = b.op(Op::Mul, &[shared, shared], a(32), u(32), table);
    let out = output_tripled(&mut b, square);
    (b, out)
}

#[test]
fn loops_run_at_the_owner() {
    for setting in settings().filter(|s| s.owns()) {
        let (b, out) = counted(setting, 40);
        let keys: Vec<Word> = words(3, 3, 40);
        let count = |k: Word| keys.iter().filter(|x| **x == k).count() as Word;
        let tripled = [0, 1, 2, 3, 4].map(|k| 3 * count(k) * count(k));
        check(&b, &[&keys], out, &tripled);
    }
}

#[test]
fn a_public_index_out_of_range_stops_everybody() {
    for setting in settings().filter(|s| s.owns() && s.n <= 5) {
        let mut b = setting.builder();
        let x = b.input(0, of(0), u(8), 3);
        let i = b.input(1, P, u(64), 1);
        let picked = b.op(Op::Gather { block: 1 }, &[x, i], of(0), u(8), 1);
        b.output(picked, &[1]);
        for (index, stops) in [(2, false), (3, true)] {
            for end in try_run(&b.program, &inputs(&[&[1, 2, 3], &[index]])) {
                match end.err().map(|e| e.fault()) {
                    None => assert!(!stops, "{setting:?}"),
                    // Who hears of it first from another has not come as far itself.
                    Some(Fault::Program | Fault::Stopped { .. }) => assert!(stops, "{setting:?}"),
                    Some(fault) => panic!("{setting:?}: {fault:?}"),
                }
            }
        }
    }
}

/// A program that shares and multiplies what an owner gives, or computes from what it gives.
fn shares(setting: Setting, computes: bool) -> Program {
    let mut b = setting.builder();
    let last = setting.last();
    let both = [(a(20), u(20)), (B, u(20))].map(|(domain, scalar)| match computes {
        true => {
            let x = b.input(last, of(last), scalar, 100);
            let y = polynomial(&mut b, x);
            b.op(Op::Share, &[y], domain, scalar, 100)
        }
        false => b.input(last, domain, scalar, 100),
    });
    let product = b.op(Op::Mul, &[both[0]; 2], a(20), u(20), 100);
    output_tripled(&mut b, product);
    b.output(both[1], &[1]);
    b.program
}

/// With the same randomness, byte for byte the same is said where an owner shares a result of its own computation and where
/// that result is its input. So what others see is what they see of an input: a fresh sharing, and nothing of what it was made from.
#[test]
fn others_see_what_they_would_see_of_an_input() {
    for setting in settings().filter(|s| s.owns() && s.n <= 5) {
        let x = [words(1, 20, 100), words(2, 20, 100)];
        let y = [polynomials(&x[0], 20), polynomials(&x[1], 20)];
        let computed = repeatable(&shares(setting, true), &inputs(&[&x[0], &x[1]]));
        let given = repeatable(&shares(setting, false), &inputs(&[&y[0], &y[1]]));
        let other = repeatable(&shares(setting, false), &inputs(&[&x[0], &x[1]]));
        assert!(schedules(&computed) == schedules(&given), "{setting:?}");
        let n = setting.n as usize;
        let links = || (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
        for (from, to) in links() {
            let said = messages(&computed, from, to);
            assert!(
                said == messages(&given, from, to),
                "{setting:?}: {from} to {to}"
            );
        }
        // Other inputs do say other things.
        let differ = |(from, to)| messages(&other, from, to) != messages(&given, from, to);
        assert!(links().any(differ), "{setting:?}");
    }
}

/// Whatever an owner's values are, the same messages come at the same time; and no two are alike.
#[test]
fn schedules_do_not_follow_what_is_computed() {
    for setting in settings().filter(|s| s.owns() && s.n <= 5) {
        let program = shares(setting, true);
        check_traffic(setting, &program, |seed| {
            inputs(&[&words(seed, 20, 100), &words(seed + 1, 20, 100)])
        });
        let program = counted(setting, 30).0.program;
        check_traffic(setting, &program, |seed| inputs(&[&words(seed, 8, 30)]));
    }
}
