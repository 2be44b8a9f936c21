//! Arithmetic on constant vectors in their compact forms.
//!
//! An affine vector stands for `start + Σ i_d · step_d`, mod 2^w for the scalar's width w. Sums and multiples of such
//! vectors are affine mod 2^w without further ado; anything that looks at the integer (widening, comparing, dividing,
//! indexing) first asks [`int_hull`] whether the integers stay inside the type, so that none has wrapped. What is not affine
//! as a whole often is piece by piece ([`pieces`]): a bit of a counter, a comparison of two, a part of a network's layer.
//! Everything else is written out lane by lane, which serves up to [`MAX_TABLE`] lanes.

mod arithmetic;
pub mod pieces;
pub mod sets;

use arithmetic::{add, cast, divide, offset, scale, signed};
use pieces::{by_pieces, finer, joined, of_table, parts};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word, mask};

/// Vectors of more lanes are never written out lane by lane: a table takes sixteen bytes a lane.
pub const MAX_TABLE: u64 = 1 << 22;

/// Vectors of so few lanes are tables where they are not affine, and are looked at lane by lane.
pub const SHORT: u64 = 256;

/// An affine vector: start and `(count, step)` per dimension, outermost first.
type Affine = (Word, Vec<(u64, Word)>);

/// The canonical form: words cut to the width; the same word everywhere where that holds, else affine with merged
/// dimensions, else affine pieces where those are few, else a table.
pub fn normal(words: ConstVec, scalar: Scalar) -> ConstVec {
    let lanes = words.lanes();
    match words {
        _ if lanes == 0 => ConstVec::Splat { lanes: 0, word: 0 },
        ConstVec::Splat { word, .. } => ConstVec::Splat {
            lanes,
            word: scalar.wrap(word),
        },
        ConstVec::Affine { start, dims } => whole(merged(Piece { start, dims }, scalar)),
        ConstVec::Pieces(_) if lanes <= SHORT => {
            normal(ConstVec::Table(words.words().collect()), scalar)
        }
        ConstVec::Pieces(pieces) => joined(pieces, scalar),
        ConstVec::Table(words) => {
            let words: Vec<Word> = words.into_iter().map(|word| scalar.wrap(word)).collect();
            match dims_of(&words, scalar, 4) {
                Some(dims) => normal(
                    ConstVec::Affine {
                        start: words[0],
                        dims,
                    },
                    scalar,
                ),
                None if lanes > SHORT => match of_table(&words, scalar) {
                    Some(pieces) => joined(pieces, scalar),
                    None => ConstVec::Table(words),
                },
                None => ConstVec::Table(words),
            }
        }
    }
}

/// One piece as a vector.
fn whole(piece: Piece) -> ConstVec {
    if piece.dims.iter().all(|dim| dim.1 == 0) {
        ConstVec::Splat {
            lanes: piece.lanes(),
            word: piece.start,
        }
    } else {
        let Piece { start, dims } = piece;
        ConstVec::Affine { start, dims }
    }
}

/// Words cut to the width, dimensions of one lane left out, neighbours that count on merged.
fn merged(piece: Piece, scalar: Scalar) -> Piece {
    let mut dims: Vec<(u64, Word)> = Vec::with_capacity(piece.dims.len());
    for (count, step) in piece.dims {
        let step = scalar.wrap(step);
        match dims.last_mut() {
            _ if count == 1 => {}
            Some((outer, outer_step))
                if *outer_step == scalar.wrap(step.wrapping_mul(Word::from(count))) =>
            {
                *outer = outer.saturating_mul(count);
                *outer_step = step;
            }
            Some(_) | None => dims.push((count, step)),
        }
    }
    Piece {
        start: scalar.wrap(piece.start),
        dims,
    }
}

