//! Between arithmetic and Boolean shares.
//!
//! - **Functionality**: `Decompose`: the additive parts of an integer as shared bit strings. `RandomParts`, `Compose`: an arithmetic
//!   sharing from a Boolean one by way of t random parts. `InjectBit`: an arithmetic 0 or 1 from a Boolean bit.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: ours, from sharing and products; the idea of `Compose` is that of ABY3 (CCS 2018), section 5.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: `Decompose`, `RandomParts` one round, a dealing of t + 1 or t strings; `Compose` two rounds, t strings to party 0 and t + 1
//!   dealings of integers; `InjectBit` a round for t + 1 dealings and a tree of t products.
//! - **Departures from the paper**: none to depart from.
//! - **Leakage and failure**: among any t parties, of the t + 1 that know a part one is missing, so the parts that they know are
//!   uniform: in `Compose` party 0 sees the value minus t random strings, the others one of them each.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::arithmetic::weighted_products;
use super::coefficients::{Coefficients, Integers, Sliced};
use super::deal::Batch;
use super::input::{Deal, deal_blocks};
use super::multiply::{Multiply, Way};
use super::random::Pooled;
use super::vector::Vector;
use super::{
    Arithmetic, BLOCK, Bgw, Held, Share, arithmetic, block_range, boolean, open, pipelined,
};
use crate::bits::{Bits, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::ring::{Element, Elements, for_width};

/// Each of the first t + 1 parties deals its additive part of the held integers, bit by bit.
pub(super) fn decompose(suite: &Bgw, value: &Held, width: usize) -> Result<Begun<Bgw>, Error> {
    let (ring, lanes) = (arithmetic(value)?.ring, arithmetic(value)?.lanes());
    let mine = match &suite.geometry.part {
        Some(weights) => Some(for_width!(ring, E => {
            let part = Integers::<E>::project(value, weights, 0..lanes)?;
            Bits::from_elements(width, &E::wrap(part))
        })),
        None => None,
    };
    let strings = dealings(suite, 0..suite.geometry.t + 1, mine);
    pipelined(deal_blocks::<Sliced>(
        suite.geometry.d,
        strings,
        width as u32,
        lanes,
    ))
}

/// What each of a range of parties deals, as far as this party knows it.
fn dealings<T>(
    suite: &Bgw,
    parties: std::ops::Range<usize>,
    mut mine: Option<T>,
) -> Vec<(usize, Option<T>)> {
    let me = suite.geometry.me;
    parties
        .map(|p| (p, if p == me { mine.take() } else { None }))
        .collect()
}

/// Each of parties 1..=t draws a string and deals it.
pub(super) fn random_parts(
    suite: &mut Bgw,
    width: usize,
    lanes: usize,
) -> Result<Begun<Bgw>, Error> {
    let (me, t) = (suite.geometry.me, suite.geometry.t);
    let n_words = width * words_for(lanes);
    let number = suite.allocate(n_words.div_ceil(2));
    let mine = (1..=t).contains(&me).then(|| {
        let mut words = vec![0; n_words];
        suite.own.fill_words(0, number, &mut words);
        Bits::from_words(width, lanes, words)
    });
    let known = mine
        .clone()
        .map(|bits| (me - 1, Arc::new(Zeroizing::new(bits))));
    let strings = dealings(suite, 1..t + 1, mine);
    let deal = deal_blocks(suite.geometry.d, strings, width as u32, lanes);
    pipelined(RandomParts { deal, known })
}

struct RandomParts {
    deal: Deal<Sliced>,
    /// Which result this party drew, and the string.
    known: Option<(usize, Arc<Zeroizing<Bits>>)>,
}

impl Blocks<Bgw> for RandomParts {
    fn n_blocks(&self) -> usize {
        self.deal.n_blocks()
    }

    fn n_phases(&self) -> u32 {
        self.deal.n_phases()
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        self.deal.emit(suite, wire, place)
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        self.deal.absorb(suite, wire, place)
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let mut out = self.deal.take();
        if let Some((result, known)) = self.known.take()
            && let Some(Share::Boolean(share)) = out.get_mut(result)
        {
            share.known = Some(known);
        }
        Ok(Outcome::Values(
            out.into_iter().map(Value::Shared).collect(),
        ))
    }
}

/// The difference is opened to party 0 while the others deal the strings that they drew as integers; then party 0 deals
/// the difference.
struct Compose<E: Element> {
    difference: Held,
    width: u32,
    lanes: usize,
    /// The string that this party drew.
    mine: Option<Elements>,
    /// At party 0, per block in flight: the difference.
    opened: Vec<Vec<E>>,
    blocks: Vec<Batch<Integers<E>>>,
    out: Share,
}

/// The arithmetic sharing of difference + parts.
pub(super) fn compose<E: Element>(
    suite: &Bgw,
    args: Vec<Held>,
    ring: u32,
) -> Result<Begun<Bgw>, Error> {
    let (me, t) = (suite.geometry.me, suite.geometry.t);
    let [difference, parts @ ..] = &args[..] else {
        return Err(Error::bug("a composition of nothing"));
    };
    let lanes = boolean(difference)?.lanes();
    for arg in &args {
        if (boolean(arg)?.width(), boolean(arg)?.lanes()) != (ring as usize, lanes) {
            return Err(Error::bug("operands of different shapes"));
        }
    }
    let mine = match parts.get(me.wrapping_sub(1)) {
        Some(part) => {
            let known = boolean(part)?.known.as_ref();
            let known = known.ok_or_else(|| Error::bug("a random part is not its dealer's"))?;
            Some(known.to_elements())
        }
        None => None,
    };
    if parts.len() != t {
        return Err(Error::bug("a composition of the wrong operands"));
    }
    pipelined(Compose::<E> {
        difference: difference.clone(),
        width: ring,
        lanes,
        mine,
        opened: Vec::new(),
        blocks: Vec::new(),
        out: Share::Arithmetic(Arithmetic::zeros(suite.geometry.d, ring, lanes)),
    })
}

/// Who learns the difference.
const OPENER: usize = 0;

impl<E: Element> Blocks<Bgw> for Compose<E> {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let (me, d, t) = (suite.geometry.me, suite.geometry.d, suite.geometry.t);
        if self.blocks.len() <= place.slot {
            self.blocks.resize_with(place.slot + 1, Batch::default);
            self.opened.resize_with(place.slot + 1, Vec::new);
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        let batch = &mut self.blocks[place.slot];
        let layout = Integers::<E>::layout(self.width, range.len());
        let number = suite.allocate(layout.numbers::<Integers<E>>(d));
        if place.phase == 1 {
            return batch.deal(suite, wire, OPENER, number, &self.opened[place.slot]);
        }
        if me == OPENER {
            open::expect::<Sliced>(suite, wire, range.len(), self.width)?;
        } else {
            let value = &self.difference;
            open::send::<Sliced>(suite, wire, value, OPENER, range.clone(), self.width)?;
        }
        let words = match &self.mine {
            Some(mine) => Integers::<E>::words(mine, range)?,
            None => Vec::new(),
        };
        batch.reset(layout, d);
        for dealer in 1..=t {
            batch.deal(suite, wire, dealer, number, &words)?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.lanes);
        let batch = &mut self.blocks[place.slot];
        if place.phase == 1 {
            batch.receive(suite, wire, OPENER)?;
            return Vector::store(batch, range.start, &mut self.out);
        }
        if suite.geometry.me == OPENER {
            let n = range.len();
            let words = open::receive::<Sliced>(suite, wire, &self.difference, range, self.width)?;
            let integers = Bits::from_words(self.width as usize, n, words).to_elements();
            self.opened[place.slot] = Integers::<E>::words(&integers, 0..n)?;
        }
        for dealer in 1..=suite.geometry.t {
            batch.receive(suite, wire, dealer)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Share::Arithmetic(Arithmetic::zeros(0, 1, 0));
        let out = std::mem::replace(&mut self.out, empty);
        Ok(Outcome::Values(vec![Value::Shared(out)]))
    }
}

/// b = b_0 ⊕ … ⊕ b_t, where party `i` knows its additive part b_i of the share; each deals its part as an integer, and
/// x ⊕ y = x + y − 2xy folds them in a tree.
struct InjectBit<E: Element>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    ring: u32,
    lanes: usize,
    /// This party's part, as integers.
    mine: Option<Elements>,
    n_levels: u32,
    way: Way<Integers<E>>,
    blocks: Vec<Fold<E>>,
    out: Share,
}

/// A block under way.
struct Fold<E: Element> {
    /// Sharings that are left.
    left: Vec<Batch<Integers<E>>>,
    products: Vec<Multiply<Integers<E>>>,
}

/// Bits as arithmetic zeros and ones, with so many groups of random sharings.
pub(super) fn inject_bit<E: Element>(
    suite: &mut Bgw,
    bits: Held,
    ring: u32,
    groups: u64,
) -> Result<Begun<Bgw>, Error>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    let share = boolean(&bits)?;
    if share.width() != 1 {
        return Err(Error::bug("more than a bit is injected"));
    }
    let lanes = share.lanes();
    let mine = match &suite.geometry.part {
        Some(weights) => {
            let part = Sliced::project(&bits, weights, 0..lanes)?;
            let part = Bits::from_words(1, lanes, part).to_elements();
            Some(part.lowered(ring))
        }
        None => None,
    };
    pipelined(InjectBit::<E> {
        ring,
        lanes,
        mine,
        n_levels: (suite.geometry.t + 1).next_power_of_two().trailing_zeros(),
        way: Way::new(suite, ring.max(2), groups)?,
        blocks: Vec::new(),
        out: Share::Arithmetic(Arithmetic::zeros(suite.geometry.d, ring, lanes)),
    })
}

