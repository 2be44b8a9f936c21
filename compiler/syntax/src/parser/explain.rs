//! Why an item could not be parsed, in words for people.
//!
//! The generated parser knows which tokens could have followed; this turns them into at most one short list, and
//! recognises what people write who come from other languages.

mod foreign;

use super::{Tok, slice};
use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Kind, Token};
use crate::span::{FileId, Span};
use lalrpop_util::ParseError;

/// The diagnostic for a failure of the generated parser.
pub fn syntax_error(
    file: FileId,
    text: &str,
    tokens: &[Token],
    error: ParseError<usize, Tok<'_>, ()>,
) -> Diagnostic {
    let (start, end, found, expected) = match error {
        ParseError::UnrecognizedToken {
            token: (l, tok, r),
            expected,
        } => (l, r, Some(tok), expected),
        ParseError::ExtraToken { token: (l, tok, r) } => (l, r, Some(tok), Vec::new()),
        ParseError::UnrecognizedEof { location, expected } => (location, location, None, expected),
        ParseError::InvalidToken { location } => (location, location, None, Vec::new()),
        ParseError::User { .. } => (0, 0, None, Vec::new()),
    };
    let mut span = Span::new(file, start, end);
    let position = tokens.iter().position(|t| t.span.start as usize >= start);
    let before = position
        .unwrap_or(tokens.len())
        .checked_sub(1)
        .and_then(|at| tokens.get(at));
    let found_text = match found {
        Some(Tok::StmtEnd) => "the end of the block".to_owned(),
        Some(_) => format!("`{}`", shorten(slice(text, span))),
        None => "the end of the item".to_owned(),
    };
    let can = |what: &str| expected.iter().any(|e| e.trim_matches('"') == what);
    if let Some(special) = special_case(text, tokens, position, span, &can) {
        return special;
    }
    // A forgotten `;` or `,` belongs to the end of what is before it.
    if let Some(before) = before
        && can(";")
        && (new_line_between(text, before.span, start)
            || matches!(found, Some(Tok::K(k, _)) if starts_statement(k)))
    {
        span = Span {
            start: before.span.end,
            end: before.span.end,
            ..span
        };
        return diagnostic!(E1005, span, "expected `;`, found {found_text}")
            .here("a `;` is missing here")
            .help("end the statement with `;`");
    }
    let list = describe(&expected);
    let message = if list.is_empty() {
        format!("unexpected {found_text}")
    } else {
        format!("expected {list}, found {found_text}")
    };
    let mut error = diagnostic!(E1005, span, "{message}").here("not expected here");
    if let Some(before) = before {
        error = error.because(before.span, "after this");
    }
    let help = if list.is_empty() {
        "remove it".to_owned()
    } else {
        format!("write {list} here")
    };
    error.help(help)
}

