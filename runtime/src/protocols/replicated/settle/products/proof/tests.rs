//! The algebra of proofs: what is true passes, and who lies is believed as seldom as the theorem says, measured with few challenges.

use std::cell::Cell;

use smpcc_circuit::splitmix::SplitMix;

use super::*;
use crate::hash::sha256;

thread_local! {
    /// How many bits of challenges there are: few, so that cheating has a chance that can be measured.
    static BITS: Cell<u32> = const { Cell::new(u64::BITS) };
}

/// A challenge of few bits.
pub(super) fn cut(element: Prime) -> Prime {
    match BITS.get() {
        u64::BITS => element,
        bits => Prime::of_words(&[element.words()[0] & ((1 << bits) - 1)]),
    }
}

/// A weight of few bits.
pub(super) fn cut_weight(weight: u128) -> u128 {
    match BITS.get() {
        u64::BITS => weight,
        bits => weight & ((1 << bits) - 1),
    }
}

fn with_challenges<T>(bits: u32, run: impl FnOnce() -> T) -> T {
    BITS.set(bits);
    let result = run();
    BITS.set(u64::BITS);
    result
}

fn prime(words: &mut SplitMix) -> Prime {
    let mut word = || words.word() as u64;
    Prime::of_words(&[word(), word(), word()])
}

/// A statement about products of so many terms each, and further terms of one that goes on; true as it is made.
struct Case {
    public: Public,
    chunk: Chunk,
    second: Vec<Prime>,
    masks: Masks,
}

impl Case {
    fn new(runs: &[usize], more: usize, seed: u64) -> Self {
        let mut numbers = SplitMix::new(seed);
        let terms = runs.iter().sum::<usize>() + more;
        let mut row = |n: usize| -> Vec<u64> { (0..n).map(|_| numbers.word() as u64).collect() };
        let rows = [row(terms), row(terms), row(terms), row(terms)];
        let keys = [row(runs.len()), Vec::new()];
        let mut chunk = Chunk::default();
        chunk.rows = rows;
        chunk.products.keys = keys;
        chunk.products.runs = runs.to_vec();
        // In these tests the first key's row is what the second verifier knows.
        chunk.products.next = expected(&integers(&chunk), &chunk.products.keys[0]).to_vec();
        let shape = chunk.shape();
        Self {
            public: Public {
                shape,
                start: sha256(&seed.to_le_bytes()),
            },
            second: (0..shape.elements()).map(|_| prime(&mut numbers)).collect(),
            masks: Masks {
                first: prime(&mut numbers),
                second: prime(&mut numbers),
            },
            chunk,
        }
    }

    fn prove(&self, says: impl FnMut(usize, &Challenges, Vec<Prime>) -> Vec<Prime>) -> Said<Prime> {
        let Self {
            public,
            chunk,
            second,
            masks,
        } = self;
        let (all, mut room) = (integers(chunk), Room::default());
        let chunk = (chunk, &all[..]);
        prove_saying(public, chunk, second, *masks, b"salt", &mut room, says)
    }

    fn honest(&self) -> Said<Prime> {
        self.prove(|_, _, message| message)
    }

    fn verdicts(&self, proof: &Said<Prime>) -> [Verdict; 2] {
        assert!(hashes(self.public.shape, b"salt", &proof.elements) == proof.hashes);
        let [x0, x1, y0, y1] = &self.chunk.rows;
        let first = Side {
            rows: [x0, y0],
            summand: &self.chunk.products.next,
            first: true,
            mask: self.masks.first,
        };
        let second = Side {
            rows: [y1, x1],
            summand: &self.chunk.products.keys[0],
            first: false,
            mask: self.masks.second,
        };
        [(first, &proof.elements[..]), (second, &self.second)].map(|(side, shares)| {
            let room = &mut Room::default();
            follow(
                &self.public,
                &self.chunk,
                &side,
                shares,
                &proof.hashes,
                room,
            )
        })
    }

    fn passes(&self, proof: &Said<Prime>) -> bool {
        let [first, second] = self.verdicts(proof);
        first.agrees(&second)
    }
}

#[test]
fn true_statements_pass_and_false_ones_do_not() {
    let shapes: [(&[usize], usize); 7] = [
        (&[1], 0),
        (&[], 5),
        (&[1, 1, 1], 0),
        (&[2, 7, 1], 4),
        (&[1; 64], 0),
        (&[1; 65], 1),
        (&[3; 150], 0),
    ];
    for (seed, (runs, more)) in shapes.into_iter().enumerate() {
        let mut case = Case::new(runs, more, seed as u64);
        assert!(case.passes(&case.honest()));
        // The lowest bit, and the one of which most sums lose everything.
        for (at, bit) in [
            (0, 0),
            (runs.len() / 2, 63),
            (runs.len().saturating_sub(1), 63),
        ] {
            if runs.is_empty() {
                continue;
            }
            case.chunk.products.next[at] ^= 1 << bit;
            assert!(!case.passes(&case.honest()), "{runs:?}, {at}, {bit}");
            case.chunk.products.next[at] ^= 1 << bit;
        }
        // Every element of the messages counts, also what is said of a product that goes on.
        let proof = case.honest();
        for element in [0, HALVES - 1, HALVES, HALVES + 1, proof.elements.len() - 1] {
            let mut first = proof.elements.clone();
            first[element] = first[element].plus(Prime::of_words(&[1]));
            let hashes = hashes(case.public.shape, b"salt", &first);
            assert!(
                !case.passes(&Said {
                    elements: first,
                    hashes,
                }),
                "{runs:?}, {element}"
            );
        }
    }
}

