//! Loops over ranges, their steps, and `loop`.
//!
//! A range with `rev` or `step_by` becomes a loop that counts from zero: its counter is computed from the number of the
//! iteration, modulo 2^w, so that nothing is added to a bound that has no successor.
//!
//! ```text
//! for i in (lo..hi).step_by(k).rev() { … }
//!
//! let a = lo; let b = hi; let s = k;
//! if a < b {
//!     let last = (b - 1 - a) / s;
//!     let first = a + last * s;
//!     for n in 0..=last { let i = first - n * s; … }
//! }
//! ```

use super::body::{Body, Cause, Typed};
use super::expr::is_bare;
use super::flow;
use crate::ast::{Block, Expr, ExprKind as E, IfLet, Name, Pattern, Stmt, StmtKind};
use crate::diagnostic;
use crate::hir::effects::Effects;
use crate::hir::{self, BinaryOp, ExprKind as H, Limit};
use crate::source::Span;
use crate::types::{Secrecy, Ty};
use smpcc_circuit::value::{Form, Scalar};

/// A step that is written after a range.
enum Step<'e> {
    Rev,
    By(&'e Expr),
}

/// Where a range with steps goes: `first ± n · step` for `n` in `0..=last`.
struct Walk {
    first: Typed,
    step: Typed,
    last: Typed,
    down: bool,
}

