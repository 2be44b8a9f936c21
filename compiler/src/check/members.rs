//! What may follow the dot after an expression: its fields, and the functions that take its value first.
//!
//! An editor asks with a name at the dot that no program has, [`HOLE`]; where a field or a function of that name is looked for, the type of
//! what stands before it is known, and what can be done with it is noted.

use super::body::{Body, Typed};
use super::{Bounds, FnSig, asked, builtin};
use crate::ast::{GenericKind, ItemKind, Type, TypeKind};
use crate::ast::{Item, Name};
use crate::hir::{Builtin as B, Real, Text};
use crate::parses;
use crate::resolve::Def;
use crate::span::Span;
use crate::types::{Arg, Fields as _, Fit, Ty};
use smpcc_circuit::value::Scalar;

/// The name that asks what may stand in its place.
pub(crate) const HOLE: &str = "__what_may_follow";

/// Something that may follow a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// A field or a part: its name and its type.
    Field(String, String),
    /// A function of the program or of what it uses, by the name under which it is known here and the place of its name.
    Function(String, Span),
    /// A variable that holds a closure.
    Closure(String, String),
    /// A function that the compiler knows.
    Known(&'static str),
    /// A function of the library that needs a `use`: its name and its module.
    Library(String, &'static str),
}

/// All that may follow a dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// What may be written there.
    pub all: Vec<Member>,
    /// Whether what stands before the dot can be revealed.
    pub secret: bool,
}

impl Body<'_, '_> {
    /// Notes what may follow a value, where that is asked.
    pub fn note_members(&mut self, base: &Typed, name: &Name) {
        if name.text != HOLE || base.ty.is_never() {
            return;
        }
        let mut all = self.fields_of(&base.ty);
        all.extend(self.closures_of(&base.ty));
        let own = self.functions_of(&base.ty);
        let known = |name: &str| {
            own.iter()
                .any(|m| matches!(m, Member::Function(f, _) if f == name))
        };
        let names = builtin::NAMES.iter();
        let builtins = names.filter(|(_, b)| self.begins_with(*b, &base.ty));
        let asked_names = asked::NAMES.iter();
        let asked = asked_names.filter(|(name, _)| {
            let of_option = matches!(*name, "is_some" | "is_none" | "unwrap_or");
            match of_option {
                true => self.is_option(&base.ty),
                false => self.is_int(&base.ty),
            }
        });
        let names = builtins.map(|b| b.0).chain(asked.map(|a| a.0));
        let names: Vec<&'static str> = names.filter(|name| !known(name)).collect();
        all.extend(names.into_iter().map(Member::Known));
        let library = parses::library_items()
            .filter_map(|(item, module, _)| Some((parses::item_name(item)?, item, module)))
            .filter(|(name, item, _)| {
                self.ck.world.lookup(self.module, name).is_none() && self.takes(item, &base.ty)
            })
            .map(|(name, _, module)| Member::Library(name.to_owned(), module));
        let library: Vec<Member> = library.collect();
        all.extend(own);
        all.extend(library);
        let secret = !self.secrecy(&base.ty).is_public();
        self.ck.members = Some(Members { all, secret });
    }

