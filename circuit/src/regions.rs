//! What regions use of the regions around them, and what in them is done without a word to anybody.
//!
//! A region waits for it, holds it in memory, and keeps it out of groups of blocks, so whoever follows the flow of data through
//! a program's nested regions starts here.

use crate::ids::ValueId;
use crate::program::{Domain, Kind, Node, Op, Program, Region};
use crate::sorted::SortedSet;

/// Lanes of a value whose words a party keeps in one memory while it runs a region in which nothing is shared, at most.
pub const FEW_LANES: u64 = 32;

/// For each region, what it and the regions in it use of the regions around it.
pub(crate) fn captured(program: &Program) -> Vec<Vec<ValueId>> {
    inner_first(program, captured_by)
}

/// What of a program the parties do without a word: nothing of it is shared or sent, so that nothing has to be scheduled.
pub struct Quiet {
    /// For each region, whether all in it and in the regions in it is public or known to its owner.
    pub regions: Vec<bool>,
    captured: Vec<Vec<ValueId>>,
}

impl Quiet {
    /// Of a verified program.
    pub fn new(program: &Program) -> Self {
        let regions = inner_first(program, |region, known| {
            let inner = |r: u32| known.get(r as usize).copied().flatten();
            let of = |node: &Node| {
                // Whether it is so is known of all regions in it, or of none.
                let mut all = is_quiet(program, node);
                for r in node.op.regions() {
                    all &= inner(r)?;
                }
                Some(all)
            };
            // A branch may give what comes from around it.
            let given = region.params.iter().chain(&region.results);
            let mut all = given.copied().all(|v| is_clear(program, v));
            for node in &region.nodes {
                all &= of(node)?;
            }
            Some(all)
        });
        Self {
            regions,
            captured: captured(program),
        }
    }

    /// The operations of a region that can be done as soon as it begins, in their order: they wait for no message, as all that they use
    /// comes from outside the region, from each other, or is an input that its owner keeps. Of those alone that `may`, and that give no
    /// long vectors, which are better made one by one when they are used; none where they are so few that that is as quick.
    pub fn at_once(
        &self,
        program: &Program,
        region: usize,
        may: impl Fn(usize) -> bool,
    ) -> Vec<u32> {
        let Some(region) = program.regions.get(region) else {
            return Vec::new();
        };
        let mut late: SortedSet<ValueId> = SortedSet::new();
        let mut all = Vec::new();
        for (i, node) in region.nodes.iter().enumerate() {
            if matches!(node.op, Op::Input(_)) && node.results.iter().all(|&v| is_own(program, v)) {
                continue;
            }
            let mut inner = node.op.regions().map(|r| r as usize);
            let is_quiet = may(i)
                && node.results.iter().all(|&v| is_short(program, v))
                && is_quiet(program, node)
                && inner.clone().all(|r| self.regions.get(r) == Some(&true));
            let captured = inner.by_ref().flat_map(|r| &self.captured[r]);
            if is_quiet && !node.args.iter().chain(captured).any(|v| late.contains(v)) {
                all.push(i as u32);
            } else {
                late.extend(node.results.iter().copied());
            }
        }
        match all.len() <= FEW_OPERATIONS {
            true => Vec::new(),
            false => all,
        }
    }
}

/// Lanes of what is made at once, at most: some pages of memory.
const SHORT: u64 = 4096;

/// Operations that are not put together, at most.
const FEW_OPERATIONS: usize = 2;

/// Whether nothing that an operation takes or gives is shared, but for its regions.
fn is_quiet(program: &Program, node: &Node) -> bool {
    let mut all = node.args.iter().chain(&node.results);
    matches!(node.op.kind(), Kind::Clear | Kind::Move | Kind::Control)
        && all.all(|&v| is_clear(program, v))
}

fn is_clear(program: &Program, v: ValueId) -> bool {
    let info = program.values.get(v.index());
    info.is_some_and(|info| info.domain.is_clear())
}

fn is_short(program: &Program, v: ValueId) -> bool {
    let info = program.values.get(v.index());
    info.is_some_and(|info| info.lanes <= SHORT)
}

fn is_own(program: &Program, v: ValueId) -> bool {
    let info = program.values.get(v.index());
    info.is_some_and(|info| matches!(info.domain, Domain::Local { .. }))
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
