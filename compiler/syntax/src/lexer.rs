//! Text to tokens, with `logos`.
//!
//! Every byte of the file belongs to a token, to white space, or to an error, so that nothing is lost between the
//! text and the tools that colour or format it. Comments are tokens here; the parser's adapter drops those that are
//! not documentation. The words of the language that are keywords only where they have a meaning (`from`, `party`, …)
//! are tokens of their own and still names for the grammar.

use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Span};
use crate::visible::reorders;
use logos::Logos;
use std::fmt::Write as _;

/// Reserved words, which cannot be names.
pub const KEYWORDS: &[&str] = &[
    "as", "assert", "break", "const", "continue", "crate", "else", "enum", "false", "fn", "for",
    "if", "in", "let", "loop", "match", "mut", "pub", "return", "reveal", "secret", "struct",
    "true", "use", "while",
];

/// Words that mean something in their places and are ordinary names elsewhere.
pub const CONTEXTUAL_KEYWORDS: &[&str] = &[
    "all", "circuit", "each", "from", "party", "public", "test", "to", "type",
];

/// What a token is; its text is the span's.
#[allow(missing_docs, reason = "the text beside each kind says what it is")]
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[logos(skip r"[ \t\r\n\f]+")]
pub enum Kind {
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Ident,
    #[regex(r"[0-9][0-9A-Za-z_]*")]
    Int,
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9A-Za-z_]*([eE][+-][0-9_]+)?", priority = 20)]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9][0-9_]*", priority = 20)]
    Float,
    #[token("\"", string)]
    Str,
    #[regex(r"//[^\n]*", comment, allow_greedy = true)]
    Comment,
    #[token("/*", block_comment)]
    BlockComment,
    DocComment,
    ModuleDoc,

    #[token("as")]
    As,
    #[token("assert")]
    Assert,
    #[token("break")]
    Break,
    #[token("const")]
    Const,
    #[token("continue")]
    Continue,
    #[token("crate")]
    Crate,
    #[token("else")]
    Else,
    #[token("enum")]
    Enum,
    #[token("false")]
    False,
    #[token("fn")]
    Fn,
    #[token("for")]
    For,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("let")]
    Let,
    #[token("loop")]
    Loop,
    #[token("match")]
    Match,
    #[token("mut")]
    Mut,
    #[token("pub")]
    Pub,
    #[token("return")]
    Return,
    #[token("reveal")]
    Reveal,
    #[token("secret")]
    Secret,
    #[token("struct")]
    Struct,
    #[token("true")]
    True,
    #[token("use")]
    Use,
    #[token("while")]
    While,

    #[token("all")]
    All,
    #[token("circuit")]
    Circuit,
    #[token("each")]
    Each,
    #[token("from")]
    From,
    #[token("party")]
    Party,
    #[token("public")]
    Public,
    #[token("test")]
    Test,
    #[token("to")]
    To,
    #[token("type")]
    Type,
    #[token("_", priority = 3)]
    Underscore,

    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token(",")]
    Comma,
    #[token(";")]
    Semi,
    #[token(":")]
    Colon,
    #[token("::")]
    PathSep,
    #[token("->")]
    Arrow,
    #[token("=>")]
    FatArrow,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("..=")]
    DotDotEq,
    #[token("#")]
    Hash,
    #[token("=")]
    Eq,
    #[token("==")]
    EqEq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    #[token(">=")]
    Ge,
    #[token("<<")]
    Shl,
    #[token("<<=")]
    ShlEq,
    #[token("+")]
    Plus,
    #[token("+=")]
    PlusEq,
    #[token("-")]
    Minus,
    #[token("-=")]
    MinusEq,
    #[token("*")]
    Star,
    #[token("*=")]
    StarEq,
    #[token("/")]
    Slash,
    #[token("/=")]
    SlashEq,
    #[token("%")]
    Percent,
    #[token("%=")]
    PercentEq,
    #[token("&")]
    And,
    #[token("&=")]
    AndEq,
    #[token("&&")]
    AndAnd,
    #[token("|")]
    Or,
    #[token("|=")]
    OrEq,
    #[token("||")]
    OrOr,
    #[token("^")]
    Caret,
    #[token("^=")]
    CaretEq,
    #[token("!")]
    Bang,

    /// Not a token: the diagnostics say why. A comment may stand between the parts of an attribute.
    #[regex(r"#[ \t]*([^\[/ \t\r\n][^\n]*|/[^/*\r\n][^\n]*)", |_| false, allow_greedy = true)]
    Error,
}

