//! Whether kernels take the same time whatever secret bits they work on: for secrets that are all alike and secrets that are random.
//!
//! Measured as by Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017): the two classes in random order, the
//! slowest measurements cut off at several places, Welch's t of what is left. |t| above 10 is a difference; a loop with a branch in it
//! must show one, else this machine is too noisy to tell anything. Takes about half a minute; run it on an idle machine, with
//! `cargo bench -p smpcc-runtime --bench constant_time`.

// A report is what it is for.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use smpcc_runtime::bits::Bits;
use smpcc_runtime::block::{LABEL_LEN, Label, write_labels};
use smpcc_runtime::prg::{OsEntropy, Prg, PrgKey};
use smpcc_runtime::protocols::garbled::active;
use smpcc_runtime::protocols::ot::random::{Chosen, unmask};
use smpcc_runtime::ring::Elements;
use smpcc_runtime::simd::{
    Gates, Hash, SharedAnd, TABLE_LEN, evaluate, force_portable, garble, shared_and, zero_labels,
};

/// Measurements of a kernel.
const N: usize = 40_000;
/// Secrets of each class, so that both touch as much memory.
const INPUTS: usize = 16;
/// Bits of a secret.
const BITS: usize = 512;
/// What is certainly a difference.
const LIMIT: f64 = 10.0;

/// Numbers that need not be secret here.
struct Numbers(Prg, u64);

impl Numbers {
    fn words(&mut self, n: usize) -> Vec<u64> {
        let mut words = vec![0; n];
        self.0.fill_words(0, self.1, &mut words);
        self.1 += n.div_ceil(2) as u64;
        words
    }

    fn labels(&mut self, n: usize) -> Vec<Label> {
        Label::of_words(&self.words(2 * n))
    }
}

/// Welch's t of two samples.
fn t(a: &[f64], b: &[f64]) -> f64 {
    let moments = |x: &[f64]| {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance / n)
    };
    let ((m, v), (n, w)) = (moments(a), moments(b));
    (m - n) / (v + w).sqrt().max(f64::MIN_POSITIVE)
}

/// The largest |t| between secrets that are alike and random ones.
fn difference<I>(numbers: &mut Numbers, inputs: &[Vec<I>; 2], mut kernel: impl FnMut(&I)) -> f64 {
    let mut times = [const { Vec::new() }; 2];
    for round in 0..N {
        let pick = numbers.words(1)[0];
        let class = (pick & 1) as usize;
        let input = &inputs[class][(pick >> 1) as usize % INPUTS];
        let before = Instant::now();
        kernel(black_box(input));
        let time = before.elapsed().as_nanos() as f64;
        // The first ones warm up.
        if round >= N / 10 {
            times[class].push(time);
        }
    }
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let cuts = [0.5, 0.7, 0.9, 0.97].map(|part| all[(all.len() as f64 * part) as usize]);
    cuts.into_iter()
        .map(|cut| {
            let [a, b] = times.each_ref().map(|times| {
                let below = times.iter().copied().filter(|&time| time <= cut);
                below.collect::<Vec<_>>()
            });
            t(&a, &b).abs()
        })
        .fold(0.0, f64::max)
}

/// Words of bits that are all zero, and random ones.
fn bits(numbers: &mut Numbers) -> [Vec<Vec<u64>>; 2] {
    let n = BITS / 64;
    [
        (0..INPUTS).map(|_| vec![0; n]).collect(),
        (0..INPUTS).map(|_| numbers.words(n)).collect(),
    ]
}

/// Labels whose colours are those bits.
fn labels(numbers: &mut Numbers) -> [Vec<Vec<Label>>; 2] {
    bits(numbers).map(|inputs| {
        let coloured = |words: Vec<u64>| {
            let lanes = numbers.labels(BITS).into_iter().enumerate();
            let bit = |i: usize| u128::from(words[i / 64] >> (i % 64) & 1);
            lanes.map(|(i, l)| Label(l.0 & !1 | bit(i))).collect()
        };
        inputs.into_iter().map(coloured).collect()
    })
}

