//! What a loop does with each value that it carries: recognises accumulators, arrays filled by position, and searches.
//!
//! The answers are about the body alone and hold for any number of iterations; whether they suffice to run all
//! iterations at once is decided by the caller, who also checks the indices of arrays.

use crate::ir::{Node, Op, Region, Ty};
use crate::passes::rewrite::{Walk, free_uses, is_droppable};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Word};

/// A loop's body with what the analysis looks up.
pub struct Body<'a> {
    /// The region.
    pub region: &'a Region,
    /// The node that defines a value of the body.
    pub def: SortedMap<ValueId, usize>,
    /// What each node uses, nested regions included.
    pub uses: Vec<Vec<ValueId>>,
    /// Whether anything needs the node.
    pub live: Vec<bool>,
    /// The types of all values that the body defines or uses.
    pub(super) types: SortedMap<ValueId, Ty>,
    /// The words of those that hold one known word in all lanes.
    pub(super) splats: SortedMap<ValueId, Word>,
}

/// How a carried value changes from iteration to iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// It never changes.
    Constant,
    /// `acc = acc op x`, by steps in order. If `pure`, nothing else looks at it.
    Fold {
        /// The operator.
        op: WordOp,
        /// What is folded in, per step.
        steps: Vec<Step>,
        /// Whether the accumulator is used for nothing else.
        pure: bool,
    },
    /// An array of which elements are replaced at public indices, by scatters in order; all else that looks at it are
    /// gathers of its state at the start of the iteration.
    Write {
        /// The scatters, first to last.
        puts: Vec<Put>,
        /// The gathers (indices of the body's nodes).
        gathers: Vec<usize>,
        /// All nodes that hand the array on: scatters, and choices between it and its former state.
        links: SortedSet<usize>,
    },
    /// An array of which one element at a secret index is folded with something that does not depend on the array:
    /// `h[i] = h[i] op x`.
    Tally(Tally),
    /// The latest of the values that are taken under conditions.
    Latest {
        /// What is taken, first to last.
        steps: Vec<Taken>,
        /// Whether the carried value is used for nothing else.
        pure: bool,
    },
    /// `if x better than best { best = x; … }`: the leader of a search.
    Search {
        /// The comparison as the body has it.
        compare: WordOp,
        /// Whether the carried value is the comparison's left operand.
        carried_left: bool,
        /// Whether the new value is taken where the comparison holds (else where it does not).
        when: bool,
        /// What has to hold of a candidate besides.
        also: Option<ValueId>,
        /// The candidate.
        candidate: ValueId,
        /// What else is taken along: (carried value, its candidate).
        others: Vec<(usize, ValueId)>,
    },
    /// Taken along by the search with the given leader.
    Follower(usize),
    /// Anything else.
    Sequential,
}

/// A scatter and when it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    /// Index of the body's node.
    pub at: usize,
    /// Public truth values of one lane, and what each must be.
    pub when: Vec<(ValueId, bool)>,
}

/// How an element at a secret index changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// The operator.
    pub op: WordOp,
    /// The index.
    pub index: ValueId,
    /// Lanes per element.
    pub block: u64,
    /// What is folded in.
    pub steps: Vec<Step>,
    /// Single lanes, and what each must be for it to be done.
    pub when: Vec<(ValueId, bool)>,
}

/// What one step folds into an accumulator.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A value.
    Value(ValueId),
    /// The negative of a value.
    Negative(ValueId),
    /// One thing where a condition holds, another (or nothing) where it does not.
    Choice(ValueId, Vec<Step>, Vec<Step>),
}

impl Step {
    /// The values of the body that it needs.
    pub fn needs(&self, out: &mut Vec<ValueId>) {
        match self {
            Self::Value(id) | Self::Negative(id) => out.push(*id),
            Self::Choice(cond, then, otherwise) => {
                out.push(*cond);
                for step in then.iter().chain(otherwise) {
                    step.needs(out);
                }
            }
        }
    }
}

/// A value that is taken if all of some conditions hold, or do not.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Truth values, and what each must be.
    pub when: Vec<(ValueId, bool)>,
    /// What is taken.
    pub value: ValueId,
}

