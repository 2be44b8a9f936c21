//! Sums over many random subsets at once, with which proofs about products begin: of numbers by subset, and of what subsets weigh by number.
//!
//! Which subset takes which number is known to all. Of four numbers there are sixteen sums, which are looked up, by each subset with four
//! bits; where there are vectors of 512 bits, by eight subsets at once.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;
#[cfg(target_arch = "x86_64")]
use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

#[cfg(target_arch = "x86_64")]
use super::PORTABLE;

mod portable;
#[cfg(target_arch = "x86_64")]
mod vectors;

/// Subsets: two words of bits for each number.
pub(crate) const SUBSETS: usize = 128;

/// Numbers that are looked up together, of which a word of bits is transposed.
const GROUP: usize = 64;

/// Bits of a subset's weight: all together fit into 127.
pub(crate) const WEIGHT_BITS: u32 = 120;

/// Whether there are vectors of 512 bits.
#[cfg(target_arch = "x86_64")]
fn vectors() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    let there = || is_x86_feature_detected!("avx512f");
    !PORTABLE.load(Ordering::Relaxed) && *THERE.get_or_init(there)
}

/// The sum over each subset, of as many numbers as there are pairs of words in `bits`: word by word mod 2^64.
pub(crate) fn sums<const L: usize>(bits: &[u64], values: &[[u64; L]]) -> Zeroizing<Vec<[u64; L]>> {
    let mut sums = Zeroizing::new(vec![[0; L]; SUBSETS]);
    #[cfg(target_arch = "x86_64")]
    if vectors() {
        vectors::sums(bits, values, &mut sums);
        return sums;
    }
    portable::sums(bits, values, &mut sums);
    sums
}

/// What the subsets that take a number weigh together, for each number.
///
/// # Panics
/// If there are not as many weights as subsets.
pub(crate) fn weights(bits: &[u64], subsets: &[u128], weights: &mut [u128]) {
    assert_eq!(subsets.len(), SUBSETS, "a weight for each subset");
    weights.fill(0);
    #[cfg(target_arch = "x86_64")]
    if vectors() {
        return vectors::weights(bits, subsets, weights);
    }
    portable::weights(bits, subsets, weights);
}

/// For each four numbers, what their sixteen subsets sum up to.
fn sixteen<T: Copy>(four: &[T], zero: T, add: impl Fn(T, T) -> T) -> [T; 16] {
    let mut table = [zero; 16];
    for (b, &value) in four.iter().enumerate() {
        for i in 0..1 << b {
            table[i | 1 << b] = add(table[i], value);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use smpcc_circuit::splitmix::SplitMix;

    use super::*;

    /// One subset after the other, and one number after the other.
    #[test]
    fn both_forms_give_what_is_asked() {
        let mut numbers = SplitMix::new(3);
        for n in [0, 1, 3, 7, 8, 9, 63, 64, 65, 200] {
            let bits: Vec<u64> = (0..2 * n).map(|_| numbers.word() as u64).collect();
            let takes = |subset: usize, i: usize| bits[2 * i + subset / 64] >> (subset % 64) & 1;
            let values: Vec<[u64; 3]> = (0..n)
                .map(|_| [0; 3].map(|_: u64| numbers.word() as u64))
                .collect();
            let expected: Vec<[u64; 3]> = (0..SUBSETS)
                .map(|subset| {
                    (0..n).fold([0; 3], |sum, i| {
                        std::array::from_fn(|w| {
                            let value = values[i][w].wrapping_mul(takes(subset, i));
                            value.wrapping_add(sum[w])
                        })
                    })
                })
                .collect();
            assert_eq!(*sums(&bits, &values), expected);
            let mut slow = vec![[0; 3]; SUBSETS];
            portable::sums(&bits, &values, &mut slow);
            assert_eq!(slow, expected);
            let firsts: Vec<[u64; 1]> = values.iter().map(|value| [value[0]]).collect();
            assert!(
                sums(&bits, &firsts)
                    .iter()
                    .zip(&expected)
                    .all(|(sum, all)| sum[0] == all[0])
            );

            let most = (1 << WEIGHT_BITS) - 1;
            let subsets: Vec<u128> = (0..SUBSETS)
                .map(|subset| {
                    if subset % 5 == 0 {
                        most
                    } else {
                        numbers.word() & most
                    }
                })
                .collect();
            let expected: Vec<u128> = (0..n)
                .map(|i| {
                    (0..SUBSETS)
                        .map(|s| subsets[s] * u128::from(takes(s, i)))
                        .sum()
                })
                .collect();
            let mut all = vec![7; n];
            weights(&bits, &subsets, &mut all);
            assert_eq!(all, expected);
            let mut slow = vec![0; n];
            portable::weights(&bits, &subsets, &mut slow);
            assert_eq!(slow, expected);
        }
        // All of the most that a weight can be.
        let mut all = [0];
        weights(&[u64::MAX; 2], &[(1 << WEIGHT_BITS) - 1; SUBSETS], &mut all);
        assert_eq!(all, [((1 << WEIGHT_BITS) - 1) << 7]);
    }
}
