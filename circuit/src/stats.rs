//! What a program costs: gates, depth, rounds, bytes, memory and time, in all and per section, line and function.
//!
//! Everything is predicted from the program by a walk over its regions: gates and bytes are sums with the number of times
//! that each region runs; rounds follow the schedule that [`crate::cost`] defines, in closed form for loops; depth is the
//! longest chain of bits. Bytes are those of sections, inputs and outputs among them, and those of correlations; both add up to the
//! totals. Where revealed values steer control, the [`Trace`] of a clear run says how often things ran;
//! without one the figures are absent.

mod control;
mod depth;
mod memory;
mod moves;
mod path;
mod places;
mod predict;
mod prepared;
mod rounds;
mod settlements;
mod sums;
mod time;

use crate::cost::{Costs, check, setup};
use crate::eval::Trace;
use crate::ids::SectionId;
use crate::program::{Loc, Program};
use crate::sorted::{SortedMap, SortedSet};
use control::Control;
use places::{Reach, Spread};
use rounds::{Course, rounds};
use serde::Serialize;
use sums::{Shape, Sums, in_all, plus};

pub use memory::{Peak, peak_memory};
pub use path::PathStats;
pub use predict::milliseconds;
pub use settlements::Settlements;
pub use time::Link;

/// Where the work of fused operations comes from: by (region, position of the operation in it).
pub type Attribution = SortedMap<(u32, u32), Split>;

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
    /// Proofs of what was computed; absent where parties follow the protocol, or where the totals are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlements: Option<Settlements>,
    /// Per section.
    pub sections: Vec<SectionStats>,
    /// Per function, those that cost something.
    pub functions: Vec<PlaceStats>,
    /// Per line, those that cost something.
    pub lines: Vec<PlaceStats>,
    /// Where the rounds of the longest chain of messages come from; adds up to the rounds, those of checks left out.
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
    /// Estimated bytes of memory that a party's process holds at most.
    pub memory_bytes: u64,
}

