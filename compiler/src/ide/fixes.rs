//! Edits that mend what a diagnostic says. Where its help leaves a choice, each way is one of them; the first is meant most often.
//!
//! What is to be done follows from the code, the places and the quoted words of a diagnostic, which its own tests hold still. An edit
//! is offered, never made: what tells a secret says so in its title.

use super::offer::Beside;
use super::{Edit, Program, fill};
use crate::ast::{ItemKind, Ret};
use crate::diagnostic::{Code, Diagnostic};
use crate::index::Kind;
use crate::lexer::{Kind as Tok, Token};
use crate::source::{FileId, SourceSet};
use crate::span::Span;

/// A way to mend something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, for people.
    pub title: String,
    /// What changes.
    pub edits: Vec<Edit>,
    /// Which diagnostic it mends, by its place in the program's list.
    pub mends: usize,
}

/// What a fix does, and how.
type Way = (String, Vec<Edit>);

/// The fixes for what is wrong in a part of a file.
pub fn fixes(program: &Program, beside: &[Beside], part: Span) -> Vec<Fix> {
    let mut found = Vec::new();
    for (mends, diagnostic) in program.checked.diagnostics.iter().enumerate() {
        let at = diagnostic.primary.span;
        if at.file != part.file || at.end < part.start || part.end < at.start {
            continue;
        }
        let ways = ways(program, beside, diagnostic).into_iter();
        // What leads to another error mends nothing.
        let ways = ways.filter(|(_, edits)| mends_it(program, beside, diagnostic, edits));
        found.extend(ways.map(|(title, edits)| Fix {
            title,
            edits,
            mends,
        }));
    }
    found
}

/// Whether with these edits something is no longer wrong, and nothing else is wrong where they change the text.
fn mends_it(program: &Program, beside: &[Beside], diagnostic: &Diagnostic, edits: &[Edit]) -> bool {
    let Some(mut sources) = super::names::edited(program, edits) else {
        return false;
    };
    // What is brought in anew comes with its module.
    let root = program
        .sources
        .get(program.root)
        .map_or("", |file| &file.name);
    let folder = root.rfind(['/', '\\']).map_or("", |end| &root[..=end]);
    for beside in beside {
        let wanted = format!("use crate::{}::", beside.module);
        let name = format!("{folder}{}.smpc", beside.module);
        if edits.iter().any(|edit| edit.text.starts_with(&wanted)) && sources.find(&name).is_none()
        {
            sources.add(name, beside.text.clone());
        }
    }
    let after = Program::new(sources, program.root, program.parses.clone());
    let lines = |sources: &SourceSet, at: Span| {
        sources.get(at.file).map_or((0, 0), |file| {
            let line = |offset: u32| file.line_col(offset as usize).0;
            (line(at.start), line(at.end))
        })
    };
    // By how many lines the text grows above a line of what it becomes.
    let grown = |file: FileId, line: usize| {
        let mut grown = 0;
        for edit in edits.iter().filter(|e| e.place.file == file) {
            let (first, last) = lines(&program.sources, edit.place);
            if first + grown < line {
                grown = (grown + edit.text.matches('\n').count()).saturating_sub(last - first);
            }
        }
        grown
    };
    let same = |old: &Diagnostic, new: &Diagnostic| {
        let place = new.primary.span;
        let line = lines(&after.sources, place).0;
        old.code == new.code
            && old.message == new.message
            && old.primary.span.file == place.file
            && lines(&program.sources, old.primary.span).0 + grown(place.file, line) == line
    };
    let errors = |of: &Program| -> Vec<Diagnostic> {
        let all = of.checked.diagnostics.iter();
        all.filter(|d| d.is_error() || d.code == diagnostic.code)
            .cloned()
            .collect()
    };
    let (before, now) = (errors(program), errors(&after));
    let count = |all: &[Diagnostic]| all.iter().filter(|d| same(diagnostic, d)).count();
    let n_before = before.iter().filter(|d| {
        let (a, b) = (diagnostic.primary.span, d.primary.span);
        d.code == diagnostic.code
            && d.message == diagnostic.message
            && lines(&program.sources, a) == lines(&program.sources, b)
    });
    let touched = |d: &Diagnostic| {
        let place = d.primary.span;
        let (first, last) = lines(&after.sources, place);
        edits.iter().any(|edit| {
            let (from, to) = lines(&program.sources, edit.place);
            let to = to + edit.text.matches('\n').count();
            edit.place.file == place.file && first <= to && from <= last
        })
    };
    let new = now
        .iter()
        .filter(|d| d.is_error() && !before.iter().any(|old| same(old, d)));
    let worse = new.into_iter().any(touched) || !diagnostic.is_error() && now.len() > before.len();
    count(&now) < n_before.count() && !worse
}

