//! What the checker tells the index of names.
//!
//! Uses are noted where names are resolved; declarations of items are noted here at the end, when their types are known.

use super::{Checker, Form, GenericInfo};
use crate::ast::{self, Name};
use crate::hir::{self, LocalId};
use crate::index::{Kind, Target};
use crate::resolve::{Def, TypeDecl};
use crate::span::Span;

impl Checker<'_> {
    /// Notes that a name stands for an item.
    pub fn refer_item(&mut self, name: &Name, def: Def) {
        let target = self.world.declared(def);
        self.index.refer(&name.text, name.span, target);
    }

    /// Notes that a name stands for what is declared at a place.
    pub fn refer(&mut self, name: &Name, declared: Span) {
        let target = Target::Declared(declared);
        self.index.refer(&name.text, name.span, target);
    }

    /// Notes that a name stands for something that the compiler knows.
    pub fn refer_known(&mut self, name: &Name, kind: Kind) {
        self.index.refer(&name.text, name.span, Target::Known(kind));
    }

    /// Notes the variables of a body, the first of which are its parameters.
    pub fn define_locals(
        &mut self,
        locals: &[super::body::LocalInfo],
        generics: &[GenericInfo],
        docs: &[&str],
    ) {
        for (at, local) in locals.iter().enumerate() {
            if local.name.is_empty() {
                continue;
            }
            let kind = if at < docs.len() {
                Kind::Parameter
            } else {
                Kind::Variable
            };
            let ty = self.show(&local.ty, generics);
            let docs = docs.get(at).copied().unwrap_or("");
            self.index.define(kind, &local.name, local.span, ty, docs);
        }
    }

    /// Notes the declarations of all items.
    pub fn define_items(&mut self) {
        for module in &self.world.modules {
            let place = Span::new(module.file, 0, 0);
            let (name, docs) = (&module.path, &module.docs);
            self.index
                .define(Kind::Module, name, place, String::new(), docs);
        }
        for (party, role) in self.world.parties.iter().zip(&self.roles) {
            let ty = match (role.is_array, role.max) {
                (false, _) => String::new(),
                (true, None) => format!("[{}..]", role.min),
                (true, Some(max)) => format!("[{}..={max}]", role.min),
            };
            let name = &party.decl.name;
            self.index
                .define(Kind::Role, &name.text, name.span, ty, &party.docs);
        }
        for (at, item) in self.world.consts.iter().enumerate() {
            let ty = self.const_types.get(at).map(|ty| self.show(ty, &[]));
            let name = &item.decl.name;
            let ty = ty.unwrap_or_default();
            self.index
                .define(Kind::Constant, &name.text, name.span, ty, &item.docs);
        }
        for (at, item) in self.world.aliases.iter().enumerate() {
            let ty = self.alias_text(at);
            let name = &item.decl.name;
            self.index
                .define(Kind::Alias, &name.text, name.span, ty, &item.docs);
        }
        for at in 0..self.structs.0.len() {
            self.define_struct(at);
        }
        for at in 0..self.world.fns.len() {
            self.define_fn(at);
        }
    }

    fn define_struct(&mut self, at: usize) {
        // The last one may be the result of `main`, which has no item.
        let item = self.world.structs.get(at);
        let Some(sig) = self.structs.0.get(at) else {
            return;
        };
        let types: Vec<String> = sig
            .types
            .iter()
            .map(|ty| self.show(ty, &sig.generics))
            .collect();
        for (at, ty) in types.into_iter().enumerate() {
            if sig.is_enum {
                break;
            }
            let field = item.and_then(|i| match &i.decl {
                TypeDecl::Struct(decl) => decl.fields.iter().find(|f| f.name.span == sig.spans[at]),
                TypeDecl::Enum(_) => None,
            });
            let docs = field.map_or("", |f| f.docs.as_str());
            self.index
                .define(Kind::Field, &sig.names[at], sig.spans[at], ty, docs);
        }
        if let Some(item) = item {
            for generic in &sig.generics {
                self.index.define(
                    Kind::Generic,
                    &generic.name,
                    generic.span,
                    String::new(),
                    "",
                );
            }
            let name = item.decl.name();
            let kind = if sig.is_enum {
                Kind::Enum
            } else {
                Kind::Struct
            };
            self.index
                .define(kind, &name.text, name.span, String::new(), &item.docs);
        }
        self.define_variants(at);
    }

    fn define_variants(&mut self, at: usize) {
        let Some(item) = self.world.structs.get(at) else {
            return;
        };
        let Some(sig) = self.structs.0.get(at) else {
            return;
        };
        for (variant, decl) in sig.variants.iter().zip(item.decl.variants()) {
            let of = |f: &super::VariantFieldSig| {
                let ty = self.show(&f.ty, &sig.generics);
                match variant.form {
                    Form::Struct => format!("{}: {ty}", f.name),
                    Form::Unit | Form::Tuple => ty,
                }
            };
            let parts: Vec<String> = variant.fields.iter().map(of).collect();
            let ty = match variant.form {
                Form::Unit => String::new(),
                Form::Tuple => format!("({})", parts.join(", ")),
                Form::Struct => format!("{{ {} }}", parts.join(", ")),
            };
            let (name, span) = (&variant.name, variant.span);
            self.index.define(Kind::Variant, name, span, ty, &decl.docs);
            if let ast::VariantFields::Struct(fields) = &decl.fields {
                for (field, declared) in variant.fields.iter().zip(fields) {
                    let ty = self.show(&field.ty, &sig.generics);
                    self.index
                        .define(Kind::Field, &field.name, field.span, ty, &declared.docs);
                }
            }
        }
    }

    fn define_fn(&mut self, at: usize) {
        let (Some(item), Some(sig)) = (self.world.fns.get(at), self.fns.get(at)) else {
            return;
        };
        let param =
            |p: &super::ParamSig| format!("{}: {}", p.name, self.show(&p.ty, &sig.generics));
        let params: Vec<String> = sig.params.iter().map(param).collect();
        let head = format!(
            "({}) -> {}",
            params.join(", "),
            self.show(&sig.ret, &sig.generics)
        );
        for generic in sig
            .generics
            .iter()
            .filter(|g| g.kind != hir::GenericKind::Callable)
        {
            self.index.define(
                Kind::Generic,
                &generic.name,
                generic.span,
                String::new(),
                "",
            );
        }
        let kind = match item.decl.import {
            Some(_) => Kind::Circuit,
            None => Kind::Function,
        };
        let name = &item.decl.decl.name;
        self.index
            .define(kind, &name.text, name.span, head, &item.docs);
    }
}

impl super::body::Body<'_, '_> {
    /// The variable of this name, which is noted to stand here for it.
    pub fn named_local(&mut self, name: &Name) -> Option<LocalId> {
        let id = self.local(&name.text)?;
        let declared = self.locals.get(id.index())?.span;
        self.ck.refer(name, declared);
        Some(id)
    }
}
