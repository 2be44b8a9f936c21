//! What a suite of protocols is to the engine: shares, one state machine per operation, and a check on what is opened.
//!
//! Protocol cores do no I/O. A machine is stepped once per tick: it takes the pieces that it announced in the tick
//! before, computes, and appends and announces pieces for the next, in the same order at every party. Most operations
//! are cut into blocks of lanes that take a fixed number of phases each; `pipeline` keeps several blocks in flight and computes them
//! on as many cores as the party has. Randomness is reserved when an operation begins (`tickets`).
//!
//! **Correlations** are made by the suite when the engine asks ([`Suite::setup`], [`Suite::prepare`]) and kept by it in one pool
//! per kind, first in, first out. The engine begins an operation when what `smpcc_circuit::cost::demand` says of it is in
//! the pools and not meant for another operation. The operation takes exactly that, at any time between its beginning
//! and its end: each block has its place among them. Batches end and operations are stepped in the same order at all parties,
//! so the same correlations meet in the same operation.
//!
//! Another suite adds a file beside `replicated`, implements `interface::Protocols` and, for circuits, `levels::AndLevel`: the engine,
//! the dispatcher and the walk through a circuit stay. How values are held, and all that is linear in them, is in `sharing`.

use std::sync::Arc;

use smpcc_circuit::cost::{Delay, Demand};
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{Node, Program};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::io::Secret;
use crate::ring::Elements;

mod any;
pub mod authenticated;
pub mod check;
mod circuit;
pub mod clear;
#[cfg(test)]
pub(crate) mod conformance;
mod dispatch;
pub mod four;
pub mod garbled;
mod interface;
mod levels;
mod linear;
mod operands;
pub mod ot;
pub mod pairwise;
mod pipeline;
mod publish;
pub mod replicated;
pub mod shamir;
mod sharing;
mod shuffle;
mod slots;
pub mod stored;
#[cfg(test)]
mod tests;
mod tickets;
mod vouch;

pub use any::AnySuite;
pub use check::{Batch, Check, Opened, Passed, Submitted};

/// What a corrupt party may do, as a type: what is proven against one adversary is not built on what serves another.
pub trait Adversary {
    /// Whether it sends what it likes, so that what it says has to be checked.
    const DEVIATES: bool;
}

/// A corrupt party follows the protocol and looks at all it sees.
#[derive(Clone, Copy)]
pub struct SemiHonest;

impl Adversary for SemiHonest {
    const DEVIATES: bool = false;
}

/// A corrupt party sends what it likes. The others get right results or stop.
#[derive(Clone, Copy)]
pub struct Malicious;

impl Adversary for Malicious {
    const DEVIATES: bool = true;
}

/// A value while a program runs.
pub enum Value<S> {
    /// Known to all.
    Public(Elements),
    /// Known to its owner alone: nothing of it is anywhere else.
    Local(Option<Secret<Elements>>),
    /// Held in a suite's shares.
    Shared(S),
}

/// What an operation gives.
pub enum Outcome<S, E = ()> {
    /// Its results.
    Values(Vec<Value<S>>),
    /// What it opened to all.
    Revealed(Opened<Elements, E>),
    /// What it opened for an output leaf; `None` at who does not receive it.
    Output(OutputId, Option<Opened<Elements, E>>),
    /// The end of a check.
    Passed(Passed),
}

/// An operation that has begun.
pub enum Begun<S: Suite> {
    /// It needed nobody else.
    Done(Outcome<S::Share, S::Evidence>),
    /// It goes on with every tick.
    Machine(Box<dyn Machine<S>>),
}

/// Where a machine stands after a tick.
pub enum Step<S, E = ()> {
    /// It has announced what it expects.
    Waiting,
    /// It is finished; the delay is what its messages took, block by block.
    Done(Outcome<S, E>, Delay),
}

/// An operation under way.
pub trait Machine<S: Suite>: Send {
    /// One tick. The first call finds nothing to take.
    fn step(&mut self, suite: &mut S, wire: &mut Exchange<'_>) -> Result<Stepped<S>, Error>;
}

/// Where a machine of a suite stands after a tick.
pub type Stepped<S> = Step<<S as Suite>::Share, <S as Suite>::Evidence>;

/// A value as operations hold it.
pub type Operand<S> = Arc<Value<<S as Suite>::Share>>;

/// A machine, if there is anything to do.
pub type Preparation<S> = Option<Box<dyn Machine<S>>>;

/// A family of protocols with one trust assumption.
pub trait Suite: Sized + Sync {
    /// How it holds a value.
    type Share: Clone + Send + Sync + 'static;
    /// What speaks for an opened value in a check: nothing where nobody lies, MACs or tags elsewhere.
    type Evidence: Send + 'static;

