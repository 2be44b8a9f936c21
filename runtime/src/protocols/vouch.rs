//! A second party vouches for what a first one sends to a third: it knows the same bytes, and says a hash of them.
//!
//! The hash is a polynomial whose coefficients are the bytes, sixteen at a time, at a point of GF(2^128). Receiver and voucher draw the
//! point from their key for one sequence of bytes alone; the sender does not know it, so that other bytes of the same length have the same
//! hash with a chance of one in 2^128 for each block. Nothing is assumed but that points look random.

use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroize;

use crate::block::Label;
use crate::prg::Prg;
use crate::simd::field::{Field, dot, mul};

/// Bytes of a hash.
pub const HASH: usize = 16;

/// Coefficients that are taken at once, where there are as many.
const RUN: usize = 64;

/// A polynomial at a secret point, coefficient by coefficient.
pub struct Polynomial {
    point: Field,
    value: Field,
    /// Of the point, from the highest: where a run was ever taken.
    powers: Option<Box<[Field; RUN]>>,
}

impl Polynomial {
    /// At a point that nothing else draws.
    pub fn at(key: &Prg, stream: u64, number: u64) -> Self {
        let point = Field::from_le_bytes(key.block(stream, number));
        // One more coefficient, so that there are no bytes whose hash does not hang on the point.
        Self {
            point,
            value: point,
            powers: None,
        }
    }

    /// Goes on with these bytes. Both sides cut them alike.
    pub fn absorb(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<HASH>();
        let (runs, single) = blocks.as_chunks::<RUN>();
        let run = |run: &[[u8; HASH]; RUN]| self.absorb_run(run.map(Field::from_le_bytes));
        runs.iter().for_each(run);
        for block in single {
            self.value = mul(self.value ^ Field::from_le_bytes(*block), self.point);
        }
        if !rest.is_empty() {
            let mut coefficient = [0; HASH];
            coefficient[..rest.len()].copy_from_slice(rest);
            self.value = mul(self.value ^ Field::from_le_bytes(coefficient), self.point);
        }
    }

    /// Goes on with labels, as with their bytes.
    pub fn absorb_labels(&mut self, labels: &[Label]) {
        let (runs, single) = labels.as_chunks::<RUN>();
        runs.iter()
            .for_each(|run| self.absorb_run(run.map(|l| l.0)));
        for label in single {
            self.value = mul(self.value ^ label.0, self.point);
        }
    }

    /// Goes on with a run: a sum of products with powers of the point.
    fn absorb_run(&mut self, mut coefficients: [Field; RUN]) {
        let point = self.point;
        let powers = self.powers.get_or_insert_with(|| {
            let mut powers = Box::new([point; RUN]);
            for i in (0..RUN - 1).rev() {
                powers[i] = mul(powers[i + 1], point);
            }
            powers
        });
        coefficients[0] ^= self.value;
        self.value = dot(&coefficients, &powers[..]);
    }

    /// The hash so far.
    pub const fn said(&self) -> [u8; HASH] {
        self.value.to_le_bytes()
    }
}

/// The hash of a sequence at a point that serves for all sequences that one party says to another. Whoever else sends other bytes does
/// not get to know more of it than that they were noticed.
pub struct Point {
    /// From the highest.
    powers: Box<[Field; RUN]>,
    /// Sequences that it has served for.
    said: AtomicU64,
}

/// Of a sequence that has no number yet.
#[derive(Clone, Copy)]
pub struct Hash {
    value: Field,
    direction: usize,
}

/// Of the same bytes, as one party says it and as it hears it from the other.
#[derive(Clone, Copy)]
pub struct Both {
    pub said: Hash,
    pub heard: Hash,
}

impl Point {
    /// A point that nothing else draws.
    pub fn new(key: &Prg, stream: u64, number: u64) -> Self {
        let point = Field::from_le_bytes(key.block(stream, number));
        let mut powers = Box::new([point; RUN]);
        for i in (0..RUN - 1).rev() {
            powers[i] = mul(powers[i + 1], point);
        }
        let said = AtomicU64::new(0);
        Self { powers, said }
    }

    fn point(&self) -> Field {
        let [.., point] = *self.powers;
        point
    }

