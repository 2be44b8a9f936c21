//! Many operations in one program: one on the other, side by side, in loops.

use smpcc_circuit::eval::eval;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Op, Program, Suite};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

use super::templates::{and_template, bitwise_and_template, sum_template};
use super::{B, P, SETTINGS, Setting, Y, check, from_bits, setting, settings, to_bits, zip};
use crate::engine::RunReport;
use crate::engine::testing::{AllInputs, Builder, a, expect_costs, inputs, run_all, u, words};

/// Every operation that talks or deals, one on the other. Nobody receives more than one output; the values are arithmetic ones, a
/// bit string, a bit made an integer, and what went there and back.
pub(super) fn everything(setting: Setting, lanes: u64, width: u8) -> Program {
    let mut b = setting.builder();
    let last = setting.last();
    if !setting.adds() {
        return everything_on_bits(setting, lanes, width);
    }
    let x = b.input(0, a(width), u(width), lanes);
    let y = b.input(last, a(width), u(width), lanes);
    let bits = b.input(1, B, u(width), lanes);
    let flag = b.input(last, B, Scalar::Bool, lanes);
    // Arithmetic.
    let product = b.op(Op::Mul, &[x, y], a(width), u(width), lanes);
    let segments = lanes;
    let dot = b.op(
        Op::Dot { segments },
        &[product, x],
        a(width),
        u(width),
        lanes,
    );
    let dot = match setting.shuffles() {
        true => added_in_another_order(&mut b, product, flag, dot),
        false => dot,
    };
    b.output(dot, &[0]);
    // To bits.
    let sum = to_bits(&mut b, product, B, width, lanes);
    let two = b.template(sum_template(width.into(), 2));
    let mut sum = b.op(Op::Call(two), &[sum, bits], B, u(width), lanes);
    if setting.offers(Y) {
        let other = to_bits(&mut b, product, Y, width, lanes);
        let labels = b.op(Op::BooleanToYao, &[sum], Y, u(width), lanes);
        let labels = b.op(Op::Call(two), &[labels, other], Y, u(width), lanes);
        sum = b.op(Op::YaoToBoolean, &[labels], B, u(width), lanes);
    }
    b.output(sum, &[1]);
    // And back.
    let back = from_bits(&mut b, sum, width, lanes);
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

/// The same where all is bits.
fn everything_on_bits(setting: Setting, lanes: u64, width: u8) -> Program {
    let mut b = setting.builder();
    let last = setting.last();
    let [x, y, bits] = [0, last, 1].map(|party| b.input(party, B, u(width), lanes));
    let flag = b.input(last, B, Scalar::Bool, lanes);
    let two = b.template(sum_template(width.into(), 2));
    let sum = b.op(Op::Call(two), &[x, y], B, u(width), lanes);
    b.output(sum, &[0]);
    let [sum, bits] = [sum, bits].map(|v| b.op(Op::BooleanToYao, &[v], Y, u(width), lanes));
    let labels = b.op(Op::Call(two), &[sum, bits], Y, u(width), lanes);
    let sum = b.op(Op::YaoToBoolean, &[labels], B, u(width), lanes);
    let twice = b.op(Op::Call(two), &[sum, sum], B, u(width), lanes);
    b.output(twice, &[1]);
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[flag, flag], B, Scalar::Bool, lanes);
    b.output(bit, &[last]);
    b.program
}

/// To each lane of a vector, the sum of those of another that are flagged: row by row, in an order that nobody knows.
fn added_in_another_order(b: &mut Builder, x: ValueId, flag: ValueId, to: ValueId) -> ValueId {
    let info = b.program.values[x.index()];
    let (domain, scalar, lanes) = (info.domain, info.scalar, info.lanes);
    let rows = [
        b.value(domain, scalar, lanes),
        b.value(B, Scalar::Bool, lanes),
    ];
    b.node(Op::Shuffle, &[x, flag], &rows);
    let flags = b.op(Op::InjectBit, &[rows[1]], domain, scalar, lanes);
    let sum = b.op(
        Op::Dot { segments: 1 },
        &[rows[0], flags],
        domain,
        scalar,
        1,
    );
    let first = b.constant(u(64), ConstVec::Splat { lanes, word: 0 });
    let sums = b.op(
        Op::Gather { block: 1 },
        &[sum, first],
        domain,
        scalar,
        lanes,
    );
    let added = Op::Linear {
        coefficients: vec![1, 1],
        constant: 0,
    };
    b.op(added, &[to, sums], domain, scalar, lanes)
}

