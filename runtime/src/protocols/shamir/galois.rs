//! Constants of the Galois rings GR(2^k, d): the points at which shares are taken, and what interpolation multiplies with.
//!
//! GR(2^k, d) is Z/2^k\[X\] modulo a monic 0/1 polynomial of degree d that is irreducible mod 2. An element is d integers mod
//! 2^k; with k = 1 it is an element of the field with 2^d elements. Points are the 0/1 polynomials: the difference of two
//! of them is not zero mod 2, hence a unit ("exceptional"). Constants are computed once, mod 2^128, and cut to the ring
//! where they are used: reduction is a homomorphism. Nothing here is secret.

use smpcc_circuit::value::Word;

/// The largest degree: it gives points to 31 parties.
pub(super) const MAX_DEGREE: usize = 5;

/// An element of GR(2^128, d): coordinates of 1, X, X², …; zero from d on.
pub(super) type Constant = [Word; MAX_DEGREE];

/// The ring GR(2^128, d).
#[derive(Clone, Copy)]
pub(super) struct Galois {
    degree: usize,
    /// Bit `i` is the coefficient of X^i of the modulus, without the leading one.
    modulus: u32,
}

impl Galois {
    /// The ring of a degree from 2 to [`MAX_DEGREE`].
    pub(super) fn new(degree: usize) -> Option<Self> {
        // X² + X + 1, X³ + X + 1, X⁴ + X + 1, X⁵ + X² + 1.
        let modulus = match degree {
            2..=4 => 0b11,
            5 => 0b101,
            _ => return None,
        };
        Some(Self { degree, modulus })
    }

    /// d.
    #[cfg(test)]
    pub(super) fn degree(self) -> usize {
        self.degree
    }

    /// The integer 1.
    pub(super) fn one(self) -> Constant {
        let mut one = [0; MAX_DEGREE];
        one[0] = 1;
        one
    }

    /// The point with this number, from 1 on: bit `i` of the number is the coordinate of X^i. Point 0 would be the
    /// secret's.
    pub(super) fn point(self, number: usize) -> Constant {
        std::array::from_fn(|i| {
            if i < self.degree {
                (number >> i & 1) as Word
            } else {
                0
            }
        })
    }

    /// `a − b`.
    pub(super) fn sub(self, a: Constant, b: Constant) -> Constant {
        std::array::from_fn(|i| a[i].wrapping_sub(b[i]))
    }

    /// `a + b`.
    #[cfg(test)]
    pub(super) fn add(self, a: Constant, b: Constant) -> Constant {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }

    /// `a · X`.
    fn times_x(self, a: Constant) -> Constant {
        let top = a[self.degree - 1];
        std::array::from_fn(|i| {
            let shifted = if i > 0 && i < self.degree {
                a[i - 1]
            } else {
                0
            };
            // X^d is minus the rest of the modulus.
            let folded = if self.modulus >> i & 1 == 1 { top } else { 0 };
            shifted.wrapping_sub(folded)
        })
    }

    /// `a · b`.
    pub(super) fn mul(self, a: Constant, b: Constant) -> Constant {
        let (mut sum, mut power): (Constant, Constant) = ([0; MAX_DEGREE], a);
        for &b in &b[..self.degree] {
            for (s, p) in sum.iter_mut().zip(power) {
                *s = s.wrapping_add(p.wrapping_mul(b));
            }
            power = self.times_x(power);
        }
        sum
    }

    /// The inverse of a unit, an element that is not zero mod 2; zero for others.
    pub(super) fn inverse(self, a: Constant) -> Constant {
        let odd = |c: Constant| c.map(|w| w & 1);
        let candidates = (1..1 << self.degree).map(|i| self.point(i));
        let mut units = candidates.filter(|&c| odd(self.mul(a, c)) == self.one());
        let Some(mut inverse) = units.next() else {
            return [0; MAX_DEGREE];
        };
        // Newton: right mod 2^j becomes right mod 2^2j.
        let mut two = self.one();
        two[0] = 2;
        for _ in 0..7 {
            inverse = self.mul(inverse, self.sub(two, self.mul(a, inverse)));
        }
        inverse
    }

