//! Vectors that are affine piece by piece.
//!
//! ```text
//! 0 1 2 3 4 5 6 7 8 9   bit 1 of it:  0 0 1 1 0 0 1 1 0 0  =  [2·0, 2·1, 2·0] then [2·0]
//! ```
//!
//! An operation on pieces is one operation per piece of all operands together, so that its time follows their number and not
//! the lanes. More than [`MAX_PIECES`] are not kept: a table of so many lanes is no longer than they are.

use super::{SHORT, add, cast, int_hull, merged, normal, scale, signed, through, whole, word};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word};

/// Most pieces of a vector, and most rows that are looked at one by one.
const MAX_PIECES: u64 = 1 << 16;

/// The pieces of a vector that is not a table.
pub fn parts(words: &ConstVec) -> Option<Vec<Piece>> {
    match words {
        ConstVec::Splat { lanes, word } => Some(vec![Piece {
            start: *word,
            dims: vec![(*lanes, 0)],
        }]),
        ConstVec::Affine { start, dims } => Some(vec![Piece {
            start: *start,
            dims: dims.clone(),
        }]),
        ConstVec::Pieces(pieces) => Some(pieces.clone()),
        ConstVec::Table(_) => None,
    }
}

/// One piece after the other, in the canonical form.
pub fn joined(pieces: Vec<Piece>, scalar: Scalar) -> ConstVec {
    let lanes: u64 = pieces.iter().map(Piece::lanes).sum();
    let n = pieces.len() as u64;
    if n > 1 && (lanes <= SHORT || n.saturating_mul(4) > lanes && lanes <= super::MAX_TABLE) {
        let words = ConstVec::Pieces(pieces).words().collect();
        return normal(ConstVec::Table(words), scalar);
    }
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces.into_iter().filter(|piece| piece.lanes() > 0) {
        let mut next = merged(piece, scalar);
        while let Some(last) = out.last() {
            let Some(both) = followed(last, &next, scalar) else {
                break;
            };
            out.pop();
            next = merged(both, scalar);
        }
        out.push(next);
    }
    if let [a, b, c] = &out[..]
        && let Some(all) = turned(a, b, c, scalar)
    {
        return whole(all);
    }
    match out.len() {
        0 => ConstVec::Splat { lanes: 0, word: 0 },
        1 => whole(out.swap_remove(0)),
        _ => ConstVec::Pieces(out),
    }
}

/// Two neighbours as one piece: the second counts on, is one more row of the first, or a second row.
fn followed(a: &Piece, b: &Piece, scalar: Scalar) -> Option<Piece> {
    let gap = scalar.wrap(b.start.wrapping_sub(a.start));
    let longer = |count: u64, step: Word, rest: &[(u64, Word)]| {
        let mut dims = vec![(count, step)];
        dims.extend(rest);
        Some(Piece {
            start: a.start,
            dims,
        })
    };
    let span = |count: u64, step: Word| scalar.wrap(step.wrapping_mul(Word::from(count)));
    match (&a.dims[..], &b.dims[..]) {
        (&[(n, s)], &[(m, t)]) if s == t && gap == span(n, s) => longer(n + m, s, &[]),
        (&[(n, s)], &[]) if gap == span(n, s) => longer(n + 1, s, &[]),
        (row, [(m, t), rows @ ..]) if row == rows && gap == *t => longer(*m + 1, *t, rows),
        ([(n, s), inner @ ..], rows) if inner == rows && gap == span(*n, *s) => {
            longer(*n + 1, *s, inner)
        }
        ([(n, s), inner @ ..], [(m, t), rows @ ..])
            if inner == rows && s == t && gap == span(*n, *s) =>
        {
            longer(*n + *m, *s, inner)
        }
        (x, y) if x == y => longer(2, gap, x),
        _ => None,
    }
}

