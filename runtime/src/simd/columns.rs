//! The inner loops of OT extension: generator output of many keys, sums over leaves, the transposition of bits, and hashing.
//!
//! The forms are those of [`super`]; the portable one, over the `aes` crate, says what the others must give. A cipher keeps the form that it
//! was made with.

use aes::Aes128;
use aes::cipher::{Array, KeyInit};
use zeroize::Zeroize;

use super::{Form, best};
use crate::block::Label;

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// Rows of a block of columns: the bits of a label.
pub const ROWS: usize = 128;

/// AES-128 under one key, expanded for many blocks. The key schedule is wiped when dropped.
pub struct Cipher(Schedule);

enum Schedule {
    // Boxed: its size is not ours to choose, and thousands are alive at once.
    Portable(Box<Aes128>),
    #[cfg(target_arch = "x86_64")]
    Aes(x86_64::Keys),
    #[cfg(target_arch = "x86_64")]
    Vaes(x86_64::Keys),
    #[cfg(target_arch = "x86_64")]
    Wide(x86_64::Keys),
}

impl Drop for Cipher {
    fn drop(&mut self) {
        match &mut self.0 {
            // The crate wipes it.
            Schedule::Portable(_) => {}
            #[cfg(target_arch = "x86_64")]
            Schedule::Aes(keys) | Schedule::Vaes(keys) | Schedule::Wide(keys) => keys.zeroize(),
        }
    }
}

impl Cipher {
    /// The cipher of a key.
    pub fn new(key: &[u8; 16]) -> Self {
        Self::with_form(best(), key)
    }

    fn with_form(form: Form, key: &[u8; 16]) -> Self {
        Self(match form {
            Form::Portable => Schedule::Portable(Box::new(Aes128::new(&Array::from(*key)))),
            #[cfg(target_arch = "x86_64")]
            Form::Aes => Schedule::Aes(x86_64::expand(Label::from_bytes(*key))),
            #[cfg(target_arch = "x86_64")]
            Form::Vaes => Schedule::Vaes(x86_64::expand(Label::from_bytes(*key))),
            #[cfg(target_arch = "x86_64")]
            Form::Wide => Schedule::Wide(x86_64::expand(Label::from_bytes(*key))),
        })
    }

    /// Blocks `index`, `index + 1`, … of `stream`: the encryptions of `stream ‖ index`, both little-endian 64 bit.
    pub fn counter(&self, stream: u64, index: u64, out: &mut [Label]) {
        match &self.0 {
            Schedule::Portable(cipher) => portable::counter(cipher, stream, index, out),
            #[cfg(target_arch = "x86_64")]
            Schedule::Aes(keys) => x86_64::counter_aes(keys, stream, index, x86_64::blocks(out)),
            #[cfg(target_arch = "x86_64")]
            Schedule::Vaes(keys) => x86_64::counter_vaes(keys, stream, index, x86_64::blocks(out)),
            #[cfg(target_arch = "x86_64")]
            Schedule::Wide(keys) => x86_64::counter_wide(keys, stream, index, x86_64::blocks(out)),
        }
    }

    /// The same blocks as words, two to a block and the low one first; of the last block only the low one where there is no room.
    pub fn words(&self, stream: u64, index: u64, out: &mut [u64]) {
        let (blocks, last) = out.as_chunks_mut::<2>();
        let end = index.wrapping_add(blocks.len() as u64);
        match &self.0 {
            Schedule::Portable(cipher) => portable::words(cipher, stream, index, blocks),
            #[cfg(target_arch = "x86_64")]
            Schedule::Aes(keys) => x86_64::counter_aes(keys, stream, index, blocks),
            #[cfg(target_arch = "x86_64")]
            Schedule::Vaes(keys) => x86_64::counter_vaes(keys, stream, index, blocks),
            #[cfg(target_arch = "x86_64")]
            Schedule::Wide(keys) => x86_64::counter_wide(keys, stream, index, blocks),
        }
        if let [last] = last {
            let mut block = [Label::ZERO];
            self.counter(stream, end, &mut block);
            *last = block[0].0 as u64;
            block.zeroize();
        }
    }

