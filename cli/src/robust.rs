//! Whatever a file of inputs or a configuration holds: it is read or refused, without a panic, and a refusal of a
//! configuration quotes nothing of it. The bodies are public so that fuzz targets outside the workspace share them.

use crate::deployment::Deployment;
use crate::inputs::{self, Tree};
use crate::{costs, given, toml_file};
use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Form, Integer, Scalar};
use smpcc_runtime::ring::Elements;
use std::path::Path;

/// Reads `text` as inputs in the format of that ending, and matches it with a table of two columns, with a lone number, with bytes, dates, moments and texts and,
/// if it is a sheet, as a matrix.
pub fn read_inputs(ending: &str, text: &str) {
    let tree = match ending {
        "json" => inputs::json::parse(text),
        "toml" => inputs::toml::parse(text),
        _ => inputs::csv::parse(text),
    };
    let number = |scalar| ShapeNode::Scalar {
        scalar,
        form: Form::Plain,
        range: Some((Integer::from(-5), Integer::from(120))),
    };
    let table = Shape(vec![
        ShapeNode::Array(None),
        ShapeNode::Struct {
            name: "Row".into(),
            fields: vec!["a".into(), "b".into()],
        },
        number(Scalar::signed(9)),
        number(Scalar::unsigned(128)),
    ]);
    if let Ok(tree) = tree {
        let decimal = Shape(vec![ShapeNode::Scalar {
            scalar: Scalar::signed(16),
            form: Form::Fixed(7),
            range: None,
        }]);
        for shape in [table, decimal, Shape(vec![number(Scalar::Bool)])] {
            if let Ok(leaves) = inputs::leaves(&tree, &shape, "file") {
                let rows = leaves.open_lens.values().next().copied().unwrap_or(1);
                assert!(leaves.words.iter().all(|w| w.lanes() as u64 == rows));
            }
        }
        let bytes = ShapeNode::Scalar {
            scalar: Scalar::unsigned(8),
            form: Form::Plain,
            range: None,
        };
        let bytes = Shape(vec![ShapeNode::Array(None), bytes]);
        if let Ok(leaves) = inputs::leaves(&tree, &bytes, "file") {
            assert!(
                leaves
                    .words
                    .iter()
                    .all(|w| w.words().iter().all(|b| *b < 256))
            );
        }
        for (scalar, form) in [
            (Scalar::signed(32), Form::Date),
            (Scalar::signed(64), Form::Datetime),
            (Scalar::unsigned(64), Form::Text),
        ] {
            let spelt = ShapeNode::Scalar {
                scalar,
                form,
                range: None,
            };
            let column = Shape(vec![ShapeNode::Array(None), spelt]);
            let words = inputs::leaves(&tree, &column, "file").map_or_else(
                |_| Vec::new(),
                |leaves| leaves.words.iter().flat_map(Elements::words).collect(),
            );
            for word in words {
                let text = Tree::Text(form.display(scalar, word));
                assert_eq!(inputs::cell::word(&text, scalar, form, None), Ok(word));
            }
        }
        match &tree {
            Tree::List(rows) => drop(given::as_columns(rows)),
            Tree::Table(table) if table.sheet => {
                let matrix = Shape(vec![
                    ShapeNode::Array(None),
                    ShapeNode::Array(None),
                    number(Scalar::signed(9)),
                ]);
                let rows = table.matrix();
                assert_eq!(
                    rows.len(),
                    table.rows + usize::from(!table.columns.is_empty())
                );
                let _ = inputs::leaves(&Tree::List(rows), &matrix, "file");
            }
            _ => {}
        }
    }
}

/// Reads `text` as a configuration and as a table of times; says what the refusals are.
pub fn read_configuration(text: &str) -> Vec<String> {
    let deployment = Deployment::from_text(Path::new("c.toml"), text).err();
    let deployment = deployment.map(|failure| failure.message);
    let times = costs::parse(text).err();
    let table = toml_file::parse::<toml::Table>(text).err();
    [deployment, times, table].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of which files are made, and what no message may show.
    const PIECES: [&str; 30] = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "=",
        "\n",
        "\"",
        "a",
        "b",
        "party",
        "rep3",
        "and_ps",
        "-5",
        "121",
        "1e9",
        "null",
        "true",
        "\\u001b",
        "hunter2",
        "\"hunter2\"",
        "#",
        ".",
        ";",
        "\t",
        "\"0x0aff\"",
        "\"2024-02-29\"",
        "\"é\"",
        "\"2024-02-29T23:59:01+02:00\"",
    ];

    fn file() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", pieces in file()) {
            for ending in ["json", "toml", "csv"] {
                read_inputs(ending, &text);
                read_inputs(ending, &pieces);
            }
            read_configuration(&text);
        }

        #[test]
        fn no_refusal_quotes_the_file(pieces in file()) {
            for message in read_configuration(&pieces) {
                prop_assert!(!message.contains("hunter2"), "{pieces:?}: {message}");
            }
        }

        #[test]
        fn tables_come_back(rows in proptest::collection::vec((-5i8..=120, 0u8..=120), 1..30)) {
            let csv: String = rows.iter().map(|(a, b)| format!("{a},{b}\n")).collect();
            let json: Vec<String> =
                rows.iter().map(|(a, b)| format!("{{\"b\": {b}, \"a\": {a}}}")).collect();
            let csv = inputs::csv::parse(&format!("a,b\n{csv}")).map_err(TestCaseError::fail)?;
            let json = inputs::json::parse(&format!("[{}]", json.join(",")))
                .map_err(TestCaseError::fail)?;
            let number = |scalar| ShapeNode::Scalar { scalar, form: Form::Plain, range: None };
            let shape = Shape(vec![
                ShapeNode::Array(None),
                ShapeNode::Struct { name: String::new(), fields: vec!["a".into(), "b".into()] },
                number(Scalar::signed(8)),
                number(Scalar::unsigned(7)),
            ]);
            let from_csv = inputs::leaves(&csv, &shape, "").map_err(TestCaseError::fail)?;
            let from_json = inputs::leaves(&json, &shape, "").map_err(TestCaseError::fail)?;
            prop_assert!(from_csv.words == from_json.words);
            let a: Vec<u128> = rows.iter().map(|(a, _)| u128::from(*a as u8)).collect();
            prop_assert_eq!(from_csv.words[0].words(), a);
        }
    }
}
