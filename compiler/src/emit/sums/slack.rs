//! When the sums of a circuit are due: beside its longest chain they may come later, and then they take fewer gates.

use super::{As, Ways, Words};
use crate::mix::Mix;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::template::{Builder, Lit};
use std::collections::HashMap;

/// Levels without which a chain stays as it is.
const LEAST: u32 = 2;
/// ANDs that a chain with slack saves, about, for each bit.
const SAVED: usize = 2;
/// Building again is worth its time where it saves one AND of so many.
const WORTH: usize = 32;

/// What a building of a circuit tells the next one.
pub(in crate::emit) struct Slack {
    /// The level by which each sum's word is needed, of those that have levels to spare.
    due: HashMap<ValueId, u32, Mix>,
    ways: Ways,
}

impl Slack {
    /// The level by which the word of a sum is due; 0 for as soon as can be.
    pub(super) fn due(&self, value: ValueId) -> u32 {
        self.due.get(&value).copied().unwrap_or(0)
    }

    /// How the operands of a step were taken.
    pub(super) fn ways(&self, at: usize) -> Option<&[As]> {
        self.ways.get(&at).map(Vec::as_slice)
    }
}

impl Words<'_> {
    /// What has slack in the circuit with these outputs, if it is much.
    ///
    /// Each sum may take all levels that are left to it and to what comes after it: who comes first has them. What comes after is
    /// then on time with the chains that it has now, so that the circuit is no deeper, unless another shape of arrivals makes a
    /// tree or a chain deeper; the caller looks.
    pub(in crate::emit) fn slack(&self, b: &Builder, outputs: &[Vec<Lit>]) -> Option<Slack> {
        if self.built.is_empty() {
            return None;
        }
        let depth = outputs.iter().flatten().map(|&l| b.level(l)).max()?;
        let wires = b.due(outputs, depth);
        let mut due = HashMap::default();
        let mut saved = 0;
        for &value in self.built.iter().filter(|v| !self.compared.contains(v)) {
            let word = &self.words[&value];
            let bits = word.iter().filter(|l| l.as_const().is_none());
            let arrival = bits.clone().map(|&l| b.level(l)).max().unwrap_or(0);
            let by = bits.map(|&l| wires[l.wire() as usize]).min().unwrap_or(0);
            if by != u32::MAX && by >= arrival + LEAST {
                due.insert(value, by);
                saved += SAVED * word.len();
            }
        }
        (saved * WORTH > b.n_and()).then(|| Slack {
            due,
            ways: self.ways.clone(),
        })
    }
}
