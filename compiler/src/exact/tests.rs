//! What runs in exact arithmetic say, against rationals that are computed here by hand.

use super::*;
use crate::diagnostic::Diagnostic;
use crate::front;
use crate::source::SourceSet;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Scalar;

/// What is found where the first of two parties gives all.
fn findings(text: &str, inputs: &[&[i128]]) -> (Findings, Exact) {
    let exact = exact(text).expect("the program compiles");
    let mut inputs = inputs.iter();
    let given: Vec<Vec<Word>> = (exact.ir.inputs.iter())
        .map(|leaf| {
            let lanes = inputs.next().copied().unwrap_or_default();
            lanes.iter().map(|&v| leaf.scalar.wrap(v as Word)).collect()
        })
        .collect();
    let found = exact.run(&given).expect("the program runs");
    (found, exact)
}

fn exact(text: &str) -> Result<Exact, Vec<Diagnostic>> {
    let mut sources = SourceSet::new();
    let root = sources.add("main.smpc", text);
    let (hir, wrong) = front::check(&sources, root);
    let hir = hir.ok_or(wrong)?;
    let session = Session {
        n_parties: 2,
        role_counts: crate::schema::assign_roles(&hir, 2).expect("two parties"),
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    };
    Exact::new(&hir, &session)
}

#[test]
fn a_product_is_off_by_what_was_rounded() {
    // 1.5 · 1/256 is 1.5 units: rounded to two.
    let text = "party p[2];\nfn main(x: secret fixed<16, 8> from p[0], y: secret fixed<16, 8> from p[0]) -> fixed<16, 8> { x * y }\n";
    let (found, _) = findings(text, &[&[384], &[1]]);
    assert_eq!(found.outputs, [[2]]);
    let [error] = found.errors.as_slice() else {
        panic!("one result")
    };
    assert_eq!(error.units, 0.5);
    assert_eq!(error.exact.text(12), "0.005859375");
    assert_eq!(error.absolute.text(12), "0.001953125");
    assert!(found.events.is_empty());
}

/// What is found of two floats that the first party gives.
fn of_floats(body: &str, x: f64, y: f64) -> Findings {
    let text = format!(
        "use std::float::exp_f64;\nparty p[2];\nfn main(x: secret f64 from p[0], y: secret f64 from p[0]) -> f64 {{ {body} }}\n"
    );
    findings(&text, &[&[x.to_bits().into()], &[y.to_bits().into()]]).0
}

#[test]
fn floats_are_off_by_what_was_rounded() {
    // 0.1 as a float is 3602879701896397 / 2^55: thrice that needs two bits more than there are.
    let found = of_floats("x + x + x + 0 * y", 0.1, 1.0);
    let error = &found.errors[0];
    assert_eq!(error.form, Form::Float);
    assert_eq!(error.word, Word::from((0.1f64 + 0.1 + 0.1).to_bits()));
    let numerator = 3 * 3_602_879_701_896_397i128;
    assert_eq!(error.exact, Number::integer(numerator).moved(-55));
    // The last place is 2^-54, in which the float's mantissa is even.
    let mantissa = ((0.1f64 + 0.1 + 0.1) * 2f64.powi(54)) as i128;
    assert_eq!(error.units, (2 * mantissa - numerator).abs() as f64 / 2.0);
    assert!(found.events.is_empty(), "{:?}", found.events);
    // What cancels leaves nothing but the error.
    let found = of_floats("(x + y) - x", 1e16, 1.0);
    assert_eq!(found.errors[0].exact, Number::integer(1));
    assert!(found.errors[0].units > 1e15, "{:?}", found.errors);
    let found = of_floats("sqrt(exp_f64(x)) / y", 2.0, 1.0);
    assert!(found.errors[0].units < 1.5, "{:?}", found.errors);
    let e = found.errors[0].exact.to_f64();
    assert!((e - std::f64::consts::E).abs() < 1e-14, "{e}");
}

