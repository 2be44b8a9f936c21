//! The forms in which programs ask for sums by group, once the passes are through: what `tally` and `group_by` and loops like
//! `t[i[k]] += v[k]` are compiled to, and counts below known edges.
//!
//! ```text
//! hit = eq (each index, m times), (0 … m−1, n times)   t = reduce add segments=m (select hit, value, 0)
//! ```

use crate::ir::{Node, Op, Reducer};
use crate::passes::constants::vectors::normal;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Fewer comparisons than these are not looked at.
pub(super) const FEWEST: u64 = 1 << 14;

/// Which rows belong to a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// Those with its number; numbers from that of groups on belong to none.
    Number,
    /// Those below its edge.
    Below(Vec<Word>),
    /// Those up to its edge.
    UpTo(Vec<Word>),
}

impl By {
    pub(super) fn edges(&self) -> Option<&[Word]> {
        match self {
            Self::Number => None,
            Self::Below(edges) | Self::UpTo(edges) => Some(edges),
        }
    }
}

/// What is asked of a group's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Their sum, or how many there are.
    Sum,
    /// The smallest one, or this word if it is smaller or if there is none.
    Least(Word),
    /// The largest one, in the same way.
    Greatest(Word),
}

/// Sums by group that are found, or smallest and largest values.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// By which rows belong to groups.
    pub index: ValueId,
    /// How they do.
    pub by: By,
    /// What is asked for.
    pub asked: Asked,
    /// How many groups there are.
    pub n_groups: u64,
    /// How many rows there are.
    pub rows: u64,
    /// What is summed; nothing where rows are counted.
    pub values: Option<ValueId>,
    /// The type of the sums.
    pub scalar: Scalar,
    /// Which rows belong to any group, where not all do.
    pub when: Option<ValueId>,
    /// Whether the rows that do not belong to a group are summed.
    pub others: bool,
}

/// What a node adds up by group, or compares.
pub(super) fn groups(walk: &Walk, node: &Node) -> Option<Groups> {
    let Op::Reduce {
        reducer: Reducer::Word(op),
        segments,
    } = node.op
    else {
        return None;
    };
    let ty = walk.ty(*node.args.first()?);
    let rows = ty.lanes.checked_div(segments)?;
    if !ty.secret || rows < 2 || segments < 2 || ty.lanes < FEWEST || ty.scalar == Scalar::Bool {
        return None;
    }
    let (hit, values, asked) = match op {
        WordOp::Add => {
            let (hit, values) = summed(walk, node.args[0], segments, rows)?;
            (hit, values, Asked::Sum)
        }
        WordOp::Min | WordOp::Max => {
            let (op_args, is_least) = (
                walk.word_args(node.args[0], WordOp::Select)?,
                op == WordOp::Min,
            );
            let &[hit, yes, no] = op_args else {
                return None;
            };
            let none = walk.splat(no)?;
            let asked = if is_least {
                Asked::Least(none)
            } else {
                Asked::Greatest(none)
            };
            (hit, Some(repeated(walk, yes, segments, rows)?), asked)
        }
        _ => return None,
    };
    // A row may have to meet a condition of its own besides.
    let parts = walk
        .word_args(hit, WordOp::And)
        .map(|args| [args[0], args[1]]);
    let (when, hit) = match parts.map(|[a, b]| {
        let own = |v| repeated(walk, v, segments, rows);
        (own(a).map(|when| (when, b))).or(own(b).map(|when| (when, a)))
    }) {
        None => (None, hit),
        Some(parts) => {
            let (when, hit) = parts?;
            (Some(when), hit)
        }
    };
    let (index, by, others) = parted(walk, hit, segments, rows)?;
    let is_known_form = asked == Asked::Sum || by == By::Number && when.is_none();
    (is_known_form && walk.ty(index).secret).then_some(Groups {
        index,
        by,
        asked,
        n_groups: segments,
        rows,
        values,
        scalar: ty.scalar,
        when,
        others,
    })
}

/// Which rows are added up, and their values, or nothing where they are counted.
fn summed(
    walk: &Walk,
    terms: ValueId,
    segments: u64,
    rows: u64,
) -> Option<(ValueId, Option<ValueId>)> {
    // Terms may be widened before they are added up.
    let parts = match walk.word_args(terms, WordOp::Cast) {
        Some(&[from]) if walk.ty(from).scalar != Scalar::Bool => from,
        _ => terms,
    };
    Some(match walk.simple(parts)? {
        (Op::Word(WordOp::Cast), &[hit]) => (hit, None),
        (Op::Word(WordOp::Select), &[hit, yes, no]) if walk.splat(no) == Some(0) => {
            match walk.splat(yes) {
                Some(1) => (hit, None),
                Some(_) => return None,
                None => (hit, Some(repeated(walk, yes, segments, rows)?)),
            }
        }
        _ => return None,
    })
}

