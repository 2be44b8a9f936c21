//! Who holds which point and what each party multiplies with: all constants of one party, computed once.

use smpcc_circuit::value::Word;

use super::galois::{Constant, Galois, MAX_DEGREE};
use crate::error::Error;

/// The constants of one party.
pub(super) struct Geometry {
    pub(super) me: usize,
    pub(super) n: usize,
    pub(super) t: usize,
    /// Coordinates of an element.
    pub(super) d: usize,
    /// By party, the number of its point.
    numbers: Vec<usize>,
    pub(super) ring: Galois,
    /// How this party deals: its own share, then those that it sends.
    pub(super) own: Rows,
    pub(super) sent: Vec<(usize, Rows)>,
    /// `(λ·x·y)_0` for the products of this party among the first 2t + 1, as [`Galois::form`].
    pub(super) product: Option<Vec<Word>>,
    /// `(λ·x)_0` for the additive parts of the first t + 1 parties.
    pub(super) part: Option<Vec<Word>>,
    /// For each receiver of an opening: `(λ·x)_0` for this party among the receiver and the t after it.
    pub(super) opening: Vec<Option<Vec<Word>>>,
}

/// A share as a function of the dealt integer and of the drawn shares: for each coordinate the coefficient of the integer,
/// then those of all coordinates of each drawn share.
pub(super) type Rows = Vec<Vec<Word>>;

impl Geometry {
    /// With the points of these numbers, from 1 on, one for each party.
    pub(super) fn new(
        me: usize,
        numbers: Vec<usize>,
        t: usize,
        degree: usize,
    ) -> Result<Self, Error> {
        let n = numbers.len();
        let distinct =
            numbers.is_sorted_by(|a, b| a < b) && numbers.iter().all(|&p| p > 0 && p < 1 << degree);
        let ring = Galois::new(degree)
            .filter(|_| me < n && distinct && t >= 1 && 2 * t < n)
            .ok_or_else(|| Error::bug("no such sharing"))?;
        let points = |parties: &mut dyn Iterator<Item = usize>| -> Vec<Constant> {
            // No party holds the secret's point 0.
            parties.map(|p| ring.point(numbers[p])).collect()
        };
        let zero = [0; MAX_DEGREE];
        let mut known = vec![zero];
        known.extend(points(&mut (1..=t).map(|k| (me + k) % n)));
        let rows = |party: usize| -> Rows {
            let weights = ring.lagrange(&known, ring.point(numbers[party]));
            let mut rows: Rows = (0..degree).map(|a| vec![weights[0][a]]).collect();
            for &weight in &weights[1..] {
                for (row, more) in rows.iter_mut().zip(ring.matrix(weight)) {
                    row.extend(more);
                }
            }
            rows
        };
        // This party's form when the parties of a set give a value at zero.
        let form = |set: Vec<usize>| -> Option<Vec<Word>> {
            let place = set.iter().position(|&p| p == me)?;
            let weights = ring.lagrange(&points(&mut set.into_iter()), zero);
            Some(ring.form(weights[place]))
        };
        let linear = |set: Vec<usize>| -> Option<Vec<Word>> {
            form(set).map(|mut form| {
                form.truncate(degree);
                form
            })
        };
        Ok(Self {
            me,
            n,
            t,
            d: degree,
            numbers: numbers.clone(),
            ring,
            own: rows(me),
            sent: (t + 1..n)
                .map(|k| ((me + k) % n, rows((me + k) % n)))
                .collect(),
            product: form((0..=2 * t).collect()),
            part: linear((0..=t).collect()),
            opening: (0..n)
                .map(|receiver| linear((0..=t).map(|k| (receiver + k) % n).collect()))
                .collect(),
        })
    }

    /// `(λ·x)_0` for this party among the `t + 1` of a set.
    pub(super) fn summand(&self, set: &[usize]) -> Option<Vec<Word>> {
        let place = set.iter().position(|&p| p == self.me)?;
        let points: Vec<Constant> = set
            .iter()
            .map(|&p| self.ring.point(self.numbers[p]))
            .collect();
        let weights = self.ring.lagrange(&points, [0; MAX_DEGREE]);
        let mut form = self.ring.form(weights[place]);
        form.truncate(self.d);
        Some(form)
    }