/// A run, rows of two such runs that count on, and a last run as rows of two: each begins with the second one of the row before.
fn turned(a: &Piece, b: &Piece, c: &Piece, scalar: Scalar) -> Option<Piece> {
    let &[(n, s)] = &a.dims[..] else { return None };
    let gap = |from: &Piece, to: &Piece| scalar.wrap(to.start.wrapping_sub(from.start));
    let times = |step: Word, count: u64| scalar.wrap(step.wrapping_mul(Word::from(count)));
    let t = scalar.wrap(gap(a, b).wrapping_add(times(s, n)));
    let two = (n.checked_mul(2)?, s);
    let rows = match b.dims[..] {
        [row] if row == two => 1,
        [(rows, step), row] if (step, row) == (t, two) => rows,
        _ => return None,
    };
    let fits = a.dims == c.dims && gap(b, c) == times(t, rows);
    fits.then(|| Piece {
        start: a.start,
        dims: vec![(rows + 1, t), (2, gap(a, b)), (n, s)],
    })
}

/// A table as pieces of one dimension, where those are few.
pub fn of_table(words: &[Word], scalar: Scalar) -> Option<Vec<Piece>> {
    let most = (words.len() / 16).min(MAX_PIECES as usize);
    let gap = |i: usize| scalar.wrap(words[i + 1].wrapping_sub(words[i]));
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < words.len() {
        if pieces.len() >= most {
            return None;
        }
        let mut to = from + 1;
        if to < words.len() {
            let step = gap(from);
            to += 1;
            while to < words.len() && gap(to - 1) == step {
                to += 1;
            }
            // The second lane may begin the next run instead.
            if to == from + 2 && to + 1 < words.len() && gap(to - 1) == gap(to) {
                to -= 1;
            }
        }
        let dims = match to - from {
            1 => vec![],
            n => vec![(n as u64, gap(from))],
        };
        pieces.push(Piece {
            start: words[from],
            dims,
        });
        from = to;
    }
    Some(pieces)
}

/// `len` lanes of a piece from `from` on.
pub fn slice(piece: &Piece, from: u64, len: u64, out: &mut Vec<Piece>) {
    fn walk(start: Word, dims: &[(u64, Word)], from: u64, len: u64, out: &mut Vec<Piece>) {
        if len == 0 {
            return;
        }
        let Some((&(_, step), rest)) = dims.split_first() else {
            out.push(Piece {
                start,
                dims: Vec::new(),
            });
            return;
        };
        let inner = rest.iter().fold(1u64, |n, dim| n.saturating_mul(dim.0));
        let row = |row: u64| start.wrapping_add(step.wrapping_mul(Word::from(row)));
        let (first, offset) = (from / inner.max(1), from % inner.max(1));
        let head = len.min(inner - offset);
        if offset > 0 || head < inner {
            walk(row(first), rest, offset, head, out);
            walk(start, dims, (first + 1) * inner, len - head, out);
            return;
        }
        let rows = len / inner;
        // One row has no step to the next.
        let mut all = if rows == 1 {
            vec![]
        } else {
            vec![(rows, step)]
        };
        all.extend(rest);
        out.push(Piece {
            start: row(first),
            dims: all,
        });
        walk(row(first + rows), rest, 0, len % inner, out);
    }
    walk(piece.start, &piece.dims, from, len, out);
}

/// Pieces whose lanes change from row to row, but not along a row, row by row.
fn runs(pieces: &[Piece]) -> Option<Vec<Piece>> {
    let mut out = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece.dims.split_last() {
            Some((&(n, 0), rows)) if rows.iter().any(|row| row.1 != 0) => {
                let starts = ConstVec::Affine {
                    start: piece.start,
                    dims: rows.to_vec(),
                };
                if starts.lanes() > MAX_PIECES {
                    return None;
                }
                out.extend(starts.words().map(|start| Piece {
                    start,
                    dims: vec![(n, 0)],
                }));
            }
            _ => out.push(piece.clone()),
        }
    }
    Some(out)
}