#[test]
fn floats_that_become_infinite_and_decisions_on_them_are_told() {
    let found = of_floats("x * y", 1e300, 1e300);
    assert_eq!(found.events.len(), 1, "{:?}", found.events);
    assert_eq!(found.events[0].what, What::Wrapped);
    assert_eq!(
        (found.events[0].ty.as_str(), found.events[0].result.as_str()),
        ("f64", "inf")
    );
    assert!(found.errors.is_empty(), "{:?}", found.errors);
    let found = of_floats("x / (y - y)", 1.0, 3.0);
    assert_eq!(found.events[0].what, What::DividedByZero);
    let found = of_floats("if x + y > x { 1 } else { 2 }", 1e17, 1.0);
    assert_eq!(found.events[0].what, What::DecidedOtherwise);
    assert_eq!(found.events[0].operands.len(), 2);
    let found = of_floats("((x as fixed<32, 8>) as f64) + y", 0.1, 1.0);
    assert_eq!(found.errors[0].exact.to_f64(), 1.1);
    let found = of_floats("(x as u8) as f64 + y", 1e10, 1.0);
    assert_eq!(found.events[0].what, What::Wrapped, "{:?}", found.events);
    // The infinite and what is no number are what IEEE 754 says: nothing is exact about them, and nothing happens.
    for (x, y) in [(f64::INFINITY, 1.0), (f64::NAN, 2.0)] {
        let found = of_floats("if x > y { x - x } else { x * y }", x, y);
        assert!(
            found.events.is_empty() && found.errors.is_empty(),
            "{found:?}"
        );
    }
    assert_eq!(
        of_floats("round(x) + round(y)", -2.5, 2.5).errors[0].units,
        0.0
    );
}

#[test]
fn errors_grow_through_a_loop_as_rationals_say() {
    // x / 3 each time: the exact number is x / 3^5.
    let text = "party p[2];\nfn main(x: secret fixed<32, 8> from p[0]) -> fixed<32, 8> {\n    let mut y = x;\n    for _ in 0..5 { y = y / 3; }\n    y * 243\n}\n";
    let (found, _) = findings(text, &[&[1000 << 8]]);
    let mut word: i128 = 1000 << 8;
    for _ in 0..5 {
        word /= 3;
    }
    let word = word * 243;
    assert_eq!(found.outputs, [[word as Word]]);
    let error = &found.errors[0];
    assert_eq!(error.exact.text(6), "1000");
    let apart = (word - (1000 << 8)).abs() as f64;
    assert!((error.units - apart).abs() < 1e-9, "{error:?}");
}

#[test]
fn the_largest_error_of_an_array_is_found() {
    let text = "party p[2];\nfn main(x: [secret fixed<16, 8>; 4] from p[0]) -> [fixed<16, 8>; 4] { x.map(|x| x / 7) }\n";
    let (found, _) = findings(text, &[&[7, 8, 13, -10]]);
    let error = &found.errors[0];
    // 13 / 7 is 1 and 6/7.
    assert_eq!(error.lane, 2);
    assert!((error.units - 6.0 / 7.0).abs() < 1e-12, "{error:?}");
}

#[test]
fn operations_that_wrap_are_counted_by_line() {
    let text = "party p[2];\nfn main(x: [secret u8; 3] from p[0], f: secret fixed<16, 8> from p[0]) -> (u8, fixed<16, 8>) {\n    let mut sum: secret u8 = 0;\n    for v in x {\n        sum += v;\n    }\n    (sum, f * f)\n}\n";
    let (found, exact) = findings(text, &[&[200, 100, 250], &[20 << 8]]);
    assert_eq!(found.outputs[0], [(200 + 100 + 250) % 256]);
    let mut sources = SourceSet::new();
    sources.add("main.smpc", text);
    let lines: Vec<(usize, &str, u64)> = (found.events.iter())
        .map(|e| (sources.line_col(e.span).0, e.operation, e.count))
        .collect();
    assert_eq!(lines, [(5, "+", 2), (7, "*", 1)]);
    let first = &found.events[0];
    assert_eq!(first.operands, ["200", "100"]);
    assert_eq!(
        (first.result.as_str(), first.exact.as_deref()),
        ("44", Some("300"))
    );
    // 400 in 16 bits with 8 behind the point is −112.
    assert_eq!(found.events[1].result, "-112");
    assert_eq!(found.errors[0].absolute.text(3), "512");
    assert_eq!(exact.ir.outputs[0].scalar, Scalar::unsigned(8));
}

