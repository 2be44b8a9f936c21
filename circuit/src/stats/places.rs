//! Figures by line and by function: what the operations of a program cost, spread over the places that they come from.

use super::sums::Sums;
use super::{Estimate, FunctionLines, Link, PathStats, PlaceStats, time};
use crate::cost::Work;
use crate::program::{Loc, Program};
use crate::sorted::{SortedMap, SortedSet};

/// How far the operations of a place reach.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// Most lanes of one.
    pub lanes: u64,
    /// The letters of their domains.
    pub domains: SortedSet<char>,
}

/// A program's costs by place.
pub(super) struct Spread<'a> {
    /// The program.
    pub program: &'a Program,
    /// What the operations of each place send and compute.
    pub places: &'a SortedMap<Loc, Sums>,
    /// How far they reach.
    pub reach: &'a SortedMap<Loc, Reach>,
    /// The longest chain of messages, where it is known.
    pub path: Option<&'a [PathStats]>,
    /// Local times.
    pub work: &'a Work,
    /// Whether it is known how often things run.
    pub counted: bool,
}

impl Spread<'_> {
    /// The lines that cost something, in order.
    pub fn lines(&self) -> Vec<PlaceStats> {
        let lines: SortedSet<(u32, u32)> = self.places.keys().map(|l| (l.file, l.line)).collect();
        lines
            .into_iter()
            .filter(|(_, line)| *line > 0)
            .filter_map(|(file, line)| self.place(None, file, line, line))
            .collect()
    }

    /// The functions that cost something.
    pub fn functions(&self, functions: &[FunctionLines]) -> Vec<PlaceStats> {
        let cost = functions
            .iter()
            .filter_map(|f| self.place(Some(f.name.clone()), f.file, f.first, f.last));
        cost.collect()
    }

    /// What the lines from `first` to `last` cost, if they cost something.
    fn place(&self, name: Option<String>, file: u32, first: u32, last: u32) -> Option<PlaceStats> {
        let mut sums = Sums::new(self.program);
        let mut reach = Reach::default();
        let at = |line| Loc { file, line, col: 0 };
        let inside = at(first)..at(last.saturating_add(1));
        for (_, s) in self.places.range(inside.clone()) {
            sums.add(s);
        }
        for (_, r) in self.reach.range(inside) {
            reach.lanes = reach.lanes.max(r.lanes);
            reach.domains.extend(&r.domains);
        }
        if sums.and == 0 && sums.mul == 0 && sums.bytes() == 0 {
            return None;
        }
        let names = self.program.files.get(file as usize);
        let file = names.cloned().unwrap_or_default();
        let rounds = self.path.map(|path| {
            let here = path
                .iter()
                .filter(|p| p.file == file && (first..=last).contains(&p.line));
            here.map(|p| p.rounds).sum()
        });
        let show = |n: u64| self.counted.then_some(n);
        let estimate = |link: Link| {
            let most = sums.sent.iter().copied().max().unwrap_or(0);
            let rounds = rounds.filter(|_| self.counted)?;
            Some(time::milliseconds(link, rounds, most, &sums, self.work, 0))
        };
        Some(PlaceStats {
            name,
            line: first,
            domains: reach.domains.iter().collect(),
            lanes: reach.lanes,
            and: show(sums.and),
            mul: show(sums.mul),
            rounds,
            bytes: show(sums.bytes()),
            estimate_ms: Estimate {
                lan: estimate(Link::LAN),
                wan: estimate(Link::WAN),
            },
            file,
        })
    }
}
