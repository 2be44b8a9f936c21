//! Blocks and branches: known conditions choose a path, public ones make `if` regions, secret ones run both arms.
//!
//! After a secret branch every scalar that its arms assign is selected once. Arrays that an arm assigns by *element*
//! are treated otherwise: each such store is predicated with the condition at once, so that a store costs one element
//! and not the array; such a variable needs no merge.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::frame::{Slot, or_never};
use super::value::{Leaf, Val};
use crate::hir::effects::{Effects, is_total};
use crate::hir::{Expr, ExprKind, LocalId, Stmt, Type};
use crate::ir::{Op, Region, Ty};
use crate::span::Span;
use smpcc_circuit::value::Scalar;

impl<'h> Tracer<'h> {
    /// A block's value.
    pub(super) fn block(
        &mut self,
        stmts: &'h [Stmt],
        tail: Option<&'h Expr>,
        at_statement: bool,
    ) -> Traced<Val<'h>> {
        for (k, stmt) in stmts.iter().enumerate() {
            self.stmt(stmt)?;
            if !Effects::of_stmt(stmt).exits() {
                continue;
            }
            let live = self.live()?;
            match live.known_truth() {
                Some(true) => {}
                Some(false) => return Err(Stop::Exit),
                None => {
                    let rest = &stmts[k + 1..];
                    if rest.is_empty() && tail.is_none() {
                        return Ok(Val::unit());
                    }
                    let effects = Effects::of_rest(rest, tail);
                    // The rest stands in an arm of its own, which nests once per way out.
                    self.depth += 1;
                    if self.depth > self.max_depth {
                        let what = "too many ways out of one block, under conditions that are known only while running";
                        return Err(Fault::new(code::TOO_LARGE, self.span, what).into());
                    }
                    let result = self.public_if(
                        &live,
                        &effects,
                        &mut |t| t.block(rest, tail, true),
                        &mut |_| Ok(Val::Never),
                    );
                    self.depth -= 1;
                    return result;
                }
            }
        }
        match tail {
            Some(tail) => {
                self.at_statement = at_statement;
                self.expr(tail)
            }
            None => Ok(Val::unit()),
        }
    }

    fn stmt(&mut self, stmt: &'h Stmt) -> Traced<()> {
        match stmt {
            Stmt::Let(local, None) => self.declare(*local, None),
            Stmt::Let(local, Some(value)) => {
                self.at_statement = true;
                let val = self.expr(value)?;
                let hir = self.hir;
                let function = self.frame().function.and_then(|f| hir.fns.get(f.index()));
                if let Some(declared) = function.and_then(|f| f.locals.get(local.index())) {
                    let what = format!("`{}`", declared.name);
                    self.require_lens(&declared.ty, &val, value.span, &what)?;
                }
                self.declare(*local, Some(val));
            }
            Stmt::Assign(place, value, span) => {
                let outer = self.frame().updated.replace(place.local);
                let val = self.expr(value)?;
                self.frame().updated = outer;
                self.span = *span;
                self.assign(place, val, *span)?;
            }
            Stmt::Expr(expr) => {
                self.at_statement = true;
                self.expr(expr)?;
            }
            Stmt::ForRange {
                var,
                lo,
                hi,
                inclusive,
                body,
                span,
            } => self.for_range(*var, (lo, hi, *inclusive), body, *span)?,
            Stmt::ForEach {
                var,
                array,
                body,
                span,
            } => self.for_each(*var, array, body, *span)?,
            Stmt::While { cond, body, span } => self.while_loop(cond, body, *span)?,
        }
        Ok(())
    }

    /// `if`, by how its condition is known.
    pub(super) fn branch(
        &mut self,
        cond: &'h Expr,
        then: &'h Expr,
        otherwise: Option<&'h Expr>,
        span: Span,
        at_statement: bool,
    ) -> Traced<Val<'h>> {
        let condition = self.scalar_expr(cond)?;
        if let Some(truth) = condition.known_truth() {
            self.at_statement = at_statement;
            return match (truth, otherwise) {
                (true, _) => self.expr(then),
                (false, Some(otherwise)) => self.expr(otherwise),
                (false, None) => Ok(Val::unit()),
            };
        }
        self.span = span;
        let effects = Effects::of_all(std::iter::once(then).chain(otherwise));
        let typed_secret = matches!(self.close(&cond.ty), Type::Scalar(Scalar::Bool, true));
        let varying = self.batch.is_some() && condition.lanes != 1;
        let mut first = |t: &mut Self| {
            t.at_statement = at_statement;
            t.expr(then)
        };
        let mut second = |t: &mut Self| match otherwise {
            Some(otherwise) => {
                t.at_statement = at_statement;
                t.expr(otherwise)
            }
            None => Ok(Val::unit()),
        };
        if condition.secret || (typed_secret && !effects.exits()) {
            return self.secret_if(&condition, &effects, &mut first, &mut second);
        }
        if varying {
            let total = is_total(then) && otherwise.is_none_or(is_total);
            if !total {
                return Err(Stop::NotElementwise);
            }
            return self.secret_if(&condition, &effects, &mut first, &mut second);
        }
        if effects.exits() && !at_statement {
            return Err(early_exit_in_expression(span));
        }
        self.public_if(&condition, &effects, &mut first, &mut second)
    }

    /// `a && b` and `a || b`; `stop` is the value of `a` that decides.
    pub(super) fn short_circuit(
        &mut self,
        a: &'h Expr,
        b: &'h Expr,
        stop: bool,
    ) -> Traced<Val<'h>> {
        let left = self.scalar_expr(a)?;
        if let Some(known) = left.known_truth() {
            if known == stop {
                return Ok(Val::Leaf(Leaf::truth(stop)));
            }
            return self.expr(b);
        }
        let secret =
            |t: &Self, e: &Expr| matches!(t.close(&e.ty), Type::Scalar(Scalar::Bool, true));
        let both = left.secret || secret(self, a) || secret(self, b) || is_total(b);
        if both {
            let right = self.scalar_expr(b)?;
            let leaf = if stop {
                self.or(&left, &right)?
            } else {
                self.and(&left, &right)?
            };
            return Ok(Val::Leaf(leaf));
        }
        let effects = Effects::of(b);
        if effects.exits() {
            return Err(early_exit_in_expression(b.span));
        }
        if self.batch.is_some() && left.lanes != 1 {
            return Err(Stop::NotElementwise);
        }
        let go = if stop { self.not(&left)? } else { left };
        self.public_if(&go, &effects, &mut |t| t.expr(b), &mut |_| {
            Ok(Val::Leaf(Leaf::truth(stop)))
        })
    }

    /// Runs one of two arms, decided while running; merges what they may change and their values.
    pub(super) fn public_if(
        &mut self,
        condition: &Leaf,
        effects: &Effects,
        then: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
        otherwise: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let span = self.span;
        let condition = self.value(condition)?;
        let slots = self.slots(effects);
        let before = self.get_slots(&slots);
        let (first, mut first_block) = self.arm(&slots, then)?;
        self.set_slots(&slots, &before);
        let (second, mut second_block) = self.arm(&slots, otherwise)?;
        self.span = span;

        // Leaves on which the arms differ become results of the node.
        let mut merged = Vec::with_capacity(first.len());
        let mut results: Vec<(Leaf, Leaf, Ty)> = Vec::new();
        for (a, b) in first.iter().zip(&second) {
            merged.push(self.merge_plan(a.as_ref(), b.as_ref(), span, &mut results)?);
        }
        let region_of = |t: &mut Self, block: Vec<_>, pick: &dyn Fn(&(Leaf, Leaf, Ty)) -> Leaf| {
            t.blocks.push(block);
            let mut ids = Vec::with_capacity(results.len());
            for plan in &results {
                let leaf = t.broadcast(&pick(plan), plan.2.lanes)?;
                let leaf = if plan.2.secret {
                    t.secret(&leaf)?
                } else {
                    leaf
                };
                ids.push(t.value(&leaf)?);
            }
            Ok::<_, Stop>(Region {
                params: Vec::new(),
                nodes: t.blocks.pop().unwrap_or_default(),
                results: ids,
            })
        };
        let regions = vec![
            region_of(self, std::mem::take(&mut first_block), &|p| p.0.clone())?,
            region_of(self, std::mem::take(&mut second_block), &|p| p.1.clone())?,
        ];
        let tys: Vec<Ty> = results.iter().map(|r| r.2).collect();
        let ids = if tys.is_empty() && regions.iter().all(|r| r.nodes.is_empty()) {
            Vec::new()
        } else {
            self.node(Op::If, vec![condition], &tys, regions)?
        };
        let mut leaves = tys.iter().zip(&ids).map(|(&ty, &id)| {
            let mut leaf = super::build::leaf_of(ty, id);
            leaf.range = None;
            leaf
        });
        let merged: Vec<Option<Val<'h>>> = merged
            .into_iter()
            .map(|plan| plan.map(|p| p.fill(&mut leaves)))
            .collect();
        self.set_slots(&slots, &merged[..slots.len()]);
        Ok(merged.into_iter().last().flatten().unwrap_or(Val::Never))
    }

    /// Traces an arm into a block of its own: the slots after it, then its value.
    fn arm(
        &mut self,
        slots: &[Slot],
        arm: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
    ) -> Traced<(Vec<Option<Val<'h>>>, Vec<crate::ir::Node>)> {
        self.blocks.push(Vec::new());
        let val = or_never(arm(self))?;
        let mut after = self.get_slots(slots);
        after.push(Some(val));
        Ok((after, self.blocks.pop().unwrap_or_default()))
    }

    /// How two arms' versions of one thing become one; appends the leaves that differ.
    fn merge_plan(
        &mut self,
        a: Option<&Val<'h>>,
        b: Option<&Val<'h>>,
        span: Span,
        results: &mut Vec<(Leaf, Leaf, Ty)>,
    ) -> Traced<Option<Plan<'h>>> {
        let (a, b) = match (a, b) {
            (None | Some(Val::Never), None) | (None, Some(Val::Never)) => return Ok(None),
            (Some(Val::Never), Some(Val::Never)) => return Ok(Some(Plan(Val::Never, Vec::new()))),
            (Some(a), None | Some(Val::Never)) => (a.clone(), a.zeros()),
            (None | Some(Val::Never), Some(b)) => (b.zeros(), b.clone()),
            (Some(a), Some(b)) => {
                a.require_shape(b, span, "the two arms differ in shape")?;
                (a.clone(), b.clone())
            }
        };
        let others = b.leaves();
        let mut merge = Vec::with_capacity(others.len());
        for (x, y) in a.leaves().into_iter().zip(others) {
            if x.same(y) {
                merge.push(Some(x.clone()));
                continue;
            }
            let lanes = if x.lanes == 1 { y.lanes } else { x.lanes };
            results.push((
                x.clone(),
                y.clone(),
                Ty {
                    scalar: x.scalar,
                    lanes,
                    secret: x.secret || y.secret,
                },
            ));
            merge.push(None);
        }
        Ok(Some(Plan(a, merge)))
    }

    /// Runs both arms and selects what they assign.
    pub(super) fn secret_if(
        &mut self,
        condition: &Leaf,
        effects: &Effects,
        then: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
        otherwise: &mut dyn FnMut(&mut Self) -> Traced<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let span = self.span;
        let by_element: Vec<LocalId> = effects
            .assigned
            .iter()
            .filter(|&(_, &element)| element)
            .map(|(&local, _)| local)
            .collect();
        let slots: Vec<Slot> = effects
            .assigned
            .iter()
            .filter(|&(_, &element)| !element)
            .map(|(&local, _)| Slot::Local(local))
            .collect();
        // A variable that an enclosing branch already predicates stays predicated.
        let predicated = self.frame().predicated.clone();
        let slots: Vec<Slot> = slots
            .into_iter()
            .filter(|s| !matches!(s, Slot::Local(l) if predicated.contains_key(l)))
            .collect();
        for &local in &by_element {
            *self.frame().predicated.entry(local).or_default() += 1;
        }
        let before = self.get_slots(&slots);

        self.conditions.push(condition.clone());
        let first = then(self)?;
        self.conditions.pop();
        let after_first = self.get_slots(&slots);

        self.set_slots(&slots, &before);
        self.span = span;
        let negated = self.not(condition)?;
        self.conditions.push(negated);
        let second = otherwise(self)?;
        self.conditions.pop();
        let after_second = self.get_slots(&slots);

        self.frame().predicated = predicated;
        self.span = span;
        for ((&slot, a), b) in slots.iter().zip(after_first).zip(after_second) {
            let merged = match (a, b) {
                (Some(a), Some(b)) => Some(self.select(condition, &a, &b)?),
                (a, b) => a.or(b),
            };
            self.set_slot(slot, merged);
        }
        self.select(condition, &first, &second)
    }

    /// The conjunction of the secret conditions that came into force since a variable was declared.
    pub(super) fn path_condition(&mut self, local: LocalId) -> Traced<Option<Leaf>> {
        let frame = self.frame();
        if !frame.predicated.contains_key(&local) {
            return Ok(None);
        }
        let since = frame.declared_at.get(&local).copied().unwrap_or(0);
        let conditions: Vec<Leaf> = self.conditions.get(since..).unwrap_or_default().to_vec();
        let mut all: Option<Leaf> = None;
        for condition in conditions {
            all = Some(match all {
                None => condition,
                Some(so_far) => self.and(&so_far, &condition)?,
            });
        }
        Ok(all)
    }

    /// A scalar expression's leaf.
    pub(super) fn scalar_expr(&mut self, expr: &'h Expr) -> Traced<Leaf> {
        match self.expr(expr)? {
            Val::Leaf(leaf) => Ok(leaf),
            other => Err(Fault::new(
                code::NOT_KNOWN,
                expr.span,
                format!("a scalar is needed here, not {}", other.describe()),
            )
            .into()),
        }
    }

    /// `return`, `break`, `continue`.
    pub(super) fn exit(&mut self, kind: &'h ExprKind) -> Traced<Val<'h>> {
        match kind {
            ExprKind::Return(value) => {
                let val = match value {
                    Some(value) => self.expr(value)?,
                    None => Val::unit(),
                };
                let frame = self.frame();
                frame.result = Some(val);
                frame.returned = Leaf::truth(true);
            }
            ExprKind::Break => self.set_slot(Slot::Broke, Some(Val::Leaf(Leaf::truth(true)))),
            _ => self.set_slot(Slot::Continued, Some(Val::Leaf(Leaf::truth(true)))),
        }
        Err(Stop::Exit)
    }
}

/// A merged tree: the shape, and for each leaf either what both arms agree on or `None` for the node's next result.
struct Plan<'h>(Val<'h>, Vec<Option<Leaf>>);

impl<'h> Plan<'h> {
    fn fill(self, results: &mut dyn Iterator<Item = Leaf>) -> Val<'h> {
        let Self(shape, merge) = self;
        let leaves: Vec<Leaf> = merge
            .into_iter()
            .filter_map(|leaf| leaf.or_else(|| results.next()))
            .collect();
        shape.with_leaves(&mut leaves.into_iter())
    }
}

fn early_exit_in_expression(span: Span) -> Stop {
    Fault::new(
        code::NOT_KNOWN,
        span,
        "this leaves early in the middle of an expression, under a condition that is known only while running",
    )
    .help("compute the condition first and make the `if` with its `return`, `break` or `continue` a statement of its own")
    .into()
}
