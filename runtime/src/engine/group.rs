//! Runs groups of operations on long vectors block of lanes by block of lanes.
//!
//! Each block runs the group's operations as a region runs its own: an operation begins when its operands are there, and
//! everything under way is stepped once per tick, block after block. Operations begin on a copy of the program in which
//! their values have the block's lanes, so that a suite need not know of any of this. Only what is used outside the
//! group is put together; all else ends with its block. Sums that only the whole of costs are added up without the others, who
//! are needed when all blocks have ended. Stamps are those of the operations, whatever waited for what.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::blocks::Role;
use smpcc_circuit::cost::{Delay, Demand, demand};
use smpcc_circuit::ids::{InputId, SectionId, ValueId};
use smpcc_circuit::program::{Loc, Node, Op, Program};
use smpcc_circuit::sorted::SortedMap;

use super::execute::{Came, Executor, Finished, Times, join};
use super::schedule::{GroupPlan, Member, Source};
use crate::error::Error;
use crate::io::Secret;
use crate::protocols::clear;
use crate::protocols::{Begun, Machine, Operand, Outcome, Step, Stepped, Suite, Value};
use crate::ring::Elements;

#[cfg(test)]
mod tests;

/// A group under way.
pub(super) struct Fused<S: Suite> {
    region: usize,
    /// Whether its blocks are counted.
    counted: bool,
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
    /// What any block but the last takes.
    demand: Demand,
    /// Sums that others help with, once all blocks have ended.
    last: Option<Vec<LastSum<S>>>,
}

/// A sum that others help with: the result's place, the member and the protocol.
type LastSum<S> = (usize, u32, Box<dyn Machine<S>>);

