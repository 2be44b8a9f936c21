//! A compiled program: a tree of vector operations, each in a protocol domain, with everything a party needs to run it.
//!
//! Regions, shapes and templates stand in flat tables (no recursive data, so that decoding hostile bytes cannot
//! overflow the stack). A value is a vector of lanes in one [`Domain`]; conversions are operations. What an operation
//! sends follows from the program and from revealed values alone, so that costs are exact before anything runs.

use crate::ids::{InputId, OutputId, SectionId, ValueId};
use crate::template::Template;
use crate::value::{Form, Integer, Scalar};
use serde::{Deserialize, Serialize};

pub mod builder;

pub use crate::op::{Effect, Interactive, Kind, Op, Reach};

/// A family of protocols with one trust assumption. What is true of each, and what it costs, stands in [`crate::suite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Suite {
    /// Two parties, one may be corrupt: additive and XOR shares with oblivious transfer, half-gates.
    TwoParty,
    /// Three parties, replicated secret sharing, one may be corrupt.
    Rep3,
    /// Four parties, replicated secret sharing in which three hold each component, one may be corrupt.
    Rep4,
    /// Two parties or more, all but one may be corrupt: additive and XOR shares with pairwise oblivious transfer.
    Gmw,
    /// Three parties or more, fewer than half may be corrupt: Shamir's sharing.
    Bgw,
}

impl Suite {
    /// Every suite, in the order of reports.
    pub const ALL: [Self; 5] = [Self::TwoParty, Self::Rep3, Self::Rep4, Self::Gmw, Self::Bgw];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoParty => "two-party",
            Self::Rep3 => "rep3",
            Self::Rep4 => "rep4",
            Self::Gmw => "gmw",
            Self::Bgw => "bgw",
        }
    }

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }
}

/// Parties of a run at most.
pub const MAX_PARTIES: u32 = 16;

/// What a corrupt party may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Threat {
    /// It follows the protocol and looks at all it sees.
    SemiHonest,
    /// It sends what it likes: the others get right results or stop.
    Malicious,
}

impl Threat {
    /// Every threat that some suite stands.
    pub const ALL: [Self; 2] = [Self::SemiHonest, Self::Malicious];

