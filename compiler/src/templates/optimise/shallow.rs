//! Depth for ANDs: trees of ANDs balanced by arrival, ripple adders found and made shallow, sums merged into one heap.
//!
//! A netlist that was made for few ANDs, such as a hash function's, loses most of its depth that way:
//!
//! ```text
//! c₁ = x₀y₀, c₂ = maj(x₁, y₁, c₁), …, c₃₁ = maj(x₃₀, y₃₀, c₃₀)      31 levels
//! (G, P) blocks with the same carries                                  5 levels
//! ```
//!
//! Trees of ANDs are merged from their earliest operands (Golumbic, 1976); ripple chains are found by [`chains`], chains
//! that feed each other become one heap of bits with a single carry network ([`super::super::heap`],
//! [`super::super::prefix`]), others get the network that their arrivals ask for.

use super::super::Objective;
use super::super::compare::and_all;
use super::super::heap::Heap;
use super::super::prefix::{self, Want};
use super::chains::{self, Chain};
use super::flipped;
use super::uses::Uses;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::template::{Builder, Gate, Lit, Template};

/// Chains shorter than this stay as they are.
const SHORTEST: usize = 3;
/// A word is merged into at most so many sums that use it.
const MOST_USERS: usize = 3;
/// So many cycles of chains are cut open before the netlist is left as it is.
const MOST_CYCLES: usize = 64;
/// Chains that are merged into one sum.
const MOST_SUMMANDS: usize = 256;
/// Height from which a sum takes over no chain that others use as well.
const MOST_SHARED: usize = 32;

