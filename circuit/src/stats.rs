//! What a program costs: gates, depth, rounds, bytes, memory and time, in all and per section, line and function.
//!
//! Everything is predicted from the program by a walk over its regions: gates and bytes are sums with the number of times
//! that each region runs; rounds follow the schedule that [`crate::cost`] defines, in closed form for loops; depth is the
//! longest chain of bits. Bytes are those of sections, inputs and outputs among them, and those of correlations; both add up to the
//! totals. Where revealed values steer control, the [`Trace`] of a clear run says how often things ran;
//! without one the figures are absent.

mod depth;
mod memory;
mod path;
mod predict;
mod time;

use crate::cost::{Costs, Demands, Stamp, StampMap, op_cost, setup};
use crate::eval::Trace;
use crate::ids::{SectionId, ValueId};
use crate::program::{Domain, Loc, Node, Op, Program, Region};
use crate::template::{Gate, Template};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use memory::{Peak, peak_memory};
pub use path::PathStats;
pub use predict::milliseconds;
pub use time::Link;

/// Where the work of fused operations comes from: by (region, position of the operation in it).
pub type Attribution = BTreeMap<(u32, u32), Split>;

/// How a fused operation is spread over source lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Its AND gates.
    pub ands: Vec<(Loc, u64)>,
    /// The AND gates of its longest chain.
    pub chain: Vec<(Loc, u64)>,
}

/// Lines of a function, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionLines {
    /// Its name.
    pub name: String,
    /// Index into [`Program::files`].
    pub file: u32,
    /// First line.
    pub first: u32,
    /// Last line.
    pub last: u32,
}

/// The figures of a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    /// Number of parties.
    pub parties: u32,
    /// The suite's name.
    pub suite: &'static str,
    /// Whether the figures hold for every input; else they are those of the traced run.
    pub exact: bool,
    /// The whole program.
    pub totals: Totals,
    /// Estimated time by network.
    pub estimate_ms: Estimate,
    /// What is made ahead of the operations that use it up.
    pub correlations: Correlations,
    /// Per section.
    pub sections: Vec<SectionStats>,
    /// Per function, those that cost something.
    pub functions: Vec<PlaceStats>,
    /// Per line, those that cost something.
    pub lines: Vec<PlaceStats>,
    /// Where the rounds of the longest chain of messages come from; adds up to the rounds.
    pub critical_path: Option<Vec<PathStats>>,
}

/// Figures of the whole program; absent where control depends on revealed values and there is no trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// AND gates times lanes.
    pub and: Option<u64>,
    /// The longest chain of AND gates.
    pub and_depth: Option<u64>,
    /// XOR gates times lanes.
    pub xor: Option<u64>,
    /// Inverters times lanes.
    pub inv: Option<u64>,
    /// Products of arithmetic shares times lanes.
    pub mul: Option<u64>,
    /// The longest chain of products.
    pub mul_depth: Option<u64>,
    /// Rounds of messages.
    pub rounds: Option<u64>,
    /// Bytes sent, all parties together.
    pub bytes: Option<u64>,
    /// Bytes that each party sends.
    pub bytes_sent: Option<Vec<u64>>,
    /// Estimated bytes of memory of a party at most, for values.
    pub memory_bytes: u64,
}

/// Bytes for correlations. Those of [`Stats::sections`] and these are those of [`Stats::totals`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Correlations {
    /// Rounds before the first operation: the setup, and making what the program is sure to use.
    pub rounds: u64,
    /// Bytes of the setup, by party.
    pub setup: Vec<u64>,
    /// Bytes of making correlations, by party.
    pub prepared: Option<Vec<u64>>,
    /// Bytes of both, all parties together.
    pub bytes: Option<u64>,
}

/// Milliseconds on two networks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Machines in one building.
    pub lan: Option<f64>,
    /// Institutions in different cities.
    pub wan: Option<f64>,
}

