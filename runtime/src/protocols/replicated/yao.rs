//! Garbled sections: parties 0 and 1 garble from the key that they share, party 2 evaluates.
//!
//! - **Functionality**: shares become labels, circuits run on labels, labels become Boolean shares.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Mohassel, Rosulek, Zhang (CCS 2015), without commitments (for these see `witnessed`); conversions as in ABY3 (CCS 2018), section 5.4.
//! - **Assumptions**: AES-128 is a pseudo-random function, and an ideal cipher in the gates' hash.
//! - **Cost**: into labels 16 bytes per bit and lane from each garbler; tables as in `protocols::garbled`, from party 0; out of
//!   labels one bit per bit and lane from party 2. No garbler waits for anything.
//! - **Departures from the paper**: no oblivious transfer and no commitment is needed, since each string that enters is known to a garbler
//!   who follows the protocol.
//! - **Leakage and failure**: see at each step what its receiver sees. The offset Δ and the labels never leave parties 0 and 1
//!   but for one label per wire.

use super::{
    BLOCK, Boolean, Held, PARTS, Pipeline, Rep3, Share, Stream, Ticket, arithmetic, block_range,
    boolean, labels, numbers_for, party,
};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::block::{LABEL_LEN, Label, Labels, write_labels};
use crate::error::Error;
use crate::exchange::Exchange;
#[cfg(test)]
use crate::freed::plant_hidden;
#[cfg(test)]
use crate::mask::Mask;
use crate::prg::Prg;
use crate::protocols::garbled::seat::Garbling;
use crate::protocols::garbled::{active, add};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::{Begun, Outcome, Value};
use crate::ring::Elements;
use crate::session::Session;
use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

/// Labels that travel in one piece.
const LABELS: usize = 1 << 13;

/// The garblers, who know Δ and all zero labels, and the evaluator.
const GARBLER: usize = 0;
const EVALUATOR: usize = 2;

/// What a party knows for the whole execution.
pub struct Yao {
    pub(super) garbling: Garbling,
    /// Where zero labels come from, at the garblers.
    labels: Option<Prg>,
}

impl Yao {
    pub(super) fn new(session: &Session) -> Result<Self, Error> {
        let me = session.me().index();
        let (mut delta, mut labels) = (None, None);
        if me != EVALUATOR {
            let pair = session.pair_key(party(1 - me))?;
            let offset = Prg::new(&pair.prg_key("rep3/garbling/offset")).block(0, 0);
            delta = Some(Label::from_bytes(offset));
            labels = Some(Prg::once(&pair.prg_key("rep3/garbling/labels")));
        }
        let ends = [party(GARBLER), party(EVALUATOR)];
        Ok(Self {
            garbling: Garbling::new(session, "rep3/garbling/start", delta, ends)?,
            labels,
        })
    }

    pub(super) fn offset(&self) -> Label {
        self.garbling.offset()
    }

    /// Fresh zero labels, at the garblers.
    pub(super) fn draw(&self, number: u64, n: usize) -> Option<Zeroizing<Vec<Label>>> {
        let key = self.labels.as_ref()?;
        let mut labels = Zeroizing::new(vec![Label::ZERO; n]);
        key.fill_labels(Stream::Component as u64, number, &mut labels);
        Some(labels)
    }
}

/// Two bit strings that become labels: party 0 knows string 0, party 1 string 1.
struct Give {
    width: usize,
    lanes: usize,
    /// The string that this party gives.
    mine: Option<Bits>,
    /// A number for each label of both strings.
    ticket: Ticket,
    /// Labels of both strings, or of their sum.
    out: Vec<Labels>,
}

/// Two strings become labels of so many results; `mine` is what this party gives.
fn give(
    suite: &mut Rep3,
    (width, lanes): (usize, usize),
    mine: Option<Bits>,
    n_results: usize,
) -> Result<Begun<Rep3>, Error> {
    let block = block_lanes(width);
    let ticket = suite
        .numbers
        .reserve(lanes.div_ceil(block), 2 * width * block);
    Pipeline::begun(Give {
        width,
        lanes,
        mine,
        ticket,
        out: (0..n_results)
            .map(|_| Labels::zeros(width, lanes))
            .collect(),
    })
}

/// Lanes per block of strings of `width` bits.
pub(super) fn block_lanes(width: usize) -> usize {
    (LABELS / width.max(1)).max(64) / 64 * 64
}

/// The two additive parts of an integer: components 0 and 1, which party 0 adds up, and component 2.
pub(super) fn decompose(
    suite: &mut Rep3,
    value: &Held,
    width: usize,
) -> Result<Begun<Rep3>, Error> {
    let value = arithmetic(value)?;
    let lanes = value.lanes();
    let mine = match suite.me {
        0 => {
            let sum = (0..lanes).map(|l| value.part[0].get(l).wrapping_add(value.part[1].get(l)));
            let sum = Elements::of_words(width as u32, sum);
            Some(Bits::from_elements(width, &sum))
        }
        1 => Some(Bits::from_elements(width, &value.part[1])),
        _ => None,
    };
    give(suite, (width, lanes), mine, 2)
}

