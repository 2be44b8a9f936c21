//! Shared bits lane by lane, with their MACs and keys as labels, and walks through a circuit on whatever is linear.
//!
//! Shares stand in columns of bits; labels are rows. What garbling needs of a share goes over here, and back.

use std::ops::BitXor;

use zeroize::{DefaultIsZeroes, Zeroizing};

use crate::block::Label;
use crate::mask::Mask;
use crate::protocols::authenticated::{MAC, PARTS};
use crate::protocols::garbled::{Plan, Step};
use crate::protocols::sharing::Boolean;
use crate::protocols::slots::{Pin, Wiring};
use crate::simd::columns::{ROWS, add_chosen, transpose, transpose_rows};
use crate::wipe;

/// One lane of a shared bit, at one party.
#[derive(Clone, Copy, Default)]
pub(super) struct Row {
    /// This party's bit, as a mask.
    pub(super) bit: u64,
    /// Its MAC: the other party's key, and the other's Δ where the bit is one.
    pub(super) mac: Label,
    /// This party's key for the other's bit, and its own Δ where its own bit is one. Together with the other's MAC this is Δ times the
    /// shared bit.
    pub(super) half: Label,
}

impl DefaultIsZeroes for Row {}

impl BitXor for Row {
    type Output = Self;
    fn bitxor(self, other: Self) -> Self {
        Self {
            bit: self.bit ^ other.bit,
            mac: self.mac ^ other.mac,
            half: self.half ^ other.half,
        }
    }
}

impl Row {
    /// This share where the bit is one, else that of zero.
    pub(super) fn select(self, bit: Mask) -> Self {
        Self {
            bit: self.bit & bit.word(),
            mac: self.mac.select(bit),
            half: self.half.select(bit),
        }
    }

    /// The share of this bit and a public one; `constant` says whether this party's bit takes it.
    pub(super) fn add(self, public: Mask, delta: Label, constant: bool) -> Self {
        Self {
            bit: self.bit ^ public.word() & Mask::public(constant).word(),
            half: self.half ^ delta.select(public),
            ..self
        }
    }
}

/// Appends `n` lanes of [`PARTS`] columns, each in as few words as hold them.
pub(super) fn append(columns: &[u64], n: usize, delta: Label, rows: &mut Vec<Row>) {
    let stride = n.div_ceil(64);
    let blocks = n.div_ceil(ROWS);
    let room = || Zeroizing::new(vec![Label::ZERO; ROWS * blocks]);
    let (mut squares, mut macs, mut keys) = (room(), room(), room());
    for (first, turned) in [(1, &mut macs), (1 + MAC, &mut keys)] {
        let columns = columns[first * stride..].chunks_exact(stride.max(1));
        for (squares, column) in squares.chunks_exact_mut(blocks.max(1)).zip(columns) {
            for (label, words) in squares.iter_mut().zip(column.chunks(2)) {
                let high = words.get(1).copied().unwrap_or(0);
                *label = Label(u128::from(words[0]) | u128::from(high) << 64);
            }
        }
        transpose(&squares, turned);
    }
    let bits = &columns[..stride];
    add_chosen(&mut keys[..n], delta, bits);
    wipe::reserve(rows, n);
    let both = macs.iter().zip(keys.iter()).take(n);
    rows.extend(both.enumerate().map(|(i, (&mac, &half))| Row {
        bit: Mask::at(bits, i).word(),
        mac,
        half,
    }));
}

/// Puts lanes from `from` on in their place in one bit of a share, which is zero there: from the start of a word on, or within one.
pub(super) fn put(rows: &[Row], delta: Label, (share, bit): (&mut Boolean, usize), from: usize) {
    /// Lanes at a time.
    const LANES: usize = 4 * ROWS;
    let zeros = || {
        Zeroizing::new(vec![
            Label::ZERO;
            rows.len().min(LANES).next_multiple_of(ROWS)
        ])
    };
    let (mut macs, mut keys, mut columns) = (zeros(), zeros(), zeros());
    for (i, rows) in rows.chunks(LANES).enumerate() {
        let (at, shift) = ((from + LANES * i) / 64, from % 64);
        let words = rows.len().div_ceil(64);
        let blocks = rows.len().div_ceil(ROWS);
        let mut bits = [0; LANES / 64];
        for (i, row) in rows.iter().enumerate() {
            bits[i / 64] |= (row.bit & 1) << (i % 64);
            macs[i] = row.mac;
            keys[i] = row.half;
        }
        // Nothing beyond the last lane.
        for rest in [&mut macs, &mut keys] {
            rest[rows.len()..].fill(Label::ZERO);
        }
        add_chosen(&mut keys[..rows.len()], delta, &bits);
        let own = &mut share.part[0].bit_mut(bit)[at..at + words];
        own.iter_mut()
            .zip(bits)
            .for_each(|(out, word)| *out |= word << shift);
        for (first, square) in [(1, &macs), (1 + MAC, &keys)] {
            let columns = &mut columns[..ROWS * blocks];
            transpose_rows(&square[..ROWS * blocks], columns);
            let parts = share.part[first..first + MAC].iter_mut();
            for (part, column) in parts.zip(columns.chunks_exact(blocks)) {
                let out = &mut part.bit_mut(bit)[at..at + words];
                for (out, column) in out.chunks_mut(2).zip(column) {
                    let both = [column.0 as u64, (column.0 >> 64) as u64];
                    out.iter_mut()
                        .zip(both)
                        .for_each(|(out, word)| *out |= word << shift);
                }
            }
        }
    }
}

