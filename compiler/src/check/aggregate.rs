//! Values made of parts: arrays, tuples and structs.

use super::body::{Body, Kind, Typed, Written};
use super::consts::Known;
use super::expr::{is_bare, substituted};
use super::flow;
use crate::ast::{self, Expr, ExprKind as E, Name};
use crate::diagnostic;
use crate::diagnostic::{listed, suggestion_after};
use crate::hir::effects::{Effects, is_total};
use crate::hir::{self, ExprKind as H, Len};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Fit, Secrecy, Ty};

impl Body<'_, '_> {
    pub fn array(&mut self, items: &[Expr], want: Option<&Ty>, span: Span) -> Typed {
        let ragged = matches!(want, Some(Ty::Ragged(..)));
        let hint = match want {
            Some(Ty::Array(t, _)) => Some((**t).clone()),
            Some(Ty::Ragged(t, _)) => Some(Ty::Array(t.clone(), Len::Session)),
            _ => None,
        };
        // Items that say their type come before bare literals, which take it.
        let mut found: Vec<Option<Typed>> = items.iter().map(|_| None).collect();
        let mut joined = hint
            .clone()
            .filter(|_| items.is_empty())
            .unwrap_or(Ty::Never);
        let mut first: Option<Span> = None;
        for bare in [false, true] {
            for (at, item) in items.iter().enumerate() {
                if is_bare(item) != bare {
                    continue;
                }
                let known = (!joined.is_never()).then(|| joined.clone());
                let typed = self.expr(item, known.as_ref().or(hint.as_ref()));
                match joined.join(&typed.ty, &self.ck.structs) {
                    Some(ty) => joined = ty,
                    None if ragged && rows_differ_in_length(&joined, &typed.ty) => {}
                    None => {
                        let (have, want) = (self.show(&typed.ty), self.show(&joined));
                        let error =
                            diagnostic!(E3001, typed.span, "expected `{want}`, found `{have}`");
                        let error = error.here(format!("this is `{have}`"));
                        let error = match first {
                            Some(first) => {
                                error.because(first, format!("the array's items are `{want}`"))
                            }
                            None => error,
                        };
                        self.report(error.help("all items of an array have one type"));
                        found[at] = Some(Typed::poison(typed.span));
                        continue;
                    }
                }
                first = first.or((!typed.ty.is_never()).then_some(typed.span));
                found[at] = Some(typed);
            }
        }
        let n = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let items: Vec<hir::Expr> = found.into_iter().flatten().map(Typed::hir).collect();
        let ty = match (want, joined) {
            (Some(Ty::Ragged(_, role)), Ty::Array(t, _)) => Ty::Ragged(t, *role),
            (_, joined) if joined.is_never() && n > 0 => Ty::Never,
            (_, joined) => Ty::Array(Box::new(joined), Len::Const(n)),
        };
        if n == 0 && matches!(&ty, Ty::Array(t, _) if t.is_never()) {
            let error =
                diagnostic!(E3010, span, "nothing says what this empty array holds").here("empty");
            self.report(error.help("arrays keep their length: write `let mut xs: [secret u32; 3] = [0; 3];` and fill it in a loop, `xs[i] = x`; one that stays empty has its type, `let xs: [u32; 0] = [];`"));
            return Typed::poison(span);
        }
        Typed::new(H::Array(items), ty, span)
    }

    pub fn repeat(&mut self, item: &Expr, n: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        let hint = match want {
            Some(Ty::Array(t, _)) => Some((**t).clone()),
            _ => None,
        };
        let item = self.expr(item, hint.as_ref());
        self.warn_repeated(&item);
        let known = self.const_usize(n);
        let count = self.expr(n, Some(&Ty::Usize));
        self.refuse_secret(&count, "a length", "use a public length");
        let len = self.len_of(&count, known);
        let count = self.coerce_public(count, &Ty::Usize);
        if item.ty.is_never() {
            return Typed::poison(span);
        }
        let ty = Ty::Array(Box::new(item.ty.clone()), len);
        Typed::new(H::Repeat(item.boxed(), Box::new(count)), ty, span)
    }

    /// Like [`Body::coerce`] for what has been refused already if it was secret.
    pub fn coerce_public(&mut self, e: Typed, want: &Ty) -> hir::Expr {
        if self.secrecy(&e.ty).is_public() {
            self.coerce(e, want, None)
        } else {
            e.hir()
        }
    }

