//! A circuit on shared bits, level by level: what every suite of secret-shared bits does alike.
//!
//! XOR and complement are local and the same work on every part of a share. A suite writes what it does for the ANDs of one level
//! ([`AndLevel`]): what is computed before anything is sent, what is sent, what comes. [`Walk`] loads a block's operands, goes
//! through the levels and stores its results; blocks are in flight as in any operation ([`super::Pipeline`]).

use std::sync::Arc;

use super::circuit::Circuit;
use super::operands::block_range;
use super::pipeline::{Blocks, Pipeline, Place};
use super::sharing::{Boolean, Held, Share, Sharing, boolean, done};
use super::slots::{Pin, Wiring};
use super::tickets::{Numbers, Ticket};
use super::{Begun, Outcome, Suite, Value};
use crate::bits::words_for;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::simd::xor;

/// Words that a block's level reads and writes, at least, where another core should compute it: some ten microseconds' worth.
const LONG: usize = 1 << 14;

/// The wires of a block of lanes: slot by slot, one part of the share after the other.
#[derive(Default)]
pub struct Wires {
    words: Vec<u64>,
    parts: usize,
    stride: usize,
    lanes: usize,
}

impl Wires {
    /// Words of one bit of the block.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Lanes of the block.
    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// All parts of a wire.
    pub(super) fn slot(&self, slot: u32) -> &[u64] {
        &self.words[self.range(slot)]
    }

    /// All parts of a wire.
    pub(super) fn slot_mut(&mut self, slot: u32) -> &mut [u64] {
        let range = self.range(slot);
        &mut self.words[range]
    }

    fn range(&self, slot: u32) -> std::ops::Range<usize> {
        let len = self.parts * self.stride;
        let at = len * slot as usize;
        at..at + len
    }

    /// XORs of whole shares, one after the other; a complement adds the public one.
    fn xor(&mut self, gates: &[Wiring], ones: &[u64]) {
        let n = self.stride;
        for gate in gates {
            let complement = gate.a.complement != gate.b.complement;
            let out = self.range(gate.out);
            let operands = [self.range(gate.a.slot), self.range(gate.b.slot)];
            let [a, b] = operands;
            if let Ok([a, b, out]) = self.words.get_disjoint_mut([a, b, out.clone()]) {
                if !complement {
                    xor(a, b, 0, out);
                    continue;
                }
                if n == 1 {
                    let operands = a.iter().zip(b.iter()).zip(ones);
                    for (out, ((a, b), one)) in out.iter_mut().zip(operands) {
                        *out = a ^ b ^ one;
                    }
                    continue;
                }
                for (p, &one) in ones.iter().enumerate() {
                    let part = p * n..(p + 1) * n;
                    xor(&a[part.clone()], &b[part.clone()], one, &mut out[part]);
                }
            } else {
                // Both operands are one wire.
                for (part, &one) in self.words[out].chunks_exact_mut(n.max(1)).zip(ones) {
                    part.fill(if complement { one } else { 0 });
                }
            }
        }
    }
}

/// The ANDs of one level of one block.
pub struct Level<'c> {
    /// They run side by side.
    pub(super) ands: &'c [Wiring],
    /// ANDs of the levels before: the place of this level's in what was reserved for the block.
    pub(super) before: usize,
    /// The block.
    pub(super) block: usize,
    /// The first of the numbers of randomness that are this level's, [`AndLevel::numbers`] for each AND.
    pub(super) number: u64,
    /// The phase within the level, from 0.
    pub(super) phase: u32,
    /// By part of a share: the share of the public one, all bits alike.
    pub(super) ones: &'c [u64],
}

impl Level<'_> {
    /// What complementing an operand adds to one of its parts.
    pub(super) fn flip(&self, pin: Pin, part: usize) -> u64 {
        match self.ones.get(part) {
            Some(&one) if pin.complement => one,
            Some(_) | None => 0,
        }
    }
}

/// What a suite does for the ANDs of a level. A block goes through `compute`, `send` and `receive` in each phase of a level, and
/// through `finish` after the last.
pub(super) trait AndLevel: Send + Sync {
    /// The suite.
    type Suite: Suite<Share = Share, Evidence = ()>;
    /// What a block keeps besides its wires.
    type State: Default + Send + 'static;

