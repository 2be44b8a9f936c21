//! What people write first costs what an expert would reach: lists that are appended to, rows that are looked at in part.
//!
//! Nothing is run: rounds, gates and bytes are those of the statistics, which are exact. That such programs mean what they say stands with
//! the passes, and runs of them in `alone`.

use crate::growth::{Figures, boolean, counted, figures, plan, suites};
use crate::support::{REP3, compile, options, session};
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};

/// What is kept of a list, as the library does it.
const COMPACT: &str = "use std::table::{compact, count_kept, filter};
fn main<const N: usize>(x: [secret u32; N] from each) -> ([u32; N], u32) {
    let kept = compact(filter(x[0].zip(x[1]), |r| r.0 > r.1));
    (kept.map(|r| r.row.0), count_kept(kept))
}";

/// The same, appended in a loop.
fn appended(body: &str) -> String {
    format!(
        "fn main<const N: usize>(x: [secret u32; N] from each) -> ([u32; N], u32) {{
    let (a, b) = (x[0], x[1]);
    let mut w: [secret u32; N] = [0; N];
    let mut n: secret u32 = 0;
    {body}
    (w, n)
}}"
    )
}

#[test]
fn what_is_appended_costs_what_the_librarys_compaction_does() {
    let bodies = [
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; n += 1; } }",
        "for (v, k) in a.zip(b) { if v > k { w[n as u64] = v; n = n + 1; } }",
        "for i in 0..N { if a[i] > b[i] { n += 1; w[n - 1] = a[i]; } }",
    ];
    for setting in suites() {
        for n in [20, 300, 5_000] {
            for protocol in [ProtocolChoice::Auto, ProtocolChoice::Boolean] {
                let library = figures(COMPACT, n, setting, protocol);
                for body in bodies {
                    let found = figures(&appended(body), n, setting, protocol);
                    let at = format!("{setting:?} {n} {protocol:?} {body}: {found:?} {library:?}");
                    assert!(found.ands <= library.ands, "{at}");
                    assert!(found.bytes <= library.bytes, "{at}");
                    assert!(found.rounds <= library.rounds, "{at}");
                }
            }
        }
    }
    // A comparison of 32 bits, a sort by one bit, and a mask.
    let body = appended(bodies[0]);
    assert_eq!(
        figures(&body, 300, REP3, ProtocolChoice::Auto),
        Figures {
            ands: 29_400,
            products: 300,
            rounds: 16,
            bytes: 37_071
        }
    );
}

/// Columns that are appended together are sorted together, and both arms of a branch are two sorts.
#[test]
fn lists_that_are_appended_to_at_once_share_their_sorts() {
    let auto = |text: &str, n| figures(text, n, REP3, ProtocolChoice::Auto);
    let text = |body: &str, result: &str| {
        format!(
            "fn main<const N: usize>(x: [secret u32; N] from each) -> {result} {{
    let (a, b) = (x[0], x[1]);
    let mut w: [secret u32; N] = [0; N];
    let mut u: [secret u32; N] = [0; N];
    let mut p: [(secret u32, secret u32); N] = [(0, 0); N];
    let (mut n, mut m): (secret u32, secret u32) = (0, 0);
    {body}
}}"
        )
    };
    let one = text(
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; n += 1; } } w",
        "[u32; N]",
    );
    let two = text(
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; u[n] = b[i]; n += 1; } } (w, u)",
        "([u32; N], [u32; N])",
    );
    let pairs = text(
        "for i in 0..N { if a[i] > b[i] { p[n] = (a[i], b[i]); n += 1; } } p",
        "[(u32, u32); N]",
    );
    let both = text(
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; n += 1; } else { u[m] = b[i]; m += 1; } } (w, u)",
        "([u32; N], [u32; N])",
    );
    for n in [300, 5_000] {
        let (one, two) = (auto(&one, n), auto(&two, n));
        assert!(two.bytes < 2 * one.bytes, "{n}: {one:?} {two:?}");
        assert_eq!(auto(&pairs, n), two, "{n}");
        let both = auto(&both, n);
        assert!(both.bytes <= 2 * one.bytes, "{n}: {one:?} {both:?}");
    }
}

