//! `std::float` against references: `f32` against the machine's `f64`, `f64` against values that were computed with 400 bits (by
//! mpmath), and what is infinite or no number.

use super::elementary::compiled_as;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;
use smpcc_compiler::ir::interpret::interpret;

/// Results are less than so many units in the last place from what the functions are.
const BOUND: f64 = 0.75;

/// The same of `sigmoid` and `tanh`.
const WIDE_BOUND: f64 = 2.0;

/// The function, its argument and the nearest float to its value as bits, and what is left in 1,024th of a unit in the last place.
const REFERENCE: &str = include_str!("floats.csv");

/// The same of powers: base, exponent, the nearest float, what is left.
const POWERS: &str = include_str!("powers.csv");

fn results(function: &str, float: &str, x: &[Word]) -> Vec<Word> {
    results_of(function, &format!("{function}(x)"), float, x, x)
}

fn results_of(function: &str, body: &str, float: &str, x: &[Word], y: &[Word]) -> Vec<Word> {
    let compiled = compiled_as("float", function, body, float, x.len());
    let inputs: Vec<Vec<Word>> = (compiled.ir.inputs.iter())
        .map(|leaf| match (leaf.party, leaf.path.starts_with('x')) {
            (0, true) => x.to_vec(),
            (0, false) => y.to_vec(),
            _ => Vec::new(),
        })
        .collect();
    let outputs = interpret(&compiled.ir, &inputs).expect("no error");
    outputs.outputs.into_iter().next().expect("a result")
}

/// How far an `f32` is from a number, in units in the last place there.
fn error(found: f32, exact: f64) -> f64 {
    let near = (exact as f32).abs().max(f32::MIN_POSITIVE);
    let unit = f64::from(f32::from_bits(near.to_bits() + 1)) - f64::from(near);
    (f64::from(found) - exact).abs() / unit
}

fn bits(cell: &str) -> u64 {
    u64::from_str_radix(cell, 16).expect("bits")
}

/// How far an `f64` is from a number of the references, in units in the last place there.
fn error_of_bits(found: Word, value: &str, more: &str) -> f64 {
    // Neighbours of one sign have neighbouring bits.
    let steps = (found as i64 - bits(value) as i64) as f64;
    let outward = if bits(value) >> 63 == 1 { -1.0 } else { 1.0 };
    let more: f64 = more.parse().expect("a number");
    (steps - outward * more / 1024.0).abs()
}