/// An operation on operands of which at least one is in pieces and none is a table.
pub(super) fn by_pieces(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    amount: Option<Scalar>,
    args: &[&ConstVec],
) -> Option<ConstVec> {
    if !(args.iter()).any(|arg| matches!(arg, ConstVec::Pieces(_))) {
        return None;
    }
    let lanes = args.first()?.lanes();
    let mut operands: Vec<Vec<Piece>> = args.iter().map(|arg| parts(arg)).collect::<Option<_>>()?;
    if op == WordOp::Select {
        operands[0] = runs(&operands[0])?;
    }
    let total: u64 = operands.iter().map(|pieces| pieces.len() as u64).sum();
    if total > 2 * MAX_PIECES {
        return None;
    }
    // For each operand: its piece at the present lane, and where that began.
    let mut at: Vec<(usize, u64)> = vec![(0, 0); operands.len()];
    let (mut out, mut lane) = (Vec::new(), 0);
    while lane < lanes {
        let mut end = lanes;
        for (pieces, (piece, began)) in operands.iter().zip(&mut at) {
            while *began + pieces.get(*piece)?.lanes() <= lane {
                *began += pieces[*piece].lanes();
                *piece += 1;
            }
            end = end.min(*began + pieces[*piece].lanes());
        }
        let cut: Vec<ConstVec> = (operands.iter().zip(&at))
            .map(|(pieces, &(piece, began))| {
                let mut part = Vec::new();
                slice(&pieces[piece], lane - began, end - lane, &mut part);
                match part.len() {
                    1 => whole(part.swap_remove(0)),
                    _ => ConstVec::Pieces(part),
                }
            })
            .collect();
        let cut: Vec<&ConstVec> = cut.iter().collect();
        match word(op, from, to, amount, &cut)? {
            ConstVec::Table(words) if words.len() as u64 <= SHORT => {
                out.extend(words.into_iter().map(|word| Piece {
                    start: word,
                    dims: Vec::new(),
                }));
            }
            ConstVec::Table(_) => return None,
            compact => out.extend(parts(&compact)?),
        }
        if out.len() as u64 > MAX_PIECES {
            return None;
        }
        lane = end;
    }
    Some(joined(out, to))
}

/// An operation on long affine vectors whose result is in pieces, or affine where the operand's repetitions are left out.
pub(super) fn finer(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    amount: Option<Scalar>,
    args: &[&ConstVec],
) -> Option<ConstVec> {
    let lanes = args.first()?.lanes();
    if lanes <= SHORT || (args.iter()).any(|arg| matches!(arg, ConstVec::Table(_))) {
        return None;
    }
    let constant = |i: usize, scalar: Scalar| match args.get(i) {
        Some(ConstVec::Splat { word, .. }) => Some(scalar.wrap(*word)),
        _ => None,
    };
    let divided = |by: Option<i128>| {
        let aligned = aligned(args[0], from, by?)?;
        by_pieces(op, from, to, amount, &[&aligned, args[1]])
    };
    let found = match op {
        WordOp::Shr => divided(
            constant(1, amount.unwrap_or(from))
                .filter(|&s| s < 126)
                .map(|s| 1 << s),
        ),
        WordOp::Div | WordOp::Rem => {
            divided(constant(1, from).and_then(|d| i128::try_from(from.extend(d)).ok()))
        }
        WordOp::And => constant(1, from).and_then(|m| bits(from, args[0], m)),
        WordOp::Lt | WordOp::Le | WordOp::Eq | WordOp::Ne => compared(op, from, args[0], args[1]),
        WordOp::Min | WordOp::Max => {
            let less = compared(WordOp::Lt, from, args[0], args[1]);
            let (a, b) = match op {
                WordOp::Min => (args[0], args[1]),
                _ => (args[1], args[0]),
            };
            less.and_then(|less| by_pieces(WordOp::Select, from, to, None, &[&less, a, b]))
        }
        _ => None,
    };
    found.or_else(|| without_repetition(op, from, to, amount, args))
}

/// `words & m` for a mask whose ones stand together.
fn bits(from: Scalar, words: &ConstVec, m: Word) -> Option<ConstVec> {
    let low = m.trailing_zeros();
    let ones = m.checked_shr(low)?;
    if ones >= Word::MAX >> 2 || !(ones + 1).is_power_of_two() {
        return None;
    }
    let lanes = words.lanes();
    let splat = |word: Word| ConstVec::Splat { lanes, word };
    let run = |op: WordOp, a: &ConstVec, b: Word| word(op, from, from, Some(from), &[a, &splat(b)]);
    if low == 0 {
        let aligned = aligned(words, from, ones as i128 + 1)?;
        return run(WordOp::And, &aligned, m);
    }
    let high = normal(run(WordOp::Shr, words, Word::from(low))?, from);
    let field = normal(run(WordOp::And, &high, ones)?, from);
    match field {
        ConstVec::Table(_) => None,
        field => run(WordOp::Mul, &field, 1 << low),
    }
}

