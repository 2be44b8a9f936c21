//! Garbled circuits over many lanes: a template as steps on label slots, and the three roles that walk them.
//!
//! - **Functionality**: from labels of a circuit's inputs, labels of its outputs.
//! - **Adversary**: semi-honest.
//! - **Source**: Zahur, Rosulek, Evans, "Two halves make a whole" (EUROCRYPT 2015), figure 2; hash of Guo, Katz, Wang, Weng, Yu
//!   (CRYPTO 2020), section 7.2; two garblers with one key after Mohassel, Rosulek, Zhang (CCS 2015).
//! - **Assumptions**: AES is an ideal cipher, for the re-keyed hash; see `simd`.
//! - **Cost**: 32 bytes per AND and lane from the garbler to the evaluator, in pieces that need no answer; XOR and complement are free.
//! - **Departures from the paper**: the second garbler sends no hash of the tables, which only a cheating garbler needs;
//!   it computes zero labels alone, at half the cost.
//! - **Leakage and failure**: the evaluator sees one label of each wire; which value it stands for hangs on its colour and the
//!   garblers' mask.
//!
//! A half gate's number is its place in the whole execution, never in the template: call, block of lanes, gate, lane.

use std::sync::{Arc, OnceLock};

use smpcc_circuit::template::{Gate, Template};
use zeroize::Zeroizing;

use super::slots::{Pin, Slots, Wiring};
use crate::block::{Label, Labels};
#[cfg(test)]
use crate::freed::{Origin, plant};
use crate::mask::Mask;
use crate::simd::columns::add_chosen;
use crate::simd::labels::{add_labels, xor_at, xor_labels};
use crate::simd::{Gates, Hash, TABLE_LEN, evaluate, garble, zero_labels};
use crate::wipe;

pub mod call;
pub mod seat;

/// Bytes of the labels of a block's live wires: half of a usual second-level cache.
const BLOCK_LEN: usize = 256 << 10;
/// Lanes of a block, at least and at most. With fewer lanes than the least, gates of one AND level are taken together.
const BLOCK_LANES: (usize, usize) = (32, 2048);
/// ANDs that are taken together where lanes are few.
const RUN: usize = 256;
/// A piece of tables is sent when it has at least this many bytes.
const PIECE_LEN: usize = 64 << 10;

/// A template as steps on slots that are reused when their wire is dead.
pub struct Plan {
    pub(super) n_slots: usize,
    /// By input bit its slot, if anything needs it.
    pub(super) inputs: Vec<Option<u32>>,
    pub(super) steps: Vec<Step>,
    /// By result and bit.
    pub(super) outputs: Vec<Vec<Pin>>,
    n_and: usize,
    /// The pieces for as many lanes as were first asked for, which are mostly asked for again.
    pieces: OnceLock<(usize, Arc<[Piece]>)>,
}

pub(super) enum Step {
    Xor(Wiring),
    /// ANDs that do not depend on each other.
    Ands(Vec<Wiring>),
}

impl Plan {
    /// Steps for many lanes, in the order in which the template was written (few live wires), or for few, by AND level.
    pub fn new(template: &Template, few_lanes: bool) -> Self {
        let used = template.used_wires();
        let first_gate = template.first_gate_wire() as usize;
        let is_and = |g: usize| matches!(template.gates[g], Gate::And(..));
        let mut order: Vec<usize> = (0..template.gates.len())
            .filter(|g| used[first_gate + g])
            .collect();
        let level = template.levels(|_| 0);
        if few_lanes {
            order.sort_by_key(|&g| (level[first_gate + g], !is_and(g), g));
        }
        let mut slots = Slots::new(template, order.iter().copied());
        let inputs = slots.inputs();
        let mut steps: Vec<Step> = Vec::new();
        let mut run: Option<u32> = None;
        for &g in &order {
            let joins = is_and(g)
                && few_lanes
                && run == Some(level[first_gate + g])
                && matches!(steps.last(), Some(Step::Ands(ands)) if ands.len() < RUN);
            if !joins {
                // A run's operands stay until the run is over.
                slots.release();
            }
            let wiring = slots.gate(g);
            match steps.last_mut() {
                Some(Step::Ands(ands)) if joins => ands.push(wiring),
                Some(Step::Ands(_) | Step::Xor(_)) | None if is_and(g) => {
                    run = Some(level[first_gate + g]);
                    steps.push(Step::Ands(vec![wiring]));
                }
                Some(Step::Ands(_) | Step::Xor(_)) | None => {
                    run = None;
                    steps.push(Step::Xor(wiring));
                }
            }
        }
        Self {
            n_slots: slots.n(),
            inputs,
            n_and: order.iter().filter(|&&g| is_and(g)).count(),
            steps,
            outputs: slots.outputs(),
            pieces: OnceLock::new(),
        }
    }

    /// Whether a call over so many lanes takes the steps for few.
    pub fn few(lanes: usize) -> bool {
        lanes < BLOCK_LANES.0
    }

    /// Lanes of a full block.
    pub fn block_lanes(&self) -> usize {
        let fit = BLOCK_LEN / (size_of::<Label>() * self.n_slots);
        fit.clamp(BLOCK_LANES.0, BLOCK_LANES.1) / 8 * 8
    }

