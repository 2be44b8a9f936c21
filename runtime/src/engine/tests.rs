//! The engine's control flow: loops, branches, sharing of rounds, freeing of values, failures that all parties see.

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{Domain, Op};
use smpcc_circuit::value::{ConstVec, Scalar};

use super::run;
use super::testing::{AllInputs, a, expect_costs, expect_output, rep3, run_all, try_run};
use crate::error::Fault;
use crate::io::Inputs;
use crate::net::{Options, memory};
use crate::session::Session;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::verify::verify;

const P: Domain = Domain::Public;
const U64: Scalar = Scalar::unsigned(64);

fn inputs(words: &[&[u128]]) -> AllInputs {
    words
        .iter()
        .enumerate()
        .map(|(i, w)| (InputId::new(i), w.to_vec()))
        .collect()
}

#[test]
fn independent_products_share_a_round() {
    let mut b = rep3();
    let x = b.input(0, a(64), U64, 3);
    let y = b.input(1, a(64), U64, 3);
    let p = b.op(Op::Mul, &[x, y], a(64), U64, 3);
    let q = b.op(Op::Mul, &[x, x], a(64), U64, 3);
    let r = b.op(Op::Mul, &[p, q], a(64), U64, 3);
    let out = b.output(r, &[0, 1, 2]);
    let reports = expect_output(
        &b.program,
        &inputs(&[&[2, 3, u64::MAX.into()], &[5, 7, 1]]),
        out,
        &[40, 189, u64::MAX.into()],
    );
    expect_costs(&b.program, &reports);
    assert_eq!(reports[0].rounds, 4);
}

#[test]
fn each_section_has_rounds_of_its_own() {
    let mut b = rep3();
    let x = b.input(0, a(64), U64, 3);
    let p = b.op(Op::Mul, &[x, x], a(64), U64, 3);
    let q = b.op(Op::Mul, &[p, x], a(64), U64, 3);
    let r = b.op(Op::Mul, &[q, x], a(64), U64, 3);
    b.output(r, &[0]);
    let other = b.program.sections[0].clone();
    b.program.sections.push(other);
    // The second and third product are another section.
    for node in &mut b.program.regions[0].nodes[2..4] {
        node.section = smpcc_circuit::ids::SectionId(1);
    }
    let reports = run_all(&b.program, &inputs(&[&[1, 2, 3]]));
    for (party, report) in reports.iter().enumerate() {
        let sections: Vec<_> = report.sections.iter().map(|s| s.rounds).collect();
        assert_eq!((report.rounds, sections), (5, vec![3, 2]));
        let bytes: Vec<_> = report.sections.iter().map(|s| s.bytes_sent).collect();
        let own = [24 + 24, 24, 24 + 24][party];
        assert_eq!((report.bytes_sent, bytes), (own + 48, vec![own, 48]));
    }
}

#[test]
fn a_loop_of_dependent_products() {
    for n in [0u64, 1, 2, 50] {
        let mut b = rep3();
        let x = b.input(2, a(64), U64, 1);
        let one = b.constant(U64, ConstVec::scalar(1));
        let acc0 = b.op(Op::FromPublic, &[one], a(64), U64, 1);
        let (i, acc) = (b.value(P, U64, 1), b.value(a(64), U64, 1));
        let body = b.open(&[i, acc]);
        let next = b.op(Op::Mul, &[acc, x], a(64), U64, 1);
        let counted = b.op(Op::FromPublic, &[i], a(64), U64, 1);
        let linear = Op::Linear {
            coefficients: vec![1, 1],
            constant: 0,
        };
        let next = b.op(linear, &[next, counted], a(64), U64, 1);
        b.close(&[next]);
        let last = b.value(a(64), U64, 1);
        b.node(
            Op::Loop {
                count: Some(n),
                body,
            },
            &[acc0],
            &[last],
        );
        let out = b.output(last, &[1]);
        let expected = (0..n).fold(1u64, |acc, i| acc.wrapping_mul(3).wrapping_add(i));
        let reports = expect_output(&b.program, &inputs(&[&[3]]), out, &[expected.into()]);
        expect_costs(&b.program, &reports);
        assert_eq!(reports[0].rounds, n + 2);
    }
}

#[test]
fn two_loops_side_by_side_take_the_rounds_of_one() {
    let mut b = rep3();
    let mut lasts = Vec::new();
    for party in [0, 1] {
        let x = b.input(party, a(32), Scalar::unsigned(32), 5);
        let (i, acc) = (b.value(P, U64, 1), b.value(a(32), Scalar::unsigned(32), 5));
        let body = b.open(&[i, acc]);
        let next = b.op(Op::Mul, &[acc, x], a(32), Scalar::unsigned(32), 5);
        b.close(&[next]);
        let last = b.value(a(32), Scalar::unsigned(32), 5);
        let count = Some(20);
        b.node(Op::Loop { count, body }, &[x], &[last]);
        lasts.push(last);
    }
    let sum = Op::Linear {
        coefficients: vec![1, u128::MAX],
        constant: 9,
    };
    let sum = b.op(sum, &lasts, a(32), Scalar::unsigned(32), 5);
    let out = b.output(sum, &[0, 2]);
    let (x, y) = ([1u128, 2, 3, 4, 5], [5u128, 6, 7, 8, 9]);
    let expected: Vec<u128> = x
        .iter()
        .zip(&y)
        .map(|(&x, &y)| {
            let p = (x as u32)
                .wrapping_pow(21)
                .wrapping_sub((y as u32).wrapping_pow(21));
            p.wrapping_add(9).into()
        })
        .collect();
    let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
    expect_costs(&b.program, &reports);
    assert_eq!(reports[1].rounds, 22);
}

