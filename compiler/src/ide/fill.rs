//! Values to begin with, where something is missing: fields of a struct, arms of a `match`, words before a name. What is filled in compiles and
//! is changed by who knows better: zero, `false`, nothing.

use super::{Edit, Program, is_comment};
use crate::ast::{EnumDecl, ItemKind, StructDecl, VariantFields};
use crate::diagnostic::Diagnostic;
use crate::lexer::{Kind as Tok, Token};
use crate::span::Span;
use crate::types::width;
use std::sync::Arc;

/// How deep structs in structs are written out.
const DEEPEST: u32 = 4;

/// A value of a type that is written like this, if one follows from the type alone.
pub(super) fn value(program: &Program, ty: &str) -> Option<String> {
    value_within(program, ty, DEEPEST)
}

fn value_within(program: &Program, ty: &str, deep: u32) -> Option<String> {
    let deep = deep.checked_sub(1)?;
    let ty = ty.trim().trim_start_matches("secret ").trim();
    let inside = |open: char, close: char| ty.strip_prefix(open)?.strip_suffix(close);
    if ty == "usize" || width::parse(ty).is_some_and(|found| found.is_ok()) {
        return Some("0".into());
    }
    if ty.starts_with("fixed<") || ty == "f32" || ty == "f64" {
        return Some("0.0".into());
    }
    Some(match ty {
        "bool" => "false".into(),
        "date" => "date(\"1970-01-01\")".into(),
        "datetime" => "datetime(\"1970-01-01\")".into(),
        _ if ty.starts_with("str<") => "\"\"".into(),
        _ if ty.starts_with("Option<") => "None".into(),
        "()" => "()".into(),
        _ => {
            if let Some(parts) = inside('(', ')') {
                let parts: Option<Vec<String>> = split(parts, ',')
                    .into_iter()
                    .map(|part| value_within(program, part, deep))
                    .collect();
                let parts = parts?;
                let comma = if parts.len() == 1 { "," } else { "" };
                return Some(format!("({}{comma})", parts.join(", ")));
            }
            if let Some(array) = inside('[', ']') {
                let parts = split(array, ';');
                let [item, len] = parts.as_slice() else {
                    return None;
                };
                let len = len.trim();
                let item = value_within(program, item, deep)?;
                return (len != "_" && !len.contains(' ')).then(|| format!("[{item}; {len}]"));
            }
            return declared(program, ty, deep);
        }
    })
}