/// Lists in lists are appended to as one list is, and what follows from the element before is a loop whose steps do not grow.
#[test]
fn what_is_appended_grows_as_the_list_does() {
    let grows = |text: &str, most: u64| {
        let [few, many] = [100, 1_000].map(|n| boolean(text, n, REP3));
        assert!(many.ands <= most * few.ands, "{text}: {few:?} {many:?}");
        assert!(many.bytes <= most * few.bytes, "{text}: {few:?} {many:?}");
    };
    // Ten times as much, and a sort takes log² times as many comparisons.
    for body in [
        "for r in x { for i in 0..N { if r[i] > 9 { w[n] = r[i]; n += 1; } } }",
        "let mut last: secret u32 = 0; for v in a { if v != last { w[n] = v; n += 1; last = v; } }",
        "for i in 0..N { if a[i] > b[i] && n < 20 { w[n] = a[i]; n += 1; } }",
        "for v in a { if v > 9 { w[n] = v; n += 1; } } for v in b { if v > 9 { w[n] = v; n += 1; } }",
    ] {
        grows(&appended(body), 24);
    }
}

/// Rows that differ from the last one that was kept differ from the one before: 1.1 GB of `rep3` and 198,000 rounds at 3,000 rows.
#[test]
fn what_differs_from_the_last_one_kept_is_kept_at_once() {
    let compared = "for i in 0..N { if i == 0 || a[i] != a[i - 1] { w[n] = a[i]; n += 1; } }";
    let bodies = [
        "for i in 0..N { if i == 0 || a[i] != w[n - 1] { w[n] = a[i]; n += 1; } }",
        "let mut last: secret u32 = 0; for i in 0..N { if i == 0 || a[i] != last { w[n] = a[i]; n += 1; last = a[i]; } }",
    ];
    for setting in suites() {
        for n in [20, 3_000] {
            let of = |body| figures(&appended(body), n, setting, ProtocolChoice::Auto);
            let best = of(compared);
            for body in bodies {
                let found = of(body);
                let at = format!("{setting:?} {n} {body}: {found:?} {best:?}");
                assert!(found.bytes <= best.bytes + best.bytes / 100, "{at}");
                assert!(found.rounds <= best.rounds + 1, "{at}");
            }
        }
    }
}

/// Lists that get full, and those that are kept from it: 430 MB of `rep3` at 3,000 rows, a list read row by row.
#[test]
fn short_lists_without_repetitions_are_kept_at_once() {
    for body in [
        "if i == 0 || a[i] != w[n - 1] { w[n] = a[i]; n += 1; }",
        "if (i == 0 || a[i] != w[n - 1]) && n < 64 { w[n] = a[i]; n += 1; }",
        "if n == 0 || a[i] != w[n - 1] { w[n] = a[i]; n += 1; }",
        "if n < 64 && (n == 0 || a[i] != w[n - 1]) { w[n] = a[i]; n += 1; }",
        "if b[i] > 5 && (n == 0 || a[i] != w[n - 1]) { w[n] = a[i]; n += 1; }",
        "if n == 0 || a[i] != w[n - 1] || b[i] != u[n - 1] { w[n] = a[i]; u[n] = b[i]; n += 1; }",
        "if a[i] != last && n < 64 { w[n] = a[i]; n += 1; last = a[i]; }",
        "if b[i] > 5 && n != 64 { w[n] = a[i]; n += 1; }",
    ] {
        let text = format!(
            "fn main<const N: usize>(x: [secret u32; N] from each) -> ([u32; 64], [u32; 64], u32) {{
    let (a, b) = (x[0], x[1]);
    let (mut w, mut u): ([secret u32; 64], [secret u32; 64]) = ([0; 64], [0; 64]);
    let (mut n, mut last): (secret u32, secret u32) = (0, 0);
    for i in 0..N {{ {body} }}
    (w, u, n)
}}"
        );
        let of = |n, protocol| figures(&text, n, REP3, protocol);
        let most = of(3_000, ProtocolChoice::Auto).bytes;
        assert!(most < 2_000_000, "{body}: {most}");
        let [few, many] = [300, 3_000].map(|n| of(n, ProtocolChoice::Boolean));
        assert!(many.bytes < 24 * few.bytes, "{body}: {few:?} {many:?}");
        assert!(many.rounds < 3 * few.rounds, "{body}: {few:?} {many:?}");
    }
}

