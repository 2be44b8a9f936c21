//! The other end of `smpcc run`'s pipe: a party that is told everything through its standard input.
//!
//! One thread listens to the parent for the whole life of this process. When the pipe closes, whatever else is going on, the
//! process ends: no party computes on for a parent that is gone.

use crate::load::Style;
use crate::local::{FromChild, Job, ToChild, pipe};
use crate::progress::{Bar, Teller};
use crate::{emulate, out};
use smpcc::deployment::party_id;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::limits::Limits;
use smpcc::play::{self, Broken, Party};
use smpcc::stored::shelf;
use smpcc::work::{Built, Work};
use smpcc_runtime::keys::{Certificate, Identity};
use smpcc_runtime::net::tls::{self, Peer};
use smpcc_runtime::net::{self, Mesh, tcp};
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// A child of `smpcc run`: job and inputs, `listening`, `peers`, then `report` or `failed`, one JSON line each.
pub fn child(style: Style) -> Outcome {
    let began = Instant::now();
    let (tell_job, jobs) = channel();
    let (tell_orders, orders) = channel();
    let listening = std::thread::Builder::new().spawn(move || {
        let told = parent(&tell_job, &tell_orders);
        // What is wrong with a job is for this process to say.
        if let Some(failure) = told {
            let _ = tell_job.send(Err(failure));
        } else {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
    });
    listening.map_err(|e| Failure::usage(format!("cannot start a thread: {e}")))?;
    let mut job = jobs.recv().map_err(|_| Failure::interrupted())??;
    let speak = |message: &FromChild| {
        if let Ok(text) = serde_json::to_string(message) {
            out::json(&format!("{text}\n"));
        }
    };
    match listen_and_play(&mut job, &orders, began, style, &speak) {
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

/// Hears the parent out: a job with its inputs, orders, and the end of the pipe. Returns early only with what is wrong.
fn parent(jobs: &Sender<Outcome<Job>>, orders: &Sender<ToChild>) -> Option<Failure> {
    let mut stdin = std::io::stdin().lock();
    let mut line = String::new();
    stdin.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut job: Job = match serde_json::from_str(&line) {
        Ok(job) => job,
        Err(_) => {
            return Some(Failure::usage("`party -` takes its job from `smpcc run`"));
        }
    };
    drop(line);
    let len = usize::try_from(job.program_len).ok()?;
    let mut program = vec![0; len];
    stdin.read_exact(&mut program).ok()?;
    job.program = Arc::new(program);
    pipe::read(&job.columns, &mut job.inputs, &mut stdin).ok()?;
    jobs.send(Ok(job)).ok()?;
    loop {
        let mut line = String::new();
        stdin.read_line(&mut line).ok().filter(|n| *n > 0)?;
        if let Ok(order) = serde_json::from_str(&line) {
            orders.send(order).ok()?;
        }
    }
}

fn listen_and_play(
    job: &mut Job,
    orders: &Receiver<ToChild>,
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
    // The program is read while the other children start.
    let bytes = std::mem::take(&mut job.program).to_vec();
    let built = Built::from_bytes(bytes, job.paths.take());
    let built = built.map_err(|e| here(Failure::bug(e)))?;
    let work = Arc::new(Work::Built(Box::new(built)));
    let seats = work.seats(&job.choices).map_err(here)?;
    let names = play::names(&seats.names);
    let Ok(ToChild::Peers(addresses)) = orders.recv() else {
        return Err(here(Failure::interrupted()));
    };
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
        connect: deadline,
    })
    .map_err(run)?;
    let links = if job.emulate {
        emulate::slow(links, job.choices.options.network).map_err(run)?
    } else {
        links
    };
    let options = net::Options {
        connect: deadline,
        deadline,
        ..net::Options::default()
    };
    let mesh = Mesh::new(links, names, options).map_err(run)?;
    // One party draws for all: they advance together.
    let bar = Bar::new(job.progress && job.me == 0);
    let mut teller = Teller::new(bar, style, job.me, &seats.names, false);
    let party = Party {
        work: work.clone(),
        choices: &job.choices,
        inputs: std::mem::take(&mut job.inputs),
        // The parent has looked at all inputs.
        limits: Limits {
            run: job.run_s.map(Duration::from_secs),
            ..Limits::beside(seats.names.len())
        },
        confirm: play::unasked,
        began,
        trace: job.trace,
    };
    let result = play::play(party, mesh, &mut |event| teller.tell(event));
    teller.bar.clear();
    let mut report = result?;
    shelf::keep(&mut report, &job.choices, job.keep.as_ref()).map_err(here)?;
    Ok(report)
}
