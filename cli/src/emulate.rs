//! `run --emulate`: links on this machine made as slow as the network that the plan is made for.

use smpcc_compiler::session::Network;
use smpcc_runtime::error::Error;
use smpcc_runtime::net::Links;
use smpcc_runtime::net::shape::{self, Shape};
use std::time::Duration;

/// One party's links, delayed and throttled.
pub fn slow(links: Links, network: Network) -> Result<Links, Error> {
    let Network { rtt_us, mbit_per_s } = network;
    let shape = Shape {
        latency: Duration::from_micros(rtt_us) / 2,
        bytes_per_second: Some(mbit_per_s.saturating_mul(125_000)),
    };
    links.try_wrap_all(|_, link| shape::wrap(link, shape))
}
