//! Passes over a whole circuit, bit by bit: hashing, constants, shared factors, balanced ANDs, ripple adders made shallow.
//!
//! Every pass is an identity of XOR-AND graphs. For size: equal gates become one, `ab ⊕ ac` becomes `a(b ⊕ c)`, and what no
//! output needs goes. For depth, in addition: trees of ANDs are merged from their earliest operands (Golumbic, 1976);
//! ripple chains are found ([`chains`]), chains that feed each other become one heap of bits with a single carry network
//! ([`super::heap`], [`super::prefix`]), others get the network that their arrivals ask for. A netlist that was made for
//! few ANDs, such as a hash function's, loses most of its depth that way:
//!
//! ```text
//! c₁ = x₀y₀, c₂ = maj(x₁, y₁, c₁), …, c₃₁ = maj(x₃₀, y₃₀, c₃₀)      31 levels
//! (G, P) blocks with the same carries                                  5 levels
//! ```

mod chains;

use self::chains::{Chain, Uses};
use super::Objective;
use super::compare::and_all;
use super::heap::Heap;
use super::prefix::{self, Want};
use smpcc_circuit::template::{Builder, Gate, Lit, Template};
use std::collections::BTreeSet;

/// Chains shorter than this stay as they are.
const SHORTEST: usize = 3;
/// A word is merged into at most so many sums that use it.
const MOST_USERS: usize = 3;
/// So many cycles of chains are cut open before the netlist is left as it is.
const MOST_CYCLES: usize = 64;
/// Summands of one merged sum.
const MOST_SUMMANDS: usize = 32;

/// The same function with fewer ANDs, or with less depth and then fewer ANDs; never worse in that order.
pub fn optimise(template: &Template, objective: Objective) -> Template {
    let hashed = rebuild(template, &Plan::nothing(template));
    if objective == Objective::Size {
        return hashed;
    }
    let mut plan = Plan::shallow(&hashed);
    // A chain whose summands depend on its own carries cannot be built as one piece; leaving it out ends such a cycle.
    for _ in 0..MOST_CYCLES {
        match order(&hashed, &plan) {
            Err(blocked) => plan.leave_out(&blocked),
            Ok(wires) => {
                let better = build_all(&hashed, &plan, &wires);
                return if cost(&better) < cost(&hashed) {
                    better
                } else {
                    hashed
                };
            }
        }
    }
    hashed
}

fn cost(template: &Template) -> (u32, u64) {
    (template.and_depth(), template.n_and())
}

/// How each wire is to be built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By its own gate.
    Gate,
    /// As a tree over the leaves of its ANDs.
    Ands,
    /// As one of the carries of a chain.
    Carry(u32),
    /// As one of the bits of a merged sum.
    Sum(u32),
}

struct Plan<'a> {
    uses: Uses<'a>,
    chains: Vec<Chain>,
    /// Per chain: the columns of its merged sum, if merging it with others pays.
    merged: Vec<Option<Vec<Vec<Lit>>>>,
    how: Vec<How>,
}

impl<'a> Plan<'a> {
    fn nothing(template: &'a Template) -> Self {
        Self {
            uses: Uses::new(template),
            chains: Vec::new(),
            merged: Vec::new(),
            how: vec![How::Gate; template.n_wires()],
        }
    }

    fn shallow(template: &'a Template) -> Self {
        let mut plan = Self::nothing(template);
        plan.chains = chains::find(template, &plan.uses);
        plan.merge();
        for (g, gate) in template.gates.iter().enumerate() {
            if let Gate::And(..) = gate {
                plan.how[template.first_gate_wire() as usize + g] = How::Ands;
            }
        }
        for (i, chain) in plan.chains.iter().enumerate() {
            if chain.cells.len() < SHORTEST {
                continue;
            }
            for cell in &chain.cells {
                plan.how[cell.carry.wire() as usize] = How::Carry(i as u32);
            }
        }
        for (i, columns) in plan.merged.iter().enumerate() {
            if columns.is_none() {
                continue;
            }
            for position in 0..plan.chains[i].width() {
                if let Some(sum) = plan.chains[i].sum(position) {
                    plan.how[sum.wire() as usize] = How::Sum(i as u32);
                }
            }
        }
        plan
    }

