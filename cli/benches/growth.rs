//! How runs grow: time, memory, bytes and rounds by suite, domain and number of lanes, and of sorts by number of keys.
//!
//! `cargo bench -p smpcc --bench growth [-- [write] [SECONDS] [lanes] [sorts]]` runs programs with a scalar result on inputs of two
//! parties, every party a process with TLS links on this machine, and prints two tables and a picture; `write` puts them into the
//! book. A row ends where the next run would take longer than so many seconds (60). Times are from agreement to result, the median
//! of three where that is short. Every result is checked.
//!
//! Growth is held to what the page says: between neighbours time may grow by 2.5 times as much as lanes do (a machine has other
//! things to do, and caches end), and what a lane adds to a party's memory may not grow at all beyond [`BYTES`].

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tables are all that it makes, and how far it is"
)]

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

#[path = "harness/whole.rs"]
mod whole;

use whole::{
    Took, grouped, machine, median, numbers, publish, run, shown, size, words, write_inputs,
    write_program,
};

/// A suite, its parties, and a domain.
type Setting = (&'static str, u32, &'static str);

const LANES: [Setting; 14] = [
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
    ("gmw", 3, "arithmetic"),
    ("gmw", 3, "boolean"),
];
const SORTS: [Setting; 3] = [
    ("rep3", 3, "auto"),
    ("bgw", 5, "auto"),
    ("two-party", 2, "auto"),
];

/// Of so many lanes each.
const LENGTHS: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const KEYS: [u64; 4] = [1_000, 4_096, 10_000, 100_000];

/// What a lane may add to a party's memory: its own input, which is read as text, and little else.
const BYTES: f64 = 64.0;

const HEAD: &str =
    "fn main<const N: usize>(a: [secret u32; N] from l, b: [secret u32; N] from r) -> u64 to l {";
const DOT: &str = "let mut t: secret u64 = 0;
    for i in 0..N { t += (a[i] as u64) * (b[i] as u64); }
    t }";
const LESS: &str = "let mut t: secret u64 = 0;
    for i in 0..N { if a[i] < b[i] { t += 1; } }
    t }";
const SORT: &str = "sort(concat(a, b))[N] as u64 }";

/// A program and its result in the clear.
fn task(what: &str, lanes: u64) -> (&'static str, Value) {
    let column = |seed| words(seed, lanes).map(|w| w >> 32);
    let pairs = || column(1).zip(column(2));
    match what {
        "arithmetic" => {
            let sum = |t: u64, (a, b): (u64, u64)| t.wrapping_add(a * b);
            (DOT, json!(pairs().fold(0, sum)))
        }
        "auto" => {
            let mut all: Vec<u64> = column(1).chain(column(2)).collect();
            all.sort_unstable();
            (SORT, json!(all[lanes as usize]))
        }
        _ => (LESS, json!(pairs().filter(|(a, b)| a < b).count())),
    }
}

/// A run of so many lanes for each of two parties.
fn take(folder: &Path, (suite, parties, protocol): Setting, lanes: u64) -> Took {
    let (body, expected) = task(protocol, lanes);
    let text = format!("use std::sort::sort;\n{HEAD}\n    {body}");
    let program = write_program(folder, parties, &text);
    let inputs = folder.join(lanes.to_string());
    if !inputs.exists() {
        let column = |name, seed| vec![(name, numbers(seed, lanes, 32))];
        write_inputs(&inputs, [column("a", 1), column("b", 2)]);
    }
    let inputs = inputs.to_string_lossy();
    let args = [
        "--inputs",
        &inputs,
        "--suite",
        suite,
        "--protocol",
        protocol,
    ];
    let once = || run(&program, &args);
    let first = once();
    let again = if first.ms < 5_000.0 { 2 } else { 0 };
    let mut runs = std::iter::once(first).chain((0..again).map(|_| once()));
    let took = median(1 + again, || runs.next().expect("a run"));
    assert!(
        took.outputs["0"] == expected,
        "{suite}, {protocol}, {lanes} lanes"
    );
    took
}

/// Runs of one setting, as long as they take no more than `most` milliseconds.
fn series(
    folder: &Path,
    setting: Setting,
    lengths: &[u64],
    most: f64,
    per_run: u64,
) -> Vec<(u64, Took)> {
    let mut all: Vec<(u64, Took)> = Vec::new();
    for &length in lengths {
        let expected = all
            .last()
            .map(|(n, took)| took.ms * length as f64 / *n as f64);
        if expected.is_some_and(|ms| ms > most) {
            break;
        }
        let took = take(folder, setting, length / per_run);
        eprintln!("{} {} {length}: {}", setting.0, setting.2, shown(took.ms));
        all.push((length, took));
    }
    all
}

/// What grew faster than it may, of lanes.
fn cliffs((suite, parties, domain): Setting, series: &[(u64, Took)]) -> Vec<String> {
    let mut found = Vec::new();
    for pair in series.windows(2) {
        let [(few, less), (many, more)] = pair else {
            continue;
        };
        let (lanes, added) = (many - few, more.memory.saturating_sub(less.memory));
        let at = format!("`{suite}`, {parties}, {domain}, {few} to {many} lanes");
        let grown = more.ms / less.ms;
        // Short runs are mostly their rounds.
        if less.ms > 5.0 && grown > 2.5 * *many as f64 / *few as f64 {
            found.push(format!("{at}: time grew {grown:.1} times"));
        }
        if added as f64 > BYTES * lanes as f64 + 64e6 {
            found.push(format!("{at}: {} more memory", size(added)));
        }
    }
    found
}

