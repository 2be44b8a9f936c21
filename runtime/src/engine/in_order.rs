//! Runs loops in which nothing is shared: operations on public values and on what owners know, in their order and without a scheduler.
//!
//! Nothing in such a region waits for a message, so that there is nothing to begin early, no round to count and no correlation to make.
//! Each of many small steps of a party alone takes less than half of what it takes with the scheduler.

use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::program::{Domain, Node, Op};

use super::execute::{Executor, Run};
use super::parts;
use crate::error::Error;
use crate::protocols::{Operand, Suite, Value, clear};
use crate::ring::Elements;

impl<'p, S: Suite> Executor<'p, '_, S> {
    /// All iterations of such a loop: what it carries at the end.
    pub(super) fn in_order(
        &mut self,
        node: &'p Node,
        (count, body): (u64, usize),
        carried: Vec<Operand<S>>,
        counted: bool,
    ) -> Result<Vec<Operand<S>>, Error> {
        let before = Instant::now();
        let results = self.iterations(count, body, carried, counted)?;
        let work = self.own_work(body).unwrap_or(node);
        self.spent(work, before, 0);
        Ok(results)
    }

    /// An operation of this party alone in a region, for whose section the region's time counts.
    fn own_work(&self, region: usize) -> Option<&'p Node> {
        let me = self.wire.me().index();
        let is_own = |node: &&Node| {
            let domain = |v: usize| self.program.values[v].domain;
            let owner = node.results.first().map(|v| domain(v.index()));
            matches!(owner, Some(Domain::Local { owner }) if owner as usize == me)
        };
        self.program.regions[region].nodes.iter().find(is_own)
    }

    fn iterations(
        &mut self,
        count: u64,
        body: usize,
        mut carried: Vec<Operand<S>>,
        counted: bool,
    ) -> Result<Vec<Operand<S>>, Error> {
        let Some((&counter, params)) = self.region(body).params.split_first() else {
            return Err(Error::bug("a loop without a counter"));
        };
        let mut run = Run::new(body, counted);
        let width = self.program.values[counter.index()].scalar.width();
        for i in 0..count {
            self.wire.poll()?;
            run.renew(self.plan(body));
            let i = Elements::of_words(width, std::iter::once(u128::from(i)));
            self.keep(&run, counter, Arc::new(Value::Public(i)));
            if params.len() != carried.len() {
                return Err(Error::bug("a loop carries the wrong number of values"));
            }
            for (&value, held) in params.iter().zip(carried) {
                self.keep(&run, value, held);
            }
            carried = self.pass(&mut run)?;
        }
        Ok(carried)
    }

    /// The operations of a region, one after the other, and what it gives. Its parameters are there.
    fn pass(&mut self, run: &mut Run<S>) -> Result<Vec<Operand<S>>, Error> {
        let nodes = &self.region(run.region).nodes;
        for (index, node) in nodes.iter().enumerate() {
            let mut args = Vec::with_capacity(node.args.len());
            for &value in &node.args {
                args.push(self.fetch(run, value)?);
            }
            let inner = run.counted && parts::is_counted(&node.op);
            let results = match node.op {
                Op::Loop { count, body } => {
                    let count = match count {
                        Some(count) => count,
                        None if args.is_empty() => {
                            return Err(Error::bug("a loop without a count"));
                        }
                        None => {
                            let count = clear::public(&args.remove(0))?.get(0);
                            u64::try_from(count).unwrap_or(u64::MAX)
                        }
                    };
                    self.iterations(count, body as usize, args, inner)?
                }
                Op::If { then, otherwise } => {
                    let condition = args
                        .first()
                        .ok_or_else(|| Error::bug("an `if` of nothing"))?;
                    let holds = clear::public(condition)?.get(0) & 1 == 1;
                    let region = if holds { then } else { otherwise } as usize;
                    let mut arm = Run::new(region, inner);
                    arm.renew(self.plan(region));
                    self.pass(&mut arm)?
                }
                _ => clear::execute(self.program, node, args, self.wire.me())?,
            };
            for (&value, held) in node.results.iter().zip(results) {
                self.keep(run, value, held);
            }
            self.release(run, index);
        }
        self.count(run.counted, nodes.len());
        self.results(run)
    }
}
