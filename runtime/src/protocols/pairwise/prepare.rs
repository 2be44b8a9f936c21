//! Correlations from oblivious transfers, made before they are used.
//!
//! - **Functionality**: shares of random bits a, b and ab; of random a, b and ab mod 2^k; of random bits both as bits and mod 2^k;
//!   transfers of labels; transfers of random strings.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: bit triples: Asharov, Lindell, Schneider, Zohner (CCS 2013), section 5.1, between all pairs. Triples mod 2^k: Gilboa
//!   (CRYPTO 1999), section 4. Bits in two sharings: x ⊕ b = x + b − 2xb (ABY3, CCS 2018, section 5.3), one party's bit after the
//!   other, each product of a share and a bit by one correlated transfer.
//! - **Assumptions**: those of `ot`.
//! - **Cost**: `smpcc_circuit::cost::prepared`.
//! - **Departures from the paper**: with more than two parties, a party's b is the same towards all others, so receivers fix their
//!   choices, and a sender corrects its a towards all but the first.
//! - **Leakage and failure**: lengths are checked; a wrong message makes results wrong.
//!
//! A batch is cut into blocks of a fixed number of transfers; several are in flight, so that computing and sending overlap and
//! memory does not grow with the batch.

use smpcc_circuit::cost::{Correlation, Delay, Demand};

use super::{Pairwise, Share};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::ot::random::Route;
use crate::protocols::pipeline::Pipeline;
use crate::protocols::{Machine, Outcome, Preparation, Step};

mod bits;
mod dabits;
mod labels;
mod transfers;
mod triples;

use bits::MakeBits;
use dabits::MakeDaBits;
use labels::MakeLabels;
use transfers::MakeTransfers;
use triples::MakeTriples;

/// Transfers of a block.
const TRANSFERS: usize = 1 << 16;
/// Blocks in flight.
const WINDOW: usize = 4;

/// Everything of one demand, kind by kind.
struct Preparing {
    kinds: Vec<Box<dyn Machine<Pairwise>>>,
    rounds: u32,
}

/// The machine that makes a demand.
pub(super) fn begin(suite: &Pairwise, demand: &Demand) -> Result<Preparation<Pairwise>, Error> {
    let mut kinds: Vec<Box<dyn Machine<Pairwise>>> = Vec::new();
    for (kind, count) in demand.iter() {
        let count = usize::try_from(count)
            .map_err(|_| Error::machine("an operation is larger than memory"))?;
        kinds.push(match kind {
            Correlation::BitTriple => Box::new(Pipeline::new(MakeBits {
                count,
                n: suite.n,
                asking: suite.asking_rounds(),
            })),
            Correlation::Triple { ring } => Box::new(Pipeline::new(MakeTriples {
                count,
                ring: ring.into(),
                asking: suite.asking_rounds(),
            })),
            Correlation::DaBit { ring } if ring <= 64 => {
                Box::new(Pipeline::new(MakeDaBits::<u64>::new(suite, count, ring)))
            }
            Correlation::DaBit { ring } => {
                Box::new(Pipeline::new(MakeDaBits::<u128>::new(suite, count, ring)))
            }
            Correlation::Label => Box::new(Pipeline::new(MakeLabels { count })),
            Correlation::Transfer => Box::new(Pipeline::new(MakeTransfers {
                count,
                extended: suite.extends(),
            })),
            Correlation::DoubleSharing { .. } | Correlation::AuthBit | Correlation::AuthTriple => {
                return Err(Error::bug("this suite has no double sharings"));
            }
        });
    }
    Ok(match kinds.is_empty() {
        true => None,
        false => Some(Box::new(Preparing { kinds, rounds: 0 })),
    })
}

impl Machine<Pairwise> for Preparing {
    fn step(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
    ) -> Result<Step<Share>, Error> {
        let mut left = Vec::with_capacity(self.kinds.len());
        for mut kind in self.kinds.drain(..) {
            match kind.step(suite, wire)? {
                Step::Waiting => left.push(kind),
                Step::Done(_, Delay::Rounds(rounds)) => self.rounds = self.rounds.max(rounds),
                Step::Done(..) => {}
            }
        }
        self.kinds = left;
        Ok(match self.kinds.is_empty() {
            true => Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(self.rounds)),
            false => Step::Waiting,
        })
    }
}

impl Pairwise {
    /// Whether receivers fix their choices.
    fn fixes(&self) -> bool {
        self.n > 2
    }

    /// Rounds that the receivers' messages take where products are made.
    fn asking_rounds(&self) -> u32 {
        u32::from(self.fixes() || self.extends())
    }

    /// Whether transfers come from an extension.
    fn extends(&self) -> bool {
        let senders = self.ends.senders.iter().flatten().map(|end| end.route());
        let receivers = self.ends.receivers.iter().flatten().map(|end| end.route());
        senders.chain(receivers).any(|route| route != Route::Few)
    }
}

fn out_of_turn() -> Error {
    Error::bug("a message of a preparation out of turn")
}
