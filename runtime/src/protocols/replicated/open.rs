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

use smpcc_circuit::ids::OutputId;

use super::{BLOCK, Held, Rep3, Share, arithmetic, block_range, boolean, party, pipelined};
use crate::bits::{Bits, Packer, Unpacker};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Opened, Outcome, Place, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Open {
    value: Held,
    lanes: usize,
    width: u32,
    receives: [bool; 3],
    /// Whether this party is a receiver.
    mine: bool,
    output: Option<OutputId>,
    sum: Sum,
}

/// What has been opened so far.
enum Sum {
    Arithmetic(Elements),
    Boolean(Bits),
}

/// Opens a value to those who receive it, for an output leaf or (`None`) for all.
pub(super) fn begin(
    me: usize,
    value: Held,
    width: u32,
    receives: [bool; 3],
    output: Option<OutputId>,
) -> Result<Begun<Rep3>, Error> {
    let keep = |lanes| if receives[me] { lanes } else { 0 };
    let (lanes, sum) = match &*value {
        Value::Shared(Share::Arithmetic(a)) => (
            a.lanes(),
            Sum::Arithmetic(Elements::zeros(width, keep(a.lanes()))),
        ),
        Value::Shared(Share::Boolean(b)) => (
            b.lanes(),
            Sum::Boolean(Bits::zeros(b.width(), keep(b.lanes()))),
        ),
        Value::Shared(Share::Yao(_)) | Value::Public(_) => {
            return Err(Error::bug("only arithmetic and Boolean shares are opened"));
        }
    };
    pipelined(Open {
        value,
        // An output that nobody receives sends nothing.
        lanes: if receives == [false; 3] { 0 } else { lanes },
        width,
        receives,
        mine: receives[me],
        output,
        sum,
    })
}

impl Open {
    fn piece_len(&self, lanes: usize) -> usize {
        match &self.sum {
            Sum::Arithmetic(_) => lanes * element_len(self.width),
            Sum::Boolean(bits) => (bits.width() * lanes).div_ceil(8),
        }
    }
}

impl Blocks<Rep3> for Open {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
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
        let range = block_range(place.block, BLOCK, self.lanes);
        let next = suite.next_party();
        if self.receives[next.index()] {
            // P_i sends x_i to P_{i+1}, which holds the other two.
            match &self.sum {
                Sum::Arithmetic(_) => {
                    let share = arithmetic(&self.value)?;
                    wire.send(next, |out| {
                        each!(&share.part[0], v => write_elements(&v[range.clone()], self.width, out));
                    })?;
                }
                Sum::Boolean(_) => {
                    let share = boolean(&self.value)?;
                    wire.send(next, |out| {
                        let mut packer = Packer::new(out);
                        share.part[0].pack(range.start, range.len(), &mut packer);
                        packer.finish();
                    })?;
                }
            }
        }
        if self.receives[suite.me] {
            wire.expect(suite.previous_party(), self.piece_len(range.len()))?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if !self.receives[suite.me] {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        let bytes = wire.take(party(suite.me + 2), self.piece_len(range.len()))?;
        match &mut self.sum {
            Sum::Arithmetic(sum) => {
                let share = arithmetic(&self.value)?;
                let own = |lane| {
                    share.part[0]
                        .get(lane)
                        .wrapping_add(share.part[1].get(lane))
                };
                let width = self.width;
                each!(sum, v => for_width!(width, E => {
                    for (lane, third) in range.zip(read_elements::<E>(bytes, width)) {
                        v[lane] = Element::low(Element::of(own(lane).wrapping_add(third.word())), width);
                    }
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
                    let share = boolean(&self.value)?;
                    third.xor_assign(&share.part[0]);
                    third.xor_assign(&share.part[1]);
                }
                third.to_elements()
            }
        };
        Ok(match self.output {
            None => Outcome::Revealed(Opened::new(opened)),
            Some(id) => Outcome::Output(id, self.mine.then(|| Opened::new(opened))),
        })
    }
}
