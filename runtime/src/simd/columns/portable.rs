//! The loops of OT extension over the `aes` crate and machine words: what the vector forms must equal.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt};

use zeroize::Zeroize;

use super::ROWS;
use crate::bits::transpose64;
use crate::block::Label;
use crate::mask::Mask;

/// Blocks that are produced by one call into the cipher.
const BATCH: usize = 64;

pub(super) fn counter(cipher: &Aes128, stream: u64, index: u64, out: &mut [Label]) {
    for (i, block) in out.iter_mut().enumerate() {
        let at = u128::from(index.wrapping_add(i as u64));
        *block = Label(u128::from(stream) | at << 64);
    }
    encrypt(cipher, out);
}

pub(super) fn words(cipher: &Aes128, stream: u64, index: u64, out: &mut [[u64; 2]]) {
    let mut buffer = [Label::ZERO; BATCH];
    let mut index = index;
    for out in out.chunks_mut(BATCH) {
        let buffer = &mut buffer[..out.len()];
        counter(cipher, stream, index, buffer);
        for (to, from) in out.iter_mut().zip(buffer.iter()) {
            *to = [from.0 as u64, (from.0 >> 64) as u64];
        }
        index = index.wrapping_add(out.len() as u64);
    }
    buffer.zeroize();
}

pub(super) fn encrypt(cipher: &Aes128, blocks: &mut [Label]) {
    let mut buffer = [Array::default(); BATCH];
    for blocks in blocks.chunks_mut(BATCH) {
        let buffer = &mut buffer[..blocks.len()];
        for (to, from) in buffer.iter_mut().zip(blocks.iter()) {
            *to = Array::from(from.to_bytes());
        }
        cipher.encrypt_blocks(buffer);
        for (to, from) in blocks.iter_mut().zip(buffer) {
            *to = Label::from_bytes((*from).into());
        }
    }
}

pub(super) fn tmmo(cipher: &Aes128, first: u64, x: &mut [Label]) {
    let mut inner = [Label::ZERO; BATCH];
    let mut tweak = first;
    for x in x.chunks_mut(BATCH) {
        let inner = &mut inner[..x.len()];
        encrypt(cipher, x);
        for (to, from) in inner.iter_mut().zip(x.iter()) {
            *to = *from ^ Label(tweak.into());
            tweak = tweak.wrapping_add(1);
        }
        encrypt(cipher, inner);
        for (to, from) in x.iter_mut().zip(inner) {
            *to ^= *from;
        }
    }
}

/// The compiler makes vectors of it for whatever features its caller has.
#[inline(always)]
pub(super) fn fold(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    let mut all = leaves;
    for sum in sums.chunks_exact_mut(n).rev() {
        let (low, high) = all.split_at_mut(all.len() / 2);
        for (low, high) in low.iter_mut().zip(high.iter()) {
            *low ^= *high;
        }
        // The upper half is not needed any more: its sum is left in its first leaf.
        let mut half = high;
        while half.len() > n {
            let (a, b) = half.split_at_mut(half.len() / 2);
            for (a, b) in a.iter_mut().zip(b.iter()) {
                *a ^= *b;
            }
            half = a;
        }
        sum.copy_from_slice(half);
        all = low;
    }
}

/// From blocks side by side to blocks one after the other, or `BACK`.
pub(super) fn transpose<const BACK: bool>(from: &[Label], to: &mut [Label]) {
    let n = from.len() / ROWS;
    let side_by_side = |block: usize, i: usize| i * n + block;
    let in_turn = |block: usize, i: usize| ROWS * block + i;
    to.fill(Label::ZERO);
    for block in 0..n {
        for half in 0..2 {
            for quarter in 0..2 {
                let mut square: [u64; 64] = std::array::from_fn(|i| {
                    let i = 64 * quarter + i;
                    let at = match BACK {
                        true => in_turn(block, i),
                        false => side_by_side(block, i),
                    };
                    (from[at].0 >> (64 * half)) as u64
                });
                transpose64(&mut square);
                for (i, bits) in square.into_iter().enumerate() {
                    let i = 64 * half + i;
                    let at = match BACK {
                        true => side_by_side(block, i),
                        false => in_turn(block, i),
                    };
                    to[at].0 |= u128::from(bits) << (64 * quarter);
                }
            }
        }
    }
}

pub(super) fn colours(labels: &[Label], words: &mut [u64]) {
    for (word, labels) in words.iter_mut().zip(labels.chunks(64)) {
        let bits = labels.iter().enumerate();
        *word = bits.fold(0, |word, (i, label)| word | label.colour() << i);
    }
}

pub(super) fn add_chosen(rows: &mut [Label], what: Label, bits: &[u64]) {
    for (i, row) in rows.iter_mut().enumerate() {
        *row ^= what.select(Mask::at(bits, i));
    }
}

pub(super) fn add_chosen_rows(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    for (i, (row, other)) in rows.iter_mut().zip(others).enumerate() {
        *row ^= other.select(Mask::at(bits, i));
    }
}

/// The compiler makes vectors of it, as above.
#[inline(always)]
pub(super) fn add_masked(to: &mut [Label], what: &[Label], mask: Label) {
    for (to, what) in to.iter_mut().zip(what) {
        to.0 ^= what.0 & mask.0;
    }
}

/// The compiler makes vectors of it, as above.
#[inline(always)]
pub(super) fn weigh_sent(
    first: &[Label],
    second: &[Label],
    factor: u64,
    corrections: &mut [u64],
) -> u64 {
    let mut sum = 0u64;
    let strings = first.iter().zip(second).zip(corrections.iter_mut());
    for (t, ((m0, m1), correction)) in (0u64..64).zip(strings) {
        let (m0, m1) = (m0.0 as u64, m1.0 as u64);
        *correction = m0.wrapping_sub(m1).wrapping_add(factor);
        sum = sum.wrapping_add(m0 << t);
    }
    sum
}

pub(super) fn weigh_received(strings: &[u64], corrections: &[u64], factor: u64) -> u64 {
    let mut sum = 0u64;
    for (t, (m, correction)) in (0u64..64).zip(strings.iter().zip(corrections)) {
        let chosen = Mask::lowest(factor >> t).word() & correction;
        sum = sum.wrapping_add(m.wrapping_add(chosen) << t);
    }
    sum
}
