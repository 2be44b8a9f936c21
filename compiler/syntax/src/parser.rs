//! Tokens to the syntax tree: an adapter around the generated parser.
//!
//! The file is cut into items by its brackets, and each item is parsed alone, so that one broken item never hides the
//! rest. Within an item the adapter resolves what a grammar with one token of look-ahead cannot see (see
//! `grammar.lalrpop`). Brackets are balanced here, because a message about the bracket that is open is worth more than
//! one about the token at which a parser gave up; nesting is limited here and in [`Builder`], so that no input makes
//! later stages recurse without bound.

mod builder;
mod explain;

pub use builder::Builder;

use crate::ast::{Comment, CommentKind, Item, MAX_DEPTH, Module, Trivia};
use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::lexer::{self, Kind, Token};
use crate::span::{FileId, Span};
use std::collections::BTreeMap;

/// Longest source file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// A token as the grammar sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tok<'a> {
    /// As in the text.
    K(Kind, &'a str),
    /// `{` that opens the body of `if`, `while` or `for`, or the arms of `match`.
    BodyBrace,
    /// The end of a block that is a statement.
    StmtEnd,
    /// `>` directly followed by another one.
    GtJoint,
    /// `>>=`
    ShrEq,
    /// `{` of a struct literal without a name.
    StructBrace,
    /// The name of a cast's type that has arguments.
    CastHead(&'a str),
    /// `,` between the receivers of one value.
    SeatsComma,
}

/// A file as the parser leaves it.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The syntax tree; broken items are missing.
    pub module: Module,
    /// Comments and blank lines.
    pub trivia: Trivia,
    /// What tokens do where only the grammar can tell.
    pub marks: Marks,
    /// What is wrong with the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where tokens stand that mean one thing here and another elsewhere, each list in order: for tools that work on tokens.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Each `>` that closes type arguments.
    pub closers: Vec<u32>,
    /// Each `secret` and `public` of a type.
    pub types: Vec<u32>,
}

/// Parses a file.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let mut module = Module {
        file,
        docs: String::new(),
        items: Vec::new(),
    };
    if text.len() > MAX_FILE_BYTES {
        let at = Span::new(file, 0, 0);
        let error = diagnostic!(
            E1008,
            at,
            "the file has {} bytes; the limit is {MAX_FILE_BYTES}",
            text.len()
        );
        return Parsed {
            module,
            trivia: Trivia::default(),
            marks: Marks::default(),
            diagnostics: vec![error.help("split it into modules")],
        };
    }
    let (tokens, mut diagnostics) = lexer::lex(file, text);
    let trivia = trivia(text, &tokens);
    for token in tokens.iter().filter(|t| t.kind == Kind::ModuleDoc) {
        push_doc(&mut module.docs, slice(text, token.span));
    }
    let code: Vec<Token> = tokens
        .into_iter()
        .filter(|t| !matches!(t.kind, Kind::Comment | Kind::BlockComment | Kind::ModuleDoc))
        .filter(|t| !(t.kind == Kind::Error && slice(text, t.span).starts_with(['/', '#'])))
        .collect();
    let mut marks = Marks::default();
    let mut rest = code.as_slice();
    while !rest.is_empty() {
        let (docs, chunk, after) = cut(text, rest);
        rest = after;
        if !chunk.is_empty()
            && let Some(mut item) = parse_item(file, text, chunk, &mut marks, &mut diagnostics)
        {
            item.docs = docs;
            module.items.push(item);
        }
    }
    for list in [&mut marks.closers, &mut marks.types] {
        list.sort_unstable();
        list.dedup();
    }
    Parsed {
        module,
        trivia,
        marks,
        diagnostics,
    }
}

/// The comments among the tokens, and where blank lines are.
fn trivia(text: &str, tokens: &[Token]) -> Trivia {
    let mut trivia = Trivia::default();
    let mut end = 0;
    for token in tokens {
        let gap = text.get(end..token.span.start as usize).unwrap_or("");
        let mut line_ends = gap.bytes().filter(|b| *b == b'\n');
        let own_line = line_ends.next().is_some() || end == 0;
        if line_ends.next().is_some() {
            trivia.blank_lines.push(token.span.start);
        }
        end = token.span.end as usize;
        let kind = match token.kind {
            Kind::Comment => CommentKind::Line,
            Kind::BlockComment => CommentKind::Block,
            Kind::DocComment => CommentKind::Doc,
            Kind::ModuleDoc => CommentKind::ModuleDoc,
            _ => continue,
        };
        trivia.comments.push(Comment {
            kind,
            span: token.span,
            own_line,
        });
    }
    trivia
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize)
        .unwrap_or("")
}

