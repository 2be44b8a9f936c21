//! Authenticated triples in batches: leaky products, compared and then added up in buckets that both parties draw.
//!
//! - **Functionality**: shared random bits x, y and xy.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: Katz, Ranellucci, Rosulek, Wang (CRYPTO 2018), sections 4 and 5; combining after Wang, Ranellucci, Katz, "Authenticated garbling
//!   and efficient maliciously secure two-party computation" (CCS 2017), section 4.2. Steps are named at the lines.
//! - **Assumptions**: those of `leaky`; SHA-256 is a random oracle, for commitments and comparisons.
//! - **Cost**: seven rounds; `smpcc_circuit::cost::batches`, about 110 bytes a triple from each party in large batches.
//! - **Departures from the paper**: a bucket has one product of each layer, at a place that is the same but for a shift of the layer: the chance
//!   that all products of some bucket leak is as small. Shifts come of a coin that is tossed after both parties have told everything
//!   about their products. What is compared and the first party's coin are committed to at once.
//! - **Leakage and failure**: a party that cheats in products learns which of them it was not caught for; of a triple it knows x with a chance
//!   of `batch^−(bucket − 1)` at most, 2^−48, whatever the batch's size (`smpcc_circuit::cost::bucket`).

use smpcc_circuit::cost::{Delay, bucket};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::bits::Rows;
use super::leaky::Products;
use super::pool::{Matrix, TRIPLE};
use super::{Authenticated, HASH, MAC, PARTS, out_of_step};
use crate::bits::{Packer, Unpacker};
use crate::block::Label;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript};
use crate::mask::Mask;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::{Machine, Outcome, Step, Stepped};
use crate::simd::columns::ROWS;

/// The party that commits before the other tells.
const COMMITS: usize = 1;

/// What a party adds to a coin.
type Coin = [u8; 32];

/// A batch on its way.
pub(super) struct MakeTriples {
    /// Which of the run's.
    number: u64,
    /// Triples.
    n: usize,
    /// Products for each.
    bucket: usize,
    tick: u32,
    rows: Rows,
    products: Option<Products>,
    lowest: Vec<u64>,
    /// Of what both parties should have alike.
    alike: Digest,
    /// This party's part of the coin, and what hides it as long as it should.
    coin: Coin,
    nonce: Zeroizing<Coin>,
    committed: [u8; HASH],
    differences: Option<Differences>,
}

impl MakeTriples {
    /// So many, with the next number.
    pub(super) fn new(suite: &mut Authenticated, n: u64) -> Self {
        Self {
            number: suite.numbers.take(1),
            n: n as usize,
            bucket: bucket(n) as usize,
            tick: 0,
            rows: Rows::default(),
            products: None,
            lowest: Vec::new(),
            alike: Digest([0; HASH]),
            coin: [0; 32],
            nonce: Zeroizing::new([0; 32]),
            committed: [0; HASH],
            differences: None,
        }
    }

    /// Products of the batch.
    fn leaky(&self) -> usize {
        self.n * self.bucket
    }

    fn transcript(&self, suite: &Authenticated, domain: &str) -> Transcript {
        let mut t = Transcript::new(domain);
        t.bytes(&suite.session).number(self.number);
        t
    }

    fn commitment(&self, suite: &Authenticated, coin: &Coin, nonce: &Coin) -> Digest {
        let mut t = self.transcript(suite, "smpcc/authenticated/commitment");
        t.number(COMMITS as u64).digest(&self.alike);
        t.bytes(coin).bytes(nonce);
        t.finish()
    }

    /// Takes the lowest bits of the other party's sums; then both parties know all d. Hashes what should be alike.
    fn compare(&mut self, suite: &Authenticated, message: &[u8]) -> Result<(), Error> {
        let mut d = vec![0; self.lowest.len()];
        Unpacker::new(message).pull(&mut d, self.leaky());
        d.iter_mut()
            .zip(&self.lowest)
            .for_each(|(d, own)| *d ^= own);
        let products = self.products.take().ok_or_else(out_of_step)?;
        let left = products.finish(suite, &mut self.rows, &d);
        let mut t = self.transcript(suite, "smpcc/authenticated/alike");
        t.words(left.iter().map(|label| label.0));
        self.alike = t.finish();
        Ok(())
    }

