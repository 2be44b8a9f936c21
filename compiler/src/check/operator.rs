//! Operators: which types have them, and what they give.

use super::Bounds;
use super::body::{Body, Meeting, Typed};
use super::expr::is_bare;
use crate::ast::{BinaryOp, Expr, ExprKind as E, UnaryOp};
use crate::diagnostic;
use crate::hir::{self, ExprKind as H, Len, Real, Text};
use crate::source::Span;
use crate::types::{Secrecy, Ty};
use smpcc_circuit::value::Scalar;

pub(crate) fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp as B;
    matches!(
        op,
        B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge | B::AndAnd | B::OrOr
    )
}

pub(crate) fn is_shift(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Shl | BinaryOp::Shr)
}

impl Body<'_, '_> {
    /// How two numbers get one type. None gets `usize` that is secret.
    fn one_type(&self, left: &Ty, right: &Ty) -> String {
        let plain = |ty: &Ty| self.show(&ty.clone().public());
        let hidden = |ty: &Ty| !self.secrecy(ty).is_public();
        match (left, right) {
            (Ty::Usize, other) | (other, Ty::Usize) if hidden(other) => {
                format!("convert the `usize` with `as {}`", plain(other))
            }
            (left, right) => format!(
                "convert one of them with `as {}` or `as {}`",
                plain(left),
                plain(right)
            ),
        }
    }

    pub fn unary(&mut self, op: UnaryOp, inner: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        if op == UnaryOp::Neg
            && let E::Int(value, suffix) = &inner.kind
        {
            return self.int(*value, true, suffix.as_deref(), span, want);
        }
        if op == UnaryOp::Neg
            && let E::Decimal(text) = &inner.kind
        {
            return self.decimal(text, true, span, want);
        }
        let typed = self.expr(inner, want);
        let ok = match (&typed.ty, op) {
            (Ty::Never, _) => return Typed::poison(span),
            (Ty::Scalar(Scalar::Bool, _), UnaryOp::Not) => true,
            (Ty::Scalar(Scalar::Int { signed, .. }, _), UnaryOp::Neg) => *signed,
            (Ty::Scalar(Scalar::Int { .. }, _) | Ty::Usize, UnaryOp::Not) => true,
            (Ty::Real(..), UnaryOp::Neg) => true,
            (Ty::Param { .. } | Ty::Wide(..), UnaryOp::Neg) => self.has(
                &typed.ty,
                Bounds {
                    num: true,
                    ..Bounds::default()
                },
            ),
            (Ty::Param { .. } | Ty::Wide(..), UnaryOp::Not) => self.has(
                &typed.ty,
                Bounds {
                    int: true,
                    ..Bounds::default()
                },
            ),
            _ => false,
        };
        if !ok {
            let (shown, symbol) = (
                self.show(&typed.ty),
                if op == UnaryOp::Neg { "-" } else { "!" },
            );
            let error = diagnostic!(E3006, span, "`{shown}` has no `{symbol}`")
                .here(format!("this is `{shown}`"));
            let help = match (&typed.ty, op) {
                (Ty::Scalar(Scalar::Int { .. }, _) | Ty::Usize, UnaryOp::Neg) => {
                    "convert to a signed type first, or write `0 - x`"
                }
                (Ty::Param { .. } | Ty::Wide(..), _) => "the type parameter needs the bound `Int`",
                _ => "`-` is for signed numbers, `!` for integers and `bool`",
            };
            self.report(error.help(help));
            return Typed::poison(span);
        }
        let ty = typed.ty.clone();
        let op = match op {
            UnaryOp::Neg => hir::UnaryOp::Neg,
            UnaryOp::Not => hir::UnaryOp::Not,
        };
        Typed::new(H::Unary(op, typed.boxed()), ty, span)
    }

    fn has(&self, ty: &Ty, bounds: Bounds) -> bool {
        self.ck.meets(ty, bounds, &self.generics)
    }

