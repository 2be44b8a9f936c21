//! `smpcc party`: one party of a deployment, or, as `party -`, a child of `smpcc run`.

use crate::args::{Format, PartyArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::inputs::pipe;
use crate::load::{self, Source, Style};
use crate::local::{FromChild, ToChild};
use crate::plan::{self, Choices, PartyInputs};
use crate::play::{self, Broken, Job, Party};
use crate::progress::Bar;
use crate::{costs, emulate, inputs, out, report, suites};
use serde::Deserialize;
use smpcc_compiler::schema;
use smpcc_compiler::session::Network;
use smpcc_runtime::keys::{Certificate, Identity};
use smpcc_runtime::net::tls::{self, Peer};
use smpcc_runtime::net::{self, Mesh, tcp};
use smpcc_runtime::party::PartyId;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file of a deployment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    program: PathBuf,
    party: PartyKey,
    listen: String,
    key: PathBuf,
    cert: PathBuf,
    #[serde(default)]
    inputs: Option<PathBuf>,
    #[serde(default)]
    suite: Option<String>,
    #[serde(default)]
    threat: Option<String>,
    #[serde(default)]
    threshold: Option<u32>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    objective: Option<String>,
    #[serde(default)]
    network: Option<String>,
    #[serde(default)]
    costs: Option<PathBuf>,
    #[serde(default)]
    deadline_s: Option<u64>,
    #[serde(default)]
    args: BTreeMap<String, toml::Value>,
    #[serde(default)]
    peer: Vec<PeerConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerConfig {
    party: PartyKey,
    address: String,
    cert: PathBuf,
}

/// A party's number or role.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum PartyKey {
    Number(u32),
    Role(String),
}

impl PartyKey {
    fn number(&self, names: &[String]) -> Option<u32> {
        match self {
            Self::Number(n) => Some(*n).filter(|n| (*n as usize) < names.len()),
            Self::Role(role) => names
                .iter()
                .position(|n| n == role)
                .or_else(|| role.parse().ok().filter(|n| *n < names.len()))
                .map(|n| n as u32),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Role(role) => format!("\"{role}\""),
        }
    }
}

/// Plays the party of a configuration file, or a child's job from the pipe.
pub fn party(args: &PartyArgs, style: Style) -> Outcome {
    if args.config == Path::new("-") {
        return child(style);
    }
    let began = Instant::now();
    let shown = args.config.display().to_string();
    let text = std::fs::read_to_string(&args.config)
        .map_err(|e| Failure::usage(format!("cannot read {shown}: {e}")))?;
    let config: Config = toml::from_str(&text)
        .map_err(|e| Failure::usage(format!("{shown}: {}", e.to_string().trim_end())))?;
    let folder = args.config.parent().unwrap_or(Path::new("")).to_path_buf();
    let at = |path: &Path| folder.join(path);

    let source = load::read(&at(&config.program))?;
    let hir = load::check(&source, style)?;
    let n_parties = u32::try_from(config.peer.len() + 1)
        .map_err(|_| Failure::usage(format!("{shown}: too many peers")))?;
    let choices = choices(&config, n_parties, &shown, &folder)?;
    let role_counts = plan::roles(&hir, n_parties)?;
    let names = schema::party_names(&hir, &role_counts);
    let number = |key: &PartyKey| {
        key.number(&names).ok_or_else(|| {
            Failure::usage(format!(
                "{shown}: there is no party {} in a run of {n_parties}",
                key.shown()
            ))
        })
    };
    let me = number(&config.party)?;
    let schema = schema::schema(&hir);
    let inputs = match &config.inputs {
        Some(path) => {
            let path = at(path);
            let tree = inputs::read_file(&path).map_err(Failure::usage)?;
            plan::one_party(
                &schema,
                &role_counts,
                me,
                &tree,
                &path.display().to_string(),
            )?
        }
        None if plan::owned(&schema, &role_counts, me).is_empty() => PartyInputs::default(),
        None => {
            let params: Vec<String> = plan::owned(&schema, &role_counts, me)
                .iter()
                .map(|p| format!("`{}`", p.name))
                .collect();
            return Err(Failure::usage(format!(
                "{shown}: party {me} gives {}: say in which file, inputs = \"…\"",
                params.join(", ")
            )));
        }
    };
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))
    };
    let (key, cert) = (at(&config.key), at(&config.cert));
    let identity = Identity::from_pem(&read(&cert)?, &read(&key)?).map_err(play::failure)?;
    let mut peers = Vec::new();
    let mut seen = vec![me];
    for peer in &config.peer {
        let party = number(&peer.party)?;
        if seen.contains(&party) {
            return Err(Failure::usage(format!(
                "{shown}: party {party} stands twice"
            )));
        }
        seen.push(party);
        let certificate = Certificate::from_pem(read(&at(&peer.cert))?.as_bytes())
            .map_err(|e| Failure::usage(format!("{}: {e}", at(&peer.cert).display())))?;
        peers.push(Peer {
            party: party_id(party),
            certificate,
            address: peer.address.clone(),
        });
    }
    let deadline = Duration::from_secs(config.deadline_s.unwrap_or(60).max(1));
    let listener = tcp::listen(&config.listen).map_err(play::failure)?;
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
        style,
        began,
    };
    let result = play::play(party, mesh, &mut |p| bar.show(p));
    bar.clear();
    let done = result.map_err(|b| b.failure)?;
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

