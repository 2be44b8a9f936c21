//! What the binary refuses of what it is given: inputs, tables, arguments and lengths that do not fit, programs with errors, and runs
//! that must stop.

use crate::cli::{AVG, example, folder, smpcc, text};

/// Runs `avg` with the given inputs file and expects exit 2 and a message with all `parts`.
fn refused(inputs: (&str, &str), parts: &[&str]) {
    refused_program(AVG, inputs, &[], parts);
}

fn refused_program(program: &str, inputs: (&str, &str), options: &[&str], parts: &[&str]) {
    let folder = folder(&[("p.smpc", program), inputs]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut args = vec![
        "run".to_string(),
        at("p.smpc"),
        "--parties".into(),
        "3".into(),
        "--inputs".into(),
        at(inputs.0),
    ];
    args.extend(options.iter().map(|o| o.to_string()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = smpcc(&args);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn wrong_inputs_are_named_by_file_row_and_field() {
    refused(
        ("i.json", r#"{"0": {"salary": 1}, "1": {"salary": 2}}"#),
        &["i.json", "party 2", "`salary`"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1}, "1": {"salary": 2}, "2": {}}"#,
        ),
        &["i.json", "`2`", "`salary`", "missing"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1}, "1": {"salary": -2}, "2": {"salary": 3}}"#,
        ),
        &["`1`", "`salary`", "u32"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1}, "1": {"salary": 4294967296}, "2": {"salary": 3}}"#,
        ),
        &["`1`", "does not fit"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1.5}, "1": {"salary": 2}, "2": {"salary": 3}}"#,
        ),
        &["`0`", "fraction"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": "many"}, "1": {"salary": 2}, "2": {"salary": 3}}"#,
        ),
        &["`0`", "`salary`"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1, "age": 3}, "1": {"salary": 2}, "2": {"salary": 3}}"#,
        ),
        &["unknown input `age`"],
    );
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1}, "0": {"salary": 2}, "2": {"salary": 3}}"#,
        ),
        &["stands twice"],
    );
    refused(("i.json", r#"{"0": {"salary": 1"#), &["i.json", "line 1"]);
    refused(
        (
            "i.json",
            r#"{"0": {"salary": 1}, "1": {"salary": 2}, "7": {"salary": 3}}"#,
        ),
        &["`7` is no party"],
    );
    refused(
        ("i.json", r#"{"salary": [1, 2, 3]}"#),
        &["`salary` is no party", "under the party that gives it"],
    );
    refused(("i.txt", "1 2 3"), &[".json, .toml, .csv and .parquet"]);
}

#[test]
fn wrong_tables_are_named_by_row_and_column() {
    let program = std::fs::read_to_string(example("hospital.smpc")).expect("the example");
    let tables = |second: &str| {
        let folder = folder(&[
            ("p.smpc", &program),
            ("in/0.csv", "age,severity,days\n34,7,12\n"),
            ("in/1.csv", second),
            ("in/2.csv", "age,severity,days\n"),
        ]);
        let at = |name: &str| folder.path().join(name).display().to_string();
        let output = smpcc(&[
            "run",
            &at("p.smpc"),
            "--parties",
            "3",
            "--arg",
            "level=6",
            "--inputs",
            &at("in"),
        ]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let out_of_range = tables("age,severity,days\n50,3,1\n121,3,1\n");
    assert!(
        out_of_range.contains("1.csv")
            && out_of_range.contains("row 2")
            && out_of_range.contains("`age`")
            && out_of_range.contains("0..=120"),
        "{out_of_range}"
    );
    let empty_cell = tables("age,severity,days\n50,,1\n");
    assert!(
        empty_cell.contains("row 1") && empty_cell.contains("`severity`"),
        "{empty_cell}"
    );
    let short_row = tables("age,severity,days\n50,3\n");
    assert!(short_row.contains("row 1"), "{short_row}");
    let no_column = tables("age,severity\n50,3\n");
    assert!(no_column.contains("`days`"), "{no_column}");
}

#[test]
fn arguments_and_lengths_are_checked() {
    // Without the arguments that stand beside the example's tables.
    let program = std::fs::read_to_string(example("hospital.smpc")).expect("the example");
    let table = "age,severity,days\n34,7,12\n";
    let folder = folder(&[
        ("hospital.smpc", &program),
        ("hospital.inputs/0.csv", table),
        ("hospital.inputs/1.csv", table),
        ("hospital.inputs/2.csv", table),
    ]);
    let hospital = folder.path().join("hospital.smpc").display().to_string();
    let missing = smpcc(&["run", &hospital, "--parties", "3"]);
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing.stderr));
    assert!(text(&missing.stderr).contains("level"));
    let wide = smpcc(&["run", &hospital, "--parties", "3", "--arg", "level=256"]);
    assert_eq!(wide.status.code(), Some(2));
    assert!(text(&wide.stderr).contains("level"));
    let typo = smpcc(&["run", &hospital, "--parties", "3", "--arg", "levle=6"]);
    assert_eq!(typo.status.code(), Some(2), "{}", text(&typo.stderr));
    assert!(
        text(&typo.stderr).contains("did you mean `level`"),
        "{}",
        text(&typo.stderr)
    );
    let unknown = smpcc(&[
        "run",
        &hospital,
        "--parties",
        "3",
        "--arg",
        "level=2",
        "--arg",
        "depth=1",
    ]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown.stderr));
    assert!(text(&unknown.stderr).contains("depth"));
    let dot = std::fs::read_to_string(example("dot.smpc")).expect("the example");
    refused_program(
        &dot,
        (
            "i.json",
            r#"{"left": {"a": [1, 2]}, "right": {"b": [1, 2, 3]}}"#,
        ),
        &[],
        &["2", "3"],
    );
}

#[test]
fn errors_of_a_program_are_exit_1_with_code_and_place() {
    let folder = folder(&[(
        "p.smpc",
        "fn main(x: secret u32 from each) -> u32 {\n    if x[0] > 3 { return 1; }\n    y\n}\n",
    )]);
    let path = folder.path().join("p.smpc").display().to_string();
    let output = smpcc(&["check", &path]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("E3") && message.contains("E2"),
        "two independent errors: {message}"
    );
    assert!(
        message.contains("p.smpc:2:") && message.contains("p.smpc:3:5"),
        "{message}"
    );
    let json = smpcc(&["check", &path, "--format", "json"]);
    assert_eq!(json.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert!(
        value["diagnostics"]
            .as_array()
            .is_some_and(|d| d.len() >= 2)
    );
    assert_eq!(
        smpcc(&["run", &path, "--parties", "3"]).status.code(),
        Some(1)
    );
}

#[test]
fn failed_assertions_and_indices_stop_all_parties() {
    let program = "fn main(x: secret u32 from each, i: usize) -> u32 {\n    let n = reveal(x[0]);\n    assert(n == 1, \"the first is one\");\n    x[i]\n}\n";
    let folder = folder(&[
        ("p.smpc", program),
        ("i.json", r#"{"0": {"x": 2}, "1": {"x": 2}, "2": {"x": 3}}"#),
    ]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = smpcc(&[
        "run",
        &at("p.smpc"),
        "--parties",
        "3",
        "--arg",
        "i=1",
        "--inputs",
        &at("i.json"),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("the first is one"),
        "{}",
        text(&output.stderr)
    );
}

#[cfg(unix)]
#[test]
fn a_device_without_an_end_is_not_read_to_its_end() {
    let program = example("avg.smpc").display().to_string();
    let zero = "/dev/zero";
    for args in [
        &["check", zero][..],
        &["run", zero, "--parties", "3"],
        &["fmt", zero],
        &["run", &program, "--inputs", zero],
        &["run", &program, "--parties", "3", "--args", zero],
        &["stats", &program, "--parties", "3", "--costs", zero],
        &["party", zero],
        &["study", "check", zero],
    ] {
        let output = smpcc(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(zero), "{args:?}: {said}");
    }
}
