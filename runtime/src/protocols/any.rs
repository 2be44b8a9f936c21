//! Any suite that is held in [`Share`]s: the engine is compiled once, and not for each of them.
//!
//! Engine and protocols meet once for each operation and tick, which a call that is looked up at run time does not slow down.

use std::any::Any;

use smpcc_circuit::cost::Demand;
use smpcc_circuit::program::{Node, Program};

use super::interface::Protocols;
use super::sharing::{self, Held, Share};
use super::{Batch, Begun, Check, Machine, Preparation, Stepped, Suite};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::ring::Elements;

/// A suite of any kind.
pub struct AnySuite(Box<dyn AnyProtocols>);

impl AnySuite {
    /// A suite of this kind.
    pub fn new(suite: impl Protocols) -> Self {
        Self(Box::new(suite))
    }
}

/// [`Suite`] without what a table of methods cannot have. What is begun here is stepped with the suite in its box.
trait AnyProtocols: Any + Send + Sync {
    fn deviates(&self) -> bool;
    fn waits(&self) -> bool;
    fn check(&mut self, batch: Batch<()>) -> Result<Check<AnySuite>, Error>;
    fn settle(&mut self, all: bool) -> Result<Preparation<AnySuite>, Error>;
    fn sealed(&mut self) -> Result<(), Error>;
    fn setup(&mut self, program: &Program) -> Result<Preparation<AnySuite>, Error>;
    fn prepare(
        &mut self,
        program: &Program,
        demand: &Demand,
    ) -> Result<Preparation<AnySuite>, Error>;
    fn fold(&mut self, args: &[Held]) -> Result<Share, Error>;
    fn unfold(
        &mut self,
        program: &Program,
        node: &Node,
        sum: Share,
    ) -> Result<Begun<AnySuite>, Error>;
    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<AnySuite>, Error>;
}

impl<P: Protocols> AnyProtocols for P {
    fn deviates(&self) -> bool {
        Suite::deviates(self)
    }

    fn waits(&self) -> bool {
        Suite::waits(self)
    }

    fn check(&mut self, batch: Batch<()>) -> Result<Check<AnySuite>, Error> {
        Ok(match Suite::check(self, batch)? {
            Check::Passed(passed) => Check::Passed(passed),
            Check::Machine(machine) => Check::Machine(boxed(machine)),
        })
    }

    fn settle(&mut self, all: bool) -> Result<Preparation<AnySuite>, Error> {
        Ok(Suite::settle(self, all)?.map(boxed))
    }

    fn sealed(&mut self) -> Result<(), Error> {
        Suite::sealed(self)
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<AnySuite>, Error> {
        Ok(Suite::setup(self, program)?.map(boxed))
    }

    fn prepare(
        &mut self,
        program: &Program,
        demand: &Demand,
    ) -> Result<Preparation<AnySuite>, Error> {
        Ok(Suite::prepare(self, program, demand)?.map(boxed))
    }

    fn fold(&mut self, args: &[Held]) -> Result<Share, Error> {
        Suite::fold(self, args)
    }

    fn unfold(
        &mut self,
        program: &Program,
        node: &Node,
        sum: Share,
    ) -> Result<Begun<AnySuite>, Error> {
        Suite::unfold(self, program, node, sum).map(begun)
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<AnySuite>, Error> {
        Suite::begin(self, program, node, args, input).map(begun)
    }
}

/// A machine of one suite, among those of any.
struct Of<P: Protocols>(Box<dyn Machine<P>>);

fn boxed<P: Protocols>(machine: Box<dyn Machine<P>>) -> Box<dyn Machine<AnySuite>> {
    Box::new(Of(machine))
}

fn begun<P: Protocols>(begun: Begun<P>) -> Begun<AnySuite> {
    match begun {
        Begun::Done(outcome) => Begun::Done(outcome),
        Begun::Machine(machine) => Begun::Machine(boxed(machine)),
    }
}

impl<P: Protocols> Machine<AnySuite> for Of<P> {
    fn step(
        &mut self,
        suite: &mut AnySuite,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<AnySuite>, Error> {
        let suite: &mut dyn Any = &mut *suite.0;
        let suite = suite.downcast_mut::<P>();
        self.0.step(
            suite.ok_or_else(|| Error::bug("a machine of another suite"))?,
            wire,
        )
    }
}

impl Suite for AnySuite {
    type Share = Share;
    type Evidence = ();

    fn deviates(&self) -> bool {
        self.0.deviates()
    }

    fn waits(&self) -> bool {
        self.0.waits()
    }

    fn cut(share: &Share, from: usize, lanes: usize) -> Share {
        sharing::cut(share, from, lanes)
    }

    fn put(whole: Option<Share>, lanes: usize, from: usize, block: &Share) -> Result<Share, Error> {
        sharing::put(whole, lanes, from, block)
    }

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        self.0.check(batch)
    }

    fn settle(&mut self, all: bool) -> Result<Preparation<Self>, Error> {
        self.0.settle(all)
    }

    fn sealed(&mut self) -> Result<(), Error> {
        self.0.sealed()
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        self.0.setup(program)
    }

    fn prepare(&mut self, program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        self.0.prepare(program, demand)
    }

    fn fold(&mut self, args: &[Held]) -> Result<Share, Error> {
        self.0.fold(args)
    }

    fn unfold(&mut self, program: &Program, node: &Node, sum: Share) -> Result<Begun<Self>, Error> {
        self.0.unfold(program, node, sum)
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        self.0.begin(program, node, args, input)
    }
}
