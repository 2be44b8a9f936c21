//! Runs groups of operations on long vectors block of lanes by block of lanes.
//!
//! Each block runs the group's operations as a region runs its own: an operation begins when its operands are there, and
//! everything under way is stepped once per tick, block after block. Operations begin on a copy of the program in which
//! their values have the block's lanes, so that a suite need not know of any of this. Only what is used outside the
//! group is put together; all else ends with its block. Stamps are those of the operations, whatever waited for what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::cost::{Delay, Demand, demand};
use smpcc_circuit::ids::{InputId, SectionId, ValueId};
use smpcc_circuit::program::{Loc, Node, Op, Program};

use super::execute::{Executor, Finished, Times, join};
use super::local;
use super::schedule::{GroupPlan, Kept, Member, Source};
use crate::error::Error;
use crate::protocols::{Begun, Machine, Operand, Outcome, Step, Suite, Value};
use crate::ring::Elements;

#[cfg(test)]
mod tests;

/// A group under way.
pub(super) struct Fused<S: Suite> {
    region: usize,
    first: u32,
    /// Operands of which each block has its lanes; dropped when all have.
    cut: Vec<Operand<S>>,
    /// Operands that are used whole.
    whole: Vec<Operand<S>>,
    /// Results as far as they are there.
    out: Vec<Option<Value<S::Share>>>,
    /// How long each member took, in any block.
    delays: Vec<Option<Delay>>,
    in_flight: Vec<Block<S>>,
    /// The next block.
    next: usize,
    /// What a block of all lanes takes.
    demand: Demand,
}

/// A block under way.
struct Block<S: Suite> {
    from: usize,
    lanes: usize,
    slots: Vec<Option<Operand<S>>>,
    uses: Vec<u32>,
    waits: Vec<u32>,
    ready: BinaryHeap<Reverse<u32>>,
    active: Vec<(u32, Box<dyn Machine<S>>)>,
    left: usize,
    demand: Demand,
}

impl<S: Suite> Block<S> {
    /// An operand for one use, handed over at the last.
    fn fetch(&mut self, slot: u32) -> Result<Operand<S>, Error> {
        let missing = || Error::bug("an operand of a block is missing");
        let slot = slot as usize;
        let uses = self.uses.get_mut(slot).ok_or_else(missing)?;
        *uses = uses.saturating_sub(1);
        let held = self.slots.get_mut(slot).ok_or_else(missing)?;
        if *uses == 0 {
            held.take().ok_or_else(missing)
        } else {
            held.clone().ok_or_else(missing)
        }
    }
}

fn missing() -> Error {
    Error::bug("a group is not what the schedule says")
}

