//! Products and sums of products mod 2^k.
//!
//! - **Functionality**: `Σ x_j · y_j` over runs of lanes, one result per run.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Beaver, "Efficient multiparty protocols using circuit randomization" (CRYPTO 1991), section 3.
//! - **Assumptions**: none beyond the triples', see `prepare`.
//! - **Cost**: one round; two elements from every party to every other, and one triple, per lane.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: both factors are opened under uniform masks that are used once; a wrong message makes the
//!   result wrong.

use std::ops::Range;

use super::CONSTANT;
use super::pool::{Triples, slice};
use super::{Arithmetic, BLOCK, Held, Pairwise, Share, arithmetic, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Products;
use crate::protocols::operands::block_range;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, element_len, for_width, read_elements, write_elements};

struct Product<E> {
    ring: u32,
    x: Held,
    y: Held,
    lanes: usize,
    /// Lanes per result.
    run: usize,
    triples: Triples,
    out: Vec<E>,
}

/// Sums of products.
pub(super) fn product(suite: &mut Pairwise, products: Products) -> Result<Begun<Pairwise>, Error> {
    let Products {
        x,
        y,
        ring,
        lanes,
        n,
        run,
    } = products;
    let triples = suite
        .pools
        .take_triples(ring, whole_triples(ring, lanes)?)?;
    for_width!(ring, E => Pipeline::begun(Product::<E> {
        ring,
        x,
        y,
        lanes: if run == 0 { 0 } else { lanes },
        run,
        triples,
        out: vec![E::default(); n],
    }))
}

/// The triples that the costs count for so many lanes.
fn whole_triples(ring: u32, lanes: usize) -> Result<usize, Error> {
    let count = smpcc_circuit::cost::whole_triples(
        u8::try_from(ring).map_err(|_| Error::bug("a ring of more than 128 bits"))?,
        lanes as u64,
    );
    usize::try_from(count).map_err(|_| Error::machine("a value is larger than memory"))
}

impl<E: Element> Product<E> {
    /// In place of what was opened, shares of the products, up to the ring.
    fn multiply(&self, constant: bool, lanes: Range<usize>, opened: &mut [E]) -> Result<(), Error> {
        let [a, b, c] = [&self.triples.a, &self.triples.b, &self.triples.c]
            .map(|part| slice::<E>(part).map(|part| &part[lanes.clone()]));
        let (a, b, c) = (a?, b?, c?);
        let constant = E::of(u128::from(constant));
        let (d, e) = opened.split_at_mut(lanes.len());
        // xy = (d + a)(e + b) = c + d·b + e·a + d·e.
        let lanes = d.iter_mut().zip(e).zip(a.iter().zip(b.iter().zip(c)));
        for ((d, e), (&a, (&b, &c))) in lanes {
            let sum = c.add(d.mul(b)).add(e.mul(a));
            *d = sum.add(d.mul(*e).mul(constant));
        }
        Ok(())
    }
}

impl<E: Element> Blocks<Pairwise> for Product<E> {
    /// x − a, then y − b: this party's shares, and then what is opened. In the end the products, lane by lane.
    type State = Vec<E>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn compute(&self, suite: &Pairwise, place: Place, masked: &mut Vec<E>) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.lanes);
        if place.phase == 1 {
            return self.multiply(suite.me == CONSTANT, range, masked);
        }
        let ring = self.ring;
        masked.clear();
        for (factor, mask) in [(&self.x, &self.triples.a), (&self.y, &self.triples.b)] {
            let factor = &slice::<E>(&arithmetic(factor)?.part[0])?[range.clone()];
            let mask = &slice::<E>(mask)?[range.clone()];
            masked.extend(factor.iter().zip(mask).map(|(&x, &a)| x.sub(a).low(ring)));
        }
        Ok(())
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        _place: Place,
        masked: &mut Vec<E>,
    ) -> Result<(), Error> {
        let ring = self.ring;
        for other in suite.others() {
            wire.send(party(other), |out| write_elements(masked, ring, out))?;
            wire.expect(party(other), masked.len() * element_len(ring))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        _place: Place,
        masked: &mut Vec<E>,
    ) -> Result<(), Error> {
        let ring = self.ring;
        for other in suite.others() {
            let bytes = wire.take(party(other), masked.len() * element_len(ring))?;
            read_elements(bytes, ring, masked.iter_mut(), |sum, e: E| {
                *sum = sum.add(e)
            });
        }
        Ok(())
    }

    fn end(
        &mut self,
        _suite: &mut Pairwise,
        block: usize,
        products: &mut Vec<E>,
    ) -> Result<(), Error> {
        let (ring, run) = (self.ring, self.run);
        let range = block_range(block, BLOCK, self.lanes);
        if run == 1 {
            for (out, z) in self.out[range].iter_mut().zip(products) {
                *out = z.low(ring);
            }
        } else {
            for (lane, &mut z) in range.zip(products) {
                let out = &mut self.out[lane / run];
                *out = out.add(z).low(ring);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let share = Arithmetic {
            ring: self.ring,
            part: vec![E::wrap(std::mem::take(&mut self.out))],
        };
        Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
            share,
        ))]))
    }
}
