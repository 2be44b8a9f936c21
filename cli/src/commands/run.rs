//! `smpcc run`: all parties on this machine.

mod checked;

use crate::args::{Format, RunArgs};
use crate::files::{self, Kind, Place};
use crate::load::{self, Style};
use crate::local::{Broke, Job, pipe};
use crate::{compiled, emulate, local, out, prompt};
use smpcc::choices::Choices;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::limits::{self, Limits};
use smpcc::play::{self, Broken, Party, PartyReport};
use smpcc::seating::Portion;
use smpcc::stored::portion;
use smpcc::stored::shelf::{self, Keep, Nodes};
use smpcc::stored::{Attempt, MAX_ATTEMPTS, Validity};
use smpcc::work::{Built, Work};
use smpcc::{lens, pages, report, stored, studies, trace, words};
use smpcc_runtime::keys::Identity;
use smpcc_runtime::net::{self, Mesh, memory};
use smpcc_runtime::party::PartyNames;
use smpcc_study::share_file::Header;
use smpcc_study::study::Study;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs a program and prints who learned what. A study whose shares allow it goes on without nodes that are lost: by starting again
/// from the shares.
pub fn run(args: &RunArgs, style: Style) -> Outcome {
    if args.check {
        return checked::run(args, style);
    }
    let work = load::work(&args.file, style)?;
    let study = args.plan.study.as_deref().map(studies::read).transpose()?;
    let portion = args.portion.portion()?;
    let Some(study) = study else {
        if portion != Portion::Whole {
            return Err(Failure::usage("shards are of a study: say --study"));
        }
        return once(args, style, &work, None).map_err(|broke| broke.failure);
    };
    let names = stored::node_names(study.terms());
    let mut attempt = Attempt {
        portion,
        ..Attempt::first(study.terms())
    };
    let mut lost: Vec<Vec<String>> = Vec::new();
    loop {
        let broke = match once(args, style, &work, Some((&study, &attempt, &lost[..]))) {
            Ok(()) => return Ok(()),
            Err(broke) => broke,
        };
        // Only loss is tried again; a check that fails never is.
        if broke.failure.exit != Exit::Network || broke.lost.is_empty() {
            return Err(broke.failure);
        }
        let gone: Vec<u32> = (broke.lost.iter())
            .filter_map(|party| attempt.members.get(*party as usize).copied())
            .collect();
        let next = attempt.without(&gone);
        let who: Vec<String> = (gone.iter())
            .filter_map(|node| names.get(*node as usize).cloned())
            .collect();
        let gone = who.join(" and ");
        if let Err(why) = next.check(study.terms()) {
            let message = format!(
                "{}; {gone} is lost, and {}",
                broke.failure.message, why.message
            );
            return Err(Failure::new(Exit::Network, message));
        }
        out::note(&format!(
            "{gone} is lost: attempt {} of {MAX_ATTEMPTS} starts from the shares of the other {} nodes",
            next.number,
            next.members.len()
        ));
        lost.push(who);
        attempt = next;
    }
}

/// A run of a study: the study, who takes part, and who was lost before.
type Held<'a> = (&'a Study, &'a Attempt, &'a [Vec<String>]);

