//! Merges ANDs with wires of the same function that have another structure: found by simulation, proved on a window.
//!
//! Wires that agree on random inputs are taken to be equal until a proof fails (Mishchenko, Chatterjee, Jiang and Brayton,
//! "FRAIGs: a unifying representation for logic synthesis and verification", 2005). The proof is exhaustive: both wires
//! are unfolded to a cut of at most twelve wires, and evaluated on everything that may stand there. Wires that are equal
//! only for reasons further away stay apart.
//!
//! ```text
//! (a ∨ b)·(a ∨ ¬b)·c      a·c, where that exists
//! ```

use super::flipped;
use super::net::{Net, atom, renewed, results};
use crate::mix::Mix;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::template::{Gate, Lit, Template};
use std::collections::HashMap;

/// Netlists with more gates are not searched.
const MOST_GATES: usize = 1 << 16;
/// Words of random inputs, 64 lanes each.
const WORDS: usize = 4;
/// Wires of a cut: its 4,096 assignments are 64 words.
const MOST_LEAVES: usize = 12;
const TABLE: usize = 1 << (MOST_LEAVES - 6);
/// Gates of a window.
const MOST_INSIDE: usize = 64;
/// Proofs that are tried in one netlist.
const MOST_PROOFS: usize = 1 << 11;

/// The same circuit with equal wires merged; unless `any_level`, none with one that is known later.
pub(super) fn merge_equal(template: &Template, any_level: bool) -> Template {
    if template.gates.len() > MOST_GATES {
        return template.clone();
    }
    let equal = equal_wires(template);
    if equal.is_empty() {
        return template.clone();
    }
    let mut equal = equal.iter().peekable();
    let mut net = Net::like(template, any_level);
    let mut new = net.start();
    new.reserve(template.gates.len());
    for (g, gate) in template.gates.iter().enumerate() {
        let wire = template.first_gate_wire() + g as u32;
        let twin = equal.next_if(|e| e.0 == wire).map(|e| renewed(&new, e.1));
        let lit = match *gate {
            Gate::Xor(a, b) => net.xor(renewed(&new, a), renewed(&new, b)),
            Gate::And(a, b) => {
                let (a, b) = (renewed(&new, a), renewed(&new, b));
                let level = 1 + net.level(a).max(net.level(b));
                match twin.filter(|&t| any_level || net.level(t) <= level) {
                    Some(twin) => twin,
                    None => net.and(a, b),
                }
            }
        };
        new.push(lit);
    }
    let outputs = results(template, &new);
    net.finish(template.name.clone(), outputs)
}

/// ANDs in order, each with an earlier literal that is equal to it.
fn equal_wires(template: &Template) -> Vec<(u32, Lit)> {
    let first = template.first_gate_wire();
    let mut values: Vec<[u64; WORDS]> = Vec::with_capacity(template.n_wires());
    values.push([0; WORDS]);
    for i in 1..u64::from(first) {
        let random = |word: u64| atom((1 << 48) + i * 8 + word);
        // Mostly zeros and mostly ones too: products of many wires are hardly ever one on uniform inputs.
        let sparse = random(2) & random(3) & random(4);
        values.push([
            random(0),
            random(1),
            sparse,
            !(random(5) & random(6) & random(7)),
        ]);
    }
    let mut known: HashMap<[u64; WORDS], u32, Mix> = HashMap::default();
    let flip = |value: [u64; WORDS]| if value[0] & 1 == 1 { u64::MAX } else { 0 };
    let key = |value: [u64; WORDS]| value.map(|word| word ^ flip(value));
    for (wire, &value) in values.iter().enumerate() {
        known.entry(key(value)).or_insert(wire as u32);
    }
    let mut proofs = MOST_PROOFS;
    let mut equal = Vec::new();
    for gate in &template.gates {
        let wire = values.len() as u32;
        let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
        let side = |lit: Lit| {
            let complement = if lit.is_complemented() { u64::MAX } else { 0 };
            values[lit.wire() as usize].map(|word| word ^ complement)
        };
        let (x, y) = (side(a), side(b));
        let is_and = matches!(gate, Gate::And(..));
        let value: [u64; WORDS] =
            std::array::from_fn(|i| if is_and { x[i] & y[i] } else { x[i] ^ y[i] });
        values.push(value);
        match known.get(&key(value)) {
            Some(&twin) if is_and && proofs > 0 => {
                proofs -= 1;
                let complement = flip(value) != flip(values[twin as usize]);
                let twin = flipped(Lit::of(twin), complement);
                if is_equal(template, Lit::of(wire), twin) {
                    equal.push((wire, twin));
                }
            }
            Some(_) => {}
            None => {
                known.insert(key(value), wire);
            }
        }
    }
    equal
}

/// Whether two literals are equal whatever stands on a cut below them.
fn is_equal(template: &Template, x: Lit, y: Lit) -> bool {
    let first = template.first_gate_wire();
    let gate = |wire: u32| {
        let g = wire.checked_sub(first)?;
        template.gates.get(g as usize)
    };
    let mut leaves: SortedSet<u32> = SortedSet::from([x.wire(), y.wire()]);
    let mut inside: Vec<u32> = Vec::new();
    while inside.len() < MOST_INSIDE {
        let Some((&wire, Some(&(Gate::Xor(a, b) | Gate::And(a, b))))) =
            leaves.last().map(|w| (w, gate(*w)))
        else {
            break;
        };
        let mut next = leaves.clone();
        next.remove(&wire);
        next.extend([a.wire(), b.wire()]);
        if next.len() > MOST_LEAVES {
            break;
        }
        leaves = next;
        inside.push(wire);
    }
    let mut values: HashMap<u32, [u64; TABLE], Mix> = HashMap::default();
    for (i, &leaf) in leaves.iter().enumerate() {
        values.insert(leaf, if leaf == 0 { [0; TABLE] } else { projection(i) });
    }
    let side = |values: &HashMap<u32, [u64; TABLE], Mix>, lit: Lit| {
        let complement = if lit.is_complemented() { u64::MAX } else { 0 };
        let table = values.get(&lit.wire())?;
        Some(table.map(|word| word ^ complement))
    };
    for &wire in inside.iter().rev() {
        let Some(&(Gate::Xor(a, b) | Gate::And(a, b))) = gate(wire) else {
            return false;
        };
        let (Some(a), Some(b)) = (side(&values, a), side(&values, b)) else {
            return false;
        };
        let is_and = matches!(gate(wire), Some(Gate::And(..)));
        let table = std::array::from_fn(|i| if is_and { a[i] & b[i] } else { a[i] ^ b[i] });
        values.insert(wire, table);
    }
    match (side(&values, x), side(&values, y)) {
        (Some(x), Some(y)) => x == y,
        (_, _) => false,
    }
}

/// The truth table of variable `i` of twelve.
fn projection(i: usize) -> [u64; TABLE] {
    const SMALL: [u64; 6] = [
        0xaaaa_aaaa_aaaa_aaaa,
        0xcccc_cccc_cccc_cccc,
        0xf0f0_f0f0_f0f0_f0f0,
        0xff00_ff00_ff00_ff00,
        0xffff_0000_ffff_0000,
        0xffff_ffff_0000_0000,
    ];
    std::array::from_fn(|word| match SMALL.get(i) {
        Some(&table) => table,
        None if word >> (i - 6) & 1 == 1 => u64::MAX,
        None => 0,
    })
}
