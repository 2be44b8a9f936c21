//! What the parties have agreed on before a program is compiled, and what the user asks of the compiler.

use serde::{Deserialize, Serialize};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::{Suite, Threat};
use std::collections::BTreeMap;

/// Session values: everything that turns a checked program into one fixed computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Number of parties.
    pub n_parties: u32,
    /// How many parties play each role, in the order of the roles' declaration; sums to `n_parties`.
    pub role_counts: Vec<u32>,
    /// Public arguments as the user wrote them (`--arg NAME=VALUE`).
    pub args: BTreeMap<String, String>,
    /// The length of each input that has an open one, by parameter name and owner (0-based party).
    pub lens: BTreeMap<(String, u32), u64>,
}

/// What the user asks of the compiler. Everything here is part of what parties agree on.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The family of protocols.
    pub suite: Suite,
    /// The adversary.
    pub threat: Threat,
    /// Corrupt parties tolerated.
    pub threshold: u32,
    /// The domain, or the compiler's choice.
    pub protocol: ProtocolChoice,
    /// Which form of scalar circuits.
    pub objective: ObjectiveChoice,
    /// What the network is like.
    pub network: Network,
    /// What parties compute locally.
    pub costs: Costs,
    /// 0: only what running needs; 1: cheap passes; 2: everything (the default).
    pub opt: u8,
}

/// `--protocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProtocolChoice {
    /// The cost model chooses for each section.
    #[default]
    Auto,
    /// Everything in arithmetic shares, or an error that names what cannot be.
    Arithmetic,
    /// Everything in Boolean shares.
    Boolean,
    /// Everything garbled.
    Yao,
}

/// `--objective`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObjectiveChoice {
    /// Depth for shared sections, size for garbled ones, as the cost model says.
    #[default]
    Auto,
    /// The shallowest circuits.
    Depth,
    /// The fewest ANDs.
    Size,
}

/// `--network`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Round-trip time in microseconds.
    pub rtt_us: u64,
    /// Bandwidth of a link in Mbit/s.
    pub mbit_per_s: u64,
}

impl Network {
    /// Machines in one building: 0.2 ms, 10 Gbit/s.
    pub const LAN: Self = Self {
        rtt_us: 200,
        mbit_per_s: 10_000,
    };
    /// Institutions in different cities: 40 ms, 100 Mbit/s.
    pub const WAN: Self = Self {
        rtt_us: 40_000,
        mbit_per_s: 100,
    };
}