/// A name for what is never read that says so.
fn unread(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    let name = quoted(help, "or write `", "`")?;
    let place = diagnostic.primary.span;
    let edits = super::names::rename(program, place.file, place.start, name).ok()?;
    Some((format!("Rename it to `{name}`"), edits))
}

/// A look at whether a row is kept.
fn kept(program: &Program, diagnostic: &Diagnostic) -> Option<Way> {
    let place = diagnostic.primary.span;
    let text = program.sources.text(place);
    // `|r| r.age > 3`
    let (param, body) = text.strip_prefix('|')?.split_once('|')?;
    let (param, body) = (param.trim(), body.trim());
    let simple = param.chars().all(|c| c.is_alphanumeric() || c == '_');
    let tight = !body.starts_with('{') && !body.contains("||");
    let body = match tight {
        true => body.to_owned(),
        false => format!("({body})"),
    };
    let text = format!("|{param}| {param}.kept && {body}");
    let title = format!("Look at `{param}.kept` as well");
    (simple && !param.is_empty()).then(|| (title, vec![Edit { place, text }]))
}

/// The function that counts the rows which are kept: with a closure that says which these are before the one that does not, or with a list of them
/// at each place where the function may take it.
fn counting(program: &Program, diagnostic: &Diagnostic, of_rows: bool) -> Vec<Way> {
    let place = diagnostic.primary.span;
    let Some(called) = quoted(&diagnostic.message, "`", "`") else {
        return Vec::new();
    };
    let tokens = program.tokens(place.file);
    let is_called = |at: &usize| {
        tokens[*at].kind == Tok::Ident && program.sources.text(tokens[*at].span) == called
    };
    let named: Vec<usize> = (0..tokens.len()).filter(is_called).collect();
    let opens = |at: &usize| tokens.get(at + 1).is_some_and(|t| t.kind == Tok::LParen);
    let mut calls = named.iter().copied().filter(opens);
    // The call around the closure, or the one behind a list that is made with it.
    let Some((call, ends)) = calls.find_map(|call| {
        let ends = ends(&tokens, call + 1);
        let last = tokens[*ends.last()?].span;
        (last.start >= place.end).then_some((call, ends))
    }) else {
        return Vec::new();
    };
    let open = tokens[call + 1].span;
    let text = program.sources.text(place);
    let param = text.strip_prefix('|').and_then(|rest| rest.split_once('|'));
    let param = param.map_or("r", |(param, _)| param.trim());
    let mut keeps: Vec<Edit> = Vec::new();
    let mut insert = |at: u32, text: String| {
        keeps.push(Edit {
            place: Span::new(place.file, at as usize, at as usize),
            text,
        });
    };
    if of_rows {
        insert(place.start, format!("|{param}| {param}.kept, "));
    } else if let Some(rows) = diagnostic.causes.first() {
        let keep = format!(
            "{}.map(|{param}| {param}.kept)",
            program.sources.text(rows.span)
        );
        let is_empty = ends.len() == 1 && ends[0] == call + 2;
        if is_empty {
            insert(open.end, keep.clone());
        } else if open.end > place.end {
            insert(open.end, format!("{keep}, "));
        }
        for end in ends.iter().filter(|_| !is_empty) {
            if tokens[*end].span.start >= place.end {
                insert(tokens[*end].span.start, format!(", {keep}"));
            }
        }
    }
    let twin = format!("{called}_where");
    let mut renamed = vec![Edit {
        place: tokens[call].span,
        text: twin.clone(),
    }];
    // Its name comes where the other one comes from; in its place, if nothing else uses that.
    let in_use = |at: &usize| {
        let before = tokens[..*at].iter().rev();
        let mut before = before.take_while(|t| !matches!(t.kind, Tok::Semi | Tok::RParen));
        before.any(|t| t.kind == Tok::Use)
    };
    if let Some(import) = named.iter().find(|at| in_use(at)) {
        let in_list = matches!(tokens[import - 1].kind, Tok::LBrace | Tok::Comma);
        renamed.push(Edit {
            place: tokens[*import].span,
            text: match (named.len(), in_list) {
                (2, _) => twin.clone(),
                (_, true) => format!("{called}, {twin}"),
                (_, false) => format!("{{{called}, {twin}}}"),
            },
        });
    }
    let way = |keep: Edit| {
        let edits = renamed.iter().cloned().chain([keep]);
        (
            format!("Count the rows that are kept: `{twin}`"),
            edits.collect(),
        )
    };
    keeps.into_iter().map(way).collect()
}

