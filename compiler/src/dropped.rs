//! Rows that are kept or not, given to a function that counts all of them: the warning that says so.
//!
//! What `filter` and `join` give has zeros in place of a row that is not kept. A closure that does not look at `kept` takes them for a row
//! of group 0, and a group of few rows then passes for a large one. Only what stands in the call itself is looked at: an array of such rows
//! beside a closure, or a column made of one by `map`.

use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::hir::{
    BinaryOp, Builtin, Expr, ExprKind as E, Hir, LocalId, PlaceStep, Stmt, Type, UnaryOp,
};
use crate::library;
use smpcc_circuit::value::Scalar;

/// Functions of rows that count or group them: their name, the first argument and the one after the last of those that must tell which rows
/// count, and whether a value of zero adds nothing.
const OF_ROWS: [(&str, usize, usize, bool); 5] = [
    ("std::table::group_by", 1, 2, false),
    ("std::table::group_by_key", 1, 2, false),
    ("std::table::distinct", 1, 2, false),
    ("std::table::pivot", 1, 4, true),
    ("std::stats::count_if", 1, 2, true),
];

/// The warnings of a program without errors.
pub fn warnings(hir: &Hir) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for function in &hir.fns {
        if !library::owns(function.span.file) {
            let here = Here { hir };
            each(&function.body, &mut |e| out.extend(here.call(e)));
        }
    }
    out
}

struct Here<'a> {
    hir: &'a Hir,
}

impl Here<'_> {
    fn call(&self, e: &Expr) -> Option<Diagnostic> {
        let E::Call { function, args, .. } = &e.kind else {
            return None;
        };
        let callee = self.hir.fns.get(function.index())?;
        if !library::owns(callee.span.file) {
            return None;
        }
        let called = callee.name.rsplit("::").next().unwrap_or(&callee.name);
        let twin = format!("{}_where", callee.name);
        let has_twin = self.hir.fns.iter().any(|f| f.name == twin);
        if let Some((_, from, to, adds)) = OF_ROWS.iter().find(|(name, ..)| *name == callee.name) {
            let rows = args.first()?;
            let keys = args.get(*from..*to)?;
            if !self.are_kept(&rows.ty) || keys.iter().any(|key| self.looks(key)) {
                return None;
            }
            let last = keys.last()?;
            if *adds && self.of_zeros(last) == Some(0) {
                return None;
            }
            let help = match has_twin {
                true => format!("write `{called}_where(rows, |r| r.kept, …)`"),
                false => "write `r.kept && …` in the closure".to_owned(),
            };
            return Some(self.warning(called, keys.first()?, rows, help));
        }
        if !has_twin {
            return None;
        }
        let columns = args.iter().filter_map(|arg| match &arg.kind {
            E::Builtin(Builtin::Map, parts) => match parts.as_slice() {
                [rows, of] if self.are_kept(&rows.ty) => Some((rows, of)),
                _ => None,
            },
            _ => None,
        });
        let columns: Vec<(&Expr, &Expr)> = columns.collect();
        let (rows, first) = *columns.first()?;
        if columns.iter().any(|(_, of)| self.looks(of))
            || called == "sum" && self.of_zeros(first) == Some(0)
        {
            return None;
        }
        let help = format!(
            "take `{called}_where`, with `rows.map(|r| r.kept)` as the list of what is kept"
        );
        Some(self.warning(called, first, rows, help))
    }

    fn warning(&self, called: &str, of: &Expr, rows: &Expr, help: String) -> Diagnostic {
        diagnostic!(
            W0010,
            of.span,
            "`{called}` counts rows that are not kept as well"
        )
        .here("does not look at `kept`: a row that is not kept is all zeros")
        .because(rows.span, "of these rows not all are kept")
        .help(help)
    }

    /// Whether a type is an array of structs of the library that say whether they are kept.
    fn are_kept(&self, ty: &Type) -> bool {
        let Type::Array(row, _) = ty else {
            return false;
        };
        // It is the first field of all that have it.
        self.says(row, 0)
    }

    /// Whether a field of a struct of the library says whether the struct counts.
    fn says(&self, ty: &Type, at: usize) -> bool {
        let Type::Struct { id, .. } = ty else {
            return false;
        };
        let Some(known) = self.hir.structs.get(id.index()) else {
            return false;
        };
        let name = known.fields.get(at).map(|field| field.name.as_str());
        library::owns(known.span.file) && matches!(name, Some("kept" | "matched"))
    }

    /// The row that a callable takes, and what it gives.
    fn parts<'e>(&'e self, of: &'e Expr) -> Option<(LocalId, &'e Expr)> {
        match &of.kind {
            E::Closure { params, body } => match params.as_slice() {
                [row] => Some((*row, body)),
                _ => None,
            },
            E::FnValue(id) => Some((LocalId(0), &self.hir.fns.get(id.index())?.body)),
            _ => None,
        }
    }

    /// Whether a callable looks at what says whether a row counts, or may do so where it is not seen.
    fn looks(&self, of: &Expr) -> bool {
        let Some((row, body)) = self.parts(of) else {
            return true;
        };
        let (mut looks, mut whole, mut parts) = (false, 0u32, 0u32);
        each(body, &mut |e| match &e.kind {
            E::Local(local) if *local == row => whole += 1,
            E::Field(base, at) => {
                looks |= self.says(&base.ty, *at as usize);
                if matches!(base.kind, E::Local(local) if local == row) {
                    parts += 1;
                }
            }
            _ => {}
        });
        looks || whole > parts
    }

    /// The number that a callable gives for a row of zeros, where that is plain.
    fn of_zeros(&self, of: &Expr) -> Option<i128> {
        let (row, body) = self.parts(of)?;
        number(body, row)
    }
}