    /// Phases of a level.
    fn n_phases(&self) -> u32 {
        1
    }

    /// Words of lanes that blocks are multiples of, no more than the fewest that a block has.
    fn unit(&self) -> usize {
        1
    }

    /// Numbers of randomness that an AND over `stride` words of lanes takes.
    fn numbers(&self, stride: usize) -> usize;

    /// Computes what is sent.
    fn compute(
        &self,
        suite: &Self::Suite,
        level: &Level<'_>,
        wires: &mut Wires,
        state: &mut Self::State,
    ) -> Result<(), Error>;

    /// Sends it and announces what comes.
    fn send(
        &self,
        suite: &Self::Suite,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &Wires,
        state: &mut Self::State,
    ) -> Result<(), Error>;

    /// Takes what has come. Blocks take in their order: what a suite keeps of a level, it notes here.
    fn receive(
        &self,
        suite: &mut Self::Suite,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &mut Wires,
        state: &mut Self::State,
    ) -> Result<(), Error>;

    /// Makes the products of it, if they are not there yet.
    fn finish(
        &self,
        _suite: &Self::Suite,
        _level: &Level<'_>,
        _wires: &mut Wires,
        _state: &mut Self::State,
    ) -> Result<(), Error> {
        Ok(())
    }
}

/// A circuit called over lanes.
pub(super) struct Walk<A: AndLevel> {
    ands: A,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    /// Lanes per block, a multiple of 64.
    block: usize,
    ones: Vec<u64>,
    ticket: Ticket,
    outs: Vec<Boolean>,
}

/// Lanes of a full block.
pub(super) fn block_lanes(circuit: &Circuit, parts: usize) -> usize {
    64 * circuit.stride(parts)
}

/// Calls a circuit over the lanes of its operands, with numbers of the suite's.
pub(super) fn walk<A: AndLevel + 'static>(
    sharing: &Sharing,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    ands: A,
    numbers: &mut Numbers,
) -> Result<Begun<A::Suite>, Error> {
    let mut bits = 0;
    for arg in &args {
        let share = boolean(arg)?;
        if share.lanes() != lanes {
            return Err(Error::bug("operands of different lanes"));
        }
        bits += share.width();
    }
    if bits != circuit.inputs.len() {
        return Err(Error::bug("a circuit gets operands of other widths"));
    }
    let parts = sharing.parts();
    let outs = circuit.outputs.iter();
    let block = block_lanes(&circuit, parts);
    let block = block - block % (64 * ands.unit());
    let n_blocks = lanes.div_ceil(block);
    let per_block = circuit.n_and * ands.numbers(words_for(block));
    let mut walk = Walk {
        outs: outs
            .map(|out| Boolean::zeros(parts, out.len(), lanes))
            .collect(),
        circuit,
        args,
        lanes,
        block,
        ones: sharing.ones().collect(),
        ticket: numbers.reserve(n_blocks, per_block),
        ands,
    };
    if walk.circuit.levels.is_empty() {
        let mut wires = Wires::default();
        for block in 0..n_blocks {
            walk.load(block, &mut wires)?;
            walk.store(block, &wires);
        }
        return done(walk.outs.into_iter().map(Share::Boolean).collect());
    }
    Pipeline::begun(walk)
}

impl<A: AndLevel> Walk<A> {
    /// Starts a block: its inputs, and what needs no AND.
    fn load(&self, block: usize, wires: &mut Wires) -> Result<(), Error> {
        let range = block_range(block, self.block, self.lanes);
        wires.parts = self.ones.len();
        wires.lanes = range.len();
        wires.stride = words_for(range.len());
        let (n, from) = (wires.stride, range.start / 64);
        let len = wires.parts * n;
        wires.words.resize(len * self.circuit.n_slots, 0);
        // The constant's slot.
        wires.words[..len].fill(0);
        let mut pins = self.circuit.inputs.iter();
        for arg in &self.args {
            let share = boolean(arg)?;
            for (bit, pin) in (0..share.width()).zip(&mut pins) {
                let Some(pin) = *pin else { continue };
                let into = wires.slot_mut(pin).chunks_exact_mut(n.max(1));
                for (into, part) in into.zip(&share.part) {
                    into.copy_from_slice(&part.bit(bit)[from..from + n]);
                }
            }
        }
        wires.xor(&self.circuit.first, &self.ones);
        Ok(())
    }

