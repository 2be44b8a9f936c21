//! The printer alone.

use super::*;

fn call<'a>(items: &[&'a str], last: Option<Doc<'a>>) -> Doc<'a> {
    let element = |doc| Element {
        doc,
        after: Doc::nothing(),
        blank: false,
    };
    let style = if last.is_some() {
        Style::Last
    } else {
        Style::Plain
    };
    let texts = items.iter().map(|text| element(Doc::text(text)));
    Doc::seq(vec![
        Doc::text("f"),
        Doc::list(List {
            open: Doc::text("("),
            items: texts.chain(last.map(element)).collect(),
            tail: Doc::nothing(),
            close: Doc::text(")"),
            padded: false,
            comma: true,
            always_comma: false,
            before: false,
            style,
        }),
    ])
}

#[test]
fn lists_break_when_they_do_not_fit() {
    assert_eq!(print(&call(&["a", "b"], None)), "f(a, b)\n");
    let long = "x".repeat(60);
    let broken = format!("f(\n    {long},\n    {long},\n)\n");
    assert_eq!(print(&call(&[&long, &long], None)), broken);
    let most = "x".repeat(WIDTH - 3);
    assert_eq!(print(&call(&[&most], None)), format!("f({most})\n"));
    let more = "x".repeat(WIDTH - 2);
    assert_eq!(
        print(&call(&[&more], None)),
        format!("f(\n    {more},\n)\n")
    );
}

#[test]
fn a_last_element_may_break_alone() {
    let block = Doc::seq(vec![
        Doc::text("|x| "),
        Doc::text("{"),
        Doc::indent(Doc::seq(vec![Doc::hard(), Doc::text("x;")])),
        Doc::hard(),
        Doc::text("}"),
    ]);
    let shown = print(&call(&["a"], Some(block.enclosed())));
    assert_eq!(shown, "f(a, |x| {\n    x;\n})\n");
}

#[test]
fn no_line_ends_with_white_space() {
    let doc = Doc::seq(vec![
        Doc::text("a"),
        Doc::space(),
        Doc::hard(),
        Doc::blank(),
        Doc::text("b"),
        Doc::space(),
        Doc::hard(),
    ]);
    assert_eq!(print(&doc), "a\n\nb\n");
}