    fn fields_of(&mut self, ty: &Ty) -> Vec<Member> {
        match ty {
            Ty::Tuple(parts) => {
                let part = |(at, ty): (usize, &Ty)| Member::Field(at.to_string(), self.show(ty));
                parts.iter().enumerate().map(part).collect()
            }
            Ty::Struct { id, args, secret } if !self.ck.structs.is_enum(*id) => {
                let names = self.ck.structs.0[id.index()].names.clone();
                let types = self.ck.structs.fields(*id).to_vec();
                let field = |(name, ty): (String, Ty)| {
                    let ty = ty.substitute(args).with(*secret);
                    Member::Field(name, self.show(&ty))
                };
                names.into_iter().zip(types).map(field).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Functions in scope whose first parameter takes a value of this type.
    fn functions_of(&mut self, ty: &Ty) -> Vec<Member> {
        let world = self.ck.world;
        let mut names: Vec<&str> = world.names(self.module).collect();
        names.sort_unstable();
        names.dedup();
        let mut found = Vec::new();
        for name in names {
            let Some(Def::Fn(id)) = world.lookup(self.module, name) else {
                continue;
            };
            let sig = self.ck.fns.get(id.index()).cloned();
            let item = world.fns.get(id.index());
            if let (Some(sig), Some(item)) = (sig, item)
                && self.ck.main != Some(id)
                && self.fits_first(&sig, ty)
            {
                found.push(Member::Function(name.to_owned(), item.decl.decl.name.span));
            }
        }
        found
    }

    fn fits_first(&mut self, sig: &FnSig, ty: &Ty) -> bool {
        let Some(first) = sig.params.first() else {
            return false;
        };
        let mut bound = vec![None; sig.generics.len()];
        self.unify(&first.ty, ty, &mut bound);
        let own = self.generics.clone();
        let meets = (bound.iter().zip(&sig.generics)).all(|(arg, generic)| match arg {
            Some(Arg::Type(ty)) => self.ck.meets(ty, generic.bounds, &own),
            Some(Arg::Len(_) | Arg::Callable) | None => true,
        });
        // What the first argument says nothing of, the others do.
        let args: Vec<Arg> = bound
            .into_iter()
            .map(|arg| arg.unwrap_or(Arg::Callable))
            .collect();
        let wanted = first.ty.clone().substitute(&args);
        meets && ty.fits(&wanted, &self.ck.structs) == Fit::Yes
    }

    fn closures_of(&self, ty: &Ty) -> Vec<Member> {
        let holds = |local: &&super::body::LocalInfo| match &local.ty {
            Ty::Fn(sig) if !local.name.is_empty() => (sig.params.first())
                .is_some_and(|first| ty.fits(first, &self.ck.structs) == Fit::Yes),
            _ => false,
        };
        let locals = self.locals.iter().filter(holds);
        let known = locals.filter(|local| self.local(&local.name).is_some());
        known
            .map(|local| Member::Closure(local.name.clone(), self.show(&local.ty)))
            .collect()
    }

    fn is_int(&self, ty: &Ty) -> bool {
        let int = Bounds {
            int: true,
            ..Bounds::default()
        };
        self.ck.meets(ty, int, &self.generics)
    }

    fn is_num(&self, ty: &Ty) -> bool {
        let num = Bounds {
            num: true,
            ..Bounds::default()
        };
        self.ck.meets(ty, num, &self.generics)
    }

    /// Whether a function that the compiler knows takes a value of this type first.
    fn begins_with(&self, builtin: B, ty: &Ty) -> bool {
        let item = match ty {
            Ty::Array(item, _) => Some((**item).clone()),
            Ty::Ragged(item, _) => Some(Ty::Array(item.clone(), crate::hir::Len::Session)),
            _ => None,
        };
        let is_text = matches!(ty, Ty::Text(Text::Str(_), _));
        let is_bool = |ty: &Ty| matches!(ty, Ty::Scalar(Scalar::Bool, _));
        let is_real = matches!(ty, Ty::Real(..));
        match builtin {
            B::Parties | B::Random => false,
            B::Len => is_text || item.is_some(),
            B::Bytes => is_text,
            B::Map => item.is_some() || self.is_option(ty),
            // With a function besides they ask of arrays of anything.
            B::All | B::Any => item.is_some(),
            B::Chunks
            | B::Concat
            | B::Enumerate
            | B::Fold
            | B::Rev
            | B::StepBy
            | B::Windows
            | B::Zip => item.is_some(),
            B::Average | B::Dot | B::Sum => item.is_some_and(|item| self.is_num(&item)),
            B::Flatten => item.is_some_and(|item| matches!(item, Ty::Array(..))),
            B::Ceil | B::Floor | B::Round | B::Sqrt | B::Trunc => is_real,
            B::MulAdd => matches!(ty, Ty::Real(Real::Float(_), _)),
            B::Abs | B::AverageOf | B::Widen => self.is_num(ty),
            B::CountOnes | B::RotateLeft | B::RotateRight => self.is_int(ty),
            B::Isqrt => {
                let signed = matches!(ty, Ty::Scalar(Scalar::Int { signed: true, .. }, _));
                self.is_int(ty) && !signed
            }
            B::Max | B::Min => {
                let ord = Bounds {
                    ord: true,
                    ..Bounds::default()
                };
                item.is_none() && self.ck.meets(ty, ord, &self.generics)
            }
            B::SwapIf => is_bool(ty),
            B::Overflows(_) | B::Saturating(_) => self.is_int(ty),
        }
    }

    /// Whether a function of the library that the program does not use yet takes a value of this type first, as far as its head says.
    fn takes(&self, item: &Item, ty: &Ty) -> bool {
        let ItemKind::Fn(decl) = &item.kind else {
            return false;
        };
        let first = decl.params.first();
        first.is_some_and(|param| self.resembles(&param.ty, ty, &decl.generics))
    }

    fn resembles(&self, written: &Type, ty: &Ty, generics: &[crate::ast::Generic]) -> bool {
        match (&written.kind, ty) {
            (TypeKind::Secret(inner), ty) => self.resembles(inner, ty, generics),
            (TypeKind::Array(inner, _), Ty::Array(item, _)) => {
                self.resembles(inner, item, generics)
            }
            (TypeKind::Array(inner, _), Ty::Ragged(item, _)) => match &inner.kind {
                TypeKind::Array(inner, _) => self.resembles(inner, item, generics),
                _ => false,
            },
            (TypeKind::Tuple(parts), Ty::Tuple(types)) => {
                let all = || parts.iter().zip(types);
                parts.len() == types.len() && all().all(|(p, t)| self.resembles(p, t, generics))
            }
            (TypeKind::Path(path), ty) => {
                let [name] = path.parts.as_slice() else {
                    return false;
                };
                let generic = generics.iter().find(|g| g.name.text == name.text);
                match generic.map(|g| &g.kind) {
                    Some(GenericKind::Type(bounds)) => {
                        let has = |bound: &str| bounds.iter().any(|b| b.text == bound);
                        let want = Bounds {
                            eq: has("Eq"),
                            ord: has("Ord"),
                            num: has("Num"),
                            int: has("Int"),
                            narrow: has("Narrow"),
                        };
                        self.ck.meets(ty, want, &self.generics)
                    }
                    Some(GenericKind::Const(_)) => false,
                    None => match ty {
                        Ty::Real(Real::Fixed { .. }, _) => name.text == "fixed",
                        Ty::Scalar(..) | Ty::Real(..) | Ty::Text(..) | Ty::Usize => {
                            self.show(&ty.clone().public()) == name.text
                        }
                        // The library's own structs are known where its modules are.
                        _ => false,
                    },
                }
            }
            _ => false,
        }
    }
}
