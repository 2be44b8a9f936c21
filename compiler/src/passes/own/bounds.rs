//! Between which lanes an index lies that is computed while running: what a counter and constants make.
//!
//! ```text
//! i in 0..=99   v2: x2 = const [0, 100]   v3: x2 = gather i, [0, 0]   v4 = add v3, v2      (0..=99 and 100..=199)
//! ```

use crate::hir::Range;
use crate::ir::{Op, Ty};
use crate::passes::constants::vectors::{self, lane_indices};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// How many operations are looked back.
const DEPTH: u32 = 8;

/// What is asked of a program: the operation that defines a value, its type and its range.
pub trait Known {
    /// The operation and operands of a value that is the only result of a node without regions.
    fn simple(&self, id: ValueId) -> Option<(&Op, &[ValueId])>;
    /// The type.
    fn ty(&self, id: ValueId) -> Ty;
    /// The integers that each lane is one of.
    fn range(&self, id: ValueId) -> Option<Range>;
}

/// Per lane the smallest and the largest word that a public index can be.
pub fn bounds(known: &dyn Known, id: ValueId) -> Option<(ConstVec, ConstVec)> {
    looking_back(known, id, DEPTH)
}

fn looking_back(known: &dyn Known, id: ValueId, depth: u32) -> Option<(ConstVec, ConstVec)> {
    let ty = known.ty(id);
    if ty.secret || ty.scalar.is_signed() || ty.scalar == Scalar::Bool {
        return None;
    }
    structured(known, id, ty, depth).or_else(|| {
        let range = known.range(id)?;
        let splat = |word: i128| {
            let word = Word::from(u64::try_from(word).ok()?);
            let lanes = ty.lanes;
            Some(ConstVec::Splat { lanes, word })
        };
        Some((splat(range.lo)?, splat(range.hi)?))
    })
}

fn structured(known: &dyn Known, id: ValueId, ty: Ty, depth: u32) -> Option<(ConstVec, ConstVec)> {
    let (op, args) = known.simple(id).filter(|_| depth > 0)?;
    let of = |id: ValueId| looking_back(known, id, depth - 1);
    let usize_ = Scalar::USIZE;
    match (op, args) {
        (Op::Const(words), _) => {
            let words = lane_indices(words, ty.scalar, 1)?;
            Some((words.clone(), words))
        }
        (Op::Word(op @ (WordOp::Add | WordOp::Mul)), &[x, y]) => {
            let (x, y) = (of(x)?, of(y)?);
            // Nothing may have wrapped: the largest fit into the type.
            let both = |x: &ConstVec, y: &ConstVec| {
                let words = vectors::word(*op, usize_, usize_, None, &[x, y])?;
                let most = |words: &ConstVec| vectors::hull(words, usize_).map(|hull| hull.1);
                let (x, y) = (most(x)?, most(y)?);
                let most = match op {
                    WordOp::Add => x.checked_add(y)?,
                    _ => x.checked_mul(y)?,
                };
                (most <= ty.scalar.mask().min(usize_.mask())).then_some(words)
            };
            Some((both(&x.0, &y.0)?, both(&x.1, &y.1)?))
        }
        (Op::Word(WordOp::Cast), &[x]) => {
            (known.ty(x).scalar.width() <= ty.scalar.width()).then(|| of(x))?
        }
        (Op::Gather { block }, &[src, idx]) => {
            let (low, high) = of(src)?;
            let (Op::Const(words), _) = known.simple(idx)? else {
                return None;
            };
            let scalar = known.ty(idx).scalar;
            let at = |from: &ConstVec| vectors::gather(from, usize_, words, scalar, *block);
            Some((at(&low)?, at(&high)?))
        }
        (Op::Concat, parts) => {
            let all: Vec<(ConstVec, ConstVec)> =
                parts.iter().map(|&part| of(part)).collect::<Option<_>>()?;
            let low: Vec<&ConstVec> = all.iter().map(|both| &both.0).collect();
            let high: Vec<&ConstVec> = all.iter().map(|both| &both.1).collect();
            Some((
                vectors::concat(&low, usize_)?,
                vectors::concat(&high, usize_)?,
            ))
        }
        _ => None,
    }
}
