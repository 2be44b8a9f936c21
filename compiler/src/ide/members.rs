//! What may follow a dot.
//!
//! What stands before it has a type only where the text can be checked, and with a dot at its end it cannot. So a name is put behind the dot
//! that no program has, with what closes the statement, and the checker says what it could be (`check::members`).

use super::fixes::import_place;
use super::offer::{Completion, of_library};
use super::{Program, is_comment};
use crate::check::{HOLE, Member, Members, usage_of};
use crate::index::Kind;
use crate::lexer::{Kind as Tok, Token};
use crate::parses;
use crate::source::{FileId, SourceSet};

/// What may stand at an offset that follows a dot, or a word after one; nothing where what is before the dot has no type.
pub(super) fn members(program: &Program, file: FileId, offset: u32) -> Vec<Completion> {
    let Some((asked, members)) = ask(program, file, offset) else {
        return Vec::new();
    };
    let at = import_place(program, file);
    let one = |member: Member| match member {
        Member::Field(name, ty) => Some(Completion::word(&name, Some(Kind::Field), &ty)),
        Member::Closure(name, ty) => Some(Completion::word(&name, Some(Kind::Variable), &ty)),
        Member::Known(name) => {
            let usage = usage_of(name).unwrap_or("");
            Some(Completion::word(name, Some(Kind::Builtin), usage))
        }
        Member::Function(name, place) => {
            let mut declared = asked.declared();
            let (definition, _) = declared.find(|(_, declared)| *declared == place)?;
            let mut one = Completion::of(definition);
            one.name = name;
            Some(one)
        }
        Member::Library(name, module) => {
            let mut items = parses::library_items();
            let (item, module, text) = items
                .find(|(item, of, _)| *of == module && parses::item_name(item) == Some(&name))?;
            of_library(item, module, text, at)
        }
    };
    let mut found: Vec<Completion> = members.all.into_iter().filter_map(one).collect();
    if members.secret {
        let what = "tells all parties the value";
        found.push(Completion::word("reveal", None, what));
    }
    found
}

/// The program with the question in it, and the answer.
fn ask(program: &Program, file: FileId, offset: u32) -> Option<(Program, Members)> {
    let text = program.text(file);
    let tokens: Vec<_> = program.tokens(file);
    let tokens: Vec<_> = tokens.iter().filter(|t| !is_comment(t.kind)).collect();
    let dot = tokens
        .iter()
        .rposition(|t| t.kind == Tok::Dot && t.span.end <= offset)?;
    let start = tokens[dot].span.end;
    // The word at the offset, if one is begun.
    let word = tokens
        .get(dot + 1)
        .filter(|t| t.span.start <= offset && offset <= t.span.end)
        .filter(|t| {
            let text = program.sources.text(t.span);
            text.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
    let end = word.map_or(offset.max(start), |t| t.span.end);
    let open = open_brackets(&tokens[..dot]);
    let (before, after) = (text.get(..start as usize)?, text.get(end as usize..)?);
    // What is open in the statement is closed by hand or not; the rest of the item is kept, or left out where it is half written, too.
    let inner: String = open.iter().rev().take_while(|c| **c != '}').collect();
    let whole: String = open.iter().rev().skip(inner.len()).collect();
    let later = item_end(&tokens[dot..], open.len()).max(end) as usize;
    let rest = text.get(later..)?;
    let tails = [
        (String::new(), after),
        (";".to_owned(), after),
        (inner.clone(), after),
        (format!("{inner};"), after),
        (format!("{inner} {{}}"), after),
        (format!("{inner};{whole}"), rest),
        (format!("{inner} {{}}{whole}"), rest),
    ];
    tails.iter().find_map(|(tail, rest)| {
        let text = format!("{before}{HOLE}{tail}{rest}");
        let mut parses = program.parses.clone();
        let parsed = parses.parse(file, &text);
        // An item with an error is none.
        let mut items = parsed.module.items.iter();
        items.find(|item| item.span.start < start && start < item.span.end)?;
        let mut sources = SourceSet::new();
        let own = program.sources.iter();
        for (id, source) in own.filter(|(id, _)| !super::is_library(*id)) {
            let text = if id == file { &text } else { &source.text };
            sources.add(source.name.clone(), text.clone());
        }
        let asked = Program::new(sources, program.root, parses);
        let members = asked.checked.members.clone()?;
        Some((asked, members))
    })
}

/// What closes the brackets that are open after these tokens, outermost first.
fn open_brackets(tokens: &[&Token]) -> Vec<char> {
    let mut open = Vec::new();
    for token in tokens {
        match token.kind {
            Tok::LParen => open.push(')'),
            Tok::LBracket => open.push(']'),
            Tok::LBrace => open.push('}'),
            Tok::RParen | Tok::RBracket | Tok::RBrace => {
                open.pop();
            }
            _ => {}
        }
    }
    open
}

/// The end of an item of which these tokens are left, so deep inside.
fn item_end(tokens: &[&Token], mut depth: usize) -> u32 {
    for token in tokens {
        match token.kind {
            Tok::LParen | Tok::LBracket | Tok::LBrace => depth += 1,
            Tok::RParen | Tok::RBracket | Tok::RBrace => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return token.span.end;
        }
    }
    tokens.last().map_or(0, |t| t.span.end)
}
