//! Opening to all parties or to some.
//!
//! - **Functionality**: receivers learn the value mod 2^width of its type; nobody else learns anything.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: Ben-Or, Goldwasser, Wigderson (STOC 1988), section 2, with t + 1 of the shares.
//! - **Assumptions**: none beyond private links.
//! - **Cost**: one round; a receiver gets one element from each of the t parties after it. With a king two rounds: the first receiver
//!   opens the value and sends it to the others.
//! - **Departures from the paper**: instead of its share a party sends coordinate 0 of it times its Lagrange weight, an additive share
//!   of the value and a function of what would be sent otherwise; arithmetic shares are cut to the type's width first.
//! - **Leakage and failure**: with what t corrupt parties hold, the value determines all shares: they say no more. What the king passes
//!   on is the value itself, to those who receive it anyway.

use std::ops::Range;

use smpcc_circuit::cost::king_opens;
use smpcc_circuit::program::Program;

use super::coefficients::{Integers, Sliced};
use super::vector::Vector;
use super::{BLOCK, Bgw, Held, Pipeline, Share, arithmetic, block_range, party};
use crate::bits::Bits;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Opening;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, element_len, for_width};

struct Open<R: Collected> {
    opening: Opening,
    receivers: Vec<usize>,
    /// Whether the first receiver opens for all.
    king: bool,
    sum: R::Clear,
}

/// Opens a value to those who receive it.
pub(super) fn begin(program: &Program, opening: Opening) -> Result<Begun<Bgw>, Error> {
    match &*opening.value {
        Value::Shared(Share::Boolean(b)) => {
            let bytes = (b.lanes() * opening.width as usize).div_ceil(8);
            open::<Sliced>(program, opening, bytes)
        }
        value => {
            let (ring, lanes) = (arithmetic(value)?.ring, arithmetic(value)?.lanes());
            let bytes = lanes * element_len(opening.width);
            for_width!(ring, E => open::<Integers<E>>(program, opening, bytes))
        }
    }
}

fn open<R: Collected>(
    program: &Program,
    opening: Opening,
    bytes: usize,
) -> Result<Begun<Bgw>, Error> {
    let receives = opening.receives.iter().enumerate();
    let receivers: Vec<usize> = receives.filter_map(|(p, &r)| r.then_some(p)).collect();
    Pipeline::begun(Open::<R> {
        king: king_opens(program, receivers.len(), bytes as u64),
        receivers,
        sum: R::empty(opening.width, opening.kept()),
        opening,
    })
}

/// What is opened, and how it is collected.
pub(super) trait Collected: Vector {
    /// Zeros.
    fn empty(width: u32, lanes: usize) -> Self::Clear;
    /// Puts the words of a block in place.
    fn put(
        words: Vec<Self::Word>,
        from: usize,
        lanes: usize,
        width: u32,
        into: &mut Self::Clear,
    ) -> Result<(), Error>;
    /// The words of a block.
    fn get(clear: &Self::Clear, lanes: Range<usize>, width: u32) -> Result<Vec<Self::Word>, Error>;
    /// As integers.
    fn elements(clear: &Self::Clear) -> Elements;
}

impl<E: Element> Collected for Integers<E> {
    fn empty(width: u32, lanes: usize) -> Elements {
        Elements::zeros(width, lanes)
    }

    fn put(
        words: Vec<E>,
        from: usize,
        _lanes: usize,
        width: u32,
        into: &mut Elements,
    ) -> Result<(), Error> {
        into.put(from, &E::wrap(words).lowered(width))
    }

    fn get(clear: &Elements, lanes: Range<usize>, width: u32) -> Result<Vec<E>, Error> {
        // The value is in the machine word of its own width, which may be narrower than that of the shares.
        for_width!(width, F => {
            let words = F::slice(clear).and_then(|v| v.get(lanes));
            let words = words.ok_or_else(|| Error::bug("an opened value in the wrong machine word"))?;
            Ok(words.iter().map(|e| E::of(e.word())).collect())
        })
    }

    fn elements(clear: &Elements) -> Elements {
        clear.clone()
    }
}

impl Collected for Sliced {
    fn empty(width: u32, lanes: usize) -> Bits {
        Bits::zeros(width as usize, lanes)
    }

    fn put(
        words: Vec<u64>,
        from: usize,
        lanes: usize,
        width: u32,
        into: &mut Bits,
    ) -> Result<(), Error> {
        into.put(from, &Bits::from_words(width as usize, lanes, words)?)
    }

