//! Expressions: each form of the checked program as operations on traced values.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::real::Kind;
use super::value::{Callable, Leaf, Val};
use super::{MAX_LANES, MAX_STEPS};
use crate::hir::{BinaryOp, Expr, ExprKind, Text, Type, UnaryOp, effects, form_of};
use crate::ir::exact::{FLOAT, Meaning};
use crate::ir::{Op, Ty};
use crate::library;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Form, Scalar, Word};
use std::rc::Rc;

impl<'h> Tracer<'h> {
    /// An expression's value.
    pub(super) fn expr(&mut self, expr: &'h Expr) -> Traced<Val<'h>> {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > self.max_depth {
            let what = if self.depth > self.max_depth {
                "calls and expressions nest too deeply"
            } else {
                "the program takes too long to expand for this session"
            };
            return Err(Fault::new(code::TOO_LARGE, expr.span, what)
                .help("functions are expanded at each call; look for chains of functions that each call the next several times")
                .into());
        }
        let at_statement = std::mem::take(&mut self.at_statement);
        let outer_span = std::mem::replace(&mut self.span, expr.span);
        self.depth += 1;
        let result = self.expr_kind(expr, at_statement);
        self.depth -= 1;
        self.span = outer_span;
        result
    }

    fn expr_kind(&mut self, expr: &'h Expr, at_statement: bool) -> Traced<Val<'h>> {
        use ExprKind as E;
        match &expr.kind {
            E::Lit(word) => {
                let scalar = self.scalar(&expr.ty)?;
                // Where the type is known in the source the word is its pattern, else an integer.
                let word = match self.real_of(&expr.ty)? {
                    Some(kind) if !matches!(expr.ty, Type::Real(..)) => {
                        self.literal_word(*word, kind, scalar)
                    }
                    _ => *word,
                };
                Ok(Val::Leaf(Leaf::word(scalar, word)))
            }
            E::Decimal(text) => self.decimal(text, &expr.ty).map(Val::Leaf),
            E::Zero => self.nothing(&expr.ty),
            E::Local(local) => self.local(*local),
            E::Const(id) => self.named_constant(*id),
            E::ConstParam(id) => {
                let frame = self.frame();
                match frame.generics.get(id.index()) {
                    Some(super::value::GenericValue::Len(n)) => Ok(Val::Leaf(Leaf::usize(*n))),
                    _ => Err(Fault::new(
                        code::NOT_KNOWN,
                        expr.span,
                        "the value of this parameter is not fixed by the call",
                    )
                    .into()),
                }
            }
            E::Limit(limit, ty) => {
                let word = limit.of(self.scalar(ty)?);
                Ok(Val::Leaf(Leaf::word(self.scalar(&expr.ty)?, word)))
            }
            E::Within(protocol, inner) => {
                let outer = self.frame().protocol.replace(*protocol);
                self.at_statement = at_statement;
                let val = self.expr(inner);
                self.frame().protocol = outer;
                val
            }
            E::Unary(op, a) => {
                let real = self.real_of(&a.ty)?;
                let a = self.scalar_expr(a)?;
                self.span = expr.span;
                if let (UnaryOp::Neg, Some(Kind::Float { .. })) = (op, real) {
                    let places = Some(FLOAT);
                    let work = |t: &mut Self| t.float_negated(&a);
                    let negated = self.meant(Meaning::Neg, &[(&a, places)], places, work);
                    return negated.map(Val::Leaf);
                }
                let op = match op {
                    UnaryOp::Neg => WordOp::Neg,
                    UnaryOp::Not => WordOp::Not,
                };
                let places = real.and_then(Kind::places);
                let work = |t: &mut Self| t.word(op, a.scalar, std::slice::from_ref(&a));
                Ok(Val::Leaf(match op {
                    WordOp::Neg => self.meant(Meaning::Neg, &[(&a, places)], places, work)?,
                    _ => work(self)?,
                }))
            }
            E::Binary(..) => self.chain(expr),
            E::LogicalAnd(a, b) => self.short_circuit(a, b, false),
            E::LogicalOr(a, b) => self.short_circuit(a, b, true),
            E::Cast(a) => {
                let from = self.real_of(&a.ty)?;
                let a = self.scalar_expr(a)?;
                self.span = expr.span;
                let to = self.scalar(&expr.ty)?;
                let real = self.real_of(&expr.ty)?;
                if let Type::Text(Text::Str(_), _) = expr.ty {
                    return self.longer_text(&a, to).map(Val::Leaf);
                }
                if from.is_some() || real.is_some() {
                    return self.number_cast(&a, from, real, to).map(Val::Leaf);
                }
                if to == Scalar::Bool && a.scalar != Scalar::Bool {
                    let zero = Leaf::word(a.scalar, 0);
                    return Ok(Val::Leaf(self.word(
                        WordOp::Ne,
                        Scalar::Bool,
                        &[a, zero],
                    )?));
                }
                Ok(Val::Leaf(self.cast(&a, to)?))
            }
            E::Field(..) | E::Index(..) => self.path_expr(expr),
            E::Slice {
                array,
                lo,
                hi,
                inclusive,
            } => self.slice(array, lo.as_deref(), hi.as_deref(), *inclusive),
            E::Array(parts) => self.array_literal(parts, &expr.ty),
            E::Repeat(element, n) => {
                let element = self.expr(element)?;
                let n_leaf = self.scalar_expr(n)?;
                self.span = expr.span;
                let n = self.known_len(&n_leaf, "the length of an array")?;
                self.repeated(&element, n)
            }
            E::Tuple(parts) | E::Struct(parts) => {
                let mut vals = Vec::with_capacity(parts.len());
                for part in parts {
                    vals.push(self.expr(part)?);
                }
                Ok(Val::Tuple(vals))
            }
            E::Call {
                function,
                generics,
                args,
            } => self.call(*function, generics, args, expr.span),
            // Calls of it do not trace the body.
            E::Circuit(_) => Ok(Val::unit()),
            E::CallValue(callee, args) => {
                let callee = self.expr(callee)?;
                let mut vals = Vec::with_capacity(args.len());
                let mut types = Vec::with_capacity(args.len());
                for arg in args {
                    vals.push(self.expr(arg)?);
                    types.push(Some(self.close(&arg.ty)));
                }
                self.apply(&callee, vals, &types)
            }
            E::Closure { params, body } => {
                let mut captured = Vec::new();
                for local in effects::mentioned(body) {
                    if let Some(val) = self.frame().get(local) {
                        captured.push((local, val.clone()));
                    }
                }
                let frame = self.frame();
                Ok(Val::Callable(Rc::new(Callable::Closure {
                    function: frame.function,
                    generics: frame.generics.clone(),
                    params,
                    body,
                    captured,
                })))
            }
            E::FnValue(function) => Ok(Val::Callable(Rc::new(Callable::Function(*function)))),
            E::Builtin(builtin, args) => self.builtin(*builtin, args, expr),
            E::Reveal(a) => {
                let val = self.expr(a)?;
                self.span = expr.span;
                let mut forms = self.leaf_forms(&self.close(&a.ty), &val).into_iter();
                val.map_leaves(&mut |leaf| {
                    let form = forms.next().unwrap_or(Form::Plain);
                    self.reveal(leaf, form)
                })
            }
            E::MakeSecret(a) => {
                let val = self.expr(a)?;
                self.span = expr.span;
                val.map_leaves(&mut |leaf| self.secret(leaf))
            }
            E::Assert(cond, why) => self.assertion(cond, why.as_deref(), expr),
            E::Block(stmts, tail) => self.block(stmts, tail.as_deref(), at_statement),
            E::If {
                cond,
                then,
                otherwise,
            } => self.branch(cond, then, otherwise.as_deref(), expr.span, at_statement),
            E::Return(_) | E::Break | E::Continue => self.exit(&expr.kind),
        }
    }

    /// `a + b + c + …`: a chain of any length nests no deeper than its operands.
    fn chain(&mut self, expr: &'h Expr) -> Traced<Val<'h>> {
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary(op, left, right) = &first.kind {
            let operand = match op {
                BinaryOp::Shl | BinaryOp::Shr => &first.ty,
                _ => &right.ty,
            };
            links.push((*op, right, operand, first.span));
            first = left;
        }
        let mut so_far = self.expr(first)?;
        for (op, right, operand, span) in links.into_iter().rev() {
            let right = self.expr(right)?;
            self.span = span;
            so_far = match (so_far, right) {
                (Val::Leaf(a), Val::Leaf(b)) if is_plain(op, a.scalar) => {
                    let kind = self.real_of(operand)?;
                    let work = |t: &mut Self, a: Leaf, b: Leaf| match kind {
                        Some(kind) => t.real_binary(op, kind, a, b),
                        None => t.binary(op, a, b),
                    };
                    Val::Leaf(self.meant_binary(op, kind, a, b, work)?)
                }
                (Val::Never, _) | (_, Val::Never) => return Err(Stop::Exit),
                (a, b) => {
                    let (a, b) = (self.keyed(&a, operand)?, self.keyed(&b, operand)?);
                    Val::Leaf(self.compared(op, &a, &b)?)
                }
            };
        }
        Ok(so_far)
    }

    /// `as` where one of both types, or both, has a fraction.
    fn number_cast(
        &mut self,
        a: &Leaf,
        from: Option<Kind>,
        to: Option<Kind>,
        scalar: Scalar,
    ) -> Traced<Leaf> {
        let work = |t: &mut Self| t.real_cast(a, from, to, scalar);
        let (before, after) = (from.map(Kind::behind), to.map(Kind::behind));
        let meaning = match after {
            Some(_) => Meaning::Same,
            None => Meaning::Whole,
        };
        self.meant(meaning, &[(a, before)], after, work)
    }

    fn binary(&mut self, op: BinaryOp, a: Leaf, b: Leaf) -> Traced<Leaf> {
        use BinaryOp as B;
        let same = a.scalar;
        let below_zero = match (op, a.known(), b.known()) {
            (B::Sub, Some(x), Some(y)) if !same.is_signed() && x < y => Some(Box::new((x, y))),
            _ => a.below_zero.clone().or_else(|| b.below_zero.clone()),
        };
        let leaf = self.binary_op(op, a, b)?;
        Ok(Leaf { below_zero, ..leaf })
    }

    pub(super) fn binary_op(&mut self, op: BinaryOp, a: Leaf, b: Leaf) -> Traced<Leaf> {
        use BinaryOp as B;
        let same = a.scalar;
        match op {
            B::Add => self.word(WordOp::Add, same, &[a, b]),
            B::Sub => self.word(WordOp::Sub, same, &[a, b]),
            B::Mul => self.word(WordOp::Mul, same, &[a, b]),
            B::Div => self.word(WordOp::Div, same, &[a, b]),
            B::Rem => self.word(WordOp::Rem, same, &[a, b]),
            B::And => self.word(WordOp::And, same, &[a, b]),
            B::Or => self.word(WordOp::Or, same, &[a, b]),
            B::Xor => self.word(WordOp::Xor, same, &[a, b]),
            B::Shl => self.word(WordOp::Shl, same, &[a, b]),
            B::Shr => self.word(WordOp::Shr, same, &[a, b]),
            B::Eq => self.word(WordOp::Eq, Scalar::Bool, &[a, b]),
            B::Ne => self.word(WordOp::Ne, Scalar::Bool, &[a, b]),
            B::Lt => self.word(WordOp::Lt, Scalar::Bool, &[a, b]),
            B::Le => self.word(WordOp::Le, Scalar::Bool, &[a, b]),
            B::Gt => self.word(WordOp::Lt, Scalar::Bool, &[b, a]),
            B::Ge => self.word(WordOp::Le, Scalar::Bool, &[b, a]),
        }
    }

    /// Whether an expression is one word, so that both sides of a comparison can be shown.
    fn is_word(&self, e: &Expr) -> bool {
        crate::hir::scalar_of(&self.close(&e.ty)).is_some()
    }

    /// Opens a leaf to all who compute.
    pub(super) fn reveal(&mut self, leaf: &Leaf, form: Form) -> Traced<Leaf> {
        if !leaf.secret {
            return Ok(leaf.clone());
        }
        let id = self.value(leaf)?;
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: leaf.lanes,
            secret: false,
        };
        self.node1(Op::Reveal(form), vec![id], ty)
    }

    /// Opens a leaf even if all know it, so that it is among what a run shows.
    fn open(&mut self, leaf: &Leaf, form: Form) -> Traced<()> {
        let id = self.value(leaf)?;
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: leaf.lanes,
            secret: false,
        };
        self.node1(Op::Reveal(form), vec![id], ty).map(|_| ())
    }

    /// Whether what is traced now runs whatever is opened.
    pub(super) fn is_certain(&self) -> bool {
        self.n_certain == self.blocks.len()
    }

    fn assertion(&mut self, cond: &'h Expr, why: Option<&str>, expr: &'h Expr) -> Traced<Val<'h>> {
        let cond = match asserted_comparison(cond) {
            Some((op, a, b)) if self.opened && self.is_word(a) => {
                let form = form_of(&self.close(&a.ty));
                let a = self.scalar_expr(a)?;
                let b = self.scalar_expr(b)?;
                self.span = cond.span;
                self.open(&a, form)?;
                self.open(&b, form)?;
                if is_plain(op, a.scalar) {
                    self.binary(op, a, b)?
                } else {
                    self.compared(op, &Val::Leaf(a), &Val::Leaf(b))?
                }
            }
            _ => self.scalar_expr(cond)?,
        };
        self.span = expr.span;
        match cond.known_truth() {
            Some(true) => return Ok(Val::unit()),
            Some(false) if self.is_certain() && !self.in_test => {
                let what = match why {
                    Some(why) if library::owns(expr.span.file) => {
                        format!("a condition of this call does not hold: {why}")
                    }
                    Some(why) => format!("this assertion does not hold for this session: {why}"),
                    None => "this assertion does not hold for this session".to_owned(),
                };
                return Err(Fault::new(code::ASSERTION, expr.span, what).into());
            }
            _ => {}
        }
        let public = self.reveal(&cond, Form::Plain)?;
        let id = self.value(&public)?;
        self.node(
            Op::Assert(why.map(str::to_owned)),
            vec![id],
            &[],
            Vec::new(),
        )?;
        Ok(Val::unit())
    }

