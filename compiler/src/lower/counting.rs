//! Recognises `while i < bound { …; i += c; … }` as a loop with a count.
//!
//! Such a loop then stays rolled without a run-time condition, its cost is known before it runs, and its counter is
//! affine, as if it had been written with `for`.

use super::Tracer;
use super::fault::Traced;
use super::frame::Slot;
use super::value::{Leaf, Val, type_interval};
use crate::hir::effects::{Effects, is_total, mentioned};
use crate::hir::{BinaryOp, Expr, ExprKind, LocalId, Stmt};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word};

/// The parts of a counting loop.
struct Counting<'h> {
    counter: LocalId,
    bound: &'h Expr,
    inclusive: bool,
    step: Word,
}

impl<'h> Tracer<'h> {
    /// Traces the loop if it counts; false (and nothing done) if it does not.
    pub(super) fn counting_while(
        &mut self,
        cond: &'h Expr,
        body: &'h Expr,
        span: Span,
    ) -> Traced<bool> {
        let Some(counting) = recognise(cond, body) else {
            return Ok(false);
        };
        let Some(Val::Leaf(start)) = self.slot(Slot::Local(counting.counter)) else {
            return Ok(false);
        };
        let Some(limit) = type_interval(start.scalar).map(|t| t.hi) else {
            return Ok(false);
        };
        if start.secret || start.lanes != 1 {
            return Ok(false);
        }
        let checkpoint = self.checkpoint();
        let mut bound = self.scalar_expr(counting.bound)?;
        self.span = span;
        let most = bound.interval().map(|r| r.hi);
        let step = i128::try_from(counting.step).unwrap_or(i128::MAX);
        // The counter must not wrap on its last step, or the loop would go on.
        let last = most.and_then(|m| m.checked_add(step));
        let fits = bound.lanes == 1
            && !bound.secret
            && (step == 1 && !counting.inclusive || last.is_some_and(|l| l <= limit));
        if !fits {
            self.rollback(checkpoint);
            return Ok(false);
        }
        let scalar = start.scalar;
        if counting.inclusive {
            bound = self.word(WordOp::Add, scalar, &[bound, Leaf::word(scalar, 1)])?;
        }
        let mut trips = self.trips(&start, &bound, false)?;
        if trips.long.is_some() {
            self.rollback(checkpoint);
            return Ok(false);
        }
        if step > 1 {
            let by = Leaf::word(Scalar::USIZE, counting.step);
            let round = Leaf::word(Scalar::USIZE, counting.step - 1);
            // No overflow: the bound leaves room for a step.
            let count = self.word(WordOp::Add, Scalar::USIZE, &[trips.count, round])?;
            trips.count = self.word(WordOp::Div, Scalar::USIZE, &[count, by])?;
        }
        let mut effects = Effects::of(body);
        effects.assigned.remove(&counting.counter);
        let factor = Leaf::word(scalar, counting.step);
        let at = |t: &mut Self, k: &Leaf| {
            let k = t.cast(k, scalar)?;
            let offset = t.word(WordOp::Mul, scalar, &[k, factor.clone()])?;
            t.word(WordOp::Add, scalar, &[start.clone(), offset])
        };
        let known = start.interval().zip(most);
        self.looped(&trips, &effects, span, &mut |t, k, _| {
            let mut counter = at(t, &k)?;
            if let Some((start, most)) = known {
                let hi = if counting.inclusive {
                    most
                } else {
                    most.saturating_sub(1)
                };
                let range = crate::hir::Range {
                    lo: start.lo,
                    hi: hi.max(start.lo),
                };
                t.set_range(&mut counter, Some(range));
            }
            t.set_slot(Slot::Local(counting.counter), Some(Val::Leaf(counter)));
            t.iteration(body)?;
            Ok(None)
        })?;
        let end = at(self, &trips.count)?;
        self.set_slot(Slot::Local(counting.counter), Some(Val::Leaf(end)));
        Ok(true)
    }
}

fn recognise<'h>(cond: &'h Expr, body: &'h Expr) -> Option<Counting<'h>> {
    let ExprKind::Binary(op, left, right) = &cond.kind else {
        return None;
    };
    let (counter, bound, inclusive) = match (op, &left.kind, &right.kind) {
        (BinaryOp::Lt, ExprKind::Local(i), _) => (*i, &**right, false),
        (BinaryOp::Le, ExprKind::Local(i), _) => (*i, &**right, true),
        (BinaryOp::Gt, _, ExprKind::Local(i)) => (*i, &**left, false),
        (BinaryOp::Ge, _, ExprKind::Local(i)) => (*i, &**left, true),
        _ => return None,
    };
    let ExprKind::Block(stmts, tail) = &body.kind else {
        return None;
    };
    let effects = Effects::of(body);
    let bound_is_fixed = is_total(bound)
        && mentioned(bound)
            .iter()
            .all(|l| !effects.assigned.contains_key(l));
    if effects.exits() || !bound_is_fixed {
        return None;
    }
    let mut step = None;
    for (k, stmt) in stmts.iter().enumerate() {
        let found = increment(stmt, counter);
        if found.is_none() {
            continue;
        }
        let elsewhere = |rest: &[Stmt]| {
            Effects::of_rest(rest, tail.as_deref())
                .assigned
                .contains_key(&counter)
        };
        if step.is_some() || elsewhere(&stmts[..k]) || elsewhere(&stmts[k + 1..]) {
            return None;
        }
        step = found;
    }
    Some(Counting {
        counter,
        bound,
        inclusive,
        step: step?,
    })
}

/// The `c > 0` of `i = i + c`.
fn increment(stmt: &Stmt, counter: LocalId) -> Option<Word> {
    let Stmt::Assign(place, value, _) = stmt else {
        return None;
    };
    let ExprKind::Binary(BinaryOp::Add, a, b) = &value.kind else {
        return None;
    };
    if place.local != counter || !place.steps.is_empty() {
        return None;
    }
    match (&a.kind, &b.kind) {
        (ExprKind::Local(i), ExprKind::Lit(c)) | (ExprKind::Lit(c), ExprKind::Local(i))
            if *i == counter && (1..1 << 62).contains(c) =>
        {
            Some(*c)
        }
        _ => None,
    }
}
