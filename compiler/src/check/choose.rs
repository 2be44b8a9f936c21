//! `match` and `if let`: which arm fits, what it binds and gives.
//!
//! In the HIR a `match` is a chain of `if`s on the value, which stands in a variable. So it is what such a chain is, public
//! or secret: what is known is decided when the program is traced, run-time public values branch, and under a secret all
//! arms run and what they assign and give is selected. Once every value is covered the last arm needs no condition.

use super::body::{Body, Condition, Typed};
use super::cover::Pat;
use super::expr::is_bare;
use super::flow;
use super::pattern::{Found, all_of, joined};
use crate::ast::{Arm, Expr, IfLet};
use crate::diagnostic;
use crate::diagnostic::{Code, Diagnostic, listed};
use crate::hir::{self, ExprKind as H};
use crate::source::Span;
use crate::types::{Secrecy, Ty};

/// Most arms of a `match`: each is an `if` in the one before.
const MAX_ARMS: usize = 512;

/// An arm whose pattern has been checked.
struct Checked<'a> {
    body: &'a Expr,
    /// When it is taken, if not always; with its guard.
    condition: Option<Typed>,
    /// What its pattern asks, if everybody knows that and not whether the guard holds.
    known: Option<Typed>,
    /// The secret condition around it, if there is one.
    around: Option<Condition>,
    found: Found,
    /// The variables of its guard.
    guarded: Vec<hir::LocalId>,
    value: Option<Typed>,
}

impl Body<'_, '_> {
    pub fn match_expr(
        &mut self,
        value: &Expr,
        arms: &[Arm],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let (stmt, whole) = self.scrutinee(value);
        if arms.len() > MAX_ARMS {
            let n = arms.len();
            let error = diagnostic!(
                E1007,
                span,
                "this `match` has {n} arms; the limit is {MAX_ARMS}"
            );
            self.report(
                error
                    .here("too many")
                    .help("use ranges, or an array as a table"),
            );
            return Typed::poison(span);
        }
        let n_found = self.ck.out.len();
        let mut pats: Vec<(Pat, bool)> = Vec::new();
        let mut checked: Vec<Checked<'_>> = Vec::new();
        // Of all conditions so far.
        let mut tested: Option<Condition> = None;
        for arm in arms {
            let mut found = Found {
                constants: true,
                ..Found::default()
            };
            let pat = self.pattern(&arm.pattern, &whole, &mut found);
            pats.push((pat, arm.guard.is_none()));
            let mut condition = all_of(self, &found.conditions);
            let mut guarded = Vec::new();
            let mut known = None;
            if let Some(guard) = &arm.guard {
                let (guard, ids) = self.guard(guard, &found, tested.clone());
                guarded = ids;
                let fits = condition.take();
                let is_public = fits
                    .as_ref()
                    .is_some_and(|c| self.secrecy(&c.ty).is_public());
                known = fits.clone().filter(|_| is_public);
                condition = Some(match fits {
                    Some(fits) if is_public => only_if(fits, guard, H::Lit(0)),
                    Some(fits) => joined(self, fits, guard, true),
                    None => guard,
                });
                // A public guard is asked like a pattern.
                known = known.filter(|_| self.condition_of(&condition).is_some());
            }
            if let Some(condition) = &condition {
                tested = self.also(tested, condition, value.span);
            }
            checked.push(Checked {
                body: &arm.body,
                condition,
                known,
                around: tested.clone(),
                found,
                guarded,
                value: None,
            });
        }
        let whole_ty = whole.ty.clone();
        // What is covered by patterns that are wrong nobody knows.
        let wrong = diagnostic::has_errors(self.ck.out.get(n_found..).unwrap_or(&[]));
        if wrong || !self.covered(&whole_ty, &pats, arms, value.span) {
            // What the arms give is still looked at.
            if let Some(last) = checked.last_mut() {
                last.condition = None;
            }
        }
        let ty = self.arm_values(&mut checked, want);
        if let Some(ty) = &ty
            && !ty.is_unit()
            && !ty.is_never()
        {
            let shown = self.show(ty);
            let mut found = self.ck.out.iter_mut().skip(n_found);
            let here = |d: &&mut Diagnostic| d.code == Code::E3030 && d.primary.span == value.span;
            if let Some(help) = found.find(here).and_then(|d| d.help.as_mut()) {
                help.push_str(&format!("; each arm gives a `{shown}`"));
            }
        }
        let secrecy = tested.map_or(Secrecy::PUBLIC, |c| c.secrecy);
        let Some(ty) = ty else {
            return Typed::poison(span);
        };
        let ty = ty.with(secrecy);
        let chain = self.chain(checked, &ty, span);
        let Some(chain) = chain else {
            return Typed::poison(span);
        };
        Typed::new(H::Block(vec![stmt], Some(chain.boxed())), ty, span)
    }