impl<E: Element> Default for Fold<E> {
    fn default() -> Self {
        Self {
            left: Vec::new(),
            products: Vec::new(),
        }
    }
}

impl<E: Element> Fold<E> {
    /// This party's additive shares of the product of sharings `2i` and `2i + 1`.
    fn product(&self, form: &[smpcc_circuit::value::Word], d: usize, i: usize) -> Vec<E> {
        let (Some(x), Some(y)) = (self.left.get(2 * i), self.left.get(2 * i + 1)) else {
            return Vec::new();
        };
        let mut out = Vec::with_capacity(x.layout.total);
        for unit in x.layout.units() {
            let words = d * unit.start..d * unit.end;
            let x: Vec<&[E]> = x.shares[words.clone()].chunks_exact(unit.len()).collect();
            let y: Vec<&[E]> = y.shares[words].chunks_exact(unit.len()).collect();
            weighted_products::<E>(form, &x, &y, 1, &mut out);
        }
        out
    }

    /// Ends a level: x + y − 2xy for each pair.
    fn fold(&mut self) {
        let mut left = std::mem::take(&mut self.left).into_iter();
        for product in &self.products {
            let (Some(mut x), Some(y)) = (left.next(), left.next()) else {
                break;
            };
            let others = y.shares.iter().zip(&product.batch.shares);
            for (x, (&y, &xy)) in x.shares.iter_mut().zip(others) {
                *x = x.add(y).sub(xy.add(xy));
            }
            self.left.push(x);
        }
        self.left.extend(left);
    }
}

