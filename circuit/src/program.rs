//! A compiled program: a tree of vector operations, each in a protocol domain, with everything a party needs to run it.
//!
//! Regions, shapes and templates stand in flat tables (no recursive data, so that decoding hostile bytes cannot
//! overflow the stack). A value is a vector of lanes in one [`Domain`]; conversions are operations. What an operation
//! sends follows from the program and from revealed values alone, so that costs are exact before anything runs.

use crate::gate::WordOp;
use crate::ids::{InputId, OutputId, SectionId, TemplateId, ValueId};
use crate::template::Template;
use crate::value::{ConstVec, Integer, Scalar, Word};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A family of protocols with one trust assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Suite {
    /// Two parties, one may be corrupt: additive and XOR shares with oblivious transfer, half-gates.
    TwoParty,
    /// Three parties, replicated secret sharing, one may be corrupt.
    Rep3,
    /// Two parties or more, all but one may be corrupt: additive and XOR shares with pairwise oblivious transfer.
    Gmw,
    /// Three parties or more, fewer than half may be corrupt: Shamir's sharing.
    Bgw,
}

impl Suite {
    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoParty => "two-party",
            Self::Rep3 => "rep3",
            Self::Gmw => "gmw",
            Self::Bgw => "bgw",
        }
    }

    /// Every suite, in the order of reports.
    pub const ALL: [Self; 4] = [Self::TwoParty, Self::Rep3, Self::Gmw, Self::Bgw];

    /// The numbers of parties that it serves.
    pub const fn parties(self) -> RangeInclusive<u32> {
        match self {
            Self::TwoParty => 2..=2,
            Self::Rep3 => 3..=3,
            Self::Gmw => 2..=MAX_PARTIES,
            Self::Bgw => 3..=MAX_PARTIES,
        }
    }

    /// The numbers of corrupt parties that it can be made to tolerate among `n_parties`.
    pub const fn thresholds(self, n_parties: u32) -> RangeInclusive<u32> {
        match self {
            Self::TwoParty | Self::Rep3 => 1..=1,
            Self::Gmw => n_parties.saturating_sub(1)..=n_parties.saturating_sub(1),
            Self::Bgw => 1..=n_parties.saturating_sub(1) / 2,
        }
    }

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// What runs among a number of parties unless somebody asks for something else; `None` where nothing does.
    pub fn usual(n_parties: u32) -> Option<Self> {
        [Self::TwoParty, Self::Rep3, Self::Bgw]
            .into_iter()
            .find(|suite| suite.parties().contains(&n_parties))
    }

    /// Whether it has garbled circuits.
    pub const fn garbles(self) -> bool {
        match self {
            Self::TwoParty | Self::Rep3 => true,
            Self::Gmw | Self::Bgw => false,
        }
    }
}

/// Parties of a run at most.
pub const MAX_PARTIES: u32 = 16;

/// What a corrupt party may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Threat {
    /// It follows the protocol and looks at all it sees.
    SemiHonest,
}

impl Threat {
    /// Every threat that some suite stands.
    pub const ALL: [Self; 1] = [Self::SemiHonest];

    /// The threat of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|threat| threat.name() == name)
    }

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SemiHonest => "semi-honest",
        }
    }

    /// Whether it may send what it likes, so that what is opened waits for a check.
    pub const fn deviates(self) -> bool {
        match self {
            Self::SemiHonest => false,
        }
    }
}

/// How a value is held while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Domain {
    /// Every party knows it.
    Public,
    /// Shared mod 2^`ring`, `ring` ≥ the scalar's width: the held integer is congruent to the value mod 2^width.
    Arithmetic {
        /// log2 of the modulus, 1..=128.
        ring: u8,
    },
    /// Shared bit by bit.
    Boolean,
    /// Wire labels.
    Yao,
}

impl Domain {
    /// One letter for reports: `P`, `A`, `B`, `Y`.
    pub const fn letter(self) -> char {
        match self {
            Self::Public => 'P',
            Self::Arithmetic { .. } => 'A',
            Self::Boolean => 'B',
            Self::Yao => 'Y',
        }
    }
}

