//! Arrays by secret index: trees of selections for reading, decoded indices for writing, monomials for public tables.
//!
//! Reading `N` words of `w` bits is a tree of `(N − 1)·w` ANDs and `⌈log2 N⌉` levels. Writing decodes the index and
//! selects per element. A public table is a polynomial in the index bits over GF(2): its monomials are shared by all
//! output bits (`2^k − k − 1` ANDs for `k` index bits), or the index is split in two and each monomial of one half is
//! multiplied with a free sum of monomials of the other (Boyar and Peralta's upper bounds on multiplicative complexity),
//! which is cheaper for narrow tables. An index out of range reads zero and writes nothing.

use super::Objective;
use super::compare::{and_all, select, select_bit};
use super::word::complement;
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Word;

/// `elements[index]`, zero when `index` is not below their number.
pub fn array_read(
    b: &mut Builder,
    elements: &[Vec<Lit>],
    index: &[Lit],
    _objective: Objective,
) -> Vec<Lit> {
    let width = elements.iter().map(Vec::len).max().unwrap_or(0);
    let zero = vec![Lit::FALSE; width];
    let n_bits = bits_for(elements.len()).min(index.len());
    let high = complement(&index[n_bits..]);
    // What cannot be addressed is not there.
    let n = elements
        .len()
        .min(1usize.checked_shl(n_bits as u32).unwrap_or(usize::MAX));
    let mut words: Vec<Vec<Lit>> = elements[..n].to_vec();
    for word in &mut words {
        word.resize(width, Lit::FALSE);
    }
    let ranged = high.iter().any(|&l| l != Lit::TRUE);
    let n_plain = if ranged {
        n_bits.saturating_sub(1)
    } else {
        n_bits
    };
    for &bit in &index[..n_plain] {
        words = words
            .chunks(2)
            .map(|pair| select(b, bit, pair.get(1).unwrap_or(&zero), &pair[0]))
            .collect();
    }
    let first = words.first().unwrap_or(&zero).clone();
    if !ranged {
        return first;
    }
    if n_bits == 0 {
        let keep = and_all(b, &high);
        return first.iter().map(|&l| b.and(l, keep)).collect();
    }
    // The last selection gates both sides by the range check as well.
    let gate = |b: &mut Builder, last: Lit| {
        let mut all = high.clone();
        all.push(last);
        and_all(b, &all)
    };
    let (upper, lower) = (gate(b, index[n_bits - 1]), gate(b, !index[n_bits - 1]));
    let second = words.get(1).unwrap_or(&zero).clone();
    first
        .iter()
        .zip(&second)
        .map(|(&x, &y)| {
            let (x, y) = (b.and(x, lower), b.and(y, upper));
            b.xor(x, y)
        })
        .collect()
}

/// `elements` with element `index` replaced by `value`; unchanged when `index` is not below their number.
pub fn array_write(
    b: &mut Builder,
    elements: &[Vec<Lit>],
    index: &[Lit],
    value: &[Lit],
    objective: Objective,
) -> Vec<Vec<Lit>> {
    let n_bits = bits_for(elements.len()).min(index.len());
    let small = complement(&index[n_bits..]);
    let enable = and_all(b, &small);
    let here = decode(b, &index[..n_bits], enable, elements.len(), objective);
    elements
        .iter()
        .enumerate()
        .map(|(i, element)| {
            let when = here.get(i).copied().unwrap_or(Lit::FALSE);
            element
                .iter()
                .enumerate()
                .map(|(k, &old)| {
                    let new = value.get(k).copied().unwrap_or(Lit::FALSE);
                    select_bit(b, when, new, old)
                })
                .collect()
        })
        .collect()
}

/// `table[index]` cut to `width` bits, zero when `index` is not below the table's length.
pub fn table_lookup(
    b: &mut Builder,
    table: &[Word],
    width: u32,
    index: &[Lit],
    objective: Objective,
) -> Vec<Lit> {
    table_lookups(b, &[table], width, index, objective).swap_remove(0)
}

/// [`table_lookup`] in several tables of one length at the same place.
pub fn table_lookups(
    b: &mut Builder,
    tables: &[impl AsRef<[Word]>],
    width: u32,
    index: &[Lit],
    objective: Objective,
) -> Vec<Vec<Lit>> {
    let n = tables.iter().map(|t| t.as_ref().len()).max().unwrap_or(0);
    let n_bits = bits_for(n).min(index.len());
    let small = complement(&index[n_bits..]);
    let outer = outer_bits(n_bits, width as usize * tables.len(), objective);
    let (low, high) = index[..n_bits].split_at(n_bits - outer);
    let (inner_monomials, outer_monomials) = (monomials(b, low), monomials(b, high));
    let keep = and_all(b, &small);
    let mut found = Vec::with_capacity(tables.len());
    for table in tables {
        let coefficients = polynomial(table.as_ref(), n_bits);
        let mut word = Vec::with_capacity(width as usize);
        for bit in 0..width {
            let mut sum = Lit::FALSE;
            for (i, &outer) in outer_monomials.iter().enumerate() {
                let mut factor = Lit::FALSE;
                for (j, &inner) in inner_monomials.iter().enumerate() {
                    if coefficients[i << low.len() | j] >> bit & 1 == 1 {
                        factor = b.xor(factor, inner);
                    }
                }
                let product = b.and(outer, factor);
                sum = b.xor(sum, product);
            }
            word.push(b.and(sum, keep));
        }
        found.push(word);
    }
    found
}

