//! Parts of values: fields, elements and slices.

use super::body::{Body, Typed};
use super::consts::Known;
use crate::ast::{Expr, ExprKind as E, Name, UnaryOp};
use crate::diagnostic;
use crate::diagnostic::{listed, suggestion_after};
use crate::hir::{ExprKind as H, Len, Text};
use crate::source::Span;
use crate::types::{Fields as _, Ty};
use smpcc_circuit::value::{Integer, Scalar};

impl Body<'_, '_> {
    pub fn field(&mut self, base: &Expr, name: &Name, span: Span) -> Typed {
        let base = self.expr(base, None);
        self.note_members(&base, name);
        match self.field_of(&base.ty, name) {
            Some((at, ty)) => Typed::new(H::Field(base.boxed(), at), ty, span),
            None => Typed::poison(span),
        }
    }

    /// Position and type of a field; reports if there is none.
    pub fn field_of(&mut self, ty: &Ty, name: &Name) -> Option<(u32, Ty)> {
        let Ty::Struct {
            id,
            args,
            secret: secrecy,
        } = ty
        else {
            if !ty.is_never() {
                let shown = self.show(ty);
                let error =
                    diagnostic!(E2004, name.span, "`{shown}` has no fields").here("not a struct");
                let help = match ty {
                    Ty::Tuple(_) => "tuples have `.0`, `.1`, …".to_owned(),
                    Ty::Array(..) | Ty::Ragged(..)
                        if name.text == "len" || name.text == "length" =>
                    {
                        "write `.len()`".to_owned()
                    }
                    Ty::Array(..) | Ty::Ragged(..) => "index it first: `xs[i]`".to_owned(),
                    Ty::Text(Text::Date | Text::Datetime, _) => {
                        "bring in what you need of it, `use std::date::month;`, and call `month(d)`"
                            .to_owned()
                    }
                    _ if name.text == "await" => "a value is there when it is used".to_owned(),
                    _ => "only structs have fields".to_owned(),
                };
                self.report(error.help(help));
            }
            return None;
        };
        let sig = &self.ck.structs.0[id.index()];
        if sig.is_enum {
            let (shown, declared) = (self.show(ty), sig.span);
            let error = diagnostic!(E2004, name.span, "`{shown}` is an enum and has no fields")
                .here("not a struct")
                .because(declared, "declared here");
            let help = "what a variant holds is bound by a pattern: `match` or `if let`";
            self.report(error.help(help));
            return None;
        }
        if let Some(at) = sig.names.iter().position(|n| *n == name.text) {
            let declared = sig.spans[at];
            self.ck.refer(name, declared);
            let ty = self.ck.structs.fields(*id)[at].clone().substitute(args);
            let ty = self.hidden(ty, *secrecy, name.span);
            return Some((u32::try_from(at).unwrap_or(u32::MAX), ty));
        }
        let (names, span) = (sig.names.clone(), sig.span);
        let shown = self.show(ty);
        let error = diagnostic!(E2004, name.span, "`{shown}` has no field `{}`", name.text)
            .here("unknown field")
            .because(span, "declared here");
        let fields = || names.iter().map(String::as_str);
        let near = suggestion_after(self.ck.out.len(), &name.text, fields());
        let error = match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("its fields are {}", listed(fields()))),
        };
        self.report(error);
        None
    }

    pub fn tuple_field(&mut self, base: &Expr, name: &Name, span: Span) -> Typed {
        let base = self.expr(base, None);
        match self.tuple_field_of(&base.ty, name) {
            Some((at, ty)) => Typed::new(H::Field(base.boxed(), at), ty, span),
            None => Typed::poison(span),
        }
    }

    /// Position and type of a part of a tuple; reports if there is none.
    pub fn tuple_field_of(&mut self, ty: &Ty, name: &Name) -> Option<(u32, Ty)> {
        if ty.is_never() {
            return None;
        }
        let at = name.text.parse::<u32>().ok();
        if let (Ty::Tuple(parts), Some(at)) = (ty, at)
            && let Some(part) = parts.get(at as usize)
        {
            return Some((at, part.clone()));
        }
        let shown = self.show(ty);
        let error = diagnostic!(E2004, name.span, "`{shown}` has no part `{}`", name.text)
            .here("no such part");
        let help = match ty {
            Ty::Tuple(parts) => format!("it has {} parts, counted from 0", parts.len()),
            Ty::Array(..) | Ty::Ragged(..) => format!("index it: `[{}]`", name.text),
            _ => "only tuples have numbered parts".to_owned(),
        };
        self.report(error.help(help));
        None
    }

    pub fn index(&mut self, base: &Expr, index: &Expr, span: Span) -> Typed {
        let base = self.expr(base, None);
        if let E::Range { lo, hi, inclusive } = &index.kind {
            return self.slice(base, lo.as_deref(), hi.as_deref(), *inclusive, span);
        }
        let known = self.const_usize(index);
        let index = self.index_value(index);
        let item = match &base.ty {
            Ty::Array(t, n) => {
                if let (Len::Const(n), Some(at)) = (n, known)
                    && at.integer() >= Integer::natural(u128::from(*n))
                    && self.out_of_bounds(at, *n, index.span)
                {
                    return Typed::poison(span);
                }
                (**t).clone()
            }
            Ty::Ragged(t, _) => {
                let help = "rows have different lengths, so which row is read would show; loop over all rows";
                self.refuse_secret(&index, "the index of a ragged array", help);
                Ty::Array(t.clone(), Len::Session)
            }
            Ty::Never => return Typed::poison(span),
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, span, "`{shown}` cannot be indexed")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("only arrays can be indexed"));
                return Typed::poison(span);
            }
        };
        let secrecy = self.secrecy(&index.ty);
        let ty = self.hidden(item, secrecy, span);
        Typed::new(H::Index(base.boxed(), index.boxed()), ty, span)
    }

    /// Reports a constant index outside the array, if the place is one that is reached; whether it did.
    pub fn out_of_bounds(&mut self, at: Known, n: u64, span: Span) -> bool {
        if self.n_dead > 0 {
            return false;
        }
        let index = at.integer();
        let error = diagnostic!(
            E3017,
            span,
            "the index {index} is outside of an array of {n}"
        )
        .here(at.subtraction().unwrap_or("out of bounds".into()));
        let help = if n == 0 {
            "the array is empty".to_owned()
        } else {
            format!("indices go from 0 to {}", n - 1)
        };
        self.report(error.help(help));
        true
    }

    /// An index: `usize` unless it says otherwise, and any unsigned type.
    pub fn index_value(&mut self, index: &Expr) -> Typed {
        if let E::Unary(UnaryOp::Neg, inner) = &index.kind
            && let E::Int(n, None) = inner.kind
        {
            let error = diagnostic!(E3005, index.span, "`-{n}` does not fit `usize`")
                .here("indices count from the first element on");
            self.report(error.help(format!("write `xs[xs.len() - {n}]`")));
            return Typed::poison(index.span);
        }
        let typed = self.expr(index, Some(&Ty::Usize));
        let ok = match &typed.ty {
            Ty::Usize | Ty::Never | Ty::Scalar(Scalar::Int { signed: false, .. }, _) => true,
            Ty::Param { id, .. } => self.generics.get(id.index()).is_some_and(|g| g.bounds.int),
            Ty::Wide(..) => true,
            _ => false,
        };
        if !ok {
            let shown = self.show(&typed.ty);
            let error = diagnostic!(E3001, typed.span, "an index is unsigned, not `{shown}`")
                .here(format!("this is `{shown}`"));
            let help = match &typed.ty {
                Ty::Struct { id, .. } if self.ck.structs.is_enum(*id) => {
                    match self.ck.structs.fields(*id) {
                        [_] => {
                            "write `as u8`: variants are numbered from 0 on as they are declared"
                        }
                        _ => "say with `match` which number each variant stands for",
                    }
                }
                ty if ty.is_number() && self.secrecy(ty).is_public() => "convert with `as usize`",
                ty if ty.is_number() => "convert with `as u32`",
                _ => "give an integer",
            };
            self.report(error.help(help));
            return Typed::poison(typed.span);
        }
        typed
    }

    pub fn slice(
        &mut self,
        base: Typed,
        lo: Option<&Expr>,
        hi: Option<&Expr>,
        inclusive: bool,
        span: Span,
    ) -> Typed {
        let known_lo = lo.map(|e| self.const_usize(e));
        let known_hi = hi.map(|e| self.const_usize(e));
        let bound = |body: &mut Self, e: &Expr| {
            let typed = body.index_value(e);
            if body.refuse_secret(
                &typed,
                "the bound of a slice",
                "the length of a slice is public; use a public bound",
            ) {
                return Typed::poison(e.span);
            }
            typed
        };
        let lo = lo.map(|e| bound(self, e));
        let hi = hi.map(|e| bound(self, e).hir());
        let (item, n) = match &base.ty {
            Ty::Array(t, n) => (t.clone(), n.clone()),
            Ty::Never => return Typed::poison(span),
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3006, span, "`{shown}` cannot be sliced")
                    .here(format!("this is `{shown}`"));
                self.report(error.help("only arrays can be sliced"));
                return Typed::poison(span);
            }
        };
        // One past the last element; past all others when there is no such number.
        let after = |hi: Known| hi.word.saturating_add(u128::from(inclusive));
        if let (Some(Some(hi)), Len::Const(n)) = (known_hi, &n)
            && after(hi) > u128::from(*n)
        {
            let last = Known {
                word: hi.word.wrapping_sub(u128::from(!inclusive)),
                ..hi
            };
            if self.out_of_bounds(last, *n, span) {
                return Typed::poison(span);
            }
        }
        let begin = known_lo.map_or(Some(0), |lo| lo.map(|lo| lo.word));
        let end = match (known_hi, &n) {
            (Some(hi), _) => hi.map(after),
            (None, Len::Const(n)) => Some(u128::from(*n)),
            (None, _) => None,
        };
        let len = match (begin, end) {
            (Some(lo), Some(hi)) if lo > hi && self.n_dead == 0 => {
                let error = diagnostic!(E3017, span, "this slice ends before it begins")
                    .here("out of bounds");
                self.report(error.help("write the smaller bound first"));
                return Typed::poison(span);
            }
            (Some(lo), Some(hi)) => (hi.checked_sub(lo))
                .and_then(|len| u64::try_from(len).ok())
                .map_or(Len::Session, Len::Const),
            (Some(0), None) if hi.is_none() => n,
            _ => Len::Session,
        };
        let lo = lo.map(|l| Box::new(l.hir()));
        Typed::new(
            H::Slice {
                array: base.boxed(),
                lo,
                hi: hi.map(Box::new),
                inclusive,
            },
            Ty::Array(item, len),
            span,
        )
    }
}