/// Where the arguments of a call end that begins with a bracket: at commas, and at the bracket that closes it.
fn ends(tokens: &[Token], open: usize) -> Vec<usize> {
    let mut depth = 0u32;
    let mut ends = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Tok::LParen | Tok::LBracket | Tok::LBrace => depth += 1,
            Tok::RParen | Tok::RBracket | Tok::RBrace => depth = depth.saturating_sub(1),
            Tok::Comma if depth == 1 => ends.push(at),
            _ => {}
        }
        if depth == 0 {
            ends.push(at);
            break;
        }
    }
    ends
}

/// `secret` in the type that a secret would go into: of a variable, of a parameter of a function, or of its result.
fn secret_type(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    let ty = quoted(help, "make it `", "`")?;
    let (what, place) = diagnostic.causes.iter().rev().find_map(|cause| {
        if cause.text.starts_with("declared as `") {
            let is_let = |t: &&Token| t.span.end <= cause.span.start && t.kind != Tok::Colon;
            let tokens = program.tokens(cause.span.file);
            let name = tokens
                .iter()
                .rev()
                .find(|t| is_let(t) && !super::is_comment(t.kind))?;
            let name = program.sources.text(name.span);
            return Some((format!("`{name}`"), cause.span));
        }
        if let Some(name) = quoted(&cause.text, "the parameter `", "`") {
            let tokens = program.tokens(cause.span.file);
            let mut after = tokens.iter().skip_while(|t| t.span.start < cause.span.end);
            let colon = after.next().filter(|t| t.kind == Tok::Colon)?;
            let first =
                after.find(|t| !super::is_comment(t.kind) && t.span.start >= colon.span.end)?;
            let at = Span {
                end: first.span.start,
                ..first.span
            };
            return Some((format!("the parameter `{name}`"), at));
        }
        if cause.text.starts_with("the function returns `") {
            return result_of(program, diagnostic.primary.span)
                .map(|at| ("the result".to_owned(), at));
        }
        None
    })?;
    if super::is_library(place.file) {
        return None;
    }
    // A range stays, and so does a type with another name.
    let start = place.start as usize;
    let (place, text) = match program.sources.text(place) {
        written if ty.strip_prefix("secret ") == Some(written) || written.is_empty() => {
            (Span::new(place.file, start, start), "secret ".to_owned())
        }
        written if !written.contains(" in ") && !written.contains("secret") => {
            (place, ty.to_owned())
        }
        _ => (Span::new(place.file, start, start), "secret ".to_owned()),
    };
    Some((
        format!("Declare {what} as `{ty}`"),
        vec![Edit { place, text }],
    ))
}