/// The dimensions of a table that is affine with at most `levels` of them.
fn dims_of(words: &[Word], scalar: Scalar, levels: u32) -> Option<Vec<(u64, Word)>> {
    if words.len() == 1 {
        return Some(vec![]);
    }
    if levels == 0 {
        return None;
    }
    let gap = |i: usize| scalar.wrap(words[i + 1].wrapping_sub(words[i]));
    let step = gap(0);
    let run = (1..words.len() - 1)
        .find(|&i| gap(i) != step)
        .map_or(words.len(), |i| i + 1);
    if !words.len().is_multiple_of(run) {
        return None;
    }
    let regular = words
        .chunks(run)
        .all(|chunk| (1..run).all(|i| scalar.wrap(chunk[i].wrapping_sub(chunk[i - 1])) == step));
    if !regular {
        return None;
    }
    let starts: Vec<Word> = words.iter().copied().step_by(run).collect();
    let mut dims = dims_of(&starts, scalar, levels - 1)?;
    dims.push((run as u64, step));
    Some(dims)
}

/// The denoted integers' minimum and maximum, if they are known to stay inside the type (and inside `i128`).
pub fn int_hull(words: &ConstVec, scalar: Scalar) -> Option<(i128, i128)> {
    let int = |word: Word| {
        let word = scalar.wrap(word);
        if scalar.is_signed() {
            Some(scalar.extend(word) as i128)
        } else {
            i128::try_from(word).ok()
        }
    };
    match words {
        ConstVec::Splat { word, .. } => int(*word).map(|i| (i, i)),
        ConstVec::Affine { start, dims } => {
            let first = int(*start)?;
            let (mut lo, mut hi) = (first, first);
            for &(count, step) in dims {
                let span = signed(step, scalar).checked_mul(i128::from(count.max(1)) - 1)?;
                lo = lo.checked_add(span.min(0))?;
                hi = hi.checked_add(span.max(0))?;
            }
            let (least, greatest) = type_range(scalar)?;
            (least <= lo && hi <= greatest).then_some((lo, hi))
        }
        ConstVec::Pieces(pieces) => {
            let mut hulls = pieces
                .iter()
                .map(|piece| int_hull(&whole(piece.clone()), scalar));
            let first = hulls.next()??;
            hulls.try_fold(first, |(lo, hi), hull| {
                hull.map(|(a, b)| (lo.min(a), hi.max(b)))
            })
        }
        ConstVec::Table(words) => {
            let mut ints = words.iter().map(|&word| int(word));
            let first = ints.next()??;
            ints.try_fold((first, first), |(lo, hi), i| {
                i.map(|i| (lo.min(i), hi.max(i)))
            })
        }
    }
}

/// The smallest and largest word of an unsigned vector; lane by lane where the affine form wraps around and is small.
pub fn hull(words: &ConstVec, scalar: Scalar) -> Option<(Word, Word)> {
    if let Some((lo, hi)) = int_hull(words, scalar)
        && lo >= 0
    {
        return Some((lo as Word, hi as Word));
    }
    if words.lanes() == 0 || words.lanes() > MAX_TABLE {
        return None;
    }
    let all = || words.words().map(|word| scalar.wrap(word));
    all().min().zip(all().max())
}

/// The range of a type's integers; `None` for `u128`, whose maximum is beyond `i128`.
pub fn type_range(scalar: Scalar) -> Option<(i128, i128)> {
    let w = scalar.width();
    if scalar.is_signed() {
        Some((i128::MIN >> (128 - w), i128::MAX >> (128 - w)))
    } else if w < 128 {
        Some((0, mask(w) as i128))
    } else {
        None
    }
}

/// An element-wise operation; `amount` is the second operand's type.
pub fn word(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    amount: Option<Scalar>,
    args: &[&ConstVec],
) -> Option<ConstVec> {
    let lanes = args.first()?.lanes();
    let second = amount.unwrap_or(from);
    if args.iter().all(|arg| matches!(arg, ConstVec::Splat { .. })) {
        return Some(ConstVec::Splat {
            lanes,
            word: lane(op, from, to, second, args, 0),
        });
    }
    by_pieces(op, from, to, amount, args)
        .or_else(|| compact(op, from, to, amount, args))
        .or_else(|| finer(op, from, to, amount, args))
        .or_else(|| {
            (lanes <= MAX_TABLE).then(|| {
                let mut columns: Vec<_> = args.iter().map(|arg| arg.words()).collect();
                let scalars: Vec<Scalar> = (0..args.len())
                    .map(|i| operand(op, i, from, second))
                    .collect();
                let mut words = [0; 3];
                let rows = (0..lanes).map(|_| {
                    for ((slot, column), scalar) in words.iter_mut().zip(&mut columns).zip(&scalars)
                    {
                        *slot = scalar.wrap(column.next().unwrap_or(0));
                    }
                    op.eval(from, to, &words[..args.len().min(3)])
                });
                ConstVec::Table(rows.collect())
            })
        })
}

