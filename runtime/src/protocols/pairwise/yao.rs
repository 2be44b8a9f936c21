//! Garbled sections of two parties: party 0 garbles, party 1 evaluates.
//!
//! - **Functionality**: shares become labels, circuits run on labels, labels become Boolean shares.
//! - **Adversary**: semi-honest, one of two parties.
//! - **Source**: Yao's protocol as in Lindell, Pinkas (J. Cryptology 2009), half-gates as in `protocols::garbled`; conversions as in
//!   Demmler, Schneider, Zohner, ABY (NDSS 2015), section IV.
//! - **Assumptions**: those of half-gates and of the label transfers, see `ot::labels`.
//! - **Cost**: into labels 16 bytes per bit and lane from party 0, one bit per bit and lane from party 1 and one label transfer made
//!   ahead; tables as in `protocols::garbled`; out of labels nothing.
//! - **Departures from the paper**: transfers are random and corrected by one bit (Beaver, "Precomputing oblivious transfer", CRYPTO
//!   1995).
//! - **Leakage and failure**: the garbler sees the evaluator's bits under random bits that are used once; the evaluator sees one label
//!   of each wire. Δ and what labels are made of never leave party 0.

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::pool::LabelTransfers;
use super::{Begun, Boolean, Held, Pairwise, Share, arithmetic, boolean, done, labels, party};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::block::{LABEL_LEN, Labels, write_labels};
use crate::error::Error;
use crate::exchange::Exchange;
#[cfg(test)]
use crate::freed::plant_hidden;
#[cfg(test)]
use crate::mask::Mask;
use crate::prg::OsEntropy;
use crate::protocols::garbled::seat::Garbling;
use crate::protocols::garbled::{active, add};
use crate::protocols::interface::Protocols;
use crate::protocols::operands::block_range;
use crate::protocols::ot::labels::fresh_delta;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::tickets::Ticket;
use crate::protocols::{Outcome, Value};
use crate::session::Session;
use crate::simd::columns::add_chosen;

/// Labels that travel in one piece.
const LABELS: usize = 1 << 13;

/// Who garbles and who evaluates.
pub(super) const GARBLER: usize = 0;
pub(super) const EVALUATOR: usize = 1;

/// What a party knows for the whole execution.
pub(super) struct Yao {
    pub(super) garbling: Garbling,
}

impl Yao {
    pub(super) fn new(session: &Session, entropy: &mut OsEntropy) -> Result<Self, Error> {
        let delta = match session.me().index() == GARBLER {
            true => Some(*fresh_delta(entropy)?),
            false => None,
        };
        let ends = [party(GARBLER), party(EVALUATOR)];
        Ok(Self {
            garbling: Garbling::new(session, "two-party/garbling/start", delta, ends)?,
        })
    }
}

/// Two bit strings that become labels: party 0 knows string 0, party 1 string 1.
struct Give {
    width: usize,
    lanes: usize,
    /// The string that this party gives.
    mine: Bits,
    transfers: LabelTransfers,
    /// At the garbler: a number for each label of its string.
    ticket: Ticket,
    /// Labels of both strings, or of their sum.
    out: Vec<Labels>,
}

fn give(suite: &mut Pairwise, mine: Bits, n_results: usize) -> Result<Begun<Pairwise>, Error> {
    let (width, lanes) = (mine.width(), mine.lanes());
    let transfers = (width * lanes).div_ceil(8).saturating_mul(8);
    let block = block_lanes(width);
    let ticket = suite
        .own_numbers
        .reserve(lanes.div_ceil(block), width * block);
    Pipeline::begun(Give {
        width,
        lanes,
        mine,
        transfers: suite.pools.take_labels(transfers, suite.me == EVALUATOR)?,
        ticket,
        out: (0..n_results)
            .map(|_| Labels::zeros(width, lanes))
            .collect(),
    })
}

/// The two additive parts of an integer: the parties' shares.
pub(super) fn decompose(
    suite: &mut Pairwise,
    value: &Held,
    width: usize,
) -> Result<Begun<Pairwise>, Error> {
    let mine = Bits::from_elements(width, &arithmetic(value)?.part[0]);
    give(suite, mine, 2)
}

/// A Boolean value: the sum of the parties' shares.
pub(super) fn from_boolean(suite: &mut Pairwise, value: &Held) -> Result<Begun<Pairwise>, Error> {
    let mine = boolean(value)?.part[0].clone();
    give(suite, mine, 1)
}

