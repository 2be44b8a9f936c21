//! XOR-AND circuits on authenticated bits: the ANDs of a level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: malicious, either party, with abort, once MACs are compared (`macs`).
//! - **Source**: Nielsen et al. (CRYPTO 2012), section 3, with Beaver's triples (CRYPTO 1991, section 3).
//! - **Assumptions**: none beyond the triples', see `triples`.
//! - **Cost**: two bits from each party and one triple per AND and lane; one round per AND level.
//! - **Departures from the paper**: for MACs of a level's bits one weighted sum of them is compared (`weights`).
//! - **Leakage and failure**: operands are opened under uniform masks that are used once; a party that opens another bit than its own is
//!   noticed before anything else is opened.

use std::sync::Arc;

use smpcc_circuit::cost::Demand;

use super::pool::Run;
use super::{Authenticated, MAC, PARTS};
use crate::bits::{Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Begun;
use crate::protocols::circuit::Circuit;
use crate::protocols::levels::{AndLevel, Level, Wires, block_lanes, walk};
use crate::protocols::sharing::Held;
use crate::simd::field::mul;

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin(
    suite: &mut Authenticated,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Authenticated>, Error> {
    let count = (circuit.n_and as u64).saturating_mul(lanes as u64);
    let words = usize::try_from(Demand::words(count) / 64)
        .map_err(|_| Error::machine("a value is larger than memory"))?;
    let ands = Ands {
        triples: suite.pools.triples.take(words)?,
        per_block: circuit.n_and * block_lanes(&circuit, PARTS),
    };
    let sharing = suite.sharing.clone();
    // Masks are those of the triples.
    walk(&sharing, circuit, args, lanes, ands, &mut suite.numbers)
}

/// A level's ANDs: its operands are opened under the masks of triples, one for each AND and lane.
struct Ands {
    triples: Run,
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
    type Suite = Authenticated;
    /// All parts of the masked operands, x ⊕ a and y ⊕ b of one AND after the other; their bits become what is opened.
    type State = Vec<u64>;

    fn numbers(&self, _stride: usize) -> usize {
        0
    }

    fn compute(
        &self,
        _suite: &Authenticated,
        level: &Level<'_>,
        wires: &mut Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes, first) = (wires.stride(), wires.lanes(), self.first(level, wires));
        let tail = u64::MAX >> (n * 64 - lanes).min(63);
        masked.resize(2 * PARTS * n * level.ands.len(), 0);
        let operands = masked.chunks_exact_mut((PARTS * n).max(1));
        let pins = level
            .ands
            .iter()
            .flat_map(|gate| [(gate.a, 0), (gate.b, 1)]);
        for (i, ((pin, of), out)) in pins.zip(operands).enumerate() {
            self.triples
                .read(of * PARTS, first + i / 2 * lanes, lanes, out);
            for (out, x) in out.iter_mut().zip(wires.slot(pin.slot)) {
                *out ^= x;
            }
            if pin.complement && n == 1 {
                out.iter_mut()
                    .zip(level.ones)
                    .for_each(|(out, one)| *out ^= one);
            } else if pin.complement {
                for (out, one) in out.chunks_exact_mut(n.max(1)).zip(level.ones) {
                    out.iter_mut().for_each(|out| *out ^= one);
                }
            }
            if tail < u64::MAX {
                for out in out.chunks_exact_mut(n.max(1)) {
                    out[n - 1] &= tail;
                }
            }
        }
        Ok(())
    }

    fn send(
        &self,
        suite: &Authenticated,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        wire.send(suite.other(), |message| {
            let mut packer = Packer::new(message);
            for operand in masked.chunks_exact((PARTS * n).max(1)) {
                packer.push(&operand[..n], lanes);
            }
            packer.finish();
        })?;
        wire.expect(suite.other(), piece_len(level, lanes))
    }

    fn receive(
        &self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &mut Wires,
        masked: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        let mut theirs = vec![0; 2 * level.ands.len() * n];
        let mut unpacker = Unpacker::new(wire.take(suite.other(), piece_len(level, lanes))?);
        let operands = masked.chunks_exact_mut((PARTS * n).max(1));
        for (operand, theirs) in operands.zip(theirs.chunks_exact_mut(n.max(1))) {
            unpacker.pull(theirs, lanes);
            operand.iter_mut().zip(theirs).for_each(|(o, t)| *o ^= *t);
        }
        let operands = || masked.chunks_exact((PARTS * n).max(1));
        let opened: Vec<u64> = operands().flat_map(|o| &o[..n]).copied().collect();
        let weights = suite.macs.weights(&opened);
        let macs = operands().map(|operand| &operand[n..(1 + MAC) * n]);
        let keys = operands().map(|operand| &operand[(1 + MAC) * n..]);
        let said = weights.of_columns(n, macs);
        // A key is that of zero.
        let heard = weights.of_columns(n, keys);
        let ones = mul(suite.delta.whole.0, weights.of_bits(&theirs));
        suite.macs.note(said, heard ^ ones);
        Ok(())
    }

    fn finish(
        &self,
        _suite: &Authenticated,
        level: &Level<'_>,
        wires: &mut Wires,
        opened: &mut Vec<u64>,
    ) -> Result<(), Error> {
        let (n, lanes, first) = (wires.stride(), wires.lanes(), self.first(level, wires));
        let [mut a, mut b] = [vec![0; PARTS * n], vec![0; PARTS * n]];
        let operands = opened.chunks_exact((2 * PARTS * n).max(1));
        for (i, (gate, opened)) in level.ands.iter().zip(operands).enumerate() {
            let at = first + i * lanes;
            let (d, e) = (&opened[..n], &opened[PARTS * n..(PARTS + 1) * n]);
            let out = wires.slot_mut(gate.out);
            self.triples.read(0, at, lanes, &mut a);
            self.triples.read(PARTS, at, lanes, &mut b);
            self.triples.read(2 * PARTS, at, lanes, out);
            // xy = (d ⊕ a)(e ⊕ b) = c ⊕ d·b ⊕ e·a ⊕ d·e.
            if let ([d], [e]) = (d, e) {
                // The usual block: one word of lanes.
                let parts = a.iter().zip(&b).zip(level.ones);
                for (out, ((a, b), one)) in out.iter_mut().zip(parts) {
                    *out ^= (d & b) ^ (e & a) ^ (d & e & one);
                }
                continue;
            }
            let parts = a.chunks_exact(n).zip(b.chunks_exact(n)).zip(level.ones);
            for (out, ((a, b), one)) in out.chunks_exact_mut(n.max(1)).zip(parts) {
                let opened = d.iter().zip(e);
                for ((out, (d, e)), (a, b)) in out.iter_mut().zip(opened).zip(a.iter().zip(b)) {
                    *out ^= (d & b) ^ (e & a) ^ (d & e & one);
                }
            }
        }
        Ok(())
    }
}

/// Bytes of a level's operands: two bits for each AND and lane.
fn piece_len(level: &Level<'_>, lanes: usize) -> usize {
    (2 * level.ands.len() * lanes).div_ceil(8)
}