/// Figures of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionStats {
    /// Its number.
    pub id: u32,
    /// `P`, `A`, `B` or `Y`.
    pub domain: String,
    /// Why this domain.
    pub why: String,
    /// First and last source line.
    pub lines: (u32, u32),
    /// Most lanes of an operation.
    pub lanes: u64,
    /// Whether the figures hold for every input.
    pub exact: bool,
    /// AND gates times lanes.
    pub and: Option<u64>,
    /// The longest chain of AND gates inside the section.
    pub and_depth: Option<u64>,
    /// Products times lanes.
    pub mul: Option<u64>,
    /// Rounds, if everything else took none.
    pub rounds: Option<u64>,
    /// Bytes sent, all parties together.
    pub bytes: Option<u64>,
}

/// Figures of a line or a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceStats {
    /// The function's name; absent for a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    pub file: String,
    /// The line, or the function's first.
    pub line: u32,
    /// AND gates times lanes.
    pub and: Option<u64>,
    /// Products times lanes.
    pub mul: Option<u64>,
    /// Bytes sent, all parties together.
    pub bytes: Option<u64>,
}

/// What [`stats`] may be told beyond the program.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// The decisions of a clear run.
    pub trace: Option<&'a Trace>,
    /// Which lines fused operations come from.
    pub attribution: Option<&'a Attribution>,
    /// The program's functions.
    pub functions: &'a [FunctionLines],
    /// Local times; as shipped without any.
    pub costs: Option<&'a Costs>,
}

/// Operations that may be visited for the rounds and depths of single sections.
const SECTION_WORK: usize = 20_000_000;

/// The figures of a verified program.
pub fn stats(program: &Program, known: &Known<'_>) -> Stats {
    let control = Control::new(program, known.trace);
    let gates: Vec<Gates> = program.templates.iter().map(Gates::of).collect();
    let exact = !control.dynamic.first().copied().unwrap_or(false);
    let counted = control.times.is_some();
    let demands = Demands::new(program);
    let setup = setup(program);
    let mut total = Sums::new(program);
    let mut sections: Vec<Sums> = program
        .sections
        .iter()
        .map(|_| Sums::new(program))
        .collect();
    let mut lanes = vec![0u64; program.sections.len()];
    let mut places: BTreeMap<Loc, Sums> = BTreeMap::new();
    let mut inexact: BTreeSet<SectionId> = BTreeSet::new();
    for (r, region) in program.regions.iter().enumerate() {
        let times = control.times.as_ref().map_or(1, |t| t[r]);
        for (i, node) in region.nodes.iter().enumerate() {
            let sums = Sums::of(program, node, &gates, times);
            total.add(&sums);
            if let Some(section) = sections.get_mut(node.section.index()) {
                section.add(&sums);
            }
            if control.steered[r] {
                inexact.insert(node.section);
            }
            if let Some(most) = lanes.get_mut(node.section.index()) {
                let here = node
                    .results
                    .iter()
                    .chain(&node.args)
                    .filter_map(|v| program.values.get(v.index()));
                *most = here.map(|v| v.lanes).fold(*most, u64::max);
            }
            let split = known.attribution.and_then(|a| a.get(&(r as u32, i as u32)));
            sums.spread(node.loc, split.map_or(&[], |s| &s.ands), &mut places);
        }
    }
    // A section's own rounds and depth take a walk each.
    let n_nodes: usize = program.regions.iter().map(|r| r.nodes.len()).sum();
    let affordable = program.sections.len().saturating_mul(n_nodes) <= SECTION_WORK;
    let rounds = counted.then(|| rounds(program, &control, &demands, None));
    let depths = counted.then(|| depth::depths(program, &control, None));
    let show = |x: u64| counted.then_some(x);
    let ahead = plus(&setup.sent, &total.prepared);
    let sent = plus(&total.sent, &ahead);
    let work = known.costs.unwrap_or(&Costs::SHIPPED).among(
        program.suite,
        program.n_parties,
        program.threshold,
    );
    let base_transfers = setup.base_transfers;
    let estimate = |link: Link| {
        rounds.map(|r| {
            let most = sent.iter().copied().max().unwrap_or(0);
            time::milliseconds(link, r, most, &total, &work, base_transfers)
        })
    };
    Stats {
        parties: program.n_parties,
        suite: program.suite.name(),
        exact,
        estimate_ms: Estimate {
            lan: estimate(Link::LAN),
            wan: estimate(Link::WAN),
        },
        correlations: Correlations {
            rounds: u64::try_from(demands.start(program).ready).unwrap_or(0),
            setup: setup.sent,
            prepared: counted.then(|| total.prepared.clone()),
            bytes: show(in_all(&ahead)),
        },
        sections: program
            .sections
            .iter()
            .enumerate()
            .map(|(i, s)| {
                let id = SectionId::new(i);
                let sums = &sections[i];
                let works = sums.and > 0 || sums.mul > 0 || sums.sent.iter().any(|&b| b > 0);
                let inner = |x: &dyn Fn() -> u64| {
                    (counted && affordable).then(|| if works { x() } else { 0 })
                };
                SectionStats {
                    id: i as u32,
                    domain: s.domain.letter().to_string(),
                    why: s.why.clone(),
                    lines: s.lines,
                    lanes: lanes[i],
                    exact: !inexact.contains(&id),
                    and: show(sums.and),
                    and_depth: inner(&|| depth::depths(program, &control, Some(id)).0),
                    mul: show(sums.mul),
                    rounds: inner(&|| self::rounds(program, &control, &demands, Some(id))),
                    bytes: show(sums.bytes()),
                }
            })
            .collect(),
        totals: Totals {
            and: show(total.and),
            and_depth: depths.map(|d| d.0),
            xor: show(total.xor),
            inv: show(total.inv),
            mul: show(total.mul),
            mul_depth: depths.map(|d| d.1),
            rounds,
            bytes: show(in_all(&sent)),
            bytes_sent: counted.then_some(sent),
            memory_bytes: peak_memory(program).bytes,
        },
        functions: functions(program, known.functions, &places, counted),
        lines: lines(program, &places, counted),
        critical_path: rounds.and_then(|total| {
            path::critical(program, &control, &demands, known.attribution, total)
        }),
    }
}