    /// Builds these wires by their own gates.
    fn leave_out(&mut self, wires: &[u32]) {
        for &wire in wires {
            let out = self.how[wire as usize];
            for how in &mut self.how {
                if *how == out {
                    *how = How::Gate;
                }
            }
        }
    }

    /// Decides which chains become part of the sums that use them.
    fn merge(&mut self) {
        // Which chain, if any, a wire is a sum of.
        let n = self.how.len();
        let mut sum_of: Vec<Option<u32>> = vec![None; n];
        let mut part_of: Vec<Option<u32>> = vec![None; n];
        for (i, chain) in self.chains.iter().enumerate() {
            for position in 0..chain.width() {
                let inside = chain.cells.get(position).map(|c| c.carry);
                let sum = chain.sum(position);
                for lit in inside.into_iter().chain(sum) {
                    part_of[lit.wire() as usize] = Some(i as u32);
                }
                if let Some(sum) = sum {
                    sum_of[sum.wire() as usize] = Some(i as u32);
                }
            }
        }
        let absorbable: Vec<bool> = (0..self.chains.len())
            .map(|i| self.is_only_added(i, &part_of))
            .collect();
        self.merged = (0..self.chains.len())
            .map(|i| self.merged_columns(i, &sum_of, &absorbable))
            .collect();
    }

    /// Whether all sums of the chain exist and are read by few other chains and by nothing else.
    fn is_only_added(&self, chain: usize, part_of: &[Option<u32>]) -> bool {
        let this = &self.chains[chain];
        let mut users = BTreeSet::new();
        for position in 0..this.width() {
            let Some(sum) = this.sum(position) else {
                return false;
            };
            if self.uses.is_output[sum.wire() as usize] {
                return false;
            }
            for &user in self.uses.of(sum.wire()) {
                match self.chain_near(user, part_of) {
                    Some(other) => users.insert(other),
                    None => return false,
                };
                if users.len() > MOST_USERS {
                    return false;
                }
            }
        }
        true
    }

    /// The chain that a gate belongs to: itself a carry or sum of one, or only read by such gates.
    fn chain_near(&self, gate: u32, part_of: &[Option<u32>]) -> Option<u32> {
        if let Some(chain) = part_of[gate as usize] {
            return Some(chain);
        }
        let mut found = None;
        for &user in self.uses.of(gate) {
            let near = part_of[user as usize].or_else(|| {
                let next = self.uses.of(user);
                next.iter().find_map(|&w| part_of[w as usize])
            })?;
            if found.is_some_and(|f| f != near) {
                return None;
            }
            found = Some(near);
        }
        found
    }

    /// The chain's summands by column after other chains' sums among them were replaced by their summands; none if
    /// there is nothing to replace.
    fn merged_columns(
        &self,
        chain: usize,
        sum_of: &[Option<u32>],
        absorbable: &[bool],
    ) -> Option<Vec<Vec<Lit>>> {
        let this = &self.chains[chain];
        let width = this.width();
        if width <= SHORTEST {
            return None;
        }
        let mut columns: Vec<Vec<Lit>> = (0..width).map(|i| this.summands(i)).collect();
        let mut changed = false;
        loop {
            let found = (0..width).find_map(|at| {
                columns[at].iter().find_map(|&bit| {
                    let other = sum_of[bit.wire() as usize]? as usize;
                    let word = &self.chains[other];
                    let fits = other != chain
                        && absorbable[other]
                        && at + word.width() == width
                        && word.width() >= SHORTEST;
                    let flip = word.sum(0)? != bit;
                    (fits && is_summand(&columns[at..], word, flip)).then_some((at, other, flip))
                })
            });
            let Some((at, other, flip)) = found else {
                break;
            };
            let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
            if tallest >= MOST_SUMMANDS {
                break;
            }
            let other = &self.chains[other];
            for (position, column) in columns[at..].iter_mut().enumerate() {
                let Some(sum) = other.sum(position) else {
                    continue;
                };
                if let Some(i) = column.iter().position(|&l| l == flipped(sum, flip)) {
                    column.swap_remove(i);
                }
                column.extend(
                    other
                        .summands(position)
                        .into_iter()
                        .map(|l| flipped(l, flip)),
                );
            }
            changed = true;
        }
        changed.then_some(columns)
    }

