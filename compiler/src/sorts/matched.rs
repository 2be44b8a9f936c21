//! The forms in which programs compare all rows of one list with all of another, once the passes are through: intersections, joins and
//! ranks as loops over both.
//!
//! ```text
//! hit = eq (x of n lanes, each m times), (y of m lanes, n times)   t = reduce add segments=n (select hit, value, 0)
//! ```

use super::asked::{FEWEST, repeated};
use crate::ir::{Node, Op, Reducer, Ty};
use crate::passes::constants::vectors::normal;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar};
use smpcc_circuit::verify::MAX_LANES;

/// Which rows belong to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    /// Those with this key.
    Equal,
    /// Those with a smaller one.
    Below,
    /// Those with this key or a smaller one.
    UpTo,
}

/// One of the two lists.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// How many rows it has.
    pub n: u64,
    /// By what rows of both lists are compared; several are to be equal all.
    pub keys: Vec<ValueId>,
    /// Which rows count, where not all do.
    pub when: Vec<ValueId>,
    /// What each of its rows brings to the sums.
    pub values: Option<ValueId>,
}

/// Sums over pairs that are found.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    /// Those by which something is summed, or all together.
    pub askers: List,
    /// What is summed.
    pub rows: List,
    /// Which rows belong to an asker.
    pub asks: Asks,
    /// Whether the rows that do not are meant.
    pub others: bool,
    /// Whether it is asked only if there is any.
    pub any: bool,
    /// Whether one sum over all askers is asked for.
    pub total: bool,
    /// The type of the sums.
    pub scalar: Scalar,
}

/// Whether a node adds up enough to be looked at.
pub(super) fn is_large(node: &Node, ty: impl Fn(ValueId) -> Ty) -> bool {
    match (&node.op, node.args.first()) {
        (
            Op::Reduce {
                reducer: Reducer::Word(WordOp::Add | WordOp::Or),
                ..
            },
            Some(&arg),
        ) => ty(arg).secret && ty(arg).lanes >= FEWEST,
        _ => false,
    }
}

/// What a node adds up over pairs.
pub(super) fn pairs(walk: &Walk, node: &Node) -> Option<Pairs> {
    let Op::Reduce {
        reducer: Reducer::Word(op),
        segments,
    } = node.op
    else {
        return None;
    };
    if !is_large(node, |v| walk.ty(v)) {
        return None;
    }
    let ty = walk.ty(node.args[0]);
    let any = op == WordOp::Or;
    let (hit, values) = match (op, ty.scalar) {
        (WordOp::Or, Scalar::Bool) => (node.args[0], None),
        (WordOp::Add, Scalar::Int { .. }) => terms(walk, node.args[0])?,
        _ => return None,
    };
    let mut parts = Vec::new();
    conjuncts(walk, hit, &mut parts);
    let total = segments == 1;
    let n = match total {
        false => segments,
        true => parts.iter().find_map(|&part| outer(walk, part))?,
    };
    let m = ty.lanes.checked_div(n)?;
    if n < 2 || m < 2 || n.checked_mul(m)? != ty.lanes {
        return None;
    }
    let list = |n| List {
        n,
        keys: Vec::new(),
        when: Vec::new(),
        values: None,
    };
    let (mut askers, mut rows) = (list(n), list(m));
    let own = |v| (spread(walk, v, n, m), repeated(walk, v, n, m));
    let mut relation = None;
    for &part in &parts {
        match own(part) {
            (Some(when), _) => askers.when.push(when),
            (None, Some(when)) => rows.when.push(when),
            (None, None) => {
                let (asks, others, asker, row) = compared(walk, part, n, m)?;
                // Keys of several columns are equal or not, and nothing else.
                if relation.is_some_and(|r| r != (asks, others))
                    || relation.is_some() && (asks, others) != (Asks::Equal, false)
                {
                    return None;
                }
                relation = Some((asks, others));
                askers.keys.push(asker);
                rows.keys.push(row);
            }
        }
    }
    let (asks, others) = relation?;
    if let Some(values) = values {
        match own(widened_from(walk, values, ty.scalar)) {
            (Some(values), _) => askers.values = Some(values),
            (None, Some(values)) => rows.values = Some(values),
            (None, None) => return None,
        }
    }
    let mut found = Pairs {
        askers,
        rows,
        asks,
        others,
        any,
        total,
        scalar: ty.scalar,
    };
    if total && found.askers.n > found.rows.n {
        found.turn();
    }
    let bits = found
        .rows
        .keys
        .iter()
        .map(|&key| walk.ty(key).scalar.width());
    let all = n.checked_add(m)?.checked_mul(2)?;
    (bits.sum::<u32>() <= 128 && all <= MAX_LANES).then_some(found)
}

