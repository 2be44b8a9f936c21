//! The command line: verbs, options and their help.

mod nodes;
mod shares;
mod study;
mod tools;

pub use nodes::{ContributeArgs, ResultArgs, WithdrawArgs};
pub use shares::{HeldArgs, OpenArgs, PortionArgs, ReleaseArgs, ShareArgs};
pub use study::{StudyArgs, StudyCommand, StudyNewArgs, StudySignArgs};
pub use tools::{
    AuditArgs, AuditFormat, CalibrateArgs, CompletionsArgs, DocArgs, ExplainArgs, FmtArgs,
    GraphArgs, InputsArgs, KeygenArgs, ManArgs, NewArgs, PlaygroundArgs, TemplateForm,
};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use smpcc::arguments;
use smpcc::choices::Asked;
use smpcc::costs;
use smpcc::exit::Outcome;
use smpcc::limits::Memory;
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::Suite;
use smpcc_compiler::session::{LocalChoice, Network, ObjectiveChoice, ProtocolChoice};
use std::path::PathBuf;
use std::str::FromStr;

/// Private computations among parties who may not share their data.
///
/// Write what to compute in a .smpc file; smpcc compiles it to circuits, chooses a protocol for each part, and runs it
/// among the parties so that nobody learns more than the program says.
#[derive(Debug, Parser)]
#[command(
    name = "smpcc",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Examples:
  smpcc run examples/avg.smpc --parties 3       every party on this machine
  smpcc reveals examples/auction.smpc           who learns what
  smpcc stats examples/avg.smpc --format json   gates, depth, rounds, bytes"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to colour messages.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// How messages are written to stderr: as text, or one JSON object a line
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "human|json",
        hide_possible_values = true,
        default_value_t = Format::Human
    )]
    pub messages: Format,
    /// Say only what was asked for.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more about what is going on (twice: even more). Never shows secrets.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every party on this machine, each its own process, and print who learned what
    #[command(after_help = "\
Examples:
  smpcc run examples/avg.smpc --parties 3
  smpcc run examples/hospital.smpc --arg level=6 --inputs examples/hospital.inputs
  smpcc run examples/auction.smpc --protocol yao --format json
  smpcc run examples/millionaires.smpc --network 20ms:100 --emulate")]
    Run(RunArgs),
    /// Be one party of a real deployment
    #[command(after_help = "\
Examples:
  smpcc keygen --name hospital-a --out keys
  smpcc party hospital-a.toml")]
    Party(PartyArgs),
    /// Report errors and warnings, and nothing else
    #[command(after_help = "\
Examples:
  smpcc check examples/avg.smpc
  smpcc check examples/avg.smpc --format json")]
    Check(CheckArgs),
    /// Write the compiled program
    #[command(after_help = "\
Examples:
  smpcc build examples/avg.smpc --parties 3 -o avg.smpcb
  smpcc build examples/hospital.smpc --arg level=6 --len rows=100 --emit text -o -
  smpcc build examples/avg.smpc --emit dot -o avg.dot")]
    Build(BuildArgs),
    /// Count gates, depth, rounds and bytes, exactly, before anything runs
    #[command(after_help = "\
Examples:
  smpcc stats examples/avg.smpc --parties 3
  smpcc stats examples/histogram.smpc --len salaries=1000 --network wan
  smpcc stats examples/auction.smpc --parties 3 --explain
  smpcc stats examples/dot.smpc --protocol boolean --objective size --format json")]
    Stats(StatsArgs),
    /// List every value that leaves secrecy, where, to whom, and what it depends on
    #[command(after_help = "\
Examples:
  smpcc reveals examples/auction.smpc --parties 3")]
    Reveals(RevealsArgs),
    /// Write the page to be signed: who gives what, who learns what, and what that tells of single records
    #[command(after_help = "\