impl Body<'_, '_> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    pub fn for_range(
        &mut self,
        pattern: &Pattern,
        lo: &Expr,
        hi: &Expr,
        inclusive: bool,
        body: &Block,
        head: Span,
        out: &mut Vec<hir::Stmt>,
    ) {
        let (lo, hi, ty) = self.bounds_of(lo, hi, head);
        let (var, body) = self.scoped(|b| {
            let mut stmts = Vec::new();
            let var = b.loop_variable(pattern, ty, Cause::From(None), &mut stmts);
            let body = b.loop_body(|b| b.block(body, Some(&Ty::unit())));
            (var, b.prefixed(stmts, body))
        });
        out.push(hir::Stmt::ForRange {
            var,
            lo: lo.hir(),
            hi: hi.hir(),
            inclusive,
            body,
            span: head,
        });
    }

    /// The bounds of a loop and the type of its counter, which is [`Ty::Never`] if there is none.
    fn bounds_of(&mut self, lo: &Expr, hi: &Expr, head: Span) -> (Typed, Typed, Ty) {
        let usize_hint = Some(&Ty::Usize);
        let (lo, hi) = if is_bare(lo) && !is_bare(hi) {
            let hi = self.expr(hi, usize_hint);
            (self.expr(lo, Some(&hi.ty)), hi)
        } else {
            let lo = self.expr(lo, usize_hint);
            let hi = self.expr(hi, Some(&lo.ty));
            (lo, hi)
        };
        let help = "how often a loop runs shows: use a public bound, and `if` inside of the loop";
        let secret = self.refuse_secret(&lo, "the bound of a loop", help)
            | self.refuse_secret(&hi, "the bound of a loop", help);
        let joined = lo.ty.join(&hi.ty, &self.ck.structs);
        let ty = match joined {
            _ if secret => Ty::Never,
            Some(ty) if ty.is_integral() || ty.is_never() => ty,
            Some(ty) => {
                let shown = self.show(&ty);
                let error = diagnostic!(E3001, head, "a loop counts integers, not `{shown}`")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("use integer bounds"));
                Ty::Never
            }
            None => {
                let (a, b) = (self.show(&lo.ty), self.show(&hi.ty));
                let error = diagnostic!(E3001, hi.span, "a range from `{a}` to `{b}`")
                    .here(format!("this is `{b}`"));
                let error = error.because(lo.span, format!("this is `{a}`"));
                self.report(error.help(format!("convert with `as {a}`")));
                Ty::Never
            }
        };
        (lo, hi, ty)
    }

    /// `for i in (lo..hi).rev()` and its kin; false if the loop does not go over a range with something after it.
    pub fn for_steps(
        &mut self,
        pattern: &Pattern,
        iter: &Expr,
        body: &Block,
        head: Span,
        out: &mut Vec<hir::Stmt>,
    ) -> bool {
        let mut methods: Vec<(&Name, &[Expr], Span)> = Vec::new();
        let mut at = iter;
        let (lo, hi, inclusive) = loop {
            match &at.kind {
                E::Method(receiver, path, args) => {
                    let [name] = path.parts.as_slice() else {
                        return false;
                    };
                    methods.push((name, args, at.span));
                    at = receiver;
                }
                E::Paren(inner) => at = inner,
                E::Range {
                    lo: Some(lo),
                    hi: Some(hi),
                    inclusive,
                } if !methods.is_empty() => break (lo, hi, *inclusive),
                _ => return false,
            }
        };
        methods.reverse();
        let mut steps = Vec::new();
        for (name, args, span) in methods {
            match (name.text.as_str(), args) {
                ("rev", []) => steps.push(Step::Rev),
                ("step_by", [step]) => steps.push(Step::By(step)),
                _ => {
                    let error = diagnostic!(
                        E3022,
                        span,
                        "a range in a loop has `rev()` and `step_by(n)`, not `{}`",
                        name.text
                    );
                    self.report(
                        error
                            .here("not here")
                            .help("write a loop over the range, and the rest in its body"),
                    );
                    self.loop_over(pattern, Ty::Never, body);
                    return true;
                }
            }
        }
        let (lo, hi, ty) = self.bounds_of(lo, hi, head);
        let Some(unsigned) = self.countable(&ty, head) else {
            for step in steps {
                if let Step::By(step) = step {
                    self.expr(step, Some(&Ty::Usize));
                }
            }
            self.loop_over(pattern, Ty::Never, body);
            return true;
        };
        let lo = self.hold(lo, &ty, out);
        let hi = self.hold(hi, &ty, out);
        let mut taken = Vec::new();
        for step in steps {
            taken.push(match step {
                Step::Rev => None,
                Step::By(step) => Some(self.step_value(step, out)),
            });
        }
        // How far it is from the first to the last.
        let end = if inclusive {
            hi.clone()
        } else {
            op(BinaryOp::Sub, hi.clone(), literal(1, &ty, head))
        };
        let far = cast(op(BinaryOp::Sub, end, lo.clone()), &unsigned);
        let mut inner = Vec::new();
        let mut walk = Walk {
            first: lo.clone(),
            step: literal(1, &Ty::Usize, head),
            last: self.hold(cast(far, &Ty::Usize), &Ty::Usize, &mut inner),
            down: false,
        };
        for step in taken {
            match step {
                None => {
                    let way = op(BinaryOp::Mul, walk.last.clone(), walk.step.clone());
                    let way = cast(way, &ty);
                    let first = op(toward(walk.down), walk.first, way);
                    walk.first = self.hold(first, &ty, &mut inner);
                    walk.down = !walk.down;
                }
                Some(by) => {
                    let last = op(BinaryOp::Div, walk.last, by.clone());
                    walk.last = self.hold(last, &Ty::Usize, &mut inner);
                    let step = op(BinaryOp::Mul, walk.step, by);
                    walk.step = self.hold(step, &Ty::Usize, &mut inner);
                }
            }
        }
        let n = self.temporary(String::new(), Ty::Usize, pattern.span, Cause::From(None));
        let way = op(
            BinaryOp::Mul,
            flow::read(n, &Ty::Usize, pattern.span),
            walk.step,
        );
        let value = op(toward(walk.down), walk.first, cast(way, &ty)).hir();
        let body = self.scoped(|b| {
            let mut stmts = Vec::new();
            let mut taken_apart = Vec::new();
            let var = b.loop_variable(pattern, ty.clone(), Cause::From(None), &mut taken_apart);
            stmts.push(hir::Stmt::Let(var, Some(value)));
            stmts.append(&mut taken_apart);
            let body = b.loop_body(|b| b.block(body, Some(&Ty::unit())));
            b.prefixed(stmts, body)
        });
        inner.push(hir::Stmt::ForRange {
            var: n,
            lo: literal(0, &Ty::Usize, head).hir(),
            hi: walk.last.hir(),
            inclusive: true,
            body,
            span: head,
        });
        let runs = if inclusive {
            op(BinaryOp::Le, lo, hi)
        } else {
            op(BinaryOp::Lt, lo, hi)
        };
        let then = Typed::new(H::Block(inner, None), Ty::unit(), head);
        let whole = H::If {
            cond: runs.boxed(),
            then: then.boxed(),
            otherwise: None,
        };
        out.push(hir::Stmt::Expr(Typed::new(whole, Ty::unit(), head).hir()));
        true
    }

    /// The unsigned type as wide as a counter with steps.
    fn countable(&mut self, ty: &Ty, head: Span) -> Option<Ty> {
        match ty {
            Ty::Usize => Some(Ty::Usize),
            Ty::Scalar(Scalar::Int { width, .. }, _) if *width <= 64 => {
                Some(Ty::int(*width, false))
            }
            Ty::Never => None,
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, head, "a range of `{shown}` has no steps")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("count in a type of up to 64 bits, for example `usize`"));
                None
            }
        }
    }

    /// A loop's body, checked for what is wrong in it although the head is wrong.
    fn loop_over(&mut self, pattern: &Pattern, ty: Ty, body: &Block) {
        self.scoped(|b| {
            let mut stmts = Vec::new();
            b.loop_variable(pattern, ty, Cause::From(None), &mut stmts);
            let body = b.loop_body(|b| b.block(body, Some(&Ty::unit())));
            b.unit(body);
        });
    }

    /// A value as a variable, so that it is computed once.
    fn hold(&mut self, value: Typed, ty: &Ty, out: &mut Vec<hir::Stmt>) -> Typed {
        let span = value.span;
        let id = self.temporary(String::new(), ty.clone(), span, Cause::From(None));
        out.push(hir::Stmt::Let(id, Some(value.hir())));
        flow::read(id, ty, span)
    }

    /// The step of `step_by`: public, and not zero.
    fn step_value(&mut self, step: &Expr, out: &mut Vec<hir::Stmt>) -> Typed {
        let known = self.const_usize(step);
        let typed = self.expr(step, Some(&Ty::Usize));
        let span = step.span;
        self.refuse_secret(&typed, "the step of a loop", "use a public step");
        let typed = if self.secrecy(&typed.ty).is_public() {
            let ty = typed.ty.clone();
            if ty.is_unsigned() {
                cast(typed, &Ty::Usize)
            } else {
                Typed {
                    ty: Ty::Usize,
                    kind: self.coerce(typed, &Ty::Usize, None).kind,
                    span,
                }
            }
        } else {
            Typed::poison(span)
        };
        match known {
            Some(known) if known.word == 0 => {
                let error = diagnostic!(E3005, span, "a step of 0 leads nowhere").here("zero");
                self.report(error.help("write a step of at least 1"));
                typed
            }
            Some(_) => typed,
            None => {
                let step = self.hold(typed, &Ty::Usize, out);
                let moves = op(BinaryOp::Ne, step.clone(), literal(0, &Ty::Usize, span));
                let why = Some("the step of `step_by` is 0".to_owned());
                let assert = Typed::new(H::Assert(moves.boxed(), why), Ty::unit(), span);
                out.push(hir::Stmt::Expr(assert.hir()));
                step
            }
        }
    }

    /// `while condition { … }`
    pub fn while_stmt(&mut self, condition: &Expr, body: &Block, out: &mut Vec<hir::Stmt>) {
        let cond = self.condition_value(condition);
        let help = "loop over a public range and use `if` inside, or `reveal` the condition if everyone may learn it";
        self.refuse_secret(&cond, "the condition of a `while`", help);
        let head = condition.span;
        let truth = self.truth(condition);
        let body = self.loop_body(|b| b.block(body, Some(&Ty::unit())));
        let body = self.unit(body);
        let wrong = cond.ty.is_never();
        let cond = cond.hir();
        // What a wrong condition asks is not known.
        if !wrong {
            self.warn_endless(&cond, truth, &body, head);
        }
        out.push(hir::Stmt::While {
            cond,
            body,
            span: head,
        });
    }

    /// `while let pattern = value { … }`
    pub fn while_let(&mut self, parts: &IfLet, span: Span, out: &mut Vec<hir::Stmt>) {
        let head = Span {
            end: parts.then.span.start,
            ..span
        };
        let body = self.loop_body(|b| b.if_let(parts, Some(&Ty::unit()), span, true));
        let body = self.unit(body);
        let cond = Typed::new(H::Lit(1), Ty::bool(), head).hir();
        out.push(hir::Stmt::While {
            cond,
            body,
            span: head,
        });
    }

    /// `loop { … }`; whether control never comes out of it.
    pub fn loop_stmt(&mut self, body: &Block, span: Span, out: &mut Vec<hir::Stmt>) -> bool {
        let head = Span {
            end: body.span.start,
            ..span
        };
        let ends = breaks(body);
        let body = self.loop_body(|b| b.block(body, Some(&Ty::unit())));
        let body = self.unit(body);
        let cond = Typed::new(H::Lit(1), Ty::bool(), head).hir();
        self.warn_endless(&cond, Some(true), &body, head);
        out.push(hir::Stmt::While {
            cond,
            body,
            span: head,
        });
        !ends
    }

    /// Warns about a loop that nothing ends.
    fn warn_endless(&mut self, cond: &hir::Expr, truth: Option<bool>, body: &hir::Expr, at: Span) {
        let effects = Effects::of(body);
        if effects.breaks || effects.returns || truth == Some(false) {
            return;
        }
        let limit = limit_kept(cond).filter(|_| truth.is_none());
        let constant = truth == Some(true);
        let changes = || {
            let watched = hir::effects::mentioned(cond);
            let in_condition = Effects::of(cond);
            !hir::effects::is_total(cond)
                || watched.iter().any(|local| {
                    effects.assigned.contains_key(local)
                        || in_condition.assigned.contains_key(local)
                })
        };
        if !constant && limit.is_none() && changes() {
            return;
        }
        let warning = if let Some(limit) = limit {
            diagnostic!(W0005, at, "this loop never ends")
                .here(format!("{limit}, so that this always holds"))
                .help("leave it with `break`, or count with `for i in 0..n { … }` and downwards with `for i in (0..n).rev() { … }`")
        } else if constant {
            diagnostic!(W0005, at, "this loop never ends")
                .here("nothing leaves it")
                .help("leave it with `break` or `return` under a public condition")
        } else {
            diagnostic!(W0005, at, "once it runs, this loop never ends")
                .here("nothing in the loop changes this condition")
                .help("change in the loop what the condition asks, or leave it with `break`")
        };
        self.report(warning);
    }
}

