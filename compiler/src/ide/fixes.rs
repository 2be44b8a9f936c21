//! Edits that mend what a diagnostic says, where its help leaves no choice.

use super::{Edit, Program};
use crate::ast::ItemKind;
use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::span::Span;

/// A way to mend something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, for people.
    pub title: String,
    /// What changes.
    pub edits: Vec<Edit>,
    /// Which diagnostic it mends, by its place in the program's list.
    pub mends: usize,
}

/// The fixes for what is wrong in a part of a file.
pub fn fixes(program: &Program, part: Span) -> Vec<Fix> {
    let mut found = Vec::new();
    for (mends, diagnostic) in program.checked.diagnostics.iter().enumerate() {
        let at = diagnostic.primary.span;
        if at.file != part.file || at.end < part.start || part.end < at.start {
            continue;
        }
        if let Some((title, edit)) = fix(program, diagnostic) {
            found.push(Fix {
                title,
                edits: vec![edit],
                mends,
            });
        }
    }
    found
}

fn fix(program: &Program, diagnostic: &Diagnostic) -> Option<(String, Edit)> {
    let place = diagnostic.primary.span;
    let help = diagnostic.help.as_deref()?;
    if let Some(import) = quoted(help, "bring it in: `", "`") {
        // With a choice of modules it is for people to choose.
        let one = import.starts_with("use ") && !help.contains("` or `");
        return one.then(|| {
            let at = import_place(program, place.file);
            let text = format!("{import}\n");
            (format!("Add `{import}`"), Edit { place: at, text })
        });
    }
    let near = quoted(help, "did you mean `", "`?")?;
    let is_word = near.chars().all(|c| c.is_alphanumeric() || c == '_');
    let text = program.sources.text(place);
    let wrong_is_word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_word && wrong_is_word).then(|| {
        let text = near.to_owned();
        (format!("Change to `{near}`"), Edit { place, text })
    })
}

fn quoted<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = text.get(text.find(before)? + before.len()..)?;
    rest.get(..rest.find(after)?)
}

/// Where a `use` is added: before the first one, or before the first item and its documentation.
fn import_place(program: &Program, file: FileId) -> Span {
    let mut parses = program.parses.clone();
    let text = program.text(file);
    let parsed = parses.parse(file, text);
    let items = &parsed.module.items;
    let import = items.iter().find(|i| matches!(i.kind, ItemKind::Use(_)));
    let mut at = match import.or(items.first()) {
        Some(item) => item.span.start as usize,
        None => 0,
    };
    // The comments directly above an item are its own.
    loop {
        let above = text.get(..at).unwrap_or("");
        let line = above.trim_end_matches([' ', '\t']).strip_suffix('\n');
        let start = line.map(|l| l.rfind('\n').map_or(0, |n| n + 1));
        match start {
            Some(start)
                if import.is_none()
                    && text[start..at].trim_start().starts_with("//")
                    && !text[start..at].trim_start().starts_with("//!") =>
            {
                at = start;
            }
            _ => break,
        }
    }
    Span::new(file, at, at)
}