/// One attempt.
fn once(args: &RunArgs, style: Style, work: &Work, held: Option<Held<'_>>) -> Result<(), Broke> {
    let began = Instant::now();
    let nodes = held
        .map(|(study, attempt, _)| nodes(args, work, study, attempt))
        .transpose()?;
    let mut given = match (&nodes, &args.plan.inputs) {
        // Samples beside the program are those of parties of its roles.
        (Some(_), None) => None,
        (_, inputs) => given::given(&args.file, inputs.as_ref())?,
    };
    let beside = work.take_arguments(given.as_mut())?;
    let mut asked = args.plan.asked_beside(beside)?;
    let n_parties = match &nodes {
        Some(nodes) => {
            stored::as_agreed(nodes.study, &mut asked)?;
            nodes.keeps.len() as u32
        }
        None => work.n_parties(args.plan.parties, given.as_ref())?,
    };
    let mut choices = work.choices(asked, n_parties)?;
    choices.stored = nodes.as_ref().map(|nodes| nodes.stored.clone());
    if let Work::Text { hir, .. } = work {
        portion::opens_nothing(hir, &choices)?;
    }
    let seats = work.seats(&choices)?;
    let mut inputs = match given {
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
    let built = match work {
        Work::Text { source, hir } => {
            let session = choices.session(hir, lens.clone())?;
            let compiled = compiled::compile(source, hir, &session, &choices, style)?;
            Built::of(compiled.program, source)?
        }
        Work::Built(built) => Built::clone(built),
    };
    let names = seats.names;
    let mut keeps = Vec::new();
    let mut looked_at = None;
    if let Some(nodes) = nodes {
        for (inputs, shelf) in inputs.iter_mut().zip(&nodes.shelves) {
            shelf::hold(inputs, shelf, &nodes.places)?;
        }
        keeps = nodes.keeps;
        looked_at = args.held.validate.then_some((nodes.shelves, nodes.places));
    }
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
    if let Some((_, attempt, _)) = held
        && attempt.number > 1
        && play::tells_more(&built.program)
    {
        return Err(Failure::new(Exit::Network, play::DRAWS).into());
    }
    let program = built.program.name.clone();
    let sources = (built.paths.clone()).unwrap_or_else(|| built.program.files.clone());
    let mut reports = if args.in_process {
        threads(built, &choices, inputs, keeps, args)?
    } else {
        processes(&built, &choices, inputs, keeps, (args, style))?
    };
    for report in &mut reports {
        report.lost = held.map_or(Vec::new(), |(_, _, lost)| lost.to_vec());
    }
    let found = looked_at.map(|(shelves, places)| {
        let headers: Vec<&Header> = shelves.iter().take(1).flatten().map(|(h, _)| h).collect();
        Validity::of(&reports, &headers, &places)
    });
    let json = report::json(&reports, found.as_ref(), began.elapsed());
    match args.format {
        Format::Json => out::json(&format!("{json}\n")),
        Format::Human => out::product(&match found {
            Some(found) => found.human(),
            None => report::human(&reports, &names, began.elapsed(), style.quiet),
        }),
    }
    if let Some((place, form)) = trace {
        let text = match form {
            Kind::Page => pages::trace::html(&program, &reports, &names, &sources),
            _ => trace::events(&reports, &names, &sources),
        };
        place.write(text.as_bytes())?;
    }
    match report {
        Some(place) => Ok(place.write(format!("{json}\n").as_bytes())?),
        None => Ok(()),
    }
}

/// What the nodes of a study hold that take part.
fn nodes<'a>(
    args: &RunArgs,
    work: &Work,
    study: &'a Study,
    attempt: &Attempt,
) -> Outcome<Nodes<'a>> {
    let held = &args.held;
    let (Some(shares), Some(keys)) = (&held.shares, &held.keys) else {
        return Err(Failure::usage("a study needs --shares and --keys"));
    };
    let Work::Text { source, hir } = work else {
        return Err(Failure::usage(
            "name the text of the program, by which the study knows it",
        ));
    };
    stored::is_program_of(source, study)?;
    let mut nodes = Nodes::read(study, hir, shares, keys, held.keep.as_deref(), attempt)?;
    nodes.stored.seating.validity = held.validate;
    Ok(nodes)
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
    keeps: Vec<Keep>,
    (args, style): (&RunArgs, Style),
) -> Result<Vec<PartyReport>, Broke> {
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
            keep: keeps.get(me as usize).cloned(),
        })
        .collect();
    local::run(jobs, style)
}

/// One thread per party, with links in memory.
fn threads(
    built: Built,
    choices: &Choices,
    inputs: Vec<PartyInputs>,
    keeps: Vec<Keep>,
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
        let mut report = play::play(party, mesh, &mut |_| {})?;
        let keep = keeps.get(report.party as usize);
        shelf::keep(&mut report, choices, keep).map_err(|failure| Broken {
            failure,
            distance: 0,
        })?;
        Ok(report)
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
