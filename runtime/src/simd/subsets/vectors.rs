//! Eight subsets, or eight numbers, at once: tables of sixteen words are two vectors of 512 bits, out of which eight are taken by one instruction.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::{GROUP, SUBSETS, portable, sixteen};

/// Words of a vector.
const LANES: usize = 8;
/// Bits of a part of a weight, of which there are three: sums of parts fit into a word.
const PART: u32 = 40;
const PARTS: usize = 3;

/// Sixteen words.
type Table = [[u64; LANES]; 2];

/// Adds to each subset's sum; see [`super::sums`].
pub(super) fn sums<const L: usize>(bits: &[u64], values: &[[u64; L]], sums: &mut [[u64; L]]) {
    // SAFETY: whoever calls has asked the processor (`super::vectors`).
    unsafe { sums_kernel(bits, values, sums) }
}

/// See [`super::weights`].
pub(super) fn weights(bits: &[u64], subsets: &[u128], weights: &mut [u128]) {
    // SAFETY: as above.
    unsafe { weights_kernel(bits, subsets, weights) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: eight words are 64 bytes, which may be read at any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u64; LANES], x: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), x) }
}

/// Adds, for eight indices of four bits, what the table has at these.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_at(sum: __m512i, at: __m512i, table: &Table) -> __m512i {
    let found = _mm512_permutex2var_epi64(load(&table[0]), at, load(&table[1]));
    _mm512_add_epi64(sum, found)
}

/// The sums of all subsets of four words.
#[inline]
#[target_feature(enable = "avx512f")]
fn tabled(four: [u64; 4], table: &mut Table) {
    let [a, b, c, d] = four.map(|word| word as i64);
    let low = _mm512_add_epi64(
        _mm512_add_epi64(
            _mm512_maskz_set1_epi64(0xaa, a),
            _mm512_maskz_set1_epi64(0xcc, b),
        ),
        _mm512_maskz_set1_epi64(0xf0, c),
    );
    store(&mut table[0], low);
    store(&mut table[1], _mm512_add_epi64(low, _mm512_set1_epi64(d)));
}

#[target_feature(enable = "avx512f")]
fn sums_kernel<const L: usize>(bits: &[u64], values: &[[u64; L]], sums: &mut [[u64; L]]) {
    let mut all = Zeroizing::new([[[0; LANES]; SUBSETS / LANES]; L]);
    let mut tables = Zeroizing::new([[Table::default(); GROUP / 4]; L]);
    for (bits, values) in bits.chunks(2 * GROUP).zip(values.chunks(GROUP)) {
        let columns = transposed(bits);
        let fours = values.chunks(4);
        let n = fours.len();
        for (i, four) in fours.enumerate() {
            for (word, tables) in tables.iter_mut().enumerate() {
                let mut words = [0; 4];
                for (to, value) in words.iter_mut().zip(four) {
                    *to = value[word];
                }
                tabled(words, &mut tables[i]);
            }
        }
        for (i, &columns) in columns.iter().flatten().enumerate() {
            let mut at = columns;
            let mut eight = [_mm512_setzero_si512(); L];
            for (eight, all) in eight.iter_mut().zip(all.iter()) {
                *eight = load(&all[i]);
            }
            for four in 0..n {
                for (eight, tables) in eight.iter_mut().zip(tables.iter()) {
                    *eight = add_at(*eight, at, &tables[four]);
                }
                at = _mm512_srli_epi64::<4>(at);
            }
            for (eight, all) in eight.iter().zip(all.iter_mut()) {
                store(&mut all[i], *eight);
            }
        }
    }
    for (word, all) in all.iter().enumerate() {
        for (i, all) in all.iter().enumerate() {
            for (lane, more) in all.iter().enumerate() {
                let sum = &mut sums[GROUP * (i / LANES) + LANES * lane + i % LANES][word];
                *sum = sum.wrapping_add(*more);
            }
        }
    }
}

/// Up to 64 numbers' bits by subset, bit `i` of a word being of number `i`: lane `l` of vector `v` of each half has subset `8 l + v`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(bits: &[u64]) -> [[__m512i; LANES]; 2] {
    let mut pairs = [[[0; LANES]; 2]; LANES];
    for (to, bits) in pairs
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .zip(bits)
    {
        *to = *bits;
    }
    [0, 1].map(|half| {
        let each = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
        let each = _mm512_add_epi64(each, _mm512_set1_epi64(half));
        let mut rows = [each; LANES];
        for (row, [a, b]) in rows.iter_mut().zip(&pairs) {
            *row = _mm512_permutex2var_epi64(load(a), each, load(b));
        }
        // As `transpose64`; rows that are a few apart stand in one vector until these are transposed themselves.
        swapped::<32>(&mut rows, 4, 0x0000_0000_ffff_ffff);
        swapped::<16>(&mut rows, 2, 0x0000_ffff_0000_ffff);
        swapped::<8>(&mut rows, 1, 0x00ff_00ff_00ff_00ff);
        for apart in [4, 2, 1] {
            exchanged(&mut rows, apart);
        }
        swapped::<4>(&mut rows, 4, 0x0f0f_0f0f_0f0f_0f0f);
        swapped::<2>(&mut rows, 2, 0x3333_3333_3333_3333);
        swapped::<1>(&mut rows, 1, 0x5555_5555_5555_5555);
        rows
    })
}

