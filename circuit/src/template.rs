//! Scalar XOR-AND circuits ("templates"): one lane's worth of Boolean work, executed over many lanes.
//!
//! Wires are numbered: 0 is the constant false, then the inputs, then one per gate in topological order. A [`Lit`] is
//! a wire with an optional complement, so that inversions cost nothing anywhere; XOR is free in every Boolean
//! protocol; each AND costs communication. [`Builder`] hash-conses while it builds, so equal subcircuits exist once.

mod packed;

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Exclusive or: free.
    Xor(Lit, Lit),
    /// And: one unit of communication.
    And(Lit, Lit),
}

/// A scalar circuit. Operand `i` has `inputs[i]` bits and result `j` is `outputs[j]`, least significant bit first. Nothing changes
/// it once it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What it computes, for people: `add.u32`, `section 3`.
    pub name: String,
    /// Bits of each operand; operand bits are wires 1.. in order.
    pub inputs: Vec<u32>,
    /// In topological order; gate `g` is wire `1 + Σ inputs + g`.
    pub gates: Vec<Gate>,
    /// Bits of each result.
    pub outputs: Vec<Vec<Lit>>,
    /// Every cost asks for it.
    and_levels: Found<Vec<u64>>,
}

/// Which wires some output needs, of gates from wire `first` on.
pub fn used_wires(first: u32, gates: &[Gate], outputs: &[Vec<Lit>]) -> Vec<bool> {
    let first = first as usize;
    let mut used = vec![false; first + gates.len()];
    for lit in outputs.iter().flatten() {
        used[lit.wire() as usize] = true;
    }
    for (g, gate) in gates.iter().enumerate().rev() {
        if used[first + g] {
            let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
            used[a.wire() as usize] = true;
            used[b.wire() as usize] = true;
        }
    }
    used
}

/// What follows from the rest of a value, once it was asked for: no part of the value itself.
#[derive(Debug)]
struct Found<T>(OnceLock<T>);

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T: Clone> Clone for Found<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Found<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Found<T> {}

impl Template {
    /// A circuit of these parts, which are as its fields say.
    pub fn new(
        name: impl Into<String>,
        inputs: Vec<u32>,
        gates: Vec<Gate>,
        outputs: Vec<Vec<Lit>>,
    ) -> Self {
        Self {
            name: name.into(),
            inputs,
            gates,
            outputs,
            and_levels: Found::default(),
        }
    }

    /// The AND gates that some output needs, counted by AND level: entry `l` is level `l + 1`.
    pub fn and_levels(&self) -> &[u64] {
        self.and_levels.0.get_or_init(|| {
            let used = self.used_wires();
            let level = self.levels(|_| 0);
            let first = self.first_gate_wire() as usize;
            let mut counts = Vec::new();
            for (g, gate) in self.gates.iter().enumerate() {
                if matches!(gate, Gate::And(..)) && used[first + g] {
                    let l = level[first + g] as usize;
                    if counts.len() < l {
                        counts.resize(l, 0);
                    }
                    counts[l - 1] += 1;
                }
            }
            counts
        })
    }

    /// Which wires some output needs.
    pub fn used_wires(&self) -> Vec<bool> {
        used_wires(self.first_gate_wire(), &self.gates, &self.outputs)
    }

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
    /// The wire of the first gate.
    first: u32,
    /// What makes each wire: the constant, the inputs, the gates.
    makers: Vec<Maker>,
    /// What is known of each wire.
    wires: Vec<Wire>,
    crowded: Crowded,
}

/// The operands of a gate, an AND's in order and an XOR's the other way round; both constant for what is not a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Maker(Lit, Lit);

/// A wire while a circuit is built: its level, and where to look for the gates that it is an operand of.
///
/// The compiler looks every gate up that it builds, and builds mostly on what it built just before. Gates are therefore
/// found from the later of their operands, in a list of its own for each wire: a look-up touches memory that was touched
/// just before, however large the circuit is. What is beyond the first few of a list is in a hash table.
#[derive(Clone, Copy, Debug)]
struct Wire {
    /// The AND level.
    level: u32,
    /// The newest gate of which this wire is the later operand, among those in its list; 0 for none.
    newest: u32,
    /// The gate before this one in the list of their later operand; 0 for none.
    before: u32,
}

/// Gates in the list of one wire.
const MOST_LISTED: u32 = 8;

impl Wire {
    const INPUT: Self = Self {
        level: 0,
        newest: 0,
        before: 0,
    };
}

impl Maker {
    const INPUT: Self = Self(Lit::FALSE, Lit::FALSE);

    /// Whether this gate, whose operands differ, is an AND.
    const fn is_and(self) -> bool {
        self.0.0 < self.1.0
    }
}

impl Builder {
    /// A builder for operands of `inputs[i]` bits, all arriving at level 0.
    pub fn new(inputs: &[u32]) -> Self {
        let first = 1 + inputs.iter().sum::<u32>();
        Self {
            inputs: inputs.to_vec(),
            first,
            makers: vec![Maker::INPUT; first as usize],
            wires: vec![Wire::INPUT; first as usize],
            crowded: Crowded::default(),
        }
    }

