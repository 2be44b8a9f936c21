//! Each quick fix on a program that needs it: what it is called, and that the program is right after it.

use super::Editor;
use serde_json::{Value, json};

/// The text with the edits of an action.
fn applied(text: &str, action: &Value, uri: &str) -> String {
    let mut edits: Vec<(usize, usize, String)> = action["edit"]["changes"][uri]
        .as_array()
        .expect("edits")
        .iter()
        .map(|edit| {
            let at = |end: &str| {
                let place = &edit["range"][end];
                let line = place["line"].as_u64().expect("a line") as usize;
                let column = place["character"].as_u64().expect("a column") as usize;
                // The programs here are ASCII.
                let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
                before + column
            };
            let new = edit["newText"].as_str().expect("a text").to_owned();
            (at("start"), at("end"), new)
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, &new);
    }
    text
}

/// The titles of all fixes, and the text after the one that is called `title`.
fn fix(editor: &mut Editor, text: &str, title: &str) -> (Vec<String>, String) {
    editor.becomes(text);
    let actions = editor.of("codeAction");
    let actions = actions.as_array().expect("a list").clone();
    let titles: Vec<String> = actions
        .iter()
        .map(|a| a["title"].as_str().expect("a title").to_owned())
        .collect();
    let at = titles.iter().position(|t| t == title);
    let at = at.unwrap_or_else(|| panic!("{title} is none of {titles:?} for\n{text}"));
    let fixed = applied(text, &actions[at], &editor.uri("main.smpc"));
    (titles, fixed)
}

