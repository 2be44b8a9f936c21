//! An estimate of a run's time from its rounds, its bytes and its local work.

use super::Sums;
use crate::cost::{ADDED_PRODUCTS, MOST_BASE_TRANSFERS, Work};

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Round-trip time in microseconds.
    pub rtt_us: u64,
    /// Bandwidth in Mbit/s.
    pub mbit_per_s: u64,
}

impl Link {
    /// Machines in one building.
    pub const LAN: Self = Self {
        rtt_us: 200,
        mbit_per_s: 10_000,
    };
    /// Institutions in different cities.
    pub const WAN: Self = Self {
        rtt_us: 40_000,
        mbit_per_s: 100,
    };
}

/// A step on a word that a party takes by itself, in picoseconds.
const STEP_PS: u64 = 1_000;
/// A row of a column that is put into another order, masked and shared anew, as often as a shuffle does it.
const SHUFFLED_PS: u64 = 60_000;

/// Rounds at half a round trip each, the busiest sender's bytes through its link, and local work, one after the other; the
/// base transfers of a pair of parties take their share of the whole setup.
pub(super) fn milliseconds(
    link: Link,
    rounds: u64,
    most_sent: u64,
    sums: &Sums,
    work: &Work,
    base_transfers: u64,
) -> f64 {
    let latency = rounds as f64 * link.rtt_us as f64 / 2000.0;
    let transfer = most_sent as f64 * 8.0 / (link.mbit_per_s as f64 * 1000.0);
    let shared = sums.and.saturating_sub(sums.garbled);
    // Few transfers are base transfers themselves: what precedes them is shorter by as much.
    let setup = work.setup_ps as f64 * base_transfers as f64 / MOST_BASE_TRANSFERS as f64;
    let owned = sums.owned.iter().copied().max().unwrap_or(0);
    let local = shared as f64 * work.and_ps as f64
        + owned.saturating_add(sums.steps) as f64 * STEP_PS as f64
        + rounds as f64 * work.step_ps as f64
        + sums.shuffled as f64 * SHUFFLED_PS as f64
        // An AND takes a transfer each way, too.
        + sums.transfers as f64 * work.and_ps as f64
        + sums.garbled as f64 * work.garbled_and_ps as f64
        + sums.mul.saturating_sub(sums.added) as f64 * work.product_ps as f64
        + sums.added as f64 * work.product_ps as f64 / ADDED_PRODUCTS
        + setup;
    let all = latency + transfer + local / 1e9;
    (all * 1000.0).round() / 1000.0
}