/// A product that goes on through several statements is right in the end if what is carried is taken into account.
#[test]
fn shares_of_a_beginning_add_up() {
    for seed in 0..20 {
        let case = Case::new(&[2], 3, seed);
        let proof = case.honest();
        let shares = [
            share_of_sum(true, proof.elements[HALVES]),
            share_of_sum(false, case.second[HALVES]),
        ];
        let [x0, x1, y0, y1] = &case.chunk.rows;
        let expected = (2..5).fold(0u64, |sum, i| {
            sum.wrapping_add(x0[i].wrapping_mul(y1[i]))
                .wrapping_add(x1[i].wrapping_mul(y0[i]))
        });
        assert_eq!(shares[0].wrapping_add(shares[1]), expected);
    }
}

/// A prover that finds a share small enough for the sum to wrap knows that what is carried is wrong by what the field's size is mod 2^64: nobody
/// goes on with it.
#[test]
fn what_goes_on_does_not_wrap() {
    let large = |bit: u32| {
        let mut words = [7, 7, 0];
        words[(bit / 64) as usize] |= 1 << (bit % 64);
        Prime::of_words(&words)
    };
    for (share, passes) in [
        (Prime::of_words(&[5]), false),
        (large(SUM_BITS - 1), false),
        (large(SUM_BITS), true),
        (large(191), true),
    ] {
        for (runs, more) in [(&[2][..], 3), (&[], 5), (&[1, 1], 0)] {
            let mut case = Case::new(runs, more, 9);
            case.second[HALVES] = share;
            let expected = passes || more == 0;
            assert_eq!(case.passes(&case.honest()), expected, "{runs:?}, {more}");
        }
    }
}

/// Parts of the largest integers.
#[test]
fn integers_do_not_wrap() {
    let mut case = Case::new(&[40], 0, 1);
    case.chunk
        .rows
        .iter_mut()
        .for_each(|row| row.fill(u64::MAX));
    let sum = integers(&case.chunk)[0];
    let largest = Prime::of_words(&[u64::MAX]);
    let expected = largest.times(largest).times(Prime::of_words(&[80]));
    assert!(whole(sum) == expected);
    assert_eq!(wrapped(sum), 80);
}

/// A prover of a false product says sums that go with what is false; it is believed where the weights hide the difference.
#[test]
fn weights_hide_false_sums_as_seldom_as_they_should() {
    let tries = 1500u64;
    let passed = with_challenges(4, || {
        let passes = |seed: &u64| {
            let mut case = Case::new(&[1, 1], 0, *seed);
            case.chunk.products.next[1] ^= 1 << 63;
            // Half of the sums are wrong: each of those is said to be larger, and one of them by what weights must cancel.
            let halves = Halves::new(&Challenges::new(&case.public), 2, &mut Room::default());
            let wrong = |t: usize| halves.0[2 + t / 64] >> (t % 64) & 1 == 1;
            let proof = case.prove(|level, _, mut message| {
                if level == 0 {
                    let mut sign = false;
                    for (t, sum) in message.iter_mut().enumerate().take(HALVES) {
                        if wrong(t) {
                            // 2^63 more or less is the same mod 2^64.
                            let half = Prime::of_words(&[1 << 63]);
                            *sum = if sign {
                                sum.minus(half)
                            } else {
                                sum.plus(half)
                            };
                            sign = !sign;
                        }
                    }
                }
                message
            });
            case.passes(&proof)
        };
        (0..tries).filter(passes).count()
    });
    let percent = 100.0 * passed as f64 / tries as f64;
    // About 64 weights of four bits with alternating signs add up to zero: the deviation is 37, so that is once in 92 times. If not, a
    // challenge of one takes the true half of an honest message and forgets what the claim says, in each of two halvings once in 16
    // times: 13.1 % together, and the bound is 1/92 + 2 · 2/16.
    assert!((10.4..15.8).contains(&percent), "{percent} %");
}

/// What a verifier tells the other is masked: over provers' masks, a factor takes every value of a few bits equally often.
#[test]
fn factors_are_uniform() {
    let mut seen = [[0u32; 16]; 2];
    for seed in 0..1600 {
        let mut case = Case::new(&[1], 0, 7);
        let mut numbers = SplitMix::new(seed);
        case.masks = Masks {
            first: prime(&mut numbers),
            second: prime(&mut numbers),
        };
        let verdicts = case.verdicts(&case.honest());
        assert!(verdicts[0].agrees(&verdicts[1]));
        for (seen, verdict) in seen.iter_mut().zip(verdicts) {
            seen[(verdict.factor.words()[1] >> 60) as usize] += 1;
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
