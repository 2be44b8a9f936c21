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
use super::multiply::{Multiply, Portion, Way};
use super::random::Pooled;
use super::vector::Vector;
use super::{
    Arithmetic, BLOCK, Bgw, Held, Pipeline, Share, Ticket, arithmetic, block_range, boolean, open,
};
use crate::bits::{Bits, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::{Element, Elements, for_width};

/// Each of the first t + 1 parties deals its additive part of the held integers, bit by bit.
pub(super) fn decompose(suite: &mut Bgw, value: &Held, width: usize) -> Result<Begun<Bgw>, Error> {
    let (ring, lanes) = (arithmetic(value)?.ring, arithmetic(value)?.lanes());
    let mine = match &suite.geometry.part {
        Some(weights) => Some(for_width!(ring, E => {
            let part = Integers::<E>::project(value, weights, 0..lanes)?;
            Box::new(Zeroizing::new(Bits::from_elements(width, &E::wrap(part))))
        })),
        None => None,
    };
    let strings = dealings(suite, 0..suite.geometry.t + 1, mine);
    Pipeline::begun(deal_blocks::<Sliced>(suite, strings, width as u32, lanes))
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
    let number = suite.numbers.take(n_words.div_ceil(2));
    let mine = (1..=t).contains(&me).then(|| {
        let mut words = vec![0; n_words];
        suite.own.fill_words(0, number, &mut words);
        Bits::from_words(width, lanes, words).map(|bits| Box::new(Zeroizing::new(bits)))
    });
    let mine = mine.transpose()?;
    let known = mine.clone().map(|bits| (me - 1, Arc::new(*bits)));
    let strings = dealings(suite, 1..t + 1, mine);
    let deal = deal_blocks(suite, strings, width as u32, lanes);
    Pipeline::begun(RandomParts { deal, known })
}

struct RandomParts {
    deal: Deal<Sliced>,
    /// Which result this party drew, and the string.
    known: Option<(usize, Arc<Zeroizing<Bits>>)>,
}

impl Blocks<Bgw> for RandomParts {
    type State = Vec<Batch<Sliced>>;

    fn n_blocks(&self) -> usize {
        self.deal.n_blocks()
    }

    fn n_phases(&self) -> u32 {
        self.deal.n_phases()
    }

    fn compute(
        &self,
        suite: &Bgw,
        place: Place,
        batches: &mut Vec<Batch<Sliced>>,
    ) -> Result<(), Error> {
        self.deal.compute(suite, place, batches)
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        batches: &mut Vec<Batch<Sliced>>,
    ) -> Result<(), Error> {
        self.deal.send(suite, wire, place, batches)
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        batches: &mut Vec<Batch<Sliced>>,
    ) -> Result<(), Error> {
        self.deal.receive(suite, wire, place, batches)
    }

    fn end(
        &mut self,
        suite: &mut Bgw,
        block: usize,
        batches: &mut Vec<Batch<Sliced>>,
    ) -> Result<(), Error> {
        self.deal.end(suite, block, batches)
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
    mine: Option<Vec<E>>,
    /// [`Compose::numbers`] for each phase of a block.
    ticket: Ticket,
    out: Share,
}

/// A block under way.
struct Difference<E: Element> {
    /// At party 0: the difference.
    opened: Vec<E>,
    batch: Batch<Integers<E>>,
}

impl<E: Element> Default for Difference<E> {
    fn default() -> Self {
        Self {
            opened: Vec::new(),
            batch: Batch::default(),
        }
    }
}

/// The arithmetic sharing of difference + parts.
pub(super) fn compose<E: Element>(
    suite: &mut Bgw,
    args: &[Held],
    ring: u32,
) -> Result<Begun<Bgw>, Error> {
    let (me, t) = (suite.geometry.me, suite.geometry.t);
    let [difference, parts @ ..] = args else {
        return Err(Error::bug("a composition of nothing"));
    };
    let lanes = boolean(difference)?.lanes();
    let mine = match parts.get(me.wrapping_sub(1)) {
        Some(part) => {
            let known = boolean(part)?.known.as_ref();
            let known = known.ok_or_else(|| Error::bug("a random part is not its dealer's"))?;
            Some(Integers::<E>::words(&known.to_elements(), 0..lanes)?)
        }
        None => None,
    };
    if parts.len() != t {
        return Err(Error::bug("a composition of the wrong operands"));
    }
    let d = suite.geometry.d;
    let numbers = 2 * Compose::<E>::numbers(ring, d);
    Pipeline::begun(Compose::<E> {
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        difference: difference.clone(),
        width: ring,
        lanes,
        mine,
        out: Share::Arithmetic(Arithmetic::zeros(suite.geometry.d, ring, lanes)),
    })
}

/// Who learns the difference.
const OPENER: usize = 0;

impl<E: Element> Compose<E> {
    /// Numbers of a dealing.
    fn numbers(ring: u32, d: usize) -> usize {
        Integers::<E>::layout(ring, BLOCK).numbers::<Integers<E>>(d)
    }
}

impl<E: Element> Blocks<Bgw> for Compose<E> {
    type State = Difference<E>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn compute(
        &self,
        suite: &Bgw,
        place: Place,
        Difference { opened, batch }: &mut Difference<E>,
    ) -> Result<(), Error> {
        let (d, t) = (suite.geometry.d, suite.geometry.t);
        let number = self.ticket.block(place.block);
        if place.phase == 1 {
            let number = number + Self::numbers(self.width, d) as u64;
            return batch.deal(suite, OPENER, number, opened);
        }
        if place.phase == 2 {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        batch.reset(Integers::<E>::layout(self.width, range.len()), d);
        let words = match &self.mine {
            Some(mine) => mine.get(range).unwrap_or_default(),
            None => &[],
        };
        (1..=t).try_for_each(|dealer| batch.deal(suite, dealer, number, words))
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        Difference { batch, .. }: &mut Difference<E>,
    ) -> Result<(), Error> {
        if place.phase == 1 {
            return batch.send(suite, wire, OPENER);
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        if suite.geometry.me == OPENER {
            open::expect::<Sliced>(suite, wire, range.len(), self.width)?;
        } else {
            let value = &self.difference;
            open::send::<Sliced>(suite, wire, value, OPENER, range, self.width)?;
        }
        (1..=suite.geometry.t).try_for_each(|dealer| batch.send(suite, wire, dealer))
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        Difference { opened, batch }: &mut Difference<E>,
    ) -> Result<(), Error> {
        if place.phase == 1 {
            return batch.receive(suite, wire, OPENER);
        }
        let range = block_range(place.block, BLOCK, self.lanes);
        if suite.geometry.me == OPENER {
            let n = range.len();
            let words = open::receive::<Sliced>(suite, wire, &self.difference, range, self.width)?;
            let integers = Bits::from_words(self.width as usize, n, words)?.to_elements();
            *opened = Integers::<E>::words(&integers, 0..n)?;
        }
        (1..=suite.geometry.t).try_for_each(|dealer| batch.receive(suite, wire, dealer))
    }

    fn end(
        &mut self,
        _suite: &mut Bgw,
        block: usize,
        state: &mut Difference<E>,
    ) -> Result<(), Error> {
        let from = block_range(block, BLOCK, self.lanes).start;
        Vector::store(&state.batch, from, &mut self.out)
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
    /// Numbers of a dealing, then those of t products, for each block.
    ticket: Ticket,
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
    bits: &Held,
    ring: u32,
    groups: u64,
) -> Result<Begun<Bgw>, Error>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    let lanes = boolean(bits)?.lanes();
    let mine = match &suite.geometry.part {
        Some(weights) => {
            let part = Sliced::project(bits, weights, 0..lanes)?;
            let part = Bits::from_words(1, lanes, part)?.to_elements();
            Some(part.lowered(ring))
        }
        None => None,
    };
    let (d, t) = (suite.geometry.d, suite.geometry.t);
    let way = Way::new(suite, ring.max(2), groups)?;
    let layout = Integers::<E>::layout(ring, BLOCK);
    let numbers = layout.numbers::<Integers<E>>(d) + t * way.numbers(layout, d);
    Pipeline::begun(InjectBit::<E> {
        ticket: suite.numbers.reserve(lanes.div_ceil(BLOCK), numbers),
        ring,
        lanes,
        mine,
        n_levels: (t + 1).next_power_of_two().trailing_zeros(),
        way,
        out: Share::Arithmetic(Arithmetic::zeros(d, ring, lanes)),
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
    fn fold(&mut self, suite: &Bgw, way: &Way<Integers<E>>)
    where
        Integers<E>: Pooled + Coefficients<Word = E>,
    {
        for product in &mut self.products {
            product.finish(suite, way);
        }
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

impl<E: Element> InjectBit<E>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    /// Each of the first t + 1 parties deals its part.
    fn deal(&self, suite: &Bgw, block: usize, fold: &mut Fold<E>) -> Result<(), Error> {
        let (d, t) = (suite.geometry.d, suite.geometry.t);
        let range = block_range(block, BLOCK, self.lanes);
        let layout = Integers::<E>::layout(self.ring, range.len());
        let words = match &self.mine {
            Some(mine) => Integers::<E>::words(mine, range)?,
            None => Vec::new(),
        };
        fold.left.clear();
        fold.left.resize_with(t + 1, Batch::default);
        for (dealer, batch) in fold.left.iter_mut().enumerate() {
            batch.reset(layout, d);
            batch.deal(suite, dealer, self.ticket.block(block), &words)?;
        }
        Ok(())
    }

    /// Starts the products of a level.
    fn multiply(&self, suite: &Bgw, block: usize, fold: &mut Fold<E>) -> Result<(), Error> {
        let (d, t) = (suite.geometry.d, suite.geometry.t);
        let n = block_range(block, BLOCK, self.lanes).len();
        let layout = Integers::<E>::layout(self.ring, n);
        let full = Integers::<E>::layout(self.ring, BLOCK);
        let dealing = full.numbers::<Integers<E>>(d);
        // Each product leaves one sharing less.
        let before = t + 1 - fold.left.len();
        let mut products = std::mem::take(&mut fold.products);
        products.resize_with(fold.left.len() / 2, Multiply::default);
        for (i, product) in products.iter_mut().enumerate() {
            let shares = match &suite.geometry.product {
                Some(form) => fold.product(form, d, i),
                None => Vec::new(),
            };
            let numbers = dealing + (before + i) * self.way.numbers(full, d);
            let portion = Portion {
                number: self.ticket.block(block) + numbers as u64,
                sharing: block * BLOCK * t + (before + i) * n,
            };
            product.start(suite, &self.way, portion, layout, shares)?;
        }
        fold.products = products;
        Ok(())
    }
}

impl<E: Element> Blocks<Bgw> for InjectBit<E>
where
    Integers<E>: Pooled + Coefficients<Word = E>,
{
    type State = Fold<E>;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1 + self.way.n_phases() * self.n_levels
    }

    fn is_long(&self, phase: u32) -> bool {
        phase == 0 || (phase - 1).is_multiple_of(self.way.n_phases())
    }

    fn compute(&self, suite: &Bgw, place: Place, block: &mut Fold<E>) -> Result<(), Error> {
        if place.phase == 0 {
            return self.deal(suite, place.block, block);
        }
        // Levels of products follow the dealing.
        let phase = place.phase - 1;
        if !phase.is_multiple_of(self.way.n_phases()) {
            return Ok(());
        }
        if phase > 0 {
            block.fold(suite, &self.way);
        }
        if place.phase == self.n_phases() {
            return Ok(());
        }
        self.multiply(suite, place.block, block)
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        block: &mut Fold<E>,
    ) -> Result<(), Error> {
        if place.phase == 0 {
            let mut dealt = block.left.iter().enumerate();
            return dealt.try_for_each(|(dealer, batch)| batch.send(suite, wire, dealer));
        }
        let phase = (place.phase - 1) % self.way.n_phases();
        let mut products = block.products.iter();
        products.try_for_each(|product| product.send(suite, wire, &self.way, phase))
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        block: &mut Fold<E>,
    ) -> Result<(), Error> {
        if place.phase == 0 {
            let mut dealt = block.left.iter_mut().enumerate();
            return dealt.try_for_each(|(dealer, batch)| batch.receive(suite, wire, dealer));
        }
        let phase = (place.phase - 1) % self.way.n_phases();
        let mut products = block.products.iter_mut();
        products.try_for_each(|product| product.receive(suite, wire, &self.way, phase))
    }

    fn end(&mut self, _suite: &mut Bgw, block: usize, fold: &mut Fold<E>) -> Result<(), Error> {
        let from = block_range(block, BLOCK, self.lanes).start;
        match fold.left.first() {
            Some(last) => Vector::store(last, from, &mut self.out),
            None => Err(Error::bug("a bit of no parts")),
        }
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let empty = Share::Arithmetic(Arithmetic::zeros(0, 1, 0));
        let out = std::mem::replace(&mut self.out, empty);
        Ok(Outcome::Values(vec![Value::Shared(out)]))
    }
}
