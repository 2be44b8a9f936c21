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
//!   about their products. What is compared and the first party's coin are committed to at once. Differences are opened with a hash of
//!   one weighted sum of their MACs (`weights`).
//! - **Leakage and failure**: a party that cheats in products learns which of them it was not caught for; of a triple it knows x with a chance
//!   of `batch^−(bucket − 1)` at most, 2^−48, whatever the batch's size (`smpcc_circuit::cost::bucket`).

use smpcc_circuit::cost::{Delay, bucket};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::bits::Rows;
use super::leaky::Products;
use super::pool::{Matrix, PIECE, Queue, TRIPLE};
use super::weights::Weights;
use super::{Authenticated, HASH, MAC, PARTS, out_of_step};
use crate::bits::{Packer, Unpacker};
use crate::block::Label;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript};
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::{Machine, Outcome, Step, Stepped};
use crate::simd::columns::{ROWS, add_chosen, add_chosen_rows};

/// The party that commits before the other tells.
const COMMITS: usize = 1;

/// Buckets that are added up at a time: a few rows of each stay in the second-level cache.
const BUCKETS: usize = 512;

// Batches are whole blocks of both sizes, and pieces are.
const _: () = assert!(BUCKETS.is_multiple_of(ROWS) && PIECE.is_multiple_of(BUCKETS));

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
            rows: suite.spare.take(),
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
        let heard = self.differences()?.hash(self, suite, 1 - suite.me, &theirs);
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
    fn combine(&self, to: &mut Queue) -> Result<(), Error> {
        for from in (0..self.n).step_by(PIECE) {
            to.put(self.combined(from, PIECE.min(self.n - from))?);
        }
        Ok(())
    }

    /// The same of consecutive buckets.
    fn combined(&self, from: usize, n_buckets: usize) -> Result<Matrix, Error> {
        let (n, leaky, rows) = (self.n, self.leaky(), &self.rows);
        let differences = self.differences()?;
        let mut matrix = Matrix::zeros(TRIPLE, n_buckets);
        let room = || Zeroizing::new(vec![Label::ZERO; BUCKETS.min(n)]);
        // MACs and keys of x, y and z, and of the x of a layer.
        let (mut sums, mut factors) = ([(); 3].map(|()| [room(), room()]), room());
        for at in (from..from + n_buckets).step_by(BUCKETS) {
            let len = BUCKETS.min(from + n_buckets - at);
            let words = at / 64..(at + len) / 64;
            for (part, sums) in sums.iter_mut().enumerate() {
                let rows_from = part * leaky + at;
                for (sums, of) in sums.iter_mut().zip([&rows.macs, &rows.keys]) {
                    sums[..len].copy_from_slice(&of[rows_from..rows_from + len]);
                }
                for word in words.clone() {
                    let bits = rows.bits[part * leaky / 64 + word];
                    matrix.set(part * PARTS, word - from / 64, bits);
                }
            }
            for layer in 1..self.bucket {
                let place = differences.layer(n, layer);
                let d = &differences.opened[((layer - 1) * n + at) / 64..];
                let [x, _, z] = &mut sums;
                for (of, (x, z)) in [&rows.macs, &rows.keys]
                    .into_iter()
                    .zip(x.iter_mut().zip(z))
                {
                    let (x, z) = (&mut x[..len], &mut z[..len]);
                    let factors = &mut factors[..len];
                    factors.fill(Label::ZERO);
                    place.add(of, at, factors);
                    x.iter_mut().zip(factors.iter()).for_each(|(x, f)| *x ^= *f);
                    place.add(&of[2 * leaky..], at, z);
                    add_chosen_rows(z, factors, d);
                }
                for (word, d) in words.clone().zip(d) {
                    let x = place.word(&rows.bits, word);
                    let z = place.word(&rows.bits[2 * leaky / 64..], word);
                    matrix.add(0, word - from / 64, x);
                    matrix.add(2 * PARTS, word - from / 64, z ^ x & d);
                }
            }
            for (part, [macs, keys]) in sums.iter().enumerate() {
                let (first, block) = (part * PARTS, (at - from) / ROWS);
                matrix.set_rows(first + 1, block, &macs[..len]);
                matrix.set_rows(first + 1 + MAC, block, &keys[..len]);
            }
        }
        Ok(matrix)
    }
}

