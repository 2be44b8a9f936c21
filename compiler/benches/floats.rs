//! Circuits on floats against the machine: ten million random and special operands for each operation and format, bit for bit.
//!
//! `cargo bench -p smpcc-compiler --bench floats` tries them all; as a test, with the assertions of debug builds, it tries a few.

#![allow(clippy::print_stdout, reason = "a table is all that it makes")]

use smpcc_circuit::float::cases::{machine, random, special};
use smpcc_circuit::float::{FloatOp, Format, Subnormals};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::template::Template;
use smpcc_circuit::value::{Scalar, Word};
use smpcc_compiler::templates::{Objective, template};

fn main() {
    let n = if cfg!(debug_assertions) {
        2_000
    } else {
        10_000_000
    };
    let ops = [
        FloatOp::Add,
        FloatOp::Mul,
        FloatOp::Div,
        FloatOp::Sqrt,
        FloatOp::MulAdd,
    ];
    for from in [32, 64].map(Scalar::unsigned) {
        for op in ops {
            for objective in [Objective::Size, Objective::Depth] {
                let word_op = WordOp::Float(op, Subnormals::Kept);
                let widths = vec![from.width(); word_op.arity()];
                let circuit = template(word_op, from, from, &widths, objective);
                let start = std::time::Instant::now();
                try_all(op, from, &circuit, n);
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "{} {from} {objective:?}: {n} results as the machine's, {seconds:.1} s",
                    word_op.name()
                );
            }
        }
    }
}

/// Lanes in turn: pairs of special operands now and then, and random ones near them and near each other.
fn try_all(op: FloatOp, from: Scalar, circuit: &Template, n: u64) {
    let format = Format::of(from);
    let words = special(format);
    let mut mix = SplitMix::new(n);
    for _ in 0..n.div_ceil(64) {
        let lanes: Vec<Vec<Word>> = (0..64)
            .map(|_| {
                let mut args = vec![operand(&mut mix, &words, format, None)];
                while args.len() < circuit.inputs.len() {
                    let near = mix.of(&args);
                    args.push(operand(&mut mix, &words, format, Some(near)));
                }
                args
            })
            .collect();
        let mut inputs = Vec::new();
        for i in 0..circuit.inputs.len() {
            for bit in 0..format.width {
                let bits = lanes.iter().enumerate();
                inputs.push(bits.fold(0u64, |word, (lane, args)| {
                    word | ((args[i] >> bit & 1) as u64) << lane
                }));
            }
        }
        let out = circuit.eval64(&inputs);
        for (lane, args) in lanes.iter().enumerate() {
            let bits = out.iter().enumerate();
            let got = bits.fold(0, |word, (k, bits)| {
                word | Word::from(bits >> lane & 1) << k
            });
            let expected = machine(op, from, from, args);
            assert_eq!(got, expected, "{op:?} {from} of {args:x?}");
        }
    }
}

fn operand(mix: &mut SplitMix, words: &[Word], format: Format, near: Option<Word>) -> Word {
    if mix.one_in(16) {
        mix.of(words)
    } else {
        random(mix, format, near)
    }
}