Examples:
  smpcc audit examples/avg.smpc --parties 3
  smpcc audit examples/auction.smpc -o auction.html
  smpcc audit examples/vote.smpc --parties 5 --strict")]
    Audit(AuditArgs),
    /// Write pages of documentation from the comments in programs, or in the library
    #[command(after_help = "\
Examples:
  smpcc doc salaries -o salaries/doc
  smpcc doc --library -o library")]
    Doc(DocArgs),
    /// Print the text form of any stage of the compiler
    #[command(after_help = "\
Examples:
  smpcc dump examples/avg.smpc --stage ir
  smpcc dump examples/avg.smpc --stage ir --after lanes")]
    Dump(DumpArgs),
    /// Explain an error code, offline
    #[command(after_help = "\
Examples:
  smpcc explain E3002")]
    Explain(ExplainArgs),
    /// Run the `test` blocks of programs, in the clear and under protocols
    #[command(after_help = "\
Examples:
  smpcc test examples/avg.smpc
  smpcc test stdlib --parties 5 --suite gmw")]
    Test(TestArgs),
    /// Write programs in the one style
    #[command(after_help = "\
Examples:
  smpcc fmt
  smpcc fmt examples/avg.smpc
  smpcc fmt --check stdlib")]
    Fmt(FmtArgs),
    /// Serve an editor: diagnostics, types and secrecy, names, completion, formatting
    #[command(after_help = "\
Examples:
  smpcc lsp     an editor starts it and speaks to it through stdin and stdout")]
    Lsp,
    /// Measure this machine: a table of local times for `--costs`
    #[command(after_help = "\
Examples:
  smpcc calibrate -o costs.toml
  smpcc stats examples/auction.smpc --parties 3 --costs costs.toml")]
    Calibrate(CalibrateArgs),
    /// Draw the sections, their protocols and conversions
    #[command(after_help = "\
Examples:
  smpcc graph examples/auction.smpc --parties 3 -o auction.html
  smpcc graph examples/hospital.smpc --arg level=6 --len rows=100 -o hospital.dot")]
    Graph(GraphArgs),
    /// Write a file of inputs for each party to fill in
    #[command(after_help = "\
Examples:
  smpcc inputs examples/avg.smpc --parties 3 -o my-inputs
  smpcc inputs examples/hospital.smpc --parties 2 --format csv -o my-inputs")]
    Inputs(InputsArgs),
    /// Make a small project: a program with a test, and sample inputs
    #[command(after_help = "\
Examples:
  smpcc new salaries
  smpcc run salaries/main.smpc")]
    New(NewArgs),
    /// Print what a shell completes
    #[command(after_help = "\
Examples:
  smpcc completions bash > ~/.local/share/bash-completion/completions/smpcc
  smpcc completions fish > ~/.config/fish/completions/smpcc.fish")]
    Completions(CompletionsArgs),
    /// Write the pages of the manual
    #[command(after_help = "\
Examples:
  smpcc man ~/.local/share/man/man1")]
    Man(ManArgs),
    /// What everybody agrees on before data owners who run no party give their data
    #[command(after_help = "\
Examples:
  smpcc study new salaries.smpc --contributors person --receiver analyst=institute.pub \\
      --node a.pub@a.example:7443 --node b.pub@b.example:7443 --node c.pub@c.example:7443 --invitations 50
  smpcc study check study.toml
  smpcc study sign study.toml --key keys/a.sign.key
  smpcc study verify study.toml")]
    Study(StudyArgs),
    /// Serve a page to this machine's browser: an editor in which programs are checked, counted, audited and tried
    #[command(after_help = "\
Examples:
  smpcc playground
  smpcc playground -o playground.html     one file, for any place that shows pages")]
    Playground(PlaygroundArgs),
    /// Share a contribution to a study: a sealed file for each of its nodes
    #[command(after_help = "\
Examples:
  smpcc share salaries.smpc --study study.toml --inputs mine.json --out to-nodes")]
    Share(ShareArgs),
    /// Contribute to a study: share, send each node its part, keep the receipts
    #[command(after_help = "\
