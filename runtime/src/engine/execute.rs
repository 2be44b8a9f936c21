//! Runs regions: starts operations as their operands come, steps those under way, frees values after their last use.
//!
//! Every value has one slot, because a region is run by one operation and never twice at the same time; loops that do not
//! depend on each other still run side by side, each advancing once per tick. Iterations reuse a region's tables, so
//! that a loop of a million steps allocates only what its values need. A value that is used for the last time is
//! handed over, not copied, so that an update of a carried array happens in place.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Instant;

use smpcc_circuit::cost::{Delay, Demand, Demands, Stamp, settlement_rounds};
use smpcc_circuit::eval::{self, endless};
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::{Node, Op, Program, Region};
use smpcc_circuit::sorted::SortedMap;

use super::SectionReport;
use super::group::Fused;
use super::in_order::listing::Listing;
use super::parts;
use super::schedule::{RegionPlan, Schedule};
use super::settle::Settle;
use super::supply::Supply;
use super::timeline::Timeline;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::io::{Outputs, Secret};
use crate::protocols::clear;
use crate::protocols::{Begun, Machine, Operand, Outcome, Step, Submitted, Suite, Value};
use crate::ring::Elements;

/// One party's run of a program.
pub(super) struct Executor<'p, 'm, S: Suite> {
    pub(super) program: &'p Program,
    pub(super) schedule: &'p Schedule,
    pub(super) demands: &'p Demands,
    pub(super) suite: S,
    pub(super) supply: Supply<S>,
    pub(super) settle: Settle<S>,
    pub(super) wire: Exchange<'m>,
    pub(super) values: Vec<Option<Operand<S>>>,
    pub(super) clocks: Clocks,
    /// This party's inputs that are not shared yet.
    pub(super) inputs: SortedMap<InputId, Secret<Elements>>,
    pub(super) outputs: Outputs,
    /// The program with a block's lanes, once one was needed.
    pub(super) blocks: Option<Box<Program>>,
    pub(super) sections: Vec<SectionReport>,
    pub(super) timeline: Timeline,
    /// Parts of the plan that have ended.
    pub(super) done: u64,
    /// What this party does in operations of which nothing is shared, by their region and the first of them.
    pub(super) listings: SortedMap<(usize, u32), Arc<Listing<'p>>>,
}

/// Stamps of the whole run and, as if all other operations took no time, of each section; one row per value.
pub(super) struct Clocks {
    /// Stamps per value: the run's, then one per section.
    width: usize,
    rows: Vec<Stamp>,
}

/// A row of [`Clocks`].
pub(super) type Times = Vec<Stamp>;

impl Clocks {
    /// All at the start.
    pub(super) fn new(program: &Program) -> Self {
        let (n, sections) = (program.values.len(), program.sections.len());
        let width = if n.saturating_mul(sections) <= MAX_CLOCKS {
            1 + sections
        } else {
            1
        };
        Self {
            width,
            rows: vec![Stamp::START; n * width],
        }
    }

    /// The start of the program's own region, where the run's is `start`: a section counts no preparation.
    pub(super) fn start(&self, start: Stamp) -> Times {
        let mut times = vec![Stamp::START; self.width];
        times[0] = start;
        times
    }

    pub(super) fn of(&self, value: ValueId) -> &[Stamp] {
        &self.rows[value.index() * self.width..][..self.width]
    }

    pub(super) fn set(&mut self, value: ValueId, times: &[Stamp]) {
        self.rows[value.index() * self.width..][..self.width].copy_from_slice(times);
    }
}

pub(super) fn join(into: &mut [Stamp], other: &[Stamp]) {
    for (into, &other) in into.iter_mut().zip(other) {
        *into = into.join(other);
    }
}

/// Iterations of one `while` after which it is taken to be endless; tests meet the limit sooner.
pub(super) const MAX_ITERATIONS: u64 = if cfg!(test) {
    1 << 12
} else {
    eval::MAX_ITERATIONS
};

