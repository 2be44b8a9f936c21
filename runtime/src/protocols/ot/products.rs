//! Shares of products of one party's factor with the other's, from random OTs: of bits, and of integers mod 2^k.
//!
//! - **Functionality**: the sender has a factor `a`, the receiver a factor `b`; they get shares whose sum is `a·b`. For bits `a` is random
//!   at the sender; `b` is random at the receiver or its own.
//! - **Adversary**: that of the OTs; semi-honest parties here.
//! - **Source**: bits: Asharov, Lindell, Schneider, Zohner, "More efficient oblivious transfer" (CCS 2013), section 5.1. Integers:
//!   Gilboa, "Two party RSA key generation" (CRYPTO 1999), section 4, with the lengths of Demmler, Schneider, Zohner, "ABY" (NDSS
//!   2015), section III-A.5.
//! - **Assumptions**: those of the OTs.
//! - **Cost**: an OT a bit, and the OTs' message; an integer mod 2^k takes k OTs, then `k(k+1)/2` bits from the sender
//!   ([`products_len`]).
//! - **Departures from the paper**: where a party must use one factor towards several others, the sender of bits corrects it, one bit each,
//!   and the receiver fixes its choices.
//! - **Leakage and failure**: lengths are checked; nothing else of what a peer sends can be told from what it should send.

use zeroize::{Zeroize, Zeroizing};

use super::random::{Receiver, Sender};
use crate::bits::words_for;
use crate::block::Label;
use crate::error::Error;
use crate::mask::Mask;
use crate::ring::{Element, Elements, for_width};
use crate::simd::columns::{colours, weigh_received, weigh_sent};

/// What the sender has of products of bits, 64 to a word; unspecified above the last. Wiped when dropped.
pub struct SentBits {
    /// Its random factors.
    pub factors: Vec<u64>,
    /// Its shares of the products.
    pub shares: Vec<u64>,
}

impl Drop for SentBits {
    fn drop(&mut self) {
        self.factors.zeroize();
        self.shares.zeroize();
    }
}

impl SentBits {
    /// Makes these the factors instead; what is returned, bit by bit, is for the receiver's [`ReceivedBits::correct`].
    pub fn replace_factors(&mut self, factors: &[u64]) -> Vec<u64> {
        let pairs = self.factors.iter_mut().zip(factors);
        pairs
            .map(|(random, own)| *own ^ std::mem::replace(random, *own))
            .collect()
    }
}

/// What the receiver has of products of bits, 64 to a word; unspecified above the last. Wiped when dropped.
pub struct ReceivedBits {
    /// Its factors.
    pub factors: Vec<u64>,
    /// Its shares of the products.
    pub shares: Vec<u64>,
}

impl Drop for ReceivedBits {
    fn drop(&mut self) {
        self.factors.zeroize();
        self.shares.zeroize();
    }
}

impl ReceivedBits {
    /// Follows the sender to its own factors: `(a ⊕ d)·b = a·b ⊕ d·b`.
    pub fn correct(&mut self, corrections: &[u64]) {
        let mine = self.shares.iter_mut().zip(&self.factors);
        for ((share, factor), d) in mine.zip(corrections) {
            *share ^= d & factor;
        }
    }
}

/// Shares of `n` products of bits, from the receiver's message.
pub fn send_bits<A>(
    ots: &mut Sender<A>,
    n: usize,
    fixed: bool,
    message: &[u8],
) -> Result<SentBits, Error> {
    let mut out = SentBits {
        factors: vec![0; words_for(n)],
        shares: vec![0; words_for(n)],
    };
    ots.answer(n, fixed, message, |chunk| {
        let words = chunk.at / 64..chunk.at / 64 + words_for(chunk.strings[0].len());
        let (factors, shares) = (&mut out.factors[words.clone()], &mut out.shares[words]);
        // a = m_0 ⊕ m_1, and the share is m_0; the receiver's is m_b = m_0 ⊕ a·b.
        colours(chunk.strings[0], shares);
        colours(chunk.strings[1], factors);
        factors.iter_mut().zip(shares).for_each(|(a, v)| *a ^= *v);
    })?;
    Ok(out)
}

