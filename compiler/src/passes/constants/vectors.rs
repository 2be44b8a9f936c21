//! Arithmetic on constant vectors in their compact forms.
//!
//! An affine vector stands for `start + Σ i_d · step_d`, mod 2^w for the scalar's width w. Sums and multiples of such
//! vectors are affine mod 2^w without further ado; anything that looks at the integer (widening, comparing, dividing,
//! indexing) first asks [`int_hull`] whether the integers stay inside the type, so that none has wrapped.

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

/// Vectors of more lanes are never written out lane by lane.
pub const MAX_TABLE: u64 = 4096;

/// An affine vector: start and `(count, step)` per dimension, outermost first.
type Affine = (Word, Vec<(u64, Word)>);

/// The canonical form: words cut to the width; the same word everywhere where that holds, else affine with merged
/// dimensions, else a table.
pub fn normal(words: ConstVec, scalar: Scalar) -> ConstVec {
    let lanes = words.lanes();
    match words {
        _ if lanes == 0 => ConstVec::Splat { lanes: 0, word: 0 },
        ConstVec::Splat { word, .. } => ConstVec::Splat {
            lanes,
            word: scalar.wrap(word),
        },
        ConstVec::Affine { start, dims } => {
            let mut merged: Vec<(u64, Word)> = Vec::with_capacity(dims.len());
            for (count, step) in dims {
                let step = scalar.wrap(step);
                match merged.last_mut() {
                    _ if count == 1 => {}
                    Some((outer, outer_step))
                        if *outer_step == scalar.wrap(step.wrapping_mul(Word::from(count))) =>
                    {
                        *outer = outer.saturating_mul(count);
                        *outer_step = step;
                    }
                    Some(_) | None => merged.push((count, step)),
                }
            }
            let start = scalar.wrap(start);
            if merged.iter().all(|dim| dim.1 == 0) {
                ConstVec::Splat { lanes, word: start }
            } else {
                ConstVec::Affine {
                    start,
                    dims: merged,
                }
            }
        }
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
                None => ConstVec::Table(words),
            }
        }
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
    let splat = |i: usize, scalar: Scalar| match args.get(i) {
        Some(ConstVec::Splat { word, .. }) => Some(scalar.wrap(*word)),
        _ => None,
    };
    let second = amount.unwrap_or(from);
    if args.iter().all(|arg| matches!(arg, ConstVec::Splat { .. })) {
        return Some(ConstVec::Splat {
            lanes,
            word: lane(op, from, to, second, args, 0),
        });
    }
    let compact = match op {
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
        WordOp::And => splat(1, from)
            .filter(|&m| m < Word::MAX >> 2 && (m + 1).is_power_of_two())
            .and_then(|m| divide(args[0], from, m as i128 + 1))
            .map(|(_, lo)| lo),
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le | WordOp::Min | WordOp::Max => {
            by_hull(op, from, args)
        }
        WordOp::Abs
        | WordOp::Or
        | WordOp::Xor
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::Select
        | WordOp::Isqrt
        | WordOp::CountOnes => None,
    };
    compact.or_else(|| {
        (lanes <= MAX_TABLE).then(|| {
            ConstVec::Table(
                (0..lanes)
                    .map(|i| lane(op, from, to, second, args, i))
                    .collect(),
            )
        })
    })
}

