//! What making correlations sends: as much as operations use up, or whole batches where they are made in such.

use super::rounds::Course;
use super::sums::Sums;
use crate::cost::{Whole, batches};
use crate::program::{Op, Program};

/// Bytes by party, of a program whose operations add up to `total`.
pub(super) fn prepared(course: &Course<'_>, total: &Sums) -> Vec<u64> {
    let makes_whole = |program: &Program| {
        let demands = program.regions.iter().enumerate();
        let mut nodes =
            demands.flat_map(|(r, region)| (0..region.nodes.len()).map(move |n| (r, n)));
        nodes.any(|(region, node)| {
            let demand = course.demands.node(region, node);
            demand.is_some_and(|d| d.iter().any(|(kind, _)| !kind.whole().is_empty()))
        })
    };
    if !makes_whole(course.program) {
        return total.prepared.clone();
    }
    let mut whole = Whole::default();
    announce(course, 0, 1, &mut whole);
    region(course, 0, &mut 0, &mut whole);
    batches(course.program, &whole)
}

/// A region starts that its demand is made for.
fn announce(course: &Course<'_>, index: u32, times: u64, whole: &mut Whole) {
    if let Some(demand) = course.demands.region(index) {
        whole.demand_times(demand, times);
    }
}

/// The regions that revealed values steer, in a region and those inside.
fn region(course: &Course<'_>, index: u32, at: &mut usize, whole: &mut Whole) {
    for node in &course.program.regions[index as usize].nodes {
        match node.op {
            Op::Loop { count, body } => {
                let n = count.unwrap_or_else(|| course.control.decision(at));
                if count.is_none() {
                    announce(course, body, n, whole);
                }
                if course.control.dynamic[body as usize] {
                    (0..n).for_each(|_| region(course, body, at, whole));
                }
            }
            Op::While { cond, body } => {
                for _ in 0..course.control.decision(at) {
                    for inner in [cond, body] {
                        announce(course, inner, 1, whole);
                        region(course, inner, at, whole);
                    }
                }
                announce(course, cond, 1, whole);
                region(course, cond, at, whole);
            }
            Op::If { then, otherwise } => {
                let arm = match course.control.decision(at) {
                    1 => then,
                    _ => otherwise,
                };
                announce(course, arm, 1, whole);
                region(course, arm, at, whole);
            }
            _ => {}
        }
    }
}
