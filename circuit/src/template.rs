//! Scalar XOR-AND circuits ("templates"): one lane's worth of Boolean work, executed over many lanes.
//!
//! Wires are numbered: 0 is the constant false, then the inputs, then one per gate in topological order. A [`Lit`] is
//! a wire with an optional complement, so that inversions cost nothing anywhere; XOR is free in every Boolean
//! protocol; each AND costs communication. [`Builder`] hash-conses while it builds, so equal subcircuits exist once.

use serde::{Deserialize, Serialize};

/// A wire or its complement: `2 · wire + complemented`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lit(pub u32);

impl Lit {
    /// Constant false.
    pub const FALSE: Self = Self(0);
    /// Constant true.
    pub const TRUE: Self = Self(1);

    /// The plain literal of `wire`.
    pub const fn of(wire: u32) -> Self {
        Self(wire << 1)
    }

    /// The wire.
    pub const fn wire(self) -> u32 {
        self.0 >> 1
    }

    /// Whether the wire is complemented.
    pub const fn is_complemented(self) -> bool {
        self.0 & 1 == 1
    }

    /// The constant that this literal is, if it is one.
    pub const fn as_const(self) -> Option<bool> {
        if self.wire() == 0 {
            Some(self.is_complemented())
        } else {
            None
        }
    }
}

impl From<bool> for Lit {
    fn from(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }
}

impl std::ops::Not for Lit {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// A gate; its operands are earlier wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// Exclusive or: free.
    Xor(Lit, Lit),
    /// And: one unit of communication.
    And(Lit, Lit),
}

/// A scalar circuit. Operand `i` has `inputs[i]` bits and result `j` is `outputs[j]`, least significant bit first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// What it computes, for people: `add.u32`, `section 3`.
    pub name: String,
    /// Bits of each operand; operand bits are wires 1.. in order.
    pub inputs: Vec<u32>,
    /// In topological order; gate `g` is wire `1 + Σ inputs + g`.
    pub gates: Vec<Gate>,
    /// Bits of each result.
    pub outputs: Vec<Vec<Lit>>,
}

impl Template {
    /// Number of input bits.
    pub fn n_input_bits(&self) -> u32 {
        self.inputs.iter().sum()
    }

    /// Number of output bits.
    pub fn n_output_bits(&self) -> usize {
        self.outputs.iter().map(Vec::len).sum()
    }

    /// Number of wires, the constant included.
    pub fn n_wires(&self) -> usize {
        1 + self.n_input_bits() as usize + self.gates.len()
    }

    /// The wire of gate 0.
    pub fn first_gate_wire(&self) -> u32 {
        1 + self.n_input_bits()
    }

    /// Number of AND gates.
    pub fn n_and(&self) -> u64 {
        self.gates
            .iter()
            .filter(|g| matches!(g, Gate::And(..)))
            .count() as u64
    }

    /// Number of XOR gates.
    pub fn n_xor(&self) -> u64 {
        self.gates.len() as u64 - self.n_and()
    }

    /// AND level of every wire when input bit `i` (over all operands) arrives at level `arrival(i)`.
    pub fn levels(&self, arrival: impl Fn(usize) -> u32) -> Vec<u32> {
        let mut level = Vec::with_capacity(self.n_wires());
        level.push(0);
        level.extend((0..self.n_input_bits() as usize).map(arrival));
        for gate in &self.gates {
            level.push(match *gate {
                Gate::Xor(a, b) => level[a.wire() as usize].max(level[b.wire() as usize]),
                Gate::And(a, b) => 1 + level[a.wire() as usize].max(level[b.wire() as usize]),
            });
        }
        level
    }

    /// The longest chain of AND gates from an input to an output.
    pub fn and_depth(&self) -> u32 {
        let level = self.levels(|_| 0);
        self.outputs
            .iter()
            .flatten()
            .map(|lit| level[lit.wire() as usize])
            .max()
            .unwrap_or(0)
    }

