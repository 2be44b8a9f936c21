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

use super::CONSTANT;
use super::pool::{Triples, slice};
use super::{Arithmetic, BLOCK, Held, Pairwise, Share, arithmetic, party};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::operands::block_range;
use crate::protocols::{Begun, Blocks, Outcome, Pipeline, Place, Value};
use crate::ring::{Element, element_len, for_width, read_elements, write_elements};

struct Product<E> {
    ring: u32,
    x: Held,
    y: Held,
    lanes: usize,
    /// Lanes per result.
    run: usize,
    triples: Triples,
    /// Per block in flight: x − a, then y − b.
    masked: Vec<Vec<E>>,
    out: Vec<E>,
}

/// `n` sums of products of `x` and `y`.
pub(super) fn product(
    suite: &mut Pairwise,
    x: Held,
    y: Held,
    n: usize,
) -> Result<Begun<Pairwise>, Error> {
    let (ring, lanes) = (arithmetic(&x)?.ring, arithmetic(&x)?.lanes());
    if arithmetic(&y)?.ring != ring || arithmetic(&y)?.lanes() != lanes {
        return Err(Error::bug("factors of different shapes"));
    }
    let run = lanes.checked_div(n).unwrap_or(0);
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
        masked: Vec::new(),
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

impl<E: Element> Blocks<Pairwise> for Product<E> {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.lanes);
        let (ring, n) = (self.ring, range.len());
        while self.masked.len() <= place.slot {
            self.masked.push(Vec::new());
        }
        let masked = &mut self.masked[place.slot];
        masked.clear();
        for (factor, mask) in [(&self.x, &self.triples.a), (&self.y, &self.triples.b)] {
            let factor = &slice::<E>(&arithmetic(factor)?.part[0])?[range.clone()];
            let mask = &slice::<E>(mask)?[range.clone()];
            masked.extend(factor.iter().zip(mask).map(|(&x, &a)| x.sub(a).low(ring)));
        }
        for other in suite.others() {
            wire.send(party(other), |out| write_elements(masked, ring, out))?;
            wire.expect(party(other), 2 * n * element_len(ring))?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.lanes);
        let (ring, n, run) = (self.ring, range.len(), self.run);
        let masked = &mut self.masked[place.slot];
        for other in suite.others() {
            let bytes = wire.take(party(other), 2 * n * element_len(ring))?;
            for (sum, e) in masked.iter_mut().zip(read_elements::<E>(bytes, ring)) {
                *sum = sum.add(e);
            }
        }
        let (d, e) = masked.split_at(n);
        let [a, b, c] = [&self.triples.a, &self.triples.b, &self.triples.c]
            .map(|part| slice::<E>(part).map(|part| &part[range.clone()]));
        let (a, b, c) = (a?, b?, c?);
        let constant = E::of(u128::from(suite.me == CONSTANT));
        // xy = (d + a)(e + b) = c + d·b + e·a + d·e.
        let lanes = d.iter().zip(e).zip(a.iter().zip(b.iter().zip(c)));
        let z = lanes.map(|((&d, &e), (&a, (&b, &c)))| {
            let sum = c.add(d.mul(b)).add(e.mul(a));
            sum.add(d.mul(e).mul(constant))
        });
        if run == 1 {
            for (out, z) in self.out[range].iter_mut().zip(z) {
                *out = z.low(ring);
            }
        } else {
            for (lane, z) in range.zip(z) {
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
