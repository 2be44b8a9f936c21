//! Linear operations on one part of an arithmetic share: what a suite does alike to every part that a party holds.
//!
//! Operands of other shapes than an operation has are a bug of ours, and said to be one: a sum without a summand, or a product
//! of no lanes, would go on as a wrong result.

use smpcc_circuit::value::Word;

use crate::error::Error;
use crate::ring::{Element, Elements, each, for_width, other_word};

/// The elements, of which there must be so many.
fn exactly<E: Element>(elements: &Elements, lanes: usize) -> Result<&[E], Error> {
    let slice = E::slice(elements).ok_or_else(other_word)?;
    match slice.len() == lanes {
        true => Ok(slice),
        false => Err(Error::bug("operands of different lanes")),
    }
}

/// `start + Σ coefficients[i] · args[i]` mod 2^ring, lane by lane.
pub(super) fn combine(
    ring: u32,
    lanes: usize,
    start: Word,
    coefficients: &[Word],
    args: &[&Elements],
) -> Result<Elements, Error> {
    if coefficients.len() != args.len() {
        return Err(Error::bug("a linear combination of the wrong operands"));
    }
    for_width!(ring, E => {
        let start = E::of(start);
        let mut terms = args.iter().zip(coefficients);
        let mut out: Vec<E> = match terms.next() {
            None => vec![start.low(ring); lanes],
            Some((arg, &c)) => {
                let x = exactly::<E>(arg, lanes)?.iter();
                match weight(ring, c) {
                    Weight::Plus => x.map(|&x| start.add(x).low(ring)).collect(),
                    Weight::Minus => x.map(|&x| start.sub(x).low(ring)).collect(),
                    Weight::Times(c) => x.map(|&x| start.add(E::mul(c, x)).low(ring)).collect(),
                }
            }
        };
        for (arg, &c) in terms {
            let pairs = out.iter_mut().zip(exactly::<E>(arg, lanes)?);
            match weight(ring, c) {
                Weight::Plus => pairs.for_each(|(o, &x)| *o = o.add(x).low(ring)),
                Weight::Minus => pairs.for_each(|(o, &x)| *o = o.sub(x).low(ring)),
                Weight::Times(c) => pairs.for_each(|(o, &x)| *o = o.add(E::mul(c, x)).low(ring)),
            }
        }
        Ok(E::wrap(out))
    })
}

/// What an operand of a linear combination is multiplied with: mostly nothing, which processors without wide multiplication are glad of.
enum Weight<E> {
    Plus,
    Minus,
    Times(E),
}

fn weight<E: Element>(ring: u32, coefficient: Word) -> Weight<E> {
    let coefficient = E::of(coefficient).low(ring);
    if coefficient == E::of(1) {
        Weight::Plus
    } else if coefficient == E::of(Word::MAX).low(ring) {
        Weight::Minus
    } else {
        Weight::Times(coefficient)
    }
}

/// The lane-wise product of two vectors of one ring.
pub(super) fn multiply(ring: u32, x: &Elements, y: &Elements) -> Result<Elements, Error> {
    for_width!(ring, E => {
        let y = exactly::<E>(y, x.lanes())?;
        let x = exactly::<E>(x, x.lanes())?;
        Ok(E::wrap(x.iter().zip(y).map(|(&x, &y)| x.mul(y).low(ring)).collect()))
    })
}

/// The lane-wise sum of two vectors of one ring.
pub(super) fn add(ring: u32, x: &Elements, y: &Elements) -> Result<Elements, Error> {
    for_width!(ring, E => {
        let y = exactly::<E>(y, x.lanes())?;
        let x = exactly::<E>(x, x.lanes())?;
        Ok(E::wrap(x.iter().zip(y).map(|(&x, &y)| x.add(y).low(ring)).collect()))
    })
}