#[test]
fn what_a_secret_condition_leaves_out_does_not_count() {
    let text = "party p[2];\nfn main(x: secret u8 from p[0], y: secret u8 from p[0]) -> u8 {\n    if x > y { x - y } else { y - x }\n}\n";
    for (x, y) in [(3, 200), (200, 3), (5, 5)] {
        let (found, _) = findings(text, &[&[x], &[y]]);
        assert!(found.events.is_empty(), "{:?}", found.events);
        assert_eq!(found.outputs, [[(x - y).unsigned_abs()]]);
    }
}

#[test]
fn comparisons_that_rounding_decides_are_named() {
    // (x / 3) · 3 is x, but for what was rounded.
    let text =
        "party p[2];\nfn main(x: secret fixed<16, 8> from p[0]) -> bool { x / 3 * 3 == x }\n";
    let (found, _) = findings(text, &[&[256]]);
    assert_eq!(found.outputs, [[0]]);
    let [event] = found.events.as_slice() else {
        panic!("{:?}", found.events)
    };
    assert_eq!(
        (event.what, event.operation),
        (What::DecidedOtherwise, "==")
    );
    assert_eq!(event.exact.as_deref(), Some("true"));
    assert_eq!(
        (event.result.as_str(), event.ty.as_str()),
        ("false", "bool")
    );
    let (found, _) = findings(&text.replace("==", "<"), &[&[256]]);
    let [event] = found.events.as_slice() else {
        panic!("{:?}", found.events)
    };
    assert_eq!(event.result, "true");
    assert_eq!(event.exact.as_deref(), Some("false"));
}

#[test]
fn the_mean_of_nothing_divides_by_zero() {
    for ty in ["fixed<16, 8>", "i16"] {
        let text = format!(
            "party p[2];\nfn main(x: [secret {ty}; 0] from p[0]) -> {ty} {{ average(x) }}\n"
        );
        let (found, _) = findings(&text, &[&[]]);
        let [event] = found.events.as_slice() else {
            panic!("{ty}: {:?}", found.events)
        };
        assert_eq!((event.what, event.operation), (What::DividedByZero, "mean"));
        assert_eq!(event.exact, None);
    }
}

#[test]
fn what_constants_give_is_rounded_and_wraps_as_all_else() {
    // 256 / 3 is 85 and a third; 1000 times that is off by a third of 1000.
    let third = |body: &str| {
        let text = format!(
            "party p[2];\nconst ONE: fixed<32, 8> = 1;\nfn main(x: secret fixed<32, 8> from p[0]) -> fixed<32, 8> {{ {body} }}\n"
        );
        let (found, _) = findings(&text, &[&[256_000]]);
        assert!(found.events.is_empty(), "{body}: {:?}", found.events);
        assert_eq!(found.outputs, [[85_000]], "{body}");
        let units = found.errors[0].units;
        assert!((units - 1000.0 / 3.0).abs() < 1e-9, "{body}: {units}");
    };
    third("x * (ONE / 3)");
    third("let t = ONE / 3; if x > 0 { x * t } else { t }");
    third("let ts = [ONE, ONE / 3]; let mut y = x; for i in 0..2 { y = y * ts[i]; } y");
    third("let mut ts = [ONE; 3]; ts[1] = min(ONE / 3, ONE); x * ts[1]");
    third("let ts = [ONE, 3 * ONE].map(|v| v / 3 / v); x * ts[0]");
    third(
        "let mut t = ONE; let mut n = 0; while n < 3 { t = if n == 1 { t / 3 } else { t }; n += 1; } x * t",
    );
    let text = "party p[2];\nfn main(x: secret fixed<8, 4> from p[0], y: secret bool from p[0]) -> fixed<8, 4> {\n    let t: fixed<8, 4> = 7;\n    let s = t * t;\n    let n: u8 = 250;\n    if y { x * (t + s) / 0 } else { x * ((n + 6) as fixed<8, 4>) }\n}\n";
    let (found, _) = findings(text, &[&[16], &[0]]);
    let told: Vec<_> = (found.events.iter())
        .map(|e| (e.operation, e.what, e.count))
        .collect();
    // What stands in an arm counts only where the arm is known to be taken.
    assert_eq!(told, [("*", What::Wrapped, 1)]);
}

