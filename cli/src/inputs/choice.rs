//! Values of enums in files: a variant by its name, alone or with what it holds.
//!
//! `"Red"` is a variant that holds nothing, `{"Circle": 3}` one with what it holds: its only value, a list of several, or an
//! object if they have names. Of the library's `Option` an empty cell and a word for what is missing are nothing, and everything
//! else is the value.

use super::fit::{Walk, first_held, quoted, skip};
use super::{Tree, cell};
use crate::words::did_you_mean;
use smpcc_circuit::program::{ShapeNode, ShapeVariant};
use smpcc_circuit::value::{Form, Word};
use smpcc_compiler::schema;

/// What stands in an enum's place: which variant, and what it holds.
struct Chosen<'t> {
    variant: usize,
    held: Option<&'t Tree>,
}

impl Walk<'_> {
    /// Takes `tree` as the enum at `node`, whose first leaf is `leaf` unless it is in a field of another enum.
    pub(super) fn choice(&mut self, tree: &Tree, node: usize, leaf: usize) -> Result<(), String> {
        let shape = self.shape;
        let Some(ShapeNode::Enum {
            name,
            optional,
            slots,
            variants,
            ..
        }) = shape.0.get(node)
        else {
            return Ok(());
        };
        let chosen = if *optional {
            self.optional(tree, variants, node)?
        } else {
            let chosen = self.named(tree, variants);
            chosen.map_err(|e| match cell::is_missing(tree) {
                true => e + &cell::optional(name),
                false => e,
            })?
        };
        let outer = self.base;
        let (tag, own) = match shape.0.get(node + 1) {
            Some(ShapeNode::Shared { leaf: tag, .. }) => (outer + *tag as usize, false),
            _ => (leaf, true),
        };
        if own {
            self.base = leaf;
        }
        self.push(tag, chosen.variant as Word);
        // The leaves of all variants, and how many words each gets.
        let mut leaves: Vec<(usize, u64)> = Vec::new();
        let mut at = skip(shape, node + 1, leaf);
        for _ in 0..*slots {
            at = self.each_leaf(at.0, at.1, 1, &mut leaves);
        }
        let before: Vec<usize> = leaves.iter().map(|(leaf, _)| self.filled(*leaf)).collect();
        let earlier = variants.iter().take(chosen.variant);
        for _ in 0..earlier.map(|v| v.fields.len()).sum() {
            at = skip(shape, at.0, at.1);
        }
        self.held(&variants[chosen.variant], chosen.held, at)?;
        for ((leaf, n), before) in leaves.into_iter().zip(before) {
            if self.filled(leaf) == before {
                (0..n).for_each(|_| self.push(leaf, 0));
            }
        }
        self.base = outer;
        Ok(())
    }

    fn filled(&self, leaf: usize) -> usize {
        self.words.get(leaf).map_or(0, |words| words.lanes())
    }

    fn optional<'t>(
        &self,
        tree: &'t Tree,
        variants: &[ShapeVariant],
        node: usize,
    ) -> Result<Chosen<'t>, String> {
        let place = |holds: bool| variants.iter().position(|v| v.fields.is_empty() != holds);
        let (Some(none), Some(some)) = (place(false), place(true)) else {
            return self.named(tree, variants);
        };
        let missing = cell::is_missing(tree)
            && match tree {
                Tree::Text(text) => !self.is_word(text.trim(), first_held(self.shape, node)),
                _ => true,
            };
        // Where a value is optional twice, one that is nothing is written out.
        let held = match tree {
            Tree::Map(entries) => match entries.as_slice() {
                [(key, held)] if *key == variants[some].name => held,
                _ => tree,
            },
            _ => tree,
        };
        Ok(if missing {
            Chosen {
                variant: none,
                held: None,
            }
        } else {
            Chosen {
                variant: some,
                held: Some(held),
            }
        })
    }

    /// Whether a word for what is missing is a value of what stands at `node`: a variant, or a text unless it is `NA` or `null`.
    fn is_word(&self, word: &str, node: usize) -> bool {
        match self.shape.0.get(node) {
            Some(ShapeNode::Enum {
                optional: false,
                variants,
                ..
            }) => variants.iter().any(|v| v.name == word),
            Some(ShapeNode::Scalar { form, .. } | ShapeNode::Shared { form, .. }) => {
                *form == Form::Text && schema::is_text(word)
            }
            _ => false,
        }
    }

    fn named<'t>(&self, tree: &'t Tree, variants: &[ShapeVariant]) -> Result<Chosen<'t>, String> {
        let number;
        let (name, held) = match tree {
            Tree::Text(text) => (text.trim(), None),
            // Categories are often called by numbers.
            Tree::Int(negative, magnitude) => {
                let sign = if *negative { "-" } else { "" };
                number = format!("{sign}{magnitude}");
                (number.as_str(), None)
            }
            Tree::Bool(truth) => (if *truth { "true" } else { "false" }, None),
            Tree::Map(entries) => match entries.as_slice() {
                [(name, held)] => (name.as_str(), Some(held)),
                _ => return Err(self.wrong("expected an object with one variant as its only key")),
            },
            _ => return Err(self.not_one_of(variants, &tree.shown(), "")),
        };
        match variants.iter().position(|v| v.name == name) {
            Some(variant) => Ok(Chosen { variant, held }),
            None => {
                let near = did_you_mean(name, variants.iter().map(|v| v.name.as_str()));
                let found = Tree::Text(name.to_owned()).shown();
                Err(self.not_one_of(variants, &found, &near))
            }
        }
    }

    fn not_one_of(&self, variants: &[ShapeVariant], found: &str, near: &str) -> String {
        let names: Vec<String> = variants.iter().map(|v| v.name.clone()).collect();
        let names = quoted(&names);
        self.wrong(&format!("expected one of {names}, found {found}{near}"))
    }

    /// What a variant holds, whose first field is at `at`.
    fn held(
        &mut self,
        variant: &ShapeVariant,
        held: Option<&Tree>,
        at: (usize, usize),
    ) -> Result<(), String> {
        let n = variant.fields.len();
        let nothing = matches!(held, None | Some(Tree::Null));
        let Some(held) = held.filter(|_| n > 0) else {
            if n == 0 && nothing {
                return Ok(());
            }
            let name = &variant.name;
            return Err(self.wrong(&match n {
                0 => format!("`{name}` holds nothing: write its name alone"),
                _ => format!("`{name}` holds something: write {{\"{name}\": …}}"),
            }));
        };
        let mut at = at;
        match held {
            _ if variant.tuple && n == 1 => {
                self.value(held, at.0, at.1)?;
            }
            Tree::List(items) if variant.tuple => {
                if items.len() != n {
                    let (name, found) = (&variant.name, items.len());
                    return Err(self.wrong(&format!("`{name}` holds {n} values, found {found}")));
                }
                for item in items.iter() {
                    at = self.value(&item, at.0, at.1)?;
                }
            }
            Tree::Map(entries) if !variant.tuple => {
                let known = |key: &String| variant.fields.contains(key);
                if let Some((key, _)) = entries.iter().find(|(key, _)| !known(key)) {
                    let (name, key) = (&variant.name, super::name(key));
                    let fields = quoted(&variant.fields);
                    return Err(self.wrong(&format!("`{name}` has no field {key}, but {fields}")));
                }
                for field in &variant.fields {
                    let Some(item) = held.get(field) else {
                        return Err(self.wrong(&format!("field `{field}` is missing")));
                    };
                    at = self.value(item, at.0, at.1)?;
                }
            }
            other => {
                let what = if variant.tuple { "a list" } else { "an object" };
                let (name, kind) = (&variant.name, other.kind());
                return Err(self.wrong(&format!("`{name}` holds {what}, found {kind}")));
            }
        }
        Ok(())
    }

    /// Adds the leaves of the subtree at `node` with the words that each gets for `n` values; the next node and leaf.
    fn each_leaf(
        &self,
        node: usize,
        leaf: usize,
        n: u64,
        out: &mut Vec<(usize, u64)>,
    ) -> (usize, usize) {
        let end = skip(self.shape, node, leaf);
        let (inner, n) = match self.shape.0.get(node) {
            Some(ShapeNode::Scalar { .. }) => {
                out.push((leaf, n));
                (0, n)
            }
            Some(ShapeNode::Shared { leaf: shared, .. }) => {
                out.push((self.base + *shared as usize, n));
                (0, n)
            }
            Some(ShapeNode::Array(len)) => (1, n.saturating_mul(len.unwrap_or(0))),
            // What its variants hold is in its slots.
            Some(ShapeNode::Enum { slots, .. }) => (1 + u64::from(*slots), n),
            Some(other) => (other.n_children(), n),
            None => (0, n),
        };
        let mut at = (node + 1, leaf);
        for _ in 0..inner {
            at = self.each_leaf(at.0, at.1, n, out);
        }
        end
    }
}
