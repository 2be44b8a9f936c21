//! Every operation against its clear meaning and its cost, for few parties and many, at the largest threshold and below.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Domain, Op, Suite};
use smpcc_circuit::template::{Builder as TemplateBuilder, Template};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

mod views;

use crate::engine::testing::{AllInputs, Builder, a, expect_costs, expect_output};
use crate::protocols::replicated::tests::{
    and_template, difference_template, inputs, random_template, sum_template, u, words,
};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const LANES: [u64; 6] = [1, 3, 63, 64, 65, 1000];

/// Parties and thresholds.
const PARTIES: [(u32, u32); 8] = [
    (3, 1),
    (4, 1),
    (5, 2),
    (7, 3),
    (16, 7),
    (5, 1),
    (7, 2),
    (16, 3),
];

fn bgw((n, t): (u32, u32)) -> Builder {
    Builder::of(Suite::Bgw, n, t)
}

fn everyone(n: u32) -> Vec<u32> {
    (0..n).collect()
}

#[test]
fn inputs_come_out_at_their_receivers() {
    for (k, parties @ (n, _)) in PARTIES.into_iter().enumerate() {
        let all: [&[u32]; 5] = [&[0], &[1], &[n - 1], &[0, 2], &everyone(n)];
        for (i, receivers) in all.into_iter().enumerate() {
            let (width, lanes) = [(1, 65), (3, 64), (64, 1000), (128, 63)][(i + k) % 4];
            for domain in [P, a(width), a(128), B] {
                let mut b = bgw(parties);
                let party = (7 * i as u32 + 1) % n;
                let x = b.input(party, domain, u(width), lanes);
                let opened = match domain == a(128) && width < 128 {
                    // Only a ring of the value's width may be opened.
                    true => b.op(Op::LowerRing, &[x], a(width), u(width), lanes),
                    false => x,
                };
                let out = b.output(opened, receivers);
                let x = words(i as u64 + 1, width.into(), lanes);
                let reports = expect_output(&b.program, &inputs(&[&x]), out, &x);
                expect_costs(&b.program, &reports);
            }
        }
    }
}

#[test]
fn products_at_every_width() {
    for width in 1..=128u8 {
        let parties @ (n, _) = PARTIES[width as usize % PARTIES.len()];
        let lanes = LANES[width as usize % LANES.len()];
        let mut b = bgw(parties);
        let ring = width + (128 - width) / 3;
        let x = b.input(u32::from(width) % n, a(ring), u(width), lanes);
        let y = b.input(1, a(ring), u(width), lanes);
        let p = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
        let opened = b.op(Op::Reveal, &[p], P, u(ring), lanes);
        let all = b.output(p, &everyone(n));
        let known = b.output(opened, &[2]);
        let (x, y) = (words(1, width.into(), lanes), words(2, width.into(), lanes));
        let expected: Vec<Word> = x
            .iter()
            .zip(&y)
            .map(|(x, y)| x.wrapping_mul(*y) & mask(ring.into()))
            .collect();
        let reports = expect_output(&b.program, &inputs(&[&x, &y]), all, &expected);
        assert_eq!(reports[2].output(known).as_ref(), Some(&expected));
        assert_eq!(reports[1].output(known).as_ref(), None);
        expect_costs(&b.program, &reports);
    }
}

#[test]
fn products_of_extreme_values() {
    for parties @ (n, _) in PARTIES {
        for ring in [1u8, 2, 63, 64, 65, 128] {
            let m = mask(ring.into());
            let values = [0, 1, m, m >> 1, (m >> 1).wrapping_add(1) & m];
            let x: Vec<Word> = values.iter().flat_map(|&v| [v; 5]).collect();
            let y: Vec<Word> = values.repeat(5);
            let mut b = bgw(parties);
            let xs = b.input(0, a(ring), u(ring), 25);
            let ys = b.input(n - 1, a(ring), u(ring), 25);
            let p = b.op(Op::Mul, &[xs, ys], a(ring), u(ring), 25);
            let p = b.op(Op::Mul, &[p, ys], a(ring), u(ring), 25);
            let out = b.output(p, &[1]);
            let expected: Vec<Word> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| x.wrapping_mul(*y).wrapping_mul(*y) & m)
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
            expect_costs(&b.program, &reports);
        }
    }
}

