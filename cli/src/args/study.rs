//! The options of `smpcc study`: what everybody agrees on before anything happens.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `study`.
#[derive(Args, Debug)]
pub struct StudyArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: StudyCommand,
}

/// The verbs of a study.
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// Write a study for a program, to be looked through and changed before anybody signs it
    New(Box<StudyNewArgs>),
    /// Print who gives what, who learns what, how that is protected, and how long it is kept
    Check(StudyFileArgs),
    /// Print the study as `check` does, and sign it
    Sign(StudySignArgs),
    /// Say who has signed the study as it stands, and who has not
    Verify(StudyFileArgs),
}

/// `study new`.
#[derive(Args, Debug)]
pub struct StudyNewArgs {
    /// The program; the study is written beside it
    pub program: PathBuf,
    /// The study's name [default: the program's]
    #[arg(long)]
    pub name: Option<String>,
    /// The role of those who give data and do not compute; several may, each with as many invitations as it says here or as
    /// `--invitations` says
    #[arg(long, value_name = "ROLE[=N]", required = true)]
    pub contributors: Vec<String>,
    /// A node: what `keygen --study` wrote of it, and where it answers; it takes the next port for runs
    #[arg(long = "node", value_name = "FILE.pub@HOST:PORT", required = true)]
    pub nodes: Vec<String>,
    /// Who may open results as a role of the program: what `keygen --study` wrote of it
    #[arg(long = "receiver", value_name = "ROLE=FILE.pub", required = true)]
    pub receivers: Vec<String>,
    /// Who must agree beside the nodes
    #[arg(long = "owner", value_name = "FILE.pub")]
    pub owners: Vec<PathBuf>,
    /// Make so many invitations of each role, each a file to give to one contributor
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    pub invitations: u32,
    /// The folder for the invitations, which is made, with a folder for each role if there are several [default: invitations beside the study]
    #[arg(long, value_name = "DIR")]
    pub invitations_out: Option<PathBuf>,
    /// A public argument of the program
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    pub args: Vec<String>,
    /// The family of protocols [default: the usual one for so many nodes]
    #[arg(long, default_value = "auto")]
    pub suite: String,
    /// What a corrupt node may do: semi-honest or malicious
    #[arg(long, default_value = "semi-honest")]
    pub threat: String,
    /// How many nodes may be corrupt together [default: the most that the suite stands]
    #[arg(long, value_name = "T")]
    pub threshold: Option<u32>,
    /// Days for which contributions are taken, from now on
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// Where to write the study [default: study.toml beside the program]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `study check` and `study verify`.
#[derive(Args, Debug)]
pub struct StudyFileArgs {
    /// The study
    #[arg(default_value = "study.toml")]
    pub study: PathBuf,
}

/// `study sign`.
#[derive(Args, Debug)]
pub struct StudySignArgs {
    /// The study
    #[arg(default_value = "study.toml")]
    pub study: PathBuf,
    /// The signing key: NAME.sign.key, as `keygen --study` wrote it
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Sign without asking, where there is no terminal
    #[arg(long)]
    pub yes: bool,
}
