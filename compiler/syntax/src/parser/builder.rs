//! What the grammar's actions call to make nodes.
//!
//! Actions cannot fail, so the builder keeps diagnostics on the side and puts an error node where something could not
//! be kept. It measures the depth of every node and cuts trees that nest too deeply: chains such as `!!!…` nest without any
//! bracket. Those along a [`Spine`] may be of any length.

use crate::ast::*;
use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::lexer;
use crate::parser::Marks;
use crate::span::{FileId, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Makes nodes of one item.
pub struct Builder {
    file: FileId,
    /// Documentation inside of the item, by where the token after it starts.
    docs: BTreeMap<usize, String>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    marks: RefCell<Marks>,
}

impl Builder {
    /// For an item of this file, with the documentation that stands inside of it by where the token after it starts.
    pub fn new(file: FileId, docs: BTreeMap<usize, String>) -> Builder {
        Builder {
            file,
            docs,
            diagnostics: RefCell::new(Vec::new()),
            marks: RefCell::new(Marks::default()),
        }
    }

    /// What went wrong, and what tokens were found to do.
    pub fn finish(self) -> (Vec<Diagnostic>, Marks) {
        (self.diagnostics.into_inner(), self.marks.into_inner())
    }

    /// Notes a `>` that closes type arguments.
    pub fn closes(&self, l: usize) {
        self.marks.borrow_mut().closers.push(self.span(l, l).start);
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    fn too_deep(&self, span: Span) {
        let code = crate::diagnostic::Code::E1007;
        if self.diagnostics.borrow().iter().all(|d| d.code != code) {
            let error = diagnostic!(E1007, span, "this nests more than {MAX_DEPTH} deep");
            self.report(
                error
                    .here("too deep")
                    .help("move inner parts to `let` or to functions"),
            );
        }
    }

    /// The range of bytes in this file.
    pub fn span(&self, l: usize, r: usize) -> Span {
        Span::new(self.file, l, r)
    }

    /// The documentation before what starts here.
    pub fn docs(&self, l: usize) -> String {
        self.docs.get(&l).cloned().unwrap_or_default()
    }

    /// A name.
    pub fn name(&self, l: usize, text: &str, r: usize) -> Name {
        Name {
            text: text.to_owned(),
            span: self.span(l, r),
        }
    }

    /// A string's contents, escapes resolved.
    pub fn string(&self, l: usize, text: &str, r: usize) -> Name {
        let inner = text.strip_prefix('"').unwrap_or(text);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let mut out = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c @ ('"' | '\\'))) => out.push(c),
                Some((end, c)) => {
                    let span = self.span(l + 1 + at, l + 1 + end + c.len_utf8());
                    let error =
                        diagnostic!(E1011, span, "`\\{}` is not an escape", c.escape_debug());
                    self.report(error.help("escapes are `\\n`, `\\t`, `\\\"` and `\\\\`"));
                }
                None => {}
            }
        }
        Name {
            text: out,
            span: self.span(l, r),
        }
    }

    /// A path.
    pub fn path(&self, l: usize, parts: Vec<Name>, args: Vec<GenericArg>, r: usize) -> Path {
        Path {
            parts,
            args,
            span: self.span(l, r),
        }
    }

    /// A type; an error node if it nests too deeply.
    pub fn ty(&self, l: usize, kind: TypeKind, r: usize) -> Type {
        let span = self.span(l, r);
        if matches!(kind, TypeKind::Secret(_) | TypeKind::Public(_)) {
            self.marks.borrow_mut().types.push(span.start);
        }
        let depth = 1 + type_depth(&kind);
        if depth > MAX_DEPTH {
            self.too_deep(span);
            return Type {
                kind: TypeKind::Error,
                span,
                depth: 1,
            };
        }
        Type { kind, span, depth }
    }

    /// `ty in lo..=hi`
    pub fn ranged(
        &self,
        l: usize,
        ty: Type,
        lo: Expr,
        hi: Expr,
        inclusive: bool,
        r: usize,
    ) -> Type {
        self.ty(
            l,
            TypeKind::Ranged(Box::new(ty), Box::new(ValueRange { lo, hi, inclusive })),
            r,
        )
    }

    /// A statement.
    pub fn stmt(&self, l: usize, kind: StmtKind, r: usize) -> Box<Stmt> {
        Box::new(Stmt {
            kind,
            span: self.span(l, r),
        })
    }

    /// A statement with its `;`.
    pub fn terminated(&self, l: usize, mut stmt: Box<Stmt>, r: usize) -> Box<Stmt> {
        if let StmtKind::Expr(_, terminated) = &mut stmt.kind {
            *terminated = true;
        }
        stmt.span = self.span(l, r);
        stmt
    }

    /// A block from its statements and what stands last without a `;`.
    pub fn block(
        &self,
        l: usize,
        (mut stmts, last): (Vec<Stmt>, Option<Box<Stmt>>),
        r: usize,
    ) -> Block {
        let mut tail = None;
        match last.map(|last| *last) {
            Some(Stmt {
                kind: StmtKind::Expr(e, _),
                ..
            }) => tail = Some(Box::new(e)),
            Some(stmt) => stmts.push(stmt),
            // A block-like statement at the end is the value.
            None => {
                if matches!(
                    stmts.last(),
                    Some(Stmt {
                        kind: StmtKind::Expr(_, false),
                        ..
                    })
                ) && let Some(Stmt {
                    kind: StmtKind::Expr(e, _),
                    ..
                }) = stmts.pop()
                {
                    tail = Some(Box::new(e));
                }
            }
        }
        Block {
            stmts,
            tail,
            span: self.span(l, r),
        }
    }

    /// `(a, b)` as a pattern; `(a)` is `a`, with the span of the parentheses.
    pub fn tuple_pattern(&self, l: usize, mut parts: Vec<Pattern>, r: usize) -> Pattern {
        let kind = match parts.pop() {
            Some(only) if parts.is_empty() => only.kind,
            Some(last) => {
                parts.push(last);
                PatternKind::Tuple(parts)
            }
            None => PatternKind::Tuple(parts),
        };
        Pattern {
            kind,
            span: self.span(l, r),
        }
    }

    /// A pattern.
    pub fn pattern(&self, l: usize, kind: PatternKind, r: usize) -> Pattern {
        Pattern {
            kind,
            span: self.span(l, r),
        }
    }

    /// A bare name binds (or is a constant or a variant, which the checker knows); a path never does.
    pub fn path_pattern(&self, l: usize, mut path: Path, r: usize) -> Pattern {
        let kind = match path.parts.pop() {
            Some(name) if path.parts.is_empty() => PatternKind::Bind {
                mutable: false,
                name,
            },
            last => {
                path.parts.extend(last);
                PatternKind::Path(path)
            }
        };
        self.pattern(l, kind, r)
    }

    /// `lo..=hi` as a pattern.
    pub fn range_pattern(
        &self,
        l: usize,
        lo: Option<Expr>,
        hi: Option<Expr>,
        inclusive: bool,
        r: usize,
    ) -> Pattern {
        let (lo, hi) = (lo.map(Box::new), hi.map(Box::new));
        self.pattern(l, PatternKind::Range { lo, hi, inclusive }, r)
    }

    /// `a | b`
    pub fn alternatives(&self, l: usize, first: Pattern, rest: Vec<Pattern>, r: usize) -> Pattern {
        let mut all = vec![first];
        all.extend(rest);
        self.pattern(l, PatternKind::Or(all), r)
    }

    /// `name` in the braces of a pattern, which binds the field of this name.
    pub fn short_field(&self, l: usize, mutable: bool, name: Name, r: usize) -> FieldPattern {
        let bound = PatternKind::Bind {
            mutable,
            name: name.clone(),
        };
        FieldPattern {
            name: Some(name),
            pattern: self.pattern(l, bound, r),
            short: true,
        }
    }

    /// An arm of a `match`.
    pub fn arm(&self, head: Box<(Pattern, Option<Expr>)>, body: Expr) -> Box<Arm> {
        let (pattern, guard) = *head;
        Box::new(Arm {
            pattern,
            guard,
            body,
        })
    }

    /// An arm whose body is no block: a value, or a statement without its `;`.
    pub fn short_arm(&self, head: Box<(Pattern, Option<Expr>)>, body: Box<Stmt>) -> Box<Arm> {
        let span = body.span;
        let body = match *body {
            Stmt {
                kind: StmtKind::Expr(e, _),
                ..
            } => e,
            stmt => {
                let block = Block {
                    stmts: vec![stmt],
                    tail: None,
                    span,
                };
                let (l, r) = (span.start as usize, span.end as usize);
                self.expr(l, ExprKind::Block(Box::new(block)), r)
            }
        };
        self.arm(head, body)
    }

    /// `if let pattern = value { … } else …`
    pub fn if_let(
        &self,
        l: usize,
        pattern: Pattern,
        value: Expr,
        then: Block,
        otherwise: Option<Expr>,
        r: usize,
    ) -> Expr {
        let parts = IfLet {
            pattern,
            value,
            then,
            otherwise,
        };
        self.expr(l, ExprKind::IfLet(Box::new(parts)), r)
    }

    /// `while let pattern = value { … }`
    pub fn while_let(
        &self,
        l: usize,
        pattern: Pattern,
        value: Expr,
        then: Block,
        r: usize,
    ) -> Box<Stmt> {
        let span = value.span;
        let (from, to) = (span.start as usize, span.end as usize);
        let leave = Block {
            stmts: vec![*self.stmt(from, StmtKind::Break, to)],
            tail: None,
            span,
        };
        let otherwise = self.expr(from, ExprKind::Block(Box::new(leave)), to);
        let parts = IfLet {
            pattern,
            value,
            then,
            otherwise: Some(otherwise),
        };
        self.stmt(l, StmtKind::WhileLet(Box::new(parts)), r)
    }

    /// An expression; an error node if it nests too deeply.
    pub fn expr(&self, l: usize, kind: ExprKind, r: usize) -> Expr {
        let span = self.span(l, r);
        let around = 1 + depth_around(&kind);
        let (depth, links) = match kind.spine() {
            None => (around, 0),
            Some(spine) if spine.links < MAX_LINKS => {
                (around.max(spine.depth + 1), spine.links + 1)
            }
            // Later stages take the spine in pieces: what hangs on it is never deeper than a piece is long.
            Some(spine) => (spine.depth.max(around + MAX_LINKS), spine.links + 1),
        };
        if depth > MAX_DEPTH {
            self.too_deep(span);
            return Expr {
                kind: ExprKind::Error,
                span,
                depth: 1,
                links: 0,
            };
        }
        Expr {
            kind,
            span,
            depth,
            links,
        }
    }

    /// `a op b`
    pub fn binary(&self, l: usize, op: BinaryOp, a: Expr, b: Expr, r: usize) -> Expr {
        self.expr(l, ExprKind::Binary(op, Spine::new(a), Box::new(b)), r)
    }

    /// `lo..hi`
    pub fn range(
        &self,
        l: usize,
        lo: Option<Expr>,
        hi: Option<Expr>,
        inclusive: bool,
        r: usize,
    ) -> Expr {
        self.expr(
            l,
            ExprKind::Range {
                lo: lo.map(Box::new),
                hi: hi.map(Box::new),
                inclusive,
            },
            r,
        )
    }

    /// `(first, rest…)`
    pub fn tuple(&self, l: usize, first: Expr, rest: Vec<Expr>, r: usize) -> Expr {
        let mut parts = vec![first];
        parts.extend(rest);
        self.expr(l, ExprKind::Tuple(parts), r)
    }

    /// For how many parties a test runs: `count parties`.
    pub fn test_parties(&self, count: PartyCount, l: usize, word: &str, r: usize) -> PartyCount {
        if word != "parties" {
            let span = self.span(l, r);
            let error = diagnostic!(E1005, span, "expected `parties`, found `{word}`")
                .here("not expected here");
            self.report(error.help("write for example `test \"…\" for 2..=5 parties { … }`"));
        }
        count
    }

    /// An integer literal. What is malformed has been reported by the lexer.
    pub fn int(&self, l: usize, text: &str, r: usize) -> Expr {
        let kind = match lexer::number(text) {
            Some((value, "")) => ExprKind::Int(value, None),
            Some((value, suffix)) => ExprKind::Int(value, Some(suffix.to_owned())),
            None => ExprKind::Error,
        };
        self.expr(l, kind, r)
    }

    /// `1.5`
    pub fn decimal(&self, l: usize, text: &str, r: usize) -> Expr {
        let kind = lexer::decimal(text).map_or(ExprKind::Error, ExprKind::Decimal);
        self.expr(l, kind, r)
    }

    /// `f(args)`, or the method call `x.f(args)`
    pub fn call(&self, l: usize, f: Expr, args: Vec<Expr>, r: usize) -> Expr {
        match f.kind {
            ExprKind::Field(x, name) => {
                let path = Path {
                    span: name.span,
                    parts: vec![name],
                    args: Vec::new(),
                };
                self.expr(l, ExprKind::Method(x, path, args), r)
            }
            _ => self.expr(l, ExprKind::Call(Box::new(f), args), r),
        }
    }

    /// `secret(x)`
    pub fn secret_call(&self, l: usize, e: Expr, r: usize) -> Expr {
        self.expr(l, ExprKind::MakeSecret(Box::new(e)), r)
    }
}

