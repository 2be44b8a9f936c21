//! How fast runs are: one line for each kind of work that protocols are compared by, with bytes and rounds.
//!
//! `cargo bench -p smpcc --bench speed [-- [write] [estimates | malicious] [TIMES] [WORD…]]` runs every party as a process with TLS links on this machine and
//! prints a table: medians of so many runs (5), from the agreement to the last result, inputs and outputs included. WORDs choose
//! lines; `write` puts the table into the book. Results are checked wherever they are short to say in Rust.
//!
//! With `estimates` it measures this machine first (`smpcc calibrate`) and holds what `smpcc stats` says to what runs take: 30 % of
//! time, 25 % of memory. With `malicious` it compares runs against parties that may send what they like with runs among those that follow the
//! protocol.

#![allow(clippy::print_stdout, reason = "tables are all that it makes")]

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

#[path = "harness/whole.rs"]
mod whole;

use whole::{
    Given, grouped, machine, median, numbers, publish, run, shown, size, smpcc, words,
    write_inputs, write_program,
};

/// A line of the table.
struct Work {
    what: String,
    suite: &'static str,
    parties: u32,
    protocol: &'static str,
    text: String,
    given: [Given; 2],
    /// What `l` learns.
    expected: Option<Value>,
}

fn work(what: impl Into<String>, setting: (&'static str, u32, &'static str), text: &str) -> Work {
    Work {
        what: what.into(),
        suite: setting.0,
        parties: setting.1,
        protocol: setting.2,
        text: text.to_owned(),
        given: [Vec::new(), Vec::new()],
        expected: None,
    }
}

/// The same with two columns of numbers, and a result.
fn on_columns(work: Work, n: u64, bits: u32, expected: impl Fn(&[u64], &[u64]) -> Value) -> Work {
    let column = |seed| -> Vec<u64> { words(seed, n).map(|w| w >> (64 - bits)).collect() };
    Work {
        expected: Some(expected(&column(1), &column(2))),
        given: [
            vec![("a", numbers(1, n, bits))],
            vec![("b", numbers(2, n, bits))],
        ],
        ..work
    }
}

/// `main` on two columns of numbers.
fn main_of(ty: &str, returns: &str, body: &str) -> String {
    format!(
        "fn main<const N: usize>(a: [secret {ty}; N] from l, b: [secret {ty}; N] from r) -> {returns} to l {{ {body} }}"
    )
}

/// Of the network that estimates are for.
const HALF_ROUND_TRIP_MS: f64 = 0.1;

const REP3: (&str, u32, &str) = ("rep3", 3, "auto");
const GARBLED: (&str, u32, &str) = ("two-party", 2, "yao");

/// The most that a party of two may hold of bits with MACs, however many there are.
const WITH_MACS: u64 = 120_000_000;

/// 640 ANDs for each pair of words, in ten levels.
fn ands(setting: (&'static str, u32, &'static str), millions: u64) -> Work {
    let text = main_of(
        "u64",
        "u64",
        "let mut t: secret u64 = 0;
    for i in 0..N {
        let mut x = a[i];
        for _k in 0..10 { x = rotate_left(x, 7u8) & (x ^ b[i]); }
        t ^= x;
    }
    t",
    );
    let mut work = work(format!("{millions} M ANDs in ten levels"), setting, &text);
    work.protocol = if setting.2 == "auto" {
        "boolean"
    } else {
        setting.2
    };
    let one = |(a, b): (&u64, &u64)| (0..10).fold(*a, |x, _| x.rotate_left(7) & (x ^ b));
    on_columns(work, millions * 1_000_000 / 640, 64, |a, b| {
        json!(a.iter().zip(b).map(one).fold(0, |t, x| t ^ x))
    })
}

