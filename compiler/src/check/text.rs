//! Dates, moments and short texts: their types as written, their literals, and what is computed with days and seconds.
//!
//! A text between quotes is a value of the type that is expected of it, so that a date is compared with `"2024-02-29"` as it
//! would be with a number; alone it is a `str` of its own length.

use super::body::{Body, Typed};
use super::signature::TypeCx;
use super::{Bounds, Checker, GenericInfo};
use crate::ast::{self, BinaryOp, Expr, ExprKind as E};
use crate::diagnostic;
use crate::hir::{self, ExprKind as H, GenericKind, Len, MAX_STR, Text};
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Secrecy, Ty};
use smpcc_circuit::calendar;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// What has the name of a type of texts, and makes constants of it when it is called.
pub(crate) fn called(name: &str) -> Option<Text> {
    match name {
        "date" => Some(Text::Date),
        "datetime" => Some(Text::Datetime),
        _ => None,
    }
}

impl Checker<'_> {
    /// `date`, `datetime` and `str<N>`, if the name is one of these.
    pub fn text_type(&mut self, path: &ast::Path, cx: &TypeCx<'_>) -> Option<Ty> {
        let [name] = path.parts.as_slice() else {
            return None;
        };
        if let Some(text) = called(&name.text) {
            if !path.args.is_empty() {
                let error = diagnostic!(E3007, path.span, "`{}` takes no arguments", name.text);
                self.report(error.here("here").help(format!("write `{}`", name.text)));
                return Some(Ty::Never);
            }
            return Some(Ty::Text(text, Secrecy::PUBLIC));
        }
        if name.text != "str" {
            return None;
        }
        let [arg] = path.args.as_slice() else {
            let error = diagnostic!(E3007, path.span, "`str` takes a number of bytes").here("here");
            self.report(error.help(format!(
                "write how many there may be, 1 to {MAX_STR}: `str<8>`"
            )));
            return Some(Ty::Never);
        };
        let generic = GenericInfo {
            name: "N".to_owned(),
            kind: GenericKind::Const,
            bounds: Bounds::default(),
            span: path.span,
        };
        let errors = self.out.len();
        let found = self.generic_arg(&generic, arg, cx.module, cx.generics);
        match found {
            Some(Arg::Len(Len::Const(n))) if !(1..=MAX_STR).contains(&n) => {
                let error = diagnostic!(E2002, path.span, "there is no type `str<{n}>`")
                    .here("no such length");
                self.report(error.help(format!("a `str<N>` has 1 to {MAX_STR} bytes")));
                Some(Ty::Never)
            }
            Some(Arg::Len(len @ (Len::Const(_) | Len::Param(_)))) => {
                Some(Ty::Text(Text::Str(len), Secrecy::PUBLIC))
            }
            _ => {
                if self.out.len() == errors {
                    let error = diagnostic!(
                        E3016,
                        path.span,
                        "the length of a `str` is a constant or one const parameter"
                    );
                    self.report(error.here("not here").help("write for example `str<8>`"));
                }
                Some(Ty::Never)
            }
        }
    }

    /// The bound of a range of dates, moments or texts: a text, or a constant that is one.
    pub fn text_bound(&mut self, e: &Expr, text: &Text, module: usize) -> Option<Integer> {
        let Some(spelt) = self.constant_text(e, module, 0) else {
            let error = diagnostic!(E3023, e.span, "the bound of a range is a constant");
            self.report(
                error
                    .here("not a constant")
                    .help("write a text in quotes, or the name of a constant that is one"),
            );
            return None;
        };
        match word_of(text, &spelt) {
            Ok(word) => Some(Integer::of(text.scalar()?, word)),
            Err(help) => {
                let shown = self.show(&Ty::Text(text.clone(), Secrecy::PUBLIC), &[]);
                let error = diagnostic!(E3005, e.span, "this is not a value of `{shown}`");
                self.report(error.here("does not fit").help(help));
                None
            }
        }
    }

    fn constant_text(&mut self, e: &Expr, module: usize, depth: u32) -> Option<String> {
        match &e.kind {
            E::Str(text) => Some(text.clone()),
            E::Paren(inner) => self.constant_text(inner, module, depth),
            E::Call(f, args) => match (&f.kind, args.as_slice()) {
                (E::Path(path), [only]) if path.args.is_empty() => {
                    let [name] = path.parts.as_slice() else {
                        return None;
                    };
                    called(&name.text)?;
                    self.constant_text(only, module, depth)
                }
                _ => None,
            },
            E::Path(path) if path.args.is_empty() && depth < 8 => {
                let [name] = path.parts.as_slice() else {
                    return None;
                };
                let Some(Def::Const(id)) = self.world.lookup(module, &name.text) else {
                    return None;
                };
                self.refer_item(name, Def::Const(id));
                let item = self.world.consts.get(id.index())?;
                let (decl, module) = (item.decl.clone(), item.module);
                self.constant_text(&decl.value, module, depth + 1)
            }
            _ => None,
        }
    }
}