#[test]
fn sums_of_products_cost_one_element_each() {
    for parties in PARTIES {
        for (ring, segments, run) in [
            (64, 1, 1000),
            (32, 5, 13),
            (128, 65, 3),
            (7, 3, 1),
            (64, 20_000, 2),
        ] {
            if segments > 1000 && parties.0 > 5 {
                continue;
            }
            let lanes = segments * run;
            let mut b = bgw(parties);
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let dot = b.op(Op::Dot { segments }, &[x, y], a(ring), u(ring), segments);
            let out = b.output(dot, &everyone(parties.0));
            let (x, y) = (words(3, ring.into(), lanes), words(4, ring.into(), lanes));
            let products: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x.wrapping_mul(*y)).collect();
            let expected: Vec<Word> = products
                .chunks(run as usize)
                .map(|c| c.iter().fold(0, |s: Word, p| s.wrapping_add(*p)) & mask(ring.into()))
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
            expect_costs(&b.program, &reports);
        }
    }
}

#[test]
fn linear_operations_send_nothing() {
    for parties in PARTIES {
        for (ring, lanes) in [(5, 66), (64, 6), (90, 12)] {
            let m = mask(ring.into());
            let mut b = bgw(parties);
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let z = b.input(2, P, u(ring), lanes);
            let shared = b.op(Op::FromPublic, &[z], a(ring), u(ring), lanes);
            let linear = Op::Linear {
                coefficients: vec![3, m, 2],
                constant: 1 << (ring - 1),
            };
            let v = b.op(linear, &[x, y, shared], a(ring), u(ring), lanes);
            let v = b.op(Op::MulPublic, &[v, z], a(ring), u(ring), lanes);
            let segments = lanes / 3;
            let sum = Op::SumLanes { segments };
            let sums = b.op(sum, &[v], a(ring), u(ring), segments);
            let low = b.op(Op::LowerRing, &[sums], a(3), u(3), segments);
            let (sums, low) = (b.output(sums, &[0]), b.output(low, &[0]));
            let [x, y, z] = [5, 6, 7].map(|s| words(s, ring.into(), lanes));
            let v: Vec<Word> = (0..lanes as usize)
                .map(|i| {
                    let sum = x[i].wrapping_mul(3).wrapping_sub(y[i]);
                    let sum = sum.wrapping_add(z[i].wrapping_mul(2));
                    sum.wrapping_add(1 << (ring - 1)).wrapping_mul(z[i])
                })
                .collect();
            let expected: Vec<Word> = v
                .chunks(3)
                .map(|c| c.iter().fold(0, |s: Word, p| s.wrapping_add(*p)) & m)
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y, &z]), sums, &expected);
            let expected: Vec<Word> = expected.iter().map(|w| w & 7).collect();
            assert_eq!(reports[0].output(low).as_ref(), Some(&expected));
            expect_costs(&b.program, &reports);
        }
    }
}

#[test]
fn signed_values_keep_their_sign_in_a_wider_ring() {
    let mut b = bgw((3, 1));
    let x = b.input(0, a(100), Scalar::signed(8), 2);
    let y = b.input(1, P, Scalar::signed(8), 2);
    let y = b.op(Op::FromPublic, &[y], a(100), Scalar::signed(8), 2);
    let wide = Op::Linear {
        coefficients: vec![1, 1],
        constant: 0,
    };
    let wide = b.op(wide, &[x, y], a(100), Scalar::signed(100), 2);
    let out = b.output(wide, &[0]);
    let minus = |n: Word| n.wrapping_neg() & mask(100);
    expect_output(
        &b.program,
        &inputs(&[&[0xff, 0x80], &[0xfe, 0x80]]),
        out,
        &[minus(3), minus(256)],
    );
}

