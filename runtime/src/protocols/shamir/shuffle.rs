//! Rows in an order that nobody knows.
//!
//! - **Functionality**: columns of one length, in A and B, come back with their rows in a uniform order, the same for all columns, in
//!   fresh sharings.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: Laur, Willemson, Zhang, "Round-efficient oblivious database manipulation" (ISC 2011), the shuffle by resharing: sets of
//!   parties that are just large enough to hold a value permute it in turn and share it anew.
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: a round for each set (`smpcc_circuit::cost::resharers`), in which its t + 1 parties deal every row; where t > 1, a round
//!   before for the orders' keys.
//! - **Departures from the paper**: sets are those that are needed so that any t parties are missing in one, which are fewer than
//!   all where more than t + 1 parties are honest. Where a set is a pair, the key of its order comes from the key that it has in
//!   common; else its first party draws one.
//! - **Leakage and failure**: what is dealt is uniform to any t parties, and these know nothing of the order of the set that has
//!   none of them; a wrong message makes results wrong.
//!
//! In a set each party has an additive part of every value. It puts its parts into the set's order and deals them; the dealt sharings
//! add up to one of the values in that order.

use std::ops::Range;
use std::sync::Arc;

use smpcc_circuit::cost::resharers;
use zeroize::Zeroizing;

use super::coefficients::{Integers, Sliced};
use super::deal::Batch;
use super::input::Shared;
use super::{Begun, Bgw, Pipeline, Share, party};
use crate::bits::Bits;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::prg::{OsEntropy, PrgKey};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::sharing::Held;
use crate::protocols::shuffle::{Columns, Kind, Order, Vector};
use crate::protocols::{Outcome, Value};
use crate::ring::{Element, for_width};

/// The stream of keys of orders; those below are the dealers' and that of sharings of zero.
const ORDERS: u64 = 33;
/// Bytes of a key.
const KEY: usize = 16;

struct Shuffle {
    sets: Vec<Vec<usize>>,
    kinds: Vec<Kind>,
    lanes: usize,
    columns: Vec<Held>,
    /// By set, the key of its order, at its parties.
    keys: Vec<Option<PrgKey>>,
    /// The first of [`Shuffle::per_set`] numbers of each set.
    number: u64,
    d: usize,
    /// What is dealt in the round under way, by column.
    dealt: Vec<Dealt>,
}

/// A column that is dealt.
enum Dealt {
    Narrow(Batch<Integers<u64>>),
    Wide(Batch<Integers<u128>>),
    Bits(Batch<Sliced>),
}

/// Runs one expression for the batch of a column: `each_batch!(dealt, batch => …)`.
macro_rules! each_batch {
    ($dealt:expr, $batch:ident => $body:expr) => {
        match $dealt {
            Dealt::Narrow($batch) => $body,
            Dealt::Wide($batch) => $body,
            Dealt::Bits($batch) => $body,
        }
    };
}

/// Puts the rows of columns into an order that nobody knows.
pub(super) fn begin(suite: &mut Bgw, columns: Columns) -> Result<Begun<Bgw>, Error> {
    let (n, t, d) = (suite.geometry.n, suite.geometry.t, suite.geometry.d);
    let sets = resharers(n as u32, t as u32);
    let sets = sets.ok_or_else(|| Error::bug("a shuffle among too many sets of parties"))?;
    let members = |set: &u32| (0..n).filter(|p| set >> p & 1 == 1).collect();
    let mut shuffle = Shuffle {
        sets: sets.iter().map(members).collect(),
        kinds: columns.kinds()?,
        lanes: columns.lanes,
        columns: columns.all,
        keys: sets.iter().map(|_| None).collect(),
        number: 0,
        d,
        dealt: Vec::new(),
    };
    let numbers = shuffle.sets.len() * shuffle.per_set();
    shuffle.number = suite.numbers.take(numbers);
    Pipeline::begun(shuffle)
}

impl Shuffle {
    /// Numbers of the generators that a set takes: one for its key, and those of its dealings.
    fn per_set(&self) -> usize {
        let dealing = |kind: &Kind| match *kind {
            Kind::Integers(ring) => {
                for_width!(ring, E => numbers::<Integers<E>>(ring, self.lanes, self.d))
            }
            Kind::Bits(width) => numbers::<Sliced>(width as u32, self.lanes, self.d),
        };
        1 + self.kinds.iter().map(dealing).sum::<usize>()
    }

