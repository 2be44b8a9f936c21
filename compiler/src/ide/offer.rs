//! Something that may be written, as lists of it show it.

use super::names::Edit;
use super::shown;
use crate::ast::{Item, ItemKind};
use crate::index::{Definition, Kind};
use crate::parses;
use crate::span::Span;

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word.
    pub name: String,
    /// What it is; a keyword has none.
    pub kind: Option<Kind>,
    /// Its type or head.
    pub detail: String,
    /// Its documentation.
    pub docs: String,
    /// The `use` that it needs.
    pub import: Option<Edit>,
}

impl Completion {
    pub(super) fn of(definition: &Definition) -> Self {
        Self {
            name: definition.name.clone(),
            kind: Some(definition.kind),
            detail: shown(definition),
            docs: definition.docs.clone(),
            import: None,
        }
    }

    pub(super) fn word(word: &str, kind: Option<Kind>, detail: &str) -> Self {
        Self {
            name: word.to_owned(),
            kind,
            detail: detail.to_owned(),
            docs: String::new(),
            import: None,
        }
    }
}

/// What the library has, with the `use` that it needs.
pub(super) fn of_library(item: &Item, module: &str, text: &str, at: Span) -> Option<Completion> {
    let name = parses::item_name(item)?;
    let head = text.trim_start_matches("pub ").lines().next().unwrap_or("");
    let kind = match &item.kind {
        ItemKind::Fn(_) | ItemKind::Circuit(_) => Kind::Function,
        ItemKind::Const(_) => Kind::Constant,
        ItemKind::Enum(_) => Kind::Enum,
        _ => Kind::Struct,
    };
    // Several modules may have the name, and lists cut what is long.
    let detail = format!("std::{module}: {}", head.trim_end_matches([' ', '{', '(']));
    let mut one = Completion::word(name, Some(kind), &detail);
    one.docs.clone_from(&item.docs);
    one.import = Some(Edit {
        place: at,
        text: format!("use std::{module}::{name};\n"),
    });
    Some(one)
}
