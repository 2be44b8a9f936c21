//! Algebraic rules: the same value for less work.
//!
//! ```text
//! before: v2 = not b        after: (uses of v5 use a)
//!         v3 = and a, b
//!         v4 = and a, v2
//!         v5 = xor v3, v4
//! ```
//!
//! Rules look at one operation and the definitions of its operands, and are applied wherever a pass emits an operation,
//! so that they compose. They fall into word rules (here) and wiring rules (`algebra/wiring.rs`: gathers, scatters,
//! concatenations, reductions), which forward what was written to where it is read, so that small arrays filled
//! by unrolled loops become scalars. A rule never makes an operation wider, deeper or costlier in any domain.

pub mod wiring;

use super::Outcome;
use super::constants::Constants;
use super::rewrite::{Walk, rewrite};
use crate::ir::{Ir, Kind, Op, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    rewrite(ir, true, &mut Constants)
}

/// A value that equals the operation's result and costs less, if a rule applies.
pub fn simplify(walk: &mut Walk, op: &Op, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    let out = match (op, op.kind()) {
        (Op::Word(word), _) => in_the_clear(walk, op, args, ty)
            .or_else(|| before_broadcast(walk, *word, args, ty))
            .or_else(|| rule(walk, *word, args, ty)),
        (Op::Const(_) | Op::MakeSecret | Op::Circuit { .. } | Op::Sort { .. }, _)
        | (_, Kind::Boundary | Kind::Control) => None,
        (_, Kind::Move | Kind::Compute) => {
            in_the_clear(walk, op, args, ty).or_else(|| wiring::simplify(walk, op, args, ty))
        }
    };
    // A rule may drop the only secret operand (`secret & false`): the result keeps its type.
    out.map(|id| walk.with_secrecy(id, ty.secret))
}

/// An operation on public values that were made secret is done in the clear; where one operand is truly secret, the
/// others lose their disguise, so that what is known of them is seen.
fn in_the_clear(walk: &mut Walk, op: &Op, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    let secret_index = matches!(op, Op::ReadSecret { .. } | Op::WriteSecret { .. });
    if secret_index
        || matches!(
            op,
            Op::Reduce {
                reducer: crate::ir::Reducer::Region,
                ..
            } | Op::Scan {
                reducer: crate::ir::Reducer::Region,
                ..
            }
        )
    {
        return None;
    }
    if args.iter().all(|&id| walk.public_source(id).is_none()) {
        return None;
    }
    let bare: Vec<ValueId> = (args.iter())
        .map(|&arg| walk.public_source(arg).unwrap_or(arg))
        .collect();
    let secret = bare.iter().any(|&id| walk.ty(id).secret);
    let out = walk.emit(op.clone(), bare, Ty { secret, ..ty });
    Some(walk.with_secrecy(out, ty.secret))
}

/// An operation on operands that all were copied to more lanes alike is done before the copying.
fn before_broadcast(walk: &mut Walk, op: WordOp, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    let mut shared: Option<(ValueId, u64, u64)> = None;
    for &arg in args {
        if walk.splat(arg).is_some() {
            continue;
        }
        let (Op::Gather { block }, &[src, idx]) = walk.simple(arg)? else {
            return None;
        };
        let lanes = walk.ty(src).lanes;
        if lanes >= ty.lanes {
            return None;
        }
        match shared {
            None => {
                walk.constant(idx)?;
                shared = Some((idx, *block, lanes));
            }
            Some((other, other_block, other_lanes)) => {
                let same = other == idx || walk.constant(other)? == walk.constant(idx)?;
                if !same || other_block != *block || other_lanes != lanes {
                    return None;
                }
            }
        }
    }
    let (idx, block, lanes) = shared?;
    let mut sources = Vec::with_capacity(args.len());
    for &arg in args {
        sources.push(match walk.splat(arg) {
            Some(word) => {
                let arg_ty = walk.ty(arg);
                walk.splat_of(Ty { lanes, ..arg_ty }, word)
            }
            None => match walk.simple(arg)? {
                (Op::Gather { .. }, &[src, _]) => src,
                _ => return None,
            },
        });
    }
    let small = walk.emit(Op::Word(op), sources, Ty { lanes, ..ty });
    Some(walk.gather(small, idx, block))
}