/// Sums of `segments` runs of lanes.
pub(super) fn sum_lanes(ring: u32, x: &Elements, segments: u64) -> Result<Elements, Error> {
    let lanes = x.lanes();
    let segments = usize::try_from(segments).ok();
    let run = match segments {
        Some(0) if lanes == 0 => Some(0),
        Some(n) if n > 0 && lanes.is_multiple_of(n) => Some(lanes / n),
        Some(_) | None => None,
    };
    let (Some(segments), Some(run)) = (segments, run) else {
        return Err(Error::bug("lanes that are not whole runs are added up"));
    };
    Ok(each!(x, v => {
        let sum = |s: usize| {
            v[s * run..(s + 1) * run]
                .iter()
                .fold(Element::of(0), |a, &e| Element::add(a, e))
                .low(ring)
        };
        Element::wrap((0..segments).map(sum).collect())
    }))
}

/// The sums of all lanes up to each.
pub(super) fn running_sums(ring: u32, x: &Elements) -> Elements {
    each!(x, v => {
        let mut sum = Element::of(0);
        let sums = v.iter().map(|&e| {
            sum = Element::add(sum, e).low(ring);
            sum
        });
        Element::wrap(sums.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn vector(ring: u32, lanes: u128) -> Elements {
        Elements::of_words(ring, 1..=lanes)
    }

    fn is_bug(result: Result<Elements, Error>) -> bool {
        result.err().is_some_and(|e| e.fault() == Fault::Bug)
    }

    /// What used to be left out, or taken for zeros, is a bug: an operand in the other machine word, missing, or with other lanes.
    #[test]
    fn operands_of_other_shapes_are_bugs() {
        for (ring, other) in [(64, 65), (65, 64), (128, 1)] {
            let (x, y) = (vector(ring, 6), vector(other, 6));
            let short = vector(ring, 5);
            for wrong in [&y, &short] {
                assert!(is_bug(multiply(ring, &x, wrong)));
                assert!(is_bug(multiply(ring, wrong, &x)));
                assert!(is_bug(add(ring, &x, wrong)));
                assert!(is_bug(add(ring, wrong, &x)));
                assert!(is_bug(combine(ring, 6, 1, &[2, 3], &[&x, wrong])));
            }
            assert!(is_bug(combine(ring, 6, 1, &[2], &[&x, &x])));
            assert!(is_bug(combine(ring, 6, 1, &[2, 3], &[&x])));
            for segments in [0, 4, 7, u64::MAX] {
                assert!(is_bug(sum_lanes(ring, &x, segments)));
            }
            let mut into = vector(ring, 6);
            assert!(into.put(0, &y).is_err_and(|e| e.fault() == Fault::Bug));
            for from in [2, 7, usize::MAX] {
                assert!(
                    into.put(from, &short)
                        .is_err_and(|e| e.fault() == Fault::Bug)
                );
            }
            assert!(into == x, "nothing was written");
        }
    }

    #[test]
    fn sums_and_products_are_those_of_words() {
        for ring in [7, 64, 100] {
            let x = vector(ring, 6);
            let words = |f: fn(Word) -> Word| Elements::of_words(ring, (1..=6).map(f));
            assert!(multiply(ring, &x, &x).is_ok_and(|z| z == words(|w| w * w)));
            assert!(add(ring, &x, &x).is_ok_and(|z| z == words(|w| 2 * w)));
            let sum = combine(ring, 6, 9, &[3, 5], &[&x, &x]);
            assert!(sum.is_ok_and(|z| z == words(|w| 9 + 8 * w)));
            let sums = Elements::of_words(ring, [3, 7, 11].into_iter());
            assert!(sum_lanes(ring, &x, 3).is_ok_and(|z| z == sums));
            let sums = Elements::of_words(ring, [1, 3, 6, 10, 15, 21].into_iter());
            assert!(running_sums(ring, &x) == sums);
            let none = vector(ring, 0);
            assert!(sum_lanes(ring, &none, 0).is_ok_and(|z| z == none));
            assert!(sum_lanes(ring, &none, 2).is_ok_and(|z| z.words() == [0, 0]));
        }
    }
}
