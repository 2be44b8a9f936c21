//! What is opened, and the check that stands between it and its use.
//!
//! A value that the others' shares make is an [`Opened`]. Nobody reads it: it gives its evidence to a [`Batch`] and waits as a
//! [`Submitted`] until the suite's check of that batch ends with a [`Passed`], which only protocols can make. So nothing that was
//! opened steers a run, enters another operation or leaves as an output before it was checked, whatever the engine does.
//!
//! A batch is checked as a whole, because a check costs rounds and hardly more bytes for many openings than for one. A suite whose
//! adversary follows the protocol has evidence of no size and believes a batch at once. Another one takes the evidence apart in
//! a machine that speaks with the others; it also settles there what it has recorded since the last batch (multiplications, vouched
//! messages, dealt correlations), since all of it stands before these openings in the order of the program.
//!
//! ```compile_fail,E0451
//! use smpcc_runtime::protocols::check::Passed;
//! fn forged() -> Passed {
//!     Passed { batch: 0 }
//! }
//! ```
//!
//! ```compile_fail,E0616
//! use smpcc_runtime::protocols::check::Opened;
//! fn unchecked(opened: Opened<u64>) -> u64 {
//!     opened.value
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use smpcc_runtime::protocols::check::{Batch, Passed};
//! fn believed(batch: Batch<()>) -> Passed {
//!     batch.believed()
//! }
//! ```

use super::{Machine, Suite};
use crate::error::Error;

#[cfg(test)]
pub(crate) mod tests;

/// What the others' shares make it, with what speaks for it; not yet checked.
pub struct Opened<T, E = ()> {
    value: T,
    evidence: E,
}

impl<T> Opened<T> {
    /// In a suite in which nothing has to speak for it.
    pub(crate) fn new(value: T) -> Self {
        Self::with(value, ())
    }
}

impl<T, E> Opened<T, E> {
    /// A value and its evidence.
    pub(crate) fn with(value: T, evidence: E) -> Self {
        Self { value, evidence }
    }

    /// Hands the evidence over to the batch that it is checked with.
    pub fn submit(self, batch: &mut Batch<E>) -> Submitted<T> {
        batch.evidence.push(self.evidence);
        Submitted {
            value: self.value,
            batch: batch.number,
        }
    }
}

/// What was opened and waits for the check of its batch.
pub struct Submitted<T> {
    value: T,
    batch: u64,
}

impl<T> Submitted<T> {
    /// Whether it is released by this.
    pub fn is_of(&self, passed: &Passed) -> bool {
        self.batch == passed.batch
    }

    /// The value: the only door.
    ///
    /// # Errors
    /// A bug: another batch has passed.
    pub fn release(self, passed: &Passed) -> Result<T, Error> {
        match self.is_of(passed) {
            true => Ok(self.value),
            false => Err(Error::bug("an opened value is released by another's check")),
        }
    }
}

/// Evidence of openings that are checked together.
pub struct Batch<E> {
    number: u64,
    evidence: Vec<E>,
}

impl<E> Batch<E> {
    /// An empty one; a run numbers its batches from 0.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            evidence: Vec::new(),
        }
    }

    /// Its evidence, in the order of the openings, and what its check is to prove.
    pub(in crate::protocols) fn open(self) -> (Vec<E>, Claim) {
        (self.evidence, Claim { batch: self.number })
    }
}

impl Batch<()> {
    /// Nobody lies to this suite, or each opening was compared as it was made: there is nothing left to compare.
    pub(in crate::protocols) fn believed(self) -> Passed {
        self.open().1.proven()
    }
}

/// That a batch is right, to be proven.
pub(in crate::protocols) struct Claim {
    batch: u64,
}

impl Claim {
    /// Its check has passed.
    pub(in crate::protocols) fn proven(self) -> Passed {
        Passed { batch: self.batch }
    }
}

/// A witness that the check of a batch has passed; only protocols make one.
pub struct Passed {
    batch: u64,
}

/// The check of a batch.
pub enum Check<S: Suite> {
    /// It has passed without a word.
    Passed(Passed),
    /// It goes on with every tick, and ends with [`Outcome::Passed`](super::Outcome::Passed) or an error.
    Machine(Box<dyn Machine<S>>),
}
