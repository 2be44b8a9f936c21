//! What is pinned of operations that go through the king, and what parties see. What operations mean and cost is in `conformance`.

use smpcc_circuit::program::{Domain, Op, Suite};
use smpcc_circuit::template::Builder as TemplateBuilder;
use smpcc_circuit::value::{Scalar, Word, mask};

mod views;

use crate::engine::testing::{Builder, a, expect_costs, expect_output, inputs, u, words};

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;

fn bgw((n, t): (u32, u32)) -> Builder {
    Builder::new(Suite::Bgw, n, t)
}

fn everyone(n: u32) -> Vec<u32> {
    (0..n).collect()
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
