//! What a program costs grows as the formula that a reader would write down says, at every size: no length is a cliff.
//!
//! The programs are as people write them first: triangular loops, branches in loops, sums outside of loops, counts by index.
//! Nothing is run: rounds, gates and bytes are those of the statistics, which are exact.

use crate::support::{
    EXAMPLES, REP3, SETTINGS, Setting, compile, example, options, session, setting,
};
use smpcc_circuit::program::{Program, Suite, Threat};
use smpcc_circuit::stats::{Known, Link, Totals, milliseconds, stats};
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub ands: u64,
    pub products: u64,
    pub rounds: u64,
    pub bytes: u64,
}

/// The plan of a text of which every party gives `len` values named `x`.
pub(crate) fn plan(text: &str, len: u64, setting: Setting, options: &Options) -> Program {
    let mut session = session(&[setting.n_parties]);
    session.lens = (0..setting.n_parties)
        .map(|party| (("x".to_string(), party), len))
        .collect();
    compile(text, &session, options).program.into_inner()
}

/// Its figures, where all is done together: they are to be those of what is shared.
pub(crate) fn figures(text: &str, len: u64, setting: Setting, protocol: ProtocolChoice) -> Figures {
    let options = Options {
        local: LocalChoice::Off,
        ..options(setting, protocol, Network::LAN)
    };
    counted(&plan(text, len, setting, &options))
}

pub(crate) fn counted(program: &Program) -> Figures {
    let stats = stats(program, &Known::default());
    assert!(stats.exact, "{}", program.name);
    let Totals {
        and,
        mul,
        rounds,
        bytes,
        ..
    } = stats.totals;
    let known = |figure: Option<u64>| figure.expect("an exact figure");
    Figures {
        ands: known(and),
        products: known(mul),
        rounds: known(rounds),
        bytes: known(bytes),
    }
}

pub(crate) fn boolean(text: &str, len: u64, setting: Setting) -> Figures {
    figures(text, len, setting, ProtocolChoice::Boolean)
}

/// A setting for each suite.
pub(crate) fn suites() -> impl Iterator<Item = Setting> {
    [
        setting(Suite::TwoParty, 2, 1),
        REP3,
        setting(Suite::Gmw, 2, 1),
        setting(Suite::Bgw, 5, 2),
    ]
    .into_iter()
    .inspect(|setting| assert!(SETTINGS.contains(setting)))
}

/// The layers and comparators of Batcher's network for `n` keys.
fn network(n: u64) -> (u64, u64) {
    let mut top = 1;
    while top * 2 < n {
        top *= 2;
    }
    let (mut layers, mut comparators, mut p) = (0, 0, top);
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        while d > 0 {
            layers += 1;
            comparators += (0..n - d.min(n)).filter(|i| i & p == r).count() as u64;
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    (layers, comparators)
}

const SORT: &str = "use std::sort::sort;
fn main<const N: usize>(x: [secret u32; N] from each) -> u32 { sort(x[0])[N / 2] }";

/// A declared range is worth as much as a narrow type: 4 bits by 64 are a fraction of 64 by 64.
#[test]
fn a_product_takes_no_gates_for_bits_that_its_factors_cannot_have() {
    let ands = |range: &str| {
        let text = format!(
            "fn main(x: secret u64{range} from each, y: secret u64 from each) -> u64 {{ x[0] * y[1] }}"
        );
        boolean(&text, 1, REP3).ands
    };
    let (few, all) = (ands(" in 0..=9"), ands(""));
    assert!(4 * few < all, "{few}, {all}");
}

/// What one party owns it sorts alone, however many rows there are: its time grows as they do, and nothing is sent but the result.
#[test]
fn an_owners_sort_is_linear() {
    let text = |call: &str| {
        format!(
            "use std::sort::sort_by_key;
use std::table::{{compact, count_kept, filter}};
fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {{ {call} }}"
        )
    };
    for call in [
        "sort_by_key(x[0], |v| v)[N / 2]",
        "sort_by_key(x[0], |v| v > 7)[N / 2]",
        "sort_by_key(x[0].zip(x[0]), |r| (r.0 % 4, !r.1))[N / 2].1",
        "count_kept(compact(filter(x[0], |v| v > 7)))",
        "{ let mut t: secret u32 = 0;
        for k in 0..3 { t += sort_by_key(x[0].map(|v| v ^ (k as u32)), |v| v)[N / 2]; }
        t }",
    ] {
        // Against malicious parties nobody computes alone.
        let malicious = Options {
            threat: Threat::Malicious,
            ..options(REP3, ProtocolChoice::Auto, Network::LAN)
        };
        assert!(counted(&plan(&text(call), 1_000, REP3, &malicious)).ands > 0);
        for setting in suites() {
            let options = options(setting, ProtocolChoice::Auto, Network::LAN);
            let [few, many] = [10_000, 1_000_000].map(|n| {
                let program = plan(&text(call), n, setting, &options);
                let found = counted(&program);
                assert_eq!((found.ands, found.products), (0, 0), "{call}, {n}");
                assert_eq!(found.rounds, 1, "{call}, {n}");
                let ms = milliseconds(&program, Link::LAN, &options.costs);
                ms.expect("an exact estimate")
            });
            assert!(many < 110.0 * few, "{call}: {few} ms, then {many} ms");
        }
    }
}

