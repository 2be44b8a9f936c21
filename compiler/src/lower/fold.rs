//! What is known folds: constants, affine sequences, laws of truth values, and intervals of public integers.

use super::value::{Affine, Leaf, to_i128, type_interval};
use crate::hir::Range;
use crate::passes::constants::{normal, vectors};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

pub(super) fn fold(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    args: &[Leaf],
    lanes: u64,
) -> Option<Leaf> {
    // Laws of truth values that need only one known operand: control flags meet them all the time.
    if let [a, b] = args {
        let known = |x: &Leaf| {
            (x.scalar == Scalar::Bool)
                .then(|| x.known_truth())
                .flatten()
        };
        for (x, y) in [(a, b), (b, a)] {
            let keep = y.lanes == lanes;
            match (op, known(x)) {
                (WordOp::And, Some(true)) | (WordOp::Or, Some(false)) if keep => {
                    return Some(y.clone());
                }
                (WordOp::And, Some(false)) | (WordOp::Or, Some(true)) => {
                    return Some(Leaf::constant(
                        to,
                        ConstVec::Splat {
                            lanes,
                            word: Word::from(op == WordOp::Or),
                        },
                    ));
                }
                _ => {}
            }
        }
    }
    match (op, args) {
        (WordOp::Add, [a, b]) if b.known() == Some(0) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Add, [a, b]) if a.known() == Some(0) && b.lanes == lanes => {
            return Some(b.clone());
        }
        (WordOp::Sub, [a, b]) if b.known() == Some(0) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Mul, [a, b]) if b.known() == Some(1) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Mul, [a, b]) if a.known() == Some(1) && b.lanes == lanes => {
            return Some(b.clone());
        }
        _ => {}
    }
    if let (WordOp::Select, [c, a, b]) = (op, args) {
        if let Some(truth) = c.known_truth() {
            let chosen = if truth { a } else { b };
            if chosen.lanes == lanes {
                return Some(chosen.clone());
            }
        }
        if a.same(b) && a.lanes == lanes {
            return Some(a.clone());
        }
    }
    if args.iter().any(|a| a.secret) {
        return None;
    }
    let repeated: Vec<ConstVec> = args
        .iter()
        .map(|a| {
            Some(match a.known() {
                Some(word) => ConstVec::Splat { lanes, word },
                None => a.const_vec()?.clone(),
            })
        })
        .collect::<Option<_>>()?;
    let vecs: Vec<&ConstVec> = repeated.iter().collect();
    let amount = args.get(1).filter(|_| args.len() == 2).map(|a| a.scalar);
    let words = vectors::word(op, from, to, amount, &vecs)?;
    Some(Leaf::constant(to, normal(words, to)))
}

/// Lanes of a known vector at known indices.
pub(super) fn fold_gather(src: &Leaf, index: &Leaf, block: u64, lanes: u64) -> Option<Leaf> {
    if lanes == 0 {
        return Some(Leaf::constant(
            src.scalar,
            ConstVec::Splat { lanes, word: 0 },
        ));
    }
    if let Some(word) = src.known()
        && src.lanes > 0
        && !src.secret
        && in_bounds(index, src.lanes / block.max(1))
    {
        return Some(Leaf::constant(src.scalar, ConstVec::Splat { lanes, word }));
    }
    let at = index.const_vec()?;
    if lanes == src.lanes && is_iota(at) {
        return Some(src.clone());
    }
    let found = vectors::gather(src.const_vec()?, src.scalar, at, index.scalar, block)?;
    Some(Leaf::constant(src.scalar, normal(found, src.scalar)))
}

pub(super) fn in_bounds(index: &Leaf, len: u64) -> bool {
    index
        .interval()
        .is_some_and(|r| r.lo >= 0 && r.hi < i128::from(len))
}

/// Whether it is 0, 1, 2, ….
fn is_iota(vec: &ConstVec) -> bool {
    match vec {
        ConstVec::Splat { lanes, word } => *lanes == 1 && *word == 0,
        ConstVec::Affine { start, dims } => {
            *start == 0 && matches!(dims.as_slice(), [(_, step)] if *step == 1)
        }
        ConstVec::Pieces(_) => false,
        ConstVec::Table(words) => words.iter().enumerate().all(|(i, &w)| w == i as Word),
    }
}

