//! How often a program proves what it has recorded before it opens something, and what that sends.

use super::rounds::Course;
use crate::program::Op;
use crate::settle::{Epochs, recorded};
use crate::sorted::SortedMap;
use serde::Serialize;
use std::cell::RefCell;

/// Proofs of what was computed, where a corrupt party may send what it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settlements {
    /// Before openings.
    pub n: u64,
    /// Rounds of each.
    pub rounds: u32,
    /// Bytes of each party for them and for what is proven meanwhile.
    pub bytes_sent: u64,
}

/// Those of a program.
pub(super) fn settlements(course: &Course<'_>) -> Settlements {
    if !course.program.threat.deviates() {
        return Settlements::default();
    }
    let walk = Walk {
        course,
        bodies: RefCell::new(SortedMap::new()),
    };
    let (n, proofs) = walk.region(0, &mut 0).totals();
    let (rounds, each) = course.program.model().settlement(course.program);
    let bytes_sent = each.map_or(proofs, |len| len.saturating_mul(n));
    Settlements {
        n,
        rounds,
        bytes_sent,
    }
}

struct Walk<'a> {
    course: &'a Course<'a>,
    /// Of bodies of loops that nothing revealed steers.
    bodies: RefCell<SortedMap<u32, Epochs>>,
}

impl Walk<'_> {
    fn region(&self, index: u32, at: &mut usize) -> Epochs {
        let (course, mut sum) = (self.course, Epochs::default());
        let nodes = &course.program.regions[index as usize].nodes;
        for (i, node) in nodes.iter().enumerate() {
            if course.begins(index, i).is_some_and(|p| p.settles()) {
                sum = sum.then(Epochs::SETTLEMENT);
            }
            match node.op {
                Op::Loop { count, body } => {
                    let n = count.unwrap_or_else(|| course.control.decision(at));
                    if course.control.dynamic[body as usize] {
                        for _ in 0..n {
                            sum = sum.then(self.region(body, at));
                        }
                    } else {
                        sum = sum.then(self.body(body).repeat(n));
                    }
                }
                Op::While { cond, body } => {
                    for _ in 0..course.control.decision(at) {
                        sum = sum.then(self.region(cond, at));
                        sum = sum.then(self.region(body, at));
                    }
                    sum = sum.then(self.region(cond, at));
                }
                Op::If { then, otherwise } => {
                    let holds = course.control.decision(at) == 1;
                    let arm = if holds { then } else { otherwise };
                    sum = sum.then(self.region(arm, at));
                }
                _ => sum = sum.then(Epochs::of(recorded(course.program, node))),
            }
        }
        sum
    }

    fn body(&self, body: u32) -> Epochs {
        if let Some(known) = self.bodies.borrow().get(&body) {
            return *known;
        }
        let epochs = self.region(body, &mut 0);
        self.bodies.borrow_mut().insert(body, epochs);
        epochs
    }
}