    fn array_literal(&mut self, parts: &'h [Expr], ty: &Type) -> Traced<Val<'h>> {
        let mut vals = Vec::with_capacity(parts.len());
        for part in parts {
            vals.push(self.expr(part)?);
        }
        let closed = self.close(ty);
        self.gathered(vals, &closed)
    }

    /// An array of the given elements (a list of rows if they differ in shape); the type is for an empty one.
    pub(super) fn gathered(&mut self, vals: Vec<Val<'h>>, ty: &Type) -> Traced<Val<'h>> {
        let Some(first) = vals.first() else {
            let element = match ty {
                Type::Array(e, _) => self.zero(e, 0),
                _ => Val::unit(),
            };
            return Ok(Val::Array(0, Box::new(element)));
        };
        let uniform = vals.iter().all(|v| v.same_shape(first)) && !has_rows(first);
        if !uniform {
            return Ok(Val::Rows(vals));
        }
        if self.batch.is_some() && vals.iter().any(varies) {
            return Err(Stop::NotElementwise);
        }
        let columns: Vec<Vec<&Leaf>> = vals.iter().map(Val::leaves).collect();
        let mut leaves = Vec::new();
        for k in 0..columns[0].len() {
            let column: Vec<Leaf> = columns.iter().map(|c| c[k].clone()).collect();
            leaves.push(self.concat(&column)?);
        }
        let element = first.with_leaves(&mut leaves.into_iter());
        Ok(Val::Array(vals.len() as u64, Box::new(element)))
    }

    fn repeated(&mut self, element: &Val<'h>, n: u64) -> Traced<Val<'h>> {
        if self.batch.is_some() && varies(element) {
            return Err(Stop::NotElementwise);
        }
        if has_rows(element) {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            if n > super::MAX_UNROLLED as usize {
                return Err(Fault::new(
                    code::TOO_LARGE,
                    self.span,
                    "too many copies of a list of rows of different lengths",
                )
                .into());
            }
            return Ok(Val::Rows(vec![element.clone(); n]));
        }
        let element = element.map_leaves(&mut |leaf| self.repeat(leaf, n))?;
        Ok(Val::Array(n, Box::new(element)))
    }

    fn slice(
        &mut self,
        array: &'h Expr,
        lo: Option<&'h Expr>,
        hi: Option<&'h Expr>,
        inclusive: bool,
    ) -> Traced<Val<'h>> {
        let span = self.span;
        let val = self.expr(array)?;
        let len = self.length(&val)?;
        let lo = match lo {
            Some(lo) => self.scalar_expr(lo)?,
            None => Leaf::usize(0),
        };
        let (hi, inclusive) = match hi {
            Some(hi) => (self.scalar_expr(hi)?, inclusive),
            None => (Leaf::usize(len), false),
        };
        self.span = span;
        if let (None, Some(n)) = (lo.known(), distance(&lo, &hi, inclusive)) {
            return self.window(val, &lo, n, len);
        }
        let from = self.known_word(&lo, "the start of a slice")?;
        let last = self.known_word(&hi, "the end of a slice")?;
        // One past the last element; where there is no such number, the array does not reach that far either.
        let to = last.checked_add(u128::from(inclusive));
        match (u64::try_from(from), to.map(u64::try_from)) {
            (Ok(from), Some(Ok(to))) if from <= to && to <= len => self.part(val, from, to),
            _ => {
                let dots = if inclusive { "..=" } else { ".." };
                // What has passed below zero is a number of 64 bits.
                let signed = |leaf: &Leaf, word: Word| match leaf.subtraction() {
                    Some(_) => (word as i64).to_string(),
                    None => word.to_string(),
                };
                let (from, last) = (signed(&lo, from), signed(&hi, last));
                let mut fault = Fault::new(
                    code::INDEX,
                    span,
                    format!("the slice {from}{dots}{last} does not fit an array of {len}"),
                );
                for leaf in [&lo, &hi] {
                    if let Some(why) = leaf.subtraction() {
                        fault = fault.here(why);
                    }
                }
                Err(fault.into())
            }
        }
    }

    /// `n` elements from a start that is computed while running.
    fn window(&mut self, val: Val<'h>, lo: &Leaf, n: u64, len: u64) -> Traced<Val<'h>> {
        let Val::Array(_, element) = val else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                "rows of different lengths are sliced by known bounds only",
            )
            .needs_known()
            .into());
        };
        if lo.lanes != 1 {
            return Err(Stop::NotElementwise);
        }
        if n > len {
            return Err(Fault::new(
                code::INDEX,
                self.span,
                format!("a slice of {n} elements does not fit an array of {len}"),
            )
            .into());
        }
        let lo = self.narrowed_index(lo)?;
        if n == 0 {
            // No element is read that could be out of range, and yet the slice must begin inside of the array.
            let inside = self.word(WordOp::Le, Scalar::Bool, &[lo.clone(), Leaf::usize(len)])?;
            if inside.known_truth() != Some(true) {
                let id = self.value(&inside)?;
                let why = format!("a slice begins after the end of an array of {len}");
                self.node(Op::Assert(Some(why)), vec![id], &[], Vec::new())?;
            }
        }
        let steps = Leaf::constant(Scalar::USIZE, ConstVec::iota(n));
        let index = self.word(WordOp::Add, Scalar::USIZE, &[lo, steps])?;
        let element = element.map_blocks(1, &mut |leaf, block| self.gather(leaf, &index, block))?;
        Ok(Val::Array(n, Box::new(element)))
    }

