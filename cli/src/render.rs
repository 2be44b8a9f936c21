//! Results as JSON and as text for people, by their declared shapes; integers are exact at every width.

use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Form, Scalar};
use smpcc_runtime::ring::Elements;
use std::fmt::Write as _;

/// The JSON text of a value: `leaves[i]` holds the lanes of the shape's scalar `i`, row by row.
pub fn json(shape: &Shape, leaves: &[&Elements]) -> String {
    let mut text = String::new();
    Writer {
        shape,
        leaves,
        human: false,
    }
    .value(&mut text, 0, 0, 0);
    text
}

/// The same for people: no quotes around field names, spaces after commas.
pub fn human(shape: &Shape, leaves: &[&Elements]) -> String {
    let mut text = String::new();
    Writer {
        shape,
        leaves,
        human: true,
    }
    .value(&mut text, 0, 0, 0);
    text
}

/// A string as JSON.
pub fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Writer<'a> {
    shape: &'a Shape,
    leaves: &'a [&'a Elements],
    human: bool,
}

impl Writer<'_> {
    /// Writes the subtree at `node`, whose first scalar is `leaf`, for row `row` of the arrays around it; returns the
    /// next node and leaf.
    fn value(&self, text: &mut String, node: usize, leaf: usize, row: usize) -> (usize, usize) {
        match self.shape.0.get(node) {
            None => (node + 1, leaf),
            Some(ShapeNode::Scalar { scalar, form, .. }) => {
                let word = self.leaves.get(leaf).map_or(0, |lanes| lanes.get(row));
                match scalar {
                    _ if form.is_text() => {
                        let spelt = form.display(*scalar, word);
                        if *form == Form::Text || !self.human {
                            text.push_str(&json_string(&spelt));
                        } else {
                            text.push_str(&spelt);
                        }
                    }
                    Scalar::Bool if self.human => {
                        text.push_str(if word == 1 { "yes" } else { "no" })
                    }
                    Scalar::Bool | Scalar::Int { .. } => {
                        {
                            let shown = form.display(*scalar, word);
                            // What JSON has no number for is a string.
                            let is_name = *form == Form::Float && shown.ends_with(['f', 'N']);
                            if is_name && !self.human {
                                text.push_str(&json_string(&shown));
                            } else {
                                text.push_str(&shown);
                            }
                        }
                    }
                }
                (node + 1, leaf + 1)
            }
            Some(ShapeNode::Array(len)) => {
                let len = len.unwrap_or(0) as usize;
                text.push('[');
                for i in 0..len {
                    self.comma(text, i);
                    self.value(text, node + 1, leaf, row * len + i);
                }
                text.push(']');
                self.skip(node + 1, leaf)
            }
            Some(ShapeNode::Tuple(n)) => {
                text.push(if self.human { '(' } else { '[' });
                let mut at = (node + 1, leaf);
                for i in 0..*n as usize {
                    self.comma(text, i);
                    at = self.value(text, at.0, at.1, row);
                }
                text.push(if self.human { ')' } else { ']' });
                at
            }
            Some(ShapeNode::Struct { fields, .. }) => {
                text.push('{');
                let mut at = (node + 1, leaf);
                for (i, field) in fields.iter().enumerate() {
                    self.comma(text, i);
                    let _ = if self.human {
                        write!(text, "{field}: ")
                    } else {
                        write!(text, "{}: ", json_string(field))
                    };
                    at = self.value(text, at.0, at.1, row);
                }
                text.push('}');
                at
            }
        }
    }

    fn comma(&self, text: &mut String, i: usize) {
        if i > 0 {
            text.push_str(", ");
        }
    }

    fn skip(&self, node: usize, leaf: usize) -> (usize, usize) {
        crate::inputs::skip(self.shape, node, leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_become_json() {
        let scalar = |scalar| ShapeNode::Scalar {
            scalar,
            form: Form::Plain,
            range: None,
        };
        let shape = Shape(vec![
            ShapeNode::Struct {
                name: String::new(),
                fields: vec!["ok".into(), "rows".into(), "last".into()],
            },
            scalar(Scalar::Bool),
            ShapeNode::Array(Some(2)),
            ShapeNode::Array(Some(2)),
            ShapeNode::Tuple(2),
            scalar(Scalar::signed(8)),
            scalar(Scalar::unsigned(128)),
            scalar(Scalar::unsigned(8)),
        ]);
        let leaves = [
            Elements::Narrow(vec![1]),
            Elements::Narrow(vec![1, 255, 3, 4]),
            Elements::Wide(vec![5, 6, 7, u128::MAX]),
            Elements::Narrow(vec![9]),
        ];
        assert_eq!(
            json(&shape, &leaves.each_ref()),
            r#"{"ok": true, "rows": [[[1, 5], [-1, 6]], [[3, 7], [4, 340282366920938463463374607431768211455]]], "last": 9}"#
        );
        assert_eq!(
            human(
                &Shape(vec![scalar(Scalar::Bool)]),
                &[&Elements::Narrow(vec![0])]
            ),
            "no"
        );
    }
}
