//! How often the regions of a program run: what it says itself, and what a clear run has decided.

use crate::eval::Trace;
use crate::eval::decisions::decisions;
use crate::program::{Kind, Op, Program};
use std::borrow::Cow;

/// Operations that are run at most to find out what a program decides without any input.
const MAX_STEPS: u64 = 20_000_000;

/// How often regions run, and the decisions that say so.
pub(super) struct Control<'a> {
    trace: Cow<'a, [u64]>,
    /// Whether nothing that is opened decides how often regions run.
    pub exact: bool,
    /// Whether a region holds, at any depth, control that is decided while running.
    pub dynamic: Vec<bool>,
    /// Whether how often a region runs depends on revealed values.
    pub steered: Vec<bool>,
    /// How often each region runs, if that is known.
    pub times: Option<Vec<u64>>,
}

impl<'a> Control<'a> {
    pub(super) fn new(program: &Program, trace: Option<&'a Trace>) -> Self {
        let n = program.regions.len();
        let mut control = Self {
            trace: trace.map_or(Cow::Borrowed(&[]), |t| Cow::Borrowed(&t.decisions)),
            exact: true,
            dynamic: vec![false; n],
            steered: vec![false; n],
            times: None,
        };
        if control.mark(program, 0, false) {
            match decisions(program, MAX_STEPS) {
                Some(own) => {
                    control.trace = Cow::Owned(own.decisions);
                    control.steered.fill(false);
                }
                None => control.exact = false,
            }
        }
        if trace.is_some() || control.exact {
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

    pub(super) fn decision(&self, at: &mut usize) -> u64 {
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
                _ => debug_assert_ne!(node.op.kind(), Kind::Control),
            }
        }
    }
}