/// Lanes per block of strings of `width` bits.
fn block_lanes(width: usize) -> usize {
    (LABELS / width.max(1)).max(64) / 64 * 64
}

impl Give {
    /// Lanes per block.
    fn block(&self) -> usize {
        block_lanes(self.width)
    }

    /// The transfer of a block's first label.
    fn first(&self, block: usize) -> usize {
        block * self.width * self.block()
    }

    /// The labels to which those of a string are added.
    fn into(&mut self, string: usize) -> &mut Labels {
        // With one result both strings are added up: XOR is free.
        let i = string.min(self.out.len() - 1);
        &mut self.out[i]
    }

    /// This party's bits of a block, in the labels' order.
    #[cfg(test)]
    fn bits(&self, from: usize, lanes: usize) -> impl Iterator<Item = Mask> + '_ {
        (0..self.width).flat_map(move |bit| Mask::each(self.mine.bit(bit), from, lanes))
    }
}

impl Blocks<Pairwise> for Give {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block())
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, self.block(), self.lanes);
        let n = range.len();
        let first = self.first(place.block);
        if suite.me == GARBLER {
            let offset = suite.garbling()?.offset();
            let zeros = suite.own_labels(self.ticket.block(place.block), self.width * n);
            // The label of each bit's value: uniform to the evaluator, whatever the bit.
            let words = (0..self.width).map(|bit| &self.mine.bit(bit)[range.start / 64..]);
            let active = active(&zeros, offset, n, words);
            wire.send(party(EVALUATOR), |out| write_labels(&active, out))?;
            #[cfg(test)]
            plant_hidden(&zeros, self.bits(range.start, n));
            add(self.into(GARBLER), range.start, n, &zeros);
            wire.expect(party(EVALUATOR), (self.width * n).div_ceil(8))
        } else {
            // Bits under the transfers' random choices.
            let stride = words_for(n);
            let mut masked = vec![0; stride];
            wire.send(party(GARBLER), |out| {
                let mut packer = Packer::new(out);
                for bit in 0..self.width {
                    self.transfers.choices.read(first + bit * n, n, &mut masked);
                    let mine = &self.mine.bit(bit)[range.start / 64..];
                    masked.iter_mut().zip(mine).for_each(|(m, b)| *m ^= b);
                    packer.push(&masked, n);
                }
                packer.finish();
            })?;
            // Its labels are known at once.
            let labels = &self.transfers.labels[first..first + self.width * n];
            let into = EVALUATOR.min(self.out.len() - 1);
            add(&mut self.out[into], range.start, n, labels);
            wire.expect(party(GARBLER), self.width * n * LABEL_LEN)
        }
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, self.block(), self.lanes);
        let n = range.len();
        if suite.me == EVALUATOR {
            let bytes = wire.take(party(GARBLER), self.width * n * LABEL_LEN)?;
            self.into(GARBLER).add_read(range.start, n, bytes);
            return Ok(());
        }
        let offset = suite.garbling()?.offset();
        let bytes = wire.take(party(EVALUATOR), (self.width * n).div_ceil(8))?;
        let first = self.first(place.block);
        let mut unpacker = Unpacker::new(bytes);
        let labels = &self.transfers.labels[first..][..self.width * n];
        let mut zeros = Zeroizing::new(labels.to_vec());
        let mut swaps = vec![0; words_for(n)];
        for labels in zeros.chunks_exact_mut(n) {
            unpacker.pull(&mut swaps, n);
            // Where the evaluator's bit is not its choice, the transfer's labels change places.
            add_chosen(labels, offset, &swaps);
        }
        add(self.into(EVALUATOR), range.start, n, &zeros);
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let out = std::mem::take(&mut self.out).into_iter();
        Ok(Outcome::Values(
            out.map(|l| Value::Shared(Share::Yao(l))).collect(),
        ))
    }

    fn delay(&self, _n_phases: u32) -> Delay {
        Delay::BothWays
    }
}

/// Labels as Boolean shares: the garbler's is the colour of the zero label, the evaluator's that of the label it holds.
pub(super) fn to_boolean(value: &Held) -> Result<Begun<Pairwise>, Error> {
    let labels = labels(value)?;
    let (width, lanes) = (labels.width(), labels.lanes());
    let colours = (0..width).flat_map(|bit| labels.colours(bit, 0, lanes));
    let bits = Bits::from_words(width, lanes, colours.collect())?;
    done(vec![Share::Boolean(Boolean::of(vec![bits]))])
}
