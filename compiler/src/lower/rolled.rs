//! The emission of one rolled loop: its regions, and the fixed point of what it carries.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::frame::Slot;
use super::loops::Body;
use super::random::Iteration;
use super::value::{Leaf, Val};
use crate::hir::{GenericKind, LocalId, Range};
use crate::ir::{Op, Region, Ty};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Scalar;

/// How something carried must start: a value, and the lanes and secrecy that its leaves need.
type Adapted<'h> = (Val<'h>, Vec<(u64, bool)>);

/// What heads a rolled loop.
pub(super) enum Head<'a, 'h> {
    /// A count known now.
    Count(u64),
    /// A count known while running.
    RuntimeCount(Leaf),
    /// A condition on what is carried.
    Condition(&'a mut dyn FnMut(&mut Tracer<'h>, Option<&Val<'h>>) -> Traced<Leaf>),
}

impl<'h> Tracer<'h> {
    /// A rolled loop; slots and `extra` are carried.
    pub(super) fn rolled(
        &mut self,
        mut head: Head<'_, 'h>,
        slots: &[Slot],
        extra: Option<Val<'h>>,
        body: Body<'_, 'h>,
    ) -> Traced<Option<Val<'h>>> {
        let span = self.span;
        let mut start = self.get_slots(slots);
        for (&slot, val) in slots.iter().zip(&mut start) {
            if let (Slot::Local(local), Some(val)) = (slot, val.as_mut()) {
                *val = self.typed_secret(local, val)?;
            }
        }
        start.push(extra);
        // Each round adapts at least one leaf; secrecy and lanes only grow.
        let rounds = 2
            + start
                .iter()
                .flatten()
                .map(|v| 2 * v.leaves().len())
                .sum::<usize>()
            + 2 * start.len();
        for _ in 0..rounds {
            let checkpoint = self.checkpoint();
            let mut regions = Vec::new();
            self.iterations.push(Iteration::uncounted());
            if let Head::Condition(condition) = &mut head {
                self.blocks.push(Vec::new());
                let (params, vals) = self.region_params(&start)?;
                self.set_slots(slots, &vals);
                let holds = condition(self, vals.last().and_then(Option::as_ref))?;
                let holds = self.value(&holds)?;
                regions.push(Region {
                    params,
                    nodes: self.blocks.pop().unwrap_or_default(),
                    results: vec![holds],
                });
            }
            // What is counted runs at least once: loops without iterations are not traced.
            let certain = matches!(head, Head::Count(_)) && self.is_certain();
            self.blocks.push(Vec::new());
            self.n_certain += usize::from(certain);
            let counter = match &head {
                Head::Condition(_) => None,
                Head::Count(n) => Some(self.counter(Some(i128::from(*n)))?),
                Head::RuntimeCount(n) => Some(self.counter(n.interval().map(|r| r.hi))?),
            };
            let (mut params, vals) = self.region_params(&start)?;
            if let Some((id, _)) = &counter {
                params.insert(0, *id);
            }
            self.set_slots(slots, &vals);
            let symbol = counter.map_or_else(|| Leaf::usize(0), |(_, leaf)| leaf);
            match &head {
                Head::Condition(_) => {}
                Head::Count(n) => self.counts(&Leaf::usize(*n), &symbol),
                Head::RuntimeCount(n) => self.counts(n, &symbol),
            }
            let next = body(self, symbol, vals.last().cloned().flatten())?;
            self.iterations.pop();
            self.span = span;
            let mut after = self.get_slots(slots);
            after.push(next);
            if let Some(adapted) = self.adapt(&vals, &after, &start, checkpoint)? {
                start = adapted;
                continue;
            }
            let mut results = Vec::new();
            for (want, have) in vals.iter().zip(&after) {
                if let (Some(want), Some(have)) = (want, have) {
                    for (w, h) in want.leaves().into_iter().zip(have.leaves()) {
                        let h = self.broadcast(h, w.lanes)?;
                        let h = if w.secret { self.secret(&h)? } else { h };
                        results.push(self.value(&h)?);
                    }
                }
            }
            self.n_certain -= usize::from(certain);
            regions.push(Region {
                params,
                nodes: self.blocks.pop().unwrap_or_default(),
                results,
            });
            return self.loop_node(&head, slots, &start, regions);
        }
        Err(Fault::new(
            code::LENGTHS,
            span,
            "what this loop carries from one iteration to the next does not settle",
        )
        .into())
    }

    fn loop_node(
        &mut self,
        head: &Head<'_, 'h>,
        slots: &[Slot],
        start: &[Option<Val<'h>>],
        regions: Vec<Region>,
    ) -> Traced<Option<Val<'h>>> {
        let mut args = Vec::new();
        let op = match head {
            Head::Count(n) => Op::Loop { count: Some(*n) },
            Head::RuntimeCount(n) => {
                args.push(self.value(n)?);
                Op::Loop { count: None }
            }
            Head::Condition(_) => Op::While,
        };
        let mut tys = Vec::new();
        for leaf in start.iter().flatten().flat_map(Val::leaves) {
            args.push(self.value(leaf)?);
            tys.push(Ty {
                scalar: leaf.scalar,
                lanes: leaf.lanes,
                secret: leaf.secret,
            });
        }
        let ids = self.node(op, args, &tys, regions)?;
        let mut leaves = tys
            .iter()
            .zip(ids)
            .map(|(&ty, id)| super::build::leaf_of(ty, id));
        let finals: Vec<Option<Val<'h>>> = start
            .iter()
            .map(|val| val.as_ref().map(|v| v.with_leaves(&mut leaves)))
            .collect();
        self.set_slots(slots, &finals);
        Ok(finals.into_iter().last().flatten())
    }