/// ANDs and levels of [`table_lookups`] in tables without structure: `n` entries, `bits` bits of all of them together at a place.
pub fn lookup_size(n: usize, index: usize, bits: usize, objective: Objective) -> (u64, u32) {
    let n_bits = bits_for(n).min(index);
    let outer = outer_bits(n_bits, bits, objective);
    let products = bits.saturating_mul((1 << outer) - 1);
    let shared = alone(outer) + alone(n_bits - outer);
    let depth = monomial_depth(outer).max(monomial_depth(n_bits - outer)) + u32::from(outer > 0);
    let high = index - n_bits;
    let (gated, depth) = match high {
        0 => (0, depth),
        _ => (high - 1 + bits, monomial_depth(high).max(depth) + 1),
    };
    let ands = shared.saturating_add(products).saturating_add(gated);
    (ands as u64, depth)
}

/// ANDs of all products of subsets of `k` bits.
fn alone(k: usize) -> usize {
    (1usize << k) - k - 1
}

/// Levels of the product of `k` bits.
fn monomial_depth(k: usize) -> u32 {
    k.max(1).next_power_of_two().trailing_zeros()
}

/// The coefficients of a table's polynomial in `n_bits` index bits: the Möbius transform of its words.
fn polynomial(table: &[Word], n_bits: usize) -> Vec<Word> {
    let mut coefficients: Vec<Word> = table.to_vec();
    coefficients.resize(1 << n_bits, 0);
    for k in 0..n_bits {
        for i in 0..coefficients.len() {
            if i >> k & 1 == 1 {
                coefficients[i] ^= coefficients[i ^ (1 << k)];
            }
        }
    }
    coefficients
}

/// How many index bits are multiplied in from outside: those with the fewest ANDs that add no level.
fn outer_bits(n_bits: usize, width: usize, objective: Objective) -> usize {
    let depth = monomial_depth;
    let cost = |outer: usize| {
        let products = width.saturating_mul((1 << outer) - 1);
        alone(outer) + alone(n_bits - outer) + products
    };
    let fits = |outer: &usize| {
        let (outer, inner) = (*outer, n_bits - *outer);
        objective == Objective::Size || outer == 0 || depth(outer).max(depth(inner)) < depth(n_bits)
    };
    (0..n_bits)
        .filter(fits)
        .min_by_key(|&outer| (cost(outer), depth(outer).max(depth(n_bits - outer))))
        .unwrap_or(0)
}

/// All products of subsets of `bits`, by the subset's mask: `2^k − k − 1` ANDs, `⌈log2 k⌉` levels.
fn monomials(b: &mut Builder, bits: &[Lit]) -> Vec<Lit> {
    match bits {
        [] => vec![Lit::TRUE],
        &[bit] => vec![Lit::TRUE, bit],
        _ => {
            let (low, high) = bits.split_at(bits.len() / 2);
            let (low, high) = (monomials(b, low), monomials(b, high));
            let mut out = Vec::with_capacity(low.len() * high.len());
            for &x in &high {
                out.extend(low.iter().map(|&y| b.and(x, y)));
            }
            out
        }
    }
}

/// For each of `n` values, whether `bits` spell it and `enable` holds.
fn decode(b: &mut Builder, bits: &[Lit], enable: Lit, n: usize, objective: Objective) -> Vec<Lit> {
    let all = 1usize << bits.len();
    if enable == Lit::TRUE && (objective != Objective::Size || n > all - bits.len()) {
        // Sums of the monomials above.
        let mut out = monomials(b, bits);
        for k in 0..bits.len() {
            for i in (0..all).filter(|i| i >> k & 1 == 0) {
                out[i] = b.xor(out[i], out[i | 1 << k]);
            }
        }
        out.truncate(n);
        return out;
    }
    match objective {
        Objective::Size => {
            // From the top bit down, only what exists: the two halves of a condition are one AND and one XOR.
            let mut out = vec![enable];
            for (k, &bit) in bits.iter().enumerate().rev() {
                let wanted = n.div_ceil(1 << k);
                let mut next = Vec::with_capacity(wanted);
                for &condition in &out {
                    let upper = b.and(condition, bit);
                    next.extend([b.xor(condition, upper), upper]);
                }
                next.truncate(wanted);
                out = next;
            }
            out
        }
        Objective::Balanced | Objective::Depth => {
            let (low, high) = bits.split_at(bits.len() - bits.len() / 2);
            let low = decode(b, low, Lit::TRUE, 1 << low.len(), objective);
            let mut high = decode(b, high, Lit::TRUE, n.div_ceil(low.len()), objective);
            for condition in &mut high {
                *condition = b.and(*condition, enable);
            }
            let mut out = Vec::with_capacity(n);
            for &x in &high {
                out.extend(low.iter().map(|&y| b.and(x, y)));
            }
            out.truncate(n);
            out
        }
    }
}

/// Bits of an index into `n` elements.
fn bits_for(n: usize) -> usize {
    n.max(1).next_power_of_two().trailing_zeros() as usize
}
