//! Shifts to the right that keep what falls off, and to the left until the leading bit is on top.

use super::super::compare::or_all;
use super::super::word::complement;
use smpcc_circuit::template::{Builder, Lit};

/// `v` shifted right by `amount` (least significant bit first), and the bits that fall off.
pub(super) fn right(b: &mut Builder, v: &[Lit], amount: &[Lit]) -> (Vec<Lit>, Vec<Lit>) {
    let n = v.len();
    let mut v = v.to_vec();
    let mut lost = Vec::new();
    for (k, &c) in amount.iter().enumerate().rev() {
        let w = 1usize.checked_shl(k as u32).unwrap_or(n).min(n);
        let moving: Vec<Lit> = v.iter().map(|&bit| b.and(c, bit)).collect();
        lost.extend(&moving[..w]);
        for i in 0..n {
            let stays = b.xor(v[i], moving[i]);
            v[i] = match moving.get(i + w) {
                Some(&comes) => b.xor(stays, comes),
                None => stays,
            };
        }
    }
    (v, lost)
}

/// How far a normalisation may shift: not at all below zero.
pub(super) struct Limit {
    /// Whether there is none.
    free: Lit,
    /// What is left of it.
    left: Vec<Lit>,
}

impl Limit {
    /// Shifts by at most `most`, where shifts of `bits` bits come into question.
    pub(super) fn new(b: &mut Builder, most: &[Lit], bits: usize) -> Self {
        let (low, high) = most.split_at(bits.min(most.len()));
        Self {
            free: or_all(b, high),
            left: low.to_vec(),
        }
    }

    /// Whether a shift by 2^k is allowed.
    fn allows(&self, b: &mut Builder, k: usize) -> Lit {
        let mut bits = self.left.get(k..).unwrap_or_default().to_vec();
        bits.push(self.free);
        or_all(b, &bits)
    }

    /// Takes 2^k if `done`.
    fn take(&mut self, b: &mut Builder, k: usize, done: Lit) {
        let mut borrow = done;
        for bit in self.left.iter_mut().skip(k) {
            let next = b.and(borrow, !*bit);
            *bit = b.xor(*bit, borrow);
            borrow = next;
        }
    }
}

/// Bits of the amounts by which words of `n` bits are normalised.
pub(super) const fn amount_bits(n: usize) -> usize {
    if n <= 1 {
        0
    } else {
        (usize::BITS - (n - 1).leading_zeros()) as usize
    }
}

/// `r` shifted left until its leading bit is on top, or as far as `limit` allows, and the amount. The lowest `loose` bits are zero
/// wherever a shift by four or more happens. A word of zeros stays one.
pub(super) fn normalise(
    b: &mut Builder,
    r: &[Lit],
    mut limit: Option<Limit>,
    loose: usize,
) -> (Vec<Lit>, Vec<Lit>) {
    let n = r.len();
    let mut r = r.to_vec();
    let mut amount = vec![Lit::FALSE; amount_bits(n)];
    for k in (0..amount.len()).rev() {
        let w = 1 << k;
        let nothing = !or_all(b, &r[n - w..]);
        let shifts = match &mut limit {
            Some(limit) => {
                let allowed = limit.allows(b, k);
                let shifts = b.and(nothing, allowed);
                limit.take(b, k, shifts);
                shifts
            }
            None => nothing,
        };
        amount[k] = shifts;
        let still = if w >= 4 { loose } else { 0 };
        let moving: Vec<Lit> = (0..n)
            .map(|i| {
                if i < still || i >= n - w {
                    Lit::FALSE
                } else {
                    b.and(shifts, r[i])
                }
            })
            .collect();
        for i in (0..n).rev() {
            let stays = b.xor(r[i], moving[i]);
            r[i] = if i >= w {
                b.xor(stays, moving[i - w])
            } else {
                stays
            };
        }
    }
    (r, amount)
}

/// `−amount − 1` in `width` bits.
pub(super) fn minus_one_less(amount: &[Lit], width: usize) -> Vec<Lit> {
    let mut bits = complement(amount);
    bits.resize(width, Lit::TRUE);
    bits
}
