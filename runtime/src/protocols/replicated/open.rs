//! Opening to all parties or to some.
//!
//! - **Functionality**: receivers learn the value mod 2^width of its type; nobody else learns anything.
//! - **Adversary**: semi-honest, one of three parties; malicious, with abort, where what precedes the opening is proven (`settle`).
//! - **Source**: Araki et al. (CCS 2016), section 2.3, with the missing component sent as it is. Vouching is "joint message passing" of
//!   four-party protocols (Koti et al., SWIFT, USENIX Security 2021) among three.
//! - **Assumptions**: none beyond private links; against a malicious party AES-128 is a pseudo-random function.
//! - **Cost**: one round; one component per receiver, from the party before it; vouched for, 16 bytes more, from the party after it.
//! - **Departures from the paper**: arithmetic shares are cut to the type's width first, so that what a ring holds above it
//!   stays hidden.
//! - **Leakage and failure**: the component that a receiver lacks is the value minus what it holds: it says no more. A malicious party makes
//!   the receiver stop, or whoever it does not send anything.
//!
//! Two parties hold the component that a receiver lacks. One sends it; the other sends a hash of it (`vouch`), at a point that these two
//! draw from their key for this opening alone, and that the sender does not know.

use std::ops::Range;

use super::{
    BLOCK, Pipeline, Protocols, Rep3, Share, Stands, arithmetic, block_range, boolean, party,
};
use crate::bits::{Bits, Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Opening;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::vouch::{HASH, Vouched};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Open<V> {
    opening: Opening,
    sum: Sum,
    vouching: V,
}

/// What is done so that a receiver notices other bytes than those of the component that it lacks.
pub trait Vouches: Send + Sync + 'static {
    /// Bytes of a hash.
    const LEN: usize;

    /// Absorbs what this party vouches for.
    fn vouch(&mut self, bytes: &[u8]);

    /// What it says of it.
    fn said(&self) -> [u8; HASH];

    /// Absorbs what came.
    fn came(&mut self, bytes: &[u8]);

    /// Whether what a second party says goes with what came.
    fn holds(&self, said: &[u8]) -> bool;
}

impl Vouches for () {
    const LEN: usize = 0;

    fn vouch(&mut self, _bytes: &[u8]) {}

    fn said(&self) -> [u8; HASH] {
        [0; HASH]
    }

    fn came(&mut self, _bytes: &[u8]) {}

    fn holds(&self, _said: &[u8]) -> bool {
        true
    }
}

impl Vouches for Vouched {
    const LEN: usize = HASH;

    fn vouch(&mut self, bytes: &[u8]) {
        self.mine.absorb(bytes);
    }

    fn said(&self) -> [u8; HASH] {
        self.mine.said()
    }

    fn came(&mut self, bytes: &[u8]) {
        self.theirs.absorb(bytes);
    }

    fn holds(&self, said: &[u8]) -> bool {
        self.theirs.said() == said
    }
}

/// What the previous party sent is not what the next one vouches for.
pub(super) fn not_vouched_for<T: Stands>(suite: &Rep3<T>) -> Error {
    let among = [suite.next_party(), suite.previous_party()];
    Error::cheating(among, "what one sends is not what the other vouches for")
}

/// What has been opened so far.
enum Sum {
    Arithmetic(Elements),
    Boolean(Bits),
}

/// Opens a value to those who receive it.
pub(super) fn begin<T: Stands>(
    suite: &mut Rep3<T>,
    opening: Opening,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let (width, kept) = (opening.width, opening.kept());
    let sum = match &*opening.value {
        Value::Shared(Share::Boolean(_)) => Sum::Boolean(Bits::zeros(width as usize, kept)),
        Value::Shared(_) | Value::Public(_) | Value::Local(_) => {
            Sum::Arithmetic(Elements::zeros(width, kept))
        }
    };
    let vouching = T::opening(suite)?;
    Pipeline::begun(Open {
        opening,
        sum,
        vouching,
    })
}

impl<V: Vouches> Open<V> {
    fn piece_len(&self, lanes: usize) -> usize {
        match &self.sum {
            Sum::Arithmetic(_) => lanes * element_len(self.opening.width),
            Sum::Boolean(bits) => (bits.width() * lanes).div_ceil(8),
        }
    }

    fn blocks(&self) -> usize {
        self.opening.lanes.div_ceil(BLOCK)
    }

    /// Writes a block of one of this party's components.
    fn write(&self, part: usize, range: Range<usize>) -> Result<impl FnOnce(&mut Vec<u8>), Error> {
        let (value, width) = (&self.opening.value, self.opening.width);
        // Of one kind or the other, so that writing cannot fail.
        let (elements, bits) = match &self.sum {
            Sum::Arithmetic(_) => (Some(arithmetic(value)?), None),
            Sum::Boolean(_) => (None, Some(boolean(value)?)),
        };
        Ok(move |out: &mut Vec<u8>| {
            if let Some(share) = elements {
                each!(&share.part[part], v => write_elements(&v[range.clone()], width, out));
            }
            if let Some(share) = bits {
                let mut packer = Packer::new(out);
                share.part[part].pack(range.start, range.len(), &mut packer);
                packer.finish();
            }
        })
    }
}

impl<T: Stands> Blocks<Rep3<T>> for Open<T::Vouching>
where
    Rep3<T>: Protocols,
{
    type State = ();

    fn n_blocks(&self) -> usize {
        self.blocks()
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Rep3<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let (next, previous) = (suite.next_party(), suite.previous_party());
        let last = place.block + 1 == self.blocks();
        let hash = <T::Vouching as Vouches>::LEN;
        if self.opening.receives[next.index()] {
            // P_i sends x_i to P_{i+1}, which holds the other two.
            let write = self.write(0, range.clone())?;
            wire.send(next, write)?;
        }
        if hash > 0 && self.opening.receives[previous.index()] {
            // P_{i-1} lacks x_{i+1}, which P_{i+1} sends.
            let mut bytes = Vec::new();
            self.write(1, range.clone())?(&mut bytes);
            self.vouching.vouch(&bytes);
            if last {
                let said = self.vouching.said();
                wire.send(previous, |out| out.extend_from_slice(&said))?;
            }
        }
        if self.opening.receives[suite.me] {
            wire.expect(previous, self.piece_len(range.len()))?;
            if hash > 0 && last {
                wire.expect(next, hash)?;
            }
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep3<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if !self.opening.receives[suite.me] {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let last = place.block + 1 == self.blocks();
        let bytes = wire.take(party(suite.me + 2), self.piece_len(range.len()))?;
        self.vouching.came(bytes);
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
        let hash = <T::Vouching as Vouches>::LEN;
        if hash > 0 && last {
            let said = wire.take(suite.next_party(), hash)?;
            if !self.vouching.holds(said) {
                return Err(not_vouched_for(suite));
            }
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