    /// Evaluates 64 lanes at once: `inputs[i]` holds input bit `i` of 64 lanes; the answer one word per output bit.
    pub fn eval64(&self, inputs: &[u64]) -> Vec<u64> {
        let mut wire = Vec::with_capacity(self.n_wires());
        wire.push(0);
        wire.extend((0..self.n_input_bits() as usize).map(|i| inputs.get(i).copied().unwrap_or(0)));
        let get = |wire: &[u64], lit: Lit| {
            wire[lit.wire() as usize] ^ if lit.is_complemented() { u64::MAX } else { 0 }
        };
        for gate in &self.gates {
            let word = match *gate {
                Gate::Xor(a, b) => get(&wire, a) ^ get(&wire, b),
                Gate::And(a, b) => get(&wire, a) & get(&wire, b),
            };
            wire.push(word);
        }
        self.outputs
            .iter()
            .flatten()
            .map(|&lit| get(&wire, lit))
            .collect()
    }
}

/// Builds a [`Template`] with constant folding and structural hashing; tracks the AND level of every wire.
#[derive(Clone, Debug)]
pub struct Builder {
    inputs: Vec<u32>,
    n_input_bits: u32,
    gates: Vec<Gate>,
    level: Vec<u32>,
    known: Known,
}

impl Builder {
    /// A builder for operands of `inputs[i]` bits, all arriving at level 0.
    pub fn new(inputs: &[u32]) -> Self {
        let n_input_bits = inputs.iter().sum::<u32>();
        Self {
            inputs: inputs.to_vec(),
            n_input_bits,
            gates: Vec::new(),
            level: vec![0; 1 + n_input_bits as usize],
            known: Known::default(),
        }
    }

    /// The literals of operand `i`, least significant bit first.
    pub fn input(&self, i: usize) -> Vec<Lit> {
        let first = 1 + self.inputs[..i].iter().sum::<u32>();
        (first..first + self.inputs[i]).map(Lit::of).collect()
    }

    /// Says that input bit `bit` of operand `i` arrives at `level`. Call before gates use it.
    pub fn set_arrival(&mut self, i: usize, bit: u32, level: u32) {
        let wire = 1 + self.inputs[..i].iter().sum::<u32>() + bit;
        self.level[wire as usize] = level;
    }

    /// The AND level at which `lit` is known.
    pub fn level(&self, lit: Lit) -> u32 {
        self.level[lit.wire() as usize]
    }

    /// Number of gates so far (unused ones included).
    pub fn n_gates(&self) -> usize {
        self.gates.len()
    }

    /// Number of AND gates so far (unused ones included).
    pub fn n_and(&self) -> usize {
        self.gates
            .iter()
            .filter(|g| matches!(g, Gate::And(..)))
            .count()
    }

    /// How many AND gates that `outputs` need lie in each interval `bounds[i]..bounds[i + 1]` of gates: who made them, when
    /// several parts write one circuit.
    pub fn n_and_between(&self, outputs: &[Vec<Lit>], bounds: &[usize]) -> Vec<u64> {
        let first = 1 + self.n_input_bits as usize;
        let mut used = vec![false; first + self.gates.len()];
        for lit in outputs.iter().flatten() {
            used[lit.wire() as usize] = true;
        }
        for (g, gate) in self.gates.iter().enumerate().rev() {
            if used[first + g] {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
                used[a.wire() as usize] = true;
                used[b.wire() as usize] = true;
            }
        }
        bounds
            .windows(2)
            .map(|w| {
                let needed = |g: &usize| used[first + g] && matches!(self.gates[*g], Gate::And(..));
                (w[0]..w[1]).filter(needed).count() as u64
            })
            .collect()
    }

