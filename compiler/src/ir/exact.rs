//! Exact numbers beside the words of a run, and what says how they follow from each other.
//!
//! Lowering marks what values stand for ([`Marks`]: this value is that product, rounded), and the interpreter carries beside the lanes of
//! numbers with fractions what they would be without any rounding or wrapping ([`Number`]).

mod functions;
mod lanes;
mod meaning;
pub(super) mod moves;
mod number;

use crate::span::Span;
pub use lanes::Lanes;
pub use meaning::{
    Compare, Events, FLOAT, Given, Mark, Meaning, Operand, Source, elementary, held,
};
pub(crate) use moves::order;
pub use number::Number;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;

/// What values stand for that are more than their words.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    by_value: SortedMap<ValueId, Mark>,
}

impl Marks {
    /// That of a value.
    pub fn get(&self, id: ValueId) -> Option<&Mark> {
        self.by_value.get(&id)
    }

    /// Notes what a value stands for.
    pub fn insert(&mut self, id: ValueId, mark: Mark) {
        self.by_value.insert(id, mark);
    }

    /// Forgets all values from one on.
    pub fn truncate(&mut self, n_values: usize) {
        self.by_value.split_off(&ValueId::new(n_values));
    }
}

/// What happened at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A result did not fit its type.
    Wrapped,
    /// A divisor was zero.
    DividedByZero,
    /// A comparison, or what is before the point, is another one of the exact numbers.
    DecidedOtherwise,
}

/// What happened at a place, how often, and one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The place in the source; of what the library does, where it was called.
    pub span: Span,
    /// What.
    pub what: What,
    /// The operation: `+`, `exp`.
    pub operation: &'static str,
    /// The type of the result.
    pub ty: String,
    /// How often.
    pub count: u64,
    /// The operands of the first time, as the program writes numbers.
    pub operands: Vec<String>,
    /// What came out.
    pub result: String,
    /// What it is without wrapping; `None` where it is nothing.
    pub exact: Option<String>,
}
