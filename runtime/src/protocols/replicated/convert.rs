//! Between arithmetic and Boolean shares.
//!
//! - **Functionality**: `Decompose`: components as Boolean-shared strings. `RandomParts`, `Compose`: an arithmetic sharing from a Boolean
//!   one by way of two random parts. `InjectBit`: an arithmetic 0 or 1 from a Boolean bit.
//! - **Adversary**: semi-honest, one of three parties; but for `InjectBit` (see `inject`) also a malicious one, with abort: what
//!   `Compose` sends is vouched for, the others send nothing.
//! - **Source**: Mohassel, Rindal, ABY3 (CCS 2018), section 5.3 (decomposition, composition); `InjectBit` is ours.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: `Decompose`, `RandomParts` nothing; `Compose` one round, `width` bits from each of parties 1 and 2, and where they are vouched
//!   for 16 bytes from each of parties 0 and 1; `InjectBit` two
//!   rounds, one element from each party.
//! - **Departures from the paper**: ABY3 injects a bit by two oblivious transfers with three parties (six elements in one round, four in two);
//!   the form here takes three elements in two rounds.
//! - **Leakage and failure**: see at each step what its receiver sees and why it is uniform.

use super::arithmetic::{bit_elements, elements_of};
use super::open::{Vouches, not_vouched_for};
use super::{
    Arithmetic, BLOCK, Boolean, Held, PARTS, Pipeline, Protocols, Rep3, Share, Stands, Ticket,
    block_range, boolean, numbers_for, part_of, party,
};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, append_elements, element_len, read_elements, write_elements};

/// Each component of the held integer as a Boolean sharing of its own: both its holders know it, so it is component `c`
/// of string `c`, and the other components are zero (ABY3, section 5.3, "bit decomposition").
pub(super) fn decompose(me: usize, value: &Arithmetic, width: usize) -> Vec<Share> {
    (0..3)
        .map(|component| {
            let share = match part_of(me, component) {
                Some(part) => {
                    let bits = Bits::from_elements(width, &value.part[part]);
                    with_part(part, bits)
                }
                None => Boolean::zeros(PARTS, width, value.lanes()),
            };
            Share::Boolean(share)
        })
        .collect()
}

/// A share of which only one part is not zero.
fn with_part(part: usize, bits: Bits) -> Boolean {
    let mut share = Boolean::zeros(PARTS, bits.width(), bits.lanes());
    share.part[part] = bits;
    share
}

/// Components 1 and 2 of a sharing to be: string `c − 1` is drawn by the two holders of component `c`.
pub(super) fn random_parts<T: Stands>(
    suite: &mut Rep3<T>,
    width: usize,
    lanes: usize,
) -> Result<Vec<Share>, Error> {
    let words = width * words_for(lanes);
    [1, 2]
        .into_iter()
        .map(|component| {
            let number = suite.numbers.take(numbers_for(words));
            let drawn = suite.draw(component, number, words);
            let share = match part_of(suite.me, component).zip(drawn) {
                Some((part, drawn)) => with_part(part, Bits::from_words(width, lanes, drawn)?),
                None => Boolean::zeros(PARTS, width, lanes),
            };
            Ok(Share::Boolean(share))
        })
        .collect()
}

struct Compose<V> {
    me: usize,
    /// The difference and parts 1 and 2.
    args: [Held; 3],
    width: usize,
    lanes: usize,
    /// What this party receives of the difference.
    third: Bits,
    vouching: V,
}

/// The arithmetic sharing of difference + parts.
pub(super) fn compose<T: Stands>(
    suite: &mut Rep3<T>,
    args: Vec<Held>,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let me = suite.me;
    let args: [Held; 3] = args
        .try_into()
        .map_err(|_| Error::bug("a composition of the wrong operands"))?;
    let (width, lanes) = (boolean(&args[0])?.width(), boolean(&args[0])?.lanes());
    let kept = if me == 1 { 0 } else { lanes };
    Pipeline::begun(Compose {
        me,
        args,
        width,
        lanes,
        third: Bits::zeros(width, kept),
        vouching: T::vouching(suite),
    })
}

/// Who sends which component of the difference to whom: parties 0 and 2 are to hold it, as component 0 of the result.
///
/// Party 0 knows part 1 but not part 2, party 2 the other way round: to each the difference is the value minus a uniform
/// number. Party 1 knows both parts and does not learn the difference. The component that is sent is the difference
/// minus what its receiver holds: it says no more. The party after the receiver holds it, too, and can vouch for it.
const COMPOSE: [(usize, usize); 2] = [(2, 0), (1, 2)];

