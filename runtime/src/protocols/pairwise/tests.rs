//! Every operation against its clear meaning and its cost, correlations against their ideal functionality, and what a
//! coalition of all parties but one sees.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smpcc_circuit::cost::op_cost;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Suite};
use smpcc_circuit::template::{Builder as TemplateBuilder, Lit};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

mod correlations;
mod views;

use crate::engine::RunReport;
use crate::engine::testing::{Builder, a, expect_costs, expect_output};
use crate::protocols::replicated::tests::{
    LANES, and_template, difference_template, inputs, random_template, sum_template, u, words,
};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

/// Suites and party counts that are tested throughout.
const SUITES: [(Suite, u32); 4] = [
    (Suite::TwoParty, 2),
    (Suite::Gmw, 2),
    (Suite::Gmw, 3),
    (Suite::Gmw, 5),
];

fn builder((suite, n): (Suite, u32)) -> Builder {
    Builder::of(suite, n, n - 1)
}

/// Everybody.
fn all((_, n): (Suite, u32)) -> Vec<u32> {
    (0..n).collect()
}

/// Runs the program; who receives the output gets what is expected, at the costs that are predicted.
fn check(b: &Builder, data: &[&[Word]], out: OutputId, expected: &[Word]) -> Vec<RunReport> {
    let reports = expect_output(&b.program, &inputs(data), out, expected);
    expect_costs(&b.program, &reports);
    reports
}

fn zip(x: &[Word], y: &[Word], width: u32, op: impl Fn(Word, Word) -> Word) -> Vec<Word> {
    x.iter()
        .zip(y)
        .map(|(&x, &y)| op(x, y) & mask(width))
        .collect()
}

/// Parts of a value: as many results as the suite has.
fn parts(b: &mut Builder, domain: Domain, width: u8, lanes: u64, but: usize) -> Vec<ValueId> {
    let n = b.program.parts(domain) - but;
    (0..n).map(|_| b.value(domain, u(width), lanes)).collect()
}

#[test]
fn inputs_come_out_at_their_receivers() {
    for suite in SUITES {
        let n = suite.1;
        let receivers = [vec![0], vec![n - 1], vec![0, n - 1], all(suite)];
        for (i, receivers) in receivers.into_iter().enumerate() {
            for (width, lanes) in [(1, 65), (3, 64), (31, 1), (64, 1000), (65, 3), (128, 63)] {
                for domain in [P, a(width), B] {
                    let mut b = builder(suite);
                    let x = b.input(i as u32 % n, domain, u(width), lanes);
                    let out = b.output(x, &receivers);
                    let x = words(i as u64 + 1, width.into(), lanes);
                    check(&b, &[&x], out, &x);
                }
            }
        }
    }
}

#[test]
fn inputs_in_wider_rings_keep_their_sign() {
    for suite in SUITES {
        let mut b = builder(suite);
        let x = b.input(1, a(100), Scalar::signed(8), 2);
        let y = b.input(0, P, Scalar::signed(8), 2);
        let y = b.op(Op::FromPublic, &[y], a(100), Scalar::signed(8), 2);
        let sum = Op::Linear {
            coefficients: vec![1, 1],
            constant: 0,
        };
        let sum = b.op(sum, &[x, y], a(100), Scalar::signed(100), 2);
        let out = b.output(sum, &[0]);
        let minus = |n: Word| n.wrapping_neg() & mask(100);
        let (x, y): (&[Word], &[Word]) = (&[0xff, 0x80], &[0xfe, 0x80]);
        check(&b, &[x, y], out, &[minus(3), minus(256)]);
    }
}

