//! `smpcc run --check`: what it says of programs whose errors and wraps are known, and that it takes every example.

use crate::cli::{example, folder, smpcc, text};
use serde_json::Value;

const PROGRAM: &str = "party p[2];

struct Result { third: fixed<16, 8>, sum: u8 }

fn main(x: secret fixed<16, 8> from p[0], y: [secret u8; 2] from p[1]) -> Result {
    let sum = y[0] + y[1];
    Result { third: x / 3, sum }
}
";

const INPUTS: &str = r#"{"p[0]": {"x": 1}, "p[1]": {"y": [200, 100]}}"#;

fn check(program: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let args: Vec<&str> = ["run", program, "--check"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    let output = smpcc(&args);
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn errors_and_wraps_are_told() {
    let folder = folder(&[("main.smpc", PROGRAM), ("main.inputs.json", INPUTS)]);
    let program = folder.path().join("main.smpc").display().to_string();
    let (code, out, err) = check(&program, &[]);
    assert_eq!(code, Some(0), "{err}");
    let lines: Vec<&str> = out.lines().collect();
    // 256 / 3 units are 85 and a third.
    assert_eq!(
        lines[0],
        "result.third: the largest error is 1.30e-3, 0.333 units in the last place: 0.332, exactly 0.333333"
    );
    assert!(
        lines[1]
            .ends_with("main.smpc:6:15: `+` does not fit `u8`, once: 200 + 100 is 44, exactly 300"),
        "{out}"
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn scripts_are_told_the_same() {
    let folder = folder(&[("main.smpc", PROGRAM), ("main.inputs.json", INPUTS)]);
    let program = folder.path().join("main.smpc").display().to_string();
    let (code, out, err) = check(&program, &["--format", "json"]);
    assert_eq!(code, Some(0), "{err}");
    let found: Value = serde_json::from_str(&out).expect("JSON");
    let result = &found["results"][0];
    assert_eq!(result["result"], "result.third");
    assert_eq!(result["type"], "fixed<16, 8>");
    let units = result["units"].as_f64().expect("a number");
    assert!((units - 1.0 / 3.0).abs() < 1e-12, "{units}");
    let event = &found["events"][0];
    assert_eq!(event["line"], 6);
    assert_eq!(event["what"], "wrapped");
    assert_eq!(event["operands"], serde_json::json!(["200", "100"]));
    assert_eq!(event["exact"], "300");
}

#[test]
fn every_example_can_be_checked() {
    let mut n = 0;
    for entry in std::fs::read_dir(example("")).expect("the examples") {
        let path = entry.expect("an entry").path();
        let beside = |end: &str| path.with_extension(end).exists();
        if path.extension().is_none_or(|e| e != "smpc")
            || !(beside("inputs") || beside("inputs.json"))
        {
            continue;
        }
        let (code, out, err) = check(&path.display().to_string(), &["--format", "json"]);
        assert_eq!(code, Some(0), "{}: {err}", path.display());
        let found: Value = serde_json::from_str(&out).expect("JSON");
        for result in found["results"].as_array().expect("results") {
            let units = result["units"].as_f64().expect("a number");
            assert!(units.is_finite(), "{}: {result}", path.display());
        }
        n += 1;
    }
    assert!(n > 15, "{n}");
}

#[test]
fn there_must_be_samples_and_no_study() {
    let folder = folder(&[("main.smpc", PROGRAM)]);
    let program = folder.path().join("main.smpc").display().to_string();
    let (code, _, err) = check(&program, &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("--check needs sample inputs"), "{err}");
    let (code, _, err) = check(&program, &["--in-process"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("--check"), "{err}");
}
