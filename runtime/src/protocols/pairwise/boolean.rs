//! XOR-AND circuits on bit-sliced XOR shares: the ANDs of a level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Goldreich, Micali, Wigderson (STOC 1987) with Beaver's triples (CRYPTO 1991, section 3).
//! - **Assumptions**: none beyond the triples', see `prepare`.
//! - **Cost**: two bits from every party to every other and one triple per AND and lane; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: operands are opened under uniform masks that are used once; a wrong message makes the result wrong.

use std::sync::Arc;

use smpcc_circuit::cost::Demand;

use super::pool::BitTriples;
use super::{Held, Pairwise, party};
use crate::bits::{Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Begun;
use crate::protocols::circuit::Circuit;
use crate::protocols::levels::{AndLevel, Level, Wires, block_lanes, walk};

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin(
    suite: &mut Pairwise,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Pairwise>, Error> {
    let count = (circuit.n_and as u64).saturating_mul(lanes as u64);
    let count = usize::try_from(Demand::bits(count))
        .map_err(|_| Error::machine("a value is larger than memory"))?;
    let sharing = suite.sharing.clone();
    let ands = Ands {
        triples: suite.pools.take_bits(count)?,
        per_block: circuit.n_and * block_lanes(&circuit, sharing.parts()),
    };
    // Masks are those of the triples.
    walk(&sharing, circuit, args, lanes, ands, &mut suite.numbers)
}

/// A level's ANDs: its operands are opened under the masks of triples, one for each AND and lane.
struct Ands {
    triples: BitTriples,
    /// Triples of a full block.
    per_block: usize,
}

impl Ands {
    /// The triple of the first lane of a level's first AND.
    fn first(&self, level: &Level<'_>, wires: &Wires) -> usize {
        level.block * self.per_block + level.before * wires.lanes()
    }
}

impl AndLevel for Ands {
    type Suite = Pairwise;
    /// The masked operands, x ⊕ a and y ⊕ b of one AND after the other.
    type State = Vec<u64>;

    fn numbers(&self, _stride: usize) -> usize {
        0
    }

    fn compute(
        &self,
        _suite: &Pairwise,
        level: &Level<'_>,
        wires: &mut Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes, first) = (wires.stride(), wires.lanes(), self.first(level, wires));
        masked.resize(2 * n * level.ands.len(), 0);
        let operands = masked.chunks_exact_mut((2 * n).max(1));
        for (i, (gate, masked)) in level.ands.iter().zip(operands).enumerate() {
            let at = first + i * lanes;
            let (d, e) = masked.split_at_mut(n);
            for (pin, mask, out) in [(gate.a, &self.triples.a, d), (gate.b, &self.triples.b, e)] {
                mask.read(at, lanes, out);
                let flip = level.flip(pin, 0);
                for (out, x) in out.iter_mut().zip(wires.slot(pin.slot)) {
                    *out ^= x ^ flip;
                }
            }
        }
        Ok(())
    }

    fn send(
        &self,
        suite: &Pairwise,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        for other in suite.others() {
            wire.send(party(other), |message| {
                let mut packer = Packer::new(message);
                for operand in masked.chunks_exact(n.max(1)) {
                    packer.push(operand, lanes);
                }
                packer.finish();
            })?;
            wire.expect(party(other), piece_len(level, lanes))?;
        }
        Ok(())
    }

    fn receive(
        &self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &mut Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        let mut theirs = vec![0; n];
        for other in suite.others() {
            let mut unpacker = Unpacker::new(wire.take(party(other), piece_len(level, lanes))?);
            for operand in masked.chunks_exact_mut(n.max(1)) {
                unpacker.pull(&mut theirs, lanes);
                operand.iter_mut().zip(&theirs).for_each(|(m, t)| *m ^= t);
            }
        }
        Ok(())
    }

    fn finish(
        &self,
        _suite: &Pairwise,
        level: &Level<'_>,
        wires: &mut Wires,
        opened: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes, first) = (wires.stride(), wires.lanes(), self.first(level, wires));
        let [mut a, mut b, mut c] = [vec![0; n], vec![0; n], vec![0; n]];
        let one = level.ones.first().copied().unwrap_or(0);
        let operands = opened.chunks_exact((2 * n).max(1));
        for (i, (gate, opened)) in level.ands.iter().zip(operands).enumerate() {
            let at = first + i * lanes;
            self.triples.a.read(at, lanes, &mut a);
            self.triples.b.read(at, lanes, &mut b);
            self.triples.c.read(at, lanes, &mut c);
            let (d, e) = opened.split_at(n);
            let out = wires.slot_mut(gate.out);
            let shares = a.iter().zip(b.iter().zip(&c));
            // xy = (d ⊕ a)(e ⊕ b) = c ⊕ d·b ⊕ e·a ⊕ d·e.
            for ((out, (d, e)), (a, (b, c))) in out.iter_mut().zip(d.iter().zip(e)).zip(shares) {
                *out = c ^ (d & b) ^ (e & a) ^ (d & e & one);
            }
        }
        Ok(())
    }
}

/// Bytes of a level's operands: two bits for each AND and lane.
fn piece_len(level: &Level<'_>, lanes: usize) -> usize {
    (2 * level.ands.len() * lanes).div_ceil(8)
}