    /// How many AND gates of one longest chain to `outputs` lie in each interval `bounds[i]..bounds[i + 1]` of gates.
    pub fn chain_between(&self, outputs: &[Vec<Lit>], bounds: &[usize]) -> Vec<u64> {
        let first = 1 + self.n_input_bits as usize;
        let mut counts = vec![0; bounds.len().saturating_sub(1)];
        let deeper = |a: Lit, b: Lit| if self.level(b) > self.level(a) { b } else { a };
        let mut at = outputs.iter().flatten().copied().reduce(deeper);
        while let Some(lit) = at {
            let gate = (lit.wire() as usize).checked_sub(first);
            at = gate.map(|g| {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = self.gates[g];
                if matches!(self.gates[g], Gate::And(..)) {
                    let part = bounds.partition_point(|&bound| bound <= g);
                    if let Some(count) = part.checked_sub(1).and_then(|i| counts.get_mut(i)) {
                        *count += 1;
                    }
                }
                deeper(a, b)
            });
        }
        counts
    }

    /// `a ⊕ b`.
    pub fn xor(&mut self, a: Lit, b: Lit) -> Lit {
        let complement = (a.0 ^ b.0) & 1;
        let (a, b) = (Lit(a.0 & !1), Lit(b.0 & !1));
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        if a == b {
            return Lit(complement);
        }
        if a == Lit::FALSE {
            return Lit(b.0 ^ complement);
        }
        Lit(self.gate(Gate::Xor(a, b), 0).0 ^ complement)
    }

    /// `a ∧ b`.
    pub fn and(&mut self, a: Lit, b: Lit) -> Lit {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        if a == Lit::FALSE || a == !b {
            return Lit::FALSE;
        }
        if a == Lit::TRUE || a == b {
            return b;
        }
        self.gate(Gate::And(a, b), 1)
    }

    /// `a ∨ b`.
    pub fn or(&mut self, a: Lit, b: Lit) -> Lit {
        !self.and(!a, !b)
    }

    /// `c ? a : b`, one AND.
    pub fn select(&mut self, c: Lit, a: Lit, b: Lit) -> Lit {
        let d = self.xor(a, b);
        let m = self.and(c, d);
        self.xor(m, b)
    }

    /// Sum and carry of three bits, one AND.
    pub fn full_add(&mut self, a: Lit, b: Lit, c: Lit) -> (Lit, Lit) {
        let (x, y) = (self.xor(a, c), self.xor(b, c));
        let sum = self.xor(x, b);
        let m = self.and(x, y);
        (sum, self.xor(m, c))
    }

    /// Copies `template` in, with `args` for its operands; returns its results.
    pub fn call(&mut self, template: &Template, args: &[Vec<Lit>]) -> Vec<Vec<Lit>> {
        let mut wire = vec![Lit::FALSE];
        for (i, &width) in template.inputs.iter().enumerate() {
            let arg = args.get(i).map_or(&[][..], Vec::as_slice);
            wire.extend((0..width as usize).map(|b| arg.get(b).copied().unwrap_or(Lit::FALSE)));
        }
        let get = |wire: &[Lit], lit: Lit| Lit(wire[lit.wire() as usize].0 ^ (lit.0 & 1));
        for gate in &template.gates {
            let lit = match *gate {
                Gate::Xor(a, b) => self.xor(get(&wire, a), get(&wire, b)),
                Gate::And(a, b) => self.and(get(&wire, a), get(&wire, b)),
            };
            wire.push(lit);
        }
        template
            .outputs
            .iter()
            .map(|out| out.iter().map(|&lit| get(&wire, lit)).collect())
            .collect()
    }

