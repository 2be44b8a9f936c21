//! Three parties or more, Shamir's sharing over Galois rings, fewer than half of the parties corrupt.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, conversions between them; input, opening.
//! - **Adversary**: semi-honest, t of n parties, 2t < n.
//! - **Source**: Ben-Or, Goldwasser, Wigderson (STOC 1988); multiplication after Gennaro, Rabin, Rabin (PODC 1998), figure 2; the
//!   ring GR(2^k, d) after Abspoel, Cramer, Damgård, Escudero, Yuan (TCC 2019), sections 3 and 4.
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: shared values are integers mod 2^k (or bits) and not all of GR(2^k, d); coefficient 0 of a
//!   Lagrange-weighted share is then an additive share of the value, which is what is re-shared, converted and opened.
//! - **Leakage and failure**: shapes and the schedule, which all know. A party that deviates can change results.
//!
//! Party `i` (0-based) holds the value at point `i + 1` of a polynomial of degree t over GR(2^k, d), d coordinates each; the value at 0
//! is the shared integer. Boolean values are the same with k = 1: per bit d planes, 64 lanes to a word. Public constants are constant
//! polynomials; they are only ever opened after something was added that was dealt.

use std::collections::BTreeMap;

use smpcc_circuit::cost::{self, Demand};
use smpcc_circuit::program::{Domain, Node, Op, Program};

use super::circuit::Circuits;
use super::operands::{bits_of, block_range, in_ring, info, n_lanes, nth};
use super::sharing::{self, Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done};
use super::{
    Batch, Begun, Check, Opened, Outcome, Pipeline, Preparation, SemiHonest, Suite, Value,
};
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::{Elements, for_width};
use crate::session::Session;

mod arithmetic;
mod boolean;
mod coefficients;
mod convert;
mod deal;
mod galois;
mod geometry;
mod input;
mod multiply;
mod open;
mod random;
#[cfg(test)]
mod tests;
mod vector;

use geometry::Geometry;
use random::Pools;

/// Lanes per block of operations that take one message.
const BLOCK: usize = 1 << 14;

/// One party of the suite: its constants, its keys and the numbers of what has been drawn from them.
pub struct Bgw {
    geometry: Geometry,
    /// By party; none at this party's place.
    keys: Vec<Option<Prg>>,
    /// Nobody else's.
    own: Prg,
    /// The next unused number in every stream.
    next: u64,
    circuits: Circuits,
    pools: Pools,
    /// Groups of random sharings by circuit and lanes.
    known_groups: BTreeMap<(usize, u64), u64>,
}

impl Bgw {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let (me, n) = (session.me().index(), session.n_parties());
        let d = smpcc_circuit::cost::extension_degree(program.n_parties) as usize;
        if n != program.n_parties as usize {
            return Err(Error::bug("the links are those of another run"));
        }
        let key = |other: PartyId| -> Result<Option<Prg>, Error> {
            if other.index() == me {
                return Ok(None);
            }
            let pair = session.pair_key(other)?;
            Ok(Some(Prg::once(&pair.prg_key("bgw/share"))))
        };
        Ok(Self {
            geometry: Geometry::new(me, n, program.threshold as usize, d)?,
            keys: PartyId::all(n).map(key).collect::<Result<_, _>>()?,
            own: Prg::once(&PrgKey::fresh(&mut OsEntropy)?),
            next: 0,
            circuits: Circuits::new(program),
            pools: Pools::default(),
            known_groups: BTreeMap::new(),
        })
    }

    /// Numbers of the generators, the same at all parties. Each is used once: by one dealing, in the dealers' streams.
    fn allocate(&mut self, numbers: usize) -> u64 {
        let first = self.next;
        self.next += numbers as u64;
        first
    }

    /// The generator in common with another party.
    fn key(&self, other: usize) -> Result<&Prg, Error> {
        let key = self.keys.get(other).and_then(Option::as_ref);
        key.ok_or_else(|| Error::bug("a key is missing"))
    }

    /// Groups of random sharings that an operation demands; none where its products do not go through the king. Those of
    /// circuits are remembered: a loop calls them again and again.
    fn groups(&mut self, program: &Program, node: &Node) -> u64 {
        let sum = || {
            let demand = cost::demand(program, node);
            demand.iter().map(|(_, count)| count).sum()
        };
        match &node.op {
            Op::Call(id) => {
                let result = node.results.first();
                let result = result.and_then(|id| program.values.get(id.index()));
                let key = (id.index(), result.map_or(0, |info| info.lanes));
                *self.known_groups.entry(key).or_insert_with(sum)
            }
            _ => sum(),
        }
    }
}

