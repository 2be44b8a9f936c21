//! XOR-AND circuits on bit-sliced shares, level by level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Araki et al. (CCS 2016), section 2.1, on plain replicated shares as in ABY3 (CCS 2018), section 3.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one bit per party, AND and lane; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.
//!
//! Lanes are cut into blocks whose live wires fit a core's cache, by numbers that depend on the circuit alone; a block goes
//! through the levels while others are at other levels, so memory is blocks in flight × live wires.

use std::sync::Arc;

use smpcc_circuit::cost::used_wires;
use smpcc_circuit::template::{Gate, Lit, Template};

use super::{Boolean, Held, Rep3, Share, block_range, boolean, done, part_of, pipelined};
use crate::bits::{Packer, Unpacker, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::simd::{SharedAnd, shared_and, xor};

/// Words of live wires in a block, both parts: half of a usual second-level cache.
const BLOCK_WORDS: usize = (256 << 10) / 8;
/// Words per wire and part in a block, at most: 65,536 lanes.
const MAX_STRIDE: usize = 1 << 10;
/// And at least, where a circuit has very many live wires.
const MIN_STRIDE: usize = 16;
/// Bytes that all blocks in flight should send per level, so that narrow circuits are not bound by latency.
const LEVEL_LEN: usize = 256 << 10;
/// Blocks in flight, at most and at least.
const WINDOW: (usize, usize) = (4, 64);

/// A template as a sequence of steps on slots that are reused when their wire is dead.
pub(super) struct Circuit {
    n_slots: usize,
    /// For each input bit the slot it starts in, if any gate or output needs it.
    inputs: Vec<Option<u32>>,
    /// XORs that need no AND; then per AND level its ANDs and the XORs after it.
    first: Vec<Step>,
    levels: Vec<Level>,
    outputs: Vec<Vec<Pin>>,
    n_and: usize,
}

struct Level {
    ands: Vec<Step>,
    xors: Vec<Step>,
}

/// A slot, complemented or not.
#[derive(Clone, Copy)]
struct Pin {
    slot: u32,
    complement: bool,
}

struct Step {
    a: Pin,
    b: Pin,
    out: u32,
}

/// The slot of the constant wire.
const ZERO: u32 = 0;

impl Circuit {
    pub(super) fn new(template: &Template) -> Self {
        let used = used_wires(template);
        let level = template.levels(|_| 0);
        let first_gate = template.first_gate_wire() as usize;
        let depth = (first_gate..template.n_wires())
            .filter(|&w| used[w])
            .map(|w| level[w])
            .max()
            .unwrap_or(0) as usize;
        // Stage 2l holds the XORs of level l, stage 2l − 1 its ANDs.
        let mut stages: Vec<Vec<usize>> = vec![Vec::new(); 2 * depth + 1];
        for (g, gate) in template.gates.iter().enumerate() {
            if used[first_gate + g] {
                let l = level[first_gate + g] as usize;
                let stage = match gate {
                    Gate::Xor(..) => 2 * l,
                    Gate::And(..) => 2 * l - 1,
                };
                stages[stage].push(g);
            }
        }
        let mut uses = vec![0u32; template.n_wires()];
        let operands = |g: usize| {
            let (Gate::Xor(a, b) | Gate::And(a, b)) = template.gates[g];
            [a, b]
        };
        for &g in stages.iter().flatten() {
            for lit in operands(g) {
                uses[lit.wire() as usize] += 1;
            }
        }
        for lit in template.outputs.iter().flatten() {
            uses[lit.wire() as usize] += 1;
        }
        let mut slots = Slots {
            of: vec![None; template.n_wires()],
            free: Vec::new(),
            n: 1,
        };
        slots.of[0] = Some(ZERO);
        // The constant's slot is never given away.
        uses[0] = u32::MAX;
        let inputs = (1..first_gate)
            .map(|w| (uses[w] > 0).then(|| slots.take(w)))
            .collect();
        let mut steps: Vec<Vec<Step>> = Vec::with_capacity(stages.len());
        for (s, stage) in stages.iter().enumerate() {
            let mut list = Vec::with_capacity(stage.len());
            let mut dead = Vec::new();
            for &g in stage {
                let [a, b] = operands(g);
                list.push(Step {
                    a: slots.pin(a),
                    b: slots.pin(b),
                    out: slots.take(first_gate + g),
                });
                for lit in [a, b] {
                    let wire = lit.wire() as usize;
                    if wire != 0 {
                        uses[wire] -= 1;
                        if uses[wire] == 0 {
                            dead.push(wire);
                        }
                    }
                }
                // ANDs of a level run side by side; XORs one after the other.
                if s % 2 == 0 {
                    slots.release(&mut dead);
                }
            }
            slots.release(&mut dead);
            steps.push(list);
        }
        let outputs = template
            .outputs
            .iter()
            .map(|out| out.iter().map(|&lit| slots.pin(lit)).collect())
            .collect();
        let mut steps = steps.into_iter();
        let first = steps.next().unwrap_or_default();
        let mut levels = Vec::with_capacity(depth);
        while let (Some(ands), Some(xors)) = (steps.next(), steps.next()) {
            levels.push(Level { ands, xors });
        }
        Self {
            n_slots: slots.n as usize,
            inputs,
            first,
            n_and: levels.iter().map(|l| l.ands.len()).sum(),
            levels,
            outputs,
        }
    }

    /// Words per wire and part in a full block.
    fn stride(&self) -> usize {
        (BLOCK_WORDS / (2 * self.n_slots)).clamp(MIN_STRIDE, MAX_STRIDE)
    }

    fn window(&self) -> usize {
        let per_level = (self.n_and * self.stride() * 8).div_ceil(self.levels.len().max(1));
        (LEVEL_LEN / per_level.max(1)).clamp(WINDOW.0, WINDOW.1)
    }
}

/// Slots given to wires.
struct Slots {
    of: Vec<Option<u32>>,
    free: Vec<u32>,
    n: u32,
}

impl Slots {
    fn take(&mut self, wire: usize) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.n += 1;
            self.n - 1
        });
        self.of[wire] = Some(slot);
        slot
    }

    fn release(&mut self, dead: &mut Vec<usize>) {
        for wire in dead.drain(..) {
            self.free.extend(self.of[wire].take());
        }
    }

    /// The slot of a literal; wires come before their uses in a verified template.
    fn pin(&self, lit: Lit) -> Pin {
        Pin {
            slot: self.of[lit.wire() as usize].unwrap_or(ZERO),
            complement: lit.is_complemented(),
        }
    }
}

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
        .map(|out| Boolean::zeros(out.len(), lanes))
        .collect();
    let mut call = Call {
        block: 64 * circuit.stride(),
        circuit,
        args,
        lanes,
        outs,
        blocks: Vec::new(),
        // A public one stands in component 0.
        flips: [0, 1].map(|p| {
            if part_of(me, 0) == Some(p) {
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
        self.circuit.window()
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

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::template::Builder;

    /// The sum of `n` words in a chain, then the product of all bits of it.
    fn chain(n: usize) -> Template {
        let mut b = Builder::new(&vec![32; n]);
        let mut sum = b.input(0);
        for i in 1..n {
            let other = b.input(i);
            let mut carry = Lit::FALSE;
            for (s, o) in sum.iter_mut().zip(other) {
                (*s, carry) = b.full_add(*s, o, carry);
            }
        }
        let all = sum.into_iter().fold(Lit::TRUE, |all, bit| b.and(all, bit));
        b.finish("chain", vec![vec![all]])
    }

    /// Memory follows live wires and blocks in flight, not lanes: a call keeps its working set within bounds.
    #[test]
    fn working_memory_is_bounded() {
        for n in [2, 10, 100] {
            let circuit = Circuit::new(&chain(n));
            let block = 2 * 8 * circuit.n_slots * circuit.stride();
            let in_flight = block * circuit.window();
            assert!(block <= (2 * 8 * MIN_STRIDE * circuit.n_slots).max(8 * BLOCK_WORDS));
            assert!(in_flight <= 64 << 20, "{n}: {in_flight} bytes");
        }
    }

    #[test]
    fn slots_are_reused() {
        let template = chain(100);
        let circuit = Circuit::new(&template);
        // All inputs are live at the start; what follows needs little more.
        assert!(circuit.n_slots < 32 * 100 + 600, "{}", circuit.n_slots);
        assert!(circuit.n_slots < template.n_wires() / 3);
        assert_eq!(circuit.n_and as u64, template.n_and());
    }
}
