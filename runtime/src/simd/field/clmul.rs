//! The field with carry-less multiplication of words (PCLMULQDQ).

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_extract_epi64, _mm_set_epi64x, _mm_setzero_si128,
    _mm_slli_si128, _mm_srli_si128, _mm_xor_si128,
};

use super::{Field, Wide, doubled};

/// Writes the safe function of a kernel.
macro_rules! safe {
    ($name:ident = $kernel:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        pub(super) fn $name($($arg: $type),*) $(-> $out)? {
            // SAFETY: whoever calls has asked the processor (`super::fast`).
            unsafe { $kernel($($arg),*) }
        }
    };
}

safe!(mul = mul_kernel(a: Field, b: Field) -> Field);
safe!(accumulate = accumulate_kernel(sums: &mut [Wide], weight: Field, words: &[u64]));
safe!(weigh = weigh_kernel(run: &mut [Field], weight: Field));
safe!(halves = halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2]);
safe!(dot = dot_kernel(u: &[Field], v: &[Field]) -> Field);
safe!(scale = scale_kernel(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field]));
safe!(fold = fold_kernel(low: &mut [Field], high: &[Field], r: Field));

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn load(x: Field) -> __m128i {
    _mm_set_epi64x((x >> 64) as i64, x as i64)
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn words(x: __m128i) -> [u64; 2] {
    [
        _mm_extract_epi64::<0>(x) as u64,
        _mm_extract_epi64::<1>(x) as u64,
    ]
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn store(x: __m128i) -> Field {
    let [low, high] = words(x);
    u128::from(low) | u128::from(high) << 64
}

/// A sum of products, not reduced: what has weight 0 and what has weight X^128.
type Sum = [__m128i; 2];

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn add(sum: &mut Sum, a: __m128i, b: __m128i) {
    let low = _mm_clmulepi64_si128::<0x00>(a, b);
    let high = _mm_clmulepi64_si128::<0x11>(a, b);
    let middle = _mm_xor_si128(
        _mm_clmulepi64_si128::<0x01>(a, b),
        _mm_clmulepi64_si128::<0x10>(a, b),
    );
    let (below, above) = (_mm_slli_si128::<8>(middle), _mm_srli_si128::<8>(middle));
    sum[0] = _mm_xor_si128(sum[0], _mm_xor_si128(low, below));
    sum[1] = _mm_xor_si128(sum[1], _mm_xor_si128(high, above));
}

/// X^128 is X^7 + X^2 + X + 1: the upper half is multiplied by it, and what that carries beyond once more.
#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn reduce([low, high]: Sum) -> __m128i {
    let poly = _mm_set_epi64x(0, 0x87);
    let upper = _mm_clmulepi64_si128::<0x01>(high, poly);
    let lower = _mm_clmulepi64_si128::<0x00>(high, poly);
    let low = _mm_xor_si128(low, _mm_xor_si128(lower, _mm_slli_si128::<8>(upper)));
    let beyond = _mm_srli_si128::<8>(upper);
    _mm_xor_si128(low, _mm_clmulepi64_si128::<0x00>(beyond, poly))
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn product(a: __m128i, b: __m128i) -> __m128i {
    let mut sum = [_mm_setzero_si128(); 2];
    add(&mut sum, a, b);
    reduce(sum)
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn mul_kernel(a: Field, b: Field) -> Field {
    store(product(load(a), load(b)))
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn accumulate_kernel(sums: &mut [Wide], weight: Field, words_of: &[u64]) {
    let weight = load(weight);
    for (sum, &word) in sums.iter_mut().zip(words_of) {
        let word = _mm_set_epi64x(0, word as i64);
        let [first, carry] = words(_mm_clmulepi64_si128::<0x00>(weight, word));
        let [second, last] = words(_mm_clmulepi64_si128::<0x01>(weight, word));
        sum[0] ^= first;
        sum[1] ^= carry ^ second;
        sum[2] ^= last;
    }
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn weigh_kernel(run: &mut [Field], weight: Field) {
    let mut weight = weight;
    for element in run {
        *element = store(product(load(*element), load(weight)));
        weight = doubled(weight);
    }
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2] {
    let mut sums = [[_mm_setzero_si128(); 2]; 2];
    let (u, v) = (u[0].iter().zip(u[1]), v[0].iter().zip(v[1]));
    for ((&u0, &u1), (&v0, &v1)) in u.zip(v) {
        add(&mut sums[0], load(u1), load(v1));
        add(&mut sums[1], load(u0 ^ u1), load(v0 ^ v1));
    }
    let [one, infinity] = sums;
    [store(reduce(one)), store(reduce(infinity))]
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn dot_kernel(u: &[Field], v: &[Field]) -> Field {
    let mut sum = [_mm_setzero_si128(); 2];
    for (&u, &v) in u.iter().zip(v) {
        add(&mut sum, load(u), load(v));
    }
    store(reduce(sum))
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn scale_kernel(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field]) {
    let weight = load(weight);
    for ((low, high), &what) in low.iter_mut().zip(high).zip(what) {
        let mut sum = [load(*low), load(*high)];
        add(&mut sum, weight, load(what));
        [*low, *high] = [store(sum[0]), store(sum[1])];
    }
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn fold_kernel(low: &mut [Field], high: &[Field], r: Field) {
    let r = load(r);
    for (low, &high) in low.iter_mut().zip(high) {
        *low ^= store(product(r, load(*low ^ high)));
    }
}
