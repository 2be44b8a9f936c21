//! Other names for types: `type Id = u32;`, `type Row<const N: usize> = [u8; N];`.
//!
//! An alias is resolved once, when it is first asked for, over its own parameters; each use puts its arguments in. The range
//! that it may carry counts where a range has a meaning, as if it were written there.

use super::signature::TypeCx;
use super::{Checker, GenericInfo};
use crate::ast;
use crate::diagnostic;
use crate::hir::ValueRange;
use crate::types::{Arg, Ty};

/// What is known of an alias.
#[derive(Clone)]
pub(crate) enum Alias {
    /// Nobody has asked yet.
    Unknown,
    /// Being resolved: asking again is a cycle.
    Resolving,
    /// Its parameters, what it stands for, its range.
    Known(Vec<GenericInfo>, Ty, Option<ValueRange>),
}

impl Checker<'_> {
    /// Resolves all aliases, so that wrong ones are found although nothing uses them.
    pub fn declare_aliases(&mut self) {
        for at in 0..self.world.aliases.len() {
            self.alias(at);
        }
    }

    fn alias(&mut self, at: usize) -> (Vec<GenericInfo>, Ty, Option<ValueRange>) {
        let item = &self.world.aliases[at];
        let decl = &item.decl;
        match &self.aliases[at] {
            Alias::Known(generics, ty, range) => return (generics.clone(), ty.clone(), *range),
            Alias::Resolving => {
                let name = &decl.name;
                let error = diagnostic!(
                    E2009,
                    name.span,
                    "the type `{}` stands for itself",
                    name.text
                );
                self.report(
                    error
                        .here("defined by itself")
                        .help("write the type that it stands for"),
                );
                self.aliases[at] = Alias::Known(Vec::new(), Ty::Never, None);
                return (Vec::new(), Ty::Never, None);
            }
            Alias::Unknown => {}
        }
        self.aliases[at] = Alias::Resolving;
        let generics = self.generics(&decl.generics, item.module);
        let mut range = None;
        let cx = TypeCx {
            module: item.module,
            generics: &generics,
            callable: false,
            range: Some(&mut range),
        };
        let ty = self.ty(&decl.ty, cx);
        if let Alias::Known(..) = self.aliases[at] {
            return (Vec::new(), Ty::Never, None);
        }
        self.aliases[at] = Alias::Known(generics.clone(), ty.clone(), range);
        (generics, ty, range)
    }

    /// The type that an alias with these arguments stands for.
    pub fn alias_type(&mut self, at: usize, path: &ast::Path, cx: &mut TypeCx<'_>) -> Ty {
        let (generics, ty, range) = self.alias(at);
        if ty.is_never() {
            return ty;
        }
        let Some(args) = self.arguments_of(&generics, path, cx) else {
            return Ty::Never;
        };
        if let Some(slot) = cx.range.as_mut()
            && range.is_some()
        {
            **slot = range;
        }
        self.bounded(ty.substitute(&args), path)
    }

    /// The integer type that an alias of this name stands for in a module, if it is one.
    pub fn alias_plain(&mut self, at: usize) -> Option<Ty> {
        let (generics, ty, _) = self.alias(at);
        generics.is_empty().then_some(ty)
    }

    /// What an alias stands for, as text.
    pub fn alias_text(&self, at: usize) -> String {
        match &self.aliases[at] {
            Alias::Known(generics, ty, _) => self.show(ty, generics),
            Alias::Unknown | Alias::Resolving => String::new(),
        }
    }

    /// The arguments that a path gives to generic parameters; reports a wrong number.
    pub fn arguments_of(
        &mut self,
        generics: &[GenericInfo],
        path: &ast::Path,
        cx: &TypeCx<'_>,
    ) -> Option<Vec<Arg>> {
        let name = path.parts.last().map_or("", |n| n.text.as_str());
        if generics.len() != path.args.len() {
            let (want, have) = (generics.len(), path.args.len());
            let error = diagnostic!(
                E3007,
                path.span,
                "`{name}` takes {want} generic arguments, not {have}"
            );
            let names: Vec<&str> = generics.iter().map(|g| g.name.as_str()).collect();
            let error = if names.is_empty() {
                error.help("remove the arguments")
            } else {
                error.help(format!("write `{name}<{}>`", names.join(", ")))
            };
            self.report(error.here("here"));
            return None;
        }
        let mut args = Vec::new();
        for (generic, arg) in generics.iter().zip(&path.args) {
            args.push(self.generic_arg(generic, arg, cx.module, cx.generics)?);
        }
        Some(args)
    }
}
