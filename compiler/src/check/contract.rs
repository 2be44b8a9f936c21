//! The head of `main`: who gives what, who learns what.
//!
//! An input says `secret` or `public`, so that nobody leaks by forgetting a word; what comes from each party becomes
//! an array over parties. Only here may `secret` be dropped: the result is opened to its receivers.

use super::body::{Body, Typed};
use super::consts::Known;
use super::signature::TypeCx;
use super::{Checker, FnSig, GenericInfo, ParamSig, StructSig};
use crate::ast::{self, Ret, SeatsKind, TypeKind};
use crate::diagnostic;
use crate::hir::{
    self, ExprKind as H, FnId, From, GenericKind, Len, LocalId, ParamSource, Receivers, RoleId,
    StructId, To,
};
use crate::source::Span;
use crate::types::{Fit, Secrecy, Ty};
use smpcc_circuit::value::Scalar;

/// What the words before an input's type say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marking {
    Secret,
    Public,
    None,
}

impl Checker<'_> {
    /// Resolves the head of `main`.
    pub fn declare_main(
        &mut self,
        decl: &ast::FnDecl,
        function: FnId,
        generics: Vec<GenericInfo>,
    ) -> (FnSig, hir::Main) {
        for (generic, ast) in generics.iter().zip(&decl.generics) {
            if generic.kind == GenericKind::Type {
                let error = diagnostic!(E3014, ast.name.span, "`main` has no type parameters")
                    .here("a type parameter");
                self.report(error.help("name the type; lengths may be `const N: usize`"));
            }
        }
        let mut params = Vec::new();
        let mut sigs = Vec::new();
        for (at, param) in decl.params.iter().enumerate() {
            let local = LocalId(u32::try_from(at).unwrap_or(u32::MAX));
            let (whole, info) = self.main_param(param, local, &generics);
            sigs.push(ParamSig {
                name: param.name.text.clone(),
                ty: whole,
                span: param.name.span,
            });
            params.push(info);
        }
        let (ret, receivers) = self.main_ret(decl, &generics);
        let sig = FnSig {
            generics,
            params: sigs,
            ret,
        };
        (
            sig,
            hir::Main {
                function,
                params,
                receivers,
            },
        )
    }

    fn main_param(
        &mut self,
        param: &ast::Param,
        local: LocalId,
        generics: &[GenericInfo],
    ) -> (Ty, hir::MainParam) {
        let (marking, stripped) = marking(&param.ty);
        let mut range = None;
        let written = match &stripped {
            Some(ty) => ty,
            None => &param.ty,
        };
        let cx = TypeCx {
            module: crate::resolve::ROOT,
            generics,
            callable: true,
            range: Some(&mut range),
        };
        let mut element = self.ty(written, cx);
        if let Ty::Fn(_) = element {
            let error = diagnostic!(E3014, param.ty.span, "a party cannot give a function")
                .here("a function");
            self.report(error.help("give values"));
            element = Ty::Never;
        }
        let open = matches!(element, Ty::Array(_, Len::Session));
        let Some(seats) = &param.from else {
            if marking == Marking::Secret {
                let error = diagnostic!(E3014, param.ty.span, "a secret comes from somebody")
                    .here("from whom?");
                self.report(
                    error.help("write `from ROLE`, `from each ROLE` or `from each` after the type"),
                );
            }
            if open {
                let error =
                    diagnostic!(E3014, param.ty.span, "a public argument has no open length")
                        .here("`_`");
                self.report(error.help("write the length, or a const parameter"));
            }
            let info = hir::MainParam {
                local,
                name: param.name.text.clone(),
                source: ParamSource::Argument,
                element: element.hir(),
                range,
                span: param.name.span,
            };
            return (element, info);
        };
        if marking == Marking::None {
            let error = diagnostic!(
                E3014,
                param.ty.span,
                "the input `{}` is neither `secret` nor `public`",
                param.name.text
            );
            let error = error
                .here("say which")
                .because(seats.span, "it comes from a party");
            self.report(
                error.help(
                    "write `secret` before the type, or `public` if its owner may publish it",
                ),
            );
        }
        if marking == Marking::Secret
            && let Some(field) = self.usize_field(&element)
        {
            let (field, declared) = field;
            let error = diagnostic!(E3002, param.ty.span, "a `usize` is public")
                .here(format!("the field `{field}` would be secret"))
                .because(declared, "declared here");
            self.report(error.help("make the field a `u64`"));
        }
        let (from, whole) = match &seats.kind {
            SeatsKind::All => {
                let error = diagnostic!(E3014, seats.span, "`from all` does not say who")
                    .here("from whom?");
                self.report(error.help("write `from each` for a value of every party"));
                (From::Each, Ty::Never)
            }
            SeatsKind::Each => (From::Each, over_parties(element.clone(), open, None)),
            SeatsKind::EachRole(name) => match self.role(name) {
                Some(role) => (
                    From::EachOf(role),
                    over_parties(element.clone(), open, Some(role)),
                ),
                None => (From::Each, Ty::Never),
            },
            SeatsKind::Role(name, index) => {
                match self.one_seat(name, index.as_deref(), seats.span, true) {
                    Some((role, index)) => (From::One(role, index), element.clone()),
                    None => (From::Each, Ty::Never),
                }
            }
        };
        let info = hir::MainParam {
            local,
            name: param.name.text.clone(),
            source: ParamSource::Input {
                secret: marking != Marking::Public,
                from,
            },
            element: element.hir(),
            range,
            span: param.name.span,
        };
        (whole, info)
    }

    /// A `usize` in a struct that a type holds: the field's name and place.
    fn usize_field(&self, ty: &Ty) -> Option<(String, Span)> {
        match ty {
            Ty::Array(t, _) | Ty::Ragged(t, _) => self.usize_field(t),
            Ty::Tuple(ts) => ts.iter().find_map(|t| self.usize_field(t)),
            Ty::Struct { id, args, .. } => {
                let sig = self.structs.0.get(id.index())?;
                sig.types.iter().enumerate().find_map(|(at, t)| {
                    let t = t.clone().substitute(args);
                    if t.names_usize() {
                        return Some((sig.names[at].clone(), sig.spans[at]));
                    }
                    self.usize_field(&t)
                })
            }
            Ty::Scalar(Scalar::Bool, _)
            | Ty::Scalar(Scalar::Int { .. }, _)
            | Ty::Usize
            | Ty::Text(..)
            | Ty::Real(..)
            | Ty::Param { .. }
            | Ty::Wide(..)
            | Ty::Fn(_)
            | Ty::Never => None,
        }
    }

    /// The one party that a role and an index mean.
    fn one_seat(
        &mut self,
        name: &ast::Name,
        index: Option<&ast::Expr>,
        span: Span,
        from: bool,
    ) -> Option<(RoleId, u32)> {
        let role = self.role(name)?;
        let info = &self.roles[role.index()];
        let (is_array, max, declared) = (info.is_array, info.max, info.span);
        let Some(index) = index else {
            if is_array && from {
                let error = diagnostic!(E3014, span, "several parties play `{}`", name.text)
                    .here("which of them?")
                    .because(declared, "declared as several here");
                self.report(error.help(format!(
                    "write `from each {}`, or `from {}[0]`",
                    name.text, name.text
                )));
                return None;
            }
            return Some((role, 0));
        };
        let value = self
            .evaluate(index, crate::resolve::ROOT, Some(Scalar::USIZE))
            .ok()
            .and_then(Known::to_u64)
            .and_then(|v| u32::try_from(v).ok());
        let fits = |v: &u32| {
            if is_array {
                max.is_none_or(|m| *v < m)
            } else {
                false
            }
        };
        match value.filter(fits) {
            Some(value) => Some((role, value)),
            None => {
                let error = diagnostic!(
                    E2007,
                    index.span,
                    "there is no such party of `{}`",
                    name.text
                )
                .here("not one of them")
                .because(declared, "declared here");
                let help = if is_array {
                    "write a constant below the number of parties"
                } else {
                    "one party plays this role: remove the index"
                };
                self.report(error.help(help));
                None
            }
        }
    }

    fn main_ret(&mut self, decl: &ast::FnDecl, generics: &[GenericInfo]) -> (Ty, Receivers) {
        match &decl.result {
            Ret::None => (Ty::unit(), Receivers::Whole(vec![To::All])),
            Ret::One(ty, to) => {
                let (found, to) = self.result_type(ty, to.as_ref(), generics);
                (found, Receivers::Whole(to))
            }
            Ret::Fields(fields, span) => {
                let (mut names, mut types, mut spans, mut receivers) =
                    (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                let mut texts = super::in_files::Texts::default();
                for field in fields {
                    if names.contains(&field.name.text) {
                        let error = diagnostic!(
                            E2003,
                            field.name.span,
                            "the field `{}` is declared twice",
                            field.name.text
                        );
                        self.report(error.here("declared again here").help("rename one of them"));
                        continue;
                    }
                    let (ty, to) = self.result_type(&field.ty, field.to.as_ref(), generics);
                    texts.push(self, &field.name, &field.attributes);
                    names.push(field.name.text.clone());
                    types.push(ty);
                    spans.push(field.name.span);
                    receivers.push((field.name.text.clone(), to));
                }
                let id = StructId(u32::try_from(self.structs.0.len()).unwrap_or(u32::MAX));
                let ranges = vec![None; names.len()];
                // The fields may mention the const parameters of `main`.
                let args = generics.iter().enumerate().map(|(at, _)| {
                    crate::types::Arg::Len(Len::Param(hir::GenericId(
                        u32::try_from(at).unwrap_or(u32::MAX),
                    )))
                });
                let args = args.collect();
                self.structs.0.push(StructSig {
                    name: String::new(),
                    generics: generics.to_vec(),
                    names,
                    texts: texts.finish(),
                    types,
                    ranges,
                    spans,
                    span: *span,
                    leaves: 1,
                    variants: Vec::new(),
                    is_enum: false,
                });
                (
                    Ty::Struct {
                        id,
                        args,
                        secret: Secrecy::PUBLIC,
                    },
                    Receivers::Fields(receivers),
                )
            }
        }
    }

    /// A type of a result, and who learns it.
    fn result_type(
        &mut self,
        ty: &ast::Type,
        to: Option<&ast::Seats>,
        generics: &[GenericInfo],
    ) -> (Ty, Vec<To>) {
        let found = self.plain_type(ty, crate::resolve::ROOT, generics);
        let Some(to) = to else {
            return (found, vec![To::All]);
        };
        if to.more.is_empty() {
            let (found, receiver) = self.receiver(found, ty, &to.kind, to.span, generics);
            return (found, vec![receiver]);
        }
        let mut receivers: Vec<To> = Vec::new();
        for kind in std::iter::once(&to.kind).chain(&to.more) {
            let receiver = match kind {
                SeatsKind::Role(..) => self.receiver(found.clone(), ty, kind, to.span, generics).1,
                SeatsKind::All | SeatsKind::Each | SeatsKind::EachRole(_) => {
                    let error = diagnostic!(
                        E3015,
                        to.span,
                        "in a list of receivers each one learns the whole value"
                    );
                    self.report(
                        error
                            .here("not `all` or `each` in a list")
                            .help("name roles, or write `to all`"),
                    );
                    return (found, vec![To::All]);
                }
            };
            if receivers.contains(&receiver) {
                let error = diagnostic!(E3015, to.span, "a receiver is named twice");
                self.report(error.here("the same party again").help("name it once"));
            }
            receivers.push(receiver);
        }
        (found, receivers)
    }

    /// The type that one kind of receiver gives a result, and the receiver.
    fn receiver(
        &mut self,
        found: Ty,
        ty: &ast::Type,
        kind: &SeatsKind,
        span: Span,
        generics: &[GenericInfo],
    ) -> (Ty, To) {
        let role_and_len = match kind {
            SeatsKind::All => return (found, To::All),
            SeatsKind::Each => Some((To::Each, None)),
            SeatsKind::EachRole(name) => self.role(name).map(|role| (To::EachOf(role), Some(role))),
            SeatsKind::Role(name, index) => {
                let to = self
                    .one_seat(name, index.as_deref(), span, false)
                    .map(|(role, at)| {
                        let several = self.roles[role.index()].is_array && index.is_none();
                        if several {
                            To::AllOf(role)
                        } else {
                            To::One(role, at)
                        }
                    });
                return (found, to.unwrap_or(To::All));
            }
        };
        let Some((receiver, role)) = role_and_len else {
            return (found, To::All);
        };
        match found {
            Ty::Array(t, Len::Session) => (Ty::Array(t, Len::Parties(role)), receiver),
            Ty::Array(..) | Ty::Never => (found, receiver),
            other => {
                let shown = self.show(&other, generics);
                let error = diagnostic!(
                    E3015,
                    span,
                    "`to each` gives each party an element, and `{shown}` has none"
                )
                .here("each gets what?")
                .because(ty.span, "not an array");
                self.report(error.help(format!("write `[{shown}; _] to each …`, or `to all`")));
                (Ty::Never, receiver)
            }
        }
    }
}

