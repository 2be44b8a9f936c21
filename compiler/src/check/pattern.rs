//! Patterns: the condition under which a value is like that, what is bound then, and which values it covers.
//!
//! A pattern is checked against an expression that reads a variable or a part of one, so that it may be written any number
//! of times. Nothing is computed for a part that the pattern does not look at.

mod named;
mod values;

use super::body::{Body, Typed};
use super::cover::{Cover, Ctor, Pat, Space};
use super::{Form, VariantSig, flow};
use crate::ast::{self, Name, Pattern, PatternKind};
use crate::diagnostic;
use crate::diagnostic::listed;
use crate::hir::{self, ExprKind as H, Len, LocalId};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::Ty;
use smpcc_circuit::value::Scalar;
use values::integers;

/// What a pattern asks of a value and binds.
#[derive(Default)]
pub(crate) struct Found {
    /// Truth values that must all hold.
    pub conditions: Vec<Typed>,
    /// In the order in which they are written.
    pub binds: Vec<Bind>,
    /// Whether a name may be that of a constant, which the value must equal.
    pub constants: bool,
}

/// A name that a pattern binds.
#[derive(Clone)]
pub(crate) struct Bind {
    pub name: Name,
    pub mutable: bool,
    pub value: Typed,
}

impl Body<'_, '_> {
    /// Checks a pattern against a value.
    pub fn pattern(&mut self, p: &Pattern, value: &Typed, found: &mut Found) -> Pat {
        match &p.kind {
            PatternKind::Wild => Pat::Any,
            PatternKind::Rest => {
                let error = diagnostic!(E3022, p.span, "`..` stands among parts").here("not here");
                let help = "write `_` for a value that does not matter";
                self.report(error.help(help));
                Pat::Any
            }
            PatternKind::Bind { mutable, name } => self.bare_name(*mutable, name, value, found),
            PatternKind::Tuple(parts) => self.tuple_pattern(parts, value, p.span, found),
            PatternKind::Array(parts) => self.array_pattern(parts, value, p.span, found),
            PatternKind::Literal(e) => self.literal_pattern(e, value, found),
            PatternKind::Range { lo, hi, inclusive } => self.range_pattern(
                lo.as_deref(),
                hi.as_deref(),
                *inclusive,
                value,
                p.span,
                found,
            ),
            PatternKind::Path(path) => self.path_pattern(path, value, found),
            PatternKind::Variant(path, parts) => {
                self.variant_pattern(path, parts, value, p.span, found)
            }
            PatternKind::Struct(path, fields) => {
                self.struct_pattern(path, fields, value, p.span, found)
            }
            PatternKind::Or(all) => self.alternatives(all, value, p.span, found),
        }
    }

    fn bind_name(&mut self, mutable: bool, name: &Name, value: &Typed, found: &mut Found) {
        if let Some(first) = found.binds.iter().find(|b| b.name.text == name.text) {
            let text = &name.text;
            let error = diagnostic!(E2003, name.span, "`{text}` is bound twice in one pattern")
                .here("bound again here")
                .because(first.name.span, "first bound here");
            self.report(error.help("rename one of them"));
            return;
        }
        found.binds.push(Bind {
            name: name.clone(),
            mutable,
            value: Typed {
                span: name.span,
                ..value.clone()
            },
        });
    }

    fn bare_name(&mut self, mutable: bool, name: &Name, value: &Typed, found: &mut Found) -> Pat {
        let known = match self.ck.world.lookup(self.module, &name.text) {
            Some(Def::Variant(..)) => true,
            Some(Def::Const(_)) => found.constants,
            _ => false,
        };
        if known && !mutable {
            let path = ast::Path {
                parts: vec![name.clone()],
                args: Vec::new(),
                span: name.span,
            };
            return self.path_pattern(&path, value, found);
        }
        if let Some(id) = self.ck.enum_of(&value.ty)
            && let Some(Def::Variant(..)) = self.ck.variant_of(id, name)
        {
            let (of, text) = (self.ck.structs.0[id.index()].name.clone(), &name.text);
            let error = diagnostic!(E2020, name.span, "`{text}` alone would bind any value");
            let help = format!("write `{of}::{text}`");
            self.report(error.here("a new variable").help(help));
            return Pat::Some;
        }
        self.bind_name(mutable, name, value, found);
        Pat::Any
    }

