//! Statements and blocks.

use super::body::{Body, Cause, Kind, Typed};
use super::flow;
use super::idle::{Done, What};
use crate::ast::{
    Attribute, Block, Expr, ExprKind as E, Pattern, PatternKind, Stmt, StmtKind, Type,
};
use crate::diagnostic;
use crate::diagnostic::Code;
use crate::hir::{self, ExprKind as H, LocalId};
use crate::source::Span;
use crate::types::Ty;

impl Body<'_, '_> {
    /// The body of a function, which must give `ret`.
    pub fn function_block(&mut self, block: &Block, ret: &Ty, head: Span) -> hir::Expr {
        let value = self.block(block, Some(ret));
        if value.ty.is_unit() && !ret.is_unit() && !ret.is_never() && gives_nothing(block) {
            let shown = self.show(ret);
            let end = Span {
                start: block.span.end.saturating_sub(1),
                ..block.span
            };
            let error = diagnostic!(E3018, end, "the function ends without a `{shown}`")
                .here("nothing is returned here");
            let error = error.because(head, format!("it says that it returns `{shown}`"));
            let help = match block.stmts.last().map(|s| &s.kind) {
                Some(StmtKind::Expr(_, true)) => "remove the `;` after the last expression",
                _ => "end the body with the value",
            };
            self.report(error.help(help));
            return value.hir();
        }
        self.result(value, ret, head)
    }

    /// A value that leaves the function.
    fn result(&mut self, value: Typed, ret: &Ty, head: Span) -> hir::Expr {
        match self.kind {
            Kind::Main => self.main_result(value, ret, head),
            _ => {
                let shown = self.show(ret);
                self.coerce(
                    value,
                    ret,
                    Some((head, format!("the function returns `{shown}`"))),
                )
            }
        }
    }

    /// A block in a scope of its own.
    pub fn block(&mut self, block: &Block, want: Option<&Ty>) -> Typed {
        self.scoped(|body| {
            let mut stmts = Vec::new();
            let mut leaves = false;
            let mut warned = false;
            let n_dead = body.n_dead;
            for stmt in &block.stmts {
                if leaves && !warned && !matches!(stmt.kind, StmtKind::Empty) {
                    warned = true;
                    body.unreachable(stmt.span);
                }
                leaves |= body.stmt(stmt, &mut stmts);
                body.n_dead += usize::from(body.always_leaves(stmt));
            }
            let tail = block.tail.as_ref().map(|tail| {
                if leaves && !warned {
                    body.unreachable(tail.span);
                }
                let value = body.expr(tail, want);
                match statement(tail).filter(|_| value.ty.is_unit()) {
                    Some(what) => {
                        let (ty, done) = (value.ty.clone(), value.hir());
                        body.ck.may_idle(tail.span, what, Done::Expr(&done));
                        Typed::new(done.kind, ty, done.span)
                    }
                    None => value,
                }
            });
            body.n_dead = n_dead;
            let ty = match &tail {
                Some(tail) => tail.ty.clone(),
                None if leaves => Ty::Never,
                None => Ty::unit(),
            };
            Typed::new(H::Block(stmts, tail.map(Typed::boxed)), ty, block.span)
        })
    }

    /// Whether a statement is an `if` that leaves under a condition that is known to hold.
    fn always_leaves(&mut self, stmt: &Stmt) -> bool {
        let StmtKind::Expr(e, _) = &stmt.kind else {
            return false;
        };
        let E::If(condition, then, _) = &e.kind else {
            return false;
        };
        block_leaves(then) && self.truth(condition) == Some(true)
    }

    fn unreachable(&mut self, span: Span) {
        let warning = diagnostic!(W0002, span, "this is never reached").here("never reached");
        self.report(warning.help("remove it, or the `return`, `break` or `continue` before it"));
    }

