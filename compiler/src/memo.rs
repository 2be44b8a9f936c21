//! What a function gave before, kept for all threads: programs ask for the same circuits again and again, and so do the plans of one
//! program that are compared.
//!
//! A function of its key alone is remembered here, so that this changes the time that the compiler takes and nothing else.

use crate::mix::Mix;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The results of a function by its keys.
pub(crate) struct Memo<K, V> {
    known: Mutex<Known<K, V>>,
    /// The weight at which all are forgotten.
    most: usize,
}

struct Known<K, V> {
    results: HashMap<K, Arc<OnceLock<V>>, Mix>,
    weight: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Memo<K, V> {
    pub const fn new(most: usize) -> Self {
        let results = HashMap::with_hasher(Mix);
        Self {
            known: Mutex::new(Known { results, weight: 0 }),
            most,
        }
    }

    /// What `make` gives for this key, or gave before; `weight` is of the two together, and at least one is counted. Whoever asks while
    /// another thread makes it waits for that one: so `make` asks for nothing of the same memo and hands no work to other threads.
    pub fn get(&self, key: K, weight: impl Fn(&K, &V) -> usize, make: impl FnOnce(&K) -> V) -> V {
        // A thread that panicked has left whole entries.
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let result = Arc::clone(lock().results.entry(key.clone()).or_default());
        if let Some(known) = result.get() {
            return known.clone();
        }
        let mut made = false;
        let value = result.get_or_init(|| {
            made = true;
            make(&key)
        });
        if made {
            let mut known = lock();
            known.weight += weight(&key, value).max(1);
            if known.weight > self.most {
                known.results.clear();
                known.weight = 0;
            }
        }
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_result_is_made_once_until_too_much_is_kept() {
        let memo: Memo<u64, u64> = Memo::new(10);
        let made = Cell::new(0);
        let square = |n: u64| {
            memo.get(
                n,
                |_, _| 4,
                |&n| {
                    made.set(made.get() + 1);
                    n * n
                },
            )
        };
        assert_eq!([square(3), square(3), square(4)], [9, 9, 16]);
        assert_eq!(made.get(), 2);
        assert_eq!([square(5), square(3)], [25, 9]);
        assert_eq!(made.get(), 4, "the third was one too many");
    }

    #[test]
    fn what_weighs_nothing_is_not_kept_for_ever() {
        let memo: Memo<u64, u64> = Memo::new(3);
        for n in 0..100 {
            assert_eq!(memo.get(n, |_, _| 0, |&n| n), n);
            let known = memo.known.lock().unwrap();
            assert!(known.results.len() <= 3);
        }
    }
}
