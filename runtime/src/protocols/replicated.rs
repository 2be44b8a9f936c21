//! Three parties, replicated secret sharing, at most one of them corrupt.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, garbled circuits, conversions between them; input, opening.
//! - **Adversary**: semi-honest, one of three parties.
//! - **Source**: Araki, Furukawa, Lindell, Nof, Ohara, "High-throughput semi-honest secure three-party computation with an honest
//!   majority" (CCS 2016), section 2; Mohassel, Rindal, "ABY3" (CCS 2018), section 5 for conversions; garbling
//!   after Mohassel, Rosulek, Zhang (CCS 2015), without its commitments.
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: replicated shares hold `(x_i, x_{i+1})` themselves rather than a masked form, as in ABY3.
//! - **Leakage and failure**: shapes and the schedule, which all know. A party that deviates can change results.
//!
//! Parties are 0, 1, 2. A value is the sum (mod 2^k, or bit by bit XOR) of components 0, 1, 2; party `i` holds
//! components `i` and `i + 1`, as parts 0 and 1 of its share. Key `c` is known to the two holders of component `c`, parties
//! `c` and `c − 1`.

use smpcc_circuit::program::{Domain, Node, Op, Program};

use super::circuit::Circuits;
use super::garbled::call;
use super::operands::{bits_of, block_range, in_ring, info, n_lanes, nth};
use super::sharing::{
    self, Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done, labels,
};
use super::{Batch, Begun, Check, Opened, Outcome, Pipeline, SemiHonest, Suite, Value};
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::Prg;
use crate::ring::{Elements, for_width};
use crate::session::Session;

mod arithmetic;
mod boolean;
mod convert;
mod input;
mod open;
#[cfg(test)]
pub(crate) mod tests;
mod yao;

/// Lanes per block of operations that take one message: 64-bit elements fill one frame of the transport.
const BLOCK: usize = 1 << 15;

/// The component that takes public constants.
const CONSTANT: usize = 0;

/// Components that a party holds.
const PARTS: usize = 2;

/// What the generator's streams are for; numbers in them are never used twice.
#[derive(Clone, Copy)]
enum Stream {
    /// Sharings of zero.
    Zero = 0,
    /// Components that two parties draw together.
    Component = 1,
}

/// One party of the suite: its keys and the numbers of what has been drawn from them.
pub struct Rep3 {
    me: usize,
    /// Keys `me` and `me + 1`.
    keys: [Prg; 2],
    /// The next unused number in every stream.
    next: u64,
    circuits: Circuits,
    yao: yao::Yao,
    scratch: [Vec<u64>; 2],
}

impl Rep3 {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let me = session.me().index();
        if session.n_parties() != 3 || me > 2 {
            return Err(Error::bug("replicated sharing is for three parties"));
        }
        let key = |with: usize| -> Result<Prg, Error> {
            let pair = session.pair_key(party(with))?;
            Ok(Prg::once(&pair.prg_key("rep3/component")))
        };
        Ok(Self {
            me,
            keys: [key(me + 2)?, key(me + 1)?],
            next: 0,
            circuits: Circuits::new(program),
            yao: yao::Yao::new(session)?,
            scratch: [Vec::new(), Vec::new()],
        })
    }

    /// Numbers for `words` words of randomness, the same at all parties. Each is used once.
    fn allocate(&mut self, words: usize) -> u64 {
        let first = self.next;
        self.next += words.div_ceil(2) as u64;
        first
    }

    /// The key of a component, at its two holders.
    fn key(&self, component: usize) -> Option<&Prg> {
        self.keys.get(part_of(self.me, component)?)
    }

    /// Words that the two holders of a component draw together; `None` at the third party.
    fn draw(&self, component: usize, number: u64, words: usize) -> Option<Vec<u64>> {
        let mut out = vec![0; words];
        self.key(component)?
            .fill_words(Stream::Component as u64, number, &mut out);
        Some(out)
    }

    /// What keys `me` and `me + 1` give for the same numbers: their difference over the parties is zero
    /// (Araki et al., section 2.2).
    fn zero_words(&mut self, number: u64, words: usize) -> [&mut [u64]; 2] {
        for (key, out) in self.keys.iter().zip(&mut self.scratch) {
            out.resize(out.len().max(words), 0);
            key.fill_words(Stream::Zero as u64, number, &mut out[..words]);
        }
        let [a, b] = &mut self.scratch;
        [&mut a[..words], &mut b[..words]]
    }

    /// The party after this one.
    fn next_party(&self) -> PartyId {
        party(self.me + 1)
    }

    /// The party before this one.
    fn previous_party(&self) -> PartyId {
        party(self.me + 2)
    }
}

