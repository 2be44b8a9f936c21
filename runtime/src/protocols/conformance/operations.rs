//! One operation at a time against its clear meaning and its cost: inputs, outputs, arithmetic, what moves lanes.

use smpcc_circuit::program::Op;
use smpcc_circuit::value::{Scalar, Word, mask};

use super::templates::and_template;
use super::{B, LANES, P, Setting, Y, check, one_of_each, settings, zip};
use crate::engine::testing::{a, u, words};

#[test]
fn inputs_come_out_at_their_receivers() {
    const SHAPES: [(u8, u64); 6] = [(1, 65), (3, 64), (31, 1), (64, 1000), (65, 3), (128, 63)];
    for (k, setting) in settings().enumerate() {
        let (n, last) = (setting.n, setting.last());
        let all = [
            vec![0],
            vec![1],
            vec![last],
            vec![0, last],
            setting.everyone(),
        ];
        for (i, receivers) in all.into_iter().enumerate() {
            // Where there are many parties, some of the shapes.
            let step = if n > 5 { 4 } else { 1 };
            for (width, lanes) in SHAPES
                .into_iter()
                .cycle()
                .skip(i + k)
                .step_by(step)
                .take(6 / step)
            {
                let domains = [P, a(width), a(128), B].into_iter();
                for domain in domains.filter(|d| *d == P || setting.offers(*d)) {
                    let mut b = setting.builder();
                    let x = b.input((7 * i as u32 + 1) % n, domain, u(width), lanes);
                    let opened = match domain == a(128) && width < 128 {
                        // Only a ring of the value's width may be opened.
                        true => b.op(Op::LowerRing, &[x], a(width), u(width), lanes),
                        false => x,
                    };
                    let out = b.output(opened, &receivers);
                    let x = words(i as u64 + 1, width.into(), lanes);
                    check(&b, &[&x], out, &x);
                }
            }
        }
    }
}

#[test]
fn inputs_in_wider_rings_keep_their_sign() {
    for setting in settings().filter(|s| s.offers(a(100))) {
        let mut b = setting.builder();
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
        check(
            &b,
            &[&[0xff, 0x80], &[0xfe, 0x80]],
            out,
            &[minus(3), minus(256)],
        );
    }
}

/// In the ring of the width and in a wider one; some widths in one program, since each run makes its set-up anew.
#[test]
fn products_at_every_width() {
    let all: Vec<u8> = (1..=128).collect();
    for (i, widths) in all.chunks(4).enumerate() {
        for setting in one_of_each(i as u64) {
            products_at(setting, widths);
        }
    }
}

fn products_at(setting: Setting, widths: &[u8]) {
    let mut b = setting.builder();
    let (mut data, mut due) = (Vec::new(), Vec::new());
    for &width in widths {
        for ring in [width, width + (128 - width) / 3] {
            // Where products take long, fewer of them.
            let many = ring > width && setting.products < 1000 && width % 4 > 0;
            if many || !setting.offers(a(ring)) {
                continue;
            }
            let lanes = setting.lanes(LANES[usize::from(width) % LANES.len()], ring);
            let x = b.input(u32::from(width) % setting.n, a(ring), u(width), lanes);
            let y = b.input(1, a(ring), u(width), lanes);
            let p = b.op(Op::Mul, &[x, y], a(ring), u(ring), lanes);
            let opened = b.op(Op::Reveal, &[p], P, u(ring), lanes);
            let all = b.output(p, &setting.everyone());
            let known = b.output(opened, &[1]);
            let (mut x, mut y) = (words(1, width.into(), lanes), words(2, width.into(), lanes));
            (x[0], y[0]) = (mask(width.into()), mask(width.into()));
            let expected = zip(&x, &y, ring.into(), Word::wrapping_mul);
            data.extend([x, y]);
            due.push((all, known, expected));
        }
    }
    let data: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let Some((all, _, expected)) = due.first() else {
        return;
    };
    let reports = check(&b, &data, *all, expected);
    for (all, known, expected) in &due {
        for report in &reports {
            assert_eq!(report.output(*all).as_ref(), Some(expected));
        }
        assert_eq!(reports[1].output(*known).as_ref(), Some(expected));
        assert_eq!(reports[0].output(*known).as_ref(), None);
    }
}