#[test]
fn a_sort_is_its_network_at_every_size() {
    let per = |n: u64, setting: Setting| {
        let (layers, comparators) = network(n);
        let found = boolean(SORT, n, setting);
        // What nobody asks for is not compared: less than two layers' worth.
        let (most, least) = (comparators, comparators - comparators * 3 / layers);
        (found, layers, most, least)
    };
    for setting in suites() {
        let (below, layers, most, least) = per(4_095, setting);
        let (gates, rounds) = (below.ands.div_ceil(most) + 1, below.rounds / layers);
        assert!((gates - 1) * least <= below.ands, "{setting:?} {below:?}");
        let sizes: &[u64] = if setting == REP3 {
            &[4_097, 4_100, 10_000, 100_000]
        } else {
            &[4_100]
        };
        for &n in sizes {
            let (found, layers, most, least) = per(n, setting);
            assert!(
                (gates - 1) * least <= found.ands && found.ands <= gates * most,
                "{setting:?} {n}: {found:?}, {gates} per comparator"
            );
            assert!(
                found.rounds <= rounds * layers + layers / 2 + 40,
                "{setting:?} {n}: {found:?}, {rounds} per layer"
            );
        }
    }
}

/// Pairs `i < j`, written in the three ways that come to mind.
const PAIRS: [&str; 3] = [
    "for i in 0..N { for j in i + 1..N { if a[i] == a[j] { c += 1; } } }",
    "for i in 0..N { for j in 0..N { if i < j { if a[i] == a[j] { c += 1; } } } }",
    "for i in 0..N { for j in 0..N { if i < j && a[i] == a[j] { c += 1; } } }",
];

fn pairs(body: &str) -> String {
    format!(
        "fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {{
    let a = x[0];
    let mut c: secret u32 = 0;
    {body}
    c
}}"
    )
}

#[test]
fn triangular_loops_cost_their_pairs_whatever_their_length() {
    for setting in suites() {
        for body in PAIRS {
            let of = |n: u64| boolean(&pairs(body), n, setting);
            // An equality of 32 bits takes 31 ANDs; a count of so many bits at most one more for each.
            for n in [60, 65, 300] {
                let (found, pairs) = (of(n), n * (n - 1) / 2);
                assert!(
                    found.ands >= 31 * pairs,
                    "{setting:?} {n} {body}: {found:?}"
                );
                assert!(
                    found.ands <= 34 * pairs,
                    "{setting:?} {n} {body}: {found:?}"
                );
                assert!(found.rounds <= 40, "{setting:?} {n} {body}: {found:?}");
            }
        }
    }
    let large = boolean(&pairs(PAIRS[0]), 3_000, REP3);
    assert!(
        large.rounds <= 50 && large.ands <= 34 * 3_000 * 2_999 / 2,
        "{large:?}"
    );
}

