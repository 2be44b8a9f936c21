//! What one party computes alone: the same results as together, under every suite, for bytes that do not follow its data.

use crate::support::{self, SETTINGS, Setting, by_party, options};
use smpcc_circuit::eval;
use smpcc_circuit::program::Domain;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{self, Known, Stats};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::lower;
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice, Session};
use smpcc_runtime::local;

/// Name, text, and whether all parties give equally many numbers.
const PROGRAMS: [(&str, &str, bool); 17] = [
    (
        "mean",
        "use std::stats::mean;
         fn main(xs: [secret u32; _] from each) -> u32 { mean(flatten(xs)) }",
        false,
    ),
    (
        "count",
        "fn main(xs: [secret u16; _] from each) -> { n: u32 to all, sum: u32 to all } {
             let mut n: secret u32 = 0;
             let mut sum: secret u32 = 0;
             for x in flatten(xs) {
                 if x > 20_000 { n += 1; sum += x as u32; }
             }
             Totals { n, sum }
         }
         struct Totals { n: u32, sum: u32 }",
        false,
    ),
    (
        "groups",
        "fn main(xs: [secret u8; _] from each) -> [u32; 4] {
             let all = flatten(xs);
             let mut sums: [secret u32; 4] = [0; 4];
             for g in 0..4 {
                 let mut sum: secret u32 = 0;
                 for x in all {
                     if x & 3 == g as u8 { sum += x as u32; }
                 }
                 sums[g] = sum;
             }
             sums
         }",
        false,
    ),
    (
        "products",
        "fn main(xs: [secret i32; _] from each) -> i64 {
             let mut sum: secret i64 = 0;
             for x in flatten(xs) { sum += (x as i64) * (x as i64); }
             sum
         }",
        false,
    ),
    (
        "best",
        "use std::stats::argmax;
         use std::stats::max;
         fn main(xs: [secret i16; _] from each) -> (i16, u32) {
             let all = flatten(xs);
             (max(all), argmax(all))
         }",
        false,
    ),
    (
        "appended",
        "fn main(xs: [secret u8; _] from each) -> ([u8; 5], [u8; 5], u32) {
             let mut n: secret u32 = 0;
             let mut kept: [secret u8; 5] = [7; 5];
             let mut left: [secret u8; 5] = [0; 5];
             for row in xs {
                 let mut mine: [secret u8; 5] = [1; 5];
                 let mut m: secret u8 = 0;
                 let mut last: secret u8 = 0;
                 for x in row { if x / 64 != last { mine[m] = x; m += 1; last = x / 64; } }
                 for k in 0..5 { left[k] += mine[k] ^ m; }
             }
             for x in flatten(xs) { if x > 99 { kept[n] = x; n += 1; } }
             (kept, left, n)
         }",
        false,
    ),
    (
        "distinct",
        "fn main(xs: [secret u8; _] from each) -> ([u8; 4], [u8; 20], u32, u32) {
             let all = flatten(xs);
             let mut few: [secret u8; 4] = [7; 4];
             let mut some: [secret u8; 20] = [0; 20];
             let (mut n, mut m): (secret u32, secret u32) = (0, 0);
             for x in all { if n == 0 || x / 32 != few[n - 1] { few[n] = x / 32; n += 1; } }
             for x in all { if m < 5 && (m == 0 || x / 32 != some[m - 1]) { some[m] = x / 32; m += 1; } }
             (few, some, n, m)
         }",
        false,
    ),
    (
        "ranks",
        "fn main(xs: [secret u8; _] from each) -> u32 {
             let all = flatten(xs);
             let mut pairs: secret u32 = 0;
             for a in all { for b in all { if a < b { pairs += 1; } } }
             pairs
         }",
        false,
    ),
    (
        "steered",
        "fn main(xs: [secret u8; _] from each) -> u32 {
             let mut limit: u8 = 40;
             let mut n: secret u32 = 0;
             for round in 0..3 {
                 n = 0;
                 for x in flatten(xs) { if x > limit { n += 1; } }
                 if reveal(n > 5) { limit += 60; }
             }
             n
         }",
        false,
    ),
    (
        "chained",
        "fn main(xs: [secret u32; _] from each) -> u32 {
             let mut total: secret u32 = 0;
             for mine in xs {
                 let mut state: secret u32 = 1;
                 for x in mine { state = (state * 31 + x) ^ (state >> 3); }
                 total += state;
             }
             total
         }",
        true,
    ),
    (
        "looked up",
        "fn main(xs: [secret u8; _] from each) -> u32 {
             let mut total: secret u32 = 0;
             for mine in xs {
                 let mut table = mine;
                 for x in mine { table[x & 3] = table[(x >> 2) & 3] + 1; }
                 total += (table[0] as u32) * (table[1] as u32);
             }
             total
         }",
        true,
    ),
    (
        "sorted",
        "use std::sort::sort_by_key;
         fn main(xs: [secret u8; _] from each) -> u32 {
             let sorted = sort_by_key(concat(xs[0], xs[0].map(|x| x ^ 1)), |x| x & 1);
             let mut state: secret u32 = 1;
             for x in sorted { state = state * 31 + (x as u32); }
             state * (xs[1][0] as u32)
         }",
        true,
    ),
    (
        "medians",
        "use std::sort::sort;
         fn main(xs: [secret u8; _] from each) -> [u8; _] { xs.map(|mine| sort(mine)[1]) }",
        true,
    ),
    (
        "places",
        "use std::stats::argmax;
         fn main<const N: usize>(xs: [secret u8; N] from each) -> u32 {
             let mut sum: secret u32 = 0;
             for mine in xs {
                 let (mut top, mut steps): (secret u8, secret u32) = (0, 0);
                 for x in mine { if x > top { top = x; steps += 1; } }
                 sum += steps * 256 + argmax(mine);
             }
             sum
         }",
        true,
    ),
    (
        "in place",
        "fn main<const N: usize>(xs: [secret u8; N] from each) -> u32 {
             let mut sum: secret u32 = 0;
             for mine in xs {
                 let mut y = mine;
                 for _ in 0..8 {
                     for j in 0..N - 1 {
                         if y[j] > y[j + 1] {
                             let z = y[j];
                             y[j] = y[j + 1];
                             y[j + 1] = z;
                         }
                     }
                 }
                 for i in 0..N { sum += (i as u32) * (y[i] as u32); }
             }
             sum
         }",
        true,
    ),
    (
        "written at secret places",
        "fn main(xs: [secret u8; _] from each) -> u32 {
             let mut own: [secret u16; 30] = [0; 30];
             let mut all: [(secret u16, secret u8); 20] = [(7, 1); 20];
             let mut rows: [[secret u8; 2]; 6] = [[1, 2]; 6];
             let ys = xs.flatten();
             let mine = xs[0];
             for i in 0..ys.len() {
                 all[ys[i] % 32] = (i as u16 + 1, ys[i]);
                 if ys[i] > 100 { rows[ys[i] % 8] = [ys[i], i as u8]; }
             }
             for k in 0..4 * mine.len() { own[mine[k / 4] % 40 + k as u8] = k as u16 * 3; }
             let mut sum: secret u32 = 0;
             for i in 0..30 { sum += own[i] as u32 * i as u32; }
             for i in 0..20 { sum += (all[i].0 as u32 + all[i].1 as u32) * (i as u32 + 1); }
             for i in 0..6 { sum ^= (rows[i][0] as u32 + rows[i][1] as u32) * (i as u32 + 1); }
             sum
         }",
        false,
    ),
    (
        "handed out",
        "fn main(xs: [secret u8; _] from each) -> [u8; _] to each {
             xs.map(|mine| mine[0] * mine[1])
         }",
        true,
    ),
];