fn push_doc(docs: &mut String, line: &str) {
    if !docs.is_empty() {
        docs.push('\n');
    }
    let line = line.trim_start_matches(['/', '!']);
    docs.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
}

/// Takes the tokens of the next item: `(its doc comments, its tokens, the rest)`.
fn cut<'t>(text: &str, tokens: &'t [Token]) -> (String, &'t [Token], &'t [Token]) {
    let mut docs = String::new();
    let n_docs = tokens
        .iter()
        .take_while(|t| t.kind == Kind::DocComment)
        .count();
    for doc in &tokens[..n_docs] {
        push_doc(&mut docs, slice(text, doc.span));
    }
    let tokens = &tokens[n_docs..];
    let mut depth = 0usize;
    // Until its first word an item may have attributes and `pub`; the word says how it ends.
    let mut keyword = None;
    let mut keeps_going = false;
    let mut decorations = Decorations::default();
    // Until where what is open is known to be closed.
    let mut closed = 0;
    for (at, token) in tokens.iter().enumerate() {
        if depth == 0
            && keyword.is_none()
            && !matches!(token.kind, Kind::Hash | Kind::LBracket | Kind::Pub)
        {
            keyword = Some(token.kind);
        }
        let before = at.checked_sub(1).map(|i| tokens[i]);
        if depth > 0 || at > 0 && keyword.is_some() && before.map(|b| b.kind) != Some(Kind::Pub) {
            // A new item at the start of a line inside a bracket that nothing closes: that was forgotten.
            let opens = starts_item(&tokens[at..]) && column_is_one(text, token.span);
            let decorated =
                before.is_some_and(|b| matches!(b.kind, Kind::Pub) && column_is_one(text, b.span));
            if opens && !decorated && at > 0 && !decorations.only && at >= closed {
                if let Some(end) = closes(&tokens[at..], depth) {
                    closed = at + end;
                } else {
                    return (docs, &tokens[..at], &tokens[at..]);
                }
            }
        }
        decorations.pass(token.kind);
        match token.kind {
            Kind::LBrace | Kind::LParen | Kind::LBracket => {
                if depth == 0 && token.kind == Kind::LBrace {
                    // The braces of `-> { a: T }`, `use a::{b}` and `-> fixed<{2 * W}, {F + 1}>` do not end the item.
                    keeps_going = matches!(
                        before.map(|b| b.kind),
                        Some(Kind::Arrow | Kind::PathSep | Kind::Lt | Kind::Comma)
                    ) || matches!(keyword, Some(Kind::Const | Kind::Use));
                }
                depth += 1;
            }
            Kind::RBrace | Kind::RParen | Kind::RBracket => {
                if depth == 0 {
                    // Nothing is open: this token alone is wrong, or it ends what came before.
                    let end = if at == 0 { 1 } else { at };
                    return (docs, &tokens[..end], &tokens[end..]);
                }
                depth -= 1;
                if depth == 0 && token.kind == Kind::RBrace && !keeps_going {
                    return (docs, &tokens[..=at], &tokens[at + 1..]);
                }
            }
            Kind::Semi if depth == 0 => return (docs, &tokens[..=at], &tokens[at + 1..]),
            _ => {}
        }
    }
    (docs, tokens, &[])
}

/// Where what is open so deep is closed, if it is.
fn closes(tokens: &[Token], depth: usize) -> Option<usize> {
    let mut left = depth;
    (depth > 0).then(|| {
        tokens.iter().position(|token| {
            match token.kind {
                Kind::LBrace | Kind::LParen | Kind::LBracket => left += 1,
                Kind::RBrace | Kind::RParen | Kind::RBracket => left = left.saturating_sub(1),
                _ => {}
            }
            left == 0
        })
    })?
}

/// Whether the tokens so far are nothing but `#[…]`, `pub` and documentation.
struct Decorations {
    only: bool,
    depth: usize,
}

