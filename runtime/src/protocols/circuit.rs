//! A scalar circuit as steps on reused slots, level by level: what every suite of secret-shared bits executes.
//!
//! Lanes are cut into blocks whose live wires fit a core's cache, by numbers that depend on the circuit alone; a block goes
//! through the levels while others are at other levels, so memory is blocks in flight × live wires.

use std::sync::Arc;

use smpcc_circuit::program::Program;
use smpcc_circuit::template::{Gate, Template};

use super::slots::{Pin, Slots, Wiring};
use crate::error::Error;

/// Words of live wires in a block, all parts: half of a usual second-level cache.
const BLOCK_WORDS: usize = (256 << 10) / 8;
/// Words per wire and part in a block, at most: 65,536 lanes.
const MAX_STRIDE: usize = 1 << 10;
/// And at least, where a circuit has very many live wires.
const MIN_STRIDE: usize = 16;
/// Parts of a share from which on one word of lanes is as much as many words of a share of few parts.
const MANY_PARTS: usize = 64;
/// Words of live wires of all blocks in flight, where a share has so many parts.
const FLIGHT_WORDS: usize = (16 << 20) / 8;
/// Bytes that all blocks in flight should send per level, so that narrow circuits are not bound by latency.
const LEVEL_LEN: usize = 256 << 10;
/// Blocks in flight, at most and at least.
const WINDOW: (usize, usize) = (4, 64);

/// A template as a sequence of steps on slots that are reused when their wire is dead.
pub struct Circuit {
    /// Slots, the constant's included.
    pub(super) n_slots: usize,
    /// For each input bit the slot it starts in, if any gate or output needs it.
    pub(super) inputs: Vec<Option<u32>>,
    /// XORs that need no AND; then per AND level its ANDs and the XORs after it.
    pub(super) first: Vec<Wiring>,
    pub(super) levels: Vec<Level>,
    pub(super) outputs: Vec<Vec<Pin>>,
    pub(super) n_and: usize,
}

/// ANDs that run side by side, and the XORs after them.
pub(super) struct Level {
    /// ANDs of the levels before.
    pub(super) before: usize,
    pub(super) ands: Vec<Wiring>,
    pub(super) xors: Vec<Wiring>,
}

/// A program's templates, made ready when they are first called.
pub struct Circuits(Vec<Option<Arc<Circuit>>>);

impl Circuits {
    /// None ready.
    pub(super) fn new(program: &Program) -> Self {
        Self(program.templates.iter().map(|_| None).collect())
    }

    /// The template with this number.
    pub(super) fn get(&mut self, program: &Program, id: usize) -> Result<Arc<Circuit>, Error> {
        let missing = || Error::bug("a circuit is missing");
        let slot = self.0.get_mut(id).ok_or_else(missing)?;
        if let Some(known) = slot {
            return Ok(known.clone());
        }
        let circuit = Arc::new(Circuit::new(program.templates.get(id).ok_or_else(missing)?));
        *slot = Some(circuit.clone());
        Ok(circuit)
    }
}

impl Circuit {
    pub(super) fn new(template: &Template) -> Self {
        let used = template.used_wires();
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
        let mut slots = Slots::new(template, stages.iter().flatten().copied());
        let inputs = slots.inputs();
        let mut steps: Vec<Vec<Wiring>> = Vec::with_capacity(stages.len());
        for (s, stage) in stages.iter().enumerate() {
            let mut list = Vec::with_capacity(stage.len());
            for &g in stage {
                list.push(slots.gate(g));
                // ANDs of a level run side by side; XORs one after the other.
                if s % 2 == 0 {
                    slots.release();
                }
            }
            slots.release();
            steps.push(list);
        }
        let mut steps = steps.into_iter();
        let first = steps.next().unwrap_or_default();
        let mut levels = Vec::with_capacity(depth);
        let mut n_and = 0;
        while let (Some(ands), Some(xors)) = (steps.next(), steps.next()) {
            let before = n_and;
            n_and += ands.len();
            levels.push(Level { before, ands, xors });
        }
        Self {
            n_slots: slots.n(),
            inputs,
            first,
            n_and,
            levels,
            outputs: slots.outputs(),
        }
    }

    /// Words per wire and part in a full block, where a share has so many parts.
    pub(super) fn stride(&self, parts: usize) -> usize {
        let least = if parts > MANY_PARTS { 1 } else { MIN_STRIDE };
        (BLOCK_WORDS / (parts * self.n_slots)).clamp(least, MAX_STRIDE)
    }

    /// Blocks in flight.
    pub(super) fn window(&self, parts: usize) -> usize {
        let per_level = (self.n_and * self.stride(parts) * 8).div_ceil(self.levels.len().max(1));
        let most = match parts > MANY_PARTS {
            true => (FLIGHT_WORDS / (parts * self.n_slots * self.stride(parts))).max(WINDOW.0),
            false => WINDOW.1,
        };
        (LEVEL_LEN / per_level.max(1)).clamp(WINDOW.0, WINDOW.1.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::template::{Builder, Lit};

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
            let block = 2 * 8 * circuit.n_slots * circuit.stride(2);
            let in_flight = block * circuit.window(2);
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