    /// One statement; whether control never comes out of it.
    fn stmt(&mut self, stmt: &Stmt, out: &mut Vec<hir::Stmt>) -> bool {
        match &stmt.kind {
            StmtKind::Empty => false,
            StmtKind::Let { pattern, ty, init } => {
                match init {
                    Some(init) => self.let_stmt(pattern, ty.as_ref(), init, out),
                    None => self.let_later(pattern, ty.as_ref(), stmt.span, out),
                }
                false
            }
            StmtKind::Assign { place, op, value } => {
                self.assign(place, *op, value, stmt.span, out);
                false
            }
            StmtKind::Expr(e, terminated) => {
                let value = self.expr(e, None);
                let is_value = !value.ty.is_unit() && !value.ty.is_never();
                if is_value && (!*terminated || !has_effect(&value.kind)) {
                    self.unused_value(&value, e, *terminated);
                }
                // Only `if` and blocks can leave.
                let leaves = value.ty.is_never() && leaves(e);
                let dropped = (is_value && *terminated && has_effect(&value.kind))
                    .then(|| What::Value(self.show(&value.ty)));
                let what = dropped.or_else(|| statement(e).filter(|_| value.ty.is_unit()));
                let done = value.hir();
                if let Some(what) = what {
                    self.ck.may_idle(e.span, what, Done::Expr(&done));
                }
                out.push(hir::Stmt::Expr(done));
                leaves
            }
            StmtKind::For {
                pattern,
                iter,
                body,
            } => {
                let before = out.len();
                self.for_stmt(pattern, iter, body, stmt.span, out);
                if let [done] = &out[before..] {
                    let what = What::Statement("loop");
                    self.ck.may_idle(stmt.span, what, Done::Stmt(done));
                }
                false
            }
            StmtKind::While { condition, body } => {
                self.while_stmt(condition, body, out);
                false
            }
            StmtKind::WhileLet(parts) => {
                self.while_let(parts, stmt.span, out);
                false
            }
            StmtKind::Loop { body } => self.loop_stmt(body, stmt.span, out),
            StmtKind::Return(value) => {
                self.return_stmt(value.as_ref(), stmt.span, out);
                true
            }
            StmtKind::Break | StmtKind::Continue => {
                let (kind, what) = match stmt.kind {
                    StmtKind::Break => (H::Break, "`break`"),
                    _ => (H::Continue, "`continue`"),
                };
                let n_outside = self.closures.last().map_or(0, |(_, loops)| *loops);
                match self.loops.get(n_outside..).and_then(|l| l.last()) {
                    Some(&from) => {
                        let help = "let the loop run to its end, and use `if` for what depends on the secret";
                        self.refuse_under_secret(Code::E3003, stmt.span, what, help, from);
                    }
                    None => {
                        let error = diagnostic!(E3020, stmt.span, "{what} outside of a loop")
                            .here("no loop is around this");
                        self.report(error.help("use it inside of `for` or `while`"));
                    }
                }
                out.push(hir::Stmt::Expr(
                    Typed::new(kind, Ty::Never, stmt.span).hir(),
                ));
                true
            }
        }
    }

    fn return_stmt(&mut self, value: Option<&Expr>, span: Span, out: &mut Vec<hir::Stmt>) {
        if !self.closures.is_empty() {
            let error = diagnostic!(E3020, span, "`return` in a closure").here("not in a closure");
            self.report(error.help("a closure's value is its last expression"));
        }
        let help = "keep the result in a variable, and return it at the end";
        self.refuse_under_secret(Code::E3003, span, "`return`", help, 0);
        let ret = self.ret.clone();
        let value = match value {
            Some(value) => {
                let typed = self.expr(value, Some(&ret));
                Some(Box::new(self.result(typed, &ret, span)))
            }
            None => {
                if !ret.is_unit() && !ret.is_never() {
                    let shown = self.show(&ret);
                    let error = diagnostic!(E3001, span, "`return` without a `{shown}`")
                        .here("nothing is returned");
                    self.report(error.help("write `return VALUE;`"));
                }
                None
            }
        };
        out.push(hir::Stmt::Expr(
            Typed::new(H::Return(value), Ty::Never, span).hir(),
        ));
    }

    fn unused_value(&mut self, value: &Typed, e: &Expr, terminated: bool) {
        let shown = self.show(&value.ty);
        if terminated {
            let warning = diagnostic!(W0003, e.span, "this value of type `{shown}` is not used")
                .here("unused");
            self.report(warning.help("remove it, or write `let _ = …;`"));
        } else {
            let error = diagnostic!(
                E3001,
                e.span,
                "this block has a value of type `{shown}` that nobody takes"
            );
            let error = error.here("in the middle of a block");
            self.report(error.help("end the value inside with `;`, or bind it with `let`"));
        }
    }

    /// A loop's or arm's body, which gives nothing.
    pub fn unit(&mut self, body: Typed) -> hir::Expr {
        if !body.ty.is_unit() && !body.ty.is_never() {
            let shown = self.show(&body.ty);
            let span = match &body.kind {
                H::Block(_, Some(tail)) => tail.span,
                _ => body.span,
            };
            let error = diagnostic!(
                E3001,
                span,
                "the body of a loop gives nothing, this is `{shown}`"
            )
            .here("a value");
            self.report(error.help("end it with `;`"));
        }
        body.hir()
    }