    /// Draws the buckets from both parts of the coin, and adds up what is to be opened of each.
    fn draw(&mut self, suite: &Authenticated, coins: [&Coin; 2]) {
        let mut t = self.transcript(suite, "smpcc/authenticated/buckets");
        t.bytes(coins[0]).bytes(coins[1]);
        let mut key = [0; 16];
        key.copy_from_slice(&t.finish().0[..16]);
        let prg = Prg::new(&PrgKey::from_bytes(key));
        let mut shifts = vec![0; self.bucket - 1];
        prg.fill_words(0, 0, &mut shifts);
        // Sizes are powers of two.
        let place = |shift: &u64| (*shift as usize) & (self.n - 1);
        let shifts = shifts.iter().map(place).collect();
        self.differences = Some(Differences::new(self, suite, shifts));
    }

    fn differences(&self) -> Result<&Differences, Error> {
        self.differences.as_ref().ok_or_else(out_of_step)
    }

    /// Sends this party's differences with a hash of their MACs; what else is said in the same piece comes first.
    fn tell(
        &self,
        suite: &Authenticated,
        wire: &mut Exchange<'_>,
        first: &[u8],
    ) -> Result<(), Error> {
        let differences = self.differences()?;
        let n = (self.bucket - 1) * self.n;
        wire.send(suite.other(), |out| {
            out.extend_from_slice(first);
            let mut packer = Packer::new(out);
            packer.push(&differences.mine, n);
            packer.finish();
            out.extend_from_slice(&differences.said.0);
        })
    }

    /// Bytes of it.
    fn told_len(&self) -> usize {
        ((self.bucket - 1) * self.n).div_ceil(8) + HASH
    }

    /// Takes the other party's.
    fn hear(&mut self, suite: &Authenticated, message: &[u8]) -> Result<(), Error> {
        let n = (self.bucket - 1) * self.n;
        let (bits, hash) = message.split_at(message.len().saturating_sub(HASH));
        let mut theirs = vec![0; n.div_ceil(64)];
        Unpacker::new(bits).pull(&mut theirs, n);
        let heard = self.differences()?.heard(self, suite, &theirs);
        if !bool::from(heard.0[..].ct_eq(hash)) {
            return Err(suite.fault("sent wrong bits of triples, or wrong MACs"));
        }
        if let Some(differences) = &mut self.differences {
            differences.opened.clone_from(&differences.mine);
            let opened = differences.opened.iter_mut();
            opened.zip(&theirs).for_each(|(o, t)| *o ^= t);
        }
        Ok(())
    }

