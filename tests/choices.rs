//! Of several ways to compute a program, the chosen one is the cheapest by its own estimate, and estimates grow without cliffs.

use crate::growth::{plan, suites};
use crate::support::{
    EXAMPLES, REP3, SETTINGS, Setting, compile_beside, example, expect_the_best, options, session,
};
use smpcc_circuit::stats::{Known, stats};
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{Network, ProtocolChoice};

/// Milliseconds that are estimated on a local network, for `n` values of each party.
fn estimate(text: &str, n: u64, setting: Setting, protocol: ProtocolChoice) -> f64 {
    let program = plan(text, n, setting, &options(setting, protocol, Network::LAN));
    let stats = stats(&program, &Known::default());
    assert!(stats.exact, "{setting:?} {n}: {text}");
    stats.estimate_ms.lan.expect("an estimate")
}

/// All garbled is the cheapest plan with one domain, and no single move makes it cheaper; but bits that are compared in Boolean shares and
/// counted as numbers are cheaper still.
#[test]
fn the_cheapest_start_need_not_lead_to_the_cheapest_plan() {
    let text = "fn main(x: [secret u32; _] from each) -> u32 {
    let mut close: secret u32 = 0;
    for i in 0..x[0].len() {
        if count_ones(x[0][i] ^ x[1][i]) < 8 { close += 1; }
    }
    close
}";
    let of = |protocol| estimate(text, 600, REP3, protocol);
    let (chosen, garbled) = (of(ProtocolChoice::Auto), of(ProtocolChoice::Yao));
    assert!(garbled < of(ProtocolChoice::Boolean));
    assert!(chosen < 0.8 * garbled, "{chosen} ms, garbled {garbled} ms");
}

/// Rows are put side by side in many lanes and few levels, and a statistic of their sums is as deep as can be in one lane: neither is
/// done like the other, although no single move from one domain for all makes it cheaper.
#[test]
fn what_is_deep_at_the_end_does_not_settle_what_is_wide_before_it() {
    let text = "use std::table::join_unique;
struct Row { id: u64, mark: bool, x: u32 in 0..=1_000_000 }
struct Sample { n: u32, mean: f64, variance: f64 }
fn sample<const N: usize>(keep: [secret bool; N], x: [secret u32; N]) -> secret Sample {
    let mut n: secret u32 = 0;
    let mut s: secret u64 = 0;
    let mut ss: secret u64 = 0;
    for i in 0..N { if keep[i] { n += 1; s += x[i] as u64; ss += x[i] as u64 * x[i] as u64; } }
    let mean = s as f64 / n as f64;
    Sample { n, mean, variance: (ss as f64 - mean * s as f64) / (n - 1) as f64 }
}
fn main(x: [secret Row; _] from each) -> f64 {
    let rows = join_unique(x[0], x[1], |r| r.id, |r| r.id);
    let xs = rows.map(|r| r.right.x);
    let a = sample(rows.map(|r| r.kept && r.left.mark), xs);
    let b = sample(rows.map(|r| r.kept && !r.left.mark), xs);
    (a.mean - b.mean) / sqrt(a.variance / a.n as f64 + b.variance / b.n as f64)
}";
    let of = |protocol| estimate(text, 600, REP3, protocol);
    let chosen = of(ProtocolChoice::Auto);
    for forced in [ProtocolChoice::Boolean, ProtocolChoice::Yao] {
        let forced = of(forced);
        assert!(
            chosen < 0.5 * forced,
            "{chosen} ms, in one domain {forced} ms"
        );
    }
}