impl<E: Element> Blocks<Bgw> for InjectBit<E>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1 + self.way.n_phases() * self.n_levels
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let (d, t) = (suite.geometry.d, suite.geometry.t);
        if self.blocks.len() <= place.slot {
            self.blocks.resize_with(place.slot + 1, Fold::default);
        }
        let block = &mut self.blocks[place.slot];
        let range = block_range(place.block, BLOCK, self.lanes);
        let layout = Integers::<E>::layout(self.ring, range.len());
        if place.phase == 0 {
            let words = match &self.mine {
                Some(mine) => Integers::<E>::words(mine, range)?,
                None => Vec::new(),
            };
            let number = suite.allocate(layout.numbers::<Integers<E>>(d));
            block.left.clear();
            block.left.resize_with(t + 1, Batch::default);
            for (dealer, batch) in block.left.iter_mut().enumerate() {
                batch.reset(layout, d);
                batch.deal(suite, wire, dealer, number, &words)?;
            }
            return Ok(());
        }
        let phase = (place.phase - 1) % self.way.n_phases();
        let n_pairs = block.left.len() / 2;
        let mut products = std::mem::take(&mut block.products);
        products.resize_with(n_pairs, Multiply::default);
        for (i, product) in products.iter_mut().enumerate() {
            let shares = match &suite.geometry.product {
                Some(form) if phase == 0 => block.product(form, d, i),
                Some(_) | None => Vec::new(),
            };
            product.emit(suite, wire, &mut self.way, phase, layout, shares)?;
        }
        block.products = products;
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let block = &mut self.blocks[place.slot];
        if place.phase == 0 {
            for (dealer, batch) in block.left.iter_mut().enumerate() {
                batch.receive(suite, wire, dealer)?;
            }
        } else {
            let phase = (place.phase - 1) % self.way.n_phases();
            for product in &mut block.products {
                product.absorb(suite, wire, &self.way, phase)?;
            }
            if phase + 1 == self.way.n_phases() {
                block.fold();
            }
        }
        if place.phase + 1 == self.n_phases() {
            let from = block_range(place.block, BLOCK, self.lanes).start;
            if let Some(last) = self.blocks[place.slot].left.first() {
                Vector::store(last, from, &mut self.out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Share::Arithmetic(Arithmetic::zeros(0, 1, 0));
        let out = std::mem::replace(&mut self.out, empty);
        Ok(Outcome::Values(vec![Value::Shared(out)]))
    }
}