impl Body<'_, '_> {
    /// The result of `main`, which drops `secret`.
    pub fn main_result(&mut self, value: Typed, ret: &Ty, head: Span) -> hir::Expr {
        let shown = self.show(ret);
        let open = ret.clone().unopened();
        if value.ty.fits(&open, &self.ck.structs) != Fit::No {
            return value.hir();
        }
        // A struct with the same fields is taken apart and put together again.
        if let (
            Ty::Struct {
                id: from,
                args,
                secret: secrecy,
            },
            Ty::Struct {
                id: to, args: own, ..
            },
        ) = (&value.ty, ret)
            && self.ck.structs.0[to.index()].name.is_empty()
        {
            let (from_sig, to_sig) = (
                &self.ck.structs.0[from.index()],
                &self.ck.structs.0[to.index()],
            );
            let wanted: Vec<(String, Ty)> = to_sig
                .names
                .iter()
                .cloned()
                .zip(to_sig.types.iter().cloned())
                .collect();
            let has: Vec<(String, Ty)> = from_sig
                .names
                .iter()
                .cloned()
                .zip(from_sig.types.iter().cloned())
                .collect();
            if has.len() == wanted.len()
                && wanted.iter().all(|(n, _)| has.iter().any(|(m, _)| m == n))
            {
                let (args, own, secrecy, span) = (args.clone(), own.clone(), *secrecy, value.span);
                let whole = value.ty.clone();
                let id = self.temporary(
                    String::new(),
                    whole.clone(),
                    span,
                    super::body::Cause::From(None),
                );
                let mut fields = Vec::new();
                for (name, ty) in &wanted {
                    let at = has.iter().position(|(m, _)| m == name).unwrap_or(0);
                    let have = has[at].1.clone().substitute(&args).with(secrecy);
                    let read = super::flow::read(id, &whole, span);
                    let field = Typed::new(
                        H::Field(read.boxed(), u32::try_from(at).unwrap_or(u32::MAX)),
                        have,
                        span,
                    );
                    let want = ty.clone().substitute(&own).unopened();
                    fields.push(self.coerce(
                        field,
                        &want,
                        Some((head, format!("the field `{name}` of the result"))),
                    ));
                }
                let ty = ret.clone().with(Secrecy::SECRET);
                let tail = Typed::new(H::Struct(fields), ty.clone(), span);
                let stmts = vec![hir::Stmt::Let(id, Some(value.hir()))];
                return Typed::new(H::Block(stmts, Some(tail.boxed())), ty, span).hir();
            }
        }
        self.coerce(
            value,
            ret,
            Some((head, format!("the result of `main` is `{shown}`"))),
        )
    }
}