/// A session of as many parties as a setting has; party `p` gives so many numbers.
fn session(n_parties: u32, len: impl Fn(u32) -> u64) -> Session {
    let mut session = support::session(&[n_parties]);
    session.lens = (0..n_parties)
        .map(|party| (("xs".to_string(), party), len(party)))
        .collect();
    session
}

fn choices(setting: Setting, protocol: ProtocolChoice, local: LocalChoice) -> Options {
    Options {
        local,
        ..options(setting, protocol, Network::LAN)
    }
}

fn is_alone(program: &Verified) -> bool {
    let mut domains = program.values.iter().map(|value| value.domain);
    domains.any(|domain| matches!(domain, Domain::Local { .. }))
}

/// Runs a plan among parties with links in memory: what each output is, and what it took.
fn run(program: &Verified, inputs: &[Vec<Word>]) -> (Vec<Vec<Word>>, u64, Vec<u64>) {
    let mut outputs = vec![Vec::new(); program.outputs.len()];
    let (mut rounds, mut sent) = (0, Vec::new());
    for report in local::run(program, by_party(program, inputs)).expect("a run") {
        let report = report.expect("a result");
        rounds = rounds.max(report.rounds);
        sent.push(report.bytes_sent);
        for (id, words) in report.outputs {
            outputs[id.index()] = words.words();
        }
    }
    (outputs, rounds, sent)
}

