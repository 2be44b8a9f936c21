//! Slips of people who know other languages: what they wrote, and what is written here.

use super::slice;
use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Kind, Token};

/// The answer to a slip at a token that cannot stand where it does; `can` says whether a token could.
pub fn slip(
    text: &str,
    tokens: &[Token],
    at: usize,
    can: &dyn Fn(&str) -> bool,
) -> Option<Diagnostic> {
    let token = *tokens.get(at)?;
    let word = slice(text, token.span);
    let before = |n: usize| at.checked_sub(n).and_then(|i| tokens.get(i)).copied();
    let word_before = |n: usize| before(n).map_or("", |t| slice(text, t.span));
    let kind_before = |n: usize| before(n).map(|t| t.kind);
    let joined = |a: Option<Token>, b: Token| a.is_some_and(|a| a.span.end == b.span.start);
    let say = |from: Option<Token>, message: String, help: String| {
        let span = from.map_or(token.span, |from| from.span.to(token.span));
        Some(
            diagnostic!(E1005, span, "{message}")
                .here("not in this language")
                .help(help),
        )
    };
    let expects_value = can("!");
    let follows_value = ends_value(kind_before(1)) && (can("&&") || can(";"));
    let counted = || {
        say(
            None,
            "a loop runs over a range or over an array".into(),
            "write `for i in 0..n { … }`".into(),
        )
    };
    // `try { x / 2 }`, of which `try { x` could be a struct
    let opened = match [kind_before(1), kind_before(2)] {
        [Some(Kind::LBrace), _] => 2,
        [Some(Kind::Ident), Some(Kind::LBrace)] => 3,
        _ => 0,
    };
    if opened > 0
        && let Some(help) = block_of(word_before(opened))
    {
        let message = format!("there is no `{}`", word_before(opened));
        return say(before(opened), message, help.into());
    }
    match token.kind {
        // `for (let i = 0; …)`, `for (int i = 0; …)`, `for (i = 0; …)`
        Kind::Let if kind_before(1) == Some(Kind::LParen) && kind_before(2) == Some(Kind::For) => {
            counted()
        }
        Kind::Ident | Kind::Eq
            if kind_before(1) == Some(Kind::Ident)
                && kind_before(2) == Some(Kind::LParen)
                && kind_before(3) == Some(Kind::For) =>
        {
            counted()
        }
        // `x >>> n`
        Kind::Gt
            if kind_before(1) == Some(Kind::Gt)
                && joined(before(1), token)
                && tokens
                    .get(at + 1)
                    .is_some_and(|t| t.kind == Kind::Gt && t.span.start == token.span.end) =>
        {
            say(
                before(1),
                "there is no operator `>>>`".into(),
                "write `x >> n`, which brings zeros in where `x` is unsigned: `(x as u32) >> n`"
                    .into(),
            )
        }
        // `x is None`, `x is not None`
        Kind::Ident
            if word.eq_ignore_ascii_case("is") && !expects_value && ends_value(kind_before(1)) =>
        {
            let next = |n: usize| tokens.get(at + n).map_or("", |t| slice(text, t.span));
            let is_nothing = |word: &str| matches!(word, "None" | "NULL" | "null");
            let is_not = next(1).eq_ignore_ascii_case("not");
            let help = match is_not {
                true if is_nothing(next(2)) => "write `x.is_some()`",
                true => "write `x != y`",
                false if is_nothing(next(1)) => "write `x.is_none()`",
                false => "write `x == y`",
            };
            say(None, format!("`{word}` is not an operator"), help.into())
        }
        // `x |> f()`
        Kind::Gt
            if expects_value
                && kind_before(1) == Some(Kind::Or)
                && joined(before(1), token) =>
        {
            say(
                before(1),
                "there is no operator `|>`".into(),
                "call it as a method: `xs.map(|x| x + 1).sum()`".into(),
            )
        }
        // `x := 3`
        Kind::Colon
            if kind_before(1) == Some(Kind::Ident)
                && tokens
                    .get(at + 1)
                    .is_some_and(|t| t.kind == Kind::Eq && t.span.start == token.span.end) =>
        {
            say(
                None,
                "`:=` does not declare a variable".into(),
                format!("write `let mut {} = …;`", word_before(1)),
            )
        }
        // `(u64)x`
        Kind::Ident | Kind::Int | Kind::LParen
            if kind_before(1) == Some(Kind::RParen)
                && kind_before(2) == Some(Kind::Ident)
                && kind_before(3) == Some(Kind::LParen)
                && is_type(word_before(2)) =>
        {
            say(
                before(3),
                "a type in parentheses converts nothing".into(),
                format!("write `x as {}`", ours(word_before(2))),
            )
        }
        // `function(x) { … }` as a value
        Kind::Ident | Kind::LBrace
            if kind_before(1) == Some(Kind::RParen)
                && called(text, &tokens[..at]) == Some("function") =>
        {
            say(
                None,
                "a closure is not written with `function`".into(),
                "write `|x| x + 1`".into(),
            )
        }
        // `[...xs, x]`
        Kind::DotDot
            if matches!(kind_before(1), Some(Kind::LBracket | Kind::Comma))
                && tokens
                    .get(at + 1)
                    .is_some_and(|t| t.kind == Kind::Dot && t.span.start == token.span.end) =>
        {
            say(
                None,
                "there is no operator `...`".into(),
                "put arrays together: `concat(xs, [x])`".into(),
            )
        }
        // `fn f<T>(x: T) -> T where T: Ord`
        Kind::Ident if word == "where" && can("{") && can("::") => say(
            None,
            "there is no `where`".into(),
            "write what a type must have where it is named: `fn f<T: Ord>(x: T) -> T { … }`".into(),
        ),
        // `switch (x) {`
        Kind::LBrace
            if kind_before(1) == Some(Kind::RParen)
                && called(text, &tokens[..at]).is_some_and(|w| w == "switch" || w == "when") =>
        {
            say(
                None,
                format!("there is no `{}`", called(text, &tokens[..at]).unwrap_or("switch")),
                "write `match x { 0 => a, 1 => b, _ => c }`".into(),
            )
        }
        // `println!(…)`
        Kind::Bang if kind_before(1) == Some(Kind::Ident) && joined(before(1), token) => {
            let name = word_before(1);
            let help = match name {
                "println" | "print" | "eprintln" | "eprint" | "dbg" | "write" | "writeln" => {
                    "a program shows its result only: return it from `main`, or `reveal(x)` what everyone may learn".to_owned()
                }
                "assert" | "debug_assert" => "write `assert(c)`".to_owned(),
                "assert_eq" | "debug_assert_eq" => "write `assert(a == b)`".to_owned(),
                "assert_ne" | "debug_assert_ne" => "write `assert(a != b)`".to_owned(),
                "vec" => "write `[a, b, c]`, or `[x; n]`".to_owned(),
                "panic" | "unreachable" | "todo" | "unimplemented" => {
                    "write `assert(false, \"why\")`".to_owned()
                }
                "format" => "texts are not put together: return the values, each in a field with a name".to_owned(),
                _ => "call a function without the `!`".to_owned(),
            };
            say(
                before(1),
                format!("there are no macros such as `{name}!`"),
                help,
            )
        }
        // `assert!(…)`: `assert` is a word of the language.
        Kind::Bang if kind_before(1) == Some(Kind::Assert) => say(
            before(1),
            "`assert` is no macro".into(),
            "write `assert(c)`, or `assert(c, \"why\")`".into(),
        ),
        // `i++`, `++i`, `i--`
        Kind::Plus if expects_value => match (kind_before(1), joined(before(1), token)) {
            (Some(Kind::Plus), true) => counting(text, tokens, at - 1, "+"),
            _ if tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Plus) => {
                counting(text, tokens, at, "+")
            }
            _ => None,
        },
        Kind::Semi | Kind::RBrace | Kind::RParen | Kind::Comma
            if expects_value
                && kind_before(1) == Some(Kind::Minus)
                && kind_before(2) == Some(Kind::Minus) =>
        {
            counting(text, tokens, at - 2, "-")
        }
        // `a ** b`
        Kind::Star if expects_value && kind_before(1) == Some(Kind::Star) => say(
            before(1),
            "there is no operator `**`".into(),
            "multiply: `a * a`, or in a loop".into(),
        ),
        // `a === b`, `a !== b`
        Kind::Eq if matches!(kind_before(1), Some(Kind::EqEq | Kind::Ne)) && expects_value => say(
            before(1),
            format!("there is no operator `{}=`", word_before(1)),
            "compare with `==` or `!=`".into(),
        ),
        // `f(x, name = y)`
        Kind::Eq
            if kind_before(1) == Some(Kind::Ident)
                && matches!(kind_before(2), Some(Kind::LParen | Kind::Comma))
                && can(")") =>
        {
            say(
                before(1),
                "arguments have no names".into(),
                "give the values in the order of the parameters: `f(x, y)`".into(),
            )
        }
        // `a <> b`
        Kind::Gt if kind_before(1) == Some(Kind::Lt) && expects_value => say(
            before(1),
            "there is no operator `<>`".into(),
            "compare with `!=`".into(),
        ),
        // `if c: …`
        Kind::Colon if can("{body") => say(
            None,
            "a block stands in braces, not after `:`".into(),
            "write `{ … }`".into(),
        ),
        Kind::Colon if kind_before(1) == Some(Kind::Else) => say(
            None,
            "a block stands in braces, not after `:`".into(),
            "write `else { … }`".into(),
        ),
        // `[x for x in xs]`
        Kind::For if can("]") => say(
            None,
            "an array is not made by a loop inside it".into(),
            "write `xs.map(|x| …)`, or `[x; n]` first and `xs[i] = …` in a loop".into(),
        ),
        // `a if c else b`
        Kind::If if can(";") && is_choice(text, tokens, at) => say(
            None,
            "what is chosen stands after the condition".into(),
            "write `if c { a } else { b }`".into(),
        ),
        // `xs[a:b]`
        Kind::Colon if can("]") || expects_value && kind_before(1) == Some(Kind::LBracket) => say(
            None,
            "a part of an array is not written with `:`".into(),
            "write `xs[a..b]`, `xs[a..]` or `xs[..b]`".into(),
        ),
        // `u32[3]`
        Kind::LBracket
            if kind_before(1) == Some(Kind::Ident)
                && matches!(
                    kind_before(2),
                    Some(Kind::Colon | Kind::Secret | Kind::Public)
                )
                && can("in") =>
        {
            say(
                before(1),
                "the length of an array stands behind its type, in the same brackets".into(),
                format!(
                    "write `[{}; 3]`, with the length that you mean",
                    word_before(1)
                ),
            )
        }
        // `use std::{stats::mean};`
        Kind::PathSep
            if can("}") && can("as") && tokens.first().is_some_and(|t| t.kind == Kind::Use) =>
        {
            say(
                before(1),
                "in the braces of a `use` stand single names".into(),
                "write a `use` for each module: `use std::stats::{mean, median};`".into(),
            )
        }
        // `-> { a: u8, b: u8 } to analyst`
        Kind::To if kind_before(1) == Some(Kind::RBrace) && can("{") => {
            let to = tokens.get(at + 1).map_or("all", |t| slice(text, t.span));
            say(
                None,
                "of a result in braces each field has receivers of its own".into(),
                format!(
                    "write `to {to}` after the type of each field, or declare a `struct` with the fields and write `-> NAME to {to}`"
                ),
            )
        }
        // `[secret _; 10]`
        Kind::Underscore
            if matches!(
                kind_before(1),
                Some(Kind::Secret | Kind::Public | Kind::LBracket | Kind::Colon)
            ) && can("fn") =>
        {
            say(
                None,
                "`_` stands for a length, not for a type".into(),
                "write the type, as in `[secret u32; 10]`; a variable needs none, if its value has one: `let xs = …;`"
                    .into(),
            )
        }
        // `fn main(#[name("Age (years)")] age: …)`
        Kind::Hash
            if matches!(kind_before(1), Some(Kind::LParen | Kind::Comma))
                && tokens.first().is_some_and(|t| t.kind == Kind::Fn) =>
        {
            say(
                None,
                "parameters have no attributes".into(),
                "declare a struct with the column as a field, `struct Row { #[name(\"Age (years)\")] age: u8 }`, and take `rows: [secret Row; _] from …`"
                    .into(),
            )
        }
        // `x => x + 1`
        Kind::FatArrow
            if can("&&")
                || can(")") && matches!(kind_before(1), Some(Kind::Ident | Kind::RParen)) =>
        {
            say(
            None,
            "a closure is not written with `=>`".into(),
            "write `|x| x + 1`".into(),
        )
        }
        // A loop where a value stands.
        Kind::Loop | Kind::While | Kind::For if expects_value && !can(";") => say(
            None,
            format!("`{word}` is a statement and has no value"),
            format!("put it into a block, and its result after it: `{{ {word} … {{ … }} x }}`"),
        ),
        Kind::DotDot | Kind::DotDotEq if can("&&") || can(";") => say(
            None,
            "a range is not a value".into(),
            "ranges stand in loops, `for i in 0..n { … }`, and as an index, `xs[0..n]`".into(),
        ),
        // `f"{x}"`
        Kind::Str if kind_before(1) == Some(Kind::Ident) && joined(before(1), token) => say(
            before(1),
            "texts are not put together".into(),
            "return the values, each in a field with a name: `{ mean: m, n: k }`".into(),
        ),
        // `x in xs`, `x between 1 and 3`
        Kind::In if follows_value => say(
            None,
            "`in` is not an operator".into(),
            "write `xs.any(|y| y == x)`, and of a range `a <= x && x <= b`".into(),
        ),
        Kind::Ident if word.eq_ignore_ascii_case("between") && follows_value => say(
            None,
            format!("`{word}` is not an operator"),
            "write `a <= x && x <= b`".into(),
        ),
        Kind::Ident if word.eq_ignore_ascii_case("where") && follows_value => say(
            None,
            format!("`{word}` is not an operator"),
            "choose in what is added up: `xs.map(|x| if x > 3 { x } else { 0 }).sum()`".into(),
        ),
        // `const N = 3;`
        Kind::Eq if kind_before(2) == Some(Kind::Const) && can(":") => say(
            None,
            "a constant has its type".into(),
            format!("write `const {}: usize = …;`, with the type that it shall have", word_before(1)),
        ),
        // `fn f(x: u8 = 3)`
        Kind::Eq if kind_before(2) == Some(Kind::Colon) && can(",") && can(")") => say(
            None,
            "parameters have no default values".into(),
            "write a second function that calls this one with the usual value: `fn usual(x: u8) -> u8 { f(x, 3) }`".into(),
        ),
        // `{"a": 1}`
        Kind::Colon
            if kind_before(1) == Some(Kind::Str) && kind_before(2) == Some(Kind::LBrace) =>
        {
            say(
                None,
                "there are no maps from keys to values".into(),
                "write an array that is indexed by numbers, `[3, 5][i]`, or choose: `match x { 1 => 3, 2 => 5, _ => 0 }`".into(),
            )
        }
        // `return a, b;`, `let a = 1, b = 2;`
        Kind::Comma if follows_value && can(";") => {
            let begins = |t: &&Token| {
                matches!(
                    t.kind,
                    Kind::Let | Kind::Semi | Kind::LBrace | Kind::RBrace | Kind::Return
                )
            };
            let begin = tokens.get(..at).and_then(|all| all.iter().rev().find(begins));
            match begin.map(|t| t.kind) {
                Some(Kind::Let) => say(
                    None,
                    "one `let` declares one variable".into(),
                    "write `let a = 1; let b = 2;`".into(),
                ),
                _ => say(
                    None,
                    "several values stand in parentheses".into(),
                    "write `(a, b)`".into(),
                ),
            }
        }
        Kind::Ident if matches!(word, "and" | "or") => {
            let instead = if word == "and" { "&&" } else { "||" };
            say(
                None,
                format!("`{word}` is not an operator"),
                format!("write `{instead}`"),
            )
        }
        Kind::Ident if word == "not" => {
            say(None, "`not` is not an operator".into(), "write `!`".into())
        }
        _ => after_word(before(1)?, text, token),
    }
}

