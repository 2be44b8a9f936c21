//! Parts of a text by its brackets and comments: what can be folded, and what encloses a place. Of use in any text.

use super::{Program, is_comment};
use crate::lexer::Kind as Tok;
use crate::source::FileId;
use crate::span::Span;

/// What spans several lines: brackets, from their opening to their closing, and comments of several lines.
pub fn folds(program: &Program, file: FileId) -> Vec<(Span, bool)> {
    let text = program.text(file);
    let lines = |span: &Span| {
        let inner = text.get(span.start as usize..span.end as usize);
        inner.is_some_and(|inner| inner.contains('\n'))
    };
    let mut found: Vec<(Span, bool)> = pairs(program, file)
        .into_iter()
        .map(|pair| (pair, false))
        .collect();
    let mut run: Option<Span> = None;
    for token in program.tokens(file) {
        if !is_comment(token.kind) {
            found.extend(run.take().map(|run| (run, true)));
            continue;
        }
        let gap = run.and_then(|run| text.get(run.end as usize..token.span.start as usize));
        let goes_on = gap.is_some_and(|gap| gap.matches('\n').count() <= 1);
        run = match run {
            Some(before) if goes_on => Some(before.to(token.span)),
            before => {
                found.extend(before.map(|run| (run, true)));
                Some(token.span)
            }
        };
    }
    found.extend(run.map(|run| (run, true)));
    found.retain(|(span, _)| lines(span));
    found.sort_unstable();
    found
}

/// The brackets of a file from opening to closing, innermost first where they nest.
fn pairs(program: &Program, file: FileId) -> Vec<Span> {
    let mut open: Vec<(Tok, Span)> = Vec::new();
    let mut pairs = Vec::new();
    for token in program.tokens(file) {
        let opener = match token.kind {
            Tok::LBrace | Tok::LParen | Tok::LBracket => {
                open.push((token.kind, token.span));
                continue;
            }
            Tok::RBrace => Tok::LBrace,
            Tok::RParen => Tok::LParen,
            Tok::RBracket => Tok::LBracket,
            _ => continue,
        };
        // What was never closed does not hide what is around it.
        if let Some(at) = open.iter().rposition(|(kind, _)| *kind == opener) {
            pairs.push(open[at].1.to(token.span));
            open.truncate(at);
        }
    }
    pairs
}

/// What encloses an offset, from the word to the file.
pub fn enclosing(program: &Program, file: FileId, offset: u32) -> Vec<Span> {
    let holds = |span: &Span| span.start <= offset && offset <= span.end;
    let tokens = program.tokens(file);
    let mut found: Vec<Span> = tokens.iter().map(|t| t.span).filter(holds).collect();
    // A name rather than the mark before it.
    found.sort_by_key(|span| std::cmp::Reverse(span.start));
    found.truncate(1);
    for pair in pairs(program, file).into_iter().filter(holds) {
        let inner = Span {
            start: pair.start + 1,
            end: pair.end.saturating_sub(1).max(pair.start + 1),
            ..pair
        };
        if holds(&inner) {
            found.push(inner);
        }
        found.push(pair);
    }
    let mut parses = program.parses.clone();
    let parsed = parses.parse(file, program.text(file));
    found.extend(parsed.module.items.iter().map(|i| i.span).filter(holds));
    found.push(Span::new(file, 0, program.text(file).len()));
    found.sort_by_key(|span| (span.end - span.start, span.start));
    // Each encloses the one before.
    let mut chain: Vec<Span> = Vec::new();
    for span in found {
        let encloses = chain
            .last()
            .is_none_or(|last| span.start <= last.start && last.end <= span.end && span != *last);
        if encloses {
            chain.push(span);
        }
    }
    chain
}