    /// The positions of a value's parts for patterns among which may be one `..`.
    fn positions(&mut self, parts: &[Pattern], n: usize, span: Span, shown: &str) -> Vec<usize> {
        let is_rest = |p: &Pattern| matches!(p.kind, PatternKind::Rest);
        let rests: Vec<usize> = (0..parts.len()).filter(|&at| is_rest(&parts[at])).collect();
        let n_named = parts.len() - rests.len();
        let fits = match rests.as_slice() {
            [] => n_named == n,
            [_] => n_named <= n,
            [_, again, ..] => {
                let error = diagnostic!(E3022, parts[*again].span, "`..` stands twice");
                self.report(error.here("again").help("keep one of them"));
                return Vec::new();
            }
        };
        if !fits {
            let error = diagnostic!(
                E3001,
                span,
                "this pattern has {n_named} parts, the value is `{shown}`"
            );
            self.report(
                error
                    .here("does not fit the value")
                    .help("bind the value to one name, or give one name per part"),
            );
            return Vec::new();
        }
        let before = rests.first().copied().unwrap_or(parts.len());
        (0..before).chain(n - (n_named - before)..n).collect()
    }

    fn parts_of(
        &mut self,
        parts: &[Pattern],
        positions: &[usize],
        n: usize,
        values: &mut dyn FnMut(&Self, usize) -> Typed,
        found: &mut Found,
    ) -> Vec<Pat> {
        let mut pats = vec![Pat::Any; n];
        let named = parts
            .iter()
            .filter(|p| !matches!(p.kind, PatternKind::Rest));
        // What does not fit its value still binds its names.
        let places = positions.iter().map(|at| Some(*at));
        for (part, at) in named.zip(places.chain(std::iter::repeat(None))) {
            let value = match at {
                Some(at) => values(self, at),
                None => Typed::poison(part.span),
            };
            let pat = self.pattern(part, &value, found);
            if let Some(at) = at {
                pats[at] = pat;
            }
        }
        pats
    }

    fn tuple_pattern(
        &mut self,
        parts: &[Pattern],
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let types = match &value.ty {
            Ty::Tuple(types) => types.clone(),
            Ty::Never => vec![Ty::Never; parts.len()],
            other => {
                let shown = self.show(other);
                let error = diagnostic!(
                    E3001,
                    span,
                    "this pattern has {} parts, the value is `{shown}`",
                    parts.len()
                );
                let error = error.here("does not fit the value");
                self.report(error.help("bind the value to one name, or give one name per part"));
                vec![Ty::Never; parts.len()]
            }
        };
        let shown = self.show(&value.ty);
        let positions = if types.iter().all(Ty::is_never) {
            Vec::new()
        } else {
            self.positions(parts, types.len(), span, &shown)
        };
        let mut part = |_: &Self, at: usize| part_of(value, at, &types[at]);
        let pats = self.parts_of(parts, &positions, types.len(), &mut part, found);
        Pat::Of(Ctor::Whole, pats)
    }

    fn array_pattern(
        &mut self,
        parts: &[Pattern],
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let shown = self.show(&value.ty);
        let (item, n) = match &value.ty {
            Ty::Array(item, Len::Const(n)) => ((**item).clone(), *n),
            Ty::Never => (Ty::Never, 0),
            other => {
                let is_array = matches!(other, Ty::Array(..) | Ty::Ragged(..));
                let error = diagnostic!(
                    E3001,
                    span,
                    "this pattern is an array, the value is `{shown}`"
                )
                .here("does not fit the value");
                self.report(error.help(if is_array {
                    "only arrays whose length stands in the program are taken apart"
                } else {
                    "bind the value to one name"
                }));
                (Ty::Never, 0)
            }
        };
        let positions = if item.is_never() {
            Vec::new()
        } else {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            self.positions(parts, n, span, &shown)
        };
        // Only what is looked at counts: arrays are long.
        let mut place = 0;
        let mut element = |_: &Self, _: usize| {
            let at = positions.get(place).copied().unwrap_or(0) as u128;
            place += 1;
            let index = Typed::new(H::Lit(at), Ty::Usize, value.span);
            let kind = H::Index(value.clone().boxed(), index.boxed());
            Typed::new(kind, item.clone(), value.span)
        };
        let all: Vec<usize> = (0..positions.len()).collect();
        let pats = self.parts_of(parts, &all, positions.len(), &mut element, found);
        let any = pats.iter().all(|p| matches!(p, Pat::Any));
        // Elements are not told apart for covering.
        if any { Pat::Any } else { Pat::Some }
    }

