//! Products and sums of products mod 2^k.
//!
//! - **Functionality**: `Σ x_j · y_j` over runs of lanes, one result per run.
//! - **Adversary**: semi-honest, one of three parties; a malicious one up to an error that it adds to products, for which they are recorded
//!   (`settle`).
//! - **Source**: Araki et al. (CCS 2016), section 2.3, on plain replicated shares as in ABY3 (CCS 2018), section 3.2.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; one element per party and result, however long the run.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::ops::Range;

use smpcc_circuit::value::Word;

use super::{
    Arithmetic, BLOCK, Held, Pipeline, Protocols, Rep3, Share, Stands, Ticket, arithmetic,
    block_range, numbers_for,
};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Products;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, append_elements, element_len, for_width, write_elements};

/// Words of each key that are drawn at a time: they stay in a core's first cache.
const DRAWN: usize = 1 << 10;

struct Product<E> {
    ring: u32,
    factors: Factors,
    /// Lanes per result.
    run: usize,
    /// Components `me` and `me + 1` of the results, block after block.
    out: [Vec<E>; 2],
    n: usize,
    ticket: Ticket,
}

/// What is multiplied.
enum Factors {
    Both(Held, Held),
    /// A third of each sum of products, in its first part.
    Added(Arithmetic),
}

/// Sums of products.
pub(super) fn product<T: Stands>(
    suite: &mut Rep3<T>,
    products: Products,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let Products {
        x, y, ring, n, run, ..
    } = products;
    for_width!(ring, E => begin::<T, E>(suite, ring, Factors::Both(x, y), run, n))
}

fn begin<T: Stands, E: Element>(
    suite: &mut Rep3<T>,
    ring: u32,
    factors: Factors,
    run: usize,
    n: usize,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let numbers = numbers_for(BLOCK * E::WORDS);
    // What a single block computes becomes the result where it stands.
    let first = if n > BLOCK { n } else { 0 };
    Pipeline::begun(Product::<E> {
        ring,
        factors,
        run,
        out: [Vec::with_capacity(first), Vec::with_capacity(n)],
        n,
        ticket: suite.numbers.reserve(n.div_ceil(BLOCK), numbers),
    })
}

/// What this party adds to the sum of all products of `x` and `y`: a share's first part, without what hides it.
pub(super) fn fold(x: &Held, y: &Held) -> Result<Share, Error> {
    let ring = arithmetic(x)?.ring;
    for_width!(ring, E => {
        let ([x0, x1], [y0, y1]) = (parts::<E>(arithmetic(x)?)?, parts::<E>(arithmetic(y)?)?);
        let (x, y) = (x0.iter().zip(x1), y0.iter().zip(y1));
        let sum = third(x.zip(y), E::default()).low(ring);
        let part = vec![E::wrap(vec![sum]), E::wrap(vec![E::default()])];
        Ok(Share::Arithmetic(Arithmetic { ring, part }))
    })
}

/// The sum from what [`fold`] gave for all its parts.
pub(super) fn unfold(suite: &mut Rep3, sum: Arithmetic) -> Result<Begun<Rep3>, Error> {
    let (ring, n) = (sum.ring, sum.lanes());
    for_width!(ring, E => begin::<_, E>(suite, ring, Factors::Added(sum), 1, n))
}

/// `z_i = Σ x_i y_i + x_i y_{i+1} + x_{i+1} y_i`, added to `sum`.
fn third<'a, E: Element>(
    lanes: impl Iterator<Item = ((&'a E, &'a E), (&'a E, &'a E))>,
    sum: E,
) -> E {
    lanes.fold(sum, |sum, ((&x0, &x1), (&y0, &y1))| {
        sum.add(x0.mul(y0.add(y1))).add(x1.mul(y0))
    })
}

/// A range cut into parts of at most `len`.
fn parts_of(range: Range<usize>, len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(len).map(move |at| at..(at + len).min(end))
}

/// Both parts of a share as slices.
pub(super) fn parts<E: Element>(share: &Arithmetic) -> Result<[&[E]; 2], Error> {
    match (E::slice(&share.part[0]), E::slice(&share.part[1])) {
        (Some(a), Some(b)) => Ok([a, b]),
        _ => Err(Error::bug("a share in the wrong machine word")),
    }
}

/// A block under way.
pub struct Under<E, D> {
    z: Vec<E>,
    drawn: D,
}

impl<E, D: Default> Default for Under<E, D> {
    fn default() -> Self {
        Self {
            z: Vec::new(),
            drawn: D::default(),
        }
    }
}

