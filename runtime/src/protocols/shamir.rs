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
//! Party `i` (0-based; where some are lost, as numbered before) holds the value at point `i + 1` of a polynomial of degree t over GR(2^k, d), d coordinates each; the value at 0
//! is the shared integer. Boolean values are the same with k = 1: per bit d planes, 64 lanes to a word. Public constants are constant
//! polynomials; they are only ever opened after something was added that was dealt.

use std::sync::Arc;

use smpcc_circuit::cost::{self, Demand};
use smpcc_circuit::program::{Op, Program};
use smpcc_circuit::sorted::SortedMap;

use super::circuit::{Circuit, Circuits};
use super::interface::{Clear, Opening, Owned, Products, Protocols, Site};
use super::operands::block_range;
use super::pipeline::Pipeline;
use super::sharing::{Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean};
use super::shuffle::Columns;
use super::tickets::{Numbers, Ticket};
use super::{Batch, Begun, Check, Preparation, SemiHonest};
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::for_width;
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
mod shuffle;
pub(super) mod stored;
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
    /// For every stream: each number is used by one dealing, in the dealers' streams.
    numbers: Numbers,
    sharing: Sharing,
    circuits: Circuits,
    pools: Pools,
    /// Groups of random sharings by circuit and lanes.
    known_groups: SortedMap<(usize, u64), u64>,
}

impl Bgw {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let (me, n) = (session.me().index(), session.n_parties());
        let d = smpcc_circuit::cost::extension_degree(program.n_sharers()) as usize;
        let numbers: Vec<usize> = match &program.present {
            Some(present) => present.numbers.iter().map(|&p| p as usize + 1).collect(),
            None => (1..=n).collect(),
        };
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
            geometry: Geometry::new(me, numbers, program.threshold as usize, d)?,
            keys: PartyId::all(n).map(key).collect::<Result<_, _>>()?,
            own: Prg::once(&PrgKey::fresh(&mut OsEntropy)?),
            numbers: Numbers::default(),
            sharing: Sharing::new((0..d).map(|a| u128::from(a == 0)).collect()),
            circuits: Circuits::new(program),
            pools: Pools::default(),
            known_groups: SortedMap::new(),
        })
    }

    /// The generator in common with another party.
    fn key(&self, other: usize) -> Result<&Prg, Error> {
        let key = self.keys.get(other).and_then(Option::as_ref);
        key.ok_or_else(|| Error::bug("a key is missing"))
    }

    /// Groups of random sharings that an operation demands; none where its products do not go through the king. Those of
    /// circuits are remembered: a loop calls them again and again.
    fn groups(&mut self, site: Site<'_>) -> u64 {
        let Site { program, node } = site;
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

fn party(i: usize) -> PartyId {
    PartyId::new(i as u16)
}

impl Protocols for Bgw {
    type Threat = SemiHonest;

    const BLOCK: usize = BLOCK;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn seat(&self) -> (usize, usize) {
        (self.geometry.me, self.geometry.n)
    }

    fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    fn circuits(&mut self) -> &mut Circuits {
        &mut self.circuits
    }

    fn prepare(&mut self, demand: &Demand) -> Result<Preparation<Self>, Error> {
        random::prepare(self, demand)
    }

    fn fold(&mut self, x: &Held, y: &Held) -> Result<Share, Error> {
        arithmetic::fold(self, x, y)
    }

    fn unfold(&mut self, site: Site<'_>, sum: Arithmetic) -> Result<Begun<Self>, Error> {
        let groups = self.groups(site);
        arithmetic::unfold(self, sum, groups)
    }

    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error> {
        input::begin(self, &input, value)
    }

    fn product(&mut self, site: Site<'_>, products: Products) -> Result<Begun<Self>, Error> {
        let groups = self.groups(site);
        arithmetic::product(self, products, groups)
    }

    fn circuit(
        &mut self,
        site: Site<'_>,
        circuit: Arc<Circuit>,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        let groups = self.groups(site);
        boolean::begin(self, circuit, args, lanes, groups)
    }

    fn decompose(&mut self, value: &Held, width: usize) -> Result<Begun<Self>, Error> {
        convert::decompose(self, value, width)
    }

    fn random_parts(&mut self, width: usize, lanes: usize) -> Result<Begun<Self>, Error> {
        convert::random_parts(self, width, lanes)
    }

    fn compose(&mut self, args: Vec<Held>, ring: u32) -> Result<Begun<Self>, Error> {
        for_width!(ring, E => convert::compose::<E>(self, &args, ring))
    }

    fn inject(&mut self, site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error> {
        let groups = self.groups(site);
        for_width!(ring, E => convert::inject_bit::<E>(self, &bits, ring, groups))
    }

    fn shuffle(&mut self, _site: Site<'_>, columns: Columns) -> Result<Begun<Self>, Error> {
        shuffle::begin(self, columns)
    }

    fn open(&mut self, site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(site.program, opening)
    }
}