/// Neither the fields that are compared nor the conditions change how a list is kept.
#[test]
fn many_fields_and_conditions_cost_what_a_few_do() {
    let text = |n_fields: usize, n_conditions: usize| {
        let each = |of: &dyn Fn(usize) -> String, n, between: &str| -> String {
            (0..n).map(of).collect::<Vec<_>>().join(between)
        };
        let fields = each(&|i| format!("f{i}: u8"), n_fields, ", ");
        let zeros = each(&|i| format!("f{i}: 0"), n_fields, ", ");
        let differs = each(&|i| format!("r.f{i} != w[n - 1].f{i}"), n_fields, " || ");
        let others = each(&|i| format!("r.f0 != {i}"), n_conditions, " && ");
        format!(
            "struct R {{ {fields} }}
fn main<const N: usize>(x: [secret R; N] from each) -> ([R; 20], [u8; 20], u32, u32) {{
    let mut w: [secret R; 20] = [R {{ {zeros} }}; 20];
    let mut u: [secret u8; 20] = [0; 20];
    let (mut n, mut m): (secret u32, secret u32) = (0, 0);
    for r in x[0] {{ if n == 0 || {differs} {{ w[n] = r; n += 1; }} }}
    for r in x[0] {{ if m < 5 && {others} {{ u[m] = r.f0; m += 1; }} }}
    (w, u, n, m)
}}"
        )
    };
    let bytes = |text: String| figures(&text, 1_000, REP3, ProtocolChoice::Boolean).bytes;
    let (few, many) = (bytes(text(4, 8)), bytes(text(12, 24)));
    assert!(many < 4 * few, "{few} {many}");
}

/// One column of ten is a tenth of the rows; a count in it is a count without the others.
#[test]
fn a_column_costs_what_it_would_alone() {
    let rows = |body: &str, result: &str| {
        let text = format!(
            "fn main<const N: usize>(x: [[secret u32; 10]; N] from each, y: [secret u32; N] from each) -> {result} {{
    let mut t: [[secret u32; 10]; N] = x[0];
    let i = y[1][0];
    {body}
}}"
        );
        rows_of(&text)
    };
    let columns = |body: &str, result: &str| {
        let text = format!(
            "fn main<const N: usize>(x: [[secret u32; 10]; N] from each, y: [secret u32; N] from each) -> {result} {{
    let mut t: [secret u32; N] = [0; N];
    for k in 0..N {{ t[k] = x[0][k][3]; }}
    let i = y[1][0];
    {body}
}}"
        );
        rows_of(&text)
    };
    for (whole, part, result) in [
        ("t[i][3]", "t[i]", "u32"),
        (
            "t[i][3] = 7; let mut s: secret u32 = 0; for r in t { s ^= r[3]; } s",
            "t[i] = 7; let mut s: secret u32 = 0; for v in t { s ^= v; } s",
            "u32",
        ),
        ("t[i][3] += 7; t[0][3]", "t[i] += 7; t[0]", "u32"),
        (
            "for v in y[2] { t[v][3] += 1; } let mut s: secret u32 = 0; for r in t { s ^= r[3]; } s",
            "for v in y[2] { t[v] += 1; } let mut s: secret u32 = 0; for v in t { s ^= v; } s",
            "u32",
        ),
    ] {
        let (found, alone) = (rows(whole, result), columns(part, result));
        assert_eq!(
            (found.ands, found.rounds),
            (alone.ands, alone.rounds),
            "{whole}"
        );
    }
}

