//! What may be written at a place.

use super::fixes::import_place;
use super::members::members;
use super::names::Edit;
use super::offer::{Beside, Completion, of_library};
use super::{Program, is_comment, is_secret};

use crate::check::usages;
use crate::index::{Definition, Kind};
use crate::lexer::{self, Kind as Tok};
use crate::parses;
use crate::source::FileId;
use crate::span::Span;
use smpcc_circuit::sorted::{SortedMap, SortedSet};

/// What may stand at an offset. The names are those of `known`, which may be of a time when the text had no errors, and whose
/// file of the same name has the names of this one.
pub fn complete(
    program: &Program,
    known: &Program,
    beside: &[Beside],
    file: FileId,
    offset: u32,
) -> Vec<Completion> {
    let tokens = program.tokens(file);
    let inside = |span: Span| span.start < offset && offset < span.end;
    let comment = tokens.iter().any(|t| {
        let open_end = t.span.end == offset && t.kind != Tok::BlockComment;
        (is_comment(t.kind) && (inside(t.span) || open_end))
            || (t.kind == Tok::Str && inside(t.span))
    });
    if comment {
        return Vec::new();
    }
    // The word that is being written does not count.
    let is_word = |kind: Tok, span: Span| {
        let text = program.sources.text(span);
        kind == Tok::Ident || text.chars().all(|c| c.is_alphabetic() || c == '_')
    };
    let mut before: Vec<_> = tokens
        .iter()
        .filter(|t| !is_comment(t.kind) && t.span.start < offset)
        .collect();
    before.pop_if(|t| t.span.end >= offset && is_word(t.kind, t.span));
    let kind = |n: usize| before.len().checked_sub(n).and_then(|i| before.get(i));
    // In the braces of a `use` stand items of what is before them.
    let listed = before
        .iter()
        .rev()
        .take_while(|t| matches!(t.kind, Tok::Ident | Tok::Comma | Tok::As))
        .count();
    let opened = (kind(listed + 1), kind(listed + 2), kind(listed + 3));
    if let (Some(brace), Some(sep), Some(module)) = opened
        && (brace.kind, sep.kind) == (Tok::LBrace, Tok::PathSep)
        && listed
            .checked_sub(1)
            .is_none_or(|_| kind(1).is_some_and(|t| t.kind == Tok::Comma))
    {
        let module = program.sources.text(module.span);
        return items_of(known, beside, module, there(program, known, file));
    }
    match kind(1).map(|t| t.kind) {
        Some(Tok::Dot) => {
            let found = members(program, file, offset);
            match found.is_empty() {
                true => after_dot(program, known, file, kind(2).map(|t| t.span)),
                false => found,
            }
        }
        Some(Tok::From | Tok::To | Tok::Each) => roles(program, known, kind(1).map(|t| t.kind)),
        Some(Tok::PathSep) => {
            let head = kind(2).map_or("", |t| program.sources.text(t.span));
            // Items that are whole are known also beside others that are not.
            let mut found = [program, known]
                .into_iter()
                .map(|of| of_type(of, head))
                .filter(|found| !found.is_empty());
            match found.next() {
                Some(of_type) => of_type,
                None => items_of(known, beside, head, there(program, known, file)),
            }
        }
        Some(Tok::Let | Tok::Mut | Tok::Fn | Tok::Struct | Tok::Enum | Tok::Party) => Vec::new(),
        Some(Tok::LBrace | Tok::Comma) => {
            let kinds: Vec<Tok> = before.iter().map(|t| t.kind).collect();
            let texts: Vec<&str> = before
                .iter()
                .map(|t| program.sources.text(t.span))
                .collect();
            let mut found = [program, known]
                .into_iter()
                .filter_map(|of| fields_to_give(of, &kinds, &texts))
                .filter(|fields| !fields.is_empty());
            match found.next() {
                Some(fields) => fields,
                None => names(program, known, beside, file, offset),
            }
        }
        _ => names(program, known, beside, file, offset),
    }
}

