//! From a name to its declaration, to all its places, and to another name.

use super::{Program, is_comment, is_library};
use crate::diagnostic;
use crate::index::{DefinitionId, Index, Kind};
use crate::lexer::{self, Kind as Tok};
use crate::source::{FileId, SourceSet};
use crate::span::Span;
use smpcc_circuit::sorted::SortedMap;

/// A piece of text in place of another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub place: Span,
    /// What stands there then.
    pub text: String,
}

/// Where the names at an offset are declared.
pub fn declaration(program: &Program, file: FileId, offset: u32) -> Vec<Span> {
    let index = program.index();
    let mut places: Vec<Span> = index
        .at(file, offset)
        .filter_map(|o| index.get(o.definition)?.place)
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// All places of what the name at an offset stands for, with or without its declaration.
pub fn references(program: &Program, file: FileId, offset: u32, declaration: bool) -> Vec<Span> {
    let index = program.index();
    let mut places: Vec<Span> = index
        .at(file, offset)
        .flat_map(|o| {
            let declared = index.get(o.definition).and_then(|d| d.place);
            index
                .places_of(o.definition)
                .filter(move |place| declaration || Some(*place) != declared)
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Where the name at an offset is declared, if other files may have it too; a name that a `use` gives by `as` belongs to its file.
pub fn shared(program: &Program, file: FileId, offset: u32) -> Option<Span> {
    let index = program.index();
    let mut found = index.at(file, offset).filter_map(|o| {
        let definition = index.get(o.definition)?;
        let place = definition.place.filter(|place| !is_library(place.file))?;
        let shared = matches!(
            definition.kind,
            Kind::Function
                | Kind::Circuit
                | Kind::Struct
                | Kind::Enum
                | Kind::Variant
                | Kind::Field
                | Kind::Alias
                | Kind::Constant
        );
        let is_alias = program.sources.text(o.place) != definition.name;
        (shared && !is_alias && definition.name != "main").then_some(place)
    });
    found.next()
}

/// The name at an offset, if it can have another one.
pub fn nameable(program: &Program, file: FileId, offset: u32) -> Result<Span, String> {
    target(program, file, offset).map(|(place, _)| place)
}

fn target(program: &Program, file: FileId, offset: u32) -> Result<(Span, DefinitionId), String> {
    let index = program.index();
    // In a short form the variable is meant: its name is what the function chooses.
    let found = index
        .at(file, offset)
        .filter_map(|o| Some((o, index.get(o.definition)?)))
        .max_by_key(|(_, d)| d.kind != Kind::Field);
    let Some((occurrence, definition)) = found else {
        return Err("there is no name here".into());
    };
    let name = &definition.name;
    match definition.place {
        None => Err(format!("`{name}` belongs to the language")),
        Some(place) if is_library(place.file) => Err(format!("`{name}` belongs to the library")),
        Some(_) if definition.kind == Kind::Module => {
            Err(format!("`{name}` is named after its file"))
        }
        Some(_) if name == "main" => Err("`main` is where every program begins".into()),
        Some(_) => Ok((occurrence.place, occurrence.definition)),
    }
}

/// What gives the name at an offset another one, everywhere; a reason if the program would not stay the same. A name that a `use` gives by
/// `as` is one of its own, of that file.
pub fn rename(
    program: &Program,
    file: FileId,
    offset: u32,
    name: &str,
) -> Result<Vec<Edit>, String> {
    let (named, id) = target(program, file, offset)?;
    let (tokens, _) = lexer::lex(file, name);
    let is_name = matches!(tokens.as_slice(), [token]
        if token.span.end as usize == name.len()
            && (token.kind == Tok::Ident || lexer::CONTEXTUAL_KEYWORDS.contains(&name)));
    if !is_name {
        return Err(format!("`{name}` is not a name"));
    }
    let index = program.index();
    let is_field = index.get(id).is_some_and(|d| d.kind == Kind::Field);
    let written = program.sources.text(named);
    let is_alias = index.get(id).is_some_and(|d| d.name != written);
    let same_name = |place: &Span| {
        program.sources.text(*place) == written && (!is_alias || place.file == named.file)
    };
    let mut edits = Vec::new();
    for place in index.places_of(id).filter(same_name) {
        let other = index
            .at(place.file, place.start)
            .find(|o| o.place == place && o.definition != id)
            .and_then(|o| index.get(o.definition));
        let text = match other {
            // `S { a }` has both names from now on.
            Some(other) if is_field => format!("{name}: {}", other.name),
            Some(other) if other.kind == Kind::Field => format!("{}: {name}", other.name),
            _ => name.to_owned(),
        };
        edits.push(Edit { place, text });
    }
    edits.sort_unstable();
    edits.dedup();
    if edits.iter().any(|e| is_library(e.place.file)) {
        return Err("the library uses it too".into());
    }
    if !index.get(id).is_some_and(|d| is_local(d.kind)) {
        all_known(program, written)?;
    }
    keeps(program, &edits, name)?;
    Ok(edits)
}

/// Whether only the item has it in which it is declared.
fn is_local(kind: Kind) -> bool {
    matches!(kind, Kind::Variable | Kind::Parameter | Kind::Generic)
}

/// Refuses where a name stands in an item with a syntax error: what it means there nobody knows.
fn all_known(program: &Program, name: &str) -> Result<(), String> {
    let mut parses = program.parses.clone();
    let own = program.sources.iter().filter(|(id, _)| !is_library(*id));
    for (id, file) in own {
        if !diagnostic::has_errors(&parses.parse(id, &file.text).diagnostics) {
            continue;
        }
        let unknown = |place: &Span| {
            let mut known = program.index().at(id, place.start);
            program.sources.text(*place) == name && !known.any(|o| o.place == *place)
        };
        let tokens = program.tokens(id);
        let words = tokens.iter().filter(|t| !is_comment(t.kind));
        if let Some(place) = words.map(|t| t.span).find(unknown) {
            let line = file.line_col(place.start as usize).0;
            return Err(format!(
                "{} has syntax errors: what `{name}` means in line {line} is not known",
                file.name
            ));
        }
    }
    Ok(())
}

/// Whether all names of the program stand for the same after the edits.
fn keeps(program: &Program, edits: &[Edit], name: &str) -> Result<(), String> {
    let Some(sources) = edited(program, edits) else {
        return Err("the program has changed meanwhile".into());
    };
    let after = Program::new(sources, program.root, program.parses.clone());
    let n_errors = |p: &Program| {
        p.checked
            .diagnostics
            .iter()
            .filter(|d| d.is_error())
            .count()
    };
    if n_errors(&after) > n_errors(program) {
        let new = after.checked.diagnostics.iter().find(|d| d.is_error());
        let why = new.map_or("", |d| d.message.as_str());
        return Err(format!(
            "with the name `{name}` the program has errors: {why}"
        ));
    }
    if diagnostic::has_errors(&program.checked.diagnostics) || same(program.index(), after.index())
    {
        Ok(())
    } else {
        Err(format!("`{name}` stands for something else here already"))
    }
}

/// The sources with some edits made; none where these do not fit.
pub(super) fn edited(program: &Program, edits: &[Edit]) -> Option<SourceSet> {
    let mut sources = SourceSet::new();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.place);
    let own = program.sources.iter().filter(|(id, _)| !is_library(*id));
    for (id, file) in own {
        let mut text = file.text.clone();
        for edit in edits.iter().rev().filter(|e| e.place.file == id) {
            let (start, end) = (edit.place.start as usize, edit.place.end as usize);
            text.get(start..end)?;
            text.replace_range(start..end, &edit.text);
        }
        sources.add(file.name.clone(), text);
    }
    Some(sources)
}

/// Whether names stand for the same things, in order.
fn same(before: &Index, after: &Index) -> bool {
    let (before, after) = (shape(before), shape(after));
    before == after
}

/// For each name in order, by file, which of all things it stands for: the first one is the first thing.
fn shape(index: &Index) -> Vec<(FileId, usize)> {
    let mut things: SortedMap<DefinitionId, usize> = SortedMap::new();
    let mut shape = Vec::with_capacity(index.occurrences().len());
    let mut at = 0;
    let all = index.occurrences();
    while let Some(first) = all.get(at) {
        // Names at one place are taken by their kinds: a short form has become a long one, perhaps.
        let here = all[at..].iter().take_while(|o| o.place == first.place);
        let mut here: Vec<_> = here.collect();
        at += here.len();
        here.sort_by_key(|o| index.get(o.definition).map(|d| d.kind));
        for occurrence in here {
            let next = things.len();
            let thing = *things.entry(occurrence.definition).or_insert(next);
            shape.push((occurrence.place.file, thing));
        }
    }
    shape
}
