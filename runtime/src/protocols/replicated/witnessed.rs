//! Garbled sections where a corrupt party may send what it likes: the second garbler vouches for what the first one sends.
//!
//! - **Functionality**: shares become labels, circuits run on labels, labels become Boolean shares.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Mohassel, Rosulek, Zhang, "Fast and secure three-party computation: the garbled circuit approach" (CCS 2015): two
//!   garblers with one seed, of whom one is honest, and commitments to both labels of a bit that the evaluator knows, too.
//! - **Assumptions**: AES is an ideal cipher, for the gates' hash and for commitments; AES-128 is a pseudo-random function; SHA-256 is
//!   a random oracle.
//! - **Cost**: into labels 112 bytes per bit and lane, 96 from party 0 and 16 from party 1; tables as in `protocols::garbled`; out of labels
//!   48 bytes per bit and lane, and one bit from party 2. Hashes of 16 bytes for each operation, and of 32 out of labels.
//! - **Departures from the paper**: shares are inputs, so every string that enters is known to two parties; what is vouched for is compared by a
//!   polynomial hash (`vouch`), not by a second copy; commitments are one call of AES each. The way out of labels is ours.
//! - **Leakage and failure**: whatever the evaluator finds wrong, it stops at the same place with the same words, so that whether it stops does
//!   not hang on a bit that only it and the other garbler know.
//!
//! **Into labels.** Component 1 is known to both garblers: party 0 sends labels, party 1 vouches. Components 0 and 2 are known to one garbler
//! and to the evaluator. Party 0 sends commitments to both labels of every bit, the one of zero first, party 1 vouches for them; who
//! holds the component sends the label; the evaluator holds it against the commitment of its own bit. So each label is that of the
//! right bit, though the other garbler does not know the bit.
//!
//! **Out of labels.** A string `m` that parties 1 and 2 draw enters as component 2 and is added, so that the wires' value is `y = x ⊕ m`.
//! The garblers know the colour of each zero label, which becomes component 1; the evaluator's colour becomes component 0, and `m` is component
//! 2: they add up to `x`. The evaluator sends its colours to party 0, with a hash of its labels, of which it knows one for each wire: party 0
//! finds that colours are right, and learns nothing, since `m` hides them.

use zeroize::{Zeroize, Zeroizing};

use super::yao::block_lanes;
use super::{
    Boolean, Held, PARTS, Pipeline, Rep3, Share, Stream, Ticket, arithmetic, block_range, boolean,
    labels, numbers_for, part_of, party,
};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::block::{LABEL_LEN, Label, Labels, read_labels, write_labels};
use crate::error::Error;
use crate::exchange::Exchange;
#[cfg(test)]
use crate::freed::plant_hidden;
use crate::hash::Transcript;
use crate::mask::Mask;
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::vouch::{HASH, Polynomial};
use crate::protocols::{Begun, Malicious, Outcome, Value};
use crate::simd::commit::commit;
use smpcc_circuit::cost::Delay;

type Suite = Rep3<Malicious>;

/// Who sends what garblers agree on, who vouches for it, and who evaluates.
const GARBLER: usize = 0;
const WITNESS: usize = 1;
const EVALUATOR: usize = 2;

/// Bytes of the hash of all labels that become bits.
const DIGEST: usize = 32;

/// The next hash of what party 0 sends to party 2: at a point that parties 1 and 2 draw. Party 0 has none.
pub(super) fn polynomial(suite: &mut Suite) -> Option<Polynomial> {
    let number = suite.ledger.next_vouch();
    let key = suite.key(2)?;
    Some(Polynomial::at(key, Stream::Vouch as u64, number))
}

/// The commitment to a label: a block cipher whose key is used for the two labels of one bit alone, and the label added.
struct Commit {
    start: Label,
}

impl Commit {
    fn new(suite: &Suite) -> Self {
        let mut start = Transcript::new("rep3/garbling/commitments");
        start.bytes(&suite.ledger.session().0);
        let mut bytes = [0; LABEL_LEN];
        bytes.copy_from_slice(&start.finish().0[..LABEL_LEN]);
        Self {
            start: Label::from_bytes(bytes),
        }
    }

