//! Multi-operand sums, sums of products and widened products against the integers, and what they cost.

use super::*;

const BOTH: [Objective; 2] = [Objective::Size, Objective::Depth];

/// The integer that a term of these bits adds, mod 2^128.
fn value(word: Word, width: u32, signed: bool, negated: bool, shift: u32) -> Word {
    let extended = if signed {
        Scalar::signed(width as u8).extend(word)
    } else {
        word
    };
    let shifted = extended.checked_shl(shift).unwrap_or(0);
    if negated {
        shifted.wrapping_neg()
    } else {
        shifted
    }
}

#[test]
fn sums_of_all_kinds_of_terms() {
    let mut values = Values::new(6);
    for round in 0..120 {
        let n = 1 + round % 9;
        let width = 1 + (values.next() % 100) as u32;
        let kinds: Vec<(u32, bool, bool, u32)> = (0..n)
            .map(|_| {
                let bits = 2 + (values.next() % 40) as u32;
                let flags = values.next();
                (
                    bits,
                    flags & 1 == 1,
                    flags & 2 == 2,
                    (flags >> 8) as u32 % 12,
                )
            })
            .collect();
        let operands: Vec<u32> = kinds.iter().map(|k| k.0).collect();
        let lanes = random(&mut values, &operands, 64);
        for objective in BOTH {
            let mut b = Builder::new(&operands);
            let terms: Vec<Term> = kinds
                .iter()
                .enumerate()
                .map(|(i, &(_, signed, negated, shift))| Term {
                    bits: b.input(i),
                    signed,
                    negated,
                    shift,
                })
                .collect();
            let out = sum(&mut b, &terms, width, objective);
            let circuit = b.finish("sum", vec![out]);
            for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                let expected = lane.iter().zip(&kinds).fold(0, |sum: Word, (&x, k)| {
                    sum.wrapping_add(value(x, k.0, k.1, k.2, k.3))
                });
                assert_eq!(got, [expected & mask(width)], "{kinds:?}");
            }
        }
    }
}

#[test]
fn sums_of_products_and_squares() {
    let mut values = Values::new(7);
    for width in [1, 2, 5, 8, 16, 33, 64] {
        let operands = [width; 5];
        let lanes = random(&mut values, &operands, 64);
        for objective in BOTH {
            let mut b = Builder::new(&operands);
            let x: Vec<Vec<Lit>> = (0..5).map(|i| b.input(i)).collect();
            let products = [
                (x[0].clone(), x[1].clone(), false),
                (x[2].clone(), x[2].clone(), true),
                (x[3].clone(), x[0].clone(), true),
            ];
            let terms = [Term::unsigned(x[4].clone())];
            let out = product_sum(&mut b, &products, &terms, width, objective);
            let circuit = b.finish("fma", vec![out]);
            for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                let product = |i: usize, j: usize| lane[i].wrapping_mul(lane[j]);
                let expected = product(0, 1)
                    .wrapping_sub(product(2, 2))
                    .wrapping_sub(product(3, 0))
                    .wrapping_add(lane[4]);
                assert_eq!(got, [expected & mask(width)]);
            }
        }
    }
}

/// Factors: two words, a word twice, a word and a constant.
#[test]
fn rows_of_a_product_add_up_to_it() {
    let mut values = Values::new(17);
    for n in (1..=12).chain([31, 48, 64]) {
        let lanes = if n <= 4 {
            exhaustive(&[n, n])
        } else {
            random(&mut values, &[n, n], 128)
        };
        for factors in 0..3 {
            let mut b = Builder::new(&[n, n]);
            let x = b.input(0);
            let y = match factors {
                0 => b.input(1),
                1 => x.clone(),
                _ => (0..n).map(|i| Lit::from(13u64 >> i & 1 == 1)).collect(),
            };
            let rows = product_rows(&mut b, &x, &y);
            assert!(rows.len() <= 3);
            let out = sum(&mut b, &rows, n, Objective::Depth);
            let circuit = b.finish("rows", vec![out]);
            for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                let other = [lane[1], lane[0], 13 & mask(n)][factors];
                assert_eq!(got, [lane[0].wrapping_mul(other) & mask(n)], "{n} bits");
            }
        }
    }
}

/// The product of two operands of `n` bits in `2n`, both extended first; or the square of the first.
fn widened(n: u32, signed: bool, square: bool, objective: Objective) -> Template {
    let (narrow, wide) = if signed {
        (Scalar::signed(n as u8), Scalar::signed(2 * n as u8))
    } else {
        (Scalar::unsigned(n as u8), Scalar::unsigned(2 * n as u8))
    };
    let mut b = Builder::new(&[n, n]);
    let args: Vec<Vec<Lit>> = [0, usize::from(!square)]
        .into_iter()
        .map(|i| {
            let bits = b.input(i);
            word_op(&mut b, WordOp::Cast, narrow, wide, &[bits], objective)
        })
        .collect();
    let out = word_op(&mut b, WordOp::Mul, wide, wide, &args, objective);
    b.finish("widened", vec![out])
}

