//! What depends on the session or happens while running: lengths, arguments, receivers, public control, limits.

use super::harness::{Run, Words, count, eval1, run_tests};
use crate::ir::Op;
use crate::lower::lower;
use crate::reveals::{DisclosureKind, reveals};

#[test]
fn rows_of_different_lengths() {
    let text = "fn main(rows: [secret u32; _] from each) -> [u64; 3] {
        let mut total: secret u64 = 0;
        let mut n: u64 = 0;
        for row in rows { for x in row { total += x as u64; n += 1; } }
        let mut largest: u64 = 0;
        for i in 0..rows.len() { if rows[i].len() as u64 > largest { largest = rows[i].len() as u64; } }
        [total, n, largest]
    }";
    let run = Run::new(text, 3)
        .input("rows[]", 0, &[1, 2, 3])
        .input("rows[]", 1, &[])
        .input("rows[]", 2, &[10, 20]);
    assert_eq!(run.try_run().unwrap(), vec![vec![36, 5, 3]; 3]);
}

#[test]
fn tables_are_arrays_of_structs() {
    let text = "party hospital[2..];
    struct Patient { age: u8, severity: u8 }
    struct Out { count: secret u32, mean_age: secret u32 }
    fn main(rows: [secret Patient; _] from each hospital, level: u8) -> { count: u32 to all, mean_age: u32 to hospital[0] } {
        let mut count: secret u32 = 0; let mut ages: secret u32 = 0;
        for p in flatten(rows) { if p.severity > level { count += 1; ages += p.age as u32; } }
        Out { count: count, mean_age: ages / count }
    }";
    let run = Run::new(text, 2)
        .arg("level", "3")
        .input("rows[].age", 0, &[30, 40])
        .input("rows[].severity", 0, &[1, 9])
        .input("rows[].age", 1, &[50, 60, 71])
        .input("rows[].severity", 1, &[4, 3, 5]);
    assert_eq!(
        run.try_run().unwrap(),
        vec![vec![3, (40 + 50 + 71) / 3], vec![3]]
    );
}

#[test]
fn equal_lengths_where_the_program_asks_for_them() {
    let text = "fn main<const N: usize>(x: [secret u32; N] from each) -> [u32; N] {
        let mut out: [secret u32; N] = [0; N];
        for row in x { for i in 0..N { out[i] += row[i]; } }
        out
    }";
    let run = Run::new(text, 2)
        .input("x[]", 0, &[1, 2, 3])
        .input("x[]", 1, &[10, 20, 30]);
    assert_eq!(run.run(), [11, 22, 33]);
    let bad = Run::new(text, 2)
        .input("x[]", 0, &[1, 2, 3])
        .input("x[]", 1, &[10, 20]);
    assert_eq!(bad.error(), "E4002");
}

#[test]
fn receivers() {
    let text = "party owner; party guest[2..];
    fn main(x: secret u8 from owner, y: secret u8 from each guest) -> [u8; _] to each guest {
        let v = x; map(y, |g| g + v)
    }";
    let run = Run::new(text, 3)
        .input("x", 0, &[100])
        .input("y", 1, &[1])
        .input("y", 2, &[2]);
    assert_eq!(run.try_run().unwrap(), vec![vec![], vec![101], vec![102]]);
    let to_one = text.replace("-> [u8; _] to each guest", "-> [u8; _] to owner");
    let run = Run::new(&to_one, 3)
        .input("x", 0, &[100])
        .input("y", 1, &[1])
        .input("y", 2, &[2]);
    assert_eq!(run.try_run().unwrap(), vec![vec![101, 102], vec![], vec![]]);
}

#[test]
fn public_loops_with_early_exits() {
    let text = "fn find(xs: [u32; 6], what: u32) -> usize {
        for i in 0..6 { if xs[i] == what { return i; } }
        6
    }
    fn main(x: secret u32 from each) -> [u32; 4] {
        let v = reveal(x[0]);
        let xs = [5u32, 3, 8, 1, 9, v];
        let mut evens: u32 = 0; let mut seen: u32 = 0; let mut n: u32 = 0;
        for y in xs {
            if y == v { break; }
            seen += 1;
            if y % 2 == 1 { continue; }
            evens += y;
        }
        let mut k = v;
        while k > 1 { if k % 2 == 0 { k /= 2; } else { k = 3 * k + 1; } n += 1; if n > 50 { break; } }
        [find(xs, v) as u32, evens, seen, n]
    }";
    for v in [8i128, 1, 27, 7] {
        let xs = [5, 3, 8, 1, 9, v];
        let at = xs.iter().position(|&y| y == v).unwrap();
        let evens: i128 = xs[..at].iter().filter(|&&y| y % 2 == 0).sum();
        let (mut k, mut n) = (v, 0);
        while k > 1 {
            k = if k % 2 == 0 { k / 2 } else { 3 * k + 1 };
            n += 1;
            if n > 50 {
                break;
            }
        }
        assert_eq!(eval1(text, &[v]), [at as i128, evens, at as i128, n], "{v}");
    }
}