/// Forty rows.
fn rows_of(text: &str) -> Figures {
    let mut session = session(&[3]);
    for name in ["x", "y"] {
        session
            .lens
            .extend((0..3).map(|party| ((name.to_string(), party), 40)));
    }
    let options = Options {
        local: LocalChoice::Off,
        ..options(REP3, ProtocolChoice::Boolean, Network::LAN)
    };
    counted(&compile(text, &session, &options).program.into_inner())
}

/// What loops over all pairs count and add up grows as sorts of the lists do, and not as their pairs: 0.3 to 0.9 GB of `rep3` at 5,000 rows.
#[test]
fn loops_over_all_pairs_are_sorts() {
    let bodies = [
        "for v in a { for w in b { if v == w { t += 1; } } }",
        "for v in a { let mut is: secret bool = false; for w in b { if v == w { is = true; } } if is { t += v; } }",
        "for v in a { for i in 0..N { if b[i] == v { t += c[i]; } } }",
        "for v in a { let mut k: secret u32 = 0; for w in b { if w < v { k += 1; } } t += k * k; }",
        "for i in 0..N { for j in 0..N { if a[i] == b[j] && c[i] == c[j] { t += 1; } } }",
        "let all = x.flatten(); for i in 0..all.len() { for j in i + 1..all.len() { if all[i] == all[j] { t += 1; } } }",
        "for v in a { for w in b { if v > w { t += 2; } else if v == w { t += 1; } } }",
        "for v in a { for w in b { if v > w { t += v - w; } else { t += w - v; } } }",
        "for i in 0..N { for j in 0..N { if a[i] == b[j] { t += c[i] * b[j]; } } }",
        "for i in 0..N { for j in 0..N { if a[i] == b[j] && c[j] >= c[i] && c[j] < c[i] + 30 { t += 1; } } }",
        "for v in a { for w in b { let apart = if v > w { v - w } else { w - v }; if apart < 15 { t += 1; } } }",
        "for v in a { let mut k: secret u32 = 0; for i in 0..N { if b[i] == v && c[i] > k { k = c[i]; } } t += k; }",
        "for v in a { let mut k: secret u32 = 0; for i in 0..N { if b[i] == v { k = c[i]; } } t += k; }",
        "let all = x.flatten(); for i in 0..all.len() { let mut new: secret bool = true; for j in 0..i { if all[j] == all[i] { new = false; } } if new { t += 1; } }",
    ];
    for body in bodies {
        let text = format!(
            "fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {{
    let (a, b, c) = (x[0], x[1], x[2]);
    let mut t: secret u32 = 0;
    {body}
    t
}}"
        );
        for local in LocalChoice::ALL {
            let options = Options {
                local,
                ..options(REP3, ProtocolChoice::Auto, Network::LAN)
            };
            let [few, many] = [1_500, 6_000].map(|n| counted(&plan(&text, n, REP3, &options)));
            assert!(many.bytes < 50_000_000, "{local:?} {body}: {many:?}");
            assert!(
                many.bytes < 7 * few.bytes,
                "{local:?} {body}: {few:?} {many:?}"
            );
            assert!(
                many.rounds < 2 * few.rounds,
                "{local:?} {body}: {few:?} {many:?}"
            );
        }
    }
}