fn in_all(sent: &[u64]) -> u64 {
    sent.iter().fold(0, |a, &b| a.saturating_add(b))
}

fn plus(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

fn lines(program: &Program, places: &BTreeMap<Loc, Sums>, counted: bool) -> Vec<PlaceStats> {
    let mut by_line: BTreeMap<(u32, u32), Sums> = BTreeMap::new();
    for (loc, sums) in places {
        if loc.line > 0 {
            by_line
                .entry((loc.file, loc.line))
                .or_insert_with(|| Sums::new(program))
                .add(sums);
        }
    }
    by_line
        .into_iter()
        .filter(|(_, s)| s.and > 0 || s.mul > 0 || s.bytes() > 0)
        .map(|((file, line), s)| place(program, None, file, line, &s, counted))
        .collect()
}

fn functions(
    program: &Program,
    functions: &[FunctionLines],
    places: &BTreeMap<Loc, Sums>,
    counted: bool,
) -> Vec<PlaceStats> {
    functions
        .iter()
        .filter_map(|f| {
            let mut sums = Sums::new(program);
            for (loc, s) in places {
                if loc.file == f.file && (f.first..=f.last).contains(&loc.line) {
                    sums.add(s);
                }
            }
            let works = sums.and > 0 || sums.mul > 0 || sums.bytes() > 0;
            works.then(|| {
                place(
                    program,
                    Some(f.name.clone()),
                    f.file,
                    f.first,
                    &sums,
                    counted,
                )
            })
        })
        .collect()
}

fn place(
    program: &Program,
    name: Option<String>,
    file: u32,
    line: u32,
    s: &Sums,
    counted: bool,
) -> PlaceStats {
    PlaceStats {
        name,
        file: program
            .files
            .get(file as usize)
            .cloned()
            .unwrap_or_default(),
        line,
        and: counted.then_some(s.and),
        mul: counted.then_some(s.mul),
        bytes: counted.then(|| s.bytes()),
    }
}

/// Gates of one template.
struct Gates {
    and: u64,
    xor: u64,
    inv: u64,
}

impl Gates {
    fn of(t: &Template) -> Self {
        let mut inverted = BTreeSet::new();
        let used = t
            .gates
            .iter()
            .flat_map(|g| {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = *g;
                [a, b]
            })
            .chain(t.outputs.iter().flatten().copied());
        for lit in used {
            if lit.is_complemented() && lit.wire() != 0 {
                inverted.insert(lit.wire());
            }
        }
        Self {
            and: t.n_and(),
            xor: t.n_xor(),
            inv: inverted.len() as u64,
        }
    }
}

/// What adds up.
#[derive(Clone, Debug)]
struct Sums {
    and: u64,
    /// Of them, in garbled sections.
    garbled: u64,
    xor: u64,
    inv: u64,
    mul: u64,
    sent: Vec<u64>,
    /// For the correlations that are used up, by party.
    prepared: Vec<u64>,
}

impl Sums {
    fn new(program: &Program) -> Self {
        Self {
            and: 0,
            garbled: 0,
            xor: 0,
            inv: 0,
            mul: 0,
            sent: vec![0; program.n_parties as usize],
            prepared: vec![0; program.n_parties as usize],
        }
    }

    fn of(program: &Program, node: &Node, gates: &[Gates], times: u64) -> Self {
        let mut sums = Self::new(program);
        let info = |v: Option<&ValueId>| v.and_then(|v| program.values.get(v.index())).copied();
        let result = info(node.results.first());
        let lanes = result.map_or(0, |r| r.lanes);
        match &node.op {
            Op::Call(id) => {
                if let Some(g) = gates.get(id.index()) {
                    let n = lanes.saturating_mul(times);
                    sums.and = g.and.saturating_mul(n);
                    sums.xor = g.xor.saturating_mul(n);
                    sums.inv = g.inv.saturating_mul(n);
                    if result.is_some_and(|r| r.domain == Domain::Yao) {
                        sums.garbled = sums.and;
                    }
                }
            }
            Op::Mul => sums.mul = lanes.saturating_mul(times),
            Op::Dot { .. } => {
                sums.mul = info(node.args.first())
                    .map_or(0, |a| a.lanes)
                    .saturating_mul(times);
            }
            _ => {}
        }
        let cost = op_cost(program, node);
        for (total, sent) in sums.sent.iter_mut().zip(cost.sent) {
            *total = sent.saturating_mul(times);
        }
        for (total, sent) in sums.prepared.iter_mut().zip(cost.prepared) {
            *total = sent.saturating_mul(times);
        }
        sums
    }

    fn bytes(&self) -> u64 {
        in_all(&self.sent)
    }

    fn add(&mut self, other: &Self) {
        self.and = self.and.saturating_add(other.and);
        self.garbled = self.garbled.saturating_add(other.garbled);
        self.xor = self.xor.saturating_add(other.xor);
        self.inv = self.inv.saturating_add(other.inv);
        self.mul = self.mul.saturating_add(other.mul);
        self.sent = plus(&self.sent, &other.sent);
        self.prepared = plus(&self.prepared, &other.prepared);
    }

    /// Adds these sums to the places that they come from, in proportion to their ANDs; what is left goes to `main`.
    fn spread(&self, main: Loc, split: &[(Loc, u64)], places: &mut BTreeMap<Loc, Sums>) {
        let all: u64 = split.iter().map(|s| s.1).sum();
        let mut rest = self.clone();
        if all > 0 {
            for &(loc, part) in split.iter().filter(|s| s.0 != main) {
                let share = |x: u64| (u128::from(x) * u128::from(part) / u128::from(all)) as u64;
                let take = |rest: &mut u64, whole: u64| {
                    let n = share(whole).min(*rest);
                    *rest -= n;
                    n
                };
                let mut sums = self.clone();
                sums.and = take(&mut rest.and, self.and);
                sums.garbled = take(&mut rest.garbled, self.garbled);
                sums.xor = take(&mut rest.xor, self.xor);
                sums.inv = take(&mut rest.inv, self.inv);
                sums.mul = take(&mut rest.mul, self.mul);
                for (i, s) in sums.sent.iter_mut().enumerate() {
                    *s = take(&mut rest.sent[i], self.sent[i]);
                }
                match places.get_mut(&loc) {
                    Some(known) => known.add(&sums),
                    None => {
                        places.insert(loc, sums);
                    }
                }
            }
        }
        match places.get_mut(&main) {
            Some(known) => known.add(&rest),
            None => {
                places.insert(main, rest);
            }
        }
    }
}

/// How often regions run, and the decisions that say so.
struct Control<'a> {
    trace: &'a [u64],
    /// Whether a region holds, at any depth, control that revealed values steer.
    dynamic: Vec<bool>,
    /// Whether how often a region runs depends on revealed values.
    steered: Vec<bool>,
    /// How often each region runs, if that is known.
    times: Option<Vec<u64>>,
}

