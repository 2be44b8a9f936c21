//! What `smpcc audit` finds on programs that give records away, and that it finds nothing on programs that do not.

mod held;

use crate::support::{checked, example, session};
use smpcc_compiler::audit::{Audit, Kind, audit};
use smpcc_compiler::ir::Ir;
use smpcc_compiler::{lower, reveals, schema};

/// The runs that a test affords.
const RUNS: u64 = 40_000;

fn tried(text: &str, n_parties: u32, rows: u64) -> Audit {
    tried_by(text, n_parties, rows, 1)
}

fn tried_by(text: &str, n_parties: u32, rows: u64, corrupt: u32) -> Audit {
    audit(&lowered(text, n_parties, rows), corrupt, RUNS)
}

fn lowered(text: &str, n_parties: u32, rows: u64) -> Ir {
    let (_, hir) = checked(text, &[]);
    let counts = schema::assign_roles(&hir, n_parties).expect("a number of parties");
    let mut session = session(&counts);
    for param in schema::schema(&hir).params {
        for owner in param.owners(&counts) {
            for (_, key) in param.len_keys() {
                session.lens.insert((key, owner), rows);
            }
        }
    }
    lower::lower(&hir, &session).expect("lowered")
}

/// Beside a variant that holds nothing there is nothing, as in all inputs: what compares enums looks at all of them.
#[test]
fn variants_hold_nothing_that_is_not_theirs() {
    let found = tried(
        "enum Outcome { Discharged(u8), Died, Moved(u8, Option<u8>) }
         fn main(rows: [secret Outcome; _] from each) -> u32 {
             let mut died: secret u32 = 0;
             for r in rows.flatten() { if r != Outcome::Died { if let Outcome::Died = r { died += 1; } } }
             died
         }",
        3,
        3,
    );
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    // Nobody has died and has not.
    assert_eq!(found.unvaried.len(), 1, "{:?}", found.unvaried);
}

#[test]
fn results_that_never_vary_are_noted() {
    let few = "fn main(xs: [secret u8; _] from each) -> { n: u32, total: u32 } {
        let all = xs.flatten();
        { n: all.len() as u32, total: if all.len() >= 10 { all.sum() as u32 } else { 0 & all.sum() as u32 } }
    }";
    let gate = "fn main(xs: [secret bool; _] from each) -> u32 {
        let n = xs.flatten().map(|x| if x { 1u8 } else { 0 }).sum() as u32;
        if n >= 10 { n } else { 0 }
    }";
    assert_eq!(tried(gate, 3, 3).unvaried.len(), 1);
    assert!(tried(gate, 3, 6).unvaried.is_empty());
    // Lengths are known, and follow from no secret.
    assert!(tried(few, 3, 6).unvaried.is_empty());
}

/// Draws hide what they hide in whichever run, and nothing else.
#[test]
fn what_draws_hide_is_no_finding() {
    let none = [
        (
            "noise on a sum",
            "use std::dp::laplace;
             fn main(x: secret u8 from each) -> i64 { laplace(x.sum() as i64, 255, 1.0) }",
        ),
        (
            "noise on the number of one",
            "use std::dp::laplace;
             fn main(x: secret u8 from each) -> i64 { laplace(x[1] as i64, 4, 1.0) }",
        ),
        (
            "a pad that nobody sees",
            "fn main(x: secret u16 from each) -> u16 { let r: secret u16 = random(); x[0] ^ r }",
        ),
        (
            "a pad that hides one of the numbers of a sum",
            "fn main(x: secret u32 from each) -> u64 {
                 let r: secret u32 = random();
                 let _ = reveal(x[0] ^ r);
                 sum(x)
             }",
        ),
        (
            "a random answer",
            "fn main(x: secret bool from each) -> bool {
                 let honest: secret bool = random();
                 let coin: secret bool = random();
                 if honest { x[0] } else { coin }
             }",
        ),
    ];
    let thin = tried(
        "use std::dp::laplace;
         fn main(x: secret u16 from each) -> i64 { laplace(x[1] as i64, 1, 1.0) }",
        3,
        1,
    );
    let nearly = thin.findings.iter().any(|f| f.kind == Kind::Nearly);
    assert!(nearly, "{:?} {:?}", thin.findings, thin.leakage);
    for (what, text) in none {
        let found = tried(text, 3, 3);
        let leaks: Vec<_> = found.findings.iter().filter(|f| f.kind.is_leak()).collect();
        assert!(leaks.is_empty(), "{what}: {leaks:?}");
    }
    for (what, text) in [
        (
            "a pad beside what it hides",
            "fn main(x: secret u16 from each) -> (u16, u16) { let r: secret u16 = random(); (x[0] ^ r, r) }",
        ),
        (
            "too few random bits",
            "fn main(x: secret u16 from each) -> u32 {
                 let r: secret u4 = random();
                 x[0] as u32 * 16 + r as u32
             }",
        ),
    ] {
        let found = tried(text, 3, 3);
        let determined = found.findings.iter().any(|f| f.kind == Kind::Determined);
        assert!(determined, "{what}: {:?}", found.findings);
    }
}