#[test]
fn fixes_make_programs_right() {
    let mut editor = Editor::new();
    for (wrong, title, piece) in [
        (
            "fn f(x: secret u32) -> u32 {\n    x + 1\n}\n",
            "Insert `reveal`: every party learns this value",
            "    reveal(x + 1)\n",
        ),
        (
            "fn f(n: secret u32) -> u32 {\n    let mut t: u32 = 0;\n    while n > 3 {\n        t += 1;\n    }\n    t\n}\n",
            "Insert `reveal`: every party learns this value",
            "while reveal(n > 3) {",
        ),
        (
            "fn f(x: secret u32) -> secret u32 {\n    let mut y: u32 = 0;\n    y = x;\n    y\n}\n",
            "Declare `y` as `secret u32`",
            "let mut y: secret u32 = 0;",
        ),
        (
            "fn f(x: secret u32) -> secret u32 {\n    let mut y = 0u32;\n    if x > 3 {\n        y = 1;\n    }\n    y\n}\n",
            "Declare `y` as `secret u32`",
            "let mut y: secret u32 = 0u32;",
        ),
        (
            "fn f(x: secret u8) -> secret u32 {\n    x\n}\n",
            "Convert `x` by `as u32`",
            "    x as u32\n",
        ),
        (
            "fn f(x: secret u32) -> secret u8 {\n    x * 2\n}\n",
            "Narrow `x * 2` by `as u8`: upper bits are cut off",
            "    (x * 2) as u8\n",
        ),
        (
            "fn f(x: secret u8, y: secret u32) -> secret bool {\n    x < y\n}\n",
            "Convert `x` by `as u32`",
            "    (x as u32) < y\n",
        ),
        (
            "fn f(xs: [secret u8; 3], y: u32) -> secret u32 {\n    y + xs[0]\n}\n",
            "Convert `xs[0]` by `as u32`",
            "y + xs[0] as u32",
        ),
        // Of a `usize` nothing is made secret.
        (
            "fn f(xs: [secret u8; 3], y: secret u32) -> secret u32 {\n    y / xs.len()\n}\n",
            "Convert `xs.len()` by `as u32`",
            "y / xs.len() as u32",
        ),
        (
            "fn f(xs: [secret u8; 3], i: secret i32) -> secret u8 {\n    xs[i]\n}\n",
            "Convert `i` by `as u32`",
            "xs[i as u32]",
        ),
        // A secret goes into what is declared public: that is declared secret first, and opened only where everybody may learn it.
        (
            "fn f(x: secret u32) -> secret u32 {\n    let y: u32 = x;\n    y + 1\n}\n",
            "Declare `y` as `secret u32`",
            "let y: secret u32 = x;",
        ),
        (
            "fn f(x: secret bool) -> secret bool {\n    let y: bool = x;\n    !y\n}\n",
            "Declare `y` as `secret bool`",
            "let y: secret bool = x;",
        ),
        (
            "fn f(x: secret u32) -> u32 {\n    x + 1\n}\n",
            "Declare the result as `secret u32`",
            "-> secret u32 {",
        ),
        (
            "fn g(n: u32) -> secret u32 {\n    n + 1\n}\n\nfn f(x: secret u32) -> secret u32 {\n    g(x)\n}\n",
            "Declare the parameter `n` as `secret u32`",
            "fn g(n: secret u32)",
        ),
        (
            "fn f(v: secret u32) -> secret u64 {\n    let mut t: secret u64 = 0;\n    t += v;\n    t\n}\n",
            "Convert `v` by `as u64`",
            "t += v as u64;",
        ),
        (
            "fn f(v: u32) -> u32 {\n    let q = v;\n    v\n}\n",
            "Rename it to `_q`",
            "let _q = v;",
        ),
        // A literal said the type: what the variable meets says another.
        (
            "fn f(xs: [secret u32; 3]) -> secret u32 {\n    let mut n = 0;\n    for x in xs {\n        if x > 3 {\n            n += 1;\n        }\n    }\n    n\n}\n",
            "Declare `n` as `secret u32`",
            "let mut n: secret u32 = 0;",
        ),
        (
            "fn f(xs: [secret u32; 3]) -> secret u32 {\n    let mut n = 0;\n    for x in xs {\n        n += x;\n    }\n    n\n}\n",
            "Declare `n` as `secret u32`",
            "let mut n: secret u32 = 0;",
        ),
        (
            "fn f() -> u8 {\n    let n = 3;\n    n\n}\n",
            "Declare `n` as `u8`",
            "let n: u8 = 3;",
        ),
        (
            "fn main(x: secret u32) -> u32 {\n    x[0] + x[1]\n}\n",
            "Add `from each`",
            "x: secret u32 from each)",
        ),
        (
            "party a;\nparty b[2..];\n\nfn main(x: secret u32) -> u32 {\n    x\n}\n",
            "Add `from a`",
            "x: secret u32 from a)",
        ),
        (
            "enum Kind { A, B, C }\n\nfn f(k: Kind) {\n    match k {\n        Kind::A => {}\n    }\n}\n",
            "Add the missing arms",
            "        Kind::A => {}\n        Kind::B => {}\n        Kind::C => {}\n    }\n",
        ),
        (
            "enum Kind { A, B, C }\n\nfn f(k: secret Kind, x: secret u8) -> secret (u8, bool) {\n    match k { Kind::A => (x, false) }\n}\n",
            "Add the missing arms",
            "        Kind::B => (0, false),\n        Kind::C => (0, false),\n    }\n",
        ),
        (
            "enum Kind { A, B }\nstruct Row { a: u8, k: Kind, o: Option<u8>, x: [fixed<16, 4>; 3] }\n\nfn f(k: Kind) -> Row {\n    match k {\n        Kind::A => Row { a: 1, k, o: Some(3), x: [1.5, 2.5, 0.5] },\n    }\n}\n",
            "Add an arm for `Kind::B`",
            "        Kind::B => Row { a: 0, k: Kind::A, o: None, x: [0.0; 3] },\n",
        ),
        (
            "struct Row { a: u8, day: date, name: str<4>, on: secret bool }\n\nfn f() -> Row {\n    Row { a: 3 }\n}\n",
            "Add the missing fields",
            "    Row { a: 3, day: date(\"1970-01-01\"), name: \"\", on: false }\n",
        ),
        (
            "struct Row { a: u8 in 1..=9, b: (u8, u16) }\n\nfn f() -> Row {\n    Row {\n        a: 3,\n    }\n}\n",
            "Add the field `b`",
            "        a: 3,\n        b: (0, 0),\n    }\n",
        ),
        (
            "enum E { X { a: u8, b: bool } }\n\nfn f() -> E {\n    E::X {}\n}\n",
            "Add the missing fields",
            "    E::X { a: 0, b: false }\n",
        ),
        (
            "fn f() -> u8 {\n    let n: u8 = 3;\n    n += 1;\n    n\n}\n",
            "Declare `n` as `mut`",
            "    let mut n: u8 = 3;\n",
        ),
        (
            "fn f(n: u8) -> u8 {\n    n = 1;\n    n\n}\n",
            "Declare `n` as `mut`",
            "fn f(mut n: u8)",
        ),
        (
            "fn main(x: u32 from each) -> u32 {\n    x[0] + x[1]\n}\n",
            "Add `secret`: nobody else learns this input",
            "x: secret u32 from each)",
        ),
        (
            "fn main(x: [u32 in 0..=9; _] from each) -> u32 {\n    x[0][0] + x[1][0]\n}\n",
            "Add `secret`: nobody else learns this input",
            "x: [secret u32 in 0..=9; _] from each)",
        ),
        (
            "fn f(x: secret u32) -> secret u32 {\n    mean([x, x])\n}\n",
            "Add `use std::stats::mean;`",
            "use std::stats::mean;\n",
        ),
    ] {
        let (_, fixed) = fix(&mut editor, wrong, title);
        assert!(fixed.contains(piece), "{title}:\n{fixed}");
        editor.becomes(&fixed);
        let left = editor.diagnostics();
        let errors = left.iter().filter(|d| d["severity"] == 1);
        assert_eq!(errors.count(), 0, "{title}:\n{fixed}\n{left:?}");
    }
    editor.end();
}

