//! Whole programs through the front end.

use super::*;
use crate::diagnostic::short;

fn run(text: &str) -> (Option<Hir>, String) {
    run_beside(&[], text)
}

/// As [`run`], with more files in the program's folder.
fn run_beside(files: &[(&str, &str)], text: &str) -> (Option<Hir>, String) {
    let mut sources = SourceSet::new();
    for &(name, text) in files {
        sources.add(name, text);
    }
    let root = sources.add("main.smpc", text);
    let (hir, diagnostics) = check(&sources, root);
    (hir, short::render(&sources, &diagnostics))
}

fn accepted(text: &str) -> Hir {
    let (hir, errors) = run(text);
    assert_eq!(errors, "", "{text}");
    hir.unwrap_or_else(|| panic!("no program and no error"))
}

#[test]
fn the_average_is_accepted() {
    let hir = accepted(
        "use std::stats::mean;\n\nfn main(salary: secret u32 from each) -> u32 {\n    mean(salary)\n}\n",
    );
    assert!(hir.main.is_some());
}

#[test]
fn the_auction_is_accepted() {
    accepted(
        "party seller;
party bidder[2..];

struct Outcome { winner: u16, price: u64 }

fn main(reserve: secret u64 from seller, bid: secret u64 from each bidder) -> Outcome to all {
    let mut best = reserve;  let mut second = reserve;  let mut winner: secret u16 = 0;
    for i in 0..bid.len() {
        if bid[i] > best {
            second = best;  best = bid[i];  winner = i as u16 + 1;
        } else if bid[i] > second {
            second = bid[i];
        }
    }
    Outcome { winner, price: second }
}
",
    );
}

#[test]
fn a_secret_index_bound_or_branch_is_refused() {
    let (_, errors) = run(
        "fn main(x: secret u32 from each) -> u32 {\n    let n = x[0];\n    let mut t: u32 = 0;\n    for i in 0..n { t += 1; }\n    if n > 3 { t = 4; }\n    t\n}\n",
    );
    let codes: Vec<&str> = errors
        .lines()
        .filter_map(|l| l.get(l.find('[')? + 1..l.find(']')?))
        .collect();
    assert_eq!(codes, ["E3002", "E3004"], "{errors}");
}

#[test]
fn circuit_files_are_named_by_path_from_their_importer() {
    let text = "circuit a: fn(u1) -> u1 = \"x.txt\";\npub circuit b: fn(u1) -> u1 = \"in/y.txt\";\ncircuit c: fn(u1) -> u1 = \"x.txt\";\ncircuit d: fn(u1) -> u1 = \"/etc/passwd\";\n";
    assert_eq!(needed_circuits(text), ["x.txt", "in/y.txt"]);
    let file = "1 2\n1 1\n1 1\n\n1 1 0 1 INV\n";
    let mut sources = SourceSet::new();
    sources.add("folder/in/y.txt", file);
    sources.add("y.txt", "no circuit");
    let root = sources.add(
        "folder/main.smpc",
        "circuit not: fn(bool) -> bool = \"in/y.txt\";\n",
    );
    let (hir, diagnostics) = check(&sources, root);
    assert_eq!(short::render(&sources, &diagnostics), "");
    assert_eq!(hir.unwrap().circuits.len(), 1);
}

#[test]
fn a_malformed_circuit_is_refused_at_its_declaration_with_the_line_of_its_file() {
    for (file, wanted) in [
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 9 2 AND\n",
            "line 5: there is no wire 9",
        ),
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 2 2 AND\n",
            "line 5: wire 2 is read before",
        ),
        (
            "2 4\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n",
            "line 5: the file ends after 1 of 2 gates",
        ),
        (
            "9999999999999 9999999999999\n2 1 1\n1 1\n",
            "line 1: 9999999999999 wires",
        ),
        ("", "line 1: the file ends"),
        ("\u{fffd}\u{fffd}\n", "line 1: expected a number"),
    ] {
        let text = "\ncircuit f: fn(bool, bool) -> bool = \"f.txt\";\n";
        let (hir, errors) = run_beside(&[("f.txt", file)], text);
        assert!(hir.is_none());
        assert!(
            errors.contains("main.smpc:2:37")
                && errors.contains("E2011")
                && errors.contains(wanted),
            "{errors}"
        );
    }
}