impl Default for Decorations {
    fn default() -> Self {
        Self {
            only: true,
            depth: 0,
        }
    }
}

impl Decorations {
    fn pass(&mut self, kind: Kind) {
        match kind {
            Kind::LBracket => self.depth += 1,
            Kind::RBracket => self.depth = self.depth.saturating_sub(1),
            Kind::Hash | Kind::Pub | Kind::DocComment => {}
            _ => self.only &= self.depth > 0,
        }
    }
}

/// Whether an item certainly begins here: words that no body holds in this order.
fn starts_item(tokens: &[Token]) -> bool {
    let kind = |at: usize| tokens.get(at).map(|t| t.kind);
    match kind(0) {
        Some(Kind::Use | Kind::Pub | Kind::Struct | Kind::Enum | Kind::DocComment) => true,
        Some(Kind::Hash) => kind(1) == Some(Kind::LBracket),
        Some(Kind::Fn) => kind(1) != Some(Kind::LParen),
        Some(Kind::Const) => kind(2) == Some(Kind::Colon) && has_value(&tokens[3..]),
        Some(Kind::Test) => kind(1) == Some(Kind::Str),
        Some(Kind::Party) => kind(1) == Some(Kind::Ident),
        Some(Kind::Type) => kind(1) == Some(Kind::Ident) && kind(2) == Some(Kind::Eq),
        Some(Kind::Circuit) => kind(1) == Some(Kind::Ident) && kind(2) == Some(Kind::Colon),
        _ => false,
    }
}

/// Whether a type is followed by a value: a parameter `const N: usize` has none.
fn has_value(tokens: &[Token]) -> bool {
    let mut depth = 0usize;
    let end = tokens.iter().find(|token| {
        match token.kind {
            Kind::LParen | Kind::LBracket | Kind::Lt => depth += 1,
            Kind::RParen | Kind::RBracket | Kind::Gt if depth > 0 => depth -= 1,
            Kind::Eq | Kind::Comma | Kind::Gt | Kind::Semi | Kind::LBrace | Kind::RParen => {
                return depth == 0;
            }
            _ => {}
        }
        false
    });
    end.is_some_and(|token| token.kind == Kind::Eq)
}

fn column_is_one(text: &str, span: Span) -> bool {
    let start = span.start as usize;
    start == 0 || text.as_bytes().get(start - 1) == Some(&b'\n')
}