impl<'a> Control<'a> {
    fn new(program: &Program, trace: Option<&'a Trace>) -> Self {
        let n = program.regions.len();
        let mut control = Self {
            trace: trace.map_or(&[], |t| &t.decisions),
            dynamic: vec![false; n],
            steered: vec![false; n],
            times: None,
        };
        control.mark(program, 0, false);
        if trace.is_some() || !control.dynamic.first().copied().unwrap_or(false) {
            let mut times = vec![0u64; n];
            let mut at = 0;
            control.count(program, 0, 1, &mut at, &mut times);
            control.times = Some(times);
        }
        control
    }

    fn mark(&mut self, program: &Program, index: u32, steered: bool) -> bool {
        let mut dynamic = false;
        if let Some(s) = self.steered.get_mut(index as usize) {
            *s = steered;
        }
        for node in program
            .regions
            .get(index as usize)
            .map_or(&[][..], |r| &r.nodes)
        {
            let steers = matches!(
                node.op,
                Op::If { .. } | Op::While { .. } | Op::Loop { count: None, .. }
            );
            dynamic |= steers;
            for inner in node.op.regions() {
                dynamic |= self.mark(program, inner, steered || steers);
            }
        }
        if let Some(d) = self.dynamic.get_mut(index as usize) {
            *d = dynamic;
        }
        dynamic
    }

