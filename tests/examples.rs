//! Every example, as a user runs it: real processes, every domain, the result that stands beside it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Program, options, and whether all of it can run in arithmetic shares.
const EXAMPLES: [(&str, &[&str], bool); 14] = [
    ("avg", &["--parties", "3"], false),
    ("auction", &["--parties", "3"], false),
    ("vote", &["--parties", "3"], false),
    ("hospital", &["--parties", "3", "--arg", "level=6"], false),
    ("histogram", &["--parties", "3"], true),
    ("intersection", &[], false),
    ("dot", &[], true),
    ("risk", &["--parties", "3"], false),
    ("score", &["--parties", "3", "--arg", "limit=79"], false),
    ("millionaires", &[], false),
    ("fraud", &["--parties", "3"], false),
    ("runoff", &["--parties", "3"], false),
    ("payments", &[], false),
    ("salaries", &["--parties", "3"], false),
];

/// What is too long to run in every domain: the compiler's choice, in real processes and in one.
const APPLICATIONS: [&str; 6] = [
    "survival",
    "exchange",
    "meters",
    "federated",
    "names",
    "ceremony",
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn smpcc(verb: &str, name: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg(verb)
        .arg(examples().join(format!("{name}.smpc")))
        .args(["--format", "json"])
        .args(options)
        .output()
        .expect("smpcc starts")
}

fn json(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "exit {:?}: {}",
        output.status.code(),
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
}

fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(examples().join(format!("{name}.expected.json")))
        .expect("an expected result");
    serde_json::from_str(&text).expect("JSON")
}

/// The result is the expected one, and what was sent is what `stats` had predicted, for every party.
fn agrees(name: &str, options: &[&str], protocol: &str) {
    let mut options = options.to_vec();
    options.extend(["--protocol", protocol]);
    let report = json(&smpcc("run", name, &options));
    assert_eq!(report["outputs"], expected(name), "{name} in {protocol}");
    let stats = json(&smpcc("stats", name, &options));
    assert_eq!(
        report["rounds"], stats["totals"]["rounds"],
        "rounds of {name} in {protocol}"
    );
    assert_eq!(
        report["bytes_sent"], stats["totals"]["bytes_sent"],
        "bytes of {name} in {protocol}"
    );
    let path = stats["critical_path"].as_array().expect("a path");
    let on_path: u64 = path.iter().filter_map(|p| p["rounds"].as_u64()).sum();
    assert_eq!(
        Some(on_path),
        report["rounds"].as_u64(),
        "the critical path of {name} in {protocol}"
    );
    let sent: u64 = report["bytes_sent"]
        .as_object()
        .expect("by party")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(stats["totals"]["bytes"].as_u64(), Some(sent));
    // Operations, section by section, and correlations.
    for told in [&report, &stats] {
        let sections = told["sections"].as_array().expect("sections");
        let online: u64 = sections.iter().filter_map(|s| s["bytes"].as_u64()).sum();
        let made = told["correlations"]["bytes"].as_u64().expect("bytes");
        assert_eq!(online + made, sent, "{name} in {protocol}");
    }
    assert_eq!(report["correlations"], stats["correlations"], "{name}");
}

#[test]
fn the_compilers_choice() {
    for (name, options, _) in EXAMPLES {
        agrees(name, options, "auto");
    }
}

#[test]
fn applications() {
    for name in APPLICATIONS {
        agrees(name, &[], "auto");
    }
}

#[test]
fn models_of_public_data() {
    for name in ["risk_model", "digits"] {
        let output = smpcc("run", name, &["--in-process"]);
        assert_eq!(json(&output)["outputs"], expected(name), "{name}");
    }
    // What statsmodels 0.15 finds on the same columns: `Logit` with a constant, by Newton's method to the last place.
    let wanted = [
        ("intercept", 0.000003, vec![-0.57039957]),
        ("intercept_error", 0.00002, vec![0.1635927]),
        (
            "slopes",
            0.000003,
            vec![0.93073744, 0.27013579, 2.17613097, -0.06974753],
        ),
        (
            "slope_errors",
            0.00002,
            vec![0.15146432, 0.20464705, 0.21456811, 0.21416292],
        ),
    ];
    let model = &expected("risk_model")["0"];
    for (name, error, values) in wanted {
        let found = match &model[name] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        assert_eq!(found.len(), values.len());
        for (found, value) in found.iter().zip(values) {
            let found = found.as_f64().expect("a number");
            assert!((found - value).abs() < error, "{name}: {found}, {value}");
        }
    }
}

#[test]
fn boolean() {
    for (name, options, _) in EXAMPLES {
        agrees(name, options, "boolean");
    }
}