/// Shares of `n` products of bits; appends the message for the sender. The receiver's factors are `factors`, or random.
pub fn receive_bits<A>(
    ots: &mut Receiver<A>,
    n: usize,
    factors: Option<&[u64]>,
    message: &mut Vec<u8>,
) -> Result<ReceivedBits, Error> {
    let mut out = ReceivedBits {
        factors: vec![0; words_for(n)],
        shares: vec![0; words_for(n)],
    };
    ots.ask(n, factors, message, |chunk| {
        let words = chunk.at / 64..chunk.at / 64 + words_for(chunk.strings.len());
        colours(chunk.strings, &mut out.shares[words.clone()]);
        let own = &mut out.factors[words];
        own.iter_mut().zip(chunk.choices).for_each(|(w, c)| *w = *c);
    })?;
    Ok(out)
}

/// Bytes of the sender's message for `n` products mod 2^`ring`.
pub const fn products_len(ring: u32, n: usize) -> usize {
    let k = ring as usize;
    (n * (k * (k + 1) / 2)).div_ceil(8)
}

/// OTs for `n` products mod 2^`ring`.
pub const fn products_ots(ring: u32, n: usize) -> usize {
    n * ring as usize
}

/// Where the corrections of a product are in the sender's message. The corrections of bits `t` and `k − t` have `k` bits together and
/// make one word; the correction of bit 0 is a word by itself; that of bit `k/2` is half a word, and all halves follow all words.
#[derive(Clone, Copy)]
struct Layout {
    ring: usize,
    n: usize,
}

impl Layout {
    const fn words(self) -> usize {
        self.ring.div_ceil(2)
    }

    /// The bit at which word `j` of product `p` starts.
    const fn word(self, p: usize, j: usize) -> usize {
        (p * self.words() + j) * self.ring
    }

    /// The bit at which the half word of product `p` starts, if there are half words.
    const fn half(self, p: usize) -> Option<usize> {
        if self.ring.is_multiple_of(2) {
            Some(self.n * self.words() * self.ring + p * (self.ring / 2))
        } else {
            None
        }
    }

    /// Writes a product's corrections, cut to their widths, to their places in a message of zeros.
    fn write<E: Weighed>(self, p: usize, tau: &[E], out: &mut [u8]) {
        let k = self.ring;
        for j in 0..self.words() {
            let mut word = tau[j].low((k - j) as u32);
            if j > 0 {
                word = word.add(tau[k - j].up(k - j)).low(k as u32);
            }
            put(out, self.word(p, j), k, word.word());
        }
        if let Some(at) = self.half(p) {
            put(out, at, k / 2, tau[k / 2].low(k as u32 / 2).word());
        }
    }

    /// Reads them; above their widths they are unspecified.
    fn read<E: Weighed>(self, p: usize, message: &[u8], tau: &mut [E]) {
        let k = self.ring;
        for j in 0..self.words() {
            let word = E::of(get(message, self.word(p, j), k));
            tau[j] = word;
            if j > 0 {
                tau[k - j] = word.down(k - j);
            }
        }
        if let Some(at) = self.half(p) {
            tau[k / 2] = E::of(get(message, at, k / 2));
        }
    }
}

/// The sums of a product bit by bit, with whatever instructions a word has for them.
trait Weighed: Element {
    /// `2^n` times.
    fn up(self, n: usize) -> Self;
    /// The part above `n` bits.
    fn down(self, n: usize) -> Self;
    /// Writes `m_0 − m_1 + factor` of each bit; gives `Σ 2^t m_0`.
    fn sent(first: &[Label], second: &[Label], factor: Self, corrections: &mut [Self]) -> Self;
    /// `Σ 2^t (m + b_t·correction)`.
    fn received(strings: &[Self], corrections: &[Self], factor: Self) -> Self;
}

impl Weighed for u64 {
    fn up(self, n: usize) -> Self {
        self << n
    }
    fn down(self, n: usize) -> Self {
        self >> n
    }
    fn sent(first: &[Label], second: &[Label], factor: Self, corrections: &mut [Self]) -> Self {
        weigh_sent(first, second, factor, corrections)
    }
    fn received(strings: &[Self], corrections: &[Self], factor: Self) -> Self {
        weigh_received(strings, corrections, factor)
    }
}

