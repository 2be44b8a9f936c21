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
use crate::block::{LABEL_LEN, Label};
use crate::protocols::ot::Context;
use crate::simd::columns::{Cipher, add_chosen, add_chosen_rows};

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

/// Products on their way: `n` of them, a multiple of 64, whose rows have all x, then all y, then all r.
pub(super) struct Products {
    n: usize,
    batch: u64,
    /// S, as far as it is there.
    sums: Zeroizing<Vec<Label>>,
}

impl Products {
    pub(super) fn new(batch: u64, n: usize) -> Self {
        debug_assert!(n < 1 << BATCH_BITS && n.is_multiple_of(64));
        let sums = Zeroizing::new(vec![Label::ZERO; n]);
        Self { n, batch, sums }
    }

    /// The blocks in which products are computed: first and number.
    fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let n = self.n;
        (0..n)
            .step_by(TARGETS)
            .map(move |at| (at, TARGETS.min(n - at)))
    }

    /// `b·Δ_p ⊕ K_p[b] ⊕ M_p[b]` of a block's bits, the first of which stands at `from`, a multiple of 64.
    fn own(rows: &Rows, delta: Label, from: usize, out: &mut [Label]) {
        let (keys, macs) = (&rows.keys[from..], &rows.macs[from..]);
        for (out, (key, mac)) in out.iter_mut().zip(keys.iter().zip(macs)) {
            *out = *key ^ *mac;
        }
        add_chosen(out, delta, &rows.bits[from / 64..]);
    }

    /// Appends `G_p = H(K_p[x]) ⊕ H(K_p[x] ⊕ Δ_p) ⊕ C_p` of each product, with `C_p = y_p·Δ_p ⊕ K_p[y] ⊕ M_p[y]`.
    pub(super) fn halves(&mut self, suite: &Authenticated, rows: &Rows, out: &mut Vec<u8>) {
        let delta = *suite.delta.whole;
        let hashes = &suite.ends.hashes[suite.me];
        let room = || Zeroizing::new(vec![Label::ZERO; TARGETS.min(self.n)]);
        let (mut other, mut c) = (room(), room());
        let mut halves = vec![[0; LABEL_LEN]; TARGETS.min(self.n)];
        out.reserve(LABEL_LEN * self.n);
        for (at, n) in self.blocks() {
            let (own, other, c) = (&mut self.sums[at..at + n], &mut other[..n], &mut c[..n]);
            own.copy_from_slice(&rows.keys[at..at + n]);
            for (other, key) in other.iter_mut().zip(own.iter()) {
                *other = *key ^ delta;
            }
            hashes.hash(self.batch, at, own);
            hashes.hash(self.batch, at, other);
            Self::own(rows, delta, self.n + at, c);
            let both = own.iter().zip(other.iter()).zip(c.iter());
            for (half, ((own, other), c)) in halves.iter_mut().zip(both) {
                *half = (*own ^ *other ^ *c).to_bytes();
            }
            out.extend_from_slice(halves[..n].as_flattened());
        }
    }

    /// From the other party's G: `E_p = H(M_p[x]) ⊕ x_p·G_q` and
    /// `S_p = H(K_p[x]) ⊕ E_p ⊕ x_p·C_p ⊕ K_p[r] ⊕ M_p[r] ⊕ r_p·Δ_p`. Their lowest bits, 64 to a word.
    pub(super) fn sums(&mut self, suite: &Authenticated, rows: &Rows, halves: &[u8]) -> Vec<u64> {
        let delta = *suite.delta.whole;
        let hashes = &suite.ends.hashes[1 - suite.me];
        let (halves, _) = halves.as_chunks::<LABEL_LEN>();
        let room = || Zeroizing::new(vec![Label::ZERO; TARGETS.min(self.n)]);
        let (mut hashed, mut chosen, mut masks) = (room(), room(), room());
        let mut lowest = vec![0; self.n.div_ceil(64)];
        for (at, n) in self.blocks() {
            let (hashed, chosen) = (&mut hashed[..n], &mut chosen[..n]);
            hashed.copy_from_slice(&rows.macs[at..at + n]);
            hashes.hash(self.batch, at, hashed);
            Self::own(rows, delta, self.n + at, chosen);
            for (chosen, half) in chosen.iter_mut().zip(&halves[at..]) {
                *chosen ^= Label::from_bytes(*half);
            }
            add_chosen_rows(hashed, chosen, &rows.bits[at / 64..]);
            let masks = &mut masks[..n];
            Self::own(rows, delta, 2 * self.n + at, masks);
            let sums = &mut self.sums[at..at + n];
            for (sum, (hash, mask)) in sums.iter_mut().zip(hashed.iter().zip(masks.iter())) {
                *sum ^= *hash ^ *mask;
            }
            for (word, sums) in lowest[at / 64..].iter_mut().zip(sums.chunks(64)) {
                let bits = sums.iter().enumerate();
                *word = bits.fold(0, |word, (i, sum)| word | sum.colour() << i);
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
        add_chosen(&mut self.sums, delta, d);
        // A public bit is added at one party to its bit, at the other to its key.
        if suite.me == CONSTANT {
            let bits = rows.bits[2 * self.n / 64..].iter_mut();
            bits.zip(d).for_each(|(r, d)| *r ^= d);
        } else {
            add_chosen(&mut rows.keys[2 * self.n..], delta, d);
        }
        self.sums
    }
}