#[test]
fn rows_that_are_not_kept_are_left_out() {
    let mut editor = Editor::new();
    let wrong = "use std::stats::count_if;
use std::table::filter;

struct P { cost: u32 }

fn f(ps: [secret P; 9]) -> secret u32 {
    let few = filter(ps, |p| p.cost > 9);
    count_if(few, |r| r.row.cost < 20)
}
";
    let (_, fixed) = fix(&mut editor, wrong, "Look at `r.kept` as well");
    assert_eq!(fixed, wrong.replace("|r| r.row", "|r| r.kept && r.row"));
    editor.becomes(&fixed);
    assert_eq!(editor.diagnostics(), Vec::<Value>::new());
    for (module, called, wrong, right) in [
        (
            "table",
            "group_by",
            "let g: [secret Group<u32, u64>; 3] = few.group_by(|p| p.row.region, |p| p.row.cost); g[0].sum",
            "few.group_by_where(|p| p.kept, |p| p.row.region, |p| p.row.cost)",
        ),
        (
            "table",
            "distinct",
            "distinct(few, |r| r.row.region).map(|r| r.row.row.cost).sum()",
            "distinct_where(few, |r| r.kept, |r| r.row.region)",
        ),
        (
            "stats",
            "mean",
            "mean(few.map(|r| r.row.cost)) as u64",
            "mean_where(few.map(|r| r.row.cost), few.map(|r| r.kept))",
        ),
        (
            "stats",
            "tally",
            "let t: [secret u32; 3] = few.map(|r| r.row.region).tally(); t[0] as u64",
            "few.map(|r| r.row.region).tally_where(few.map(|r| r.kept))",
        ),
        (
            "stats",
            "quantile",
            "quantile(few[1..5].map(|r| r.row.cost), 1, 2) as u64",
            "quantile_where(few[1..5].map(|r| r.row.cost), few[1..5].map(|r| r.kept), 1, 2)",
        ),
        (
            "stats",
            "mean",
            "(mean(ps.map(|p| p.cost)) + mean(few.map(|r| r.row.cost))) as u64",
            "(mean(ps.map(|p| p.cost)) + mean_where(few.map(|r| r.row.cost), few.map(|r| r.kept)))",
        ),
    ] {
        let twice = wrong.matches(called).count() > 1;
        let text = format!(
            "use std::table::{{Group, filter}};
use std::{module}::{called};

struct P {{ region: u32, cost: u32 }}

fn f(ps: [secret P; 9]) -> secret u64 {{
    let few = filter(ps, |p| p.cost > 9);
    {wrong}
}}
"
        );
        let text = match wrong.contains("Group") {
            true => text,
            false => text.replace("{Group, filter}", "filter"),
        };
        let title = format!("Count the rows that are kept: `{called}_where`");
        let (titles, fixed) = fix(&mut editor, &text, &title);
        assert_eq!(
            titles.iter().filter(|t| **t == title).count(),
            1,
            "{titles:?}"
        );
        assert!(fixed.contains(right), "{fixed}");
        let import = match twice {
            true => format!("use std::{module}::{{{called}, {called}_where}};"),
            false => format!("use std::{module}::{called}_where;"),
        };
        assert!(fixed.contains(&import), "{fixed}");
        editor.becomes(&fixed);
        assert_eq!(editor.diagnostics(), Vec::<Value>::new(), "{fixed}");
    }
    editor.end();
}