    /// Marks what is built together with `wire`.
    fn gives(&self, wire: u32, done: &mut [bool]) {
        done[wire as usize] = true;
        match self.how[wire as usize] {
            How::Gate | How::Ands => {}
            How::Carry(i) => {
                for cell in &self.chains[i as usize].cells {
                    done[cell.carry.wire() as usize] = true;
                }
            }
            How::Sum(i) => {
                let chain = &self.chains[i as usize];
                for sum in (0..chain.width()).filter_map(|p| chain.sum(p)) {
                    done[sum.wire() as usize] = true;
                }
            }
        }
    }

    /// The wires that must be built before `wire`.
    fn needs(&self, wire: u32, out: &mut Vec<u32>) {
        out.clear();
        match self.how[wire as usize] {
            How::Gate => {
                if let Some(Gate::Xor(a, b) | Gate::And(a, b)) = self.uses.gate(wire) {
                    match self.shared_factor(wire) {
                        Some((r, s, t, _)) => out.extend([r.wire(), s.wire(), t.wire()]),
                        None => out.extend([a.wire(), b.wire()]),
                    }
                }
            }
            How::Ands => out.extend(self.leaves(wire).iter().map(|l| l.wire())),
            How::Carry(i) => {
                let chain = &self.chains[i as usize];
                out.push(chain.carry_in.wire());
                out.extend(chain.cells.iter().flat_map(|c| [c.x.wire(), c.y.wire()]));
            }
            How::Sum(i) => {
                let columns = self.merged[i as usize].iter().flatten().flatten();
                out.extend(columns.map(|l| l.wire()));
            }
        }
    }

    /// The leaves of the tree of ANDs at `wire`: inner ones are read only there.
    fn leaves(&self, wire: u32) -> Vec<Lit> {
        let mut leaves = Vec::new();
        let mut open = vec![wire];
        while let Some(at) = open.pop() {
            let Some(Gate::And(a, b)) = self.uses.gate(at) else {
                continue;
            };
            for lit in [a, b] {
                let inner = !lit.is_complemented()
                    && self.uses.is_single(lit.wire())
                    && self.how[lit.wire() as usize] == How::Ands
                    && leaves.len() + open.len() < 4096;
                if inner {
                    open.push(lit.wire());
                } else {
                    leaves.push(lit);
                }
            }
        }
        leaves
    }

    /// `wire = r·(s ⊕ t) ⊕ (t if the flag is set)` for an XOR of two ANDs that share `r` up to complement and are read only
    /// here.
    fn shared_factor(&self, wire: u32) -> Option<(Lit, Lit, Lit, bool)> {
        let Gate::Xor(p, q) = self.uses.gate(wire)? else {
            return None;
        };
        let (Gate::And(a, b), Gate::And(c, d)) =
            (self.uses.gate(p.wire())?, self.uses.gate(q.wire())?)
        else {
            return None;
        };
        for (r, s) in [(a, b), (b, a)] {
            for (other, t) in [(c, d), (d, c)] {
                let single = self.uses.is_single(p.wire()) && self.uses.is_single(q.wire());
                if r.wire() == other.wire() && (single || s.wire() == t.wire()) {
                    return Some((r, s, t, r != other));
                }
            }
        }
        None
    }
}