    pub fn loop_body<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.loops.push(self.conditions.len());
        let result = f(self);
        self.loops.pop();
        result
    }

    fn let_stmt(
        &mut self,
        pattern: &Pattern,
        ty: Option<&Type>,
        init: &Expr,
        out: &mut Vec<hir::Stmt>,
    ) {
        if let (E::Closure(..), PatternKind::Bind { name, mutable }) = (&init.kind, &pattern.kind) {
            self.let_closure(name, *mutable, init, out);
            return;
        }
        let generics = self.generics.clone();
        let annotated = ty.map(|ty| self.ck.plain_type(ty, self.module, &generics));
        let value = self.expr(init, annotated.as_ref());
        let value = match (&annotated, ty) {
            (Some(want), Some(at)) => {
                let shown = self.show(want);
                let because = (at.span, format!("declared as `{shown}`"));
                let is_open = has_open_length(want);
                let found = value.ty.clone();
                let hir = self.coerce(value, want, Some(because));
                // `[T; _]` takes the length of its value.
                let ty = if is_open {
                    want.join(&found, &self.ck.structs).unwrap_or(want.clone())
                } else {
                    want.clone()
                };
                (hir, ty)
            }
            _ => {
                let ty = self.keepable(&value.ty, init.span);
                (value.hir(), ty)
            }
        };
        let (hir, ty) = value;
        let cause = self.cause(annotated.is_some(), &hir);
        let n_locals = self.locals.len();
        self.bind(pattern, ty, hir, cause, out);
        if let (None, Some(literal), PatternKind::Bind { .. }) =
            (&annotated, bare_literal(init), &pattern.kind)
            && let Some(local) = self.locals.get_mut(n_locals)
        {
            local.literal = Some(literal);
        }
    }

    /// `let name: T;`, which gets its value later.
    fn let_later(
        &mut self,
        pattern: &Pattern,
        ty: Option<&Type>,
        span: Span,
        out: &mut Vec<hir::Stmt>,
    ) {
        let generics = self.generics.clone();
        let declared = match ty {
            Some(ty) => self.ck.plain_type(ty, self.module, &generics),
            None => {
                let error = diagnostic!(E3010, span, "nothing says what type this variable has")
                    .here("no type and no value");
                self.report(error.help("write `let name: TYPE;`, or give it a value"));
                Ty::Never
            }
        };
        match &pattern.kind {
            PatternKind::Bind { mutable, name } => {
                let id = self.declare(name, declared, *mutable, Cause::Declared);
                self.locals[id.index()].later = true;
                out.push(hir::Stmt::Let(id, None));
            }
            _ => {
                let error = diagnostic!(E3010, pattern.span, "a pattern without a value")
                    .here("nothing to take apart");
                self.report(error.help("name one variable, or give the pattern a value"));
            }
        }
    }

    /// `#[protocol(…)] { … }`
    pub fn attributed(
        &mut self,
        attributes: &[Attribute],
        block: &Block,
        want: Option<&Ty>,
    ) -> Typed {
        let mut found = Vec::new();
        let wishes = self.ck.attribute(attributes, &mut found);
        for error in found {
            self.report(error);
        }
        if wishes.flushes {
            let error = diagnostic!(E1010, block.span, "`#[float]` stands before a function")
                .here("a block");
            self.report(error.help("make the block a function with this attribute"));
        }
        let value = self.block(block, want);
        match wishes.protocol {
            Some(protocol) => {
                let (ty, span) = (value.ty.clone(), value.span);
                Typed::new(H::Within(protocol, value.boxed()), ty, span)
            }
            None => value,
        }
    }

    /// Binds a pattern to a value.
    fn bind(
        &mut self,
        pattern: &Pattern,
        ty: Ty,
        value: hir::Expr,
        cause: Cause,
        out: &mut Vec<hir::Stmt>,
    ) {
        match &pattern.kind {
            PatternKind::Wild => out.push(hir::Stmt::Expr(value)),
            PatternKind::Bind { mutable, name } => {
                let id = self.declare(name, ty, *mutable, cause);
                out.push(hir::Stmt::Let(id, Some(value)));
            }
            _ => {
                let id = self.temporary(String::new(), ty, pattern.span, cause);
                out.push(hir::Stmt::Let(id, Some(value)));
                self.destructure(pattern, id, out);
            }
        }
    }

    fn for_stmt(
        &mut self,
        pattern: &Pattern,
        iter: &Expr,
        body: &Block,
        span: Span,
        out: &mut Vec<hir::Stmt>,
    ) {
        let head = pattern.span.to(iter.span);
        let inner = match &iter.kind {
            E::Paren(inner) if matches!(inner.kind, E::Range { .. }) => inner,
            _ => iter,
        };
        if let E::Range {
            lo: Some(lo),
            hi: Some(hi),
            inclusive,
        } = &inner.kind
        {
            self.for_range(pattern, lo, hi, *inclusive, body, head, out);
            return;
        }
        if self.for_steps(pattern, inner, body, head, out) {
            return;
        }
        let array = self.expr(iter, None);
        let item = match &array.ty {
            Ty::Array(t, _) => (**t).clone(),
            Ty::Ragged(t, _) => Ty::Array(t.clone(), hir::Len::Session),
            Ty::Never => Ty::Never,
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, iter.span, "`{shown}` cannot be looped over")
                    .here(format!("this is `{shown}`"));
                let help = if other.is_integral() {
                    "write a range: `0..n`"
                } else {
                    "loops go over arrays and ranges"
                };
                self.report(error.help(help));
                Ty::Never
            }
        };
        let array = array.hir();
        let cause = flow::cause_of(&array);
        let (var, body) = self.scoped(|b| {
            let mut stmts = Vec::new();
            let var = b.loop_variable(pattern, item, cause, &mut stmts);
            let body = b.loop_body(|b| b.block(body, Some(&Ty::unit())));
            (var, b.prefixed(stmts, body))
        });
        out.push(hir::Stmt::ForEach {
            var,
            array,
            body,
            span: Span {
                file: span.file,
                ..head
            },
        });
    }

    /// The variable of a loop, and statements that take it apart.
    pub fn loop_variable(
        &mut self,
        pattern: &Pattern,
        ty: Ty,
        cause: Cause,
        stmts: &mut Vec<hir::Stmt>,
    ) -> LocalId {
        match &pattern.kind {
            PatternKind::Bind { mutable, name } => self.declare(name, ty, *mutable, cause),
            PatternKind::Wild => self.temporary(String::new(), ty, pattern.span, cause),
            _ => {
                let id = self.temporary(String::new(), ty, pattern.span, cause);
                self.destructure(pattern, id, stmts);
                id
            }
        }
    }

    pub fn prefixed(&mut self, mut stmts: Vec<hir::Stmt>, body: Typed) -> hir::Expr {
        let span = body.span;
        let body = self.unit(body);
        if stmts.is_empty() {
            return body;
        }
        stmts.push(hir::Stmt::Expr(body));
        Typed::new(H::Block(stmts, None), Ty::unit(), span).hir()
    }
}