    pub fn binary(
        &mut self,
        op: BinaryOp,
        a: &Expr,
        b: &Expr,
        want: Option<&Ty>,
        span: Span,
    ) -> Typed {
        match op {
            BinaryOp::AndAnd | BinaryOp::OrOr => return self.logical(op, a, b, span),
            BinaryOp::Shl | BinaryOp::Shr => return self.shift(op, a, b, want, span),
            _ => {}
        }
        let hint = if is_comparison(op) { None } else { want };
        // The operand that says its type comes first; a bare literal takes it.
        let (left, right) = if self.is_bare_here(a) && !is_bare(b) {
            let right = self.expr(b, hint);
            let left = self.expr(a, Some(&right.ty));
            (left, right)
        } else {
            let left = self.expr(a, hint);
            let right = self.expr(b, Some(&left.ty));
            (left, right)
        };
        self.combine(op, left, right, span)
    }

    /// What to write where an operator has operands of two types that are not both numbers.
    fn two_types(&self, op: BinaryOp, left: &Ty, right: &Ty) -> String {
        let either = |is: &dyn Fn(&Ty) -> bool| is(left) != is(right);
        match (left, right) {
            (Ty::Text(Text::Str(n), _), Ty::Text(Text::Str(m), _)) => match (n, m) {
                (Len::Const(n), Len::Const(m)) => {
                    format!("make the shorter text longer: `x as str<{}>`", n.max(m))
                }
                _ => "make both equally long: `x as str<16>`".to_owned(),
            },
            _ if either(&|ty| self.is_option(ty)) => match op {
                BinaryOp::Eq | BinaryOp::Ne => {
                    let symbol = op.symbol();
                    format!("an `Option` may hold nothing: write `x {symbol} Some(y)`")
                }
                _ => "an `Option` may hold nothing: write `if let Some(y) = x { … }`, or `x.unwrap_or(0)` with what stands for `None`".to_owned(),
            },
            (Ty::Struct { id, .. }, Ty::Text(..)) | (Ty::Text(..), Ty::Struct { id, .. })
                if self.ck.structs.is_enum(*id) =>
            {
                let sig = &self.ck.structs.0[id.index()];
                let first = sig.variants.first().map_or("…", |v| v.name.as_str());
                format!("a variant has no quotes: write `{}::{first}`", sig.name)
            }
            (Ty::Scalar(Scalar::Bool, _), number) | (number, Ty::Scalar(Scalar::Bool, _))
                if number.is_number() =>
            {
                let number = self.show(number);
                let number = number.trim_start_matches("secret ");
                format!("convert the `bool` with `as {number}`")
            }
            (Ty::Text(Text::Str(_), _), _) | (_, Ty::Text(Text::Str(_), _))
                if op == BinaryOp::Add =>
            {
                "texts are not put together: return the values, each in a field with a name, `{ mean: m, n: k }`".to_owned()
            }
            (Ty::Text(Text::Date, _), number) | (number, Ty::Text(Text::Date, _))
                if number.is_number() && is_comparison(op) =>
            {
                "a date is written in quotes: `x > \"2021-12-31\"`".to_owned()
            }
            _ => "give both operands one type".to_owned(),
        }
    }