fn flipped(lit: Lit, flip: bool) -> Lit {
    if flip { !lit } else { lit }
}

/// Whether every sum of `chain`, complemented if `flip`, stands in its column.
fn is_summand(columns: &[Vec<Lit>], chain: &Chain, flip: bool) -> bool {
    columns.iter().enumerate().all(|(position, column)| {
        chain
            .sum(position)
            .is_some_and(|sum| column.contains(&flipped(sum, flip)))
    })
}

fn rebuild(template: &Template, plan: &Plan<'_>) -> Template {
    // Gates alone come in topological order: nothing can be blocked.
    order(template, plan).map_or_else(
        |_| template.clone(),
        |wires| build_all(template, plan, &wires),
    )
}

/// The wires to build so that each has what it needs, or those whose plans wait for each other.
fn order(template: &Template, plan: &Plan<'_>) -> Result<Vec<u32>, Vec<u32>> {
    let mut done = vec![false; template.n_wires()];
    for known in &mut done[..template.first_gate_wire() as usize] {
        *known = true;
    }
    let mut open = vec![false; template.n_wires()];
    let mut order = Vec::new();
    let mut stack: Vec<u32> = Vec::new();
    let mut needs = Vec::new();
    for output in template.outputs.iter().flatten() {
        stack.push(output.wire());
        while let Some(&wire) = stack.last() {
            if done[wire as usize] {
                stack.pop();
                continue;
            }
            if open[wire as usize] {
                order.push(wire);
                plan.gives(wire, &mut done);
                stack.pop();
                continue;
            }
            open[wire as usize] = true;
            plan.needs(wire, &mut needs);
            for &need in &needs {
                if done[need as usize] {
                    continue;
                }
                if open[need as usize] {
                    let from = stack.iter().position(|&w| w == need).unwrap_or(0);
                    let on_the_way = |w: &u32| {
                        let how = plan.how[*w as usize];
                        open[*w as usize] && matches!(how, How::Carry(_) | How::Sum(_))
                    };
                    return Err(stack[from..].iter().copied().filter(on_the_way).collect());
                }
                stack.push(need);
            }
        }
    }
    Ok(order)
}

/// The circuit built as planned, in this order.
fn build_all(template: &Template, plan: &Plan<'_>, wires: &[u32]) -> Template {
    let mut b = Builder::new(&template.inputs);
    let mut new: Vec<Option<Lit>> = vec![None; template.n_wires()];
    new[0] = Some(Lit::FALSE);
    for (slot, lit) in new[1..]
        .iter_mut()
        .zip((0..template.inputs.len()).flat_map(|i| b.input(i)))
    {
        *slot = Some(lit);
    }
    for &wire in wires {
        build(&mut b, plan, wire, &mut new);
    }
    let outputs = template
        .outputs
        .iter()
        .map(|bits| bits.iter().map(|&l| renewed(&new, l)).collect())
        .collect();
    b.finish(template.name.clone(), outputs)
}

/// What stands for `lit` now.
fn renewed(new: &[Option<Lit>], lit: Lit) -> Lit {
    let built = new[lit.wire() as usize].unwrap_or(Lit::FALSE);
    flipped(built, lit.is_complemented())
}

/// Builds `wire`, and what comes with it, from what it needs.
fn build(b: &mut Builder, plan: &Plan<'_>, wire: u32, new: &mut [Option<Lit>]) {
    let built = match plan.how[wire as usize] {
        How::Gate => gate(b, plan, wire, new),
        How::Ands => {
            let leaves: Vec<Lit> = plan.leaves(wire).iter().map(|&l| renewed(new, l)).collect();
            and_all(b, &leaves)
        }
        How::Carry(i) => return build_carries(b, plan, &plan.chains[i as usize], new),
        How::Sum(i) => {
            let chain = &plan.chains[i as usize];
            let columns = plan.merged[i as usize].as_deref().unwrap_or(&[]);
            let mut heap = Heap::new(columns.len());
            for (position, column) in columns.iter().enumerate() {
                for &lit in column {
                    heap.add(position, renewed(new, lit));
                }
            }
            for (position, bit) in heap.finish(b, Objective::Depth).into_iter().enumerate() {
                if let Some(sum) = chain.sum(position) {
                    put(new, sum, bit);
                }
            }
            return;
        }
    };
    new[wire as usize] = Some(built);
}

