//! Patterns with names: variants, structs, and constants.

use super::super::body::{Body, Typed};
use super::super::cover::{Ctor, Pat};
use super::super::{Form, VariantSig};
use super::values::counted;
use super::{Found, part_of};
use crate::ast::{self, BinaryOp, Expr, ExprKind as E, FieldPattern, Name, Pattern, PatternKind};
use crate::diagnostic;
use crate::diagnostic::{listed, suggestion_after};
use crate::hir::{self, ExprKind as H, StructId};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Fields as _, Ty};
use smpcc_circuit::value::Scalar;

impl Body<'_, '_> {
    /// What a path in a pattern names; reports what it does not.
    pub(super) fn pattern_item(&mut self, path: &ast::Path) -> Option<Def> {
        match self.lookup(&path.parts) {
            Some(def @ (Def::Variant(..) | Def::Struct(_) | Def::Const(_))) => Some(def),
            Some(_) => {
                let name = path.parts.last().map_or("", |n| n.text.as_str());
                let error = diagnostic!(E2001, path.span, "`{name}` is no pattern");
                let help = "patterns name variants, structs and constants";
                self.report(error.here("not a pattern").help(help));
                None
            }
            None => {
                if !self.unknown_variant(&path.parts) {
                    self.unknown_name(&path.parts, path.span);
                }
                None
            }
        }
    }

    pub(super) fn path_pattern(
        &mut self,
        path: &ast::Path,
        value: &Typed,
        found: &mut Found,
    ) -> Pat {
        match self.pattern_item(path) {
            Some(Def::Variant(id, at)) => {
                let Some(sig) = self.variant_sig(id, at) else {
                    return Pat::Some;
                };
                if sig.form != Form::Unit {
                    self.wrong_form(&sig, path.span, "holds something");
                    return Pat::Some;
                }
                if !self.is_of(id, value, path.span) {
                    return Pat::Some;
                }
                self.ask_tag(id, at, value, found);
                Pat::Of(Ctor::Variant(at), Vec::new())
            }
            Some(Def::Const(id)) => {
                let e = Expr {
                    kind: E::Path(path.clone()),
                    span: path.span,
                    depth: 1,
                    links: 0,
                };
                let constant = self.expr(&e, Some(&value.ty));
                if constant.ty.is_never() || value.ty.is_never() {
                    return Pat::Some;
                }
                let known = self.ck.const_value(id);
                self.compare(BinaryOp::Eq, value, constant, path.span, found);
                match known {
                    Some(known) => {
                        let at = counted(known.scalar, known.word);
                        Pat::Of(Ctor::Ints(at, at), Vec::new())
                    }
                    None => Pat::Some,
                }
            }
            Some(_) => {
                let name = path.parts.last().map_or("", |n| n.text.as_str());
                let error = diagnostic!(E3007, path.span, "the struct `{name}` is given nothing");
                let help = format!("write `{name} {{ … }}`");
                self.report(error.here("not a whole pattern").help(help));
                Pat::Some
            }
            None => Pat::Some,
        }
    }

    /// Whether a value is of a struct or enum; reports if it is not.
    pub(super) fn is_of(&mut self, id: StructId, value: &Typed, span: Span) -> bool {
        match &value.ty {
            Ty::Never => false,
            Ty::Struct { id: of, .. } if *of == id => true,
            other => {
                let (name, shown) = (self.ck.structs.0[id.index()].name.clone(), self.show(other));
                let error = diagnostic!(
                    E3001,
                    span,
                    "this pattern is of `{name}`, the value is `{shown}`"
                );
                let help = format!("give a pattern of `{shown}`");
                self.report(error.here("does not fit the value").help(help));
                false
            }
        }
    }

    /// Asks that an enum's value is this variant.
    pub(super) fn ask_tag(&mut self, id: StructId, at: u32, value: &Typed, found: &mut Found) {
        if self.ck.structs.0[id.index()].variants.len() < 2 {
            return;
        }
        let Some(tag) = self.slot(value, 0) else {
            return;
        };
        let lit = Typed::new(H::Lit(u128::from(at)), tag.ty.clone().public(), value.span);
        let ty = Ty::Scalar(Scalar::Bool, self.secrecy(&tag.ty));
        let kind = H::Binary(hir::BinaryOp::Eq, tag.boxed(), lit.boxed());
        found.conditions.push(Typed::new(kind, ty, value.span));
    }

    /// A field of a struct, or of what an enum is made of.
    pub fn slot(&self, value: &Typed, at: usize) -> Option<Typed> {
        let Ty::Struct { id, args, secret } = &value.ty else {
            return None;
        };
        let ty = self.ck.structs.fields(*id).get(at)?;
        let ty = ty.clone().substitute(args).with(*secret);
        Some(part_of(value, at, &ty))
    }

    /// What a variant holds in one of its fields.
    pub fn held(&self, sig: &VariantSig, field: usize, value: &Typed) -> Typed {
        let (Ty::Struct { args, secret, .. }, Some(field)) = (&value.ty, sig.fields.get(field))
        else {
            return Typed::poison(value.span);
        };
        let actual = field.ty.clone().substitute(args).with(*secret);
        let mut slots = field
            .slots
            .iter()
            .filter_map(|slot| self.slot(value, *slot as usize));
        self.put_together(&field.ty, &actual, &mut slots, value.span)
    }

