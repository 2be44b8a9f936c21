//! The operations of a program, and one table of what is true of each.
//!
//! Whoever walks a program asks the table ([`Op::kind`], [`Op::effect`], [`Op::reach`], [`Op::regions`]) and names operations only
//! where they differ by more. A new operation is a variant and a line of the table; nothing else compiles without it.

use crate::gate::WordOp;
use crate::ids::{InputId, OutputId, TemplateId};
use crate::value::{ConstVec, Word};
use serde::{Deserialize, Serialize};

/// Operations of a program. "Same domain" operations work in any domain, and their data operands and results share one.
///
/// `C` is a value in the clear, public or its owner's alone: a result in `L` is computed by its owner from public values and its own,
/// and all others know its type and lanes. The order of the variants is their encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// `→ P`: a constant.
    Const(ConstVec),
    /// `C… → C`: element-wise; operand lanes are equal.
    Word(WordOp),
    /// `C → C`: reduces runs of `lanes / segments` lanes.
    Reduce {
        /// An associative operation.
        op: WordOp,
        /// Number of results.
        segments: u64,
    },
    /// `→ P | L | A | B`: what a party gives (P: its owner publishes it; L: nothing is sent).
    Input(InputId),
    /// `P → A | B | Y`: a public value as a shared one; nothing is sent.
    FromPublic,
    /// Same domain, or to L; `src, P idx m → m·block`: lane `k·block + t` is `src[idx[k]·block + t]`; out of range stops the run.
    Gather {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// Same domain, or to L; `dst, P idx m, val m·block → dst` updated; later `k` win; out of range stops the run.
    Scatter {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// Same domain, or to L; one operand after the other. Free.
    Concat,
    /// `A… → A`, one ring: `Σ coefficients[i] · arg[i] + constant` mod 2^ring. Free.
    Linear {
        /// One per operand, mod 2^ring.
        coefficients: Vec<Word>,
        /// Added once per lane.
        constant: Word,
    },
    /// `A, P → A`: lane-wise product with a public value. Free.
    MulPublic,
    /// `A → A`: sums of runs of `lanes / segments` lanes. Free.
    SumLanes {
        /// Number of results.
        segments: u64,
    },
    /// `A → A`: lane `i` is the sum of lanes `0..=i`. Free.
    RunningSums,
    /// `A → A` in a smaller ring. Free.
    LowerRing,
    /// `A, A → A`: lane-wise product, one ring.
    Mul,
    /// `A, A → A`: sums of products over runs of `lanes / segments` lanes; costs one product per result.
    Dot {
        /// Number of results.
        segments: u64,
    },
    /// `B… → B…` or `Y… → Y…`: a scalar circuit over the lanes; operand `i` has the width of template operand `i`.
    Call(TemplateId),
    /// `A → B^p` or `A → Y^p`: the additive parts of the held integer, as shared bit strings of the results' width
    /// (≤ ring); their sum mod 2^width is the value's low bits. The number of parts is the suite's
    /// ([`crate::program::Program::parts`]). A following [`Op::Call`] adds them up.
    Decompose,
    /// `→ B^(p−1)`: fresh random bit strings that are additive parts of a value to be made by [`Op::Compose`].
    RandomParts,
    /// `B difference, B^(p−1) parts → A`: the arithmetic sharing of `difference + Σ parts` mod 2^ring, where ring is the
    /// operands' width and the parts come from one [`Op::RandomParts`], used once. Opens the difference to those who hold that part.
    Compose,
    /// `B(1 bit) → A`: a bit as an arithmetic 0 or 1.
    InjectBit,
    /// `B → Y`.
    BooleanToYao,
    /// `Y → B`.
    YaoToBoolean,
    /// `A | B… → A | B…`: columns of equally many lanes, of any rings and widths, come back with their rows in another order. The
    /// order is fresh and uniform, and any parties up to the threshold know nothing of it.
    Shuffle,
    /// `L | A | B → P`: opened to all (L: its owner publishes it).
    Reveal,
    /// `A | B → P`: a column of an [`Op::Shuffle`] of the same region, opened to all. Nobody learns more of it than which words it
    /// has, for their order is uniform; so what is opened here tells nothing where these are the same whatever the secrets are, as
    /// places 0, 1, … are. It is no disclosure.
    RevealShuffled,
    /// `P | L | A | B`: opened to the leaf's receivers (L: its owner tells them).
    Output(OutputId),
    /// `P Bool`: stops the run with a message unless all lanes hold.
    Assert(Option<String>),
    /// `[P count,] init… → final…`: region with parameters (counter, carried…) and results (carried…), run 0, 1, … times.
    Loop {
        /// The count where it is known; else the first operand.
        count: Option<u64>,
        /// Index into [`crate::program::Program::regions`].
        body: u32,
    },
    /// `init… → final…`: while the first region's one result holds, the second maps the carried values to the next.
    While {
        /// Index into [`crate::program::Program::regions`]: carried… → P Bool.
        cond: u32,
        /// Index into [`crate::program::Program::regions`]: carried… → carried….
        body: u32,
    },
    /// `P Bool → …`: one of two regions without parameters.
    If {
        /// Index into [`crate::program::Program::regions`].
        then: u32,
        /// Index into [`crate::program::Program::regions`].
        otherwise: u32,
    },
    /// `L → A | B`: what a party knows as a shared value, by the protocol of its inputs.
    Share,
    /// `C → C`: lane `i` of a run is the reduction of lanes `0..=i` of its operand's run.
    Scan {
        /// An associative operation.
        op: WordOp,
        /// Number of runs.
        segments: u64,
    },
    /// `C src groups·len·block, C idx groups·q → C groups·q·block`: group `g` reads its own part of `src`; out of range reads zero.
    Read {
        /// Consecutive lanes per index.
        block: u64,
        /// Number of independent arrays.
        groups: u64,
    },
    /// `C dst groups·len·block, C idx groups·q, C val groups·q·block → C` as `dst`: writes of a group in their order; out of range
    /// writes nothing.
    Write {
        /// Consecutive lanes per index.
        block: u64,
        /// Number of independent arrays.
        groups: u64,
    },
}

/// What an operation asks of a party that executes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Computes in the clear: everybody on public values, an owner on its own.
    Clear,
    /// Rearranges lanes of any domain; nothing is sent.
    Move,
    /// A linear map on shares, or a public value as a share; nothing is sent.
    Linear,
    /// What the suite's protocols do; messages may be sent.
    Interactive(Interactive),
    /// Runs regions.
    Control,
}

