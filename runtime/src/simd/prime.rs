//! The field of 2^192 − 237 elements, in which products of shared integers are proven.
//!
//! It is so large that sums of products of two 64-bit numbers stay integers in it, and of the form that is quick to reduce:
//! 2^192 is 237. Nothing here branches on an element, and no element is an index. What stands here computes with one element; long vectors
//! are in `vector`.

use zeroize::DefaultIsZeroes;

use crate::mask::Mask;

#[cfg(target_arch = "x86_64")]
mod ifma;
mod portable;
mod vector;

pub(crate) use vector::{Room, Vector};

/// 2^192 minus the number of elements.
const REST: u64 = 237;

/// Words of an element.
pub const WORDS: usize = 3;

/// Bytes of an element in a message.
pub const LEN: usize = 8 * WORDS;

/// The low word of what the number of elements lacks to 2^64: what it is mod 2^64 with its sign changed.
pub const MINUS_SIZE: u64 = REST;

/// An element: less than 2^192 − 237, least word first.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Prime([u64; WORDS]);

impl DefaultIsZeroes for Prime {}

/// Elements of a block of a vector.
const LANES: usize = 8;

/// Eight elements, by word and lane: any numbers of 192 bits, each the element that is left of it.
pub(crate) type Block = [[u64; LANES]; WORDS];

/// A sum of products, not yet reduced.
pub type Wide = [u64; 7];

/// `a + b · c + carry`, as a low and a high word: it cannot overflow.
const fn step(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let sum = a as u128 + b as u128 * c as u128 + carry as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// Adds 237 times `times`; the carry out of 192 bits.
const fn add_rest(words: [u64; WORDS], times: u128) -> ([u64; WORDS], u64) {
    // At most 2^80 times.
    let more = times * REST as u128;
    let (low, carry) = step(words[0], 0, 0, more as u64);
    let (middle, carry) = step(words[1], (more >> 64) as u64, 1, carry);
    let (high, carry) = step(words[2], 0, 0, carry);
    ([low, middle, high], carry)
}

/// `words` plus 2^192 if there was a carry, reduced.
#[inline]
fn reduced_once(words: [u64; WORDS], carry: u64) -> Prime {
    let (less, over) = add_rest(words, 1);
    let take = Mask::lowest(carry | over).word();
    let mut out = words;
    for (out, less) in out.iter_mut().zip(less) {
        *out ^= (*out ^ less) & take;
    }
    Prime(out)
}

/// The element that a sum of products is.
#[inline]
pub fn reduced(sum: &Wide) -> Prime {
    let mut words = [0; WORDS];
    let mut carry = 0;
    for (i, word) in words.iter_mut().enumerate() {
        (*word, carry) = step(sum[i], sum[i + WORDS], REST, carry);
    }
    let times = u128::from(sum[6]) * u128::from(REST) + u128::from(carry);
    let (words, carry) = add_rest(words, times);
    // After a carry there is little left.
    let (words, _) = add_rest(words, carry.into());
    reduced_once(words, 0)
}

/// Adds a word; the carry out of 192 bits.
#[inline]
const fn add_word(words: [u64; WORDS], more: u64) -> ([u64; WORDS], u64) {
    let (low, carry) = step(words[0], 0, 0, more);
    let (middle, carry) = step(words[1], 0, 0, carry);
    let (high, carry) = step(words[2], 0, 0, carry);
    ([low, middle, high], carry)
}

/// The element that a number of 384 bits is.
#[inline]
fn reduced_twofold(number: &[u64; 2 * WORDS]) -> Prime {
    let mut words = [0; WORDS];
    let mut carry = 0;
    for (i, word) in words.iter_mut().enumerate() {
        (*word, carry) = step(number[i], number[i + WORDS], REST, carry);
    }
    // At most 237 times 2^192 are left, and once more after a carry.
    let (words, carry) = add_word(words, carry * REST);
    let (words, _) = add_word(words, carry * REST);
    reduced_once(words, 0)
}

/// The product as integers.
#[inline]
fn product(Prime(a): Prime, Prime(b): Prime) -> [u64; 2 * WORDS] {
    let mut out = [0; 2 * WORDS];
    for (i, &a) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, &b) in b.iter().enumerate() {
            (out[i + j], carry) = step(out[i + j], a, b, carry);
        }
        out[i + WORDS] = carry;
    }
    out
}

/// Adds a product to a sum, which holds 2^64 of them.
#[inline]
pub fn accumulate(sum: &mut Wide, a: Prime, b: Prime) {
    let mut carry = 0;
    for (word, more) in sum.iter_mut().zip(product(a, b)) {
        (*word, carry) = step(*word, more, 1, carry);
    }
    sum[6] += carry;
}

/// The same with a word.
#[inline]
pub fn accumulate_word(sum: &mut Wide, Prime(a): Prime, b: u64) {
    let mut carry = 0;
    for (word, a) in sum.iter_mut().zip(a) {
        (*word, carry) = step(*word, a, b, carry);
    }
    for word in &mut sum[WORDS..] {
        (*word, carry) = step(*word, 0, 0, carry);
    }
}

impl Prime {
    /// The element that 192 bits are.
    pub fn of_words(words: &[u64]) -> Self {
        let mut own = [0; WORDS];
        own.iter_mut().zip(words).for_each(|(o, w)| *o = *w);
        reduced_once(own, 0)
    }

    /// The element of a message.
    pub fn from_le_bytes(bytes: &[u8]) -> Self {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self::of_words(&words)
    }

