//! Loops to lanes: a loop whose iterations do not wait for each other becomes vector operations.
//!
//! ```text
//! before: v9 = loop 1000 v0 { (i, acc) x = gather xs, i   y = cast x   s = add acc, y   yield s }
//! after:  y = cast xs   t = reduce add y   v9 = add v0, t
//! ```
//!
//! Inner loops come first, so that an outer one finds straight code. Each carried value is classified (`carried.rs`):
//! accumulators of an associative operator become reductions, or scans where their course is used; arrays filled by position
//! become one scatter, if no iteration reads what an earlier one wrote; searches (argmax and the like) become reductions
//! by a region. The rest of the body is mapped over all iterations (`map.rs`). What stays sequential keeps the loop, but
//! everything costly in it that does not depend on the course of the loop is computed before it, for all iterations at
//! once. The work is linear in the body's size and does not depend on the number of iterations.

mod apart;
mod capped;
pub mod carried;
mod collect;
mod filter;
mod latest;
pub mod map;
mod promote;
mod rest;
pub mod span;
pub mod spread;
mod straight;
mod tally;
#[cfg(test)]
mod tests;
mod writes;

use super::algebra::{counting, identity, wiring};
use super::constants::Constants;
use super::rewrite::{Rule, Walk, rewrite};
use super::{Outcome, has};
use crate::ir::{Ir, Node, Op, Reducer, Ty};
use apart::{Reach, is_apart};
use carried::{Body, Class, Put, Step, searches};
use map::{Mapped, Mapper};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    // Only where elements are written at secret indices can any be appended.
    if has(&ir.body, |op| matches!(op, Op::WriteSecret { .. })) {
        let joined = rewrite(ir, true, &mut collect::nest::Nests);
        let lanes = rewrite(joined.ir, true, &mut Lanes);
        return Outcome {
            changed: joined.changed || lanes.changed,
            ..lanes
        };
    }
    rewrite(ir, true, &mut Lanes)
}

struct Lanes;

impl Rule for Lanes {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let Op::Loop { count: Some(n) } = node.op
            && n > 1
        {
            let depth = walk.depth();
            let (span, protocol) = (walk.span, walk.protocol);
            walk.open(vec![]);
            let done = vectorise(walk, &node, n);
            walk.span = span;
            walk.protocol = protocol;
            if let Some(results) = done {
                walk.splice();
                walk.replace_all(&node.results, &results);
                return;
            }
            walk.abandon(depth);
        }
        if node.op == Op::If && walk.splat(node.args[0]).is_none() {
            let depth = walk.depth();
            walk.open(vec![]);
            if let Some(results) = straight::inlined(walk, &node) {
                walk.splice();
                walk.replace_all(&node.results, &results);
                return;
            }
            walk.abandon(depth);
        }
        Constants.node(walk, node);
    }
}

/// Bodies of more work than this (nodes × carried values) are left alone: the analysis looks at each pair.
const MAX_WORK: usize = 1 << 21;

/// More iterations than this stay iterations, so that numbers of lanes cannot overflow.
const MAX_COUNT: u64 = 1 << 40;

/// Emits the loop as vector operations, with a smaller loop for what stays sequential; its results.
fn vectorise(walk: &mut Walk, node: &Node, n: u64) -> Option<Vec<ValueId>> {
    let region = &node.regions[0];
    let k = node.args.len();
    if region.nodes.len().saturating_mul(k + 1) > MAX_WORK || n > MAX_COUNT {
        return None;
    }
    if let Some(rest) = promote::hoisted(walk, node) {
        return vectorise(walk, &rest, n);
    }
    if let Some(results) = promote::promote(walk, node) {
        return Some(results);
    }
    let body = Body::new(walk, region);
    if let Some(results) = filter::filter(walk, node, n, &body) {
        return Some(results);
    }
    if let Some(rest) = collect::last::carried(walk, node, n, &body) {
        let results = rest.results[..k].to_vec();
        Lanes.node(walk, rest);
        return Some(results.into_iter().map(|id| walk.get(id)).collect());
    }
    if let Some(results) = collect::collected(walk, node, n, &body) {
        return Some(results);
    }
    if let Some(results) = without_branches(walk, node, n) {
        return Some(results);
    }
    if let Some(results) = spread::spread(walk, node, n, &body) {
        return Some(results);
    }
    if let Some(results) = capped::capped(walk, node, n, &body) {
        return Some(results);
    }
    let mut classes: Vec<Class> = (0..k).map(|k| body.classify(k)).collect();
    searches(&body, &mut classes);
    for (class, &init) in classes.iter_mut().zip(&node.args) {
        if let Class::Fold { op, .. } = class
            && walk.ty(init).scalar == Scalar::Bool
        {
            *op = match *op {
                WordOp::Max => WordOp::Or,
                WordOp::Min => WordOp::And,
                other => other,
            };
        }
    }
    let mut run = Run {
        body: &body,
        init: &node.args,
        done: vec![None; k],
        mapped: vec![false; region.nodes.len()],
        classes,
        map: Mapper::new(walk, n, region.params[0]),
    };
    run.go();
    run.finish(node)
}

