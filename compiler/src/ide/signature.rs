//! The head of the function that is being called around a place.

use super::{Program, is_comment, shown};
use crate::check::usage_of;
use crate::index::Kind;
use crate::lexer::Kind as Tok;
use crate::source::FileId;

/// A head, and which parameter the place stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The head.
    pub head: String,
    /// Its documentation.
    pub docs: String,
    /// The parameters as ranges of bytes of the head.
    pub params: Vec<(u32, u32)>,
    /// Which one it is, from 0.
    pub active: usize,
}

/// The call around an offset. The names are those of `known`, which may be of a time when the text had no errors.
pub fn signature(
    program: &Program,
    known: &Program,
    file: FileId,
    offset: u32,
) -> Option<Signature> {
    let tokens = program.tokens(file);
    let before: Vec<_> = tokens
        .iter()
        .filter(|t| t.span.end <= offset && !is_comment(t.kind))
        .collect();
    // Back to the bracket that is open here, counting commas.
    let (mut depth, mut commas) = (0usize, 0usize);
    let mut open = None;
    for (at, token) in before.iter().enumerate().rev() {
        match token.kind {
            Tok::RParen | Tok::RBracket | Tok::RBrace => depth += 1,
            Tok::LParen if depth == 0 => {
                open = Some(at);
                break;
            }
            Tok::LParen | Tok::LBracket | Tok::LBrace if depth > 0 => depth -= 1,
            Tok::LBracket | Tok::LBrace | Tok::Semi => return None,
            Tok::Comma if depth == 0 => commas += 1,
            _ => {}
        }
    }
    let at = open?.checked_sub(1)?;
    let name = program.sources.text(before[at].span);
    let earlier = |n: usize| {
        at.checked_sub(n)
            .and_then(|i| before.get(i))
            .map(|t| t.kind)
    };
    if earlier(1) == Some(Tok::Fn) {
        return None;
    }
    let is_method = earlier(1) == Some(Tok::Dot);
    let functions = known
        .declared()
        .filter(|(d, _)| matches!(d.kind, Kind::Function | Kind::Circuit) && d.name == name);
    // The program's own before the library's, as names are resolved.
    let own = functions.max_by_key(|(_, place)| place.file);
    let (head, docs) = match own {
        Some((definition, _)) => (shown(definition), definition.docs.clone()),
        None => (usage_of(name)?.to_owned(), String::new()),
    };
    let params = parameters(&head);
    let active = (commas + usize::from(is_method)).min(params.len().saturating_sub(1));
    Some(Signature {
        head,
        docs,
        params,
        active,
    })
}

/// Where the parameters stand in a head.
fn parameters(head: &str) -> Vec<(u32, u32)> {
    let mut params = Vec::new();
    let Some(open) = head.find('(') else {
        return params;
    };
    let (mut depth, mut start) = (0usize, open + 1);
    let mut bars = false;
    let mut push = |from: usize, to: usize| {
        let text = head.get(from..to).unwrap_or("");
        let from = from + (text.len() - text.trim_start().len());
        if !text.trim().is_empty() {
            params.push((from as u32, to as u32));
        }
    };
    for (at, c) in head.char_indices().skip_while(|(at, _)| *at <= open) {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' if depth == 0 => {
                push(start, at);
                break;
            }
            '|' => bars = !bars,
            // `->` closes nothing.
            '>' if head[..at].ends_with('-') => {}
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && !bars => {
                push(start, at);
                start = at + 1;
            }
            _ => {}
        }
    }
    params
}