/// Products of 64 bits, so many in a row in each lane.
fn products(setting: (&'static str, u32, &'static str), chain: u64, lanes: u64) -> Work {
    let text = main_of(
        "u64",
        "[u64; N]",
        &format!(
            "a.zip(b).map(|(a, b)| {{ let mut x = a; for _k in 0..{chain} {{ x = x * (x + b); }} x }})"
        ),
    );
    let mut work = work(
        format!("64-bit products, {chain} × {}", grouped(lanes)),
        setting,
        &text,
    );
    work.protocol = "arithmetic";
    on_columns(work, lanes, 64, |a, b| {
        let one = |(a, b): (&u64, &u64)| {
            (0..chain).fold(*a, |x: u64, _| x.wrapping_mul(x.wrapping_add(*b)))
        };
        a.iter().zip(b).map(one).collect()
    })
}

/// So many steps, each of which needs the one before.
fn in_a_row(setting: (&'static str, u32, &'static str), what: &str, n: u64, step: &str) -> Work {
    let text = main_of(
        "u64",
        "u64",
        &format!("let mut x = a[0]; for _i in 0..{n} {{ x = {step}; }} x"),
    );
    let apply = |x: u64, b: u64| match step.contains('/') {
        true => (u64::MAX - x) / (b | 1),
        false => x.wrapping_mul(x).wrapping_add(b),
    };
    let work = work(format!("{what}, {} in a row", grouped(n)), setting, &text);
    // Divisors of half the length, so that quotients do not vanish.
    on_columns(work, 1, 32, |a, b| {
        json!((0..n).fold(a[0], |x, _| apply(x, b[0])))
    })
}

fn compares(n: u64) -> Work {
    let text = main_of(
        "u32",
        "u64",
        "let mut t: secret u64 = 0; for i in 0..N { if a[i] < b[i] { t += 1; } } t",
    );
    let work = work(
        format!("32-bit comparisons, {}, counted", grouped(n)),
        REP3,
        &text,
    );
    on_columns(work, n, 32, |a, b| {
        json!(a.iter().zip(b).filter(|(a, b)| a < b).count())
    })
}

fn sort(n: u64) -> Work {
    let text = format!(
        "use std::sort::sort;\n{}",
        main_of("u32", "[u32; N + N]", "sort(concat(a, b))")
    );
    let work = work(
        format!("sort of {} keys of 32 bits", grouped(n)),
        REP3,
        &text,
    );
    on_columns(work, n / 2, 32, |a, b| {
        let mut all = [a, b].concat();
        all.sort_unstable();
        json!(all)
    })
}

fn dot(setting: (&'static str, u32, &'static str), n: u64) -> Work {
    let text = main_of(
        "u64",
        "u64",
        "let mut t: secret u64 = 0; for i in 0..N { t += a[i] * b[i]; } t",
    );
    let mut work = work(
        format!("64-bit dot product of {}", grouped(n)),
        setting,
        &text,
    );
    work.protocol = "arithmetic";
    on_columns(work, n, 64, |a, b| {
        let sum = |t: u64, (a, b): (&u64, &u64)| t.wrapping_add(a.wrapping_mul(*b));
        json!(a.iter().zip(b).fold(0, sum))
    })
}

/// The block of FIPS 197, encrypted many times.
fn aes(setting: (&'static str, u32, &'static str), n: usize) -> Work {
    let text = "use std::crypto::aes128;
fn main(a: [secret u8; 16] from l, b: [[secret u8; 16]; _] from r) -> [[u8; 16]; _] to l {
    b.map(|block| aes128(a, block))
}";
    let key: Vec<u8> = (0..16).collect();
    let block: Vec<u8> = (0..16).map(|i| i * 0x11).collect();
    let sealed = [
        0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5,
        0x5a,
    ];
    Work {
        given: [vec![("a", json!(key))], vec![("b", json!(vec![block; n]))]],
        expected: Some(json!(vec![sealed; n])),
        ..work(
            format!("AES-128 of {} blocks", grouped(n as u64)),
            setting,
            text,
        )
    }
}

