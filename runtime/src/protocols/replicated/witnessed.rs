//! Garbled sections where a corrupt party may send what it likes: the second garbler vouches for what the first one sends.
//!
//! - **Functionality**: shares become labels, circuits run on labels, labels become Boolean shares.
//! - **Adversary**: malicious, one of three parties, with abort.
//! - **Source**: Mohassel, Rosulek, Zhang, "Fast and secure three-party computation: the garbled circuit approach" (CCS 2015): two
//!   garblers with one seed, of whom one is honest, and commitments to both labels of a bit that the evaluator knows, too.
//! - **Assumptions**: AES is an ideal cipher, for the gates' hash and for commitments; AES-128 is a pseudo-random function; SHA-256 is
//!   a random oracle.
//! - **Cost**: into labels 64 bytes per bit and lane, 48 from party 0 and 16 from party 1; tables as in `protocols::garbled`; out of labels
//!   32 bytes per bit and lane, and one bit from party 2. Two hashes of 16 bytes for each way into labels, one for each circuit; one more of
//!   32 out of labels.
//! - **Departures from the paper**: shares are inputs, so every string that enters is known to two parties; what is vouched for is compared by a
//!   polynomial hash (`vouch`), not by a second copy; commitments are one call of AES each, of the two of a bit only their sum is sent, and the other
//!   garbler speaks for what it says of the label. The way out of labels is ours.
//! - **Leakage and failure**: whatever the evaluator finds wrong, it stops at the same place with the same words, so that whether it stops does
//!   not hang on a bit that only it and the other garbler know.
//!
//! **Into labels.** Component 1 is known to both garblers: the label of its bit is zero, which the evaluator knows, and the other label is Δ;
//! nothing is sent, as for a public bit. Components 0 and 2 are known to one garbler and to the evaluator. Who holds the component sends
//! the label `L` of its bit `c`. Party 0 sends the sum `D` of the commitments to both labels of a bit, and party 1 vouches for it. From them
//! the evaluator finds what the commitment to the label of zero would be, `Com(L) ⊕ c·D`, and the garbler that does not know the bit
//! vouches for that. Were `L` another label than that of `c`, its commitment would be another one, too; so each label is that of the right bit, though
//! the other garbler does not know the bit. The evaluator can compute all that it is told from the two commitments, which the paper sends.
//!
//! **Out of labels.** A string `m` that parties 1 and 2 draw enters as component 2 and is added, so that the wires' value is `y = x ⊕ m`.
//! The garblers know the colour of each zero label, which becomes component 1; the evaluator's colour becomes component 0, and `m` is component
//! 2: they add up to `x`. The evaluator sends its colours to party 0, with a hash of its labels, of which it knows one for each wire: party 0
//! finds that colours are right, and learns nothing, since `m` hides them.

use zeroize::Zeroizing;

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
use crate::protocols::garbled::{active, add};
use crate::protocols::pipeline::{Blocks, Place};
use crate::protocols::vouch::{HASH, Polynomial};
use crate::protocols::{Begun, Malicious, Outcome, Value};
use crate::simd::columns::add_chosen_rows;
use crate::simd::commit::commit;
use crate::simd::labels::add_labels;
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
    at(suite, 2, number)
}

