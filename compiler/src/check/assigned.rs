//! `let x: T;`: whether a variable has its value before it is read, and whether one without `mut` gets it once.
//!
//! A walk along the ways that control may take through a checked body. Of each variable that was declared without a value it
//! keeps two things: whether every way so far has given it one, and whether some way has. Both arms of an `if` count as
//! ways, also of a secret one, where both run.

use super::Checker;
use super::body::LocalInfo;
use crate::diagnostic;
use crate::hir::effects::Effects;
use crate::hir::{Expr, ExprKind as H, LocalId, Place, PlaceStep, Stmt};
use crate::source::Span;
use smpcc_circuit::sorted::SortedSet;

/// What is known where control stands; nothing reaches the place if it is absent.
type Here = Option<State>;

#[derive(Clone, Default)]
struct State {
    /// Variables that have a value on every way.
    sure: SortedSet<LocalId>,
    /// Variables that have one on some way.
    maybe: SortedSet<LocalId>,
}

fn join(a: Here, b: Here) -> Here {
    match (a, b) {
        (None, other) | (other, None) => other,
        (Some(a), Some(b)) => Some(State {
            sure: a.sure.intersection(&b.sure).copied().collect(),
            maybe: a.maybe.iter().chain(&b.maybe).copied().collect(),
        }),
    }
}

/// A loop around the present place.
#[derive(Default)]
struct Loop {
    /// What is known where it is left.
    left: Here,
    /// What is known where the next iteration begins.
    again: Here,
    /// Assignments in it to variables without `mut` that are declared outside.
    once: Vec<(LocalId, Span)>,
}

struct Walk<'l> {
    locals: &'l [LocalInfo],
    here: Here,
    loops: Vec<Loop>,
    /// Reads without a value, and second values, each variable once.
    unset: Vec<(LocalId, Span)>,
    twice: Vec<(LocalId, Span)>,
}

impl Checker<'_> {
    /// Reports variables that are read before they have a value, or get a second one without `mut`.
    pub fn check_assigned(&mut self, locals: &[LocalInfo], body: &Expr) {
        if locals.iter().all(|l| !l.later) {
            return;
        }
        let mut walk = Walk {
            locals,
            here: Some(State::default()),
            loops: Vec::new(),
            unset: Vec::new(),
            twice: Vec::new(),
        };
        walk.expr(body);
        let (unset, twice) = (walk.unset, walk.twice);
        for (local, span) in unset {
            let LocalInfo {
                name,
                span: declared,
                ..
            } = &locals[local.index()];
            let error = diagnostic!(E3026, span, "`{name}` may have no value here")
                .here("read here")
                .because(*declared, "declared without a value");
            self.report(error.help("give it a value on every way that leads here"));
        }
        for (local, span) in twice {
            let LocalInfo {
                name,
                span: declared,
                ..
            } = &locals[local.index()];
            let error = diagnostic!(E3009, span, "`{name}` may have a value already")
                .here("assigned again here")
                .because(*declared, format!("`{name}` is declared without `mut`"));
            self.report(error.help(format!("declare it as `mut {name}`")));
        }
    }
}