    /// The finished circuit: gates that no output needs are dropped.
    pub fn finish(self, name: impl Into<String>, outputs: Vec<Vec<Lit>>) -> Template {
        let first = 1 + self.n_input_bits as usize;
        let mut used = vec![false; first + self.gates.len()];
        for lit in outputs.iter().flatten() {
            used[lit.wire() as usize] = true;
        }
        for (g, gate) in self.gates.iter().enumerate().rev() {
            if used[first + g] {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
                used[a.wire() as usize] = true;
                used[b.wire() as usize] = true;
            }
        }
        let mut new: Vec<u32> = (0..first as u32).collect();
        let mut gates = Vec::new();
        let map = |new: &[u32], lit: Lit| Lit((new[lit.wire() as usize] << 1) | (lit.0 & 1));
        for (g, gate) in self.gates.iter().enumerate() {
            new.push((first + gates.len()) as u32);
            if used[first + g] {
                gates.push(match *gate {
                    Gate::Xor(a, b) => Gate::Xor(map(&new, a), map(&new, b)),
                    Gate::And(a, b) => Gate::And(map(&new, a), map(&new, b)),
                });
            }
        }
        let outputs = outputs
            .iter()
            .map(|out| out.iter().map(|&lit| map(&new, lit)).collect())
            .collect();
        Template {
            name: name.into(),
            inputs: self.inputs,
            gates,
            outputs,
        }
    }

    fn gate(&mut self, gate: Gate, cost: u32) -> Lit {
        let first = 1 + self.n_input_bits;
        match self.known.find(&self.gates, gate) {
            Ok(g) => Lit::of(first + g),
            Err(slot) => {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = gate;
                self.level.push(cost + self.level(a).max(self.level(b)));
                self.gates.push(gate);
                self.known.set(slot, &self.gates);
                Lit::of(first + self.gates.len() as u32 - 1)
            }
        }
    }
}

/// Finds a gate by what it is. The compiler looks every gate up that it builds, so the table holds numbers of gates and
/// nothing else: a slot is zero or one more than a gate's number, the gate itself stands in the list of gates.
#[derive(Clone, Debug, Default)]
struct Known {
    slots: Vec<u32>,
}

impl Known {
    /// The number of a gate, or the slot where it belongs.
    fn find(&self, gates: &[Gate], gate: Gate) -> Result<u32, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let mask = self.slots.len() - 1;
        let mut at = Self::hash(gate) as usize & mask;
        loop {
            match self.slots[at] {
                0 => return Err(at),
                g if gates[g as usize - 1] == gate => return Ok(g - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Enters the last gate at the slot that [`Known::find`] gave.
    fn set(&mut self, slot: usize, gates: &[Gate]) {
        // At most half full.
        if gates.len() * 2 > self.slots.len() {
            let len = (gates.len() * 4).next_power_of_two().max(64);
            self.slots = vec![0; len];
            for (g, &gate) in gates.iter().enumerate() {
                let mut at = Self::hash(gate) as usize & (len - 1);
                while self.slots[at] != 0 {
                    at = (at + 1) & (len - 1);
                }
                self.slots[at] = g as u32 + 1;
            }
        } else {
            self.slots[slot] = gates.len() as u32;
        }
    }

    fn hash(gate: Gate) -> u64 {
        let (tag, a, b) = match gate {
            Gate::Xor(a, b) => (0, a, b),
            Gate::And(a, b) => (1 << 63, a, b),
        };
        let word = (u64::from(a.0) << 32 | u64::from(b.0)) ^ tag;
        let mixed = (word ^ (word >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_adder_has_one_and() {
        let mut b = Builder::new(&[1, 1, 1]);
        let (x, y, z) = (b.input(0)[0], b.input(1)[0], b.input(2)[0]);
        let (sum, carry) = b.full_add(x, y, z);
        let t = b.finish("fa", vec![vec![sum], vec![carry]]);
        assert_eq!((t.n_and(), t.and_depth()), (1, 1));
        assert_eq!(
            t.eval64(&[0b10101010, 0b11001100, 0b11110000]),
            vec![0b10010110, 0b11101000]
        );
    }

    #[test]
    fn unused_gates_are_dropped() {
        let mut b = Builder::new(&[2]);
        let i = b.input(0);
        let _unused = b.and(i[0], i[1]);
        let x = b.xor(i[0], i[1]);
        assert_eq!(b.finish("x", vec![vec![x]]).gates.len(), 1);
    }
}