    fn decision(&self, at: &mut usize) -> u64 {
        let decision = self.trace.get(*at).copied().unwrap_or(0);
        *at += 1;
        decision
    }

    fn count(&self, program: &Program, index: u32, times: u64, at: &mut usize, all: &mut [u64]) {
        let i = index as usize;
        all[i] = all[i].saturating_add(times);
        for node in &program.regions[i].nodes {
            match node.op {
                Op::Loop { count, body } => {
                    let n = count.unwrap_or_else(|| self.decision(at));
                    if self.dynamic[body as usize] {
                        for _ in 0..n {
                            self.count(program, body, 1, at, all);
                        }
                    } else {
                        self.count(program, body, n.saturating_mul(times), at, all);
                    }
                }
                Op::While { cond, body } => {
                    for _ in 0..self.decision(at) {
                        self.count(program, cond, 1, at, all);
                        self.count(program, body, 1, at, all);
                    }
                    self.count(program, cond, 1, at, all);
                }
                Op::If { then, otherwise } => {
                    let arm = if self.decision(at) == 1 {
                        then
                    } else {
                        otherwise
                    };
                    self.count(program, arm, 1, at, all);
                }
                _ => {}
            }
        }
    }
}

/// The rounds of the whole program; with a section, as if all other operations and preparations took none.
fn rounds(
    program: &Program,
    control: &Control<'_>,
    demands: &Demands,
    only: Option<SectionId>,
) -> u64 {
    let walk = Rounds {
        program,
        control,
        demands,
        only,
        captured: captured(program),
    };
    let start = match only {
        Some(_) => Stamp::START,
        None => demands.start(program),
    };
    let end = walk.region(0, start, &mut 0);
    end.ready.max(end.garbled).max(0) as u64
}

