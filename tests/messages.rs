//! What the binary says on the way and when it refuses: details that are asked for, and nothing that is secret or obeyed by
//! a terminal.

use crate::cli::{AVG, example, folder, smpcc, text};

#[test]
fn a_length_of_one_party_stands_whatever_else_is_said() {
    let histogram = example("histogram.smpc").display().to_string();
    let lanes = |lens: [&str; 2]| {
        let args = ["stats", &histogram, "--parties", "3", "-vv"];
        let output = smpcc(&[&args[..], &["--len", lens[0], "--len", lens[1]]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let notes = text(&output.stderr);
        let given = notes.lines().filter(|l| l.contains("rows of `salaries`"));
        given.map(str::to_owned).collect::<Vec<_>>()
    };
    let one_first = lanes(["salaries[1]=7", "salaries=40"]);
    assert!(
        one_first.iter().any(|l| l.contains("party 1 gives 7 rows")),
        "{one_first:?}"
    );
    assert!(
        one_first
            .iter()
            .any(|l| l.contains("party 2 gives 40 rows")),
        "{one_first:?}"
    );
    assert_eq!(one_first, lanes(["salaries=40", "salaries[1]=7"]));
    for (lens, why) in [
        (["salaries=1", "salaries=2"], "twice"),
        (["salaries[1]=1", "salaries[1]=2"], "twice"),
        (["salaries=1", "salareis=2"], "did you mean `salaries`"),
    ] {
        let args = [
            "stats",
            &histogram,
            "--parties",
            "3",
            "--len",
            lens[0],
            "--len",
            lens[1],
        ];
        let output = smpcc(&args);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains(why),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn details_come_as_they_are_asked_for() {
    let avg = example("avg.smpc").display().to_string();
    let run = |options: &[&str]| {
        let output = smpcc(&[&["run", &avg, "--parties", "3"], options].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("5300"));
        text(&output.stderr)
    };
    assert_eq!(run(&[]), "");
    let some = run(&["-v"]);
    assert!(
        some.contains("rep3 among 3 parties") && some.contains("rounds"),
        "{some}"
    );
    assert!(some.contains("party 2: all agree on session"), "{some}");
    let more = run(&["-vv"]);
    assert!(more.lines().count() > some.lines().count() + 5, "{more}");
    assert!(!more.contains("5200"), "{more}");
    assert_eq!(run(&["-vv", "-q"]), "");
}

#[test]
fn tables_without_a_header_and_words_in_cells_are_not_shown() {
    let program = "fn main(salary: [secret u32; _] from each) -> u64 { salary.flatten().sum() }\n";
    let folder = folder(&[
        ("p.smpc", program),
        ("no-header/0.csv", "4711\n4712\n"),
        ("no-header/1.csv", "4713\n"),
        ("words/0.csv", "salary\nTRUE\n"),
        ("words/1.csv", "salary\n#REF!\n"),
    ]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let message = |inputs: &str| {
        let output = smpcc(&[
            "run",
            &at("p.smpc"),
            "--parties",
            "2",
            "--inputs",
            &at(inputs),
        ]);
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    let headless = message("no-header");
    assert!(
        headless.contains("0.csv") && !headless.contains("471"),
        "{headless}"
    );
    let words = message("words");
    assert!(
        words.contains("row 1") && !words.contains("fraction"),
        "{words}"
    );
}

#[test]
fn what_no_machine_has_is_refused_before_anything_starts() {
    let avg = example("avg.smpc").display().to_string();
    let output = smpcc(&["run", &avg, "--parties", "3", "--memory", "1"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("memory") && message.contains("3 of which"),
        "{message}"
    );
    let output = smpcc(&["run", &avg, "--parties", "3", "--memory", "1GB"]);
    assert!(output.status.success());
    // The line that asks for it is named, and nothing is tried on the way there.
    let folder = tempfile::tempdir().expect("a folder");
    let big = folder.path().join("big.smpc");
    let source = "fn main(x: secret u32 from each) -> [u32; 50000000000] {\n    let y = x[0];\n    [y * x[1]; 50000000000]\n}\n";
    std::fs::write(&big, source).expect("a file");
    let inputs = folder.path().join("big.inputs.json");
    std::fs::write(
        inputs,
        "{\"0\": {\"x\": 1}, \"1\": {\"x\": 2}, \"2\": {\"x\": 3}}",
    )
    .expect("a file");
    let big = big.display().to_string();
    let output = smpcc(&["run", &big, "--parties", "3", "--memory", "64GB"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("big.smpc:1"), "{message}");
}

#[test]
fn nothing_from_a_file_commands_the_terminal() {
    let inputs = "{\"0\": {\"a\\u001b[2Jb\\u202ec\": 1}}";
    let folder = folder(&[("p.smpc", AVG), ("i.json", inputs)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = smpcc(&[
        "run",
        &at("p.smpc"),
        "--parties",
        "2",
        "--inputs",
        &at("i.json"),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        !message.contains('\u{1b}') && !message.contains('\u{202e}'),
        "{message}"
    );
}

#[test]
fn a_failed_assertion_of_a_test_shows_both_sides() {
    let program = "fn f(x: secret u32) -> secret u32 { x * 2 }\n\
        test \"known\" { assert(1 + 2 == 4); }\n\
        test \"secret\" { let x = secret(21u32); assert(reveal(f(x) < 40)); }\n\
        test \"loop\" { let mut n = 0i8; for i in 0..4 { n -= 3; assert(n > -8); } }\n\
        test \"whole\" { assert(!true); }\n";
    let folder = folder(&[("p.smpc", program)]);
    let path = folder.path().join("p.smpc").display().to_string();
    let output = smpcc(&["test", &path]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    for (name, sides) in [
        ("known", "(left is 3, right is 4)"),
        ("secret", "(left is 42, right is 40)"),
        ("loop", "(left is -9, right is -8)"),
    ] {
        let line = shown.lines().find(|l| l.contains(&format!("\"{name}\"")));
        assert!(line.is_some_and(|l| l.contains(sides)), "{name}: {shown}");
    }
    assert!(
        shown.contains("\"whole\"") && shown.contains("4 failed"),
        "{shown}"
    );
}

#[test]
fn a_length_that_a_run_does_not_have_is_refused() {
    let program = "fn main(x: [secret u32; _] from each, y: secret u32 from each) -> u64 {\n    x.flatten().sum() + (y[0] as u64)\n}\n";
    let inputs = r#"{"0": {"x": [1, 2], "y": 1}, "1": {"x": [3, 4, 5], "y": 1}}"#;
    let folder = folder(&[("p.smpc", program), ("p.inputs.json", inputs)]);
    let file = folder.path().join("p.smpc").display().to_string();
    let run = |lens: &[&str]| {
        let mut args = vec!["run", file.as_str(), "--parties", "2"];
        for len in lens {
            args.extend(["--len", len]);
        }
        let output = smpcc(&args);
        (output.status.code(), text(&output.stderr))
    };
    for lens in [&[][..], &["x[0]=2"], &["x[0]=2", "x[1]=3"]] {
        let (code, shown) = run(lens);
        assert_eq!(code, Some(0), "{lens:?} {shown}");
    }
    for (lens, parts) in [
        (&["x=2"][..], &["2 rows of `x`", "party 1", "3 rows"][..]),
        (&["x[0]=7"], &["7 rows of `x`", "party 0", "2 rows"]),
        (&["z=7"], &["no input `z`"]),
        (&["y=1"], &["`y`", "only a length `_` is open"]),
        (&["x[]=1"], &["`x[]`", "only a length `_` is open"]),
    ] {
        let (code, shown) = run(lens);
        assert_eq!(code, Some(2), "{lens:?} {shown}");
        for part in parts {
            assert!(shown.contains(part), "{lens:?} {part}: {shown}");
        }
    }
    // Where there are no inputs the option says it, also of the arrays inside of an input.
    let nested =
        "fn main(x: [[secret u32; _]; 2] from each) -> u64 {\n    x.flatten().flatten().sum()\n}\n";
    let nested = crate::cli::folder(&[("n.smpc", nested)]);
    let file = nested.path().join("n.smpc").display().to_string();
    let stats = |len: &str| smpcc(&["stats", &file, "--parties", "2", "-vv", "--len", len]);
    let output = stats("x[]=6");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = stats("x=6");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("only a length `_` is open"),
        "{}",
        text(&output.stderr)
    );
}

/// Each line on stderr is an object, whatever says it; the product stays what it is.
#[test]
fn messages_are_lines_of_json_where_that_is_asked_for() {
    let wrong = "fn main(n: secret u32 from each) -> u32 {\n    let unused = 1;\n    for i in 0..n[0] { }\n    y\n}\n";
    let folder = folder(&[
        ("avg.smpc", AVG),
        ("wrong.smpc", wrong),
        (
            "many.json",
            "{\"0\": {\"salary\": 1}, \"1\": {\"salary\": 4294967296}}",
        ),
    ]);
    let said = |args: &[&str]| -> (Option<i32>, String, Vec<serde_json::Value>) {
        let mut command = crate::cli::command(args);
        let output = command
            .args(["--messages", "json"])
            .current_dir(folder.path());
        let output = output.output().expect("smpcc starts");
        let lines = text(&output.stderr);
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        (output.status.code(), text(&output.stdout), lines.collect())
    };
    for verb in ["check", "run", "stats", "reveals"] {
        let (code, product, lines) = said(&[verb, "wrong.smpc"]);
        assert_eq!((code, product.as_str()), (Some(1), ""), "{verb}");
        let codes: Vec<&str> = lines
            .iter()
            .filter_map(|line| line["code"].as_str())
            .collect();
        assert!(
            codes.contains(&"E3002") && codes.contains(&"E2001"),
            "{lines:?}"
        );
        for line in &lines {
            assert!(
                matches!(line["severity"].as_str(), Some("error" | "warning")),
                "{line}"
            );
            assert!(
                line["place"]["line"].is_u64() && line["help"].is_string(),
                "{line}"
            );
            let shown = line["shown"].as_str().expect("text");
            assert!(
                shown.contains("wrong.smpc:") && !shown.contains('\u{1b}'),
                "{line}"
            );
        }
    }
    let (code, _, lines) = said(&["run", "avg.smpc", "--inputs", "many.json"]);
    assert_eq!(code, Some(2));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["severity"], "error");
    let message = lines[0]["message"].as_str().expect("text");
    assert!(
        message.starts_with("many.json, `1`, `salary`: "),
        "{message}"
    );
    // Parties are processes of their own, and say it in the same way.
    let inputs = "{\"0\": {\"salary\": 1}, \"1\": {\"salary\": 3}}";
    std::fs::write(folder.path().join("two.json"), inputs).expect("written");
    let run = [
        "run", "avg.smpc", "--inputs", "two.json", "-vv", "--format", "json",
    ];
    let (code, product, lines) = said(&run);
    assert_eq!(code, Some(0));
    assert!(
        product.starts_with("{\"outputs\": {\"0\": 2, \"1\": 2}"),
        "{product}"
    );
    let from_a_party = |line: &serde_json::Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["severity"] == "note" && message.contains("party 1: all agree on session")
    };
    assert!(lines.iter().any(from_a_party), "{lines:?}");
}

/// With it a program that reads the report tells a date from a text, and a decimal from an integer.
#[test]
fn reports_say_the_types_of_results() {
    let program = "enum Mood { Fine, Ill { since: date, with: Option<str<8>> }, Both(u8, i16) }
struct Row { n: u32, price: fixed<32, 8>, at: datetime, maybe: Option<Option<bool>>, mood: Mood, pair: (f64, [u8; 2]) }
party a;
party b;
fn main(row: secret Row from a, x: secret u8 from b) -> { rows: [Row; 2] to a, x: u8 } { { rows: [row, row], x } }
";
    let inputs = r#"{"a": {"row": {"n": 1, "price": "0.5", "at": "2024-01-01", "maybe": {"Some": null}, "mood": {"Both": [1, -2]}, "pair": [0.25, [3, 4]]}}, "b": {"x": 9}}"#;
    let folder = folder(&[("p.smpc", program), ("p.inputs.json", inputs)]);
    let path = folder.path().join("p.smpc").display().to_string();
    let output = smpcc(&["run", &path, "--format", "json", "--protocol", "boolean"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ill = serde_json::json!({"struct": {"since": "date", "with": {"option": "str<8>"}}});
    let row = serde_json::json!({"struct": {
        "n": "u32",
        "price": "fixed<32, 8>",
        "at": "datetime",
        "maybe": {"option": {"option": "bool"}},
        "mood": {"enum": {"Fine": null, "Ill": ill, "Both": {"tuple": ["u8", "i16"]}}},
        "pair": {"tuple": ["f64", {"array": "u8", "len": 2}]},
    }});
    let rows = serde_json::json!({"array": row, "len": 2});
    assert_eq!(
        report["types"]["0"],
        serde_json::json!({"struct": {"rows": rows, "x": "u8"}})
    );
    assert_eq!(
        report["types"]["1"],
        serde_json::json!({"struct": {"x": "u8"}})
    );
    assert_eq!(
        report["outputs"]["0"]["rows"][1]["maybe"],
        serde_json::json!({"Some": null})
    );
}

#[test]
fn a_program_is_found_by_its_ending() {
    let folder = folder(&[("mean.smpc", AVG)]);
    let path = folder.path().join("mean").display().to_string();
    let output = smpcc(&["check", &path]);
    let said = text(&output.stderr);
    assert!(
        said.contains("did you mean ") && said.contains("mean.smpc?"),
        "{said}"
    );
    let output = smpcc(&["check", &format!("{path}s")]);
    assert!(!text(&output.stderr).contains("did you mean"));
}

#[test]
fn all_programs_of_a_folder_are_checked() {
    let wrong = "fn main(a: secret u8 from each) -> u8 {\n    b\n}\n";
    let folder = folder(&[
        ("mean.smpc", AVG),
        ("in/mean.smpc", AVG),
        ("notes.txt", wrong),
    ]);
    let path = folder.path().display().to_string();
    let output = smpcc(&["check", &path]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("2 programs: no errors"));
    std::fs::write(folder.path().join("a.smpc"), wrong).expect("a file");
    std::fs::write(folder.path().join("in/z.smpc"), wrong).expect("a file");
    let output = smpcc(&["check", &path]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("a.smpc:2") && said.contains("z.smpc:2"),
        "{said}"
    );
    assert!(!said.contains("no errors"), "{said}");
    let output = smpcc(&["check", &path, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors = json["diagnostics"].as_array().expect("a list").iter();
    assert_eq!(
        errors.filter(|d| d["severity"] == "error").count(),
        2,
        "{json}"
    );
}

#[test]
fn files_are_written_for_the_fewest_parties_that_declared_roles_allow() {
    let roles = "party lead;\nparty clinic[2..];\n\nfn main(x: secret u8 from lead, y: secret u8 from each clinic) -> u32 {\n    x as u32 + y[0] as u32\n}\n";
    let folder = folder(&[("roles.smpc", roles), ("mean.smpc", AVG)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = smpcc(&["inputs", &at("roles.smpc"), "-o", &at("made")]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("files for 3 parties"), "{said}");
    // Without roles nothing says how many there are.
    let output = smpcc(&["inputs", &at("mean.smpc"), "-o", &at("other")]);
    assert!(!output.status.success());
}

#[test]
fn an_assertion_in_the_library_is_told_where_the_library_is_called() {
    let program = "use std::stats::quantile;

fn main(x: [secret u16; 2] from each) -> u16 {
    let ninths = reveal(x[0][0]) as usize;
    quantile(x.flatten(), ninths, 9)
}
";
    let inputs = "{\"0\": {\"x\": [10, 2]}, \"1\": {\"x\": [3, 4]}}";
    let folder = folder(&[("q.smpc", program), ("q.inputs.json", inputs)]);
    let path = folder.path().join("q.smpc").display().to_string();
    for more in ["--in-process", "--check"] {
        let output = smpcc(&["run", &path, more]);
        let message = text(&output.stderr);
        assert!(!output.status.success(), "{message}");
        assert!(
            message.contains("q.smpc:5:5: ") && message.contains("a quantile is between 0 and 1"),
            "{message}"
        );
    }
}

#[test]
fn what_every_session_refuses_is_told_of_a_file_and_of_a_folder() {
    let text_of = "use std::dp::{budget, laplace};

fn main(x: secret u32 from each) -> i64 {
    budget(0.3, 0.0);
    laplace(x.sum() as i64, 1, 0.5)
}
";
    let folder = folder(&[("noisy.smpc", text_of)]);
    let file = folder.path().join("noisy.smpc");
    for path in [file.as_path(), folder.path()] {
        let path = path.display().to_string();
        for format in ["human", "json"] {
            let output = smpcc(&["check", &path, "--format", format]);
            assert_eq!(output.status.code(), Some(1), "{path} {format}");
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(said.contains("E4011"), "{said}");
        }
    }
}

#[test]
fn names_of_the_library_are_looked_up() {
    let said = |name: &str| {
        let output = smpcc(&["doc", name]);
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, mean, _) = said("std::stats::mean");
    assert_eq!(code, Some(0));
    assert!(
        mean.starts_with("use std::stats::mean;\n\nfn mean<"),
        "{mean}"
    );
    assert!(mean.contains("of integers truncated toward zero"), "{mean}");
    let (code, stats, _) = said("std::stats");
    assert_eq!(code, Some(0));
    assert!(
        stats.starts_with("std::stats\n\n") && stats.contains("\n  median "),
        "{stats}"
    );
    // A name alone is looked for in all modules.
    let (code, quantile, _) = said("quantile");
    assert_eq!(code, Some(0));
    for module in ["stats", "inference"] {
        let head = format!("use std::{module}::quantile;\n");
        assert!(quantile.contains(&head), "{quantile}");
    }
    let (code, _, wrong) = said("std::stats::meen");
    assert_eq!(code, Some(2));
    assert!(wrong.contains("`smpcc doc std::stats` lists"), "{wrong}");
}
