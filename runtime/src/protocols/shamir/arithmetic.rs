//! Products and sums of products mod 2^k.
//!
//! - **Functionality**: `Σ x_j · y_j` over runs of lanes, one result per run.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: see [`super::multiply`], which makes shares of degree t from what is computed here.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: that of one product per result, however long the run.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::ops::Range;

use smpcc_circuit::value::Word;

use super::coefficients::{Coefficients, Integers};
use super::multiply::{Multiply, Portion, Way};
use super::random::Pooled;
use super::vector::Vector;
use super::{Arithmetic, BLOCK, Bgw, Held, Pipeline, Share, Ticket, arithmetic, block_range};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Products;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, for_width};

struct Product<E: Element>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    factors: Factors,
    ring: u32,
    /// Lanes per result.
    run: usize,
    n: usize,
    way: Way<Integers<E>>,
    ticket: Ticket,
    out: Share,
}

/// What is multiplied.
enum Factors {
    Both(Held, Held),
    /// This party's weighted part of each sum of products, in coordinate 0.
    Added(Arithmetic),
}

/// Sums of products, with so many groups of random sharings.
pub(super) fn product(
    suite: &mut Bgw,
    products: Products,
    groups: u64,
) -> Result<Begun<Bgw>, Error> {
    let Products {
        x, y, ring, n, run, ..
    } = products;
    for_width!(ring, E => begin::<E>(suite, Factors::Both(x, y), ring, run, n, groups))
}

fn begin<E: Element>(
    suite: &mut Bgw,
    factors: Factors,
    ring: u32,
    run: usize,
    n: usize,
    groups: u64,
) -> Result<Begun<Bgw>, Error>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    let d = suite.geometry.d;
    let way = Way::new(suite, ring.max(2), groups)?;
    let numbers = way.numbers(Integers::<E>::layout(ring, BLOCK), d);
    Pipeline::begun(Product::<E> {
        factors,
        ring,
        run,
        n,
        way,
        ticket: suite.numbers.reserve(n.div_ceil(BLOCK), numbers),
        out: Share::Arithmetic(Arithmetic::zeros(d, ring, n)),
    })
}

/// What this party adds to the sum of all products of `x` and `y`, in coordinate 0 of what is else zero.
pub(super) fn fold(suite: &Bgw, x: &Held, y: &Held) -> Result<Share, Error> {
    let (ring, lanes) = (arithmetic(x)?.ring, arithmetic(x)?.lanes());
    let mut sum = Arithmetic::zeros(suite.geometry.d, ring, 1);
    for_width!(ring, E => {
        if let Some(form) = &suite.geometry.product {
            let mut sums: Vec<E> = Vec::new();
            let (x, y) = (cut::<E>(x, &(0..lanes))?, cut::<E>(y, &(0..lanes))?);
            weighted_products::<E>(form, &x, &y, lanes, &mut sums);
            let sums = sums.into_iter().map(|e| e.low(ring)).collect();
            *sum.part.first_mut().ok_or_else(|| Error::bug("a share of nothing"))? = E::wrap(sums);
        }
    });
    Ok(Share::Arithmetic(sum))
}

/// The sum from what [`fold`] gave for all its parts, with so many groups of random sharings.
pub(super) fn unfold(suite: &mut Bgw, sum: Arithmetic, groups: u64) -> Result<Begun<Bgw>, Error> {
    let (ring, n) = (sum.ring, sum.lanes());
    for_width!(ring, E => begin::<E>(suite, Factors::Added(sum), ring, 1, n, groups))
}

/// Coordinates of a share on a range of lanes.
fn cut<'a, E: Element>(value: &'a Held, lanes: &Range<usize>) -> Result<Vec<&'a [E]>, Error> {
    let parts = arithmetic(value)?.part.iter();
    let slices = parts.map(|part| E::slice(part)?.get(lanes.clone()));
    slices
        .collect::<Option<_>>()
        .ok_or_else(|| Error::bug("a share in the wrong machine word"))
}