    /// Whether a dealer and a receiver draw the receiver's share together.
    pub(super) fn draws(&self, dealer: usize, receiver: usize) -> bool {
        (1..=self.t).contains(&((receiver + self.n - dealer) % self.n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::value::mask;
    use std::collections::BTreeSet;

    fn all(n: usize, t: usize) -> Vec<Geometry> {
        let degree = (usize::BITS - n.leading_zeros()) as usize;
        (0..n)
            .map(|me| {
                Geometry::new(me, (1..=n).collect(), t, degree).unwrap_or_else(|e| panic!("{e}"))
            })
            .collect()
    }

    /// All parties' shares mod 2^k when a dealer's neighbours have drawn `drawn`, d numbers each.
    fn shares(dealer: &Geometry, secret: Word, drawn: &[Word], k: u32) -> Vec<Vec<Word>> {
        let (n, d, me) = (dealer.n, dealer.d, dealer.me);
        let mut shares = vec![Vec::new(); n];
        for (j, drawn) in drawn.chunks(d).enumerate() {
            shares[(me + 1 + j) % n] = drawn.to_vec();
        }
        let rows = std::iter::once((me, &dealer.own));
        for (party, rows) in rows.chain(dealer.sent.iter().map(|(p, rows)| (*p, rows))) {
            let value = |row: &Vec<Word>| {
                let drawn = row[1..].iter().zip(drawn);
                let sum = drawn.fold(row[0].wrapping_mul(secret), |s, (c, x)| {
                    s.wrapping_add(c.wrapping_mul(*x))
                });
                sum & mask(k)
            };
            shares[party] = rows.iter().map(value).collect();
        }
        shares
    }

    fn subsets(n: usize, size: usize) -> Vec<Vec<usize>> {
        (0u32..1 << n)
            .filter(|set| set.count_ones() as usize == size)
            .map(|set| (0..n).filter(|i| set >> i & 1 == 1).collect())
            .collect()
    }

    /// Over the smallest rings, bits included: whatever is dealt and whoever deals, the shares of any t parties take every
    /// combination exactly once, and any t + 1 determine the value.
    #[test]
    fn any_t_shares_are_uniform() {
        for (n, t, k) in [
            (3, 1, 1),
            (3, 1, 2),
            (4, 1, 1),
            (5, 1, 1),
            (5, 2, 1),
            (7, 2, 1),
        ] {
            for dealer in all(n, t) {
                let d = dealer.d;
                let n_drawn = 1usize << (k as usize * d * t);
                let sets = subsets(n, t);
                for secret in 0..1 << k {
                    let mut seen = vec![BTreeSet::new(); sets.len()];
                    for drawn in 0..n_drawn {
                        let drawn: Vec<Word> = (0..d * t)
                            .map(|i| (drawn >> (i * k as usize)) as Word & mask(k))
                            .collect();
                        let shares = shares(&dealer, secret, &drawn, k);
                        for (set, seen) in sets.iter().zip(&mut seen) {
                            let view: Vec<_> = set.iter().map(|&p| shares[p].clone()).collect();
                            seen.insert(view);
                        }
                        for more in subsets(n, t + 1) {
                            let points: Vec<Constant> =
                                more.iter().map(|p| dealer.ring.point(p + 1)).collect();
                            let weights = dealer.ring.lagrange(&points, [0; MAX_DEGREE]);
                            let mut value = [0; MAX_DEGREE];
                            for (w, &p) in weights.into_iter().zip(&more) {
                                let mut share = [0; MAX_DEGREE];
                                share[..d].copy_from_slice(&shares[p]);
                                value = dealer.ring.add(value, dealer.ring.mul(w, share));
                            }
                            let mut expected = [0; MAX_DEGREE];
                            expected[0] = secret;
                            assert_eq!(value.map(|w| w & mask(k)), expected);
                        }
                    }
                    assert!(seen.iter().all(|s| s.len() == n_drawn), "{n} {t} {k}");
                }
            }
        }
    }

    /// Additive parts add up: of a value, and of a product of two sharings.
    #[test]
    fn weighted_shares_add_up() {
        for n in 3..=16 {
            for t in 1..=(n - 1) / 2 {
                let parties = all(n, t);
                let d = parties[0].d;
                let numbers = |seed: Word| -> Vec<Word> {
                    (1..=(t * d) as Word)
                        .map(|i| seed.wrapping_mul(i * i + 1) ^ i << 70)
                        .collect()
                };
                let (x, y) = (Word::MAX / 3, Word::MAX / 11 - 5);
                let xs = shares(&parties[n - 1], x, &numbers(Word::MAX / 7), 128);
                let ys = shares(&parties[1], y, &numbers(Word::MAX / 13), 128);
                let dot = |weights: &Option<Vec<Word>>, share: &[Word]| {
                    let pairs = weights.iter().flatten().zip(share);
                    pairs.fold(0, |s: Word, (w, x)| s.wrapping_add(w.wrapping_mul(*x)))
                };
                let sum = |terms: &mut dyn Iterator<Item = Word>| {
                    terms.fold(0, |s: Word, term| s.wrapping_add(term))
                };
                let mut parts = parties.iter().zip(&xs).map(|(g, x)| dot(&g.part, x));
                assert_eq!(sum(&mut parts), x);
                for receiver in 0..n {
                    let pairs = parties.iter().zip(&xs);
                    let mut parts = pairs.map(|(g, x)| dot(&g.opening[receiver], x));
                    assert_eq!(sum(&mut parts), x);
                }
                let mut products = parties.iter().zip(xs.iter().zip(&ys)).map(|(g, (x, y))| {
                    let mut sum: Word = 0;
                    for (form, a, b) in g
                        .product
                        .iter()
                        .flat_map(|form| (0..d * d).map(move |i| (form, i / d, i % d)))
                    {
                        let xy = x[a].wrapping_mul(y[b]);
                        sum = sum.wrapping_add(form[a + b].wrapping_mul(xy));
                    }
                    sum
                });
                assert_eq!(sum(&mut products), x.wrapping_mul(y), "{n} {t}");
            }
        }
    }

    #[test]
    fn thresholds_beyond_half_are_refused() {
        assert!(Geometry::new(0, vec![1, 2, 3, 4], 2, 3).is_err());
        assert!(Geometry::new(0, vec![1, 2, 3], 0, 2).is_err());
        assert!(Geometry::new(3, vec![1, 2, 3], 1, 2).is_err());
        // Without a point for everybody, with the secret's, with one twice.
        assert!(Geometry::new(0, vec![1, 2, 3, 4], 1, 2).is_err());
        assert!(Geometry::new(0, vec![0, 2, 3], 1, 2).is_err());
        assert!(Geometry::new(0, vec![1, 2, 2], 1, 2).is_err());
    }
}
