//! What a party gives, as shares or, where it publishes it, in the clear.
//!
//! - **Functionality**: the owner's value becomes shared (or public); the others learn nothing more.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: the one-element form of Araki et al. (CCS 2016), section 2.3: two components from keys.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; the owner sends one element (for a public input two).
//! - **Departures from the paper**: component `j + 2` is zero and component `j` is drawn from key `j`.
//! - **Leakage and failure**: party `j + 1` sees `x − F(k_j)`, whose mask it does not know; party `j + 2` sees nothing.

use smpcc_circuit::program::{Domain, InputLeaf, ValueInfo};
use zeroize::Zeroizing;

use super::{
    Arithmetic, BLOCK, Boolean, PARTS, Rep3, Share, bits_of, block_range, in_ring, n_lanes, party,
    pipelined,
};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Input {
    owner: usize,
    /// The owner's value; mod 2^ring in the arithmetic domain.
    value: Option<Zeroizing<Elements>>,
    bits: u32,
    lanes: usize,
    out: Out,
}

enum Out {
    Public(Elements),
    Arithmetic(Arithmetic),
    Boolean {
        share: Boolean,
        value: Option<Zeroizing<Bits>>,
    },
}

/// Shares (or publishes) an input leaf; `value` is there at its owner.
pub(super) fn begin(
    me: usize,
    leaf: &InputLeaf,
    to: ValueInfo,
    value: Option<Elements>,
) -> Result<Begun<Rep3>, Error> {
    let (bits, lanes, owner) = (bits_of(to), n_lanes(to)?, leaf.party as usize);
    let value = match (value, owner == me) {
        (Some(v), true) if v.lanes() == lanes => Some(Zeroizing::new(v)),
        (None, false) => None,
        (_, _) => return Err(Error::bug("an input is given twice, or by the wrong party")),
    };
    let (out, value) = match to.domain {
        Domain::Public => (Out::Public(Elements::zeros(bits, lanes)), value),
        Domain::Arithmetic { .. } => (
            Out::Arithmetic(Arithmetic::zeros(PARTS, bits, lanes)),
            value.map(|v| Zeroizing::new(in_ring(&v, leaf.scalar, bits))),
        ),
        Domain::Boolean => {
            let value = value.map(|v| Zeroizing::new(Bits::from_elements(bits as usize, &v)));
            let share = Boolean::zeros(PARTS, bits as usize, lanes);
            (Out::Boolean { share, value }, None)
        }
        Domain::Yao => return Err(Error::bug("inputs do not become labels directly")),
    };
    pipelined(Input {
        owner,
        value,
        bits,
        lanes,
        out,
    })
}

impl Blocks<Rep3> for Input {
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
        let (me, owner, bits) = (suite.me, self.owner, self.bits);
        let range = block_range(place.block, BLOCK, self.lanes);
        let n = range.len();
        match &mut self.out {
            Out::Public(value) => {
                if let Some(mine) = self.value.as_ref() {
                    for other in [me + 1, me + 2] {
                        wire.send(party(other), |out| {
                            each!(&**mine, v => write_elements(&v[range.clone()], bits, out));
                        })?;
                    }
                } else {
                    wire.expect(party(owner), n * element_len(bits))?;
                }
                if let (Some(mine), true) = (self.value.as_ref(), range.end == self.lanes) {
                    *value = Elements::clone(mine);
                }
            }
            Out::Arithmetic(share) => {
                for_width!(bits, E => {
                    let number = suite.allocate(n * E::WORDS);
                    // Component j is drawn by P_j and P_{j-1}.
                    let mask: Option<Vec<E>> = suite.draw(owner, number, n * E::WORDS)
                        .map(|words| super::arithmetic::elements_of(&words, bits).collect());
                    if me == owner {
                        let (Some(mask), Some(value)) = (mask, self.value.as_ref().and_then(|v| E::slice(v))) else {
                            return Err(Error::bug("an owner without its input"));
                        };
                        let rest: Vec<E> = value[range.clone()].iter().zip(&mask).map(|(&x, &m)| x.sub(m).low(bits)).collect();
                        wire.send(party(owner + 1), |out| write_elements(&rest, bits, out))?;
                        put(&mut share.part[0], range.start, &mask);
                        put(&mut share.part[1], range.start, &rest);
                    } else if me == (owner + 1) % 3 {
                        wire.expect(party(owner), n * element_len(bits))?;
                    } else if let Some(mask) = mask {
                        put(&mut share.part[1], range.start, &mask);
                    }
                });
            }
            Out::Boolean { share, value } => {
                let (width, stride) = (bits as usize, words_for(n));
                let number = suite.allocate(width * stride);
                let mask = suite
                    .draw(owner, number, width * stride)
                    .map(|words| Bits::from_words(width, n, words));
                if me == owner {
                    let (Some(mask), Some(value)) = (mask, value) else {
                        return Err(Error::bug("an owner without its input"));
                    };
                    let mut rest = value.slice(range.start, n);
                    rest.xor_assign(&mask);
                    wire.send(party(owner + 1), |out| {
                        let mut packer = Packer::new(out);
                        rest.pack(0, n, &mut packer);
                        packer.finish();
                    })?;
                    share.part[0].put(range.start, &mask);
                    share.part[1].put(range.start, &rest);
                } else if me == (owner + 1) % 3 {
                    wire.expect(party(owner), (width * n).div_ceil(8))?;
                } else if let Some(mask) = mask {
                    share.part[1].put(range.start, &mask);
                }
            }
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let (me, owner, bits) = (suite.me, self.owner, self.bits);
        let range = block_range(place.block, BLOCK, self.lanes);
        let n = range.len();
        let gets_share = me == (owner + 1) % 3;
        match &mut self.out {
            Out::Public(value) if me != owner => {
                let bytes = wire.take(party(owner), n * element_len(bits))?;
                for_width!(bits, E => put(value, range.start, &read_elements::<E>(bytes, bits).collect::<Vec<_>>()));
            }
            Out::Arithmetic(share) if gets_share => {
                let bytes = wire.take(party(owner), n * element_len(bits))?;
                for_width!(bits, E => put(&mut share.part[0], range.start, &read_elements::<E>(bytes, bits).collect::<Vec<_>>()));
            }
            Out::Boolean { share, .. } if gets_share => {
                let bytes = wire.take(party(owner), (bits as usize * n).div_ceil(8))?;
                share.part[0].unpack(range.start, n, &mut Unpacker::new(bytes));
            }
            Out::Public(_) | Out::Arithmetic(_) | Out::Boolean { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Out::Public(Elements::zeros(1, 0));
        let value = match std::mem::replace(&mut self.out, empty) {
            Out::Public(value) => Value::Public(value),
            Out::Arithmetic(share) => Value::Shared(Share::Arithmetic(share)),
            Out::Boolean { share, .. } => Value::Shared(Share::Boolean(share)),
        };
        Ok(Outcome::Values(vec![value]))
    }
}

/// Overwrites lanes from `from` on.
fn put<E: Element>(into: &mut Elements, from: usize, part: &[E]) {
    each!(into, v => {
        for (out, e) in v[from..].iter_mut().zip(part) {
            *out = Element::of(e.word());
        }
    });
}