#[test]
fn widened_products_and_squares() {
    let mut values = Values::new(8);
    for n in (1..=24).chain([31, 32, 33, 48, 63, 64]) {
        for signed in [false, true] {
            for square in [false, true] {
                if signed && n < 2 {
                    continue;
                }
                let lanes = if n <= 4 {
                    exhaustive(&[n, n])
                } else {
                    random(&mut values, &[n, n], 128)
                };
                for objective in BOTH {
                    let circuit = widened(n, signed, square, objective);
                    for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                        let x = value(lane[0], n, signed, false, 0);
                        let y = value(lane[usize::from(!square)], n, signed, false, 0);
                        assert_eq!(got, [x.wrapping_mul(y) & mask(2 * n)]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_word_times_itself_or_a_constant() {
    let mut values = Values::new(9);
    for n in 1..=64u32 {
        let ty = Scalar::unsigned(n as u8);
        let constant = values.word(n);
        let lanes = random(&mut values, &[n], 64);
        for objective in BOTH {
            let mut b = Builder::new(&[n]);
            let x = b.input(0);
            let c: Vec<Lit> = (0..n).map(|i| Lit::from(constant >> i & 1 == 1)).collect();
            let square = word_op(
                &mut b,
                WordOp::Mul,
                ty,
                ty,
                &[x.clone(), x.clone()],
                objective,
            );
            let scaled = word_op(&mut b, WordOp::Mul, ty, ty, &[c, x], objective);
            let circuit = b.finish("square", vec![square, scaled]);
            for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                let x = lane[0];
                let expected = [x.wrapping_mul(x), x.wrapping_mul(constant)];
                assert_eq!(got, expected.map(|word| word & mask(n)));
            }
        }
    }
}

#[test]
fn carry_save_rows_have_the_sum_of_what_went_in() {
    let mut values = Values::new(10);
    for n in 1..=20usize {
        let operands = vec![16; n];
        let mut b = Builder::new(&operands);
        let rows: Vec<Vec<Lit>> = (0..n).map(|i| b.input(i)).collect();
        let out = csa(&mut b, &rows);
        let circuit = b.finish("csa", out);
        let levels = (n.max(2) - 1).next_power_of_two().trailing_zeros();
        assert_eq!(circuit.and_depth(), levels);
        let lanes = random(&mut values, &operands, 64);
        for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
            assert_eq!(got.len(), 2);
            assert_eq!(
                (got[0] + got[1]) & mask(16),
                lane.iter().sum::<Word>() & mask(16)
            );
        }
    }
}

#[test]
fn deadlines_trade_levels_for_ands() {
    let mut costs = Vec::new();
    for by in 5..=31 {
        let mut b = Builder::new(&[32, 32]);
        let (x, y) = (b.input(0), b.input(1));
        let out = add_by(&mut b, &x, &y, by);
        let circuit = b.finish("add", vec![out]);
        assert!(circuit.and_depth() <= by);
        costs.push(circuit.n_and());
        let mut values = Values::new(11);
        let lanes = random(&mut values, &[32, 32], 128);
        for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
            assert_eq!(got, [(lane[0] + lane[1]) & mask(32)]);
        }
    }
    assert!(costs.is_sorted_by(|a, b| a >= b), "{costs:?}");
    assert_eq!(costs.last(), Some(&31));
    assert!(
        costs[1] <= 109 && costs[2] <= 92 && costs[3] <= 82,
        "{costs:?}"
    );
    let mut b = Builder::new(&[32, 32]);
    let (x, y) = (b.input(0), b.input(1));
    let out = less_than_by(&mut b, &x, &y, false, 8);
    let circuit = b.finish("less", vec![vec![out]]);
    assert!(circuit.n_and() <= 60 && circuit.and_depth() <= 8);
}

#[test]
fn costs_are_as_promised() {
    let cost = |n, square, objective| {
        let circuit = widened(n, false, square, objective);
        (circuit.n_and(), circuit.and_depth())
    };
    use Objective::{Depth, Size};
    assert_eq!(cost(32, false, Size), (1080, 64));
    assert_eq!(cost(64, false, Size), (3590, 144));
    assert_eq!(cost(32, false, Depth), (1296, 11));
    assert_eq!(cost(64, false, Depth), (4713, 13));
    assert_eq!(cost(32, true, Size), (541, 62));
    assert_eq!(cost(64, true, Size), (2109, 126));
    assert_eq!(cost(32, true, Depth), (728, 10));
    assert_eq!(cost(64, true, Depth), (2557, 12));
    let square = |n: u32, objective| {
        let mut b = Builder::new(&[n]);
        let x = b.input(0);
        let ty = Scalar::unsigned(n as u8);
        let args = [x.clone(), x];
        let out = word_op(&mut b, WordOp::Mul, ty, ty, &args, objective);
        let circuit = b.finish("square", vec![out]);
        (circuit.n_and(), circuit.and_depth())
    };
    assert_eq!(square(32, Size), (254, 30));
    assert_eq!(square(64, Size), (1022, 62));
    assert_eq!(square(32, Depth), (318, 9));
    assert_eq!(square(64, Depth), (1187, 11));
}