fn put(new: &mut [Option<Lit>], lit: Lit, value: Lit) {
    let slot = &mut new[lit.wire() as usize];
    if slot.is_none() {
        *slot = Some(flipped(value, lit.is_complemented()));
    }
}

fn build_carries(b: &mut Builder, plan: &Plan<'_>, chain: &Chain, new: &mut [Option<Lit>]) {
    let x: Vec<Lit> = chain.cells.iter().map(|c| renewed(new, c.x)).collect();
    let y: Vec<Lit> = chain.cells.iter().map(|c| renewed(new, c.y)).collect();
    let carry = renewed(new, chain.carry_in);
    let last = chain.cells.len() - 1;
    // An inner carry is read by the next cell; if that is all, only the last one is wanted.
    let only_last = chain.cells[..last].iter().all(|c| {
        c.sum.is_none()
            && !plan.uses.is_output[c.carry.wire() as usize]
            && plan.uses.of(c.carry.wire()).len() <= 3
    });
    let carries = if only_last {
        let carries = prefix::shallow(b, &x, &y, carry, Want::Last, 0);
        if let Some(&value) = carries.last() {
            put(new, chain.cells[last].carry, value);
        }
        // Should an inner one be wanted after all, the ripple gives it; else its gates vanish.
        prefix::ripple(b, &x, &y, carry)
    } else {
        prefix::shallow(b, &x, &y, carry, Want::All, 0)
    };
    for (cell, value) in chain.cells.iter().zip(carries) {
        put(new, cell.carry, value);
    }
}

