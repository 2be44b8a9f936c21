//! What the adapter and the grammar make of texts.

use super::*;
use crate::ast;

fn tree(text: &str) -> String {
    let parsed = parse(FileId(0), text);
    assert!(
        parsed.diagnostics.is_empty(),
        "{text}\n{:#?}",
        parsed.diagnostics
    );
    ast::dump(&parsed.module)
}

fn expr(text: &str) -> String {
    let dump = tree(&format!("fn f() {{ {text} }}"));
    dump.lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

fn codes(text: &str) -> Vec<(&'static str, u32)> {
    parse(FileId(0), text)
        .diagnostics
        .into_iter()
        .map(|d| (d.code.as_str(), d.primary.span.start))
        .collect()
}

#[test]
fn precedence_is_that_of_rust() {
    assert_eq!(expr("a + b * c"), "= (a + (b * c))");
    assert_eq!(expr("a - b - c"), "= ((a - b) - c)");
    assert_eq!(expr("-a as u8 + 1"), "= (((-a) as u8) + 1)");
    assert_eq!(
        expr("a << 1 + 2 & b ^ c | d == e && f || g"),
        "= (((((((a << (1 + 2)) & b) ^ c) | d) == e) && f) || g)"
    );
    assert_eq!(expr("a as u8 < b >> 2"), "= ((a as u8) < (b >> 2))");
    assert_eq!(expr("!x.y[0](1).z"), "= (!x.y[0](1).z)");
    assert_eq!(expr("t.0.1"), "= t.0.1");
    assert_eq!(expr("|x| |y| x + y"), "= (|x| (|y| (x + y)))");
}

#[test]
fn blocks_that_are_statements_end_by_themselves() {
    assert_eq!(
        expr("if a { b } else { c } -d"),
        "if a { = b } else { = c }; = (-d)"
    );
    assert_eq!(
        expr("if a { b } else if c { d } else { e }"),
        "= if a { = b } else if c { = d } else { = e }"
    );
    assert_eq!(
        expr("for i in 0..n { x += i; } (a, b)"),
        "for i in 0..n; x += i; = (a, b)"
    );
    assert_eq!(
        expr("let x = if a { 1 } else { 2 } + 3; x"),
        "let x = (if a { = 1 } else { = 2 } + 3); = x"
    );
}

#[test]
fn struct_literals_stand_where_no_body_can() {
    assert_eq!(
        expr("let o = Outcome { winner, price: second };"),
        "let o = Outcome { winner, price: second }"
    );
    assert_eq!(
        expr("while (S { a: 1 }).a == b { }"),
        "while (S { a: 1 }.a == b)"
    );
    assert_eq!(
        expr("if xs.any(|x| { x }) { y }"),
        "= if xs.any((|x| { = x })) { = y }"
    );
}

#[test]
fn generics_close_with_double_angles() {
    let text = "fn f<T: Ord + Num, const N: usize>(a: Wide<Wide<T>>, b: [T; N]) -> Pair<Pair<T>> { g::<u8, { N + 1 }>(a >> b) }";
    let want = "fn f<T: Ord + Num, const N: usize>(a: Wide<Wide<T>>, b: [T; N]) -> Pair<Pair<T>>\n  = g::<u8, { = (N + 1) }>((a >> b))\n";
    assert_eq!(tree(text), want);
    assert_eq!(expr("x >>= 2; y <<= 1;"), "x >>= 2; y <<= 1");
}

#[test]
fn words_are_names_where_they_mean_nothing() {
    assert_eq!(
        tree("struct Move { from: u8, to: u8, each: bool }"),
        "struct Move\n  from: u8\n  to: u8\n  each: bool\n"
    );
    let text = "fn main(from: secret u8 from test, all: [secret u8; _] from each bank) -> { to: u8 to all, x: u8 to bank[0] } { from }";
    assert_eq!(
        tree(text).lines().next(),
        Some(
            "fn main(from: secret u8 from test, all: [secret u8; _] from each bank) -> { to: u8 to all, x: u8 to bank[0] }"
        )
    );
    assert_eq!(
        tree("party bidder[2..];\nparty test;"),
        "party bidder[2..]\nparty test\n"
    );
}

#[test]
fn one_broken_item_does_not_hide_the_others() {
    let text = "fn a() { let = 1; }\nfn b() { 1 + }\nstruct S { x: u8 }\nfn c( { }\nfn d() { d( }\n\nfn e() { 1 }\n";
    let Parsed {
        module,
        diagnostics: errors,
        ..
    } = parse(FileId(0), text);
    assert_eq!(errors.len(), 4, "{errors:#?}");
    assert_eq!(ast::dump(&module), "struct S\n  x: u8\nfn e()\n  = 1\n");
}

#[test]
fn brackets_are_reported_where_they_open() {
    assert_eq!(
        codes("fn a() {\n    if x {\n        y;\n\n}\nfn b() { }\n"),
        [("E1006", 18)]
    );
    assert_eq!(codes("fn a() { b(1; }"), [("E1006", 10)]);
    assert_eq!(codes("}\nfn a() { }"), [("E1006", 0)]);
}

/// Where a line begins with the words of an item inside of brackets that are closed, it is none: not everybody indents.
#[test]
fn lines_need_not_be_indented() {
    for text in [
        "struct S {\n/// What.\na: u8,\n/// More.\nb: u8,\n}\n",
        "enum E {\n/// One.\nA,\n#[name(\"b\")]\nB,\n}\n",
        "fn f<\nT,\nconst N: usize,\n>(\nxs: [T; N],\n)\n{ }\n",
        "pub fn f<\nconst N: usize>() { }\n",
    ] {
        assert_eq!(codes(text), [], "{text}");
        assert_eq!(parse(FileId(0), text).module.items.len(), 1, "{text}");
    }
    // What is open is not closed: then items begin where they seem to.
    let text = "fn f() {\n    a(\n\nconst A: fixed<32, 16> = 1;\n\n/// Doc.\nfn g() { }\n";
    assert_eq!(codes(text), [("E1006", 14)]);
    assert_eq!(parse(FileId(0), text).module.items.len(), 2);
    let long = format!("struct S {{\n{}}}\n", "/// What.\na: u8,\n".repeat(50_000));
    assert_eq!(codes(&long), []);
}

#[test]
fn nesting_is_limited() {
    for deep in ["(", "[", "!", "-", "{", "if a {", "|x| "] {
        let n = 1_000_000 / deep.len();
        let errors = codes(&format!("fn f() {{ {} 1 }}", deep.repeat(n)));
        assert_eq!(errors.first().map(|e| e.0), Some("E1007"), "{deep}");
    }
    assert_eq!(
        codes(&format!("fn f(a: {}u8) {{ }}", "secret ".repeat(10_000)))[0].0,
        "E1007"
    );
}

#[test]
fn what_is_long_and_not_deep_is_not_limited() {
    for unit in ["a + ", "a && ", "if a { b } else "] {
        let text = format!("fn f() {{ {} {{ 1 }} }}", unit.repeat(100_000));
        assert_eq!(codes(&text), [], "{unit}");
    }
    let chain = "a".to_owned() + &".b".repeat(100_000);
    assert_eq!(codes(&format!("fn f() {{ {chain} }}")), []);
}

#[test]
fn lexer_errors_do_not_cascade() {
    assert_eq!(
        codes("fn f() { let x = §; let y = x § + 1; }"),
        [("E1001", 17), ("E1001", 31)]
    );
    assert_eq!(
        codes("fn f() { assert(a, \"open); }\nfn g() { }"),
        [("E1003", 19), ("E1006", 15)]
    );
}

#[test]
fn forms_of_other_languages_get_the_form_of_this_one() {
    let help = |text: &str| {
        let errors = parse(FileId(0), text).diagnostics;
        errors.into_iter().find_map(|e| e.help).unwrap_or_default()
    };
    assert!(help("fn f(x: secret [u8] from a) { }").contains("[T; _]"));
    assert!(help("fn f(x: u8, const N: usize) { }").contains("<const N: usize>"));
    assert!(help("fn main(x: secret u8 from 0) -> u8 { x }").contains("`from alice`"));
    assert!(help("fn main(x: secret u8 from each) -> u8 to 1 { x }").contains("`to alice`"));
    assert!(help("fn main(x: secret u8 from \"bank\") -> u8 { x }").contains("party alice;"));
}

#[test]
fn variants_patterns_and_arms() {
    let text = r#"
enum E<T> { A, #[name("b c")] B(T, u8), C { x: u8, y: T } }
fn f(e: E<u8>) -> u8 {
    for Point { x, .. } in ps { g(x); }
    let Point { x, y: _ } = p;
    match e {
        E::A => 1,
        E::B(0 | 5..=9, ..) if x.w => { 3 }
        E::B(-1, mut b) if S { x } == s => if b > 0 { 1 } else { 2 }
        E::C { x, y: (a, [_, ..]) } => { x: 1, y },
        LO..=HI | ..3 | 7.. => match x { _ => 3 }
        0 => x += 1,
        1 => return,
        _ => xs.map(|a| a),
    }
    if let Some(S { x }) | T(x) = h(x) { x } else if let None = y { 1 } else { 2 }
}
"#;
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.diagnostics, []);
    let dumped = ast::dump(&parsed.module);
    let expected = "\
enum E<T>
  A
  B(T, u8)
  C { x: u8, y: T }
fn f(e: E<u8>) -> u8
  for Point { x, .. } in ps
    g(x)
  let Point { x, y: _ } = p
  match e { E::A => 1, E::B(0 | 5..=9, ..) if x.w => { = 3 }, \
E::B((-1), mut b) if (S { x } == s) => if (b > 0) { = 1 } else { = 2 }, \
E::C { x, y: (a, [_, ..]) } => _ { x: 1, y }, \
LO..=HI | ..3 | 7.. => match x { _ => 3 }, 0 => { x += 1 }, 1 => { return }, _ => xs.map((|a| a)) }
  = if let Some(S { x }) | T(x) = h(x) { = x } else if let None = y { = 1 } else { = 2 }
";
    assert_eq!(dumped, expected);
}

#[test]
fn documentation_belongs_to_what_it_stands_before() {
    let text = "//! Module.\n/// Item,\n/// two lines.\nstruct S {\n    /// Field.\n    a: u8, /// Next.\n    b: u8 }\n\n/// F.\nfn main(/// P.\n mut p: u8, q: u8) -> {\n /// R.\n r: u8 } { r }\n";
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.module.docs, "Module.");
    let [one, two] = parsed.module.items.as_slice() else {
        panic!("two items");
    };
    assert_eq!(
        (one.docs.as_str(), two.docs.as_str()),
        ("Item,\ntwo lines.", "F.")
    );
    let ast::ItemKind::Struct(s) = &one.kind else {
        panic!()
    };
    let docs: Vec<&str> = s.fields.iter().map(|f| f.docs.as_str()).collect();
    assert_eq!(docs, ["Field.", "Next."]);
    let ast::ItemKind::Fn(f) = &two.kind else {
        panic!()
    };
    let docs: Vec<&str> = f.params.iter().map(|p| p.docs.as_str()).collect();
    assert_eq!(docs, ["P.", ""]);
    let ast::Ret::Fields(fields, _) = &f.result else {
        panic!()
    };
    assert_eq!(fields[0].docs, "R.");
}