impl Taken {
    /// Whether something holds for all values of the body that it needs.
    pub fn needs_all(&self, holds: impl Fn(&ValueId) -> bool) -> bool {
        holds(&self.value) && self.when.iter().all(|(when, _)| holds(when))
    }
}

impl<'a> Body<'a> {
    /// Indexes a body and finds what is needed in it.
    pub fn new(walk: &mut Walk, region: &'a Region) -> Self {
        let mut def = SortedMap::new();
        let mut uses = Vec::with_capacity(region.nodes.len());
        let mut constants: SortedMap<ValueId, &ConstVec> = SortedMap::new();
        for (at, node) in region.nodes.iter().enumerate() {
            for &result in &node.results {
                def.insert(result, at);
            }
            if let Op::Const(words) = &node.op {
                constants.insert(node.results[0], words);
            }
            uses.push(free_uses(node));
        }
        let mut live = vec![false; region.nodes.len()];
        let mut needed: SortedSet<ValueId> = region.results.iter().copied().collect();
        for (at, node) in region.nodes.iter().enumerate().rev() {
            let constant = |id: ValueId| constants.get(&id).copied().or_else(|| walk.constant(id));
            live[at] = node.results.iter().any(|id| needed.contains(id))
                || !is_droppable(node, &constant, walk.all_values());
            if live[at] {
                needed.extend(&uses[at]);
            }
        }
        let mut types = SortedMap::new();
        let own = region.nodes.iter().flat_map(|node| &node.results);
        for &id in region.params.iter().chain(uses.iter().flatten()).chain(own) {
            types.insert(id, walk.ty(id));
        }
        let word = |id: ValueId| match constants.get(&id) {
            Some(ConstVec::Splat { word, .. }) => Some(*word),
            Some(_) => None,
            None => walk.splat(id),
        };
        let splats = (types.keys())
            .filter_map(|&id| Some((id, word(id)?)))
            .collect();
        Self {
            region,
            def,
            uses,
            live,
            types,
            splats,
        }
    }

    pub(super) fn node(&self, id: ValueId) -> Option<&'a Node> {
        self.def.get(&id).map(|&at| &self.region.nodes[at])
    }

    /// All that depends on a carried value, itself included, and the nodes that look at any of it.
    pub(super) fn dependent(&self, param: ValueId) -> (SortedSet<ValueId>, SortedSet<usize>) {
        let mut dependent = SortedSet::from([param]);
        let mut nodes = SortedSet::new();
        for (at, node) in self.region.nodes.iter().enumerate() {
            if self.live[at] && self.uses[at].iter().any(|id| dependent.contains(id)) {
                dependent.extend(&node.results);
                nodes.insert(at);
            }
        }
        (dependent, nodes)
    }

    /// Classifies carried value `k`; `Follower` and the leader's `others` are found by [`searches`].
    pub fn classify(&self, k: usize) -> Class {
        let (param, result) = (self.region.params[k + 1], self.region.results[k]);
        if param == result {
            return Class::Constant;
        }
        let (dependent, nodes) = self.dependent(param);
        let mut chain = Chain {
            body: self,
            dependent: &dependent,
            consumed: SortedSet::new(),
        };
        if let Some((op, steps)) = chain.fold(param, result) {
            let elsewhere = (self.region.results.iter().enumerate())
                .any(|(j, id)| j != k && dependent.contains(id));
            let pure = !elsewhere && nodes.is_subset(&chain.consumed);
            return Class::Fold { op, steps, pure };
        }
        if let Some(latest) = self.latest(k, param, result, &dependent) {
            return latest;
        }
        self.write(k, param, result, &dependent)
            .or_else(|| self.tally(k, param, result, &dependent))
            .unwrap_or(Class::Sequential)
    }
}

