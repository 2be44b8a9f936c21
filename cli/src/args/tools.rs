//! The options of the verbs around programs: what is looked at, written and made, beside compiling and running.

use super::PlanArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `audit`.
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// The program
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Rows of each party where the program leaves their number open [default: 3, or more if it does not compile with so few]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rows: Option<u64>,
    /// Runs in the clear to spend on trying what results tell each party, or parties together
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    pub runs: u64,
    /// How the page is written [default: as the name of OUT ends, else human]
    #[arg(long, value_enum)]
    pub format: Option<AuditFormat>,
    /// Where to write [default: to the terminal]
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Overwrite OUT even if it is a file of another kind
    #[arg(long)]
    pub force: bool,
    /// End with status 1 if a leak is found
    #[arg(long)]
    pub strict: bool,
}

/// Forms of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// Text for people
    Human,
    /// Data for programs
    Json,
    /// One page for a browser or a printer
    Html,
}

/// `doc`.
#[derive(Args, Debug)]
pub struct DocArgs {
    /// A file, or a folder with all that is in it; or a name of the library, such as `std::stats` or `std::stats::mean`, of which the
    /// terminal shows what it is
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Document the library that comes with smpcc
    #[arg(long, conflicts_with = "path")]
    pub library: bool,
    /// The folder to write to: a page (Markdown) for each file, and `index.md`
    #[arg(long, short, value_name = "DIR", default_value = "doc")]
    pub output: PathBuf,
    /// Overwrite files of other kinds
    #[arg(long)]
    pub force: bool,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The code, such as E3002
    pub code: String,
}

/// `fmt`.
#[derive(Args, Debug)]
pub struct FmtArgs {
    /// A file or a folder with all that is in it; `-` is stdin, and stdout for the result
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write nothing, and list the files that are not in the style
    #[arg(long)]
    pub check: bool,
}

/// `calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateArgs {
    /// Where to write the table; `-` is stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Overwrite FILE even if it is a file of another kind
    #[arg(long)]
    pub force: bool,
}

/// `graph`.
#[derive(Args, Debug)]
pub struct GraphArgs {
    /// The program, as text or as `build` wrote it
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Where to write: a page (.html), a picture (.svg) or a graph for others to draw (.dot)
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Overwrite OUT even if it is a file of another kind
    #[arg(long)]
    pub force: bool,
}

/// `inputs`.
#[derive(Args, Debug)]
pub struct InputsArgs {
    /// The program, as text or as `build` wrote it
    pub file: PathBuf,
    /// Number of parties [default: the fixed roles]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub parties: Option<u32>,
    /// The form of the files
    #[arg(long, value_enum, default_value_t = TemplateForm::Json)]
    pub format: TemplateForm,
    /// The folder to write to [default: NAME.inputs beside the program, where `run` looks]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

/// `keygen`.
#[derive(Args, Debug)]
pub struct KeygenArgs {
    /// The party's name, for people and file names
    #[arg(long)]
    pub name: String,
    /// The folder to write NAME.key and NAME.crt to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Days of validity
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// Also write NAME.sign.key, NAME.seal.key and NAME.pub, with which to take part in studies
    #[arg(long)]
    pub study: bool,
}

/// `new`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// The project's name, or the path of its folder, which is made
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
}

/// `playground`.
#[derive(Args, Debug)]
pub struct PlaygroundArgs {
    /// The compiler as WebAssembly [default: where `playground/build` or a package has put it]
    #[arg(long, value_name = "FILE.wasm")]
    pub module: Option<PathBuf>,
    /// The port on the loopback interface; 0 takes any that is free
    #[arg(long, default_value_t = 7180)]
    pub port: u16,
    /// Write the page to a file and serve nothing
    #[arg(long, short, value_name = "OUT.html")]
    pub output: Option<PathBuf>,
    /// Overwrite OUT even if it is a file of another kind
    #[arg(long)]
    pub force: bool,
}

/// `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The folder to write to: a page for each verb
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Overwrite files of other kinds
    #[arg(long)]
    pub force: bool,
}

/// `inputs --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TemplateForm {
    /// One object for each party
    Json,
    /// A sheet for each party, or a folder of sheets
    Csv,
    /// Keys and tables
    Toml,
}
