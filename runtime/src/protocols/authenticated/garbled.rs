//! Circuits that are garbled over shared bits, in three rounds however deep they are, and two for each that goes on with what another one gave.
//!
//! - **Functionality**: a template's outputs on every lane, from shared bits to shared bits.
//! - **Adversary**: malicious, either party, with abort, once MACs and labels are compared (`macs`).
//! - **Source**: Katz, Ranellucci, Rosulek, Wang (CRYPTO 2018, ePrint 2018/578), section 4: half gates (Zahur, Rosulek, Evans, EUROCRYPT 2015) whose
//!   tables carry authenticated masks; masks of products from triples as in Nielsen et al. (CRYPTO 2012).
//! - **Assumptions**: AES is an ideal cipher, for the re-keyed hash of `simd`; SHA-256 is a random oracle; those of the triples, see `triples`.
//! - **Cost**: `smpcc_circuit::cost`: for each AND and lane 32 bytes and three bits from party 0, who garbles, and three bits from party 1, who
//!   evaluates; for each input bit 16 bytes and a bit from party 0 and a bit from party 1. One triple and one authenticated bit for each AND, and one for each input bit.
//! - **Departures from the paper**: triples do not know their gates, so that their differences to the gates' masks are opened first; inputs are shared
//!   bits, whose differences to masks are opened with them; the lowest bit of a label is the masked bit, so that the kernels of other suites serve;
//!   what speaks for all of this is compared before the next opening of the program, first the evaluator's and then the garbler's. MACs and
//!   labels are added up with weights that follow from the bits that they belong to (`weights`).
//! - **Leakage and failure**: what is opened, and the masked bits that the evaluator tells, are hidden by bits that neither party knows alone and that are used once. A table that is
//!   not what it should be gives masked bits that do not fit, which is found whatever the bits are. The garbler tells what
//!   speaks for the tables only to an evaluator that had the labels of the masked bits that it told: of another bit it would learn a mask.
//!
//! Each wire has a mask λ, a shared bit; a wire's masked bit Λ = x ⊕ λ is known to both in the end, and the evaluator has the label of Λ. Masks of
//! inputs and of ANDs are fresh, all others follow. For an AND with masks α, β of its operands and γ of its result, and [σ] = [αβ] from a triple, the garbler
//! adds its halves of Δ_0·β, Δ_0·α and Δ_0·(γ ⊕ σ) to the two rows of the table and to the result's label of zero, the evaluator its own; so rows stand for masked bits that the garbler does not
//! know. Results leave as [z] = [λ] ⊕ Λ. All is right if `Λ_a·Λ_b ⊕ Λ_c ⊕ Λ_a·β ⊕ Λ_b·α ⊕ σ ⊕ γ`, a shared bit, is zero for each AND: then its MAC at the garbler is what
//! the evaluator's key says.

use std::sync::Arc;

use smpcc_circuit::cost::{Delay, Demand};
use smpcc_circuit::program::Program;
use zeroize::Zeroizing;

use super::pool::Run;
use super::weights::Weights;
use super::{Authenticated, CONSTANT, GARBLER, PARTS, boolean, out_of_step};
use crate::bits::{Packer, Unpacker};
use crate::block::{LABEL_LEN, Label, read_labels, write_labels};
use crate::error::Error;
use crate::exchange::Exchange;
#[cfg(test)]
use crate::freed::{Origin, plant, plant_hidden};
use crate::hash::Transcript;
use crate::mask::Mask;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::garbled::{Plan, active};
use crate::protocols::operands::block_range;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::sharing::{self, Held, Share};
use crate::protocols::{Begun, Outcome, Value};
use crate::simd::field::Field;
use crate::simd::{Gates, Hash, TABLE_LEN, evaluate, garble};
use crate::wipe;
use rows::{Row, Walk};

mod rows;

