//! XOR-AND circuits on bit-sliced shares, level by level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: [`super::multiply`] over the field with 2^d elements; XOR and complement are local.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: per AND level that of one product of bits per AND and lane, all of them in one message.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::sync::Arc;

use smpcc_circuit::value::Word;

use super::coefficients::Sliced;
use super::deal::Layout;
use super::multiply::{Multiply, Way};
use super::{Bgw, Boolean, Held, Share, block_range, boolean, done, pipelined};
use crate::bits::words_for;
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::circuit::{Circuit, Pin, Step};
use crate::protocols::{Begun, Blocks, Outcome, Place, Value};
use crate::simd::xor;

/// Wires of one block of lanes: per slot, one coordinate after the other.
#[derive(Default)]
struct Wires {
    words: Vec<u64>,
    stride: usize,
    lanes: usize,
    product: Multiply<Sliced>,
}

impl Wires {
    /// Where a slot's coordinates stand.
    fn slot(&self, slot: u32, d: usize) -> std::ops::Range<usize> {
        let at = d * self.stride * slot as usize;
        at..at + d * self.stride
    }

    /// XORs of whole shares; a complement adds the constant polynomial 1.
    fn xor(&mut self, steps: &[Step], d: usize) {
        let n = self.stride;
        for step in steps {
            let flip = flip(step.a.complement != step.b.complement);
            let (a, b) = (self.slot(step.a.slot, d), self.slot(step.b.slot, d));
            let out = self.slot(step.out, d);
            if let Ok([a, b, out]) = self.words.get_disjoint_mut([a, b, out.clone()]) {
                xor(&a[..n], &b[..n], flip, &mut out[..n]);
                xor(&a[n..], &b[n..], 0, &mut out[n..]);
            } else {
                // Both operands are one wire.
                self.words[out.clone()][..n].fill(flip);
                self.words[out][n..].fill(0);
            }
        }
    }

    /// This party's additive shares of the ANDs.
    fn and(&self, ands: &[Step], form: &[Word], d: usize, out: &mut Vec<u64>) {
        let slot = |pin: Pin| (&self.words[self.slot(pin.slot, d)], flip(pin.complement));
        for step in ands {
            let (a, b) = (slot(step.a), slot(step.b));
            match d {
                2 => and_words::<2>(form, self.stride, a, b, out),
                3 => and_words::<3>(form, self.stride, a, b, out),
                4 => and_words::<4>(form, self.stride, a, b, out),
                _ => and_words::<5>(form, self.stride, a, b, out),
            }
        }
    }
}

fn flip(complement: bool) -> u64 {
    if complement { u64::MAX } else { 0 }
}

/// `Σ form[a + b] · x_a · y_b` bit by bit, for coordinates of `n` words; a flip complements coordinate 0.
fn and_words<const D: usize>(
    form: &[Word],
    n: usize,
    (x, flip_x): (&[u64], u64),
    (y, flip_y): (&[u64], u64),
    out: &mut Vec<u64>,
) {
    let mut weights = [0u64; 9];
    for (weight, word) in weights.iter_mut().zip(form) {
        *weight = flip(word & 1 == 1);
    }
    let part = |words: &[u64], a: usize| -> std::ops::Range<usize> {
        let end = ((a + 1) * n).min(words.len());
        (a * n).min(end)..end
    };
    let x: [&[u64]; D] = std::array::from_fn(|a| &x[part(x, a)]);
    let y: [&[u64]; D] = std::array::from_fn(|b| &y[part(y, b)]);
    out.extend((0..n).map(|i| {
        let mut sum = 0;
        for a in 0..D {
            let mut row = 0;
            for b in 0..D {
                let y = if b == 0 { y[0][i] ^ flip_y } else { y[b][i] };
                row ^= weights[a + b] & y;
            }
            let x = if a == 0 { x[0][i] ^ flip_x } else { x[a][i] };
            sum ^= x & row;
        }
        sum
    }));
}

/// A template called over lanes.
struct Call {
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    d: usize,
    /// Lanes per block, a multiple of 64.
    block: usize,
    way: Way<Sliced>,
    outs: Vec<Boolean>,
    blocks: Vec<Wires>,
}