impl Weighed for u128 {
    fn up(self, n: usize) -> Self {
        self << n
    }
    fn down(self, n: usize) -> Self {
        self >> n
    }
    fn sent(first: &[Label], second: &[Label], factor: Self, corrections: &mut [Self]) -> Self {
        let strings = first.iter().zip(second).zip(corrections).enumerate();
        strings.fold(0, |sum: Self, (t, ((m0, m1), correction))| {
            *correction = m0.0.wrapping_sub(m1.0).wrapping_add(factor);
            sum.wrapping_add(m0.0 << t)
        })
    }
    fn received(strings: &[Self], corrections: &[Self], factor: Self) -> Self {
        let pairs = strings.iter().zip(corrections).enumerate();
        pairs.fold(0, |sum: Self, (t, (m, correction))| {
            let chosen = correction.select(Mask::lowest((factor >> t) as u64));
            sum.wrapping_add(m.wrapping_add(chosen) << t)
        })
    }
}

/// Adds `width` bits to zeros at bit `at`; nothing of `value` is above them.
fn put(out: &mut [u8], at: usize, width: usize, value: u128) {
    let bytes = value.to_le_bytes();
    let (first, shift) = (at / 8, at % 8);
    if shift == 0 && width.is_multiple_of(8) {
        out[first..first + width / 8].copy_from_slice(&bytes[..width / 8]);
        return;
    }
    let mut carry = 0;
    for (i, out) in out[first..]
        .iter_mut()
        .enumerate()
        .take((shift + width).div_ceil(8))
    {
        let byte = u16::from(bytes.get(i).copied().unwrap_or(0)) << shift | carry;
        *out |= byte as u8;
        carry = byte >> 8;
    }
}

/// `width` bits from bit `at` on; zeros beyond the end.
fn get(bytes: &[u8], at: usize, width: usize) -> u128 {
    let (first, shift) = (at / 8, at % 8);
    let rest = bytes.get(first..).unwrap_or_default();
    if shift == 0
        && width == 64
        && let Some(word) = rest.first_chunk()
    {
        return u64::from_le_bytes(*word).into();
    }
    let mut low = [0; 16];
    low.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let mut value = u128::from_le_bytes(low) >> shift;
    if shift > 0 {
        value |= u128::from(rest.get(16).copied().unwrap_or(0)) << (128 - shift);
    }
    value & smpcc_circuit::value::mask(width as u32)
}

/// Takes the receiver's message; appends [`products_len`] bytes for it and gives the sender's shares of its `factors` times the
/// receiver's.
pub fn send_products<A>(
    ots: &mut Sender<A>,
    ring: u32,
    factors: &Elements,
    fixed: bool,
    message: &[u8],
    reply: &mut Vec<u8>,
) -> Result<Elements, Error> {
    for_width!(ring, E => {
        let own = E::slice(factors).ok_or_else(wrong_ring)?;
        send_in::<A, E>(ots, ring, own, fixed, message, reply).map(E::wrap)
    })
}

fn wrong_ring() -> Error {
    Error::bug("factors of another ring")
}