    /// Adds up the products of each bucket: x = ⊕ x_l, y = y_0, z = z_0 ⊕ (z_l ⊕ d_l·x_l).
    fn combine(&self) -> Result<Matrix, Error> {
        let (n, leaky, rows) = (self.n, self.leaky(), &self.rows);
        let differences = self.differences()?;
        let mut matrix = Matrix::zeros(TRIPLE, n);
        // MACs and keys of x, y and z.
        let mut square = Zeroizing::new([[Label::ZERO; ROWS]; 6]);
        for block in 0..n / ROWS {
            let mut words = [[0; 2]; 3];
            for lane in 0..ROWS {
                let i = ROWS * block + lane;
                let bit = |at: usize| rows.bits[at / 64] >> (at % 64) & 1;
                let mut bits = [bit(i), bit(leaky + i), bit(2 * leaky + i)];
                for (part, sums) in [(0, 0), (1, 2), (2, 4)] {
                    square[sums][lane] = rows.macs[part * leaky + i];
                    square[sums + 1][lane] = rows.keys[part * leaky + i];
                }
                for layer in 1..self.bucket {
                    let at = differences.place(n, layer, i);
                    let z = 2 * leaky + at;
                    let d = Mask::at(&differences.opened, (layer - 1) * n + i);
                    bits[0] ^= bit(at);
                    bits[2] ^= bit(z) ^ bit(at) & d.word();
                    square[0][lane] ^= rows.macs[at];
                    square[1][lane] ^= rows.keys[at];
                    square[4][lane] ^= rows.macs[z] ^ rows.macs[at].select(d);
                    square[5][lane] ^= rows.keys[z] ^ rows.keys[at].select(d);
                }
                for (words, bit) in words.iter_mut().zip(bits) {
                    words[lane / 64] |= bit << (lane % 64);
                }
            }
            for (part, words) in words.iter().enumerate() {
                let first = part * PARTS;
                matrix.set(first, 2 * block, words[0]);
                matrix.set(first, 2 * block + 1, words[1]);
                matrix.set_rows(first + 1, block, &square[2 * part]);
                matrix.set_rows(first + 1 + MAC, block, &square[2 * part + 1]);
            }
        }
        Ok(matrix)
    }
}

/// What is opened of the buckets: the sum of the first product's y and each other's.
struct Differences {
    /// By layer after the first.
    shifts: Vec<usize>,
    /// This party's bits, layer by layer.
    mine: Vec<u64>,
    /// A hash of their MACs.
    said: Digest,
    opened: Vec<u64>,
}

impl Differences {
    fn new(batch: &MakeTriples, suite: &Authenticated, shifts: Vec<usize>) -> Self {
        let (n, y) = (batch.n, batch.leaky());
        let mut differences = Self {
            shifts,
            mine: vec![0; ((batch.bucket - 1) * n).div_ceil(64)],
            said: Digest([0; HASH]),
            opened: Vec::new(),
        };
        let rows = &batch.rows;
        let bit = |at: usize| rows.bits[at / 64] >> (at % 64) & 1;
        let mut mine = std::mem::take(&mut differences.mine);
        let macs = differences
            .pairs(batch)
            .enumerate()
            .map(|(i, (first, other))| {
                mine[i / 64] |= (bit(y + first) ^ bit(y + other)) << (i % 64);
                rows.macs[y + first] ^ rows.macs[y + other]
            });
        let said = hash_of(batch, suite, suite.me, macs);
        differences.said = said;
        differences.mine = mine;
        differences
    }

    /// Where the product of a layer in a bucket is.
    fn place(&self, n: usize, layer: usize, bucket: usize) -> usize {
        let shift = self.shifts.get(layer - 1).copied().unwrap_or(0);
        layer * n + ((bucket + shift) & (n - 1))
    }

    /// The products of each difference, in order.
    fn pairs(&self, batch: &MakeTriples) -> impl Iterator<Item = (usize, usize)> {
        let n = batch.n;
        (1..batch.bucket).flat_map(move |layer| (0..n).map(move |i| (i, self.place(n, layer, i))))
    }

    /// What the other party's hash should be if its bits are these.
    fn heard(&self, batch: &MakeTriples, suite: &Authenticated, theirs: &[u64]) -> Digest {
        let (y, delta) = (batch.leaky(), *suite.delta.whole);
        let keys = &batch.rows.keys;
        let macs = self.pairs(batch).enumerate().map(|(i, (first, other))| {
            keys[y + first] ^ keys[y + other] ^ delta.select(Mask::at(theirs, i))
        });
        hash_of(batch, suite, 1 - suite.me, macs)
    }
}

/// The hash of a party's MACs of differences.
fn hash_of(
    batch: &MakeTriples,
    suite: &Authenticated,
    whose: usize,
    macs: impl Iterator<Item = Label>,
) -> Digest {
    let mut t = batch.transcript(suite, "smpcc/authenticated/differences");
    t.number(whose as u64);
    let mut room = Zeroizing::new(Vec::with_capacity(ROWS));
    let mut macs = macs.map(|mac| mac.0);
    loop {
        room.clear();
        room.extend(macs.by_ref().take(ROWS));
        if room.is_empty() {
            return t.finish();
        }
        t.words(room.iter().copied());
    }
}

