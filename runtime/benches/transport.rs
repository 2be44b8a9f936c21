//! How fast a session's links are: one stream, both directions at once, small messages back and forth, and setting up.
//!
//! All parties are threads of this process and share its cores, encryption on both ends included.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smpcc_runtime::error::Error;
use smpcc_runtime::keys::Identity;
use smpcc_runtime::net::tls::{Config, Peer};
use smpcc_runtime::net::{Mesh, Options, memory, tcp, tls};
use smpcc_runtime::party::{PartyId, PartyNames};
use smpcc_runtime::session::Session;

const MESSAGE: usize = 1 << 20;

/// One configuration per party of a run on this machine.
fn configs(n_parties: usize) -> Result<Vec<Config>, Error> {
    let mut parties = Vec::new();
    for me in PartyId::all(n_parties) {
        let identity = Identity::ephemeral(&me.to_string())?;
        parties.push((me, identity, tcp::listen("127.0.0.1:0")?));
    }
    let everyone: Vec<Peer> = parties
        .iter()
        .map(|(party, identity, listener)| Peer {
            party: *party,
            certificate: identity.certificate().clone(),
            address: listener
                .local_addr()
                .map_or(String::new(), |a| a.to_string()),
        })
        .collect();
    Ok(parties
        .into_iter()
        .map(|(me, identity, listener)| Config {
            me,
            names: PartyNames::plain(n_parties),
            identity,
            listener,
            peers: everyone.iter().filter(|p| p.party != me).cloned().collect(),
            connect: Duration::from_secs(10),
        })
        .collect())
}

fn connect(config: Config) -> Result<Session, Error> {
    let names = config.names.clone();
    let mesh = Mesh::new(tls::connect(config)?, names, Options::default())?;
    Ok(Session::local(mesh, [1; 32]))
}

fn tls_pair() -> Result<[Session; 2], Error> {
    let mut configs = configs(2)?.into_iter();
    let (Some(a), Some(b)) = (configs.next(), configs.next()) else {
        return Err(Error::bug("two parties"));
    };
    let b = thread::spawn(move || connect(b));
    let a = connect(a)?;
    Ok([a, b.join().map_err(|_| Error::bug("a thread"))??])
}

fn memory_pair() -> Result<[Session; 2], Error> {
    let meshes = memory::meshes(2, &Options::default())?.into_iter();
    let sessions: Vec<_> = meshes.map(|mesh| Session::local(mesh, [1; 32])).collect();
    sessions.try_into().map_err(|_| Error::bug("two parties"))
}

/// What one party does, so many times.
type End = fn(&mut Session, u64) -> Result<(), Error>;

/// Runs the two ends in threads and returns the time the first takes.
fn time(pair: Result<[Session; 2], Error>, ends: [End; 2], n: u64) -> Duration {
    let run = || -> Result<Duration, Error> {
        let [mut a, mut b] = pair?;
        let [first, second] = ends;
        let other = thread::spawn(move || {
            second(&mut b, n)?;
            b.close()
        });
        let started = Instant::now();
        first(&mut a, n)?;
        let time = started.elapsed();
        a.close()?;
        other.join().map_err(|_| Error::bug("a thread"))??;
        Ok(time)
    };
    run().expect("the links of the benchmark work")
}

const A: PartyId = PartyId::new(0);
const B: PartyId = PartyId::new(1);

fn stream_out(session: &mut Session, n: u64) -> Result<(), Error> {
    for step in 0..n {
        session.send(B, step, vec![7; MESSAGE])?;
    }
    session.recv(B, n, 1).map(|_| ())
}

fn stream_in(session: &mut Session, n: u64) -> Result<(), Error> {
    for step in 0..n {
        black_box(session.recv(A, step, MESSAGE)?);
    }
    session.send(A, n, vec![1])
}

fn both_ways(session: &mut Session, n: u64) -> Result<(), Error> {
    let other = if session.me() == A { B } else { A };
    for step in 0..n {
        session.send(other, step, vec![7; MESSAGE])?;
        black_box(session.recv(other, step, MESSAGE)?);
    }
    Ok(())
}

fn ping(session: &mut Session, n: u64) -> Result<(), Error> {
    for step in 0..n {
        session.send(B, step, vec![0; 64])?;
        black_box(session.recv(B, step, 64)?);
    }
    Ok(())
}

fn pong(session: &mut Session, n: u64) -> Result<(), Error> {
    for step in 0..n {
        let payload = session.recv(A, step, 64)?;
        session.send(A, step, payload)?;
    }
    Ok(())
}

fn links(c: &mut Criterion) {
    let mut group = c.benchmark_group("transport");
    group.throughput(Throughput::Bytes(MESSAGE as u64));
    type Pair = fn() -> Result<[Session; 2], Error>;
    let kinds: [(&str, Pair); 2] = [("tls", tls_pair), ("memory", memory_pair)];
    for (kind, pair) in kinds {
        group.bench_function(format!("{kind}, one way, 1 MiB"), |b| {
            b.iter_custom(|n| time(pair(), [stream_out, stream_in], n));
        });
        group.bench_function(format!("{kind}, both ways, 1 MiB"), |b| {
            b.iter_custom(|n| time(pair(), [both_ways, both_ways], n));
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("{kind}, round trip, 64 B"), |b| {
            b.iter_custom(|n| time(pair(), [ping, pong], n));
        });
        group.throughput(Throughput::Bytes(MESSAGE as u64));
    }
    group.finish();
    let mut group = c.benchmark_group("setup");
    group.sample_size(10);
    for n_parties in [3, 5] {
        group.bench_function(
            format!("{n_parties} parties, TLS, connect and close"),
            |b| {
                b.iter_custom(|n| {
                    let mut total = Duration::ZERO;
                    for _ in 0..n {
                        let configs = configs(n_parties).expect("configurations");
                        let started = Instant::now();
                        thread::scope(|scope| {
                            for config in configs {
                                scope.spawn(|| {
                                    connect(config).and_then(Session::close).expect("a session")
                                });
                            }
                        });
                        total += started.elapsed();
                    }
                    total
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, links);
criterion_main!(benches);
