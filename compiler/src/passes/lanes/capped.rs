//! Counters count on behind a bound, and what looks at them looks at the bound.
//!
//! ```text
//! before: n' = loop 1000 0 { (i, n) h = gather hits, i   c = and h, (lt n, 5)   r = select c, (add n, 1), n   yield r }
//! after:  m' = loop 1000 0 { (i, m) h = gather hits, i   r = add m, (cast h)   yield r }   n' = min m', 5
//! ```
//!
//! So what is done for the first few rows that meet a condition is done for all rows at once: how many met it before is a
//! scan. The count that goes on is wide enough for all iterations.
//!
//! A count only rises, so that a comparison with it holds up to some row and no longer. Up to there all is as if it held in every
//! row: that is the count that goes on, together with what its conditions follow from, which is carried once more.
//!
//! ```text
//! before: l', n' = loop N 0 0 { (i, l, n)      c = and (ne x, l), (lt n, 5)   k = select c, x, l   r = add n, (cast c)   yield k, r }
//! after:  l', m', f' = loop N 0 0 0 { (i, l, m, f)  d = ne x, f   c = and d, (lt m, 5)   k = select c, x, l   r = add m, (cast d)   g = select d, x, f   yield k, r, g }
//! ```

mod turns;

use super::carried::Body;
use super::straight::{again, renewed};
use super::{acts, if_nothing_is_left, vectorise};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{Scalar, Word};
use turns::{Bound, Counter, MOST, ordered};