    /// Elements `lo..hi`.
    pub(super) fn part(&mut self, val: Val<'h>, lo: u64, hi: u64) -> Traced<Val<'h>> {
        match val {
            Val::Rows(rows) => Ok(Val::Rows(
                rows.into_iter()
                    .skip(usize::try_from(lo).unwrap_or(usize::MAX))
                    .take(usize::try_from(hi - lo).unwrap_or(usize::MAX))
                    .collect(),
            )),
            Val::Array(len, element) => {
                if (lo, hi) == (0, len) {
                    return Ok(Val::Array(len, element));
                }
                let index = Leaf::constant(
                    Scalar::USIZE,
                    ConstVec::Affine {
                        start: u128::from(lo),
                        dims: vec![(hi - lo, 1)],
                    },
                );
                let element =
                    element.map_blocks(1, &mut |leaf, block| self.gather(leaf, &index, block))?;
                Ok(Val::Array(hi - lo, Box::new(element)))
            }
            other => Ok(other),
        }
    }

    /// A length that must be known now, and that a value may have.
    pub(super) fn known_len(&mut self, leaf: &Leaf, what: &str) -> Traced<u64> {
        let word = self.known_word(leaf, what)?;
        match u64::try_from(word) {
            Ok(n) if n <= MAX_LANES => Ok(n),
            _ => {
                let message = format!("{what} is {word}; the limit is {MAX_LANES}");
                let fault = Fault::new(code::TOO_LARGE, self.span, message);
                Err(match leaf.subtraction() {
                    Some(why) => fault.here(why),
                    None => fault,
                }
                .into())
            }
        }
    }

    /// A bound that must be known now.
    fn known_word(&mut self, leaf: &Leaf, what: &str) -> Traced<Word> {
        leaf.known().ok_or_else(|| {
            Fault::new(
                code::NOT_KNOWN,
                self.span,
                format!("{what} must be known when the parties agree on a run; this value is computed while running"),
            )
            .help("use constants, lengths, the number of parties or public arguments")
            .needs_known()
            .into()
        })
    }

    /// Number of elements.
    pub(super) fn length(&mut self, val: &Val<'h>) -> Traced<u64> {
        match val {
            Val::Array(len, _) => Ok(*len),
            Val::Rows(rows) => Ok(rows.len() as u64),
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!("{} has no length", other.describe()),
            )
            .into()),
        }
    }
}