/// The operations of [`Kind::Interactive`]: all that differs from suite to suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interactive {
    /// [`Op::Input`].
    Input(InputId),
    /// [`Op::Mul`].
    Mul,
    /// [`Op::Dot`].
    Dot,
    /// [`Op::Call`].
    Call(TemplateId),
    /// [`Op::Decompose`].
    Decompose,
    /// [`Op::RandomParts`].
    RandomParts,
    /// [`Op::Compose`].
    Compose,
    /// [`Op::InjectBit`].
    InjectBit,
    /// [`Op::BooleanToYao`].
    BooleanToYao,
    /// [`Op::YaoToBoolean`].
    YaoToBoolean,
    /// [`Op::Shuffle`].
    Shuffle,
    /// [`Op::Reveal`], [`Op::RevealShuffled`].
    Reveal,
    /// [`Op::Output`].
    Output(OutputId),
    /// [`Op::Share`].
    Share,
}

/// What an operation does beyond its results: why it stays where nobody reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It stops the run when an index, its second operand, is out of range of its first.
    Index,
    /// What its regions do.
    Regions,
    /// It opens something, or may stop the run or keep it from ending.
    Always,
}

/// Which lanes of its operands a lane of a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its own, where all have equally many.
    Lane,
    /// A run of neighbours.
    Run,
    /// Any.
    Any,
}

/// A line of the table.
struct Row {
    name: &'static str,
    kind: Kind,
    effect: Effect,
    reach: Reach,
    /// By index into [`crate::program::Program::regions`].
    regions: [Option<u32>; 2],
}

const fn row(name: &'static str, kind: Kind, effect: Effect, reach: Reach) -> Row {
    Row {
        name,
        kind,
        effect,
        reach,
        regions: [None; 2],
    }
}

