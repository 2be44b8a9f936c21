//! Sums of products that are only ever used as sums, with as few products as a quadratic form of that rank needs.
//!
//! If several ANDs go everywhere together, only their sum counts, and that is a quadratic form in their operands. Over
//! GF(2) such a form is a sum of `rank / 2` products and a linear part (Dickson, "Linear groups", 1901), and of no fewer:
//!
//! ```text
//! a·b ⊕ a·c               a·(b ⊕ c)
//! a·b ⊕ ¬a·c              a·(b ⊕ c) ⊕ c
//! a·b ⊕ b·c ⊕ c·a         (a ⊕ c)(b ⊕ c) ⊕ c
//! ```
//!
//! Who goes together is found by signatures as in [`super::net`], of the places where a wire ends up instead of the atoms
//! that it is made of, and then checked: moving a one from one of the ANDs to the other must change nothing else.

use super::net::{Net, atom, renewed, results, signatures};
use super::uses::Uses;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::template::{Gate, Lit, Template};

/// Most ANDs of one sum: their operands are numbered in a word.
const MOST_TERMS: usize = 16;
/// Wires looked at in one check before it is given up.
const MOST_STEPS: usize = 1 << 10;

/// The same circuit with such sums written anew where that saves ANDs.
pub(super) fn share(template: &Template, any_level: bool) -> Template {
    let groups = together(template);
    if groups.is_empty() {
        return template.clone();
    }
    // By the last of the group, at which all operands are there; the others become nothing.
    let mut ends: SortedMap<u32, &[u32]> = SortedMap::new();
    let mut gone: SortedSet<u32> = SortedSet::new();
    for group in &groups {
        if let [rest @ .., last] = &group[..] {
            ends.insert(*last, group);
            gone.extend(rest);
        }
    }
    let first = template.first_gate_wire();
    let mut net = Net::like(template, any_level);
    let mut new = net.start();
    let mut saved = false;
    for (g, gate) in template.gates.iter().enumerate() {
        let wire = first + g as u32;
        let lit = match *gate {
            Gate::Xor(a, b) => net.xor(renewed(&new, a), renewed(&new, b)),
            Gate::And(..) if gone.contains(&wire) => Lit::FALSE,
            Gate::And(a, b) => match ends.get(&wire) {
                Some(group) => {
                    let products: Vec<(Lit, Lit)> = (group.iter())
                        .filter_map(|&w| match template.gates[(w - first) as usize] {
                            Gate::And(a, b) => Some((renewed(&new, a), renewed(&new, b))),
                            Gate::Xor(..) => None,
                        })
                        .collect();
                    saved = true;
                    sum_of_products(&mut net, &products)
                }
                None => net.and(renewed(&new, a), renewed(&new, b)),
            },
        };
        new.push(lit);
    }
    if !saved {
        return template.clone();
    }
    let outputs = results(template, &new);
    net.finish(template.name.clone(), outputs)
}

/// Groups of ANDs that go together and whose sum has fewer products.
fn together(template: &Template) -> Vec<Vec<u32>> {
    let n = template.n_wires();
    let first = template.first_gate_wire() as usize;
    let mut places = vec![0u64; n];
    for (i, lit) in template.outputs.iter().flatten().enumerate() {
        places[lit.wire() as usize] ^= atom(i as u64);
    }
    let atoms = signatures(template);
    let mut ands: Vec<(u64, u32)> = Vec::new();
    for (g, gate) in template.gates.iter().enumerate().rev() {
        let wire = first + g;
        match *gate {
            Gate::Xor(a, b) => {
                let here = places[wire];
                places[a.wire() as usize] ^= here;
                places[b.wire() as usize] ^= here;
            }
            Gate::And(a, b) => {
                ands.push((places[wire], wire as u32));
                places[a.wire() as usize] ^= atom((1 << 40) + 2 * wire as u64);
                places[b.wire() as usize] ^= atom((1 << 40) + 2 * wire as u64 + 1);
            }
        }
    }
    ands.sort_unstable();
    let mut uses: Option<Uses<'_>> = None;
    let mut groups = Vec::new();
    for same in ands.chunk_by(|x, y| x.0 == y.0) {
        for group in same.chunks(MOST_TERMS) {
            if group.len() < 2 {
                continue;
            }
            let wires: Vec<u32> = group.iter().map(|&(_, w)| w).collect();
            let operands = |w: u32| match template.gates[w as usize - first] {
                Gate::Xor(a, b) | Gate::And(a, b) => {
                    (atoms[a.wire() as usize], atoms[b.wire() as usize])
                }
            };
            let pairs: Vec<(u64, u64)> = wires.iter().map(|&w| operands(w)).collect();
            if rank(&pairs) >= 2 * wires.len() {
                continue;
            }
            let uses = uses.get_or_insert_with(|| Uses::new(template));
            let last = wires[wires.len() - 1];
            let mut kept: Vec<u32> = (wires[..wires.len() - 1].iter().copied())
                .filter(|&w| cancel(uses, w, last))
                .collect();
            kept.push(last);
            let pairs: Vec<(u64, u64)> = kept.iter().map(|&w| operands(w)).collect();
            if rank(&pairs) < 2 * kept.len() {
                groups.push(kept);
            }
        }
    }
    groups
}

