//! Flat code of any length: sums of thousands of terms, long `&&`, chains of methods and of `else if`.
//!
//! It nests in the syntax tree, and the checked program would nest as deep. So a long spine is taken in pieces of
//! [`MAX_LINKS`]: each piece becomes a variable that no name leads to, the next one begins with that variable, and neither
//! this checker nor what comes after it recurses along the whole. What is evaluated, and in which order, stays as written.
//!
//! ```text
//! a0 + a1 + … + a300      {{ let t = a0 + … + a128; let u = t + … + a256; u + … + a300 }}
//!
//! if c0 { A0 } …          {{ let v; let left = false;
//! else if c128 { A128 } …    if c0 { v = A0 } … else { left = true }
//! else { B }                 if left { if c128 { v = A128 } … else { v = B } }
//!                            v }}
//! ```

use super::body::{Body, Cause, Condition, Typed};
use super::expr::{bare, is_bare_block, tail_span};
use super::flow;
use crate::ast::{BinaryOp, Block, Expr, ExprKind as E, MAX_LINKS};
use crate::diagnostic;
use crate::hir::{self, ExprKind as H, LocalId, Place, Stmt};
use crate::source::Span;
use crate::types::{Secrecy, Ty};
use smpcc_circuit::value::Scalar;

/// A piece of flat code that has been checked: where it ends, and the variable that holds it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The expression that the piece ends with; only compared.
    pub node: *const Expr,
    /// The variable's value.
    pub value: Typed,
}

/// One arm of a chain of `else if`, checked.
struct Arm {
    condition: Typed,
    /// Absent while nothing says what type a bare literal has.
    value: Option<Typed>,
}

impl Body<'_, '_> {
    /// An expression with a long spine.
    pub fn flat(&mut self, e: &Expr, want: Option<&Ty>) -> Typed {
        if matches!(e.kind, E::If(..)) {
            return self.if_chain(e, want);
        }
        if self.leads_to_kept(e) {
            return self.one(e, want);
        }
        let mut stmts = Vec::new();
        let n_kept = self.kept.len();
        for (node, hint) in cuts(e, want) {
            let hint = match hint {
                None if self.is_bare_here(node) => self.type_beside(e, node),
                hint => hint,
            };
            let value = self.one(node, hint.as_ref());
            self.kept.truncate(n_kept);
            let value = self.keep(value, node.span, &mut stmts);
            self.kept.push(Kept { node, value });
        }
        let value = self.one(e, want);
        self.kept.truncate(n_kept);
        in_block(stmts, value)
    }

    /// A value as a variable that later pieces read.
    fn keep(&mut self, value: Typed, span: Span, stmts: &mut Vec<Stmt>) -> Typed {
        let ty = self.keepable(&value.ty, span);
        if ty.is_never() {
            return Typed::poison(span);
        }
        let hir = value.hir();
        let id = self.temporary(String::new(), ty.clone(), span, flow::cause_of(&hir));
        stmts.push(Stmt::Let(id, Some(hir)));
        flow::read(id, &ty, span)
    }

    /// Whether the spine of `e` leads within one piece to what is in a variable.
    fn leads_to_kept(&self, e: &Expr) -> bool {
        let Some(kept) = self.kept.last() else {
            return false;
        };
        let mut at = e;
        for _ in 0..MAX_LINKS {
            match at.kind.left() {
                Some(left) if std::ptr::eq::<Expr>(kept.node, &**left) => return true,
                Some(left) => at = left,
                None => return false,
            }
        }
        false
    }

    /// Whether an expression is a literal without a type; what is in a variable has one.
    pub fn is_bare_here(&self, e: &Expr) -> bool {
        let kept = self.kept.last().map(|k| k.node);
        bare(e, false, &mut |e| kept.is_some_and(|k| std::ptr::eq(k, e)))
    }

    /// The type that literals up to `node` take from the first operand after them on the spine of `e`.
    fn type_beside(&mut self, e: &Expr, node: &Expr) -> Option<Ty> {
        let mut beside = None;
        let mut at = e;
        while !std::ptr::eq(at, node) {
            if let E::Binary(op, _, b) = &at.kind
                && !super::operator::is_shift(*op)
                && !bare(b, false, &mut |_| false)
            {
                beside = Some(&**b);
            }
            at = at.kind.left()?;
        }
        // Only its type is of interest: it is checked in its place later.
        let saved = (self.ck.out.len(), self.locals.len(), self.summary.mark());
        let ty = self.expr(beside?, None).ty;
        self.ck.out.truncate(saved.0);
        self.locals.truncate(saved.1);
        self.summary.rewind(saved.2);
        Some(ty)
    }