/// ANDs of a block, each on one lane, if it has as many: a few mebibytes.
const BLOCK_ANDS: usize = 1 << 13;

/// Lanes of a block at least and at most: of whole words, or part of one and whole bytes.
const BLOCK_LANES: (usize, usize) = (8, 2048);

/// ANDs of all blocks in flight.
const FLIGHT_ANDS: usize = 1 << 15;

/// Lanes of a block of a circuit with so many ANDs.
fn block_lanes(n_and: usize) -> usize {
    let (least, most) = BLOCK_LANES;
    match BLOCK_ANDS / n_and.max(1) {
        lanes @ 64.. => (lanes / 64 * 64).min(most),
        lanes => 1 << lanes.max(least).ilog2(),
    }
}

/// What is added to both labels of a wire but Δ: the lowest bit of a label is its masked bit.
const LOWEST: Label = Label(1);

/// A template called on shared bits.
struct Call {
    plan: Arc<Plan>,
    args: Vec<Held>,
    lanes: usize,
    /// Lanes of a full block.
    block: usize,
    /// Operand and bit of each input bit that is used.
    inputs: Vec<(usize, usize)>,
    /// Masks of inputs and ANDs.
    masks: Run,
    triples: Run,
    /// The number of the first half gate.
    first: u64,
    hash: Hash,
    /// Labels of inputs, at the garbler.
    labels: Option<Prg>,
    out: Vec<sharing::Boolean>,
}