fn main() -> ExitCode {
    let key = PrgKey::fresh(&mut OsEntropy).expect("randomness");
    let mut numbers = Numbers(Prg::new(&key), 0);
    let numbers = &mut numbers;
    let mut failed = false;
    let mut report = |name: &str, t: f64, expected: bool| {
        let verdict = match ((t > LIMIT) == expected, expected) {
            (true, true) => "the branch shows",
            (true, false) => "no difference",
            (false, true) => "too noisy a machine: a branch does not show",
            (false, false) => "DIFFERENT TIMES",
        };
        failed |= (t > LIMIT) != expected;
        println!("{name:<44} |t| = {t:>7.2}  {verdict}");
    };

    let delta = numbers.labels(1)[0];
    let zeros = numbers.labels(BITS);
    let inputs = bits(numbers);
    let mut message = Vec::with_capacity(BITS * LABEL_LEN);

    let branching = |words: &Vec<u64>| {
        let mut sum = 0u64;
        for i in 0..BITS {
            if black_box(words[i / 64] >> (i % 64) & 1) == 1 {
                sum = black_box(sum.wrapping_mul(3).wrapping_add(1));
            }
        }
        black_box(sum);
    };
    report(
        "a branch, which must show",
        difference(numbers, &inputs, branching),
        true,
    );

    let found = difference(numbers, &inputs, |words| {
        message.clear();
        let active = active(&zeros, delta, BITS, std::iter::once(&words[..]));
        write_labels(&active, &mut message);
    });
    report("sharing: bits become labels", found, false);

    let mut strings: [Vec<Chosen>; 2] = inputs.clone().map(|inputs| {
        let chosen = |choices| Chosen {
            choices,
            strings: zeros.clone(),
        };
        inputs.into_iter().map(chosen).collect()
    });
    let masked: Vec<u8> = numbers
        .words(4 * BITS)
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let found = difference(numbers, &strings, |chosen| {
        black_box(unmask(chosen, &masked));
    });
    report("OT: chosen strings", found, false);
    strings.iter_mut().for_each(Vec::clear);

    let found = difference(numbers, &inputs, |words| {
        let bits = Bits::from_words(8, 64, words.clone()).expect("a word for each bit");
        let elements: Elements = bits.to_elements();
        black_box(Bits::from_elements(8, &elements));
    });
    report("sharing: bits become integers and back", found, false);

    let others = numbers.words(BITS / 64);
    let mut out = vec![0; BITS / 64];
    let found = difference(numbers, &inputs, |words| {
        let and = SharedAnd {
            a: [words, &others],
            b: [words, words],
            flip_a: [u64::MAX, 0],
            flip_b: [0, 0],
        };
        for _ in 0..50 {
            shared_and(and, &others, black_box(&mut out));
        }
    });
    report("sharing: ANDs of replicated shares", found, false);

    let coloured = labels(numbers);
    for portable in [false, true] {
        force_portable(portable);
        let form = if portable { "portable" } else { "best form" };
        let hash = Hash {
            start: numbers.labels(1)[0],
        };
        // In the portable form a gate takes long.
        let n = if portable { 32 } else { BITS };
        let flip = [Label::ZERO; 2];
        let (mut out, mut tables) = (vec![Label::ZERO; n], vec![0; n * TABLE_LEN]);
        fn gates<'l>(labels: &'l [Label], n: usize, flip: [Label; 2]) -> Gates<'l> {
            Gates {
                first: 0,
                a: &labels[..n],
                b: &labels[..n],
                flip,
            }
        }
        let offset = Label(delta.0 | 1);
        let found = difference(numbers, &coloured, |labels| {
            garble(hash, offset, gates(labels, n, flip), &mut out, &mut tables);
        });
        report(&format!("garbling: gates, {form}"), found, false);
        let found = difference(numbers, &coloured, |labels| {
            zero_labels(hash, offset, gates(labels, n, flip), &mut out);
        });
        report(&format!("garbling: zero labels, {form}"), found, false);
        let found = difference(numbers, &coloured, |labels| {
            evaluate(hash, gates(labels, n, flip), &tables, &mut out);
        });
        report(&format!("garbling: evaluation, {form}"), found, false);
    }
    force_portable(false);
    match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}
