//! Runs a program in the clear in exact arithmetic beside its own: how far each fixed-point result is from what the operations
//! mean of real numbers, and where numbers wrapped.
//!
//! Lowering marks what the words of the IR stand for ([`Marks`]: this value is that product, rounded), and the interpreter carries beside the
//! lanes of fixed-point numbers what they would be without any rounding or wrapping ([`Number`]). Control follows the program: where an
//! exact number would have decided a comparison otherwise, that is counted. Integers are what they are in the program, whose types
//! say that they wrap; where one did is counted too. Literals and inputs are as exact as their types hold them.

#[cfg(test)]
mod tests;

use crate::hir::Hir;
use crate::ir::Ir;
use crate::ir::exact::Marks;
pub use crate::ir::exact::{Event, Number, What};
use crate::ir::interpret::{self, Stopped};
use crate::session::Session;
use crate::{diagnostic::Diagnostic, lower};
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::value::{Form, Word};

/// The largest error of a fixed-point result.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The leaf.
    pub output: OutputId,
    /// How many bits are behind the point.
    pub places: u8,
    /// The lane.
    pub lane: usize,
    /// The program's word of it.
    pub word: Word,
    /// What it is in exact arithmetic.
    pub exact: Number,
    /// How far apart both are.
    pub absolute: Number,
    /// The same in units of the last place.
    pub units: f64,
}

/// What a run in exact arithmetic found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Of each fixed-point result, by leaf.
    pub errors: Vec<Error>,
    /// By place.
    pub events: Vec<Event>,
    /// The program's words, by [`OutputId`].
    pub outputs: Vec<Vec<Word>>,
}

/// A program to be run in exact arithmetic: what lowering makes of it, before any pass.
#[derive(Clone, Debug)]
pub struct Exact {
    /// The program.
    pub ir: Ir,
    marks: Marks,
}

impl Exact {
    /// The program of `main` for a session.
    ///
    /// # Errors
    /// As [`lower::lower`].
    pub fn new(hir: &Hir, session: &Session) -> Result<Self, Vec<Diagnostic>> {
        let (ir, marks) = lower::lower_marked(hir, session)?;
        Ok(Self { ir, marks })
    }

    /// Runs it on the lanes of each input leaf.
    ///
    /// # Errors
    /// Why the run stopped.
    pub fn run(&self, inputs: &[Vec<Word>]) -> Result<Findings, Stopped> {
        let watched = interpret::beside(&self.ir, &self.marks, inputs)?;
        let forms = self.ir.forms();
        let mut errors = Vec::new();
        for (index, leaf) in self.ir.outputs.iter().enumerate() {
            let output = OutputId::new(index);
            let Form::Fixed(places) = forms.output(output) else {
                continue;
            };
            let Some(lanes) = watched.outputs.get(index) else {
                continue;
            };
            let number = |lane: usize, word: Word| match &lanes.exact {
                Some(all) => all.get(lane).cloned().unwrap_or_default(),
                None => Number::word(leaf.scalar, word),
            };
            let apart = |lane: usize, word: Word| {
                let exact = number(lane, word);
                let own = Number::word(leaf.scalar, word);
                (own.minus(&exact).magnitude(), exact)
            };
            let mut largest: Option<(Number, Error)> = None;
            for (lane, &word) in lanes.iter().enumerate() {
                let (off, exact) = apart(lane, word);
                if largest.as_ref().is_some_and(|(most, _)| off <= *most) {
                    continue;
                }
                let down = -i64::from(places);
                let error = Error {
                    output,
                    places,
                    lane,
                    word,
                    exact: exact.moved(down),
                    absolute: off.moved(down),
                    units: off.to_f64(),
                };
                largest = Some((off, error));
            }
            errors.extend(largest.map(|(_, error)| error));
        }
        Ok(Findings {
            errors,
            events: watched.events.into_values().collect(),
            outputs: watched.outputs.iter().map(|l| l.to_vec()).collect(),
        })
    }
}