    /// The first number of a set.
    fn first(&self, set: usize) -> u64 {
        self.number + (set * self.per_set()) as u64
    }

    /// Rounds before the first resharing.
    fn before(&self) -> usize {
        usize::from(self.sets.iter().any(|set| set.len() > 2))
    }

    /// The key of each set that this party is of, as far as it draws it or has it in common.
    fn draw_keys(&mut self, suite: &Bgw) -> Result<(), Error> {
        let me = suite.geometry.me;
        let (first, per_set) = (self.number, self.per_set() as u64);
        let numbers = (0..).map(|set: u64| first + set * per_set);
        for ((set, key), number) in self.sets.iter().zip(&mut self.keys).zip(numbers) {
            *key = match set[..] {
                [a, b] if a == me || b == me => {
                    let other = if a == me { b } else { a };
                    Some(PrgKey::from_bytes(suite.key(other)?.block(ORDERS, number)))
                }
                [first, _, _, ..] if first == me => Some(PrgKey::fresh(&mut OsEntropy)?),
                _ => None,
            };
        }
        Ok(())
    }

    /// Sets whose key is sent, by number: to the parties after the first.
    fn sent_keys(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let sets = self
            .sets
            .iter()
            .enumerate()
            .filter(|(_, set)| set.len() > 2);
        sets.flat_map(|(i, set)| set[1..].iter().map(move |&to| (i, set[0], to)))
    }

    /// Begins a round: the parties of a set deal their parts of every column, in the set's order.
    fn deal(&mut self, suite: &Bgw, set: usize) -> Result<(), Error> {
        let (dealers, lanes) = (&self.sets[set], self.lanes);
        let mine = match suite.geometry.summand(dealers) {
            Some(weights) => {
                let key = self.keys[set].as_ref();
                let key = key.ok_or_else(|| Error::bug("a party has no order to deal in"))?;
                Some((weights, Order::sample(key, lanes)?))
            }
            None => None,
        };
        let mut number = self.first(set) + 1;
        let mut dealt = Vec::with_capacity(self.kinds.len());
        for (&kind, column) in self.kinds.iter().zip(&self.columns) {
            let dealing = Dealing {
                dealers,
                number,
                lanes,
            };
            let (column, number_of) = match kind {
                Kind::Integers(ring) => {
                    fn ordered<E: Element>(words: Vec<E>, order: &Order) -> Result<Vec<E>, Error> {
                        let words = Zeroizing::new(words);
                        let rows = order.rows().iter();
                        Ok(rows.map(|&row| words[row as usize]).collect())
                    }
                    let mine = mine.as_ref();
                    if ring <= 64 {
                        let batch =
                            dealing.of::<Integers<u64>>(suite, column, mine, ring, ordered)?;
                        (
                            Dealt::Narrow(batch),
                            numbers::<Integers<u64>>(ring, lanes, self.d),
                        )
                    } else {
                        let batch =
                            dealing.of::<Integers<u128>>(suite, column, mine, ring, ordered)?;
                        (
                            Dealt::Wide(batch),
                            numbers::<Integers<u128>>(ring, lanes, self.d),
                        )
                    }
                }
                Kind::Bits(width) => {
                    let ordered = |words: Vec<u64>, order: &Order| {
                        let bits = Vector::Bits(Bits::from_words(width, lanes, words)?);
                        Ok(bits.ordered(order).into_words())
                    };
                    let width = width as u32;
                    let batch =
                        dealing.of::<Sliced>(suite, column, mine.as_ref(), width, ordered)?;
                    (Dealt::Bits(batch), numbers::<Sliced>(width, lanes, self.d))
                }
            };
            number += number_of as u64;
            dealt.push(column);
        }
        self.dealt = dealt;
        Ok(())
    }
}

/// Numbers of the generators of a dealing.
fn numbers<R: Shared>(bits: u32, lanes: usize, d: usize) -> usize {
    R::layout(bits, lanes).numbers::<R>(d)
}