/// The number of elements of `lo..hi` (or `lo..=hi`), where it is the same whatever both are.
fn distance(lo: &Leaf, hi: &Leaf, inclusive: bool) -> Option<u64> {
    let (lo, hi) = (lo.as_affine()?, hi.as_affine()?);
    if lo.base != hi.base || lo.scale != hi.scale {
        return None;
    }
    let n = hi.offset.checked_sub(lo.offset)?;
    u64::try_from(n.checked_add(i128::from(inclusive))?).ok()
}

/// Whether lists of rows are inside.
pub(super) fn has_rows(val: &Val<'_>) -> bool {
    match val {
        Val::Rows(_) | Val::Callable(_) => true,
        Val::Tuple(parts) => parts.iter().any(has_rows),
        Val::Array(_, e) => has_rows(e),
        Val::Leaf(_) | Val::Never => false,
    }
}

/// Whether a value differs from lane to lane of the batch that is being traced.
pub(super) fn varies(val: &Val<'_>) -> bool {
    fn walk(val: &Val<'_>, block: u64) -> bool {
        match val {
            Val::Leaf(leaf) => leaf.lanes != block,
            Val::Tuple(parts) | Val::Rows(parts) => parts.iter().any(|p| walk(p, block)),
            Val::Array(n, e) => walk(e, block.saturating_mul(*n)),
            Val::Callable(_) | Val::Never => false,
        }
    }
    walk(val, 1)
}

/// Whether an operator means one operation on words: truth values have an order, and no operation for it.
fn is_plain(op: BinaryOp, scalar: Scalar) -> bool {
    use BinaryOp as B;
    scalar != Scalar::Bool || !matches!(op, B::Lt | B::Le | B::Gt | B::Ge)
}

/// The comparison that an assertion is about, revealed or not.
fn asserted_comparison(cond: &Expr) -> Option<(BinaryOp, &Expr, &Expr)> {
    use BinaryOp as B;
    match &cond.kind {
        ExprKind::Reveal(inner) => asserted_comparison(inner),
        ExprKind::Binary(op @ (B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge), a, b) => {
            Some((*op, a, b))
        }
        // Nothing else has two sides.
        _ => None,
    }
}
