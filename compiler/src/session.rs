//! What the parties have agreed on before a program is compiled, and what the user asks of the compiler.

use serde::{Deserialize, Serialize};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::{Present, Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use std::str::FromStr;

/// Session values: everything that turns a checked program into one fixed computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Number of parties: the seats of the program's roles.
    pub n_parties: u32,
    /// How many parties play each role, in the order of the roles' declaration; sums to `n_parties`.
    pub role_counts: Vec<u32>,
    /// Public arguments as the user wrote them (`--arg NAME=VALUE`).
    pub args: SortedMap<String, String>,
    /// The length of each input that has an open one, by parameter name and owner (0-based party).
    pub lens: SortedMap<(String, u32), u64>,
    /// Who computes, where that is not exactly the seats of the program.
    pub seating: Option<Seating>,
}

/// Who computes where some of a program's parties only contribute or receive: what these give is held in shares by those who compute
/// when the run begins, and what they are to learn stays shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seating {
    /// What those who compute are called, by number.
    pub nodes: Vec<String>,
    /// For each party of the program's roles, which of them it is; none for one who is away.
    pub seats: Vec<Option<u32>>,
    /// Which of those to whom values were shared they are, where some are lost.
    pub present: Option<Present>,
    /// Whether it is only looked at which of those who are away give what is out of its declared range
    /// ([`crate::validity::validity`]).
    pub validity: bool,
}

impl Seating {
    /// The number of each party of the program's roles in what is compiled: those who are away follow those who compute.
    pub fn places(&self) -> Vec<u32> {
        let mut next = self.nodes.len() as u32;
        let place = |seat: &Option<u32>| {
            seat.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        self.seats.iter().map(place).collect()
    }
}

/// What the user asks of the compiler. Everything here is part of what parties agree on: see [`Options::terms`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The family of protocols.
    pub suite: Suite,
    /// The adversary.
    pub threat: Threat,
    /// Corrupt parties tolerated.
    pub threshold: u32,
    /// The domain, or the compiler's choice.
    pub protocol: ProtocolChoice,
    /// What one party can compute alone: by itself, or together with the others.
    pub local: LocalChoice,
    /// Which form of scalar circuits.
    pub objective: ObjectiveChoice,
    /// What the network is like.
    pub network: Network,
    /// What parties compute locally.
    pub costs: Costs,
    /// 0: only what running needs; 1: cheap passes; 2: everything (the default).
    pub opt: u8,
}

/// Options as parties tell each other: by name, in text and numbers, so that a difference can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The family of protocols.
    pub suite: &'static str,
    /// The adversary.
    pub threat: &'static str,
    /// Corrupt parties tolerated.
    pub threshold: u32,
    /// What else decides what is compiled.
    pub options: Vec<(&'static str, String)>,
    /// The cost model: the network's figures and the local times of every suite.
    pub model: Vec<(String, u64)>,
}

impl Options {
    /// All of it, for the agreement. A field that is added does not compile until it stands here too.
    pub fn terms(&self) -> Terms {
        let Self {
            suite,
            threat,
            threshold,
            protocol,
            local,
            objective,
            network: Network { rtt_us, mbit_per_s },
            costs,
            opt,
        } = self;
        let mut model = vec![
            ("rtt_us".to_owned(), *rtt_us),
            ("mbit_per_s".to_owned(), *mbit_per_s),
        ];
        for (suite, threat) in Suite::ALL
            .into_iter()
            .flat_map(|suite| Threat::ALL.map(|t| (suite, t)))
        {
            let times = costs.measured(suite, threat).map(|work| work.entries());
            let whose = match threat {
                Threat::SemiHonest => suite.name().to_owned(),
                Threat::Malicious => format!("{}-{}", suite.name(), threat.name()),
            };
            let times = times.into_iter().flatten();
            model.extend(times.map(|(name, ps)| (format!("{whose}.{name}"), ps)));
        }
        Terms {
            suite: suite.name(),
            threat: threat.name(),
            threshold: *threshold,
            options: vec![
                ("protocol", protocol.name().to_owned()),
                ("local", local.name().to_owned()),
                ("objective", objective.name().to_owned()),
                ("opt", opt.to_string()),
            ],
            model,
        }
    }
}

/// `--protocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl ProtocolChoice {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Arithmetic, Self::Boolean, Self::Yao];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Arithmetic => "arithmetic",
            Self::Boolean => "boolean",
            Self::Yao => "yao",
        }
    }
}

