//! Calls, closures, and the functions of the prelude.
//!
//! A call traces the callee's body in a frame of its own. `map` traces its function once on whole vectors where it is
//! element-wise, which is the main road from source to lanes; otherwise as a loop that fills an array.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::frame::{Frame, or_never};
use super::real::Kind;
use super::types::element_type;
use super::value::{Callable, GenericValue, Leaf, Val};
use crate::hir::{
    Builtin, ConstId, Expr, ExprKind, Fn, FnId, From, GenericArg, Len, ParamSource, Type,
    wide_scalar,
};
use crate::ir::exact::{FLOAT, Meaning};
use crate::library;
use crate::schema;
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar};
use std::rc::Rc;

impl<'h> Tracer<'h> {
    /// A call by name.
    pub(super) fn call(
        &mut self,
        function: FnId,
        generics: &'h [GenericArg],
        args: &'h [Expr],
        span: Span,
    ) -> Traced<Val<'h>> {
        let mut vals = Vec::with_capacity(args.len());
        let mut types = Vec::with_capacity(args.len());
        for arg in args {
            vals.push(self.expr(arg)?);
            types.push(Some(self.close(&arg.ty)));
        }
        self.span = span;
        if !library::owns(span.file) {
            self.called = span;
        }
        let own = self.frame().generics.clone();
        let generics = generics
            .iter()
            .map(|arg| match self.close_arg(arg, &own) {
                GenericArg::Type(t) => GenericValue::Type(t),
                GenericArg::Len(Len::Const(n)) => GenericValue::Len(n),
                GenericArg::Len(_) | GenericArg::Callable => GenericValue::Unknown,
            })
            .collect();
        self.enter(function, generics, vals, &types)
            .map_err(|stop| stop.called_at(span))
    }

    /// A call of a function value.
    pub(super) fn apply(
        &mut self,
        callee: &Val<'h>,
        args: Vec<Val<'h>>,
        types: &[Option<Type>],
    ) -> Traced<Val<'h>> {
        let Val::Callable(callable) = callee else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                format!("{} cannot be called", callee.describe()),
            )
            .into());
        };
        match &**callable {
            Callable::Function(function) => {
                let function = *function;
                let n = self
                    .hir
                    .fns
                    .get(function.index())
                    .map_or(0, |f| f.generics.len());
                let span = self.span;
                self.enter(function, vec![GenericValue::Unknown; n], args, types)
                    .map_err(|stop| stop.called_at(span))
            }
            Callable::Closure {
                function,
                generics,
                params,
                body,
                captured,
            } => {
                let mut frame = Frame::new(*function, generics.clone());
                frame.protocol = self.frame().protocol;
                frame.flushes = self.frame().flushes;
                self.frames.push(frame);
                for (local, val) in captured {
                    self.declare(*local, Some(val.clone()));
                }
                for (&param, val) in params.iter().zip(args) {
                    self.declare(param, Some(val));
                }
                self.run_body(body)
            }
        }
    }

    fn enter(
        &mut self,
        function: FnId,
        mut generics: Vec<GenericValue>,
        args: Vec<Val<'h>>,
        types: &[Option<Type>],
    ) -> Traced<Val<'h>> {
        let hir = self.hir;
        let Some(callee) = hir.fns.get(function.index()) else {
            return Err(Fault::new(code::NOT_KNOWN, self.span, "unknown function").into());
        };
        for (k, (local, val)) in callee.locals.iter().zip(&args).enumerate() {
            let ty = types.get(k).and_then(Option::as_ref);
            self.infer(&local.ty, ty, val, &mut generics);
        }
        let span = self.span;
        let around = self.parties_of_call(function, &args)?;
        let val = self.enter_with(function, generics, args);
        if let Some((n_parties, role_counts)) = around {
            self.n_parties = n_parties;
            self.role_counts = role_counts;
        }
        self.span = span;
        val
    }

    /// In a test a call of `main` is among as many parties as the arrays over parties are long: sets their numbers, and says
    /// what they were before.
    fn parties_of_call(
        &mut self,
        function: FnId,
        args: &[Val<'h>],
    ) -> Traced<Option<(u32, Vec<u32>)>> {
        let hir = self.hir;
        let Some(main) = hir.main.as_ref().filter(|m| m.function == function) else {
            return Ok(None);
        };
        if !self.in_test {
            return Ok(None);
        }
        let mut counts = self.role_counts.clone();
        let mut total = None;
        for (param, val) in main.params.iter().zip(args) {
            let ParamSource::Input { from, .. } = param.source else {
                continue;
            };
            let (From::EachOf(_) | From::Each) = from else {
                continue;
            };
            let n = u32::try_from(self.length(val)?).unwrap_or(u32::MAX);
            match from {
                From::EachOf(role) => {
                    if let Some(count) = counts.get_mut(role.index()) {
                        *count = n;
                    }
                }
                _ => total = Some(n),
            }
        }
        let sum = counts.iter().fold(0u32, |n, c| n.saturating_add(*c));
        if let Some(n) = total
            && n != sum
        {
            counts = schema::assign_roles(hir, n)?;
        }
        for (role, &count) in hir.roles.iter().zip(&counts) {
            if count < role.min || role.max.is_some_and(|max| count > max) {
                let message = format!("{count} parties play `{}`", role.name);
                return Err(Fault::new(code::PARTIES, self.span, message).into());
            }
        }
        let n_parties = counts.iter().fold(0u32, |n, c| n.saturating_add(*c));
        let before = (
            self.n_parties,
            std::mem::replace(&mut self.role_counts, counts),
        );
        self.n_parties = n_parties;
        Ok(Some(before))
    }

    fn enter_with(
        &mut self,
        function: FnId,
        generics: Vec<GenericValue>,
        args: Vec<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let hir = self.hir;
        let Some(callee) = hir.fns.get(function.index()) else {
            return Err(Fault::new(code::NOT_KNOWN, self.span, "unknown function").into());
        };
        let span = self.span;
        if let Some(val) = self.intrinsic(callee, &generics, &args)? {
            return Ok(val);
        }
        if let ExprKind::Circuit(circuit) = &callee.body.kind {
            for (local, val) in callee.locals.iter().zip(&args) {
                let what = format!("the argument `{}`", local.name);
                self.require_lens(&local.ty, val, span, &what)?;
            }
            // Its gates count where it is called: the declaration does no work.
            return self.imported(*circuit, &args, &callee.ret);
        }
        let meant = self.meaning_of_call(callee, &generics, &args);
        self.meant_call(meant, |t| t.expanded(function, callee, generics, args))
    }

    /// The body of a function, traced in a frame of its own.
    fn expanded(
        &mut self,
        function: FnId,
        callee: &'h Fn,
        generics: Vec<GenericValue>,
        args: Vec<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let span = self.span;
        let mut frame = Frame::new(Some(function), Rc::new(generics));
        frame.protocol = callee.protocol.or(self.frame().protocol);
        frame.flushes = callee.flushes || self.frame().flushes;
        self.frames.push(frame);
        for (local, val) in callee.locals.iter().zip(&args) {
            let what = format!("the argument `{}`", local.name);
            self.require_lens(&local.ty, val, span, &what)?;
        }
        for (k, val) in args.into_iter().enumerate() {
            self.declare(crate::hir::LocalId(k as u32), Some(val));
        }
        let val = self.run_body_of(&callee.body, Some(&callee.ret))?;
        self.span = span;
        Ok(val)
    }

    /// Traces the body of the frame on top and takes the frame off.
    fn run_body(&mut self, body: &'h Expr) -> Traced<Val<'h>> {
        self.run_body_of(body, None)
    }

    fn run_body_of(&mut self, body: &'h Expr, ret: Option<&Type>) -> Traced<Val<'h>> {
        self.at_statement = true;
        let val = or_never(self.expr(body))?;
        if let Some(ret) = ret {
            self.require_lens(ret, &val, body.span, "the result of this function")?;
        }
        let Some(frame) = self.frames.pop() else {
            return Ok(val);
        };
        match frame.returned.known_truth() {
            Some(false) => Ok(val),
            Some(true) => Ok(frame.result.unwrap_or_else(Val::unit)),
            None => match frame.result {
                // Whether it left early is asked while running, but no way of the program leads to it.
                None | Some(Val::Never) => Ok(val),
                Some(result) => self.select(&frame.returned, &result, &val),
            },
        }
    }

    /// A named constant's value.
    pub(super) fn named_constant(&mut self, id: ConstId) -> Traced<Val<'h>> {
        if let Some(val) = self.constants.get(&id) {
            return Ok(val.clone());
        }
        let hir = self.hir;
        let Some(constant) = hir.consts.get(id.index()) else {
            return Err(Fault::new(code::NOT_KNOWN, self.span, "unknown constant").into());
        };
        let (n_draws, span) = (self.draws.len(), self.span);
        self.frames.push(Frame::new(None, Rc::default()));
        let val = self.run_body(&constant.value)?;
        if self.draws.len() > n_draws {
            let what = format!(
                "the constant `{}` would be another at each use",
                constant.name
            );
            return Err(Fault::new(code::DRAWN_CONSTANT, span, what)
                .here("its value is drawn")
                .help("draw in a function, and hand the value on")
                .into());
        }
        if val.leaves().iter().all(|l| l.const_vec().is_some()) {
            self.constants.insert(id, val.clone());
        }
        Ok(val)
    }

    /// A function of the prelude.
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        args: &'h [Expr],
        expr: &'h Expr,
    ) -> Traced<Val<'h>> {
        let mut vals = Vec::with_capacity(args.len());
        for arg in args {
            vals.push(self.expr(arg)?);
        }
        self.span = expr.span;
        let mut vals = vals.into_iter();
        let mut next = || vals.next().unwrap_or(Val::Never);
        match builtin {
            Builtin::Parties => Ok(Val::Leaf(Leaf::usize(u64::from(self.n_parties)))),
            Builtin::Random => {
                let ty = self.close(&expr.ty);
                self.random(&ty)
            }
            Builtin::Len => match next() {
                Val::Leaf(text) => Ok(Val::Leaf(self.text_len(&text)?)),
                array => {
                    let n = self.length(&array)?;
                    Ok(Val::Leaf(Leaf::usize(n)))
                }
            },
            Builtin::Bytes => {
                let text = self.one_leaf(next())?;
                self.text_bytes(&text)
            }
            Builtin::Overflows(op) => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                Ok(Val::Leaf(self.overflows(op, &a, &b)?))
            }
            Builtin::Saturating(op) => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                Ok(Val::Leaf(self.saturating(op, &a, &b)?))
            }
            Builtin::Min | Builtin::Max => {
                let largest = builtin == Builtin::Max;
                let (a, b) = (next(), next());
                if let (Val::Leaf(x), Val::Leaf(y)) = (&a, &b)
                    && let Some(Kind::Float { .. }) = self.real_of(&expr.ty)?
                {
                    return self.float_extreme(largest, x, y).map(Val::Leaf);
                }
                self.extreme(!largest, a, b, &expr.ty)
            }
            Builtin::MulAdd => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                let c = self.one_leaf(next())?;
                let places = Some(FLOAT);
                let operands = [(&a, places), (&b, places), (&c, places)];
                let work = |t: &mut Self| t.float_mul_add(a.clone(), b.clone(), c.clone());
                self.meant(Meaning::MulAdd, &operands, places, work)
                    .map(Val::Leaf)
            }
            Builtin::RotateLeft => self.word2(WordOp::RotL, next(), next()),
            Builtin::RotateRight => self.word2(WordOp::RotR, next(), next()),
            Builtin::Abs => {
                let leaf = self.one_leaf(next())?;
                match self.real_of(&expr.ty)? {
                    Some(kind @ Kind::Float { .. }) => {
                        self.meant_function(builtin, Some(FLOAT), &leaf, |t| {
                            t.real_function(builtin, kind, &leaf)
                        })
                    }
                    kind => {
                        let places = kind.and_then(Kind::places);
                        self.meant_function(builtin, places, &leaf, |t| {
                            t.word(WordOp::Abs, leaf.scalar, std::slice::from_ref(&leaf))
                        })
                    }
                }
                .map(Val::Leaf)
            }
            Builtin::Isqrt => self.word1(WordOp::Isqrt, next()),
            Builtin::CountOnes => self.word1(WordOp::CountOnes, next()),
            Builtin::Widen => {
                let leaf = self.one_leaf(next())?;
                if let Some(Kind::Float { .. }) = self.real_of(&expr.ty)? {
                    return Ok(Val::Leaf(leaf));
                }
                Ok(Val::Leaf(self.cast(&leaf, wide_scalar(leaf.scalar))?))
            }
            Builtin::Sum => {
                let real = self.item_real(args)?;
                let leaf = self.column(next())?;
                if let Some(Kind::Float { .. }) = real {
                    let work = |t: &mut Self| t.float_sum(&leaf);
                    let sum = self.meant_function(builtin, Some(FLOAT), &leaf, work);
                    return sum.map(Val::Leaf);
                }
                let places = real.and_then(Kind::places);
                self.meant_function(builtin, places, &leaf, |t| {
                    let wide = t.cast(&leaf, wide_scalar(leaf.scalar))?;
                    t.reduce(WordOp::Add, &wide, 0)
                })
                .map(Val::Leaf)
            }
            Builtin::Average => {
                let real = self.item_real(args)?;
                let leaf = self.column(next())?;
                if let Some(Kind::Float { .. }) = real {
                    let work = |t: &mut Self| t.float_average(&leaf);
                    let mean = self.meant_function(builtin, Some(FLOAT), &leaf, work);
                    return mean.map(Val::Leaf);
                }
                let places = real.and_then(Kind::places);
                let work = |t: &mut Self| t.average(real.is_some(), &leaf);
                self.meant_function(builtin, places, &leaf, work)
                    .map(Val::Leaf)
            }
            Builtin::Dot => {
                let real = self.item_real(args)?;
                let (a, b) = (next(), next());
                let (n, m) = (self.length(&a)?, self.length(&b)?);
                if n != m {
                    let message =
                        format!("`dot` needs arrays of one length; these have {n} and {m}");
                    return Err(Fault::new(code::LENGTHS, self.span, message).into());
                }
                let (a, b) = (self.column(a)?, self.column(b)?);
                let fixed = match real {
                    Some(Kind::Float { .. }) => {
                        let operands = [(&a, Some(FLOAT)), (&b, Some(FLOAT))];
                        let work = |t: &mut Self| t.float_dot(&a, &b);
                        let dot = self.meant(Meaning::Dot, &operands, Some(FLOAT), work);
                        return dot.map(Val::Leaf);
                    }
                    Some(Kind::Fixed(fixed)) => Some(fixed),
                    None => None,
                };
                let places = fixed.map(|f| f.frac);
                let operands = [(&a, places), (&b, places)];
                self.meant(Meaning::Dot, &operands, places, |t| t.dot(fixed, &a, &b))
                    .map(Val::Leaf)
            }
            Builtin::Floor | Builtin::Ceil | Builtin::Round | Builtin::Trunc | Builtin::Sqrt => {
                let leaf = self.one_leaf(next())?;
                match self.real_of(&expr.ty)? {
                    Some(kind) => {
                        let work = |t: &mut Self| t.real_function(builtin, kind, &leaf);
                        let places = Some(kind.behind());
                        self.meant_function(builtin, places, &leaf, work)
                            .map(Val::Leaf)
                    }
                    None => Ok(Val::Leaf(leaf)),
                }
            }
            Builtin::Any => {
                let leaf = self.column(next())?;
                Ok(Val::Leaf(self.reduce(WordOp::Or, &leaf, 0)?))
            }
            Builtin::All => {
                let leaf = self.column(next())?;
                Ok(Val::Leaf(self.reduce(WordOp::And, &leaf, 1)?))
            }
            Builtin::SwapIf => {
                let condition = self.one_leaf(next())?;
                let (a, b) = (next(), next());
                let first = self.select(&condition, &b, &a)?;
                let second = self.select(&condition, &a, &b)?;
                Ok(Val::Tuple(vec![first, second]))
            }
            Builtin::Zip => self.zip(next(), next()),
            Builtin::Enumerate => self.enumerate(next()),
            Builtin::Flatten => {
                let xss = next();
                let ty = self.close(&expr.ty);
                self.flatten(xss, &ty)
            }
            Builtin::Concat => {
                let (a, b) = (next(), next());
                self.concat_arrays(a, b)
            }
            Builtin::Rev | Builtin::StepBy | Builtin::Chunks | Builtin::Windows => {
                let xs = next();
                let count = match args.len() {
                    2 => Some(self.one_leaf(next())?),
                    _ => None,
                };
                self.rearrange(builtin, xs, count.as_ref())
            }
            Builtin::Map => {
                let (xs, f) = (next(), next());
                let arg = args.first().map(|a| self.close(&a.ty));
                let result = self.close(&expr.ty);
                self.map(xs, &f, arg.as_ref(), &result)
            }
            Builtin::Fold => {
                let (xs, init, f) = (next(), next(), next());
                let element = args.first().map(|a| self.close(&a.ty));
                let types = [Some(self.close(&expr.ty)), item_type(element.as_ref())];
                self.fold(xs, init, &f, &types)
            }
        }
    }

    /// What the items of the first argument are, if they have fractions.
    fn item_real(&self, args: &'h [Expr]) -> Traced<Option<Kind>> {
        let ty = args.first().map(|a| self.close(&a.ty));
        match element_type(ty.as_ref()) {
            Some(item) => self.real_of(item),
            None => Ok(None),
        }
    }

    fn one_leaf(&self, val: Val<'h>) -> Traced<Leaf> {
        match val {
            Val::Leaf(leaf) => Ok(leaf),
            other => Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                format!("a scalar is needed here, not {}", other.describe()),
            )
            .into()),
        }
    }

    /// The vector of an array of scalars.
    fn column(&mut self, val: Val<'h>) -> Traced<Leaf> {
        match val {
            Val::Array(_, element) => self.one_leaf(*element),
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "an array of scalars is needed here, not {}",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    fn word1(&mut self, op: WordOp, a: Val<'h>) -> Traced<Val<'h>> {
        let a = self.one_leaf(a)?;
        Ok(Val::Leaf(self.word(
            op,
            a.scalar,
            std::slice::from_ref(&a),
        )?))
    }

    fn word2(&mut self, op: WordOp, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        let (a, b) = (self.one_leaf(a)?, self.one_leaf(b)?);
        Ok(Val::Leaf(self.word(op, a.scalar, &[a.clone(), b])?))
    }

    fn zip(&mut self, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        let (n, m) = (self.length(&a)?, self.length(&b)?);
        if n != m {
            return Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!("`zip` needs arrays of one length; these have {n} and {m}"),
            )
            .into());
        }
        match (a, b) {
            (Val::Array(n, a), Val::Array(_, b)) => {
                Ok(Val::Array(n, Box::new(Val::Tuple(vec![*a, *b]))))
            }
            (a, b) => {
                let (a, b) = (self.elements(a)?, self.elements(b)?);
                Ok(Val::Rows(
                    a.into_iter()
                        .zip(b)
                        .map(|(a, b)| Val::Tuple(vec![a, b]))
                        .collect(),
                ))
            }
        }
    }

    fn enumerate(&mut self, xs: Val<'h>) -> Traced<Val<'h>> {
        match xs {
            Val::Array(n, element) => {
                let index = Leaf::constant(Scalar::USIZE, ConstVec::iota(n));
                Ok(Val::Array(
                    n,
                    Box::new(Val::Tuple(vec![Val::Leaf(index), *element])),
                ))
            }
            other => {
                let rows = self.elements(other)?;
                Ok(Val::Rows(
                    (0u64..)
                        .zip(rows)
                        .map(|(k, row)| Val::Tuple(vec![Val::Leaf(Leaf::usize(k)), row]))
                        .collect(),
                ))
            }
        }
    }

    fn flatten(&mut self, xss: Val<'h>, ty: &Type) -> Traced<Val<'h>> {
        match xss {
            Val::Array(n, inner) => match *inner {
                Val::Array(m, element) => Ok(Val::Array(self.product(n, m)?, element)),
                other => Err(Fault::new(
                    code::LENGTHS,
                    self.span,
                    format!(
                        "`flatten` needs an array of arrays, not of {}",
                        other.describe()
                    ),
                )
                .into()),
            },
            Val::Rows(rows) => {
                let mut all: Option<Vec<Vec<Leaf>>> = None;
                let mut shape: Option<Val<'h>> = None;
                let mut total = 0u64;
                for row in rows {
                    let Val::Array(len, element) = row else {
                        return Err(Fault::new(
                            code::LENGTHS,
                            self.span,
                            "`flatten` needs rows that are arrays",
                        )
                        .into());
                    };
                    total = total.saturating_add(len);
                    match &shape {
                        None => shape = Some((*element).clone()),
                        Some(shape) => {
                            shape.require_shape(
                                &element,
                                self.span,
                                "rows of different elements",
                            )?;
                        }
                    }
                    let columns =
                        all.get_or_insert_with(|| vec![Vec::new(); element.leaves().len()]);
                    for (column, leaf) in columns.iter_mut().zip(element.leaves()) {
                        column.push(leaf.clone());
                    }
                }
                let (Some(shape), Some(columns)) = (shape, all) else {
                    let element = match ty {
                        Type::Array(e, _) => self.zero(e, 0),
                        _ => Val::unit(),
                    };
                    return Ok(Val::Array(0, Box::new(element)));
                };
                let mut leaves = Vec::with_capacity(columns.len());
                for column in columns {
                    leaves.push(self.concat(&column)?);
                }
                let element = shape.with_leaves(&mut leaves.into_iter());
                Ok(Val::Array(total, Box::new(element)))
            }
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "`flatten` needs an array of arrays, not {}",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    fn concat_arrays(&mut self, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        if let (Val::Array(n, a), Val::Array(m, b)) = (&a, &b) {
            if *n == 0 {
                return Ok(Val::Array(*m, b.clone()));
            }
            if *m == 0 {
                return Ok(Val::Array(*n, a.clone()));
            }
            a.require_shape(b, self.span, "the arrays' elements differ in shape")?;
            let mut leaves = Vec::new();
            for (x, y) in a.leaves().into_iter().zip(b.leaves()) {
                leaves.push(self.concat(&[x.clone(), y.clone()])?);
            }
            let element = a.with_leaves(&mut leaves.into_iter());
            return Ok(Val::Array(n.saturating_add(*m), Box::new(element)));
        }
        let mut rows = self.elements(a)?;
        rows.extend(self.elements(b)?);
        Ok(Val::Rows(rows))
    }

    /// The elements one by one; for lists of rows and short arrays.
    pub(super) fn elements(&mut self, val: Val<'h>) -> Traced<Vec<Val<'h>>> {
        match val {
            Val::Rows(rows) => Ok(rows),
            Val::Array(n, element) if n <= super::MAX_UNROLLED => (0..n)
                .map(|k| self.take(&element, &Leaf::usize(k)))
                .collect(),
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "{} cannot be combined with rows of different lengths",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    fn map(
        &mut self,
        xs: Val<'h>,
        f: &Val<'h>,
        arg: Option<&Type>,
        result: &Type,
    ) -> Traced<Val<'h>> {
        let types = [item_type(arg)];
        let (n, element) = match xs {
            Val::Array(n, element) => (n, *element),
            other => {
                let mut vals = Vec::new();
                for row in self.elements(other)? {
                    vals.push(self.apply(f, vec![row], &types)?);
                }
                return self.gathered(vals, result);
            }
        };
        if n == 0 {
            return self.gathered(Vec::new(), result);
        }
        if n == 1 {
            let val = self.take(&element, &Leaf::usize(0))?;
            let val = self.apply(f, vec![val], &types)?;
            return self.gathered(vec![val], result);
        }
        let (checkpoint, span) = (self.checkpoint(), self.span);
        if self.batch.is_none() && !element.has_array() {
            self.batch = Some(n);
            match self.apply(f, vec![element.clone()], &types) {
                Ok(val) if !val.has_array() => {
                    let val = val.map_leaves(&mut |leaf| self.broadcast(leaf, n))?;
                    self.batch = None;
                    return Ok(Val::Array(n, Box::new(val)));
                }
                Ok(_) | Err(Stop::NotElementwise) => self.rollback(checkpoint),
                Err(Stop::Fault(fault)) if fault.needs_known => self.rollback(checkpoint),
                Err(stop) => return Err(stop),
            }
        }
        self.span = span;
        self.map_by_loop(n, &element, f, &types, result)
    }

    /// `map` as a loop that writes each result at the counter.
    fn map_by_loop(
        &mut self,
        n: u64,
        element: &Val<'h>,
        f: &Val<'h>,
        types: &[Option<Type>],
        result: &Type,
    ) -> Traced<Val<'h>> {
        let (checkpoint, span) = (self.checkpoint(), self.span);
        // A first trace, thrown away, tells the shape of an element of the result.
        let index = Leaf::usize(0);
        let sample = self
            .take(element, &index)
            .and_then(|first| self.apply(f, vec![first], types));
        self.rollback(checkpoint);
        let sample = sample?;
        self.span = span;
        if super::expr::has_rows(&sample) {
            let mut vals = Vec::new();
            for val in self.elements(Val::Array(n, Box::new(element.clone())))? {
                vals.push(self.apply(f, vec![val], types)?);
            }
            return self.gathered(vals, result);
        }
        if self.batch.is_some() && super::expr::varies(&sample) {
            return Err(Stop::NotElementwise);
        }
        let zeros = sample.zeros();
        let start = zeros.map_leaves(&mut |leaf| self.repeat(leaf, n))?;
        let start = Val::Array(n, Box::new(start));
        self.accumulate(n, start, &mut |t, k, filled| {
            let val = t.take(element, &k)?;
            let val = t.apply(f, vec![val], types)?;
            t.store_element(&filled, &k, &val)
        })
    }

    fn fold(
        &mut self,
        xs: Val<'h>,
        init: Val<'h>,
        f: &Val<'h>,
        types: &[Option<Type>],
    ) -> Traced<Val<'h>> {
        match xs {
            Val::Array(0, _) => Ok(init),
            Val::Array(n, element) => self.accumulate(n, init, &mut |t, k, acc| {
                let val = t.take(&element, &k)?;
                t.apply(f, vec![acc, val], types)
            }),
            other => {
                let mut acc = init;
                for row in self.elements(other)? {
                    acc = self.apply(f, vec![acc, row], types)?;
                }
                Ok(acc)
            }
        }
    }
}

/// The type of what iterating over a value of a type gives.
fn item_type(ty: Option<&Type>) -> Option<Type> {
    match ty {
        Some(Type::Ragged(e, _)) => Some(Type::Array(e.clone(), Len::Session)),
        other => element_type(other).cloned(),
    }
}
