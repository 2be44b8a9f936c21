//! The inner loops of OT extension: generator output of many keys, sums over leaves, the transposition of bits, and hashing.
//!
//! The forms are those of [`super`]; the portable one, over the `aes` crate, says what the others must give.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use crate::bits::transpose64;
use crate::block::Label;

/// Rows of a block of columns: the bits of a label.
pub const ROWS: usize = 128;

/// AES-128 under one key, expanded for many blocks. The key schedule is wiped when dropped.
pub struct Cipher {
    portable: Aes128,
}

impl Cipher {
    /// The cipher of a key.
    pub fn new(key: &[u8; 16]) -> Self {
        Self {
            portable: Aes128::new(&Array::from(*key)),
        }
    }

    /// Blocks `index`, `index + 1`, … of `stream`: the encryptions of `stream ‖ index`, both little-endian 64 bit, as
    /// [`crate::prg::Prg`] has them.
    pub fn counter(&self, stream: u64, index: u64, out: &mut [Label]) {
        for (i, block) in out.iter_mut().enumerate() {
            let at = u128::from(index.wrapping_add(i as u64));
            *block = Label(u128::from(stream) | at << 64);
        }
        self.encrypt(out);
    }

    fn encrypt(&self, blocks: &mut [Label]) {
        let mut buffer = [Array::default(); 64];
        for blocks in blocks.chunks_mut(buffer.len()) {
            let buffer = &mut buffer[..blocks.len()];
            for (to, from) in buffer.iter_mut().zip(blocks.iter()) {
                *to = Array::from(from.to_bytes());
            }
            self.portable.encrypt_blocks(buffer);
            for (to, from) in blocks.iter_mut().zip(buffer) {
                *to = Label::from_bytes((*from).into());
            }
        }
    }

    /// Hashes `x[i]` with the tweak `first + i`, in place: `π(π(x) ⊕ t) ⊕ π(x)` with this cipher as π (Guo, Katz, Wang, Yu,
    /// "Efficient and secure multiparty computation from fixed-key block ciphers", S&P 2020, section 7.4: TMMO, which is tweakable
    /// circular correlation robust).
    pub fn tmmo(&self, first: u64, x: &mut [Label]) {
        let mut inner = [Label::ZERO; 64];
        for (c, x) in x.chunks_mut(inner.len()).enumerate() {
            let inner = &mut inner[..x.len()];
            self.encrypt(x);
            let start = first + (c * 64) as u64;
            for (i, (to, from)) in inner.iter_mut().zip(x.iter()).enumerate() {
                *to = *from ^ Label((start + i as u64).into());
            }
            self.encrypt(inner);
            for (to, from) in x.iter_mut().zip(inner) {
                *to ^= *from;
            }
        }
    }
}

/// Sums over the leaves of a tree, `n` blocks each: `sums[j]`, `n` blocks too, becomes the sum of the leaves whose number has bit `j`,
/// and the first leaf the sum of all; the others are destroyed.
///
/// # Panics
/// If there are not 2^k leaves for k sums.
pub fn fold(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    assert_eq!(leaves.len(), n << (sums.len() / n), "leaves and sums");
    let mut all = leaves;
    for sum in sums.chunks_exact_mut(n).rev() {
        let (low, high) = all.split_at_mut(all.len() / 2);
        for (low, high) in low.iter_mut().zip(high.iter()) {
            *low ^= *high;
        }
        // The upper half is not needed any more: its sum is left in its first leaf.
        let mut half = &mut *high;
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

/// Transposes 128 columns of bits: bit `i` of column `c` becomes bit `c` of row `i`.
///
/// # Panics
/// If there are not as many rows as the columns have bits.
pub fn transpose(columns: &[Label], rows: &mut [Label]) {
    assert_eq!(columns.len(), rows.len(), "a square for each block");
    let n = columns.len() / ROWS;
    for (b, rows) in rows.chunks_exact_mut(ROWS).enumerate() {
        rows.fill(Label::ZERO);
        for (half, rows) in rows.chunks_exact_mut(64).enumerate() {
            for quarter in 0..2 {
                let mut square: [u64; 64] = std::array::from_fn(|c| {
                    (columns[(64 * quarter + c) * n + b].0 >> (64 * half)) as u64
                });
                transpose64(&mut square);
                for (row, bits) in rows.iter_mut().zip(square) {
                    row.0 |= u128::from(bits) << (64 * quarter);
                }
            }
        }
    }
}