/// Bits that a view tells are those of its distribution, over all draws where they are few.
#[test]
fn bits_are_those_of_all_draws() {
    let learned = |text: &str| {
        let found = tried(text, 2, 1);
        let of_one = found
            .leakage
            .iter()
            .find(|l| l.coalition == [1] && l.owner == 0);
        of_one.expect("a figure").bits
    };
    let pad = learned(
        "fn main(x: secret bool from each) -> bool { let r: secret bool = random(); x[0] ^ r }",
    );
    assert!(pad.exhaustive && pad.learned.abs() < 1e-9, "{pad:?}");
    // Three of four answers are true: one bit less the entropy of a quarter.
    let answer = learned(
        "fn main(x: secret bool from each) -> bool {
             let honest: secret bool = random();
             let coin: secret bool = random();
             if honest { x[0] } else { coin }
         }",
    );
    let entropy = -(0.25 * 0.25f64.log2() + 0.75 * 0.75f64.log2());
    assert!(answer.exhaustive, "{answer:?}");
    assert!(
        (answer.learned - (1.0 - entropy)).abs() < 1e-9,
        "{answer:?}"
    );
    // So many draws that no two views are equal: another draw makes up for each value.
    let wide = learned(
        "fn main(x: secret bool from each) -> u64 { let r: secret u64 = random(); r ^ (x[0] as u64) }",
    );
    assert!(
        !wide.exhaustive && wide.learned.abs() < 1e-9 && wide.error < 0.02,
        "{wide:?}"
    );
}

fn kinds(audit: &Audit) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = audit.findings.iter().map(|f| f.kind).collect();
    kinds.dedup();
    kinds
}