/// Bytes for correlations. Those of [`Stats::sections`], these and those of checks are those of [`Stats::totals`].
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
    /// The file of its lines; empty if it has none.
    pub file: String,
    /// First and last source line in that file.
    pub lines: (u32, u32),
    /// Where that is, for people.
    #[serde(skip)]
    pub place: String,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceStats {
    /// The function's name; absent for a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    pub file: String,
    /// The line, or the function's first.
    pub line: u32,
    /// The letters of the domains of its operations.
    pub domains: String,
    /// Most lanes of an operation.
    pub lanes: u64,
    /// AND gates times lanes.
    pub and: Option<u64>,
    /// Products times lanes.
    pub mul: Option<u64>,
    /// Rounds of the longest chain of messages that come from it; absent where that chain is not known.
    pub rounds: Option<u64>,
    /// Bytes sent, all parties together.
    pub bytes: Option<u64>,
    /// Estimated time: its rounds, its bytes and its local work.
    pub estimate_ms: Estimate,
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

/// Operations that may be visited for the rounds and depths of single sections: of the program as it is written, and with
/// loops as often as a walk goes through them.
const SECTION_WORK: (u64, u64) = (20_000_000, 200_000_000);

/// The figures of a verified program.
pub fn stats(program: &Program, known: &Known<'_>) -> Stats {
    let control = Control::new(program, known.trace);
    let shape = Shape::of(program);
    let exact = control.exact;
    let counted = control.times.is_some();
    let course = Course::new(program, &control);
    let setup = setup(program);
    let mut total = Sums::new(program);
    let mut sections: Vec<Sums> = program
        .sections
        .iter()
        .map(|_| Sums::new(program))
        .collect();
    let mut lanes = vec![0u64; program.sections.len()];
    let mut places: SortedMap<Loc, Sums> = SortedMap::new();
    let mut reach: SortedMap<Loc, Reach> = SortedMap::new();
    let mut inexact: SortedSet<SectionId> = SortedSet::new();
    for (r, region) in program.regions.iter().enumerate() {
        let times = control.times.as_ref().map_or(1, |t| t[r]);
        for (i, node) in region.nodes.iter().enumerate() {
            let sums = Sums::of(program, node, &shape, times);
            total.add(&sums);
            if let Some(section) = sections.get_mut(node.section.index()) {
                section.add(&sums);
            }
            if control.steered[r] {
                inexact.insert(node.section);
            }
            let touched = node.results.iter().chain(&node.args);
            let wide = touched
                .filter_map(|v| program.values.get(v.index()))
                .map(|v| v.lanes)
                .max()
                .unwrap_or(0);
            if let Some(most) = lanes.get_mut(node.section.index()) {
                *most = (*most).max(wide);
            }
            let split = known.attribution.and_then(|a| a.get(&(r as u32, i as u32)));
            let lines: &[(Loc, u64)] = split.map_or(&[], |s| &s.ands);
            sums.spread(node.loc, lines, &mut places);
            let domain = program.sections.get(node.section.index());
            for loc in std::iter::once(node.loc).chain(lines.iter().map(|(loc, _)| *loc)) {
                let reach = reach.entry(loc).or_default();
                reach.lanes = reach.lanes.max(wide);
                reach.domains.extend(domain.map(|s| s.domain.letter()));
            }
        }
    }
    // A section's own rounds and depth take a walk each.
    let n_nodes: usize = program.regions.iter().map(|r| r.nodes.len()).sum();
    let rounds = counted.then(|| rounds(&course, None));
    let mut known_levels = depth::Known::default();
    let depths = counted
        .then(|| depth::depths(program, &control, None, &mut known_levels))
        .flatten();
    let n_sections = program.sections.len() as u64;
    let visited = depths.as_ref().map_or(u64::MAX, |d| d.visited);
    let affordable = n_sections.saturating_mul(n_nodes as u64) <= SECTION_WORK.0
        && n_sections.saturating_mul(visited) <= SECTION_WORK.1;
    let show = |x: u64| counted.then_some(x);
    let prepared = prepared::prepared(&course, &total);
    let ahead = plus(&setup.sent, &prepared);
    // All openings as one batch: how the engine cuts them into batches is decided while it runs.
    let (checks, late) = check(program, total.openings);
    let settled = settlements::settlements(&course);
    let proofs = vec![settled.bytes_sent; program.n_parties as usize];
    let most_ahead = ahead.iter().copied().max().unwrap_or(0);
    let sent = plus(&plus(&plus(&total.sent, &ahead), &checks), &proofs);
    let with_checks = rounds.map(|r| r.saturating_add(u64::from(late)));
    let work = known.costs.unwrap_or(&Costs::SHIPPED).among(
        program.suite,
        program.threat,
        program.n_parties,
        program.threshold,
    );
    let base_transfers = setup.base_transfers;
    let estimate = |link: Link| {
        with_checks.map(|r| {
            let most = sent.iter().copied().max().unwrap_or(0);
            time::milliseconds(link, r, most, &total, &work, base_transfers)
        })
    };
    let critical_path = rounds.and_then(|total| path::critical(&course, known.attribution, total));
    let spread = Spread {
        program,
        places: &places,
        reach: &reach,
        path: critical_path.as_deref(),
        work: &work,
        counted,
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
            rounds: u64::try_from(course.start().ready).unwrap_or(0),
            setup: setup.sent,
            prepared: counted.then_some(prepared),
            bytes: show(in_all(&ahead)),
        },
        settlements: (counted && program.threat.deviates()).then_some(settled),
        sections: program
            .sections
            .iter()
            .enumerate()
            .map(|(i, s)| {
                let id = SectionId::new(i);
                let sums = &sections[i];
                let works = sums.and > 0 || sums.mul > 0 || sums.sent.iter().any(|&b| b > 0);
                let inner = |x: &mut dyn FnMut() -> u64| {
                    (counted && affordable).then(|| if works { x() } else { 0 })
                };
                SectionStats {
                    id: i as u32,
                    domain: s.domain.letter().to_string(),
                    why: s.why.clone(),
                    file: (program.files.get(s.file as usize).cloned()).unwrap_or_default(),
                    lines: s.lines,
                    place: s.place(&program.files).unwrap_or_default(),
                    lanes: lanes[i],
                    exact: !inexact.contains(&id),
                    and: show(sums.and),
                    and_depth: inner(&mut || {
                        let depths = depth::depths(program, &control, Some(id), &mut known_levels);
                        depths.map_or(0, |d| d.most.0)
                    }),
                    mul: show(sums.mul),
                    rounds: inner(&mut || self::rounds(&course, Some(id))),
                    bytes: show(sums.bytes()),
                }
            })
            .collect(),
        totals: Totals {
            and: show(total.and),
            and_depth: depths.as_ref().map(|d| d.most.0),
            xor: show(total.xor),
            inv: show(total.inv),
            mul: show(total.mul),
            mul_depth: depths.as_ref().map(|d| d.most.1),
            rounds: with_checks,
            bytes: show(in_all(&sent)),
            bytes_sent: counted.then_some(sent),
            memory_bytes: memory::process_memory(program, total.garbled, most_ahead),
        },
        functions: spread.functions(known.functions),
        lines: spread.lines(),
        critical_path,
    }
}

#[cfg(test)]
mod tests;