/// What follows the name of a type: the variants of an enum, the limits of integers.
fn of_type(known: &Program, name: &str) -> Vec<Completion> {
    if name == "usize" || crate::types::width::parse(name).is_some_and(|found| found.is_ok()) {
        let limits = [
            ("MAX", "the largest value"),
            ("MIN", "the smallest value"),
            ("BITS", "the number of bits"),
        ];
        let one = |(limit, what)| Completion::word(limit, Some(Kind::Constant), what);
        return limits.map(one).into();
    }
    children_of(known, name, Kind::Enum)
}

/// The fields of the structs, or the variants of the enums, of this name.
fn children_of(known: &Program, name: &str, kind: Kind) -> Vec<Completion> {
    let files = known.sources.iter().map(|(file, _)| file);
    let items = files.flat_map(|file| super::outline(known, file));
    let named = items.filter(|item| item.kind == Some(kind) && item.name == name);
    named
        .flat_map(|item| item.children)
        .map(|child| Completion::word(&child.name, child.kind, &child.detail))
        .collect()
}

/// Where a field's name stands in the braces after a struct's name: the fields that are not there yet.
fn fields_to_give(known: &Program, kinds: &[Tok], texts: &[&str]) -> Option<Vec<Completion>> {
    let mut depth = 0u32;
    let mut open = None;
    for (at, kind) in kinds.iter().enumerate().rev() {
        match kind {
            Tok::RBrace | Tok::RParen | Tok::RBracket => depth += 1,
            Tok::LBrace if depth == 0 => {
                open = Some(at);
                break;
            }
            Tok::LParen | Tok::LBracket if depth == 0 => return None,
            Tok::LBrace | Tok::LParen | Tok::LBracket => depth -= 1,
            _ => {}
        }
    }
    let open = open?;
    let name = open.checked_sub(1)?;
    let ahead = name.checked_sub(1).and_then(|at| kinds.get(at));
    // There the braces are those of a body or a declaration.
    let other = matches!(
        ahead,
        Some(Tok::Arrow | Tok::Secret | Tok::Struct | Tok::Enum)
    );
    if kinds[name] != Tok::Ident || other {
        return None;
    }
    let mut fields = children_of(known, texts[name], Kind::Struct);
    let mut depth = 0u32;
    let mut begins = true;
    for (kind, text) in kinds.iter().zip(texts).skip(open + 1) {
        match kind {
            Tok::LBrace | Tok::LParen | Tok::LBracket => depth += 1,
            Tok::RBrace | Tok::RParen | Tok::RBracket => depth = depth.saturating_sub(1),
            _ if begins && depth == 0 => fields.retain(|field| field.name != *text),
            _ => {}
        }
        begins = depth == 0 && *kind == Tok::Comma;
    }
    Some(fields)
}

/// The file of `known` that is `file` of `program`.
fn there(program: &Program, known: &Program, file: FileId) -> FileId {
    let name = program.sources.get(file).map_or("", |f| f.name.as_str());
    known.sources.find(name).unwrap_or(file)
}

