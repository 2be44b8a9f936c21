//! `std::math` against references: every `fixed<16, 8>`, thousands of wider numbers with the ends of all ranges, and 64 bits against
//! values that were computed with 400 bits (by mpmath). All are held to the bound that the library states.

use super::{among_parties, in_the_clear, integer};
use crate::support;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Scalar, Word};
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::pipeline::Compiled;
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};
use std::collections::BTreeMap;

/// What the library says: results are less than so many units in the last place from what the functions are.
const BOUND: f64 = 0.75;

/// With 64 bits: the function, its arguments in units of 2^-32, its value in units of 2^-40.
const REFERENCE: &str = include_str!("elementary.csv");

/// A function of the library, what it is, and whether it is asked only for what is above zero.
type Function = (&'static str, fn(f64) -> f64, bool);

const FUNCTIONS: [Function; 7] = [
    ("exp", f64::exp, false),
    ("ln", f64::ln, true),
    ("log2", f64::log2, true),
    ("sin", f64::sin, false),
    ("cos", f64::cos, false),
    ("sigmoid", |x| 1.0 / (1.0 + (-x).exp()), false),
    ("tanh", f64::tanh, false),
];

/// The body applied to `n` pairs `(x, y)` of numbers, which the first of three parties gives.
fn compiled(function: &str, body: &str, (w, f): (u32, u32), n: usize) -> Compiled {
    compiled_as("math", function, body, &format!("fixed<{w}, {f}>"), n)
}

/// The same of any type, with functions of any module.
pub(super) fn compiled_as(
    module: &str,
    function: &str,
    body: &str,
    number: &str,
    n: usize,
) -> Compiled {
    let text = format!(
        "use std::{module}::{{{function}}};
fn main(x: [secret {number}; _] from each, y: [secret {number}; _] from each) -> [{number}; {n}] {{
    x.flatten().zip(y.flatten()).map(|(x, y)| {body})
}}"
    );
    let mut session = support::session(&[3]);
    for name in ["x", "y"] {
        for party in 0..3 {
            let len = if party == 0 { n as u64 } else { 0 };
            session.lens.insert((name.to_string(), party), len);
        }
    }
    // Nothing is left to the party that gives all: the circuits are meant.
    let options = Options {
        local: LocalChoice::Off,
        ..support::options(support::REP3, ProtocolChoice::Boolean, Network::LAN)
    };
    support::compile(&text, &session, &options)
}

/// Six leaves, of which the first party's have what is given.
fn given(compiled: &Compiled, x: &[i128], y: &[i128]) -> Vec<Vec<Word>> {
    (compiled.ir.inputs.iter())
        .map(|leaf| {
            let words = match (leaf.party, leaf.path.starts_with('x')) {
                (0, true) => x,
                (0, false) => y,
                _ => &[],
            };
            words.iter().map(|&v| leaf.scalar.wrap(v as Word)).collect()
        })
        .collect()
}

/// What the functions of a body give, as integers.
fn results(body: &str, bits: (u32, u32), x: &[i128], y: &[i128]) -> Vec<i128> {
    let function = body.split('(').next().expect("a function");
    let compiled = compiled(function, body, bits, x.len());
    let outputs = interpret(&compiled.ir, &given(&compiled, x, y)).expect("no error");
    let scalar = Scalar::signed(bits.0 as u8);
    let words = outputs.outputs.first().expect("a result");
    words.iter().map(|&word| integer(scalar, word)).collect()
}

/// All numbers of few bits; of more the ends, what surrounds powers of two, and random ones of all sizes.
fn arguments(w: u32, is_above_zero: bool) -> Vec<i128> {
    let top = 1i128 << (w - 1);
    let mut all: Vec<i128> = if w <= 16 {
        (-top..top).collect()
    } else {
        let near = (0..w - 1).flat_map(|b| (-1..=1).map(move |d| (1i128 << b) + d));
        let mut random = SplitMix::new(u64::from(w));
        let wide = (0..2_000).map(|i| (random.word() as i128) & ((top - 1) >> (i % (w - 2))));
        near.chain(wide)
            .flat_map(|x| [x, -x])
            .chain([-top, top - 1])
            .collect()
    };
    all.retain(|&x| (-top..top).contains(&x) && (!is_above_zero || x > 0));
    all
}

#[test]
fn elementary_functions_are_within_their_bound() {
    for (w, f) in [(16, 8), (32, 16), (24, 20), (40, 8)] {
        let unit = f64::from(f).exp2();
        let limit = f64::from(w - 1).exp2();
        for (name, function, is_above_zero) in FUNCTIONS {
            let x = arguments(w, is_above_zero);
            let found = results(&format!("{name}(x)"), (w, f), &x, &x);
            assert_eq!(found.len(), x.len());
            for (x, found) in x.iter().zip(found) {
                let exact = (function(*x as f64 / unit) * unit).clamp(-limit, limit - 1.0);
                let error = (found as f64 - exact).abs();
                assert!(
                    error < BOUND,
                    "{name} of {x} in fixed<{w}, {f}>: {found}, {exact}"
                );
            }
        }
    }
}

/// Every type of few bits, and wider ones at the ends of what functions take.
#[test]
fn elementary_functions_take_every_type() {
    let short = (3..=9).flat_map(|w| (1..=w - 2).map(move |f| (w, f)));
    let wide = [
        (16, 1),
        (16, 14),
        (33, 2),
        (34, 32),
        (64, 1),
        (64, 9),
        (64, 32),
    ];
    for (w, f) in short.chain(wide) {
        let unit = f64::from(f).exp2();
        let limit = f64::from(w - 1).exp2();
        for (name, function, is_above_zero) in FUNCTIONS {
            let top = 1i128 << (w - 1);
            let mut x: Vec<i128> = match w {
                ..=9 => (-top..top).collect(),
                _ => (0..40)
                    .map(|i| (top >> (i % (w - 1))) - (i as i128 & 1))
                    .flat_map(|x| [x, -x])
                    .collect(),
            };
            // Sines of what has more than 52 bits are not known here.
            let most = if matches!(name, "sin" | "cos") {
                1 << 26
            } else {
                top
            };
            x.retain(|&x| (-top..top).contains(&x) && x.abs() <= most && (!is_above_zero || x > 0));
            let found = results(&format!("{name}(x)"), (w, f), &x, &x);
            for (x, found) in x.iter().zip(found) {
                let exact = (function(*x as f64 / unit) * unit).clamp(-limit, limit - 1.0);
                // What a double cannot tell apart is no error of ours.
                let error = (found as f64 - exact).abs()
                    - exact.abs() * 4e-16 * (1.0 + *x as f64 / unit).abs();
                assert!(
                    error < BOUND,
                    "{name} of {x} in fixed<{w}, {f}>: {found}, {exact}"
                );
            }
        }
    }
}

/// `pow` of every type of few bits, at all its arguments.
#[test]
fn powers_take_every_type() {
    for (w, f) in (3..=6).flat_map(|w| (1..=w - 2).map(move |f| (w, f))) {
        let (top, unit) = (1i128 << (w - 1), f64::from(f).exp2());
        let pairs = || (1..top).flat_map(move |x| (-top..top).map(move |y| (x, y)));
        let (x, y): (Vec<i128>, Vec<i128>) = pairs().unzip();
        for ((x, y), found) in pairs().zip(results("pow(x, y)", (w, f), &x, &y)) {
            let exact = (x as f64 / unit).powf(y as f64 / unit) * unit;
            let error = (found as f64 - exact.min(top as f64 - 1.0)).abs();
            assert!(
                error < BOUND,
                "{x} to the power {y} in fixed<{w}, {f}>: {found}, {exact}"
            );
        }
    }
}

#[test]
fn powers_are_within_their_bound() {
    for (w, f) in [(16, 8), (32, 16), (24, 20)] {
        let unit = f64::from(f).exp2();
        let limit = f64::from(w - 1).exp2();
        let mut random = SplitMix::new(5);
        let (mut x, mut y): (Vec<i128>, Vec<i128>) = (Vec::new(), Vec::new());
        for _ in 0..3_000 {
            // A base of any size, and an exponent for which something comes out.
            let bits = 1 + random.below(u64::from(w) - 1);
            let base = (random.word() as i128 & ((1 << bits) - 1)).max(1);
            let wanted = random.below(1_000) as f64 / 1_000.0 * f64::from(w + 2) - f64::from(f + 2);
            let log = (base as f64 / unit).log2();
            let exponent = if log == 0.0 { 1.0 } else { wanted / log };
            x.push(base);
            y.push((exponent * unit).clamp(-limit, limit - 1.0) as i128);
        }
        let found = results("pow(x, y)", (w, f), &x, &y);
        for ((x, y), found) in x.iter().zip(&y).zip(found) {
            let exact = (*x as f64 / unit).powf(*y as f64 / unit) * unit;
            let error = (found as f64 - exact.min(limit - 1.0)).abs();
            assert!(
                error < BOUND,
                "{x} to the power {y} in fixed<{w}, {f}>: {found}, {exact}"
            );
        }
        // What is not above zero, and 1 / x.
        let largest = (1i128 << (w - 1)) - 1;
        let found = results("pow(x, y)", (w, f), &[0, 0, 0, -5, -5], &[3, 0, -3, 3, -3]);
        assert_eq!(found, [0, 1 << f, largest, 0, largest]);
        let x = [1, -1, 3, -7, 1 << f, largest];
        let exact = x.map(|x| (1i128 << (2 * f)) / x);
        let scalar = Scalar::signed(w as u8);
        let exact = exact.map(|q| integer(scalar, scalar.wrap(q as Word)));
        assert_eq!(results("reciprocal(x)", (w, f), &x, &x), exact);
    }
}

#[test]
fn logarithms_of_nothing_are_the_least_number() {
    let least = -(1i128 << 31);
    for name in ["ln(x)", "log2(x)"] {
        let found = results(name, (32, 16), &[0, -1, least], &[0, 0, 0]);
        assert_eq!(found, [least; 3], "{name}");
    }
}

#[test]
fn elementary_functions_of_64_bits_are_within_their_bound() {
    let mut rows: BTreeMap<&str, Vec<[i128; 3]>> = BTreeMap::new();
    for line in REFERENCE.lines().skip(1) {
        let mut cells = line.split(',');
        let name = cells.next().expect("a function");
        let numbers: Vec<i128> = cells.map(|c| c.parse().expect("an integer")).collect();
        let row = numbers.try_into().expect("three integers");
        rows.entry(name).or_default().push(row);
    }
    assert_eq!(rows.len(), 8);
    for (name, rows) in rows {
        let body = if name == "pow" {
            "pow(x, y)"
        } else {
            &format!("{name}(x)")
        };
        let x: Vec<i128> = rows.iter().map(|row| row[0]).collect();
        let y: Vec<i128> = rows.iter().map(|row| row[1]).collect();
        let found = results(body, (64, 32), &x, &y);
        for ([x, y, exact], found) in rows.iter().zip(found) {
            let error = ((found << 8) - exact).abs() as f64 / 256.0;
            assert!(error < BOUND, "{name} of {x}, {y}: {found}, {exact} / 256");
        }
    }
}

#[test]
fn circuits_of_elementary_functions_say_the_same() {
    let all = "exp, ln, pow, sin, cos, tanh";
    let body = "exp(x) + pow(x, y) + ln(x) + sin(y) + cos(x) + tanh(y)";
    let compiled = compiled(all, body, (16, 8), 5);
    let (x, y) = ([300, 1, -40, 1000, 2560], [-300, 256, 77, -1000, 8]);
    let inputs = given(&compiled, &x, &y);
    let expected = interpret(&compiled.ir, &inputs).expect("no error").outputs;
    let scalar = Scalar::signed(16);
    let expected: Vec<Vec<i128>> = (expected.iter())
        .map(|words| words.iter().map(|&word| integer(scalar, word)).collect())
        .collect();
    assert_eq!(in_the_clear(&compiled.program, &inputs), expected);
    assert_eq!(among_parties(&compiled.program, &inputs), expected);
}
