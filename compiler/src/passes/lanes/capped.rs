//! Counters that stop at a bound count on, and what looks at them looks at the smaller of the two.
//!
//! ```text
//! before: n' = loop 1000 0 { (i, n) h = gather hits, i   c = and h, (lt n, 5)   r = select c, (add n, 1), n   yield r }
//! after:  m' = loop 1000 0 { (i, m) h = gather hits, i   r = add m, (cast h)   yield r }   n' = min m', 5
//! ```
//!
//! So what is done for the first few rows that meet a condition is done for all rows at once: how many met it before is a
//! scan. The count that goes on is wide enough for all iterations.

use super::carried::Body;
use super::straight::{again, renewed};
use super::{if_nothing_is_left, vectorise};
use crate::ir::{Node, Op, Ty};
use crate::passes::rewrite::{Walk, copy};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Scalar, Word};

/// Conditions under which a counter counts.
const MOST: usize = 16;

/// A carried value to which one is added where some conditions hold and it has not reached a bound.
struct Counter {
    k: usize,
    /// The bound, which is the same in all iterations.
    bound: ValueId,
    /// Whether it counts at the bound for a last time.
    at_bound: bool,
    /// The other conditions, and what each must be.
    when: Vec<(ValueId, bool)>,
}

/// Emits the loop with counters that count on, if no loop is left of it then; its results.
pub fn capped(walk: &mut Walk, node: &Node, n: u64, body: &Body<'_>) -> Option<Vec<ValueId>> {
    let counters: Vec<Counter> = (0..node.args.len())
        .filter_map(|k| body.counter(k))
        .collect();
    if counters.is_empty() {
        return None;
    }
    if_nothing_is_left(walk, node, |walk| counted(walk, node, n, body, &counters))
}

fn counted(
    walk: &mut Walk,
    node: &Node,
    n: u64,
    body: &Body<'_>,
    counters: &[Counter],
) -> Option<Vec<ValueId>> {
    let region = body.region;
    let mut caps = Vec::with_capacity(counters.len());
    let mut args = node.args.clone();
    for counter in counters {
        let cap = Cap::new(walk, body, counter, args[counter.k], n)?;
        args[counter.k] = walk.cast(args[counter.k], cap.wide);
        caps.push(cap);
    }
    let mut renamed = SortedMap::new();
    let mut params = renewed(walk, &region.params, &mut renamed);
    for (counter, cap) in counters.iter().zip(&caps) {
        let ty = walk.ty(params[counter.k + 1]);
        params[counter.k + 1] = walk.fresh(Ty {
            scalar: cap.wide,
            ..ty
        });
    }
    walk.open(params.clone());
    for (counter, cap) in counters.iter().zip(&caps) {
        let looked_at = cap.of(walk, params[counter.k + 1]);
        renamed.insert(region.params[counter.k + 1], looked_at);
    }
    copy(walk, &region.nodes, &mut renamed);
    let look = |id: &ValueId| renamed.get(id).copied().unwrap_or(*id);
    let mut results: Vec<ValueId> = region.results.iter().map(look).collect();
    for (counter, cap) in counters.iter().zip(&caps) {
        let mut all: Option<ValueId> = None;
        for (condition, holds) in &counter.when {
            let mut condition = look(condition);
            if !holds {
                condition = walk.word(WordOp::Not, &[condition]);
            }
            all = Some(match all {
                Some(before) => walk.word(WordOp::And, &[before, condition]),
                None => condition,
            });
        }
        let hit = walk.cast(all?, cap.wide);
        let count = walk.word(WordOp::Add, &[params[counter.k + 1], hit]);
        let secret = walk.ty(params[counter.k + 1]).secret;
        results[counter.k] = walk.with_secrecy(count, secret);
    }
    let inner = walk.close(results);
    let counting = again(walk, node, args, inner);
    let mut results = vectorise(walk, &counting, n)?;
    for (counter, cap) in counters.iter().zip(&caps) {
        results[counter.k] = cap.of(walk, results[counter.k]);
    }
    Some(results)
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
    fn new(
        walk: &mut Walk,
        body: &Body<'_>,
        counter: &Counter,
        init: ValueId,
        n: u64,
    ) -> Option<Self> {
        let scalar = walk.ty(init).scalar;
        let bits = u64::BITS - n.leading_zeros();
        let width = scalar.width().max(bits + 1) + 1;
        let width = u8::try_from(width)
            .ok()
            .filter(|&w| u32::from(w) <= Word::BITS)?;
        let wide = match scalar.is_signed() {
            true => Scalar::signed(width),
            false => Scalar::unsigned(width),
        };
        let word = body.splats.get(&counter.bound).copied();
        let ty = Ty {
            scalar: wide,
            secret: false,
            ..walk.ty(init)
        };
        let bound = match word {
            Some(word) => walk.splat_of(ty, wide.wrap(scalar.extend(word))),
            None => walk.cast(counter.bound, wide),
        };
        let bound = match counter.at_bound {
            true => {
                let one = walk.splat_of(ty, 1);
                walk.word(WordOp::Add, &[bound, one])
            }
            false => bound,
        };
        let begins_below = match (walk.splat(init), word) {
            (Some(0), _) if !scalar.is_signed() => true,
            (Some(init), Some(word)) => {
                let of = |word| scalar.extend(word) ^ (1 << (u128::BITS - 1));
                match scalar.is_signed() {
                    true => of(init) <= of(word),
                    false => init <= word,
                }
            }
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

impl Body<'_> {
    /// Carried value `k` as a counter with a bound.
    fn counter(&self, k: usize) -> Option<Counter> {
        let (param, result) = (self.region.params[k + 1], self.region.results[k]);
        let ty = self.types.get(&param)?;
        if ty.scalar == Scalar::Bool || !ty.secret {
            return None;
        }
        let (dependent, _) = self.dependent(param);
        let mut literals = Vec::new();
        self.counts(param, result, &mut literals)?;
        let (bounds, when): (Vec<_>, Vec<_>) =
            (literals.into_iter()).partition(|(condition, _)| dependent.contains(condition));
        let [(compares, holds)] = bounds[..] else {
            return None;
        };
        let node = self.node(compares)?;
        let is_same = |id: ValueId| {
            self.splats.contains_key(&id)
                || !(self.def.contains_key(&id) || self.region.params.contains(&id))
        };
        let (bound, at_bound) = match (&node.op, &node.args[..], holds) {
            (Op::Word(WordOp::Lt), &[n, bound], true) if n == param => (bound, false),
            (Op::Word(WordOp::Le), &[bound, n], false) if n == param => (bound, false),
            (Op::Word(WordOp::Le), &[n, bound], true) if n == param => (bound, true),
            (Op::Word(WordOp::Lt), &[bound, n], false) if n == param => (bound, true),
            _ => return None,
        };
        // One more than the largest number would begin anew.
        let scalar = ty.scalar;
        let largest = scalar.mask() >> u32::from(scalar.is_signed());
        let may_wrap = || (self.splats.get(&bound)).is_none_or(|&word| word == largest);
        if when.is_empty() || !is_same(bound) || (at_bound && may_wrap()) {
            return None;
        }
        Some(Counter {
            k,
            bound,
            at_bound,
            when,
        })
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
    fn literals(
        &self,
        condition: ValueId,
        holds: bool,
        out: &mut Vec<(ValueId, bool)>,
    ) -> Option<()> {
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