#[test]
fn lanes_move_by_public_indices() {
    for (parties, domain) in PARTIES.into_iter().flat_map(|p| [(p, a(37)), (p, B)]) {
        let mut b = bgw(parties);
        let x = b.input(0, domain, u(37), 12);
        let y = b.input(1, domain, u(37), 6);
        let i = b.input(2, P, u(64), 2);
        let picked = b.op(Op::Gather { block: 3 }, &[x, i], domain, u(37), 6);
        let put = b.op(Op::Scatter { block: 3 }, &[x, i, y], domain, u(37), 12);
        let all = b.op(Op::Concat, &[picked, put, y], domain, u(37), 24);
        let out = b.output(all, &[1]);
        let (x, y) = (words(8, 37, 12), words(9, 37, 6));
        let mut expected = [&x[9..12], &x[3..6]].concat();
        let mut put = x.clone();
        put[9..12].copy_from_slice(&y[..3]);
        put[3..6].copy_from_slice(&y[3..]);
        expected.extend(put);
        expected.extend(&y);
        let reports = expect_output(&b.program, &inputs(&[&x, &y, &[3, 1]]), out, &expected);
        expect_costs(&b.program, &reports);
    }
}

#[test]
fn circuits_add() {
    for parties @ (n, _) in PARTIES {
        for (i, width) in [1u8, 2, 7, 64, 65, 128].into_iter().enumerate() {
            if n > 7 && width > 7 {
                continue;
            }
            let lanes = LANES[i];
            let mut b = bgw(parties);
            let x = b.input(0, B, u(width), lanes);
            let y = b.input(1, B, u(width), lanes);
            let k = b.constant(
                u(width),
                ConstVec::Splat {
                    lanes,
                    word: mask(width.into()),
                },
            );
            let k = b.op(Op::FromPublic, &[k], B, u(width), lanes);
            let add = b.template(sum_template(width.into(), 3));
            let sum = b.op(Op::Call(add), &[x, y, k], B, u(width), lanes);
            let shown = b.op(Op::Reveal, &[sum], P, u(width), lanes);
            let out = b.output(shown, &everyone(n));
            let (x, y) = (
                words(10, width.into(), lanes),
                words(11, width.into(), lanes),
            );
            let expected: Vec<Word> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| x.wrapping_add(*y).wrapping_sub(1) & mask(width.into()))
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
            expect_costs(&b.program, &reports);
        }
    }
}

/// `A → B → A` of the low `width` bits of a product; the opened string and the square of what came back are outputs.
fn there_and_back(b: &mut Builder, parts: usize, ring: u8, width: u8, lanes: u64) {
    let n = b.program.n_parties;
    let x = b.input(1, a(ring), u(ring), lanes);
    let y = b.input(n - 1, a(ring), u(ring), lanes);
    let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
    let strings: Vec<_> = (0..parts).map(|_| b.value(B, u(width), lanes)).collect();
    b.node(Op::Decompose, &[x], &strings);
    let add = b.template(sum_template(width.into(), parts));
    let bits = b.op(Op::Call(add), &strings, B, u(width), lanes);
    b.output(bits, &everyone(n));
    let mut args = vec![bits];
    args.extend((1..parts).map(|_| b.value(B, u(width), lanes)));
    b.node(Op::RandomParts, &[], &args[1..]);
    let sub = b.template(difference_template(width.into(), parts));
    args[0] = b.op(Op::Call(sub), &args, B, u(width), lanes);
    let back = b.op(Op::Compose, &args, a(width), u(width), lanes);
    let square = b.op(Op::Mul, &[back, back], a(width), u(width), lanes);
    b.output(square, &everyone(n));
}

#[test]
fn arithmetic_to_boolean_and_back() {
    for parties in PARTIES {
        let shapes = [(1u8, 1u8), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)];
        for (i, (ring, width)) in shapes.into_iter().enumerate() {
            if parties.0 > 5 && width > 40 {
                continue;
            }
            let lanes = LANES[i];
            let mut b = bgw(parties);
            there_and_back(&mut b, parties.1 as usize + 1, ring, width, lanes);
            let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
            let m = mask(width.into());
            let low: Vec<Word> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| x.wrapping_mul(*y) & m)
                .collect();
            let squares: Vec<Word> = low.iter().map(|x| x.wrapping_mul(*x) & m).collect();
            let (bits, out) = (
                smpcc_circuit::ids::OutputId(0),
                smpcc_circuit::ids::OutputId(1),
            );
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &squares);
            assert_eq!(reports[0].output(bits).as_ref(), Some(&low));
            expect_costs(&b.program, &reports);
        }
    }
}

