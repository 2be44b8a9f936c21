//! The functions of the prelude that the compiler knows itself, because their types cannot be written in the language
//! or because lowering does better with them than with a loop.

use super::Bounds;
use super::body::{Body, Typed};
use super::expr::is_bare;
use crate::ast::{Expr, Name};
use crate::diagnostic;
use crate::hir::{BinaryOp, Builtin as B, ExprKind as H, Len, Real, Sum, Text};
use crate::source::Span;
use crate::types::{Arg, Ty};
use smpcc_circuit::value::Scalar;

/// Names and what they stand for.
pub(crate) const NAMES: &[(&str, B)] = &[
    ("abs", B::Abs),
    ("all", B::All),
    ("any", B::Any),
    ("average", B::Average),
    ("average_of", B::AverageOf),
    ("bytes", B::Bytes),
    ("ceil", B::Ceil),
    ("chunks", B::Chunks),
    ("concat", B::Concat),
    ("count_ones", B::CountOnes),
    ("dot", B::Dot),
    ("enumerate", B::Enumerate),
    ("flatten", B::Flatten),
    ("floor", B::Floor),
    ("fold", B::Fold),
    ("isqrt", B::Isqrt),
    ("len", B::Len),
    ("map", B::Map),
    ("max", B::Max),
    ("min", B::Min),
    ("mul_add", B::MulAdd),
    ("parties", B::Parties),
    ("random", B::Random),
    ("rev", B::Rev),
    ("rotate_left", B::RotateLeft),
    ("rotate_right", B::RotateRight),
    ("round", B::Round),
    ("sqrt", B::Sqrt),
    ("step_by", B::StepBy),
    ("sum", B::Sum),
    ("swap_if", B::SwapIf),
    ("trunc", B::Trunc),
    ("widen", B::Widen),
    ("windows", B::Windows),
    ("zip", B::Zip),
];

fn usage(builtin: B) -> (usize, &'static str) {
    match builtin {
        B::Abs => (1, "abs(a)"),
        B::All => (1, "all(xs)"),
        B::Any => (1, "any(xs)"),
        B::Average => (1, "average(xs)"),
        B::AverageOf => (2, "average_of(total, n)"),
        B::Bytes => (1, "bytes(s)"),
        B::Ceil => (1, "ceil(a)"),
        B::Chunks => (2, "chunks(xs, n)"),
        B::Concat => (2, "concat(xs, ys)"),
        B::CountOnes => (1, "count_ones(a)"),
        B::Dot => (2, "dot(xs, ys)"),
        B::Enumerate => (1, "enumerate(xs)"),
        B::Flatten => (1, "flatten(xss)"),
        B::Floor => (1, "floor(a)"),
        B::Fold => (3, "fold(xs, init, |acc, x| …)"),
        B::Isqrt => (1, "isqrt(a)"),
        B::Len => (1, "len(xs)"),
        B::Map => (2, "map(xs, |x| …)"),
        B::Max => (2, "max(a, b)"),
        B::Min => (2, "min(a, b)"),
        B::MulAdd => (3, "mul_add(a, b, c)"),
        B::Parties => (0, "parties()"),
        B::Random => (0, "random()"),
        B::Rev => (1, "rev(xs)"),
        B::RotateLeft => (2, "rotate_left(a, s)"),
        B::RotateRight => (2, "rotate_right(a, s)"),
        B::Round => (1, "round(a)"),
        B::Sqrt => (1, "sqrt(a)"),
        B::StepBy => (2, "step_by(xs, n)"),
        B::Sum => (1, "sum(xs)"),
        B::SwapIf => (3, "swap_if(c, a, b)"),
        B::Trunc => (1, "trunc(a)"),
        B::Widen => (1, "widen(a)"),
        B::Windows => (2, "windows(xs, n)"),
        B::Zip => (2, "zip(xs, ys)"),
        // They have names of their own.
        B::Overflows(_) | B::Saturating(_) => (2, "(a, b)"),
    }
}

/// The functions that the compiler knows, each with how it is called.
pub(crate) fn usages() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES
        .iter()
        .map(|(name, builtin)| (*name, usage(*builtin).1))
}

/// How one of them is called.
pub(crate) fn usage_of(name: &str) -> Option<&'static str> {
    usages()
        .find(|(known, _)| *known == name)
        .map(|(_, usage)| usage)
}

