//! Requests and what they are answered with: the editor features of the compiler in the protocol's words.

use super::documents::{Documents, Found};
use super::{Refusal, across, edits, lenses, notes, places, snippets};
use serde_json::{Value, json};
use smpcc_circuit::sorted::SortedSet;
use smpcc_compiler::format::Refused;
use smpcc_compiler::ide::{self, Known, Symbol};
use smpcc_compiler::index::Kind;
use smpcc_compiler::library;
use smpcc_compiler::span::Span;

/// The kinds of names, in the order of their numbers.
const TOKEN_TYPES: [&str; 9] = [
    "function",
    "struct",
    "property",
    "variable",
    "parameter",
    "namespace",
    "typeParameter",
    "type",
    "class",
];

/// What is said of names besides, in the order of their bits.
const TOKEN_MODIFIERS: [&str; 4] = ["declaration", "secret", "public", "owned"];

/// What the server can do.
pub fn capabilities(utf8: bool) -> Value {
    json!({
        "capabilities": {
            "positionEncoding": if utf8 { "utf-8" } else { "utf-16" },
            "textDocumentSync": {"openClose": true, "change": 2, "save": true},
            "hoverProvider": true,
            "definitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "renameProvider": {"prepareProvider": true},
            "documentSymbolProvider": true,
            "workspaceSymbolProvider": true,
            "completionProvider": {"triggerCharacters": [".", ":"]},
            "signatureHelpProvider": {"triggerCharacters": ["(", ","]},
            "documentFormattingProvider": true,
            "foldingRangeProvider": true,
            "selectionRangeProvider": true,
            "codeActionProvider": {"codeActionKinds": ["quickfix"]},
            "inlayHintProvider": true,
            "codeLensProvider": {},
            "semanticTokensProvider": {
                "legend": {"tokenTypes": TOKEN_TYPES, "tokenModifiers": TOKEN_MODIFIERS},
                "full": true,
            },
        },
        "serverInfo": {"name": "smpcc", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// Answers a request.
pub fn answer(documents: &mut Documents, method: &str, params: &Value) -> Result<Value, Refusal> {
    if method == "workspace/symbol" {
        return Ok(workspace_symbols(documents, params));
    }
    if let Some(answer) = across(method) {
        return answer(documents, &documents.find(params)?, params);
    }
    let Some(answer) = answer_of(method) else {
        return Err(Refusal::unknown(method));
    };
    answer(&documents.find(params)?, params)
}

type Answer = fn(&Found, &Value) -> Result<Value, Refusal>;

fn answer_of(method: &str) -> Option<Answer> {
    Some(match method {
        "textDocument/hover" => hover,
        "textDocument/definition" => definition,
        "textDocument/documentHighlight" => highlights,
        "textDocument/documentSymbol" => symbols,
        "textDocument/completion" => completion,
        "textDocument/signatureHelp" => signature,
        "textDocument/formatting" => formatting,
        "textDocument/foldingRange" => folds,
        "textDocument/selectionRange" => selections,
        "textDocument/codeAction" => actions,
        "textDocument/inlayHint" => hints,
        "textDocument/semanticTokens/full" => tokens,
        _ => return None,
    })
}

type AnswerAcross = fn(&Documents, &Found, &Value) -> Result<Value, Refusal>;

/// What is asked of all programs that have a name.
fn across(method: &str) -> Option<AnswerAcross> {
    match method {
        "textDocument/references" => Some(across::references),
        "textDocument/prepareRename" => Some(across::nameable),
        "textDocument/rename" => Some(across::rename),
        _ => None,
    }
}

impl Found {
    /// The range of a place.
    pub fn range(&self, span: Span) -> Value {
        let file = self.program.sources.get(span.file);
        file.map_or(Value::Null, |file| places::range(file, span, self.utf8))
    }

    fn locations(&self, spans: Vec<Span>) -> Value {
        let locations = spans
            .into_iter()
            .filter_map(|span| notes::location(&self.program, span, self.utf8));
        Value::Array(locations.collect())
    }
}

fn hover(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    Ok(
        ide::hover(&found.program, found.file, at).map_or(Value::Null, |hover| {
            let mut text = format!("```smpc\n{}\n```", hover.code);
            let figures = found.figures.as_deref().and_then(|f| f.as_ref().ok());
            let cost = figures.and_then(|figures| lenses::cost(found, figures, at));
            for more in [Some(hover.text), cost].into_iter().flatten() {
                if !more.is_empty() {
                    text.push_str("\n\n");
                    text.push_str(&more);
                }
            }
            json!({
                "contents": {"kind": "markdown", "value": text},
                "range": found.range(hover.place),
            })
        }),
    )
}

fn definition(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    Ok(found.locations(ide::declaration(&found.program, found.file, at)))
}

fn highlights(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let places = ide::references(&found.program, found.file, at, true);
    let here = places.into_iter().filter(|place| place.file == found.file);
    let all = here.map(|place| json!({"range": found.range(place)}));
    Ok(Value::Array(all.collect()))
}

fn symbols(found: &Found, _: &Value) -> Result<Value, Refusal> {
    let all = ide::outline(&found.program, found.file);
    Ok(Value::Array(all.iter().map(|s| symbol(found, s)).collect()))
}

fn symbol(found: &Found, symbol: &Symbol) -> Value {
    let children = symbol.children.iter().map(|s| self::symbol(found, s));
    json!({
        "name": if symbol.name.is_empty() { "_" } else { &symbol.name },
        "detail": symbol.detail,
        "kind": symbol_kind(symbol.kind),
        "range": found.range(symbol.whole),
        "selectionRange": found.range(symbol.place),
        "children": children.collect::<Vec<_>>(),
    })
}

const fn symbol_kind(kind: Option<Kind>) -> u32 {
    match kind {
        Some(Kind::Struct) => 23,
        Some(Kind::Enum) => 10,
        Some(Kind::Variant) => 22,
        Some(Kind::Field) => 8,
        Some(Kind::Constant) => 14,
        Some(Kind::Role) => 19,
        Some(Kind::Alias) => 5,
        Some(Kind::Function | Kind::Circuit) => 12,
        // A test.
        _ => 6,
    }
}

/// The items of all programs whose names have the letters of the query in their order.
fn workspace_symbols(documents: &Documents, params: &Value) -> Value {
    let query = params["query"].as_str().unwrap_or("").to_lowercase();
    let matches = |name: &str| {
        let mut letters = name.chars().flat_map(char::to_lowercase);
        query.chars().all(|wanted| letters.any(|c| c == wanted))
    };
    let mut seen = SortedSet::new();
    let mut all = Vec::new();
    for program in documents.programs() {
        for (file, source) in program.sources.iter() {
            if library::owns(file) || !source.name.ends_with(".smpc") {
                continue;
            }
            for symbol in ide::outline(program, file) {
                let place = (program.path(file), symbol.place.start);
                let location = notes::location(program, symbol.place, documents.utf8);
                if let Some(location) = location
                    && matches(&symbol.name)
                    && seen.insert(place)
                {
                    all.push(json!({
                        "name": symbol.name,
                        "kind": symbol_kind(symbol.kind),
                        "location": location,
                    }));
                }
            }
        }
    }
    Value::Array(all)
}

fn completion(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let all = ide::complete(
        &found.program,
        &found.known,
        &found.beside(),
        found.file,
        at,
    );
    // Where words of the language stand, pieces of programs do.
    let words = all.iter().any(|one| one.kind.is_none() && one.name == "fn");
    let pieces = if words && found.snippets {
        snippets::items()
    } else {
        Vec::new()
    };
    let items = all.into_iter().map(|one| {
        let kind = match one.kind {
            Some(Kind::Function | Kind::Circuit | Kind::Builtin) => 3,
            Some(Kind::Struct | Kind::Enum | Kind::Alias | Kind::Type) => 22,
            Some(Kind::Variant) => 20,
            Some(Kind::Field) => 5,
            Some(Kind::Constant) => 21,
            Some(Kind::Module) => 9,
            Some(Kind::Generic) => 25,
            Some(Kind::Role) => 20,
            Some(_) => 6,
            None => 14,
        };
        let mut item = json!({
            "label": one.name,
            "kind": kind,
            "detail": one.detail,
            "documentation": {"kind": "markdown", "value": one.docs},
        });
        if let Some(edit) = one.import {
            let source = found.program.sources.file(found.file);
            let range = places::range(source, edit.place, found.utf8);
            item["additionalTextEdits"] = json!([{"range": range, "newText": edit.text}]);
            // After what is at hand.
            item["sortText"] = json!(format!("~{}", one.name));
        }
        item
    });
    Ok(Value::Array(items.chain(pieces).collect()))
}

fn signature(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let Some(signature) = ide::signature(&found.program, &found.known, found.file, at) else {
        return Ok(Value::Null);
    };
    // Labels of parameters count in UTF-16 whatever positions count in.
    let unit = |at: u32| {
        let before = signature.head.get(..at as usize).unwrap_or("");
        before.encode_utf16().count()
    };
    let params = signature
        .params
        .iter()
        .map(|(from, to)| json!({"label": [unit(*from), unit(*to)]}));
    Ok(json!({
        "signatures": [{
            "label": signature.head,
            "documentation": {"kind": "markdown", "value": signature.docs},
            "parameters": params.collect::<Vec<_>>(),
        }],
        "activeSignature": 0,
        "activeParameter": signature.active,
    }))
}

fn formatting(found: &Found, _: &Value) -> Result<Value, Refusal> {
    match ide::format(&found.program, found.file) {
        Ok(text) => Ok(Value::Array(edits::between(
            found.text(),
            &text,
            found.utf8,
        ))),
        Err(Refused::Syntax(_)) => Err(Refusal::failed("the program has syntax errors")),
        Err(Refused::Changed) => Err(Refusal::failed("a bug in smpcc: the text stays as it is")),
    }
}

fn folds(found: &Found, _: &Value) -> Result<Value, Refusal> {
    let all = ide::folds(&found.program, found.file);
    let folds = all.into_iter().map(|(span, comment)| {
        let range = found.range(span);
        let end = range["end"]["line"].as_u64().unwrap_or(0);
        json!({
            "startLine": range["start"]["line"],
            // The line of what closes stays.
            "endLine": if comment { end } else { end.saturating_sub(1) },
            "kind": if comment { "comment" } else { "region" },
        })
    });
    Ok(Value::Array(folds.collect()))
}

fn selections(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let positions = params["positions"].as_array();
    let positions = positions.ok_or_else(|| Refusal::params("no positions"))?;
    let mut all = Vec::new();
    for position in positions {
        let at = found.offset(position)?;
        let mut parent = Value::Null;
        for span in ide::enclosing(&found.program, found.file, at)
            .into_iter()
            .rev()
        {
            let mut one = json!({"range": found.range(span)});
            if !parent.is_null() {
                one["parent"] = parent;
            }
            parent = one;
        }
        all.push(parent);
    }
    Ok(Value::Array(all))
}

fn actions(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let range = &params["range"];
    let (start, end) = (found.offset(&range["start"])?, found.offset(&range["end"])?);
    let part = Span::new(found.file, start as usize, end as usize);
    let actions = ide::fixes(&found.program, &found.beside(), part)
        .into_iter()
        .map(|fix| {
            let mended = found.program.checked.diagnostics.get(fix.mends);
            let mended = mended.map(|d| notes::diagnostic(&found.program, d, found.utf8));
            json!({
                "title": fix.title,
                "kind": "quickfix",
                "diagnostics": mended.into_iter().collect::<Vec<_>>(),
                "edit": edits::workspace(found, &fix.edits),
            })
        });
    Ok(Value::Array(actions.collect()))
}

fn hints(found: &Found, params: &Value) -> Result<Value, Refusal> {
    let range = &params["range"];
    let (start, end) = (found.offset(&range["start"])?, found.offset(&range["end"])?);
    let figures = found.figures.as_deref().and_then(|f| f.as_ref().ok());
    let limits = figures.map(|f| ide::limits(&found.program, found.file, &f.limits));
    let hints = ide::hints(&found.program, found.file)
        .into_iter()
        .chain(limits.into_iter().flatten())
        .filter(|hint| start <= hint.after.end && hint.after.end <= end)
        .map(|hint| {
            json!({
                "position": found.range(hint.after)["end"],
                "label": hint.text,
                "kind": 1,
            })
        });
    Ok(Value::Array(hints.collect()))
}

fn tokens(found: &Found, _: &Value) -> Result<Value, Refusal> {
    let mut data: Vec<u64> = Vec::new();
    let mut before = (0, 0);
    for colour in ide::colours(&found.program, found.file) {
        let Some(kind) = token_type(colour.kind) else {
            continue;
        };
        let range = found.range(colour.place);
        let number = |end: &str, part: &str| range[end][part].as_u64().unwrap_or(0);
        let (line, column) = (number("start", "line"), number("start", "character"));
        let length = number("end", "character").saturating_sub(column);
        let known = match colour.known {
            Known::Unsaid => 0,
            Known::Secret => 2,
            Known::Public => 4,
            Known::Owned => 2 | 8,
        };
        let step = if line == before.0 {
            column - before.1
        } else {
            column
        };
        data.extend([
            line - before.0,
            step,
            length,
            kind,
            known | u64::from(colour.declares),
        ]);
        before = (line, column);
    }
    Ok(json!({ "data": data }))
}

/// The number of a kind of names; some are left to the colours of words.
const fn token_type(kind: Kind) -> Option<u64> {
    Some(match kind {
        Kind::Function | Kind::Circuit | Kind::Builtin => 0,
        Kind::Struct => 1,
        Kind::Field => 2,
        Kind::Variable | Kind::Constant => 3,
        Kind::Parameter => 4,
        Kind::Module => 5,
        Kind::Generic => 6,
        Kind::Type | Kind::Alias | Kind::Bound => 7,
        Kind::Role => 8,
        _ => return None,
    })
}
