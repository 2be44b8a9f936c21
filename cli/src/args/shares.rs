//! The options of what outlives a run: dealing, releasing and opening shares, and runs that hold them.

use super::Format;
use clap::Args;
use smpcc::exit::Outcome;
use smpcc::seating::Portion;
use smpcc::stored::portion;
use std::path::PathBuf;

/// The part of `run` that is about a study.
#[derive(Args, Debug, Clone)]
pub struct HeldArgs {
    /// With `--study`: a folder with one folder for each node, named after it, with its share files
    #[arg(long, value_name = "DIR", requires = "study")]
    pub shares: Option<PathBuf>,
    /// With `--study`: a folder with `NODE.seal.key` for each node
    #[arg(long, value_name = "DIR", requires = "study")]
    pub keys: Option<PathBuf>,
    /// With `--study`: only find out which contributions are out of their declared ranges
    #[arg(long, requires = "study")]
    pub validate: bool,
    /// With `--study`: where shares of results are kept, in a folder for each node [default: beside the share files]
    #[arg(long, value_name = "DIR", requires = "study")]
    pub keep: Option<PathBuf>,
}

/// What of a study's data a run works on.
#[derive(Args, Debug, Clone)]
pub struct PortionArgs {
    /// Of a study: work on one of N shards of its contributions, and keep the result for `--combine`; `env` is what Slurm, Kubernetes
    /// or MPI tell a task
    #[arg(long, value_name = "K/N|env[/N]", conflicts_with_all = ["combine", "validate"])]
    pub shard: Option<portion::Asked>,
    /// Of a study: put the results of N shards together
    #[arg(long, value_name = "N", conflicts_with = "validate")]
    pub combine: Option<u32>,
}

impl PortionArgs {
    /// Which portion that is.
    pub fn portion(&self) -> Outcome<Portion> {
        portion::asked(self.shard, self.combine)
    }
}

/// `share`.
#[derive(Args, Debug)]
pub struct ShareArgs {
    /// The program of the study
    pub file: PathBuf,
    /// The study
    #[arg(long, value_name = "FILE")]
    pub study: PathBuf,
    /// What is contributed: a JSON, TOML or CSV file, or a folder with a file for each input
    #[arg(long, value_name = "PATH")]
    pub inputs: PathBuf,
    /// As which role it is contributed, where the study takes contributions as several
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Where to write: one folder for each node, which gets the file in it
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `release`.
#[derive(Args, Debug)]
pub struct ReleaseArgs {
    /// A node's share of a stored result
    pub file: PathBuf,
    /// The study
    #[arg(long, value_name = "FILE")]
    pub study: PathBuf,
    /// The node's key (`NAME.seal.key`)
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Who is to open it: a receiver's public key (`smpcc-seal-v1:…`), or the file that has it (`NAME.pub`)
    #[arg(long, value_name = "KEY")]
    pub to: String,
    /// Where to write the share, sealed to the receiver
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// `open`.
#[derive(Args, Debug)]
pub struct OpenArgs {
    /// Shares of one result, of as many nodes as sent theirs
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The study
    #[arg(long, value_name = "FILE")]
    pub study: PathBuf,
    /// A key to which they are sealed (`NAME.seal.key`)
    #[arg(long = "key", value_name = "FILE", required = true)]
    pub keys: Vec<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