fn type_depth(kind: &TypeKind) -> u32 {
    let most = |types: &[Type]| types.iter().map(|t| t.depth).max().unwrap_or(0);
    match kind {
        TypeKind::Path(path) => path_depth(path),
        TypeKind::Secret(t) | TypeKind::Public(t) | TypeKind::Ragged(t) => t.depth,
        TypeKind::Array(t, n) => t.depth.max(n.depth),
        TypeKind::Tuple(ts) => most(ts),
        TypeKind::Fn(ts, t) => most(ts).max(t.depth),
        TypeKind::Ranged(t, range) => t.depth.max(range.lo.depth).max(range.hi.depth),
        TypeKind::Error => 0,
    }
}

fn path_depth(path: &Path) -> u32 {
    let depth = |arg: &GenericArg| match arg {
        GenericArg::Type(t) => t.depth,
        GenericArg::Const(e) => e.depth,
        GenericArg::Infer(_) => 0,
    };
    path.args.iter().map(depth).max().unwrap_or(0)
}

fn pattern_depth(pattern: &Pattern) -> u32 {
    match &pattern.kind {
        PatternKind::Wild | PatternKind::Rest | PatternKind::Bind { .. } | PatternKind::Path(_) => {
            0
        }
        PatternKind::Tuple(parts)
        | PatternKind::Array(parts)
        | PatternKind::Variant(_, parts)
        | PatternKind::Or(parts) => 1 + parts.iter().map(pattern_depth).max().unwrap_or(0),
        PatternKind::Struct(_, fields) => {
            let deepest = fields.iter().map(|f| pattern_depth(&f.pattern)).max();
            1 + deepest.unwrap_or(0)
        }
        PatternKind::Literal(e) => e.depth,
        PatternKind::Range { lo, hi, .. } => {
            let of = |e: &Option<Box<Expr>>| e.as_ref().map_or(0, |e| e.depth);
            of(lo).max(of(hi))
        }
    }
}