    /// Its bytes in a message.
    pub fn to_le_bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Its words.
    pub const fn words(self) -> [u64; WORDS] {
        self.0
    }

    /// `weight · word`, which is less than the size of the field.
    pub const fn scaled(weight: u128, word: u64) -> Self {
        let (low, carry) = step(0, weight as u64, word, 0);
        let (middle, high) = step(0, (weight >> 64) as u64, word, carry);
        Self([low, middle, high])
    }

    /// A sum.
    #[inline]
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut words = [0; WORDS];
        let mut carry = 0;
        for (i, word) in words.iter_mut().enumerate() {
            (*word, carry) = step(self.0[i], other.0[i], 1, carry);
        }
        reduced_once(words, carry)
    }

    /// A difference.
    #[inline]
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let borrowing = |a: u64, b: u64, borrow: bool| {
            let (once, first) = a.overflowing_sub(b);
            let (twice, second) = once.overflowing_sub(u64::from(borrow));
            (twice, first | second)
        };
        let mut words = [0; WORDS];
        let mut borrow = false;
        for (i, word) in words.iter_mut().enumerate() {
            (*word, borrow) = borrowing(self.0[i], other.0[i], borrow);
        }
        // Below zero by 2^192 too much: 237 less is the number of elements more.
        let mut rest = Mask::lowest(borrow.into()).word() & REST;
        let mut borrow = false;
        for word in &mut words {
            (*word, borrow) = borrowing(*word, rest, borrow);
            rest = 0;
        }
        Self(words)
    }

    /// A product.
    #[inline]
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        reduced_twofold(&product(self, other))
    }

    /// This and a product.
    #[inline]
    #[must_use]
    pub fn plus_times(self, a: Self, b: Self) -> Self {
        let mut number = product(a, b);
        let mut carry = 0;
        for (i, word) in number.iter_mut().enumerate() {
            let own = if i < WORDS { self.0[i] } else { 0 };
            (*word, carry) = step(*word, own, 1, carry);
        }
        reduced_twofold(&number)
    }

    /// `a · x + b · y` of words x and y.
    #[inline]
    #[must_use]
    pub fn combined([Self(a), Self(b)]: [Self; 2], [x, y]: [u64; 2]) -> Self {
        let mut number = [0; 2 * WORDS];
        for (element, word) in [(a, x), (b, y)] {
            let mut carry = 0;
            for (number, element) in number.iter_mut().zip(element) {
                (*number, carry) = step(*number, element, word, carry);
            }
            let (top, over) = step(number[WORDS], 0, 0, carry);
            (number[WORDS], number[WORDS + 1]) = (top, number[WORDS + 1] + over);
        }
        reduced_twofold(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::splitmix::SplitMix;

    /// Bit by bit, apart from the form above.
    fn slow(a: Prime, b: Prime) -> Prime {
        let mut sum = Prime::default();
        for bit in (0..192).rev() {
            sum = sum.plus(sum);
            if b.0[bit / 64] >> (bit % 64) & 1 == 1 {
                sum = sum.plus(a);
            }
        }
        sum
    }

    fn interesting() -> Vec<Prime> {
        let mut numbers = SplitMix::new(7);
        let mut all = vec![
            Prime::default(),
            Prime::of_words(&[1]),
            Prime::of_words(&[0, 0, 1 << 63]),
            // The largest, and what 192 bits hold beyond it.
            Prime([u64::MAX - REST, u64::MAX, u64::MAX]),
            Prime::of_words(&[u64::MAX; 3]),
        ];
        all.extend((0..20).map(|_| {
            let words = [0; 3].map(|_: u64| numbers.word() as u64);
            Prime::of_words(&words)
        }));
        all
    }

    #[test]
    fn it_is_the_field() {
        let all = interesting();
        let one = Prime::of_words(&[1]);
        assert!(all[4] == Prime::of_words(&[REST - 1]));
        assert!(all[3].plus(one) == Prime::default());
        assert!(Prime::default().minus(one) == all[3]);
        for &a in &all {
            assert!(Prime::from_le_bytes(&a.to_le_bytes()) == a);
            for &b in &all {
                assert!(a.times(b) == slow(a, b));
                assert!(a.plus(b).minus(b) == a);
                assert!(a.minus(b).plus(b) == a);
                assert!(a.times(b).plus(a) == a.times(b.plus(one)));
                assert!(a.plus_times(b, a) == a.plus(slow(b, a)));
                for words in [[a.words()[0], b.words()[1]], [0, u64::MAX], [u64::MAX; 2]] {
                    let [x, y] = words.map(|word| Prime::of_words(&[word]));
                    assert!(Prime::combined([a, b], words) == slow(a, x).plus(slow(b, y)));
                }
            }
        }
        let (weight, word) = ((1 << 127) - 1, u64::MAX);
        let halves = Prime::of_words(&[weight as u64, (weight >> 64) as u64]);
        assert!(Prime::scaled(weight, word) == halves.times(Prime::of_words(&[word])));
    }

    #[test]
    fn sums_are_reduced_once() {
        let all = interesting();
        let (mut sum, mut expected) = ([0; 7], Prime::default());
        for _ in 0..40 {
            for (&a, &b) in all.iter().zip(all.iter().rev()) {
                accumulate(&mut sum, a, b);
                accumulate_word(&mut sum, a, b.words()[2]);
                let word = Prime::of_words(&[b.words()[2]]);
                expected = expected.plus(a.times(b)).plus(a.times(word));
            }
        }
        assert!(reduced(&sum) == expected);
    }
}