/// By what it is decided whether a row belongs to a group, and how; and whether the others are meant.
fn parted(walk: &Walk, hit: ValueId, segments: u64, rows: u64) -> Option<(ValueId, By, bool)> {
    let (Op::Word(asks), &[a, b]) = walk.simple(hit)? else {
        return None;
    };
    let numbered = |v: ValueId| is_numbered(walk, v, segments, rows);
    let edges = |v: ValueId| edges(walk, v, segments, rows);
    let (each, by, others) = match asks {
        WordOp::Eq if numbered(b) && !numbered(a) => (a, By::Number, false),
        WordOp::Eq if numbered(a) && !numbered(b) => (b, By::Number, false),
        WordOp::Lt => match edges(b) {
            Some(edges) => (a, By::Below(edges), false),
            None => (b, By::UpTo(edges(a)?), true),
        },
        WordOp::Le => match edges(b) {
            Some(edges) => (a, By::UpTo(edges), false),
            None => (b, By::Below(edges(a)?), true),
        },
        _ => return None,
    };
    Some((repeated(walk, each, segments, rows)?, by, others))
}

/// The rows that a value holds again for each group.
pub(super) fn repeated(walk: &Walk, value: ValueId, groups: u64, rows: u64) -> Option<ValueId> {
    let (Op::Gather { block }, &[source, places]) = walk.simple(value)? else {
        return None;
    };
    let words = normal(walk.constant(places)?.clone(), Scalar::USIZE);
    let again = match block {
        1 => ConstVec::Affine {
            start: 0,
            dims: vec![(groups, 0), (rows, 1)],
        },
        _ => ConstVec::Splat {
            lanes: groups,
            word: 0,
        },
    };
    let all = *block == 1 || *block == rows;
    (all && walk.ty(source).lanes == rows && words == normal(again, Scalar::USIZE))
        .then_some(source)
}

/// Whether a value is each group's number, once for each row.
fn is_numbered(walk: &Walk, value: ValueId, groups: u64, rows: u64) -> bool {
    let scalar = walk.ty(value).scalar;
    let source = walk.public_source(value).unwrap_or(value);
    let most = scalar.mask() >> u32::from(scalar.is_signed());
    let dims = vec![(groups, 1), (rows, 0)];
    let numbers = ConstVec::Affine { start: 0, dims };
    scalar != Scalar::Bool
        && Word::from(groups - 1) <= most
        && walk
            .constant(source)
            .is_some_and(|words| normal(words.clone(), scalar) == normal(numbers, scalar))
}

/// The words of a constant that holds one of them for each group, once for each row.
fn edges(walk: &Walk, value: ValueId, groups: u64, rows: u64) -> Option<Vec<Word>> {
    let source = walk.public_source(value).unwrap_or(value);
    let scalar = walk.ty(source).scalar;
    // Many that follow no rule are read from a table.
    if let Some((Op::Gather { block: 1 }, &[table, places])) = walk.simple(source) {
        let places = normal(walk.constant(places)?.clone(), Scalar::USIZE);
        let dims = vec![(groups, 1), (rows, 0)];
        let each = ConstVec::Affine { start: 0, dims };
        let all = walk.constant(table).filter(|all| all.lanes() == groups)?;
        let are_edges = places == normal(each, Scalar::USIZE);
        return are_edges.then(|| all.words().map(|word| scalar.wrap(word)).collect());
    }
    let words = walk.constant(source)?;
    // Whether a counting stays the same for so many lanes each time.
    let stays = |dims: &[(u64, Word)]| {
        let still = dims.iter().rev().take_while(|&&(_, step)| step == 0);
        let lanes = still.fold(1u64, |n, &(count, _)| n.saturating_mul(count));
        lanes.is_multiple_of(rows)
    };
    let is_repeated = match words {
        ConstVec::Splat { .. } => true,
        ConstVec::Affine { dims, .. } => stays(dims),
        ConstVec::Pieces(pieces) => pieces.iter().all(|piece| stays(&piece.dims)),
        ConstVec::Table(all) => {
            let rows = usize::try_from(rows).ok()?;
            (all.chunks(rows)).all(|chunk| chunk.iter().all(|word| *word == chunk[0]))
        }
    };
    is_repeated.then(|| {
        (0..groups)
            .map(|group| scalar.wrap(words.get(group * rows)))
            .collect()
    })
}

/// How many edges come before each, equal ones in their order.
pub(super) fn ranks(edges: &[Word], scalar: Scalar) -> Vec<Word> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|&at| match scalar.is_signed() {
        true => (scalar.extend(edges[at]) as i128, 0),
        false => (0, edges[at]),
    });
    let mut ranks = vec![0; edges.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank as Word;
    }
    ranks
}