#[test]
fn results_are_the_same_alone_and_together() {
    let mut numbers = SplitMix::new(11);
    // Few values may be shared as cheaply as what is computed from them: not every plan has something alone.
    let (mut alone, mut all) = (0, 0);
    for setting in SETTINGS.into_iter().filter(|s| s.n_parties <= 5) {
        for (i, (name, text, even)) in PROGRAMS.into_iter().enumerate() {
            let (sources, hir) = support::checked(text, &[]);
            let session = session(
                setting.n_parties,
                |p| if even { 5 } else { 4 + u64::from(p) },
            );
            let meaning = lower::lower(&hir, &session).unwrap_or_else(|d| panic!("{d:?}"));
            let inputs: Vec<Vec<Word>> = (meaning.inputs.iter())
                .map(|leaf| {
                    (0..leaf.lanes)
                        .map(|_| leaf.scalar.wrap(numbers.word()))
                        .collect()
                })
                .collect();
            let expected = interpret(&meaning, &inputs).expect("a result");
            // The compiler's choice, and the forced domains in turn.
            let forced = setting.protocols()[1 + i % (setting.protocols().len() - 1)];
            for protocol in [ProtocolChoice::Auto, forced] {
                for local in LocalChoice::ALL {
                    let at = format!("{name}, {protocol:?}, {local:?}, {setting:?}");
                    let options = choices(setting, protocol, local);
                    let compiled = smpcc_compiler::pipeline::compile(
                        &hir,
                        &sources,
                        "alone",
                        &session,
                        &options,
                        &mut |_, _| {},
                    );
                    let program = match compiled {
                        Ok(compiled) => compiled.program,
                        Err(_) if protocol == ProtocolChoice::Arithmetic => continue,
                        Err(said) => panic!("{at}: {said:?}"),
                    };
                    let is_alone = is_alone(&program);
                    assert!(local == LocalChoice::Auto || !is_alone, "{at}");
                    alone += u32::from(is_alone);
                    all += u32::from(local == LocalChoice::Auto);
                    let clear =
                        eval::eval(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
                    assert_eq!(clear.outputs, expected.outputs, "{at}: evaluator");
                    let opened: Vec<_> = expected.revealed.iter().map(|r| &r.words).collect();
                    assert_eq!(clear.revealed.iter().collect::<Vec<_>>(), opened, "{at}");
                    if !setting.is_affordable(protocol) {
                        continue;
                    }
                    let (outputs, rounds, sent) = run(&program, &inputs);
                    assert_eq!(outputs, expected.outputs, "{at}");
                    if name != "steered" {
                        let totals = stats::stats(&program, &Known::default()).totals;
                        assert_eq!(totals.rounds, Some(rounds), "rounds of {at}");
                        assert_eq!(totals.bytes_sent, Some(sent), "bytes of {at}");
                    }
                }
            }
        }
    }
    assert!(alone > all * 2 / 3, "{alone} of {all}");
}

/// What a program takes if each of three parties gives so many numbers.
fn figures(text: &str, len: u64, protocol: ProtocolChoice) -> Stats {
    let options = choices(support::REP3, protocol, LocalChoice::Auto);
    let program = support::compile(text, &session(3, |_| len), &options).program;
    stats::stats(&program, &Known::default())
}

#[test]
fn bytes_and_rounds_do_not_follow_what_is_computed_alone() {
    for (name, text, _) in PROGRAMS {
        let joint = [
            "appended",
            "distinct",
            "ranks",
            "best",
            "written at secret places",
            "handed out",
        ];
        if joint.contains(&name) {
            // Pairs of different parties; places among all.
            continue;
        }
        for protocol in [ProtocolChoice::Auto, ProtocolChoice::Boolean] {
            let (few, many) = (figures(text, 20, protocol), figures(text, 60, protocol));
            let (few, many) = (few.totals, many.totals);
            // Three times as many numbers; sums are wider, and a mean divides by another number.
            let close = |few: Option<u64>, many: Option<u64>| {
                few.zip(many)
                    .is_none_or(|(few, many)| many < few + 3 * few / 4)
            };
            assert!(
                close(few.bytes, many.bytes),
                "{name}: {:?}, {:?}",
                few.bytes,
                many.bytes
            );
            assert!(
                close(few.rounds, many.rounds),
                "{name}: {:?}, {:?}",
                few.rounds,
                many.rounds
            );
        }
    }
}

/// What each party does with its own numbers, written as a loop over parties: nothing is computed together but the sum of results.
#[test]
fn work_written_for_each_party_is_its_own_at_every_size() {
    let bodies = [
        "t += median(m);",
        "t += sort(m)[N / 2];",
        "t += rank(m)[0];",
        "t += argmax(m);",
        "t += distinct_size(m);",
        "let h: [secret u32; 50] = tally(m); t += max(h);",
        "t += compact(filter(m, |v| v > 100))[0].row;",
        "if kth(m, 5) > 100 { t += 1; }",
        "let y = sort(m.map(|v| v * v)); for i in 1..N { if y[i] - y[i - 1] > 9 { t += 1; } }",
        "let mut c: secret u32 = 0; for v in m { if v > c { c = v; t += 1; } }",
        "let mut c: secret u32 = 0; for v in m { c += v; if c > 1000 { c = 0; } } t += c;",
        "let mut c: secret u32 = 0; for i in 0..N { let v = m[N - 1 - i]; if v > c { c = v; } else { c = c - 1; } } t += c;",
        "let mut o: secret Option<u32> = None; for v in m { if v == 77 { o = Some(v); } } if let Some(v) = o { t += v; }",
        "let mut q: [secret u32; 8] = [0; 8]; for i in 0..N { q[i % 8] = q[(i + 1) % 8] + m[i]; } for v in q { t += v; }",
        "let mut w: [secret u32; N] = [0; N]; for i in 0..N { w[m[i] % 256] = m[i]; } for v in w { t += v; }",
        "let mut h: [secret u32; 300] = [0; 300]; for v in m { if v > 9 { h[v % 300] += v; } } for v in h { t += v * v; }",
        "let mut w: [secret u32; N] = [0; N]; let mut n: secret u32 = 0;
         for v in m { if v > 100 { w[n] = v; n += 1; } }
         let mut z: secret u32 = 0; for v in w { z = z * 3 + v; } t += z + n;",
        "let mut w: [secret (u32, u32); N] = [(0, 0); N]; let mut n: secret u32 = 0; let mut last: secret u32 = 0;
         for i in 0..N { if m[i] != last { w[n] = (m[i], i as u32); n += 1; last = m[i]; } }
         for v in w { t += v.0 * v.1; }",
        "let mut y = m; for i in 0..N { if y[(i * 3) % N] > y[i] {
             y[(i * 7) % N] = y[(i * 3) % N] / 3; y[(i * 11) % N] += 1; } }
         for v in y { t += v; }",
        "let mut h: [[secret u32; 8]; 8] = [[0; 8]; 8];
         for v in m { h[v % 8][(v >> 3) % 8] += v; }
         for r in h { for c in r { t += c * c; } }",
        "let mut a: [secret u32; 16] = [0; 16];
         for v in m { for j in 0..2 { a[v % 15] = v + j as u32; } } for v in a { t += v; }",
        "let mut a: [[secret u32; 3]; 16] = [[0; 3]; 16];
         for v in m { for j in 0..2 { a[v % 15] = [v, j as u32, 7]; } } for r in a { t += r[0] * r[1] + r[2]; }",
        "let mut y = m; for _ in 0..3 { for j in 0..N - 1 { if y[j] > y[j + 1] {
             let z = y[j]; y[j] = y[j + 1]; y[j + 1] = z; } } } t += y[N - 1];",
    ];
    for body in bodies {
        let text = format!(
            "use std::stats::{{argmax, kth, max, median, tally}};
             use std::sort::{{rank, sort}};
             use std::set::distinct_size;
             use std::table::{{compact, filter}};
             fn main<const N: usize>(xs: [secret u32; N] from each) -> u32 {{
                 let mut t: secret u32 = 0;
                 for m in xs {{ {body} }}
                 t
             }}"
        );
        let few = figures(&text, 300, ProtocolChoice::Auto).totals;
        for len in [5000, 1_000_000] {
            let many = figures(&text, len, ProtocolChoice::Auto).totals;
            assert_eq!((many.and, many.mul), (Some(0), Some(0)), "{body}");
            assert!(many.bytes <= Some(60), "{body}: {:?}", many.bytes);
            assert_eq!(few.rounds, many.rounds, "{body}");
        }
    }
}

