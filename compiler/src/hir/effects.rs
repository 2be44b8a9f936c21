//! What a piece of code may change, read off its syntax: assigned variables and early exits.
//!
//! A rolled loop must know its carried variables before its body is traced, and a branch the variables to merge after
//! it. Closures are not entered: they cannot assign what they capture, and a `return` in them leaves only them.

use crate::hir::{BinaryOp, Expr, ExprKind, LocalId, PlaceStep, Stmt};
use smpcc_circuit::sorted::SortedMap;

/// What code may change outside of itself.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Assigned variables that are declared outside, each with whether an *element* of it is assigned.
    pub assigned: SortedMap<LocalId, bool>,
    /// Variables that are assigned something else than a sum of themselves and something.
    pub replaced: Vec<LocalId>,
    /// Whether it may leave the function.
    pub returns: bool,
    /// Whether it may `break` a loop around it.
    pub breaks: bool,
    /// Whether it may `continue` a loop around it.
    pub continues: bool,
}

impl Effects {
    /// Of an expression.
    pub fn of(expr: &Expr) -> Self {
        let mut scan = Scan::default();
        scan.expr(expr, 0);
        scan.finish()
    }

    /// Of several expressions together.
    pub fn of_all<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Self {
        let mut scan = Scan::default();
        for expr in exprs {
            scan.expr(expr, 0);
        }
        scan.finish()
    }

    /// Of a statement.
    pub fn of_stmt(stmt: &Stmt) -> Self {
        let mut scan = Scan::default();
        scan.stmt(stmt, 0);
        scan.finish()
    }

    /// Of the rest of a block.
    pub fn of_rest(stmts: &[Stmt], tail: Option<&Expr>) -> Self {
        let mut scan = Scan::default();
        for stmt in stmts {
            scan.stmt(stmt, 0);
        }
        if let Some(tail) = tail {
            scan.expr(tail, 0);
        }
        scan.finish()
    }

    /// Whether control may leave early.
    pub fn exits(&self) -> bool {
        self.returns || self.breaks || self.continues
    }
}

/// All variables that an expression mentions, closures included.
pub fn mentioned(expr: &Expr) -> Vec<LocalId> {
    let mut all: Vec<LocalId> = mentioned_parts(expr)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    all.dedup();
    all
}

