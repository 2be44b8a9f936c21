//! `smpcc run` and its children: none outlives its parent, and none is waited for in vain.
#![cfg(target_os = "linux")]

use crate::cli::{command, example, folder, text};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Half a million dependent comparisons: minutes, unless somebody stops them.
const LONG: &str = "fn main(x: secret u32 from each) -> u32 {
    let mut a = x[0];
    for i in 0..500000 {
        if a < x[1] { a = a * 3 + 1; }
    }
    a
}
";
const INPUTS: &str = r#"{"0": {"x": 1}, "1": {"x": 2}, "2": {"x": 3}}"#;

struct Run {
    parent: Child,
    children: Vec<u32>,
    _folder: tempfile::TempDir,
}

/// A long run whose parties compute already.
fn long_run(options: &[&str]) -> Run {
    let folder = folder(&[("long.smpc", LONG), ("long.inputs.json", INPUTS)]);
    let program = folder.path().join("long.smpc").display().to_string();
    let parent = command(&[&["run", &program, "--parties", "3", "-v"], options].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smpcc starts");
    let until = Instant::now() + Duration::from_secs(20);
    let mut run = Run {
        parent,
        children: Vec::new(),
        _folder: folder,
    };
    while run.children.len() < 3 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
        run.children = children_of(run.parent.id());
    }
    assert_eq!(run.children.len(), 3);
    // They are past their agreement.
    std::thread::sleep(Duration::from_millis(1000));
    run
}

/// State and parent of a process, unless it is gone.
fn state(process: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, a bracket included.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    Some((rest.next()?.chars().next()?, rest.next()?.parse().ok()?))
}

fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let processes = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    processes
        .filter(|p| state(*p).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Whether a process computes; one that nobody has asked how it ended does not.
fn lives(process: u32) -> bool {
    state(process).is_some_and(|(state, _)| state != 'Z')
}

fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(status.expect("kill").success());
}

#[test]
fn no_child_outlives_its_parent() {
    for name in ["-KILL", "-TERM"] {
        let mut run = long_run(&[]);
        signal(run.parent.id(), name);
        let _ = run.parent.wait();
        let until = Instant::now() + Duration::from_secs(1);
        while run.children.iter().any(|c| lives(*c)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let left: Vec<u32> = run.children.iter().copied().filter(|c| lives(*c)).collect();
        left.iter().for_each(|child| signal(*child, "-KILL"));
        assert!(left.is_empty(), "{name}: {left:?} compute on");
    }
}

#[test]
fn a_child_that_is_stopped_does_not_keep_the_others() {
    let run = long_run(&["--deadline", "2"]);
    signal(run.children[1], "-STOP");
    let began = Instant::now();
    let output = run.parent.wait_with_output().expect("an end");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(
        output.stdout.is_empty() && message.contains("party"),
        "{message}"
    );
    assert!(run.children.iter().all(|c| !lives(*c)));
}

#[test]
fn a_child_that_is_killed_ends_the_run() {
    let run = long_run(&["--deadline", "5"]);
    signal(run.children[2], "-KILL");
    let began = Instant::now();
    let output = run.parent.wait_with_output().expect("an end");
    assert!(began.elapsed() < Duration::from_secs(15));
    let message = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(3 | 4)), "{message}");
    assert!(output.stdout.is_empty(), "{message}");
    assert!(run.children.iter().all(|c| !lives(*c)));
}