/// Doubles a shared value until its revealed double passes 1000, then takes one branch or the other.
#[test]
fn revealed_values_steer() {
    let mut b = rep3();
    let u32s = Scalar::unsigned(32);
    let x = b.input(0, a(32), u32s, 1);
    let in_cond = b.value(a(32), u32s, 1);
    let cond = b.open(&[in_cond]);
    let seen = b.op(Op::Reveal, &[in_cond], P, u32s, 1);
    let limit = b.constant(u32s, ConstVec::scalar(1000));
    let less = b.op(Op::Word(WordOp::Lt), &[seen, limit], P, Scalar::Bool, 1);
    b.close(&[less]);
    let in_body = b.value(a(32), u32s, 1);
    let body = b.open(&[in_body]);
    let double = Op::Linear {
        coefficients: vec![2],
        constant: 0,
    };
    let doubled = b.op(double, &[in_body], a(32), u32s, 1);
    b.close(&[doubled]);
    let last = b.value(a(32), u32s, 1);
    b.node(Op::While { cond, body }, &[x], &[last]);
    let shown = b.op(Op::Reveal, &[last], P, u32s, 1);
    let bound = b.constant(u32s, ConstVec::scalar(1500));
    let big = b.op(Op::Word(WordOp::Lt), &[bound, shown], P, Scalar::Bool, 1);
    let then = b.open(&[]);
    let squared = b.op(Op::Mul, &[last, last], a(32), u32s, 1);
    b.close(&[squared]);
    let otherwise = b.open(&[]);
    b.close(&[last]);
    let result = b.value(a(32), u32s, 1);
    b.node(Op::If { then, otherwise }, &[big], &[result]);
    let out = b.output(result, &[0, 1, 2]);
    for (x, expected, rounds) in [
        (3u128, 1536 * 1536, 14),
        (5, 1280, 12),
        (2000, 4_000_000, 5),
    ] {
        let reports = expect_output(&b.program, &inputs(&[&[x]]), out, &[expected]);
        assert_eq!(reports[2].rounds, rounds, "{x}");
    }
}

/// A `while` on a condition that holds for ever stops all parties alike, at its place and with its count.
#[test]
fn a_loop_without_an_end_is_stopped() {
    let mut b = rep3();
    let x = b.input(0, a(64), U64, 1);
    let in_cond = b.value(a(64), U64, 1);
    let cond = b.open(&[in_cond]);
    let always = b.constant(Scalar::Bool, ConstVec::scalar(1));
    b.close(&[always]);
    let in_body = b.value(a(64), U64, 1);
    let body = b.open(&[in_body]);
    b.close(&[in_body]);
    let last = b.value(a(64), U64, 1);
    b.node(Op::While { cond, body }, &[x], &[last]);
    b.output(last, &[0]);
    for result in try_run(&b.program, &inputs(&[&[1]])) {
        let message = result.err().map(|e| e.to_string());
        let limit = super::execute::MAX_ITERATIONS;
        let want =
            format!("test.smpc:3:5: this loop has run {limit} times and is taken to be endless");
        assert_eq!(message, Some(want));
    }
}

#[test]
fn a_public_index_out_of_range_stops_all_alike() {
    let mut b = rep3();
    let x = b.input(0, a(8), Scalar::unsigned(8), 4);
    let i = b.input(1, P, U64, 1);
    let picked = b.op(
        Op::Gather { block: 1 },
        &[x, i],
        a(8),
        Scalar::unsigned(8),
        1,
    );
    let out = b.output(picked, &[0, 1, 2]);
    let data: &[u128] = &[10, 20, 30, 40];
    expect_output(&b.program, &inputs(&[data, &[2]]), out, &[30]);
    for result in try_run(&b.program, &inputs(&[data, &[4]])) {
        let error = result.err().expect("the index is out of range");
        assert!(matches!(
            error.fault(),
            Fault::Program | Fault::Stopped { .. }
        ));
        if error.fault() == Fault::Program {
            assert_eq!(
                error.to_string(),
                "test.smpc:3:5: the index 4 is out of range: there are 4 elements"
            );
        }
    }
}

