//! Which lines the rounds of a run come from: the longest chain of messages, in source terms.
//!
//! The walk is that of the rounds, with a trail beside each stamp: the operations whose messages it waited for, one after
//! the other. Where two stamps meet, the later one's trail goes on (the first one's, when they are equal), so every round of
//! the end has exactly one operation. A loop whose iterations are alike is a matrix over (max, +), as in
//! [`crate::cost::StampMap`], with a trail in each entry; its powers tell the trails of a million iterations.

use super::Attribution;
use super::rounds::Course;
use crate::cost::{Delay, Stamp, settlement_rounds};
use crate::ids::{SectionId, ValueId};
use crate::program::{Loc, Node, Op};
use crate::sorted::SortedMap;
use crate::stamp::Later;
use serde::Serialize;
use std::collections::HashMap;

/// The part of the longest chain of messages that one line has in one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathStats {
    /// The section; absent for what precedes the program's own operations.
    pub section: Option<u32>,
    /// The file; empty without a line.
    pub file: String,
    /// The line; 0 for what no line asks for.
    pub line: u32,
    /// Rounds.
    pub rounds: u64,
}

/// Rounds by section and place.
type Rounds = SortedMap<(SectionId, Loc), u64>;

/// Operations that are noted at most; a run whose control is steered by what it reveals may have any number.
const MAX_LINKS: usize = 4_000_000;

/// Where the `total` rounds of the longest chain come from, in the order of the source, what precedes the program first;
/// `None` when there are too many steps to follow.
pub(super) fn critical(
    course: &Course<'_>,
    attribution: Option<&Attribution>,
    total: u64,
) -> Option<Vec<PathStats>> {
    let found = followed(course, attribution)?;
    let mut by_line: SortedMap<(u32, u32, u32), u64> = SortedMap::new();
    for ((section, loc), n) in found {
        *by_line.entry((loc.file, loc.line, section.0)).or_default() += n;
    }
    let sum: u64 = by_line.values().sum();
    let mut list = Vec::new();
    if sum < total {
        // The setup, and correlations made before the first operation.
        list.push(PathStats {
            section: None,
            file: String::new(),
            line: 0,
            rounds: total - sum,
        });
    }
    list.extend(by_line.into_iter().map(|((file, line, section), rounds)| {
        let name = course.program.files.get(file as usize).filter(|_| line > 0);
        PathStats {
            section: Some(section),
            file: name.cloned().unwrap_or_default(),
            line,
            rounds,
        }
    }));
    Some(list)
}

fn followed(course: &Course<'_>, attribution: Option<&Attribution>) -> Option<Rounds> {
    let mut walk = Walk {
        course,
        attribution,
        links: Vec::new(),
        matrices: SortedMap::new(),
    };
    let end = walk.region(0, course.start().traced(), &mut 0);
    let last = if end.ready.stamp >= end.garbled.stamp {
        end.ready
    } else {
        end.garbled
    };
    (walk.links.len() <= MAX_LINKS).then(|| walk.follow(last.trail))
}

/// A stamp at one of the two places, and how it came about: the last link of its trail, 0 for none.
#[derive(Clone, Copy, Debug)]
struct Mark {
    stamp: i64,
    trail: u32,
}

impl Later for Mark {
    fn later(self, other: Self) -> Self {
        if other.stamp > self.stamp {
            other
        } else {
            self
        }
    }
}

/// A stamp with a trail at each place.
type Traced = Stamp<Mark>;

impl Stamp {
    fn traced(self) -> Traced {
        let mark = |stamp| Mark { stamp, trail: 0 };
        Stamp {
            ready: mark(self.ready),
            garbled: mark(self.garbled),
        }
    }
}

impl Traced {
    fn untraced(self) -> Stamp {
        Stamp {
            ready: self.ready.stamp,
            garbled: self.garbled.stamp,
        }
    }
}

/// A step of a trail.
struct Link {
    before: u32,
    what: What,
}

enum What {
    /// Rounds of one operation: region, position in it.
    Operation(u32, u32, u64),
    /// All rounds of a loop.
    Loop(Rounds),
}

/// How a region moves marks: the end at one place for a start at another, and the rounds in between.
#[derive(Clone, Debug)]
struct Matrix([[Option<(i64, Rounds)>; 2]; 2]);

