//! The rounds of a program: its schedule followed with the stamps of [`crate::cost`], in closed form for loops.

use super::control::Control;
use crate::cost::{Delay, Demands, Stamp, StampMap, delay, settlement_rounds};
use crate::ids::{SectionId, ValueId};
use crate::phases::{Phase, Phases};
use crate::program::{Node, Op, Program, Region};
use crate::regions::captured;
use crate::sorted::SortedMap;
use std::cell::RefCell;
use std::collections::HashMap;

/// What every walk along the schedule needs; found once, as walks are many: one for each section, and loops in each that a trace
/// goes through turn by turn.
pub(super) struct Course<'a> {
    pub program: &'a Program,
    pub control: &'a Control<'a>,
    pub demands: Demands,
    /// For each region, what it uses of the regions around it.
    pub captured: Vec<Vec<ValueId>>,
    /// By region and operation.
    pub delays: Vec<Vec<Delay>>,
    pub phases: Phases,
}

impl<'a> Course<'a> {
    pub(super) fn new(program: &'a Program, control: &'a Control<'a>) -> Self {
        let delays = |region: &Region| region.nodes.iter().map(|n| delay(program, n)).collect();
        Self {
            program,
            control,
            demands: Demands::new(program),
            captured: captured(program),
            delays: program.regions.iter().map(delays).collect(),
            phases: Phases::new(program),
        }
    }

    /// The phase that an operation begins, if it is not that of the one before.
    pub(super) fn begins(&self, region: u32, node: usize) -> Option<Phase> {
        let of = &self.phases.of[region as usize];
        let before = node.checked_sub(1).map_or(0, |before| of[before]);
        (of[node] != before).then(|| self.phases.kinds[region as usize][of[node] as usize])
    }

    /// When everything starts.
    pub(super) fn start(&self) -> Stamp {
        self.demands.start(self.program)
    }
}

/// The rounds of the whole program; with a section, as if all other operations and preparations took none.
pub(super) fn rounds(course: &Course<'_>, only: Option<SectionId>) -> u64 {
    let walk = Rounds {
        course,
        only,
        maps: RefCell::new(SortedMap::new()),
    };
    let start = match only {
        Some(_) => Stamp::START,
        None => course.start(),
    };
    let end = walk.region(0, start, &mut 0);
    end.ready.max(end.garbled).max(0) as u64
}

struct Rounds<'a> {
    course: &'a Course<'a>,
    only: Option<SectionId>,
    /// What one run of a loop's body does, where nothing that is revealed steers it. A map takes two walks: without this
    /// table a nest of loops would take two to the power of its depth.
    maps: RefCell<SortedMap<u32, StampMap>>,
}

impl Rounds<'_> {
    fn region(&self, index: u32, start: Stamp, at: &mut usize) -> Stamp {
        let course = self.course;
        let region = &course.program.regions[index as usize];
        let mut local: HashMap<ValueId, Stamp> = HashMap::new();
        let (mut start, mut end) = (start, start);
        let delays = &course.delays[index as usize];
        for (i, (node, &delay)) in region.nodes.iter().zip(delays).enumerate() {
            if let Some(phase) = course.begins(index, i) {
                start = end;
                if phase.settles() && self.only.is_none() {
                    start = start.delayed(Delay::Rounds(settlement_rounds(course.program)));
                    end = start;
                }
            }
            let inner = node.op.regions();
            let uses = node
                .args
                .iter()
                .chain(inner.flat_map(|r| &course.captured[r as usize]));
            let begin = uses
                .filter_map(|v| local.get(v))
                .fold(start, |a, &b| a.join(b));
            let done = self.node(node, delay, begin, at);
            for &r in &node.results {
                local.insert(r, done);
            }
            end = end.join(done);
        }
        end
    }

    fn map(&self, body: u32) -> StampMap {
        if let Some(known) = self.maps.borrow().get(&body) {
            return *known;
        }
        let map = StampMap::of(|start| self.region(body, start, &mut 0));
        self.maps.borrow_mut().insert(body, map);
        map
    }

    /// When a region starts that revealed values steer.
    fn enter(&self, region: u32, times: u64, stamp: Stamp) -> Stamp {
        match self.only {
            Some(_) => stamp,
            None => stamp.delayed(
                self.course
                    .demands
                    .entry(self.course.program, region, times),
            ),
        }
    }

    fn node(&self, node: &Node, delay: Delay, begin: Stamp, at: &mut usize) -> Stamp {
        match node.op {
            Op::Loop { count, body } => {
                let n = count.unwrap_or_else(|| self.course.control.decision(at));
                let begin = match count {
                    Some(_) => begin,
                    None => self.enter(body, n, begin),
                };
                if self.course.control.dynamic[body as usize] {
                    (0..n).fold(begin, |stamp, _| self.region(body, stamp, at))
                } else if n == 0 {
                    begin
                } else {
                    self.map(body).repeat(n).apply(begin)
                }
            }
            Op::While { cond, body } => {
                let n = self.course.control.decision(at);
                let mut stamp = begin;
                for _ in 0..n {
                    stamp = self.region(cond, self.enter(cond, 1, stamp), at);
                    stamp = self.region(body, self.enter(body, 1, stamp), at);
                }
                self.region(cond, self.enter(cond, 1, stamp), at)
            }
            Op::If { then, otherwise } => {
                let arm = if self.course.control.decision(at) == 1 {
                    then
                } else {
                    otherwise
                };
                self.region(arm, self.enter(arm, 1, begin), at)
            }
            _ if self.only.is_some_and(|s| s != node.section) => begin,
            _ => begin.delayed(delay),
        }
    }
}
