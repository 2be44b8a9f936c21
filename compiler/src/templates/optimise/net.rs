//! A netlist under construction in which equal functions meet: gates are found again by the linear forms on their wires.
//!
//! Over GF(2) every wire is a sum of *atoms*: inputs, results of ANDs, and one. Each atom has a random word (fixed for all
//! time), and a wire's signature is the XOR of its atoms' words, so two wires with one sum have one signature. The
//! converse is checked, never assumed: a match counts once the difference was expanded and all atoms cancelled.
//!
//! ```text
//! (a ⊕ b) ⊕ (b ⊕ c)                  a ⊕ c, if that wire exists
//! (a ⊕ b)·¬b, where a·b exists       a·b ⊕ a ⊕ b: an AND depends on the plane that its operands span
//! ```

use super::flipped;
use crate::mix::Mix;
use smpcc_circuit::splitmix;
use smpcc_circuit::template::{Gate, Lit, Template, used_wires};
use std::collections::{BinaryHeap, HashMap};

/// Wires looked at in one check before it is given up.
const MOST_STEPS: u32 = 1 << 12;

/// The random word of an atom.
pub(super) fn atom(index: u64) -> u64 {
    splitmix::at(index)
}

/// The netlist and what finds its gates again.
pub(super) struct Net {
    inputs: Vec<u32>,
    first: u32,
    gates: Vec<Gate>,
    level: Vec<u32>,
    signature: Vec<u64>,
    /// The earliest wire of each signature.
    sums: HashMap<u64, u32, Mix>,
    /// The earliest AND on each plane, by its two smaller signatures.
    planes: HashMap<(u64, u64), u32, Mix>,
    /// Whether a gate may be found again as one that is known later.
    any_level: bool,
    /// Steps left for checks over the whole netlist.
    steps: u64,
    open: BinaryHeap<u32>,
}

impl Net {
    /// A netlist for about as many gates as `like` has, on the same inputs. Unless `any_level`, no wire stands for one
    /// that would have been known earlier.
    pub(super) fn like(like: &Template, any_level: bool) -> Self {
        let first = like.first_gate_wire();
        let n = like.n_wires();
        let mut level = Vec::with_capacity(n);
        level.resize(first as usize, 0);
        let mut signature = Vec::with_capacity(n);
        signature.push(0);
        signature.extend((1..u64::from(first)).map(atom));
        let mut sums = HashMap::with_capacity_and_hasher(n, Mix);
        for (wire, &s) in signature.iter().enumerate() {
            sums.entry(s).or_insert(wire as u32);
        }
        let n_and = like.n_and() as usize;
        Self {
            inputs: like.inputs.clone(),
            first,
            gates: Vec::with_capacity(like.gates.len()),
            level,
            signature,
            sums,
            planes: HashMap::with_capacity_and_hasher(n_and, Mix),
            any_level,
            steps: 64 * n as u64,
            open: BinaryHeap::new(),
        }
    }

    /// The literals of the inputs, the constant before them, as a map to begin with.
    pub(super) fn start(&self) -> Vec<Lit> {
        (0..self.first).map(Lit::of).collect()
    }

    pub(super) fn level(&self, lit: Lit) -> u32 {
        self.level[lit.wire() as usize]
    }

    /// The signature of the wire; complements do not count.
    pub(super) fn signature(&self, lit: Lit) -> u64 {
        self.signature[lit.wire() as usize]
    }

    fn gate(&self, wire: u32) -> Option<Gate> {
        let g = wire.checked_sub(self.first)?;
        self.gates.get(g as usize).copied()
    }

    fn push(&mut self, gate: Gate, level: u32, signature: u64) -> Lit {
        let wire = self.level.len() as u32;
        self.gates.push(gate);
        self.level.push(level);
        self.signature.push(signature);
        self.sums.entry(signature).or_insert(wire);
        Lit::of(wire)
    }

