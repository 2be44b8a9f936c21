//! What a party sends (number, sizes, order of messages on every link) depends on the program and on revealed values, never on
//! secrets; and two runs with equal inputs never put the same bytes on a link.

use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Program, Suite, Threat};
use smpcc_circuit::value::Word;
use smpcc_compiler::session::{Network, ObjectiveChoice, Options, ProtocolChoice, Session};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{front, pipeline, schema};
use smpcc_runtime::engine;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::net::record::{Recorded, Recording};
use smpcc_runtime::net::{self, Mesh, memory};
use smpcc_runtime::party::{PartyId, PartyNames};
use std::collections::BTreeMap;

const EXAMPLES: [(&str, &[(&str, &str)], u64); 7] = [
    ("avg", &[], 0),
    ("auction", &[], 0),
    ("vote", &[], 0),
    ("hospital", &[("level", "6")], 5),
    ("histogram", &[], 4),
    ("intersection", &[], 4),
    ("dot", &[], 6),
];

fn compile(name: &str, args: &[(&str, &str)], len: u64, protocol: ProtocolChoice) -> Program {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(format!("{name}.smpc"));
    let mut sources = SourceSet::new();
    let root = sources.add(
        format!("{name}.smpc"),
        std::fs::read_to_string(path).expect("the example"),
    );
    let hir = front::check(&sources, root).0.expect("a program");
    let role_counts = schema::assign_roles(&hir, 3).unwrap_or_else(|d| panic!("{d:?}"));
    let mut lens = BTreeMap::new();
    for param in schema::schema(&hir).params {
        for owner in param.owners(&role_counts) {
            for (_, key) in param.len_keys() {
                lens.insert((key, owner), len);
            }
        }
    }
    let args = args
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let session = Session {
        n_parties: 3,
        role_counts,
        args,
        lens,
    };
    let options = Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        objective: ObjectiveChoice::Auto,
        network: Network::LAN,
        opt: 2,
    };
    pipeline::compile(&hir, &sources, name, &session, &options, &mut |_, _| {})
        .unwrap_or_else(|d| panic!("{d:?}"))
        .program
}

/// Everything that each party sends in a run.
fn sent(program: &Program, inputs: &[Vec<Word>], session: u8) -> Vec<Recording> {
    let recordings: Vec<Recording> = (0..3).map(|_| Recording::default()).collect();
    let links = memory::links(3).expect("links");
    std::thread::scope(|scope| {
        for (links, recording) in links.into_iter().zip(&recordings) {
            scope.spawn(move || {
                let mut mesh = Mesh::new(
                    recording.wrap(links),
                    PartyNames::plain(3),
                    net::Options::default(),
                )
                .expect("a mesh");
                mesh.bind_session([session; 32]);
                let me = mesh.me();
                let mine: Inputs = (0u32..)
                    .zip(&program.inputs)
                    .zip(inputs)
                    .filter(|((_, leaf), _)| leaf.party as usize == me.index())
                    .map(|((id, _), words)| (InputId(id), Secret::new(words.clone())))
                    .collect();
                engine::run(program, me, &mut mesh, mine, &mut |_| {})
                    .unwrap_or_else(|e| panic!("{e}"));
                mesh.close().expect("an orderly end");
            });
        }
    });
    recordings
}

fn constant_inputs(program: &Program, f: impl Fn(usize, u64) -> Word) -> Vec<Vec<Word>> {
    program
        .inputs
        .iter()
        .enumerate()
        .map(|(i, leaf)| {
            let top = leaf
                .range
                .map_or(leaf.scalar.mask() >> 1, |(_, hi)| hi as Word);
            (0..leaf.lanes).map(|lane| f(i, lane) % (top + 1)).collect()
        })
        .collect()
}

#[test]
fn messages_do_not_depend_on_secrets() {
    for (name, args, len) in EXAMPLES {
        for protocol in [
            ProtocolChoice::Auto,
            ProtocolChoice::Boolean,
            ProtocolChoice::Yao,
        ] {
            let program = compile(name, args, len, protocol);
            let low = sent(&program, &constant_inputs(&program, |_, _| 0), 1);
            let high = sent(
                &program,
                &constant_inputs(&program, |i, lane| {
                    Word::MAX / (i as Word + 3) + Word::from(lane) * 977
                }),
                1,
            );
            for from in 0..3 {
                for to in PartyId::all(3).filter(|to| to.index() != from) {
                    assert_eq!(
                        low[from].schedule(to),
                        high[from].schedule(to),
                        "{name} in {protocol:?}: party {from} to {to}"
                    );
                }
            }
        }
    }
}

#[test]
fn equal_runs_share_no_bytes() {
    for (name, args, len) in EXAMPLES {
        let program = compile(name, args, len, ProtocolChoice::Auto);
        let inputs = constant_inputs(&program, |i, lane| (i as Word + 1) * 3 + Word::from(lane));
        let (first, second) = (sent(&program, &inputs, 1), sent(&program, &inputs, 1));
        for from in 0..3 {
            for to in PartyId::all(3).filter(|to| to.index() != from) {
                let payloads = |r: &Recording| -> Vec<Vec<u8>> {
                    r.sent_to(to)
                        .iter()
                        .filter(|f: &&Recorded| f.is_data && f.payload_len() >= 16)
                        .map(|f| f.bytes[f.bytes.len() - f.payload_len()..].to_vec())
                        .collect()
                };
                for payload in payloads(&first) {
                    assert!(
                        !payloads(&second).contains(&payload),
                        "{name}: party {from} to {to} repeats {} bytes",
                        payload.len()
                    );
                }
            }
        }
    }
}
