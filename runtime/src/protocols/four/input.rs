//! What a party gives, as shares.
//!
//! - **Functionality**: the owner's value becomes shared; the others learn nothing.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort.
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 4.1.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round, two elements from the owner; against a malicious one another round, in which the two who got them tell each other 16
//!   bytes for each 1,024 lanes.
//! - **Departures from the paper**: of an owner's four components the one that it lacks is zero, and keys give two.
//! - **Leakage and failure**: each other party lacks a component that looks random to it: two lack what a key gave, the third what was sent. An
//!   owner that tells the two different things makes them stop; all else that it can send is some input.

use super::passing::{CHUNK, chunks, not_vouched_for};
use super::{
    Adversary, BLOCK, Begun, HASH, N, PARTS, Pipeline, Rep4, Share, Ticket, block_range,
    numbers_for, part_of, party,
};
use crate::bits::Bits;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::interface::{Clear, Owned};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::shuffle::{Kind, Vector, outcome};
use crate::protocols::vouch::Both;

struct Input {
    owner: usize,
    kind: Kind,
    lanes: usize,
    ticket: Ticket,
    /// By part.
    share: [Vector; PARTS],
    /// At its owner.
    value: Option<Vector>,
}

/// Shares an input; the value is there at its owner.
pub(super) fn begin<T: Adversary + Send + Sync + 'static>(
    suite: &mut Rep4<T>,
    input: &Owned,
    value: Clear,
) -> Result<Begun<Rep4<T>>, Error> {
    let Owned { owner, bits, lanes } = *input;
    let (kind, value) = match value {
        Clear::Integers(value) => (
            Kind::Integers(bits),
            value.map(|mut v| Vector::Integers(bits, std::mem::take(&mut *v))),
        ),
        Clear::Bits(value) => (
            Kind::Bits(bits as usize),
            value.map(|mut v| Vector::Bits(std::mem::replace(&mut *v, Bits::zeros(0, 0)))),
        ),
    };
    let numbers = numbers_for(kind.words(BLOCK));
    Pipeline::begun(Input {
        owner,
        kind,
        lanes,
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        share: std::array::from_fn(|_| kind.zeros(lanes)),
        value,
    })
}

impl Input {
    /// The components that keys give, and the one that is sent.
    fn components(&self) -> [usize; PARTS] {
        [1, 2, 3].map(|after| (self.owner + after) % N)
    }

    /// The two to whom it is sent: all others hold it, but the party of its own number.
    fn receivers(&self) -> [usize; 2] {
        [1, 2].map(|after| (self.owner + after) % N)
    }

    /// The other one of them, at one of them.
    fn other(&self, me: usize) -> Option<usize> {
        match self.receivers() {
            [a, b] if a == me => Some(b),
            [a, b] if b == me => Some(a),
            [_, _] => None,
        }
    }
}

impl<T: Adversary + Send + Sync + 'static> Blocks<Rep4<T>> for Input {
    /// Of what this party was sent.
    type State = Vec<Both>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1 + u32::from(T::DEVIATES)
    }

    fn send(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        hashes: &mut Self::State,
    ) -> Result<(), Error> {
        let (me, owner) = (suite.me, self.owner);
        if place.phase > 0 {
            let Some(other) = self.other(me).map(party) else {
                return Ok(());
            };
            let points = suite.links.with(other.index())?;
            return hashes.iter().try_for_each(|both| {
                let said = points.numbered(both.said);
                wire.send(other, |out| out.extend_from_slice(&said))?;
                wire.expect(other, HASH)
            });
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        let (n, number) = (range.len(), self.ticket.block(place.block));
        let [first, second, sent] = self.components();
        let mut rest = self.value.as_ref().map(|v| v.slice(range.start, n));
        for component in [first, second] {
            let Some(part) = part_of(me, component) else {
                continue;
            };
            let drawn = suite.draw(component, number, self.kind.words(n))?;
            let drawn = self.kind.random(n, drawn)?;
            self.share[part].put(range.start, &drawn)?;
            if let Some(rest) = &mut rest {
                rest.subtract(&drawn)?;
            }
        }
        if me == owner {
            let rest = rest.ok_or_else(|| Error::bug("an owner without its input"))?;
            for lanes in chunks(0..n) {
                for to in self.receivers() {
                    wire.send(party(to), |out| rest.write(lanes.clone(), out))?;
                }
            }
            if let Some(part) = part_of(me, sent) {
                self.share[part].put(range.start, &rest)?;
            }
        } else if self.other(me).is_some() {
            for lanes in chunks(0..n) {
                wire.expect(party(owner), self.kind.len(lanes.len()))?;
            }
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        place: Place,
        hashes: &mut Self::State,
    ) -> Result<(), Error> {
        let (me, owner) = (suite.me, party(self.owner));
        let Some(other) = self.other(me) else {
            return Ok(());
        };
        if place.phase > 0 {
            let points = suite.links.with(other)?;
            return hashes.drain(..).try_for_each(|both| {
                let heard = points.numbered(both.heard);
                match wire.take(party(other), HASH)? == heard {
                    true => Ok(()),
                    false => Err(not_vouched_for([owner, party(other)])),
                }
            });
        }
        let [.., sent] = self.components();
        let part = part_of(me, sent);
        let part = part.ok_or_else(|| Error::bug("a component is missing"))?;
        debug_assert!(BLOCK.is_multiple_of(CHUNK));
        for lanes in chunks(block_range(place.block, BLOCK, self.lanes)) {
            let bytes = wire.take(owner, self.kind.len(lanes.len()))?;
            if T::DEVIATES {
                hashes.push(suite.links.with(other)?.both(bytes));
            }
            self.share[part].read(lanes, bytes);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = || std::array::from_fn(|_| Kind::Bits(0).zeros(0));
        outcome([std::mem::replace(&mut self.share, empty())].into_iter())
    }
}