const LEAKS: [(&str, u32, Kind, &str); 30] = [
    (
        "an average of two",
        2,
        Kind::Determined,
        "use std::stats::mean;
         fn main(x: secret u32 from each) -> u32 { mean(x) }",
    ),
    (
        "a difference of sums",
        4,
        Kind::Determined,
        "struct Sums { all: u64, but_first: u64 }
         fn main(x: secret u32 from each) -> Sums {
             let mut all: secret u64 = 0;
             let mut but_first: secret u64 = 0;
             for i in 0..x.len() { all += x[i] as u64; if i > 0 { but_first += x[i] as u64; } }
             Sums { all, but_first }
         }",
    ),
    (
        "a number in disguise",
        3,
        Kind::Determined,
        "fn main(x: secret u32 from each) -> u32 { (x[1] * 2 + 1) ^ 77 }",
    ),
    (
        "a histogram of two with a class for each value",
        2,
        Kind::Determined,
        "fn main(x: secret u8 in 0..=7 from each) -> [u8; 8] {
             let mut n: [secret u8; 8] = [0; 8];
             for k in 0..8 { for v in x { if v == k as u8 { n[k] += 1; } } }
             n
         }",
    ),
    (
        "a mean and a variance of three",
        3,
        Kind::Sometimes,
        "use std::stats::{mean, variance};
         fn main(x: secret u16 from each) -> (u16, u32) { (mean(x), variance(x) as u32) }",
    ),
    (
        "numbers side by side in one",
        3,
        Kind::Determined,
        "fn main(x: secret u8 from each) -> u32 { (x[0] as u32 << 16u8) | (x[1] as u32 << 8u8) | x[2] as u32 }",
    ),
    (
        "thresholds that add up to the number",
        2,
        Kind::Determined,
        "party a; party b;
         fn main(x: secret u8 in 0..=15 from a, y: secret u8 from b) -> [bool; 16] to b {
             let mut above: [secret bool; 16] = [false; 16];
             for t in 0..16 { above[t] = x >= t as u8; }
             above
         }",
    ),
    (
        "costs by diagnosis",
        3,
        Kind::SmallGroup,
        "struct Stay { cost: u32 in 0..=1_000_000, diagnosis: u8 in 0..=9 }
         fn main(rows: [secret Stay; _] from each) -> [u64; 10] {
             let mut sums: [secret u64; 10] = [0; 10];
             for s in rows.flatten() {
                 for d in 0..10 { if s.diagnosis == d as u8 { sums[d] += s.cost as u64; } }
             }
             sums
         }",
    ),
    (
        "the first of some dates",
        3,
        Kind::OneOfMany,
        "fn main(day: [secret date in \"2020-01-01\"..=\"2029-12-31\"; _] from each) -> date {
             let mut first: secret date = \"2029-12-31\";
             for d in day.flatten() { first = min(first, d); }
             first
         }",
    ),
    (
        "a running total",
        3,
        Kind::Determined,
        "fn main(x: [secret u16; _] from each) -> [u32; 6] {
             let all = x.flatten();
             let mut sums: [secret u32; 6] = [0; 6];
             let mut t: secret u32 = 0;
             for i in 0..6 { t += all[i] as u32; sums[i] = t; }
             sums
         }",
    ),
    (
        "a maximum",
        3,
        Kind::OneOfMany,
        "fn main(x: secret u32 from each) -> u32 {
             let mut most: secret u32 = 0;
             for v in x { if v > most { most = v; } }
             most
         }",
    ),
    (
        "a median of three",
        3,
        Kind::OneOfMany,
        "use std::sort::sort;
         fn main(x: secret u16 from each) -> u16 { let s = sort(x); s[s.len() / 2] }",
    ),
    (
        "the whole list in order",
        3,
        Kind::OneOfMany,
        "use std::sort::sort;
         fn main(x: secret u16 from each) -> [u16; _] { sort(x) }",
    ),
    (
        "a mean over whoever is ill",
        3,
        Kind::SmallGroup,
        "struct Patient { age: u8 in 0..=120, ill: bool }
         struct Totals { n: u32, mean: u32 }
         fn main(rows: [secret Patient; _] from each) -> Totals {
             let mut n: secret u32 = 0;
             let mut ages: secret u32 = 0;
             for p in rows.flatten() { if p.ill { n += 1; ages += p.age as u32; } }
             Totals { n, mean: ages / n }
         }",
    ),
    (
        "a reveal in a loop",
        3,
        Kind::PerRecord,
        "fn main(x: [secret u16; _] from each) -> u32 {
             let mut n: u32 = 0;
             for v in x.flatten() { if reveal(v > 1000) { n += 1; } }
             n
         }",
    ),
    (
        "an assertion on each",
        3,
        Kind::PerRecord,
        "fn main(x: [secret u32; _] from each) -> u64 {
             let all = x.flatten();
             for v in all { assert(reveal(v < 1000), \"too large\"); }
             sum(all)
         }",
    ),
    (
        "an assertion on each, in a loop whose end everybody learns",
        3,
        Kind::PerRecord,
        "fn main(x: [secret u16; _] from each) -> u32 {
             let mut n: u32 = 0;
             for v in x.flatten() { assert(n < 1000); assert(reveal(v > 20_000)); n += 1; }
             n
         }",
    ),
    (
        "a sum, and the same without the largest",
        3,
        Kind::OneOfMany,
        "use std::stats::{sum, max};
         fn main(x: [secret u32; _] from each) -> (u64, u64) {
             let all = x.flatten();
             (sum(all), sum(all) - max(all) as u64)
         }",
    ),
    (
        "a total of whoever has a code",
        3,
        Kind::SmallGroup,
        "struct Person { pay: u32 in 0..=1_000_000, code: u8 in 0..=9 }
         fn main(rows: [secret Person; _] from each) -> u64 {
             let mut total: secret u64 = 0;
             for p in rows.flatten() { if p.code == 7 { total += p.pay as u64; } }
             total
         }",
    ),
    (
        "a sum of two and of their squares",
        3,
        Kind::Determined,
        "party a; party b; party c;
         fn main(x: secret u16 from a, y: secret u16 from b) -> (u32, u64) to c {
             (x as u32 + y as u32, x as u64 * x as u64 + y as u64 * y as u64)
         }",
    ),
    (
        "a loop that ends early",
        3,
        Kind::StepByStep,
        "fn main(x: [secret u8; _] from each) -> u32 {
             let mut total: secret u32 = 0;
             let mut n: u32 = 0;
             for v in x.flatten() {
                 total += v as u32;
                 if reveal(total > 300) { break; }
                 n += 1;
             }
             n
         }",
    ),
    (
        "a mean of all, and of all but one",
        3,
        Kind::Nearly,
        "fn main(x: [secret u32 in 0..=100_000; _] from each) -> (u32, u32) {
             let all = x.flatten();
             let mut total: secret u32 = 0;
             let mut rest: secret u32 = 0;
             for i in 0..all.len() {
                 total += all[i];
                 if i > 0 { rest += all[i]; }
             }
             (total / 6, rest / 5)
         }",
    ),
    (
        "each record under thin noise",
        3,
        Kind::Nearly,
        "fn main(x: [secret u16; _] from each) -> [u32; _] {
             x.flatten().map(|v| { let r: secret u3 = random(); v as u32 + r as u32 })
         }",
    ),
    (
        "a class for each",
        3,
        Kind::PerRecord,
        "fn main(x: secret u16 from each) -> [bool; 3] { [x[0] > 500, x[1] > 500, x[2] > 500] }",
    ),
    (
        "a second result that says the first one's rest",
        3,
        Kind::Determined,
        "party a; party b; party c;
         struct Out { mixed: u32, total: u32 }
         fn main(x: secret u32 from a, y: secret u32 from b, z: secret u32 from c) -> { mixed: u32 to a, total: u32 to all } {
             Out { mixed: x ^ y, total: x + y + z }
         }",
    ),
    (
        "a remainder",
        3,
        Kind::Partly,
        "fn main(x: secret u16 in 0..=50000 from each) -> u16 { x[0] % 100 }",
    ),
    (
        "a low byte",
        3,
        Kind::Partly,
        "fn main(x: secret u16 from each) -> u8 { x[0] as u8 }",
    ),
    (
        "a comparison with one number of many",
        3,
        Kind::PerRecord,
        "fn main(x: secret u16 from each) -> bool { x[1] == 1234 }",
    ),
    (
        "a branch that waits for one number of many",
        3,
        Kind::PerRecord,
        "fn main(x: secret u16 from each) -> u8 { if reveal(x[1] == 1234) { 1 } else { 2 } }",
    ),
    (
        "the price of an auction",
        4,
        Kind::Sometimes,
        "party seller; party bidder[2..];
         fn main(reserve: secret u16 from seller, bid: secret u16 from each bidder) -> { sold: bool to all, price: u16 to seller } {
             let mut best = reserve;
             for b in bid { if b > best { best = b; } }
             Sale { sold: best > reserve, price: best }
         }
         struct Sale { sold: bool, price: u16 }",
    ),
];