/// With more stamps than these, sections are not told apart.
const MAX_CLOCKS: usize = 1 << 22;

/// A region under way.
pub(super) struct Run<S: Suite> {
    pub(super) region: usize,
    /// Whether it runs as often as the plan says: then its parts are counted.
    pub(super) counted: bool,
    waits: Vec<u32>,
    uses: Vec<u32>,
    ready: BinaryHeap<Reverse<u32>>,
    /// The phase, how many of its nodes have not ended, and whether the next one waits for all that is recorded to be proven.
    phase: usize,
    left_in_phase: usize,
    seals: bool,
    /// Nodes of later phases whose operands are there.
    later: Vec<u32>,
    /// Nodes whose operands are there and whose correlations are not.
    short: Vec<u32>,
    active: Vec<Active<S>>,
    spare: Vec<Active<S>>,
    left: usize,
    start: Times,
    end: Times,
}

struct Active<S: Suite> {
    node: usize,
    base: Times,
    work: Work<S>,
}

enum Work<S: Suite> {
    Machine(Box<dyn Machine<S>>),
    /// Done but for the check of what it opened.
    Checked(Option<Submitted<Elements>>),
    Loop {
        run: Box<Run<S>>,
        done: u64,
        count: u64,
    },
    While {
        cond: Box<Run<S>>,
        body: Box<Run<S>>,
        in_body: bool,
        carried: Vec<Operand<S>>,
        iterations: u64,
    },
    If(Box<Run<S>>),
    Group(Box<Fused<S>>),
}

/// What an operation gave.
pub(super) enum Came<S: Suite> {
    /// Its results.
    Now(Vec<Operand<S>>),
    /// What it revealed, once its check has passed.
    AfterCheck(Submitted<Elements>),
}

/// Results of an operation and when they are there.
pub(super) type Finished<S> = (Vec<Operand<S>>, Times);

impl<S: Suite> Run<S> {
    pub(super) fn new(region: usize, counted: bool) -> Self {
        Self {
            region,
            counted,
            waits: Vec::new(),
            uses: Vec::new(),
            ready: BinaryHeap::new(),
            phase: 0,
            left_in_phase: 0,
            seals: false,
            later: Vec::new(),
            short: Vec::new(),
            active: Vec::new(),
            spare: Vec::new(),
            left: 0,
            start: Times::new(),
            end: Times::new(),
        }
    }

    /// When everything so far is there.
    pub(super) fn end(&self) -> &[Stamp] {
        &self.end
    }

    /// All values are to be used as often as the first time.
    pub(super) fn renew(&mut self, plan: &RegionPlan) {
        self.uses.clone_from(&plan.uses);
    }

    /// Begins anew.
    pub(super) fn reset(&mut self, plan: &RegionPlan, start: &[Stamp]) {
        self.waits.clone_from(&plan.waits);
        self.renew(plan);
        self.ready.clear();
        self.ready.extend(plan.roots.iter().map(|&n| Reverse(n)));
        self.left = plan.waits.len();
        self.phase = 0;
        self.left_in_phase = plan.phases.first().map_or(0, |&(_, size)| size);
        self.later.clear();
        self.start.clear();
        self.start.extend_from_slice(start);
        self.end.clone_from(&self.start);
    }
}

