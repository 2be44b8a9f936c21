//! Authenticated bits: one correlated transfer each way.
//!
//! - **Functionality**: so many random shared bits, each party's part of which has a MAC under the other's key.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: Nielsen et al. (CRYPTO 2012), section 4: a correlated transfer is an authenticated bit of its receiver.
//! - **Assumptions**: those of `ot::softspoken::checked`.
//! - **Cost**: one round; `smpcc_circuit::cost::batches`.
//! - **Departures from the paper**: transfers of another kind, whose receiver's choices are checked to be the same in all columns.
//! - **Leakage and failure**: an extension that does not pass its check stops the run before its bits are used.

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::pool::{Matrix, PIECE};
use super::{Authenticated, MAC, PARTS};
use crate::block::Label;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::ot::softspoken::Fields;
use crate::protocols::{Machine, Outcome, Step, Stepped};
use crate::wipe;

/// Bits of both parties, row by row.
#[derive(Default)]
pub(super) struct Rows {
    /// This party's, 64 to a word.
    pub(super) bits: Zeroizing<Vec<u64>>,
    /// Their MACs.
    pub(super) macs: Zeroizing<Vec<Label>>,
    /// Keys for the other party's.
    pub(super) keys: Zeroizing<Vec<Label>>,
}

impl Rows {
    /// These without what is in them: the room is used again, and wiped when it is dropped.
    pub(super) fn take(&mut self) -> Self {
        let mut rows = std::mem::take(self);
        rows.bits.clear();
        rows
    }

    /// Chooses `n` bits, with MACs; announces what the other party does.
    pub(super) fn ask(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
        n: usize,
    ) -> Result<(), Error> {
        let other = suite.other();
        let len = Fields::DEFAULT.checked_len(n);
        wipe::reserve(&mut self.bits, n / 64);
        wipe::resize(&mut self.macs, n, Label::ZERO);
        let receiver = suite.ends.receiver()?;
        let mut made = Ok(());
        wire.send(other, |out| {
            out.reserve(len);
            made = receiver.extend_checked(&mut self.macs, &mut self.bits, out);
        })?;
        made?;
        wire.expect(other, len)
    }

    /// Takes what the other party has chosen.
    pub(super) fn answer(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
        n: usize,
    ) -> Result<(), Error> {
        let message = wire.take(suite.other(), Fields::DEFAULT.checked_len(n))?;
        wipe::resize(&mut self.keys, n, Label::ZERO);
        suite.ends.sender()?.extend_checked(&mut self.keys, message)
    }
}

/// A batch of bits on its way.
pub(super) struct MakeBits {
    n: usize,
    rows: Rows,
    asked: bool,
}

impl MakeBits {
    /// So many.
    pub(super) fn new(n: usize) -> Self {
        Self {
            n,
            rows: Rows::default(),
            asked: false,
        }
    }
}

impl Machine<Authenticated> for MakeBits {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        if !std::mem::replace(&mut self.asked, true) {
            self.rows.ask(suite, wire, self.n)?;
            return Ok(Step::Waiting);
        }
        self.rows.answer(suite, wire, self.n)?;
        let rows = &self.rows;
        let bits = rows.bits.chunks(PIECE / 64);
        let macs = rows.macs.chunks(PIECE).zip(rows.keys.chunks(PIECE));
        for (bits, (macs, keys)) in bits.zip(macs) {
            let mut matrix = Matrix::zeros(PARTS, macs.len());
            for (at, &word) in bits.iter().enumerate() {
                matrix.set(0, at, word);
            }
            matrix.set_rows(1, 0, macs);
            matrix.set_rows(1 + MAC, 0, keys);
            suite.pools.bits.put(matrix);
        }
        Ok(Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(1)))
    }
}
