//! One subset, or one number, after the other.

use zeroize::Zeroizing;

use super::{GROUP, sixteen};
use crate::bits::transpose64;

/// Adds to each subset's sum; see [`super::sums`].
pub(super) fn sums<const L: usize>(bits: &[u64], values: &[[u64; L]], sums: &mut [[u64; L]]) {
    let add = |mut a: [u64; L], b: [u64; L]| {
        a.iter_mut()
            .zip(b)
            .for_each(|(a, b)| *a = a.wrapping_add(b));
        a
    };
    let mut tables = Zeroizing::new(vec![[[0; L]; 16]; GROUP / 4]);
    for (bits, values) in bits.chunks(2 * GROUP).zip(values.chunks(GROUP)) {
        let mut columns = [[0; GROUP]; 2];
        for (i, pair) in bits.chunks_exact(2).enumerate() {
            (columns[0][i], columns[1][i]) = (pair[0], pair[1]);
        }
        columns.iter_mut().for_each(transpose64);
        let fours = values.chunks(4);
        let n = fours.len();
        for (table, four) in tables.iter_mut().zip(fours) {
            *table = sixteen(four, [0; L], add);
        }
        for (sum, column) in sums.iter_mut().zip(columns.as_flattened()) {
            let mut column = *column;
            for table in &tables[..n] {
                *sum = add(*sum, table[(column & 15) as usize]);
                column >>= 4;
            }
        }
    }
}

/// See [`super::weights`].
pub(super) fn weights(bits: &[u64], subsets: &[u128], weights: &mut [u128]) {
    let tables: Vec<[u128; 16]> = subsets
        .chunks(4)
        .map(|four| sixteen(four, 0, |a, b| a + b))
        .collect();
    let (low, high) = tables.split_at(tables.len() / 2);
    for (weight, pair) in weights.iter_mut().zip(bits.chunks_exact(2)) {
        for (mut bits, tables) in pair.iter().copied().zip([low, high]) {
            for table in tables {
                *weight += table[(bits & 15) as usize];
                bits >>= 4;
            }
        }
    }
}