/// A compiled program for one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// What it is called in reports (the file's stem).
    pub name: String,
    /// The suite that it is compiled for.
    pub suite: Suite,
    /// The threat that it is compiled for.
    pub threat: Threat,
    /// Number of parties.
    pub n_parties: u32,
    /// How many of them may be corrupt together.
    pub threshold: u32,
    /// The parties' names in messages: `seller`, `bidder[1]`; `party N` without declared roles.
    pub party_names: Vec<String>,
    /// What each party gives, as trees over [`Program::inputs`].
    pub params: Vec<ParamShape>,
    /// Input leaves.
    pub inputs: Vec<InputLeaf>,
    /// What each party learns, as trees over [`Program::outputs`].
    pub results: Vec<ResultShape>,
    /// Output leaves.
    pub outputs: Vec<OutputLeaf>,
    /// Types of all values, by [`ValueId`].
    pub values: Vec<ValueInfo>,
    /// Scalar circuits.
    pub templates: Vec<Template>,
    /// All regions; entry 0 is the program itself (no parameters, no results).
    pub regions: Vec<Region>,
    /// Sections, for reports; each operation names one.
    pub sections: Vec<Section>,
    /// Source files, for messages: relative to the root file's folder, so that copies in different folders are one program.
    pub files: Vec<String>,
}

impl Program {
    /// The number of additive parts of an arithmetic value ([`Op::Decompose`]) when they become shares of `domain`.
    pub const fn parts(&self, domain: Domain) -> usize {
        self.suite.parts(self.n_parties, self.threshold, domain)
    }
}

impl Suite {
    /// The number of additive parts of an arithmetic value ([`Op::Decompose`]) when they become shares of `domain`.
    pub const fn parts(self, n_parties: u32, threshold: u32, domain: Domain) -> usize {
        match (self, domain) {
            (Self::TwoParty, _) | (Self::Rep3, Domain::Yao) => 2,
            (Self::Rep3, Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean) => 3,
            (Self::Gmw, _) => n_parties as usize,
            (Self::Bgw, _) => threshold as usize + 1,
        }
    }
}

/// A value's domain and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueInfo {
    /// How it is held.
    pub domain: Domain,
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
}

/// A maximal part of a program executed in one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// `Public`, `Arithmetic { ring: 0 }` (rings differ inside), `Boolean` or `Yao`.
    pub domain: Domain,
    /// Why this domain, in one line for people.
    pub why: String,
    /// First and last source line.
    pub lines: (u32, u32),
}

/// A block of operations; values of the regions around it are visible in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Values that the enclosing operation provides.
    pub params: Vec<ValueId>,
    /// In an order in which definitions precede uses; independent ones may run at the same time.
    pub nodes: Vec<Node>,
    /// Values handed to the enclosing operation.
    pub results: Vec<ValueId>,
}

/// One operation with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Operands.
    pub args: Vec<ValueId>,
    /// Results.
    pub results: Vec<ValueId>,
    /// The section it belongs to.
    pub section: SectionId,
    /// Where it comes from.
    pub loc: Loc,
}

/// A place in the source, 1-based; zeros where there is none.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Loc {
    /// Index into [`Program::files`].
    pub file: u32,
    /// Line.
    pub line: u32,
    /// Column.
    pub col: u32,
}

/// Operations of a program. "Same domain" operations work in any domain, and their data operands and results share one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// `→ P`: a constant.
    Const(ConstVec),
    /// `P… → P`: element-wise in the clear; operand lanes are equal.
    Public(WordOp),
    /// `P → P`: reduces runs of `lanes / segments` lanes in the clear.
    PublicReduce {
        /// An associative operation.
        op: WordOp,
        /// Number of results.
        segments: u64,
    },
    /// `→ P | A | B`: what a party gives (P: its owner publishes it).
    Input(InputId),
    /// `P → A | B | Y`: a public value as a shared one; nothing is sent.
    FromPublic,
    /// Same domain; `src, P idx m → m·block`: lane `k·block + t` is `src[idx[k]·block + t]`; out of range stops the run.
    Gather {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// Same domain; `dst, P idx m, val m·block → dst` updated; later `k` win; out of range stops the run.
    Scatter {
        /// Consecutive lanes per index.
        block: u64,
    },
    /// Same domain; one operand after the other. Free.
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
    /// ([`Program::parts`]). A following [`Op::Call`] adds them up.
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
    /// `A | B → P`: opened to all.
    Reveal,
    /// `P | A | B`: opened to the leaf's receivers.
    Output(OutputId),
    /// `P Bool`: stops the run with a message unless all lanes hold.
    Assert(Option<String>),
    /// `[P count,] init… → final…`: region with parameters (counter, carried…) and results (carried…), run 0, 1, … times.
    Loop {
        /// The count where it is known; else the first operand.
        count: Option<u64>,
        /// Index into [`Program::regions`].
        body: u32,
    },
    /// `init… → final…`: while the first region's one result holds, the second maps the carried values to the next.
    While {
        /// Index into [`Program::regions`]: carried… → P Bool.
        cond: u32,
        /// Index into [`Program::regions`]: carried… → carried….
        body: u32,
    },
    /// `P Bool → …`: one of two regions without parameters.
    If {
        /// Index into [`Program::regions`].
        then: u32,
        /// Index into [`Program::regions`].
        otherwise: u32,
    },
}