fn divisions(n: u64) -> Work {
    let text = main_of("u64", "[u64; N]", "a.zip(b).map(|(a, b)| a / (b | 1))");
    let work = work(
        format!("64-bit divisions, {} side by side", grouped(n)),
        GARBLED,
        &text,
    );
    on_columns(work, n, 64, |a, b| {
        a.iter().zip(b).map(|(a, b)| a / (b | 1)).collect()
    })
}

fn logistic() -> Work {
    let text = "use std::ml::logistic_gradient;
fn main(a: [[secret fixed<32, 16>; 10]; 1024] from l, b: [secret bool; 1024] from r) -> [fixed<48, 24>; 11] to l {
    logistic_gradient(a, b, 10, 1, 0)
}";
    let row = |i: u64| -> Vec<f64> {
        words(i, 10)
            .map(|w| (w >> 47) as f64 / 65536.0 - 1.0)
            .collect()
    };
    let rows: Vec<Vec<f64>> = (0..1024).map(row).collect();
    let wanted: Vec<bool> = words(7, 1024).map(|w| w & 1 == 1).collect();
    Work {
        given: [vec![("a", json!(rows))], vec![("b", json!(wanted))]],
        ..work("logistic regression, 1,024 × 10, 10 steps", REP3, text)
    }
}

fn table() -> Vec<Work> {
    let two_party = ("two-party", 2, "auto");
    let bgw = ("bgw", 5, "auto");
    vec![
        ands(REP3, 100),
        products(REP3, 4, 100_000),
        products(REP3, 4, 1_000_000),
        in_a_row(
            ("rep3", 3, "arithmetic"),
            "64-bit products",
            10_000,
            "x * x + b[0]",
        ),
        compares(100_000),
        compares(1_000_000),
        aes(("rep3", 3, "boolean"), 1000),
        sort(1_000),
        sort(4_096),
        sort(10_000),
        sort(100_000),
        logistic(),
        aes(GARBLED, 1000),
        ands(GARBLED, 100),
        divisions(1000),
        in_a_row(
            GARBLED,
            "64-bit divisions",
            1000,
            "(u64::MAX - x) / (b[0] | 1)",
        ),
        in_a_row(GARBLED, "64-bit products", 1000, "x * x + b[0]"),
        ands(two_party, 10),
        products(two_party, 2, 100_000),
        products(bgw, 4, 100_000),
        dot(bgw, 100_000),
    ]
}

/// What protection against cheaters is measured by, and how many operations each has.
fn protected() -> Vec<(Work, u64)> {
    let (two_party, rep4) = (("two-party", 2, "auto"), ("rep4", 4, "auto"));
    vec![
        (ands(REP3, 100), 100_000_000),
        (products(REP3, 4, 1_000_000), 4_000_000),
        (ands(("rep3", 3, "yao"), 10), 10_000_000),
        (compares(100_000), 100_000),
        (compares(1_000_000), 1_000_000),
        (ands(two_party, 1), 1_000_000),
        (ands(two_party, 8), 8_000_000),
        (ands(GARBLED, 1), 1_000_000),
        (ands(GARBLED, 8), 8_000_000),
        (products(rep4, 4, 1_000_000), 4_000_000),
        (ands(rep4, 100), 100_000_000),
    ]
}

/// A whole command, from the start to the last exit, inputs beside the example.
fn example(name: &str, args: &[&str], times: usize) -> f64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(format!("{name}.smpc"));
    let once = || {
        let began = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_smpcc"))
            .arg("run")
            .arg(&path)
            .args(args)
            .stdout(Stdio::null())
            .status()
            .expect("smpcc starts");
        assert!(status.success(), "{name}");
        began.elapsed().as_secs_f64() * 1000.0
    };
    let mut all: Vec<f64> = (0..times.max(1)).map(|_| once()).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The estimates of a work beside what was measured.
struct Held {
    line: String,
    /// What is beyond the bounds.
    beyond: Vec<String>,
}