/// What people call on long vectors of two parties, and what it returns.
const CALLS: [(&str, &str); 12] = [
    ("variance(both)", "u64"),
    ("argmax(both)", "u32"),
    ("median(both)", "u32"),
    ("sort(both)", "[u32; N]"),
    ("rank(both)", "[u32; N]"),
    ("shuffle(both)", "[u32; N]"),
    ("merge(x[0], x[1])", "[u32; N + N]"),
    ("intersection_size(x[0], x[1])", "u32"),
    ("distinct_size(both)", "u32"),
    ("tally(both)", "[u32; 10]"),
    ("count_kept(compact(filter(both, |v| v > 7)))", "u32"),
    (
        "group_by_key(x[0].zip(x[1]), |r| r.0, |r| r.1)[0].row.sum",
        "u64",
    ),
];

/// Plans change with lengths, and each time to what is estimated to be faster: so an estimate may not jump, and nothing is inexact
/// where nothing is revealed.
#[test]
fn no_change_of_plans_is_a_cliff() {
    for setting in suites() {
        for (call, returns) in CALLS {
            let text = format!(
                "use std::stats::{{variance, argmax, median, tally}};
use std::set::{{intersection_size, distinct_size}};
use std::sort::{{sort, rank, shuffle, merge}};
use std::table::{{filter, compact, count_kept, group_by_key}};
fn main<const N: usize>(x: [secret u32; N] from each) -> {returns} {{
    let both = x[0].zip(x[1]).map(|r| r.0 ^ r.1);
    {call}
}}"
            );
            let all =
                [100, 1_000, 10_000].map(|n| estimate(&text, n, setting, ProtocolChoice::Auto));
            // Sorts of ten times as many take 10 · (1 + log 10 / log n)² times as long, and what a shorter one has in rounds is little.
            for pair in all.windows(2) {
                assert!(
                    pair[1] <= 20.0 * pair[0] + 1.0,
                    "{setting:?} {call}: {all:?} ms"
                );
            }
        }
    }
}

/// Programs in which the best choice is not obvious.
const CHOICES: [&str; 4] = [
    "fn main(x: [secret u8 in 0..=9; _] from each) -> [u32; 10] {
    let all = x.flatten();
    let mut h: [secret u32; 10] = [0; 10];
    for k in 0..10 { for v in all { if v == k as u8 { h[k] += 1; } } }
    h
}",
    "fn main(x: [secret i16; _] from each) -> i64 {
    let mut t: secret i64 = 0;
    for i in 0..x[0].len() { t += (x[0][i] as i64) * (x[1][i] as i64); }
    if t < 0 { 0 } else { t / 7 }
}",
    "fn main(x: [secret u32; _] from each) -> u32 {
    let mut c: secret u32 = 0;
    for i in 0..x[0].len() { if x[0][i] * 3 < x[1][i] { c += x[0][i]; } }
    c
}",
    "fn main(x: [secret u64; _] from each) -> u64 {
    let mut p: secret u64 = 1;
    for v in x[0] { p = p * v + 1; }
    p ^ (p >> 3)
}",
];

#[test]
fn no_forced_domain_is_estimated_to_be_faster_than_the_choice() {
    for setting in suites() {
        for text in CHOICES {
            for n in [10, 1_000] {
                let mut session = session(&[setting.n_parties]);
                session.lens = (0..setting.n_parties)
                    .map(|party| (("x".to_string(), party), n))
                    .collect();
                let estimated = expect_the_best(text, setting, |options| {
                    let compiled = compile_beside(&[], text, &session, options).ok()?;
                    Some(compiled.program)
                });
                assert!(estimated, "{text}");
            }
        }
    }
}

#[test]
fn no_forced_domain_is_estimated_to_be_faster_for_any_example() {
    for setting in SETTINGS.into_iter().filter(|s| s.n_parties <= 5) {
        for which in EXAMPLES {
            let Some((sources, hir, session)) = example(which, setting.n_parties) else {
                continue;
            };
            let estimated = expect_the_best(which.0, setting, |options| {
                let compiled =
                    pipeline::compile(&hir, &sources, which.0, &session, options, &mut |_, _| {});
                Some(compiled.ok()?.program)
            });
            assert!(estimated || which.0 == "runoff", "{}", which.0);
        }
    }
}