impl Machine<Authenticated> for MakeTriples {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        let (other, leaky) = (suite.other(), self.leaky());
        let commits = suite.me == COMMITS;
        match self.tick {
            // Authenticated bits x, y and r, checked before anything is made of them.
            0 => self.rows.ask(suite, wire, 3 * leaky)?,
            1 => {
                self.rows.answer(suite, wire, 3 * leaky)?;
                let mut products = Products::new(self.number, leaky);
                let rows = &self.rows;
                wire.send(other, |out| products.halves(suite, rows, out))?;
                self.products = Some(products);
                wire.expect(other, 16 * leaky)?;
            }
            2 => {
                let mut products = self.products.take().ok_or_else(out_of_step)?;
                self.lowest = products.sums(suite, &self.rows, wire.take(other, 16 * leaky)?);
                self.products = Some(products);
                let lowest = &self.lowest;
                wire.send(other, |out| {
                    let mut packer = Packer::new(out);
                    packer.push(lowest, leaky);
                    packer.finish();
                })?;
                wire.expect(other, leaky.div_ceil(8))?;
            }
            3 => {
                self.compare(suite, wire.take(other, leaky.div_ceil(8))?)?;
                // All that a party could cheat with is told: now the coin.
                OsEntropy.fill(&mut self.coin)?;
                OsEntropy.fill(&mut self.nonce[..])?;
                if commits {
                    let commitment = self.commitment(suite, &self.coin, &self.nonce);
                    wire.send(other, |out| out.extend_from_slice(&commitment.0))?;
                } else {
                    wire.expect(other, HASH)?;
                }
            }
            4 if commits => wire.expect(other, 2 * HASH)?,
            4 => {
                self.committed.copy_from_slice(wire.take(other, HASH)?);
                let said = [self.alike.0, self.coin].concat();
                wire.send(other, |out| out.extend_from_slice(&said))?;
            }
            5 if commits => {
                let said = wire.take(other, 2 * HASH)?;
                let (alike, coin) = said.split_at(HASH);
                if !bool::from(alike.ct_eq(&self.alike.0[..])) {
                    return Err(suite.fault("made products that are not what they should be"));
                }
                let mut theirs = [0; 32];
                theirs.copy_from_slice(coin);
                let mine = self.coin;
                self.draw(suite, [&theirs, &mine]);
                let opened = [self.coin, *self.nonce].concat();
                self.tell(suite, wire, &opened)?;
            }
            5 => wire.expect(other, 2 * HASH + self.told_len())?,
            6 if commits => wire.expect(other, self.told_len())?,
            6 => {
                let message = wire.take(other, 2 * HASH + self.told_len())?.to_vec();
                let (opened, told) = message.split_at(2 * HASH);
                let (mut coin, mut nonce) = ([0; 32], [0; 32]);
                coin.copy_from_slice(&opened[..32]);
                nonce.copy_from_slice(&opened[32..]);
                // The other party has committed to having the same, and to its part of the coin.
                let commitment = self.commitment(suite, &coin, &nonce);
                if !bool::from(commitment.0[..].ct_eq(&self.committed)) {
                    return Err(suite.fault("opened a commitment to something else"));
                }
                let mine = self.coin;
                self.draw(suite, [&mine, &coin]);
                self.tell(suite, wire, &[])?;
                self.hear(suite, told)?;
            }
            _ => {
                if commits {
                    let message = wire.take(other, self.told_len())?.to_vec();
                    self.hear(suite, &message)?;
                }
                suite.pools.triples.put(self.combine()?);
                let delay = Delay::Rounds(7);
                return Ok(Step::Done(Outcome::Values(Vec::new()), delay));
            }
        }
        self.tick += 1;
        Ok(Step::Waiting)
    }
}
