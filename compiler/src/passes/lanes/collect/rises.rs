//! How a counter rises in an iteration: by one, wherever certain conditions hold.

use crate::ir::{Node, Op};
use crate::passes::algebra::holds_all;
use crate::passes::lanes::carried::Body;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Scalar, Word};

/// More steps are not followed.
const MAX_STEPS: u32 = 256;

/// Single lanes of which each must be true or false: by what they say, a lane that says it.
#[derive(Clone, Debug, Default)]
pub struct Conds(SortedMap<(Said, bool), (ValueId, bool)>);

/// What a condition says. Of a comparison there are forms that say the same of the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Itself(ValueId),
    Less(ValueId, ValueId),
    Equal(ValueId, ValueId),
}

impl PartialEq for Conds {
    fn eq(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

/// A value and what is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub root: ValueId,
    pub offset: i128,
}

/// A counter rises by one from what it was.
#[derive(Clone, Debug)]
pub struct Rise {
    pub at: Place,
    pub conds: Conds,
}

impl Conds {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a condition, conjunctions as their parts.
    pub fn add(&mut self, body: &Body<'_>, cond: ValueId, holds: bool) {
        let mut open = vec![(cond, holds)];
        while let Some((cond, holds)) = open.pop() {
            match (
                body.node(cond).map(|node| (&node.op, &node.args[..])),
                holds,
            ) {
                (Some((Op::Word(WordOp::Not), &[inner])), _) => open.push((inner, !holds)),
                (Some((Op::Word(WordOp::And), &[a, b])), true)
                | (Some((Op::Word(WordOp::Or), &[a, b])), false) => {
                    open.extend([(a, holds), (b, holds)]);
                }
                (Some((Op::MakeSecret, &[inner])), _) => open.push((inner, holds)),
                (node, _) => {
                    let (said, same) = match node {
                        Some((Op::Word(WordOp::Lt), &[a, b])) => (Said::Less(a, b), true),
                        Some((Op::Word(WordOp::Le), &[a, b])) => (Said::Less(b, a), false),
                        Some((Op::Word(WordOp::Eq), &[a, b])) => {
                            (Said::Equal(a.min(b), a.max(b)), true)
                        }
                        Some((Op::Word(WordOp::Ne), &[a, b])) => {
                            (Said::Equal(a.min(b), a.max(b)), false)
                        }
                        _ => (Said::Itself(cond), true),
                    };
                    self.0.insert((said, holds == same), (cond, holds));
                }
            }
        }
    }

    fn with(&self, body: &Body<'_>, cond: ValueId, holds: bool) -> Self {
        let mut all = self.clone();
        all.add(body, cond, holds);
        all
    }

    /// Whether the others imply all of these.
    pub fn is_part_of(&self, others: &Self) -> bool {
        self.0.keys().all(|one| others.0.contains_key(one))
    }

    /// Whether all hold.
    pub fn emit(&self, walk: &mut Walk, renamed: &SortedMap<ValueId, ValueId>) -> ValueId {
        let mut all: Option<ValueId> = None;
        for &(id, holds) in self.0.values() {
            let mut cond = renamed.get(&id).copied().unwrap_or(id);
            if !holds {
                cond = walk.word(WordOp::Not, &[cond]);
            }
            all = Some(match all {
                None => cond,
                Some(before) => walk.word(WordOp::And, &[before, cond]),
            });
        }
        all.unwrap_or_else(|| walk.splat_of(super::TRUTH, 1))
    }
}

/// The rises that lead from a counter to what it is after the iteration, first to last.
pub fn rises(body: &Body<'_>, param: ValueId, result: ValueId) -> Option<Vec<Rise>> {
    if param == result {
        return None;
    }
    let mut finder = Finder {
        body,
        steps: MAX_STEPS,
    };
    let base = Place {
        root: param,
        offset: 0,
    };
    finder.path(result, base, &Conds::new())
}

struct Finder<'b, 'a> {
    body: &'b Body<'a>,
    steps: u32,
}

impl Finder<'_, '_> {
    fn path(&mut self, value: ValueId, base: Place, when: &Conds) -> Option<Vec<Rise>> {
        self.steps = self.steps.checked_sub(1)?;
        let to = norm(self.body, value)?;
        let sure = |from: i128| {
            (from..to.offset).map(|offset| Rise {
                at: Place {
                    root: to.root,
                    offset,
                },
                conds: when.clone(),
            })
        };
        if to.root == base.root {
            let few = to.offset - base.offset <= 16;
            return (base.offset <= to.offset && few).then(|| sure(base.offset).collect());
        }
        if !(0..=16).contains(&to.offset) {
            return None;
        }
        let node = self.body.node(to.root)?;
        let mut found = match (&node.op, &node.args[..]) {
            (Op::Word(WordOp::Add), &[a, b]) => {
                let (from, cond) = match (self.bit(a), self.bit(b)) {
                    (_, Some(cond)) => (a, cond),
                    (Some(cond), None) => (b, cond),
                    (None, None) => return None,
                };
                let mut found = self.path(from, base, when)?;
                found.push(Rise {
                    at: norm(self.body, from)?,
                    conds: when.with(self.body, cond.0, cond.1),
                });
                found
            }
            (Op::Word(WordOp::Select), &[cond, then, otherwise]) => {
                let (yes, no) = (
                    when.with(self.body, cond, true),
                    when.with(self.body, cond, false),
                );
                let meet = |finder: &mut Self, from, to, when: &Conds| {
                    let to = norm(finder.body, to)?;
                    finder.path(from, to, when)
                };
                if let Some(inner) = meet(self, then, otherwise, &yes) {
                    let mut found = self.path(otherwise, base, when)?;
                    found.extend(inner);
                    found
                } else if let Some(inner) = meet(self, otherwise, then, &no) {
                    let mut found = self.path(then, base, when)?;
                    found.extend(inner);
                    found
                } else {
                    let mut found = self.path(then, base, &yes)?;
                    found.extend(self.path(otherwise, base, &no)?);
                    found
                }
            }
            _ => return None,
        };
        found.extend(sure(0));
        Some(found)
    }