    /// The value that is looked at, in a variable.
    fn scrutinee(&mut self, value: &Expr) -> (hir::Stmt, Typed) {
        let value = self.expr(value, None);
        let ty = self.keepable(&value.ty, value.span);
        let (span, hir) = (value.span, value.hir());
        let cause = flow::cause_of(&hir);
        let id = self.temporary(String::new(), ty, span, cause);
        let ty = self.locals[id.index()].ty.clone();
        (hir::Stmt::Let(id, Some(hir)), flow::read(id, &ty, span))
    }

    /// A guard, which sees what the pattern binds, and its variables.
    fn guard(
        &mut self,
        guard: &Expr,
        found: &Found,
        around: Option<Condition>,
    ) -> (Typed, Vec<hir::LocalId>) {
        self.scoped(|body| {
            let mut stmts = Vec::new();
            let mut binds = found.binds.clone();
            binds.iter_mut().for_each(|bind| bind.mutable = false);
            let ids = body.declare_binds(&binds, &mut stmts);
            let guard = body.under(around, |body| body.condition_value(guard));
            let (ty, span) = (guard.ty.clone(), guard.span);
            if stmts.is_empty() {
                return (guard, ids);
            }
            (
                Typed::new(H::Block(stmts, Some(guard.boxed())), ty, span),
                ids,
            )
        })
    }

    fn condition_of(&self, condition: &Option<Typed>) -> Option<Condition> {
        condition.as_ref().and_then(|c| self.condition(c))
    }

    /// The secret condition after one more was tested.
    fn also(&self, so_far: Option<Condition>, c: &Typed, span: Span) -> Option<Condition> {
        let Some(now) = self.condition(c) else {
            return so_far;
        };
        let before = so_far.unwrap_or(Condition {
            span,
            ..now.clone()
        });
        Some(Condition {
            secrecy: before.secrecy.join(now.secrecy),
            ..before
        })
    }

    /// Reports values that no arm takes and arms that no value reaches; whether all are taken.
    fn covered(&mut self, ty: &Ty, pats: &[(Pat, bool)], arms: &[Arm], span: Span) -> bool {
        if ty.is_never() {
            return true;
        }
        let useful = self.useful(ty, pats);
        for (arm, useful) in arms.iter().zip(useful) {
            if !useful {
                let warning = diagnostic!(W0002, arm.pattern.span, "this arm is never reached")
                    .here("the arms before it take all that it would");
                self.report(warning.help("remove it, or put it before them"));
            }
        }
        let always = pats.iter().filter(|(_, always)| *always);
        let always: Vec<Pat> = always.map(|(pat, _)| pat.clone()).collect();
        let missing = self.missing(ty, &always);
        if missing.is_empty() {
            return true;
        }
        let shown = self.show(ty);
        let names: Vec<&str> = missing.iter().map(String::as_str).take(3).collect();
        let more = if missing.len() > 3 {
            ", and others"
        } else {
            ""
        };
        let list = listed(names.iter().copied());
        let error = diagnostic!(E3030, span, "this `match` leaves out {list}{more}")
            .here(format!("this is `{shown}`"));
        let help = match names.as_slice() {
            [only] if *only != "_" => format!("add an arm: `{only} => …`"),
            _ => "add an arm for each, or one for all others: `_ => …`".to_owned(),
        };
        self.report(error.help(help));
        false
    }

