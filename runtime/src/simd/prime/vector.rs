//! Vectors of field elements, of a power of two of them, and what halves them.
//!
//! Long ones stand in blocks of eight, word by word, so that eight are computed with at once where the processor multiplies 52 bits
//! (AVX-512 IFMA). What is left after many halvings is short and is computed with one by one.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;
#[cfg(target_arch = "x86_64")]
use std::sync::atomic::Ordering;

#[cfg(target_arch = "x86_64")]
use super::ifma;
use super::{Block, LANES, Prime, Wide, accumulate, accumulate_word, portable, reduced};
#[cfg(target_arch = "x86_64")]
use crate::simd::PORTABLE;
use crate::wipe;

/// The shortest vector that stands in blocks: each of its halves is whole blocks.
const LONG: usize = 2 * LANES;

/// Whether eight elements are computed with at once.
#[cfg(target_arch = "x86_64")]
fn at_once() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    let there = || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512ifma")
            && is_x86_feature_detected!("avx512vbmi2")
    };
    !PORTABLE.load(Ordering::Relaxed) && *THERE.get_or_init(there)
}

/// Writes a function that takes the form that this machine can compute with.
macro_rules! forms {
    ($name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            if at_once() {
                return ifma::$name($($arg),*);
            }
            portable::$name($($arg),*)
        }
    };
}

forms!(weigh(words: &[u64], weights: &[u128], out: &mut [Block]));
forms!(fold_words(words: [&[u64]; 2], r: Prime, out: &mut [Block]));
forms!(fold(low: &mut [Block], high: &[Block], r: Prime));
forms!(halved(u: [&[Block]; 2], v: [&[Block]; 2]) -> [Prime; 2]);
forms!(halved_words(u: [&[Block]; 2], v: [&[u64]; 2]) -> [Prime; 2]);

/// A vector of a power of two of elements; wiped when dropped.
pub(crate) struct Vector {
    /// Of a long one all, else none.
    blocks: Vec<Block>,
    /// Of a short one all, else none.
    few: Vec<Prime>,
}

impl Drop for Vector {
    fn drop(&mut self) {
        wipe::clear(&mut self.blocks);
        wipe::clear(&mut self.few);
    }
}

/// Memory of vectors that are no more, wiped, for those to come: long ones take megabytes, which the system is slow to give.
pub(crate) type Room = Vec<Vec<Block>>;

fn halves<T>(all: &[T]) -> [&[T]; 2] {
    all.split_at(all.len() / 2).into()
}

impl Vector {
    fn long(n: usize, room: &mut Room, fill: impl FnOnce(&mut [Block])) -> Self {
        let mut blocks = room.pop().unwrap_or_default();
        blocks.resize(n / LANES, Block::default());
        fill(&mut blocks);
        let few = Vec::new();
        Self { blocks, few }
    }

    fn short(few: Vec<Prime>) -> Self {
        let blocks = Vec::new();
        Self { blocks, few }
    }

    /// Gives back the memory that it takes.
    pub(crate) fn leave(mut self, room: &mut Room) {
        wipe::clear(&mut self.blocks);
        if self.blocks.capacity() > 0 {
            room.push(std::mem::take(&mut self.blocks));
        }
    }

    /// Words in halves, each times its weight, which has at most 127 bits. All halves are as many, a power of two.
    pub(crate) fn weighed(words: [&[u64]; 2], weights: [&[u128]; 2], room: &mut Room) -> Self {
        let n = 2 * words[0].len();
        let both = words.into_iter().zip(weights);
        if n >= LONG {
            return Self::long(n, room, |blocks| {
                let halves = blocks.chunks_exact_mut(n / 2 / LANES);
                for (half, (words, weights)) in halves.zip(both) {
                    weigh(words, weights, half);
                }
            });
        }
        let both = both.flat_map(|(words, weights)| words.iter().zip(weights));
        Self::short(both.map(|(&x, &w)| Prime::scaled(w, x)).collect())
    }

    /// The first half of words plus `r` times what the second has more. Halves are as many, a power of two.
    pub(crate) fn folded([low, high]: [&[u64]; 2], r: Prime, room: &mut Room) -> Self {
        if low.len() >= LONG {
            return Self::long(low.len(), room, |blocks| fold_words([low, high], r, blocks));
        }
        let weights = [Prime::of_words(&[1]).minus(r), r];
        let pairs = low.iter().zip(high);
        let folded = pairs.map(|(&low, &high)| Prime::combined(weights, [low, high]));
        Self::short(folded.collect())
    }

