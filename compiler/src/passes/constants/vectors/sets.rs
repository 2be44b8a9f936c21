//! Vectors of indices as sets: which lanes a mask chooses, whether indices rise, differ, or never meet.
//!
//! All of it is read off the pieces, by steps and remainders, so that a million indices take no longer than ten.

use super::pieces::{joined, parts};
use super::{MAX_TABLE, SHORT, dims_of, hull, int_hull, merged, normal, signed, whole};
use smpcc_circuit::value::{ConstVec, Piece, Scalar, Word};

/// The lanes in which a vector of truth values holds (or does not), ascending; `None` if there are too many to list.
pub fn chosen(mask: &ConstVec, truth: bool) -> Option<ConstVec> {
    let wanted = Word::from(truth);
    let by_lane = || {
        (mask.lanes() <= MAX_TABLE).then(|| {
            let lanes = (mask.words().zip(0..)).filter(|(word, _)| word & 1 == wanted);
            normal(
                ConstVec::Table(lanes.map(|(_, lane)| lane).collect()),
                Scalar::USIZE,
            )
        })
    };
    if mask.lanes() <= SHORT {
        return by_lane();
    }
    let Some(pieces) = parts(mask) else {
        return by_lane();
    };
    let (mut out, mut before) = (Vec::new(), 0);
    for piece in pieces {
        let lanes = piece.lanes();
        if !chosen_of(&merged(piece, Scalar::Bool), wanted, before, &mut out) {
            return by_lane();
        }
        before += lanes;
    }
    Some(joined(out, Scalar::USIZE))
}

/// The chosen lanes of one piece that begins at lane `first`; false if they are not few pieces.
fn chosen_of(piece: &Piece, wanted: Word, first: u64, out: &mut Vec<Piece>) -> bool {
    let changes = |dim: &(u64, Word)| dim.1 != 0;
    let Some(from) = piece.dims.iter().position(changes) else {
        if piece.start & 1 == wanted {
            out.push(Piece {
                start: Word::from(first),
                dims: vec![(piece.lanes(), 1)],
            });
        }
        return true;
    };
    // What comes and goes by turns is rows of two, and perhaps one more.
    let turns = (piece.dims.iter()).position(|&(count, step)| count > 2 && step & 1 == 1);
    if let Some(at) = turns {
        let (count, step) = piece.dims[at];
        let (head, inner) = (&piece.dims[..at], &piece.dims[at + 1..]);
        if count % 2 == 0 {
            let dims = [head, &[(count / 2, 0), (2, step)], inner].concat();
            let start = piece.start;
            return chosen_of(&Piece { start, dims }, wanted, first, out);
        }
        if head.is_empty() {
            let rows = Piece {
                start: piece.start,
                dims: [&[(count - 1, step)], inner].concat(),
            };
            let last = Piece {
                start: piece.start,
                dims: inner.to_vec(),
            };
            let before = first + rows.lanes();
            return chosen_of(&rows, wanted, first, out) && chosen_of(&last, wanted, before, out);
        }
    }
    let to = piece.dims.iter().rposition(changes).unwrap_or(from) + 1;
    let count = |dims: &[(u64, Word)]| dims.iter().fold(1u64, |n, dim| n.saturating_mul(dim.0));
    let (rows, run) = (count(&piece.dims[..from]), count(&piece.dims[to..]));
    let middle = ConstVec::Affine {
        start: piece.start,
        dims: piece.dims[from..to].to_vec(),
    };
    let n = middle.lanes();
    if n > SHORT {
        return false;
    }
    let places: Vec<Word> = (middle.words().zip(0..))
        .filter(|(word, _)| word & 1 == wanted)
        .map(|(_, place)| place)
        .collect();
    if places.is_empty() {
        return true;
    }
    let Some(inner) = dims_of(&places, Scalar::USIZE, 4) else {
        return false;
    };
    let scaled = |steps: Word| steps.wrapping_mul(Word::from(run));
    let mut dims = vec![(rows, Word::from(n * run))];
    dims.extend(inner.iter().map(|&(count, step)| (count, scaled(step))));
    dims.push((run, 1));
    out.push(Piece {
        start: Word::from(first) + scaled(places[0]),
        dims,
    });
    true
}

