//! Every operation against [`WordOp::eval`]: exhaustively at small widths, on random and extreme values at all widths; and
//! the exact sizes and depths that the compiler promises.

use super::*;
use smpcc_circuit::float::FloatOp;
use smpcc_circuit::gate::Rule;

fn result_type(op: WordOp, from: Scalar) -> Scalar {
    match op {
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => Scalar::Bool,
        WordOp::Float(FloatOp::Eq | FloatOp::Lt | FloatOp::Le, _) => Scalar::Bool,
        _ => from,
    }
}

fn check(op: WordOp, from: Scalar, to: Scalar, widths: &[u32], lanes: &[Vec<Word>]) {
    let width = from.width();
    let middle = width <= 5 || width.is_multiple_of(16);
    let objectives = [Objective::Size, Objective::Depth].into_iter();
    for objective in objectives.chain(middle.then_some(Objective::Balanced)) {
        let template = template(op, from, to, widths, objective);
        for (args, got) in lanes.iter().zip(evaluate(&template, lanes)) {
            let expected = op.eval(from, to, args);
            assert_eq!(
                got,
                [expected],
                "{} {from} -> {to} {objective:?} on {args:?}",
                op.name()
            );
        }
    }
}

fn types(width: u8) -> Vec<Scalar> {
    let mut types = vec![Scalar::unsigned(width)];
    if width > 1 {
        types.push(Scalar::signed(width));
    }
    types
}

fn applies(op: WordOp, from: Scalar) -> bool {
    match op.rule() {
        Rule::Unsigned => !from.is_signed(),
        Rule::Byte => from == Scalar::unsigned(8),
        Rule::Float | Rule::FloatCompare => [32, 64].map(Scalar::unsigned).contains(&from),
        // Their types differ: they have tests of their own.
        Rule::FloatConvert | Rule::FloatFrom | Rule::FloatTo => false,
        Rule::Integer | Rule::Bits | Rule::Compare | Rule::Shift | Rule::Select | Rule::Cast => {
            true
        }
    }
}

#[test]
fn every_operation_exhaustively_at_small_widths() {
    for width in 1..=5u8 {
        for from in types(width) {
            for op in WordOp::ALL.into_iter().filter(|&op| applies(op, from)) {
                let widths = operand_widths(op, from);
                check(
                    op,
                    from,
                    result_type(op, from),
                    &widths,
                    &exhaustive(&widths),
                );
            }
        }
    }
}

#[test]
fn shifts_by_amounts_of_other_widths() {
    for width in 1..=9u8 {
        for amount in 1..=6 {
            for from in types(width) {
                for op in [WordOp::Shl, WordOp::Shr, WordOp::RotL, WordOp::RotR] {
                    let widths = [u32::from(width), amount];
                    if u32::from(width) + amount <= 12 {
                        check(op, from, from, &widths, &exhaustive(&widths));
                    }
                }
            }
        }
    }
}

#[test]
fn casts_between_small_types() {
    for a in 1..=5 {
        for b in 1..=6 {
            for from in types(a) {
                for to in types(b) {
                    let widths = [u32::from(a)];
                    check(WordOp::Cast, from, to, &widths, &exhaustive(&widths));
                }
            }
        }
    }
}

#[test]
fn every_operation_on_random_and_extreme_values_at_all_widths() {
    let mut values = Values::new(1);
    for width in 1..=128u8 {
        for from in types(width) {
            for op in WordOp::ALL.into_iter().filter(|&op| applies(op, from)) {
                let widths = operand_widths(op, from);
                let lanes = random(&mut values, &widths, 64);
                check(op, from, result_type(op, from), &widths, &lanes);
            }
        }
    }
}

fn cost(op: WordOp, from: Scalar, objective: Objective) -> (u64, u32) {
    let widths = operand_widths(op, from);
    let t = template(op, from, result_type(op, from), &widths, objective);
    (t.n_and(), t.and_depth())
}

