//! XOR-AND circuits on bit-sliced shares: the ANDs of a level.
//!
//! - **Functionality**: a template's outputs on every lane.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort (`passing`).
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 4.2, mod 2.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: six bits per AND and lane, two from each of parties 0 and 1, one from each of the others; one round per AND level.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: what is sent is uniform to its receiver (`pairs`).

use std::sync::Arc;

use super::pairs::{ALL, DRAWN, Part, part};
use super::passing::{CHUNK, chunks, hear, say};
use super::{Adversary, Begun, Held, PARTS, Rep4, numbers_for};
use crate::bits::{Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::circuit::Circuit;
use crate::protocols::levels::{AndLevel, Level, Wires, walk};
use crate::simd::{SharedAnd, pair_and};
use std::marker::PhantomData;

/// Words of a chunk of lanes.
const WORDS: usize = CHUNK / 64;

/// Calls a circuit over the lanes of its operands.
pub(super) fn begin<T: Adversary + Send + Sync + 'static>(
    suite: &mut Rep4<T>,
    circuit: Arc<Circuit>,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<Rep4<T>>, Error> {
    let sharing = suite.sharing.clone();
    walk(
        &sharing,
        circuit,
        args,
        lanes,
        Ands(PhantomData),
        &mut suite.numbers,
    )
}

struct Ands<T>(PhantomData<T>);

/// What a block sends of a level, AND by AND: of each pair that the party knows.
#[derive(Default)]
struct Rest([Vec<u64>; PARTS]);

/// The words of a chunk of lanes among those of a wire.
fn words(lanes: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    lanes.start / 64..lanes.end.div_ceil(64)
}

impl<T: Adversary + Send + Sync + 'static> AndLevel for Ands<T> {
    type Suite = Rep4<T>;
    type State = Rest;

    /// Blocks are cut where messages are.
    fn unit(&self) -> usize {
        WORDS
    }

    fn numbers(&self, stride: usize) -> usize {
        numbers_for(stride)
    }

    fn compute(
        &self,
        suite: &Rep4<T>,
        level: &Level<'_>,
        wires: &mut Wires,
        Rest(rest): &mut Rest,
    ) -> Result<(), Error> {
        let n = wires.stride().max(1);
        for rest in rest.iter_mut() {
            rest.resize(n * level.ands.len(), 0);
        }
        let run = (DRAWN / n).max(1);
        let room = n * run.min(level.ands.len());
        let mut drawn = vec![0; room];
        let mut z = vec![0; PARTS * room];
        for (r, ands) in level.ands.chunks(run).enumerate() {
            let number = level.number + (r * run * self.numbers(n)) as u64;
            let z = &mut z[..PARTS * n * ands.len()];
            for (gate, z) in ands.iter().zip(z.chunks_exact_mut(PARTS * n)) {
                let (a, b) = (wires.slot(gate.a.slot), wires.slot(gate.b.slot));
                for (p, z) in z.chunks_exact_mut(n).enumerate() {
                    let part = p * n..(p + 1) * n;
                    let flips = [level.flip(gate.a, p), level.flip(gate.b, p)];
                    for ((z, a), b) in z.iter_mut().zip(&a[part.clone()]).zip(&b[part]) {
                        *z = (a ^ flips[0]) & (b ^ flips[1]);
                    }
                }
            }
            for pair in ALL {
                let (of, part) = part(suite.me, pair);
                if matches!(part, Part::Gets { .. }) {
                    continue;
                }
                let drawn = &mut drawn[..n * ands.len()];
                suite.key(of.j)?.fill_words(pair as u64, number, drawn);
                let gates = ands.iter().zip(z.chunks_exact_mut(PARTS * n));
                let gates = gates.zip(drawn.chunks_exact(n)).enumerate();
                for (g, ((gate, z), drawn)) in gates {
                    match part {
                        Part::Knows { i, j, known } => {
                            let at = (r * run + g) * n;
                            let (a, b) = (wires.slot(gate.a.slot), wires.slot(gate.b.slot));
                            let of = |v: usize| v * n..(v + 1) * n;
                            let and = SharedAnd {
                                a: [&a[of(i)], &a[of(j)]],
                                b: [&b[of(i)], &b[of(j)]],
                                flip_a: [level.flip(gate.a, i), level.flip(gate.a, j)],
                                flip_b: [level.flip(gate.b, i), level.flip(gate.b, j)],
                            };
                            let rest = &mut rest[known][at..at + n];
                            let z = z.get_disjoint_mut([of(i), of(j)]);
                            let z = z.map_err(|_| Error::bug("a pair of one part"))?;
                            pair_and(and, drawn, rest, z);
                        }
                        Part::Adds { j } => {
                            let z = &mut z[j * n..(j + 1) * n];
                            z.iter_mut().zip(drawn).for_each(|(z, r)| *z ^= r);
                        }
                        Part::Gets { .. } => {}
                    }
                }
            }
            for (gate, z) in ands.iter().zip(z.chunks_exact(PARTS * n)) {
                wires.slot_mut(gate.out)[..PARTS * n].copy_from_slice(z);
            }
        }
        Ok(())
    }

    fn send(
        &self,
        suite: &Rep4<T>,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &Wires,
        Rest(rest): &mut Rest,
    ) -> Result<(), Error> {
        let n = wires.stride();
        for lanes in chunks(0..wires.lanes()) {
            let (words, lanes) = (words(&lanes), lanes.len());
            let len = (level.ands.len() * lanes).div_ceil(8);
            for pair in ALL {
                let (of, part) = part(suite.me, pair);
                let known = match part {
                    Part::Knows { known, .. } => known,
                    Part::Gets { .. } => 0,
                    Part::Adds { .. } => continue,
                };
                let rest = &rest[known];
                let words = words.clone();
                say(suite, wire, of.route, len, |out| {
                    let mut packer = Packer::new(out);
                    for wire in rest.chunks_exact(n) {
                        packer.push(&wire[words.clone()], lanes);
                    }
                    packer.finish();
                })?;
            }
        }
        Ok(())
    }

    fn receive(
        &self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        level: &Level<'_>,
        wires: &mut Wires,
        _rest: &mut Rest,
    ) -> Result<(), Error> {
        let n = wires.stride();
        for lanes in chunks(0..wires.lanes()) {
            let (words, lanes) = (words(&lanes), lanes.len());
            let len = (level.ands.len() * lanes).div_ceil(8);
            for pair in ALL {
                let (of, Part::Gets { i }) = part(suite.me, pair) else {
                    continue;
                };
                hear(suite, wire, of.route, len, |bytes| {
                    let mut unpacker = Unpacker::new(bytes);
                    let mut came = [0; WORDS];
                    for gate in level.ands {
                        let came = &mut came[..words.len()];
                        unpacker.pull(came, lanes);
                        let z = &mut wires.slot_mut(gate.out)[i * n..(i + 1) * n];
                        let z = z[words.clone()].iter_mut();
                        z.zip(came).for_each(|(z, came)| *z ^= *came);
                    }
                })?;
            }
        }
        Ok(())
    }
}