impl Matrix {
    fn identity() -> Self {
        let zero = || Some((0, Rounds::new()));
        Self([[zero(), None], [None, zero()]])
    }

    fn then(&self, next: &Self) -> Self {
        let entry = |from: usize, to: usize| {
            let mut best: Option<(i64, Rounds)> = None;
            for middle in 0..2 {
                let (Some(a), Some(b)) = (&self.0[from][middle], &next.0[middle][to]) else {
                    continue;
                };
                let stamp = a.0.saturating_add(b.0);
                if best.as_ref().is_none_or(|known| stamp > known.0) {
                    let mut rounds = a.1.clone();
                    add(&mut rounds, &b.1);
                    best = Some((stamp, rounds));
                }
            }
            best
        };
        Self([[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]])
    }

    fn repeat(self, mut count: u64) -> Self {
        let (mut done, mut square) = (Self::identity(), self);
        while count > 0 {
            if count & 1 == 1 {
                done = done.then(&square);
            }
            count >>= 1;
            if count > 0 {
                square = square.then(&square);
            }
        }
        done
    }
}

fn add(rounds: &mut Rounds, more: &Rounds) {
    for (&place, &n) in more {
        let known = rounds.entry(place).or_default();
        *known = known.saturating_add(n);
    }
}

struct Walk<'a> {
    course: &'a Course<'a>,
    attribution: Option<&'a Attribution>,
    links: Vec<Link>,
    /// What one run of a loop's body does: found once, not once for each loop around it.
    matrices: SortedMap<u32, Matrix>,
}