    /// The condition that a number is one, if it is zero otherwise.
    fn bit(&self, id: ValueId) -> Option<(ValueId, bool)> {
        let body = self.body;
        let node = body.node(widened(body, id));
        match node.map(|node| (&node.op, &node.args[..])) {
            Some((Op::Word(WordOp::Cast), &[cond])) => {
                (body.types.get(&cond)?.scalar == Scalar::Bool).then_some((cond, true))
            }
            Some((Op::Word(WordOp::Select), &[cond, a, b])) => {
                let word = |id| body.splats.get(&public(body, id)).copied();
                match (word(a), word(b)) {
                    (Some(1), Some(0)) => Some((cond, true)),
                    (Some(0), Some(1)) => Some((cond, false)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// A value as another plus a constant.
pub fn norm(body: &Body<'_>, id: ValueId) -> Option<Place> {
    let (mut root, mut offset) = (id, 0i128);
    for _ in 0..MAX_STEPS {
        root = widened(body, root);
        let Some(node) = body.node(root) else { break };
        let scalar = body.types.get(&root)?.scalar;
        let small = |id: ValueId| -> Option<i128> {
            let word = *body.splats.get(&public(body, id))?;
            let negative = scalar.wrap((word as i128).wrapping_neg() as Word);
            match (word <= 16, negative <= 16) {
                (true, _) => Some(word as i128),
                (false, true) => Some(-(negative as i128)),
                _ => None,
            }
        };
        let next = match (&node.op, &node.args[..]) {
            (Op::Word(WordOp::Add), &[a, b]) => match (small(a), small(b)) {
                (_, Some(by)) => Some((a, by)),
                (Some(by), None) => Some((b, by)),
                (None, None) => None,
            },
            (Op::Word(WordOp::Sub), &[a, b]) => small(b).map(|by| (a, -by)),
            _ => None,
        };
        let Some((from, by)) = next else { break };
        (root, offset) = (from, offset + by);
    }
    Some(Place { root, offset })
}

/// What a value was before conversions that keep every integer.
pub fn widened(body: &Body<'_>, id: ValueId) -> ValueId {
    let mut at = id;
    while let Some(node) = body.node(at)
        && node.op == Op::Word(WordOp::Cast)
        && widens(body, node)
    {
        at = node.args[0];
    }
    at
}

/// The public value of which this is the secret form.
pub fn public(body: &Body<'_>, id: ValueId) -> ValueId {
    match body.node(id).map(|node| (&node.op, &node.args[..])) {
        Some((Op::MakeSecret, &[public])) => public,
        _ => id,
    }
}

fn widens(body: &Body<'_>, cast: &Node) -> bool {
    match (
        body.types.get(&cast.args[0]),
        body.types.get(&cast.results[0]),
    ) {
        (Some(from), Some(into)) => {
            from.scalar != Scalar::Bool && holds_all(into.scalar, from.scalar)
        }
        _ => false,
    }
}
