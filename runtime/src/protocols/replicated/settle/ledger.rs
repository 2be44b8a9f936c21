//! What is recorded of every AND until it is proven, and what others were told.
//!
//! Seven bits an AND: both components of both operands as they enter the gate, what this party knows of the next one's product, and what
//! the two keys gave. Lanes follow one another without gaps, so that how they were cut into blocks and words changes nothing.

use smpcc_circuit::settle::{CHUNK, Shape};
use zeroize::Zeroize;

use crate::bits::words_for;
use crate::error::Error;
use crate::hash::{Digest, Transcript, sha256};
use crate::protocols::levels::{Level, Wires};
use crate::session::SessionId;

use super::products::Carried;
use super::terms::{Chunk, Terms};

/// What is recorded, bit by bit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Components `me` and `me + 1` of the left operand.
    X0,
    X1,
    /// And of the right one.
    Y0,
    Y1,
    /// The next party's product without what components `me + 1` and its key `me + 1` add to it: what is left is what its other two
    /// products of components and its key `me + 2` add.
    T,
    /// What keys `me` and `me + 1` gave.
    A0,
    A1,
}

const ROWS: usize = 7;

/// ANDs that are proven together.
pub struct Recorded {
    rows: [Vec<u64>; ROWS],
    /// How many.
    pub ands: u64,
    /// The number of their proof in the run.
    pub number: u64,
}

impl Recorded {
    /// As many words as the shape says.
    pub fn row(&self, row: Row) -> &[u64] {
        &self.rows[row as usize]
    }