/// What marks an input, and its type without a `public`.
fn marking(ty: &ast::Type) -> (Marking, Option<ast::Type>) {
    match &ty.kind {
        TypeKind::Secret(_) => (Marking::Secret, None),
        TypeKind::Public(inner) => (Marking::Public, Some((**inner).clone())),
        TypeKind::Array(inner, n) => {
            let (m, stripped) = marking(inner);
            let stripped = stripped.map(|t| ast::Type {
                kind: TypeKind::Array(Box::new(t), n.clone()),
                ..ty.clone()
            });
            (m, stripped)
        }
        TypeKind::Ragged(inner) => {
            let (m, stripped) = marking(inner);
            (
                m,
                stripped.map(|t| ast::Type {
                    kind: TypeKind::Ragged(Box::new(t)),
                    ..ty.clone()
                }),
            )
        }
        TypeKind::Ranged(inner, r) => {
            let (m, stripped) = marking(inner);
            (
                m,
                stripped.map(|t| ast::Type {
                    kind: TypeKind::Ranged(Box::new(t), r.clone()),
                    ..ty.clone()
                }),
            )
        }
        TypeKind::Tuple(parts) => {
            let marks: Vec<Marking> = parts.iter().map(|p| marking(p).0).collect();
            let first = marks.first().copied().unwrap_or(Marking::None);
            let all = marks.iter().all(|m| *m == first) && first == Marking::Secret;
            (if all { first } else { Marking::None }, None)
        }
        _ => (Marking::None, None),
    }
}

/// The type of what each party gives: an array over parties, ragged when lengths are open.
fn over_parties(element: Ty, open: bool, role: Option<RoleId>) -> Ty {
    match element {
        Ty::Array(t, Len::Session) if open => Ty::Ragged(t, role),
        Ty::Never => Ty::Never,
        other => Ty::Array(Box::new(other), Len::Parties(role)),
    }
}