#[test]
fn yao() {
    for (name, options, _) in EXAMPLES {
        agrees(name, options, "yao");
    }
}

#[test]
fn arithmetic_where_possible_and_a_named_refusal_elsewhere() {
    for (name, options, possible) in EXAMPLES {
        if possible {
            agrees(name, options, "arithmetic");
        } else {
            let mut options = options.to_vec();
            // What one party computes alone needs no protocol that could be forced.
            options.extend(["--protocol", "arithmetic", "--local", "off"]);
            let output = smpcc("run", name, &options);
            assert_eq!(output.status.code(), Some(2), "{name}");
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(
                message.contains("arithmetic") && message.contains(".smpc:"),
                "{name}: {message}"
            );
        }
    }
}

#[test]
fn the_same_in_one_process() {
    for (name, options, _) in EXAMPLES {
        let mut options = options.to_vec();
        options.push("--in-process");
        assert_eq!(
            json(&smpcc("run", name, &options))["outputs"],
            expected(name),
            "{name}"
        );
    }
    for name in APPLICATIONS {
        let output = smpcc("run", name, &["--in-process", "--local", "off"]);
        assert_eq!(json(&output)["outputs"], expected(name), "{name}");
    }
}

/// Suites and numbers of parties that `avg` runs under as real processes.
const SETTINGS: [(&str, u32, &str); 6] = [
    ("auto", 2, "two-party"),
    ("auto", 3, "rep3"),
    ("gmw", 3, "gmw"),
    ("bgw", 3, "bgw"),
    ("auto", 5, "bgw"),
    ("auto", 7, "bgw"),
];

#[test]
fn any_number_of_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    for (suite, n, named) in SETTINGS {
        let inputs: serde_json::Map<String, Value> = (0..n)
            .map(|i| {
                (
                    i.to_string(),
                    serde_json::json!({ "salary": 4000 + 100 * i * i }),
                )
            })
            .collect();
        let path = folder.path().join(format!("{n}.json"));
        std::fs::write(&path, Value::from(inputs).to_string()).expect("inputs");
        let (n_text, path) = (n.to_string(), path.display().to_string());
        let options = ["--parties", &n_text, "--suite", suite, "--inputs", &path];
        let report = json(&smpcc("run", "avg", &options));
        let mean = (0..n).map(|i| 4000 + 100 * i * i).sum::<u32>() / n;
        for party in 0..n {
            assert_eq!(report["outputs"][party.to_string()], mean, "{suite}, {n}");
        }
        assert_eq!(report["suite"], named);
        let stats = json(&smpcc("stats", "avg", &options));
        assert_eq!(report["rounds"], stats["totals"]["rounds"], "{suite}, {n}");
        assert_eq!(
            report["bytes_sent"], stats["totals"]["bytes_sent"],
            "{suite}, {n}"
        );
    }
}

#[test]
fn four_parties_stand_one_that_cheats() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("4.json");
    let salaries: serde_json::Map<String, Value> = (0..4)
        .map(|i| {
            (
                i.to_string(),
                serde_json::json!({ "salary": 4000 + 100 * i }),
            )
        })
        .collect();
    std::fs::write(&path, Value::from(salaries).to_string()).expect("inputs");
    let path = path.display().to_string();
    for protocol in ["auto", "boolean"] {
        let options = [
            "--parties",
            "4",
            "--threat",
            "malicious",
            "--protocol",
            protocol,
            "--inputs",
            &path,
        ];
        let report = json(&smpcc("run", "avg", &options));
        for party in 0..4 {
            assert_eq!(report["outputs"][party.to_string()], 4150, "{protocol}");
        }
        assert_eq!(report["suite"], "rep4");
        let stats = json(&smpcc("stats", "avg", &options));
        assert_eq!(report["rounds"], stats["totals"]["rounds"], "{protocol}");
        assert_eq!(
            report["bytes_sent"], stats["totals"]["bytes_sent"],
            "{protocol}"
        );
        // Nothing is proven: each message was vouched for.
        assert_eq!(stats["settlements"]["n"], 0, "{protocol}");
    }
}

#[test]
fn every_run_says_what_protects_the_inputs() {
    let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg("run")
        .arg(examples().join("avg.smpc"))
        .args(["--parties", "3", "--suite", "bgw"])
        .output()
        .expect("smpcc starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("protected by bgw among 3 parties: none of them alone learns anything"),
        "{text}"
    );
    assert!(text.contains("(semi-honest)"), "{text}");
}