/// Longest text of a decimal number.
const MAX_DECIMAL: usize = 1000;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub span: Span,
}

/// Consumes a string up to its closing quote on the same line; an open one ends at the line's end.
fn string(lex: &mut logos::Lexer<'_, Kind>) -> bool {
    let rest = lex.remainder().as_bytes();
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'"' => {
                lex.bump(at + 1);
                return true;
            }
            b'\n' => break,
            b'\\' if rest.get(at + 1).is_some_and(|b| *b != b'\n') => at += 2,
            _ => at += 1,
        }
    }
    lex.bump(floor(lex.remainder(), at));
    false
}

/// Consumes a block comment, which may hold others; an open one takes the rest of the file.
fn block_comment(lex: &mut logos::Lexer<'_, Kind>) -> bool {
    let rest = lex.remainder().as_bytes();
    let (mut at, mut depth) = (0, 1usize);
    while depth > 0 {
        match (rest.get(at), rest.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => (at, depth) = (at + 2, depth + 1),
            (Some(b'*'), Some(b'/')) => (at, depth) = (at + 2, depth - 1),
            (Some(_), _) => at += 1,
            (None, _) => break,
        }
    }
    lex.bump(at);
    depth == 0
}

fn comment(_: &mut logos::Lexer<'_, Kind>) {}

/// The largest character boundary of `text` that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// All tokens of a text, comments included; what is not a token is a [`Kind::Error`] with a diagnostic.
pub fn lex(file: FileId, text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut tokens: Vec<Token> = Vec::new();
    let mut diagnostics = Vec::new();
    for (result, range) in Kind::lexer(text).spanned() {
        let span = Span::new(file, range.start, range.end);
        let slice = &text[range.clone()];
        if result == Ok(Kind::Float)
            && last_of_code(&tokens).is_some_and(|t| t.kind == Kind::Dot)
            && split_fields(&mut tokens, file, slice, range.start)
        {
            continue;
        }
        let kind = match result {
            Ok(Kind::Comment) if slice.starts_with("//!") => Kind::ModuleDoc,
            Ok(Kind::Comment) if slice.starts_with("///") && !slice.starts_with("////") => {
                Kind::DocComment
            }
            Ok(kind) => kind,
            Err(()) => {
                // Neighbouring bad characters are one mistake.
                if let Some(last) = tokens
                    .last_mut()
                    .filter(|t| t.kind == Kind::Error && t.span.end == span.start)
                    && !slice.starts_with(['"', '/', '#'])
                {
                    last.span = last.span.to(span);
                    refuse_reordering(file, slice, range.start, &mut diagnostics);
                    continue;
                }
                if !slice.starts_with(reorders) {
                    diagnostics.push(lexical_error(file, slice, span));
                }
                Kind::Error
            }
        };
        if matches!(
            kind,
            Kind::Comment
                | Kind::BlockComment
                | Kind::DocComment
                | Kind::ModuleDoc
                | Kind::Str
                | Kind::Error
        ) {
            refuse_reordering(file, slice, range.start, &mut diagnostics);
        }
        let wrong = match kind {
            Kind::Int => number(slice).is_none(),
            Kind::Float => decimal(slice).is_none(),
            _ => false,
        };
        if wrong {
            diagnostics.push(not_a_number(slice, span));
        }
        tokens.push(Token { kind, span });
    }
    (apart(tokens, file), diagnostics)
}

/// In `let x: Option<u8>=y` the text `>=` is the end of a type and an equals sign: between the `:` of a declaration and its `=` there
/// are types, in which nothing is compared outside of brackets.
fn apart(tokens: Vec<Token>, file: FileId) -> Vec<Token> {
    if tokens.iter().all(|t| t.kind != Kind::Ge) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len() + 1);
    let mut depth = 0usize;
    // The depth of the declaration that was begun, and whether its type has.
    let mut declared: Option<(usize, bool)> = None;
    for (at, token) in tokens.iter().enumerate() {
        let named = tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Ident);
        match token.kind {
            Kind::LParen | Kind::LBracket | Kind::LBrace => depth += 1,
            Kind::RParen | Kind::RBracket | Kind::RBrace => depth = depth.saturating_sub(1),
            Kind::Let => declared = Some((depth, false)),
            Kind::Const | Kind::Circuit if named => declared = Some((depth, false)),
            Kind::Type if named => declared = Some((depth, true)),
            Kind::Colon if declared == Some((depth, false)) => declared = Some((depth, true)),
            Kind::Semi | Kind::Eq if declared.is_some_and(|(d, _)| d == depth) => declared = None,
            Kind::Ge if declared == Some((depth, true)) => {
                declared = None;
                let (start, end) = (token.span.start as usize, token.span.end as usize);
                let half = |kind, start, end| Token {
                    kind,
                    span: Span::new(file, start, end),
                };
                out.extend([half(Kind::Gt, start, end - 1), half(Kind::Eq, end - 1, end)]);
                continue;
            }
            _ => {}
        }
        out.push(*token);
    }
    out
}