/// The loop with both arms of its branches computed, if no loop is left of it then.
fn without_branches(walk: &mut Walk, node: &Node, n: u64) -> Option<Vec<ValueId>> {
    let straight = straight::straightened(walk, node)?;
    if_nothing_is_left(walk, node, |walk| vectorise(walk, &straight, n))
}

/// What is emitted in place of a loop, unless a loop is left of it.
fn if_nothing_is_left(
    walk: &mut Walk,
    node: &Node,
    emitted: impl FnOnce(&mut Walk) -> Option<Vec<ValueId>>,
) -> Option<Vec<ValueId>> {
    let depth = walk.depth();
    walk.open(vec![]);
    let results = emitted(walk);
    let is_left = |inner: &Node| inner.span == node.span && matches!(inner.op, Op::Loop { .. });
    match results {
        Some(results) if !walk.open_nodes().iter().any(is_left) => {
            walk.splice();
            Some(results)
        }
        _ => {
            walk.abandon(depth);
            None
        }
    }
}

struct Run<'r, 'a, 'w> {
    body: &'r Body<'a>,
    init: &'r [ValueId],
    /// Final values of the carried values that no longer need a loop.
    done: Vec<Option<ValueId>>,
    /// The body's nodes that exist for all iterations.
    mapped: Vec<bool>,
    classes: Vec<Class>,
    map: Mapper<'w>,
}