#[test]
fn each_kind_of_leak_is_named() {
    for (name, n_parties, kind, text) in LEAKS {
        let audit = tried(text, n_parties, 2);
        let found = kinds(&audit);
        // A maximum that one party sees is one record's number as well as one that is determined in some cases.
        let fits =
            found.contains(&kind) || kind == Kind::Sometimes && found.contains(&Kind::OneOfMany);
        assert!(fits, "{name}: {found:?}");
        for finding in &audit.findings {
            assert!(!finding.example.inputs.is_empty(), "{name}");
            assert!(!finding.example.view.is_empty(), "{name}");
            assert!(
                finding.share > 0.0 && finding.share <= 1.0,
                "{name}: {}",
                finding.share
            );
        }
    }
}

#[test]
fn no_alarm_on_what_is_harmless() {
    let harmless = [
        (
            "a sum of three",
            3,
            "fn main(x: secret u32 from each) -> u64 {
                 let mut t: secret u64 = 0;
                 for v in x { t += v as u64; }
                 t
             }",
        ),
        (
            "a mean over many rows",
            3,
            "use std::stats::mean;
             fn main(x: [secret u32; _] from each) -> u32 { mean(x.flatten()) }",
        ),
        (
            "a comparison",
            2,
            "party a; party b;
             fn main(x: secret u32 from a, y: secret u32 from b) -> bool { x > y }",
        ),
        (
            "a majority",
            5,
            "fn main(yes: secret bool from each) -> bool {
                 let mut n: secret u16 = 0;
                 for v in yes { if v { n += 1; } }
                 n * 2 > yes.len() as u16
             }",
        ),
        (
            "whether any is",
            4,
            "fn main(x: [secret bool; _] from each) -> bool { x.flatten().any() }",
        ),
        (
            "a shuffled vote",
            5,
            "use std::sort::shuffle;
             fn main(yes: secret bool from each) -> [bool; _] { shuffle(yes) }",
        ),
        (
            "sum and sum of squares of many",
            4,
            "fn main(x: [secret u16; 3] from each) -> (u64, u64) {
                 let mut s: secret u64 = 0;
                 let mut q: secret u64 = 0;
                 for v in x { for u in v { s += u as u64; q += u as u64 * u as u64; } }
                 (s, q)
             }",
        ),
        (
            "whether a sum is large, on the way",
            4,
            "fn main(x: [secret u32 in 0..=1000; _] from each) -> u64 {
                 if reveal(sum(x.flatten()) > 2000) { 1 } else { 0 }
             }",
        ),
        (
            "a mean for groups that are large enough",
            3,
            "struct Stay { cost: u32 in 0..=1_000_000, ward: u8 in 0..=2 }
             fn main(rows: [secret Stay; 4] from each) -> [u64; 3] {
                 let mut sums: [secret u64; 3] = [0; 3];
                 for w in 0..3 {
                     let mut n: secret u16 = 0;
                     let mut s: secret u64 = 0;
                     for row in rows { for p in row { if p.ward == w as u8 { n += 1; s += p.cost as u64; } } }
                     if n >= 6 { sums[w] = s; }
                 }
                 sums
             }",
        ),
        (
            "a count",
            3,
            "fn main(x: [secret u16; _] from each) -> u32 {
                 let mut n: secret u32 = 0;
                 for v in x.flatten() { if v > 1000 { n += 1; } }
                 n
             }",
        ),
        (
            "a mean that small groups do not get",
            3,
            "struct Patient { age: u8 in 0..=120, ill: bool }
             struct Totals { n: u32, mean: u32 }
             fn main(rows: [secret Patient; _] from each) -> Totals {
                 let mut n: secret u32 = 0;
                 let mut ages: secret u32 = 0;
                 for p in rows.flatten() { if p.ill { n += 1; ages += p.age as u32; } }
                 let mut mean = ages / n;
                 if n < 4 { n = 0; mean = 0; }
                 Totals { n, mean }
             }",
        ),
        (
            "an inner product",
            2,
            "party a; party b;
             fn main(x: [secret i32; 8] from a, y: [secret i32; 8] from b) -> i64 {
                 let mut s: secret i64 = 0;
                 for i in 0..8 { s += x[i] as i64 * y[i] as i64; }
                 s
             }",
        ),
    ];
    for (name, n_parties, text) in harmless {
        let found = tried(text, n_parties, 2).findings;
        assert!(
            found.iter().all(|f| !f.kind.is_leak()),
            "{name}: {found:#?}"
        );
    }
}