    /// How many elements.
    pub(crate) fn len(&self) -> usize {
        LANES * self.blocks.len() + self.few.len()
    }

    /// The first element, which is the only one when all halvings are done.
    pub(crate) fn first(&self) -> Prime {
        match self.blocks.first() {
            Some(block) => portable::get(block, 0),
            None => self.few.first().copied().unwrap_or_default(),
        }
    }

    /// The first half plus `r` times what the second has more; that is what is left.
    pub(crate) fn fold(&mut self, r: Prime) {
        if self.blocks.is_empty() {
            let half = self.few.len() / 2;
            let (low, high) = self.few.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high.iter()) {
                *low = low.plus_times(r, high.minus(*low));
            }
            self.few.truncate(half);
            return;
        }
        let half = self.blocks.len() / 2;
        let (low, high) = self.blocks.split_at_mut(half);
        fold(low, high, r);
        self.blocks.truncate(half);
        if let [last] = &self.blocks[..] {
            self.few = (0..LANES).map(|lane| portable::get(last, lane)).collect();
            wipe::clear(&mut self.blocks);
        }
    }

    /// `Σ u_1 v_1` and `Σ (u_1 − u_0)(v_1 − v_0)` over the halves of this one, `u`, and of another of as many elements.
    pub(crate) fn halved(&self, v: &Self) -> [Prime; 2] {
        if !self.blocks.is_empty() {
            return halved(halves(&self.blocks), halves(&v.blocks));
        }
        let (mut one, mut infinity): (Wide, Wide) = ([0; 7], [0; 7]);
        let [u, v] = [self, v].map(|all| halves(&all.few));
        for ((&u0, &u1), (&v0, &v1)) in u[0].iter().zip(u[1]).zip(v[0].iter().zip(v[1])) {
            accumulate(&mut one, u1, v1);
            accumulate(&mut infinity, u1.minus(u0), v1.minus(v0));
        }
        [reduced(&one), reduced(&infinity)]
    }

    /// The same where the other is of words, and is given in halves.
    pub(crate) fn halved_words(&self, v: [&[u64]; 2]) -> [Prime; 2] {
        if !self.blocks.is_empty() {
            return halved_words(halves(&self.blocks), v);
        }
        let (mut one, mut more, mut less): (Wide, Wide, Wide) = ([0; 7], [0; 7], [0; 7]);
        let u = halves(&self.few);
        for ((&u0, &u1), (&v0, &v1)) in u[0].iter().zip(u[1]).zip(v[0].iter().zip(v[1])) {
            let difference = u1.minus(u0);
            accumulate_word(&mut one, u1, v1);
            accumulate_word(&mut more, difference, v1);
            accumulate_word(&mut less, difference, v0);
        }
        [reduced(&one), reduced(&more).minus(reduced(&less))]
    }
}

#[cfg(test)]
mod tests {
    use smpcc_circuit::splitmix::SplitMix;

    use super::super::WORDS;
    use super::*;

    /// Numbers of 192 bits: drawn ones, and those at the edges, also beyond the size of the field.
    fn blocks(numbers: &mut SplitMix, n: usize) -> Vec<Block> {
        let edges = [
            [0; WORDS],
            [u64::MAX; WORDS],
            [u64::MAX - 237, u64::MAX, u64::MAX],
            [u64::MAX - 236, u64::MAX, u64::MAX],
            [0, 0, u64::MAX],
        ];
        let mut all = vec![Block::default(); n / LANES];
        for (i, block) in all.iter_mut().enumerate() {
            for lane in 0..LANES {
                let drawn = [0; WORDS].map(|_: u64| numbers.word() as u64);
                let number = match numbers.word() % 4 {
                    0 => edges[(i + lane) % edges.len()],
                    _ => drawn,
                };
                for (lanes, word) in block.iter_mut().zip(number) {
                    lanes[lane] = word;
                }
            }
        }
        all
    }

    fn words(numbers: &mut SplitMix, n: usize) -> Vec<u64> {
        let edges = [0, 1, u64::MAX, 1 << 52, (1 << 52) - 1, u64::MAX << 52];
        let mut word = |i: usize| match numbers.word() % 3 {
            0 => edges[i % edges.len()],
            _ => numbers.word() as u64,
        };
        (0..n).map(&mut word).collect()
    }