    /// `a ⊕ b`.
    pub(super) fn xor(&mut self, a: Lit, b: Lit) -> Lit {
        let complement = a.is_complemented() ^ b.is_complemented();
        let (a, b) = (
            Lit::of(a.wire().min(b.wire())),
            Lit::of(a.wire().max(b.wire())),
        );
        if a == b {
            return Lit::from(complement);
        }
        if a == Lit::FALSE {
            return flipped(b, complement);
        }
        let signature = self.signature[a.wire() as usize] ^ self.signature[b.wire() as usize];
        let level = self.level(a).max(self.level(b));
        if let Some(&wire) = self.sums.get(&signature)
            && (self.any_level || self.level[wire as usize] <= level)
        {
            if self.gate(wire) == Some(Gate::Xor(a, b)) {
                return flipped(Lit::of(wire), complement);
            }
            if let Some(differ) = self.constant(&[a, b, Lit::of(wire)]) {
                return flipped(Lit::of(wire), complement ^ differ);
            }
        }
        flipped(self.push(Gate::Xor(a, b), level, signature), complement)
    }

    /// `a ∧ b`.
    pub(super) fn and(&mut self, a: Lit, b: Lit) -> Lit {
        let (a, b) = (a.min(b), a.max(b));
        match (a.as_const(), b.as_const()) {
            (Some(false), _) | (_, Some(false)) => return Lit::FALSE,
            (Some(true), _) => return b,
            (_, Some(true)) => return a,
            (None, None) => {}
        }
        let (sa, sb) = (self.signature(a), self.signature(b));
        if sa == sb
            && let Some(differ) = self.constant(&[a, b])
        {
            return if differ { Lit::FALSE } else { a };
        }
        let level = 1 + self.level(a).max(self.level(b));
        let mut plane = [sa, sb, sa ^ sb];
        plane.sort_unstable();
        let plane = (plane[0], plane[1]);
        if let Some(&wire) = self.planes.get(&plane)
            && (self.any_level || self.level[wire as usize] <= level)
            && let Some(lit) = self.on_plane(wire, a, b)
        {
            return lit;
        }
        let wire = self.level.len() as u32;
        self.planes.insert(plane, wire);
        self.push(Gate::And(a, b), level, atom(u64::from(wire)))
    }

    /// `a ∧ b` from the AND of `wire`, whose operands span the same plane.
    fn on_plane(&mut self, wire: u32, a: Lit, b: Lit) -> Option<Lit> {
        let Some(Gate::And(u, v)) = self.gate(wire) else {
            return None;
        };
        if (u, v) == (a, b) {
            return Some(Lit::of(wire));
        }
        let (au, av, a1) = self.on_axes(a, u, v)?;
        let (bu, bv, b1) = self.on_axes(b, u, v)?;
        if (au && bv) == (av && bu) {
            return None;
        }
        // (au·u ⊕ av·v ⊕ a1)(bu·u ⊕ bv·v ⊕ b1), where u² = u and v² = v.
        let with_u = (au && bu) ^ (au && b1) ^ (a1 && bu);
        let with_v = (av && bv) ^ (av && b1) ^ (a1 && bv);
        let mut sum = flipped(Lit::of(wire), a1 && b1);
        if with_u {
            sum = self.xor(sum, u);
        }
        if with_v {
            sum = self.xor(sum, v);
        }
        Some(sum)
    }

    /// `lit = x·u ⊕ y·v ⊕ c` as `(x, y, c)`.
    fn on_axes(&mut self, lit: Lit, u: Lit, v: Lit) -> Option<(bool, bool, bool)> {
        let s = self.signature(lit);
        let (x, y) = if s == self.signature(u) {
            (true, false)
        } else if s == self.signature(v) {
            (false, true)
        } else {
            (true, true)
        };
        let on = |l: Lit, used: bool| if used { l } else { Lit::FALSE };
        let rest = self.constant(&[lit, on(u, x), on(v, y)])?;
        Some((x, y, rest))
    }

    /// The constant that the sum of `lits` is, if it is one and few steps show it.
    pub(super) fn constant(&mut self, lits: &[Lit]) -> Option<bool> {
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        open.extend(lits.iter().map(|l| l.wire()));
        let given = (lits.iter()).fold(false, |sum, l| sum ^ l.is_complemented());
        let gate = |wire: u32| {
            let g = wire.checked_sub(self.first)?;
            self.gates.get(g as usize).copied()
        };
        let sum = expand(gate, &mut open, &mut self.steps);
        self.open = open;
        Some(sum? ^ given)
    }

