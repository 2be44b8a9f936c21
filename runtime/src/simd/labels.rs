//! Sums of labels, lane by lane: what is free in a garbled circuit, apart from its way through memory.
//!
//! Labels are moved in whole vectors because the kernels load them so: a load that takes more than one store has written waits until
//! all stores before it have left for the cache.

use super::{Form, best};
use crate::block::Label;

/// `out ← a ⊕ b ⊕ flip`, label by label up to the shortest slice.
pub fn xor_labels(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
    xor_labels_as(best(), a, b, flip, out);
}

fn xor_labels_as(form: Form, a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
    let n = out.len().min(a.len()).min(b.len());
    let (a, b, out) = (&a[..n], &b[..n], &mut out[..n]);
    match form {
        Form::Portable => portable(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => portable(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::xor_avx2(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::xor_avx512(a, b, flip, out),
    }
}

/// Of labels at three places: the last becomes the sum of the first two and `flip`. In one vector each, which the kernels' loads and stores
/// are as well: what is stored in halves cannot be loaded as a whole before it has left for the cache.
///
/// # Panics
/// If there is no such place.
#[inline(always)]
pub fn xor_at(labels: &mut [Label], [a, b, out]: [usize; 3], flip: &Label) {
    #[cfg(target_arch = "x86_64")]
    x86_64::xor_at(labels, [a, b, out], flip);
    #[cfg(not(target_arch = "x86_64"))]
    {
        labels[out] = labels[a] ^ labels[b] ^ *flip;
    }
}

/// `into ← into ⊕ labels`, up to the shorter slice.
pub fn add_labels(into: &mut [Label], labels: &[Label]) {
    add_labels_as(best(), into, labels);
}

fn add_labels_as(form: Form, into: &mut [Label], labels: &[Label]) {
    let n = into.len().min(labels.len());
    let (into, labels) = (&mut into[..n], &labels[..n]);
    match form {
        Form::Portable => portable_add(into, labels),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => portable_add(into, labels),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::add_avx2(into, labels),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::add_avx512(into, labels),
    }
}

fn portable(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
    for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
        *out = a ^ b ^ flip;
    }
}

fn portable_add(into: &mut [Label], labels: &[Label]) {
    for (into, &label) in into.iter_mut().zip(labels) {
        *into ^= label;
    }
}

/// The same in vectors. Slices are of one length.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86_64 {
    use std::arch::x86_64::*;

    use super::{Label, portable, portable_add};

    /// Labels of a vector of 512 bits.
    const FOUR: usize = 4;
    /// Labels of a vector of 256 bits.
    const TWO: usize = 2;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn flips(flip: Label) -> __m256i {
        let one = _mm_set_epi64x((flip.0 >> 64) as i64, flip.0 as i64);
        _mm256_set_m128i(one, one)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load_two(labels: &[Label; TWO]) -> __m256i {
        // SAFETY: two labels are 32 bytes, which may be read at any alignment.
        unsafe { _mm256_loadu_si256(labels.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store_two(x: __m256i, labels: &mut [Label; TWO]) {
        // SAFETY: two labels are 32 bytes, which may be written at any alignment.
        unsafe { _mm256_storeu_si256(labels.as_mut_ptr().cast(), x) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_four(labels: &[Label; FOUR]) -> __m512i {
        // SAFETY: four labels are 64 bytes, which may be read at any alignment.
        unsafe { _mm512_loadu_si512(labels.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store_four(x: __m512i, labels: &mut [Label; FOUR]) {
        // SAFETY: four labels are 64 bytes, which may be written at any alignment.
        unsafe { _mm512_storeu_si512(labels.as_mut_ptr().cast(), x) }
    }

    #[target_feature(enable = "avx2")]
    fn xor_two(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
        let flips = flips(flip);
        let (a, last_a) = a.as_chunks::<TWO>();
        let (b, last_b) = b.as_chunks::<TWO>();
        let (out, last) = out.as_chunks_mut::<TWO>();
        for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
            let sum = _mm256_xor_si256(load_two(a), load_two(b));
            store_two(_mm256_xor_si256(sum, flips), out);
        }
        portable(last_a, last_b, flip, last);
    }

    #[target_feature(enable = "avx512f")]
    fn xor_four(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
        let flips = _mm512_broadcast_i64x4(flips(flip));
        let (a, last_a) = a.as_chunks::<FOUR>();
        let (b, last_b) = b.as_chunks::<FOUR>();
        let (out, last) = out.as_chunks_mut::<FOUR>();
        for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
            let sum = _mm512_xor_si512(load_four(a), load_four(b));
            store_four(_mm512_xor_si512(sum, flips), out);
        }
        xor_two(last_a, last_b, flip, last);
    }

    #[target_feature(enable = "avx2")]
    fn add_two(into: &mut [Label], labels: &[Label]) {
        let (labels, last) = labels.as_chunks::<TWO>();
        let (into, last_into) = into.as_chunks_mut::<TWO>();
        for (into, label) in into.iter_mut().zip(labels) {
            store_two(_mm256_xor_si256(load_two(into), load_two(label)), into);
        }
        portable_add(last_into, last);
    }

    #[target_feature(enable = "avx512f")]
    fn add_four(into: &mut [Label], labels: &[Label]) {
        let (labels, last) = labels.as_chunks::<FOUR>();
        let (into, last_into) = into.as_chunks_mut::<FOUR>();
        for (into, label) in into.iter_mut().zip(labels) {
            store_four(_mm512_xor_si512(load_four(into), load_four(label)), into);
        }
        add_two(last_into, last);
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn xor_one(labels: &mut [Label], [a, b, out]: [usize; 3], flip: &Label) {
        // SAFETY: a label is 16 bytes, which may be read at any alignment.
        let [a, b, flip] = [&labels[a], &labels[b], flip]
            .map(|l| unsafe { _mm_loadu_si128((&raw const *l).cast()) });
        let sum = _mm_xor_si128(_mm_xor_si128(a, b), flip);
        // SAFETY: a label is 16 bytes, which may be written at any alignment.
        unsafe { _mm_storeu_si128((&raw mut labels[out]).cast(), sum) };
    }

    #[inline(always)]
    pub(super) fn xor_at(labels: &mut [Label], at: [usize; 3], flip: &Label) {
        // SAFETY: every processor of this architecture has these vectors.
        unsafe { xor_one(labels, at, flip) }
    }

    pub(super) fn xor_avx2(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
        // SAFETY: `best` returns this form only on CPUs with the features.
        unsafe { xor_two(a, b, flip, out) }
    }

    pub(super) fn xor_avx512(a: &[Label], b: &[Label], flip: Label, out: &mut [Label]) {
        // SAFETY: as above.
        unsafe { xor_four(a, b, flip, out) }
    }

    pub(super) fn add_avx2(into: &mut [Label], labels: &[Label]) {
        // SAFETY: as above.
        unsafe { add_two(into, labels) }
    }

    pub(super) fn add_avx512(into: &mut [Label], labels: &[Label]) {
        // SAFETY: as above.
        unsafe { add_four(into, labels) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prg::{Prg, PrgKey};
    use crate::simd::forms;

    #[test]
    fn places_are_added_up_whichever_they_are() {
        let before = [1u128, 2, 4].map(|i| Label((i << 64) | (8 * i)));
        for place in 0..27 {
            let [a, b, out] = [place / 9, place / 3 % 3, place % 3];
            let (mut labels, flip) = (before, Label(3 << 100));
            xor_at(&mut labels, [a, b, out], &flip);
            for i in 0..3 {
                let sum = before[a] ^ before[b] ^ flip;
                assert!(labels[i] == if i == out { sum } else { before[i] });
            }
        }
    }

    #[test]
    fn all_forms_agree() {
        let prg = Prg::new(&PrgKey::from_bytes([3; 16]));
        let labels = |stream: u64, n: usize| -> Vec<Label> {
            let blocks = (0..n as u64).map(|i| prg.block(stream, i));
            blocks.map(Label::from_bytes).collect()
        };
        let flip = labels(9, 1)[0];
        for n in [0usize, 1, 2, 3, 4, 5, 7, 8, 15, 80, 81, 83] {
            // Longer slices than are asked for stay as they are.
            let (a, b, before) = (labels(1, n), labels(2, n + 1), labels(3, n + 2));
            let sum = |i: usize| a[i] ^ b[i] ^ flip;
            for form in forms() {
                let mut out = before.clone();
                xor_labels_as(form, &a, &b, flip, &mut out);
                assert!((0..n).all(|i| out[i] == sum(i)), "{form:?}, {n}");
                assert!(out[n..] == before[n..], "{form:?}, {n}");
                let mut into = before.clone();
                add_labels_as(form, &mut into, &a);
                assert!((0..n).all(|i| into[i] == before[i] ^ a[i]), "{form:?}, {n}");
                assert!(into[n..] == before[n..], "{form:?}, {n}");
            }
        }
    }
}