#[test]
fn what_keeps_all_values_comes_before_what_cuts_them_off() {
    let mut editor = Editor::new();
    let wrong = "fn f(x: secret u32, y: secret u8) -> secret bool {\n    x == y\n}\n";
    let (titles, _) = fix(&mut editor, wrong, "Convert `y` by `as u32`");
    assert_eq!(
        titles,
        [
            "Convert `y` by `as u32`",
            "Narrow `x` by `as u8`: upper bits are cut off"
        ]
    );
    let wrong = "fn f(xs: [secret u8; 3], y: secret u32) -> secret u32 {\n    y / xs.len()\n}\n";
    let (titles, _) = fix(&mut editor, wrong, "Convert `xs.len()` by `as u32`");
    assert_eq!(titles.len(), 1, "no secret becomes a `usize`");
    editor.end();
}

#[test]
fn what_has_no_sure_fix_has_none() {
    let mut editor = Editor::new();
    for wrong in [
        "fn f(x: [u8; 2]) -> u8 {\n    x\n}\n",
        "fn f(x: u8) -> bool {\n    x\n}\n",
        // Nothing is opened under a secret condition, and a parameter is not declared with `let`.
        "fn f(x: u32, y: secret u32) -> u32 {\n    if y > 1 { return x; }\n    x\n}\n",
    ] {
        editor.becomes(wrong);
        assert_ne!(editor.diagnostics(), Vec::<Value>::new());
        assert_eq!(editor.of("codeAction"), json!([]), "{wrong}");
    }
    editor.end();
}

#[test]
fn what_is_brought_in_and_not_used_is_removed() {
    let mut editor = Editor::new();
    let body = "fn f(xs: [u8; 3]) -> u8 {\n    mean(xs)\n}\n";
    for (uses, name, left) in [
        (
            "use std::stats::{mean, median};\n",
            "median",
            "use std::stats::mean;\n",
        ),
        (
            "use std::stats::{max as most, mean, quantile as q};\n",
            "most",
            "use std::stats::{mean, quantile as q};\n",
        ),
        (
            "use std::stats::mean;\nuse std::sort::sort;\n",
            "sort",
            "use std::stats::mean;\n",
        ),
    ] {
        let title = format!("Remove `{name}` from what is brought in");
        let (_, fixed) = fix(&mut editor, &format!("{uses}{body}"), &title);
        assert_eq!(fixed, format!("{left}{body}"));
    }
    editor.end();
}
