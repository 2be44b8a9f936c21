//! Names that a file brings in and does not use: the warning that says so.
//!
//! A name counts as used where it stands anywhere else in the file, but for places where it is known to be the name of a field, a
//! variable or a role: a method call, a path and a type need no look at what they mean, so that nothing is called unused that is not.

use crate::ast::{Import, ItemKind};
use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::index::{Index, Kind};
use crate::lexer;
use crate::library;
use crate::parses::Parses;
use crate::source::SourceSet;
use crate::span::{FileId, Span};

/// The warnings about these files of a program, the library's aside.
pub fn warnings(
    sources: &SourceSet,
    files: impl Iterator<Item = FileId>,
    parses: &mut Parses,
    index: &Index,
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for file in files.filter(|file| !library::owns(*file)) {
        let Some(source) = sources.get(file) else {
            continue;
        };
        let parsed = parses.parse(file, &source.text);
        // What is brought in for others is used by them.
        let items = parsed.module.items.iter();
        let items: Vec<(Span, Vec<Import>)> = items
            .filter_map(|item| match &item.kind {
                ItemKind::Use(tree) => Some((
                    item.span,
                    match item.public {
                        true => Vec::new(),
                        false => tree.imports(),
                    },
                )),
                _ => None,
            })
            .collect();
        if items.is_empty() {
            continue;
        }
        let inside = |place: Span| {
            let around = |(span, _): &(Span, Vec<Import>)| {
                span.start <= place.start && place.end <= span.end
            };
            items.iter().any(around)
        };
        let (tokens, _) = lexer::lex(file, &source.text);
        let words: Vec<&str> = tokens
            .iter()
            .filter(|t| !inside(t.span) && !names_a_part(index, t.span))
            .map(|t| sources.text(t.span))
            .collect();
        for import in items.iter().flat_map(|(_, imports)| imports) {
            let name = &import.local;
            if name.text.starts_with('_') || words.contains(&name.text.as_str()) {
                continue;
            }
            let warning = diagnostic!(
                W0007,
                name.span,
                "`{}` is brought in and not used",
                name.text
            );
            out.push(warning.here("nothing uses it").help("remove it"));
        }
    }
    out
}

/// Whether a name is known to be that of a field, a variable or a role, and of nothing else.
fn names_a_part(index: &Index, place: Span) -> bool {
    let mut kinds = index
        .at(place.file, place.start)
        .filter(|o| o.place == place)
        .filter_map(|o| index.get(o.definition))
        .map(|definition| definition.kind)
        .peekable();
    kinds.peek().is_some()
        && kinds.all(|kind| {
            matches!(
                kind,
                Kind::Field | Kind::Variable | Kind::Parameter | Kind::Role
            )
        })
}
