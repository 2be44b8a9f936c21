//! Assignment: what may change, and how secret it must be to change here.

use super::body::{Body, Typed, items};
use super::flow;
use super::operator::is_shift;
use crate::ast::{BinaryOp, Expr, ExprKind as E, MAX_LINKS};
use crate::diagnostic;
use crate::diagnostic::{Code, suggestion_after};
use crate::hir::effects::{Effects, is_total};
use crate::hir::{self, ExprKind as H, Len, LocalId, Place, PlaceStep};
use crate::source::Span;
use crate::types::{Secrecy, Ty};
use smpcc_circuit::value::{Integer, Scalar};

/// A place and what is known of it.
struct Target {
    place: Place,
    ty: Ty,
    /// How secret the indices are that lead to it.
    index: Secrecy,
    /// Reading it.
    read: Typed,
}

impl Body<'_, '_> {
    /// `place = value;` or `place op= value;`
    pub fn assign(
        &mut self,
        place: &Expr,
        op: Option<BinaryOp>,
        value: &Expr,
        span: Span,
        out: &mut Vec<hir::Stmt>,
    ) {
        let mut before = Vec::new();
        let target = self.target(place, op.is_some(), &mut before);
        let Some(target) = target else {
            self.expr(value, None);
            return;
        };
        let right = match op {
            Some(op) if is_shift(op) => self.unsigned(value, "a shift amount"),
            _ => self.expr(value, Some(&target.ty)),
        };
        let typed = match op {
            None => right,
            Some(op) => {
                if let Some(help) = self.declare_wider(&target, &right.ty) {
                    let (l, r) = (self.show(&target.ty), self.show(&right.ty));
                    let error = diagnostic!(E3001, span, "`{}` of `{l}` and `{r}`", op.symbol())
                        .here("the operands have different types")
                        .because(place.span, format!("this is `{l}`"))
                        .because(value.span, format!("this is `{r}`"));
                    self.report(error.help(help));
                    // What follows from its type is not worth saying.
                    self.locals[target.place.local.index()].ty = Ty::Never;
                    return;
                }
                if let (false, Some(shown)) = (is_shift(op), self.widened(&target.ty, &right.ty)) {
                    let (l, r) = (self.show(&target.ty), self.show(&right.ty));
                    let error = diagnostic!(E3001, span, "`{}` of `{l}` and `{r}`", op.symbol())
                        .here("the operands have different types")
                        .because(place.span, format!("this is `{l}`"))
                        .because(value.span, format!("this is `{r}`"));
                    self.report(error.help(format!("convert the right side with `as {shown}`")));
                    return;
                }
                let right = self.before_the_place(right, &target, !before.is_empty(), out);
                if is_shift(op) {
                    self.combine_shift(op, target.read.clone(), right, span)
                } else {
                    self.combine(op, target.read.clone(), right, span)
                }
            }
        };
        out.append(&mut before);
        let typed = Typed {
            span: value.span,
            ..typed
        };
        let local = &self.locals[target.place.local.index()];
        let (name, declared, n_conditions) = (local.name.clone(), local.span, local.n_conditions);
        // What the indices tell and what the conditions around tell flows into the place.
        let shown = self.show(&target.ty);
        if !target.ty.hides(target.index, &self.ck.structs) {
            let error = diagnostic!(E3002, place.span, "a secret index changes public elements")
                .here("which element changes would show")
                .because(
                    declared,
                    format!("`{name}` is declared here, with elements of type `{shown}`"),
                );
            self.report(error.help(format!("make the elements `secret {shown}`")));
        }
        let around = self.conditions_since(n_conditions);
        if !target.ty.hides(around, &self.ck.structs) && !target.ty.is_never() {
            // How it is to be declared is said once.
            if self.locals[target.place.local.index()].refused.is_some() {
                return;
            }
            let at = self
                .conditions
                .iter()
                .skip(n_conditions)
                .find(|c| !target.ty.hides(c.secrecy, &self.ck.structs));
            let condition = at.cloned();
            let mut error = crate::diagnostic::Diagnostic::new(
                Code::E3004,
                place.span,
                format!("assignment to the public `{name}` under a secret condition"),
            )
            .here("whether this happens would tell the condition");
            if let Some(condition) = condition {
                error = self.path(error, condition.source.clone());
                error = error.because(condition.span, "this condition is secret");
            }
            let error = error.because(declared, format!("`{name}` is public: `{shown}`"));
            // A literal alone said the type: what is assigned knows better.
            let other = op.is_none()
                && target.ty.is_integral()
                && typed.ty.is_number()
                && self.operand_type(&target.ty, &typed.ty).is_none();
            let ty = if other { &typed.ty } else { &target.ty };
            let help = match self.declaration(&target, ty, Secrecy::SECRET) {
                Some(declaration) => format!("declare it: `{declaration}`"),
                None => {
                    let all = self.locals[target.place.local.index()].ty.clone();
                    format!("declare it as `secret {}`", self.show(&all.public()))
                }
            };
            self.report(error.help(help));
            let local = &mut self.locals[target.place.local.index()];
            if other && local.literal.is_some() {
                local.ty = Ty::Never;
            }
            local.refused = local.refused.or(Some(place.span));
            return;
        }
        let because = (declared, format!("`{name}` is declared here"));
        if let (None, Some(help)) = (op, self.declare_wider(&target, &typed.ty)) {
            let (want, have) = (self.show(&target.ty), self.show(&typed.ty));
            let error = diagnostic!(E3001, typed.place(), "expected `{want}`, found `{have}`")
                .here(format!("this is `{have}`"))
                .because(because.0, because.1);
            self.report(error.help(help));
            self.locals[target.place.local.index()].ty = Ty::Never;
            return;
        }
        let value = self.coerce(typed, &target.ty, Some(because));
        out.push(hir::Stmt::Assign(target.place, value, span));
    }

