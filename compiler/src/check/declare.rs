//! Declarations: roles, structs and the heads of functions.

use super::consts::Known;
use super::signature::{MAX_LEAVES, TypeCx, id};
use super::{Bounds, Checker, FnSig, GenericInfo, ParamSig, StructSig};
use crate::ast::{self, Expr};
use crate::diagnostic;
use crate::diagnostic::suggestion_after;
use crate::hir::{self, GenericKind, StructId};
use crate::index::Kind as Named;
use crate::resolve::{Placed, TypeDecl};
use crate::source::Span;
use crate::types::{Arg, Ty};
use smpcc_circuit::value::Scalar;

impl Checker<'_> {
    /// Declares the roles; without any there is one for everybody.
    pub fn declare_roles(&mut self) {
        for Placed { decl, .. } in &self.world.parties {
            let (mut min, mut max) = (1, Some(1));
            let count = decl.count.as_ref().map(|count| match count {
                ast::PartyCount::Exactly(n) => (n, Some(n), true),
                ast::PartyCount::Range { lo, hi, inclusive } => (lo, hi.as_ref(), *inclusive),
            });
            if let Some((first, last, inclusive)) = count {
                let lo = self.party_number(first);
                let hi = last.map(|hi| self.party_number(hi));
                min = lo.unwrap_or(1);
                max = match hi {
                    None => None,
                    Some(hi) => hi.map(|hi| if inclusive { hi } else { hi.saturating_sub(1) }),
                };
                if let (Some(lo), Some(Some(hi))) = (lo, hi)
                    && (lo > hi || lo == hi && !inclusive || max == Some(0))
                {
                    let span = first.span;
                    let error = diagnostic!(E3024, span, "no number of parties is in this range")
                        .here("empty range");
                    self.report(error.help("write for example `[2..]` or `[2..=5]`"));
                    max = Some(min.max(1));
                }
            }
            self.roles.push(hir::Role {
                name: decl.name.text.clone(),
                is_array: decl.count.is_some(),
                min,
                max,
                span: decl.name.span,
            });
        }
        if self.roles.is_empty() {
            let span = Span::default();
            self.roles.push(hir::Role {
                name: "party".into(),
                is_array: true,
                min: 1,
                max: None,
                span,
            });
        }
    }

    pub fn party_number(&mut self, e: &Expr) -> Option<u32> {
        let value = self
            .evaluate(e, crate::resolve::ROOT, Some(Scalar::USIZE))
            .ok()
            .and_then(Known::to_u64)
            .and_then(|v| u32::try_from(v).ok());
        if value.is_none() {
            let error = diagnostic!(E3024, e.span, "a number of parties is a constant");
            self.report(
                error
                    .here("not a constant")
                    .help("write for example `party bidder[2..];`"),
            );
        }
        value
    }

    /// The role of this name.
    pub fn role(&mut self, name: &ast::Name) -> Option<hir::RoleId> {
        let at = self
            .world
            .parties
            .iter()
            .position(|p| p.decl.name.text == name.text);
        if let Some(at) = at {
            self.refer(name, self.world.parties[at].decl.name.span);
            return Some(hir::RoleId(id(at)));
        }
        let error =
            diagnostic!(E2007, name.span, "there is no role `{}`", name.text).here("unknown role");
        let names = self.world.parties.iter().map(|p| p.decl.name.text.as_str());
        let error = match suggestion_after(self.out.len(), &name.text, names) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("declare it: `party {};`", name.text)),
        };
        self.report(error);
        None
    }

    pub fn generics(&mut self, list: &[ast::Generic], module: usize) -> Vec<GenericInfo> {
        let mut out: Vec<GenericInfo> = Vec::new();
        for generic in list {
            let name = generic.name.text.clone();
            if out.iter().any(|g| g.name == name) {
                let error = diagnostic!(
                    E2003,
                    generic.name.span,
                    "the parameter `{name}` is declared twice"
                );
                self.report(error.here("declared again here").help("rename one of them"));
            }
            let (kind, bounds) = match &generic.kind {
                ast::GenericKind::Type(names) => (GenericKind::Type, self.bounds(names)),
                ast::GenericKind::Const(ty) => {
                    let found = self.plain_type(ty, module, &out);
                    if !matches!(found, Ty::Usize | Ty::Never) {
                        let error = diagnostic!(E3022, ty.span, "a const parameter is a `usize`")
                            .here("not `usize`");
                        self.report(error.help(format!("write `const {name}: usize`")));
                    }
                    (GenericKind::Const, Bounds::default())
                }
            };
            out.push(GenericInfo {
                name,
                kind,
                bounds,
                span: generic.name.span,
            });
        }
        out
    }

    pub fn bounds(&mut self, names: &[ast::Name]) -> Bounds {
        let mut b = Bounds::default();
        for name in names {
            self.refer_known(name, Named::Bound);
            match name.text.as_str() {
                "Eq" => b.eq = true,
                "Ord" => (b.eq, b.ord) = (true, true),
                "Num" => (b.eq, b.ord, b.num) = (true, true, true),
                "Int" => (b.eq, b.ord, b.num, b.int) = (true, true, true, true),
                "Narrow" => {
                    b = Bounds {
                        eq: true,
                        ord: true,
                        num: true,
                        int: true,
                        narrow: true,
                    }
                }
                other => {
                    let error = diagnostic!(E2002, name.span, "there is no bound `{other}`")
                        .here("unknown bound");
                    self.report(error.help("bounds are `Eq`, `Ord`, `Num`, `Int` and `Narrow`"));
                }
            }
        }
        b
    }

    /// What attributes before a block ask for.
    pub fn attribute(
        &mut self,
        attributes: &[ast::Attribute],
        out: &mut Vec<crate::diagnostic::Diagnostic>,
    ) -> crate::resolve::Wishes {
        crate::resolve::wishes(attributes, &mut self.index, out)
    }

    /// Resolves all structs.
    pub fn declare_structs(&mut self) {
        // Names and generics first, so that fields may mention any struct.
        for item in &self.world.structs {
            let generics = self.generics(item.decl.generics(), item.module);
            self.structs.0.push(StructSig {
                name: item.decl.name().text.clone(),
                generics,
                names: Vec::new(),
                texts: Vec::new(),
                types: Vec::new(),
                ranges: Vec::new(),
                spans: Vec::new(),
                span: item.decl.name().span,
                leaves: 1,
                variants: Vec::new(),
                is_enum: matches!(item.decl, TypeDecl::Enum(_)),
            });
        }
        for (at, item) in self.world.structs.iter().enumerate() {
            let generics = self.structs.0[at].generics.clone();
            let fields = match &item.decl {
                TypeDecl::Struct(decl) => &decl.fields,
                TypeDecl::Enum(decl) => {
                    self.declare_variants(at, decl, item.module, &generics);
                    continue;
                }
            };
            let (mut names, mut types, mut ranges, mut spans) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let mut texts = super::in_files::Texts::default();
            for field in fields {
                let ast::FieldDecl { name, ty, .. } = field;
                if names.contains(&name.text) {
                    let error = diagnostic!(
                        E2003,
                        name.span,
                        "the field `{}` is declared twice",
                        name.text
                    );
                    self.report(error.here("declared again here").help("rename one of them"));
                    continue;
                }
                let mut range = None;
                let cx = TypeCx {
                    module: item.module,
                    generics: &generics,
                    callable: false,
                    range: Some(&mut range),
                };
                types.push(self.ty(ty, cx));
                texts.push(self, name, &field.attributes);
                names.push(name.text.clone());
                ranges.push(range);
                spans.push(name.span);
            }
            let sig = &mut self.structs.0[at];
            (sig.names, sig.types, sig.ranges, sig.spans) = (names, types, ranges, spans);
            sig.texts = texts.finish();
        }
        self.refuse_infinite_structs();
        self.share_slots();
    }

    /// Structs that hold themselves, or so much that looking through them would take for ever, lose their fields.
    pub fn refuse_infinite_structs(&mut self) {
        let n = self.structs.0.len();
        // 0: not visited, 1: being visited, 2: done.
        let mut state = vec![0u8; n];
        let mut leaves = vec![1u64; n];
        for start in 0..n {
            self.count_leaves(start, &mut state, &mut leaves, 0);
        }
    }

    pub fn count_leaves(
        &mut self,
        at: usize,
        state: &mut [u8],
        leaves: &mut [u64],
        depth: u32,
    ) -> Option<u64> {
        match state[at] {
            2 => return Some(leaves[at]),
            1 => return None,
            _ => state[at] = 1,
        }
        let mut total = 0u64;
        for field in 0..self.structs.0[at].types.len() {
            let ty = self.structs.0[at].types[field].clone();
            for other in structs_in(&ty) {
                let counted = if depth > 200 {
                    None
                } else {
                    self.count_leaves(other.index(), state, leaves, depth + 1)
                };
                match counted {
                    Some(_) => {}
                    None => {
                        let (span, name) = (
                            self.structs.0[at].spans[field],
                            self.structs.0[at].name.clone(),
                        );
                        let error = diagnostic!(
                            E2009,
                            span,
                            "`{name}` would hold itself, or nests too deeply"
                        );
                        self.report(
                            error
                                .here("through this field")
                                .help("remove the field, or hold an index instead"),
                        );
                        self.structs.0[at].types[field] = Ty::Never;
                    }
                }
            }
            // All structs inside have been counted by now.
            total = total.saturating_add(self.leaves(&self.structs.0[at].types[field]));
        }
        if total > MAX_LEAVES {
            let (span, name) = (self.structs.0[at].span, self.structs.0[at].name.clone());
            let error = diagnostic!(E1007, span, "`{name}` has more than {MAX_LEAVES} parts");
            self.report(error.here("too large").help("use arrays"));
            self.structs.0[at]
                .types
                .iter_mut()
                .for_each(|t| *t = Ty::Never);
            total = 1;
        }
        state[at] = 2;
        self.structs.0[at].leaves = total.max(1);
        leaves[at] = total.max(1);
        Some(leaves[at])
    }

    /// At least as many as the type has leaves; arrays count once.
    pub fn leaves(&self, ty: &Ty) -> u64 {
        match ty {
            Ty::Array(t, _) | Ty::Ragged(t, _) | Ty::Wide(t, _) => self.leaves(t),
            Ty::Tuple(ts) => ts.iter().fold(1, |n, t| n.saturating_add(self.leaves(t))),
            Ty::Struct { id, args, .. } => {
                // Every field may hold the largest argument.
                let own = self.structs.0.get(id.index()).map_or(1, |s| s.leaves);
                let of = |a: &Arg| {
                    if let Arg::Type(t) = a {
                        self.leaves(t)
                    } else {
                        1
                    }
                };
                own.saturating_mul(args.iter().map(of).max().unwrap_or(1))
            }
            _ => 1,
        }
    }

    /// Resolves the heads of all functions; returns the contract of `main`, if there is one.
    pub fn declare_fns(&mut self) -> Option<hir::Main> {
        let mut contract = None;
        for (at, item) in self.world.fns.iter().enumerate() {
            let decl = &item.decl.decl;
            let is_main = item.module == crate::resolve::ROOT
                && decl.name.text == "main"
                && self.main.is_none();
            let mut generics = self.generics(&decl.generics, item.module);
            let function = hir::FnId(id(at));
            if let Some(import) = &item.decl.import {
                let sig = self.declare_circuit(decl, import, function, item.module);
                self.fns.push(sig);
                continue;
            }
            if is_main {
                self.main = Some(function);
                let (sig, main) = self.declare_main(decl, function, generics);
                self.fns.push(sig);
                contract = Some(main);
                continue;
            }
            let own = generics.clone();
            let mut params = Vec::new();
            for param in &decl.params {
                if let Some(from) = &param.from {
                    let error = diagnostic!(
                        E3014,
                        from.span,
                        "only parameters of `main` come from parties"
                    );
                    self.report(
                        error
                            .here("not in this function")
                            .help("remove it; `main` passes values on"),
                    );
                }
                let cx = TypeCx {
                    module: item.module,
                    generics: &own,
                    callable: true,
                    range: None,
                };
                let ty = self.ty(&param.ty, cx);
                if matches!(ty, Ty::Fn(_)) {
                    let kind = GenericKind::Callable;
                    generics.push(GenericInfo {
                        name: param.name.text.clone(),
                        kind,
                        bounds: Bounds::default(),
                        span: param.name.span,
                    });
                }
                params.push(ParamSig {
                    name: param.name.text.clone(),
                    ty,
                    span: param.name.span,
                });
            }
            let ret = match &decl.result {
                ast::Ret::None => Ty::unit(),
                ast::Ret::One(ty, to) => {
                    if let Some(to) = to {
                        let error =
                            diagnostic!(E3015, to.span, "only the result of `main` has receivers");
                        self.report(error.here("not in this function").help("remove it"));
                    }
                    self.plain_type(ty, item.module, &own)
                }
                ast::Ret::Fields(_, span) => {
                    let error = diagnostic!(
                        E3015,
                        *span,
                        "only the result of `main` has receivers per field"
                    );
                    self.report(
                        error
                            .here("not in this function")
                            .help("declare a struct and return it"),
                    );
                    Ty::Never
                }
            };
            self.fns.push(FnSig {
                generics,
                params,
                ret,
            });
        }
        contract
    }
}

/// The structs and enums that a type names.
pub(crate) fn structs_in(ty: &Ty) -> Vec<StructId> {
    fn walk(ty: &Ty, out: &mut Vec<StructId>) {
        if let Ty::Struct { id, .. } = ty {
            out.push(*id);
        }
        ty.children().into_iter().for_each(|t| walk(t, out));
    }
    let mut out = Vec::new();
    walk(ty, &mut out);
    out
}
