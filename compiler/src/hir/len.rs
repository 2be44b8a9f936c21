//! Lengths, and arithmetic of lengths that only a session can finish.

use super::{BinaryOp, GenericId, RoleId};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

/// Most operations of one computed length; a longer one is left to the session.
const MAX_OPERATIONS: u32 = 64;

/// The length of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Len {
    /// Known from the source.
    Const(u64),
    /// A const parameter.
    Param(GenericId),
    /// The number of parties of a role (`None`: of the run).
    Parties(Option<RoleId>),
    /// Computed from lengths of which at least one is not known from the source: `N + 1`.
    Computed(Box<LenOf>),
    /// Known when the program is traced (from an input's length or a session expression); take it from the actual value.
    Session,
}

/// `a op b` of lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LenOf {
    /// The operation.
    pub op: BinaryOp,
    /// The left operand.
    pub a: Len,
    /// The right operand.
    pub b: Len,
}

impl Len {
    /// `a op b`, a number where both are known. It means what it means on `usize`.
    pub fn computed(op: BinaryOp, a: Len, b: Len) -> Len {
        let Some(word_op) = word_op(op) else {
            return Len::Session;
        };
        match (a, b) {
            (Len::Const(a), Len::Const(b)) => {
                let words = [u128::from(a), u128::from(b)];
                let word = word_op.eval(Scalar::USIZE, Scalar::USIZE, &words);
                u64::try_from(word).map_or(Len::Session, Len::Const)
            }
            (Len::Session, _) | (_, Len::Session) => Len::Session,
            (a, b) if a.operations() + b.operations() >= MAX_OPERATIONS => Len::Session,
            (a, b) => Len::Computed(Box::new(LenOf { op, a, b })),
        }
    }

    /// The length with what it is computed from replaced.
    pub fn replaced(self, leaf: &mut dyn FnMut(Len) -> Len) -> Len {
        match self {
            Len::Computed(of) => {
                let a = of.a.replaced(leaf);
                let b = of.b.replaced(leaf);
                Len::computed(of.op, a, b)
            }
            Len::Const(_) | Len::Param(_) | Len::Parties(_) | Len::Session => leaf(self),
        }
    }

    /// As it is written, with names for what it is computed from.
    pub fn show(&self, leaf: &dyn Fn(&Len) -> String) -> String {
        match self {
            Len::Computed(of) => {
                let side = |len: &Len| match len {
                    Len::Computed(_) => format!("({})", len.show(leaf)),
                    _ => leaf(len),
                };
                format!("{} {} {}", side(&of.a), symbol(of.op), side(&of.b))
            }
            Len::Const(_) | Len::Param(_) | Len::Parties(_) | Len::Session => leaf(self),
        }
    }

    fn operations(&self) -> u32 {
        match self {
            Len::Computed(of) => 1 + of.a.operations() + of.b.operations(),
            Len::Const(_) | Len::Param(_) | Len::Parties(_) | Len::Session => 0,
        }
    }
}

/// What lengths are computed with.
fn word_op(op: BinaryOp) -> Option<WordOp> {
    Some(match op {
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
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            return None;
        }
    })
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
    }
}
