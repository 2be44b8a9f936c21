//! Both do what the standard library's do.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{CHUNK, SortedMap, SortedSet};

/// Something done to a map of few keys, so that they meet, or of many, so that chunks are split.
#[derive(Clone, Debug)]
enum Step {
    Insert(u16, u8),
    Add(u16, u8),
    Remove(u16),
    PopFirst,
    SplitOff(u16),
    Retain(u8),
    /// So many keys from one on, in order.
    Run(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![0..20u16, 0..2000u16];
    prop_oneof![
        6 => (key.clone(), any::<u8>()).prop_map(|(k, v)| Step::Insert(k, v)),
        3 => (key.clone(), any::<u8>()).prop_map(|(k, v)| Step::Add(k, v)),
        3 => key.clone().prop_map(Step::Remove),
        1 => Just(Step::PopFirst),
        1 => (1500..2000u16).prop_map(Step::SplitOff),
        1 => (1..9u8).prop_map(Step::Retain),
        2 => (key, 0..300u16).prop_map(|(k, n)| Step::Run(k, n)),
    ]
}

fn same(map: &SortedMap<u16, u8>, tree: &BTreeMap<u16, u8>) {
    assert_eq!(map.len(), tree.len());
    assert_eq!(map.is_empty(), tree.is_empty());
    assert!(map.iter().eq(tree));
    assert!(map.iter().rev().eq(tree.iter().rev()));
    assert!(map.keys().eq(tree.keys()) && map.values().eq(tree.values()));
    assert_eq!(map.first_key_value(), tree.first_key_value());
    assert_eq!(map.last_key_value(), tree.last_key_value());
    assert!(map.chunks.iter().all(|c| (1..=CHUNK).contains(&c.len())));
}

proptest! {
    #[test]
    fn maps_are_those_of_the_standard_library(steps in vec(step(), 0..60), ends in vec(0..2100u16, 2)) {
        let (mut map, mut tree) = (SortedMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(k, v) => assert_eq!(map.insert(k, v), tree.insert(k, v)),
                Step::Add(k, v) => {
                    let one = map.entry(k).and_modify(|o: &mut u8| *o ^= v).or_insert(v);
                    assert_eq!(one, tree.entry(k).and_modify(|o| *o ^= v).or_insert(v));
                }
                Step::Remove(k) => assert_eq!(map.remove(&k), tree.remove(&k)),
                Step::PopFirst => assert_eq!(map.pop_first(), tree.pop_first()),
                Step::SplitOff(k) => same(&map.split_off(&k), &tree.split_off(&k)),
                Step::Retain(n) => {
                    map.retain(|k, v| { *v = v.wrapping_add(1); k % u16::from(n) != 0 });
                    tree.retain(|k, v| { *v = v.wrapping_add(1); k % u16::from(n) != 0 });
                }
                Step::Run(k, n) => {
                    map.extend((k..k + n).map(|k| (k, 7)));
                    tree.extend((k..k + n).map(|k| (k, 7)));
                }
            }
            same(&map, &tree);
        }
        let (from, to) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        assert!(map.range(from..to).eq(tree.range(from..to)));
        assert!(map.range(from..=to).rev().eq(tree.range(from..=to).rev()));
        assert!(map.range(..to).eq(tree.range(..to)) && map.range(from..).eq(tree.range(from..)));
        assert_eq!(map.range(from..to).len(), tree.range(from..to).count());
        assert_eq!((map.get(&from), map.contains_key(&to)), (tree.get(&from), tree.contains_key(&to)));
        // From both ends at once.
        let (mut both, mut of_tree) = (map.iter(), tree.iter());
        for i in 0..=tree.len() {
            let next = if i % 3 == 0 { both.next_back() } else { both.next() };
            prop_assert_eq!(next, if i % 3 == 0 { of_tree.next_back() } else { of_tree.next() });
        }
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, serde_json::to_string(&tree).unwrap());
        assert_eq!(serde_json::from_str::<SortedMap<u16, u8>>(&json).unwrap(), map);
        // Cut into chunks another way it is the same.
        let again: SortedMap<u16, u8> = tree.iter().map(|(&k, &v)| (k, v)).collect();
        assert_eq!(again, map);
        assert!(map.into_iter().eq(tree));
    }

    #[test]
    fn sets_are_those_of_the_standard_library(a in vec(0..400u16, 0..500), b in vec(0..400u16, 0..500)) {
        let [set, other] = [&a, &b].map(|keys| keys.iter().copied().collect::<SortedSet<u16>>());
        let [tree, other_tree] = [&a, &b].map(|keys| keys.iter().copied().collect::<BTreeSet<u16>>());
        assert!(set.iter().eq(&tree));
        assert!(set.intersection(&other).eq(tree.intersection(&other_tree)));
        assert!(set.difference(&other).eq(tree.difference(&other_tree)));
        assert_eq!(set.is_disjoint(&other), tree.is_disjoint(&other_tree));
        assert_eq!(set.is_subset(&other), tree.is_subset(&other_tree));
        let half: SortedSet<u16> = set.intersection(&other).copied().collect();
        assert!(half.is_subset(&set) && half.is_subset(&other));
        assert_eq!(set.cmp(&other), tree.cmp(&other_tree));
        assert_eq!((set.first(), set.last()), (tree.first(), tree.last()));
        let mut both = set.clone();
        both.append(&mut other.clone());
        assert!(both.iter().eq(tree.union(&other_tree)));
        for key in &a {
            assert!(both.remove(key) || !both.contains(key));
        }
        assert!(both.iter().eq(other_tree.difference(&tree)));
    }
}