    /// Ends a block: its outputs.
    fn store(&mut self, block: usize, wires: &Wires) {
        let from = block * self.block / 64;
        let n = wires.stride;
        for (out, pins) in self.outs.iter_mut().zip(&self.circuit.outputs) {
            for (bit, pin) in pins.iter().enumerate() {
                let words = wires.slot(pin.slot).chunks_exact(n.max(1));
                for ((part, words), &one) in out.part.iter_mut().zip(words).zip(&self.ones) {
                    let flip = if pin.complement { one } else { 0 };
                    let into = &mut part.bit_mut(bit)[from..from + n];
                    for (o, w) in into.iter_mut().zip(words) {
                        *o = w ^ flip;
                    }
                }
            }
        }
    }

    /// The level that a block is at in a phase.
    fn level(&self, block: usize, phase: u32) -> Level<'_> {
        let per_level = self.ands.n_phases();
        let level = &self.circuit.levels[(phase / per_level) as usize];
        let numbers = self.ands.numbers(words_for(self.block));
        Level {
            ands: &level.ands,
            before: level.before,
            block,
            number: self.ticket.block(block) + (level.before * numbers) as u64,
            phase: phase % per_level,
            ones: &self.ones,
        }
    }
}

impl<A: AndLevel> Blocks<A::Suite> for Walk<A> {
    type State = (Wires, A::State);

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block)
    }

    fn n_phases(&self) -> u32 {
        self.circuit.levels.len() as u32 * self.ands.n_phases()
    }

    fn window(&self) -> usize {
        self.circuit.window(self.ones.len())
    }

    fn is_long(&self, phase: u32) -> bool {
        let per_level = self.ands.n_phases();
        let level = (phase / per_level).saturating_sub(1) as usize;
        let levels = &self.circuit.levels[level..];
        // What is computed once a level has come, and for the next.
        let work = levels.iter().take(2).map(|l| l.ands.len() + l.xors.len());
        let n = self.ones.len() * words_for(self.block.min(self.lanes));
        phase.is_multiple_of(per_level) && work.sum::<usize>() * n >= LONG
    }

    fn compute(
        &self,
        suite: &A::Suite,
        place: Place,
        (wires, state): &mut Self::State,
    ) -> Result<(), Error> {
        let per_level = self.ands.n_phases();
        if place.phase == 0 {
            self.load(place.block, wires)?;
        } else if place.phase.is_multiple_of(per_level) {
            let level = self.level(place.block, place.phase - 1);
            self.ands.finish(suite, &level, wires, state)?;
            let level = (place.phase / per_level) as usize - 1;
            wires.xor(&self.circuit.levels[level].xors, &self.ones);
        }
        if place.phase < self.n_phases() {
            let level = self.level(place.block, place.phase);
            self.ands.compute(suite, &level, wires, state)?;
        }
        Ok(())
    }

    fn send(
        &mut self,
        suite: &mut A::Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (wires, state): &mut Self::State,
    ) -> Result<(), Error> {
        let level = self.level(place.block, place.phase);
        self.ands.send(suite, wire, &level, wires, state)
    }

    fn receive(
        &mut self,
        suite: &mut A::Suite,
        wire: &mut Exchange<'_>,
        place: Place,
        (wires, state): &mut Self::State,
    ) -> Result<(), Error> {
        let level = self.level(place.block, place.phase);
        self.ands.receive(suite, wire, &level, wires, state)
    }

    fn end(
        &mut self,
        _suite: &mut A::Suite,
        block: usize,
        (wires, _): &mut Self::State,
    ) -> Result<(), Error> {
        self.store(block, wires);
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let outs = std::mem::take(&mut self.outs).into_iter();
        Ok(Outcome::Values(
            outs.map(|b| Value::Shared(Share::Boolean(b))).collect(),
        ))
    }
}
