//! `u32::MAX`, `i8::MIN`, `T::BITS`: what a type of integers says of itself.

use super::Checker;
use super::body::{Body, Typed};
use super::consts::scalar_of;
use crate::ast::{self, Name};
use crate::diagnostic;
use crate::hir::{ExprKind as H, GenericId, GenericKind, Limit};
use crate::index::Kind as Named;
use crate::resolve::Def;
use crate::types::{Ty, width};
use smpcc_circuit::value::Scalar;

/// What follows the name of a type.
fn named(text: &str) -> Option<Limit> {
    match text {
        "MAX" => Some(Limit::Max),
        "MIN" => Some(Limit::Min),
        "BITS" => Some(Limit::Bits),
        _ => None,
    }
}

impl Checker<'_> {
    /// The integer type and the limit that a path of two names means, if it means that.
    pub fn limit_of(&mut self, path: &ast::Path, module: usize) -> Option<(Scalar, Limit)> {
        let [ty, name] = path.parts.as_slice() else {
            return None;
        };
        let limit = named(&name.text)?;
        let scalar = self.integer_type(ty, module)?;
        self.refer_known(name, Named::Constant);
        Some((scalar, limit))
    }

    /// The integer type that a name stands for, if it is one.
    fn integer_type(&mut self, name: &Name, module: usize) -> Option<Scalar> {
        if name.text == "usize" {
            self.refer_known(name, Named::Type);
            return Some(Scalar::USIZE);
        }
        if let Some(Ok((width, signed))) = width::parse(&name.text) {
            self.refer_known(name, Named::Type);
            return Some(Scalar::Int { width, signed });
        }
        match self.world.lookup(module, &name.text) {
            Some(def @ Def::Alias(at)) => {
                let scalar = self.alias_plain(at).as_ref().and_then(scalar_of);
                if scalar.is_some() {
                    self.refer_item(name, def);
                }
                scalar
            }
            _ => None,
        }
    }
}

impl Body<'_, '_> {
    /// `u32::MAX` and its kin, if a path is one.
    pub fn limit(&mut self, path: &ast::Path) -> Option<Typed> {
        let [ty, name] = path.parts.as_slice() else {
            return None;
        };
        let span = path.span;
        let position = self
            .generics
            .iter()
            .position(|g| g.name == ty.text && g.kind == GenericKind::Type);
        if let (Some(at), Some(limit)) = (position, named(&name.text)) {
            let generic = &self.generics[at];
            self.ck.refer(ty, generic.span);
            self.ck.refer_known(name, Named::Constant);
            let id = GenericId(u32::try_from(at).unwrap_or(u32::MAX));
            if !generic.bounds.int {
                let error = diagnostic!(E3006, span, "`{}` has no `{}`", ty.text, name.text)
                    .here("not known to be an integer");
                self.report(error.help("the type parameter needs the bound `Int`"));
                return Some(Typed::poison(span));
            }
            let param = Ty::param(id);
            let of = param.hir();
            let ty = match limit {
                Limit::Bits => Ty::Usize,
                Limit::Max | Limit::Min => param,
            };
            return Some(Typed::new(H::Limit(limit, of), ty, span));
        }
        let is_alias = matches!(
            self.ck.world.lookup(self.module, &ty.text),
            Some(Def::Alias(_))
        );
        match self.ck.limit_of(path, self.module) {
            Some((scalar, limit)) => {
                let word = limit.of(scalar);
                let typed = match (limit, scalar) {
                    (Limit::Bits, _) => Ty::Usize,
                    _ if self.is_usize(ty) => Ty::Usize,
                    (_, Scalar::Int { width, signed }) => Ty::int(width, signed),
                    (_, Scalar::Bool) => return None,
                };
                Some(Typed::new(H::Lit(word), typed, span))
            }
            None if is_alias || ty.text == "usize" || width::parse(&ty.text).is_some() => {
                let error = diagnostic!(E2004, name.span, "`{}` has no `{}`", ty.text, name.text)
                    .here("not known");
                self.report(error.help("integer types have `MAX`, `MIN` and `BITS`"));
                Some(Typed::poison(span))
            }
            None => None,
        }
    }

    fn is_usize(&mut self, name: &Name) -> bool {
        if let Some(Def::Alias(at)) = self.ck.world.lookup(self.module, &name.text) {
            return matches!(self.ck.alias_plain(at), Some(Ty::Usize));
        }
        name.text == "usize"
    }
}