#[test]
fn products_at_every_width() {
    for width in 1..=128u8 {
        // Many parties take long to set up.
        let suite = SUITES[match width % 16 {
            7 => 3,
            other => usize::from(other) % 3,
        }];
        let lanes = [1, 3, 63, 64, 65, 200][width as usize % 6];
        let mut b = builder(suite);
        let x = b.input(u32::from(width) % suite.1, a(width), u(width), lanes);
        let y = b.input(1, a(width), u(width), lanes);
        let p = b.op(Op::Mul, &[x, y], a(width), u(width), lanes);
        let opened = b.op(Op::Reveal, &[p], P, u(width), lanes);
        let out = b.output(p, &all(suite));
        let known = b.output(opened, &[1]);
        let (mut x, mut y) = (words(1, width.into(), lanes), words(2, width.into(), lanes));
        (x[0], y[0]) = (mask(width.into()), mask(width.into()));
        let expected = zip(&x, &y, width.into(), Word::wrapping_mul);
        let reports = check(&b, &[&x, &y], out, &expected);
        assert_eq!(reports[1].output(known).as_ref(), Some(&expected));
        assert_eq!(reports[0].output(known).as_ref(), None);
    }
}

#[test]
fn sums_of_products() {
    for suite in SUITES {
        for (ring, segments, run) in [(64, 1, 100), (32, 5, 13), (128, 65, 3), (7, 3, 1)] {
            let lanes = segments * run;
            let mut b = builder(suite);
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let dot = b.op(Op::Dot { segments }, &[x, y], a(ring), u(ring), segments);
            let out = b.output(dot, &all(suite));
            let (x, y) = (words(3, ring.into(), lanes), words(4, ring.into(), lanes));
            let products = zip(&x, &y, 128, Word::wrapping_mul);
            let expected: Vec<Word> = products
                .chunks(run as usize)
                .map(|c| c.iter().fold(0, |s: Word, p| s.wrapping_add(*p)) & mask(ring.into()))
                .collect();
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

#[test]
fn linear_operations_send_nothing() {
    for (i, (ring, lanes)) in [(5, 66), (64, 6), (90, 12), (64, 6)]
        .into_iter()
        .enumerate()
    {
        let suite = SUITES[i];
        let m = mask(ring.into());
        let mut b = builder(suite);
        let x = b.input(0, a(ring), u(ring), lanes);
        let y = b.input(1, a(ring), u(ring), lanes);
        let z = b.input(suite.1 - 1, P, u(ring), lanes);
        let linear = Op::Linear {
            coefficients: vec![3, m],
            constant: 1 << (ring - 1),
        };
        let v = b.op(linear, &[x, y], a(ring), u(ring), lanes);
        let v = b.op(Op::MulPublic, &[v, z], a(ring), u(ring), lanes);
        let segments = lanes / 3;
        let sums = b.op(Op::SumLanes { segments }, &[v], a(ring), u(ring), segments);
        let low = b.op(Op::LowerRing, &[sums], a(3), u(3), segments);
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
        let reports = check(&b, &[&x, &y, &z], sums, &expected);
        let expected: Vec<Word> = expected.iter().map(|w| w & 7).collect();
        assert_eq!(reports[0].output(low).as_ref(), Some(&expected));
    }
}

#[test]
fn lanes_move_by_public_indices() {
    for suite in SUITES {
        for domain in [a(37), B, Y] {
            if domain == Y && suite.0 != Suite::TwoParty {
                continue;
            }
            let mut b = builder(suite);
            let entry = if domain == Y { B } else { domain };
            let mut x = b.input(0, entry, u(37), 12);
            let mut y = b.input(1, entry, u(37), 6);
            if domain == Y {
                x = b.op(Op::BooleanToYao, &[x], Y, u(37), 12);
                y = b.op(Op::BooleanToYao, &[y], Y, u(37), 6);
            }
            let i = b.input(suite.1 - 1, P, u(64), 2);
            let picked = b.op(Op::Gather { block: 3 }, &[x, i], domain, u(37), 6);
            let put = b.op(Op::Scatter { block: 3 }, &[x, i, y], domain, u(37), 12);
            let mut joined = b.op(Op::Concat, &[picked, put, y], domain, u(37), 24);
            if domain == Y {
                joined = b.op(Op::YaoToBoolean, &[joined], B, u(37), 24);
            }
            let out = b.output(joined, &[1]);
            let (x, y) = (words(8, 37, 12), words(9, 37, 6));
            let mut expected = [&x[9..12], &x[3..6]].concat();
            let mut put = x.clone();
            put[9..12].copy_from_slice(&y[..3]);
            put[3..6].copy_from_slice(&y[3..]);
            expected.extend(put);
            expected.extend(&y);
            check(&b, &[&x, &y, &[3, 1]], out, &expected);
        }
    }
}

#[test]
fn circuits_add() {
    for suite in SUITES {
        for (i, width) in [1u8, 2, 7, 64, 65, 128].into_iter().enumerate() {
            let lanes = LANES[i];
            let mut b = builder(suite);
            let x = b.input(0, B, u(width), lanes);
            let y = b.input(1, B, u(width), lanes);
            let sum = b.template(sum_template(width.into(), 2));
            let sum = b.op(Op::Call(sum), &[x, y], B, u(width), lanes);
            let shown = b.op(Op::Reveal, &[sum], P, u(width), lanes);
            let out = b.output(shown, &all(suite));
            let (x, y) = (
                words(10, width.into(), lanes),
                words(11, width.into(), lanes),
            );
            let expected = zip(&x, &y, width.into(), Word::wrapping_add);
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

#[test]
fn arithmetic_to_boolean_and_back() {
    for suite in SUITES {
        for (i, (ring, width)) in [(1u8, 1u8), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)]
            .into_iter()
            .enumerate()
        {
            let lanes = [1, 3, 63, 64, 65, 130][i];
            let mut b = builder(suite);
            let x = b.input(1, a(ring), u(ring), lanes);
            let y = b.input(0, a(ring), u(ring), lanes);
            let x = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
            let strings = parts(&mut b, B, width, lanes, 0);
            b.node(Op::Decompose, &[x], &strings);
            let add = b.template(sum_template(width.into(), strings.len()));
            let bits = b.op(Op::Call(add), &strings, B, u(width), lanes);
            let shown = b.output(bits, &all(suite));
            let random = parts(&mut b, B, width, lanes, 1);
            b.node(Op::RandomParts, &[], &random);
            let sub = b.template(difference_template(width.into(), random.len() + 1));
            let args = [&[bits], &random[..]].concat();
            let d = b.op(Op::Call(sub), &args, B, u(width), lanes);
            let args = [&[d], &random[..]].concat();
            let back = b.op(Op::Compose, &args, a(width), u(width), lanes);
            let square = b.op(Op::Mul, &[back, back], a(width), u(width), lanes);
            let out = b.output(square, &all(suite));
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
    for suite in SUITES {
        for (i, ring) in [1u8, 8, 64, 65, 128, 3].into_iter().enumerate() {
            let lanes = LANES[i];
            let mut b = builder(suite);
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
            let out = b.output(scaled, &all(suite));
            let (x, y) = (words(14, 1, lanes), words(15, 1, lanes));
            let expected = zip(&x, &y, ring.into(), |x, y| (x & y).wrapping_neg());
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

#[test]
fn arithmetic_to_labels_and_back() {
    for (i, (ring, width)) in [(1u8, 1u8), (8, 5), (64, 64), (65, 65), (128, 127), (40, 40)]
        .into_iter()
        .enumerate()
    {
        let lanes = LANES[i];
        let mut b = builder(SUITES[0]);
        let x = b.input(1, a(ring), u(ring), lanes);
        let y = b.input(0, a(ring), u(ring), lanes);
        let sum = Op::Linear {
            coefficients: vec![1, 1],
            constant: 0,
        };
        let x = b.op(sum, &[x, y], a(ring), u(ring), lanes);
        let strings = parts(&mut b, Y, width, lanes, 0);
        b.node(Op::Decompose, &[x], &strings);
        let add = b.template(sum_template(width.into(), 2));
        let sum = b.op(Op::Call(add), &strings, Y, u(width), lanes);
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
        let shown = b.output(bits, &[0, 1]);
        let again = b.op(Op::BooleanToYao, &[bits], Y, u(width), lanes);
        let sum = b.op(Op::Call(add), &[again, sum], Y, u(width), lanes);
        let bits = b.op(Op::YaoToBoolean, &[sum], B, u(width), lanes);
        let out = b.output(bits, &[1]);
        let (x, y) = (words(12, ring.into(), lanes), words(13, ring.into(), lanes));
        let m = mask(width.into());
        let first: Vec<Word> = (0..lanes as usize)
            .map(|i| x[i].wrapping_add(y[i]).wrapping_add(3 + 5 * i as Word) & m)
            .collect();
        let twice = zip(&first, &first, width.into(), Word::wrapping_add);
        let reports = check(&b, &[&x, &y], out, &twice);
        assert_eq!(reports[0].output(shown).as_ref(), Some(&first));
    }
}

/// Garbled steps alone never wait: a loop of them takes no round per iteration.
#[test]
fn a_garbled_loop_takes_constant_rounds() {
    let mut b = builder(SUITES[0]);
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
    let out = b.output(bits, &[1]);
    let reports = check(&b, &[&[1, 2, 700]], out, &[101, 202, 5164]);
    // Points and corrections of 48 label transfers; the evaluator's bits and the labels, each way; tables; the colours.
    assert_eq!(reports[0].rounds, 5);
}

/// The bytes of both parties for one more AND and one more product, transfers included.
#[test]
fn ands_and_products_cost_what_they_should() {
    let mut b = builder(SUITES[0]);
    let x = b.input(0, B, Scalar::Bool, 800);
    let and = b.template(and_template());
    b.op(Op::Call(and), &[x, x], B, Scalar::Bool, 800);
    let y = b.input(0, a(64), u(64), 100);
    b.op(Op::Mul, &[y, y], a(64), u(64), 100);
    let cost = |node: usize| -> u64 {
        let cost = op_cost(&b.program, &b.program.regions[0].nodes[node]);
        cost.sent.iter().chain(&cost.prepared).sum()
    };
    // 8.25 bytes an AND, 1,048 bytes a product.
    assert_eq!((cost(1), cost(3)), (6600, 104_800));
}

/// Who is richer, in shares and in labels: few transfers are base transfers, and everything together stays below 20 kB.
#[test]
fn two_millionaires_send_little() {
    let mut t = TemplateBuilder::new(&[32, 32]);
    let (x, y) = (t.input(0), t.input(1));
    let mut less = Lit::FALSE;
    for (x, y) in x.into_iter().zip(y) {
        // Where the bits differ the upper one decides.
        let (differ, other) = (t.xor(x, y), t.xor(y, less));
        let change = t.and(differ, other);
        less = t.xor(less, change);
    }
    let template = t.finish("less", vec![vec![less]]);
    for domain in [B, Y] {
        let mut b = builder(SUITES[0]);
        let mut x = b.input(0, B, u(32), 1);
        let mut y = b.input(1, B, u(32), 1);
        if domain == Y {
            x = b.op(Op::BooleanToYao, &[x], Y, u(32), 1);
            y = b.op(Op::BooleanToYao, &[y], Y, u(32), 1);
        }
        let less = b.template(template.clone());
        let mut less = b.op(Op::Call(less), &[x, y], domain, Scalar::Bool, 1);
        if domain == Y {
            less = b.op(Op::YaoToBoolean, &[less], B, Scalar::Bool, 1);
        }
        let out = b.output(less, &[0, 1]);
        for (x, y) in [(1_000_000, 1_000_001), (7, 7), (1 << 31, 1), (3, 1 << 31)] {
            let reports = check(&b, &[&[x], &[y]], out, &[Word::from(x < y)]);
            let sent: u64 = reports.iter().map(|r| r.bytes_sent).sum();
            assert!(sent < 20_000, "{domain:?}: {sent} bytes");
        }
    }
}

/// Sixteen parties, a product, a sum of bits and the way back.
#[test]
fn sixteen_parties_compute() {
    let suite = (Suite::Gmw, 16);
    let mut b = builder(suite);
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
    let out = b.output(sum, &all(suite));
    let data: [&[Word]; 4] = [&[3, 200, 255], &[7, 9, 255], &[1, 1, 0], &[1, 0, 1]];
    check(&b, &data, out, &[122, 9, 2]);
}

/// What is made is used, whether by many operations side by side or in loops.
#[test]
fn operations_side_by_side_share_pools() {
    for suite in SUITES {
        let mut b = builder(suite);
        let and = b.template(and_template());
        let add = b.template(sum_template(9, 2));
        let mut outs = Vec::new();
        let mut data = Vec::new();
        for (i, lanes) in [5u64, 70, 1, 129].into_iter().enumerate() {
            let party = i as u32 % suite.1;
            let (x, y) = (b.input(party, B, u(9), lanes), b.input(0, B, u(9), lanes));
            let (f, g) = (
                b.input(party, B, Scalar::Bool, lanes),
                b.input(1, B, Scalar::Bool, lanes),
            );
            let (n, acc) = (b.value(P, u(64), 1), b.value(B, u(9), lanes));
            let body = b.open(&[n, acc]);
            let next = b.op(Op::Call(add), &[acc, y], B, u(9), lanes);
            b.close(&[next]);
            let last = b.value(B, u(9), lanes);
            b.node(
                Op::Loop {
                    count: Some(3),
                    body,
                },
                &[x],
                &[last],
            );
            let both = b.op(Op::Call(and), &[f, g], B, Scalar::Bool, lanes);
            let number = b.op(Op::InjectBit, &[both], a(20), u(20), lanes);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn random_circuits_agree_with_their_evaluation(
        widths in prop::collection::vec(1u32..5, 1..4),
        gates in prop::collection::vec(any::<(bool, u32, u32)>(), 0..60),
        outputs in prop::collection::vec(any::<u32>(), 1..10),
        lanes in prop::sample::select(&LANES[..]),
        seed in any::<u64>(),
        suite in 0usize..5,
    ) {
        let template = random_template(&widths, &gates, &outputs);
        let garbled = suite == SUITES.len();
        let suite = SUITES[suite % SUITES.len()];
        let mut b = builder(suite);
        let args: Vec<_> = widths.iter().enumerate()
            .map(|(i, &w)| b.input(i as u32 % suite.1, B, u(w as u8), lanes))
            .collect();
        let t = b.template(template.clone());
        let domain = if garbled { Y } else { B };
        let args: Vec<_> = if garbled {
            args.iter().zip(&widths)
                .map(|(&arg, &w)| b.op(Op::BooleanToYao, &[arg], Y, u(w as u8), lanes))
                .collect()
        } else {
            args
        };
        let results: Vec<_> = template.outputs.iter().map(|o| b.value(domain, u(o.len() as u8), lanes)).collect();
        b.node(Op::Call(t), &args, &results);
        let outs: Vec<_> = results.iter().zip(&template.outputs).map(|(&r, o)| {
            let r = if garbled { b.op(Op::YaoToBoolean, &[r], B, u(o.len() as u8), lanes) } else { r };
            b.output(r, &all(suite))
        }).collect();
        let data: Vec<Vec<Word>> = widths.iter().enumerate().map(|(i, &w)| words(seed ^ i as u64, w, lanes)).collect();
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
        let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
        for id in outs {
            check(&b, &data, id, &expected[&id]);
        }
    }
}
