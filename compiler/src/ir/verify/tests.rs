//! What the verifier accepts and refuses.

use super::*;
use crate::ir::build::Builder;
use smpcc_circuit::gate::WordOp;

fn message(ir: &Ir) -> String {
    verify(ir).map_or_else(|v| v.message, |()| "fine".into())
}

#[test]
fn each_invariant_is_checked() {
    let mut b = Builder::new(3);
    let x = b.input(0, "x", Scalar::unsigned(32), 4);
    let y = b.input(1, "y", Scalar::unsigned(32), 4);
    let sum = b.word(WordOp::Add, &[x, y]);
    let total = b.reduce(WordOp::Add, sum, 1);
    b.output(total, &[0, 1, 2]);
    let good = b.finish();
    assert_eq!(message(&good), "fine");

    let mut bad = good.clone();
    bad.values[sum.index()].ty.secret = false;
    assert!(message(&bad).contains("another result type"));

    let mut bad = good.clone();
    bad.body.nodes.swap(0, 2);
    assert!(message(&bad).contains("before its definition"));

    let mut bad = good.clone();
    bad.body.nodes[1].results = vec![x];
    assert!(message(&bad).contains("defined twice") || message(&bad).contains("twice"));

    let mut bad = good.clone();
    bad.values[x.index()].ty.lanes = 5;
    assert!(message(&bad).contains("another result type"));

    let mut bad = good.clone();
    bad.body.nodes[3].args = vec![ValueId(99)];
    assert!(message(&bad).contains("not in the value table"));

    let mut bad = good;
    bad.body.nodes[2].op = Op::Word(WordOp::Isqrt);
    assert!(message(&bad).contains("takes 1 operands"));
}

#[test]
fn a_value_of_a_region_is_not_seen_outside() {
    let mut b = Builder::new(2);
    let x = b.input(0, "x", Scalar::unsigned(8), 1);
    let mut inner = x;
    b.counted(3, &[x], |b, _, carried| {
        inner = b.word(WordOp::Add, &[carried[0], carried[0]]);
        vec![inner]
    });
    let out = b.word(WordOp::Add, &[inner, x]);
    b.output(out, &[0]);
    assert!(message(&b.finish()).contains("outside the region"));
}

#[test]
fn a_secret_index_is_refused_by_gather() {
    let mut b = Builder::new(2);
    let x = b.input(0, "x", Scalar::unsigned(64), 4);
    let out = b.emit(
        Op::Gather { block: 1 },
        vec![x, x],
        Ty {
            scalar: Scalar::unsigned(64),
            lanes: 4,
            secret: true,
        },
    );
    b.output(out, &[0]);
    assert!(message(&b.finish()).contains("public indices"));
}