    /// Makes room for so many more gates.
    pub fn reserve(&mut self, n_gates: usize) {
        self.makers.reserve(n_gates);
        self.wires.reserve(n_gates);
    }

    /// The literals of operand `i`, least significant bit first.
    pub fn input(&self, i: usize) -> Vec<Lit> {
        let first = 1 + self.inputs[..i].iter().sum::<u32>();
        (first..first + self.inputs[i]).map(Lit::of).collect()
    }

    /// Says that input bit `bit` of operand `i` arrives at `level`. Call before gates use it.
    pub fn set_arrival(&mut self, i: usize, bit: u32, level: u32) {
        let wire = 1 + self.inputs[..i].iter().sum::<u32>() + bit;
        self.wires[wire as usize].level = level;
    }

    /// The AND level at which `lit` is known.
    pub fn level(&self, lit: Lit) -> u32 {
        self.wires[lit.wire() as usize].level
    }

    /// Number of gates so far (unused ones included).
    pub fn n_gates(&self) -> usize {
        self.gates().len()
    }

    /// Number of AND gates so far (unused ones included).
    pub fn n_and(&self) -> usize {
        self.gates().iter().filter(|g| g.is_and()).count()
    }

    fn gates(&self) -> &[Maker] {
        &self.makers[self.first as usize..]
    }

    /// For each wire the latest AND level at which it may be known so that all `outputs` are known at level `by`; `u32::MAX` where none
    /// of them needs it.
    pub fn due(&self, outputs: &[Vec<Lit>], by: u32) -> Vec<u32> {
        let mut due = vec![u32::MAX; self.makers.len()];
        for lit in outputs.iter().flatten() {
            due[lit.wire() as usize] = by;
        }
        for w in (self.first as usize..self.makers.len()).rev() {
            if due[w] == u32::MAX {
                continue;
            }
            let gate = self.makers[w];
            let before = due[w].saturating_sub(u32::from(gate.is_and()));
            for operand in [gate.0, gate.1] {
                let operand = &mut due[operand.wire() as usize];
                *operand = before.min(*operand);
            }
        }
        due
    }