#[test]
fn bits_become_integers() {
    for parties @ (n, _) in PARTIES {
        for (i, ring) in [1u8, 8, 64, 65, 128, 3].into_iter().enumerate() {
            let lanes = LANES[i];
            let mut b = bgw(parties);
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
            let out = b.output(squared, &everyone(n));
            let (x, y) = (words(14, 1, lanes), words(15, 1, lanes));
            let expected: Vec<Word> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| if x & y == 1 { mask(ring.into()) } else { 0 })
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
            expect_costs(&b.program, &reports);
        }
    }
}

/// From five parties on, what is large goes through the king: products in every kind of ring, circuits, bits, openings.
#[test]
fn large_operations_go_through_the_king() {
    for (i, parties) in [(5, 2), (6, 2), (7, 3), (16, 7), (5, 1), (16, 2)]
        .into_iter()
        .enumerate()
    {
        let n = parties.0;
        for (ring, lanes) in [(1u8, 4100), (9, 2049), (64, 700), (128, 300)] {
            if n == 16 && i % 2 == 1 && ring == 128 {
                continue;
            }
            let mut b = bgw(parties);
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let p = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
            let square = b.op(Op::Mul, &[p, p], a(ring), u(ring), lanes);
            let dot = b.op(
                Op::Dot { segments: lanes },
                &[square, x],
                a(ring),
                u(ring),
                lanes,
            );
            let shown = b.op(Op::Reveal, &[dot], P, u(ring), lanes);
            let shown = b.output(shown, &[n - 1]);
            let out = b.output(dot, &[1, 2, n - 1]);
            let (x, y) = (words(21, ring.into(), lanes), words(22, ring.into(), lanes));
            let expected: Vec<Word> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| {
                    let p = x.wrapping_mul(*y);
                    p.wrapping_mul(p).wrapping_mul(*x) & mask(ring.into())
                })
                .collect();
            let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
            let last = &reports[n as usize - 1];
            assert_eq!(last.output(shown).as_ref(), Some(&expected));
            expect_costs(&b.program, &reports);
            // Inputs, preparation, three products, an opening.
            assert!(last.correlations.prepared_sent > 0);
            let opening = if parties.1 > 1 { 2 } else { 1 };
            assert_eq!(last.rounds, 1 + 1 + 3 * 2 + opening);
        }
        // Enough for the circuit, which has two levels, to go through the king as well.
        let lanes = 4200;
        let mut b = bgw(parties);
        let x = b.input(0, B, u(16), lanes);
        let y = b.input(1, B, u(16), lanes);
        let mut t = TemplateBuilder::new(&[16, 16]);
        let pairs: Vec<_> = t.input(0).into_iter().zip(t.input(1)).collect();
        let both: Vec<_> = pairs.into_iter().map(|(x, y)| t.and(x, !y)).collect();
        let all = both.chunks(2).map(|c| t.and(c[0], c[1])).collect();
        let ands = b.template(t.finish("ands", vec![both, all]));
        let results = [b.value(B, u(16), lanes), b.value(B, u(8), lanes)];
        b.node(Op::Call(ands), &[x, y], &results);
        let (both, all) = (
            b.output(results[0], &everyone(n)),
            b.output(results[1], &[2]),
        );
        let bits = b.input(2, B, Scalar::Bool, lanes);
        let number = b.op(Op::InjectBit, &[bits], a(33), u(33), lanes);
        let number = b.output(number, &everyone(n));
        let (x, y, z) = (
            words(23, 16, lanes),
            words(24, 16, lanes),
            words(25, 1, lanes),
        );
        let expected: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x & !y).collect();
        let inputs = inputs(&[&x, &y, &z]);
        let reports = expect_output(&b.program, &inputs, both, &expected);
        let pairs =
            |w: &Word| (0..8).fold(0, |p, i| p | (w >> (2 * i) & w >> (2 * i + 1) & 1) << i);
        let pairs: Vec<Word> = expected.iter().map(pairs).collect();
        assert_eq!(reports[2].output(all).as_ref(), Some(&pairs));
        assert_eq!(reports[0].output(number).as_ref(), Some(&z));
        expect_costs(&b.program, &reports);
    }
}

