//! The types of operations: domains, scalars and lanes of operands and results are as [`Op`] says.

use super::{Check, ensure};
use crate::gate::{Rule, WordOp};
use crate::program::{Domain, Op, Program, ValueInfo};
use crate::value::{ConstVec, Scalar};

/// A public value.
pub(super) fn public(scalar: Scalar, lanes: u64) -> ValueInfo {
    ValueInfo {
        domain: Domain::Public,
        scalar,
        lanes,
    }
}

/// Whether a value may be used where `to` is computed in the clear.
fn flows(from: &ValueInfo, to: &ValueInfo) -> bool {
    to.domain.is_clear() && (from.domain == Domain::Public || from.domain == to.domain)
}

/// Whether a value's lanes may stand in `to`.
fn moves_into(from: &ValueInfo, to: &ValueInfo) -> bool {
    from.scalar == to.scalar && (from.domain == to.domain || flows(from, to))
}

/// Whether opening shows the value and no more.
pub(super) fn can_open(info: ValueInfo, public_too: bool) -> bool {
    match info.domain {
        Domain::Public => public_too,
        Domain::Arithmetic { ring } => u32::from(ring) == info.scalar.width(),
        Domain::Boolean | Domain::Local { .. } => true,
        Domain::Yao => false,
    }
}

fn segments_fit(lanes: u64, segments: u64) -> bool {
    lanes.checked_rem(segments).map_or(lanes == 0, |r| r == 0)
}

fn same(infos: &[ValueInfo]) -> bool {
    infos.windows(2).all(|w| matches!(w, [a, b] if a == b))
}

const fn is_arithmetic(info: &ValueInfo) -> bool {
    matches!(info.domain, Domain::Arithmetic { .. })
}

