//! Enums: what their variants hold, and in which fields.
//!
//! An enum is a tag and fields that its variants share. What a variant holds is taken apart into parts (scalars, arrays,
//! type parameters), and parts of one type in different variants have one field. The fields of a variant stand in the
//! order of its parts, so that values of one variant are compared by their parts when the fields are compared in order:
//! the fields of all variants are a shortest sequence in which each variant's parts occur in order.

use super::in_files::{Named, Texts};
use super::signature::{TypeCx, id};
use super::{Bounds, Checker, Form, GenericInfo, VariantFieldSig, VariantSig};
use crate::ast::{self, VariantFields};
use crate::diagnostic;
use crate::hir::{Len, StructId, ValueRange};
use crate::source::Span;
use crate::types::{Fields as _, Ty};
use smpcc_circuit::value::Integer;

/// Most variants of an enum.
const MAX_VARIANTS: usize = 1024;

/// One part of what a variant holds.
struct Part {
    /// What leads to it from the variant.
    path: String,
    ty: Ty,
    range: Option<ValueRange>,
}

impl Checker<'_> {
    /// Resolves what the variants of an enum hold. Until [`Checker::share_slots`] each has fields of its own.
    pub fn declare_variants(
        &mut self,
        at: usize,
        decl: &ast::EnumDecl,
        module: usize,
        generics: &[GenericInfo],
    ) {
        let mut variants: Vec<VariantSig> = Vec::new();
        let mut texts = Texts::of(Named::Variant);
        if decl.variants.is_empty() || decl.variants.len() > MAX_VARIANTS {
            let n = decl.variants.len();
            let (name, span) = (&decl.name.text, decl.name.span);
            let error = diagnostic!(E3022, span, "`{name}` has {n} variants");
            let help = format!("an enum has 1 to {MAX_VARIANTS} variants");
            self.report(error.here("not possible").help(help));
        }
        for variant in decl.variants.iter().take(MAX_VARIANTS) {
            let name = variant.name.text.clone();
            if let Some(first) = variants.iter().find(|v| v.name == name) {
                let error = diagnostic!(E2003, variant.name.span, "`{name}` is defined twice")
                    .here("defined again here")
                    .because(first.span, "first defined here");
                self.report(error.help("rename one of them"));
                continue;
            }
            let text = texts.push(self, &variant.name, &variant.attributes);
            let (form, fields) = self.variant_fields(&variant.fields, module, generics);
            variants.push(VariantSig {
                name,
                text,
                span: variant.name.span,
                form,
                fields,
            });
        }
        let sig = &mut self.structs.0[at];
        for field in variants.iter().flat_map(|v| &v.fields) {
            sig.names.push(field.name.clone());
            sig.types.push(field.ty.clone());
            sig.ranges.push(field.range);
            sig.spans.push(field.span);
        }
        sig.variants = variants;
    }

    fn variant_fields(
        &mut self,
        fields: &VariantFields,
        module: usize,
        generics: &[GenericInfo],
    ) -> (Form, Vec<VariantFieldSig>) {
        let mut out: Vec<VariantFieldSig> = Vec::new();
        let mut add = |ck: &mut Self, name: String, text: String, span: Span, ty: &ast::Type| {
            let mut range = None;
            let cx = TypeCx {
                module,
                generics,
                callable: false,
                range: Some(&mut range),
            };
            let found = ck.ty(ty, cx);
            let found = if has_open_len(&found) {
                let error = diagnostic!(E3022, ty.span, "what a variant holds has a known length")
                    .here("this length is open");
                ck.report(error.help("write the length, or a const parameter of the enum"));
                Ty::Never
            } else {
                found
            };
            out.push(VariantFieldSig {
                name,
                text,
                ty: found,
                range,
                span,
                slots: Vec::new(),
            });
        };
        let form = match fields {
            VariantFields::Unit => Form::Unit,
            VariantFields::Tuple(types) => {
                for (at, ty) in types.iter().enumerate() {
                    add(self, at.to_string(), at.to_string(), ty.span, ty);
                }
                Form::Tuple
            }
            VariantFields::Struct(fields) => {
                let mut seen: Vec<&str> = Vec::new();
                let mut texts = Texts::default();
                for field in fields {
                    let name = &field.name;
                    if seen.contains(&name.text.as_str()) {
                        let error = diagnostic!(
                            E2003,
                            name.span,
                            "the field `{}` is declared twice",
                            name.text
                        );
                        self.report(error.here("declared again here").help("rename one of them"));
                        continue;
                    }
                    seen.push(&name.text);
                    let text = texts.push(self, name, &field.attributes);
                    add(self, name.text.clone(), text, name.span, &field.ty);
                }
                Form::Struct
            }
        };
        (form, out)
    }

    /// Gives the variants of all enums the fields that they share.
    pub fn share_slots(&mut self) {
        let mut done = vec![false; self.structs.0.len()];
        for at in 0..done.len() {
            self.share_slots_of(at, &mut done);
        }
    }

    fn share_slots_of(&mut self, at: usize, done: &mut [bool]) {
        if std::mem::replace(&mut done[at], true) || !self.structs.0[at].is_enum {
            return;
        }
        // What was refused because it would hold itself has no type any more.
        let mut types = std::mem::take(&mut self.structs.0[at].types).into_iter();
        let mut variants = std::mem::take(&mut self.structs.0[at].variants);
        for field in variants.iter_mut().flat_map(|v| &mut v.fields) {
            field.ty = types.next().unwrap_or(Ty::Never);
        }
        for field in variants.iter().flat_map(|v| &v.fields) {
            for inner in super::declare::structs_in(&field.ty) {
                self.share_slots_of(inner.index(), done);
            }
        }
        let mut slots: Vec<Part> = Vec::new();
        let mut users: Vec<usize> = Vec::new();
        for v in 0..variants.len() {
            let mut parts = Vec::new();
            let mut counts = Vec::new();
            for field in &variants[v].fields {
                let before = parts.len();
                let path = format!("{}.{}", variants[v].text, field.name);
                self.parts_within(&path, &field.ty, field.range, &mut parts);
                counts.push(parts.len() - before);
            }
            let (mine, moved) = merged(&mut slots, &mut users, parts);
            let renumber =
                |slot: &mut u32| *slot = moved.get(*slot as usize - 1).copied().unwrap_or(0);
            let earlier = variants[..v].iter_mut().flat_map(|v| &mut v.fields);
            earlier.flat_map(|f| &mut f.slots).for_each(renumber);
            let mut mine = mine.into_iter();
            for (field, n) in variants[v].fields.iter_mut().zip(counts) {
                field.slots = mine.by_ref().take(n).collect();
            }
        }
        let n = variants.len().max(1) as u128;
        let tag = Ty::int((128 - (n - 1).leading_zeros()).max(1) as u8, false);
        let sig = &mut self.structs.0[at];
        sig.names = vec![String::new()];
        sig.types = vec![tag];
        sig.ranges = vec![Some(ValueRange {
            lo: Integer::natural(0),
            hi: Integer::natural(n - 1),
        })];
        sig.spans = vec![sig.span; slots.len() + 1];
        for (slot, users) in slots.into_iter().zip(users) {
            sig.names.push(slot.path);
            sig.types.push(slot.ty);
            let unused = users < variants.len();
            let range = slot.range.map(|r| if unused { r.or_zero() } else { r });
            sig.ranges.push(range);
        }
        sig.variants = variants;
    }

    fn parts_within(&self, path: &str, ty: &Ty, range: Option<ValueRange>, out: &mut Vec<Part>) {
        let Some(parts) = self.parts(ty) else {
            out.push(Part {
                path: path.to_owned(),
                ty: ty.clone(),
                range,
            });
            return;
        };
        for (at, part) in parts.iter().enumerate() {
            let (name, own) = match ty {
                Ty::Struct { id, .. } => {
                    let sig = &self.structs.0[id.index()];
                    (sig.names[at].clone(), sig.ranges[at])
                }
                _ => (at.to_string(), None),
            };
            let path = if name.is_empty() {
                path.to_owned()
            } else {
                format!("{path}.{name}")
            };
            self.parts_within(&path, part, own.or(range), out);
        }
    }

    /// The types of what a tuple, struct or enum is made of.
    pub fn parts(&self, ty: &Ty) -> Option<Vec<Ty>> {
        match ty {
            Ty::Tuple(parts) => Some(parts.clone()),
            Ty::Struct { id, args, secret } => {
                let of = |t: &Ty| t.clone().substitute(args).with(*secret);
                Some(self.structs.fields(*id).iter().map(of).collect())
            }
            _ => None,
        }
    }

    /// Whether all parts of a type can do what the bounds ask.
    pub fn parts_meet(&self, ty: &Ty, want: Bounds, generics: &[GenericInfo]) -> bool {
        match ty {
            Ty::Array(t, _) => self.meets(t, want, generics),
            other => self
                .parts(other)
                .is_some_and(|parts| parts.iter().all(|t| self.meets(t, want, generics))),
        }
    }

    /// Whether a type is an enum, and which.
    pub fn enum_of(&self, ty: &Ty) -> Option<StructId> {
        match ty {
            Ty::Struct { id, .. } => self
                .structs
                .0
                .get(id.index())
                .filter(|s| s.is_enum)
                .map(|_| *id),
            _ => None,
        }
    }
}

