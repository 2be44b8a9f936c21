//! Loops stay loops: the body is traced once, with a symbolic counter and the variables that it assigns carried.
//!
//! What a carried variable becomes in the body (secret, longer by lanes, first given a value) may differ from what it
//! was before the loop; then its start is adapted and the body traced again, which settles after few rounds. A body
//! that needs its counter's value (to index rows of different lengths, to bound a slice) is unrolled when the count is
//! known and small. Early exits under run-time conditions turn a loop into `while`.

use super::fault::{Fault, Stop, Traced, code};
use super::frame::{LoopFlags, Slot};
use super::rolled::Head;
use super::trips::{Long, Trips};
use super::value::{Leaf, Val};
use super::{MAX_UNROLLED, Tracer};
use crate::hir::effects::Effects;
use crate::hir::{Expr, LocalId, Range};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

/// The body of a loop: gets the counter and what is carried besides variables, gives the latter's next value.
pub(super) type Body<'a, 'h> =
    &'a mut dyn FnMut(&mut Tracer<'h>, Leaf, Option<Val<'h>>) -> Traced<Option<Val<'h>>>;

impl<'h> Tracer<'h> {
    /// `for var in lo..hi` or, where the flag is set, `for var in lo..=hi`.
    pub(super) fn for_range(
        &mut self,
        var: LocalId,
        (lo, hi, inclusive): (&'h Expr, &'h Expr, bool),
        body: &'h Expr,
        span: Span,
    ) -> Traced<()> {
        let lo = self.scalar_expr(lo)?;
        let hi = self.scalar_expr(hi)?;
        self.span = span;
        let trips = self.trips(&lo, &hi, inclusive)?;
        let values = lo.interval().zip(hi.interval()).map(|(lo, hi)| {
            let last = if inclusive {
                hi.hi
            } else {
                hi.hi.saturating_sub(1)
            };
            Range {
                lo: lo.lo,
                hi: last.max(lo.lo),
            }
        });
        let effects = Effects::of(body);
        self.looped(&trips, &effects, span, &mut |t, k, _| {
            let k = t.cast(&k, lo.scalar)?;
            let mut counter = t.word(WordOp::Add, lo.scalar, &[lo.clone(), k])?;
            t.set_range(&mut counter, values);
            t.declare(var, Some(Val::Leaf(counter)));
            t.iteration(body)?;
            Ok(None)
        })
    }

    /// `for var in array`.
    pub(super) fn for_each(
        &mut self,
        var: LocalId,
        array: &'h Expr,
        body: &'h Expr,
        span: Span,
    ) -> Traced<()> {
        let array = self.expr(array)?;
        self.span = span;
        let effects = Effects::of(body);
        match array {
            Val::Array(len, element) => {
                self.looped(&Trips::known(len), &effects, span, &mut |t, k, _| {
                    t.span = span;
                    let val = t.take(&element, &k)?;
                    t.declare(var, Some(val));
                    t.iteration(body)?;
                    Ok(None)
                })
            }
            Val::Rows(rows) => {
                self.enter_loop();
                self.rows(var, &rows, body, &effects)?;
                self.leave_loop();
                Ok(())
            }
            other => Err(Fault::new(
                code::LENGTHS,
                span,
                format!("{} cannot be iterated", other.describe()),
            )
            .into()),
        }
    }