    /// To each of some labels, with numbers that no other bits have: the first one's is given.
    fn to(&self, number: u64, labels: &[Label], out: &mut [Label]) {
        commit(self.start, number, labels, out);
    }

    /// To both labels of each bit, the one of zero first, as they are sent.
    fn to_both(&self, number: u64, zeros: &[Label], offset: Label, out: &mut Vec<u8>) {
        /// Labels at a time.
        const TOGETHER: usize = 64;
        let mut ones = Zeroizing::new([Label::ZERO; TOGETHER]);
        let mut both = [[Label::ZERO; TOGETHER]; 2];
        for (number, zeros) in (number..).step_by(TOGETHER).zip(zeros.chunks(TOGETHER)) {
            let ones = &mut ones[..zeros.len()];
            ones.iter_mut()
                .zip(zeros)
                .for_each(|(one, &zero)| *one = zero ^ offset);
            self.to(number, zeros, &mut both[0]);
            self.to(number, ones, &mut both[1]);
            let pairs: [[Label; 2]; TOGETHER] = std::array::from_fn(|i| [both[0][i], both[1][i]]);
            write_labels(pairs[..zeros.len()].as_flattened(), out);
        }
    }
}

/// Strings of bits that become labels: components of a value, each known to two parties.
struct Strings {
    width: usize,
    lanes: usize,
    /// Which components.
    components: &'static [usize],
    /// Those that this party knows.
    known: [Option<Bits>; 3],
    /// A number for each label.
    ticket: Ticket,
    commit: Commit,
    witness: Option<Polynomial>,
    /// Whether all labels were those that were committed to.
    right: bool,
}

