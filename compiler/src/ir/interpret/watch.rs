//! A run that is watched: where lowering noted what a value stands for, exact numbers are computed beside its words.

use super::{Machine, Settings, Stopped, begin, plan};
use crate::ir::exact::{Events, Given, Lanes, Marks, Operand, Source};
use crate::ir::{Ir, Node};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Word;

/// Watches a run.
pub(super) struct Watch<'a> {
    marks: &'a Marks,
    events: Events,
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
    let mut last = vec![0; ir.values.len()];
    let plan = plan(&ir.body, Some(marks), &mut last, &mut 0);
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
        }),
    };
    machine.region(&ir.body, &plan)?;
    Ok(Watched {
        outputs: machine.outputs,
        events: machine.watch.map(|w| w.events).unwrap_or_default(),
    })
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
