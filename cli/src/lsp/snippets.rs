//! Pieces of programs with places to fill in: those of the extension for VS Code, for editors that have none of their own.

use serde_json::{Value, json};

const SNIPPETS: &str = include_str!("../../../editors/vscode/snippets/smpc.json");

/// All of them as completions.
pub fn items() -> Vec<Value> {
    let all: Value = serde_json::from_str(SNIPPETS).unwrap_or_default();
    let all = all.as_object().into_iter().flatten();
    let items = all.map(|(name, snippet)| {
        let text = match &snippet["body"] {
            Value::Array(lines) => {
                let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
                lines.join("\n")
            }
            line => line.as_str().unwrap_or("").to_owned(),
        };
        json!({
            "label": snippet["prefix"],
            "kind": 15,
            "detail": name,
            "documentation": snippet["description"],
            "insertText": text,
            "insertTextFormat": 2,
        })
    });
    items.collect()
}
