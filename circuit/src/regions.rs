//! What regions use of the regions around them.
//!
//! A region waits for it, holds it in memory, and keeps it out of groups of blocks, so whoever follows the flow of data through
//! a program's nested regions starts here.

use crate::ids::ValueId;
use crate::program::{Program, Region};
use crate::sorted::SortedSet;

/// For each region, what it and the regions in it use of the regions around it.
pub(crate) fn captured(program: &Program) -> Vec<Vec<ValueId>> {
    let mut all: Vec<Option<Vec<ValueId>>> = vec![None; program.regions.len()];
    // Inner regions first; a verified program has no cycles, and each pass settles at least one level.
    let mut changed = true;
    while changed {
        changed = false;
        for i in 0..program.regions.len() {
            if all[i].is_none()
                && let Some(uses) = captured_by(&program.regions[i], &all)
            {
                all[i] = Some(uses);
                changed = true;
            }
        }
    }
    all.into_iter().map(Option::unwrap_or_default).collect()
}

fn captured_by(region: &Region, known: &[Option<Vec<ValueId>>]) -> Option<Vec<ValueId>> {
    let mut uses: SortedSet<ValueId> = region.results.iter().copied().collect();
    let mut own: SortedSet<ValueId> = region.params.iter().copied().collect();
    for node in &region.nodes {
        uses.extend(&node.args);
        own.extend(&node.results);
        for inner in node.op.regions() {
            uses.extend(known.get(inner as usize)?.as_ref()?);
        }
    }
    Some(uses.difference(&own).copied().collect())
}
