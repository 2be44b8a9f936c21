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
use smpcc_circuit::value::{ConstVec, Piece, Scalar};
use smpcc_circuit::verify::MAX_LANES;
use std::ops::Range;

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

/// Which rows stand to an asker in a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Span {
    /// All.
    All,
    /// Of one list, those that come before it.
    Earlier,
    /// Of one list, those that come after it.
    Later,
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
    /// Among which.
    pub span: Span,
    /// The askers of which a total is asked for.
    pub some: Range<u64>,
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
    let scalar = walk.ty(node.args[0]).scalar;
    let any = op == WordOp::Or;
    let total = segments == 1;
    // A triangle's rows may be filled up with zeros.
    let filled = (!total)
        .then(|| filled(walk, node.args[0], segments))
        .flatten();
    let (mut summed, span) = filled.unwrap_or((node.args[0], Span::All));
    let turned = turned(walk, summed, segments).filter(|_| !total && span == Span::All);
    summed = turned.unwrap_or(summed);
    let (hit, values, otherwise) = match (any, scalar) {
        (true, Scalar::Bool) => (summed, None, false),
        (false, Scalar::Int { .. }) => terms(walk, summed)?,
        _ => return None,
    };
    let mut parts = Vec::new();
    conjuncts(walk, hit, &mut parts);
    let lanes = walk.ty(hit).lanes;
    let frames = match total {
        false => {
            let frame = Frame::new(segments, lanes, span, 0..segments)?;
            vec![if turned.is_some() {
                frame.turned()
            } else {
                frame
            }]
        }
        // Which of the lists that are compared is the outer one is to be tried.
        true => {
            let mut lists = Vec::new();
            for &part in &parts {
                compared_lists(walk, part, &mut lists);
            }
            let spans = [Span::All, Span::Earlier, Span::Later];
            (lists.into_iter())
                .flat_map(|(n, some)| {
                    spans.map(|span| match span {
                        Span::All => Frame::new(n, lanes, span, 0..n),
                        Span::Earlier | Span::Later => Frame::new(n, lanes, span, some.clone()),
                    })
                })
                .flatten()
                .collect()
        }
    };
    frames.iter().find_map(|frame| {
        let (askers, rows, asks, others) = frame.lists(walk, &parts, values, scalar)?;
        // The opposite of several conditions is no condition of its own.
        if otherwise && (parts.len() > 1 || frame.span != Span::All) {
            return None;
        }
        let mut found = Pairs {
            askers,
            rows,
            asks,
            span: frame.span,
            some: frame.some.clone(),
            others: others != otherwise,
            any,
            total,
            scalar,
        };
        if total && found.askers.n > found.rows.n {
            found.turn();
        }
        Some(found)
    })
}

/// How pairs are laid out in lanes: places in the outer and in the inner list.
struct Frame {
    n: u64,
    m: u64,
    span: Span,
    /// Whether lanes go through the inner list first.
    turned: bool,
    /// The askers that have pairs here.
    some: Range<u64>,
    outer: ConstVec,
    inner: ConstVec,
}

impl Frame {
    /// Of `n` askers in so many lanes.
    fn new(n: u64, lanes: u64, span: Span, some: Range<u64>) -> Option<Self> {
        let m = match span {
            Span::All => lanes.checked_div(n)?,
            Span::Earlier | Span::Later => n,
        };
        // Of a row so many rows come before or behind it, which all but one of the ends have.
        let below = |i: u64| Some(i.checked_mul(i.checked_sub(1)?)? / 2);
        let all = match span {
            Span::All => n.checked_mul(m)?,
            Span::Earlier => below(some.end)?.checked_sub(below(some.start.max(1))?)?,
            Span::Later => below(n.checked_sub(some.start)?)?
                .checked_sub(below(n.checked_sub(some.end)?.max(1))?)?,
        };
        let rows = n.checked_add(m)?.checked_mul(2)?;
        if n < 2 || m < 2 || all != lanes || rows > MAX_LANES || some.end > n {
            return None;
        }
        let (outer, inner) = places(n, m, span, some.clone());
        Some(Self {
            n,
            m,
            span,
            turned: false,
            some,
            outer: normal(outer, Scalar::USIZE),
            inner: normal(inner, Scalar::USIZE),
        })
    }