/// Whether no word of one vector of indices is one of the other, seen by their smallest and largest words or by what they leave
/// when divided by a step.
pub fn never_meet(a: &ConstVec, b: &ConstVec) -> bool {
    let usize_ = Scalar::USIZE;
    if let (Some(x), Some(y)) = (hull(a, usize_), hull(b, usize_))
        && (x.1 < y.0 || y.1 < x.0)
    {
        return true;
    }
    let (Some(a), Some(b)) = (parts(a), parts(b)) else {
        return false;
    };
    if a.len() * b.len() > 4096 {
        return false;
    }
    a.iter().all(|x| b.iter().all(|y| pieces_never_meet(x, y)))
}

fn pieces_never_meet(a: &Piece, b: &Piece) -> bool {
    let span = |piece: &Piece| int_hull(&whole(piece.clone()), Scalar::USIZE);
    let (Some(x), Some(y)) = (span(a), span(b)) else {
        return false;
    };
    if x.1 < y.0 || y.1 < x.0 {
        return true;
    }
    let steps = a.dims.iter().chain(&b.dims);
    steps
        .map(|dim| signed(dim.1, Scalar::USIZE).abs())
        .any(|by| {
            by > 1
                && match (residues(a, by), residues(b, by)) {
                    (Some((first, len)), Some((other, other_len))) => {
                        // Two runs on a circle of `by` places.
                        (other - first).rem_euclid(by) >= len
                            && (first - other).rem_euclid(by) >= other_len
                    }
                    _ => false,
                }
        })
}

/// A run of remainders, from the first on so many, that holds those of all words divided by `by`.
fn residues(piece: &Piece, by: i128) -> Option<(i128, i128)> {
    let (mut lo, mut hi) = (piece.start as u64 as i128, piece.start as u64 as i128);
    for &(count, step) in &piece.dims {
        let step = signed(step, Scalar::USIZE);
        if step % by != 0 {
            let span = step.checked_mul(i128::from(count.max(1)) - 1)?;
            lo = lo.checked_add(span.min(0))?;
            hi = hi.checked_add(span.max(0))?;
        }
    }
    (hi - lo < by).then_some((lo.rem_euclid(by), hi - lo + 1))
}

/// Whether each word of a vector of indices is larger than the one before.
pub fn ascends(words: &ConstVec) -> bool {
    let Some(pieces) = parts(words) else {
        let ConstVec::Table(words) = words else {
            return false;
        };
        return words.is_sorted_by(|a, b| a < b);
    };
    let mut last: Option<i128> = None;
    pieces.iter().all(|piece| {
        let first = i128::from(piece.start as u64);
        let mut covered = 0;
        let rises = piece.dims.iter().rev().all(|&(count, step)| {
            let step = signed(step, Scalar::USIZE);
            let rises = count <= 1 || step > covered;
            covered += step.max(0).saturating_mul(i128::from(count) - 1);
            rises
        });
        let after = last.is_none_or(|last| last < first);
        last = Some(first.saturating_add(covered));
        rises && after && first + covered <= i128::from(u64::MAX)
    })
}

/// Whether no word of a vector of indices occurs twice, seen by its steps.
pub fn all_differ(words: &ConstVec) -> bool {
    let Some(pieces) = parts(words) else {
        return false;
    };
    let alone = |piece: &Piece| {
        let mut steps: Vec<(i128, u64)> = (piece.dims.iter())
            .filter(|dim| dim.0 > 1)
            .map(|&(count, step)| (signed(step, Scalar::USIZE).abs(), count))
            .collect();
        steps.sort_unstable();
        // Each step is larger than everything that the smaller ones cover.
        let mut covered: i128 = 0;
        int_hull(&whole(piece.clone()), Scalar::USIZE).is_some()
            && steps.iter().all(|&(step, count)| {
                let apart = step > covered;
                covered += step * (i128::from(count) - 1);
                apart
            })
    };
    pieces.len() <= 64
        && pieces.iter().all(alone)
        && (pieces.iter().enumerate())
            .all(|(i, a)| pieces[..i].iter().all(|b| pieces_never_meet(a, b)))
}