fn rule(walk: &mut Walk, op: WordOp, args: &[ValueId], ty: Ty) -> Option<ValueId> {
    let commutes = op.is_associative() || matches!(op, WordOp::Eq | WordOp::Ne);
    if let (true, &[a, b]) = (commutes, args)
        && walk.splat(a).is_some()
        && walk.splat(b).is_none()
    {
        return Some(walk.emit(Op::Word(op), vec![b, a], ty));
    }
    match *args {
        [a] => unary(walk, op, a, ty),
        [a, b] => {
            let same = a == b;
            match walk.splat(b) {
                Some(word) => with_constant(walk, op, a, b, word, ty),
                None if same => with_itself(walk, op, a, ty),
                None => None,
            }
            .or_else(|| binary(walk, op, a, b, ty))
        }
        [c, a, b] if op == WordOp::Select => select(walk, c, a, b, ty),
        _ => None,
    }
}

fn unary(walk: &mut Walk, op: WordOp, a: ValueId, ty: Ty) -> Option<ValueId> {
    let of = |walk: &Walk, inner: WordOp| walk.word_args(a, inner).map(<[ValueId]>::to_vec);
    match op {
        WordOp::Not => {
            if let Some(inner) = of(walk, WordOp::Not) {
                return Some(inner[0]);
            }
            // The complement of a comparison is a comparison.
            for (found, flipped, swap) in [
                (WordOp::Lt, WordOp::Le, true),
                (WordOp::Le, WordOp::Lt, true),
                (WordOp::Eq, WordOp::Ne, false),
                (WordOp::Ne, WordOp::Eq, false),
            ] {
                if let Some(inner) = of(walk, found) {
                    let (x, y) = if swap {
                        (inner[1], inner[0])
                    } else {
                        (inner[0], inner[1])
                    };
                    return Some(walk.word(flipped, &[x, y]));
                }
            }
            None
        }
        WordOp::Neg => of(walk, WordOp::Neg).map(|inner| inner[0]),
        WordOp::Cast => cast(walk, a, ty),
        WordOp::Abs if !ty.scalar.is_signed() => Some(a),
        _ => None,
    }
}

fn cast(walk: &mut Walk, a: ValueId, ty: Ty) -> Option<ValueId> {
    let (mid, to) = (walk.ty(a).scalar, ty.scalar);
    if mid == to {
        return Some(a);
    }
    let &[x] = walk.word_args(a, WordOp::Cast)? else {
        return None;
    };
    // Bits up to the middle's width pass through it whatever the signs; more bits only if it keeps every integer.
    let from = walk.ty(x).scalar;
    (to.width() <= mid.width() || holds_all(mid, from)).then(|| walk.cast(x, to))
}

/// Whether every integer of type `from` is one of type `into`.
pub fn holds_all(into: Scalar, from: Scalar) -> bool {
    match (into.is_signed(), from.is_signed()) {
        (true, false) => into.width() > from.width(),
        (false, true) => false,
        (true, true) | (false, false) => into.width() >= from.width(),
    }
}

