//! The types of results: what an operation gives for operands of some types, and which operands it takes.

use crate::ir::{Kind, Op, Reducer, Ty};
use smpcc_circuit::gate::{Rule, WordOp};
use smpcc_circuit::value::Scalar;

/// The type of the only result of an operation without regions, from its operands' types. `Cast` keeps the operand's
/// type here (its result may have any scalar), `Const`, `Input` and control have no rule of this kind.
pub fn result_ty(op: &Op, args: &[Ty]) -> Result<Option<Ty>, String> {
    let secret = args.iter().any(|ty| ty.secret);
    let arity = |n: usize| {
        if args.len() == n {
            Ok(())
        } else {
            Err(format!("takes {n} operands, not {}", args.len()))
        }
    };
    Ok(match op {
        Op::Word(word) => {
            arity(word.arity())?;
            Some(word_ty(*word, args, secret)?)
        }
        Op::MakeSecret => {
            arity(1)?;
            ensure(!args[0].secret, "takes a public value")?;
            Some(Ty {
                secret: true,
                ..args[0]
            })
        }
        Op::Reveal(_) => {
            arity(1)?;
            ensure(args[0].secret, "takes a secret value")?;
            Some(Ty {
                secret: false,
                ..args[0]
            })
        }
        Op::Gather { block } => {
            arity(2)?;
            ensure(*block > 0, "has a block of no lanes")?;
            ensure(
                args[0].lanes.is_multiple_of(*block),
                "has a source that is not whole blocks",
            )?;
            check_index(args[1], false)?;
            Some(Ty {
                lanes: times(args[1].lanes, *block)?,
                secret,
                ..args[0]
            })
        }
        Op::Scatter { block } => {
            arity(3)?;
            ensure(*block > 0, "has a block of no lanes")?;
            ensure(
                args[0].lanes.is_multiple_of(*block),
                "has a destination that is not whole blocks",
            )?;
            check_index(args[1], false)?;
            same_scalar(args[0], args[2])?;
            ensure(
                args[2].lanes == times(args[1].lanes, *block)?,
                "writes a number of lanes that does not fit its indices",
            )?;
            Some(Ty { secret, ..args[0] })
        }
        Op::Concat => {
            let first = *args.first().ok_or("takes at least one operand")?;
            let mut lanes = 0u64;
            for ty in args {
                same_scalar(first, *ty)?;
                lanes = lanes
                    .checked_add(ty.lanes)
                    .ok_or("has more than 2^64 lanes")?;
            }
            Some(Ty {
                lanes,
                secret,
                ..first
            })
        }
        Op::ReadSecret { block, groups } => {
            arity(2)?;
            check_groups(*block, *groups, args[0].lanes)?;
            check_index(args[1], true)?;
            ensure(
                args[1].lanes.is_multiple_of(*groups),
                "has indices that do not divide into its groups",
            )?;
            Some(Ty {
                lanes: times(args[1].lanes, *block)?,
                secret,
                ..args[0]
            })
        }
        Op::WriteSecret { block, groups } => {
            arity(3)?;
            check_groups(*block, *groups, args[0].lanes)?;
            check_index(args[1], true)?;
            ensure(
                args[1].lanes.is_multiple_of(*groups),
                "has indices that do not divide into its groups",
            )?;
            same_scalar(args[0], args[2])?;
            ensure(
                args[2].lanes == times(args[1].lanes, *block)?,
                "takes one element per index",
            )?;
            Some(Ty { secret, ..args[0] })
        }
        Op::Dot { segments } => {
            arity(2)?;
            ensure(is_int(args[0]), "takes integers")?;
            same_scalar(args[0], args[1])?;
            ensure(
                args[0].lanes == args[1].lanes,
                "takes operands with equal lanes",
            )?;
            check_segments(args[0].lanes, *segments)?;
            Some(Ty {
                lanes: *segments,
                secret,
                ..args[0]
            })
        }
        Op::Reduce {
            reducer: Reducer::Word(word),
            segments,
        }
        | Op::Scan {
            reducer: Reducer::Word(word),
            segments,
        } => {
            arity(1)?;
            ensure(
                word.is_associative(),
                "has an operator that is not associative",
            )?;
            word_ty(*word, &[args[0], args[0]], secret)?;
            check_segments(args[0].lanes, *segments)?;
            let lanes = if matches!(op, Op::Scan { .. }) {
                args[0].lanes
            } else {
                *segments
            };
            Some(Ty { lanes, ..args[0] })
        }
        Op::Const(_)
        | Op::Circuit { .. }
        | Op::Sort { .. }
        | Op::Reduce {
            reducer: Reducer::Region,
            ..
        }
        | Op::Scan {
            reducer: Reducer::Region,
            ..
        } => None,
        op => match op.kind() {
            Kind::Boundary | Kind::Control => None,
            Kind::Move | Kind::Compute => return Err("has no type rule".into()),
        },
    })
}

