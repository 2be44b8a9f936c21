//! Products and sums of products mod 2^k.
//!
//! - **Functionality**: `Σ x_j · y_j` over runs of lanes, one result per run.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Araki et al. (CCS 2016), section 2.3, on plain replicated shares as in ABY3 (CCS 2018), section 3.2.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; one element per party and result, however long the run.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use smpcc_circuit::value::Word;

use super::{Arithmetic, BLOCK, Held, Rep3, Share, arithmetic, block_range, pipelined};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::ring::{Element, element_len, for_width, read_elements, write_elements};

struct Product<E> {
    ring: u32,
    factors: Factors,
    /// Lanes per result.
    run: usize,
    /// Components `me` and `me + 1` of the results.
    out: [Vec<E>; 2],
    n: usize,
}

/// What is multiplied.
enum Factors {
    Both(Held, Held),
    /// A third of each sum of products, in its first part.
    Added(Arithmetic),
}

/// `n` sums of products of `x` and `y`.
pub(super) fn product(x: Held, y: Held, n: usize) -> Result<Begun<Rep3>, Error> {
    let (ring, lanes) = (arithmetic(&x)?.ring, arithmetic(&x)?.lanes());
    if arithmetic(&y)?.ring != ring || arithmetic(&y)?.lanes() != lanes {
        return Err(Error::bug("factors of different shapes"));
    }
    let run = lanes.checked_div(n).unwrap_or(0);
    for_width!(ring, E => pipelined(Product::<E> {
        ring,
        factors: Factors::Both(x, y),
        run,
        out: [Vec::with_capacity(n), Vec::with_capacity(n)],
        n,
    }))
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
pub(super) fn unfold(sum: Arithmetic) -> Result<Begun<Rep3>, Error> {
    let (ring, n) = (sum.ring, sum.lanes());
    for_width!(ring, E => pipelined(Product::<E> {
        ring,
        factors: Factors::Added(sum),
        run: 1,
        out: [Vec::with_capacity(n), Vec::with_capacity(n)],
        n,
    }))
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

/// Both parts of a share as slices.
fn parts<E: Element>(share: &Arithmetic) -> Result<[&[E]; 2], Error> {
    match (E::slice(&share.part[0]), E::slice(&share.part[1])) {
        (Some(a), Some(b)) => Ok([a, b]),
        _ => Err(Error::bug("a share in the wrong machine word")),
    }
}

impl<E: Element> Blocks<Rep3> for Product<E> {
    fn n_blocks(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn emit(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.n);
        let n = range.len();
        let number = suite.allocate(n * E::WORDS);
        let to = suite.previous_party();
        let from = suite.next_party();
        let [plus, minus] = suite.zero_words(number, n * E::WORDS);
        let (ring, run, out) = (self.ring, self.run, &mut self.out[0]);
        let start = out.len();
        let zeros = plus
            .chunks_exact(E::WORDS)
            .zip(minus.chunks_exact(E::WORDS));
        let alphas = zeros.map(|(p, m)| E::from_words(p).sub(E::from_words(m)));
        match &self.factors {
            Factors::Added(sum) => {
                let sums = parts::<E>(sum)?[0][range].iter();
                out.extend(sums.zip(alphas).map(|(&z, alpha)| z.add(alpha).low(ring)));
            }
            Factors::Both(x, y) => {
                let [x0, x1] = parts::<E>(arithmetic(x)?)?;
                let [y0, y1] = parts::<E>(arithmetic(y)?)?;
                if run == 1 {
                    let x = x0[range.clone()].iter().zip(&x1[range.clone()]);
                    let y = y0[range.clone()].iter().zip(&y1[range]);
                    let lanes = x.zip(y).zip(alphas);
                    out.extend(lanes.map(|(((&x0, &x1), (&y0, &y1)), alpha)| {
                        // z_i = x_i y_i + x_i y_{i+1} + x_{i+1} y_i + α_i.
                        x0.mul(y0.add(y1)).add(x1.mul(y0)).add(alpha).low(ring)
                    }));
                } else {
                    out.extend(range.zip(alphas).map(|(r, alpha)| {
                        let lanes = r * run..(r + 1) * run;
                        let x = x0[lanes.clone()].iter().zip(&x1[lanes.clone()]);
                        let y = y0[lanes.clone()].iter().zip(&y1[lanes]);
                        third(x.zip(y), alpha).low(ring)
                    }));
                }
            }
        }
        // Only z_i with its α_i is sent: a fresh sharing.
        wire.send(to, |message| write_elements(&out[start..], ring, message))?;
        wire.expect(from, n * element_len(ring))
    }

    fn absorb(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, BLOCK, self.n).len();
        let bytes = wire.take(suite.next_party(), n * element_len(self.ring))?;
        self.out[1].extend(read_elements::<E>(bytes, self.ring));
        Ok(())
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