fn has_open_len(ty: &Ty) -> bool {
    match ty {
        Ty::Array(t, n) => matches!(n, Len::Session | Len::Parties(_)) || has_open_len(t),
        Ty::Ragged(..) => true,
        other => other.children().into_iter().any(has_open_len),
    }
}

/// Puts `parts` among the slots, with as few new ones as keep both in order. Numbers, counted from 1, of the parts and of
/// the slots that were there.
fn merged(slots: &mut Vec<Part>, users: &mut Vec<usize>, parts: Vec<Part>) -> (Vec<u32>, Vec<u32>) {
    let (n, m) = (slots.len(), parts.len());
    // The longest common sequence of what is left of both.
    let mut common = vec![vec![0u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            common[i][j] = if slots[i].ty == parts[j].ty {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut mine, mut moved) = (Vec::new(), Vec::new());
    let mut out: Vec<Part> = Vec::new();
    let mut counts = Vec::new();
    let mut old = std::mem::take(slots).into_iter().zip(std::mem::take(users));
    let mut new = parts.into_iter();
    let (mut i, mut j) = (0, 0);
    while i < n || j < m {
        // Only two of one type make the common sequence longer.
        let together = i < n && j < m && common[i][j] > common[i + 1][j].max(common[i][j + 1]);
        let number = id(out.len() + 1);
        if together {
            if let (Some((slot, count)), Some(part)) = (old.next(), new.next()) {
                let range = match (slot.range, part.range) {
                    (Some(a), Some(b)) => Some(ValueRange {
                        lo: a.lo.min(b.lo),
                        hi: a.hi.max(b.hi),
                    }),
                    _ => None,
                };
                out.push(Part { range, ..slot });
                counts.push(count + 1);
            }
            moved.push(number);
            mine.push(number);
            (i, j) = (i + 1, j + 1);
        } else if i < n && (j == m || common[i + 1][j] >= common[i][j + 1]) {
            if let Some((slot, count)) = old.next() {
                out.push(slot);
                counts.push(count);
            }
            moved.push(number);
            i += 1;
        } else {
            out.extend(new.next());
            counts.push(1);
            mine.push(number);
            j += 1;
        }
    }
    (*slots, *users) = (out, counts);
    (mine, moved)
}
