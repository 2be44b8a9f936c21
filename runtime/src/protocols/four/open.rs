//! Opening to all parties or to some, and to those who hold a component of a sharing to be.
//!
//! - **Functionality**: receivers learn the value mod 2^width of its type; nobody else learns anything. `Compose`: the arithmetic sharing of a
//!   difference and three random components.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort (`passing`).
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 4.1; for `Compose` Mohassel, Rindal, ABY3 (CCS 2018), section 5.3, with four
//!   components.
//! - **Assumptions**: none beyond private links; against a malicious party AES-128 is a pseudo-random function.
//! - **Cost**: one round; one component per receiver. `Compose` has three receivers.
//! - **Departures from the paper**: arithmetic shares are cut to the type's width first, so that what a ring holds above it
//!   stays hidden.
//! - **Leakage and failure**: the component that a receiver lacks is the value minus what it holds: it says no more. The difference of a
//!   composition goes to parties 1, 2 and 3, each of which lacks the random component of its own number: to each it is uniform.

use smpcc_circuit::cost::opener;

use super::passing::{chunks, hear, say};
use super::{
    Adversary, BLOCK, Begun, Held, N, PARTS, Pipeline, Rep4, Share, arithmetic, block_range,
    boolean, component_of, part_of,
};
use crate::bits::Packer;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Opening;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::sharing::Arithmetic;
use crate::protocols::shuffle::{Kind, Vector};
use crate::protocols::{Outcome, Value};
use crate::ring::{Elements, each, write_elements};

struct Open {
    me: usize,
    value: Held,
    kind: Kind,
    lanes: usize,
    /// By party.
    receives: [bool; N],
    /// The component that this party lacks, where it receives it.
    missing: Vector,
    then: Then,
}

/// What an opening is for.
enum Then {
    Opening(Opening),
    /// A sharing of so many bits of the value and of random strings for components 1, 2 and 3.
    Compose([Held; PARTS], u32),
}

/// Opens a value to those who receive it.
pub(super) fn begin<T: Adversary + Send + Sync + 'static>(
    me: usize,
    opening: Opening,
) -> Result<Begun<Rep4<T>>, Error> {
    let width = opening.width;
    let kind = match &*opening.value {
        Value::Shared(Share::Boolean(_)) => Kind::Bits(width as usize),
        Value::Shared(_) | Value::Public(_) | Value::Local(_) => Kind::Integers(width),
    };
    let receives = |p: usize| opening.receives.get(p).copied().unwrap_or(false);
    Pipeline::begun(Open {
        me,
        value: opening.value.clone(),
        kind,
        lanes: opening.lanes,
        receives: std::array::from_fn(receives),
        missing: kind.zeros(opening.kept()),
        then: Then::Opening(opening),
    })
}

/// The arithmetic sharing of difference + parts.
pub(super) fn compose<T: Adversary + Send + Sync + 'static>(
    me: usize,
    args: Vec<Held>,
    ring: u32,
) -> Result<Begun<Rep4<T>>, Error> {
    let args: [Held; N] = args
        .try_into()
        .map_err(|_| Error::bug("a composition of the wrong operands"))?;
    let [value, strings @ ..] = args;
    let (width, lanes) = (boolean(&value)?.width(), boolean(&value)?.lanes());
    let kind = Kind::Bits(width);
    Pipeline::begun(Open {
        me,
        value,
        kind,
        lanes,
        receives: [false, true, true, true],
        missing: kind.zeros(if me == 0 { 0 } else { lanes }),
        then: Then::Compose(strings, ring),
    })
}

/// Appends lanes of a part of what is opened.
fn write(
    value: &Held,
    kind: Kind,
    part: usize,
    lanes: std::ops::Range<usize>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let missing = || Error::bug("a part of a share is missing");
    match kind {
        Kind::Integers(width) => {
            let elements = arithmetic(value)?.part.get(part).ok_or_else(missing)?;
            each!(elements, v => write_elements(&v[lanes], width, out));
        }
        Kind::Bits(_) => {
            let bits = boolean(value)?.part.get(part).ok_or_else(missing)?;
            let mut packer = Packer::new(out);
            bits.pack(lanes.start, lanes.len(), &mut packer);
            packer.finish();
        }
    }
    Ok(())
}

impl Open {
    /// All of the value, at a party that receives it.
    fn sum(&mut self) -> Result<Elements, Error> {
        let mut sum = std::mem::replace(&mut self.missing, Kind::Bits(0).zeros(0));
        for part in 0..PARTS {
            let own = match self.kind {
                Kind::Integers(width) => {
                    let part = arithmetic(&self.value)?.part.get(part);
                    part.map(|part| Vector::Integers(width, part.lowered(width)))
                }
                Kind::Bits(_) => {
                    let part = boolean(&self.value)?.part.get(part);
                    part.cloned().map(Vector::Bits)
                }
            };
            sum.add(&own.ok_or_else(|| Error::bug("a part of a share is missing"))?)?;
        }
        Ok(sum.into_integers())
    }
}

impl<T: Adversary + Send + Sync + 'static> Blocks<Rep4<T>> for Open {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        for lanes in chunks(block_range(place.block, BLOCK, self.lanes)) {
            for to in (0..N).filter(|&to| self.receives[to]) {
                let route = opener(to);
                let part = part_of(suite.me, to);
                let mut written = Ok(());
                say(suite, wire, route, self.kind.len(lanes.len()), |out| {
                    if let Some(part) = part {
                        written = write(&self.value, self.kind, part, lanes.clone(), out);
                    }
                })?;
                written?;
            }
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if !self.receives[suite.me] {
            return Ok(());
        }
        let route = opener(suite.me);
        for lanes in chunks(block_range(place.block, BLOCK, self.lanes)) {
            let len = self.kind.len(lanes.len());
            hear(suite, wire, route, len, |bytes| {
                self.missing.read(lanes, bytes)
            })?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let value = match self.receives[self.me] {
            true => self.sum()?,
            false => Elements::zeros(1, 0),
        };
        match &self.then {
            Then::Opening(opening) => Ok(opening.outcome(value)),
            Then::Compose(strings, ring) => composed(self.me, value, strings, *ring),
        }
    }
}

/// The sharing whose component 0 is what was opened, and whose others are strings of which only that component is not zero.
fn composed(
    me: usize,
    difference: Elements,
    strings: &[Held; PARTS],
    ring: u32,
) -> Result<Outcome<Share>, Error> {
    let mut difference = Some(difference);
    let part = (0..PARTS).map(|part| {
        let missing = || Error::bug("a component of a sharing is missing");
        match component_of(me, part) {
            0 => difference.take().ok_or_else(missing),
            component => {
                let string = strings.get(component - 1).ok_or_else(missing)?;
                let drawn = boolean(string)?.part.get(part).ok_or_else(missing)?;
                Ok(drawn.to_elements())
            }
        }
    });
    let part = part.collect::<Result<_, Error>>()?;
    let share = Arithmetic { ring, part };
    Ok(Outcome::Values(vec![Value::Shared(Share::Arithmetic(
        share,
    ))]))
}