/// Calls a circuit over the lanes of its operands, with so many groups of random sharings.
pub(super) fn begin(
    suite: &mut Bgw,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    groups: u64,
) -> Result<Begun<Bgw>, Error> {
    let d = suite.geometry.d;
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
        .map(|out| Boolean::zeros(d, out.len(), lanes))
        .collect();
    let mut call = Call {
        block: 64 * circuit.stride(d),
        way: Way::new(suite, 1, groups)?,
        circuit,
        args,
        lanes,
        d,
        outs,
        blocks: Vec::new(),
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
        if self.blocks.len() <= slot {
            self.blocks.resize_with(slot + 1, Wires::default);
        }
        let (d, wires) = (self.d, &mut self.blocks[slot]);
        wires.lanes = range.len();
        wires.stride = words_for(range.len());
        let (n, from) = (wires.stride, range.start / 64);
        wires.words.resize(d * n * self.circuit.n_slots, 0);
        // The constant's slot.
        wires.words[..d * n].fill(0);
        let mut pins = self.circuit.inputs.iter();
        for arg in &self.args {
            let share = boolean(arg)?;
            for (bit, pin) in (0..share.width()).zip(&mut pins) {
                let Some(pin) = *pin else { continue };
                let at = wires.slot(pin, d).start;
                for (p, part) in share.part.iter().enumerate() {
                    wires.words[at + p * n..at + (p + 1) * n]
                        .copy_from_slice(&part.bit(bit)[from..from + n]);
                }
            }
        }
        wires.xor(&self.circuit.first, d);
        Ok(())
    }

    /// Ends a block: its outputs.
    fn store(&mut self, block: usize, slot: usize) {
        let from = block * self.block / 64;
        let wires = &self.blocks[slot];
        let n = wires.stride;
        for (out, pins) in self.outs.iter_mut().zip(&self.circuit.outputs) {
            for (bit, pin) in pins.iter().enumerate() {
                let words = &wires.words[wires.slot(pin.slot, self.d)];
                for (p, part) in out.part.iter_mut().enumerate() {
                    let flip = flip(pin.complement && p == 0);
                    let into = &mut part.bit_mut(bit)[from..from + n];
                    for (o, w) in into.iter_mut().zip(&words[p * n..]) {
                        *o = w ^ flip;
                    }
                }
            }
        }
    }
}

impl Blocks<Bgw> for Call {
    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block)
    }

    fn n_phases(&self) -> u32 {
        self.circuit.levels.len() as u32 * self.way.n_phases()
    }

    fn window(&self) -> usize {
        self.circuit.window(self.d)
    }

    fn emit(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        if place.phase == 0 {
            self.load(place.block, place.slot)?;
        }
        let per_level = self.way.n_phases();
        let (level, phase) = (place.phase / per_level, place.phase % per_level);
        let level = &self.circuit.levels[level as usize];
        let wires = &mut self.blocks[place.slot];
        let layout = Layout {
            total: level.ands.len() * wires.stride,
            unit: wires.stride,
            format: wires.lanes,
        };
        let mut shares = Vec::new();
        if let (Some(form), 0) = (&suite.geometry.product, phase) {
            shares.reserve(layout.total);
            wires.and(&level.ands, form, self.d, &mut shares);
        }
        let way = &mut self.way;
        wires.product.emit(suite, wire, way, phase, layout, shares)
    }

    fn absorb(
        &mut self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let per_level = self.way.n_phases();
        let (level, phase) = (place.phase / per_level, place.phase % per_level);
        let level = &self.circuit.levels[level as usize];
        let (d, wires) = (self.d, &mut self.blocks[place.slot]);
        wires.product.absorb(suite, wire, &self.way, phase)?;
        if phase + 1 < per_level {
            return Ok(());
        }
        let n = d * wires.stride;
        for (u, step) in level.ands.iter().enumerate() {
            let out = wires.slot(step.out, d);
            wires.words[out].copy_from_slice(&wires.product.batch.shares[u * n..(u + 1) * n]);
        }
        wires.xor(&level.xors, d);
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