#[test]
fn bits_are_those_of_the_distribution() {
    // With an own vote of yes the majority is the OR of the two others, with no their AND: either way it is worth
    // H(3/4) − H(1/2) / 2 = 0.8113 − 0.5 bits of one of them.
    let vote = "fn main(yes: secret bool from each) -> bool {
        let mut n: secret u16 = 0;
        for v in yes { if v { n += 1; } }
        n * 2 > 3
    }";
    let audit = tried(vote, 3, 1);
    assert_eq!(audit.leakage.len(), 6);
    for l in &audit.leakage {
        assert!((l.bits.learned - 0.3113).abs() < 1e-4, "{:?}", l.bits);
        assert!((l.bits.of - 1.0).abs() < 1e-9);
        assert!(l.bits.exhaustive);
    }
    // A party that receives nothing learns nothing.
    let one =
        "party a; party b; fn main(x: secret u8 from a, y: secret u8 from b) -> u8 to a { x + y }";
    let audit = tried(one, 2, 1);
    let learned: Vec<(u32, bool)> = audit
        .leakage
        .iter()
        .map(|l| (l.coalition[0], l.bits.learned > 0.0))
        .collect();
    assert_eq!(learned, [(0, true)]);
}

/// Who asks chooses what it asks: limits, codes and places all over a wide type would tell next to nothing.
#[test]
fn bits_are_those_of_what_is_asked_best() {
    let asked = |asks: &str, given: &str, counts: &str| {
        let text = format!(
            "party asker; party clinic[2..];
             fn main({asks}, x: secret {given} from each clinic) -> u32 to asker {{
                 let mut n: secret u32 = 0;
                 for v in x {{ if {counts} {{ n += 1; }} }}
                 n
             }}"
        );
        tried(&text, 3, 1).leakage[0].bits
    };
    // Of two that are below or above the middle of their range with equal odds half a bit is known by how many are.
    for (asks, given, counts) in [
        (
            "limit: secret u64 from asker",
            "u64 in 0..=100_000",
            "v > limit",
        ),
        (
            "a: secret i64 from asker, b: secret i64 from asker",
            "i64 in 20..=90",
            "v >= a && v < b",
        ),
        ("limit: secret f64 from asker", "f64", "v > limit"),
        (
            "limit: secret fixed<48, 16> from asker",
            "fixed<48, 16> in 0.0..=9.0",
            "v > limit",
        ),
        ("x0: secret u4 from asker", "u4", "v > x0"),
    ] {
        let bits = asked(asks, given, counts);
        assert!(
            (0.4..=0.5 + 1e-9).contains(&bits.learned),
            "{counts}: {bits:?}"
        );
    }
    // Of a code that two of eight values each may be.
    let bits = asked("code: secret u32 from asker", "u16", "v as u32 == code");
    assert!(bits.learned > 0.2, "{bits:?}");
}