impl Strings {
    fn new(
        suite: &mut Suite,
        (width, lanes): (usize, usize),
        components: &'static [usize],
        mut known: impl FnMut(usize, usize) -> Result<Bits, Error>,
    ) -> Result<Self, Error> {
        let mut all = [None, None, None];
        for &component in components {
            if let Some(part) = part_of(suite.me, component) {
                all[component] = Some(known(component, part)?);
            }
        }
        let block = block_lanes(width);
        let numbers = components.len() * width * block;
        Ok(Self {
            width,
            lanes,
            components,
            known: all,
            ticket: suite.numbers.reserve(lanes.div_ceil(block), numbers),
            commit: Commit::new(suite),
            witness: polynomial(suite),
            right: true,
        })
    }

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(block_lanes(self.width))
    }

    fn range(&self, block: usize) -> std::ops::Range<usize> {
        block_range(block, block_lanes(self.width), self.lanes)
    }

    /// Labels of a block's component.
    fn n(&self, block: usize) -> usize {
        self.width * self.range(block).len()
    }

    /// The number of the first label of a component's block.
    fn number(&self, block: usize, i: usize) -> u64 {
        self.ticket.block(block) + (i * self.n(block)) as u64
    }

    /// What a party knows of a component, bit by bit.
    fn bits(&self, component: usize, block: usize) -> Result<Vec<Mask>, Error> {
        let bits = self.known[component].as_ref();
        let bits = bits.ok_or_else(|| Error::bug("a component that this party does not hold"))?;
        let range = self.range(block);
        let each = |bit: usize| Mask::each(bits.bit(bit), range.start, range.len());
        Ok((0..self.width).flat_map(each).collect())
    }

    /// Bytes that party 0 sends for a block that the other garbler vouches for, and without that.
    fn sent(&self, block: usize) -> [usize; 2] {
        let (mut vouched, mut alone) = (0, 0);
        for &component in self.components {
            match component {
                1 => vouched += 1,
                0 => (vouched, alone) = (vouched + 2, alone + 1),
                _ => vouched += 2,
            }
        }
        let len = self.n(block) * LABEL_LEN;
        [vouched * len, alone * len]
    }

    /// Zero labels of a component's block, at the garblers.
    fn zeros(&self, suite: &Suite, block: usize, i: usize) -> Result<Zeroizing<Vec<Label>>, Error> {
        let drawn = suite.yao.draw(self.number(block, i), self.n(block));
        drawn.ok_or_else(|| Error::bug("the evaluator draws no labels"))
    }

    /// Labels of the bits of a component that this garbler knows.
    fn active(
        &self,
        suite: &Suite,
        block: usize,
        component: usize,
        zeros: &[Label],
    ) -> Result<Zeroizing<Vec<Label>>, Error> {
        let offset = suite.yao.offset();
        #[cfg(test)]
        plant_hidden(zeros, self.bits(component, block)?.into_iter());
        let bits = self.bits(component, block)?;
        let labels = zeros.iter().zip(bits);
        Ok(Zeroizing::new(
            labels
                .map(|(&zero, bit)| zero ^ offset.select(bit))
                .collect(),
        ))
    }

    /// Sends and announces a block; `add` takes the zero labels of each component at the garblers.
    fn send(
        &mut self,
        suite: &Suite,
        wire: &mut Exchange<'_>,
        block: usize,
        mut add: impl FnMut(&Self, &[Label]),
    ) -> Result<(), Error> {
        let last = block + 1 == self.n_blocks();
        let [vouched, alone] = self.sent(block);
        if suite.me == EVALUATOR {
            wire.expect(party(GARBLER), vouched)?;
            wire.expect(party(GARBLER), alone)?;
            if self.components.contains(&2) {
                wire.expect(party(WITNESS), self.n(block) * LABEL_LEN)?;
            }
            if last {
                wire.expect(party(WITNESS), HASH)?;
            }
            return Ok(());
        }
        let offset = suite.yao.offset();
        let (mut both, mut own) = (Vec::with_capacity(vouched), Vec::new());
        for (i, &component) in self.components.iter().enumerate() {
            let zeros = self.zeros(suite, block, i)?;
            if component == 1 {
                let active = self.active(suite, block, component, &zeros)?;
                write_labels(&active, &mut both);
            } else {
                let number = self.number(block, i);
                self.commit.to_both(number, &zeros, offset, &mut both);
                // Component 0 is party 0's, component 2 party 1's.
                if (component == 0) == (suite.me == GARBLER) {
                    let active = self.active(suite, block, component, &zeros)?;
                    write_labels(&active, &mut own);
                }
            }
            add(self, &zeros);
        }
        if suite.me == GARBLER {
            wire.send(party(EVALUATOR), |out| out.extend_from_slice(&both))?;
        } else if let Some(witness) = &mut self.witness {
            witness.absorb(&both);
        }
        wire.send(party(EVALUATOR), |out| out.extend_from_slice(&own))?;
        if let (Some(witness), true, WITNESS) = (&self.witness, last, suite.me) {
            let said = witness.said();
            wire.send(party(EVALUATOR), |out| out.extend_from_slice(&said))?;
        }
        own.zeroize();
        Ok(())
    }

    /// Takes a block at the evaluator; `add` takes the labels of each component.
    fn receive(
        &mut self,
        suite: &Suite,
        wire: &mut Exchange<'_>,
        block: usize,
        mut add: impl FnMut(&Self, &[Label]),
    ) -> Result<(), Error> {
        if suite.me != EVALUATOR {
            return Ok(());
        }
        let (n, [vouched, alone]) = (self.n(block), self.sent(block));
        let bytes = wire.take(party(GARBLER), vouched)?;
        if let Some(witness) = &mut self.witness {
            witness.absorb(bytes);
        }
        let both: Vec<Label> = read_labels(bytes).collect();
        let first: Vec<Label> = read_labels(wire.take(party(GARBLER), alone)?).collect();
        let second: Vec<Label> = match self.components.contains(&2) {
            true => read_labels(wire.take(party(WITNESS), n * LABEL_LEN)?).collect(),
            false => Vec::new(),
        };
        let (mut at, mut wrong) = (0, Label::ZERO);
        for (i, &component) in self.components.iter().enumerate() {
            if component == 1 {
                add(self, &both[at..at + n]);
                at += n;
                continue;
            }
            let active = if component == 0 { &first } else { &second };
            let commitments = both[at..at + 2 * n].chunks_exact(2);
            at += 2 * n;
            let number = self.number(block, i);
            let bits = self.bits(component, block)?;
            let mut own = vec![Label::ZERO; n];
            self.commit.to(number, active, &mut own);
            for ((&own, bit), pair) in own.iter().zip(bits).zip(commitments) {
                wrong = Label(wrong.0 | (own ^ pair[0] ^ (pair[0] ^ pair[1]).select(bit)).0);
            }
            add(self, active);
        }
        self.right &= wrong == Label::ZERO;
        if block + 1 == self.n_blocks() {
            let said = wire.take(party(WITNESS), HASH)?;
            let vouched_for = self.witness.as_ref().is_some_and(|w| w.said() == said);
            // One answer to both questions: the second one's depends on the evaluator's bits, if the first one's is no.
            if !(vouched_for & self.right) {
                let among = [party(GARBLER), party(WITNESS)];
                return Err(Error::cheating(
                    among,
                    "labels are not what both garblers make",
                ));
            }
        }
        Ok(())
    }
}