    /// The type of a place, where it is an integer's that holds all values of what is combined with it.
    fn widened(&self, target: &Ty, right: &Ty) -> Option<String> {
        let (Ty::Scalar(Scalar::Int { width, signed }, _), Ty::Scalar(other, _)) = (target, right)
        else {
            return None;
        };
        let Scalar::Int {
            width: narrow,
            signed: also,
        } = other
        else {
            return None;
        };
        let holds = narrow < width && (signed == also || *signed);
        holds.then(|| self.show(&target.clone().public()))
    }

    /// Where a variable has its type from a bare literal only, and is combined with another number: how to declare it.
    fn declare_wider(&self, target: &Target, right: &Ty) -> Option<String> {
        let numbers = target.ty.is_integral() && right.is_number();
        if !numbers || self.operand_type(&target.ty, right).is_some() {
            return None;
        }
        let local = &self.locals[target.place.local.index()];
        let around = self.conditions_since(local.n_conditions);
        let secrecy = self.secrecy(right).join(around).join(target.index);
        let declaration = self.declaration(target, right, secrecy)?;
        Some(format!("declare it: `{declaration}`"))
    }

    /// A declaration of a variable that began with a bare literal, with another type.
    fn declaration(&self, target: &Target, ty: &Ty, secrecy: Secrecy) -> Option<String> {
        let local = self.locals.get(target.place.local.index())?;
        let is_index = |step: &PlaceStep| matches!(step, PlaceStep::Index(_));
        let steps = &target.place.steps;
        let whole = steps.iter().all(is_index) && steps.len() == items(&local.ty).0;
        whole.then(|| self.declared_as(target.place.local, ty, secrecy))?
    }

    /// The right side of `place op= value` is computed before the place is looked at, as in Rust. What shows when the
    /// order is another goes into a variable first.
    fn before_the_place(
        &mut self,
        value: Typed,
        target: &Target,
        computes_indices: bool,
        out: &mut Vec<hir::Stmt>,
    ) -> Typed {
        let ty = value.ty.clone();
        let span = value.span;
        let has_indices = target
            .place
            .steps
            .iter()
            .any(|step| matches!(step, PlaceStep::Index(_)));
        let hir = value.clone().hir();
        let shows = if is_plain(&hir.kind) {
            // A variable that an index changes.
            computes_indices && !matches!(hir.kind, H::Lit(_))
        } else {
            computes_indices
                || !Effects::of(&hir).assigned.is_empty()
                || has_indices && !is_total(&hir)
        };
        if !shows || ty.is_never() {
            return value;
        }
        let id = self.temporary(String::new(), ty.clone(), span, flow::cause_of(&hir));
        out.push(hir::Stmt::Let(id, Some(hir)));
        flow::read(id, &ty, span)
    }

