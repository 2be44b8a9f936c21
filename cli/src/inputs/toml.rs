//! TOML as a [`Tree`]. Integers beyond 64 bits are written as strings there; decimal numbers are taken from their text.

use super::{Tree, number};
use crate::toml_file;
use toml::de::{DeTable, DeValue};

/// Reads a TOML document.
///
/// # Errors
/// What is wrong, and the line.
pub fn parse(text: &str) -> Result<Tree, String> {
    let _: toml::Table = toml_file::parse(text)?;
    let table = DeTable::parse(text).map_err(|e| format!("not TOML: {}", e.message()))?;
    Ok(tree(DeValue::Table(table.into_inner())))
}

fn tree(value: DeValue<'_>) -> Tree {
    match value {
        DeValue::String(text) => Tree::Text(text.into_owned()),
        DeValue::Integer(n) => match i128::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Tree::Int(n < 0, n.unsigned_abs()),
            Err(_) => Tree::Decimal(n.as_str().to_owned()),
        },
        DeValue::Float(n) => number(n.as_str()),
        DeValue::Boolean(b) => Tree::Bool(b),
        DeValue::Datetime(at) => Tree::Text(at.to_string()),
        DeValue::Array(items) => Tree::List(
            items
                .into_iter()
                .map(|item| tree(item.into_inner()))
                .collect(),
        ),
        DeValue::Table(table) => Tree::Map(
            table
                .into_iter()
                .map(|(key, item)| (key.into_inner().into_owned(), tree(item.into_inner())))
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

    #[test]
    fn numbers_are_those_of_the_text() {
        let text = "b = 0x1_0\nc = [1_0.000_000_000_000_000_000_000_000_1, inf]";
        let tree = parse(text).unwrap_or(Tree::Null);
        assert!(matches!(tree.get("b"), Some(Tree::Int(false, 16))));
        let Some(Tree::List(items)) = tree.get("c") else {
            panic!("no list");
        };
        let decimal = match items.get(0).as_deref() {
            Some(Tree::Decimal(text)) => text.clone(),
            _ => String::new(),
        };
        assert_eq!(decimal, "10.0000000000000000000000001");
        assert_eq!(
            items.get(1).map(|i| i.kind()),
            Some("text that is not a number")
        );
    }
}
