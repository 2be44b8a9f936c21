//! Products of authenticated bits, of which a cheating party may learn one factor at the risk of being caught.
//!
//! - **Functionality**: from shared bits x, y, r a shared z = xy. A corrupt party may guess a bit of x: if it guesses wrong, the other stops.
//! - **Adversary**: malicious, either party, with abort, once what each party ends with has been compared.
//! - **Source**: Katz, Ranellucci, Rosulek, Wang (CRYPTO 2018, ePrint 2018/578), section 5, the protocol for leaky authenticated ANDs; its
//!   figure's steps are named at the lines.
//! - **Assumptions**: the hash, `π(π(x) ⊕ t) ⊕ π(x)` with AES as π (Guo, Katz, Wang, Yu, S&P 2020), is tweakable circular correlation robust.
//! - **Cost**: 16 bytes and a bit from each party.
//! - **Departures from the paper**: that the lowest bits of the parties' keys differ is not checked by itself: were they alike, then what the
//!   parties compare would be unlike for each product whose masked value is one, that is with a chance of one half each.
//! - **Leakage and failure**: see above; what is told besides is masked by what the other party knows one half of.
//!
//! With `S_p` as below, `S_0 ⊕ S_1 = d·(Δ_0 ⊕ Δ_1)` with `d = xy ⊕ r`, and as the lowest bit of `Δ_0 ⊕ Δ_1` is one, the lowest bits of both
//! tell `d`. So `S_p ⊕ d·Δ_p` is the same at both parties.

use zeroize::Zeroizing;

use super::bits::Rows;
use super::{Authenticated, CONSTANT};
use crate::block::{Label, write_labels};
use crate::mask::Mask;
use crate::protocols::ot::Context;
use crate::simd::columns::Cipher;

/// What is hashed under one key, at most, as in `ot::random`.
const TARGETS: usize = 2048;

/// Bits of a number that tell the products of a batch apart.
const BATCH_BITS: u32 = 24;

/// Hashes of MACs and keys with one Δ: all keys of the cipher are public and nobody's choice.
pub(super) struct Hashes(Cipher);

impl Hashes {
    pub(super) fn new(context: &Context) -> Self {
        Self(Cipher::new(&context.key("smpcc/authenticated/hash keys")))
    }

    /// Hashes consecutive products' strings in place, [`TARGETS`] at most and from a multiple of it on.
    fn hash(&self, batch: u64, at: usize, strings: &mut [Label]) {
        let number = batch << BATCH_BITS | at as u64;
        let mut key = [Label::ZERO];
        self.0.counter(0, number, &mut key);
        Cipher::new(&key[0].to_bytes()).tmmo(number, strings);
    }
}

/// Products on their way: `n` of them, whose rows have all x, then all y, then all r.
pub(super) struct Products {
    n: usize,
    batch: u64,
    /// S, as far as it is there.
    sums: Zeroizing<Vec<Label>>,
}

impl Products {
    pub(super) fn new(batch: u64, n: usize) -> Self {
        debug_assert!(n < 1 << BATCH_BITS);
        let sums = Zeroizing::new(vec![Label::ZERO; n]);
        Self { n, batch, sums }
    }

    /// `C_p = y_p·Δ_p ⊕ K_p[y] ⊕ M_p[y]`.
    fn c(&self, rows: &Rows, delta: Label, i: usize) -> Label {
        let y = self.n + i;
        delta.select(Mask::at(&rows.bits, y)) ^ rows.keys[y] ^ rows.macs[y]
    }

    /// Appends `G_p = H(K_p[x]) ⊕ H(K_p[x] ⊕ Δ_p) ⊕ C_p` of each product.
    pub(super) fn halves(&mut self, suite: &Authenticated, rows: &Rows, out: &mut Vec<u8>) {
        let delta = *suite.delta.whole;
        let hashes = &suite.ends.hashes[suite.me];
        let mut other = Zeroizing::new(vec![Label::ZERO; TARGETS.min(self.n)]);
        for at in (0..self.n).step_by(TARGETS) {
            let n = TARGETS.min(self.n - at);
            let (own, other) = (&mut self.sums[at..at + n], &mut other[..n]);
            own.copy_from_slice(&rows.keys[at..at + n]);
            other
                .iter_mut()
                .zip(own.iter())
                .for_each(|(o, k)| *o = *k ^ delta);
            hashes.hash(self.batch, at, own);
            hashes.hash(self.batch, at, other);
            for (i, other) in other.iter_mut().enumerate() {
                *other ^= self.sums[at + i] ^ self.c(rows, delta, at + i);
            }
            write_labels(other.iter().copied(), out);
        }
    }

    /// From the other party's G: `E_p = H(M_p[x]) ⊕ x_p·G_q` and
    /// `S_p = H(K_p[x]) ⊕ E_p ⊕ x_p·C_p ⊕ K_p[r] ⊕ M_p[r] ⊕ r_p·Δ_p`. Their lowest bits, 64 to a word.
    pub(super) fn sums(&mut self, suite: &Authenticated, rows: &Rows, halves: &[u8]) -> Vec<u64> {
        let delta = *suite.delta.whole;
        let hashes = &suite.ends.hashes[1 - suite.me];
        let (halves, _) = halves.as_chunks::<16>();
        let mut hashed = Zeroizing::new(vec![Label::ZERO; TARGETS.min(self.n)]);
        let mut lowest = vec![0; self.n.div_ceil(64)];
        for at in (0..self.n).step_by(TARGETS) {
            let n = TARGETS.min(self.n - at);
            let hashed = &mut hashed[..n];
            hashed.copy_from_slice(&rows.macs[at..at + n]);
            hashes.hash(self.batch, at, hashed);
            for (j, (hash, half)) in hashed.iter().zip(&halves[at..at + n]).enumerate() {
                let i = at + j;
                let x = Mask::at(&rows.bits, i);
                let r = 2 * self.n + i;
                let chosen = (Label::from_bytes(*half) ^ self.c(rows, delta, i)).select(x);
                let masked = rows.keys[r] ^ rows.macs[r] ^ delta.select(Mask::at(&rows.bits, r));
                self.sums[i] ^= *hash ^ chosen ^ masked;
                lowest[i / 64] |= self.sums[i].colour() << (i % 64);
            }
        }
        lowest
    }

    /// From d of all products: r becomes z = r ⊕ d, and what is left is `S_p ⊕ d·Δ_p`, which both parties should have alike.
    pub(super) fn finish(
        mut self,
        suite: &Authenticated,
        rows: &mut Rows,
        d: &[u64],
    ) -> Zeroizing<Vec<Label>> {
        let delta = *suite.delta.whole;
        for (i, sum) in self.sums.iter_mut().enumerate() {
            let (d, r) = (Mask::at(d, i), 2 * self.n + i);
            *sum ^= delta.select(d);
            // A public bit is added at one party to its bit, at the other to its key.
            if suite.me == CONSTANT {
                rows.bits[r / 64] ^= (d.word() & 1) << (r % 64);
            } else {
                rows.keys[r] ^= delta.select(d);
            }
        }
        self.sums
    }
}
