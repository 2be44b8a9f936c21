//! XOR-AND circuits on bit-sliced shares: the ANDs of a level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: semi-honest, one of three parties; a malicious one up to an error that it adds to products, for which they are recorded
//!   (`settle`).
//! - **Source**: Araki et al. (CCS 2016), section 2.1, on plain replicated shares as in ABY3 (CCS 2018), section 3.3.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: one bit per party, AND and lane; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none; a wrong message makes the result wrong.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{Held, Protocols, Rep3, Stands, numbers_for};
use crate::bits::{Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Begun;
use crate::protocols::circuit::Circuit;
use crate::protocols::levels::{AndLevel, Level, Wires, walk};
use crate::simd::{SharedAnd, shared_and};

/// Words of each key that are drawn at a time, where an AND takes no more: they stay in a core's first cache.
const DRAWN: usize = 1 << 10;

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin<T: Stands>(
    suite: &mut Rep3<T>,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Rep3<T>>, Error>
where
    Rep3<T>: Protocols,
{
    let sharing = suite.sharing.clone();
    let ands = Ands(PhantomData);
    walk(&sharing, circuit, args, lanes, ands, &mut suite.numbers)
}

/// A level's ANDs: part 0 of the products is computed and sent, part 1 comes.
struct Ands<T>(PhantomData<T>);

impl<T: Stands> AndLevel for Ands<T>
where
    Rep3<T>: Protocols,
{
    type Suite = Rep3<T>;
    type State = T::Drawn;

    fn numbers(&self, stride: usize) -> usize {
        numbers_for(stride)
    }

    fn compute(
        &self,
        suite: &Rep3<T>,
        level: &Level<'_>,
        wires: &mut Wires,
        drawn: &mut T::Drawn,
    ) -> Result<(), Error> {
        let n = wires.stride().max(1);
        let run = (DRAWN / n).max(1);
        let room = n * run.min(level.ands.len());
        let (mut plus, mut minus) = (vec![0; room], vec![0; room]);
        for (r, ands) in level.ands.chunks(run).enumerate() {
            let number = level.number + (r * run * self.numbers(n)) as u64;
            let words = ..n * ands.len();
            suite.zero_words(number, &mut plus[words], &mut minus[words]);
            let alphas = plus.chunks_exact_mut(n).zip(minus.chunks_exact(n));
            for (gate, (z, minus)) in ands.iter().zip(alphas) {
                T::keep(drawn, z, minus);
                // z_i = x_i y_i ⊕ x_i y_{i+1} ⊕ x_{i+1} y_i ⊕ α_i.
                let and = SharedAnd {
                    a: wires.slot(gate.a.slot).split_at(n).into(),
                    b: wires.slot(gate.b.slot).split_at(n).into(),
                    flip_a: [0, 1].map(|part| level.flip(gate.a, part)),
                    flip_b: [0, 1].map(|part| level.flip(gate.b, part)),
                };
                shared_and(and, minus, z);
                wires.slot_mut(gate.out)[..n].copy_from_slice(z);
            }
        }
        Ok(())
    }

    fn send(
        &self,
        suite: &Rep3<T>,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &Wires,
        _drawn: &mut T::Drawn,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        wire.send(suite.previous_party(), |message| {
            let mut packer = Packer::new(message);
            for gate in level.ands {
                packer.push(&wires.slot(gate.out)[..n], lanes);
            }
            packer.finish();
        })?;
        wire.expect(suite.next_party(), (level.ands.len() * lanes).div_ceil(8))
    }

    fn receive(
        &self,
        suite: &mut Rep3<T>,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &mut Wires,
        drawn: &mut T::Drawn,
    ) -> Result<(), Error> {
        let (n, lanes) = (wires.stride(), wires.lanes());
        let len = (level.ands.len() * lanes).div_ceil(8);
        let mut unpacker = Unpacker::new(wire.take(suite.next_party(), len)?);
        for gate in level.ands {
            unpacker.pull(&mut wires.slot_mut(gate.out)[n..], lanes);
        }
        T::record(&mut suite.ledger, level, wires, drawn);
        Ok(())
    }
}