#[test]
fn early_exits_that_are_known() {
    let text = "fn main(x: secret u32 from each, stop: usize) -> [u32; 3] {
        let mut a: secret u32 = 0; let mut rounds: u32 = 0; let mut i: usize = 0;
        for k in 0..100 { if k == stop { break; } a += x[0]; rounds += 1; }
        while i < 10 { i += 3; a += 1; }
        [a, rounds, i as u32]
    }";
    for stop in [0i128, 7, 200] {
        let rounds = stop.min(100);
        let run = Run::new(text, 1)
            .arg("stop", &stop.to_string())
            .input("x", 0, &[5]);
        assert_eq!(run.run(), [rounds * 5 + 4, rounds, 12]);
        assert_eq!(count(&run.ir(), &|op| matches!(op, Op::While)), 0);
    }
}

#[test]
fn public_branches_run_one_arm() {
    let text = "fn main(x: secret u32 from each) -> [u32; 2] {
        let p = reveal(x[0]);
        let xs = [1u32, 2, 3];
        let mut a: secret u32 = x[0];
        let mut b: u32 = 7;
        if p < 3 { a = a + xs[p as usize]; b = p; } else { if p == 9 { a = 0; } }
        let c = if p > 100 && xs[(p - 101) as usize] == 2 { 1u32 } else { 0 };
        [a, b + c]
    }";
    for (x, want) in [
        (0i128, [1, 0]),
        (2, [5, 2]),
        (5, [5, 7]),
        (9, [0, 7]),
        (102, [102, 8]),
    ] {
        assert_eq!(eval1(text, &[x]), want, "{x}");
    }
    let run = Run::new(text, 1).input("x", 0, &[200]);
    assert!(
        run.try_run().unwrap_err().contains("range"),
        "an index out of range stops the run"
    );
}

#[test]
fn run_time_loop_bounds() {
    let text = "fn main(x: secret u32 from each) -> u32 {
        let n = reveal(x[0]);
        let mut a: secret u32 = 0;
        for i in 2..n { for j in i..n { a += i * j; } }
        a
    }";
    for n in 0..6i128 {
        let want: i128 = (2..n).flat_map(|i| (i..n).map(move |j| i * j)).sum();
        assert_eq!(eval1(text, &[n]), [want], "{n}");
    }
}

#[test]
fn public_inputs_and_arguments() {
    let text = "fn main(x: secret u32 from each, w: public u8 from each, on: bool, ks: [u16; 3], t: i8) -> u64 {
        let mut total: secret u64 = 0;
        for i in 0..x.len() { if on { total += (x[i] as u64) * (w[i] as u64); } }
        for k in ks { total += k as u64; }
        if t < 0 { total += 1; }
        total
    }";
    let run = Run::new(text, 2)
        .arg("on", "true")
        .arg("ks", "[10, 20, 30]")
        .arg("t", "-5")
        .input("x", 0, &[3])
        .input("x", 1, &[4])
        .input("w", 0, &[2])
        .input("w", 1, &[5]);
    assert_eq!(run.run(), [6 + 20 + 60 + 1]);
    for (name, text) in [
        ("on", "yes"),
        ("ks", "[1, 2"),
        ("t", "128"),
        ("t", "x"),
        ("nope", "1"),
        ("x", "1"),
    ] {
        let run = Run {
            session: run.session.clone(),
            ..Run::new(TEXT_OF_ARGUMENTS, 2)
        }
        .arg(name, text);
        assert_eq!(run.error(), "E4006", "{name}={text}");
    }
}

