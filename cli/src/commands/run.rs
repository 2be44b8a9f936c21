//! `smpcc run`: all parties on this machine.

use crate::args::{Format, RunArgs};
use crate::files::{self, Kind, Place};
use crate::load::{self, Style};
use crate::local::{Job, pipe};
use crate::{compiled, emulate, local, out, prompt};
use smpcc::choices::Choices;
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::limits::{self, Limits};
use smpcc::play::{self, Broken, Party, PartyReport};
use smpcc::work::{Built, Work};
use smpcc::{lens, pages, report, trace, words};
use smpcc_runtime::keys::Identity;
use smpcc_runtime::net::{self, Mesh, memory};
use smpcc_runtime::party::PartyNames;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs a program and prints who learned what.
pub fn run(args: &RunArgs, style: Style) -> Outcome {
    let began = Instant::now();
    let work = load::work(&args.file, style)?;
    let mut given = given::given(&args.file, args.plan.inputs.as_ref())?;
    let beside = work.take_arguments(given.as_mut())?;
    let n_parties = work.n_parties(args.plan.parties, given.as_ref())?;
    let choices = work.choices(args.plan.asked_beside(beside)?, n_parties)?;
    let seats = work.seats(&choices)?;
    let inputs = match given {
        Some(given) => given.match_parties(&seats)?,
        None if seats.inputs().next().is_none() => {
            vec![PartyInputs::default(); n_parties as usize]
        }
        None => prompt::ask(&seats, &args.file)?,
    };
    if !style.quiet {
        for note in inputs.iter().flat_map(|inputs| &inputs.notes) {
            out::note(&format!("note: {note}"));
        }
    }
    // What does not fit the session is said here, once, before any party exists.
    let lens = lens::lens_of(&inputs);
    lens::check_given(&args.plan.lens, &seats, &lens)?;
    if !style.quiet {
        for line in lens::shown(&lens, &seats.names) {
            out::note(&line);
        }
    }
    let label = |party| words::label(party, &seats.names);
    if let Some(none) = lens::without_rows(&lens, |_| true, &label)
        && !args.yes
    {
        prompt::confirm(&none)?;
    }
    let built = match &work {
        Work::Text { source, hir } => {
            let session = choices.session(hir, lens.clone())?;
            let compiled = compiled::compile(source, hir, &session, &choices, style)?;
            Built::of(compiled.program, source)?
        }
        Work::Built(built) => Built::clone(built),
    };
    let names = seats.names;
    Limits {
        memory: args.memory.map(|m| m.0).or_else(limits::machine_memory),
        ..Limits::NONE
    }
    .check_memory(&built.program, u64::from(n_parties), &lens, &|party| {
        words::label(party, &names)
    })?;
    // Before anybody computes: where nothing can be written, that is said now.
    let report = match &args.report {
        Some(path) => {
            let read = files::read_for(&args.file, work.source(), &args.plan)?;
            Some(Place::open(path, Kind::Report, &read, args.force)?)
        }
        None => None,
    };
    let trace = match &args.trace {
        Some(path) => {
            let read = files::read_for(&args.file, work.source(), &args.plan)?;
            let form = trace_form(path)?;
            Some((Place::open(path, form, &read, args.force)?, form))
        }
        None => None,
    };
    let program = built.program.name.clone();
    let sources = (built.paths.clone()).unwrap_or_else(|| built.program.files.clone());
    let reports = if args.in_process {
        threads(built, &choices, inputs, args)?
    } else {
        processes(&built, &choices, inputs, args, style)?
    };
    let json = report::json(&reports, began.elapsed());
    match args.format {
        Format::Json => out::json(&format!("{json}\n")),
        Format::Human => out::product(&report::human(
            &reports,
            &names,
            began.elapsed(),
            style.quiet,
        )),
    }
    if let Some((place, form)) = trace {
        let text = match form {
            Kind::Page => pages::trace::html(&program, &reports, &names, &sources),
            _ => trace::events(&reports, &names, &sources),
        };
        place.write(text.as_bytes())?;
    }
    match report {
        Some(place) => place.write(format!("{json}\n").as_bytes()),
        None => Ok(()),
    }
}

/// Whether a trace is a page or data for a trace viewer, by its name.
pub fn trace_form(path: &Path) -> Outcome<Kind> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("html") => Ok(Kind::Page),
        Some("json") => Ok(Kind::Trace),
        _ => Err(Failure::usage(format!(
            "`{}`: name a file that ends in .html or .json",
            path.display()
        ))),
    }
}

/// One child process per party, with ephemeral keys and real links.
fn processes(
    built: &Built,
    choices: &Choices,
    inputs: Vec<PartyInputs>,
    args: &RunArgs,
    style: Style,
) -> Outcome<Vec<PartyReport>> {
    let identities: Vec<Identity> = (0..choices.n_parties)
        .map(|i| Identity::ephemeral(&format!("party-{i}")).map_err(play::failure))
        .collect::<Outcome<_>>()?;
    let certificates: Vec<String> = identities
        .iter()
        .map(|i| i.certificate_pem().to_string())
        .collect();
    let jobs: Vec<Job> = (0..choices.n_parties)
        .zip(identities)
        .zip(inputs)
        .map(|((me, identity), inputs)| Job {
            program: built.bytes.clone(),
            program_len: built.bytes.len() as u64,
            paths: built.paths.clone(),
            me,
            choices: choices.clone(),
            columns: pipe::columns(&inputs),
            inputs,
            key: identity.expose_key_pem().to_string(),
            certificates: certificates.clone(),
            deadline_s: args.deadline,
            run_s: args.run_limit,
            emulate: args.emulate,
            progress: out::interactive() && !style.quiet,
            trace: args.trace.is_some(),
        })
        .collect();
    local::run(jobs, style)
}

/// One thread per party, with links in memory.
fn threads(
    built: Built,
    choices: &Choices,
    inputs: Vec<PartyInputs>,
    args: &RunArgs,
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
    let work = Arc::new(Work::Built(Box::new(built)));
    let parties = meshes.into_iter().zip(inputs);
    let results = smpcc_runtime::local::threads(parties, |(mesh, inputs)| {
        let party = Party {
            work: work.clone(),
            choices,
            inputs,
            limits: Limits {
                run: args.run_limit.map(Duration::from_secs),
                ..Limits::beside(names.n_parties())
            },
            // Its parent has looked at all inputs.
            confirm: play::unasked,
            began: Instant::now(),
            trace: args.trace.is_some(),
        };
        play::play(party, mesh, &mut |_| {})
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
        Some(first) => Err(first.failure),
        None => Ok(reports),
    }
}