/// A Boolean value: components 0 and 1, which party 0 adds up, and component 2.
pub(super) fn from_boolean(suite: &mut Rep3, value: &Held) -> Result<Begun<Rep3>, Error> {
    let share = boolean(value)?;
    let (width, lanes) = (share.width(), share.lanes());
    let mine = match suite.me {
        0 => {
            let mut sum = share.part[0].clone();
            sum.xor_assign(&share.part[1])?;
            Some(sum)
        }
        1 => Some(share.part[1].clone()),
        _ => None,
    };
    give(suite, (width, lanes), mine, 1)
}

impl Give {
    /// Lanes per block.
    fn block(&self) -> usize {
        block_lanes(self.width)
    }

    fn piece_len(&self, lanes: usize) -> usize {
        self.width * lanes * LABEL_LEN
    }

    /// The labels to which those of a string are added.
    fn into(&mut self, string: usize) -> &mut Labels {
        // With one result both strings are added up: XOR is free.
        let i = string.min(self.out.len() - 1);
        &mut self.out[i]
    }
}

impl Blocks<Rep3> for Give {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block())
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, self.block(), self.lanes);
        let n = range.len();
        let (me, width) = (suite.me, self.width);
        let offset = suite.yao.offset();
        for string in 0..2 {
            let number = self.ticket.block(place.block) + (string * width * n) as u64;
            let Some(zeros) = suite.yao.draw(number, width * n) else {
                wire.expect(party(string), self.piece_len(n))?;
                continue;
            };
            if let (Some(mine), true) = (&self.mine, me == string) {
                // The label of each bit's value: uniform to the evaluator, whatever the bit.
                #[cfg(test)]
                plant_hidden(
                    &zeros,
                    (0..width).flat_map(|bit| Mask::each(mine.bit(bit), range.start, n)),
                );
                let words = (0..width).map(|bit| &mine.bit(bit)[range.start / 64..]);
                let active = active(&zeros, offset, n, words);
                wire.send(party(EVALUATOR), |out| write_labels(&active, out))?;
            }
            add(self.into(string), range.start, n, &zeros);
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if suite.me != EVALUATOR {
            return Ok(());
        }
        let range = block_range(place.block, self.block(), self.lanes);
        for string in 0..2 {
            let bytes = wire.take(party(string), self.piece_len(range.len()))?;
            let (from, n) = (range.start, range.len());
            self.into(string).add_read(from, n, bytes);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let out = std::mem::take(&mut self.out).into_iter();
        Ok(Outcome::Values(
            out.map(|l| Value::Shared(Share::Yao(l))).collect(),
        ))
    }

    fn delay(&self, _n_phases: u32) -> Delay {
        Delay::ToEvaluator
    }
}

/// Labels as Boolean shares. The garblers' mask, the colour of the zero label, is component 1, which both hold. The
/// evaluator's colour is the bit plus that mask; it is split into component 2, drawn with party 1, and component 0, which
/// it sends to party 0: uniform to party 0, which lacks that key.
struct ToBoolean {
    labels: Held,
    ticket: Ticket,
    share: Boolean,
}

pub(super) fn to_boolean(suite: &mut Rep3, value: Held) -> Result<Begun<Rep3>, Error> {
    let labels = labels(&value)?;
    let share = Boolean::zeros(PARTS, labels.width(), labels.lanes());
    let n_blocks = labels.lanes().div_ceil(BLOCK);
    let numbers = numbers_for(labels.width() * words_for(BLOCK));
    Pipeline::begun(ToBoolean {
        labels: value,
        ticket: suite.numbers.reserve(n_blocks, numbers),
        share,
    })
}

impl Blocks<Rep3> for ToBoolean {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.share.lanes().div_ceil(BLOCK)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let range = block_range(place.block, BLOCK, self.share.lanes());
        let (width, n) = (self.share.width(), range.len());
        let stride = words_for(n);
        let number = self.ticket.block(place.block);
        let labels = labels(&self.labels)?;
        let colours = (0..width)
            .flat_map(|bit| labels.colours(bit, range.start, n))
            .collect();
        let mut colours = Bits::from_words(width, n, colours)?;
        let drawn = suite
            .draw(2, number, width * stride)
            .map(|words| Bits::from_words(width, n, words))
            .transpose()?;
        match (suite.me, drawn) {
            (0, _) => {
                self.share.part[1].put(range.start, &colours)?;
                wire.expect(party(EVALUATOR), (width * n).div_ceil(8))
            }
            (1, Some(drawn)) => {
                self.share.part[0].put(range.start, &colours)?;
                self.share.part[1].put(range.start, &drawn)?;
                Ok(())
            }
            (_, Some(drawn)) => {
                colours.xor_assign(&drawn)?;
                self.share.part[0].put(range.start, &drawn)?;
                self.share.part[1].put(range.start, &colours)?;
                wire.send(party(GARBLER), |out| {
                    let mut packer = Packer::new(out);
                    colours.pack(0, n, &mut packer);
                    packer.finish();
                })
            }
            (_, None) => Err(Error::bug("a key is missing")),
        }
    }

    fn receive(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if suite.me == GARBLER {
            let range = block_range(place.block, BLOCK, self.share.lanes());
            let n = range.len();
            let bytes = wire.take(party(EVALUATOR), (self.share.width() * n).div_ceil(8))?;
            self.share.part[0].unpack(range.start, n, &mut Unpacker::new(bytes));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let share = std::mem::replace(&mut self.share, Boolean::zeros(0, 0, 0));
        Ok(Outcome::Values(vec![Value::Shared(Share::Boolean(share))]))
    }
}
