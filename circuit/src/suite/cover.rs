//! Sets of parties that shuffle in turn: each of them permutes and shares anew, and whoever is corrupt has nobody in one of them.
//!
//! A set has t + 1 parties, so that it holds the value; an order that it puts rows into hides them from all t parties outside
//! of it. So each t parties must have a set without them. Where t is the largest that there may be, these are all sets of
//! t + 1; where more parties are honest, few sets are enough.

use std::sync::OnceLock;

use crate::program::MAX_PARTIES;

/// More sets than these are not gone through.
const MOST_SETS: usize = 128;

/// Sets, found once.
type Found = OnceLock<Option<Vec<u32>>>;

const PARTIES: usize = MAX_PARTIES as usize + 1;

/// By number of parties and threshold.
static FOUND: [[Found; PARTIES / 2]; PARTIES] =
    [const { [const { OnceLock::new() }; PARTIES / 2] }; PARTIES];

/// Sets of `t + 1` of `n` parties, as bits, of which any `t` parties are in all but one at most; `None` where that takes too many.
pub fn resharers(n: u32, t: u32) -> Option<&'static [u32]> {
    let found = FOUND.get(n as usize)?.get(t as usize)?;
    found.get_or_init(|| find(n, t)).as_deref()
}

/// Set by set the one that leaves out most of those that no set has left out yet.
fn find(n: u32, t: u32) -> Option<Vec<u32>> {
    let of_size = |size: u32| (0..1u32 << n).filter(move |set| set.count_ones() == size);
    let mut open: Vec<u32> = of_size(t).collect();
    let candidates: Vec<u32> = of_size(t + 1).collect();
    let apart = |set: u32, others: &[u32]| others.iter().filter(|&o| o & set == 0).count();
    // What one set leaves out at most says how many it takes at least.
    let most = candidates.first().map_or(0, |&set| apart(set, &open));
    if most == 0 || open.len().div_ceil(most) > MOST_SETS {
        return None;
    }
    let mut sets = Vec::new();
    while let Some(&next) = open.first() {
        let those = candidates.iter().copied().filter(|set| set & next == 0);
        let set = those.max_by_key(|&set| (apart(set, &open), std::cmp::Reverse(set)))?;
        open.retain(|other| other & set != 0);
        sets.push(set);
        if sets.len() > MOST_SETS {
            return None;
        }
    }
    Some(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is corrupt lacks the order of a set.
    #[test]
    fn no_corrupt_parties_are_in_all_sets() {
        for n in 3..=MAX_PARTIES {
            for t in 1..=(n - 1) / 2 {
                let Some(sets) = resharers(n, t) else {
                    continue;
                };
                assert!(
                    sets.iter()
                        .all(|set| set.count_ones() == t + 1 && set >> n == 0)
                );
                let corrupt = (0..1u32 << n).filter(|set| set.count_ones() == t);
                for corrupt in corrupt {
                    assert!(sets.iter().any(|set| set & corrupt == 0), "{n} {t}");
                }
            }
        }
    }

    /// How many, where there are few; and that there are too many in the end.
    #[test]
    fn sets_are_few() {
        let known = [
            ((3, 1), Some(3)),
            ((4, 1), Some(2)),
            ((5, 2), Some(10)),
            ((7, 3), Some(35)),
            ((9, 4), Some(126)),
            ((16, 1), Some(2)),
            ((16, 2), Some(3)),
            ((11, 5), None),
            ((16, 7), None),
        ];
        for ((n, t), sets) in known {
            assert_eq!(resharers(n, t).map(<[u32]>::len), sets, "{n} {t}");
        }
    }
}
