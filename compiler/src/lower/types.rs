//! Types where they are closed: generics replaced by what the call gave, lengths by what the session fixed.
//!
//! Tracing works on values, whose shapes carry the lengths; types are asked only for what values cannot say: the
//! target of a cast or literal, the declared secrecy of a variable, the shape of an array without elements.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::value::{GenericValue, Leaf, Val};
use crate::hir::{
    Field, GenericArg, GenericId, Len, Real, RoleId, StructId, Sum, Text, Type, ValueRange,
    form_of, keep, scalar_of, wide_scalar,
};
use crate::span::Span;
use smpcc_circuit::value::{ConstVec, Form, Integer, Scalar};

impl<'h> Tracer<'h> {
    /// The type with the present frame's generics filled in. Lengths that only values know stay [`Len::Session`].
    pub(super) fn close(&self, ty: &Type) -> Type {
        let generics = self.frames.last().map(|f| f.generics.clone());
        self.close_with(ty, generics.as_deref().map_or(&[], Vec::as_slice))
    }

    pub(super) fn close_with(&self, ty: &Type, generics: &[GenericValue]) -> Type {
        match ty {
            Type::Param { id, secret } => match generics.get(id.index()) {
                Some(GenericValue::Type(t)) if *secret => self.make_secret_type(t),
                Some(GenericValue::Type(t)) => t.clone(),
                _ => ty.clone(),
            },
            Type::Wide(inner, of) => wide(self.close_with(inner, generics), *of),
            Type::Fn(_) => ty.clone(),
            other => other
                .clone()
                .descend(&mut |t| self.close_with(&t, generics), &mut |n| {
                    self.close_len(&n, generics)
                }),
        }
    }

    pub(super) fn close_arg(&self, arg: &GenericArg, generics: &[GenericValue]) -> GenericArg {
        match arg {
            GenericArg::Type(t) => GenericArg::Type(self.close_with(t, generics)),
            GenericArg::Len(len) => GenericArg::Len(self.close_len(len, generics)),
            GenericArg::Callable => GenericArg::Callable,
        }
    }

    fn close_len(&self, len: &Len, generics: &[GenericValue]) -> Len {
        len.clone().replaced(&mut |len| match len {
            Len::Param(id) => match generics.get(id.index()) {
                Some(GenericValue::Len(n)) => Len::Const(*n),
                _ => Len::Session,
            },
            Len::Parties(role) => Len::Const(u64::from(self.n_of_role(role))),
            Len::Const(_) | Len::Computed(_) | Len::Session => len,
        })
    }

    /// The number of parties of a role, or of the run.
    pub(super) fn n_of_role(&self, role: Option<RoleId>) -> u32 {
        match role {
            None => self.n_parties,
            Some(role) => self.role_counts.get(role.index()).copied().unwrap_or(0),
        }
    }

    /// `secret T`.
    pub(super) fn make_secret_type(&self, ty: &Type) -> Type {
        match ty {
            Type::Scalar(scalar, _) => Type::Scalar(*scalar, true),
            Type::Real(real, _) => Type::Real(real.clone(), true),
            Type::Usize => Type::Scalar(Scalar::USIZE, true),
            Type::Text(text, _) => Type::Text(text.clone(), true),
            // On top of what its fields and arguments say.
            Type::Struct { id, args, .. } => Type::Struct {
                id: *id,
                args: args.clone(),
                secret: true,
            },
            Type::Param { id, .. } => Type::Param {
                id: *id,
                secret: true,
            },
            Type::Fn(_) => ty.clone(),
            other => other
                .clone()
                .descend(&mut |t| self.make_secret_type(&t), &mut keep),
        }
    }

    /// A struct's fields with their closed types, from a closed struct type.
    pub(super) fn fields(
        &self,
        id: StructId,
        args: &[GenericArg],
        secret: bool,
    ) -> Vec<(&'h Field, Type)> {
        let generics = generic_values(args);
        let hir = self.hir;
        hir.structs.get(id.index()).map_or_else(Vec::new, |s| {
            s.fields
                .iter()
                .map(|f| {
                    let ty = self.close_with(&f.ty, &generics);
                    (
                        f,
                        if secret {
                            self.make_secret_type(&ty)
                        } else {
                            ty
                        },
                    )
                })
                .collect()
        })
    }

    /// The scalar type of a closed type, if it is one.
    pub(super) fn scalar(&self, ty: &Type) -> Traced<Scalar> {
        scalar_of(&self.close(ty)).ok_or_else(|| {
            Fault::new(
                code::NOT_KNOWN,
                self.span,
                "the type of this expression is not fixed by its use",
            )
            .into()
        })
    }

