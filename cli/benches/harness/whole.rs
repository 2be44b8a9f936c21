//! What benchmarks of whole runs have in common: inputs that are the same every time, runs of `smpcc` and what they report, and a
//! page of the book that shows the tables.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Numbers that follow from a seed.
pub fn words(seed: u64, n: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    (0..n).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state ^ (state >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// So many numbers of `bits` bits as an input.
pub fn numbers(seed: u64, n: u64, bits: u32) -> Value {
    words(seed, n).map(|w| w >> (64 - bits)).collect()
}

/// What each of the parties gives, by the names of its inputs.
pub type Given = Vec<(&'static str, Value)>;

/// Writes a program of so many parties, of which the first two are `l` and `r`; the text is after their declarations.
pub fn write_program(folder: &Path, parties: u32, text: &str) -> PathBuf {
    let others: String = (2..parties).map(|p| format!(" party x{p};")).collect();
    let program = folder.join("program.smpc");
    std::fs::write(&program, format!("party l; party r;{others}\n{text}\n")).expect("a program");
    program
}

/// Writes what `l` and `r` give into a folder.
pub fn write_inputs(folder: &Path, given: [Given; 2]) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (role, given) in ["l", "r"].into_iter().zip(given) {
        let given: Map<String, Value> = given.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        std::fs::write(
            folder.join(format!("{role}.json")),
            json!(given).to_string(),
        )
        .expect("an input file");
    }
}

/// What `smpcc` says as JSON.
///
/// # Panics
/// If it says that something is wrong.
pub fn smpcc(verb: &str, program: &Path, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg(verb)
        .arg(program)
        .args(args)
        .args(["--format", "json", "--quiet"])
        .output()
        .expect("smpcc starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let what = program.display();
    assert!(output.status.success(), "{verb} {what} {args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("a report")
}

/// What a run took.
#[derive(Clone)]
pub struct Took {
    /// Milliseconds from the agreement to the last result, correlations included.
    pub ms: f64,
    /// Bytes that all parties sent.
    pub bytes: u64,
    /// Rounds.
    pub rounds: u64,
    /// The most bytes that a party's process held.
    pub memory: u64,
    /// What the parties learnt.
    pub outputs: Value,
}

impl Took {
    fn of(report: &Value) -> Self {
        let number = |v: &Value| v.as_u64().unwrap_or(0);
        let each = |name: &str| -> Vec<u64> {
            let parties = report[name].as_object();
            parties.map_or(Vec::new(), |p| p.values().map(number).collect())
        };
        let ms = |part: &str| report["time_ms"][part].as_f64().expect("a time");
        Self {
            ms: ms("offline") + ms("online"),
            bytes: each("bytes_sent").iter().sum(),
            rounds: number(&report["rounds"]),
            memory: each("peak_memory").into_iter().max().unwrap_or(0),
            outputs: report["outputs"].clone(),
        }
    }
}

/// A run of every party in a process of its own, with TLS links on this machine.
pub fn run(program: &Path, args: &[&str]) -> Took {
    let args = [args, &["--deadline", "600", "--yes"]].concat();
    Took::of(&smpcc("run", program, &args))
}

/// A run whose time and memory are the medians of so many.
pub fn median(times: usize, mut run: impl FnMut() -> Took) -> Took {
    let mut all: Vec<Took> = (0..times.max(1)).map(|_| run()).collect();
    all.sort_by(|a, b| a.ms.total_cmp(&b.ms));
    let mut memory: Vec<u64> = all.iter().map(|t| t.memory).collect();
    memory.sort_unstable();
    let middle = all.len() / 2;
    Took {
        memory: memory[middle],
        ..all.swap_remove(middle)
    }
}

/// A number with commas.
pub fn grouped(n: u64) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000.. => format!("{},{:03}", grouped(n / 1_000), n % 1_000),
    }
}

/// A time for people.
pub fn shown(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..100.0 => format!("{ms:.0} ms"),
        ..10_000.0 => format!("{:.2} s", ms / 1000.0),
        _ => format!("{:.1} s", ms / 1000.0),
    }
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} bytes"),
        1_000..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        1_000_000_000.. => (1e9, "GB"),
    };
    let value = bytes as f64 / unit;
    if value < 10.0 {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

/// Prints a part of the page on speed; with `write` among the arguments it also takes its place in the page.
///
/// # Panics
/// If the page does not have the part.
pub fn publish(part: &str, text: &str) {
    println!("{text}");
    if !std::env::args().any(|a| a == "write") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/speed.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = (
        format!("<!-- {part} -->\n"),
        format!("<!-- end of {part} -->"),
    );
    let (before, rest) = page.split_once(&begin).expect("where the part begins");
    let (_, after) = rest.split_once(&end).expect("where the part ends");
    let page = format!("{before}{begin}\n{}\n\n{end}{after}", text.trim());
    std::fs::write(path, page).expect("the page");
}

/// The machine, as the tables name it.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|l| l.strip_prefix("model name"));
    let name = name.map_or("a processor", |n| n.trim_start_matches([' ', '\t', ':']));
    format!("all parties on one machine of {cores} cores ({name})")
}