    /// Of all bytes of a sequence.
    pub fn hash(&self, bytes: &[u8]) -> Field {
        let mut value = self.point();
        let mut coefficients = [0; RUN];
        let (blocks, rest) = bytes.as_chunks::<HASH>();
        for run in blocks.chunks(RUN) {
            let coefficients = &mut coefficients[..run.len()];
            for (to, block) in coefficients.iter_mut().zip(run) {
                *to = Field::from_le_bytes(*block);
            }
            coefficients[0] ^= value;
            value = dot(coefficients, &self.powers[RUN - run.len()..]);
        }
        if !rest.is_empty() {
            let mut last = [0; HASH];
            last[..rest.len()].copy_from_slice(rest);
            value = mul(value ^ Field::from_le_bytes(last), self.point());
        }
        value
    }

    /// A hash as it is said: with the sequence's number as the last coefficient, so that no two sequences have one hash.
    pub fn numbered(&self, hash: Field) -> [u8; HASH] {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        mul(hash ^ Field::from(number), self.point()).to_le_bytes()
    }
}

/// The points of two parties: at which one hashes what it says, and the other what that one says.
pub struct Points([Point; 2]);

impl Points {
    /// For what a party says and for what it hears.
    pub fn new(said: Point, heard: Point) -> Self {
        Self([said, heard])
    }

    /// Of bytes that both have, which they may say to each other.
    pub fn both(&self, bytes: &[u8]) -> Both {
        let of = |direction: usize| Hash {
            value: self.0[direction].hash(bytes),
            direction,
        };
        Both {
            said: of(0),
            heard: of(1),
        }
    }

    /// Of bytes that this party vouches for.
    pub fn said(&self, bytes: &[u8]) -> Hash {
        let value = self.0[0].hash(bytes);
        Hash {
            value,
            direction: 0,
        }
    }

    /// Of bytes for which the other one is to vouch.
    pub fn heard(&self, bytes: &[u8]) -> Hash {
        let value = self.0[1].hash(bytes);
        Hash {
            value,
            direction: 1,
        }
    }

    /// As it is said: in the order of messages.
    pub fn numbered(&self, hash: Hash) -> [u8; HASH] {
        self.0[hash.direction].numbered(hash.value)
    }
}

impl Drop for Point {
    fn drop(&mut self) {
        self.powers.zeroize();
    }
}

/// The hashes of two sequences of bytes: of what this party vouches for, and of what it receives.
pub struct Vouched {
    /// To be told to whom it vouches.
    pub mine: Polynomial,
    /// To be compared.
    pub theirs: Polynomial,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::read_labels;
    use crate::prg::PrgKey;

    #[test]
    fn other_bytes_have_other_hashes() {
        let prg = Prg::new(&PrgKey::from_bytes([3; 16]));
        let hash = |bytes: &[u8], number| {
            let mut polynomial = Polynomial::at(&prg, 1, number);
            polynomial.absorb(bytes);
            polynomial.said()
        };
        let bytes: Vec<u8> = (0..100).collect();
        for n in [0, 1, 15, 16, 17, 100] {
            let said = hash(&bytes[..n], 5);
            assert_ne!(said, hash(&bytes[..n], 6));
            let point = Point::new(&prg, 1, 5);
            assert_eq!(said, point.hash(&bytes[..n]).to_le_bytes());
            // Nothing is said twice.
            let value = point.hash(&bytes[..n]);
            assert_ne!(point.numbered(value), point.numbered(value));
            for at in 0..n {
                let mut other = bytes[..n].to_vec();
                other[at] ^= 1;
                assert_ne!(said, hash(&other, 5));
            }
        }
        // However long: block by block, or in runs.
        let long: Vec<u8> = (0..3000u32).map(|i| ((i * i) >> 3) as u8).collect();
        let mut polynomial = Polynomial::at(&prg, 1, 7);
        long.chunks(HASH).for_each(|block| polynomial.absorb(block));
        assert_eq!(hash(&long, 7), polynomial.said());
        let labels: Vec<Label> = read_labels(&long).collect();
        for cut in [0, 1, 100] {
            let mut polynomial = Polynomial::at(&prg, 1, 7);
            let (first, second) = labels.split_at(cut);
            polynomial.absorb_labels(first);
            polynomial.absorb_labels(second);
            assert_eq!(hash(&long[..HASH * labels.len()], 7), polynomial.said());
        }
        let value = Point::new(&prg, 1, 7).hash(&long);
        assert_eq!(hash(&long, 7), value.to_le_bytes());
        // Schoolbook: (p + c) p with p the point.
        let point = u128::from_le_bytes(prg.block(1, 5));
        assert_eq!(u128::from_le_bytes(hash(&[9], 5)), mul(point ^ 9, point));
    }
}
