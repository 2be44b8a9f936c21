//! Who uses what in a netlist: the readers of each wire, and the XOR gates that exist.

use super::flipped;
use smpcc_circuit::template::{Gate, Lit, Template};

/// Who uses what in a netlist.
pub(super) struct Uses<'a> {
    template: &'a Template,
    /// Start of each wire's users in `users`; one more than there are wires.
    start: Vec<u32>,
    users: Vec<u32>,
    pub is_output: Vec<bool>,
}

impl<'a> Uses<'a> {
    pub fn new(template: &'a Template) -> Self {
        let n = template.n_wires();
        let first = template.first_gate_wire();
        let mut start = vec![0u32; n + 1];
        for gate in &template.gates {
            for wire in operands(gate) {
                start[wire as usize + 1] += 1;
            }
        }
        for i in 0..n {
            start[i + 1] += start[i];
        }
        let mut next = start.clone();
        let mut users = vec![0; start[n] as usize];
        for (g, gate) in template.gates.iter().enumerate() {
            for wire in operands(gate) {
                users[next[wire as usize] as usize] = first + g as u32;
                next[wire as usize] += 1;
            }
        }
        let mut is_output = vec![false; n];
        for lit in template.outputs.iter().flatten() {
            is_output[lit.wire() as usize] = true;
        }
        Self {
            template,
            start,
            users,
            is_output,
        }
    }

    /// The gates that read `wire`.
    pub fn of(&self, wire: u32) -> &[u32] {
        let at = wire as usize;
        &self.users[self.start[at] as usize..self.start[at + 1] as usize]
    }

    /// Whether exactly one gate reads `wire` and no output does.
    pub fn is_single(&self, wire: u32) -> bool {
        self.of(wire).len() == 1 && !self.is_output[wire as usize]
    }

    /// The gate of `wire`, unless it is an input or the constant.
    pub fn gate(&self, wire: u32) -> Option<Gate> {
        let first = self.template.first_gate_wire();
        let g = wire.checked_sub(first)?;
        self.template.gates.get(g as usize).copied()
    }

    /// `a ⊕ b` if some gate computes it.
    pub fn xor(&self, a: Lit, b: Lit) -> Option<Lit> {
        if a.wire() == 0 || b.wire() == 0 {
            let (constant, other) = if a.wire() == 0 { (a, b) } else { (b, a) };
            return Some(flipped(other, constant.is_complemented()));
        }
        let (few, other) = if self.of(a.wire()).len() <= self.of(b.wire()).len() {
            (a, b)
        } else {
            (b, a)
        };
        self.of(few.wire()).iter().find_map(|&w| {
            let (wire, complement) = self.xor_with(w, few.wire())?;
            (wire == other.wire()).then(|| {
                let flip = complement ^ a.is_complemented() ^ b.is_complemented();
                flipped(Lit::of(w), flip)
            })
        })
    }

    /// If `gate` is an XOR with `wire`: the other operand's wire, and whether complements are set on the way.
    pub fn xor_with(&self, gate: u32, wire: u32) -> Option<(u32, bool)> {
        let Some(Gate::Xor(a, b)) = self.gate(gate) else {
            return None;
        };
        let complement = a.is_complemented() ^ b.is_complemented();
        match wire {
            w if w == a.wire() => Some((b.wire(), complement)),
            w if w == b.wire() => Some((a.wire(), complement)),
            _ => None,
        }
    }

    /// `x ⊕ y ⊕ z` if gates compute it in some order.
    pub fn xor3(&self, x: Lit, y: Lit, z: Lit) -> Option<Lit> {
        [(x, z, y), (y, z, x), (x, y, z)]
            .into_iter()
            .find_map(|(a, b, c)| {
                let first = self.xor(a, b)?;
                self.xor(first, c)
            })
    }
}

fn operands(gate: &Gate) -> [u32; 2] {
    let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
    [a.wire(), b.wire()]
}
