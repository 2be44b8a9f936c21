//! How runs grow: bytes, rounds and time by suite, domain and number of lanes, and of sorts by number of keys.
//!
//! `cargo bench -p smpcc --bench growth [-- [SECONDS] [lanes] [sorts]]` runs programs with a scalar result on inputs of two parties, every
//! party a process with TLS links on this machine, and prints the tables of the book's page on costs. A row ends where the next run
//! would take longer than so many seconds (60). Times are from agreement to result, the least of three where that is short. Every
//! result is checked.

#![allow(clippy::print_stdout, reason = "tables are all that it makes")]

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Suite, parties, domain.
const LANES: [(&str, u32, &str); 12] = [
    ("rep3", 3, "arithmetic"),
    ("rep3", 3, "boolean"),
    ("rep3", 3, "yao"),
    ("rep4", 4, "arithmetic"),
    ("rep4", 4, "boolean"),
    ("bgw", 3, "arithmetic"),
    ("bgw", 3, "boolean"),
    ("bgw", 5, "arithmetic"),
    ("bgw", 5, "boolean"),
    ("two-party", 2, "arithmetic"),
    ("two-party", 2, "boolean"),
    ("two-party", 2, "yao"),
];
const SORTS: [(&str, u32); 2] = [("rep3", 3), ("bgw", 5)];

/// Of so many lanes each.
const LENGTHS: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const KEYS: [u64; 4] = [1_000, 4_096, 10_000, 100_000];

const HEAD: &str =
    "fn main<const N: usize>(a: [secret u32; N] from l, b: [secret u32; N] from r) -> u64 to l {";
const DOT: &str = "let mut t: secret u64 = 0;
    for i in 0..N { t += (a[i] as u64) * (b[i] as u64); }
    t }";
const LESS: &str = "let mut t: secret u64 = 0;
    for i in 0..N { if a[i] < b[i] { t += 1; } }
    t }";
const SORT: &str = "sort(concat(a, b))[N] as u64 }";

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

fn write_inputs(folder: &Path, lanes: u64) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (seed, role, name) in [(1, "l", "a"), (2, "r", "b")] {
        let words: Vec<u32> = words(seed, lanes).collect();
        let text = serde_json::json!({ name: words }).to_string();
        std::fs::write(folder.join(format!("{role}.json")), text).expect("an input file");
    }
}

/// A program and its result in the clear.
fn task(what: &str, lanes: u64) -> (&'static str, u64) {
    let pairs = || words(1, lanes).zip(words(2, lanes));
    match what {
        "arithmetic" => {
            let sum = |t: u64, (a, b)| t.wrapping_add(u64::from(a) * u64::from(b));
            (DOT, pairs().fold(0, sum))
        }
        "auto" => {
            let mut all: Vec<u32> = words(1, lanes).chain(words(2, lanes)).collect();
            all.sort_unstable();
            (SORT, u64::from(all[lanes as usize]))
        }
        _ => (LESS, pairs().filter(|(a, b)| a < b).count() as u64),
    }
}

/// What a run took.
struct Took {
    ms: f64,
    bytes: u64,
    rounds: u64,
}

fn run(folder: &Path, suite: &str, parties: u32, protocol: &str, lanes: u64) -> Took {
    let (body, expected) = task(protocol, lanes);
    let others: String = (2..parties).map(|p| format!(" party x{p};")).collect();
    let program = folder.join("program.smpc");
    let text = format!("use std::sort::sort;\nparty l; party r;{others}\n{HEAD}\n    {body}\n");
    std::fs::write(&program, text).expect("a program");
    let inputs = folder.join(lanes.to_string());
    if !inputs.exists() {
        write_inputs(&inputs, lanes);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg("run")
        .arg(&program)
        .arg("--inputs")
        .arg(inputs)
        .args(["--suite", suite, "--protocol", protocol])
        .args(["--format", "json", "--quiet", "--deadline", "600"])
        .output()
        .expect("smpcc starts");
    let at = format!("{suite}, {protocol}, {lanes} lanes");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{at}: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["outputs"]["0"].as_u64(), Some(expected), "{at}");
    let number = |v: &Value| v.as_u64().unwrap_or(0);
    let sent = report["bytes_sent"].as_object().expect("bytes");
    let time = &report["time_ms"];
    let ms = |part: &str| time[part].as_f64().unwrap_or(0.0);
    Took {
        ms: ms("offline") + ms("online"),
        bytes: sent.values().map(number).sum(),
        rounds: number(&report["rounds"]),
    }
}

/// The least of three short runs, or one long one.
fn least(folder: &Path, suite: &str, parties: u32, protocol: &str, lanes: u64) -> Took {
    let mut best = run(folder, suite, parties, protocol, lanes);
    for _ in 0..2 {
        if best.ms < 5_000.0 {
            let again = run(folder, suite, parties, protocol, lanes);
            best.ms = best.ms.min(again.ms);
        }
    }
    best
}

/// Milliseconds for people.
fn shown(ms: f64) -> String {
    match ms {
        ..100.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

/// A line of a table, as long as runs take no more than `most` milliseconds; `per` is what bytes are divided by.
fn line(head: &str, lengths: &[u64], most: f64, mut take: impl FnMut(u64) -> Took) {
    let mut line = format!("| {head} |");
    let (mut end, mut last): (String, Option<(u64, f64)>) = (String::new(), None);
    for &length in lengths {
        let expected = last.map(|(n, ms)| ms * length as f64 / n as f64);
        if expected.is_some_and(|ms| ms > most) {
            line.push_str(" — |");
            continue;
        }
        let took = take(length);
        let _ = write!(line, " {} |", shown(took.ms));
        end = format!(
            " {} | {:.1} |",
            took.rounds,
            took.bytes as f64 / length as f64
        );
        last = Some((length, took.ms));
    }
    println!("{line}{end}");
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let asked = |table: &str| {
        let tables = || {
            args.iter()
                .filter(|a| ["lanes", "sorts"].contains(&a.as_str()))
        };
        tables().next().is_none() || tables().any(|a| a == table)
    };
    let seconds = args.iter().find_map(|a| a.parse::<f64>().ok());
    let most = seconds.unwrap_or(60.0) * 1000.0;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    if asked("lanes") {
        println!("| suite | domain | 10^4 | 10^5 | 10^6 | 10^7 | rounds | bytes a lane |");
        println!("|---|---|---|---|---|---|---|---|");
        for (suite, parties, domain) in LANES {
            let head = format!("`{suite}`, {parties} | {domain}");
            line(&head, &LENGTHS, most, |n| {
                least(folder, suite, parties, domain, n)
            });
        }
    }
    if asked("sorts") {
        println!("| suite | 1,000 keys | 4,096 | 10,000 | 100,000 | rounds | bytes a key |");
        println!("|---|---|---|---|---|---|---|");
        for (suite, parties) in SORTS {
            let head = format!("`{suite}`, {parties}");
            line(&head, &KEYS, most, |n| {
                least(folder, suite, parties, "auto", n / 2)
            });
        }
    }
}
