//! What benches of suites have in common: a program that repeats one operation, and a run of it by all parties on this machine.
//!
//! Parties are threads, links are TLS 1.3 over the loopback device, as between processes. Time is from a run's setup to its
//! last operation at the slowest party, inputs and outputs included; connecting and agreeing are not.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::builder::Builder as ProgramBuilder;
use smpcc_circuit::program::{Domain, Op, Program, Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::template::{Builder, Lit, Template};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};
use smpcc_circuit::verify::{Verified, verify};
use smpcc_runtime::engine::run;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::keys::Identity;
use smpcc_runtime::net::{Mesh, Options, tcp, tls};
use smpcc_runtime::party::{PartyId, PartyNames};
use smpcc_runtime::session::Session;

const U64: Scalar = Scalar::unsigned(64);

/// A program that repeats one operation on a vector from party 0 and opens one lane at the end.
pub struct Repeated {
    /// The program.
    pub program: Program,
    /// Operations in one run.
    pub operations: u64,
}

impl Repeated {
    /// The same where a corrupt party may send what it likes.
    #[must_use]
    pub fn malicious(mut self) -> Self {
        self.program.threat = Threat::Malicious;
        self
    }
}

/// `x ← op(x, x)` over `lanes` lanes, `turns` times, converted before and after if garbled: products, or calls of `template`.
pub fn repeated(
    (suite, n_parties): (Suite, u32),
    domain: Domain,
    lanes: u64,
    turns: u64,
    template: Option<Template>,
) -> Repeated {
    let per_lane = template.as_ref().map_or(1, Template::n_and);
    let shared = match domain {
        Domain::Yao => Domain::Boolean,
        other => other,
    };
    let threshold = *suite.thresholds(n_parties).end();
    let mut b = ProgramBuilder::new(suite, n_parties, threshold);
    let op = match template {
        Some(template) => Op::Call(b.template(template)),
        None => Op::Mul,
    };
    let mut at = b.input(0, shared, U64, lanes);
    if domain == Domain::Yao {
        at = b.op(Op::BooleanToYao, &[at], domain, U64, lanes);
    }
    let counter = b.value(Domain::Public, U64, 1);
    let carried = b.value(domain, U64, lanes);
    let body = b.open(&[counter, carried]);
    let next = b.op(op, &[carried, carried], domain, U64, lanes);
    b.close(&[next]);
    let mut end = b.value(domain, U64, lanes);
    let count = Some(turns);
    b.node(Op::Loop { count, body }, &[at], &[end]);
    if domain == Domain::Yao {
        end = b.op(Op::YaoToBoolean, &[end], shared, U64, lanes);
    }
    let index = b.constant(U64, ConstVec::scalar(0));
    let one = b.op(Op::Gather { block: 1 }, &[end, index], shared, U64, 1);
    let all: Vec<u32> = (0..n_parties).collect();
    b.output(one, &all);
    Repeated {
        program: b.program,
        operations: lanes * turns * per_lane,
    }
}

/// Eight levels of 64 ANDs each: bit `i` of a level and bit `63 − i` of the other operand, rotated.
pub fn and_template() -> Template {
    let mut b = Builder::new(&[64, 64]);
    let (mut x, y) = (b.input(0), b.input(1));
    for level in 0..8 {
        let other: Vec<Lit> = (0..64).map(|i| y[(63 - i + level) % 64]).collect();
        x = x.iter().zip(other).map(|(&x, y)| !b.and(x, !y)).collect();
    }
    b.finish("and", vec![x])
}

/// Whether the low 32 bits are below those of the other operand turned by one: by halves, in six levels. It takes the lowest bit's place.
pub fn comparison() -> Template {
    let mut b = Builder::new(&[64, 64]);
    let (x, y) = (b.input(0), b.input(1));
    let mut parts: Vec<(Lit, Lit)> = (0..32)
        .map(|i| {
            let other = y[(i + 1) % 32];
            (b.and(!x[i], other), !b.xor(x[i], other))
        })
        .collect();
    while parts.len() > 1 {
        let halves = parts.chunks_exact(2);
        parts = halves
            .map(|pair| {
                let ((low, low_same), (high, same)) = (pair[0], pair[1]);
                let below = b.and(same, low);
                (b.xor(high, below), b.and(same, low_same))
            })
            .collect();
    }
    let mut out = x;
    out[0] = parts[0].0;
    b.finish("less", vec![out])
}