    /// A long chain of `if … else if … else …`.
    fn if_chain(&mut self, e: &Expr, want: Option<&Ty>) -> Typed {
        let mut written: Vec<(&Expr, &Block)> = Vec::new();
        let mut last = Some(e);
        while let Some(Expr {
            kind: E::If(condition, then, otherwise),
            ..
        }) = last
        {
            written.push((condition, then));
            last = otherwise.as_deref();
        }
        let n_around = self.conditions.len();
        let (mut arms, other) = self.arms(&written, last, want);
        self.conditions.truncate(n_around);
        let mut ty = other.as_ref().map_or(Ty::unit(), |o| o.ty.clone());
        for (arm, (_, then)) in arms.iter().zip(&written) {
            let Some(value) = &arm.value else { continue };
            if other.is_none() && (value.ty.is_never() || value.ty.is_unit()) {
                continue;
            }
            let span = then.tail.as_ref().map_or(then.span, |t| t.span);
            let Some(joined) = ty.join(&value.ty, &self.ck.structs) else {
                self.arms_differ(&ty, &value.ty, span, last);
                return Typed::poison(e.span);
            };
            ty = joined;
        }
        let secrecy = arms.iter().fold(Secrecy::PUBLIC, |s, arm| {
            s.join(self.secrecy(&arm.condition.ty))
        });
        let ty = self.hidden(ty, secrecy, e.span);
        let has_value = other.is_some() && !ty.is_unit() && !ty.is_never();
        let mut stmts = Vec::new();
        let target = has_value.then(|| {
            let cause = Cause::From(
                arms.first()
                    .and_then(|a| flow::find(&a.condition.clone().hir())),
            );
            let id = self.temporary(String::new(), ty.clone(), e.span, cause);
            stmts.push(Stmt::Let(id, None));
            id
        });
        let mut otherwise = other.map(|o| assigned(target, o));
        // From the last piece to the first: each is inside of nothing but the question whether it is reached.
        let mut pieces: Vec<(Option<LocalId>, hir::Expr)> = Vec::new();
        let piece = MAX_LINKS as usize;
        while !arms.is_empty() {
            let from = (arms.len() - 1) / piece * piece;
            let rest = arms.split_off(from);
            let start = rest.first().map_or(e.span, |a| a.condition.span);
            let mut inner = otherwise.take();
            for arm in rest.into_iter().rev() {
                let span = arm.condition.span;
                let value = arm.value.unwrap_or(Typed::poison(span));
                let kind = H::If {
                    cond: arm.condition.boxed(),
                    then: Box::new(assigned(target, value)),
                    otherwise: inner.map(Box::new),
                };
                inner = Some(Typed::new(kind, Ty::unit(), span).hir());
            }
            let Some(mut whole) = inner else { break };
            let mut left = None;
            if !arms.is_empty() {
                let before = arms.iter().fold(Secrecy::PUBLIC, |s, arm| {
                    s.join(self.secrecy(&arm.condition.ty))
                });
                let cause = arms
                    .iter()
                    .find_map(|a| flow::find(&a.condition.clone().hir()));
                let ty = Ty::Scalar(Scalar::Bool, before);
                let id = self.temporary(String::new(), ty.clone(), start, Cause::From(cause));
                whole = Typed::new(
                    H::If {
                        cond: flow::read(id, &ty, start).boxed(),
                        then: Box::new(whole),
                        otherwise: None,
                    },
                    Ty::unit(),
                    start,
                )
                .hir();
                otherwise = Some(set(id, Typed::new(H::Lit(1), Ty::bool(), start)));
                left = Some(id);
            }
            pieces.push((left, whole));
        }
        for (left, _) in &pieces {
            let no = Typed::new(H::Lit(0), Ty::bool(), e.span).hir();
            stmts.extend(left.map(|id| Stmt::Let(id, Some(no))));
        }
        stmts.extend(pieces.into_iter().rev().map(|(_, whole)| Stmt::Expr(whole)));
        let tail = target.map(|id| flow::read(id, &ty, e.span).boxed());
        let ty = if has_value || ty.is_never() {
            ty
        } else {
            Ty::unit()
        };
        Typed::new(H::Block(stmts, tail), ty, e.span)
    }

