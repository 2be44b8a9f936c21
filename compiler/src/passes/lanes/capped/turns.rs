//! Counters of a loop's body and the comparisons with them that turn once: a count only rises.

use crate::ir::{Node, Op};
use crate::passes::lanes::carried::Body;
use crate::passes::lanes::collect::rises::{public, widened};
use crate::passes::lanes::collect::writes::one_lane;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{Scalar, Word};

/// Conditions under which a counter counts, and values that are carried twice: more than anybody writes, and few enough to be looked
/// through for each.
pub const MOST: usize = 1 << 10;

/// A carried value to which one is added where some conditions hold, and comparisons with it of which each holds up to some row only.
pub struct Counter {
    pub k: usize,
    /// The comparisons with the lowest bound, and what they are below it.
    pub turns: SortedMap<ValueId, bool>,
    /// Those with other bounds, all of them higher.
    pub later: SortedMap<ValueId, bool>,
    pub bound: Bound,
    /// Whether it stops at the bound.
    pub stops: bool,
    /// The conditions, and what each must be.
    pub when: Vec<(ValueId, bool)>,
}

/// The first number that is not below a bound; it is the same in all iterations.
#[derive(Clone, Copy, PartialEq)]
pub enum Bound {
    Known(Word),
    Value(ValueId),
}

/// A comparison of a counter, and what it is below its bound.
struct Turn {
    at: ValueId,
    below: bool,
    bound: Bound,
}

