//! Every operation against its clear meaning, its cost, and what a single party sees.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Domain, Op};
use smpcc_circuit::template::{Builder as TemplateBuilder, Lit, Template};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

pub(crate) mod views;

use crate::engine::testing::{AllInputs, Builder, a, expect_costs, expect_output};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;
pub(crate) const LANES: [u64; 6] = [1, 3, 63, 64, 65, 1000];

/// Words from a seed; not random, but without structure.
pub(crate) fn words(seed: u64, width: u32, lanes: u64) -> Vec<Word> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Word::from(state.wrapping_mul(0x2545_f491_4f6c_dd1d))
    };
    (0..lanes)
        .map(|_| (next() | next() << 64) & mask(width))
        .collect()
}

pub(crate) fn inputs(all: &[&[Word]]) -> AllInputs {
    all.iter()
        .enumerate()
        .map(|(i, w)| (InputId::new(i), w.to_vec()))
        .collect()
}

pub(crate) fn u(width: u8) -> Scalar {
    Scalar::unsigned(width)
}

#[test]
fn inputs_come_out_at_their_receivers() {
    let all: [&[u32]; 5] = [&[0], &[1], &[2], &[0, 2], &[0, 1, 2]];
    for (i, receivers) in all.into_iter().enumerate() {
        for (width, lanes) in [(1, 65), (3, 64), (31, 1), (64, 1000), (65, 3), (128, 63)] {
            for domain in [P, a(width), a(128), B] {
                let mut b = Builder::new();
                let party = (i % 3) as u32;
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
        let lanes = LANES[width as usize % LANES.len()];
        let mut b = Builder::new();
        let ring = width.max(1) + (128 - width) / 3;
        let x = b.input(width as u32 % 3, a(ring), u(width), lanes);
        let y = b.input(1, a(ring), u(width), lanes);
        let p = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
        let opened = b.op(Op::Reveal, &[p], P, u(ring), lanes);
        let all = b.output(p, &[0, 1, 2]);
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
fn signed_values_keep_their_sign_in_a_wider_ring() {
    let mut b = Builder::new();
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
fn sums_of_products_cost_one_element_each() {
    for (ring, segments, run) in [
        (64, 1, 1000),
        (32, 5, 13),
        (128, 65, 3),
        (7, 3, 1),
        (64, 70_000, 2),
    ] {
        let lanes = segments * run;
        let mut b = Builder::new();
        let x = b.input(0, a(ring), u(ring), lanes);
        let y = b.input(1, a(ring), u(ring), lanes);
        let dot = b.op(Op::Dot { segments }, &[x, y], a(ring), u(ring), segments);
        let out = b.output(dot, &[0, 1, 2]);
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

#[test]
fn linear_operations_send_nothing() {
    for (ring, lanes) in [(5, 66), (64, 6), (90, 12)] {
        let m = mask(ring.into());
        let mut b = Builder::new();
        let x = b.input(0, a(ring), u(ring), lanes);
        let y = b.input(1, a(ring), u(ring), lanes);
        let z = b.input(2, P, u(ring), lanes);
        let linear = Op::Linear {
            coefficients: vec![3, m],
            constant: 1 << (ring - 1),
        };
        let v = b.op(linear, &[x, y], a(ring), u(ring), lanes);
        let v = b.op(Op::MulPublic, &[v, z], a(ring), u(ring), lanes);
        let sums = b.op(
            Op::SumLanes {
                segments: lanes / 3,
            },
            &[v],
            a(ring),
            u(ring),
            lanes / 3,
        );
        let low = b.op(Op::LowerRing, &[sums], a(3), u(3), lanes / 3);
        let (sums, low) = (b.output(sums, &[0]), b.output(low, &[0]));
        let [x, y, z] = [5, 6, 7].map(|s| words(s, ring.into(), lanes));
        let v: Vec<Word> = (0..lanes as usize)
            .map(|i| {
                let sum = x[i].wrapping_mul(3).wrapping_sub(y[i]);
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

#[test]
fn lanes_move_by_public_indices() {
    for domain in [a(37), B] {
        let mut b = Builder::new();
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

/// A ripple-carry adder of as many operands as wanted, with a product of everything as a second result.
pub(crate) fn sum_template(width: u32, n: usize) -> Template {
    let mut t = TemplateBuilder::new(&vec![width; n]);
    let mut sum = t.input(0);
    for i in 1..n {
        let other = t.input(i);
        let mut carry = Lit::FALSE;
        for (s, o) in sum.iter_mut().zip(other) {
            let (bit, next) = t.full_add(*s, o, carry);
            *s = bit;
            carry = next;
        }
    }
    t.finish("sum", vec![sum])
}

/// A difference `x − Σ rest`.
pub(crate) fn difference_template(width: u32, n: usize) -> Template {
    let sum = sum_template(width, n);
    let mut t = TemplateBuilder::new(&vec![width; n]);
    let args: Vec<Vec<Lit>> = (0..n)
        .map(|i| {
            t.input(i)
                .into_iter()
                .map(|l| if i == 0 { !l } else { l })
                .collect()
        })
        .collect();
    // ¬(¬x + rest) = x − rest.
    let out = t.call(&sum, &args);
    let out = out[0].iter().map(|&l| !l).collect();
    t.finish("difference", vec![out])
}

#[test]
fn circuits_add() {
    for (i, width) in [1u8, 2, 7, 64, 65, 128].into_iter().enumerate() {
        let lanes = LANES[i];
        let mut b = Builder::new();
        let x = b.input(0, B, u(width), lanes);
        let y = b.input(1, B, u(width), lanes);
        let sum = b.template(sum_template(width.into(), 2));
        let sum = b.op(Op::Call(sum), &[x, y], B, u(width), lanes);
        let shown = b.op(Op::Reveal, &[sum], P, u(width), lanes);
        let out = b.output(shown, &[0, 1, 2]);
        let (x, y) = (
            words(10, width.into(), lanes),
            words(11, width.into(), lanes),
        );
        let expected: Vec<Word> = x
            .iter()
            .zip(&y)
            .map(|(x, y)| x.wrapping_add(*y) & mask(width.into()))
            .collect();
        let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &expected);
        expect_costs(&b.program, &reports);
    }
}

#[test]
fn arithmetic_to_boolean_and_back() {
    for (i, (ring, width)) in [(1u8, 1u8), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)]
        .into_iter()
        .enumerate()
    {
        let lanes = LANES[i];
        let mut b = Builder::new();
        let x = b.input(1, a(ring), u(ring), lanes);
        let y = b.input(2, a(ring), u(ring), lanes);
        // A product, so that all components are full.
        let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
        let parts: Vec<_> = (0..3).map(|_| b.value(B, u(width), lanes)).collect();
        b.node(Op::Decompose, &[x], &parts);
        let add = b.template(sum_template(width.into(), 3));
        let bits = b.op(Op::Call(add), &parts, B, u(width), lanes);
        let shown = b.output(bits, &[0, 1, 2]);
        let random: Vec<_> = (0..2).map(|_| b.value(B, u(width), lanes)).collect();
        b.node(Op::RandomParts, &[], &random);
        let sub = b.template(difference_template(width.into(), 3));
        let d = b.op(
            Op::Call(sub),
            &[bits, random[0], random[1]],
            B,
            u(width),
            lanes,
        );
        let back = b.op(
            Op::Compose,
            &[d, random[0], random[1]],
            a(width),
            u(width),
            lanes,
        );
        let square = b.op(Op::Mul, &[back, back], a(width), u(width), lanes);
        let out = b.output(square, &[0, 1, 2]);
        let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
        let m = mask(width.into());
        let low: Vec<Word> = x
            .iter()
            .zip(&y)
            .map(|(x, y)| x.wrapping_mul(*y) & m)
            .collect();
        let squares: Vec<Word> = low.iter().map(|x| x.wrapping_mul(*x) & m).collect();
        let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &squares);
        assert_eq!(reports[0].output(shown).as_ref(), Some(&low));
        expect_costs(&b.program, &reports);
    }
}

#[test]
fn bits_become_integers() {
    for (i, ring) in [1u8, 8, 64, 65, 128, 3].into_iter().enumerate() {
        let lanes = LANES[i];
        let mut b = Builder::new();
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
        let out = b.output(squared, &[0, 1, 2]);
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

#[test]
fn arithmetic_to_labels_and_back() {
    for (i, (ring, width)) in [(1u8, 1u8), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)]
        .into_iter()
        .enumerate()
    {
        let lanes = LANES[i];
        let mut b = Builder::new();
        let x = b.input(1, a(ring), u(ring), lanes);
        let y = b.input(2, a(ring), u(ring), lanes);
        let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
        let parts: Vec<_> = (0..2).map(|_| b.value(Y, u(width), lanes)).collect();
        b.node(Op::Decompose, &[x], &parts);
        let add = b.template(sum_template(width.into(), 2));
        let sum = b.op(Op::Call(add), &parts, Y, u(width), lanes);
        let k = b.constant(
            u(width),
            ConstVec::Affine {
                start: 3,
                dims: vec![(lanes, 5)],
            },
        );
        let k = b.op(Op::FromPublic, &[k], Y, u(width), lanes);
        let sum = b.op(Op::Call(add), &[sum, k], Y, u(width), lanes);
        let bits = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
        let shown = b.output(bits, &[0, 1, 2]);
        let again = b.op(Op::BooleanToYao, &[bits], Y, u(width), lanes);
        let sum = b.op(Op::Call(add), &[again, sum], Y, u(width), lanes);
        let bits = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
        let out = b.output(bits, &[1]);
        let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
        let m = mask(width.into());
        let first: Vec<Word> = (0..lanes as usize)
            .map(|i| x[i].wrapping_mul(y[i]).wrapping_add(3 + 5 * i as Word) & m)
            .collect();
        let twice: Vec<Word> = first.iter().map(|x| x.wrapping_add(*x) & m).collect();
        let reports = expect_output(&b.program, &inputs(&[&x, &y]), out, &twice);
        assert_eq!(reports[0].output(shown).as_ref(), Some(&first));
        expect_costs(&b.program, &reports);
    }
}

#[test]
fn labels_move_by_public_indices() {
    let mut b = Builder::new();
    let x = b.input(0, B, u(9), 12);
    let y = b.input(1, B, u(9), 6);
    let (x, y) = (
        b.op(Op::BooleanToYao, &[x], Y, u(9), 12),
        b.op(Op::BooleanToYao, &[y], Y, u(9), 6),
    );
    let i = b.input(2, P, u(64), 2);
    let picked = b.op(Op::Gather { block: 3 }, &[x, i], Y, u(9), 6);
    let put = b.op(Op::Scatter { block: 3 }, &[x, i, y], Y, u(9), 12);
    let all = b.op(Op::Concat, &[picked, put, y], Y, u(9), 24);
    let all = b.op(Op::YaoToBoolean, &[all], B, u(9), 24);
    let out = b.output(all, &[1]);
    let (x, y) = (words(8, 9, 12), words(9, 9, 6));
    let mut expected = [&x[9..12], &x[3..6]].concat();
    let mut put = x.clone();
    put[9..12].copy_from_slice(&y[..3]);
    put[3..6].copy_from_slice(&y[3..]);
    expected.extend(put);
    expected.extend(&y);
    let reports = expect_output(&b.program, &inputs(&[&x, &y, &[3, 1]]), out, &expected);
    expect_costs(&b.program, &reports);
}

/// Garbled steps alone never wait: a loop of them takes no round per iteration.
#[test]
fn a_garbled_loop_takes_constant_rounds() {
    let mut b = Builder::new();
    let x = b.input(0, B, u(16), 3);
    let x = b.op(Op::BooleanToYao, &[x], Y, u(16), 3);
    let add = b.template(sum_template(16, 2));
    let (i, acc) = (b.value(P, u(64), 1), b.value(Y, u(16), 3));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Call(add), &[acc, x], Y, u(16), 3);
    b.close(&[next]);
    let last = b.value(Y, u(16), 3);
    let count = Some(100);
    b.node(Op::Loop { count, body }, &[x], &[last]);
    let bits = b.op(Op::YaoToBoolean, &[last], B, u(16), 3);
    let out = b.output(bits, &[2]);
    let reports = expect_output(&b.program, &inputs(&[&[1, 2, 700]]), out, &[101, 202, 5164]);
    expect_costs(&b.program, &reports);
    assert_eq!(reports[0].rounds, 4);
}

pub(crate) fn and_template() -> Template {
    let mut t = TemplateBuilder::new(&[1, 1]);
    let (x, y) = (t.input(0)[0], t.input(1)[0]);
    let z = t.and(x, y);
    t.finish("and", vec![vec![z]])
}

/// A random circuit; gates are taken as they come, without folding, and some are not needed.
pub(crate) fn random_template(
    widths: &[u32],
    gates: &[(bool, u32, u32)],
    outputs: &[u32],
) -> Template {
    use smpcc_circuit::template::Gate;
    let first = 1 + widths.iter().sum::<u32>();
    let lit = |g: usize, pick: u32| Lit(pick % (2 * (first + g as u32)));
    Template {
        name: "random".into(),
        inputs: widths.to_vec(),
        gates: gates
            .iter()
            .enumerate()
            .map(|(g, &(and, x, y))| {
                let (x, y) = (lit(g, x), lit(g, y));
                if and {
                    Gate::And(x, y)
                } else {
                    Gate::Xor(x, y)
                }
            })
            .collect(),
        outputs: outputs
            .chunks(3)
            .map(|o| o.iter().map(|&p| lit(gates.len(), p)).collect())
            .collect(),
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
        let mut b = Builder::new();
        let args: Vec<_> = widths.iter().enumerate()
            .map(|(i, &w)| b.input(i as u32 % 3, B, u(w as u8), lanes))
            .collect();
        let t = b.template(template.clone());
        let results = if garbled {
            let args: Vec<_> = args.iter().zip(&widths)
                .map(|(&arg, &w)| b.op(Op::BooleanToYao, &[arg], Y, u(w as u8), lanes))
                .collect();
            let results: Vec<_> = template.outputs.iter().map(|o| b.value(Y, u(o.len() as u8), lanes)).collect();
            b.node(Op::Call(t), &args, &results);
            results.iter().zip(&template.outputs)
                .map(|(&r, o)| b.op(Op::YaoToBoolean, &[r], B, u(o.len() as u8), lanes))
                .collect()
        } else {
            let results: Vec<_> = template.outputs.iter().map(|o| b.value(B, u(o.len() as u8), lanes)).collect();
            b.node(Op::Call(t), &args, &results);
            results
        };
        let outs: Vec<_> = results.iter().map(|&r| b.output(r, &[0, 1, 2])).collect();
        let data: Vec<Vec<Word>> = widths.iter().enumerate().map(|(i, &w)| words(seed ^ i as u64, w, lanes)).collect();
        let all: AllInputs = data.iter().enumerate().map(|(i, d)| (InputId::new(i), d.clone())).collect();
        let mut expected: BTreeMap<_, Vec<Word>> = BTreeMap::new();
        for lane in 0..lanes as usize {
            let bits: Vec<u64> = data.iter().zip(&widths)
                .flat_map(|(d, &w)| (0..w).map(move |bit| (d[lane] >> bit) as u64 & 1))
                .collect();
            let mut result = template.eval64(&bits).into_iter();
            for (id, out) in outs.iter().zip(&template.outputs) {
                let word = (0..out.len()).fold(0, |w, bit| w | Word::from(result.next().unwrap_or(0) & 1) << bit);
                expected.entry(*id).or_default().push(word);
            }
        }
        for id in outs {
            let reports = expect_output(&b.program, &all, id, &expected[&id]);
            expect_costs(&b.program, &reports);
        }
    }
}