#[test]
fn three_parties_stand_one_that_cheats() {
    for (name, options) in [
        ("vote", &["--parties", "3"][..]),
        ("hospital", &["--parties", "3", "--arg", "level=6"]),
        ("dot", &[]),
    ] {
        for protocol in ["auto", "boolean", "yao"] {
            let mut options = options.to_vec();
            options.extend(["--threat", "malicious", "--protocol", protocol]);
            let report = json(&smpcc("run", name, &options));
            let at = format!("{name}, {protocol}");
            assert_eq!(report["outputs"], expected(name), "{at}");
            assert_eq!(report["threat"], "malicious", "{at}");
            let stats = json(&smpcc("stats", name, &options));
            assert_eq!(report["rounds"], stats["totals"]["rounds"], "{at}");
            let sent = &stats["totals"]["bytes_sent"];
            assert_eq!(&report["bytes_sent"], sent, "{at}");
            let proofs = stats["settlements"]["n"].as_u64();
            // Garbled circuits are vouched for; what is computed on shares is proven.
            assert!(
                proofs.is_some_and(|n| n > 0 || protocol != "boolean"),
                "{at}"
            );
        }
    }
}

#[test]
fn two_parties_stand_one_that_cheats() {
    let options = ["--threat", "malicious"];
    let report = json(&smpcc("run", "millionaires", &options));
    assert_eq!(report["outputs"], expected("millionaires"));
    assert_eq!(report["suite"], "two-party");
    assert_eq!(report["threat"], "malicious");
    let stats = json(&smpcc("stats", "millionaires", &options));
    assert_eq!(report["rounds"], stats["totals"]["rounds"]);
    assert_eq!(report["bytes_sent"], stats["totals"]["bytes_sent"]);
    assert_eq!(stats["settlements"]["n"], 1);
    // All of it within half a megabyte.
    assert!(
        stats["totals"]["bytes"]
            .as_u64()
            .is_some_and(|n| n < 500_000)
    );
}

/// Every run draws other noise, whose size is that of its odds: five times beyond these bounds in 10^9 runs.
#[test]
fn noise_is_another_in_each_run() {
    let exact = [10.0, 19.0, 30.0, 41.0, 841.0];
    let bounds = [44.0, 44.0, 44.0, 44.0, 2600.0];
    let mut seen: Vec<Vec<f64>> = Vec::new();
    for (options, in_process) in [
        (&[][..], false),
        (&[], true),
        (&["--threat", "malicious"], false),
    ] {
        let options = [&["--parties", "3"], options].concat();
        let how = [&options[..], &["--in-process"]].concat();
        let how = if in_process { &how } else { &options };
        let report = json(&smpcc("run", "noisy", how));
        let outputs = &report["outputs"];
        assert_eq!(outputs["0"], outputs["1"]);
        assert_eq!(outputs["0"], outputs["2"]);
        let published = &outputs["0"];
        let groups = published["by_age"].as_array().expect("groups").iter();
        let figures: Vec<f64> = (groups.chain([&published["days"]]))
            .map(|v| v.as_f64().expect("a number"))
            .collect();
        for ((figure, exact), bound) in figures.iter().zip(exact).zip(bounds) {
            assert!((figure - exact).abs() < bound, "{figures:?}");
        }
        seen.push(figures);
        let stats = json(&smpcc("stats", "noisy", &options));
        assert_eq!(report["rounds"], stats["totals"]["rounds"], "{options:?}");
        let sent = &stats["totals"]["bytes_sent"];
        assert_eq!(&report["bytes_sent"], sent, "{options:?}");
    }
    // Three times the same noise has a probability below 10^−8.
    assert!(seen.windows(2).any(|w| w[0] != w[1]));
    let reveals = json(&smpcc("reveals", "noisy", &["--parties", "3"]));
    assert_eq!(reveals["privacy"]["epsilon"], 1.0);
    let delta = reveals["privacy"]["delta"].as_f64().expect("a number");
    assert!(delta > 0.0 && delta < 1e-11, "{delta}");
    assert_eq!(reveals["reveals"][0]["random"], true);
    assert!(
        reveals["randomness"]
            .as_array()
            .is_some_and(|d| !d.is_empty())
    );
}

#[test]
fn no_secret_shows_in_reports_or_messages() {
    // The inputs of `avg`; none of them is its result.
    let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg("run")
        .arg(examples().join("avg.smpc"))
        .args(["--parties", "3", "-v", "-v"])
        .output()
        .expect("smpcc starts");
    assert!(output.status.success());
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("5300"), "{text}");
    for secret in ["5200", "4800", "5900", "15900"] {
        assert!(!text.contains(secret), "{text}");
    }
}