/// Where nothing says the type: fields of the structs that the name before the dot is, or was when the text had no errors, and functions of
/// the language.
fn after_dot(
    program: &Program,
    known: &Program,
    file: FileId,
    before: Option<Span>,
) -> Vec<Completion> {
    let name = before.map_or("", |span| program.sources.text(span));
    let there = there(program, known, file);
    // Items that are whole are known also beside others that are not.
    let texts = [(known, there), (program, file)];
    let declared = texts.into_iter().flat_map(|(of, file)| {
        let all = of.declared().filter(move |(_, place)| place.file == file);
        all.map(|(d, _)| d)
    });
    let types: Vec<&str> = declared
        .filter(|d| {
            d.name == name && matches!(d.kind, Kind::Variable | Kind::Parameter | Kind::Field)
        })
        .map(|d| d.ty.as_str())
        .collect();
    let mut found: SortedMap<String, Completion> = SortedMap::new();
    let files = texts.into_iter().flat_map(|(of, _)| {
        let all = of.sources.iter();
        all.map(move |(file, _)| (of, file))
    });
    for (of, file) in files {
        for item in super::outline(of, file) {
            let named = |ty: &&str| {
                let words = ty.split(|c: char| !c.is_alphanumeric() && c != '_');
                words.into_iter().any(|word| word == item.name) && !ty.starts_with('[')
            };
            if item.kind == Some(Kind::Struct) && types.iter().any(named) {
                for field in item.children {
                    let one = Completion::word(&field.name, field.kind, &field.detail);
                    found.insert(field.name, one);
                }
            }
        }
    }
    let mut found: Vec<Completion> = found.into_values().collect();
    for (name, usage) in usages().filter(|(_, usage)| !usage.ends_with("()")) {
        found.push(Completion::word(name, Some(Kind::Builtin), usage));
    }
    if types.is_empty() || types.iter().any(|ty| is_secret(ty)) {
        found.push(Completion::word(
            "reveal",
            None,
            "tells all parties the value",
        ));
    }
    found
}

fn roles(program: &Program, known: &Program, after: Option<Tok>) -> Vec<Completion> {
    let declared = program.declared().chain(known.declared());
    let roles = declared.filter(|(d, _)| d.kind == Kind::Role);
    let named = roles.map(|(d, _)| (d.name.clone(), Completion::of(d)));
    let roles: SortedMap<String, Completion> = named.collect();
    let mut found: Vec<Completion> = roles.into_values().collect();
    if after != Some(Tok::Each) {
        found.push(Completion::word("all", None, "every party"));
        found.push(Completion::word("each", None, "every party for itself"));
    }
    found
}

/// The public items of a module, the modules of the library, or those of the program beside a file.
fn items_of(known: &Program, beside: &[Beside], module: &str, file: FileId) -> Vec<Completion> {
    if module == "crate" {
        let own = known
            .sources
            .iter()
            .filter(|(id, _)| !super::is_library(*id) && *id != file);
        let stems =
            own.filter_map(|(_, file)| file.name.rsplit(['/', '\\']).next()?.strip_suffix(".smpc"));
        let others = beside.iter().map(|beside| beside.module.as_str());
        let stems: SortedSet<&str> = stems.chain(others).collect();
        return stems
            .into_iter()
            .map(|name| Completion::word(name, Some(Kind::Module), "module of the program"))
            .collect();
    }
    if module == "std" {
        let modules = crate::library::MODULES.iter().map(|(name, _)| *name);
        let named = modules.filter(|name| *name != "prelude");
        return named
            .map(|name| Completion::word(name, Some(Kind::Module), "module of the library"))
            .collect();
    }
    let mut found = Vec::new();
    let used = known.sources.iter().any(|(_, file)| {
        file.name == format!("{module}.smpc") || file.name.ends_with(&format!("/{module}.smpc"))
    });
    if let Some(beside) = beside.iter().find(|b| b.module == module && !used) {
        return beside.items.clone();
    }
    for (id, file) in known.sources.iter() {
        let own = file.name.ends_with(&format!("/{module}.smpc"));
        if !own && file.name != format!("{module}.smpc") {
            continue;
        }
        let mut parses = known.parses.clone();
        let parsed = parses.parse(id, &file.text);
        for item in parsed.module.items.iter().filter(|i| i.public) {
            // The name of an item is its first declared name.
            let name = names_in(known, item.span).next();
            match name {
                Some(definition) => found.push(Completion::of(definition)),
                // A module that the program does not use yet has no names in its index.
                None => {
                    let text = known.sources.text(item.span);
                    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
                    let keyword =
                        words.find(|w| matches!(*w, "fn" | "struct" | "enum" | "const" | "type"));
                    let name = words.find(|w| !w.is_empty());
                    if let (Some(keyword), Some(name)) = (keyword, name) {
                        let kind = match keyword {
                            "fn" => Kind::Function,
                            "const" => Kind::Constant,
                            _ => Kind::Struct,
                        };
                        let head = text.lines().next().unwrap_or("");
                        let head = head.trim_end_matches([' ', '{']);
                        found.push(Completion::word(name, Some(kind), head));
                    }
                }
            }
        }
    }
    found
}

