//! Rows in an order that nobody knows.
//!
//! - **Functionality**: columns of one length, in A and B, come back with their rows in a uniform order, the same for all columns, in
//!   fresh sharings.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Laur, Willemson, Zhang, "Round-efficient oblivious database manipulation" (ISC 2011), the shuffle by resharing: every
//!   set of parties that is just large enough to hold a value permutes it and shares it anew. Among three parties with replicated
//!   shares as in Chida et al., "An efficient secure three-party sorting protocol with an honest majority" (ePrint 2019/695).
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: three rounds, in each of which two parties send the third a component of every row: two components per row, column and
//!   party in all.
//! - **Departures from the paper**: order and masks of a round come from the key that the pair has in common already; both
//!   components that the third party is to hold are masked, since it knows one of the pair's summands.
//! - **Leakage and failure**: see below; a wrong message makes results wrong.
//!
//! In round `c` party `c` is left out. Parties `c + 1` and `c + 2` hold all components: A = x_{c+1} + x_{c+2} and B = x_c. With an order π
//! and masks r, s from key `c + 2`, which is theirs alone, the components become y_{c+1} = π(A) − r, y_c = π(B) − s and y_{c+2} = r + s.
//! Party `c` is sent the first two: uniform and independent of each other, of the values and of π. So each party lacks one of the
//! three orders, and the rows' order in the end is uniform to it.

use super::{Begun, PARTS, Pipeline, Rep3, Share, numbers_for, part_of, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::prg::PrgKey;
use crate::protocols::Outcome;
use crate::protocols::operands::block_range;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::shuffle::{Columns, Kind, Order, PIECE, Vector, outcome};

/// Words of the key of an order.
const KEY: usize = 2;

struct Shuffle {
    me: usize,
    kinds: Vec<Kind>,
    lanes: usize,
    /// The parts of every column.
    parts: Vec<[Vector; PARTS]>,
    /// The first of [`Shuffle::per_round`] numbers of each round.
    number: u64,
}

/// Puts the rows of columns into an order that nobody knows.
pub(super) fn begin(suite: &mut Rep3, columns: Columns) -> Result<Begun<Rep3>, Error> {
    let (first, second) = (columns.parts(0)?, columns.parts(1)?);
    let parts = first.into_iter().zip(second);
    let mut shuffle = Shuffle {
        me: suite.me,
        kinds: columns.kinds()?,
        lanes: columns.lanes,
        parts: parts.map(|(a, b)| [a, b]).collect(),
        number: 0,
    };
    shuffle.number = suite.numbers.take(ROUNDS * shuffle.per_round());
    Pipeline::begun(shuffle)
}

/// Pairs, each of which leaves a party out.
const ROUNDS: usize = 3;

impl Shuffle {
    /// Numbers of the generator that a round takes.
    fn per_round(&self) -> usize {
        let masks = |kind: &Kind| PARTS * numbers_for(kind.words(self.lanes));
        numbers_for(KEY) + self.kinds.iter().map(masks).sum::<usize>()
    }

    /// What one of a pair does in the round without party `out`; what it sends, column by column.
    fn reshare(&mut self, suite: &Rep3, out: usize) -> Result<(), Error> {
        let (common, lanes) = ((out + 2) % 3, self.lanes);
        let missing = || Error::bug("a party reshares without its key");
        let mut number = self.number + (out * self.per_round()) as u64;
        let mut draw = |words: usize| {
            let drawn = suite.draw(common, number, words);
            number += numbers_for(words) as u64;
            drawn.ok_or_else(missing)
        };
        let mut key = [0; 16];
        for (bytes, word) in key.as_chunks_mut::<8>().0.iter_mut().zip(draw(KEY)?) {
            *bytes = word.to_le_bytes();
        }
        let order = Order::sample(&PrgKey::from_bytes(key), lanes)?;
        // Whether this party is the one with A.
        let first = self.me == (out + 1) % 3;
        for (kind, [a, b]) in self.kinds.iter().zip(&mut self.parts) {
            let mut drawn = || kind.random(lanes, draw(kind.words(lanes))?);
            let (mut r, s) = (drawn()?, drawn()?);
            if first {
                a.add(b)?;
                let mut moved = a.ordered(&order);
                moved.subtract(&r)?;
                r.add(&s)?;
                (*a, *b) = (moved, r);
            } else {
                let mut moved = b.ordered(&order);
                moved.subtract(&s)?;
                r.add(&s)?;
                (*a, *b) = (r, moved);
            }
        }
        Ok(())
    }

    /// Pieces of all columns, in the order in which they are sent.
    fn pieces(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + use<> {
        let (columns, lanes) = (self.kinds.len(), self.lanes);
        let pieces =
            move |c| (0..lanes.div_ceil(PIECE)).map(move |p| (c, block_range(p, PIECE, lanes)));
        (0..columns).flat_map(pieces)
    }
}

impl Blocks<Rep3> for Shuffle {
    type State = ();

    fn n_blocks(&self) -> usize {
        usize::from(self.lanes > 0)
    }

    fn n_phases(&self) -> u32 {
        ROUNDS as u32
    }

    fn send(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let out = place.phase as usize;
        if self.me == out {
            // Components `out` and `out + 1` come from the parties that made them.
            for (c, lanes) in self.pieces() {
                let len = self.kinds[c].len(lanes.len());
                wire.expect(party(out + 2), len)?;
                wire.expect(party(out + 1), len)?;
            }
            return Ok(());
        }
        self.reshare(suite, out)?;
        // Component `out + 1` is the first part at who holds A, component `out` the second at who holds B.
        let component = if self.me == (out + 1) % 3 {
            out + 1
        } else {
            out
        };
        let part = part_of(self.me, component % 3);
        let part = part.ok_or_else(|| Error::bug("a component is missing"))?;
        for (c, lanes) in self.pieces() {
            wire.send(party(out), |bytes| self.parts[c][part].write(lanes, bytes))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        _suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let out = place.phase as usize;
        if self.me != out {
            return Ok(());
        }
        for (c, lanes) in self.pieces() {
            let len = self.kinds[c].len(lanes.len());
            for (part, from) in [out + 2, out + 1].into_iter().enumerate() {
                let bytes = wire.take(party(from), len)?;
                self.parts[c][part].read(lanes.clone(), bytes);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        outcome(std::mem::take(&mut self.parts).into_iter())
    }
}
