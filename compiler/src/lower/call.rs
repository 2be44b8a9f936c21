//! Calls and closures: a call traces the callee's body in a frame of its own.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::frame::{Frame, or_never};
use super::value::{Callable, GenericValue, Val};
use crate::hir::{ConstId, Expr, ExprKind, Fn, FnId, From, GenericArg, Len, ParamSource, Type};
use crate::library;
use crate::schema;
use crate::span::Span;
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
}
