//! Runs a loop whose operands are all known, for a pass that computes what is known: a table that a program fills in a loop
//! becomes a constant.

use super::{Lanes, Machine, Settings, const_lanes, plan, uses};
use crate::ir::{Effect, Node, Op, Region, Value};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Word};

/// Most words that a loop may compute: some milliseconds.
const MAX_WORDS: u64 = 1 << 19;

/// Most iterations, with those of loops within, times the operations in them.
const MAX_STEPS: u64 = 1 << 16;

/// The results of a loop with a known count, as words. `constant` says what is known of the values that it uses. `None`: something is
/// not known, or the loop has effects, stops with an error, or is too long.
pub fn looped<'c>(
    values: &[Value],
    node: &Node,
    constant: &dyn Fn(ValueId) -> Option<&'c ConstVec>,
) -> Option<Vec<Vec<Word>>> {
    let (steps, words) = effort(values, node)?;
    if steps > MAX_STEPS || words > MAX_WORDS {
        return None;
    }
    let mut inside = SortedSet::new();
    let body = node.regions.first()?;
    defined(body, &mut inside);
    let outside: SortedSet<ValueId> = (uses(body, None).into_iter())
        .filter(|id| !inside.contains(id))
        .chain(node.args.iter().copied())
        .collect();
    let mut env: Vec<Option<Lanes>> = vec![None; values.len()];
    for id in outside {
        let scalar = values.get(id.index())?.ty.scalar;
        *env.get_mut(id.index())? = Some(const_lanes(constant(id)?, scalar).into());
    }
    let around = Region {
        params: Vec::new(),
        nodes: vec![node.clone()],
        results: node.results.clone(),
    };
    let mut last = vec![0; values.len()];
    let plan = plan(&around, None, &mut last, &mut 0);
    let mut machine = Machine {
        values,
        inputs: &[],
        settings: Settings::default(),
        env,
        outputs: Vec::new(),
        revealed: &mut Vec::new(),
        watch: None,
    };
    let results = machine.region(&around, &plan).ok()?;
    Some(results.iter().map(|lanes| lanes.to_vec()).collect())
}

/// How many operations a node does with all their iterations, and on how many words. `None`: it has effects.
fn effort(values: &[Value], node: &Node) -> Option<(u64, u64)> {
    let times = match node.op {
        Op::Loop { count: Some(n) } => n,
        Op::Loop { count: None } => return None,
        _ if node.op.effect() == Effect::Always => return None,
        _ => 1,
    };
    let lanes = |id: &ValueId| values.get(id.index()).map_or(0, |v| v.ty.lanes);
    let own: u64 = match node.op {
        // A long vector is read and written in its place.
        Op::Gather { .. } => node.results.iter().map(lanes).sum(),
        Op::Scatter { .. } => node.args.iter().skip(1).map(lanes).sum(),
        Op::Loop { .. } => 0,
        _ => node.results.iter().chain(&node.args).map(lanes).sum(),
    };
    let (mut steps, mut words) = (1u64, own);
    for inner in node.regions.iter().flat_map(|region| &region.nodes) {
        let (more, longer) = effort(values, inner)?;
        steps = steps.saturating_add(more);
        words = words.saturating_add(longer);
    }
    Some((steps.saturating_mul(times), words.saturating_mul(times)))
}

/// What a region and those in it define.
pub(super) fn defined(region: &Region, ids: &mut SortedSet<ValueId>) {
    ids.extend(&region.params);
    for node in &region.nodes {
        ids.extend(&node.results);
        for inner in &node.regions {
            defined(inner, ids);
        }
    }
}