/// Calls circuit `id` over the lanes of its operands.
pub(super) fn begin(
    suite: &mut Authenticated,
    program: &Program,
    id: usize,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Authenticated>, Error> {
    let plan = suite.garbling.plan(program, id, lanes)?;
    let n_and = plan.n_and();
    if n_and == 0 || lanes == 0 {
        let circuit = suite.circuits.get(program, id)?;
        return boolean::begin(suite, circuit, args, lanes);
    }
    let mut bits = Vec::with_capacity(plan.n_inputs());
    for (i, arg) in args.iter().enumerate() {
        let arg = sharing::boolean(arg)?;
        if arg.lanes() != lanes || arg.part.len() != PARTS {
            return Err(Error::bug("operands of different shapes"));
        }
        bits.extend((0..arg.width()).map(|bit| (i, bit)));
    }
    if bits.len() != plan.n_inputs() {
        return Err(Error::bug("a circuit gets operands of other widths"));
    }
    let used = bits.into_iter().zip(&plan.inputs);
    let inputs: Vec<_> = used.filter_map(|(bit, slot)| slot.map(|_| bit)).collect();
    let words = |n: usize| Demand::words(n as u64 * lanes as u64) as usize / 64;
    let block = block_lanes(n_and);
    let labels = match suite.me {
        GARBLER => Some(Prg::once(&PrgKey::fresh(&mut OsEntropy)?)),
        _ => None,
    };
    let zeros = |width| sharing::Boolean::zeros(PARTS, width, lanes);
    Pipeline::begun(Call {
        masks: suite.pools.bits.take(words(inputs.len() + n_and))?,
        triples: suite.pools.triples.take(words(n_and))?,
        first: suite
            .garbling
            .take_half_gates(2 * n_and as u64 * lanes as u64)?,
        hash: suite.garbling.hash,
        out: plan.output_widths().map(zeros).collect(),
        plan,
        args,
        lanes,
        block,
        inputs,
        labels,
    })
}

/// A block under way.
#[derive(Default)]
struct State {
    /// Masks of inputs and of ANDs.
    fresh: Zeroizing<Vec<Row>>,
    /// What is opened: inputs under their masks, then left and right operands' masks under the triples' factors.
    told: Zeroizing<Vec<Row>>,
    opened: Vec<u64>,
    /// For each AND on each lane the masks of its operands, and of its result and that of the product of the operands' together.
    left: Zeroizing<Vec<Row>>,
    right: Zeroizing<Vec<Row>>,
    result: Zeroizing<Vec<Row>>,
    /// Masks of the outputs' bits.
    masks: Zeroizing<Vec<Row>>,
    /// Labels of zero of the ANDs' results, at the garbler.
    zeros: Zeroizing<Vec<Label>>,
    /// What the garbler sends.
    message: Vec<u8>,
    /// Masked bits of the ANDs' results.
    masked: Vec<u64>,
    /// Those of the outputs.
    outputs: Vec<u64>,
    /// What speaks for what was opened, and for the circuit: sums of what this party's MACs and labels are, and of what the other's should be.
    sums: Zeroizing<[[Field; 2]; 2]>,
}

impl State {
    /// Empties what grows with a block; the next one in its place has the room.
    fn clear(&mut self) {
        for rows in [
            &mut self.fresh,
            &mut self.told,
            &mut self.left,
            &mut self.right,
            &mut self.result,
            &mut self.masks,
        ] {
            rows.clear();
        }
        self.zeros.clear();
    }
}

/// Bits one after the other, 64 to a word.
fn packed(bits: impl ExactSizeIterator<Item = u64>) -> Vec<u64> {
    let mut words = vec![0; bits.len().div_ceil(64)];
    for (i, bit) in bits.enumerate() {
        words[i / 64] |= (bit & 1) << (i % 64);
    }
    words
}

fn write_bits(words: &[u64], n: usize, out: &mut Vec<u8>) {
    let mut packer = Packer::new(out);
    packer.push(words, n);
    packer.finish();
}

fn read_bits(bytes: &[u8], n: usize) -> Vec<u64> {
    let mut words = vec![0; n.div_ceil(64)];
    Unpacker::new(bytes).pull(&mut words, n);
    words
}

impl Call {
    fn range(&self, block: usize) -> std::ops::Range<usize> {
        block_range(block, self.block, self.lanes)
    }

    /// Input bits and ANDs of a block, each on one lane.
    fn counts(&self, block: usize) -> (usize, usize) {
        let lanes = self.range(block).len();
        (self.inputs.len() * lanes, self.plan.n_and() * lanes)
    }

    /// Bytes of what both open, of what the garbler sends, and of what the evaluator tells.
    fn lens(&self, block: usize) -> [usize; 3] {
        let (inputs, ands) = self.counts(block);
        let lowest = ands.div_ceil(8);
        let tables = inputs * LABEL_LEN + ands * TABLE_LEN + lowest;
        [(inputs + 2 * ands).div_ceil(8), tables, lowest]
    }

    /// Appends lanes of one part of a run.
    fn rows(run: &Run, first: usize, at: usize, n: usize, delta: Label, rows: &mut Vec<Row>) {
        /// Lanes at a time.
        const CHUNK: usize = 1 << 11;
        wipe::reserve(rows, n);
        let mut columns = Zeroizing::new(vec![0; PARTS * n.min(CHUNK).div_ceil(64)]);
        for from in (0..n).step_by(CHUNK) {
            let n = CHUNK.min(n - from);
            let columns = &mut columns[..PARTS * n.div_ceil(64)];
            run.read(first, at + from, n, columns);
            rows::append(columns, n, delta, rows);
        }
    }

    /// Masks of all wires, and what is opened (KRRW18, figure 3, step 3, with triples that are made before).
    fn mask(&self, delta: Label, block: usize, state: &mut State) -> Result<(), Error> {
        let (inputs, ands) = self.counts(block);
        let range = self.range(block);
        let lanes = range.len();
        let first = range.start * (self.inputs.len() + self.plan.n_and());
        state.clear();
        let told = &mut state.told;
        Self::rows(
            &self.masks,
            0,
            first,
            inputs + ands,
            delta,
            &mut state.fresh,
        );
        let (of_inputs, of_ands) = state.fresh.split_at(inputs);
        wipe::reserve(told, inputs + 2 * ands);
        let mut columns = Zeroizing::new(Vec::new());
        for &(arg, bit) in &self.inputs {
            let share = sharing::boolean(&self.args[arg])?;
            rows::columns(share, bit, range.start, lanes, &mut columns);
            rows::append(&columns, lanes, delta, told);
        }
        add_rows(told, of_inputs);

        let mut walk = Walk::new(&self.plan, lanes, of_inputs);
        wipe::reserve(&mut state.left, ands);
        wipe::reserve(&mut state.right, ands);
        // A complement is one of the masked bit.
        walk.run(&self.plan, Row::default(), |at, left, right, out| {
            state.left.extend_from_slice(left);
            state.right.extend_from_slice(right);
            out.copy_from_slice(&of_ands[at..at + out.len()]);
        });
        let pins = || self.plan.outputs.iter().flatten();
        wipe::reserve(&mut state.masks, pins().count() * lanes);
        pins().for_each(|&pin| state.masks.extend_from_slice(walk.wire(pin)));

        let first = range.start * self.plan.n_and();
        for (factor, operands) in [(0, &state.left), (1, &state.right)] {
            let from = told.len();
            Self::rows(&self.triples, factor * PARTS, first, ands, delta, told);
            add_rows(&mut told[from..], operands);
        }
        let result = &mut state.result;
        Self::rows(&self.triples, 2 * PARTS, first, ands, delta, result);
        add_rows(result, of_ands);
        Ok(())
    }

    /// From all that was opened: MACs, and the products of masks.
    fn combine(&self, suite: &Authenticated, block: usize, state: &mut State) {
        let (inputs, ands) = self.counts(block);
        let delta = *suite.delta.whole;
        let opened = &state.opened;
        let weights = self.weights(suite, "smpcc/authenticated/garbled/opened", block, opened);
        // Keys of bits that are opened: a half has this party's bit in it.
        let keys = (state.told.iter().enumerate())
            .map(|(i, row)| row.half ^ delta.select(Mask::at(opened, i)));
        state.sums[0] = [
            weights.of_rows(state.told.iter().map(|row| row.mac)),
            weights.of_rows(keys),
        ];
        for (i, result) in state.result.iter_mut().enumerate() {
            let (left, right) = (inputs + i, inputs + ands + i);
            let (d, e) = (Mask::at(opened, left), Mask::at(opened, right));
            // αβ = (d ⊕ x)(e ⊕ y) = z ⊕ d·y ⊕ e·x ⊕ d·e.
            let x = state.told[left] ^ state.left[i];
            let y = state.told[right] ^ state.right[i];
            let both = Mask::lowest(d.word() & e.word());
            let product = *result ^ y.select(d) ^ x.select(e);
            *result = product.add(both, delta, suite.me == CONSTANT);
        }
    }

    /// The weights of a block's bits that both parties know.
    fn weights(&self, suite: &Authenticated, of: &str, block: usize, bits: &[u64]) -> Weights {
        let mut t = Transcript::new(of);
        // A call has half gates of its own.
        t.bytes(&suite.session).number(self.first);
        t.number(block as u64).words64(bits);
        Weights::new(t)
    }

    /// The weights of the masked bits that the evaluator tells. A garbler that guesses the bits of a small circuit knows them when it sends its
    /// tables, and gains nothing: other bits have other weights, and what it would have to say for a wrong bit differs by a multiple of a Δ
    /// that it does not know.
    fn weights_of_masked(&self, suite: &Authenticated, block: usize, masked: &[u64]) -> Weights {
        self.weights(suite, "smpcc/authenticated/garbled/masked", block, masked)
    }

    /// Labels of the inputs' masked bits, and tables (KRRW18, figure 3, step 4).
    fn garble(&self, suite: &Authenticated, block: usize, state: &mut State) -> Result<(), Error> {
        let (inputs, ands) = self.counts(block);
        let range = self.range(block);
        let (delta, first) = (*suite.delta.whole, range.start * self.plan.n_and());
        let labels = self.labels.as_ref().ok_or_else(out_of_step)?;
        let mut zeros = Zeroizing::new(vec![Label::ZERO; inputs]);
        let number = range.start * self.inputs.len();
        labels.fill_labels(0, number as u64, &mut zeros);
        zeros.iter_mut().for_each(|zero| zero.0 &= !LOWEST.0);

        let mut message = Vec::with_capacity(self.lens(block)[1]);
        let opened = &state.opened;
        #[cfg(test)]
        plant_hidden(&zeros, (0..inputs).map(|i| Mask::at(opened, i)));
        let words = std::iter::once(&opened[..]);
        write_labels(&active(&zeros, delta, inputs, words), &mut message);
        let at_tables = message.len();
        message.resize(at_tables + ands * TABLE_LEN, 0);
        let mut lowest = vec![0; ands.div_ceil(64)];
        let mut walk = Walk::new(&self.plan, range.len(), &zeros);
        wipe::reserve(&mut state.zeros, ands);
        walk.run(&self.plan, delta ^ LOWEST, |at, a, b, out| {
            let tables = &mut message[at_tables + at * TABLE_LEN..][..out.len() * TABLE_LEN];
            garble(self.hash, delta, self.gates(first + at, a, b), out, tables);
            for (i, (out, table)) in
                (at..).zip(out.iter_mut().zip(tables.chunks_exact_mut(TABLE_LEN)))
            {
                // Halves of Δ·β and Δ·α in the rows, of Δ·(γ ⊕ σ) in the result.
                add(table, [state.right[i].half, state.left[i].half]);
                let zero = *out ^ state.result[i].half;
                lowest[i / 64] |= zero.colour() << (i % 64);
                *out = Label(zero.0 & !LOWEST.0);
            }
            #[cfg(test)]
            out.iter()
                .take(1)
                .for_each(|&zero| plant(Origin::Gate, zero));
            state.zeros.extend_from_slice(out);
        });
        write_bits(&lowest, ands, &mut message);
        state.message = message;
        Ok(())
    }

    fn gates<'g>(&self, and: usize, a: &'g [Label], b: &'g [Label]) -> Gates<'g> {
        Gates {
            first: self.first + 2 * and as u64,
            a,
            b,
            flip: [Label::ZERO; 2],
        }
    }

    /// Labels of all wires' masked bits, and so these (KRRW18, figure 3, step 6); what speaks for the ANDs (step 7), at the evaluator.
    fn evaluate(
        &self,
        suite: &Authenticated,
        block: usize,
        state: &mut State,
    ) -> Result<(), Error> {
        let (inputs, ands) = self.counts(block);
        let range = self.range(block);
        let (delta, first) = (*suite.delta.whole, range.start * self.plan.n_and());
        let mut message = std::mem::take(&mut state.message);
        let (labels, tables) = message.split_at_mut(inputs * LABEL_LEN);
        let (tables, lowest) = tables.split_at_mut(ands * TABLE_LEN);
        let lowest = read_bits(lowest, ands);
        // The masked bits are known, whatever the garbler sends.
        let known = |(i, label): (usize, Label)| lowest_of(label, Mask::at(&state.opened, i));
        let labels = read_labels(labels).enumerate().map(known);
        let labels = Zeroizing::new(labels.collect::<Vec<_>>());
        let mut masked = vec![0; ands.div_ceil(64)];
        let mut results = Zeroizing::new(Vec::with_capacity(ands));
        let mut proofs = Zeroizing::new(Vec::with_capacity(ands));
        let mut walk = Walk::new(&self.plan, range.len(), &labels);
        walk.run(&self.plan, LOWEST, |at, a, b, out| {
            let tables = &mut tables[at * TABLE_LEN..][..out.len() * TABLE_LEN];
            for (i, table) in (at..).zip(tables.chunks_exact_mut(TABLE_LEN)) {
                add(table, [state.right[i].mac, state.left[i].mac]);
            }
            evaluate(self.hash, self.gates(first + at, a, b), tables, out);
            let operands = a.iter().zip(b);
            for (i, (out, (a, b))) in (at..).zip(out.iter_mut().zip(operands)) {
                let label = *out ^ state.result[i].mac;
                let bit = Mask::lowest(label.colour() ^ lowest[i / 64] >> (i % 64));
                *out = lowest_of(label, bit);
                masked[i / 64] |= (bit.word() & 1) << (i % 64);
                let (a, b) = (a.colour_mask(), b.colour_mask());
                let public = Mask::lowest(a.word() & b.word() ^ bit.word());
                let rest = state.right[i].half.select(a) ^ state.left[i].half.select(b);
                proofs.push(rest ^ state.result[i].half ^ delta.select(public));
            }
            results.extend_from_slice(out);
        });
        let pins = self.plan.outputs.iter().flatten();
        let bits = pins.flat_map(|&pin| {
            let flip = Mask::public(pin.complement).word();
            walk.wire(pin)
                .iter()
                .map(move |label| label.colour() ^ flip & 1)
        });
        state.outputs = packed(bits.collect::<Vec<_>>().into_iter());
        state.masked = masked;
        let weights = self.weights_of_masked(suite, block, &state.masked);
        let [said, heard] = [results, proofs].map(|rows| weights.of_rows(rows.iter().copied()));
        state.sums[1] = [said, heard];
        Ok(())
    }

    /// All masked bits from those that the evaluator tells, at the garbler, with the labels that it should have had.
    fn follow(&self, suite: &Authenticated, block: usize, state: &mut State) -> Result<(), Error> {
        let (inputs, ands) = self.counts(block);
        let lanes = self.range(block).len();
        let delta = *suite.delta.whole;
        let bits = |words: &[u64], n: usize| -> Vec<u64> {
            (0..n).map(|i| Mask::at(words, i).word()).collect()
        };
        let (known, told) = (bits(&state.opened, inputs), bits(&state.masked, ands));
        let mut proofs = Zeroizing::new(Vec::with_capacity(ands));
        let mut walk = Walk::new(&self.plan, lanes, &known);
        walk.run(&self.plan, u64::MAX, |at, a, b, out| {
            let operands = a.iter().zip(b);
            for (i, (out, (&a, &b))) in (at..).zip(out.iter_mut().zip(operands)) {
                *out = told[i];
                let (a, b) = (Mask::lowest(a), Mask::lowest(b));
                // A public bit does not change a MAC.
                let rest = state.right[i].mac.select(a) ^ state.left[i].mac.select(b);
                proofs.push(rest ^ state.result[i].mac);
            }
        });
        let pins = self.plan.outputs.iter().flatten();
        let outputs = pins.flat_map(|&pin| {
            let flip = Mask::public(pin.complement).word();
            walk.wire(pin).iter().map(move |bit| bit ^ flip)
        });
        state.outputs = packed(outputs.collect::<Vec<_>>().into_iter());
        let labels = state.zeros.iter().zip(&told);
        let labels = labels.map(|(&zero, &bit)| zero ^ delta.select(Mask::lowest(bit)));
        let weights = self.weights_of_masked(suite, block, &state.masked);
        let said = weights.of_rows(proofs.iter().copied());
        state.sums[1] = [said, weights.of_rows(labels)];
        Ok(())
    }
}

/// A label with the lowest bit that it should have.
fn lowest_of(label: Label, bit: Mask) -> Label {
    Label(label.0 & !LOWEST.0) ^ LOWEST.select(bit)
}

/// Adds rows to others.
fn add_rows(to: &mut [Row], rows: &[Row]) {
    to.iter_mut()
        .zip(rows)
        .for_each(|(to, &row)| *to = *to ^ row);
}

/// Adds to both rows of a table.
fn add(table: &mut [u8], rows: [Label; 2]) {
    for (bytes, label) in table.as_chunks_mut::<LABEL_LEN>().0.iter_mut().zip(rows) {
        *bytes = (Label::from_bytes(*bytes) ^ label).to_bytes();
    }
}

impl Blocks<Authenticated> for Call {
    type State = State;

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block)
    }

    fn n_phases(&self) -> u32 {
        3
    }

    fn window(&self) -> usize {
        (FLIGHT_ANDS / (self.plan.n_and() * self.block)).clamp(1, 8)
    }

    fn compute(
        &self,
        suite: &Authenticated,
        Place { block, phase }: Place,
        state: &mut State,
    ) -> Result<(), Error> {
        let garbles = suite.me == GARBLER;
        match phase {
            0 => self.mask(*suite.delta.whole, block, state),
            1 => {
                self.combine(suite, block, state);
                match garbles {
                    true => self.garble(suite, block, state),
                    false => Ok(()),
                }
            }
            2 if !garbles => self.evaluate(suite, block, state),
            3 if garbles => self.follow(suite, block, state),
            _ => Ok(()),
        }
    }

    fn send(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
        Place { block, phase }: Place,
        state: &mut State,
    ) -> Result<(), Error> {
        let (other, garbles) = (suite.other(), suite.me == GARBLER);
        let lens = self.lens(block);
        match phase {
            0 => {
                state.opened = packed(state.told.iter().map(|row| row.bit));
                let n = state.told.len();
                wire.send(other, |out| write_bits(&state.opened, n, out))?;
                wire.expect(other, lens[0])
            }
            1 if garbles => {
                let message = std::mem::take(&mut state.message);
                wire.send(other, |out| out.extend_from_slice(&message))
            }
            2 if !garbles => {
                let (_, ands) = self.counts(block);
                wire.send(other, |out| write_bits(&state.masked, ands, out))
            }
            _ => wire.expect(other, lens[phase as usize % lens.len()]),
        }
    }

    fn receive(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
        Place { block, phase }: Place,
        state: &mut State,
    ) -> Result<(), Error> {
        let (other, garbles) = (suite.other(), suite.me == GARBLER);
        let lens = self.lens(block);
        match phase {
            0 => {
                let theirs = read_bits(wire.take(other, lens[0])?, state.told.len());
                let both = state.opened.iter_mut().zip(theirs);
                both.for_each(|(opened, theirs)| *opened ^= theirs);
            }
            1 if !garbles => state.message = wire.take(other, lens[1])?.to_vec(),
            2 if garbles => {
                let (_, ands) = self.counts(block);
                state.masked = read_bits(wire.take(other, lens[2])?, ands);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(
        &mut self,
        suite: &mut Authenticated,
        block: usize,
        state: &mut State,
    ) -> Result<(), Error> {
        for [said, heard] in *state.sums {
            suite.macs.note(said, heard);
        }
        let range = self.range(block);
        let (delta, constant) = (*suite.delta.whole, suite.me == CONSTANT);
        // [z] = [λ] ⊕ Λ.
        for (i, row) in state.masks.iter_mut().enumerate() {
            *row = row.add(Mask::at(&state.outputs, i), delta, constant);
        }
        let mut rows = state.masks.chunks_exact(range.len().max(1));
        for out in &mut self.out {
            for (bit, rows) in (0..out.width()).zip(&mut rows) {
                rows::put(rows, delta, (&mut *out, bit), range.start);
            }
        }
        state.clear();
        Ok(())
    }

    fn delay(&self, _n_phases: u32) -> Delay {
        Delay::Garbled
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let out = std::mem::take(&mut self.out).into_iter();
        Ok(Outcome::Values(
            out.map(|b| Value::Shared(Share::Boolean(b))).collect(),
        ))
    }
}
