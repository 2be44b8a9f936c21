//! Types that the compiler found and nobody wrote.

use super::Program;
use crate::index::Kind;
use crate::lexer::Kind as Tok;
use crate::source::FileId;
use crate::span::Span;
use smpcc_circuit::sorted::SortedMap;

/// Text after a place that is not in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The name that it follows.
    pub after: Span,
    /// The text.
    pub text: String,
}

/// The types of a file's variables that are declared without one.
pub fn hints(program: &Program, file: FileId) -> Vec<Hint> {
    let tokens = program.tokens(file);
    let after: SortedMap<u32, Tok> = tokens
        .windows(2)
        .map(|pair| (pair[0].span.start, pair[1].kind))
        .collect();
    let mut hints: Vec<Hint> = program
        .declared()
        .filter(|(d, place)| {
            place.file == file
                && d.kind == Kind::Variable
                && !d.ty.is_empty()
                && after.get(&place.start).is_some_and(|k| *k != Tok::Colon)
        })
        .map(|(d, place)| Hint {
            after: place,
            text: format!(": {}", d.ty),
        })
        .collect();
    hints.sort_by_key(|hint| hint.after);
    hints
}
