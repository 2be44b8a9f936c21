//! Every circuit against the meaning of its operation, which `smpcc_circuit::float` holds to the machine; and what they cost.

use super::super::tests::evaluate;
use super::super::{Objective, template};
use smpcc_circuit::float::cases::{random, special};
use smpcc_circuit::float::{FloatOp, Format, Subnormals};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::template::{Builder, Lit, Template};
use smpcc_circuit::value::{Scalar, Word, mask};

const FORMATS: [Scalar; 2] = [Scalar::unsigned(32), Scalar::unsigned(64)];
const OBJECTIVES: [Objective; 3] = [Objective::Size, Objective::Balanced, Objective::Depth];

/// The operations whose operands are floats of the result's format or compared.
fn between_floats() -> impl Iterator<Item = (FloatOp, Subnormals)> {
    use FloatOp::*;
    WordOp::ALL.into_iter().filter_map(|op| match op {
        WordOp::Float(Convert | FromInt | ToInt | ToNearest, _) => None,
        WordOp::Float(op, subnormals) => Some((op, subnormals)),
        _ => None,
    })
}

fn result(op: FloatOp, from: Scalar) -> Scalar {
    match op {
        FloatOp::Eq | FloatOp::Lt | FloatOp::Le => Scalar::Bool,
        _ => from,
    }
}

fn build(
    op: FloatOp,
    subnormals: Subnormals,
    from: Scalar,
    to: Scalar,
    objective: Objective,
) -> Template {
    let op = WordOp::Float(op, subnormals);
    template(op, from, to, &vec![from.width(); op.arity()], objective)
}

fn compare(
    circuit: &Template,
    op: FloatOp,
    subnormals: Subnormals,
    (from, to): (Scalar, Scalar),
    lanes: &[Vec<Word>],
) {
    for (args, got) in lanes.iter().zip(evaluate(circuit, lanes)) {
        let expected = op.eval(subnormals, from, to, args);
        assert_eq!(
            got,
            [expected],
            "{op:?} {subnormals:?} {from} -> {to} of {args:x?}: {:x}, not {expected:x}",
            got[0]
        );
    }
}

fn some(mix: &mut SplitMix, format: Format, arity: usize, n: usize) -> Vec<Vec<Word>> {
    (0..n)
        .map(|i| {
            // Any patterns at all, now and then.
            if i % 16 == 0 {
                return (0..arity)
                    .map(|_| {
                        let word = mix.word() & mask(format.width);
                        match mix.draw() % 3 {
                            0 => word | format.infinity(),
                            1 => word & !format.infinity(),
                            _ => word,
                        }
                    })
                    .collect();
            }
            let mut args = vec![random(mix, format, None)];
            while args.len() < arity {
                let near = args[(mix.draw() % args.len() as u64) as usize];
                args.push(random(mix, format, Some(near)));
            }
            args
        })
        .collect()
}

#[test]
fn circuits_on_floats_compute_what_the_operations_mean() {
    let mut mix = SplitMix::new(81);
    for from in FORMATS {
        let format = Format::of(from);
        let words = special(format);
        for (op, subnormals) in between_floats() {
            let arity = WordOp::Float(op, subnormals).arity();
            let mut lanes: Vec<Vec<Word>> = match arity {
                1 => words.iter().map(|&a| vec![a]).collect(),
                2 => {
                    let pairs = words
                        .iter()
                        .flat_map(|&a| words.iter().map(move |&b| vec![a, b]));
                    pairs.collect()
                }
                _ => (0..6000)
                    .map(|_| (0..arity).map(|_| mix.of(&words)).collect())
                    .collect(),
            };
            lanes.extend(some(&mut mix, format, arity, 4000));
            for objective in OBJECTIVES {
                let circuit = build(op, subnormals, from, result(op, from), objective);
                compare(&circuit, op, subnormals, (from, result(op, from)), &lanes);
            }
        }
    }
}

#[test]
fn conversions_of_floats_mean_the_same_as_circuits() {
    let mut mix = SplitMix::new(82);
    for from in FORMATS {
        let format = Format::of(from);
        let mut lanes: Vec<Vec<Word>> = special(format).iter().map(|&a| vec![a]).collect();
        lanes.extend(some(&mut mix, format, 1, 2000));
        for to in FORMATS {
            for subnormals in [Subnormals::Kept, Subnormals::Flushed] {
                for objective in OBJECTIVES {
                    let circuit = build(FloatOp::Convert, subnormals, from, to, objective);
                    compare(&circuit, FloatOp::Convert, subnormals, (from, to), &lanes);
                }
            }
        }
    }
}

/// An operation with a second operand that is constant, or is not.
fn scaled(
    op: FloatOp,
    (from, to): (Scalar, Scalar),
    amount: Option<Word>,
    objective: Objective,
) -> Template {
    let mut b = Builder::new(&[from.width(), 8]);
    let by = match amount {
        Some(amount) => (0..16).map(|i| Lit::from(amount >> i & 1 == 1)).collect(),
        None => b.input(1),
    };
    let args = [b.input(0), by];
    let op = WordOp::Float(op, Subnormals::Kept);
    let out = super::super::word_op(&mut b, op, from, to, &args, objective);
    b.finish("scaled", vec![out])
}