fn send_in<A, E: Weighed>(
    ots: &mut Sender<A>,
    ring: u32,
    factors: &[E],
    fixed: bool,
    message: &[u8],
    reply: &mut Vec<u8>,
) -> Result<Vec<E>, Error> {
    let (k, n) = (ring as usize, factors.len());
    let layout = Layout { ring: k, n };
    let start = reply.len();
    reply.resize(start + products_len(ring, n), 0);
    let reply = &mut reply[start..];
    let mut shares = Vec::with_capacity(n);
    let mut tau = Zeroizing::new(vec![E::default(); k]);
    let mut product = |first: &[Label], second: &[Label]| {
        // τ_t = m_0 − m_1 + a mod 2^(k−t); the share is −Σ 2^t m_0.
        let p = shares.len();
        if let Some(factor) = factors.get(p) {
            let sum = E::sent(first, second, *factor, &mut tau);
            shares.push(E::default().sub(sum).low(ring));
            layout.write(p, &tau, reply);
        }
    };
    // Strings of a product that is not complete in its chunk.
    let mut begun = [0, 1].map(|_| Zeroizing::new(Vec::<Label>::with_capacity(k)));
    ots.answer(products_ots(ring, n), fixed, message, |chunk| {
        let [mut first, mut second] = chunk.strings;
        if !begun[0].is_empty() {
            let missing = (k - begun[0].len()).min(first.len());
            begun[0].extend_from_slice(&first[..missing]);
            begun[1].extend_from_slice(&second[..missing]);
            (first, second) = (&first[missing..], &second[missing..]);
            if begun[0].len() < k {
                return;
            }
            product(&begun[0], &begun[1]);
            begun.iter_mut().for_each(|b| b.clear());
        }
        let whole = first.len() / k * k;
        let products = first[..whole].chunks_exact(k).zip(second.chunks_exact(k));
        products.for_each(|(first, second)| product(first, second));
        begun[0].extend_from_slice(&first[whole..]);
        begun[1].extend_from_slice(&second[whole..]);
    })?;
    Ok(shares)
}

/// Products mod 2^k of which the sender's corrections are still missing.
pub struct Pending {
    ring: u32,
    factors: Elements,
    /// The chosen strings, cut to a word, product by product.
    strings: Elements,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.factors.zeroize();
        self.strings.zeroize();
    }
}

/// Begins `n` products mod 2^`ring` with the receiver's `factors`, or random ones; appends the message for the sender.
pub fn receive_products<A>(
    ots: &mut Receiver<A>,
    ring: u32,
    n: usize,
    factors: Option<&Elements>,
    message: &mut Vec<u8>,
) -> Result<Pending, Error> {
    let k = ring as usize;
    let n_ots = products_ots(ring, n);
    let fixed = factors.map(|factors| {
        let mut bytes = Zeroizing::new(vec![0; 8 * words_for(n_ots)]);
        for p in 0..n {
            put(&mut bytes, p * k, k, factors.get(p));
        }
        let words = bytes.as_chunks().0.iter();
        Zeroizing::new(words.map(|&w| u64::from_le_bytes(w)).collect::<Vec<u64>>())
    });
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 * words_for(n_ots)));
    let strings = for_width!(ring, E => {
        let mut strings: Vec<E> = Vec::with_capacity(n_ots);
        ots.ask(n_ots, fixed.as_deref().map(Vec::as_slice), message, |chunk| {
            strings.extend(chunk.strings.iter().map(|s| E::of(s.0)));
            let words = &chunk.choices[..words_for(chunk.strings.len())];
            bytes.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        })?;
        E::wrap(strings)
    });
    let factors = Elements::of_words(ring, (0..n).map(|p| get(&bytes, p * k, k)));
    Ok(Pending {
        ring,
        factors,
        strings,
    })
}

impl Pending {
    /// The receiver's factors.
    pub fn factors(&self) -> &Elements {
        &self.factors
    }

    /// Takes the sender's message; gives the receiver's factors and shares. `None` if the message has another length.
    pub fn finish(mut self, message: &[u8]) -> Option<(Elements, Elements)> {
        if message.len() != products_len(self.ring, self.factors.lanes()) {
            return None;
        }
        let factors = std::mem::replace(&mut self.factors, Elements::Narrow(Vec::new()));
        let shares = for_width!(self.ring, E => {
            let (b, m) = (E::slice(&factors)?, E::slice(&self.strings)?);
            E::wrap(finish_in::<E>(self.ring, b, m, message))
        });
        Some((factors, shares))
    }
}

fn finish_in<E: Weighed>(ring: u32, factors: &[E], strings: &[E], message: &[u8]) -> Vec<E> {
    let k = ring as usize;
    let layout = Layout {
        ring: k,
        n: factors.len(),
    };
    let mut tau = vec![E::default(); k];
    let lanes = factors.iter().zip(strings.chunks_exact(k)).enumerate();
    lanes
        .map(|(p, (b, strings))| {
            layout.read(p, message, &mut tau);
            // u_t = m_b + b_t·τ_t, with weight 2^t; what is above k − t bits falls out of the ring.
            E::received(strings, &tau, *b).low(ring)
        })
        .collect()
}