impl Pairs {
    /// With the lists in each other's place, for a sum over both.
    fn turn(&mut self) {
        std::mem::swap(&mut self.askers, &mut self.rows);
        // Who asked for what is below it is above that.
        (self.asks, self.others) = match self.asks {
            Asks::Equal => (Asks::Equal, self.others),
            Asks::Below => (Asks::UpTo, !self.others),
            Asks::UpTo => (Asks::Below, !self.others),
        };
    }
}

/// When something is added, and what, or nothing where it is one.
fn terms(walk: &Walk, terms: ValueId) -> Option<(ValueId, Option<ValueId>)> {
    // Terms may be widened before they are added up.
    let parts = match walk.word_args(terms, WordOp::Cast) {
        Some(&[from]) if walk.ty(from).scalar != Scalar::Bool => from,
        _ => terms,
    };
    match walk.simple(parts)? {
        (Op::Word(WordOp::Cast), &[hit]) => Some((hit, None)),
        (Op::Word(WordOp::Select), &[hit, yes, no]) if walk.splat(no) == Some(0) => {
            match walk.splat(yes) {
                Some(1) => Some((hit, None)),
                Some(_) => None,
                None => Some((hit, Some(yes))),
            }
        }
        _ => None,
    }
}

/// What a value was cast from, if what is summed in a type is the same for both.
fn widened_from(walk: &Walk, value: ValueId, sums: Scalar) -> ValueId {
    match walk.word_args(value, WordOp::Cast) {
        Some(&[from]) => {
            let (from_type, to) = (walk.ty(from).scalar, walk.ty(value).scalar);
            let keeps_sign = !from_type.is_signed() || to.is_signed();
            let is_wider = keeps_sign && to.width() >= from_type.width();
            let is_whole = to.width() == sums.width();
            if is_wider || is_whole { from } else { value }
        }
        _ => value,
    }
}

/// The truth values of which all must hold.
fn conjuncts(walk: &Walk, hit: ValueId, parts: &mut Vec<ValueId>) {
    match walk.word_args(hit, WordOp::And) {
        Some(&[a, b]) if parts.len() < 16 => {
            conjuncts(walk, a, parts);
            conjuncts(walk, b, parts);
        }
        _ => parts.push(hit),
    }
}

/// How a pair is compared, whether the opposite is meant, and the keys of the outer and of the inner list.
fn compared(walk: &Walk, part: ValueId, n: u64, m: u64) -> Option<(Asks, bool, ValueId, ValueId)> {
    if let Some(&[of]) = walk.word_args(part, WordOp::Not) {
        let (asks, others, asker, row) = compared(walk, of, n, m)?;
        return Some((asks, !others, asker, row));
    }
    let (Op::Word(op), &[a, b]) = walk.simple(part)? else {
        return None;
    };
    let keys = |asker, row| Some((spread(walk, asker, n, m)?, repeated(walk, row, n, m)?));
    let ((asker, row), row_first) = match keys(b, a) {
        Some(found) => (found, true),
        None => (keys(a, b)?, false),
    };
    let (asks, others) = match (op, row_first) {
        (WordOp::Eq, _) => (Asks::Equal, false),
        (WordOp::Ne, _) => (Asks::Equal, true),
        (WordOp::Lt, true) => (Asks::Below, false),
        (WordOp::Le, true) => (Asks::UpTo, false),
        (WordOp::Lt, false) => (Asks::UpTo, true),
        (WordOp::Le, false) => (Asks::Below, true),
        _ => return None,
    };
    let is_key = |v: ValueId| matches!(walk.ty(v).scalar, Scalar::Int { .. });
    (is_key(asker) && is_key(row) && walk.ty(asker).scalar == walk.ty(row).scalar)
        .then_some((asks, others, asker, row))
}

/// How many rows the outer list has, by what is compared.
fn outer(walk: &Walk, part: ValueId) -> Option<u64> {
    let (Op::Word(_), args) = walk.simple(part)? else {
        return None;
    };
    let lanes = walk.ty(part).lanes;
    args.iter().find_map(|&arg| {
        if walk.word_args(part, WordOp::Not).is_some() {
            return outer(walk, arg);
        }
        let (Op::Gather { block: 1 }, &[source, _]) = walk.simple(arg)? else {
            return None;
        };
        let n = walk.ty(source).lanes;
        spread(walk, arg, n, lanes.checked_div(n)?).map(|_| n)
    })
}

/// The `n` rows each of which a value holds `m` times.
fn spread(walk: &Walk, value: ValueId, n: u64, m: u64) -> Option<ValueId> {
    let (Op::Gather { block: 1 }, &[source, places]) = walk.simple(value)? else {
        return None;
    };
    let dims = vec![(n, 1), (m, 0)];
    let each = ConstVec::Affine { start: 0, dims };
    let places = walk.constant(places)?.clone();
    (walk.ty(source).lanes == n
        && places.lanes() == n.checked_mul(m)?
        && normal(places, Scalar::USIZE) == normal(each, Scalar::USIZE))
    .then_some(source)
}
