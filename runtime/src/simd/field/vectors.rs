//! The field with several carry-less multiplications at once (VPCLMULQDQ on vectors of 512 or 256 bits): what proofs do most of, and
//! hashes that vouch.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_loadu_si128, _mm256_broadcastsi128_si256, _mm256_bslli_epi128,
    _mm256_bsrli_epi128, _mm256_clmulepi64_epi128, _mm256_loadu_si256, _mm256_setzero_si256,
    _mm256_storeu_si256, _mm256_xor_si256, _mm512_broadcast_i32x4, _mm512_bslli_epi128,
    _mm512_bsrli_epi128, _mm512_clmulepi64_epi128, _mm512_loadu_si512, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_xor_si512,
};

use super::{Field, clmul, doubled};

/// Writes the safe function of a kernel.
macro_rules! safe {
    ($name:ident = $kernel:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        pub(in crate::simd::field) fn $name($($arg: $type),*) $(-> $out)? {
            // SAFETY: whoever calls has asked the processor (`super::super::lanes`).
            unsafe { $kernel($($arg),*) }
        }
    };
}

/// Writes the kernels for vectors of so many elements.
macro_rules! kernels {
    (
        $(#[$doc:meta])* $name:ident, $lanes:literal, $features:literal, $vector:ty,
        $load:ident, $store:ident, $all:ident, $up:ident, $down:ident, $clmul:ident, $zero:ident, $xor:ident
    ) => {
        $(#[$doc])*
        pub(super) mod $name {
            use super::*;

            /// Elements of a vector.
            const LANES: usize = $lanes;

            safe!(weigh = weigh_kernel(run: &mut [Field], weight: Field));
            safe!(halves = halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2]);
            safe!(dot = dot_kernel(u: &[Field], v: &[Field]) -> Field);
            safe!(scale = scale_kernel(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field]));
            safe!(fold = fold_kernel(low: &mut [Field], high: &[Field], r: Field));

            #[inline]
            #[target_feature(enable = $features)]
            fn load(some: &[Field; LANES]) -> $vector {
                // SAFETY: these are the bytes of a vector, which need not be aligned.
                unsafe { $load(some.as_ptr().cast()) }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn store(some: &mut [Field; LANES], x: $vector) {
                // SAFETY: as above.
                unsafe { $store(some.as_mut_ptr().cast(), x) }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn all(x: Field) -> $vector {
                // SAFETY: an element is 16 bytes, which need not be aligned.
                let one: __m128i = unsafe { _mm_loadu_si128((&raw const x).cast()) };
                $all(one)
            }

            /// Sums of products, not reduced: what has weight 0 and what has weight X^128.
            type Sum = [$vector; 2];

            #[inline]
            #[target_feature(enable = $features)]
            fn add(sum: &mut Sum, a: $vector, b: $vector) {
                let low = $clmul::<0x00>(a, b);
                let high = $clmul::<0x11>(a, b);
                let middle = $xor(
                    $clmul::<0x01>(a, b),
                    $clmul::<0x10>(a, b),
                );
                let (below, above) = (
                    $up::<8>(middle),
                    $down::<8>(middle),
                );
                sum[0] = $xor(sum[0], $xor(low, below));
                sum[1] = $xor(sum[1], $xor(high, above));
            }

            /// As in `clmul`, in every element.
            #[inline]
            #[target_feature(enable = $features)]
            fn reduce([low, high]: Sum) -> $vector {
                let poly = all(0x87);
                let upper = $clmul::<0x01>(high, poly);
                let lower = $clmul::<0x00>(high, poly);
                let low = $xor(
                    low,
                    $xor(lower, $up::<8>(upper)),
                );
                let beyond = $down::<8>(upper);
                $xor(low, $clmul::<0x00>(beyond, poly))
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn product(a: $vector, b: $vector) -> $vector {
                let mut sum = [$zero(); 2];
                add(&mut sum, a, b);
                reduce(sum)
            }

            #[target_feature(enable = $features)]
            fn weigh_kernel(run: &mut [Field], weight: Field) {
                let mut weight = weight;
                let (runs, rest) = run.as_chunks_mut::<LANES>();
                for some in runs {
                    let mut weights = [weight; LANES];
                    for i in 1..LANES {
                        weights[i] = doubled(weights[i - 1]);
                    }
                    weight = doubled(weights[LANES - 1]);
                    let products = product(load(some), load(&weights));
                    store(some, products);
                }
                clmul::weigh(rest, weight);
            }

            #[target_feature(enable = $features)]
            fn halves_kernel(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2] {
                let [(u0, u0_rest), (u1, u1_rest)] = u.map(<[Field]>::as_chunks::<LANES>);
                let [(v0, v0_rest), (v1, v1_rest)] = v.map(<[Field]>::as_chunks::<LANES>);
                let mut sums = [[$zero(); 2]; 2];
                for ((u0, u1), (v0, v1)) in u0.iter().zip(u1).zip(v0.iter().zip(v1)) {
                    let [u0, u1, v0, v1] = [load(u0), load(u1), load(v0), load(v1)];
                    add(&mut sums[0], u1, v1);
                    add(
                        &mut sums[1],
                        $xor(u0, u1),
                        $xor(v0, v1),
                    );
                }
                let mut out = clmul::halves([u0_rest, u1_rest], [v0_rest, v1_rest]);
                for (out, sum) in out.iter_mut().zip(sums) {
                    let mut some = [0; LANES];
                    store(&mut some, reduce(sum));
                    *out = some.into_iter().fold(*out, |sum, one| sum ^ one);
                }
                out
            }

            #[target_feature(enable = $features)]
            fn dot_kernel(u: &[Field], v: &[Field]) -> Field {
                let n = u.len().min(v.len());
                let (u, u_rest) = u[..n].as_chunks::<LANES>();
                let (v, v_rest) = v[..n].as_chunks::<LANES>();
                let mut sum = [$zero(); 2];
                for (u, v) in u.iter().zip(v) {
                    add(&mut sum, load(u), load(v));
                }
                let mut some = [0; LANES];
                store(&mut some, reduce(sum));
                let rest = clmul::dot(u_rest, v_rest);
                some.into_iter().fold(rest, |sum, one| sum ^ one)
            }

            #[target_feature(enable = $features)]
            fn scale_kernel(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field]) {
                let n = low.len().min(high.len()).min(what.len());
                let (low, low_rest) = low[..n].as_chunks_mut::<LANES>();
                let (high, high_rest) = high[..n].as_chunks_mut::<LANES>();
                let (what, what_rest) = what[..n].as_chunks::<LANES>();
                let each = all(weight);
                for ((low, high), what) in low.iter_mut().zip(high).zip(what) {
                    let mut sum = [load(low), load(high)];
                    add(&mut sum, each, load(what));
                    store(low, sum[0]);
                    store(high, sum[1]);
                }
                clmul::scale(low_rest, high_rest, weight, what_rest);
            }

            #[target_feature(enable = $features)]
            fn fold_kernel(low: &mut [Field], high: &[Field], r: Field) {
                let n = low.len().min(high.len());
                let (low, low_rest) = low[..n].as_chunks_mut::<LANES>();
                let (high, high_rest) = high[..n].as_chunks::<LANES>();
                let each = all(r);
                for (low, high) in low.iter_mut().zip(high) {
                    let mine = load(low);
                    let more = product(each, $xor(mine, load(high)));
                    store(low, $xor(mine, more));
                }
                clmul::fold(low_rest, high_rest, r);
            }
        }
    };
}

kernels!(
    /// Four at once.
    four, 4, "avx512f,avx512bw,vpclmulqdq", __m512i,
    _mm512_loadu_si512, _mm512_storeu_si512, _mm512_broadcast_i32x4, _mm512_bslli_epi128,
    _mm512_bsrli_epi128, _mm512_clmulepi64_epi128, _mm512_setzero_si512, _mm512_xor_si512
);

kernels!(
    /// Two at once.
    two, 2, "avx2,vpclmulqdq", __m256i,
    _mm256_loadu_si256, _mm256_storeu_si256, _mm256_broadcastsi128_si256, _mm256_bslli_epi128,
    _mm256_bsrli_epi128, _mm256_clmulepi64_epi128, _mm256_setzero_si256, _mm256_xor_si256
);
