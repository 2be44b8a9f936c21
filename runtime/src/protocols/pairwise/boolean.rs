//! XOR-AND circuits on bit-sliced XOR shares, level by level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Goldreich, Micali, Wigderson (STOC 1987) with Beaver's triples (CRYPTO 1991, section 3).
//! - **Assumptions**: none beyond the triples', see `prepare`.
//! - **Cost**: two bits from every party to every other and one triple per AND and lane; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: operands are opened under uniform masks that are used once; a wrong message makes the result wrong.

use std::sync::Arc;

use smpcc_circuit::cost::Demand;

use super::CONSTANT;
use super::pool::BitTriples;
use super::{Boolean, Held, Pairwise, Share, boolean, done, party};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::circuit::{Circuit, Pin, Step};
use crate::protocols::operands::block_range;
use crate::protocols::{Begun, Blocks, Outcome, Pipeline, Place, Value};
use crate::simd::xor;

/// Shares that a party holds of a wire.
const PARTS: usize = 1;

/// Wires of one block of lanes, slot after slot.
#[derive(Default)]
struct Wires {
    words: Vec<u64>,
    stride: usize,
    lanes: usize,
    /// The bit of the call's triples with which the level under way began.
    triple: usize,
    /// This level's masked operands, x ⊕ a and y ⊕ b of one AND after the other.
    masked: Vec<u64>,
}

impl Wires {
    fn slot(&self, slot: u32) -> &[u64] {
        &self.words[self.stride * slot as usize..][..self.stride]
    }