/// An affine vector of one dimension, each lane of it once or repeated, cut where its integers pass from one multiple of `by` to the
/// next, so that each piece divides.
fn aligned(words: &ConstVec, scalar: Scalar, by: i128) -> Option<ConstVec> {
    let ConstVec::Affine { start, dims } = words else {
        return None;
    };
    let (&(n, step), repeated) = dims.split_first()?;
    if repeated.iter().any(|dim| dim.1 != 0) {
        return None;
    }
    let (lo, _) = int_hull(words, scalar)?;
    let step = signed(step, scalar);
    if lo < 0 || step < 1 || by <= step || by % step != 0 {
        return None;
    }
    let first = scalar.wrap(*start) as i128 % by;
    let per = u64::try_from(by / step).ok()?;
    let head = if first < step {
        0
    } else {
        u64::try_from((by - first + step - 1) / step).ok()?.min(n)
    };
    let full = (n - head) / per * per;
    let mut pieces = Vec::new();
    for (from, len) in [(0, head), (head, full), (head + full, n - head - full)] {
        if len > 0 {
            pieces.push(Piece {
                start: start.wrapping_add((step as Word).wrapping_mul(Word::from(from))),
                dims: [&[(len, step as Word)], repeated].concat(),
            });
        }
    }
    (pieces.len() > 1).then_some(ConstVec::Pieces(pieces))
}

/// A comparison, row by row: along a row the difference only rises or only falls.
fn compared(op: WordOp, from: Scalar, a: &ConstVec, b: &ConstVec) -> Option<ConstVec> {
    int_hull(a, from)?;
    int_hull(b, from)?;
    let wide = Scalar::signed(128);
    let integers = |words: &ConstVec| match words {
        ConstVec::Splat { lanes, word } => Some(ConstVec::Splat {
            lanes: *lanes,
            word: from.extend(from.wrap(*word)),
        }),
        _ if from.width() == 128 => Some(words.clone()),
        _ => cast(words, from, wide),
    };
    let difference = add(&integers(a)?, &scale(&integers(b)?, Word::MAX)?)?;
    int_hull(&difference, wide)?;
    let mut rows = parts(&normal(difference, wide))?;
    let Piece { start, dims } = rows.pop().filter(|_| rows.is_empty())?;
    let holds = |difference: i128| match op {
        WordOp::Lt => difference < 0,
        WordOp::Le => difference <= 0,
        WordOp::Ne => difference != 0,
        _ => difference == 0,
    };
    let (&(n, step), outer) = dims.split_last()?;
    let starts = ConstVec::Affine {
        start,
        dims: outer.to_vec(),
    };
    if starts.lanes() > MAX_PIECES / 3 {
        return None;
    }
    let step = step as i128;
    let mut pieces = Vec::new();
    for first in starts.words() {
        let first = first as i128;
        // Up to three runs: before the difference is zero, where it is, after.
        let place = |bound: i128| -> u64 {
            // How many lanes come before the difference reaches `bound`, in the direction in which it moves.
            let distance = if step > 0 {
                bound - first
            } else {
                first - bound
            };
            let size = step.abs().max(1);
            let before = if distance <= 0 {
                0
            } else {
                (distance + size - 1) / size
            };
            u64::try_from(before).unwrap_or(n).min(n)
        };
        let cuts = if step == 0 {
            [0, 0, n]
        } else {
            [place(0), place(step.signum()), n]
        };
        let mut at = 0;
        for cut in cuts {
            if cut > at {
                let value = first + step * i128::from(at);
                pieces.push(Piece {
                    start: Word::from(holds(value)),
                    dims: vec![(cut - at, 0)],
                });
                at = cut;
            }
        }
    }
    Some(joined(pieces, Scalar::Bool))
}

