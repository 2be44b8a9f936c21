//! Something that may be written, as lists of it show it.

use super::names::Edit;
use super::shown;
use crate::ast::{Item, ItemKind};
use crate::index::{Definition, Kind};
use crate::parses::{self, Parses};
use crate::source::SourceSet;
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

/// A module that lies beside a program, whether the program uses it or not.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its name.
    pub module: String,
    /// Its text.
    pub text: String,
    /// Its public items.
    pub items: Vec<Completion>,
}

impl Beside {
    /// The module of a name and a text.
    pub fn new(module: &str, text: String) -> Self {
        let mut sources = SourceSet::new();
        let file = sources.add(format!("{module}.smpc"), text.clone());
        let parsed = Parses::default().parse(file, &text);
        let public = parsed.module.items.iter().filter(|item| item.public);
        let one = |item: &Item| {
            let head = sources.text(item.span).lines().next().unwrap_or("");
            let head = head.trim_start_matches("pub ");
            let name = parses::item_name(item)?;
            let detail = format!(
                "crate::{module}: {}",
                head.trim_end_matches([' ', '{', '('])
            );
            let mut one = Completion::word(name, Some(kind_of(item)), &detail);
            one.docs.clone_from(&item.docs);
            Some(one)
        };
        let items = public.filter_map(one).collect();
        Self {
            module: module.to_owned(),
            text,
            items,
        }
    }

    /// The `use` of an item.
    pub(super) fn import(&self, item: &str) -> String {
        format!("use crate::{}::{item};", self.module)
    }
}

fn kind_of(item: &Item) -> Kind {
    match &item.kind {
        ItemKind::Fn(_) | ItemKind::Circuit(_) => Kind::Function,
        ItemKind::Const(_) => Kind::Constant,
        ItemKind::Enum(_) => Kind::Enum,
        _ => Kind::Struct,
    }
}

/// What the library has, with the `use` that it needs.
pub(super) fn of_library(item: &Item, module: &str, text: &str, at: Span) -> Option<Completion> {
    let name = parses::item_name(item)?;
    let head = text.trim_start_matches("pub ").lines().next().unwrap_or("");
    // Several modules may have the name, and lists cut what is long.
    let detail = format!("std::{module}: {}", head.trim_end_matches([' ', '{', '(']));
    let mut one = Completion::word(name, Some(kind_of(item)), &detail);
    one.docs.clone_from(&item.docs);
    one.import = Some(Edit {
        place: at,
        text: format!("use std::{module}::{name};\n"),
    });
    Some(one)
}
