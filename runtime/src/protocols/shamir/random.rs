//! Random sharings, made ahead of the products that go through the king.
//!
//! - **Functionality**: sharings of degree t of uniform integers mod 2^k (or bits) that nobody knows.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: Damgård, Nielsen, "Scalable and unconditionally secure multiparty computation" (CRYPTO 2007), section 3.1: everyone
//!   deals, a Vandermonde matrix extracts n − t of n; for integers in place of all of the Galois ring by tensoring, as in Cascudo, Cramer,
//!   Xing, Yuan, "Amortized complexity of information-theoretically secure MPC revisited" (CRYPTO 2018), section 5.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one round; per group of (n − t)·d sharings each party sends d elements' shares to n − 1 − t others.
//! - **Departures from the paper**: there are no sharings of degree 2t: keys of pairs give additive sharings of zero, see `multiply`.
//! - **Leakage and failure**: at least n − t dealers are honest, and any n − t columns of the matrix are invertible, as its
//!   nodes are exceptional points: the extracted elements are uniform to the others.
//!
//! A tuple of d integers is an element of GR(2^k, d), and so is, coordinate by coordinate of the shares, a tuple of d sharings of
//! integers: the ring acts on it by integer matrices. Result `j` is `Σ_i β_i^j · (tuple of dealer i)`.

use std::collections::VecDeque;
use std::marker::PhantomData;

use smpcc_circuit::cost::{Correlation, Demand};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;
use zeroize::Zeroizing;

use super::coefficients::{Coefficients, Integers, Sliced, accumulate};
use super::deal::{Batch, Layout};
use super::{Bgw, Share, Ticket};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::{Outcome, Preparation};

/// Groups per block.
const GROUPS: usize = 64;

/// Unused random sharings of one kind: per coordinate a queue of words.
pub(super) struct Pool<W>(Vec<VecDeque<W>>);

/// Unused random sharings by ring; words of bits apart.
#[derive(Default)]
pub(super) struct Pools {
    bits: Option<Pool<u64>>,
    narrow: SortedMap<u32, Pool<u64>>,
    wide: SortedMap<u32, Pool<u128>>,
}

/// A block under way; it is of one kind.
#[derive(Default)]
pub(super) struct Block {
    bits: Tuples<Sliced>,
    narrow: Tuples<Integers<u64>>,
    wide: Tuples<Integers<u128>>,
}

/// Tuples of d elements, one per group.
pub(super) struct Tuples<R: Coefficients> {
    /// What each party deals.
    dealt: Vec<Batch<R>>,
    /// The results, one after the other.
    results: Vec<R::Word>,
}

impl<R: Coefficients> Default for Tuples<R> {
    fn default() -> Self {
        Self {
            dealt: Vec::new(),
            results: Vec::new(),
        }
    }
}

/// Coefficients that there are random sharings of.
pub(super) trait Pooled: Coefficients + Sized {
    /// The pool of a ring.
    fn pool(pools: &mut Pools, ring: u32, d: usize) -> &mut Pool<Self::Word>;
    /// What a block of this kind holds.
    fn tuples(block: &mut Block) -> &mut Tuples<Self>;
    /// The format of a row of so many words in a message.
    fn format(ring: u32, words: usize) -> usize;
}

impl<W> Pool<W> {
    fn new(d: usize) -> Self {
        Self((0..d).map(|_| VecDeque::new()).collect())
    }
}

impl Pooled for Sliced {
    fn pool(pools: &mut Pools, _ring: u32, d: usize) -> &mut Pool<u64> {
        pools.bits.get_or_insert_with(|| Pool::new(d))
    }

    fn tuples(block: &mut Block) -> &mut Tuples<Self> {
        &mut block.bits
    }

    fn format(_ring: u32, words: usize) -> usize {
        64 * words
    }
}

impl Pooled for Integers<u64> {
    fn pool(pools: &mut Pools, ring: u32, d: usize) -> &mut Pool<u64> {
        pools.narrow.entry(ring).or_insert_with(|| Pool::new(d))
    }

    fn tuples(block: &mut Block) -> &mut Tuples<Self> {
        &mut block.narrow
    }