/// The last token that is no comment.
fn last_of_code(tokens: &[Token]) -> Option<&Token> {
    let is_comment = |kind| {
        matches!(
            kind,
            Kind::Comment | Kind::BlockComment | Kind::DocComment | Kind::ModuleDoc
        )
    };
    tokens.iter().rev().find(|t| !is_comment(t.kind))
}

/// Reports characters that make text look other than it is read: in a contract nobody may be shown another order of words.
fn refuse_reordering(file: FileId, slice: &str, start: usize, diagnostics: &mut Vec<Diagnostic>) {
    if slice.is_ascii() {
        return;
    }
    for (at, c) in slice.char_indices().filter(|(_, c)| reorders(*c)) {
        let span = Span::new(file, start + at, start + at + c.len_utf8());
        let error = diagnostic!(
            E1012,
            span,
            "`{}` reorders the text around it",
            c.escape_unicode()
        );
        diagnostics.push(
            error
                .here("hidden character")
                .help("remove it: readers would see something else than the compiler"),
        );
    }
}

/// In `t.0.1` the text `0.1` is two fields and no number.
fn split_fields(tokens: &mut Vec<Token>, file: FileId, slice: &str, start: usize) -> bool {
    let Some((first, second)) = slice.split_once('.') else {
        return false;
    };
    if !first
        .bytes()
        .chain(second.bytes())
        .all(|b| b.is_ascii_digit())
    {
        return false;
    }
    let dot = start + first.len();
    for (kind, from, to) in [
        (Kind::Int, start, dot),
        (Kind::Dot, dot, dot + 1),
        (Kind::Int, dot + 1, start + slice.len()),
    ] {
        tokens.push(Token {
            kind,
            span: Span::new(file, from, to),
        });
    }
    true
}