impl Body<'_> {
    /// Carried value `k`, if it is a counter that is compared with bounds, as one that counts on behind each of them; first those at which it
    /// stops.
    pub(super) fn counters(&self, walk: &Walk, node: &Node, n: u64, k: usize) -> Vec<Counter> {
        let (init, param) = (node.args[k], self.region.params[k + 1]);
        let ty = walk.ty(init);
        let mut when = Vec::new();
        let counts = self.counts(param, self.region.results[k], &mut when);
        if ty.scalar == Scalar::Bool || !ty.secret || counts.is_none() {
            return Vec::new();
        }
        let turns = self.turns(walk, init, param, &when);
        let stops = |turn: &Turn| when.contains(&(turn.at, turn.below));
        let (stopping, going): (Vec<_>, Vec<_>) = turns.iter().partition(|turn| stops(turn));
        // It begins anew nowhere.
        let rises = match (walk.splat(init), ty.scalar.is_signed()) {
            _ if !stopping.is_empty() => true,
            (Some(init), false) => init.saturating_add(n.into()) <= ty.scalar.mask(),
            _ => false,
        };
        let (dependent, _) = self.dependent(param);
        let waits = when.iter().any(|(id, _)| dependent.contains(id));
        let mut bounds: Vec<(Bound, bool)> = Vec::new();
        let all = (stopping.iter().map(|turn| (turn.bound, true)))
            .chain(going.iter().map(|turn| (turn.bound, false)));
        for (bound, stops) in all {
            let is_meant = stops || (rises && waits && matches!(bound, Bound::Known(_)));
            if is_meant && bounds.iter().all(|(other, _)| *other != bound) {
                bounds.push((bound, stops));
            }
        }
        let as_below = |is_meant: &dyn Fn(Bound) -> bool| {
            let meant = turns.iter().filter(|turn| is_meant(turn.bound));
            meant.map(|turn| (turn.at, turn.below)).collect()
        };
        let counter = |(bound, stops): (Bound, bool)| Counter {
            k,
            turns: as_below(&|other| other == bound),
            later: as_below(&|other| match (bound, other) {
                (Bound::Known(bound), Bound::Known(other)) => {
                    ordered(ty.scalar, bound) < ordered(ty.scalar, other)
                }
                _ => false,
            }),
            bound,
            stops,
            when: when.clone(),
        };
        bounds.into_iter().map(counter).collect()
    }

    /// The comparisons of a counter that turn once while it rises, by one at a time under some conditions.
    fn turns(
        &self,
        walk: &Walk,
        init: ValueId,
        param: ValueId,
        when: &[(ValueId, bool)],
    ) -> Vec<Turn> {
        let scalar = walk.ty(init).scalar;
        let begins = walk.splat(init);
        let largest = scalar.mask() >> u32::from(scalar.is_signed());
        let is_n = |id| id == param || (!scalar.is_signed() && widened(self, id) == param);
        let bound = |id: ValueId, of: ValueId, more: bool| {
            let is_same = |id| !(self.def.contains_key(&id) || self.region.params.contains(&id));
            match self.splats.get(&public(self, id)) {
                // One more than the largest number would begin anew.
                Some(&word) if more => (word != largest && word <= scalar.mask())
                    .then(|| Bound::Known(scalar.wrap(word + 1))),
                Some(&word) => (word <= scalar.mask()).then_some(Bound::Known(word)),
                None => (of == param && !more && is_same(id)).then_some(Bound::Value(id)),
            }
        };
        let mut turns = Vec::new();
        for (at, node) in self.region.nodes.iter().enumerate() {
            let (Op::Word(op), &[a, b], &[id]) = (&node.op, &node.args[..], &node.results[..])
            else {
                continue;
            };
            let (of, other) = match (is_n(a), is_n(b)) {
                (true, false) => (a, b),
                (false, true) => (b, a),
                _ => continue,
            };
            let turn = match op {
                WordOp::Lt => bound(other, of, of == b).map(|bound| (of == a, bound)),
                WordOp::Le => bound(other, of, of == a).map(|bound| (of == a, bound)),
                WordOp::Eq | WordOp::Ne => match (bound(other, of, false), begins) {
                    (Some(Bound::Known(word)), Some(begins)) if word == begins => {
                        bound(other, of, true).map(|bound| (*op == WordOp::Eq, bound))
                    }
                    // It comes to the bound and stays there.
                    (Some(Bound::Known(word)), Some(begins)) => {
                        let below = *op == WordOp::Ne;
                        let begins_below = ordered(scalar, begins) < ordered(scalar, word);
                        (begins_below && when.contains(&(id, below)))
                            .then_some((below, Bound::Known(word)))
                    }
                    _ => None,
                },
                _ => None,
            };
            if let (true, Some((below, bound))) = (self.live[at], turn) {
                turns.push(Turn {
                    at: id,
                    below,
                    bound,
                });
            }
        }
        turns
    }

    /// What conditions are if some are known.
    pub(super) fn fixed<'k>(
        &self,
        known: impl Iterator<Item = (&'k ValueId, &'k bool)>,
    ) -> SortedMap<ValueId, bool> {
        let mut fixed: SortedMap<ValueId, bool> = known.map(|(id, is)| (*id, *is)).collect();
        for node in &self.region.nodes {
            let (Op::Word(op), &[id]) = (&node.op, &node.results[..]) else {
                continue;
            };
            let of = |at: usize| fixed.get(&node.args[at]).copied();
            let is = match op {
                WordOp::Not => of(0).map(|is| !is),
                WordOp::And => match (of(0), of(1)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (a, b) => a.and(b),
                },
                WordOp::Or => match (of(0), of(1)) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (a, b) => a.and(b),
                },
                _ => None,
            };
            if let Some(is) = is {
                fixed.entry(id).or_insert(is);
            }
        }
        fixed
    }

    /// All that depends on a carried value, through other carried ones too.
    pub(super) fn dependent_in_all(&self, k: usize) -> SortedSet<ValueId> {
        let mut all = SortedSet::new();
        let mut open = vec![k];
        while let Some(k) = open.pop() {
            let param = self.region.params[k + 1];
            if !all.insert(param) {
                continue;
            }
            all.extend(self.dependent(param).0);
            let reached = self.region.results.iter().enumerate();
            open.extend(reached.filter(|(_, id)| all.contains(id)).map(|(k, _)| k));
        }
        all
    }

    /// Under which conditions a value is one more than the carried one, which it is otherwise.
    fn counts(
        &self,
        param: ValueId,
        value: ValueId,
        when: &mut Vec<(ValueId, bool)>,
    ) -> Option<()> {
        let node = self.node(value)?;
        match (&node.op, &node.args[..]) {
            (Op::Word(WordOp::Select), &[condition, yes, no]) => {
                let (holds, more) = match (yes == param, no == param) {
                    (false, true) => (true, yes),
                    (true, false) => (false, no),
                    _ => return None,
                };
                self.literals(condition, holds, when)?;
                self.counts(param, more, when)
            }
            (Op::Word(WordOp::Add), &[a, b]) => {
                let more = match (a == param, b == param) {
                    (true, false) => b,
                    (false, true) => a,
                    _ => return None,
                };
                if self.splats.get(&more) == Some(&1) {
                    return Some(());
                }
                let cast = self.node(more)?;
                match (&cast.op, &cast.args[..]) {
                    (Op::Word(WordOp::Cast), &[hit])
                        if self.types.get(&hit)?.scalar == Scalar::Bool =>
                    {
                        self.literals(hit, true, when)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The conditions of which a conjunction consists.
    pub(super) fn literals(
        &self,
        condition: ValueId,
        holds: bool,
        out: &mut Vec<(ValueId, bool)>,
    ) -> Option<()> {
        let condition = one_lane(self, condition).unwrap_or(condition);
        let node = self.node(condition);
        match node.map(|node| (&node.op, &node.args[..])) {
            Some((Op::Word(WordOp::And), &[a, b])) if holds => {
                self.literals(a, true, out)?;
                self.literals(b, true, out)
            }
            Some((Op::Word(WordOp::Or), &[a, b])) if !holds => {
                self.literals(a, false, out)?;
                self.literals(b, false, out)
            }
            Some((Op::Word(WordOp::Not), &[a])) => self.literals(a, !holds, out),
            _ => {
                out.push((condition, holds));
                (out.len() <= MOST).then_some(())
            }
        }
    }
}

/// A word as a number that is larger where the integer is.
pub fn ordered(scalar: Scalar, word: Word) -> Word {
    match scalar.is_signed() {
        true => scalar.extend(word) ^ (1 << (Word::BITS - 1)),
        false => word,
    }
}
