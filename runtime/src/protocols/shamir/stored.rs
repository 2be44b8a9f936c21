//! Shamir's sharing of bits outside of runs: polynomials over GF(2^d) at the points that the parties have in a run.

use super::galois::{Constant, Galois, MAX_DEGREE};
use crate::error::Error;
use crate::ring::Element;

/// The points of parties.
fn points(ring: Galois, parties: impl Iterator<Item = usize>) -> Vec<Constant> {
    parties.map(|party| ring.point(party + 1)).collect()
}

/// Adds `constant · x` to `into` bit by bit: coordinate `a` of an element stands `d` words apart, from `a` on.
fn add_times<E: Element>(
    ring: Galois,
    d: usize,
    constant: Constant,
    x: impl Fn(usize, usize) -> E,
    into: &mut [E],
) {
    let matrix = ring.matrix(constant);
    for (lane, into) in into.chunks_exact_mut(d).enumerate() {
        for (to, row) in into.iter_mut().zip(&matrix) {
            for (b, weight) in row.iter().enumerate() {
                if weight & 1 == 1 {
                    *to = *to ^ x(b, lane);
                }
            }
        }
    }
}

/// Shares of all parties; `coefficients` are the coordinates of the polynomial's other coefficients, `d` vectors for each.
pub(in crate::protocols) fn deal<E: Element>(
    n: usize,
    d: usize,
    values: &[E],
    coefficients: &[&[E]],
) -> Result<Vec<Vec<E>>, Error> {
    let ring = Galois::new(d).ok_or_else(|| Error::bug("no such sharing"))?;
    let share = |party: usize| {
        let point = ring.point(party + 1);
        let mut share = vec![E::default(); d * values.len()];
        for (share, value) in share.chunks_exact_mut(d).zip(values) {
            share[0] = *value;
        }
        let mut power = ring.one();
        for coefficient in coefficients.chunks_exact(d) {
            power = ring.mul(power, point);
            add_times(ring, d, power, |b, lane| coefficient[b][lane], &mut share);
        }
        share
    };
    Ok((0..n).map(share).collect())
}

/// The value of at least `t + 1` shares; else the parties whose shares do not fit.
pub(in crate::protocols) fn open<E: Element>(
    d: usize,
    t: usize,
    shares: &[(usize, &[E])],
) -> Result<Vec<E>, Vec<usize>> {
    let all = || shares.iter().map(|(party, _)| *party).collect::<Vec<_>>();
    let ring = Galois::new(d).ok_or_else(all)?;
    let places: Vec<usize> = (0..shares.len()).collect();
    if let Some(value) = agree(ring, d, t, shares, &places) {
        return Ok(value);
    }
    // Without whom do the others agree? Fewer than t + 2 always do, and say nothing.
    for n_out in 1..shares.len().saturating_sub(t + 1) {
        let mut liars: Vec<usize> = Vec::new();
        for out in subsets(shares.len(), n_out) {
            let rest: Vec<usize> = places
                .iter()
                .copied()
                .filter(|p| !out.contains(p))
                .collect();
            if agree(ring, d, t, shares, &rest).is_some() {
                liars.extend(out.iter().map(|&place| shares[place].0));
            }
        }
        if !liars.is_empty() {
            liars.sort_unstable();
            liars.dedup();
            return Err(liars);
        }
    }
    Err(all())
}

/// The value, if the shares at these places are of one polynomial of degree t with a bit at 0.
fn agree<E: Element>(
    ring: Galois,
    d: usize,
    t: usize,
    shares: &[(usize, &[E])],
    places: &[usize],
) -> Option<Vec<E>> {
    let (first, rest) = places.split_at_checked(t + 1)?;
    let known = points(ring, first.iter().map(|&place| shares[place].0));
    let at = |target: Constant| {
        let weights = ring.lagrange(&known, target);
        let mut value = vec![E::default(); shares[first[0]].1.len()];
        for (weight, &place) in weights.into_iter().zip(first) {
            let share = shares[place].1;
            add_times(ring, d, weight, |b, lane| share[lane * d + b], &mut value);
        }
        value
    };
    for &place in rest {
        let (party, share) = shares[place];
        if at(ring.point(party + 1)) != share {
            return None;
        }
    }
    let value = at([0; MAX_DEGREE]);
    let zero = E::default();
    let is_bit = value
        .chunks_exact(d)
        .all(|lane| lane[1..].iter().all(|c| *c == zero));
    is_bit.then(|| value.chunks_exact(d).map(|lane| lane[0]).collect())
}

/// All subsets of so many of `0..n`.
fn subsets(n: usize, size: usize) -> Vec<Vec<usize>> {
    let sets = (0u32..1 << n).filter(|set| set.count_ones() as usize == size);
    sets.map(|set| (0..n).filter(|i| set >> i & 1 == 1).collect())
        .collect()
}