impl Walk<'_> {
    fn is_later(&self, local: LocalId) -> bool {
        self.locals.get(local.index()).is_some_and(|l| l.later)
    }

    fn read(&mut self, local: LocalId, span: Span) {
        let Some(here) = &mut self.here else { return };
        if self.locals.get(local.index()).is_some_and(|l| l.later) && here.sure.insert(local) {
            self.unset.push((local, span));
        }
    }

    fn write(&mut self, place: &Place, span: Span) {
        let local = place.local;
        if !place.steps.is_empty() {
            for step in &place.steps {
                if let PlaceStep::Index(index) = step {
                    self.expr(index);
                }
            }
            // A part changes: the rest must be there.
            self.read(local, span);
        }
        if !self.is_later(local) {
            return;
        }
        let Some(here) = &mut self.here else { return };
        let again = !here.maybe.insert(local);
        here.sure.insert(local);
        if self.locals[local.index()].mutable {
            return;
        }
        if again {
            if self.twice.iter().all(|(l, _)| *l != local) {
                self.twice.push((local, span));
            }
        } else if let Some(around) = self.loops.last_mut() {
            around.once.push((local, span));
        }
    }

    fn exprs(&mut self, es: &[Expr]) {
        es.iter().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            H::Lit(_)
            | H::Decimal(_)
            | H::Zero
            | H::Const(_)
            | H::ConstParam(_)
            | H::Limit(..)
            | H::FnValue(_)
            | H::Circuit(_) => {}
            H::Local(local) => self.read(*local, e.span),
            // Chains of operators are as long as the code is.
            H::Binary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            H::Unary(_, a)
            | H::Cast(a)
            | H::Field(a, _)
            | H::Reveal(a)
            | H::MakeSecret(a)
            | H::Within(_, a)
            | H::Assert(a, _) => self.expr(a),
            H::Index(a, b) | H::Repeat(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            H::LogicalAnd(a, b) | H::LogicalOr(a, b) => {
                self.expr(a);
                let before = self.here.clone();
                self.expr(b);
                self.here = join(before, self.here.take());
            }
            H::Slice { array, lo, hi, .. } => {
                self.expr(array);
                for bound in [lo, hi].into_iter().flatten() {
                    self.expr(bound);
                }
            }
            H::Array(parts) | H::Tuple(parts) | H::Struct(parts) | H::Builtin(_, parts) => {
                self.exprs(parts);
            }
            H::Call { args, .. } => self.exprs(args),
            H::CallValue(callee, args) => {
                self.expr(callee);
                self.exprs(args);
            }
            H::Closure { body, .. } => {
                let before = self.here.clone();
                let loops = std::mem::take(&mut self.loops);
                self.expr(body);
                self.loops = loops;
                self.here = before;
            }
            H::Block(stmts, tail) => {
                stmts.iter().for_each(|s| self.stmt(s));
                if let Some(tail) = tail {
                    self.expr(tail);
                }
            }
            H::If {
                cond,
                then,
                otherwise,
            } => {
                self.expr(cond);
                let before = self.here.clone();
                self.expr(then);
                let after = std::mem::replace(&mut self.here, before);
                if let Some(otherwise) = otherwise {
                    self.expr(otherwise);
                }
                self.here = join(after, self.here.take());
            }
            H::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                self.here = None;
            }
            H::Break => {
                let here = self.here.take();
                if let Some(around) = self.loops.last_mut() {
                    around.left = join(around.left.take(), here);
                }
            }
            H::Continue => {
                let here = self.here.take();
                if let Some(around) = self.loops.last_mut() {
                    around.again = join(around.again.take(), here);
                }
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(local, None) => {
                // A new variable in each iteration.
                if let Some(here) = &mut self.here {
                    here.sure.remove(local);
                    here.maybe.remove(local);
                }
            }
            Stmt::Let(_, Some(value)) => self.expr(value),
            Stmt::Assign(place, value, span) => {
                self.expr(value);
                self.write(place, *span);
            }
            Stmt::Expr(e) => self.expr(e),
            Stmt::ForRange { lo, hi, body, .. } => {
                self.expr(lo);
                self.expr(hi);
                self.repeated(None, body);
            }
            Stmt::ForEach { array, body, .. } => {
                self.expr(array);
                self.repeated(None, body);
            }
            Stmt::While { cond, body, .. } => self.repeated(Some(cond), body),
        }
    }

    /// A loop: its condition, if it has one, and its body.
    fn repeated(&mut self, cond: Option<&Expr>, body: &Expr) {
        self.loops.push(Loop::default());
        if let Some(cond) = cond {
            self.expr(cond);
        }
        let skipped = self.here.clone();
        self.expr(body);
        let Some(mut around) = self.loops.pop() else {
            return;
        };
        let again = join(around.again.take(), self.here.take());
        // Variables that the body declares are new in each iteration.
        let changed = Effects::of(body).assigned;
        around.once.retain(|(local, _)| changed.contains_key(local));
        if let Some(again) = &again {
            for (local, span) in &around.once {
                if again.maybe.contains(local) && self.twice.iter().all(|(l, _)| l != local) {
                    self.twice.push((*local, *span));
                }
            }
        }
        if let Some(outer) = self.loops.last_mut() {
            outer.once.append(&mut around.once);
        }
        let endless = cond.is_some_and(|c| matches!(c.kind, H::Lit(1)));
        let ended = if endless { None } else { join(skipped, again) };
        self.here = join(ended, around.left);
    }
}
