//! Commitments to labels: one call of AES each, under a key that is used for one number alone, and the label added.
//!
//! Keys differ from label to label, so that round keys are computed beside the encryption: for sixteen labels at once where there are vectors
//! of four blocks, else by the `aes` crate.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use super::{Form, best};
use crate::block::Label;

/// `AES_{S ⊕ t}(x) ⊕ x` of each label `x`, with consecutive numbers `t` from `first` on. Up to the shorter slice.
pub(crate) fn commit(start: Label, first: u64, labels: &[Label], out: &mut [Label]) {
    commit_as(best(), start, first, labels, out);
}

fn commit_as(form: Form, start: Label, first: u64, labels: &[Label], out: &mut [Label]) {
    let n = labels.len().min(out.len());
    let (labels, out) = (&labels[..n], &mut out[..n]);
    match form {
        Form::Portable => portable(start, first, labels, out),
        #[cfg(target_arch = "x86_64")]
        Form::Aes | Form::Vaes => portable(start, first, labels, out),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::commit(start, first, labels, out),
    }
}

fn portable(start: Label, first: u64, labels: &[Label], out: &mut [Label]) {
    for ((t, label), out) in (first..).zip(labels).zip(out) {
        let key = start.0 ^ u128::from(t);
        let mut block = Array::from(label.to_bytes());
        Aes128::new(&Array::from(key.to_le_bytes())).encrypt_block(&mut block);
        *out = Label::from_bytes(block.into()) ^ *label;
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86_64 {
    use std::arch::x86_64::*;

    use super::{Label, portable};

    /// Labels of a vector, and vectors in flight.
    const LABELS: usize = 4;
    const VECTORS: usize = 4;

    pub(super) fn commit(start: Label, first: u64, labels: &[Label], out: &mut [Label]) {
        // SAFETY: `best` returns this form only on CPUs with the features.
        unsafe { vectors(start, first, labels, out) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(labels: &[Label; LABELS]) -> __m512i {
        // SAFETY: four labels are 64 bytes, which may be read at any alignment.
        unsafe { _mm512_loadu_si512(labels.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(x: __m512i, labels: &mut [Label; LABELS]) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(labels.as_mut_ptr().cast(), x) }
    }

    /// The next round keys, with the last round's instruction as S-box: all columns are equal, so that its row shift does nothing.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn next_key<const RCON: i32>(k: __m512i) -> __m512i {
        let rotated = _mm512_shuffle_epi8(k, _mm512_set1_epi32(0x0c0f_0e0d));
        let word = _mm512_aesenclast_epi128(rotated, _mm512_set1_epi32(RCON));
        let k = _mm512_xor_si512(k, _mm512_bslli_epi128::<4>(k));
        let k = _mm512_xor_si512(k, _mm512_bslli_epi128::<8>(k));
        _mm512_xor_si512(k, word)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn round<const RCON: i32>(keys: &mut [__m512i; VECTORS], states: &mut [__m512i; VECTORS]) {
        for (key, state) in keys.iter_mut().zip(states) {
            *key = next_key::<RCON>(*key);
            *state = _mm512_aesenc_epi128(*state, *key);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn vectors(start: Label, first: u64, labels: &[Label], out: &mut [Label]) {
        let start_key = load(&[start; LABELS]);
        let (somes, rest) = labels.as_chunks::<{ LABELS * VECTORS }>();
        let (outs, out_rest) = out.as_chunks_mut::<{ LABELS * VECTORS }>();
        let mut number = first;
        for (some, out) in somes.iter().zip(outs) {
            let some = some.as_chunks::<LABELS>().0;
            let mut keys = [start_key; VECTORS];
            let mut states = keys;
            for (i, (key, state)) in keys.iter_mut().zip(&mut states).enumerate() {
                let t = number.wrapping_add((LABELS * i) as u64) as i64;
                let next = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
                let numbers = _mm512_maskz_add_epi64(0x55, _mm512_set1_epi64(t), next);
                *key = _mm512_xor_si512(*key, numbers);
                *state = _mm512_xor_si512(load(&some[i]), *key);
            }
            round::<1>(&mut keys, &mut states);
            round::<2>(&mut keys, &mut states);
            round::<4>(&mut keys, &mut states);
            round::<8>(&mut keys, &mut states);
            round::<16>(&mut keys, &mut states);
            round::<32>(&mut keys, &mut states);
            round::<64>(&mut keys, &mut states);
            round::<128>(&mut keys, &mut states);
            round::<0x1b>(&mut keys, &mut states);
            let out = out.as_chunks_mut::<LABELS>().0;
            for (i, out) in out.iter_mut().enumerate() {
                let last = next_key::<0x36>(keys[i]);
                let sealed = _mm512_aesenclast_epi128(states[i], last);
                store(_mm512_xor_si512(sealed, load(&some[i])), out);
            }
            number = number.wrapping_add((LABELS * VECTORS) as u64);
        }
        portable(start, number, rest, out_rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prg::{Prg, PrgKey};
    use crate::simd::forms;

    /// FIPS-197, appendix C.1.
    #[test]
    fn a_commitment_is_a_call_of_aes() {
        let key = Label::from_bytes(std::array::from_fn(|i| i as u8));
        let plain = Label::from_bytes(std::array::from_fn(|i| (i * 0x11) as u8));
        let sealed = 0x69c4e0d8_6a7b0430_d8cdb780_70b4c55a_u128.to_be_bytes();
        for form in forms() {
            let mut out = [Label::ZERO; 17];
            commit_as(form, key, 0, &[plain; 17], &mut out);
            assert!(out[0] == Label::from_bytes(sealed) ^ plain, "{form:?}");
            // Another number is another key.
            for t in 1..17u64 {
                let mut one = [Label::ZERO];
                commit_as(form, Label(key.0 ^ u128::from(t)), 0, &[plain], &mut one);
                assert!(out[t as usize] == one[0], "{form:?}, {t}");
            }
        }
    }

    #[test]
    fn all_forms_agree() {
        let prg = Prg::new(&PrgKey::from_bytes([3; 16]));
        for n in [0, 1, 15, 16, 17, 33, 100] {
            let mut labels = vec![Label::ZERO; n];
            prg.fill_labels(n as u64, 0, &mut labels);
            let start = Label(0x0123_4567_89ab_cdef << 60 | 5);
            let mut expected = vec![Label::ZERO; n];
            portable(start, (1 << 40) - 3, &labels, &mut expected);
            for form in forms() {
                let mut out = vec![Label::ZERO; n];
                commit_as(form, start, (1 << 40) - 3, &labels, &mut out);
                assert!(out == expected, "{form:?}, {n}");
            }
        }
    }
}