    /// The shape of their proof.
    pub fn shape(&self) -> Shape {
        Shape::of(self.ands)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.rows.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// The record of a run.
pub struct Ledger {
    rows: [Vec<u64>; ROWS],
    ands: usize,
    /// Products of integers, and what is known of one that goes on from proof to proof.
    pub terms: Terms,
    pub(super) carried: Carried,
    /// Hashes of what each party told this one in the clear.
    told: [Digest; 3],
    /// Whether something of that has not been compared.
    untold: bool,
    session: SessionId,
    /// Proofs so far, and those under way.
    proofs: u64,
    under_way: usize,
    /// Whether the proof has begun that closes what is sealed next: the last one about ANDs, after all that is sealed.
    closing: bool,
    /// Blocks that proofs about ANDs, and about products, have drawn.
    drawn: u64,
    drawn_products: u64,
    /// What was vouched for.
    vouched: u64,
}

impl Ledger {
    /// Of a session, with nothing in it.
    pub fn new(session: SessionId) -> Self {
        Self {
            rows: Default::default(),
            ands: 0,
            terms: Terms::default(),
            carried: Carried::default(),
            told: [sha256(&[]); 3],
            untold: false,
            session,
            proofs: 0,
            under_way: 0,
            closing: false,
            drawn: 0,
            drawn_products: 0,
            vouched: 0,
        }
    }

    /// The session, which every challenge depends on.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What a party told this one so far.
    pub fn told(&self, by: usize) -> Digest {
        self.told[by]
    }

    /// A party tells this one and the third the same in the clear.
    pub fn heard(&mut self, from: usize, bytes: &[u8]) {
        if let Some(told) = self.told.get_mut(from) {
            let mut next = Transcript::new("smpcc/rep3/told");
            next.digest(told).bytes(bytes);
            *told = next.finish();
        }
        self.untold = true;
    }

    /// The number of the next thing that is vouched for.
    pub fn next_vouch(&mut self) -> u64 {
        self.vouched += 1;
        self.vouched - 1
    }

    /// The first of so many numbers for a proof about ANDs.
    pub fn draw(&mut self, elements: usize) -> u64 {
        self.drawn += elements as u64;
        self.drawn - elements as u64
    }

    /// The first of so many numbers for a proof about products.
    pub fn draw_for_products(&mut self, blocks: usize) -> u64 {
        self.drawn_products += blocks as u64;
        self.drawn_products - blocks as u64
    }

    /// The products that are proven next, if it is time.
    pub fn take_terms(&mut self, all: bool) -> Option<Chunk> {
        let chunk = self.terms.take(all, || self.proofs)?;
        self.proofs += 1;
        self.under_way += 1;
        Some(chunk)
    }

    /// Records a level's ANDs; `drawn` is what both keys gave for each.
    pub fn ands(&mut self, level: &Level<'_>, wires: &Wires, drawn: &[u64]) {
        let (n, lanes) = (wires.stride(), wires.lanes());
        if n == 0 {
            return;
        }
        let mut buffer = vec![0; n];
        for (gate, drawn) in level.ands.iter().zip(drawn.chunks_exact(2 * n)) {
            let (x, y) = (wires.slot(gate.a.slot), wires.slot(gate.b.slot));
            let z = wires.slot(gate.out);
            let (plus, minus) = drawn.split_at(n);
            let flips = |pin| [0, 1].map(|part| level.flip(pin, part));
            let (flip_x, flip_y) = (flips(gate.a), flips(gate.b));
            let mut put = |row: Row, words: &mut dyn FnMut(usize) -> u64| {
                for (i, word) in buffer.iter_mut().enumerate() {
                    *word = words(i);
                }
                append(&mut self.rows[row as usize], self.ands, &buffer, lanes);
            };
            put(Row::X0, &mut |i| x[i] ^ flip_x[0]);
            put(Row::X1, &mut |i| x[n + i] ^ flip_x[1]);
            put(Row::Y0, &mut |i| y[i] ^ flip_y[0]);
            put(Row::Y1, &mut |i| y[n + i] ^ flip_y[1]);
            // z_{i+1} = x_{i+1} y_{i+1} ⊕ x_{i+1} y_{i+2} ⊕ x_{i+2} y_{i+1} ⊕ a_{i+1} ⊕ a_{i+2}.
            put(Row::T, &mut |i| {
                z[n + i] ^ (x[n + i] ^ flip_x[1]) & (y[n + i] ^ flip_y[1]) ^ minus[i]
            });
            put(Row::A0, &mut |i| plus[i]);
            put(Row::A1, &mut |i| minus[i]);
            self.ands += lanes;
        }
    }

    /// What is to be proven next: a chunk, if there is one; with `all`, once, what is left, or a word of nothing. In that one everything is
    /// compared that one party told the others: an earlier proof may have been under way when it was heard.
    pub fn take(&mut self, all: bool) -> Option<Recorded> {
        let chunk = CHUNK as usize;
        let ands = match self.ands {
            n if n >= chunk => chunk,
            n if all && !self.closing => {
                self.closing = true;
                n
            }
            _ => return None,
        };
        let shape = Shape::of(ands as u64);
        let mut rows: [Vec<u64>; ROWS] = Default::default();
        for (taken, row) in rows.iter_mut().zip(&mut self.rows) {
            // A chunk is a whole number of words; else it is all.
            let rest = row.split_off(words_for(ands));
            *taken = std::mem::replace(row, rest);
            taken.resize(shape.words, 0);
        }
        self.ands -= ands;
        self.under_way += 1;
        self.proofs += 1;
        Some(Recorded {
            rows,
            ands: ands as u64,
            number: self.proofs - 1,
        })
    }

    /// A proof has passed.
    pub fn passed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// All proofs that there were to be have passed.
    ///
    /// # Errors
    /// A bug: something is left.
    pub fn seal(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.closing) {
            self.untold = false;
        }
        self.expect_settled()
    }

    /// Whether something may be opened.
    ///
    /// # Errors
    /// A bug: it may not.
    pub fn expect_settled(&self) -> Result<(), Error> {
        if self.ands > 0 || self.terms.n() > 0 || self.under_way > 0 || self.untold {
            return Err(Error::bug("something is opened that was not proven"));
        }
        Ok(())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.rows.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Appends so many lanes after so many bits; bits of the last word beyond them are zero.
fn append(row: &mut Vec<u64>, at: usize, words: &[u64], lanes: usize) {
    let (shift, rest) = (at % 64, lanes % 64);
    let start = row.len();
    if shift == 0 {
        row.extend_from_slice(&words[..words_for(lanes)]);
        if let (Some(last), 1..) = (row[start..].last_mut(), rest) {
            *last &= (1 << rest) - 1;
        }
        return;
    }
    for (i, &word) in words[..words_for(lanes)].iter().enumerate() {
        let left = (lanes - 64 * i).min(64);
        let word = if left < 64 {
            word & ((1 << left) - 1)
        } else {
            word
        };
        if let Some(last) = row.last_mut() {
            *last |= word << shift;
        }
        if shift + left > 64 {
            row.push(word >> (64 - shift));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk that is proven meanwhile compares what was heard until then, and nothing later: before a seal there is always one more proof.
    #[test]
    fn what_is_heard_after_a_chunk_is_compared_before_the_seal() {
        let mut ledger = Ledger::new(SessionId([1; 32]));
        let words = words_for(CHUNK as usize);
        for n in [CHUNK as usize, 0, 5, 2 * CHUNK as usize] {
            ledger.rows = std::array::from_fn(|_| vec![0; words * (n / CHUNK as usize) + 1]);
            ledger.ands = n;
            let mut taken = Vec::new();
            let mut take = |ledger: &mut Ledger, all| {
                while let Some(recorded) = ledger.take(all) {
                    taken.push(recorded.ands);
                    ledger.passed();
                }
            };
            take(&mut ledger, false);
            ledger.heard(1, &[7]);
            assert!(ledger.expect_settled().is_err(), "{n}");
            take(&mut ledger, true);
            assert_eq!(taken.last(), Some(&(n as u64 % CHUNK)), "{taken:?}");
            assert_eq!(taken.iter().sum::<u64>(), n as u64);
            assert!(ledger.seal().is_ok() && ledger.expect_settled().is_ok());
            // Nobody asked: nothing was compared.
            ledger.heard(2, &[7]);
            assert!(ledger.seal().is_err());
            ledger.untold = false;
        }
    }

    #[test]
    fn lanes_follow_without_gaps() {
        let lanes = [1, 63, 64, 3, 130, 61, 64, 7, 200];
        let (mut row, mut bits) = (Vec::new(), Vec::new());
        for (i, &n) in lanes.iter().enumerate() {
            let words: Vec<u64> = (0..words_for(n) as u64)
                .map(|w| {
                    (w + 1)
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                        .rotate_left(i as u32)
                })
                .collect();
            append(&mut row, bits.len(), &words, n);
            bits.extend((0..n).map(|lane| words[lane / 64] >> (lane % 64) & 1));
            assert_eq!(row.len(), words_for(bits.len()));
        }
        bits.resize(64 * row.len(), 0);
        for (lane, bit) in bits.into_iter().enumerate() {
            assert_eq!(row[lane / 64] >> (lane % 64) & 1, bit, "{lane}");
        }
    }
}