/// A block under way.
struct Block<S: Suite> {
    index: usize,
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
        counted: bool,
        first: u32,
        plan: &GroupPlan,
        held: &SortedMap<ValueId, Operand<S>>,
    ) -> Result<Fused<S>, Error> {
        let operand = |v: &ValueId| held.get(v).cloned().ok_or_else(missing);
        let demand = self.block_demand(region, plan, 0)?;
        Ok(Fused {
            region,
            counted,
            first,
            cut: plan.cut.iter().map(operand).collect::<Result<_, _>>()?,
            whole: plan.whole.iter().map(operand).collect::<Result<_, _>>()?,
            out: plan.results.iter().map(|_| None).collect(),
            delays: vec![None; plan.members.len()],
            in_flight: Vec::new(),
            next: 0,
            demand,
            last: None,
        })
    }

    /// The program in which the values of `node` have a block's lanes, for `with`.
    fn on_block<T>(
        &mut self,
        plan: &GroupPlan,
        member: &Member,
        block: usize,
        with: impl FnOnce(&mut Self, &Program) -> T,
    ) -> T {
        let mut program = match self.blocks.take() {
            Some(program) => program,
            None => Box::new(self.program.clone()),
        };
        for value in &member.cut {
            let at = value.index();
            if let (Some(own), Some(&(whole, scale))) =
                (program.values.get_mut(at), plan.spans.get(value))
            {
                own.lanes = plan.group.span(whole, scale, block as u64).1;
            }
        }
        let result = with(self, &program);
        for value in &member.cut {
            let at = value.index();
            if let (Some(own), Some(&(whole, _))) =
                (program.values.get_mut(at), plan.spans.get(value))
            {
                own.lanes = whole;
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
        block: usize,
    ) -> Result<Demand, Error> {
        let mut sum = Demand::default();
        for member in plan.members.iter().filter(|m| m.role != Role::Fold) {
            let whole = self.demands.node(region, member.node as usize);
            if whole.is_some_and(|d| !d.is_empty()) {
                let node = self.member(region, member.node)?;
                let own = self.on_block(plan, member, block, |_, program| demand(program, node));
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
        if !self.finish_sums(fused, plan)? {
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
        self.wire.poll()?;
        let index = fused.next;
        let last = index + 1 == plan.n_blocks;
        let demand = if last {
            self.block_demand(fused.region, plan, index)?
        } else {
            fused.demand.clone()
        };
        if !demand.is_empty() && !self.supply.take(&demand)? {
            return Ok(None);
        }
        let mut slots = Vec::with_capacity(plan.uses.len());
        for (operand, &lanes) in fused.cut.iter().zip(&plan.slots) {
            let (from, lanes) = plan.span(lanes, index);
            let cut = match &**operand {
                Value::Public(e) => Value::Public(e.slice(from, lanes)),
                Value::Local(own) => {
                    let part = |own: &Secret<Elements>| own.expose().slice(from, lanes);
                    Value::Local(own.as_ref().map(|own| Secret::new(part(own))))
                }
                Value::Shared(s) => Value::Shared(S::cut(s, from, lanes)),
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
            index,
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
            let last = block.index + 1 == plan.n_blocks;
            let own_args = match member.role {
                Role::Tail if !last => {
                    self.end_member(fused, plan, block, m, Vec::new(), Delay::None)?;
                    continue;
                }
                // The tails are not there yet.
                Role::Join if !last => member.args.get(..1).ok_or_else(missing)?,
                _ => &member.args[..],
            };
            let mut args = Vec::with_capacity(node.args.len());
            for source in own_args {
                args.push(match *source {
                    Source::Slot(slot) => block.fetch(slot)?,
                    Source::Whole(i) => fused.whole.get(i as usize).cloned().ok_or_else(missing)?,
                });
            }
            if member.role == Role::Join && !last {
                self.end_member(fused, plan, block, m, args, Delay::None)?;
                continue;
            }
            let before = Instant::now();
            let (from, lanes) = plan.span(member.lanes, block.index);
            let mut node = Cow::Borrowed(node);
            match (member.role, &node.op) {
                (_, Op::Const(words)) => {
                    let width = node.results.first().map_or(1, |v| {
                        let info = self.program.values.get(v.index());
                        info.map_or(1, |i| i.scalar.width())
                    });
                    let words = clear::constant(words, width, from as u64, lanes as u64);
                    let result = vec![Arc::new(Value::Public(words))];
                    self.spent(&node, before, 0);
                    self.end_member(fused, plan, block, m, result, Delay::None)?;
                    continue;
                }
                (Role::Stride | Role::Tail, _) => {
                    args.push(known_index(plan, member, block.index, lanes)?);
                }
                (Role::Run, op) => {
                    let segments = lanes as u64;
                    let op = match *op {
                        Op::Dot { .. } => Op::Dot { segments },
                        Op::Reduce { op, .. } => Op::Reduce { op, segments },
                        _ => Op::SumLanes { segments },
                    };
                    node.to_mut().op = op;
                }
                _ => {}
            }
            let input = match &node.op {
                Op::Input(id) => self.input_block(*id, from, lanes, last),
                _ => None,
            };
            let begun = self.on_block(plan, member, block.index, |this, program| {
                if clear::is_kept(program, &node) {
                    let own = input.map(Secret::new);
                    Ok(Err(vec![Arc::new(Value::Local(own))]))
                } else if clear::is_local(&node, &args) {
                    clear::execute(program, &node, args, this.wire.me()).map(Err)
                } else if member.role == Role::Fold {
                    let sum = this.suite.fold(&args)?;
                    Ok(Err(vec![Arc::new(Value::Shared(sum))]))
                } else {
                    this.suite.begin(program, &node, args, input).map(Ok)
                }
            })?;
            let node = &*node;
            self.spent(node, before, 0);
            match begun {
                Err(results) => self.end_member(fused, plan, block, m, results, Delay::None)?,
                Ok(Begun::Done(outcome)) => {
                    let span = output_span(self.program, node, (plan, member, block.index));
                    let results = self.member_outcome(outcome, span)?;
                    self.end_member(fused, plan, block, m, results, Delay::None)?;
                }
                Ok(Begun::Machine(machine)) => self.step_member(fused, plan, block, m, machine)?,
            }
        }
        Ok(block.left == 0)
    }

    /// A block of this party's input; nobody needs the input after the last.
    fn input_block(
        &mut self,
        id: InputId,
        from: usize,
        lanes: usize,
        last: bool,
    ) -> Option<Elements> {
        let words = match self.program.is_held(id) {
            true => self.program.stored_words() as usize,
            false => 1,
        };
        let part = self.inputs.get(&id)?.expose();
        let part = part.slice(from * words, lanes * words);
        if last {
            self.inputs.remove(&id);
        }
        Some(part)
    }

    /// One tick of the sums that others help with once all blocks have added to them; whether they are finished.
    fn finish_sums(&mut self, fused: &mut Fused<S>, plan: &GroupPlan) -> Result<bool, Error> {
        let folds = || {
            plan.results
                .iter()
                .enumerate()
                .filter(|(_, k)| k.role == Role::Fold)
        };
        let demand = |this: &Self| {
            let mut sum = Demand::default();
            for (_, kept) in folds() {
                let member = plan.members.get(kept.member as usize);
                let own = member.and_then(|m| this.demands.node(fused.region, m.node as usize));
                if let Some(own) = own {
                    sum.add_times(own, 1);
                }
            }
            sum
        };
        let mut under_way = match fused.last.take() {
            Some(under_way) => under_way,
            None => {
                let demand = demand(self);
                if !demand.is_empty() && !self.supply.take(&demand)? {
                    return Ok(false);
                }
                let mut under_way = Vec::new();
                for (place, kept) in folds() {
                    let member = plan.members.get(kept.member as usize).ok_or_else(missing)?;
                    let node = self.member(fused.region, member.node)?;
                    let sum = fused.out.get_mut(place).and_then(Option::take);
                    let Some(Value::Shared(sum)) = sum else {
                        return Err(missing());
                    };
                    match self.suite.unfold(self.program, node, sum)? {
                        Begun::Machine(machine) => under_way.push((place, kept.member, machine)),
                        Begun::Done(_) => return Err(Error::bug("a sum of products is local")),
                    }
                }
                under_way
            }
        };
        let mut still = Vec::new();
        let any = !under_way.is_empty();
        for (place, m, mut machine) in under_way.drain(..) {
            let member = plan.members.get(m as usize).ok_or_else(missing)?;
            let node = self.member(fused.region, member.node)?;
            match self.step_machine(node, &mut *machine)? {
                Step::Waiting => still.push((place, m, machine)),
                Step::Done(Outcome::Values(mut values), delay) => {
                    let out = fused.out.get_mut(place).ok_or_else(missing)?;
                    *out = values.pop();
                    *fused.delays.get_mut(m as usize).ok_or_else(missing)? = Some(delay);
                }
                Step::Done(_, _) => return Err(missing()),
            }
        }
        let done = still.is_empty();
        if done && any {
            self.supply.used(&demand(self));
        }
        fused.last = Some(still);
        Ok(done)
    }

    fn step_machine(
        &mut self,
        node: &Node,
        machine: &mut dyn Machine<S>,
    ) -> Result<Stepped<S>, Error> {
        let (before, sent) = (Instant::now(), self.wire.bytes_sent());
        let step = machine.step(&mut self.suite, &mut self.wire)?;
        let sent = self.wire.bytes_sent() - sent;
        self.spent(node, before, sent);
        Ok(step)
    }

    /// What an operation gave for a block. Blocks have no stamps of their own; no group holds openings that have to be checked.
    fn member_outcome(
        &mut self,
        outcome: Outcome<S::Share, S::Evidence>,
        span: (usize, usize),
    ) -> Result<Vec<Operand<S>>, Error> {
        match self.outcome(outcome, Some(span), &[])? {
            Came::Now(results) => Ok(results),
            Came::AfterCheck(_) => Err(Error::bug("a block is opened that has to be checked")),
        }
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
        let step = self.step_machine(node, &mut *machine)?;
        match step {
            Step::Waiting => {
                block.active.push((m, machine));
                Ok(())
            }
            Step::Done(outcome, delay) => {
                let span = output_span(self.program, node, (plan, member, block.index));
                let results = self.member_outcome(outcome, span)?;
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
        let waits = member.role == Role::Tail && block.index + 1 < plan.n_blocks;
        if results.len() != member.results.len() && !waits {
            return Err(Error::bug("an operation gave the wrong number of results"));
        }
        if let Some(known) = fused.delays.get_mut(m as usize) {
            known.get_or_insert(delay);
        }
        let mut results = results.into_iter();
        for &slot in &member.results {
            let slot = slot as usize;
            if let (Some(place), Some(&uses)) = (block.slots.get_mut(slot), block.uses.get(slot)) {
                *place = results.next().filter(|_| uses > 0);
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
        let last = block.index + 1 == plan.n_blocks;
        for (kept, out) in plan.results.iter().zip(&mut fused.out) {
            if kept.role == Role::Tail && !last {
                continue;
            }
            let held = block.fetch(kept.slot)?;
            let adds_up = matches!(kept.role, Role::Add | Role::Fold);
            *out = Some(match out.take() {
                Some(sum) if adds_up => {
                    let member = plan.members.get(kept.member as usize).ok_or_else(missing)?;
                    let node = self.member(fused.region, member.node)?;
                    self.add(node, kept.value, sum, held)?
                }
                None if adds_up || kept.role == Role::Tail => {
                    Arc::into_inner(held).ok_or_else(missing)?
                }
                whole => {
                    let lanes = *plan.slots.get(kept.slot as usize).ok_or_else(missing)?;
                    let (from, _) = plan.span(lanes, block.index);
                    put::<S>(whole, lanes.0 as usize, from, &held)?
                }
            });
        }
        self.supply.used(&block.demand);
        self.count(fused.counted, 1);
        Ok(())
    }

    /// A sum that `adds` makes and what a block adds to it.
    fn add(
        &mut self,
        adds: &Node,
        value: ValueId,
        sum: Value<S::Share>,
        held: Operand<S>,
    ) -> Result<Value<S::Share>, Error> {
        let op = match adds.op {
            Op::Reduce { op, .. } => Op::Word(op),
            _ => Op::Linear {
                coefficients: vec![1, 1],
                constant: 0,
            },
        };
        let node = Node {
            op,
            args: vec![value; 2],
            results: vec![value],
            section: SectionId(0),
            loc: Loc::default(),
        };
        let args = vec![Arc::new(sum), held];
        if clear::is_local(&node, &args) {
            let sum = clear::execute(self.program, &node, args, self.wire.me())?.pop();
            return sum.and_then(Arc::into_inner).ok_or_else(missing);
        }
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

/// The index of a stride or tail within a block.
fn known_index<S>(
    plan: &GroupPlan,
    member: &Member,
    block: usize,
    lanes: usize,
) -> Result<Arc<Value<S>>, Error> {
    let words = member.index.as_ref().ok_or_else(missing)?;
    let from = match (member.role, member.args.first()) {
        (Role::Tail, Some(Source::Slot(slot))) => {
            let operand = plan.slots.get(*slot as usize).ok_or_else(missing)?;
            plan.span(*operand, block).0
        }
        // Strides advance as blocks do.
        _ => 0,
    };
    let mut index = clear::constant(words, 64, 0, lanes as u64);
    if let (1.., Elements::Narrow(index)) = (from, &mut index) {
        (index.iter_mut()).for_each(|word| *word = word.wrapping_sub(from as u64));
    }
    Ok(Arc::new(Value::Public(index)))
}

/// Where a block of an output starts, and the lanes of all; of one that stays shared, words.
fn output_span(
    program: &Program,
    node: &Node,
    (plan, member, block): (&GroupPlan, &Member, usize),
) -> (usize, usize) {
    let words = match node.op {
        Op::Output(id) if program.is_stored(id) => program.stored_words() as usize,
        _ => 1,
    };
    let (from, _) = plan.span(member.lanes, block);
    (from * words, member.lanes.0 as usize * words)
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
                Some(Value::Local(_) | Value::Shared(_)) => return Err(missing()),
                None => part.zeros_like(lanes),
            };
            whole.put(from, part)?;
            Ok(Value::Public(whole))
        }
        (Value::Local(Some(part)), whole) => {
            let part = part.expose();
            let mut whole = match whole {
                Some(Value::Local(Some(whole))) => whole.into_inner(),
                Some(_) => return Err(missing()),
                None => part.zeros_like(lanes),
            };
            whole.put(from, part)?;
            Ok(Value::Local(Some(Secret::new(whole))))
        }
        (Value::Local(None), None | Some(Value::Local(None))) => Ok(Value::Local(None)),
        (Value::Local(None), Some(_)) => Err(missing()),
        (Value::Shared(part), Some(Value::Shared(whole))) => {
            Ok(Value::Shared(S::put(Some(whole), lanes, from, part)?))
        }
        (Value::Shared(part), None) => Ok(Value::Shared(S::put(None, lanes, from, part)?)),
        (Value::Shared(_), Some(Value::Public(_) | Value::Local(_))) => Err(missing()),
    }
}