/// Counts of what one party gives follow from all its records: none of them comes out by itself, and nothing is added step by step.
#[test]
fn counts_of_each_party_are_counts() {
    let text = "fn main(v: [secret u8 in 0..=2; _] from each) -> [[u16; 3]; _] {
        v.map(|rows| {
            let mut n: [secret u16; 3] = [0; 3];
            for r in rows { for k in 0..3 { if r == k as u8 { n[k] += 1; } } }
            n
        })
    }";
    assert_eq!(kinds(&tried(text, 3, 2)), [Kind::CountOfOne]);
}

#[test]
fn the_same_program_gives_the_same_page() {
    let (_, hir, session) = example(("auction", &[], 0), 3).expect("the example");
    let ir = lower::lower(&hir, &session).expect("lowered");
    assert_eq!(audit(&ir, 1, 3000), audit(&ir, 1, 3000));
}

/// Numbers, dates and texts stand on the page as people write them, not as the integers that hold them.
#[test]
fn types_and_examples_are_written_as_people_write_them() {
    let text = "fn main(x: secret fixed<32, 16> in 0.5..=9.5 from each, d: secret date from each, f: secret f64 from each)
            -> { mean: fixed<32, 16> to all, first: date to all, sum: f64 to all } {
        { mean: (x[0] + x[1]) / 2.0, first: d[0].min(d[1]), sum: f[0] + f[1] }
    }";
    let (_, hir) = checked(text, &[]);
    let counts = schema::assign_roles(&hir, 2).expect("a number of parties");
    let ir = lower::lower(&hir, &session(&counts)).expect("lowered");
    let names: Vec<String> = reveals::reveals(&ir)
        .iter()
        .map(|d| d.type_name())
        .collect();
    assert_eq!(names, ["fixed<32, 16>", "date", "f64"]);
    let found = audit(&ir, 1, 3000);
    let example = &found.findings.first().expect("a finding").example;
    let date = |text: &str| text.len() == 10 && text.matches('-').count() == 2;
    for (_, path, value) in &example.inputs {
        match path.as_str() {
            "d" => assert!(date(value), "{value}"),
            "x" => assert!(
                (0.5..=9.5).contains(&value.parse::<f64>().unwrap()),
                "{value}"
            ),
            _ => assert!(value.parse::<f64>().is_ok(), "{value}"),
        }
    }
}