    /// What stands on the left of `=`; reports what cannot change.
    fn target(&mut self, place: &Expr, reads: bool, before: &mut Vec<hir::Stmt>) -> Option<Target> {
        match &place.kind {
            // No type has so many parts in parts.
            _ if place.links > MAX_LINKS => self.not_a_place(place),
            E::Paren(inner) => self.target(inner, reads, before),
            E::Path(path) => {
                let [name] = path.parts.as_slice() else {
                    return self.not_a_place(place);
                };
                let Some(id) = self.named_local(name) else {
                    if self.lookup(&path.parts).is_some() {
                        return self.not_a_place(place);
                    }
                    let names = self
                        .scopes
                        .iter()
                        .flat_map(|s| s.keys().map(String::as_str));
                    let near = suggestion_after(self.ck.out.len(), &name.text, names);
                    let near = near.map(str::to_owned);
                    if let Some(id) = near.as_ref().and_then(|near| self.local(near)) {
                        self.locals[id.index()].used = true;
                    }
                    let error =
                        diagnostic!(E2001, place.span, "there is no `{}` in scope", name.text)
                            .here("unknown name");
                    let error = match near {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error.help(format!("declare it: `let mut {} = …;`", name.text)),
                    };
                    self.report(error);
                    return None;
                };
                self.check_mutable(id, place.span)?;
                if reads {
                    self.locals[id.index()].used = true;
                }
                let ty = self.locals[id.index()].ty.clone();
                Some(Target {
                    place: Place {
                        local: id,
                        steps: Vec::new(),
                    },
                    read: flow::read(id, &ty, place.span),
                    ty,
                    index: Secrecy::PUBLIC,
                })
            }
            E::Field(base, name) => {
                let base = self.target(base, reads, before)?;
                let (at, ty) = self.field_of(&base.ty, name)?;
                Some(step_field(base, at, ty, place.span))
            }
            E::TupleField(base, name) => {
                let base = self.target(base, reads, before)?;
                let (at, ty) = self.tuple_field_of(&base.ty, name)?;
                Some(step_field(base, at, ty, place.span))
            }
            E::Index(base, index) => {
                let mut base = self.target(base, reads, before)?;
                if matches!(index.kind, E::Range { .. }) {
                    let error = diagnostic!(E3009, place.span, "a slice cannot be assigned to")
                        .here("a slice");
                    self.report(error.help("assign the elements in a loop"));
                    return None;
                }
                let known = self.const_usize(index);
                let index = self.index_value(index);
                let item = match &base.ty {
                    Ty::Array(t, n) => {
                        if let (Len::Const(n), Some(at)) = (n, known)
                            && at.integer() >= Integer::natural(u128::from(*n))
                            && self.out_of_bounds(at, *n, index.span)
                        {
                            return None;
                        }
                        (**t).clone()
                    }
                    Ty::Never => return None,
                    Ty::Ragged(..) => {
                        let error =
                            diagnostic!(E3009, place.span, "a ragged array cannot be assigned to")
                                .here("ragged");
                        self.report(error.help("`flatten` it, or copy what you need"));
                        return None;
                    }
                    other => {
                        let shown = self.show(other);
                        let error = diagnostic!(E3006, place.span, "`{shown}` cannot be indexed")
                            .here(format!("this is `{shown}`"));
                        self.report(error.help("only arrays can be indexed"));
                        return None;
                    }
                };
                let secrecy = self.secrecy(&index.ty);
                let mut index = index;
                if reads && !is_plain(&index.kind) {
                    // The index is used twice, to read and to write, and must be computed once.
                    let hir = index.clone().hir();
                    let id = self.temporary(
                        String::new(),
                        index.ty.clone(),
                        index.span,
                        flow::cause_of(&hir),
                    );
                    before.push(hir::Stmt::Let(id, Some(hir)));
                    index = flow::read(id, &index.ty, index.span);
                }
                let read_ty = item.clone().with(secrecy);
                let read = Typed::new(
                    H::Index(base.read.boxed(), index.clone().boxed()),
                    read_ty,
                    place.span,
                );
                base.place.steps.push(PlaceStep::Index(index.hir()));
                Some(Target {
                    place: base.place,
                    ty: item,
                    index: base.index.join(secrecy),
                    read,
                })
            }
            E::Error => None,
            _ => self.not_a_place(place),
        }
    }

    fn not_a_place(&mut self, place: &Expr) -> Option<Target> {
        let error =
            diagnostic!(E3009, place.span, "this cannot be assigned to").here("not a variable");
        self.report(error.help("assign to a `let mut` variable, or to a part of one"));
        None
    }

    fn check_mutable(&mut self, id: LocalId, span: Span) -> Option<()> {
        let local = &self.locals[id.index()];
        let (name, declared) = (local.name.clone(), local.span);
        if local.n_closures < self.closures.len() {
            let error = diagnostic!(
                E3009,
                span,
                "a closure cannot assign `{name}`, which it captured"
            )
            .here("captured by value")
            .because(declared, "declared outside of the closure");
            self.report(error.help(
                "return the new value from the closure, for example with `fold`, or use a loop",
            ));
            return None;
        }
        if !local.mutable && !local.later {
            let error = diagnostic!(E3009, span, "`{name}` cannot change").here("assigned here");
            let error = error.because(declared, format!("`{name}` is declared without `mut`"));
            self.report(error.help(format!("declare it as `mut {name}`")));
            // Where only a literal says its type, what is assigned tells how to declare it.
            let local = &mut self.locals[id.index()];
            local.mutable = local.literal.is_some();
            return local.mutable.then_some(());
        }
        Some(())
    }
}

fn step_field(mut base: Target, at: u32, ty: Ty, span: Span) -> Target {
    base.place.steps.push(PlaceStep::Field(at));
    let read_ty = ty.clone().with(base.index);
    let read = Typed::new(H::Field(base.read.boxed(), at), read_ty, span);
    Target {
        place: base.place,
        ty,
        index: base.index,
        read,
    }
}

/// Whether computing an index twice is the same as once and costs nothing.
fn is_plain(kind: &H) -> bool {
    match kind {
        H::Lit(_) | H::Local(_) | H::Const(_) | H::ConstParam(_) => true,
        H::Binary(_, a, b) => is_plain(&a.kind) && is_plain(&b.kind),
        H::Cast(a) | H::Field(a, _) => is_plain(&a.kind),
        _ => false,
    }
}
