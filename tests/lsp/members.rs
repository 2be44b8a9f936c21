//! What follows a dot: the fields and functions of the type that stands before it, whatever expression that is.

use super::{Editor, labels};
use serde_json::json;

const PROGRAM: &str = "use std::stats::mean;

struct Point { x: i32, y: i32 }
struct Pair { left: secret Point, count: u16 }

fn middle(a: secret Point, b: secret Point) -> secret Pair {
    Pair { left: Point { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, count: 2 }
}

fn double(n: secret i32) -> secret i32 { n * 2 }

fn of_all(points: [secret Point; 3]) -> secret i32 { points[0].x }

fn main(p: secret [Point; 3] from each, ages: secret [u8; 3] from each, name: secret str<8> from each) -> i32 {
    let here = p[0];
    let near = |q: secret Point| q.x < 3;
    HERE
    0
}
";

/// What is offered where `|` stands in a statement of `main`.
fn offered(editor: &mut Editor, statement: &str) -> Vec<String> {
    let text = PROGRAM.replace("HERE", statement);
    let at = text.rfind('|').expect("a place");
    editor.becomes(&(text[..at].to_owned() + &text[at + 1..]));
    let place = editor.position_of(at);
    let document = json!({"uri": editor.uri("main.smpc")});
    let answer = editor.ask(
        "textDocument/completion",
        json!({"textDocument": document, "position": place}),
    );
    labels(&answer)
}

#[test]
fn only_what_the_type_has_is_offered() {
    let mut editor = Editor::new();
    for (statement, has, has_not) in [
        // Of a call, of an element, of a field, of a result of a function of the library, in the middle of other things.
        (
            "middle(here, p[1][0]).|",
            "left count reveal",
            "x y sum len abs",
        ),
        (
            "let a = middle(here[0], p[1][0]).left.|",
            "x y middle near",
            "left count double of_all mean",
        ),
        ("p[0][1].|;", "x y reveal middle", "left len map"),
        ("let n = double(p[0][0].|", "x y", "count sum"),
        (
            "let n = double(p[0][0].x + p[1][1].|) + 3;",
            "x y",
            "count sum",
        ),
        ("p[0].|", "len map fold of_all rev zip", "x y sum dot left"),
        ("ages[0].|", "sum len mean variance", "x abs rotate_left"),
        (
            "ages[0].map(|a| a.|)",
            "count_ones rotate_left checked_add min",
            "len sum x",
        ),
        (
            "double(3).|",
            "abs double max saturating_add reveal",
            "len x isqrt is_some",
        ),
        ("(3u32).|", "isqrt abs", "double reveal len"),
        ("name[0].|", "len bytes min", "abs x sum"),
        (
            "ages[0][0].checked_add(1).|",
            "is_some is_none unwrap_or map",
            "len x abs",
        ),
        ("(here, 3u8).|", "0 1", "2 x len"),
        ("if (here[0].x < 3).|", "swap_if", "x len"),
        ("for q in p[1].|", "len map", "x"),
        ("p[0][1].x|", "x y", "left len"),
        ("p[0][1].middle|(here[0])", "x middle", "left"),
    ] {
        let found = offered(&mut editor, statement);
        for name in has.split(' ') {
            assert!(
                found.iter().any(|f| f == name),
                "{statement}: {name} of {found:?}"
            );
        }
        for name in has_not.split(' ') {
            assert!(
                !found.iter().any(|f| f == name),
                "{statement}: no {name}, {found:?}"
            );
        }
    }
    editor.end();
}

/// What cannot be checked has no type, and nothing is guessed; what is half written behind it does not matter.
#[test]
fn without_a_type_there_are_no_fields() {
    let mut editor = Editor::new();
    let found = offered(&mut editor, "nothing_of_the_kind(3).|");
    assert!(
        !found.iter().any(|name| name == "x" || name == "left"),
        "{found:?}"
    );
    let found = offered(&mut editor, "middle(here[0], p[1][0]).|\n    let b = if ;");
    assert!(
        found.contains(&"left".into()) && !found.contains(&"x".into()),
        "{found:?}"
    );
    editor.end();
}

/// A function of the library comes with its `use`.
#[test]
fn functions_of_the_library_come_with_their_use() {
    let mut editor = Editor::new();
    let text = PROGRAM.replace("HERE", "let v = ages[0].");
    let at = text.find("ages[0].").expect("it is there") + "ages[0].".len();
    editor.becomes(&text);
    let place = editor.position_of(at);
    let document = json!({"uri": editor.uri("main.smpc")});
    let answer = editor.ask(
        "textDocument/completion",
        json!({"textDocument": document, "position": place}),
    );
    let items = answer["result"].as_array().expect("a list");
    let item = |name: &str| {
        items
            .iter()
            .find(|i| i["label"] == name)
            .expect("it is offered")
    };
    let edit = &item("variance")["additionalTextEdits"][0];
    assert_eq!(edit["newText"], "use std::stats::variance;\n");
    assert!(item("mean")["additionalTextEdits"].is_null());
    editor.end();
}

/// What is offered at the end of a text, which is what there is of a program.
fn offered_after(editor: &mut Editor, text: &str) -> Vec<String> {
    editor.becomes(text);
    let place = editor.position_of(text.len());
    let document = json!({"uri": editor.uri("main.smpc")});
    let answer = editor.ask(
        "textDocument/completion",
        json!({"textDocument": document, "position": place}),
    );
    labels(&answer)
}

#[test]
fn names_of_types_are_followed_by_what_they_have() {
    let mut editor = Editor::new();
    // The text before this one was whole, and has none of these names.
    editor.diagnostics();
    let items = "enum Kind { None, Some(u8), Both { a: u8 } }\nstruct Row { age: u8, days: u16 }\n";
    for (text, offered) in [
        (
            "fn f() -> Kind {\n    Kind::",
            &["None", "Some", "Both"][..],
        ),
        (
            "fn f(k: Kind) -> u8 {\n    match k { Kind::None => 1, Kind::",
            &["None", "Some", "Both"],
        ),
        ("fn f() -> u8 {\n    u8::", &["MAX", "MIN", "BITS"]),
        ("fn f() -> Row {\n    Row { ", &["age", "days"]),
        (
            "fn f() -> Row {\n    let r = Row { days: max(1, 2), ",
            &["age"],
        ),
        ("fn f() -> Row {\n    let r = Row { days: 3, a", &["age"]),
        ("fn f(r: Row) -> u8 {\n    let Row { ", &["age", "days"]),
    ] {
        let found = offered_after(&mut editor, &format!("{items}{text}"));
        for one in offered {
            assert!(found.contains(&(*one).to_owned()), "{text}: {found:?}");
        }
        assert!(found.len() <= offered.len() + 1, "{text}: {found:?}");
    }
    // Roles, and fields of what is declared there, are those of the text as it is.
    for (text, offered) in [
        (
            "party north;\nparty south;\nfn main(x: secret u8 from ",
            &["north", "south", "each"][..],
        ),
        (
            "fn f(k: u8, r: Row) -> u8 {\n    let t = (;\n    r.",
            &["age", "days"],
        ),
    ] {
        let found = offered_after(&mut editor, &format!("{items}{text}"));
        for one in offered {
            assert!(found.contains(&(*one).to_owned()), "{text}: {found:?}");
        }
    }
    // The braces of a body, and those of a block after a condition, are no struct's.
    for text in [
        "fn f() -> Row {\n    ",
        "fn f(c: bool) -> Row {\n    if c { ",
        "fn f() -> Row {\n    Row { age: ",
    ] {
        let found = offered_after(&mut editor, &format!("{items}{text}"));
        for one in ["Kind", "Row", "let", "f64"] {
            assert!(found.contains(&one.to_owned()), "{text}: {one}: {found:?}");
        }
    }
    editor.end();
}
