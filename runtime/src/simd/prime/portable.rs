//! Vectors of elements in blocks, element by element: what the vectors of `ifma` must give.

use super::{Block, LANES, Prime, WORDS, Wide, accumulate, accumulate_word, reduced};

/// An element of a block.
pub(super) fn get(block: &Block, lane: usize) -> Prime {
    let mut words = [0; WORDS];
    for (word, lanes) in words.iter_mut().zip(block) {
        *word = lanes[lane];
    }
    Prime::of_words(&words)
}

fn put(block: &mut Block, lane: usize, element: Prime) {
    for (lanes, word) in block.iter_mut().zip(element.words()) {
        lanes[lane] = word;
    }
}

/// See `vector`, of which these are the loops.
pub(super) fn weigh(words: &[u64], weights: &[u128], out: &mut [Block]) {
    let words = words.as_chunks::<LANES>().0.iter();
    let weights = weights.as_chunks::<LANES>().0.iter();
    for (out, (words, weights)) in out.iter_mut().zip(words.zip(weights)) {
        for (lane, (&x, &w)) in words.iter().zip(weights).enumerate() {
            put(out, lane, Prime::scaled(w, x));
        }
    }
}

pub(super) fn fold_words([low, high]: [&[u64]; 2], r: Prime, out: &mut [Block]) {
    let weights = [Prime::of_words(&[1]).minus(r), r];
    let (low, high) = (low.as_chunks::<LANES>().0, high.as_chunks::<LANES>().0);
    for (out, (low, high)) in out.iter_mut().zip(low.iter().zip(high)) {
        for (lane, (&low, &high)) in low.iter().zip(high).enumerate() {
            put(out, lane, Prime::combined(weights, [low, high]));
        }
    }
}

pub(super) fn fold(low: &mut [Block], high: &[Block], r: Prime) {
    for (low, high) in low.iter_mut().zip(high) {
        for lane in 0..LANES {
            let (one, other) = (get(low, lane), get(high, lane));
            put(low, lane, one.plus_times(r, other.minus(one)));
        }
    }
}

pub(super) fn halved(u: [&[Block]; 2], v: [&[Block]; 2]) -> [Prime; 2] {
    let (mut one, mut infinity): (Wide, Wide) = ([0; 7], [0; 7]);
    let (u, v) = (u[0].iter().zip(u[1]), v[0].iter().zip(v[1]));
    for ((u0, u1), (v0, v1)) in u.zip(v) {
        for lane in 0..LANES {
            let [u0, u1, v0, v1] = [u0, u1, v0, v1].map(|block| get(block, lane));
            accumulate(&mut one, u1, v1);
            accumulate(&mut infinity, u1.minus(u0), v1.minus(v0));
        }
    }
    [reduced(&one), reduced(&infinity)]
}

pub(super) fn halved_words(u: [&[Block]; 2], v: [&[u64]; 2]) -> [Prime; 2] {
    let (mut one, mut more, mut less): (Wide, Wide, Wide) = ([0; 7], [0; 7], [0; 7]);
    let [v0, v1] = v.map(|v| v.as_chunks::<LANES>().0.iter());
    for ((u0, u1), (v0, v1)) in u[0].iter().zip(u[1]).zip(v0.zip(v1)) {
        for (lane, (&v0, &v1)) in v0.iter().zip(v1).enumerate() {
            let (u0, u1) = (get(u0, lane), get(u1, lane));
            let difference = u1.minus(u0);
            accumulate_word(&mut one, u1, v1);
            accumulate_word(&mut more, difference, v1);
            accumulate_word(&mut less, difference, v0);
        }
    }
    [reduced(&one), reduced(&more).minus(reduced(&less))]
}
