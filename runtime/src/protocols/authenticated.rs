//! Two parties, one of which may send what it likes: XOR shares of bits with MACs under the other party's key.
//!
//! - **Functionality**: XOR-AND circuits on shared bits, level by level or garbled; input, opening.
//! - **Adversary**: malicious, one of the two parties, with abort.
//! - **Source**: Nielsen, Nordholt, Orlandi, Burra, "A new approach to practical active-secure two-party computation" (CRYPTO 2012: TinyOT)
//!   for shares, inputs, ANDs and openings; Katz, Ranellucci, Rosulek, Wang, "Optimizing authenticated garbling for faster secure two-party
//!   computation" (CRYPTO 2018, ePrint 2018/578) for triples; Roy, "SoftSpokenOT" (CRYPTO 2022) for the transfers below.
//! - **Assumptions**: those of `ot::softspoken::checked`; AES-128 as an ideal cipher where MACs are hashed; SHA-256 is a random oracle.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: MACs of bits that are opened for ANDs are added up with weights (`weights`), hashed as they come and
//!   compared before an opening; shares are held in columns of bits.
//! - **Leakage and failure**: shapes and the schedule. A party that cheats makes the other stop, before anything that depends on it is
//!   opened; that it did says nothing of inputs, but with a chance of 2^−40.
//!
//! **Shares.** Party `p` draws a key Δ_p of 128 bits for the run, whose lowest bit is 1 at party 0 and 0 at party 1. A bit of party `p` is
//! authenticated if `p` has a MAC `M` and the other party a key `K` with `M = K ⊕ b·Δ`, Δ being the other party's; who does not know Δ
//! can give a MAC for another bit with a chance of 2^−128. A shared bit is the XOR of a bit of each party, both of them authenticated. All of that is
//! linear, so that a share is [`PARTS`] bits with one rule: the bit, 128 bits of its MAC, and 128 of the key for the other party's
//! bit. A public one is added to the bit at party 0 and, times Δ_1, to the key at party 1.

use std::sync::Arc;

use smpcc_circuit::cost::{Correlation, Demand};
use smpcc_circuit::program::{Domain, Program};
use smpcc_circuit::value::Word;
use zeroize::{Zeroize, Zeroizing};

use super::circuit::{Circuit, Circuits};
use super::garbled::seat::Garbling;
use super::interface::{Change, Clear, Opening, Owned, Products, Protocols, Site};
use super::sharing::{Held, Share, Sharing, boolean as bits_of, done};
use super::tickets::Numbers;
use super::{Batch, Begun, Check, Malicious, Outcome, Preparation};
use crate::block::Label;
use crate::error::Error;
#[cfg(test)]
use crate::freed::{Origin, plant};
use crate::mask::Mask;
use crate::party::PartyId;
use crate::prg::OsEntropy;
use crate::session::Session;

mod bits;
mod boolean;
mod garbled;
mod input;
mod leaky;
mod macs;
mod open;
mod pool;
mod setup;
#[cfg(test)]
mod tests;
mod triples;
mod weights;

/// The party that takes public constants.
const CONSTANT: usize = 0;

/// Who garbles; the other party evaluates.
const GARBLER: usize = 0;

/// Bits of a MAC and of a key.
const MAC: usize = 128;

/// Parts of a shared bit: the bit, its MAC, and the key for the other party's.
const PARTS: usize = 1 + 2 * MAC;

/// Bytes of a hash.
const HASH: usize = 32;

/// One party of the suite.
pub struct Authenticated {
    me: usize,
    delta: Delta,
    sharing: Sharing,
    circuits: Circuits,
    garbling: Garbling,
    pools: pool::Pools,
    ends: setup::Ends,
    macs: macs::Macs,
    numbers: Numbers,
    /// Room for the rows of the next batch of triples.
    spare: bits::Rows,
    session: [u8; 32],
}

/// This party's key for all MACs of the other's bits.
struct Delta {
    whole: Zeroizing<Label>,
    /// The same, a word for each bit.
    masks: Zeroizing<[u64; MAC]>,
}

impl Delta {
    fn new(me: usize, entropy: &mut OsEntropy) -> Result<Self, Error> {
        let mut whole = Zeroizing::new(Label::from_bytes(*entropy.bytes()?));
        // So that the lowest bits of products of both keys tell what is multiplied (`leaky`).
        whole.0 = (whole.0 & !1) | u128::from(me == 0);
        #[cfg(test)]
        plant(Origin::Offset, *whole);
        let mut masks = Zeroizing::new([0; MAC]);
        for (i, mask) in masks.iter_mut().enumerate() {
            *mask = Mask::lowest((whole.0 >> i) as u64).word();
        }
        Ok(Self { whole, masks })
    }
}

