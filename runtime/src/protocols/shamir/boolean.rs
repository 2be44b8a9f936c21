//! XOR-AND circuits on bit-sliced shares: the ANDs of a level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: [`super::multiply`] over the field with 2^d elements; XOR and complement are local.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: per AND level that of one product of bits per AND and lane, all of them in one message.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::sync::Arc;

use smpcc_circuit::value::Word;

use super::coefficients::Sliced;
use super::deal::Layout;
use super::multiply::{Multiply, Portion, Way};
use super::{Bgw, Held};
use crate::bits::words_for;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Begun;
use crate::protocols::circuit::Circuit;
use crate::protocols::levels::{AndLevel, Level, Wires, block_lanes, walk};
use crate::protocols::slots::Pin;

/// Calls a circuit over the lanes of its operands, with so many groups of random sharings.
pub(super) fn begin(
    suite: &mut Bgw,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
    groups: u64,
) -> Result<Begun<Bgw>, Error> {
    let (sharing, d) = (suite.sharing.clone(), suite.geometry.d);
    let ands = Ands {
        d,
        way: Way::new(suite, 1, groups)?,
        per_block: circuit.n_and * words_for(block_lanes(&circuit, d)),
    };
    walk(&sharing, circuit, args, lanes, ands, &mut suite.numbers)
}

/// A level's ANDs: one product of all of them.
struct Ands {
    d: usize,
    way: Way<Sliced>,
    /// Words of products of a full block.
    per_block: usize,
}

impl Ands {
    /// All products of a level, one unit each.
    fn layout(level: &Level<'_>, wires: &Wires) -> Layout {
        Layout {
            total: level.ands.len() * wires.stride(),
            unit: wires.stride(),
            format: wires.lanes(),
        }
    }
}

impl AndLevel for Ands {
    type Suite = Bgw;
    type State = Multiply<Sliced>;

    fn n_phases(&self) -> u32 {
        self.way.n_phases()
    }

    fn numbers(&self, stride: usize) -> usize {
        let one = Layout {
            total: stride,
            unit: stride,
            format: 64 * stride,
        };
        self.way.numbers(one, self.d)
    }

    fn compute(
        &self,
        suite: &Bgw,
        level: &Level<'_>,
        wires: &mut Wires,
        product: &mut Multiply<Sliced>,
    ) -> Result<(), Error> {
        if level.phase > 0 {
            return Ok(());
        }
        let layout = Self::layout(level, wires);
        let mut shares = Vec::new();
        if let Some(form) = &suite.geometry.product {
            shares.reserve(layout.total);
            let operand = |pin: Pin| (wires.slot(pin.slot), level.flip(pin, 0));
            for gate in level.ands {
                let (a, b, n) = (operand(gate.a), operand(gate.b), wires.stride());
                match self.d {
                    2 => and_words::<2>(form, n, a, b, &mut shares),
                    3 => and_words::<3>(form, n, a, b, &mut shares),
                    4 => and_words::<4>(form, n, a, b, &mut shares),
                    _ => and_words::<5>(form, n, a, b, &mut shares),
                }
            }
        }
        let portion = Portion {
            number: level.number,
            sharing: level.block * self.per_block + level.before * wires.stride(),
        };
        product.start(suite, &self.way, portion, layout, shares)
    }

    fn send(
        &self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        _wires: &Wires,
        product: &mut Multiply<Sliced>,
    ) -> Result<(), Error> {
        product.send(suite, wire, &self.way, level.phase)
    }

    fn receive(
        &self,
        suite: &mut Bgw,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        _wires: &mut Wires,
        product: &mut Multiply<Sliced>,
    ) -> Result<(), Error> {
        product.receive(suite, wire, &self.way, level.phase)
    }

    fn finish(
        &self,
        suite: &Bgw,
        level: &Level<'_>,
        wires: &mut Wires,
        product: &mut Multiply<Sliced>,
    ) -> Result<(), Error> {
        product.finish(suite, &self.way);
        let n = self.d * wires.stride();
        for (gate, shares) in level
            .ands
            .iter()
            .zip(product.batch.shares.chunks_exact(n.max(1)))
        {
            wires.slot_mut(gate.out).copy_from_slice(shares);
        }
        Ok(())
    }
}

/// `Σ form[a + b] · x_a · y_b` bit by bit, for coordinates of `n` words; a flip complements coordinate 0.
fn and_words<const D: usize>(
    form: &[Word],
    n: usize,
    (x, flip_x): (&[u64], u64),
    (y, flip_y): (&[u64], u64),
    out: &mut Vec<u64>,
) {
    let mut weights = [0u64; 9];
    for (weight, word) in weights.iter_mut().zip(form) {
        *weight = if word & 1 == 1 { u64::MAX } else { 0 };
    }
    let part = |words: &[u64], a: usize| -> std::ops::Range<usize> {
        let end = ((a + 1) * n).min(words.len());
        (a * n).min(end)..end
    };
    let x: [&[u64]; D] = std::array::from_fn(|a| &x[part(x, a)]);
    let y: [&[u64]; D] = std::array::from_fn(|b| &y[part(y, b)]);
    out.extend((0..n).map(|i| {
        let mut sum = 0;
        for a in 0..D {
            let mut row = 0;
            for b in 0..D {
                let y = if b == 0 { y[0][i] ^ flip_y } else { y[b][i] };
                row ^= weights[a + b] & y;
            }
            let x = if a == 0 { x[0][i] ^ flip_x } else { x[a][i] };
            sum ^= x & row;
        }
        sum
    }));
}
