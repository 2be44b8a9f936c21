//! The forms in which programs compare all rows of one list with all of another, once the passes are through: intersections, joins and
//! ranks as loops over both.
//!
//! ```text
//! hit = eq (x of n lanes, each m times), (y of m lanes, n times)   t = reduce add segments=n (select hit, value, 0)
//! ```

use super::asked::repeated;
use super::summands::{Condition, Summand, counted, orders, split, summands};
use crate::ir::{Node, Op, Reducer, Ty};
use crate::passes::algebra::identity;
use crate::passes::constants::vectors::normal;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;
use std::ops::Range;

/// Fewer pairs than these are not looked at.
pub(super) const FEWEST: u64 = 1 << 11;

/// Terms that a sum may have.
const MOST_TERMS: usize = 12;

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

/// What one of the two lists brings to a term.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Which rows count, by truth values that hold or do not, where not all do.
    pub when: Vec<(ValueId, bool)>,
    /// What each of its rows brings to the products.
    pub factors: Vec<ValueId>,
}

/// Columns of askers and of rows that stand to each other in some way, when so much is added to the first.
type Related = (ValueId, ValueId, i128);

/// Where the rows begin or end that belong to an asker, in a column by which they are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    /// By asker.
    pub at: ValueId,
    /// How far behind that it is.
    pub behind: i128,
    /// Whether rows at the bound belong to it.
    pub with: bool,
}

impl Bound {
    /// This bound, or the one that is known if that leaves fewer rows; nothing if nobody knows which one does.
    fn or_closer(self, known: Option<Self>, is_closer: fn(i128, i128) -> bool) -> Option<Self> {
        let Some(known) = known else {
            return Some(self);
        };
        (self.at == known.at).then(|| match self.behind == known.behind {
            true => Self {
                with: self.with && known.with,
                ..self
            },
            false if is_closer(self.behind, known.behind) => self,
            false => known,
        })
    }
}

/// Sums of products over the rows that belong to each asker.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// What all is multiplied by, modulo the sum's type.
    pub coefficient: Word,
    pub askers: List,
    pub rows: List,
    /// Columns of askers and of rows that are to be equal.
    pub equal: Vec<(ValueId, ValueId)>,
    /// The rows' column by which they are ordered besides, if any of the bounds is there.
    pub ordered: Option<ValueId>,
    pub low: Option<Bound>,
    pub high: Option<Bound>,
}

