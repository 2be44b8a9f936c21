//! Bits as numbers where a corrupt party may send what it likes: every message is one of a product, which is proven.
//!
//! - **Functionality**: an arithmetic 0 or 1 from a Boolean bit.
//! - **Adversary**: malicious, one of three parties, up to errors that it adds to products, for which they are recorded (`settle`).
//! - **Source**: ours, from products (Araki et al., CCS 2016, section 2.3); what two parties know of a bit is a sharing of its own, as in
//!   ABY3 (CCS 2018), section 5.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: two rounds, two elements from each party.
//! - **Departures from the paper**: ABY3 injects a bit by oblivious transfers among three, of which one message can be checked by one party
//!   alone.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.
//!
//! With `b = b_0 ⊕ b_1 ⊕ b_2` and `x ⊕ y = x + y − 2xy` over integers: `u = b_0 + b_1 − 2 b_0 b_1`, and `b = u + b_2 − 2 u b_2`.

use zeroize::{Zeroize, Zeroizing};

use super::arithmetic::{Made, bit_elements};
use super::{
    Arithmetic, BLOCK, Held, Pipeline, Rep3, Share, Stands, Ticket, block_range, boolean,
    numbers_for,
};
use crate::bits::words_for;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Malicious, Outcome, Value};
use crate::ring::{Element, append_elements, element_len, write_elements};

/// Numbers of a block's phase.
const NUMBERS: u64 = numbers_for(BLOCK) as u64;

/// Both parts of a share.
type Parts = [Vec<u64>; 2];

struct Inject {
    bits: Held,
    ring: u32,
    lanes: usize,
    /// [`NUMBERS`] for each phase of a block.
    ticket: Ticket,
    /// Block after block.
    out: Parts,
}

/// A block under way: the factors of a product, what the keys gave, and the product.
#[derive(Default)]
struct Under {
    x: Parts,
    y: Parts,
    drawn: Vec<u64>,
    z: Parts,
}

impl Drop for Under {
    fn drop(&mut self) {
        let parts = [&mut self.x, &mut self.y, &mut self.z];
        parts.into_iter().flatten().for_each(Zeroize::zeroize);
        self.drawn.zeroize();
    }
}

/// Bits as arithmetic zeros and ones.
pub(super) fn begin(
    suite: &mut Rep3<Malicious>,
    bits: Held,
    ring: u32,
) -> Result<Begun<Rep3<Malicious>>, Error> {
    let lanes = boolean(&bits)?.lanes();
    let numbers = 2 * NUMBERS as usize;
    Pipeline::begun(Inject {
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        bits,
        ring,
        lanes,
        out: [Vec::with_capacity(lanes), Vec::with_capacity(lanes)],
    })
}

/// `x + y − 2xy`, part by part.
fn either(x: &Parts, y: &Parts, product: &Parts, ring: u32) -> Parts {
    let part = |p: usize| {
        let lanes = x[p].iter().zip(&y[p]).zip(&product[p]);
        lanes
            .map(|((x, y), z)| x.add(*y).sub(z.add(*z)).low(ring))
            .collect()
    };
    [part(0), part(1)]
}

impl Inject {
    /// A block of the sharing of what two parties know of the bits: component `c` is theirs, the others are zero.
    fn string(&self, me: usize, c: usize, block: usize) -> Result<Parts, Error> {
        let share = boolean(&self.bits)?;
        let range = block_range(block, BLOCK, self.lanes);
        let from = range.start / 64;
        let part = |p: usize| {
            if (me + p) % 3 == c {
                let words = &share.part[p].bit(0)[from..from + words_for(range.len())];
                bit_elements::<u64>(words, 0, range.len()).collect()
            } else {
                vec![0; range.len()]
            }
        };
        Ok([part(0), part(1)])
    }
}

impl Blocks<Rep3<Malicious>> for Inject {
    type State = Under;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn compute(
        &self,
        suite: &Rep3<Malicious>,
        place: Place,
        under: &mut Under,
    ) -> Result<(), Error> {
        let (block, me) = (place.block, suite.me);
        match place.phase {
            0 => {
                under.x = self.string(me, 0, block)?;
                under.y = self.string(me, 1, block)?;
            }
            phase => {
                under.x = either(&under.x, &under.y, &under.z, self.ring);
                if phase == 2 {
                    return Ok(());
                }
                under.y = self.string(me, 2, block)?;
            }
        }
        let n = under.x[0].len();
        let number = self.ticket.block(block) + u64::from(place.phase) * NUMBERS;
        let (mut plus, mut minus) = (vec![0; n], Zeroizing::new(vec![0; n]));
        suite.zero_words(number, &mut plus, &mut minus);
        Malicious::keep(&mut under.drawn, &plus, &minus);
        let ([x0, x1], [y0, y1]) = (&under.x, &under.y);
        for (i, (z, minus)) in plus.iter_mut().zip(minus.iter()).enumerate() {
            // z_i = x_i y_i + x_i y_{i+1} + x_{i+1} y_i + α_i.
            let products = x0[i].mul(y0[i].add(y1[i])).add(x1[i].mul(y0[i]));
            *z = products.add(z.sub(*minus)).low(self.ring);
        }
        under.z = [plus, Vec::with_capacity(n)];
        Ok(())
    }

    fn send(
        &mut self,
        suite: &mut Rep3<Malicious>,
        wire: &mut Exchange<'_>,
        _place: Place,
        under: &mut Under,
    ) -> Result<(), Error> {
        let (z, ring) = (&under.z[0], self.ring);
        wire.send(suite.previous_party(), |out| write_elements(z, ring, out))?;
        wire.expect(suite.next_party(), z.len() * element_len(ring))
    }

    fn receive(
        &mut self,
        suite: &mut Rep3<Malicious>,
        wire: &mut Exchange<'_>,
        _place: Place,
        under: &mut Under,
    ) -> Result<(), Error> {
        let n = under.z[0].len();
        let bytes = wire.take(suite.next_party(), n * element_len(self.ring))?;
        append_elements(bytes, self.ring, &mut under.z[1]);
        let Under { x, y, z, drawn } = under;
        let made = Made {
            ring: self.ring,
            run: 1,
            x: [&x[0], &x[1]],
            y: [&y[0], &y[1]],
            z: &z[1],
            step: n,
        };
        Malicious::record_products::<u64>(&mut suite.ledger, made, drawn)
    }

    fn end(
        &mut self,
        _suite: &mut Rep3<Malicious>,
        _block: usize,
        under: &mut Under,
    ) -> Result<(), Error> {
        for (out, part) in self.out.iter_mut().zip(&mut under.x) {
            out.append(part);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let part = std::mem::take(&mut self.out).map(Element::wrap).into();
        let share = Arithmetic {
            ring: self.ring,
            part,
        };
        Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
            share,
        ))]))
    }
}