Examples:
  smpcc contribute --study study.toml --inputs mine.json --invitation 00007.invitation
  smpcc contribute --study study.toml --again contributions/ID")]
    Contribute(ContributeArgs),
    /// Withdraw a contribution from all nodes, before the study closes
    #[command(after_help = "\
Examples:
  smpcc withdraw contributions/ID --study study.toml --invitation 00007.invitation")]
    Withdraw(WithdrawArgs),
    /// Fetch a receiver's shares of a result from the nodes of a study, and open them
    #[command(after_help = "\
Examples:
  smpcc result --study study.toml --key institute.sign.key --seal institute.seal.key")]
    Result(ResultArgs),
    /// Hand a node's share of a stored result to a receiver
    #[command(after_help = "\
Examples:
  smpcc release shares/a/ID.result --study study.toml --key keys/a.seal.key --to institute.pub -o a.result")]
    Release(ReleaseArgs),
    /// Open a stored result from the shares of its nodes
    #[command(after_help = "\
Examples:
  smpcc open a.result b.result c.result --study study.toml --key institute.seal.key")]
    Open(OpenArgs),
    /// Make a key and a certificate for one party
    #[command(after_help = "\
Examples:
  smpcc keygen --name hospital-a --out keys --days 90
  smpcc keygen --name hospital-a --out keys --study")]
    Keygen(KeygenArgs),
}

/// What fixes a session and a plan.
#[derive(Args, Debug, Clone)]
pub struct PlanArgs {
    /// Number of parties [default: the fixed roles, else what the inputs hold]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub parties: Option<u32>,
    /// A public argument of the program
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    pub args: Vec<String>,
    /// A JSON or TOML file with public arguments; `--arg` goes before it, and it before those beside the inputs
    #[arg(long = "args", value_name = "FILE")]
    pub args_file: Option<PathBuf>,
    /// The length of an input where there are no inputs, for all owners or for one
    #[arg(long = "len", value_name = "NAME[PARTY]=N")]
    pub lens: Vec<String>,
    /// The protocol family
    #[arg(long, default_value = "auto", value_parser = suites())]
    pub suite: String,
    /// How many parties may be corrupt together [default: the most that the suite stands]
    #[arg(long, value_name = "T")]
    pub threshold: Option<u32>,
    /// What a corrupt party may do
    #[arg(long, default_value = "semi-honest", value_parser = words([
        ("semi-honest", "It follows the protocol and looks at all it sees"),
        ("malicious", "It does what it likes"),
    ]))]
    pub threat: String,
    /// Force one domain for all that parties compute together
    #[arg(long, default_value = "auto", value_parser = choice::<ProtocolChoice, _>(
        ProtocolChoice::ALL.map(|c| (c.name(), about_protocol(c)))
    ))]
    pub protocol: ProtocolChoice,
    /// Who computes what one party can compute alone
    #[arg(long, default_value = "auto", value_parser = choice::<LocalChoice, _>(
        LocalChoice::ALL.map(|c| (c.name(), about_local(c)))
    ))]
    pub local: LocalChoice,
    /// Which form of scalar circuits: fewest rounds, fewest gates, or as the protocol likes
    #[arg(long, default_value = "auto", value_parser = choice::<ObjectiveChoice, _>(
        ObjectiveChoice::ALL.map(|c| (c.name(), about_objective(c)))
    ))]
    pub objective: ObjectiveChoice,
    /// The network that the plan is made for: lan, wan or RTTms:MBIT
    #[arg(long, value_name = "lan|wan|RTTms:MBIT", default_value = "lan")]
    pub network: Network,
    /// Local times to plan with, from `smpcc calibrate` [default: those of the release]
    #[arg(long, value_name = "FILE")]
    pub costs: Option<PathBuf>,
    /// How hard to optimise
    #[arg(long, value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub opt: u8,
    /// Input values: a JSON or TOML file, or a folder with one file or folder per party
    #[arg(long, value_name = "PATH")]
    pub inputs: Option<PathBuf>,
    /// A study: its nodes compute, on shares of what others give
    #[arg(long, value_name = "FILE", conflicts_with = "parties")]
    pub study: Option<PathBuf>,
    /// How many contribute to the study as each role, where there are no share files [default: the fewest]
    #[arg(long, value_name = "N", requires = "study")]
    pub contributions: Option<u32>,
}