    /// `left op right` for checked operands of one type.
    pub fn combine(&mut self, op: BinaryOp, left: Typed, right: Typed, span: Span) -> Typed {
        if left.ty.is_never() || right.ty.is_never() {
            return Typed::poison(span);
        }
        if let Some(ty) = self.text_arithmetic(op, &left, &right) {
            return self.text_operation(op, left, right, ty, span);
        }
        let Some(ty) = self.operand_type(&left.ty, &right.ty) else {
            let (l, r) = (self.show(&left.ty), self.show(&right.ty));
            let numbers = left.ty.is_number() && right.ty.is_number();
            let sides = [(&left, &right), (&right, &left)];
            let literal = sides.into_iter().find_map(|(side, other)| match side.kind {
                H::Local(id) if numbers => self.declared_like(id, &other.ty),
                _ => None,
            });
            let error = diagnostic!(E3001, span, "`{}` of `{l}` and `{r}`", op.symbol())
                .here("the operands have different types")
                .because(left.span, format!("this is `{l}`"))
                .because(right.span, format!("this is `{r}`"));
            let help = match literal {
                Some(Meeting::Said) => return Typed::poison(span),
                Some(Meeting::Help(help)) => help,
                None if numbers => self.one_type(&left.ty, &right.ty),
                None => self.two_types(op, &left.ty, &right.ty),
            };
            self.report(error.help(help));
            return Typed::poison(span);
        };
        let Some((hir_op, bounds)) = table(op) else {
            return Typed::poison(span);
        };
        if op == BinaryOp::Rem && matches!(ty, Ty::Real(Real::Float(_), _)) {
            let shown = self.show(&ty);
            let error =
                diagnostic!(E3006, span, "`{shown}` has no `%`").here(format!("this is `{shown}`"));
            self.report(
                error.help("write `a - trunc(a / b) * b`, which rounds, or use `fixed<W, F>`"),
            );
            return Typed::poison(span);
        }
        let bool_ok = matches!(ty, Ty::Scalar(Scalar::Bool, _))
            && matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if !bool_ok && !self.has(&ty, bounds) {
            let shown = self.show(&ty);
            let error = diagnostic!(E3006, span, "`{shown}` has no `{}`", op.symbol())
                .here(format!("this is `{shown}`"));
            let help = match &ty {
                Ty::Param { .. } | Ty::Wide(..) => {
                    format!("the type parameter needs the bound `{}`", bounds.name())
                }
                Ty::Array(..) | Ty::Ragged(..) => {
                    let symbol = op.symbol();
                    let each =
                        format!("for each element write `xs.zip(ys).map(|(x, y)| x {symbol} y)`");
                    match op {
                        BinaryOp::Add => {
                            format!("{each}; one array behind the other is `concat(xs, ys)`")
                        }
                        _ => each,
                    }
                }
                Ty::Tuple(_) | Ty::Struct { .. } => "do it for each part".to_owned(),
                Ty::Text(..) => {
                    "texts are compared; `date` takes days (`i32`), `datetime` seconds (`i64`)"
                        .to_owned()
                }
                Ty::Real(..) => "this operator is for integers and `bool`".to_owned(),
                _ => "this operator is for numbers".to_owned(),
            };
            self.report(error.help(help));
            return Typed::poison(span);
        }
        let result = if is_comparison(op) {
            Ty::Scalar(Scalar::Bool, self.secrecy(&ty))
        } else {
            ty
        };
        Typed::new(H::Binary(hir_op, left.boxed(), right.boxed()), result, span)
    }

    /// The one type that two operands have, secrecy aside.
    pub fn operand_type(&self, left: &Ty, right: &Ty) -> Option<Ty> {
        left.join(right, &self.ck.structs)
    }

    fn logical(&mut self, op: BinaryOp, a: &Expr, b: &Expr, span: Span) -> Typed {
        let decides = op == BinaryOp::OrOr;
        let skipped = self.truth(a) == Some(decides);
        let left = self.condition_value(a);
        let right = self.arm(skipped, |body| body.condition_value(b));
        if left.ty.is_never() || right.ty.is_never() {
            return Typed::poison(span);
        }
        let secrecy: Secrecy = self.secrecy(&left.ty).join(self.secrecy(&right.ty));
        let kind = match op {
            BinaryOp::AndAnd => H::LogicalAnd(left.boxed(), right.boxed()),
            _ => H::LogicalOr(left.boxed(), right.boxed()),
        };
        Typed::new(kind, Ty::Scalar(Scalar::Bool, secrecy), span)
    }

    fn shift(&mut self, op: BinaryOp, a: &Expr, b: &Expr, want: Option<&Ty>, span: Span) -> Typed {
        let left = self.expr(a, want);
        let right = self.unsigned(b, "a shift amount");
        self.combine_shift(op, left, right, span)
    }

