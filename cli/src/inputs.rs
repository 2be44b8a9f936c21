//! Input files as values of declared shapes: every wrong cell is named by file, row and field before anything is sent.
//!
//! Files (JSON, TOML, CSV, Parquet) become a [`Tree`] that keeps integers exact at every width and refuses duplicate keys; a
//! tree is then matched against the shape that the program declares, and becomes one vector of words per scalar.

pub mod cell;
mod choice;
pub mod csv;
pub mod fit;
pub mod json;
pub mod list;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod toml;

pub use fit::{Leaves, Wrongs, bits_or_bytes, first_held, header, leaves, leaves_or, skip};
pub use list::{List, Table};

use crate::reading;
use std::path::Path;

/// Longest input file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// Most characters of a value that a message shows.
const SHOWN: usize = 40;

/// What a text is that is not a number.
const NO_NUMBER: &str = "text that is not a number";

/// What a file holds, before it is matched against a shape. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer: sign and magnitude.
    Int(bool, u128),
    /// A number that is not an integer of at most 128 bits, as it is written.
    Decimal(String),
    /// A string, or a cell of a sheet.
    Text(String),
    /// A list.
    List(List),
    /// A list of objects with the same keys, column by column.
    Table(Table),
    /// An object with its keys in the file's order.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The value of `key` in an object.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            Self::Null
            | Self::Bool(_)
            | Self::Int(..)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::Table(..)
            | Self::List(_) => None,
        }
    }

    /// What it is, for messages, without the value.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(..) => "an integer",
            Self::Decimal(text) if text.contains(['.', 'e', 'E']) => {
                "a number with a fraction or exponent"
            }
            Self::Decimal(_) => "an integer of more than 128 bits",
            Self::Text(text) if text.is_empty() => "an empty cell",
            Self::Text(text) => match number(text) {
                Self::Decimal(_) => number(text).kind(),
                Self::Int(..) => "an integer",
                _ => NO_NUMBER,
            },
            Self::List(_) | Self::Table(..) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// What it is, with the value, for the party that gives it.
    pub fn shown(&self) -> String {
        let value = match self {
            Self::Int(negative, magnitude) => {
                format!("{}{magnitude}", if *negative { "-" } else { "" })
            }
            Self::Decimal(text) | Self::Text(text) if !text.is_empty() => text.clone(),
            Self::Null
            | Self::Bool(_)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::Table(_)
            | Self::List(_)
            | Self::Map(_) => return self.kind().to_owned(),
        };
        let mut letters = value.chars();
        let mut start: String = letters.by_ref().take(SHOWN).collect();
        if letters.next().is_some() {
            start.push('…');
        }
        let start = start.escape_debug();
        match self.kind() {
            NO_NUMBER => format!("`{start}`"),
            kind => format!("`{start}`, {kind}"),
        }
    }
}

/// Reads the number in `text`: an optional sign and decimal digits; what has a fraction or an exponent stays as it is written,
/// and so does what is no number.
pub fn number(text: &str) -> Tree {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        // Only what a fraction is made of: words and spreadsheets' `#REF!` have an `e`, too.
        let made_of_it =
            |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
        let fraction = digits.bytes().all(made_of_it) && digits.parse::<f64>().is_ok();
        return if fraction {
            Tree::Decimal(text.to_owned())
        } else {
            Tree::Text(text.to_owned())
        };
    }
    match digits.parse::<u128>() {
        Ok(magnitude) => Tree::Int(negative && magnitude != 0, magnitude),
        Err(_) => Tree::Decimal(text.to_owned()),
    }
}

/// A name from a file, for messages. What cannot be a name in a program is not shown: a table without its header has secrets
/// in that place.
pub fn name(name: &str) -> String {
    if is_name(name) {
        format!("`{name}`")
    } else {
        "(not a name)".to_owned()
    }
}

/// Whether it can be a name in a program.
fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(good)
}

/// The ending of a file's name in small letters.
fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|e| e.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// Whether files with such an ending are read as inputs.
pub fn is_input(path: &Path) -> bool {
    ["json", "toml", "csv", "tsv", "parquet"].contains(&ending(path).as_str())
}

/// Reads a file of inputs by its ending.
///
/// # Errors
/// A message that names the file and, where it can, line and column.
pub fn read_file(path: &Path) -> Result<Tree, String> {
    let shown = path.display();
    let parse = match ending(path).as_str() {
        "json" => json::parse,
        "toml" => toml::parse,
        // The separator is told from the header.
        "csv" | "tsv" => csv::parse,
        "parquet" => return read_parquet(path).map_err(|e| format!("{shown}: {e}")),
        _ if !path.exists() => return Err(format!("{shown} does not exist")),
        _ => {
            return Err(format!(
                "{shown}: inputs are read from .json, .toml, .csv and .parquet files"
            ));
        }
    };
    let bytes =
        reading::bytes(path, MAX_FILE_BYTES).map_err(|e| format!("cannot read {shown}: {e}"))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let (at, bytes) = (e.utf8_error().valid_up_to(), e.as_bytes());
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return format!("{shown} is UTF-16: save it as UTF-8");
        }
        let before = bytes.get(..at).unwrap_or(&[]);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        format!("{shown}, line {line}: this is not UTF-8 (byte {at} of the file): save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(text).map_err(|e| format!("{shown}: {e}"))
}

#[cfg(feature = "parquet")]
fn read_parquet(path: &Path) -> Result<Tree, String> {
    parquet::read(path)
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(_: &Path) -> Result<Tree, String> {
    Err("this smpcc is built without Parquet: build it with `--features parquet`, or save the table as CSV".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "parquet"))]
    #[test]
    fn without_parquet_it_is_said_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.parquet");
        std::fs::write(&path, "PAR1").expect("written");
        let told = read_file(&path).err().unwrap_or_default();
        assert!(told.contains("--features parquet"), "{told}");
    }

    #[test]
    fn what_is_no_integer_is_called_what_it_is() {
        for text in ["3.5", "-1e3", "1E+3", ".5", "5."] {
            assert!(number(text).kind().contains("fraction"), "{text}");
        }
        for text in [
            "TRUE", "yes", "#REF!", "e", ".", "-", "1.2.3", "1e", "inf", "NaN", "١",
        ] {
            assert!(number(text).kind().contains("not a number"), "{text}");
        }
        assert_eq!(number("").kind(), "an empty cell");
        assert!(number(&"9".repeat(40)).kind().contains("128 bits"));
        let long = Tree::Text("\u{1b}x".repeat(30)).shown();
        assert!(long.contains("\\u{1b}x") && long.contains('…') && long.len() < 300);
    }
}