/// [`PlanArgs`] alone, as an editor's settings have them.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub struct Planned {
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

impl PlanArgs {
    /// What the options ask for, and the public arguments beside the inputs that no option gives.
    pub fn asked_beside(&self, beside: arguments::Arguments) -> Outcome<Asked> {
        let mut asked = self.asked()?;
        for (name, value) in beside {
            asked.args.entry(name).or_insert(value);
        }
        Ok(asked)
    }

    /// What the options ask for.
    fn asked(&self) -> Outcome<Asked> {
        Ok(Asked {
            suite: self.suite.clone(),
            threat: self.threat.clone(),
            threshold: self.threshold,
            args: {
                let mut all = match &self.args_file {
                    Some(path) => arguments::file(path)?,
                    None => arguments::Arguments::new(),
                };
                all.extend(arguments::options(&self.args)?);
                all
            },
            protocol: self.protocol,
            local: self.local,
            objective: self.objective,
            network: self.network,
            costs: match &self.costs {
                Some(path) => costs::read(path)?,
                None => Costs::SHIPPED,
            },
            opt: self.opt,
        })
    }
}

/// Takes one of these words, each with a line of help.
fn words<const N: usize>(words: [(&'static str, &'static str); N]) -> PossibleValuesParser {
    PossibleValuesParser::new(words.map(|(word, help)| PossibleValue::new(word).help(help)))
}

/// The same, and reads it.
fn choice<T, const N: usize>(
    choices: [(&'static str, &'static str); N],
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    words(choices).try_map(|word| word.parse::<T>())
}

/// `--suite`: refusals need the number of parties, so that here it is a word.
fn suites() -> PossibleValuesParser {
    let mut all = vec![(
        "auto",
        "two-party for 2 parties, rep3 for 3, bgw for more (malicious: rep4 for 4)",
    )];
    all.extend(Suite::ALL.map(|suite| (suite.name(), about_suite(suite))));
    PossibleValuesParser::new(
        all.into_iter()
            .map(|(word, help)| PossibleValue::new(word).help(help)),
    )
}

const fn about_suite(suite: Suite) -> &'static str {
    match suite {
        Suite::TwoParty => "Two parties, one may be corrupt",
        Suite::Rep3 => "Three parties, one may be corrupt",
        Suite::Rep4 => "Four parties, one may be corrupt",
        Suite::Gmw => "Two parties or more, all but one may be corrupt",
        Suite::Bgw => "Three parties or more, a minority may be corrupt",
    }
}

const fn about_protocol(protocol: ProtocolChoice) -> &'static str {
    match protocol {
        ProtocolChoice::Auto => "The cost model chooses for each section",
        ProtocolChoice::Arithmetic => "Arithmetic shares",
        ProtocolChoice::Boolean => "Boolean shares",
        ProtocolChoice::Yao => "Garbled circuits",
    }
}

const fn about_local(local: LocalChoice) -> &'static str {
    match local {
        LocalChoice::Auto => "That party by itself, where it pays: only results are shared",
        LocalChoice::Off => "All together: every secret is shared as it is given",
    }
}