/// Compares estimates with a run whose links are as slow as the estimate takes them to be. What parties compute is estimated for a
/// machine each: here they share the cores.
fn hold(work: &Work, program: &Path, setting: &[&str], times: usize) -> Held {
    let stats = smpcc("stats", program, setting);
    let took = median(times, || run(program, &[setting, &["--emulate"]].concat()));
    let figure = |of: &Value| of.as_f64().expect("a figure");
    let waiting = figure(&stats["totals"]["rounds"]) * HALF_ROUND_TRIP_MS;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let crowd = (f64::from(work.parties) / cores).max(1.0);
    let time = waiting + (figure(&stats["estimate_ms"]["lan"]) - waiting) * crowd;
    let memory = figure(&stats["totals"]["memory_bytes"]);
    let ratios = (time / took.ms, memory / took.memory as f64);
    let mut beyond = Vec::new();
    // A few milliseconds are what it takes to be scheduled.
    if (time - took.ms).abs() > 2.0 && !(1.0 / 1.3..1.3).contains(&ratios.0) {
        beyond.push(format!("{}: {:.2} of its time", work.what, ratios.0));
    }
    if !(0.8..1.25).contains(&ratios.1) {
        beyond.push(format!("{}: {:.2} of its memory", work.what, ratios.1));
    }
    let line = format!(
        "| {} | `{}`, {} | {} | {} | {:.2} | {} | {} | {:.2} |\n",
        work.what,
        work.suite,
        work.parties,
        shown(time),
        shown(took.ms),
        ratios.0,
        size(memory as u64),
        size(took.memory),
        ratios.1
    );
    Held { line, beyond }
}

/// What arguments choose.
struct Asked {
    times: usize,
    estimates: bool,
    malicious: bool,
    words: Vec<String>,
}

impl Asked {
    fn read() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let is_word = |a: &&String| {
            a.parse::<usize>().is_err()
                && !a.starts_with("--")
                && !["write", "estimates", "malicious"].contains(&a.as_str())
        };
        Self {
            times: args.iter().find_map(|a| a.parse().ok()).unwrap_or(5),
            estimates: args.iter().any(|a| a == "estimates"),
            malicious: args.iter().any(|a| a == "malicious"),
            words: args.iter().filter(is_word).cloned().collect(),
        }
    }

    fn wants(&self, line: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| line.contains(word.as_str()))
    }
}

/// What a work runs under, for people.
fn place(work: &Work) -> String {
    let garbled = match work.protocol {
        "yao" => ", garbled",
        _ => "",
    };
    format!("`{}`, {}{garbled}", work.suite, work.parties)
}

/// Runs each work that is asked for in a folder.
fn each(asked: &Asked, all: Vec<Work>, mut take: impl FnMut(&Work, &Path, &[&str])) {
    let folder = tempfile::tempdir().expect("a folder");
    for mut work in all {
        if !asked.wants(&format!("{} {}", work.what, place(&work))) {
            continue;
        }
        let given = std::mem::take(&mut work.given);
        let program = write_program(folder.path(), work.parties, &work.text);
        let inputs = folder.path().join("inputs");
        write_inputs(&inputs, given);
        let inputs = inputs.to_string_lossy();
        let setting = [
            "--inputs",
            &inputs,
            "--suite",
            work.suite,
            "--protocol",
            work.protocol,
        ];
        take(&work, &program, &setting);
    }
}

