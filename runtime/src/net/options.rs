//! How patient a mesh is, how much it holds, and how often it gives signs of life.

use std::time::{Duration, Instant};

/// The least [`Options::deadline`] that a party may have: the others send it signs of life four times as often.
pub const LEAST_DEADLINE: Duration = Duration::from_millis(100);

/// The longest time between two signs of life on a link, whatever its ends' deadlines: how far the others are is said with them.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// The longest time that is waited for anything; what is longer counts as this.
const LONGEST_WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How patient a mesh is and how much it holds.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a party that is connected may take to say its first word: it may be waiting for others to connect.
    pub connect: Duration,
    /// A link on which nothing is heard for this long after that has failed; at least [`LEAST_DEADLINE`]. Parties tell each
    /// other theirs, and each gives signs of life as often as the smaller of a link's two asks for.
    pub deadline: Duration,
    /// How long one message is awaited while no party gets on.
    pub patience: Duration,
    /// Bytes that wait to be sent on a link before `send` waits.
    pub send_queue: usize,
    /// Bytes that wait to be taken from a link before it is read no further, while the party is busy.
    pub receive_queue: usize,
    /// While the party waits in the transport itself a link may hold more, as long as all links together hold less than this.
    /// Peers cannot make it hold more.
    pub receive_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(60),
            deadline: Duration::from_secs(30),
            patience: Duration::from_secs(3600),
            send_queue: 8 << 20,
            receive_queue: 8 << 20,
            receive_limit: 1 << 30,
        }
    }
}

/// How often a link carries a sign of life when its ends have these deadlines.
pub(crate) fn interval(mine: Duration, theirs: Duration) -> Duration {
    (mine.min(theirs) / 4).min(LONGEST_INTERVAL)
}

/// The time that is so much later; no length is too long.
pub(crate) fn later(than: Instant, by: Duration) -> Instant {
    let by = by.min(LONGEST_WAIT);
    than.checked_add(by).unwrap_or(than)
}

/// The time so long from now.
pub(crate) fn from_now(wait: Duration) -> Instant {
    later(Instant::now(), wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_too_long() {
        let now = Instant::now();
        for wait in [Duration::MAX, Duration::from_secs(i64::MAX as u64)] {
            assert!(from_now(wait) > now + Duration::from_secs(1 << 30));
            assert_eq!(interval(wait, wait), LONGEST_INTERVAL);
        }
        assert_eq!(interval(LEAST_DEADLINE, Duration::MAX), LEAST_DEADLINE / 4);
    }
}