/// What keeps a comparison true for all numbers of its type, such as that none is below zero.
fn limit_kept(cond: &hir::Expr) -> Option<String> {
    let H::Binary(op, a, b) = &cond.kind else {
        return None;
    };
    let (number, bound, op) = match (&a.kind, &b.kind, op) {
        (_, H::Lit(bound), op) => (a, *bound, *op),
        (H::Lit(bound), _, BinaryOp::Le) => (b, *bound, BinaryOp::Ge),
        (H::Lit(bound), _, BinaryOp::Ge) => (b, *bound, BinaryOp::Le),
        _ => return None,
    };
    let (limit, side) = match op {
        BinaryOp::Ge => (Limit::Min, "below"),
        BinaryOp::Le => (Limit::Max, "above"),
        _ => return None,
    };
    let scalar = hir::scalar_of(&number.ty).filter(|_| hir::form_of(&number.ty) == Form::Plain)?;
    let is_limit = scalar.wrap(bound) == scalar.wrap(limit.of(scalar));
    is_limit.then(|| format!("no `{scalar}` is {side} {}", scalar.display(bound)))
}

fn toward(down: bool) -> BinaryOp {
    if down { BinaryOp::Sub } else { BinaryOp::Add }
}

fn op(op: BinaryOp, a: Typed, b: Typed) -> Typed {
    let span = a.span;
    let ty = match op {
        BinaryOp::Le | BinaryOp::Lt | BinaryOp::Ne => Ty::Scalar(Scalar::Bool, Secrecy::PUBLIC),
        _ => a.ty.clone(),
    };
    Typed::new(H::Binary(op, a.boxed(), b.boxed()), ty, span)
}