/// The products of a layer, in the order of the buckets that they are in.
#[derive(Clone, Copy)]
struct Layer {
    /// Products of a layer, a power of two.
    n: usize,
    /// The place of its first product among those of all layers.
    first: usize,
    shift: usize,
}

impl Layer {
    /// Adds rows of the buckets from `at` on, of rows of all products.
    fn add(self, rows: &[Label], at: usize, to: &mut [Label]) {
        let layer = &rows[self.first..self.first + self.n];
        let start = (at + self.shift) & (self.n - 1);
        let in_turn = layer[start..].iter().chain(&layer[..start]);
        for (to, row) in to.iter_mut().zip(in_turn) {
            *to ^= *row;
        }
    }

    /// The same of 64 bits, of which word `at` is meant.
    fn word(self, bits: &[u64], at: usize) -> u64 {
        let layer = &bits[self.first / 64..][..self.n / 64];
        let start = (64 * at + self.shift) & (self.n - 1);
        let (word, bit) = (start / 64, start % 64);
        // In two steps, since there is no shift by 64.
        layer[word] >> bit | layer[(word + 1) & (layer.len() - 1)] << 1 << (63 - bit)
    }
}

/// What is opened of the buckets: the sum of the first product's y and each other's.
struct Differences {
    /// By layer after the first.
    shifts: Vec<usize>,
    /// This party's bits, layer by layer.
    mine: Vec<u64>,
    /// A hash of what speaks for them.
    said: Digest,
    opened: Vec<u64>,
}

impl Differences {
    fn new(batch: &MakeTriples, suite: &Authenticated, shifts: Vec<usize>) -> Self {
        let (n, y) = (batch.n, batch.leaky() / 64);
        let mut differences = Self {
            shifts,
            mine: Vec::with_capacity((batch.bucket - 1) * n / 64),
            said: Digest([0; HASH]),
            opened: Vec::new(),
        };
        let bits = &batch.rows.bits[y..];
        for layer in 1..batch.bucket {
            let place = differences.layer(n, layer);
            let words = (0..n / 64).map(|at| bits[at] ^ place.word(bits, at));
            differences.mine.extend(words);
        }
        let said = differences.hash(batch, suite, suite.me, &differences.mine);
        differences.said = said;
        differences
    }

    fn layer(&self, n: usize, layer: usize) -> Layer {
        Layer {
            n,
            first: layer * n,
            shift: self.shifts.get(layer - 1).copied().unwrap_or(0),
        }
    }