/// An operation on splats and affine vectors whose result is one.
fn compact(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    amount: Option<Scalar>,
    args: &[&ConstVec],
) -> Option<ConstVec> {
    let second = amount.unwrap_or(from);
    let splat = |i: usize, scalar: Scalar| match args.get(i) {
        Some(ConstVec::Splat { word, .. }) => Some(scalar.wrap(*word)),
        _ => None,
    };
    match op {
        WordOp::Add => add(args[0], args[1]),
        WordOp::Sub => scale(args[1], Word::MAX).and_then(|neg| add(args[0], &neg)),
        WordOp::Neg => scale(args[0], Word::MAX),
        WordOp::Not => scale(args[0], Word::MAX).and_then(|neg| offset(neg, Word::MAX)),
        WordOp::Mul => match (splat(0, from), splat(1, from)) {
            (Some(factor), _) => scale(args[1], factor),
            (None, Some(factor)) => scale(args[0], factor),
            (None, None) => None,
        },
        WordOp::Shl => splat(1, second).and_then(|s| {
            let factor = if s < 128 { 1 << s } else { 0 };
            scale(args[0], factor)
        }),
        WordOp::Cast => cast(args[0], from, to),
        WordOp::Shr => splat(1, second)
            .filter(|&s| s < 127)
            .and_then(|s| divide(args[0], from, 1 << s))
            .map(|(hi, _)| hi),
        WordOp::Div => splat(1, from)
            .and_then(|d| divide(args[0], from, i128::try_from(from.extend(d)).ok()?))
            .map(|(hi, _)| hi),
        WordOp::Rem => splat(1, from)
            .and_then(|d| divide(args[0], from, i128::try_from(from.extend(d)).ok()?))
            .map(|(_, lo)| lo),
        WordOp::And => match (splat(0, from), splat(1, from)) {
            (Some(m), _) if m == from.mask() => Some(args[1].clone()),
            (_, Some(m)) if m == from.mask() => Some(args[0].clone()),
            (Some(0), _) | (_, Some(0)) => Some(ConstVec::Splat {
                lanes: args[0].lanes(),
                word: 0,
            }),
            (_, Some(m)) if m < Word::MAX >> 2 && (m + 1).is_power_of_two() => {
                divide(args[0], from, m as i128 + 1).map(|(_, lo)| lo)
            }
            _ => None,
        },
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le | WordOp::Min | WordOp::Max => {
            by_hull(op, from, args)
        }
        WordOp::Select => match splat(0, Scalar::Bool)? {
            0 => Some(args[2].clone()),
            _ => Some(args[1].clone()),
        },
        WordOp::Or | WordOp::Xor => match (splat(0, from), splat(1, from)) {
            (Some(0), _) => Some(args[1].clone()),
            (_, Some(0)) => Some(args[0].clone()),
            _ => None,
        },
        WordOp::Abs
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::Isqrt
        | WordOp::CountOnes
        | WordOp::SubByte
        | WordOp::Float(..) => None,
    }
}

/// The type of an operand.
fn operand(op: WordOp, at: usize, from: Scalar, second: Scalar) -> Scalar {
    match (op, at) {
        (WordOp::Select, 0) => Scalar::Bool,
        (_, 1) if op.takes_amount() => second,
        _ => from,
    }
}

/// One lane, operands cut to their types.
fn lane(op: WordOp, from: Scalar, to: Scalar, second: Scalar, args: &[&ConstVec], at: u64) -> Word {
    let mut words = [0; 3];
    for (i, (slot, arg)) in words.iter_mut().zip(args).enumerate() {
        *slot = operand(op, i, from, second).wrap(arg.get(at));
    }
    op.eval(from, to, &words[..args.len().min(3)])
}

