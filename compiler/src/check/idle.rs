//! Statements without effect: an `if`, a loop or a block that changes nothing and tells nothing, and a call whose result is dropped.
//!
//! Whether a call has an effect is known only when all functions are checked. Until then a statement waits with the functions on which it
//! depends.

use super::Checker;
use super::effects::Effect;
use crate::diagnostic;
use crate::diagnostic::has_errors;
use crate::hir::effects::Effects;
use crate::hir::{Expr, ExprKind as E, FnId, Stmt, Type};
use crate::library;
use crate::source::Span;

/// A statement that has no effect if these functions have none.
pub(crate) struct Idle {
    pub span: Span,
    pub what: What,
    pub callees: Vec<FnId>,
}

/// A statement, or an expression in the place of one.
#[derive(Clone, Copy)]
pub(crate) enum Done<'a> {
    Stmt(&'a Stmt),
    Expr(&'a Expr),
}

/// What may be without effect.
pub(crate) enum What {
    /// `if`, a loop or a block, as messages call it.
    Statement(&'static str),
    /// A call whose value, of this type, nobody takes.
    Value(String),
}

impl Checker<'_> {
    /// Keeps a statement that may turn out to have no effect.
    pub fn may_idle(&mut self, span: Span, what: What, done: Done<'_>) {
        if library::owns(span.file) {
            return;
        }
        let effects = match done {
            Done::Stmt(stmt) => Effects::of_stmt(stmt),
            Done::Expr(e) => Effects::of(e),
        };
        if effects.exits() || !effects.assigned.is_empty() {
            return;
        }
        let mut callees = Vec::new();
        let quiet = match done {
            Done::Stmt(stmt) => is_quiet_stmt(stmt, &mut callees),
            Done::Expr(e) => is_quiet(e, &mut callees),
        };
        if quiet {
            // A body that is checked again says the same of its statements once more.
            self.idle.retain(|idle| idle.span != span);
            let idle = Idle {
                span,
                what,
                callees,
            };
            self.idle.push(idle);
        }
    }

    /// Warns about the statements that have no effect, of which the first effect of each function tells.
    pub fn warn_idle(&mut self, first_effect: &[Option<Effect>]) {
        let mut all = std::mem::take(&mut self.idle);
        if has_errors(&self.out) {
            return;
        }
        let acts = |f: &FnId| first_effect.get(f.index()).is_none_or(Option::is_some);
        all.retain(|idle| !idle.callees.iter().any(acts));
        all.sort_by_key(|idle| {
            (
                idle.span.file,
                idle.span.start,
                std::cmp::Reverse(idle.span.end),
            )
        });
        let mut end = Span::default();
        for idle in all {
            let span = idle.span;
            // What stands in such a statement goes with it.
            if span.file == end.file && span.end <= end.end {
                continue;
            }
            end = span;
            let warning = match idle.what {
                What::Statement(what) => diagnostic!(W0008, span, "this {what} has no effect")
                    .here("changes nothing, and tells nothing")
                    .help("remove it, or say in it what is to happen: assign to a variable that is declared before it"),
                What::Value(ty) => diagnostic!(W0003, span, "this value of type `{ty}` is not used")
                    .here("unused: a call changes none of its arguments")
                    .help("remove it, or bind what it gives: `let name = …;`"),
            };
            self.report(warning);
        }
    }
}

/// Whether evaluating an expression discloses nothing and stops nothing, if `callees` do not. Assignments are not looked at.
fn is_quiet(e: &Expr, callees: &mut Vec<FnId>) -> bool {
    match &e.kind {
        E::Lit(_)
        | E::Decimal(_)
        | E::Zero
        | E::Const(_)
        | E::ConstParam(_)
        | E::Limit(..)
        | E::Circuit(_) => true,
        // What a callable does is not known here.
        E::Local(_) => !matches!(e.ty, Type::Fn(_)),
        E::FnValue(id) => {
            callees.push(*id);
            true
        }
        E::Closure { body, .. } => is_quiet(body, callees),
        E::Unary(_, a) | E::Cast(a) | E::Field(a, _) | E::MakeSecret(a) | E::Within(_, a) => {
            is_quiet(a, callees)
        }
        E::Binary(_, a, b)
        | E::LogicalAnd(a, b)
        | E::LogicalOr(a, b)
        | E::Repeat(a, b)
        | E::Index(a, b) => is_quiet(a, callees) && is_quiet(b, callees),
        E::Slice { array, lo, hi, .. } => {
            let mut parts = std::iter::once(array).chain(lo).chain(hi);
            parts.all(|part| is_quiet(part, callees))
        }
        E::Array(parts) | E::Tuple(parts) | E::Struct(parts) | E::Builtin(_, parts) => {
            parts.iter().all(|part| is_quiet(part, callees))
        }
        E::Call { function, args, .. } => {
            callees.push(*function);
            args.iter().all(|arg| is_quiet(arg, callees))
        }
        E::Block(stmts, tail) => {
            stmts.iter().all(|stmt| is_quiet_stmt(stmt, callees))
                && tail.as_ref().is_none_or(|tail| is_quiet(tail, callees))
        }
        E::If {
            cond,
            then,
            otherwise,
        } => {
            let mut parts = [Some(cond), Some(then), otherwise.as_ref()]
                .into_iter()
                .flatten();
            parts.all(|part| is_quiet(part, callees))
        }
        E::CallValue(..) | E::Reveal(_) | E::Assert(..) | E::Return(_) | E::Break | E::Continue => {
            false
        }
    }
}

fn is_quiet_stmt(stmt: &Stmt, callees: &mut Vec<FnId>) -> bool {
    match stmt {
        Stmt::Let(_, value) => value.as_ref().is_none_or(|value| is_quiet(value, callees)),
        Stmt::Assign(_, value, _) => is_quiet(value, callees),
        Stmt::Expr(e) => is_quiet(e, callees),
        Stmt::ForRange { lo, hi, body, .. } => {
            [lo, hi, body].into_iter().all(|e| is_quiet(e, callees))
        }
        Stmt::ForEach { array, body, .. } => is_quiet(array, callees) && is_quiet(body, callees),
        // One that ends has changed its condition, and of one that does not another warning tells.
        Stmt::While { .. } => false,
    }
}