/// The number that an expression is if a row is all zeros. Fixed-point numbers are those that their bits are.
fn number(e: &Expr, row: LocalId) -> Option<i128> {
    let unsigned = matches!(e.ty, Type::Scalar(Scalar::Int { signed: false, .. }, _));
    let value = match &e.kind {
        E::Lit(word) => match &e.ty {
            Type::Scalar(..) => *word as i128,
            Type::Real(real, _) if real.fixed().is_some() => *word as i128,
            _ => return None,
        },
        E::Field(..) => {
            let mut at = e;
            while let E::Field(base, _) = &at.kind {
                at = base;
            }
            let numeric = matches!(e.ty, Type::Scalar(..) | Type::Real(..));
            match at.kind {
                E::Local(local) if local == row && numeric => 0,
                _ => return None,
            }
        }
        E::Cast(inner) => match number(inner, row)? {
            0 => 0,
            _ => return None,
        },
        E::Block(stmts, Some(tail)) if stmts.is_empty() => number(tail, row)?,
        E::Unary(UnaryOp::Not, inner) if matches!(e.ty, Type::Scalar(Scalar::Bool, _)) => {
            1 - number(inner, row)?
        }
        E::LogicalAnd(a, b) => match (number(a, row), number(b, row)) {
            (Some(0), _) | (_, Some(0)) => 0,
            (Some(_), Some(_)) => 1,
            _ => return None,
        },
        E::LogicalOr(a, b) => match (number(a, row)?, number(b, row)?) {
            (0, 0) => 0,
            _ => 1,
        },
        E::If {
            cond,
            then,
            otherwise: Some(otherwise),
        } => match number(cond, row)? {
            0 => number(otherwise, row)?,
            _ => number(then, row)?,
        },
        E::Binary(op, a, b) => {
            let (a, b) = (number(a, row), number(b, row));
            match op {
                BinaryOp::Mul if a == Some(0) || b == Some(0) => 0,
                BinaryOp::Add => a?.checked_add(b?)?,
                BinaryOp::Sub => a?.checked_sub(b?)?,
                BinaryOp::Eq => i128::from(a? == b?),
                BinaryOp::Ne => i128::from(a? != b?),
                BinaryOp::Lt => i128::from(a? < b?),
                BinaryOp::Le => i128::from(a? <= b?),
                BinaryOp::Gt => i128::from(a? > b?),
                BinaryOp::Ge => i128::from(a? >= b?),
                _ => return None,
            }
        }
        _ => return None,
    };
    (!unsigned || value >= 0).then_some(value)
}

/// Shows an expression and all that is in it.
fn each(e: &Expr, show: &mut dyn FnMut(&Expr)) {
    show(e);
    match &e.kind {
        E::Lit(_)
        | E::Decimal(_)
        | E::Zero
        | E::Local(_)
        | E::Const(_)
        | E::ConstParam(_)
        | E::Limit(..)
        | E::Circuit(_)
        | E::FnValue(_)
        | E::Return(None)
        | E::Break
        | E::Continue => {}
        E::Unary(_, a)
        | E::Cast(a)
        | E::Field(a, _)
        | E::Reveal(a)
        | E::MakeSecret(a)
        | E::Assert(a, _)
        | E::Within(_, a)
        | E::Return(Some(a))
        | E::Closure { body: a, .. } => each(a, show),
        E::Binary(_, a, b)
        | E::LogicalAnd(a, b)
        | E::LogicalOr(a, b)
        | E::Index(a, b)
        | E::Repeat(a, b) => {
            each(a, show);
            each(b, show);
        }
        E::Slice { array, lo, hi, .. } => {
            each(array, show);
            for bound in [lo, hi].into_iter().flatten() {
                each(bound, show);
            }
        }
        E::Array(parts) | E::Tuple(parts) | E::Struct(parts) | E::Builtin(_, parts) => {
            parts.iter().for_each(|part| each(part, show));
        }
        E::Call { args, .. } => args.iter().for_each(|arg| each(arg, show)),
        E::CallValue(callee, args) => {
            each(callee, show);
            args.iter().for_each(|arg| each(arg, show));
        }
        E::Block(stmts, tail) => {
            stmts.iter().for_each(|stmt| each_in(stmt, show));
            if let Some(tail) = tail {
                each(tail, show);
            }
        }
        E::If {
            cond,
            then,
            otherwise,
        } => {
            each(cond, show);
            each(then, show);
            if let Some(otherwise) = otherwise {
                each(otherwise, show);
            }
        }
    }
}

fn each_in(stmt: &Stmt, show: &mut dyn FnMut(&Expr)) {
    match stmt {
        Stmt::Let(_, value) => {
            if let Some(value) = value {
                each(value, show);
            }
        }
        Stmt::Assign(place, value, _) => {
            for step in &place.steps {
                if let PlaceStep::Index(index) = step {
                    each(index, show);
                }
            }
            each(value, show);
        }
        Stmt::Expr(e) => each(e, show),
        Stmt::ForRange { lo, hi, body, .. } => {
            [lo, hi, body].into_iter().for_each(|e| each(e, show));
        }
        Stmt::ForEach { array, body, .. } => {
            each(array, show);
            each(body, show);
        }
        Stmt::While { cond, body, .. } => {
            each(cond, show);
            each(body, show);
        }
    }
}
