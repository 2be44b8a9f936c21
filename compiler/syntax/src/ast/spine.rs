//! The child through which flat code nests.
//!
//! `a + b + c` is a sum of a sum, `x.f().g()` a call on a call, and `else if` an `if` in an `if`. Programs that are written by
//! programs have thousands of them in a row. A [`Spine`] is a boxed expression that is dropped and cloned without recursion,
//! however many follow each other; walks along it are loops.

use super::{Expr, ExprKind};
use crate::span::{FileId, Span};
use std::fmt;
use std::ops::Deref;

/// The expression on the left of an operator, a field, an index, a method or a cast, or after `else`.
pub struct Spine(Option<Box<Expr>>);

/// What a spine is whose expression was taken.
static GONE: Expr = Expr {
    kind: ExprKind::Error,
    span: Span {
        file: FileId(0),
        start: 0,
        end: 0,
    },
    depth: 1,
    links: 0,
};

impl Spine {
    /// A spine of this expression.
    pub fn new(e: Expr) -> Self {
        Self(Some(Box::new(e)))
    }
}

impl Deref for Spine {
    type Target = Expr;

    fn deref(&self) -> &Expr {
        self.0.as_deref().unwrap_or(&GONE)
    }
}

impl fmt::Debug for Spine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Drop for Spine {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut e) = next {
            next = e.kind.spine_mut().and_then(|spine| spine.0.take());
        }
    }
}

impl Clone for Spine {
    fn clone(&self) -> Self {
        let mut nodes = vec![&**self];
        while let Some(next) = nodes.last().and_then(|e| e.kind.spine()) {
            nodes.push(next);
        }
        let mut done: Option<Spine> = None;
        for node in nodes.into_iter().rev() {
            let kind = match done.take() {
                Some(spine) => node.kind.around(spine),
                None => node.kind.clone(),
            };
            done = Some(Spine::new(Expr { kind, ..*node }));
        }
        done.unwrap_or(Spine(None))
    }
}

impl ExprKind {
    /// The child through which this nests as flat code does.
    pub fn spine(&self) -> Option<&Spine> {
        match self {
            ExprKind::If(_, _, otherwise) => otherwise.as_ref(),
            _ => self.left(),
        }
    }

    /// The expression on the left of what is written after it.
    pub fn left(&self) -> Option<&Spine> {
        match self {
            ExprKind::Field(e, _)
            | ExprKind::TupleField(e, _)
            | ExprKind::Index(e, _)
            | ExprKind::Method(e, _, _)
            | ExprKind::Binary(_, e, _)
            | ExprKind::Cast(e, _) => Some(e),
            ExprKind::Int(..)
            | ExprKind::Decimal(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Path(_)
            | ExprKind::Array(_)
            | ExprKind::Repeat(..)
            | ExprKind::Tuple(_)
            | ExprKind::Paren(_)
            | ExprKind::Struct(..)
            | ExprKind::Range { .. }
            | ExprKind::Call(..)
            | ExprKind::Unary(..)
            | ExprKind::If(..)
            | ExprKind::IfLet(_)
            | ExprKind::Match(..)
            | ExprKind::Block(_)
            | ExprKind::Attributed(..)
            | ExprKind::Closure(..)
            | ExprKind::Reveal(..)
            | ExprKind::MakeSecret(_)
            | ExprKind::Assert(..)
            | ExprKind::Error => None,
        }
    }

    fn spine_mut(&mut self) -> Option<&mut Spine> {
        match self {
            ExprKind::If(_, _, otherwise) => otherwise.as_mut(),
            ExprKind::Field(e, _)
            | ExprKind::TupleField(e, _)
            | ExprKind::Index(e, _)
            | ExprKind::Method(e, _, _)
            | ExprKind::Binary(_, e, _)
            | ExprKind::Cast(e, _) => Some(e),
            _ => None,
        }
    }

    /// A clone with another spine.
    fn around(&self, spine: Spine) -> ExprKind {
        match self {
            ExprKind::Field(_, name) => ExprKind::Field(spine, name.clone()),
            ExprKind::TupleField(_, name) => ExprKind::TupleField(spine, name.clone()),
            ExprKind::Index(_, index) => ExprKind::Index(spine, index.clone()),
            ExprKind::Method(_, path, args) => ExprKind::Method(spine, path.clone(), args.clone()),
            ExprKind::Binary(op, _, b) => ExprKind::Binary(*op, spine, b.clone()),
            ExprKind::Cast(_, ty) => ExprKind::Cast(spine, ty.clone()),
            ExprKind::If(c, then, _) => ExprKind::If(c.clone(), then.clone(), Some(spine)),
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::BinaryOp;

    #[test]
    fn a_million_links_are_cloned_and_dropped_on_a_small_stack() {
        let leaf = || Expr { ..GONE.clone() };
        let work = move || {
            let mut e = leaf();
            for links in 1..=1_000_000 {
                let kind = ExprKind::Binary(BinaryOp::Add, Spine::new(e), Box::new(leaf()));
                e = Expr {
                    kind,
                    links,
                    ..GONE.clone()
                };
            }
            let again = e.clone();
            drop(e);
            let mut n = 0;
            let mut at = &again;
            while let Some(next) = at.kind.spine() {
                at = next;
                n += 1;
            }
            n
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let n = thread.spawn(work).ok().and_then(|t| t.join().ok());
        assert_eq!(n, Some(1_000_000));
    }
}
