//! Values of enums: a variant, and what it holds.
//!
//! In the HIR such a value is a struct of the tag and of all fields of the enum. Those that the variant does not use are
//! zero, so that equal values are equal everywhere and a value that is opened shows nothing of what it is not.

use super::body::{Body, Kind, Typed, Written};
use super::expr::substituted;
use super::{Form, VariantSig, flow};
use crate::ast::{self, Expr, ExprKind as E, Name};
use crate::diagnostic;
use crate::diagnostic::{listed, suggestion_after};
use crate::hir::{self, ExprKind as H, StructId};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Fields as _, Fit, Secrecy, Ty};

impl Body<'_, '_> {
    /// The variant's definition.
    pub fn variant_sig(&self, id: StructId, at: u32) -> Option<VariantSig> {
        let sig = self.ck.structs.0.get(id.index())?;
        sig.variants.get(at as usize).cloned()
    }

    /// A variant that is named and given nothing.
    pub fn variant_value(&mut self, v: Written<'_>, want: Option<&Ty>, span: Span) -> Typed {
        let Some(sig) = self.variant_sig(v.id, v.at) else {
            return Typed::poison(span);
        };
        if sig.form != Form::Unit {
            self.wrong_form(&sig, v.path.span, "is given nothing");
            return Typed::poison(span);
        }
        self.made(v, &sig, &mut [], &[], want, span)
    }

