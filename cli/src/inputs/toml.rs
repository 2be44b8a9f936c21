//! TOML as a [`Tree`]. Integers beyond 64 bits are written as strings there.

use super::Tree;
use crate::toml_file;

/// Reads a TOML document.
///
/// # Errors
/// What is wrong, and the line.
pub fn parse(text: &str) -> Result<Tree, String> {
    let table: toml::Table = toml_file::parse(text)?;
    Ok(tree(toml::Value::Table(table)))
}

fn tree(value: toml::Value) -> Tree {
    match value {
        toml::Value::String(text) => Tree::Text(text),
        toml::Value::Integer(n) => Tree::Int(n < 0, u128::from(n.unsigned_abs())),
        toml::Value::Float(x) => Tree::Decimal(x.to_string()),
        toml::Value::Boolean(b) => Tree::Bool(b),
        toml::Value::Datetime(at) => Tree::Text(at.to_string()),
        toml::Value::Array(items) => Tree::List(items.into_iter().map(tree).collect()),
        toml::Value::Table(table) => Tree::Map(
            table
                .into_iter()
                .map(|(key, item)| (key, tree(item)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_line() {
        assert!(parse("a = 1\nb = = 2\n").is_err_and(|e| e.contains("line 2")));
        assert!(matches!(
            parse("a = -3").unwrap_or(Tree::Null).get("a"),
            Some(Tree::Int(true, 3))
        ));
        assert!(parse("a = 99999999999999999999").is_err_and(|e| e.contains("in quotes")));
    }

    #[test]
    fn dates_are_texts() {
        let tree = parse("a = 2024-02-29\nb = 2024-02-29T10:00:01").unwrap_or(Tree::Null);
        assert!(matches!(tree.get("a"), Some(Tree::Text(t)) if t == "2024-02-29"));
        assert!(matches!(tree.get("b"), Some(Tree::Text(t)) if t == "2024-02-29T10:00:01"));
    }
}
