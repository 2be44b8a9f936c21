//! Two parties or more, all but one of which may be corrupt: additive and XOR shares, oblivious transfer between pairs.
//!
//! - **Functionality**: arithmetic mod 2^k, XOR-AND circuits, conversions between them, input, opening; with two parties also garbled
//!   circuits.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Goldreich, Micali, Wigderson, "How to play any mental game" (STOC 1987), with correlations made ahead (Beaver, CRYPTO 1991);
//!   products by Gilboa (CRYPTO 1999); the three kinds of sharing of two parties after Demmler, Schneider, Zohner, ABY (NDSS
//!   2015).
//! - **Assumptions**: those of `ot`; AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: `smpcc_circuit::cost`, asserted by tests.
//! - **Departures from the paper**: inputs and parts are shared from keys of pairs, without a message.
//! - **Leakage and failure**: shapes and the schedule, which all know. A party that deviates can change results.
//!
//! Party `i` holds share `i`; a value is the sum (mod 2^k, or bit by bit XOR) of all shares. Suites `two-party` and `gmw`
//! are this one implementation; labels exist with `two-party` only.

use smpcc_circuit::cost::Demand;
use smpcc_circuit::program::{Domain, Node, Op, Program, Suite as SuiteName};
use zeroize::Zeroize;

use super::circuit::Circuits;
use super::garbled::call;
use super::operands::{bits_of, info, n_lanes, nth};
use super::sharing::{
    self, Arithmetic, Boolean, Held, Share, Sharing, arithmetic, boolean, done, labels,
};
use super::{Batch, Begun, Check, Opened, Outcome, Preparation, SemiHonest, Suite, Value};
use crate::block::Label;
use crate::error::Error;
use crate::party::PartyId;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::{Element, Elements, for_width};
use crate::session::Session;

mod arithmetic;
mod boolean;
mod deal;
mod open;
mod pool;
mod prepare;
mod setup;
#[cfg(test)]
mod tests;
mod yao;

/// The party that takes public constants.
const CONSTANT: usize = 0;

/// Lanes per block of operations that take one message: 64-bit elements fill one frame of the transport.
const BLOCK: usize = 1 << 15;

/// One party of the suite: its keys, its pools, its ends of the transfers.
pub struct Pairwise {
    me: usize,
    n: usize,
    /// Keys with each other party.
    keys: Vec<Option<Prg>>,
    /// The next unused number in every stream of those.
    next: u64,
    /// What nobody else knows.
    own: Prg,
    next_own: u64,
    circuits: Circuits,
    pools: pool::Pools,
    ends: setup::Ends,
    yao: Option<yao::Yao>,
    session: [u8; 32],
}

impl Pairwise {
    /// This party's side, with keys from the session's links.
    pub fn new(program: &Program, session: &Session) -> Result<Self, Error> {
        let (me, n) = (session.me().index(), session.n_parties());
        let keys = (0..n)
            .map(|with| match with == me {
                true => Ok(None),
                false => {
                    let pair = session.pair_key(party(with))?;
                    Ok(Some(Prg::once(&pair.prg_key("pairwise/deal"))))
                }
            })
            .collect::<Result<_, Error>>()?;
        let mut entropy = OsEntropy;
        let yao = match program.suite == SuiteName::TwoParty && n == 2 {
            true => Some(yao::Yao::new(session, &mut entropy)?),
            false => None,
        };
        Ok(Self {
            me,
            n,
            keys,
            next: 0,
            own: Prg::once(&PrgKey::fresh(&mut entropy)?),
            next_own: 0,
            circuits: Circuits::new(program),
            pools: pool::Pools::default(),
            ends: setup::Ends::none(n),
            yao,
            session: session.id().0,
        })
    }