#[test]
fn a_failed_assertion_says_where() {
    let mut b = rep3();
    let x = b.input(0, P, Scalar::Bool, 2);
    b.node(Op::Assert(Some("both".into())), &[x], &[]);
    run_all(&b.program, &inputs(&[&[1, 1]]));
    let error = try_run(&b.program, &inputs(&[&[1, 0]])).remove(0).err();
    assert_eq!(
        error.map(|e| e.to_string()).as_deref(),
        Some("test.smpc:3:5: the assertion does not hold: both")
    );
}

/// A carried array is updated in place: if it were copied, this would move 80 GB.
#[test]
fn a_carried_array_is_not_copied_by_its_update() {
    let mut b = rep3();
    let lanes = 500_000;
    let x = b.input(0, a(64), U64, lanes);
    let (i, array) = (b.value(P, U64, 1), b.value(a(64), U64, lanes));
    let body = b.open(&[i, array]);
    let public = b.op(Op::FromPublic, &[i], a(64), U64, 1);
    let next = b.op(
        Op::Scatter { block: 1 },
        &[array, i, public],
        a(64),
        U64,
        lanes,
    );
    b.close(&[next]);
    let last = b.value(a(64), U64, lanes);
    let count = Some(10_000);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let sum = b.op(Op::SumLanes { segments: 1 }, &[last], a(64), U64, 1);
    let out = b.output(sum, &[0, 1, 2]);
    let data = vec![1; lanes as usize];
    let expected = (lanes - 10_000 + 9_999 * 5_000).into();
    expect_output(&b.program, &inputs(&[&data]), out, &[expected]);
}

/// The same of what an owner computes alone, with a branch and a loop inside whose count is not known before.
#[test]
fn an_owners_array_is_not_copied_by_its_update() {
    let mut b = rep3();
    let (lanes, own) = (500_000, Domain::Local { owner: 1 });
    let x = b.input(1, own, U64, lanes);
    let (i, array) = (b.value(P, U64, 1), b.value(own, U64, lanes));
    let body = b.open(&[i, array]);
    let limit = b.constant(U64, ConstVec::scalar(4));
    let is_early = b.op(Op::Word(WordOp::Lt), &[i, limit], P, Scalar::Bool, 1);
    let old = b.op(Op::Gather { block: 1 }, &[array, i], own, U64, 1);
    let then = b.open(&[]);
    // As often as the counter says, twice as much.
    let (j, before) = (b.value(P, U64, 1), b.value(own, U64, 1));
    let inner = b.open(&[j, before]);
    let twice = b.op(Op::Word(WordOp::Add), &[before, before], own, U64, 1);
    b.close(&[twice]);
    let grown = b.value(own, U64, 1);
    let repeat = Op::Loop {
        count: None,
        body: inner,
    };
    b.node(repeat, &[i, old], &[grown]);
    b.close(&[grown]);
    let otherwise = b.open(&[]);
    let more = b.op(Op::Word(WordOp::Add), &[old, i], own, U64, 1);
    b.close(&[more]);
    let new = b.value(own, U64, 1);
    b.node(Op::If { then, otherwise }, &[is_early], &[new]);
    let put = Op::Scatter { block: 1 };
    let next = b.op(put, &[array, i, new], own, U64, lanes);
    b.close(&[next]);
    let last = b.value(own, U64, lanes);
    let count = Some(10_000);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let all = Op::Reduce {
        op: WordOp::Add,
        segments: 1,
    };
    let sum = b.op(all, &[last], own, U64, 1);
    let out = b.output(sum, &[0, 1, 2]);
    let data = vec![1; lanes as usize];
    let counters: u64 = (4..10_000).sum();
    let expected = (1 + 2 + 4 + 8) + (lanes - 4) + counters;
    expect_output(&b.program, &inputs(&[&data]), out, &[expected.into()]);
}

#[test]
fn a_long_loop_of_small_steps() {
    let mut b = rep3();
    let x = b.input(0, P, U64, 1);
    let (i, acc) = (b.value(P, U64, 1), b.value(P, U64, 1));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Word(WordOp::Add), &[acc, i], P, U64, 1);
    b.close(&[next]);
    let last = b.value(P, U64, 1);
    let count = Some(300_000);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let out = b.output(last, &[0]);
    expect_output(&b.program, &inputs(&[&[5]]), out, &[5 + 299_999 * 150_000]);
}

/// Lengths that others have announced are refused where not even a share would fit, with a fault of the machine and no abort.
#[test]
fn inputs_beyond_all_memory_are_refused() {
    let mut b = rep3();
    for _ in 0..64 {
        let x = b.input(0, a(64), Scalar::unsigned(64), 1 << 40);
        let sum = b.op(
            Op::SumLanes { segments: 1 },
            &[x],
            a(64),
            Scalar::unsigned(64),
            1,
        );
        b.output(sum, &[1]);
    }
    let mut meshes = memory::meshes(3, &Options::default()).unwrap();
    let mut session = Session::local(meshes.remove(1), [7; 32]);
    let program = verify(b.program).unwrap();
    let error = run(&mut session, &program, Inputs::new(), &mut |_| {});
    let error = error.err().unwrap();
    assert!(matches!(error.fault(), Fault::Machine), "{error}");
}