    /// Number of AND gates.
    pub fn n_and(&self) -> usize {
        self.n_and
    }

    /// Bits of each result.
    pub fn output_widths(&self) -> impl Iterator<Item = usize> + '_ {
        self.outputs.iter().map(Vec::len)
    }

    /// Number of input bits.
    pub fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Cuts the steps into pieces whose tables are worth a message, for blocks of `lanes` lanes.
    pub fn pieces(&self, lanes: usize) -> Arc<[Piece]> {
        let (known, pieces) = self.pieces.get_or_init(|| (lanes, self.cut(lanes).into()));
        match *known == lanes {
            true => pieces.clone(),
            false => self.cut(lanes).into(),
        }
    }

    fn cut(&self, lanes: usize) -> Vec<Piece> {
        let mut pieces = vec![Piece::default()];
        for (s, step) in self.steps.iter().enumerate() {
            if let Some(piece) = pieces.last_mut() {
                piece.steps.end = s + 1;
                if let Step::Ands(ands) = step {
                    piece.n_and += ands.len();
                }
                let done = piece.first_and + piece.n_and;
                if piece.n_and * lanes * TABLE_LEN >= PIECE_LEN && done < self.n_and {
                    pieces.push(Piece {
                        steps: s + 1..s + 1,
                        first_and: done,
                        n_and: 0,
                    });
                }
            }
        }
        pieces
    }
}

/// Steps whose tables travel together.
#[derive(Clone, Default)]
pub struct Piece {
    steps: std::ops::Range<usize>,
    first_and: usize,
    n_and: usize,
}

impl Piece {
    /// Bytes of the tables for a block of `lanes` lanes.
    pub fn len(&self, lanes: usize) -> usize {
        self.n_and * lanes * TABLE_LEN
    }

    /// Whether no gate of it sends anything.
    pub fn is_empty(&self) -> bool {
        self.n_and == 0
    }
}

/// What a party does with tables.
pub enum Role<'t> {
    /// Writes them.
    Garble {
        /// The offset between the labels of a wire.
        delta: Label,
        /// Room for exactly the piece's tables.
        tables: &'t mut [u8],
    },
    /// Knows what the garbler knows and sends nothing.
    Follow {
        /// The offset between the labels of a wire.
        delta: Label,
    },
    /// Reads them.
    Evaluate {
        /// Exactly the piece's tables.
        tables: &'t [u8],
    },
}

impl Role<'_> {
    /// What complementing a wire adds to the label that this role holds.
    fn flip(&self) -> Label {
        match self {
            Self::Garble { delta, .. } | Self::Follow { delta } => *delta,
            Self::Evaluate { .. } => Label::ZERO,
        }
    }
}

/// The labels of a block's live wires, and room for gates taken together.
#[derive(Default)]
pub struct Wires {
    labels: Vec<Label>,
    lanes: usize,
    a: Vec<Label>,
    b: Vec<Label>,
    out: Vec<Label>,
}

impl Drop for Wires {
    fn drop(&mut self) {
        for labels in [&mut self.labels, &mut self.a, &mut self.b, &mut self.out] {
            zeroize::Zeroize::zeroize(labels);
        }
    }
}

