//! The other end of `smpcc run`'s pipe: a party that is told everything through its standard input.

use crate::load::{self, Style};
use crate::local::{FromChild, Job, ToChild, pipe};
use crate::progress::Bar;
use crate::{emulate, out};
use smpcc::choices;
use smpcc::deployment::party_id;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::play::{self, Broken, Party};
use smpcc::source::Source;
use smpcc_compiler::schema;
use smpcc_runtime::keys::{Certificate, Identity};
use smpcc_runtime::net::tls::{self, Peer};
use smpcc_runtime::net::{self, Mesh, tcp};
use std::io::BufRead;
use std::time::{Duration, Instant};

/// A child of `smpcc run`: job and inputs, `listening`, `peers`, then `report` or `failed`, one JSON line each.
pub fn child(style: Style) -> Outcome {
    let began = Instant::now();
    let mut stdin = std::io::stdin().lock();
    let mut line = String::new();
    let gone = |_| Failure::interrupted();
    if stdin.read_line(&mut line).map_err(gone)? == 0 {
        return Err(Failure::interrupted());
    }
    let mut job: Job = serde_json::from_str(&line)
        .map_err(|e| Failure::usage(format!("`party -` takes its job from `smpcc run`: {e}")))?;
    drop(line);
    pipe::read(&job.columns, &mut job.inputs, &mut stdin).map_err(gone)?;
    let speak = |message: &FromChild| {
        if let Ok(text) = serde_json::to_string(message) {
            out::product(&format!("{text}\n"));
        }
    };
    let played = listen_and_play(&mut job, &mut stdin, began, style, &speak);
    match played {
        Ok(report) => {
            speak(&FromChild::Report(Box::new(report)));
            Ok(())
        }
        Err(Broken { failure, distance }) => {
            speak(&FromChild::Failed {
                exit: failure.exit as u8,
                message: failure.message,
                distance,
            });
            Err(Failure::new(failure.exit, ""))
        }
    }
}

fn listen_and_play(
    job: &mut Job,
    stdin: &mut impl BufRead,
    began: Instant,
    style: Style,
    speak: &dyn Fn(&FromChild),
) -> Result<play::PartyReport, Broken> {
    let here = |failure: Failure| Broken {
        failure,
        distance: 0,
    };
    let run = |e: smpcc_runtime::error::Error| Broken {
        distance: play::distance(&e),
        failure: play::failure(e),
    };
    let listener = tcp::listen("127.0.0.1:0").map_err(run)?;
    let address = listener
        .local_addr()
        .map_err(|e| here(Failure::usage(format!("no port on this machine: {e}"))))?;
    speak(&FromChild::Listening(address.to_string()));
    // The front end runs while the other children start.
    let source = Source::from_files(job.files.clone());
    let quiet = Style {
        quiet: true,
        ..style
    };
    let hir = load::check(&source, quiet).map_err(here)?;
    let role_counts = choices::roles(&hir, job.choices.n_parties).map_err(here)?;
    let names = play::names(&schema::party_names(&hir, &role_counts));
    let mut line = String::new();
    let heard = stdin
        .read_line(&mut line)
        .ok()
        .filter(|n| *n > 0)
        .and_then(|_| serde_json::from_str::<ToChild>(&line).ok());
    let Some(ToChild::Peers(addresses)) = heard else {
        return Err(here(Failure::interrupted()));
    };
    end_with_the_parent();
    let identity = match job.certificates.get(job.me as usize) {
        Some(certificate) => Identity::from_pem(certificate, &job.key).map_err(run)?,
        None => {
            return Err(here(Failure::usage(
                "the job has no certificate for this party",
            )));
        }
    };
    let mut peers = Vec::new();
    for (party, (certificate, address)) in (0u32..).zip(job.certificates.iter().zip(addresses)) {
        if party != job.me {
            let certificate = Certificate::from_pem(certificate.as_bytes()).map_err(run)?;
            peers.push(Peer {
                party: party_id(party),
                certificate,
                address,
            });
        }
    }
    let deadline = Duration::from_secs(job.deadline_s);
    let links = tls::connect(tls::Config {
        me: party_id(job.me),
        names: names.clone(),
        identity,
        listener,
        peers,
        deadline,
    })
    .map_err(run)?;
    let links = if job.emulate {
        emulate::slow(links, job.choices.options.network).map_err(run)?
    } else {
        links
    };
    let options = net::Options {
        deadline,
        ..net::Options::default()
    };
    let mesh = Mesh::new(links, names, options).map_err(run)?;
    // One party draws for all: they advance together.
    let mut bar = Bar::new(job.progress && job.me == 0);
    let party = Party {
        source: &source,
        hir: &hir,
        choices: &job.choices,
        inputs: std::mem::take(&mut job.inputs),
        began,
    };
    let result = play::play(party, mesh, &mut |p| bar.show(p));
    bar.clear();
    result.map_err(|broken| Broken {
        failure: load::shown(&source, broken.failure, style),
        ..broken
    })
}

/// Ends this process when the parent's end of the pipe closes, so that no child is left behind.
fn end_with_the_parent() {
    std::thread::spawn(|| {
        let mut rest = String::new();
        // Blocks until the parent closes the pipe or dies.
        while std::io::stdin()
            .lock()
            .read_line(&mut rest)
            .is_ok_and(|n| n > 0)
        {
            rest.clear();
        }
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
}
