//! Diagnostics as JSON, for editors and scripts.
//!
//! One object for each diagnostic, however many there are; text is as it is in the file. Places have the path, 1-based line and column of both ends, so that a reader needs no
//! knowledge of byte offsets.

use super::{Diagnostic, Label, Severity};
use crate::source::{SourceSet, Span};
use serde_json::{Value, json};

/// A list with one object per diagnostic: `code`, `severity`, `message`, `place`, `label`, `causes`, `help`.
pub fn render(sources: &SourceSet, diagnostics: &[Diagnostic]) -> Value {
    Value::Array(diagnostics.iter().map(|d| one(sources, d)).collect())
}

fn one(sources: &SourceSet, d: &Diagnostic) -> Value {
    let severity = match d.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "code": d.code.as_str(),
        "severity": severity,
        "message": d.message,
        "place": place(sources, d.primary.span),
        "label": d.primary.text,
        "causes": d.causes.iter()
            .map(|Label { span, text }| json!({"place": place(sources, *span), "label": text}))
            .collect::<Vec<_>>(),
        "help": d.help,
    })
}

fn place(sources: &SourceSet, span: Span) -> Value {
    let Some(file) = sources.get(span.file) else {
        return Value::Null;
    };
    let (line, col) = file.line_col(span.start as usize);
    let (end_line, end_col) = file.line_col(span.end as usize);
    json!({"path": file.name, "line": line, "col": col, "end_line": end_line, "end_col": end_col})
}