fn word_ty(op: WordOp, args: &[Ty], secret: bool) -> Result<Ty, String> {
    let lanes = args[0].lanes;
    ensure(
        args.iter().all(|ty| ty.lanes == lanes),
        "takes operands with equal lanes",
    )?;
    let of = |scalar: Scalar| Ty {
        scalar,
        lanes,
        secret,
    };
    match op.rule() {
        Rule::Integer => {
            let integers = match op.arity() {
                1 => "takes an integer",
                _ => "takes integers",
            };
            one_scalar(args)?;
            ensure(is_int(args[0]), integers)?;
        }
        Rule::Unsigned => ensure(is_unsigned(args[0]), "takes an unsigned integer")?,
        Rule::Bits => one_scalar(args)?,
        Rule::Cast => {}
        Rule::Compare => {
            one_scalar(args)?;
            return Ok(of(Scalar::Bool));
        }
        Rule::Shift => {
            ensure(is_int(args[0]), "shifts an integer")?;
            ensure(is_unsigned(args[1]), "takes an unsigned amount")?;
        }
        Rule::Select => {
            ensure(
                args[0].scalar == Scalar::Bool,
                "takes a bool as its condition",
            )?;
            one_scalar(&args[1..])?;
            return Ok(of(args[1].scalar));
        }
        Rule::Byte => ensure(
            args[0].scalar == Scalar::unsigned(8),
            "takes a byte without a sign",
        )?,
        Rule::Float => {
            one_scalar(args)?;
            float(args[0])?;
        }
        Rule::FloatCompare => {
            one_scalar(args)?;
            float(args[0])?;
            return Ok(of(Scalar::Bool));
        }
        Rule::FloatConvert => float(args[0])?,
        Rule::FloatFrom => {
            ensure(is_int(args[0]), "takes an integer")?;
            ensure(is_unsigned(args[1]), "takes an unsigned amount")?;
        }
        Rule::FloatTo => {
            float(args[0])?;
            ensure(is_unsigned(args[1]), "takes an unsigned amount")?;
        }
    }
    Ok(of(args[0].scalar))
}

/// Whether the words can hold floats.
fn float(ty: Ty) -> Result<(), String> {
    ensure(
        [32, 64].map(Scalar::unsigned).contains(&ty.scalar),
        "takes floats in words of 32 or 64 bits",
    )
}

/// Whether an operation that names its type can give this one.
pub(super) fn gives(op: WordOp, result: Ty) -> Result<(), String> {
    match op.rule() {
        Rule::FloatConvert | Rule::FloatFrom => float(result),
        Rule::FloatTo => ensure(is_int(result), "gives an integer"),
        _ => Ok(()),
    }
}

pub(super) fn check_scalar(scalar: Scalar) -> Result<(), String> {
    match scalar {
        Scalar::Bool => Ok(()),
        Scalar::Int { width, signed } => ensure(
            (1 + u8::from(signed)..=128).contains(&width),
            "has a width that no integer type has",
        ),
    }
}

fn check_index(ty: Ty, secret: bool) -> Result<(), String> {
    ensure(is_unsigned(ty), "takes unsigned indices")?;
    ensure(
        ty.secret == secret,
        if secret {
            "takes secret indices"
        } else {
            "takes public indices"
        },
    )
}

fn check_groups(block: u64, groups: u64, lanes: u64) -> Result<(), String> {
    ensure(block > 0 && groups > 0, "has an empty block or no group")?;
    ensure(
        lanes.is_multiple_of(times(groups, block)?),
        "has an array that does not divide into its groups and blocks",
    )
}

pub(super) fn check_segments(lanes: u64, segments: u64) -> Result<(), String> {
    ensure(
        segments > 0 && lanes > 0 && lanes.is_multiple_of(segments),
        "has lanes that do not divide into non-empty segments",
    )
}

fn same_scalar(a: Ty, b: Ty) -> Result<(), String> {
    ensure(a.scalar == b.scalar, "takes operands of one scalar type")
}

fn one_scalar(args: &[Ty]) -> Result<(), String> {
    let rest = args.get(1..).unwrap_or(&[]);
    rest.iter().try_for_each(|&ty| same_scalar(args[0], ty))
}

fn is_int(ty: Ty) -> bool {
    matches!(ty.scalar, Scalar::Int { .. })
}

fn is_unsigned(ty: Ty) -> bool {
    matches!(ty.scalar, Scalar::Int { signed: false, .. })
}

pub(super) fn times(a: u64, b: u64) -> Result<u64, String> {
    a.checked_mul(b)
        .ok_or_else(|| "has more than 2^64 lanes".into())
}

pub(super) fn ensure(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.into()) }
}
