//! The algebra of proofs: what is true passes, and who lies is believed as seldom as the theorem says, measured with few challenges.

use std::cell::Cell;

use smpcc_circuit::splitmix::SplitMix;

use super::*;
use crate::hash::sha256;

thread_local! {
    /// Which bits of challenges there are: few, so that cheating has a chance that can be measured.
    pub(super) static CHALLENGES: Cell<Field> = const { Cell::new(Field::MAX) };
}

fn with_challenges<T>(bits: u32, run: impl FnOnce() -> T) -> T {
    CHALLENGES.set((1 << bits) - 1);
    let result = run();
    CHALLENGES.set(Field::MAX);
    result
}

/// A statement of so many words, true but where `wrong` says otherwise.
struct Case {
    public: Public,
    x: [Vec<u64>; 2],
    y: [Vec<u64>; 2],
    t: Vec<u64>,
    a: Vec<u64>,
    second: Vec<Field>,
    masks: Masks,
}

impl Case {
    fn new(ands: u64, seed: u64) -> Self {
        let mut numbers = SplitMix::new(seed);
        let shape = Shape::of(ands);
        let mut row = || -> Vec<u64> {
            let mut row: Vec<u64> = (0..shape.words).map(|_| numbers.word() as u64).collect();
            if let (Some(last), 1..) = (row.last_mut(), ands % 64) {
                *last &= (1 << (ands % 64)) - 1;
            }
            row
        };
        let (x, y, a) = ([row(), row()], [row(), row()], row());
        let t = (0..shape.words)
            .map(|w| x[0][w] & y[1][w] ^ y[0][w] & x[1][w] ^ a[w])
            .collect();
        Self {
            public: Public {
                shape,
                start: sha256(&seed.to_le_bytes()),
            },
            x,
            y,
            t,
            a,
            second: (0..shape.elements()).map(|_| numbers.word()).collect(),
            masks: Masks {
                first: numbers.word(),
                second: numbers.word(),
            },
        }
    }

    fn prove(&self, says: impl FnMut(usize, &Challenges, Vec<Field>) -> Vec<Field>) -> Said<Field> {
        let [x0, x1] = &self.x;
        let [y0, y1] = &self.y;
        let (x, y) = ([&x0[..], &x1[..]], [&y0[..], &y1[..]]);
        prove_saying(&self.public, x, y, &self.second, self.masks, b"salt", says)
    }

    fn passes(&self, proof: &Said<Field>) -> bool {
        assert_eq!(
            hashes(self.public.shape, b"salt", &proof.elements),
            proof.hashes
        );
        let first = Side {
            rows: [&self.x[0], &self.y[0]],
            summand: &self.t,
            weighs: true,
            mask: self.masks.first,
        };
        let second = Side {
            rows: [&self.y[1], &self.x[1]],
            summand: &self.a,
            weighs: false,
            mask: self.masks.second,
        };
        let first = follow(&self.public, &first, &proof.elements, &proof.hashes);
        let second = follow(&self.public, &second, &self.second, &proof.hashes);
        first.agrees(&second)
    }
}

#[test]
fn true_statements_pass_and_false_ones_do_not() {
    for (seed, ands) in [1u64, 63, 64, 65, 128, 1000, 4096, 4097, 10_000, 70_000]
        .into_iter()
        .enumerate()
    {
        let mut case = Case::new(ands, seed as u64);
        let honest = |case: &Case| case.prove(|_, _, message| message);
        assert!(case.passes(&honest(&case)), "{ands}");
        for at in [0, ands / 2, ands - 1] {
            let (word, bit) = (at as usize / 64, at % 64);
            case.t[word] ^= 1 << bit;
            assert!(!case.passes(&honest(&case)), "{ands}, lane {at}");
            case.t[word] ^= 1 << bit;
            case.a[word] ^= 1 << bit;
            assert!(!case.passes(&honest(&case)), "{ands}, lane {at}");
            case.a[word] ^= 1 << bit;
        }
        // Every element of the messages counts.
        let proof = honest(&case);
        for element in [0, 1, proof.elements.len() / 2, proof.elements.len() - 1] {
            let mut first = proof.elements.clone();
            first[element] ^= 1;
            let hashes = hashes(case.public.shape, b"salt", &first);
            let changed = Said {
                elements: first,
                hashes,
            };
            // A point of the grid of which the first challenge takes nothing is one of a set of measure zero.
            assert!(!case.passes(&changed), "{ands}, element {element}");
        }
    }
}

/// Of so many tries, how many percent pass.
fn rate(tries: u64, mut passes: impl FnMut(u64) -> bool) -> f64 {
    let n = (0..tries).filter(|&i| passes(i)).count();
    100.0 * n as f64 / tries as f64
}

/// A wrong product in the last of 16 words is weighed by the product of four challenges, each zero once in 16 times.
#[test]
fn weights_hide_an_error_as_seldom_as_they_should() {
    let passed = with_challenges(4, || {
        rate(3000, |seed| {
            let mut case = Case::new(16 * 64, seed);
            case.t[15] ^= 1 << 17;
            case.passes(&case.prove(|_, _, message| message))
        })
    });
    // 1 − (15/16)^4 is 22.8 %, and 4/16 the bound.
    assert!((20.0..25.0).contains(&passed), "{passed} %");
}

