//! Sums of sums: what one carry chain makes of them is what the operations say one by one.

use super::*;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::mask;

/// A word of `width` bits, often near an end.
fn near_an_end(draw: &mut SplitMix, width: u32) -> Word {
    let uniform = draw.word();
    let small = Word::from(draw.below(4));
    let word = match draw.below(4) {
        0 => small,
        1 => small.wrapping_neg(),
        2 => (1 << (width - 1)) ^ small,
        _ => uniform,
    };
    word & mask(width)
}

fn depth_form() -> Options {
    Options {
        local: LocalChoice::Off,
        objective: ObjectiveChoice::Depth,
        ..options(ProtocolChoice::Boolean)
    }
}

fn deep(ir: &Ir) -> Program {
    let options = depth_form();
    let plan = assign(ir, &options).expect("bits do everything");
    written(ir, &plan, &options)
}

const COMPARISONS: [WordOp; 7] = [
    WordOp::Lt,
    WordOp::Le,
    WordOp::Eq,
    WordOp::Ne,
    WordOp::Min,
    WordOp::Max,
    WordOp::Mul,
];

/// A program of `n` steps on operands of `lanes` lanes: mostly sums, each of any values so far.
fn drawn(draw: &mut SplitMix, widths: &[u32], n: u64, lanes: u64) -> Ir {
    let mut b = Builder::new(3);
    let mut known: Vec<(smpcc_circuit::ids::ValueId, Scalar)> = Vec::new();
    let scalar = |draw: &mut SplitMix, widths: &[u32]| {
        let width = draw.of(widths) as u8;
        match draw.below(2) {
            0 if width > 1 => Scalar::signed(width),
            _ => Scalar::unsigned(width),
        }
    };
    for i in 0..3 {
        let ty = scalar(draw, widths);
        known.push((b.input(i, &format!("x{i}"), ty, lanes), ty));
    }
    for _ in 0..n {
        let (x, ty) = draw.of(&known);
        let like = |b: &mut Builder, draw: &mut SplitMix| {
            let (y, from) = draw.of(&known);
            if from == ty { y } else { b.cast(y, ty) }
        };
        let made = match draw.below(14) {
            0..=3 => {
                let y = like(&mut b, draw);
                (b.word(WordOp::Add, &[x, y]), ty)
            }
            4..=6 => {
                let y = like(&mut b, draw);
                (b.word(WordOp::Sub, &[y, x]), ty)
            }
            7 => (b.word(WordOp::Neg, &[x]), ty),
            8 => {
                let to = scalar(draw, widths);
                (b.cast(x, to), to)
            }
            9 => {
                let constant = b.splat(ty, lanes, near_an_end(draw, ty.width()));
                (b.word(WordOp::Add, &[x, constant]), ty)
            }
            10 => {
                let y = like(&mut b, draw);
                (b.word(WordOp::And, &[x, y]), ty)
            }
            _ => {
                let y = like(&mut b, draw);
                match draw.of(&COMPARISONS) {
                    op @ (WordOp::Min | WordOp::Max | WordOp::Mul) => (b.word(op, &[x, y]), ty),
                    op => {
                        let when = b.word(op, &[x, y]);
                        (b.word(WordOp::Select, &[when, x, y]), ty)
                    }
                }
            }
        };
        known.push(made);
    }
    b.output(known[known.len() - 1].0, &[0]);
    for _ in 0..2 {
        b.output(draw.of(&known).0, &[1]);
    }
    b.finish()
}

#[test]
fn drawn_sums_of_any_width_mean_what_their_operations_say() {
    let mut draw = SplitMix::new(1);
    for round in 0..150 {
        let widths = match round % 3 {
            0 => vec![1 + draw.below(128) as u32],
            1 => vec![8, 16, 32],
            _ => (0..3).map(|_| 1 + draw.below(128) as u32).collect(),
        };
        let n = 4 + draw.below(16);
        let ir = drawn(&mut draw, &widths, n, 20);
        crate::ir::verify::verify(&ir).unwrap();
        let inputs: Vec<Vec<Word>> = (ir.inputs.iter())
            .map(|input| {
                (0..20)
                    .map(|_| near_an_end(&mut draw, input.scalar.width()))
                    .collect()
            })
            .collect();
        same(&ir, &inputs, &deep(&ir), &format!("round {round}: {ir}"));
    }
}

#[test]
fn drawn_sums_of_narrow_words_on_all_operands() {
    let mut draw = SplitMix::new(2);
    for round in 0..120 {
        let width = 1 + round % 4;
        let lanes = 1u64 << (3 * width);
        let n = 3 + draw.below(10);
        let ir = drawn(&mut draw, &[width], n, lanes);
        let inputs: Vec<Vec<Word>> = (0..3)
            .map(|i| {
                (0..lanes)
                    .map(|lane| Word::from(lane >> (i * width)) & mask(width))
                    .collect()
            })
            .collect();
        same(&ir, &inputs, &deep(&ir), &format!("round {round}: {ir}"));
    }
}

#[test]
fn comparisons_of_sums_on_all_operands() {
    for width in 2..=4 {
        let lanes = 1u64 << (3 * width);
        for ty in [Scalar::unsigned(width), Scalar::signed(width)] {
            for op in &COMPARISONS[..6] {
                let mut b = Builder::new(3);
                let x: Vec<_> = (0..3)
                    .map(|i| b.input(i, &format!("x{i}"), ty, lanes))
                    .collect();
                let sum = b.word(WordOp::Add, &[x[0], x[1]]);
                let difference = b.word(WordOp::Sub, &[sum, x[2]]);
                let constant = b.splat(ty, lanes, 3);
                let negated = b.word(WordOp::Neg, &[x[1]]);
                let pairs = [
                    (sum, x[2]),
                    (x[0], difference),
                    (difference, negated),
                    (constant, difference),
                    (sum, constant),
                    (sum, sum),
                ];
                for (x, y) in pairs {
                    let out = b.word(*op, &[x, y]);
                    b.output(out, &[0]);
                }
                let ir = b.finish();
                let inputs: Vec<Vec<Word>> = (0..3)
                    .map(|i| {
                        let word = |lane| Word::from(lane >> (i * u64::from(width)));
                        (0..lanes).map(|l| word(l) & mask(width.into())).collect()
                    })
                    .collect();
                same(&ir, &inputs, &deep(&ir), &format!("{op:?} {ty}"));
            }
        }
    }
}