/// The type of the result of the function around a place, where it is not `main`.
fn result_of(program: &Program, place: Span) -> Option<Span> {
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, program.text(place.file));
    parsed
        .module
        .items
        .iter()
        .find_map(|item| match &item.kind {
            ItemKind::Fn(decl)
                if decl.name.text != "main"
                    && decl.head.start <= place.start
                    && place.end <= decl.body.span.end =>
            {
                match &decl.result {
                    Ret::One(ty, _) => Some(ty.span),
                    Ret::None | Ret::Fields(..) => None,
                }
            }
            _ => None,
        })
}

fn ways(program: &Program, beside: &[Beside], diagnostic: &Diagnostic) -> Vec<Way> {
    let help = diagnostic.help.as_deref().unwrap_or("");
    let imports = imports(program, beside, diagnostic);
    if !imports.is_empty() {
        let named = named(program, diagnostic, help);
        return imports.into_iter().chain(named).collect();
    }
    match diagnostic.code {
        Code::E3001 if help.starts_with("declare it: ") => declared_anew(program, diagnostic, help)
            .into_iter()
            .collect(),
        Code::E3001 => conversions(program, diagnostic, help),
        Code::E3002 | Code::E3004 => {
            let mut ways: Vec<Way> = secret_variable(program, diagnostic, help)
                .or_else(|| secret_type(program, diagnostic, help))
                .into_iter()
                .collect();
            if diagnostic.code == Code::E3002 && help.contains("`reveal`") {
                let text = wrapped(program, diagnostic.primary.span, "reveal(", ")");
                let title = "Insert `reveal`: every party learns this value".to_owned();
                ways.push((title, vec![text]));
            }
            ways
        }
        Code::E3009 => fill::mutable(program, diagnostic, help)
            .into_iter()
            .collect(),
        Code::E3011 if diagnostic.message.starts_with("missing ") => {
            fill::missing_fields(program, diagnostic)
                .into_iter()
                .collect()
        }
        Code::E3014
            if diagnostic
                .message
                .ends_with("neither `secret` nor `public`") =>
        {
            fill::marked(program, diagnostic)
        }
        Code::E3014 => givers(program, diagnostic, help),
        Code::E3030 => missing_arms(program, diagnostic, help)
            .into_iter()
            .collect(),
        Code::W0001 => unread(program, diagnostic, help).into_iter().collect(),
        Code::W0010 if help.starts_with("write `r.kept") => {
            kept(program, diagnostic).into_iter().collect()
        }
        Code::W0010 => counting(program, diagnostic, help.starts_with("write `")),
        Code::W0007 => fill::without_import(program, diagnostic)
            .into_iter()
            .collect(),
        _ => named(program, diagnostic, help).into_iter().collect(),
    }
}

/// A `use` of an item of a module beside the program, where a name is unknown.
fn imports(program: &Program, beside: &[Beside], diagnostic: &Diagnostic) -> Vec<Way> {
    let place = diagnostic.primary.span;
    let unknown = matches!(diagnostic.code, Code::E2001 | Code::E2002)
        && diagnostic.message.starts_with("there is no ");
    let name = program.sources.text(place);
    if !unknown || name.is_empty() {
        return Vec::new();
    }
    let has = |beside: &&Beside| beside.items.iter().any(|item| item.name == name);
    let at = import_place(program, place.file);
    let one = |beside: &Beside| {
        let import = beside.import(name);
        let text = format!("{import}\n");
        (format!("Add `{import}`"), vec![Edit { place: at, text }])
    };
    beside.iter().filter(has).map(one).collect()
}