    /// XORs; a complement flips the share of the party that takes constants.
    fn xor(&mut self, steps: &[Step], flip: u64) {
        let n = self.stride;
        for step in steps {
            let flip = if step.a.complement != step.b.complement {
                flip
            } else {
                0
            };
            let range = |slot: u32| n * slot as usize..n * (slot as usize + 1);
            let (a, b, out) = (range(step.a.slot), range(step.b.slot), range(step.out));
            if let Ok([a, b, out]) = self.words.get_disjoint_mut([a, b, out.clone()]) {
                xor(a, b, flip, out);
            } else {
                // Both operands are one wire.
                self.words[out].fill(flip);
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
    outs: Vec<Bits>,
    blocks: Vec<Wires>,
    /// All ones at the party that takes constants.
    flip: u64,
    triples: BitTriples,
    /// Bits of the triples that blocks have used so far.
    used: usize,
    scratch: [Vec<u64>; 4],
}

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin(
    suite: &mut Pairwise,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Pairwise>, Error> {
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
        .map(|out| Bits::zeros(out.len(), lanes))
        .collect();
    let ands = (circuit.n_and as u64).saturating_mul(lanes as u64);
    let ands = usize::try_from(Demand::bits(ands))
        .map_err(|_| Error::machine("a value is larger than memory"))?;
    let mut call = Call {
        block: 64 * circuit.stride(PARTS),
        triples: suite.pools.take_bits(ands)?,
        circuit,
        args,
        lanes,
        outs,
        blocks: Vec::new(),
        flip: if suite.me == CONSTANT { u64::MAX } else { 0 },
        used: 0,
        scratch: Default::default(),
    };
    if call.circuit.levels.is_empty() {
        for block in 0..lanes.div_ceil(call.block) {
            call.load(block, 0)?;
            call.store(block, 0);
        }
        let outs = call.outs.into_iter().map(|bits| Boolean::of(vec![bits]));
        return done(outs.map(Share::Boolean).collect());
    }
    Pipeline::begun(call)
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
        wires.words.resize(wires.stride * self.circuit.n_slots, 0);
        let (n, from) = (wires.stride, range.start / 64);
        wires.words[..n].fill(0);
        let mut pins = self.circuit.inputs.iter();
        for arg in &self.args {
            let share = &boolean(arg)?.part[0];
            for (bit, pin) in (0..share.width()).zip(&mut pins) {
                let Some(pin) = *pin else { continue };
                wires.words[n * pin as usize..][..n]
                    .copy_from_slice(&share.bit(bit)[from..from + n]);
            }
        }
        wires.xor(&self.circuit.first, self.flip);
        Ok(())
    }

    /// Ends a block: its outputs.
    fn store(&mut self, block: usize, slot: usize) {
        let from = block * self.block / 64;
        let wires = &self.blocks[slot];
        let n = wires.stride;
        for (out, pins) in self.outs.iter_mut().zip(&self.circuit.outputs) {
            for (bit, pin) in pins.iter().enumerate() {
                let flip = if pin.complement { self.flip } else { 0 };
                let into = &mut out.bit_mut(bit)[from..from + n];
                for (o, w) in into.iter_mut().zip(wires.slot(pin.slot)) {
                    *o = w ^ flip;
                }
            }
        }
    }

    fn piece_len(&self, phase: u32, lanes: usize) -> usize {
        (2 * self.circuit.levels[phase as usize].ands.len() * lanes).div_ceil(8)
    }
}

impl Blocks<Pairwise> for Call {
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
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if place.phase == 0 {
            self.load(place.block, place.slot)?;
        }
        let ands = &self.circuit.levels[place.phase as usize].ands;
        let wires = &mut self.blocks[place.slot];
        let (n, lanes) = (wires.stride, wires.lanes);
        wires.triple = self.used;
        self.used += ands.len() * lanes;
        wires.masked.resize(2 * n * ands.len(), 0);
        let mut masked = std::mem::take(&mut wires.masked);
        for (i, (step, masked)) in ands.iter().zip(masked.chunks_exact_mut(2 * n)).enumerate() {
            let at = wires.triple + i * lanes;
            let (d, e) = masked.split_at_mut(n);
            for (pin, mask, out) in [(step.a, &self.triples.a, d), (step.b, &self.triples.b, e)] {
                mask.read(at, lanes, out);
                let Pin { slot, complement } = pin;
                let flip = if complement { self.flip } else { 0 };
                for (out, x) in out.iter_mut().zip(wires.slot(slot)) {
                    *out ^= x ^ flip;
                }
            }
        }
        let len = self.piece_len(place.phase, lanes);
        for other in suite.others() {
            wire.send(party(other), |message| {
                let mut packer = Packer::new(message);
                for operand in masked.chunks_exact(n) {
                    packer.push(operand, lanes);
                }
                packer.finish();
            })?;
            wire.expect(party(other), len)?;
        }
        self.blocks[place.slot].masked = masked;
        Ok(())
    }

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let len = self.piece_len(place.phase, self.blocks[place.slot].lanes);
        let level = &self.circuit.levels[place.phase as usize];
        let wires = &mut self.blocks[place.slot];
        let (n, lanes) = (wires.stride, wires.lanes);
        let [theirs, a, b, c] = &mut self.scratch;
        for words in [&mut *theirs, a, b, c] {
            words.resize(n, 0);
        }
        for other in suite.others() {
            let mut unpacker = Unpacker::new(wire.take(party(other), len)?);
            for operand in wires.masked.chunks_exact_mut(n) {
                unpacker.pull(theirs, lanes);
                operand.iter_mut().zip(&*theirs).for_each(|(m, t)| *m ^= t);
            }
        }
        for (i, (step, masked)) in level
            .ands
            .iter()
            .zip(wires.masked.chunks_exact(2 * n))
            .enumerate()
        {
            let at = wires.triple + i * lanes;
            self.triples.a.read(at, lanes, a);
            self.triples.b.read(at, lanes, b);
            self.triples.c.read(at, lanes, c);
            let (d, e) = masked.split_at(n);
            let out = &mut wires.words[n * step.out as usize..][..n];
            let shares = a.iter().zip(b.iter().zip(c.iter()));
            // xy = (d ⊕ a)(e ⊕ b) = c ⊕ d·b ⊕ e·a ⊕ d·e.
            for ((out, (d, e)), (a, (b, c))) in out.iter_mut().zip(d.iter().zip(e)).zip(shares) {
                *out = c ^ (d & b) ^ (e & a) ^ (d & e & self.flip);
            }
        }
        wires.xor(&level.xors, self.flip);
        if place.phase + 1 == self.n_phases() {
            self.store(place.block, place.slot);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let outs = std::mem::take(&mut self.outs).into_iter();
        let outs = outs.map(|bits| Value::Shared(Share::Boolean(Boolean::of(vec![bits]))));
        Ok(Outcome::Values(outs.collect()))
    }
}