/// An operation on one affine vector and splats, computed without the dimensions along which nothing changes.
fn without_repetition(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    amount: Option<Scalar>,
    args: &[&ConstVec],
) -> Option<ConstVec> {
    let mut varying =
        (args.iter().enumerate()).filter(|(_, arg)| !matches!(arg, ConstVec::Splat { .. }));
    let (Some((place, ConstVec::Affine { start, dims })), None) = (varying.next(), varying.next())
    else {
        return None;
    };
    let core: Vec<(u64, Word)> = dims.iter().copied().filter(|dim| dim.1 != 0).collect();
    let lanes = core.iter().fold(1u64, |n, dim| n.saturating_mul(dim.0));
    if lanes > SHORT || core.len() == dims.len() {
        return None;
    }
    let small: Vec<ConstVec> = (args.iter().enumerate())
        .map(|(i, arg)| match arg {
            ConstVec::Splat { word, .. } => ConstVec::Splat { lanes, word: *word },
            _ if i == place => ConstVec::Affine {
                start: *start,
                dims: core.clone(),
            },
            other => (*other).clone(),
        })
        .collect();
    let small: Vec<&ConstVec> = small.iter().collect();
    let found: Vec<Word> = word(op, from, to, amount, &small)?
        .words()
        .map(|word| to.wrap(word))
        .collect();
    // The step along each dimension, if the result is affine in the same dimensions.
    let mut steps = Vec::new();
    let mut stride = lanes;
    for &(count, _) in &core {
        stride /= count;
        let next = found.get(if count > 1 { stride as usize } else { 0 })?;
        steps.push((count, next.wrapping_sub(found[0])));
    }
    let fitted = ConstVec::Affine {
        start: found[0],
        dims: steps.clone(),
    };
    if !(fitted.words().zip(&found)).all(|(word, &expected)| to.wrap(word) == expected) {
        return None;
    }
    let mut steps = steps.into_iter();
    let dims = (dims.iter())
        .map(|&(count, step)| match step {
            0 => (count, 0),
            _ => (count, steps.next().map_or(0, |step| step.1)),
        })
        .collect();
    Some(ConstVec::Affine {
        start: found[0],
        dims,
    })
}

/// The lanes of a source that is no table at indices that are none (all of them in range).
pub(super) fn read(src: &ConstVec, idx: &ConstVec, scalar: Scalar) -> Option<ConstVec> {
    if idx.lanes() <= SHORT {
        return match (src, idx) {
            (
                ConstVec::Affine { start, dims },
                ConstVec::Affine { .. } | ConstVec::Splat { .. },
            ) => through(*start, dims, idx, scalar),
            _ => None,
        };
    }
    let mut out = Vec::new();
    // Where each piece of the source begins.
    let mut begin = 0;
    let begins: Vec<(u64, Piece)> = (parts(src)?.into_iter())
        .map(|piece| {
            let at = begin;
            begin += piece.lanes();
            (at, piece)
        })
        .collect();
    for piece in parts(idx)? {
        let found = read_piece(src, &begins, &piece, scalar)?;
        out.extend(parts(&found)?);
        if out.len() as u64 > MAX_PIECES {
            return None;
        }
    }
    Some(joined(out, scalar))
}

fn read_piece(
    src: &ConstVec,
    begins: &[(u64, Piece)],
    idx: &Piece,
    scalar: Scalar,
) -> Option<ConstVec> {
    let at = whole(idx.clone());
    match src {
        ConstVec::Splat { word, .. } => {
            return Some(ConstVec::Splat {
                lanes: at.lanes(),
                word: *word,
            });
        }
        ConstVec::Affine { start, dims } => {
            if let Some(found) = through(*start, dims, &at, scalar) {
                return Some(found);
            }
        }
        ConstVec::Pieces(_) | ConstVec::Table(_) => {}
    }
    // Row by row: a run of the source, or one lane many times.
    let (run, outer) = match idx.dims.split_last() {
        Some((&run, outer)) => (run, outer.to_vec()),
        None => ((1, 0), vec![]),
    };
    let starts = ConstVec::Affine {
        start: idx.start,
        dims: outer,
    };
    if run.1 > 1 || starts.lanes() > MAX_PIECES {
        return None;
    }
    let mut out = Vec::new();
    for first in starts.words() {
        let first = Scalar::USIZE.wrap(first) as u64;
        let at = begins
            .partition_point(|(begin, _)| *begin <= first)
            .checked_sub(1)?;
        let end = first + if run.1 == 0 { 1 } else { run.0 };
        for (begin, piece) in &begins[at..] {
            let (from, to) = (first.max(*begin), end.min(*begin + piece.lanes()));
            if from >= to {
                break;
            }
            slice(piece, from - begin, to - from, &mut out);
        }
        if run.1 == 0
            && let Some(one) = out.last_mut()
        {
            one.dims = vec![(run.0, 0)];
        }
        if out.len() as u64 > MAX_PIECES {
            return None;
        }
    }
    Some(joined(out, scalar))
}
