//! The options of whoever contributes to a study or receives its results.

use super::Format;
use clap::Args;
use std::path::PathBuf;

/// `contribute`.
#[derive(Args, Debug)]
pub struct ContributeArgs {
    /// The study, with all signatures and its program beside it
    #[arg(long, value_name = "FILE", default_value = "study.toml")]
    pub study: PathBuf,
    /// What is contributed: a JSON, TOML or CSV file, or a folder with a file for each input
    #[arg(long, value_name = "PATH")]
    pub inputs: Option<PathBuf>,
    /// The invitation, or the file of a listed key (`NAME.sign.key`)
    #[arg(long, value_name = "FILE")]
    pub invitation: Option<PathBuf>,
    /// Where a folder is made for what is sent and for the receipts
    #[arg(long, value_name = "DIR", default_value = "contributions")]
    pub out: PathBuf,
    /// Send again what was begun before: its folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["inputs", "invitation"])]
    pub again: Option<PathBuf>,
    /// How what was done is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `withdraw`.
#[derive(Args, Debug)]
pub struct WithdrawArgs {
    /// The folder that `contribute` made
    pub contribution: PathBuf,
    /// The study, with all signatures and its program beside it
    #[arg(long, value_name = "FILE", default_value = "study.toml")]
    pub study: PathBuf,
    /// The invitation with which it was contributed
    #[arg(long, value_name = "FILE")]
    pub invitation: PathBuf,
    /// How what was done is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `result`.
#[derive(Args, Debug)]
pub struct ResultArgs {
    /// The study, with all signatures and its program beside it
    #[arg(long, value_name = "FILE", default_value = "study.toml")]
    pub study: PathBuf,
    /// The receiver's `NAME.sign.key`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The receiver's `NAME.seal.key`
    #[arg(long, value_name = "FILE")]
    pub seal: PathBuf,
    /// Which run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub run: u32,
    /// Where the nodes' shares are kept
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