fn gate(b: &mut Builder, plan: &Plan<'_>, wire: u32, new: &[Option<Lit>]) -> Lit {
    match plan.uses.gate(wire) {
        Some(Gate::And(x, y)) => {
            let (x, y) = (renewed(new, x), renewed(new, y));
            b.and(x, y)
        }
        Some(Gate::Xor(x, y)) => {
            if let Some((r, s, t, add)) = plan.shared_factor(wire) {
                let complement = x.is_complemented() ^ y.is_complemented();
                let (r, s, t) = (renewed(new, r), renewed(new, s), renewed(new, t));
                // r·s ⊕ r·t, or r·s ⊕ ¬r·t = r·(s ⊕ t) ⊕ t.
                let differ = b.xor(s, t);
                let product = b.and(r, differ);
                let sum = if add { b.xor(product, t) } else { product };
                return flipped(sum, complement);
            }
            let (x, y) = (renewed(new, x), renewed(new, y));
            b.xor(x, y)
        }
        None => Lit::FALSE,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Values, evaluate, exhaustive, random};
    use super::super::{add, less_than, subtract};
    use super::*;
    use smpcc_circuit::value::Word;

    const BOTH: [Objective; 2] = [Objective::Size, Objective::Depth];

    /// The optimised circuit; it must be no worse, and the same on these lanes.
    fn checked(circuit: &Template, objective: Objective, lanes: &[Vec<Word>]) -> Template {
        let better = optimise(circuit, objective);
        match objective {
            Objective::Size => assert!(better.n_and() <= circuit.n_and()),
            Objective::Depth => assert!(cost(&better) <= cost(circuit)),
        }
        assert_eq!(evaluate(&better, lanes), evaluate(circuit, lanes));
        better
    }

    #[test]
    fn random_netlists_keep_their_meaning() {
        let mut values = Values(20);
        let lanes = exhaustive(&[8]);
        for round in 0..300 {
            let mut b = Builder::new(&[8]);
            let mut wires = b.input(0);
            for _ in 0..10 + round {
                let mut pick = || {
                    let near = 12.min(wires.len() as u64);
                    let lit = wires[wires.len() - 1 - (values.next() % near) as usize];
                    flipped(lit, values.next() & 1 == 1)
                };
                let (x, y, z) = (pick(), pick(), pick());
                wires.push(match values.next() % 4 {
                    0 => b.xor(x, y),
                    1 => b.and(x, y),
                    2 => b.full_add(x, y, z).0,
                    _ => b.full_add(x, y, z).1,
                });
            }
            let outputs = wires.split_off(wires.len() - 8);
            let circuit = b.finish("random", vec![outputs]);
            for objective in BOTH {
                checked(&circuit, objective, &lanes);
            }
        }
    }

    #[test]
    fn ripple_adders_become_one_carry_network() {
        let mut values = Values(21);
        for n in [2u32, 5, 8, 16, 32] {
            let operands = [n; 5];
            let lanes = random(&mut values, &operands, 128);
            let mut b = Builder::new(&operands);
            let x: Vec<Vec<Lit>> = (0..5).map(|i| b.input(i)).collect();
            let size = Objective::Size;
            let (s, t) = (
                add(&mut b, &x[0], &x[1], size),
                add(&mut b, &x[2], &x[3], size),
            );
            let u = add(&mut b, &s, &t, size);
            let constant: Vec<Lit> = (0..n)
                .map(|i| Lit::from(0xb5 >> (i % 8) & 1 == 1))
                .collect();
            let v = add(&mut b, &u, &constant, size);
            let w = subtract(&mut b, &v, &x[4], size);
            let circuit = b.finish("sum", vec![w]);
            let shallow = checked(&circuit, Objective::Depth, &lanes);
            if n == 32 {
                assert_eq!((circuit.and_depth(), shallow.and_depth()), (31, 16));
            }
            checked(&circuit, Objective::Size, &lanes);
        }
    }

    #[test]
    fn chains_and_trees_become_shallow() {
        let mut values = Values(22);
        let mut b = Builder::new(&[64, 64]);
        let (x, y) = (b.input(0), b.input(1));
        let all = x.iter().fold(Lit::TRUE, |all, &l| b.and(all, l));
        let less = less_than(&mut b, &x, &y, false, Objective::Size);
        let circuit = b.finish("chains", vec![vec![all], vec![less]]);
        assert_eq!(circuit.and_depth(), 64);
        let lanes = random(&mut values, &[64, 64], 256);
        let shallow = checked(&circuit, Objective::Depth, &lanes);
        assert_eq!(shallow.and_depth(), 7);
    }

    #[test]
    fn factors_are_shared() {
        let mut b = Builder::new(&[3]);
        let x = b.input(0);
        let (p, q) = (b.and(x[0], x[1]), b.and(x[0], !x[1]));
        let all = b.xor(p, q);
        let r = b.and(!x[0], x[2]);
        let choice = b.xor(p, r);
        let circuit = b.finish("factors", vec![vec![all], vec![choice]]);
        for objective in BOTH {
            let better = checked(&circuit, objective, &exhaustive(&[3]));
            assert!(better.n_and() <= 2);
            assert_eq!(better.outputs[0], [Lit::of(1)]);
        }
        let mut b = Builder::new(&[3]);
        let x = b.input(0);
        let (p, r) = (b.and(x[0], x[1]), b.and(!x[0], x[2]));
        let choice = b.xor(p, r);
        let circuit = b.finish("choice", vec![vec![choice]]);
        let better = checked(&circuit, Objective::Size, &exhaustive(&[3]));
        assert_eq!((better.n_and(), better.and_depth()), (1, 1));
    }
}