fn estimates(asked: &Asked) {
    let folder = tempfile::tempdir().expect("a folder");
    let costs = folder.path().join("costs.toml");
    let status = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .arg("calibrate")
        .arg("-o")
        .arg(&costs)
        .status();
    assert!(status.is_ok_and(|s| s.success()), "calibrate");
    let costs = costs.to_string_lossy();
    let mut text = String::from(
        "| work | suite | time, estimated | measured | ratio | memory, estimated | measured | ratio |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut beyond = Vec::new();
    each(asked, table(), |work, program, setting| {
        let setting = [setting, &["--costs", &costs]].concat();
        let held = hold(work, program, &setting, asked.times);
        text.push_str(&held.line);
        beyond.extend(held.beyond);
    });
    publish("estimates", &text);
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

fn speed(asked: &Asked) {
    let mut text = format!(
        "Medians of {} runs, {}:\n\n| work | suite | time | rounds | bytes, of all |\n|---|---|---|---|---|\n",
        asked.times,
        machine()
    );
    each(asked, table(), |work, program, setting| {
        let took = median(asked.times, || run(program, setting));
        if let Some(expected) = &work.expected {
            assert!(took.outputs["0"] == *expected, "{}", work.what);
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            work.what,
            place(work),
            shown(took.ms),
            grouped(took.rounds),
            size(took.bytes)
        );
    });
    for (name, parties, what) in [
        (
            "avg",
            "3",
            "mean of three numbers, from the command to the last exit",
        ),
        (
            "millionaires",
            "2",
            "two millionaires, from the command to the last exit",
        ),
    ] {
        if asked.wants(what) {
            let ms = example(name, &["--parties", parties], asked.times);
            let _ = writeln!(text, "| {what} | {parties} parties | {} | | |", shown(ms));
        }
    }
    publish("speed", &text);
}

/// So many a second, for people.
fn rate(operations: u64, ms: f64) -> String {
    match operations as f64 / ms * 1000.0 {
        each @ ..1e6 => format!("{:.0} k", each / 1e3),
        each @ ..1e7 => format!("{:.1} M", each / 1e6),
        each => format!("{:.0} M", each / 1e6),
    }
}

fn malicious(asked: &Asked) {
    let mut text = format!(
        "Medians of {} runs, {}:\n\n| work | suite | time | a second | bytes each, of all | memory | of the speed without |\n|---|---|---|---|---|---|---|\n",
        asked.times,
        machine()
    );
    let (works, operations): (Vec<Work>, Vec<u64>) = protected().into_iter().unzip();
    let wanted = |work: &Work| asked.wants(&format!("{} {}", work.what, place(work)));
    let both = works.iter().zip(operations);
    let mut operations: Vec<u64> = both.filter(|(w, _)| wanted(w)).map(|(_, n)| n).collect();
    operations.reverse();
    each(asked, works, |work, program, setting| {
        let operations = operations.pop().expect("a number of operations");
        let threat = [setting, &["--threat", "malicious"]].concat();
        let without = median(asked.times, || run(program, setting));
        let took = median(asked.times, || run(program, &threat));
        for outputs in [&took.outputs, &without.outputs] {
            let expected = work.expected.as_ref().expect("a result");
            assert!(outputs["0"] == *expected, "{}", work.what);
        }
        let most = took.memory;
        let bound = work.suite != "two-party" || most <= WITH_MACS;
        assert!(bound, "{}: a party holds {}", work.what, size(most));
        let each = took.bytes as f64 / operations as f64;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {each:.*} | {} | {:.2} |",
            work.what,
            place(work),
            shown(took.ms),
            rate(operations, took.ms),
            if each < 10.0 { 2 } else { 0 },
            size(took.memory),
            without.ms / took.ms
        );
    });
    let what = "two millionaires, from the command to the last exit";
    if asked.wants(what) {
        let threat = ["--parties", "2", "--threat", "malicious"];
        let ms = example("millionaires", &threat, asked.times);
        let without = example("millionaires", &threat[..2], asked.times);
        let (time, ratio) = (shown(ms), without / ms);
        let _ = writeln!(text, "| {what} | 2 parties | {time} | | | | {ratio:.2} |");
    }
    publish("malicious", &text);
}

fn main() {
    let asked = Asked::read();
    if asked.estimates {
        estimates(&asked);
    } else if asked.malicious {
        malicious(&asked);
    } else {
        speed(&asked);
    }
}
