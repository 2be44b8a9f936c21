//! Independent parts of one compilation on several threads, where the system has them.
//!
//! What comes out is in the order of the parts and does not depend on how many threads there are.

use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::OnceLock;

/// As large as the stack of a main thread: programs may nest as deep here as there.
const STACK_BYTES: usize = 8 << 20;

/// The threads, or none where the system gives none: in a browser, or under a limit on address space.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let several = std::thread::available_parallelism().ok()?.get() > 1;
        let builder = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES);
        several.then(|| builder.build().ok()).flatten()
    });
    pool.as_ref()
}

/// Of a part of fewer operations no thread is asked for: waking one takes some tens of microseconds.
const FEW: usize = 64;

/// `work` for each of `parts`, in their order; each looks at about `size` operations.
pub(crate) fn each<T: Sync, R: Send>(
    parts: &[T],
    size: usize,
    work: impl Fn(&T) -> R + Sync + Send,
) -> Vec<R> {
    let pool = (size >= FEW && parts.len() > 1).then(pool).flatten();
    match pool {
        Some(pool) => pool.install(|| parts.par_iter().map(work).collect()),
        None => parts.iter().map(work).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_parts_however_they_nest() {
        let parts: Vec<u64> = (0..100).collect();
        let sums = each(&parts, FEW, |&n| {
            let inner: Vec<u64> = (0..n).collect();
            each(&inner, FEW, |&k| k * k).into_iter().sum::<u64>()
        });
        let wanted: Vec<u64> = parts.iter().map(|&n| (0..n).map(|k| k * k).sum()).collect();
        assert_eq!(sums, wanted);
    }

    #[test]
    #[should_panic(expected = "as it was")]
    fn a_panic_is_the_callers() {
        each(&[1, 2], FEW, |_| panic!("as it was"));
    }
}
