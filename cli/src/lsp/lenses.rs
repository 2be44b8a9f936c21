//! The lines above functions: what they cost, and what can be done with the program.
//!
//! Commands are the client's: `smpcc.run`, `smpcc.stats` and `smpcc.reveals`, each with the document's URI. An editor that does not
//! know them shows the texts.

use super::documents::Found;
use super::figures::Figures;
use serde_json::{Value, json};
use smpcc_compiler::ide;
use smpcc_compiler::index::Kind;
use smpcc_compiler::span::Span;

/// The lenses of a document; `figures` are absent where the program has errors.
pub fn lenses(found: &Found, uri: &str, figures: Option<&Result<Figures, String>>) -> Value {
    let mut all = Vec::new();
    let functions = ide::outline(&found.program, found.file);
    for function in functions.iter().filter(|s| s.kind == Some(Kind::Function)) {
        let mut add = |title: String, command: &str| {
            all.push(json!({
                "range": found.range(function.place),
                "command": {"title": title, "command": command, "arguments": [uri]},
            }));
        };
        let is_main = function.name == "main";
        match figures {
            Some(Ok(figures)) => {
                let (file, line) = place(found, function.place);
                if let Some(cost) = figures.of_function(file, &function.name, line) {
                    add(cost, "smpcc.stats");
                }
            }
            Some(Err(why)) if is_main => add(format!("no figures: {why}"), "smpcc.stats"),
            _ => {}
        }
        if is_main && figures.is_some() {
            add("Run with sample inputs".to_owned(), "smpcc.run");
            add("Who learns what".to_owned(), "smpcc.reveals");
        }
    }
    Value::Array(all)
}

/// What stands at an offset costs, in a sentence: a function where its name stands, else the line.
pub fn cost(found: &Found, figures: &Figures, offset: u32) -> Option<String> {
    let at = Span::new(found.file, offset as usize, offset as usize);
    let functions = ide::outline(&found.program, found.file);
    let named = functions.iter().find(|s| {
        s.kind == Some(Kind::Function) && s.place.start <= offset && offset <= s.place.end
    });
    if let Some(function) = named {
        let (file, line) = place(found, function.place);
        let cost = figures.of_function(file, &function.name, line)?;
        return Some(format!("Costs {cost}."));
    }
    let (file, line) = place(found, at);
    figures
        .of_line(file, line)
        .map(|cost| format!("This line costs {cost}."))
}

/// The file and the line of a place.
fn place(found: &Found, span: Span) -> (&str, u32) {
    let file = found.program.sources.file(span.file);
    let line = file.line_col(span.start as usize).0;
    (&file.name, u32::try_from(line).unwrap_or(u32::MAX))
}