/// `b` is `word` in every lane.
fn with_constant(
    walk: &mut Walk,
    op: WordOp,
    a: ValueId,
    b: ValueId,
    word: Word,
    ty: Ty,
) -> Option<ValueId> {
    let a_ty = walk.ty(a);
    let ones = a_ty.scalar.mask();
    let signed = a_ty.scalar.is_signed();
    let w = a_ty.scalar.width();
    let zero = |walk: &mut Walk| Some(walk.splat_of(ty, 0));
    let power = word.is_power_of_two() && !a_ty.scalar.is_negative(word);
    let amount = |walk: &mut Walk| {
        walk.splat_of(
            Ty {
                scalar: Scalar::unsigned(8),
                lanes: ty.lanes,
                secret: false,
            },
            Word::from(word.trailing_zeros()),
        )
    };
    let truth = |walk: &mut Walk, holds: bool| Some(walk.splat_of(ty, Word::from(holds)));
    let (least, greatest) = extremes(a_ty.scalar);
    match op {
        WordOp::Add | WordOp::Sub if word == 0 => Some(a),
        WordOp::Add => {
            let inner = walk.word_args(a, WordOp::Add)?.to_vec();
            walk.splat(inner[1])?;
            let total = walk.word(WordOp::Add, &[inner[1], b]);
            Some(walk.word(WordOp::Add, &[inner[0], total]))
        }
        WordOp::Mul if word == 0 => zero(walk),
        WordOp::Mul if word == 1 => Some(a),
        WordOp::Mul if word == ones => Some(walk.word(WordOp::Neg, &[a])),
        WordOp::Mul if power => {
            let s = amount(walk);
            Some(walk.word(WordOp::Shl, &[a, s]))
        }
        WordOp::Div if word == 1 => Some(a),
        WordOp::Div if power && !signed => {
            let s = amount(walk);
            Some(walk.word(WordOp::Shr, &[a, s]))
        }
        WordOp::Rem if word == 1 => zero(walk),
        WordOp::Rem if word == 0 => Some(a),
        WordOp::Rem if power && !signed => {
            let low = walk.splat_of(walk.ty(b), word - 1);
            Some(walk.word(WordOp::And, &[a, low]))
        }
        WordOp::And if word == 0 => zero(walk),
        WordOp::And if word == ones => Some(a),
        WordOp::Or | WordOp::Xor if word == 0 => Some(a),
        WordOp::Or if word == ones => Some(walk.splat_of(ty, ones)),
        WordOp::Xor if word == ones => Some(walk.word(WordOp::Not, &[a])),
        WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR if word == 0 => Some(a),
        WordOp::RotL | WordOp::RotR if word.is_multiple_of(Word::from(w)) => Some(a),
        WordOp::Shl if word >= Word::from(w) => zero(walk),
        WordOp::Shr if word >= Word::from(w) && !signed => zero(walk),
        WordOp::Shl | WordOp::Shr => {
            let inner = walk.word_args(a, op)?.to_vec();
            let sum = walk.splat(inner[1])?.saturating_add(word).min(255);
            let ty = Ty {
                scalar: Scalar::unsigned(8),
                lanes: ty.lanes,
                secret: false,
            };
            let s = walk.splat_of(ty, sum);
            Some(walk.word(op, &[inner[0], s]))
        }
        WordOp::Min if word == least => Some(b),
        WordOp::Max if word == greatest => Some(b),
        WordOp::Min if word == greatest => Some(a),
        WordOp::Max if word == least => Some(a),
        WordOp::Lt if word == least => truth(walk, false),
        WordOp::Le if word == greatest => truth(walk, true),
        WordOp::Eq | WordOp::Ne if a_ty.scalar == Scalar::Bool => {
            let keep = (op == WordOp::Eq) == (word == 1);
            Some(if keep {
                a
            } else {
                walk.word(WordOp::Not, &[a])
            })
        }
        WordOp::Eq | WordOp::Ne => {
            // A widened value against a constant: at the narrow width, if it fits there.
            let &[x] = walk.word_args(a, WordOp::Cast)? else {
                return None;
            };
            let from = walk.ty(x).scalar;
            if from.width() >= w {
                return None;
            }
            let narrow = from.wrap(word);
            if WordOp::Cast.eval(from, a_ty.scalar, &[narrow]) != word {
                return truth(walk, op == WordOp::Ne);
            }
            let c = Ty {
                scalar: from,
                lanes: ty.lanes,
                secret: false,
            };
            let c = walk.splat_of(c, narrow);
            Some(walk.word(op, &[x, c]))
        }
        _ => None,
    }
}

/// Of two conditions the one that follows by itself: where a value equals a constant, what else is asked of it is known. The inner `None`:
/// they never hold together.
fn decided_by_other(walk: &Walk, a: ValueId, b: ValueId) -> Option<Option<ValueId>> {
    [(a, b), (b, a)].into_iter().find_map(|(equality, other)| {
        let &[x, word] = walk.word_args(equality, WordOp::Eq)? else {
            return None;
        };
        let holds = truth_at(walk, other, x, walk.splat(word)?, &mut 256)?;
        Some(holds.then_some(equality))
    })
}

/// Whether a condition holds where `x` is a word, if that alone decides it; looking at so many operations.
fn truth_at(
    walk: &Walk,
    condition: ValueId,
    x: ValueId,
    word: Word,
    steps: &mut u32,
) -> Option<bool> {
    *steps = steps.checked_sub(1)?;
    let (Op::Word(op), args) = walk.simple(condition)? else {
        return None;
    };
    match (op, args) {
        (WordOp::And | WordOp::Or, &[p, q]) if walk.ty(condition).scalar == Scalar::Bool => {
            let decides = *op == WordOp::Or;
            let q = truth_at(walk, q, x, word, steps);
            if q == Some(decides) {
                return q;
            }
            let p = truth_at(walk, p, x, word, steps);
            if p == Some(decides) {
                return p;
            }
            p.and(q)
        }
        (WordOp::Not, &[p]) => Some(!truth_at(walk, p, x, word, steps)?),
        (WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le, &[p, q]) => {
            let word_of = |id: ValueId| if id == x { Some(word) } else { walk.splat(id) };
            let operands = [word_of(p)?, word_of(q)?];
            Some(op.eval(walk.ty(p).scalar, Scalar::Bool, &operands) == 1)
        }
        _ => None,
    }
}