    /// For each leaf of a value of a closed type whether the type says secret.
    pub(super) fn leaf_facts(&self, ty: &Type, val: &Val<'h>) -> Vec<bool> {
        let secret = |ty: &Type| {
            matches!(
                ty,
                Type::Scalar(_, true) | Type::Text(_, true) | Type::Real(_, true)
            )
        };
        self.of_leaves(ty, val, secret, false)
    }

    /// For each leaf of a value of a closed type whether it is a float.
    pub(super) fn float_leaves(&self, ty: &Type, val: &Val<'h>) -> Vec<bool> {
        self.of_leaves(ty, val, |ty| form_of(ty) == Form::Float, false)
    }

    /// For each leaf of a value of a closed type how it is written.
    pub(super) fn leaf_forms(&self, ty: &Type, val: &Val<'h>) -> Vec<Form> {
        self.of_leaves(ty, val, form_of, Form::Plain)
    }

    /// For each leaf of a value of a closed type what is said of its type; `none` where the value has no such type.
    fn of_leaves<T: Copy>(
        &self,
        ty: &Type,
        val: &Val<'h>,
        said: fn(&Type) -> T,
        none: T,
    ) -> Vec<T> {
        struct Leaves<'a, 'h, T> {
            t: &'a Tracer<'h>,
            said: fn(&Type) -> T,
            none: T,
        }
        fn walk<'h, T: Copy>(l: &Leaves<'_, 'h, T>, ty: &Type, val: &Val<'h>, out: &mut Vec<T>) {
            match (ty, val) {
                (Type::Scalar(..) | Type::Text(..) | Type::Real(..), Val::Leaf(_)) => {
                    out.push((l.said)(ty));
                }
                (Type::Wide(inner, _), Val::Leaf(_)) => walk(l, inner, val, out),
                (Type::Array(e, _), Val::Array(_, v)) => walk(l, e, v, out),
                (Type::Array(e, _), Val::Rows(rows)) => {
                    rows.iter().for_each(|row| walk(l, e, row, out));
                }
                (Type::Ragged(e, _), Val::Rows(rows)) => rows.iter().for_each(|row| match row {
                    Val::Array(_, v) => walk(l, e, v, out),
                    other => walk(l, e, other, out),
                }),
                (Type::Ragged(e, _), Val::Array(_, v)) => match &**v {
                    Val::Array(_, v) => walk(l, e, v, out),
                    other => walk(l, e, other, out),
                },
                (Type::Tuple(types), Val::Tuple(parts)) => {
                    for (ty, part) in types.iter().zip(parts) {
                        walk(l, ty, part, out);
                    }
                }
                (Type::Struct { id, args, secret }, Val::Tuple(parts)) => {
                    for ((_, ty), part) in l.t.fields(*id, args, *secret).iter().zip(parts) {
                        walk(l, ty, part, out);
                    }
                }
                _ => out.extend(val.leaves().iter().map(|_| l.none)),
            }
        }
        let mut out = Vec::new();
        let leaves = Leaves {
            t: self,
            said,
            none,
        };
        walk(&leaves, ty, val, &mut out);
        out
    }

    /// Zeros of a closed type; lengths that nothing fixes are zero (used for elements of arrays without any).
    pub(super) fn zero(&self, ty: &Type, lanes: u64) -> Val<'h> {
        match ty {
            Type::Array(e, len) => {
                let n = if let Len::Const(n) = len { *n } else { 0 };
                Val::Array(n, Box::new(self.zero(e, lanes.saturating_mul(n))))
            }
            Type::Ragged(..) => Val::Rows(Vec::new()),
            Type::Tuple(parts) => Val::Tuple(parts.iter().map(|p| self.zero(p, lanes)).collect()),
            Type::Struct { id, args, secret } => Val::Tuple(
                self.fields(*id, args, *secret)
                    .iter()
                    .map(|(_, t)| self.zero(t, lanes))
                    .collect(),
            ),
            Type::Never => Val::Never,
            Type::Fn(_) => Val::unit(),
            Type::Scalar(..)
            | Type::Usize
            | Type::Text(..)
            | Type::Real(..)
            | Type::Param { .. }
            | Type::Wide(..) => Val::Leaf(Leaf::constant(
                scalar_of(ty).unwrap_or(Scalar::USIZE),
                ConstVec::Splat { lanes, word: 0 },
            )),
        }
    }

    /// Zeros of a type, all of whose lengths must be known.
    pub(super) fn nothing(&self, ty: &Type) -> Traced<Val<'h>> {
        fn known(t: &Tracer<'_>, ty: &Type) -> bool {
            match ty {
                Type::Array(e, len) => matches!(len, Len::Const(_)) && known(t, e),
                Type::Tuple(parts) => parts.iter().all(|p| known(t, p)),
                Type::Struct { id, args, secret } => {
                    let fields = t.fields(*id, args, *secret);
                    fields.iter().all(|(_, ty)| known(t, ty))
                }
                Type::Scalar(..)
                | Type::Usize
                | Type::Text(..)
                | Type::Real(..)
                | Type::Wide(..) => scalar_of(ty).is_some(),
                Type::Ragged(..) | Type::Param { .. } | Type::Fn(_) | Type::Never => false,
            }
        }
        let ty = self.close(ty);
        if !known(self, &ty) {
            let what = "the size of what a variant leaves empty is not fixed here";
            let fault = Fault::new(code::NOT_KNOWN, self.span, what);
            return Err(fault.help("say the length of the array in its type").into());
        }
        Ok(self.zero(&ty, 1))
    }

    /// An error unless the arrays of a value have the lengths that a type fixes.
    pub(super) fn require_lens(
        &self,
        ty: &Type,
        val: &Val<'h>,
        span: Span,
        what: &str,
    ) -> Traced<()> {
        match first_misfit(self, &self.close(ty), val) {
            None => Ok(()),
            Some((want, have)) => Err(Fault::new(
                code::LENGTHS,
                span,
                format!("{what} has {have} elements where its type says {want}"),
            )
            .needs_known()
            .into()),
        }
    }

    /// Finds generics by matching a parameter's type with the argument's closed type and its value.
    pub(super) fn infer(
        &self,
        param: &Type,
        arg: Option<&Type>,
        val: &Val<'h>,
        generics: &mut [GenericValue],
    ) {
        match (param, val) {
            (Type::Param { id, .. }, _) => {
                if let (Some(slot @ GenericValue::Unknown), Some(ty)) =
                    (generics.get_mut(id.index()), arg)
                {
                    *slot = GenericValue::Type(ty.clone());
                }
            }
            (Type::Array(p, len), Val::Array(n, v)) => {
                bind_len(len, *n, generics);
                self.infer(p, element_type(arg), v, generics);
            }
            (Type::Array(p, len), Val::Rows(rows)) => {
                bind_len(len, rows.len() as u64, generics);
                if let Some(row) = rows.first() {
                    let row_ty = match arg {
                        Some(Type::Ragged(e, _)) => Some(Type::Array(e.clone(), Len::Session)),
                        other => element_type(other).cloned(),
                    };
                    self.infer(p, row_ty.as_ref(), row, generics);
                }
            }
            (Type::Ragged(p, _), Val::Rows(rows)) => {
                if let Some(Val::Array(_, v)) = rows.first() {
                    let element = match arg {
                        Some(Type::Ragged(e, _)) => Some(&**e),
                        other => element_type(element_type(other)),
                    };
                    self.infer(p, element, v, generics);
                }
            }
            (Type::Tuple(ps), Val::Tuple(vs)) => {
                for (i, (p, v)) in ps.iter().zip(vs).enumerate() {
                    let part = match arg {
                        Some(Type::Tuple(types)) => types.get(i),
                        _ => None,
                    };
                    self.infer(p, part, v, generics);
                }
            }
            (Type::Struct { id, args, .. }, Val::Tuple(vs)) => {
                self.infer_struct(*id, args, arg, vs, generics);
            }
            (Type::Wide(p, _), Val::Leaf(_)) => self.infer(p, arg, val, generics),
            (Type::Text(Text::Str(len), _), Val::Leaf(leaf)) => {
                bind_len(len, u64::from(leaf.scalar.width() / 8), generics);
            }
            (Type::Real(Real::Fixed { width, frac }, _), Val::Leaf(_)) => {
                if let Some((w, f)) = arg.and_then(|ty| match ty {
                    Type::Real(real, _) => real.fixed(),
                    _ => None,
                }) {
                    bind_len(width, u64::from(w), generics);
                    bind_len(frac, u64::from(f), generics);
                }
            }
            _ => {}
        }
    }

    fn infer_struct(
        &self,
        id: StructId,
        args: &[GenericArg],
        arg: Option<&Type>,
        vals: &[Val<'h>],
        generics: &mut [GenericValue],
    ) {
        let Some(def) = self.hir.structs.get(id.index()) else {
            return;
        };
        if let Some(Type::Struct { args: actual, .. }) = arg {
            for (want, have) in args.iter().zip(actual) {
                match (want, have) {
                    (GenericArg::Type(Type::Param { id, .. }), GenericArg::Type(t)) => {
                        if let Some(slot @ GenericValue::Unknown) = generics.get_mut(id.index()) {
                            *slot = GenericValue::Type(t.clone());
                        }
                    }
                    (GenericArg::Len(len), GenericArg::Len(Len::Const(n))) => {
                        bind_len(len, *n, generics);
                    }
                    _ => {}
                }
            }
        }
        // Lengths inside: match the fields with the struct's own generics first, then hand those on.
        let mut own = vec![GenericValue::Unknown; def.generics.len()];
        for (field, val) in def.fields.iter().zip(vals) {
            self.infer(&field.ty, None, val, &mut own);
        }
        for (want, have) in args.iter().zip(&own) {
            if let (GenericArg::Len(len), GenericValue::Len(n)) = (want, have) {
                bind_len(len, *n, generics);
            }
        }
    }
}

