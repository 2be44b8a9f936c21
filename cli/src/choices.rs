//! From what a user asks for to what the parties agree on: the one road, for the command line and for deployments.

use crate::exit::{Failure, Outcome};
use crate::lens::Lens;
use crate::seating::Stored;
use crate::suites;
use crate::words::did_you_mean;
use serde::{Deserialize, Serialize};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::hir::{Hir, ParamSource};
use smpcc_compiler::schema::{self, Schema};
use smpcc_compiler::session::{
    LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice, Session,
};

/// What is asked for, before the number of parties is known.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A suite's name, or `auto`.
    pub suite: String,
    /// A threat's name.
    pub threat: String,
    /// How many parties may be corrupt together, or the most that the suite stands.
    pub threshold: Option<u32>,
    /// Public arguments.
    pub args: SortedMap<String, String>,
    /// The domain.
    pub protocol: ProtocolChoice,
    /// What one party can compute alone.
    pub local: LocalChoice,
    /// The form of scalar circuits.
    pub objective: ObjectiveChoice,
    /// The network.
    pub network: Network,
    /// Local times.
    pub costs: Costs,
    /// Optimisation level.
    pub opt: u8,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            suite: "auto".into(),
            threat: "semi-honest".into(),
            threshold: None,
            args: SortedMap::new(),
            protocol: ProtocolChoice::Auto,
            local: LocalChoice::Auto,
            objective: ObjectiveChoice::Auto,
            network: Network::LAN,
            costs: Costs::SHIPPED,
            opt: 2,
        }
    }
}

/// What the parties agree on besides the program and its inputs' lengths; plain data, so that it can go to a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Number of parties.
    pub n_parties: u32,
    /// Public arguments.
    pub args: SortedMap<String, String>,
    /// What the compiler is asked for.
    pub options: Options,
    /// What is held in shares, in a run of a study.
    #[serde(default)]
    pub stored: Option<Stored>,
}

impl Choices {
    /// What is asked for among so many parties; refuses what no suite does.
    ///
    /// # Errors
    /// A refusal that names what there is.
    pub fn new(asked: Asked, n_parties: u32) -> Outcome<Self> {
        let Asked {
            suite,
            threat,
            threshold,
            args,
            protocol,
            local,
            objective,
            network,
            costs,
            opt,
        } = asked;
        let trust = suites::choose(&suite, &threat, threshold, n_parties)?;
        Ok(Self {
            n_parties,
            args,
            options: Options {
                suite: trust.suite,
                threat: trust.threat,
                threshold: trust.threshold,
                protocol,
                local,
                objective,
                network,
                costs,
                opt,
            },
            stored: None,
        })
    }

    /// The session of these choices with the inputs' lengths.
    ///
    /// # Errors
    /// As [`roles`].
    pub fn session(&self, hir: &Hir, lens: Lens) -> Outcome<Session> {
        if let Some(stored) = &self.stored {
            return Ok(Session {
                n_parties: stored.role_counts.iter().sum(),
                role_counts: stored.role_counts.clone(),
                args: self.args.clone(),
                lens: stored.lens(lens),
                seating: Some(stored.seating.clone()),
            });
        }
        Ok(Session {
            n_parties: self.n_parties,
            role_counts: roles(hir, self.n_parties)?,
            args: self.args.clone(),
            lens,
            seating: None,
        })
    }
}

/// How many parties play each role.
///
/// # Errors
/// Too few or too many parties, or roles that could be shared out in several ways.
pub fn roles(hir: &Hir, n_parties: u32) -> Outcome<Vec<u32>> {
    schema::assign_roles(hir, n_parties).map_err(|d| {
        Failure::usage(format!(
            "{}{}",
            d.message,
            d.help.map_or_else(String::new, |h| format!(" ({h})"))
        ))
    })
}

/// Whether the public arguments are those that a program asks for, by name; what they hold is the compiler's to read.
///
/// # Errors
/// One that is missing, or that the program does not have.
pub fn check_arguments(schema: &Schema, args: &SortedMap<String, String>) -> Result<(), String> {
    let asked = || {
        let params = schema.params.iter();
        params.filter(|p| p.source == ParamSource::Argument)
    };
    let unknown = args.keys().find(|name| asked().all(|p| p.name != **name));
    if let Some(name) = unknown {
        let hint = did_you_mean(name, asked().map(|p| p.name.as_str()));
        return Err(format!("the program has no public argument `{name}`{hint}"));
    }
    match asked().find(|p| !args.contains_key(&p.name)) {
        Some(missing) => Err(format!("the public argument `{}` is missing", missing.name)),
        None => Ok(()),
    }
}