/// Another name, or a `use` of it.
fn named(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    let place = diagnostic.primary.span;
    if let Some(import) = quoted(help, "bring it in: `", "`") {
        // With a choice of modules it is for people to choose.
        let one = import.starts_with("use ") && !help.contains("` or `");
        return one.then(|| {
            let at = import_place(program, place.file);
            let text = format!("{import}\n");
            (format!("Add `{import}`"), vec![Edit { place: at, text }])
        });
    }
    let near = quoted(help, "did you mean `", "`?")?;
    let is_word = near.chars().all(|c| c.is_alphanumeric() || c == '_');
    let text = program.sources.text(place);
    let wrong_is_word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_word && wrong_is_word).then(|| {
        let text = near.to_owned();
        (format!("Change to `{near}`"), vec![Edit { place, text }])
    })
}

/// `as` where numbers have two types: what keeps all values comes first.
fn conversions(program: &Program, diagnostic: &Diagnostic, help: &str) -> Vec<Way> {
    let here = |text: &str| quoted(text, "this is `", "`").map(str::to_owned);
    let mut ways = Vec::new();
    if let Some(to) = quoted(help, "convert with `as ", "`") {
        ways.extend(here(&diagnostic.primary.text).map(|from| (diagnostic.primary.span, from, to)));
    } else if help.starts_with("convert one of them with `as ")
        && let [left, right] = diagnostic.causes.as_slice()
        && let (Some(l), Some(r)) = (here(&left.text), here(&right.text))
        && let Some((to_l, to_r)) = quoted(help, "with `as ", "`").zip(quoted(help, "or `as ", "`"))
    {
        ways.push((left.span, l, to_r));
        ways.push((right.span, r, to_l));
    }
    if let Some(to) = quoted(help, "convert the right side with `as ", "`")
        && let [_, right] = diagnostic.causes.as_slice()
    {
        ways.extend(here(&right.text).map(|from| (right.span, from, to)));
    }
    if let Some(to) = quoted(help, "convert the left side with `as ", "`")
        && let [left, _] = diagnostic.causes.as_slice()
    {
        ways.extend(here(&left.text).map(|from| (left.span, from, to)));
    }
    if let Some(to) = quoted(help, "convert the `usize` with `as ", "`") {
        let counts = diagnostic.causes.iter().filter_map(|cause| {
            here(&cause.text)
                .filter(|ty| ty == "usize")
                .map(|ty| (cause.span, ty, to))
        });
        ways.extend(counts);
    }
    let bits = |ty: &str| {
        let ty = ty.trim_start_matches("secret ");
        let digits = ty.strip_prefix(['u', 'i'])?;
        digits.parse::<u32>().ok()
    };
    let narrows =
        |from: &str, to: &str| matches!((bits(from), bits(to)), (Some(f), Some(t)) if t < f);
    ways.sort_by_key(|(_, from, to)| narrows(from, to));
    ways.into_iter()
        .map(|(place, from, to)| {
            let text = program.sources.text(place);
            let shown = if text.len() <= 20 && !text.contains('\n') {
                format!("`{text}`")
            } else {
                "it".to_owned()
            };
            let title = if narrows(&from, to) {
                format!("Narrow {shown} by `as {to}`: upper bits are cut off")
            } else {
                format!("Convert {shown} by `as {to}`")
            };
            (title, vec![cast(program, place, to)])
        })
        .collect()
}