/// A line of something that the suite's protocols do.
const fn step(name: &'static str, step: Interactive, effect: Effect, reach: Reach) -> Row {
    row(name, Kind::Interactive(step), effect, reach)
}

/// A line of something that runs regions.
const fn control(name: &'static str, effect: Effect, regions: [Option<u32>; 2]) -> Row {
    Row {
        regions,
        ..row(name, Kind::Control, effect, Reach::Any)
    }
}

impl Op {
    /// The table.
    #[rustfmt::skip]
    const fn row(&self) -> Row {
        use Effect::{Always, Index, None as Nothing, Regions};
        use Kind::{Clear, Linear, Move};
        use Reach::{Any, Lane, Run};
        match *self {
            Self::Const(_) => row("const", Clear, Nothing, Lane),
            Self::Word(op) => row(op.name(), Clear, Nothing, Lane),
            Self::Reduce { .. } => row("reduce", Clear, Nothing, Run),
            Self::Scan { .. } => row("scan", Clear, Nothing, Any),
            Self::Read { .. } => row("read", Clear, Nothing, Any),
            Self::Write { .. } => row("write", Clear, Nothing, Any),
            Self::Assert(_) => row("assert", Clear, Always, Any),

            Self::Gather { .. } => row("gather", Move, Index, Any),
            Self::Scatter { .. } => row("scatter", Move, Index, Any),
            Self::Concat => row("concat", Move, Nothing, Any),

            Self::FromPublic => row("from_public", Linear, Nothing, Lane),
            Self::Linear { .. } => row("linear", Linear, Nothing, Lane),
            Self::MulPublic => row("mul_public", Linear, Nothing, Lane),
            Self::SumLanes { .. } => row("sum_lanes", Linear, Nothing, Run),
            Self::RunningSums => row("running_sums", Linear, Nothing, Any),
            Self::LowerRing => row("lower_ring", Linear, Nothing, Lane),

            Self::Input(id) => step("input", Interactive::Input(id), Nothing, Lane),
            Self::Share => step("share", Interactive::Share, Nothing, Lane),
            Self::Mul => step("mul", Interactive::Mul, Nothing, Lane),
            Self::Dot { .. } => step("dot", Interactive::Dot, Nothing, Run),
            Self::Call(id) => step("call", Interactive::Call(id), Nothing, Lane),
            Self::Decompose => step("decompose", Interactive::Decompose, Nothing, Lane),
            Self::RandomParts => step("random_parts", Interactive::RandomParts, Nothing, Lane),
            Self::Compose => step("compose", Interactive::Compose, Nothing, Lane),
            Self::InjectBit => step("inject_bit", Interactive::InjectBit, Nothing, Lane),
            Self::BooleanToYao => step("boolean_to_yao", Interactive::BooleanToYao, Nothing, Lane),
            Self::YaoToBoolean => step("yao_to_boolean", Interactive::YaoToBoolean, Nothing, Lane),
            Self::Shuffle => step("shuffle", Interactive::Shuffle, Nothing, Any),
            Self::Reveal => step("reveal", Interactive::Reveal, Always, Lane),
            Self::RevealShuffled => step("reveal_shuffled", Interactive::Reveal, Nothing, Lane),
            Self::Output(id) => step("output", Interactive::Output(id), Always, Lane),

            Self::Loop { body, .. } => control("loop", Regions, [Some(body), None]),
            Self::While { cond, body } => control("while", Always, [Some(cond), Some(body)]),
            Self::If { then, otherwise } => control("if", Regions, [Some(then), Some(otherwise)]),
        }
    }

    /// Its name in the text form and in reports.
    pub const fn name(&self) -> &'static str {
        self.row().name
    }

    /// What it asks of a party that executes it.
    pub const fn kind(&self) -> Kind {
        self.row().kind
    }

    /// What it does beyond its results.
    pub const fn effect(&self) -> Effect {
        self.row().effect
    }

    /// Which lanes of its operands a lane of a result depends on.
    pub const fn reach(&self) -> Reach {
        self.row().reach
    }

    /// The nested regions, by index into [`crate::program::Program::regions`]; none where the kind is not [`Kind::Control`].
    pub fn regions(&self) -> impl Iterator<Item = u32> + Clone + use<> {
        self.row().regions.into_iter().flatten()
    }
}
