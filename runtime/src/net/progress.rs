//! How far each party is in the plan, as they tell each other with their signs of life.
//!
//! A party that waits cannot see whether those that it does not exchange messages with get on. So each counts what it has
//! finished of the plan that all know, and of nothing that revealed values steer; heartbeats carry the count. It only rises and never
//! passes the plan's total: who says otherwise is at fault. A count is a peer's word. It restarts the patience of those who wait
//! and does nothing else, and the run's own limit ends it whatever the counts say.

use std::sync::atomic::{AtomicU64, Ordering};

/// This party's own count, which its writers read.
#[derive(Default)]
pub(crate) struct Progress {
    done: AtomicU64,
}

impl Progress {
    pub(crate) fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// What one peer has said of its progress.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heard {
    done: u64,
}

impl Heard {
    /// Takes a count; whether the peer has got on since the last. An error says what is wrong with it.
    pub(crate) fn update(&mut self, done: u64, total: Option<u64>) -> Result<bool, &'static str> {
        if done < self.done {
            return Err("a count of what it has done that goes back");
        }
        let moved = done > self.done;
        self.done = done;
        self.within(total)?;
        Ok(moved)
    }

    /// Whether the count so far is one of a plan of so many parts, once that is known.
    pub(crate) fn within(&self, total: Option<u64>) -> Result<(), &'static str> {
        if total.is_some_and(|total| self.done > total) {
            return Err("that it has done more than there is to do");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rise_up_to_the_total() {
        let mut heard = Heard::default();
        assert_eq!(heard.update(0, None), Ok(false));
        assert_eq!(heard.update(7, None), Ok(true));
        assert_eq!(heard.update(7, Some(7)), Ok(false));
        assert!(heard.update(6, Some(7)).is_err());
        assert!(heard.update(8, Some(7)).is_err());
        assert!(heard.within(Some(7)).is_err());
    }
}