#[test]
fn a_mean_of_a_million_values_costs_what_a_mean_of_three_costs() {
    let [mean, ..] = PROGRAMS;
    for protocol in [ProtocolChoice::Auto, ProtocolChoice::Boolean] {
        let one = figures(mean.1, 1, protocol).totals;
        let many = figures(mean.1, 1_000_000, protocol).totals;
        // A million times as many; sums are wider, and the division is by a number of 22 bits in place of 2.
        let (one, many) = (one.bytes.expect("exact"), many.bytes.expect("exact"));
        assert!(many < 7 * one, "{protocol:?}: {one}, {many}");
    }
}

/// Columns that are rearranged in several steps, each of many more lanes than are looked at one by one.
#[test]
fn a_regression_costs_the_same_however_many_rows_each_party_has() {
    let text = "use std::inference::{Coefficients, coefficients};
         struct Row { a: fixed<32, 16>, b: fixed<32, 16>, y: fixed<32, 16> }
         fn main(xs: [secret Row; _] from each) -> Coefficients<2> {
             let all = xs.flatten();
             coefficients(all.map(|r| [r.a, r.b]), all.map(|r| r.y))
         }";
    let few = figures(text, 100, ProtocolChoice::Auto).totals;
    let many = figures(text, 20_000, ProtocolChoice::Auto).totals;
    let (few, many) = (few.and.expect("exact"), many.and.expect("exact"));
    // Sums are some bits wider.
    assert!(many < few + few / 4, "{few}, {many}");
}

#[test]
fn a_count_over_tables_takes_less_than_two_kilobytes_of_each_party() {
    let which = ("hospital", &[("level", "6")] as &[_], 100_000);
    let (sources, hir, session) = support::example(which, 3).expect("for three");
    let bytes = |local| {
        let options = choices(support::REP3, ProtocolChoice::Boolean, local);
        let compiled = smpcc_compiler::pipeline::compile(
            &hir,
            &sources,
            "hospital",
            &session,
            &options,
            &mut |_, _| {},
        );
        let program = compiled.unwrap_or_else(|d| panic!("{d:?}")).program;
        let sent = stats::stats(&program, &Known::default()).totals.bytes_sent;
        sent.expect("exact")
            .into_iter()
            .max()
            .expect("three parties")
    };
    assert!(bytes(LocalChoice::Auto) < 2000);
    assert!(bytes(LocalChoice::Off) > 1_000_000);
}
