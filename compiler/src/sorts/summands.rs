//! What is added up for each pair of rows, as terms that are each a product where all of some conditions hold.
//!
//! ```text
//! select (lt a b) 2 (cast (eq a b))   is   2 where a < b,  1 where not a < b and a = b
//! max a b                             is   a where a > b,  b where not
//! ```
//!
//! Sums of such terms are sums of sums.

use crate::ir::Op;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// Terms that a sum may have, and conditions of one.
const MOST: usize = 12;

/// How one word stands to another: bits of what is possible.
pub(super) mod orders {
    pub const LESS: u8 = 1;
    pub const EQUAL: u8 = 2;
    pub const GREATER: u8 = 4;
    pub const ANY: u8 = LESS | EQUAL | GREATER;

    /// The same with both words in each other's place.
    pub const fn turned(orders: u8) -> u8 {
        orders & EQUAL | (orders & LESS) << 2 | orders >> 2 & LESS
    }
}

/// A condition of a term.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    /// A truth value, or its opposite.
    Is(ValueId, bool),
    /// How the first word stands to the second.
    Order(u8, ValueId, ValueId),
    /// How the first word less the second stands to an integer.
    Apart(u8, ValueId, ValueId, i128),
}

/// A product that is added where all conditions hold.
#[derive(Clone, Debug)]
pub(super) struct Summand {
    /// Modulo the sum's type.
    pub coefficient: Word,
    pub when: Vec<Condition>,
    pub factors: Vec<ValueId>,
}

/// What a value is as a sum of terms, modulo the words of a type.
pub(super) fn summands(walk: &Walk, value: ValueId, sums: Scalar) -> Option<Vec<Summand>> {
    let mut terms = Terms {
        walk,
        sums,
        found: Vec::new(),
    };
    let one = Summand {
        coefficient: 1,
        when: Vec::new(),
        factors: Vec::new(),
    };
    terms.add(value, one)?;
    Some(terms.found)
}

/// The one term of a condition or of its opposite.
pub(super) fn counted(hit: ValueId, holds: bool) -> Summand {
    Summand {
        coefficient: 1,
        when: vec![Condition::Is(hit, holds)],
        factors: Vec::new(),
    }
}

struct Terms<'a> {
    walk: &'a Walk,
    sums: Scalar,
    found: Vec<Summand>,
}

impl Terms<'_> {
    fn add(&mut self, value: ValueId, mut so_far: Summand) -> Option<()> {
        let walk = self.walk;
        let scalar = walk.ty(value).scalar;
        if let Some(word) = walk.splat(value) {
            return self.push(so_far.times(scalar.extend(word), self.sums));
        }
        let Some((Op::Word(op), args)) = walk.simple(value) else {
            return self.push(so_far.by(value));
        };
        match (*op, args) {
            (WordOp::Cast, &[from]) if walk.ty(from).scalar == Scalar::Bool => {
                so_far.when.push(Condition::Is(from, true));
                self.push(so_far)
            }
            (WordOp::Cast, &[from]) if self.keeps(walk.ty(from).scalar, scalar) => {
                self.add(from, so_far)
            }
            (WordOp::Select, &[when, yes, no]) => {
                self.add(yes, so_far.clone().also(Condition::Is(when, true)))?;
                self.add(no, so_far.also(Condition::Is(when, false)))
            }
            (WordOp::Min | WordOp::Max, &[a, b]) => {
                use orders::{ANY, GREATER, LESS};
                let first = if *op == WordOp::Min { LESS } else { GREATER };
                self.add(a, so_far.clone().also(Condition::Order(first, a, b)))?;
                self.add(b, so_far.also(Condition::Order(ANY ^ first, a, b)))
            }
            (WordOp::Add, &[a, b]) if self.is_exact(value, *op, a, b) => {
                self.add(a, so_far.clone())?;
                self.add(b, so_far)
            }
            (WordOp::Sub, &[a, b])
                if self.is_exact(value, *op, a, b) || so_far.is_ordered(walk, a, b) =>
            {
                self.add(a, so_far.clone())?;
                self.add(b, so_far.times(Word::MAX, self.sums))
            }
            (WordOp::Mul, &[a, b]) if self.is_exact(value, *op, a, b) => {
                for factor in [a, b] {
                    so_far = match walk.splat(factor) {
                        Some(word) => so_far.times(scalar.extend(word), self.sums),
                        None => so_far.by(self.from(factor)),
                    };
                }
                self.push(so_far)
            }
            _ => self.push(so_far.by(value)),
        }
    }

    fn push(&mut self, term: Summand) -> Option<()> {
        if term.coefficient != 0 {
            self.found.push(term);
        }
        (self.found.len() <= MOST).then_some(())
    }

    /// Whether nothing of a result is cut off that would be seen in sums.
    fn is_exact(&self, value: ValueId, op: WordOp, a: ValueId, b: ValueId) -> bool {
        let width = self.walk.ty(value).scalar.width();
        width >= self.sums.width() || is_exact(self.walk, value, op, a, b)
    }

    /// What a factor was cast from, if it is the same in sums.
    fn from(&self, value: ValueId) -> ValueId {
        match self.walk.word_args(value, WordOp::Cast) {
            Some(&[from])
                if self.walk.ty(from).scalar != Scalar::Bool
                    && self.keeps(self.walk.ty(from).scalar, self.walk.ty(value).scalar) =>
            {
                from
            }
            _ => value,
        }
    }

    /// Whether words of a type are the same in sums without the cast to another.
    fn keeps(&self, from: Scalar, to: Scalar) -> bool {
        keeps_value(from, to) || to.width() >= self.sums.width()
    }
}

