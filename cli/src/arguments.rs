//! Public arguments, wherever they stand: as the text on which all parties agree.
//!
//! They come from `--arg NAME=VALUE`, from a file (`--args FILE`), from an entry `args` beside the parties in a file of inputs, or
//! from the table `args` of a party's configuration. What is JSON becomes one spelling, so that two parties who write the
//! same value with other spaces agree.

use crate::exit::{Failure, Outcome};
use crate::inputs::{self, Tree, json};
use smpcc_circuit::sorted::SortedMap;
use std::fmt::Write as _;
use std::path::Path;

/// Public arguments by name.
pub type Arguments = SortedMap<String, String>;

/// `NAME=VALUE` options.
///
/// # Errors
/// Another form, or a name that stands twice.
pub fn options(args: &[String]) -> Outcome<Arguments> {
    let mut map = Arguments::new();
    for arg in args {
        let Some((name, value)) = arg.split_once('=') else {
            return Err(Failure::usage(format!("`--arg {arg}`: write NAME=VALUE")));
        };
        let name = name.trim();
        if map.insert(name.to_owned(), spelt(value.trim())).is_some() {
            return Err(Failure::usage(format!("argument `{name}` is given twice")));
        }
    }
    Ok(map)
}

/// The arguments in a file: an object with a value for each name.
///
/// # Errors
/// A file that cannot be read or holds something else.
pub fn file(path: &Path) -> Outcome<Arguments> {
    let tree = inputs::read_file(path).map_err(Failure::usage)?;
    of_tree(&tree, &path.display().to_string())
}

/// The arguments in an object.
///
/// # Errors
/// Something else, named by its place.
pub fn of_tree(tree: &Tree, place: &str) -> Outcome<Arguments> {
    match tree {
        Tree::Map(entries) => Ok(entries
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()),
        other => Err(Failure::usage(format!(
            "{place}: expected an object with a value for each public argument, found {}",
            other.kind()
        ))),
    }
}

/// A value of a configuration.
pub fn of_toml(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => spelt(text),
        toml::Value::Integer(_)
        | toml::Value::Boolean(_)
        | toml::Value::Float(_)
        | toml::Value::Datetime(_) => value.to_string(),
        toml::Value::Array(_) | toml::Value::Table(_) => {
            let mut out = String::new();
            write_toml(value, &mut out);
            out
        }
    }
}

/// One spelling of what is JSON; other text as it is.
fn spelt(value: &str) -> String {
    if value.starts_with(['[', '{', '"'])
        && let Ok(tree) = json::parse(value)
    {
        return text(&tree);
    }
    value.to_owned()
}

/// A value as the compiler reads it: JSON, but for texts, which stand without quotes where nothing is around them and they begin with
/// no quote.
fn text(tree: &Tree) -> String {
    if let Tree::Text(text) = tree
        && !text.trim_start().starts_with('"')
    {
        return text.clone();
    }
    let mut out = String::new();
    write(tree, &mut out);
    out
}

fn write(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Int(negative, magnitude) => {
            let sign = if *negative { "-" } else { "" };
            let _ = write!(out, "{sign}{magnitude}");
        }
        Tree::Decimal(text) => out.push_str(text),
        Tree::Text(text) => quoted(text, out),
        Tree::List(list) => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                separate(i, out);
                write(&item, out);
            }
            out.push(']');
        }
        Tree::Table(table) => {
            out.push('[');
            for row in 0..table.rows {
                separate(row, out);
                out.push('{');
                for (i, (name, cells)) in table.columns.iter().enumerate() {
                    separate(i, out);
                    quoted(name, out);
                    out.push_str(": ");
                    if let Some(cell) = cells.get(row) {
                        write(&cell, out);
                    }
                }
                out.push('}');
            }
            out.push(']');
        }
        Tree::Map(entries) => {
            out.push('{');
            for (i, (name, value)) in entries.iter().enumerate() {
                separate(i, out);
                quoted(name, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn write_toml(value: &toml::Value, out: &mut String) {
    match value {
        toml::Value::String(text) => quoted(text, out),
        toml::Value::Integer(_)
        | toml::Value::Boolean(_)
        | toml::Value::Float(_)
        | toml::Value::Datetime(_) => out.push_str(&value.to_string()),
        toml::Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                separate(i, out);
                write_toml(item, out);
            }
            out.push(']');
        }
        toml::Value::Table(entries) => {
            out.push('{');
            for (i, (name, value)) in entries.iter().enumerate() {
                separate(i, out);
                quoted(name, out);
                out.push_str(": ");
                write_toml(value, out);
            }
            out.push('}');
        }
    }
}

fn separate(i: usize, out: &mut String) {
    if i > 0 {
        out.push_str(", ");
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_has_one_spelling() {
        for (written, want) in [
            ("5", "5"),
            ("1_000", "1_000"),
            ("[1,2 ,3]", "[1, 2, 3]"),
            ("{\"a\":[true],\"b\":-4}", "{\"a\": [true], \"b\": -4}"),
            ("[{\"a\":1},{\"a\":2}]", "[{\"a\": 1}, {\"a\": 2}]"),
            ("\"x, y\"", "x, y"),
            ("[\"x, y\"]", "[\"x, y\"]"),
            ("\"x \\\" y\"", "x \" y"),
            ("\"\\\"x\\\"\"", "\"\\\"x\\\"\""),
            ("\"x\" y", "\"x\" y"),
            (
                "{\"a\":null,\"b\":{\"C\":[1,2]}}",
                "{\"a\": null, \"b\": {\"C\": [1, 2]}}",
            ),
            ("[1,", "[1,"),
        ] {
            assert_eq!(spelt(written), want);
        }
        let config: toml::Table = "a = [1, 2]\nb = { c = \"d\", e = [true] }\nf = \"[3,4]\"\n"
            .parse()
            .expect("toml");
        let spelt: Vec<String> = config.values().map(of_toml).collect();
        assert_eq!(spelt, ["[1, 2]", "{\"c\": \"d\", \"e\": [true]}", "[3, 4]"]);
    }
}
