//! XOR-AND circuits on bit-sliced shares, level by level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Araki et al. (CCS 2016), section 2.1, on plain replicated shares as in ABY3 (CCS 2018), section 3.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one bit per party, AND and lane; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::sync::Arc;

use super::{
    Boolean, CONSTANT, Held, PARTS, Rep3, Share, block_range, boolean, done, part_of, pipelined,
};
use crate::bits::{Packer, Unpacker, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::circuit::{Circuit, Pin, Step};
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::simd::{SharedAnd, shared_and, xor};

/// Wires of one block of lanes: per slot, part 0 and then part 1.
#[derive(Default)]
struct Wires {
    words: Vec<u64>,
    stride: usize,
    lanes: usize,
}

impl Wires {
    fn slot(&self, slot: u32) -> [&[u64]; 2] {
        let at = 2 * self.stride * slot as usize;
        let (a, b) = self.words[at..at + 2 * self.stride].split_at(self.stride);
        [a, b]
    }

    /// XORs of whole shares; a complement flips the component of constants, where this party holds it.
    fn xor(&mut self, steps: &[Step], flips: [u64; 2]) {
        let n = self.stride;
        for step in steps {
            let complement = step.a.complement != step.b.complement;
            let [fa, fb] = if complement { flips } else { [0; 2] };
            let range = |slot: u32| {
                let at = 2 * n * slot as usize;
                at..at + 2 * n
            };
            let (a, b, out) = (range(step.a.slot), range(step.b.slot), range(step.out));
            if let Ok([a, b, out]) = self.words.get_disjoint_mut([a.clone(), b, out.clone()]) {
                for (part, f) in [fa, fb].into_iter().enumerate() {
                    let part = part * n..(part + 1) * n;
                    xor(&a[part.clone()], &b[part.clone()], f, &mut out[part]);
                }
            } else {
                // Both operands are one wire.
                self.words[out.clone()][..n].fill(fa);
                self.words[out][n..].fill(fb);
            }
        }
    }
}

/// A template called over lanes.
struct Call {
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    /// Lanes per block, a multiple of 64.
    block: usize,
    outs: Vec<Boolean>,
    blocks: Vec<Wires>,
    flips: [u64; 2],
}

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin(
    me: usize,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Rep3>, Error> {
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
    let outs = circuit
        .outputs
        .iter()
        .map(|out| Boolean::zeros(PARTS, out.len(), lanes))
        .collect();
    let mut call = Call {
        block: 64 * circuit.stride(PARTS),
        circuit,
        args,
        lanes,
        outs,
        blocks: Vec::new(),
        // A public one stands in one component.
        flips: [0, 1].map(|p| {
            if part_of(me, CONSTANT) == Some(p) {
                u64::MAX
            } else {
                0
            }
        }),
    };
    if call.circuit.levels.is_empty() {
        for block in 0..lanes.div_ceil(call.block) {
            call.load(block, 0)?;
            call.store(block, 0);
        }
        return done(call.outs.into_iter().map(Share::Boolean).collect());
    }
    pipelined(call)
}

impl Call {
    /// Starts a block: its inputs, and what needs no AND.
    fn load(&mut self, block: usize, slot: usize) -> Result<(), Error> {
        let range = block_range(block, self.block, self.lanes);
        while self.blocks.len() <= slot {
            self.blocks.push(Wires::default());
        }
        let wires = &mut self.blocks[slot];
        wires.lanes = range.len();
        wires.stride = words_for(range.len());
        wires
            .words
            .resize(2 * wires.stride * self.circuit.n_slots, 0);
        let (n, from) = (wires.stride, range.start / 64);
        wires.words[..2 * n].fill(0);
        let mut pins = self.circuit.inputs.iter();
        for arg in &self.args {
            let share = boolean(arg)?;
            for (bit, pin) in (0..share.width()).zip(&mut pins) {
                let Some(pin) = *pin else { continue };
                let at = 2 * n * pin as usize;
                for (p, part) in share.part.iter().enumerate() {
                    wires.words[at + p * n..at + (p + 1) * n]
                        .copy_from_slice(&part.bit(bit)[from..from + n]);
                }
            }
        }
        wires.xor(&self.circuit.first, self.flips);
        Ok(())
    }

    /// Ends a block: its outputs.
    fn store(&mut self, block: usize, slot: usize) {
        let from = block * self.block / 64;
        let wires = &self.blocks[slot];
        let n = wires.stride;
        for (out, pins) in self.outs.iter_mut().zip(&self.circuit.outputs) {
            for (bit, pin) in pins.iter().enumerate() {
                let parts = wires.slot(pin.slot);
                for (p, part) in parts.into_iter().enumerate() {
                    let flip = if pin.complement { self.flips[p] } else { 0 };
                    let into = &mut out.part[p].bit_mut(bit)[from..from + n];
                    for (o, w) in into.iter_mut().zip(part) {
                        *o = w ^ flip;
                    }
                }
            }
        }
    }

    fn piece_len(&self, phase: u32, lanes: usize) -> usize {
        (self.circuit.levels[phase as usize].ands.len() * lanes).div_ceil(8)
    }
}

impl Blocks<Rep3> for Call {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block)
    }

    fn n_phases(&self) -> u32 {
        self.circuit.levels.len() as u32
    }

    fn window(&self) -> usize {
        self.circuit.window(PARTS)
    }

    fn emit(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if place.phase == 0 {
            self.load(place.block, place.slot)?;
        }
        let [f0, f1] = self.flips;
        let ands = &self.circuit.levels[place.phase as usize].ands;
        let wires = &mut self.blocks[place.slot];
        let (n, lanes) = (wires.stride, wires.lanes);
        let number = suite.allocate(ands.len() * n);
        let (to, from) = (suite.previous_party(), suite.next_party());
        let [plus, minus] = suite.zero_words(number, ands.len() * n);
        wire.send(to, |message| {
            let mut packer = Packer::new(message);
            let alphas = plus.chunks_exact_mut(n).zip(minus.chunks_exact(n));
            for (step, (z, minus)) in ands.iter().zip(alphas) {
                let flip = |pin: Pin| if pin.complement { [f0, f1] } else { [0; 2] };
                // z_i = x_i y_i ⊕ x_i y_{i+1} ⊕ x_{i+1} y_i ⊕ α_i.
                let and = SharedAnd {
                    a: wires.slot(step.a.slot),
                    b: wires.slot(step.b.slot),
                    flip_a: flip(step.a),
                    flip_b: flip(step.b),
                };
                shared_and(and, minus, z);
                let at = 2 * n * step.out as usize;
                wires.words[at..at + n].copy_from_slice(z);
                packer.push(z, lanes);
            }
            packer.finish();
        })?;
        let len = self.piece_len(place.phase, lanes);
        wire.expect(from, len)
    }

    fn absorb(
        &mut self,
        suite: &mut Rep3,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let len = self.piece_len(place.phase, self.blocks[place.slot].lanes);
        let bytes = wire.take(suite.next_party(), len)?;
        let level = &self.circuit.levels[place.phase as usize];
        let wires = &mut self.blocks[place.slot];
        let (n, lanes) = (wires.stride, wires.lanes);
        let mut unpacker = Unpacker::new(bytes);
        for step in &level.ands {
            let at = 2 * n * step.out as usize + n;
            unpacker.pull(&mut wires.words[at..at + n], lanes);
        }
        wires.xor(&level.xors, self.flips);
        if place.phase + 1 == self.n_phases() {
            self.store(place.block, place.slot);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let outs = std::mem::take(&mut self.outs).into_iter();
        Ok(Outcome::Values(
            outs.map(|b| Value::Shared(Share::Boolean(b))).collect(),
        ))
    }
}
