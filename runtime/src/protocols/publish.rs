//! What one party tells others in the clear: an input that it publishes to all, or what it alone knows to those who are to learn it.
//!
//! - **Functionality**: those who are told learn the owner's value.
//! - **Adversary**: semi-honest, any number of parties: there is nothing to hide from those who learn the value, and to others nothing
//!   is sent.
//! - **Source**: none.
//! - **Assumptions**: links are authenticated and encrypted.
//! - **Cost**: one round; one element to each party that is told. Where a suite compares at once what these have heard, another round, and 16
//!   bytes for each [`CHUNK`] lanes from each of them to each other.
//! - **Departures from the paper**: none to depart from.
//! - **Leakage and failure**: a cheating owner can tell different parties different values; a suite that stands one compares what they
//!   heard before anything is opened, or at once.

use smpcc_circuit::cost::VOUCHED_LANES;
use smpcc_circuit::ids::OutputId;
use zeroize::Zeroizing;

use super::interface::{Owned, Protocols};
use super::operands::block_range;
use super::pipeline::{Blocks, Pipeline, Place};
use super::sharing::Share;
use super::vouch::{Both, HASH};
use super::{Begun, Opened, Outcome, Value};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::party::PartyId;
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

/// What a value is told for.
pub(super) enum Telling {
    /// As an input that its owner publishes.
    Input,
    /// As an opening to all.
    Reveal,
    /// As an output.
    Output(OutputId),
}

struct Publish {
    owner: PartyId,
    bits: u32,
    lanes: usize,
    /// By party, whether it is to know the value.
    told: Vec<bool>,
    telling: Telling,
    /// Whether this party is.
    learns: bool,
    /// As far as this party knows it.
    value: Zeroizing<Elements>,
}

/// Tells what an owner knows to those who are `told`; the value is there at its owner.
pub(super) fn begin<S: Protocols + 'static>(
    me: usize,
    owned: &Owned,
    value: Option<&Elements>,
    told: Vec<bool>,
    telling: Telling,
) -> Result<Begun<S>, Error> {
    let learns = told.get(me).copied().unwrap_or(false);
    Pipeline::begun(Publish {
        owner: PartyId::new(owned.owner as u16),
        bits: owned.bits,
        lanes: owned.lanes,
        told,
        telling,
        learns,
        value: Zeroizing::new(match value {
            Some(value) => value.clone(),
            None => Elements::zeros(owned.bits, if learns { owned.lanes } else { 0 }),
        }),
    })
}

/// What this party and another one say to each other of what both heard.
struct Echo {
    with: PartyId,
    hashes: Both,
}

/// Lanes that one of them is about.
const CHUNK: usize = VOUCHED_LANES as usize;

impl Publish {
    /// Those whom the owner sends the value.
    fn others(&self) -> impl Iterator<Item = PartyId> + Clone + '_ {
        let parties = PartyId::all(self.told.len()).zip(&self.told);
        parties.filter_map(|(party, told)| (*told && party != self.owner).then_some(party))
    }
}

impl<S: Protocols> Blocks<S> for Publish {
    type State = Vec<Echo>;

    fn n_blocks(&self) -> usize {
        match self.others().next() {
            Some(_) => self.lanes.div_ceil(S::BLOCK),
            None => 0,
        }
    }

    fn n_phases(&self) -> u32 {
        // Nobody else has heard it where one party is told.
        1 + u32::from(S::ECHOES && self.others().nth(1).is_some())
    }

    fn send(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        echoes: &mut Vec<Echo>,
    ) -> Result<(), Error> {
        if place.phase > 0 {
            return echoes.iter().try_for_each(|echo| {
                let said = suite.numbered(echo.with.index(), echo.hashes.said);
                wire.send(echo.with, |out| out.extend_from_slice(&said))?;
                wire.expect(echo.with, HASH)
            });
        }
        let range = block_range(place.block, S::BLOCK, self.lanes);
        let (owner, bits) = (self.owner, self.bits);
        let me = wire.me();
        if me != owner {
            return match self.others().any(|party| party == me) {
                true => wire.expect(owner, range.len() * element_len(bits)),
                false => Ok(()),
            };
        }
        self.others().try_for_each(|to| {
            wire.send(to, |out| {
                each!(&*self.value, v => write_elements(&v[range.clone()], bits, out));
            })
        })
    }

    fn receive(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        echoes: &mut Vec<Echo>,
    ) -> Result<(), Error> {
        let me = wire.me();
        if !self.others().any(|party| party == me) {
            return Ok(());
        }
        if place.phase > 0 {
            return echoes.drain(..).try_for_each(|echo| {
                let heard = suite.numbered(echo.with.index(), echo.hashes.heard);
                match wire.take(echo.with, HASH)? == heard {
                    true => Ok(()),
                    false => Err(Error::cheating(
                        [self.owner, echo.with],
                        "they do not say the same of what one of them published",
                    )),
                }
            });
        }
        let range = block_range(place.block, S::BLOCK, self.lanes);
        let bits = self.bits;
        let bytes = wire.take(self.owner, range.len() * element_len(bits))?;
        suite.heard(self.owner.index(), bytes);
        if S::ECHOES {
            let with = self.others().filter(|party| *party != me);
            for chunk in bytes.chunks(CHUNK * element_len(bits)) {
                let echo = |with: PartyId| {
                    let hashes = suite.echo(with.index(), chunk)?;
                    Some(Echo { with, hashes })
                };
                echoes.extend(with.clone().filter_map(echo));
            }
        }
        for_width!(bits, E => {
            let into = E::slice_mut(&mut self.value).and_then(|v| v.get_mut(range));
            read_elements(bytes, bits, into.into_iter().flatten(), |into, e: E| *into = e);
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let value = std::mem::take(&mut *self.value);
        Ok(match self.telling {
            Telling::Input => Outcome::Values(vec![Value::Public(value)]),
            Telling::Reveal => Outcome::Revealed(Opened::new(value)),
            Telling::Output(id) => Outcome::Output(id, self.learns.then(|| Opened::new(value))),
        })
    }
}
