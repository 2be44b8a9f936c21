//! Runs operations of which nothing is shared, on public values and on what owners know, in their order and without a scheduler: loops
//! and branches, and what stands at the beginning of a region.
//!
//! Nothing of them waits for a message, so that there is nothing to begin early, no round to count and no correlation to make.
//! What each party does is listed once (`listing`); a step on a few words then takes some nanoseconds (`machine`).

use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::program::{Domain, Node};

use super::execute::{Executor, Run};
use crate::error::Error;
use crate::protocols::Suite;
use listing::{Builder, Listing};
use machine::Machine;

pub(super) mod listing;
mod machine;
#[cfg(test)]
mod tests;

impl<'p, S: Suite> Executor<'p, '_, S> {
    /// Whether an operation runs regions in which nothing is shared, and no others.
    pub(super) fn is_in_order(&self, node: &Node) -> bool {
        let mut regions = node.op.regions().peekable();
        regions.peek().is_some() && regions.all(|r| self.plan(r as usize).is_clear)
    }

    /// Such operations of a region, which start and end together.
    pub(super) fn in_order(&mut self, run: &mut Run<S>, nodes: &[u32]) -> Result<(), Error> {
        let before = Instant::now();
        let listing = self.listing(run.region, nodes)?;
        let mut inputs = Vec::with_capacity(listing.inputs.len());
        for &(v, uses) in &listing.inputs {
            let mut value = self.fetch(run, v)?;
            for _ in 1..uses {
                value = self.fetch(run, v)?;
            }
            inputs.push((v, value));
        }
        let (program, me) = (self.program, self.wire.me());
        let mut turn = |parts: u64| {
            self.wire.poll()?;
            self.count(true, parts);
            Ok(())
        };
        let mut machine = Machine::<S>::new(program, &listing, me, &mut turn);
        for (v, value) in inputs {
            machine.put(v, value)?;
        }
        let mut machine = machine.run(run.counted)?;
        let results = listing.results.iter().map(|&v| machine.get(v, true));
        let results = results.collect::<Result<Vec<_>, Error>>()?;
        drop(machine);
        if let Some(work) = self.own_work(run.region, nodes) {
            self.spent(work, before, 0);
        }
        let inputs = listing.inputs.iter().map(|&(v, _)| v);
        self.completed(
            run,
            nodes.len(),
            inputs,
            listing.results.iter().zip(results),
        );
        Ok(())
    }

    /// What this party does in operations of a region; listed when they run first.
    fn listing(&mut self, region: usize, nodes: &[u32]) -> Result<Arc<Listing<'p>>, Error> {
        let key = (region, nodes.first().copied().unwrap_or_default());
        if let Some(listing) = self.listings.get(&key) {
            return Ok(listing.clone());
        }
        let me = self.wire.me();
        let listing = Builder::listing(self.program, self.schedule, me, (region, nodes))?;
        let listing = Arc::new(listing);
        self.listings.insert(key, listing.clone());
        Ok(listing)
    }

    /// Of operations of a region and those in their regions, one of this party alone, for whose section their time counts; else the first.
    fn own_work(&self, region: usize, nodes: &[u32]) -> Option<&'p Node> {
        let me = self.wire.me().index();
        let is_own = |node: &&Node| {
            let domain = |v: usize| self.program.values[v].domain;
            let owner = node.results.first().map(|v| domain(v.index()));
            matches!(owner, Some(Domain::Local { owner }) if owner as usize == me)
        };
        let of = |r: usize| &self.program.regions[r].nodes;
        let nodes = nodes.iter().filter_map(|&i| of(region).get(i as usize));
        let inner = nodes.clone().flat_map(|node| node.op.regions());
        let all = inner.flat_map(|r| of(r as usize)).chain(nodes.clone());
        all.into_iter()
            .find(is_own)
            .or_else(|| nodes.clone().next())
    }
}