/// Party `i` mod 3.
fn party(i: usize) -> PartyId {
    PartyId::new((i % 3) as u16)
}

/// Which part of a party's share is a component.
fn part_of(me: usize, component: usize) -> Option<usize> {
    let part = (component + 3 - me) % 3;
    (part < 2).then_some(part)
}

impl Suite for Rep3 {
    type Share = Share;
    type Threat = SemiHonest;
    type Evidence = ();

    fn cut(share: &Share, from: usize, lanes: usize) -> Share {
        sharing::cut(share, from, lanes)
    }

    fn put(whole: Option<Share>, lanes: usize, from: usize, block: &Share) -> Result<Share, Error> {
        sharing::put(whole, lanes, from, block)
    }

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn fold(&mut self, args: &[Held]) -> Result<Share, Error> {
        arithmetic::fold(&nth(args, 0)?, &nth(args, 1)?)
    }

    fn unfold(
        &mut self,
        _program: &Program,
        _node: &Node,
        sum: Share,
    ) -> Result<Begun<Self>, Error> {
        match sum {
            Share::Arithmetic(sum) => arithmetic::unfold(sum),
            Share::Boolean(_) | Share::Yao(_) => Err(Error::bug("a sum of bits or labels")),
        }
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        mut args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        let me = self.me;
        let result = |i| info(program, &node.results, i);
        let sharing = Sharing {
            parts: PARTS,
            constant: part_of(self.me, CONSTANT),
        };
        if let Some(share) = sharing.local(program, node, &mut args, |width, value| {
            Ok(self.yao.garbling.public(width, value))
        })? {
            return done(vec![share]);
        }
        match &node.op {
            Op::Input(id) => {
                let leaf = program.inputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an input is missing"))?;
                input::begin(me, leaf, result(0)?, input)
            }
            Op::Mul => {
                let (x, y) = (nth(&args, 0)?, nth(&args, 1)?);
                let n = arithmetic(&x)?.lanes();
                arithmetic::product(x, y, n)
            }
            Op::Dot { segments } => {
                let n = usize::try_from(*segments)
                    .map_err(|_| Error::machine("a value is larger than memory"))?;
                arithmetic::product(nth(&args, 0)?, nth(&args, 1)?, n)
            }
            Op::Call(id) => match result(0)?.domain {
                Domain::Boolean => {
                    let circuit = self.circuits.get(program, id.index())?;
                    boolean::begin(me, circuit, args, n_lanes(result(0)?)?)
                }
                Domain::Yao => {
                    let lanes = n_lanes(result(0)?)?;
                    call::call(self, program, id.index(), args, lanes)
                }
                Domain::Public | Domain::Arithmetic { .. } => {
                    Err(Error::bug("a circuit runs on Boolean shares or labels"))
                }
            },
            Op::Decompose => {
                let share = nth(&args, 0)?;
                let width = bits_of(result(0)?) as usize;
                match result(0)?.domain {
                    Domain::Yao => yao::decompose(me, &share, width),
                    Domain::Boolean | Domain::Public | Domain::Arithmetic { .. } => {
                        done(convert::decompose(me, arithmetic(&share)?, width))
                    }
                }
            }
            Op::RandomParts => {
                let (width, lanes) = (bits_of(result(0)?) as usize, n_lanes(result(0)?)?);
                done(convert::random_parts(self, width, lanes))
            }
            Op::Compose => convert::compose(me, args),
            Op::InjectBit => {
                let share = nth(&args, 0)?;
                let ring = bits_of(result(0)?);
                for_width!(ring, E => convert::inject_bit::<E>(me, share, ring))
            }
            Op::Reveal => {
                let width = result(0)?.scalar.width();
                open::begin(me, nth(&args, 0)?, width, [true; 3], None)
            }
            Op::Output(id) => {
                let leaf = program.outputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an output is missing"))?;
                let receives = std::array::from_fn(|p| leaf.receivers.contains(&(p as u32)));
                let value = nth(&args, 0)?;
                if let Value::Public(known) = &*value {
                    let known = receives[me].then(|| Opened::new(known.clone()));
                    return Ok(Begun::Done(Outcome::Output(*id, known)));
                }
                open::begin(me, value, leaf.scalar.width(), receives, Some(*id))
            }
            Op::BooleanToYao => yao::from_boolean(me, &nth(&args, 0)?),
            Op::YaoToBoolean => yao::to_boolean(nth(&args, 0)?),
            _ => Err(sharing::misplaced()),
        }
    }
}

/// An operation in blocks, begun; with nothing to do it still ends in order.
fn pipelined<B: super::Blocks<Rep3> + 'static>(blocks: B) -> Result<Begun<Rep3>, Error> {
    Pipeline::begun(blocks)
}