/// What an array argument is: its items, its length.
pub(crate) struct Items {
    pub value: Typed,
    pub item: Ty,
    pub len: Len,
}

impl Body<'_, '_> {
    /// A call of a function that the compiler knows.
    pub fn call_builtin(
        &mut self,
        builtin: B,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let (n, usage) = usage(builtin);
        // `any(xs, f)` and `all(xs, f)` are shorthand for the same on `map(xs, f)`.
        if matches!(builtin, B::Any | B::All) && args.len() == 2 {
            return self
                .any_of(builtin, name, args, span)
                .unwrap_or(Typed::poison(span));
        }
        if !self.expect_args(name, args, n, usage, span) {
            return Typed::poison(span);
        }
        self.builtin(builtin, name, args, want, span)
            .unwrap_or(Typed::poison(span))
    }

    /// The types and the value; `None` when something was reported.
    fn builtin(
        &mut self,
        builtin: B,
        name: &Name,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let int = Bounds {
            int: true,
            ..Bounds::default()
        };
        let num = Bounds {
            num: true,
            ..Bounds::default()
        };
        match builtin {
            B::Floor | B::Ceil | B::Round | B::Trunc | B::Sqrt => {
                self.of_reals(builtin, name, args[0], want, span)
            }
            B::Dot => self.dot(args, name, span),
            B::MulAdd => self.mul_add(args, want, span),
            B::Average => {
                let xs = self.items(args[0], name)?;
                self.need(&xs.item, num, name, xs.value.span)?;
                let ty = xs.item.clone();
                let kind = H::Builtin(builtin, vec![xs.value.hir()]);
                Some(Typed::new(kind, ty, span))
            }
            B::AverageOf => {
                let total = self.expr(args[0], want);
                let n = self.unsigned(args[1], "a number of values");
                self.need(&total.ty, num, name, total.span)?;
                if n.ty.is_never() {
                    return None;
                }
                let secrecy = self.secrecy(&n.ty);
                let ty = self.hidden(total.ty.clone(), secrecy, span);
                let kind = H::Builtin(builtin, vec![total.hir(), n.hir()]);
                Some(Typed::new(kind, ty, span))
            }
            B::Random => self.random(want, span),
            B::Parties => Some(Typed::new(
                H::Builtin(B::Parties, Vec::new()),
                Ty::Usize,
                span,
            )),
            B::Min | B::Max => {
                let (a, b) = self.pair(args[0], args[1], want);
                let ty = self.joined(&a, &b, span)?;
                self.need(
                    &ty,
                    Bounds {
                        ord: true,
                        ..Bounds::default()
                    },
                    name,
                    span,
                )?;
                Some(Typed::new(
                    H::Builtin(builtin, vec![a.hir(), b.hir()]),
                    ty,
                    span,
                ))
            }
            B::Abs | B::CountOnes | B::Isqrt => {
                let a = self.expr(args[0], want);
                let bounds = if builtin == B::Abs { num } else { int };
                self.need(&a.ty, bounds, name, a.span)?;
                if builtin == B::Isqrt
                    && matches!(a.ty, Ty::Scalar(Scalar::Int { signed: true, .. }, _))
                {
                    let shown = self.show(&a.ty);
                    let error = diagnostic!(
                        E3006,
                        a.span,
                        "`isqrt` takes an unsigned integer, not `{shown}`"
                    );
                    self.report(
                        error
                            .here(format!("this is `{shown}`"))
                            .help("convert it with `as`, for example `as u32`"),
                    );
                    return None;
                }
                let ty = a.ty.clone();
                Some(Typed::new(H::Builtin(builtin, vec![a.hir()]), ty, span))
            }
            B::Widen => {
                let a = self.expr(args[0], None);
                self.need(&a.ty, num, name, a.span)?;
                let ty = a.ty.clone().wide();
                Some(Typed::new(H::Builtin(builtin, vec![a.hir()]), ty, span))
            }
            B::RotateLeft | B::RotateRight => {
                let a = self.expr(args[0], want);
                let s = self.unsigned(args[1], "a shift amount");
                self.need(&a.ty, int, name, a.span)?;
                if s.ty.is_never() {
                    return None;
                }
                let secrecy = self.secrecy(&s.ty);
                let ty = self.hidden(a.ty.clone(), secrecy, span);
                Some(Typed::new(
                    H::Builtin(builtin, vec![a.hir(), s.hir()]),
                    ty,
                    span,
                ))
            }
            B::SwapIf => {
                let c = self.condition_value(args[0]);
                let (a, b) = self.pair(args[1], args[2], None);
                let ty = self.joined(&a, &b, span)?;
                let secrecy = self.secrecy(&c.ty);
                let ty = self.hidden(ty, secrecy, span);
                let ty = Ty::Tuple(vec![ty.clone(), ty]);
                Some(Typed::new(
                    H::Builtin(builtin, vec![c.hir(), a.hir(), b.hir()]),
                    ty,
                    span,
                ))
            }
            B::Len => {
                let value = self.expr(args[0], None);
                if let Ty::Text(Text::Str(_), secrecy) = value.ty {
                    let ty = Ty::Scalar(Scalar::unsigned(8), secrecy);
                    return Some(Typed::new(H::Builtin(builtin, vec![value.hir()]), ty, span));
                }
                let xs = self.items_of(value, name)?;
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir()]),
                    Ty::Usize,
                    span,
                ))
            }
            B::Bytes => {
                let value = self.expr(args[0], None);
                let Ty::Text(Text::Str(len), secrecy) = value.ty.clone() else {
                    if !value.ty.is_never() {
                        let shown = self.show(&value.ty);
                        let error = diagnostic!(
                            E3001,
                            value.span,
                            "`bytes` takes a `str<N>`, not `{shown}`"
                        );
                        let error = error.here(format!("this is `{shown}`"));
                        self.report(error.help("numbers are taken apart by `>>` and `as u8`"));
                    }
                    return None;
                };
                let byte = Ty::Scalar(Scalar::unsigned(8), secrecy);
                let ty = Ty::Array(Box::new(byte), len);
                Some(Typed::new(H::Builtin(builtin, vec![value.hir()]), ty, span))
            }
            B::Sum => {
                let xs = self.items(args[0], name)?;
                self.need(&xs.item, num, name, xs.value.span)?;
                let ty = xs.item.wide();
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir()]),
                    ty,
                    span,
                ))
            }
            B::Any | B::All => {
                let xs = self.items(args[0], name)?;
                let Ty::Scalar(Scalar::Bool, secrecy) = xs.item else {
                    let shown = self.show(&xs.item);
                    let span = xs.value.span;
                    let error = diagnostic!(
                        E3001,
                        span,
                        "`{}` takes an array of `bool`, not of `{shown}`",
                        name.text
                    );
                    let help = format!("give a condition: `{}(xs, |x| …)`", name.text);
                    self.report(error.here(format!("items are `{shown}`")).help(help));
                    return None;
                };
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir()]),
                    Ty::Scalar(Scalar::Bool, secrecy),
                    span,
                ))
            }
            B::Enumerate => {
                let xs = self.items(args[0], name)?;
                let item = Ty::Tuple(vec![Ty::Usize, xs.item]);
                let ty = Ty::Array(Box::new(item), xs.len);
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir()]),
                    ty,
                    span,
                ))
            }
            B::Zip => {
                let xs = self.items(args[0], name)?;
                let ys = self.items(args[1], name)?;
                let len = self.same_lengths(&xs, &ys, name, span)?;
                let item = Ty::Tuple(vec![xs.item, ys.item]);
                let ty = Ty::Array(Box::new(item), len);
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir(), ys.value.hir()]),
                    ty,
                    span,
                ))
            }
            B::Concat => {
                let (xs, ys) = if is_bare(args[0]) && !is_bare(args[1]) {
                    let ys = self.items(args[1], name)?;
                    (self.items_like(args[0], Some(&ys.item), name)?, ys)
                } else {
                    let xs = self.items(args[0], name)?;
                    let ys = self.items_like(args[1], Some(&xs.item), name)?;
                    (xs, ys)
                };
                let Some(item) = xs.item.join(&ys.item, &self.ck.structs) else {
                    let (a, b) = (self.show(&xs.item), self.show(&ys.item));
                    let error =
                        diagnostic!(E3001, span, "`concat` of arrays of `{a}` and of `{b}`")
                            .here("different items");
                    self.report(error.help("both arrays need items of one type"));
                    return None;
                };
                let len = Len::computed(BinaryOp::Add, xs.len.clone(), ys.len.clone());
                let ty = Ty::Array(Box::new(item), len);
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir(), ys.value.hir()]),
                    ty,
                    span,
                ))
            }
            B::Flatten => self.flatten(args[0], name, span),
            B::Overflows(_) | B::Saturating(_) => None,
            B::Map => {
                let xs = match self.items_or_option(args[0], name)? {
                    Ok(xs) => xs,
                    Err(option) => return self.map_option(option, args[1], want, span),
                };
                let (f, ret) = self.mapper(args[1], &xs.item, want)?;
                let ty = Ty::Array(Box::new(ret), xs.len);
                Some(Typed::new(
                    H::Builtin(builtin, vec![xs.value.hir(), f]),
                    ty,
                    span,
                ))
            }
            B::Fold => self.fold(args, name, want, span),
            B::Rev | B::StepBy | B::Chunks | B::Windows => {
                let xs = self.items(args[0], name)?;
                self.rearranged(builtin, xs, args.get(1).copied(), span)
            }
        }
    }

    /// A function of one number with a fraction.
    fn of_reals(
        &mut self,
        builtin: B,
        name: &Name,
        arg: &Expr,
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let a = self.expr(arg, want);
        match &a.ty {
            Ty::Real(..) => {
                let ty = a.ty.clone();
                Some(Typed::new(H::Builtin(builtin, vec![a.hir()]), ty, span))
            }
            Ty::Never => None,
            other => {
                let shown = self.show(other);
                let error = diagnostic!(
                    E3006,
                    a.span,
                    "`{}` takes a number with a fraction, not `{shown}`",
                    name.text
                );
                let help = match (builtin, other) {
                    (B::Sqrt, other) if other.is_integral() => {
                        "`isqrt` is for integers; or convert it with `as fixed<W, F>`"
                    }
                    _ => "give a `fixed<W, F>` or a float",
                };
                self.report(error.here(format!("this is `{shown}`")).help(help));
                None
            }
        }
    }

    /// `a · b + c` of floats, rounded once.
    fn mul_add(&mut self, args: &[&Expr], want: Option<&Ty>, span: Span) -> Option<Typed> {
        let (a, b) = self.pair(args[0], args[1], want);
        let ty = self.joined(&a, &b, span)?;
        let c = self.expr(args[2], Some(&ty));
        let both = Typed::new(H::Tuple(Vec::new()), ty, span);
        let ty = self.joined(&both, &c, span)?;
        if !matches!(ty, Ty::Real(Real::Float(_), _)) {
            let shown = self.show(&ty);
            let error = diagnostic!(E3006, span, "`mul_add` takes floats, not `{shown}`");
            let help = "write `a * b + c`, or `dot` for a sum of products that is rounded once";
            self.report(error.here(format!("this is `{shown}`")).help(help));
            return None;
        }
        let args = vec![a.hir(), b.hir(), c.hir()];
        Some(Typed::new(H::Builtin(B::MulAdd, args), ty, span))
    }

    /// The sum of products: of integers wide, of fixed-point numbers rounded once, of floats by `sum`.
    fn dot(&mut self, args: &[&Expr], name: &Name, span: Span) -> Option<Typed> {
        let xs = self.items(args[0], name)?;
        let ys = self.items_like(args[1], Some(&xs.item), name)?;
        self.same_lengths(&xs, &ys, name, span)?;
        let Some(item) = xs.item.join(&ys.item, &self.ck.structs) else {
            let (a, b) = (self.show(&xs.item), self.show(&ys.item));
            let error = diagnostic!(E3001, span, "`dot` of arrays of `{a}` and of `{b}`")
                .here("different items");
            self.report(error.help("both arrays need items of one type"));
            return None;
        };
        let ty = match &item {
            Ty::Real(..) => item,
            _ => {
                let num = Bounds {
                    num: true,
                    ..Bounds::default()
                };
                self.need(&item, num, name, xs.value.span)?;
                let int = Bounds { int: true, ..num };
                let of = match self.ck.meets(&item, int, &self.generics) {
                    true => Sum::Terms,
                    false => Sum::Products,
                };
                item.summed(of)
            }
        };
        let kind = H::Builtin(B::Dot, vec![xs.value.hir(), ys.value.hir()]);
        Some(Typed::new(kind, ty, span))
    }

    fn fold(
        &mut self,
        args: &[&Expr],
        name: &Name,
        want: Option<&Ty>,
        span: Span,
    ) -> Option<Typed> {
        let xs = self.items(args[0], name)?;
        // A bare literal as the start takes the expected type, or else that of the items.
        let hint = match want {
            Some(want) => Some(want.clone()),
            None if is_bare(args[1]) && xs.item.is_number() => Some(xs.item.clone()),
            None => None,
        };
        let init = self.expr(args[1], hint.as_ref());
        if init.ty.is_never() {
            return None;
        }
        let acc = Ty::param(crate::hir::GenericId(0));
        let item = Ty::param(crate::hir::GenericId(1));
        let mut bound = vec![
            Some(Arg::Type(init.ty.clone())),
            Some(Arg::Type(xs.item.clone())),
        ];
        let f = self.callable_argument(args[2], &[acc.clone(), item], &acc, &mut bound, "fold")?;
        let Some(Some(Arg::Type(ty))) = bound.into_iter().next() else {
            return None;
        };
        Some(Typed::new(
            H::Builtin(B::Fold, vec![xs.value.hir(), init.hir(), f.value]),
            ty,
            span,
        ))
    }

    fn any_of(&mut self, builtin: B, name: &Name, args: &[&Expr], span: Span) -> Option<Typed> {
        let xs = self.items(args[0], name)?;
        let n = xs.len.clone();
        let (f, ret) = self.mapper(args[1], &xs.item, None)?;
        let Ty::Scalar(Scalar::Bool, secrecy) = ret else {
            if !ret.is_never() {
                let shown = self.show(&ret);
                let error = diagnostic!(
                    E3001,
                    args[1].span,
                    "`{}` needs a condition, this gives `{shown}`",
                    name.text
                );
                self.report(
                    error
                        .here("not a `bool`")
                        .help("compare, for example `|x| x > 0`"),
                );
            }
            return None;
        };
        let ty = Ty::Array(Box::new(Ty::Scalar(Scalar::Bool, secrecy)), n);
        let mapped = Typed::new(H::Builtin(B::Map, vec![xs.value.hir(), f]), ty, span);
        Some(Typed::new(
            H::Builtin(builtin, vec![mapped.hir()]),
            Ty::Scalar(Scalar::Bool, secrecy),
            span,
        ))
    }

    /// A function of one item, and what it gives.
    fn mapper(&mut self, f: &Expr, item: &Ty, want: Option<&Ty>) -> Option<(crate::hir::Expr, Ty)> {
        let hint = match want {
            Some(Ty::Array(t, _)) => Some((**t).clone()),
            _ => None,
        };
        let callable = self.callable(f, std::slice::from_ref(item), hint.as_ref())?;
        if let Ty::Fn(_) = callable.ret {
            let error = diagnostic!(E3019, f.span, "an array cannot hold functions")
                .here("gives a function");
            self.report(error.help("give a value"));
            return None;
        }
        Some((callable.value, callable.ret))
    }

    fn flatten(&mut self, arg: &Expr, name: &Name, span: Span) -> Option<Typed> {
        let xs = self.items(arg, name)?;
        let (item, inner) = match xs.item {
            Ty::Array(t, n) => (t, n),
            other => {
                let shown = self.show(&other);
                let error = diagnostic!(
                    E3001,
                    xs.value.span,
                    "`flatten` takes an array of arrays, not of `{shown}`"
                );
                self.report(error.here("not nested").help("it is flat already"));
                return None;
            }
        };
        let len = Len::computed(BinaryOp::Mul, xs.len.clone(), inner);
        Some(Typed::new(
            H::Builtin(B::Flatten, vec![xs.value.hir()]),
            Ty::Array(item, len),
            span,
        ))
    }

    /// An argument that must be an array.
    fn items(&mut self, arg: &Expr, name: &Name) -> Option<Items> {
        self.items_like(arg, None, name)
    }

    /// An argument that must be an array, whose bare literals take a type.
    fn items_like(&mut self, arg: &Expr, item: Option<&Ty>, name: &Name) -> Option<Items> {
        let hint = item.map(|t| Ty::Array(Box::new(t.clone()), Len::Session));
        let value = self.expr(arg, hint.as_ref());
        self.items_of(value, name)
    }

    /// A value that must be an array.
    pub fn items_of(&mut self, value: Typed, name: &Name) -> Option<Items> {
        let (item, len) = match &value.ty {
            Ty::Array(t, n) => ((**t).clone(), n.clone()),
            Ty::Ragged(t, role) => (Ty::Array(t.clone(), Len::Session), Len::Parties(*role)),
            Ty::Never => return None,
            other => {
                let shown = self.show(other);
                let error = diagnostic!(
                    E3001,
                    value.span,
                    "`{}` takes an array, not `{shown}`",
                    name.text
                );
                self.report(
                    error
                        .here(format!("this is `{shown}`"))
                        .help("give an array"),
                );
                return None;
            }
        };
        Some(Items { value, item, len })
    }

    /// Two operands of one type, a bare literal taking the other's.
    pub fn pair(&mut self, a: &Expr, b: &Expr, want: Option<&Ty>) -> (Typed, Typed) {
        if is_bare(a) && !is_bare(b) {
            let right = self.expr(b, want);
            (self.expr(a, Some(&right.ty)), right)
        } else {
            let left = self.expr(a, want);
            let right = self.expr(b, Some(&left.ty));
            (left, right)
        }
    }

    pub fn joined(&mut self, a: &Typed, b: &Typed, span: Span) -> Option<Ty> {
        if a.ty.is_never() || b.ty.is_never() {
            return None;
        }
        let joined = self.operand_type(&a.ty, &b.ty);
        if joined.is_none() {
            let (l, r) = (self.show(&a.ty), self.show(&b.ty));
            let error = diagnostic!(E3001, span, "arguments of types `{l}` and `{r}`")
                .here("different types");
            let error = error
                .because(a.span, format!("this is `{l}`"))
                .because(b.span, format!("this is `{r}`"));
            self.report(error.help("convert one of them with `as`"));
        }
        joined
    }

    /// Reports a type that the function cannot work on.
    pub fn need(&mut self, ty: &Ty, bounds: Bounds, name: &Name, span: Span) -> Option<()> {
        if ty.is_never() {
            return None;
        }
        if self.ck.meets(ty, bounds, &self.generics) {
            return Some(());
        }
        let shown = self.show(ty);
        let taken = if bounds.int { "integers" } else { "numbers" };
        let error = diagnostic!(E3006, span, "`{}` takes {taken}, not `{shown}`", name.text);
        let help = match ty {
            Ty::Param { .. } | Ty::Wide(..) => {
                format!("the type parameter needs the bound `{}`", bounds.name())
            }
            Ty::Scalar(Scalar::Bool, _) if name.text == "sum" => {
                "count those that are true: `xs.map(|x| x as u32).sum()`".to_owned()
            }
            Ty::Array(..) if matches!(name.text.as_str(), "sum" | "average") => {
                format!("make one array of all: `xs.flatten().{}()`", name.text)
            }
            Ty::Array(..) => format!(
                "for an array write `xs.fold(xs[0], |a, b| {}(a, b))`, or see `std::stats`",
                name.text
            ),
            Ty::Real(Real::Fixed { .. }, _) if name.text.starts_with("saturating_") => format!(
                "write `a.{}(b).unwrap_or(x)`, with what is taken where the result does not fit",
                name.text.replace("saturating", "checked")
            ),
            _ if bounds.int => "give an integer".to_owned(),
            _ => "give a number".to_owned(),
        };
        self.report(error.here(format!("this is `{shown}`")).help(help));
        None
    }

    fn same_lengths(&mut self, xs: &Items, ys: &Items, name: &Name, span: Span) -> Option<Len> {
        if crate::types::same_len(&xs.len, &ys.len) {
            return Some(if xs.len == Len::Session {
                ys.len.clone()
            } else {
                xs.len.clone()
            });
        }
        let (a, b) = (self.show(&xs.value.ty), self.show(&ys.value.ty));
        let error = diagnostic!(
            E3001,
            span,
            "`{}` of arrays of different lengths",
            name.text
        )
        .here("different lengths");
        let error = error
            .because(xs.value.span, format!("this is `{a}`"))
            .because(ys.value.span, format!("this is `{b}`"));
        self.report(error.help("cut the longer one: `xs[0..n]`"));
        None
    }
}
