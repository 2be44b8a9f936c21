//! Half-gates with AES instructions, one block (`aes`), two (`vaes`) or four (`wide`) to a vector.
//!
//! A gate is a pair of half gates: left operand with its key, right operand with the next. The modules give the operations on
//! vectors of `N` pairs; one macro writes the kernels over them. Several vectors are in flight to hide the latency of a
//! round, as many as fit the registers, and fewer for the last gates. Round keys are computed beside the encryption with the
//! last-round instruction as S-box (all columns equal, so that its row shift does nothing).

#![allow(unsafe_code)]

use super::{Gates, Hash, SharedAnd, TABLE_LEN, portable};
use crate::block::Label;

/// AES-128's round constants.
const RCON: [i32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36];

/// Writes `garble`, `zero_labels` and `evaluate` over a module's operations on vectors, with the numbers of vectors in flight of each,
/// the largest first and one last. What is left where the gates do not fill a vector is not done.
macro_rules! kernels {
    ($features:literal, [$($garbled:literal),*], [$($evaluated:literal),*]) => {
        /// `AES_{k}(σ(x)) ⊕ σ(x)` of `E` inputs per key, for `L` vectors of keys.
        #[inline]
        #[target_feature(enable = $features)]
        fn hashes<const L: usize, const E: usize>(
            mut k: [Pairs; L],
            x: [[Pairs; E]; L],
        ) -> [[Pairs; E]; L] {
            let x = x.map(|x| x.map(|x| sigma(x)));
            let mut y = x;
            for i in 0..L {
                for e in 0..E {
                    y[i][e] = xor(y[i][e], k[i]);
                }
            }
            for r in 0..9 {
                for i in 0..L {
                    k[i] = next_key(k[i], RCON[r]);
                    for e in 0..E {
                        y[i][e] = enc(y[i][e], k[i]);
                    }
                }
            }
            for i in 0..L {
                k[i] = next_key(k[i], RCON[9]);
                for e in 0..E {
                    y[i][e] = xor(enc_last(y[i][e], k[i]), x[i][e]);
                }
            }
            y
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn keys<const L: usize>(start: Pairs, first: u64) -> [Pairs; L] {
            std::array::from_fn(|i| xor(start, tweaks(first + (2 * N * i) as u64)))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn operands<const L: usize>(gates: &Gates<'_>, at: usize) -> [Pairs; L] {
            let [fa, fb] = gates.flip;
            let flip = pair(fa, fb);
            let (a, b) = (&gates.a[at..at + N * L], &gates.b[at..at + N * L]);
            std::array::from_fn(|i| xor(pairs(&a[N * i..][..N], &b[N * i..][..N]), flip))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_some<const L: usize>(
            start: Pairs,
            delta: Pairs,
            gates: &Gates<'_>,
            at: usize,
            out: &mut [Label],
            tables: &mut [u8],
        ) {
            let raw = operands::<L>(gates, at);
            let x = raw.map(|r| [r, xor(r, delta)]);
            let h = hashes::<L, 2>(keys(start, gates.first + 2 * at as u64), x);
            for i in 0..L {
                let (colours, swapped) = (colour_masks(raw[i]), swap(raw[i]));
                let both = xor(h[i][0], h[i][1]);
                // T_G = H(A) ⊕ H(A ⊕ Δ) ⊕ p_b Δ and T_E = H(B) ⊕ H(B ⊕ Δ) ⊕ A.
                let table = xor(both, join(and(swap(colours), delta), swapped));
                // W_G = H(A) ⊕ p_a T_G and W_E = H(B) ⊕ p_b (T_E ⊕ A).
                let w = xor(h[i][0], and(colours, join(table, both)));
                let at = at + N * i;
                store(table, &mut tables[at * TABLE_LEN..][..N * TABLE_LEN]);
                sums(w, &mut out[at..at + N]);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn zero_labels_some<const L: usize>(
            start: Pairs,
            delta: Pairs,
            gates: &Gates<'_>,
            at: usize,
            out: &mut [Label],
        ) {
            let raw = operands::<L>(gates, at);
            let colours = raw.map(|r| colour_masks(r));
            let x = std::array::from_fn(|i| [xor(raw[i], and(colours[i], delta))]);
            let h = hashes::<L, 1>(keys(start, gates.first + 2 * at as u64), x);
            for i in 0..L {
                let both = and(and(colours[i], swap(colours[i])), delta);
                sums(xor(h[i][0], low(both)), &mut out[at + N * i..][..N]);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_some<const L: usize>(
            start: Pairs,
            gates: &Gates<'_>,
            at: usize,
            tables: &[u8],
            out: &mut [Label],
        ) {
            let raw = operands::<L>(gates, at);
            let h = hashes::<L, 1>(keys(start, gates.first + 2 * at as u64), raw.map(|r| [r]));
            for i in 0..L {
                let at = at + N * i;
                let table = load(&tables[at * TABLE_LEN..][..N * TABLE_LEN]);
                // H(A) ⊕ s_a T_G ⊕ H(B) ⊕ s_b (T_E ⊕ A).
                let chosen = xor(table, high(swap(raw[i])));
                let w = xor(h[i][0], and(colour_masks(raw[i]), chosen));
                sums(w, &mut out[at..at + N]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn garble(
            hash: Hash,
            delta: Label,
            gates: Gates<'_>,
            out: &mut [Label],
            tables: &mut [u8],
        ) {
            let (start, delta) = (pair(hash.start, hash.start), pair(delta, delta));
            let (n, mut at) = (gates.a.len(), 0);
            $(while at + N * $garbled <= n {
                garble_some::<$garbled>(start, delta, &gates, at, out, tables);
                at += N * $garbled;
            })*
        }

        #[target_feature(enable = $features)]
        pub(super) fn zero_labels(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
            let (start, delta) = (pair(hash.start, hash.start), pair(delta, delta));
            let (n, mut at) = (gates.a.len(), 0);
            $(while at + N * $evaluated <= n {
                zero_labels_some::<$evaluated>(start, delta, &gates, at, out);
                at += N * $evaluated;
            })*
        }

        #[target_feature(enable = $features)]
        pub(super) fn evaluate(hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
            let start = pair(hash.start, hash.start);
            let (n, mut at) = (gates.a.len(), 0);
            $(while at + N * $evaluated <= n {
                evaluate_some::<$evaluated>(start, &gates, at, tables, out);
                at += N * $evaluated;
            })*
        }
    };
}

mod wide;

/// A pair in one vector of 256 bits.
mod vaes {
    use std::arch::x86_64::*;

    use super::{Gates, Hash, Label, RCON, TABLE_LEN};

    type Pairs = __m256i;
    const N: usize = 1;

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn pair(a: Label, b: Label) -> Pairs {
        let half = |l: Label| _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64);
        _mm256_set_m128i(half(b), half(a))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn pairs(a: &[Label], b: &[Label]) -> Pairs {
        pair(a[0], b[0])
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn tweaks(t: u64) -> Pairs {
        pair(Label(t.into()), Label((t + 1).into()))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn xor(a: Pairs, b: Pairs) -> Pairs {
        _mm256_xor_si256(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn and(a: Pairs, b: Pairs) -> Pairs {
        _mm256_and_si256(a, b)
    }

    /// `(h ⊕ l) ‖ h` of each `h ‖ l`.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn sigma(x: Pairs) -> Pairs {
        let swapped = _mm256_shuffle_epi32::<0x4e>(x);
        let high = _mm256_and_si256(x, _mm256_set_epi64x(-1, 0, -1, 0));
        _mm256_xor_si256(swapped, high)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn next_key(k: Pairs, rcon: i32) -> Pairs {
        let rotated = _mm256_shuffle_epi8(k, _mm256_set1_epi32(0x0c0f_0e0d));
        let word = _mm256_aesenclast_epi128(rotated, _mm256_set1_epi32(rcon));
        let k = _mm256_xor_si256(k, _mm256_bslli_epi128::<4>(k));
        let k = _mm256_xor_si256(k, _mm256_bslli_epi128::<8>(k));
        _mm256_xor_si256(k, word)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc(x: Pairs, k: Pairs) -> Pairs {
        _mm256_aesenc_epi128(x, k)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc_last(x: Pairs, k: Pairs) -> Pairs {
        _mm256_aesenclast_epi128(x, k)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn swap(x: Pairs) -> Pairs {
        _mm256_permute2x128_si256::<1>(x, x)
    }

    /// The left half of one and the right half of another.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn join(left: Pairs, right: Pairs) -> Pairs {
        _mm256_blend_epi32::<0xf0>(left, right)
    }

    /// The left half, and zero.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn low(x: Pairs) -> Pairs {
        join(x, _mm256_setzero_si256())
    }

    /// Zero, and the right half.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn high(x: Pairs) -> Pairs {
        join(_mm256_setzero_si256(), x)
    }

    /// All ones in each half whose lowest bit is one.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn colour_masks(x: Pairs) -> Pairs {
        let lowest = _mm256_shuffle_epi32::<0>(x);
        _mm256_srai_epi32::<31>(_mm256_slli_epi32::<31>(lowest))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn load(bytes: &[u8]) -> Pairs {
        let bytes: &[u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        // SAFETY: 32 bytes may be read at any alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn store(x: Pairs, bytes: &mut [u8]) {
        let bytes: &mut [u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        // SAFETY: 32 bytes may be written at any alignment.
        unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), x) }
    }

    /// The sum of the halves.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn sums(x: Pairs, out: &mut [Label]) {
        let s = _mm_xor_si128(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
        // SAFETY: a label is 16 bytes.
        unsafe { _mm_storeu_si128((&raw mut out[0]).cast(), s) };
    }

    kernels!("avx2,vaes", [4, 1], [4, 1]);
}

/// A pair in two vectors of 128 bits.
mod aes {
    use std::arch::x86_64::*;

    use super::{Gates, Hash, Label, RCON, TABLE_LEN};

    type Pairs = [__m128i; 2];
    const N: usize = 1;

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn pair(a: Label, b: Label) -> Pairs {
        [a, b].map(|l| _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64))
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn pairs(a: &[Label], b: &[Label]) -> Pairs {
        pair(a[0], b[0])
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn tweaks(t: u64) -> Pairs {
        pair(Label(t.into()), Label((t + 1).into()))
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn xor(a: Pairs, b: Pairs) -> Pairs {
        [_mm_xor_si128(a[0], b[0]), _mm_xor_si128(a[1], b[1])]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn and(a: Pairs, b: Pairs) -> Pairs {
        [_mm_and_si128(a[0], b[0]), _mm_and_si128(a[1], b[1])]
    }

    /// `(h ⊕ l) ‖ h` of each `h ‖ l`.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn sigma(x: Pairs) -> Pairs {
        x.map(|x| {
            let swapped = _mm_shuffle_epi32::<0x4e>(x);
            _mm_xor_si128(swapped, _mm_and_si128(x, _mm_set_epi64x(-1, 0)))
        })
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn next_key(k: Pairs, rcon: i32) -> Pairs {
        k.map(|k| {
            let rotated = _mm_shuffle_epi8(k, _mm_set1_epi32(0x0c0f_0e0d));
            let word = _mm_aesenclast_si128(rotated, _mm_set1_epi32(rcon));
            let k = _mm_xor_si128(k, _mm_bslli_si128::<4>(k));
            let k = _mm_xor_si128(k, _mm_bslli_si128::<8>(k));
            _mm_xor_si128(k, word)
        })
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn enc(x: Pairs, k: Pairs) -> Pairs {
        [_mm_aesenc_si128(x[0], k[0]), _mm_aesenc_si128(x[1], k[1])]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn enc_last(x: Pairs, k: Pairs) -> Pairs {
        [
            _mm_aesenclast_si128(x[0], k[0]),
            _mm_aesenclast_si128(x[1], k[1]),
        ]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn swap(x: Pairs) -> Pairs {
        [x[1], x[0]]
    }

    /// The left half of one and the right half of another.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn join(left: Pairs, right: Pairs) -> Pairs {
        [left[0], right[1]]
    }

    /// The left half, and zero.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn low(x: Pairs) -> Pairs {
        [x[0], _mm_setzero_si128()]
    }

    /// Zero, and the right half.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn high(x: Pairs) -> Pairs {
        [_mm_setzero_si128(), x[1]]
    }

    /// All ones in each half whose lowest bit is one.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn colour_masks(x: Pairs) -> Pairs {
        x.map(|x| {
            let lowest = _mm_shuffle_epi32::<0>(x);
            _mm_srai_epi32::<31>(_mm_slli_epi32::<31>(lowest))
        })
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn load(bytes: &[u8]) -> Pairs {
        let bytes: &[u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        let at = bytes.as_ptr().cast::<__m128i>();
        // SAFETY: 32 bytes may be read at any alignment.
        unsafe { [_mm_loadu_si128(at), _mm_loadu_si128(at.add(1))] }
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn store(x: Pairs, bytes: &mut [u8]) {
        let bytes: &mut [u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        let at = bytes.as_mut_ptr().cast::<__m128i>();
        // SAFETY: 32 bytes may be written at any alignment.
        unsafe {
            _mm_storeu_si128(at, x[0]);
            _mm_storeu_si128(at.add(1), x[1]);
        }
    }

    /// The sum of the halves.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn sums(x: Pairs, out: &mut [Label]) {
        // SAFETY: a label is 16 bytes.
        unsafe { _mm_storeu_si128((&raw mut out[0]).cast(), _mm_xor_si128(x[0], x[1])) };
    }

    kernels!("aes,sse4.1,ssse3", [2, 1], [4, 1]);
}

/// Gives the safe functions that the dispatcher calls after it has seen the CPU's features.
macro_rules! entries {
    ($module:ident, $garble:ident, $zero_labels:ident, $evaluate:ident) => {
        pub(super) fn $garble(
            hash: Hash,
            delta: Label,
            gates: Gates<'_>,
            out: &mut [Label],
            tables: &mut [u8],
        ) {
            // SAFETY: `best` returns this form only on CPUs with the features; slices are indexed with checks.
            unsafe { $module::garble(hash, delta, gates, out, tables) }
        }

        pub(super) fn $zero_labels(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
            // SAFETY: as above.
            unsafe { $module::zero_labels(hash, delta, gates, out) }
        }

        pub(super) fn $evaluate(hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
            // SAFETY: as above.
            unsafe { $module::evaluate(hash, gates, tables, out) }
        }
    };
}

entries!(aes, garble_aes, zero_labels_aes, evaluate_aes);
entries!(vaes, garble_vaes, zero_labels_vaes, evaluate_vaes);
entries!(wide, garble_wide, zero_labels_wide, evaluate_wide);

/// Writes `shared_and`, `pair_and` and `xor` for vectors of one width: the compiler makes them of the portable code.
macro_rules! bit_sliced {
    ($features:literal, $shared_and:ident, $pair_and:ident, $xor:ident) => {
        pub(super) fn $shared_and(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
            #[target_feature(enable = $features)]
            fn vectors(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
                portable::shared_and(and, minus, z);
            }
            // SAFETY: only called where `best` has seen the features; the code inside is safe.
            unsafe { vectors(and, minus, z) }
        }

        pub(super) fn $pair_and(
            and: SharedAnd<'_>,
            drawn: &[u64],
            rest: &mut [u64],
            z: [&mut [u64]; 2],
        ) {
            #[target_feature(enable = $features)]
            fn vectors(and: SharedAnd<'_>, drawn: &[u64], rest: &mut [u64], z: [&mut [u64]; 2]) {
                portable::pair_and(and, drawn, rest, z);
            }
            // SAFETY: as above.
            unsafe { vectors(and, drawn, rest, z) }
        }

        pub(super) fn $xor(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
            #[target_feature(enable = $features)]
            fn vectors(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
                portable::xor(a, b, flip, out);
            }
            // SAFETY: as above.
            unsafe { vectors(a, b, flip, out) }
        }
    };
}

bit_sliced!("avx2", shared_and_avx2, pair_and_avx2, xor_avx2);
bit_sliced!("avx512f", shared_and_avx512, pair_and_avx512, xor_avx512);
