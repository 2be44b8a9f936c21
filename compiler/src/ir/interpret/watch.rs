//! A run that is watched: where lowering noted what a value stands for, exact numbers are computed beside its words.

use super::known::defined;
use super::{Machine, Settings, Stopped, begin, planned, uses};
use crate::ir::exact::{Events, Given, Lanes, Marks, Operand, Source};
use crate::ir::{Effect, Ir, Node, Region};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::Word;

/// Watches a run.
pub(super) struct Watch<'a> {
    marks: &'a Marks,
    events: Events,
    /// By value, whether it follows from the program alone.
    constant: Vec<bool>,
    /// By the first result of a node that does: all of its results, once they are known. Tables that the library makes in loops
    /// are then made once, and not in each iteration of the loops around.
    made: Vec<Option<Vec<Lanes>>>,
}

/// What a run that was watched gave.
pub struct Watched {
    /// The lanes of each output leaf.
    pub outputs: Vec<Lanes>,
    /// What happened.
    pub events: Events,
}

/// Runs a program as lowering gives it, as [`super::interpret`] does, with exact numbers beside its words.
///
/// # Errors
/// Why the run stopped.
pub fn beside(ir: &Ir, marks: &Marks, inputs: &[Vec<Word>]) -> Result<Watched, Stopped> {
    begin(ir, inputs)?;
    let plan = planned(ir, Some(marks));
    let mut machine = Machine {
        values: &ir.values,
        inputs,
        settings: Settings::default(),
        env: vec![None; ir.values.len()],
        outputs: vec![Lanes::default(); ir.outputs.len()],
        revealed: &mut Vec::new(),
        watch: Some(Watch {
            marks,
            events: Events::new(),
            constant: constants(ir),
            made: vec![None; ir.values.len()],
        }),
    };
    machine.region(&ir.body, &plan)?;
    Ok(Watched {
        outputs: machine.outputs,
        events: machine.watch.map(|w| w.events).unwrap_or_default(),
    })
}

/// By value, whether it follows from the program alone.
fn constants(ir: &Ir) -> Vec<bool> {
    fn walk(region: &Region, constant: &mut Vec<bool>) {
        for node in &region.nodes {
            let mut inside = SortedSet::new();
            let mut used = node.args.clone();
            for inner in &node.regions {
                walk(inner, constant);
                defined(inner, &mut inside);
                used.extend(uses(inner, None));
            }
            let follows = !has_effects(node)
                && used.iter().all(|id| {
                    inside.contains(id) || constant.get(id.index()).copied() == Some(true)
                });
            for id in &node.results {
                if let Some(slot) = constant.get_mut(id.index()) {
                    *slot = follows;
                }
            }
        }
    }
    let mut constant = vec![false; ir.values.len()];
    walk(&ir.body, &mut constant);
    constant
}

fn has_effects(node: &Node) -> bool {
    let inner = || node.regions.iter().flat_map(|region| &region.nodes);
    node.op.effect() == Effect::Always || inner().any(has_effects)
}

/// The values that the mark of a node's results speaks of.
pub(super) fn mentioned<'m>(
    marks: Option<&'m Marks>,
    node: &'m Node,
) -> impl Iterator<Item = ValueId> + 'm {
    let marks = node.results.iter().filter_map(move |&id| marks?.get(id));
    let operands = marks.flat_map(|mark| mark.args.iter().chain(&mark.conditions));
    operands.filter_map(|operand| match operand.source {
        Source::Value(id) => Some(id),
        Source::Known(_) => None,
    })
}

impl Machine<'_> {
    /// The results of a node that follow from the program alone and were made before.
    pub(super) fn made(&self, node: &Node) -> Option<Vec<Lanes>> {
        let first = node.results.first()?;
        self.watch.as_ref()?.made.get(first.index())?.clone()
    }

    /// Keeps the results of a node if they follow from the program alone.
    pub(super) fn keep(&mut self, node: &Node, results: &[Lanes]) {
        let (Some(watch), Some(first)) = (&mut self.watch, node.results.first()) else {
            return;
        };
        if watch.constant.get(first.index()).copied() == Some(true)
            && let Some(slot) = watch.made.get_mut(first.index())
        {
            *slot = Some(results.to_vec());
        }
    }

    /// A node's result as it is noted, if it is.
    pub(super) fn settled(&mut self, id: ValueId, lanes: Lanes) -> Lanes {
        let Some(watch) = &mut self.watch else {
            return lanes;
        };
        let Some(mark) = watch.marks.get(id) else {
            return lanes;
        };
        let env = &self.env;
        let given = |operand: &'_ Operand| -> Lanes {
            match &operand.source {
                Source::Known(vec) => vec
                    .words()
                    .map(|w| operand.scalar.wrap(w))
                    .collect::<Vec<_>>()
                    .into(),
                Source::Value(id) => {
                    let slot = env.get(id.index());
                    slot.and_then(Clone::clone).unwrap_or_default()
                }
            }
        };
        fn all<'m>(operands: &'m [Operand], given: impl Fn(&Operand) -> Lanes) -> Vec<Given<'m>> {
            let of = |operand: &'m Operand| Given {
                operand,
                lanes: given(operand),
            };
            operands.iter().map(of).collect()
        }
        let args = all(&mark.args, given);
        let conditions = all(&mark.conditions, given);
        let scalar = self.values[id.index()].ty.scalar;
        mark.settle(&args, &conditions, lanes, scalar, &mut watch.events)
    }
}