/// Whether a cast changes no integer.
fn keeps_value(from: Scalar, to: Scalar) -> bool {
    match (from.is_signed(), to.is_signed()) {
        (true, false) => false,
        (false, true) => from.width() < to.width(),
        _ => from.width() <= to.width(),
    }
}

/// Whether nothing of a result is cut off.
fn is_exact(walk: &Walk, value: ValueId, op: WordOp, a: ValueId, b: ValueId) -> bool {
    let scalar = walk.ty(value).scalar;
    let (Some((a, b)), true) = (bounds(walk, a).zip(bounds(walk, b)), scalar.width() < 127) else {
        return false;
    };
    let ends = match op {
        WordOp::Add => [a.0.checked_add(b.0), a.1.checked_add(b.1)],
        WordOp::Sub => [a.0.checked_sub(b.1), a.1.checked_sub(b.0)],
        // Of what is not negative.
        WordOp::Mul if a.0 >= 0 && b.0 >= 0 => [a.0.checked_mul(b.0), a.1.checked_mul(b.1)],
        _ => return false,
    };
    (ends.into_iter()).all(|end| end.is_some_and(|end| scalar.holds(Integer::from(end))))
}

/// The least and the greatest integer that a value can be.
fn bounds(walk: &Walk, value: ValueId) -> Option<(i128, i128)> {
    let known = &walk.all_values()[value.index()];
    let scalar = known.ty.scalar;
    match known.range {
        Some(range) => Some((range.lo, range.hi)),
        None => {
            let bits = scalar.width() - u32::from(scalar.is_signed());
            let most = (bits < 127).then(|| (1i128 << bits) - 1)?;
            Some((if scalar.is_signed() { -most - 1 } else { 0 }, most))
        }
    }
}

impl Summand {
    fn also(mut self, condition: Condition) -> Self {
        self.when.push(condition);
        self
    }

    fn by(mut self, factor: ValueId) -> Self {
        self.factors.push(factor);
        self
    }

    fn times(mut self, word: Word, sums: Scalar) -> Self {
        self.coefficient = sums.wrap(self.coefficient.wrapping_mul(word));
        self
    }

    /// Whether the conditions say that a word is no less than another.
    fn is_ordered(&self, walk: &Walk, a: ValueId, b: ValueId) -> bool {
        is_ordered(walk, &self.when, a, b)
    }
}

fn is_ordered(walk: &Walk, when: &[Condition], a: ValueId, b: ValueId) -> bool {
    (when.iter()).any(|condition| match *condition {
        Condition::Is(hit, holds) => order(walk, hit).is_some_and(|(orders, x, y)| {
            let orders = if holds { orders } else { orders::ANY ^ orders };
            is_no_less(orders, (x, y), (a, b))
        }),
        Condition::Order(orders, x, y) => is_no_less(orders, (x, y), (a, b)),
        Condition::Apart(..) => false,
    })
}

fn is_no_less(orders: u8, words: (ValueId, ValueId), asked: (ValueId, ValueId)) -> bool {
    let (a, b) = asked;
    words == (a, b) && orders & orders::LESS == 0
        || words == (b, a) && orders & orders::GREATER == 0
}

/// What a truth value says of the order of two words.
fn order(walk: &Walk, hit: ValueId) -> Option<(u8, ValueId, ValueId)> {
    let (Op::Word(op), &[a, b]) = walk.simple(hit)? else {
        return None;
    };
    let orders = match op {
        WordOp::Eq => orders::EQUAL,
        WordOp::Ne => orders::ANY ^ orders::EQUAL,
        WordOp::Lt => orders::LESS,
        WordOp::Le => orders::LESS | orders::EQUAL,
        _ => return None,
    };
    (walk.ty(a).scalar != Scalar::Bool).then_some((orders, a, b))
}

