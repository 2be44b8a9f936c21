//! Products of shared numbers and conversions where a party sends what it likes: what is honest costs what is predicted, and every piece of
//! every message matters.

use smpcc_circuit::program::{Domain, Op};
use smpcc_circuit::settle::TERMS;
use smpcc_circuit::value::{Scalar, Word};

use super::super::terms::MOST;
use super::super::tests::{check, harass, malicious};
use crate::engine::testing::{Builder, a, u, words};
use crate::protocols::conformance::{from_bits, to_bits};

const B: Domain = Domain::Boolean;
const ALL: [u32; 3] = [0, 1, 2];

#[test]
fn products_and_their_sums_are_right() {
    for (ring, lanes) in [(1, 65), (8, 3), (9, 1), (33, 64), (63, 2), (64, 1000)] {
        let mut b = malicious();
        let x = b.input(0, a(ring), u(ring), lanes);
        let y = b.input(2, a(ring), u(ring), lanes);
        let p = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
        let one = b.op(Op::Dot { segments: 1 }, &[p, x], a(ring), u(ring), 1);
        let each = b.op(
            Op::Dot { segments: lanes },
            &[p, p],
            a(ring),
            u(ring),
            lanes,
        );
        b.output(p, &[1]);
        b.output(one, &ALL);
        b.output(each, &[0, 2]);
        let width = ring.into();
        check(&b, &[&words(1, width, lanes), &words(2, width, lanes)]);
    }
}

#[test]
fn conversions_keep_values() {
    for (width, lanes) in [(1, 3), (8, 65), (24, 2), (64, 70), (5, 70_000)] {
        let mut b = malicious();
        let x = b.input(1, B, u(width), lanes);
        let bit = b.input(0, B, Scalar::Bool, lanes);
        let number = from_bits(&mut b, x, width, lanes);
        let one = b.op(Op::InjectBit, &[bit], a(width), u(width), lanes);
        let sum = Op::Linear {
            coefficients: vec![1, 3],
            constant: 5,
        };
        let sum = b.op(sum, &[number, one], a(width), u(width), lanes);
        let product = b.op(Op::Mul, &[sum, one], a(width), u(width), lanes);
        let bits = to_bits(&mut b, product, B, width, lanes);
        b.output(bits, &ALL);
        b.output(sum, &[2]);
        check(&b, &[&words(1, width.into(), lanes), &words(2, 1, lanes)]);
    }
}

#[test]
fn sums_of_nothing_are_zero() {
    let mut b = malicious();
    let x = b.input(0, a(16), u(16), 0);
    let none = b.op(Op::Dot { segments: 1 }, &[x, x], a(16), u(16), 1);
    b.output(none, &ALL);
    check(&b, &[&[]]);
}

/// Many blocks, several proofs meanwhile, and a sum that goes on from proof to proof.
#[test]
fn long_vectors_are_proven_piece_by_piece() {
    let lanes = 2 * TERMS + 77;
    let mut b = malicious();
    let x = b.input(0, a(32), u(32), lanes);
    let y = b.input(1, a(32), u(32), lanes);
    let p = b.op(Op::Mul, &[x, y], a(32), u(32), lanes);
    let dot = b.op(Op::Dot { segments: 1 }, &[p, y], a(32), u(32), 1);
    let bit = b.op(Op::Dot { segments: 1 }, &[p, p], a(32), u(32), 1);
    b.output(dot, &ALL);
    b.output(bit, &[1]);
    check(&b, &[&words(1, 32, lanes), &words(2, 32, lanes)]);
}

/// However many lanes there are, what is on record is what proofs have not yet taken of a few blocks.
#[test]
fn records_do_not_grow_with_lanes() {
    let lanes = 400_000;
    let mut b = malicious();
    let x = b.input(0, a(64), u(64), lanes);
    let p = b.op(Op::Mul, &[x, x], a(64), u(64), lanes);
    let sum = b.op(Op::SumLanes { segments: 1 }, &[p], a(64), u(64), 1);
    b.output(sum, &[1]);
    check(&b, &[&words(1, 64, lanes)]);
    // A sum of products is recorded at once: the longest of all tests has so many.
    let sums = 2 * TERMS as usize + 77;
    let blocks = 9 << 15;
    let most = MOST.load(std::sync::atomic::Ordering::Relaxed);
    assert!(most <= TERMS as usize + blocks.max(sums), "{most}");
    assert!(most >= TERMS as usize);
}

/// A product and a sum of products.
fn products() -> (Builder, [Vec<Word>; 2]) {
    let mut b = malicious();
    let x = b.input(0, a(16), u(16), 2);
    let y = b.input(1, a(16), u(16), 2);
    let p = b.op(Op::Mul, &[x, y], a(16), u(16), 2);
    let dot = b.op(Op::Dot { segments: 1 }, &[p, x], a(16), u(16), 1);
    b.output(dot, &ALL);
    (b, [words(1, 16, 2), words(2, 16, 2)])
}

#[test]
fn every_piece_of_products_matters() {
    for cheater in 0..3 {
        let (b, data) = products();
        let own: &[usize] = [&[0][..], &[1], &[]][cheater];
        assert!(harass(&b, &data, cheater, own, 2) > 0);
    }
}

/// Bits that become numbers, both ways, are multiplied and become bits again.
#[test]
fn every_piece_of_conversions_matters() {
    for cheater in 0..3 {
        let mut b = malicious();
        // Eight lanes, so that no byte of a message has bits that nobody looks at.
        let x = b.input(0, B, u(8), 8);
        let bit = b.input(1, B, Scalar::Bool, 8);
        let number = from_bits(&mut b, x, 8, 8);
        let ones = b.op(Op::InjectBit, &[bit], a(8), u(8), 8);
        let product = b.op(Op::Mul, &[number, ones], a(8), u(8), 8);
        let bits = to_bits(&mut b, product, B, 8, 8);
        b.output(bits, &ALL);
        let own: &[usize] = [&[0][..], &[1], &[]][cheater];
        let data = [words(3, 8, 8), words(4, 1, 8)];
        assert!(harass(&b, &data, cheater, own, 2) > 0);
    }
}