/// The result as an affine expression, given that it does not wrap.
pub(super) fn affine(op: WordOp, args: &[Leaf]) -> Option<Affine> {
    let known = |i: usize| args.get(i).and_then(known_i128);
    let of = |i: usize| args.get(i).and_then(Leaf::as_affine);
    let shift = |a: Affine, by: i128| {
        Some(Affine {
            offset: a.offset.checked_add(by)?,
            ..a
        })
    };
    match op {
        WordOp::Cast => of(0),
        WordOp::Add => match (known(0), known(1)) {
            (None, Some(c)) => shift(of(0)?, c),
            (Some(c), None) => shift(of(1)?, c),
            _ => None,
        },
        WordOp::Sub => shift(of(0)?, known(1)?.checked_neg()?),
        WordOp::Mul => {
            let (a, c) = match (known(0), known(1)) {
                (None, Some(c)) => (of(0)?, c),
                (Some(c), None) => (of(1)?, c),
                _ => return None,
            };
            Some(Affine {
                base: a.base,
                scale: a.scale.checked_mul(c)?,
                offset: a.offset.checked_mul(c)?,
            })
        }
        _ => None,
    }
}

/// An interval of the result of a public operation; `None` if it may wrap or nothing better than the type is known.
pub(super) fn interval(op: WordOp, to: Scalar, args: &[Leaf]) -> Option<Range> {
    if to == Scalar::Bool {
        return None;
    }
    let ty = type_interval(to)?;
    let get = |i: usize| args.get(i).and_then(Leaf::interval);
    let of = |lo: Option<i128>, hi: Option<i128>| Some(Range { lo: lo?, hi: hi? });
    let range = match op {
        WordOp::Add => {
            let (a, b) = (get(0)?, get(1)?);
            of(a.lo.checked_add(b.lo), a.hi.checked_add(b.hi))
        }
        WordOp::Sub => {
            let (a, b) = (get(0)?, get(1)?);
            of(a.lo.checked_sub(b.hi), a.hi.checked_sub(b.lo))
        }
        WordOp::Mul => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo < 0 {
                None
            } else {
                of(a.lo.checked_mul(b.lo), a.hi.checked_mul(b.hi))
            }
        }
        WordOp::Div => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo <= 0 {
                None
            } else {
                of(Some(a.lo / b.hi), Some(a.hi / b.lo))
            }
        }
        WordOp::Rem => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo <= 0 {
                None
            } else {
                of(Some(0), Some(a.hi.min(b.hi - 1)))
            }
        }
        WordOp::And => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo < 0 {
                None
            } else {
                of(Some(0), Some(a.hi.min(b.hi)))
            }
        }
        WordOp::Shr => {
            let a = get(0)?;
            let by = args.get(1).and_then(Leaf::known).map_or(0, |s| s.min(126));
            if a.lo < 0 {
                None
            } else {
                of(Some(0), Some(a.hi >> by))
            }
        }
        WordOp::Min | WordOp::Max => {
            let (a, b) = (get(0)?, get(1)?);
            if op == WordOp::Min {
                of(Some(a.lo.min(b.lo)), Some(a.hi.min(b.hi)))
            } else {
                of(Some(a.lo.max(b.lo)), Some(a.hi.max(b.hi)))
            }
        }
        WordOp::Select => {
            let (a, b) = (get(1)?, get(2)?);
            of(Some(a.lo.min(b.lo)), Some(a.hi.max(b.hi)))
        }
        WordOp::Cast => get(0),
        WordOp::Neg
        | WordOp::Abs
        | WordOp::Not
        | WordOp::Or
        | WordOp::Xor
        | WordOp::Eq
        | WordOp::Ne
        | WordOp::Lt
        | WordOp::Le
        | WordOp::Shl
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::Isqrt
        | WordOp::CountOnes
        | WordOp::SubByte
        | WordOp::Float(..) => None,
    }?;
    (range.lo >= ty.lo && range.hi <= ty.hi).then_some(range)
}

/// The integer of a known leaf.
pub(super) fn known_i128(leaf: &Leaf) -> Option<i128> {
    leaf.known().and_then(|w| to_i128(leaf.scalar, w))
}