    /// The hash of what speaks for a party's differences if they are these: a weighted sum of their MACs, as this party has them or as its
    /// keys say (`weights`).
    fn hash(
        &self,
        batch: &MakeTriples,
        suite: &Authenticated,
        whose: usize,
        bits: &[u64],
    ) -> Digest {
        let mut t = batch.transcript(suite, "smpcc/authenticated/differences");
        t.number(whose as u64).words64(bits);
        let weights = Weights::new(t);
        let (n, y) = (batch.n, batch.leaky());
        let mine = whose == suite.me;
        let rows = match mine {
            true => &batch.rows.macs[y..],
            false => &batch.rows.keys[y..],
        };
        let mut room = Zeroizing::new(vec![Label::ZERO; BUCKETS.min(n)]);
        let mut sum = 0;
        for (layer, bits) in (1..batch.bucket).zip(bits.chunks(n / 64)) {
            let place = self.layer(n, layer);
            for at in (0..n).step_by(BUCKETS) {
                let room = &mut room[..BUCKETS.min(n - at)];
                room.copy_from_slice(&rows[at..at + room.len()]);
                place.add(rows, at, room);
                if !mine {
                    add_chosen(room, *suite.delta.whole, &bits[at / 64..]);
                }
                let first = (layer - 1) * n + at;
                sum ^= weights.of_rows_from(first, room.iter().copied());
            }
        }
        let mut t = batch.transcript(suite, "smpcc/authenticated/sum of differences");
        t.number(whose as u64).bytes(&sum.to_le_bytes());
        t.finish()
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
                self.combine(&mut suite.pools.triples)?;
                suite.spare = std::mem::take(&mut self.rows);
                let delay = Delay::Rounds(7);
                return Ok(Step::Done(Outcome::Values(Vec::new()), delay));
            }
        }
        self.tick += 1;
        Ok(Step::Waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::Builder;
    use crate::local;
    use crate::net::{Mesh, Options, memory};
    use crate::party::PartyNames;
    use crate::session::Session;
    use smpcc_circuit::program::{Suite, Threat};
    use smpcc_circuit::verify::verify;

    /// A batch whose products are made, of which one in each layer has an x of one.
    fn marked(n: usize, bucket: usize) -> MakeTriples {
        let leaky = n * bucket;
        let mut rows = Rows::default();
        rows.bits.resize(3 * leaky / 64, 0);
        rows.macs.resize(3 * leaky, Label::ZERO);
        rows.keys.resize(3 * leaky, Label::ZERO);
        for layer in 0..bucket {
            let at = layer * n + (5 + 37 * layer) % n;
            rows.bits[at / 64] |= 1 << (at % 64);
        }
        MakeTriples {
            number: 0,
            n,
            bucket,
            tick: 0,
            rows,
            products: None,
            lowest: Vec::new(),
            alike: Digest([0; HASH]),
            coin: [0; 32],
            nonce: Zeroizing::new([0; 32]),
            committed: [0; HASH],
            differences: None,
        }
    }

    /// Of products that a party knows, one in each layer, all fall into one bucket as often as the bound says, `batch^−(bucket − 1)`: here
    /// once in 128 times. What is combined has the marks that its bucket has.
    #[test]
    fn known_products_meet_as_seldom_as_they_should() {
        const COINS: u32 = 8192;
        let (n, bucket) = (128, 2);
        let mut b = Builder::new(Suite::TwoParty, 2, 1);
        b.program.threat = Threat::Malicious;
        let program = verify(b.program.clone()).unwrap_or_else(|e| panic!("{e}"));
        let links = memory::links(2).unwrap_or_else(|e| panic!("{e}"));
        let results = local::threads(links, |links| {
            let mesh = Mesh::new(links, PartyNames::plain(2), Options::default())?;
            let session = Session::local(mesh, [7; 32]);
            let mut suite = Authenticated::new(&program, &session)?;
            let mut batch = marked(n, bucket);
            let mut met = 0;
            for i in 0..COINS {
                let mut coin = [7; 32];
                coin[..4].copy_from_slice(&i.to_le_bytes());
                batch.draw(&suite, [&coin, &[9; 32]]);
                if let Some(differences) = &mut batch.differences {
                    differences.opened = vec![0; n / 64];
                }
                batch.combine(&mut suite.pools.triples)?;
                let mut parts = vec![0; PARTS * n / 64];
                let run = suite.pools.triples.take(n / 64)?;
                run.read(0, 0, n, &mut parts);
                // Two marks in one bucket are none of their sum.
                let marks: u32 = parts[..n / 64].iter().map(|w| w.count_ones()).sum();
                assert!(marks == 0 || marks == 2, "{marks}");
                met += u32::from(marks == 0);
            }
            Ok::<u32, Error>(met)
        });
        for met in results {
            let met = met.unwrap_or_else(|e| panic!("{e}"));
            // 64 are expected, give or take 8.
            assert!((32..96).contains(&met), "{met} of {COINS}");
        }
    }
}