    /// Hashes `x[i]` with the tweak `first + i`, in place: `π(π(x) ⊕ t) ⊕ π(x)` with this cipher as π (Guo, Katz, Wang, Yu,
    /// "Efficient and secure multiparty computation from fixed-key block ciphers", S&P 2020: TMMO, which is tweakable circular
    /// correlation robust).
    pub fn tmmo(&self, first: u64, x: &mut [Label]) {
        match &self.0 {
            Schedule::Portable(cipher) => portable::tmmo(cipher, first, x),
            #[cfg(target_arch = "x86_64")]
            Schedule::Aes(keys) => x86_64::tmmo_aes(keys, first, x),
            #[cfg(target_arch = "x86_64")]
            Schedule::Vaes(keys) => x86_64::tmmo_vaes(keys, first, x),
            #[cfg(target_arch = "x86_64")]
            Schedule::Wide(keys) => x86_64::tmmo_wide(keys, first, x),
        }
    }
}

/// How bits are moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// With GFNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

fn width() -> Width {
    #[cfg(target_arch = "x86_64")]
    match best() {
        Form::Portable => {}
        Form::Wide if is_x86_feature_detected!("gfni") => return Width::Avx512,
        Form::Aes | Form::Vaes | Form::Wide if is_x86_feature_detected!("avx2") => {
            return Width::Avx2;
        }
        Form::Aes | Form::Vaes | Form::Wide => {}
    }
    Width::Portable
}

/// Sums over the leaves of a tree, `n` blocks each: `sums[j]`, `n` blocks too, becomes the sum of the leaves whose number has bit `j`,
/// and the first leaf the sum of all; the others may be destroyed.
///
/// # Panics
/// If there are not 2^k leaves for k sums.
pub fn fold(leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    fold_as(width(), leaves, n, sums);
}

fn fold_as(width: Width, leaves: &mut [Label], n: usize, sums: &mut [Label]) {
    assert_eq!(leaves.len(), n << (sums.len() / n), "leaves and sums");
    match width {
        Width::Portable => portable::fold(leaves, n, sums),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => x86_64::fold_avx2(leaves, n, sums),
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => x86_64::fold_avx512(leaves, n, sums),
    }
}

/// Adds the bits under a mask, block by block up to the shorter slice.
pub fn add_masked(to: &mut [Label], what: &[Label], mask: Label) {
    match width() {
        Width::Portable => portable::add_masked(to, what, mask),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 | Width::Avx512 => x86_64::add_masked_avx2(to, what, mask),
    }
}

/// Of a product of words, bit by bit (see [`crate::protocols::ot::products`]): writes `m_0 − m_1 + factor` of each bit's strings, and gives
/// `Σ 2^t m_0`. At most 64 bits.
pub fn weigh_sent(first: &[Label], second: &[Label], factor: u64, corrections: &mut [u64]) -> u64 {
    match width() {
        Width::Portable => portable::weigh_sent(first, second, factor, corrections),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 | Width::Avx512 => x86_64::weigh_sent_avx2(first, second, factor, corrections),
    }
}

/// The other side's part: `Σ 2^t (m + b_t·correction)`, with the bits `b_t` of `factor`.
pub fn weigh_received(strings: &[u64], corrections: &[u64], factor: u64) -> u64 {
    match width() {
        Width::Portable => portable::weigh_received(strings, corrections, factor),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 | Width::Avx512 => x86_64::weigh_received_avx2(strings, corrections, factor),
    }
}

/// Transposes 128 columns of bits: bit `i` of column `c` becomes bit `c` of row `i`.
///
/// # Panics
/// If there are not as many rows as the columns have bits.
pub fn transpose(columns: &[Label], rows: &mut [Label]) {
    transpose_as::<false>(width(), columns, rows);
}

/// Transposes rows of 128 bits: bit `c` of row `i` becomes bit `i` of column `c`. What [`transpose`] does, undone.
///
/// # Panics
/// If the columns do not have as many bits as there are rows, or these are no whole blocks.
pub fn transpose_rows(rows: &[Label], columns: &mut [Label]) {
    transpose_as::<true>(width(), rows, columns);
}

fn transpose_as<const BACK: bool>(width: Width, from: &[Label], to: &mut [Label]) {
    assert!(
        from.len() == to.len() && from.len().is_multiple_of(ROWS),
        "a square for each block"
    );
    match width {
        Width::Portable => portable::transpose::<BACK>(from, to),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => x86_64::transpose_avx2::<BACK>(from, to),
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => x86_64::transpose_avx512::<BACK>(from, to),
    }
}

/// The lowest bits of labels, 64 to a word.
pub fn colours(labels: &[Label], words: &mut [u64]) {
    colours_as(width(), labels, words);
}