/// Whether a one on both wires reaches no AND and no output: every sum has both or neither.
fn cancel(uses: &Uses<'_>, p: u32, q: u32) -> bool {
    let mut marked: SortedSet<u32> = SortedSet::new();
    let mut open: SortedSet<u32> = SortedSet::from([p, q]);
    for _ in 0..MOST_STEPS {
        let Some(wire) = open.pop_first() else {
            return true;
        };
        let is_seed = wire == p || wire == q;
        if !is_seed {
            let Some(Gate::Xor(a, b)) = uses.gate(wire) else {
                return false;
            };
            if marked.contains(&a.wire()) == marked.contains(&b.wire()) {
                continue;
            }
        }
        if uses.is_output[wire as usize] {
            return false;
        }
        marked.insert(wire);
        open.extend(uses.of(wire));
    }
    false
}

/// A linear form in numbered variables.
#[derive(Clone, Copy)]
struct Form {
    variables: u32,
    one: bool,
}

/// `Σ a·b`, with as few ANDs as the form's rank asks for.
fn sum_of_products(net: &mut Net, products: &[(Lit, Lit)]) -> Lit {
    let mut basis: Vec<Lit> = Vec::new();
    let mut reduced: Vec<(u64, u32)> = Vec::new();
    let mut forms = Vec::with_capacity(products.len());
    for &(a, b) in products {
        let a = form(net, a, &mut basis, &mut reduced);
        forms.push((a, form(net, b, &mut basis, &mut reduced)));
    }
    let mut rows = vec![0u32; basis.len()];
    let mut linear = Form {
        variables: 0,
        one: false,
    };
    for (a, b) in &forms {
        add_product(&mut rows, a.variables, b.variables);
        linear.variables ^= a.variables & b.variables;
        linear.variables ^= if a.one { b.variables } else { 0 };
        linear.variables ^= if b.one { a.variables } else { 0 };
        linear.one ^= a.one && b.one;
    }
    let mut parts = Vec::new();
    while let Some(i) = rows.iter().position(|&r| r != 0) {
        let (x, y) = (rows[i], rows[rows[i].trailing_zeros() as usize]);
        add_product(&mut rows, x, y);
        linear.variables ^= x & y;
        parts.push((x, y));
    }
    let mut sum = Lit::FALSE;
    if parts.len() >= products.len() {
        for &(a, b) in products {
            let product = net.and(a, b);
            sum = net.xor(sum, product);
        }
        return sum;
    }
    let value = |net: &mut Net, form: Form| {
        let mut value = Lit::from(form.one);
        for (i, &variable) in basis.iter().enumerate() {
            if form.variables >> i & 1 == 1 {
                value = net.xor(value, variable);
            }
        }
        value
    };
    for (x, y) in parts {
        let plain = |variables| Form {
            variables,
            one: false,
        };
        let (x, y) = (value(net, plain(x)), value(net, plain(y)));
        let product = net.and(x, y);
        sum = net.xor(sum, product);
    }
    let linear = value(net, linear);
    net.xor(sum, linear)
}

/// Adds the mixed terms of `x·y` to a symmetric matrix.
fn add_product(rows: &mut [u32], x: u32, y: u32) {
    for (i, row) in rows.iter_mut().enumerate() {
        let (in_x, in_y) = (x >> i & 1 == 1, y >> i & 1 == 1);
        *row ^= if in_x { y } else { 0 };
        *row ^= if in_y { x } else { 0 };
        *row &= !(1 << i);
    }
}

/// `lit` in the variables `basis`, which it may extend. `reduced` has their signatures in echelon form.
fn form(net: &mut Net, lit: Lit, basis: &mut Vec<Lit>, reduced: &mut Vec<(u64, u32)>) -> Form {
    let mut signature = net.signature(lit);
    let mut variables = 0;
    for &(row, mask) in reduced.iter() {
        if signature ^ row < signature {
            signature ^= row;
            variables ^= mask;
        }
    }
    if signature == 0 {
        let mut lits = vec![lit];
        lits.extend(
            (basis.iter().enumerate()).filter_map(|(i, &l)| (variables >> i & 1 == 1).then_some(l)),
        );
        if let Some(one) = net.constant(&lits) {
            return Form { variables, one };
        }
    }
    let variable = 1 << basis.len();
    basis.push(Lit::of(lit.wire()));
    if signature != 0 {
        let at = reduced.partition_point(|r| r.0 > signature);
        reduced.insert(at, (signature, variables ^ variable));
    }
    Form {
        variables: variable,
        one: lit.is_complemented(),
    }
}

/// The rank of `Σ a·b` as far as signatures tell.
fn rank(pairs: &[(u64, u64)]) -> usize {
    let mut reduced: Vec<(u64, u32)> = Vec::new();
    let mut n = 0;
    let mut number = |mut signature: u64| {
        let mut variables = 0;
        for &(row, mask) in &reduced {
            if signature ^ row < signature {
                signature ^= row;
                variables ^= mask;
            }
        }
        if signature == 0 {
            return variables;
        }
        let variable = 1u32 << n;
        n += 1;
        let at = reduced.partition_point(|r| r.0 > signature);
        reduced.insert(at, (signature, variables ^ variable));
        variable
    };
    let forms: Vec<(u32, u32)> = (pairs.iter())
        .map(|&(a, b)| (number(a), number(b)))
        .collect();
    let mut rows = vec![0u32; n];
    for &(a, b) in &forms {
        add_product(&mut rows, a, b);
    }
    let mut rank = 0;
    while let Some(i) = rows.iter().position(|&r| r != 0) {
        let (x, y) = (rows[i], rows[rows[i].trailing_zeros() as usize]);
        add_product(&mut rows, x, y);
        rank += 2;
    }
    rank
}