    /// All pairs of two lists with those of a row of the inner one side by side.
    fn turned(self) -> Self {
        let (n, m) = (self.n, self.m);
        let affine = |dims| normal(ConstVec::Affine { start: 0, dims }, Scalar::USIZE);
        Self {
            turned: true,
            outer: affine(vec![(m, 0), (n, 1)]),
            inner: affine(vec![(m, 1), (n, 0)]),
            ..self
        }
    }

    /// The outer list, if a value is each of its rows once for each of its pairs.
    fn spread(&self, walk: &Walk, value: ValueId) -> Option<ValueId> {
        let as_a_whole = || match self.turned {
            true => repeated(walk, value, self.m, self.n),
            false => None,
        };
        moved(walk, value, self.n, &self.outer).or_else(as_a_whole)
    }

    /// The inner list in the same way.
    fn repeated(&self, walk: &Walk, value: ValueId) -> Option<ValueId> {
        let as_a_whole = || match (self.span, self.turned) {
            (Span::All, false) => repeated(walk, value, self.n, self.m),
            _ => None,
        };
        moved(walk, value, self.m, &self.inner).or_else(as_a_whole)
    }

    /// The two lists, by what of all must hold and by what is added up where it does.
    fn lists(
        &self,
        walk: &Walk,
        parts: &[ValueId],
        values: Option<ValueId>,
        sums: Scalar,
    ) -> Option<(List, List, Asks, bool)> {
        let list = |n| List {
            n,
            keys: Vec::new(),
            when: Vec::new(),
            values: None,
        };
        let (mut askers, mut rows) = (list(self.n), list(self.m));
        let own = |v| (self.spread(walk, v), self.repeated(walk, v));
        let mut relation = None;
        for &part in parts {
            match own(part) {
                (Some(when), _) => askers.when.push(when),
                (None, Some(when)) => rows.when.push(when),
                (None, None) => {
                    let (asks, others, asker, row) = self.compared(walk, part)?;
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
            match own(widened_from(walk, values, sums)) {
                (Some(values), _) => askers.values = Some(values),
                (None, Some(values)) => rows.values = Some(values),
                (None, None) => return None,
            }
        }
        // What comes before a row is known by its place among its equals.
        let is_known = match self.span {
            Span::All => true,
            Span::Earlier | Span::Later => {
                (asks, others) == (Asks::Equal, false) && askers.keys == rows.keys
            }
        };
        is_known.then_some((askers, rows, asks, others))
    }

    /// How a pair is compared, whether the opposite is meant, and the keys of the outer and of the inner list.
    fn compared(&self, walk: &Walk, part: ValueId) -> Option<(Asks, bool, ValueId, ValueId)> {
        if let Some(&[of]) = walk.word_args(part, WordOp::Not) {
            let (asks, others, asker, row) = self.compared(walk, of)?;
            return Some((asks, !others, asker, row));
        }
        let (Op::Word(op), &[a, b]) = walk.simple(part)? else {
            return None;
        };
        let keys = |asker, row| Some((self.spread(walk, asker)?, self.repeated(walk, row)?));
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
}

/// The places of all pairs in the outer list of `n` and in the inner one of `m`; of one list, of those that some rows have.
pub(super) fn places(n: u64, m: u64, span: Span, some: Range<u64>) -> (ConstVec, ConstVec) {
    if span == Span::All {
        let affine = |dims| ConstVec::Affine { start: 0, dims };
        return (affine(vec![(n, 1), (m, 0)]), affine(vec![(n, 0), (m, 1)]));
    }
    let pieces = |inner: bool| {
        let piece = |i: u64| {
            let (first, len) = match span {
                Span::Later => (i + 1, n - 1 - i),
                Span::All | Span::Earlier => (0, i),
            };
            let (start, step) = if inner { (first, 1) } else { (i, 0) };
            (len > 0).then(|| Piece {
                start: start.into(),
                dims: vec![(len, step)],
            })
        };
        ConstVec::Pieces(some.clone().filter_map(piece).collect())
    };
    (pieces(false), pieces(true))
}

/// What a value is of all pairs of `n` rows with others, if the pairs stand the other way about there.
fn turned(walk: &Walk, value: ValueId, n: u64) -> Option<ValueId> {
    let value = match walk.word_args(value, WordOp::Cast) {
        Some(&[from]) => from,
        _ => value,
    };
    let (Op::Gather { block: 1 }, &[pairs, at]) = walk.simple(value)? else {
        return None;
    };
    let m = walk.ty(pairs).lanes.checked_div(n)?;
    let dims = vec![(n, 1), (m, n.into())];
    let turn = normal(ConstVec::Affine { start: 0, dims }, Scalar::USIZE);
    let at = normal(walk.constant(at)?.clone(), Scalar::USIZE);
    (n > 1 && m > 1 && at == turn && walk.ty(pairs).lanes == at.lanes()).then_some(pairs)
}

/// What fills a triangle with rows of equal length, and which one, if zeros stand in the other places.
fn filled(walk: &Walk, value: ValueId, rows: u64) -> Option<(ValueId, Span)> {
    let value = match walk.word_args(value, WordOp::Cast) {
        Some(&[from]) => from,
        _ => value,
    };
    let (Op::Scatter { block: 1 }, &[zeros, at, hits]) = walk.simple(value)? else {
        return None;
    };
    if walk.splat(zeros) != Some(0) {
        return None;
    }
    let at = normal(walk.constant(at)?.clone(), Scalar::USIZE);
    let len = walk.ty(value).lanes.checked_div(rows)?;
    let triangle = |span: Span| {
        let piece = |i: u64| {
            let n = match span {
                Span::Later => rows - 1 - i,
                Span::All | Span::Earlier => i,
            };
            (n > 0).then(|| Piece {
                start: (i * len).into(),
                dims: vec![(n, 1)],
            })
        };
        ConstVec::Pieces((0..rows).filter_map(piece).collect())
    };
    (walk.ty(hits).lanes == rows.checked_mul(rows - 1)? / 2 && len + 1 >= rows).then_some(())?;
    let spans = [Span::Earlier, Span::Later];
    let span = spans
        .into_iter()
        .find(|&span| normal(triangle(span), Scalar::USIZE) == at)?;
    Some((hits, span))
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

/// When something is added, and what, or nothing where it is one; and whether it is added where that does not hold.
fn terms(walk: &Walk, terms: ValueId) -> Option<(ValueId, Option<ValueId>, bool)> {
    // Terms may be widened before they are added up.
    let parts = match walk.word_args(terms, WordOp::Cast) {
        Some(&[from]) if walk.ty(from).scalar != Scalar::Bool => from,
        _ => terms,
    };
    let (hit, value, otherwise) = match walk.simple(parts)? {
        (Op::Word(WordOp::Cast), &[hit]) => return Some((hit, None, false)),
        (Op::Word(WordOp::Select), &[hit, yes, no]) if walk.splat(no) == Some(0) => {
            (hit, yes, false)
        }
        (Op::Word(WordOp::Select), &[hit, yes, no]) if walk.splat(yes) == Some(0) => {
            (hit, no, true)
        }
        _ => return None,
    };
    match walk.splat(value) {
        Some(1) => Some((hit, None, otherwise)),
        Some(_) => None,
        None => Some((hit, Some(value), otherwise)),
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

/// How many rows the lists have that are compared, and from which to which these are; each but once.
fn compared_lists(walk: &Walk, part: ValueId, lists: &mut Vec<(u64, Range<u64>)>) {
    let Some((Op::Word(op), args)) = walk.simple(part) else {
        return;
    };
    for &arg in args {
        match walk.simple(arg) {
            Some(_) if *op == WordOp::Not => compared_lists(walk, arg, lists),
            Some((Op::Gather { block }, &[source, at])) => {
                let n = walk.ty(source).lanes;
                let ends = walk.constant(at).filter(|at| *block == 1 && at.lanes() > 0);
                let ends = ends.map(|at| at.get(0) as u64..at.get(at.lanes() - 1) as u64 + 1);
                let found = (n, ends.unwrap_or(0..n));
                if !lists.contains(&found) {
                    lists.push(found);
                }
            }
            _ => {}
        }
    }
}

/// The list of `n` rows that a value takes its lanes from, at these places.
fn moved(walk: &Walk, value: ValueId, n: u64, places: &ConstVec) -> Option<ValueId> {
    let (Op::Gather { block: 1 }, &[source, at]) = walk.simple(value)? else {
        return None;
    };
    let at = walk.constant(at)?;
    (walk.ty(source).lanes == n
        && at.lanes() == places.lanes()
        && normal(at.clone(), Scalar::USIZE) == *places)
        .then_some(source)
}