fn colours_as(width: Width, labels: &[Label], words: &mut [u64]) {
    debug_assert!(words.len() * 64 >= labels.len(), "a bit for each label");
    match width {
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => x86_64::colours_avx512(labels, words),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => portable::colours(labels, words),
        Width::Portable => portable::colours(labels, words),
    }
}

/// Adds `what` to each row whose bit is one; bits stand 64 to a word, and there is a word for all rows.
pub fn add_chosen(rows: &mut [Label], what: Label, bits: &[u64]) {
    add_chosen_as(width(), rows, what, bits);
}

fn add_chosen_as(width: Width, rows: &mut [Label], what: Label, bits: &[u64]) {
    debug_assert!(bits.len() * 64 >= rows.len(), "a bit for each row");
    match width {
        Width::Portable => portable::add_chosen(rows, what, bits),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => x86_64::add_chosen_avx2(rows, what, bits),
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => x86_64::add_chosen_avx512(rows, what, bits),
    }
}

/// Adds to each row the other one in its place if its bit is one, up to the shorter slice.
pub fn add_chosen_rows(rows: &mut [Label], others: &[Label], bits: &[u64]) {
    add_chosen_rows_as(width(), rows, others, bits);
}

fn add_chosen_rows_as(width: Width, rows: &mut [Label], others: &[Label], bits: &[u64]) {
    debug_assert!(bits.len() * 64 >= rows.len(), "a bit for each row");
    match width {
        Width::Portable => portable::add_chosen_rows(rows, others, bits),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => x86_64::add_chosen_rows_avx2(rows, others, bits),
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => x86_64::add_chosen_rows_avx512(rows, others, bits),
    }
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockCipherEncrypt;

    use super::super::forms;
    use super::*;

    /// FIPS-197's cipher, from the `aes` crate, one block at a time.
    fn encryption(key: &[u8; 16], x: Label) -> Label {
        let mut block = Array::from(x.to_bytes());
        Aes128::new(&Array::from(*key)).encrypt_block(&mut block);
        Label::from_bytes(block.into())
    }

    fn numbered(stream: u64, index: u64) -> Label {
        Label(u128::from(stream) | u128::from(index) << 64)
    }

    fn labels(stream: u64, n: usize) -> Vec<Label> {
        (0..n as u64)
            .map(|i| encryption(&[9; 16], numbered(stream, i)))
            .collect()
    }

    fn widths() -> Vec<Width> {
        let mut all = vec![Width::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                all.push(Width::Avx2);
            }
            if super::super::detected() == Form::Wide && is_x86_feature_detected!("gfni") {
                all.push(Width::Avx512);
            }
        }
        all
    }

    #[test]
    fn lowest_bits_are_gathered() {
        for n in (0..70usize).chain([127, 128, 200]) {
            let rows: Vec<Label> = (0..n as u128)
                .map(|i| encryption(b"0123456789abcdef", Label(i)))
                .collect();
            for width in widths() {
                let mut words = vec![u64::MAX; n.div_ceil(64)];
                colours_as(width, &rows, &mut words);
                for i in 0..64 * words.len() {
                    let expected = rows.get(i).map_or(0, |row| row.colour());
                    assert_eq!(words[i / 64] >> (i % 64) & 1, expected, "{i} of {n}");
                }
            }
        }
    }

    #[test]
    fn every_form_counts_as_defined() {
        let key = *b"0123456789abcdef";
        for form in forms() {
            let cipher = Cipher::with_form(form, &key);
            for n in (1..=35).chain([63, 64, 65, 100]) {
                for index in [u64::from(u32::MAX) - 3, u64::MAX - 100] {
                    let mut out = vec![Label::ZERO; n];
                    cipher.counter(7, index, &mut out);
                    let at = |i: usize| encryption(&key, numbered(7, index + i as u64));
                    for (i, out) in out.iter().enumerate() {
                        assert!(*out == at(i), "{form:?}, block {i} of {n}");
                    }
                    let mut words = vec![0; n];
                    cipher.words(7, index, &mut words);
                    for (i, word) in words.iter().enumerate() {
                        let expected = (at(i / 2).0 >> (64 * (i % 2))) as u64;
                        assert!(*word == expected, "{form:?}, word {i} of {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_form_hashes_as_defined() {
        let key: [u8; 16] = std::array::from_fn(|i| i as u8);
        let first = u64::from(u32::MAX) - 3;
        for n in [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 100] {
            let x = labels(n as u64, n);
            for form in forms() {
                let mut hashed = x.clone();
                Cipher::with_form(form, &key).tmmo(first, &mut hashed);
                for (i, (x, hashed)) in x.iter().zip(hashed).enumerate() {
                    let outer = encryption(&key, *x);
                    let inner = encryption(&key, outer ^ Label((first + i as u64).into()));
                    assert!(hashed == inner ^ outer, "{form:?}, {i} of {n}");
                }
            }
        }
    }

    #[test]
    fn every_width_folds_as_defined() {
        for width in widths() {
            for k in 1..=8 {
                for n in [1, 2, 3, 4, 7, 16] {
                    let leaves = labels(k as u64, n << k);
                    let mut folded = leaves.clone();
                    let mut sums = vec![Label::ZERO; k * n];
                    fold_as(width, &mut folded, n, &mut sums);
                    let sum = |i: usize, wanted: &dyn Fn(usize) -> bool| {
                        let which = (0..1 << k).filter(|&x| wanted(x));
                        which.fold(Label::ZERO, |s, x| s ^ leaves[x * n + i])
                    };
                    for i in 0..n {
                        assert!(folded[i] == sum(i, &|_| true), "{width:?}, k {k}");
                        for j in 0..k {
                            let expected = sum(i, &|x| x >> j & 1 == 1);
                            assert!(sums[j * n + i] == expected, "{width:?}, k {k}, sum {j}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn words_are_weighed_alike_at_every_width() {
        let (m0, m1) = (labels(1, 64), labels(2, 64));
        let factor = labels(3, 1)[0].0 as u64;
        for k in [1, 5, 63, 64] {
            let (mut best, mut portable) = ([0; 64], [0; 64]);
            let sum = weigh_sent(&m0[..k], &m1[..k], factor, &mut best[..k]);
            let same = portable::weigh_sent(&m0[..k], &m1[..k], factor, &mut portable[..k]);
            assert_eq!((sum, best), (same, portable));
            let expected = (0..k).fold(0u64, |s, t| s.wrapping_add((m0[t].0 as u64) << t));
            assert_eq!(sum, expected);
            let strings: Vec<u64> = m1[..k].iter().map(|l| l.0 as u64).collect();
            let received = weigh_received(&strings, &best[..k], factor);
            assert_eq!(
                received,
                portable::weigh_received(&strings, &best[..k], factor)
            );
            let expected = (0..k).fold(0u64, |s, t| {
                let add = if factor >> t & 1 == 1 { best[t] } else { 0 };
                s.wrapping_add(strings[t].wrapping_add(add) << t)
            });
            assert_eq!(received, expected);
        }
    }

    #[test]
    fn every_width_transposes_as_defined() {
        for width in widths() {
            for n in [1, 2, 3, 4, 7, 16] {
                let columns = labels(n as u64, ROWS * n);
                let mut rows = vec![Label::ZERO; ROWS * n];
                transpose_as::<false>(width, &columns, &mut rows);
                for (i, row) in rows.iter().enumerate() {
                    for c in 0..ROWS {
                        let bit = columns[c * n + i / ROWS].0 >> (i % ROWS) & 1;
                        assert_eq!(row.0 >> c & 1, bit, "{width:?}, row {i}, column {c}");
                    }
                }
                let mut back = vec![Label::ZERO; ROWS * n];
                transpose_as::<true>(width, &rows, &mut back);
                assert!(back == columns, "{width:?}, {n} blocks");
            }
        }
    }

    #[test]
    fn every_width_chooses_as_defined() {
        for width in widths() {
            for n in [1, 2, 3, 4, 5, 63, 64, 65, 130, 200] {
                let (rows, others) = (labels(1, n), labels(2, n));
                let bits: Vec<u64> = labels(3, n.div_ceil(64))
                    .iter()
                    .map(|l| l.0 as u64)
                    .collect();
                let one = |i: usize| bits[i / 64] >> (i % 64) & 1 == 1;
                let (mut same, mut each) = (rows.clone(), rows.clone());
                add_chosen_as(width, &mut same, others[0], &bits);
                add_chosen_rows_as(width, &mut each, &others, &bits);
                for i in 0..n {
                    let due = |what: Label| if one(i) { rows[i] ^ what } else { rows[i] };
                    assert!(same[i] == due(others[0]), "{width:?}, {i} of {n}");
                    assert!(each[i] == due(others[i]), "{width:?}, {i} of {n}");
                }
            }
        }
    }
}