    /// The elements of blocks.
    fn elements(blocks: &[Block]) -> Vec<Prime> {
        let lanes = |block| (0..LANES).map(move |lane| portable::get(block, lane));
        blocks.iter().flat_map(lanes).collect()
    }

    /// Eight at once give what one by one gives: whatever the numbers, and where sums have many terms.
    #[test]
    fn both_forms_agree() {
        let mut numbers = SplitMix::new(11);
        let largest = Prime::of_words(&[u64::MAX - 237, u64::MAX, u64::MAX]);
        for (n, r) in [(8, None), (24, Some(largest)), (64, None), (4800, None)] {
            let mut prime = || {
                let words = [0; WORDS].map(|_: u64| numbers.word() as u64);
                Prime::of_words(&words)
            };
            let r = r.unwrap_or_else(&mut prime);
            let [u0, u1, v0, v1] = [(); 4].map(|()| blocks(&mut numbers, n));
            let (u, v) = ([&u0[..], &u1], [&v0[..], &v1]);
            assert!(halved(u, v) == portable::halved(u, v));
            let (w0, w1) = (words(&mut numbers, n), words(&mut numbers, n));
            let w = [&w0[..], &w1];
            assert!(halved_words(u, w) == portable::halved_words(u, w));

            let mut folded = [u0.clone(), u0.clone()];
            fold(&mut folded[0], &u1, r);
            portable::fold(&mut folded[1], &u1, r);
            assert!(elements(&folded[0]) == elements(&folded[1]));

            let mut out = [(); 2].map(|()| vec![Block::default(); n / LANES]);
            fold_words(w, r, &mut out[0]);
            portable::fold_words(w, r, &mut out[1]);
            assert!(elements(&out[0]) == elements(&out[1]));

            let weights: Vec<u128> = w0
                .iter()
                .zip(&w1)
                .map(|(&a, &b)| (u128::from(a) | u128::from(b) << 64) & (u128::MAX >> 1))
                .collect();
            weigh(&w1, &weights, &mut out[0]);
            portable::weigh(&w1, &weights, &mut out[1]);
            assert!(elements(&out[0]) == elements(&out[1]));
        }
    }

    /// Halvings of vectors in blocks are those of their elements, down to the last.
    #[test]
    fn long_vectors_are_as_short_ones() {
        let mut numbers = SplitMix::new(5);
        let mut room = Room::new();
        for half in [1, 2, 4, 8, 16, 32] {
            let [x0, x1, y0, y1] = [(); 4].map(|()| words(&mut numbers, half));
            let (x, y) = ([&x0[..], &x1], [&y0[..], &y1]);
            let weights: Vec<u128> = (0..half).map(|_| numbers.word() >> 1).collect();
            let mut u = Vector::weighed(x, [&weights; 2], &mut room);
            let weighed = x.map(|x| x.iter().zip(&weights).map(|(&x, &w)| Prime::scaled(w, x)));
            let mut short = Vector::short(weighed.into_iter().flatten().collect());
            let mut v: Option<(Vector, Vector)> = None;
            while u.len() > 1 {
                let r = Prime::of_words(&[0; WORDS].map(|_: u64| numbers.word() as u64));
                let said = match &v {
                    None => [u.halved_words(y), short.halved_words(y)],
                    Some((v, slow)) => [u.halved(v), short.halved(slow)],
                };
                assert!(said[0] == said[1]);
                v = Some(match v {
                    None => {
                        let all = y.into_iter().flatten();
                        let all = all.map(|&y| Prime::of_words(&[y]));
                        let mut slow = Vector::short(all.collect());
                        slow.fold(r);
                        (Vector::folded(y, r, &mut room), slow)
                    }
                    Some((mut v, mut slow)) => {
                        v.fold(r);
                        slow.fold(r);
                        (v, slow)
                    }
                });
                u.fold(r);
                short.fold(r);
                assert_eq!(u.len(), short.len());
            }
            assert!(u.first() == short.first());
            let (v, slow) = v.expect("at least one halving");
            assert!(v.len() == 1 && v.first() == slow.first());
            // What comes next finds what is left of these.
            u.leave(&mut room);
            v.leave(&mut room);
            assert!(room.iter().all(Vec::is_empty));
        }
    }
}
