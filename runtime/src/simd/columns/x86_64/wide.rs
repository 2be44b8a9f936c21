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
fn transpose_bytes(x: [Vector; 16]) -> [Vector; 16] {
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

/// Up to four blocks of 128 by 128 bits side by side, one in each quarter of the vectors.
#[target_feature(enable = "avx512f,avx512bw,gfni")]
pub(super) fn transpose(columns: &[Label], rows: &mut [Label]) {
    let n = columns.len() / ROWS;
    // Vector `c` of entry `p` has byte groups `2p` and `2p + 1` of columns `8c..8c + 8`, bits transposed.
    let mut groups = [[_mm512_setzero_si512(); 16]; 8];
    let mut b = 0;
    while b < n {
        let some = N.min(n - b);
        for c in 0..16 {
            let x = std::array::from_fn(|i| labels(columns, (8 * c + 7 - i) * n + b, some));
            for (group, x) in groups.iter_mut().zip(gather_bytes(x)) {
                group[c] = squares(x);
            }
        }
        for (p, group) in groups.iter().enumerate() {
            for (q, row) in transpose_bytes(*group).into_iter().enumerate() {
                let quarters = [
                    _mm512_castsi512_si128(row),
                    _mm512_extracti32x4_epi32::<1>(row),
                    _mm512_extracti32x4_epi32::<2>(row),
                    _mm512_extracti32x4_epi32::<3>(row),
                ];
                for (k, quarter) in quarters.into_iter().take(some).enumerate() {
                    store_half(quarter, &mut rows[ROWS * (b + k) + 16 * p + q]);
                }
            }
        }
        b += N;
    }
}