#[test]
fn all_pairs_of_two_long_lists_are_lanes() {
    let text = "fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {
    let mut c: secret u32 = 0;
    for a in x[0] { for b in x[1] { if a == b { c += 1; } } }
    c
}";
    let (below, above) = (boolean(text, 4_096, REP3), boolean(text, 4_097, REP3));
    assert!(above.rounds <= below.rounds + 2, "{below:?} {above:?}");
    // 4,097² is 1.0005 times 4,096².
    assert!(
        above.ands < below.ands / 1_000 * 1_002,
        "{below:?} {above:?}"
    );
    assert!(
        above.bytes < below.bytes / 1_000 * 1_002,
        "{below:?} {above:?}"
    );
}

/// Gauss–Jordan elimination of a matrix of `d` rows.
fn elimination(d: u64) -> String {
    format!(
        "const D: usize = {d};
fn main(x: [[secret i32; D]; D] from each) -> [[i32; D]; D] {{
    let mut g: [[secret i32; D]; D] = x[0];
    for k in 0..D {{
        let pivot = g[k];
        for i in 0..D {{
            if i != k {{
                let f = g[i][k] / pivot[k];
                for j in 0..D {{ g[i][j] -= f * pivot[j]; }}
            }}
        }}
    }}
    g
}}"
    )
}

#[test]
fn elimination_takes_the_rounds_of_a_step_for_each_column() {
    for setting in [REP3, setting(Suite::Bgw, 3, 1)] {
        let of = |d: u64| boolean(&elimination(d), d, setting);
        let (six, seven) = (of(6), of(7));
        let step = seven.rounds - six.rounds;
        for d in [10, 30, 70] {
            let found = of(d);
            // One step begins before another ends where all are written out; else they are one after the other.
            assert!(
                found.rounds <= step * d * 4 / 3 + 10,
                "{setting:?} {d}: {found:?}, {step} a step"
            );
            let lanes = d * d * (d + 1);
            let gates = seven.ands.div_ceil(7 * 7 * 6);
            assert!(
                found.ands <= gates * lanes,
                "{setting:?} {d}: {found:?}, {gates} a lane"
            );
        }
    }
}

const DIAGONALS: &str = "fn main<const N: usize>(x: [secret u8; N] from each) -> u8 {
    let a = x[0];
    let b = x[1];
    let mut d1: [secret u8; N + 1] = [0; N + 1];
    let mut d2: [secret u8; N + 1] = [0; N + 1];
    for s in 1..2 * N + 1 {
        let mut d: [secret u8; N + 1] = [255; N + 1];
        if s <= N {
            d[0] = s as u8;
            d[s] = s as u8;
        }
        let lo = if s > N { s - N } else { 1 };
        let hi = if s > N { N + 1 } else { s };
        for i in lo..hi {
            let cost: secret u8 = if a[i - 1] == b[s - i - 1] { 0 } else { 1 };
            d[i] = min(min(d1[i - 1], d1[i]) + 1, d2[i - 1] + cost);
        }
        d2 = d1;
        d1 = d;
    }
    d1[N]
}";

#[test]
fn anti_diagonals_take_the_rounds_of_a_cell_each() {
    for setting in suites() {
        let of = |n: u64| boolean(DIAGONALS, n, setting);
        let (a, b) = (of(20), of(21));
        let step = b.rounds - a.rounds;
        for n in [32, 33, 34, 100] {
            let found = of(n);
            assert!(
                found.rounds <= (step + 2) * n + 20,
                "{setting:?} {n}: {found:?}, {step}"
            );
            assert!(
                found.ands <= 2 * n * n * (a.ands.div_ceil(2 * 20 * 20) + 8),
                "{setting:?} {n}: {found:?}"
            );
        }
    }
}

