//! The rounds of a program: its schedule followed with the stamps of [`crate::cost`], in closed form for loops.

use super::control::Control;
use crate::cost::{Demands, Stamp, StampMap};
use crate::ids::{SectionId, ValueId};
use crate::program::{Node, Op, Program};
use crate::regions::captured;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// The rounds of the whole program; with a section, as if all other operations and preparations took none.
pub(super) fn rounds(
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
        maps: RefCell::new(BTreeMap::new()),
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
    /// What one run of a loop's body does, where nothing that is revealed steers it. A map takes two walks: without this
    /// table a nest of loops would take two to the power of its depth.
    maps: RefCell<BTreeMap<u32, StampMap>>,
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
                .chain(inner.flat_map(|r| &self.captured[r as usize]));
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
                    self.map(body).repeat(n).apply(begin)
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