/// Operations without regions, leaves or history.
pub(super) fn check_plain(
    program: &Program,
    op: &Op,
    args: &[ValueInfo],
    results: &[ValueInfo],
) -> Check {
    let bad = || format!("operands or results of {} have wrong types", op.name());
    match op {
        Op::Const(vec) => {
            let few = match vec {
                ConstVec::Affine { dims, .. } => dims.len() <= 64,
                ConstVec::Pieces(pieces) => pieces.iter().all(|piece| piece.dims.len() <= 64),
                ConstVec::Splat { .. } | ConstVec::Table(_) => true,
            };
            ensure(few, || "a constant of too many dimensions".into())?;
            let mask = |s: Scalar, w| s.wrap(w) == w;
            ensure(
                args.is_empty()
                    && matches!(results, [r] if r.domain == Domain::Public && r.lanes == vec.lanes()
                    && match vec {
                        ConstVec::Splat { word, .. } => mask(r.scalar, *word),
                        ConstVec::Affine { .. } | ConstVec::Pieces(_) => true,
                        ConstVec::Table(words) => words.iter().all(|&w| mask(r.scalar, w)),
                    }),
                bad,
            )
        }
        Op::Word(op) => {
            let [r] = results else { return Err(bad()) };
            ensure(
                args.len() == op.arity() && args.iter().all(|a| flows(a, r) && a.lanes == r.lanes),
                bad,
            )?;
            let scalars: Vec<_> = args.iter().map(|a| a.scalar).collect();
            check_word(*op, &scalars, r.scalar)
        }
        Op::Reduce { op, segments } => ensure(
            reduces(*op, args, results)
                && matches!((args, results), ([a], [r]) if r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::Scan { op, segments } => ensure(
            reduces(*op, args, results)
                && matches!((args, results), ([a], [r]) if a.lanes == r.lanes && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::Read { block, groups } => ensure(
            matches!((args, results), ([src, idx], [r]) if flows(src, r) && src.scalar == r.scalar
                && is_place(idx, r) && arrays_fit(src.lanes, idx.lanes, *block, *groups)
                && idx.lanes.checked_mul(*block) == Some(r.lanes)),
            bad,
        ),
        Op::Write { block, groups } => ensure(
            matches!((args, results), ([dst, idx, val], [r]) if flows(dst, r) && moves_into(dst, r)
                && dst.lanes == r.lanes && is_place(idx, r) && moves_into(val, r)
                && arrays_fit(dst.lanes, idx.lanes, *block, *groups)
                && idx.lanes.checked_mul(*block) == Some(val.lanes)),
            bad,
        ),
        Op::FromPublic => ensure(
            matches!((args, results), ([a], [r]) if a.domain == Domain::Public && !r.domain.is_clear()
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Share => ensure(
            matches!((args, results), ([a], [r]) if matches!(a.domain, Domain::Local { .. })
                && matches!(r.domain, Domain::Arithmetic { .. } | Domain::Boolean)
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Gather { block } => ensure(
            matches!((args, results), ([src, idx], [r]) if is_index(idx) && moves_into(src, r)
                && idx.lanes.checked_mul(*block) == Some(r.lanes)),
            bad,
        ),
        Op::Scatter { block } => ensure(
            matches!((args, results), ([dst, idx, val], [r]) if is_index(idx) && moves_into(dst, r)
                && dst.lanes == r.lanes && moves_into(val, r)
                && idx.lanes.checked_mul(*block) == Some(val.lanes)),
            bad,
        ),
        Op::Concat => {
            let [r] = results else { return Err(bad()) };
            let total = args.iter().try_fold(0u64, |n, a| n.checked_add(a.lanes));
            ensure(
                !args.is_empty() && args.iter().all(|a| moves_into(a, r)) && total == Some(r.lanes),
                bad,
            )
        }
        Op::Linear { coefficients, .. } => {
            let [r] = results else { return Err(bad()) };
            ensure(
                coefficients.len() == args.len()
                    && !args.is_empty()
                    && is_arithmetic(r)
                    && args
                        .iter()
                        .all(|a| a.domain == r.domain && a.lanes == r.lanes),
                bad,
            )
        }
        Op::MulPublic => ensure(
            matches!((args, results), ([a, p], [r]) if is_arithmetic(a) && p.domain == Domain::Public
                && a.domain == r.domain && a.lanes == r.lanes && p.lanes == r.lanes),
            bad,
        ),
        Op::SumLanes { segments } => ensure(
            matches!((args, results), ([a], [r]) if is_arithmetic(a) && a.domain == r.domain
                && r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::RunningSums => ensure(
            matches!((args, results), ([a], [r]) if is_arithmetic(a) && a == r),
            bad,
        ),
        Op::LowerRing => ensure(
            matches!((args, results), ([a], [r]) if a.lanes == r.lanes
                && matches!((a.domain, r.domain), (Domain::Arithmetic { ring: k }, Domain::Arithmetic { ring: l }) if l < k)),
            bad,
        ),
        Op::Mul => ensure(
            matches!((args, results), ([a, b], [r]) if is_arithmetic(a) && a.domain == b.domain && a.domain == r.domain
                && a.lanes == r.lanes && b.lanes == r.lanes),
            bad,
        ),
        Op::Dot { segments } => ensure(
            matches!((args, results), ([a, b], [r]) if is_arithmetic(a) && a.domain == b.domain && a.domain == r.domain
                && a.lanes == b.lanes && r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::Call(id) => {
            let template = program
                .templates
                .get(id.index())
                .ok_or_else(|| format!("there is no {id}"))?;
            let all: Vec<_> = args.iter().chain(results).collect();
            ensure(
                args.len() == template.inputs.len()
                    && results.len() == template.outputs.len()
                    && !results.is_empty()
                    && all
                        .windows(2)
                        .all(|w| matches!(w, [a, b] if a.domain == b.domain && a.lanes == b.lanes))
                    && all
                        .iter()
                        .all(|a| matches!(a.domain, Domain::Boolean | Domain::Yao))
                    && args
                        .iter()
                        .zip(&template.inputs)
                        .all(|(a, &w)| a.scalar.width() == w)
                    && results
                        .iter()
                        .zip(&template.outputs)
                        .all(|(r, out)| r.scalar.width() as usize == out.len()),
                bad,
            )
        }
        Op::Decompose => {
            let ([a], Some(first)) = (args, results.first()) else {
                return Err(bad());
            };
            let Domain::Arithmetic { ring } = a.domain else {
                return Err(bad());
            };
            ensure(
                matches!(first.domain, Domain::Boolean | Domain::Yao)
                    && results.len() == program.parts(first.domain)
                    && same(results)
                    && first.lanes == a.lanes
                    && first.scalar.width() <= u32::from(ring),
                bad,
            )
        }
        Op::RandomParts => ensure(
            args.is_empty()
                && results.len() + 1 == program.parts(Domain::Boolean)
                && same(results)
                && results.iter().all(|r| r.domain == Domain::Boolean),
            bad,
        ),
        Op::InjectBit => ensure(
            matches!((args, results), ([a], [r]) if a.domain == Domain::Boolean && a.scalar.width() == 1
                && is_arithmetic(r) && a.lanes == r.lanes),
            bad,
        ),
        Op::BooleanToYao => ensure(moves(args, results, Domain::Boolean, Domain::Yao), bad),
        Op::YaoToBoolean => ensure(moves(args, results, Domain::Yao, Domain::Boolean), bad),
        Op::Shuffle => {
            ensure(
                program
                    .model()
                    .shuffles(program.n_parties, program.threshold),
                || {
                    format!(
                        "{} does not shuffle among these parties",
                        program.suite.name()
                    )
                },
            )?;
            let column = |c: &ValueInfo| is_arithmetic(c) || c.domain == Domain::Boolean;
            ensure(
                !args.is_empty()
                    && args == results
                    && args.iter().all(column)
                    && args
                        .windows(2)
                        .all(|w| matches!(w, [a, b] if a.lanes == b.lanes)),
                bad,
            )
        }
        Op::RevealShuffled => ensure(
            matches!((args, results), ([a], [r]) if can_open(*a, false) && r.domain == Domain::Public
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Reveal => ensure(
            matches!((args, results), ([a], [r]) if can_open(*a, false) && r.domain == Domain::Public
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Assert(_) => ensure(
            matches!((args, results), ([a], []) if a.domain == Domain::Public && a.scalar == Scalar::Bool),
            bad,
        ),
        Op::Input(_)
        | Op::Output(_)
        | Op::Compose
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => Ok(()),
    }
}

fn is_index(info: &ValueInfo) -> bool {
    info.domain == Domain::Public && !info.scalar.is_signed()
}

/// An index whose being out of range nobody notices, for a result.
fn is_place(info: &ValueInfo, result: &ValueInfo) -> bool {
    flows(info, result) && !info.scalar.is_signed()
}

/// Whether arrays and indices divide into so many groups, and arrays into elements.
fn arrays_fit(lanes: u64, indices: u64, block: u64, groups: u64) -> bool {
    let whole = |n: u64, by: u64| n.checked_rem(by) == Some(0);
    let element = groups.checked_mul(block);
    element.is_some_and(|element| whole(lanes, element)) && whole(indices, groups)
}

/// The types of a reduction, but for lanes.
fn reduces(op: WordOp, args: &[ValueInfo], results: &[ValueInfo]) -> bool {
    op.is_associative()
        && matches!((args, results), ([a], [r]) if flows(a, r)
            && check_word(op, &[a.scalar, a.scalar], r.scalar).is_ok())
}

fn moves(args: &[ValueInfo], results: &[ValueInfo], from: Domain, to: Domain) -> bool {
    matches!((args, results), ([a], [r]) if a.domain == from && r.domain == to
        && a.scalar == r.scalar && a.lanes == r.lanes)
}

/// The types of a word operation.
///
/// # Errors
/// What does not fit.
pub fn check_word(op: WordOp, args: &[Scalar], result: Scalar) -> Check {
    let bad = || format!("{} does not take these types", op.name());
    let unsigned = |s: &Scalar| matches!(s, Scalar::Int { signed: false, .. });
    let is_int = |s: Scalar| s != Scalar::Bool;
    let is_float = |s: Scalar| s == Scalar::unsigned(32) || s == Scalar::unsigned(64);
    let fits = match (op.rule(), args) {
        (Rule::Cast, [_]) => true,
        (Rule::Compare, [a, b]) => a == b && result == Scalar::Bool,
        (Rule::Shift, [a, s]) => *a == result && unsigned(s),
        (Rule::Select, [c, a, b]) => *c == Scalar::Bool && a == b && *a == result,
        (Rule::Unsigned, [a]) => unsigned(a) && *a == result,
        (Rule::Integer | Rule::Bits, all) => {
            all.len() == op.arity() && all.iter().all(|a| *a == result)
        }
        (Rule::Byte, [a]) => *a == result && result == Scalar::unsigned(8),
        (Rule::Float, all) => {
            is_float(result) && all.len() == op.arity() && all.iter().all(|a| *a == result)
        }
        (Rule::FloatCompare, [a, b]) => a == b && is_float(*a) && result == Scalar::Bool,
        (Rule::FloatConvert, [a]) => is_float(*a) && is_float(result),
        (Rule::FloatFrom, [a, s]) => is_int(*a) && unsigned(s) && is_float(result),
        (Rule::FloatTo, [a, s]) => is_float(*a) && unsigned(s) && is_int(result),
        (Rule::Cast | Rule::Compare | Rule::Shift | Rule::Select | Rule::Unsigned, _) => false,
        (Rule::FloatCompare | Rule::FloatConvert | Rule::FloatFrom | Rule::FloatTo, _) => false,
        (Rule::Byte, _) => false,
    };
    ensure(fits, bad)
}