#[test]
fn a_count_by_index_costs_what_a_count_by_comparison_does() {
    let text = |body: &str| {
        format!(
            "fn main(x: [secret u8 in 0..=9; _] from each) -> [u32; 10] {{
    let all = x.flatten();
    let mut h: [secret u32; 10] = [0; 10];
    {body}
    h
}}"
        )
    };
    let index = text("for v in all { h[v] += 1; }");
    let guarded = text("for v in all { if v > 2 { h[v] += v as u32; } }");
    let compared = text("for k in 0..10 { for v in all { if v == k as u8 { h[k] += 1; } } }");
    for setting in suites() {
        for n in [30, 1_000] {
            let found = boolean(&index, n, setting);
            assert_eq!(found, boolean(&compared, n, setting), "{setting:?} {n}");
            let more = boolean(&guarded, n, setting);
            assert!(
                more.rounds <= found.rounds + 12,
                "{setting:?} {n}: {more:?} {found:?}"
            );
            assert!(
                more.ands <= 5 * found.ands,
                "{setting:?} {n}: {more:?} {found:?}"
            );
        }
    }
}

#[test]
fn sums_of_products_are_inner_products_wherever_the_sum_stands() {
    let text = |body: &str| {
        format!(
            "fn main(x: [[secret i16; 4]; _] from each) -> [[i64; 4]; 4] {{
    let all = x.flatten();
    let mut g: [[secret i64; 4]; 4] = [[0; 4]; 4];
    {body}
    g
}}"
        )
    };
    let outside = text(
        "for r in all { for i in 0..4 { for j in 0..4 { g[i][j] += (r[i] as i64) * (r[j] as i64); } } }",
    );
    let inside = text(
        "for i in 0..4 { for j in 0..4 { for r in all { g[i][j] += (r[i] as i64) * (r[j] as i64); } } }",
    );
    for setting in suites() {
        for n in [10, 1_000] {
            let (a, b) = (
                figures(&outside, n, setting, ProtocolChoice::Arithmetic),
                figures(&inside, n, setting, ProtocolChoice::Arithmetic),
            );
            assert_eq!(a, b, "{setting:?} {n}");
        }
    }
}

/// Instant run-off: candidates by ballot, most wanted first.
const RUN_OFF: &str = "const C: usize = 5;
fn main(x: [[secret u8; C]; _] from each) -> [u16; C] {
    let all = x.flatten();
    let mut out: [secret bool; C] = [false; C];
    out[all[0][0]] = true;
    let mut votes: [secret u16; C] = [0; C];
    for b in all {
        let mut counted: secret bool = false;
        for k in 0..C {
            if !counted && !out[b[k]] {
                votes[b[k]] += 1;
                counted = true;
            }
        }
    }
    votes
}";

#[test]
fn ballots_are_counted_side_by_side() {
    for setting in suites() {
        let (few, many) = (
            boolean(RUN_OFF, 30, setting),
            boolean(RUN_OFF, 3_000, setting),
        );
        assert!(
            many.rounds <= few.rounds + 30,
            "{setting:?} {few:?} {many:?}"
        );
        assert!(many.ands <= 110 * few.ands, "{setting:?} {few:?} {many:?}");
    }
}

/// With many rows, bins and groups cost what a sort of both costs, however many they are.
#[test]
fn histograms_and_extremes_of_groups_are_sorts() {
    let histogram = |n: u64| {
        format!(
            "use std::stats::histogram;
fn main(x: [secret u32; _] from each) -> [u32; {n}] {{
    let mut edges: [u32; {n} + 1] = [0; {n} + 1];
    for e in 0..{n} + 1 {{ edges[e] = e as u32 * 1000 + e as u32 % 3 * 7; }}
    histogram(x[0], edges)
}}"
        )
    };
    let ranges = |n: u64| {
        format!(
            "use std::table::{{Group, group_by}};
fn main(x: [secret u32; _] from each) -> [u32; {n}] {{
    let groups: [secret Group<u32, u64>; {n}] = group_by(x[0].zip(x[1]), |r| r.0, |r| r.1);
    groups.map(|g| g.max - g.min)
}}"
        )
    };
    for (text, fewest) in [(&histogram as &dyn Fn(u64) -> String, 400), (&ranges, 100)] {
        let of = |n: u64| figures(&text(n), 10_000, REP3, ProtocolChoice::Auto);
        let mut before = of(fewest);
        for doubled in 1..5 {
            let n = fewest << doubled;
            let now = of(n);
            assert!(
                10 * now.bytes <= 13 * before.bytes,
                "{n}: {before:?} {now:?}"
            );
            assert!(now.rounds <= before.rounds + 40, "{n}: {before:?} {now:?}");
            before = now;
        }
    }
}