/// A comparison or choice that the operands' ranges decide alike in all lanes.
fn by_hull(op: WordOp, from: Scalar, args: &[&ConstVec]) -> Option<ConstVec> {
    let (a, b) = (int_hull(args[0], from)?, int_hull(args[1], from)?);
    let truth = |t: bool| {
        Some(ConstVec::Splat {
            lanes: args[0].lanes(),
            word: Word::from(t),
        })
    };
    let (below, above) = (a.1 < b.0, b.1 < a.0);
    match op {
        WordOp::Eq | WordOp::Ne if below || above => truth(op == WordOp::Ne),
        WordOp::Lt | WordOp::Le if below || above => truth(below),
        WordOp::Lt if b.1 <= a.0 => truth(false),
        WordOp::Le if a.1 <= b.0 => truth(true),
        WordOp::Min | WordOp::Max if below || above => {
            Some(args[usize::from((op == WordOp::Min) != below)].clone())
        }
        _ => None,
    }
}

/// Source lanes at the given indices (all of them in range), if the result is compact or small.
pub fn gather(
    src: &ConstVec,
    src_scalar: Scalar,
    idx: &ConstVec,
    idx_scalar: Scalar,
    block: u64,
) -> Option<ConstVec> {
    let (_, hi) = hull(idx, idx_scalar)?;
    if hi >= Word::from(src.lanes() / block) {
        return None;
    }
    let lanes = lane_indices(idx, idx_scalar, block)?;
    if lanes == normal(ConstVec::iota(src.lanes()), Scalar::USIZE) {
        return Some(src.clone());
    }
    if let Some(out) = pieces::read(src, &lanes, src_scalar) {
        return Some(out);
    }
    (lanes.lanes() <= MAX_TABLE
        && (src.lanes() <= MAX_TABLE || parts(src).is_some_and(|p| p.len() < 64)))
    .then(|| {
        // Reading a table is faster than looking for a lane's piece.
        let table: Vec<Word> = match src {
            ConstVec::Pieces(_) if src.lanes() <= MAX_TABLE => src.words().collect(),
            _ => Vec::new(),
        };
        let read = |at: u64| match table.get(at as usize) {
            Some(&word) => word,
            None => src.get(at),
        };
        ConstVec::Table(indices(&lanes).map(read).collect())
    })
}

/// `src[idx]` for an affine source, by taking the index apart into the source's digits.
fn through(start: Word, dims: &[(u64, Word)], idx: &ConstVec, scalar: Scalar) -> Option<ConstVec> {
    let mut out = ConstVec::Splat {
        lanes: idx.lanes(),
        word: start,
    };
    let mut rest = idx.clone();
    for (level, &(count, step)) in dims.iter().enumerate().rev() {
        let digit = if level == 0 {
            rest.clone()
        } else {
            let (hi, lo) = divide(&rest, Scalar::USIZE, i128::from(count))?;
            rest = normal(hi, Scalar::USIZE);
            lo
        };
        // Steps are mod 2^w, digits are integers: the product is right mod 2^w.
        out = add(&out, &scale(&normal(digit, Scalar::USIZE), step)?)?;
    }
    Some(normal(out, scalar))
}

/// The indices of lanes that indices of blocks stand for, as `usize`.
pub fn lane_indices(idx: &ConstVec, scalar: Scalar, block: u64) -> Option<ConstVec> {
    let wide = if scalar == Scalar::USIZE {
        idx.clone()
    } else {
        cast(idx, scalar, Scalar::USIZE).or_else(|| {
            (idx.lanes() <= MAX_TABLE)
                .then(|| ConstVec::Table(idx.words().map(|word| scalar.wrap(word)).collect()))
        })?
    };
    if block == 1 {
        return Some(normal(wide, Scalar::USIZE));
    }
    let out = match parts(&wide) {
        Some(parts) => {
            let blocks = parts.into_iter().map(|piece| {
                let by = |step: Word| step.wrapping_mul(Word::from(block));
                let mut dims: Vec<_> = (piece.dims.iter())
                    .map(|&(count, step)| (count, by(step)))
                    .collect();
                dims.push((block, 1));
                Piece {
                    start: by(piece.start),
                    dims,
                }
            });
            ConstVec::Pieces(blocks.collect())
        }
        None if idx.lanes().saturating_mul(block) <= MAX_TABLE => ConstVec::Table(
            indices(&wide)
                .flat_map(|i| (0..block).map(move |t| Word::from(i * block + t)))
                .collect(),
        ),
        None => return None,
    };
    Some(normal(out, Scalar::USIZE))
}

