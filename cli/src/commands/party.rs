//! `smpcc party`: one party of a deployment, or, as `party -`, a child of `smpcc run`.

use crate::args::{Format, PartyArgs};
use crate::load::{self, Style};
use crate::progress::Bar;
use crate::{child, out};
use smpcc::choices;
use smpcc::deployment::{Deployment, party_id};
use smpcc::exit::{Failure, Outcome};
use smpcc::play::{self, Party};
use smpcc::{report, source};
use smpcc_compiler::schema;
use smpcc_runtime::net::{self, Mesh, tcp, tls};
use std::path::Path;
use std::time::Instant;

/// Plays the party of a configuration file, or a child's job from the pipe.
pub fn party(args: &PartyArgs, style: Style) -> Outcome {
    if args.config == Path::new("-") {
        return child::child(style);
    }
    let began = Instant::now();
    let deployment = Deployment::read(&args.config)?;
    let source = source::read(&deployment.program())?;
    let hir = load::check(&source, style)?;
    let choices = deployment.choices()?;
    let role_counts = choices::roles(&hir, choices.n_parties)?;
    let names = schema::party_names(&hir, &role_counts);
    let me = deployment.me(&names)?;
    let inputs = deployment.inputs(&schema::schema(&hir), &role_counts, me)?;
    let identity = deployment.identity()?;
    let peers = deployment.peers(&names, me)?;
    let deadline = deployment.deadline();
    let listener = tcp::listen(deployment.listen()).map_err(play::failure)?;
    if !style.quiet {
        out::note(&format!(
            "party {me} waits for {} others, up to {} s",
            peers.len(),
            deadline.as_secs()
        ));
    }
    let links = tls::connect(tls::Config {
        me: party_id(me),
        names: play::names(&names),
        identity,
        listener,
        peers,
        deadline,
    })
    .map_err(play::failure)?;
    let options = net::Options {
        deadline,
        ..net::Options::default()
    };
    let mesh = Mesh::new(links, play::names(&names), options).map_err(play::failure)?;
    let mut bar = Bar::new(!style.quiet);
    let party = Party {
        source: &source,
        hir: &hir,
        choices: &choices,
        inputs,
        began,
    };
    let result = play::play(party, mesh, &mut |p| bar.show(p));
    bar.clear();
    let done = result.map_err(|b| load::shown(&source, b.failure, style))?;
    let json = report::json_of_one(&done, names.len(), began.elapsed());
    if let Some(path) = &args.report {
        std::fs::write(path, format!("{json}\n"))
            .map_err(|e| Failure::usage(format!("cannot write {}: {e}", path.display())))?;
    }
    match args.format {
        Format::Json => out::product(&format!("{json}\n")),
        Format::Human => out::product(&report::human(
            &[done],
            &names,
            began.elapsed(),
            style.quiet,
        )),
    }
    Ok(())
}
