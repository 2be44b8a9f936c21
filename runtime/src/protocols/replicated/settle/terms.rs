//! What is recorded of every product of shared integers until it is proven.
//!
//! A product is a sum of one or more terms. For each term both components of both factors are recorded, for each product what this
//! party knows of the next one's and what the two keys gave. All is mod 2^64: of a smaller ring the left factor, the product and what keys
//! gave are moved to the top, so that what is above the ring counts for nothing.

use std::collections::VecDeque;
use std::ops::Range;

use smpcc_circuit::settle::{TERMS, TermShape};

use crate::protocols::replicated::arithmetic::Made;
use crate::wipe;

/// As many as are proven together.
const MOST_TERMS: usize = TERMS as usize;

/// Both components of the factors of every term: `me` and `me + 1` of the left, and of the right.
pub type Rows = [Vec<u64>; 4];

/// What is recorded of products, one after the other.
#[derive(Default)]
pub struct Products {
    /// What this party knows of the next one's product: without what components and key `me + 1` add to it.
    pub next: Vec<u64>,
    /// What keys `me` and `me + 1` gave.
    pub keys: [Vec<u64>; 2],
    /// Terms of each that are not yet proven.
    pub runs: Vec<usize>,
}

/// Terms that are proven together, in order. After those of the products that end here come those of one that does not, if any.
#[derive(Default)]
pub struct Chunk {
    /// By term.
    pub rows: Rows,
    /// Those that end here, the first of which may have begun before.
    pub products: Products,
    /// The number of its proof in the run.
    pub number: u64,
}

impl Chunk {
    /// The shape of its proof.
    pub fn shape(&self) -> TermShape {
        TermShape::of(self.rows[0].len() as u64)
    }

    /// Terms of products that end here.
    pub fn ended(&self) -> usize {
        self.products.runs.iter().sum()
    }

    /// Whether its last product goes on in the next chunk.
    pub fn goes_on(&self) -> bool {
        self.ended() < self.rows[0].len()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.words().for_each(wipe::clear);
    }
}

/// The most terms that any party of any test has had on record.
#[cfg(test)]
pub(super) static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// What is recorded of a run.
#[derive(Default)]
pub struct Terms {
    /// As many as are proven together, each.
    full: VecDeque<Chunk>,
    last: Chunk,
    /// Of chunks that are proven the memory, wiped: the next ones take it.
    spare: Vec<Chunk>,
}

/// Spare chunks at most.
const SPARE: usize = 4;

impl Chunk {
    /// With room for as many terms as are proven together.
    fn roomy() -> Self {
        let mut chunk = Self::default();
        let room = |words: &mut Vec<u64>| words.reserve_exact(MOST_TERMS);
        chunk.words().for_each(room);
        chunk.products.runs.reserve_exact(MOST_TERMS);
        chunk
    }

    /// All that is secret.
    fn words(&mut self) -> impl Iterator<Item = &mut Vec<u64>> {
        let Products { next, keys, .. } = &mut self.products;
        self.rows.iter_mut().chain(keys).chain([next])
    }

    /// Records terms of products that are of a ring that is so many bits smaller than words.
    fn append(&mut self, made: &Made<'_, u64>, up: u32, terms: Range<usize>) {
        let [x0, x1, y0, y1] = &mut self.rows;
        for (row, part) in [x0, x1].into_iter().zip(made.x) {
            row.extend(part[terms.clone()].iter().map(|x| x << up));
        }
        for (row, part) in [y0, y1].into_iter().zip(made.y) {
            row.extend_from_slice(&part[terms.clone()]);
        }
    }
}

impl Terms {
    /// How many terms there are.
    pub fn n(&self) -> usize {
        MOST_TERMS * self.full.len() + self.last.rows[0].len()
    }

