//! What is recorded of every product of shared integers until it is proven.
//!
//! A product is a sum of one or more terms. For each term both components of both factors are recorded, for each product what this
//! party knows of the next one's and what the two keys gave. All is mod 2^64: of a smaller ring the left factor, the product and what keys
//! gave are moved to the top, so that what is above the ring counts for nothing.

use smpcc_circuit::settle::{TERMS, TermShape};
use zeroize::Zeroize;

use crate::protocols::replicated::arithmetic::Made;

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

impl Products {
    fn take(&mut self, n: usize) -> Self {
        fn front<T>(all: &mut Vec<T>, n: usize) -> Vec<T> {
            let rest = all.split_off(n);
            std::mem::replace(all, rest)
        }
        Self {
            next: front(&mut self.next, n),
            keys: self.keys.each_mut().map(|keys| front(keys, n)),
            runs: front(&mut self.runs, n),
        }
    }

    fn wipe(&mut self) {
        self.next.zeroize();
        self.keys.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Terms that are proven together, in order. After those of the products that end here come those of one that does not, if any.
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
        self.rows.iter_mut().for_each(Zeroize::zeroize);
        self.products.wipe();
    }
}

/// The most terms that any party of any test has had on record.
#[cfg(test)]
pub(super) static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// What is recorded of a run.
#[derive(Default)]
pub struct Terms {
    rows: Rows,
    products: Products,
}

impl Terms {
    /// How many terms there are.
    pub fn n(&self) -> usize {
        self.rows[0].len()
    }

    /// Records products; `drawn` is what both keys gave, for as many products at a time as were drawn together.
    pub fn record(&mut self, made: &Made<'_, u64>, drawn: &[u64]) {
        let (up, run) = (u64::BITS.saturating_sub(made.ring), made.run);
        let [x0, x1, y0, y1] = &mut self.rows;
        for (row, part) in [x0, x1].into_iter().zip(made.x) {
            row.extend(part.iter().map(|x| x << up));
        }
        for (row, part) in [y0, y1].into_iter().zip(made.y) {
            row.extend_from_slice(part);
        }
        #[cfg(test)]
        MOST.fetch_max(self.rows[0].len(), std::sync::atomic::Ordering::Relaxed);
        let Products { next, keys, runs } = &mut self.products;
        runs.resize(runs.len() + made.z.len(), run);
        let terms = made.x[1].chunks_exact(run).zip(made.y[1].chunks_exact(run));
        let mut made_of = made.z.iter().zip(terms);
        for drawn in drawn.chunks(2 * made.step) {
            let (plus, minus) = drawn.split_at(drawn.len() / 2);
            for (keys, drawn) in keys.iter_mut().zip([plus, minus]) {
                keys.extend(drawn.iter().map(|a| a << up));
            }
            // z_{i+1} = x_{i+1} y_{i+1} + x_{i+1} y_{i+2} + x_{i+2} y_{i+1} + a_{i+1} − a_{i+2}.
            let products = minus.iter().zip(made_of.by_ref());
            next.extend(products.map(|(minus, (z, (x, y)))| {
                let own = x.iter().zip(y).map(|(x, y)| x.wrapping_mul(*y));
                own.fold(z.wrapping_sub(*minus), u64::wrapping_sub) << up
            }));
        }
    }

    /// As many as are proven together, or with `all` what there is, if there is any.
    pub fn take(&mut self, all: bool, number: impl FnOnce() -> u64) -> Option<Chunk> {
        let most = TERMS as usize;
        let terms = match self.n() {
            n if n >= most => most,
            0 => return None,
            n if all => n,
            _ => return None,
        };
        let mut rows = Rows::default();
        for (taken, row) in rows.iter_mut().zip(&mut self.rows) {
            let rest = row.split_off(terms);
            *taken = std::mem::replace(row, rest);
        }
        let (mut ended, mut left) = (0, terms);
        while let Some(&run) = self.products.runs.get(ended).filter(|run| **run <= left) {
            left -= run;
            ended += 1;
        }
        let products = self.products.take(ended);
        if let Some(run) = self.products.runs.first_mut() {
            *run -= left;
        }
        Some(Chunk {
            rows,
            products,
            number: number(),
        })
    }
}

impl Drop for Terms {
    fn drop(&mut self) {
        self.rows.iter_mut().for_each(Zeroize::zeroize);
        self.products.wipe();
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
        assert!(terms.products.next.iter().all(|&t| t == (7 - 2) << 4));
        assert!(
            terms
                .products
                .keys
                .iter()
                .zip([5, 2])
                .all(|(keys, a)| keys[3] == a << 4)
        );
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
            assert_eq!(chunk.products.keys[1].len(), runs.len());
        }
        assert!(take(false).is_none());
        let last = take(true).expect("what is left");
        assert_eq!(
            (last.products.runs.clone(), last.goes_on()),
            (vec![2, 1], false)
        );
        assert!(take(true).is_none());
    }
}