/// Emits the loop with counters that count on, if no loop is left of it then; its results.
pub fn capped(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Vec<ValueId>> {
    if (0..node.args.len()).all(|k| body.counters(walk, node, n, k).is_empty()) {
        return None;
    }
    if_nothing_is_left(walk, node, |walk| {
        let mut stopped = Vec::new();
        let (mut counting, cap) = counted(walk, node, n, body)?;
        stopped.extend(cap);
        loop {
            let body = Body::new(walk, &counting.regions[0]);
            let Some((after, cap)) = counted(walk, &counting, n, &body) else {
                break;
            };
            stopped.extend(cap);
            counting = after;
        }
        let mut results = vectorise(walk, &counting, n)?;
        results.truncate(node.args.len());
        for (k, cap) in stopped {
            results[k] = cap.of(walk, results[k]);
        }
        Some(results)
    })
}

/// The loop with one counter that counts on, if there is one; which it is and how it is read, if it stops.
fn counted(
    walk: &mut Walk,
    node: &Node,
    n: u64,
    body: &Body<'_>,
) -> Option<(Node, Option<(usize, Cap)>)> {
    (0..node.args.len()).find_map(|k| {
        let counters = body.counters(walk, node, n, k);
        counters
            .iter()
            .find_map(|counter| Counting::new(walk, node, n, body, counter)?.run(walk))
    })
}

/// A loop in which one counter counts on.
struct Counting<'b, 'a> {
    node: &'b Node,
    body: &'b Body<'a>,
    counter: &'b Counter,
    cap: Cap,
    /// What each condition is while the count is below the bound, where that alone says it.
    fixed: SortedMap<ValueId, bool>,
    /// What depends on the count.
    dependent: SortedSet<ValueId>,
    /// The nodes from which it follows how the count goes on.
    twice: SortedSet<usize>,
    /// The carried values among them, the count left out.
    carried: Vec<usize>,
}

impl<'b, 'a> Counting<'b, 'a> {
    fn new(
        walk: &mut Walk,
        node: &'b Node,
        n: u64,
        body: &'b Body<'a>,
        counter: &'b Counter,
    ) -> Option<Self> {
        let mut counting = Self {
            node,
            body,
            counter,
            cap: Cap::new(walk, counter, node.args[counter.k], n)?,
            fixed: body.fixed(counter.turns.iter().chain(&counter.later)),
            dependent: body.dependent_in_all(counter.k),
            twice: SortedSet::new(),
            carried: Vec::new(),
        };
        // What never counts is left to others.
        let may_hold =
            |(id, holds): &(ValueId, bool)| counting.fixed.get(id).is_none_or(|is| is == holds);
        let when = counter.when.iter().map(|(id, _)| *id);
        counter.when.iter().all(may_hold).then_some(())?;
        counting.follow(when.collect())?;
        Some(counting)
    }

    /// Finds what the count follows from.
    fn follow(&mut self, mut open: Vec<ValueId>) -> Option<()> {
        let region = self.body.region;
        while let Some(id) = open.pop() {
            if self.fixed.contains_key(&id) || !self.dependent.contains(&id) {
                continue;
            }
            let Some(&at) = self.body.def.get(&id) else {
                let k = region.params.iter().position(|param| *param == id)? - 1;
                if k == self.counter.k || self.carried.len() >= MOST {
                    return None;
                }
                if !self.carried.contains(&k) {
                    self.carried.push(k);
                    open.push(region.results[k]);
                }
                continue;
            };
            let node = &region.nodes[at];
            if !node.regions.is_empty() || node.results.len() != 1 || acts(node) {
                return None;
            }
            if !self.twice.insert(at) {
                continue;
            }
            let fixed = |id: &ValueId| self.fixed.get(id).copied();
            match (&node.op, &node.args[..]) {
                (Op::Word(WordOp::Select), &[condition, yes, no]) => match fixed(&condition) {
                    Some(holds) => open.push(if holds { yes } else { no }),
                    None => open.extend(&node.args),
                },
                _ => open.extend(&node.args),
            }
        }
        Some(())
    }

    /// The loop; which counter stops, and how it is read.
    fn run(self, walk: &mut Walk) -> Option<(Node, Option<(usize, Cap)>)> {
        let (node, region, counter) = (self.node, self.body.region, self.counter);
        (walk.span, walk.protocol) = (node.span, node.protocol);
        let mut renamed = SortedMap::new();
        let mut params = renewed(walk, &region.params, &mut renamed);
        let mut args = node.args.clone();
        let ty = Ty {
            scalar: self.cap.wide,
            secret: !self.counts_in_public(walk),
            ..walk.ty(args[counter.k])
        };
        let begins = match walk.splat(args[counter.k]) {
            Some(word) => walk.splat_of(ty, self.cap.scalar.extend(word)),
            None => walk.cast(args[counter.k], ty.scalar),
        };
        let count = walk.fresh(ty);
        if counter.stops {
            (params[counter.k + 1], args[counter.k]) = (count, begins);
        } else {
            params.push(count);
            args.push(begins);
        }
        // Nothing that is known of values holds behind the bound.
        let mut on = SortedMap::new();
        for &k in &self.carried {
            let param = walk.fresh(walk.ty(region.params[k + 1]));
            on.insert(region.params[k + 1], param);
            params.push(param);
            args.push(node.args[k]);
        }
        walk.open(params);
        let is_below = walk.word(WordOp::Lt, &[count, self.cap.bound]);
        if counter.stops {
            let looked_at = self.cap.of(walk, count);
            renamed.insert(region.params[counter.k + 1], looked_at);
        }
        for (at, inner) in region.nodes.iter().enumerate() {
            if self.body.live[at] {
                self.copied(walk, inner, is_below, &mut renamed, &on);
                if self.twice.contains(&at) {
                    self.goes_on(walk, inner, &renamed, &mut on);
                }
            }
        }
        (walk.span, walk.protocol) = (node.span, node.protocol);
        let look = |id: &ValueId| renamed.get(id).copied().unwrap_or(*id);
        let mut results: Vec<ValueId> = region.results.iter().map(look).collect();
        let mut hit: Option<ValueId> = None;
        for &(condition, holds) in &counter.when {
            if self.fixed.contains_key(&condition) {
                continue;
            }
            let mut condition = self.on(walk, condition, &renamed, &on);
            if !holds {
                condition = walk.word(WordOp::Not, &[condition]);
            }
            hit = Some(match hit {
                Some(before) => walk.word(WordOp::And, &[before, condition]),
                None => condition,
            });
        }
        let hit = match hit {
            Some(hit) => walk.cast(hit, self.cap.wide),
            None => walk.splat_of(
                Ty {
                    secret: false,
                    ..ty
                },
                1,
            ),
        };
        let counted = walk.word(WordOp::Add, &[count, hit]);
        let counted = walk.with_secrecy(counted, ty.secret);
        match counter.stops {
            true => results[counter.k] = counted,
            false => results.push(counted),
        }
        for &k in &self.carried {
            let result = self.on(walk, region.results[k], &renamed, &on);
            let secret = walk.ty(region.params[k + 1]).secret;
            results.push(walk.with_secrecy(result, secret));
        }
        let inner = walk.close(results);
        let after = again(walk, node, args, inner);
        Some((after, counter.stops.then_some((counter.k, self.cap))))
    }

    /// Whether everybody knows how the count goes on.
    fn counts_in_public(&self, walk: &Walk) -> bool {
        let counter = self.counter;
        let is_known =
            |&(id, _): &(ValueId, bool)| self.fixed.contains_key(&id) || !walk.ty(id).secret;
        !counter.stops
            && walk.splat(self.node.args[counter.k]).is_some()
            && counter.when.iter().all(is_known)
    }

    /// A node of the body as it is.
    fn copied(
        &self,
        walk: &mut Walk,
        inner: &Node,
        is_below: ValueId,
        renamed: &mut SortedMap<ValueId, ValueId>,
        on: &SortedMap<ValueId, ValueId>,
    ) {
        (walk.span, walk.protocol) = (inner.span, inner.protocol);
        let counter = self.counter;
        let id = inner.results.first().copied();
        let below = id.and_then(|id| counter.turns.get(&id));
        if let (Some(id), Some(&below)) = (id, below) {
            let turned = match below {
                true => is_below,
                false => walk.word(WordOp::Not, &[is_below]),
            };
            renamed.insert(id, turned);
            return;
        }
        let later = id.and_then(|id| counter.later.get(&id));
        if let (Some(id), Some(&below), true) = (id, later, counter.stops) {
            let ty = walk.ty(id);
            renamed.insert(id, walk.splat_of(ty, below.into()));
            return;
        }
        // Where the count is below its bound, all is as where it goes on.
        match (&inner.op, &inner.args[..], id) {
            (Op::Word(WordOp::And), _, Some(id)) => {
                if let Some(all) = self.guarded(walk, id, is_below, renamed, on) {
                    renamed.insert(id, all);
                    return;
                }
            }
            (Op::Word(WordOp::Select), &[condition, yes, no], Some(id)) => {
                let is_below = |holds| self.is_below_where(condition, holds);
                let goes_on = |id: ValueId| on.get(&id).copied();
                let look = |id: ValueId| renamed.get(&id).copied().unwrap_or(id);
                let arms = [
                    goes_on(yes).filter(|_| is_below(true)),
                    goes_on(no).filter(|_| is_below(false)),
                ];
                if arms.iter().any(Option::is_some) {
                    let (yes, no) = (arms[0].unwrap_or(look(yes)), arms[1].unwrap_or(look(no)));
                    let chosen = walk.word(WordOp::Select, &[look(condition), yes, no]);
                    let secret = walk.ty(id).secret;
                    renamed.insert(id, walk.with_secrecy(chosen, secret));
                    return;
                }
            }
            _ => {}
        }
        if let (Op::Word(_) | Op::Gather { .. }, Some(id)) = (&inner.op, id) {
            let args = inner
                .args
                .iter()
                .map(|id| renamed.get(id).copied().unwrap_or(*id));
            let new = emitted(walk, inner, args.collect());
            walk.note_range(new, walk.all_values()[id.index()].range);
            renamed.insert(id, new);
        } else {
            copy(walk, std::slice::from_ref(inner), renamed);
        }
    }

    /// Whether the count is below its bound wherever a condition holds, or does not.
    fn is_below_where(&self, condition: ValueId, holds: bool) -> bool {
        let mut literals = Vec::new();
        self.body
            .literals(condition, holds, &mut literals)
            .is_some()
            && self.says_below(&literals)
    }

    fn says_below(&self, literals: &[(ValueId, bool)]) -> bool {
        let turns = &self.counter.turns;
        literals
            .iter()
            .any(|(id, holds)| turns.get(id) == Some(holds))
    }

    /// A conjunction that asks for the count to be below its bound, with all else that it asks as where the count goes on.
    fn guarded(
        &self,
        walk: &mut Walk,
        id: ValueId,
        is_below: ValueId,
        renamed: &SortedMap<ValueId, ValueId>,
        on: &SortedMap<ValueId, ValueId>,
    ) -> Option<ValueId> {
        let mut literals = Vec::new();
        self.body.literals(id, true, &mut literals)?;
        let is_known = |(id, _): &(ValueId, bool)| {
            self.fixed.contains_key(id) || on.contains_key(id) || !self.dependent.contains(id)
        };
        if !self.says_below(&literals) || !literals.iter().all(is_known) {
            return None;
        }
        let mut all = is_below;
        for (id, holds) in literals {
            let mut condition = self.on(walk, id, renamed, on);
            if !holds {
                condition = walk.word(WordOp::Not, &[condition]);
            }
            all = walk.word(WordOp::And, &[all, condition]);
        }
        Some(walk.with_secrecy(all, true))
    }

    /// A node of the body as it is where the count goes on.
    fn goes_on(
        &self,
        walk: &mut Walk,
        inner: &Node,
        renamed: &SortedMap<ValueId, ValueId>,
        on: &mut SortedMap<ValueId, ValueId>,
    ) {
        let args: Vec<ValueId> = (inner.args.iter())
            .map(|&id| self.on(walk, id, renamed, on))
            .collect();
        let new = emitted(walk, inner, args);
        on.insert(inner.results[0], new);
    }

    /// What a value is where the count goes on.
    fn on(
        &self,
        walk: &mut Walk,
        id: ValueId,
        renamed: &SortedMap<ValueId, ValueId>,
        on: &SortedMap<ValueId, ValueId>,
    ) -> ValueId {
        if let Some(&holds) = self.fixed.get(&id) {
            return walk.splat_of(walk.ty(id), holds.into());
        }
        let found = on.get(&id).or_else(|| renamed.get(&id));
        found.copied().unwrap_or(id)
    }
}

/// A node with other operands, which may be public where its own are secret.
fn emitted(walk: &mut Walk, inner: &Node, args: Vec<ValueId>) -> ValueId {
    let ty = walk.ty(inner.results[0]);
    let secret = ty.secret && args.iter().any(|&id| walk.ty(id).secret);
    walk.emit(inner.op.clone(), args, Ty { secret, ..ty })
}

/// How a count that goes on is read as one that stops.
struct Cap {
    /// The counter's own type.
    scalar: Scalar,
    /// The type of the count that goes on.
    wide: Scalar,
    /// Where it stops, in that type.
    bound: ValueId,
    /// Where it begins, if that may be beyond the bound already.
    first: Option<ValueId>,
}

impl Cap {
    fn new(walk: &mut Walk, counter: &Counter, init: ValueId, n: u64) -> Option<Self> {
        let scalar = walk.ty(init).scalar;
        let bits = u64::BITS - n.leading_zeros();
        let width = match (walk.splat(init), counter.bound) {
            // Of numbers that are known no more bits are needed than the largest one has, and two for the sum.
            (Some(init), Bound::Known(bound)) if !scalar.is_signed() => {
                Word::BITS - (init | bound | Word::from(n)).leading_zeros() + 2
            }
            _ => scalar.width().max(bits + 1) + 1,
        };
        let width = u8::try_from(width)
            .ok()
            .filter(|&w| u32::from(w) <= Word::BITS)?;
        let wide = match scalar.is_signed() {
            true => Scalar::signed(width),
            false => Scalar::unsigned(width),
        };
        let ty = Ty {
            scalar: wide,
            secret: false,
            ..walk.ty(init)
        };
        let bound = match counter.bound {
            Bound::Known(word) => walk.splat_of(ty, wide.wrap(scalar.extend(word))),
            Bound::Value(id) => walk.cast(id, wide),
        };
        let begins_below = match (walk.splat(init), counter.bound) {
            (Some(0), _) if !scalar.is_signed() => true,
            (Some(init), Bound::Known(word)) => ordered(scalar, init) <= ordered(scalar, word),
            _ => false,
        };
        let first = (!begins_below).then(|| walk.cast(init, wide));
        Some(Self {
            scalar,
            wide,
            bound,
            first,
        })
    }

    fn of(&self, walk: &mut Walk, count: ValueId) -> ValueId {
        let secret = walk.ty(count).secret;
        let mut stopped = walk.word(WordOp::Min, &[count, self.bound]);
        if let Some(first) = self.first {
            stopped = walk.word(WordOp::Max, &[stopped, first]);
        }
        let stopped = walk.cast(stopped, self.scalar);
        walk.with_secrecy(stopped, secret)
    }
}