impl Walk<'_> {
    fn link(&mut self, before: u32, what: What) -> u32 {
        if self.links.len() <= MAX_LINKS {
            self.links.push(Link { before, what });
        }
        self.links.len() as u32
    }

    /// The rounds of a trail.
    fn follow(&self, mut trail: u32) -> Rounds {
        let mut rounds = Rounds::new();
        while let Some(link) = (trail as usize)
            .checked_sub(1)
            .and_then(|i| self.links.get(i))
        {
            match &link.what {
                What::Operation(region, index, n) => self.spread(&mut rounds, *region, *index, *n),
                What::Loop(all) => add(&mut rounds, all),
            }
            trail = link.before;
        }
        rounds
    }

    /// Adds an operation's rounds to the lines that its longest chain goes through; what is left goes to its own.
    fn spread(&self, rounds: &mut Rounds, region: u32, index: u32, n: u64) {
        let node = self
            .course
            .program
            .regions
            .get(region as usize)
            .and_then(|r| r.nodes.get(index as usize));
        let Some(node) = node else { return };
        let mut left = n;
        let split = self.attribution.and_then(|a| a.get(&(region, index)));
        for &(loc, levels) in split.map_or(&[][..], |s| &s.chain) {
            // One message carries all tables of a garbled circuit: its round belongs to the whole.
            let part = levels.min(left);
            if n > 1 && part > 0 && loc != node.loc {
                *rounds.entry((node.section, loc)).or_default() += part;
                left -= part;
            }
        }
        if left > 0 {
            *rounds.entry((node.section, node.loc)).or_default() += left;
        }
    }

    fn region(&mut self, index: u32, start: Traced, at: &mut usize) -> Traced {
        let course = self.course;
        let region = &course.program.regions[index as usize];
        let mut local: HashMap<ValueId, Traced> = HashMap::new();
        let (mut start, mut end) = (start, start);
        for (i, node) in region.nodes.iter().enumerate() {
            if let Some(phase) = course.begins(index, i) {
                start = end;
                if phase.settles() {
                    let settled = start
                        .untraced()
                        .delayed(Delay::Rounds(settlement_rounds(course.program)));
                    start = self.after((index, i as u32), start, settled);
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
            let done = self.node((index, i as u32), node, begin, at);
            for &r in &node.results {
                local.insert(r, done);
            }
            end = end.join(done);
        }
        end
    }

    fn node(&mut self, place: (u32, u32), node: &Node, begin: Traced, at: &mut usize) -> Traced {
        match node.op {
            Op::Loop { count, body } => {
                let n = count.unwrap_or_else(|| self.course.control.decision(at));
                let begin = match count {
                    Some(_) => begin,
                    None => self.enter(place, body, n, begin),
                };
                if self.course.control.dynamic[body as usize] {
                    (0..n).fold(begin, |start, _| self.region(body, start, at))
                } else if n == 0 {
                    begin
                } else {
                    let matrix = self.matrix(body).repeat(n);
                    self.apply(&matrix, begin)
                }
            }
            Op::While { cond, body } => {
                let n = self.course.control.decision(at);
                let mut start = begin;
                for _ in 0..n {
                    start = self.enter(place, cond, 1, start);
                    start = self.region(cond, start, at);
                    start = self.enter(place, body, 1, start);
                    start = self.region(body, start, at);
                }
                start = self.enter(place, cond, 1, start);
                self.region(cond, start, at)
            }
            Op::If { then, otherwise } => {
                let arm = if self.course.control.decision(at) == 1 {
                    then
                } else {
                    otherwise
                };
                let begin = self.enter(place, arm, 1, begin);
                self.region(arm, begin, at)
            }
            _ => {
                let delay = self.course.delays[place.0 as usize][place.1 as usize];
                self.after(place, begin, begin.untraced().delayed(delay))
            }
        }
    }

    /// When a region starts that revealed values steer: what it uses up is made then, at the line that steers.
    fn enter(&mut self, place: (u32, u32), region: u32, times: u64, begin: Traced) -> Traced {
        let delay = self
            .course
            .demands
            .entry(self.course.program, region, times);
        self.after(place, begin, begin.untraced().delayed(delay))
    }

    fn after(&mut self, place: (u32, u32), begin: Traced, stamp: Stamp) -> Traced {
        Traced {
            ready: self.moved(place, begin, begin.ready, stamp.ready),
            garbled: self.moved(place, begin, begin.garbled, stamp.garbled),
        }
    }

    /// The mark of one place after an operation that made it `stamp`.
    fn moved(&mut self, place: (u32, u32), begin: Traced, own: Mark, stamp: i64) -> Mark {
        if stamp == own.stamp {
            return own;
        }
        // Messages depend on the later of the two places, unless even that does not explain the stamp.
        let later = begin.ready.later(begin.garbled);
        let before = if stamp > later.stamp { later } else { own };
        let rounds = stamp.saturating_sub(before.stamp).max(0) as u64;
        let what = What::Operation(place.0, place.1, rounds);
        Mark {
            stamp,
            trail: self.link(before.trail, what),
        }
    }

    /// What one run of a region without steered control does.
    fn matrix(&mut self, body: u32) -> Matrix {
        if let Some(known) = self.matrices.get(&body) {
            return known.clone();
        }
        let links = self.links.len();
        let mut from = |ready, garbled| {
            let end = self.region(body, Stamp { ready, garbled }.traced(), &mut 0);
            [end.ready, end.garbled]
                .map(|m| (m.stamp > Stamp::NEVER / 2).then(|| (m.stamp, self.follow(m.trail))))
        };
        let matrix = Matrix([from(0, Stamp::NEVER), from(Stamp::NEVER, 0)]);
        // Nothing outside refers to the trails inside.
        self.links.truncate(links);
        self.matrices.insert(body, matrix.clone());
        matrix
    }

    fn apply(&mut self, matrix: &Matrix, begin: Traced) -> Traced {
        let mut place = |to: usize| {
            let mut best: Option<(Mark, &Rounds)> = None;
            for (mark, row) in [begin.ready, begin.garbled].into_iter().zip(&matrix.0) {
                let Some((more, rounds)) = &row[to] else {
                    continue;
                };
                let stamp = if mark.stamp <= Stamp::NEVER / 2 {
                    Stamp::NEVER
                } else {
                    mark.stamp.saturating_add(*more)
                };
                if best.as_ref().is_none_or(|known| stamp > known.0.stamp) {
                    best = Some((
                        Mark {
                            stamp,
                            trail: mark.trail,
                        },
                        rounds,
                    ));
                }
            }
            match best {
                None => Mark {
                    stamp: Stamp::NEVER,
                    trail: 0,
                },
                Some((mark, rounds)) if rounds.is_empty() => mark,
                Some((mark, rounds)) => Mark {
                    trail: self.link(mark.trail, What::Loop(rounds.clone())),
                    ..mark
                },
            }
        };
        Traced {
            ready: place(0),
            garbled: place(1),
        }
    }
}
