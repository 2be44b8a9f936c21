//! Slots for the live wires of a circuit, reused when a wire is dead: what memory a walk over many lanes takes.
//!
//! Whoever walks a circuit chooses the order of its gates and when the slots of dead wires are given away: at once where gates
//! run one after the other, later where several run side by side.

use smpcc_circuit::template::{Gate, Lit, Template};

/// The slot of the constant wire, which is never given away.
const ZERO: u32 = 0;

/// A slot, complemented or not.
#[derive(Clone, Copy)]
pub(super) struct Pin {
    pub(super) slot: u32,
    pub(super) complement: bool,
}

/// A gate on slots.
pub(super) struct Wiring {
    pub(super) a: Pin,
    pub(super) b: Pin,
    pub(super) out: u32,
}

/// Slots given to wires.
pub(super) struct Slots<'t> {
    template: &'t Template,
    /// By wire: uses that are still to come.
    uses: Vec<u32>,
    of: Vec<Option<u32>>,
    free: Vec<u32>,
    /// Wires that have been used for the last time and still hold their slots.
    dead: Vec<usize>,
    n: usize,
}

impl<'t> Slots<'t> {
    /// For these gates of a template; no other is asked for.
    pub(super) fn new(template: &'t Template, gates: impl Iterator<Item = usize>) -> Self {
        let mut uses = vec![0; template.n_wires()];
        let results = template.outputs.iter().flatten().copied();
        for lit in gates.flat_map(|g| operands(template, g)).chain(results) {
            uses[lit.wire() as usize] += 1;
        }
        let mut of = vec![None; template.n_wires()];
        of[0] = Some(ZERO);
        Self {
            template,
            uses,
            of,
            free: Vec::new(),
            dead: Vec::new(),
            n: 1,
        }
    }

    /// For each input bit the slot that it starts in, if any gate or output needs it.
    pub(super) fn inputs(&mut self) -> Vec<Option<u32>> {
        (1..self.template.first_gate_wire() as usize)
            .map(|wire| (self.uses[wire] > 0).then(|| self.take(wire)))
            .collect()
    }

    /// The next gate. Its result has a slot of its own until [`Slots::release`].
    pub(super) fn gate(&mut self, gate: usize) -> Wiring {
        let [a, b] = operands(self.template, gate);
        let wiring = Wiring {
            a: self.pin(a),
            b: self.pin(b),
            out: self.take(self.template.first_gate_wire() as usize + gate),
        };
        for wire in [a, b].map(|lit| lit.wire() as usize) {
            if wire != 0 {
                self.uses[wire] -= 1;
                if self.uses[wire] == 0 {
                    self.dead.push(wire);
                }
            }
        }
        wiring
    }

    /// Gives away the slots of wires that no gate to come needs.
    pub(super) fn release(&mut self) {
        for wire in self.dead.drain(..) {
            self.free.extend(self.of[wire].take());
        }
    }

    /// Where the outputs are after the last gate.
    pub(super) fn outputs(&self) -> Vec<Vec<Pin>> {
        let pins = |out: &Vec<Lit>| out.iter().map(|&lit| self.pin(lit)).collect();
        self.template.outputs.iter().map(pins).collect()
    }

    /// Slots in all, the constant's included.
    pub(super) fn n(&self) -> usize {
        self.n
    }

    fn take(&mut self, wire: usize) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.n += 1;
            self.n as u32 - 1
        });
        self.of[wire] = Some(slot);
        slot
    }

    /// The slot of a literal; wires come before their uses in a verified template.
    fn pin(&self, lit: Lit) -> Pin {
        Pin {
            slot: self.of[lit.wire() as usize].unwrap_or(ZERO),
            complement: lit.is_complemented(),
        }
    }
}

fn operands(template: &Template, gate: usize) -> [Lit; 2] {
    let (Gate::Xor(a, b) | Gate::And(a, b)) = template.gates[gate];
    [a, b]
}
