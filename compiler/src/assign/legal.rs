//! What has an arithmetic form, for a program or a function that is to stay in arithmetic shares; and what is asked to be in a domain
//! that the suite does not have.

use super::NoForm;
use super::local::Local;
use crate::forms::has_arithmetic_form;
use crate::hir::Protocol;
use crate::ir::{Ir, Kind, Node, Op, Reducer, Region};
use crate::session::{Options, ProtocolChoice};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;

/// What arithmetic values can be.
#[derive(Clone, Copy)]
pub(super) struct Rings<'a> {
    /// Which values can be held in rings wider than their type; widening one that cannot goes through bits.
    pub wide: &'a [bool],
    /// The bits of the widest ring.
    pub most: u8,
}

/// Whether a secret node can be computed in the arithmetic domain without leaving it.
pub(super) fn is_arithmetic(ir: &Ir, node: &Node, rings: Rings<'_>) -> Result<(), String> {
    let Rings { wide, most } = rings;
    let ty = |v: &ValueId| ir.values[v.index()].ty;
    let all = node.results.iter().chain(&node.args).map(ty);
    let mut secrets = all.filter(|ty| ty.secret).peekable();
    if secrets.peek().is_none() {
        return Ok(());
    }
    if secrets.any(|ty| ty.scalar.width() > u32::from(most)) {
        return Err(format!("a number of more than {most} bits"));
    }
    let word = |op: WordOp, args: &[ValueId]| -> Result<(), String> {
        let data = usize::from(op == WordOp::Select);
        let from = args
            .get(data)
            .map_or(smpcc_circuit::value::Scalar::Bool, |v| ty(v).scalar);
        let to = node.results.first().map_or(from, |v| ty(v).scalar);
        let amount = args.get(1).is_some_and(|v| !ty(v).secret);
        if !has_arithmetic_form(op, from, to, amount) {
            return Err(describe(op).into());
        }
        if op == WordOp::Cast
            && to.width() > from.width()
            && args.iter().any(|v| ty(v).secret && !wide[v.index()])
        {
            return Err("widening a number that may have wrapped".into());
        }
        Ok(())
    };
    match (&node.op, node.op.kind()) {
        (Op::Word(op), _) => word(*op, &node.args),
        (Op::Reduce { reducer, .. } | Op::Scan { reducer, .. }, _) => match reducer {
            Reducer::Word(op) => {
                let args: Vec<_> = node.args.iter().chain(&node.args).copied().collect();
                word(*op, &args)
            }
            Reducer::Region => Ok(()),
        },
        (Op::Dot { .. }, _) | (_, Kind::Move | Kind::Boundary | Kind::Control) => Ok(()),
        (op, Kind::Compute) => Err(computation(op)),
    }
}

/// What computes, in words that fit before "has no arithmetic form".
fn computation(op: &Op) -> String {
    match op {
        Op::Word(op) => describe(*op).into(),
        Op::Reduce { .. } | Op::Scan { .. } => "combining the elements of an array".into(),
        Op::Dot { .. } => "a sum of products".into(),
        Op::ReadSecret { .. } => "reading an array at a secret index".into(),
        Op::WriteSecret { .. } => "writing an array at a secret index".into(),
        Op::Sort { .. } => "sorting".into(),
        Op::Circuit { circuit, .. } => format!("the imported circuit `{}`", circuit.name),
        other => format!("`{}`", other.name()),
    }
}

/// For a program that is to stay arithmetic as a whole, or (not `all`) where the source asks for it.
///
/// # Errors
/// One entry per operation without an arithmetic form.
pub(super) fn check_arithmetic(
    ir: &Ir,
    local: &Local,
    options: &Options,
    all: bool,
) -> Result<(), Vec<NoForm>> {
    let asks = |node: &Node| node.protocol == Some(Protocol::Arithmetic);
    if !all && !ir.body.any(&mut |node| asks(node)) {
        return Ok(());
    }
    let rings = Rings {
        wide: &super::rings::wide(ir, local),
        most: options.suite.widest_ring(options.threat),
    };
    let mut errors = Vec::new();
    check_region(ir, &ir.body, local, all, rings, &mut errors);
    errors.dedup();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn check_region(
    ir: &Ir,
    region: &Region,
    local: &Local,
    all: bool,
    rings: Rings<'_>,
    errors: &mut Vec<NoForm>,
) {
    for node in &region.nodes {
        if (all || node.protocol == Some(Protocol::Arithmetic))
            && !local.holds(node)
            && let Err(what) = is_arithmetic(ir, node, rings)
        {
            errors.push(NoForm {
                asked: Protocol::Arithmetic,
                what,
                span: node.span,
            });
        }
        for inner in &node.regions {
            check_region(ir, inner, local, all, rings, errors);
        }
    }
}

/// For a suite that does not have a domain, against the threat.
///
/// # Errors
/// Where the whole program is to stay in it, the first operation on secrets; else each operation that the source wants there.
pub(super) fn check_without(
    ir: &Ir,
    local: &Local,
    choice: ProtocolChoice,
    missing: Protocol,
) -> Result<(), Vec<NoForm>> {
    let mut asked = Vec::new();
    let all = matches!(
        (choice, missing),
        (ProtocolChoice::Yao, Protocol::Yao) | (ProtocolChoice::Arithmetic, Protocol::Arithmetic)
    );
    wanting(ir, &ir.body, local, (all, missing), &mut asked);
    if all {
        // All of them are: one says it. What computes says it better than what only moves values.
        asked.sort_by_key(|(computes, _)| !computes);
        asked.truncate(1);
    }
    let mut errors: Vec<NoForm> = asked.into_iter().map(|(_, error)| error).collect();
    errors.dedup();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// The operations on secrets that are to be done in a domain, and whether each computes anything.
fn wanting(
    ir: &Ir,
    region: &Region,
    local: &Local,
    (all, missing): (bool, Protocol),
    out: &mut Vec<(bool, NoForm)>,
) {
    let shared = |v: &ValueId| ir.values[v.index()].ty.secret && local.holder(*v).is_none();
    for node in &region.nodes {
        if (all || node.protocol == Some(missing)) && node.results.iter().any(shared) {
            let (computes, what) = match node.op.kind() {
                Kind::Compute => (true, computation(&node.op)),
                Kind::Move | Kind::Boundary | Kind::Control => {
                    (false, "holding this secret".into())
                }
            };
            let error = NoForm {
                asked: missing,
                what,
                span: node.span,
            };
            out.push((computes, error));
        }
        for inner in &node.regions {
            wanting(ir, inner, local, (all, missing), out);
        }
    }
}

const fn describe(op: WordOp) -> &'static str {
    match op {
        WordOp::Div | WordOp::Rem => "division by this operand",
        WordOp::Lt | WordOp::Le | WordOp::Eq | WordOp::Ne => "comparing secret numbers",
        WordOp::Min | WordOp::Max => "the smaller or larger of secret numbers",
        WordOp::Abs => "an absolute value",
        WordOp::And | WordOp::Or | WordOp::Xor | WordOp::Not => "logic on the bits of a number",
        WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR => "this shift",
        WordOp::Isqrt => "a square root",
        WordOp::CountOnes => "counting bits",
        WordOp::SubByte => "a substitution of bytes",
        WordOp::Float(..) => "arithmetic on floats",
        WordOp::Cast => "this conversion",
        WordOp::Add | WordOp::Sub | WordOp::Neg => "adding or subtracting",
        WordOp::Mul => "a product",
        WordOp::Select => "selecting by a secret",
    }
}
