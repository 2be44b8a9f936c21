//! The `smpcc-node` binary: serves studies, and verifies logs.

use clap::{Args, Parser, Subcommand};
use smpcc_circuit::sorted::SortedMap;
use smpcc_node::config::{self, Config};
use smpcc_node::metrics::Metrics;
use smpcc_node::office::Office;
use smpcc_node::peers::{Peers, Waits};
use smpcc_node::routes::{self, Desk};
use smpcc_node::run::{Tools, folder};
use smpcc_node::steward::{Phase, Steward};
use smpcc_node::{Error, hosted, server};
use smpcc_runtime::cores;
use smpcc_study::log::{self, Head};
use smpcc_study::seal::SealingKey;
use smpcc_study::signature::{SigningKey, SigningPublic};
use smpcc_study::study::Time;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Threads that answer requests.
const THREADS: usize = 2;

/// Contributions that are looked at and written at once.
const HANDS: usize = 8;

/// A node of studies: takes contributions, keeps shares, computes with the other nodes, hands out results.
#[derive(Parser)]
#[command(
    name = "smpcc-node",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the studies of a configuration until a signal to stop comes
    #[command(after_help = "\
Examples:
  smpcc-node serve node.toml")]
    Serve(Serve),
    /// What happened here
    Log(Log),
}

#[derive(Args)]
struct Serve {
    /// The node's file (TOML)
    config: PathBuf,
}

#[derive(Args)]
struct Log {
    #[command(subcommand)]
    command: LogVerb,
}