/// Whether no bit can be set in both of two values, as where fields are packed into a word.
fn are_apart(walk: &Walk, a: ValueId, b: ValueId) -> bool {
    const DEPTH: u32 = 8;
    let fits = |low: ValueId, high: ValueId| n_bits(walk, low) <= low_zeros(walk, high, DEPTH);
    fits(a, b) || fits(b, a)
}

/// Bits that hold every integer that a value can be.
fn n_bits(walk: &Walk, id: ValueId) -> u32 {
    let value = &walk.all_values()[id.index()];
    let own = match value.range {
        Some(range) if range.lo >= 0 => 128 - range.hi.leading_zeros(),
        Some(_) | None => value.ty.scalar.width(),
    };
    match walk.word_args(id, WordOp::Cast) {
        Some(&[x]) if !walk.ty(x).scalar.is_signed() => own.min(n_bits(walk, x)),
        Some(_) | None => own,
    }
}

/// Low bits of a value that are never set, looking so many operations back.
fn low_zeros(walk: &Walk, id: ValueId, depth: u32) -> u32 {
    let width = walk.ty(id).scalar.width();
    if let Some(word) = walk.splat(id) {
        return word.trailing_zeros().min(width);
    }
    let Some((op, args)) = walk.simple(id).filter(|_| depth > 0) else {
        return 0;
    };
    let of = |id: ValueId| low_zeros(walk, id, depth - 1);
    let zeros = match (op, args) {
        (Op::Word(WordOp::Shl), &[x, by]) => match walk.splat(by) {
            Some(by) => of(x).saturating_add(u32::try_from(by).unwrap_or(u32::MAX)),
            None => of(x),
        },
        (Op::Word(WordOp::And), &[x, y]) => of(x).max(of(y)),
        (Op::Word(WordOp::Or | WordOp::Xor | WordOp::Add), &[x, y]) => of(x).min(of(y)),
        (Op::Word(WordOp::Cast) | Op::Gather { .. }, &[x, ..]) => of(x),
        (Op::Concat, parts) => parts.iter().map(|&part| of(part)).min().unwrap_or(0),
        _ => 0,
    };
    zeros.min(width)
}

fn with_itself(walk: &mut Walk, op: WordOp, a: ValueId, ty: Ty) -> Option<ValueId> {
    match op {
        WordOp::Sub | WordOp::Xor => Some(walk.splat_of(ty, 0)),
        WordOp::And | WordOp::Or | WordOp::Min | WordOp::Max => Some(a),
        WordOp::Eq | WordOp::Le => Some(walk.splat_of(ty, 1)),
        WordOp::Ne | WordOp::Lt => Some(walk.splat_of(ty, 0)),
        _ => None,
    }
}

