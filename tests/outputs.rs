//! What the binary writes: streams that cannot be written to, and files that must not be overwritten.

use crate::cli::{AVG, command, example, folder, smpcc, text};
use std::fs::File;
use std::io;
use std::process::Stdio;

/// A stream that takes nothing because its device is full.
fn full() -> Option<File> {
    File::options().write(true).open("/dev/full").ok()
}

/// A stream whose reader has gone away.
fn closed() -> Stdio {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn avg() -> String {
    example("avg.smpc").display().to_string()
}

const WRONG: &str = "fn main(x: secret u32 from each) -> u32 { y }\n";
const FAILING: &str = "test \"never\" { assert(1 == 2); }\n";

#[test]
fn a_full_disk_is_an_error_and_the_result_is_not_lost() {
    for args in [
        &["run", &avg(), "--parties", "3"][..],
        &["run", &avg(), "--parties", "3", "--format", "json"],
        &["run", &avg(), "--parties", "3", "--in-process"],
        &["stats", &avg(), "--parties", "3"],
        &["reveals", &avg(), "--parties", "3"],
        &["check", &avg(), "--format", "json"],
        &["test", &avg()],
        &["explain", "E3002"],
        &["dump", &avg(), "--stage", "ast"],
        &["--help"],
    ] {
        let Some(full) = full() else { return };
        let expected = text(&smpcc(args).stdout);
        let output = command(args).stdout(full).output().expect("smpcc starts");
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(
            message.contains("cannot write to stdout"),
            "{args:?}: {message}"
        );
        // Figures of time differ from run to run.
        let first = expected.lines().next().unwrap_or_default();
        let start = first.get(..20).unwrap_or(first);
        assert!(message.contains(start), "{args:?}: {message}");
    }
}

#[test]
fn a_failure_keeps_its_status_wherever_its_message_goes() {
    let folder = folder(&[("wrong.smpc", WRONG), ("failing.smpc", FAILING)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (args, code) in [
        (vec!["check".to_owned(), at("wrong.smpc")], 1),
        (vec!["run".to_owned(), at("wrong.smpc")], 1),
        (vec!["test".to_owned(), at("failing.smpc")], 1),
        (vec!["run".to_owned(), at("nowhere.smpc")], 2),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let streams: [fn() -> Option<Stdio>; 2] = [|| full().map(Stdio::from), || Some(closed())];
        for stream in streams {
            let (Some(out), Some(err)) = (stream(), stream()) else {
                continue;
            };
            let status = command(&args).stdout(out).stderr(err).status();
            assert_eq!(status.expect("smpcc starts").code(), Some(code), "{args:?}");
        }
    }
    if let Some(full) = full() {
        let status = command(&["check", &avg()]).stderr(full).status();
        assert_eq!(status.expect("smpcc starts").code(), Some(2));
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    for args in [
        &["run", &avg(), "--parties", "3"][..],
        &["stats", &avg(), "--parties", "3"],
        &["check", &avg()],
        &["--help"],
    ] {
        let output = command(args)
            .stdout(closed())
            .output()
            .expect("smpcc starts");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let quiet = !text(&output.stderr).contains("error:");
        assert!(quiet, "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn inputs_and_other_files_are_not_overwritten() {
    let inputs = r#"{"0": {"salary": 1}, "1": {"salary": 2}}"#;
    let folder = folder(&[
        ("p.smpc", AVG),
        ("p.inputs.json", inputs),
        ("notes.txt", "digits come first in netlists, words do not"),
    ]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let content = |name: &str| std::fs::read_to_string(at(name)).expect("a text");
    let (program, notes) = (at("p.smpc"), at("notes.txt"));
    let refused = |args: &[&str], why: &str| {
        let output = smpcc(args);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(message.contains(why), "{args:?}: {message}");
        assert!(output.stdout.is_empty(), "{args:?}");
    };
    for force in [&[][..], &["--force"]] {
        let with = |args: &[&'static str], out: &str| {
            let mut all: Vec<String> = args.iter().map(|a| a.to_string()).collect();
            all.extend([program.clone(), "--parties".into(), "2".into()]);
            all.push(if args[0] == "run" { "--report" } else { "-o" }.into());
            all.push(out.to_owned());
            all.extend(force.iter().map(|f| f.to_string()));
            all
        };
        for args in [
            with(&["build"], &program),
            with(&["build", "--emit", "text"], &at("p.inputs.json")),
            with(&["run"], &program),
            with(&["run"], &at("p.inputs.json")),
        ] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            refused(&args, "is what this command reads");
        }
    }
    for (args, out) in [
        (&["build", &program, "--parties", "2"][..], "-o"),
        (
            &["build", &program, "--parties", "2", "--emit", "bristol"],
            "-o",
        ),
        (&["run", &program, "--parties", "2"], "--report"),
        (&["calibrate"], "-o"),
    ] {
        refused(&[args, &[out, &notes]].concat(), "--force");
    }
    assert_eq!(content("p.smpc"), AVG);
    assert_eq!(content("p.inputs.json"), inputs);
    assert!(content("notes.txt").starts_with("digits"));
    // The same kind may be written again, and anything else by force.
    let dot = at("p.dot");
    for _ in 0..2 {
        assert!(
            smpcc(&["graph", &program, "--parties", "2", "-o", &dot])
                .status
                .success()
        );
    }
    let forced = [
        "build",
        &program,
        "--parties",
        "2",
        "--emit",
        "text",
        "-o",
        &notes,
        "--force",
    ];
    assert!(smpcc(&forced).status.success());
    assert!(content("notes.txt").starts_with("program "));
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_the_run() {
    let folder = folder(&[]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = |report: &str| smpcc(&["run", &avg(), "--parties", "3", "--report", report]);
    let output = run(&at("no/such/folder.json"));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    // What is noticed only at the end does not cost the result.
    if full().is_some() {
        let output = run("/dev/full");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(
            text(&output.stdout).contains("5300"),
            "{}",
            text(&output.stderr)
        );
    }
    let output = run(&at("report.json"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = std::fs::read(at("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["outputs"]["0"], 5300);
    // Nothing is left of a run that failed.
    let output = smpcc(&[
        "run",
        &avg(),
        "--parties",
        "3",
        "--memory",
        "1",
        "--report",
        &at("x.json"),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!std::path::Path::new(&at("x.json")).exists());
}

#[test]
fn what_build_writes_runs() {
    let folder = folder(&[("p.smpc", AVG), ("q.smpc", AVG)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let inputs = example("avg.inputs.json").display().to_string();
    let built = at("p.smpcb");
    let run = |args: &[&str]| {
        let output = smpcc(args);
        let code = output.status.code();
        (code, text(&output.stdout), text(&output.stderr))
    };
    let (code, _, message) = run(&["build", &at("p.smpc"), "--parties", "3", "-o", &built]);
    assert_eq!(code, Some(0), "{message}");
    for options in [
        &[][..],
        &["--in-process"],
        &["--suite", "rep3", "--parties", "3"],
    ] {
        let args = [
            &["run", &built, "--inputs", &inputs, "--format", "json"],
            options,
        ]
        .concat();
        let (code, shown, message) = run(&args);
        assert_eq!(code, Some(0), "{message}");
        let report: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(report["outputs"]["2"], 5300);
        // The same program, and so the same figures, as from the text.
        let args = [
            "run",
            &at("p.smpc"),
            "--inputs",
            &inputs,
            "--parties",
            "3",
            "--format",
            "json",
        ];
        let text: serde_json::Value = serde_json::from_str(&run(&args).1).expect("JSON");
        for figure in ["rounds", "bytes_sent", "program"] {
            assert_eq!(report[figure], text[figure], "{figure}");
        }
    }
    let figures = |file: &str| {
        let (code, shown, message) = run(&["stats", file, "--parties", "3", "--format", "json"]);
        assert_eq!(code, Some(0), "{message}");
        serde_json::from_str::<serde_json::Value>(&shown).expect("JSON")["totals"].clone()
    };
    assert_eq!(figures(&built), figures(&at("p.smpc")));
    let (code, _, message) = run(&["graph", &built, "-o", &at("p.svg")]);
    assert_eq!(code, Some(0), "{message}");
    for (options, why) in [
        (&["--parties", "2"][..], "2 parties cannot run it"),
        (&["--suite", "gmw"], "another suite"),
        (&["--threshold", "2"], "another threshold"),
        (&["--arg", "x=1"], "`x` is fixed in it"),
        (&["--protocol", "yao"], "is fixed in it"),
    ] {
        let (code, _, message) = run(&[&["run", &built, "--inputs", &inputs], options].concat());
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(why), "{message}");
    }
    let (code, _, message) = run(&["check", &built]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("is a compiled program"), "{message}");
    // A damaged file is said to be one.
    let mut bytes = std::fs::read(&built).expect("a program");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(at("half.smpcb"), bytes).expect("written");
    let (code, _, message) = run(&["run", &at("half.smpcb"), "--inputs", &inputs]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("half.smpcb"), "{message}");
}