    /// The circuit with these results; gates that none needs are dropped.
    pub(super) fn finish(self, name: String, outputs: Vec<Vec<Lit>>) -> Template {
        let first = self.first as usize;
        let used = used_wires(self.first, &self.gates, &outputs);
        let mut new = self.start();
        new.reserve(self.gates.len());
        let mut gates = Vec::with_capacity(used[first..].iter().filter(|&&u| u).count());
        for (g, gate) in self.gates.iter().enumerate() {
            new.push(Lit::of((first + gates.len()) as u32));
            if used[first + g] {
                gates.push(match *gate {
                    Gate::Xor(a, b) => Gate::Xor(renewed(&new, a), renewed(&new, b)),
                    Gate::And(a, b) => Gate::And(renewed(&new, a), renewed(&new, b)),
                });
            }
        }
        let outputs = (outputs.iter())
            .map(|bits| bits.iter().map(|&l| renewed(&new, l)).collect())
            .collect();
        Template::new(name, self.inputs, gates, outputs)
    }
}

/// Whether the sum of these wires, each as often as it is listed, is zero and few steps show it.
pub(super) fn sum_is_zero(template: &Template, wires: &[u32]) -> bool {
    let first = template.first_gate_wire();
    let gate = |wire: u32| {
        let g = wire.checked_sub(first)?;
        template.gates.get(g as usize).copied()
    };
    let mut open: BinaryHeap<u32> = wires.iter().copied().collect();
    expand(gate, &mut open, &mut u64::from(MOST_STEPS)) == Some(false)
}

/// Replaces wires, the latest first, by what they are the sum of, until all have cancelled; the constant that is left, or
/// none if an atom is left or the steps are used up.
fn expand(
    gate: impl Fn(u32) -> Option<Gate>,
    open: &mut BinaryHeap<u32>,
    all_steps: &mut u64,
) -> Option<bool> {
    let mut value = false;
    let mut steps = MOST_STEPS;
    while let Some(wire) = open.pop() {
        let mut odd = true;
        while open.peek() == Some(&wire) {
            open.pop();
            odd = !odd;
        }
        if wire == 0 {
            break;
        }
        if !odd {
            continue;
        }
        steps = steps.checked_sub(1)?;
        *all_steps = all_steps.checked_sub(1)?;
        match gate(wire) {
            Some(Gate::Xor(a, b)) => {
                value ^= a.is_complemented() ^ b.is_complemented();
                open.push(a.wire());
                open.push(b.wire());
            }
            Some(Gate::And(..)) | None => return None,
        }
    }
    Some(value)
}

/// What stands for `lit` in a map by wires.
pub(super) fn renewed(new: &[Lit], lit: Lit) -> Lit {
    flipped(new[lit.wire() as usize], lit.is_complemented())
}

/// The same circuit with equal functions merged.
pub(super) fn merged(template: &Template, any_level: bool) -> Template {
    let mut net = Net::like(template, any_level);
    let mut new = net.start();
    new.reserve(template.gates.len());
    for gate in &template.gates {
        let lit = match *gate {
            Gate::Xor(a, b) => net.xor(renewed(&new, a), renewed(&new, b)),
            Gate::And(a, b) => net.and(renewed(&new, a), renewed(&new, b)),
        };
        new.push(lit);
    }
    let outputs = results(template, &new);
    net.finish(template.name.clone(), outputs)
}

/// The results of `template` in a map by wires.
pub(super) fn results(template: &Template, new: &[Lit]) -> Vec<Vec<Lit>> {
    (template.outputs.iter())
        .map(|bits| bits.iter().map(|&l| renewed(new, l)).collect())
        .collect()
}

/// The signature of every wire.
pub(super) fn signatures(template: &Template) -> Vec<u64> {
    let mut out = vec![0];
    out.reserve(template.n_wires());
    out.extend((1..u64::from(template.first_gate_wire())).map(atom));
    for gate in &template.gates {
        out.push(match *gate {
            Gate::Xor(a, b) => out[a.wire() as usize] ^ out[b.wire() as usize],
            Gate::And(..) => atom(out.len() as u64),
        });
    }
    out
}