#[test]
fn products_of_extreme_values() {
    for setting in settings() {
        let rings = [1u8, 2, 63, 64, 65, 128].into_iter();
        for ring in rings.filter(|r| setting.offers(a(*r))) {
            let m = mask(ring.into());
            let values = [0, 1, m, m >> 1, (m >> 1).wrapping_add(1) & m];
            let x: Vec<Word> = values.iter().flat_map(|&v| [v; 5]).collect();
            let y: Vec<Word> = values.repeat(5);
            let mut b = setting.builder();
            let xs = b.input(0, a(ring), u(ring), 25);
            let ys = b.input(setting.last(), a(ring), u(ring), 25);
            let p = b.op(Op::Mul, &[xs, ys], a(ring), u(ring), 25);
            let p = b.op(Op::Mul, &[p, ys], a(ring), u(ring), 25);
            let out = b.output(p, &[1]);
            let expected = zip(&x, &y, ring.into(), |x, y| {
                x.wrapping_mul(y).wrapping_mul(y)
            });
            check(&b, &[&x, &y], out, &expected);
        }
    }
}

#[test]
fn sums_of_products() {
    const SHAPES: [(u8, u64, u64); 7] = [
        (64, 1, 100),
        (64, 1, 1000),
        (32, 5, 13),
        (128, 65, 3),
        (7, 3, 1),
        (64, 20_000, 2),
        (64, 70_000, 2),
    ];
    for setting in settings() {
        for (ring, segments, run) in SHAPES {
            let lanes = segments * run;
            if setting.lanes(lanes, ring) < lanes || !setting.offers(a(ring)) {
                continue;
            }
            let mut b = setting.builder();
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let dot = b.op(Op::Dot { segments }, &[x, y], a(ring), u(ring), segments);
            let out = b.output(dot, &setting.everyone());
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
    for setting in settings() {
        let shapes = [(5, 66), (64, 6), (90, 12)].into_iter();
        for (ring, lanes) in shapes.filter(|(ring, _)| setting.offers(a(*ring))) {
            let m = mask(ring.into());
            let mut b = setting.builder();
            let x = b.input(0, a(ring), u(ring), lanes);
            let y = b.input(1, a(ring), u(ring), lanes);
            let z = b.input(setting.last(), P, u(ring), lanes);
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
            let running = b.op(Op::RunningSums, &[sums], a(ring), u(ring), segments);
            let running = b.output(running, &[0]);
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
            let reports = check(&b, &[&x, &y, &z], sums, &expected);
            let mut sum: Word = 0;
            let up_to_each = expected.iter().map(|&w| {
                sum = sum.wrapping_add(w) & m;
                sum
            });
            assert_eq!(reports[0].output(running), Some(up_to_each.collect()));
            let expected: Vec<Word> = expected.iter().map(|w| w & 7).collect();
            assert_eq!(reports[0].output(low).as_ref(), Some(&expected));
        }
    }
}

#[test]
fn lanes_move_by_public_indices() {
    for setting in settings() {
        for domain in [a(37), B, Y].into_iter().filter(|d| setting.offers(*d)) {
            let mut b = setting.builder();
            let entry = if domain == Y { B } else { domain };
            let mut x = b.input(0, entry, u(37), 12);
            let mut y = b.input(1, entry, u(37), 6);
            if domain == Y {
                x = b.op(Op::BooleanToYao, &[x], Y, u(37), 12);
                y = b.op(Op::BooleanToYao, &[y], Y, u(37), 6);
            }
            let i = b.input(setting.last(), P, u(64), 2);
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
fn empty_vectors_take_no_round() {
    for setting in settings() {
        let mut b = setting.builder();
        let bits = b.input(1, B, Scalar::Bool, 0);
        let and = b.template(and_template());
        let bits = b.op(Op::Call(and), &[bits, bits], B, Scalar::Bool, 0);
        let mut data: Vec<&[Word]> = vec![&[]];
        let mut all = bits;
        if setting.adds() {
            let x = b.input(0, a(64), u(64), 0);
            let y = b.op(Op::Mul, &[x, x], a(64), u(64), 0);
            let z = b.op(Op::Dot { segments: 0 }, &[y, x], a(64), u(64), 0);
            let more = b.op(Op::InjectBit, &[bits], a(64), u(64), 0);
            all = b.op(Op::Concat, &[z, more], a(64), u(64), 0);
            data.push(&[]);
        }
        let out = b.output(all, &setting.everyone());
        let reports = check(&b, &data, out, &[]);
        assert_eq!(reports[0].rounds, 0, "{setting:?}");
    }
}
