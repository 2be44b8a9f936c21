//! The forms that operations can be written in: what whoever chooses domains and whoever writes them must agree on.
//!
//! A plan carries the [`FormChoice`] that its prices were made with, and emission writes by the same one.

use crate::session::ObjectiveChoice;
use crate::templates::Objective;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

/// Whether arithmetic shares have a form of `op` of their own. `public_amount`: the second operand is public.
pub fn has_arithmetic_form(op: WordOp, from: Scalar, to: Scalar, public_amount: bool) -> bool {
    match op {
        WordOp::Add | WordOp::Sub | WordOp::Mul | WordOp::Neg => from != Scalar::Bool,
        WordOp::Not | WordOp::Select => true,
        WordOp::And | WordOp::Or | WordOp::Xor | WordOp::Eq | WordOp::Ne => from == Scalar::Bool,
        WordOp::Shl => public_amount && from != Scalar::Bool,
        WordOp::Cast => to != Scalar::Bool || from == Scalar::Bool,
        WordOp::Div
        | WordOp::Rem
        | WordOp::Abs
        | WordOp::Lt
        | WordOp::Le
        | WordOp::Min
        | WordOp::Max
        | WordOp::Shr
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::Isqrt
        | WordOp::CountOnes
        | WordOp::SubByte
        | WordOp::Float(..) => false,
    }
}

/// Most bits of a constant table that becomes a polynomial in the index bits: so many wires are summed, for free but not
/// without work, and the circuit says which.
const TABLE_BITS: u64 = 1 << 19;

/// Whether a constant table of `n` blocks of words is read by a polynomial in the index bits, and not element by element.
pub(crate) fn is_looked_up(n: u64, block: u64, width: u32) -> bool {
    let entries = n.checked_next_power_of_two().unwrap_or(u64::MAX);
    let bits = entries
        .saturating_mul(block)
        .saturating_mul(u64::from(width));
    n > 0 && bits <= TABLE_BITS
}

/// How a sort that is no network of comparisons is done. What is opened are places of shuffled rows, each once: a uniform order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By digits of so many bits, the places by each of them opened after a shuffle.
    Digits(u32),
    /// The same with the numbers of rows and what is left of the keys alone; rows move once, to the places that come of it.
    Apart(u32),
    /// Each row is compared with each other; the places are sums, which are opened after a shuffle.
    Pairs,
    /// The keys are places, each once; they are opened after a shuffle.
    Places,
    /// Without keys: shuffled.
    Shuffle,
}

/// What decides between the forms of a circuit: few ANDs, few levels, or whichever is cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormChoice {
    /// What was asked for.
    pub objective: ObjectiveChoice,
    /// Picoseconds that a shared AND of one lane takes, its correlation and its way through a link included.
    pub and_ps: u64,
    /// Picoseconds of a level of shared ANDs.
    pub level_ps: u64,
}

/// The forms that come into question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one with the fewest ANDs.
    Fewest,
    /// The shallowest.
    Shallowest,
    /// The one that takes the least time ([`FormChoice::price`]).
    Cheapest,
}

impl Wanted {
    /// The circuits to build.
    pub(crate) const fn objectives(self) -> &'static [Objective] {
        match self {
            Self::Fewest => &[Objective::Size],
            Self::Shallowest => &[Objective::Depth],
            Self::Cheapest => &[Objective::Depth, Objective::Balanced, Objective::Size],
        }
    }
}

impl FormChoice {
    /// Lanes from which on bytes may weigh more than rounds, where circuits are shared.
    pub(crate) const fn many_lanes(&self) -> u64 {
        if self.and_ps < 20_000 {
            1 << 12
        } else {
            1 << 6
        }
    }

    /// The forms to choose from for a circuit, garbled or shared, over many lanes or few.
    pub(crate) const fn wanted(&self, garbled: bool, many: bool) -> Wanted {
        match (self.objective, garbled) {
            (ObjectiveChoice::Depth, _) => Wanted::Shallowest,
            (ObjectiveChoice::Size, _) | (ObjectiveChoice::Auto, true) => Wanted::Fewest,
            (ObjectiveChoice::Auto, false) if many => Wanted::Cheapest,
            (ObjectiveChoice::Auto, false) => Wanted::Shallowest,
        }
    }

    /// Picoseconds that a shared circuit takes on the network.
    pub(crate) fn price(&self, ands: u64, depth: u32, lanes: u64) -> u128 {
        let work = u128::from(ands) * u128::from(lanes) * u128::from(self.and_ps);
        work + u128::from(depth) * u128::from(self.level_ps)
    }
}
