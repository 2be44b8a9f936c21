//! Garbled sections where a party sends what it likes: what is honest costs what is predicted, and every piece of every message matters.

use smpcc_circuit::program::{Domain, Op};
use smpcc_circuit::value::{Scalar, Word, mask};

use super::{Commit, active};
use crate::block::Label;
use crate::engine::testing::{Builder, a, u, words};
use crate::prg::{Prg, PrgKey};
use crate::protocols::conformance::templates::{and_template, sum_template};
use crate::protocols::conformance::to_bits;
use crate::protocols::replicated::settle::tests::{check, harass, malicious};

const B: Domain = Domain::Boolean;
const P: Domain = Domain::Public;
const Y: Domain = Domain::Yao;
const ALL: [u32; 3] = [0, 1, 2];

/// From the label of its bit the evaluator finds the commitment to the label of zero, and from the other label, or with another sum, it does not.
#[test]
fn commitments_tell_the_label_of_a_bit() {
    let (lanes, number) = (70, 9);
    let labels = |seed, n| Label::of_words(&drawn(seed, 2 * n));
    let zeros = labels(1, 2 * lanes);
    let offset = Label(labels(2, 1)[0].0 | 1);
    let words: Vec<Vec<u64>> = (3..5).map(|seed| drawn(seed, 2)).collect();
    let bits = || words.iter().map(Vec::as_slice);
    let commit = Commit {
        start: labels(6, 1)[0],
    };
    let [of_zeros, sums] = commit.to_both(number, &zeros, offset);
    let labels = active(&zeros, offset, lanes, bits());
    let found = |labels: &[Label], sums: &[Label]| {
        let found = commit.of_zeros(number, labels, sums, lanes, bits());
        let wrong = found.iter().zip(&of_zeros).enumerate();
        let wrong = wrong.filter(|(_, (found, right))| found != right);
        wrong.map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert!(found(&labels, &sums).is_empty());
    for at in [0, 64, 69, 70, 139] {
        let mut other = labels.to_vec();
        other[at] ^= offset;
        assert_eq!(found(&other, &sums), [at]);
        let mut other = sums.clone();
        other[at] = Label(other[at].0 ^ 1);
        let is_one = words[at / lanes][at % lanes / 64] >> (at % lanes % 64) & 1 == 1;
        assert_eq!(found(&labels, &other).len(), usize::from(is_one));
    }
}

/// Words that follow from a seed.
fn drawn(seed: u64, n: usize) -> Vec<u64> {
    let mut out = vec![0; n];
    Prg::new(&PrgKey::from_bytes([4; 16])).fill_words(seed, 0, &mut out);
    out
}

/// Sums of bits and numbers on labels, and a public value among them.
fn sums(width: u8, lanes: u64) -> Builder {
    let mut b = malicious();
    let x = b.input(0, B, u(width), lanes);
    let y = b.input(1, a(width), u(width), lanes);
    let shown = b.input(2, P, u(width), lanes);
    let x = b.op(Op::BooleanToYao, &[x], Y, u(width), lanes);
    let y = to_bits(&mut b, y, Y, width, lanes);
    let shown = b.op(Op::FromPublic, &[shown], Y, u(width), lanes);
    let add = b.template(sum_template(width.into(), 3));
    let z = b.op(Op::Call(add), &[x, y, shown], Y, u(width), lanes);
    let z = b.op(Op::YaoToBoolean, &[z], B, u(width), lanes);
    b.output(z, &ALL);
    b
}

#[test]
fn labels_keep_values() {
    for (width, lanes) in [(1, 1), (8, 65), (3, 1000), (64, 130), (33, 0), (2, 10_000)] {
        let b = sums(width, lanes);
        let word = |seed| words(seed, width.into(), lanes);
        check(&b, &[&word(1), &word(2), &word(3)]);
    }
}

/// Bits, numbers and labels in turn, among them what one party alone learns.
#[test]
fn domains_follow_each_other() {
    let lanes = 70;
    let mut b = malicious();
    let x = b.input(2, B, u(16), lanes);
    let y = b.input(0, B, u(16), lanes);
    let add = b.template(sum_template(16, 2));
    let mut at = x;
    for _ in 0..3 {
        let labels = b.op(Op::BooleanToYao, &[at], Y, u(16), lanes);
        let other = b.op(Op::BooleanToYao, &[y], Y, u(16), lanes);
        let sum = b.op(Op::Call(add), &[labels, other], Y, u(16), lanes);
        let bits = b.op(Op::YaoToBoolean, &[sum], B, u(16), lanes);
        at = b.op(Op::Call(add), &[bits, y], B, u(16), lanes);
    }
    b.output(at, &[1]);
    let (x, y) = (words(1, 16, lanes), words(2, 16, lanes));
    let reports = check(&b, &[&x, &y]);
    let expected: Vec<Word> = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (x + 6 * y) & mask(16))
        .collect();
    let id = smpcc_circuit::ids::OutputId(0);
    assert_eq!(reports[1].output(id), Some(expected));
}

/// One AND of labels on eight lanes, whose bits fill the bytes of all messages.
#[test]
fn every_piece_on_labels_matters() {
    for cheater in 0..3usize {
        let mut b = malicious();
        let x = b.input(0, B, Scalar::Bool, 8);
        let y = b.input(2, B, Scalar::Bool, 8);
        let and = b.template(and_template());
        let labels = [x, y].map(|v| b.op(Op::BooleanToYao, &[v], Y, Scalar::Bool, 8));
        let z = b.op(Op::Call(and), &labels, Y, Scalar::Bool, 8);
        let z = b.op(Op::YaoToBoolean, &[z], B, Scalar::Bool, 8);
        b.output(z, &ALL);
        let data = [words(5, 1, 8), words(6, 1, 8)];
        let own: &[usize] = [&[0][..], &[], &[1]][cheater];
        assert!(harass(&b, &data, cheater, own, 2) > 0);
    }
}

/// A number becomes labels: three strings.
#[test]
fn every_piece_of_numbers_on_labels_matters() {
    for cheater in 0..3usize {
        let mut b = malicious();
        let x = b.input(1, a(8), u(8), 1);
        let y = to_bits(&mut b, x, Y, 8, 1);
        let y = b.op(Op::YaoToBoolean, &[y], B, u(8), 1);
        b.output(y, &ALL);
        let own: &[usize] = [&[][..], &[0], &[]][cheater];
        assert!(harass(&b, &[words(7, 8, 1)], cheater, own, 2) > 0);
    }
}
