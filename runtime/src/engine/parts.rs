//! The parts of a plan that are counted, so that a party which waits can tell that others get on.
//!
//! A part is an operation that has ended, or a block of a group that has. What revealed values steer (branches, loops until something
//! holds, loops as long as something revealed says) is one part, however long it takes: the count says nothing that the plan alone does
//! not say, and all parties know how far it can rise.

use smpcc_circuit::program::{Op, Program};

use super::schedule::Schedule;

/// Whether the regions that an operation holds run as often as the plan says.
pub(super) fn is_counted(op: &Op) -> bool {
    matches!(op, Op::Loop { count: Some(_), .. })
}

/// All parts of a program.
pub(super) fn total(program: &Program, schedule: &Schedule) -> u64 {
    in_region(program, schedule, 0)
}

/// Parts of one run of a region. Regions nest no deeper than the schedule allows.
fn in_region(program: &Program, schedule: &Schedule, region: usize) -> u64 {
    let (Some(region), Some(plan)) = (program.regions.get(region), schedule.regions.get(region))
    else {
        return 0;
    };
    let mut sum = 0u64;
    for node in &region.nodes {
        let inner = match &node.op {
            Op::Loop {
                count: Some(count),
                body,
            } => in_region(program, schedule, *body as usize).saturating_mul(*count),
            _ => 0,
        };
        sum = sum.saturating_add(1).saturating_add(inner);
    }
    for group in plan.groups.values() {
        sum = sum.saturating_add(group.n_blocks as u64);
    }
    sum
}