impl<'p, S: Suite> Executor<'p, '_, S> {
    /// A group that has what it uses from outside.
    pub(super) fn fuse(
        &mut self,
        region: usize,
        first: u32,
        plan: &GroupPlan,
        held: &BTreeMap<ValueId, Operand<S>>,
    ) -> Result<Fused<S>, Error> {
        let operand = |v: &ValueId| held.get(v).cloned().ok_or_else(missing);
        let demand = self.block_demand(region, plan, plan.block)?;
        Ok(Fused {
            region,
            first,
            cut: plan.cut.iter().map(operand).collect::<Result<_, _>>()?,
            whole: plan.whole.iter().map(operand).collect::<Result<_, _>>()?,
            out: plan.results.iter().map(|_| None).collect(),
            delays: vec![None; plan.members.len()],
            in_flight: Vec::new(),
            next: 0,
            demand,
        })
    }

    /// The program in which the values of `node` have a block's lanes, for `with`.
    fn on_block<T>(
        &mut self,
        node: &Node,
        member: &Member,
        lanes: usize,
        with: impl FnOnce(&mut Self, &Program) -> T,
    ) -> T {
        let mut program = match self.blocks.take() {
            Some(program) => program,
            None => Box::new(self.program.clone()),
        };
        let cut = node.args.iter().zip(&member.args);
        let cut = cut.filter(|(_, source)| matches!(source, Source::Slot(_)));
        let made = if member.adds_up {
            &[][..]
        } else {
            &node.results
        };
        for value in cut.map(|(v, _)| v).chain(made) {
            if let Some(info) = program.values.get_mut(value.index()) {
                info.lanes = lanes as u64;
            }
        }
        let result = with(self, &program);
        for value in node.args.iter().chain(&node.results) {
            let at = value.index();
            if let (Some(info), Some(whole)) =
                (program.values.get_mut(at), self.program.values.get(at))
            {
                info.lanes = whole.lanes;
            }
        }
        self.blocks = Some(program);
        result
    }

    /// The correlations that a block takes.
    fn block_demand(
        &mut self,
        region: usize,
        plan: &GroupPlan,
        lanes: usize,
    ) -> Result<Demand, Error> {
        let mut sum = Demand::default();
        for member in &plan.members {
            let whole = self.demands.node(region, member.node as usize);
            if whole.is_some_and(|d| !d.is_empty()) {
                let node = self.member(region, member.node)?;
                let own = self.on_block(node, member, lanes, |_, program| demand(program, node));
                sum.add_times(&own, 1);
            }
        }
        Ok(sum)
    }

    fn member(&self, region: usize, node: u32) -> Result<&'p Node, Error> {
        self.region(region)
            .nodes
            .get(node as usize)
            .ok_or_else(missing)
    }

    /// One tick of a group; its results once all blocks have ended.
    pub(super) fn step_group(
        &mut self,
        fused: &mut Fused<S>,
        start: &Times,
    ) -> Result<Option<Finished<S>>, Error> {
        let plan = self
            .plan(fused.region)
            .groups
            .get(&fused.first)
            .ok_or_else(missing)?;
        let mut in_flight = std::mem::take(&mut fused.in_flight);
        let mut at = 0;
        while let Some(block) = in_flight.get_mut(at) {
            if self.step_block(fused, plan, block)? {
                let block = in_flight.remove(at);
                self.end_block(fused, plan, block)?;
            } else {
                at += 1;
            }
        }
        while fused.next < plan.n_blocks && in_flight.len() < plan.window {
            let Some(mut block) = self.begin_block(fused, plan)? else {
                break;
            };
            if self.step_block(fused, plan, &mut block)? {
                self.end_block(fused, plan, block)?;
            } else {
                in_flight.push(block);
            }
        }
        fused.in_flight = in_flight;
        if !fused.in_flight.is_empty() || fused.next < plan.n_blocks {
            return Ok(None);
        }
        let times = self.stamp(fused, plan, start)?;
        let results = std::mem::take(&mut fused.out).into_iter();
        let results = results.map(|held| held.map(Arc::new).ok_or_else(missing));
        Ok(Some((results.collect::<Result<_, _>>()?, times)))
    }

    /// The next block, if its correlations are there.
    fn begin_block(
        &mut self,
        fused: &mut Fused<S>,
        plan: &GroupPlan,
    ) -> Result<Option<Block<S>>, Error> {
        let from = fused.next * plan.block;
        let last = fused.next + 1 == plan.n_blocks;
        let lanes = if last { plan.lanes - from } else { plan.block };
        let demand = if lanes == plan.block {
            fused.demand.clone()
        } else {
            self.block_demand(fused.region, plan, lanes)?
        };
        if !demand.is_empty() && !self.supply.take(&demand)? {
            return Ok(None);
        }
        let mut slots = Vec::with_capacity(plan.uses.len());
        for operand in &fused.cut {
            let cut = match &**operand {
                Value::Public(e) => Value::Public(e.slice(from, lanes)),
                Value::Shared(s) => Value::Shared(S::cut(s, from, lanes)?),
            };
            slots.push(Some(Arc::new(cut)));
        }
        slots.resize(plan.uses.len(), None);
        fused.next += 1;
        if last {
            fused.cut.clear();
        }
        let waits: Vec<u32> = plan.members.iter().map(|m| m.waits).collect();
        let roots = (0..).zip(&waits).filter(|(_, waits)| **waits == 0);
        Ok(Some(Block {
            from,
            lanes,
            slots,
            uses: plan.uses.clone(),
            ready: roots.map(|(m, _)| Reverse(m)).collect(),
            waits,
            active: Vec::new(),
            left: plan.members.len(),
            demand,
        }))
    }

    /// One tick of a block; whether it has ended.
    fn step_block(
        &mut self,
        fused: &mut Fused<S>,
        plan: &GroupPlan,
        block: &mut Block<S>,
    ) -> Result<bool, Error> {
        for (m, machine) in std::mem::take(&mut block.active) {
            self.step_member(fused, plan, block, m, machine)?;
        }
        while let Some(Reverse(m)) = block.ready.pop() {
            let member = plan.members.get(m as usize).ok_or_else(missing)?;
            let node = self.member(fused.region, member.node)?;
            let mut args = Vec::with_capacity(member.args.len());
            for source in &member.args {
                args.push(match *source {
                    Source::Slot(slot) => block.fetch(slot)?,
                    Source::Whole(i) => fused.whole.get(i as usize).cloned().ok_or_else(missing)?,
                });
            }
            let before = Instant::now();
            if let Op::Const(words) = &node.op {
                let width = node.results.first().map_or(1, |v| {
                    self.program
                        .values
                        .get(v.index())
                        .map_or(1, |i| i.scalar.width())
                });
                let lanes = block.from as u64..(block.from + block.lanes) as u64;
                let words = Elements::of_words(width, lanes.map(|l| words.get(l)));
                let result = vec![Arc::new(Value::Public(words))];
                self.section(node).time += before.elapsed();
                self.end_member(fused, plan, block, m, result, Delay::None)?;
                continue;
            }
            let lanes = block.lanes;
            let input = match &node.op {
                Op::Input(id) => self.input_block(*id, plan, block),
                _ => None,
            };
            let begun = self.on_block(node, member, lanes, |this, program| {
                if local::is_local(node, &args) {
                    local::execute(program, node, args).map(Err)
                } else {
                    this.suite.begin(program, node, args, input).map(Ok)
                }
            })?;
            self.section(node).time += before.elapsed();
            match begun {
                Err(results) => self.end_member(fused, plan, block, m, results, Delay::None)?,
                Ok(Begun::Done(outcome)) => {
                    let results = self.outcome(outcome, Some((block.from, plan.lanes)))?;
                    self.end_member(fused, plan, block, m, results, Delay::None)?;
                }
                Ok(Begun::Machine(machine)) => self.step_member(fused, plan, block, m, machine)?,
            }
        }
        Ok(block.left == 0)
    }

    /// A block of this party's input; nobody needs the input after the last.
    fn input_block(&mut self, id: InputId, plan: &GroupPlan, block: &Block<S>) -> Option<Elements> {
        let lanes = self.inputs.get(&id)?.expose();
        let part = lanes.slice(block.from, block.lanes);
        if block.from + block.lanes == plan.lanes {
            self.inputs.remove(&id);
        }
        Some(part)
    }

    fn step_member(
        &mut self,
        fused: &mut Fused<S>,
        plan: &GroupPlan,
        block: &mut Block<S>,
        m: u32,
        mut machine: Box<dyn Machine<S>>,
    ) -> Result<(), Error> {
        let member = plan.members.get(m as usize).ok_or_else(missing)?;
        let node = self.member(fused.region, member.node)?;
        let (before, sent) = (Instant::now(), self.wire.bytes_sent());
        let step = machine.step(&mut self.suite, &mut self.wire)?;
        let sent = self.wire.bytes_sent() - sent;
        let section = self.section(node);
        section.time += before.elapsed();
        section.bytes_sent += sent;
        match step {
            Step::Waiting => {
                block.active.push((m, machine));
                Ok(())
            }
            Step::Done(outcome, delay) => {
                let results = self.outcome(outcome, Some((block.from, plan.lanes)))?;
                self.end_member(fused, plan, block, m, results, delay)
            }
        }
    }

    fn end_member(
        &mut self,
        fused: &mut Fused<S>,
        plan: &GroupPlan,
        block: &mut Block<S>,
        m: u32,
        results: Vec<Operand<S>>,
        delay: Delay,
    ) -> Result<(), Error> {
        let member = plan.members.get(m as usize).ok_or_else(missing)?;
        if results.len() != member.results.len() {
            return Err(Error::bug("an operation gave the wrong number of results"));
        }
        if let Some(known) = fused.delays.get_mut(m as usize) {
            known.get_or_insert(delay);
        }
        for (&slot, held) in member.results.iter().zip(results) {
            let slot = slot as usize;
            if let (Some(place), Some(&uses)) = (block.slots.get_mut(slot), block.uses.get(slot)) {
                *place = (uses > 0).then_some(held);
            }
            for &user in plan.users.get(slot).into_iter().flatten() {
                let waits = block.waits.get_mut(user as usize).ok_or_else(missing)?;
                *waits -= 1;
                if *waits == 0 {
                    block.ready.push(Reverse(user));
                }
            }
        }
        block.left -= 1;
        Ok(())
    }

    /// Puts what is used outside in its place, or adds it.
    fn end_block(
        &mut self,
        fused: &mut Fused<S>,
        plan: &GroupPlan,
        mut block: Block<S>,
    ) -> Result<(), Error> {
        for (kept, out) in plan.results.iter().zip(&mut fused.out) {
            let held = block.fetch(kept.slot)?;
            *out = Some(match out.take() {
                Some(sum) if kept.adds_up => self.add(kept, sum, held)?,
                None if kept.adds_up => Arc::into_inner(held).ok_or_else(missing)?,
                whole => put::<S>(whole, plan.lanes, block.from, &held)?,
            });
        }
        self.supply.used(&block.demand);
        Ok(())
    }

    /// A sum and what a block adds to it.
    fn add(
        &mut self,
        kept: &Kept,
        sum: Value<S::Share>,
        held: Operand<S>,
    ) -> Result<Value<S::Share>, Error> {
        let node = Node {
            op: Op::Linear {
                coefficients: vec![1, 1],
                constant: 0,
            },
            args: vec![kept.value; 2],
            results: vec![kept.value],
            section: SectionId(0),
            loc: Loc::default(),
        };
        let args = vec![Arc::new(sum), held];
        match self.suite.begin(self.program, &node, args, None)? {
            Begun::Done(Outcome::Values(mut sums)) if sums.len() == 1 => {
                sums.pop().ok_or_else(missing)
            }
            Begun::Done(_) | Begun::Machine(_) => Err(Error::bug("a sum is not local")),
        }
    }

    /// Stamps of all that the group made, as if each operation had run by itself; when all of it is there.
    fn stamp(&mut self, fused: &Fused<S>, plan: &GroupPlan, start: &Times) -> Result<Times, Error> {
        let mut end = start.clone();
        for (member, delay) in plan.members.iter().zip(&fused.delays) {
            let node = self.member(fused.region, member.node)?;
            let mut times = start.clone();
            for &value in &node.args {
                join(&mut times, self.clocks.of(value));
            }
            for place in [0, 1 + node.section.index()] {
                if let Some(time) = times.get_mut(place) {
                    *time = time.delayed(delay.unwrap_or(Delay::None));
                }
            }
            for &value in &node.results {
                self.clocks.set(value, &times);
            }
            join(&mut end, &times);
        }
        Ok(end)
    }
}

/// Puts a block in its place.
fn put<S: Suite>(
    whole: Option<Value<S::Share>>,
    lanes: usize,
    from: usize,
    block: &Value<S::Share>,
) -> Result<Value<S::Share>, Error> {
    match (block, whole) {
        (Value::Public(part), whole) => {
            let mut whole = match whole {
                Some(Value::Public(whole)) => whole,
                Some(Value::Shared(_)) => return Err(missing()),
                None => part.zeros_like(lanes),
            };
            whole.put(from, part);
            Ok(Value::Public(whole))
        }
        (Value::Shared(part), Some(Value::Shared(whole))) => {
            Ok(Value::Shared(S::put(Some(whole), lanes, from, part)?))
        }
        (Value::Shared(part), None) => Ok(Value::Shared(S::put(None, lanes, from, part)?)),
        (Value::Shared(_), Some(Value::Public(_))) => Err(missing()),
    }
}
