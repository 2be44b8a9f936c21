//! What speaks for bits that were opened and for garbled circuits: sums of MACs and labels, hashed as they come and compared before an opening.
//!
//! - **Functionality**: all bits that the other party told for ANDs since the last comparison were its own, tables were right and masked bits
//!   what their evaluator found, or this party stops.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: Nielsen et al. (CRYPTO 2012), section 3: MACs of opened bits are compared by a hash of them.
//! - **Assumptions**: SHA-256 is collision resistant; a MAC of another bit is as hard to guess as Δ.
//! - **Cost**: one round, or two in programs that garble; 32 bytes from each party.
//! - **Departures from the paper**: what is hashed is not each MAC but weighted sums of many (`weights`).
//! - **Leakage and failure**: a party's hash follows from what the other knows, if that one did not lie; a wrong one stops the run before anything
//!   that depends on the bits is opened. Of an evaluator that lied about masked bits the garbler's MACs would tell masks: so the
//!   garbler waits for the evaluator's hash, which has its labels in it.

use smpcc_circuit::cost::Delay;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::weights::Weights;
use super::{Authenticated, GARBLER, HASH, MAC};
use crate::bits::Packer;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript};
use crate::protocols::{Machine, Outcome, Preparation, Step, Stepped};
use crate::simd::field::Field;

/// Hashes of MACs of what was opened since the last comparison: by this party, and by the other as its keys say.
pub(super) struct Macs {
    session: [u8; 32],
    me: usize,
    /// Whether the garbler waits.
    in_turn: bool,
    number: u64,
    said: Transcript,
    heard: Transcript,
    /// Whether anything is in them.
    open: bool,
    /// Whether the comparison that was asked for has begun.
    comparing: bool,
    /// The next opening.
    openings: u64,
    /// What was opened for ANDs so far.
    noted: u64,
}

/// The hash of one party's MACs, of a comparison or of an opening.
fn start(session: &[u8; 32], domain: &str, whose: usize, number: u64) -> Transcript {
    let mut t = Transcript::new(domain);
    t.bytes(session).number(whose as u64).number(number);
    t
}

impl Macs {
    pub(super) fn new(session: &[u8; 32], me: usize, in_turn: bool) -> Self {
        let hash = |whose| start(session, "smpcc/authenticated/ANDs", whose, 0);
        Self {
            session: *session,
            me,
            in_turn,
            number: 0,
            said: hash(me),
            heard: hash(1 - me),
            open: false,
            comparing: false,
            openings: 0,
            noted: 0,
        }
    }

    /// The weights of bits that both parties have opened for ANDs, 64 to a word. They are noted in the same order at both.
    pub(super) fn weights(&mut self, opened: &[u64]) -> Weights {
        let mut t = Transcript::new("smpcc/authenticated/opened for ANDs");
        t.bytes(&self.session).number(self.noted);
        self.noted += 1;
        t.words64(opened);
        Weights::new(t)
    }

    /// Notes sums of MACs and of labels that both parties have used (`weights`): of this party's, and of what the other's are if it did not
    /// lie.
    pub(super) fn note(&mut self, said: Field, heard: Field) {
        self.open = true;
        self.said.bytes(&said.to_le_bytes());
        self.heard.bytes(&heard.to_le_bytes());
    }

    /// Begins an opening, for which all that was noted must be compared: hashes of this party's MACs, and of the other's.
    pub(super) fn opening(&mut self) -> Result<[Transcript; 2], Error> {
        if self.open {
            return Err(Error::bug("something is opened before MACs are compared"));
        }
        let number = self.openings;
        self.openings += 1;
        let hash = |whose| start(&self.session, "smpcc/authenticated/opening", whose, number);
        Ok([hash(self.me), hash(1 - self.me)])
    }

    /// Everything is compared.
    pub(super) fn seal(&mut self) -> Result<(), Error> {
        self.comparing = false;
        match self.open {
            false => Ok(()),
            true => Err(Error::bug("MACs were opened while others were compared")),
        }
    }

    /// The hashes so far; others begin.
    fn take(&mut self) -> [Digest; 2] {
        self.number += 1;
        self.open = false;
        let fresh = |whose| {
            start(
                &self.session,
                "smpcc/authenticated/ANDs",
                whose,
                self.number,
            )
        };
        let said = std::mem::replace(&mut self.said, fresh(self.me));
        let heard = std::mem::replace(&mut self.heard, fresh(1 - self.me));
        [said.finish(), heard.finish()]
    }
}

/// Absorbs MACs of one bit of so many lanes: 128 columns, of which only what lanes fill is hashed.
pub(super) fn absorb(hash: &mut Transcript, columns: &[u64], lanes: usize) {
    if lanes >= 64 {
        hash.words64(columns);
        return;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAC * 8));
    let mut packer = Packer::new(&mut bytes);
    for column in columns {
        packer.push(&[*column], lanes);
    }
    packer.finish();
    hash.bytes(&bytes);
}

/// Of what the other party's bits are under this party's keys: their MACs.
pub(super) fn expected(keys: &[u64], theirs: &[u64], masks: &[u64; MAC], out: &mut Vec<u64>) {
    out.clear();
    if let [bits] = theirs {
        out.extend(keys.iter().zip(masks).map(|(key, mask)| key ^ bits & mask));
        return;
    }
    let n = theirs.len();
    for (keys, mask) in keys.chunks_exact(n.max(1)).zip(masks) {
        out.extend(keys.iter().zip(theirs).map(|(key, bit)| key ^ bit & mask));
    }
}

/// A comparison.
#[derive(Default)]
struct Compare {
    tick: usize,
    hashes: Option<[Digest; 2]>,
}

/// Begins to compare, if an opening asks for it.
pub(super) fn settle(suite: &mut Authenticated, all: bool) -> Preparation<Authenticated> {
    if !all || std::mem::replace(&mut suite.macs.comparing, true) {
        return None;
    }
    Some(Box::new(Compare::default()))
}

impl Machine<Authenticated> for Compare {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        let (other, me) = (suite.other(), suite.me);
        let [said, heard] = *self.hashes.get_or_insert_with(|| suite.macs.take());
        // In which tick a party tells its hash.
        let (turn, of_other) = match (suite.macs.in_turn, me == GARBLER) {
            (false, _) => (0, 0),
            (true, true) => (1, 0),
            (true, false) => (0, 1),
        };
        if self.tick == of_other + 1 && !bool::from(heard.0[..].ct_eq(wire.take(other, HASH)?)) {
            return Err(suite.fault("opened or garbled what is not its own"));
        }
        if self.tick == turn {
            wire.send(other, |out| out.extend_from_slice(&said.0))?;
        }
        if self.tick == of_other {
            wire.expect(other, HASH)?;
        }
        let rounds = turn.max(of_other) + 1;
        if self.tick < rounds {
            self.tick += 1;
            return Ok(Step::Waiting);
        }
        let delay = Delay::Rounds(rounds as u32);
        Ok(Step::Done(Outcome::Values(Vec::new()), delay))
    }
}

impl Drop for Macs {
    fn drop(&mut self) {
        self.session.zeroize();
    }
}