const TEXT_OF_ARGUMENTS: &str = "fn main(x: secret u32 from each, w: public u8 from each, on: bool, ks: [u16; 3], t: i8) -> u64 {
    sum(x) + (w[0] as u64) + (on as u64) + (ks.len() as u64) + (t as u64)
}";

#[test]
fn asserts_and_tests() {
    let text = "fn main(x: secret u8 from each) -> u8 { assert(x[0] < 100, \"too big\"); x[0] }
    test \"main adds nothing\" { assert(main([secret(5), secret(6)]) == 5); }
    test \"secrets\" { let a: secret u8 = secret(3); assert(a + 1 == 4); }
    test \"fails\" { let a: secret u8 = secret(3); assert(a == 4, \"not four\"); }";
    let run = Run::new(text, 1).input("x", 0, &[100]);
    assert!(run.try_run().unwrap_err().contains("too big"));
    assert_eq!(eval1(text, &[99]), [99]);
    let failed = run_tests(text, 2).unwrap_err();
    assert!(
        failed.contains("fails") && failed.contains("not four"),
        "{failed}"
    );
}

#[test]
fn the_library_keeps_its_own_tests() {
    for (name, text) in crate::library::MODULES {
        run_tests(text, 3).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn sorting_against_the_standard_library() {
    let text = "use std::sort::sort;
    fn main<const N: usize>(x: [secret i16; N] from each) -> [i16; N] { sort(x[0]) }";
    let mut words = Words(77);
    for n in [1usize, 2, 3, 8, 13, 16] {
        let xs: Vec<i128> = words.many(n, 50).iter().map(|x| x - 25).collect();
        let mut want = xs.clone();
        want.sort_unstable();
        assert_eq!(Run::new(text, 1).input("x[]", 0, &xs).run(), want);
    }
}

#[test]
fn known_mistakes_are_errors_and_limits_hold() {
    let index = "fn main(x: secret u8 from each, i: usize) -> u8 { let a = [x[0]; 3]; a[i] }";
    assert_eq!(Run::new(index, 1).arg("i", "2").error(), "none");
    assert_eq!(Run::new(index, 1).arg("i", "3").error(), "E4003");
    let slice =
        "fn main(x: secret u8 from each, i: usize) -> u64 { let a = [x[0]; 3]; sum(a[i..2]) }";
    assert_eq!(Run::new(slice, 1).arg("i", "1").error(), "none");
    assert_eq!(Run::new(slice, 1).arg("i", "3").error(), "E4003");
    let huge = "fn main(x: secret u8 from each, n: usize) -> u64 { let a = [x[0]; n]; sum(map(a, |y| y + 1)) }";
    assert_eq!(Run::new(huge, 1).arg("n", "1000000000").error(), "none");
    assert_eq!(
        Run::new(huge, 1).arg("n", "99999999999999").error(),
        "E4004"
    );
    let lens = "fn f(a: [secret u8; 3]) -> secret u8 { a[0] }
        fn main(x: [secret u8; _] from each) -> u8 { f(flatten(x)) }";
    assert_eq!(Run::new(lens, 1).len("x", 0, 3).error(), "none");
    assert_eq!(Run::new(lens, 1).len("x", 0, 4).error(), "E4002");
    let zip =
        "fn main(x: [secret u8; _] from each) -> u64 { sum(map(zip(x[0], x[1]), |(a, b)| a + b)) }";
    assert_eq!(
        Run::new(zip, 2).len("x", 0, 3).len("x", 1, 3).error(),
        "none"
    );
    assert_eq!(
        Run::new(zip, 2).len("x", 0, 3).len("x", 1, 4).error(),
        "E4002"
    );
    let assertion = "fn main(x: [secret u8; _] from each) -> u64 { let a = flatten(x); assert(a.len() > 2, \"few\"); sum(a) }";
    assert_eq!(Run::new(assertion, 1).len("x", 0, 3).error(), "none");
    assert_eq!(Run::new(assertion, 1).len("x", 0, 2).error(), "E4007");
    // 2^40 calls: refused, not run.
    let mut calls = String::from("fn f0(x: secret u8) -> secret u8 { x + 1 }\n");
    for k in 1..40 {
        calls += &format!(
            "fn f{k}(x: secret u8) -> secret u8 {{ f{}(f{}(x)) }}\n",
            k - 1,
            k - 1
        );
    }
    calls += "fn main(x: secret u8 from each) -> u8 { f39(x[0]) }";
    assert_eq!(Run::new(&calls, 1).error(), "E4004");
}

#[test]
fn a_million_dependent_steps_lower_at_once() {
    let text = "fn main(x: secret u64 from each) -> u64 {
        let mut a = x[0]; let mut i: u32 = 0;
        for k in 0..1000000 { a = a * a + k as u64; }
        while i < 1000000 { a = a + x[0]; i += 1; }
        a
    }";
    let run = Run::new(text, 1).input("x", 0, &[3]);
    let begin = std::time::Instant::now();
    let ir = run.ir();
    assert!(begin.elapsed().as_millis() < 200);
    assert!(count(&ir, &|_| true) < 40);
    let mut a = 3u64;
    for k in 0..1_000_000u64 {
        a = a.wrapping_mul(a).wrapping_add(k);
    }
    assert_eq!(run.run(), [i128::from(a.wrapping_add(3_000_000))]);
}

#[test]
fn disclosures_name_their_sources() {
    let text = "party owner; party guest[2..];
    fn main(x: secret u8 from owner, w: public u8 from owner, y: secret u16 from each guest) -> { a: u8 to owner, b: u16 to guest[1] } {
        let mut total: secret u16 = 0;
        for i in 0..y.len() { if i > 0 { total += y[i]; } }
        let small = reveal(total < 100);
        assert(x > 0, \"x is positive\");
        let mut a: secret u8 = x + w;
        if small { a = 0; }
        Out { a: a, b: y[1] }
    }
    struct Out { a: secret u8, b: secret u16 }";
    let found = reveals(&Run::new(text, 3).ir());
    let seen: Vec<(DisclosureKind, &str, Vec<u32>, Vec<String>)> = found
        .iter()
        .map(|d| {
            let sources = d
                .sources
                .iter()
                .map(|s| format!("{}:{}", s.party, s.path))
                .collect();
            (d.kind, d.label.as_str(), d.receivers.clone(), sources)
        })
        .collect();
    let strings = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [
            (
                DisclosureKind::PublicInput,
                "w",
                vec![0, 1, 2],
                strings(&["0:w"])
            ),
            (
                DisclosureKind::Reveal,
                "",
                vec![0, 1, 2],
                strings(&["1:y", "2:y"])
            ),
            (
                DisclosureKind::Assert,
                "x is positive",
                vec![0, 1, 2],
                strings(&["0:x"])
            ),
            (
                DisclosureKind::Output,
                "a",
                vec![0],
                strings(&["0:x", "1:y", "2:y"])
            ),
            (
                DisclosureKind::Output,
                "b",
                vec![2],
                strings(&["1:y", "2:y"])
            ),
        ]
    );
    let reveal = &found[1];
    assert!(reveal.path.len() >= 3 && *reveal.path.last().unwrap() == reveal.span);
    assert!(!reveal.repeated);
}

#[test]
fn roles_and_their_parties() {
    let hir = super::harness::checked(
        "party seller; party bidder[2..5]; fn main(x: secret u8 from seller, y: secret u8 from each bidder) -> u8 { x + y[0] }",
    );
    let counts = |n| crate::schema::assign_roles(&hir, n).map_err(|d| d.code.as_str());
    assert_eq!(counts(3), Ok(vec![1, 2]));
    assert_eq!(counts(5), Ok(vec![1, 4]));
    assert_eq!(counts(2), Err("E4001"));
    assert_eq!(counts(6), Err("E4001"));
    assert_eq!(
        crate::schema::party_names(&hir, &[1, 2]),
        ["seller", "bidder[0]", "bidder[1]"]
    );
    let schema = crate::schema::schema(&hir);
    assert_eq!(schema.params[0].owners(&[1, 3]), [0]);
    assert_eq!(schema.params[1].owners(&[1, 3]), [1, 2, 3]);
    let two = super::harness::checked(
        "party a[1..]; party b[1..]; fn main(x: secret u8 from each a, y: secret u8 from each b) -> u8 { x[0] + y[0] }",
    );
    assert_eq!(crate::schema::assign_roles(&two, 2).unwrap(), [1, 1]);
    let unclear = crate::schema::assign_roles(&two, 3).unwrap_err();
    assert!(unclear.message.contains("`a` and `b`") && unclear.help.is_some());
}

#[test]
fn open_lengths_have_keys() {
    let hir = super::harness::checked(
        "fn main<const N: usize>(x: [secret u8; _] from each, y: [[secret u8; 3]; N] from each) -> u8 { x[0][0] + y[0][0][0] }",
    );
    let keys: Vec<_> = crate::schema::schema(&hir)
        .params
        .iter()
        .map(|p| p.len_keys())
        .collect();
    assert_eq!(keys, [vec![(0, "x".to_owned())], vec![(0, "y".to_owned())]]);
}

#[test]
fn the_examples_lower_for_many_sessions() {
    let examples = [
        include_str!("../../../../examples/avg.smpc"),
        include_str!("../../../../examples/auction.smpc"),
        include_str!("../../../../examples/dot.smpc"),
        include_str!("../../../../examples/histogram.smpc"),
        include_str!("../../../../examples/hospital.smpc"),
        include_str!("../../../../examples/intersection.smpc"),
        include_str!("../../../../examples/risk.smpc"),
        include_str!("../../../../examples/vote.smpc"),
    ];
    for text in examples {
        let hir = super::harness::checked(text);
        let schema = crate::schema::schema(&hir);
        let mut lowered = 0;
        for n in 2..6u32 {
            let Ok(role_counts) = crate::schema::assign_roles(&hir, n) else {
                continue;
            };
            for len in [1u64, 7, 1_000_000] {
                let mut run = Run::new(text, n);
                for param in &schema.params {
                    for (_, key) in param.len_keys() {
                        for owner in param.owners(&role_counts) {
                            run = run.len(&key, owner, len);
                        }
                    }
                    if param.source == crate::hir::ParamSource::Argument {
                        run = run.arg(&param.name, "1");
                    }
                }
                // A merge has a layer for each doubling of the lists, of which each is counted besides.
                let layers = u64::from(len.ilog2()) + 1;
                let most = 80 + 30 * layers;
                assert!(count(&run.ir(), &|_| true) as u64 <= most, "{len}: {text}");
                lowered += 1;
            }
        }
        assert!(lowered > 0, "no number of parties fits\n{text}");
    }
}

#[test]
fn deep_chains_of_calls_end_in_an_error() {
    let mut text = String::from("fn f0(x: secret u8) -> secret u8 { x + 1 }\n");
    for k in 1..1600 {
        text += &format!("fn f{k}(x: secret u8) -> secret u8 {{ f{}(x) }}\n", k - 1);
    }
    let chain =
        |top: u32| format!("{text}fn main(x: secret u8 from each) -> u8 {{ f{top}(x[0]) }}");
    assert_eq!(Run::new(&chain(500), 1).error(), "none");
    assert_eq!(Run::new(&chain(1599), 1).error(), "E4004");
}

/// What is wrong with a caller's values is told at the caller's line, and the library's line is a cause.
#[test]
fn a_fault_in_the_library_is_told_where_it_is_called() {
    for (call, code) in [
        ("min(all)", "E4003"),
        ("mean(all.map(|y| y + 1)) + max(all)", "E4003"),
        ("through(all)", "E4003"),
        ("[all, all].map(|ys| max(ys))[0]", "E4003"),
        ("twice(all, max)", "E4003"),
    ] {
        let text = format!(
            "use std::stats::{{min, max, mean}};
            fn through<const N: usize>(ys: [secret u8; N]) -> secret u8 {{ min(ys) }}
            fn twice<const N: usize>(ys: [secret u8; N], f: fn([secret u8; N]) -> secret u8) -> secret u8 {{ f(ys) }}
            fn main(x: [secret u8; _] from each) -> u8 {{ let all = x.flatten(); {call} }}"
        );
        let run = Run::new(&text, 1).len("x", 0, 0);
        let faults = lower(&run.hir, &run.session).expect_err(call);
        let fault = &faults[0];
        assert_eq!(fault.code.to_string(), code, "{call}");
        let at = fault.primary.span;
        assert!(!crate::library::owns(at.file), "{call}: {fault:?}");
        let shown = &text[at.start as usize..at.end as usize];
        assert!(
            ["min(", "max(", "f(ys)", "max"]
                .iter()
                .any(|w| shown.contains(w)),
            "{shown}"
        );
        assert!(
            fault
                .causes
                .iter()
                .any(|c| crate::library::owns(c.span.file)),
            "{call}: {fault:?}"
        );
        assert!(
            Run::new(&text, 1).len("x", 0, 3).error() == "none",
            "{call}"
        );
    }
}