    /// How many AND gates of one longest chain to `outputs` lie in each interval `bounds[i]..bounds[i + 1]` of gates.
    fn chain_between(&self, outputs: &[Vec<Lit>], bounds: &[usize]) -> Vec<u64> {
        let mut counts = vec![0; bounds.len().saturating_sub(1)];
        let deeper = |a: Lit, b: Lit| if self.level(b) > self.level(a) { b } else { a };
        let mut at = outputs.iter().flatten().copied().reduce(deeper);
        // The chain goes down, and so does the interval that it is in.
        let mut part = counts.len();
        while let Some(lit) = at {
            let gate = lit.wire().checked_sub(self.first);
            at = gate.map(|g| {
                let gate = self.makers[lit.wire() as usize];
                if gate.is_and() {
                    while part > 0 && bounds[part] > g as usize {
                        part -= 1;
                    }
                    if let Some(count) = counts.get_mut(part) {
                        *count += 1;
                    }
                }
                // Of operands of one level the earlier.
                deeper(gate.0.min(gate.1), gate.0.max(gate.1))
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
        Lit(self.gate(a, b, Maker(b, a)).0 ^ complement)
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
        self.gate(a, b, Maker(a, b))
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
        let mut wire = Vec::with_capacity(template.n_wires());
        wire.push(Lit::FALSE);
        for (i, &width) in template.inputs.iter().enumerate() {
            let arg = args.get(i).map_or(&[][..], Vec::as_slice);
            wire.extend((0..width as usize).map(|b| arg.get(b).copied().unwrap_or(Lit::FALSE)));
        }
        self.copy(template, wire)
    }

    /// [`Builder::call`] with the bits of all operands one after the other; those that are missing are false.
    pub fn call_bits(&mut self, template: &Template, args: &[Lit]) -> Vec<Vec<Lit>> {
        let mut wire = Vec::with_capacity(template.n_wires());
        wire.push(Lit::FALSE);
        wire.extend(args);
        wire.resize(template.first_gate_wire() as usize, Lit::FALSE);
        self.copy(template, wire)
    }

    /// Copies the gates of `template`, whose first wires are `wire`.
    fn copy(&mut self, template: &Template, mut wire: Vec<Lit>) -> Vec<Vec<Lit>> {
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
        self.finish_parts(name, outputs, &[]).0
    }

    /// The finished circuit, and for each interval `bounds[i]..bounds[i + 1]` of the gates so far, in ascending order, how
    /// many of its ANDs lie there and how many of those on one longest chain: who made them, when several parts wrote it.
    pub fn finish_parts(
        self,
        name: impl Into<String>,
        mut outputs: Vec<Vec<Lit>>,
        bounds: &[usize],
    ) -> (Template, Vec<(u64, u64)>) {
        let chain = self.chain_between(&outputs, bounds);
        let first = self.first as usize;
        let makers = &self.makers[..];
        // Of each wire whether an output needs it, and then, if one does, what stands for it among those that are needed.
        let mut new = vec![Lit::FALSE; makers.len()];
        for lit in outputs.iter().flatten() {
            new[lit.wire() as usize] = Lit::TRUE;
        }
        let mut n_needed = 0;
        for w in (first..makers.len()).rev() {
            if new[w] != Lit::FALSE {
                let Maker(a, b) = makers[w];
                new[a.wire() as usize] = Lit::TRUE;
                new[b.wire() as usize] = Lit::TRUE;
                n_needed += 1;
            }
        }
        for (w, new) in new[..first].iter_mut().enumerate() {
            *new = Lit::of(w as u32);
        }
        let map = |new: &[Lit], lit: Lit| Lit(new[lit.wire() as usize].0 | (lit.0 & 1));
        let mut ands: Vec<u64> = vec![0; chain.len()];
        let mut gates = Vec::with_capacity(n_needed);
        let mut next = Lit::of(self.first);
        let mut start = first;
        let ends = bounds.iter().skip(1).map(|&bound| first + bound);
        for (part, end) in ends.chain([makers.len()]).enumerate() {
            let mut n_and = 0;
            for w in std::mem::replace(&mut start, end)..end {
                if new[w] == Lit::FALSE {
                    continue;
                }
                let gate = makers[w];
                let (a, b) = (map(&new, gate.0), map(&new, gate.1));
                gates.push(if gate.is_and() {
                    n_and += 1;
                    Gate::And(a, b)
                } else {
                    Gate::Xor(b, a)
                });
                new[w] = next;
                next.0 += 2;
            }
            if let Some(count) = ands.get_mut(part) {
                *count = n_and;
            }
        }
        for lit in outputs.iter_mut().flatten() {
            *lit = map(&new, *lit);
        }
        let template = Template::new(name, self.inputs, gates, outputs);
        (template, ands.into_iter().zip(chain).collect())
    }

    /// The gate on two operands of which one is the earlier.
    fn gate(&mut self, earlier: Lit, later: Lit, gate: Maker) -> Lit {
        let Wire { level, newest, .. } = self.wires[later.wire() as usize];
        let mut at = newest;
        let mut listed = 0;
        while at != 0 {
            if self.makers[at as usize] == gate {
                return Lit::of(at);
            }
            at = self.wires[at as usize].before;
            listed += 1;
        }
        let n = self.makers.len() as u32;
        if listed < MOST_LISTED {
            self.wires[later.wire() as usize].newest = n;
        } else {
            match self.crowded.find(&self.makers, gate) {
                Ok(known) => return Lit::of(known),
                Err(slot) => self.crowded.set(slot, n, gate, &self.makers),
            }
        }
        let level = level.max(self.level(earlier)) + u32::from(gate.is_and());
        self.makers.push(gate);
        self.wires.push(Wire {
            level,
            newest: 0,
            before: newest,
        });
        Lit::of(n)
    }
}

/// The gates that the lists of their operands have no room for, by what they are: a slot is zero or a gate's wire.
#[derive(Clone, Debug, Default)]
struct Crowded {
    slots: Vec<u32>,
    n: usize,
}

impl Crowded {
    /// The wire of a gate, or the slot where it belongs.
    fn find(&self, makers: &[Maker], gate: Maker) -> Result<u32, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let mask = self.slots.len() - 1;
        let mut at = Self::hash(gate) as usize & mask;
        loop {
            match self.slots[at] {
                0 => return Err(at),
                w if makers[w as usize] == gate => return Ok(w),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Enters a gate that becomes wire `n` at the slot that [`Crowded::find`] gave.
    fn set(&mut self, slot: usize, n: u32, gate: Maker, makers: &[Maker]) {
        self.n += 1;
        if self.n * 2 <= self.slots.len() {
            self.slots[slot] = n;
            return;
        }
        // At most half full.
        let len = (self.n * 4).next_power_of_two().max(64);
        let mut slots = vec![0; len];
        let mut enter = |w: u32, gate: Maker| {
            let mut at = Self::hash(gate) as usize & (len - 1);
            while slots[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            slots[at] = w;
        };
        for &w in self.slots.iter().filter(|&&w| w != 0) {
            enter(w, makers[w as usize]);
        }
        enter(n, gate);
        self.slots = slots;
    }

    fn hash(gate: Maker) -> u64 {
        let word = u64::from(gate.0.0) << 32 | u64::from(gate.1.0);
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
    fn what_is_due_counts_levels_from_the_outputs() {
        let mut b = Builder::new(&[4]);
        let i = b.input(0);
        let first = b.and(i[0], i[1]);
        let sum = b.xor(first, i[3]);
        let second = b.and(sum, i[2]);
        let unused = b.and(i[0], i[3]);
        let due = b.due(&[vec![second, i[3]]], 5);
        let of = |lit: Lit| due[lit.wire() as usize];
        assert_eq!([second, sum, first, unused].map(of), [5, 4, 4, u32::MAX]);
        // Of an input that is also an output what its gates ask for.
        assert_eq!([i[0], i[1], i[2], i[3]].map(of), [3, 3, 4, 4]);
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
