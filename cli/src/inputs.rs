//! Input files as values of declared shapes: every wrong number is named by file, row and field before anything is sent.
//!
//! Files (JSON, TOML, CSV) become a [`Tree`] that keeps integers exact at every width and refuses duplicate keys; a
//! tree is then matched against the [`Shape`] that the program declares, and becomes one vector of words per scalar.

pub mod csv;
pub mod json;
pub mod list;
pub mod toml;

pub use list::List;

use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Integer, Scalar, Word};
use smpcc_runtime::ring::Elements;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Longest input file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// What a file holds, before it is matched against a shape. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer: sign and magnitude.
    Int(bool, u128),
    /// A number that is not an integer of at most 128 bits, and why.
    BadNumber(&'static str),
    /// A string.
    Text(String),
    /// A list.
    List(List),
    /// A list of so many objects with the same keys, column by column.
    Table(usize, Vec<(String, List)>),
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
            | Self::BadNumber(_)
            | Self::Text(_)
            | Self::Table(..)
            | Self::List(_) => None,
        }
    }

    /// What it is, for messages; never the value itself, which may be secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(..) => "an integer",
            Self::BadNumber(why) => why,
            Self::Text(_) => "text",
            Self::List(_) | Self::Table(..) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

/// Reads the number in `text`: an optional sign and decimal digits.
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
        return Tree::BadNumber(if fraction {
            "a number with a fraction or exponent"
        } else {
            "text that is not a number"
        });
    }
    match digits.parse::<u128>() {
        Ok(magnitude) => Tree::Int(negative && magnitude != 0, magnitude),
        Err(_) => Tree::BadNumber("an integer of more than 128 bits"),
    }
}

/// A name from a file, for messages. What cannot be a name in a program is not shown: a table without its header has secrets
/// in that place.
pub fn name(name: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(good) {
        format!("`{name}`")
    } else {
        "(not a name)".to_owned()
    }
}

/// Reads a file of inputs by its ending.
///
/// # Errors
/// A message that names the file and, where it can, line and column.
pub fn read_file(path: &Path) -> Result<Tree, String> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .map_err(|e| format!("cannot read {shown}: {e}"))?
        .len();
    if size > MAX_FILE_BYTES {
        return Err(format!(
            "{shown} has {size} bytes; at most {MAX_FILE_BYTES} are read"
        ));
    }
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        format!(
            "{shown} is not UTF-8 text: byte {} is wrong",
            e.utf8_error().valid_up_to()
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => json::parse(text).map_err(|e| format!("{shown}: {e}")),
        Some("toml") => toml::parse(text).map_err(|e| format!("{shown}: {e}")),
        Some("csv") => csv::parse(text).map_err(|e| format!("{shown}: {e}")),
        _ => Err(format!(
            "{shown}: inputs are read from .json, .toml and .csv files"
        )),
    }
}

/// The words of one parameter: one vector per scalar of its shape, in the shape's order, and the open length if any.
pub struct Leaves {
    /// Lanes of each scalar leaf.
    pub words: Vec<Elements>,
    /// The lengths of the arrays whose lengths come from the data, by position in the shape.
    pub open_lens: BTreeMap<usize, u64>,
}

/// Matches `tree` against `shape`. `place` says where the tree stands (`file inputs.json, party 0, salary`).
///
/// # Errors
/// A message that names the place, the row and the field, and never shows a value.
pub fn leaves(tree: &Tree, shape: &Shape, place: &str) -> Result<Leaves, String> {
    let n_leaves = shape
        .0
        .iter()
        .filter(|n| matches!(n, ShapeNode::Scalar { .. }))
        .count();
    let mut walk = Walk {
        shape,
        words: vec![Elements::default(); n_leaves],
        open_lens: BTreeMap::new(),
        place,
        path: Vec::new(),
    };
    walk.value(tree, 0, 0)?;
    Ok(Leaves {
        words: walk.words,
        open_lens: walk.open_lens,
    })
}

enum Step {
    Field(String),
    Row(usize),
}

struct Walk<'a> {
    shape: &'a Shape,
    words: Vec<Elements>,
    open_lens: BTreeMap<usize, u64>,
    place: &'a str,
    path: Vec<Step>,
}