/// `place as ty`, in the brackets that it needs.
fn cast(program: &Program, place: Span, ty: &str) -> Edit {
    let tokens = program.tokens(place.file);
    let inside = |t: &&Token| place.start <= t.span.start && t.span.end <= place.end;
    let mut depth = 0u32;
    let simple = tokens.iter().filter(inside).all(|t| match t.kind {
        Tok::LParen | Tok::LBracket => {
            depth += 1;
            true
        }
        Tok::RParen | Tok::RBracket => {
            depth = depth.saturating_sub(1);
            true
        }
        Tok::Ident | Tok::Int | Tok::Float | Tok::Dot | Tok::PathSep => true,
        _ => depth > 0,
    });
    // `x as u8 < y` would begin a list of types, and `x as u8.f()` a field of one.
    let next = tokens.iter().find(|t| t.span.start >= place.end);
    let closed = next.is_some_and(|t| matches!(t.kind, Tok::Lt | Tok::Shl | Tok::Dot));
    let (open, close) = if simple { ("", "") } else { ("(", ")") };
    let text = program.sources.text(place);
    let text = format!("{open}{text}{close} as {ty}");
    Edit {
        place,
        text: if closed { format!("({text})") } else { text },
    }
}

fn wrapped(program: &Program, place: Span, before: &str, after: &str) -> Edit {
    Edit {
        place,
        text: format!("{before}{}{after}", program.sources.text(place)),
    }
}

/// `secret` in the declaration of the variable that a secret would go into.
fn secret_variable(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    let declared =
        |text: &str| text.ends_with("is declared here") || text.contains("` is public: `");
    let name = diagnostic.causes.iter().find(|c| declared(&c.text))?.span;
    let is_variable = program
        .declared()
        .any(|(d, place)| place == name && d.kind == Kind::Variable);
    if !is_variable || super::is_library(name.file) {
        return None;
    }
    let ty = match quoted(help, "declare it: `", "`") {
        // `let mut x: secret u32 = 0;`
        Some(declaration) => quoted(declaration, ": ", " =")?,
        None => quoted(help, "declare it as `", "`").or_else(|| quoted(help, "make it `", "`"))?,
    };
    Some(declare(program, name, ty))
}

/// Another type for a variable of which only a literal said one.
fn declared_anew(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    let declaration = quoted(help, "declare it: `", "`")?;
    // `let mut x: secret u32 = 0;`
    let (name, ty) = (
        quoted(declaration, "let ", ":")?.trim_start_matches("mut "),
        quoted(declaration, ": ", " =")?,
    );
    let causes = diagnostic.causes.iter().map(|cause| cause.span);
    let place = std::iter::once(diagnostic.primary.span)
        .chain(causes)
        .flat_map(|at| super::names::declaration(program, at.file, at.start))
        .find(|at| program.sources.text(*at) == name && !super::is_library(at.file))?;
    Some(declare(program, place, ty))
}

/// The name of a variable with this type after it.
fn declare(program: &Program, name: Span, ty: &str) -> Way {
    let tokens = program.tokens(name.file);
    let mut after = tokens.iter().skip_while(|t| t.span.start < name.end);
    let edit = match after.next() {
        Some(colon) if colon.kind == Tok::Colon => {
            let written = after.next().unwrap_or(colon);
            Edit {
                place: Span::new(
                    name.file,
                    written.span.start as usize,
                    written.span.start as usize,
                ),
                text: "secret ".to_owned(),
            }
        }
        _ => Edit {
            place: Span::new(name.file, name.end as usize, name.end as usize),
            text: format!(": {ty}"),
        },
    };
    let title = format!("Declare `{}` as `{ty}`", program.sources.text(name));
    (title, vec![edit])
}

/// `from` whom a secret of `main` comes: of each party, or of a role.
fn givers(program: &Program, diagnostic: &Diagnostic, help: &str) -> Vec<Way> {
    if !help.contains("`from each`") || diagnostic.primary.text != "from whom?" {
        return Vec::new();
    }
    let place = diagnostic.primary.span;
    let at = Span::new(place.file, place.end as usize, place.end as usize);
    let mut parses = program.parses.clone();
    let parsed = parses.parse(place.file, program.text(place.file));
    let roles = parsed
        .module
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Party(decl) => Some((decl.name.text.as_str(), decl.count.is_some())),
            _ => None,
        });
    let each = std::iter::once("from each".to_owned());
    let roles = roles.map(|(role, several)| match several {
        true => format!("from each {role}"),
        false => format!("from {role}"),
    });
    each.chain(roles)
        .map(|from| {
            let text = format!(" {from}");
            (format!("Add `{from}`"), vec![Edit { place: at, text }])
        })
        .collect()
}

