//! An estimate of a run's time from its rounds, its bytes and its local work.

use super::Sums;

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

/// Local nanoseconds of a shared AND of one lane.
const AND_NS: f64 = 0.5;
/// Of a garbled AND.
const GARBLED_AND_NS: f64 = 60.0;
/// Of a product.
const MUL_NS: f64 = 10.0;

/// Rounds at half a round trip each, the busiest sender's bytes through its link, and local work, one after the other.
pub(super) fn milliseconds(link: Link, rounds: u64, most_sent: u64, work: &Sums) -> f64 {
    let latency = rounds as f64 * link.rtt_us as f64 / 2000.0;
    let transfer = most_sent as f64 * 8.0 / (link.mbit_per_s as f64 * 1000.0);
    let shared = work.and.saturating_sub(work.garbled) as f64;
    let local = shared * AND_NS + work.garbled as f64 * GARBLED_AND_NS + work.mul as f64 * MUL_NS;
    let all = latency + transfer + local / 1e6;
    (all * 1000.0).round() / 1000.0
}