fn inverse(x: Field) -> Field {
    // x^(2^128 − 2).
    let mut power = x;
    let mut product = 1;
    for _ in 1..128 {
        power = mul(power, power);
        product = mul(product, power);
    }
    product
}

/// The prover of a false statement makes every check hold, and hopes in each message for one of the two challenges at which the
/// polynomial that it says has the true one's value.
#[test]
fn a_prover_who_lies_is_believed_as_seldom_as_it_should() {
    const BITS: u32 = 6;
    let roots = [2, 5];
    // A polynomial of degree two with these roots: its values at 0, 1 and ∞.
    let shape_of = [mul(roots[0], roots[1]), mul(1 ^ roots[0], 1 ^ roots[1]), 1];
    let value_at = |r: Field| mul(r ^ roots[0], r ^ roots[1]);
    let mut tried = 0;
    let passed = with_challenges(BITS, || {
        rate(3000, |seed| {
            let mut case = Case::new(4 * 64, seed);
            case.t[3] ^= 1 << 30;
            let challenges = Challenges::new(&case.public);
            let weights = Weights::new(case.public.shape, &challenges);
            // By how much the claim is wrong; not at all if a weight is zero, which another test counts.
            let Some(weight) = weights.words.last().copied().filter(|w| *w != 0) else {
                return false;
            };
            tried += 1;
            let mut wrong = mul(weight, 1 << 30);
            let levels = case.public.shape.levels();
            let mut before: Option<Field> = None;
            let proof = case.prove(|level, challenges, mut message| {
                if level == 0 {
                    // Only where both variables are one does the cube's sum see it.
                    let scale = mul(wrong, inverse(weight));
                    // Zero at zero: r (r + root) has the values 0, 1 + root, 1.
                    let line = [0, 1, inverse(1 ^ roots[0])];
                    for (i, element) in message.iter_mut().enumerate() {
                        let (low, high) = (line[i % 3], line[i / 3]);
                        *element ^= mul(scale, mul(low, high));
                    }
                    before = Some(scale);
                    return message;
                }
                if level == 1 {
                    let root = roots[0];
                    let at = |r: Field| mul(mul(r, r ^ root), inverse(1 ^ root));
                    let point = challenges.draw(2);
                    wrong = mul(before.unwrap_or(0), mul(at(point[0]), at(point[1])));
                } else {
                    let r = challenges.one();
                    wrong = mul(before.unwrap_or(0), value_at(r));
                }
                if level + 1 < levels {
                    // What is said at 0 and 1 adds up to the wrong claim.
                    let scale = mul(wrong, inverse(shape_of[0] ^ shape_of[1]));
                    message[0] ^= mul(scale, shape_of[1]);
                    message[1] ^= mul(scale, shape_of[2]);
                    before = Some(scale);
                } else {
                    let scale = mul(wrong, inverse(shape_of[1]));
                    for (element, value) in message.iter_mut().zip(shape_of) {
                        *element ^= mul(scale, value);
                    }
                }
                message
            });
            case.passes(&proof)
        })
    });
    let passed = passed * 3000.0 / f64::from(tried);
    // Two challenges of 64 for each of two variables and seven halvings, three for the last product: 1 − (62/64)^9 · 61/64 is 28.4 %,
    // and the bound 20/64.
    assert!((24.0..31.3).contains(&passed), "{passed} %");
}

/// What a verifier tells the other is masked: over provers' masks, a factor takes every value of a few bits equally often.
#[test]
fn factors_are_uniform() {
    let mut seen = [[0u32; 16]; 2];
    for seed in 0..1600 {
        let mut case = Case::new(1, 7);
        let mut numbers = SplitMix::new(seed);
        case.masks = Masks {
            first: numbers.word(),
            second: numbers.word(),
        };
        let proof = case.prove(|_, _, message| message);
        assert!(case.passes(&proof));
        let side = |rows: [&[u64]; 2], weighs, mask, shares: &[Field]| {
            let summand = &case.t[..];
            let side = Side {
                rows: [rows[0], rows[1]],
                summand,
                weighs,
                mask,
            };
            follow(&case.public, &side, shares, &proof.hashes).factor
        };
        let first = side(
            [&case.x[0], &case.y[0]],
            true,
            case.masks.first,
            &proof.elements,
        );
        let second = side(
            [&case.y[1], &case.x[1]],
            false,
            case.masks.second,
            &case.second,
        );
        for (seen, factor) in seen.iter_mut().zip([first, second]) {
            seen[(factor >> 60 & 15) as usize] += 1;
        }
    }
    for seen in seen {
        // 15 degrees of freedom: beyond 45 once in 10,000 times.
        let chi: f64 = seen
            .iter()
            .map(|&n| (f64::from(n) - 100.0).powi(2) / 100.0)
            .sum();
        assert!(chi < 45.0, "{chi}");
    }
}
