//! What a party's process holds at most, by suite, domain and lanes: it should follow its own inputs and little else.
//!
//! `cargo bench -p smpcc --bench memory [-- [LANES…] [SUITE…]]` runs two programs with a scalar result on inputs of two parties,
//! every party a process with TLS links, and prints a table: the largest and the sum of what parties say they held at most, in
//! MiB, and the bytes that a lane adds, of which 8 are the party's own input. Every result is checked.

#![allow(clippy::print_stdout, reason = "a table is all that it makes")]

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Suite, parties, protocol.
const RUNS: [(&str, u32, &str); 12] = [
    ("two-party", 2, "arithmetic"),
    ("two-party", 2, "boolean"),
    ("two-party", 2, "yao"),
    ("rep3", 3, "arithmetic"),
    ("rep3", 3, "boolean"),
    ("rep3", 3, "yao"),
    ("gmw", 3, "arithmetic"),
    ("gmw", 3, "boolean"),
    ("bgw", 3, "arithmetic"),
    ("bgw", 3, "boolean"),
    ("bgw", 5, "arithmetic"),
    ("bgw", 5, "boolean"),
];

const HEAD: &str =
    "fn main<const N: usize>(a: [secret u32; N] from l, b: [secret u32; N] from r) -> u64 to l {";
const DOT: &str = "let mut t: secret u64 = 0;
    for i in 0..N { t += (a[i] as u64) * (b[i] as u64); }
    t }";
const MOST: &str = "let mut t: secret u32 = 0;
    for i in 0..N { let d = if a[i] > b[i] { a[i] } else { b[i] }; if d > t { t = d; } }
    t as u64 }";

/// Inputs that are the same in every run.
fn words(seed: u64, lanes: u64) -> impl Iterator<Item = u32> {
    let mut state = seed;
    (0..lanes).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 32) as u32
    })
}

/// Writes the inputs of both parties.
fn write_inputs(folder: &Path, lanes: u64) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (seed, role, name) in [(1, "l", "a"), (2, "r", "b")] {
        let mut text = format!("{{\"{name}\": [");
        for (i, word) in words(seed, lanes).enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{word}");
        }
        text.push_str("]}");
        std::fs::write(folder.join(format!("{role}.json")), text).expect("an input file");
    }
}

/// The result in the clear.
fn expected(protocol: &str, lanes: u64) -> u64 {
    let pairs = words(1, lanes).zip(words(2, lanes));
    if protocol == "arithmetic" {
        pairs.fold(0, |t, (a, b)| t.wrapping_add(u64::from(a) * u64::from(b)))
    } else {
        pairs.map(|(a, b)| u64::from(a.max(b))).max().unwrap_or(0)
    }
}

/// What each party held at most, in bytes; or what went wrong.
fn run(
    folder: &Path,
    (suite, parties, protocol): (&str, u32, &str),
    lanes: u64,
) -> Result<Vec<u64>, String> {
    let body = if protocol == "arithmetic" { DOT } else { MOST };
    let others: String = (2..parties).map(|p| format!(" party x{p};")).collect();
    let program = folder.join("program.smpc");
    std::fs::write(
        &program,
        format!("party l; party r;{others}\n{HEAD}\n    {body}\n"),
    )
    .expect("a program");
    let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg("run")
        .arg(&program)
        .arg("--inputs")
        .arg(folder.join(lanes.to_string()))
        .args(["--suite", suite, "--protocol", protocol])
        .args(["--format", "json", "--quiet", "--deadline", "600"])
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    assert_eq!(
        report["outputs"]["0"].as_u64(),
        Some(expected(protocol, lanes)),
        "{suite}, {protocol}, {lanes} lanes"
    );
    let peaks = report["peak_memory"].as_object();
    let peaks = peaks.map(|p| p.values().filter_map(Value::as_u64).collect());
    peaks.ok_or_else(|| "this system does not tell".into())
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let mut lanes: Vec<u64> = args.iter().filter_map(|a| a.parse().ok()).collect();
    if lanes.is_empty() {
        lanes = vec![100_000, 1_000_000, 10_000_000];
    }
    let names: Vec<&String> = args.iter().filter(|a| a.parse::<u64>().is_err()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    for &lanes in &lanes {
        write_inputs(&folder.path().join(lanes.to_string()), lanes);
    }
    println!("largest party / all parties, MiB (seconds); bytes a lane adds to the largest");
    for what in RUNS {
        if !names.is_empty() && !names.iter().any(|n| *n == what.0) {
            continue;
        }
        let mut line = format!("{:<10} {} {:<11}", what.0, what.1, what.2);
        let mut before: Option<(u64, u64)> = None;
        for &lanes in &lanes {
            let began = Instant::now();
            match run(folder.path(), what, lanes) {
                Ok(peaks) => {
                    let most = peaks.iter().copied().max().unwrap_or(0);
                    let _ = write!(
                        line,
                        " {:>6} / {:<6} ({:.1})",
                        most >> 20,
                        peaks.iter().sum::<u64>() >> 20,
                        began.elapsed().as_secs_f64()
                    );
                    if let Some((fewer, less)) = before {
                        let added =
                            most.saturating_sub(less) as f64 / (lanes - fewer).max(1) as f64;
                        let _ = write!(line, " {added:>5.1}");
                    }
                    before = Some((lanes, most));
                }
                Err(e) => {
                    let _ = write!(line, " {e}");
                }
            }
        }
        println!("{line}");
    }
}
