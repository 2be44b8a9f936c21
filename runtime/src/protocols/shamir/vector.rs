//! Between whole vectors, as operations hold them, and the units that are dealt: for integers runs of lanes, for bit
//! strings one bit of a block of lanes.

use std::ops::Range;

use smpcc_circuit::value::Word;

use super::coefficients::{Coefficients, Integers, Sliced, accumulate};
use super::deal::{Batch, Layout};
use crate::bits::{Bits, words_for};
use crate::error::Error;
use crate::protocols::Value;
use crate::protocols::sharing::{Share, arithmetic, boolean};
use crate::ring::{Element, Elements};

/// Integers per unit: a unit's rows stay in a core's first cache.
pub(super) const UNIT: usize = 256;

/// Vectors of integers or of bit strings.
pub(super) trait Vector: Coefficients {
    /// A vector in the clear.
    type Clear: Send + Sync + 'static;
    /// Units of `lanes` lanes of `bits` bits.
    fn layout(bits: u32, lanes: usize) -> Layout;
    /// The words of a range of lanes, which starts at a multiple of 64, unit by unit.
    fn words(clear: &Self::Clear, lanes: Range<usize>) -> Result<Vec<Self::Word>, Error>;
    /// Puts what was dealt in place.
    fn store(batch: &Batch<Self>, from: usize, into: &mut Share) -> Result<(), Error>
    where
        Self: Sized;
    /// Coordinate 0 of a share times a weight: `Σ weights[a] · share_a` on a range of lanes, unit by unit.
    fn project(
        value: &Value<Share>,
        weights: &[Word],
        lanes: Range<usize>,
    ) -> Result<Vec<Self::Word>, Error>;
}

fn mixed() -> Error {
    Error::bug("a vector in the wrong machine word")
}

impl<E: Element> Vector for Integers<E> {
    type Clear = Elements;

    fn layout(bits: u32, lanes: usize) -> Layout {
        Layout {
            total: lanes,
            unit: UNIT,
            format: bits as usize,
        }
    }

    fn words(clear: &Elements, lanes: Range<usize>) -> Result<Vec<E>, Error> {
        let all = E::slice(clear).ok_or_else(mixed)?;
        all.get(lanes).map(<[E]>::to_vec).ok_or_else(mixed)
    }

    fn store(batch: &Batch<Self>, from: usize, into: &mut Share) -> Result<(), Error> {
        let Share::Arithmetic(into) = into else {
            return Err(mixed());
        };
        let (d, ring) = (into.part.len(), into.ring);
        for (a, part) in into.part.iter_mut().enumerate() {
            let part = E::slice_mut(part).ok_or_else(mixed)?;
            for unit in batch.layout.units() {
                let n = unit.len();
                let row = &batch.shares[d * unit.start + a * n..][..n];
                for (into, &e) in part[from + unit.start..].iter_mut().zip(row) {
                    *into = e.low(ring);
                }
            }
        }
        Ok(())
    }

    fn project(
        value: &Value<Share>,
        weights: &[Word],
        lanes: Range<usize>,
    ) -> Result<Vec<E>, Error> {
        let share = arithmetic(value)?;
        let mut out = vec![E::default(); lanes.len()];
        for (part, &weight) in share.part.iter().zip(weights) {
            let part = E::slice(part).ok_or_else(mixed)?;
            accumulate::<Self>(&mut out, weight, part.get(lanes.clone()).ok_or_else(mixed)?);
        }
        out.iter_mut().for_each(|e| *e = e.low(share.ring));
        Ok(out)
    }
}

impl Vector for Sliced {
    type Clear = Bits;

    fn layout(bits: u32, lanes: usize) -> Layout {
        Layout {
            total: bits as usize * words_for(lanes),
            unit: words_for(lanes),
            format: lanes,
        }
    }

    fn words(clear: &Bits, lanes: Range<usize>) -> Result<Vec<u64>, Error> {
        Ok(clear.slice(lanes.start, lanes.len()).into_words())
    }

    fn store(batch: &Batch<Self>, from: usize, into: &mut Share) -> Result<(), Error> {
        let Share::Boolean(into) = into else {
            return Err(mixed());
        };
        let d = into.part.len();
        for (bit, unit) in batch.layout.units().enumerate() {
            let n = unit.len();
            let rows = batch.shares[d * unit.start..d * unit.end].chunks_exact(n.max(1));
            for (part, row) in into.part.iter_mut().zip(rows) {
                part.bit_mut(bit)[from / 64..][..n].copy_from_slice(row);
            }
        }
        Ok(())
    }

    fn project(
        value: &Value<Share>,
        weights: &[Word],
        lanes: Range<usize>,
    ) -> Result<Vec<u64>, Error> {
        let share = boolean(value)?;
        let n = words_for(lanes.len());
        let mut out = vec![0; share.width() * n];
        for (part, &weight) in share.part.iter().zip(weights) {
            for (bit, out) in out.chunks_exact_mut(n.max(1)).enumerate() {
                accumulate::<Self>(out, weight, &part.bit(bit)[lanes.start / 64..][..n]);
            }
        }
        Ok(out)
    }
}