#[test]
fn functions_of_short_floats_are_within_their_bound() {
    type Function = (&'static str, fn(f64) -> f64, f64);
    let functions: [Function; 7] = [
        ("exp_f32", f64::exp, BOUND),
        ("ln_f32", f64::ln, BOUND),
        ("log2_f32", f64::log2, BOUND),
        ("sin_f32", f64::sin, BOUND),
        ("cos_f32", f64::cos, BOUND),
        ("tanh_f32", f64::tanh, WIDE_BOUND),
        ("sigmoid_f32", |x| 1.0 / (1.0 + (-x).exp()), WIDE_BOUND),
    ];
    for (name, function, bound) in functions {
        let mut random = SplitMix::new(3);
        let is_logarithm = name.starts_with('l');
        let mut x: Vec<f32> = (0..4_000)
            .map(|i| {
                let bits = random.word() as u32;
                match i % 4 {
                    // Any float; one near 1; one for which something comes out of `exp`.
                    0 | 1 => f32::from_bits(bits),
                    2 => 1.0 + (bits as i32 >> (i % 24)) as f32 * 2f32.powi(-33),
                    _ => bits as i32 as f32 * 2f32.powi(-25) * 1.7,
                }
            })
            .collect();
        x.extend([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
        x.extend([
            1.0,
            -1.0,
            1e-45,
            -1e-45,
            f32::MAX,
            f32::MIN,
            88.722_84,
            -103.972_1,
        ]);
        // Where sines and cosines are nearly zero, and where the way to compute them changes.
        x.extend((0..400).flat_map(|i| {
            let turns = f64::from(1 + 2 * (i % 100)) * f64::from(i / 100 * 30).exp2();
            let bits = ((turns * std::f64::consts::FRAC_PI_2) as f32).to_bits();
            [bits - 1, bits, bits + 1].map(f32::from_bits)
        }));
        x.extend((0..150).map(|i| 2f32.powi(i - 30)));
        x.extend([0.549_999_95, 0.55, 0.550_000_1]);
        // There is one NaN.
        x.iter_mut()
            .filter(|x| x.is_nan())
            .for_each(|x| *x = f32::NAN);
        let words: Vec<Word> = x.iter().map(|x| Word::from(x.to_bits())).collect();
        for (x, found) in x.iter().zip(results(name, "f32", &words)) {
            let found = f32::from_bits(found as u32);
            // −0 has no sign here: its logarithm is that of 0.
            let exact = function(f64::from(if is_logarithm && *x == 0.0 { 0.0 } else { *x }));
            let agrees = if exact.is_nan() || (exact as f32).is_infinite() {
                found.to_bits() == (exact as f32).to_bits() || found.is_nan() && exact.is_nan()
            } else {
                error(found, exact) < bound
            };
            assert!(agrees, "{name} of {x:?}: {found:?}, {exact:?}");
        }
    }
}

#[test]
fn functions_of_long_floats_are_within_their_bound() {
    for function in ["exp", "ln", "log2", "sin", "cos", "tanh", "sigmoid"] {
        let bound = match function {
            "tanh" | "sigmoid" => WIDE_BOUND,
            _ => BOUND,
        };
        let rows: Vec<[&str; 3]> = (REFERENCE.lines().skip(1))
            .filter_map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let [name, x, value, more] = cells.try_into().expect("four cells");
                (name == function).then_some([x, value, more])
            })
            .collect();
        assert!(rows.len() >= 100, "{function}");
        let x: Vec<Word> = rows.iter().map(|row| Word::from(bits(row[0]))).collect();
        let found = results(&format!("{function}_f64"), "f64", &x);
        for ([x, value, more], found) in rows.iter().zip(found) {
            let error = error_of_bits(found, value, more);
            assert!(error < bound, "{function} of {x}: {found:x}, {value}");
        }
        // What is at the ends.
        let ends = [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0];
        let native = match function {
            "exp" => ends.map(f64::exp),
            "ln" => ends.map(f64::ln),
            "sin" => ends.map(f64::sin),
            "cos" => ends.map(f64::cos),
            "tanh" => ends.map(f64::tanh),
            "sigmoid" => ends.map(|x| 1.0 / (1.0 + (-x).exp())),
            _ => ends.map(f64::log2),
        };
        let x = ends.map(|x| Word::from(x.to_bits()));
        let found = results(&format!("{function}_f64"), "f64", &x);
        for ((x, native), found) in ends.iter().zip(native).zip(found) {
            let found = f64::from_bits(found as u64);
            let near = (found - native).abs() <= native.abs() * f64::EPSILON;
            assert!(
                near || found == native || found.is_nan() && native.is_nan(),
                "{function} of {x}: {found}"
            );
        }
    }
}

#[test]
fn powers_of_short_floats_are_within_their_bound() {
    let mut random = SplitMix::new(4);
    let mut pairs: Vec<(f32, f32)> = Vec::new();
    for i in 0..3_000u32 {
        // A base of any size or near 1, and an exponent for which something comes out.
        let base = match i % 3 {
            0 => f32::from_bits(random.word() as u32 >> 1),
            1 => 1.0 + (random.word() as i32 >> (i % 24)) as f32 * 2f32.powi(-33),
            _ => (random.word() as u16) as f32 / 256.0,
        };
        let wanted = random.below(200_000) as f64 / 1_000.0 - 105.0;
        let exponent = (wanted / f64::from(base).ln()) as f32;
        pairs.push((base, exponent));
        pairs.push((-base, exponent.round()));
    }
    let ends = [
        0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        0.5,
        -0.5,
        3.0,
        -3.0,
        2.5,
        1e-45,
        -1e-45,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    pairs.extend(ends.iter().flat_map(|&x| ends.map(|y| (x, y))));
    // There is one NaN, and −0 counts as 0.
    let plain = |x: f32| match x {
        x if x.is_nan() => f32::NAN,
        0.0 => 0.0,
        x => x,
    };
    let pairs: Vec<(f32, f32)> = (pairs.iter()).map(|&(x, y)| (plain(x), plain(y))).collect();
    let words = |f: fn(&(f32, f32)) -> f32| -> Vec<Word> {
        pairs.iter().map(|p| Word::from(f(p).to_bits())).collect()
    };
    let (x, y) = (words(|p| p.0), words(|p| p.1));
    let found = results_of("pow_f32", "pow_f32(x, y)", "f32", &x, &y);
    for ((x, y), found) in pairs.iter().zip(found) {
        let found = f32::from_bits(found as u32);
        let exact = f64::from(*x).powf(f64::from(*y));
        let agrees = if exact.is_nan() || (exact as f32).is_infinite() {
            found == exact as f32 || found.is_nan() && exact.is_nan()
        } else {
            error(found, exact) < BOUND
        };
        assert!(agrees, "{x:?} to the power {y:?}: {found:?}, {exact:?}");
    }
}

#[test]
fn powers_of_long_floats_are_within_their_bound() {
    let rows: Vec<Vec<&str>> = (POWERS.lines().skip(1))
        .map(|line| line.split(',').collect())
        .collect();
    assert!(rows.len() >= 250);
    let column = |i: usize| -> Vec<Word> { rows.iter().map(|r| Word::from(bits(r[i]))).collect() };
    let power = |x: &[Word], y: &[Word]| results_of("pow_f64", "pow_f64(x, y)", "f64", x, y);
    for (row, found) in rows.iter().zip(power(&column(0), &column(1))) {
        let error = error_of_bits(found, row[2], row[3]);
        assert!(error < BOUND, "{row:?}: {found:x}");
    }
    // Signs, and what is infinite or no number. (−0 counts as 0.)
    let ends = [
        0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        0.5,
        3.0,
        -3.0,
        2.5,
        5e-324,
        -5e-324,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let pairs: Vec<(f64, f64)> = (ends.iter()).flat_map(|&x| ends.map(|y| (x, y))).collect();
    let words = |f: fn(&(f64, f64)) -> f64| -> Vec<Word> {
        pairs.iter().map(|p| Word::from(f(p).to_bits())).collect()
    };
    let found = power(&words(|p| p.0), &words(|p| p.1));
    for ((x, y), found) in pairs.iter().zip(found) {
        let (found, native) = (f64::from_bits(found as u64), x.powf(*y));
        let near = (found - native).abs() <= native.abs() * f64::EPSILON;
        assert!(
            near || found == native || found.is_nan() && native.is_nan(),
            "{x:?} to the power {y:?}: {found:?}, {native:?}"
        );
    }
}

#[test]
fn reciprocals_are_rounded_to_nearest() {
    let short = [3f32, -7.0, 1e-45, 3e38, 0.0, f32::INFINITY, 1.000_000_1];
    let words = short.map(|x| Word::from(x.to_bits()));
    let exact = short.map(|x| Word::from((1.0 / x).to_bits()));
    assert_eq!(results("reciprocal_f32", "f32", &words), exact);
    let long = [3f64, -7.0, 5e-324, 1e308, 0.0, f64::INFINITY, 49.0];
    let words = long.map(|x| Word::from(x.to_bits()));
    let exact = long.map(|x| Word::from((1.0 / x).to_bits()));
    assert_eq!(results("reciprocal_f64", "f64", &words), exact);
}