impl Authenticated {
    /// This party's side.
    ///
    /// # Errors
    /// No randomness, or a bug: other than two parties.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let me = session.me().index();
        if session.n_parties() != 2 || me > 1 {
            return Err(Error::bug("authenticated sharing is for two parties"));
        }
        let delta = Delta::new(me, &mut OsEntropy)?;
        let mut weights: Vec<Word> = vec![0; PARTS];
        match me {
            CONSTANT => weights[0] = 1,
            _ => {
                for (weight, mask) in weights[1 + MAC..].iter_mut().zip(delta.masks.iter()) {
                    *weight = Word::from(mask & 1);
                }
            }
        }
        let offset = (me == GARBLER).then_some(*delta.whole);
        let ends = [GARBLER, 1 - GARBLER].map(party);
        let start = "two-party/authenticated/garbling/start";
        let garbles = program.values.iter().any(|v| v.domain == Domain::Yao);
        let sharing = Sharing::new(weights.clone());
        weights.zeroize();
        Ok(Self {
            me,
            delta,
            sharing,
            circuits: Circuits::new(program),
            garbling: Garbling::new(session, start, offset, ends)?,
            pools: pool::Pools::default(),
            ends: setup::Ends::none(&session.id().0),
            macs: macs::Macs::new(&session.id().0, me, garbles),
            numbers: Numbers::default(),
            spare: bits::Rows::default(),
            session: session.id().0,
        })
    }

    /// The other party.
    fn other(&self) -> PartyId {
        party(1 - self.me)
    }

    /// The other party did not keep to the protocol.
    fn fault(&self, what: &str) -> Error {
        let other = self.other();
        Error::peer(other, format!("{other} {what}"))
    }
}

/// The party with this number.
fn party(i: usize) -> PartyId {
    PartyId::new(i as u16)
}

fn out_of_step() -> Error {
    Error::bug("a machine is stepped out of turn")
}

fn not_offered() -> Error {
    Error::bug("against malicious parties two parties compute on shared bits")
}

/// Begins to make a batch of one kind.
fn prepare(
    suite: &mut Authenticated,
    demand: &Demand,
) -> Result<Preparation<Authenticated>, Error> {
    let mut kinds = demand.iter();
    let (Some((kind, size)), None) = (kinds.next(), kinds.next()) else {
        return Err(Error::bug("batches are made one by one"));
    };
    if !kind.whole().contains(&size) {
        return Err(Error::bug("a batch of another size"));
    }
    Ok(Some(match kind {
        Correlation::AuthTriple => Box::new(triples::MakeTriples::new(suite, size)),
        Correlation::AuthBit => Box::new(bits::MakeBits::new(size as usize)),
        Correlation::BitTriple
        | Correlation::Triple { .. }
        | Correlation::DaBit { .. }
        | Correlation::Label
        | Correlation::Transfer
        | Correlation::DoubleSharing { .. } => {
            return Err(Error::bug("this suite has no such correlations"));
        }
    }))
}

impl Protocols for Authenticated {
    type Threat = Malicious;

    /// Each opening is compared with its MACs before it gives a value.
    const WAITS: bool = false;

    const BLOCK: usize = 1 << 15;

    /// Labels exist within a call alone.
    const HOLDS_LABELS: bool = false;

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(batch.believed()))
    }

    fn seat(&self) -> (usize, usize) {
        (self.me, 2)
    }

    fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    fn circuits(&mut self) -> &mut Circuits {
        &mut self.circuits
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        Ok(setup::begin(self, program))
    }

    fn settle(&mut self, all: bool) -> Result<Preparation<Self>, Error> {
        Ok(macs::settle(self, all))
    }

    fn sealed(&mut self) -> Result<(), Error> {
        self.macs.seal()
    }

    fn prepare(&mut self, demand: &Demand) -> Result<Preparation<Self>, Error> {
        prepare(self, demand)
    }

    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error> {
        input::begin(self, &input, value)
    }

    fn product(&mut self, _site: Site<'_>, _products: Products) -> Result<Begun<Self>, Error> {
        Err(not_offered())
    }

    fn circuit(
        &mut self,
        _site: Site<'_>,
        circuit: Arc<Circuit>,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        boolean::begin(self, circuit, args, lanes)
    }

    fn garbled(
        &mut self,
        site: Site<'_>,
        id: usize,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        garbled::begin(self, site.program, id, args, lanes)
    }

    fn yao(&mut self, change: Change) -> Result<Begun<Self>, Error> {
        match change {
            // Moved where nobody else uses it.
            Change::ToLabels(bits) | Change::ToBits(bits) => match Arc::try_unwrap(bits) {
                Ok(bits) => Ok(Begun::Done(Outcome::Values(vec![bits]))),
                Err(bits) => done(vec![Share::Boolean(bits_of(&bits)?.clone())]),
            },
            Change::Parts(..) => Err(not_offered()),
        }
    }

    fn decompose(&mut self, _value: &Held, _width: usize) -> Result<Begun<Self>, Error> {
        Err(not_offered())
    }

    fn random_parts(&mut self, _width: usize, _lanes: usize) -> Result<Begun<Self>, Error> {
        Err(not_offered())
    }

    fn compose(&mut self, _args: Vec<Held>, _ring: u32) -> Result<Begun<Self>, Error> {
        Err(not_offered())
    }

    fn inject(&mut self, _site: Site<'_>, _bits: Held, _ring: u32) -> Result<Begun<Self>, Error> {
        Err(not_offered())
    }

    fn open(&mut self, _site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error> {
        open::begin(self, opening)
    }
}