/// What a loop finds in a list or keeps of it takes rounds as the length has bits, and each owner looks at its own rows first.
#[test]
fn what_loops_find_takes_few_rounds() {
    let bodies = [
        "for i in 0..N { if a[i] == b[0] { t = a[i]; } }",
        "for i in 0..N { if a[i] > 100 { if b[i] > 7 { t = b[i]; } else { t = 3; } } }",
        "let mut last: secret u32 = 0; for i in 0..N { if a[i] > 100 { last = b[i]; } t = t ^ last; }",
        "let mut n: secret u32 = 0; for v in a { if v > b[0] { n += 1; if n == 5 { t = v; } } }",
        "let mut best: secret u32 = 0; for i in 0..N { if b[i] > 5 && a[i] > best { best = a[i]; t = b[i]; } }",
        "let mut f: [secret u32; 20] = [0; 20]; for i in 0..N { if a[i] > f[b[i] % 20] { f[b[i] % 20] = a[i]; } } for v in f { t += v; }",
        "let mut f: [secret u32; 20] = [9999; 20]; for p in x { for v in p { if v < f[v % 20] { f[v % 20] = v; } } } for v in f { t += v; }",
    ];
    for body in bodies {
        let text = format!(
            "fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {{
    let (a, b) = (x[0], x[1]);
    let mut t: secret u32 = 0;
    {body}
    t
}}"
        );
        let options = options(REP3, ProtocolChoice::Boolean, Network::LAN);
        let [few, many] = [500, 8_000].map(|n| counted(&plan(&text, n, REP3, &options)));
        assert!(many.rounds <= few.rounds + 40, "{body}: {few:?} {many:?}");
        assert!(many.bytes < 30 * few.bytes, "{body}: {few:?} {many:?}");
    }
}

/// Writes at any places, in the rounds of two sorts and for as many rows as there are elements and places.
#[test]
fn writes_at_any_places_are_two_sorts() {
    let text = "fn main<const N: usize>(x: [secret u32; N] from each) -> [u32; N] {
    let mut w: [secret u32; N] = [0; N];
    for i in 0..N { w[x[1][i]] = x[0][i]; }
    w
}";
    for setting in suites() {
        let [few, many] = [300, 3_000].map(|n| figures(text, n, setting, ProtocolChoice::Auto));
        assert!(many.bytes < 30 * few.bytes, "{setting:?}: {few:?} {many:?}");
        assert!(
            many.rounds < 4 * few.rounds + 40,
            "{setting:?}: {few:?} {many:?}"
        );
    }
    assert_eq!(
        figures(text, 300, REP3, ProtocolChoice::Auto),
        Figures {
            ands: 26_692,
            products: 15_000,
            rounds: 46,
            bytes: 223_017
        }
    );
}

/// Writes to arrays of any length, short ones included, are never place by place: bytes grow with the array's length no more than in
/// proportion, and rounds do not follow the rows. 67 MB of `rep3` at twenty places.
#[test]
fn writes_to_short_arrays_do_not_go_row_by_row() {
    let text = |places: u64| {
        format!(
            "fn main<const N: usize>(x: [secret u32; N] from each) -> [u32; {places}] {{
    let mut w: [secret u32; {places}] = [0; {places}];
    for i in 0..N {{ w[x[1][i]] = x[0][i]; }}
    w
}}"
        )
    };
    for setting in suites() {
        let of = |places| figures(&text(places), 3_000, setting, ProtocolChoice::Auto);
        let mut before = of(3);
        for places in [5, 9, 16, 17, 24, 40, 63, 64, 65] {
            let now = of(places);
            assert!(now.rounds < 300, "{setting:?}, {places}: {now:?}");
            // Sorts may be faster with more bytes: by half among five.
            assert!(
                now.bytes < 3 * before.bytes,
                "{setting:?}, {places}: {before:?} {now:?}"
            );
            before = now;
        }
    }
    // Places of three numbers each: 159 MB.
    let rows = "fn main<const N: usize>(x: [secret u32; N] from each) -> [[u32; 3]; 16] {
    let mut w: [[secret u32; 3]; 16] = [[0; 3]; 16];
    for i in 0..N { w[x[1][i]] = [x[0][i], x[2][i], 7]; }
    w
}";
    let of_rows = figures(rows, 3_000, REP3, ProtocolChoice::Auto).bytes;
    assert!(of_rows < 2_000_000, "{of_rows}");
    let of = |places| figures(&text(places), 3_000, REP3, ProtocolChoice::Auto).bytes;
    assert!(
        of(5) < 400_000 && of(20) < 1_200_000,
        "{} {}",
        of(5),
        of(20)
    );
}