    /// `Some(x)`
    pub fn variant_call(
        &mut self,
        v: Written<'_>,
        args: &[&Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let Some(sig) = self.variant_sig(v.id, v.at) else {
            return Typed::poison(span);
        };
        if sig.form != Form::Tuple || sig.fields.len() != args.len() {
            if sig.form == Form::Tuple {
                let n = sig.fields.len();
                let s = if n == 1 { "" } else { "s" };
                let have = args.len();
                let name = &sig.name;
                let error = diagnostic!(E3007, span, "`{name}` holds {n} value{s}, {have} given")
                    .here("wrong number of values")
                    .because(sig.span, "declared here");
                self.report(error.help("give one per field"));
            } else {
                self.wrong_form(&sig, v.path.span, "is given values in parentheses");
            }
            for arg in args {
                self.expr(arg, None);
            }
            return Typed::poison(span);
        }
        let mut bound = self.written_args(v.id, v.path, want);
        let fixed = !v.path.args.is_empty();
        let mut values = Vec::new();
        for (field, arg) in sig.fields.iter().zip(args) {
            let hint = substituted(&field.ty, &bound);
            let value = self.expr(arg, hint.as_ref());
            if !fixed {
                self.unify(&field.ty, &value.ty, &mut bound);
            }
            values.push(Some(value));
        }
        let order: Vec<usize> = (0..values.len()).collect();
        self.made_of(v, &sig, &mut values, &order, bound, span)
    }

    /// `Shape::Rect { w: 1, h }`
    pub fn variant_literal(
        &mut self,
        v: Written<'_>,
        fields: &[(Name, Option<Expr>)],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let Some(sig) = self.variant_sig(v.id, v.at) else {
            return Typed::poison(span);
        };
        if sig.form != Form::Struct {
            self.wrong_form(&sig, v.path.span, "is given fields with names");
            self.check_all(fields);
            return Typed::poison(span);
        }
        let mut bound = self.written_args(v.id, v.path, want);
        let fixed = !v.path.args.is_empty();
        let mut values: Vec<Option<Typed>> = vec![None; sig.fields.len()];
        let mut order = Vec::new();
        for (name, value) in fields {
            let Some(at) = self.variant_field(&sig, name) else {
                continue;
            };
            if values[at].is_some() {
                let error =
                    diagnostic!(E3011, name.span, "the field `{}` is given twice", name.text);
                self.report(error.here("again").help("remove one of them"));
                continue;
            }
            let short = || Expr {
                kind: E::Path(ast::Path {
                    parts: vec![name.clone()],
                    args: Vec::new(),
                    span: name.span,
                }),
                span: name.span,
                depth: 1,
                links: 0,
            };
            let hint = substituted(&sig.fields[at].ty, &bound);
            let value = match value {
                Some(value) => self.expr(value, hint.as_ref()),
                None => self.expr(&short(), hint.as_ref()),
            };
            if !fixed {
                self.unify(&sig.fields[at].ty, &value.ty, &mut bound);
            }
            values[at] = Some(value);
            order.push(at);
        }
        let given = sig.fields.iter().zip(&values);
        let missing: Vec<&str> = given
            .filter(|(_, v)| v.is_none())
            .map(|(f, _)| f.name.as_str())
            .collect();
        if !missing.is_empty() {
            let list = listed(missing);
            let error = diagnostic!(E3011, span, "missing {list}").here("not all fields are given");
            self.report(error.help("give each field a value"));
            return Typed::poison(span);
        }
        self.made_of(v, &sig, &mut values, &order, bound, span)
    }

    /// Position of a variant's field; reports if there is none.
    pub fn variant_field(&mut self, sig: &VariantSig, name: &Name) -> Option<usize> {
        let at = sig.fields.iter().position(|f| f.name == name.text);
        if let Some(at) = at {
            self.ck.refer(name, sig.fields[at].span);
            return Some(at);
        }
        let variant = &sig.name;
        let error = diagnostic!(E3011, name.span, "`{variant}` has no field `{}`", name.text)
            .here("unknown field")
            .because(sig.span, "declared here");
        let known = || sig.fields.iter().map(|f| f.name.as_str());
        let near = suggestion_after(self.ck.out.len(), &name.text, known());
        self.report(match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("its fields are {}", listed(known()))),
        });
        None
    }

    /// Reports a variant that is written as another kind of variant.
    pub fn wrong_form(&mut self, sig: &VariantSig, span: Span, what: &str) {
        let name = &sig.name;
        let fields: Vec<&str> = sig.fields.iter().map(|f| f.name.as_str()).collect();
        let help = match sig.form {
            Form::Unit => format!("it holds nothing: write `{name}`"),
            Form::Tuple => format!("write `{name}({})`", vec!["…"; fields.len()].join(", ")),
            Form::Struct => format!("write `{name} {{ {} }}`", fields.join(", ")),
        };
        let error = diagnostic!(E3007, span, "the variant `{name}` {what}")
            .here("another kind of variant")
            .because(sig.span, "declared here");
        self.report(error.help(help));
    }

    /// Reports a path that begins with an enum and does not end with a variant of it; whether it is one.
    pub fn unknown_variant(&mut self, parts: &[Name]) -> bool {
        let [before @ .., last] = parts else {
            return false;
        };
        let Some(Def::Struct(id)) = self.lookup(before) else {
            return false;
        };
        let (ty, is_enum) = {
            let sig = &self.ck.structs.0[id.index()];
            (sig.name.clone(), sig.is_enum)
        };
        if !is_enum {
            let error = diagnostic!(E2020, last.span, "`{ty}` is a struct and has no variants");
            let help = format!("write `{ty} {{ … }}`");
            self.report(error.here("not a variant").help(help));
            return true;
        }
        let sig = &self.ck.structs.0[id.index()];
        let names: Vec<String> = sig.variants.iter().map(|v| v.name.clone()).collect();
        let declared = sig.span;
        let error = diagnostic!(E2020, last.span, "`{ty}` has no variant `{}`", last.text)
            .here("unknown variant")
            .because(declared, "declared here");
        let names = || names.iter().map(String::as_str);
        let near = suggestion_after(self.ck.out.len(), &last.text, names());
        self.report(match near {
            Some(near) => error.help(format!("did you mean `{ty}::{near}`?")),
            None => error.help(format!("its variants are {}", listed(names()))),
        });
        true
    }

    /// An enum in scope that has a variant of this name.
    pub fn enum_with(&self, name: &Name) -> Option<String> {
        let structs = self.ck.structs.0.iter().enumerate();
        let in_scope = |(at, name): (usize, &str)| {
            let def = self.ck.world.lookup(self.module, name);
            matches!(def, Some(Def::Struct(id)) if id.index() == at)
        };
        structs
            .filter(|(_, sig)| sig.variants.iter().any(|v| v.name == name.text))
            .find(|(at, sig)| in_scope((*at, &sig.name)))
            .map(|(_, sig)| sig.name.clone())
    }

    /// Generic arguments as far as they are written or expected.
    pub fn written_args(
        &mut self,
        id: StructId,
        path: &ast::Path,
        want: Option<&Ty>,
    ) -> Vec<Option<Arg>> {
        let generics = self.ck.structs.0[id.index()].generics.clone();
        let mut args: Vec<Option<Arg>> = vec![None; generics.len()];
        if !path.args.is_empty() {
            if path.args.len() != generics.len() {
                let error = diagnostic!(
                    E3007,
                    path.span,
                    "this type takes {} generic arguments",
                    generics.len()
                );
                self.report(error.here("wrong number").help("give one per parameter"));
            }
            let own = self.generics.clone();
            for (at, (generic, arg)) in generics.iter().zip(&path.args).enumerate() {
                args[at] = self.ck.generic_arg(generic, arg, self.module, &own);
            }
        } else if let Some(Ty::Struct {
            id: j, args: known, ..
        }) = want
            && *j == id
        {
            // What is expected says what cannot be seen in the fields; secrecy comes from the fields.
            args = known.iter().cloned().map(Some).collect();
            for arg in args.iter_mut().flatten() {
                if let Arg::Type(t) = arg {
                    *t = t.clone().public();
                }
            }
        }
        args
    }

    fn made(
        &mut self,
        v: Written<'_>,
        sig: &VariantSig,
        values: &mut [Option<Typed>],
        order: &[usize],
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        let bound = self.written_args(v.id, v.path, want);
        self.made_of(v, sig, values, order, bound, span)
    }

    /// The value from those of its fields.
    pub fn made_of(
        &mut self,
        v: Written<'_>,
        sig: &VariantSig,
        values: &mut [Option<Typed>],
        order: &[usize],
        bound: Vec<Option<Arg>>,
        span: Span,
    ) -> Typed {
        if values.iter().flatten().any(|value| value.ty.is_never()) {
            return Typed::poison(span);
        }
        let of = &self.ck.structs.0[v.id.index()];
        let (generics, name) = (of.generics.clone(), of.name.clone());
        if let Some((generic, _)) = generics.iter().zip(&bound).find(|(_, arg)| arg.is_none()) {
            let unknown = &generic.name;
            let error = diagnostic!(E3010, span, "nothing says what `{unknown}` of `{name}` is")
                .here("cannot be inferred");
            let params: Vec<&str> = generics.iter().map(|g| g.name.as_str()).collect();
            let help = format!("give the type: `let x: {name}<{}> = …;`", params.join(", "));
            self.report(error.help(help));
            return Typed::poison(span);
        }
        let Some(args) = self.complete(&generics, bound, span, None) else {
            return Typed::poison(span);
        };
        let mut stmts = self.in_written_order(values, order);
        let slot_types = self.ck.structs.fields(v.id).to_vec();
        let mut slots: Vec<Option<hir::Expr>> = vec![None; slot_types.len()];
        // What is taken apart stands in a variable, and so must what is computed before it.
        let kept = self.kind != Kind::Const && sig.fields.iter().any(|f| f.slots.len() != 1);
        // A secret in a field that is not marked makes the whole value secret.
        let mut secrecy = Secrecy::PUBLIC;
        for (field, value) in sig.fields.iter().zip(values) {
            let Some(value) = value.take() else { continue };
            let want = field.ty.clone().substitute(&args);
            let have = self.secrecy(&value.ty);
            let target = if value.ty.fits(&want, &self.ck.structs) == Fit::TooSecret {
                secrecy = secrecy.join(have);
                want.with(have)
            } else {
                want
            };
            let because = (field.span, format!("the field `{}`", field.name));
            let (ty, at) = (value.ty.clone(), value.span);
            let mut value = self.coerce(value, &target, Some(because));
            if kept {
                let cause = flow::cause_of(&value);
                let id = self.temporary(String::new(), ty.clone(), at, cause);
                stmts.push(hir::Stmt::Let(id, Some(value)));
                value = flow::read(id, &ty, at).hir();
            }
            let mut parts = Vec::new();
            let whole = Typed::new(value.kind, ty, at);
            self.take_apart(&field.ty, whole, &mut parts);
            for (slot, part) in field.slots.iter().zip(parts) {
                slots[*slot as usize] = Some(part.hir());
            }
        }
        slots[0] = Some(Typed::new(H::Lit(u128::from(v.at)), slot_types[0].clone(), span).hir());
        let slots = slots.into_iter().zip(&slot_types).map(|(slot, ty)| {
            let ty = ty.clone().substitute(&args).public();
            slot.unwrap_or_else(|| Typed::new(H::Zero, ty, span).hir())
        });
        let slots = slots.collect();
        let ty = Ty::Struct {
            id: v.id,
            args,
            secret: secrecy,
        };
        let made = Typed::new(H::Struct(slots), ty.clone(), span);
        if stmts.is_empty() {
            return made;
        }
        Typed::new(H::Block(stmts, Some(made.boxed())), ty, span)
    }

    /// The parts of a value, as its declared type has them.
    fn take_apart(&self, declared: &Ty, value: Typed, out: &mut Vec<Typed>) {
        let parts = (self.ck.parts(declared), self.ck.parts(&value.ty));
        let (Some(declared), Some(actual)) = parts else {
            out.push(value);
            return;
        };
        for (at, (declared, ty)) in (0u32..).zip(declared.iter().zip(actual)) {
            let part = Typed::new(H::Field(value.clone().boxed(), at), ty, value.span);
            self.take_apart(declared, part, out);
        }
    }

    /// A value of `actual` type from parts, as its declared type has them.
    pub fn put_together(
        &self,
        declared: &Ty,
        actual: &Ty,
        parts: &mut dyn Iterator<Item = Typed>,
        span: Span,
    ) -> Typed {
        let types = (self.ck.parts(declared), self.ck.parts(actual));
        let (Some(inner), Some(types)) = types else {
            return parts.next().unwrap_or(Typed::poison(span));
        };
        let mut values = Vec::new();
        for (declared, actual) in inner.iter().zip(&types) {
            values.push(self.put_together(declared, actual, parts, span).hir());
        }
        let kind = match declared {
            Ty::Tuple(_) => H::Tuple(values),
            _ => H::Struct(values),
        };
        Typed::new(kind, actual.clone(), span)
    }
}