#[test]
fn the_librarys_functions_grow_as_they_say() {
    let of = |call: &str, returns: &str| {
        format!(
            "use std::stats::{{sum, mean, variance, min, max, argmax, argmin, count_if, median, quantile, histogram, tally}};
use std::set::{{intersection_size, intersection_sum, distinct_size}};
use std::dp::laplace_all;
use std::sort::{{sort, sort_by_key, merge, shuffle}};
use std::table::{{Group, filter, compact, count_kept, group_by, group_by_key, join}};
use std::auction::uniform_price;
use std::text::edit_distance;
use std::vote::instant_runoff;
fn tens(groups: [secret Group<u32, u64>; 10]) -> [secret Group<u32, u64>; 10] {{ groups }}
fn main<const N: usize>(x: [secret u32; N] from each) -> {returns} {{ {call} }}"
        )
    };
    let linear = |n: u64| n;
    let sorted = |n: u64| network(n).1;
    let merged = |n: u64| n * u64::from(n.ilog2() + 1);
    let flat = |_: u64| 4;
    let layers = |n: u64| network(n).0;
    // Two lists are sorted side by side, and then merged.
    let two = |n: u64| network(n).0 + u64::from(n.ilog2() + 1);
    let one = |n: u64| u64::from(n.ilog2() + 1);
    let twice = |n: u64| 2 * network(n).0;
    let square = |n: u64| n * n;
    /// A call, its type, what its gates and what its rounds follow, and the most numbers of a party.
    type Row = (
        &'static str,
        &'static str,
        fn(u64) -> u64,
        fn(u64) -> u64,
        u64,
    );
    let table: [Row; 26] = [
        ("mean(x.flatten())", "u32", linear, flat, 100_000),
        ("sum(x.flatten())", "u64", linear, flat, 100_000),
        ("variance(x.flatten())", "u64", linear, flat, 100_000),
        ("max(x.flatten())", "u32", linear, flat, 100_000),
        ("min(x.flatten())", "u32", linear, flat, 100_000),
        ("argmax(x.flatten())", "u32", linear, flat, 100_000),
        ("argmin(x.flatten())", "u32", linear, flat, 100_000),
        (
            "count_if(x.flatten(), |v| v > 7)",
            "u32",
            linear,
            flat,
            100_000,
        ),
        ("median(x[0])", "u32", sorted, layers, 10_000),
        ("quantile(x[0], 1, 10)", "u32", sorted, layers, 10_000),
        (
            "histogram(x.flatten(), [0, 10, 100])",
            "[u32; 2]",
            linear,
            flat,
            100_000,
        ),
        ("tally(x.flatten())", "[u32; 12]", linear, flat, 100_000),
        ("sort(x[0])[0]", "u32", sorted, layers, 100_000),
        (
            "sort_by_key(x[0].zip(x[1]), |r| r.0)[0].1",
            "u32",
            sorted,
            layers,
            10_000,
        ),
        ("shuffle(x[0])[0]", "u32", sorted, layers, 1_000),
        (
            "laplace_all(x[0].map(|v| v as i64), 1, 0.5)",
            "[i64; _]",
            linear,
            flat,
            10_000,
        ),
        ("merge(x[0], x[1])[N]", "u32", merged, one, 10_000),
        ("intersection_size(x[0], x[1])", "u32", sorted, two, 10_000),
        (
            "intersection_sum(x[0], x[1].zip(x[2]), |r| r.0, |r| r.1).total",
            "u64",
            sorted,
            two,
            10_000,
        ),
        (
            "count_kept(compact(filter(x[0], |v| v > 7)))",
            "u32",
            sorted,
            layers,
            1_000,
        ),
        (
            "tens(group_by(x[0].zip(x[1]), |r| r.0, |r| r.1)).map(|g| g.sum)",
            "[u64; 10]",
            linear,
            flat,
            10_000,
        ),
        (
            "group_by_key(x[0].zip(x[1]), |r| r.0, |r| r.1)[0].row.sum",
            "u64",
            sorted,
            twice,
            1_000,
        ),
        (
            "join(x[0].zip(x[1]), x[2], |r| r.0, |r| r)[N].left.1",
            "u32",
            sorted,
            two,
            1_000,
        ),
        (
            "uniform_price(x[0], N / 2, 5).price",
            "u32",
            sorted,
            layers,
            1_000,
        ),
        ("edit_distance(x[0], x[1])", "u32", square, linear, 1_000),
        (
            "instant_runoff(x[0].map(|b| [b & 3, b >> 2 & 3, b >> 4 & 3])).winner",
            "u32",
            linear,
            flat,
            10_000,
        ),
    ];
    for (call, returns, formula, depth, most) in table {
        let text = of(call, returns);
        let mut before: Option<(u64, Figures)> = None;
        let mut n = 10;
        while n <= most {
            let found = boolean(&text, n, REP3);
            if let Some((smaller, cheaper)) = before {
                let grown = formula(n) as f64 / formula(smaller) as f64;
                let bytes = found.bytes as f64 / cheaper.bytes as f64;
                assert!(
                    bytes <= 1.6 * grown,
                    "{call} {n}: {found:?} after {cheaper:?}"
                );
                let layers = match depth(n) - depth(smaller) {
                    0 => 4,
                    more => more,
                };
                assert!(
                    found.rounds <= cheaper.rounds * 3 / 2 + 14 * layers,
                    "{call} {n}: {found:?} after {cheaper:?}"
                );
            }
            before = Some((n, found));
            n *= 10;
        }
    }
}

