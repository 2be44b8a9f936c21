//! The held programs: 101 that give records away and 89 that do not.

use super::{lowered, tried_by};
use smpcc_compiler::audit::{Finding, audit_from};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A program's name, its parties, the rows of each and how many may be corrupt, what is to be found, and its text.
type Held = (String, [u32; 3], String, String);

/// The programs in a folder of `tests/audit`.
fn held(folder: &str) -> Vec<Held> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/audit")
        .join(folder);
    let entries = folder.read_dir().expect("a folder").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a program");
        let head = text.lines().find_map(|line| line.strip_prefix("// "));
        let (numbers, kind) = head.and_then(|line| line.split_once(": ")).expect("a head");
        let words = numbers
            .split([' ', ','])
            .filter_map(|word| word.parse().ok());
        let numbers: Vec<u32> = words.collect();
        let name = path.file_stem().expect("a name").display().to_string();
        let numbers = numbers.try_into().expect("three numbers");
        (name, numbers, kind.to_owned(), text.clone())
    };
    paths.iter().map(read).collect()
}

/// What `of` gives for each program, in their order: found by as many threads as there are processors.
fn each<T: Send + Sync>(programs: &[Held], of: impl Fn(&Held) -> T + Sync) -> Vec<T> {
    let found: Vec<OnceLock<T>> = programs.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(program), Some(slot)) = (programs.get(at), found.get(at)) else {
                return;
            };
            slot.get_or_init(|| of(program));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let found = found.into_iter().map(OnceLock::into_inner);
    found.map(|found| found.expect("a result")).collect()
}

fn findings((_, [n_parties, rows, corrupt], _, text): &Held) -> Vec<Finding> {
    tried_by(text, *n_parties, u64::from(*rows), *corrupt).findings
}

/// Each leak has its name, or one of two where it is between them, and inputs that show it.
#[test]
fn leaks_of_the_held_programs_are_named() {
    let programs = held("leaky");
    assert!(programs.len() >= 101);
    for ((name, _, kind, _), found) in programs.iter().zip(each(&programs, findings)) {
        let kinds: Vec<&str> = found.iter().map(|f| f.kind.name()).collect();
        let named = kind.split(" or ").any(|kind| kinds.contains(&kind));
        assert!(named, "{name}: {kinds:?}");
        for finding in found.iter().filter(|f| f.kind.is_leak()) {
            let example = &finding.example;
            assert!(
                !example.inputs.is_empty() && !example.view.is_empty(),
                "{name}"
            );
        }
    }
}

#[test]
fn no_leak_is_found_in_the_held_programs_without_one() {
    let programs = held("harmless");
    assert!(programs.len() >= 89);
    for ((name, _, kind, _), found) in programs.iter().zip(each(&programs, findings)) {
        assert_eq!(kind, "nothing", "{name}");
        let leaks: Vec<_> = found.iter().filter(|f| f.kind.is_leak()).collect();
        assert!(leaks.is_empty(), "{name}: {leaks:#?}");
    }
}

/// What a leak is called follows from a plan of tries, and not from how many runs are afforded beyond it: by these seeds, for each
/// `step`-th of the leaky programs from `first` on.
fn names_hold(first: usize, step: usize, seeds: std::ops::RangeInclusive<u64>) {
    let programs: Vec<Held> = held("leaky")
        .into_iter()
        .skip(first)
        .step_by(step)
        .collect();
    let differ = each(
        &programs,
        |(name, [n_parties, rows, corrupt], kind, text)| {
            let ir = lowered(text, *n_parties, u64::from(*rows));
            let mut differ = Vec::new();
            for seed in seeds.clone() {
                let names = |runs| -> BTreeSet<&str> {
                    let found = audit_from(&ir, *corrupt, runs, seed).findings;
                    let leaks = found.iter().filter(|f| f.kind.is_leak());
                    leaks.map(|f| f.kind.name()).collect()
                };
                let (half, twice) = (names(20_000), names(80_000));
                let named = kind.split(" or ").any(|kind| half.contains(kind));
                if half != twice || !named {
                    differ.push(format!("{name}, seed {seed}: {half:?} {twice:?}"));
                }
            }
            differ
        },
    )
    .concat();
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn names_are_the_same_at_half_and_at_twice_the_runs() {
    names_hold(2, 5, 3..=3);
}

/// All programs by five seeds: ten minutes of a core. Part of `tests/trials.sh`.
#[test]
#[ignore = "ten minutes"]
fn names_are_the_same_by_all_seeds() {
    names_hold(0, 1, 1..=5);
}