/// The programs in the fences of a page, wrong first.
fn examples(page: &str) -> Vec<&str> {
    page.split("```smpc\n")
        .skip(1)
        .filter_map(|part| part.split("```").next())
        .collect()
}

/// The files that a page shows: name and text.
fn files(page: &str) -> Vec<(&str, &str)> {
    page.split("```text ")
        .skip(1)
        .filter_map(|part| part.split("```").next()?.split_once('\n'))
        .collect()
}

#[test]
fn the_pages_of_errors_say_the_truth() {
    use crate::diagnostic::Code;
    let mut wrongs = Vec::new();
    for &code in Code::ALL {
        // These stand for programs that are too long for a page, or in several files, or hold what no page should hold, or
        // need a session.
        let elsewhere = [Code::E1007, Code::E1008, Code::E1012, Code::E2006];
        if elsewhere.contains(&code)
            || ["E4", "E9"]
                .iter()
                .any(|class| code.as_str().starts_with(class))
        {
            continue;
        }
        let found = examples(code.page());
        let [wrong, right] = found.as_slice() else {
            panic!("{code}: a wrong and a right example");
        };
        let files = files(code.page());
        let (_, errors) = run_beside(&files, wrong);
        if !errors.contains(code.as_str()) {
            wrongs.push(format!("{code}: {wrong}\n{errors}"));
        }
        let (hir, errors) = run_beside(&files, right);
        if hir.is_none() || errors.contains(code.as_str()) {
            wrongs.push(format!("{code}: {right}\n{errors}"));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

#[test]
fn the_path_of_a_secret_is_shown() {
    let mut sources = SourceSet::new();
    let text = "fn f(salary: secret u32) -> u32 {\n    let a = salary * 2;\n    let (b, _) = (a + 1, 3);\n    b\n}\n";
    let root = sources.add("main.smpc", text);
    let (_, diagnostics) = check(&sources, root);
    let text: Vec<&str> = diagnostics[0]
        .causes
        .iter()
        .map(|c| c.text.as_str())
        .collect();
    assert!(
        text.contains(&"`salary` is declared secret here"),
        "{text:?}"
    );
    assert!(text.contains(&"`a` gets a secret here"), "{text:?}");
    assert!(text.contains(&"`b` gets a secret here"), "{text:?}");
    let human = crate::diagnostic::human::render(&sources, &diagnostics, false);
    assert!(
        human.contains("E3002") && human.contains("main.smpc:4:5"),
        "{human}"
    );
}

/// The code between the first backticks after `before` in the help of the one error of a program.
fn advised(program: &str, before: &str) -> String {
    let (hir, errors) = run(program);
    assert!(
        hir.is_none() && errors.matches("error[").count() == 1,
        "{errors}"
    );
    let help = errors.split_once(before).map(|(_, rest)| rest);
    let code = help.and_then(|h| h.split('`').nth(1));
    code.unwrap_or_else(|| panic!("no code after {before:?} in {errors}"))
        .to_owned()
}

#[test]
fn what_a_message_says_to_write_compiles() {
    // A variable that took its type from a literal gets that of what flows into it, and is secret where it must be.
    for (program, wrong, want) in [
        (
            "fn f(xs: [secret u32; 3]) -> secret u32 {\n    let mut count = 0;\n    for x in xs { if x > 3 { count += x; } }\n    count\n}\n",
            "let mut count = 0;",
            "let mut count: secret u32 = 0;",
        ),
        (
            "fn f(xs: [secret u32; 3]) -> secret i32 {\n    let mut count = 0;\n    for x in xs { if x > 3 { count += 1; } }\n    count\n}\n",
            "let mut count = 0;",
            "let mut count: secret i32 = 0;",
        ),
        (
            "fn f(xs: [u64; 3]) -> u64 {\n    let mut count = 7;\n    for x in xs { count *= x; }\n    count\n}\n",
            "let mut count = 7;",
            "let mut count: u64 = 7;",
        ),
        (
            "fn f(xs: [secret u8; 3]) -> secret u64 {\n    let mut n = 1;\n    for i in 0..3 { if xs[i] > 3 { n += i; } }\n    n\n}\n",
            "let mut n = 1;",
            "let mut n: secret u64 = 1;",
        ),
        (
            "fn f(xs: [secret fixed<32, 8>; 3]) -> secret fixed<32, 8> {\n    let mut sum = 0;\n    for x in xs { sum += x; }\n    sum\n}\n",
            "let mut sum = 0;",
            "let mut sum: secret fixed<32, 8> = 0;",
        ),
        (
            "fn f(xs: [secret u32; 3]) -> secret u32 {\n    let mut most = 0;\n    for x in xs { if x > most { most = x; } }\n    most\n}\n",
            "let mut most = 0;",
            "let mut most: secret u32 = 0;",
        ),
        // What it becomes says the type, also where the assignment does not.
        (
            "fn f(xs: [secret u32; 3]) -> secret u32 {\n    let mut n = 0;\n    for x in xs { if x > 3 { n += 1; } }\n    n\n}\n",
            "let mut n = 0;",
            "let mut n: secret u32 = 0;",
        ),
        (
            "fn f(xs: [secret u8; 3], k: secret u16) -> secret u16 {\n    let mut n = 0;\n    for x in xs { if x > 3 { n += 1; } }\n    n * k\n}\n",
            "let mut n = 0;",
            "let mut n: secret u16 = 0;",
        ),
        (
            "fn f(xs: [secret u64; 3]) -> secret u64 {\n    let mut n = 0;\n    for x in xs { if x > 3 { n = x * 2; } }\n    n\n}\n",
            "let mut n = 0;",
            "let mut n: secret u64 = 0;",
        ),
        (
            "fn f(xs: [u64; 3]) -> u64 {\n    let mut last = 0;\n    for x in xs { last = x; }\n    last\n}\n",
            "let mut last = 0;",
            "let mut last: u64 = 0;",
        ),
        (
            "fn f(x: secret u8) -> secret bool {\n    let line = 100;\n    x > line\n}\n",
            "let line = 100;",
            "let line: u8 = 100;",
        ),
        (
            "fn g(x: u64) -> u64 { x }\nfn f() -> u64 {\n    let n = 5;\n    g(n)\n}\n",
            "let n = 5;",
            "let n: u64 = 5;",
        ),
    ] {
        let advice = advised(program, "declare it: ");
        assert_eq!(advice, want);
        let mended = program
            .replace(wrong, &advice)
            .replace("n += i", "n += i as u64");
        accepted(&mended);
    }
    // No advice makes a `usize` secret.
    for (program, of, wrong, right) in [
        (
            "fn f(xs: [secret u32; 3]) -> secret u64 { sum(xs) / xs.len() }\n",
            "convert the `usize` with ",
            "xs.len()",
            "xs.len() {}",
        ),
        (
            "fn f(xs: [secret u8; 3], i: secret i32) -> secret u8 { xs[i] }\n",
            "convert with ",
            "[i]",
            "[i {}]",
        ),
        (
            "fn f(xs: [u8; 3], i: i32) -> u8 { xs[i] }\n",
            "convert with ",
            "[i]",
            "[i {}]",
        ),
        (
            "fn f(xs: [u8; 3]) -> u8 { xs[-1] }\n",
            "write ",
            "xs[-1]",
            "{}",
        ),
        ("fn f(x: u8) -> u32 { u32(x) }\n", "write ", "u32(x)", "{}"),
        (
            "fn f(a: u8, b: u8) -> u8 { std::cmp::max(a, b) }\n",
            "",
            "std::cmp::",
            "",
        ),
        (
            "fn f() -> u32 { std::u32::MAX }\n",
            "write ",
            "std::u32::MAX",
            "{}",
        ),
        (
            "fn f(x: i32) -> i32 { i32::abs(x) }\n",
            "write ",
            "i32::abs(x)",
            "{}",
        ),
        ("fn f() -> Option<u32> { null }\n", "write ", "null", "{}"),
    ] {
        let advice = advised(program, of);
        accepted(&program.replace(wrong, &right.replace("{}", &advice)));
    }
    for (program, told) in [
        ("fn f(x: &u32) -> u32 { x }\n", "remove the `&`"),
        ("fn f(x: u32) -> u32 { *x }\n", "remove the `*`"),
        (
            "fn g(x: u32) -> u32 { x }\nfn f(x: u32) -> u32 { g(&x) }\n",
            "remove the `&`",
        ),
        (
            "fn f(x: u8) -> u8 { const K: u8 = 3; x + K }\n",
            "`const` stands outside of functions",
        ),
        (
            "fn f(x: u8) -> u8 { let y = x; fn g() { } y }\n",
            "`fn` stands outside of functions",
        ),
        ("fn f(x: u32[3]) -> u32 { x[0] }\n", "write `[u32; 3]`"),
        (
            "use std::{stats::mean, sort::sort};\n",
            "`use std::stats::{mean, median};`",
        ),
        (
            "fn f(x: [u32; 3]) -> [u32; 3] { x.map(a => a + 1) }\n",
            "write `|x| x + 1`",
        ),
        (
            "use std::stats::max;\nfn f(x: u8) -> u8 { max(x, 3u8) + max([x, x]) }\n",
            "`use std::stats::max as max_of;`",
        ),
        ("impl P { }\n", "call `f(x)` as `x.f()`"),
        ("intt main() { }\n", "`enum`"),
        ("fn f() -> u32 { Vec::new() }\n", "an array of eight"),
        ("fn f() -> f32 { f32::MAX }\n", "of floats write the number"),
        (
            "fn f(x: [secret u8; 3]) -> u64 { x.filter(|a| a > 3).sum() }\n",
            "use std::table::filter;",
        ),
    ] {
        let (_, errors) = run(program);
        assert!(errors.contains(told), "{program}: {errors}");
    }
    // A condition that is wrong says nothing of whether the loop ends.
    let (_, errors) = run("fn f(xs: [u8; 3]) { let mut i = 0; while i < xs.len() { i += 1; } }\n");
    assert!(
        errors.contains("E3001") && !errors.contains("W0005"),
        "{errors}"
    );
    let program = "fn f(xs: [secret u8; 3]) -> secret u8 { xs.max() }\n";
    let advice = advised(program, "bring in another one: ");
    accepted(&format!("{advice}\n{program}"));
    let program = "fn f(mut n: u8) -> u8 { n++; n }\n";
    let advice = advised(program, "help: write ");
    accepted(&program.replace("n++", &advice));
    let program = "fn f(xs: [secret u8; 3]) -> secret bool { let y: u8 = 3; xs.contains(y) }\n";
    let advice = advised(program, "ask for each element: ");
    accepted(&program.replace("xs.contains(y)", &advice));
}

/// The warnings of a program that has no errors, as `what; help` with the ranges that lead there.
fn warned(program: &str) -> String {
    let (hir, text) = run(program);
    assert!(hir.is_some(), "{program}: {text}");
    text
}

#[test]
fn what_declared_ranges_let_leave_a_type_is_warned_of() {
    let wide = "x: secret u8 in 0..=200 from each";
    for (body, told) in [
        (
            "x[0] + x[1]",
            "this can leave `u8`; help: compute in a type that holds it, with `as u16`",
        ),
        ("x[0] - x[1]", "with `as i16`"),
        ("x[0] * 3", "with `as u16`"),
        (
            "(x[0] as u16 * 300) as u8",
            "what is converted can leave `u8`; help: write `as u16`",
        ),
        ("{ let y = x[0]; y + y }", "this can leave `u8`"),
        (
            "sum(x.map(|v| v * 2)) as u8 + x[0] * x[1]",
            "this can leave `u8`",
        ),
        ("twice(x[0])", "this can leave `u8`"),
        (
            "{ let mut t: secret u8 = 0; for v in x { t = max(t, v + 100); } t }",
            "this can leave `u8`",
        ),
        ("max(x[0], 3) + min(x[1], 60)", "this can leave `u8`"),
    ] {
        let program = format!(
            "fn twice(v: secret u8) -> secret u8 {{ v + v }}\nfn main({wide}) -> u8 {{ {body} }}\n"
        );
        let text = warned(&program);
        assert!(
            text.contains("warning[W0004]") && text.contains(told),
            "{body}: {text}"
        );
    }
    // What fits, what no range is declared of, and what a condition may keep in the type.
    for body in [
        "x[0] / 2 + x[1] / 2",
        "x[0] % 100 + x[1] % 100",
        "if x[0] < 100 { x[0] + x[0] } else { 0 }",
        "{ let mut t = x[0]; t += x[1]; t }",
        "min(x[0], 100) + min(x[1], 100)",
        "(x[0] as u16 + 3) as u8",
    ] {
        let text = warned(&format!("fn main({wide}) -> u8 {{ {body} }}\n"));
        assert!(!text.contains("W0004"), "{body}: {text}");
    }
    let text = warned("fn main(x: secret u8 from each) -> u8 { x[0] + x[1] }\n");
    assert!(!text.contains("W0004"), "{text}");
    let fields = "struct R { a: u8 in 0..=100, b: u8 in 0..=155, p: fixed<8, 4> in -4.0..=4.0 }\n";
    let program = |body: &str| {
        format!(
            "{fields}fn main(rows: [secret R; _] from each) -> u64 {{ let mut n: secret u64 = 0; for r in rows.flatten() {{ {body} }} n }}\n"
        )
    };
    let text = warned(&program("n += (r.a + r.b) as u64;"));
    assert!(!text.contains("W0004"), "{text}");
    let text = warned(&program("n += (r.a + r.b + 1) as u64;"));
    assert!(text.contains("this can leave `u8`"), "{text}");
    let text = warned(&program("if r.p + r.p > 1 { n += 1; }"));
    assert!(text.contains("this can leave `fixed<8, 4>`"), "{text}");
    let text = warned(&program("if r.p - 3.5 > 1 { n += 1; }"));
    assert!(!text.contains("W0004"), "{text}");
    // What the program puts into a struct by itself is in no declared range.
    let text = warned(
        "struct R { a: u8 in 0..=200 }\nfn main(x: secret u8 from each) -> u8 { let r = R { a: x[0] }; r.a + r.a }\n",
    );
    assert!(!text.contains("W0004"), "{text}");
}

/// Conversions between integers and fixed-point numbers, products of the latter, and what loops add up.
#[test]
fn conversions_products_and_sums_of_loops_that_leave_a_type_are_warned_of() {
    let rows = "struct R { a: u8 in 0..=120, b: u64 in 0..=1_000_000_000, c: fixed<32, 16> in 0..=30000, ok: bool, k: u8, t: u16 in 0..=120 }\nfn main(rows: [secret R; _] from each, at: secret u8 from each) -> u64 { let all = rows.flatten(); let r = all[0]; let mut n: secret u8 = 0; let mut m: secret u16 = 0; let mut d: [secret u8; 4] = [0; 4]; ";
    let told = |body: &str| {
        warned(&format!(
            "{rows}{body} n as u64 + m as u64 + d[0] as u64 }}\n"
        ))
    };
    for (body, what) in [
        (
            "let x = r.b as fixed<32, 16>; if x > 3 { n = 1; }",
            "what is converted can leave `fixed<32, 16>`; help: write `as fixed<64, 16>`",
        ),
        (
            "let x = all.map(|p| p.b as fixed<32, 16>); if x[0] > 3 { n = 1; }",
            "what is converted can leave `fixed<32, 16>`",
        ),
        (
            "m = r.c as u8 as u16;",
            "what is converted can leave `u8`; help: write `as u16`",
        ),
        (
            "if r.c * r.c > 1 { n = 1; }",
            "this can leave `fixed<32, 16>`; help: compute in a type that holds it, with `as fixed<64, 16>`",
        ),
        (
            "for p in all { n += p.a; }",
            "what the loop adds to `n` can leave `u8`; help: declare `n` as `u32`",
        ),
        (
            "for p in all { if p.ok { n += p.a; } }",
            "what the loop adds to `n` can leave `u8`",
        ),
        (
            "for p in all { if p.k == 3 { m += p.t; } }",
            "what the loop adds to `m` can leave `u16`",
        ),
        (
            "for row in rows { for p in row { n += p.a / 2; } }",
            "can leave `u8`",
        ),
        (
            "for p in all { d[p.a / 20] += 1; }",
            "this index can be beyond the end: the last of 4 places is 3; help: what is beyond the end reads zero and writes nothing: make the array 7 long",
        ),
        ("n = d[r.a];", "this index can be beyond the end"),
    ] {
        let text = told(body);
        assert!(
            text.contains("warning[W0004]") && text.contains(what),
            "{body}: {text}"
        );
        assert_eq!(text.matches("W0004").count(), 1, "{body}: {text}");
    }
    for body in [
        "let x = r.b as fixed<64, 16>; if x > 3 { n = 1; }",
        "m = r.c as u16;",
        "let x = r.c as fixed<64, 16>; if x * x > 1 { n = 1; }",
        "if r.c * 0.5 > 1 { n = 1; }",
        "for p in all { if n < 100 { n += p.a; } }",
        "for p in all { if p.k == at[0] { n += p.a; } }",
        "for p in all { n += p.a; if n > 100 { n = 0; } }",
        "for i in 0..2 { n += all[i].a; }",
        "for p in all { m = max(m, p.a as u16); }",
        "for p in all { n += p.ok as u8; }",
        "for p in all { if p.a < 80 { d[p.a / 20] += 1; } }",
        "for p in all { d[min(p.a / 20, 3)] += 1; }",
        "for p in all { d[p.k] += 1; }",
    ] {
        let text = told(body);
        assert!(!text.contains("W0004"), "{body}: {text}");
    }
    let text = warned(
        "use std::date::weekday;\nfn main(seen: secret date from each) -> [u8; 7] { let mut d: [secret u8; 7] = [0; 7]; for s in seen { d[weekday(s)] += 1; } d }\n",
    );
    assert!(
        text.contains("subtract 1: places are counted from 0"),
        "{text}"
    );
    let program = |less: &str| {
        format!(
            "use std::date::month;\nuse std::stats::tally;\nfn main(seen: secret date from each) -> [u32; 12] {{ tally(seen.map(|s| month(s){less})) }}\n"
        )
    };
    assert!(warned(&program("")).contains("a number can be beyond the end"));
    assert!(!warned(&program(" - 1")).contains("W0004"));
}

/// What the parameters of a closure are is said by what it is given to.
#[test]
fn parameters_of_closures_may_stay_unread() {
    let text = warned("fn main(x: secret u32 from each) -> u64 { x.map(|v| 1u32).sum() }\n");
    assert!(!text.contains("W0001"), "{text}");
    let text = warned("fn main(x: secret u32 from each) -> u32 { let unread = x[0]; x[0] }\n");
    assert!(text.contains("W0001"), "{text}");
}

#[test]
fn advice_names_what_compiles() {
    for (program, told) in [
        (
            "use std::inference::{least_squares, Model};\nstruct P { a: u8, c: u32 }\nfn main(rows: [secret P; _] from each) -> Model<2> { let all = rows.flatten(); least_squares(all.map(|p| [p.a, p.a]), all.map(|p| p.c)) }\n",
            "convert each part where the rows are made: `xs.map(|x| [x.a as fixed<64, 16>, x.b as fixed<64, 16>])`",
        ),
        (
            "use std::inference::sample_sd;\nfn main(x: secret u64 from each) -> fixed<72, 32> { sample_sd(x) }\n",
            "convert each element: `xs.map(|x| x as fixed<65, 0>)`",
        ),
        (
            "use std::inference::{count_if};\nfn main(x: secret u64 from each) -> u32 { count_if(x, |v| v > 3) }\n",
            "write `use std::stats::count_if;`",
        ),
        (
            "use std::stats::tally;\nfn main(x: secret u8 from each) -> u32 { let t = tally(x); t[0] }\n",
            "give the type of the result, with a number for `B`: `let x: [secret u32; B] = tally(…);`",
        ),
        (
            "fn main(x: secret u32 from each) -> u64 { let mut sum: secret u64 = 0; for v in x { sum += v; } sum }\n",
            "help: convert the right side with `as u64`",
        ),
        (
            "fn main(x: secret u32 from each) -> u32 { let total = 0; for v in x { total += v; } total }\n",
            "declare it: `let mut total: secret u32 = 0;`",
        ),
    ] {
        let (_, text) = run(program);
        assert!(text.contains(told), "{program}: {text}");
    }
}

/// What newcomers from Python and from institutions write first, and what they are told.
#[test]
fn first_slips_are_answered_with_what_compiles() {
    // `as` behind the quotient would come too late.
    let program = "fn f(a: u32, b: u32) -> fixed<32, 16> { a / b }\n";
    let advice = advised(program, "drops the fraction: ");
    assert_eq!(advice, "(a as fixed<32, 16>) / (b as fixed<32, 16>)");
    accepted(&program.replace("a / b", &advice));
    let program = "fn total<const N: usize>(xs: [secret u32; N]) -> secret u64 { xs.sum() }\nfn main(xs: [secret u32; _] from each) -> u64 { total(xs) }\n";
    let advice = advised(program, "into one array: ");
    accepted(&program.replace("total(xs)", &format!("total({advice})")));
    let choice = "fn f(c: bool) -> u8 { let y: u8 = 1 if c else 2; y }\n";
    let advice = advised(choice, "help: write ")
        .replace("{ a }", "{ 1 }")
        .replace("{ b }", "{ 2 }");
    accepted(&choice.replace("1 if c else 2", &advice));
    // A statement that begins with `if` after a forgotten `;` is no such choice.
    let (_, errors) =
        run("fn f(c: bool) -> u8 {\n    let y: u8 = 1\n    if c { 2 } else { y }\n}\n");
    assert!(errors.contains("end the statement with `;`"), "{errors}");
    for (wrong, right) in [
        ("let y = [x for x in xs];", "xs.map(|x| …)"),
        ("let y = xs[:2];", "xs[..b]"),
        ("let y = xs[1:];", "xs[a..]"),
        ("let y = 'a';", "between two `\"`"),
        ("let y: Vec<u8> = xs;", "[T; N]"),
        ("let y: Decimal = 1;", "fixed<64, 16>"),
        ("let y = max(xs, axis=0);", "in the order of the parameters"),
        ("let y = divmod(7, 2);", "fn divmod(…) -> … { … }"),
        ("let y = xs[G::A];", "write `as u8`"),
    ] {
        let (_, errors) = run(&format!(
            "enum G {{ A, B }}\nfn f(xs: [u8; 3]) -> u8 {{ {wrong} 0 }}\n"
        ));
        assert!(errors.contains(right), "{wrong}: {errors}");
    }
}

/// What statisticians write first.
#[test]
fn names_and_columns_of_other_packages_are_answered() {
    for (wrong, says) in [
        ("use std::stats::sd;", "`sample_sd`"),
        ("use std::stats::{mean, var};", "`sample_variance`"),
        ("use std::inference::ttest;", "`welch`"),
        ("use std::stats::isoweekday;", "`std::date`"),
        ("use std::table::groupby;", "`group_by`"),
    ] {
        let (_, messages) = run(&format!("{wrong}\nfn f() -> u8 {{ 0 }}\n"));
        assert!(messages.contains(says), "{wrong}: {messages}");
    }
    for (body, says) in [
        ("pearson(x, x)", "xs.map(|x| x as fixed<64, 32>)"),
        ("average(rows)", "`xs.flatten().average()`"),
        ("x.avg()", "`average(xs)`"),
        ("y.clip()", "`min(max(x, low), high)`"),
        (
            "exp(x)",
            "elementary functions of floats are in `std::float`",
        ),
        ("exp(n)", "as fixed<64, 16>`"),
        ("exp(rows)", "xs.map(|x| f(x))"),
        ("sample_sd(rows)", "`xs.flatten()` makes one array"),
        ("mean(rows)", "`xs.flatten()` makes one array"),
        ("variance(y)", "`std::inference`"),
        ("corr(y, y)", "`pearson` and `spearman`"),
    ] {
        let uses = "use std::inference::{pearson, sample_sd};\nuse std::stats::{mean, variance};\nuse std::math::exp;\n";
        let x = if body.starts_with("exp") {
            "secret f64"
        } else {
            "[secret f64; 3]"
        };
        let params = format!(
            "x: {x}, y: [secret fixed<32, 8>; 3], n: secret u32, rows: [secret fixed<32, 8>; _] from each"
        );
        let text = format!("{uses}fn main({params}) -> u8 {{ let _ = {body}; 0 }}\n")
            .replace("x: secret f64,", "x: secret f64 from party0,")
            .replace("x: [secret f64; 3],", "x: [secret f64; 3] from party0,")
            .replace("8>; 3],", "8>; 3] from party0,")
            .replace("n: secret u32,", "n: secret u32 from party0,");
        let (_, messages) = run(&format!("party party0;\n{text}"));
        assert!(messages.contains(says), "{body}: {messages}");
        assert!(
            !messages.contains("nothing says what"),
            "{body}: {messages}"
        );
    }
}

/// What says how to write it, and not only that it is wrong.
#[test]
fn what_is_refused_is_told_how_it_is_written() {
    for (text, says) in [
        (
            "fn f(x: Option<u8 in 0..=120>) -> u8 { 1 }",
            "`if let Some(x) = value { if x <= 120 { … } }`",
        ),
        (
            "struct P { age: Option<u8> in 0..=120 }",
            "`if let Some(x) = value { if x <= 120 { … } }`",
        ),
        (
            "struct A { a: u8 }\nstruct P { a: A in 0..=9 }",
            "at a field of `A`",
        ),
        (
            "party analyst;\nfn main(x: secret u8 from each) -> { t: u8, n: u32 } to analyst { 1 }",
            "write `to analyst` after the type of each field, or declare a `struct` with the fields and write `-> NAME to analyst`",
        ),
        (
            "fn f() -> u8 { let xs: [secret _; 10] = [0; 10]; 1 }",
            "write the type, as in `[secret u32; 10]`",
        ),
        (
            "fn main(#[name(\"a b\")] x: secret u8 from each) -> u8 { 1 }",
            "declare a struct with the column as a field",
        ),
        (
            "fn f(n: i32) -> date { n as date }",
            "`date(\"1970-01-01\") + n`",
        ),
        (
            "fn f(t: datetime) -> date { t as date }",
            "`date(\"1970-01-01\") + (t as i64 / 86400) as i32`",
        ),
    ] {
        let (_, messages) = run(text);
        assert!(messages.contains(says), "{text}: {messages}");
        assert_eq!(messages.matches("error[E").count(), 1, "{text}: {messages}");
    }
    // What is advised compiles.
    for text in [
        "fn f(n: i32) -> date { date(\"1970-01-01\") + n }",
        "fn f(t: datetime) -> date { date(\"1970-01-01\") + (t as i64 / 86400) as i32 }",
        "fn f(d: date) -> datetime { datetime(\"1970-01-01\") + (d as i64) * 86400 }",
        "fn f(n: i64) -> datetime { datetime(\"1970-01-01\") + n }",
        "fn f(x: Option<u8>) -> u8 { let mut n = 0u8; if let Some(x) = x { if x <= 120 { n += 1; } } n }",
        "fn f(xs: [i32; 5]) -> [i32; 4] { xs.windows(2).map(|w| w[1] - w[0]) }",
    ] {
        let (_, messages) = run(text);
        assert!(!messages.contains("error"), "{text}: {messages}");
    }
}

#[test]
fn long_types_are_shown_without_what_is_innermost() {
    let (_, messages) = run(
        "fn f() -> u8 { let xs: [(u8, [Option<(u8, u16, bool, str<12>, (u64, u64, u64), [u64; 17], [u64; 18], [u64; 19])>; 12], u64, u64, [(u8, u8, u8); 3]); 10] = 3; 1 }",
    );
    assert!(
        messages.contains("`[(u8, [Option<(…)>; 12], u64, u64, [(u8, u8, u8); 3]); 10]`"),
        "{messages}"
    );
}