    fn alternatives(
        &mut self,
        all: &[Pattern],
        value: &Typed,
        span: Span,
        found: &mut Found,
    ) -> Pat {
        let mut sides = Vec::new();
        let mut pats = Vec::new();
        for one in all {
            let mut side = Found {
                constants: found.constants,
                ..Found::default()
            };
            pats.push(self.pattern(one, value, &mut side));
            sides.push(side);
        }
        let names = |side: &Found| {
            let mut names: Vec<String> = side.binds.iter().map(|b| b.name.text.clone()).collect();
            names.sort_unstable();
            names
        };
        let first = sides.first().map(names).unwrap_or_default();
        for (one, side) in all.iter().zip(&sides) {
            if names(side) != first {
                let error = diagnostic!(E2001, one.span, "all alternatives bind the same names");
                let error = error.here("binds others");
                self.report(error.help("use `_` for what is not needed, or two arms"));
                return Pat::Or(pats);
            }
        }
        let conditions: Vec<Option<Typed>> = sides
            .iter()
            .map(|side| all_of(self, &side.conditions))
            .collect();
        // A name is what the first alternative that fits binds.
        for bind in sides.first().map_or(&[][..], |side| &side.binds) {
            let mut value: Option<Typed> = None;
            for (side, condition) in sides.iter().zip(&conditions).rev() {
                let Some(own) = side.binds.iter().find(|b| b.name.text == bind.name.text) else {
                    continue;
                };
                let own = &own.value;
                value = match (value, condition) {
                    (Some(other), Some(condition)) => self.either(condition, own, &other, span),
                    _ => Some(own.clone()),
                };
            }
            let value = value.unwrap_or(Typed::poison(span));
            self.bind_name(bind.mutable, &bind.name, &value, found);
        }
        // One that always fits makes the others superfluous.
        let mut any: Option<Typed> = None;
        for condition in conditions.into_iter().rev() {
            any = match (condition, any) {
                (None, _) => return Pat::Or(pats),
                (Some(condition), None) => Some(condition),
                (Some(condition), Some(any)) => Some(joined(self, condition, any, false)),
            };
        }
        found.conditions.extend(any);
        Pat::Or(pats)
    }

    fn either(&mut self, condition: &Typed, a: &Typed, b: &Typed, span: Span) -> Option<Typed> {
        let Some(ty) = a.ty.join(&b.ty, &self.ck.structs) else {
            let (x, y) = (self.show(&a.ty), self.show(&b.ty));
            let error = diagnostic!(E3001, span, "the alternatives bind `{x}` and `{y}`");
            self.report(error.here("different types").help("use two arms"));
            return None;
        };
        let ty = ty.with(self.secrecy(&condition.ty));
        let kind = H::If {
            cond: condition.clone().boxed(),
            then: a.clone().boxed(),
            otherwise: Some(b.clone().boxed()),
        };
        Some(Typed::new(kind, ty, span))
    }

    /// Declares what a pattern binds.
    pub fn declare_binds(&mut self, binds: &[Bind], out: &mut Vec<hir::Stmt>) -> Vec<LocalId> {
        let mut ids = Vec::new();
        for bind in binds {
            let ty = self.keepable(&bind.value.ty, bind.name.span);
            let value = bind.value.clone().hir();
            let cause = flow::cause_of(&value);
            let id = self.declare(&bind.name, ty, bind.mutable, cause);
            out.push(hir::Stmt::Let(id, Some(value)));
            ids.push(id);
        }
        ids
    }