    /// Whether the carried things must start differently (then everything since the checkpoint is forgotten).
    fn adapt(
        &mut self,
        params: &[Option<Val<'h>>],
        after: &[Option<Val<'h>>],
        start: &[Option<Val<'h>>],
        checkpoint: super::build::Checkpoint,
    ) -> Traced<Option<Vec<Option<Val<'h>>>>> {
        let mut wanted: Vec<Option<Adapted<'h>>> = Vec::new();
        let mut changed = false;
        for (k, (param, next)) in params.iter().zip(after).enumerate() {
            let plan = match (param, next) {
                (None, Some(next)) if !matches!(next, Val::Never) => {
                    changed = true;
                    let facts = next.leaves().iter().map(|l| (l.lanes, l.secret)).collect();
                    Some((next.zeros(), facts))
                }
                (Some(param), Some(next)) => {
                    if matches!(next, Val::Never) {
                        return Err(Fault::new(
                            code::LENGTHS,
                            self.span,
                            "a loop carries a variable that loses its value",
                        )
                        .into());
                    }
                    param.require_shape(
                        next,
                        self.span,
                        "a variable changes its shape from one iteration to the next",
                    )?;
                    let facts: Vec<(u64, bool)> = param
                        .leaves()
                        .iter()
                        .zip(next.leaves())
                        .map(|(p, n)| {
                            let lanes = if p.lanes == 1 { n.lanes } else { p.lanes };
                            changed |= lanes != p.lanes || (n.secret && !p.secret);
                            (lanes, n.secret || p.secret)
                        })
                        .collect();
                    start[k].clone().map(|v| (v, facts))
                }
                _ => None,
            };
            wanted.push(plan);
        }
        if !changed {
            return Ok(None);
        }
        self.rollback(checkpoint);
        let mut adapted = Vec::with_capacity(start.len());
        for (plan, old) in wanted.into_iter().zip(start) {
            adapted.push(match plan {
                None => old.clone(),
                Some((val, facts)) => {
                    let mut leaves = Vec::with_capacity(facts.len());
                    for (leaf, (lanes, secret)) in val.leaves().into_iter().zip(facts) {
                        let leaf = self.broadcast(leaf, lanes)?;
                        leaves.push(if secret { self.secret(&leaf)? } else { leaf });
                    }
                    Some(val.with_leaves(&mut leaves.into_iter()))
                }
            });
        }
        Ok(Some(adapted))
    }

    fn counter(&mut self, count: Option<i128>) -> Traced<(ValueId, Leaf)> {
        let ty = Ty {
            scalar: Scalar::USIZE,
            lanes: 1,
            secret: false,
        };
        let id = self.new_value(ty, None)?;
        let mut leaf = super::build::leaf_of(ty, id);
        let range = count.map(|n| Range {
            lo: 0,
            hi: (n - 1).max(0),
        });
        self.set_range(&mut leaf, range);
        Ok((id, leaf))
    }

    /// Fresh parameters of a region for everything carried.
    #[allow(clippy::type_complexity, reason = "a pair that is taken apart at once")]
    fn region_params(
        &mut self,
        start: &[Option<Val<'h>>],
    ) -> Traced<(Vec<ValueId>, Vec<Option<Val<'h>>>)> {
        let mut params = Vec::new();
        let mut vals = Vec::with_capacity(start.len());
        for val in start {
            vals.push(match val {
                None => None,
                Some(val) => Some(val.map_leaves(&mut |leaf| {
                    let ty = Ty {
                        scalar: leaf.scalar,
                        lanes: leaf.lanes,
                        secret: leaf.secret,
                    };
                    let id = self.new_value(ty, None)?;
                    params.push(id);
                    Ok(super::build::leaf_of(ty, id))
                })?),
            });
        }
        Ok((params, vals))
    }

    /// The value with those leaves secret that the variable's declared type says are.
    fn typed_secret(&mut self, local: LocalId, val: &Val<'h>) -> Traced<Val<'h>> {
        let hir = self.hir;
        let function = self.frame().function.and_then(|f| hir.fns.get(f.index()));
        // In a function with type parameters a type may say secret for "as secret as `T`"; there only the values tell.
        let exact = function.filter(|f| f.generics.iter().all(|g| g.kind != GenericKind::Type));
        let Some(local) = exact.and_then(|f| f.locals.get(local.index())) else {
            return Ok(val.clone());
        };
        let ty = self.close(&local.ty);
        let facts = self.leaf_facts(&ty, val);
        let mut leaves = Vec::with_capacity(facts.len());
        for (leaf, secret) in val.leaves().into_iter().zip(facts) {
            leaves.push(if secret {
                self.secret(leaf)?
            } else {
                leaf.clone()
            });
        }
        Ok(val.with_leaves(&mut leaves.into_iter()))
    }
}