fn party_id(number: u32) -> PartyId {
    PartyId::new(u16::try_from(number).unwrap_or(u16::MAX))
}

fn choices(config: &Config, n_parties: u32, shown: &str, folder: &Path) -> Outcome<Choices> {
    let mut args = BTreeMap::new();
    for (name, value) in &config.args {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(n) => n.to_string(),
            toml::Value::Boolean(b) => b.to_string(),
            toml::Value::Array(_) => value.to_string(),
            toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
                return Err(Failure::usage(format!(
                    "{shown}: argument `{name}` is neither integer, boolean nor text"
                )));
            }
        };
        args.insert(name.clone(), text);
    }
    let choice = |value: &Option<String>| value.clone().unwrap_or_else(|| "auto".into());
    let trust = suites::choose(
        &choice(&config.suite),
        config.threat.as_deref().unwrap_or("semi-honest"),
        config.threshold,
        n_parties,
    )
    .map_err(|f| Failure::usage(format!("{shown}: {}", f.message)))?;
    Ok(Choices {
        n_parties,
        suite: trust.suite,
        threat: trust.threat,
        threshold: trust.threshold,
        args,
        protocol: choice(&config.protocol),
        objective: choice(&config.objective),
        network: match &config.network {
            Some(text) => plan::network(text)?,
            None => (Network::LAN.rtt_us, Network::LAN.mbit_per_s),
        },
        costs: match &config.costs {
            Some(path) => costs::read(&folder.join(path))?,
            None => costs::Table::default(),
        },
        opt: 2,
    })
}

/// A child of `smpcc run`: job and inputs, `listening`, `peers`, then `report` or `failed`, one JSON line each.
fn child(style: Style) -> Outcome {
    let began = Instant::now();
    let mut stdin = std::io::stdin().lock();
    let mut line = String::new();
    let gone = || Failure {
        exit: Exit::Interrupted,
        message: String::new(),
    };
    if stdin.read_line(&mut line).map_err(|_| gone())? == 0 {
        return Err(gone());
    }
    let mut job: Job = serde_json::from_str(&line)
        .map_err(|e| Failure::usage(format!("`party -` takes its job from `smpcc run`: {e}")))?;
    drop(line);
    pipe::read(&job.columns, &mut job.inputs, &mut stdin).map_err(|_| gone())?;
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
            Err(Failure {
                exit: failure.exit,
                message: String::new(),
            })
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
    let role_counts = plan::roles(&hir, job.choices.n_parties).map_err(here)?;
    let names = play::names(&schema::party_names(&hir, &role_counts));
    let mut line = String::new();
    let heard = stdin
        .read_line(&mut line)
        .ok()
        .filter(|n| *n > 0)
        .and_then(|_| serde_json::from_str::<ToChild>(&line).ok());
    let Some(ToChild::Peers(addresses)) = heard else {
        return Err(here(Failure {
            exit: Exit::Interrupted,
            message: String::new(),
        }));
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
        emulate::slow(links, job.choices.network).map_err(run)?
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
        style,
        began,
    };
    let result = play::play(party, mesh, &mut |p| bar.show(p));
    bar.clear();
    result
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