/// The first array whose length differs from what its closed type says: (said, actual).
fn first_misfit<'h>(t: &Tracer<'h>, ty: &Type, val: &Val<'h>) -> Option<(u64, u64)> {
    match (ty, val) {
        (Type::Array(e, len), Val::Array(n, v)) => match len {
            Len::Const(m) if m != n => Some((*m, *n)),
            _ => first_misfit(t, e, v),
        },
        (Type::Array(e, len), Val::Rows(rows)) => match len {
            Len::Const(m) if *m != rows.len() as u64 => Some((*m, rows.len() as u64)),
            _ => rows.iter().find_map(|row| first_misfit(t, e, row)),
        },
        (Type::Ragged(_, role), Val::Array(n, _)) => {
            let m = u64::from(t.n_of_role(*role));
            (m != *n).then_some((m, *n))
        }
        (Type::Ragged(_, role), Val::Rows(rows)) => {
            let (m, n) = (u64::from(t.n_of_role(*role)), rows.len() as u64);
            (m != n).then_some((m, n))
        }
        (Type::Tuple(types), Val::Tuple(parts)) => types
            .iter()
            .zip(parts)
            .find_map(|(ty, part)| first_misfit(t, ty, part)),
        (Type::Struct { id, args, secret }, Val::Tuple(parts)) => t
            .fields(*id, args, *secret)
            .iter()
            .zip(parts)
            .find_map(|((_, ty), part)| first_misfit(t, ty, part)),
        _ => None,
    }
}