fn cast(value: Typed, to: &Ty) -> Typed {
    if value.ty == *to {
        return value;
    }
    let span = value.span;
    Typed::new(H::Cast(value.boxed()), to.clone(), span)
}

fn literal(value: u128, ty: &Ty, span: Span) -> Typed {
    Typed::new(H::Lit(value), ty.clone(), span)
}

/// Whether a loop's body has a `break` of that loop.
pub(super) fn breaks(body: &Block) -> bool {
    body.stmts.iter().any(breaks_in) || body.tail.as_ref().is_some_and(|e| breaks_in_expr(e))
}

fn breaks_in(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Break => true,
        StmtKind::Expr(e, _) => breaks_in_expr(e),
        StmtKind::Let { init, .. } => init.as_ref().is_some_and(breaks_in_expr),
        StmtKind::Assign { value, .. } => breaks_in_expr(value),
        StmtKind::For { .. }
        | StmtKind::While { .. }
        | StmtKind::WhileLet(_)
        | StmtKind::Loop { .. }
        | StmtKind::Return(_)
        | StmtKind::Continue
        | StmtKind::Empty => false,
    }
}

fn breaks_in_expr(e: &Expr) -> bool {
    let mut at = e;
    loop {
        match &at.kind {
            E::If(_, then, Some(otherwise)) => {
                if breaks(then) {
                    return true;
                }
                at = otherwise;
            }
            E::If(_, then, None) => return breaks(then),
            E::IfLet(parts) => match &parts.otherwise {
                Some(_) if breaks(&parts.then) => return true,
                Some(otherwise) => at = otherwise,
                None => return breaks(&parts.then),
            },
            E::Match(_, arms) => return arms.iter().any(|arm| breaks_in_expr(&arm.body)),
            E::Block(b) | E::Attributed(_, b) => return breaks(b),
            E::Paren(inner) => at = inner,
            _ => return false,
        }
    }
}
