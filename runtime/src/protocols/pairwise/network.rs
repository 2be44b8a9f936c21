//! Networks of switches that put rows into any order, and how to set their switches.
//!
//! A. Waksman, "A permutation network" (JACM 1968), for any number of rows after B. Beauquier and E. Darrot, "On arbitrary size Waksman
//! networks and their vulnerability" (Parallel Processing Letters 2002). Each pair of neighbouring rows passes a switch that sends one of
//! them to an upper network of half the size and the other to a lower one, and a switch takes a row of each to each pair of places. The
//! last pair of places needs none, and an odd last row goes through the lower network. Rows are worked on in place: an upper network has
//! the even places and a lower one the odd.

use zeroize::Zeroizing;

use super::super::shuffle::Order;
use crate::protocols::ot::random::set_bit;

/// The two places of each switch, in an order in which rows come to a switch before they leave it.
pub(super) fn switches(rows: u32) -> Vec<[u32; 2]> {
    let mut out = Vec::new();
    lay((0..rows).collect(), &mut out);
    out
}

fn lay(places: Vec<u32>, out: &mut Vec<[u32; 2]>) {
    if places.len() < 2 {
        return;
    }
    let pairs = places.as_chunks::<2>().0;
    out.extend_from_slice(pairs);
    if places.len() == 2 {
        return;
    }
    let upper: Vec<u32> = pairs.iter().map(|pair| pair[0]).collect();
    let last = places.as_chunks::<2>().1;
    let lower: Vec<u32> = pairs
        .iter()
        .map(|pair| pair[1])
        .chain(last.iter().copied())
        .collect();
    lay(upper, out);
    lay(lower, out);
    out.extend_from_slice(&pairs[..(places.len() - 1) / 2]);
}

/// Which switches cross, 64 to a word, so that place `i` gets row `order[i]`.
pub(super) fn settings(order: &Order, n_switches: usize) -> Zeroizing<Vec<u64>> {
    let mut out = Settings {
        words: Zeroizing::new(vec![0; n_switches.div_ceil(64)]),
        n: 0,
    };
    out.route(order.rows());
    out.words
}

struct Settings {
    words: Zeroizing<Vec<u64>>,
    n: usize,
}

impl Settings {
    fn push(&mut self, crosses: bool) {
        set_bit(&mut self.words, self.n, u64::from(crosses));
        self.n += 1;
    }

    /// In the order of [`lay`].
    fn route(&mut self, order: &[u32]) {
        let n = order.len();
        match order {
            [] | [_] => return,
            &[first, _] => return self.push(first == 1),
            _ => {}
        }
        let half = n / 2;
        let [first, last] = sides(order);
        first.iter().for_each(|&crosses| self.push(crosses));
        // An upper network's place takes the row of that place of the pair which is not the lower one's.
        let row = |place: usize| order[place] / 2;
        let upper = (0..half).map(|j| row(2 * j + usize::from(last[j])));
        let upper = Zeroizing::new(upper.collect::<Vec<u32>>());
        let odd = (n % 2 == 1).then_some(n - 1);
        let lower = (0..half).map(|j| row(2 * j + 1 - usize::from(last[j])));
        let lower = Zeroizing::new(lower.chain(odd.map(row)).collect::<Vec<u32>>());
        self.route(&upper);
        self.route(&lower);
        last[..(n - 1) / 2]
            .iter()
            .for_each(|&crosses| self.push(crosses));
    }
}

/// Which of the first and of the last switches of a network cross. Two rows of a pair, and two places of a pair, go through different
/// networks: from a place whose row comes through the lower one, this decides place by place until a loop is closed.
fn sides(order: &[u32]) -> [Zeroizing<Vec<bool>>; 2] {
    let (n, half) = (order.len(), order.len() / 2);
    let mut place_of = Zeroizing::new(vec![0u32; n]);
    for (place, &row) in (0..).zip(order) {
        place_of[row as usize] = place;
    }
    let [mut first, mut last] = [0, 1].map(|_| Zeroizing::new(vec![false; half]));
    let mut decided = vec![false; half];
    // The last place is the lower network's always.
    let starts = std::iter::once(n - 1).chain((0..(n - 1) / 2).map(|j| 2 * j + 1));
    for start in starts {
        if decided.get(start / 2).is_some_and(|&done| done) {
            continue;
        }
        let mut place = start;
        loop {
            let row = order[place] as usize;
            if row / 2 == half {
                // An odd last row: it has no other, and its way is the lower one.
                break;
            }
            first[row / 2] = row.is_multiple_of(2);
            let other = place_of[row ^ 1] as usize;
            last[other / 2] = other % 2 == 1;
            decided[other / 2] = true;
            place = other ^ 1;
            if place == start {
                break;
            }
        }
    }
    [first, last]
}

#[cfg(test)]
mod tests {
    use smpcc_circuit::cost::n_switches;

    use super::*;
    use crate::prg::PrgKey;

    fn passed(order: &Order) -> Vec<u32> {
        let rows = order.rows().len() as u32;
        let switches = switches(rows);
        assert_eq!(switches.len() as u64, n_switches(rows.into()), "{rows}");
        let settings = settings(order, switches.len());
        let mut out: Vec<u32> = (0..rows).collect();
        for (i, [a, b]) in switches.into_iter().enumerate() {
            if settings[i / 64] >> (i % 64) & 1 == 1 {
                out.swap(a as usize, b as usize);
            }
        }
        out
    }

    /// Many orders of every small number of rows, and some of many.
    #[test]
    fn a_network_takes_every_order() {
        let sizes = (0..40).chain([63, 64, 65, 100, 127, 1000, 4097]);
        for n in sizes {
            for seed in 0..if n < 8 { 300 } else { 12u16 } {
                let mut key = [n as u8; 16];
                key[..2].copy_from_slice(&seed.to_le_bytes());
                let order = Order::sample(&PrgKey::from_bytes(key), n).unwrap();
                assert_eq!(passed(&order), order.rows(), "{n} rows");
            }
        }
    }
}
