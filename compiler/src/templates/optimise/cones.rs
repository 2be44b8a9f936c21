//! Cones of ANDs that are functions of few linear forms, rewritten with as few ANDs as their affine class needs.
//!
//! A cone ends at one wire, and nothing else reads what is inside. Its ANDs read sums of each other and of what comes from
//! outside; as XOR is free, only the number of linearly independent outside parts counts. Up to five of them make a truth
//! table, whose cheapest circuit is known ([`super::affine`]):
//!
//! ```text
//! (a ∨ b)·c ∨ a·b        (a ⊕ c)(b ⊕ c) ⊕ c       3 ANDs, 1 AND
//! ```
//!
//! This is cut rewriting (Testa, Soeken, Amarù and De Micheli, "Reducing the multiplicative complexity in logic networks
//! for cryptography and security applications", 2019) with cuts taken modulo linear functions. Independence is seen from
//! signatures; every dependence that a rewriting rests on is checked.

use super::affine::{self, Form, MOST_VARIABLES};
use super::net::{Net, renewed, results, signatures, sum_is_zero};
use smpcc_circuit::template::{Gate, Lit, Template};

/// Gates of one cone.
const MOST_GATES: usize = 48;
/// ANDs of one cone.
const MOST_ANDS: usize = 8;
/// Gates below a cone that are looked at although others read them too, and ANDs among them.
const MOST_SHARED_GATES: usize = 12;
const MOST_SHARED_ANDS: usize = 3;
/// So many cones of a netlist are widened by such gates.
const MOST_WIDENED: usize = 1 << 13;

/// The same circuit with cones rewritten where that saves ANDs; unless `any_level`, at no cost in depth.
pub(super) fn rewrite(template: &Template, any_level: bool) -> Template {
    let mut cones = Cones::new(template);
    let first = template.first_gate_wire();
    let mut found: Vec<(u32, Cone)> = Vec::new();
    for wire in first..template.n_wires() as u32 {
        found.extend(cones.best(wire).map(|cone| (wire, cone)));
    }
    if found.is_empty() {
        return template.clone();
    }
    let required = (!any_level).then(|| required_levels(template));
    let mut net = Net::like(template, any_level);
    let mut new = net.start();
    new.reserve(template.gates.len());
    let mut found = found.iter().peekable();
    for (g, gate) in template.gates.iter().enumerate() {
        let wire = first + g as u32;
        let cone = found.next_if(|f| f.0 == wire).map(|f| &f.1);
        let rewritten = cone.and_then(|cone| {
            let lit = cones.build(&mut net, &new, cone)?;
            let in_time = (required.as_ref()).is_none_or(|r| net.level(lit) <= r[wire as usize]);
            in_time.then_some(lit)
        });
        new.push(rewritten.unwrap_or_else(|| match *gate {
            Gate::Xor(a, b) => net.xor(renewed(&new, a), renewed(&new, b)),
            Gate::And(a, b) => net.and(renewed(&new, a), renewed(&new, b)),
        }));
    }
    let outputs = results(template, &new);
    net.finish(template.name.clone(), outputs)
}

/// The latest level at which each wire may be known for the outputs to be no later than they are.
fn required_levels(template: &Template) -> Vec<u32> {
    let depth = template.and_depth();
    let mut required = vec![depth; template.n_wires()];
    let first = template.first_gate_wire() as usize;
    for (g, gate) in template.gates.iter().enumerate().rev() {
        let here = required[first + g];
        let (a, b, by) = match *gate {
            Gate::Xor(a, b) => (a, b, here),
            Gate::And(a, b) => (a, b, here.saturating_sub(1)),
        };
        for operand in [a, b] {
            let slot = &mut required[operand.wire() as usize];
            *slot = (*slot).min(by);
        }
    }
    required
}

/// What a wire inside a cone is: a sum of ANDs of the cone, of wires outside, and perhaps one.
#[derive(Clone, Copy, Default)]
struct Part {
    /// By position among the cone's ANDs.
    ands: u32,
    /// The signature of the outside part.
    outside: u64,
    one: bool,
}

/// A cone with a cheaper circuit.
struct Cone {
    /// The gates, in order; the last is where it ends.
    gates: Vec<u32>,
    /// The ANDs that are rewritten.
    ands: Vec<u32>,
    table: u32,
    /// For each operand of each AND in order: the variables that its outside part is the sum of.
    operands: Vec<u8>,
    /// Which operand stands for each variable.
    variables: Vec<usize>,
}