/// Inputs for it.
pub(super) fn data(lanes: u64, width: u8, seed: u64) -> AllInputs {
    let draw = |i: u64, width: u8| words(seed + i, width.into(), lanes);
    inputs(&[
        &draw(0, width),
        &draw(1, width),
        &draw(2, width),
        &draw(3, 1),
    ])
}

#[test]
fn all_operations_together() {
    for setting in SETTINGS {
        let (lanes, width) = setting.size;
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

/// The most parties that there may be: a product, an AND and the way back.
#[test]
fn sixteen_parties_compute() {
    for setting in SETTINGS.into_iter().filter(|s| s.n == 16) {
        let mut b = setting.builder();
        let x = b.input(15, a(8), u(8), 3);
        let y = b.input(7, a(8), u(8), 3);
        let p = b.op(Op::Mul, &[x, y], a(8), u(8), 3);
        let flag = b.input(3, B, Scalar::Bool, 3);
        let other = b.input(12, B, Scalar::Bool, 3);
        let and = b.template(and_template());
        let bit = b.op(Op::Call(and), &[flag, other], B, Scalar::Bool, 3);
        let bit = b.op(Op::InjectBit, &[bit], a(8), u(8), 3);
        let sum = Op::Linear {
            coefficients: vec![1, 100],
            constant: 1,
        };
        let sum = b.op(sum, &[p, bit], a(8), u(8), 3);
        let out = b.output(sum, &setting.everyone());
        let data: [&[Word]; 4] = [&[3, 200, 255], &[7, 9, 255], &[1, 1, 0], &[1, 0, 1]];
        check(&b, &data, out, &[122, 9, 2]);
    }
}

/// A loop of `count` turns that calls a circuit with what it carries and `with`.
fn repeat(b: &mut Builder, add: Op, start: ValueId, with: ValueId, count: u64) -> ValueId {
    let info = b.program.values[start.index()];
    let (domain, scalar, lanes) = (info.domain, info.scalar, info.lanes);
    let (i, carried) = (b.value(P, u(64), 1), b.value(domain, scalar, lanes));
    let body = b.open(&[i, carried]);
    let next = b.op(add, &[carried, with], domain, scalar, lanes);
    b.close(&[next]);
    let last = b.value(domain, scalar, lanes);
    let count = Some(count);
    b.node(Op::Loop { count, body }, &[start], &[last]);
    last
}

/// What is made is used, whether by many operations side by side or in loops.
#[test]
fn operations_side_by_side_share_pools() {
    for setting in settings() {
        let mut b = setting.builder();
        let and = b.template(and_template());
        let add = b.template(sum_template(9, 2));
        let mut outs = Vec::new();
        let mut data = Vec::new();
        for (i, lanes) in [5u64, 70, 1, 129].into_iter().enumerate() {
            let party = i as u32 % setting.n;
            let (x, y) = (b.input(party, B, u(9), lanes), b.input(0, B, u(9), lanes));
            let f = b.input(party, B, Scalar::Bool, lanes);
            let g = b.input(1, B, Scalar::Bool, lanes);
            let last = repeat(&mut b, Op::Call(add), x, y, 3);
            let both = b.op(Op::Call(and), &[f, g], B, Scalar::Bool, lanes);
            let number = match setting.adds() {
                true => b.op(Op::InjectBit, &[both], a(20), u(20), lanes),
                false => both,
            };
            outs.push((b.output(last, &[1]), b.output(number, &[0])));
            for (k, width) in [9, 9, 1, 1].into_iter().enumerate() {
                data.push(words(10 * i as u64 + k as u64, width, lanes));
            }
        }
        let slices: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
        for (i, (sums, bits)) in outs.into_iter().enumerate() {
            let [x, y, f, g] = [0, 1, 2, 3].map(|k| &data[4 * i + k]);
            let expected = zip(x, y, 9, |x, y| x + 3 * y);
            let reports = check(&b, &slices, sums, &expected);
            let expected = zip(f, g, 20, |f, g| f & g);
            assert_eq!(reports[0].output(bits).as_ref(), Some(&expected));
        }
    }
}

/// A loop of garbled steps, and what it gives.
fn garbled_loop(setting: Setting, count: u64) -> RunReport {
    let mut b = setting.builder();
    let x = b.input(0, B, u(16), 3);
    let x = b.op(Op::BooleanToYao, &[x], Y, u(16), 3);
    let add = b.template(sum_template(16, 2));
    let last = repeat(&mut b, Op::Call(add), x, x, count);
    let bits = b.op(Op::YaoToBoolean, &[last], B, u(16), 3);
    let out = b.output(bits, &[setting.last()]);
    let input: [Word; 3] = [1, 2, 700];
    let expected = input.map(|x| (x * (1 + Word::from(count))) & 0xffff);
    let mut reports = check(&b, &[&input], out, &expected);
    reports.swap_remove(0)
}

/// Garbled steps alone never wait: a loop of them takes no round per iteration. Inputs as labels, each way where transfers are
/// corrected; tables; the colours; before it, for label transfers, points and corrections.
#[test]
fn a_garbled_loop_takes_constant_rounds() {
    let known = [
        (setting(Suite::TwoParty, 2, 1, 1, (1, 1)), 5),
        (setting(Suite::Rep3, 3, 1, 1, (1, 1)), 4),
    ];
    // Between two of whom one may cheat, each call takes rounds in which masked bits are told.
    let waits = |s: &Setting| s.suite == Suite::TwoParty && s.threat.deviates();
    let settings = SETTINGS.into_iter().filter(|s| s.offers(Y) && !waits(s));
    for setting in settings {
        let rounds = garbled_loop(setting, 100).rounds;
        assert_eq!(rounds, garbled_loop(setting, 1).rounds, "{setting:?}");
        let is_known = |s: &Setting| (s.suite, s.threat) == (setting.suite, setting.threat);
        if let Some((_, pinned)) = known.iter().find(|(s, _)| is_known(s)) {
            assert_eq!(rounds, *pinned, "{setting:?}");
        }
    }
}

/// Something of everything in loops and with few openings, for tests of what is sent; with a shuffle where that is asked for.
pub(super) fn mixed(setting: Setting, lanes: u64, shuffles: bool) -> Program {
    if !setting.adds() {
        return mixed_bits(setting, lanes);
    }
    let mut b = setting.builder();
    let x = b.input(0, a(40), u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let bit = b.input(1, B, Scalar::Bool, lanes);
    let product = b.op(Op::Mul, &[x, x], a(40), u(40), lanes);
    let bits = to_bits(&mut b, product, B, 16, lanes);
    let two = b.template(sum_template(16, 2));
    let bits = match setting.offers(Y) {
        true => {
            let labels = b.op(Op::BooleanToYao, &[bits], Y, u(16), lanes);
            let other = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
            let last = repeat(&mut b, Op::Call(two), labels, other, 3);
            b.op(Op::YaoToBoolean, &[last], B, u(16), lanes)
        }
        false => repeat(&mut b, Op::Call(two), bits, y, 3),
    };
    b.output(bits, &[setting.last()]);
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[bit, bit], B, Scalar::Bool, lanes);
    let number = b.op(Op::InjectBit, &[bit], a(40), u(40), lanes);
    let (number, product) = match shuffles {
        true => {
            let rows = [0, 1].map(|_| b.value(a(40), u(40), lanes));
            b.node(Op::Shuffle, &[number, product], &rows);
            (rows[0], rows[1])
        }
        false => (number, product),
    };
    let dot = b.op(Op::Dot { segments: 1 }, &[number, product], a(40), u(40), 1);
    b.output(dot, &setting.everyone());
    let back = from_bits(&mut b, bits, 16, lanes);
    let square = b.op(Op::Mul, &[back, back], a(16), u(16), lanes);
    b.output(square, &setting.everyone());
    b.program
}

/// The same where all is bits.
fn mixed_bits(setting: Setting, lanes: u64) -> Program {
    let mut b = setting.builder();
    let x = b.input(0, B, u(40), lanes);
    let y = b.input(1, B, u(16), lanes);
    let bit = b.input(1, B, Scalar::Bool, lanes);
    let each = b.template(bitwise_and_template(40));
    // In no bit linear in what one party gives, whose shares are its value and nothing each time; nor known to be zero, whose shares are equal.
    let word = mask(40);
    let k = b.constant(u(40), ConstVec::Splat { lanes, word });
    let k = b.op(Op::FromPublic, &[k], B, u(40), lanes);
    let x = repeat(&mut b, Op::Call(each), x, k, 2);
    b.output(x, &setting.everyone());
    let two = b.template(sum_template(16, 2));
    let labels = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
    let last = repeat(&mut b, Op::Call(two), labels, labels, 3);
    let bits = b.op(Op::YaoToBoolean, &[last], B, u(16), lanes);
    b.output(bits, &[setting.last()]);
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[bit, bit], B, Scalar::Bool, lanes);
    b.output(bit, &setting.everyone());
    b.program
}

/// Inputs for it.
pub(super) fn mixed_data(lanes: u64, seed: u64) -> AllInputs {
    let draw = |i: u64, width| words(seed + i, width, lanes);
    inputs(&[&draw(0, 40), &draw(1, 16), &draw(2, 1)])
}