#[test]
fn the_librarys_functions_are_compiled_at_once_and_into_short_plans() {
    let text = "use std::set::intersection_sum;
use std::stats::quartiles;
fn main<const N: usize>(x: [secret u32; N] from each) -> (u64, u32) {
    (intersection_sum(x[0], x[1].zip(x[2]), |r| r.0, |r| r.1).total, quartiles(x.flatten()).median)
}";
    for n in [10, 10_000] {
        let mut session = session(&[3]);
        session.lens = (0..3).map(|party| (("x".to_string(), party), n)).collect();
        let options = options(REP3, ProtocolChoice::Auto, Network::LAN);
        let plan = compile(text, &session, &options).program;
        let plan = smpcc_circuit::codec::encode_program(&plan).expect("a plan");
        assert!(plan.len() < 1 << 20, "{n}: {} bytes", plan.len());
    }
}

#[test]
fn plans_of_regressions_and_of_all_examples_are_below_a_megabyte() {
    let regression = "use std::inference::{Model, least_squares};
fn main(x: [secret fixed<32, 16>; _] from each) -> Model<5> {
    let rows = x[0].chunks(6);
    least_squares(rows.map(|r| [r[0], r[1], r[2], r[3], r[4]]), rows.map(|r| r[5]))
}";
    let mut session = session(&[3]);
    session.lens = (0..3)
        .map(|party| (("x".to_string(), party), 600))
        .collect();
    let options = options(REP3, ProtocolChoice::Auto, Network::LAN);
    let len = |program: &smpcc_circuit::program::Program| {
        smpcc_circuit::codec::encode_program(program)
            .expect("a plan")
            .len()
    };
    let plan = compile(regression, &session, &options).program;
    assert!(len(&plan) < 1_000_000, "{} bytes", len(&plan));
    for which in EXAMPLES {
        if let Some((sources, hir, session)) = example(which, 3) {
            let compiled =
                pipeline::compile(&hir, &sources, which.0, &session, &options, &mut |_, _| {});
            let plan = compiled.expect("an example compiles").program;
            assert!(len(&plan) < 1_000_000, "{}: {} bytes", which.0, len(&plan));
        }
    }
}