/// The same function with chains and trees made shallow; the depth may still be what it was, with more ANDs.
pub(super) fn shallow(template: &Template) -> Template {
    let mut plan = Plan::shallow(template);
    // A chain whose summands depend on its own carries cannot be built as one piece; leaving it out ends such a cycle.
    for _ in 0..MOST_CYCLES {
        match order(template, &plan) {
            Err(blocked) => plan.leave_out(&blocked),
            Ok(wires) => return build_all(template, &plan, &wires),
        }
    }
    template.clone()
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

/// The upper part of a chain that other sums may take over.
#[derive(Clone, Copy)]
struct Absorbable {
    /// The first position of that part.
    from: usize,
    /// How many chains read it.
    n_users: usize,
}

/// A sum of many words.
struct Merged {
    /// What is added, by position.
    columns: Vec<Vec<Lit>>,
    /// The wires of the sum, where there are any.
    sums: Vec<Option<Lit>>,
}

impl Merged {
    fn tallest(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Puts a chain's summands in the place of its sums from `position` on, which stand in the columns from `at` on. What
    /// is below `position` becomes the low end of this sum.
    fn absorb(&mut self, chain: &Chain, at: usize, position: usize, flip: bool) {
        for (column, place) in self.columns[at..].iter_mut().zip(position..chain.width()) {
            if let Some(sum) = chain.sum(place)
                && let Some(i) = column.iter().position(|&l| l == flipped(sum, flip))
            {
                column.swap_remove(i);
            }
        }
        if position > 0 {
            let low = |i: usize| chain.sum(i).map(|l| flipped(l, flip));
            self.sums.splice(0..0, (0..position).map(low));
            self.columns.splice(0..0, vec![Vec::new(); position]);
        }
        for (column, place) in self.columns[at..].iter_mut().zip(0..chain.width()) {
            column.extend(chain.summands(place).into_iter().map(|l| flipped(l, flip)));
        }
    }
}

struct Plan<'a> {
    uses: Uses<'a>,
    chains: Vec<Chain>,
    /// Per chain: its sum merged with others, if there are any to merge.
    merged: Vec<Option<Merged>>,
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
        for (i, merged) in plan.merged.iter().enumerate() {
            for sum in merged.iter().flat_map(|m| &m.sums).flatten() {
                plan.how[sum.wire() as usize] = How::Sum(i as u32);
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
        // Which chain, if any, a wire is a sum of, and where in it.
        let n = self.how.len();
        let mut sum_of: Vec<Option<(u32, u32)>> = vec![None; n];
        let mut part_of: Vec<Option<u32>> = vec![None; n];
        for (i, chain) in self.chains.iter().enumerate() {
            for position in 0..chain.width() {
                let inside = chain.cells.get(position).map(|c| c.carry);
                let sum = chain.sum(position);
                for lit in inside.into_iter().chain(sum) {
                    part_of[lit.wire() as usize] = Some(i as u32);
                }
                if let Some(sum) = sum {
                    sum_of[sum.wire() as usize] = Some((i as u32, position as u32));
                }
            }
        }
        let absorbable: Vec<Absorbable> = (0..self.chains.len())
            .map(|i| self.only_added(i, &part_of))
            .collect();
        self.merged = (0..self.chains.len())
            .map(|i| self.merged_sum(i, &sum_of, &absorbable))
            .collect();
    }

    /// From where on all sums of the chain exist and are read by few other chains and by nothing else.
    fn only_added(&self, chain: usize, part_of: &[Option<u32>]) -> Absorbable {
        let this = &self.chains[chain];
        let mut users = SortedSet::new();
        let mut from = this.width();
        for position in (0..this.width()).rev() {
            let Some(sum) = this.sum(position) else {
                break;
            };
            if self.uses.is_output[sum.wire() as usize] {
                break;
            }
            let near: Option<Vec<u32>> = (self.uses.of(sum.wire()).iter())
                .map(|&user| self.chain_near(user, part_of))
                .collect();
            let Some(near) = near else {
                break;
            };
            let mut more = users.clone();
            more.extend(near);
            if more.len() > MOST_USERS {
                break;
            }
            users = more;
            from = position;
        }
        Absorbable {
            from,
            n_users: users.len(),
        }
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

    /// The chain's sum after other chains' sums among its summands were replaced by their summands; none if there is
    /// nothing to replace.
    fn merged_sum(
        &self,
        chain: usize,
        sum_of: &[Option<(u32, u32)>],
        absorbable: &[Absorbable],
    ) -> Option<Merged> {
        let this = &self.chains[chain];
        if this.width() <= SHORTEST {
            return None;
        }
        let mut merged = Merged {
            columns: (0..this.width()).map(|i| this.summands(i)).collect(),
            sums: (0..this.width()).map(|i| this.sum(i)).collect(),
        };
        let mut changed = false;
        let mut n_absorbed = 0;
        while n_absorbed < MOST_SUMMANDS {
            let width = merged.columns.len();
            let found = (0..width).find_map(|at| {
                merged.columns[at].iter().find_map(|&bit| {
                    let (other, position) = sum_of[bit.wire() as usize]?;
                    let (other, position) = (other as usize, position as usize);
                    let word = &self.chains[other];
                    let upper = word.width() - position;
                    let flip = word.sum(position)? != bit;
                    // Without a top the word is the whole sum, so that its carry out may be added to further bits.
                    let aligned = at + upper == width;
                    let whole = word.top.is_none() && !flip && at + upper < width;
                    let can = absorbable[other];
                    let fits = other != chain
                        && position >= can.from
                        && (position == 0 || at == 0 && can.n_users == 1)
                        && (aligned || whole)
                        && word.width() >= SHORTEST
                        && (can.n_users == 1 || merged.tallest() < MOST_SHARED);
                    let columns = &merged.columns[at..];
                    (fits && is_summand(columns, word, position, flip))
                        .then_some((at, other, position, flip))
                })
            });
            let Some((at, other, position, flip)) = found else {
                break;
            };
            merged.absorb(&self.chains[other], at, position, flip);
            changed = true;
            n_absorbed += 1;
        }
        changed.then_some(merged)
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
                for sum in self.merged[i as usize]
                    .iter()
                    .flat_map(|m| &m.sums)
                    .flatten()
                {
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
                let columns = self.merged[i as usize].iter().flat_map(|m| &m.columns);
                out.extend(columns.flatten().map(|l| l.wire()));
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

/// Whether every sum of `chain` from `position` on, complemented if `flip`, stands in its column.
fn is_summand(columns: &[Vec<Lit>], chain: &Chain, position: usize, flip: bool) -> bool {
    columns.len() >= chain.width() - position
        && (columns.iter().zip(position..chain.width())).all(|(column, place)| {
            chain
                .sum(place)
                .is_some_and(|sum| column.contains(&flipped(sum, flip)))
        })
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
            let Some(merged) = &plan.merged[i as usize] else {
                return;
            };
            let mut heap = Heap::new(merged.columns.len());
            for (position, column) in merged.columns.iter().enumerate() {
                for &lit in column {
                    heap.add(position, renewed(new, lit));
                }
            }
            let bits = heap.finish(b, Objective::Depth);
            for (&sum, bit) in merged.sums.iter().zip(bits) {
                if let Some(sum) = sum {
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
