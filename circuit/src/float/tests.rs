//! The definition against the machine's own floats, and what flushing makes of it.

use super::cases::{canonical, machine, random, special};
use super::*;
use crate::splitmix::SplitMix;

const FORMATS: [Scalar; 2] = [Scalar::unsigned(32), Scalar::unsigned(64)];

fn check(op: FloatOp, from: Scalar, to: Scalar, args: &[Word]) {
    let got = op.eval(Subnormals::Kept, from, to, args);
    let expected = machine(op, from, to, args);
    assert_eq!(
        got, expected,
        "{op:?} {from} -> {to} of {args:x?}: {got:x}, not {expected:x}"
    );
}

fn between_floats(op: FloatOp) -> bool {
    use FloatOp::*;
    !matches!(op, Convert | FromInt | ToInt | ToNearest)
}

fn result(op: FloatOp, from: Scalar) -> Scalar {
    match op {
        FloatOp::Eq | FloatOp::Lt | FloatOp::Le => Scalar::Bool,
        _ => from,
    }
}

#[test]
fn special_floats_are_computed_as_the_machine_computes() {
    for from in FORMATS {
        let words = special(Format::of(from));
        for op in FloatOp::ALL.into_iter().filter(|&op| between_floats(op)) {
            let to = result(op, from);
            for &a in &words {
                for &b in &words {
                    if op == FloatOp::MulAdd {
                        for &c in words.iter().step_by(3) {
                            check(op, from, to, &[a, b, c]);
                        }
                    } else {
                        check(op, from, to, &[a, b]);
                    }
                }
            }
        }
    }
}

#[test]
fn random_floats_are_computed_as_the_machine_computes() {
    let mut mix = SplitMix::new(71);
    for from in FORMATS {
        let format = Format::of(from);
        for op in FloatOp::ALL.into_iter().filter(|&op| between_floats(op)) {
            for _ in 0..100_000 {
                let a = random(&mut mix, format, None);
                let b = random(&mut mix, format, Some(a));
                let near =
                    [a, b, machine(FloatOp::Mul, from, from, &[a, b])][(mix.draw() % 3) as usize];
                let c = random(&mut mix, format, Some(near));
                check(op, from, result(op, from), &[a, b, c]);
            }
        }
    }
}

#[test]
fn conversions_are_the_machines() {
    let mut mix = SplitMix::new(72);
    for from in FORMATS {
        let format = Format::of(from);
        let mut words = special(format);
        words.extend((0..20_000).map(|_| random(&mut mix, format, None)));
        let one = Word::from(format.bias()) << format.fraction;
        // Numbers of the size of integers.
        words.extend((0..20_000).map(|_| {
            let exponent = Word::from(mix.draw() % 140) << format.fraction;
            let word = (one + exponent) ^ mix.word() & (mask(format.fraction) | format.sign());
            canonical(word, format)
        }));
        for &a in &words {
            for to in FORMATS {
                check(FloatOp::Convert, from, to, &[a]);
            }
            let width = [8, 16, 31, 32, 33, 64, 127, 128][(mix.draw() % 8) as usize];
            let scale = [0, 0, 1, 16, 99][(mix.draw() % 5) as usize];
            for to in [Scalar::unsigned(width), Scalar::signed(width)] {
                check(FloatOp::ToInt, from, to, &[a, scale]);
                check(FloatOp::ToNearest, from, to, &[a, scale]);
            }
        }
        for _ in 0..50_000 {
            let width =
                [1, 8, 16, 24, 25, 31, 32, 33, 53, 54, 64, 127, 128][(mix.draw() % 13) as usize];
            let word = mix.word() >> (mix.draw() % 128) & mask(width.into());
            let word = word ^ mask((mix.draw() % u64::from(width)) as u32);
            let scale = [0, 0, 1, 16, 99][(mix.draw() % 5) as usize];
            check(
                FloatOp::FromInt,
                Scalar::unsigned(width),
                from,
                &[word, scale],
            );
            check(
                FloatOp::FromInt,
                Scalar::signed(width.max(2)),
                from,
                &[word, scale],
            );
        }
    }
}

/// Flushing is the machine's arithmetic with zeros in the place of subnormals, before and after; a result that rounds up to the
/// least normal number as a subnormal is the one case in which the order of rounding and flushing would show.
#[test]
fn subnormals_are_flushed_before_and_after() {
    let mut mix = SplitMix::new(73);
    for from in FORMATS {
        let format = Format::of(from);
        let subnormal = |word: Word| word & format.infinity() == 0;
        let flushed = |word: Word| {
            if subnormal(word) {
                word & format.sign()
            } else {
                word
            }
        };
        let least = 1 << format.fraction;
        let mut seen = 0;
        for op in FloatOp::ALL
            .into_iter()
            .filter(|&op| op.may_flush() && op != FloatOp::Convert)
        {
            for _ in 0..50_000 {
                let a = random(&mut mix, format, None);
                let b = random(&mut mix, format, Some(a));
                let c = random(&mut mix, format, Some(b));
                let got = op.eval(Subnormals::Flushed, from, from, &[a, b, c]);
                let kept = machine(op, from, from, &[flushed(a), flushed(b), flushed(c)]);
                seen += usize::from(got != kept);
                if kept & !format.sign() == least {
                    assert!(got == kept || got == kept & format.sign());
                } else {
                    assert_eq!(got, flushed(kept), "{op:?} {from} of {a:x} {b:x} {c:x}");
                }
            }
        }
        assert!(seen > 1000);
    }
}

#[test]
fn scaled_integers_reach_the_subnormals() {
    let (from, to) = (Scalar::unsigned(64), Scalar::unsigned(32));
    let eval =
        |word: Word, scale: Word| FloatOp::FromInt.eval(Subnormals::Kept, from, to, &[word, scale]);
    assert_eq!(eval(3, 149), 3);
    assert_eq!(eval(3, 150), 2);
    assert_eq!(eval(1, 150), 0);
    assert_eq!(eval(1, Word::MAX >> 64), 0);
    let back = FloatOp::ToNearest.eval(Subnormals::Kept, to, from, &[3, 149]);
    assert_eq!(back, 3);
    assert_eq!(
        FloatOp::ToInt.eval(Subnormals::Kept, to, from, &[1, 20_000]),
        mask(64)
    );
}