/// Swaps the upper bits of vectors with the lower ones of those that are so far after them.
#[inline]
#[target_feature(enable = "avx512f")]
fn swapped<const BY: u32>(rows: &mut [__m512i; LANES], apart: usize, mask: i64) {
    for k in (0..LANES).filter(|k| k & apart == 0) {
        let (a, b) = (rows[k], rows[k + apart]);
        let differing = _mm512_xor_si512(_mm512_srli_epi64::<BY>(a), b);
        let differing = _mm512_and_si512(differing, _mm512_set1_epi64(mask));
        rows[k] = _mm512_xor_si512(a, _mm512_slli_epi64::<BY>(differing));
        rows[k + apart] = _mm512_xor_si512(b, differing);
    }
}

/// Swaps the upper lanes of vectors with the lower ones of those that are so far after them.
#[inline]
#[target_feature(enable = "avx512f")]
fn exchanged(rows: &mut [__m512i; LANES], apart: usize) {
    let (mut low, mut high) = ([0; LANES], [0; LANES]);
    for (lane, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
        (*low, *high) = match lane & apart {
            0 => (lane, lane + apart),
            _ => (LANES + lane - apart, LANES + lane),
        };
    }
    let [low, high] = [low, high].map(|at| at.map(|lane| lane as u64));
    let (low, high) = (load(&low), load(&high));
    for k in (0..LANES).filter(|k| k & apart == 0) {
        let (a, b) = (rows[k], rows[k + apart]);
        rows[k] = _mm512_permutex2var_epi64(a, low, b);
        rows[k + apart] = _mm512_permutex2var_epi64(a, high, b);
    }
}

#[target_feature(enable = "avx512f")]
fn weights_kernel(bits: &[u64], subsets: &[u128], weights: &mut [u128]) {
    let part = (1 << PART) - 1;
    let parts = |sum: u128| [sum & part, sum >> PART & part, sum >> (2 * PART)];
    let tables: Vec<[Table; PARTS]> = subsets
        .chunks(4)
        .map(|four| {
            let mut tables = [Table::default(); PARTS];
            for (i, sum) in sixteen(four, 0, |a: u128, b| a + b).into_iter().enumerate() {
                for (table, part) in tables.iter_mut().zip(parts(sum)) {
                    table[i / LANES][i % LANES] = part as u64;
                }
            }
            tables
        })
        .collect();
    let (first, second) = tables.split_at(tables.len() / 2);
    let even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    let odd = _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1);
    let low = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    let high = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    let mask = _mm512_set1_epi64(part as i64);
    let (bits, bits_left) = bits.as_chunks::<{ 2 * LANES }>();
    let (weights, weights_left) = weights.as_chunks_mut::<LANES>();
    for (bits, weights) in bits.iter().zip(weights) {
        let pairs = bits.as_chunks::<LANES>().0;
        let (a, b) = (load(&pairs[0]), load(&pairs[1]));
        let mut sums = [_mm512_setzero_si512(); PARTS];
        for (which, tables) in [(even, first), (odd, second)] {
            let mut at = _mm512_permutex2var_epi64(a, which, b);
            for tables in tables {
                for (sum, table) in sums.iter_mut().zip(tables) {
                    *sum = add_at(*sum, at, table);
                }
                at = _mm512_srli_epi64::<4>(at);
            }
        }
        let [mut one, mut two, mut three] = sums;
        two = _mm512_add_epi64(two, _mm512_srli_epi64::<PART>(one));
        three = _mm512_add_epi64(three, _mm512_srli_epi64::<PART>(two));
        one = _mm512_and_si512(one, mask);
        two = _mm512_and_si512(two, mask);
        let words = _mm512_or_si512(one, _mm512_slli_epi64::<PART>(two));
        let above = _mm512_or_si512(
            _mm512_srli_epi64::<{ 64 - PART }>(two),
            _mm512_slli_epi64::<{ 2 * PART - 64 }>(three),
        );
        let to = weights.as_mut_ptr().cast::<__m512i>();
        // SAFETY: eight weights are 128 bytes, which may be written at any alignment.
        unsafe {
            _mm512_storeu_si512(to, _mm512_permutex2var_epi64(words, low, above));
            _mm512_storeu_si512(to.add(1), _mm512_permutex2var_epi64(words, high, above));
        }
    }
    portable::weights(bits_left, subsets, weights_left);
}
