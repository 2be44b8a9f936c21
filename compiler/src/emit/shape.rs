//! What a circuit of connected logic follows from, as a key: its steps and how they hang together, without names and places.

use super::Emitter;
use super::frame::{Logic, Micro, Work};
use crate::mix::Mix;
use crate::templates::Objective;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Word;
use std::collections::HashMap;

/// The key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    objective: Objective,
    /// Bits of each input.
    inputs: Vec<u32>,
    steps: Vec<Step>,
    /// What is given out.
    outputs: Vec<Operand>,
}

impl Shape {
    /// How many words and operands it has, about.
    pub(super) fn words(&self) -> usize {
        let each = |step: &Step| {
            let table = match &step.logic {
                Logic::Lookup(tables) => tables.iter().map(Vec::len).sum(),
                _ => 0,
            };
            table + step.args.len() + step.results.len()
        };
        self.steps.iter().map(each).sum::<usize>() + self.inputs.len() + self.outputs.len()
    }
}

/// A piece of logic.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Step {
    logic: Logic,
    args: Vec<Operand>,
    /// Bits of each result.
    results: Vec<u32>,
}

/// A word of the circuit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Operand {
    /// An input or a result: inputs first, then the results of all steps, in order.
    Word(u32),
    /// A constant and its bits.
    Literal(Word, u32),
}

impl Emitter<'_> {
    /// What the circuit of this logic follows from.
    pub(super) fn shape(
        &self,
        members: &[&Micro],
        inputs: &[ValueId],
        outputs: &[ValueId],
        objective: Objective,
    ) -> Shape {
        let width = |v: &ValueId| self.info(*v).scalar.width();
        let mut words: HashMap<ValueId, u32, Mix> = inputs.iter().copied().zip(0..).collect();
        let operand = |words: &HashMap<ValueId, u32, Mix>, v: &ValueId| match words.get(v) {
            Some(&at) => Operand::Word(at),
            None => Operand::Literal(self.splat_of(*v).unwrap_or(0), width(v)),
        };
        let mut next = inputs.len() as u32;
        let mut steps = Vec::with_capacity(members.len());
        for member in members {
            let Work::Logic(logic) = &member.work else {
                continue;
            };
            steps.push(Step {
                logic: logic.clone(),
                args: member.args.iter().map(|v| operand(&words, v)).collect(),
                results: member.results.iter().map(width).collect(),
            });
            for &result in &member.results {
                words.insert(result, next);
                next += 1;
            }
        }
        Shape {
            objective,
            inputs: inputs.iter().map(width).collect(),
            steps,
            outputs: outputs.iter().map(|v| operand(&words, v)).collect(),
        }
    }
}