struct Rounds<'a> {
    program: &'a Program,
    control: &'a Control<'a>,
    demands: &'a Demands,
    only: Option<SectionId>,
    /// For each region, what it uses of the regions around it.
    captured: Vec<Vec<ValueId>>,
}

impl Rounds<'_> {
    fn region(&self, index: u32, start: Stamp, at: &mut usize) -> Stamp {
        let region = &self.program.regions[index as usize];
        let mut local: HashMap<ValueId, Stamp> = HashMap::new();
        let mut end = start;
        for node in &region.nodes {
            let inner = node.op.regions();
            let uses = node
                .args
                .iter()
                .chain(inner.iter().flat_map(|&r| &self.captured[r as usize]));
            let begin = uses
                .filter_map(|v| local.get(v))
                .fold(start, |a, &b| a.join(b));
            let done = self.node(node, begin, at);
            for &r in &node.results {
                local.insert(r, done);
            }
            end = end.join(done);
        }
        end
    }

    /// When a region starts that revealed values steer.
    fn enter(&self, region: u32, times: u64, stamp: Stamp) -> Stamp {
        match self.only {
            Some(_) => stamp,
            None => stamp.delayed(self.demands.entry(self.program, region, times)),
        }
    }

    fn node(&self, node: &Node, begin: Stamp, at: &mut usize) -> Stamp {
        match node.op {
            Op::Loop { count, body } => {
                let n = count.unwrap_or_else(|| self.control.decision(at));
                let begin = match count {
                    Some(_) => begin,
                    None => self.enter(body, n, begin),
                };
                if self.control.dynamic[body as usize] {
                    (0..n).fold(begin, |stamp, _| self.region(body, stamp, at))
                } else if n == 0 {
                    begin
                } else {
                    StampMap::of(|start| self.region(body, start, &mut 0))
                        .repeat(n)
                        .apply(begin)
                }
            }
            Op::While { cond, body } => {
                let n = self.control.decision(at);
                let mut stamp = begin;
                for _ in 0..n {
                    stamp = self.region(cond, self.enter(cond, 1, stamp), at);
                    stamp = self.region(body, self.enter(body, 1, stamp), at);
                }
                self.region(cond, self.enter(cond, 1, stamp), at)
            }
            Op::If { then, otherwise } => {
                let arm = if self.control.decision(at) == 1 {
                    then
                } else {
                    otherwise
                };
                self.region(arm, self.enter(arm, 1, begin), at)
            }
            _ if self.only.is_some_and(|s| s != node.section) => begin,
            _ => begin.after(self.program, node),
        }
    }
}

/// For each region, what it and the regions in it use of the regions around it.
pub(crate) fn captured(program: &Program) -> Vec<Vec<ValueId>> {
    let mut all: Vec<Option<Vec<ValueId>>> = vec![None; program.regions.len()];
    // Inner regions first; a verified program has no cycles, and each pass settles at least one level.
    let mut changed = true;
    while changed {
        changed = false;
        for i in 0..program.regions.len() {
            if all[i].is_none()
                && let Some(uses) = captured_by(&program.regions[i], &all)
            {
                all[i] = Some(uses);
                changed = true;
            }
        }
    }
    all.into_iter().map(Option::unwrap_or_default).collect()
}

fn captured_by(region: &Region, known: &[Option<Vec<ValueId>>]) -> Option<Vec<ValueId>> {
    let mut uses: BTreeSet<ValueId> = region.results.iter().copied().collect();
    let mut own: BTreeSet<ValueId> = region.params.iter().copied().collect();
    for node in &region.nodes {
        uses.extend(&node.args);
        own.extend(&node.results);
        for inner in node.op.regions() {
            uses.extend(known.get(inner as usize)?.as_ref()?);
        }
    }
    Some(uses.difference(&own).copied().collect())
}
