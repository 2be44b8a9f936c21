//! `std::float` against references: `f32` against the machine's `f64`, `f64` against values that were computed with 400 bits (by
//! mpmath), and what is infinite or no number.

use super::elementary::compiled_as;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;
use smpcc_compiler::ir::interpret::interpret;

/// Results are less than so many units in the last place from what the functions are.
const BOUND: f64 = 0.75;

/// The same of `sigmoid`.
const SIGMOID_BOUND: f64 = 2.0;

/// The function, its argument and the nearest float to its value as bits, and what is left in 1,024th of a unit in the last place.
const REFERENCE: &str = include_str!("floats.csv");

fn results(function: &str, float: &str, x: &[Word]) -> Vec<Word> {
    let compiled = compiled_as("float", function, &format!("{function}(x)"), float, x.len());
    let inputs: Vec<Vec<Word>> = (compiled.ir.inputs.iter())
        .map(|leaf| {
            if leaf.party == 0 {
                x.to_vec()
            } else {
                Vec::new()
            }
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

#[test]
fn functions_of_short_floats_are_within_their_bound() {
    type Function = (&'static str, fn(f64) -> f64, f64);
    let functions: [Function; 4] = [
        ("exp_f32", f64::exp, BOUND),
        ("ln_f32", f64::ln, BOUND),
        ("log2_f32", f64::log2, BOUND),
        ("sigmoid_f32", |x| 1.0 / (1.0 + (-x).exp()), SIGMOID_BOUND),
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
    for function in ["exp", "ln", "log2"] {
        let rows: Vec<[&str; 3]> = (REFERENCE.lines().skip(1))
            .filter_map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let [name, x, value, more] = cells.try_into().expect("four cells");
                (name == function).then_some([x, value, more])
            })
            .collect();
        assert!(rows.len() >= 100, "{function}");
        let bits = |cell: &str| u64::from_str_radix(cell, 16).expect("bits");
        let x: Vec<Word> = rows.iter().map(|row| Word::from(bits(row[0]))).collect();
        let found = results(&format!("{function}_f64"), "f64", &x);
        for ([x, value, more], found) in rows.iter().zip(found) {
            // Neighbours of one sign have neighbouring bits.
            let steps = (found as i64 - bits(value) as i64) as f64;
            let outward = if bits(value) >> 63 == 1 { -1.0 } else { 1.0 };
            let more: f64 = more.parse().expect("a number");
            let error = (steps - outward * more / 1024.0).abs();
            assert!(error < BOUND, "{function} of {x}: {found:x}, {value}");
        }
        // What is at the ends.
        let ends = [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0];
        let native = match function {
            "exp" => ends.map(f64::exp),
            "ln" => ends.map(f64::ln),
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