impl Run<'_, '_, '_> {
    /// Maps what can be mapped: in sweeps, since the course of an accumulator is known only when what it adds up is.
    fn go(&mut self) {
        let region = self.body.region;
        for (k, class) in self.classes.iter().enumerate() {
            if *class == Class::Constant {
                self.map
                    .map
                    .insert(region.params[k + 1], Mapped::Same(self.init[k]));
                self.done[k] = Some(self.init[k]);
            }
        }
        let mut blocked: SortedSet<ValueId> = (region.params[1..].iter().copied())
            .filter(|id| !self.map.map.contains_key(id))
            .collect();
        // Nodes that failed once fail again; those that hand an array on are done as one write.
        let mut failed = vec![false; region.nodes.len()];
        for class in &self.classes {
            if let Class::Write { links, .. } = class {
                links.iter().for_each(|&at| failed[at] = true);
            }
        }
        loop {
            for (at, node) in region.nodes.iter().enumerate() {
                if self.mapped[at] || !self.body.live[at] {
                    continue;
                }
                if failed[at] {
                    blocked.extend(&node.results);
                    continue;
                }
                let ready = self.body.uses[at].iter().all(|id| !blocked.contains(id));
                let depth = self.map.walk.depth();
                if ready && self.map.node(node).is_some() {
                    self.mapped[at] = true;
                    for result in &node.results {
                        blocked.remove(result);
                    }
                } else {
                    if ready {
                        self.map.walk.abandon(depth);
                        failed[at] = true;
                    }
                    blocked.extend(&node.results);
                }
            }
            let before = blocked.len();
            for k in 0..self.classes.len() {
                let param = region.params[k + 1];
                if self.map.map.contains_key(&param) {
                    continue;
                }
                let known = |id: &ValueId| !blocked.contains(id);
                let course = match &self.classes[k] {
                    Class::Write { puts, gathers, .. } => {
                        let places = puts.iter().map(|put| put.at).chain(gathers.iter().copied());
                        let conditions = puts.iter().flat_map(|put| &put.when).map(|(id, _)| *id);
                        let all: Vec<ValueId> = places
                            .map(|at| region.nodes[at].args[1])
                            .chain(conditions)
                            .collect();
                        (all.iter().all(known) && self.reads_initial(k))
                            .then_some(Mapped::Same(self.init[k]))
                    }
                    Class::Fold {
                        op,
                        steps,
                        pure: false,
                    } => {
                        let mut needs = Vec::new();
                        steps.iter().for_each(|step| step.needs(&mut needs));
                        if needs.iter().all(known) {
                            let (op, steps) = (*op, steps.clone());
                            self.course(k, op, &steps)
                        } else {
                            None
                        }
                    }
                    Class::Latest { steps, pure: false } => {
                        let course = (steps.iter().all(|taken| taken.needs_all(known)))
                            .then(|| steps.clone())
                            .and_then(|steps| self.latest_course(self.init[k], &steps));
                        course.map(|(course, last)| {
                            self.done[k] = Some(last);
                            course
                        })
                    }
                    _ => None,
                };
                if let Some(mapped) = course {
                    self.map.map.insert(param, mapped);
                    blocked.remove(&param);
                }
            }
            if blocked.len() == before {
                break;
            }
        }
        for k in 0..self.classes.len() {
            if self.done[k].is_none() {
                self.done[k] = self.last(k, &blocked);
            }
            if let (Class::Write { links, .. }, Some(_)) = (&self.classes[k], self.done[k]) {
                links.iter().for_each(|&at| self.mapped[at] = true);
            }
        }
    }

    /// Whether every read of carried array `k` sees its value from before the loop.
    fn reads_initial(&self, k: usize) -> bool {
        let Class::Write { puts, gathers, .. } = &self.classes[k] else {
            return false;
        };
        if gathers.is_empty() {
            return true;
        }
        let reads: Option<Vec<Reach>> = gathers.iter().map(|&at| self.reach(at, &[])).collect();
        let writes: Option<Vec<Reach>> = (puts.iter())
            .map(|put| self.reach(put.at, &put.when))
            .collect();
        let (Some(reads), Some(writes)) = (reads, writes) else {
            return false;
        };
        let n = self.map.n;
        reads
            .iter()
            .all(|read| writes.iter().all(|write| is_apart(read, write, n, false)))
    }

    /// What an iteration folds in, for all iterations.
    fn folded(&mut self, op: WordOp, steps: &[Step], ty: Ty) -> Option<ValueId> {
        let wide = Ty {
            lanes: ty.lanes.checked_mul(self.map.n)?,
            ..ty
        };
        let mut all: Option<ValueId> = None;
        for step in steps {
            let value = match step {
                Step::Value(id) => self.map.each(*id)?,
                Step::Negative(id) => {
                    let value = self.map.each(*id)?;
                    self.map.walk.word(WordOp::Neg, &[value])
                }
                Step::Choice(cond, then, otherwise) => {
                    let cond = self.map.each(*cond)?;
                    let then = self.folded(op, then, ty)?;
                    let otherwise = self.folded(op, otherwise, ty)?;
                    self.map.walk.word(WordOp::Select, &[cond, then, otherwise])
                }
            };
            all = Some(match all {
                None => value,
                Some(before) => self.map.walk.word(op, &[before, value]),
            });
        }
        match all {
            Some(all) => Some(all),
            None => {
                let public = Ty {
                    secret: false,
                    ..wide
                };
                Some(self.map.walk.splat_of(public, identity(op, ty.scalar)?))
            }
        }
    }

    /// The value of an accumulator at the start of each iteration.
    fn course(&mut self, k: usize, op: WordOp, steps: &[Step]) -> Option<Mapped> {
        let (n, init) = (self.map.n, self.init[k]);
        let ty = self.map.walk.ty(init);
        let x = self.folded(op, steps, ty)?;
        if !ty.secret && self.map.walk.constant(x).is_none() {
            // In the clear a scan saves nothing.
            return None;
        }
        let l = ty.lanes;
        let x = self.transposed(x, l, n);
        let reducer = Reducer::Word(op);
        let wide = Ty {
            lanes: n * l,
            secret: self.map.walk.ty(x).secret,
            ..ty
        };
        let sums = (self.map.walk).emit(
            Op::Scan {
                reducer,
                segments: l,
            },
            vec![x],
            wide,
        );
        let sums = self.transposed(sums, n, l);
        let first = self.map.copies_of(init)?;
        let after = self.map.walk.word(op, &[first, sums]);
        let before = ConstVec::Affine {
            start: 0,
            dims: vec![((n - 1) * l, 1)],
        };
        let before = self.map.walk.gather_at(after, before);
        let course = self.map.walk.concat(vec![init, before]);
        let course = self.map.walk.with_secrecy(course, ty.secret);
        let last = ConstVec::Affine {
            start: Word::from((n - 1) * l),
            dims: vec![(l, 1)],
        };
        let last = self.map.walk.gather_at(after, last);
        self.done[k] = Some(self.map.walk.with_secrecy(last, ty.secret));
        Some(Mapped::Each(course))
    }

    /// `rows × columns` lanes (row-major) as `columns × rows`, where the first argument counts the new rows.
    fn transposed(&mut self, id: ValueId, new_rows: u64, old_rows: u64) -> ValueId {
        let dims = vec![(new_rows, 1), (old_rows, Word::from(new_rows))];
        self.map
            .walk
            .gather_at(id, ConstVec::Affine { start: 0, dims })
    }

    /// The final value of a carried value, if all that it needs is known for all iterations.
    fn last(&mut self, k: usize, blocked: &SortedSet<ValueId>) -> Option<ValueId> {
        let region = self.body.region;
        let init = self.init[k];
        let ty = self.map.walk.ty(init);
        let n = self.map.n;
        let known = |id: &ValueId| !blocked.contains(id);
        match self.classes[k].clone() {
            Class::Fold {
                op,
                steps,
                pure: true,
            } => {
                let mut needs = Vec::new();
                steps.iter().for_each(|step| step.needs(&mut needs));
                if !needs.iter().all(known) {
                    return None;
                }
                let x = self.folded(op, &steps, ty)?;
                let x = self.transposed(x, ty.lanes, n);
                let total = self.map.walk.reduce(op, x, ty.lanes);
                let out = self.map.walk.word(op, &[init, total]);
                Some(self.map.walk.with_secrecy(out, ty.secret))
            }
            Class::Write { puts, .. } => {
                let needed = |put: &Put| {
                    let args = &region.nodes[put.at].args;
                    known(&args[1]) && known(&args[2]) && put.when.iter().all(|(id, _)| known(id))
                };
                if !puts.iter().all(needed) || !self.is_ordered(&puts) {
                    return None;
                }
                if let Some(Mapped::Same(start)) = self.map.map.get(&region.params[k + 1])
                    && *start != init
                {
                    return None;
                }
                let mut out = init;
                for put in &puts {
                    out = self.put(out, put)?;
                }
                Some(self.map.walk.with_secrecy(out, ty.secret))
            }
            Class::Tally(tally) => {
                let mut needs = vec![tally.index];
                needs.extend(tally.when.iter().map(|(id, _)| *id));
                tally.steps.iter().for_each(|step| step.needs(&mut needs));
                if !needs.iter().all(known) {
                    return None;
                }
                let out = self.tally(init, &tally)?;
                Some(self.map.walk.with_secrecy(out, ty.secret))
            }
            Class::Search {
                compare,
                carried_left,
                when,
                also,
                candidate,
                others,
            } => {
                let ready = known(&candidate)
                    && also.is_none_or(|also| known(&also))
                    && others.iter().all(|(_, value)| known(value));
                if !ready || ty.lanes != 1 {
                    return None;
                }
                let members: Vec<usize> = std::iter::once(k)
                    .chain(others.iter().map(|(j, _)| *j))
                    .collect();
                let mut columns = vec![self.map.each(candidate)?];
                if let Some(also) = also {
                    columns.push(self.map.each(also)?);
                }
                for (j, value) in &others {
                    if self.map.walk.ty(self.init[*j]).lanes != 1 {
                        return None;
                    }
                    columns.push(self.map.each(*value)?);
                }
                let mut inits: Vec<ValueId> = members.iter().map(|&j| self.init[j]).collect();
                if also.is_some() {
                    let (scalar, lanes, secret) = (Scalar::Bool, 1, false);
                    let ty = Ty {
                        scalar,
                        lanes,
                        secret,
                    };
                    inits.insert(1, self.map.walk.splat_of(ty, 1));
                }
                let is_better = Better {
                    compare,
                    carried_left,
                    when,
                    also: also.is_some(),
                };
                let mut found = self.search(&columns, &inits, is_better);
                if also.is_some() {
                    found.remove(1);
                }
                for (&j, found) in members.iter().zip(found) {
                    self.done[j] = Some(found);
                }
                self.done[k]
            }
            Class::Latest { steps, pure: true } => {
                match steps.iter().all(|taken| taken.needs_all(known)) {
                    true => self.latest(init, &steps),
                    false => None,
                }
            }
            Class::Constant
            | Class::Latest { pure: false, .. }
            | Class::Fold { pure: false, .. }
            | Class::Follower(_)
            | Class::Sequential => None,
        }
    }

    /// The best of all candidates and the initial one, with what belongs to it.
    fn search(
        &mut self,
        columns: &[ValueId],
        inits: &[ValueId],
        is_better: Better,
    ) -> Vec<ValueId> {
        let walk = &mut *self.map.walk;
        let combine = |walk: &mut Walk, left: &[ValueId], right: &[ValueId]| -> Vec<ValueId> {
            let pair = match is_better.carried_left {
                true => [left[0], right[0]],
                false => [right[0], left[0]],
            };
            let mut take = walk.word(is_better.compare, &pair);
            if is_better.also {
                // The right one counts, and the left one does not or is worse.
                let is_none = walk.word(WordOp::Not, &[left[1]]);
                take = walk.word(WordOp::Or, &[take, is_none]);
                take = walk.word(WordOp::And, &[take, right[1]]);
            }
            let mut best: Vec<ValueId> = (left.iter().zip(right))
                .map(|(&l, &r)| match is_better.when {
                    true => walk.word(WordOp::Select, &[take, r, l]),
                    false => walk.word(WordOp::Select, &[take, l, r]),
                })
                .collect();
            if is_better.also {
                best[1] = walk.word(WordOp::Or, &[left[1], right[1]]);
            }
            best
        };
        // The tuple is secret as a whole if its key is: the selection makes it so.
        let secret = columns.iter().chain(inits).any(|&id| walk.ty(id).secret);
        // A search that starts from the first candidate finds it there again: a choice between equals changes nothing.
        let from_first = (columns.iter().zip(inits)).all(|(&id, &init)| {
            if walk.ty(id).lanes == 0 {
                return false;
            }
            let first = walk.gather_at(id, counting(0, 1));
            wiring::is_same(walk, first, init)
        });
        let columns: Vec<ValueId> = columns
            .iter()
            .map(|&id| walk.with_secrecy(id, secret))
            .collect();
        let one: Vec<Ty> = (columns.iter())
            .map(|&id| Ty {
                lanes: 1,
                ..walk.ty(id)
            })
            .collect();
        let params: Vec<ValueId> = (one.iter().chain(&one)).map(|&ty| walk.fresh(ty)).collect();
        walk.open(params.clone());
        let results = combine(walk, &params[..one.len()], &params[one.len()..]);
        let region = walk.close(results);
        let reducer = Reducer::Region;
        let op = Op::Reduce {
            reducer,
            segments: 1,
        };
        let best = walk.push_new(op, columns, &one, vec![region]);
        let found = if from_first {
            best
        } else {
            combine(walk, inits, &best)
        };
        (found.into_iter().zip(inits))
            .map(|(id, &init)| {
                let secret = walk.ty(init).secret;
                walk.with_secrecy(id, secret)
            })
            .collect()
    }

    /// Whether several scatters per iteration may run one after the other for all iterations.
    fn is_ordered(&self, puts: &[Put]) -> bool {
        if puts.len() == 1 {
            return true;
        }
        let lanes: Option<Vec<Reach>> = (puts.iter())
            .map(|put| self.reach(put.at, &put.when))
            .collect();
        lanes.is_some_and(|lanes| {
            (0..lanes.len())
                .all(|i| (0..i).all(|j| is_apart(&lanes[i], &lanes[j], self.map.n, true)))
        })
    }
}

/// When the right one of two candidates is taken.
#[derive(Clone, Copy)]
struct Better {
    compare: WordOp,
    carried_left: bool,
    /// Where the comparison holds, or where it does not.
    when: bool,
    /// Whether second columns say which candidates count.
    also: bool,
}

/// Whether a node is seen from outside each time it runs.
fn acts(node: &Node) -> bool {
    matches!(node.op, Op::Reveal(_) | Op::Assert(_))
        || (node.regions.iter())
            .flat_map(|region| &region.nodes)
            .any(acts)
}