    /// All parties but this one, in order.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.n).filter(move |&p| p != me)
    }

    /// Numbers for `words` words of randomness, the same at all parties. Each is used once.
    fn allocate(&mut self, words: usize) -> u64 {
        let first = self.next;
        self.next += words.div_ceil(2) as u64;
        first
    }

    /// Words that this party and another draw together when `dealer`, one of the two, deals.
    fn draw(
        &self,
        with: usize,
        dealer: usize,
        number: u64,
        words: &mut [u64],
    ) -> Result<(), Error> {
        let key = self.keys.get(with).and_then(Option::as_ref);
        let key = key.ok_or_else(|| Error::bug("a key is missing"))?;
        key.fill_words(dealer as u64, number, words);
        Ok(())
    }

    /// Words that nobody else knows.
    fn fresh_words(&mut self, n: usize) -> Vec<u64> {
        let mut words = vec![0; n];
        self.own.fill_words(0, self.next_own, &mut words);
        self.next_own += n.div_ceil(2) as u64;
        words
    }

    /// Elements that nobody else knows.
    fn fresh_elements(&mut self, ring: u32, n: usize) -> Elements {
        for_width!(ring, E => {
            let mut words = self.fresh_words(n * E::WORDS);
            let elements = words.chunks_exact(E::WORDS).map(|w| E::from_words(w).low(ring));
            let elements = E::wrap(elements.collect());
            words.zeroize();
            elements
        })
    }

    /// Labels that nobody else knows.
    fn fresh_labels(&mut self, n: usize) -> Vec<Label> {
        let words = self.fresh_words(2 * n);
        let pairs = words.as_chunks::<2>().0.iter();
        pairs
            .map(|&[l, h]| Label(u128::from(l) | u128::from(h) << 64))
            .collect()
    }

    fn yao(&self) -> Result<&yao::Yao, Error> {
        self.yao.as_ref().ok_or_else(no_labels)
    }
}

fn no_labels() -> Error {
    Error::bug("labels are for two parties")
}

/// The party with this number.
fn party(i: usize) -> PartyId {
    PartyId::new(i as u16)
}

impl Suite for Pairwise {
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

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        setup::begin(self, program)
    }

    fn prepare(&mut self, _program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        prepare::begin(self, demand)
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
            parts: 1,
            constant: (self.me == CONSTANT).then_some(0),
        };
        if let Some(share) = sharing.local(program, node, &mut args, |width, value| {
            Ok(self.yao()?.garbling.public(width, value))
        })? {
            return done(vec![share]);
        }
        match &node.op {
            Op::Input(id) => {
                let leaf = program.inputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an input is missing"))?;
                deal::input(self, leaf, result(0)?, input)
            }
            Op::Mul => {
                let (x, y) = (nth(&args, 0)?, nth(&args, 1)?);
                let n = arithmetic(&x)?.lanes();
                arithmetic::product(self, x, y, n)
            }
            Op::Dot { segments } => {
                let n = usize::try_from(*segments)
                    .map_err(|_| Error::machine("a value is larger than memory"))?;
                arithmetic::product(self, nth(&args, 0)?, nth(&args, 1)?, n)
            }
            Op::Call(id) => {
                let lanes = n_lanes(result(0)?)?;
                match result(0)?.domain {
                    Domain::Boolean => {
                        let circuit = self.circuits.get(program, id.index())?;
                        boolean::begin(self, circuit, args, lanes)
                    }
                    Domain::Yao => call::call(self, program, id.index(), args, lanes),
                    Domain::Public | Domain::Arithmetic { .. } => {
                        Err(Error::bug("a circuit runs on Boolean shares or labels"))
                    }
                }
            }
            Op::Decompose => {
                let share = nth(&args, 0)?;
                let width = bits_of(result(0)?) as usize;
                match result(0)?.domain {
                    Domain::Yao => yao::decompose(self, &share, width),
                    Domain::Boolean | Domain::Public | Domain::Arithmetic { .. } => {
                        deal::decompose(self, &share, width)
                    }
                }
            }
            Op::RandomParts => {
                let (width, lanes) = (bits_of(result(0)?) as usize, n_lanes(result(0)?)?);
                deal::random_parts(self, width, lanes)
            }
            Op::Compose => open::compose(self, &args),
            Op::InjectBit => {
                let share = nth(&args, 0)?;
                open::inject_bit(self, &share, bits_of(result(0)?))
            }
            Op::Reveal => {
                let width = result(0)?.scalar.width();
                open::open(self, nth(&args, 0)?, width, vec![true; self.n], None)
            }
            Op::Output(id) => {
                let leaf = program.outputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an output is missing"))?;
                let receives: Vec<bool> = (0..self.n)
                    .map(|p| leaf.receivers.contains(&(p as u32)))
                    .collect();
                let value = nth(&args, 0)?;
                if let Value::Public(known) = &*value {
                    let known = receives[me].then(|| Opened::new(known.clone()));
                    return Ok(Begun::Done(Outcome::Output(*id, known)));
                }
                open::open(self, value, leaf.scalar.width(), receives, Some(*id))
            }
            Op::BooleanToYao => {
                let share = nth(&args, 0)?;
                yao::from_boolean(self, &share)
            }
            Op::YaoToBoolean => yao::to_boolean(&nth(&args, 0)?),
            _ => Err(sharing::misplaced()),
        }
    }
}
