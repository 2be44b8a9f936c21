//! What a name stands for: its type, who may know it, its documentation.

use super::{Program, is_secret, shown};
use crate::check::usage_of;
use crate::index::Kind;
use crate::source::FileId;
use crate::span::Span;

/// What is shown about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The name.
    pub place: Span,
    /// The declaration, in the language.
    pub code: String,
    /// Who knows it, and its documentation; Markdown.
    pub text: String,
}

/// What stands at an offset.
pub fn hover(program: &Program, file: FileId, offset: u32) -> Option<Hover> {
    // A short form such as `S { a }` is a field and a variable: both are shown.
    let mut found: Option<Hover> = None;
    for occurrence in program.index().at(file, offset) {
        let Some(definition) = program.index().get(occurrence.definition) else {
            continue;
        };
        let code = match definition.kind {
            Kind::Builtin => usage_of(&definition.name)
                .unwrap_or(&definition.name)
                .to_owned(),
            _ => shown(definition),
        };
        let mut text = String::new();
        if matches!(
            definition.kind,
            Kind::Parameter | Kind::Variable | Kind::Field
        ) && !definition.ty.is_empty()
        {
            text.push_str(if is_secret(&definition.ty) {
                "Secret: no party learns it unless it is revealed or returned."
            } else {
                "Not secret of itself."
            });
        }
        if !definition.docs.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&definition.docs);
        }
        match &mut found {
            Some(hover) if hover.place == occurrence.place => {
                hover.code = format!("{}\n{code}", hover.code);
            }
            Some(_) => {}
            None => {
                found = Some(Hover {
                    place: occurrence.place,
                    code,
                    text,
                });
            }
        }
    }
    found
}
