//! Constants: their values as far as lengths, ranges and bounds need them.
//!
//! They are computed on the syntax tree, because lengths stand in types and types come before expressions. The rules are
//! those of expressions all the same: a literal takes the type that its place or the other operand expects, operands
//! have one type, and every operation means what [`WordOp::eval`] says, as it does while a program runs.

use super::Checker;
use super::expr::is_bare;
use super::operator::is_shift;
use crate::ast::{self, BinaryOp, Expr, ExprKind, TypeKind, UnaryOp};
use crate::diagnostic;
use crate::hir::{self, ConstId, Limit};
use crate::resolve::Def;
use crate::types::width::below_zero;
use crate::types::{Ty, width};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// What is known of a constant's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nobody has asked yet.
    Unknown,
    /// Being computed: asking again is a cycle.
    Computing,
    /// An integer.
    Int(Known),
    /// Not an integer, or wrong.
    None,
}

/// An integer that is known from the source, with its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The type.
    pub scalar: Scalar,
    /// The pattern.
    pub word: Word,
    /// The operands of a subtraction in it that went below zero, for messages: what came out is a large number.
    pub below_zero: Option<(Word, Word)>,
}

impl Known {
    fn new(scalar: Scalar, word: Word) -> Self {
        Self {
            scalar,
            word: scalar.wrap(word),
            below_zero: None,
        }
    }

    /// The integer.
    pub fn integer(self) -> Integer {
        Integer::of(self.scalar, self.word)
    }

    /// The integer, if it is one from 0 to 2^64 − 1.
    pub fn to_u64(self) -> Option<u64> {
        let integer = self.integer();
        u64::try_from(integer.word())
            .ok()
            .filter(|_| !integer.is_negative())
    }

    /// For a length or an index that is too large: the subtraction that made it so.
    pub fn subtraction(self) -> Option<String> {
        below_zero(self.word, self.below_zero)
    }
}