/// A loop uses up what was made for it, iteration by iteration.
#[test]
fn a_loop_of_products_through_the_king() {
    let mut b = bgw((5, 2));
    let lanes = 600;
    let x = b.input(0, a(64), u(64), lanes);
    let (i, acc) = (b.value(P, u(64), 1), b.value(a(64), u(64), lanes));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Mul, &[acc, x], a(64), u(64), lanes);
    b.close(&[next]);
    let last = b.value(a(64), u(64), lanes);
    let count = Some(200);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let out = b.output(last, &[3]);
    let x = words(26, 64, lanes);
    let expected: Vec<Word> = x
        .iter()
        .map(|&x| (x as u64).wrapping_pow(201).into())
        .collect();
    let reports = expect_output(&b.program, &inputs(&[&x]), out, &expected);
    expect_costs(&b.program, &reports);
}

#[test]
fn empty_vectors_take_no_round() {
    for parties @ (n, _) in PARTIES {
        let mut b = bgw(parties);
        let x = b.input(0, a(64), u(64), 0);
        let y = b.op(Op::Mul, &[x, x], a(64), u(64), 0);
        let z = b.op(Op::Dot { segments: 0 }, &[y, x], a(64), u(64), 0);
        let bits = b.input(1, B, Scalar::Bool, 0);
        let and = b.template(and_template());
        let bits = b.op(Op::Call(and), &[bits, bits], B, Scalar::Bool, 0);
        let more = b.op(Op::InjectBit, &[bits], a(64), u(64), 0);
        let all = b.op(Op::Concat, &[z, more], a(64), u(64), 0);
        let out = b.output(all, &everyone(n));
        let reports = expect_output(&b.program, &inputs(&[&[], &[]]), out, &[]);
        expect_costs(&b.program, &reports);
        assert_eq!(reports[0].rounds, 0);
    }
}

fn check_random_circuit(
    template: &Template,
    widths: &[u32],
    parties: (u32, u32),
    lanes: u64,
    seed: u64,
) {
    let mut b = bgw(parties);
    let args: Vec<_> = widths
        .iter()
        .enumerate()
        .map(|(i, &w)| b.input(i as u32 % 3, B, u(w as u8), lanes))
        .collect();
    let t = b.template(template.clone());
    let results: Vec<_> = template
        .outputs
        .iter()
        .map(|o| b.value(B, u(o.len() as u8), lanes))
        .collect();
    b.node(Op::Call(t), &args, &results);
    let outs: Vec<_> = results
        .iter()
        .map(|&r| b.output(r, &everyone(parties.0)))
        .collect();
    let data: Vec<Vec<Word>> = widths
        .iter()
        .enumerate()
        .map(|(i, &w)| words(seed ^ i as u64, w, lanes))
        .collect();
    let all: AllInputs = data
        .iter()
        .enumerate()
        .map(|(i, d)| (InputId::new(i), d.clone()))
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
    for id in outs {
        let reports = expect_output(&b.program, &all, id, &expected[&id]);
        expect_costs(&b.program, &reports);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn random_circuits_agree_with_their_evaluation(
        widths in prop::collection::vec(1u32..5, 1..4),
        gates in prop::collection::vec(any::<(bool, u32, u32)>(), 0..60),
        outputs in prop::collection::vec(any::<u32>(), 1..7),
        parties in prop::sample::select(&PARTIES[..]),
        lanes in prop::sample::select(&LANES[..]),
        seed in any::<u64>(),
    ) {
        let template = random_template(&widths, &gates, &outputs);
        check_random_circuit(&template, &widths, parties, lanes, seed);
    }
}

#[test]
fn a_product_of_all_bits() {
    let mut t = TemplateBuilder::new(&[9]);
    let all = t.input(0).into_iter().reduce(|x, y| t.and(!x, y)).unwrap();
    let template = t.finish("product", vec![vec![all, !all]]);
    check_random_circuit(&template, &[9], (4, 1), 65, 5);
}