    /// The length that a `usize` expression stands for.
    pub fn len_of(&self, e: &Typed, known: Option<Known>) -> Len {
        if let Some(n) = known.and_then(Known::to_u64) {
            return Len::Const(n);
        }
        Self::len_of_kind(&e.kind)
    }

    fn len_of_kind(kind: &H) -> Len {
        match kind {
            H::ConstParam(id) => Len::Param(*id),
            H::Builtin(hir::Builtin::Parties, _) => Len::Parties(None),
            H::Lit(n) => u64::try_from(*n).map_or(Len::Session, Len::Const),
            H::Binary(op, a, b) => {
                let side = |e: &hir::Expr| match e.ty {
                    hir::Type::Usize => Self::len_of_kind(&e.kind),
                    _ => Len::Session,
                };
                Len::computed(*op, side(a), side(b))
            }
            H::Builtin(hir::Builtin::Len, args) => match args.first().map(|a| &a.ty) {
                Some(hir::Type::Array(_, len)) => len.clone(),
                Some(hir::Type::Ragged(_, role)) => Len::Parties(*role),
                _ => Len::Session,
            },
            _ => Len::Session,
        }
    }

    pub fn tuple(&mut self, items: &[Expr], want: Option<&Ty>, span: Span) -> Typed {
        let hints: Vec<Option<Ty>> = match want {
            Some(Ty::Tuple(ts)) if ts.len() == items.len() => {
                ts.iter().cloned().map(Some).collect()
            }
            _ => vec![None; items.len()],
        };
        let mut out = Vec::new();
        for (item, hint) in items.iter().zip(&hints) {
            out.push(self.expr(item, hint.as_ref()));
        }
        let ty = Ty::Tuple(out.iter().map(|t| t.ty.clone()).collect());
        Typed::new(
            H::Tuple(out.into_iter().map(Typed::hir).collect()),
            ty,
            span,
        )
    }

