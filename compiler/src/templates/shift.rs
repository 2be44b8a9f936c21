//! Shifts and rotations by a secret amount: one stage of selections per bit of the amount.
//!
//! A logical stage costs an AND per bit, a rotation by half the width half of that, because it is a conditional swap.
//! Amount bits that shift everything out share one condition, which enters at the last stage: there the two ways into a
//! bit are gated apart, so that clearing the word costs no level and only the ANDs of the part that is not empty anyway.

use super::Objective;
use super::compare::{and_all, select_bit};
use super::divide;
use super::word::{as_const, complement, complement_if, zero_extend};
use smpcc_circuit::template::{Builder, Lit};

/// `bits · 2^amount` mod 2^n.
pub(super) fn left(b: &mut Builder, bits: &[Lit], amount: &[Lit]) -> Vec<Lit> {
    logical(b, bits, amount)
}

/// `⌊bits / 2^amount⌋`.
pub(super) fn right(b: &mut Builder, bits: &[Lit], amount: &[Lit], signed: bool) -> Vec<Lit> {
    let fill = match bits.last() {
        Some(&sign) if signed => sign,
        _ => Lit::FALSE,
    };
    // Complemented by its sign, a word is shifted as an unsigned one, from its other end.
    let mut word = complement_if(b, bits, fill);
    word.reverse();
    let mut out = logical(b, &word, amount);
    out.reverse();
    complement_if(b, &out, fill)
}

/// Moves every bit `amount` places up and fills with zeros.
fn logical(b: &mut Builder, bits: &[Lit], amount: &[Lit]) -> Vec<Lit> {
    let n = bits.len();
    let distance = |k: usize| 1usize.checked_shl(k as u32).filter(|&d| d < n);
    let n_stages = (0..amount.len())
        .take_while(|&k| distance(k).is_some())
        .count();
    let small = complement(&amount[n_stages..]);
    let Some(top) = n_stages.checked_sub(1) else {
        let keep = and_all(b, &small);
        return bits.iter().map(|&l| b.and(l, keep)).collect();
    };
    let mut stages: Vec<usize> = (0..top).collect();
    stages.sort_by_key(|&k| b.level(amount[k]));
    let moved =
        |word: &[Lit], i: usize, by: usize| i.checked_sub(by).map_or(Lit::FALSE, |from| word[from]);
    let mut word = bits.to_vec();
    for k in stages {
        word = (0..n)
            .map(|i| select_bit(b, amount[k], moved(&word, i, 1 << k), word[i]))
            .collect();
    }
    if small.iter().all(|&l| l == Lit::TRUE) {
        return (0..n)
            .map(|i| select_bit(b, amount[top], moved(&word, i, 1 << top), word[i]))
            .collect();
    }
    let gate = |b: &mut Builder, last: Lit| {
        let mut all = small.clone();
        all.push(last);
        and_all(b, &all)
    };
    let (go, stay) = (gate(b, amount[top]), gate(b, !amount[top]));
    (0..n)
        .map(|i| {
            let (x, y) = (b.and(moved(&word, i, 1 << top), go), b.and(word[i], stay));
            b.xor(x, y)
        })
        .collect()
}

/// `bits` rotated toward higher bits.
pub(super) fn rotate_left(
    b: &mut Builder,
    bits: &[Lit],
    amount: &[Lit],
    objective: Objective,
) -> Vec<Lit> {
    rotate(b, bits, amount, objective)
}

/// `bits` rotated toward lower bits.
pub(super) fn rotate_right(
    b: &mut Builder,
    bits: &[Lit],
    amount: &[Lit],
    objective: Objective,
) -> Vec<Lit> {
    let mut word = bits.to_vec();
    word.reverse();
    let mut out = rotate(b, &word, amount, objective);
    out.reverse();
    out
}

fn rotate(b: &mut Builder, bits: &[Lit], amount: &[Lit], objective: Objective) -> Vec<Lit> {
    let n = bits.len();
    if n < 2 {
        return bits.to_vec();
    }
    let needed = n.next_power_of_two().trailing_zeros() as usize;
    let amount = if n.is_power_of_two() {
        amount[..amount.len().min(needed)].to_vec()
    } else if amount.len() > needed + 3 || as_const(amount).is_some() {
        // An amount that wraps often is reduced first; otherwise each further bit is one stage more.
        let modulus: Vec<Lit> = (0..amount.len())
            .map(|k| Lit::from(k < 64 && n >> k & 1 == 1))
            .collect();
        let rest = divide::remainder(b, amount, &modulus, false, objective);
        zero_extend(&rest, needed)
    } else {
        amount.to_vec()
    };
    let mut stages: Vec<(u32, usize)> =
        (0..amount.len()).map(|k| (b.level(amount[k]), k)).collect();
    stages.sort_unstable();
    let mut word = bits.to_vec();
    for (_, k) in stages {
        let by = (0..k).fold(1 % n, |by, _| 2 * by % n);
        word = if 2 * by == n {
            let swaps: Vec<Lit> = (0..by)
                .map(|i| {
                    let differ = b.xor(word[i], word[i + by]);
                    b.and(amount[k], differ)
                })
                .collect();
            (0..n).map(|i| b.xor(word[i], swaps[i % by])).collect()
        } else {
            (0..n)
                .map(|i| select_bit(b, amount[k], word[(i + n - by) % n], word[i]))
                .collect()
        };
    }
    word
}
