//! Linear operations on one part of an arithmetic share: what a suite does alike to every part that a party holds.

use smpcc_circuit::value::Word;

use crate::ring::{Element, Elements, each, for_width};

/// `start + Σ coefficients[i] · args[i]` mod 2^ring, lane by lane.
pub(super) fn combine(
    ring: u32,
    lanes: usize,
    start: Word,
    coefficients: &[Word],
    args: &[&Elements],
) -> Elements {
    for_width!(ring, E => {
        let mut out: Vec<E> = vec![E::of(start); lanes];
        for (arg, &c) in args.iter().zip(coefficients) {
            let c = E::of(c);
            if let Some(x) = E::slice(arg) {
                for (o, &x) in out.iter_mut().zip(x) {
                    *o = o.add(c.mul(x));
                }
            }
        }
        out.iter_mut().for_each(|o| *o = o.low(ring));
        E::wrap(out)
    })
}

/// The lane-wise product of two vectors of one ring.
pub(super) fn multiply(ring: u32, x: &Elements, y: &Elements) -> Elements {
    for_width!(ring, E => {
        let (Some(x), Some(y)) = (E::slice(x), E::slice(y)) else {
            return Elements::zeros(ring, 0);
        };
        E::wrap(x.iter().zip(y).map(|(&x, &y)| x.mul(y).low(ring)).collect())
    })
}

/// Sums of `segments` runs of lanes.
pub(super) fn sum_lanes(ring: u32, x: &Elements, segments: u64) -> Elements {
    let segments = usize::try_from(segments).unwrap_or(0);
    let run = x.lanes().checked_div(segments).unwrap_or(0);
    each!(x, v => {
        let sum = |s: usize| {
            v[s * run..(s + 1) * run]
                .iter()
                .fold(Element::of(0), |a, &e| Element::add(a, e))
                .low(ring)
        };
        Element::wrap((0..segments).map(sum).collect())
    })
}