/// One vector after the other.
pub fn concat(args: &[&ConstVec], scalar: Scalar) -> Option<ConstVec> {
    let lanes: u64 = args.iter().map(|arg| arg.lanes()).sum();
    if lanes > SHORT
        && let Some(all) = args
            .iter()
            .map(|arg| parts(arg))
            .collect::<Option<Vec<_>>>()
    {
        return Some(joined(all.into_iter().flatten().collect(), scalar));
    }
    (lanes <= MAX_TABLE).then(|| {
        let words = args.iter().flat_map(|arg| arg.words());
        ConstVec::Table(words.collect())
    })
}

/// A reduction of runs of lanes.
pub fn reduce(op: WordOp, scalar: Scalar, words: &ConstVec, segments: u64) -> Option<ConstVec> {
    let lanes = words.lanes();
    let len = lanes / segments.max(1);
    if let ConstVec::Splat { word, .. } = words {
        let one = match op {
            WordOp::Add => word.wrapping_mul(Word::from(len)),
            WordOp::Xor if len.is_multiple_of(2) => 0,
            WordOp::Mul => (0..64).rev().fold(1, |acc: Word, bit| {
                let square = acc.wrapping_mul(acc);
                if len >> bit & 1 == 1 {
                    square.wrapping_mul(*word)
                } else {
                    square
                }
            }),
            _ => *word,
        };
        return Some(ConstVec::Splat {
            lanes: segments,
            word: one,
        });
    }
    if lanes <= MAX_TABLE {
        let mut all = words.words().map(|word| scalar.wrap(word));
        let runs = (0..segments).map(|_| {
            let run = all.by_ref().take(len as usize);
            run.reduce(|a, b| op.eval(scalar, scalar, &[a, b]))
                .unwrap_or(0)
        });
        return Some(ConstVec::Table(runs.collect()));
    }
    None
}

/// An inclusive scan of runs of lanes.
pub fn scan(op: WordOp, scalar: Scalar, words: &ConstVec, segments: u64) -> Option<ConstVec> {
    let lanes = words.lanes();
    let len = lanes / segments.max(1);
    match words {
        ConstVec::Splat { word, .. } if op == WordOp::Add => Some(ConstVec::Affine {
            start: *word,
            dims: vec![(segments, 0), (len, *word)],
        }),
        _ if lanes <= MAX_TABLE => {
            let mut all: Vec<Word> = words.words().map(|word| scalar.wrap(word)).collect();
            for run in all.chunks_mut(len.max(1) as usize) {
                for i in 1..run.len() {
                    run[i] = op.eval(scalar, scalar, &[run[i - 1], run[i]]);
                }
            }
            Some(ConstVec::Table(all))
        }
        _ => None,
    }
}

/// An array with blocks replaced; all indices must be in range.
pub fn scatter(
    dst: &ConstVec,
    idx: &ConstVec,
    idx_scalar: Scalar,
    val: &ConstVec,
    block: u64,
) -> Option<ConstVec> {
    if dst.lanes() > MAX_TABLE || val.lanes() > MAX_TABLE {
        return None;
    }
    let lanes = lane_indices(idx, idx_scalar, block)?;
    let mut out: Vec<Word> = dst.words().collect();
    for (at, word) in indices(&lanes).zip(val.words()) {
        *out.get_mut(usize::try_from(at).ok()?)? = word;
    }
    Some(ConstVec::Table(out))
}

/// The words of a vector of `usize`, cut to its width.
pub fn indices(words: &ConstVec) -> impl Iterator<Item = u64> + '_ {
    words.words().map(|word| word as u64)
}

/// The vector as an affine one.
pub fn affine(words: &ConstVec) -> Option<Affine> {
    match words {
        ConstVec::Splat { lanes, word } => Some((*word, vec![(*lanes, 0)])),
        ConstVec::Affine { start, dims } => Some((*start, dims.clone())),
        ConstVec::Pieces(_) | ConstVec::Table(_) => None,
    }
}

#[cfg(test)]
mod tests;