    /// Whether it protects against parties that send what they like.
    fn deviates(&self) -> bool;

    /// Whether openings wait to be checked together. They do not where nobody lies, or where each is checked as it is made: then
    /// [`Suite::check`] passes at once.
    fn waits(&self) -> bool {
        self.deviates()
    }

    /// Lanes `from..from + lanes` of a share; `from` is a multiple of 64.
    fn cut(share: &Self::Share, from: usize, lanes: usize) -> Self::Share;

    /// Puts a block in its place in a vector of `lanes` lanes, which the first block (`None`) begins; `from` is a multiple
    /// of 64, and so are the lanes of a block that is not the last.
    ///
    /// # Errors
    /// A bug: blocks of different kinds.
    fn put(
        whole: Option<Self::Share>,
        lanes: usize,
        from: usize,
        block: &Self::Share,
    ) -> Result<Self::Share, Error>;

    /// Begins to check a batch of openings, and all that this suite has to settle before they are used. Called in the same order and
    /// with as many openings at all parties; a party has no evidence of outputs that others receive. It sends what
    /// `smpcc_circuit::cost::check` says.
    ///
    /// # Errors
    /// A bug. What the check finds is the error of its machine.
    fn check(&mut self, batch: Batch<Self::Evidence>) -> Result<Check<Self>, Error>;

    /// Begins to prove what was recorded (products of secrets, what one party told the others): as soon as there is enough of it, or, with
    /// `all`, everything. Asked until it has nothing more to begin; in the same order at all parties. A machine ends with no values, or
    /// with an error when a proof is false. It sends what `smpcc_circuit::settle` says.
    ///
    /// # Errors
    /// A bug.
    fn settle(&mut self, all: bool) -> Result<Preparation<Self>, Error> {
        let _ = all;
        Ok(None)
    }

    /// All machines of [`Suite::settle`] with `all` have ended: openings may begin. A suite that records refuses them before.
    ///
    /// # Errors
    /// A bug: something is not proven.
    fn sealed(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// What parties do once, before anything else: `smpcc_circuit::cost::setup` says what it sends and how many rounds it takes.
    /// The machine ends with no values ([`Outcome::Values`] of none) and its rounds.
    ///
    /// # Errors
    /// A bug.
    fn setup(&mut self, _program: &Program) -> Result<Preparation<Self>, Error> {
        Ok(None)
    }

    /// Begins to make exactly `demand`: when the machine ends (with no values and its rounds), that many more of each kind are in
    /// the pools. It sends `smpcc_circuit::cost::prepared` of the demand and takes `preparation_rounds`. Called after the
    /// setup, in the same order at all parties, also while operations and earlier batches are under way; in all, as much is
    /// made as the operations of the run take. Counts are those of one or more operations, or multiples of 64 of them.
    ///
    /// # Errors
    /// A bug, for a suite without correlations of that kind.
    fn prepare(&mut self, _program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        if demand.is_empty() {
            Ok(None)
        } else {
            Err(Error::bug("this suite has no correlations"))
        }
    }

    /// What a block adds to the one sum of products of two operands, without the others: only sums of it are shares of anything,
    /// to `linear` operations they look like one. For suites where a sum of products costs one product.
    ///
    /// # Errors
    /// A bug, where a suite has no such thing or for operands that are not arithmetic.
    fn fold(&mut self, _args: &[Operand<Self>]) -> Result<Self::Share, Error> {
        Err(Error::bug("this suite adds up no products"))
    }

    /// Begins to make the result of `node` from what [`Suite::fold`] gave for all its blocks, added up.
    ///
    /// # Errors
    /// A bug, where a suite has no such thing.
    fn unfold(
        &mut self,
        _program: &Program,
        _node: &Node,
        _sum: Self::Share,
    ) -> Result<Begun<Self>, Error> {
        Err(Error::bug("this suite adds up no products"))
    }

    /// Begins an operation that works on shares. Called in the same order at all parties, so that numbers given to
    /// correlations agree. `input` is this party's input when the operation is one of its own. When a long vector is worked on
    /// block by block, each block begins by itself, and the values' lanes in `program` are the block's.
    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Operand<Self>>,
        input: Option<Elements>,
    ) -> Result<Begun<Self>, Error>;
}
