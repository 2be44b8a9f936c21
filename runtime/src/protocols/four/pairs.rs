//! Products of different components: who knows which, and how their sums become a sharing.
//!
//! Of a product of sharings, `x_c y_c` is known to all holders of component `c` and stays in it. The rest is a sum over pairs `i`, `j` of
//! `v = x_i y_j + x_j y_i`, which the two other parties know. With `r` drawn from key `j`, component `j` takes `r` and component `i`
//! takes `v − r`. Three of the four parties can compute either; only party `j` lacks `v − r`: it is sent it. Key `j` is what it lacks, so that
//! what it sees is uniform to it.

use smpcc_circuit::cost::{PAIRS, Pair};
use zeroize::Zeroize;

use super::passing::{chunks, hear, say};
use super::{PARTS, Rep4, part_of};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Adversary;
use crate::ring::{Element, element_len, read_elements, write_elements};

/// A pair as its number, which is also that of the generator's stream.
pub(super) type PairId = usize;

/// What a party has to do with a pair.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// It knows the products: parts of components `i` and `j`, and which of what it knows they are.
    Knows { i: usize, j: usize, known: usize },
    /// It lacks component `i` and adds what is drawn to component `j`.
    Adds { j: usize },
    /// It lacks component `j` and is sent the rest, for component `i`.
    Gets { i: usize },
}

/// The pair, and this party's part of it.
pub(super) fn part(me: usize, pair: PairId) -> (Pair, Part) {
    let of = PAIRS[pair];
    let part = match (part_of(me, of.i), part_of(me, of.j)) {
        (Some(i), Some(j)) => Part::Knows {
            i,
            j,
            known: i + j - 1,
        },
        (Some(i), None) => Part::Gets { i },
        // A party lacks one component.
        (None, j) => Part::Adds { j: j.unwrap_or(0) },
    };
    (of, part)
}

/// All pairs.
pub(super) const ALL: [PairId; 6] = [0, 1, 2, 3, 4, 5];

/// Words of each key that are drawn at a time: they stay in a core's first cache.
pub(super) const DRAWN: usize = 1 << 10;

/// A block of integers on its way to a sharing.
pub(super) struct Block<E: Element> {
    /// By part: at first what stays in it, then the components.
    pub(super) z: [Vec<E>; PARTS],
    /// What the party knows of pairs: of its parts 0 and 1, 0 and 2, 1 and 2. At first the products, then what is sent.
    pub(super) v: [Vec<E>; PARTS],
}

impl<E: Element> Default for Block<E> {
    fn default() -> Self {
        Self {
            z: [Vec::new(), Vec::new(), Vec::new()],
            v: [Vec::new(), Vec::new(), Vec::new()],
        }
    }
}

impl<E: Element> Drop for Block<E> {
    fn drop(&mut self) {
        self.z.iter_mut().for_each(Zeroize::zeroize);
        self.v.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl<E: Element> Block<E> {
    pub(super) fn clear(&mut self) {
        self.z.iter_mut().for_each(Vec::clear);
        self.v.iter_mut().for_each(Vec::clear);
    }

    fn lanes(&self) -> usize {
        self.z[0].len()
    }

    /// Makes shares of what is known of some pairs, of integers mod 2^ring, with the numbers from one on.
    pub(super) fn share<T: Adversary>(
        &mut self,
        suite: &Rep4<T>,
        pairs: &[PairId],
        ring: u32,
        number: u64,
    ) -> Result<(), Error> {
        let mut words = [0u64; DRAWN];
        let (n, step) = (self.lanes(), DRAWN / E::WORDS);
        for &pair in pairs {
            let (of, part) = part(suite.me, pair);
            if matches!(part, Part::Gets { .. }) {
                continue;
            }
            let key = suite.key(of.j)?;
            for (at, from) in (0..n).step_by(step).enumerate() {
                let lanes = from..(from + step).min(n);
                let words = &mut words[..lanes.len() * E::WORDS];
                let number = number + (at * DRAWN / 2) as u64;
                key.fill_words(pair as u64, number, words);
                let drawn = words.chunks_exact(E::WORDS).map(E::from_words);
                match part {
                    Part::Knows { i, j, known } => {
                        let v = &mut self.v[known][lanes.clone()];
                        let [zi, zj] = two(&mut self.z, i, j);
                        let z = zi[lanes.clone()].iter_mut().zip(&mut zj[lanes]);
                        for (((zi, zj), v), r) in z.zip(v).zip(drawn) {
                            *v = v.sub(r).low(ring);
                            *zi = zi.add(*v).low(ring);
                            *zj = zj.add(r).low(ring);
                        }
                    }
                    Part::Adds { j } => {
                        for (z, r) in self.z[j][lanes].iter_mut().zip(drawn) {
                            *z = z.add(r).low(ring);
                        }
                    }
                    Part::Gets { .. } => {}
                }
            }
        }
        Ok(())
    }

    /// Sends, vouches for and announces what belongs to some pairs.
    pub(super) fn say<T: Adversary>(
        &self,
        suite: &Rep4<T>,
        wire: &mut Exchange<'_>,
        pairs: &[PairId],
        ring: u32,
    ) -> Result<(), Error> {
        for lanes in chunks(0..self.lanes()) {
            for &pair in pairs {
                let (of, part) = part(suite.me, pair);
                let known = match part {
                    Part::Knows { known, .. } => known,
                    Part::Gets { .. } => 0,
                    Part::Adds { .. } => continue,
                };
                let len = lanes.len() * element_len(ring);
                let rest = &self.v[known];
                let lanes = lanes.clone();
                say(suite, wire, of.route, len, |out| {
                    write_elements(&rest[lanes], ring, out);
                })?;
            }
        }
        Ok(())
    }

    /// Takes what belongs to some pairs and adds it.
    pub(super) fn hear<T: Adversary>(
        &mut self,
        suite: &Rep4<T>,
        wire: &mut Exchange<'_>,
        pairs: &[PairId],
        ring: u32,
    ) -> Result<(), Error> {
        for lanes in chunks(0..self.lanes()) {
            for &pair in pairs {
                let (of, Part::Gets { i }) = part(suite.me, pair) else {
                    continue;
                };
                let len = lanes.len() * element_len(ring);
                let z = &mut self.z[i][lanes.clone()];
                hear(suite, wire, of.route, len, |bytes| {
                    read_elements(bytes, ring, z, |z, e: E| *z = z.add(e).low(ring));
                })?;
            }
        }
        Ok(())
    }
}

/// Two different parts at once, in any order.
fn two<E>(z: &mut [Vec<E>; PARTS], i: usize, j: usize) -> [&mut Vec<E>; 2] {
    let [a, b, c] = z;
    match (i, j) {
        (0, 1) => [a, b],
        (1, 0) => [b, a],
        (0, _) => [a, c],
        (_, 0) => [c, a],
        (1, _) => [b, c],
        (_, _) => [c, b],
    }
}
