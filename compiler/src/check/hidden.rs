//! `usize` is never secret: what would make one secret is refused here, with what to write instead.

use super::body::Body;
use super::{Checker, GenericInfo};
use crate::diagnostic;
use crate::source::Span;
use crate::types::{Arg, Fields as _, Secrecy, Ty};

impl Checker<'_> {
    /// Whether a `usize` is in a type, also in the fields of its structs.
    pub fn holds_usize(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Usize => true,
            Ty::Struct { id, args, .. } => self
                .structs
                .fields(*id)
                .iter()
                .any(|field| self.holds_usize(&field.clone().substitute(args))),
            Ty::Wide(..) | Ty::Fn(_) => false,
            other => other.children().into_iter().any(|t| self.holds_usize(t)),
        }
    }
}

impl Body<'_, '_> {
    /// A type that becomes as secret as what chooses its value; reports a `usize` in it.
    pub fn hidden(&mut self, ty: Ty, more: Secrecy, span: Span) -> Ty {
        if more.is_public() || !self.ck.holds_usize(&ty) {
            return ty.with(more);
        }
        self.refuse_usize(&ty, span);
        Ty::Never
    }

    fn refuse_usize(&mut self, ty: &Ty, span: Span) {
        let shown = self.show(ty);
        let text = match ty {
            Ty::Usize => "this would be a secret one".to_owned(),
            _ => format!("one in this `{shown}` would be secret"),
        };
        let error = diagnostic!(E3002, span, "a `usize` is public").here(text);
        self.report(error.help("convert it before with `as u64`, or declare it as a `u64`"));
    }

    /// Whether a call makes a `usize` secret by `secret T`; reports it.
    pub fn refuse_hidden_usize<'t>(
        &mut self,
        heads: impl Iterator<Item = &'t Ty>,
        args: &[Arg],
        generics: &[GenericInfo],
        span: Span,
    ) -> bool {
        let mut open: Vec<&Ty> = heads.collect();
        while let Some(ty) = open.pop() {
            if let Ty::Param { id, secret } = ty
                && !secret.is_public()
                && let Some(Arg::Type(arg)) = args.get(id.index())
                && self.ck.holds_usize(arg)
            {
                let name = generics.get(id.index()).map_or("T", |g| g.name.as_str());
                let error = diagnostic!(E3002, span, "a `usize` is public")
                    .here(format!("this call would make one secret: `secret {name}`"));
                self.report(error.help("convert the arguments before with `as u64`"));
                return true;
            }
            open.extend(ty.children());
        }
        false
    }
}