    /// Binds the parts of a pattern that every value is like to the parts of a variable.
    pub fn destructure(&mut self, pattern: &Pattern, id: LocalId, out: &mut Vec<hir::Stmt>) {
        let ty = self.locals[id.index()].ty.clone();
        let value = flow::read(id, &ty, pattern.span);
        let mut found = Found::default();
        let pat = self.pattern(pattern, &value, &mut found);
        let missing = self.missing(&ty, std::slice::from_ref(&pat));
        if !missing.is_empty() && !found.conditions.is_empty() {
            let list = listed(missing.iter().map(String::as_str));
            let error = diagnostic!(E3030, pattern.span, "not every value is like this: {list}");
            let help = "use `if let` or `match`, which say what happens otherwise";
            self.report(error.here("leaves values out").help(help));
        }
        self.declare_binds(&found.binds, out);
    }

    /// A few values of a type that no pattern covers.
    pub fn missing(&self, ty: &Ty, pats: &[Pat]) -> Vec<String> {
        let space = |ty: &Ty| self.space(ty);
        let mut cover = Cover::new(&space);
        let missing = cover.missing(ty, pats, 4);
        if missing.is_empty() && cover.is_too_hard() {
            return vec!["_".to_owned()];
        }
        missing
    }

    /// For each pattern whether it covers anything that those before it do not; nothing is said of what is `None`, which
    /// covers nothing for those after it.
    pub fn useful(&self, ty: &Ty, pats: &[(Pat, bool)]) -> Vec<bool> {
        let space = |ty: &Ty| self.space(ty);
        let mut cover = Cover::new(&space);
        let mut before: Vec<Pat> = Vec::new();
        let mut out = Vec::new();
        for (pat, always) in pats {
            out.push(cover.useful(ty, &before, pat));
            if *always {
                before.push(pat.clone());
            }
        }
        out
    }

    /// What the values of a type can be.
    fn space(&self, ty: &Ty) -> Space<Ty> {
        if let Some(scalar) = integers(ty) {
            let below_zero = if scalar.is_signed() {
                (scalar.mask() >> 1) + 1
            } else {
                0
            };
            return Space::Ints {
                max: scalar.mask(),
                below_zero,
            };
        }
        match ty {
            Ty::Scalar(Scalar::Bool, _) => Space::Bools,
            Ty::Tuple(types) => Space::Whole("(", ")", types.clone()),
            Ty::Struct { id, args, secret } => {
                let sig = &self.ck.structs.0[id.index()];
                let of = |t: &Ty| t.clone().substitute(args).with(*secret);
                if !sig.is_enum {
                    return Space::Whole("{ ", " }", sig.types.iter().map(of).collect());
                }
                let bare = self.ck.world.lookup(self.module, &sig.name);
                let variant = |v: &VariantSig| {
                    let alone = matches!(
                        self.ck.world.lookup(self.module, &v.name),
                        Some(Def::Variant(..))
                    ) && bare == Some(Def::Struct(*id));
                    let name = if alone {
                        v.name.clone()
                    } else {
                        format!("{}::{}", sig.name, v.name)
                    };
                    let names = (v.form == Form::Struct)
                        .then(|| v.fields.iter().map(|f| f.name.clone()).collect());
                    (name, names, v.fields.iter().map(|f| of(&f.ty)).collect())
                };
                Space::Variants(sig.variants.iter().map(variant).collect())
            }
            _ => Space::Other,
        }
    }
}

/// All of these truth values; none if there are none.
pub(crate) fn all_of(body: &Body<'_, '_>, conditions: &[Typed]) -> Option<Typed> {
    let mut all = conditions.iter().cloned();
    let first = all.next()?;
    Some(all.fold(first, |a, b| joined(body, a, b, true)))
}

/// `a && b` or `a || b`
pub(crate) fn joined(body: &Body<'_, '_>, a: Typed, b: Typed, both: bool) -> Typed {
    let secrecy = body.secrecy(&a.ty).join(body.secrecy(&b.ty));
    let span = a.span;
    let (a, b) = (a.boxed(), b.boxed());
    let kind = if both {
        H::LogicalAnd(a, b)
    } else {
        H::LogicalOr(a, b)
    };
    Typed::new(kind, Ty::Scalar(Scalar::Bool, secrecy), span)
}

/// Part `at` of a value.
fn part_of(value: &Typed, at: usize, ty: &Ty) -> Typed {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    Typed::new(H::Field(value.clone().boxed(), at), ty.clone(), value.span)
}