const fn about_objective(objective: ObjectiveChoice) -> &'static str {
    match objective {
        ObjectiveChoice::Auto => "As the protocol likes",
        ObjectiveChoice::Depth => "The shallowest circuits",
        ObjectiveChoice::Size => "The fewest gates",
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The program, as text or as `build` wrote it
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// What is held in shares.
    #[command(flatten)]
    pub held: HeldArgs,
    /// What of it is worked on.
    #[command(flatten)]
    pub portion: PortionArgs,
    /// Instead of running parties: compute sample data here in the clear and in exact arithmetic beside it, and say how far
    /// results with fractions are off and where numbers wrapped
    #[arg(long, conflicts_with_all = ["shares", "keys", "in_process", "emulate", "report", "trace"])]
    pub check: bool,
    /// Run all parties as threads of this process
    #[arg(long)]
    pub in_process: bool,
    /// Delay and throttle the links as `--network` says
    #[arg(long)]
    pub emulate: bool,
    /// Go on where a party gives no rows of an input
    #[arg(long)]
    pub yes: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Also write the JSON report to a file
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Also write when what took place: a page (.html), or data for a trace viewer (.json)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Overwrite files of the report and the trace even if they are of another kind
    #[arg(long)]
    pub force: bool,
    /// The most memory that all parties together may need [default: what the machine has]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Memory>,
    /// Seconds to wait for a party
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub deadline: u64,
    /// Seconds after which the run ends, however far it is [default: from the plan]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub run_limit: Option<u64>,
}

/// `party`.
#[derive(Args, Debug)]
pub struct PartyArgs {
    /// The deployment's file (TOML)
    pub config: PathBuf,
    /// Of a run of a study: which attempt this is, after nodes were lost
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3))]
    pub attempt: u32,
    /// Of a run of a study: the nodes that are lost, by name
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Of a study: only find out which contributions are out of their declared ranges
    #[arg(long)]
    pub validate: bool,
    /// What of a study's data is worked on.
    #[command(flatten)]
    pub portion: PortionArgs,
    /// Go on where a party gives no rows of an input
    #[arg(long)]
    pub yes: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Also write the JSON report to a file
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Also write when what took place at this party: a page (.html), or data for a trace viewer (.json)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Overwrite files of the report and the trace even if they are of another kind
    #[arg(long)]
    pub force: bool,
    /// The most memory that this party may need [default: as configured, or the machine's]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Memory>,
}

/// `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The program, or a folder of programs
    pub file: PathBuf,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `build`.
#[derive(Args, Debug)]
pub struct BuildArgs {
    /// The program
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Where to write; `-` is stdout
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = Emit::Program)]
    pub emit: Emit,
    /// Overwrite OUT even if it is a file of another kind
    #[arg(long)]
    pub force: bool,
}

/// `build --emit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// The compiled program in its binary form
    Program,
    /// The same as text
    Text,
    /// A Bristol Fashion netlist (straight programs only)
    Bristol,
    /// The sections as a DOT graph
    Dot,
}

/// `stats`.
#[derive(Args, Debug)]
pub struct StatsArgs {
    /// The program, as text or as `build` wrote it
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Compare the plan with what else could have been chosen: each is compiled and estimated
    #[arg(long)]
    pub explain: bool,
    /// How the figures are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `reveals`.
#[derive(Args, Debug)]
pub struct RevealsArgs {
    /// The program
    pub file: PathBuf,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `dump`.
#[derive(Args, Debug)]
pub struct DumpArgs {
    /// The program
    pub file: PathBuf,
    /// The stage
    #[arg(long, value_enum)]
    pub stage: Stage,
    /// With `--stage ir`: after this pass
    #[arg(long, value_name = "PASS")]
    pub after: Option<String>,
    /// Session and plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `dump --stage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Words of the source
    Tokens,
    /// The syntax tree
    Ast,
    /// The checked program
    Types,
    /// Vector operations
    Ir,
    /// Vector operations with their domains
    Plan,
    /// The compiled program
    Program,
}

/// `test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// A file or a folder
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Run only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Number of parties where programs do not fix it; other tests are skipped [default: 3]
    #[arg(long, value_name = "N")]
    pub parties: Option<u32>,
    /// The protocol family
    #[arg(long, default_value = "auto", value_parser = suites())]
    pub suite: String,
    /// How many parties may be corrupt together [default: the most that the suite stands]
    #[arg(long, value_name = "T")]
    pub threshold: Option<u32>,
}
