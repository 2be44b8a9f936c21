//! Two pairs of half gates in one vector of 512 bits: on processors whose vectors are as wide as that inside, twice the rate of the
//! narrower form, and twice the registers everywhere.

use std::arch::x86_64::*;

use super::{Gates, Hash, Label, RCON, TABLE_LEN, vaes};

type Pairs = __m512i;
const N: usize = 2;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn pair(a: Label, b: Label) -> Pairs {
    let half = |l: Label| _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64);
    _mm512_broadcast_i64x4(_mm256_set_m128i(half(b), half(a)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn pairs(a: &[Label], b: &[Label]) -> Pairs {
    let both = |l: &[Label]| {
        let l: &[Label; N] = l.try_into().expect("two labels");
        // SAFETY: two labels are 32 bytes, which may be read at any alignment.
        unsafe { _mm256_loadu_si256(l.as_ptr().cast()) }
    };
    let ab = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(both(a)), both(b));
    _mm512_shuffle_i64x2::<0xd8>(ab, ab)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn tweaks(t: u64) -> Pairs {
    let next = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
    _mm512_maskz_add_epi64(0x55, _mm512_set1_epi64(t as i64), next)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn xor(a: Pairs, b: Pairs) -> Pairs {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn and(a: Pairs, b: Pairs) -> Pairs {
    _mm512_and_si512(a, b)
}

/// `(h ⊕ l) ‖ h` of each `h ‖ l`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn sigma(x: Pairs) -> Pairs {
    let swapped = _mm512_shuffle_epi32::<0x4e>(x);
    _mm512_mask_xor_epi64(swapped, 0xaa, swapped, x)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn next_key(k: Pairs, rcon: i32) -> Pairs {
    let rotated = _mm512_shuffle_epi8(k, _mm512_set1_epi32(0x0c0f_0e0d));
    let word = _mm512_aesenclast_epi128(rotated, _mm512_set1_epi32(rcon));
    let k = xor(k, _mm512_bslli_epi128::<4>(k));
    let k = xor(k, _mm512_bslli_epi128::<8>(k));
    xor(k, word)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn enc(x: Pairs, k: Pairs) -> Pairs {
    _mm512_aesenc_epi128(x, k)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn enc_last(x: Pairs, k: Pairs) -> Pairs {
    _mm512_aesenclast_epi128(x, k)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn swap(x: Pairs) -> Pairs {
    _mm512_shuffle_i64x2::<0xb1>(x, x)
}

/// The left halves of one and the right halves of another.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn join(left: Pairs, right: Pairs) -> Pairs {
    _mm512_mask_blend_epi64(0xcc, left, right)
}

/// The left halves, and zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn low(x: Pairs) -> Pairs {
    _mm512_maskz_mov_epi64(0x33, x)
}

/// Zeros, and the right halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn high(x: Pairs) -> Pairs {
    _mm512_maskz_mov_epi64(0xcc, x)
}

/// All ones in each half whose lowest bit is one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn colour_masks(x: Pairs) -> Pairs {
    let lowest = _mm512_shuffle_epi32::<0>(x);
    _mm512_srai_epi32::<31>(_mm512_slli_epi32::<31>(lowest))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn load(bytes: &[u8]) -> Pairs {
    let bytes: &[u8; N * TABLE_LEN] = bytes.try_into().expect("two tables");
    // SAFETY: 64 bytes may be read at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn store(x: Pairs, bytes: &mut [u8]) {
    let bytes: &mut [u8; N * TABLE_LEN] = bytes.try_into().expect("two tables");
    // SAFETY: 64 bytes may be written at any alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), x) }
}

/// The sum of the halves of each pair.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
fn sums(x: Pairs, out: &mut [Label]) {
    let out: &mut [Label; N] = out.try_into().expect("two labels");
    let s = xor(x, swap(x));
    let s = _mm512_castsi512_si256(_mm512_shuffle_i64x2::<0x08>(s, s));
    // SAFETY: two labels are 32 bytes, which may be written at any alignment.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), s) };
}

mod whole {
    use super::*;

    // With eight vectors the compiler keeps keys and states in memory and goes through them in a loop.
    kernels!("avx512f,avx512bw,vaes", [4, 2, 1], [4, 2, 1]);
}

/// The gates from `at` on.
fn rest(gates: Gates<'_>, at: usize) -> Gates<'_> {
    Gates {
        first: gates.first + 2 * at as u64,
        a: &gates.a[at..],
        b: &gates.b[at..],
        ..gates
    }
}

/// As many gates as fill vectors.
fn filled(gates: &Gates<'_>) -> usize {
    gates.a.len() / N * N
}

#[target_feature(enable = "avx512f,avx512bw,vaes")]
pub(super) fn garble(
    hash: Hash,
    delta: Label,
    gates: Gates<'_>,
    out: &mut [Label],
    tables: &mut [u8],
) {
    whole::garble(hash, delta, gates, out, tables);
    let at = filled(&gates);
    let (out, tables) = (&mut out[at..], &mut tables[at * TABLE_LEN..]);
    vaes::garble(hash, delta, rest(gates, at), out, tables);
}

#[target_feature(enable = "avx512f,avx512bw,vaes")]
pub(super) fn zero_labels(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
    whole::zero_labels(hash, delta, gates, out);
    let at = filled(&gates);
    vaes::zero_labels(hash, delta, rest(gates, at), &mut out[at..]);
}

#[target_feature(enable = "avx512f,avx512bw,vaes")]
pub(super) fn evaluate(hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
    whole::evaluate(hash, gates, tables, out);
    let at = filled(&gates);
    vaes::evaluate(
        hash,
        rest(gates, at),
        &tables[at * TABLE_LEN..],
        &mut out[at..],
    );
}