/// An arm for each pattern that a `match` leaves out.
fn missing_arms(program: &Program, diagnostic: &Diagnostic, help: &str) -> Option<Way> {
    // What has no value to begin with is left to be written.
    let ty = quoted(help, "each arm gives a `", "`");
    let value = ty.and_then(|ty| fill::value(program, ty));
    let value = match (ty, &value) {
        (Some(_), Some(value)) => format!("{value},"),
        (Some(_), None) | (None, _) => "{}".to_owned(),
    };
    let list = diagnostic
        .message
        .strip_prefix("this `match` leaves out ")?;
    // Where there are more than the message names, one arm takes the rest.
    let rest = list.ends_with(", and others");
    let mut patterns: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    if rest {
        patterns = vec!["_"];
    }
    let head = diagnostic.primary.span;
    let tokens = program.tokens(head.file);
    let open = tokens
        .iter()
        .position(|t| t.span.start >= head.end && t.kind == Tok::LBrace)?;
    let mut depth = 0u32;
    let close = tokens.iter().skip(open).find(|t| {
        match t.kind {
            Tok::LBrace => depth += 1,
            Tok::RBrace => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let last = tokens
        .iter()
        .rev()
        .find(|t| t.span.end <= close.span.start && !super::is_comment(t.kind))?;
    let text = program.text(head.file);
    let indent = " ".repeat(fill::indent_of(text, close.span.start) + 4);
    let comma = match last.kind {
        Tok::Comma | Tok::LBrace | Tok::RBrace => "",
        _ => ",",
    };
    let arms: String = patterns
        .iter()
        .map(|pattern| format!("\n{indent}{pattern} => {value}"))
        .collect();
    let at = last.span.end as usize;
    let mut edits = vec![Edit {
        place: Span::new(head.file, at, at),
        text: format!("{comma}{arms}"),
    }];
    if !text
        .get(at..close.span.start as usize)
        .unwrap_or("")
        .contains('\n')
    {
        let outer = " ".repeat(fill::indent_of(text, close.span.start));
        edits[0].text.push_str(&format!("\n{outer}"));
        edits[0].place.end = close.span.start;
    }
    let title = match patterns.as_slice() {
        [one] => format!("Add an arm for `{one}`"),
        _ => "Add the missing arms".to_owned(),
    };
    Some((title, edits))
}

fn quoted<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = text.get(text.find(before)? + before.len()..)?;
    rest.get(..rest.find(after)?)
}
/// Where a `use` is added: before the first one, or before the first item and its documentation.
pub(super) fn import_place(program: &Program, file: FileId) -> Span {
    let mut parses = program.parses.clone();
    let text = program.text(file);
    let parsed = parses.parse(file, text);
    let items = &parsed.module.items;
    let import = items.iter().find(|i| matches!(i.kind, ItemKind::Use(_)));
    let mut at = match import.or(items.first()) {
        Some(item) => item.span.start as usize,
        None => 0,
    };
    // The comments directly above an item are its own.
    loop {
        let above = text.get(..at).unwrap_or("");
        let line = above.trim_end_matches([' ', '\t']).strip_suffix('\n');
        let start = line.map(|l| l.rfind('\n').map_or(0, |n| n + 1));
        match start {
            Some(start)
                if import.is_none()
                    && text[start..at].trim_start().starts_with("//")
                    && !text[start..at].trim_start().starts_with("//!") =>
            {
                at = start;
            }
            _ => break,
        }
    }
    Span::new(file, at, at)
}
