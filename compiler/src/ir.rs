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
pub mod generate;
pub mod interpret;
pub mod parse;
pub mod print;
pub mod verify;

use crate::hir::{Protocol, Range};
use crate::imported::Circuit;
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{InputLeaf, OutputLeaf, ParamShape, ResultShape};
use smpcc_circuit::value::{ConstVec, Scalar};
use std::sync::Arc;

/// A whole program for one session (number of parties, lengths and public arguments are fixed).
#[derive(Clone, Debug, PartialEq)]
pub struct Ir {
    /// Number of parties.
    pub n_parties: u32,
    /// The parties' names in messages: `seller`, `bidder[1]`; `party N` without declared roles.
    pub party_names: Vec<String>,
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

/// A value's type and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its type.
    pub ty: Ty,
    /// A range that every lane is known to lie in (declared, or found by analysis).
    pub range: Option<Range>,
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

/// Operations. `n`, `m` are lane counts; "same" means equal scalar type and lanes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `→ n`: a public constant.
    Const(ConstVec),
    /// `→ n`: what a party gives. Secret or public as its leaf says.
    Input(InputId),
    /// Element-wise, all operands with the same lanes; secret if any operand is.
    Word(WordOp),
    /// `public n → secret n`: treat a public value as a secret one (free).
    MakeSecret,
    /// `src, public idx m → m·block`: lane `k·block + t` is `src[idx[k]·block + t]`. An index out of range stops the run.
    Gather {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// `dst n, public idx m, val m·block → n`: `dst` with `dst[idx[k]·block + t] = val[k·block + t]`; later `k` win.
    /// An index out of range stops the run.
    Scatter {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// One operand after the other.
    Concat,
    /// `src groups·len·block, secret idx groups·q → groups·q·block`: group `g` reads its own part of `src`; an index
    /// `≥ len` reads zero. `len = src lanes / (groups · block)`.
    ReadSecret {
        /// Consecutive lanes per element.
        block: u64,
        /// Number of independent arrays.
        groups: u64,
    },
    /// `dst groups·len·block, secret idx groups, val groups·block → same as dst`: one write per group; an index
    /// `≥ len` writes nothing.
    WriteSecret {
        /// Consecutive lanes per element.
        block: u64,
        /// Number of independent arrays.
        groups: u64,
    },
    /// Reduces runs of `len = lanes / segments` consecutive lanes to one lane each, in any grouping that keeps the order.
    /// With [`Reducer::Word`], one operand and result. With [`Reducer::Region`], `k` operands, `k` results, and
    /// `regions[0]` with `2k` one-lane parameters (left…, right…) and `k` one-lane results; it must be associative.
    Reduce {
        /// The operator.
        reducer: Reducer,
        /// Number of results.
        segments: u64,
    },
    /// As [`Op::Reduce`], but lane `i` of a segment's result is the reduction of lanes `0..=i` (inclusive scan).
    Scan {
        /// The operator.
        reducer: Reducer,
        /// Number of independent scans.
        segments: u64,
    },
    /// `a n, b n → segments`: sums of products of runs of `n / segments` lanes, mod 2^w.
    Dot {
        /// Number of results.
        segments: u64,
    },
    /// Calls of an imported circuit: operand `i` has the elements of all calls, `calls · block` lanes of secrets, call by
    /// call; so has result `j`.
    Circuit {
        /// The circuit.
        circuit: Arc<Circuit>,
        /// Number of calls.
        calls: u64,
    },
    /// `secret n → public n`: opened to all who compute; listed by `smpcc reveals`.
    Reveal,
    /// `public Bool n`: stops the run with a message unless all lanes hold.
    Assert(Option<String>),
    /// `[public usize count,] init… → final…`: `regions[0]` has parameters (counter: public `usize`, carried…) and results
    /// (carried…). With `Some(n)` there is no count operand. Iterations run in order 0, 1, ….
    Loop {
        /// The count where it is known.
        count: Option<u64>,
    },
    /// `init… → final…`: `regions[0]` takes the carried values and gives one public Bool lane; while it holds,
    /// `regions[1]` maps the carried values to the next.
    While,
    /// `public Bool → …`: `regions[0]` if it holds, else `regions[1]`; regions have no parameters.
    If,
    /// `n`: handed to the receivers of the leaf.
    Output(OutputId),
}

/// The operator of a reduction or scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reducer {
    /// An associative word operation.
    Word(WordOp),
    /// `regions[0]` of the node.
    Region,
}
