//! What a party gives, as shares.
//!
//! - **Functionality**: the owner's value becomes shared; the others learn nothing.
//! - **Adversary**: malicious, one of three parties: both holders of a component have it by construction, so whatever an owner sends is
//!   some input.
//! - **Source**: the one-element form of Araki et al. (CCS 2016), section 2.3: two components from keys.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; the owner sends one element.
//! - **Departures from the paper**: component `j + 2` is zero and component `j` is drawn from key `j`.
//! - **Leakage and failure**: party `j + 1` sees `x − F(k_j)`, whose mask it does not know; party `j + 2` sees nothing.

use zeroize::Zeroizing;

use super::{
    Arithmetic, BLOCK, Boolean, PARTS, Pipeline, Protocols, Rep3, Share, Stands, Ticket,
    block_range, numbers_for, party,
};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::{Clear, Owned};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, append_elements, element_len, for_width, write_elements};

struct Input {
    owner: usize,
    bits: u32,
    lanes: usize,
    ticket: Ticket,
    out: Out,
}

enum Out {
    Arithmetic {
        share: Arithmetic,
        /// The owner's value.
        value: Option<Zeroizing<Elements>>,
    },
    Boolean {
        share: Boolean,
        value: Option<Zeroizing<Bits>>,
    },
}

/// Shares an input; the value is there at its owner.
pub(super) fn begin<T: Stands>(
    suite: &mut Rep3<T>,
    input: &Owned,
    value: Clear,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let Owned { owner, bits, lanes } = *input;
    let words = match &value {
        Clear::Integers(_) => for_width!(bits, E => BLOCK * E::WORDS),
        Clear::Bits(_) => bits as usize * words_for(BLOCK),
    };
    let n_blocks = lanes.div_ceil(BLOCK);
    let ticket = suite.numbers.reserve(n_blocks, numbers_for(words));
    let out = match value {
        Clear::Integers(value) => Out::Arithmetic {
            share: Arithmetic::zeros(PARTS, bits, lanes),
            value,
        },
        Clear::Bits(value) => Out::Boolean {
            share: Boolean::zeros(PARTS, bits as usize, lanes),
            value,
        },
    };
    Pipeline::begun(Input {
        owner,
        bits,
        lanes,
        ticket,
        out,
    })
}

impl<T: Stands> Blocks<Rep3<T>> for Input
where
    Rep3<T>: Protocols,
{
    type State = ();

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
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
        let (me, owner, bits) = (suite.me, self.owner, self.bits);
        let range = block_range(place.block, BLOCK, self.lanes);
        let (n, number) = (range.len(), self.ticket.block(place.block));
        match &mut self.out {
            Out::Arithmetic { share, value } => {
                for_width!(bits, E => {
                    // Component j is drawn by P_j and P_{j-1}.
                    let mask: Option<Vec<E>> = suite.draw(owner, number, n * E::WORDS)
                        .map(|words| super::arithmetic::elements_of(&words, bits).collect());
                    if me == owner {
                        let (Some(mask), Some(value)) = (mask, value.as_ref().and_then(|v| E::slice(v))) else {
                            return Err(Error::bug("an owner without its input"));
                        };
                        let rest: Vec<E> = value[range.clone()].iter().zip(&mask).map(|(&x, &m)| x.sub(m).low(bits)).collect();
                        wire.send(party(owner + 1), |out| write_elements(&rest, bits, out))?;
                        share.part[0].put(range.start, &E::wrap(mask))?;
                        share.part[1].put(range.start, &E::wrap(rest))?;
                    } else if me == (owner + 1) % 3 {
                        wire.expect(party(owner), n * element_len(bits))?;
                    } else if let Some(mask) = mask {
                        share.part[1].put(range.start, &E::wrap(mask))?;
                    }
                });
            }
            Out::Boolean { share, value } => {
                let (width, stride) = (bits as usize, words_for(n));
                let mask = suite
                    .draw(owner, number, width * stride)
                    .map(|words| Bits::from_words(width, n, words))
                    .transpose()?;
                if me == owner {
                    let (Some(mask), Some(value)) = (mask, value) else {
                        return Err(Error::bug("an owner without its input"));
                    };
                    let mut rest = value.slice(range.start, n);
                    rest.xor_assign(&mask)?;
                    wire.send(party(owner + 1), |out| {
                        let mut packer = Packer::new(out);
                        rest.pack(0, n, &mut packer);
                        packer.finish();
                    })?;
                    share.part[0].put(range.start, &mask)?;
                    share.part[1].put(range.start, &rest)?;
                } else if me == (owner + 1) % 3 {
                    wire.expect(party(owner), (width * n).div_ceil(8))?;
                } else if let Some(mask) = mask {
                    share.part[1].put(range.start, &mask)?;
                }
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
        let (me, owner, bits) = (suite.me, self.owner, self.bits);
        let range = block_range(place.block, BLOCK, self.lanes);
        let n = range.len();
        let gets_share = me == (owner + 1) % 3;
        match &mut self.out {
            Out::Arithmetic { share, .. } if gets_share => {
                let bytes = wire.take(party(owner), n * element_len(bits))?;
                let part = for_width!(bits, E => {
                    let mut part = Vec::<E>::new();
                    append_elements(bytes, bits, &mut part);
                    E::wrap(part)
                });
                share.part[0].put(range.start, &part)?;
            }
            Out::Boolean { share, .. } if gets_share => {
                let bytes = wire.take(party(owner), (bits as usize * n).div_ceil(8))?;
                share.part[0].unpack(range.start, n, &mut Unpacker::new(bytes));
            }
            Out::Arithmetic { .. } | Out::Boolean { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Out::Boolean {
            share: Boolean::zeros(PARTS, 0, 0),
            value: None,
        };
        let share = match std::mem::replace(&mut self.out, empty) {
            Out::Arithmetic { share, .. } => Share::Arithmetic(share),
            Out::Boolean { share, .. } => Share::Boolean(share),
        };
        Ok(Outcome::Values(vec![Value::Shared(share)]))
    }
}
