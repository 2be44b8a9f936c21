//! The path of a secret: from where it was declared to where it must not go.

use super::body::{Body, Cause, Condition, Source, Typed};
use crate::diagnostic;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, ExprKind, LocalId, Stmt};
use crate::source::Span;
use crate::types::{Secrecy, Ty};

/// Steps of a path that are shown; what is in between is left out.
const MAX_STEPS: usize = 6;

impl Body<'_, '_> {
    /// Adds to a diagnostic how the secret came into `e`.
    pub fn flow(&self, diagnostic: Diagnostic, e: &hir::Expr, here: &str) -> Diagnostic {
        self.path(diagnostic.here(here), find(e))
    }

    /// Adds the path that leads to a source.
    pub fn path(&self, mut diagnostic: Diagnostic, source: Option<Source>) -> Diagnostic {
        let mut steps: Vec<(Span, String)> = Vec::new();
        let mut next = source;
        while let Some(source) = next.take() {
            if steps.len() >= MAX_STEPS {
                break;
            }
            let Some(local) = source.local.and_then(|id| self.locals.get(id.index())) else {
                steps.push((source.span, source.text.to_owned()));
                break;
            };
            if source.span != diagnostic.primary.span && !local.name.is_empty() {
                steps.push((source.span, format!("`{}` is secret", local.name)));
            }
            match &local.cause {
                Cause::Declared => steps.push((
                    local.span,
                    format!("`{}` is declared secret here", local.name),
                )),
                Cause::From(from) => {
                    if !local.name.is_empty() {
                        steps.push((local.span, format!("`{}` gets a secret here", local.name)));
                    }
                    next = from.clone();
                }
            }
        }
        for (span, text) in steps.into_iter().rev() {
            if !diagnostic.causes.iter().any(|c| c.span == span) {
                diagnostic = diagnostic.because(span, text);
            }
        }
        diagnostic
    }

    /// Reports a secret that stands where only public values may; whether it did.
    pub fn refuse_secret(&mut self, e: &Typed, what: &str, help: &str) -> bool {
        if self.secrecy(&e.ty).is_public() {
            return false;
        }
        let hir = e.clone().hir();
        let error = diagnostic!(E3002, e.span, "{what} must be public");
        let error = self.flow(error, &hir, "this is secret").help(help);
        self.report(error);
        true
    }

    /// The condition to be under in the arms of an `if` on `e`: none when it is public.
    pub fn condition(&self, e: &Typed) -> Option<Condition> {
        let secrecy = self.secrecy(&e.ty);
        if secrecy.is_public() {
            return None;
        }
        Some(Condition {
            secrecy,
            span: e.span,
            source: find(&e.clone().hir()),
        })
    }

    /// The secrecy of all conditions from the `from`th on.
    pub fn conditions_since(&self, from: usize) -> Secrecy {
        self.conditions
            .iter()
            .skip(from)
            .fold(Secrecy::PUBLIC, |s, c| s.join(c.secrecy))
    }

    /// Reports that `what` stands under a secret condition entered since the `from`th; whether it did.
    pub fn refuse_under_secret(
        &mut self,
        code: Code,
        span: Span,
        what: &str,
        help: &str,
        from: usize,
    ) -> bool {
        let Some(condition) = self.conditions.get(from).cloned() else {
            return false;
        };
        let message = format!("{what} under a secret condition");
        let error = Diagnostic::new(code, span, message)
            .here("whether this happens would tell the condition");
        let error = self.path(error, condition.source.clone());
        let error = error.because(condition.span, "this condition is secret");
        self.report(error.help(help));
        true
    }
}

/// The nearest secret in an expression: a variable, or what makes one.
pub(crate) fn find(e: &hir::Expr) -> Option<Source> {
    let made = |text| {
        Some(Source {
            local: None,
            text,
            span: e.span,
        })
    };
    let of = |es: &[hir::Expr]| es.iter().find_map(find);
    if !is_secret(&e.ty) {
        return None;
    }
    match &e.kind {
        ExprKind::Local(id) => Some(Source {
            local: Some(*id),
            text: "",
            span: e.span,
        }),
        ExprKind::Lit(_)
        | ExprKind::Decimal(_)
        | ExprKind::Zero
        | ExprKind::Const(_)
        | ExprKind::ConstParam(_)
        | ExprKind::Limit(..)
        | ExprKind::FnValue(_)
        | ExprKind::Circuit(_) => None,
        ExprKind::Unary(_, a)
        | ExprKind::Cast(a)
        | ExprKind::Within(_, a)
        | ExprKind::Field(a, _) => find(a),
        ExprKind::Reveal(_) | ExprKind::Assert(..) => None,
        ExprKind::Binary(_, a, b)
        | ExprKind::LogicalAnd(a, b)
        | ExprKind::LogicalOr(a, b)
        | ExprKind::Index(a, b)
        | ExprKind::Repeat(a, b) => find(a).or_else(|| find(b)),
        ExprKind::Slice { array, .. } => find(array),
        ExprKind::Array(es) | ExprKind::Tuple(es) | ExprKind::Struct(es) => of(es),
        ExprKind::Call { args, .. } => {
            of(args).or_else(|| made("the result of this call is secret"))
        }
        ExprKind::CallValue(_, args) => {
            of(args).or_else(|| made("the result of this call is secret"))
        }
        ExprKind::Builtin(_, args) => of(args).or_else(|| args.iter().find_map(in_closure)),
        ExprKind::Closure { body, .. } => find(body),
        ExprKind::MakeSecret(_) => made("made secret here"),
        ExprKind::Block(stmts, tail) => tail
            .as_ref()
            .and_then(|t| find(t))
            .or_else(|| stmts.iter().find_map(in_stmt)),
        ExprKind::If {
            cond,
            then,
            otherwise,
        } => find(cond)
            .or_else(|| find(then))
            .or_else(|| otherwise.as_ref().and_then(|o| find(o))),
        ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue => None,
    }
}

fn in_closure(e: &hir::Expr) -> Option<Source> {
    match &e.kind {
        ExprKind::Closure { body, .. } => find(body),
        _ => None,
    }
}

fn in_stmt(stmt: &Stmt) -> Option<Source> {
    match stmt {
        Stmt::Let(_, Some(e)) | Stmt::Expr(e) | Stmt::Assign(_, e, _) => find(e),
        _ => None,
    }
}

/// Whether any leaf of the type is secret; what depends on parameters counts.
fn is_secret(ty: &hir::Type) -> bool {
    match ty {
        hir::Type::Scalar(_, secret) | hir::Type::Text(_, secret) | hir::Type::Real(_, secret) => {
            *secret
        }
        // What its fields say is not known here; a variable of such a type is worth naming.
        hir::Type::Struct { .. } | hir::Type::Param { .. } => true,
        other => other.children().into_iter().any(is_secret),
    }
}

/// The cause for a variable that takes its type from `e`.
pub(crate) fn cause_of(e: &hir::Expr) -> Cause {
    Cause::From(find(e))
}

/// A variable's value as an expression.
pub(crate) fn read(id: LocalId, ty: &Ty, span: Span) -> Typed {
    Typed::new(ExprKind::Local(id), ty.clone(), span)
}