/// No number of rows is a cliff: bytes grow as the rows do, but for sorts that are faster with more of them, and rounds do not follow. Sixteen
/// places of three numbers took 53 MB of `rep3` at 1,000 rows, and 8 rounds a row where nothing is garbled.
#[test]
fn writes_at_secret_places_grow_as_their_rows_do() {
    let texts = [
        "fn main<const N: usize>(x: [secret u32; N] from each) -> [[u32; 3]; 16] {
    let mut w: [[secret u32; 3]; 16] = [[0; 3]; 16];
    for i in 0..N { w[x[1][i]] = [x[0][i], x[1][i] ^ 5, 7]; }
    w
}",
        "fn main<const N: usize>(x: [secret u32; N] from each) -> [u8; 20] {
    let mut w: [secret u8; 20] = [9; 20];
    for i in 0..N { if x[0][i] > 4 { w[x[1][i] % 32] = x[0][i] as u8; } }
    w
}",
    ];
    for text in texts {
        for setting in suites() {
            let of = |n| figures(text, n, setting, ProtocolChoice::Auto);
            let mut before = of(4);
            for n in [16, 64, 256, 1_024, 4_096] {
                let now = of(n);
                assert!(now.rounds < 100, "{setting:?}, {n}: {now:?}");
                assert!(
                    now.bytes < 10 * before.bytes,
                    "{setting:?}, {n}: {before:?} {now:?}"
                );
                before = now;
            }
        }
    }
    let of_rows = figures(texts[0], 1_000, REP3, ProtocolChoice::Auto).bytes;
    assert!(of_rows < 700_000, "{of_rows}");
}

/// What is done for the first few rows that meet a condition is done for all at once: a counter that stops is a scan. 3,000 rows took 22 MB
/// or 6,000 rounds.
#[test]
fn the_first_rows_that_meet_a_condition_do_not_wait_for_each_other() {
    let sum = "fn main<const N: usize>(x: [secret u32; N] from each) -> u32 {
    let mut sum: secret u32 = 0;
    let mut n: secret u8 = 0;
    for i in 0..N { if x[0][i] == x[1][i] && n < 3 { sum += x[0][i]; n += 1; } }
    sum
}";
    let list = "fn main<const N: usize>(x: [secret u32; N] from each) -> [u32; 5] {
    let mut first: [secret u32; 5] = [0; 5];
    let mut n: secret u8 = 0;
    for i in 0..N { if n < 5 { if x[0][i] == x[1][i] { first[n] = x[0][i]; n += 1; } } }
    first
}";
    for text in [sum, list] {
        for setting in suites() {
            let [few, many] = [300, 3_000].map(|n| figures(text, n, setting, ProtocolChoice::Auto));
            assert!(
                many.rounds < 2 * few.rounds + 100,
                "{setting:?}: {few:?} {many:?}"
            );
            assert!(many.bytes < 20 * few.bytes, "{setting:?}: {few:?} {many:?}");
        }
    }
    let of = |text| figures(text, 3_000, REP3, ProtocolChoice::Auto).bytes;
    assert!(
        of(sum) < 700_000 && of(list) < 700_000,
        "{} {}",
        of(sum),
        of(list)
    );
}

/// As many rows as there are elements and places, and not each place beside each element: 300 MB of `rep3` at this size.
#[test]
fn what_is_read_at_many_secret_places_is_a_sort() {
    let text = "fn main<const N: usize>(x: [secret u32; N] from each) -> [u32; N] {
    let (a, b) = (x[0], x[1]);
    let mut out: [secret u32; N] = [0; N];
    for i in 0..N { out[i] = a[b[i]]; }
    out
}";
    for setting in suites() {
        let [few, many] =
            [5_000, 10_000].map(|n| figures(text, n, setting, ProtocolChoice::Auto).bytes);
        // Twice as many rows, of a bit or two more: n (log n)² at most, and far from n².
        assert!(10 * many < 26 * few, "{setting:?}: {few} {many}");
    }
    assert_eq!(
        figures(text, 5_000, REP3, ProtocolChoice::Auto),
        Figures {
            ands: 425_020,
            products: 330_033,
            rounds: 55,
            bytes: 5_809_975
        }
    );
}
