//! `smpcc completions` and `smpcc man`: what shells and `man` know of the command line, made from the options themselves.

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::files::{self, Kind};
use crate::out;
use clap::CommandFactory;
use smpcc::exit::{Failure, Outcome};

/// Prints the completions of a shell.
pub fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "smpcc", &mut script);
    let script = String::from_utf8(script).map_err(Failure::bug)?;
    out::product(&script);
    Ok(())
}

/// Writes a page for the command and for each verb.
pub fn man(args: &ManArgs) -> Outcome {
    let shown = args.folder.display();
    std::fs::create_dir_all(&args.folder)
        .map_err(|e| Failure::usage(format!("cannot make {shown}: {e}")))?;
    let mut command = Cli::command();
    command.build();
    let verbs = command.get_subcommands().filter(|v| !v.is_hide_set());
    for page in std::iter::once(&command).chain(verbs) {
        let name = match page.get_name() {
            "smpcc" => "smpcc".to_owned(),
            verb => format!("smpcc-{verb}"),
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(page.clone())
            .title(name.clone())
            .render(&mut text)
            .map_err(Failure::bug)?;
        let path = args.folder.join(format!("{name}.1"));
        files::write(&path, Kind::Man, &[], args.force, &text)?;
    }
    Ok(())
}