fn has_open_length(ty: &Ty) -> bool {
    match ty {
        Ty::Array(t, n) => *n == hir::Len::Session || has_open_length(t),
        Ty::Tuple(ts) => ts.iter().any(has_open_length),
        _ => false,
    }
}

/// What a statement is called that is there for what it does, if it is one.
fn statement(e: &Expr) -> Option<What> {
    Some(What::Statement(match &e.kind {
        E::If(..) | E::IfLet(_) => "`if`",
        E::Match(..) => "`match`",
        E::Block(_) | E::Attributed(..) => "block",
        _ => return None,
    }))
}

fn has_effect(kind: &H) -> bool {
    match kind {
        H::Reveal(_) | H::Call { .. } | H::CallValue(..) | H::Builtin(..) => true,
        // A long chain of calls ends in one.
        H::Block(_, Some(tail)) => has_effect(&tail.kind),
        _ => false,
    }
}

/// Whether an expression statement never lets control out: all arms of an `if` leave, or a block does.
fn leaves(e: &Expr) -> bool {
    let mut at = e;
    loop {
        match &at.kind {
            E::If(_, then, Some(otherwise)) if block_leaves(then) => at = otherwise,
            E::Block(b) | E::Attributed(_, b) => return block_leaves(b),
            E::IfLet(parts) if block_leaves(&parts.then) => match &parts.otherwise {
                Some(otherwise) => at = otherwise,
                None => return false,
            },
            E::Match(_, arms) => return arms.iter().all(|arm| leaves(&arm.body)),
            _ => return false,
        }
    }
}

fn block_leaves(b: &Block) -> bool {
    b.stmts.iter().any(|s| match &s.kind {
        StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::Expr(e, _) => leaves(e),
        StmtKind::Loop { body } => !super::iterate::breaks(body),
        _ => false,
    }) || b.tail.as_ref().is_some_and(|t| leaves(t))
}

/// Whether a block has no value at its end; an `if` without `else` has none.
fn gives_nothing(block: &Block) -> bool {
    block.tail.as_ref().is_none_or(|tail| match &tail.kind {
        E::If(_, _, None) => true,
        E::IfLet(parts) => parts.otherwise.is_none(),
        _ => false,
    })
}

/// A literal without a type, or an array of such, as it is written.
fn bare_literal(e: &Expr) -> Option<String> {
    match &e.kind {
        E::Int(value, None) => Some(value.to_string()),
        E::Repeat(item, n) => {
            let n = match &n.kind {
                E::Int(n, _) => n.to_string(),
                E::Path(path) if path.args.is_empty() => path.parts.last()?.text.clone(),
                _ => return None,
            };
            Some(format!("[{}; {n}]", bare_literal(item)?))
        }
        E::Array(items) if !items.is_empty() => {
            let items: Option<Vec<String>> = items.iter().map(bare_literal).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    }
}