/// Sums over pairs that are found.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    /// Those by which something is summed, or all together.
    pub askers: u64,
    /// Those that are summed.
    pub rows: u64,
    /// Terms whose sum is asked for.
    pub terms: Vec<Term>,
    /// Which pairs there are.
    pub span: Span,
    /// The askers of which a total is asked for.
    pub some: Range<u64>,
    /// Whether it is asked only if there is any, or if there is none.
    pub any: Option<bool>,
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
                reducer: Reducer::Word(WordOp::Add | WordOp::Or | WordOp::And),
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
    // All hold if there is none that does not.
    let any = match op {
        WordOp::Or => Some(true),
        WordOp::And => Some(false),
        _ => None,
    };
    let total = segments == 1;
    // A triangle's rows may be filled up with what changes nothing.
    let filled = (!total)
        .then(|| filled(walk, node.args[0], segments, Word::from(any == Some(false))))
        .flatten();
    let (mut summed, span) = filled.unwrap_or((node.args[0], Span::All));
    let turned = turned(walk, summed, segments).filter(|_| !total && span == Span::All);
    summed = turned.unwrap_or(summed);
    let summands = match (any, scalar) {
        (Some(is), Scalar::Bool) => vec![counted(summed, is)],
        (None, Scalar::Int { .. }) => summands(walk, summed, scalar)?,
        _ => return None,
    };
    let lanes = walk.ty(summed).lanes;
    // Of whether there is any, how many there are is asked first.
    let counts = if any.is_some() {
        Scalar::unsigned(128)
    } else {
        scalar
    };
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
            compared_lists(walk, summed, &mut 64, &mut lists);
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
        let mut found = Pairs {
            askers: frame.n,
            rows: frame.m,
            terms: frame.terms(walk, &summands, counts)?,
            span: frame.span,
            some: frame.some.clone(),
            any,
            total,
            scalar,
        };
        if total && found.askers > found.rows {
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

    /// The list that a value stands for in pairs, and whether that is the outer one.
    fn own(&self, walk: &Walk, value: ValueId) -> Option<(bool, ValueId)> {
        let outer = self.spread(walk, value).map(|list| (true, list));
        outer.or_else(|| Some((false, self.repeated(walk, value)?)))
    }

    /// What is added up of both lists.
    fn terms(&self, walk: &Walk, summands: &[Summand], sums: Scalar) -> Option<Vec<Term>> {
        let mut terms = Vec::new();
        for summand in summands {
            for part in split(walk, summand, sums, |v| self.own(walk, v).is_some())? {
                self.term(walk, &part, &mut terms)?;
            }
        }
        // Of what is not compared nothing is won.
        (terms.len() <= MOST_TERMS && terms.iter().any(Term::is_compared)).then_some(terms)
    }

    /// Terms of a summand without "and" and "or".
    fn term(&self, walk: &Walk, summand: &Summand, terms: &mut Vec<Term>) -> Option<()> {
        let mut lists = [List::default(), List::default()];
        // By columns of askers and of rows, how the row's word stands to the integer so far behind the asker's.
        let mut relations: SortedMap<Related, u8> = SortedMap::new();
        let columns = |asker, row| Some((self.spread(walk, asker)?, self.repeated(walk, row)?));
        for &condition in &summand.when {
            match condition {
                Condition::Is(hit, holds) => {
                    let (outer, list) = self.own(walk, hit)?;
                    lists[usize::from(!outer)].when.push((list, holds));
                }
                Condition::Order(orders, a, b) | Condition::Apart(orders, a, b, _) => {
                    let apart = match condition {
                        Condition::Apart(_, _, _, apart) => apart,
                        _ => 0,
                    };
                    let ((asker, row), orders, behind) = match columns(b, a) {
                        Some(columns) => (columns, orders, apart),
                        None => (columns(a, b)?, orders::turned(orders), apart.checked_neg()?),
                    };
                    *relations.entry((asker, row, behind)).or_insert(orders::ANY) &= orders;
                }
            }
        }
        for &factor in &summand.factors {
            let (outer, list) = self.own(walk, factor)?;
            lists[usize::from(!outer)].factors.push(list);
        }
        let [askers, rows] = lists;
        let term = Term {
            coefficient: summand.coefficient,
            askers,
            rows,
            equal: Vec::new(),
            ordered: None,
            low: None,
            high: None,
        };
        let relations: Vec<_> = relations.into_iter().collect();
        self.related(walk, term, &relations, terms)
    }

    /// A term of which the relations of columns are still to be taken into account.
    fn related(
        &self,
        walk: &Walk,
        mut term: Term,
        relations: &[(Related, u8)],
        terms: &mut Vec<Term>,
    ) -> Option<()> {
        use orders::{ANY, EQUAL, GREATER, LESS};
        let Some((&((asker, row, behind), orders), others)) = relations.split_first() else {
            // What comes before a row is known by its place among its equals.
            let is_known = match self.span {
                Span::All => true,
                Span::Earlier | Span::Later => {
                    let is_same = |&(asker, row): &(ValueId, ValueId)| asker == row;
                    !term.equal.is_empty()
                        && term.ordered.is_none()
                        && term.equal.iter().all(is_same)
                }
            };
            terms.push(term);
            return is_known.then_some(());
        };
        let is_key = |v: ValueId| matches!(walk.ty(v).scalar, Scalar::Int { .. });
        let is_small = |scalar: Scalar| {
            behind == 0
                || scalar
                    .width()
                    .max(i128::BITS - behind.unsigned_abs().leading_zeros())
                    <= 120
        };
        if !is_key(asker)
            || walk.ty(asker).scalar != walk.ty(row).scalar
            || !is_small(walk.ty(row).scalar)
        {
            return None;
        }
        match orders {
            0 => return Some(()),
            ANY => {}
            EQUAL if behind == 0 => term.equal.push((asker, row)),
            // All but those that are equal.
            _ if orders == LESS | GREATER => {
                let mut without = term.clone();
                without.coefficient = without.coefficient.wrapping_neg();
                let equal = ((asker, row, behind), EQUAL);
                let relations = [&[equal], others].concat();
                self.related(walk, without, &relations, terms)?;
            }
            _ => {
                let is_other = term.ordered.is_some_and(|other| other != row);
                let bound = Bound {
                    at: asker,
                    behind,
                    with: orders & EQUAL != 0,
                };
                if is_other {
                    return None;
                }
                if orders & GREATER == 0 {
                    let known = term.high.replace(bound);
                    term.high = Some(bound.or_closer(known, |new, old| new < old)?);
                }
                if orders & LESS == 0 {
                    let known = term.low.replace(bound);
                    term.low = Some(bound.or_closer(known, |new, old| new > old)?);
                }
                term.ordered = Some(row);
            }
        }
        self.related(walk, term, others, terms)
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

/// What fills a triangle with rows of equal length, and which one, if this word stands in the other places.
fn filled(walk: &Walk, value: ValueId, rows: u64, others: Word) -> Option<(ValueId, Span)> {
    let value = match walk.word_args(value, WordOp::Cast) {
        Some(&[from]) => from,
        _ => value,
    };
    let (Op::Scatter { block: 1 }, &[empty, at, hits]) = walk.simple(value)? else {
        return None;
    };
    if walk.splat(empty) != Some(others) {
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

impl Term {
    /// Whether rows of both lists are compared.
    pub(super) fn is_compared(&self) -> bool {
        !self.equal.is_empty() || self.ordered.is_some()
    }

    /// The term with the lists in each other's place.
    fn turned(&self) -> Option<Self> {
        let column = |bound: Option<Bound>| bound.map(|bound| bound.at);
        // Who asked for what is below it is above that.
        let bound = |of: Option<Bound>| {
            let of = of?;
            Some(Bound {
                at: self.ordered?,
                behind: of.behind.checked_neg()?,
                with: of.with,
            })
        };
        (self.low.is_none() || self.high.is_none()).then(|| Self {
            coefficient: self.coefficient,
            askers: self.rows.clone(),
            rows: self.askers.clone(),
            equal: self.equal.iter().map(|&(a, r)| (r, a)).collect(),
            ordered: column(self.low).or(column(self.high)),
            low: bound(self.high),
            high: bound(self.low),
        })
    }
}

impl Pairs {
    /// With the lists in each other's place, for a sum over both, where that can be.
    fn turn(&mut self) {
        let turned: Option<Vec<Term>> = self.terms.iter().map(Term::turned).collect();
        if let Some(turned) = turned {
            self.terms = turned;
            std::mem::swap(&mut self.askers, &mut self.rows);
            self.some = 0..self.askers;
        }
    }
}

/// How many rows the lists have that are compared, and from which to which these are; each but once. So many values are looked at.
fn compared_lists(walk: &Walk, value: ValueId, most: &mut u32, lists: &mut Vec<(u64, Range<u64>)>) {
    let Some((Op::Word(op), args)) = walk.simple(value) else {
        return;
    };
    let Some(left) = most.checked_sub(1) else {
        return;
    };
    *most = left;
    let compares = matches!(
        op,
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le | WordOp::Min | WordOp::Max
    );
    for &arg in args {
        match walk.simple(arg) {
            Some((Op::Gather { block }, &[source, at])) if compares => {
                let n = walk.ty(source).lanes;
                let ends = walk.constant(at).filter(|at| *block == 1 && at.lanes() > 0);
                let ends = ends.map(|at| at.get(0) as u64..at.get(at.lanes() - 1) as u64 + 1);
                let found = (n, ends.unwrap_or(0..n));
                if !lists.contains(&found) {
                    lists.push(found);
                }
            }
            _ => compared_lists(walk, arg, most, lists),
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

/// What is asked of the rows with an asker's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The largest value, or this word.
    Greatest(Word),
    /// The smallest one, in the same way.
    Least(Word),
    /// Whether there is any, and the last one's value.
    Latest,
}

/// The best of the rows with each asker's key, where such are found.
#[derive(Clone, Debug)]
pub(super) struct Best {
    pub kind: Kind,
    pub askers: u64,
    pub rows: u64,
    /// Which rows are an asker's: only by columns that are equal.
    pub term: Term,
    /// By row.
    pub values: ValueId,
}

/// Whether a node chooses among enough to be looked at.
pub(super) fn is_large_best(node: &Node, ty: impl Fn(ValueId) -> Ty) -> bool {
    let Op::Reduce {
        reducer,
        segments: 2..,
    } = node.op
    else {
        return false;
    };
    let chooses = match reducer {
        Reducer::Word(op) => matches!(op, WordOp::Min | WordOp::Max),
        Reducer::Region => true,
    };
    let arg = node.args.first().map(|&arg| ty(arg));
    chooses && arg.is_some_and(|ty| ty.secret && ty.lanes >= FEWEST)
}

/// What a node finds of the rows with each asker's key.
pub(super) fn best(walk: &Walk, node: &Node) -> Option<Best> {
    let Op::Reduce { reducer, segments } = node.op else {
        return None;
    };
    if !is_large_best(node, |v| walk.ty(v)) {
        return None;
    }
    let scalar = walk.ty(*node.args.last()?).scalar;
    let (hit, values, kind) = match (reducer, &node.args[..]) {
        (Reducer::Word(op), &[chosen]) => {
            let &[hit, values, none] = walk.word_args(chosen, WordOp::Select)? else {
                return None;
            };
            let nothing = identity(op, scalar)?;
            let kind = match op {
                WordOp::Max => Kind::Greatest(nothing),
                _ => Kind::Least(nothing),
            };
            (walk.splat(none)? == nothing).then_some((hit, values, kind))?
        }
        (Reducer::Region, &[hit, values]) if is_later(node) => (hit, values, Kind::Latest),
        _ => return None,
    };
    let frame = Frame::new(segments, walk.ty(hit).lanes, Span::All, 0..segments)?;
    let counts = Scalar::unsigned(128);
    let mut terms = frame.terms(walk, &[counted(hit, true)], counts)?;
    let term = terms.pop()?;
    let is_known = terms.is_empty() && term.coefficient == 1 && term.ordered.is_none();
    let is_key = matches!(scalar, Scalar::Int { .. }) && !term.equal.is_empty();
    (is_known && is_key).then_some(Best {
        kind,
        askers: frame.n,
        rows: frame.m,
        term,
        values: frame.repeated(walk, values)?,
    })
}

/// Whether a reduction takes the later one of two values that are there.
fn is_later(node: &Node) -> bool {
    let Some(region) = node.regions.first() else {
        return false;
    };
    let &[f, x, g, y] = &region.params[..] else {
        return false;
    };
    let is = |result: usize, asked: WordOp, all: [&[ValueId]; 2]| {
        let result = region.results.get(result);
        (region.nodes.iter()).any(|node| {
            node.results.first() == result
                && node.op == Op::Word(asked)
                && all.contains(&&node.args[..])
        })
    };
    let chosen = [g, y, x];
    is(0, WordOp::Or, [&[f, g], &[g, f]]) && is(1, WordOp::Select, [&chosen, &chosen])
}