fn binary(walk: &mut Walk, op: WordOp, a: ValueId, b: ValueId, ty: Ty) -> Option<ValueId> {
    let of = |walk: &Walk, id: ValueId, inner: WordOp| {
        walk.word_args(id, inner).map(<[ValueId]>::to_vec)
    };
    // A reduction that started from one of its own elements.
    for (element, all) in [(a, b), (b, a)] {
        if wiring::is_element_of_run(walk, element, all, op) {
            return Some(all);
        }
    }
    match op {
        WordOp::Sub if walk.splat(a) == Some(0) => Some(walk.word(WordOp::Neg, &[b])),
        WordOp::Add => {
            if let Some(inner) = of(walk, b, WordOp::Neg) {
                return Some(walk.word(WordOp::Sub, &[a, inner[0]]));
            }
            let inner = of(walk, a, WordOp::Neg)?;
            Some(walk.word(WordOp::Sub, &[b, inner[0]]))
        }
        WordOp::Sub => {
            let inner = of(walk, b, WordOp::Neg)?;
            Some(walk.word(WordOp::Add, &[a, inner[0]]))
        }
        WordOp::Mul => {
            // A bit times a word is a selection.
            for (bit, x) in [(a, b), (b, a)] {
                if let Some(inner) = of(walk, bit, WordOp::Cast)
                    && walk.ty(inner[0]).scalar == Scalar::Bool
                {
                    let public_zero = Ty {
                        secret: false,
                        ..walk.ty(x)
                    };
                    let zero = walk.splat_of(public_zero, 0);
                    return Some(walk.word(WordOp::Select, &[inner[0], x, zero]));
                }
            }
            None
        }
        WordOp::Or | WordOp::And
            if let Some(rest) = absorbed(walk, op, a, b).or_else(|| absorbed(walk, op, b, a)) =>
        {
            Some(walk.word(op, &[rest.0, rest.1]))
        }
        WordOp::And if let Some(holds) = decided_by_other(walk, a, b) => Some(match holds {
            Some(id) => id,
            None => walk.splat_of(
                Ty {
                    secret: false,
                    ..ty
                },
                0,
            ),
        }),
        WordOp::Or if are_apart(walk, a, b) => Some(walk.word(WordOp::Xor, &[a, b])),
        WordOp::Xor | WordOp::Or => {
            // (x & y) ^ (x & !y) = x, and the same for or: never both hold.
            let (p, q) = (of(walk, a, WordOp::And)?, of(walk, b, WordOp::And)?);
            for (x, y) in [(p[0], p[1]), (p[1], p[0])] {
                for (z, n) in [(q[0], q[1]), (q[1], q[0])] {
                    if x == z && (is_not(walk, n, y) || is_not(walk, y, n)) {
                        return Some(walk.with_secrecy(x, ty.secret));
                    }
                }
            }
            None
        }
        WordOp::And => {
            if is_not(walk, a, b) || is_not(walk, b, a) {
                return Some(walk.splat_of(ty, 0));
            }
            None
        }
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => {
            // Values widened alike compare as they were.
            let (x, y) = (of(walk, a, WordOp::Cast)?[0], of(walk, b, WordOp::Cast)?[0]);
            let (from, to) = (walk.ty(x).scalar, walk.ty(a).scalar);
            if walk.ty(y).scalar != from {
                return None;
            }
            let keeps_order = from.width() < to.width() && (!from.is_signed() || to.is_signed());
            let injective = from.width() <= to.width();
            let equality = matches!(op, WordOp::Eq | WordOp::Ne);
            (keeps_order || (equality && injective)).then(|| walk.word(op, &[x, y]))
        }
        _ => None,
    }
}

/// `x | (!x & y)` is `x | y`, and `x & (!x | y)` is `x & y`: the two operands that are left.
fn absorbed(walk: &Walk, op: WordOp, x: ValueId, other: ValueId) -> Option<(ValueId, ValueId)> {
    let dual = match op {
        WordOp::Or => WordOp::And,
        _ => WordOp::Or,
    };
    let &[y, z] = walk.word_args(other, dual)? else {
        return None;
    };
    let negated = |id: ValueId| is_not(walk, id, x) || is_not(walk, x, id);
    if negated(y) {
        Some((x, z))
    } else {
        negated(z).then_some((x, y))
    }
}

fn is_not(walk: &Walk, n: ValueId, x: ValueId) -> bool {
    walk.word_args(n, WordOp::Not)
        .is_some_and(|args| args == [x])
}