/// Slips that deserve an answer of their own.
fn special_case(
    text: &str,
    tokens: &[Token],
    position: Option<usize>,
    span: Span,
    can: &dyn Fn(&str) -> bool,
) -> Option<Diagnostic> {
    let at = position?;
    let token = tokens.get(at)?;
    let before = at.checked_sub(1).and_then(|i| tokens.get(i));
    let word = slice(text, token.span);
    if let Some(error) = foreign::slip(text, tokens, at, can) {
        return Some(error);
    }
    let is_first = tokens[..at].iter().all(|t| t.kind == Kind::Pub);
    if is_first && token.kind == Kind::From {
        return Some(
            diagnostic!(E1005, span, "`from` does not begin an item")
                .here("expected an item")
                .help("write `use std::stats::mean;`"),
        );
    }
    if is_first && token.kind == Kind::Ident {
        let error =
            diagnostic!(E1005, span, "`{word}` does not begin an item").here("expected an item");
        let items = [
            "fn", "struct", "enum", "type", "const", "use", "party", "test", "circuit", "pub",
        ];
        let guess = match word {
            "func" | "function" | "def" | "proc" => Some("fn"),
            "import" | "include" => Some("use"),
            "class" | "record" => Some("struct"),
            "let" | "static" | "var" => Some("const"),
            "typedef" => Some("type"),
            _ => crate::diagnostic::suggestion(word, items),
        };
        return Some(match guess {
            Some(guess) => error.help(format!("write `{guess}` in place of `{word}`")),
            None if matches!(word, "impl" | "trait" | "interface") => error.help(
                "there are no methods of types: write functions, and call `f(x)` as `x.f()`",
            ),
            None if word.eq_ignore_ascii_case("select") => error.help(
                "a program is a function of what each gives: `fn main(salary: secret u32 from each) -> u64 { salary.sum() }`; groups and joins are in `std::table`",
            ),
            None => error.help(
                "items are `fn`, `struct`, `enum`, `type`, `const`, `use`, `party`, `test` and `circuit`",
            ),
        });
    }
    if is_first && token.kind == Kind::Let {
        return Some(
            diagnostic!(E1005, span, "there are no global variables")
                .here("`let` stands only in functions")
                .help("write `const NAME: TYPE = VALUE;`, or move it into a function"),
        );
    }
    let item = matches!(
        token.kind,
        Kind::Const | Kind::Fn | Kind::Struct | Kind::Enum | Kind::Use
    );
    let begins = matches!(
        before.map(|b| b.kind),
        Some(Kind::Semi | Kind::LBrace | Kind::RBrace)
    );
    if item && begins && !is_first {
        return Some(
            diagnostic!(E1005, span, "`{word}` stands outside of functions")
                .here("in a function")
                .help("move it out, to the other items of the file"),
        );
    }
    let reserved = crate::lexer::KEYWORDS.contains(&word);
    if reserved
        && can("ident")
        && before.is_some_and(|b| {
            matches!(
                b.kind,
                Kind::Let | Kind::Mut | Kind::Fn | Kind::Struct | Kind::Const | Kind::Dot
            )
        })
    {
        return Some(
            diagnostic!(
                E1005,
                span,
                "`{word}` is a reserved word and cannot be a name"
            )
            .here("expected a name")
            .help(format!("choose another name, for example `{word}_`")),
        );
    }
    if token.kind == Kind::RBracket && can(";") && can("in") {
        return Some(
            diagnostic!(E1005, span, "the type of an array says its length")
                .here("no length before this")
                .help("write `[T; 8]`, `[T; N]` with `<const N: usize>` after the function's name, or `[T; _]` for a length that each party chooses"),
        );
    }
    if token.kind == Kind::Const
        && before.is_some_and(|b| matches!(b.kind, Kind::Comma | Kind::LParen))
    {
        return Some(
            diagnostic!(E1005, span, "a constant is no parameter")
                .here("not expected here")
                .help("write `<const N: usize>` after the function's name; a parameter without `secret` is a public argument"),
        );
    }
    if matches!(token.kind, Kind::Int | Kind::Str)
        && can("ident")
        && let Some(before) = before.filter(|b| matches!(b.kind, Kind::From | Kind::To))
    {
        let (whose, all) = match before.kind {
            Kind::From => ("from", "`from each` for what each party gives"),
            _ => ("to", "leave it out where all learn the result"),
        };
        return Some(
            diagnostic!(E1005, span, "a program speaks of parties by names")
                .here("not a name")
                .help(format!(
                    "declare `party alice;` and write `{whose} alice`; or {all}"
                )),
        );
    }
    if token.kind == Kind::Eq && can("{body") {
        return Some(
            diagnostic!(E1005, span, "`=` assigns, it does not compare")
                .here("in a condition")
                .help("compare with `==`"),
        );
    }
    if token.kind == Kind::Star && can("!") {
        return Some(
            diagnostic!(E1005, span, "there are no references in this language")
                .here("`*` before a value")
                .help("remove the `*`: everything is a value"),
        );
    }
    if token.kind == Kind::And && can("!") {
        return Some(
            diagnostic!(E1005, span, "there are no references in this language")
                .here("`&` before a value")
                .help("remove the `&`: everything is a value"),
        );
    }
    if token.kind == Kind::And && can("secret") {
        return Some(
            diagnostic!(E1005, span, "there are no references in this language")
                .here("`&` before a type")
                .help("remove the `&`: everything is a value"),
        );
    }
    if matches!(
        token.kind,
        Kind::EqEq | Kind::Ne | Kind::Lt | Kind::Le | Kind::Gt | Kind::Ge
    ) && can("&&")
    {
        return Some(
            diagnostic!(E1005, span, "comparisons cannot be chained")
                .here("a second comparison")
                .help("write `a < b && b < c`"),
        );
    }
    None
}

fn starts_statement(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Let
            | Kind::For
            | Kind::While
            | Kind::Return
            | Kind::RBrace
            | Kind::Break
            | Kind::Continue
            | Kind::If
    )
}

fn new_line_between(text: &str, before: Span, start: usize) -> bool {
    text.get(before.end as usize..start)
        .is_some_and(|gap| gap.contains('\n'))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 30 {
        text.to_owned()
    } else {
        text.chars().take(29).collect::<String>() + "…"
    }
}

/// Up to five things that could follow, most telling first; whole classes get one name.
fn describe(expected: &[String]) -> String {
    let names: Vec<&str> = expected.iter().map(|e| e.trim_matches('"')).collect();
    let has = |what: &str| names.contains(&what);
    let mut list: Vec<String> = Vec::new();
    if has("reveal") {
        list.push("a value".into());
    } else if has("secret") && has("[") {
        list.push("a type".into());
    } else if has("ident") {
        list.push("a name".into());
    } else if has("str") {
        list.push("a string".into());
    } else if has("int") {
        list.push("a number".into());
    }
    for mark in [
        ";", ",", ")", "]", "{", "}", ":", "=", "->", "in", "::", "(", "fn",
    ] {
        let shadowed = has("reveal") && matches!(mark, "(" | "{");
        if (has(mark) || (mark == "{" && has("{body")))
            && !shadowed
            && !(has("secret") && mark == "(")
        {
            list.push(format!("`{mark}`"));
        }
    }
    if has("&&") && !has("reveal") {
        list.insert(0, "an operator".into());
    }
    list.truncate(5);
    match list.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