fn parse_item(
    file: FileId,
    text: &str,
    tokens: &[Token],
    marks: &mut Marks,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Item> {
    if let Err(error) = check_brackets(text, tokens) {
        diagnostics.push(error);
        return None;
    }
    let adapted = adapt(text, tokens);
    let builder = Builder::new(file, inner_docs(text, tokens));
    let stream = adapted
        .iter()
        .map(|&(tok, span)| Ok((span.start as usize, tok, span.end as usize)));
    let result = crate::grammar::ItemParser::new().parse(&builder, stream);
    // What the lexer has reported explains a failure near it.
    let known = tokens.iter().any(|t| matches!(t.kind, Kind::Error));
    let (mut found, found_marks) = builder.finish();
    marks.closers.extend(found_marks.closers);
    marks.types.extend(found_marks.types);
    let item = match result {
        Ok(item) => Some(*item),
        Err(error) => {
            if !known && found.is_empty() {
                found.push(explain::syntax_error(file, text, tokens, error));
            }
            None
        }
    };
    diagnostics.append(&mut found);
    item
}

/// The documentation inside of an item, by where the token after it starts.
fn inner_docs(text: &str, tokens: &[Token]) -> BTreeMap<usize, String> {
    let mut docs = BTreeMap::new();
    let mut lines = String::new();
    for token in tokens {
        if token.kind == Kind::DocComment {
            push_doc(&mut lines, slice(text, token.span));
        } else if !lines.is_empty() {
            docs.insert(token.span.start as usize, std::mem::take(&mut lines));
        }
    }
    docs
}

/// Checks that brackets are closed in order and nest at most [`MAX_DEPTH`] deep.
fn check_brackets(text: &str, tokens: &[Token]) -> Result<(), Diagnostic> {
    // Each with the indentation of its line.
    let mut open: Vec<(Token, usize)> = Vec::new();
    let mut lines = Lines {
        text,
        line: None,
        seen: tokens.first().map_or(0, |t| t.span.start as usize),
    };
    // A brace closed at another indentation than that of the line that opened it: the likely place of a slip.
    let mut suspect: Option<Token> = None;
    for &token in tokens {
        match token.kind {
            Kind::LBrace | Kind::LParen | Kind::LBracket => {
                open.push((token, lines.at(token.span).0));
                if open.len() > MAX_DEPTH as usize {
                    return Err(diagnostic!(
                        E1007,
                        token.span,
                        "brackets nest more than {MAX_DEPTH} deep"
                    )
                    .here("too deep from here on")
                    .help("move inner parts to `let` or to functions"));
                }
            }
            Kind::RBrace | Kind::RParen | Kind::RBracket => {
                let Some(&(opener, indentation)) = open.last() else {
                    return Err(diagnostic!(
                        E1006,
                        token.span,
                        "`{}` closes nothing",
                        slice(text, token.span)
                    )
                    .here("nothing is open here")
                    .help("remove it, or open the bracket that it was meant to close"));
                };
                if closing(opener.kind) != Some(token.kind) {
                    let wanted = closing_text(opener.kind);
                    return Err(diagnostic!(
                        E1006,
                        opener.span,
                        "`{}` is not closed",
                        slice(text, opener.span)
                    )
                    .here("opened here")
                    .because(token.span, format!("`{wanted}` was expected before this"))
                    .help(format!("close it with `{wanted}`")));
                }
                let (here, is_first) = lines.at(token.span);
                if token.kind == Kind::RBrace
                    && suspect.is_none()
                    && is_first
                    && here != indentation
                {
                    suspect = Some(opener);
                }
                open.pop();
            }
            _ => {}
        }
    }
    let Some(&(outer, _)) = open.last() else {
        return Ok(());
    };
    let opener = suspect
        .filter(|s| s.span.start > outer.span.start)
        .unwrap_or(outer);
    let wanted = closing_text(opener.kind);
    Err(diagnostic!(
        E1006,
        opener.span,
        "`{}` is not closed",
        slice(text, opener.span)
    )
    .here("opened here")
    .help(format!("close it with `{wanted}`")))
}

fn closing(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::LBrace => Some(Kind::RBrace),
        Kind::LParen => Some(Kind::RParen),
        Kind::LBracket => Some(Kind::RBracket),
        _ => None,
    }
}

fn closing_text(kind: Kind) -> &'static str {
    match kind {
        Kind::LBrace => "}",
        Kind::LParen => ")",
        _ => "]",
    }
}

/// Where brackets stand on their lines; looks at each byte once, so that brackets on one long line cost no more.
struct Lines<'a> {
    text: &'a str,
    /// Start and indentation of the line that was looked at last.
    line: Option<(usize, usize)>,
    /// Up to where line ends have been looked for.
    seen: usize,
}

impl Lines<'_> {
    /// The indentation of the line of a token, and whether the token is first on it. Tokens come in order.
    fn at(&mut self, span: Span) -> (usize, bool) {
        let place = span.start as usize;
        let before = self.text.get(self.seen..place).unwrap_or("");
        if let Some(newline) = before.rfind('\n') {
            self.line = Some(self.indented(self.seen + newline + 1));
        }
        self.seen = place;
        let (start, indentation) = match self.line {
            Some(line) => line,
            None => {
                let start = self.text.get(..place).and_then(|t| t.rfind('\n'));
                self.indented(start.map_or(0, |at| at + 1))
            }
        };
        self.line = Some((start, indentation));
        (indentation, start + indentation == place)
    }

    fn indented(&self, start: usize) -> (usize, usize) {
        let line = self.text.get(start..).unwrap_or("");
        let blank = line.bytes().take_while(|b| matches!(b, b' ' | b'\t'));
        (start, blank.count())
    }
}

/// A bracket that is open while adapting.
struct Open {
    brace: bool,
    /// Whether its end is the end of a statement.
    statement: bool,
    /// Whether it holds the arms of a `match`.
    arms: bool,
    /// Of arms: whether a pattern or its guard is being read.
    pattern: bool,
}

impl Open {
    fn new(brace: bool, statement: bool) -> Open {
        Open {
            brace,
            statement,
            arms: false,
            pattern: false,
        }
    }
}