/// Finds searches among the carried values that are sequential by themselves.
pub fn searches(body: &Body<'_>, classes: &mut [Class]) {
    let params = &body.region.params[1..];
    for leader in 0..classes.len() {
        let open = |class: &Class| {
            matches!(
                class,
                Class::Sequential | Class::Latest { .. } | Class::Fold { pure: false, .. }
            )
        };
        if !open(&classes[leader]) {
            continue;
        }
        let (best, next) = (params[leader], body.region.results[leader]);
        // The one comparison of the carried value with a candidate.
        let mut compares = (0..body.region.nodes.len()).filter(|&at| {
            let node = &body.region.nodes[at];
            body.live[at]
                && matches!(node.op, Op::Word(WordOp::Lt | WordOp::Le))
                && node.args.contains(&best)
        });
        let (Some(at), None) = (compares.next(), compares.next()) else {
            continue;
        };
        let node = &body.region.nodes[at];
        let carried_left = node.args[0] == best;
        let candidate = node.args[usize::from(carried_left)];
        let Op::Word(compare) = node.op else { continue };
        let cond = node.results[0];
        // What has to hold besides where the choices are made by the comparison and that.
        let asked = body.node(next).map(|node| (&node.op, &node.args[..]));
        let both = match asked {
            Some((Op::Word(WordOp::Select), &[c, _, y])) if c != cond && y == best => Some(c),
            _ => None,
        };
        let parts = both.and_then(|both| body.node(both));
        let also = match parts.map(|node| (&node.op, &node.args[..])) {
            Some((Op::Word(WordOp::And), &[a, b])) => match (a, b) {
                _ if a == cond => Some(b),
                _ if b == cond => Some(a),
                _ => continue,
            },
            Some(_) => continue,
            None => None,
        };
        let chooses = both.unwrap_or(cond);
        // `best` grows if it is taken when it is the smaller one.
        let choice = |id: ValueId, param: ValueId| -> Option<(ValueId, bool)> {
            let node = body.node(id)?;
            match (&node.op, &node.args[..]) {
                (Op::Word(WordOp::Select), &[c, x, y]) if c == chooses => {
                    if y == param {
                        Some((x, true))
                    } else if x == param {
                        Some((y, false))
                    } else {
                        None
                    }
                }
                _ => None,
            }
        };
        let Some((taken, when)) = choice(next, best) else {
            continue;
        };
        if taken != candidate || candidate == best {
            continue;
        }
        let mut others = Vec::new();
        let mut members = SortedSet::from([best]);
        let mut selects = SortedSet::from([next, cond, chooses]);
        for (j, class) in classes.iter().enumerate() {
            if j == leader || !open(class) {
                continue;
            }
            if let Some((value, same)) = choice(body.region.results[j], params[j])
                && same == when
            {
                others.push((j, value));
                members.insert(params[j]);
                selects.insert(body.region.results[j]);
            }
        }
        // Nothing else may look at any of them.
        let clean = (body.region.nodes.iter().enumerate()).all(|(at, node)| {
            !body.live[at]
                || node.results.iter().any(|id| selects.contains(id))
                || !body.uses[at]
                    .iter()
                    .any(|id| members.contains(id) || selects.contains(id))
        });
        let is_free = |value: &ValueId| !members.contains(value) && !selects.contains(value);
        let candidates_free = others.iter().all(|(_, value)| is_free(value))
            && !selects.contains(&candidate)
            && also.is_none_or(|also| is_free(&also));
        let single_use = (0..classes.len()).all(|j| {
            let id = body.region.results[j];
            j == leader
                || others.iter().any(|(other, _)| *other == j)
                || !(members.contains(&id) || selects.contains(&id))
        });
        if !clean || !candidates_free || !single_use {
            continue;
        }
        for (j, _) in &others {
            classes[*j] = Class::Follower(leader);
        }
        classes[leader] = Class::Search {
            compare,
            carried_left,
            when,
            also,
            candidate,
            others,
        };
    }
}

pub(super) struct Chain<'b, 'a> {
    pub(super) body: &'b Body<'a>,
    pub(super) dependent: &'b SortedSet<ValueId>,
    /// The nodes that the chain consists of.
    pub(super) consumed: SortedSet<usize>,
}

impl Chain<'_, '_> {
    /// The steps of one operator that lead from `base` to `value`, first to last.
    pub(super) fn fold(&mut self, base: ValueId, value: ValueId) -> Option<(WordOp, Vec<Step>)> {
        let (mut at, mut steps, mut found) = (value, Vec::new(), None);
        while at != base {
            let (next, op, step) = self.back(at)?;
            if *found.get_or_insert(op) != op {
                return None;
            }
            steps.push(step);
            at = next;
        }
        steps.reverse();
        Some((found?, steps))
    }