    /// Checks what the arms give; the type that all of it has.
    fn arm_values(&mut self, arms: &mut [Checked<'_>], want: Option<&Ty>) -> Option<Ty> {
        let mut joined: Option<(Ty, Span)> = None;
        let mut wrong = false;
        // Bare literals take the type of what the other arms give.
        for bare in [false, true] {
            for arm in arms.iter_mut().filter(|arm| is_bare(arm.body) == bare) {
                let hint = match (want, &joined) {
                    (Some(want), _) => Some(want.clone()),
                    (None, Some((ty, _))) if !ty.is_never() => Some(ty.clone()),
                    _ => None,
                };
                let value = self.arm_value(arm, hint.as_ref());
                let (ty, at) = (value.ty.clone(), value.place());
                arm.value = Some(value);
                joined = match joined {
                    None => Some((ty, at)),
                    Some((so_far, first)) => match so_far.join(&ty, &self.ck.structs) {
                        Some(ty) => Some((ty, first)),
                        None => {
                            let (a, b) = (self.show(&so_far), self.show(&ty));
                            let error = diagnostic!(
                                E3001,
                                at,
                                "the arms of this `match` have types `{a}` and `{b}`"
                            );
                            let error = error
                                .here(format!("this is `{b}`"))
                                .because(first, format!("this is `{a}`"));
                            self.report(error.help("give all arms one type"));
                            wrong = true;
                            Some((so_far, first))
                        }
                    },
                };
            }
        }
        joined.map(|(ty, _)| ty).filter(|_| !wrong)
    }

    fn arm_value(&mut self, arm: &Checked<'_>, hint: Option<&Ty>) -> Typed {
        self.scoped(|body| {
            body.under(arm.around.clone(), |body| {
                let mut stmts = Vec::new();
                let ids = body.declare_binds(&arm.found.binds, &mut stmts);
                let value = body.expr(arm.body, hint);
                for (id, guard) in ids.iter().zip(&arm.guarded) {
                    let used = body.locals[id.index()].used || body.locals[guard.index()].used;
                    body.locals[id.index()].used = used;
                    body.locals[guard.index()].used = true;
                }
                if stmts.is_empty() {
                    return value;
                }
                let (ty, span) = (value.ty.clone(), value.span);
                Typed::new(H::Block(stmts, Some(value.boxed())), ty, span)
            })
        })
    }

    /// `if c { a } else if d { b } else { c }`
    fn chain(&self, arms: Vec<Checked<'_>>, ty: &Ty, span: Span) -> Option<Typed> {
        let mut chain: Option<Typed> = None;
        for arm in arms.into_iter().rev() {
            let Some(value) = arm.value else { continue };
            // Under a secret guard the arm runs whatever the guard says, and is only for values that its pattern fits.
            let value = match arm.known {
                Some(known) if !value.ty.is_never() => only_if(known, value, H::Zero),
                _ => value,
            };
            chain = match (arm.condition, chain) {
                (Some(cond), Some(otherwise)) => {
                    let kind = H::If {
                        cond: cond.boxed(),
                        then: value.boxed(),
                        otherwise: Some(otherwise.boxed()),
                    };
                    Some(Typed::new(kind, ty.clone(), span))
                }
                // All values are covered: what comes here is like the last arm.
                (_, None) | (None, _) => Some(value),
            };
        }
        chain
    }

    /// `if let p = x { … } else …`, or one step of `while let p = x { … }`, where it is left otherwise.
    pub fn if_let(
        &mut self,
        parts: &IfLet,
        want: Option<&Ty>,
        span: Span,
        repeated: bool,
    ) -> Typed {
        let (stmt, whole) = self.scrutinee(&parts.value);
        let mut found = Found {
            constants: true,
            ..Found::default()
        };
        self.pattern(&parts.pattern, &whole, &mut found);
        let condition = all_of(self, &found.conditions);
        if repeated && let Some(condition) = &condition {
            let help = "loop over a public range and use `if let` inside, or `reveal` which variant it is if everyone may learn it";
            let condition = Typed {
                span: parts.value.span,
                ..condition.clone()
            };
            if self.refuse_secret(&condition, "what a `while let` asks", help) {
                return Typed::poison(span);
            }
        }
        let around = condition
            .as_ref()
            .and_then(|c| self.also(None, c, parts.value.span));
        let secrecy = around.as_ref().map_or(Secrecy::PUBLIC, |c| c.secrecy);
        let hint = parts.otherwise.as_ref().and(want);
        let then = self.scoped(|body| {
            body.under(around.clone(), |body| {
                let mut stmts = Vec::new();
                body.declare_binds(&found.binds, &mut stmts);
                let value = body.block(&parts.then, hint);
                let (ty, span) = (value.ty.clone(), value.span);
                Typed::new(H::Block(stmts, Some(value.boxed())), ty, span)
            })
        });
        let otherwise = parts.otherwise.as_ref().map(|otherwise| {
            let hint = match hint {
                None if !then.ty.is_never() => Some(then.ty.clone()),
                other => other.cloned(),
            };
            self.under(around.clone(), |body| body.expr(otherwise, hint.as_ref()))
        });
        let ty = match &otherwise {
            None if then.ty.is_never() || then.ty.is_unit() => Some(Ty::unit()),
            None => {
                let shown = self.show(&then.ty);
                let at = parts.then.tail.as_ref().map_or(parts.then.span, |t| t.span);
                let error = diagnostic!(E3001, at, "an `if` without `else` has no value")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("add an `else`, or end the value with `;`"));
                None
            }
            Some(otherwise) => {
                let joined = then.ty.join(&otherwise.ty, &self.ck.structs);
                if joined.is_none() {
                    let (a, b) = (self.show(&then.ty), self.show(&otherwise.ty));
                    let error = diagnostic!(
                        E3001,
                        otherwise.place(),
                        "the arms of this `if` have types `{a}` and `{b}`"
                    );
                    let error = error
                        .here(format!("this is `{b}`"))
                        .because(then.place(), format!("this is `{a}`"));
                    self.report(error.help("give both arms one type"));
                }
                joined
            }
        };
        let Some(ty) = ty else {
            return Typed::poison(span);
        };
        let ty = ty.with(secrecy);
        let chosen = match condition {
            None => then,
            Some(cond) => {
                let kind = H::If {
                    cond: cond.boxed(),
                    then: then.boxed(),
                    otherwise: otherwise.map(Typed::boxed),
                };
                Typed::new(kind, ty.clone(), span)
            }
        };
        Typed::new(H::Block(vec![stmt], Some(chosen.boxed())), ty, span)
    }
}

/// The value if the condition holds, else something of its type that does not matter.
fn only_if(condition: Typed, value: Typed, otherwise: H) -> Typed {
    let (ty, span) = (value.ty.clone(), value.span);
    let otherwise = Typed::new(otherwise, ty.clone(), span);
    let kind = H::If {
        cond: condition.boxed(),
        then: value.boxed(),
        otherwise: Some(otherwise.boxed()),
    };
    Typed::new(kind, ty, span)
}