    pub fn struct_literal(
        &mut self,
        path: &ast::Path,
        fields: &[(Name, Option<Expr>)],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let (id, mut args) = if path.parts.is_empty() {
            let Some(Ty::Struct { id, args, .. }) = want else {
                let error =
                    diagnostic!(E3010, span, "nothing says which struct this is").here("no name");
                self.report(error.help("write the struct's name before the `{`"));
                self.check_all(fields);
                return Typed::poison(span);
            };
            (*id, args.iter().cloned().map(Some).collect::<Vec<_>>())
        } else {
            let id = match self.lookup(&path.parts) {
                Some(Def::Struct(id)) if !self.ck.structs.0[id.index()].is_enum => id,
                Some(Def::Variant(id, at)) => {
                    let written = Written { id, at, path };
                    return self.variant_literal(written, fields, want, span);
                }
                _ if self.unknown_variant(&path.parts) => {
                    self.check_all(fields);
                    return Typed::poison(span);
                }
                _ => {
                    let name = path.parts.last().map_or("", |n| n.text.as_str());
                    let error = diagnostic!(E2002, path.span, "there is no struct `{name}`")
                        .here("unknown struct");
                    let near =
                        suggestion_after(self.ck.out.len(), name, self.ck.world.names(self.module))
                            .map(str::to_owned);
                    self.report(match near {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error.help(format!("declare it: `struct {name} {{ … }}`")),
                    });
                    self.check_all(fields);
                    return Typed::poison(span);
                }
            };
            let args = self.written_args(id, path, want);
            (id, args)
        };
        let explicit = !path.args.is_empty();
        let sig = &self.ck.structs.0[id.index()];
        let (names, types, name) = (sig.names.clone(), sig.types.clone(), sig.name.clone());
        let mut values: Vec<Option<Typed>> = vec![None; names.len()];
        let mut order = Vec::with_capacity(fields.len());
        for (field, value) in fields {
            let Some(at) = names.iter().position(|n| *n == field.text) else {
                let error =
                    diagnostic!(E3011, field.span, "`{name}` has no field `{}`", field.text)
                        .here("unknown field");
                let known = || names.iter().map(String::as_str);
                let near = suggestion_after(self.ck.out.len(), &field.text, known());
                let error = match near {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(format!("its fields are {}", listed(known()))),
                };
                self.report(error);
                continue;
            };
            let declared = self.ck.structs.0[id.index()].spans[at];
            self.ck.refer(field, declared);
            if values[at].is_some() {
                let error = diagnostic!(
                    E3011,
                    field.span,
                    "the field `{}` is given twice",
                    field.text
                )
                .here("again");
                self.report(error.help("remove one of them"));
                continue;
            }
            let short = || Expr {
                kind: E::Path(ast::Path {
                    parts: vec![field.clone()],
                    args: Vec::new(),
                    span: field.span,
                }),
                span: field.span,
                depth: 1,
                links: 0,
            };
            let hint = substituted(&types[at], &args);
            let value = match value {
                Some(value) => self.expr(value, hint.as_ref()),
                None => self.expr(&short(), hint.as_ref()),
            };
            if !explicit {
                self.unify(&types[at], &value.ty, &mut args);
            }
            values[at] = Some(value);
            order.push(at);
        }
        let missing: Vec<&str> = names
            .iter()
            .zip(&values)
            .filter(|(_, v)| v.is_none())
            .map(|(n, _)| n.as_str())
            .collect();
        if !missing.is_empty() {
            let list = listed(missing.iter().copied());
            let error = diagnostic!(E3011, span, "missing {list}").here("not all fields are given");
            self.report(error.help(match missing.as_slice() {
                [only] => format!("add `{only}: …`"),
                _ => "give each field a value".to_owned(),
            }));
            return Typed::poison(span);
        }
        let generics = self.ck.structs.0[id.index()].generics.clone();
        let Some(args) = self.complete(&generics, args, span, None) else {
            return Typed::poison(span);
        };
        let stmts = self.in_written_order(&mut values, &order);
        // A secret in a field that is not marked makes the whole value secret.
        let mut secrecy = Secrecy::PUBLIC;
        let mut out = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let want = types[at].clone().substitute(&args);
            let have = self.secrecy(&value.ty);
            let target = if value.ty.fits(&want, &self.ck.structs) == Fit::TooSecret {
                secrecy = secrecy.join(have);
                want.with(have)
            } else {
                want
            };
            let because = (
                self.ck.structs.0[id.index()].spans[at],
                format!("the field `{}`", names[at]),
            );
            out.push(self.coerce(value, &target, Some(because)));
        }
        let ty = Ty::Struct {
            id,
            args,
            secret: secrecy,
        };
        let made = Typed::new(H::Struct(out), ty.clone(), span);
        if stmts.is_empty() {
            return made;
        }
        Typed::new(H::Block(stmts, Some(made.boxed())), ty, span)
    }

    /// Fields are computed in the order in which they are written. Where that is not the struct's order and shows, their
    /// values go into variables first.
    pub fn in_written_order(
        &mut self,
        values: &mut [Option<Typed>],
        order: &[usize],
    ) -> Vec<hir::Stmt> {
        let (mut n_effects, mut assigns) = (0, false);
        for value in values.iter().flatten() {
            let hir = value.clone().hir();
            n_effects += usize::from(!is_total(&hir));
            assigns |= !Effects::of(&hir).assigned.is_empty();
        }
        // The value of a constant has neither variables nor effects.
        if order.is_sorted() || !(assigns || n_effects > 1) || self.kind == Kind::Const {
            return Vec::new();
        }
        let mut stmts = Vec::new();
        for &at in order {
            let Some(value) = values.get_mut(at).and_then(Option::take) else {
                continue;
            };
            let (ty, span) = (value.ty.clone(), value.span);
            let hir = value.hir();
            let id = self.temporary(String::new(), ty.clone(), span, flow::cause_of(&hir));
            stmts.push(hir::Stmt::Let(id, Some(hir)));
            values[at] = Some(flow::read(id, &ty, span));
        }
        stmts
    }

    /// Checks the values of fields whose struct is not known.
    pub fn check_all(&mut self, fields: &[(Name, Option<Expr>)]) {
        for value in fields.iter().filter_map(|(_, v)| v.as_ref()) {
            self.expr(value, None);
        }
    }
}

fn rows_differ_in_length(a: &Ty, b: &Ty) -> bool {
    matches!((a, b), (Ty::Array(..), Ty::Array(..)))
}
