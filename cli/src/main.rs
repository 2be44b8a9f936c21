//! The `smpcc` command line: arguments, printing, and the processes of `smpcc run`. What it does is in the library beside it.

mod args;
mod child;
mod commands;
mod compiled;
mod emulate;
mod files;
mod load;
mod local;
mod lsp;
mod out;
mod progress;
mod prompt;

use args::{Cli, Command, Format};
use clap::Parser;
use load::Style;
use smpcc::exit::{Exit, Outcome};
use smpcc_runtime::cores;
use std::process::ExitCode;

fn main() -> ExitCode {
    out::ends(command()).into()
}

fn command() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let text = e.render().to_string();
            if e.use_stderr() {
                out::note(text.trim_end());
                return Exit::Usage;
            }
            out::product(&text);
            return Exit::Ok;
        }
    };
    out::messages(cli.messages == Format::Json);
    // Inputs, shares and keys are in the memory of most commands.
    if let Err(e) = cores::forbid() {
        out::note(&format!("warning: {e}"));
    }
    match std::panic::catch_unwind(|| dispatch(&cli)) {
        Ok(Ok(())) => Exit::Ok,
        Ok(Err(failure)) => {
            if !failure.message.is_empty() {
                out::note(&format!("error: {}", failure.message));
            }
            // Diagnostics that no command had the sources to show.
            for diagnostic in &failure.diagnostics {
                load::show_bare(diagnostic);
            }
            failure.exit
        }
        Err(_) => {
            out::note(&format!(
                "error: this is a bug in smpcc {} on {}; please report it with the program and the command, without your data",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::ARCH
            ));
            Exit::Bug
        }
    }
}

fn dispatch(cli: &Cli) -> Outcome {
    let style = Style::new(cli);
    match &cli.command {
        Command::Run(args) => commands::run::run(args, style),
        Command::Party(args) => commands::party::party(args, style),
        Command::Check(args) => commands::check::check(args, style),
        Command::Build(args) => commands::build::build(args, style),
        Command::Stats(args) => commands::stats::stats(args, style),
        Command::Reveals(args) => commands::reveals::reveals(args, style),
        Command::Doc(args) => commands::doc::doc(args, style),
        Command::Dump(args) => commands::dump::dump(args, style),
        Command::Explain(args) => commands::explain::explain(args),
        Command::Test(args) => commands::test::test(args, style),
        Command::Fmt(args) => commands::fmt::fmt(args, style),
        Command::Lsp => lsp::serve(),
        Command::Calibrate(args) => commands::calibrate::calibrate(args, style),
        Command::Audit(args) => commands::audit::audit(args, style),
        Command::Graph(args) => commands::graph::graph(args, style),
        Command::Inputs(args) => commands::inputs::inputs(args, style),
        Command::New(args) => commands::new::new(args),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man(args) => commands::shell::man(args),
        Command::Study(args) => commands::study::study(args, style),
        Command::Playground(args) => commands::playground::playground(args, style),
        Command::Share(args) => commands::share::share(args, style),
        Command::Contribute(args) => commands::contribute::contribute(args, style),
        Command::Withdraw(args) => commands::contribute::withdraw(args),
        Command::Result(args) => commands::contribute::result(args),
        Command::Release(args) => commands::share::release(args),
        Command::Open(args) => commands::share::open(args),
        Command::Keygen(args) => commands::keygen::keygen(args),
    }
}