/// The hash with a number, at a point that the holders of a component draw.
fn at(suite: &Suite, component: usize, number: u64) -> Option<Polynomial> {
    let key = suite.key(component)?;
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

    /// To the label of zero of each bit, and the sums of the commitments to both.
    fn to_both(&self, number: u64, zeros: &[Label], offset: Label) -> [Vec<Label>; 2] {
        let ones: Vec<Label> = zeros.iter().map(|&zero| zero ^ offset).collect();
        let ones = Zeroizing::new(ones);
        let [mut of_zeros, mut sums] = [(); 2].map(|()| vec![Label::ZERO; zeros.len()]);
        self.to(number, zeros, &mut of_zeros);
        self.to(number, &ones, &mut sums);
        add_labels(&mut sums, &of_zeros);
        [of_zeros, sums]
    }

    /// From labels of bits and the sums of commitments, what the commitments to the labels of zero are if each label is that of its bit.
    /// `words` gives the bits of each run of `lanes` labels, 64 to a word.
    fn of_zeros<'w>(
        &self,
        number: u64,
        active: &[Label],
        sums: &[Label],
        lanes: usize,
        words: impl Iterator<Item = &'w [u64]>,
    ) -> Vec<Label> {
        let mut of_zeros = vec![Label::ZERO; active.len()];
        self.to(number, active, &mut of_zeros);
        let runs = of_zeros
            .chunks_mut(lanes.max(1))
            .zip(sums.chunks(lanes.max(1)));
        for ((run, sums), bits) in runs.zip(words) {
            add_chosen_rows(run, sums, bits);
        }
        of_zeros
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
    /// What party 1 vouches for at party 2: sums of commitments, and commitments to labels of zero of component 0.
    witness: Option<Polynomial>,
    /// What party 0 vouches for there: commitments to labels of zero of component 2.
    second: Option<Polynomial>,
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
        let number = suite.ledger.next_vouch();
        Ok(Self {
            width,
            lanes,
            components,
            known: all,
            ticket: suite.numbers.reserve(lanes.div_ceil(block), numbers),
            commit: Commit::new(suite),
            witness: at(suite, 2, number),
            second: at(suite, 0, number),
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

    /// What a party knows of a component, 64 lanes of a block to a word, a run of words for each bit.
    fn words(&self, component: usize, block: usize) -> Result<impl Iterator<Item = &[u64]>, Error> {
        let bits = self.known[component].as_ref();
        let bits = bits.ok_or_else(|| Error::bug("a component that this party does not hold"))?;
        let from = self.range(block).start / 64;
        Ok((0..self.width).map(move |bit| &bits.bit(bit)[from..]))
    }

    /// Bytes of sums of commitments of a block.
    fn sums_len(&self, block: usize) -> usize {
        let committed = self.components.iter().filter(|&&c| c != 1).count();
        committed * self.n(block) * LABEL_LEN
    }

    /// Bytes of a garbler's labels of a block, if it sends any.
    fn labels_len(&self, component: usize, block: usize) -> usize {
        match self.components.contains(&component) {
            true => self.n(block) * LABEL_LEN,
            false => 0,
        }
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
        let (offset, lanes) = (suite.yao.offset(), self.range(block).len());
        #[cfg(test)]
        plant_hidden(
            zeros,
            (self.words(component, block)?).flat_map(|words| Mask::each(words, 0, lanes)),
        );
        Ok(active(zeros, offset, lanes, self.words(component, block)?))
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
        if suite.me == EVALUATOR {
            wire.expect(party(GARBLER), self.sums_len(block))?;
            wire.expect(party(GARBLER), self.labels_len(0, block))?;
            wire.expect(party(WITNESS), self.labels_len(2, block))?;
            if last {
                wire.expect(party(GARBLER), HASH)?;
                wire.expect(party(WITNESS), HASH)?;
            }
            return Ok(());
        }
        let offset = suite.yao.offset();
        let (mut told, mut own) = (Vec::new(), Zeroizing::new(Vec::new()));
        for (i, &component) in self.components.iter().enumerate() {
            if component == 1 {
                // The label of the bit is zero, as if it were public: that of zero is Δ where the bit is one.
                let zeros = vec![Label::ZERO; self.n(block)];
                let bits = self.words(component, block)?;
                add(self, &active(&zeros, offset, self.range(block).len(), bits));
                continue;
            }
            let zeros = self.zeros(suite, block, i)?;
            let number = self.number(block, i);
            let [of_zeros, sums] = self.commit.to_both(number, &zeros, offset);
            if suite.me == GARBLER {
                told.extend(sums);
            } else if let Some(witness) = &mut self.witness {
                witness.absorb_labels(&sums);
            }
            // Component 0 is party 0's, component 2 party 1's: the other one vouches for what follows from the label.
            if (component == 0) == (suite.me == GARBLER) {
                own = self.active(suite, block, component, &zeros)?;
            } else if let Some(hash) = self.speaks_for(component) {
                hash.absorb_labels(&of_zeros);
            }
            add(self, &zeros);
        }
        wire.send(party(EVALUATOR), |out| write_labels(&told, out))?;
        wire.send(party(EVALUATOR), |out| write_labels(&own, out))?;
        let said = match suite.me {
            GARBLER => &self.second,
            _ => &self.witness,
        };
        if let (Some(said), true) = (said, last) {
            let said = said.said();
            wire.send(party(EVALUATOR), |out| out.extend_from_slice(&said))?;
        }
        Ok(())
    }

    /// The hash of commitments to labels of zero of a component: at the garbler that does not hold it, and at the evaluator.
    fn speaks_for(&mut self, component: usize) -> Option<&mut Polynomial> {
        match component {
            0 => self.witness.as_mut(),
            _ => self.second.as_mut(),
        }
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
        let (n, lanes) = (self.n(block), self.range(block).len());
        let told = wire.take(party(GARBLER), self.sums_len(block))?;
        let told: Vec<Label> = read_labels(told).collect();
        let mut told = told.chunks_exact(n.max(1));
        let mut of = |from: usize, component: usize| -> Result<Vec<Label>, Error> {
            let bytes = wire.take(party(from), self.labels_len(component, block))?;
            Ok(read_labels(bytes).collect())
        };
        let (first, second) = (of(GARBLER, 0)?, of(WITNESS, 2)?);
        for (i, &component) in self.components.iter().enumerate() {
            if component == 1 {
                add(self, &[]);
                continue;
            }
            let active = if component == 0 { &first } else { &second };
            let sums = told.next().unwrap_or_default();
            let (number, bits) = (self.number(block, i), self.words(component, block)?);
            let of_zeros = self.commit.of_zeros(number, active, sums, lanes, bits);
            if let Some(witness) = &mut self.witness {
                witness.absorb_labels(sums);
            }
            if let Some(hash) = self.speaks_for(component) {
                hash.absorb_labels(&of_zeros);
            }
            add(self, active);
        }
        if block + 1 == self.n_blocks() {
            let mut vouched_for = true;
            for (who, hash) in [(GARBLER, &self.second), (WITNESS, &self.witness)] {
                let said = wire.take(party(who), HASH)?;
                vouched_for &= hash.as_ref().is_some_and(|hash| hash.said() == said);
            }
            // One answer to both questions: what the first garbler vouches for depends on the evaluator's bits, if the second one's hash is wrong.
            if !vouched_for {
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

impl Give {
    /// Which result takes a component's labels, and how.
    fn taking(out: &mut [Labels], block: usize) -> impl FnMut(&Strings, &[Label]) + '_ {
        let mut next = 0;
        move |strings, labels| {
            let result = next.min(out.len() - 1);
            let range = strings.range(block);
            add(&mut out[result], range.start, range.len(), labels);
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
                let range = strings.range(block);
                add(labels, range.start, range.len(), more);
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
                let range = strings.range(block);
                add(labels, range.start, range.len(), more);
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
