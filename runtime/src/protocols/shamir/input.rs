//! What a party gives, as shares or, where it publishes it, in the clear.
//!
//! - **Functionality**: the owner's value becomes shared (or public); the others learn nothing more.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: [`super::deal`].
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; the owner sends n − 1 − t shares (for a public input n − 1 elements).
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: any t shares are uniform.

use smpcc_circuit::program::{Domain, InputLeaf, ValueInfo};
use zeroize::{Zeroize, Zeroizing};

use super::coefficients::{Integers, Sliced};
use super::deal::Batch;
use super::vector::Vector;
use super::{
    Arithmetic, BLOCK, Bgw, Boolean, Share, bits_of, block_range, in_ring, n_lanes, party,
    pipelined,
};
use crate::bits::Bits;
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::ring::{Element, Elements, each, element_len, for_width, read_elements, write_elements};

/// Shares (or publishes) an input leaf; `value` is there at its owner.
pub(super) fn begin(
    suite: &Bgw,
    leaf: &InputLeaf,
    to: ValueInfo,
    value: Option<Elements>,
) -> Result<Begun<Bgw>, Error> {
    let (bits, lanes, owner) = (bits_of(to), n_lanes(to)?, leaf.party as usize);
    let value = match (value, owner == suite.geometry.me) {
        (Some(v), true) if v.lanes() == lanes => Some(Zeroizing::new(v)),
        (None, false) => None,
        (_, _) => return Err(Error::bug("an input is given twice, or by the wrong party")),
    };
    match to.domain {
        Domain::Public => {
            let known = match value {
                Some(value) => Elements::clone(&value),
                None => Elements::zeros(bits, lanes),
            };
            pipelined(Publish { owner, bits, known })
        }
        Domain::Arithmetic { .. } => {
            let clear = value.map(|v| in_ring(&v, leaf.scalar, bits));
            let dealings = vec![(owner, clear)];
            for_width!(bits, E => deal::<Integers<E>>(suite, dealings, bits, lanes))
        }
        Domain::Boolean => {
            let clear = value.map(|v| Bits::from_elements(bits as usize, &v));
            deal::<Sliced>(suite, vec![(owner, clear)], bits, lanes)
        }
        Domain::Yao => Err(Error::bug("inputs do not become labels")),
    }
}

/// Vectors that become shared, each dealt by the party that knows it.
pub(super) struct Deal<R: Vector>
where
    R::Clear: Zeroize,
{
    dealings: Vec<(usize, Option<Zeroizing<R::Clear>>)>,
    bits: u32,
    lanes: usize,
    out: Vec<Share>,
    blocks: Vec<Vec<Batch<R>>>,
}

/// Deals vectors of `bits`-bit lanes; each is there at its dealer.
pub(super) fn deal<R: Shared>(
    suite: &Bgw,
    dealings: Vec<(usize, Option<R::Clear>)>,
    bits: u32,
    lanes: usize,
) -> Result<Begun<Bgw>, Error>
where
    R::Clear: Zeroize,
{
    pipelined(deal_blocks::<R>(suite.geometry.d, dealings, bits, lanes))
}

/// The same, not yet begun.
pub(super) fn deal_blocks<R: Shared>(
    d: usize,
    dealings: Vec<(usize, Option<R::Clear>)>,
    bits: u32,
    lanes: usize,
) -> Deal<R>
where
    R::Clear: Zeroize,
{
    Deal {
        out: dealings.iter().map(|_| R::zeros(d, bits, lanes)).collect(),
        dealings: dealings
            .into_iter()
            .map(|(dealer, clear)| (dealer, clear.map(Zeroizing::new)))
            .collect(),
        bits,
        lanes,
        blocks: Vec::new(),
    }
}

impl<R: Vector> Deal<R>
where
    R::Clear: Zeroize,
{
    /// The shares, when all blocks have ended.
    pub(super) fn take(&mut self) -> Vec<Share> {
        std::mem::take(&mut self.out)
    }
}

/// What becomes a share.
pub(super) trait Shared: Vector {
    /// A share without any randomness.
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share;
}

impl<E: Element> Shared for Integers<E> {
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share {
        Share::Arithmetic(Arithmetic::zeros(d, bits, lanes))
    }
}

impl Shared for Sliced {
    fn zeros(d: usize, bits: u32, lanes: usize) -> Share {
        Share::Boolean(Boolean::zeros(d, bits as usize, lanes))
    }
}

impl<R: Shared> Blocks<Bgw> for Deal<R>
where
    R::Clear: Zeroize,
{
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let (d, n_dealings) = (suite.geometry.d, self.dealings.len());
        if self.blocks.len() <= place.slot {
            self.blocks.resize_with(place.slot + 1, Vec::new);
        }
        let batches = &mut self.blocks[place.slot];
        batches.resize_with(n_dealings, Batch::default);
        let range = block_range(place.block, BLOCK, self.lanes);
        let layout = R::layout(self.bits, range.len());
        for (batch, (dealer, clear)) in batches.iter_mut().zip(&self.dealings) {
            let number = suite.allocate(layout.numbers::<R>(d));
            let words = Zeroizing::new(match clear {
                Some(clear) => R::words(clear, range.clone())?,
                None => Vec::new(),
            });
            batch.reset(layout, d);
            batch.deal(suite, wire, *dealer, number, &words)?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let from = block_range(place.block, BLOCK, self.lanes).start;
        let batches = self.blocks[place.slot].iter_mut();
        for ((batch, (dealer, _)), out) in batches.zip(&self.dealings).zip(&mut self.out) {
            batch.receive(suite, wire, *dealer)?;
            R::store(batch, from, out)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(
            self.take().into_iter().map(Value::Shared).collect(),
        ))
    }
}

/// A value that its owner sends to all.
struct Publish {
    owner: usize,
    bits: u32,
    known: Elements,
}

impl Blocks<Bgw> for Publish {
    fn n_blocks(&self) -> usize {
        self.known.lanes().div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.known.lanes());
        let me = suite.geometry.me;
        if me != self.owner {
            return wire.expect(party(self.owner), range.len() * element_len(self.bits));
        }
        for other in (0..suite.geometry.n).filter(|&p| p != me) {
            wire.send(party(other), |out| {
                each!(&self.known, v => write_elements(&v[range.clone()], self.bits, out));
            })?;
        }
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if suite.geometry.me == self.owner {
            return Ok(());
        }
        let range = block_range(place.block, BLOCK, self.known.lanes());
        let bits = self.bits;
        let bytes = wire.take(party(self.owner), range.len() * element_len(bits))?;
        for_width!(bits, E => {
            let known = E::slice_mut(&mut self.known).and_then(|v| v.get_mut(range));
            for (into, e) in known.into_iter().flatten().zip(read_elements::<E>(bytes, bits)) {
                *into = e;
            }
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let known = std::mem::replace(&mut self.known, Elements::zeros(1, 0));
        Ok(Outcome::Values(vec![Value::Public(known)]))
    }
}
