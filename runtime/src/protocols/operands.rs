//! Operands and results of an operation as suites look at them: types, widths, lanes, blocks.

use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Program, ValueInfo};
use smpcc_circuit::value::Scalar;

use crate::error::Error;
use crate::ring::Elements;

/// The type of the operand or result with this number.
pub(super) fn info(program: &Program, ids: &[ValueId], i: usize) -> Result<ValueInfo, Error> {
    ids.get(i)
        .and_then(|id| program.values.get(id.index()))
        .copied()
        .ok_or_else(|| Error::bug("a value is missing"))
}

/// The operand with this number.
pub(super) fn nth<T: Clone>(args: &[T], i: usize) -> Result<T, Error> {
    args.get(i)
        .cloned()
        .ok_or_else(|| Error::bug("an operand is missing"))
}

/// The ring of a value in the arithmetic domain, else its width.
pub(super) fn bits_of(value: ValueInfo) -> u32 {
    match value.domain {
        Domain::Arithmetic { ring } => u32::from(ring),
        Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => {
            value.scalar.width()
        }
    }
}

/// Lanes, as many as memory can hold.
pub(super) fn n_lanes(value: ValueInfo) -> Result<usize, Error> {
    usize::try_from(value.lanes).map_err(|_| Error::machine("a value is larger than memory"))
}

/// A public vector as integers mod 2^ring, sign-extended where its type has a sign.
pub(super) fn in_ring(elements: &Elements, scalar: Scalar, ring: u32) -> Elements {
    if ring <= scalar.width() {
        return elements.lowered(ring);
    }
    Elements::of_words(
        ring,
        (0..elements.lanes()).map(|l| scalar.extend(elements.get(l))),
    )
}

/// The lanes of block `block` when `lanes` lanes are cut into blocks of `size`.
pub(super) fn block_range(block: usize, size: usize, lanes: usize) -> std::ops::Range<usize> {
    let from = (block * size).min(lanes);
    from..(from + size).min(lanes)
}