/// Why an expression has no value that is known from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is not made of constants, or has a wrong type.
    NotConstant,
    /// It has a literal that is not a value of its type: that literal, and the type.
    Misfit(Integer, Scalar),
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
    pub fn const_value(&mut self, id: ConstId) -> Option<Known> {
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
        let want = match self.const_types.get(at) {
            Some(ty) => scalar_of(ty),
            // Asked for before the types of constants are known: by a field's range.
            None => self.written(&item.decl.ty, item.module),
        };
        let value = self.evaluate(&item.decl.value, item.module, want).ok();
        if self.const_values[at] == Value::None {
            return None;
        }
        // A value of another type is reported where the constant's expression is checked.
        let value = value.filter(|v| Some(v.scalar) == want);
        self.const_values[at] = value.map_or(Value::None, Value::Int);
        value
    }

    /// The integer that an expression of constants is, where `want` is expected; nothing is reported.
    pub fn evaluate(
        &mut self,
        e: &Expr,
        module: usize,
        want: Option<Scalar>,
    ) -> Result<Known, Unknown> {
        match &e.kind {
            ExprKind::Int(value, suffix) => literal(*value, false, suffix.as_deref(), want),
            ExprKind::Paren(e) => self.evaluate(e, module, want),
            ExprKind::Block(b) if b.stmts.is_empty() => {
                let tail = b.tail.as_deref().ok_or(Unknown::NotConstant)?;
                self.evaluate(tail, module, want)
            }
            ExprKind::Cast(e, ty) => {
                let to = self.written(ty, module).ok_or(Unknown::NotConstant)?;
                // As in expressions: a literal that is cast is of the target's type.
                let a = self.evaluate(e, module, is_bare(e).then_some(to))?;
                let word = WordOp::Cast.eval(a.scalar, to, &[a.word]);
                let below_zero = a.below_zero;
                Ok(Known {
                    below_zero,
                    ..Known::new(to, word)
                })
            }
            ExprKind::Path(path) if path.args.is_empty() => {
                if let Some((scalar, limit)) = self.limit_of(path, module) {
                    let of = match limit {
                        Limit::Bits => Scalar::USIZE,
                        Limit::Max | Limit::Min => scalar,
                    };
                    return Ok(Known::new(of, limit.of(scalar)));
                }
                let [name] = path.parts.as_slice() else {
                    return Err(Unknown::NotConstant);
                };
                match self.world.lookup(module, &name.text) {
                    Some(Def::Const(id)) => {
                        self.refer_item(name, Def::Const(id));
                        self.const_value(id).ok_or(Unknown::NotConstant)
                    }
                    _ => Err(Unknown::NotConstant),
                }
            }
            ExprKind::Unary(op, inner) => {
                if let (UnaryOp::Neg, ExprKind::Int(value, suffix)) = (op, &inner.kind) {
                    return literal(*value, true, suffix.as_deref(), want);
                }
                let a = self.evaluate(inner, module, want)?;
                let op = match op {
                    UnaryOp::Neg if !a.scalar.is_signed() => return Err(Unknown::NotConstant),
                    UnaryOp::Neg => WordOp::Neg,
                    UnaryOp::Not => WordOp::Not,
                };
                Ok(Known::new(a.scalar, op.eval(a.scalar, a.scalar, &[a.word])))
            }
            ExprKind::Binary(..) => self.evaluate_chain(e, module, want),
            _ => Err(Unknown::NotConstant),
        }
    }

    /// The integer type that a written type is, if it is one.
    fn written(&mut self, ty: &ast::Type, module: usize) -> Option<Scalar> {
        let TypeKind::Path(path) = &ty.kind else {
            return None;
        };
        match path.parts.as_slice() {
            [name] if path.args.is_empty() => {
                if let Some(scalar) = named(&name.text) {
                    return Some(scalar);
                }
                match self.world.lookup(module, &name.text) {
                    Some(Def::Alias(at)) => self.alias_plain(at).as_ref().and_then(scalar_of),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `a + b + c + …`, in time and depth that follow its operands.
    fn evaluate_chain(
        &mut self,
        e: &Expr,
        module: usize,
        want: Option<Scalar>,
    ) -> Result<Known, Unknown> {
        let mut links = Vec::new();
        let mut first = e;
        while let ExprKind::Binary(op, left, right) = &first.kind {
            links.push((*op, &**right));
            first = left;
        }
        links.reverse();
        // Bare literals in front take the type of the first operand after them that says one.
        let mut want = want;
        if is_bare(first) {
            let says = |(op, right): &&(BinaryOp, &Expr)| !is_shift(*op) && !is_bare(right);
            if let Some((_, right)) = links.iter().find(says) {
                want = Some(self.evaluate(right, module, want)?.scalar);
            }
        }
        let mut so_far = self.evaluate(first, module, want)?;
        for (op, right) in links {
            let hint = if is_shift(op) {
                Scalar::USIZE
            } else {
                so_far.scalar
            };
            let right = self.evaluate(right, module, Some(hint))?;
            so_far = operate(op, so_far, right)?;
        }
        Ok(so_far)
    }

    /// Whether an expression of constants holds; nothing is reported. `None` also where that takes more than so many steps to say.
    pub fn truth(&mut self, e: &Expr, module: usize, steps: &mut u32) -> Option<bool> {
        *steps = steps.checked_sub(1)?;
        match &e.kind {
            ExprKind::Bool(truth) => Some(*truth),
            ExprKind::Paren(e) => self.truth(e, module, steps),
            ExprKind::Unary(UnaryOp::Not, e) => self.truth(e, module, steps).map(|truth| !truth),
            ExprKind::Path(path) if path.args.is_empty() => {
                let [name] = path.parts.as_slice() else {
                    return None;
                };
                let Some(Def::Const(id)) = self.world.lookup(module, &name.text) else {
                    return None;
                };
                let item = &self.world.consts[id.index()];
                self.truth(&item.decl.value, item.module, steps)
            }
            ExprKind::Binary(op @ (BinaryOp::AndAnd | BinaryOp::OrOr), a, b) => {
                let b = self.truth(b, module, steps);
                let a = self.truth(a, module, steps);
                either_decides(*op, a, b)
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = if is_bare(a) {
                    let b = self.evaluate(b, module, None).ok()?;
                    (self.evaluate(a, module, Some(b.scalar)).ok()?, b)
                } else {
                    let a = self.evaluate(a, module, None).ok()?;
                    (a, self.evaluate(b, module, Some(a.scalar)).ok()?)
                };
                if a.scalar != b.scalar {
                    return None;
                }
                let (a, b) = (a.integer(), b.integer());
                match op {
                    BinaryOp::Eq => Some(a == b),
                    BinaryOp::Ne => Some(a != b),
                    BinaryOp::Lt => Some(a < b),
                    BinaryOp::Le => Some(a <= b),
                    BinaryOp::Gt => Some(a > b),
                    BinaryOp::Ge => Some(a >= b),
                    BinaryOp::Add
                    | BinaryOp::Sub
                    | BinaryOp::Mul
                    | BinaryOp::Div
                    | BinaryOp::Rem
                    | BinaryOp::And
                    | BinaryOp::Or
                    | BinaryOp::Xor
                    | BinaryOp::Shl
                    | BinaryOp::Shr
                    | BinaryOp::AndAnd
                    | BinaryOp::OrOr => None,
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

/// `a && b` or `a || b` of what is known of both.
pub(crate) fn either_decides(op: BinaryOp, a: Option<bool>, b: Option<bool>) -> Option<bool> {
    let decides = op == BinaryOp::OrOr;
    match (a, b) {
        (Some(one), _) | (_, Some(one)) if one == decides => Some(decides),
        (Some(_), Some(_)) => Some(!decides),
        (None, _) | (_, None) => None,
    }
}

/// `a op b` of operands that have one type, or of a value and an amount.
fn operate(op: BinaryOp, a: Known, b: Known) -> Result<Known, Unknown> {
    let word_op = match op {
        BinaryOp::Add => WordOp::Add,
        BinaryOp::Sub => WordOp::Sub,
        BinaryOp::Mul => WordOp::Mul,
        BinaryOp::Div => WordOp::Div,
        BinaryOp::Rem => WordOp::Rem,
        BinaryOp::And => WordOp::And,
        BinaryOp::Or => WordOp::Or,
        BinaryOp::Xor => WordOp::Xor,
        BinaryOp::Shl => WordOp::Shl,
        BinaryOp::Shr => WordOp::Shr,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::AndAnd
        | BinaryOp::OrOr => return Err(Unknown::NotConstant),
    };
    let typed = if is_shift(op) {
        !b.scalar.is_signed()
    } else {
        a.scalar == b.scalar
    };
    if !typed {
        return Err(Unknown::NotConstant);
    }
    let word = word_op.eval(a.scalar, a.scalar, &[a.word, b.word]);
    let below_zero = if op == BinaryOp::Sub && !a.scalar.is_signed() && a.word < b.word {
        Some((a.word, b.word))
    } else {
        a.below_zero.or(b.below_zero)
    };
    Ok(Known {
        below_zero,
        ..Known::new(a.scalar, word)
    })
}

/// A literal: of the type at its end, or of the expected one, or an `i32`.
fn literal(
    value: Word,
    negative: bool,
    suffix: Option<&str>,
    want: Option<Scalar>,
) -> Result<Known, Unknown> {
    let scalar = match suffix {
        Some(suffix) => named(suffix).ok_or(Unknown::NotConstant)?,
        None => want.unwrap_or(Scalar::signed(32)),
    };
    let word = if negative {
        value.wrapping_neg()
    } else {
        value
    };
    if width::fits(value, negative, scalar.width() as u8, scalar.is_signed()) {
        return Ok(Known::new(scalar, word));
    }
    // Below the least integer there is none to name; the least one stands for it.
    let integer = match negative {
        true if value > 1 << 127 => Integer::from(i128::MIN),
        true => Integer::from(word as i128),
        false => Integer::natural(value),
    };
    Err(Unknown::Misfit(integer, scalar))
}

fn named(name: &str) -> Option<Scalar> {
    if name == "usize" {
        return Some(Scalar::USIZE);
    }
    let (width, signed) = width::parse(name)?.ok()?;
    Some(Scalar::Int { width, signed })
}

/// The integer type that constants of a type have.
pub(crate) fn scalar_of(ty: &Ty) -> Option<Scalar> {
    match ty {
        Ty::Scalar(scalar @ Scalar::Int { .. }, _) => Some(*scalar),
        Ty::Usize => Some(Scalar::USIZE),
        _ => None,
    }
}