/// The word of what is written between quotes, or why there is none.
fn word_of(text: &Text, spelt: &str) -> Result<Word, String> {
    let wrap = |n: i64| text.scalar().unwrap_or(Scalar::USIZE).wrap(n as Word);
    match text {
        Text::Date => calendar::date(spelt)
            .map(|days| wrap(i64::from(days)))
            .ok_or_else(|| "write a day that there is, as `2024-02-29`".to_owned()),
        Text::Datetime => calendar::datetime(spelt)
            .map(wrap)
            .ok_or_else(|| "write a moment that there is, as `2024-02-29T10:30:00Z`".to_owned()),
        Text::Str(Len::Const(n)) => calendar::word(spelt, usize::try_from(*n).unwrap_or(0))
            .ok_or_else(|| match spelt.len() {
                len if len as u64 > *n => format!("it has {len} bytes, and at most {n} fit"),
                _ => "a text has no zero byte".to_owned(),
            }),
        Text::Str(_) => Err("how long it may be is not known here".to_owned()),
    }
}

impl Body<'_, '_> {
    /// A text between quotes.
    pub fn text(&mut self, spelt: &str, span: Span, want: Option<&Ty>) -> Typed {
        match want {
            // As long as it is where nothing says how long.
            Some(Ty::Text(text, _)) if *text != Text::Str(Len::Session) => {
                self.text_of(text.clone(), spelt, span)
            }
            Some(Ty::Never) => Typed::poison(span),
            _ => {
                let len = (spelt.len() as u64).max(1);
                if len > MAX_STR {
                    let error =
                        diagnostic!(E3005, span, "this text has {len} bytes").here("too long");
                    self.report(error.help(format!("a `str<N>` has at most {MAX_STR} bytes")));
                    return Typed::poison(span);
                }
                self.text_of(Text::Str(Len::Const(len)), spelt, span)
            }
        }
    }

    fn text_of(&mut self, text: Text, spelt: &str, span: Span) -> Typed {
        match word_of(&text, spelt) {
            Ok(word) => Typed::new(H::Lit(word), Ty::Text(text, Secrecy::PUBLIC), span),
            Err(help) => {
                let shown = self.show(&Ty::Text(text, Secrecy::PUBLIC));
                let error = diagnostic!(E3005, span, "this text is not a value of `{shown}`");
                self.report(error.here("does not fit").help(help));
                Typed::poison(span)
            }
        }
    }

    /// `date("2024-02-29")`: a constant.
    pub fn text_call(&mut self, text: Text, args: &[&Expr], span: Span) -> Typed {
        if let [only] = args
            && let E::Str(spelt) = &only.kind
        {
            return self.text_of(text, spelt, only.span);
        }
        let shown = self.show(&Ty::Text(text.clone(), Secrecy::PUBLIC));
        let error = diagnostic!(E3007, span, "`{shown}` takes one text in quotes").here("not this");
        let example = match text {
            Text::Date | Text::Str(_) => "date(\"2024-02-29\")",
            Text::Datetime => "datetime(\"2024-02-29T10:30:00Z\")",
        };
        self.report(error.help(format!("write for example `{example}`")));
        Typed::poison(span)
    }

    /// What `+` and `-` give for days and seconds, where they are meant.
    pub fn text_arithmetic(&mut self, op: BinaryOp, left: &Typed, right: &Typed) -> Option<Ty> {
        let Ty::Text(text @ (Text::Date | Text::Datetime), secrecy) = &left.ty else {
            return None;
        };
        let scalar = text.scalar()?;
        match (op, &right.ty) {
            (BinaryOp::Sub, Ty::Text(other, more)) if other == text => {
                Some(Ty::Scalar(scalar, secrecy.join(*more)))
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::Scalar(step, more)) if *step == scalar => {
                Some(Ty::Text(text.clone(), secrecy.join(*more)))
            }
            _ => None,
        }
    }

    /// `left op right`, which gives `ty`.
    pub fn text_operation(
        &mut self,
        op: BinaryOp,
        left: Typed,
        right: Typed,
        ty: Ty,
        span: Span,
    ) -> Typed {
        let op = match op {
            BinaryOp::Add => hir::BinaryOp::Add,
            _ => hir::BinaryOp::Sub,
        };
        Typed::new(H::Binary(op, left.boxed(), right.boxed()), ty, span)
    }
}