fn lexical_error(file: FileId, slice: &str, span: Span) -> Diagnostic {
    if slice.starts_with("/*") {
        let opening = Span::new(file, span.start as usize, span.start as usize + 2);
        return diagnostic!(E1002, opening, "this comment is never closed")
            .here("opened here")
            .help("close it with `*/`; comments nest, so each `/*` needs its own");
    }
    if let Some(help) = preprocessor(slice) {
        return diagnostic!(E1001, span, "nothing is done before a file is read")
            .here("not in this language")
            .help(help);
    }
    if slice.starts_with('#') {
        return diagnostic!(E1001, span, "a comment does not begin with `#`")
            .here("a comment?")
            .help("begin it with `//`; an attribute is written `#[name]`");
    }
    if slice.starts_with('"') {
        let opening = Span::new(file, span.start as usize, span.start as usize + 1);
        return diagnostic!(E1003, opening, "this string is never closed")
            .here("opened here")
            .help("close it with `\"` on the same line");
    }
    let shown = slice.chars().next().map_or(String::new(), |c| match c {
        // Marks that a terminal shows as they are.
        '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    });
    let error = diagnostic!(E1001, span, "`{shown}` is not part of the language")
        .here("unexpected character");
    match slice.chars().next() {
        Some('\'') => error.help("there are no single characters; a text stands between two `\"`"),
        Some('?') => {
            error.help("choose with `if c { a } else { b }`; of an `Option` write `x.unwrap_or(0)`")
        }
        Some('`') => error.help("a text stands between two `\"`, and has no values in it"),
        Some('~') => error.help("bitwise not is `!`"),
        Some('@' | '$' | '\\') => error.help("remove it"),
        Some('\u{feff}') => error.help("remove the byte-order mark; files are plain UTF-8"),
        Some(c) if c.is_alphabetic() => error.help("names use the letters a to z, digits and `_`"),
        _ => error.help("remove it"),
    }
}

/// What is written in place of a line for C's preprocessor.
fn preprocessor(line: &str) -> Option<&'static str> {
    let word = line.strip_prefix('#')?.trim_start();
    if word.starts_with("include") {
        return Some("the library is there; bring in what you need: `use std::stats::mean;`");
    }
    (word.starts_with("define ")).then_some("write `const N: usize = 3;`, or a function")
}

/// The value of a number's text and its suffix; `None` if it is malformed or above 2^128 − 1.
pub fn number(text: &str) -> Option<(u128, &str)> {
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0b") => (2, &text[2..]),
        Some("0o") => (8, &text[2..]),
        _ => (10, text),
    };
    let end = digits
        .find(|c: char| c != '_' && !c.is_digit(radix))
        .unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    let mut value: u128 = 0;
    let mut any = false;
    for digit in digits.chars().filter_map(|c| c.to_digit(radix)) {
        value = value
            .checked_mul(u128::from(radix))?
            .checked_add(u128::from(digit))?;
        any = true;
    }
    let known = suffix.is_empty()
        || suffix == "usize"
        || (suffix.starts_with(['u', 'i'])
            && suffix.len() > 1
            && suffix[1..].bytes().all(|b| b.is_ascii_digit()));
    (any && known).then_some((value, suffix))
}

/// The digits, point and exponent of a decimal number's text; `None` if it is malformed or longer than anybody needs.
pub fn decimal(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches(['+', '-'])),
        None => (digits.as_str(), "0"),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let good = is_number(whole) && is_number(fraction) && is_number(exponent);
    (good && digits.len() <= MAX_DECIMAL).then_some(digits)
}

fn not_a_number(text: &str, span: Span) -> Diagnostic {
    let error = diagnostic!(
        E1004,
        span,
        "`{}` is not a number of this language",
        shorten(text)
    );
    // `1.5f32`
    for ty in ["f32", "f64"] {
        let number = text.strip_suffix(ty).map(|n| n.trim_end_matches('_'));
        let good = |n: &&str| decimal(n).is_some() || n.bytes().all(|b| b.is_ascii_digit());
        if let Some(number) = number.filter(good).filter(|n| !n.is_empty()) {
            return error.help(format!("write `{number} as {ty}`"));
        }
    }
    error.help(
        "write digits, with `_` between them if you like, `0x…`, `0o…` or `0b…`, at most 2^128 − 1, and at most a type like `u8` after them; or a decimal number like `1.5` or `2e-3`",
    )
}

/// At most 40 characters of a text.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        text.to_owned()
    } else {
        text.chars().take(39).collect::<String>() + "…"
    }
}

