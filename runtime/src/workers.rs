//! The cores that a party computes on.
//!
//! Work is handed out in small pieces whose results do not depend on who does them: blocks of an operation (`protocols`). With one
//! core there are no threads, and nothing is paid for the others' sake.

use std::sync::OnceLock;

use rayon::ThreadPool;

use crate::error::Error;

/// Threads of one party: the one that asks, and helpers that are started when there is first something for them to do.
pub struct Workers {
    n: usize,
    helpers: OnceLock<Option<ThreadPool>>,
}

impl Workers {
    /// So many threads, the asking one included; none is as good as one.
    pub fn new(n: usize) -> Self {
        Self {
            n: n.max(1),
            helpers: OnceLock::new(),
        }
    }

    /// As many threads as may run at once.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Does something to each item, in any order and several at once.
    ///
    /// # Errors
    /// That of the first item that has one.
    pub fn each<T: Send>(
        &self,
        items: &mut [T],
        work: impl Fn(&mut T) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let Some(helpers) = self.helpers().filter(|_| items.len() > 1) else {
            return items.iter_mut().try_for_each(work);
        };
        let mut results: Vec<Result<(), Error>> = items.iter().map(|_| Ok(())).collect();
        helpers.in_place_scope(|scope| {
            let mut pairs = items.iter_mut().zip(&mut results);
            let own = pairs.next();
            let work = &work;
            for (item, result) in pairs {
                scope.spawn(move |_| *result = work(item));
            }
            if let Some((item, result)) = own {
                *result = work(item);
            }
        });
        results.into_iter().collect()
    }

    /// Where the machine has no threads to give, the asking one does all.
    fn helpers(&self) -> Option<&ThreadPool> {
        if self.n == 1 {
            return None;
        }
        let start = || {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.n - 1);
            builder.thread_name(|i| format!("worker {i}")).build().ok()
        };
        self.helpers.get_or_init(start).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_the_first_error_is_told() {
        for threads in 0..5 {
            let workers = Workers::new(threads);
            for len in 0..9 {
                let mut items = vec![0; len];
                workers
                    .each(&mut items, |item| {
                        *item += 1;
                        Ok(())
                    })
                    .unwrap();
                assert_eq!(items, vec![1; len]);
            }
            let mut items = [1, 2, 3, 4];
            let error = workers.each(&mut items, |&mut item| match item {
                2 | 4 => Err(Error::bug(format!("item {item}"))),
                _ => Ok(()),
            });
            assert!(error.unwrap_err().to_string().contains("item 2"));
        }
    }
}