#[test]
fn known_lower_bounds_are_met_at_every_width() {
    for width in 1..=128u8 {
        let n = u64::from(width);
        for from in types(width) {
            let size = |op| cost(op, from, Objective::Size).0;
            assert_eq!(size(WordOp::Add), n - 1);
            assert_eq!(size(WordOp::Sub), n - 1);
            assert_eq!(size(WordOp::Neg), n.saturating_sub(2));
            assert_eq!(size(WordOp::Lt), n);
            assert_eq!(size(WordOp::Le), n);
            assert_eq!(size(WordOp::Select), n);
            assert_eq!(size(WordOp::CountOnes), n - u64::from(width.count_ones()));
            for objective in [Objective::Size, Objective::Depth] {
                let levels = n.next_power_of_two().trailing_zeros();
                assert_eq!(cost(WordOp::Eq, from, objective), (n - 1, levels));
                assert_eq!(cost(WordOp::Add, from, Objective::Depth).1, levels);
            }
        }
    }
}

#[test]
fn sizes_and_depths_are_as_promised() {
    use WordOp::*;
    type Row = (WordOp, bool, [(u64, u32); 4]);
    let table: [Row; 16] = [
        // Operation, signed, then size form and depth form at 32 bits and at 64 bits.
        (Add, false, [(31, 31), (134, 5), (63, 63), (318, 6)]),
        (Sub, true, [(31, 31), (134, 5), (63, 63), (318, 6)]),
        (Neg, true, [(30, 30), (70, 5), (62, 62), (169, 6)]),
        (Abs, true, [(31, 31), (75, 5), (63, 63), (175, 6)]),
        (Lt, false, [(32, 32), (66, 6), (64, 64), (137, 7)]),
        (Lt, true, [(32, 32), (66, 6), (64, 64), (137, 7)]),
        (Eq, false, [(31, 5), (31, 5), (63, 6), (63, 6)]),
        (Min, false, [(64, 33), (98, 7), (128, 65), (201, 8)]),
        (Max, true, [(64, 33), (98, 7), (128, 65), (201, 8)]),
        (Select, false, [(32, 1), (32, 1), (64, 1), (64, 1)]),
        (RotL, false, [(144, 5), (144, 5), (352, 6), (352, 6)]),
        (RotR, true, [(144, 5), (144, 5), (352, 6), (352, 6)]),
        (CountOnes, false, [(31, 5), (31, 5), (63, 6), (63, 6)]),
        (Mul, false, [(558, 32), (612, 10), (2142, 64), (2281, 12)]),
        (Mul, true, [(558, 32), (612, 10), (2142, 64), (2281, 12)]),
        (Shl, false, [(208, 6), (208, 6), (480, 7), (480, 7)]),
    ];
    for (op, signed, expected) in table {
        let at = |width, objective| {
            let from = if signed {
                Scalar::signed(width)
            } else {
                Scalar::unsigned(width)
            };
            cost(op, from, objective)
        };
        let got = [
            at(32, Objective::Size),
            at(32, Objective::Depth),
            at(64, Objective::Size),
            at(64, Objective::Depth),
        ];
        assert_eq!(got, expected, "{}, signed: {signed}", op.name());
    }
    let mut others = Vec::new();
    for (op, signed, small, large) in [
        (Div, false, (4250, 51), (16228, 70)),
        (Rem, false, (4365, 52), (16493, 71)),
        (Div, true, (4398, 56), (16571, 76)),
        (Rem, true, (4570, 62), (16967, 83)),
    ] {
        for (width, expected) in [(32, small), (64, large)] {
            let from = if signed {
                Scalar::signed(width)
            } else {
                Scalar::unsigned(width)
            };
            let found = cost(op, from, Objective::Depth);
            if found != expected {
                others.push((op.name(), from, found));
            }
        }
    }
    assert!(others.is_empty(), "{others:?}");
    for (op, signed, small, large) in [
        (Div, false, 830, 3198),
        (Div, true, 923, 3387),
        (Rem, false, 893, 3325),
        (Isqrt, false, 136, 528),
    ] {
        for (width, expected) in [(32, small), (64, large)] {
            let from = if signed {
                Scalar::signed(width)
            } else {
                Scalar::unsigned(width)
            };
            assert_eq!(
                cost(op, from, Objective::Size).0,
                expected,
                "{} {from}",
                op.name()
            );
        }
    }
}

