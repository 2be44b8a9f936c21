//! Half-gates with AES instructions, one block (`aes`) or two (`vaes`) to a vector.
//!
//! A gate is a pair of half gates: left operand with its key, right operand with the next. The two modules give the
//! operations on pairs; one macro writes the kernels over them. Several gates are in flight to hide the latency of a
//! round, as many as fit the registers. Round keys are computed beside the encryption with the last-round instruction
//! as S-box (all columns equal, so that its row shift does nothing).

#![allow(unsafe_code)]

use super::{Gates, Hash, SharedAnd, TABLE_LEN, portable};
use crate::block::Label;

/// AES-128's round constants.
const RCON: [i32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36];

/// Writes `garble`, `zero_labels` and `evaluate` over a module's pair operations, with the number of gates in flight of each.
macro_rules! kernels {
    ($features:literal, $garbled:literal, $evaluated:literal) => {
        /// `AES_{k}(σ(x)) ⊕ σ(x)` of `E` inputs per key, for `L` pairs of keys.
        #[inline]
        #[target_feature(enable = $features)]
        fn hashes<const L: usize, const E: usize>(
            mut k: [Pair; L],
            x: [[Pair; E]; L],
        ) -> [[Pair; E]; L] {
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
        fn keys<const L: usize>(start: Pair, first: u64) -> [Pair; L] {
            std::array::from_fn(|i| {
                let t = first + 2 * i as u64;
                xor(start, pair(Label(t.into()), Label((t + 1).into())))
            })
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn operands<const L: usize>(gates: &Gates<'_>, at: usize) -> [Pair; L] {
            let [fa, fb] = gates.flip;
            let flip = pair(fa, fb);
            let (a, b) = (&gates.a[at..at + L], &gates.b[at..at + L]);
            std::array::from_fn(|i| xor(pair(a[i], b[i]), flip))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_some<const L: usize>(
            start: Pair,
            delta: Pair,
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
                let place = &mut tables[(at + i) * TABLE_LEN..][..TABLE_LEN];
                store(table, place);
                out[at + i] = sum(w);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn zero_labels_some<const L: usize>(
            start: Pair,
            delta: Pair,
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
                out[at + i] = sum(xor(h[i][0], low(both)));
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_some<const L: usize>(
            start: Pair,
            gates: &Gates<'_>,
            at: usize,
            tables: &[u8],
            out: &mut [Label],
        ) {
            let raw = operands::<L>(gates, at);
            let h = hashes::<L, 1>(keys(start, gates.first + 2 * at as u64), raw.map(|r| [r]));
            for i in 0..L {
                let table = load(&tables[(at + i) * TABLE_LEN..][..TABLE_LEN]);
                // H(A) ⊕ s_a T_G ⊕ H(B) ⊕ s_b (T_E ⊕ A).
                let chosen = xor(table, high(swap(raw[i])));
                out[at + i] = sum(xor(h[i][0], and(colour_masks(raw[i]), chosen)));
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
            while at + $garbled <= n {
                garble_some::<$garbled>(start, delta, &gates, at, out, tables);
                at += $garbled;
            }
            while at < n {
                garble_some::<1>(start, delta, &gates, at, out, tables);
                at += 1;
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn zero_labels(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
            let (start, delta) = (pair(hash.start, hash.start), pair(delta, delta));
            let (n, mut at) = (gates.a.len(), 0);
            while at + $evaluated <= n {
                zero_labels_some::<$evaluated>(start, delta, &gates, at, out);
                at += $evaluated;
            }
            while at < n {
                zero_labels_some::<1>(start, delta, &gates, at, out);
                at += 1;
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn evaluate(hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
            let start = pair(hash.start, hash.start);
            let (n, mut at) = (gates.a.len(), 0);
            while at + $evaluated <= n {
                evaluate_some::<$evaluated>(start, &gates, at, tables, out);
                at += $evaluated;
            }
            while at < n {
                evaluate_some::<1>(start, &gates, at, tables, out);
                at += 1;
            }
        }
    };
}

/// Pairs in one vector of 256 bits.
mod vaes {
    use std::arch::x86_64::*;

    use super::{Gates, Hash, Label, RCON, TABLE_LEN};

    type Pair = __m256i;

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn pair(a: Label, b: Label) -> Pair {
        let half = |l: Label| _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64);
        _mm256_set_m128i(half(b), half(a))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn xor(a: Pair, b: Pair) -> Pair {
        _mm256_xor_si256(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn and(a: Pair, b: Pair) -> Pair {
        _mm256_and_si256(a, b)
    }

    /// `(h ⊕ l) ‖ h` of each `h ‖ l`.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn sigma(x: Pair) -> Pair {
        let swapped = _mm256_shuffle_epi32::<0x4e>(x);
        let high = _mm256_and_si256(x, _mm256_set_epi64x(-1, 0, -1, 0));
        _mm256_xor_si256(swapped, high)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn next_key(k: Pair, rcon: i32) -> Pair {
        let rotated = _mm256_shuffle_epi8(k, _mm256_set1_epi32(0x0c0f_0e0d));
        let word = _mm256_aesenclast_epi128(rotated, _mm256_set1_epi32(rcon));
        let k = _mm256_xor_si256(k, _mm256_bslli_epi128::<4>(k));
        let k = _mm256_xor_si256(k, _mm256_bslli_epi128::<8>(k));
        _mm256_xor_si256(k, word)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc(x: Pair, k: Pair) -> Pair {
        _mm256_aesenc_epi128(x, k)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn enc_last(x: Pair, k: Pair) -> Pair {
        _mm256_aesenclast_epi128(x, k)
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn swap(x: Pair) -> Pair {
        _mm256_permute2x128_si256::<1>(x, x)
    }

    /// The left half of one and the right half of another.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn join(left: Pair, right: Pair) -> Pair {
        _mm256_blend_epi32::<0xf0>(left, right)
    }

    /// The left half, and zero.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn low(x: Pair) -> Pair {
        join(x, _mm256_setzero_si256())
    }

    /// Zero, and the right half.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn high(x: Pair) -> Pair {
        join(_mm256_setzero_si256(), x)
    }

    /// All ones in each half whose lowest bit is one.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn colour_masks(x: Pair) -> Pair {
        let lowest = _mm256_shuffle_epi32::<0>(x);
        _mm256_srai_epi32::<31>(_mm256_slli_epi32::<31>(lowest))
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn load(bytes: &[u8]) -> Pair {
        let bytes: &[u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        // SAFETY: 32 bytes may be read at any alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn store(x: Pair, bytes: &mut [u8]) {
        let bytes: &mut [u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        // SAFETY: 32 bytes may be written at any alignment.
        unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), x) }
    }

    /// The sum of the halves.
    #[inline]
    #[target_feature(enable = "avx2,vaes")]
    fn sum(x: Pair) -> Label {
        let s = _mm_xor_si128(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
        let mut out = Label::ZERO;
        // SAFETY: a label is 16 bytes.
        unsafe { _mm_storeu_si128((&raw mut out).cast(), s) };
        out
    }

    kernels!("avx2,vaes", 4, 4);
}

/// Pairs in two vectors of 128 bits.
mod aes {
    use std::arch::x86_64::*;

    use super::{Gates, Hash, Label, RCON, TABLE_LEN};

    type Pair = [__m128i; 2];

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn pair(a: Label, b: Label) -> Pair {
        [a, b].map(|l| _mm_set_epi64x((l.0 >> 64) as i64, l.0 as i64))
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn xor(a: Pair, b: Pair) -> Pair {
        [_mm_xor_si128(a[0], b[0]), _mm_xor_si128(a[1], b[1])]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn and(a: Pair, b: Pair) -> Pair {
        [_mm_and_si128(a[0], b[0]), _mm_and_si128(a[1], b[1])]
    }

    /// `(h ⊕ l) ‖ h` of each `h ‖ l`.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn sigma(x: Pair) -> Pair {
        x.map(|x| {
            let swapped = _mm_shuffle_epi32::<0x4e>(x);
            _mm_xor_si128(swapped, _mm_and_si128(x, _mm_set_epi64x(-1, 0)))
        })
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn next_key(k: Pair, rcon: i32) -> Pair {
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
    fn enc(x: Pair, k: Pair) -> Pair {
        [_mm_aesenc_si128(x[0], k[0]), _mm_aesenc_si128(x[1], k[1])]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn enc_last(x: Pair, k: Pair) -> Pair {
        [
            _mm_aesenclast_si128(x[0], k[0]),
            _mm_aesenclast_si128(x[1], k[1]),
        ]
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn swap(x: Pair) -> Pair {
        [x[1], x[0]]
    }

    /// The left half of one and the right half of another.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn join(left: Pair, right: Pair) -> Pair {
        [left[0], right[1]]
    }

    /// The left half, and zero.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn low(x: Pair) -> Pair {
        [x[0], _mm_setzero_si128()]
    }

    /// Zero, and the right half.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn high(x: Pair) -> Pair {
        [_mm_setzero_si128(), x[1]]
    }

    /// All ones in each half whose lowest bit is one.
    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn colour_masks(x: Pair) -> Pair {
        x.map(|x| {
            let lowest = _mm_shuffle_epi32::<0>(x);
            _mm_srai_epi32::<31>(_mm_slli_epi32::<31>(lowest))
        })
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn load(bytes: &[u8]) -> Pair {
        let bytes: &[u8; TABLE_LEN] = bytes.try_into().expect("a table is 32 bytes");
        let at = bytes.as_ptr().cast::<__m128i>();
        // SAFETY: 32 bytes may be read at any alignment.
        unsafe { [_mm_loadu_si128(at), _mm_loadu_si128(at.add(1))] }
    }

    #[inline]
    #[target_feature(enable = "aes,sse4.1,ssse3")]
    fn store(x: Pair, bytes: &mut [u8]) {
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
    fn sum(x: Pair) -> Label {
        let mut out = Label::ZERO;
        // SAFETY: a label is 16 bytes.
        unsafe { _mm_storeu_si128((&raw mut out).cast(), _mm_xor_si128(x[0], x[1])) };
        out
    }

    kernels!("aes,sse4.1,ssse3", 2, 4);
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

pub(super) fn shared_and_avx2(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
    #[target_feature(enable = "avx2")]
    fn wide(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
        portable::shared_and(and, minus, z);
    }
    // SAFETY: only called where `best` has seen AVX2; the code inside is safe.
    unsafe { wide(and, minus, z) }
}

pub(super) fn xor_avx2(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
    #[target_feature(enable = "avx2")]
    fn wide(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
        portable::xor(a, b, flip, out);
    }
    // SAFETY: as above.
    unsafe { wide(a, b, flip, out) }
}
