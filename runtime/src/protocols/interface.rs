//! What a suite implements: few methods, one per thing that its parties do with each other, with operands that are checked and in the
//! form that a protocol needs. Its values are held as [`Share`]s.

use std::sync::Arc;

use smpcc_circuit::cost::Demand;
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{Node, Program};
use zeroize::Zeroizing;

use super::circuit::{Circuit, Circuits};
use super::garbled::seat::Garbling;
use super::sharing::{Arithmetic, Held, Share, Sharing};
use super::shuffle::Columns;
use super::vouch::{Both, HASH, Hash, Polynomial};
use super::{Adversary, Batch, Begun, Check, Opened, Outcome, Preparation};
use crate::bits::Bits;
use crate::error::Error;
use crate::ring::Elements;

/// What one suite's parties do with each other.
pub trait Protocols: Sized + Send + Sync + 'static {
    /// Whom it protects against.
    type Threat: Adversary;

    /// See [`super::Suite::waits`].
    const WAITS: bool = <Self::Threat as Adversary>::DEVIATES;

    /// Lanes per block of operations that take one message: 64-bit elements fill a frame of the transport, or half of one.
    const BLOCK: usize;

    /// See [`super::Suite::check`].
    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error>;

    /// This party and how many there are.
    fn seat(&self) -> (usize, usize);

    /// The shape of this party's shares.
    fn sharing(&self) -> &Sharing;

    /// The program's circuits.
    fn circuits(&mut self) -> &mut Circuits;

    /// See [`super::Suite::setup`].
    fn setup(&mut self, _program: &Program) -> Result<Preparation<Self>, Error> {
        Ok(None)
    }

    /// See [`super::Suite::settle`].
    fn settle(&mut self, _all: bool) -> Result<Preparation<Self>, Error> {
        Ok(None)
    }

    /// See [`super::Suite::sealed`].
    fn sealed(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// What all others were told by a party in the clear, as this party heard or told it.
    fn heard(&mut self, _from: usize, _bytes: &[u8]) {}

    /// Where those whom one party tells something compare it before they use it: the hashes that this party and another one of them say to
    /// each other, if both have heard these bytes.
    fn echo(&self, _with: usize, _bytes: &[u8]) -> Option<Both> {
        None
    }

    /// Such a hash as it is said to, or expected from, the other one: in the order of messages.
    fn numbered(&self, _with: usize, _hash: Hash) -> [u8; HASH] {
        [0; HASH]
    }

    /// Whether they do.
    const ECHOES: bool = false;

    /// See [`super::Suite::prepare`].
    fn prepare(&mut self, demand: &Demand) -> Result<Preparation<Self>, Error> {
        if demand.is_empty() {
            Ok(None)
        } else {
            Err(Error::bug("this suite has no correlations"))
        }
    }

    /// See [`super::Suite::fold`].
    fn fold(&mut self, _x: &Held, _y: &Held) -> Result<Share, Error> {
        Err(Error::bug("this suite adds up no products"))
    }

    /// See [`super::Suite::unfold`].
    fn unfold(&mut self, _site: Site<'_>, _sum: Arithmetic) -> Result<Begun<Self>, Error> {
        Err(Error::bug("this suite adds up no products"))
    }

    /// Shares what one party gives.
    fn input(&mut self, input: Owned, value: Clear) -> Result<Begun<Self>, Error>;

    /// Products mod 2^ring, or sums of them.
    fn product(&mut self, site: Site<'_>, products: Products) -> Result<Begun<Self>, Error>;

    /// A circuit on shared bits.
    fn circuit(
        &mut self,
        site: Site<'_>,
        circuit: Arc<Circuit>,
        args: Vec<Held>,
        lanes: usize,
    ) -> Result<Begun<Self>, Error>;

    /// The additive parts of integers as shared strings of `width` bits.
    fn decompose(&mut self, value: &Held, width: usize) -> Result<Begun<Self>, Error>;

    /// Strings for [`Protocols::compose`], each of which is known to who holds a part of the sharing to be.
    fn random_parts(&mut self, width: usize, lanes: usize) -> Result<Begun<Self>, Error>;

    /// Integers mod 2^ring from a difference and random parts, `ring` bits each.
    fn compose(&mut self, args: Vec<Held>, ring: u32) -> Result<Begun<Self>, Error>;

    /// Bits as zeros and ones mod 2^ring.
    fn inject(&mut self, site: Site<'_>, bits: Held, ring: u32) -> Result<Begun<Self>, Error>;

    /// Columns with their rows in another order; all have so many lanes.
    ///
    /// # Errors
    /// A bug, where the suite does not shuffle.
    fn shuffle(&mut self, _site: Site<'_>, _columns: Columns) -> Result<Begun<Self>, Error> {
        Err(Error::bug("this suite does not shuffle"))
    }

    /// Opens a value to some parties.
    fn open(&mut self, site: Site<'_>, opening: Opening) -> Result<Begun<Self>, Error>;

    /// Whether values of garbled sections are held as labels. Else they are held as shared bits, and labels exist within a call alone.
    const HOLDS_LABELS: bool = true;

    /// Garbles a circuit between shared bits.
    ///
    /// # Errors
    /// A bug, where the suite holds labels or has no garbled circuits.
    fn garbled(
        &mut self,
        _site: Site<'_>,
        _id: usize,
        _args: Vec<Held>,
        _lanes: usize,
    ) -> Result<Begun<Self>, Error> {
        Err(no_labels())
    }

    /// What this party knows of garbling.
    ///
    /// # Errors
    /// A bug, where the suite has no garbled circuits.
    fn garbling(&mut self) -> Result<&mut Garbling, Error> {
        Err(no_labels())
    }

    /// The hash of a call's tables, where the second garbler vouches for them: at this garbler, or at the evaluator.
    fn witness(&mut self) -> Option<Polynomial> {
        None
    }

    /// Between shares and labels.
    ///
    /// # Errors
    /// A bug, where the suite has no garbled circuits.
    fn yao(&mut self, _change: Change) -> Result<Begun<Self>, Error> {
        Err(no_labels())
    }
}

/// Where an operation stands: what its costs depend on.
#[derive(Clone, Copy)]
pub struct Site<'p> {
    /// The program, with the lanes that the operation runs on.
    pub(super) program: &'p Program,
    /// The operation.
    pub(super) node: &'p Node,
}

/// What one party gives, as all know it.
pub struct Owned {
    /// Whose it is.
    pub(super) owner: usize,
    /// Of its ring, or of its string.
    pub(super) bits: u32,
    /// Its lanes.
    pub(super) lanes: usize,
}

/// What becomes shared: the value is there at its owner.
pub enum Clear {
    /// Integers, reduced to the ring.
    Integers(Option<Zeroizing<Elements>>),
    /// Strings of bits.
    Bits(Option<Zeroizing<Bits>>),
}

/// Sums of products: result `r` is that of lanes `r·run..(r + 1)·run`.
pub struct Products {
    /// Factors of one shape.
    pub(super) x: Held,
    /// Factors of one shape.
    pub(super) y: Held,
    /// The ring of both.
    pub(super) ring: u32,
    /// The lanes of both.
    pub(super) lanes: usize,
    /// Results.
    pub(super) n: usize,
    /// Lanes per result.
    pub(super) run: usize,
}

/// What is opened to whom. It is an arithmetic or Boolean share.
pub struct Opening {
    /// The value.
    pub(super) value: Held,
    /// Its lanes; none where nobody receives it, so that nothing is sent.
    pub(super) lanes: usize,
    /// Bits of it that are opened.
    pub(super) width: u32,
    /// By party.
    pub(super) receives: Vec<bool>,
    /// Whether this party is a receiver.
    pub(super) mine: bool,
    /// The output leaf, if it is opened for one.
    pub(super) output: Option<OutputId>,
}

impl Opening {
    /// Lanes of what this party learns.
    pub(super) fn kept(&self) -> usize {
        if self.mine { self.lanes } else { 0 }
    }

    /// What the operation gives once the value is open; `value` counts where this party receives it.
    pub(super) fn outcome(&self, value: Elements) -> Outcome<Share> {
        let opened = Opened::new(value);
        match self.output {
            None => Outcome::Revealed(opened),
            Some(id) => Outcome::Output(id, self.mine.then_some(opened)),
        }
    }
}

/// Between shares and labels.
pub enum Change {
    /// The two additive parts of integers, as labels of strings of so many bits.
    Parts(Held, usize),
    /// Labels of shared bits.
    ToLabels(Held),
    /// Shared bits from labels.
    ToBits(Held),
}

fn no_labels() -> Error {
    Error::bug("this suite has no garbled circuits")
}
