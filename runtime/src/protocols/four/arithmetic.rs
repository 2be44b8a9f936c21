//! Products and sums of products mod 2^k.
//!
//! - **Functionality**: `Σ x_j · y_j` over runs of lanes, one result per run.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort (`passing`).
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 4.2: products of different components are shared by the two parties that
//!   know them.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; six elements per result, however long the run: two from each of parties 0 and 1, one from each of the others.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: what is sent is uniform to its receiver (`pairs`).

use super::pairs::{ALL, Block};
use super::{
    Adversary, Arithmetic, BLOCK, Begun, Held, PARTS, Pipeline, Rep4, Share, Ticket, arithmetic,
    block_range, numbers_for,
};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Products;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Outcome, Value};
use crate::ring::{Element, for_width};

struct Product<E> {
    ring: u32,
    x: Held,
    y: Held,
    /// Lanes per result.
    run: usize,
    /// Block after block.
    out: [Vec<E>; PARTS],
    n: usize,
    ticket: Ticket,
}

/// Sums of products.
pub(super) fn product<T: Adversary + Send + Sync + 'static>(
    suite: &mut Rep4<T>,
    products: Products,
) -> Result<Begun<Rep4<T>>, Error> {
    let Products {
        x, y, ring, n, run, ..
    } = products;
    for_width!(ring, E => Pipeline::begun(Product::<E> {
        ring,
        x,
        y,
        run,
        out: std::array::from_fn(|_| Vec::with_capacity(n)),
        n,
        ticket: suite.numbers.reserve(n.div_ceil(BLOCK), numbers_for(BLOCK * E::WORDS)),
    }))
}

/// All parts of a share as slices.
pub(super) fn parts<E: Element>(share: &Arithmetic) -> Result<[&[E]; PARTS], Error> {
    let part = |p: usize| share.part.get(p).and_then(E::slice);
    match (part(0), part(1), part(2)) {
        (Some(a), Some(b), Some(c)) => Ok([a, b, c]),
        _ => Err(Error::bug("a share in the wrong machine word")),
    }
}

/// A share of integers from its parts.
pub(super) fn shared<E: Element>(part: [Vec<E>; PARTS], ring: u32) -> Outcome<Share> {
    let part = part.map(E::wrap).into();
    Outcome::Values(vec![Value::Shared(Share::Arithmetic(Arithmetic {
        ring,
        part,
    }))])
}

/// `x_k y_k`, by part, and `x_k y_l + x_l y_k`, by pair of parts.
fn products<E: Element>(x: [E; PARTS], y: [E; PARTS]) -> [[E; PARTS]; 2] {
    let own = [x[0].mul(y[0]), x[1].mul(y[1]), x[2].mul(y[2])];
    let mixed = |k: usize, l: usize| {
        let both = x[k].add(x[l]).mul(y[k].add(y[l]));
        both.sub(own[k]).sub(own[l])
    };
    [own, [mixed(0, 1), mixed(0, 2), mixed(1, 2)]]
}

impl<T: Adversary + Send + Sync + 'static, E: Element> Blocks<Rep4<T>> for Product<E> {
    type State = Block<E>;

    fn n_blocks(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn compute(&self, suite: &Rep4<T>, place: Place, block: &mut Self::State) -> Result<(), Error> {
        if place.phase == 1 {
            return Ok(());
        }
        block.clear();
        let range = block_range(place.block, BLOCK, self.n);
        let (x, y) = (
            parts::<E>(arithmetic(&self.x)?)?,
            parts::<E>(arithmetic(&self.y)?)?,
        );
        let at = |v: [&[E]; PARTS], lane: usize| v.map(|part| part[lane]);
        for (z, v) in block.z.iter_mut().zip(&mut block.v) {
            z.reserve(range.len());
            v.reserve(range.len());
        }
        for r in range {
            let mut sums = [[E::default(); PARTS]; 2];
            for lane in r * self.run..(r + 1) * self.run {
                let more = products(at(x, lane), at(y, lane));
                for (sum, more) in sums.as_flattened_mut().iter_mut().zip(more.as_flattened()) {
                    *sum = sum.add(*more);
                }
            }
            let [own, mixed] = sums;
            for p in 0..PARTS {
                block.z[p].push(own[p]);
                block.v[p].push(mixed[p]);
            }
        }
        block.share(suite, &ALL, self.ring, self.ticket.block(place.block))
    }

    fn send(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        _place: Place,
        block: &mut Self::State,
    ) -> Result<(), Error> {
        block.say(suite, wire, &ALL, self.ring)
    }

    fn receive(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        _place: Place,
        block: &mut Self::State,
    ) -> Result<(), Error> {
        block.hear(suite, wire, &ALL, self.ring)
    }

    fn end(
        &mut self,
        _suite: &mut Rep4<T>,
        _block: usize,
        block: &mut Self::State,
    ) -> Result<(), Error> {
        for (out, part) in self.out.iter_mut().zip(&block.z) {
            out.extend_from_slice(part);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(shared(std::mem::take(&mut self.out), self.ring))
    }
}