fn names_in(known: &Program, span: Span) -> impl Iterator<Item = &Definition> {
    known
        .declared()
        .filter(move |(d, place)| {
            place.file == span.file
                && span.start <= place.start
                && place.end <= span.end
                && matches!(
                    d.kind,
                    Kind::Function
                        | Kind::Struct
                        | Kind::Enum
                        | Kind::Constant
                        | Kind::Circuit
                        | Kind::Alias
                )
        })
        .map(|(d, _)| d)
}

/// Variables that are declared before in the same item, items of the file and what it uses, functions of the language, keywords.
fn names(
    program: &Program,
    known: &Program,
    beside: &[Beside],
    file: FileId,
    offset: u32,
) -> Vec<Completion> {
    let there = there(program, known, file);
    let mut found: SortedMap<String, Completion> = SortedMap::new();
    for word in lexer::KEYWORDS {
        found.insert((*word).to_owned(), Completion::word(word, None, "keyword"));
    }
    for (name, usage) in usages() {
        let one = Completion::word(name, Some(Kind::Builtin), usage);
        found.insert(name.to_owned(), one);
    }
    for ty in [
        "bool", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "usize",
        "fixed", "f32", "f64", "str", "date", "datetime", "Option",
    ] {
        found.insert(
            ty.to_owned(),
            Completion::word(ty, Some(Kind::Type), "type"),
        );
    }
    // What the file uses of others is named in it.
    for occurrence in known.index().occurrences() {
        if occurrence.place.file != there {
            continue;
        }
        if let Some(definition) = known.index().get(occurrence.definition)
            && is_word_alone(&definition.name)
            && matches!(
                definition.kind,
                Kind::Function
                    | Kind::Circuit
                    | Kind::Struct
                    | Kind::Enum
                    | Kind::Constant
                    | Kind::Alias
                    | Kind::Type
                    | Kind::Module
                    | Kind::Role
            )
        {
            found.insert(definition.name.clone(), Completion::of(definition));
        }
    }
    // Items that are whole are known also beside others that are not.
    for definition in names_in(program, Span::new(file, 0, usize::MAX)) {
        let one = || Completion::of(definition);
        found.entry(definition.name.clone()).or_insert_with(one);
    }
    let at = import_place(program, file);
    for beside in beside {
        for item in &beside.items {
            let import = format!("{}\n", beside.import(&item.name));
            let import = Some(Edit {
                place: at,
                text: import,
            });
            let one = Completion {
                import,
                ..item.clone()
            };
            found.entry(item.name.clone()).or_insert(one);
        }
    }
    // The item around the place, in the text as it is: before an offset both texts are nearly the same.
    let text = program.text(file);
    let begin = text
        .get(..offset as usize)
        .and_then(|before| {
            before
                .rfind("\nfn ")
                .max(before.rfind("\ntest "))
                .max(before.rfind("\npub fn "))
        })
        .unwrap_or(0) as u32;
    for (definition, place) in known.declared() {
        let local = matches!(
            definition.kind,
            Kind::Variable | Kind::Parameter | Kind::Generic
        );
        if local && place.file == there && begin <= place.start && place.start < offset {
            found.insert(definition.name.clone(), Completion::of(definition));
        }
    }
    // What the library has besides comes with its `use`.
    let at = import_place(program, file);
    let mut all: Vec<Completion> = Vec::new();
    for (item, module, text) in parses::library_items() {
        if parses::item_name(item).is_some_and(|name| !found.contains_key(name)) {
            all.extend(of_library(item, module, text, at));
        }
    }
    found.into_values().chain(all).collect()
}

/// Whether it is one word, as what is written: neither the name of a module with its path, nor that of a result without one.
fn is_word_alone(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