    fn format(ring: u32, _words: usize) -> usize {
        ring as usize
    }
}

impl Pooled for Integers<u128> {
    fn pool(pools: &mut Pools, ring: u32, d: usize) -> &mut Pool<u128> {
        pools.wide.entry(ring).or_insert_with(|| Pool::new(d))
    }

    fn tuples(block: &mut Block) -> &mut Tuples<Self> {
        &mut block.wide
    }

    fn format(ring: u32, _words: usize) -> usize {
        ring as usize
    }
}

/// Random sharings that one operation was given; each is used once.
pub(super) struct Given<R: Coefficients> {
    words: Vec<Vec<R::Word>>,
}

impl<R: Pooled> Given<R> {
    /// Takes a demand's groups out of the pool.
    pub(super) fn take(suite: &mut Bgw, ring: u32, groups: u64) -> Result<Self, Error> {
        let geometry = &suite.geometry;
        let per_group = (geometry.n - geometry.t) * geometry.d;
        let count = usize::try_from(groups).ok();
        let count = count.and_then(|groups| groups.checked_mul(per_group));
        let count = count.ok_or_else(|| Error::machine("a value is larger than memory"))?;
        let pool = R::pool(&mut suite.pools, ring, geometry.d);
        if pool.0.iter().any(|queue| queue.len() < count) {
            return Err(Error::bug("correlations are used that were not made"));
        }
        let words = pool
            .0
            .iter_mut()
            .map(|queue| queue.drain(..count).collect());
        Ok(Self {
            words: words.collect(),
        })
    }

    /// Shares from number `first` on, in place of a batch's.
    pub(super) fn fill(&self, batch: &mut Batch<R>, first: usize) -> Result<(), Error> {
        let d = self.words.len();
        for unit in batch.layout.units() {
            let rows = batch.shares[d * unit.start..d * unit.end].chunks_exact_mut(unit.len());
            let range = first + unit.start..first + unit.end;
            for (row, words) in rows.zip(&self.words) {
                let words = words.get(range.clone());
                row.copy_from_slice(
                    words.ok_or_else(|| Error::bug("an operation uses more than its demand"))?,
                );
            }
        }
        Ok(())
    }
}

/// Begins to make a demand.
pub(super) fn prepare(suite: &mut Bgw, demand: &Demand) -> Result<Preparation<Bgw>, Error> {
    let mut kinds = Vec::new();
    for (kind, count) in demand.iter() {
        let Correlation::DoubleSharing { ring } = kind else {
            return Err(Error::bug("this suite has no correlations of that kind"));
        };
        let groups = usize::try_from(count);
        let groups = groups.map_err(|_| Error::machine("a value is larger than memory"))?;
        let ring = u32::from(ring);
        kinds.push(match ring {
            1 => Kind::Bits(Extract::new(suite, ring, groups)),
            2..=64 => Kind::Narrow(Extract::new(suite, ring, groups)),
            _ => Kind::Wide(Extract::new(suite, ring, groups)),
        });
    }
    if kinds.is_empty() {
        return Ok(None);
    }
    Ok(Some(Box::new(Pipeline::new(Preparing(kinds)))))
}

/// Everything of one demand.
struct Preparing(Vec<Kind>);

enum Kind {
    Bits(Extract<Sliced>),
    Narrow(Extract<Integers<u64>>),
    Wide(Extract<Integers<u128>>),
}

macro_rules! each_kind {
    ($kind:expr, $extract:ident => $body:expr) => {
        match $kind {
            Kind::Bits($extract) => $body,
            Kind::Narrow($extract) => $body,
            Kind::Wide($extract) => $body,
        }
    };
}

impl Preparing {
    /// The kind that a block belongs to, and its number there.
    fn kind(&self, mut block: usize) -> Result<(&Kind, usize), Error> {
        for kind in &self.0 {
            let n = each_kind!(kind, extract => extract.n_blocks());
            if block < n {
                return Ok((kind, block));
            }
            block -= n;
        }
        Err(Error::bug("a batch without correlations"))
    }
}

impl Blocks<Bgw> for Preparing {
    type State = Block;