impl<'p, S: Suite> Executor<'p, '_, S> {
    pub(super) fn plan(&self, region: usize) -> &'p RegionPlan {
        &self.schedule.regions[region]
    }

    pub(super) fn region(&self, region: usize) -> &'p Region {
        &self.program.regions[region]
    }

    /// The place of a value in the region's tables, if the region makes it.
    fn local_in(&self, run: &Run<S>, value: ValueId) -> Option<usize> {
        (self.schedule.home[value.index()] == run.region as u32)
            .then(|| self.schedule.local[value.index()] as usize)
    }

    fn held(&self, value: ValueId) -> Result<Operand<S>, Error> {
        self.values[value.index()]
            .clone()
            .ok_or_else(|| Error::bug(format!("{value} is used before it is there")))
    }

    /// A value for one use: handed over at the last.
    pub(super) fn fetch(&mut self, run: &mut Run<S>, value: ValueId) -> Result<Operand<S>, Error> {
        if let Some(local) = self.local_in(run, value) {
            run.uses[local] -= 1;
            if run.uses[local] == 0 {
                return self.values[value.index()]
                    .take()
                    .ok_or_else(|| Error::bug(format!("{value} is used before it is there")));
            }
        }
        self.held(value)
    }

    fn put(&mut self, run: &Run<S>, value: ValueId, held: Operand<S>, times: &[Stamp]) {
        self.keep(run, value, held);
        self.clocks.set(value, times);
    }

    pub(super) fn keep(&mut self, run: &Run<S>, value: ValueId, held: Operand<S>) {
        let used = self.local_in(run, value).is_some_and(|l| run.uses[l] > 0);
        self.values[value.index()] = used.then_some(held);
    }

    /// One tick of a region; whether it is finished.
    pub(super) fn advance(&mut self, run: &mut Run<S>) -> Result<bool, Error> {
        let mut before = std::mem::replace(&mut run.active, std::mem::take(&mut run.spare));
        for mut active in before.drain(..) {
            match self.step(run, &mut active)? {
                Some((results, times)) => self.complete(run, active.node, results, &times)?,
                None => run.active.push(active),
            }
        }
        run.spare = before;
        for node in std::mem::take(&mut run.short) {
            self.begin_supplied(run, node)?;
        }
        loop {
            while let Some(Reverse(node)) = run.ready.pop() {
                if self.plan(run.region).phase[node as usize] as usize > run.phase {
                    run.later.push(node);
                } else {
                    self.begin_supplied(run, node)?;
                }
            }
            if !self.next_phase(run)? {
                return Ok(run.left == 0);
            }
        }
    }

    /// Begins the next phase of a region if the one before has ended and, where it opens something, all that was recorded is proven.
    fn next_phase(&mut self, run: &mut Run<S>) -> Result<bool, Error> {
        if run.left_in_phase > 0 {
            return Ok(false);
        }
        let Some(&(phase, size)) = self.plan(run.region).phases.get(run.phase + 1) else {
            return Ok(false);
        };
        if phase.settles() {
            if !std::mem::replace(&mut run.seals, true) {
                self.settle.seal()?;
            }
            if !self.settle.take_seal() {
                return Ok(false);
            }
            run.seals = false;
            if let Some(end) = run.end.first_mut() {
                *end = end.delayed(Delay::Rounds(settlement_rounds(self.program)));
            }
        }
        run.start.clone_from(&run.end);
        run.phase += 1;
        run.left_in_phase = size;
        run.ready.extend(run.later.drain(..).map(Reverse));
        Ok(true)
    }

    /// One tick of the batches of correlations under way; before what uses them is stepped.
    pub(super) fn make_ahead(&mut self) -> Result<(), Error> {
        self.supply
            .tick(self.program, &mut self.suite, &mut self.wire)
    }

    /// One tick of the checks of what was opened; after what the tick stepped.
    pub(super) fn check(&mut self, last: bool) -> Result<(), Error> {
        let Self {
            suite,
            wire,
            outputs,
            settle,
            ..
        } = self;
        settle.tick(suite, wire, outputs, last)
    }

    /// What an operation takes from the supply, if anything.
    fn demand(&self, region: usize, node: usize) -> Option<&'p Demand> {
        self.demands.node(region, node).filter(|d| !d.is_empty())
    }

    /// Begins an operation if its correlations are there.
    fn begin_supplied(&mut self, run: &mut Run<S>, node: u32) -> Result<(), Error> {
        let at_once = &self.plan(run.region).at_once;
        if at_once.first() == Some(&node) {
            return self.in_order(run, at_once);
        }
        if self.is_in_order(&self.region(run.region).nodes[node as usize]) {
            return self.in_order(run, &[node]);
        }
        if self.plan(run.region).groups.contains_key(&node) {
            // Its blocks take theirs.
            return self.begin_group(run, node as usize);
        }
        if let Some(demand) = self.demand(run.region, node as usize)
            && !self.supply.take(demand)?
        {
            run.short.push(node);
            return Ok(());
        }
        self.begin(run, node as usize)
    }

    /// A region begins that revealed values steer, to run so many times: its correlations are announced. Its start.
    fn steered(&mut self, region: u32, times: u64, start: &[Stamp]) -> Times {
        let mut start = start.to_vec();
        if let Some(demand) = self.demands.region(region) {
            self.supply.announce(demand, times);
        }
        if let Some(start) = start.first_mut() {
            *start = start.delayed(self.demands.entry(self.program, region, times));
        }
        start
    }

    fn complete(
        &mut self,
        run: &mut Run<S>,
        index: usize,
        results: Vec<Operand<S>>,
        times: &[Stamp],
    ) -> Result<(), Error> {
        let node = &self.region(run.region).nodes[index];
        let plan = self.plan(run.region);
        if let Some(group) = plan.groups.get(&(index as u32)) {
            self.count(run.counted, group.group.nodes.len() as u64);
            // Each of its values has had its stamp.
            for (kept, held) in group.results.iter().zip(results) {
                self.keep(run, kept.value, held);
                self.wake(run, kept.value);
            }
            join(&mut run.end, times);
            run.left -= group.group.nodes.len();
            run.left_in_phase -= group.group.nodes.len();
            return Ok(());
        }
        if results.len() != node.results.len() {
            return Err(Error::bug("an operation gave the wrong number of results"));
        }
        self.count(run.counted, 1);
        for (&value, held) in node.results.iter().zip(results) {
            self.put(run, value, held, times);
            self.wake(run, value);
        }
        self.release(run, index);
        if let Some(demand) = self.demand(run.region, index) {
            self.supply.used(demand);
        }
        join(&mut run.end, times);
        run.left -= 1;
        run.left_in_phase -= 1;
        Ok(())
    }

    /// So many operations have ended that began when what they use was there.
    pub(super) fn completed<'v>(
        &mut self,
        run: &mut Run<S>,
        n: usize,
        inputs: impl Iterator<Item = ValueId>,
        results: impl Iterator<Item = (&'v ValueId, Operand<S>)>,
    ) {
        let mut times = run.start.clone();
        for v in inputs {
            join(&mut times, self.clocks.of(v));
        }
        self.count(run.counted, n as u64);
        for (&value, held) in results {
            self.put(run, value, held, &times);
            self.wake(run, value);
        }
        join(&mut run.end, &times);
        run.left -= n;
        run.left_in_phase -= n;
    }

    /// An operation's regions need what they used no more.
    pub(super) fn release(&mut self, run: &mut Run<S>, index: usize) {
        for &value in &self.plan(run.region).captures[index] {
            if let Some(local) = self.local_in(run, value) {
                run.uses[local] -= 1;
                if run.uses[local] == 0 {
                    self.values[value.index()] = None;
                }
            }
        }
    }

    /// So many parts of the plan have ended.
    pub(super) fn count(&mut self, counted: bool, parts: u64) {
        if counted {
            self.done = self.done.saturating_add(parts);
            self.wire.progress(self.done);
        }
    }

    /// A value is there: those who wait for it wait for one less.
    fn wake(&mut self, run: &mut Run<S>, value: ValueId) {
        let local = self.schedule.local[value.index()] as usize;
        for &user in &self.plan(run.region).users[local] {
            run.waits[user as usize] -= 1;
            if run.waits[user as usize] == 0 {
                run.ready.push(Reverse(user));
            }
        }
    }

    /// Begins a group: its operands are handed over like an operation's.
    fn begin_group(&mut self, run: &mut Run<S>, index: usize) -> Result<(), Error> {
        let plan = &self.plan(run.region).groups[&(index as u32)];
        let mut held = SortedMap::new();
        for (&value, &uses) in plan.cut.iter().zip(&plan.uses) {
            for _ in 0..uses {
                held.insert(value, self.fetch(run, value)?);
            }
        }
        for &value in &plan.whole {
            held.insert(value, self.fetch(run, value)?);
        }
        let fused = self.fuse(run.region, run.counted, index as u32, plan, &held)?;
        let mut active = Active {
            node: index,
            base: Times::new(),
            work: Work::Group(Box::new(fused)),
        };
        drop(held);
        match self.step(run, &mut active)? {
            Some((results, times)) => self.complete(run, index, results, &times),
            None => {
                run.active.push(active);
                Ok(())
            }
        }
    }

    fn begin(&mut self, run: &mut Run<S>, index: usize) -> Result<(), Error> {
        self.wire.poll()?;
        let node = &self.region(run.region).nodes[index];
        let captures = &self.plan(run.region).captures[index];
        let mut base = run.start.clone();
        for &value in node.args.iter().chain(captures) {
            join(&mut base, self.clocks.of(value));
        }
        let mut args = Vec::with_capacity(node.args.len());
        for &value in &node.args {
            args.push(self.fetch(run, value)?);
        }
        let counted = run.counted && parts::is_counted(&node.op);
        let work = match self.work(node, args, &base, counted)? {
            Ok(work) => work,
            Err(results) => return self.complete(run, index, results, &base),
        };
        let mut active = Active {
            node: index,
            base,
            work,
        };
        match self.step(run, &mut active)? {
            Some((results, times)) => self.complete(run, index, results, &times),
            None => {
                run.active.push(active);
                Ok(())
            }
        }
    }

    /// An operation's work, or its results where it is done at once; `counted` is for its regions.
    fn work(
        &mut self,
        node: &'p Node,
        mut args: Vec<Operand<S>>,
        base: &[Stamp],
        counted: bool,
    ) -> Result<Result<Work<S>, Vec<Operand<S>>>, Error> {
        match &node.op {
            Op::Loop { count, body } => {
                let mut base = Cow::Borrowed(base);
                let count = match count {
                    Some(count) => *count,
                    None => {
                        if args.is_empty() {
                            return Err(Error::bug("a loop without a count"));
                        }
                        let count = clear::public(&args.remove(0))?.get(0);
                        let count = u64::try_from(count).unwrap_or(u64::MAX);
                        base = Cow::Owned(self.steered(*body, count, &base));
                        count
                    }
                };
                if count == 0 {
                    return Ok(Err(args));
                }
                let mut run = Box::new(Run::new(*body as usize, counted));
                self.start_iteration(&mut run, 0, args, &base)?;
                Ok(Ok(Work::Loop {
                    run,
                    done: 0,
                    count,
                }))
            }
            Op::While { cond, body } => {
                let base = self.steered(*cond, 1, base);
                let mut cond = Box::new(Run::new(*cond as usize, counted));
                self.start_region(&mut cond, args.clone(), &base)?;
                Ok(Ok(Work::While {
                    cond,
                    body: Box::new(Run::new(*body as usize, counted)),
                    in_body: false,
                    carried: args,
                    iterations: 0,
                }))
            }
            Op::If { then, otherwise } => {
                let condition = args
                    .first()
                    .ok_or_else(|| Error::bug("an `if` of nothing"))?;
                let holds = clear::public(condition)?.get(0) & 1 == 1;
                let region = if holds { *then } else { *otherwise };
                let base = self.steered(region, 1, base);
                let mut run = Box::new(Run::new(region as usize, counted));
                self.start_region(&mut run, Vec::new(), &base)?;
                Ok(Ok(Work::If(run)))
            }
            _ if clear::is_local(node, &args) => {
                let before = Instant::now();
                let results = clear::execute(self.program, node, args, self.wire.me())?;
                self.spent(node, before, 0);
                Ok(Err(results))
            }
            Op::Input(id) if clear::is_kept(self.program, node) => {
                let own = self.inputs.remove(id);
                Ok(Err(vec![Arc::new(Value::Local(own))]))
            }
            _ => {
                let before = Instant::now();
                let input = match &node.op {
                    Op::Input(id) => self.inputs.remove(id).map(Secret::into_inner),
                    _ => None,
                };
                let begun = self.suite.begin(self.program, node, args, input)?;
                self.spent(node, before, 0);
                match begun {
                    Begun::Done(outcome) => Ok(match self.outcome(outcome, None, base)? {
                        Came::Now(results) => Err(results),
                        Came::AfterCheck(waiting) => Ok(Work::Checked(Some(waiting))),
                    }),
                    Begun::Machine(machine) => Ok(Ok(Work::Machine(machine))),
                }
            }
        }
    }

    fn start_region(
        &mut self,
        run: &mut Run<S>,
        params: Vec<Operand<S>>,
        start: &[Stamp],
    ) -> Result<(), Error> {
        run.reset(self.plan(run.region), start);
        let region = self.region(run.region);
        if params.len() != region.params.len() {
            return Err(Error::bug("a region gets the wrong number of values"));
        }
        for (&value, held) in region.params.iter().zip(params) {
            self.put(run, value, held, start);
        }
        Ok(())
    }

    fn start_iteration(
        &mut self,
        run: &mut Run<S>,
        i: u64,
        carried: Vec<Operand<S>>,
        start: &[Stamp],
    ) -> Result<(), Error> {
        run.reset(self.plan(run.region), start);
        let region = self.region(run.region);
        let Some((&counter, params)) = region.params.split_first() else {
            return Err(Error::bug("a loop without a counter"));
        };
        if params.len() != carried.len() {
            return Err(Error::bug("a loop carries the wrong number of values"));
        }
        if self.local_in(run, counter).is_some_and(|l| run.uses[l] > 0) {
            let width = self.program.values[counter.index()].scalar.width();
            let i = Elements::of_words(width, std::iter::once(u128::from(i)));
            self.put(run, counter, Arc::new(Value::Public(i)), start);
        }
        self.clocks.set(counter, start);
        for (&value, held) in params.iter().zip(carried) {
            self.put(run, value, held, start);
        }
        Ok(())
    }

    pub(super) fn results(&mut self, run: &mut Run<S>) -> Result<Vec<Operand<S>>, Error> {
        let region = self.region(run.region);
        region.results.iter().map(|&v| self.fetch(run, v)).collect()
    }

    /// One tick of an operation; its results once it is finished.
    fn step(
        &mut self,
        outer: &Run<S>,
        active: &mut Active<S>,
    ) -> Result<Option<Finished<S>>, Error> {
        match &mut active.work {
            Work::Group(fused) => self.step_group(fused, &outer.start),
            Work::Machine(machine) => {
                let node = &self.region(outer.region).nodes[active.node];
                let (before, sent) = (Instant::now(), self.wire.bytes_sent());
                let step = machine.step(&mut self.suite, &mut self.wire)?;
                let sent = self.wire.bytes_sent() - sent;
                self.spent(node, before, sent);
                match step {
                    Step::Waiting => Ok(None),
                    Step::Done(outcome, delay) => {
                        let mut times = active.base.clone();
                        for place in [0, 1 + node.section.index()] {
                            if let Some(time) = times.get_mut(place) {
                                *time = time.delayed(delay);
                            }
                        }
                        match self.outcome(outcome, None, &times)? {
                            Came::Now(results) => Ok(Some((results, times))),
                            Came::AfterCheck(waiting) => {
                                active.base = times;
                                active.work = Work::Checked(Some(waiting));
                                Ok(None)
                            }
                        }
                    }
                }
            }
            Work::Checked(held) => {
                let waiting = held
                    .take()
                    .ok_or_else(|| Error::bug("an opening is awaited twice"))?;
                match self.settle.released(waiting)? {
                    Ok((value, when)) => {
                        let mut times = active.base.clone();
                        if let Some(time) = times.first_mut() {
                            *time = time.join(when);
                        }
                        Ok(Some((vec![Arc::new(Value::Public(value))], times)))
                    }
                    Err(waiting) => {
                        *held = Some(waiting);
                        Ok(None)
                    }
                }
            }
            Work::Loop { run, done, count } => loop {
                self.wire.poll()?;
                if !self.advance(run)? {
                    return Ok(None);
                }
                let results = self.results(run)?;
                *done += 1;
                let end = run.end.clone();
                if done == count {
                    return Ok(Some((results, end)));
                }
                self.start_iteration(run, *done, results, &end)?;
            },
            Work::While {
                cond,
                body,
                in_body,
                carried,
                iterations,
            } => loop {
                self.wire.poll()?;
                if *in_body {
                    if !self.advance(body)? {
                        return Ok(None);
                    }
                    *carried = self.results(body)?;
                    let start = self.steered(cond.region as u32, 1, &body.end);
                    self.start_region(cond, carried.clone(), &start)?;
                } else {
                    if !self.advance(cond)? {
                        return Ok(None);
                    }
                    let end = cond.end.clone();
                    let holds = self.results(cond)?;
                    let holds = holds
                        .first()
                        .ok_or_else(|| Error::bug("a `while` of nothing"))?;
                    let carried = std::mem::take(carried);
                    if clear::public(holds)?.get(0) & 1 == 0 {
                        return Ok(Some((carried, end)));
                    }
                    if *iterations == MAX_ITERATIONS {
                        let loc = self.region(outer.region).nodes[active.node].loc;
                        return Err(clear::at(self.program, loc, &endless(*iterations)));
                    }
                    *iterations += 1;
                    let start = self.steered(body.region as u32, 1, &end);
                    self.start_region(body, carried, &start)?;
                }
                *in_body = !*in_body;
            },
            Work::If(run) => {
                if !self.advance(run)? {
                    return Ok(None);
                }
                let results = self.results(run)?;
                Ok(Some((results, run.end.clone())))
            }
        }
    }

    /// What an operation gave at `times`, as values; what was opened passes the suite's check first. `block` says where in an output a
    /// block begins, and the lanes of all.
    pub(super) fn outcome(
        &mut self,
        outcome: Outcome<S::Share, S::Evidence>,
        block: Option<(usize, usize)>,
        times: &[Stamp],
    ) -> Result<Came<S>, Error> {
        let when = times.first().copied().unwrap_or(Stamp::START);
        match outcome {
            Outcome::Values(values) => Ok(Came::Now(values.into_iter().map(Arc::new).collect())),
            Outcome::Revealed(opened) => {
                match self.settle.reveal(&mut self.suite, opened, when)? {
                    Ok(value) => Ok(Came::Now(vec![Arc::new(Value::Public(value))])),
                    Err(waiting) => Ok(Came::AfterCheck(waiting)),
                }
            }
            Outcome::Output(id, opened) => {
                let leaf = (id, block);
                self.settle
                    .output(&mut self.suite, &mut self.outputs, leaf, opened, when)?;
                Ok(Came::Now(Vec::new()))
            }
            Outcome::Passed(_) => Err(Error::bug("a check that nobody asked for")),
        }
    }

    /// Accounts for an operation that has worked since `before` and sent so many bytes.
    pub(super) fn spent(&mut self, node: &Node, before: Instant, sent: u64) {
        let took = before.elapsed();
        let section = self.section(node);
        section.time += took;
        section.bytes_sent += sent;
        self.timeline.worked(node, before, took, sent);
    }

    fn section(&mut self, node: &Node) -> &mut SectionReport {
        let index = node.section.index();
        if self.sections.len() <= index {
            self.sections.resize(index + 1, SectionReport::default());
        }
        &mut self.sections[index]
    }
}