/// So do values that are opened on the way, in their own types.
#[test]
fn what_is_opened_on_the_way_is_written_so_too() {
    let text = "struct Row { price: fixed<16, 8>, day: date, name: str<4>, f: f32, n: u8 }
fn main(rows: [secret Row; 1] from each) -> u8 {
    let opened = reveal(rows[0][0]);
    opened.n + reveal(rows[1][0].n)
}";
    let (_, hir) = checked(text, &[]);
    let counts = schema::assign_roles(&hir, 2).expect("a number of parties");
    let ir = lower::lower(&hir, &session(&counts)).expect("lowered");
    let list = reveals::reveals(&ir);
    let opened = list
        .iter()
        .filter(|d| d.kind == reveals::DisclosureKind::Reveal);
    let names: Vec<String> = opened.map(|d| d.type_name()).collect();
    assert_eq!(names, ["fixed<16, 8>", "date", "str<4>", "f32", "u8", "u8"]);
    let words = [-384i128 as u128, 19_000, 0x4142_4300, 0x3fc0_0000, 7];
    let inputs: Vec<Vec<u128>> = (ir.inputs.iter().zip(words.iter().cycle()))
        .map(|(leaf, word)| vec![leaf.scalar.wrap(*word)])
        .collect();
    let run = smpcc_compiler::ir::interpret::interpret(&ir, &inputs).expect("no error");
    let shown = run
        .revealed
        .iter()
        .map(|r| r.form.display(r.scalar, r.words[0]));
    let shown: Vec<String> = shown.take(5).collect();
    assert_eq!(shown, ["-1.5", "2022-01-08", "ABC", "1.5", "7"]);
}

/// A leak has one name: what is one record's number to one party is not a small group's to another.
#[test]
fn a_leak_has_one_name() {
    let text = "use std::stats::quartiles;
        fn main(x: [secret u32; _] from each) -> u32 { quartiles(x.flatten()).q1 }";
    let found = kinds(&tried(text, 3, 3));
    assert!(
        found.contains(&Kind::OneOfMany) && !found.contains(&Kind::SmallGroup),
        "{found:?}"
    );
    let text = "fn main(x: [secret u16; _] from each) -> u64 {
        let mut t: secret u64 = 0;
        for v in x.flatten() { if v > 40000 { t += v as u64; } }
        t
    }";
    assert_eq!(kinds(&tried(text, 3, 3)), [Kind::SmallGroup]);
}

/// Variants stand on the page by their names.
#[test]
fn variants_are_written_by_their_names() {
    let text = "enum Ward { Surgery, #[name(\"intensive care\")] Intensive }
        struct Stay { ward: Ward, days: u16 }
        fn main(stays: [secret Stay; 1] from each) -> { ward: Ward to all, days: u16 to all } {
            { ward: stays[0][0].ward, days: stays[1][0].days }
        }";
    let found = tried(text, 3, 1);
    let example = &found.findings.first().expect("a finding").example;
    let is_ward = |text: &str| matches!(text, "Surgery" | "intensive care");
    let wards = example
        .inputs
        .iter()
        .filter(|(_, path, _)| path.ends_with("ward"));
    let wards: Vec<&str> = wards.map(|(_, _, value)| value.as_str()).collect();
    assert!(
        wards.len() == 3 && wards.iter().all(|ward| is_ward(ward)),
        "{wards:?}"
    );
    assert!(is_ward(&example.view[0].1), "{:?}", example.view);
}

/// Numbers of a program and of its inputs reach to both ends of the widest types.
#[test]
fn the_widest_types_are_tried_to_their_ends() {
    for (ty, end) in [
        ("i128", "i128::MAX"),
        ("i128", "i128::MIN"),
        ("u128", "u128::MAX"),
        ("i64", "i64::MIN"),
        ("u64", "u64::MAX"),
    ] {
        let text = format!(
            "fn main(x: secret {ty} from each) -> {ty} {{ if x[0] == {end} {{ x[1] }} else {{ 0 }} }}"
        );
        let found = tried(&text, 3, 1);
        let named = kinds(&found);
        assert!(named.contains(&Kind::Sometimes), "{ty} {end}: {named:?}");
    }
}