    fn n_blocks(&self) -> usize {
        let n_blocks = |kind: &Kind| each_kind!(kind, extract => extract.n_blocks());
        self.0.iter().map(n_blocks).sum()
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn compute(&self, suite: &Bgw, place: Place, state: &mut Block) -> Result<(), Error> {
        let (kind, block) = self.kind(place.block)?;
        match place.phase {
            0 => each_kind!(kind, extract => extract.deal(suite, block, state)),
            _ => each_kind!(kind, extract => {
                extract.extract(suite, state);
                Ok(())
            }),
        }
    }

    fn send(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Block,
    ) -> Result<(), Error> {
        let (kind, _) = self.kind(place.block)?;
        each_kind!(kind, extract => extract.send(suite, wire, state))
    }

    fn receive(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut Block,
    ) -> Result<(), Error> {
        let (kind, _) = self.kind(place.block)?;
        each_kind!(kind, extract => extract.receive(suite, wire, state))
    }

    fn end(&mut self, suite: &mut Bgw, block: usize, state: &mut Block) -> Result<(), Error> {
        let (kind, _) = self.kind(block)?;
        each_kind!(kind, extract => extract.keep(suite, state));
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }
}

/// The random sharings of one ring.
struct Extract<R: Coefficients> {
    ring: u32,
    groups: usize,
    ticket: Ticket,
    /// Multiplication of a tuple by each party's node.
    nodes: Vec<Vec<Vec<Word>>>,
    coefficients: PhantomData<R>,
}

impl<R: Pooled> Extract<R> {
    fn new(suite: &mut Bgw, ring: u32, groups: usize) -> Self {
        let numbers = Self::layout(suite.geometry.d, ring, GROUPS).numbers::<R>(suite.geometry.d);
        let ticket = suite.numbers.reserve(groups.div_ceil(GROUPS), numbers);
        let galois = suite.geometry.ring;
        let node = |party: usize| galois.matrix(galois.point(party + 1));
        Self {
            ring,
            groups,
            ticket,
            nodes: (0..suite.geometry.n).map(node).collect(),
            coefficients: PhantomData,
        }
    }

    /// Tuples of `d` integers, one unit for each coordinate.
    fn layout(d: usize, ring: u32, groups: usize) -> Layout {
        Layout {
            total: d * groups,
            unit: groups,
            format: R::format(ring, groups),
        }
    }

    fn n_blocks(&self) -> usize {
        self.groups.div_ceil(GROUPS)
    }

    fn deal(&self, suite: &Bgw, block: usize, state: &mut Block) -> Result<(), Error> {
        let (n, d) = (suite.geometry.n, suite.geometry.d);
        let groups = super::block_range(block, GROUPS, self.groups).len();
        let layout = Self::layout(d, self.ring, groups);
        let number = self.ticket.block(block);
        let mut mine = Zeroizing::new(vec![R::Word::default(); layout.total]);
        // A number of its own in a stream of its own: the numbers of a dealing are more than those of its secrets.
        R::fill(&suite.own, OWN, number, &mut mine);
        let dealt = &mut R::tuples(state).dealt;
        dealt.resize_with(n, Batch::default);
        for (dealer, batch) in dealt.iter_mut().enumerate() {
            batch.reset(layout, d);
            batch.deal(suite, dealer, number, &mine)?;
        }
        Ok(())
    }

    fn send(&self, suite: &Bgw, wire: &mut Exchange<'_>, state: &mut Block) -> Result<(), Error> {
        let mut dealt = R::tuples(state).dealt.iter().enumerate();
        dealt.try_for_each(|(dealer, batch)| batch.send(suite, wire, dealer))
    }

    fn receive(
        &self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        state: &mut Block,
    ) -> Result<(), Error> {
        let mut dealt = R::tuples(state).dealt.iter_mut().enumerate();
        dealt.try_for_each(|(dealer, batch)| batch.receive(suite, wire, dealer))
    }