fn select(walk: &mut Walk, c: ValueId, a: ValueId, b: ValueId, ty: Ty) -> Option<ValueId> {
    if a == b {
        return Some(a);
    }
    match walk.splat(c) {
        Some(1) => return Some(a),
        Some(_) => return Some(b),
        None => {}
    }
    if let (Some(x), Some(y)) = (walk.splat(a), walk.splat(b))
        && x == y
    {
        return Some(a);
    }
    if let Some(inner) = walk.word_args(c, WordOp::Not).map(|args| args[0]) {
        return Some(walk.word(WordOp::Select, &[inner, b, a]));
    }
    if ty.scalar == Scalar::Bool {
        match (walk.splat(a), walk.splat(b)) {
            (Some(1), Some(0)) => return Some(c),
            (Some(0), Some(1)) => {
                let not = walk.word(WordOp::Not, &[c]);
                return Some(not);
            }
            (None, Some(0)) => return Some(walk.word(WordOp::And, &[c, a])),
            (Some(1), None) => return Some(walk.word(WordOp::Or, &[c, b])),
            (Some(0), None) => {
                let not = walk.word(WordOp::Not, &[c]);
                return Some(walk.word(WordOp::And, &[not, b]));
            }
            (None, Some(1)) => {
                let not = walk.word(WordOp::Not, &[c]);
                return Some(walk.word(WordOp::Or, &[not, a]));
            }
            _ => {}
        }
    } else if let (Some(1), Some(0)) = (walk.splat(a), walk.splat(b)) {
        let bit = walk.cast(c, ty.scalar);
        return Some(bit);
    }
    if let Some(simpler) = where_they_differ(walk, c, a, b) {
        return Some(simpler);
    }
    // A choice inside a choice by the same condition.
    let inner = |walk: &Walk, id: ValueId, arm: usize| {
        walk.word_args(id, WordOp::Select)
            .filter(|args| args[0] == c)
            .map(|args| args[arm])
    };
    let (x, y) = (inner(walk, a, 1), inner(walk, b, 2));
    if x.is_some() || y.is_some() {
        let (x, y) = (x.unwrap_or(a), y.unwrap_or(b));
        let out = walk.word(WordOp::Select, &[c, x, y]);
        return Some(out);
    }
    wiring::select_of_written(walk, c, a, b, ty)
}

/// A choice without what its condition asks only where both values are equal: of `ne a b` nothing is left, of `and p (ne a b)` it is `p`.
fn where_they_differ(walk: &mut Walk, c: ValueId, a: ValueId, b: ValueId) -> Option<ValueId> {
    let equal = |walk: &Walk, cond, holds| are_equal(walk, cond, holds, [a, b], &mut 1024);
    if equal(walk, c, false) {
        return Some(a);
    }
    if equal(walk, c, true) {
        return Some(b);
    }
    let parts = |op| Some([walk.word_args(c, op)?[0], walk.word_args(c, op)?[1]]);
    let (parts, holds) = match (parts(WordOp::And), parts(WordOp::Or)) {
        (Some(parts), _) => (parts, false),
        (None, Some(parts)) => (parts, true),
        (None, None) => return None,
    };
    let idle = (0..2).find(|&at| equal(walk, parts[at], holds))?;
    Some(walk.word(WordOp::Select, &[parts[1 - idle], a, b]))
}

/// Whether two values are equal where a condition holds, or does not, looking at so many operations.
fn are_equal(
    walk: &Walk,
    cond: ValueId,
    holds: bool,
    values: [ValueId; 2],
    steps: &mut u32,
) -> bool {
    let Some(left) = steps.checked_sub(1) else {
        return false;
    };
    *steps = left;
    let mut is = |cond, holds| are_equal(walk, cond, holds, values, steps);
    let Some((&Op::Word(op), args)) = walk.simple(cond) else {
        return false;
    };
    match (op, args, holds) {
        (WordOp::Eq, &[a, b], true) | (WordOp::Ne, &[a, b], false) => {
            values == [a, b] || values == [b, a]
        }
        (WordOp::Not, &[inner], _) => is(inner, !holds),
        (WordOp::And, &[a, b], true) | (WordOp::Or, &[a, b], false) => is(a, holds) || is(b, holds),
        (WordOp::And, &[a, b], false) | (WordOp::Or, &[a, b], true) => is(a, holds) && is(b, holds),
        _ => false,
    }
}

/// The patterns of the smallest and the largest integer of a type.
pub fn extremes(scalar: Scalar) -> (Word, Word) {
    if scalar.is_signed() {
        let top = 1 << (scalar.width() - 1);
        (top, top - 1)
    } else {
        (0, scalar.mask())
    }
}

/// The word that leaves the other operand as it is, for an associative operation.
pub fn identity(op: WordOp, scalar: Scalar) -> Option<Word> {
    let (least, greatest) = extremes(scalar);
    match op {
        WordOp::Add | WordOp::Or | WordOp::Xor => Some(0),
        WordOp::Mul => Some(1),
        WordOp::And => Some(scalar.mask()),
        WordOp::Min => Some(greatest),
        WordOp::Max => Some(least),
        _ => None,
    }
}

/// A constant vector of indices that starts at `start` and counts up.
pub fn counting(start: u64, lanes: u64) -> ConstVec {
    ConstVec::Affine {
        start: Word::from(start),
        dims: vec![(lanes, 1)],
    }
}