    pub(super) fn variant_pattern(
        &mut self,
        path: &ast::Path,
        parts: &[Pattern],
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let sig = match self.pattern_item(path) {
            Some(Def::Variant(id, at)) => self.variant_sig(id, at).map(|sig| (id, at, sig)),
            Some(_) => {
                let name = path.parts.last().map_or("", |n| n.text.as_str());
                let error = diagnostic!(E3007, span, "`{name}` holds nothing in parentheses");
                self.report(
                    error
                        .here("not a variant")
                        .help("write its fields in braces"),
                );
                None
            }
            None => None,
        };
        let sig = match sig {
            Some((_, _, sig)) if sig.form != Form::Tuple => {
                self.wrong_form(&sig, path.span, "has no parts in parentheses");
                None
            }
            Some((id, _, _)) if !self.is_of(id, value, path.span) => None,
            other => other,
        };
        let Some((id, at, sig)) = sig else {
            for part in parts
                .iter()
                .filter(|p| !matches!(p.kind, PatternKind::Rest))
            {
                self.pattern(part, &Typed::poison(part.span), found);
            }
            return Pat::Some;
        };
        self.ask_tag(id, at, value, found);
        let n = sig.fields.len();
        let shown = format!("{}({})", sig.name, vec!["_"; n].join(", "));
        let positions = self.positions(parts, n, span, &shown);
        let mut held = |body: &Self, at: usize| body.held(&sig, at, value);
        let pats = self.parts_of(parts, &positions, n, &mut held, found);
        Pat::Of(Ctor::Variant(at), pats)
    }

    pub(super) fn struct_pattern(
        &mut self,
        path: &ast::Path,
        fields: &[FieldPattern],
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let (ctor, id, variant) = match self.pattern_item(path) {
            Some(Def::Variant(id, at)) => match self.variant_sig(id, at) {
                Some(sig) if sig.form == Form::Struct => (Ctor::Variant(at), Some(id), Some(sig)),
                Some(sig) => {
                    self.wrong_form(&sig, path.span, "has no fields with names");
                    (Ctor::Whole, None, None)
                }
                None => (Ctor::Whole, None, None),
            },
            Some(Def::Struct(id)) if !self.ck.structs.0[id.index()].is_enum => {
                (Ctor::Whole, Some(id), None)
            }
            Some(_) => {
                let error = diagnostic!(E3001, path.span, "this is no struct").here("no fields");
                self.report(error.help("only structs and variants have fields"));
                (Ctor::Whole, None, None)
            }
            None => (Ctor::Whole, None, None),
        };
        let id = id.filter(|id| self.is_of(*id, value, path.span));
        if let (Some(id), Ctor::Variant(at)) = (id, &ctor) {
            self.ask_tag(id, *at, value, found);
        }
        let names: Vec<String> = match (&variant, id) {
            (Some(sig), _) => sig.fields.iter().map(|f| f.name.clone()).collect(),
            (None, Some(id)) => self.ck.structs.0[id.index()].names.clone(),
            (None, None) => Vec::new(),
        };
        let mut pats: Vec<Option<Pat>> = vec![None; names.len()];
        let mut open = false;
        for field in fields {
            let Some(name) = &field.name else {
                open = true;
                continue;
            };
            let at = id.and_then(|id| match &variant {
                Some(sig) => self.variant_field(sig, name),
                None => self.struct_field(id, name),
            });
            let part = match (at, &variant) {
                (Some(at), Some(sig)) => self.held(sig, at, value),
                (Some(at), None) => self.slot(value, at).unwrap_or(Typed::poison(name.span)),
                (None, _) => Typed::poison(name.span),
            };
            let pat = self.pattern(&field.pattern, &part, found);
            let Some(at) = at else { continue };
            if pats[at].replace(pat).is_some() {
                let error = diagnostic!(E3011, name.span, "the field `{}` stands twice", name.text);
                self.report(error.here("again").help("remove one of them"));
            }
        }
        let left_out = names.iter().zip(&pats).filter(|(_, p)| p.is_none());
        let left_out: Vec<&str> = left_out.map(|(n, _)| n.as_str()).collect();
        if !open && !left_out.is_empty() && id.is_some() {
            let list = listed(left_out);
            let error = diagnostic!(E3011, span, "missing {list}").here("not all fields are named");
            self.report(error.help("name each field, or end with `..`"));
        }
        if id.is_none() {
            return Pat::Some;
        }
        let pats = pats.into_iter().map(|p| p.unwrap_or(Pat::Any)).collect();
        Pat::Of(ctor, pats)
    }

    /// Position of a struct's field; reports if there is none.
    pub(super) fn struct_field(&mut self, id: StructId, name: &Name) -> Option<usize> {
        let sig = &self.ck.structs.0[id.index()];
        if let Some(at) = sig.names.iter().position(|n| *n == name.text) {
            let declared = sig.spans[at];
            self.ck.refer(name, declared);
            return Some(at);
        }
        let (names, of) = (sig.names.clone(), sig.name.clone());
        let error = diagnostic!(E3011, name.span, "`{of}` has no field `{}`", name.text)
            .here("unknown field");
        let known = || names.iter().map(String::as_str);
        let near = suggestion_after(self.ck.out.len(), &name.text, known());
        self.report(match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("its fields are {}", listed(known()))),
        });
        None
    }
}