impl Cone {
    /// Where `wire` stands among the gates.
    fn place(&self, wire: u32) -> Option<usize> {
        self.gates.binary_search(&wire).ok()
    }
}

struct Cones<'a> {
    template: &'a Template,
    first: u32,
    readers: Vec<u32>,
    /// Whether one XOR is all that reads a wire: then a cone may as well end there.
    absorbed: Vec<bool>,
    signature: Vec<u64>,
    /// Readers not yet in the cone, valid where `stamp` is this cone's.
    left: Vec<u32>,
    /// Position in the cone, likewise.
    place: Vec<u32>,
    stamp: Vec<u32>,
    epoch: u32,
    /// How many more cones may be widened.
    wider: usize,
}

const OUTSIDE: u32 = u32::MAX;

impl<'a> Cones<'a> {
    fn new(template: &'a Template) -> Self {
        let n = template.n_wires();
        let mut readers = vec![0; n];
        let mut absorbed = vec![false; n];
        for gate in &template.gates {
            let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
            for wire in [a.wire() as usize, b.wire() as usize] {
                readers[wire] += 1;
                absorbed[wire] = readers[wire] == 1 && matches!(gate, Gate::Xor(..));
            }
        }
        for lit in template.outputs.iter().flatten() {
            readers[lit.wire() as usize] += 1;
            absorbed[lit.wire() as usize] = false;
        }
        Self {
            template,
            first: template.first_gate_wire(),
            readers,
            absorbed,
            signature: signatures(template),
            left: vec![0; n],
            place: vec![OUTSIDE; n],
            stamp: vec![0; n],
            epoch: 0,
            wider: MOST_WIDENED,
        }
    }

    fn gate(&self, wire: u32) -> Option<Gate> {
        let g = wire.checked_sub(self.first)?;
        self.template.gates.get(g as usize).copied()
    }

    /// The rewriting at `root` that saves most, if any saves.
    fn best(&mut self, root: u32) -> Option<Cone> {
        if self.absorbed[root as usize] {
            return None;
        }
        let gates = self.collect(root)?;
        let is_and = |w: &u32| matches!(self.gate(*w), Some(Gate::And(..)));
        let nearest: Vec<u32> = gates.iter().rev().copied().filter(is_and).collect();
        let mut ands: Vec<u32> = Vec::new();
        let mut best: Option<(usize, Cone)> = None;
        for and in nearest {
            ands.insert(0, and);
            let Some(cone) = self.analyse(&gates, &ands) else {
                ands.remove(0);
                continue;
            };
            let n_own = ands.iter().filter(|&&w| self.is_own(w, root)).count();
            if ands.len() < 2 || n_own < affine::least(cone.table) {
                continue;
            }
            let saved = n_own.saturating_sub(affine::n_and(cone.table));
            if saved > best.as_ref().map_or(0, |b| b.0) {
                best = Some((saved, cone));
            }
        }
        best.map(|b| b.1)
    }

    /// The gates that only `root` needs, in order, and perhaps some below; none if there are not two ANDs among them.
    fn collect(&mut self, root: u32) -> Option<Vec<u32>> {
        self.epoch += 1;
        let mut gates = vec![root];
        let mut n_and = usize::from(matches!(self.gate(root), Some(Gate::And(..))));
        let mut at = 0;
        while let Some(&wire) = gates.get(at) {
            at += 1;
            let Some(Gate::Xor(a, b) | Gate::And(a, b)) = self.gate(wire) else {
                continue;
            };
            for operand in [a.wire(), b.wire()] {
                let o = operand as usize;
                if operand < self.first {
                    continue;
                }
                if self.stamp[o] != self.epoch {
                    self.stamp[o] = self.epoch;
                    self.left[o] = self.readers[o];
                    self.place[o] = OUTSIDE;
                }
                self.left[o] -= 1;
                if self.left[o] > 0 || gates.len() >= MOST_GATES {
                    continue;
                }
                if matches!(self.gate(operand), Some(Gate::And(..))) {
                    if n_and >= MOST_ANDS {
                        continue;
                    }
                    n_and += 1;
                }
                gates.push(operand);
            }
        }
        if n_and == 0 {
            return None;
        }
        if self.wider > 0 {
            self.wider -= 1;
            self.widen(&mut gates);
        } else if n_and < 2 {
            return None;
        }
        gates.sort_unstable();
        for (i, &wire) in gates.iter().enumerate() {
            self.stamp[wire as usize] = self.epoch;
            self.place[wire as usize] = i as u32;
        }
        Some(gates)
    }