fn no_labels() -> Error {
    Error::bug("this suite has no garbled circuits")
}

fn party(i: usize) -> PartyId {
    PartyId::new(i as u16)
}

impl Suite for Bgw {
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

    fn prepare(&mut self, _program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        random::prepare(self, demand)
    }

    fn fold(&mut self, args: &[Held]) -> Result<Share, Error> {
        arithmetic::fold(self, &nth(args, 0)?, &nth(args, 1)?)
    }

    fn unfold(&mut self, program: &Program, node: &Node, sum: Share) -> Result<Begun<Self>, Error> {
        let groups = self.groups(program, node);
        match sum {
            Share::Arithmetic(sum) => arithmetic::unfold(self, sum, groups),
            Share::Boolean(_) | Share::Yao(_) => Err(Error::bug("a sum of bits")),
        }
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        mut args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        let groups = self.groups(program, node);
        let result = |i| info(program, &node.results, i);
        let sharing = Sharing {
            parts: self.geometry.d,
            constant: Some(0),
        };
        if let Some(share) = sharing.local(program, node, &mut args, |_, _| Err(no_labels()))? {
            return done(vec![share]);
        }
        match &node.op {
            Op::Input(id) => {
                let leaf = program.inputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an input is missing"))?;
                input::begin(self, leaf, result(0)?, input)
            }
            Op::Mul => {
                let (x, y) = (nth(&args, 0)?, nth(&args, 1)?);
                let n = arithmetic(&x)?.lanes();
                arithmetic::product(self, x, y, n, groups)
            }
            Op::Dot { segments } => {
                let n = usize::try_from(*segments)
                    .map_err(|_| Error::machine("a value is larger than memory"))?;
                arithmetic::product(self, nth(&args, 0)?, nth(&args, 1)?, n, groups)
            }
            Op::Call(id) => match result(0)?.domain {
                Domain::Boolean => {
                    let circuit = self.circuits.get(program, id.index())?;
                    boolean::begin(self, circuit, args, n_lanes(result(0)?)?, groups)
                }
                Domain::Yao | Domain::Public | Domain::Arithmetic { .. } => {
                    Err(Error::bug("a circuit runs on Boolean shares"))
                }
            },
            Op::Decompose => {
                let width = bits_of(result(0)?) as usize;
                convert::decompose(self, &nth(&args, 0)?, width)
            }
            Op::RandomParts => {
                let (width, lanes) = (bits_of(result(0)?) as usize, n_lanes(result(0)?)?);
                convert::random_parts(self, width, lanes)
            }
            Op::Compose => {
                let ring = bits_of(result(0)?);
                for_width!(ring, E => convert::compose::<E>(self, args, ring))
            }
            Op::InjectBit => {
                let bits = nth(&args, 0)?;
                let ring = bits_of(result(0)?);
                for_width!(ring, E => convert::inject_bit::<E>(self, bits, ring, groups))
            }
            Op::Reveal => {
                let width = result(0)?.scalar.width();
                let all = (0..self.geometry.n).collect();
                open::begin(self, program, nth(&args, 0)?, width, all, None)
            }
            Op::Output(id) => {
                let leaf = program.outputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an output is missing"))?;
                let receives = |p: &usize| leaf.receivers.contains(&(*p as u32));
                let receivers: Vec<usize> = (0..self.geometry.n).filter(receives).collect();
                let value = nth(&args, 0)?;
                if let Value::Public(known) = &*value {
                    let mine = receivers.contains(&self.geometry.me);
                    let known = mine.then(|| Opened::new(known.clone()));
                    return Ok(Begun::Done(Outcome::Output(*id, known)));
                }
                open::begin(
                    self,
                    program,
                    value,
                    leaf.scalar.width(),
                    receivers,
                    Some(*id),
                )
            }
            Op::BooleanToYao | Op::YaoToBoolean => Err(no_labels()),
            _ => Err(sharing::misplaced()),
        }
    }
}

/// An operation in blocks, begun; with nothing to do it still ends in order.
fn pipelined<B: super::Blocks<Bgw> + 'static>(blocks: B) -> Result<Begun<Bgw>, Error> {
    Pipeline::begun(blocks)
}
