//! A stack that is large enough for work that recurses.
//!
//! Checking and tracing recurse as deep as programs may nest, and callers' threads may have small stacks. Where the system
//! gives no thread with a stack of the wanted size (a limit on address space, no threads at all), a smaller one must do,
//! and at last the caller's own: programs that nest little need little, and that a limit forbids what is wanted for the
//! deepest program is no fault of this program.

/// Smallest stack for which a thread of its own is worth having.
const LEAST_BYTES: usize = 8 << 20;

/// What a stack must leave of the memory that the process may have, for the work itself.
const LEFT_BYTES: usize = 64 << 20;

/// Runs `work` on a stack of `bytes` bytes, or on the largest that the system gives below that; `work` learns how large.
pub(crate) fn on_large_stack<R: Send>(bytes: usize, work: impl FnOnce(usize) -> R + Send) -> R {
    // A thread that cannot be started drops what it was to run, so it gets the work only once it runs.
    let mut work = Some(work);
    let mut bytes = bytes;
    while bytes >= LEAST_BYTES {
        // Held until the stack is there, and never touched.
        let mut left = Vec::<u8>::new();
        if left.try_reserve_exact(LEFT_BYTES).is_err() {
            bytes = LEAST_BYTES;
        }
        let waiting = &mut work;
        let result = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(bytes);
            let handle = thread.spawn_scoped(scope, || {
                drop(left);
                waiting.take().map(|work| work(bytes))
            });
            handle.ok().map(std::thread::ScopedJoinHandle::join)
        });
        match result {
            Some(Ok(Some(result))) => return result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(None)) | None => bytes /= 2,
        }
    }
    match work.take() {
        // Nothing says how large it is; main threads have about this.
        Some(work) => work(LEAST_BYTES),
        None => unreachable!("work that was taken has returned or panicked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_thread_can_be_had_the_work_is_done_all_the_same() {
        assert_eq!(on_large_stack(64 << 20, |bytes| bytes), 64 << 20);
        assert_eq!(on_large_stack(0, |bytes| bytes), LEAST_BYTES, "here");
        // More than there is of addresses: the first attempts fail, a later one does not.
        let bytes = on_large_stack(usize::MAX / 2, |bytes| bytes);
        assert!((LEAST_BYTES..1 << 47).contains(&bytes));
    }

    #[test]
    #[should_panic(expected = "as it was")]
    fn a_panic_is_the_callers() {
        on_large_stack(8 << 20, |_| panic!("as it was"));
    }
}