    /// Adds gates below that others read too: they stay, but what the cone computes may be simpler in their operands.
    fn widen(&mut self, gates: &mut Vec<u32>) {
        let end = gates.len() + MOST_SHARED_GATES;
        let mut n_and = 0;
        let mut at = 0;
        while let Some(&wire) = gates.get(at) {
            at += 1;
            let Some(Gate::Xor(a, b) | Gate::And(a, b)) = self.gate(wire) else {
                continue;
            };
            for operand in [a.wire(), b.wire()] {
                let o = operand as usize;
                let is_and = match self.gate(operand) {
                    None => continue,
                    Some(Gate::And(..)) => true,
                    Some(Gate::Xor(..)) => false,
                };
                if gates.len() >= end
                    || is_and && n_and >= MOST_SHARED_ANDS
                    || gates.contains(&operand)
                {
                    continue;
                }
                n_and += usize::from(is_and);
                if self.stamp[o] != self.epoch {
                    self.left[o] = self.readers[o];
                }
                gates.push(operand);
            }
        }
    }

    /// Whether nothing outside the cone reads `wire`, for the cone that was collected last.
    fn is_own(&self, wire: u32, root: u32) -> bool {
        wire == root || self.left[wire as usize] == 0
    }

    /// Where `wire` stands in the cone that was collected last.
    fn place(&self, wire: u32) -> Option<usize> {
        let w = wire as usize;
        (self.stamp[w] == self.epoch && self.place[w] != OUTSIDE).then(|| self.place[w] as usize)
    }

    /// The function of these ANDs at the end of the cone, if it has few enough variables.
    fn analyse(&self, gates: &[u32], ands: &[u32]) -> Option<Cone> {
        let mut parts: Vec<Part> = Vec::with_capacity(gates.len());
        let part = |parts: &[Part], lit: Lit| {
            let mut part = match self.place(lit.wire()) {
                Some(i) => parts[i],
                None => Part {
                    outside: self.signature[lit.wire() as usize],
                    ..Part::default()
                },
            };
            part.one ^= lit.is_complemented();
            part
        };
        let mut basis: Vec<(u64, u8)> = Vec::new();
        let mut variables = Vec::new();
        let mut operands = Vec::new();
        let mut tables: Vec<u32> = Vec::new();
        let sum = |part: Part, variables: u8, tables: &[u32]| {
            let mut table = affine::linear_table(variables);
            for (i, and) in tables.iter().enumerate() {
                if part.ands >> i & 1 == 1 {
                    table ^= and;
                }
            }
            if part.one { !table } else { table }
        };
        for &wire in gates {
            let own = match self.gate(wire)? {
                Gate::Xor(a, b) => {
                    let (a, b) = (part(&parts, a), part(&parts, b));
                    Part {
                        ands: a.ands ^ b.ands,
                        outside: a.outside ^ b.outside,
                        one: a.one ^ b.one,
                    }
                }
                Gate::And(a, b) => {
                    if ands.get(tables.len()) == Some(&wire) {
                        let mut values = [0; 2];
                        for (value, lit) in values.iter_mut().zip([a, b]) {
                            let part = part(&parts, lit);
                            let (sum_of, is_new) = coordinates(&mut basis, part.outside);
                            if is_new {
                                if variables.len() == MOST_VARIABLES as usize {
                                    return None;
                                }
                                variables.push(operands.len());
                            }
                            operands.push(sum_of);
                            *value = sum(part, sum_of, &tables);
                        }
                        tables.push(values[0] & values[1]);
                        Part {
                            ands: 1 << (tables.len() - 1),
                            ..Part::default()
                        }
                    } else {
                        Part {
                            outside: self.signature[wire as usize],
                            ..Part::default()
                        }
                    }
                }
            };
            parts.push(own);
        }
        let end = parts.last()?;
        let only_ands = Part {
            ands: end.ands,
            outside: 0,
            one: end.one,
        };
        Some(Cone {
            gates: gates.to_vec(),
            ands: ands.to_vec(),
            table: sum(only_ands, 0, &tables),
            operands,
            variables,
        })
    }

