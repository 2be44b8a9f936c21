//! A sort as a network of comparisons, in vector operations: a layer is a handful of operations, however many rows there are.
//!
//! Batcher's odd-even merge for any number of rows (D. E. Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M): about
//! N·log²N / 4 comparators in log N·(log N + 1) / 2 layers. In a layer the rows i with `i & p == r` are compared with the rows
//! i + d: whole runs of p rows in every 2p, and a shorter run at the end, so that places are given by a few numbers.

use crate::ir::Ty;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// How many steps on words a row takes where one party does all of it, about.
pub(super) fn steps(rows: u64, columns: u64, keys: u64) -> u64 {
    let places = u64::from(keys < columns);
    // In a layer half of the rows are picked, compared and put back, in each column: by two vectors of half the length, and two that are whole.
    layers(rows).len() as u64 * (4 * (columns + places) + 2 * (keys + places))
}

/// The columns with their rows in ascending order of the first `keys` columns; rows with equal keys stay in their order.
pub(super) fn sort(walk: &mut Walk, columns: &[ValueId], keys: u64, segments: u64) -> Vec<ValueId> {
    let n = columns.len();
    let lanes = columns.first().map_or(0, |&c| walk.ty(c).lanes);
    let rows = lanes.checked_div(segments).unwrap_or(0);
    let (mut columns, mut keys) = (columns.to_vec(), keys as usize);
    if rows > 1 && keys < n {
        // What is equal is compared by its place: a network does not keep it by itself.
        let ty = Ty {
            scalar: Scalar::unsigned((rows - 1).ilog2() as u8 + 1),
            lanes,
            secret: true,
        };
        let places = ConstVec::Affine {
            start: 0,
            dims: vec![(segments, 0), (rows, 1)],
        };
        let places = walk.constant_value(ty.scalar, places);
        let places = walk.with_secrecy(places, true);
        columns.insert(keys, places);
        keys += 1;
    }
    for layer in layers(rows) {
        let low = layer.places(walk, rows, segments, 0);
        let high = layer.places(walk, rows, segments, layer.distance);
        exchange(walk, &mut columns, keys, low, high);
    }
    if columns.len() > n {
        columns.remove(keys - 1);
    }
    columns
}

/// Puts the rows at some places and at as many others in order, pair by pair; the first `keys` columns say which comes first.
pub(super) fn exchange(
    walk: &mut Walk,
    columns: &mut [ValueId],
    keys: usize,
    low: ValueId,
    high: ValueId,
) {
    let pick = |walk: &mut Walk, at: ValueId| -> Vec<ValueId> {
        columns.iter().map(|&c| walk.gather(c, at, 1)).collect()
    };
    let (first, second) = (pick(walk, low), pick(walk, high));
    let swapped = less(walk, &second[..keys], &first[..keys]);
    for ((column, a), b) in columns.iter_mut().zip(first).zip(second) {
        let lower = walk.word(WordOp::Select, &[swapped, b, a]);
        let upper = walk.word(WordOp::Select, &[swapped, a, b]);
        let half = walk.scatter(*column, low, lower, 1);
        *column = walk.scatter(half, high, upper, 1);
    }
}

/// Whether the first keys come before the second, column after column.
fn less(walk: &mut Walk, first: &[ValueId], second: &[ValueId]) -> ValueId {
    let mut before: Option<ValueId> = None;
    for (&a, &b) in first.iter().zip(second).rev() {
        let own = walk.word(WordOp::Lt, &[a, b]);
        before = Some(match before {
            None => own,
            Some(rest) => {
                let equal = walk.word(WordOp::Eq, &[a, b]);
                let tie = walk.word(WordOp::And, &[equal, rest]);
                walk.word(WordOp::Xor, &[own, tie])
            }
        });
    }
    before.unwrap_or_else(|| {
        let ty = Ty {
            scalar: Scalar::Bool,
            lanes: 0,
            secret: true,
        };
        walk.splat_of(ty, 0)
    })
}

/// Rows i below `count` with `i & period == first` and their partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layer {
    period: u64,
    first: u64,
    distance: u64,
    count: u64,
}

fn layers(rows: u64) -> Vec<Layer> {
    let mut layers = Vec::new();
    if rows < 2 {
        return layers;
    }
    let top = 1 << (rows - 1).ilog2();
    let mut period = top;
    while period > 0 {
        let (mut q, mut first, mut distance) = (top, 0, period);
        while distance > 0 {
            let count = rows.saturating_sub(distance);
            if first < count {
                layers.push(Layer {
                    period,
                    first,
                    distance,
                    count,
                });
            }
            distance = q - period;
            q /= 2;
            first = period;
        }
        period /= 2;
    }
    layers
}

impl Layer {
    /// The places of its rows in every segment of `rows`, moved by `by`.
    fn places(self, walk: &mut Walk, rows: u64, segments: u64, by: u64) -> ValueId {
        let left = self.count - self.first;
        let (whole, rest) = (left / (2 * self.period), left % (2 * self.period));
        let rest = rest.min(self.period);
        let mut pieces = Vec::new();
        let mut piece = |start: u64, runs: u64, len: u64| {
            if runs * len == 0 {
                return;
            }
            let dims = vec![
                (segments, Word::from(rows)),
                (runs, Word::from(2 * self.period)),
                (len, 1),
            ];
            let start = Word::from(start + by);
            pieces.push(walk.constant_value(Scalar::USIZE, ConstVec::Affine { start, dims }));
        };
        // A last run as long as the others is one of them.
        let runs = whole + u64::from(rest == self.period);
        piece(self.first, runs, self.period);
        if rest < self.period {
            piece(self.first + whole * 2 * self.period, 1, rest);
        }
        match pieces[..] {
            [one] => one,
            _ => walk.concat(pieces),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of a layer are apart, and zeros and ones come out in order: so does everything else (the 0-1 principle).
    #[test]
    fn layers_sort_zeros_and_ones() {
        for rows in 0..14u64 {
            for bits in 0..1u32 << rows {
                let mut values: Vec<u32> = (0..rows).map(|i| bits >> i & 1).collect();
                for layer in layers(rows) {
                    let mut seen = vec![false; rows as usize];
                    for i in (0..layer.count).filter(|i| i & layer.period == layer.first) {
                        let (a, b) = (i as usize, (i + layer.distance) as usize);
                        assert!(!seen[a] && !seen[b]);
                        (seen[a], seen[b]) = (true, true);
                        if values[b] < values[a] {
                            values.swap(a, b);
                        }
                    }
                }
                assert!(values.is_sorted(), "{rows} rows");
            }
        }
    }
}
