//! What is wrong with a program, as the protocol says it.

use super::opened::Opened;
use super::{places, shelf};
use crate::out;
use serde_json::{Value, json};
use smpcc_compiler::diagnostic::{Diagnostic, Severity};
use smpcc_compiler::span::Span;

/// The diagnostics of the program's root; what is wrong elsewhere stands at the beginning of it. With `links` their codes lead to pages.
pub fn diagnostics(program: &Opened, utf8: bool, links: bool) -> Vec<Value> {
    let all = program.checked.diagnostics.iter();
    let shown = all.filter(|d| d.primary.span.file == program.root || d.is_error());
    let one = |d: &Diagnostic| {
        let mut said = diagnostic(program, d, utf8);
        if let Some(page) = links.then(|| shelf::page(d.code)).flatten() {
            said["codeDescription"] = json!({"href": page});
        }
        said
    };
    shown.map(one).collect()
}

/// One diagnostic.
pub fn diagnostic(program: &Opened, d: &Diagnostic, utf8: bool) -> Value {
    let here = d.primary.span.file == program.root;
    let place = if here {
        d.primary.span
    } else {
        Span::new(program.root, 0, 0)
    };
    let mut message = d.message.clone();
    if !here {
        message = format!("{}: {message}", program.sources.place(d.primary.span));
    }
    let more = [Some(d.primary.text.as_str()), d.help.as_deref()];
    for line in more.into_iter().flatten().filter(|line| !line.is_empty()) {
        message.push('\n');
        message.push_str(line);
    }
    let causes = d.causes.iter().filter_map(|cause| {
        let location = location(program, cause.span, utf8)?;
        Some(json!({"location": location, "message": cause.text}))
    });
    let severity = match d.severity() {
        Severity::Error => 1,
        Severity::Warning => 2,
    };
    json!({
        "range": places::range(program.sources.file(program.root), place, utf8),
        "severity": severity,
        "code": d.code.as_str(),
        "source": "smpcc",
        "message": message,
        "relatedInformation": causes.collect::<Vec<_>>(),
    })
}

/// A span with its file.
pub fn location(program: &Opened, span: Span, utf8: bool) -> Option<Value> {
    let file = program.sources.get(span.file)?;
    let uri = program.uri(span.file)?;
    Some(json!({"uri": uri, "range": places::range(file, span, utf8)}))
}

/// Says something to the editor's user.
pub fn show(text: &str) {
    let params = json!({"type": 1, "message": text});
    let message = json!({"jsonrpc": "2.0", "method": "window/showMessage", "params": params});
    out::message(&message.to_string());
}

/// Says what is wrong with a document.
pub fn publish(uri: &str, version: Option<i64>, diagnostics: &[Value]) {
    let mut params = json!({"uri": uri, "diagnostics": diagnostics});
    if let Some(version) = version {
        params["version"] = json!(version);
    }
    let message = json!({
        "jsonrpc": "2.0",
        "method": "textDocument/publishDiagnostics",
        "params": params,
    });
    out::message(&message.to_string());
}