/// A word that waits for the `{` of its body.
struct Waiting {
    depth: usize,
    statement: bool,
    word: Kind,
    /// Whether a pattern comes first, which may have braces of its own.
    pattern: bool,
}

/// The tokens of a balanced item as the grammar wants them.
fn adapt<'a>(text: &'a str, tokens: &[Token]) -> Vec<(Tok<'a>, Span)> {
    let mut out: Vec<(Tok<'a>, Span)> = Vec::with_capacity(tokens.len() + 8);
    let mut open: Vec<Open> = Vec::new();
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut before = Kind::Semi;
    // Whether the statement before an `else` goes on after it.
    let mut goes_on = false;
    // Where the brackets of an attribute stand that begins a statement.
    let mut attribute: Option<usize> = None;
    // Whether this is between the `->` of a function's head and its body.
    let mut in_result = false;
    for (at, &token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let text_of = slice(text, token.span);
        let starts_statement = open.last().is_some_and(|o| o.brace)
            && matches!(before, Kind::Semi | Kind::LBrace | Kind::RBrace);
        // What an arm begins with is like a statement: when its block ends, the arm does.
        let starts_arm =
            before == Kind::FatArrow && open.last().is_some_and(|o| o.arms && !o.pattern);
        let statement = starts_statement || starts_arm || (before == Kind::Else && goes_on);
        // Words that never got their body; the outermost is first.
        while waiting.last().is_some_and(|w| w.depth > open.len()) {
            waiting.pop();
        }
        match token.kind {
            Kind::DocComment => continue,
            // A bad character where a value may stand is an unknown value; elsewhere it is as if it were not there.
            Kind::Error if text_of.starts_with('"') => {
                out.push((Tok::K(Kind::Str, text_of), token.span))
            }
            Kind::Error if ends_operand(before) => continue,
            // A guard has no body.
            Kind::If if open.last().is_some_and(|o| o.arms && o.pattern) => {
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::If | Kind::While | Kind::For | Kind::Loop | Kind::Match => {
                let is_let = next.is_some_and(|n| n.kind == Kind::Let);
                waiting.push(Waiting {
                    depth: open.len(),
                    statement,
                    word: token.kind,
                    // A `for` outside of all braces counts parties of a test.
                    pattern: token.kind == Kind::For && !open.is_empty()
                        || matches!(token.kind, Kind::If | Kind::While) && is_let,
                });
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::FatArrow | Kind::Comma if open.last().is_some_and(|o| o.arms) => {
                if let Some(arms) = open.last_mut().filter(|o| o.arms) {
                    arms.pattern = token.kind == Kind::Comma;
                }
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::In | Kind::Eq => {
                let depth = open.len();
                if let Some(word) = waiting.last_mut().filter(|w| w.depth == depth) {
                    word.pattern &= (token.kind == Kind::In) != (word.word == Kind::For);
                }
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::LBrace => {
                let of_word = |w: &Waiting| w.depth == open.len() && !w.pattern;
                let body = before != Kind::Else && waiting.last().is_some_and(of_word);
                let literal =
                    !body && !open.is_empty() && is_bare_literal(before, &tokens[at + 1..]);
                let word = if body { waiting.pop() } else { None };
                let ends_statement = match &word {
                    Some(word) => word.statement,
                    None => statement && !literal,
                };
                let arms = word.is_some_and(|w| w.word == Kind::Match);
                open.push(Open {
                    arms,
                    pattern: arms,
                    ..Open::new(true, ends_statement)
                });
                let tok = match (body, literal) {
                    (true, _) => Tok::BodyBrace,
                    (_, true) => Tok::StructBrace,
                    _ => Tok::K(token.kind, text_of),
                };
                out.push((tok, token.span));
            }
            Kind::Hash if starts_statement => {
                attribute = Some(open.len());
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::Comma if in_result && separates_receivers(&tokens[..at], &tokens[at + 1..]) => {
                out.push((Tok::SeatsComma, token.span));
            }
            Kind::LParen | Kind::LBracket => {
                open.push(Open::new(false, false));
                out.push((Tok::K(token.kind, text_of), token.span));
            }
            Kind::RParen | Kind::RBracket | Kind::RBrace => {
                let closed = open.pop();
                out.push((Tok::K(token.kind, text_of), token.span));
                goes_on = false;
                if closed.is_some_and(|c| c.statement) {
                    match next.map(|n| n.kind) {
                        Some(Kind::Else) => goes_on = true,
                        // `if … { … } else { … }.f()` goes on as an expression.
                        Some(Kind::Dot) => {}
                        _ => {
                            let end = Span {
                                start: token.span.end,
                                ..token.span
                            };
                            out.push((Tok::StmtEnd, end));
                            if let Some(arms) = open.last_mut() {
                                arms.pattern = arms.arms;
                            }
                        }
                    }
                }
            }
            Kind::Gt => {
                let joint =
                    |kind| next.is_some_and(|n| n.span.start == token.span.end && n.kind == kind);
                let tok = match (joint(Kind::Gt), joint(Kind::Ge)) {
                    (true, _) => Tok::GtJoint,
                    (_, true) => Tok::ShrEq,
                    _ => Tok::K(token.kind, text_of),
                };
                out.push((tok, token.span));
            }
            // The second half of `>>=`.
            Kind::Ge if matches!(out.last(), Some((Tok::ShrEq, s)) if s.end == token.span.start) => {
                if let Some((_, span)) = out.last_mut() {
                    span.end = token.span.end;
                }
            }
            Kind::Ident
                if before == Kind::As
                    && matches!(text_of, "Wide" | "Dot" | "fixed" | "str")
                    && next.is_some_and(|n| n.kind == Kind::Lt) =>
            {
                out.push((Tok::CastHead(text_of), token.span));
            }
            kind => out.push((Tok::K(kind, text_of), token.span)),
        }
        in_result = match token.kind {
            Kind::Arrow => open.is_empty(),
            Kind::LBrace => in_result && before == Kind::Arrow,
            _ => in_result,
        };
        before = token.kind;
        // The block after an attribute is a statement where the attribute begins one.
        if token.kind == Kind::RBracket && attribute == Some(open.len()) {
            attribute = None;
            before = Kind::Semi;
        }
    }
    out
}

/// Whether a comma stands between receivers, as in `-> { a: T to x, y, b: U }` before `y` and not before `b`.
fn separates_receivers(before: &[Token], after: &[Token]) -> bool {
    let kind = |at: usize| after.get(at).map(|t| t.kind);
    let word = |k: Kind| names(k) || matches!(k, Kind::Each | Kind::All);
    if !kind(0).is_some_and(word) || kind(1) == Some(Kind::Colon) {
        return false;
    }
    // Back over the receivers so far, which begin with `to` after a type.
    let mut depth = 0usize;
    for (at, token) in before.iter().enumerate().rev() {
        match token.kind {
            Kind::RBracket => depth += 1,
            Kind::LBracket if depth > 0 => depth -= 1,
            Kind::To if depth == 0 => {
                let type_end = at.checked_sub(1).map(|i| before[i].kind);
                let ends_type =
                    |k: Kind| matches!(k, Kind::RBracket | Kind::RParen | Kind::Gt) || names(k);
                if type_end.is_some_and(ends_type) {
                    return true;
                }
            }
            Kind::Comma | Kind::Each | Kind::All => {}
            k if depth > 0 || names(k) => {}
            _ => return false,
        }
    }
    false
}

/// Whether a `{` after `before` opens fields: `{ a, …` or `{ a: …`, which no block begins with, and no name before it.
fn is_bare_literal(before: Kind, after: &[Token]) -> bool {
    let [name, mark, ..] = after else {
        return false;
    };
    let follows_name = matches!(before, Kind::Ident | Kind::Gt);
    names(name.kind) && !follows_name && matches!(mark.kind, Kind::Comma | Kind::Colon)
}

/// Whether a token may be a name.
fn names(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Ident
            | Kind::All
            | Kind::Circuit
            | Kind::Each
            | Kind::From
            | Kind::Party
            | Kind::Public
            | Kind::Test
            | Kind::To
            | Kind::Type
    )
}

/// Whether a value may end with this token, so that none can follow directly.
fn ends_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Ident
            | Kind::Int
            | Kind::Float
            | Kind::Str
            | Kind::True
            | Kind::False
            | Kind::RParen
            | Kind::RBracket
            | Kind::RBrace
            | Kind::Error
            | Kind::Semi
            | Kind::LBrace
            | Kind::Underscore
    )
}

#[cfg(test)]
mod tests;