/// The low 64 bits of a product, row by row.
pub fn multiplier() -> Template {
    let mut b = Builder::new(&[64, 64]);
    let (x, y) = (b.input(0), b.input(1));
    let mut sum: Vec<Lit> = x.iter().map(|&x| b.and(x, y[0])).collect();
    for i in 1..64 {
        let mut carry = Lit::FALSE;
        for j in i..64 {
            let p = b.and(x[j - i], y[i]);
            let (s, c) = b.full_add(sum[j], p, carry);
            sum[j] = s;
            carry = c;
        }
    }
    b.finish("mul.u64", vec![sum])
}

/// Meshes of `n` parties over TLS on this machine.
fn meshes(n: usize) -> Vec<Mesh> {
    let identities: Vec<Identity> = (0..n)
        .map(|i| Identity::ephemeral(&format!("party {i}")).expect("a key"))
        .collect();
    let listeners: Vec<_> = (0..n)
        .map(|_| tcp::listen("127.0.0.1:0").expect("a port"))
        .collect();
    let peers: Vec<tls::Peer> = PartyId::all(n)
        .map(|party| tls::Peer {
            party,
            certificate: identities[party.index()].certificate().clone(),
            address: listeners[party.index()]
                .local_addr()
                .expect("an address")
                .to_string(),
        })
        .collect();
    let configs = PartyId::all(n).zip(identities).zip(listeners);
    let threads: Vec<_> = configs
        .map(|((me, identity), listener)| {
            let peers = peers.iter().filter(|p| p.party != me).cloned().collect();
            std::thread::spawn(move || {
                let config = tls::Config {
                    me,
                    names: PartyNames::plain(n),
                    identity,
                    listener,
                    peers,
                    connect: Duration::from_secs(10),
                };
                let links = tls::connect(config).expect("links");
                Mesh::new(links, PartyNames::plain(n), Options::default()).expect("a mesh")
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|t| t.join().expect("a mesh"))
        .collect()
}

/// One run; the slowest party's time.
fn measure(program: &Verified) -> Duration {
    let lanes = program.inputs[0].lanes;
    std::thread::scope(|scope| {
        let threads: Vec<_> = meshes(program.n_parties as usize)
            .into_iter()
            .map(|mesh| {
                scope.spawn(move || {
                    let mut session = Session::local(mesh, [1; 32]);
                    let mut inputs: Inputs = SortedMap::new();
                    if session.me().index() == 0 {
                        let words = (0..lanes)
                            .map(|i| Word::from(i).wrapping_mul(Word::MAX / 11) & mask(64));
                        inputs.insert(InputId(0), Secret::of(words));
                    }
                    let report = run(&mut session, program, inputs, &mut |_| {}).expect("a run");
                    session.close().expect("an end");
                    report.time()
                })
            })
            .collect();
        let times = threads.into_iter().map(|t| t.join().expect("a party"));
        times.max().unwrap_or_default()
    })
}

/// Measures runs.
pub fn bench(c: &mut Criterion, name: &str, repeated: &Repeated) {
    let program = verify(repeated.program.clone()).expect("a valid program");
    let suite = program.suite.name();
    let mut group = c.benchmark_group(match program.threat {
        Threat::SemiHonest => suite.to_owned(),
        Threat::Malicious => format!("{suite} malicious"),
    });
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    group.throughput(Throughput::Elements(repeated.operations));
    group.bench_function(name, |b| {
        b.iter_custom(|n| (0..n).map(|_| measure(&program)).sum());
    });
    group.finish();
}
