//! `smpcc run`: all parties on this machine.

use crate::args::{Format, RunArgs};
use crate::load::{self, Style};
use crate::local::{Job, pipe};
use crate::{emulate, local, out, prompt};
use smpcc::choices::{self, Choices};
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::play::{self, Broken, Party, PartyReport};
use smpcc::source::{self, Source};
use smpcc::{lens, report};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline;
use smpcc_compiler::schema;
use smpcc_runtime::keys::Identity;
use smpcc_runtime::net::{self, Mesh, memory};
use smpcc_runtime::party::PartyNames;
use std::time::{Duration, Instant};

/// Runs a program and prints who learned what.
pub fn run(args: &RunArgs, style: Style, verbose: u8) -> Outcome {
    let began = Instant::now();
    let source = source::read(&args.file)?;
    let hir = load::check(&source, style)?;
    let Some(main) = &hir.main else {
        return Err(Failure::program(format!(
            "{} has no `main` to run",
            args.file.display()
        )));
    };
    let given = given::given(&args.file, args.plan.inputs.as_ref())?;
    let n_parties = given::n_parties(&hir, args.plan.parties, given.as_ref())?;
    let choices = Choices::new(args.plan.asked()?, n_parties)?;
    let role_counts = choices::roles(&hir, n_parties)?;
    let inputs = match given {
        Some(given) => given.match_parties(&hir, &role_counts)?,
        None if main
            .params
            .iter()
            .all(|p| p.source == smpcc_compiler::hir::ParamSource::Argument) =>
        {
            vec![PartyInputs::default(); n_parties as usize]
        }
        None => prompt::ask(&hir, &role_counts, &args.file)?,
    };
    // What does not fit the session is said here, once, before any party exists.
    let session = choices.session(&hir, lens::lens_of(&inputs))?;
    pipeline::compile(
        &hir,
        &source.files,
        &source.name(),
        &session,
        &choices.options,
        &mut |_, _| {},
    )
    .map_err(|diagnostics| load::failed(&source, diagnostics, style))?;
    let reports = if args.in_process {
        threads(&source, &hir, &choices, inputs, args, style)?
    } else {
        processes(&source, &choices, inputs, args, style, verbose)?
    };
    let names = schema::party_names(&hir, &role_counts);
    let json = report::json(&reports, began.elapsed());
    if let Some(path) = &args.report {
        std::fs::write(path, format!("{json}\n"))
            .map_err(|e| Failure::usage(format!("cannot write {}: {e}", path.display())))?;
    }
    match args.format {
        Format::Json => out::product(&format!("{json}\n")),
        Format::Human => out::product(&report::human(
            &reports,
            &names,
            began.elapsed(),
            style.quiet,
        )),
    }
    Ok(())
}

/// One child process per party, with ephemeral keys and real links.
fn processes(
    source: &Source,
    choices: &Choices,
    inputs: Vec<PartyInputs>,
    args: &RunArgs,
    style: Style,
    verbose: u8,
) -> Outcome<Vec<PartyReport>> {
    let identities: Vec<Identity> = (0..choices.n_parties)
        .map(|i| Identity::ephemeral(&format!("party-{i}")).map_err(play::failure))
        .collect::<Outcome<_>>()?;
    let certificates: Vec<String> = identities
        .iter()
        .map(|i| i.certificate_pem().to_string())
        .collect();
    let files = source.own_files();
    let jobs: Vec<Job> = (0..choices.n_parties)
        .zip(identities)
        .zip(inputs)
        .map(|((me, identity), inputs)| Job {
            files: files.clone(),
            me,
            choices: choices.clone(),
            columns: pipe::columns(&inputs),
            inputs,
            key: identity.expose_key_pem().to_string(),
            certificates: certificates.clone(),
            deadline_s: args.deadline,
            emulate: args.emulate,
            progress: out::interactive() && !style.quiet,
        })
        .collect();
    local::run(jobs, verbose)
}

/// One thread per party, with links in memory.
fn threads(
    source: &Source,
    hir: &Hir,
    choices: &Choices,
    inputs: Vec<PartyInputs>,
    args: &RunArgs,
    style: Style,
) -> Outcome<Vec<PartyReport>> {
    let options = net::Options {
        deadline: Duration::from_secs(args.deadline),
        ..net::Options::default()
    };
    let names = PartyNames::plain(inputs.len());
    let meshes = memory::links(inputs.len())
        .map_err(play::failure)?
        .into_iter()
        .map(|links| {
            let links = if args.emulate {
                emulate::slow(links, choices.options.network)?
            } else {
                links
            };
            Mesh::new(links, names.clone(), options.clone())
        })
        .collect::<Result<Vec<Mesh>, _>>()
        .map_err(play::failure)?;
    let results: Vec<Result<PartyReport, Broken>> = std::thread::scope(|scope| {
        let threads: Vec<_> = meshes
            .into_iter()
            .zip(inputs)
            .map(|(mesh, inputs)| {
                let party = Party {
                    source,
                    hir,
                    choices,
                    inputs,
                    began: Instant::now(),
                };
                scope.spawn(move || play::play(party, mesh, &mut |_| {}))
            })
            .collect();
        threads
            .into_iter()
            .map(|t| {
                t.join().unwrap_or_else(|_| {
                    Err(Broken {
                        failure: Failure::bug("a party's thread ended"),
                        distance: 0,
                    })
                })
            })
            .collect()
    });
    let mut reports = Vec::new();
    let mut broken: Vec<Broken> = Vec::new();
    for result in results {
        match result {
            Ok(report) => reports.push(report),
            Err(b) => broken.push(b),
        }
    }
    broken.sort_by_key(|b| b.distance);
    match broken.into_iter().next() {
        Some(first) => Err(load::shown(source, first.failure, style)),
        None => Ok(reports),
    }
}