#[test]
fn there_are_points_between_the_forms() {
    use WordOp::*;
    let mut bounds = vec![
        (Add, 32, (92, 7)),
        (Add, 64, (240, 8)),
        (Lt, 32, (60, 8)),
        (Lt, 64, (128, 9)),
    ];
    bounds.extend([Mul, Div, Rem, Isqrt].map(|op| (op, 32, (u64::MAX, u32::MAX))));
    bounds.extend([Mul, Div, Rem, Isqrt].map(|op| (op, 64, (u64::MAX, u32::MAX))));
    for (op, width, bound) in bounds {
        let at = |objective| cost(op, Scalar::unsigned(width), objective);
        let (size, middle, depth) = (
            at(Objective::Size),
            at(Objective::Balanced),
            at(Objective::Depth),
        );
        let name = op.name();
        assert!(
            middle.0 <= bound.0 && middle.1 <= bound.1,
            "{name} u{width}: {middle:?}"
        );
        assert!(
            size.0 < middle.0 && middle.0 < depth.0,
            "{name} u{width}: {middle:?}"
        );
        assert!(
            depth.1 < middle.1 && middle.1 < size.1,
            "{name} u{width}: {middle:?}"
        );
    }
}

#[test]
fn a_shift_by_an_amount_below_the_width_costs_a_selection_a_stage() {
    for (width, amount, expected) in [(32, 5, (160, 5)), (64, 6, (384, 6))] {
        let from = Scalar::unsigned(width);
        for op in [WordOp::Shl, WordOp::Shr] {
            let t = template(op, from, from, &[u32::from(width), amount], Objective::Size);
            assert!(t.n_and() <= expected.0 && t.and_depth() == expected.1);
        }
    }
}

/// `op` with a constant second operand.
fn with_constant(op: WordOp, from: Scalar, constant: Word, objective: Objective) -> Template {
    let mut b = Builder::new(&[from.width()]);
    let bits = (0..from.width()).map(|i| Lit::from(constant >> i & 1 == 1));
    let args = [b.input(0), bits.collect()];
    let to = result_type(op, from);
    let out = word_op(&mut b, op, from, to, &args, objective);
    b.finish("constant", vec![out])
}

#[test]
fn constant_operands_fold() {
    let mut values = Values::new(12);
    let ops = WordOp::ALL.into_iter().filter(|op| op.arity() == 2);
    for op in ops {
        for width in [1, 2, 3, 4, 5, 8, 13, 32, 64, 127, 128] {
            for from in types(width).into_iter().filter(|&from| applies(op, from)) {
                let n = u32::from(width);
                let constants: Vec<Word> = if n <= 5 {
                    (0..1 << n).collect()
                } else {
                    let small = [0, 1, 2, 3, 7, 10, 12];
                    let random = (0..3).map(|_| values.word(n));
                    small.into_iter().chain(random).collect()
                };
                let lanes = if n <= 5 {
                    exhaustive(&[n])
                } else {
                    random(&mut values, &[n], 64)
                };
                for constant in constants {
                    for objective in [Objective::Size, Objective::Depth] {
                        let circuit = with_constant(op, from, constant, objective);
                        for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                            let args = [lane[0], constant];
                            let expected = op.eval(from, result_type(op, from), &args);
                            assert_eq!(got, [expected], "{} {from} {args:?}", op.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_constant_divisor_costs_little() {
    let cost = |op, constant, objective| {
        let circuit = with_constant(op, Scalar::unsigned(32), constant, objective);
        (circuit.n_and(), circuit.and_depth())
    };
    for (constant, size, depth) in [
        (3, 31, (570, 10)),
        (10, 58, (512, 10)),
        (1000, 138, (491, 9)),
        (1_000_003, 247, (455, 10)),
        (1 << 20, 0, (0, 0)),
    ] {
        assert_eq!(cost(WordOp::Div, constant, Objective::Size).0, size);
        assert_eq!(cost(WordOp::Div, constant, Objective::Depth), depth);
    }
}
