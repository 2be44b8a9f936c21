//! The binary as scripts and people use it: help, exit codes, what each command says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

pub fn smpcc(args: &[&str]) -> Output {
    command(args).output().expect("smpcc starts")
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smpcc"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with the given files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    folder
}

pub const AVG: &str = "use std::stats::mean;\n\nfn main(salary: secret u32 from each) -> u32 {\n    mean(salary)\n}\n";

#[test]
fn every_help_is_as_documented() {
    let mut all = text(&smpcc(&["--help"]).stdout);
    for verb in [
        "run",
        "party",
        "check",
        "build",
        "stats",
        "graph",
        "reveals",
        "doc",
        "dump",
        "explain",
        "test",
        "fmt",
        "lsp",
        "calibrate",
        "inputs",
        "new",
        "study",
        "contribute",
        "withdraw",
        "result",
        "completions",
        "man",
        "playground",
        "keygen",
    ] {
        let output = smpcc(&[verb, "--help"]);
        assert!(output.status.success());
        all.push_str(&format!("\n==== {verb}\n{}", text(&output.stdout)));
        assert!(
            text(&output.stdout).contains("Examples:"),
            "{verb} shows no example"
        );
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn wrong_usage_is_exit_2() {
    for args in [
        &["frobnicate"][..],
        &["run"],
        &["run", "nowhere.smpc"],
        &["explain", "E9999"],
        &["dump", "x.smpc"],
    ] {
        let output = smpcc(args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            text(&output.stderr)
        );
        assert!(output.stdout.is_empty());
    }
    assert!(text(&smpcc(&["explain", "E302"]).stderr).contains("E3"));
    let page = smpcc(&["explain", "E3002"]);
    assert!(page.status.success() && page.stdout.starts_with(b"# E3002"));
    for short in ["3002", "e3002"] {
        assert_eq!(smpcc(&["explain", short]).stdout, page.stdout, "{short}");
    }
}

#[test]
fn what_does_not_exist_is_refused_and_what_exists_is_named() {
    let avg = example("avg.smpc").display().to_string();
    for (options, named) in [
        (
            &["--suite", "two-party"][..],
            "`rep3` (1 corrupt), `gmw` (2 corrupt), `bgw` (1 corrupt)",
        ),
        (
            &["--parties", "4", "--suite", "rep3"],
            "`rep4` (1 corrupt), `gmw` (3 corrupt), `bgw` (1 corrupt)",
        ),
        (
            &["--parties", "2", "--suite", "bgw"],
            "`two-party` (1 corrupt), `gmw` (1 corrupt)",
        ),
        (
            &["--parties", "5", "--threat", "malicious"],
            "`bgw` (1 to 2 corrupt)",
        ),
        (
            &["--suite", "bgw", "--threat", "malicious"],
            "malicious `rep3` (1 corrupt)",
        ),
        (
            &["--parties", "2", "--suite", "gmw", "--threat", "malicious"],
            "malicious `two-party` (1 corrupt)",
        ),
        (&["--parties", "1"], "`gmw` (2 to 16 parties)"),
        (&["--parties", "17"], "`gmw` (2 to 16 parties)"),
        (&["--threshold", "0"], "`rep3` (1 corrupt)"),
        (
            &["--parties", "5", "--suite", "bgw", "--threshold", "3"],
            "1 to 2",
        ),
        (
            &["--parties", "5", "--threshold", "3"],
            "`bgw` (1 to 2 corrupt)",
        ),
    ] {
        let mut args = vec!["stats", avg.as_str()];
        if !options.contains(&"--parties") {
            args.extend(["--parties", "3"]);
        }
        args.extend(options);
        let output = smpcc(&args);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {message}");
        assert!(message.contains(named), "{options:?}: {message}");
        assert!(message.contains("semi-honest"), "{options:?}: {message}");
    }
}

#[test]
fn the_suite_follows_the_parties_or_the_options() {
    let avg = example("avg.smpc").display().to_string();
    for (options, suite) in [
        (&["--parties", "2"][..], "two-party"),
        (&["--parties", "3"], "rep3"),
        (&["--parties", "4"], "bgw"),
        (&["--parties", "4", "--threat", "malicious"], "rep4"),
        (&["--parties", "4", "--suite", "rep4"], "rep4"),
        (&["--parties", "16"], "bgw"),
        (&["--parties", "3", "--suite", "bgw"], "bgw"),
        (&["--parties", "3", "--threshold", "2"], "gmw"),
        (&["--parties", "2", "--suite", "gmw"], "gmw"),
    ] {
        let mut args = vec!["stats", avg.as_str(), "--format", "json"];
        args.extend(options);
        let output = smpcc(&args);
        assert!(
            output.status.success(),
            "{options:?}: {}",
            text(&output.stderr)
        );
        let stats: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(stats["suite"], suite, "{options:?}");
    }
}

#[test]
fn garbling_where_nothing_garbles_is_refused_by_operation_and_line() {
    let vote = example("vote.smpc").display().to_string();
    for suite in ["gmw", "bgw"] {
        let output = smpcc(&[
            "stats",
            &vote,
            "--parties",
            "3",
            "--suite",
            suite,
            "--protocol",
            "yao",
        ]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        for part in [
            "E4009",
            "garbled under",
            suite,
            "vote.smpc:",
            "`two-party`, `rep3`",
        ] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }
    let folder = folder(&[(
        "p.smpc",
        "#[protocol(yao)]\nfn less(x: secret u32, y: secret u32) -> secret bool {\n    x < y\n}\nfn main(x: secret u32 from each) -> bool { less(x[0], x[1]) }\n",
    )]);
    let path = folder.path().join("p.smpc").display().to_string();
    let output = smpcc(&["stats", &path, "--parties", "4"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("p.smpc:3:"), "{message}");
    let output = smpcc(&["stats", &path, "--parties", "3"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_function_that_cannot_be_arithmetic_is_named_with_its_line() {
    let folder = folder(&[(
        "p.smpc",
        "#[protocol(arithmetic)]\nfn less(x: secret u32, y: secret u32) -> secret bool {\n    x * y < y\n}\nfn main(x: secret u32 from each) -> bool { less(x[0], x[1]) }\n",
    )]);
    let path = folder.path().join("p.smpc").display().to_string();
    let output = smpcc(&["stats", &path, "--parties", "3"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for part in ["E4008", "p.smpc:3:", "comparing"] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let forced = ["stats", &path, "--parties", "3", "--protocol", "boolean"];
    assert!(smpcc(&forced).status.success());
}

#[test]
fn what_the_library_cannot_do_in_a_domain_is_told_at_the_call() {
    let folder = folder(&[(
        "q.smpc",
        "use std::stats::variance;\nfn main(x: secret u32 from each) -> u64 {\n    variance(x)\n}\n",
    )]);
    let path = folder.path().join("q.smpc").display().to_string();
    let forced = ["stats", &path, "--parties", "3", "--protocol", "arithmetic"];
    let message = text(&smpcc(&forced).stderr);
    let places = ["E4008", "q.smpc:3:", "in this call", "<std>/stats.smpc:"];
    let found: Vec<Option<usize>> = places.iter().map(|part| message.find(part)).collect();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{message}"
    );
}

#[test]
fn samples_serve_fewer_parties_and_say_who_is_missing() {
    let avg = example("avg.smpc").display().to_string();
    let fewer = smpcc(&["stats", &avg, "--parties", "2"]);
    assert!(fewer.status.success(), "{}", text(&fewer.stderr));
    let more = smpcc(&["run", &avg, "--parties", "4"]);
    assert_eq!(more.status.code(), Some(2));
    let message = text(&more.stderr);
    assert!(
        message.contains("party 3") && message.contains("`salary`"),
        "{message}"
    );
    // What was asked for by name has to fit.
    let asked = example("avg.inputs.json").display().to_string();
    let output = smpcc(&["run", &avg, "--parties", "2", "--inputs", &asked]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`2` is no party"));
}

#[test]
fn stats_reveals_dump_and_build_say_what_they_should() {
    let avg = example("avg.smpc").display().to_string();
    let stats = smpcc(&["stats", &avg, "--parties", "3", "--format", "json"]);
    assert!(stats.status.success(), "{}", text(&stats.stderr));
    let stats: serde_json::Value = serde_json::from_slice(&stats.stdout).expect("JSON");
    for key in [
        "and",
        "and_depth",
        "xor",
        "inv",
        "mul",
        "mul_depth",
        "rounds",
        "bytes",
        "memory_bytes",
    ] {
        assert!(stats["totals"][key].is_u64(), "{key}: {stats}");
    }
    assert!(stats["estimate_ms"]["wan"].as_f64() > stats["estimate_ms"]["lan"].as_f64());
    assert!(stats["sections"].as_array().is_some_and(|s| !s.is_empty()));
    let reveals = smpcc(&[
        "reveals",
        &example("auction.smpc").display().to_string(),
        "--parties",
        "3",
    ]);
    assert!(reveals.status.success(), "{}", text(&reveals.stderr));
    let list = text(&reveals.stdout);
    assert!(list.contains("winner") && list.contains("price"), "{list}");
    for stage in ["tokens", "ast", "types", "ir", "plan", "program"] {
        let dump = smpcc(&["dump", &avg, "--parties", "3", "--stage", stage]);
        assert!(
            dump.status.success() && !dump.stdout.is_empty(),
            "{stage}: {}",
            text(&dump.stderr)
        );
    }
    let folder = folder(&[]);
    for emit in ["program", "text", "bristol", "dot"] {
        let to = folder.path().join(emit).display().to_string();
        let build = smpcc(&["build", &avg, "--parties", "3", "--emit", emit, "-o", &to]);
        assert!(build.status.success(), "{emit}: {}", text(&build.stderr));
        assert!(std::fs::metadata(&to).is_ok_and(|m| m.len() > 0));
    }
}

#[test]
fn keygen_makes_a_private_key_and_overwrites_nothing() {
    let folder = folder(&[]);
    let out = folder.path().display().to_string();
    let made = smpcc(&["keygen", "--name", "clinic", "--out", &out]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let key = folder.path().join("clinic.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&key).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let before = std::fs::read(&key).expect("a key");
    let again = smpcc(&["keygen", "--name", "clinic", "--out", &out]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read(&key).expect("a key"), before);
    assert_eq!(
        smpcc(&["keygen", "--name", "../x", "--out", &out])
            .status
            .code(),
        Some(2)
    );
}

/// Runs the tests of programs with some options. Programs that fix their number of parties keep it; the suite follows.
fn pass_their_tests(paths: &[PathBuf], options: &[&str]) {
    for path in paths {
        let path = path.display().to_string();
        let output = smpcc(&[&["test", &path][..], options].concat());
        assert!(
            output.status.success() && text(&output.stdout).contains(" 0 failed"),
            "{options:?}: {}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

/// All programs that have tests.
fn library_and_examples() -> Vec<PathBuf> {
    vec![example("../stdlib"), example("")]
}

/// The same without modules whose circuits are long and do not depend on how many compute them; `tests/trials.sh` has all.
fn library_and_examples_without(long: &[&str]) -> Vec<PathBuf> {
    let library = std::fs::read_dir(example("../stdlib")).expect("the library");
    let mut paths: Vec<PathBuf> = library.map(|e| e.expect("a file").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "smpc"));
    let all = paths.len();
    paths.retain(|p| !long.iter().any(|name| p.ends_with(name)));
    assert_eq!(paths.len() + long.len(), all, "{paths:?}");
    paths.push(example(""));
    paths
}

#[test]
fn the_library_and_the_examples_pass_their_tests() {
    pass_their_tests(&library_and_examples(), &["--parties", "3"]);
}

#[test]
fn the_library_and_the_examples_pass_their_tests_between_two() {
    pass_their_tests(&library_and_examples(), &["--parties", "2"]);
}

#[test]
fn the_library_and_the_examples_pass_their_tests_in_other_suites() {
    let paths = library_and_examples_without(&["crypto.smpc", "ml.smpc"]);
    for suite in ["bgw", "gmw"] {
        pass_their_tests(&paths, &["--parties", "3", "--suite", suite]);
    }
}

#[test]
fn the_library_and_the_examples_pass_their_tests_among_many() {
    let long = [
        "crypto.smpc",
        "ml.smpc",
        "inference.smpc",
        "table.smpc",
        "math.smpc",
    ];
    let paths = library_and_examples_without(&long);
    pass_their_tests(&paths, &["--parties", "5"]);
    // Eleven are too many to shuffle, as sixteen are, and sort by the same networks in a third of the time.
    let is_sorting = |path: &PathBuf| {
        ["sort.smpc", "stats.smpc"]
            .iter()
            .any(|name| path.ends_with(name))
    };
    let (sorting, rest): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_sorting);
    assert_eq!(sorting.len(), 2);
    pass_their_tests(&sorting, &["--parties", "11"]);
    pass_their_tests(&rest, &["--parties", "16"]);
}

#[test]
fn a_test_that_fails_is_told() {
    let folder = folder(&[("p.smpc", "test \"wrong\" { assert(secret(1) == 2); }\n")]);
    let output = smpcc(&["test", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("1 failed"));
}

#[test]
fn tests_run_for_the_numbers_of_parties_that_they_name() {
    let program = "test \"many\" for 2..=4 parties { assert(parties() < 5); }\n\
                   test \"three\" { assert(parties() == 3); }\n";
    let folder = folder(&[("p.smpc", program)]);
    let path = folder.path().display().to_string();
    let run = |options: &[&str]| {
        let output = smpcc(&[&["test", &path][..], options].concat());
        (output.status.code(), text(&output.stdout))
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("4 passed, 0 failed\n"), "{said}");
    assert!(said.contains("\"many\" (2 parties: in the clear"), "{said}");
    let (code, said) = run(&["--parties", "4", "--filter", "many"]);
    assert_eq!(
        (code, said.contains("1 passed, 0 failed")),
        (Some(0), true),
        "{said}"
    );
    let (code, said) = run(&["--parties", "5", "--filter", "many"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 passed, 0 failed, 1 skipped"), "{said}");
    let (code, said) = run(&["--suite", "rep3"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 passed, 0 failed, 2 skipped"), "{said}");
}

#[test]
fn a_test_run_that_tests_nothing_says_so() {
    let full = folder(&[("p.smpc", "test \"right\" { assert(true); }\n")]);
    let empty = folder(&[("notes.txt", "")]);
    for (folder, options, want) in [
        (
            &full,
            &["--filter", "rihgt"][..],
            "no test's name contains \"rihgt\"; there are 1 tests",
        ),
        (&empty, &[], "there is no .smpc file in "),
    ] {
        let path = folder.path().display().to_string();
        let output = smpcc(&[&["test", &path][..], options].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains(want),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn graph_draws_by_the_ending() {
    let folder = folder(&[]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let hospital = example("hospital.smpc").display().to_string();
    for (name, begins) in [("g.svg", "<svg "), ("g.dot", "digraph ")] {
        let to = at(name);
        let options = ["--parties", "3", "--arg", "level=6", "-o", &to];
        let output = smpcc(&[&["graph", &hospital][..], &options].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let drawn = std::fs::read_to_string(&to).expect("a picture");
        assert!(drawn.starts_with(begins), "{drawn}");
        for part in [
            "hospital: rep3 among 3 parties",
            "party 0 (hospital[0]) gives",
            "patients: u32",
        ] {
            assert!(drawn.contains(part), "`{part}` is not in {drawn}");
        }
    }
    let output = smpcc(&["graph", &hospital, "--parties", "3", "-o", &at("g.png")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(".svg or .dot"));
}

#[test]
fn a_measured_table_is_one_that_plans_take() {
    let folder = folder(&[("wrong.toml", "[rep3]\nxor_ps = 3\n")]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = smpcc(&["calibrate", "-o", &at("costs.toml")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = std::fs::read_to_string(at("costs.toml")).expect("a table");
    for part in [
        "[two-party]",
        "[rep3]",
        "[gmw]",
        "[bgw]",
        "garbled_and_ps = ",
    ] {
        assert!(table.contains(part), "`{part}` is not in {table}");
    }
    let avg = example("avg.smpc").display().to_string();
    let costs = at("costs.toml");
    let stats = smpcc(&["stats", &avg, "--parties", "3", "--costs", &costs]);
    assert!(stats.status.success(), "{}", text(&stats.stderr));
    let run = smpcc(&["run", &avg, "--parties", "3", "--costs", &costs]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let wrong = smpcc(&[
        "stats",
        &avg,
        "--parties",
        "3",
        "--costs",
        &at("wrong.toml"),
    ]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("xor_ps"));
}

#[test]
fn an_emulated_network_takes_its_time() {
    let avg = example("avg.smpc").display().to_string();
    for place in [&[][..], &["--in-process"]] {
        let run = |options: &[&str]| -> (f64, f64, u64) {
            let base = ["run", &avg, "--parties", "3", "--protocol", "boolean"];
            let rest = ["--network", "40ms:100", "--format", "json"];
            let output = smpcc(&[&base[..], &rest, place, options].concat());
            assert!(output.status.success(), "{}", text(&output.stderr));
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(report["outputs"]["0"], 5300);
            let ms = |what: &str| report["time_ms"][what].as_f64().expect("a time");
            (
                ms("online"),
                ms("total"),
                report["rounds"].as_u64().expect("rounds"),
            )
        };
        let (slow, total, rounds) = run(&["--emulate"]);
        // Each round waits for a message that is 20 ms on its way.
        let least = 20.0 * rounds as f64;
        assert!(
            rounds > 3 && slow >= 0.9 * least,
            "{slow} ms for {rounds} rounds"
        );
        assert!(
            slow < 5.0 * least + 2000.0 && total >= slow,
            "{slow} ms for {rounds} rounds"
        );
        let (fast, ..) = run(&[]);
        assert!(fast < slow, "{fast} ms, emulated {slow} ms");
    }
}
