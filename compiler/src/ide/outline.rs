//! What a file declares.

use super::Program;
use crate::ast::ItemKind;
use crate::index::{Definition, Kind};
use crate::source::FileId;
use crate::span::Span;

/// Something with a name, and what is declared in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name.
    pub name: String,
    /// What it is; a test has none.
    pub kind: Option<Kind>,
    /// Its type or head.
    pub detail: String,
    /// All of it.
    pub whole: Span,
    /// Its name in it.
    pub place: Span,
    /// Fields and variants.
    pub children: Vec<Symbol>,
}

/// The items of a file, in order.
pub fn outline(program: &Program, file: FileId) -> Vec<Symbol> {
    let mut parses = program.parses.clone();
    let parsed = parses.parse(file, program.text(file));
    let mut declared: Vec<(&Definition, Span)> = program
        .declared()
        .filter(|(_, place)| place.file == file)
        .collect();
    declared.sort_by_key(|(_, place)| *place);
    let mut symbols = Vec::new();
    for item in &parsed.module.items {
        let from = declared.partition_point(|(_, place)| place.start < item.span.start);
        let inside = declared[from..]
            .iter()
            .take_while(|(_, place)| place.end <= item.span.end);
        let mut symbol: Option<Symbol> = None;
        let mut children = Vec::new();
        for &(definition, place) in inside {
            let one = Symbol {
                name: definition.name.clone(),
                kind: Some(definition.kind),
                detail: definition.ty.clone(),
                whole: place,
                place,
                children: Vec::new(),
            };
            match definition.kind {
                Kind::Field | Kind::Variant => children.push(one),
                Kind::Function
                | Kind::Circuit
                | Kind::Struct
                | Kind::Enum
                | Kind::Constant
                | Kind::Role
                | Kind::Alias => symbol = Some(one),
                _ => {}
            }
        }
        if let ItemKind::Test(test) = &item.kind {
            symbol = Some(Symbol {
                name: test.name.text.clone(),
                kind: None,
                detail: String::new(),
                whole: item.span,
                place: test.name.span,
                children: Vec::new(),
            });
            children.clear();
        }
        if let Some(symbol) = symbol {
            symbols.push(Symbol {
                whole: item.span,
                children,
                ..symbol
            });
        }
    }
    symbols
}