fn block_depth(block: &Block) -> u32 {
    let stmts = block.stmts.iter().map(stmt_depth).max().unwrap_or(0);
    stmts.max(block.tail.as_ref().map_or(0, |t| t.depth))
}

fn stmt_depth(stmt: &Stmt) -> u32 {
    match &stmt.kind {
        StmtKind::Let { pattern, ty, init } => init
            .as_ref()
            .map_or(0, |e| e.depth)
            .max(ty.as_ref().map_or(0, |t| t.depth))
            .max(pattern_depth(pattern)),
        StmtKind::Assign { place, value, .. } => place.depth.max(value.depth),
        StmtKind::Expr(e, _) => e.depth,
        StmtKind::For {
            pattern,
            iter,
            body,
        } => {
            1 + iter
                .depth
                .max(block_depth(body))
                .max(pattern_depth(pattern))
        }
        StmtKind::WhileLet(parts) => 1 + if_let_depth(parts),
        StmtKind::Loop { body } => 1 + block_depth(body),
        StmtKind::While { condition, body } => 1 + condition.depth.max(block_depth(body)),
        StmtKind::Return(e) => e.as_ref().map_or(0, |e| e.depth),
        StmtKind::Break | StmtKind::Continue | StmtKind::Empty => 0,
    }
}

