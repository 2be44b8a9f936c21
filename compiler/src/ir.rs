//! The intermediate representation: SSA over labelled vectors, with nested regions, so that loops stay rolled.
//!
//! Every value is a vector of lanes. Arrays are vectors (arrays of arrays are flattened row by row), arrays of structs
//! are one vector per field, a scalar is one lane. Public values are values too: those that are known when the program
//! is compiled are [`Op::Const`] in a form whose size does not follow their lanes, others are computed in the clear
//! by every party while running. A pass is a function from an [`Ir`] to an [`Ir`]; the interpreter says what it means.
//!
//! Invariants (checked by `verify`):
//! - every value is defined once, before its uses, by a node's result or a region's parameter; a region sees the values
//!   of the regions around it;
//! - operand and result types are as each [`Op`] says;
//! - no operation has a public result and a secret operand, except [`Op::Reveal`];
//! - conditions, counts and indices of control and of [`Op::Gather`]/[`Op::Scatter`] are public.

pub mod build;
pub mod exact;
pub mod generate;
pub mod interpret;
pub mod op;
pub mod parse;
pub mod print;
pub mod unused;
pub mod verify;

use crate::hir::{Protocol, Range};
use crate::span::Span;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{InputLeaf, OutputLeaf, ParamShape, Present, ResultShape, Shape};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Form, Scalar};

pub use op::{Effect, Kind, Op, Reducer};

/// A whole program for one session (number of parties, lengths and public arguments are fixed).
#[derive(Clone, Debug, PartialEq)]
pub struct Ir {
    /// Number of parties.
    pub n_parties: u32,
    /// The parties' names in messages: `seller`, `bidder[1]`; `party N` without declared roles. After them come those who are away.
    pub party_names: Vec<String>,
    /// Whose shares the parties hold where not all are there to whom values were shared.
    pub present: Option<Present>,
    /// What each party gives, as trees over [`Ir::inputs`].
    pub params: Vec<ParamShape>,
    /// Input leaves.
    pub inputs: Vec<InputLeaf>,
    /// What each party learns, as trees over [`Ir::outputs`].
    pub results: Vec<ResultShape>,
    /// Output leaves.
    pub outputs: Vec<OutputLeaf>,
    /// Types and facts of all values, by [`ValueId`].
    pub values: Vec<Value>,
    /// The program; no parameters, no results.
    pub body: Region,
}

/// How the values of leaves are written in programs, files and pages for people.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    inputs: SortedMap<InputId, Form>,
    outputs: SortedMap<OutputId, Form>,
}

impl Forms {
    /// That of an input leaf; of one that no parameter has (a draw) as an integer.
    pub fn input(&self, id: InputId) -> Form {
        self.inputs.get(&id).copied().unwrap_or(Form::Plain)
    }

    /// That of an output leaf.
    pub fn output(&self, id: OutputId) -> Form {
        self.outputs.get(&id).copied().unwrap_or(Form::Plain)
    }
}

/// An enum of which a leaf tells the variant.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The enum's name.
    pub name: String,
    /// Its variants' names as files have them, in the order of their numbers.
    pub variants: Vec<String>,
}

impl Tag {
    /// As readers call the type: its name and its variants.
    pub fn text(&self) -> String {
        format!("{} ({})", self.name, self.variants.join(", "))
    }
}

/// Which leaves tell variants of enums.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    inputs: SortedMap<InputId, Tag>,
    outputs: SortedMap<OutputId, Tag>,
}

impl Tags {
    /// Those of a program.
    pub fn of(ir: &Ir) -> Self {
        let inputs = ir.params.iter().flat_map(|p| tags(&p.leaves, &p.shape));
        let outputs = ir.results.iter().flat_map(|r| tags(&r.leaves, &r.shape));
        Self {
            inputs: inputs.collect(),
            outputs: outputs.collect(),
        }
    }

    /// That of an input leaf.
    pub fn input(&self, id: InputId) -> Option<&Tag> {
        self.inputs.get(&id)
    }

    /// That of an output leaf.
    pub fn output(&self, id: OutputId) -> Option<&Tag> {
        self.outputs.get(&id)
    }
}

fn tags<Id: Copy>(leaves: &[Id], shape: &Shape) -> impl Iterator<Item = (Id, Tag)> {
    let all = leaves.iter().copied().zip(shape.tags());
    all.filter_map(|(id, tag)| {
        let (name, variants) = tag?;
        let variants = variants.iter().map(|v| v.name.clone()).collect();
        Some((
            id,
            Tag {
                name: name.to_owned(),
                variants,
            },
        ))
    })
}

impl Ir {
    /// Whether an input is held in shares when the run begins.
    pub fn is_held(&self, id: InputId) -> bool {
        (self.inputs.get(id.index())).is_some_and(|leaf| leaf.party >= self.n_parties)
    }

    /// Whether an output stays shared.
    pub fn is_stored(&self, id: OutputId) -> bool {
        (self.outputs.get(id.index())).is_some_and(|leaf| leaf.is_stored(self.n_parties))
    }

    /// How all leaves are written.
    pub fn forms(&self) -> Forms {
        let inputs = self.params.iter();
        let outputs = self.results.iter();
        Forms {
            inputs: inputs
                .flat_map(|p| p.leaves.iter().copied().zip(p.shape.forms()))
                .collect(),
            outputs: outputs
                .flat_map(|r| r.leaves.iter().copied().zip(r.shape.forms()))
                .collect(),
        }
    }
}

/// A value's type and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its type.
    pub ty: Ty,
    /// A range that every lane is known to lie in (declared, or found by analysis).
    pub range: Option<Range>,
}

/// The bits that hold every integer of `range` (or of the type), and whether they have a sign.
pub fn needed_bits(ty: Scalar, range: Option<Range>) -> (u32, bool) {
    let Some(range) = range else {
        return (ty.width(), ty.is_signed());
    };
    let magnitude = |x: i128| 128 - (if x < 0 { !x } else { x }).leading_zeros();
    if range.lo >= 0 {
        (magnitude(range.hi).clamp(1, ty.width()), false)
    } else {
        let bits = magnitude(range.lo).max(magnitude(range.hi)) + 1;
        (bits.clamp(1, ty.width()), true)
    }
}

/// A vector type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ty {
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
    /// Whether it is secret.
    pub secret: bool,
}

/// A block of nodes with parameters and results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Values that the enclosing node provides.
    pub params: Vec<ValueId>,
    /// In order of definition.
    pub nodes: Vec<Node>,
    /// Values handed to the enclosing node.
    pub results: Vec<ValueId>,
}

impl Region {
    /// Whether there is such a node, in regions inside it, too.
    pub(crate) fn any(&self, is_meant: &mut dyn FnMut(&Node) -> bool) -> bool {
        (self.nodes.iter())
            .any(|node| is_meant(node) || node.regions.iter().any(|inner| inner.any(is_meant)))
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Operands.
    pub args: Vec<ValueId>,
    /// Results.
    pub results: Vec<ValueId>,
    /// Nested regions (see the operation).
    pub regions: Vec<Region>,
    /// The source that it comes from.
    pub span: Span,
    /// A domain that the user asked for.
    pub protocol: Option<Protocol>,
}
