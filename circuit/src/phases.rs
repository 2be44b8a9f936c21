//! In which order a region's operations happen where a corrupt party may send what it likes.
//!
//! What is computed must be proven before anything of it is opened, and by then nothing may be under way that is not proven. So the
//! operations of a region are cut into phases, in the order of the program: work, then openings, then work again. A phase begins when
//! all before it have ended, in this region and in those around it. An operation whose regions open something is a phase by itself.
//! After an assertion openings begin a new phase: nothing is opened before it has held. Against parties that follow the protocol a region is one phase, and
//! operations start when their operands are there.

use crate::program::{Kind, Op, Program};
use crate::settle::is_recorded;

/// What happens in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Anything but openings.
    Work,
    /// Openings. Where something may have been recorded since the last one, all of it is settled first.
    Openings {
        /// Whether something may have been.
        settles: bool,
    },
}

impl Phase {
    /// Whether all that is recorded is proven before it begins.
    pub const fn settles(self) -> bool {
        matches!(self, Self::Openings { settles: true })
    }
}

/// The phases of a program's regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phases {
    /// For each region and each of its operations, in which phase it is: from 0, never less than for the one before.
    pub of: Vec<Vec<u32>>,
    /// For each region, its phases: at least one.
    pub kinds: Vec<Vec<Phase>>,
}

/// What the last thing of a phase that is being listed was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Work that other work can join.
    Work,
    /// Openings that others can join.
    Openings,
    /// Openings and an assertion about them.
    Asserted,
    /// An operation that opens something in its regions.
    Alone,
}

impl Phases {
    /// The phases of a verified program.
    pub fn new(program: &Program) -> Self {
        let one = |r: &crate::program::Region| vec![0; r.nodes.len()];
        let mut phases = Self {
            of: program.regions.iter().map(one).collect(),
            kinds: vec![vec![Phase::Work]; program.regions.len()],
        };
        if !program.threat.deviates() {
            return phases;
        }
        let mut opens: Vec<Option<bool>> = vec![None; program.regions.len()];
        for index in 0..program.regions.len() {
            opening(program, index, &mut opens);
        }
        for (index, region) in program.regions.iter().enumerate() {
            let (of, kinds) = (&mut phases.of[index], &mut phases.kinds[index]);
            let mut open = Open::Work;
            for (node, of) in region.nodes.iter().zip(of) {
                let inside = |r: u32| opens.get(r as usize).copied().flatten() == Some(true);
                match node.op.kind() {
                    Kind::Interactive(_) if is_opening(&node.op) => {
                        if open != Open::Openings {
                            kinds.push(Phase::Openings { settles: false });
                            open = Open::Openings;
                        }
                    }
                    Kind::Control if node.op.regions().any(inside) => {
                        kinds.push(Phase::Work);
                        open = Open::Alone;
                    }
                    Kind::Interactive(_) | Kind::Control => {
                        if open != Open::Work {
                            kinds.push(Phase::Work);
                            open = Open::Work;
                        }
                    }
                    Kind::Clear if matches!(node.op, Op::Assert(_)) => {
                        if open == Open::Openings {
                            open = Open::Asserted;
                        }
                    }
                    Kind::Clear | Kind::Move | Kind::Linear => {}
                }
                *of = kinds.len() as u32 - 1;
            }
        }
        phases.mark(program);
        phases
    }

    /// Says which openings settle.
    fn mark(&mut self, program: &Program) {
        let mut ends: Vec<Option<[bool; 2]>> = vec![None; program.regions.len()];
        for index in 0..program.regions.len() {
            self.ends(program, index, &mut ends);
        }
        let mut todo = vec![(0usize, false)];
        let mut done = vec![[false; 2]; program.regions.len()];
        while let Some((index, dirty)) = todo.pop() {
            let Some(done) = done.get_mut(index) else {
                continue;
            };
            if !std::mem::replace(&mut done[usize::from(dirty)], true) {
                self.walk(
                    program,
                    index,
                    dirty,
                    &ends,
                    &mut |inner| todo.push(inner),
                    true,
                );
            }
        }
    }

    /// Whether a region leaves something that is not settled, by whether there was something before it; the regions inside first.
    fn ends(&mut self, program: &Program, index: usize, known: &mut [Option<[bool; 2]>]) {
        if known.get(index).is_none_or(Option::is_some) {
            return;
        }
        let Some(region) = program.regions.get(index) else {
            return;
        };
        for inner in region.nodes.iter().flat_map(|node| node.op.regions()) {
            // A verified program nests its regions without cycles.
            self.ends(program, inner as usize, known);
        }
        let ends =
            [false, true].map(|dirty| self.walk(program, index, dirty, known, &mut |_| {}, false));
        known[index] = Some(ends);
    }

    /// Walks through a region that begins with something recorded or not; whether it ends so. `enter` hears of the regions inside.
    fn walk(
        &mut self,
        program: &Program,
        index: usize,
        mut dirty: bool,
        ends: &[Option<[bool; 2]>],
        enter: &mut dyn FnMut((usize, bool)),
        mark: bool,
    ) -> bool {
        let end = |region: u32, dirty: bool| {
            let ends = ends.get(region as usize).copied().flatten();
            ends.is_none_or(|ends| ends[usize::from(dirty)])
        };
        let Some(region) = program.regions.get(index) else {
            return dirty;
        };
        let mut phase = 0;
        for (node, &at) in region.nodes.iter().zip(&self.of[index]) {
            if at != phase {
                phase = at;
                if let Some(Phase::Openings { settles }) = self.kinds[index].get_mut(at as usize) {
                    if mark {
                        *settles |= dirty;
                    }
                    dirty = false;
                }
            }
            match node.op {
                Op::Loop { body, .. } => {
                    // It may run never, once, or again and again.
                    let again = dirty | end(body, dirty);
                    enter((body as usize, dirty));
                    enter((body as usize, again));
                    dirty = again | end(body, again);
                }
                Op::While { cond, body } => {
                    enter((cond as usize, dirty));
                    let mut after = end(cond, dirty);
                    // Two turns reach all that any number of them does.
                    for _ in 0..2 {
                        enter((body as usize, after));
                        let turn = end(body, after);
                        enter((cond as usize, turn));
                        after |= end(cond, turn);
                    }
                    dirty = after;
                }
                Op::If { then, otherwise } => {
                    enter((then as usize, dirty));
                    enter((otherwise as usize, dirty));
                    dirty = end(then, dirty) | end(otherwise, dirty);
                }
                _ => dirty |= is_recorded(program, node),
            }
        }
        dirty
    }
}

/// Whether an operation opens something.
pub const fn is_opening(op: &Op) -> bool {
    matches!(op, Op::Reveal | Op::RevealShuffled | Op::Output(_))
}

/// Whether something is opened in a region or in those inside.
fn opening(program: &Program, index: usize, known: &mut [Option<bool>]) -> bool {
    if let Some(known) = known.get(index).copied().flatten() {
        return known;
    }
    let mut opens = false;
    for node in program.regions.get(index).map_or(&[][..], |r| &r.nodes) {
        opens |= is_opening(&node.op);
        for inner in node.op.regions() {
            opens |= opening(program, inner as usize, known);
        }
    }
    if let Some(slot) = known.get_mut(index) {
        *slot = Some(opens);
    }
    opens
}