impl Wires {
    /// Starts a block of `lanes` lanes; `input` gives the labels of the block's lanes for an input bit.
    pub fn load<'i>(&mut self, plan: &Plan, lanes: usize, input: impl Fn(usize) -> &'i [Label]) {
        self.lanes = lanes;
        wipe::resize(&mut self.labels, plan.n_slots * lanes, Label::ZERO);
        self.labels[..lanes].fill(Label::ZERO);
        for (bit, slot) in plan.inputs.iter().enumerate() {
            if let Some(slot) = *slot {
                self.labels[slot as usize * lanes..][..lanes].copy_from_slice(input(bit));
            }
        }
    }

    /// Ends a block; `output` takes the labels of bit `bit` of result `result`. `delta` is zero at the evaluator.
    pub fn store(
        &self,
        plan: &Plan,
        delta: Label,
        mut output: impl FnMut(usize, usize, &[Label], Label),
    ) {
        for (result, pins) in plan.outputs.iter().enumerate() {
            for (bit, pin) in pins.iter().enumerate() {
                let labels = &self.labels[pin.slot as usize * self.lanes..][..self.lanes];
                output(
                    result,
                    bit,
                    labels,
                    delta.select(Mask::public(pin.complement)),
                );
            }
        }
    }

    /// Walks a piece; `first` is the number of the block's first half gate.
    pub fn walk(&mut self, plan: &Plan, piece: &Piece, hash: Hash, first: u64, mut role: Role<'_>) {
        let lanes = self.lanes;
        let flip = role.flip();
        let flips = [Label::ZERO, flip];
        let mut n_done = 0;
        for step in &plan.steps[piece.steps.clone()] {
            match step {
                Step::Xor(wiring) => {
                    // Which of the two is public.
                    let d = &flips[usize::from(wiring.a.complement != wiring.b.complement)];
                    match lanes {
                        1 => {
                            let places = [wiring.a.slot, wiring.b.slot, wiring.out];
                            xor_at(&mut self.labels, places.map(|s| s as usize), d);
                        }
                        _ => self.xor(wiring, *d),
                    }
                }
                Step::Ands(ands) => {
                    let number = first + 2 * ((piece.first_and + n_done) * lanes) as u64;
                    let part =
                        n_done * lanes * TABLE_LEN..(n_done + ands.len()) * lanes * TABLE_LEN;
                    let role = match &mut role {
                        Role::Garble { delta, tables } => Role::Garble {
                            delta: *delta,
                            tables: &mut tables[part],
                        },
                        Role::Follow { delta } => Role::Follow { delta: *delta },
                        Role::Evaluate { tables } => Role::Evaluate {
                            tables: &tables[part],
                        },
                    };
                    match &ands[..] {
                        [one] if one.a.slot != one.b.slot => {
                            self.and(one, flip, number, hash, role)
                        }
                        many => self.and_many(many, flip, number, hash, role),
                    }
                    n_done += ands.len();
                }
            }
        }
    }

    fn xor(&mut self, wiring: &Wiring, d: Label) {
        let n = self.lanes;
        let [a, b, out] = [wiring.a.slot, wiring.b.slot, wiring.out]
            .map(|s| s as usize * n..(s as usize + 1) * n);
        if let Ok([a, b, out]) = self.labels.get_disjoint_mut([a, b, out.clone()]) {
            xor_labels(a, b, d, out);
        } else {
            // Both operands are one wire.
            self.labels[out].fill(d);
        }
    }

    /// One gate on all lanes, where the labels stand.
    fn and(&mut self, wiring: &Wiring, flip: Label, first: u64, hash: Hash, role: Role<'_>) {
        let n = self.lanes;
        let range = |s: u32| s as usize * n..(s as usize + 1) * n;
        let ranges = [
            range(wiring.a.slot),
            range(wiring.b.slot),
            range(wiring.out),
        ];
        if let Ok([a, b, out]) = self.labels.get_disjoint_mut(ranges) {
            let gates = Gates {
                first,
                a,
                b,
                flip: [
                    flip.select(Mask::public(wiring.a.complement)),
                    flip.select(Mask::public(wiring.b.complement)),
                ],
            };
            compute(hash, gates, out, role);
        }
    }

    /// Several gates on all lanes, brought together.
    fn and_many(&mut self, ands: &[Wiring], flip: Label, first: u64, hash: Hash, role: Role<'_>) {
        let n = self.lanes;
        for operands in [&mut self.a, &mut self.b] {
            operands.clear();
            wipe::reserve(operands, ands.len() * n);
        }
        for wiring in ands {
            for (pin, to) in [(wiring.a, &mut self.a), (wiring.b, &mut self.b)] {
                let d = flip.select(Mask::public(pin.complement));
                let from = &self.labels[pin.slot as usize * n..][..n];
                to.extend(from.iter().map(|&l| l ^ d));
            }
        }
        wipe::resize(&mut self.out, ands.len() * n, Label::ZERO);
        let gates = Gates {
            first,
            a: &self.a,
            b: &self.b,
            flip: [Label::ZERO; 2],
        };
        compute(hash, gates, &mut self.out, role);
        for (wiring, out) in ands.iter().zip(self.out.chunks(n)) {
            self.labels[wiring.out as usize * n..][..n].copy_from_slice(out);
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Numbers of half gates so far: a party runs in a thread of its own.
    static HALF_GATES: crate::prg::Drawn = crate::prg::Drawn::default();
}

fn compute(hash: Hash, gates: Gates<'_>, out: &mut [Label], role: Role<'_>) {
    #[cfg(test)]
    HALF_GATES.with(|used| used.note(0, gates.first..gates.first + 2 * gates.a.len() as u64));
    match role {
        Role::Garble { delta, tables } => {
            garble(hash, delta, gates, out, tables);
            #[cfg(test)]
            out.iter()
                .take(1)
                .for_each(|&zero| plant(Origin::Gate, zero));
        }
        Role::Follow { delta } => zero_labels(hash, delta, gates, out),
        Role::Evaluate { tables } => evaluate(hash, gates, tables, out),
    }
}

/// The labels that stand for bits: `zeros`, and `offset` more where a bit is one. `words` gives the bits of each run of `lanes` labels, 64 to a
/// word.
pub fn active<'w>(
    zeros: &[Label],
    offset: Label,
    lanes: usize,
    words: impl Iterator<Item = &'w [u64]>,
) -> Zeroizing<Vec<Label>> {
    let mut active = Zeroizing::new(zeros.to_vec());
    for (labels, words) in active.chunks_mut(lanes.max(1)).zip(words) {
        add_chosen(labels, offset, words);
    }
    active
}

/// Adds labels to those of lanes `from..from + lanes`, bit after bit.
pub fn add(to: &mut Labels, from: usize, lanes: usize, labels: &[Label]) {
    for (bit, labels) in labels.chunks_exact(lanes.max(1)).enumerate() {
        add_labels(&mut to.bit_mut(bit)[from..from + lanes], labels);
    }
}