impl<T: Stands> Blocks<Rep3<T>> for Compose<T::Vouching>
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
        let range = block_range(place.block, BLOCK, self.lanes);
        let last = (place.block + 1) * BLOCK >= self.lanes;
        let hash = <T::Vouching as Vouches>::LEN;
        let share = boolean(&self.args[0])?;
        let pack = |part: usize, out: &mut Vec<u8>| {
            let mut packer = Packer::new(out);
            share.part[part].pack(range.start, range.len(), &mut packer);
            packer.finish();
        };
        for (from, to) in COMPOSE {
            if suite.me == from {
                // Party 2 sends component 2 to party 0, party 1 component 1 to party 2: part 0 of each.
                wire.send(party(to), |out| pack(0, out))?;
            } else if suite.me == to {
                wire.expect(party(from), (self.width * range.len()).div_ceil(8))?;
                if hash > 0 && last {
                    wire.expect(party(to + 1), hash)?;
                }
            } else if hash > 0 {
                let mut bytes = Vec::new();
                pack(1, &mut bytes);
                self.vouching.vouch(&bytes);
                if last {
                    let said = self.vouching.said();
                    wire.send(party(to), |out| out.extend_from_slice(&said))?;
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
        let range = block_range(place.block, BLOCK, self.lanes);
        let last = (place.block + 1) * BLOCK >= self.lanes;
        for (from, to) in COMPOSE {
            if suite.me == to {
                let bytes = wire.take(party(from), (self.width * range.len()).div_ceil(8))?;
                self.vouching.came(bytes);
                self.third
                    .unpack(range.start, range.len(), &mut Unpacker::new(bytes));
                let hash = <T::Vouching as Vouches>::LEN;
                if hash > 0 && last && !self.vouching.holds(wire.take(party(to + 1), hash)?) {
                    return Err(not_vouched_for(suite));
                }
            }
        }
        if last && suite.me != 1 {
            let share = boolean(&self.args[0])?;
            self.third.xor_assign(&share.part[0])?;
            self.third.xor_assign(&share.part[1])?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let [_, first, second] = &self.args;
        let difference = || self.third.to_elements();
        // Strings 1 and 2 are components 1 and 2, at those who drew them.
        let drawn = |string: &Held, part: usize| -> Result<Elements, Error> {
            Ok(boolean(string)?.part[part].to_elements())
        };
        let part = match self.me {
            0 => [difference(), drawn(first, 1)?],
            1 => [drawn(first, 0)?, drawn(second, 1)?],
            _ => [drawn(second, 0)?, difference()],
        };
        let share = Arithmetic {
            ring: self.width as u32,
            part: part.into(),
        };
        Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
            share,
        ))]))
    }
}

/// b = b_0 ⊕ b_1 ⊕ b_2 = u + b_2 − 2·u·b_2 with u = b_0 ⊕ b_1, which party 0 knows; parties 1 and 2 know b_2.
///
/// 1. Party 0 sends e = u − f to party 1, with f drawn from key 0 (parties 0 and 2): uniform to party 1.
/// 2. With s = 1 − 2·b_2, parties 1 and 2 hold y_1 = e·s and y_2 = f·s + b_2, which add up to b. They send each other
///    t_1 = y_1 − ρ_1 and t_2 = y_2 − ρ_0, with ρ_c drawn from key c; each is uniform to its receiver, which lacks that
///    key. Components: ρ_0, ρ_1, t_1 + t_2.
struct InjectBit<E> {
    me: usize,
    bits: Held,
    ring: u32,
    lanes: usize,
    /// [`InjectBit::NUMBERS`] for each phase of a block.
    ticket: Ticket,
    /// Block after block.
    out: [Vec<E>; 2],
}

/// A block under way.
struct Under<E> {
    /// Phase 0: e at party 0; then e at party 1, f at party 2.
    factor: Vec<E>,
    /// Phase 1: what is drawn of the result, ρ_0 and ρ_1 at party 0 and one of them at the others.
    drawn: [Vec<E>; 2],
    /// What this party sends in phase 1, t_1 or t_2.
    sent: Vec<E>,
}

impl<E> Default for Under<E> {
    fn default() -> Self {
        Self {
            factor: Vec::new(),
            drawn: [Vec::new(), Vec::new()],
            sent: Vec::new(),
        }
    }
}

/// Bits as arithmetic zeros and ones.
pub(super) fn inject_bit<E: Element>(
    suite: &mut Rep3,
    bits: Held,
    ring: u32,
) -> Result<Begun<Rep3>, Error> {
    let lanes = boolean(&bits)?.lanes();
    let numbers = 2 * InjectBit::<E>::NUMBERS as usize;
    Pipeline::begun(InjectBit::<E> {
        me: suite.me,
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        bits,
        ring,
        lanes,
        out: [Vec::with_capacity(lanes), Vec::with_capacity(lanes)],
    })
}