    /// The threat of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|threat| threat.name() == name)
    }

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SemiHonest => "semi-honest",
            Self::Malicious => "malicious",
        }
    }

    /// Whether it may send what it likes, so that what is opened waits for a check.
    pub const fn deviates(self) -> bool {
        match self {
            Self::SemiHonest => false,
            Self::Malicious => true,
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
    /// One party knows it; the others know its type and lanes.
    Local {
        /// Who, 0-based.
        owner: u32,
    },
}

impl Domain {
    /// One letter for reports: `P`, `A`, `B`, `Y`, `L`.
    pub const fn letter(self) -> char {
        match self {
            Self::Public => 'P',
            Self::Arithmetic { .. } => 'A',
            Self::Boolean => 'B',
            Self::Yao => 'Y',
            Self::Local { .. } => 'L',
        }
    }

    /// Whether values in it are words, at all parties or at one.
    pub const fn is_clear(self) -> bool {
        matches!(self, Self::Public | Self::Local { .. })
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
    /// Number of parties: those that compute.
    pub n_parties: u32,
    /// How many of them may be corrupt together.
    pub threshold: u32,
    /// The parties' names in messages: `seller`, `bidder[1]`; `party N` without declared roles. After them, numbered on, the names of
    /// those who are away: what they give is held in shares before the run begins ([`Program::is_held`]), and what they are to learn
    /// stays shared ([`Program::is_stored`]).
    pub party_names: Vec<String>,
    /// Whose shares the parties hold where not all are there to whom values were shared.
    pub present: Option<Present>,
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

/// The parties of a run among those to whom values were shared before: each goes on with the share that it has. Of Shamir's sharing
/// any 2t + 1 can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// To how many values were shared.
    pub of: u32,
    /// By party, its number among those, ascending.
    pub numbers: Vec<u32>,
}

impl Program {
    /// Among how many parties values are shared: those of the run, and those of them who are not there.
    pub fn n_sharers(&self) -> u32 {
        self.present.as_ref().map_or(self.n_parties, |p| p.of)
    }

    /// Whether an input is held in shares when the run begins: every party has its share in Boolean form ([`Program::stored_words`]
    /// for each lane), and nobody has the value.
    pub fn is_held(&self, id: InputId) -> bool {
        (self.inputs.get(id.index())).is_some_and(|leaf| leaf.party >= self.n_parties)
    }

    /// Whether an output stays shared: every party keeps its share, in the same form.
    pub fn is_stored(&self, id: OutputId) -> bool {
        (self.outputs.get(id.index())).is_some_and(|leaf| leaf.is_stored(self.n_parties))
    }
}

impl OutputLeaf {
    /// Whether all who are to learn it are away, among so many parties.
    pub fn is_stored(&self, n_parties: u32) -> bool {
        !self.receivers.is_empty() && self.receivers.iter().all(|&to| to >= n_parties)
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
    /// `Public`, `Local`, `Arithmetic { ring: 0 }` (rings differ inside), `Boolean` or `Yao`.
    pub domain: Domain,
    /// Why this domain, in one line for people.
    pub why: String,
    /// The source file of its lines, an index into [`Program::files`]: the user's own if a part comes from there.
    pub file: u32,
    /// First and last source line in that file; zeros if it has none.
    pub lines: (u32, u32),
}

impl Section {
    /// Where it comes from, for people: `avg.smpc:3`, `avg.smpc:3-7`, or `line 3` of a program without files.
    pub fn place(&self, files: &[String]) -> Option<String> {
        let (first, last) = self.lines;
        let lines = match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        match files.get(self.file as usize) {
            _ if first == 0 => None,
            Some(file) => Some(format!("{file}:{lines}")),
            None if first == last => Some(format!("line {lines}")),
            None => Some(format!("lines {lines}")),
        }
    }
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

/// One scalar field that one party gives, over all elements of the arrays around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLeaf {
    /// The owner, 0-based: a party, or one who is away.
    pub party: u32,
    /// For messages: `rows[].age`.
    pub path: String,
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
    /// Whether its owner publishes it.
    pub public: bool,
    /// Whether it is the owner's part of a draw: uniform words, secret, that the owner's engine takes from the operating system and
    /// nobody gives. A draw is the XOR of one part of each party.
    pub drawn: bool,
    /// The declared range, inclusive.
    pub range: Option<(Integer, Integer)>,
}

/// One scalar field that some parties learn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLeaf {
    /// The receivers, ascending, 0-based: all of them parties, or all of them away.
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

impl Shape {
    /// How each scalar is written, in the shape's order: that of its leaves.
    pub fn forms(&self) -> impl Iterator<Item = Form> + '_ {
        self.0.iter().filter_map(|node| match node {
            ShapeNode::Scalar { form, .. } => Some(*form),
            _ => None,
        })
    }

    /// For each scalar, in the shape's order, the enum whose variant it tells, if it does: its name and its variants.
    pub fn tags(&self) -> impl Iterator<Item = Option<(&str, &[ShapeVariant])>> + '_ {
        let mut tag = None;
        self.0.iter().filter_map(move |node| match node {
            ShapeNode::Enum { name, variants, .. } => {
                tag = Some((name.as_str(), variants.as_slice()));
                None
            }
            ShapeNode::Scalar { .. } => Some(tag.take()),
            _ => None,
        })
    }
}

/// A node of a [`Shape`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShapeNode {
    /// A leaf.
    Scalar {
        /// Its type.
        scalar: Scalar,
        /// How it is written.
        form: Form,
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
    /// Followed by the tag (which variant it is), by `slots` nodes with what the variants hold, and by one node per field
    /// of each variant. The scalars of those fields are [`ShapeNode::Shared`]: variants that hold equal types hold them
    /// in the same leaves. What a variant does not use is zero.
    Enum {
        /// Its name.
        name: String,
        /// Whether it is the library's `Option`: nothing, or a value that stands for itself.
        optional: bool,
        /// How many nodes hold what the variants hold.
        slots: u32,
        /// In the order of their tags.
        variants: Vec<ShapeVariant>,
    },
    /// In a field of a variant: the leaf that is so many after the first one of the enum around it, the outermost if
    /// enums stand in fields of each other.
    Shared {
        /// Its type.
        scalar: Scalar,
        /// How it is written in files and reports.
        form: Form,
        /// The declared range of this field, inclusive.
        range: Option<(Integer, Integer)>,
        /// Which leaf; the tag of the enum is number 0.
        leaf: u32,
    },
}

/// A variant of an enum in a [`Shape`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeVariant {
    /// The name by which files and reports call it.
    pub name: String,
    /// Whether its fields have numbers and not names.
    pub tuple: bool,
    /// The names of its fields.
    pub fields: Vec<String>,
}

impl ShapeNode {
    /// How many nodes are directly inside of it.
    pub fn n_children(&self) -> u64 {
        match self {
            Self::Scalar { .. } | Self::Shared { .. } => 0,
            Self::Array(_) => 1,
            Self::Tuple(n) => u64::from(*n),
            Self::Struct { fields, .. } => fields.len() as u64,
            Self::Enum {
                slots, variants, ..
            } => {
                let fields: u64 = variants.iter().map(|v| v.fields.len() as u64).sum();
                1 + u64::from(*slots) + fields
            }
        }
    }
}
