//! Circuits on shared bits and on labels, and what leads there and back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smpcc_circuit::program::Op;
use smpcc_circuit::template::{Builder as TemplateBuilder, Template};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

use super::templates::{and_template, random_template, sum_template};
use super::{B, LANES, P, Setting, Y, check, from_bits, one_of_each, settings, to_bits, zip};
use crate::engine::testing::{a, u, words};

/// Rings, and as many of their low bits as are taken.
const CUTS: [(u8, u8); 6] = [(1, 1), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)];

#[test]
fn circuits_add() {
    for setting in settings() {
        for (i, width) in [1u8, 2, 7, 64, 65, 128].into_iter().enumerate() {
            if setting.n > 7 && width > 7 {
                continue;
            }
            let lanes = LANES[i];
            let mut b = setting.builder();
            let x = b.input(0, B, u(width), lanes);
            let y = b.input(1, B, u(width), lanes);
            let word = mask(width.into());
            let k = b.constant(u(width), ConstVec::Splat { lanes, word });
            let k = b.op(Op::FromPublic, &[k], B, u(width), lanes);
            let add = b.template(sum_template(width.into(), 3));
            let sum = b.op(Op::Call(add), &[x, y, k], B, u(width), lanes);
            let shown = b.op(Op::Reveal, &[sum], P, u(width), lanes);
            let out = b.output(shown, &setting.everyone());
            let (x, y) = (
                words(10, width.into(), lanes),
                words(11, width.into(), lanes),
            );
            let expected = zip(&x, &y, width.into(), |x, y| {
                x.wrapping_add(y).wrapping_sub(1)
            });
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

/// The low bits of a product, opened, and the square of what comes back.
#[test]
fn arithmetic_to_boolean_and_back() {
    for setting in settings() {
        for (i, (ring, width)) in CUTS.into_iter().enumerate() {
            if setting.n > 5 && width > 40 || !setting.offers(a(ring)) {
                continue;
            }
            let lanes = setting.lanes(LANES[i], ring);
            let mut b = setting.builder();
            let x = b.input(1, a(ring), u(ring), lanes);
            let y = b.input(setting.last(), a(ring), u(ring), lanes);
            // A product, so that all parts are full.
            let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
            let bits = to_bits(&mut b, x, B, width, lanes);
            let shown = b.output(bits, &setting.everyone());
            let back = from_bits(&mut b, bits, width, lanes);
            let square = b.op(Op::Mul, &[back, back], a(width), u(width), lanes);
            let out = b.output(square, &setting.everyone());
            let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
            let low = zip(&x, &y, width.into(), Word::wrapping_mul);
            let squares = zip(&low, &low, width.into(), Word::wrapping_mul);
            let reports = check(&b, &[&x, &y], out, &squares);
            assert_eq!(reports[0].output(shown).as_ref(), Some(&low));
        }
    }
}

#[test]
fn bits_become_integers() {
    for setting in settings().filter(|s| s.adds()) {
        for (i, ring) in [1u8, 8, 64, 65, 128, 3].into_iter().enumerate() {
            if !setting.offers(a(ring)) {
                continue;
            }
            let lanes = LANES[i];
            let mut b = setting.builder();
            let x = b.input(0, B, Scalar::Bool, lanes);
            let y = b.input(1, B, Scalar::Bool, lanes);
            let and = b.template(and_template());
            let bit = b.op(Op::Call(and), &[x, y], B, Scalar::Bool, lanes);
            let number = b.op(Op::InjectBit, &[bit], a(ring), u(ring), lanes);
            let scaled = Op::Linear {
                coefficients: vec![mask(ring.into())],
                constant: 0,
            };
            let scaled = b.op(scaled, &[number], a(ring), u(ring), lanes);
            let squared = b.op(Op::Mul, &[scaled, number], a(ring), u(ring), lanes);
            let out = b.output(squared, &setting.everyone());
            let (x, y) = (words(14, 1, lanes), words(15, 1, lanes));
            let expected = zip(&x, &y, ring.into(), |x, y| (x & y).wrapping_neg());
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

#[test]
fn arithmetic_to_labels_and_back() {
    for setting in settings().filter(|s| s.offers(Y)) {
        for (i, (ring, width)) in CUTS.into_iter().enumerate() {
            if !setting.offers(a(ring)) {
                continue;
            }
            let lanes = setting.lanes(LANES[i], ring);
            let mut b = setting.builder();
            let x = b.input(1, a(ring), u(ring), lanes);
            let y = b.input(setting.last(), a(ring), u(ring), lanes);
            let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
            let sum = to_bits(&mut b, x, Y, width, lanes);
            let (start, dims) = (3, vec![(lanes, 5)]);
            let k = b.constant(u(width), ConstVec::Affine { start, dims });
            let k = b.op(Op::FromPublic, &[k], Y, u(width), lanes);
            let add = b.template(sum_template(width.into(), 2));
            let sum = b.op(Op::Call(add), &[sum, k], Y, u(width), lanes);
            let bits = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
            let shown = b.output(bits, &setting.everyone());
            let again = b.op(Op::BooleanToYao, &[bits], Y, u(width), lanes);
            let sum = b.op(Op::Call(add), &[again, sum], Y, u(width), lanes);
            let bits = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
            let out = b.output(bits, &[1]);
            let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
            let m = mask(width.into());
            let first: Vec<Word> = (0..lanes as usize)
                .map(|i| x[i].wrapping_mul(y[i]).wrapping_add(3 + 5 * i as Word) & m)
                .collect();
            let twice = zip(&first, &first, width.into(), Word::wrapping_add);
            let reports = check(&b, &[&x, &y], out, &twice);
            assert_eq!(reports[0].output(shown).as_ref(), Some(&first));
        }
    }
}

/// Calls a circuit on bits, or on labels, and compares all lanes of all outputs with its evaluation.
fn check_circuit(
    setting: Setting,
    template: &Template,
    widths: &[u32],
    garbled: bool,
    lanes: u64,
    seed: u64,
) {
    let mut b = setting.builder();
    let domain = if garbled { Y } else { B };
    let args: Vec<_> = (0..)
        .zip(widths)
        .map(|(i, &w)| {
            let arg = b.input(i % setting.n, B, u(w as u8), lanes);
            match garbled {
                true => b.op(Op::BooleanToYao, &[arg], Y, u(w as u8), lanes),
                false => arg,
            }
        })
        .collect();
    let results: Vec<_> = template
        .outputs
        .iter()
        .map(|o| b.value(domain, u(o.len() as u8), lanes))
        .collect();
    let id = b.template(template.clone());
    b.node(Op::Call(id), &args, &results);
    let outs: Vec<_> = results
        .iter()
        .zip(&template.outputs)
        .map(|(&r, o)| {
            let bits = match garbled {
                true => b.op(Op::YaoToBoolean, &[r], B, u(o.len() as u8), lanes),
                false => r,
            };
            b.output(bits, &setting.everyone())
        })
        .collect();
    let data: Vec<Vec<Word>> = (0..)
        .zip(widths)
        .map(|(i, &w)| words(seed ^ i, w, lanes))
        .collect();
    let mut expected: BTreeMap<_, Vec<Word>> = BTreeMap::new();
    for lane in 0..lanes as usize {
        let bits: Vec<u64> = data
            .iter()
            .zip(widths)
            .flat_map(|(d, &w)| (0..w).map(move |bit| (d[lane] >> bit) as u64 & 1))
            .collect();
        let mut result = template.eval64(&bits).into_iter();
        for (id, out) in outs.iter().zip(&template.outputs) {
            let word = (0..out.len()).fold(0, |w, bit| {
                w | Word::from(result.next().unwrap_or(0) & 1) << bit
            });
            expected.entry(*id).or_default().push(word);
        }
    }
    let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    for id in outs {
        check(&b, &data, id, &expected[&id]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn random_circuits_agree_with_their_evaluation(
        widths in prop::collection::vec(1u32..5, 1..4),
        gates in prop::collection::vec(any::<(bool, u32, u32)>(), 0..60),
        outputs in prop::collection::vec(any::<u32>(), 1..10),
        lanes in prop::sample::select(&LANES[..]),
        seed in any::<u64>(),
        garbled in any::<bool>(),
    ) {
        let template = random_template(&widths, &gates, &outputs);
        for setting in one_of_each(seed >> 1) {
            let garbled = garbled && setting.offers(Y);
            let lanes = setting.lanes(lanes, 64);
            check_circuit(setting, &template, &widths, garbled, lanes, seed);
        }
    }
}

#[test]
fn a_product_of_all_bits() {
    let mut t = TemplateBuilder::new(&[9]);
    let all = t.input(0).into_iter().reduce(|x, y| t.and(!x, y)).unwrap();
    let template = t.finish("product", vec![vec![all, !all]]);
    for setting in settings() {
        check_circuit(setting, &template, &[9], false, 65, 5);
        if setting.offers(Y) {
            check_circuit(setting, &template, &[9], true, 65, 5);
        }
    }
}
