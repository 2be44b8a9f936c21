//! Vectors of four blocks: AES in counter mode and as a hash, sums over leaves, and the transposition of bits, for which GFNI has an
//! instruction that transposes squares of 8 by 8 bits.

use super::*;

type Vector = __m512i;
const N: usize = 4;

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn broadcast(l: Label) -> Vector {
    _mm512_broadcast_i32x4(_mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64))
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn numbers(stream: u64, index: u64) -> Vector {
    let first = _mm512_broadcast_i32x4(_mm_set_epi64x(index as i64, stream as i64));
    _mm512_add_epi64(first, _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0))
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn tweaks(first: u64) -> Vector {
    let next = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
    _mm512_maskz_add_epi64(0x55, _mm512_set1_epi64(first as i64), next)
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn xor(a: Vector, b: Vector) -> Vector {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn enc(x: Vector, k: Vector) -> Vector {
    _mm512_aesenc_epi128(x, k)
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn enc_last(x: Vector, k: Vector) -> Vector {
    _mm512_aesenclast_epi128(x, k)
}

/// The words of so many blocks, four at most.
const fn words(blocks: usize) -> __mmask8 {
    match blocks {
        0 => 0,
        1 => 0x03,
        2 => 0x0f,
        3 => 0x3f,
        _ => 0xff,
    }
}

/// Up to four blocks; those that are missing are zero.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn load(x: &[Block]) -> Vector {
    // SAFETY: two words of each block are read, at any alignment, and no others.
    unsafe { _mm512_maskz_loadu_epi64(words(x.len()), x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn store(x: Vector, out: &mut [Block]) {
    // SAFETY: two words of each block are written, at any alignment, and no others.
    unsafe { _mm512_mask_storeu_epi64(out.as_mut_ptr().cast(), words(out.len()), x) };
}

kernels!("avx512f,vaes");

/// Up to four labels from `at` on; those that are missing are zero.
#[inline]
#[target_feature(enable = "avx512f")]
fn labels(x: &[Label], at: usize, n: usize) -> Vector {
    let x = &x[at..at + n];
    // SAFETY: two words of each label are read, and no others.
    unsafe { _mm512_maskz_loadu_epi64(words(n), x.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn put_labels(v: Vector, out: &mut [Label], at: usize, n: usize) {
    let out = &mut out[at..at + n];
    // SAFETY: two words of each label are written, and no others.
    unsafe { _mm512_mask_storeu_epi64(out.as_mut_ptr().cast(), words(n), v) };
}

/// The sums over 16 leaves in registers.
#[target_feature(enable = "avx512f")]
fn fold_sixteen(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    let mut at = 0;
    while at < n {
        let some = N.min(n - at);
        let mut x: [Vector; 16] = std::array::from_fn(|i| labels(leaves, i * n + at, some));
        for bit in (0..4).rev() {
            let half = 1 << bit;
            let (low, high) = x.split_at_mut(half);
            let mut sum = high[0];
            for x in &high[1..half] {
                sum = _mm512_xor_si512(sum, *x);
            }
            for (a, b) in low.iter_mut().zip(high) {
                *a = _mm512_xor_si512(*a, *b);
            }
            put_labels(sum, sums, bit * n + at, some);
        }
        put_labels(x[0], leaves, at, some);
        at += N;
    }
}

#[target_feature(enable = "avx512f")]
pub(super) fn fold(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    if sums.len() == 4 * n {
        fold_sixteen(leaves, n, sums);
    } else if sums.len() > 4 * n {
        let (four, rest) = sums.split_at_mut(4 * n);
        portable::fold(leaves, n, rest);
        fold_sixteen(&mut leaves[..16 * n], n, four);
    } else {
        portable::fold(leaves, n, sums);
    }
}

/// In each quarter, byte `j` of vector `i` becomes byte `i` of vector `j`: four perfect shuffles of all bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose_bytes(x: &[Vector; 16]) -> [Vector; 16] {
    let x: [Vector; 16] = std::array::from_fn(|i| x[i]);
    let x = stage!(x, 8, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8);
    let x = stage!(x, 8, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8);
    let x = stage!(x, 8, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8);
    stage!(x, 8, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8)
}

/// Three of the same shuffles of eight vectors: each group of eight bytes gets one byte of every vector.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn gather_bytes(x: [Vector; 8]) -> [Vector; 8] {
    let x = stage!(x, 4, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8);
    let x = stage!(x, 4, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8);
    stage!(x, 4, _mm512_unpacklo_epi8, _mm512_unpackhi_epi8)
}

/// Transposes each square of 8 by 8 bits whose last row comes first: bit `i` of byte `j` of the product is bit `j` of byte `7 − i`.
#[inline]
#[target_feature(enable = "avx512f,gfni")]
fn squares(x: Vector) -> Vector {
    let identity = _mm512_set1_epi64(0x8040_2010_0804_0201u64 as i64);
    _mm512_gf2p8affine_epi64_epi8::<0>(identity, x)
}

/// Row `r` of up to four blocks of rows that stand one after the other.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarters(rows: &[Label], r: usize, some: usize) -> Vector {
    let quarter = |k: usize| load_half(&rows[ROWS * k + r]);
    let mut v = _mm512_zextsi128_si512(quarter(0));
    if some > 1 {
        v = _mm512_inserti32x4::<1>(v, quarter(1));
    }
    if some > 2 {
        v = _mm512_inserti32x4::<2>(v, quarter(2));
    }
    if some > 3 {
        v = _mm512_inserti32x4::<3>(v, quarter(3));
    }
    v
}

/// The same, written.
#[inline]
#[target_feature(enable = "avx512f")]
fn put_quarters(v: Vector, rows: &mut [Label], r: usize, some: usize) {
    store_half(_mm512_castsi512_si128(v), &mut rows[r]);
    if some > 1 {
        store_half(_mm512_extracti32x4_epi32::<1>(v), &mut rows[ROWS + r]);
    }
    if some > 2 {
        store_half(_mm512_extracti32x4_epi32::<2>(v), &mut rows[2 * ROWS + r]);
    }
    if some > 3 {
        store_half(_mm512_extracti32x4_epi32::<3>(v), &mut rows[3 * ROWS + r]);
    }
}

/// Up to four blocks of 128 by 128 bits, one in each quarter of the vectors: from blocks side by side to blocks one after the other, or `BACK`.
#[target_feature(enable = "avx512f,avx512bw,gfni")]
pub(super) fn transpose<const BACK: bool>(from: &[Label], to: &mut [Label]) {
    let n = from.len() / ROWS;
    // Vector `c` of entry `p` has byte groups `2p` and `2p + 1` of columns `8c..8c + 8`, bits transposed.
    let mut groups = [[_mm512_setzero_si512(); 16]; 8];
    let mut b = 0;
    while b < n {
        let some = N.min(n - b);
        for c in 0..16 {
            let x = std::array::from_fn(|i| {
                let at = 8 * c + 7 - i;
                match BACK {
                    true => quarters(&from[ROWS * b..], at, some),
                    false => labels(from, at * n + b, some),
                }
            });
            let x = gather_bytes(x);
            // By reference, here and below: an iterator over vectors by value is a copy of them in memory.
            for (group, x) in groups.iter_mut().zip(&x) {
                group[c] = squares(*x);
            }
        }
        for (p, group) in groups.iter().enumerate() {
            let turned = transpose_bytes(group);
            for (q, row) in turned.iter().enumerate() {
                let at = 16 * p + q;
                match BACK {
                    true => put_labels(*row, to, at * n + b, some),
                    false => put_quarters(*row, &mut to[ROWS * b..], at, some),
                }
            }
        }
        b += N;
    }
}

/// The lowest bits of labels, 64 to a word.
#[target_feature(enable = "avx512f")]
pub(super) fn colours(all: &[Label], words: &mut [u64]) {
    let (low, one) = (
        _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0),
        _mm512_set1_epi64(1),
    );
    for (word, all) in words.iter_mut().zip(all.chunks(64)) {
        let gathered = |first, second| {
            let words = _mm512_permutex2var_epi64(first, low, second);
            u64::from(_mm512_test_epi64_mask(words, one))
        };
        let (whole, rest) = all.as_chunks::<{ 2 * N }>();
        let (mut bits, mut at) = (0, 0);
        for eight in whole {
            bits |= gathered(labels(eight, 0, N), labels(eight, N, N)) << at;
            at += 2 * N;
        }
        if !rest.is_empty() {
            let second = match rest.len().saturating_sub(N) {
                0 => _mm512_setzero_si512(),
                more => labels(rest, N, more),
            };
            bits |= gathered(labels(rest, 0, N.min(rest.len())), second) << at;
        }
        *word = bits;
    }
}

/// The words of the first four rows whose bit is one.
#[inline]
#[target_feature(enable = "avx512f")]
fn chosen(bits: u64) -> __mmask8 {
    let each = _mm512_set_epi64(8, 8, 4, 4, 2, 2, 1, 1);
    _mm512_test_epi64_mask(_mm512_set1_epi64(bits as i64), each)
}

#[target_feature(enable = "avx512f")]
pub(super) fn add_chosen(rows: &mut [Label], what: Label, bits: &[u64]) {
    let what = _mm512_broadcast_i32x4(load_half(&what));
    for (rows, &word) in rows.chunks_mut(64).zip(bits) {
        for at in (0..rows.len()).step_by(N) {
            let some = N.min(rows.len() - at);
            let row = labels(rows, at, some);
            let sum = _mm512_mask_xor_epi64(row, chosen(word >> at), row, what);
            put_labels(sum, rows, at, some);
        }
    }
}

#[target_feature(enable = "avx512f")]
pub(super) fn add_chosen_rows(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    let both = rows.chunks_mut(64).zip(others.chunks(64));
    for ((rows, others), &word) in both.zip(bits) {
        let n = rows.len().min(others.len());
        for at in (0..n).step_by(N) {
            let some = N.min(n - at);
            let (row, other) = (labels(rows, at, some), labels(others, at, some));
            let sum = _mm512_mask_xor_epi64(row, chosen(word >> at), row, other);
            put_labels(sum, rows, at, some);
        }
    }
}