impl<T: Stands, E: Element> Blocks<Rep3<T>> for Product<E>
where
    Rep3<T>: Protocols,
{
    type State = Under<E, T::Drawn>;

    fn n_blocks(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn compute(
        &self,
        suite: &Rep3<T>,
        place: Place,
        Under { z, drawn }: &mut Self::State,
    ) -> Result<(), Error> {
        z.clear();
        if place.phase == 1 {
            return Ok(());
        }
        let block = block_range(place.block, BLOCK, self.n);
        z.reserve(block.len());
        let mut number = self.ticket.block(place.block);
        let words = DRAWN.min(block.len() * E::WORDS);
        let (mut plus, mut minus) = (vec![0; words], vec![0; words]);
        let (ring, run) = (self.ring, self.run);
        for range in parts_of(block, DRAWN / E::WORDS) {
            let words = ..range.len() * E::WORDS;
            suite.zero_words(number, &mut plus[words], &mut minus[words]);
            number += numbers_for(DRAWN) as u64;
            T::keep(drawn, &plus[words], &minus[words]);
            let zeros = plus[words].chunks_exact(E::WORDS);
            let zeros = zeros.zip(minus[words].chunks_exact(E::WORDS));
            let alphas = zeros.map(|(p, m)| E::from_words(p).sub(E::from_words(m)));
            match &self.factors {
                Factors::Added(sum) => {
                    let sums = parts::<E>(sum)?[0][range].iter();
                    z.extend(sums.zip(alphas).map(|(&z, alpha)| z.add(alpha).low(ring)));
                }
                Factors::Both(x, y) => {
                    let [x0, x1] = parts::<E>(arithmetic(x)?)?;
                    let [y0, y1] = parts::<E>(arithmetic(y)?)?;
                    if run == 1 {
                        let x = x0[range.clone()].iter().zip(&x1[range.clone()]);
                        let y = y0[range.clone()].iter().zip(&y1[range]);
                        let lanes = x.zip(y).zip(alphas);
                        z.extend(lanes.map(|(((&x0, &x1), (&y0, &y1)), alpha)| {
                            // z_i = x_i y_i + x_i y_{i+1} + x_{i+1} y_i + α_i.
                            x0.mul(y0.add(y1)).add(x1.mul(y0)).add(alpha).low(ring)
                        }));
                    } else {
                        z.extend(range.zip(alphas).map(|(r, alpha)| {
                            let lanes = r * run..(r + 1) * run;
                            let x = x0[lanes.clone()].iter().zip(&x1[lanes.clone()]);
                            let y = y0[lanes.clone()].iter().zip(&y1[lanes]);
                            third(x.zip(y), alpha).low(ring)
                        }));
                    }
                }
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        suite: &mut Rep3<T>,
        wire: &mut Exchange<'_>,
        _place: Place,
        Under { z, .. }: &mut Self::State,
    ) -> Result<(), Error> {
        // Only z_i with its α_i is sent: a fresh sharing.
        let ring = self.ring;
        wire.send(suite.previous_party(), |out| write_elements(z, ring, out))?;
        wire.expect(suite.next_party(), z.len() * element_len(ring))?;
        if z.len() == self.n {
            // One block is all.
            self.out[0] = std::mem::take(z);
        } else {
            self.out[0].extend_from_slice(z);
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep3<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        Under { drawn, .. }: &mut Self::State,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.n);
        let bytes = wire.take(suite.next_party(), range.len() * element_len(self.ring))?;
        append_elements(bytes, self.ring, &mut self.out[1]);
        let Factors::Both(x, y) = &self.factors else {
            return Ok(());
        };
        let terms = range.start * self.run..range.end * self.run;
        T::record_products(
            &mut suite.ledger,
            Made {
                ring: self.ring,
                run: self.run,
                x: parts::<E>(arithmetic(x)?)?.map(|part| &part[terms.clone()]),
                y: parts::<E>(arithmetic(y)?)?.map(|part| &part[terms.clone()]),
                z: &self.out[1][range],
                step: DRAWN / E::WORDS,
            },
            drawn,
        )
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let part = std::mem::take(&mut self.out).map(E::wrap).into();
        let share = Arithmetic {
            ring: self.ring,
            part,
        };
        Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
            share,
        ))]))
    }
}

/// Products whose messages have come: both parts of the factors, term by term, and the next party's products.
pub struct Made<'a, E> {
    /// Of all.
    pub ring: u32,
    /// Terms of a product.
    pub run: usize,
    pub x: [&'a [E]; 2],
    pub y: [&'a [E]; 2],
    pub z: &'a [E],
    /// Products whose randomness was drawn together.
    pub step: usize,
}

impl<'a, E: Element> Made<'a, E> {
    /// In words of 64 bits, if they fit.
    pub(super) fn narrow(self) -> Option<Made<'a, u64>> {
        let [x0, x1] = self.x.map(E::words);
        let [y0, y1] = self.y.map(E::words);
        Some(Made {
            ring: self.ring,
            run: self.run,
            x: [x0?, x1?],
            y: [y0?, y1?],
            z: E::words(self.z)?,
            step: self.step,
        })
    }
}

/// `lanes` elements from words of randomness.
pub(super) fn elements_of<E: Element>(words: &[u64], ring: u32) -> impl Iterator<Item = E> + '_ {
    words
        .chunks_exact(E::WORDS)
        .map(move |w| E::from_words(w).low(ring))
}

/// One bit per lane as ring elements.
pub(super) fn bit_elements<E: Element>(
    words: &[u64],
    from: usize,
    lanes: usize,
) -> impl Iterator<Item = E> + '_ {
    (from..from + lanes).map(|l| E::of(Word::from(words[l / 64] >> (l % 64) & 1)))
}