    /// Writes the cone anew, if the dependences that it rests on are proved.
    fn build(&self, net: &mut Net, new: &[Lit], cone: &Cone) -> Option<Lit> {
        let sides: Vec<Lit> = (cone.ands.iter())
            .filter_map(|&w| match self.gate(w)? {
                Gate::And(a, b) => Some([a, b]),
                Gate::Xor(..) => None,
            })
            .flatten()
            .collect();
        for (i, &sum_of) in cone.operands.iter().enumerate() {
            if cone.variables.contains(&i) {
                continue;
            }
            let mut outside = Vec::new();
            self.outside(cone, sides[i].wire(), &mut outside)?;
            for (v, &operand) in cone.variables.iter().enumerate() {
                if sum_of >> v & 1 == 1 {
                    self.outside(cone, sides[operand].wire(), &mut outside)?;
                }
            }
            if !sum_is_zero(self.template, &outside) {
                return None;
            }
        }
        // Only the part that ends up outside is built; the ANDs that are rewritten count as zero, and so do ones.
        let mut lits: Vec<Lit> = Vec::with_capacity(cone.gates.len());
        for &wire in &cone.gates {
            let value = |lits: &[Lit], l: Lit| match cone.place(l.wire()) {
                Some(i) => lits[i],
                None => new[l.wire() as usize],
            };
            let lit = match self.gate(wire)? {
                Gate::Xor(a, b) => {
                    let (x, y) = (value(&lits, a), value(&lits, b));
                    net.xor(x, y)
                }
                Gate::And(..) if cone.ands.contains(&wire) => Lit::FALSE,
                Gate::And(..) => new[wire as usize],
            };
            lits.push(lit);
        }
        let outside = |l: Lit| match cone.place(l.wire()) {
            Some(i) => lits[i],
            None => new[l.wire() as usize],
        };
        let variables: Vec<Lit> = cone.variables.iter().map(|&i| outside(sides[i])).collect();
        let rest = *lits.last()?;
        let circuit = affine::circuit(cone.table);
        let mut ands: Vec<Lit> = Vec::new();
        let value = |net: &mut Net, ands: &[Lit], form: &Form| {
            let mut sum = Lit::from(form.one);
            for (i, &lit) in variables.iter().enumerate() {
                if form.variables >> i & 1 == 1 {
                    sum = net.xor(sum, lit);
                }
            }
            for (i, &lit) in ands.iter().enumerate() {
                if form.ands >> i & 1 == 1 {
                    sum = net.xor(sum, lit);
                }
            }
            sum
        };
        for (x, y) in &circuit.ands {
            let (x, y) = (value(net, &ands, x), value(net, &ands, y));
            let and = net.and(x, y);
            ands.push(and);
        }
        let sum = value(net, &ands, &circuit.out);
        Some(net.xor(sum, rest))
    }

    /// The wires outside whose sum is the outside part of `wire`, some perhaps twice.
    fn outside(&self, cone: &Cone, wire: u32, out: &mut Vec<u32>) -> Option<()> {
        let mut open = vec![wire];
        let mut steps = 4 * MOST_GATES;
        while let Some(wire) = open.pop() {
            steps = steps.checked_sub(1)?;
            match (cone.place(wire), self.gate(wire)) {
                (Some(_), Some(Gate::Xor(a, b))) => open.extend([a.wire(), b.wire()]),
                (Some(_), Some(Gate::And(..))) if cone.ands.contains(&wire) => {}
                _ => out.push(wire),
            }
        }
        Some(())
    }
}

/// `signature` as a sum of the variables seen so far, or as a variable of its own.
fn coordinates(basis: &mut Vec<(u64, u8)>, mut signature: u64) -> (u8, bool) {
    let mut sum_of = 0;
    for &(row, variables) in basis.iter() {
        if signature ^ row < signature {
            signature ^= row;
            sum_of ^= variables;
        }
    }
    if signature == 0 {
        return (sum_of, false);
    }
    let variable = 1u8 << basis.len().min(7);
    let at = basis.partition_point(|r| r.0 > signature);
    basis.insert(at, (signature, sum_of ^ variable));
    (variable, true)
}