impl<E: Element> InjectBit<E> {
    const NUMBERS: u64 = numbers_for(BLOCK * E::WORDS) as u64;

    /// One bit of the shares per lane of a block: the parts given, added.
    fn bit(&self, parts: &[usize], block: usize) -> Result<Vec<E>, Error> {
        let share = boolean(&self.bits)?;
        let range = block_range(block, BLOCK, self.lanes);
        let n = words_for(range.len());
        let mut words = vec![0; n];
        for &part in parts {
            let bits = &share.part[part].bit(0)[range.start / 64..];
            words.iter_mut().zip(bits).for_each(|(w, b)| *w ^= b);
        }
        Ok(bit_elements(&words, 0, range.len()).collect())
    }

    fn piece_len(&self, block: usize) -> usize {
        block_range(block, BLOCK, self.lanes).len() * element_len(self.ring)
    }
}

impl<E: Element> Blocks<Rep3> for InjectBit<E> {
    type State = Under<E>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn compute(&self, suite: &Rep3, place: Place, state: &mut Under<E>) -> Result<(), Error> {
        if place.phase == 2 {
            return Ok(());
        }
        let n = block_range(place.block, BLOCK, self.lanes).len();
        let (ring, words) = (self.ring, n * E::WORDS);
        let number = self.ticket.block(place.block) + u64::from(place.phase) * Self::NUMBERS;
        let drawn = |component: usize| -> Result<Vec<E>, Error> {
            let words = suite.draw(component, number, words);
            let words = words.ok_or_else(|| Error::bug("a key is missing"))?;
            Ok(elements_of(&words, ring).collect())
        };
        let masked = |values: &[E], mask: &[E]| -> Vec<E> {
            values
                .iter()
                .zip(mask)
                .map(|(&v, &m)| v.sub(m).low(ring))
                .collect()
        };
        match (place.phase, self.me) {
            (0, 0) => {
                let u: Vec<E> = self.bit(&[0, 1], place.block)?;
                state.factor = masked(&u, &drawn(0)?);
            }
            (0, 1) => {}
            (0, _) => state.factor = drawn(0)?,
            (_, 0) => state.drawn = [drawn(0)?, drawn(1)?],
            (_, me) => {
                // Component 2 is part 1 of party 1 and part 0 of party 2; parties 1 and 0 draw ρ_1, parties 2 and 0 ρ_0.
                let (component, part) = if me == 1 { (1, 1) } else { (0, 0) };
                let b2: Vec<E> = self.bit(&[part], place.block)?;
                for (y, &b) in state.factor.iter_mut().zip(&b2) {
                    let s = E::of(1).sub(b.add(b));
                    *y = if me == 1 { y.mul(s) } else { y.mul(s).add(b) };
                }
                let mask = drawn(component)?;
                state.sent = masked(&state.factor, &mask);
                state.drawn[me - 1] = mask;
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        _suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Under<E>,
    ) -> Result<(), Error> {
        let (ring, len) = (self.ring, self.piece_len(place.block));
        match (place.phase, self.me) {
            (0, 0) => wire.send(party(1), |out| write_elements(&state.factor, ring, out)),
            (0, 1) => wire.expect(party(0), len),
            (0, _) => Ok(()),
            (_, 0) => {
                self.out[0].append(&mut state.drawn[0]);
                self.out[1].append(&mut state.drawn[1]);
                Ok(())
            }
            (_, me) => {
                let other = party(3 - me);
                wire.send(other, |out| write_elements(&state.sent, ring, out))?;
                self.out[me - 1].append(&mut state.drawn[me - 1]);
                wire.expect(other, len)
            }
        }
    }

    fn receive(
        &mut self,
        _suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Under<E>,
    ) -> Result<(), Error> {
        let (ring, len) = (self.ring, self.piece_len(place.block));
        match (place.phase, self.me) {
            (0, 1) => {
                state.factor.clear();
                append_elements(wire.take(party(0), len)?, ring, &mut state.factor);
            }
            (0, _) | (_, 0) => {}
            (_, me) => {
                let theirs = wire.take(party(3 - me), len)?;
                let out = &mut self.out[2 - me];
                let start = out.len();
                out.extend_from_slice(&state.sent);
                read_elements(theirs, ring, &mut out[start..], |sum, e: E| {
                    *sum = sum.add(e).low(ring);
                });
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let part = std::mem::take(&mut self.out).map(E::wrap).into();
        let share = Arithmetic {
            ring: self.ring,
            part,
        };
        Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
            share,
        ))]))
    }
}