impl Walk<'_> {
    /// Takes `tree` as shape node `node`, whose first scalar is leaf `leaf`; returns the next node and leaf.
    fn value(&mut self, tree: &Tree, node: usize, leaf: usize) -> Result<(usize, usize), String> {
        match self.shape.0.get(node) {
            None => Err(self.wrong("the declared type is incomplete")),
            Some(ShapeNode::Scalar { scalar, range }) => {
                let word = self.scalar(tree, *scalar, *range)?;
                if let Some(words) = self.words.get_mut(leaf) {
                    words.push(word);
                }
                Ok((node + 1, leaf + 1))
            }
            Some(ShapeNode::Array(len)) => {
                let found = match tree {
                    Tree::List(items) => items.len(),
                    Tree::Table(rows, _) => *rows,
                    _ => {
                        return Err(self.wrong(&format!("expected a list, found {}", tree.kind())));
                    }
                } as u64;
                match len {
                    Some(len) if *len != found => {
                        return Err(self.wrong(&format!("expected {len} elements, found {found}")));
                    }
                    Some(_) => {}
                    None => {
                        let before = *self.open_lens.entry(node).or_insert(found);
                        if before != found {
                            return Err(self.wrong(&format!(
                                "expected {before} elements as in the rows before, found {found}"
                            )));
                        }
                    }
                }
                for row in 0..found as usize {
                    self.path.push(Step::Row(row));
                    self.value(&row_of(tree, row), node + 1, leaf)?;
                    self.path.pop();
                }
                Ok(skip(self.shape, node + 1, leaf))
            }
            Some(ShapeNode::Tuple(n)) => {
                let n = *n as usize;
                let Tree::List(items) = tree else {
                    return Err(self.wrong(&format!(
                        "expected a list of {n} values, found {}",
                        tree.kind()
                    )));
                };
                if items.len() != n {
                    return Err(self.wrong(&format!("expected {n} values, found {}", items.len())));
                }
                let mut at = (node + 1, leaf);
                for (row, item) in items.iter().enumerate() {
                    self.path.push(Step::Row(row));
                    at = self.value(&item, at.0, at.1)?;
                    self.path.pop();
                }
                Ok(at)
            }
            Some(ShapeNode::Struct { fields, .. }) => {
                let Tree::Map(entries) = tree else {
                    return Err(self.wrong(&format!(
                        "expected an object with the fields {}, found {}",
                        quoted(fields),
                        tree.kind()
                    )));
                };
                if let Some((unknown, _)) = entries.iter().find(|(key, _)| !fields.contains(key)) {
                    return Err(self.wrong(&format!(
                        "unknown field {}; the program declares {}",
                        name(unknown),
                        quoted(fields)
                    )));
                }
                let mut at = (node + 1, leaf);
                for field in fields {
                    let Some(item) = tree.get(field) else {
                        return Err(self.wrong(&format!("field `{field}` is missing")));
                    };
                    self.path.push(Step::Field(field.clone()));
                    at = self.value(item, at.0, at.1)?;
                    self.path.pop();
                }
                Ok(at)
            }
        }
    }

    fn scalar(
        &self,
        tree: &Tree,
        scalar: Scalar,
        range: Option<(Integer, Integer)>,
    ) -> Result<Word, String> {
        let from_text;
        let tree = match tree {
            Tree::Text(text) => {
                from_text = match (scalar, text.trim()) {
                    (Scalar::Bool, "true") => Tree::Bool(true),
                    (Scalar::Bool, "false") => Tree::Bool(false),
                    (_, text) => number(text),
                };
                &from_text
            }
            other => other,
        };
        match (scalar, tree) {
            (Scalar::Bool, Tree::Bool(b)) => Ok(Word::from(*b)),
            (Scalar::Bool, Tree::Int(false, n @ (0 | 1))) => Ok(*n),
            (Scalar::Bool, other) => {
                Err(self.wrong(&format!("expected true or false, found {}", other.kind())))
            }
            (Scalar::Int { width, signed }, Tree::Int(negative, magnitude)) => {
                let fits = match (signed, negative) {
                    (false, true) => false,
                    (false, false) => *magnitude <= scalar.mask(),
                    (true, false) => *magnitude <= scalar.mask() >> 1,
                    (true, true) => *magnitude <= (scalar.mask() >> 1) + 1,
                };
                if !fits {
                    return Err(self.wrong(&format!(
                        "the value does not fit in {scalar} ({})",
                        bounds(width, signed)
                    )));
                }
                let word = scalar.wrap(if *negative {
                    magnitude.wrapping_neg()
                } else {
                    *magnitude
                });
                if let Some((lo, hi)) = range
                    && !(lo..=hi).contains(&Integer::of(scalar, word))
                {
                    return Err(self.wrong(&format!(
                        "the value is outside its declared range {lo}..={hi}"
                    )));
                }
                Ok(word)
            }
            (Scalar::Int { .. }, other) => Err(self.wrong(&format!(
                "expected an integer ({scalar}), found {}",
                other.kind()
            ))),
        }
    }

    fn wrong(&self, what: &str) -> String {
        let mut text = self.place.to_string();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    let _ = write!(text, ", field `{name}`");
                }
                Step::Row(row) => {
                    let _ = write!(text, ", row {}", row + 1);
                }
            }
        }
        format!("{text}: {what}")
    }
}

/// An item of a list, or a row of a table; of anything else nothing.
fn row_of(tree: &Tree, row: usize) -> Cow<'_, Tree> {
    let nothing = Cow::Owned(Tree::Null);
    match tree {
        Tree::List(items) => items.get(row).unwrap_or(nothing),
        Tree::Table(_, columns) => {
            let cells = columns.iter().map(|(name, cells)| {
                let cell = cells.get(row).map_or(Tree::Null, Cow::into_owned);
                (name.clone(), cell)
            });
            Cow::Owned(Tree::Map(cells.collect()))
        }
        _ => nothing,
    }
}

