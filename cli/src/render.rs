//! Results as JSON and as text for people, by their declared shapes; integers are exact at every width.

use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Form, Scalar, Word};
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
    .value(&mut text, (0, 0), 0, 0);
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
    .value(&mut text, (0, 0), 0, 0);
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
    /// Writes the subtree at a node, whose first scalar is a leaf, for row `row` of the arrays around it; returns the next
    /// node and leaf. `base` is the first leaf of the enum around.
    fn value(
        &self,
        text: &mut String,
        (node, leaf): (usize, usize),
        row: usize,
        base: usize,
    ) -> (usize, usize) {
        match self.shape.0.get(node) {
            None => (node + 1, leaf),
            Some(ShapeNode::Enum { .. }) => {
                self.choice(text, (node, leaf), row, base);
                self.skip(node, leaf)
            }
            Some(ShapeNode::Shared {
                scalar,
                form,
                leaf: shared,
                ..
            }) => {
                self.scalar(text, (*scalar, *form), base + *shared as usize, row);
                (node + 1, leaf)
            }
            Some(ShapeNode::Scalar { scalar, form, .. }) => {
                self.scalar(text, (*scalar, *form), leaf, row);
                (node + 1, leaf + 1)
            }
            Some(ShapeNode::Array(len)) => {
                let len = len.unwrap_or(0) as usize;
                text.push('[');
                for i in 0..len {
                    self.comma(text, i);
                    self.value(text, (node + 1, leaf), row * len + i, base);
                }
                text.push(']');
                self.skip(node + 1, leaf)
            }
            Some(ShapeNode::Tuple(n)) => self.list(text, *n as usize, (node + 1, leaf), row, base),
            Some(ShapeNode::Struct { fields, .. }) => {
                self.fields(text, fields, (node + 1, leaf), row, base)
            }
        }
    }

    fn scalar(&self, text: &mut String, (scalar, form): (Scalar, Form), leaf: usize, row: usize) {
        let word = self.word(leaf, row);
        match scalar {
            _ if form.is_text() => {
                let spelt = form.display(scalar, word);
                if form == Form::Text || !self.human {
                    text.push_str(&json_string(&spelt));
                } else {
                    text.push_str(&spelt);
                }
            }
            Scalar::Bool if self.human => text.push_str(if word == 1 { "yes" } else { "no" }),
            Scalar::Bool | Scalar::Int { .. } => {
                let shown = form.display(scalar, word);
                // What JSON has no number for is a string.
                let is_name = form == Form::Float && shown.ends_with(['f', 'N']);
                if is_name && !self.human {
                    text.push_str(&json_string(&shown));
                } else {
                    text.push_str(&shown);
                }
            }
        }
    }

    fn word(&self, leaf: usize, row: usize) -> Word {
        self.leaves.get(leaf).map_or(0, |lanes| lanes.get(row))
    }

    fn list(
        &self,
        text: &mut String,
        n: usize,
        at: (usize, usize),
        row: usize,
        base: usize,
    ) -> (usize, usize) {
        text.push(if self.human { '(' } else { '[' });
        let mut at = at;
        for i in 0..n {
            self.comma(text, i);
            at = self.value(text, at, row, base);
        }
        text.push(if self.human { ')' } else { ']' });
        at
    }

    fn fields(
        &self,
        text: &mut String,
        fields: &[String],
        at: (usize, usize),
        row: usize,
        base: usize,
    ) -> (usize, usize) {
        text.push('{');
        let mut at = at;
        for (i, field) in fields.iter().enumerate() {
            self.comma(text, i);
            let _ = if self.human {
                write!(text, "{field}: ")
            } else {
                write!(text, "{}: ", json_string(field))
            };
            at = self.value(text, at, row, base);
        }
        text.push('}');
        at
    }

    /// Writes an enum as input files have it: a variant's name, alone or with what it holds; of an `Option` the value.
    fn choice(&self, text: &mut String, (node, leaf): (usize, usize), row: usize, base: usize) {
        let Some(ShapeNode::Enum {
            optional,
            slots,
            variants,
            ..
        }) = self.shape.0.get(node)
        else {
            return;
        };
        let (tag, base) = match self.shape.0.get(node + 1) {
            Some(ShapeNode::Shared { leaf: tag, .. }) => (base + *tag as usize, base),
            _ => (leaf, leaf),
        };
        let tag = usize::try_from(self.word(tag, row)).unwrap_or(usize::MAX);
        let Some(variant) = variants.get(tag) else {
            return;
        };
        let mut at = (node + 1, leaf);
        let earlier: usize = variants.iter().take(tag).map(|v| v.fields.len()).sum();
        for _ in 0..1 + *slots as usize + earlier {
            at = self.skip(at.0, at.1);
        }
        let n = variant.fields.len();
        let name = if self.human {
            variant.name.clone()
        } else {
            json_string(&variant.name)
        };
        match (*optional, n) {
            // A value that is optional twice is written out.
            (true, 1)
                if !matches!(
                    self.shape.0.get(at.0),
                    Some(ShapeNode::Enum { optional: true, .. })
                ) =>
            {
                self.value(text, at, row, base);
            }
            (true, 0) => text.push_str(if self.human { "None" } else { "null" }),
            (_, 0) => text.push_str(&name),
            _ => {
                if !self.human {
                    text.push('{');
                }
                text.push_str(&name);
                match (self.human, variant.tuple) {
                    (false, _) => text.push_str(": "),
                    (true, false) => text.push(' '),
                    (true, true) => {}
                }
                if !variant.tuple {
                    self.fields(text, &variant.fields, at, row, base);
                } else if n == 1 && !self.human {
                    self.value(text, at, row, base);
                } else {
                    self.list(text, n, at, row, base);
                }
                if !self.human {
                    text.push('}');
                }
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