/// Strings that become labels, of their own or added up.
struct Give {
    strings: Strings,
    out: Vec<Labels>,
}

/// All components of a value.
const ALL: &[usize] = &[0, 1, 2];

fn give(
    suite: &mut Suite,
    (width, lanes): (usize, usize),
    known: impl FnMut(usize, usize) -> Result<Bits, Error>,
    n_results: usize,
) -> Result<Begun<Suite>, Error> {
    let strings = Strings::new(suite, (width, lanes), ALL, known)?;
    let zeros = |_| Labels::zeros(width, lanes);
    Pipeline::begun(Give {
        strings,
        out: (0..n_results).map(zeros).collect(),
    })
}

/// The components of integers, as labels of a string each.
pub(super) fn decompose(
    suite: &mut Suite,
    value: &Held,
    width: usize,
) -> Result<Begun<Suite>, Error> {
    let value = arithmetic(value)?;
    let known = |_, part: usize| Ok(Bits::from_elements(width, &value.part[part]));
    give(suite, (width, value.lanes()), known, ALL.len())
}

/// A Boolean value: its components as labels, added up.
pub(super) fn from_boolean(suite: &mut Suite, value: &Held) -> Result<Begun<Suite>, Error> {
    let share = boolean(value)?;
    let known = |_, part: usize| Ok(share.part[part].clone());
    give(suite, (share.width(), share.lanes()), known, 1)
}

/// Adds labels of a block, bit by bit.
fn add(out: &mut Labels, range: std::ops::Range<usize>, labels: &[Label]) {
    for (bit, labels) in labels.chunks_exact(range.len().max(1)).enumerate() {
        let into = out.bit_mut(bit)[range.clone()].iter_mut();
        into.zip(labels).for_each(|(into, &label)| *into ^= label);
    }
}

impl Give {
    /// Which result takes a component's labels, and how.
    fn taking(out: &mut [Labels], block: usize) -> impl FnMut(&Strings, &[Label]) + '_ {
        let mut next = 0;
        move |strings, labels| {
            let result = next.min(out.len() - 1);
            add(&mut out[result], strings.range(block), labels);
            next += 1;
        }
    }
}

impl Blocks<Suite> for Give {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.strings.n_blocks()
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn send(
        &mut self,
        suite: &mut Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let take = Self::taking(&mut self.out, place.block);
        self.strings.send(suite, wire, place.block, take)
    }

