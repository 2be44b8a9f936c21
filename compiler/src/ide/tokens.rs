//! Names by what they stand for and by who knows them: what a grammar of words cannot see.

use super::{Program, is_secret};
use crate::ast::ItemKind;
use crate::index::Kind;
use crate::source::FileId;
use crate::span::Span;
use smpcc_circuit::sorted::SortedSet;

/// Who knows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// It is not a value, or not known to be one.
    Unsaid,
    /// All parties, or nobody needs to hide it.
    Public,
    /// No party.
    Secret,
    /// The party that gives it.
    Owned,
}

/// A name and how it is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Colour {
    /// The name.
    pub place: Span,
    /// What it stands for.
    pub kind: Kind,
    /// Who knows it.
    pub known: Known,
    /// Whether it is declared here.
    pub declares: bool,
}

/// The names of a file, in order.
pub fn colours(program: &Program, file: FileId) -> Vec<Colour> {
    let owned = owned(program);
    let index = program.index();
    let mut colours: Vec<Colour> = Vec::new();
    for occurrence in index.occurrences() {
        let place = occurrence.place;
        if place.file != file || place.start == place.end {
            continue;
        }
        let Some(definition) = index.get(occurrence.definition) else {
            continue;
        };
        // Of the names of a short form the variable's counts.
        if colours.last().is_some_and(|c| c.place == place) {
            if definition.kind == Kind::Field {
                continue;
            }
            colours.pop();
        }
        let value = matches!(
            definition.kind,
            Kind::Parameter | Kind::Variable | Kind::Field | Kind::Constant
        );
        let known = match definition.place {
            Some(at) if owned.contains(&at) => Known::Owned,
            _ if !value || definition.ty.is_empty() => Known::Unsaid,
            _ if is_secret(&definition.ty) => Known::Secret,
            // A field is as secret as what it is a field of.
            at if definition.kind == Kind::Field && at != Some(place) => {
                of_a_field(program.text(file), place, &colours)
            }
            _ => Known::Public,
        };
        colours.push(Colour {
            place,
            kind: definition.kind,
            known,
            declares: definition.place == Some(place),
        });
    }
    colours
}

/// Who knows a field that is not secret of itself, by the name that what it is read from begins with; of what a function gives nothing is said.
fn of_a_field(text: &str, place: Span, colours: &[Colour]) -> Known {
    let before = text.get(..place.start as usize).unwrap_or_default();
    let Some(mut before) = before.trim_end().strip_suffix('.') else {
        return Known::Unsaid;
    };
    loop {
        before = before.trim_end();
        // An index says nothing of who knows an element.
        while before.ends_with(']') {
            let mut depth = 0u32;
            let open = before.rfind(|c| {
                match c {
                    ']' => depth += 1,
                    '[' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            let Some(open) = open else {
                return Known::Unsaid;
            };
            before = before[..open].trim_end();
        }
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let rest = before.trim_end_matches(name);
        if rest.len() == before.len() {
            return Known::Unsaid;
        }
        match rest.trim_end().strip_suffix('.') {
            Some(further) if !further.ends_with('.') => before = further,
            _ => {
                let start = rest.len() as u32;
                let first = colours.iter().rev().find(|c| c.place.start == start);
                return match first.map(|c| c.known) {
                    Some(Known::Secret | Known::Owned) => Known::Secret,
                    Some(Known::Public) => Known::Public,
                    Some(Known::Unsaid) | None => Known::Unsaid,
                };
            }
        }
    }
}

/// The inputs that parties give and that are not public.
fn owned(program: &Program) -> SortedSet<Span> {
    let mut parses = program.parses.clone();
    let mut owned = SortedSet::new();
    for (id, file) in program.sources.iter() {
        if super::is_library(id) || !file.name.ends_with(".smpc") {
            continue;
        }
        let parsed = parses.parse(id, &file.text);
        for item in &parsed.module.items {
            if let ItemKind::Fn(decl) = &item.kind {
                let given = decl.params.iter().filter(|p| p.from.is_some());
                owned.extend(given.map(|p| p.name.span));
            }
        }
    }
    let public = program
        .declared()
        .filter(|(d, _)| d.kind == Kind::Parameter && !is_secret(&d.ty));
    for (_, place) in public {
        owned.remove(&place);
    }
    owned
}