/// A term's conditions without "and" and "or" in them, where `is_own` says of what is left as it is; nothing if they are too many.
pub(super) fn split(
    walk: &Walk,
    term: &Summand,
    sums: Scalar,
    is_own: impl Fn(ValueId) -> bool,
) -> Option<Vec<Summand>> {
    let mut found = Vec::new();
    // Conditions that are still to be looked at, and the term with those that have been.
    let none = Summand {
        when: Vec::new(),
        ..term.clone()
    };
    let mut open = vec![(term.when.clone(), none)];
    while let Some((mut left, so_far)) = open.pop() {
        if found.len() + open.len() > MOST || so_far.when.len() > 2 * MOST {
            return None;
        }
        let Some(condition) = left.pop() else {
            found.push(so_far);
            continue;
        };
        let (hit, holds) = match condition {
            Condition::Is(hit, holds) => (hit, holds),
            Condition::Order(orders, a, b) => {
                let known = [&left[..], &so_far.when].concat();
                let parts = ordered(walk, &known, orders, a, b);
                if let [part] = &parts[..]
                    && let [one @ (Condition::Order(..) | Condition::Apart(..))] = part[..]
                {
                    open.push((left, so_far.also(one)));
                    continue;
                }
                for part in parts {
                    let left = [&left[..], &part].concat();
                    open.push((left, so_far.clone()));
                }
                continue;
            }
            Condition::Apart(..) => {
                open.push((left, so_far.also(condition)));
                continue;
            }
        };
        if let Some(word) = walk.splat(hit) {
            if (word != 0) == holds {
                open.push((left, so_far));
            }
            continue;
        }
        let is = |v, holds| Condition::Is(v, holds);
        // Parts are added, or taken away where they would count twice.
        let plus = |part: Vec<Condition>| (part, 1);
        let minus = |part: Vec<Condition>| (part, Word::MAX);
        let parts = match walk.simple(hit) {
            _ if is_own(hit) => Vec::new(),
            Some((Op::Word(WordOp::Not), &[of])) => vec![plus(vec![is(of, !holds)])],
            Some((Op::Word(op @ (WordOp::And | WordOp::Or)), &[a, b])) => {
                let both = |holds| vec![is(a, holds), is(b, holds)];
                match (op, holds) {
                    (WordOp::And, true) | (WordOp::Or, false) => vec![plus(both(holds))],
                    (WordOp::And, _) => vec![plus(Vec::new()), minus(both(true))],
                    _ => vec![
                        plus(vec![is(a, true)]),
                        plus(vec![is(b, true)]),
                        minus(both(true)),
                    ],
                }
            }
            Some((Op::Word(WordOp::Select), &[c, a, b])) => vec![
                plus(vec![is(c, true), is(a, holds)]),
                plus(vec![is(c, false), is(b, holds)]),
            ],
            _ => match order(walk, hit) {
                Some((orders, a, b)) => {
                    let orders = if holds { orders } else { orders::ANY ^ orders };
                    let known = [&left[..], &so_far.when].concat();
                    (ordered(walk, &known, orders, a, b).into_iter())
                        .map(plus)
                        .collect()
                }
                None => Vec::new(),
            },
        };
        if parts.is_empty() {
            open.push((left, so_far.also(condition)));
            continue;
        }
        for (part, sign) in parts {
            let mut left = left.clone();
            left.extend(part);
            open.push((left, so_far.clone().times(sign, sums)));
        }
    }
    Some(found)
}

/// How two words stand to each other, in parts of which each is a row of conditions, where others are known to hold: a choice between two in
/// each of its cases, and a difference as what it is of.
fn ordered(
    walk: &Walk,
    known: &[Condition],
    orders: u8,
    a: ValueId,
    b: ValueId,
) -> Vec<Vec<Condition>> {
    let whole = |v: ValueId| match walk.word_args(v, WordOp::Cast) {
        Some(&[from]) if keeps_value(walk.ty(from).scalar, walk.ty(v).scalar) => from,
        _ => v,
    };
    let as_it_is = vec![vec![Condition::Order(orders, a, b)]];
    let (a, b, orders) = match walk.splat(a) {
        Some(_) => (b, a, orders::turned(orders)),
        None => (a, b, orders),
    };
    let Some(word) = walk.splat(b) else {
        return as_it_is;
    };
    let Some(bound) = Integer::of(walk.ty(b).scalar, word).to_i128() else {
        return as_it_is;
    };
    let a = whole(a);
    match walk.simple(a) {
        Some((Op::Word(WordOp::Select), &[when, yes, no])) => {
            let case = |holds, v| vec![Condition::Is(when, holds), Condition::Order(orders, v, b)];
            // The bound is compared as the choice is.
            match walk.ty(a).scalar == walk.ty(b).scalar {
                true => vec![case(true, yes), case(false, no)],
                false => as_it_is,
            }
        }
        Some((Op::Word(WordOp::Sub), &[x, y]))
            if is_ordered(walk, known, x, y) || is_exact(walk, a, WordOp::Sub, x, y) =>
        {
            vec![vec![Condition::Apart(orders, x, y, bound)]]
        }
        _ => as_it_is,
    }
}