impl FromStr for ProtocolChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word("protocol", &Self::ALL.map(|c| (c.name(), c)), text)
    }
}

/// `--local`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalChoice {
    /// By itself where that is allowed and pays, and only results are shared.
    #[default]
    Auto,
    /// Together: every secret is shared as it is given.
    Off,
}

impl LocalChoice {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Auto, Self::Off];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
        }
    }
}

impl FromStr for LocalChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word("local", &Self::ALL.map(|c| (c.name(), c)), text)
    }
}

/// `--objective`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectiveChoice {
    /// Depth for shared sections, size for garbled ones, as the cost model says.
    #[default]
    Auto,
    /// The shallowest circuits.
    Depth,
    /// The fewest ANDs.
    Size,
}

impl ObjectiveChoice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Depth, Self::Size];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Depth => "depth",
            Self::Size => "size",
        }
    }
}

impl FromStr for ObjectiveChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word("objective", &Self::ALL.map(|c| (c.name(), c)), text)
    }
}

/// The value that `text` names.
fn word<T: Copy>(what: &str, all: &[(&str, T)], text: &str) -> Result<T, String> {
    match all.iter().find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "unknown {what} `{}`: there is {}",
                text.escape_debug(),
                names.join(", ")
            ))
        }
    }
}

/// `--network`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl FromStr for Network {
    type Err = String;

    /// Reads `lan`, `wan` or `RTTms:MBIT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "unknown network `{}`: write lan, wan, or a round-trip time and a bandwidth such as 20ms:100",
                text.escape_debug()
            )
        };
        match text {
            "lan" => Ok(Self::LAN),
            "wan" => Ok(Self::WAN),
            _ => {
                let (rtt, mbit) = text.split_once(':').ok_or_else(wrong)?;
                let rtt: f64 = rtt
                    .strip_suffix("ms")
                    .unwrap_or(rtt)
                    .parse()
                    .map_err(|_| wrong())?;
                let mbit_per_s: u64 = mbit.parse().map_err(|_| wrong())?;
                if !(0.0..=60_000.0).contains(&rtt) || !(1..=1_000_000).contains(&mbit_per_s) {
                    return Err(wrong());
                }
                Ok(Self {
                    rtt_us: (rtt * 1000.0).round() as u64,
                    mbit_per_s,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_are_written() {
        for choice in ProtocolChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
        }
        for choice in ObjectiveChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
        }
        for choice in LocalChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
        }
        let network = |text: &str| text.parse::<Network>();
        assert_eq!(network("wan"), Ok(Network::WAN));
        let slow = Network {
            rtt_us: 20_500,
            mbit_per_s: 100,
        };
        assert_eq!(network("20.5ms:100"), Ok(slow));
        assert_eq!(network("20.5:100"), Ok(slow));
        for wrong in [
            "", "lan ", "20ms", "20ms:", "-1ms:5", "1ms:0", "NaN:5", "1ms:1e3",
        ] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
        assert!("Yao".parse::<ProtocolChoice>().is_err());
    }

    #[test]
    fn every_option_is_a_term() {
        let options = Options {
            suite: Suite::Rep3,
            threat: Threat::SemiHonest,
            threshold: 1,
            protocol: ProtocolChoice::Auto,
            local: LocalChoice::Auto,
            objective: ObjectiveChoice::Auto,
            network: Network::LAN,
            costs: Costs::SHIPPED,
            opt: 2,
        };
        let mut slow = Costs::SHIPPED;
        slow.of_mut(Suite::Bgw).step_ps += 1;
        let mut proven = Costs::SHIPPED;
        proven.measured_mut(Suite::Rep3, Threat::Malicious);
        let changed = [
            Options {
                suite: Suite::Gmw,
                ..options.clone()
            },
            Options {
                threshold: 2,
                ..options.clone()
            },
            Options {
                protocol: ProtocolChoice::Yao,
                ..options.clone()
            },
            Options {
                local: LocalChoice::Off,
                ..options.clone()
            },
            Options {
                objective: ObjectiveChoice::Size,
                ..options.clone()
            },
            Options {
                network: Network::WAN,
                ..options.clone()
            },
            Options {
                costs: slow,
                ..options.clone()
            },
            Options {
                costs: proven,
                ..options.clone()
            },
            Options {
                opt: 1,
                ..options.clone()
            },
        ];
        for other in changed {
            assert_ne!(other.terms(), options.terms(), "{other:?}");
        }
    }
}