/// The node and leaf behind the subtree of `shape` at `node`, whose first scalar is `leaf`.
pub fn skip(shape: &Shape, node: usize, leaf: usize) -> (usize, usize) {
    let (mut node, mut leaf, mut open) = (node, leaf, 1usize);
    while open > 0 {
        open -= 1;
        match shape.0.get(node) {
            None => break,
            Some(ShapeNode::Scalar { .. }) => leaf += 1,
            Some(ShapeNode::Array(_)) => open += 1,
            Some(ShapeNode::Tuple(n)) => open += *n as usize,
            Some(ShapeNode::Struct { fields, .. }) => open += fields.len(),
        }
        node += 1;
    }
    (node, leaf)
}

fn bounds(width: u8, signed: bool) -> String {
    if signed {
        let top = (1u128 << (width - 1)) - 1;
        format!("-{}..={top}", top + 1)
    } else {
        format!("0..={}", smpcc_circuit::value::mask(u32::from(width)))
    }
}

fn quoted(fields: &[String]) -> String {
    fields
        .iter()
        .map(|f| format!("`{f}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patients() -> Shape {
        let u8s = |range| ShapeNode::Scalar {
            scalar: Scalar::unsigned(8),
            range,
        };
        Shape(vec![
            ShapeNode::Array(None),
            ShapeNode::Struct {
                name: "Patient".into(),
                fields: vec!["age".into(), "severity".into()],
            },
            u8s(Some((0.into(), 120.into()))),
            u8s(None),
        ])
    }

    fn error(text: &str) -> String {
        leaves(
            &json::parse(text).map_err(|e| e.to_string()).unwrap(),
            &patients(),
            "file",
        )
        .err()
        .unwrap_or_default()
    }

    #[test]
    fn what_is_no_integer_is_called_what_it_is() {
        for text in ["3.5", "-1e3", "1E+3", ".5", "5."] {
            assert!(number(text).kind().contains("fraction"), "{text}");
        }
        for text in [
            "TRUE", "yes", "#REF!", "e", ".", "", "-", "1.2.3", "1e", "inf", "NaN", "١",
        ] {
            assert!(number(text).kind().contains("not a number"), "{text}");
        }
    }

    #[test]
    fn tables_become_columns() {
        let tree =
            json::parse(r#"[{"age": 3, "severity": "4"}, {"severity": 6, "age": 120}]"#).unwrap();
        let leaves = leaves(&tree, &patients(), "file").unwrap_or_else(|e| panic!("{e}"));
        let words: Vec<_> = leaves.words.iter().map(Elements::words).collect();
        assert_eq!(words, vec![vec![3, 120], vec![4, 6]]);
        assert_eq!(leaves.open_lens.get(&0), Some(&2));
    }

    #[test]
    fn errors_name_row_and_field_and_no_value() {
        assert_eq!(
            error(r#"[{"age": 3, "severity": 4}, {"age": 121, "severity": 4}]"#),
            "file, row 2, field `age`: the value is outside its declared range 0..=120"
        );
        assert_eq!(
            error(r#"[{"age": 3, "severity": 256}]"#),
            "file, row 1, field `severity`: the value does not fit in u8 (0..=255)"
        );
        assert_eq!(
            error(r#"[{"age": 3}]"#),
            "file, row 1: field `severity` is missing"
        );
        assert_eq!(
            error(r#"[{"age": 3, "severity": 1, "name": 2}]"#),
            "file, row 1: unknown field `name`; the program declares `age`, `severity`"
        );
        assert_eq!(
            error(r#"[{"age": 3.5, "severity": 1}]"#),
            "file, row 1, field `age`: expected an integer (u8), found a number with a fraction or exponent"
        );
        assert_eq!(
            error(r#"{"age": 3}"#),
            "file: expected a list, found an object"
        );
    }

    #[test]
    fn integers_are_exact_at_every_width() {
        let shape = |scalar| {
            Shape(vec![ShapeNode::Scalar {
                scalar,
                range: None,
            }])
        };
        let word = |text: &str, scalar| {
            leaves(&json::parse(text).unwrap(), &shape(scalar), "f").map(|l| l.words[0].get(0))
        };
        assert_eq!(
            word(
                "340282366920938463463374607431768211455",
                Scalar::unsigned(128)
            ),
            Ok(u128::MAX)
        );
        assert_eq!(
            word(
                "-170141183460469231731687303715884105728",
                Scalar::signed(128)
            ),
            Ok(1 << 127)
        );
        assert!(
            word(
                "170141183460469231731687303715884105728",
                Scalar::signed(128)
            )
            .is_err()
        );
        assert_eq!(
            word("\"18446744073709551617\"", Scalar::unsigned(65)),
            Ok((1 << 64) + 1)
        );
        assert_eq!(word("-4", Scalar::signed(3)), Ok(4));
        assert!(word("-5", Scalar::signed(3)).is_err());
        assert!(word("1e3", Scalar::unsigned(32)).is_err());
    }
}
