//! One way to write every program: text in, text in the project's style out, or a refusal that leaves it as it is.
//!
//! The formatter works on tokens, their brackets and the comments between them, not on the syntax tree, so that a
//! construct that it knows nothing about is still kept, and spaced by the rules for all. Only what tokens cannot tell
//! comes from the parser ([`crate::parser::Marks`]): which `>` close type arguments, and where `secret` is part of a
//! type. `tree` finds brackets and comments, `space` says which neighbours stand apart, `layout` makes a document with
//! places at which lines may break, `document` decides which of them do. At the end the result is compared with the
//! text: a formatter that changed a program would be worse than none.

mod document;
mod layout;
mod space;
mod tree;

use crate::diagnostic::{self, Diagnostic};
use crate::lexer::{self, Kind};
use crate::parser::{self, Parsed};
use crate::span::FileId;

/// Columns that a line takes at most, where it can be broken.
pub const WIDTH: usize = 100;

/// Why a text stays as it is.
#[derive(Clone, Debug)]
pub enum Refused {
    /// It has syntax errors, which come with all else that the parser says.
    Syntax(Vec<Diagnostic>),
    /// What came out would not be the same program: a mistake of the formatter.
    Changed,
}

/// The text in the one style.
///
/// # Errors
/// A text with syntax errors, and one that the formatter would change.
pub fn format(file: FileId, text: &str) -> Result<String, Refused> {
    format_parsed(file, text, &parser::parse(file, text))
}

/// As [`format()`], of a text that has been parsed.
///
/// # Errors
/// As [`format()`].
pub fn format_parsed(file: FileId, text: &str, parsed: &Parsed) -> Result<String, Refused> {
    if diagnostic::has_errors(&parsed.diagnostics) {
        return Err(Refused::Syntax(parsed.diagnostics.clone()));
    }
    let mut formatted = laid_out(file, text, &parsed.marks).ok_or(Refused::Changed)?;
    if formatted == text {
        return Ok(formatted);
    }
    // Comments in odd places may be taken for something else where they now stand: they settle in a second pass.
    for _ in 0..PASSES {
        let again = parser::parse(file, &formatted);
        if diagnostic::has_errors(&again.diagnostics) {
            return Err(Refused::Changed);
        }
        let next = laid_out(file, &formatted, &again.marks).ok_or(Refused::Changed)?;
        if next == formatted {
            break;
        }
        formatted = next;
    }
    if essence(file, text) != essence(file, &formatted) {
        return Err(Refused::Changed);
    }
    Ok(formatted)
}

/// How often a text is laid out again at most.
const PASSES: usize = 4;

/// The text laid out; nothing if its brackets do not match.
fn laid_out(file: FileId, text: &str, marks: &parser::Marks) -> Option<String> {
    let (words, end) = tree::words(file, text, marks);
    let (words, nodes) = tree::nodes(words)?;
    Some(document::print(&layout::file(words, &nodes, end)))
}

/// What formatting keeps: all tokens but commas that end a list, and all comments, each in order.
fn essence(file: FileId, text: &str) -> (Vec<(Kind, &str)>, Vec<String>) {
    let (tokens, _) = lexer::lex(file, text);
    let mut code: Vec<(Kind, &str)> = Vec::new();
    let mut comments = Vec::new();
    for token in tokens {
        let slice = text
            .get(token.span.start as usize..token.span.end as usize)
            .unwrap_or("");
        match token.kind {
            Kind::Comment | Kind::BlockComment | Kind::DocComment | Kind::ModuleDoc => {
                comments.push(tree::comment_text(slice).into_owned());
                continue;
            }
            // `(a,)` is not `(a)`: there the comma stays.
            Kind::RParen | Kind::RBracket | Kind::RBrace | Kind::Gt
                if code.last().is_some_and(|(kind, _)| *kind == Kind::Comma)
                    && !is_single(&code, token.kind) =>
            {
                code.pop();
            }
            _ => {}
        }
        code.push((token.kind, slice));
    }
    (code, comments)
}

/// Whether the tokens end with `(a,` that is a tuple of one and no call: its comma means something.
fn is_single(code: &[(Kind, &str)], close: Kind) -> bool {
    if close != Kind::RParen {
        return false;
    }
    let mut depth = 0usize;
    for (at, (kind, _)) in code.iter().enumerate().rev().skip(1) {
        match kind {
            Kind::RParen | Kind::RBracket | Kind::RBrace => depth += 1,
            Kind::LParen | Kind::LBracket | Kind::LBrace if depth > 0 => depth -= 1,
            Kind::LParen | Kind::LBracket | Kind::LBrace => {
                let before = at.checked_sub(1).and_then(|i| code.get(i));
                return !before.is_some_and(|(kind, _)| space::may_be_called(*kind));
            }
            Kind::Comma if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