    /// The iterations over rows of different shapes, one after the other.
    fn rows(
        &mut self,
        var: LocalId,
        rows: &[Val<'h>],
        body: &'h Expr,
        effects: &Effects,
    ) -> Traced<()> {
        for (k, row) in rows.iter().enumerate() {
            self.declare(var, Some(row.clone()));
            self.iteration(body)?;
            self.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
            if !(effects.breaks || effects.returns) {
                continue;
            }
            let live = self.live()?;
            match live.known_truth() {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => {
                    let rest = &rows[k + 1..];
                    self.public_if(
                        &live,
                        effects,
                        &mut |t| {
                            t.rows(var, rest, body, effects)?;
                            Ok(Val::unit())
                        },
                        &mut |_| Ok(Val::unit()),
                    )?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One iteration's body.
    pub(super) fn iteration(&mut self, body: &'h Expr) -> Traced<()> {
        self.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
        self.at_statement = true;
        match self.expr(body) {
            Ok(_) | Err(Stop::Exit) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    fn enter_loop(&mut self) {
        self.frame().loops.push(LoopFlags {
            broke: Leaf::truth(false),
            continued: Leaf::truth(false),
        });
    }

    fn leave_loop(&mut self) {
        self.frame().loops.pop();
    }

    /// A loop statement that counts, in the form that its body allows.
    pub(super) fn looped(
        &mut self,
        trips: &Trips,
        effects: &Effects,
        span: Span,
        body: Body<'_, 'h>,
    ) -> Traced<()> {
        self.enter_loop();
        let mut slots = self.slots(&Effects {
            breaks: false,
            continues: false,
            ..effects.clone()
        });
        let leaves_early = effects.breaks || effects.returns;
        if trips.count.known().is_none() && trips.count.lanes != 1 {
            return Err(Stop::NotElementwise);
        }
        if let (Some(long), false) = (&trips.long, leaves_early) {
            self.require_countable(long)?;
        }
        match trips.count.known_u64() {
            _ if leaves_early && trips.long.is_some() => {
                self.while_counting(trips, effects, &mut slots, body)?;
            }
            Some(0) => {}
            Some(1) => {
                body(self, Leaf::usize(0), None)?;
            }
            Some(n) if leaves_early => {
                let (checkpoint, before) = (self.checkpoint(), self.get_slots(&slots));
                if n > MAX_UNROLLED || !self.unrolled(n, body)? {
                    self.rollback(checkpoint);
                    self.set_slots(&slots, &before);
                    self.set_slot(Slot::Broke, Some(Val::Leaf(Leaf::truth(false))));
                    self.span = span;
                    self.while_counting(trips, effects, &mut slots, body)?;
                }
            }
            None if leaves_early => self.while_counting(trips, effects, &mut slots, body)?,
            Some(n) => {
                let (checkpoint, before) = (self.checkpoint(), self.get_slots(&slots));
                match self.rolled(Head::Count(n), &slots, None, body) {
                    Err(Stop::Fault(fault)) if fault.needs_known && n <= MAX_UNROLLED => {
                        self.rollback(checkpoint);
                        self.set_slots(&slots, &before);
                        self.span = span;
                        self.unrolled(n, body)?;
                    }
                    other => {
                        other?;
                    }
                }
            }
            None => {
                let head = Head::RuntimeCount(trips.count.clone());
                self.rolled(head, &slots, None, body)?;
            }
        }
        self.leave_loop();
        Ok(())
    }

    /// Traces every iteration; false if whether the next one runs is known only while running.
    fn unrolled(&mut self, n: u64, body: Body<'_, 'h>) -> Traced<bool> {
        for k in 0..n {
            body(self, Leaf::usize(k), None)?;
            self.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
            match self.live()?.known_truth() {
                Some(true) => {}
                Some(false) => return Ok(true),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// A counted loop that may end early, as a `while` that carries its counter.
    fn while_counting(
        &mut self,
        trips: &Trips,
        effects: &Effects,
        slots: &mut Vec<Slot>,
        body: Body<'_, 'h>,
    ) -> Traced<()> {
        if effects.breaks {
            slots.push(Slot::Broke);
        }
        if let Some(long) = &trips.long {
            return self.while_long(long, slots, body);
        }
        let count_range = trips.count.interval();
        let limit = trips.count.clone();
        let mut condition = |t: &mut Self, extra: Option<&Val<'h>>| {
            let live = t.live()?;
            let Some(Val::Leaf(k)) = extra else {
                return Ok(live);
            };
            let more = t.word(WordOp::Lt, Scalar::Bool, &[k.clone(), limit.clone()])?;
            t.and(&live, &more)
        };
        self.rolled(
            Head::Condition(&mut condition),
            slots,
            Some(Val::Leaf(Leaf::usize(0))),
            &mut |t, _, extra| {
                let Some(Val::Leaf(mut k)) = extra else {
                    return Ok(extra);
                };
                if let Some(range) = count_range {
                    let hi = (range.hi - 1).max(0);
                    t.set_range(&mut k, Some(Range { lo: 0, hi }));
                }
                t.counts(&limit, &k);
                body(t, k.clone(), None)?;
                t.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
                let next = t.word(WordOp::Add, Scalar::USIZE, &[k, Leaf::usize(1)])?;
                Ok(Some(Val::Leaf(next)))
            },
        )?;
        Ok(())
    }

    /// The same for a number of iterations that `usize` may not hold: the counter runs in the type of the bounds, and
    /// beside it goes whether there is another iteration, since there may be no counter after the last.
    fn while_long(&mut self, long: &Long, slots: &[Slot], body: Body<'_, 'h>) -> Traced<()> {
        let scalar = long.last.scalar;
        let mut condition = |t: &mut Self, extra: Option<&Val<'h>>| {
            let live = t.live()?;
            match extra {
                Some(Val::Tuple(parts)) => match parts.as_slice() {
                    [_, Val::Leaf(more)] => t.and(&live, more),
                    _ => Ok(live),
                },
                _ => Ok(live),
            }
        };
        let start = Val::Tuple(vec![
            Val::Leaf(Leaf::word(scalar, 0)),
            Val::Leaf(long.runs.clone()),
        ]);
        self.rolled(
            Head::Condition(&mut condition),
            slots,
            Some(start),
            &mut |t, _, extra| {
                let Some(Val::Tuple(parts)) = &extra else {
                    return Ok(extra);
                };
                let Some(Val::Leaf(k)) = parts.first() else {
                    return Ok(extra);
                };
                body(t, k.clone(), None)?;
                t.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
                let more = t.word(WordOp::Lt, Scalar::Bool, &[k.clone(), long.last.clone()])?;
                let next = t.word(WordOp::Add, scalar, &[k.clone(), Leaf::word(scalar, 1)])?;
                Ok(Some(Val::Tuple(vec![Val::Leaf(next), Val::Leaf(more)])))
            },
        )?;
        Ok(())
    }

    /// `while cond`.
    pub(super) fn while_loop(&mut self, cond: &'h Expr, body: &'h Expr, span: Span) -> Traced<()> {
        if self.counting_while(cond, body, span)? {
            return Ok(());
        }
        let effects = Effects::of(body);
        let in_condition = Effects::of(cond);
        let mut all = effects.clone();
        for (&local, &element) in &in_condition.assigned {
            *all.assigned.entry(local).or_default() |= element;
        }
        let slots = self.slots(&Effects {
            breaks: effects.breaks,
            continues: false,
            ..all
        });
        self.enter_loop();
        let (checkpoint, before) = (self.checkpoint(), self.get_slots(&slots));
        let mut settled = false;
        for _ in 0..=MAX_UNROLLED {
            self.span = span;
            let condition = self.scalar_expr(cond)?;
            match condition.known_truth() {
                Some(true) => self.iteration(body)?,
                Some(false) => {
                    settled = true;
                    break;
                }
                None => break,
            }
            self.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
            match self.live()?.known_truth() {
                Some(true) => {}
                Some(false) => {
                    settled = true;
                    break;
                }
                None => break,
            }
        }
        if !settled {
            self.rollback(checkpoint);
            self.set_slots(&slots, &before);
            self.span = span;
            let guarded = effects.breaks || effects.returns;
            let mut condition = |t: &mut Self, _: Option<&Val<'h>>| {
                let live = t.live()?;
                if !guarded {
                    return t.scalar_expr(cond);
                }
                let none = Effects::default();
                let val = t.public_if_known(&live, &none, &mut |t| t.expr(cond))?;
                match val {
                    Val::Leaf(leaf) => Ok(leaf),
                    _ => Ok(live),
                }
            };
            if in_condition.assigned.is_empty() {
                self.rolled(
                    Head::Condition(&mut condition),
                    &slots,
                    None,
                    &mut |t, _, _| {
                        t.iteration(body)?;
                        t.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
                        Ok(None)
                    },
                )?;
            } else {
                self.while_with_effects(cond, body, &slots, &effects)?;
            }
        }
        self.leave_loop();
        Ok(())
    }

    /// `while` whose condition assigns variables: the condition moves into the body and leaves a flag behind.
    fn while_with_effects(
        &mut self,
        cond: &'h Expr,
        body: &'h Expr,
        slots: &[Slot],
        effects: &Effects,
    ) -> Traced<()> {
        let mut go = |t: &mut Self, extra: Option<&Val<'h>>| {
            let live = t.live()?;
            match extra {
                Some(Val::Leaf(leaf)) => t.and(&live, leaf),
                _ => Ok(live),
            }
        };
        self.rolled(
            Head::Condition(&mut go),
            slots,
            Some(Val::Leaf(Leaf::truth(true))),
            &mut |t, _, _| {
                let condition = t.scalar_expr(cond)?;
                t.public_if_known(&condition, effects, &mut |t| {
                    t.iteration(body)?;
                    t.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(false))));
                    Ok(Val::Leaf(Leaf::truth(true)))
                })?;
                Ok(Some(Val::Leaf(condition)))
            },
        )?;
        Ok(())
    }

    /// `if condition { then } else { false }`, decided now where it is known.
    fn public_if_known(
        &mut self,
        condition: &Leaf,
        effects: &Effects,
        then: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
    ) -> Traced<Val<'h>> {
        match condition.known_truth() {
            Some(true) => then(self),
            Some(false) => Ok(Val::Leaf(Leaf::truth(false))),
            None => self.public_if(condition, effects, then, &mut |_| {
                Ok(Val::Leaf(Leaf::truth(false)))
            }),
        }
    }

    /// `fold`-like: `body(counter, carried) → carried`, `n ≥ 1` times.
    pub(super) fn accumulate(
        &mut self,
        n: u64,
        start: Val<'h>,
        body: &mut dyn FnMut(&mut Self, Leaf, Val<'h>) -> Traced<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let mut step = |t: &mut Self, k: Leaf, extra: Option<Val<'h>>| {
            Ok(Some(body(t, k, extra.unwrap_or(Val::Never))?))
        };
        if n == 1 {
            return Ok(step(self, Leaf::usize(0), Some(start))?.unwrap_or(Val::Never));
        }
        let (checkpoint, span) = (self.checkpoint(), self.span);
        match self.rolled(Head::Count(n), &[], Some(start.clone()), &mut step) {
            Err(Stop::Fault(fault)) if fault.needs_known && n <= MAX_UNROLLED => {
                self.rollback(checkpoint);
                let mut val = Some(start);
                for k in 0..n {
                    self.span = span;
                    val = step(self, Leaf::usize(k), val)?;
                }
                Ok(val.unwrap_or(Val::Never))
            }
            other => Ok(other?.unwrap_or(Val::Never)),
        }
    }
}
