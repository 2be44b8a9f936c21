//! Which values are known to be places: of every run of rows 0, 1, … in some order.
//!
//! A sort that takes rows' numbers along gives such an order, and so does everything that moves it. As keys of another sort these say where
//! rows go, each place once. So they may be opened once they are shuffled: what is seen is a uniform order, whatever the
//! data are. A list of places that a program computes in another way, or is given, may name a place twice, and is never opened.

use crate::ir::{Node, Op};
use crate::passes::constants::vectors::normal;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The places that are known so far.
#[derive(Clone, Default)]
pub(super) struct Places {
    /// By value, the number of runs.
    known: SortedMap<ValueId, u64>,
}

impl Places {
    /// Whether a value's runs are 0, 1, … in some order each.
    pub(super) fn are(&self, walk: &Walk, value: ValueId, segments: u64) -> bool {
        self.known.get(&value) == Some(&segments) || are_numbers(walk, value, segments)
    }

    /// Notes that a value's are.
    pub(super) fn note(&mut self, value: ValueId, segments: u64) {
        self.known.insert(value, segments);
    }

    /// Follows what is no sort.
    pub(super) fn follow(&mut self, walk: &Walk, node: &Node) {
        if let (Op::Word(WordOp::Cast), &[arg], &[result]) =
            (&node.op, &node.args[..], &node.results[..])
            && let Some(&segments) = self.known.get(&arg)
            && holds(walk, result, segments)
        {
            self.note(result, segments);
        }
    }
}

/// Whether a value's type holds all places of a run.
fn holds(walk: &Walk, value: ValueId, segments: u64) -> bool {
    let ty = walk.ty(value);
    let rows = ty.lanes.checked_div(segments).unwrap_or(0);
    let scalar = ty.scalar;
    let most = scalar.mask() >> u32::from(scalar.is_signed());
    scalar != Scalar::Bool && Word::from(rows.saturating_sub(1)) <= most
}

/// Whether a value is 0, 1, … in every run.
fn are_numbers(walk: &Walk, value: ValueId, segments: u64) -> bool {
    let ty = walk.ty(value);
    let source = walk.public_source(value).unwrap_or(value);
    let Some(words) = walk.constant(source) else {
        return false;
    };
    let rows = ty.lanes.checked_div(segments).unwrap_or(0);
    let dims = vec![(segments, 0), (rows, 1)];
    let numbers = ConstVec::Affine { start: 0, dims };
    holds(walk, value, segments)
        && numbers.lanes() == ty.lanes
        && normal(words.clone(), ty.scalar) == normal(numbers, ty.scalar)
}