impl Op {
    /// Its name in the text form and in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Const(_) => "const",
            Self::Public(op) => op.name(),
            Self::PublicReduce { .. } => "reduce",
            Self::Input(_) => "input",
            Self::FromPublic => "from_public",
            Self::Gather { .. } => "gather",
            Self::Scatter { .. } => "scatter",
            Self::Concat => "concat",
            Self::Linear { .. } => "linear",
            Self::MulPublic => "mul_public",
            Self::SumLanes { .. } => "sum_lanes",
            Self::LowerRing => "lower_ring",
            Self::Mul => "mul",
            Self::Dot { .. } => "dot",
            Self::Call(_) => "call",
            Self::Decompose => "decompose",
            Self::RandomParts => "random_parts",
            Self::Compose => "compose",
            Self::InjectBit => "inject_bit",
            Self::BooleanToYao => "boolean_to_yao",
            Self::YaoToBoolean => "yao_to_boolean",
            Self::Reveal => "reveal",
            Self::Output(_) => "output",
            Self::Assert(_) => "assert",
            Self::Loop { .. } => "loop",
            Self::While { .. } => "while",
            Self::If { .. } => "if",
        }
    }

    /// The nested regions, by index into [`Program::regions`].
    pub fn regions(&self) -> Vec<u32> {
        match *self {
            Self::Loop { body, .. } => vec![body],
            Self::While { cond, body } => vec![cond, body],
            Self::If { then, otherwise } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }
}

/// One scalar field that one party gives, over all elements of the arrays around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLeaf {
    /// The owner, 0-based.
    pub party: u32,
    /// For messages: `rows[].age`.
    pub path: String,
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
    /// Whether its owner publishes it.
    pub public: bool,
    /// The declared range, inclusive.
    pub range: Option<(Integer, Integer)>,
}

/// One scalar field that some parties learn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLeaf {
    /// The receivers, ascending, 0-based.
    pub receivers: Vec<u32>,
    /// For messages: `winner`.
    pub path: String,
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
}

/// What one party gives for one parameter of `main`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamShape {
    /// The parameter's name: the key in input files.
    pub name: String,
    /// The owner, 0-based.
    pub party: u32,
    /// Its shape.
    pub shape: Shape,
    /// The input leaf of each scalar of the shape, in the shape's order.
    pub leaves: Vec<InputId>,
}

/// What one party learns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultShape {
    /// The receiver, 0-based.
    pub party: u32,
    /// Its shape (a party that receives some fields has a struct of those).
    pub shape: Shape,
    /// The output leaf of each scalar of the shape, in the shape's order (with `to each`, every party has leaves of its own).
    pub leaves: Vec<OutputId>,
}

/// The tree of a value, in pre-order: how files and reports spell it. A leaf under arrays of lengths n1, n2, … has
/// n1·n2·… lanes in row-major order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(pub Vec<ShapeNode>);

/// A node of a [`Shape`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShapeNode {
    /// A leaf.
    Scalar {
        /// Its type.
        scalar: Scalar,
        /// The declared range, inclusive.
        range: Option<(Integer, Integer)>,
    },
    /// Followed by the element. `None`: the length comes from the data.
    Array(Option<u64>),
    /// Followed by that many elements.
    Tuple(u32),
    /// Followed by one node per field.
    Struct {
        /// Its name (may be empty).
        name: String,
        /// Its fields' names.
        fields: Vec<String>,
    },
}
