//! The operations of the IR, and one table of what is true of each.
//!
//! Passes ask the table ([`Op::kind`], [`Op::effect`], [`Op::n_regions`]) and name operations only where they differ by more. A new
//! operation is a variant and a line of the table.

use crate::imported::Circuit;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::value::{ConstVec, Form};
use std::sync::Arc;

pub use smpcc_circuit::op::Effect;

/// Operations. `n`, `m` are lane counts; "same" means equal scalar type and lanes.
#[derive(Clone, Debug, PartialEq, Hash)]
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
    /// `dst groups·len·block, secret idx groups·q, val groups·q·block → same as dst`: the writes of a group in their order; an
    /// index `≥ len` writes nothing. With q > 1 only an owner can, in the clear: others get it in another form (`sorts/writes`).
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
    /// `secret columns n → columns n`: the rows of each run of `n / segments` lanes in ascending order of the first `keys` columns, the
    /// first counting most; rows with equal keys keep their order.
    Sort {
        /// Columns that are compared.
        keys: u64,
        /// Runs that are sorted, each by itself.
        segments: u64,
        /// Whether the keys were drawn for this operation and nobody sees them: then any order does that is uniform and that nobody
        /// knows, and there need be no keys. Without keys an interpreter leaves the rows as they stand.
        drawn: bool,
    },
    /// Calls of an imported circuit: operand `i` has the elements of all calls, `calls · block` lanes of secrets, call by
    /// call; so has result `j`.
    Circuit {
        /// The circuit.
        circuit: Arc<Circuit>,
        /// Number of calls.
        calls: u64,
    },
    /// `secret n → public n`: opened to all who compute; listed by `smpcc reveals`, and shown as its form says.
    Reveal(Form),
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

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Says which known values stand where: nothing is computed.
    Move,
    /// Computes values from values.
    Compute,
    /// A promise to those who run the program: what is given, opened, or stops the run.
    Boundary,
    /// Runs regions.
    Control,
}

/// A line of the table.
struct Row {
    name: &'static str,
    kind: Kind,
    effect: Effect,
    n_regions: usize,
}

impl Op {
    /// The table.
    #[rustfmt::skip]
    const fn row(&self) -> Row {
        use Effect::{Always, Index, None as Nothing, Regions};
        use Kind::{Boundary, Compute, Control, Move};
        const fn row(name: &'static str, kind: Kind, effect: Effect, n_regions: usize) -> Row {
            Row { name, kind, effect, n_regions }
        }
        match self {
            Self::Const(_) => row("const", Move, Nothing, 0),
            Self::MakeSecret => row("make_secret", Move, Nothing, 0),
            Self::Gather { .. } => row("gather", Move, Index, 0),
            Self::Scatter { .. } => row("scatter", Move, Index, 0),
            Self::Concat => row("concat", Move, Nothing, 0),

            Self::Word(word) => row(word.name(), Compute, Nothing, 0),
            Self::ReadSecret { .. } => row("read_secret", Compute, Nothing, 0),
            Self::WriteSecret { .. } => row("write_secret", Compute, Nothing, 0),
            Self::Reduce { reducer, .. } => row("reduce", Compute, Regions, reducer.n_regions()),
            Self::Scan { reducer, .. } => row("scan", Compute, Regions, reducer.n_regions()),
            Self::Dot { .. } => row("dot", Compute, Nothing, 0),
            Self::Sort { .. } => row("sort", Compute, Nothing, 0),
            Self::Circuit { .. } => row("circuit", Compute, Nothing, 0),

            Self::Input(_) => row("input", Boundary, Always, 0),
            Self::Reveal(_) => row("reveal", Boundary, Always, 0),
            Self::Assert(_) => row("assert", Boundary, Always, 0),
            Self::Output(_) => row("output", Boundary, Always, 0),

            Self::Loop { .. } => row("loop", Control, Regions, 1),
            // It may not end.
            Self::While => row("while", Control, Always, 2),
            Self::If => row("if", Control, Regions, 2),
        }
    }

    /// Its name in messages and in the text form.
    pub const fn name(&self) -> &'static str {
        self.row().name
    }

    /// What it is for.
    pub const fn kind(&self) -> Kind {
        self.row().kind
    }

    /// What it does beyond its results.
    pub const fn effect(&self) -> Effect {
        self.row().effect
    }

    /// Regions that a node of it has.
    pub const fn n_regions(&self) -> usize {
        self.row().n_regions
    }
}

impl Reducer {
    const fn n_regions(self) -> usize {
        match self {
            Self::Word(_) => 0,
            Self::Region => 1,
        }
    }
}
