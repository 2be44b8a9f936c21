//! Runs a program in the clear in exact arithmetic beside its own: how far each result with a fraction is from what the operations
//! mean of real numbers, and where numbers wrapped or became infinite.
//!
//! Lowering marks what the words of the IR stand for ([`Marks`]: this value is that product, rounded), and the interpreter carries beside the
//! lanes of fixed-point numbers and floats what they would be without any rounding or wrapping ([`Number`]). Control follows the program: where an
//! exact number would have decided a comparison otherwise, that is counted. Integers are what they are in the program, whose types
//! say that they wrap; where one did is counted too. Literals and inputs are as exact as their types hold them.

#[cfg(test)]
mod tests;

use crate::hir::Hir;
use crate::ir::Ir;
pub use crate::ir::exact::{Event, Number, What};
use crate::ir::exact::{FLOAT, Marks, held};
use crate::ir::interpret::{self, Stopped};
use crate::session::Session;
use crate::{diagnostic::Diagnostic, lower};
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::value::{Form, Scalar, Word};

/// The largest error of a result with a fraction; of floats the largest in units of the last place.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The leaf.
    pub output: OutputId,
    /// How its words are numbers.
    pub form: Form,
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
    /// Of each result with a fraction, by leaf; of floats that are all infinite or no numbers there is none.
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
            let form = forms.output(output);
            let (Form::Fixed(_) | Form::Float, Some(lanes)) = (form, watched.outputs.get(index))
            else {
                continue;
            };
            let mut largest: Option<(Number, Error)> = None;
            for (lane, &word) in lanes.iter().enumerate() {
                let exact = lanes.exact.as_ref().and_then(|all| all.get(lane)).cloned();
                let Some(error) = error(output, form, leaf.scalar, (lane, word), exact) else {
                    continue;
                };
                // Floats are as exact as they are large.
                let size = match form {
                    Form::Float => error.units_exactly(leaf.scalar),
                    _ => error.absolute.clone(),
                };
                if largest.as_ref().is_none_or(|(most, _)| size > *most) {
                    largest = Some((size, error));
                }
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

/// How far a result is from what it is exactly; nothing where it is no number.
fn error(
    output: OutputId,
    form: Form,
    scalar: Scalar,
    (lane, word): (usize, Word),
    exact: Option<Number>,
) -> Option<Error> {
    let places = match form {
        Form::Fixed(places) => u32::from(places),
        _ => FLOAT,
    };
    let down = match form {
        Form::Fixed(places) => -i64::from(places),
        _ => 0,
    };
    let own = held(scalar, word, places)?.moved(down);
    let exact = exact.map_or_else(|| own.clone(), |exact| exact.moved(down));
    let mut error = Error {
        output,
        form,
        lane,
        word,
        absolute: own.minus(&exact).magnitude(),
        exact,
        units: 0.0,
    };
    error.units = error.units_exactly(scalar).to_f64();
    Some(error)
}

impl Error {
    /// The error in units of the last place, which of a float follows from the exact number.
    fn units_exactly(&self, scalar: Scalar) -> Number {
        self.absolute.moved(match self.form {
            Form::Fixed(places) => i64::from(places),
            _ => -self.exact.last_place(scalar.width()),
        })
    }
}