/// One line per token: place, kind and text.
pub fn dump(file: FileId, text: &str) -> String {
    let (tokens, _) = lex(file, text);
    let mut out = String::new();
    let mut sources = crate::source::SourceSet::new();
    let id = sources.add("", text);
    for token in tokens {
        let (line, col) = sources.file(id).line_col(token.span.start as usize);
        let slice = text
            .get(token.span.start as usize..token.span.end as usize)
            .unwrap_or("");
        let _ = writeln!(out, "{line}:{col} {:?} {slice:?}", token.kind);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        lex(FileId(0), text).0.into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn keywords_are_tokens_and_longer_names_are_not() {
        for word in KEYWORDS.iter().chain(CONTEXTUAL_KEYWORDS) {
            assert_ne!(kinds(word), [Kind::Ident], "{word}");
            assert_eq!(kinds(&format!("{word}x")), [Kind::Ident], "{word}x");
        }
        assert_eq!(kinds("_x __"), [Kind::Ident, Kind::Ident]);
    }

    #[test]
    fn numbers_ranges_and_fields() {
        assert_eq!(kinds("0..5"), [Kind::Int, Kind::DotDot, Kind::Int]);
        assert_eq!(kinds("0..=5"), [Kind::Int, Kind::DotDotEq, Kind::Int]);
        assert_eq!(
            kinds("0.5..=9.5"),
            [Kind::Float, Kind::DotDotEq, Kind::Float]
        );
        assert_eq!(kinds("1.5-2"), [Kind::Float, Kind::Minus, Kind::Int]);
        for text in ["1.5", "2e-3", "2e3", "1_0.2_5E+1_0", "0.1e5"] {
            assert_eq!(kinds(text), [Kind::Float], "{text}");
        }
        assert_eq!(kinds("0x2e-3"), [Kind::Int, Kind::Minus, Kind::Int]);
        assert_eq!(decimal("1_0.2_5E+1_0").as_deref(), Some("10.25E+10"));
        assert_eq!(decimal("1.5u8"), None);
        let fields = [Kind::Ident, Kind::Dot, Kind::Int, Kind::Dot, Kind::Int];
        assert_eq!(kinds("t.0.1"), fields);
        let noted: Vec<Kind> = kinds("t. /* c */ 0.1");
        assert!(!noted.contains(&Kind::Float), "{noted:?}");
        assert_eq!(number("1_000u64"), Some((1000, "u64")));
        assert_eq!(number("0xffu8"), Some((255, "u8")));
        assert_eq!(number("340282366920938463463374607431768211456"), None);
        assert_eq!(number("12abc"), None);
        assert_eq!(number("0x"), None);
    }

    #[test]
    fn open_comments_and_strings_are_placed_at_their_opening() {
        let (_, errors) = lex(FileId(0), "a /* b /* c */ d");
        assert_eq!(
            (errors[0].code.as_str(), errors[0].primary.span.start),
            ("E1002", 2)
        );
        let (tokens, errors) = lex(FileId(0), "a \"é\nb");
        assert_eq!(
            (errors[0].code.as_str(), errors[0].primary.span.start),
            ("E1003", 2)
        );
        assert_eq!(tokens.last().map(|t| t.kind), Some(Kind::Ident));
        assert_eq!(
            kinds("a /* b /* c */ */ d"),
            [Kind::Ident, Kind::BlockComment, Kind::Ident]
        );
        assert_eq!(
            kinds("//! m\n/// d\n// c"),
            [Kind::ModuleDoc, Kind::DocComment, Kind::Comment]
        );
    }

    #[test]
    fn characters_that_reorder_text_are_refused_wherever_they_stand() {
        for around in [
            "x /* § */ y",
            "// § \n",
            "/// §",
            "//! §",
            "\"§\"",
            "x § y",
            "\"§",
            "/* §",
            "é§",
        ] {
            for c in [
                '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
            ] {
                let text = around.replace('§', &c.to_string());
                let (_, errors) = lex(FileId(0), &text);
                let found = errors.iter().find(|e| e.code.as_str() == "E1012");
                let at = found.map(|e| e.primary.span.start as usize);
                assert_eq!(at, text.find(c), "{text:?}");
            }
            let (_, errors) = lex(FileId(0), &around.replace('§', "שלום"));
            assert!(errors.iter().all(|e| e.code.as_str() != "E1012"));
        }
    }

    #[test]
    fn bad_characters_are_errors_and_do_not_stop_the_rest() {
        let (tokens, errors) = lex(FileId(0), "a §§ b");
        assert_eq!(errors.len(), 1);
        assert_eq!(tokens.len(), 3);
    }
}