    /// The weights `w` with `f(at) = Σ w_j f(points_j)` for every `f` of degree below the number of points.
    pub(super) fn lagrange(self, points: &[Constant], at: Constant) -> Vec<Constant> {
        let weight = |j: usize| {
            let others = points.iter().enumerate().filter(|&(m, _)| m != j);
            others.fold(self.one(), |w, (_, &other)| {
                let denominator = self.inverse(self.sub(points[j], other));
                self.mul(self.mul(w, self.sub(at, other)), denominator)
            })
        };
        (0..points.len()).map(weight).collect()
    }

    /// Multiplication by `c` as a matrix on coordinates: entry `[a][b]` is coordinate `a` of `c · X^b`.
    pub(super) fn matrix(self, c: Constant) -> Vec<Vec<Word>> {
        let mut columns = vec![c];
        for b in 1..self.degree {
            columns.push(self.times_x(columns[b - 1]));
        }
        let row = |a: usize| columns.iter().map(|column| column[a]).collect();
        (0..self.degree).map(row).collect()
    }

    /// Coordinate 0 of `c · X^i` for `i` up to 2d − 2: `x ↦ (c·x)_0` are the first d of them, and `(c·x·y)_0` is
    /// `Σ form[a + b] · x_a · y_b`.
    pub(super) fn form(self, c: Constant) -> Vec<Word> {
        let mut power = c;
        (0..2 * self.degree - 1)
            .map(|_| {
                let first = power[0];
                power = self.times_x(power);
                first
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings() -> impl Iterator<Item = Galois> {
        (2..=MAX_DEGREE).filter_map(Galois::new)
    }

    /// All elements with coordinates below 2^k.
    fn elements(ring: Galois, k: usize) -> Vec<Constant> {
        (0..1usize << (k * ring.degree()))
            .map(|n| {
                std::array::from_fn(|i| {
                    if i < ring.degree() {
                        (n >> (k * i) & ((1 << k) - 1)) as Word
                    } else {
                        0
                    }
                })
            })
            .collect()
    }

    fn low(c: Constant, k: u32) -> Constant {
        c.map(|w| w & smpcc_circuit::value::mask(k))
    }

    #[test]
    fn degrees_out_of_range_are_refused() {
        assert!(Galois::new(1).is_none() && Galois::new(6).is_none());
    }

    /// With k = 1 the ring is a field, so the modulus is irreducible: every non-zero element has an inverse.
    #[test]
    fn the_residues_form_a_field() {
        for ring in rings() {
            for a in elements(ring, 1).into_iter().skip(1) {
                let inverse = ring.inverse(a);
                assert_eq!(ring.mul(a, inverse), ring.one());
            }
        }
    }

    /// Every element of the small rings: those that are not zero mod 2 are units mod 2^128, the others are none.
    #[test]
    fn units_are_what_is_not_even() {
        for (ring, k) in rings().flat_map(|r| (1..=3).map(move |k| (r, k))) {
            if k * ring.degree() > 10 {
                continue;
            }
            for a in elements(ring, k) {
                let unit = a.iter().any(|w| w & 1 == 1);
                let product = ring.mul(a, ring.inverse(a));
                assert_eq!(product == ring.one(), unit, "{a:?}");
            }
        }
    }

    #[test]
    fn multiplication_is_that_of_a_commutative_ring() {
        for (degree, k) in [(2, 2), (3, 1), (4, 1), (5, 1)] {
            let ring = Galois::new(degree).unwrap();
            let all = elements(ring, k);
            for &a in &all {
                assert_eq!(ring.mul(a, ring.one()), a);
                for &b in &all {
                    assert_eq!(ring.mul(a, b), ring.mul(b, a));
                    for &c in all.iter().step_by(3) {
                        assert_eq!(ring.mul(a, ring.mul(b, c)), ring.mul(ring.mul(a, b), c));
                        let sum = ring.add(ring.mul(a, b), ring.mul(a, c));
                        assert_eq!(ring.mul(a, ring.add(b, c)), sum);
                    }
                }
            }
        }
    }

    /// Zero and all points differ by units, in every degree.
    #[test]
    fn points_are_exceptional() {
        for ring in rings() {
            let n = 1 << ring.degree();
            for i in 0..n {
                for j in (0..n).filter(|&j| j != i) {
                    let difference = ring.sub(ring.point(i), ring.point(j));
                    let product = ring.mul(difference, ring.inverse(difference));
                    assert_eq!(product, ring.one(), "{i} and {j}");
                }
            }
        }
    }

    /// Interpolation gives back every polynomial of small degree, at every point.
    #[test]
    fn interpolation_is_exact() {
        for ring in rings() {
            let n = (1 << ring.degree()) - 1;
            for degree in 0..n.min(5) {
                let coefficients: Vec<Constant> = (0..=degree)
                    .map(|i| {
                        let c = ring.point(i * 7 + 3);
                        ring.mul(c, [Word::MAX / 5 + i as Word, 3, 1, 7, 9])
                    })
                    .collect();
                let at = |x: Constant| {
                    let terms = coefficients.iter().rev();
                    terms.fold([0; MAX_DEGREE], |v, &c| ring.add(ring.mul(v, x), c))
                };
                let points: Vec<Constant> = (1..=degree + 1).map(|i| ring.point(i)).collect();
                for target in 0..=n {
                    let target = ring.point(target);
                    let weights = ring.lagrange(&points, target);
                    let value = weights
                        .iter()
                        .zip(&points)
                        .fold([0; MAX_DEGREE], |sum, (&w, &p)| {
                            ring.add(sum, ring.mul(w, at(p)))
                        });
                    assert_eq!(value, at(target));
                }
            }
        }
    }

    /// The t + 1 values of a polynomial of degree t at zero and any t points determine it and take every combination:
    /// over the smallest rings, by counting.
    #[test]
    fn any_shares_and_the_secret_are_independent() {
        for (degree, k, t) in [(2, 1, 1), (2, 2, 1), (2, 1, 2), (3, 1, 1), (3, 1, 2)] {
            let ring = Galois::new(degree).unwrap();
            let all = elements(ring, k);
            let n = (1 << degree) - 1;
            let picks: Vec<Vec<usize>> = if t == 1 {
                (1..=n).map(|i| vec![i]).collect()
            } else {
                (1..=n)
                    .flat_map(|i| (i + 1..=n).map(move |j| vec![i, j]))
                    .collect()
            };
            for pick in picks {
                for &secret in &all {
                    let mut seen = std::collections::BTreeSet::new();
                    let mut count = 0;
                    for &c1 in &all {
                        let rest: &[Constant] = if t == 2 { &all } else { &all[..1] };
                        for &c2 in rest {
                            let shares: Vec<Constant> = pick
                                .iter()
                                .map(|&i| {
                                    let x = ring.point(i);
                                    let high = ring.mul(x, ring.add(c1, ring.mul(x, c2)));
                                    low(ring.add(secret, high), k as u32)
                                })
                                .collect();
                            seen.insert(shares);
                            count += 1;
                        }
                    }
                    assert_eq!(seen.len(), count, "{degree} {k} {pick:?}");
                }
            }
        }
    }

    #[test]
    fn matrices_and_forms_multiply() {
        for ring in rings() {
            let d = ring.degree();
            let numbers = |seed: Word| -> Constant {
                std::array::from_fn(|i| if i < d { seed << (9 * i) ^ seed } else { 0 })
            };
            let (c, x, y) = (numbers(77), numbers(Word::MAX / 3), numbers(Word::MAX / 7));
            let matrix = ring.matrix(c);
            let product = ring.mul(c, x);
            for a in 0..d {
                let sum = (0..d).fold(0, |s: Word, b| {
                    s.wrapping_add(matrix[a][b].wrapping_mul(x[b]))
                });
                assert_eq!(sum, product[a]);
            }
            let form = ring.form(c);
            let linear = (0..d).fold(0, |s: Word, a| s.wrapping_add(form[a].wrapping_mul(x[a])));
            assert_eq!(linear, product[0]);
            let mut bilinear: Word = 0;
            for a in 0..d {
                for b in 0..d {
                    let xy = x[a].wrapping_mul(y[b]);
                    bilinear = bilinear.wrapping_add(form[a + b].wrapping_mul(xy));
                }
            }
            assert_eq!(bilinear, ring.mul(product, y)[0]);
        }
    }
}