#[test]
fn a_divisor_of_zero_is_named() {
    let text = "party p[2];\nfn main(x: secret u32 from p[0]) -> u32 { 7 / x }\n";
    let (found, _) = findings(text, &[&[0]]);
    assert_eq!(found.events[0].what, What::DividedByZero);
    let (found, _) = findings(text, &[&[2]]);
    assert!(found.events.is_empty());
}

#[test]
fn functions_are_held_to_what_they_are_of_reals() {
    let text = "use std::math::{exp, ln, sin, cos, tanh, sigmoid, log2, pow};\nparty p[2];\nfn main(x: secret fixed<32, 16> from p[0]) -> [fixed<32, 16>; 8] {\n    [exp(x), ln(x), sin(x), cos(x), tanh(x), sigmoid(x), log2(x), pow(x, x)]\n}\n";
    for x in [1.0f64, 2.5, 0.125, 4.25] {
        let (found, exact) = findings(text, &[&[(x * 65536.0) as i128]]);
        let native = [
            x.exp(),
            x.ln(),
            x.sin(),
            x.cos(),
            x.tanh(),
            1.0 / (1.0 + (-x).exp()),
            x.log2(),
            x.powf(x),
        ];
        let error = &found.errors[0];
        let apart = (error.exact.to_f64() - native[error.lane]).abs();
        assert!(
            apart < 1e-12 * native[error.lane].abs().max(1.0),
            "{x}: {error:?}"
        );
        // The library's bound.
        assert!(error.units < 0.75, "{x}: {error:?}");
        assert_eq!(exact.ir.outputs.len(), 1);
    }
}

#[test]
fn sums_means_dots_and_roots_are_exact_of_what_they_take() {
    let text = "use std::stats::{mean, sum};\nparty p[2];\nfn main(x: [secret fixed<16, 8>; 3] from p[0]) -> [fixed<32, 8>; 4] {\n    let halves = x.map(|v| v / 2);\n    [mean(halves) as fixed<32, 8>, sum(halves) as fixed<32, 8>, dot(halves, halves) as fixed<32, 8>, sqrt(halves[0]) as fixed<32, 8>]\n}\n";
    let (found, _) = findings(text, &[&[3, 5, 1025]]);
    // The sum of halves is 1033 / 512, of which the program has (1 + 2 + 512) / 256.
    let words = &found.outputs[0];
    assert_eq!(words[1], 515);
    let error = &found.errors[0];
    let exact = [
        1033.0 / 6.0,
        516.5,
        (9.0 + 25.0 + 1025.0 * 1025.0) / 1024.0,
        (1.5f64 * 256.0).sqrt(),
    ];
    let own = words.iter().map(|&w| w as i32 as f64);
    let apart: Vec<f64> = own.zip(exact).map(|(w, x)| (w - x).abs()).collect();
    let most = apart.iter().copied().fold(0.0, f64::max);
    assert!((error.units - most).abs() < 1e-9, "{error:?} {apart:?}");
}
