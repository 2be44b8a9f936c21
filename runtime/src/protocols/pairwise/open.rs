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

use zeroize::Zeroizing;

use super::CONSTANT;
use super::pool::DaBits;
use super::{Arithmetic, BLOCK, Boolean, Held, Pairwise, Share, arithmetic, boolean, party};
use crate::bits::{Bits, Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::mask::Mask;
use crate::protocols::interface::Opening;
use crate::protocols::operands::{block_range, nth};
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Open {
    opening: Opening,
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
    /// It is the result.
    Opened,
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

/// Opens a value to those who receive it.
pub(super) fn open(opening: Opening) -> Result<Begun<Pairwise>, Error> {
    begin(opening, Then::Opened)
}

fn begin(opening: Opening, then: Then) -> Result<Begun<Pairwise>, Error> {
    let (width, mine) = (opening.width, opening.mine);
    let sum = match &*opening.value {
        Value::Shared(Share::Boolean(b)) => Sum::Boolean(match mine {
            true => b.part[0].clone(),
            false => Bits::zeros(b.width(), 0),
        }),
        value => {
            let share = arithmetic(value)?;
            Sum::Arithmetic(match mine {
                true => share.part[0].lowered(width),
                false => Elements::zeros(width, 0),
            })
        }
    };
    Pipeline::begun(Open { opening, sum, then })
}

/// The arithmetic sharing of difference + parts: party 0 learns the difference, part `i` is party `i`'s own.
pub(super) fn compose(
    suite: &Pairwise,
    args: &[Held],
    ring: u32,
) -> Result<Begun<Pairwise>, Error> {
    let difference = match args.first() {
        Some(difference) if args.len() == suite.n => difference.clone(),
        Some(_) | None => return Err(Error::bug("a composition of the wrong operands")),
    };
    let own = match suite.me {
        0 => None,
        me => {
            let known = boolean(&*nth(args, me)?)?.known.clone();
            Some(known.ok_or_else(|| Error::bug("a random part is not known to its owner"))?)
        }
    };
    let opening = Opening {
        lanes: boolean(&difference)?.lanes(),
        value: difference,
        width: ring,
        receives: (0..suite.n).map(|p| p == 0).collect(),
        mine: suite.me == 0,
        output: None,
    };
    begin(opening, Then::Compose(own))
}

/// Bits as arithmetic zeros and ones: with r random in both sharings, b ⊕ r is opened, and b is then r or 1 − r.
pub(super) fn inject_bit(
    suite: &mut Pairwise,
    bits: &Held,
    ring: u32,
) -> Result<Begun<Pairwise>, Error> {
    let share = boolean(bits)?;
    let lanes = share.lanes();
    let dabits = suite
        .pools
        .take_dabits(ring, lanes.div_ceil(8).saturating_mul(8))?;
    let mut masked = share.part[0].clone();
    let mut random = vec![0; masked.stride()];
    dabits.bits.read(0, lanes, &mut random);
    let random = Bits::from_words(1, lanes, random)?;
    masked.xor_assign(&random)?;
    let masked = Arc::new(Value::Shared(Share::Boolean(Boolean::of(vec![masked]))));
    let opening = Opening {
        value: masked,
        lanes,
        width: 1,
        receives: vec![true; suite.n],
        mine: true,
        output: None,
    };
    let constant = suite.me == CONSTANT;
    begin(
        opening,
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
            Sum::Arithmetic(_) => lanes * element_len(self.opening.width),
            Sum::Boolean(bits) => (bits.width() * lanes).div_ceil(8),
        }
    }
}

impl Blocks<Pairwise> for Open {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.opening.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        for other in suite.others() {
            if self.opening.receives[other] {
                match &self.sum {
                    Sum::Arithmetic(_) => {
                        let share = arithmetic(&self.opening.value)?;
                        wire.send(party(other), |out| {
                            each!(&share.part[0], v => write_elements(&v[range.clone()], self.opening.width, out));
                        })?;
                    }
                    Sum::Boolean(_) => {
                        let share = boolean(&self.opening.value)?;
                        wire.send(party(other), |out| {
                            let mut packer = Packer::new(out);
                            share.part[0].pack(range.start, range.len(), &mut packer);
                            packer.finish();
                        })?;
                    }
                }
            }
            if self.opening.mine {
                wire.expect(party(other), self.piece_len(range.len()))?;
            }
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if !self.opening.mine {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let len = self.piece_len(range.len());
        for other in suite.others() {
            let bytes = wire.take(party(other), len)?;
            match &mut self.sum {
                Sum::Arithmetic(sum) => {
                    let width = self.opening.width;
                    each!(sum, v => for_width!(width, E => {
                        read_elements(bytes, width, &mut v[range.clone()], |sum, e: E| {
                            *sum = Element::low(Element::add(*sum, Element::of(e.word())), width);
                        });
                    }));
                }
                Sum::Boolean(sum) => {
                    let mut share = Bits::zeros(sum.width(), range.len());
                    share.unpack(0, range.len(), &mut Unpacker::new(bytes));
                    sum.xor_at(range.start, &share)?;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Sum::Arithmetic(Elements::zeros(1, 0));
        let sum = std::mem::replace(&mut self.sum, empty);
        let then = std::mem::replace(&mut self.then, Then::Opened);
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
            Then::Opened => self.opening.outcome(opened(sum)),
            Then::Compose(Some(own)) => shared(self.opening.width, own.to_elements()),
            Then::Compose(None) => shared(self.opening.width, opened(sum)),
            Then::Inject {
                ring,
                dabits,
                constant,
            } => {
                let Sum::Boolean(masked) = sum else {
                    return Err(Error::bug("bits that are not"));
                };
                let lanes = self.opening.lanes;
                for_width!(ring, E => {
                    let random = super::pool::slice::<E>(&dabits.elements)?;
                    let flip = masked.bit(0);
                    let one = E::of(u128::from(constant));
                    let lanes = random.iter().zip(Mask::each(flip, 0, lanes));
                    // b = r where b ⊕ r = 0, else 1 − r = r + (1 − 2r).
                    let elements = lanes.map(|(&r, flip)| {
                        r.add(one.sub(r.add(r)).select(flip)).low(ring)
                    });
                    shared(ring, E::wrap(elements.collect()))
                })
            }
        })
    }
}
