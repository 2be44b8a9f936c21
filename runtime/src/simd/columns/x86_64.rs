//! AES over many blocks with special instructions, four blocks to a vector (`wide`), two (`vaes`) or one (`aes`), and bits moved in
//! vectors of two blocks or (`wide`) four.
//!
//! Eight vectors are in flight, enough to hide the latency of a round.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{ROWS, portable};
use crate::block::Label;

/// Round keys.
pub(super) type Keys = [Label; 11];

/// A block as two words, the low one first.
pub(super) type Block = [u64; 2];

/// AES-128's round constants.
const RCON: [i32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36];

/// Writes the kernels over a module's vectors of `N` blocks.
macro_rules! kernels {
    ($features:literal) => {
        /// `L` vectors through the cipher.
        #[inline]
        #[target_feature(enable = $features)]
        fn encrypt<const L: usize>(keys: &Keys, mut x: [Vector; L]) -> [Vector; L] {
            let key = broadcast(keys[0]);
            for x in &mut x {
                *x = xor(*x, key);
            }
            for key in &keys[1..10] {
                let key = broadcast(*key);
                for x in &mut x {
                    *x = enc(*x, key);
                }
            }
            let key = broadcast(keys[10]);
            for x in &mut x {
                *x = enc_last(*x, key);
            }
            x
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn count<const L: usize>(keys: &Keys, stream: u64, index: u64, out: &mut [Block]) {
            let x = std::array::from_fn(|i| numbers(stream, index.wrapping_add((N * i) as u64)));
            let x: [Vector; L] = encrypt(keys, x);
            for (x, out) in x.into_iter().zip(out.chunks_exact_mut(N)) {
                store(x, out);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn counter(keys: &Keys, stream: u64, mut index: u64, out: &mut [Block]) {
            let mut many = out.chunks_exact_mut(8 * N);
            for out in &mut many {
                count::<8>(keys, stream, index, out);
                index = index.wrapping_add(8 * N as u64);
            }
            let mut some = many.into_remainder().chunks_exact_mut(4 * N);
            for out in &mut some {
                count::<4>(keys, stream, index, out);
                index = index.wrapping_add(4 * N as u64);
            }
            let mut few = some.into_remainder().chunks_exact_mut(2 * N);
            for out in &mut few {
                count::<2>(keys, stream, index, out);
                index = index.wrapping_add(2 * N as u64);
            }
            for out in few.into_remainder().chunks_mut(N) {
                let [x] = encrypt(keys, [numbers(stream, index)]);
                store(x, out);
                index = index.wrapping_add(N as u64);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn tmmo(keys: &Keys, mut first: u64, x: &mut [Block]) {
            const STEP: usize = 8 * N;
            let mut whole = x.chunks_exact_mut(STEP);
            for x in &mut whole {
                let outer: [Vector; 8] = std::array::from_fn(|i| load(&x[N * i..N * (i + 1)]));
                let outer = encrypt(keys, outer);
                for (v, x) in outer.into_iter().zip(x.chunks_exact_mut(N)) {
                    store(v, x);
                }
                let inner: [Vector; 8] = std::array::from_fn(|i| {
                    xor(outer[i], tweaks(first.wrapping_add((N * i) as u64)))
                });
                let inner = encrypt(keys, inner);
                for (v, x) in inner.into_iter().zip(x.chunks_exact_mut(N)) {
                    store(xor(v, load(x)), x);
                }
                first = first.wrapping_add(STEP as u64);
            }
            for x in whole.into_remainder().chunks_mut(N) {
                let [outer] = encrypt(keys, [load(x)]);
                let [inner] = encrypt(keys, [xor(outer, tweaks(first))]);
                store(xor(inner, outer), x);
                first = first.wrapping_add(N as u64);
            }
        }
    };
}

/// Interleaves neighbours: one stage of moving bytes between vectors.
macro_rules! stage {
    ($x:expr, $pairs:literal, $low:ident, $high:ident) => {{
        let x = $x;
        let mut y = x;
        let mut i = 0;
        while i < $pairs {
            y[2 * i] = $low(x[i], x[i + $pairs]);
            y[2 * i + 1] = $high(x[i], x[i + $pairs]);
            i += 1;
        }
        y
    }};
}

mod wide;

/// One block, and the key schedule.
mod aes {
    use super::*;

    type Vector = __m128i;
    const N: usize = 1;

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn broadcast(l: Label) -> Vector {
        _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn numbers(stream: u64, index: u64) -> Vector {
        _mm_set_epi64x(index as i64, stream as i64)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn tweaks(first: u64) -> Vector {
        _mm_set_epi64x(0, first as i64)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm_xor_si128(a, b)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn enc(x: Vector, k: Vector) -> Vector {
        _mm_aesenc_si128(x, k)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn enc_last(x: Vector, k: Vector) -> Vector {
        _mm_aesenclast_si128(x, k)
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn load(x: &[Block]) -> Vector {
        // SAFETY: a block is 16 bytes.
        unsafe { _mm_loadu_si128((&raw const x[0]).cast()) }
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn store(x: Vector, out: &mut [Block]) {
        // SAFETY: a block is 16 bytes.
        unsafe { _mm_storeu_si128((&raw mut out[0]).cast(), x) };
    }

    /// FIPS 197, section 5.2, with the last-round instruction as S-box.
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    pub(super) fn expand(key: Label) -> Keys {
        let mut keys = [key; 11];
        let mut k = broadcast(key);
        for (to, rcon) in keys[1..].iter_mut().zip(RCON) {
            let rotated = _mm_shuffle_epi8(k, _mm_set1_epi32(0x0c0f_0e0d));
            let word = _mm_aesenclast_si128(rotated, _mm_set1_epi32(rcon));
            k = _mm_xor_si128(k, _mm_bslli_si128::<4>(k));
            k = _mm_xor_si128(k, _mm_bslli_si128::<8>(k));
            k = _mm_xor_si128(k, word);
            store_half(k, to);
        }
        keys
    }

    kernels!("aes,sse4.1,ssse3");
}

/// Two blocks.
mod vaes {
    use super::*;

    type Vector = __m256i;
    const N: usize = 2;

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn broadcast(l: Label) -> Vector {
        _mm256_broadcastsi128_si256(_mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn numbers(stream: u64, index: u64) -> Vector {
        let (s, i) = (stream as i64, index as i64);
        _mm256_set_epi64x(i.wrapping_add(1), s, i, s)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn tweaks(first: u64) -> Vector {
        let t = first as i64;
        _mm256_set_epi64x(0, t.wrapping_add(1), 0, t)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm256_xor_si256(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc(x: Vector, k: Vector) -> Vector {
        _mm256_aesenc_epi128(x, k)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc_last(x: Vector, k: Vector) -> Vector {
        _mm256_aesenclast_epi128(x, k)
    }

    /// One or two blocks; the second is zero if it is missing.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn load(x: &[Block]) -> Vector {
        match x {
            // SAFETY: two blocks are 32 bytes.
            [_, _] => unsafe { _mm256_loadu_si256(x.as_ptr().cast()) },
            // SAFETY: a block is 16 bytes.
            _ => _mm256_zextsi128_si256(unsafe { _mm_loadu_si128((&raw const x[0]).cast()) }),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn store(x: Vector, out: &mut [Block]) {
        match out {
            // SAFETY: two blocks are 32 bytes.
            [_, _] => unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), x) },
            // SAFETY: a block is 16 bytes.
            _ => unsafe { _mm_storeu_si128((&raw mut out[0]).cast(), _mm256_castsi256_si128(x)) },
        }
    }

    kernels!("avx2,vaes");
}

/// Two labels from `at` on, or one and zero.
#[inline]
#[target_feature(enable = "avx2")]
fn load(x: &[Label], at: usize, both: bool) -> __m256i {
    if both {
        let two = &x[at..at + 2];
        // SAFETY: two labels are 32 bytes.
        unsafe { _mm256_loadu_si256(two.as_ptr().cast()) }
    } else {
        let one = &x[at];
        // SAFETY: a label is 16 bytes.
        _mm256_zextsi128_si256(unsafe { _mm_loadu_si128((&raw const *one).cast()) })
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(v: __m256i, out: &mut [Label], at: usize, both: bool) {
    if both {
        let two = &mut out[at..at + 2];
        // SAFETY: two labels are 32 bytes.
        unsafe { _mm256_storeu_si256(two.as_mut_ptr().cast(), v) };
    } else {
        store_half(_mm256_castsi256_si128(v), &mut out[at]);
    }
}

#[inline]
fn load_half(x: &Label) -> __m128i {
    // SAFETY: a label is 16 bytes.
    unsafe { _mm_loadu_si128((&raw const *x).cast()) }
}

#[inline]
fn store_half(v: __m128i, out: &mut Label) {
    // SAFETY: a label is 16 bytes.
    unsafe { _mm_storeu_si128((&raw mut *out).cast(), v) };
}

/// The sums over 16 leaves in registers.
#[target_feature(enable = "avx2")]
fn fold_sixteen(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    let mut at = 0;
    while at < n {
        let both = at + 2 <= n;
        let mut x: [__m256i; 16] = std::array::from_fn(|i| load(leaves, i * n + at, both));
        for bit in (0..4).rev() {
            let half = 1 << bit;
            let (low, high) = x.split_at_mut(half);
            let mut sum = high[0];
            for x in &high[1..half] {
                sum = _mm256_xor_si256(sum, *x);
            }
            for (a, b) in low.iter_mut().zip(high) {
                *a = _mm256_xor_si256(*a, *b);
            }
            store(sum, sums, bit * n + at, both);
        }
        store(x[0], leaves, at, both);
        at += 2;
    }
}

#[target_feature(enable = "avx2")]
fn fold_wide(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
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

type Square = [__m256i; 16];

/// In each half, byte `j` of vector `i` becomes byte `i` of vector `j`. Interleaving the first half of the vectors with the second by bytes
/// is a perfect shuffle of all 256, four of which exchange the halves of a place's number.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_bytes(x: Square) -> Square {
    let x = stage!(x, 8, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8);
    let x = stage!(x, 8, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8);
    let x = stage!(x, 8, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8);
    stage!(x, 8, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8)
}

/// Three of the same shuffles of eight vectors: each group of eight bytes gets one byte of every vector.
#[inline]
#[target_feature(enable = "avx2")]
fn gather_bytes(x: [__m256i; 8]) -> [__m256i; 8] {
    let x = stage!(x, 4, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8);
    let x = stage!(x, 4, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8);
    stage!(x, 4, _mm256_unpacklo_epi8, _mm256_unpackhi_epi8)
}

#[inline]
#[target_feature(enable = "avx2")]
fn exchange<const SHIFT: i32>(x: __m256i, mask: i64) -> __m256i {
    let moved = _mm256_xor_si256(x, _mm256_srli_epi64::<SHIFT>(x));
    let t = _mm256_and_si256(moved, _mm256_set1_epi64x(mask));
    _mm256_xor_si256(_mm256_xor_si256(x, t), _mm256_slli_epi64::<SHIFT>(t))
}

/// Transposes each square of 8 by 8 bits: parts of one, two and four bits change places across the diagonal.
#[inline]
#[target_feature(enable = "avx2")]
fn squares(x: __m256i) -> __m256i {
    let x = exchange::<7>(x, 0x00aa_00aa_00aa_00aa);
    let x = exchange::<14>(x, 0x0000_cccc_0000_cccc);
    exchange::<28>(x, 0x0000_0000_f0f0_f0f0)
}

/// Two blocks of 128 by 128 bits, one in each half of the vectors, or one: from blocks side by side to blocks one after the other, or `BACK`.
#[target_feature(enable = "avx2")]
fn transpose_wide<const BACK: bool>(from: &[Label], to: &mut [Label]) {
    let n = from.len() / ROWS;
    // Vector `c` of entry `p` has byte groups `2p` and `2p + 1` of columns `8c..8c + 8`, bits transposed.
    let mut groups = [[_mm256_setzero_si256(); 16]; 8];
    let mut b = 0;
    while b < n {
        let both = b + 2 <= n;
        for c in 0..16 {
            let x = std::array::from_fn(|i| {
                let at = 8 * c + i;
                match BACK {
                    true => load_rows(&from[ROWS * b..], at, both),
                    false => load(from, at * n + b, both),
                }
            });
            for (group, x) in groups.iter_mut().zip(gather_bytes(x)) {
                group[c] = squares(x);
            }
        }
        for (p, group) in groups.iter().enumerate() {
            for (q, row) in transpose_bytes(*group).into_iter().enumerate() {
                let at = 16 * p + q;
                match BACK {
                    true => store(row, to, at * n + b, both),
                    false => store_rows(row, &mut to[ROWS * b..], at, both),
                }
            }
        }
        b += 2;
    }
}

/// Row `r` of two blocks of rows that stand one after the other, or of one.
#[inline]
#[target_feature(enable = "avx2")]
fn load_rows(rows: &[Label], r: usize, both: bool) -> __m256i {
    let first = _mm256_zextsi128_si256(load_half(&rows[r]));
    match both {
        true => _mm256_inserti128_si256::<1>(first, load_half(&rows[ROWS + r])),
        false => first,
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_rows(v: __m256i, rows: &mut [Label], r: usize, both: bool) {
    store_half(_mm256_castsi256_si128(v), &mut rows[r]);
    if both {
        store_half(_mm256_extracti128_si256::<1>(v), &mut rows[ROWS + r]);
    }
}

/// All ones in each of the first two rows whose bit is one.
#[inline]
#[target_feature(enable = "avx2")]
fn chosen(bits: u64) -> __m256i {
    let each = _mm256_set_epi64x(2, 2, 1, 1);
    let both = _mm256_and_si256(_mm256_set1_epi64x(bits as i64), each);
    _mm256_cmpeq_epi64(both, each)
}

#[target_feature(enable = "avx2")]
fn add_chosen_wide(rows: &mut [Label], what: Label, bits: &[u64]) {
    let what = _mm256_broadcastsi128_si256(load_half(&what));
    for (rows, &word) in rows.chunks_mut(64).zip(bits) {
        for at in (0..rows.len()).step_by(2) {
            let both = at + 2 <= rows.len();
            let part = _mm256_and_si256(chosen(word >> at), what);
            store(_mm256_xor_si256(load(rows, at, both), part), rows, at, both);
        }
    }
}

#[target_feature(enable = "avx2")]
fn add_chosen_rows_wide(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    let pairs = rows.chunks_mut(64).zip(others.chunks(64));
    for ((rows, others), &word) in pairs.zip(bits) {
        let n = rows.len().min(others.len());
        for at in (0..n).step_by(2) {
            let both = at + 2 <= n;
            let part = _mm256_and_si256(chosen(word >> at), load(others, at, both));
            store(_mm256_xor_si256(load(rows, at, both), part), rows, at, both);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &[u64; 4]) -> __m256i {
    // SAFETY: four words are 32 bytes.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// Four bits at a time, each as a mask: written out, since a compiler that is left to make vectors of a loop over secret bits may make
/// branches of it instead.
#[target_feature(enable = "avx2")]
fn weigh_received_wide(strings: &[u64], corrections: &[u64], factor: u64) -> u64 {
    let n = strings.len().min(corrections.len()).min(64);
    let (strings, corrections) = (
        strings[..n].as_chunks::<4>(),
        corrections[..n].as_chunks::<4>(),
    );
    let bits = _mm256_set1_epi64x(factor as i64);
    let (one, four) = (_mm256_set1_epi64x(1), _mm256_set1_epi64x(4));
    let mut t = _mm256_set_epi64x(3, 2, 1, 0);
    let mut sums = _mm256_setzero_si256();
    for (m, correction) in strings.0.iter().zip(corrections.0) {
        let bit = _mm256_and_si256(_mm256_srlv_epi64(bits, t), one);
        let mask = _mm256_sub_epi64(_mm256_setzero_si256(), bit);
        let chosen = _mm256_and_si256(mask, load_words(correction));
        let m = _mm256_add_epi64(load_words(m), chosen);
        sums = _mm256_add_epi64(sums, _mm256_sllv_epi64(m, t));
        t = _mm256_add_epi64(t, four);
    }
    let halves = _mm_add_epi64(
        _mm256_castsi256_si128(sums),
        _mm256_extracti128_si256::<1>(sums),
    );
    let sum =
        (_mm_extract_epi64::<0>(halves) as u64).wrapping_add(_mm_extract_epi64::<1>(halves) as u64);
    if strings.1.is_empty() {
        return sum;
    }
    let from = n / 4 * 4;
    sum.wrapping_add(portable::weigh_received(strings.1, corrections.1, factor >> from) << from)
}

pub(super) fn expand(key: Label) -> Keys {
    // SAFETY: only called where the dispatcher has seen AES instructions; the code inside is safe.
    unsafe { aes::expand(key) }
}

/// Labels as blocks.
pub(super) fn blocks(labels: &mut [Label]) -> &mut [Block] {
    // SAFETY: a label is a `u128` and nothing else: on this architecture two words, the low one first, of no smaller alignment.
    unsafe { std::slice::from_raw_parts_mut(labels.as_mut_ptr().cast(), labels.len()) }
}

/// Gives the safe functions that the dispatcher calls after it has seen the CPU's features.
macro_rules! entries {
    ($module:ident, $counter:ident, $tmmo:ident) => {
        pub(super) fn $counter(keys: &Keys, stream: u64, index: u64, out: &mut [Block]) {
            // SAFETY: a cipher has this form only on CPUs with the features; slices are indexed with checks.
            unsafe { $module::counter(keys, stream, index, out) }
        }

        pub(super) fn $tmmo(keys: &Keys, first: u64, x: &mut [Label]) {
            // SAFETY: as above.
            unsafe { $module::tmmo(keys, first, blocks(x)) }
        }
    };
}

entries!(aes, counter_aes, tmmo_aes);
entries!(vaes, counter_vaes, tmmo_vaes);
entries!(wide, counter_wide, tmmo_wide);

pub(super) fn fold_avx512(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    // SAFETY: as above, for AVX-512.
    unsafe { wide::fold(leaves, n, sums) }
}

pub(super) fn transpose_avx512<const BACK: bool>(from: &[Label], to: &mut [Label]) {
    // SAFETY: as above, for AVX-512 and GFNI.
    unsafe { wide::transpose::<BACK>(from, to) }
}

pub(super) fn colours_avx512(labels: &[Label], words: &mut [u64]) {
    // SAFETY: as above, for AVX-512.
    unsafe { wide::colours(labels, words) }
}

pub(super) fn add_chosen_avx512(rows: &mut [Label], what: Label, bits: &[u64]) {
    // SAFETY: as above, for AVX-512.
    unsafe { wide::add_chosen(rows, what, bits) }
}

pub(super) fn add_chosen_rows_avx512(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    // SAFETY: as above, for AVX-512.
    unsafe { wide::add_chosen_rows(rows, others, bits) }
}

pub(super) fn add_chosen_avx2(rows: &mut [Label], what: Label, bits: &[u64]) {
    // SAFETY: as above, for AVX2.
    unsafe { add_chosen_wide(rows, what, bits) }
}

pub(super) fn add_chosen_rows_avx2(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    // SAFETY: as above, for AVX2.
    unsafe { add_chosen_rows_wide(rows, others, bits) }
}

pub(super) fn fold_avx2(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    // SAFETY: as above, for AVX2.
    unsafe { fold_wide(leaves, n, sums) }
}

pub(super) fn add_masked_avx2(to: &mut [Label], what: &[Label], mask: Label) {
    #[target_feature(enable = "avx2")]
    fn wide(to: &mut [Label], what: &[Label], mask: Label) {
        portable::add_masked(to, what, mask);
    }
    // SAFETY: as above, for AVX2.
    unsafe { wide(to, what, mask) }
}

pub(super) fn transpose_avx2<const BACK: bool>(from: &[Label], to: &mut [Label]) {
    // SAFETY: as above, for AVX2.
    unsafe { transpose_wide::<BACK>(from, to) }
}

pub(super) fn weigh_sent_avx2(
    first: &[Label],
    second: &[Label],
    factor: u64,
    corrections: &mut [u64],
) -> u64 {
    #[target_feature(enable = "avx2")]
    fn wide(first: &[Label], second: &[Label], factor: u64, corrections: &mut [u64]) -> u64 {
        portable::weigh_sent(first, second, factor, corrections)
    }
    // SAFETY: as above, for AVX2.
    unsafe { wide(first, second, factor, corrections) }
}

pub(super) fn weigh_received_avx2(strings: &[u64], corrections: &[u64], factor: u64) -> u64 {
    // SAFETY: as above, for AVX2.
    unsafe { weigh_received_wide(strings, corrections, factor) }
}
