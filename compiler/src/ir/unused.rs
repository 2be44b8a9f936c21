//! What a variant of an enum does not hold: no party has anything there but zeros.
//!
//! Programs compare all leaves of two enums. Tries draw each leaf by itself, so that they would have values beside a `None`: before
//! a run such words become zeros, as they are in all inputs that are read from files. Of a party that may lie it is compared in shares.

use super::Ir;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;
use std::borrow::Cow;

/// The lanes of each input leaf.
type Inputs = Vec<Vec<Word>>;

/// A place in an enum: of these leaves, each must tell just this variant.
pub type Holds = Vec<(usize, u128)>;

/// By leaf in an enum, the places that it stands for, of which one must be held for its word to be used.
#[derive(Clone, Debug, Default)]
pub struct Unused(SortedMap<usize, Vec<Holds>>);

impl Unused {
    /// That of a program.
    pub fn of(ir: &Ir) -> Self {
        let mut unused = Self::default();
        for param in &ir.params {
            let mut walk = Walk {
                shape: &param.shape,
                leaves: &param.leaves,
                held: &mut unused.0,
            };
            walk.outside(0, 0);
        }
        unused
    }

    /// Whether there are no enums that hold anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The places that a leaf in an enum stands for; nothing of one that is in none.
    pub fn places(&self, leaf: usize) -> Option<&[Holds]> {
        self.0.get(&leaf).map(Vec::as_slice)
    }

    /// Whether a lane of a leaf is part of what is given.
    pub fn is_used(&self, inputs: &Inputs, leaf: usize, lane: usize) -> bool {
        let Some(places) = self.0.get(&leaf) else {
            return true;
        };
        let lanes = inputs.get(leaf).map_or(0, Vec::len).max(1);
        // Arrays in variants have several lanes for each tag.
        let tag = |tag: usize| {
            let words = inputs.get(tag)?;
            words.get(lane * words.len() / lanes).copied()
        };
        let is_held = |holds: &Holds| {
            holds
                .iter()
                .all(|(leaf, variant)| tag(*leaf) == Some(*variant))
        };
        places.iter().any(is_held)
    }

    /// The inputs with zeros where nothing is held.
    pub fn cleared<'a>(&self, inputs: &'a Inputs) -> Cow<'a, Inputs> {
        let mut cleared = Cow::Borrowed(inputs);
        for leaf in self.0.keys() {
            for lane in 0..inputs.get(*leaf).map_or(0, Vec::len) {
                if inputs[*leaf][lane] != 0 && !self.is_used(inputs, *leaf, lane) {
                    cleared.to_mut()[*leaf][lane] = 0;
                }
            }
        }
        cleared
    }
}

struct Walk<'a> {
    shape: &'a Shape,
    leaves: &'a [InputId],
    held: &'a mut SortedMap<usize, Vec<Holds>>,
}

impl Walk<'_> {
    /// Goes over a node that is in no enum, whose first leaf is `leaf`; the next node and leaf.
    fn outside(&mut self, node: usize, leaf: usize) -> (usize, usize) {
        let (mut at, mut next) = (node + 1, leaf);
        match self.shape.0.get(node) {
            None | Some(ShapeNode::Shared { .. }) => {}
            Some(ShapeNode::Scalar { .. }) => next += 1,
            Some(
                inner @ (ShapeNode::Array(_) | ShapeNode::Tuple(_) | ShapeNode::Struct { .. }),
            ) => {
                for _ in 0..inner.n_children() {
                    (at, next) = self.outside(at, next);
                }
            }
            Some(ShapeNode::Enum {
                slots, variants, ..
            }) => {
                // The tag, and the leaves of what the variants hold.
                for _ in 0..=*slots {
                    (at, next) = self.outside(at, next);
                }
                // Where no variant holds anything there, nothing is used.
                for leaf in leaf + 1..next {
                    if let Some(id) = self.leaves.get(leaf) {
                        self.held.entry(id.index()).or_default();
                    }
                }
                for (variant, held) in variants.iter().enumerate() {
                    for _ in &held.fields {
                        at = self.inside(at, leaf, &[(leaf, variant as u128)]);
                    }
                }
            }
        }
        (at, next)
    }

    /// Goes over a node in a field of a variant of the enum whose tag is leaf `base`; the next node.
    fn inside(&mut self, node: usize, base: usize, holds: &[(usize, u128)]) -> usize {
        let mut at = node + 1;
        match self.shape.0.get(node) {
            None | Some(ShapeNode::Scalar { .. }) => {}
            Some(ShapeNode::Shared { leaf, .. }) => {
                let index = |leaf: usize| self.leaves.get(leaf).map(|id| id.index());
                let tags = holds.iter();
                let tags = tags.filter_map(|(tag, variant)| Some((index(*tag)?, *variant)));
                let tags: Holds = tags.collect();
                if let Some(own) = index(base + *leaf as usize) {
                    self.held.entry(own).or_default().push(tags);
                }
            }
            Some(
                inner @ (ShapeNode::Array(_) | ShapeNode::Tuple(_) | ShapeNode::Struct { .. }),
            ) => {
                for _ in 0..inner.n_children() {
                    at = self.inside(at, base, holds);
                }
            }
            Some(ShapeNode::Enum {
                slots, variants, ..
            }) => {
                let tag = match self.shape.0.get(at) {
                    Some(ShapeNode::Shared { leaf, .. }) => base + *leaf as usize,
                    _ => base,
                };
                at = self.inside(at, base, holds);
                for _ in 0..*slots {
                    at = skip(self.shape, at);
                }
                for (variant, held) in variants.iter().enumerate() {
                    for _ in &held.fields {
                        let holds = [holds, &[(tag, variant as u128)]].concat();
                        at = self.inside(at, base, &holds);
                    }
                }
            }
        }
        at
    }
}

/// The node behind a subtree.
fn skip(shape: &Shape, node: usize) -> usize {
    let (mut node, mut open) = (node, 1);
    while open > 0 {
        open -= 1;
        open += shape.0.get(node).map_or(0, ShapeNode::n_children);
        node += 1;
    }
    node
}