/// One lane, operands cut to their types.
fn lane(op: WordOp, from: Scalar, to: Scalar, second: Scalar, args: &[&ConstVec], at: u64) -> Word {
    let mut words = [0; 3];
    for (i, (slot, arg)) in words.iter_mut().zip(args).enumerate() {
        let scalar = match (op, i) {
            (WordOp::Select, 0) => Scalar::Bool,
            (WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR, 1) => second,
            _ => from,
        };
        *slot = scalar.wrap(arg.get(at));
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
    if let ConstVec::Affine { start, dims } = src
        && let Some(out) = through(*start, dims, &lanes, src_scalar)
    {
        return Some(out);
    }
    (lanes.lanes() <= MAX_TABLE)
        .then(|| ConstVec::Table(indices(&lanes).map(|at| src.get(at)).collect()))
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
    let out = match scale(&wide, Word::from(block)) {
        Some(scaled) if !matches!(scaled, ConstVec::Table(_)) => {
            let (start, mut dims) = affine(&scaled)?;
            dims.push((block, 1));
            ConstVec::Affine { start, dims }
        }
        _ if idx.lanes().saturating_mul(block) <= MAX_TABLE => ConstVec::Table(
            indices(&wide)
                .flat_map(|i| (0..block).map(move |t| Word::from(i * block + t)))
                .collect(),
        ),
        _ => return None,
    };
    Some(normal(out, Scalar::USIZE))
}

/// One vector after the other.
pub fn concat(args: &[&ConstVec], scalar: Scalar) -> Option<ConstVec> {
    let lanes: u64 = args.iter().map(|arg| arg.lanes()).sum();
    if lanes <= MAX_TABLE {
        let words = args.iter().flat_map(|arg| arg.words());
        return Some(ConstVec::Table(words.collect()));
    }
    let parts: Vec<Affine> = args.iter().map(|arg| affine(arg)).collect::<Option<_>>()?;
    let (start, dims) = parts.first()?.clone();
    let step = scalar.wrap(parts.get(1)?.0.wrapping_sub(start));
    let regular = parts.windows(2).all(|pair| {
        pair[0].1 == pair[1].1 && scalar.wrap(pair[1].0.wrapping_sub(pair[0].0)) == step
    });
    regular.then(|| {
        let mut all = vec![(parts.len() as u64, step)];
        all.extend(dims);
        ConstVec::Affine { start, dims: all }
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
        let all: Vec<Word> = words.words().map(|word| scalar.wrap(word)).collect();
        let runs = all.chunks(len.max(1) as usize);
        return Some(ConstVec::Table(
            runs.map(|run| {
                run.iter()
                    .copied()
                    .reduce(|a, b| op.eval(scalar, scalar, &[a, b]))
                    .unwrap_or(0)
            })
            .collect(),
        ));
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
        ConstVec::Table(_) => None,
    }
}

fn add(a: &ConstVec, b: &ConstVec) -> Option<ConstVec> {
    let ((start_a, mut dims_a), (start_b, mut dims_b)) = (affine(a)?, affine(b)?);
    let mut dims = Vec::new();
    while let (Some((n, s)), Some((m, t))) = (dims_a.pop(), dims_b.pop()) {
        if n == m {
            dims.push((n, s.wrapping_add(t)));
        } else if m > 0 && n % m == 0 {
            dims.push((m, s.wrapping_add(t)));
            dims_a.push((n / m, s.wrapping_mul(Word::from(m))));
        } else if n > 0 && m % n == 0 {
            dims.push((n, s.wrapping_add(t)));
            dims_b.push((m / n, t.wrapping_mul(Word::from(n))));
        } else {
            return None;
        }
    }
    // What is left over counts one.
    if dims_a.iter().chain(&dims_b).any(|dim| dim.0 != 1) {
        return None;
    }
    dims.reverse();
    Some(ConstVec::Affine {
        start: start_a.wrapping_add(start_b),
        dims,
    })
}

fn scale(words: &ConstVec, factor: Word) -> Option<ConstVec> {
    let (start, mut dims) = affine(words)?;
    for dim in &mut dims {
        dim.1 = dim.1.wrapping_mul(factor);
    }
    Some(ConstVec::Affine {
        start: start.wrapping_mul(factor),
        dims,
    })
}

fn offset(words: ConstVec, by: Word) -> Option<ConstVec> {
    let (start, dims) = affine(&words)?;
    Some(ConstVec::Affine {
        start: start.wrapping_add(by),
        dims,
    })
}

fn cast(words: &ConstVec, from: Scalar, to: Scalar) -> Option<ConstVec> {
    let (start, dims) = affine(words)?;
    if to.width() <= from.width() {
        return Some(words.clone());
    }
    int_hull(words, from)?;
    Some(ConstVec::Affine {
        start: from.extend(from.wrap(start)),
        dims: dims
            .into_iter()
            .map(|(count, step)| (count, signed(step, from) as Word))
            .collect(),
    })
}

/// Quotients and remainders of non-negative integers by a positive constant, as affine vectors.
fn divide(words: &ConstVec, scalar: Scalar, by: i128) -> Option<(ConstVec, ConstVec)> {
    let (lo, _) = int_hull(words, scalar)?;
    let (start, dims) = affine(words)?;
    if lo < 0 || by < 1 {
        return None;
    }
    let start = scalar.extend(scalar.wrap(start)) as i128;
    let (mut hi, mut low) = (Vec::new(), Vec::new());
    let (mut least, mut greatest) = (start % by, start % by);
    for (count, step) in dims {
        let step = signed(step, scalar);
        let mut push = |count: u64, step: i128| {
            if step % by == 0 {
                hi.push((count, (step / by) as Word));
                low.push((count, 0));
            } else {
                hi.push((count, 0));
                low.push((count, step as Word));
                let span = step.saturating_mul(i128::from(count.max(1)) - 1);
                least = least.saturating_add(span.min(0));
                greatest = greatest.saturating_add(span.max(0));
            }
        };
        let per = if step > 0 && by % step == 0 {
            u64::try_from(by / step).unwrap_or(u64::MAX)
        } else {
            0
        };
        if per > 1 && count > per && count % per == 0 {
            push(count / per, by);
            push(per, step);
        } else {
            push(count, step);
        }
    }
    (least >= 0 && greatest < by).then(|| {
        let part = |start: i128, dims| ConstVec::Affine {
            start: start as Word,
            dims,
        };
        (part(start / by, hi), part(start % by, low))
    })
}

/// A step as the signed integer nearest to zero.
fn signed(step: Word, scalar: Scalar) -> i128 {
    let w = scalar.width();
    ((step << (128 - w)) as i128) >> (128 - w)
}

#[cfg(test)]
mod tests;