/// Where a process may take little memory, a small program runs, or the caller is told what lacks.
#[test]
fn little_memory_is_enough_or_is_said_to_lack() {
    let avg = example("avg.smpc").display().to_string();
    let binary = command(&[]).get_program().to_owned();
    let run = |kib: u32| {
        let line = format!("ulimit -v {kib}; exec \"$0\" run \"$1\" --parties 3");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).arg(&binary).arg(&avg);
        shell.env("RUST_BACKTRACE", "0");
        shell.output().expect("a shell")
    };
    for kib in [500_000, 350_000, 260_000] {
        let output = run(kib);
        let (shown, told) = (text(&output.stdout), text(&output.stderr));
        match output.status.code() {
            Some(0) => assert!(shown.contains("learns 5300"), "{kib}: {shown}"),
            Some(2) if kib < 350_000 => {
                let lacks = ["memory", "cannot start a thread"];
                assert!(
                    lacks.iter().any(|what| told.contains(what)),
                    "{kib}: {told}"
                );
            }
            code => panic!("{kib} KiB: {code:?}\n{told}"),
        }
    }
}

/// Two million ANDs on bits with MACs, in long vectors: a party holds a few blocks of them and the batch of triples that is being made.
#[test]
fn memory_does_not_follow_lanes_where_bits_have_macs() {
    const LANES: u64 = 3125;
    let column = |seed: u64| -> Vec<u64> {
        let mut numbers = smpcc_circuit::splitmix::SplitMix::new(seed);
        (0..LANES).map(|_| numbers.draw()).collect()
    };
    let (a, b) = (column(1), column(2));
    let one = |(a, b): (&u64, &u64)| (0..10).fold(*a, |x, _| x.rotate_left(7) & (x ^ b));
    let expected = a.iter().zip(&b).map(one).fold(0, |t, x| t ^ x);
    let program = "party l; party r;
fn main<const N: usize>(a: [secret u64; N] from l, b: [secret u64; N] from r) -> u64 to l {
    let mut t: secret u64 = 0;
    for i in 0..N {
        let mut x = a[i];
        for _k in 0..10 { x = rotate_left(x, 7u8) & (x ^ b[i]); }
        t ^= x;
    }
    t
}
";
    let inputs = serde_json::json!({"l": {"a": a}, "r": {"b": b}}).to_string();
    let folder = folder(&[("ands.smpc", program), ("ands.inputs.json", &inputs)]);
    let program = folder.path().join("ands.smpc").display().to_string();
    let output = command(&[
        "run",
        &program,
        "--threat",
        "malicious",
        "--protocol",
        "boolean",
        "--format",
        "json",
    ])
    .output()
    .expect("smpcc starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["outputs"]["0"], expected);
    for party in ["0", "1"] {
        let peak = report["peak_memory"][party]
            .as_u64()
            .expect("a party's memory");
        assert!(peak < 110_000_000, "{peak}");
    }
}

/// A core file would hold a party's inputs and shares. None is written, even where files of any length are allowed.
#[test]
fn a_party_that_crashes_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt;
    let folder = folder(&[]);
    // A child of a run that waits for its job.
    let mut party = Command::new("sh")
        .args(["-c", "ulimit -c unlimited 2>/dev/null || true; exec \"$@\""])
        .args(["sh", env!("CARGO_BIN_EXE_smpcc"), "party", "-"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("smpcc starts");
    let limits = format!("/proc/{}/limits", party.id());
    let until = Instant::now() + Duration::from_secs(20);
    let forbids = || {
        let limits = std::fs::read_to_string(&limits).unwrap_or_default();
        let cores = limits.lines().find(|line| line.starts_with("Max core"));
        let words: Vec<&str> = cores.unwrap_or_default().split_whitespace().collect();
        words == ["Max", "core", "file", "size", "0", "0", "bytes"]
    };
    while !forbids() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(forbids());
    // What is piped to a collector has no limit: this is what forbids it. It follows within no time.
    std::thread::sleep(Duration::from_millis(200));
    // The pipe stays open to its end: a party whose parent is gone ends by itself, perhaps before the signal has reached it.
    let stdin = party.stdin.take();
    let aborted = Command::new("kill")
        .args(["-ABRT", &party.id().to_string()])
        .status();
    assert!(aborted.expect("kill").success());
    let ended = party.wait().expect("its end");
    drop(stdin);
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    assert_eq!(left.count(), 0);
}
