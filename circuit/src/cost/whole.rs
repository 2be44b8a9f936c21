//! Correlations that are made in whole batches: how many batches, of which sizes.
//!
//! Some are only safe in company: a batch of few would need more of everything else. They are made in batches of fixed sizes, and what is
//! left of the last one is used by whatever comes next. Each demand takes the large batches that fit into it, and one more where smaller ones
//! would take more work; what remains of all demands together is made in batches of the least size. So how many are made follows from the
//! demands, in whatever order they come.

use super::{Correlation, Demand};
use crate::sorted::SortedMap;

/// Batches of all demands so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// By kind and size, but for those of the least size.
    large: SortedMap<(Correlation, u64), u64>,
    /// By kind, what the least ones are made for.
    rest: SortedMap<Correlation, u64>,
}

impl Whole {
    /// More of one kind is demanded: the batches that are made for it, by size and number, the largest first.
    pub fn demand(&mut self, kind: Correlation, count: u64) -> Vec<(u64, u64)> {
        let Some((&least, large)) = kind.whole().split_last() else {
            return Vec::new();
        };
        let mut left = count;
        let mut batches = Vec::new();
        for (&size, smaller) in large.iter().zip((1..).map(|i| &kind.whole()[i..])) {
            let mut n = left / size;
            left %= size;
            if left > 0 && work(kind, size) <= work_of(kind, left, smaller) {
                n += 1;
                left = 0;
            }
            if n > 0 {
                *self.large.entry((kind, size)).or_default() += n;
                batches.push((size, n));
            }
        }
        let rest = self.rest.entry(kind).or_default();
        let before = rest.div_ceil(least);
        *rest = rest.saturating_add(left);
        let n = rest.div_ceil(least) - before;
        if n > 0 {
            batches.push((least, n));
        }
        batches
    }

    /// All that a demand has of such kinds, a number of times.
    pub fn demand_times(&mut self, demand: &Demand, times: u64) {
        for (kind, count) in demand.iter() {
            self.demand(kind, count.saturating_mul(times));
        }
    }

    /// Batches by kind and size.
    pub fn batches(&self) -> impl Iterator<Item = (Correlation, u64, u64)> + '_ {
        let least = self.rest.iter().filter_map(|(&kind, &rest)| {
            let &size = kind.whole().last()?;
            Some((kind, size, rest.div_ceil(size)))
        });
        let large = self.large.iter().map(|(&(kind, size), &n)| (kind, size, n));
        large.chain(least)
    }
}

/// Work of one batch.
fn work(kind: Correlation, size: u64) -> u64 {
    size.saturating_mul(kind.share_of(size))
}

/// The least work by which so many can be made in batches of these sizes.
fn work_of(kind: Correlation, count: u64, sizes: &[u64]) -> u64 {
    let Some((&size, smaller)) = sizes.split_first() else {
        return if count == 0 { 0 } else { u64::MAX };
    };
    let (n, left) = (count / size, count % size);
    let rest = match left {
        0 => 0,
        _ => work(kind, size).min(work_of(kind, left, smaller)),
    };
    work(kind, size).saturating_mul(n).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is nearly a larger batch is made in one.
    #[test]
    fn the_least_work_is_done() {
        let made = |count| Whole::default().demand(Correlation::AuthTriple, count);
        assert_eq!(made(1), [(1024, 1)]);
        assert_eq!(made(3072), [(1024, 3)]);
        assert_eq!(made(3073), [(4096, 1)]);
        assert_eq!(made(4096 + 64), [(4096, 1), (1024, 1)]);
        // Four products for each triple of the largest, five of the next.
        assert_eq!(made(12 * 4096), [(4096, 12)]);
        assert_eq!(made(13 * 4096), [(65_536, 1)]);
        assert_eq!(made(65_536 + 1), [(65_536, 1), (1024, 1)]);
        let bits = |count| Whole::default().demand(Correlation::AuthBit, count);
        assert_eq!(bits(63 * 1024), [(1024, 63)]);
        assert_eq!(bits(63 * 1024 + 1), [(65_536, 1)]);
    }

    #[test]
    fn batches_do_not_depend_on_the_order_of_demands() {
        let kind = Correlation::AuthTriple;
        let demands = [64, 100_000, 1, 8192, 1023, 65_536 * 3 + 5, 0, 700];
        let made = |demands: &mut dyn Iterator<Item = u64>| {
            let mut whole = Whole::default();
            let mut told: SortedMap<u64, u64> = SortedMap::new();
            for count in demands {
                for (size, n) in whole.demand(kind, count) {
                    *told.entry(size).or_default() += n;
                }
            }
            let batches = whole.batches().filter(|&(_, _, n)| n > 0);
            let counted: SortedMap<u64, u64> = batches.map(|(_, size, n)| (size, n)).collect();
            assert_eq!(told, counted);
            whole
        };
        let forward = made(&mut demands.into_iter());
        assert_eq!(forward, made(&mut demands.into_iter().rev()));
        let all: u64 = forward.batches().map(|(_, size, n)| size * n).sum();
        let used: u64 = demands.iter().sum();
        let beyond = kind.whole()[2] * (demands.len() as u64 + 1);
        assert!(all >= used && all < used + beyond, "{used}, {all}");
        // Others are made as they are used.
        let mut whole = Whole::default();
        assert!(whole.demand(Correlation::BitTriple, 5).is_empty());
        assert_eq!(whole, Whole::default());
    }
}