    /// One step back: `value = previous op step`.
    fn back(&mut self, value: ValueId) -> Option<(ValueId, WordOp, Step)> {
        let at = *self.body.def.get(&value)?;
        let node = &self.body.region.nodes[at];
        let depends = |id: &ValueId| self.dependent.contains(id);
        match (&node.op, &node.args[..]) {
            (Op::Word(op), &[a, b]) if op.is_associative() => {
                let (carried, x) = match (depends(&a), depends(&b)) {
                    (true, false) => (a, b),
                    (false, true) => (b, a),
                    _ => return None,
                };
                self.consumed.insert(at);
                Some((carried, *op, Step::Value(x)))
            }
            (Op::Word(WordOp::Sub), &[a, b]) if depends(&a) && !depends(&b) => {
                self.consumed.insert(at);
                Some((a, WordOp::Add, Step::Negative(b)))
            }
            (Op::Word(WordOp::Select), &[c, x, y]) => {
                self.consumed.insert(at);
                if depends(&c) {
                    self.extreme(c, x, y)
                } else {
                    self.choice(c, x, y)
                }
            }
            _ => None,
        }
    }

    /// `c ? x : y` where `c` compares the two: the smaller or larger of them. Where something else is to hold as well, nothing is
    /// folded in if it does not.
    pub(super) fn extreme(
        &mut self,
        c: ValueId,
        x: ValueId,
        y: ValueId,
    ) -> Option<(ValueId, WordOp, Step)> {
        let at = *self.body.def.get(&c)?;
        let node = &self.body.region.nodes[at];
        if let (Op::Word(also @ (WordOp::And | WordOp::Or)), &[a, b]) = (&node.op, &node.args[..]) {
            let (other, compares) = match (self.dependent.contains(&a), self.dependent.contains(&b))
            {
                (true, false) => (b, a),
                (false, true) => (a, b),
                _ => return None,
            };
            let (carried, op, step) = self.extreme(compares, x, y)?;
            let step = match also {
                WordOp::And if carried == y => Step::Choice(other, vec![step], Vec::new()),
                WordOp::Or if carried == x => Step::Choice(other, Vec::new(), vec![step]),
                _ => return None,
            };
            self.consumed.insert(at);
            return Some((carried, op, step));
        }
        let Op::Word(WordOp::Lt | WordOp::Le) = node.op else {
            return None;
        };
        let op = match node.args[..] {
            [a, b] if (a, b) == (x, y) => WordOp::Min,
            [a, b] if (a, b) == (y, x) => WordOp::Max,
            _ => return None,
        };
        let (carried, other) = match (self.dependent.contains(&x), self.dependent.contains(&y)) {
            (true, false) => (x, y),
            (false, true) => (y, x),
            _ => return None,
        };
        self.consumed.insert(at);
        Some((carried, op, Step::Value(other)))
    }

    /// `c ? x : y` where one of the two leads to the other, or both lead to one value.
    fn choice(&mut self, c: ValueId, x: ValueId, y: ValueId) -> Option<(ValueId, WordOp, Step)> {
        if !(self.dependent.contains(&x) && self.dependent.contains(&y)) {
            return None;
        }
        if let Some((op, steps)) = self.fold_within(y, x) {
            return Some((y, op, Step::Choice(c, steps, vec![])));
        }
        if let Some((op, steps)) = self.fold_within(x, y) {
            return Some((x, op, Step::Choice(c, vec![], steps)));
        }
        let (base, op, then) = self.back(x)?;
        let (other, op2, otherwise) = self.back(y)?;
        (base == other && op == op2)
            .then(|| (base, op, Step::Choice(c, vec![then], vec![otherwise])))
    }

    /// As [`Chain::fold`], giving up after a few steps, so that chains of choices cost linear time.
    fn fold_within(&mut self, base: ValueId, value: ValueId) -> Option<(WordOp, Vec<Step>)> {
        let (mut at, mut steps, mut found) = (value, Vec::new(), None);
        let before = self.consumed.clone();
        for _ in 0..4 {
            if at == base {
                steps.reverse();
                return Some((found?, steps));
            }
            let Some((next, op, step)) = self.back(at) else {
                break;
            };
            if *found.get_or_insert(op) != op {
                break;
            }
            steps.push(step);
            at = next;
        }
        if at == base && found.is_some() {
            steps.reverse();
            return Some((found?, steps));
        }
        self.consumed = before;
        None
    }
}
