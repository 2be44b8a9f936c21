//! What a party publishes: it is sent to all others in the clear, whatever the suite.
//!
//! - **Functionality**: everybody learns the owner's value.
//! - **Adversary**: semi-honest, any number of parties: there is nothing to hide.
//! - **Source**: none.
//! - **Assumptions**: links are authenticated.
//! - **Cost**: one round; one element to each other party.
//! - **Departures from the paper**: none to depart from.
//! - **Leakage and failure**: a cheating owner can tell different parties different values.

use zeroize::Zeroizing;

use super::dispatch::{Owned, Protocols};
use super::operands::block_range;
use super::pipeline::{Blocks, Pipeline, Place};
use super::sharing::Share;
use super::{Begun, Outcome, Value};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::party::PartyId;
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

struct Publish {
    owner: PartyId,
    bits: u32,
    value: Elements,
}

/// Publishes an input.
pub(super) fn begin<S: Protocols + 'static>(
    input: &Owned,
    value: Option<Zeroizing<Elements>>,
) -> Result<Begun<S>, Error> {
    Pipeline::begun(Publish {
        owner: PartyId::new(input.owner as u16),
        bits: input.bits,
        value: match value {
            Some(value) => Elements::clone(&value),
            None => Elements::zeros(input.bits, input.lanes),
        },
    })
}

impl<S: Protocols> Blocks<S> for Publish {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.value.lanes().div_ceil(S::BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        _suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, S::BLOCK, self.value.lanes());
        let (owner, bits) = (self.owner, self.bits);
        if wire.me() != owner {
            return wire.expect(owner, range.len() * element_len(bits));
        }
        PartyId::all(wire.n_parties())
            .filter(|&party| party != owner)
            .try_for_each(|to| {
                wire.send(to, |out| {
                    each!(&self.value, v => write_elements(&v[range.clone()], bits, out));
                })
            })
    }

    fn receive(
        &mut self,
        _suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if wire.me() == self.owner {
            return Ok(());
        }
        let range = block_range(place.block, S::BLOCK, self.value.lanes());
        let bits = self.bits;
        let bytes = wire.take(self.owner, range.len() * element_len(bits))?;
        for_width!(bits, E => {
            let into = E::slice_mut(&mut self.value).and_then(|v| v.get_mut(range));
            for (into, e) in into.into_iter().flatten().zip(read_elements::<E>(bytes, bits)) {
                *into = e;
            }
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let value = std::mem::replace(&mut self.value, Elements::zeros(1, 0));
        Ok(Outcome::Values(vec![Value::Public(value)]))
    }
}