/// What the parties of a set deal of one column.
struct Dealing<'a> {
    dealers: &'a [usize],
    number: u64,
    lanes: usize,
}

impl Dealing<'_> {
    /// A column of `bits`-bit lanes, with this party's weights and order if it is a dealer.
    fn of<R: Shared>(
        &self,
        suite: &Bgw,
        column: &Value<Share>,
        mine: Option<&(Vec<smpcc_circuit::value::Word>, Order)>,
        bits: u32,
        ordered: impl Fn(Vec<R::Word>, &Order) -> Result<Vec<R::Word>, Error>,
    ) -> Result<Batch<R>, Error> {
        let words = Zeroizing::new(match mine {
            Some((weights, order)) => {
                ordered(R::project(column, weights, all(self.lanes))?, order)?
            }
            None => Vec::new(),
        });
        let mut batch = Batch::<R>::default();
        batch.reset(R::layout(bits, self.lanes), suite.geometry.d);
        for &dealer in self.dealers {
            batch.deal(suite, dealer, self.number, &words)?;
        }
        Ok(batch)
    }
}

const fn all(lanes: usize) -> Range<usize> {
    0..lanes
}

impl Blocks<Bgw> for Shuffle {
    type State = ();

    fn n_blocks(&self) -> usize {
        usize::from(self.lanes > 0)
    }

    fn n_phases(&self) -> u32 {
        (self.before() + self.sets.len()) as u32
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let (me, before) = (suite.geometry.me, self.before());
        if place.phase == 0 {
            self.draw_keys(suite)?;
        }
        let Some(set) = (place.phase as usize).checked_sub(before) else {
            for (set, first, to) in self.sent_keys() {
                if let (true, Some(key)) = (first == me, &self.keys[set]) {
                    wire.send(party(to), |out| out.extend_from_slice(key.expose()))?;
                }
                if to == me {
                    wire.expect(party(first), KEY)?;
                }
            }
            return Ok(());
        };
        self.deal(suite, set)?;
        for dealt in &self.dealt {
            for &dealer in &self.sets[set] {
                each_batch!(dealt, batch => batch.send(suite, wire, dealer))?;
            }
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
        let Some(set) = (place.phase as usize).checked_sub(self.before()) else {
            let mine = self
                .sent_keys()
                .filter(|&(_, _, to)| to == suite.geometry.me);
            for (set, first, _) in mine.collect::<Vec<_>>() {
                let mut key = Zeroizing::new([0; KEY]);
                key.copy_from_slice(wire.take(party(first), KEY)?);
                self.keys[set] = Some(PrgKey::from_bytes(*key));
            }
            return Ok(());
        };
        let columns = self
            .dealt
            .iter_mut()
            .zip(&self.kinds)
            .zip(&mut self.columns);
        for ((dealt, &kind), column) in columns {
            for &dealer in &self.sets[set] {
                each_batch!(dealt, batch => batch.receive(suite, wire, dealer))?;
            }
            let mut share = match kind {
                Kind::Integers(ring) => {
                    for_width!(ring, E => <Integers<E> as Shared>::zeros(self.d, ring, self.lanes))
                }
                Kind::Bits(width) => Sliced::zeros(self.d, width as u32, self.lanes),
            };
            match dealt {
                Dealt::Narrow(batch) => store(batch, &mut share)?,
                Dealt::Wide(batch) => store(batch, &mut share)?,
                Dealt::Bits(batch) => store(batch, &mut share)?,
            }
            *column = Arc::new(Value::Shared(share));
        }
        self.dealt.clear();
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let share = |column: &Held| match &**column {
            Value::Shared(share) => Ok(Value::Shared(share.clone())),
            Value::Public(_) | Value::Local(_) => {
                Err(Error::bug("a column of a shuffle is not shared"))
            }
        };
        let columns = std::mem::take(&mut self.columns);
        Ok(Outcome::Values(
            columns.iter().map(share).collect::<Result<_, _>>()?,
        ))
    }
}

/// All that was dealt, as a share.
fn store<R: Shared>(batch: &Batch<R>, share: &mut Share) -> Result<(), Error> {
    R::store(batch, 0, share)
}
