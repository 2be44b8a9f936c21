//! Opening to all parties or to some, and what is local once something is open: composition, injection of bits.
//!
//! - **Functionality**: receivers learn a value mod 2^width of its type; nobody else learns anything. `Compose`: an arithmetic
//!   sharing of `difference + Σ parts`. `InjectBit`: an arithmetic 0 or 1 from a Boolean bit.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: additive shares; random bits known in two sharings after Rotaru, Wood, "MArBled circuits" (INDOCRYPT 2019).
//! - **Assumptions**: none beyond private links.
//! - **Cost**: one round; every other party sends each receiver its share. Injection takes one random bit, made ahead.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: shares add up to what is opened and are uniform otherwise. Arithmetic shares are cut to the type's
//!   width first, so that what a ring holds above it stays hidden. The difference goes to party 0, which lacks the others'
//!   random parts; injected bits are opened under random bits that nobody knows.

use std::sync::Arc;

use smpcc_circuit::ids::OutputId;
use zeroize::Zeroizing;

use super::CONSTANT;
use super::pool::DaBits;
use super::{Arithmetic, BLOCK, Boolean, Held, Pairwise, Share, arithmetic, boolean, party};
use crate::bits::{Bits, Packer, Unpacker};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::operands::block_range;
use crate::protocols::{Begun, Blocks, Opened, Outcome, Pipeline, Place, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Open {
    value: Held,
    lanes: usize,
    width: u32,
    receives: Vec<bool>,
    /// Whether this party is a receiver.
    mine: bool,
    sum: Sum,
    then: Then,
}

/// What has been opened so far: this party's share and those that have come.
enum Sum {
    Arithmetic(Elements),
    Boolean(Bits),
}

/// What becomes of it.
enum Then {
    Reveal,
    Output(OutputId),
    /// This party's part of the composition, unless it is the receiver of the difference.
    Compose(Option<Arc<Zeroizing<Bits>>>),
    /// The random bits under which the bits were opened.
    Inject {
        ring: u32,
        dabits: DaBits,
        /// Whether this party's share takes public constants.
        constant: bool,
    },
}

/// Opens a value to those who receive it, for an output leaf or (`None`) for all.
pub(super) fn open(
    suite: &Pairwise,
    value: Held,
    width: u32,
    receives: Vec<bool>,
    output: Option<OutputId>,
) -> Result<Begun<Pairwise>, Error> {
    begin(
        suite,
        value,
        width,
        receives,
        output.map_or(Then::Reveal, Then::Output),
    )
}

fn begin(
    suite: &Pairwise,
    value: Held,
    width: u32,
    receives: Vec<bool>,
    then: Then,
) -> Result<Begun<Pairwise>, Error> {
    let mine = receives.get(suite.me).copied().unwrap_or(false);
    let (lanes, sum) = match &*value {
        Value::Shared(Share::Arithmetic(a)) => (
            a.lanes(),
            Sum::Arithmetic(match mine {
                true => a.part[0].lowered(width),
                false => Elements::zeros(width, 0),
            }),
        ),
        Value::Shared(Share::Boolean(b)) => (
            b.lanes(),
            Sum::Boolean(match mine {
                true => b.part[0].clone(),
                false => Bits::zeros(b.width(), 0),
            }),
        ),
        Value::Shared(Share::Yao(_)) | Value::Public(_) => {
            return Err(Error::bug("only arithmetic and Boolean shares are opened"));
        }
    };
    Pipeline::begun(Open {
        value,
        // An output that nobody receives sends nothing.
        lanes: if receives.contains(&true) { lanes } else { 0 },
        width,
        receives,
        mine,
        sum,
        then,
    })
}

/// The arithmetic sharing of difference + parts: party 0 learns the difference, part `i` is party `i`'s own.
pub(super) fn compose(suite: &Pairwise, args: &[Held]) -> Result<Begun<Pairwise>, Error> {
    let (Some(difference), n) = (args.first(), args.len()) else {
        return Err(Error::bug("a composition of nothing"));
    };
    let share = boolean(difference)?;
    let shape = (share.width(), share.lanes());
    let width = shape.0 as u32;
    if n != suite.n {
        return Err(Error::bug("a composition of the wrong operands"));
    }
    let mut own = None;
    for (i, part) in args.iter().enumerate() {
        let part = boolean(part)?;
        if (part.width(), part.lanes()) != shape {
            return Err(Error::bug("operands of different shapes"));
        }
        if i == suite.me && i > 0 {
            let known = part.known.as_ref();
            own = Some(
                known
                    .ok_or_else(|| Error::bug("a random part is not known to its owner"))?
                    .clone(),
            );
        }
    }
    let receives = (0..suite.n).map(|p| p == 0).collect();
    begin(
        suite,
        difference.clone(),
        width,
        receives,
        Then::Compose(own),
    )
}

/// Bits as arithmetic zeros and ones: with r random in both sharings, b ⊕ r is opened, and b is then r or 1 − r.
pub(super) fn inject_bit(
    suite: &mut Pairwise,
    bits: &Held,
    ring: u32,
) -> Result<Begun<Pairwise>, Error> {
    let share = boolean(bits)?;
    if share.width() != 1 {
        return Err(Error::bug("more than a bit is injected"));
    }
    let lanes = share.lanes();
    let dabits = suite
        .pools
        .take_dabits(ring, lanes.div_ceil(8).saturating_mul(8))?;
    let mut masked = share.part[0].clone();
    let mut random = vec![0; masked.stride()];
    dabits.bits.read(0, lanes, &mut random);
    let random = Bits::from_words(1, lanes, random);
    masked.xor_assign(&random);
    let masked = Arc::new(Value::Shared(Share::Boolean(Boolean::of(vec![masked]))));
    let receives = vec![true; suite.n];
    let constant = suite.me == CONSTANT;
    begin(
        suite,
        masked,
        1,
        receives,
        Then::Inject {
            ring,
            dabits,
            constant,
        },
    )
}

impl Open {
    fn piece_len(&self, lanes: usize) -> usize {
        match &self.sum {
            Sum::Arithmetic(_) => lanes * element_len(self.width),
            Sum::Boolean(bits) => (bits.width() * lanes).div_ceil(8),
        }
    }
}

impl Blocks<Pairwise> for Open {
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
        for other in suite.others() {
            if self.receives[other] {
                match &self.sum {
                    Sum::Arithmetic(_) => {
                        let share = arithmetic(&self.value)?;
                        wire.send(party(other), |out| {
                            each!(&share.part[0], v => write_elements(&v[range.clone()], self.width, out));
                        })?;
                    }
                    Sum::Boolean(_) => {
                        let share = boolean(&self.value)?;
                        wire.send(party(other), |out| {
                            let mut packer = Packer::new(out);
                            share.part[0].pack(range.start, range.len(), &mut packer);
                            packer.finish();
                        })?;
                    }
                }
            }
            if self.mine {
                wire.expect(party(other), self.piece_len(range.len()))?;
            }
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if !self.mine {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        let len = self.piece_len(range.len());
        for other in suite.others() {
            let bytes = wire.take(party(other), len)?;
            match &mut self.sum {
                Sum::Arithmetic(sum) => {
                    let width = self.width;
                    each!(sum, v => for_width!(width, E => {
                        for (sum, e) in v[range.clone()].iter_mut().zip(read_elements::<E>(bytes, width)) {
                            *sum = Element::low(Element::add(*sum, Element::of(e.word())), width);
                        }
                    }));
                }
                Sum::Boolean(sum) => {
                    let mut share = Bits::zeros(sum.width(), range.len());
                    share.unpack(0, range.len(), &mut Unpacker::new(bytes));
                    sum.xor_at(range.start, &share);
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Sum::Arithmetic(Elements::zeros(1, 0));
        let sum = std::mem::replace(&mut self.sum, empty);
        let then = std::mem::replace(&mut self.then, Then::Reveal);
        let opened = |sum| match sum {
            Sum::Arithmetic(sum) => sum,
            Sum::Boolean(sum) => sum.to_elements(),
        };
        let shared = |ring, elements| {
            let share = Share::Arithmetic(Arithmetic {
                ring,
                part: vec![elements],
            });
            Outcome::Values(vec![Value::Shared(share)])
        };
        Ok(match then {
            Then::Reveal => Outcome::Revealed(Opened::new(opened(sum))),
            Then::Output(id) => Outcome::Output(id, self.mine.then(|| Opened::new(opened(sum)))),
            Then::Compose(Some(own)) => shared(self.width, own.to_elements()),
            Then::Compose(None) => shared(self.width, opened(sum)),
            Then::Inject {
                ring,
                dabits,
                constant,
            } => {
                let Sum::Boolean(masked) = sum else {
                    return Err(Error::bug("bits that are not"));
                };
                let lanes = self.lanes;
                for_width!(ring, E => {
                    let random = super::pool::slice::<E>(&dabits.elements)?;
                    let flip = masked.bit(0);
                    let elements = random.iter().take(lanes).enumerate().map(|(l, &r)| {
                        // b = r where b ⊕ r = 0, else 1 − r.
                        if flip[l / 64] >> (l % 64) & 1 == 0 {
                            r
                        } else {
                            E::of(u128::from(constant)).sub(r).low(ring)
                        }
                    });
                    shared(ring, E::wrap(elements.collect()))
                })
            }
        })
    }
}