/// Coordinate 0 of the weighted sums of products of runs of lanes: `form` is the weight's, see
/// [`super::galois::Galois::form`].
pub(super) fn weighted_products<E: Element>(
    form: &[Word],
    x: &[&[E]],
    y: &[&[E]],
    run: usize,
    out: &mut Vec<E>,
) {
    match x.len() {
        2 => products::<E, 2>(form, x, y, run, out),
        3 => products::<E, 3>(form, x, y, run, out),
        4 => products::<E, 4>(form, x, y, run, out),
        _ => products::<E, 5>(form, x, y, run, out),
    }
}

fn products<E: Element, const D: usize>(
    form: &[Word],
    x: &[&[E]],
    y: &[&[E]],
    run: usize,
    out: &mut Vec<E>,
) {
    let mut weights = [E::default(); 9];
    for (weight, &word) in weights.iter_mut().zip(form) {
        *weight = E::of(word);
    }
    let (Some(x), Some(y)) = (x.first_chunk::<D>(), y.first_chunk::<D>()) else {
        return;
    };
    let lanes = x.iter().chain(y).map(|part| part.len()).min().unwrap_or(0);
    let (x, y) = (x.map(|part| &part[..lanes]), y.map(|part| &part[..lanes]));
    let run = run.max(1);
    for first in (0..lanes / run).map(|r| r * run) {
        // The coefficients of the product of two polynomials in X, summed over the run.
        let mut sums = [E::default(); 9];
        for lane in first..first + run {
            for a in 0..D {
                for b in 0..D {
                    sums[a + b] = sums[a + b].add(x[a][lane].mul(y[b][lane]));
                }
            }
        }
        let mut value = E::default();
        for i in 0..2 * D - 1 {
            value = value.add(weights[i].mul(sums[i]));
        }
        out.push(value);
    }
}

impl<E: Element> Blocks<Bgw> for Product<E>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    type State = Multiply<Integers<E>>;

    fn n_blocks(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        self.way.n_phases()
    }

    fn is_long(&self, phase: u32) -> bool {
        phase == 0
    }

    fn compute(
        &self,
        suite: &Bgw,
        place: Place,
        product: &mut Multiply<Integers<E>>,
    ) -> Result<(), Error> {
        if place.phase == self.way.n_phases() {
            product.finish(suite, &self.way);
        }
        if place.phase > 0 {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.n);
        let mut shares = Vec::new();
        if let Some(form) = &suite.geometry.product {
            let lanes = range.start * self.run..range.end * self.run;
            shares.reserve(range.len());
            match &self.factors {
                Factors::Both(x, y) => {
                    let (x, y) = (cut(x, &lanes)?, cut(y, &lanes)?);
                    weighted_products::<E>(form, &x, &y, self.run, &mut shares);
                }
                Factors::Added(sum) => {
                    let sums = sum.part.first().and_then(E::slice);
                    let sums = sums.and_then(|sums| sums.get(range.clone()));
                    shares.extend(sums.into_iter().flatten());
                }
            }
            // Sums of nothing.
            shares.resize(range.len(), E::default());
        }
        let portion = Portion {
            number: self.ticket.block(place.block),
            sharing: range.start,
        };
        let layout = Integers::<E>::layout(self.ring, range.len());
        product.start(suite, &self.way, portion, layout, shares)
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        product: &mut Multiply<Integers<E>>,
    ) -> Result<(), Error> {
        product.send(suite, wire, &self.way, place.phase)
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        product: &mut Multiply<Integers<E>>,
    ) -> Result<(), Error> {
        product.receive(suite, wire, &self.way, place.phase)
    }

    fn end(
        &mut self,
        _suite: &mut Bgw,
        block: usize,
        product: &mut Multiply<Integers<E>>,
    ) -> Result<(), Error> {
        let from = block_range(block, BLOCK, self.n).start;
        Vector::store(&product.batch, from, &mut self.out)
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Share::Arithmetic(Arithmetic::zeros(0, 1, 0));
        let out = std::mem::replace(&mut self.out, empty);
        Ok(Outcome::Values(vec![Value::Shared(out)]))
    }
}