fn if_let_depth(parts: &IfLet) -> u32 {
    let sides = parts.value.depth.max(block_depth(&parts.then));
    let otherwise = parts.otherwise.as_ref().map_or(0, |e| e.depth);
    sides.max(otherwise).max(pattern_depth(&parts.pattern))
}

/// How deep the deepest child nests, but for the spine.
fn depth_around(kind: &ExprKind) -> u32 {
    let most = |es: &[Expr]| es.iter().map(|e| e.depth).max().unwrap_or(0);
    match kind {
        ExprKind::Int(..)
        | ExprKind::Decimal(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::Error
        | ExprKind::Field(..)
        | ExprKind::TupleField(..) => 0,
        ExprKind::Path(path) => path_depth(path),
        ExprKind::Array(es) | ExprKind::Tuple(es) => most(es),
        ExprKind::Repeat(a, b) => a.depth.max(b.depth),
        ExprKind::Index(_, e) | ExprKind::Binary(_, _, e) => e.depth,
        ExprKind::Paren(e)
        | ExprKind::Unary(_, e)
        | ExprKind::Reveal(e, _)
        | ExprKind::MakeSecret(e)
        | ExprKind::Assert(e, _) => e.depth,
        ExprKind::Struct(path, fields) => {
            let deepest = fields
                .iter()
                .filter_map(|(_, e)| e.as_ref())
                .map(|e| e.depth)
                .max();
            deepest.unwrap_or(0).max(path_depth(path))
        }
        ExprKind::Range { lo, hi, .. } => lo
            .as_ref()
            .map_or(0, |e| e.depth)
            .max(hi.as_ref().map_or(0, |e| e.depth)),
        ExprKind::Call(f, args) => f.depth.max(most(args)),
        ExprKind::Method(_, path, args) => most(args).max(path_depth(path)),
        ExprKind::Cast(_, t) => t.depth,
        ExprKind::If(c, then, _) => c.depth.max(block_depth(then)),
        ExprKind::IfLet(parts) => if_let_depth(parts),
        ExprKind::Match(value, arms) => {
            let of = |arm: &Arm| {
                let guard = arm.guard.as_ref().map_or(0, |e| e.depth);
                // Arms nest in the checked program.
                guard.max(arm.body.depth).max(pattern_depth(&arm.pattern))
            };
            value.depth.max(arms.iter().map(of).max().unwrap_or(0))
        }
        ExprKind::Block(b) | ExprKind::Attributed(_, b) => block_depth(b),
        ExprKind::Closure(params, body) => {
            let deepest = params
                .iter()
                .map(|(p, t)| pattern_depth(p).max(t.as_ref().map_or(0, |t| t.depth)));
            body.depth.max(deepest.max().unwrap_or(0))
        }
    }
}
