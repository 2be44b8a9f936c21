//! Opening to all parties or to some.
//!
//! - **Functionality**: receivers learn the value mod 2^width of its type; nobody else learns anything.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Araki et al. (CCS 2016), section 2.3, with the missing component sent as it is.
//! - **Assumptions**: none beyond private links.
//! - **Cost**: one round; one component per receiver, from the party before it.
//! - **Departures from the paper**: arithmetic shares are cut to the type's width first, so that what a ring holds above it
//!   stays hidden.
//! - **Leakage and failure**: the component that a receiver lacks is the value minus what it holds: it says no more.

use super::{BLOCK, Pipeline, Rep3, Share, arithmetic, block_range, boolean, party};
use crate::bits::{Bits, Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Opening;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Open {
    opening: Opening,
    sum: Sum,
}

/// What has been opened so far.
enum Sum {
    Arithmetic(Elements),
    Boolean(Bits),
}

/// Opens a value to those who receive it.
pub(super) fn begin(opening: Opening) -> Result<Begun<Rep3>, Error> {
    let (width, kept) = (opening.width, opening.kept());
    let sum = match &*opening.value {
        Value::Shared(Share::Boolean(_)) => Sum::Boolean(Bits::zeros(width as usize, kept)),
        Value::Shared(_) | Value::Public(_) | Value::Local(_) => {
            Sum::Arithmetic(Elements::zeros(width, kept))
        }
    };
    Pipeline::begun(Open { opening, sum })
}

impl Open {
    fn piece_len(&self, lanes: usize) -> usize {
        match &self.sum {
            Sum::Arithmetic(_) => lanes * element_len(self.opening.width),
            Sum::Boolean(bits) => (bits.width() * lanes).div_ceil(8),
        }
    }
}

impl Blocks<Rep3> for Open {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.opening.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let next = suite.next_party();
        if self.opening.receives[next.index()] {
            // P_i sends x_i to P_{i+1}, which holds the other two.
            match &self.sum {
                Sum::Arithmetic(_) => {
                    let share = arithmetic(&self.opening.value)?;
                    wire.send(next, |out| {
                        each!(&share.part[0], v => write_elements(&v[range.clone()], self.opening.width, out));
                    })?;
                }
                Sum::Boolean(_) => {
                    let share = boolean(&self.opening.value)?;
                    wire.send(next, |out| {
                        let mut packer = Packer::new(out);
                        share.part[0].pack(range.start, range.len(), &mut packer);
                        packer.finish();
                    })?;
                }
            }
        }
        if self.opening.receives[suite.me] {
            wire.expect(suite.previous_party(), self.piece_len(range.len()))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if !self.opening.receives[suite.me] {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let bytes = wire.take(party(suite.me + 2), self.piece_len(range.len()))?;
        match &mut self.sum {
            Sum::Arithmetic(sum) => {
                let share = arithmetic(&self.opening.value)?;
                let own = |lane| {
                    share.part[0]
                        .get(lane)
                        .wrapping_add(share.part[1].get(lane))
                };
                let width = self.opening.width;
                each!(sum, v => for_width!(width, E => {
                    read_elements(bytes, width, range, |lane, third: E| {
                        v[lane] = Element::low(Element::of(own(lane).wrapping_add(third.word())), width);
                    });
                }));
            }
            Sum::Boolean(sum) => sum.unpack(range.start, range.len(), &mut Unpacker::new(bytes)),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Sum::Arithmetic(Elements::zeros(1, 0));
        let opened = match std::mem::replace(&mut self.sum, empty) {
            Sum::Arithmetic(sum) => sum,
            Sum::Boolean(mut third) => {
                if third.lanes() > 0 {
                    let share = boolean(&self.opening.value)?;
                    third.xor_assign(&share.part[0])?;
                    third.xor_assign(&share.part[1])?;
                }
                third.to_elements()
            }
        };
        Ok(self.opening.outcome(opened))
    }
}