#[test]
fn scaled_conversions_mean_the_same_as_circuits() {
    let mut mix = SplitMix::new(83);
    for width in [
        1, 2, 5, 8, 16, 23, 24, 25, 26, 31, 32, 33, 53, 54, 64, 100, 127, 128,
    ] {
        let ints = [Scalar::unsigned(width), Scalar::signed(width.max(2))];
        for (int, float) in ints
            .into_iter()
            .flat_map(|int| FORMATS.map(|float| (int, float)))
        {
            for amount in [
                None,
                Some(0),
                Some(1),
                Some(16),
                Some(126),
                Some(127),
                Some(1030),
                Some(9999),
            ] {
                let objective = mix.of(&OBJECTIVES);
                let by = |mix: &mut SplitMix| amount.unwrap_or(Word::from(mix.draw() & 255));
                let lanes: Vec<Vec<Word>> = (0..300)
                    .map(|_| {
                        let word = mix.word() >> (mix.draw() % 128) & int.mask();
                        let run = mask((mix.draw() % u64::from(int.width())) as u32);
                        vec![word ^ run, by(&mut mix)]
                    })
                    .collect();
                let circuit = scaled(FloatOp::FromInt, (int, float), amount, objective);
                compare(
                    &circuit,
                    FloatOp::FromInt,
                    Subnormals::Kept,
                    (int, float),
                    &lanes,
                );

                let format = Format::of(float);
                let words = special(format);
                let one = Word::from(format.bias()) << format.fraction;
                let lanes: Vec<Vec<Word>> = (0..400)
                    .map(|i| {
                        let word = match i % 4 {
                            0 => mix.of(&words),
                            1 => random(&mut mix, format, None),
                            _ => {
                                let by = amount.unwrap_or(128);
                                let exponent = Word::from(mix.draw() % (u64::from(width) + 4));
                                let exponent = (one >> format.fraction) + exponent;
                                let exponent = exponent.saturating_sub(by.min(2000) + 2);
                                exponent << format.fraction
                                    | mix.word()
                                        & (mask(format.fraction) | 1 << (format.width - 1))
                                        & !mask((mix.draw() % u64::from(format.fraction)) as u32)
                            }
                        };
                        vec![word, by(&mut mix)]
                    })
                    .collect();
                for op in [FloatOp::ToInt, FloatOp::ToNearest] {
                    let circuit = scaled(op, (float, int), amount, objective);
                    compare(&circuit, op, Subnormals::Kept, (float, int), &lanes);
                }
            }
        }
    }
}

/// What circuits of an operation cost: ANDs in the size form, and ANDs and levels in the depth form.
#[test]
fn circuits_on_floats_cost_so_much() {
    use FloatOp::*;
    use Subnormals::{Flushed, Kept};
    let costs = |op, subnormals, from| {
        let cost = |objective| {
            let circuit = build(op, subnormals, from, result(op, from), objective);
            (circuit.n_and(), circuit.and_depth())
        };
        (cost(Objective::Size).0, cost(Objective::Depth))
    };
    for (op, subnormals, single, double) in [
        (Add, Flushed, (511, (740, 53)), (1122, (1531, 66))),
        (Add, Kept, (555, (739, 61)), (1203, (1573, 77))),
        (Mul, Flushed, (824, (1032, 26)), (2982, (3684, 31))),
        (Mul, Kept, (1149, (1408, 54)), (3775, (4548, 68))),
        (Div, Flushed, (836, (6049, 71)), (3302, (30206, 96))),
        (Div, Kept, (1260, (6515, 95)), (4364, (31283, 128))),
        (Sqrt, Flushed, (401, (1023, 101)), (1619, (5377, 269))),
        (Sqrt, Kept, (518, (1159, 117)), (1933, (5719, 291))),
        (MulAdd, Flushed, (2104, (2664, 78)), (6023, (7622, 94))),
        (MulAdd, Kept, (2408, (2998, 107)), (6765, (8366, 132))),
        (Neg, Kept, (8, (8, 4)), (11, (11, 4))),
        (Min, Kept, (82, (116, 9)), (152, (225, 10))),
        (Eq, Kept, (71, (71, 7)), (138, (138, 8))),
        (Lt, Kept, (81, (115, 13)), (151, (224, 15))),
        (Floor, Kept, (162, (244, 18)), (325, (540, 22))),
        (Round, Kept, (114, (196, 17)), (219, (441, 21))),
        (Trunc, Kept, (77, (82, 12)), (147, (153, 15))),
    ] {
        let got = FORMATS.map(|from| costs(op, subnormals, from));
        assert_eq!(got, [single, double], "{op:?} {subnormals:?}");
    }
}
