//! Half-gates one at a time over the `aes` crate: what the vector forms must equal.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use super::{Gates, Hash, SharedAnd, TABLE_LEN};
use crate::block::Label;

/// `H(x, t) = AES_{S ⊕ t}(σ(x)) ⊕ σ(x)` (CRYPTO 2020, section 7.2, with σ of section 7.1).
pub(super) fn hash(hash: Hash, x: Label, tweak: u64) -> Label {
    let high = x.0 >> 64;
    let sigma = ((high ^ (x.0 & u128::from(u64::MAX))) << 64) | high;
    let key = hash.start.0 ^ u128::from(tweak);
    let mut block = Array::from(sigma.to_le_bytes());
    Aes128::new(&Array::from(key.to_le_bytes())).encrypt_block(&mut block);
    Label(u128::from_le_bytes(block.into()) ^ sigma)
}

/// The operands and half gates of each gate, flips done.
fn each(gates: Gates<'_>) -> impl Iterator<Item = (Label, Label, u64)> + '_ {
    let [flip_a, flip_b] = gates.flip;
    let operands = gates.a.iter().zip(gates.b);
    operands
        .enumerate()
        .map(move |(i, (&a, &b))| (a ^ flip_a, b ^ flip_b, gates.first + 2 * i as u64))
}

/// Zahur, Rosulek, Evans, "Two halves make a whole" (EUROCRYPT 2015), figure 2, `GbAnd`.
pub(super) fn garble(
    key: Hash,
    delta: Label,
    gates: Gates<'_>,
    out: &mut [Label],
    tables: &mut [u8],
) {
    let results = out.iter_mut().zip(tables.chunks_exact_mut(TABLE_LEN));
    for ((a, b, t), (out, table)) in each(gates).zip(results) {
        let (ha0, ha1) = (hash(key, a, t), hash(key, a ^ delta, t));
        let (hb0, hb1) = (hash(key, b, t + 1), hash(key, b ^ delta, t + 1));
        let tg = ha0 ^ ha1 ^ delta.select(b.colour_mask());
        let wg = ha0 ^ tg.select(a.colour_mask());
        let te = hb0 ^ hb1 ^ a;
        let we = hb0 ^ (te ^ a).select(b.colour_mask());
        table[..16].copy_from_slice(&tg.to_bytes());
        table[16..].copy_from_slice(&te.to_bytes());
        *out = wg ^ we;
    }
}

/// The results of `garble` without the tables: the labels of even colour are hashed, since whichever operand has colour
/// 1 the table brings the result back to the same label, up to Δ where both have.
pub(super) fn zero_labels(key: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
    for ((a, b, t), out) in each(gates).zip(out) {
        let even = |l: Label| l ^ delta.select(l.colour_mask());
        *out = hash(key, even(a), t)
            ^ hash(key, even(b), t + 1)
            ^ delta.select(a.colour_mask()).select(b.colour_mask());
    }
}

/// The same paper, figure 2, `Ev`.
pub(super) fn evaluate(key: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
    let results = out.iter_mut().zip(tables.chunks_exact(TABLE_LEN));
    for ((a, b, t), (out, table)) in each(gates).zip(results) {
        let half = |bytes: &[u8]| {
            let mut label = [0; 16];
            label.copy_from_slice(bytes);
            Label::from_bytes(label)
        };
        let (tg, te) = (half(&table[..16]), half(&table[16..]));
        let left = hash(key, a, t) ^ tg.select(a.colour_mask());
        *out = left ^ hash(key, b, t + 1) ^ (te ^ a).select(b.colour_mask());
    }
}

/// One word at a time; the compiler makes vectors of it for whatever features its caller has.
#[inline(always)]
pub(super) fn shared_and(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
    let ([fa0, fa1], [fb0, fb1]) = (and.flip_a, and.flip_b);
    let a = and.a[0].iter().zip(and.a[1]);
    let b = and.b[0].iter().zip(and.b[1]);
    for ((z, m), ((a0, a1), (b0, b1))) in z.iter_mut().zip(minus).zip(a.zip(b)) {
        let (a0, a1, b0, b1) = (a0 ^ fa0, a1 ^ fa1, b0 ^ fb0, b1 ^ fb1);
        *z ^= m ^ (a0 & (b0 ^ b1)) ^ (a1 & b0);
    }
}

/// One word at a time, as above.
#[inline(always)]
pub(super) fn pair_and(
    and: SharedAnd<'_>,
    drawn: &[u64],
    rest: &mut [u64],
    [z0, z1]: [&mut [u64]; 2],
) {
    let ([fa0, fa1], [fb0, fb1]) = (and.flip_a, and.flip_b);
    let a = and.a[0].iter().zip(and.a[1]);
    let b = and.b[0].iter().zip(and.b[1]);
    let out = rest.iter_mut().zip(z0.iter_mut().zip(z1));
    for (((rest, (z0, z1)), drawn), ((a0, a1), (b0, b1))) in out.zip(drawn).zip(a.zip(b)) {
        *rest = drawn ^ ((a0 ^ fa0) & (b1 ^ fb1)) ^ ((a1 ^ fa1) & (b0 ^ fb0));
        *z0 ^= *rest;
        *z1 ^= drawn;
    }
}

/// One word at a time, as above.
#[inline(always)]
pub(super) fn xor(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
    for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
        *out = a ^ b ^ flip;
    }
}