/// Whether the `if` at a token chooses between the value before it and one after `else`, in the same line and without braces.
fn is_choice(text: &str, tokens: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|i| tokens.get(i)) else {
        return false;
    };
    let rest = tokens.get(at + 1..).unwrap_or(&[]);
    let ends = |t: &&Token| {
        matches!(
            t.kind,
            Kind::Else | Kind::LBrace | Kind::Semi | Kind::RBrace
        )
    };
    let end = rest.iter().find(ends);
    end.is_some_and(|end| {
        let line = text.get(before.span.start as usize..end.span.end as usize);
        end.kind == Kind::Else && line.is_some_and(|line| !line.contains('\n'))
    })
}

/// What is written in place of a block of another language, by the word before it.
fn block_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "try" => {
            "nothing is caught: what is wrong ends the run for all; `checked_div` and its kin give an `Option`"
        }
        "do" | "repeat" => "write `while c { … }`, or `for i in 0..n { … }`",
        "unsafe" | "async" => "write what stands between the braces without them",
        _ => return None,
    })
}

fn ends_value(kind: Option<Kind>) -> bool {
    matches!(
        kind,
        Some(Kind::Ident | Kind::RParen | Kind::RBracket | Kind::Int)
    )
}

/// The word before the parentheses that end here, as in `switch (x)`.
fn called<'a>(text: &'a str, tokens: &[Token]) -> Option<&'a str> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().rev() {
        match token.kind {
            Kind::RParen => depth += 1,
            Kind::LParen if depth == 1 => {
                let word = tokens.get(at.checked_sub(1)?)?;
                return (word.kind == Kind::Ident).then(|| slice(text, word.span));
            }
            Kind::LParen => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Slips that show at the token after a word which means something elsewhere.
fn after_word(before: Token, text: &str, token: Token) -> Option<Diagnostic> {
    if before.kind != Kind::Ident {
        return None;
    }
    let word = slice(text, before.span);
    let next_is_name = token.kind == Kind::Ident;
    let (message, help) = match word {
        "not" => (
            "`not` is not an operator".to_owned(),
            "write `!`".to_owned(),
        ),
        "elif" | "elsif" | "elseif" | "elsf" => (
            format!("there is no `{word}`"),
            "write `else if`".to_owned(),
        ),
        _ if word.eq_ignore_ascii_case("case") && slice(text, token.span).eq_ignore_ascii_case("when") => (
            format!("there is no `{word}`"),
            "write `if c { a } else { b }`".to_owned(),
        ),
        _ if word.eq_ignore_ascii_case("select") => (
            "there are no queries".to_owned(),
            "write `xs.sum()`, `xs.map(|x| if x > 3 { x } else { 0 }).sum()`; groups and joins are in `std::table`".to_owned(),
        ),
        "await" | "async" | "yield" if next_is_name => (
            format!("there is no `{word}`"),
            "a value is there when it is used: write it alone".to_owned(),
        ),
        "mapping" => (
            "there are no maps from keys to values".to_owned(),
            "write an array that is indexed by numbers: `[u32; 10]`".to_owned(),
        ),
        "switch" | "case" | "when" => (
            format!("there is no `{word}`"),
            "write `match x { 0 => a, 1 => b, _ => c }`".to_owned(),
        ),
        "lambda" => (
            "a closure is not written with `lambda`".to_owned(),
            "write `|x| x + 1`".to_owned(),
        ),
        "def" | "func" | "function" => (
            format!("`{word}` does not begin a function"),
            "write `fn name(x: u32) -> u32 { … }`, outside of other functions".to_owned(),
        ),
        "var" | "auto" | "val" if next_is_name => (
            format!("`{word}` does not declare a variable"),
            format!("write `let mut {} = …;`", slice(text, token.span)),
        ),
        _ if next_is_name && is_type(word) && is_type(slice(text, token.span)) => {
            let both = format!("{word} {}", slice(text, token.span));
            let here = match both.as_str() {
                "unsigned char" => "u8",
                "unsigned short" => "u16",
                "unsigned long" => "u64",
                "unsigned int" => "u32",
                "short int" => "i16",
                "long int" | "long long" => "i64",
                "long double" => "f64",
                _ => return None,
            };
            (
                format!("there is no type `{both}`"),
                format!("write `{here}`"),
            )
        }
        _ if next_is_name && is_type(word) => (
            format!("the type of a variable stands after its name, not `{word}` before it"),
            format!(
                "write `{}: {}`, after `let` in a function",
                slice(text, token.span),
                ours(word)
            ),
        ),
        _ => return None,
    };
    let error = diagnostic!(E1005, before.span.to(token.span), "{message}");
    Some(error.here("not in this language").help(help))
}

/// `i++` and its kin.
fn counting(text: &str, tokens: &[Token], at: usize, sign: &str) -> Option<Diagnostic> {
    let first = tokens.get(at)?;
    let second = tokens.get(at + 1)?;
    let name = |i: Option<usize>| {
        let token = tokens.get(i?)?;
        (token.kind == Kind::Ident).then(|| slice(text, token.span))
    };
    let name = name(at.checked_sub(1))
        .or(name(Some(at + 2)))
        .unwrap_or("i");
    let error = diagnostic!(
        E1005,
        first.span.to(second.span),
        "there is no operator `{sign}{sign}`"
    );
    Some(
        error
            .here("not in this language")
            .help(format!("write `{name} {sign}= 1`")),
    )
}

fn is_type(word: &str) -> bool {
    let sized = word
        .strip_prefix(['u', 'i'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    sized
        || matches!(
            word,
            "int"
                | "uint"
                | "long"
                | "short"
                | "unsigned"
                | "char"
                | "bool"
                | "float"
                | "double"
                | "size_t"
                | "usize"
        )
}

/// The type here that is closest to one of C.
fn ours(word: &str) -> &str {
    match word {
        "int" => "i32",
        "uint" | "unsigned" => "u32",
        "long" => "i64",
        "short" => "i16",
        "char" => "u8",
        "size_t" => "usize",
        "float" => "f32",
        "double" => "f64",
        other => other,
    }
}