    /// A number of any unsigned type, such as the amount of a shift.
    pub fn unsigned(&mut self, b: &Expr, what: &str) -> Typed {
        let right = self.expr(b, Some(&Ty::Usize));
        match &right.ty {
            Ty::Usize | Ty::Never | Ty::Scalar(Scalar::Int { signed: false, .. }, _) => right,
            Ty::Param { .. } | Ty::Wide(..)
                if self.has(
                    &right.ty,
                    Bounds {
                        int: true,
                        ..Bounds::default()
                    },
                ) =>
            {
                right
            }
            other => {
                let shown = self.show(other);
                let error = diagnostic!(E3001, right.span, "{what} is unsigned, not `{shown}`");
                let error = error.here(format!("this is `{shown}`"));
                self.report(error.help("convert with `as`, for example `as u8`"));
                Typed::poison(right.span)
            }
        }
    }

    /// `left op right` for a checked value and amount.
    pub fn combine_shift(&mut self, op: BinaryOp, left: Typed, right: Typed, span: Span) -> Typed {
        if left.ty.is_never() || right.ty.is_never() {
            return Typed::poison(span);
        }
        let int = Bounds {
            int: true,
            ..Bounds::default()
        };
        if !matches!(left.ty, Ty::Real(Real::Fixed { .. }, _)) && !self.has(&left.ty, int) {
            let shown = self.show(&left.ty);
            let error = diagnostic!(E3006, span, "`{shown}` has no `{}`", op.symbol())
                .here(format!("this is `{shown}`"));
            self.report(
                error.help("only integers and fixed-point numbers are shifted; a type parameter needs the bound `Int`"),
            );
            return Typed::poison(span);
        }
        let secrecy = self.secrecy(&right.ty);
        let ty = self.hidden(left.ty.clone(), secrecy, span);
        let op = if op == BinaryOp::Shl {
            hir::BinaryOp::Shl
        } else {
            hir::BinaryOp::Shr
        };
        Typed::new(H::Binary(op, left.boxed(), right.boxed()), ty, span)
    }
}

impl Bounds {
    /// The weakest bound that has all of these.
    pub fn name(self) -> &'static str {
        match self {
            Bounds { narrow: true, .. } => "Narrow",
            Bounds { int: true, .. } => "Int",
            Bounds { num: true, .. } => "Num",
            Bounds { ord: true, .. } => "Ord",
            _ => "Eq",
        }
    }
}

/// The HIR's operator of arithmetic and shifts.
pub(crate) fn arithmetic(op: BinaryOp) -> Option<hir::BinaryOp> {
    match op {
        BinaryOp::Shl => Some(hir::BinaryOp::Shl),
        BinaryOp::Shr => Some(hir::BinaryOp::Shr),
        op if is_comparison(op) => None,
        op => table(op).map(|(op, _)| op),
    }
}

/// The HIR's operator and what a type needs for it; logical operators and shifts are not here.
fn table(op: BinaryOp) -> Option<(hir::BinaryOp, Bounds)> {
    let none = Bounds::default();
    let num = Bounds { num: true, ..none };
    let int = Bounds { int: true, ..none };
    let eq = Bounds { eq: true, ..none };
    let ord = Bounds { ord: true, ..none };
    Some(match op {
        BinaryOp::Add => (hir::BinaryOp::Add, num),
        BinaryOp::Sub => (hir::BinaryOp::Sub, num),
        BinaryOp::Mul => (hir::BinaryOp::Mul, num),
        BinaryOp::Div => (hir::BinaryOp::Div, num),
        BinaryOp::Rem => (hir::BinaryOp::Rem, num),
        BinaryOp::And => (hir::BinaryOp::And, int),
        BinaryOp::Or => (hir::BinaryOp::Or, int),
        BinaryOp::Xor => (hir::BinaryOp::Xor, int),
        BinaryOp::Eq => (hir::BinaryOp::Eq, eq),
        BinaryOp::Ne => (hir::BinaryOp::Ne, eq),
        BinaryOp::Lt => (hir::BinaryOp::Lt, ord),
        BinaryOp::Le => (hir::BinaryOp::Le, ord),
        BinaryOp::Gt => (hir::BinaryOp::Gt, ord),
        BinaryOp::Ge => (hir::BinaryOp::Ge, ord),
        BinaryOp::Shl | BinaryOp::Shr | BinaryOp::AndAnd | BinaryOp::OrOr => return None,
    })
}