#[test]
fn comments_and_blank_lines_are_kept() {
    let text = "// a\n\nfn f() { // b\n\r\n\n    /* c\n\n */ x; /// d\n}";
    let trivia = parse(FileId(0), text).trivia;
    let comments: Vec<(&str, ast::CommentKind, bool)> = trivia
        .comments
        .iter()
        .map(|c| {
            (
                &text[c.span.start as usize..c.span.end as usize],
                c.kind,
                c.own_line,
            )
        })
        .collect();
    use ast::CommentKind as C;
    assert_eq!(
        comments,
        [
            ("// a", C::Line, true),
            ("// b", C::Line, false),
            ("/* c\n\n */", C::Block, true),
            ("/// d", C::Doc, false),
        ]
    );
    let at = |what: &str| text.find(what).unwrap_or(0) as u32;
    assert_eq!(trivia.blank_lines, [at("fn"), at("/* c")]);
    assert!(trivia.blank_before(at("fn")) && !trivia.blank_before(at("x;")));
    assert_eq!(trivia.between(at("fn"), at("x;")).len(), 2);
}

#[test]
fn what_a_formatter_must_tell_apart_is_told_apart() {
    let text = "use a::{b, c as d};\nuse a::b;\nparty p[2];\nparty q[2..=2];\nfn f() { assert(x.reveal(), \"\\n\"); assert(reveal(x)); let (a) = 0x1_0u8; }";
    let parsed = parse(FileId(0), text);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let kinds: Vec<&ast::ItemKind> = parsed.module.items.iter().map(|i| &i.kind).collect();
    let [
        ast::ItemKind::Use(group),
        ast::ItemKind::Use(whole),
        ast::ItemKind::Party(n),
        ast::ItemKind::Party(range),
        ast::ItemKind::Fn(f),
    ] = kinds.as_slice()
    else {
        panic!("{kinds:?}");
    };
    assert!(matches!(&group.end, ast::UseEnd::Group(names) if names.len() == 2));
    assert_eq!(group.imports().len(), 2);
    assert!(matches!(&whole.end, ast::UseEnd::Whole(None)));
    assert_eq!(whole.imports()[0].local.text, "b");
    assert!(matches!(n.count, Some(ast::PartyCount::Exactly(_))));
    assert!(matches!(range.count, Some(ast::PartyCount::Range { .. })));
    let written = |span: Span| &text[span.start as usize..span.end as usize];
    let mut forms = Vec::new();
    for stmt in &f.body.stmts {
        match &stmt.kind {
            ast::StmtKind::Expr(e, true) => {
                let ast::ExprKind::Assert(inner, why) = &e.kind else {
                    panic!()
                };
                let ast::ExprKind::Reveal(_, form) = inner.kind else {
                    panic!()
                };
                forms.push((form, why.as_ref().map(|w| written(w.span))));
            }
            ast::StmtKind::Let {
                pattern,
                init: Some(init),
                ..
            } => {
                assert_eq!(
                    (written(pattern.span), written(init.span)),
                    ("(a)", "0x1_0u8")
                );
            }
            other => panic!("{other:?}"),
        }
    }
    use ast::RevealForm as R;
    assert_eq!(forms, [(R::Method, Some("\"\\n\"")), (R::Function, None)]);
}
