//! What regions use of the regions around them, and in which of them nothing is shared.
//!
//! A region waits for it, holds it in memory, and keeps it out of groups of blocks, so whoever follows the flow of data through
//! a program's nested regions starts here.

use crate::ids::ValueId;
use crate::program::{Kind, Program, Region};
use crate::sorted::SortedSet;

/// Lanes of a value whose words a party keeps in one memory while it runs a region in which nothing is shared, at most.
pub const FEW_LANES: u64 = 32;

/// For each region, what it and the regions in it use of the regions around it.
pub(crate) fn captured(program: &Program) -> Vec<Vec<ValueId>> {
    inner_first(program, captured_by)
}

/// For each region, whether nothing in it or in the regions in it is shared or sent: all that it takes and makes is public or known to
/// its owner. The parties run it without a word.
pub fn clear(program: &Program) -> Vec<bool> {
    inner_first(program, |region, known| {
        let is_clear = |v: &ValueId| {
            let info = program.values.get(v.index());
            info.is_some_and(|info| info.domain.is_clear())
        };
        let mut all = true;
        for node in &region.nodes {
            for inner in node.op.regions() {
                all &= (*known.get(inner as usize)?)?;
            }
            all &= matches!(node.op.kind(), Kind::Clear | Kind::Move | Kind::Control)
                && node.args.iter().chain(&node.results).all(is_clear);
        }
        Some(all && region.params.iter().all(is_clear))
    })
}

/// What `of` says of each region when it knows what it said of the regions in it.
fn inner_first<T: Clone + Default>(
    program: &Program,
    of: impl Fn(&Region, &[Option<T>]) -> Option<T>,
) -> Vec<T> {
    let mut all: Vec<Option<T>> = vec![None; program.regions.len()];
    // A verified program has no cycles, and each pass settles at least one level.
    let mut changed = true;
    while changed {
        changed = false;
        for i in 0..program.regions.len() {
            if all[i].is_none()
                && let Some(said) = of(&program.regions[i], &all)
            {
                all[i] = Some(said);
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
