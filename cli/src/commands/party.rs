//! `smpcc party`: one party of a deployment, or, as `party -`, a child of `smpcc run`.

use crate::args::{Format, PartyArgs};
use crate::commands::run::trace_form;
use crate::files::{Kind, Place};
use crate::load::{self, Style};
use crate::progress::{Bar, Teller};
use crate::{child, out, prompt};
use smpcc::deployment::{Deployment, party_id};
use smpcc::exit::Outcome;
use smpcc::play::{self, Party};
use smpcc::stored::{Validity, portion, shelf};
use smpcc::words::label;
use smpcc::work::Work;
use smpcc::{lens, pages, report, trace};
use smpcc_runtime::net::{self, Mesh, tcp, tls};
use smpcc_study::share_file::Header;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Plays the party of a configuration file, or a child's job from the pipe.
pub fn party(args: &PartyArgs, style: Style) -> Outcome {
    if args.config == Path::new("-") {
        return child::child(style);
    }
    let began = Instant::now();
    let deployment = Deployment::read(&args.config)?.of(args.portion.portion()?)?;
    let work = Arc::new(load::work(&deployment.program(), style)?);
    let mut own_shares = deployment.own(&work, args.attempt, &args.without)?;
    if let Some(own) = &mut own_shares {
        own.stored.seating.validity = args.validate;
    }
    let choices = deployment.choices(&work, own_shares.as_ref())?;
    if let Work::Text { hir, .. } = &*work {
        portion::opens_nothing(hir, &choices)?;
    }
    let seats = work.seats(&choices)?;
    let names = &seats.names;
    let me = deployment.me(names)?;
    deployment.check_arguments(&work, &choices)?;
    let mut inputs = deployment.inputs(&seats, me)?;
    if !style.quiet {
        for note in &inputs.notes {
            out::note(&format!("note: {note}"));
        }
    }
    let confirm = if args.yes {
        play::unasked
    } else {
        prompt::confirm
    };
    let own = lens::lens_of_one(me, &inputs);
    if let Some(none) = lens::without_rows(&own, |_| true, &|party| label(party, names)) {
        confirm(&none)?;
    }
    if let Some(own) = &own_shares {
        own.note_members()?;
        shelf::hold(&mut inputs, &own.shelf, &own.places)?;
    }
    let mut limits = deployment.limits()?;
    limits.memory = args.memory.map(|m| m.0).or(limits.memory);
    let identity = deployment.identity()?;
    let peers = deployment.peers(names, me, &args.without)?;
    // Before anybody is connected to: where nothing can be written, that is said now.
    let report_file = match &args.report {
        Some(path) => {
            let mut read = deployment.files();
            read.extend(work.source().iter().flat_map(|source| source.read.clone()));
            Some(Place::open(path, Kind::Report, &read, args.force)?)
        }
        None => None,
    };
    let trace_file = match &args.trace {
        Some(path) => {
            let mut read = deployment.files();
            read.extend(work.source().iter().flat_map(|source| source.read.clone()));
            let form = trace_form(path)?;
            Some((Place::open(path, form, &read, args.force)?, form))
        }
        None => None,
    };
    let connect = deployment.connect();
    for caution in deployment.cautions(&identity, &peers) {
        out::note(&format!("warning: {caution}"));
    }
    let listener = tcp::listen(deployment.listen()).map_err(play::failure)?;
    if !style.quiet {
        out::note(&format!(
            "party {me} waits for {} others, up to {} s",
            peers.len(),
            connect.as_secs()
        ));
    }
    let links = tls::connect(tls::Config {
        me: party_id(me),
        names: play::names(names),
        identity,
        listener,
        peers,
        connect,
    })
    .map_err(play::failure)?;
    let options = net::Options {
        connect,
        deadline: deployment.deadline(),
        ..net::Options::default()
    };
    let mesh = Mesh::new(links, play::names(names), options).map_err(play::failure)?;
    let mut teller = Teller::new(Bar::new(!style.quiet), style, me, names, true);
    let party = Party {
        work: work.clone(),
        choices: &choices,
        inputs,
        limits,
        confirm,
        began,
        trace: trace_file.is_some(),
    };
    let result = play::play(party, mesh, &mut |event| teller.tell(event));
    teller.bar.clear();
    let mut done = result.map_err(|b| load::shown_of(&work, b.failure, style))?;
    let keep = own_shares.as_ref().map(|own| &own.keep);
    shelf::keep(&mut done, &choices, keep)?;
    let looked_at = own_shares.as_ref().filter(|_| args.validate);
    let found = looked_at.map(|own| {
        let headers: Vec<&Header> = own.shelf.iter().map(|(header, _)| header).collect();
        Validity::of(std::slice::from_ref(&done), &headers, &own.places)
    });
    let json = report::json_of_one(&done, found.as_ref(), names.len(), began.elapsed());
    if let Some((place, form)) = trace_file {
        let files = work.paths().unwrap_or_default();
        let reports = std::slice::from_ref(&done);
        let text = match form {
            Kind::Page => pages::trace::html(&work.name(), reports, names, &files),
            _ => trace::events(reports, names, &files),
        };
        place.write(text.as_bytes())?;
    }
    match args.format {
        Format::Json => out::json(&format!("{json}\n")),
        Format::Human => out::product(&match found {
            Some(found) => found.human(),
            None => report::human(&[done], names, began.elapsed(), style.quiet),
        }),
    }
    match report_file {
        Some(place) => place.write(format!("{json}\n").as_bytes()),
        None => Ok(()),
    }
}