fn row(setting: Setting, series: &[(u64, Took)], columns: usize) -> String {
    let (suite, parties, domain) = setting;
    let mut row = format!("| `{suite}`, {parties} |");
    if domain != "auto" {
        let _ = write!(row, " {} |", name(domain));
    }
    for i in 0..columns {
        let time = series.get(i).map(|(_, took)| shown(took.ms));
        let _ = write!(row, " {} |", time.as_deref().unwrap_or("—"));
    }
    if let Some((n, took)) = series.last() {
        let per = took.bytes as f64 / *n as f64;
        let _ = write!(
            row,
            " {} | {} | {} |",
            took.rounds,
            grouped(per.round() as u64),
            size(took.memory)
        );
    }
    row.push('\n');
    row
}

/// What a program of a domain is called.
fn name(domain: &str) -> &str {
    match domain {
        "arithmetic" => "sum of products",
        "boolean" => "count, Boolean",
        "yao" => "count, garbled",
        other => other,
    }
}

/// Time by lanes, both logarithmic, a line for each setting; where lines end, their names.
fn picture(all: &[(Setting, Vec<(u64, Took)>)]) -> String {
    let x = |n: u64| 60.0 + ((n as f64).log10() - 4.0) * 130.0;
    let y = |ms: f64| 380.0 - ms.max(1.0).log10() * 74.0;
    let mut text = String::from(
        "<figure class=\"picture\">\n<svg viewBox=\"0 0 740 420\" role=\"img\" aria-label=\"Time by number of lanes, both logarithmic: straight lines\">\n",
    );
    for (i, n) in LENGTHS.into_iter().enumerate() {
        let at = x(n);
        let _ = writeln!(
            text,
            "<line class=\"line\" x1=\"{at:.0}\" y1=\"20\" x2=\"{at:.0}\" y2=\"380\" opacity=\"0.2\"/><text class=\"faint\" x=\"{at:.0}\" y=\"400\" text-anchor=\"middle\">10{}</text>",
            ["⁴", "⁵", "⁶", "⁷"][i]
        );
    }
    for (ms, label) in [
        (1.0, "1 ms"),
        (10.0, "10 ms"),
        (100.0, "0.1 s"),
        (1e3, "1 s"),
        (1e4, "10 s"),
    ] {
        let at = y(ms);
        let _ = writeln!(
            text,
            "<line class=\"line\" x1=\"60\" y1=\"{at:.0}\" x2=\"450\" y2=\"{at:.0}\" opacity=\"0.2\"/><text class=\"faint\" x=\"54\" y=\"{:.0}\" text-anchor=\"end\">{label}</text>",
            at + 4.0
        );
    }
    // Names beside each other's lines would overlap: they stand below each other, in the order of the lines' ends.
    let mut ends: Vec<(f64, usize)> = (all.iter().enumerate())
        .filter_map(|(i, (_, series))| Some((y(series.last()?.1.ms), i)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 20.0_f64;
    for (at, i) in ends {
        let ((suite, parties, domain), series) = &all[i];
        let points: Vec<String> = series
            .iter()
            .map(|(n, took)| format!("{:.0},{:.0}", x(*n), y(took.ms)))
            .collect();
        let dash = match *domain {
            "arithmetic" => "",
            "boolean" => " stroke-dasharray=\"6 3\"",
            _ => " stroke-dasharray=\"2 3\"",
        };
        let end = series.last().map_or(0.0, |(n, _)| x(*n));
        let label = (at + 4.0).max(below);
        below = label + 16.0;
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" class=\"curve\"{dash}/><line x1=\"{end:.0}\" y1=\"{at:.0}\" x2=\"476\" y2=\"{:.0}\" class=\"line\" opacity=\"0.2\"/><text x=\"480\" y=\"{label:.0}\">{suite}, {parties}: {}</text>",
            points.join(" "),
            label - 4.0,
            name(domain)
        );
    }
    text.push_str("</svg>\n<figcaption>Time by lanes, both logarithmic.</figcaption>\n</figure>");
    text
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
    let mut wrong = Vec::new();
    if asked("lanes") {
        let mut all = Vec::new();
        for setting in LANES {
            let series = series(folder, setting, &LENGTHS, most, 1);
            wrong.extend(cliffs(setting, &series));
            all.push((setting, series));
        }
        let mut text = format!(
            "Medians, {}; rounds, bytes of all parties and the memory of the largest are those of the last column:\n\n| suite | what | 10⁴ | 10⁵ | 10⁶ | 10⁷ | rounds | bytes a lane | memory |\n|---|---|---|---|---|---|---|---|---|\n",
            machine()
        );
        for (setting, series) in &all {
            text.push_str(&row(*setting, series, LENGTHS.len()));
        }
        publish("lanes", &format!("{text}\n{}", picture(&all)));
    }
    if asked("sorts") {
        let mut text = String::from(
            "| suite | 1,000 keys | 4,096 | 10,000 | 100,000 | rounds | bytes a key | memory |\n|---|---|---|---|---|---|---|---|\n",
        );
        for setting in SORTS {
            let series = series(folder, setting, &KEYS, most, 2);
            text.push_str(&row(setting, &series, KEYS.len()));
        }
        publish("sorts", &text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