    /// All results of a block.
    fn extract(&self, suite: &Bgw, state: &mut Block) {
        let (n, t, d) = (suite.geometry.n, suite.geometry.t, suite.geometry.d);
        let Tuples { dealt, results } = R::tuples(state);
        results.clear();
        let Some(layout) = dealt.first().map(|batch| batch.layout) else {
            return;
        };
        let groups = layout.unit;
        let mut product = vec![R::Word::default(); d * layout.total];
        for power in 0..n - t {
            if power > 0 {
                for (batch, node) in dealt.iter_mut().zip(&self.nodes) {
                    multiply_tuple::<R>(node, &batch.shares, d * groups, &mut product);
                    batch.shares.copy_from_slice(&product);
                }
            }
            let from = results.len();
            results.resize(from + d * layout.total, R::Word::default());
            for batch in dealt.iter() {
                accumulate::<R>(&mut results[from..], 1, &batch.shares);
            }
        }
    }

    /// Puts the results of a block into the pool.
    fn keep(&self, suite: &mut Bgw, state: &mut Block) {
        let d = suite.geometry.d;
        let pool = R::pool(&mut suite.pools, self.ring, d);
        let Tuples { dealt, results } = R::tuples(state);
        let groups = dealt.first().map_or(0, |batch| batch.layout.unit);
        // Units are the tuple's sharings; their rows are coordinates.
        for (i, row) in results.chunks_exact(groups.max(1)).enumerate() {
            pool.0[i % d].extend(row);
        }
    }
}

/// The stream of a party's own generator for what it deals here.
const OWN: u64 = 1;

/// `out_a = Σ_b matrix[a][b] · tuple_b`, where the tuple's entries are `len` words each.
fn multiply_tuple<R: Coefficients>(
    matrix: &[Vec<Word>],
    tuple: &[R::Word],
    len: usize,
    out: &mut [R::Word],
) {
    out.fill(R::Word::default());
    for (out, row) in out.chunks_exact_mut(len.max(1)).zip(matrix) {
        for (&c, entry) in row.iter().zip(tuple.chunks_exact(len.max(1))) {
            accumulate::<R>(out, c, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::galois::Galois;
    use super::*;

    /// What some dealers' tuples become in all results, mod 2: for each coordinate that they deal, the coordinates of the results.
    fn columns(galois: Galois, dealers: &[usize], n_results: usize) -> Vec<u128> {
        let d = galois.degree();
        let mut columns = Vec::new();
        for &dealer in dealers {
            let node = galois.matrix(galois.point(dealer + 1));
            for a in 0..d {
                let mut tuple: Vec<u64> = (0..d).map(|b| u64::from(a == b)).collect();
                let (mut product, mut column) = (tuple.clone(), 0);
                for power in 0..n_results {
                    if power > 0 {
                        multiply_tuple::<Sliced>(&node, &tuple, 1, &mut product);
                        tuple.copy_from_slice(&product);
                    }
                    for (b, word) in tuple.iter().enumerate() {
                        column |= u128::from(word & 1) << (power * d + b);
                    }
                }
                columns.push(column);
            }
        }
        columns
    }

    fn rank(mut columns: Vec<u128>) -> usize {
        let mut rank = 0;
        while let Some(pivot) = columns.pop() {
            if pivot != 0 {
                let low = pivot & pivot.wrapping_neg();
                let others = columns.iter_mut().filter(|c| **c & low != 0);
                others.for_each(|c| *c ^= pivot);
                rank += 1;
            }
        }
        rank
    }

    /// Whichever t dealers are corrupt, the results are an invertible function of what the others deal (mod 2, hence mod 2^k): with
    /// one uniform tuple from each of them, all results are uniform.
    #[test]
    fn honest_dealers_make_results_uniform() {
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (7, 3), (16, 7)] {
            let degree = (usize::BITS - usize::leading_zeros(n)) as usize;
            let galois = Galois::new(degree).unwrap();
            let sets = (0u32..1 << n).filter(|set| set.count_ones() as usize == n - t);
            for set in sets.step_by(if n > 7 { 997 } else { 1 }) {
                let honest: Vec<usize> = (0..n).filter(|i| set >> i & 1 == 1).collect();
                let columns = columns(galois, &honest, n - t);
                assert_eq!(rank(columns), (n - t) * degree, "{n} {t} {honest:?}");
            }
        }
    }
}
