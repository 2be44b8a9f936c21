//! Runs loops and branches in which nothing is shared: operations on public values and on what owners know, in their order and without
//! a scheduler.
//!
//! Nothing in such a region waits for a message, so that there is nothing to begin early, no round to count and no correlation to make.
//! What each party does is listed once (`listing`); a step on a few words then takes some nanoseconds (`machine`).

use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::program::{Domain, Node};

use super::execute::Executor;
use crate::error::Error;
use crate::protocols::{Operand, Suite};
use listing::{Builder, Listing};
use machine::Machine;

mod listing;
mod machine;
#[cfg(test)]
mod tests;

pub(super) use listing::Listing as InOrder;

impl<'p, S: Suite> Executor<'p, '_, S> {
    /// Whether an operation runs regions in which nothing is shared, and no others.
    pub(super) fn is_in_order(&self, node: &Node) -> bool {
        let mut regions = node.op.regions().peekable();
        regions.peek().is_some() && regions.all(|r| self.plan(r as usize).is_clear)
    }

    /// The results of such an operation. `counted` says whether the plan says how often its regions run.
    pub(super) fn in_order(
        &mut self,
        node: &'p Node,
        args: Vec<Operand<S>>,
        counted: bool,
    ) -> Result<Vec<Operand<S>>, Error> {
        let before = Instant::now();
        let listing = self.listing(node)?;
        let (program, me) = (self.program, self.wire.me());
        let outside = listing.outside.iter().map(|&v| Ok((v, self.held(v)?)));
        let outside = outside.collect::<Result<Vec<_>, Error>>()?;
        let mut turn = |parts: u64| {
            self.wire.poll()?;
            self.count(counted, parts);
            Ok(())
        };
        let mut machine = Machine::<S>::new(program, &listing, me, &mut turn);
        for (v, value) in outside {
            machine.put(v, value)?;
        }
        for (&v, value) in node.args.iter().zip(args) {
            machine.put(v, value)?;
        }
        let mut machine = machine.run(counted)?;
        let results = node.results.iter().map(|&v| machine.get(v, true));
        let results = results.collect::<Result<_, Error>>()?;
        drop(machine);
        self.spent(self.own_work(node).unwrap_or(node), before, 0);
        Ok(results)
    }

    /// What this party does in an operation's regions; listed when they run first.
    fn listing(&mut self, node: &'p Node) -> Result<Arc<Listing<'p>>, Error> {
        let key = node.op.regions().next().unwrap_or_default();
        if let Some(listing) = self.listings.get(&key) {
            return Ok(listing.clone());
        }
        let me = self.wire.me();
        let listing = Builder::listing(self.program, self.schedule, me, node)?;
        let listing = Arc::new(listing);
        self.listings.insert(key, listing.clone());
        Ok(listing)
    }

    /// An operation of this party alone in the regions, for whose section their time counts.
    fn own_work(&self, node: &Node) -> Option<&'p Node> {
        let me = self.wire.me().index();
        let is_own = |node: &&Node| {
            let domain = |v: usize| self.program.values[v].domain;
            let owner = node.results.first().map(|v| domain(v.index()));
            matches!(owner, Some(Domain::Local { owner }) if owner as usize == me)
        };
        let regions = node.op.regions();
        let nodes = regions.flat_map(|r| &self.program.regions[r as usize].nodes);
        nodes.into_iter().find(is_own)
    }
}
