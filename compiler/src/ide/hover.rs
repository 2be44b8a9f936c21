//! What a name stands for: its type, who may know it, its documentation.

use super::{Program, is_secret, shown};
use crate::ast::{Attribute, FieldDecl, Generic, GenericKind, ItemKind, Name, Type, VariantFields};
use crate::check::usage_of;
use crate::index::Kind;
use crate::source::FileId;
use crate::span::Span;

/// Fields or variants that are shown of a type.
const MOST_PARTS: usize = 16;

/// Most letters of a constant that is shown with its value.
const LONGEST_CONSTANT: usize = 80;

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
        // A file stands for its module at a place without letters.
        if occurrence.place.start == occurrence.place.end {
            continue;
        }
        let code = match definition.kind {
            Kind::Builtin => usage_of(&definition.name)
                .unwrap_or(&definition.name)
                .to_owned(),
            Kind::Function => {
                let generics = definition.place.and_then(|at| generics_of(program, at));
                let generics = generics.unwrap_or_default();
                format!("fn {}{generics}{}", definition.name, definition.ty)
            }
            _ => shown(definition),
        };
        let mut text = String::new();
        let given = definition.place.and_then(|place| given(program, place));
        let written = definition.place.and_then(|place| written(program, place));
        let code = match (&given, written) {
            (Some((written, _)), _) => written.clone(),
            (None, Some(written)) => written,
            (None, None) => code,
        };
        if let Some((_, by)) = given.as_ref().filter(|_| is_secret(&definition.ty)) {
            text.push_str(&format!(
                "Secret, and given by {by}: its owner knows it, and no other party learns it unless it is revealed or returned."
            ));
        } else if matches!(
            definition.kind,
            Kind::Parameter | Kind::Variable | Kind::Field
        ) && !definition.ty.is_empty()
        {
            text.push_str(if is_secret(&definition.ty) {
                "Secret: no party learns it unless it is revealed or returned."
            } else if definition.kind == Kind::Field {
                "Not secret of itself: it is as secret as the value that it is a field of."
            } else if given.is_some() {
                "Public: all parties know it."
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

/// An input of `main` that is declared at this place: as it is written, with its range, and who gives it.
fn given(program: &Program, place: Span) -> Option<(String, String)> {
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, program.text(place.file));
    let param = parsed.module.items.iter().find_map(|item| {
        let ItemKind::Fn(decl) = &item.kind else {
            return None;
        };
        decl.params.iter().find(|p| p.name.span == place)
    })?;
    let from = param.from.as_ref()?.span;
    let text = |start: u32, end: u32| {
        let span = Span::new(place.file, start as usize, end as usize);
        let words = program.sources.text(span).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    let who = match text(from.start, from.end).trim_start_matches("from ") {
        "each" | "all" => "each party".to_owned(),
        who => format!("`{who}`"),
    };
    Some((text(place.start, from.end), who))
}

/// A field, a variant or a constant that is declared at this place, as it is written: with its range, with what it holds, with its
/// value where that is short.
fn written(program: &Program, place: Span) -> Option<String> {
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, program.text(place.file));
    let end_of = |ty: &Type| ty.span.end;
    let text = |end: u32| {
        let span = Span::new(place.file, place.start as usize, end as usize);
        let words = program.sources.text(span).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    let called = |attributes: &[Attribute]| -> String {
        let texts = attributes.iter().map(|a| program.sources.text(a.span));
        texts.map(|text| format!("{text}\n")).collect()
    };
    let field = |fields: &[FieldDecl]| {
        let field = fields.iter().find(|field| field.name.span == place)?;
        let called = called(&field.attributes);
        Some(format!("{called}field {}", text(end_of(&field.ty))))
    };
    let generic = |generics: &[Generic], of: &str| {
        let found = generics.iter().find(|g| g.name.span == place)?;
        Some(format!("{} of {of}", generic_text(program, found)))
    };
    let listed = |head: &str, name: &Name, generics: &[Generic], parts: Vec<String>| {
        let short = format!(" {{ {} }}", parts.join(", "));
        let body = match parts.len() {
            0 => " {}".to_owned(),
            _ if short.len() <= LONGEST_CONSTANT => short,
            n if n <= MOST_PARTS => format!(" {{\n    {},\n}}", parts.join(",\n    ")),
            _ => format!(
                " {{\n    {},\n    …\n}}",
                parts[..MOST_PARTS].join(",\n    ")
            ),
        };
        let generics = generics_text(program, generics);
        (name.span == place).then(|| format!("{head} {}{generics}{body}", name.text))
    };
    let written = |from: Span, to: Span| {
        let span = Span {
            end: to.end,
            ..from
        };
        let words = program.sources.text(span).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    parsed
        .module
        .items
        .iter()
        .find_map(|item| match &item.kind {
            ItemKind::Fn(decl) => generic(&decl.generics, &format!("fn {}", decl.name.text)),
            ItemKind::Struct(decl) => field(&decl.fields)
                .or_else(|| generic(&decl.generics, &format!("struct {}", decl.name.text)))
                .or_else(|| {
                    let fields = decl.fields.iter();
                    let fields = fields.map(|f| written(f.name.span, f.ty.span)).collect();
                    listed("struct", &decl.name, &decl.generics, fields)
                }),
            ItemKind::Enum(decl) if decl.name.span == place => {
                let variants = decl.variants.iter().map(|variant| match &variant.fields {
                    VariantFields::Unit => variant.name.text.clone(),
                    VariantFields::Tuple(parts) => match parts.last() {
                        Some(last) => format!("{})", written(variant.name.span, last.span)),
                        None => variant.name.text.clone(),
                    },
                    VariantFields::Struct(_) => format!("{} {{ … }}", variant.name.text),
                });
                listed("enum", &decl.name, &decl.generics, variants.collect())
            }
            ItemKind::Enum(decl) if decl.generics.iter().any(|g| g.name.span == place) => {
                generic(&decl.generics, &format!("enum {}", decl.name.text))
            }
            ItemKind::Enum(decl) => decl.variants.iter().find_map(|variant| {
                let (end, close) = match &variant.fields {
                    VariantFields::Unit => (variant.name.span.end, ""),
                    VariantFields::Tuple(parts) => (parts.last().map(end_of)?, ")"),
                    VariantFields::Struct(fields) => {
                        if let Some(field) = field(fields) {
                            return Some(field);
                        }
                        (fields.last().map(|field| end_of(&field.ty))?, " }")
                    }
                };
                let found = variant.name.span == place;
                let called = called(&variant.attributes);
                found.then(|| format!("{called}{}::{}{close}", decl.name.text, text(end)))
            }),
            ItemKind::Const(decl) if decl.name.span == place => {
                let short = text(decl.value.span.end);
                (short.len() <= LONGEST_CONSTANT).then(|| format!("const {short}"))
            }
            _ => None,
        })
}

/// A parameter of a function or a type, as it is written.
fn generic_text(program: &Program, generic: &Generic) -> String {
    let name = &generic.name.text;
    match &generic.kind {
        GenericKind::Const(ty) => format!("const {name}: {}", program.sources.text(ty.span)),
        GenericKind::Type(bounds) if bounds.is_empty() => name.clone(),
        GenericKind::Type(bounds) => {
            let bounds: Vec<&str> = bounds.iter().map(|b| b.text.as_str()).collect();
            format!("{name}: {}", bounds.join(" + "))
        }
    }
}

fn generics_text(program: &Program, generics: &[Generic]) -> String {
    let all: Vec<String> = (generics.iter())
        .map(|generic| generic_text(program, generic))
        .collect();
    match all.is_empty() {
        true => String::new(),
        false => format!("<{}>", all.join(", ")),
    }
}

/// The parameters in angles of the function that is declared at this place.
fn generics_of(program: &Program, place: Span) -> Option<String> {
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, program.text(place.file));
    parsed
        .module
        .items
        .iter()
        .find_map(|item| match &item.kind {
            ItemKind::Fn(decl) if decl.name.span == place => {
                Some(generics_text(program, &decl.generics))
            }
            _ => None,
        })
}