    /// Conditions and arms, each under the conditions before it, and the value after the last `else`.
    fn arms(
        &mut self,
        written: &[(&Expr, &Block)],
        last: Option<&Expr>,
        want: Option<&Ty>,
    ) -> (Vec<Arm>, Option<Typed>) {
        let (n_around, n_dead) = (self.conditions.len(), self.n_dead);
        let mut arms = Vec::with_capacity(written.len());
        let mut known = want.cloned().filter(|_| last.is_some());
        let mut waiting = Vec::new();
        for (at, (condition, then)) in written.iter().enumerate() {
            if at % MAX_LINKS as usize == 0 {
                self.merge_conditions(n_around);
            }
            let truth = self.truth(condition);
            let never = truth == Some(false);
            let condition = self.condition_value(condition);
            let under = self.condition(&condition);
            let mut value = None;
            if known.is_none() && last.is_some() && is_bare_block(then) {
                let dead = self.n_dead > 0 || never;
                waiting.push((at, self.conditions.clone(), under.clone(), dead));
            } else {
                let hint = known.as_ref();
                let typed = self.under(under.clone(), |b| b.arm(never, |b| b.block(then, hint)));
                if last.is_none() {
                    self.no_value(&typed, then);
                }
                if known.is_none() && last.is_some() && !typed.ty.is_never() {
                    known = Some(typed.ty.clone());
                }
                value = Some(typed);
            }
            self.conditions.extend(under);
            // What follows an arm that is always taken is not reached.
            self.n_dead += usize::from(truth == Some(true));
            arms.push(Arm { condition, value });
        }
        let other = last.map(|e| {
            self.merge_conditions(n_around);
            self.expr(e, known.as_ref())
        });
        self.n_dead = n_dead;
        let known = known.or_else(|| other.as_ref().map(|o| o.ty.clone()));
        for (at, conditions, under, dead) in waiting {
            self.conditions = conditions;
            let hint = known.as_ref();
            let value = self.under(under, |b| b.arm(dead, |b| b.block(written[at].1, hint)));
            arms[at].value = Some(value);
        }
        (arms, other)
    }

    /// All conditions from the `from`th on as one, so that what asks about them does not walk thousands.
    fn merge_conditions(&mut self, from: usize) {
        let secrecy = self.conditions_since(from);
        if let Some(first) = self.conditions.get(from).cloned() {
            self.conditions.truncate(from);
            self.conditions.push(Condition { secrecy, ..first });
        }
    }

    fn no_value(&mut self, value: &Typed, then: &Block) {
        if value.ty.is_never() || value.ty.is_unit() {
            return;
        }
        let shown = self.show(&value.ty);
        let at = then.tail.as_ref().map_or(then.span, |t| t.span);
        let error = diagnostic!(E3001, at, "an `if` without `else` has no value")
            .here(format!("this is `{shown}`"));
        self.report(error.help("add an `else`, or end the value with `;`"));
    }

    fn arms_differ(&mut self, others: &Ty, this: &Ty, span: Span, last: Option<&Expr>) {
        let (a, b) = (self.show(this), self.show(others));
        let error = diagnostic!(
            E3001,
            span,
            "the arms of this `if` have types `{a}` and `{b}`"
        )
        .here(format!("this is `{a}`"));
        let error = match last {
            Some(last) => error.because(tail_span(last), format!("others are `{b}`")),
            None => error,
        };
        self.report(error.help("give all arms one type"));
    }
}

/// The nodes on the spine of `e` after which a piece ends, from the inside out, with what is expected of each.
fn cuts<'e>(e: &'e Expr, want: Option<&Ty>) -> Vec<(&'e Expr, Option<Ty>)> {
    let mut cuts = Vec::new();
    let mut hint = want.cloned();
    let mut at = e;
    let mut n = 0;
    while let Some(left) = at.kind.left() {
        hint = match &at.kind {
            E::Binary(BinaryOp::AndAnd | BinaryOp::OrOr, ..) => Some(Ty::bool()),
            E::Binary(op, ..) if !super::operator::is_comparison(*op) => hint,
            _ => None,
        };
        at = left;
        n += 1;
        if n % MAX_LINKS == 0 && at.kind.left().is_some() {
            cuts.push((at, hint.clone()));
        }
    }
    cuts.reverse();
    cuts
}

/// An arm's value put into the variable of the whole, if that has one.
fn assigned(target: Option<LocalId>, value: Typed) -> hir::Expr {
    match target {
        Some(id) if !value.ty.is_never() => set(id, value),
        _ => value.hir(),
    }
}

/// `{ id = value; }`
fn set(id: LocalId, value: Typed) -> hir::Expr {
    let span = value.span;
    let place = Place {
        local: id,
        steps: Vec::new(),
    };
    let stmt = Stmt::Assign(place, value.hir(), span);
    Typed::new(H::Block(vec![stmt], None), Ty::unit(), span).hir()
}

fn in_block(stmts: Vec<Stmt>, value: Typed) -> Typed {
    if stmts.is_empty() {
        return value;
    }
    let (ty, span) = (value.ty.clone(), value.span);
    Typed::new(H::Block(stmts, Some(value.boxed())), ty, span)
}