    fn get(clear: &Bits, lanes: Range<usize>, _width: u32) -> Result<Vec<u64>, Error> {
        Sliced::words(clear, lanes)
    }

    fn elements(clear: &Bits) -> Elements {
        clear.to_elements()
    }
}

/// Sends this party's additive shares of a block to a receiver, where it is one of the t after it.
pub(super) fn send<R: Vector>(
    suite: &Bgw,
    wire: &mut Exchange<'_>,
    value: &Held,
    receiver: usize,
    lanes: Range<usize>,
    width: u32,
) -> Result<(), Error> {
    let Some(weights) = &suite.geometry.opening[receiver] else {
        return Ok(());
    };
    let layout = R::layout(width, lanes.len());
    let words = R::project(value, weights, lanes)?;
    wire.send(party(receiver), |out| {
        R::write(&words, layout.unit, layout.format, out);
    })
}

/// Says what a receiver gets.
pub(super) fn expect<R: Vector>(
    suite: &Bgw,
    wire: &mut Exchange<'_>,
    lanes: usize,
    width: u32,
) -> Result<(), Error> {
    let geometry = &suite.geometry;
    for k in 1..=geometry.t {
        let len = R::layout(width, lanes).len::<R>(1);
        wire.expect(party((geometry.me + k) % geometry.n), len)?;
    }
    Ok(())
}

/// At a receiver: the value, in the ring of its shares, on a block of lanes; right mod 2^width.
pub(super) fn receive<R: Vector>(
    suite: &Bgw,
    wire: &mut Exchange<'_>,
    value: &Held,
    lanes: Range<usize>,
    width: u32,
) -> Result<Vec<R::Word>, Error> {
    let geometry = &suite.geometry;
    let missing = || Error::bug("a receiver without a share");
    let weights = geometry.opening[geometry.me].as_ref().ok_or_else(missing)?;
    let layout = R::layout(width, lanes.len());
    let mut sum = R::project(value, weights, lanes)?;
    for k in 1..=geometry.t {
        let bytes = wire.take(party((geometry.me + k) % geometry.n), layout.len::<R>(1))?;
        R::add_read(bytes, layout.unit, layout.format, &mut sum);
    }
    Ok(sum)
}

impl<R: Collected> Open<R> {
    /// Who gets additive shares.
    fn openers(&self) -> &[usize] {
        let n = if self.king { 1 } else { self.receivers.len() };
        &self.receivers[..n]
    }

    /// The king tells the other receivers.
    fn pass_on(
        &self,
        me: usize,
        wire: &mut Exchange<'_>,
        lanes: Range<usize>,
    ) -> Result<(), Error> {
        let king = self.receivers[0];
        let layout = R::layout(self.opening.width, lanes.len());
        if me != king {
            let len = layout.len::<R>(1);
            return if self.opening.mine {
                wire.expect(party(king), len)
            } else {
                Ok(())
            };
        }
        let words = R::get(&self.sum, lanes, self.opening.width)?;
        for &to in &self.receivers[1..] {
            wire.send(party(to), |out| {
                R::write(&words, layout.unit, layout.format, out)
            })?;
        }
        Ok(())
    }
}

impl<R: Collected> Blocks<Bgw> for Open<R> {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.opening.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        if self.king { 2 } else { 1 }
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let me = suite.geometry.me;
        if place.phase == 1 {
            return self.pass_on(me, wire, range);
        }
        for &receiver in self.openers().iter().filter(|&&p| p != me) {
            let (value, range) = (&self.opening.value, range.clone());
            send::<R>(suite, wire, value, receiver, range, self.opening.width)?;
        }
        if self.openers().contains(&me) {
            expect::<R>(suite, wire, range.len(), self.opening.width)?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.opening.lanes);
        let (from, n, me) = (range.start, range.len(), suite.geometry.me);
        let opens = self.openers().contains(&me);
        let words = if place.phase == 0 && opens {
            receive::<R>(suite, wire, &self.opening.value, range, self.opening.width)?
        } else if place.phase == 1 && self.opening.mine && !opens {
            let layout = R::layout(self.opening.width, n);
            let mut words = vec![R::Word::default(); layout.total];
            let bytes = wire.take(party(self.openers()[0]), layout.len::<R>(1))?;
            R::add_read(bytes, layout.unit, layout.format, &mut words);
            words
        } else {
            return Ok(());
        };
        R::put(words, from, n, self.opening.width, &mut self.sum)
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let opened = R::elements(&self.sum);
        Ok(self.opening.outcome(opened))
    }
}