/// The parts of a list between its outermost separators.
fn split(list: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '>' | '}' => depth -= 1,
            _ if c == separator && depth == 0 => {
                parts.push(&list[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    let rest = &list[from..];
    if !rest.trim().is_empty() {
        parts.push(rest);
    }
    parts
}

/// What a program declares under a name.
enum Declared {
    Struct(Arc<StructDecl>),
    Enum(Arc<EnumDecl>),
}

/// A value of a struct, or of an enum the first variant that holds nothing.
fn declared(program: &Program, name: &str, deep: u32) -> Option<String> {
    match find(program, name)? {
        Declared::Struct(decl) if decl.generics.is_empty() => {
            let field = |field: &crate::ast::FieldDecl| {
                let value = value_within(program, type_of(program, field), deep)?;
                Some(format!("{}: {value}", field.name.text))
            };
            let fields: Option<Vec<String>> = decl.fields.iter().map(field).collect();
            Some(format!("{name} {{ {} }}", fields?.join(", ")))
        }
        Declared::Struct(_) => None,
        Declared::Enum(decl) => {
            let mut variants = decl.variants.iter();
            let first = variants.find(|v| matches!(v.fields, VariantFields::Unit))?;
            Some(format!("{name}::{}", first.name.text))
        }
    }
}

fn find(program: &Program, name: &str) -> Option<Declared> {
    let mut parses = program.parses.clone();
    let files = program.sources.iter().map(|(file, _)| file);
    files
        .filter(|file| !super::is_library(*file))
        .find_map(|file| {
            let parsed = parses.parse(file, program.text(file));
            parsed
                .module
                .items
                .iter()
                .find_map(|item| match &item.kind {
                    ItemKind::Struct(decl) if decl.name.text == name => {
                        Some(Declared::Struct(decl.clone()))
                    }
                    ItemKind::Enum(decl) if decl.name.text == name => {
                        Some(Declared::Enum(decl.clone()))
                    }
                    _ => None,
                })
        })
}

/// The type of a field as it is written, without its range.
fn type_of<'p>(program: &'p Program, field: &crate::ast::FieldDecl) -> &'p str {
    let text = program.sources.text(field.ty.span);
    text.split_once(" in ").map_or(text, |(ty, _)| ty)
}

/// The fields that a struct literal leaves out, with values.
pub(super) fn missing_fields(
    program: &Program,
    diagnostic: &Diagnostic,
) -> Option<(String, Vec<Edit>)> {
    let list = diagnostic.message.strip_prefix("missing `")?;
    let names: Vec<&str> = list.trim_end_matches('`').split("`, `").collect();
    let place = diagnostic.primary.span;
    let tokens = program.tokens(place.file);
    let within = |t: &&Token| place.start <= t.span.start && t.span.end <= place.end;
    let tokens: Vec<Token> = tokens
        .iter()
        .filter(within)
        .filter(|t| !is_comment(t.kind))
        .copied()
        .collect();
    let open = tokens.iter().position(|t| t.kind == Tok::LBrace)?;
    let head: Vec<&str> = tokens[..open]
        .iter()
        .filter(|t| t.kind == Tok::Ident)
        .map(|t| program.sources.text(t.span))
        .collect();
    let fields = match (find(program, head.first()?)?, head.as_slice()) {
        (Declared::Struct(decl), [_]) => decl.fields.clone(),
        (Declared::Enum(decl), [_, variant]) => {
            let variant = decl.variants.iter().find(|v| v.name.text == *variant)?;
            match &variant.fields {
                VariantFields::Struct(fields) => fields.clone(),
                VariantFields::Unit | VariantFields::Tuple(_) => return None,
            }
        }
        _ => return None,
    };
    let given = |name: &&str| {
        let field = fields.iter().find(|field| field.name.text == **name)?;
        Some(format!(
            "{name}: {}",
            value(program, type_of(program, field))?
        ))
    };
    let given: Option<Vec<String>> = names.iter().map(given).collect();
    let given = given?;
    let [.., last, close] = tokens.as_slice() else {
        return None;
    };
    let text = program.text(place.file);
    let gap = text.get(last.span.end as usize..close.span.start as usize)?;
    let comma = match last.kind {
        Tok::Comma | Tok::LBrace => "",
        _ => ",",
    };
    let new = if gap.contains('\n') {
        let indent = " ".repeat(indent_of(text, close.span.start) + 4);
        let lines: String = given
            .iter()
            .map(|field| format!("\n{indent}{field},"))
            .collect();
        format!("{comma}{lines}")
    } else {
        let end = if gap.is_empty() { " " } else { "" };
        format!("{comma} {}{end}", given.join(", "))
    };
    let at = last.span.end as usize;
    let title = match names.as_slice() {
        [only] => format!("Add the field `{only}`"),
        _ => "Add the missing fields".to_owned(),
    };
    let edit = Edit {
        place: Span::new(place.file, at, at),
        text: new,
    };
    Some((title, vec![edit]))
}

/// `mut` before the declaration of what is assigned to.
pub(super) fn mutable(
    program: &Program,
    diagnostic: &Diagnostic,
    help: &str,
) -> Option<(String, Vec<Edit>)> {
    let name = help
        .strip_prefix("declare it as `mut ")?
        .strip_suffix('`')?;
    let declared = diagnostic
        .causes
        .iter()
        .find(|cause| cause.text.ends_with("is declared without `mut`"))?
        .span;
    if super::is_library(declared.file) || program.sources.text(declared) != name {
        return None;
    }
    let at = declared.start as usize;
    let edit = Edit {
        place: Span::new(declared.file, at, at),
        text: "mut ".to_owned(),
    };
    Some((format!("Declare `{name}` as `mut`"), vec![edit]))
}

/// `secret` or `public` before the type of an input that says neither.
pub(super) fn marked(program: &Program, diagnostic: &Diagnostic) -> Vec<(String, Vec<Edit>)> {
    let place = diagnostic.primary.span;
    // In the innermost of arrays: `[secret u8; _]`.
    let tokens = program.tokens(place.file);
    let mut inside = tokens
        .iter()
        .filter(|t| t.span.start >= place.start && !is_comment(t.kind));
    let Some(at) = inside.find(|t| t.kind != Tok::LBracket) else {
        return Vec::new();
    };
    let at = at.span.start as usize;
    let words = [
        ("secret", "Add `secret`: nobody else learns this input"),
        ("public", "Add `public`: every party learns this input"),
    ];
    words
        .map(|(word, title)| {
            let edit = Edit {
                place: Span::new(place.file, at, at),
                text: format!("{word} "),
            };
            (title.to_owned(), vec![edit])
        })
        .into()
}

/// A file without a name that nothing in it uses.
pub(super) fn without_import(
    program: &Program,
    diagnostic: &Diagnostic,
) -> Option<(String, Vec<Edit>)> {
    let place = diagnostic.primary.span;
    let text = program.text(place.file);
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, text);
    let item = parsed
        .module
        .items
        .iter()
        .find(|item| item.span.start <= place.start && place.end <= item.span.end)?;
    let ItemKind::Use(tree) = &item.kind else {
        return None;
    };
    let written = program.sources.text(item.span);
    if written.contains("//") || written.contains("/*") {
        return None;
    }
    let name = program.sources.text(place);
    let title = format!("Remove `{name}` from what is brought in");
    let kept: Vec<&str> = match &tree.end {
        crate::ast::UseEnd::Whole(_) => Vec::new(),
        crate::ast::UseEnd::Group(names) => names
            .iter()
            .filter(|(name, local)| local.as_ref().unwrap_or(name).span != place)
            .map(|(name, local)| {
                let end = local.as_ref().map_or(name.span.end, |local| local.span.end);
                text.get(name.span.start as usize..end as usize)
                    .unwrap_or("")
            })
            .collect(),
    };
    let path: Vec<&str> = tree.path.iter().map(|part| part.text.as_str()).collect();
    let path = path.join("::");
    let edit = match kept.as_slice() {
        [] => {
            let end = item.span.end as usize;
            let rest = text.get(end..).unwrap_or("");
            let line = rest.find('\n').filter(|n| rest[..*n].trim().is_empty());
            Edit {
                place: Span::new(
                    place.file,
                    item.span.start as usize,
                    line.map_or(end, |n| end + n + 1),
                ),
                text: String::new(),
            }
        }
        [only] => Edit {
            place: item.span,
            text: format!("use {path}::{only};"),
        },
        several => Edit {
            place: item.span,
            text: format!("use {path}::{{{}}};", several.join(", ")),
        },
    };
    Some((title, vec![edit]))
}

/// How far the line of a place is indented.
pub(super) fn indent_of(text: &str, at: u32) -> usize {
    let before = text.get(..at as usize).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    line.len() - line.trim_start().len()
}
