//! Finds ripple adders in a netlist: cells whose output is the majority of three, chained, and the sums beside them.
//!
//! One cell is `carry' = maj(x, y, carry)` built as `((x ⊕ carry)(y ⊕ carry)) ⊕ carry`, or a plain AND, the cell with a
//! constant summand. Majority and three-way XOR are self-dual, so complements anywhere in a chain can be pushed into its
//! summands. What is found here is an identity of the netlist, proved by its structure; whether to use it is a matter of
//! cost alone.

use super::flipped;
use super::uses::Uses;
use smpcc_circuit::template::{Gate, Lit, Template};

/// Chains longer than this are taken in pieces.
const LONGEST: usize = 128;

/// One position of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub x: Lit,
    pub y: Lit,
    /// The carry out: `maj(x, y, carry in)`.
    pub carry: Lit,
    /// The wire that carries `x ⊕ y ⊕ carry in`, if there is one.
    pub sum: Option<Lit>,
}

/// A chain of cells; each one's carry goes into the next.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub carry_in: Lit,
    pub cells: Vec<Cell>,
    /// The summands above the last cell and the sum there, when the word ends with a sum without a carry.
    pub top: Option<(Vec<Lit>, Lit)>,
}

impl Chain {
    /// Number of sum bits: one per cell and the one above.
    pub fn width(&self) -> usize {
        self.cells.len() + 1
    }

    /// The sum at `position`, if the netlist has it. Above the last cell that is its carry, or that with the summands
    /// there.
    pub fn sum(&self, position: usize) -> Option<Lit> {
        match self.cells.get(position) {
            Some(cell) => cell.sum,
            None => match &self.top {
                Some((_, sum)) => Some(*sum),
                None => self.cells.last().map(|c| c.carry),
            },
        }
    }

    /// The summands at `position`, the carry into the chain among those of position 0.
    pub fn summands(&self, position: usize) -> Vec<Lit> {
        let mut bits = match self.cells.get(position) {
            Some(cell) => vec![cell.x, cell.y],
            None => self.top.as_ref().map(|t| t.0.clone()).unwrap_or_default(),
        };
        if position == 0 {
            bits.push(self.carry_in);
        }
        bits
    }
}

/// A cell before it has its place: `carry = maj(inputs)` for the plain carry wire.
#[derive(Clone, Copy)]
struct Majority {
    inputs: [Lit; 3],
}

/// All chains, in the order of their last cells.
pub(super) fn find(template: &Template, uses: &Uses<'_>) -> Vec<Chain> {
    let first = template.first_gate_wire();
    let n = template.n_wires();
    let mut cells: Vec<Option<Majority>> = vec![None; n];
    let mut inner = vec![false; n];
    for (g, gate) in template.gates.iter().enumerate() {
        let wire = first + g as u32;
        if let Gate::And(a, b) = *gate
            && let Some((out, cell)) = majority(uses, wire, a, b)
        {
            cells[out as usize] = Some(cell);
            inner[wire as usize] = true;
        }
    }
    for (g, gate) in template.gates.iter().enumerate() {
        let wire = first as usize + g;
        if let Gate::And(a, b) = *gate
            && !inner[wire]
        {
            cells[wire] = Some(Majority {
                inputs: [a, b, Lit::FALSE],
            });
        }
    }
    // Each cell follows one of its inputs that is a cell; each is followed by at most one, a full one if it can.
    let level = template.levels(|_| 0);
    let mut before: Vec<Option<u32>> = vec![None; n];
    let mut after: Vec<Option<u32>> = vec![None; n];
    for full in [true, false] {
        for wire in 0..n {
            let Some(cell) = cells[wire] else { continue };
            let is_full = cell.inputs[2] != Lit::FALSE;
            if is_full != full {
                continue;
            }
            let free = |w: u32| cells[w as usize].is_some() && after[w as usize].is_none();
            // In a full cell the operand of both XORs is the carry in; an AND does not say which of its two is.
            let shared = cell.inputs[2].wire();
            let candidate = if free(shared) {
                Some(shared)
            } else {
                let others = cell.inputs[..2].iter().map(|l| l.wire());
                others
                    .filter(|&w| free(w))
                    .max_by_key(|&w| level[w as usize])
            };
            if let Some(previous) = candidate {
                before[wire] = Some(previous);
                after[previous as usize] = Some(wire as u32);
            }
        }
    }
    let mut chains = Vec::new();
    for wire in
        (0..n as u32).filter(|&w| cells[w as usize].is_some() && before[w as usize].is_none())
    {
        let mut wires = vec![wire];
        while let Some(next) = wires.last().and_then(|&w| after[w as usize]) {
            wires.push(next);
        }
        let mut previous = None;
        for piece in wires.chunks(LONGEST) {
            if piece.len() >= 2 {
                chains.push(chain(uses, &cells, piece, previous));
            }
            previous = piece.last().copied();
        }
    }
    chains
}

