//! Constants: their values as far as lengths, ranges and bounds need them.
//!
//! Integer constants are computed on the syntax tree in 128 bits, and a result outside of the constant's type is an
//! error instead of wrapping, since nobody means that in a constant.

use super::Checker;
use crate::ast::{self, BinaryOp, Expr, ExprKind, UnaryOp};
use crate::diagnostic;
use crate::hir::{self, ConstId};
use crate::resolve::Def;
use crate::types::{Ty, width};

/// What is known of a constant's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nobody has asked yet.
    Unknown,
    /// Being computed: asking again is a cycle.
    Computing,
    /// An integer.
    Int(i128),
    /// Not an integer, or wrong.
    None,
}

impl Checker<'_> {
    /// Resolves the types of all constants.
    pub fn declare_consts(&mut self) {
        for at in 0..self.world.consts.len() {
            let item = &self.world.consts[at];
            let ty = self.plain_type(&item.decl.ty, item.module, &[]);
            self.const_types.push(ty);
        }
        for at in 0..self.world.consts.len() {
            self.const_value(ConstId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }

    /// The integer that a constant is, if it is one.
    pub fn const_value(&mut self, id: ConstId) -> Option<i128> {
        let at = id.index();
        match *self.const_values.get(at)? {
            Value::Int(value) => return Some(value),
            Value::None => return None,
            Value::Computing => {
                let name = &self.world.consts[at].decl.name;
                let error = diagnostic!(
                    E2009,
                    name.span,
                    "the constant `{}` needs its own value",
                    name.text
                );
                self.report(
                    error
                        .here("defined by itself")
                        .help("give it a value that does not depend on it"),
                );
                self.const_values[at] = Value::None;
                return None;
            }
            Value::Unknown => {}
        }
        self.const_values[at] = Value::Computing;
        let item = &self.world.consts[at];
        let value = self.const_int(&item.decl.value, item.module);
        if self.const_values[at] == Value::None {
            return None;
        }
        let ty = self.const_types.get(at).cloned();
        let value = value.filter(|&v| match &ty {
            Some(Ty::Int { width, signed, .. }) => {
                width::fits(v.unsigned_abs(), v < 0, *width, *signed)
            }
            Some(Ty::Usize) => u64::try_from(v).is_ok(),
            _ => true,
        });
        let computed = matches!(item.decl.value.kind, ExprKind::Binary(..));
        if value.is_none() && computed && self.const_int(&item.decl.value, item.module).is_some() {
            let name = &item.decl.name.text;
            let error = diagnostic!(
                E3005,
                item.decl.value.span,
                "the value of `{name}` does not fit its type"
            );
            self.report(
                error
                    .here("out of range")
                    .help("choose a wider type, or another value"),
            );
        }
        self.const_values[at] = value.map_or(Value::None, Value::Int);
        value
    }

    /// The integer that an expression of constants is; nothing is reported.
    pub fn const_int(&mut self, e: &Expr, module: usize) -> Option<i128> {
        match &e.kind {
            ExprKind::Int(value, _) => i128::try_from(*value).ok(),
            ExprKind::Paren(e) => self.const_int(e, module),
            ExprKind::Block(b) if b.stmts.is_empty() => self.const_int(b.tail.as_deref()?, module),
            ExprKind::Cast(e, _) => self.const_int(e, module),
            ExprKind::Path(path) if path.args.is_empty() => {
                let [name] = path.parts.as_slice() else {
                    return None;
                };
                match self.world.lookup(module, &name.text) {
                    Some(Def::Const(id)) => {
                        self.refer_item(name, Def::Const(id));
                        self.const_value(id)
                    }
                    _ => None,
                }
            }
            ExprKind::Unary(UnaryOp::Neg, e) => self.const_int(e, module)?.checked_neg(),
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.const_int(a, module)?, self.const_int(b, module)?);
                match op {
                    BinaryOp::Add => a.checked_add(b),
                    BinaryOp::Sub => a.checked_sub(b),
                    BinaryOp::Mul => a.checked_mul(b),
                    BinaryOp::Div => a.checked_div(b),
                    BinaryOp::Rem => a.checked_rem(b),
                    BinaryOp::Shl => a.checked_mul(
                        1i128
                            .checked_shl(u32::try_from(b).ok()?)
                            .filter(|p| *p > 0)?,
                    ),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Checks the values of all constants.
    pub fn check_consts(&mut self) -> Vec<hir::Const> {
        let mut out = Vec::new();
        for at in 0..self.world.consts.len() {
            let item = &self.world.consts[at];
            let ty = self.const_types[at].clone();
            let value = self.check_const_value(&item.decl.value, &ty, item.module);
            let ast::ConstDecl { name, .. } = &*item.decl;
            out.push(hir::Const {
                name: name.text.clone(),
                ty: ty.hir(),
                value,
                span: name.span,
            });
        }
        out
    }
}