fn bind_len(len: &Len, n: u64, generics: &mut [GenericValue]) {
    if let Len::Param(GenericId(id)) = len
        && let Some(slot @ GenericValue::Unknown) = generics.get_mut(*id as usize)
    {
        *slot = GenericValue::Len(n);
    }
}

/// The element type of an array type.
pub(super) fn element_type(ty: Option<&Type>) -> Option<&Type> {
    match ty {
        Some(Type::Array(e, _)) => Some(e),
        _ => None,
    }
}

/// `Wide<T>` or `Dot<T>` of a closed type of numbers.
fn wide(ty: Type, of: Sum) -> Type {
    match ty {
        Type::Scalar(scalar @ Scalar::Int { .. }, secret) => {
            Type::Scalar(wide_scalar(scalar), secret)
        }
        Type::Usize => Type::Scalar(wide_scalar(Scalar::USIZE), false),
        Type::Real(real, secret) if of == Sum::Products => Type::Real(real, secret),
        Type::Real(real, secret) => match real.clone().wide() {
            Some(wide) => Type::Real(wide, secret),
            None => Type::Wide(Box::new(Type::Real(real, secret)), of),
        },
        other => Type::Wide(Box::new(other), of),
    }
}

/// A declared range in the form of the compiled program.
pub(crate) fn range_pair(range: Option<ValueRange>) -> Option<(Integer, Integer)> {
    range.map(|r| (r.lo, r.hi))
}

/// The generics of a struct or enum from its arguments.
pub(super) fn generic_values(args: &[GenericArg]) -> Vec<GenericValue> {
    let value = |arg: &GenericArg| match arg {
        GenericArg::Type(t) => GenericValue::Type(t.clone()),
        GenericArg::Len(Len::Const(n)) => GenericValue::Len(*n),
        GenericArg::Len(_) | GenericArg::Callable => GenericValue::Unknown,
    };
    args.iter().map(value).collect()
}