/// The majority that the AND gate `wire` of `a` and `b` is part of, and the wire that carries it.
fn majority(uses: &Uses<'_>, wire: u32, a: Lit, b: Lit) -> Option<(u32, Majority)> {
    // Each operand is a summand ⊕ the carry in; a constant summand leaves the carry in itself.
    let sides = |side: Lit| {
        let mut found = vec![(side.wire(), Lit::from(side.is_complemented()))];
        if let Some(Gate::Xor(p, q)) = uses.gate(side.wire()) {
            let complement = side.is_complemented() ^ p.is_complemented() ^ q.is_complemented();
            for (carry, other) in [(p, q), (q, p)] {
                let summand = flipped(Lit::of(other.wire()), complement);
                found.push((carry.wire(), summand));
            }
        }
        found
    };
    for (carry, x) in sides(a) {
        for (other, y) in sides(b) {
            if carry != other || carry == 0 {
                continue;
            }
            let out = uses.of(wire).iter().find_map(|&w| {
                let (with, complement) = uses.xor_with(w, wire)?;
                (with == carry).then_some((w, complement))
            });
            if let Some((out, complement)) = out {
                let inputs = [x, y, Lit::of(carry)].map(|l| flipped(l, complement));
                return Some((out, Majority { inputs }));
            }
        }
    }
    None
}

/// Puts cells in line: inputs in the polarity in which each cell's carry in is the one before it gives out.
fn chain(
    uses: &Uses<'_>,
    cells: &[Option<Majority>],
    wires: &[u32],
    previous: Option<u32>,
) -> Chain {
    let mut carry = None;
    let mut shape = Form::One;
    let mut carry_in = Lit::FALSE;
    let mut line: Vec<Cell> = Vec::with_capacity(wires.len());
    for &wire in wires {
        let Some(Majority { inputs }) = cells[wire as usize] else {
            break;
        };
        let into = carry.or(previous.filter(|_| line.is_empty()).map(Lit::of));
        let at = into.and_then(|c: Lit| inputs.iter().rposition(|l| l.wire() == c.wire()));
        let (x, y, c, flip) = match (at, into) {
            (Some(at), Some(c)) => {
                // Self-dual: complementing all three inputs complements the output.
                let flip = inputs[at] != c;
                let others: Vec<Lit> = (0..3)
                    .filter(|&i| i != at)
                    .map(|i| flipped(inputs[i], flip))
                    .collect();
                (others[0], others[1], c, flip)
            }
            (_, _) => (inputs[0], inputs[1], inputs[2], false),
        };
        if line.is_empty() {
            carry_in = c;
        }
        let out = flipped(Lit::of(wire), flip);
        shape = form(uses, x, y, c);
        line.push(Cell {
            x,
            y,
            carry: out,
            sum: uses.xor3(x, y, c),
        });
        carry = Some(out);
    }
    let top = carry.and_then(|c| top_sum(uses, c, shape));
    // An AND or a majority that nothing is the sum of is no adder but what the first adder is given.
    if let [first, second, ..] = line[..]
        && first.sum.is_none()
        && second.sum.is_some()
    {
        carry_in = first.carry;
        line.remove(0);
    }
    Chain {
        carry_in,
        cells: line,
        top,
    }
}

/// How the sums of a chain are put together, as seen at its last cell; the sum above it is taken to be alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One summand is constant: `x ⊕ carry`.
    One,
    /// `(x ⊕ y) ⊕ carry`.
    SummandsFirst,
    /// `(x ⊕ carry) ⊕ y`.
    CarryFirst,
}

fn form(uses: &Uses<'_>, x: Lit, y: Lit, carry: Lit) -> Form {
    let constant = [x, y, carry].iter().any(|l| l.wire() == 0);
    if constant {
        return Form::One;
    }
    match uses.xor(x, y).and_then(|p| uses.xor(p, carry)) {
        Some(_) => Form::SummandsFirst,
        None => Form::CarryFirst,
    }
}

/// The sum of the last carry with the summands above it, when all that reads the carry is that sum.
fn top_sum(uses: &Uses<'_>, carry: Lit, form: Form) -> Option<(Vec<Lit>, Lit)> {
    let only = |wire: u32| match uses.of(wire) {
        &[user] if !uses.is_output[wire as usize] => Some(user),
        _ => None,
    };
    let user = only(carry.wire())?;
    let (other, complement) = uses.xor_with(user, carry.wire())?;
    let flip = complement ^ carry.is_complemented();
    let one = flipped(Lit::of(user), flip);
    if form == Form::CarryFirst
        && let Some(second) = only(user)
        && let Some((third, complement)) = uses.xor_with(second, user)
    {
        let sum = flipped(Lit::of(second), flip ^ complement);
        return Some((vec![Lit::of(other), Lit::of(third)], sum));
    }
    if form == Form::SummandsFirst
        && let Some(Gate::Xor(a, b)) = uses.gate(other)
    {
        return Some((vec![a, b], one));
    }
    Some((vec![Lit::of(other)], one))
}