    fn receive(
        &mut self,
        suite: &mut Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let take = Self::taking(&mut self.out, place.block);
        self.strings.receive(suite, wire, place.block, take)
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

/// Labels as Boolean shares.
struct ToBoolean {
    /// What hides the value.
    hiding: Strings,
    /// Labels of the value, to which those of what hides it are added.
    labels: Labels,
    share: Boolean,
    digest: Transcript,
}

/// What hides the value is component 2.
const HIDING: &[usize] = &[2];

pub(super) fn to_boolean(suite: &mut Suite, value: Held) -> Result<Begun<Suite>, Error> {
    let own = labels(&value)?;
    let (width, lanes) = (own.width(), own.lanes());
    let words = width * words_for(lanes);
    let number = suite.numbers.take(numbers_for(words));
    let drawn = suite.draw(2, number, words);
    let drawn = drawn
        .map(|words| Bits::from_words(width, lanes, words))
        .transpose()?;
    let missing = || Error::bug("a key is missing");
    let known = |_, _| drawn.clone().ok_or_else(missing);
    let hiding = Strings::new(suite, (width, lanes), HIDING, known)?;
    let mut share = Boolean::zeros(PARTS, width, lanes);
    if let (Some(part), Some(drawn)) = (part_of(suite.me, 2), drawn) {
        share.part[part] = drawn;
    }
    Pipeline::begun(ToBoolean {
        hiding,
        labels: own.slice(0, lanes),
        share,
        digest: Transcript::new("rep3/garbling/labels"),
    })
}

impl ToBoolean {
    /// Colours of a block's labels.
    fn colours(&self, block: usize) -> Result<Bits, Error> {
        let range = self.hiding.range(block);
        let colours = (0..self.hiding.width)
            .flat_map(|bit| self.labels.colours(bit, range.start, range.len()))
            .collect();
        Bits::from_words(self.hiding.width, range.len(), colours)
    }

    /// Absorbs the labels of a block's colours; `offset` is zero at who holds these labels.
    fn hash(&mut self, block: usize, colours: &Bits, offset: Label) {
        let range = self.hiding.range(block);
        let mut bytes = Zeroizing::new(Vec::with_capacity(range.len() * LABEL_LEN));
        for bit in 0..self.hiding.width {
            let labels = &self.labels.bit(bit)[range.clone()];
            let bits = Mask::each(colours.bit(bit), 0, range.len());
            bytes.clear();
            let held = labels.iter().zip(bits).map(|(&label, colour)| {
                // Of a zero label, the other one if the colour is not its own.
                let other = offset.select(colour) ^ offset.select(label.colour_mask());
                label ^ other
            });
            write_labels(&Zeroizing::new(held.collect::<Vec<Label>>()), &mut bytes);
            self.digest.bytes(&bytes);
        }
    }

    fn said(&mut self) -> [u8; DIGEST] {
        let next = Transcript::new("rep3/garbling/labels");
        std::mem::replace(&mut self.digest, next).finish().0
    }
}

impl Blocks<Suite> for ToBoolean {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.hiding.n_blocks()
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn send(
        &mut self,
        suite: &mut Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let (block, range) = (place.block, self.hiding.range(place.block));
        if place.phase == 0 {
            let labels = &mut self.labels;
            return self.hiding.send(suite, wire, block, |strings, more| {
                add(labels, strings.range(block), more);
            });
        }
        let last = block + 1 == self.n_blocks();
        let colours = self.colours(block)?;
        match suite.me {
            // Component 1, the colours of zero labels.
            GARBLER => {
                self.share.part[1].put(range.start, &colours)?;
                let len = (self.hiding.width * range.len()).div_ceil(8);
                wire.expect(party(EVALUATOR), len)?;
                if last {
                    wire.expect(party(EVALUATOR), DIGEST)?;
                }
            }
            WITNESS => self.share.part[0].put(range.start, &colours)?,
            _ => {
                self.share.part[1].put(range.start, &colours)?;
                self.hash(block, &colours, Label::ZERO);
                wire.send(party(GARBLER), |out| {
                    let mut packer = Packer::new(out);
                    colours.pack(0, range.len(), &mut packer);
                    packer.finish();
                })?;
                if last {
                    let said = self.said();
                    wire.send(party(GARBLER), |out| out.extend_from_slice(&said))?;
                }
            }
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let (block, range) = (place.block, self.hiding.range(place.block));
        if place.phase == 0 {
            let labels = &mut self.labels;
            return self.hiding.receive(suite, wire, block, |strings, more| {
                add(labels, strings.range(block), more);
            });
        }
        if suite.me != GARBLER {
            return Ok(());
        }
        let (width, n) = (self.hiding.width, range.len());
        let bytes = wire.take(party(EVALUATOR), (width * n).div_ceil(8))?;
        let mut colours = Bits::zeros(width, n);
        colours.unpack(0, n, &mut Unpacker::new(bytes));
        self.hash(block, &colours, suite.yao.offset());
        self.share.part[0].put(range.start, &colours)?;
        if block + 1 == self.n_blocks() {
            let said = self.said();
            if wire.take(party(EVALUATOR), DIGEST)? != said {
                return Err(Error::cheating(
                    [party(WITNESS), party(EVALUATOR)],
                    "what comes out of a garbled circuit are not its labels",
                ));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let share = std::mem::replace(&mut self.share, Boolean::zeros(0, 0, 0));
        Ok(Outcome::Values(vec![Value::Shared(Share::Boolean(share))]))
    }
}

#[cfg(test)]
mod tests;