    /// Records products; `drawn` is what both keys gave, for as many products at a time as were drawn together.
    pub fn record(&mut self, made: &Made<'_, u64>, drawn: &[u64]) {
        let (up, run) = (u64::BITS.saturating_sub(made.ring), made.run);
        let mut from = 0;
        for drawn in drawn.chunks(2 * made.step) {
            let (plus, minus) = drawn.split_at(drawn.len() / 2);
            let to = made.z.len().min(from + plus.len());
            // Terms of the first product that are on record already.
            let (mut at, mut begun) = (from, 0);
            while at < to {
                let room = MOST_TERMS - self.last.rows[0].len();
                let start = at * run + begun;
                let ending = ((room + begun) / run).min(to - at);
                // Products that end here, or else as much as there is room for of one that does not.
                let terms = match ending {
                    0 => start..start + room,
                    _ => start..(at + ending) * run,
                };
                self.last.append(made, up, terms.clone());
                let Products { next, keys, runs } = &mut self.last.products;
                let ended = at - from..at - from + ending;
                for (keys, drawn) in keys.iter_mut().zip([plus, minus]) {
                    keys.extend(drawn[ended.clone()].iter().map(|a| a << up));
                }
                let minus = &minus[ended];
                let products = at * run..(at + ending) * run;
                let (x, y) = (&made.x[1][products.clone()], &made.y[1][products]);
                let both = x.chunks_exact(run).zip(y.chunks_exact(run));
                let both = both.zip(&made.z[at..at + ending]).zip(minus);
                // z_{i+1} = x_{i+1} y_{i+1} + x_{i+1} y_{i+2} + x_{i+2} y_{i+1} + a_{i+1} − a_{i+2}.
                next.extend(both.map(|(((x, y), z), minus)| {
                    let own = x.iter().zip(y).map(|(x, y)| x.wrapping_mul(*y));
                    own.fold(z.wrapping_sub(*minus), u64::wrapping_sub) << up
                }));
                let first = runs.len();
                runs.resize(first + ending, run);
                match runs.get_mut(first) {
                    Some(first) => {
                        *first -= begun;
                        begun = 0;
                    }
                    None => begun += terms.len(),
                }
                at += ending;
                if self.last.rows[0].len() == MOST_TERMS {
                    let room = self.spare.pop().unwrap_or_else(Chunk::roomy);
                    let full = std::mem::replace(&mut self.last, room);
                    self.full.push_back(full);
                }
            }
            from = to;
        }
        #[cfg(test)]
        MOST.fetch_max(self.n(), std::sync::atomic::Ordering::Relaxed);
    }

    /// A chunk is proven, and another one may have its memory.
    pub fn give_back(&mut self, mut chunk: Chunk) {
        if self.spare.len() < SPARE && chunk.rows[0].capacity() >= MOST_TERMS {
            chunk.words().for_each(wipe::clear);
            chunk.products.runs.clear();
            self.spare.push(chunk);
        }
    }

    /// As many as are proven together, or with `all` what there is, if there is any.
    pub fn take(&mut self, all: bool, number: impl FnOnce() -> u64) -> Option<Chunk> {
        let mut chunk = match self.full.pop_front() {
            Some(full) => full,
            None if all && self.n() > 0 => std::mem::take(&mut self.last),
            None => return None,
        };
        chunk.number = number();
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_where_they_are_full() {
        let mut terms = Terms::default();
        for run in [1, 3 * TERMS as usize, 5, TERMS as usize - 6, 2, 1] {
            let row = vec![3; run];
            let made = Made {
                ring: 60,
                run,
                x: [&row[..]; 2],
                y: [&row[..]; 2],
                z: &[7 + 9 * run as u64],
                step: 1,
            };
            terms.record(&made, &[5, 2]);
        }
        let holds = |chunk: &Chunk| {
            let Products { next, keys, runs } = &chunk.products;
            assert_eq!(*next, vec![(7 - 2) << 4; runs.len()]);
            for (keys, a) in keys.iter().zip([5, 2]) {
                assert_eq!(*keys, vec![a << 4; runs.len()]);
            }
        };
        let mut numbers = 0..;
        let mut take = |all| terms.take(all, || numbers.next().unwrap_or(0));
        let most = TERMS as usize;
        for (number, runs, goes_on) in [
            (0, vec![1], true),
            (1, vec![], true),
            (2, vec![], true),
            (3, vec![1, 5, most - 6], false),
        ] {
            let chunk = take(false).expect("a chunk");
            assert_eq!((chunk.number, chunk.rows[3].len()), (number, most));
            assert_eq!((&chunk.products.runs, chunk.goes_on()), (&runs, goes_on));
            holds(&chunk);
        }
        assert!(take(false).is_none());
        let last = take(true).expect("what is left");
        holds(&last);
        assert_eq!(
            (last.products.runs.clone(), last.goes_on()),
            (vec![2, 1], false)
        );
        assert!(take(true).is_none());
    }
}