/// The columns of one bit of a share, as [`append`] takes them: lanes from the start of a word on, or within one.
pub(super) fn columns(share: &Boolean, bit: usize, from: usize, n: usize, out: &mut Vec<u64>) {
    out.clear();
    let words = from / 64..from / 64 + n.div_ceil(64);
    let parts = share.part.iter().take(PARTS);
    wipe::reserve(out, PARTS * words.len());
    parts.for_each(|part| {
        out.extend(
            part.bit(bit)[words.clone()]
                .iter()
                .map(|w| w >> (from % 64)),
        )
    });
}

/// The live wires of a circuit on some lanes.
pub(super) struct Walk<T: DefaultIsZeroes> {
    lanes: usize,
    wires: Zeroizing<Vec<T>>,
    a: Zeroizing<Vec<T>>,
    b: Zeroizing<Vec<T>>,
    out: Zeroizing<Vec<T>>,
}

impl<T: DefaultIsZeroes + BitXor<Output = T>> Walk<T> {
    /// From the inputs that the circuit uses, one after the other, all lanes of each.
    pub(super) fn new(plan: &Plan, lanes: usize, inputs: &[T]) -> Self {
        let mut wires = Zeroizing::new(vec![T::default(); plan.n_slots * lanes]);
        let used = plan.inputs.iter().flatten();
        for (&slot, input) in used.zip(inputs.chunks_exact(lanes.max(1))) {
            wires[slot as usize * lanes..][..lanes].copy_from_slice(input);
        }
        let empty = || Zeroizing::new(Vec::new());
        let (a, b, out) = (empty(), empty(), empty());
        Self {
            lanes,
            wires,
            a,
            b,
            out,
        }
    }

    /// All gates: `ands` makes results of ANDs from operands, with the place of the first among all ANDs on all lanes; `flip` is what a complement adds.
    pub(super) fn run(
        &mut self,
        plan: &Plan,
        flip: T,
        mut ands: impl FnMut(usize, &[T], &[T], &mut [T]),
    ) {
        let n = self.lanes;
        let mut done = 0;
        for step in &plan.steps {
            match step {
                Step::Xor(wiring) => self.xor(wiring, flip),
                Step::Ands(list) => {
                    self.a.clear();
                    self.b.clear();
                    for (operands, pin) in [(&mut self.a, true), (&mut self.b, false)] {
                        wipe::reserve(operands, list.len() * n);
                        for wiring in list {
                            let pin = if pin { wiring.a } else { wiring.b };
                            let d = if pin.complement { flip } else { T::default() };
                            let wire = &self.wires[pin.slot as usize * n..][..n];
                            operands.extend(wire.iter().map(|&x| x ^ d));
                        }
                    }
                    wipe::resize(&mut self.out, list.len() * n, T::default());
                    let out = &mut self.out[..list.len() * n];
                    ands(done * n, &self.a, &self.b, out);
                    for (wiring, out) in list.iter().zip(out.chunks_exact(n.max(1))) {
                        self.wires[wiring.out as usize * n..][..n].copy_from_slice(out);
                    }
                    done += list.len();
                }
            }
        }
    }

    fn xor(&mut self, wiring: &Wiring, flip: T) {
        let n = self.lanes;
        let range = |slot: u32| slot as usize * n..(slot as usize + 1) * n;
        let complement = wiring.a.complement != wiring.b.complement;
        let d = if complement { flip } else { T::default() };
        let [a, b, out] = [wiring.a.slot, wiring.b.slot, wiring.out].map(range);
        if let Ok([a, b, out]) = self.wires.get_disjoint_mut([a, b, out.clone()]) {
            for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b.iter())) {
                *out = a ^ b ^ d;
            }
        } else {
            // Both operands are one wire.
            self.wires[out].fill(d);
        }
    }

    /// All lanes of a wire, without its complement.
    pub(super) fn wire(&self, pin: Pin) -> &[T] {
        &self.wires[pin.slot as usize * self.lanes..][..self.lanes]
    }
}