#[derive(Subcommand)]
enum LogVerb {
    /// Hold a log to the heads that others have of it: in receipts, and in what nodes signed for each other
    #[command(after_help = "\
Examples:
  smpcc-node log verify audit.log --node smpcc-sign-v1:… --heads receipts/*.receipt")]
    Verify(Verify),
}

#[derive(Args)]
struct Verify {
    /// The log
    log: PathBuf,
    /// The node's public key to sign with, as the study has it
    #[arg(long, value_name = "KEY")]
    node: String,
    /// Files with heads that somebody else holds
    #[arg(long, value_name = "FILE", num_args = 1..)]
    heads: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Verb::Serve(args) => serve(&args),
        Verb::Log(Log {
            command: LogVerb::Verify(args),
        }) => verify(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("error: {e}"));
            ExitCode::from(2)
        }
    }
}

/// A line for the operator's log.
fn say(text: &str) {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn serve(args: &Serve) -> Result<(), Error> {
    // Before there is anything secret in memory.
    cores::forbid().map_err(|e| Error::Machine(e.to_string()))?;
    let config = Config::read(&args.config)?;
    let hosted = hosted::read(&config)?;
    for (id, hosted) in &hosted {
        say(&format!(
            "study {} sha256:{id}, as node {}",
            hosted.study.terms().name,
            hosted.name()
        ));
    }
    // Said now, and not when a study has closed after weeks.
    let computes = Command::new(&config.smpcc).arg("--version").output();
    if !computes.is_ok_and(|done| done.status.success()) {
        say(&format!(
            "warning: `{}` cannot be started, and no study can run without it: `smpcc = …` in {} says where it is",
            config.smpcc.display(),
            args.config.display()
        ));
    }
    let metrics = Arc::new(Metrics::default());
    let again = |key: &SigningKey| SigningKey::from_text(&key.to_text());
    let seal = SealingKey::from_text(&config.seal.to_text())?;
    let sign = again(&config.sign)?;
    let tools = Tools::of(&config);
    let (office, keeper) = Office::open(&config.data, hosted, sign, config.seal, metrics.clone())?;
    let (told, stop) = watch::channel(false);
    let steward = Steward {
        peers: Peers {
            office: office.clone(),
            sign: config.sign,
            waits: Waits::default(),
        },
        tools,
        stopped: Box::new({
            let stop = stop.clone();
            move || *stop.borrow()
        }),
    };
    let tick = Duration::from_secs(config.tick_s);
    let watching = std::thread::spawn({
        let stop = stop.clone();
        move || look_after(&steward, tick, &stop)
    });
    let desk = Arc::new(Desk {
        office,
        seal,
        metrics: metrics.clone(),
        hands: Semaphore::new(HANDS),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(HANDS)
        .enable_all()
        .build()
        .map_err(|e| Error::machine("threads", e))?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(&config.listen)
            .await
            .map_err(|e| Error::machine(&format!("listening at {}", config.listen), e))?;
        let at = listener
            .local_addr()
            .map_err(|e| Error::machine("listening", e))?;
        say(&format!("listening at {at}"));
        tokio::spawn(async move {
            signalled().await;
            let _ = told.send(true);
        });
        let router = routes::router(desk);
        server::serve(
            listener,
            &config.identity,
            router,
            metrics,
            config.max_connections,
            stop,
        )
        .await
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    let _ = watching.join();
    // Nobody can ask any more: the keeper ends what it has.
    let _ = keeper.join();
    say("stopped");
    served
}

/// Until the operator or the system wants the node to stop.
async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Looks after all studies until the node stops, and says what changes.
fn look_after(steward: &Steward, tick: Duration, stop: &watch::Receiver<bool>) {
    let mut last: SortedMap<_, Result<Phase, Error>> = SortedMap::new();
    while !*stop.borrow() {
        for (id, hosted) in steward.peers.office.hosted.iter() {
            let time = Time::now();
            let now = steward
                .trusts_clock(id, time)
                .and_then(|()| steward.look(id, time));
            if last.get(id) != Some(&now) {
                let name = &hosted.study.terms().name;
                say(&match &now {
                    Ok(Phase::Open) => format!("study {name}: open"),
                    Ok(Phase::Waiting(who)) => {
                        format!("study {name}: waiting for {}", who.join(", "))
                    }
                    Ok(Phase::Agreed(1)) => {
                        format!(
                            "study {name}: one contribution takes part, as all nodes have signed"
                        )
                    }
                    Ok(Phase::Agreed(n)) => format!(
                        "study {name}: {n} contributions take part, as all nodes have signed"
                    ),
                    Ok(Phase::Done(1)) => {
                        format!(
                            "study {name}: its run has ended well, and no other one was agreed on"
                        )
                    }
                    Ok(Phase::Done(n)) => {
                        format!("study {name}: {n} runs have ended well, as many as were agreed on")
                    }
                    Ok(Phase::Without(run)) => {
                        format!("study {name}: the others run, as run {run}, without this node")
                    }
                    Ok(Phase::Failed(run, exit)) => format!(
                        "study {name}: run {run} ended with status {exit}, and is not tried again without people: see {}",
                        folder(&steward.peers.office, id, *run)
                            .join("messages.txt")
                            .display()
                    ),
                    Ok(Phase::TooFew(role, 1)) => {
                        format!(
                            "study {name}: one contribution as `{role}` is too few, nothing runs"
                        )
                    }
                    Ok(Phase::TooFew(role, n)) => {
                        format!(
                            "study {name}: {n} contributions as `{role}` are too few, nothing runs"
                        )
                    }
                    Ok(Phase::Over) => format!("study {name}: over, its contributions are deleted"),
                    Err(e) => format!("study {name}: {e}"),
                });
                last.insert(*id, now);
            }
        }
        let mut left = tick;
        while !*stop.borrow() && left > Duration::ZERO {
            let nap = left.min(Duration::from_millis(200));
            std::thread::sleep(nap);
            left -= nap;
        }
    }
}

fn verify(args: &Verify) -> Result<(), Error> {
    let key: SigningPublic = args.node.parse()?;
    let mut heads: Vec<Head> = Vec::new();
    let mut others = 0;
    for path in &args.heads {
        let text = config::read(path)?;
        for head in text.lines().filter_map(|line| line.strip_prefix("head ")) {
            let head: Head = head.parse()?;
            match head.check(&key) {
                Ok(()) => heads.push(head),
                Err(_) => others += 1,
            }
        }
    }
    let file = std::fs::File::open(&args.log)
        .map_err(|e| Error::Refused(format!("cannot read {}: {e}", args.log.display())))?;
    let found = log::verify(BufReader::with_capacity(1 << 20, file), &key, &heads)?;
    let mut text = format!(
        "{} lines, each chained to the one before\n",
        found.chain.length()
    );
    text += &match found.vouched {
        Some(n) if n == found.chain.length() => format!(
            "all of them are as they were when the newest of {} heads was given away\n",
            heads.len()
        ),
        Some(n) => format!(
            "the first {n} are as they were when the newest of {} heads was given away; whether the node rewrote or cut what came after cannot be seen\n",
            heads.len()
        ),
        None => {
            "nobody else's head was given: whether the node rewrote or cut the log cannot be seen\n"
                .to_owned()
        }
    };
    if others > 0 {
        text += &format!("{others} heads are of other nodes, or forged, and were left aside\n");
    }
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}