/// The same; where only a field of one is mentioned, which.
pub fn mentioned_parts(expr: &Expr) -> Vec<(LocalId, Option<u32>)> {
    let mut scan = Scan {
        mentions: Some(Vec::new()),
        ..Scan::default()
    };
    scan.expr(expr, 0);
    let mut all = scan.mentions.unwrap_or_default();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether evaluating it can neither stop the run nor disclose anything nor change a variable, so that it may be
/// evaluated although its result is not used.
pub fn is_total(expr: &Expr) -> bool {
    use ExprKind as E;
    match &expr.kind {
        E::Lit(_)
        | E::Decimal(_)
        | E::Zero
        | E::Local(_)
        | E::Const(_)
        | E::ConstParam(_)
        | E::Limit(..)
        | E::FnValue(_)
        | E::Circuit(_) => true,
        E::Closure { .. } => true,
        E::Unary(_, a) | E::Cast(a) | E::Field(a, _) | E::MakeSecret(a) | E::Within(_, a) => {
            is_total(a)
        }
        E::Binary(_, a, b) | E::LogicalAnd(a, b) | E::LogicalOr(a, b) | E::Repeat(a, b) => {
            is_total(a) && is_total(b)
        }
        E::Array(parts) | E::Tuple(parts) | E::Struct(parts) => parts.iter().all(is_total),
        E::Builtin(builtin, args) => {
            use crate::hir::Builtin as B;
            args.iter().all(is_total)
                && !matches!(
                    builtin,
                    B::Map
                        | B::Fold
                        | B::Zip
                        | B::Flatten
                        | B::StepBy
                        | B::Chunks
                        | B::Windows
                        | B::Dot
                )
        }
        E::Block(stmts, Some(tail)) => stmts.is_empty() && is_total(tail),
        E::If {
            cond,
            then,
            otherwise: Some(otherwise),
        } => is_total(cond) && is_total(then) && is_total(otherwise),
        E::If { .. }
        | E::Block(..)
        | E::Index(..)
        | E::Slice { .. }
        | E::Call { .. }
        | E::CallValue(..)
        | E::Reveal(_)
        | E::Assert(..)
        | E::Return(_)
        | E::Break
        | E::Continue => false,
    }
}

/// Whether it is a sum of the variable and something.
fn is_sum(local: LocalId, value: &Expr) -> bool {
    let own = |e: &Expr| matches!(e.kind, ExprKind::Local(id) if id == local);
    matches!(&value.kind, ExprKind::Binary(BinaryOp::Add, a, b) if own(a) || own(b))
}

#[derive(Default)]
struct Scan {
    effects: Effects,
    declared: Vec<LocalId>,
    mentions: Option<Vec<(LocalId, Option<u32>)>>,
}

impl Scan {
    fn finish(mut self) -> Effects {
        for local in self.declared {
            self.effects.assigned.remove(&local);
        }
        self.effects
    }

    /// `loops` counts the loops of the scanned code around the expression.
    fn expr(&mut self, expr: &Expr, loops: u32) {
        use ExprKind as E;
        match &expr.kind {
            E::Lit(_)
            | E::Zero
            | E::Const(_)
            | E::ConstParam(_)
            | E::Limit(..)
            | E::Decimal(_)
            | E::FnValue(_)
            | E::Circuit(_) => {}
            E::Local(local) => {
                if let Some(mentions) = &mut self.mentions {
                    mentions.push((*local, None));
                }
            }
            E::Field(a, at) => match (&a.kind, &mut self.mentions) {
                (E::Local(local), Some(mentions)) => mentions.push((*local, Some(*at))),
                _ => self.expr(a, loops),
            },
            E::Unary(_, a)
            | E::Cast(a)
            | E::Reveal(a)
            | E::MakeSecret(a)
            | E::Within(_, a)
            | E::Assert(a, _) => self.expr(a, loops),
            E::Binary(_, a, b)
            | E::LogicalAnd(a, b)
            | E::LogicalOr(a, b)
            | E::Index(a, b)
            | E::Repeat(a, b) => {
                self.expr(a, loops);
                self.expr(b, loops);
            }
            E::Slice { array, lo, hi, .. } => {
                self.expr(array, loops);
                for bound in [lo, hi].into_iter().flatten() {
                    self.expr(bound, loops);
                }
            }
            E::Array(parts) | E::Tuple(parts) | E::Struct(parts) | E::Builtin(_, parts) => {
                parts.iter().for_each(|p| self.expr(p, loops));
            }
            E::Call { args, .. } => args.iter().for_each(|a| self.expr(a, loops)),
            E::CallValue(callee, args) => {
                self.expr(callee, loops);
                args.iter().for_each(|a| self.expr(a, loops));
            }
            E::Closure { body, .. } => {
                if self.mentions.is_some() {
                    self.expr(body, loops);
                }
            }
            E::Block(stmts, tail) => {
                stmts.iter().for_each(|s| self.stmt(s, loops));
                if let Some(tail) = tail {
                    self.expr(tail, loops);
                }
            }
            E::If {
                cond,
                then,
                otherwise,
            } => {
                self.expr(cond, loops);
                self.expr(then, loops);
                if let Some(otherwise) = otherwise {
                    self.expr(otherwise, loops);
                }
            }
            E::Return(value) => {
                self.effects.returns = true;
                if let Some(value) = value {
                    self.expr(value, loops);
                }
            }
            E::Break => self.effects.breaks |= loops == 0,
            E::Continue => self.effects.continues |= loops == 0,
        }
    }

    fn stmt(&mut self, stmt: &Stmt, loops: u32) {
        match stmt {
            Stmt::Let(local, value) => {
                self.declared.push(*local);
                if let Some(value) = value {
                    self.expr(value, loops);
                }
            }
            Stmt::Assign(place, value, _) => {
                if let Some(mentions) = &mut self.mentions {
                    mentions.push((place.local, None));
                }
                if !is_sum(place.local, value) {
                    self.effects.replaced.push(place.local);
                }
                let mut element = false;
                for step in &place.steps {
                    if let PlaceStep::Index(index) = step {
                        element = true;
                        self.expr(index, loops);
                    }
                }
                *self.effects.assigned.entry(place.local).or_default() |= element;
                self.expr(value, loops);
            }
            Stmt::Expr(expr) => self.expr(expr, loops),
            Stmt::ForRange {
                var, lo, hi, body, ..
            } => {
                self.declared.push(*var);
                self.expr(lo, loops);
                self.expr(hi, loops);
                self.expr(body, loops + 1);
            }
            Stmt::ForEach {
                var, array, body, ..
            } => {
                self.declared.push(*var);
                self.expr(array, loops);
                self.expr(body, loops + 1);
            }
            Stmt::While { cond, body, .. } => {
                self.expr(cond, loops + 1);
                self.expr(body, loops + 1);
            }
        }
    }
}
