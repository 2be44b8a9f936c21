//! The field with four carry-less multiplications at once (VPCLMULQDQ on vectors of 512 bits): what proofs do most of.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm512_broadcast_i32x4, _mm512_bslli_epi128,
    _mm512_bsrli_epi128, _mm512_clmulepi64_epi128, _mm512_loadu_si512, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_xor_si512,
};

use super::{Field, clmul, doubled};

/// Elements of a vector.
const LANES: usize = 4;

/// Writes the safe function of a kernel.
macro_rules! safe {
    ($name:ident = $kernel:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        pub(super) fn $name($($arg: $type),*) $(-> $out)? {
            // SAFETY: whoever calls has asked the processor (`super::widest`).
            unsafe { $kernel($($arg),*) }
        }
    };
}

safe!(weigh = weigh_kernel(run: &mut [Field], weight: Field));
safe!(halves = halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2]);
safe!(fold = fold_kernel(low: &mut [Field], high: &[Field], r: Field));

#[inline]
#[target_feature(enable = "avx512f")]
fn load(four: &[Field; LANES]) -> __m512i {
    // SAFETY: four elements are 64 bytes, which need not be aligned.
    unsafe { _mm512_loadu_si512(four.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(four: &mut [Field; LANES], x: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(four.as_mut_ptr().cast(), x) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn all(x: Field) -> __m512i {
    // SAFETY: an element is 16 bytes, which need not be aligned.
    let one: __m128i = unsafe { _mm_loadu_si128((&raw const x).cast()) };
    _mm512_broadcast_i32x4(one)
}

/// Sums of products, not reduced: what has weight 0 and what has weight X^128.
type Sum = [__m512i; 2];

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn add(sum: &mut Sum, a: __m512i, b: __m512i) {
    let low = _mm512_clmulepi64_epi128::<0x00>(a, b);
    let high = _mm512_clmulepi64_epi128::<0x11>(a, b);
    let middle = _mm512_xor_si512(
        _mm512_clmulepi64_epi128::<0x01>(a, b),
        _mm512_clmulepi64_epi128::<0x10>(a, b),
    );
    let (below, above) = (
        _mm512_bslli_epi128::<8>(middle),
        _mm512_bsrli_epi128::<8>(middle),
    );
    sum[0] = _mm512_xor_si512(sum[0], _mm512_xor_si512(low, below));
    sum[1] = _mm512_xor_si512(sum[1], _mm512_xor_si512(high, above));
}

/// As in `clmul`, four times.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn reduce([low, high]: Sum) -> __m512i {
    let poly = all(0x87);
    let upper = _mm512_clmulepi64_epi128::<0x01>(high, poly);
    let lower = _mm512_clmulepi64_epi128::<0x00>(high, poly);
    let low = _mm512_xor_si512(
        low,
        _mm512_xor_si512(lower, _mm512_bslli_epi128::<8>(upper)),
    );
    let beyond = _mm512_bsrli_epi128::<8>(upper);
    _mm512_xor_si512(low, _mm512_clmulepi64_epi128::<0x00>(beyond, poly))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn product(a: __m512i, b: __m512i) -> __m512i {
    let mut sum = [_mm512_setzero_si512(); 2];
    add(&mut sum, a, b);
    reduce(sum)
}

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn weigh_kernel(run: &mut [Field], weight: Field) {
    let mut weight = weight;
    let (fours, rest) = run.as_chunks_mut::<LANES>();
    for four in fours {
        let mut weights = [weight; LANES];
        for i in 1..LANES {
            weights[i] = doubled(weights[i - 1]);
        }
        weight = doubled(weights[LANES - 1]);
        let products = product(load(four), load(&weights));
        store(four, products);
    }
    clmul::weigh(rest, weight);
}

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2] {
    let [(u0, u0_rest), (u1, u1_rest)] = u.map(<[Field]>::as_chunks::<LANES>);
    let [(v0, v0_rest), (v1, v1_rest)] = v.map(<[Field]>::as_chunks::<LANES>);
    let mut sums = [[_mm512_setzero_si512(); 2]; 2];
    for ((u0, u1), (v0, v1)) in u0.iter().zip(u1).zip(v0.iter().zip(v1)) {
        let [u0, u1, v0, v1] = [load(u0), load(u1), load(v0), load(v1)];
        add(&mut sums[0], u1, v1);
        add(
            &mut sums[1],
            _mm512_xor_si512(u0, u1),
            _mm512_xor_si512(v0, v1),
        );
    }
    let mut out = clmul::halves([u0_rest, u1_rest], [v0_rest, v1_rest]);
    for (out, sum) in out.iter_mut().zip(sums) {
        let mut four = [0; LANES];
        store(&mut four, reduce(sum));
        *out = four.into_iter().fold(*out, |sum, one| sum ^ one);
    }
    out
}

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn fold_kernel(low: &mut [Field], high: &[Field], r: Field) {
    let n = low.len().min(high.len());
    let (low, low_rest) = low[..n].as_chunks_mut::<LANES>();
    let (high, high_rest) = high[..n].as_chunks::<LANES>();
    let four_times = all(r);
    for (low, high) in low.iter_mut().zip(high) {
        let mine = load(low);
        let more = product(four_times, _mm512_xor_si512(mine, load(high)));
        store(low, _mm512_xor_si512(mine, more));
    }
    clmul::fold(low_rest, high_rest, r);
}
